"""The Teilpläne: what a page says is what the data package holds, every formula is right, what
does not count is seen not to count.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import formualizer
import openpyxl
import pandas as pd
import pytest

from pipeline import stages
from pipeline.excel.unit_plan import unit_workbooks
from pipeline.excel.unit_plan.paper import MOST_LINES, pieces
from pipeline.model.results import Results
from pipeline.model.tables import Year
from pipeline.outputs import write_outputs
from pipeline.workspace import Workspace
from tests.results_builder import YEARS, results
from tests.small_city import RETURNS, a_city, run, silent

SAFE = {"IF", "ROUND", "SUM", "SUMIFS"}
# openpyxl describes a cell as the union of everything that could stand in one.
Book = Any
Sheet = Any
Cell = Any
City = tuple[Results, Workspace]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A small city after a whole run."""
    workspace = a_city(tmp_path_factory.mktemp("city"))
    return stages.run(workspace, workers=1, progress=silent), workspace


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbooks of the built results: products 211.1 and 211.10, a unit that is stood in for, a
    unit that plans for another one's product.
    """
    return written(_built(), tmp_path_factory.mktemp("town"))


def written(found: Results, folder: Path) -> Path:
    for name, write in unit_workbooks(found):
        write(folder / name)
    return folder / "Teilplaene"


def _built() -> Results:
    """Unit 20 plans the personnel of product 211.1, which unit 40 leads."""
    found = results()
    tables = dict(found.tables)
    for name in ("figures", "contributions"):
        frame = tables[name]
        central = (frame["product"] == "211.1") & (frame["line"] == "11")
        tables[name] = frame.assign(unit=frame["unit"].mask(central, "20"))
    kpis = found.master.tables["kpis"]
    product_of = dict(zip(kpis["kpi"], kpis["product"], strict=True))
    results_of = tables["kpi_results"]
    tables["kpi_results"] = results_of.assign(
        scope="product", id=results_of["kpi"].map(product_of).astype("string")
    )
    tables["commitments"] = _commitments(tables["commitments"])
    tables["savings"] = _savings(tables["savings"])
    points = {"66": ("Für die Einheit 66 gelten die Ansätze des Vorjahrs.",)}
    return replace(found, tables=tables, points_of=points)


def _filled(frame: pd.DataFrame, rows: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=frame.columns).astype(frame.dtypes.to_dict())


def _commitments(frame: pd.DataFrame) -> pd.DataFrame:
    """Of budget year 2027: due in 2028, in 2029, and later."""
    common = {"file": "40.xlsx", "sheet": "Verpflichtungen", "unit": "40", "product": "211.1", "measure": "M-40-001", "line": "F08", "year": 2027}  # fmt: skip
    due = (("H7", 2028, 1_000_000_00), ("I7", 2029, 250_000_05), ("L7", None, 500_000_00))
    return _filled(frame, [{**common, "cell": c, "due_year": y, "cents": a} for c, y, a in due])


def _savings(frame: pd.DataFrame) -> pd.DataFrame:
    """An annual effect up to a year that the plan does not have."""
    common = {"file": "40.xlsx", "sheet": "Konsolidierung", "unit": "40", "product": "211.1", "savings_measure": "H-1", "goal": "2", "effect": "Jahreswirkung", "memo": False, "role": "plan"}  # fmt: skip
    plan = (("K7", 2027, 10_000_00), ("L7", 2028, 20_000_00), ("P7", 2033, 30_000_00))
    return _filled(frame, [{**common, "cell": c, "year": y, "cents": a} for c, y, a in plan])


def cents(value: object) -> int:
    return int((Decimal(str(value)) * 100).quantize(Decimal(1)))


def _tables(sheet: Sheet, years: int) -> dict[str, dict[str, list[int]]]:
    """The amounts of a printed sheet by heading of the table and by code (or title without one)."""
    found: dict[str, dict[str, list[int]]] = {}
    heading = ""
    for row in sheet.iter_rows(min_row=3, max_col=2 + years):
        code, title, *values = (cell.value for cell in row)
        if code and row[0].font.b and row[0].font.sz == 12:
            heading = str(code)
        elif values and all(isinstance(value, int | float) for value in values):
            found.setdefault(heading, {})[str(code or title)] = [cents(value) for value in values]
    return found


def _lines(found: Results, scope: str, name: str) -> dict[str, list[int]]:
    frame = found.tables["lines"]
    own = frame[(frame["scope"] == scope) & (frame["id"] == name)].sort_values(["line", "year"])
    return {str(line): [int(x) for x in part["cents"]] for line, part in own.groupby("line")}


def _products(workspace: Workspace) -> dict[str, tuple[str, Sheet]]:
    """Every product page by product: its unit and its sheet."""
    pages = {}
    for path in sorted((workspace.output / "Teilplaene").glob("*.xlsx")):
        book: Book = openpyxl.load_workbook(path, data_only=True)
        for sheet in book:
            if sheet.title.startswith("P "):
                pages[sheet.title.removeprefix("P ")] = (path.stem, sheet)
    return pages


# --- sums ---------------------------------------------------------------------------------------


def test_every_unit_has_a_workbook_and_every_product_one_page_with_its_lead(city: City) -> None:
    found, workspace = city
    files = {path.stem for path in (workspace.output / "Teilplaene").iterdir()}
    assert files == {"STADT", "T40", "T61"}
    leads = {product: unit for product, (unit, _) in _products(workspace).items()}
    assert leads == dict(found.master.lead_units)


def test_the_lines_of_a_page_are_the_lines_of_the_data_package_to_the_cent(city: City) -> None:
    found, workspace = city
    computed = {name for name, line in found.master.lines.items() if line.computed}
    for product, (_, sheet) in _products(workspace).items():
        tables = _tables(sheet, len(found.master.years))
        shown: dict[str, list[int]] = {}
        for heading, rows in tables.items():
            if heading.startswith(("Ergebnisplan", "Finanzplan")):
                shown |= {
                    code: amounts for code, amounts in rows.items() if code in found.master.lines
                }
        expected = _lines(found, "product", product)
        assert shown == {code: expected[code] for code in shown}
        booked = found.tables["figures"].query("product == @product and origin != 'listed'")
        assert set(shown) - computed == set(booked["line"])
        left_out = set(expected) - set(shown)
        assert all(not any(expected[code]) for code in left_out), (product, left_out)


def test_the_net_cost_of_a_page_is_expense_minus_revenue_of_all_its_figures(city: City) -> None:
    found, workspace = city
    figures = found.tables["figures"].query("origin != 'listed'")
    signs = {"expense": 1, "revenue": -1}
    for product, (_, sheet) in _products(workspace).items():
        own = figures[(figures["product"] == product) & figures["kind"].isin(list(signs))]
        signed = own["cents"] * own["kind"].map(signs)
        sums = signed.groupby(own["year"]).sum().to_dict()
        expected = [int(sums.get(year.year, 0)) for year in found.master.years]
        income = _tables(sheet, len(found.master.years))["Ergebnisplan in Euro"]
        assert income["Zuschussbedarf"] == expected


@pytest.mark.parametrize("unit", ["STADT", "T40", "T61"])
def test_the_sheet_teilplan_is_the_unit_in_the_data_package(city: City, unit: str) -> None:
    found, workspace = city
    book: Book = openpyxl.load_workbook(
        workspace.output / "Teilplaene" / f"{unit}.xlsx", data_only=True
    )
    tables = _tables(book["Teilplan"], len(found.master.years))
    shown = {
        code: amounts
        for rows in tables.values()
        for code, amounts in rows.items()
        if code in found.master.lines
    }
    expected = _lines(found, "unit", unit)
    assert shown == {code: expected[code] for code in shown}
    assert all(not any(expected[code]) for code in set(expected) - set(shown))


def test_a_unit_above_others_sums_them_and_leads_to_their_workbooks(city: City) -> None:
    found, workspace = city
    folder = workspace.output / "Teilplaene"
    book: Book = openpyxl.load_workbook(folder / "STADT.xlsx", data_only=True)
    tables = _tables(book["Überblick"], len(found.master.years))
    units = tables["Zuschussbedarf der Einheiten in Euro"]
    for unit in ("T40", "T61"):
        own: Book = openpyxl.load_workbook(folder / f"{unit}.xlsx", data_only=True)
        glance = _tables(own["Überblick"], len(found.master.years))["Auf einen Blick in Euro"]
        assert units[unit] == glance["Zuschussbedarf"]
    whole = tables["Auf einen Blick in Euro"]["Zuschussbedarf"]
    assert units["Zuschussbedarf des Teilplans"] == whole
    links = [cell.hyperlink.target for row in book["Überblick"] for cell in row if cell.hyperlink]
    assert {"T40.xlsx", "T61.xlsx"} <= set(links)
    data = {(row[1].value, row[6].value) for row in book["Daten"].iter_rows(min_row=5)}
    assert data == {("T40", "Teilplaene/T40.xlsx"), ("T61", "Teilplaene/T61.xlsx")}


def test_what_others_plan_for_a_product_leads_from_its_cost_to_the_sum_of_the_unit(
    town: Path,
) -> None:
    by_unit = {}
    for unit in ("20", "40"):
        book: Book = openpyxl.load_workbook(town / f"{unit}.xlsx", data_only=True)
        by_unit[unit] = _tables(book["Überblick"], 6)
    own = by_unit["40"]["Zuschussbedarf der Produkte in Euro"]
    away = own["davon planen andere Einheiten (−)"]
    assert away == [412_345_67 + 8_111_11 * step for step in range(6)]
    pairs = zip(own["Zuschussbedarf der Produkte"], away, strict=True)
    assert own["Zuschussbedarf des Teilplans"] == [one - other for one, other in pairs]
    assert (
        own["Zuschussbedarf des Teilplans"]
        == by_unit["40"]["Auf einen Blick in Euro"]["Zuschussbedarf"]
    )
    central = by_unit["20"]
    assert central["Zuschussbedarf: geplant für Produkte anderer Einheiten"]["211.1"] == away
    assert (
        central["Zuschussbedarf der Produkte in Euro"]["Zuschussbedarf des Teilplans"]
        == central["Auf einen Blick in Euro"]["Zuschussbedarf"]
    )


def test_products_whose_numbers_look_like_the_same_number_are_kept_apart(town: Path) -> None:
    book: Book = openpyxl.load_workbook(town / "40.xlsx")
    keys = {
        str(cell.value)
        for sheet in book
        if sheet.title not in {"Daten", "Überblick"}
        for (cell,) in sheet.iter_rows(min_col=10, max_col=10)
        if cell.value and sheet.title.startswith(("P", "T"))
    }
    assert {"P 211.1", "P 211.10"} <= set(book.sheetnames)
    assert all(re.fullmatch(r"[PMT]\d*-\w+|[VK]\d+|Schlüssel|← Überblick", key) for key in keys), (
        keys
    )
    stored: Book = openpyxl.load_workbook(town / "40.xlsx", data_only=True)
    first, second = (
        _tables(stored[name], 6)["Ergebnisplan in Euro"]["13"] for name in ("P 211.1", "P 211.10")
    )
    assert first == [98_765_43 + 1_234_57 * step for step in range(6)]
    assert second == [880_000_99 + 40_000_10 * step for step in range(6)]


def test_a_listed_measure_stands_on_the_page_and_in_no_sum(city: City) -> None:
    found, workspace = city
    _, sheet = _products(workspace)["211.10"]
    tables = _tables(sheet, len(found.master.years))
    texts = [str(cell.value) for row in sheet for cell in row if isinstance(cell.value, str)]
    assert "angemeldet – zählt nicht · konsumtiv · 01.2027 bis 12.2030" in texts
    assert tables["Maßnahmen in Euro"]["Aufwendungen (zählen nicht)"][2] == 77_000_00
    assert "15" not in tables["Ergebnisplan in Euro"]
    assert tables["Ergebnisplan in Euro"]["Zuschussbedarf"][2] == 871_000_01
    assert any("ihre Beträge zählen nicht" in text for text in texts)


def test_commitments_and_savings_stand_beside_the_budget_and_in_no_sum_of_it(town: Path) -> None:
    book: Book = openpyxl.load_workbook(town / "40.xlsx", data_only=True)
    tables = _tables(book["P 211.1"], 6)
    due = tables["Verpflichtungsermächtigungen in Euro"]
    assert due == {"2027": [0, 0, 0, 1_000_000_00, 250_000_05, 0]}
    saved = tables["Konsolidierung in Euro"]
    assert saved == {"Soll\n2033: 30.000 €": [0, 0, 10_000_00, 20_000_00, 0, 0]}
    titles = _texts(book["P 211.1"])
    assert "Zeile F08 · M-40-001\nspäter: 500.000 €" in titles
    rows = [[cell.value for cell in row] for row in book["Daten"].iter_rows(min_row=5)]
    beside = [row for row in rows if row[5] == "nachrichtlich"]
    assert [(row[4], row[-3]) for row in beside] == [
        ("Verpflichtung", "V1"),
        ("Konsolidierung", "K1"),
    ]
    assert all(row[-5:-3] + row[-2:] == [None] * 4 for row in beside)


# --- formulas -----------------------------------------------------------------------------------


def _formulas(path: Path) -> dict[tuple[str, str], str]:
    book: Book = openpyxl.load_workbook(path)
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


@pytest.mark.parametrize("unit", ["VV", "20", "40", "66"])
def test_an_independent_engine_computes_every_stored_value(
    town: Path, unit: str, tmp_path: Path
) -> None:
    path = town / f"{unit}.xlsx"
    formulas = _formulas(path)
    stored: Book = openpyxl.load_workbook(path, data_only=True)
    stripped = tmp_path / "ohne Werte.xlsx"
    openpyxl.load_workbook(path).save(stripped)
    engine = formualizer.Workbook.from_path(str(stripped))
    wrong: list[object] = []
    for (sheet, coordinate), formula in formulas.items():
        cell = stored[sheet][coordinate]
        computed: object = engine.evaluate_cell(sheet, cell.row, cell.column)
        expected = cell.value
        if isinstance(computed, int | float) and isinstance(expected, int | float):
            if abs(computed - expected) > 1e-9 * max(1.0, abs(expected)):
                wrong.append((sheet, coordinate, formula, expected, computed))
        elif computed != expected:
            wrong.append((sheet, coordinate, formula, expected, computed))
    assert formulas
    assert wrong == []


def test_amounts_on_pages_are_formulas_and_only_safe_functions_are_used(town: Path) -> None:
    for unit in ("20", "40"):
        texts = _formulas(town / f"{unit}.xlsx")
        used = {name for text in texts.values() for name in re.findall(r"([A-Z][A-Z.]+)\(", text)}
        assert used <= SAFE
        assert {sheet for sheet, _ in texts} >= {"Überblick", "Teilplan"}
        loose = [text for text in texts.values() if not text.startswith(("=ROUND(", "=IF("))]
        assert loose == []
    book: Book = openpyxl.load_workbook(town / "40.xlsx")
    typed = [
        (sheet.title, cell.coordinate, cell.value)
        for sheet in book
        if sheet.title != "Daten"
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "n"
        and cell.value is not None
        and cell.number_format.startswith("#,##0;")
        and not (sheet.title == "Überblick" and cell.value == 1_500_000)  # the ceiling is given
    ]
    assert typed == []


def test_a_changed_amount_reaches_page_and_overview(town: Path, tmp_path: Path) -> None:
    """One euro more in Daten is one euro more on the page, in the list and in the sum."""
    changed = tmp_path / "geändert.xlsx"
    book: Book = openpyxl.load_workbook(town / "40.xlsx")
    data = book["Daten"]
    row = next(
        row
        for row in data.iter_rows(min_row=5)
        if (row[0].value, row[2].value, row[11].value) == ("211.10", "13", 960_001.19)
    )
    row[11].value += 1
    book.save(changed)
    engine = formualizer.Workbook.from_path(str(changed))
    stored: Book = openpyxl.load_workbook(town / "40.xlsx", data_only=True)
    for sheet, label, column in (("P 211.10", "13", 5), ("Überblick", "211.10", 5)):
        number = next(
            cell.row for (cell,) in stored[sheet].iter_rows(max_col=1) if cell.value == label
        )
        before = stored[sheet].cell(number, column).value
        after: Any = engine.evaluate_cell(sheet, number, column)
        assert round(after - before, 2) == 1.00, sheet


# --- what a reader sees -------------------------------------------------------------------------


def _path(cell: Cell) -> str:
    """Where a link leads, from the workbook's own folder."""
    return unquote(cell.hyperlink.target).replace("\\", "/")


