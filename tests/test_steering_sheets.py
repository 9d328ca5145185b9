"""Konsolidierung, Eckwerte, Ausnahmen and Rahmenbedingungen in the plan of a city that uses them
all: from returns that clerks filled to cells that an auditor recalculates.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from pipeline import savings
from pipeline.excel.budget_plan import write_budget_plan
from pipeline.excel.budget_plan.savings_chart import chart_title, described
from pipeline.model.results import Results
from tests import recalculation
from tests.conftest import Convert
from tests.small_city import MASTER, RETURNS, ROWS, Rows, a_city, run

Worksheet = Any  # openpyxl describes a cell as the union of everything that could stand in one


def _with(name: str, key: str, **change: object) -> list[dict[str, object]]:
    """The rows of a master table, one of them changed; ``key`` is the row's first cell."""
    rows = [dict(row) for row in MASTER[name]]
    return [{**row, **change} if next(iter(row.values())) == key else row for row in rows]


def _master() -> dict[str, Rows]:
    settings = [
        *MASTER["settings"],
        {"setting": "uses_savings", "value": "ja"},
        {"setting": "savings_until", "value": "2031"},
    ]
    goals = [
        *MASTER["goals"],
        {"goal": "Z9", "title": "Haushalt sichern", "level": "strategisch", "consolidation": "ja"},
        {"goal": "Z9.1", "title": "Kosten der Schulen", "parent": "Z9", "level": "Handlungsfeld"},
        {"goal": "Z9.10", "title": "Kosten der Stadtplanung", "parent": "Z9", "level": "Handlungsfeld"},
    ]  # fmt: skip
    products = _with("products", "211.10", task_type="freiwillig")
    products = [
        {**row, "task_type": "freiwillig" if row["product"] in {"211.10", "511.10"} else "Pflicht"}
        for row in products
    ]
    ceilings = [
        # What T40 plans is 870,600.01 euro in 2027 and 888,000.01 in 2028.
        {"unit": "T40", "year": 2027, "amount": 870_600},
        {"unit": "T40", "year": 2028, "amount": "888000.01"},
        {"unit": "STADT", "year": 2027, "amount": -4_000_000},
    ]
    waivers = [
        _waiver("A05", unit="T40", key="year=2027", expires="2026-10-15", reason="Tarifabschluss"),
        _waiver("H06", unit="T40", table="savings", expires="2026-10-14"),
        _waiver("Z08", key="product=541.10"),
        _waiver("A10", key="alles"),
    ]
    return {
        "settings": settings, "goals": goals, "products": products, "ceilings": ceilings,
        "waivers": waivers,
    }  # fmt: skip


def _waiver(rule: str, **facts: str) -> dict[str, object]:
    return {"rule": rule, "approver": "Amtsleitung Kämmerei", "reason": "Einzelfall", **facts}


def _saving(number: str, title: str, **facts: object) -> dict[str, object]:
    return {
        "savings_measure": number, "title": title, "goal": "Z9.1", "effect": "Jahreswirkung",
        "state": "begonnen", **facts,
    }  # fmt: skip


def _years(*amounts: object) -> dict[str, object]:
    return {
        f"plan_{2027 + place}": amount for place, amount in enumerate(amounts) if amount is not None
    }


SAVINGS: Mapping[str, Rows] = {
    "T40": [
        _saving("HSK-1", "Hausmeisterdienste bündeln", product="211.10", actual_2025=30_000, **_years(*[50_000] * 5)),
        _saving("HSK-2", "Wiederbesetzungssperre", effect="Zuwachs", compensation="Stellensperre", **_years("20000.50", 10_000)),
        _saving("HSK-3", "Miete der Stadtplanung", product="211.10", memo="ja", counterpart="HSK-T61-1", effect="Zuwachs", **_years(7_000, 0, 0, 0, 0)),
        _saving("HSK-4", "Ausschüttung der Stadtwerke", memo="ja", **_years(1_000_000, 1_000_000)),
    ],
    "T61": [
        _saving("HSK-T61-1", "Büroflächen abgeben", product="511.10", goal="Z9.10", **_years(7_000, None, 9_000, 9_000, 9_000)),
    ],
}  # fmt: skip


