"""`Zielvereinbarungen.xlsx` as the people see it who sign it, and as an auditor recomputes it."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.excel.target_agreements import write_target_agreements
from pipeline.excel.target_agreements.desk import sheet_names
from pipeline.excel.target_agreements.overview import BAD, GOOD
from pipeline.model.results import Results
from pipeline.outputs import write_outputs
from pipeline.workspace import Workspace
from tests import recalculation, results_builder
from tests.agreements_builder import (
    LATER,
    TREE,
    YEAR,
    a_figure,
    a_report,
    a_saving,
    results_of,
)
from tests.conftest import Convert
from tests.small_city import silent

HOSTILE = (
    "=1+1", "ZV/OB:*?[x]", "Übersicht", "History", "'amt'", "zv-lang " * 6 + "a", "zv-lang " * 6 + "b", "ZV-A1", "zv-a1",
)  # fmt: skip
FIGURES = [
    a_figure("STADT", 300_000_00),
    a_figure("A11", 1_000_000_01), a_figure("A11", 250_000_02, kind="revenue"), a_figure("A11", 1_100_000_00, year=LATER),
    a_figure("A20", 70_000_00), a_figure("A20", 9_000_000_00, kind="revenue", product="611"),
    a_figure("A99", 40_000_00), a_figure("A99", 41_000_00, year=LATER),
]  # fmt: skip
SAVINGS = [
    a_saving("A11", "HSP-1", 50_000_00), a_saving("A11", "HSP-1", 60_000_00, year=LATER),
    a_saving("A20", "HSP-2", 10_000_00, effect="Zuwachs"), a_saving("A20", "HSP-2", 5_000_00, effect="Zuwachs", year=LATER),
    a_saving("A20", "HSP-3", 7_000_00, memo=True),
    a_saving("A99", "HSP-4", 1_000_00),
]  # fmt: skip
FUNDING = [{"product": "611", "title": "Steuern", "unit": "A20", "general_funding": True}]
KPI = {
    "kpi": "K-1", "title": "Digitale Anträge", "product": "511.10", "goal": "Z1", "unit_of_measure": "%", "kind": "Quote",
    "direction": "mindestens", "aggregation": "Quote", "decimals": 1, "factor": 100,
}  # fmt: skip


def a_city(**change: Any) -> Results:  # noqa: ANN401 - whatever the builder takes
    rows = [*TREE[:2], {**TREE[2], "kpi": "K-1", "target": Decimal("62.5"), "date": "2027-12-31"}]
    known = {
        "figures": FIGURES, "savings": SAVINGS, "products": FUNDING, "target_agreements": rows,
        "kpis": [KPI], "kpi_units": [{"kpi": "K-1", "unit": "A11"}],
        "reports": [a_report("A11", 2025, "actual", 50, 100), a_report("A11", YEAR, "target", 60, 100)],
    }  # fmt: skip
    return results_of(**{**known, **change})


def written(results: Results, folder: Path, *, values: bool = True) -> Workbook:
    """The workbook, opened with every warning as an error."""
    path = folder / "Zielvereinbarungen.xlsx"
    write_target_agreements(results, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_workbook(path, data_only=values)


def records(sheet: Worksheet) -> Iterator[Mapping[str, Any]]:
    """The rows of a sheet's table by its hidden key row."""
    keys = next(row for row in sheet.iter_rows() if str(row[0].value).startswith("zh:"))
    first, last = (int(part) for part in str(keys[0].value).split(":")[2:])
    assert sheet.row_dimensions[int(keys[0].row or 0)].hidden
    names = {cell.column: str(cell.value) for cell in keys[1:] if cell.value}
    for row in sheet.iter_rows(min_row=first, max_row=last):
        yield {names[cell.column]: cell.value for cell in row if cell.column in names}


def texts(sheet: Worksheet) -> list[str]:
    return [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]


def row_of(sheet: Worksheet, text: str) -> list[Any]:
    """The values of the row whose first text begins like this."""
    for row in sheet.iter_rows(values_only=True):
        filled = [value for value in row if value is not None]
        if filled and str(filled[0]).startswith(text):
            return filled
    raise AssertionError(f"{sheet.title}: {text}")


def test_an_overview_then_a_sheet_for_each_agreement_then_the_data(tmp_path: Path) -> None:
    book = written(a_city(), tmp_path)
    assert book.sheetnames == ["Übersicht", "ZV-OB", "ZV-D1", "ZV-A11", "Daten", "Konsolidierung"]
    overview = list(records(book["Übersicht"]))
    assert [(row["agreement"], row["parent"], row["unit"]) for row in overview] == [
        ("ZV-OB", None, "STADT"),
        ("ZV-D1", "ZV-OB", "D1"),
        ("ZV-A11", "ZV-D1", "A11"),
    ]
    assert [row[f"condition_{YEAR}"] for row in overview] == [
        -7_880_000.01,
        -8_180_000.01,
        749_999.99,
    ]
    assert [row[f"savings_{YEAR}"] for row in overview] == [60_000, 60_000, 50_000]
    assert GOOD in texts(book["Übersicht"])


