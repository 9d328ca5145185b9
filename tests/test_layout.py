"""What stands in a template before any file exists: rows, locks, lists, totals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pipeline.excel.layout.calculator import recalculated
from pipeline.excel.layout.layout import (
    RowLayout,
    TableLayout,
    WorkbookLayout,
    master_identity,
    master_layout,
)
from pipeline.excel.layout.sheet_layout import CellLayout, SheetLayout
from pipeline.excel.layout.shown import shown, shown_text
from pipeline.model.tables import Choice, Column, Kind, Role, Year
from tests.builders import TABLES, YEARS, a_master, a_template

GIVEN = {"amount_2025", "amount_2026"}
ENTERED = {"amount_2027", "amount_2028", "amount_2029", "amount_2030"}


def rows(layout: WorkbookLayout, table: str) -> tuple[RowLayout, ...]:
    return layout.tables[table].rows


def row_of(layout: WorkbookLayout, table: str, **key: object) -> RowLayout:
    found = [
        row for row in rows(layout, table) if all(row.values.get(k) == v for k, v in key.items())
    ]
    assert len(found) == 1, f"{len(found)} rows {key}"
    return found[0]


def sheet_of(layout: WorkbookLayout, name: str) -> SheetLayout:
    return next(sheet for sheet in layout.sheets if sheet.name == name)


def cell(layout: WorkbookLayout, table: str, row: int, column: str) -> CellLayout:
    where = layout.tables[table]
    letter = {**where.letters, **where.helpers}[column]
    return sheet_of(layout, where.sheet).cells[row, number(letter)]


def number(letters: str) -> int:
    result = 0
    for letter in letters:
        result = 26 * result + ord(letter) - ord("A") + 1
    return result


def row_number(table: TableLayout, row: RowLayout) -> int:
    return table.first_row + next(n for n, each in enumerate(table.rows) if each is row)


# --- the machine layer ------------------------------------------------------------------------


def test_every_table_has_a_hidden_key_row_that_names_its_columns() -> None:
    layout = a_template()
    assert set(layout.tables) == {
        "product_texts",
        "measures",
        "costs",
        "commitments",
        "kpis",
        "release",
    }
    for table in layout.tables.values():
        sheet = sheet_of(layout, table.sheet)
        key_row = {
            column: each.value
            for (row, column), each in sheet.cells.items()
            if row == table.key_row
        }
        mark = f"zh:{table.table.name}:{table.first_row}:{table.last_row}"
        assert key_row.pop(1) == mark
        names = {
            number(letter): name for name, letter in {**table.letters, **table.helpers}.items()
        }
        assert key_row == names
        assert table.key_row in sheet.hidden_rows
        assert set(table.letters) == set(table.table.names)
        assert all(name.startswith("#") for name in table.helpers)
        assert len(table.rows) == table.last_row - table.first_row + 1


def test_below_the_last_prepared_row_stands_nothing_under_a_column_of_the_table() -> None:
    layout = a_template()
    for table in layout.tables.values():
        below = {
            column: each.value
            for (row, column), each in sheet_of(layout, table.sheet).cells.items()
            if row > table.last_row and each.value is not None
        }
        assert set(below) <= {1}


def test_the_hidden_sheet_meta_says_who_the_workbook_is() -> None:
    layout = a_template(rows="80", revision="3")
    meta = sheet_of(layout, "_meta")
    assert meta.hidden
    entries = {
        str(meta.cells[row, 1].value): meta.cells[row, 2].value
        for row in range(1, len(meta.cells) // 2 + 1)
    }
    assert entries == {name: value or None for name, value in layout.identity.entries().items()}
    assert entries["product"] == "zielhaushalt"
    assert (entries["kind"], entries["unit"], entries["year"]) == ("template", "T61", "2027")
    assert (entries["rows"], entries["revision"]) == ("80", "3")
    assert len(str(entries["fingerprint"])) == 64
    assert len(str(entries["master_digest"])) == 64


def test_the_same_master_and_identity_give_the_same_layout() -> None:
    assert a_template() == a_template(a_master())


# --- costs ------------------------------------------------------------------------------------


def test_a_row_of_last_year_is_pre_filled_with_its_keys_and_given_years_locked() -> None:
    row = row_of(a_template(), "costs", product="511.10", line="13")
    assert row.values == {
        "product": "511.10",
        "line": "13",
        "amount_2025": 118_250_40,
        "amount_2026": 120_000_00,
    }
    assert row.locked == {"product", "line", "measure"} | GIVEN


def test_a_free_cost_row_leaves_the_keys_open_and_locks_given_years() -> None:
    free = rows(a_template(), "costs")[-1]
    assert free.values == {}
    assert free.locked == GIVEN


def test_a_line_planned_centrally_is_shown_to_the_owner_and_locked_throughout() -> None:
    layout = a_template()
    row = row_of(layout, "costs", product="511.10", line="11")
    assert row.values["amount_2026"] == 410_000_00
    assert row.locked == set(layout.tables["costs"].table.names)


def test_the_central_unit_plans_the_line_of_other_units_products() -> None:
    row = row_of(a_template(unit="T12"), "costs", product="511.10", line="11")
    assert ENTERED.isdisjoint(row.locked)


def test_another_units_own_rows_are_not_shown() -> None:
    products = {row.values.get("product") for row in rows(a_template(), "costs")}
    assert products == {"511.10", "541.10", None}


def test_pre_filled_rows_follow_the_order_of_products_and_of_the_line_plan() -> None:
    keys = [
        (r.values["product"], r.values["line"]) for r in rows(a_template(), "costs") if r.values
    ]
    assert keys == [("511.10", "02"), ("511.10", "11"), ("511.10", "13"), ("541.10", "F08")]


def test_computed_lines_are_never_offered() -> None:
    amounts = [
        *TABLES["previous_amounts"],
        {
            "unit": "T61",
            "product": "511.10",
            "line": "10",
            "measure": None,
            "year": 2026,
            "amount": 5,
        },
    ]
    layout = a_template(a_master(previous_amounts=amounts))
    assert "10" not in {row.values.get("line") for row in rows(layout, "costs")}
    assert "10" not in layout.lists["L_Zeilen"]


@pytest.mark.parametrize(("asked", "prepared"), [("", 60), ("7", 7), ("200", 200), ("1", 5)])
def test_rows_are_prepared_as_asked_but_never_fewer_than_are_filled_and_one(
    asked: str, prepared: int
) -> None:
    assert len(rows(a_template(rows=asked), "costs")) == prepared


def test_without_a_wish_twice_the_filled_rows_are_prepared() -> None:
    many = [
        {
            "unit": "T61",
            "product": "511.10",
            "line": "13",
            "measure": f"M-T61-{n:03d}",
            "year": 2026,
            "amount": n,
        }
        for n in range(1, 51)
    ]
    assert len(rows(a_template(a_master(previous_amounts=many)), "costs")) == 100


def test_amounts_of_an_entered_year_are_never_pre_filled() -> None:
    amounts = [
        {
            "unit": "T61",
            "product": "511.10",
            "line": "13",
            "measure": None,
            "year": 2027,
            "amount": 7,
        }
    ]
    row = row_of(a_template(a_master(previous_amounts=amounts)), "costs", product="511.10")
    assert "amount_2027" not in row.values


# --- measures, texts, release -----------------------------------------------------------------


def test_measure_ids_are_issued_those_of_last_year_first() -> None:
    ids = [row.values["measure"] for row in rows(a_template(), "measures")]
    assert ids[:5] == ["M-T61-004", "M-T61-001", "M-T61-002", "M-T61-003", "M-T61-005"]
    assert len(ids) == len(set(ids)) == 20
    assert all(row.locked == {"measure"} for row in rows(a_template(), "measures"))


def test_each_own_product_has_one_row_for_its_texts() -> None:
    found = rows(a_template(), "product_texts")
    assert [row.values for row in found] == [{"product": "511.10"}, {"product": "541.10"}]
    assert all(row.locked == {"product"} for row in found)


def test_the_sheet_of_release_has_one_row_per_statement() -> None:
    layout = a_template()
    table = layout.tables["release"]
    assert [row.values["setting"] for row in table.rows] == ["state", "function", "date"]
    assert set(table.letters) == {"setting", "value"}
    assert not cell(layout, "release", table.first_row, "value").locked
    assert cell(layout, "release", table.first_row, "#title").value == "Stand"


# --- key figures ------------------------------------------------------------------------------


def test_a_unit_is_asked_for_its_key_figures_in_the_order_of_the_catalogue() -> None:
    assert [row.values["kpi"] for row in rows(a_template(), "kpis")] == ["K-001", "K-002", "K-003"]
    assert [row.values["kpi"] for row in rows(a_template(unit="T12"), "kpis")] == ["K-004"]


def test_targets_of_given_years_are_locked_and_actuals_stay_open() -> None:
    row = row_of(a_template(), "kpis", kpi="K-001")
    assert row.values == {
        "kpi": "K-001",
        "target_2025": Decimal(6),
        "actual_2025": Decimal(5),
        "target_2026": Decimal(7),  # of the lead, because no unit is named
    }
    assert {"target_2025", "target_2026"} <= row.locked
    assert {"actual_2025", "target_2027", "target_2030", "data_state", "remark"}.isdisjoint(
        row.locked
    )


def test_parts_are_asked_only_of_ratios() -> None:
    assert {"numerator_2027", "denominator_2027"} <= row_of(
        a_template(), "kpis", kpi="K-001"
    ).locked
    assert {"numerator_2025", "denominator_2027"}.isdisjoint(
        row_of(a_template(), "kpis", kpi="K-002").locked
    )


def test_a_part_that_the_catalogue_takes_from_elsewhere_is_locked() -> None:
    locked = row_of(a_template(), "kpis", kpi="K-003").locked
    assert "denominator_2027" in locked
    assert "numerator_2027" not in locked


def test_units_named_for_a_key_figure_replace_the_lead() -> None:
    master = a_master(kpi_units=[{"kpi": "K-001", "unit": "T12"}])
    assert "K-001" not in {row.values["kpi"] for row in rows(a_template(master), "kpis")}
    assert "K-001" in {row.values["kpi"] for row in rows(a_template(master, unit="T12"), "kpis")}


def test_controlling_opens_actual_and_forecast_of_the_budget_year() -> None:
    layout = a_template(a_master(settings={"round": "Controlling"}))
    row = row_of(layout, "kpis", kpi="K-001")
    assert {"actual_2027", "forecast_2027"} <= set(layout.tables["kpis"].table.names) - row.locked


# --- what people see --------------------------------------------------------------------------


def test_titles_stand_beside_codes_with_the_value_a_recalculation_finds() -> None:
    layout = a_template()
    table = layout.tables["costs"]
    row = row_number(table, row_of(layout, "costs", product="541.10"))
    title = cell(layout, "costs", row, "#product")
    assert title.value == "Gemeindestraßen"
    assert title.locked
    assert title.formula is not None
    assert "L_Produkte_Titel" in title.formula
    assert cell(layout, "costs", row, "#kind").value == "Auszahlung"
    assert cell(layout, "costs", table.last_row, "#product").value == ""


def test_control_totals_count_the_units_own_rows_and_no_internal_charges() -> None:
    internal = {
        "unit": "T61",
        "product": "511.10",
        "line": "28",
        "measure": None,
        "year": 2026,
        "amount": 1_00,
    }
    layout = a_template(a_master(previous_amounts=[*TABLES["previous_amounts"], internal]))
    table = layout.tables["costs"]
    sheet = sheet_of(layout, "Ansätze")
    column = number(table.letters["amount_2026"])
    found = {
        sheet.cells[row, 1].value: sheet.cells[row, column].value
        for row in range(table.key_row + 1, table.key_row + 6)
    }
    assert found == {
        "Erträge": Decimal("30000.00"),
        "Aufwendungen": Decimal("120000.00"),  # without the personnel that T12 plans
        "Einzahlungen": Decimal("0.00"),
        "Auszahlungen": Decimal("900000.00"),
        "Zuschussbedarf": Decimal("90000.00"),
    }


def test_required_columns_carry_a_star_and_locked_ones_none() -> None:
    layout = a_template()
    header = layout.tables["costs"].header_row
    assert cell(layout, "costs", header, "amount_2027").value == "Ansatz 2027 *"
    assert cell(layout, "costs", header, "amount_2026").value == "Ansatz 2026"
    assert cell(layout, "costs", header, "remark").value == "Erläuterung"


def test_drop_downs_offer_what_the_unit_may_choose() -> None:
    lists = a_template().lists
    assert lists["L_Produkte"] == ("511.10", "541.10")
    assert lists["L_Produkte_alle"] == ("511.10", "541.10", "111.30")
    assert lists["L_Zeilen"] == ("02", "13", "28", "F01", "F08")
    assert lists["L_Zeilen_VE"] == ("F08",)
    assert lists["L_Haushaltsjahre"] == (2027,)
    assert lists["L_Ziele"] == ("Z1", "Z2", "R1")
    assert "läuft" in lists["L_measures_status"]


def test_the_central_unit_may_choose_every_product() -> None:
    lists = a_template(unit="T12").lists
    assert lists["L_Produkte"] == ("511.10", "541.10", "111.30")
    assert "11" in lists["L_Zeilen"]


def test_every_open_cell_is_validated() -> None:
    layout = a_template(a_master(settings={"uses_savings": True}))
    for sheet in layout.sheets:
        areas = [validation.area for validation in sheet.validations]
        for (row, column), each in sheet.cells.items():
            if not each.locked:
                assert any(a <= row <= c and b <= column <= d for a, b, c, d in areas), (
                    sheet.name,
                    row,
                    column,
                )


def test_no_text_of_the_master_becomes_part_of_a_formula_unquoted() -> None:
    years = (
        *YEARS[:2],
        Year(year=2027, role=Role.BUDGET, title='Ansatz "2027"', entered=True),
        *YEARS[3:],
    )
    layout = a_template(a_master(years=years))
    texts = [
        cell.formula or ""
        for sheet in layout.sheets
        for cell in sheet.cells.values()
        if '"2027"' in (cell.formula or "")
    ]
    assert texts == []  # a status reads its words from the locked headers of the helper columns
    costs = layout.tables["costs"]
    assert cell(layout, "costs", costs.header_row, "#Z09:amount_2027").value == (
        'Ansatz "2027" fehlt'
    )
    quoted = a_template(
        a_master(years=years, ceilings=[{"unit": "T61", "year": 2027, "amount": 1_00}])
    )
    said = [
        each.formula
        for each in sheet_of(quoted, "Prüfung").cells.values()
        if "Eckwert" in (each.formula or "")
    ]
    assert len(said) == 1
    assert str(said[0]).startswith('"Ansatz ""2027"""&')