def _returns() -> dict[str, dict[str, Rows]]:
    found = {unit: {**tables, "savings": SAVINGS[unit]} for unit, tables in RETURNS.items()}
    funded = {"funder": "Land", "funding_state": "bewilligt", "egovernment": "ja"}
    applied = {"funder": "Bund", "funding_state": "beantragt"}
    first, second, third = RETURNS["T40"]["measures"]
    found["T40"]["measures"] = [first, {**second, **funded}, {**third, **applied}]
    found["T40"]["costs"] = [
        *RETURNS["T40"]["costs"],
        {"product": "211.10", "line": "02", "measure": "M-T40-002", "continuation": "wie Ansatz", "amount_2027": 400},
        {"product": "211.10", "line": "02", "measure": "M-T40-003", "continuation": "wie Ansatz", "amount_2027": 70_000},
    ]  # fmt: skip
    found["T40"]["product_texts"] = [{"product": "211.10", "posts_2027": "12.25"}]
    found["T61"]["product_texts"] = [
        {"product": "511.10", "posts_2027": "3.1"},
        {"product": "541.10", "posts_2027": "0.2"},
    ]
    return found


@dataclass(frozen=True, kw_only=True)
class City:
    results: Results
    path: Path
    values: Any
    formulas: Any

    def sheet(self, name: str) -> Worksheet:
        return self.values[name]

    def formula(self, name: str, row: int, column: int) -> str:
        return str(self.formulas[name].cell(row, column).value)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    root = tmp_path_factory.mktemp("steering")
    found = run(a_city(root / "city", returns=_returns(), prepared=ROWS, **_master()))
    path = root / "Haushaltsplan.xlsx"
    write_budget_plan(found, path)
    values, formulas = (openpyxl.load_workbook(path, data_only=only) for only in (True, False))
    return City(results=found, path=path, values=values, formulas=formulas)


def _row(sheet: Worksheet, text: str, column: int = 1) -> int:
    found = [row for row in range(1, sheet.max_row + 1) if sheet.cell(row, column).value == text]
    assert len(found) == 1, (text, found)
    return found[0]


def _column(sheet: Worksheet, title: str, row: int = 4) -> int:
    found = [c for c in range(1, sheet.max_column + 1) if sheet.cell(row, c).value == title]
    assert len(found) == 1, (title, found)
    return found[0]


def _amounts(sheet: Worksheet, row: int, years: tuple[int, ...] = (2027, 2028, 2029)) -> list[Any]:
    return [sheet.cell(row, _column(sheet, f"Soll\n{year}")).value for year in years]


def _texts(sheet: Worksheet) -> list[str]:
    return [str(c.value) for row in sheet.iter_rows() for c in row if isinstance(c.value, str)]


def test_the_city_has_only_the_findings_it_was_made_with(city: City) -> None:
    """Otherwise the other tests would look at something else than they say."""
    rules = sorted(each.rule for each in city.results.findings if each.severity.value != "note")
    assert {"A05", "H06", "S28"} <= set(rules)
    assert not [each for each in city.results.findings if each.blocking]


def test_every_cached_value_is_what_libreoffice_computes(
    city: City, convert: Convert, tmp_path: Path
) -> None:
    later = tmp_path / "Controlling.xlsx"
    write_budget_plan(in_controlling(city.results), later)
    neu = tmp_path / "neu"
    again = convert(city.path, outdir=neu, recalculate=True, beside=[later])
    assert recalculation.differences(city.path, again) == []
    assert recalculation.differences(later, neu / later.name) == []
    sheets = {sheet for sheet, _ in recalculation.formulas(city.path)}
    assert {"Konsolidierung", "Eckwerte", "Rahmenbedingungen"} <= sheets


# --- Konsolidierung ---------------------------------------------------------------------------


