"""A person at LibreOffice: opens workbooks through UNO, types, sorts, cuts and pastes, and saves.

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
from typing import Any, Final

import pytest

SECONDS: Final = 180
Step = Mapping[str, Any]
"""One thing that a person does; ``do`` says what, see the functions below."""
_SCRIPT: Final = """
import json, sys, time
import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.table import TableSortField

pipe, steps = sys.argv[1:3]
local = uno.getComponentContext()
resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
for attempt in range(240):
    try:
        context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        break
    except Exception:
        time.sleep(0.25)
desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
filters = {"xlsx": "Calc MS Excel 2007 XML", "ods": "calc8"}

def given(**values):
    return tuple(PropertyValue(Name=name, Value=value) for name, value in values.items())

document, answers = None, []
for step in json.loads(steps):
    deed = step["do"]
    if deed == "open":
        document = desktop.loadComponentFromURL(step["url"], "_blank", 0, given(Hidden=True))
        continue
    if deed == "save":
        document.calculateAll()
        document.storeToURL(step["url"], given(FilterName=filters[step["url"].rpartition(".")[2]]))
        continue
    if deed == "close":
        document.close(True)
        continue
    sheet = document.Sheets.getByName(step["sheet"])
    if deed == "unprotect":
        sheet.unprotect("")
        continue
    area = sheet.getCellRangeByName(step["cell"])
    if deed == "type":
        value = step["value"]
        if value is None:
            area.clearContents(1 | 2 | 4 | 16)
        elif isinstance(value, str):
            area.String = value
        else:
            area.Value = value
    elif deed == "cut":
        target = sheet.getCellRangeByName(step["to"]).getCellAddress()
        sheet.moveRange(target, area.getRangeAddress())
    elif deed == "sort":
        field = TableSortField()
        field.Field, field.IsAscending = step["column"], True
        fields = uno.Any("[]com.sun.star.table.TableSortField", (field,))
        area.sort(given(SortFields=fields, ContainsHeader=False))
    elif deed == "ask":
        kept = area.Formula
        area.Formula = "=" + step["formula"]
        answers.append(area.String)
        area.Formula = kept
print(json.dumps(answers), flush=True)
desktop.terminate()  # may end the bridge in the middle of the answer: all is done by then
"""


def at_the_office(program: Path, profile: Path, steps: Sequence[Step]) -> list[str]:
    """Does all steps in one session of LibreOffice; gives the answers to the questions asked."""
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
            [python, "-c", _SCRIPT, pipe, json.dumps(list(steps))],
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        if not run.stdout:
            pytest.fail(f"LibreOffice could not do that: {run.stderr}")
        office.wait(timeout=60)
    finally:
        if office.poll() is None:
            office.terminate()
            office.wait(timeout=60)
    return [str(each) for each in json.loads(run.stdout)]


def opened(path: Path) -> Step:
    """Opens a workbook; what follows is done to it."""
    return {"do": "open", "url": path.resolve().as_uri()}


def saved(path: Path) -> Step:
    """Saves a copy, in the format that the name ends with (xlsx, ods)."""
    return {"do": "save", "url": path.resolve().as_uri()}


def typed(sheet: str, cell: str, value: object) -> Step:
    """Types a text or a number into a cell, or empties it."""
    return {"do": "type", "sheet": sheet, "cell": cell, "value": value}


def unprotected(sheet: str) -> Step:
    """Takes the protection off a sheet."""
    return {"do": "unprotect", "sheet": sheet}


def sorted_by(sheet: str, area: str, column: int) -> Step:
    """Sorts an area by its column number ``column``, counted from 0."""
    return {"do": "sort", "sheet": sheet, "cell": area, "column": column}


def cut(sheet: str, cell: str, to: str) -> Step:
    """Cuts cells out and pastes them elsewhere."""
    return {"do": "cut", "sheet": sheet, "cell": cell, "to": to}


def asked(sheet: str, cell: str, formula: str) -> Step:
    """What a formula gives in a cell that is emptied again; arguments are parted by semicolons."""
    return {"do": "ask", "sheet": sheet, "cell": cell, "formula": formula}


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
    steps = [typed(str(e["sheet"]), str(e["cell"]), e["value"]) for e in entries]
    at_the_office(program, profile, [opened(path), *steps, saved(target), {"do": "close"}])


def _python_with_uno() -> str:
    for each in ("/usr/bin/python3", shutil.which("python3") or ""):
        if each and Path(each).exists():
            run = subprocess.run([each, "-c", "import uno"], capture_output=True, check=False)
            if run.returncode == 0:
                return each
    if os.environ.get("ZIELHAUSHALT_REQUIRE_LIBREOFFICE") == "1":
        pytest.fail("the Python of LibreOffice (python3-uno) is missing")
    pytest.skip("the Python of LibreOffice (python3-uno) is not installed")
