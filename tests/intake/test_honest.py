"""Files as honest programs write them: every cell is found, and both readers agree."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Protocol

import openpyxl
import pytest
import xlsxwriter

from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import CellType, Workbook
from tests.intake.packages import written

EXPECTED = {
    "A1": (CellType.TEXT, 'Maßnahme <1> & "Rest"', None),
    "B1": (CellType.NUMBER, "1234567.89", None),
    "C1": (CellType.BOOLEAN, "1", None),
    "D1": (CellType.NUMBER, "46387.5", None),
    "E1": (CellType.NUMBER, "2469135.78", "B1*2"),
    "F1": (CellType.TEXT, "  zwei\nZeilen  ", None),
    "G1": (CellType.TEXT, "0815", None),
    "A4000": (CellType.NUMBER, "-0.01", None),
}


class Convert(Protocol):
    def __call__(self, path: Path, to: str = "xlsx", *, outdir: Path) -> Path: ...


def by_xlsxwriter() -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        money = book.add_format({"num_format": "#,##0.00"})
        date = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        page = book.add_worksheet("Ansätze")
        page.write_string(0, 0, EXPECTED["A1"][1])
        page.write_number(0, 1, 1234567.89, money)
        page.write_boolean(0, 2, True)
        page.write_datetime(0, 3, dt.datetime(2026, 12, 31, 12), date)  # noqa: DTZ001
        page.write_formula(0, 4, "=B1*2", money, 2469135.78)
        page.write_string(0, 5, EXPECTED["F1"][1])
        page.write_string(0, 6, "0815")
        for row in range(1, 400):
            page.write_blank(row, 1, None, money)
        page.write_number(3999, 0, -0.01, money)
    return target.getvalue()


def read(path: Path) -> Workbook:
    result = read_workbook(path).result
    assert isinstance(result, Workbook), result
    return result


def cells(book: Workbook) -> dict[str, tuple[CellType, str, str | None]]:
    return {c.reference: (c.type, c.raw, c.formula) for c in book.sheets[0].cells}


def test_as_xlsxwriter_writes(tmp_path: Path) -> None:
    book = read(written(tmp_path, by_xlsxwriter()))

    assert book.sheets[0].name == "Ansätze"
    assert cells(book) == EXPECTED
    assert (book.second_reading, book.warnings) == ("agreed", ())
    dates = {c.reference for c in book.sheets[0].cells if c.style.is_date}
    assert dates == {"D1"}


def test_as_openpyxl_saves_it_again(tmp_path: Path) -> None:
    """openpyxl drops the stored value of the formula, and that is said."""
    again = openpyxl.load_workbook(written(tmp_path, by_xlsxwriter()))
    again.save(tmp_path / "again.xlsx")
    book = read(tmp_path / "again.xlsx")

    found = {c.reference: c for c in book.sheets[0].cells}
    bare = found.pop("E1")
    assert (bare.formula, bare.cached, bare.raw) == ("B1*2", False, "")
    assert {name: (c.type, c.raw, c.formula) for name, c in found.items()} == {
        name: value for name, value in EXPECTED.items() if name != "E1"
    }
    assert book.second_reading == "agreed"


@pytest.mark.libreoffice
def test_as_libreoffice_saves_it_again(tmp_path: Path, convert: Convert) -> None:
    saved = convert(written(tmp_path, by_xlsxwriter()), outdir=tmp_path / "again")
    book = read(saved)

    # LibreOffice has no booleans of its own: it saves one as a formula with its stored value.
    assert cells(book) == EXPECTED | {"C1": (CellType.BOOLEAN, "1", "TRUE()")}
    assert (book.second_reading, book.warnings) == ("agreed", ())
    assert dict(book.properties)["app:Application"].startswith("LibreOffice/")


@pytest.mark.libreoffice
@pytest.mark.parametrize(("to", "reason"), [("ods", "ods"), ("xls", "old_xls"), ("pdf", "pdf")])
def test_other_formats_of_libreoffice_are_named(
    to: str, reason: str, tmp_path: Path, convert: Convert
) -> None:
    saved = convert(written(tmp_path, by_xlsxwriter()), to, outdir=tmp_path / "again")
    disguised = saved.rename(tmp_path / "FB10.xlsx")
    result = read_workbook(disguised).result

    assert not isinstance(result, Workbook)
    assert result.reason.value == reason
