"""The file that a department gets: protected, validated, repeatable, right where it computes."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.excel.layout.layout import WorkbookLayout, template_identity, template_layout
from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import Workbook as Read
from pipeline.excel.template import write_template
from pipeline.excel.workbook import clean, done, new_book, put_text
from pipeline.model.master import Master
from tests.builders import CITY, PLAN, UNIT, a_master
from tests.conftest import Convert
from tests.fill import Row, fill, tables_of

EXAMPLE = {"example_data": True, "uses_savings": True}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    return written(a_master(settings=EXAMPLE), tmp_path / "T61.xlsx")


def written(master: Master, path: Path, *, rows: str = "", unit: str = UNIT) -> Path:
    write_template(
        master, template_identity(master, city=CITY, plan=PLAN, unit=unit, rows=rows), path
    )
    return path


def layout_of(master: Master) -> WorkbookLayout:
    return template_layout(master, template_identity(master, city=CITY, plan=PLAN, unit=UNIT))


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as package:
        return package.read(name).decode("utf-8")


def cells_of(workbook: Workbook) -> Mapping[tuple[str, str], Cell]:
    return {
        (sheet.title, cell.coordinate): cell
        for sheet in workbook.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell, Cell)
    }


def sheet(workbook: Workbook, name: str) -> Worksheet:
    found = workbook[name]
    assert isinstance(found, Worksheet)
    return found


# --- as handed out ----------------------------------------------------------------------------


def test_the_sheets_stand_in_the_order_of_the_work(template: Path) -> None:
    workbook = load_workbook(template)
    assert workbook.sheetnames == [
        "Hinweise",
        "Produkttexte",
        "Maßnahmen",
        "Ansätze",
        "Verpflichtungen",
        "Konsolidierung",
        "Kennzahlen",
        "Prüfung",
        "Freigabe",
        "Handbuch",
        "Listen",
        "_meta",
    ]
    assert [each.title for each in workbook.worksheets if each.sheet_state != "visible"] == [
        "Listen",
        "_meta",
    ]


def test_every_cell_of_the_layout_stands_in_the_file_with_its_lock(template: Path) -> None:
    layout = layout_of(a_master(settings=EXAMPLE))
    workbook = load_workbook(template, data_only=True)
    for ours in layout.sheets:
        there = sheet(workbook, ours.name)
        for (row, column), cell in ours.cells.items():
            found = there.cell(row, column)
            assert found.protection.locked == cell.locked, (ours.name, found.coordinate)
            held = found.value.date() if isinstance(found.value, datetime) else found.value
            if isinstance(cell.value, Decimal):
                assert Decimal(str(held)) == cell.value
            else:
                assert (held or None) == (cell.value or None)


def test_every_sheet_is_protected_without_a_password(template: Path) -> None:
    for each in load_workbook(template).worksheets:
        assert each.protection.sheet
        assert each.protection.password is None
        assert each.protection.sort  # true: not allowed


def test_the_structure_is_locked_where_the_schema_wants_it(template: Path) -> None:
    text = part(template, "xl/workbook.xml")
    assert re.search(r'<workbookProtection lockStructure="1"/><bookViews>', text)


def test_the_identity_is_also_in_the_document_properties(template: Path) -> None:
    book = load_workbook(template)
    properties = {each.name: each.value for each in book.custom_doc_props.props}  # type: ignore[attr-defined]
    assert properties["product"] == "zielhaushalt"
    assert properties["unit"] == "T61"
    assert properties["revision"] == "1"  # text: numbers come back as floats


def test_drop_downs_refer_to_defined_names_that_exist(template: Path) -> None:
    workbook = load_workbook(template)
    lists = [
        v
        for each in workbook.worksheets
        for v in each.data_validations.dataValidation
        if v.type == "list"
    ]
    assert len(lists) > 15
    used = {str(v.formula1) for v in lists}
    dependent = {each for each in used if each.startswith("OFFSET(")}
    assert used - dependent <= set(workbook.defined_names)
    assert len(dependent) == 2  # the measures of a row's product: Ansätze, Verpflichtungen
    for each in dependent:
        assert set(re.findall(r"L_\w+", each)) <= set(workbook.defined_names)
        assert re.findall(r"\$?[A-Z]+\$?\d+", each)[0].startswith("$B")
        assert len(each) <= 255
    assert 'ext uri="{CCE6A557' not in part(
        template, "xl/worksheets/sheet4.xml"
    )  # x14 validations get lost


def test_required_fields_are_explained_while_typing(template: Path) -> None:
    workbook = load_workbook(template)
    table = tables_of(workbook)["costs"]
    column = table.cell(table.first, "amount_2027").column_letter
    found = [
        v for v in table.sheet.data_validations.dataValidation if str(v.sqref).startswith(column)
    ]
    assert [v.prompt for v in found] == ["In Euro, ohne Minuszeichen; 0, wenn nichts anfällt."]
    assert found[0].promptTitle == "Ansatz 2027"


def test_formats_follow_the_kind_of_a_column(template: Path) -> None:
    tables = tables_of(load_workbook(template))
    costs, measures = tables["costs"], tables["measures"]
    assert costs.cell(costs.last, "product").number_format == "@"
    assert costs.cell(costs.last, "amount_2027").number_format.startswith("#,##0.00")
    assert measures.cell(measures.first, "start").number_format == "MM\\.YYYY"
    assert tables["kpis"].cell(tables["kpis"].first + 1, "target_2027").number_format == "#,##0.0"
    assert tables["release"].cell(tables["release"].last, "value").number_format == "DD\\.MM\\.YYYY"


def test_pages_are_a4_landscape_with_repeated_headers_and_frozen_keys(template: Path) -> None:
    workbook = load_workbook(template)
    for name, table in tables_of(workbook).items():
        page = table.sheet
        assert (page.page_setup.paperSize, page.page_setup.orientation) == (9, "landscape"), name
        assert page.print_title_rows, name
        assert page.freeze_panes is not None, name
        assert page.oddFooter is not None
        assert "Team Stadtplanung" in str(page.oddFooter.left.text), name


def test_the_autofilter_starts_at_the_header_directly_above_the_data(template: Path) -> None:
    table = tables_of(load_workbook(template))["costs"]
    assert str(table.sheet.auto_filter.ref).startswith(f"A{table.first - 1}:")


def test_rows_with_long_titles_may_still_grow(tmp_path: Path) -> None:
    long = [{"product": "511.10", "title": "Stadtplanung " * 8, "unit": "T61"}]
    path = written(a_master(products=long), tmp_path / "T61.xlsx")
    row = re.search(r'<row r="12"[^>]*>', part(path, "xl/worksheets/sheet4.xml"))
    assert row is not None
    assert "ht=" in row[0]
    assert "customHeight" not in row[0]


# --- repeatable, small, quick -----------------------------------------------------------------


def test_the_same_input_gives_the_same_bytes_wherever_it_is_written(tmp_path: Path) -> None:
    one = written(a_master(), tmp_path / "a" / "T61.xlsx").read_bytes()
    two = written(a_master(), tmp_path / "b" / "anders.xlsx").read_bytes()
    assert one == two
    assert written(a_master(), tmp_path / "c.xlsx", unit="T12").read_bytes() != one


def a_big_master() -> Master:
    kpis = [
        {
            "kpi": f"K-{n:03d}",
            "title": f"Anteil erledigter Anträge in Bereich {n}",
            "product": "511.10",
            "kind": "Quote",
            "direction": "mindestens",
            "aggregation": "Quote",
            "decimals": 1,
        }
        for n in range(40)
    ]
    amounts = [
        {
            "unit": "T61",
            "product": "511.10",
            "line": line,
            "measure": f"M-T61-{n:03d}",
            "year": year,
            "amount": 100_000 + n,
        }
        for n in range(30)
        for line in ("02", "13", "F08")
        for year in (2025, 2026)
    ]
    return a_master(kpis=kpis, previous_amounts=amounts)


def test_a_big_template_is_small(tmp_path: Path) -> None:
    """How long it takes is for `make bench` to say."""
    path = written(a_big_master(), tmp_path / "T61.xlsx")
    tables = tables_of(load_workbook(path))
    sizes = {name: table.last - table.first + 1 for name, table in tables.items()}
    assert (sizes["costs"], sizes["measures"], sizes["kpis"]) == (180, 60, 40)
    assert path.stat().st_size < 300_000


# --- what is computed -------------------------------------------------------------------------


def same(one: object, other: object) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return Decimal(str(one)) == Decimal(str(other))
    return (one or "") == (other or "")


def formulas_of(path: Path) -> Sequence[tuple[str, str]]:
    return [place for place, cell in cells_of(load_workbook(path)).items() if cell.data_type == "f"]


def test_a_recalculation_finds_the_values_that_we_cached(
    template: Path, tmp_path: Path, convert: Convert
) -> None:
    (tmp_path / "neu").mkdir()
    again = convert(template, outdir=tmp_path / "neu", recalculate=True)
    ours = cells_of(load_workbook(template, data_only=True))
    theirs = cells_of(load_workbook(again, data_only=True))
    places = formulas_of(template)
    assert len(places) > 400
    assert [
        (p, ours[p].value, theirs[p].value)
        for p in places
        if not same(ours[p].value, theirs[p].value)
    ] == []


COST: Row = {
    "product": "511.10",
    "line": "13",
    "amount_2027": "130000",
    "amount_2028": "0",
    "amount_2029": "0",
    "amount_2030": "0",
}


STATUS: Sequence[tuple[Row, str]] = (
    (COST, "✓ in Ordnung"),
    ({**COST, "amount_2027": ""}, "✗ Ansatz 2027 fehlt"),
    ({**COST, "amount_2029": ""}, "✗ Planung 2029 fehlt"),
    ({**COST, "amount_2029": "", "continuation": "wie Ansatz"}, "✓ in Ordnung"),
    ({**COST, "amount_2029": "", "continuation": "einzeln"}, "✗ Planung 2029 fehlt"),
    ({**COST, "amount_2027": "12 T€"}, "✗ Ansatz 2027 ist keine Zahl"),
    ({"product": "541.10", "amount_2027": "5"}, "✗ Zeile fehlt"),
    ({**COST, "amount_2027": "12 T€", "amount_2029": ""}, "✗ Ansatz 2027 ist keine Zahl"),
)


def test_the_status_says_in_plain_words_what_a_row_lacks(
    template: Path, tmp_path: Path, convert: Convert
) -> None:
    (tmp_path / "neu").mkdir()
    # A number of its own in each remark, so that each row is found again wherever it went.
    rows = [{**row, "remark": f"Fall {number}"} for number, (row, _) in enumerate(STATUS)]
    fill(template, {"costs": rows}, tmp_path / "gefuellt.xlsx")
    again = convert(tmp_path / "gefuellt.xlsx", outdir=tmp_path / "neu", recalculate=True)
    table = tables_of(load_workbook(again, data_only=True))["costs"]
    statuses = [
        (table.cell(row, "remark").value, table.sheet.cell(row, 1).value)
        for row in range(table.first, table.last + 1)
    ]
    assert {status for remark, status in statuses if not remark} <= {None, "", "vorgegeben"}
    said = {remark: status for remark, status in statuses if remark}
    assert said == {f"Fall {number}": status for number, (_, status) in enumerate(STATUS)}


def test_totals_and_changes_follow_what_is_typed(
    template: Path, tmp_path: Path, convert: Convert
) -> None:
    (tmp_path / "neu").mkdir()
    fill(template, {"costs": [COST]}, tmp_path / "gefuellt.xlsx")
    again = convert(tmp_path / "gefuellt.xlsx", outdir=tmp_path / "neu", recalculate=True)
    workbook = load_workbook(again, data_only=True)
    table = tables_of(workbook)["costs"]
    column = table.columns["amount_2027"]
    labels = {
        table.sheet.cell(row, 1).value: table.sheet.cell(row, column).value for row in range(4, 9)
    }
    assert labels["Aufwendungen"] == 130_000
    assert labels["Zuschussbedarf"] == 130_000
    layout = layout_of(a_master(settings=EXAMPLE))
    change = layout.tables["costs"].helpers["#change"]
    assert 10_000 in [
        table.sheet[f"{change}{row}"].value for row in range(table.first, table.last + 1)
    ]


# --- foreign text -----------------------------------------------------------------------------


def test_foreign_text_never_becomes_a_formula(tmp_path: Path) -> None:
    products = [{"product": "511.10", "title": '=HYPERLINK("http://x")', "unit": "T61"}]
    path = written(a_master(products=products), tmp_path / "T61.xlsx")
    lists = sheet(load_workbook(path), "Listen")
    found = [
        cell for row in lists.iter_rows() for cell in row if cell.value == '=HYPERLINK("http://x")'
    ]
    assert [cell.data_type for cell in found] == ["s"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x0bb", "a␋b"),
        ("a\x00", "a␀"),
        ("Z\u202eeilе", "Z\\u202eeilе"),
        ("eins\r\nzwei", "eins\nzwei"),
        ("\ud800", "\\ud800"),
    ],
)
def test_invisible_characters_become_visible(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_text_too_long_for_a_cell_is_cut_visibly() -> None:
    long = clean("😀" * 20_000)
    assert long.endswith("[gekürzt]")
    assert len(long.encode("utf-16-le")) // 2 <= 32_767


def test_a_broken_run_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "T61.xlsx"
    path.write_bytes(b"alt")

    def breaks_off() -> None:
        with new_book(path, title="x") as book:
            put_text(book.sheet("Blatt"), 0, 0, "neu")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks_off()
    assert path.read_bytes() == b"alt"
    assert [each.name for each in tmp_path.iterdir()] == ["T61.xlsx"]


def test_what_xlsxwriter_would_only_warn_about_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserWarning, match="32"), new_book(tmp_path / "x.xlsx", title="x") as book:
        book.sheet("Blatt").data_validation(
            0, 0, 0, 0, {"validate": "any", "input_title": "x" * 33}
        )
    with pytest.raises(ValueError, match="-1"):
        done(-1)


# --- filled and read --------------------------------------------------------------------------


def test_a_template_is_read_by_our_own_reader_without_a_doubt(template: Path) -> None:
    result = read_workbook(template).result
    assert isinstance(result, Read), result
    assert result.second_reading == "agreed"
    assert result.warnings == ()
    marks = [
        c.raw for s in result.sheets for c in s.cells if c.column == 1 and c.raw.startswith("zh:")
    ]
    assert marks[0] == "zh:product_texts:7:8"


def test_a_locked_cell_is_never_filled(template: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="locked"):
        fill(template, {"costs": [{**COST, "amount_2026": "1"}]}, tmp_path / "x.xlsx")


def test_rows_go_to_their_pre_filled_place_or_to_the_next_free_row(
    template: Path, tmp_path: Path
) -> None:
    free = {"product": "541.10", "line": "13", "amount_2027": Decimal("12.34")}
    fill(template, {"costs": [free, COST, COST]}, tmp_path / "x.xlsx")
    table = tables_of(load_workbook(tmp_path / "x.xlsx"))["costs"]
    filled = {
        row: table.cell(row, "amount_2027").value
        for row in range(table.first, table.last + 1)
        if table.cell(row, "amount_2027").value is not None
    }
    assert filled == {14: 130_000, 16: 12.34, 17: 130_000}