def _texts(sheet: Sheet) -> list[str]:
    return [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]


def test_a_stand_in_is_named_on_the_overview_and_on_every_page_it_touches(town: Path) -> None:
    book: Book = openpyxl.load_workbook(town / "66.xlsx", data_only=True)
    assert "▲ Vorläufig: In diesem Teilplan fehlt etwas." in _texts(book["Überblick"])
    assert "• Für die Einheit 66 gelten die Ansätze des Vorjahrs." in _texts(book["Überblick"])
    said = [text for text in _texts(book["P 541.1"]) if text.startswith("▲ Ersatzwerte")]
    assert said == [
        "▲ Ersatzwerte: Für 66 Team Tiefbau steht der Ansatz des Vorjahres; einen gültigen Rücklauf gibt es noch nicht."
    ]
    above: Book = openpyxl.load_workbook(town / "VV.xlsx", data_only=True)
    assert "Team Tiefbau (▲ Ersatz: der Ansatz des Vorjahres)" in _texts(above["Überblick"])
    other: Book = openpyxl.load_workbook(town / "40.xlsx", data_only=True)
    assert any(text.startswith("✓ Vollständig") for text in _texts(other["Überblick"]))


def test_a_ceiling_is_compared_only_with_what_the_unit_returned(town: Path) -> None:
    book: Book = openpyxl.load_workbook(town / "40.xlsx", data_only=True)
    sheet = book["Überblick"]
    rows = {row[1].value: [cell.value for cell in row[2:8]] for row in sheet.iter_rows(max_col=8)}
    assert rows["Eckwert (Obergrenze)"] == [None, None, 1_500_000, None, None, None]
    left = rows["Abstand zum Eckwert (+ darunter)"]
    assert cents(left[2]) == 1_500_000_00 - cents(rows["Zuschussbedarf"][2])
    assert [value for place, value in enumerate(left) if place != 2] == [None] * 5


