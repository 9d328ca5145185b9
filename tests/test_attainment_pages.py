"""The sheets Kennzahlen and Zielerreichung of the budget plan, as a council reads them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipeline.excel.budget_plan import write_budget_plan
from pipeline.model.blocks import frame_of
from pipeline.model.results import Results
from tests.results_builder import results
from tests.small_city import MASTER, RETURNS, a_city, run

Row = Mapping[str, Any]
"""What stands in a row below a title."""


def _rows(path: Path, sheet: str, head: str, *, values: bool = True) -> dict[str, Row]:
    """The rows of a table by their first cell; titles without their line breaks."""
    book = openpyxl.load_workbook(path, data_only=values)
    rows = list(book[sheet].iter_rows())
    start = next(n for n, row in enumerate(rows) if row[0].value == head)
    titles = [" ".join(str(cell.value or "").split()) for cell in rows[start]]
    return {
        str(row[0].value): dict(zip(titles, (cell.value for cell in row), strict=True))
        for row in reversed(rows[start + 1 :])
        if row[0].value
    }


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Kleinstadt with one more goal level, offices of unequal size, and a key figure of every
    state.
    """
    names = ["kpi", "title", "product", "goal", "unit_of_measure", "kind", "direction", "aggregation", "factor", "decimals", "weight"]  # fmt: skip
    lines = (
        ("K-1", "Ganztagsplätze", "211.10", "Z1.2", "Anzahl", "Bestand", "mindestens", "Stichtagssumme", 1, 0, 3),
        ("K-2", "Betreuungsquote", "211.10", "Z1.2", "%", "Quote", "mindestens", "Quote", 100, 1, 1),
        ("K-3", "Bebauungspläne", "511.10", "Z2", "Anzahl", "Fallzahl", "mindestens", "Summe", 1, 0, 1),
        ("K-4", "Neue Radwege", "541.10", "Z2", "km", "Fallzahl", "mindestens", "Summe", 1, 0, 1),
        ("K-5", "Bürgerinnen und Bürger", "541.10", "", "Anzahl", "Bestand", "nachrichtlich", "keine", 1, 0, ""),
        ("K-6", "Online-Anträge", "541.10", "R1", "%", "Quote", "mindestens", "Quote", 100, 1, 1),
    )  # fmt: skip
    targets = [
        {"kpi": kpi, "unit": unit, "year": 2025, "target": target, "actual": actual}
        for kpi, unit, target, actual in (
            ("K-1", "T40", 400, 380), ("K-2", "T40", 60, ""), ("K-3", "T61", 5, 2), ("K-4", "T61", 8, ""),
            ("K-6", "T40", 50, ""), ("K-6", "T61", 80, ""),
        )
    ]  # fmt: skip
    kpis = [dict(zip(names, line, strict=True)) for line in lines]
    asked = [{"kpi": "K-6", "unit": unit} for unit in ("T40", "T61")]
    digital = {"T40": (10, 20), "T61": (90, 100)}
    returns = {
        unit: {
            **tables,
            "kpis": [
                *tables["kpis"],
                {"kpi": "K-6", "target_2027": 80, "numerator_2025": digital[unit][0], "denominator_2025": digital[unit][1], "data_state": "endgültig"},
                *([{"kpi": "K-4", "target_2027": 9, "data_state": "nicht erhoben"}] if unit == "T61" else []),
            ],
        }
        for unit, tables in RETURNS.items()
    }  # fmt: skip
    workspace = a_city(
        tmp_path_factory.mktemp("stadt"),
        returns=returns,
        kpis=kpis,
        kpi_units=asked,
        previous_kpis=targets,
        goals=[*MASTER["goals"], {"goal": "Z3", "title": "Nachhaltig handeln", "level": "strategisch", "additive": "ja"}],
    )  # fmt: skip
    return run(workspace)


