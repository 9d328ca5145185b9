"""A city with three target agreements and nothing but the rows a test names: figures, savings, key
figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pandas as pd

from pipeline.model.blocks import frame_of
from pipeline.model.master import Master
from pipeline.model.results import Results
from pipeline.model.tables import Role
from pipeline.tables.results import AGGREGATES, ATTAINMENT, FIGURES, KPIS, REGISTER, SAVINGS
from tests.builders import YEARS, a_master

Rows = Sequence[Mapping[str, Any]]
YEAR, LATER = 2027, 2028
USED = {"uses_agreements": True, "uses_savings": True, "budget_years": 2}
PLAN_YEARS = [
    replace(year, role=Role.BUDGET, title="Ansatz 2028") if year.year == LATER else year
    for year in YEARS
]
UNITS: Rows = [
    {
        "unit": "STADT",
        "title": "Musterstadt",
        "head": "Oberbürgermeisteramt",
        "expects_return": False,
    },
    {
        "unit": "D1",
        "title": "Dezernat 1",
        "parent": "STADT",
        "head": "Dezernatsleitung 1",
        "expects_return": False,
    },
    {
        "unit": "A11",
        "title": "Personalamt",
        "parent": "D1",
        "head": "Amtsleitung Personal",
        "expects_return": True,
    },
    {
        "unit": "A20",
        "title": "Kämmerei",
        "parent": "D1",
        "head": "Amtsleitung Finanzen",
        "expects_return": True,
    },
    {"unit": "S20", "title": "Sachgebiet Kasse", "parent": "A20", "expects_return": False},
    {"unit": "A99", "title": "Eigenbetrieb", "head": "Betriebsleitung", "expects_return": True},
]
TREE: Rows = [
    {
        "agreement": "ZV-OB",
        "unit": "STADT",
        "partner": "Verwaltungsvorstand",
        "goal": "Z1",
        "weight": Decimal(100),
    },
    {"agreement": "ZV-D1", "parent": "ZV-OB", "unit": "D1", "goal": "Z1", "weight": Decimal(100)},
    {"agreement": "ZV-A11", "parent": "ZV-D1", "unit": "A11", "goal": "Z2", "weight": Decimal(100)},
]


def a_figure(unit: str, cents: int, **change: object) -> dict[str, Any]:
    given_ = {"unit": unit, "product": "511.10", "line": "13", "kind": "expense", "year": YEAR}
    return {**given_, "origin": "return", "role": "budget", "cents": cents, **change}


def a_saving(unit: str, measure: str, cents: int, **change: object) -> dict[str, Any]:
    given_ = {"unit": unit, "savings_measure": measure, "effect": "Jahreswirkung", "memo": False}
    return {**given_, "role": "plan", "year": YEAR, "cents": cents, **change}


@cache
def _plain_master() -> Master:
    return a_master(settings=USED, years=PLAN_YEARS)


def _master(settings: Mapping[str, Any], **tables: Rows) -> Master:
    """The master with these settings and tables in the place of its own."""
    plain = _plain_master()
    frames = dict(plain.tables)
    for name, rows in tables.items():
        columns = plain.blocks[name].table.columns
        values = {column.name: [row.get(column.name) for row in rows] for column in columns}
        frames[name] = frame_of({column.name: column.kind for column in columns}, values)
    return replace(plain, settings=replace(plain.settings, **settings), tables=frames)


def _aggregates(figures: Rows) -> Rows:
    """All money without goal: the sum by kind and year, made without the agreements."""
    sums: dict[tuple[str, int], int] = {}
    for row in figures:
        if row["origin"] != "listed":
            key = (row["kind"], row["year"])
            sums[key] = sums.get(key, 0) + row["cents"]
    return [
        {"view": "anteil", "goal": "ohne", "parent": "", "kind": kind, "year": year, "cents": cents}
        for (kind, year), cents in sums.items()
    ]


def results_of(
    *,
    figures: Rows = (),
    savings: Rows = (),
    reports: Rows = (),
    attainment: Rows = (),
    register: Rows = (),
    provisional: bool = False,
    settings: Mapping[str, Any] | None = None,
    texts: Mapping[str, pd.DataFrame] | None = None,
    **tables: Rows,
) -> Results:
    """Results with nothing but these rows; ``tables`` replace tables of the master."""
    master = _master(settings or {}, **{"units": UNITS, "target_agreements": TREE, **tables})
    rows: dict[str, Rows] = {
        "figures": figures, "savings": savings, "kpis": reports, "attainment": attainment,
        "register": register, "aggregates": _aggregates(figures),
    }  # fmt: skip
    frames = {}
    for table in (FIGURES, SAVINGS, KPIS, ATTAINMENT, REGISTER, AGGREGATES):
        dtypes = {
            name: {"integer": "Int64", "boolean": "boolean", "number": "object"}.get(kind, "string")
            for name, kind in table.columns
        }
        frame = pd.DataFrame(rows.get(table.name, []), columns=list(dtypes)).astype(dtypes)
        texts_of = [name for name, dtype in dtypes.items() if dtype == "string"]
        frame[texts_of] = frame[texts_of].fillna("")
        frames[table.name] = frame
    return Results(
        city="musterstadt", plan="2027", master=master, tables=frames,
        texts=texts or {"goals": master.tables["goals"]}, findings=(), provisional=provisional,
        open_points=("Der Rücklauf von A20 Kämmerei fehlt.",) if provisional else (), sources={},
    )  # fmt: skip


def a_report(
    unit: str, year: int, role: str, top: int, bottom: int, kpi: str = "K-1"
) -> dict[str, Any]:
    value = Decimal(top * 100) / bottom
    return {"kpi": kpi, "unit": unit, "year": year, "role": role, "value": value, "numerator": Decimal(top), "denominator": Decimal(bottom), "data_state": ""}  # fmt: skip