def test_goals_stand_with_their_shares_and_what_has_no_goal(city: City) -> None:
    _, workspace = city
    pages = _products(workspace)

    def goals(product: str) -> dict[str, object]:
        rows = list(pages[product][1].iter_rows(max_col=3, values_only=True))
        start = next(number for number, row in enumerate(rows) if row[0] == "Ziele") + 2
        end = next(n for n, row in enumerate(rows) if n > start and row == (None, None, None))
        return {str(row[0] or row[1]): row[2] for row in rows[start:end]}

    assert goals("211.10") == {"Z1.1": 0.3333, "Z1.2": 0.3333, "Z2": 0.3334, "R1": "Querschnitt"}
    assert goals("511.10") == {"Z2": 0.6, "ohne Zielzuordnung": 0.4}


def test_key_figures_show_target_actual_and_state_in_words(town: Path) -> None:
    book: Book = openpyxl.load_workbook(town / "40.xlsx", data_only=True)
    rows = [[cell.value for cell in row] for row in book["P 211.10"].iter_rows(max_col=8)]
    start = next(number for number, row in enumerate(rows) if row[0] == "K1")
    assert [row[1] for row in rows[start + 1 : start + 5]] == [
        "Zielwert",
        "Istwert",
        "Zielerreichung",
        "Stand",
    ]
    assert [row[2] for row in rows[start + 1 : start + 5]] == [70, 66, 0.9429, "▲ beobachten"]
    assert rows[start][2] == "Einheit: % · Richtung: mindestens · Ziel: 1.1"


