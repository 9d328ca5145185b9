"""Outputs are put in place by one run at a time, whole or not at all, and nothing stays behind."""

from __future__ import annotations

import csv
import errno
import io
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import pytest
from openpyxl import load_workbook

from pipeline import stages
from pipeline.workspace import LOCK_FILE, Busy, NotWritten, Workspace, held
from tests.small_city import RETURNS, Rows, a_city, change, silent


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city whose outputs were written once; tests work on copies."""
    root = tmp_path_factory.mktemp("written")
    stages.run(a_city(root), workers=1, progress=silent)
    return root


@pytest.fixture
def city(written: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(written, tmp_path / "root")
    workspace = Workspace(root=tmp_path / "root", city="kleinstadt", plan="2027")
    change(workspace.returns / "T40.xlsx", lambda book: book["Ansätze"].__setitem__("N12", 880_000))
    return workspace


def outputs(workspace: Workspace) -> dict[str, bytes]:
    """Every file of the output folder, hidden ones too."""
    return {
        path.relative_to(workspace.output).as_posix(): path.read_bytes()
        for path in workspace.output.rglob("*")
        if path.is_file()
    }


def test_two_runs_at_once_are_refused_with_a_sentence(city: Workspace) -> None:
    before = outputs(city)
    with held(city.output):
        with pytest.raises(Busy) as refused:
            stages.run(city, workers=1, progress=silent)
        assert (city.output / LOCK_FILE).exists()
    assert str(refused.value) == (
        "Die Ausgaben von kleinstadt (2027) schreibt gerade ein anderer Lauf "
        f"(Prozess {os.getpid()}); bitte warten, bis er fertig ist, und dann noch einmal starten."
    )
    assert outputs(city) == before


def test_the_command_answers_two_runs_at_once_with_code_2(city: Workspace) -> None:
    command = [sys.executable, "-m", "pipeline", "--root", str(city.root), "consolidate", city.city]
    with held(city.output):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "ein anderer Lauf" in run.stderr.replace("\n", " ")
    assert "Traceback" not in run.stderr


def test_a_lock_whose_owner_is_dead_stops_nobody_and_none_stays(city: Workspace) -> None:
    (city.output / LOCK_FILE).write_text("999999")
    before = outputs(city)
    stages.run(city, workers=1, progress=silent)
    assert not (city.output / LOCK_FILE).exists()
    assert outputs(city) != before
    assert LOCK_FILE not in (city.output / "manifest.json").read_text(encoding="utf-8")


def test_leftovers_of_a_killed_run_are_removed(city: Workspace) -> None:
    (city.output / ".entwurf-4711" / "Daten").mkdir(parents=True)
    (city.output / ".entwurf-4711" / "Daten" / "figures.csv").write_text("halb")
    (city.output / "Daten" / ".figures.csv.4711.part").write_text("halb")
    stages.run(city, workers=1, progress=silent)
    assert [name for name in outputs(city) if "/." in f"/{name}"] == []


@pytest.mark.parametrize("calls", [1, 3, 15, 20])
def test_a_full_disk_leaves_the_old_outputs_whole(
    city: Workspace, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    before, done = outputs(city), 0

    def full(_file: int) -> None:
        nonlocal done
        done += 1
        if done >= calls:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWritten) as refused:
        stages.run(city, workers=1, progress=silent)
    assert str(refused.value) == (
        "Der Datenträger ist voll; bitte Platz schaffen und noch einmal starten. "
        "Die bisherigen Ausgaben sind unverändert."
    )
    assert outputs(city) == before


def test_a_workbook_open_in_excel_leaves_all_old_outputs_whole(
    city: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, real = outputs(city), Path.open

    def opened(path: Path, mode: str = "r", *rest: Any, **words: Any) -> IO[Any]:  # noqa: ANN401
        if mode == "r+b" and path.name == "Haushaltsplan.xlsx":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, mode, *rest, **words)

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(NotWritten) as refused:
        stages.run(city, workers=1, progress=silent)
    assert str(refused.value).startswith("„Haushaltsplan.xlsx“ lässt sich nicht schreiben;")
    assert "in Excel geöffnet" in str(refused.value)
    monkeypatch.undo()
    assert outputs(city) == before


def test_an_input_is_never_touched(city: Workspace) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in _inputs(city)}
    stages.run(city, workers=1, progress=silent)
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in _inputs(city)}
    assert after == before


def _inputs(workspace: Workspace) -> Iterator[Path]:
    return (path for path in workspace.returns.rglob("*") if path.is_file())


# --- kills and full disks, for real -----------------------------------------------------------


def _start(workspace: Workspace, limit: int = 0) -> subprocess.Popen[str]:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pipeline",
            "--root",
            str(workspace.root),
            "consolidate",
            workspace.city,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limited if limit else None,  # noqa: PLW1509 - this process has no threads
    )


def _finished(workspace: Workspace) -> int:
    """The exit code of a whole run, whose pipes are closed again."""
    run = _start(workspace)
    run.communicate()
    return run.returncode


def sound(files: Mapping[str, bytes]) -> bool:
    """Whether every workbook can be opened and every table has its lines ended."""
    for name, data in files.items():
        if name.endswith(".xlsx"):
            with zipfile.ZipFile(io.BytesIO(data)) as package:
                if package.testzip() is not None:
                    return False
        elif name.endswith((".csv", ".json")) and not data.endswith(b"\n"):
            return False
    return True


@pytest.mark.long
def test_a_run_killed_at_any_moment_damages_nothing_and_leaves_nothing(city: Workspace) -> None:
    chance = random.Random(4711)
    began = time.monotonic()
    assert _finished(city) == 0
    whole = time.monotonic() - began
    for _ in range(60):
        run = _start(city)
        time.sleep(chance.uniform(0.3, 1.0) * whole)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        visible = {name: data for name, data in outputs(city).items() if "/." not in f"/{name}"}
        assert sound(visible)
    assert _finished(city) == 0
    assert [name for name in outputs(city) if "/." in f"/{name}"] == []


@pytest.mark.long
@pytest.mark.parametrize("kilobytes", [1, 2, 4, 8, 12, 16, 24, 32, 48, 64])
def test_a_disk_that_fills_up_leaves_the_old_outputs_whole(city: Workspace, kilobytes: int) -> None:
    before = outputs(city)
    run = _start(city, limit=kilobytes * 1024)
    _, said = run.communicate()
    if run.returncode == 0:
        pytest.skip("everything fitted")
    assert run.returncode == 70
    assert "Datenträger ist voll" in said.replace("\n", " ")
    assert outputs(city) == before


# --- text of departments ----------------------------------------------------------------------

LIVE = (
    '=HYPERLINK("http://inj.invalid","INJ")',
    "+INJ+cmd|' /C calc'!A0",
    "-INJ-2",
    "@INJ(A1)",
    "\tINJ",
    "http://inj.invalid/INJ",
    "mailto:inj@inj.invalid",
    "file:///INJ",
    "internal:INJ!A1",
    "{=INJ()}",
    "<b>INJ</b> & 'INJ' \"INJ\"",
    "INJ\x07\x00\x1b[31m",
    "[red]INJ[/red]",
    "INJ {zelle} {0} %s",
    "INJ " + "x" * 32_000,
)


def _poisoned() -> Mapping[str, Mapping[str, Rows]]:
    """The returns of the small city with such texts wherever a department can write one."""
    tables = {
        unit: {name: [dict(row) for row in rows] for name, rows in each.items()}
        for unit, each in RETURNS.items()
    }
    for number, row in enumerate(tables["T40"]["costs"]):
        row["position"], row["remark"] = _text(number), _text(number + 4)
    for number, row in enumerate(tables["T40"]["measures"]):
        for shift, name in enumerate(
            ("title", "responsible", "funder", "resolution", "progress", "remark")
        ):
            row[name] = _text(number * 6 + shift)
    for number, row in enumerate(tables["T40"]["kpis"]):
        row["remark"] = _text(number + 9)
    tables["T40"]["product_texts"] = [
        {
            "product": "211.10",
            **{
                name: _text(each)
                for each, name in enumerate(
                    ("description", "audience", "legal_basis", "particulars")
                )
            },
        }
    ]
    tables["T40"]["release"][1]["value"] = LIVE[0]
    return tables


def _text(number: int) -> str:
    text = LIVE[number % len(LIVE)]
    return re.sub(r"[\x00-\x08\x0b-\x1f]", lambda hit: f"_x{ord(hit[0]):04X}_", text)[:32_767]


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = a_city(tmp_path_factory.mktemp("poisoned"), returns=_poisoned())
    change(workspace.returns / "T40.xlsx", _wrong_too)
    stages.run(workspace, workers=1, progress=silent)
    return workspace


def _wrong_too(book: Any) -> None:  # noqa: ANN401 - an openpyxl workbook
    """Texts that end in findings: where numbers, codes and choices belong, beside the table, in the
    names of sheets.
    """
    sheet = book["Ansätze"]
    for cell, text in (("N14", LIVE[0]), ("B15", LIVE[1]), ("J15", LIVE[2]), ("EZ40", LIVE[0])):
        sheet[cell] = text
        sheet[cell].data_type = "s"
    for row in book["Ansätze"].iter_rows():
        for cell in row:
            if isinstance(cell.value, str) and "INJ" in cell.value:
                cell.data_type = "s"
    book.create_sheet("=INJ")["A1"] = "INJ"


def test_no_text_of_a_department_lives_in_a_workbook(poisoned: Workspace) -> None:
    seen = 0
    for path in sorted(poisoned.output.rglob("*.xlsx")):
        with zipfile.ZipFile(path) as package:
            for name in package.namelist():
                if name.endswith(".rels"):
                    assert b"inj" not in package.read(name).lower().replace(b"injur", b""), name
                if name.startswith("xl/worksheets/sheet"):
                    formulas = re.findall(rb"<f[ >].*?</f>", package.read(name), re.DOTALL)
                    assert not [each for each in formulas if b"INJ" in each], (path, name)
                    seen += 1
        book = load_workbook(path)
        for sheet in book:
            for row in sheet.iter_rows():
                for cell in row:
                    assert not (cell.data_type == "f" and "INJ" in str(cell.value))
                    target = cell.hyperlink.target if cell.hyperlink else None
                    assert "inj.invalid" not in str(target)
    assert seen > 10


def test_no_text_of_a_department_lives_in_a_table(poisoned: Workspace) -> None:
    marked = 0
    for path in sorted((poisoned.output / "Daten").glob("*.csv")):
        data = path.read_bytes()
        assert b"\x00" not in data, path.name
        for record in csv.DictReader(io.StringIO(data.decode("utf-8"))):
            for name, text in record.items():
                if "INJ" in text:
                    marked += 1
                    assert text[0] not in "=+-@\t\r", (path.name, name, text[:40])
    assert marked > 20


def test_no_text_of_a_department_paints_the_screen(poisoned: Workspace) -> None:
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "--root",
        str(poisoned.root),
        "check",
        poisoned.city,
    ]
    run = subprocess.run(command, capture_output=True, check=False)
    assert run.returncode == 1
    assert not re.search(rb"[\x00-\x08\x0b-\x1f]", run.stdout)
    assert b"INJ" in run.stdout
