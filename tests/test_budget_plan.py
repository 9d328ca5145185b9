"""The consolidated workbook: every formula is right, every euro can be followed, foreign text
stays text.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import formualizer
import openpyxl
import pandas as pd
import pytest
from openpyxl.cell.cell import Cell as OpenpyxlCell
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.utils import column_index_from_string, get_column_letter

from pipeline.excel.budget_plan import data as data_sheet
from pipeline.excel.budget_plan import ledger, write_budget_plan
from pipeline.excel.budget_plan.sheets import CONTENTS, DIFFERENCES, SAVINGS, source_link
from pipeline.excel.reader.reading import CellType
from pipeline.model.tables import Role, Year
from pipeline.tables.choices import ALL_KINDS, KINDS, label
from tests import recalculation
from tests.conftest import Convert
from tests.results_builder import CITY, PLAN, YEARS, many, results, with_title

SAFE = {"IF", "ROUND", "ABS", "SUM", "SUMIFS"}
# openpyxl describes a cell as the union of everything that could stand in one.
Workbook = Any
Worksheet = Any
Cell = Any
Formulas = dict[tuple[str, str], str]
Values = dict[tuple[str, str], object]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "Haushaltsplan.xlsx"
    write_budget_plan(results(), path)
    return path


@pytest.fixture(scope="module")
def book(plan: Path) -> Workbook:
    return openpyxl.load_workbook(plan, data_only=True)


# --- formulas -----------------------------------------------------------------------------------
# ----------------


def test_every_cached_value_is_what_libreoffice_computes(
    plan: Path, tmp_path: Path, convert: Convert, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a city is so large that sums look through the rows of their code alone. And one
    cent more in one stored sum is found: the comparison can fail.
    """
    forged, large, neu = tmp_path / "gefälscht.xlsx", tmp_path / "groß.xlsx", tmp_path / "neu"
    sheet, cell = _forge_a_sum(plan, forged)
    monkeypatch.setattr(ledger, "SORTABLE_ROWS", 0)
    write_budget_plan(results(), large)
    convert(plan, outdir=neu, recalculate=True, beside=[forged, large])

    assert recalculation.differences(plan, neu / plan.name) == []
    assert recalculation.differences(large, neu / large.name) == []
    assert sum(",Daten!$" in str(cell.formula) for _, cell in recalculation.formulas(large)) > 50
    wrong = recalculation.differences(forged, neu / forged.name)
    assert [(each.sheet, each.cell) for each in wrong] == [(sheet, cell)]


def test_a_changed_amount_reaches_the_cover(plan: Path, tmp_path: Path, convert: Convert) -> None:
    """The formulas are alive: one euro more in Daten is one euro more everywhere above."""
    changed = tmp_path / "geändert.xlsx"
    workbook: Workbook = openpyxl.load_workbook(plan)
    data: Worksheet = workbook["Daten"]
    row = next(
        r
        for r in _data_rows(data)
        if data.cell(r, 11).value == "Aufwand" and _year(data, r, 2027) is not None
    )
    column = _column(data, "Ansatz 2027")
    data.cell(row, column).value += 1
    workbook.save(changed)

    before, after = (
        _values(plan),
        _values(convert(changed, outdir=tmp_path / "neu", recalculate=True)),
    )
    moved = {
        sheet for (sheet, cell) in _formulas(plan) if before[sheet, cell] != after[sheet, cell]
    }

    assert {
        "Deckblatt",
        "Zielbaum",
        "Organisation",
        "Produkte",
        "Ergebnisplan",
        "Abgleich",
    } <= moved
    assert (
        after["Abgleich", "A4"] == "✗ Summen weichen voneinander ab"
    )  # figures.csv knows nothing of it


