"""A template in the hands of people who use a real office program: typed into, sorted, cut and
pasted, saved in other formats, and still read back without loss or with the right findings.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.excel.layout.drop_downs import OF_PRODUCT
from pipeline.model.results import Results
from pipeline.workspace import Workspace
from tests.fill import Sheet, place_of, tables_of
from tests.office import (
    Step,
    asked,
    at_the_office,
    cut,
    opened,
    saved,
    sorted_by,
    typed,
    unprotected,
)
from tests.small_city import CITY, PLAN, RETURNS, a_city, errors_of, run

# openpyxl describes a cell as the union of everything that could stand in one.
Workbook = Any
NEW = {"product": "211.10", "line": "F08", "measure": "M-T40-001"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The small city as its clerks returned it, without any office program."""
    return a_city(tmp_path_factory.mktemp("stadt"))


@pytest.fixture(scope="module")
def honest(city: Workspace) -> Results:
    """What the pipeline makes of it."""
    return run(city)


@pytest.fixture(scope="module")
def desk(
    city: Workspace,
    tmp_path_factory: pytest.TempPathFactory,
    libreoffice: Path,
    libreoffice_profile: Path,
) -> Mapping[str, Any]:
    """What one session of LibreOffice leaves behind: files by what was done, and answers."""
    folder = tmp_path_factory.mktemp("schreibtisch")
    issued = city.templates / "T40.xlsx"
    names = ("plain.xlsx", "plain.ods", "over.xlsx", "sorted.xlsx", "cut.xlsx")
    plain, sheets, over, in_order, moved = (folder / name for name in names)
    costs = tables_of(load_workbook(city.returns / "T40.xlsx"))["costs"]
    amount = costs.cell(costs.first, "amount_2027").column
    area = f"A{costs.first}:{costs.cell(costs.first, 'remark').column_letter}{costs.last}"
    row = place_of(costs, NEW)
    source, target = (costs.cell(at, "amount_2028").coordinate for at in (row, row + 9))
    answers = at_the_office(
        libreoffice,
        libreoffice_profile,
        [
            opened(issued),
            *_clerk(issued, city.returns / "T40.xlsx"),
            saved(plain),
            saved(sheets),
            unprotected("Ansätze"),
            *(_offered(costs, product) for product in ("211.10", "999.99", "")),
            sorted_by("Ansätze", area, int(amount) - 1),
            saved(in_order),
            {"do": "close"},
            opened(sheets),
            saved(over),
            {"do": "close"},
            opened(plain),
            unprotected("Ansätze"),
            cut("Ansätze", source, target),
            saved(moved),
            {"do": "close"},
        ],
    )
    return {
        "issued": issued, "plain": plain, "over": over, "sorted": in_order, "cut": moved,
        "answers": answers, "source": source, "target": target,
    }  # fmt: skip


def _clerk(issued: Path, filled: Path) -> Iterator[Step]:
    """What somebody types who makes a filled workbook out of an issued one."""
    before, after = load_workbook(issued), load_workbook(filled)
    for sheet in after.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value != before[sheet.title][cell.coordinate].value:
                    yield typed(sheet.title, cell.coordinate, _as_typed(cell.value))


def _as_typed(value: object) -> object:
    """LibreOffice takes a day as the number of days, and numbers as floats."""
    match value:
        case datetime() | date():
            return (datetime(value.year, value.month, value.day) - datetime(1899, 12, 30)).days  # noqa: DTZ001
        case Decimal():
            return float(value)
        case _:
            return value


def _offered(costs: Sheet, product: str) -> Step:
    """The number of measures in the drop-down of a product, and the first of them."""
    offered = OF_PRODUCT.format(product=f'"{product}"').replace(",", ";")
    return asked("Ansätze", f"ZZ{costs.first}", f'ROWS({offered})&" "&INDEX({offered};1)')


def test_nothing_that_was_typed_is_lost_on_the_way_through_xlsx_and_ods(
    desk: Mapping[str, Any], city: Workspace, honest: Results, tmp_path: Path
) -> None:
    wanted = figures(honest)
    for name in ("plain", "over"):
        results = run(with_return(city, desk[name], tmp_path / name))
        assert errors_of(results) == []
        assert figures(results) == wanted
        assert len(wanted) > 20


