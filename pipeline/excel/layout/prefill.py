"""Which rows a department's template holds, and what already stands in them; values typed as in
frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from pipeline.model.master import Master
from pipeline.model.tables import Filler, Table
from pipeline.rules.key_figures import catalogue
from pipeline.tables.submission import RELEASE_VALUES

SPARE_ROWS = {
    "goals": 20,
    "product_goals": 30,
    "measures": 20,
    "costs": 60,
    "commitments": 20,
    "savings": 20,
}
"""Prepared rows at least, for tables that departments extend; the others have exactly their
pre-filled rows.
"""


@dataclass(frozen=True, kw_only=True)
class RowLayout:
    """A prepared row: what stands in it when it is handed out, and which of its columns are locked.

    ``values`` are typed as in frames (cents, basis points, codes, ``YYYY-MM-DD``); a column without
    value is absent.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    locked: frozenset[str] = frozenset()


def prepared_rows(
    master: Master, table: Table, unit: str, wanted: int | None
) -> tuple[RowLayout, ...]:
    """The prepared rows of a (widened) table in a unit's template; ``wanted`` asks for at least
    that many.
    """
    match table.name:
        case "costs":
            filled = _costs(master, table, unit)
        case "kpis":
            return tuple(_kpis(master, table, unit))
        case "product_texts":
            locked = _given(table) | {"product"}
            return tuple(
                RowLayout(values={"product": product}, locked=locked)
                for product in master.own_products_of(unit)
            )
        case "measures":
            return _measures(master, table, unit, wanted)
        case "release":
            return tuple(
                RowLayout(
                    values={"setting": column.name, **({"value": default} if default else {})},
                    locked=frozenset({"setting"}),
                )
                for column, default in RELEASE_VALUES
            )
        case _:
            filled = []
    free = RowLayout(locked=_given(table))
    return (*filled, *[free] * (_capacity(table.name, len(filled), wanted) - len(filled)))


def _capacity(name: str, filled: int, wanted: int | None) -> int:
    # At least one free row: a department must always be able to add what finance did not foresee.
    if wanted:
        return max(wanted, filled + 1)
    return max(2 * filled, SPARE_ROWS[name])


def _given(table: Table) -> frozenset[str]:
    """The columns that finance fills, locked in every row."""
    return frozenset(c.name for c in table.columns if c.filled_by is Filler.FINANCE)


def _costs(master: Master, table: Table, unit: str) -> list[RowLayout]:
    """A row per product, line and measure of the previous years that is the unit's to plan, or that
    it should see.

    Rows of lines which another unit plans centrally are shown on the sheets of the product's units,
    locked throughout.
    """
    lines = master.lines
    order = {product: number for number, product in enumerate(master.titles["products"])}
    places = {line: number for number, line in enumerate(lines)}
    found: dict[tuple[str, str, str], dict[str, int]] = {}
    names = set(table.names)
    for row in master.previous_rows_of(unit):
        product, line, measure = text(row.product), text(row.line), text(row.measure)
        if line in lines and lines[line].computed:
            continue
        amounts = found.setdefault((product, line, measure), {})
        name = f"amount_{text(row.year)}"
        if name in names and row.amount is not pd.NA:
            amounts[name] = amounts.get(name, 0) + int(text(row.amount))
    keys = sorted(
        found, key=lambda key: (order.get(key[0], len(order)), places.get(key[1], len(places)), key)
    )
    given = _given(table)
    everything = frozenset(table.names)
    entered = {c.name for c in table.columns if c.year is not None} - given
    return [
        RowLayout(
            values={
                **_stated(product=product, line=line, measure=measure),
                # A pre-filled value never stands in a cell that the department is to fill.
                **{
                    name: cents
                    for name, cents in found[product, line, measure].items()
                    if name not in entered
                },
            },
            locked=given | {"product", "line", "measure"}
            if master.plans(unit, product, line)
            else everything,
        )
        for product, line, measure in keys
    ]


def _measures(master: Master, table: Table, unit: str, wanted: int | None) -> tuple[RowLayout, ...]:
    """Issued ids ``M-<unit>-001`` …; those that the previous years already name come first."""
    rows = master.previous_rows_of(unit)
    named = sorted({text(row.measure) for row in rows if text(row.unit) == unit} - {""})
    ids = list(named)
    number = 0
    size = _capacity("measures", len(named), wanted)
    while len(ids) < size:
        number += 1
        issued = f"M-{unit}-{number:03d}"
        if issued not in named:
            ids.append(issued)
    locked = _given(table) | {"measure"}
    return tuple(RowLayout(values={"measure": each}, locked=locked) for each in ids)


def _kpis(master: Master, table: Table, unit: str) -> Iterable[RowLayout]:
    previous, known_kpis = previous_kpis(master, unit), catalogue(master)
    given = _given(table)
    for kpi in master.kpis_of(unit):
        typed = {part: part in known_kpis[kpi].parts for part in ("numerator", "denominator")}
        locked = given | {"kpi"} | {c.name for c in table.columns if not typed.get(c.stem, True)}
        values: dict[str, object] = {"kpi": kpi}
        for column in table.columns:
            if column.year is None or column.stem not in {"target", "actual"}:
                continue
            known = previous.get((kpi, column.year.year), {}).get(column.stem)
            past = column.name in given or (column.stem == "actual" and not column.year.entered)
            if known is not None and past:
                values[column.name] = known
        yield RowLayout(values=values, locked=frozenset(locked))


def previous_kpis(master: Master, unit: str) -> Mapping[tuple[str, int], Mapping[str, object]]:
    """What the master holds of a unit's key figures: target and actual by key figure and year."""
    return {
        (text(row.kpi), int(text(row.year))): {
            name: value
            for name, value in (("target", row.target), ("actual", row.actual))
            if value is not None and value is not pd.NA
        }
        for row in master.previous_kpis_of_units.get(unit, ())
        if row.year is not pd.NA
    }


def _stated(**values: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if value}


def text(value: object) -> str:
    """A cell of a typed frame as text; what is missing is empty."""
    return "" if value is None or value is pd.NA else str(value)
