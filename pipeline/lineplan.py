"""The line plan (Ergebnis- und Finanzplan): every line, entered or computed, for product, group,
area, unit and city.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pipeline.model.master import Line, Master, lines_between
from pipeline.tables import results


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of a formula: ``factor`` (+1 or −1) times the sum of ``lines``."""

    factor: int
    lines: tuple[str, ...]


def terms(line: Line, lines: Mapping[str, Line]) -> tuple[Term, ...]:
    """The terms of a computed line's formula.

    ``01..09`` sums the entered lines of a range (in the order of the line plan, computed ones in
    between are skipped); ``26+27-28`` joins single lines, entered or computed. Amounts are
    positive, so expenses are subtracted here.
    """
    found = []
    for sign, first, _, last in re.findall(
        r"([+\-−]?)\s*([^\s+\-−.]+)(\.\.([^\s+\-−.]+))?", line.formula
    ):
        factor = -1 if sign in {"-", "−"} else 1
        if not last:
            found.append(Term(factor=factor, lines=(first,)))
            continue
        found.append(Term(factor=factor, lines=lines_between(first, last, line.plan, lines)))
    return tuple(found)


def evaluation_order(lines: Mapping[str, Line]) -> tuple[str, ...]:
    """Computed lines, each after the lines it needs; members of a circle are left out (the rules
    name them).
    """
    waiting = {
        each: {part for term in terms(lines[each], lines) for part in term.lines}
        for each in lines
        if lines[each].computed
    }
    done: list[str] = []
    while True:
        ready = [
            each
            for each, needs in waiting.items()
            if each not in done and not (needs & waiting.keys()) - set(done)
        ]
        if not ready:
            return tuple(done)
        done.extend(ready)


def line_totals(figures: pd.DataFrame, master: Master, *, city: str) -> pd.DataFrame:
    """``results.LINES`` over ``results.FIGURES``: every line and year of every scope, 0 included,
    listed rows left out.

    Scopes are product, group, area, unit (units below included) and city (its id is ``city``).
    """
    years = [year.year for year in master.years]
    counted = figures[figures["origin"] != "listed"]
    products = master.tables["products"].set_index("product")
    parts = [
        _scope(counted, "product", counted["product"], list(products.index)),
        _scope(
            counted, "group", counted["product"].map(products["group"]), _named(products["group"])
        ),
        _scope(counted, "area", counted["product"].map(products["area"]), _named(products["area"])),
        _by_unit(counted, master),
        _scope(counted, "city", pd.Series(city, index=counted.index, dtype="string"), [city]),
    ]
    sums = pd.concat([part for part, _ in parts])
    entered = sums.groupby(["scope", "id", "line", "year"], observed=True)["cents"].sum()
    ids = [(scope, each) for _, (scope, names) in parts for each in names]
    table = entered.unstack("line").reindex(
        index=pd.MultiIndex.from_tuples(
            [(scope, each, year) for scope, each in ids for year in years],
            names=["scope", "id", "year"],
        ),
        columns=list(master.lines),
    )
    wide: dict[str, pd.Series[int]] = {
        line: table[line].fillna(0).astype("int64") for line in master.lines
    }
    for line in evaluation_order(master.lines):
        total = wide[line] * 0
        for term in terms(master.lines[line], master.lines):
            for part in term.lines:
                total = total + term.factor * wide[part]
        wide[line] = total
    long = (
        pd.DataFrame(wide)
        .reset_index()
        .melt(id_vars=["scope", "id", "year"], var_name="line", value_name="cents")
    )
    long = long.astype(
        {"scope": "string", "id": "string", "line": "string", "year": "Int64", "cents": "Int64"}
    )
    return long[list(results.LINES.names)].sort_values(list(results.LINES.key), ignore_index=True)


_Part = tuple[pd.DataFrame, tuple[str, Sequence[str]]]


def _scope(figures: pd.DataFrame, scope: str, ids: pd.Series[str], names: Sequence[str]) -> _Part:
    frame = figures[["line", "year", "cents"]].assign(scope=scope, id=ids)
    return frame[frame["id"].notna() & (frame["id"] != "")], (scope, names)


def _by_unit(figures: pd.DataFrame, master: Master) -> _Part:
    """A unit's lines hold those of the units below it."""
    pairs = pd.DataFrame(
        [(unit, above) for unit, path in master.units.ancestry.items() for above in path],
        columns=["unit", "id"],
    )
    frame = (
        figures[["unit", "line", "year", "cents"]]
        .merge(pairs, on="unit", how="inner")
        .assign(scope="unit")
    )
    return frame.drop(columns="unit"), ("unit", list(master.units.parents))


def _named(column: pd.Series[str]) -> list[str]:
    return sorted(name for name in column.dropna().unique() if name)