def in_controlling(found: Results) -> Results:
    """The same city a year later: T40 has an actual and a forecast of 2027 for HSK-1 and HSK-2."""
    frame = found.tables["savings"]
    plan = frame[(frame["role"] == "plan") & (frame["year"] == 2027)]
    told = plan[plan["savings_measure"].isin(["HSK-1", "HSK-2"])]
    cents = {"HSK-1": 45_000_00, "HSK-2": 26_000_00}
    later = [
        told.assign(role=role, cents=told["savings_measure"].map(cents).astype("Int64"))
        for role in ("actual", "forecast")
    ]
    savings_ = pd.concat([frame, *later], ignore_index=True)
    return replace(found, tables={**found.tables, "savings": savings_})


def test_deviations_compare_what_was_stated_for_the_same_year(city: City, tmp_path: Path) -> None:
    """HSK-1 misses 5,000 euro; HSK-2 (Zuwachs) brings 5,999.50 more than it planned for the year;
    the unit and the total add both.
    """
    path = tmp_path / "plan.xlsx"
    write_budget_plan(in_controlling(city.results), path)
    sheet = openpyxl.load_workbook(path, data_only=True)["Konsolidierung"]
    column = _column(sheet, "Prognose − Soll\n2027")
    shown = {
        number: sheet.cell(_row(sheet, number), column).value
        for number in ("HSK-1", "HSK-2", "T40", "HSK-T61-1")
    }
    assert shown == {"HSK-1": -5_000, "HSK-2": 5_999.5, "T40": 999.5, "HSK-T61-1": None}
    assert sheet.cell(_row(sheet, "Gesamt", 2), column).value == 999.5
    titles = [sheet.cell(4, place).value for place in range(7, 12)]
    assert titles == ["Ist\n2025", "Soll\n2027", "Ist\n2027", "Prognose\n2027", "Soll\n2028"]


def test_the_total_is_that_of_the_engine_and_holds_no_memo_item(city: City) -> None:
    sheet = city.sheet("Konsolidierung")
    # By hand: 50,000 + 20,000.50 + 7,000, then 50,000 + 30,000.50 (HSK-T61-1 says nothing of 2028).
    shown = _amounts(sheet, _row(sheet, "Gesamt", 2))
    assert shown == [77_000.5, 80_000.5, 89_000.5]
    totals = savings.city_totals(savings.effects(city.results.tables["savings"]))
    plan = totals[totals["role"] == "plan"]["annual"]
    assert [round(value * 100) for value in shown] == list(plan)[:3]


def test_memo_items_stand_below_the_total_and_no_formula_reads_them(city: City) -> None:
    sheet = city.sheet("Konsolidierung")
    heading = next(
        row for row in range(1, sheet.max_row + 1)
        if str(sheet.cell(row, 1).value).startswith("Nachrichtlich")
    )  # fmt: skip
    first, last = _row(sheet, "HSK-3"), _row(sheet, "HSK-4")
    assert _row(sheet, "Gesamt", 2) < heading < first < last
    assert "T40 Team Bildung; Gegenposition zu HSK-T61-1" in sheet.cell(first, 2).value
    assert "Gegenposition zu (nicht genannt)" in sheet.cell(last, 2).value
    memo = set(range(first, last + 1))
    for row in range(1, sheet.max_row + 1):
        if row in memo:
            continue
        for cell in city.formulas["Konsolidierung"][row]:
            if str(cell.value).startswith("="):
                assert not memo & _rows_read(str(cell.value)), cell.coordinate


def _rows_read(formula: str) -> set[int]:
    """Every row of the own sheet that a formula reads, ranges included."""
    found: set[int] = set()
    for first, last in re.findall(
        r"(?<![!\w'])\$?[A-Z]{1,2}\$?(\d+)(?::\$?[A-Z]{1,2}\$?(\d+))?", formula
    ):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_a_zuwachs_is_shown_as_stated_and_adds_up_above_it(city: City) -> None:
    sheet = city.sheet("Konsolidierung")
    row = _row(sheet, "HSK-2")
    assert _amounts(sheet, row) == [20_000.5, 30_000.5, 30_000.5]
    assert sheet.cell(row + 1, 2).value == "gemeldet als Zuwachs zum Vorjahr"
    assert _amounts(sheet, row + 1) == [20_000.5, 10_000, None]
    column = _column(sheet, "Soll\n2028")
    letters = [openpyxl.utils.get_column_letter(column + place) for place in (-1, 0)]
    expected = f"=ROUND(SUM({letters[0]}{row + 1},{letters[1]}{row + 1}),2)"
    assert city.formula("Konsolidierung", row, column) == expected


