"""The second opinion has to be one: LibreOffice recomputes where it is asked to, in German."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tests import conftest
from tests.conftest import Convert


def test_recalculation_finds_a_forged_cached_value(tmp_path: Path, convert: Convert) -> None:
    forged = _a_sum_of_2_and_3(tmp_path, cached=999)

    recalculated = convert(forged, outdir=tmp_path / "neu", recalculate=True)

    assert _values(forged)["A3"] == 999
    assert _values(recalculated)["A3"] == 5


def test_without_recalculation_the_forged_value_is_believed(
    tmp_path: Path, convert: Convert
) -> None:
    """Why `recalculate=True` is needed at all: a comparison without it proves nothing."""
    forged = _a_sum_of_2_and_3(tmp_path, cached=999)

    assert _values(convert(forged, outdir=tmp_path / "neu"))["A3"] == 999


def test_numbers_are_shown_the_german_way(tmp_path: Path, convert: Convert) -> None:
    path = tmp_path / "zahl.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        workbook.add_worksheet().write_formula("A1", '=TEXT(1234.5,"#.##0,00")', value="?")

    assert _values(convert(path, outdir=tmp_path / "neu", recalculate=True))["A1"] == "1.234,50"


def test_a_file_that_cannot_be_converted_fails_the_test_that_asked(
    tmp_path: Path, convert: Convert
) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"did not write \[.fehlt\.pdf.\]"):
        convert(tmp_path / "fehlt.xlsx", "pdf", outdir=tmp_path / "neu")


def test_an_original_is_never_overwritten(tmp_path: Path, convert: Convert) -> None:
    original = _a_sum_of_2_and_3(tmp_path, cached=5)

    with pytest.raises(ValueError, match="choose another folder"):
        convert(original, outdir=tmp_path)


def test_a_missing_libreoffice_skips_at_a_desk_and_fails_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find = conftest.libreoffice.__wrapped__  # type: ignore[attr-defined]  # the function in the fixture
    monkeypatch.setenv("PATH", "")

    monkeypatch.delenv(conftest.REQUIRE_LIBREOFFICE, raising=False)
    with pytest.raises(pytest.skip.Exception):
        find()

    monkeypatch.setenv(conftest.REQUIRE_LIBREOFFICE, "1")
    with pytest.raises(pytest.fail.Exception, match="LibreOffice is missing"):
        find()


def _a_sum_of_2_and_3(folder: Path, *, cached: int) -> Path:
    path = folder / "summe.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_column("A1", [2, 3])
        sheet.write_formula("A3", "=A1+A2", value=cached)
    return path


def _values(path: Path) -> dict[str, object]:
    """The cached values of the first sheet by cell name."""
    workbook = openpyxl.load_workbook(path, data_only=True)
    return {
        cell.coordinate: cell.value for row in workbook.worksheets[0].iter_rows() for cell in row
    }