def test_a_seventh_year_is_only_data() -> None:
    years = (*YEARS, Year(year=2031, role=Role.OUTLOOK, title="Planung 2031", entered=True))
    layout = a_template(a_master(years=years))
    assert "amount_2031" in layout.tables["costs"].letters
    assert "target_2031" in layout.tables["kpis"].letters


def test_levels_filled_by_departments_bring_the_sheets_of_goals() -> None:
    levels = [
        {"level": "strategisch", "order": 1, "filled_by": "Kämmerei"},
        {"level": "Amt", "order": 2, "filled_by": "Fachamt"},
    ]
    layout = a_template(a_master(levels=levels))
    assert {"goals", "product_goals"} <= set(layout.tables)
    assert layout.lists["L_Ebenen"] == ("Amt",)
    parents = [v for v in sheet_of(layout, "Ziele").validations if v.source == "L_Ziele"]
    assert [v.strict for v in parents] == [False]


def test_the_guidance_names_deadline_and_function() -> None:
    texts = [str(each.value) for each in sheet_of(a_template(), "Hinweise").cells.values()]
    assert "Bitte bis 15.10.2026" in texts
    assert "Kämmerei, Haushaltsplanung" in texts
    assert not any("Fiktiv" in text for text in texts)
    flagged = a_template(a_master(settings={"example_data": True}))
    assert any("Fiktiv" in str(each.value) for each in sheet_of(flagged, "Hinweise").cells.values())
    assert "Fiktiv" in flagged.footer