def test_whoever_adds_up_the_data_sheet_finds_every_condition(tmp_path: Path) -> None:
    """Recomputed from the cells of the sheet Daten alone, without the engine."""
    book = written(a_city(), tmp_path)
    overview = {row["agreement"]: row for row in records(book["Übersicht"])}
    for year in (YEAR, LATER):
        own: dict[str | None, Decimal] = {}
        for row in records(book["Daten"]):
            sign = 1 if row["kind"] == "Aufwand" else -1
            amount = Decimal(str(row[f"amount_{year}"] or 0))
            own[row["agreement"]] = own.get(row["agreement"], Decimal(0)) + sign * amount
        for name, row in overview.items():
            below = [each for each in overview.values() if each["parent"] == name]
            parts = sum((Decimal(str(each[f"condition_{year}"])) for each in below), Decimal(0))
            assert Decimal(str(row[f"own_{year}"])) == own.get(name, Decimal(0))
            assert Decimal(str(row[f"condition_{year}"])) == own.get(name, Decimal(0)) + parts
            column = 1 if year == YEAR else 2
            assert row_of(book[name], "Budgetauflage (")[column] == row[f"condition_{year}"]
        without = own["(ohne)"]
        assert Decimal(str(sum(Decimal(str(row[f"own_{year}"])) for row in overview.values()))) + without == Decimal(
            sum((1 if each["kind"] == "expense" else -1) * int(str(each["cents"])) for each in FIGURES if each["year"] == year)
        ) / 100  # fmt: skip


def test_every_savings_measure_stands_on_one_sheet_or_among_those_without(tmp_path: Path) -> None:
    book = written(a_city(), tmp_path)
    listed = {row["savings_measure"]: row["agreement"] for row in records(book["Konsolidierung"])}
    assert listed == {"HSP-1": "ZV-A11", "HSP-2": "ZV-D1", "HSP-3": "ZV-D1", "HSP-4": "(ohne)"}
    for measure, home in listed.items():
        found = [
            sheet.title
            for sheet in book.worksheets
            if sheet.title != "Konsolidierung"
            and any(text.startswith(measure) for text in texts(sheet))
        ]
        assert found == ["Übersicht" if home == "(ohne)" else home]
    assert row_of(book["ZV-D1"], "HSP-3") == ["HSP-3 (nachrichtlich, zählt nicht)", 7_000, "–"]
    assert row_of(book["ZV-D1"], "Eigener Beitrag") == ["Eigener Beitrag", 10_000, 15_000]


def test_what_is_signed_names_functions_goals_targets_weights_dates_and_lines(
    tmp_path: Path,
) -> None:
    sheet = written(a_city(), tmp_path)["ZV-A11"]
    assert row_of(sheet, "K-1  Digitale") == [
        "K-1  Digitale Anträge (%, mindestens)", "31.12.2027", 50, 60, 62.5,
    ]  # fmt: skip
    assert row_of(sheet, "Summe der Gewichte") == ["Summe der Gewichte", "✓ vollständig", 100]
    found = texts(sheet)
    assert found.count("Ort, Datum") == 2
    assert found[-2:] == ["Dezernatsleitung 1", "Amtsleitung Personal"]
    assert "zwischen Dezernatsleitung 1" in found
    assert row_of(sheet, "Budgetauflage (") == [
        "Budgetauflage (Zuschussbedarf)",
        749_999.99,
        1_100_000,
    ]


def test_weights_that_do_not_make_one_hundred_are_seen_on_the_sheet(tmp_path: Path) -> None:
    rows = [{**TREE[0], "weight": Decimal("99.5")}]
    sheet = written(a_city(target_agreements=rows), tmp_path)["ZV-OB"]
    assert row_of(sheet, "Summe der Gewichte") == ["Summe der Gewichte", "✗ muss 100 sein", 99.5]


def test_a_consolidation_goal_without_key_figure_is_measured_by_the_amounts(tmp_path: Path) -> None:
    goals = [
        {"goal": "Z1", "title": "Haushalt sichern", "level": "strategisch", "consolidation": True},
        {"goal": "Z1.1", "title": "Beitrag leisten", "parent": "Z1", "level": "strategisch"},
        {"goal": "Z2", "title": "Bürger beteiligen", "level": "strategisch"},
    ]
    rows = [{**TREE[0], "goal": goal, "weight": Decimal(50)} for goal in ("Z1.1", "Z2")]
    sheet = written(a_city(target_agreements=rows, goals=goals), tmp_path)["ZV-OB"]
    found = [row for row in sheet.iter_rows(values_only=True) if str(row[1]).startswith("Z")]
    assert [(row[1], row[5], row[6]) for row in found if row[0] != "Nr."] == [
        ("Z1.1  Beitrag leisten", "siehe 2 und 3", 50),
        ("Z2  Bürger beteiligen", "–", 50),
    ]