def test_what_is_not_stated_is_not_shown_as_nothing(city: City) -> None:
    sheet = city.sheet("Konsolidierung")
    assert _amounts(sheet, _row(sheet, "HSK-T61-1")) == [7_000, "k. A.", 9_000]
    assert _amounts(sheet, _row(sheet, "Maßnahmen mit Angabe", 2)) == [
        "3 von 3",
        "2 von 3",
        "3 von 3",
    ]


def test_only_increments_are_added_over_years(city: City) -> None:
    """The last column of the folded block is the only sum along a row, and it is the last level."""
    sheet, formulas = city.sheet("Konsolidierung"), city.formulas["Konsolidierung"]
    added, head = _column(sheet, "Zuwachs\nalle Jahre"), 4
    for number, level in (("HSK-1", 50_000), ("HSK-2", 30_000.5), ("HSK-T61-1", 9_000)):
        row = _row(sheet, number)
        assert sheet.cell(row, added).value == level
        assert sheet.cell(row, _column(sheet, "Soll\n2031")).value == level
    for row in formulas.iter_rows(min_row=head + 1):
        for cell in row:
            along = re.fullmatch(r"=ROUND\(SUM\(([A-Z]+)(\d+):([A-Z]+)\2\),2\)", str(cell.value))
            if along and along[1] != along[3]:
                assert cell.column == added, cell.coordinate


def test_the_rows_are_a_hierarchy_of_unit_product_and_measure(city: City) -> None:
    sheet = city.sheet("Konsolidierung")
    end = _row(sheet, "Gesamt", 2)
    outline = [
        (sheet.cell(row, 1).value, sheet.row_dimensions[row].outlineLevel) for row in range(5, end)
    ]
    assert outline == [
        ("STADT", 0), ("T40", 1), ("211.10", 2), ("HSK-1", 3), (None, 2), ("HSK-2", 3), (None, 4),
        ("T61", 1), ("511.10", 2), ("HSK-T61-1", 3),
    ]  # fmt: skip
    assert sheet.cell(9, 2).value == "ohne Produkt (betrifft die ganze Einheit)"
    assert not sheet.sheet_properties.outlinePr.summaryBelow


def test_the_goals_make_the_total_and_the_consolidation_goal_is_named(city: City) -> None:
    sheet = city.sheet("Konsolidierung")
    assert "Nach Zielen (Konsolidierungsziel: Z9)" in _texts(sheet)
    assert _amounts(sheet, _row(sheet, "Z9")) == _amounts(sheet, _row(sheet, "Gesamt", 2))
    assert _amounts(sheet, _row(sheet, "Z9.1")) == [70_000.5, 80_000.5, 80_000.5]
    assert _amounts(sheet, _row(sheet, "Z9.10")) == [7_000, 0, 9_000]
    assert set(_amounts(sheet, _row(sheet, "Summe der Ziele = Gesamt", 2))) == {"✓"}


def test_a_measure_leads_to_its_row_in_the_return(city: City) -> None:
    sheet = city.sheet("Konsolidierung")
    cell = sheet.cell(_row(sheet, "HSK-2"), _column(sheet, "Quelle"))
    texts = city.results.texts["savings"]
    row = texts[texts["savings_measure"] == "HSK-2"].iloc[0]
    assert cell.value == f"T40.xlsx {row['cell']}"
    assert cell.hyperlink.target.endswith(r"\input\kleinstadt\2027\T40.xlsx")
    assert cell.hyperlink.location == f"'Konsolidierung'!{row['cell']}"


