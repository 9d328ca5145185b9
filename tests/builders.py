"""The smallest city that works: a valid master, and the template made from it, without any file.

``a_master()`` is Musterstadt with two teams, three products, one measure of last year and four key
figures. A test makes one change and looks at what follows: ``a_master(goals=[...])`` replaces a
table, ``settings={"round": "Controlling"}`` changes single settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from pipeline.excel.layout.layout import WorkbookLayout, template_identity, template_layout
from pipeline.excel.layout.shown import shown
from pipeline.model.blocks import Block, State, frame_of
from pipeline.model.master import Master, Settings
from pipeline.model.tables import Column, Role, Year
from pipeline.tables.master import MASTER_TABLES, SETTING_VALUES
from pipeline.tables.submission import tables_for

CITY, PLAN, UNIT = "musterstadt", "2027", "T61"
Rows = Sequence[Mapping[str, Any]]

YEARS = (
    Year(year=2025, role=Role.ACTUAL, title="Ergebnis 2025", entered=False),
    Year(year=2026, role=Role.BUDGET, title="Ansatz 2026", entered=False),
    Year(year=2027, role=Role.BUDGET, title="Ansatz 2027", entered=True),
    Year(year=2028, role=Role.OUTLOOK, title="Planung 2028", entered=True),
    Year(year=2029, role=Role.OUTLOOK, title="Planung 2029", entered=True),
    Year(year=2030, role=Role.OUTLOOK, title="Planung 2030", entered=True),
)
SETTINGS: Mapping[str, Any] = {
    "budget_year": 2027,
    "city": "Musterstadt",
    "as_of": "2026-09-01",
    "deadline": "2026-10-15",
    "contact": "Kämmerei, Haushaltsplanung",
}
TABLES: Mapping[str, Rows] = {
    "levels": [
        {"level": "strategisch", "order": 1, "filled_by": "Kämmerei"},
        {"level": "Rahmenbedingung", "order": 9, "filled_by": "Kämmerei"},
    ],
    "units": [
        {"unit": "STADT", "title": "Musterstadt", "expects_return": False},
        {"unit": "T61", "title": "Team Stadtplanung", "parent": "STADT", "expects_return": True},
        {"unit": "T12", "title": "Team Personal", "parent": "STADT", "expects_return": True},
    ],
    "goals": [
        {"goal": "Z1", "title": "Wohnumfelder attraktiv gestalten", "level": "strategisch"},
        {"goal": "Z2", "title": "Ökologische Nachhaltigkeit fördern", "level": "strategisch"},
        {
            "goal": "R1",
            "title": "Wirtschaftlichkeit",
            "level": "Rahmenbedingung",
            "additive": False,
        },
    ],
    "products": [
        {"product": "511.10", "title": "Stadtplanung", "unit": "T61", "group": "511"},
        {"product": "541.10", "title": "Gemeindestraßen", "unit": "T61", "group": "541"},
        {"product": "111.30", "title": "Personalwirtschaft", "unit": "T12", "group": "111"},
    ],
    "product_goals": [
        {"product": "511.10", "goal": "Z1", "share": 6_000},
        {"product": "511.10", "goal": "Z2", "share": 4_000},
        {"product": "541.10", "goal": "Z1", "share": 5_000},
    ],
    "responsibilities": [{"line": "11", "unit": "T12"}],
    "kpis": [
        {
            "kpi": "K-001",
            "title": "Aufgestellte Bebauungspläne",
            "product": "511.10",
            "goal": "Z1",
            "kind": "Fallzahl",
            "direction": "mindestens",
            "aggregation": "Summe",
            "unit_of_measure": "Anzahl",
            "decimals": 0,
        },
        {
            "kpi": "K-002",
            "title": "Anteil sanierter Straßen",
            "product": "541.10",
            "goal": "Z1",
            "kind": "Quote",
            "direction": "mindestens",
            "aggregation": "Quote",
            "unit_of_measure": "%",
            "decimals": 1,
            "factor": 100,
        },
        {
            "kpi": "K-003",
            "title": "Zuschuss je Einwohner",
            "product": "541.10",
            "goal": "Z1",
            "kind": "je Einwohner",
            "direction": "höchstens",
            "aggregation": "Quote",
            "unit_of_measure": "€",
            "decimals": 2,
            "denominator": "Einwohnerzahl",
        },
        {
            "kpi": "K-004",
            "title": "Krankenstand",
            "product": "111.30",
            "goal": "R1",
            "kind": "Quote",
            "direction": "höchstens",
            "aggregation": "Quote",
            "unit_of_measure": "%",
            "decimals": 1,
            "factor": 100,
        },
    ],
    "lines": [
        {"line": "02", "title": "Zuwendungen", "plan": "Ergebnis", "kind": "revenue", "sign": "+"},
        {
            "line": "10",
            "title": "Ordentliche Erträge",
            "plan": "Ergebnis",
            "sign": "=",
            "formula": "02..02",
        },
        {
            "line": "11",
            "title": "Personalaufwendungen",
            "plan": "Ergebnis",
            "kind": "expense",
            "sign": "−",
        },
        {
            "line": "13",
            "title": "Sach- und Dienstleistungen",
            "plan": "Ergebnis",
            "kind": "expense",
            "sign": "−",
        },
        {
            "line": "28",
            "title": "Interne Aufwendungen",
            "plan": "Ergebnis",
            "kind": "internal_expense",
            "sign": "−",
            "internal": True,
        },
        {
            "line": "F01",
            "title": "Investitionszuwendungen",
            "plan": "Finanz",
            "kind": "receipt",
            "sign": "+",
        },
        {"line": "F08", "title": "Baumaßnahmen", "plan": "Finanz", "kind": "payment", "sign": "−"},
    ],
    "previous_amounts": [
        {
            "unit": "T61",
            "product": "511.10",
            "line": "13",
            "measure": None,
            "year": 2025,
            "amount": 118_250_40,
        },
        {
            "unit": "T61",
            "product": "511.10",
            "line": "13",
            "measure": None,
            "year": 2026,
            "amount": 120_000_00,
        },
        {
            "unit": "T61",
            "product": "511.10",
            "line": "02",
            "measure": None,
            "year": 2026,
            "amount": 30_000_00,
        },
        {
            "unit": "T61",
            "product": "541.10",
            "line": "F08",
            "measure": "M-T61-004",
            "year": 2026,
            "amount": 900_000_00,
        },
        {
            "unit": "T12",
            "product": "511.10",
            "line": "11",
            "measure": None,
            "year": 2026,
            "amount": 410_000_00,
        },
        {
            "unit": "T12",
            "product": "111.30",
            "line": "13",
            "measure": None,
            "year": 2026,
            "amount": 55_000_00,
        },
    ],
    "previous_kpis": [
        {"kpi": "K-001", "unit": "T61", "year": 2025, "target": Decimal(6), "actual": Decimal(5)},
        {"kpi": "K-001", "unit": None, "year": 2026, "target": Decimal(7), "actual": None},
        {
            "kpi": "K-002",
            "unit": "T61",
            "year": 2025,
            "target": Decimal("38.5"),
            "actual": Decimal("36.2"),
        },
    ],
    "base_values": [{"name": "Einwohnerzahl", "year": 2027, "value": Decimal(42_310)}],
}


def a_master(
    *, settings: Mapping[str, Any] | None = None, years: Sequence[Year] = YEARS, **tables: Rows
) -> Master:
    """The master of Musterstadt; ``tables`` replace whole tables, values typed as in frames (cents,
    codes, basis points).
    """
    settled = Settings(**{**SETTINGS, **(settings or {})})
    rows: dict[str, Rows] = {**TABLES, **tables}
    rows["settings"] = [
        {"setting": setting.name, "value": _as_typed(setting, getattr(settled, setting.name))}
        for setting, _ in SETTING_VALUES
    ]
    rows["years"] = [
        {
            "year": y.year,
            "role": y.role.value,
            "title": y.title,
            "entry": "Eingabe" if y.entered else "vorgegeben",
        }
        for y in years
    ]
    blocks = {table.name: _block(table.name, rows.get(table.name, ())) for table in MASTER_TABLES}
    frames = {name: block.frame for name, block in blocks.items()}
    submission = tables_for(
        years,
        round=settled.round,
        uses_savings=settled.uses_savings,
        savings_until=settled.savings_until,
        departments_fill_goals=bool((frames["levels"]["filled_by"] == "Fachamt").any()),
    )
    return Master(
        settings=settled, years=tuple(years), tables=frames, blocks=blocks, submission=submission
    )


def a_template(
    master: Master | None = None, *, unit: str = UNIT, rows: str = "", revision: str = "1"
) -> WorkbookLayout:
    """The layout of a unit's template."""
    known = master or a_master()
    return template_layout(
        known,
        template_identity(known, city=CITY, plan=PLAN, unit=unit, rows=rows, revision=revision),
    )