def test_general_funding_within_an_own_part_is_shown_for_itself(tmp_path: Path) -> None:
    book = written(a_city(), tmp_path)
    assert row_of(book["ZV-D1"], "darin allgemeine")[1:] == [-9_000_000, 0]
    assert not [text for text in texts(book["ZV-A11"]) if text.startswith("darin allgemeine")]


def test_functions_amounts_and_measures_without_an_agreement_are_listed(tmp_path: Path) -> None:
    sheet = written(a_city(), tmp_path)["Übersicht"]
    assert row_of(sheet, "A20") == ["A20", "Kämmerei", "Amtsleitung Finanzen", "ZV-D1"]
    assert row_of(sheet, "HSP-4") == ["HSP-4", "A99", 1_000]
    without = [
        [value for value in row if value is not None]
        for row in sheet.iter_rows(values_only=True)
        if "A99" in row and "Eigenbetrieb" in row
    ]
    assert without == [
        ["A99", "Eigenbetrieb", "Betriebsleitung", "keiner"],
        ["A99", "Eigenbetrieb", "Betriebsleitung", 40_000, 41_000],
    ]


def test_a_provisional_plan_is_seen_on_every_sheet(tmp_path: Path) -> None:
    register = [{"unit": "A11", "file": "A11.xlsx", "status": "accepted", "money": "accepted"}]
    book = written(a_city(provisional=True, register=register), tmp_path)
    for sheet in book.worksheets:
        assert sheet.oddHeader is not None
        assert "vorläufig" in str(sheet.oddHeader.right.text)
    (gap,) = [text for text in texts(book["ZV-D1"]) if "Vorläufig" in text]
    assert "A20 Kämmerei (nicht eingerechnet)" in gap
    (none,) = [text for text in texts(book["ZV-A11"]) if "Vorläufig" in text]
    assert "die Beträge dieser Zielvereinbarung sind es" in none
    final = written(a_city(), tmp_path)
    assert not [text for sheet in final.worksheets for text in texts(sheet) if "Vorläufig" in text]


def test_how_far_it_is_reached_is_said_once_there_are_actuals_of_its_year(tmp_path: Path) -> None:
    reports = [a_report("A11", YEAR, "actual", 50, 100), a_report("A11", YEAR, "target", 60, 100)]
    sheet = written(a_city(reports=reports), tmp_path)["ZV-A11"]
    assert row_of(sheet, "Zielvereinbarung insgesamt") == [
        "Zielvereinbarung insgesamt, nach Gewichten (Abdeckung 100 %)",
        0.8,
    ]
    assert "Stand der Zielerreichung" not in texts(written(a_city(), tmp_path)["ZV-A11"])


def test_a_city_that_differs_from_its_agreements_is_told_so(tmp_path: Path) -> None:
    results = a_city()
    wrong = results.tables["aggregates"].assign(cents=results.tables["aggregates"]["cents"] + 1)
    book = written(
        Results(**{**vars(results), "tables": {**results.tables, "aggregates": wrong}}), tmp_path
    )
    assert BAD in texts(book["Übersicht"])


def test_every_sheet_is_a_page_of_paper(tmp_path: Path) -> None:
    book = written(a_city(), tmp_path)
    for sheet in book.worksheets:
        assert int(str(sheet.page_setup.paperSize)) == 9
        upright = sheet.title.startswith("ZV-")
        assert (sheet.page_setup.orientation == "portrait") is upright
        if upright:
            assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in {
                (1, 1),
                (None, None),
            }
            assert sheet.sheet_properties.pageSetUpPr is not None
            assert sheet.print_area.startswith(f"'{sheet.title}'!$A$2:$G$")


def test_signatures_are_never_torn_apart_by_a_page(tmp_path: Path) -> None:
    many = [a_saving("A11", f"HSP-{number:03}", 1_000_00) for number in range(90)]
    sheet = written(a_city(savings=many), tmp_path)["ZV-A11"]
    breaks = [each.id for each in sheet.row_breaks.brk]
    assert breaks
    rows = {str(cell.value): cell.row for row in sheet.iter_rows() for cell in row if cell.value}
    start, end = rows["4  Unterschriften"], rows["Amtsleitung Personal"]
    assert not [each for each in breaks if start <= each < end]
    heights = {row: sheet.row_dimensions[row].height or 15 for row in range(2, end + 1)}
    pages = [1, *breaks, end]
    for first, last in pairwise(pages):
        assert sum(heights[row] for row in range(first + 1, last + 1)) < 840


