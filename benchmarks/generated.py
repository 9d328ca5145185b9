"""A city that does not exist: master workbook and returns of any size, always the same."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.excel.intake.master_reader import read_master  # noqa: E402
from pipeline.excel.layout.layout import master_identity, template_identity  # noqa: E402
from pipeline.excel.master_workbook import write_master  # noqa: E402
from pipeline.excel.reader.guard import close_guards, read_guarded  # noqa: E402
from pipeline.excel.template import write_template  # noqa: E402
from pipeline.model.findings import Severity  # noqa: E402
from pipeline.model.master import Master  # noqa: E402
from pipeline.model.messages import sentence  # noqa: E402
from pipeline.workspace import Workspace  # noqa: E402
from tests.fill import filled  # noqa: E402

CITY, PLAN = "musterstadt", "2027"
YEARS = (2027, 2028, 2029, 2030)


@dataclass(frozen=True)
class Size:
    """How much the city and each of its returns hold. Finance pre-fills ``previous_rows``; a
    template prepares twice as many.
    """

    units: int
    products: int
    rows: int
    previous_rows: int
    measures: int
    previous_measures: int
    key_figures: int


LARGE_RETURNS = Size(
    units=60,
    products=4,
    rows=160,
    previous_rows=90,
    measures=40,
    previous_measures=30,
    key_figures=40,
)
REAL_CITY = Size(
    units=150,
    products=8,
    rows=134,
    previous_rows=67,
    measures=20,
    previous_measures=15,
    key_figures=13,
)
"""1,200 products, 20,000 cost rows, 2,000 key figures."""

LINES = (
    ("01", "Steuern und ähnliche Abgaben", "Ertrag", "+", ""),
    ("02", "Zuwendungen und allgemeine Umlagen", "Ertrag", "+", ""),
    ("04", "Öffentlich-rechtliche Leistungsentgelte", "Ertrag", "+", ""),
    ("07", "Sonstige ordentliche Erträge", "Ertrag", "+", ""),
    ("10", "Ordentliche Erträge", "", "=", "01..07"),
    ("11", "Personalaufwendungen", "Aufwand", "−", ""),
    ("13", "Aufwendungen für Sach- und Dienstleistungen", "Aufwand", "−", ""),
    ("15", "Transferaufwendungen", "Aufwand", "−", ""),
    ("16", "Sonstige ordentliche Aufwendungen", "Aufwand", "−", ""),
    ("17", "Ordentliche Aufwendungen", "", "=", "11..16"),
    ("18", "Ordentliches Ergebnis", "", "=", "10-17"),
)
ENTERED_LINES = tuple(line for line, _, kind, _, _ in LINES if kind)

Row = dict[str, object]


def workspace(root: Path) -> Workspace:
    """Where the plan lies."""
    return Workspace(root=root, city=CITY, plan=PLAN)


def unit_names(units: int) -> list[str]:
    """U01, U02 …"""
    return [f"U{number:02d}" for number in range(1, units + 1)]


def products_of(unit: str, size: Size) -> list[str]:
    """The product numbers of a unit."""
    return [f"{100 + int(unit[1:])}.{number}" for number in range(1, size.products + 1)]


def cost_keys(unit: str, size: Size) -> Iterator[tuple[str, str, str]]:
    """Product, line and measure of a unit's cost rows; the first ones have previous years."""
    products = products_of(unit, size)
    for number in range(size.rows):
        product = products[number % size.products]
        line = ENTERED_LINES[number // size.products % len(ENTERED_LINES)]
        nth = number - number // 3 - 1  # every third row belongs to no measure
        own = f"M-{unit}-{nth % size.previous_measures + 1:03d}" if number % 3 else ""
        yield product, line, own


def amount(unit: str, number: int, year: int) -> int:
    """An amount in euro without a random number: other for every cell, the same in every run."""
    return 1_000 + (int(unit[1:]) * 7_919 + number * 104_729 + year * 1_299) % 250_000


def master_tables(size: Size) -> dict[str, list[Row]]:
    """The rows of every master table, as a person would type them."""
    names = unit_names(size.units)
    products = [(unit, product) for unit in names for product in products_of(unit, size)]
    goals: list[Row] = []
    for top in range(1, 7):
        goals.append(
            {"goal": f"Z{top}", "title": f"Strategisches Ziel {top}", "level": "strategisch"}
        )
        goals += [
            {
                "goal": f"Z{top}.{sub}",
                "title": f"Ziel {top}.{sub}",
                "parent": f"Z{top}",
                "level": "operativ",
            }
            for sub in range(1, 6)
        ]
    below = [str(goal["goal"]) for goal in goals if "parent" in goal]
    kpis = [
        {
            "kpi": f"K-{unit}-{number:02d}",
            "title": f"Kennzahl {number} von {unit}",
            "product": products_of(unit, size)[number % size.products],
            "goal": below[(number + int(unit[1:])) % len(below)],
            "kind": "Fallzahl",
            "direction": "mindestens",
            "aggregation": "Summe",
            "decimals": 0,
        }
        for unit in names
        for number in range(1, size.key_figures + 1)
    ]
    return {
        "settings": [
            {"setting": "budget_year", "value": 2027},
            {"setting": "city", "value": "Musterstadt"},
            {"setting": "as_of", "value": "2026-09-30"},
            {"setting": "example_data", "value": "ja"},
        ],
        "years": [
            {"year": 2025, "role": "Ergebnis", "title": "Ergebnis 2025", "entry": "vorgegeben"},
            {"year": 2026, "role": "Ansatz", "title": "Ansatz 2026", "entry": "vorgegeben"},
            {"year": 2027, "role": "Ansatz", "title": "Ansatz 2027", "entry": "Eingabe"},
            *(
                {"year": year, "role": "Planung", "title": f"Planung {year}", "entry": "Eingabe"}
                for year in YEARS[1:]
            ),
        ],
        "levels": [
            {"level": "strategisch", "order": 1, "filled_by": "Kämmerei", "refers_up": "nein"},
            {"level": "operativ", "order": 2, "filled_by": "Kämmerei", "refers_up": "ja"},
        ],
        "units": [
            {"unit": unit, "title": f"Amt {unit}", "expects_return": "ja", "stand_in": "keine"}
            for unit in names
        ],
        "goals": goals,
        "products": [
            {
                "product": product,
                "title": f"Produkt {product}",
                "area": f"Bereich {int(unit[1:]) % 8}",
                "group": f"Gruppe {int(unit[1:]) % 20}",
                "unit": unit,
            }
            for unit, product in products
        ],
        "product_goals": [
            {"product": product, "goal": below[(at + step * 7) % len(below)], "share": share}
            for at, (_, product) in enumerate(products)
            for step, share in enumerate(("33.33", "25", "20.5"))
        ],
        "kpis": kpis,
        "lines": [
            {
                "line": line,
                "title": title,
                "plan": "Ergebnis",
                "kind": kind,
                "sign": sign,
                "formula": formula,
            }
            for line, title, kind, sign, formula in LINES
        ],
        "previous_amounts": [
            {
                "unit": unit,
                "product": product,
                "line": line,
                "measure": measure,
                "year": year,
                "amount": amount(unit, number, year),
            }
            for unit in names
            for number, (product, line, measure) in enumerate(cost_keys(unit, size))
            if number < size.previous_rows
            for year in (2025, 2026)
        ],
        "previous_kpis": [
            {
                "kpi": kpi["kpi"],
                "year": year,
                "target": 100,
                "actual": 90 if year == 2025 else None,
            }
            for kpi in kpis
            for year in (2025, 2026)
        ],
    }


def return_rows(unit: str, size: Size) -> dict[str, list[Row]]:
    """What a unit types."""
    products = products_of(unit, size)
    return {
        "measures": [
            {
                "measure": f"M-{unit}-{number:03d}",
                "title": f"Maßnahme {number} von {unit}",
                "product": products[number % size.products],
                "type": "konsumtiv",
                "status": "zurückgestellt" if number % 13 == 0 else "läuft",
                "start": "2026-01",
                "end": "2030-12",
                "responsible": "Leitung",
            }
            for number in range(1, size.measures + 1)
        ],
        "costs": [
            {
                "product": product,
                "line": line,
                "measure": measure,
                "position": f"Position {number}",
                "remark": "wie im Vorjahr begründet",
                **_amounts(unit, number),
            }
            for number, (product, line, measure) in enumerate(cost_keys(unit, size))
        ],
        "kpis": [
            {
                "kpi": f"K-{unit}-{number:02d}",
                "actual_2025": 90 + number % 20,
                "data_state": "endgültig",
                **{f"target_{year}": 100 + number for year in YEARS},
            }
            for number in range(1, size.key_figures + 1)
        ],
        "release": [{"setting": "state", "value": "freigegeben"}],
    }


def _amounts(unit: str, number: int) -> Row:
    if number % 4 == 0:
        return {"continuation": "wie Ansatz", "amount_2027": amount(unit, number, 2027)}
    return {f"amount_{year}": amount(unit, number, year) for year in YEARS}


def build(root: Path, size: Size) -> Master:
    """Writes master workbook, templates and returns below ``root``; gives the master data."""
    here = workspace(root)
    identity = master_identity(city=CITY, plan=PLAN, year="2027", round="Entwurf")
    write_master(master_tables(size), identity, here.master)
    master = read(root)
    here.returns.mkdir(parents=True, exist_ok=True)
    for unit in master.expected_units:
        template = template_identity(master, city=CITY, plan=PLAN, unit=unit)
        write_template(master, template, here.templates / f"{unit}.xlsx")
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(_return, here, size), master.expected_units))
    return master


def read(root: Path) -> Master:
    """The master data as the chain reads them; errors are a fault of this file."""
    master, findings = read_master(read_guarded(workspace(root).master))
    close_guards()
    errors = [each for each in findings if each.severity is Severity.ERROR]
    if master is None or errors:
        raise ValueError("\n".join(" ".join(sentence(each)) for each in errors[:5]))
    return master


def _return(here: Workspace, size: Size, unit: str) -> None:
    filled(here.templates / f"{unit}.xlsx", return_rows(unit, size)).save(
        here.returns / f"{unit}.xlsx"
    )