def test_explanations_stand_with_their_line_and_lead_to_their_cell(city: City) -> None:
    _, workspace = city
    _, sheet = _products(workspace)["211.10"]
    row = next(
        row
        for row in sheet.iter_rows()
        if isinstance(row[1].value, str) and "Bauabschnitte nach Ratsbeschluss" in row[1].value
    )
    assert row[0].value == "F08"
    source = row[-1]
    assert source.value.startswith("T40.xlsx ")
    path = (workspace.output / "Teilplaene" / _path(source)).resolve()
    assert path == (workspace.returns / "T40.xlsx").resolve()
    assert source.hyperlink.location.startswith("'Ansätze'!")


def test_every_source_cell_holds_the_amount_that_daten_shows(city: City) -> None:
    _, workspace = city
    book: Book = openpyxl.load_workbook(workspace.output / "Teilplaene/T40.xlsx", data_only=True)
    sources: dict[Path, Book] = {}
    seen = 0
    for row in book["Daten"].iter_rows(min_row=5):
        if row[5].value != "Rücklauf" or "," in row[8].value:
            continue
        path = (workspace.output / "Teilplaene" / _path(row[8])).resolve()
        source = sources.setdefault(path, openpyxl.load_workbook(path, data_only=True))
        amounts = [cell.value for cell in row[9:15] if cell.value is not None]
        assert source[row[7].value][row[8].value].value == amounts[0]
        seen += 1
    assert seen