@pytest.fixture(scope="module")
def plan(city: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "Haushaltsplan.xlsx"
    write_budget_plan(city, path)
    return path


def test_every_goal_shows_attainment_coverage_and_counts_of_the_data_package(
    city: Results, plan: Path
) -> None:
    rows = _rows(plan, "Zielerreichung", "Ziel-Nr.")
    table = city.tables["attainment"]
    for facts in table[table["year"] == 2025].to_dict("records"):
        row = rows[str(facts["goal"])]
        if not facts["kpis"]:
            assert row["Zielerreichung 2025"] is None
            assert row["Abdeckung"] is None
            assert row["Kennzahlen mit Daten"] == "keine"
            continue
        assert row["Abdeckung"] == pytest.approx(facts["coverage_bp"] / 10_000, abs=5e-5)
        counts = f"{facts['kpis_with_data']} von {facts['kpis']}"
        assert row["Kennzahlen mit Daten"] == counts
        assert row["Zielerreichung 2025"] == pytest.approx(facts["attainment_bp"] / 10_000, abs=5e-5)  # fmt: skip


def test_a_goal_says_how_many_are_in_which_state_and_names_the_critical_ones(plan: Path) -> None:
    # Z1.2: 380 of 400 weighs 3, 62,5 % of 60 % (capped) weighs 1. Z2: 2 of 5, and one without data.
    rows = _rows(plan, "Zielerreichung", "Ziel-Nr.")
    states = ("im Plan", "beob- achten", "kritisch", "ohne Daten")
    assert rows["Z1.2"]["Zielerreichung 2025"] == pytest.approx((3 * 0.95 + 1) / 4)
    assert [rows["Z1.2"][state] for state in states] == [2, None, None, None]
    assert [rows["Z2"][state] for state in states] == [None, None, 1, 1]
    assert rows["Z2"]["Kritische Kennzahlen"] == "K-3 Bebauungspläne (40\u00a0%)"
    assert rows["Z2"]["schwächste Kennzahl"] == pytest.approx(0.4)
    assert rows["Z2"]["Stand"] == "◆ kritisch"
    assert rows["Z1"]["Ziele ohne Kennzahl"] == 1
    assert rows["Z3"]["Stand"] == "– nicht bewertet"


def test_attainment_is_a_formula_over_key_figures_and_goals_below(plan: Path) -> None:
    rows = _rows(plan, "Zielerreichung", "Ziel-Nr.", values=False)
    for goal in ("Z1", "Z1.2", "Z2"):
        text = rows[goal]["Zielerreichung 2025"]
        assert text.startswith("=IF(SUMIFS('Kennzahlen'!"), goal
    below = rows["Z1"]["Zielerreichung 2025"].count("SUMIFS(")
    assert below > rows["Z1.2"]["Zielerreichung 2025"].count("SUMIFS(")


def test_the_picture_draws_no_bar_where_there_is_no_data(plan: Path) -> None:
    with zipfile.ZipFile(plan) as package:
        names = [name for name in package.namelist() if name.startswith("xl/drawings/drawing")]
        drawings = [package.read(name).decode() for name in names]
        charts = [
            package.read(name).decode() for name in package.namelist() if "/charts/chart" in name
        ]
    (described,) = [each for each in drawings if "Zielerreichung 2025:" in each]
    assert "Z1 Hohe Bildungschancen gewährleisten 96,25\u00a0%, im Plan" in described
    assert "Z2 Wohnumfelder attraktiv gestalten 40\u00a0%, kritisch" in described
    assert "Z3" not in described  # without any key figure
    (chart,) = [each for each in charts if "Zielerreichung je Ziel" in each]
    assert '<c:dispBlanksAs val="zero"/>' not in chart
    assert '<c:plotVisOnly val="1"/>' not in chart
    assert "im Plan" in chart
    book = openpyxl.load_workbook(plan, data_only=True)
    sheet = book["Zielerreichung"]
    head = next(c for row in sheet.iter_rows() for c in row if c.value == "Grafik")
    bars = [
        [c.value for c in sheet[head.row + n][head.column : head.column + 4]] for n in range(1, 4)
    ]
    assert [sum(value is not None for value in row) for row in bars] == [1, 1, 1]
    assert bars[1][2] == pytest.approx(0.4)  # Z2 in the column of what is critical


def test_key_figures_stand_below_their_goal_each_once_with_their_offices(plan: Path) -> None:
    sheet = openpyxl.load_workbook(plan, data_only=True)["Kennzahlen"]
    firsts = [str(row[0].value) for row in sheet.iter_rows(min_row=5) if row[0].value]
    assert firsts == ["Z1.2", "K-1", "K-2", "Z2", "K-3", "K-4", "R1", "K-6", "K-6", "K-6", "K-5"]
    rows = {str(row[1].value): [cell.value for cell in row] for row in sheet.iter_rows(min_row=5)}
    titles = [" ".join(str(cell.value or "").split()) for cell in sheet[4]]
    actual, data = titles.index("Ist 2025"), titles.index("mit Daten 2025")
    # 10 of 20 and 90 of 100: 83,3 %, never the mean of 50 and 90.
    assert rows["Online-Anträge"][actual] == pytest.approx(83.333333)
    assert rows["Online-Anträge"][data] == "2 von 2"
    assert rows["davon Team Bildung"][actual] == 50
    assert rows["davon Team Stadtplanung"][actual] == 90
    assert rows["Neue Radwege"][actual] is None
    assert rows["Neue Radwege"][titles.index("Stand 2025")] == "– keine Daten"
    assert "Ohne Ziel" in rows
    folded = [n for n, row in enumerate(sheet.iter_rows(), start=1) if str(row[1].value).startswith("davon")]  # fmt: skip
    assert all(sheet.row_dimensions[n].hidden for n in folded)


def test_without_any_actual_the_sheet_says_so_and_draws_nothing(tmp_path: Path) -> None:
    found = results()
    nothing = {
        "attainment": found.tables["attainment"].assign(
            attainment_bp=None, kpis_with_data=0, coverage_bp=0, state="no_data"
        ),
        "kpi_results": frame_of({}, {}).reindex(columns=found.tables["kpi_results"].columns),
    }
    path = tmp_path / "Haushaltsplan.xlsx"
    write_budget_plan(Results(**{**vars(found), "tables": {**found.tables, **nothing}}), path)
    sheet = openpyxl.load_workbook(path, data_only=True)["Zielerreichung"]
    assert "Es gibt noch kein Jahr" in str(sheet["A2"].value)
    rows = _rows(path, "Zielerreichung", "Ziel-Nr.")
    assert {row["Zielerreichung"] for row in rows.values()} <= {None, ""}
    assert not {row["Stand"] for row in rows.values()} & {"● im Plan", "◆ kritisch"}