def test_links_lead_to_sheets_and_back(tmp_path: Path) -> None:
    book = written(a_city(), tmp_path)
    for sheet in book.worksheets:
        targets = [
            str(cell.hyperlink.location)
            for row in sheet.iter_rows()
            for cell in row
            if cell.hyperlink is not None
        ]
        assert {target.rpartition("!")[0].strip("'") for target in targets} <= set(book.sheetnames)
        if sheet.title == "Übersicht":
            assert targets == ["'ZV-OB'!A1", "'ZV-D1'!A1", "'ZV-A11'!A1"]
        else:
            assert "'Übersicht'!A1" in targets


def test_hostile_names_are_text_and_safe_sheet_names(tmp_path: Path) -> None:
    names = sheet_names(HOSTILE)
    assert len({name.casefold() for name in names.values()}) == len(HOSTILE)
    assert not {name.casefold() for name in names.values()} & {"übersicht", "history", "daten"}
    for name in names.values():
        assert 0 < len(name) <= 31
        assert not set(name) & set("[]:*?/\\'!=")
    rows = [
        {**TREE[0], "agreement": '=HYPERLINK("x")', "partner": "=2+3"},
        {**TREE[1], "parent": None, "agreement": "'a'!B1"},
    ]
    book = written(a_city(target_agreements=rows), tmp_path, values=False)
    formulas = [
        str(cell.value)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    assert formulas
    assert all(text.startswith(("=ROUND(", "=IF(", "=SUM(")) for text in formulas)
    assert not [text for text in formulas if "HYPERLINK" in text.replace("'_HYPERLINK(_x_)'", "")]
    assert "=2+3" in texts(book.worksheets[1])


def test_same_results_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for number in range(2):
        path = tmp_path / str(number) / "Zielvereinbarungen.xlsx"
        write_target_agreements(a_city(), path)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_without_consolidation_and_without_any_agreement(tmp_path: Path) -> None:
    plain = written(a_city(settings={"uses_savings": False}, savings=[]), tmp_path)
    assert "Konsolidierung" not in plain.sheetnames
    assert "3  Unterschriften" in texts(plain["ZV-OB"])
    nothing = written(a_city(target_agreements=[]), tmp_path)
    assert nothing.sheetnames == ["Übersicht", "Daten", "Konsolidierung"]
    assert GOOD in texts(nothing["Übersicht"])
    assert row_of(nothing["Übersicht"], "ohne Zielvereinbarung")[1] == -7_840_000.01


def test_a_single_budget_year_has_a_single_column(tmp_path: Path) -> None:
    results = a_city()
    years = [year for year in results.master.years if year.year != LATER]
    master = type(results.master)(
        **{
            **{
                name: getattr(results.master, name)
                for name in ("settings", "tables", "blocks", "submission")
            },
            "years": tuple(years),
        }
    )
    book = written(Results(**{**vars(results), "master": master}), tmp_path)
    assert row_of(book["ZV-A11"], "Budgetauflage (") == [
        "Budgetauflage (Zuschussbedarf)",
        749_999.99,
    ]


def test_every_formula_computes_to_the_value_stored_with_it(
    tmp_path: Path, convert: Convert
) -> None:
    hostile = [
        {**row, "agreement": name, "parent": None}
        for row, name in zip(TREE, ("Übersicht", "'a'!B1 (x)", "zv-lang " * 6), strict=True)
    ]
    path = tmp_path / "Zielvereinbarungen.xlsx"
    other = tmp_path / "fremd" / "Feindlich.xlsx"
    reports = [a_report("A11", YEAR, "actual", 50, 100)]
    write_target_agreements(a_city(reports=reports), path)
    write_target_agreements(a_city(target_agreements=hostile), other)
    convert(path, outdir=tmp_path / "neu", recalculate=True, beside=[other])
    for each in (path, other):
        assert recalculation.differences(each, tmp_path / "neu" / each.name) == []
        assert len(list(recalculation.formulas(each))) > 60


def test_a_run_for_the_plan_alone_leaves_the_agreements_out(tmp_path: Path) -> None:
    """Where a whole run writes them, the example cities show."""
    results = results_builder.results(uses_agreements=True)
    workspace = Workspace(root=tmp_path, city=results.city, plan=results.plan)
    write_outputs(results, workspace, only_plan=True, progress=silent)
    assert sorted(path.name for path in workspace.output.glob("*.xlsx")) == ["Haushaltsplan.xlsx"]