# --- print --------------------------------------------------------------------------------------


def test_pages_are_made_for_paper(town: Path) -> None:
    book: Book = openpyxl.load_workbook(town / "40.xlsx")
    for sheet in book:
        setup = sheet.page_setup
        assert setup.paperSize in {9, "9"}
        assert sheet.oddHeader.right.text
        assert "&P" in sheet.oddFooter.right.text
        landscape = sheet.title == "Daten"
        assert setup.orientation == ("landscape" if landscape else "portrait")
        if landscape:
            assert not sheet.merged_cells.ranges
            assert sheet.print_title_rows == "$4:$4"
            continue
        # Manual page breaks count only where the page is not fitted.
        assert not sheet.sheet_properties.pageSetUpPr.fitToPage
        assert 40 <= setup.scale <= 100
        assert sheet.print_area.startswith(f"'{sheet.title}'!$A$1:$H$")
        heights = [dimension.height or 0 for dimension in sheet.row_dimensions.values()]
        assert max(heights) <= 409
    assert book["P 211.1"].print_title_rows == "$1:$3"


def test_thousands_are_a_number_format_and_the_cents_stay(tmp_path: Path) -> None:
    folder = written(results(display_unit="TEUR"), tmp_path)
    book: Book = openpyxl.load_workbook(folder / "40.xlsx", data_only=True)
    sheet = book["P 211.10"]
    assert "Ergebnisplan in Tausend Euro" in _texts(sheet)
    (row,) = (row for row in sheet.iter_rows() if row[0].value == "13")
    assert row[2].value == 880_000.99
    assert row[2].number_format.startswith("#,##0,;")


