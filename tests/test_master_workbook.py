"""Finance's own workbook: written from plain rows, free to edit, read back as the same master."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.excel.intake.master_reader import read_master
from pipeline.excel.layout.layout import master_identity
from pipeline.excel.layout.shown import shown
from pipeline.excel.master_workbook import write_master
from pipeline.excel.reader.reader import read_workbook
from pipeline.model.findings import Severity
from pipeline.model.master import Master
from pipeline.tables.master import MASTER_TABLES
from tests.builders import a_master
from tests.examples.build import HERE, build_master
from tests.fill import fill, tables_of

Tables = Mapping[str, Sequence[Mapping[str, object]]]
IDENTITY = master_identity(city="musterstadt", plan="2027", year="2027", round="Entwurf")


def label_texts(master: Master) -> Tables:
    """The rows of a master as they stand in CSV files: labels, ``1234.56``, ISO dates."""
    return {
        table.name: [
            {
                column.name: "" if (held := shown(column, row[column.name])) is None else str(held)
                for column in table.columns
            }
            for row in master.tables[table.name].to_dict("records")
        ]
        for table in MASTER_TABLES
    }


def written(tables: Tables, path: Path) -> Path:
    write_master(tables, IDENTITY, path)
    return path


def read(path: Path) -> Master:
    master, findings = read_master(read_workbook(path))
    assert [f for f in findings if f.severity is Severity.ERROR] == []
    assert master is not None
    return master


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(label_texts(a_master()), tmp_path / "Stammdaten.xlsx")


def test_what_was_written_is_read_back_as_the_same_master(path: Path) -> None:
    ours, theirs = a_master(), read(path)
    assert theirs.settings == ours.settings
    assert theirs.years == ours.years
    assert theirs.submission == ours.submission
    for table in MASTER_TABLES:
        if table.name != "settings":
            pd.testing.assert_frame_equal(theirs.tables[table.name], ours.tables[table.name])


def test_numbers_and_dates_are_real_and_codes_are_text(tmp_path: Path) -> None:
    rows: Tables = {
        "lines": [{"line": "02", "title": "Zuwendungen", "plan": "Ergebnis", "sign": "+"}],
        "previous_amounts": [
            {"unit": "T61", "product": "0101", "line": "02", "year": "2026", "amount": "1234.50"}
        ],
        "product_goals": [{"product": "0101", "goal": "1.10", "share": "33.33"}],
        "kpis": [{"kpi": "K-1", "title": "Anteil", "due_date": "2029-06-30"}],
    }
    tables = tables_of(load_workbook(written(rows, tmp_path / "Stammdaten.xlsx")))
    amounts, shares, kpis = tables["previous_amounts"], tables["product_goals"], tables["kpis"]
    assert amounts.cell(amounts.first, "product").value == "0101"
    assert amounts.cell(amounts.first, "product").number_format == "@"
    assert amounts.cell(amounts.first, "year").value == 2026
    assert amounts.cell(amounts.first, "amount").value == 1234.5
    assert shares.cell(shares.first, "goal").value == "1.10"
    assert shares.cell(shares.first, "share").value == 33.33
    assert kpis.cell(kpis.first, "due_date").value == datetime(2029, 6, 30)  # noqa: DTZ001
    assert tables["lines"].cell(tables["lines"].first, "sign").data_type == "s"


def test_each_setting_has_one_prepared_row_with_its_title_and_help(path: Path) -> None:
    table = tables_of(load_workbook(path))["settings"]
    rows = range(table.first, table.last + 1)
    names = [table.cell(row, "setting").value for row in rows]
    assert names[:3] == ["budget_year", "budget_years", "city"]
    assert len(names) == len(set(names)) == 24
    titles = [table.sheet.cell(row, 2).value for row in rows]
    assert titles[:3] == ["Haushaltsjahr *", "Zahl der Haushaltsjahre", "Kommune *"]
    assert (
        table.sheet.cell(table.first + 1, 4).value
        == "1, oder 2 für einen Doppelhaushalt. Leer heißt: 1."
    )
    assert table.cell(table.first, "value").value == 2027


def test_only_key_rows_are_locked_and_rows_may_be_inserted(path: Path) -> None:
    workbook = load_workbook(path)
    for name, table in tables_of(workbook).items():
        sheet = table.sheet
        assert sheet.protection.sheet, name
        assert not sheet.protection.insertRows, name  # false: allowed
        assert not sheet.protection.sort, name
        locked = {
            cell.row
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None and cell.protection.locked
        }
        assert locked == {3}, name
        assert sheet.row_dimensions[3].hidden, name


def test_a_row_below_the_last_prepared_one_is_read_too(path: Path, tmp_path: Path) -> None:
    workbook = load_workbook(path)
    table = tables_of(workbook)["base_values"]
    table.cell(table.last + 3, "name").value = "Schülerzahl"
    table.cell(table.last + 3, "year").value = 2027
    table.cell(table.last + 3, "value").value = 4100
    workbook.save(tmp_path / "neu.xlsx")
    assert list(read(tmp_path / "neu.xlsx").tables["base_values"]["name"]) == [
        "Einwohnerzahl",
        "Schülerzahl",
    ]


def test_a_program_may_fill_the_free_rows_of_a_master(path: Path, tmp_path: Path) -> None:
    fill(
        path,
        {"ceilings": [{"unit": "T61", "year": 2027, "amount": "90000"}]},
        tmp_path / "neu.xlsx",
    )
    assert list(read(tmp_path / "neu.xlsx").tables["ceilings"]["amount"]) == [90_000_00]


def test_drop_downs_offer_choices_and_the_keys_of_other_sheets(path: Path) -> None:
    workbook = load_workbook(path)
    sheet = workbook["Produkte"]
    assert isinstance(sheet, Worksheet)
    sources = {str(v.formula1) for v in sheet.data_validations.dataValidation if v.type == "list"}
    assert sources == {"L_units", "L_Ja_Nein", "L_products_task_type"}
    assert workbook.defined_names["L_units"].attr_text.startswith("'Organisation'!$B$7:")
    assert all(v.errorStyle == "warning" for v in sheet.data_validations.dataValidation)


def test_a_value_that_is_no_number_stays_for_the_reader_to_find(tmp_path: Path) -> None:
    rows: Tables = {"ceilings": [{"unit": "T61", "year": "2027", "amount": "viel"}]}
    table = tables_of(load_workbook(written(rows, tmp_path / "Stammdaten.xlsx")))["ceilings"]
    assert table.cell(table.first, "amount").value == "viel"


def test_the_same_rows_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = written(label_texts(a_master()), tmp_path / "sub" / "anders.xlsx")
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("city", sorted(each.parent.name for each in HERE.glob("*/master")))
def test_the_master_of_every_example_is_read_without_an_error(city: str, tmp_path: Path) -> None:
    master = read(build_master(city, tmp_path))
    assert master.settings.example_data
    assert len(master.expected_units) >= 10