def test_an_independent_engine_agrees(plan: Path, tmp_path: Path) -> None:
    """A copy saved by openpyxl has lost every cached value: what comes out is computed."""
    formulas = _formulas(plan)
    stripped = tmp_path / "ohne Werte.xlsx"
    copy = openpyxl.load_workbook(plan)
    for sheet in copy:
        sheet.conditional_formatting = ConditionalFormattingList()
    copy.save(stripped)
    engine = formualizer.Workbook.from_path(str(stripped))

    recalculated = {
        (sheet, cell): engine.evaluate_cell(sheet, *_position(cell)) for sheet, cell in formulas
    }

    assert set(_values(stripped)) & set(formulas) == set()
    assert _differences(formulas, _values(plan), recalculated) == []


def test_only_functions_that_every_spreadsheet_knows_are_used(plan: Path) -> None:
    used = {
        name for text in _formulas(plan).values() for name in re.findall(r"([A-Z][A-Z.]+)\(", text)
    }

    assert used == SAFE
    assert not any("[" in text for text in _formulas(plan).values())


def test_every_money_formula_is_rounded_to_cents(plan: Path) -> None:
    loose = [
        where
        for where, text in _formulas(plan).items()
        if not text.startswith("=ROUND(")
        and not text.startswith("=IF(")
        and where[0] not in {"Deckblatt", "Zielerreichung", "Kennzahlen"}  # no money there
    ]

    assert loose == []


def test_sums_never_look_for_a_text(plan: Path, book: Workbook) -> None:
    """Excel takes 1.1 and 1.10 for the same number: a criterion is a running number, a kind or a
    comparison.
    """
    criteria = {
        (sheet, criterion)
        for (sheet, _), text in _formulas(plan).items()
        for criterion in re.findall(r"SUMIFS\([^,]+,[^,]+,([^,]+),", text)
    }
    cells = [book[sheet][criterion].value for sheet, criterion in criteria if criterion[0] == "$"]

    assert len(cells) > 20
    assert all(isinstance(value, int) for value in cells)


# --- totals -------------------------------------------------------------------------------------
# ----------------


def test_the_reconciliation_prints_the_sum_of_all_figures_that_count(book: Workbook) -> None:
    figures = results().tables["figures"]
    counted = figures[figures["origin"] != "listed"].groupby(["kind", "year"])["cents"].sum()

    printed = _reconciliation(book)

    assert {view for view, _, _ in printed} == {"Produkte", "Organisation", "Ziele"}
    for view in ("Produkte", "Organisation", "Ziele"):
        for kind in ALL_KINDS:
            for year in YEARS:
                expected = int(counted.get((kind, year.year), 0))
                assert printed[view, label(KINDS, kind), year.year] == expected, (view, kind, year)


def test_the_verdict_says_that_all_totals_agree(book: Workbook) -> None:
    assert book["Abgleich"]["A4"].value == "✓ alle Summen stimmen"
    assert "✓ alle Summen stimmen" in _texts(book["Deckblatt"])


def test_the_verdict_names_a_cent_that_got_lost(tmp_path: Path) -> None:
    found = results()
    contributions = found.tables["contributions"].copy()
    contributions["cents"] += [1] + [0] * (len(contributions) - 1)
    path = tmp_path / "plan.xlsx"

    write_budget_plan(replace(found, tables={**found.tables, "contributions": contributions}), path)
    book = openpyxl.load_workbook(path, data_only=True)

    assert book["Abgleich"]["A4"].value == "✗ Summen weichen voneinander ab"
    assert "✗ Summen weichen voneinander ab" in _texts(book["Deckblatt"])