@pytest.mark.parametrize("few", [YEARS[1:3], YEARS])
def test_a_page_holds_as_many_years_as_the_plan_has(few: tuple[Year, ...], tmp_path: Path) -> None:
    folder = written(results(years=few), tmp_path)
    book: Book = openpyxl.load_workbook(folder / "40.xlsx", data_only=True)
    rows = list(book["P 211.10"].iter_rows(values_only=True))
    head = next(row for row in rows if row[0] == "Zeile")
    assert [title for title in head[2:8] if title] == [year.title for year in few]


def test_a_long_text_is_printed_in_parts_and_not_a_word_is_lost() -> None:
    sentence = "Betrieb und Ausstattung der Schulen einschließlich der Ganztagsangebote. "
    text = "\n".join([sentence * 40, sentence, "", sentence * 3, "x" * 700])
    parts = pieces(text, 80.0)
    assert "\n".join(parts).split() == text.split()
    assert len(parts) > MOST_LINES // 4
    assert all(len(part) < 1_500 for part in parts)


def test_the_longest_texts_allowed_end_on_paper(tmp_path: Path) -> None:
    """2,000 characters without a space are no reason to fail, nor to cut."""
    found = _with_text(_built(), "description", "y" * 2_000)
    folder = written(found, tmp_path)
    book: Book = openpyxl.load_workbook(folder / "40.xlsx", data_only=True)
    assert "".join(t for t in _texts(book["P 211.1"]) if set(t) == {"y"}) == "y" * 2_000


# --- safety and repeatability -------------------------------------------------------------------


def _with_text(found: Results, column: str, text: str) -> Results:
    products = found.texts["products"].assign(
        **{column: pd.array([text] * len(found.texts["products"]), dtype="string")}
    )
    return replace(found, texts={**found.texts, "products": products})


HOSTILE = '=HYPERLINK("http://x","y")'


def test_departments_texts_never_become_formulas_or_links(tmp_path: Path) -> None:
    found = _with_text(_built(), "description", HOSTILE)
    found = _with_text(found, "audience", "http://example.org/\x0bx")
    measures = found.texts["measures"].assign(
        title=pd.array([HOSTILE, "+1+1", "@SUM(A1)"], dtype="string"),
        responsible=pd.array([f"-{HOSTILE}"] * 3, dtype="string"),
    )
    titles = found.master.tables["products"].assign(
        title=pd.array([HOSTILE, "[A]:*?/\\'", "=1+1", "</c>", "&P"], dtype="string")
    )
    master = replace(found.master, tables={**found.master.tables, "products": titles})
    found = replace(found, master=master, texts={**found.texts, "measures": measures})
    folder = written(found, tmp_path)
    for path in sorted(folder.iterdir()):
        formulas = _formulas(path).values()
        assert not [text for text in formulas if "HYPERLINK" in text or "1+1" in text]
        with zipfile.ZipFile(path) as package:
            parts = [package.read(name) for name in package.namelist() if "_rels/sheet" in name]
        assert not [part for part in parts if b"http://x" in part or b"example.org" in part]
    book: Book = openpyxl.load_workbook(folder / "40.xlsx")
    page = book["P 211.1"]
    said = [cell for row in page for cell in row if cell.value == HOSTILE]
    assert len(said) >= 2
    assert {cell.data_type for cell in said} == {"s"}
    assert "http://example.org/␋x" in _texts(page)