# --- values at the edge -----------------------------------------------------------------------


def column(kind: Kind, choices: tuple[Choice, ...] = ()) -> Column:
    return Column(name="x", title="X", kind=kind, choices=choices)


@pytest.mark.parametrize(
    ("kind", "held", "expected"),
    [
        (Kind.MONEY, -123_456, Decimal("-1234.56")),
        (Kind.PERCENT, 4_550, Decimal("45.50")),
        (Kind.MONTH, "2027-03", date(2027, 3, 1)),
        (Kind.DATE, "2027-03-09", date(2027, 3, 9)),
        (Kind.YES_NO, False, "nein"),
        (Kind.CODE, "0101", "0101"),
        (Kind.NUMBER, Decimal("1.250"), Decimal("1.250")),
        (Kind.TEXT, None, None),
    ],
)
def test_a_typed_value_is_shown_as_people_write_it(
    kind: Kind, held: object, expected: object
) -> None:
    assert shown(column(kind), held) == expected


def test_a_choice_is_shown_by_its_label() -> None:
    assert (
        shown(column(Kind.CHOICE, choices=(Choice(code="actual", label="Ergebnis"),)), "actual")
        == "Ergebnis"
    )


def test_a_text_that_is_no_number_stays_visible_as_it_is() -> None:
    assert shown_text(column(Kind.MONEY), "12 T€") == "12 T€"
    assert shown_text(column(Kind.MONEY), "1234.56") == Decimal("1234.56")
    assert shown_text(column(Kind.DATE), "31.12.2027") == "31.12.2027"


