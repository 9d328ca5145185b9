"""A whole city in a folder, small enough to read: two teams, three products, two goal levels, six
years.

``a_city(root)`` writes the master workbook, has the pipeline issue the templates and fills them
like clerks; a test then does one thing to one file and runs the chain.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from pipeline import stages
from pipeline.excel.layout.layout import master_identity
from pipeline.excel.master_workbook import write_master
from pipeline.model.results import Results
from pipeline.workspace import Workspace
from tests.fill import fill

CITY, PLAN = "kleinstadt", "2027"
ROWS = 15
"""Prepared rows: enough for every test, and a third of the time of the usual number."""
_HOMES = tempfile.TemporaryDirectory(prefix="cities-")
atexit.register(_HOMES.cleanup)
_written: dict[str, Path] = {}
Rows = Sequence[Mapping[str, object]]


def _rows(columns: str, *lines: str) -> list[dict[str, object]]:
    names = columns.split()
    return [
        dict(zip(names, (part.strip() for part in line.split("|")), strict=True)) for line in lines
    ]


MASTER: Mapping[str, Rows] = {
    "settings": _rows(
        "setting value",
        "budget_year | 2027", "city | Kleinstadt", "as_of | 2026-10-15", "deadline | 2026-09-30",
        r"product_pattern | \d{3}\.\d{2}", "contact | Kämmerei, Haushaltsplanung", "example_data | ja",
    ),
    "years": _rows(
        "year role entry",
        "2025 | Ergebnis | vorgegeben", "2026 | Ansatz | vorgegeben", "2027 | Ansatz | Eingabe",
        "2028 | Planung | Eingabe", "2029 | Planung | Eingabe", "2030 | Planung | Eingabe",
    ),
    "levels": _rows(
        "level order filled_by refers_up",
        "strategisch | 1 | Kämmerei | nein", "Handlungsfeld | 2 | Kämmerei | ja", "Rahmenbedingung | 9 | Kämmerei | nein",
    ),
    "units": _rows(
        "unit title parent expects_return stand_in",
        "STADT | Kleinstadt | | nein |", "T40 | Team Bildung | STADT | ja | keine", "T61 | Team Stadtplanung | STADT | ja | Vorjahr",
    ),
    "goals": _rows(
        "goal title parent level additive",
        "Z1 | Hohe Bildungschancen gewährleisten | | strategisch | ja", "Z1.1 | Schulen bauen | Z1 | Handlungsfeld | ja",
        "Z1.2 | Ganztag ausbauen | Z1 | Handlungsfeld | ja", "Z2 | Wohnumfelder attraktiv gestalten | | strategisch | ja",
        "R1 | Effizient handeln | | Rahmenbedingung | nein",
    ),
    "products": _rows(
        "product title area group unit general_funding",
        "211.10 | Grundschulen | 21 | 211 | T40 | nein", "511.10 | Stadtplanung | 51 | 511 | T61 | nein",
        "541.10 | Gemeindestraßen | 54 | 541 | T61 | nein", "611.10 | Steuern | 61 | 611 | T61 | ja",
    ),
    "product_goals": _rows(
        "product goal share",
        "211.10 | Z1.1 | 33.33", "211.10 | Z1.2 | 33.33", "211.10 | Z2 | 33.34", "211.10 | R1 |", "511.10 | Z2 | 60",
    ),
    "kpis": _rows(
        "kpi title product goal unit_of_measure kind direction aggregation factor decimals",
        "K-1 | Ganztagsplätze | 211.10 | Z1.2 | Anzahl | Bestand | mindestens | Stichtagssumme | 1 | 0",
        "K-2 | Betreuungsquote | 211.10 | Z1.2 | % | Quote | mindestens | Quote | 100 | 1",
        "K-3 | Bebauungspläne | 511.10 | Z2 | Anzahl | Fallzahl | mindestens | Summe | 1 | 0",
    ),
    "lines": _rows(
        "line title plan kind sign internal formula",
        "01 | Steuern | Ergebnis | Ertrag | + | nein |", "02 | Zuwendungen | Ergebnis | Ertrag | + | nein |",
        "10 | Erträge | Ergebnis | | = | nein | 01..09".replace("01..09", "01..02"),
        "13 | Sachaufwand | Ergebnis | Aufwand | − | nein |", "15 | Transferaufwand | Ergebnis | Aufwand | − | nein |",
        "17 | Aufwendungen | Ergebnis | | = | nein | 13..15", "18 | Ergebnis | Ergebnis | | = | nein | 10-17",
        "27 | Interne Erträge | Ergebnis | interner Ertrag | + | ja |", "28 | Interne Aufwendungen | Ergebnis | interner Aufwand | − | ja |",
        "F01 | Investitionszuwendungen | Finanz | Einzahlung | + | nein |", "F08 | Baumaßnahmen | Finanz | Auszahlung | − | nein |",
        "F14 | Saldo | Finanz | | = | nein | F01-F08",
    ),
    "previous_amounts": _rows(
        "unit product line measure year amount",
        "T40 | 211.10 | 13 | | 2025 | 812345.67", "T40 | 211.10 | 13 | | 2026 | 850000", "T40 | 211.10 | F08 | M-T40-001 | 2026 | 400000",
        "T61 | 511.10 | 13 | | 2025 | 198000.50", "T61 | 511.10 | 13 | | 2026 | 200000", "T61 | 611.10 | 01 | | 2026 | 5000000",
    ),
    "previous_kpis": _rows(
        "kpi unit year target actual",
        "K-1 | T40 | 2025 | 400 | 380", "K-1 | | 2026 | 420 |", "K-2 | T40 | 2025 | 60 |", "K-3 | T61 | 2025 | 5 | 4",
    ),
    "base_values": _rows("name year value", "Orientierungsdaten | 2028 | 2", "Orientierungsdaten | 2029 | 2", "Orientierungsdaten | 2030 | 2"),
}  # fmt: skip

RETURNS: Mapping[str, Mapping[str, Rows]] = {
    "T40": {
        "measures": [
            {
                "measure": "M-T40-001", "title": "Neubau Grundschule", "product": "211.10", "type": "investiv", "status": "läuft",
                "start": "2026-01", "end": "2029-12", "responsible": "Leitung Team Bildung",
                "total_cost": 4_000_000, "spent_before": 400_000, "later": 0, "appraisal": "ja", "followup_cost": 20_000,
            },
            {
                "measure": "M-T40-002", "title": "Mensa erweitern", "product": "211.10", "goal": "Z1.2", "type": "konsumtiv",
                "status": "geplant", "start": "2027-01", "end": "2030-12", "responsible": "Leitung Team Bildung",
            },
            {
                "measure": "M-T40-003", "title": "Dritte Sporthalle", "product": "211.10", "type": "konsumtiv", "status": "angemeldet",
                "start": "2027-01", "end": "2030-12", "responsible": "Leitung Team Bildung",
            },
        ],
        "costs": [
            {"product": "211.10", "line": "13", "continuation": "Orientierungsdaten", "amount_2027": 870_000},
            {
                "product": "211.10", "line": "F08", "measure": "M-T40-001", "amount_2027": 1_200_000, "amount_2028": 1_200_000,
                "amount_2029": 1_200_000, "amount_2030": 0, "remark": "Bauabschnitte nach Ratsbeschluss",
            },
            {"product": "211.10", "line": "13", "measure": "M-T40-002", "continuation": "wie Ansatz", "amount_2027": "1000.01"},
            {"product": "211.10", "line": "15", "measure": "M-T40-003", "continuation": "entfällt", "amount_2027": 77_000},
        ],
        "kpis": [
            {"kpi": "K-1", "target_2027": 440, "target_2028": 460, "data_state": "endgültig"},
            {
                "kpi": "K-2", "numerator_2025": 300, "denominator_2025": 480, "numerator_2027": 350, "denominator_2027": 500,
                "data_state": "endgültig",
            },
        ],
        "release": [{"setting": "state", "value": "freigegeben"}, {"setting": "function", "value": "Leitung Team Bildung"}],
    },
    "T61": {
        "costs": [
            {"product": "511.10", "line": "13", "continuation": "wie Ansatz", "amount_2027": "210000.55"},
            {"product": "541.10", "line": "13", "continuation": "wie Ansatz", "amount_2027": 90_000},
            {"product": "611.10", "line": "01", "continuation": "wie Ansatz", "amount_2027": 5_200_000},
        ],
        "kpis": [{"kpi": "K-3", "target_2027": 6, "data_state": "endgültig"}],
        "release": [{"setting": "state", "value": "freigegeben"}],
    },
}  # fmt: skip


def silent(_what: str, _done: int, _total: int) -> None:
    """Nobody watches a test."""


def write_the_master(root: Path, **tables: Rows) -> Workspace:
    """Writes the master workbook; ``tables`` replace whole tables."""
    workspace = Workspace(root=root, city=CITY, plan=PLAN)
    workspace.master.parent.mkdir(parents=True, exist_ok=True)
    write_master(
        {**MASTER, **tables},
        master_identity(city=CITY, plan=PLAN, year="2027", round="Entwurf"),
        workspace.master,
    )
    return workspace


def a_city(
    root: Path,
    *,
    returns: Mapping[str, Mapping[str, Rows]] = RETURNS,
    prepared: int | None = ROWS,
    **tables: Rows,
) -> Workspace:
    """The city with issued templates and filled returns; ``prepared=None`` prepares as many rows
    as a department gets.
    """
    # Most tests begin with the same city: each is written once per process, then copied.
    asked = repr((returns, prepared, tables))
    if asked not in _written:
        home = Path(tempfile.mkdtemp(prefix="city-", dir=_HOMES.name))
        workspace = write_the_master(home, **tables)
        stages.issue_templates(workspace, rows=prepared, progress=silent)
        for unit, rows in returns.items():
            fill(workspace.templates / f"{unit}.xlsx", rows, workspace.returns / f"{unit}.xlsx")
        _written[asked] = home
    shutil.copytree(_written[asked], root, dirs_exist_ok=True)
    return Workspace(root=root, city=CITY, plan=PLAN)


def run(workspace: Workspace) -> Results:
    """The whole chain without writing."""
    return stages.evaluate(workspace, workers=1, progress=silent)


def change(path: Path, deed: Callable[[Workbook], Any]) -> None:
    """Opens a return, does one thing to it, and saves it."""
    book = load_workbook(path)
    deed(book)
    book.save(path)


def errors_of(results: Results) -> list[tuple[str, str]]:
    """The errors as (rule, file!sheet!cell)."""
    return [
        (
            each.rule,
            "!".join(part for part in (each.place.file, each.place.sheet, each.place.cell) if part),
        )
        for each in results.findings
        if each.severity.value == "error"
    ]