def _block(name: str, rows: Rows) -> Block:
    table = next(each for each in MASTER_TABLES if each.name == name)
    unknown = {column for row in rows for column in row} - set(table.names)
    if unknown:
        raise KeyError(f"{name}: {sorted(unknown)}")
    columns = {column: [row.get(column) for row in rows] for column in table.names}
    frame = frame_of({column.name: column.kind for column in table.columns}, columns)
    texts = {column: [_text(value) for value in values] for column, values in columns.items()}
    raw = pd.DataFrame(texts, dtype="string")
    state = pd.DataFrame(
        {c: [int(State.VALUE if text else State.EMPTY) for text in texts[c]] for c in table.names},
        dtype="int8",
    )
    locked = pd.DataFrame(data=False, index=frame.index, columns=list(table.names))
    letters = {column: chr(ord("B") + number) for number, column in enumerate(table.names)}
    return Block(
        table,
        "Stammdaten.xlsx",
        table.sheet,
        frame,
        raw,
        state,
        locked,
        tuple(range(7, 7 + len(rows))),
        letters,
    )


def _as_typed(setting: Column, value: object) -> str | None:
    """What a person types for a setting: 95 for 9,500 basis points, ja, 2027-01-31."""
    held = shown(setting, value)
    return None if held is None else str(held)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nein"
    return str(value)