def test_a_plan_without_savings_has_no_such_sheet(city: City, tmp_path: Path) -> None:
    found, path = city.results, tmp_path / "plan.xlsx"
    without = replace(found.master.settings, uses_savings=False)
    write_budget_plan(replace(found, master=replace(found.master, settings=without)), path)
    names = openpyxl.load_workbook(path, read_only=True).sheetnames
    assert "Konsolidierung" not in names
    assert "Rahmenbedingungen" in names


def test_a_plan_without_reported_savings_and_without_waivers_says_so(
    city: City, tmp_path: Path
) -> None:
    found, path = city.results, tmp_path / "plan.xlsx"
    tables = {**found.tables, "savings": found.tables["savings"].iloc[:0]}
    none = {**found.master.tables, "waivers": found.master.tables["waivers"].iloc[:0]}
    master = replace(found.master, tables=none)
    write_budget_plan(replace(found, tables=tables, master=master), path)
    book = openpyxl.load_workbook(path)
    said = "Es sind keine Konsolidierungsmaßnahmen gemeldet."
    assert said in _texts(book["Konsolidierung"])
    assert "Es sind keine Ausnahmen genehmigt." in _texts(book["Ausnahmen"])


def test_the_picture_says_in_its_title_what_it_shows(city: City) -> None:
    with zipfile.ZipFile(city.path) as package:
        charts = [
            package.read(name).decode() for name in package.namelist() if "charts/chart" in name
        ]
        drawings = "".join(
            package.read(name).decode() for name in package.namelist() if "drawings/drawing" in name
        )
    title = (
        "Geplante Entlastung je Jahr steigt von 77 Tsd. € (2027) auf 89 Tsd. € (2031); "
        "erreicht 2025: 30 Tsd. €"
    )
    assert any(title in chart for chart in charts)
    assert (
        "Säulendiagramm: Entlastung je Jahr durch Konsolidierung. Ist 2025: 30.000 Euro;"
        in drawings
    )


@pytest.mark.parametrize(
    ("sums", "title"),
    [
        ({("plan", 2027): 250_000_000, ("plan", 2028): 250_000_000}, "Geplante Entlastung je Jahr bleibt bei 2,5 Mio. € (2027 bis 2028)"),
        ({("plan", 2027): 2_254_999_999, ("plan", 2031): 50_000_00}, "Geplante Entlastung je Jahr sinkt von 22,5 Mio. € (2027) auf 50 Tsd. € (2031)"),
        ({("plan", 2027): -100_000_000, ("plan", 2028): 104_999_999}, "Geplante Entlastung je Jahr steigt von -1,0 Mio. € (2027) auf 1,0 Mio. € (2028)"),
        ({("actual", 2025): 1_234_567_00}, "erreicht 2025: 1,2 Mio. €"),
    ],
)  # fmt: skip
def test_the_title_follows_the_amounts(sums: dict[tuple[str, int], int], title: str) -> None:
    assert chart_title(sums) == title
    assert all(str(year) in described(sums) for _, year in sums)


# --- Eckwerte ---------------------------------------------------------------------------------


def _ceiling(city: City, unit: str, year: int) -> list[Any]:
    """Ceiling, net cost, deviation and state of a unit in a year."""
    sheet = city.sheet("Eckwerte")
    first = _column(sheet, f"Eckwert\n{year}")
    row = _row(sheet, unit)
    return [sheet.cell(row, first + place).value for place in (0, 1, 2, 4)]


def test_a_ceiling_is_exceeded_by_a_cent_and_kept_to_the_cent(city: City) -> None:
    assert _ceiling(city, "T40", 2027) == [
        870_600,
        870_600.01,
        0.01,
        "▲ überschritten, Ausnahme genehmigt",
    ]
    assert _ceiling(city, "T40", 2028) == [888_000.01, 888_000.01, 0, "✓ eingehalten"]
    assert _ceiling(city, "T61", 2028)[0::3] == [None, "– kein Eckwert"]