# --- the master workbook ----------------------------------------------------------------------


def test_the_master_locks_nothing_but_key_rows() -> None:
    layout = master_layout(
        {"units": [{"unit": "T61", "title": "Team"}]}, master_identity(city="m", plan="2027")
    )
    for sheet in layout.sheets:
        if sheet.table is None:
            continue
        locked = {row for (row, _), each in sheet.cells.items() if each.locked}
        assert locked == {sheet.table.key_row}, sheet.name


def test_the_master_has_every_table_even_where_nothing_is_given() -> None:
    layout = master_layout({}, master_identity(city="m", plan="2027"))
    assert len(layout.tables) == 21
    assert len(layout.tables["waivers"].rows) == 40


def test_an_unknown_column_of_the_master_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError, match="units"):
        master_layout(
            {"units": [{"unit": "T61", "titel": "Team"}]}, master_identity(city="m", plan="2027")
        )


def test_of_the_rules_only_their_severity_makes_a_template_another_one() -> None:
    plain = a_master().digest
    assert a_master(rules=[{"rule": "M04", "from": "2027-01-01"}]).digest == plain
    assert a_master(rules=[{"rule": "M04", "severity": "warning"}]).digest != plain


def test_a_negative_ceiling_is_passed_before_anybody_types() -> None:
    layout = a_template(a_master(ceilings=[{"unit": "T61", "year": 2027, "amount": -5_000_00}]))
    lines = sheet_of(layout, "Prüfung").cells
    row = next(row for (row, _), cell in lines.items() if "Eckwert" in str(cell.value))
    assert [lines[row, column].value for column in range(2, 6)] == [
        "Ansatz 2027: Zuschussbedarf 0 €, Eckwert -5.000 €, 5.000 € darüber",
        "Hinweis",
        1,
        "→ zur Stelle",
    ]
    assert recalculated(layout) == layout
