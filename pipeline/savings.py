"""What consolidation measures save: the annual effect of every measure and its sums, exact in
cents.

Departments state a saving in one of two kinds that must never be mixed (domain 8; rule H01): as
*Jahreswirkung*, the level against the base value in that year, or as *Zuwachs*, what is saved on
top of the year before. Here both become both: the annual effect, which may be added over measures
but never over years, and the increment, which may be added over years. Memo items (nachrichtlich)
mirror a saving that another measure reports; they are converted and listed, never summed (H04).
Savings explain amounts that stand in the budget already; nothing here changes a budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pandas as pd

from pipeline.model.blocks import rows_of
from pipeline.model.hierarchy import Hierarchy
from pipeline.rules.savings import annual_effects
from pipeline.tables.choices import WITHOUT_GOAL

PLAN, ACTUAL, FORECAST = "plan", "actual", "forecast"
ROLES: Final = (PLAN, ACTUAL, FORECAST)

_TEXTS: Final = ("file", "sheet", "cell", "unit", "product", "savings_measure", "goal", "effect")
EFFECT_COLUMNS: Final = (*_TEXTS, "memo", "role", "year", "stated", "annual", "increment")
TOTAL_COLUMNS: Final = ("role", "year", "annual", "increment", "measures", "silent")
_KEY: Final = ("unit", "savings_measure", "role", "year")


def effects(savings: pd.DataFrame) -> pd.DataFrame:
    """``EFFECT_COLUMNS``: per savings measure, role and year its effect in both readings, in cents.

    ``savings`` is ``results.SAVINGS`` (one row per stated amount). ``stated`` is the amount as the
    department wrote it, ``annual`` the annual effect (Jahreswirkung), ``increment`` what is saved
    on top of the year before; ``memo`` is never missing. Each role is a series of its own: plan,
    actual and forecast are never mixed.

    Source (domain 8): Zuwachs(t) = Jahreswirkung(t) − Jahreswirkung(t−1), hence the annual effect
    of a Zuwachs is the running sum of its increments, from the first year that is stated. Where a
    Jahreswirkung leaves years out, the increment counts from the nearest earlier stated year, so
    that the increments of a series always add up to its last annual effect.

    An empty year of a Zuwachs states no further increment: what was reached before goes on, in a
    row with an empty ``stated`` and ``cell``. An empty year of a Jahreswirkung is not stated and
    has no row. A row without effect kind (H01, let through by a waiver) keeps ``annual`` and
    ``increment`` empty: what it says about other years is not known.
    """
    spans = _spans(savings)
    found: list[dict[str, object]] = []
    series: dict[tuple[str, str, str], dict[int, dict[str, object]]] = {}
    for row in rows_of(savings):
        facts: dict[str, object] = {name: str(getattr(row, name)) for name in _TEXTS}
        facts["memo"] = row.memo is not pd.NA and bool(row.memo)
        facts |= {"role": str(row.role), "year": int(row.year), "stated": int(row.cents)}
        key = (str(row.unit), str(row.savings_measure), str(row.role))
        series.setdefault(key, {})[int(row.year)] = facts
    for (_, _, role), by_year in series.items():
        found += _converted(by_year, spans[role])
    numbers = {"year", "stated", "annual", "increment"}
    dtypes = {
        name: "boolean" if name == "memo" else "Int64" if name in numbers else "string"
        for name in EFFECT_COLUMNS
    }
    frame = pd.DataFrame(found, columns=list(EFFECT_COLUMNS)).astype(dtypes)
    return frame.sort_values(list(_KEY), ignore_index=True)


def _spans(savings: pd.DataFrame) -> Mapping[str, tuple[int, ...]]:
    """The years for which anybody states anything, by role."""
    years: dict[str, set[int]] = {}
    for role, year in zip(savings["role"], savings["year"], strict=True):
        years.setdefault(str(role), set()).add(int(year))
    return {role: tuple(sorted(found)) for role, found in years.items()}


def _converted(
    by_year: Mapping[int, dict[str, object]], span: Sequence[int]
) -> list[dict[str, object]]:
    """One series of one measure, year by year."""
    first = by_year[min(by_year)]
    effect = str(first["effect"])
    stated = [int(str(by_year[year]["stated"])) if year in by_year else None for year in span]
    found: list[dict[str, object]] = []
    reached = 0
    for year, amount, annual in zip(span, stated, annual_effects(effect, stated), strict=True):
        nowhere = {**first, "cell": "", "year": year, "stated": None}
        if annual is not None:
            row = by_year.get(year, nowhere)
            found.append({**row, "annual": annual, "increment": annual - reached})
            reached = annual
        elif amount is not None:  # an amount without effect kind: it says nothing of other years
            found.append({**by_year[year], "annual": None, "increment": None})
    return found


def counted(found: pd.DataFrame) -> pd.DataFrame:
    """The rows of :func:`effects` that may be summed: no memo items (domain 8, H04), nothing
    without effect kind (H01).
    """
    return found[~found["memo"] & found["annual"].notna()]


def city_totals(found: pd.DataFrame) -> pd.DataFrame:
    """``TOTAL_COLUMNS`` over all measures: one row per role and year.

    ``annual`` and ``increment`` are sums over measures in cents; only ``increment`` may be added
    over years. ``measures`` counts the measures behind the sum, ``silent`` those that state
    something in this role, but not for this year: where it is not 0 the sum is incomplete.
    """
    return _totals(found, {"": frozenset(_measures(found))}, "id").drop(columns="id")


def unit_totals(found: pd.DataFrame, units: Hierarchy) -> pd.DataFrame:
    """``unit`` and ``TOTAL_COLUMNS``: every unit with a saving of its own or below it, in the order
    of the organisation; the units below are included, so units at different depths are not to be
    added.
    """
    return _totals(found, _by_tree(found, "unit", units, ""), "unit")


def goal_totals(found: pd.DataFrame, goals: Hierarchy) -> pd.DataFrame:
    """``goal`` and ``TOTAL_COLUMNS``: every goal with a saving of its own or below it; savings
    without a known goal stand at ``ohne``.
    """
    return _totals(found, _by_tree(found, "goal", goals, WITHOUT_GOAL), "goal")


def product_totals(found: pd.DataFrame) -> pd.DataFrame:
    """``unit``, ``product`` (empty: the saving concerns the whole unit) and ``TOTAL_COLUMNS``;
    the unit is the one that returned the measure, without the units below.
    """
    groups: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in rows_of(found):
        pair = (str(row.unit), str(row.product))
        groups.setdefault(pair, set()).add((str(row.unit), str(row.savings_measure)))
    parts = [
        _totals(found, {product: frozenset(groups[unit, product])}, "product").assign(unit=unit)
        for unit, product in sorted(groups)
    ]
    names = ["unit", "product", *TOTAL_COLUMNS]
    filled = [part for part in parts if len(part)]
    if not filled:
        return _totals(found, {}, "product").assign(unit="")[names]
    return pd.concat(filled, ignore_index=True).astype({"unit": "string"})[names]


def saved_over(totals: pd.DataFrame, role: str, years: Iterable[int]) -> int:
    """What is newly saved over several years, in cents: the sum of the increments of one role of a
    frame with ``TOTAL_COLUMNS`` for one id. Annual effects must never be added over years: a
    saving of 100,000 a year would be counted again in every year (domain 8).
    """
    rows = totals[(totals["role"] == role) & totals["year"].isin(list(years))]
    return int(rows["increment"].sum())


def _measures(found: pd.DataFrame) -> set[tuple[str, str]]:
    return {(str(row.unit), str(row.savings_measure)) for row in rows_of(found)}


def _by_tree(
    found: pd.DataFrame, column: str, tree: Hierarchy, stranger: str
) -> Mapping[str, frozenset[tuple[str, str]]]:
    """The measures of every node and everything below it; unknown codes stand for themselves, or
    under ``stranger``.
    """
    groups: dict[str, set[tuple[str, str]]] = {}
    for row in rows_of(found):
        code = str(getattr(row, column))
        for node in tree.ancestry.get(code, (stranger or code,)):
            groups.setdefault(node, set()).add((str(row.unit), str(row.savings_measure)))
    strangers = sorted(node for node in groups if node not in tree.parents)
    order = [node for node in tree.order if node in groups]
    return {node: frozenset(groups[node]) for node in (*order, *strangers)}


def _totals(
    found: pd.DataFrame, groups: Mapping[str, frozenset[tuple[str, str]]], name: str
) -> pd.DataFrame:
    spans = _spans(found)
    known: dict[tuple[str, int], dict[tuple[str, str], tuple[int, int]]] = {}
    speaking: dict[str, set[tuple[str, str]]] = {}
    for row in rows_of(counted(found)):
        measure = (str(row.unit), str(row.savings_measure))
        speaking.setdefault(str(row.role), set()).add(measure)
        by_measure = known.setdefault((str(row.role), int(row.year)), {})
        by_measure[measure] = (int(row.annual), int(row.increment))
    rows = []
    for node, members in groups.items():
        for role in (role for role in ROLES if role in spans):
            asked = members & speaking.get(role, set())
            for year in spans[role] if asked else ():
                values = known.get((role, year), {})
                parts = [values[each] for each in asked if each in values]
                annual = sum(part[0] for part in parts)
                increment = sum(part[1] for part in parts)
                rows.append(
                    (node, role, year, annual, increment, len(parts), len(asked) - len(parts))
                )
    dtypes = {name: "string", **dict.fromkeys(TOTAL_COLUMNS, "Int64"), "role": "string"}
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)