def test_the_sheet_and_the_findings_agree_on_what_is_exceeded(city: City) -> None:
    said = {(each.unit, each.keys["year"]) for each in city.results.findings if each.rule == "A05"}
    shown = {
        (unit, str(year))
        for unit in ("T40", "T61", "STADT")
        for year in (2027, 2028)
        if str(_ceiling(city, unit, year)[3]).startswith("▲")
    }
    assert shown == said == {("T40", "2027")}


def test_a_unit_that_returns_nothing_is_compared_with_everything_below(city: City) -> None:
    """870,600.01 of T40 and 300,000.55 − 5,200,000 of T61."""
    assert _ceiling(city, "STADT", 2027) == [-4_000_000, -4_029_399.44, -29_399.44, "✓ eingehalten"]
    sheet = city.sheet("Eckwerte")
    assert sheet.cell(_row(sheet, "STADT"), 2).value == "Kleinstadt (mit allem darunter)"
    total = _row(sheet, "Einheiten mit Eckwert zusammen", 2)
    assert sheet.cell(total, _column(sheet, "Eckwert\n2027")).value == 870_600


def test_a_unit_that_is_stood_in_for_is_not_judged(city: City, tmp_path: Path) -> None:
    found, path = city.results, tmp_path / "plan.xlsx"
    register = found.tables["register"].copy()
    register.loc[register["unit"] == "T40", ["status", "money"]] = ["rejected", "rejected"]
    gone = replace(found, tables={**found.tables, "register": register})
    for stand_ins, state in (
        ({"T40": "previous_year"}, "○ Ersatz: Vorjahr"),
        ({}, "○ kein Rücklauf zählt"),
    ):
        write_budget_plan(replace(gone, stand_ins=stand_ins), path)
        sheet = openpyxl.load_workbook(path, data_only=True)["Eckwerte"]
        assert sheet.cell(_row(sheet, "T40"), _column(sheet, "Stand\n2027")).value == state


# --- Ausnahmen --------------------------------------------------------------------------------


def _waivers(city: City) -> list[tuple[str, str, str]]:
    """Rule, state and number of findings of every waiver."""
    sheet = city.sheet("Ausnahmen")
    return [
        (str(sheet.cell(row, 2).value)[:3], sheet.cell(row, 7).value, sheet.cell(row, 8).value)
        for row in range(5, sheet.max_row + 1)
    ]


def test_every_waiver_says_what_it_does_on_the_day_of_the_plan(city: City) -> None:
    """The last day of a waiver still counts; the day after it has expired and its finding is open
    again.
    """
    assert _waivers(city) == [
        ("A05", "● wirkt", "1"),
        ("H06", "▲ abgelaufen", "1"),
        ("Z08", "○ trifft auf nichts zu", "0"),
        ("A10", "▲ Schlüssel nicht lesbar", "0"),
    ]
    waived = {each.rule for each in city.results.findings if each.waived}
    assert waived == {"A05"}
    assert "Wieder offen, weil die Frist vorbei ist." in str(
        city.sheet("Ausnahmen").cell(6, 9).value
    )


def test_a_waiver_names_function_reason_scope_and_term(city: City) -> None:
    sheet = city.sheet("Ausnahmen")
    facts = [sheet.cell(5, column).value for column in range(2, 7)]
    assert facts[0].startswith("A05 ")
    assert facts[1:] == [
        "T40 Team Bildung, Jahr 2027",
        "Amtsleitung Kämmerei",
        "Tarifabschluss",
        "15.10.2026",
    ]
    assert sheet.cell(6, 3).value == "T40 Team Bildung, Blatt Konsolidierung"
    assert sheet.cell(7, 6).value == "unbefristet"


def test_a_waiver_leads_to_its_finding_and_the_finding_says_that_it_is_waived(city: City) -> None:
    link = city.sheet("Ausnahmen").cell(5, 8).hyperlink.location
    sheet, cell = re.fullmatch(r"'(\w+)'!A(\d+)", link).groups()  # type: ignore[union-attr]
    row = [c.value for c in city.sheet(sheet)[int(cell)]]
    assert (row[2], row[3], row[10]) == ("A05", "T40", "Ausnahme genehmigt")