@pytest.mark.parametrize(
    ("name", "less", "more"),
    [("Zielbaum", "revenue", "expense"), ("Investitionen", "receipt", "payment")],
)
def test_every_goal_shows_what_the_aggregates_say(
    book: Workbook, name: str, less: str, more: str
) -> None:
    sums = _aggregates("anteil")
    sheet = book[name]
    printed = _by_code(sheet, "Ziel-Nr.")
    titles = _by_code(sheet, "Ziel")

    for goal in ("1", "1.1", "1.10", "1.10.1", "2", "2.1", "3"):
        assert _net(sheet, printed[goal]) == [
            sums[goal, more, y.year] - sums[goal, less, y.year] for y in YEARS
        ]
    for title, goal in (("Ohne Zielzuordnung", "ohne"), ("Allgemeine Deckungsmittel", "allgemein")):
        assert _net(sheet, titles[title]) == [
            sums[goal, more, y.year] - sums[goal, less, y.year] for y in YEARS
        ]


def test_a_goal_with_children_shows_what_is_booked_on_itself_in_a_row_of_its_own(
    plan: Path, book: Workbook
) -> None:
    sheet = openpyxl.load_workbook(plan)["Zielbaum"]
    parent = _by_code(book["Zielbaum"], "Ziel-Nr.")["1"]
    column = _column(book["Zielbaum"], "Ansatz 2027\nZuschussbedarf")

    assert book["Zielbaum"].cell(parent + 1, 3).value == "1: unmittelbar zugeordnet"
    letter = get_column_letter(column)
    assert (
        sheet.cell(parent, column).value
        == f"=ROUND(SUM({letter}{parent + 1}:{letter}{parent + 3}),2)"
    )


def test_framework_conditions_stand_below_the_total_without_amounts(book: Workbook) -> None:
    sheet = book["Zielbaum"]
    row = _by_code(sheet, "Ziel-Nr.")["R1"]

    assert row > _by_code(sheet, "Ziel")["Gesamt"]
    assert {sheet.cell(row, column).value for column in range(4, 20)} == {"–"}


def test_the_gross_view_has_no_total_and_says_so(book: Workbook) -> None:
    sheet, sums = book["Bezugssicht"], _aggregates("bezug")
    rows = _by_code(sheet, "Ziel-Nr.")

    assert "nicht addierbar" in str(sheet["A1"].value)
    assert not {"Gesamt", "Summe"} & set(_texts(sheet))
    assert (
        _cents(sheet.cell(rows["1"], _column(sheet, "Ansatz 2027\nAufwendungen")))
        == sums["1", "expense", 2027]
    )
    assert (
        _cents(sheet.cell(rows["R1"], _column(sheet, "Ansatz 2027\nAufwendungen")))
        == sums["R1", "expense", 2027]
    )


def test_internal_charges_are_in_no_volume_total(book: Workbook) -> None:
    figures = results().tables["figures"]
    expense = figures[
        (figures["kind"] == "expense") & (figures["year"] == 2027) & (figures["origin"] != "listed")
    ]

    shown = _by_code(book["Deckblatt"], "in Euro")["Aufwendungen"]

    assert _cents(book["Deckblatt"].cell(shown, 4)) == int(expense["cents"].sum())


def test_the_line_plan_is_that_of_the_data_package(book: Workbook) -> None:
    lines = results().tables["lines"]
    sums = {(r.line, r.year): r.cents for r in lines[lines["scope"] == "city"].itertuples()}

    shown = {}
    for name in ("Ergebnisplan", "Finanzplan"):
        for line, row in _by_code(book[name], "Zeile").items():
            for year in YEARS:
                shown[line, year.year] = _cents(
                    book[name].cell(row, _column(book[name], year.title))
                )

    assert shown == sums


def test_computed_lines_are_formulas_of_the_line_plan(plan: Path, book: Workbook) -> None:
    sheet = openpyxl.load_workbook(plan)["Ergebnisplan"]
    rows = _by_code(book["Ergebnisplan"], "Zeile")

    assert sheet.cell(rows["10"], 5).value == f"=ROUND(SUM(E{rows['01']}:E{rows['09']}),2)"
    assert sheet.cell(rows["29"], 5).value == f"=ROUND(E{rows['18']}+E{rows['27']}-E{rows['28']},2)"


