"""What a template says while somebody types is what the pipeline says after the return."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path

import formualizer
import pytest
from openpyxl import load_workbook

from pipeline import __version__
from pipeline.excel.intake import accounting
from pipeline.excel.intake.intake import submission_of
from pipeline.excel.layout.calculator import recalculated
from pipeline.excel.layout.layout import WorkbookLayout
from pipeline.excel.layout.live import INTENDED_DIFFERENCES, LiveCheck, checks_of
from pipeline.excel.layout.live_check import SAFE_FUNCTIONS
from pipeline.excel.layout.sheet_layout import Shown, TableLayout
from pipeline.excel.layout_writer import write_layout
from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import column_number
from pipeline.model.findings import Finding, Severity
from pipeline.model.master import Master
from pipeline.model.submission import combined
from pipeline.rules.continuation import filled_amounts
from pipeline.validation import judged, validate
from tests.builders import CITY, PLAN, a_master, a_template
from tests.conftest import Convert
from tests.live_entries import (
    GOAL_TABLES,
    a_big_template,
    a_goal_template,
    a_town,
    a_town_of_goals,
    cell_of,
    drawn_entries,
    with_entries,
)

Entries = Mapping[tuple[str, int, str], Shown]
SEEDS = (7, pytest.param(8, marks=pytest.mark.long))


@cache
def town() -> Master:
    return a_town()


@cache
def empty() -> WorkbookLayout:
    return a_big_template(town())


@cache
def typed(seed: int) -> WorkbookLayout:
    """The template with some 10,000 entries, every formula computed."""
    return recalculated(with_entries(empty(), drawn_entries(empty(), seed=seed)))


def findings_of(layout: WorkbookLayout, master: Master, path: Path) -> list[Finding]:
    """What the pipeline finds in the workbook as it came back; before waivers and explanations."""
    write_layout(layout, path)
    read = submission_of(
        "T61.xlsx", read_workbook(path), master, city=CITY, plan=PLAN, version=__version__
    )
    frames = combined(master, master.submission, [("T61", "T61.xlsx", read.blocks)])
    found = [*read.findings, *validate(frames, master.submission, "template")]
    return judged(found, master, frames)


@cache
def found_in(seed: int) -> list[Finding]:
    """What the pipeline finds in the filled template, each cell for itself."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(accounting, "ALIKE", 10**9)
        return findings_of(typed(seed), town(), Path(folder) / "T61.xlsx")