def test_sorted_rows_are_read_under_their_new_places(
    desk: Mapping[str, Any], city: Workspace, honest: Results, tmp_path: Path
) -> None:
    results = run(with_return(city, desk["sorted"], tmp_path))
    assert errors_of(results) == []
    assert figures(results) == figures(honest)
    cells, before = (
        set(each.tables["figures"].loc[each.tables["figures"]["unit"] == "T40", "cell"])
        for each in (results, honest)
    )
    assert cells != before
    statuses = column_a(desk["sorted"])
    assert sum(status == "✓ in Ordnung" for status in statuses) == len(RETURNS["T40"]["costs"])
    assert not any(str(status).startswith("✗") for status in statuses)


def test_a_cell_cut_out_is_missing_where_it_was_and_said_so_live(
    desk: Mapping[str, Any], city: Workspace, tmp_path: Path
) -> None:
    results = run(with_return(city, desk["cut"], tmp_path))
    assert ("Z09", f"T40.xlsx!Ansätze!{desk['source']}") in errors_of(results)
    row, target = (int("".join(filter(str.isdigit, desk[at]))) for at in ("source", "target"))
    statuses = load_workbook(desk["cut"], data_only=True)["Ansätze"]
    assert statuses.cell(row, 1).value == "✗ Planung 2028 fehlt"
    assert str(statuses.cell(target, 1).value).startswith("✗ Produkt fehlt")
    assert "#REF!" not in str([cell.value for row in statuses.iter_rows() for cell in row])


def test_the_drop_down_of_measures_follows_the_product_of_the_row(desk: Mapping[str, Any]) -> None:
    assert desk["answers"] == ["3 M-T40-001", "1 ", "3 M-T40-001"]


@pytest.mark.parametrize("name", ["plain", "over"])
def test_protection_validations_and_identity_survive(desk: Mapping[str, Any], name: str) -> None:
    ours, theirs = load_workbook(desk["issued"]), load_workbook(desk[name])
    assert theirs.sheetnames == ours.sheetnames
    assert set(ours.defined_names) <= set(theirs.defined_names)
    assert properties(theirs) == properties(ours)
    assert [row[1].value for row in theirs["_meta"].iter_rows(max_row=11)] == [
        row[1].value for row in ours["_meta"].iter_rows(max_row=11)
    ]
    for sheet in ours.worksheets:
        there = theirs[sheet.title]
        assert there.protection.sheet
        assert validated(there) == validated(sheet)
        assert open_cells(there) == open_cells(sheet)
    lists = str([v.formula1 for v in theirs["Ansätze"].data_validations.dataValidation])
    assert "OFFSET(L_Massnahmen_geordnet" in lists


# --- what the tests are written with ------------------------------------------------------------


def with_return(city: Workspace, path: Path, root: Path) -> Workspace:
    """A copy of the city in which T40 sent this file."""
    shutil.copytree(city.returns.parents[2], root, dirs_exist_ok=True)
    workspace = Workspace(root=root, city=CITY, plan=PLAN)
    shutil.copy(path, workspace.returns / "T40.xlsx")
    return workspace


def figures(results: Results) -> list[tuple[object, ...]]:
    """The amounts and key figures of T40 without the cells where they stood."""
    amounts, kpis = results.tables["figures"], results.tables["kpis"]
    of_money = amounts.loc[
        amounts["unit"] == "T40", ["product", "line", "measure", "year", "cents"]
    ]
    of_kpis = kpis.loc[
        kpis["unit"] == "T40", ["kpi", "year", "role", "value", "numerator", "denominator"]
    ]
    return sorted(tuple(map(str, row)) for frame in (of_money, of_kpis) for row in frame.to_numpy())


def column_a(path: Path) -> list[object]:
    """The statuses of the rows of the sheet Ansätze."""
    costs = tables_of(load_workbook(path, data_only=True))["costs"]
    return [costs.sheet.cell(row, 1).value for row in range(costs.first, costs.last + 1)]


def validated(sheet: Worksheet) -> dict[str, str]:
    """Kind of validation by column; LibreOffice may split and join areas."""
    return {
        str(area).strip("0123456789").split(":")[0].rstrip("0123456789"): str(each.type)
        for each in sheet.data_validations.dataValidation
        for area in each.sqref.ranges
    }


def open_cells(sheet: Worksheet) -> set[str]:
    """The cells that may be filled on the protected sheet."""
    return {
        cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked
    }


def properties(book: Workbook) -> dict[str, str]:
    """The identity in the document properties."""
    return {each.name: str(each.value or "") for each in book.custom_doc_props.props}
