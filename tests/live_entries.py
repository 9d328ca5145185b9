"""A town whose templates meet every live rule, and rows of entries that break and keep them.

The entries are drawn from small sets per column, so that every rule is broken and kept many times,
also by cells that stay empty; the seed is fixed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from pipeline.excel.layout.layout import WorkbookLayout, template_identity, template_layout
from pipeline.excel.layout.prefill import RowLayout
from pipeline.excel.layout.sheet_layout import CellLayout, SheetLayout, Shown, TableLayout
from pipeline.excel.reader.reading import column_number
from pipeline.model.master import Master
from pipeline.model.tables import Column, Kind
from tests.builders import CITY, PLAN, TABLES, UNIT, a_master

ROWS = 220
"""Prepared rows per table."""
_KINDS = ("Fallzahl", "Quote", "Meilenstein", "Ja/Nein", "je Einwohner", "Index", "Bestand")
_WAYS = ("mindestens", "höchstens", "nachrichtlich", "genau")

RULINGS = [
    {"rule": "Z07", "severity": "error"},
    {"rule": "K05", "severity": "error", "blocks": "key_figures"},
    {"rule": "M04", "severity": "warning"},
    {"rule": "K08", "severity": "note"},
    {"rule": "Z12", "severity": "note", "from": "2026-01-01"},
    {"rule": "A05", "severity": "error"},
    {"rule": "Z08", "from": "2026-01-01"},
]
"""What the sheet Regeln says: two rules stricter, three milder, one without a severity."""


def a_town() -> Master:
    """Musterstadt with more of everything: products, key figures, lines, a goal of consolidation."""
    products = [
        *TABLES["products"],
        *({"product": f"9{n:02d}.10", "title": f"Produkt {n}", "unit": "T61"} for n in range(ROWS)),
        {"product": "700.10", "title": "Fremdes", "unit": "T12"},
    ]
    lines = [
        *TABLES["lines"],
        {
            "line": "14",
            "title": "Zuführungen",
            "plan": "Ergebnis",
            "kind": "expense",
            "sign": "+/−",
        },
    ]
    goals = [
        *TABLES["goals"],
        {"goal": "HSK", "title": "Haushalt sichern", "level": "strategisch", "consolidation": True},
        {"goal": "HSK.1", "title": "Sachkosten", "level": "strategisch", "parent": "HSK"},
    ]
    amounts = [
        {"unit": "T61", "product": f"9{n:02d}.10", "line": line, "year": year, "amount": amount}
        for n in range(60)
        for line, amount in (("13", 120_000_00 + n), ("02", 90_00), ("28", 2_500_00))
        for year in (2025, 2026)
    ]
    rates = [
        {"name": "Orientierungsdaten 13", "year": year, "value": Decimal("1.5")}
        for year in (2028, 2029, 2030)
    ] + [{"name": "Orientierungsdaten 02", "year": 2028, "value": Decimal("-2.25")}]
    return a_master(
        settings={
            "uses_savings": True,
            "rounding": 10,
            "investment_threshold": 200_000_00,
        },
        products=products,
        lines=lines,
        goals=goals,
        kpis=[_kpi(n) for n in range(ROWS)],
        previous_kpis=[
            *(_last_year(n) for n in range(0, ROWS, 2)),
            *(
                {"kpi": f"K-{n:03d}", "unit": "T61", "year": year, "actual": Decimal(7)}
                for n in range(ROWS)
                for year in (2023, 2024)
            ),
        ],
        previous_amounts=[*TABLES["previous_amounts"], *amounts],
        base_values=[*TABLES["base_values"], *rates],
        ceilings=[{"unit": "T61", "year": 2027, "amount": -10_000_000_000_00}],
        rules=RULINGS,
    )


def _kpi(n: int) -> dict[str, Any]:
    kind = _KINDS[n % len(_KINDS)]
    entry: dict[str, Any] = {
        "kpi": f"K-{n:03d}",
        "title": f"Kennzahl {n}",
        "product": "511.10",
        "kind": kind,
        "direction": _WAYS[n % len(_WAYS)],
        "aggregation": "Summe",
        "unit_of_measure": "%" if kind == "Quote" else "Anzahl",
        "decimals": n % 3,
        "factor": 100 if kind == "Quote" else 1,
    }
    if n % 2:
        entry |= {"base_value": Decimal(40), "minimum": Decimal(5), "maximum": Decimal(90)}
    if kind == "je Einwohner":
        entry["denominator"] = "Einwohnerzahl"
        if n % 5 == 0:
            entry["numerator"] = "Zuschussbedarf"
    return entry


def _last_year(n: int) -> dict[str, Any]:
    actual = None if n % 4 else Decimal(n % 50 + 1)
    return {
        "kpi": f"K-{n:03d}",
        "unit": "T61",
        "year": 2025 + n % 3 // 2,
        "target": Decimal(50),
        "actual": actual,
    }


def a_big_template(master: Master) -> WorkbookLayout:
    identity = template_identity(master, city=CITY, plan=PLAN, unit=UNIT, rows=str(ROWS))
    return template_layout(master, identity)


def a_town_of_goals() -> Master:
    """Musterstadt where departments fill two levels of goals, and one that may stand alone."""
    levels = (
        ("strategisch", 1, "Kämmerei", False),
        ("Handlungsfeld", 2, "Kämmerei", True),
        ("Teamziel", 3, "Fachamt", True),
        ("Produktziel", 4, "Fachamt", True),
        ("Vorsatz", 5, "Fachamt", False),
        ("Rahmenbedingung", 9, "Kämmerei", False),
    )
    goals = [
        *TABLES["goals"],
        {"goal": "Z1.1", "title": "Plätze begrünen", "level": "Handlungsfeld", "parent": "Z1"},
    ]
    return a_master(
        levels=[
            {"level": level, "order": order, "filled_by": filled_by, "refers_up": refers_up}
            for level, order, filled_by, refers_up in levels
        ],
        goals=goals,
        rules=[{"rule": "S30", "severity": "warning"}],
    )


GOAL_TABLES = ("goals", "product_goals")


def a_goal_template(master: Master) -> WorkbookLayout:
    """A big template of which only the sheets of goals are there: the others are tested
    elsewhere.
    """
    layout = a_big_template(master)
    sheets = tuple(
        sheet
        for sheet in layout.sheets
        if sheet.hidden or (sheet.table and sheet.table.table.name in GOAL_TABLES)
    )
    known = tuple(f"{quote}{sheet.name}{quote}!" for sheet in sheets for quote in ("", "'"))
    names = {name: place for name, place in layout.names.items() if place.startswith(known)}
    return replace(layout, sheets=sheets, names=names)


def with_entries(
    layout: WorkbookLayout, entries: Mapping[tuple[str, int, str], Shown]
) -> WorkbookLayout:
    """The workbook with values typed into cells: (table, row of the sheet, column) to value."""
    sheets = []
    for sheet in layout.sheets:
        cells = dict(sheet.cells)
        for (name, row, column), value in entries.items():
            if sheet.table is not None and name == sheet.table.table.name:
                at = (row, column_number(sheet.table.letters[column]))
                assert not cells[at].locked, (name, row, column)
                cells[at] = replace(cells[at], value=value)
        sheets.append(replace(sheet, cells=cells))
    return replace(layout, sheets=tuple(sheets))


def drawn_entries(
    layout: WorkbookLayout, *, seed: int, tables: Sequence[str] = ()
) -> dict[tuple[str, int, str], Shown]:
    """Entries for most rows of every table; some rows stay empty."""
    dice = random.Random(seed)
    entries: dict[tuple[str, int, str], Shown] = {}
    for table in layout.tables.values():
        if table.table.settings or (tables and table.table.name not in tables):
            continue
        for row, prepared in enumerate(table.rows, start=table.first_row):
            if dice.random() < 0.08:
                continue
            careful = dice.random() < 0.35
            for column in table.table.columns:
                if column.name in prepared.locked:
                    continue
                value = _drawn(dice, table, column, prepared, careful=careful)
                if value is not None:
                    entries[table.table.name, row, column.name] = value
    certain = {} if tables else _certain(layout)
    return {key: value for key, value in {**entries, **certain}.items() if value != ""}


_CERTAIN: Mapping[str, Sequence[Mapping[str, Shown]]] = {
    "savings": [
        {"effect": "Zuwachs", "remark": "", **{f"plan_{y}": 5_000 for y in range(2027, 2031)}},
        {"effect": "Zuwachs", "remark": "", "plan_2027": 5_000, "plan_2028": 5_001},
        {"savings_measure": "HSK-9", "memo": "ja", "counterpart": "HSK-9", "remark": ""},
        {"savings_measure": "HSK-8", "memo": "ja", "counterpart": "HSK-7", "remark": ""},
    ],
    "measures": [
        {
            "type": "investiv", "total_cost": 300_000, "appraisal": "", "remark": "",
            "status": "abgeschlossen",
        },
        {
            "type": "investiv", "total_cost": 300_000, "appraisal": "ja", "followup_cost": "",
            "remark": "",
        },
    ],
    "costs": [
        {"product": "511.10", "line": "11"},
        {"product": "700.10", "line": "11"},
        {"product": "511.10", "line": "13", "measure": f"M-T61-{ROWS}", "amount_2027": 5_000},
    ],
    "commitments": [{"product": "511.10", "line": "11"}, {"product": "511.10", "line": "13"}],
}  # fmt: skip
"""What chance would break too seldom; an empty text empties the cell. The last rows of a table."""


def _certain(layout: WorkbookLayout) -> dict[tuple[str, int, str], Shown]:
    return {
        (name, layout.tables[name].last_row - number, column): value
        for name, rows in _CERTAIN.items()
        for number, row in enumerate(rows)
        for column, value in row.items()
    }


def _drawn(
    dice: random.Random, table: TableLayout, column: Column, row: RowLayout, *, careful: bool
) -> Shown:
    good, bad = _values(table, column, row)
    if dice.random() < (0.1 if careful or column.name == "remark" else 0.25):
        return None
    if column.name == "remark" and dice.random() < 0.7:
        return None
    if bad and not careful and dice.random() < 0.3:
        return dice.choice(bad)
    return dice.choice(good)


_JUNK: Sequence[Shown] = ("zwölf", "12 T€", "k. A.", "1.234")
_AMOUNTS: Sequence[Shown] = (
    0, 10, 120_000, 120_010, 121_000, 12_000, 1_200_000, 90, 900, 2_500, 25_000, Decimal("130.55"),
    200_000, 300_000,
)  # fmt: skip
_ODD_AMOUNTS: Sequence[Shown] = (
    *_JUNK, -5, -120_000, Decimal("10.005"), Decimal("130.5551"), 10_000_000_001, Decimal("0.001"),
)  # fmt: skip
_FIGURES: Sequence[Shown] = (
    0, 1, 2, 3, 4, 5, 7, 40, 41, 50, 89, 90, 100, Decimal("36.2"), Decimal("40.5"), Decimal("0.5"), 362, 1000,
)  # fmt: skip


def _values(
    table: TableLayout, column: Column, row: RowLayout
) -> tuple[Sequence[Shown], Sequence[Shown]]:
    """Values as a clerk should type them, and others."""
    match column.kind:
        case Kind.MONEY:
            return _AMOUNTS, _ODD_AMOUNTS
        case Kind.NUMBER if table.table.name == "kpis":
            return _FIGURES, (*_JUNK, -3, 101)
        case Kind.NUMBER:
            return (0, 1, Decimal("2.5")), (*_JUNK, -1, 100_001)
        case Kind.PERCENT:
            return (10, 45, Decimal("33.33")), (*_JUNK, Decimal("0.45"), 101, -3, Decimal("1.005"))
        case Kind.YEAR | Kind.INTEGER:
            return (2027,), (2026, 2028, Decimal("2027.5"), "bald")
        case Kind.MONTH:
            days = (date(2027, 1, 1), date(2027, 3, 15), date(2027, 3, 1), date(2030, 12, 1))
            return (*days, "03.2027", "12.2029"), ("demnächst", "13.2027", "00.2027")
        case Kind.YES_NO:
            return ("ja", "nein", "Ja"), ("vielleicht", 7)
        case Kind.CHOICE:
            labels = tuple(choice.label for choice in column.choices)
            # Plain letters: the foreign engine does not know that Ü is a large ü.
            large = next((label.upper() for label in labels if label.isascii()), labels[0])
            return (*labels, large), ("sonstwas", 7, labels[0][:2] + "*", "?")
        case Kind.CODE:
            return _codes(column, of_links=table.table.name == "product_goals")
        case _:
            long = "x" * ((column.max_length or 100) + 1)
            return ("Text", long[:-1]), (long,)


def _codes(column: Column, *, of_links: bool) -> tuple[Sequence[Shown], Sequence[Shown]]:
    good, bad = _known_codes(column)
    if of_links:
        # How doubles of these differ stands in the list of intended differences.
        bad = [each for each in bad if not set("*?z") & set(str(each))]
    return good, bad


def _known_codes(column: Column) -> tuple[Sequence[Shown], Sequence[Shown]]:
    match column.references:
        case "products":
            return ("511.10", "541.10", "903.10"), ("111.30", "700.10", "555", "*", "511.1?")
        case "lines":
            return (
                ("13", "02", "14", "28", "F08", "F01", "13", "F08", 13),
                ("11", "10", "f08", "99", "F*", "F09"),
            )
        case "measures":
            return (
                tuple(f"M-T61-{n:03d}" for n in range(1, 60)),
                ("M-T61-999", "M-*", "m-t61-001", "nichts"),
            )
        case "goals" if column.name == "parent":
            # Their own numbers, too: paths of several steps, some in a circle.
            own = tuple(f"H-{n}" for n in range(0, 300, 5))
            return ("Z1", "Z1.1", "Z2", *own), ("R1", "h-5", "H-*")
        case "goals":
            return ("Z1", "HSK", "HSK.1"), ("Z9", "z1", "Z?")
        case "levels":
            return ("Teamziel", "Produktziel", "Vorsatz"), ("strategisch", "Rahmenbedingung", "x")
        case _:
            return tuple(f"H-{n}" for n in range(300)), ("H-1", "H-2")


def sheet_of(layout: WorkbookLayout, table: TableLayout) -> SheetLayout:
    return next(sheet for sheet in layout.sheets if sheet.name == table.sheet)


def cell_of(layout: WorkbookLayout, table: TableLayout, row: int, name: str) -> CellLayout | None:
    letter = {**table.letters, **table.helpers}[name]
    return sheet_of(layout, table).cells.get((row, column_number(letter)))