def test_codes_that_the_master_does_not_know_are_shown_and_counted(tmp_path: Path) -> None:
    found = results()
    tables = {}
    for name in ("contributions", "figures"):
        frame = found.tables[name].copy()
        frame.loc[frame["unit"] == "66", "unit"] = "99"
        tables[name] = frame
    path = tmp_path / "plan.xlsx"

    write_budget_plan(replace(found, tables={**found.tables, **tables}), path)
    book = openpyxl.load_workbook(path, data_only=True)

    assert "99" in _by_code(book["Organisation"], "Einheit")
    assert book["Abgleich"]["A4"].value == "✓ alle Summen stimmen"


# --- the way back
# -----------------------------------------------------------------------------------------------


def test_every_contribution_stands_in_the_data_with_its_cell(book: Workbook) -> None:
    sheet = book["Daten"]
    shown = [
        (sheet.cell(r, _column(sheet, "Datei")).value, cell.strip(), sheet.cell(r, 6).value)
        for r in _data_rows(sheet)
        for cell in str(sheet.cell(r, _column(sheet, "Zellen")).value).split(",")
    ]
    names = {"ohne": "ohne Ziel", "allgemein": "allgemein"}
    expected = {
        (str(row["file"]), str(row["cell"]), names.get(str(row["goal"]), str(row["goal"])))
        for row in results().tables["contributions"].to_dict("records")
    }

    assert set(shown) == expected


def test_a_row_of_data_links_to_its_cell_in_the_input_folder(book: Workbook) -> None:
    sheet = book["Daten"]
    row = next(r for r in _data_rows(sheet) if sheet.cell(r, 14).value == "40.xlsx")
    link = sheet.cell(row, _column(sheet, "Zellen")).hyperlink

    assert link.target.replace("\\", "/") == f"../../../input/{CITY}/{PLAN}/40.xlsx"
    assert (
        link.location
        == f"'Ansätze'!{str(sheet.cell(row, _column(sheet, 'Zellen')).value).split(',')[0]}"
    )


def test_special_characters_of_a_file_name_are_escaped_in_links() -> None:
    found = results()

    assert source_link(found, "a #1 & 100%.xlsx", "O'Hara", "B2") == (
        f"external:../../../input/{CITY}/{PLAN}/a%20%231%20&%20100%25.xlsx#'O''Hara'!B2"
    )
    assert source_link(found, "a\\xff.xlsx") is None
    assert (
        source_link(found, "Stammdaten.xlsx")
        == f"external:../../../templates/{CITY}/{PLAN}/Stammdaten.xlsx"
    )


def test_beyond_the_limit_of_links_the_cells_are_named_in_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_sheet, "LINKS_PER_SHEET", 10)
    path = tmp_path / "plan.xlsx"

    write_budget_plan(results(), path)
    sheet = openpyxl.load_workbook(path)["Daten"]
    cells = [sheet.cell(r, _column(sheet, "Zellen")) for r in _data_rows(sheet)]

    assert all(cell.value and cell.hyperlink is None for cell in cells)
    assert openpyxl.load_workbook(path)["Quellen"]["A5"].hyperlink is not None


def test_two_figures_of_one_place_and_year_stay_two_rows(tmp_path: Path) -> None:
    found = results()
    contributions = found.tables["contributions"]
    twice = pd.concat([contributions, contributions.head(1)], ignore_index=True)
    figures = pd.concat(
        [found.tables["figures"], found.tables["figures"].head(1)], ignore_index=True
    )
    path = tmp_path / "plan.xlsx"

    write_budget_plan(
        replace(found, tables={**found.tables, "contributions": twice, "figures": figures}), path
    )
    more = openpyxl.load_workbook(path)["Daten"]

    assert more.max_row == 4 + 64 + 1


# --- what people read
# -------------------------------------------------------------------------------------------


