"""What all tests share: hypothesis profiles, and LibreOffice as the second opinion on workbooks.

LibreOffice tests ask for the fixture `convert`. Where LibreOffice is not installed they are
skipped; with ZIELHAUSHALT_REQUIRE_LIBREOFFICE=1 (as in CI) they fail instead, so that a missing
office suite cannot silently take the proof away.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

REQUIRE_LIBREOFFICE: Final = "ZIELHAUSHALT_REQUIRE_LIBREOFFICE"
CONVERSION_SECONDS: Final = 180

# Workbooks and frames are many objects that live long: looking through all of them every 700 new
# ones takes a seventh of the time of the tests.
gc.set_threshold(200_000, 20, 100)

# A slow machine is no fault of the code: neither a deadline nor the speed of generation decides.
settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,  # the same examples in every run: a red CI can be repeated at a desk
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "long",
    deadline=None,
    max_examples=1_000,
    print_blob=True,  # new examples in every run, so a failure has to say how to repeat it
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default")


TOGETHER: Final = {
    "tests/test_example_cities.py": "[hamm",  # each city runs once
    "tests/test_round_trip.py": "",
    "tests/test_planted_manipulations.py": "",
    "tests/test_attainment_pages.py": "",
    "tests/test_mending.py": "",
    "tests/test_steering_sheets.py": "",
    "tests/test_target_agreements.py": "",
    "tests/test_unit_plan.py": "",
    "tests/mischief/test_safe_outputs.py": "",
}
"""Files whose tests share something dear: one worker runs them all, or all with that word in their
name and all without.
"""


class Scheduling(LoadScopeScheduling):
    """Every worker takes the next test as it has time; what belongs together stays together.

    (xdist's own `loadgroup` reads a suffix of test names that pytest 9.2 no longer shows it.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return f"{file} {TOGETHER[file] in nodeid}" if file in TOGETHER else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:  # noqa: ANN401
    """Called by pytest-xdist."""
    return Scheduling(config, log)


class Convert(Protocol):
    """Saves a workbook again through LibreOffice and says where the new file lies."""

    def __call__(
        self,
        path: Path,
        to: str = "xlsx",
        *,
        outdir: Path,
        recalculate: bool = False,
        beside: Sequence[Path] = (),
    ) -> Path:
        """Convert `path` into `outdir`, which must be another folder than the file's own; `beside`
        are more files of other names, converted in the same start of LibreOffice.

        `to` is an extension, or an extension with LibreOffice's filter behind a colon
        (`xlsx:Calc MS Excel 2007 XML`). With `recalculate` every formula is computed anew; without,
        LibreOffice trusts the values cached in files that name Microsoft Excel as their program.
        """
        ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever uses LibreOffice carries the marker, so that `-m "not libreoffice"` is complete."""
    for item in items:
        if "libreoffice" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.libreoffice)


@pytest.fixture(scope="session")
def libreoffice() -> Path:
    """LibreOffice's program. Where it is missing the test is skipped, in CI it fails."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found is not None:
        return Path(found)
    if os.environ.get(REQUIRE_LIBREOFFICE) == "1":
        pytest.fail(f"LibreOffice is missing, and {REQUIRE_LIBREOFFICE}=1 demands it")
    pytest.skip("LibreOffice is not installed")


@pytest.fixture(scope="session")
def libreoffice_profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile folder of this worker alone: two LibreOffice processes never share one."""
    return _profile(tmp_path_factory.mktemp("libreoffice"), recalculate=False)


@pytest.fixture(scope="session")
def recalculating_profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `libreoffice_profile`, but every formula is computed anew when a workbook is loaded."""
    return recalculating_settings(tmp_path_factory.mktemp("libreoffice-recalculating"))


@pytest.fixture(scope="session")
def convert(libreoffice: Path, libreoffice_profile: Path, recalculating_profile: Path) -> Convert:
    """The function that saves a workbook again through LibreOffice; see `Convert`."""

    def converted(
        path: Path,
        to: str = "xlsx",
        *,
        outdir: Path,
        recalculate: bool = False,
        beside: Sequence[Path] = (),
    ) -> Path:
        paths = [path, *beside]
        if outdir.resolve() in {each.resolve().parent for each in paths}:
            message = f"{outdir} holds the original: choose another folder"
            raise ValueError(message)
        results = [outdir / f"{each.stem}.{to.partition(':')[0]}" for each in paths]
        for result in results:
            # LibreOffice reports success even where it wrote nothing: only a new file is a result.
            result.unlink(missing_ok=True)
        profile = recalculating_profile if recalculate else libreoffice_profile
        run = subprocess.run(
            [
                str(libreoffice),
                f"-env:UserInstallation={profile.as_uri()}",
                "--headless",
                "--norestore",
                "--convert-to",
                to,
                "--outdir",
                str(outdir),
                *map(str, paths),
            ],
            capture_output=True,
            text=True,
            timeout=CONVERSION_SECONDS,
            check=False,
        )
        missing = [result.name for result in results if not result.is_file()]
        if run.returncode != 0 or missing:
            pytest.fail(f"LibreOffice did not write {missing}: {run.stdout}{run.stderr}")
        return results[0]

    return converted


def recalculating_settings(folder: Path) -> Path:
    """Make an empty folder a profile with which LibreOffice computes every formula anew."""
    return _profile(folder, recalculate=True)


def _profile(folder: Path, *, recalculate: bool) -> Path:
    """Write the settings LibreOffice starts with into a fresh profile folder."""
    items = [
        # The departments' locale: how typed and shown numbers look, and what TEXT() makes of them.
        _setting("/org.openoffice.Setup/L10N", "ooSetupSystemLocale", "de-DE"),
    ]
    if recalculate:
        # 0 = always. Otherwise the caches of files that name Microsoft Excel are trusted.
        items.extend(
            _setting("/org.openoffice.Office.Calc/Formula/Load", mode, "0")
            for mode in ("OOXMLRecalcMode", "ODFRecalcMode")
        )
    user = folder / "user"
    user.mkdir()
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry"\n'
        '           xmlns:xs="http://www.w3.org/2001/XMLSchema"\n'
        '           xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        f"{''.join(items)}"
        "</oor:items>\n",
        encoding="utf-8",
    )
    return folder


def _setting(path: str, name: str, value: str) -> str:
    return (
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>\n"
    )