def said_at(found: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    by_cell: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for each in found:
        by_cell[each.place.table, each.place.cell].append(each)
    return by_cell


def meant(check: LiveCheck, each: Finding) -> bool:
    """Whether a finding is what the check predicts; a hint is silent in a row that explains it."""
    names = {each.rule, f"{each.rule}.{each.values.get('variant', '')}"}
    return bool(names & check.covers) and (check.is_error or not each.explained)


@cache
def goals_typed(seed: int) -> WorkbookLayout:
    """The sheets of goals, filled by a department."""
    fresh = a_goal_template(goal_town())
    return recalculated(with_entries(fresh, drawn_entries(fresh, seed=seed, tables=GOAL_TABLES)))


@cache
def goal_town() -> Master:
    return a_town_of_goals()


Verdicts = dict[tuple[str, str, int], tuple[bool, bool]]
"""(table, helper, row): what the sheet says, what the pipeline says."""


def verdicts(layout: WorkbookLayout, found: Iterable[Finding]) -> Verdicts:
    said = said_at(found)
    result: Verdicts = {}
    for table in layout.tables.values():
        for check in checks_of(table):
            for row in range(table.first_row, table.last_row + 1):
                helper = cell_of(layout, table, row, check.helper)
                if helper is not None:
                    cell = (table.table.name, f"{table.letters[check.column]}{row}")
                    wrong = any(meant(check, each) for each in said.get(cell, ()))
                    result[table.table.name, check.helper, row] = (bool(helper.value), wrong)
    return result


# --- agreement --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sheet_and_the_pipeline_say_the_same_of_every_cell(seed: int) -> None:
    found = verdicts(typed(seed), found_in(seed))
    assert len(found) > 30_000
    assert {key: both for key, both in found.items() if both[0] != both[1]} == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_sheets_of_goals_say_what_the_pipeline_says(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounting, "ALIKE", 10**9)
    layout = goals_typed(seed)
    found = verdicts(layout, findings_of(layout, goal_town(), tmp_path / "T61.xlsx"))
    mine = {key: both for key, both in found.items() if key[0] in GOAL_TABLES}
    assert {key: both for key, both in mine.items() if both[0] != both[1]} == {}


def test_every_live_rule_of_goals_is_broken_and_kept_in_at_least_200_rows() -> None:
    layout = goals_typed(7)
    said: dict[str, set[bool]] = {}
    for name in GOAL_TABLES:
        table = layout.tables[name]
        assert len(table.rows) >= 200
        for check in checks_of(table):
            cells = (
                cell_of(layout, table, row, check.helper)
                for row in range(table.first_row, table.last_row + 1)
            )
            said[f"{name} {check.helper}"] = {bool(cell.value) for cell in cells if cell}
    assert {each for each in said if said[each] != {True, False}} == set()
    assert said.keys() >= {"goals #S07:parent", "goals #S30:parent", "goals #S10:goal"}


def test_the_sheet_takes_for_an_error_what_the_pipeline_takes_for_one() -> None:
    """Also where the master's sheet Regeln made a rule stricter or milder."""
    found = found_in(7)
    said = said_at(found)
    severities: dict[str, set[tuple[bool, bool]]] = defaultdict(set)
    open_errors = 0
    for table in typed(7).tables.values():
        for check in checks_of(table):
            for row in range(table.first_row, table.last_row + 1):
                helper = cell_of(typed(7), table, row, check.helper)
                if helper is None or not helper.value:
                    continue
                open_errors += check.is_error
                cell = (table.table.name, f"{table.letters[check.column]}{row}")
                for each in said.get(cell, ()):
                    if each.rule == check.rule:
                        severities[each.rule].add((check.is_error, each.severity is Severity.ERROR))
    assert len(severities) > 30
    assert {rule for rule, pairs in severities.items() if any(a != b for a, b in pairs)} == set()
    assert {severities[rule] == {(True, True)} for rule in ("Z07", "K05")} == {True}
    assert {severities[rule] == {(False, False)} for rule in ("M04", "K08", "Z12")} == {True}
    ceiling = [each for each in found if each.rule == "A05"]
    assert [each.severity for each in ceiling] == [Severity.ERROR]
    verdict = str(texts(typed(7), "Prüfung")[4, 1])
    assert verdict.startswith(f"✗  Noch {open_errors + len(ceiling)} Fehler")


def test_every_live_rule_is_broken_and_kept_in_at_least_200_rows_per_table() -> None:
    said: dict[tuple[str, str], set[bool]] = defaultdict(set)
    for table in typed(7).tables.values():
        if table.table.settings:
            continue
        assert len(table.rows) >= 200, table.table.name
        for check in checks_of(table):
            for row in range(table.first_row, table.last_row + 1):
                helper = cell_of(typed(7), table, row, check.helper)
                if helper is not None:
                    said[table.table.name, check.rule].add(bool(helper.value))
    assert len(said) > 60
    assert {key: each for key, each in said.items() if each != {True, False}} == {}


def stored(layout: WorkbookLayout) -> dict[tuple[str, int, int], Shown]:
    return {
        (sheet.name, *place): cell.value
        for sheet in layout.sheets
        for place, cell in sheet.cells.items()
        if cell.formula is not None
    }


def without_values(layout: WorkbookLayout, *, colours: bool = True) -> WorkbookLayout:
    """A copy that cannot be trusted: what comes out of it was computed."""
    return replace(
        layout,
        sheets=tuple(
            replace(
                sheet,
                highlights=sheet.highlights if colours else (),
                cells={
                    place: cell if cell.formula is None else replace(cell, value=999)
                    for place, cell in sheet.cells.items()
                },
            )
            for sheet in layout.sheets
        ),
    )


def same(one: object, other: object) -> bool:
    if isinstance(one, int | float | Decimal) and isinstance(other, int | float):
        return abs(float(one) - float(other)) <= 1e-9 * max(1.0, abs(float(one)))
    return (one or "") == (other or "")


@pytest.mark.parametrize(
    ("make", "least"),
    [(empty, 40_000), (lambda: typed(7), 40_000), (lambda: goals_typed(7), 5_000)],
    ids=["empty", "filled", "goals"],
)
def test_a_foreign_engine_computes_the_values_that_we_store(
    make: Callable[[], WorkbookLayout], least: int, tmp_path: Path
) -> None:
    layout = make()
    # Its reader knows no conditional formats.
    write_layout(without_values(layout, colours=False), tmp_path / "T61.xlsx")
    engine = formualizer.Workbook.from_path(str(tmp_path / "T61.xlsx"))
    engine.evaluate_all()
    ours = {
        place: value
        for place, value in stored(layout).items()
        if not (place[0] == "Prüfung" and "FIXED" in str(_formula(layout, place)))
    }  # FIXED writes numbers as the reader's country does; the engine knows one country only
    assert len(ours) > least
    wrong = [
        (place, value, engine.get_value(*place))
        for place, value in ours.items()
        if not same(value, engine.get_value(*place))
    ]
    assert wrong == []


def _formula(layout: WorkbookLayout, place: tuple[str, int, int]) -> str | None:
    sheet = next(each for each in layout.sheets if each.name == place[0])
    return sheet.cells[place[1], place[2]].formula


@pytest.mark.parametrize("make", [lambda: typed(7), lambda: goals_typed(7)], ids=["all", "goals"])
def test_libreoffice_computes_the_values_that_we_store(
    make: Callable[[], WorkbookLayout], tmp_path: Path, convert: Convert
) -> None:
    layout = make()
    write_layout(without_values(layout), tmp_path / "T61.xlsx")
    (tmp_path / "neu").mkdir()
    again = convert(tmp_path / "T61.xlsx", outdir=tmp_path / "neu", recalculate=True)
    book = load_workbook(again, data_only=True)
    wrong = [
        (place, value, book[place[0]].cell(place[1], place[2]).value)
        for place, value in stored(layout).items()
        if not same(value, book[place[0]].cell(place[1], place[2]).value)
    ]
    assert wrong == []


def test_nothing_is_broken_in_a_fresh_template() -> None:
    for layout in (a_template(), a_template(a_master(settings={"uses_savings": True}))):
        assert stored(recalculated(layout)) == stored(layout)
        helpers = {
            cell.value
            for table in layout.tables.values()
            for check in checks_of(table)
            for row in range(table.first_row, table.last_row + 1)
            if (cell := cell_of(layout, table, row, check.helper))
        }
        assert helpers == {0}


# --- where they differ on purpose -------------------------------------------------------------


DIFFERENT: Mapping[str, tuple[str, str, str, Shown, bool, bool]] = {
    # text of the list: table, column, helper, entry, what the sheet says, what the pipeline says
    "als Text": ("costs", "amount_2027", "#Z01:amount_2027", "1.234,56", True, False),
    "Monate": ("measures", "start", "#Z18:start", "März 2027", True, False),
    "Unsichtbare": ("costs", "product", "#S01:product", "511.10\u00a0", True, False),
    "„ja“ und „nein“": ("kpis", "target_2027", "#K05:target_2027", "ja", False, True),
    "WAHR": ("measures", "egovernment", "#Z15:egovernment", True, True, False),
    "zehn Billionen": ("measures", "spent_before", "#M06:total_cost", 10**13, True, False),
}


@pytest.mark.long
@pytest.mark.parametrize("text", sorted(DIFFERENT))
def test_an_intended_difference_is_one_and_stands_in_the_list(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounting, "ALIKE", 10**9)
    assert sum(text in each for each in INTENDED_DIFFERENCES) == 1
    name, column, helper, entry, live, later = DIFFERENT[text]
    table = empty().tables[name]
    row = next(
        number
        for number, prepared in enumerate(table.rows, start=table.first_row)
        if column not in prepared.locked
        and (name != "kpis" or number == table.first_row + 3)  # a key figure with a range
    )
    entries: dict[tuple[str, int, str], Shown] = {(name, row, column): entry}
    if name == "measures":
        entries |= {(name, row, "total_cost"): 5}
    layout = recalculated(with_entries(empty(), entries))
    found = verdicts(layout, findings_of(layout, town(), tmp_path / "T61.xlsx"))
    assert found[name, helper, row] == (live, later)


def test_a_date_in_a_number_cell_is_only_seen_after_the_return(tmp_path: Path) -> None:
    """The number behind 3 December looks like any other."""
    assert sum("Datumsformat" in each for each in INTENDED_DIFFERENCES) == 1
    table = a_template().tables["costs"]
    row = table.last_row
    layout = an_answer({("costs", row, "amount_2027"): 46359})
    write_layout(layout, tmp_path / "T61.xlsx")
    book = load_workbook(tmp_path / "T61.xlsx")
    book["Ansätze"][f"{table.letters['amount_2027']}{row}"].number_format = "DD.MM.YYYY"
    book.save(tmp_path / "T61.xlsx")
    read = submission_of(
        "T61.xlsx", read_workbook(tmp_path / "T61.xlsx"), a_master(), city=CITY, plan=PLAN,
        version=__version__,
    )  # fmt: skip
    assert "Z04" in {each.rule for each in read.findings}
    helper = cell_of(layout, table, row, "#Z01:amount_2027")
    assert helper is not None
    assert helper.value == 0
    assert len(INTENDED_DIFFERENCES) == len(DIFFERENT) + 2


def test_a_double_that_differs_in_letter_case_from_an_earlier_number_is_only_seen_after_the_return(
    tmp_path: Path,
) -> None:
    assert sum("Sternchen" in each for each in INTENDED_DIFFERENCES) == 1
    table = a_template(goal_town()).tables["product_goals"]
    entries: dict[tuple[str, int, str], Shown] = {}
    for number, goal in enumerate(("Z1", "z1", "z1", "Z1")):
        row = table.first_row + number
        entries |= {("product_goals", row, "product"): "511.10"}
        entries |= {("product_goals", row, "goal"): goal, ("product_goals", row, "share"): 5}
    layout = an_answer(entries, goal_town())
    found = findings_of(layout, goal_town(), tmp_path / "T61.xlsx")
    said = [
        verdicts(layout, found)["product_goals", "#S10:product", table.first_row + number]
        for number in range(4)
    ]
    assert said == [(False, False), (False, False), (False, True), (True, True)]


# --- what a clerk sees ------------------------------------------------------------------------


def an_answer(entries: Entries, master: Master | None = None) -> WorkbookLayout:
    return recalculated(with_entries(a_template(master), entries))


def texts(layout: WorkbookLayout, sheet: str) -> dict[tuple[int, int], Shown]:
    found = next(each for each in layout.sheets if each.name == sheet)
    return {place: cell.value for place, cell in found.cells.items()}


def a_row(layout: WorkbookLayout, table: str, row: int, **values: Shown) -> Entries:
    assert row <= layout.tables[table].last_row
    return {(table, row, column): value for column, value in values.items()}


YEARS: Mapping[str, Shown] = {f"amount_{year}": 5_000 for year in (2027, 2028, 2029, 2030)}


def test_the_verdict_goes_from_nothing_over_open_errors_to_ready() -> None:
    fresh = a_template()
    row = fresh.tables["costs"].last_row
    assert texts(recalculated(fresh), "Prüfung")[4, 1] == "○  Noch nicht ausgefüllt"
    kpis = fresh.tables["kpis"]
    targets: Entries = {
        ("kpis", number, "target_2027"): 10 for number in range(kpis.first_row, kpis.last_row + 1)
    }
    parts: Entries = {
        ("kpis", number, name): value
        for number, prepared in enumerate(kpis.rows, start=kpis.first_row)
        for name, value in (
            ("numerator_2025", 362),
            ("denominator_2025", 1000),
            ("actual_2025", ""),
        )
        if name not in prepared.locked
    }
    right = a_row(fresh, "costs", row, product="511.10", line="13", **YEARS)
    wrong: Entries = {**right, ("costs", row, "amount_2029"): "zwölf", ("costs", row, "line"): "99"}
    said = texts(an_answer({**wrong, **targets, **parts}), "Prüfung")[4, 1]
    assert str(said).startswith("✗  Noch 2 Fehler")
    said = texts(an_answer({**right, **targets, **parts}), "Prüfung")[4, 1]
    assert str(said).startswith("✓  Bereit zur Rückgabe")


def test_each_rule_has_a_line_with_its_count_and_the_way_to_the_first_place() -> None:
    fresh = a_template()
    first = fresh.tables["costs"].last_row - 1
    entries = {
        **a_row(
            fresh, "costs", first, product="511.10", line="13", **{**YEARS, "amount_2028": "x"}
        ),
        **a_row(
            fresh, "costs", first + 1, product="511.10", line="13", **{**YEARS, "amount_2027": "x"}
        ),
    }
    lines = texts(an_answer(entries), "Prüfung")
    row = next(
        row
        for (row, column), text in lines.items()
        if column == 2
        and str(text).startswith("Keine Zahl: Ansatz 2027")
        and lines[row, 1] == "Ansätze"
    )
    assert [lines[row, column] for column in (3, 4, 5)] == ["Fehler", 2, "→ zur Stelle"]


def test_the_wording_of_an_own_goal_stands_wherever_its_number_is_used() -> None:
    fresh = a_template(goal_town())
    first = {name: table.first_row for name, table in fresh.tables.items()}
    layout = an_answer(
        {
            **a_row(
                fresh, "goals", first["goals"], goal="A-1", title="Wege pflastern", parent="Z1"
            ),
            **a_row(fresh, "goals", first["goals"] + 1, parent="A-1"),
            **a_row(fresh, "product_goals", first["product_goals"], goal="A-1"),
            **a_row(fresh, "measures", first["measures"], goal="A-1"),
        },
        goal_town(),
    )
    read = {
        name: cell_of(layout, layout.tables[name], row, helper)
        for name, row, helper in (
            ("goals", first["goals"] + 1, "#parent"),
            ("product_goals", first["product_goals"], "#goal"),
            ("measures", first["measures"], "#goal"),
        )
    }
    assert {cell.value for cell in read.values() if cell} == {"Wege pflastern"}
    parent = cell_of(layout, layout.tables["goals"], first["goals"], "#parent")
    assert parent is not None
    assert parent.value == "Wohnumfelder attraktiv gestalten"


def test_the_status_names_an_error_before_a_hint_and_hints_are_silent_when_explained() -> None:
    fresh = a_template()
    table = fresh.tables["costs"]
    row = table.first_row + [r.values.get("line") for r in table.rows].index("13")
    jump: Entries = {("costs", row, name): 300_000 for name in YEARS}
    status = (row, 1)
    assert "bitte Sprung zu 2026 erläutern" in str(texts(an_answer(jump), "Ansätze")[status])
    explained: Entries = {**jump, ("costs", row, "remark"): "Neuer Vertrag"}
    assert texts(an_answer(explained), "Ansätze")[status] == "✓ in Ordnung"
    both: Entries = {**jump, ("costs", row, "amount_2030"): "viel"}
    assert texts(an_answer(both), "Ansätze")[status] == "✗ Planung 2030 ist keine Zahl"


def test_net_cost_stands_against_the_ceiling_while_typing() -> None:
    master = a_master(ceilings=[{"unit": "T61", "year": 2027, "amount": 4_750_000_00}])
    fresh = a_template(master)
    row = fresh.tables["costs"].last_row
    entries = a_row(
        fresh, "costs", row, product="511.10", line="13", **{**YEARS, "amount_2027": 4_812_300}
    )
    said = texts(an_answer(entries, master), "Prüfung")
    sentence = "Ansatz 2027: Zuschussbedarf 4.812.300 €, Eckwert 4.750.000 €, 62.300 € darüber"
    assert sentence in said.values()
    assert "Zuschussbedarf 0 €, Eckwert 4.750.000 €, 4.750.000 € darunter" in str(
        texts(recalculated(fresh), "Prüfung").values()
    )


def test_totals_count_what_fortschreibung_fills_to_the_cent(tmp_path: Path) -> None:
    """The live totals against the amounts that the pipeline derives from the same entries."""
    master = a_master(
        base_values=[
            {"name": "Orientierungsdaten 13", "year": year, "value": Decimal("1.75")}
            for year in (2028, 2029, 2030)
        ]
    )
    fresh = a_template(master)
    last = fresh.tables["costs"].last_row
    rows: list[tuple[str, Shown, Shown]] = [
        ("Orientierungsdaten", Decimal("12345.67"), None),
        ("Orientierungsdaten", Decimal("0.30"), None),
        ("wie Ansatz", Decimal("1000.01"), None),
        ("Orientierungsdaten", 5_000, 7_777),
        ("entfällt", 900, None),
        ("einzeln", 800, 100),
    ]
    entries: dict[tuple[str, int, str], Shown] = {}
    for number, (choice, first, third) in enumerate(rows):
        entries |= a_row(
            fresh, "costs", last - number, product="511.10", line="13", continuation=choice,
            amount_2027=first, **({"amount_2029": third} if third else {}),
        )  # fmt: skip
    layout = an_answer(entries, master)
    write_layout(layout, tmp_path / "T61.xlsx")
    read = submission_of(
        "T61.xlsx", read_workbook(tmp_path / "T61.xlsx"), master, city=CITY, plan=PLAN,
        version=__version__,
    )  # fmt: skip
    frames = combined(master, master.submission, [("T61", "T61.xlsx", read.blocks)])
    derived = filled_amounts(frames).groupby("year")["cents"].sum()
    table = layout.tables["costs"]
    labels = {text: row for (row, column), text in texts(layout, "Ansätze").items() if column == 1}
    for year in (2027, 2028, 2029, 2030):
        shown = texts(layout, "Ansätze")[
            labels["Aufwendungen"], column_number(table.letters[f"amount_{year}"])
        ]
        assert Decimal(str(shown)) * 100 == int(derived[year])


# --- how the formulas are made ----------------------------------------------------------------


def test_formulas_use_only_functions_that_every_office_program_has() -> None:
    used = {
        name
        for sheet in empty().sheets
        for cell in sheet.cells.values()
        if cell.formula
        for name in re.findall(r"([A-Z]+)\(", re.sub(r'"[^"]*"', "", cell.formula))
    }
    assert used <= SAFE_FUNCTIONS


def test_no_formula_points_at_an_entry_that_can_be_cut_away() -> None:
    """References go from locked header to locked closing row, or to locked cells."""
    for table in empty().tables.values():
        sheet = next(each for each in empty().sheets if each.name == table.sheet)
        for cell in set(sheet.cells.values()):
            for area in _areas(cell.formula or ""):
                assert _is_safe(area, table, empty()), (area, cell.formula)


def _areas(formula: str) -> list[str]:
    bare = re.sub(r'"[^"]*"', "", formula)
    return re.findall(r"(?<![!A-Za-z_])\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?", bare)


def _is_safe(area: str, table: TableLayout, layout: WorkbookLayout) -> bool:
    ends = [re.fullmatch(r"([A-Z]+)(\d+)", end.replace("$", "")) for end in area.split(":")]
    sheet = next(each for each in layout.sheets if each.name == table.sheet)
    if {int(end[2]) for end in ends if end} == {table.header_row, table.closing_row}:
        return True
    return all(
        end is not None and sheet.cells[int(end[2]), column_number(end[1])].locked for end in ends
    )