def test_product_numbers_that_no_sheet_may_bear_still_have_their_page(tmp_path: Path) -> None:
    """Forbidden characters, more than 31, and two that become the same name."""
    found = _built()
    codes = {"211.1": "21/1:[a]*?'", "211.10": "21_1__a____", "573.1": "1" * 40}

    def renamed(frame: pd.DataFrame) -> pd.DataFrame:
        if "product" not in frame.columns:
            return frame
        return frame.assign(product=frame["product"].replace(codes).astype("string"))

    master = replace(
        found.master, tables={name: renamed(frame) for name, frame in found.master.tables.items()}
    )
    found = replace(
        found,
        master=master,
        tables={name: renamed(frame) for name, frame in found.tables.items()},
        texts={name: renamed(frame) for name, frame in found.texts.items()},
    )
    folder = written(found, tmp_path)
    book: Book = openpyxl.load_workbook(folder / "40.xlsx", data_only=True)
    names = book.sheetnames[2:-1]
    assert names == ["P 21_1__a____", "P 21_1__a____ (2)"]
    second = _tables(book[names[1]], 6)["Ergebnisplan in Euro"]["13"]
    assert second[0] == 880_000_99
    links = {
        cell.value: cell.hyperlink.location
        for row in book["Überblick"]
        for cell in row
        if cell.hyperlink and cell.hyperlink.location
    }
    assert links["21_1__a____"] == "'P 21_1__a____ (2)'!A1"
    other: Book = openpyxl.load_workbook(folder / "20.xlsx")
    assert f"P {'1' * 29}" in other.sheetnames


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (written(_built(), tmp_path / name) for name in ("eins", "zwei"))
    files = {path.name: path.read_bytes() for path in first.iterdir()}
    assert files == {path.name: path.read_bytes() for path in second.iterdir()}
    assert set(files) == {"VV.xlsx", "20.xlsx", "40.xlsx", "66.xlsx", "81.xlsx"}


def test_workbooks_of_units_that_are_gone_do_not_stay(city: City, tmp_path: Path) -> None:
    found, workspace = city
    shutil.copytree(workspace.output, tmp_path / workspace.output.relative_to(workspace.root))
    moved = replace(workspace, root=tmp_path)
    folder = moved.output / "Teilplaene"
    assert (folder / "T40.xlsx").is_file()
    (folder / "eigene Notiz.txt").write_text("bleibt", encoding="utf-8")
    write_outputs(found, moved, only_plan=True, progress=silent)
    assert [path.name for path in folder.iterdir()] == ["eigene Notiz.txt"]


def test_a_missing_return_is_said_and_its_texts_are_not_called_empty(tmp_path: Path) -> None:
    returns: Mapping[str, Any] = {"T61": RETURNS["T61"]}
    folder = written(run(a_city(tmp_path, returns=returns)), tmp_path)
    book: Book = openpyxl.load_workbook(folder / "T40.xlsx", data_only=True)
    point = "Der Rücklauf von T40 Team Bildung fehlt und ist nicht eingerechnet."
    assert f"• {point}" in _texts(book["Überblick"])
    assert f"▲ Vorläufig: {point}" in _texts(book["P 211.10"])
    assert "– liegt noch nicht vor" in _texts(book["P 211.10"])
    other: Book = openpyxl.load_workbook(folder / "T61.xlsx", data_only=True)
    assert any(text.startswith("✓ Vollständig") for text in _texts(other["Überblick"]))
    above: Book = openpyxl.load_workbook(folder / "STADT.xlsx", data_only=True)
    assert "Team Bildung (▲ unvollständig)" in _texts(above["Überblick"])