# --- Rahmenbedingungen ------------------------------------------------------------------------


def _found(city: City, text: str, column: int = 3) -> list[Any]:
    """The cells of the row that holds a text, from the first column on."""
    sheet = city.sheet("Rahmenbedingungen")
    return [cell.value for cell in sheet[_row(sheet, text, column)]]


def _figures(city: City, text: str, column: int = 3) -> list[Any]:
    """The amounts of a row: 2026, 2027 and the years after it."""
    return _found(city, text, column)[5:10]


def test_tags_are_shown_gross_and_never_summed(city: City) -> None:
    gross = city.results.tables["aggregates"]
    rows = gross[(gross["view"] == "bezug") & (gross["goal"] == "R1") & (gross["year"] == 2027)]
    sums = dict(zip(rows["kind"], rows["cents"], strict=True))
    assert _found(city, "Effizient handeln")[1:5] == [
        "R1",
        "Effizient handeln",
        "Rahmenbedingung",
        "1",
    ]
    shown = int(Decimal(str(_figures(city, "Effizient handeln")[1])) * 100)
    # Rows of the measure M-T40-002, which names a goal of its own, do not serve the tag.
    assert shown == sums["expense"] - sums["revenue"] == 870_000_00
    texts = _texts(city.sheet("Rahmenbedingungen"))
    assert any("werden nie zu ihnen addiert" in text for text in texts)


def test_voluntary_tasks_stand_by_net_cost_and_make_a_sum(city: City) -> None:
    sheet = city.sheet("Rahmenbedingungen")
    head = _row(sheet, "Freiwillige Aufgabe", 3)
    assert [sheet.cell(head + place, 2).value for place in (1, 2, 3)] == ["211.10", "511.10", None]
    assert _figures(city, "Freiwillige Aufgaben zusammen")[1] == 870_600.01 + 210_000.55


def test_third_party_funding_is_counted_by_its_state_and_listed_measures_are_not(
    city: City,
) -> None:
    assert _figures(city, "bewilligt: 1 Maßnahme")[1:] == [400, 400, 400, 400]
    assert _figures(city, "beantragt: 1 Maßnahme")[1:] == [0, 0, 0, 0]
    assert _figures(city, "Drittmittel zusammen")[1:] == [400, 400, 400, 400]
    assert "beantragt\n(zählt nicht)" in _texts(city.sheet("Rahmenbedingungen"))


def test_posts_are_added_over_products_without_noise(city: City) -> None:
    """12.25 + 3.1 + 0.2: as floats 15.549999999999999."""
    total = _figures(city, "Stellen zusammen")
    assert total[1] == 15.55
    assert total[2] in {None, ""}


def test_marks_of_measures_are_listed_with_their_number(city: City) -> None:
    texts = _texts(city.sheet("Rahmenbedingungen"))
    assert any(
        text.startswith("E-Government: 1, Wirtschaftlichkeitsvergleich: 1.") for text in texts
    )
    assert "E-Government" in texts
    assert "Wirtschaftlichkeitsvergleich" in texts


def test_foreign_text_stays_text(city: City, tmp_path: Path) -> None:
    """A title that looks like a formula, a link and markup is printed as it was typed."""
    found, path = city.results, tmp_path / "plan.xlsx"
    evil = '=HYPERLINK("http://example.org","<b>&")'
    texts = dict(found.texts)
    for name, column in (("savings", "title"), ("measures", "title"), ("goals", "title")):
        frame: pd.DataFrame = texts[name].copy()
        frame[column] = pd.array([evil] * len(frame), dtype="string")
        texts[name] = frame
    write_budget_plan(replace(found, texts=texts), path)
    book = openpyxl.load_workbook(path)
    for name in ("Konsolidierung", "Rahmenbedingungen"):
        cells = [c for row in book[name].iter_rows() for c in row if c.value == evil]
        assert cells
        assert {cell.data_type for cell in cells} == {"s"}
