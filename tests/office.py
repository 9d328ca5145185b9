"""A person at LibreOffice: opens a workbook through UNO, types into cells, and saves it as xlsx.

UNO belongs to the Python that LibreOffice was installed with, so that one is asked; where it has no
UNO, the test is skipped (or fails where LibreOffice is demanded, as in CI).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

SECONDS: Final = 180
_SCRIPT: Final = """
import json, sys, time
import uno
from com.sun.star.beans import PropertyValue

pipe, source, target, entries = sys.argv[1:5]
local = uno.getComponentContext()
resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
for attempt in range(240):
    try:
        context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        break
    except Exception:
        time.sleep(0.25)
desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)

def given(**values):
    return tuple(PropertyValue(Name=name, Value=value) for name, value in values.items())

document = desktop.loadComponentFromURL(source, "_blank", 0, given(Hidden=True))
for each in json.loads(entries):
    cell = document.Sheets.getByName(each["sheet"]).getCellRangeByName(each["cell"])
    value = each["value"]
    if value is None:
        cell.clearContents(1 | 2 | 4 | 16)
    elif isinstance(value, str):
        cell.String = value
    else:
        cell.Value = value
document.calculateAll()
document.storeToURL(target, given(FilterName="Calc MS Excel 2007 XML"))
document.close(True)
desktop.terminate()
"""


def typed_in(
    program: Path,
    profile: Path,
    path: Path,
    entries: Sequence[Mapping[str, object]],
    target: Path,
) -> None:
    """Opens ``path``, types ``entries`` (sheet, cell, value: text, number or nothing) and saves a
    copy at ``target``.
    """
    python = _python_with_uno()
    pipe = f"zielhaushalt{os.getpid()}"
    office = subprocess.Popen(
        [
            str(program), f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore",
            "--invisible", f"--accept=pipe,name={pipe};urp;",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        run = subprocess.run(
            [
                python, "-c", _SCRIPT, pipe, path.resolve().as_uri(), target.resolve().as_uri(),
                json.dumps(list(entries)),
            ],
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        if not target.is_file():
            pytest.fail(f"LibreOffice did not save {target.name}: {run.stdout}{run.stderr}")
        office.wait(timeout=60)
    finally:
        if office.poll() is None:
            office.terminate()


def _python_with_uno() -> str:
    for each in ("/usr/bin/python3", shutil.which("python3") or ""):
        if each and Path(each).exists():
            run = subprocess.run([each, "-c", "import uno"], capture_output=True, check=False)
            if run.returncode == 0:
                return each
    if os.environ.get("ZIELHAUSHALT_REQUIRE_LIBREOFFICE") == "1":
        pytest.fail("the Python of LibreOffice (python3-uno) is missing")
    pytest.skip("the Python of LibreOffice (python3-uno) is not installed")