def test_the_cover_says_what_is_missing(book: Workbook) -> None:
    texts = _texts(book["Deckblatt"])

    assert "▲ Vorläufig: Noch ist nicht alles da oder verwendbar." in texts
    assert "• Der Rücklauf der Einheit 81 (Team Wirtschaftsförderung) fehlt." in texts
    assert any(text.startswith("Fiktive Beispieldaten") for text in texts)


def test_a_complete_plan_of_a_real_city_is_final_and_not_an_example(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"

    write_budget_plan(results(provisional=False, example_data=False), path)
    texts = _texts(openpyxl.load_workbook(path, data_only=True)["Deckblatt"])

    assert "✓ Endgültig: Alle erwarteten Rückläufe sind vollständig enthalten." in texts
    assert not any("Fiktiv" in text or "Vorläufig" in text for text in texts)


def test_a_long_list_of_open_points_ends_with_how_many_more_there_are(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"
    points = tuple(f"Der Rücklauf von {number} fehlt." for number in range(40))

    write_budget_plan(replace(results(), open_points=points), path)
    texts = _texts(openpyxl.load_workbook(path, data_only=True)["Deckblatt"])

    assert "• Der Rücklauf von 10 fehlt." in texts
    assert "• … und 29 weitere Punkte, siehe Blatt Rückläufe" in texts
    assert "• Der Rücklauf von 11 fehlt." not in texts


def test_every_sheet_is_in_the_contents_with_a_link_that_works(book: Workbook) -> None:
    cover = book["Deckblatt"]
    links = {c.value: c.hyperlink.location for row in cover.iter_rows() for c in row if c.hyperlink}

    # No unit sent two files, and the city uses no savings.
    shown = [name for name in CONTENTS if name not in {DIFFERENCES, SAVINGS}]
    assert list(links) == book.sheetnames[1:] == shown
    assert all(location == f"'{name}'!A1" for name, location in links.items())


def test_the_chart_has_an_alternative_text_and_titles_of_its_axes(plan: Path) -> None:
    with zipfile.ZipFile(plan) as package:
        drawing = package.read("xl/drawings/drawing1.xml").decode()
        chart = package.read("xl/charts/chart1.xml").decode()

    assert (
        'descr="Balkendiagramm: Zuschussbedarf je Ziel, Ansatz 2027: Bildungschancen 977.882 Euro'
        in drawing
    )
    assert "Mio. Euro" in chart
    assert ">Ziel<" in chart


def test_a_listed_measure_is_shown_but_looked_up_nowhere(plan: Path, book: Workbook) -> None:
    sheet, formulas = book["Maßnahmen"], openpyxl.load_workbook(plan)["Maßnahmen"]
    row = _by_code(sheet, "Maßnahme")["M-40-002"]
    column = _column(sheet, "Zuschussbedarf\nAnsatz 2027")

    assert sheet.cell(row, _column(sheet, "Status")).value == "angemeldet\n(zählt nicht)"
    assert formulas.cell(row, column).value == 20_000
    assert "M-40-002" not in {book["Daten"].cell(r, 10).value for r in _data_rows(book["Daten"])}


def test_the_state_of_a_key_figure_is_symbol_word_and_colour(book: Workbook) -> None:
    sheet = book["Kennzahlen"]
    rows = _by_code(sheet, "Kennzahl")
    states = {k: sheet.cell(rows[k], _column(sheet, "Stand\n2025")) for k in ("K1", "K2", "K3", "K4")}  # fmt: skip

    assert {kpi: cell.value for kpi, cell in states.items()} == {
        "K1": "▲ beobachten",
        "K2": "◆ kritisch",
        "K3": "● im Plan",
        "K4": "– nicht bewertet",
    }
    assert len({cell.fill.fgColor.rgb for cell in states.values()}) == 4
    assert sheet.cell(rows["K3"], _column(sheet, "erreicht\n2025")).value == pytest.approx(1.1042)


def test_findings_come_errors_first_with_a_link_to_the_cell(book: Workbook) -> None:
    sheet = book["Befunde"]
    found = [[sheet.cell(r, c).value for c in (2, 3, 7, 11)] for r in range(5, 9)]

    assert found == [
        ["✗ Fehler", "D01", None, "offen"],
        ["✗ Fehler", "Z03", "J9", "offen"],
        ["▲ Warnung", "M06", "K8", "erläutert"],
        ["○ Hinweis", "S08", "B12", "Ausnahme genehmigt"],
    ]
    assert "%20Tiefbau.xlsx" in sheet["G6"].hyperlink.target


def test_the_reconciliation_says_whose_returns_count(book: Workbook) -> None:
    rows = {
        row[1]: row[2:6]
        for row in book["Abgleich"].iter_rows(values_only=True)
        if str(row[1])[:2] in {"20", "66", "81"}
    }

    assert rows["66 Team Tiefbau"] == (
        "durch Ersatzwerte vertreten",
        "○ fehlt",
        "○ fehlt",
        "Vorjahr",
    )
    assert rows["81 Team Wirtschaftsförderung"][0] == "fehlt noch"


@pytest.mark.parametrize(
    "text", ["=1+1", "http://example.org", "{=A1}", "+49", "@SUM(A1)", "<b>&amp;</b>"]
)
def test_foreign_text_stays_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.xlsx"

    write_budget_plan(with_title(results(city=text), "2.1", text), path)
    cells = [c for c in _cells(openpyxl.load_workbook(path)) if c.value == text]

    assert {c.parent.title for c in cells} >= {
        "Deckblatt",
        "Zielbaum",
        "Investitionen",
        "Bezugssicht",
    }
    assert all(c.data_type == "s" and c.hyperlink is None for c in cells)


def test_amounts_are_shown_in_thousands_where_the_city_wants_it(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"

    write_budget_plan(results(display_unit="TEUR"), path)
    sheet = openpyxl.load_workbook(path, data_only=True)["Zielbaum"]
    cell = sheet.cell(
        _by_code(sheet, "Ziel-Nr.")["1"], _column(sheet, "Ansatz 2027\nZuschussbedarf")
    )

    assert "in Tausend Euro" in str(sheet["A2"].value)
    assert cell.number_format.startswith("#,##0,;")
    sums = _aggregates("anteil")
    assert _cents(cell) == sums["1", "expense", 2027] - sums["1", "revenue", 2027]  # cents stay


def test_a_two_year_budget_with_a_seventh_year_needs_no_code(tmp_path: Path) -> None:
    years = (
        *YEARS[:3],
        Year(year=2028, role=Role.BUDGET, title="Ansatz 2028", entered=True),
        *YEARS[4:],
        Year(year=2031, role=Role.OUTLOOK, title="Planung 2031", entered=True),
    )
    path = tmp_path / "plan.xlsx"

    write_budget_plan(results(years=years, budget_years=2), path)
    book = openpyxl.load_workbook(path, data_only=True)

    assert _column(book["Zielbaum"], "Planung 2031\nZuschussbedarf")
    assert "Haushaltsplan 2027/2028" in _texts(book["Deckblatt"])
    with zipfile.ZipFile(path) as package:
        chart = package.read("xl/charts/chart1.xml").decode()
    fills = re.findall(r"<c:ser>.*?<a:solidFill><a:srgbClr val=\"(\w+)\"/>", chart)
    assert len(set(fills)) == len(fills) == 3
    assert book["Abgleich"]["A4"].value == "✓ alle Summen stimmen"


def test_a_plan_without_any_amount_can_be_written(tmp_path: Path) -> None:
    found = results()
    empty = {
        name: found.tables[name].head(0)
        for name in (
            "figures",
            "contributions",
            "kpi_results",
            "attainment",
            "findings",
            "register",
        )
    }
    path = tmp_path / "plan.xlsx"

    write_budget_plan(replace(found, tables={**found.tables, **empty}, findings=()), path)
    book = openpyxl.load_workbook(path, data_only=True)

    assert book["Abgleich"]["A4"].value == "✓ alle Summen stimmen"
    assert book["Befunde"]["A5"].value == "Es ist nichts aufgefallen."


def test_every_sheet_prints_on_a4_one_page_wide_and_says_which_page(book: Workbook) -> None:
    for sheet in book:
        assert sheet.page_setup.paperSize == 9, sheet.title
        assert sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.title
        assert sheet.page_setup.fitToWidth in {None, 1}, sheet.title  # 1 where nothing is said
        pages_high = (
            None if sheet.title == "Deckblatt" else 0
        )  # the cover is one page (1 is unsaid)
        assert sheet.page_setup.fitToHeight == pages_high, sheet.title
        assert sheet.oddFooter.right.text == "Seite &P von &N"
        assert sheet.oddFooter.center.text == "Fiktive Beispieldaten"
        assert not sheet.merged_cells.ranges or sheet.title == "Deckblatt"


def test_amounts_that_nobody_asks_for_are_folded_away_not_missing(book: Workbook) -> None:
    sheet = book["Zielbaum"]
    folded = sheet.column_dimensions[get_column_letter(_column(sheet, "Ergebnis 2025\nErträge"))]

    assert folded.hidden
    assert folded.outlineLevel == 1
    assert sheet.row_dimensions[_by_code(sheet, "Ziel-Nr.")["1.10.1"]].outlineLevel == 2


# --- repeatable ---------------------------------------------------------------------------------
# ----------------


def test_the_same_results_give_the_same_bytes_in_another_process(
    plan: Path, tmp_path: Path
) -> None:
    script = (
        "from pathlib import Path; from tests.results_builder import results;"
        "from pipeline.excel.budget_plan import write_budget_plan;"
        f"write_budget_plan(results(), Path({str(tmp_path / 'plan.xlsx')!r}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland"}

    subprocess.run(
        [sys.executable, "-c", script], check=True, env=environment, cwd=Path(__file__).parents[1]
    )

    assert _digest(tmp_path / "plan.xlsx") == _digest(plan)


@pytest.mark.long
def test_thirty_thousand_rows_are_written_and_add_up(tmp_path: Path, convert: Convert) -> None:
    found = many(results(), 470)
    path = tmp_path / "plan.xlsx"

    write_budget_plan(found, path)
    book = openpyxl.load_workbook(path, data_only=True, read_only=True)

    assert book["Abgleich"]["A4"].value == "✓ alle Summen stimmen"
    convert(path, outdir=tmp_path / "neu", recalculate=True)
    assert recalculation.differences(path, tmp_path / "neu" / path.name) == []


# --- reading ------------------------------------------------------------------------------------
# ----------------


def _formulas(path: Path) -> Formulas:
    return {
        (c.parent.title, c.coordinate): str(c.value)
        for c in _cells(openpyxl.load_workbook(path))
        if c.data_type == "f"
    }


def _values(path: Path) -> Values:
    return {
        (c.parent.title, c.coordinate): c.value
        for c in _cells(openpyxl.load_workbook(path, data_only=True))
    }


def _cells(book: Workbook) -> Iterable[Cell]:
    for sheet in book:
        for row in sheet.iter_rows():
            yield from (
                cell for cell in row if isinstance(cell, OpenpyxlCell) and cell.value is not None
            )


def _differences(formulas: Formulas, cached: Values, recalculated: Values) -> list[object]:
    """Money agrees to the last bit; ratios (rounded to four places) as far as a float can."""
    found: list[object] = []
    for where, text in formulas.items():
        one, other = cached[where], recalculated.get(where)
        if isinstance(one, str) or "/" in text:
            same = one == other or (
                isinstance(one, int | float) and other == pytest.approx(one, rel=1e-12)
            )
        else:
            same = (
                isinstance(one, int | float)
                and isinstance(other, int | float)
                and float(one) == float(other)
            )
        if not same:
            found.append((where, text, one, other))
    return found


def _forge_a_sum(honest: Path, forged: Path) -> tuple[str, tuple[int, int]]:
    """Copies a workbook and adds a cent to the value stored with one of its sums."""
    sheet, cell = next(
        (sheet, cell)
        for sheet, cell in recalculation.formulas(honest)
        if cell.type is CellType.NUMBER and str(cell.formula).startswith(("SUM(", "ROUND(SUM("))
    )
    book = openpyxl.load_workbook(honest, read_only=True)
    part = f"xl/worksheets/sheet{book.sheetnames.index(sheet) + 1}.xml"
    at = f'r="{get_column_letter(cell.column)}{cell.row}"'
    with zipfile.ZipFile(honest) as old, zipfile.ZipFile(forged, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            if item.filename == part:
                text = data.decode()
                start = text.index("<v>", text.index(at)) + 3
                end = text.index("</v>", start)
                data = f"{text[:start]}{Decimal(text[start:end]) + Decimal('0.01')}{text[end:]}".encode()
            new.writestr(item, data)
    return sheet, (cell.row, cell.column)


def _data_rows(sheet: Worksheet) -> range:
    return range(5, sheet.max_row + 1)


def _column(sheet: Worksheet, title: str) -> int:
    cells = (cell for row in sheet.iter_rows(max_row=14) for cell in row)
    return int(next(cell.column for cell in cells if cell.value == title))


def _by_code(sheet: Worksheet, title: str) -> dict[str, int]:
    """The row of every entry below a header; the first where an entry repeats."""
    head = next(c for row in sheet.iter_rows(max_row=14) for c in row if c.value == title)
    rows = range(sheet.max_row, head.row, -1)
    return {str(v): r for r in rows if (v := sheet.cell(r, head.column).value) is not None}


def _year(sheet: Worksheet, row: int, year: int) -> object:
    title = next(each.title for each in YEARS if each.year == year)
    return sheet.cell(row, _column(sheet, title)).value


def _cents(cell: Cell) -> int:
    return round(float(str(cell.value)) * 100)


def _net(sheet: Worksheet, row: int) -> list[int]:
    word = "Zuschussbedarf" if sheet.title == "Zielbaum" else "Investitions-\nsaldo"
    return [_cents(sheet.cell(row, _column(sheet, f"{year.title}\n{word}"))) for year in YEARS]


def _texts(sheet: Worksheet) -> list[str]:
    return [str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None]


def _aggregates(view: str) -> Mapping[tuple[str, str, int], int]:
    table = results().tables["aggregates"]
    return {
        (str(row["goal"]), str(row["kind"]), int(row["year"])): int(row["cents"])
        for row in table[table["view"] == view].to_dict("records")
    }


def _reconciliation(book: Workbook) -> dict[tuple[str, str, int], int]:
    """The table as a program finds it: by its hidden key row."""
    sheet = book["Abgleich"]
    key = next(c for c in sheet["A"] if str(c.value).startswith("zh:reconciliation:"))
    _, _, first, last = str(key.value).split(":")
    names = {sheet.cell(key.row, c).value: c for c in range(2, sheet.max_column + 1)}
    assert sheet.row_dimensions[key.row].hidden
    return {
        (
            sheet.cell(r, names["view"]).value,
            sheet.cell(r, names["kind"]).value,
            int(name[7:]),
        ): _cents(sheet.cell(r, c))
        for r in range(int(first), int(last) + 1)
        for name, c in names.items()
        if name and name.startswith("amount_")
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _position(cell: str) -> tuple[int, int]:
    letters, row = re.fullmatch(r"([A-Z]+)(\d+)", cell).groups()  # type: ignore[union-attr]
    return int(row), column_index_from_string(letters)
