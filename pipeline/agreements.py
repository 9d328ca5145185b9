"""Target agreements (Zielvereinbarungen): the tree of agreements and the money each answers for.

**What belongs to which agreement.** A figure (a row of ``results.FIGURES``) belongs to exactly one
agreement: that of the unit that returned it, else that of the nearest unit above it in the
organisation that has one, else to the list of those without. A savings measure belongs where the
figures of its unit belong. Hence

- the *own part* of an agreement is the net cost (Zuschussbedarf: expense minus revenue, internal
  kinds left out, listed rows left out) of the figures that belong to it;
- its *budget condition* is its own part plus the conditions of the agreements directly below it in
  the tree of agreements; likewise its consolidation contribution;
- the own parts of all agreements and of what has none make the city's net cost, to the cent, and so
  do the conditions of the topmost agreements with what has none.

The tree is the stated parent, and where none is stated the nearest agreement above in the
organisation. Where the stated tree follows the organisation (rule S44 says where it does not), a
condition is the net cost of the agreement's unit and everything below that unit.

**What the workbook ``Zielvereinbarungen.xlsx`` holds for a reader that is no person.** Three sheets
have a hidden key row as the templates have (``zh:<name>:<first data row>:<last data row>`` in
column A, the columns' names beside it; amounts in euro; truths as ja/nein; one amount column per
budget year):

- sheet *Daten*, ``zh:agreement_amounts``: ``number``, ``agreement`` (empty: belongs to none),
  ``unit``, ``title``, ``kind`` (Ertrag or Aufwand), ``general_funding``, ``amount_<year>``: one row
  per unit, kind and whether the product is general funding; the sums over ``figures.csv`` (origin
  not ``listed``) of that unit;
- sheet *Konsolidierung*, ``zh:agreement_savings``: ``number``, ``agreement``, ``unit``, ``title``,
  ``savings_measure``, ``measure_title``, ``effect``, ``memo``, ``counts`` (1 where the row is in
  the sums), ``annual_<year>`` (planned annual effect, as :func:`pipeline.savings.effects` converts
  it; empty where none is stated): one row per savings measure;
- sheet *Übersicht*, ``zh:agreements``: ``agreement``, ``parent``, ``unit``, ``own_<year>``,
  ``condition_<year>``, ``savings_<year>`` (the children's contributions included): one row per
  agreement in the order of the tree.

``number`` is the running number of the agreement in the order of the tree (0: none). All sums of
the other sheets read these two data sheets by it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

import pandas as pd

from pipeline.attainment import attained, basis_points, capped, reached_by, state_of
from pipeline.key_figures import (
    ByKey,
    KeyFigure,
    Reported,
    aggregated,
    by_key,
    catalogue,
    with_weights,
)
from pipeline.model.blocks import rows_of
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.master import Master
from pipeline.model.money import WHOLE, round_half_up
from pipeline.model.results import Results
from pipeline.model.tables import Year
from pipeline.rules.agreements import Head, heads, holders, tree_of
from pipeline.savings import PLAN, effects

NONE: Final = ""
"""The agreement of what belongs to none."""
AMOUNT_COLUMNS: Final = ("agreement", "unit", "kind", "general_funding", "year", "cents")
SAVING_COLUMNS: Final = (
    "agreement", "unit", "savings_measure", "title", "effect", "memo", "year", "annual",
)  # fmt: skip
_SIGNS: Final = {"expense": 1, "revenue": -1}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the budget says of a clause. Values in the key figure's unit, exact.

    ``planned`` is the target that the units reported for the clause's year; ``actual`` the latest
    actual up to that year, ``actual_year`` its year. ``reached_bp`` is how far the clause is
    reached in its own year (raw, basis points), ``counted_bp`` the same within 0 and the setting's
    cap; both are empty as long as there is no actual of that year. ``units`` are those whose
    reports are behind it.
    """

    planned: Fraction | None = None
    actual: Fraction | None = None
    actual_year: int | None = None
    reached_bp: int | None = None
    counted_bp: int | None = None
    state: str = ""
    units: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One row of an agreement: a goal, mostly with a key figure, its target, date and weight.

    ``year`` is the plan year in which the clause is judged: that of its date, else the last budget
    year. ``target`` is the agreed value; where none is agreed, that of the budget holds.
    """

    goal: str
    kpi: str
    target: Fraction | None
    date: str
    weight: Decimal | None
    year: int
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One agreement. ``partner`` is the function it is made with, ``superior`` the one it answers
    to (empty where there is none); ``units`` are the units whose figures belong to it.
    """

    agreement: str
    parent: str
    unit: str
    partner: str
    superior: str
    units: tuple[str, ...]
    clauses: tuple[Clause, ...]

    @property
    def weights(self) -> Decimal:
        """The sum of the weights; 100 where the sheet is sound (rule S40)."""
        return sum((each.weight or Decimal(0) for each in self.clauses), Decimal(0))


@dataclass(frozen=True, kw_only=True)
class Agreements:
    """All agreements of a plan, in the order of their tree, and what belongs to each.

    ``amounts`` has ``AMOUNT_COLUMNS`` (cents of every unit in every budget year), ``savings``
    ``SAVING_COLUMNS`` (one row per measure and budget year, ``annual`` empty where nothing is
    planned). ``holders`` names for every unit the agreement its figures belong to.
    """

    tree: Hierarchy
    agreements: Mapping[str, Agreement]
    holders: Mapping[str, str]
    years: tuple[Year, ...]
    amounts: pd.DataFrame
    savings: pd.DataFrame

    @cached_property
    def _own(self) -> Mapping[tuple[str, int], int]:
        found: dict[tuple[str, int], int] = {}
        for row in rows_of(self.amounts):
            key = (str(row.agreement), int(row.year))
            found[key] = found.get(key, 0) + _SIGNS[str(row.kind)] * int(row.cents)
        return found

    @cached_property
    def _own_savings(self) -> Mapping[tuple[str, int], int]:
        found: dict[tuple[str, int], int] = {}
        for row in rows_of(self.savings):
            if counts(row.effect, memo=bool(row.memo)) and row.annual is not pd.NA:
                key = (str(row.agreement), int(row.year))
                found[key] = found.get(key, 0) + int(row.annual)
        return found

    def own(self, agreement: str, year: int) -> int:
        """The net cost in cents of the figures that belong to an agreement (``NONE``: to none)."""
        return self._own.get((agreement, year), 0)

    def condition(self, agreement: str, year: int) -> int:
        """The budget condition in cents: the own part and the conditions directly below."""
        below = self.tree.children[agreement] if agreement else ()
        return self.own(agreement, year) + sum(self.condition(each, year) for each in below)

    def own_saving(self, agreement: str, year: int) -> int:
        """The planned annual effect in cents of the measures that belong to an agreement."""
        return self._own_savings.get((agreement, year), 0)

    def saving(self, agreement: str, year: int) -> int:
        """The consolidation contribution in cents: the own measures' and those directly below."""
        below = self.tree.children[agreement] if agreement else ()
        return self.own_saving(agreement, year) + sum(self.saving(each, year) for each in below)

    def total(self, year: int) -> int:
        """The city's net cost in cents: everything, whether it belongs to an agreement or not."""
        return sum(self.own(each, year) for each in (*self.agreements, NONE))

    def total_saving(self, year: int) -> int:
        """The planned annual effect of all measures in cents."""
        return sum(self.own_saving(each, year) for each in (*self.agreements, NONE))

    def units_below(self, agreement: str) -> tuple[str, ...]:
        """The units whose figures belong to an agreement or to one below it."""
        within = self.tree.subtree([agreement])
        return tuple(unit for unit, holder in self.holders.items() if holder in within)


def counts(effect: str, *, memo: bool) -> bool:
    """Whether a savings measure is in a sum: no memo item (H04), and its kind of effect is known
    (H01).
    """
    return bool(effect) and not memo


@dataclass(frozen=True, kw_only=True)
class _Sources:
    """What the agreements are made from, read once."""

    results: Results
    rows: pd.DataFrame
    heads: Mapping[str, Head]
    tree: Hierarchy
    holders: Mapping[str, str]
    functions: Mapping[str, str]
    key_figures: Mapping[str, KeyFigure]
    reports: ByKey


def agreements_of(results: Results) -> Agreements:
    """The agreements of the master with the figures, savings and key figures of the plan."""
    master = results.master
    rows = master.tables["target_agreements"]
    known = heads(rows)
    sources = _Sources(
        results=results,
        rows=rows,
        heads=known,
        tree=tree_of(known, master.units),
        holders=holders(known, master.units),
        functions=functions_of(master),
        key_figures=catalogue(master),
        reports=by_key(results.tables["kpis"], master),
    )
    return Agreements(
        tree=sources.tree,
        agreements={each: _agreement(known[each], sources) for each in sources.tree.order},
        holders=sources.holders,
        years=master.budget_years,
        amounts=_amounts(results, sources.holders),
        savings=_savings(results, sources.holders),
    )


def _agreement(head: Head, sources: _Sources) -> Agreement:
    path = sources.tree.ancestry[head.agreement]
    parent = path[1] if len(path) > 1 else ""
    leads = sources.functions.get(head.unit, "")
    partner = head.partner or leads
    if parent:
        superior = _function(sources.heads[parent], sources.functions)
    else:
        # At the top the unit's own head agrees with the partner, unless the partner names both.
        superior = "" if leads in partner else leads
    rows = sources.rows
    return Agreement(
        agreement=head.agreement,
        parent=parent,
        unit=head.unit,
        partner=partner,
        superior=superior,
        units=tuple(unit for unit, holder in sources.holders.items() if holder == head.agreement),
        clauses=tuple(
            _clause(row, head.unit, sources)
            for row in rows_of(rows[rows["agreement"] == head.agreement])
            if row.goal is not pd.NA or row.kpi is not pd.NA
        ),
    )


def _function(head: Head, functions: Mapping[str, str]) -> str:
    """Who speaks for an agreement towards those below: the unit's head, else its partner."""
    return functions.get(head.unit, "") or head.partner


def functions_of(master: Master) -> Mapping[str, str]:
    """The function that leads each unit, where the master names one."""
    return {str(row.unit): _text(row.head) for row in rows_of(master.tables["units"])}


def functions_without(found: Agreements, master: Master) -> tuple[tuple[str, str], ...]:
    """``(unit, function)`` of every unit whose head has no agreement, in the order of the
    organisation; the money of such a unit belongs to ``found.holders[unit]``.
    """
    own = {each.unit for each in found.agreements.values()}
    functions = functions_of(master)
    return tuple(
        (unit, functions[unit])
        for unit in master.units.order
        if functions.get(unit) and unit not in own
    )


# --- money ------------------------------------------------------------------------------------


def _amounts(results: Results, owner: Mapping[str, str]) -> pd.DataFrame:
    figures = results.tables["figures"]
    years = [year.year for year in results.master.budget_years]
    counted = figures[
        (figures["origin"] != "listed")
        & figures["kind"].isin(list(_SIGNS))
        & figures["year"].isin(years)
    ]
    general = counted["product"].isin(list(results.master.general_funding_products))
    sums = (
        counted.assign(
            agreement=counted["unit"].map(dict(owner)).fillna(NONE).astype("string"),
            general_funding=general.astype("boolean"),
        )
        .groupby(list(AMOUNT_COLUMNS[:-1]), observed=True, as_index=False)["cents"]
        .sum()
    )
    order = {unit: number for number, unit in enumerate(results.master.units.order)}
    place = sums["unit"].map(order).fillna(len(order)).astype("int64")
    by = ["place", "unit", "general_funding", "kind", "year"]
    ordered: pd.DataFrame = sums.assign(place=place).sort_values(by, ignore_index=True)
    return ordered[list(AMOUNT_COLUMNS)]


def _savings(results: Results, owner: Mapping[str, str]) -> pd.DataFrame:
    """Every savings measure in every budget year: those with amounts and those that only stand in
    the returns' texts.
    """
    stated = effects(results.tables["savings"])
    planned = {
        (str(row.unit), str(row.savings_measure), int(row.year)): row.annual
        for row in rows_of(stated[stated["role"] == PLAN])
    }
    titles: dict[tuple[str, str], str] = {}
    kinds: dict[tuple[str, str], tuple[str, bool]] = {}
    for row in rows_of(stated):
        kinds.setdefault((row.unit, row.savings_measure), (row.effect, bool(row.memo)))
    for row in rows_of(results.texts.get("savings", pd.DataFrame())):
        if row.savings_measure is pd.NA:
            continue
        key = (str(row.unit), str(row.savings_measure))
        titles[key] = _text(row.title)
        memo = row.memo is not pd.NA and bool(row.memo)
        kinds.setdefault(key, (_text(row.effect), memo))
    order = {unit: number for number, unit in enumerate(results.master.units.order)}
    rows = [
        (
            owner.get(unit, NONE), unit, measure, titles.get((unit, measure), ""), effect, memo,
            year.year, planned.get((unit, measure, year.year), pd.NA),
        )
        for (unit, measure), (effect, memo) in sorted(
            kinds.items(), key=lambda item: (order.get(item[0][0], len(order)), item[0])
        )
        for year in results.master.budget_years
    ]  # fmt: skip
    dtypes = {
        name: {"memo": "boolean", "year": "Int64", "annual": "Int64"}.get(name, "string")
        for name in SAVING_COLUMNS
    }
    return pd.DataFrame(rows, columns=list(SAVING_COLUMNS)).astype(dtypes)


# --- key figures ------------------------------------------------------------------------------


def _clause(row: Any, unit: str, sources: _Sources) -> Clause:  # noqa: ANN401 - a row of a frame
    master = sources.results.master
    date, goal, kpi = _text(row.date), _text(row.goal), _text(row.kpi)
    year = _year_of(date, master)
    agreed = Fraction(row.target) if isinstance(row.target, Decimal | int) else None
    known = sources.key_figures.get(kpi)
    standing = (
        _standing(known, agreed, unit, year, sources)
        if known
        else _standing_of_goal(goal, year, sources.results)
    )
    return Clause(
        goal=goal,
        kpi=kpi,
        target=agreed if agreed is not None else standing.planned,
        date=date,
        weight=Decimal(row.weight) if isinstance(row.weight, Decimal | int) else None,
        year=year,
        standing=standing,
    )


def _year_of(date: str, master: Master) -> int:
    years = [year.year for year in master.years]
    if date[:4].isdigit() and int(date[:4]) in years:
        return int(date[:4])
    return master.budget_years[-1].year if master.budget_years else years[-1]


def _standing(
    kpi: KeyFigure, agreed: Fraction | None, unit: str, year: int, sources: _Sources
) -> Standing:
    """What was reported for a key figure by the units at and below the agreement's unit; where
    none of them is asked, by all that are.

    Over units the key figure's own rule of aggregation holds, never a mean of percentages.
    """
    master = sources.results.master
    asked = [each for each in master.kpi_units.get(kpi.kpi, ()) if each]
    within = master.units.subtree([unit])
    members = frozenset([each for each in asked if each in within] or asked)
    said = {
        (each.year, role): _said(sources.reports, kpi, each.year, role, members, set(asked))
        for each in master.years
        if each.year <= year
        for role in ("actual", "target")
    }
    actuals = {}
    for each in sorted({each for each, _ in said}):
        value = _value(kpi, said[each, "actual"], said[each, "target"], members)
        if value is not None:
            actuals[each] = value
    now, aim = said.get((year, "actual"), ()), said.get((year, "target"), ())
    settings = master.settings
    reached = (
        reached_by(kpi, now, aim, asked=members, settings=settings)
        if agreed is None
        else attained(kpi, actual=actuals.get(year), target=agreed, settings=settings)
    )
    last = max(actuals, default=None)
    return Standing(
        planned=_value(kpi, aim, now, members),
        actual=None if last is None else actuals[last],
        actual_year=last,
        reached_bp=None if reached is None else basis_points(reached),
        counted_bp=None if reached is None else basis_points(capped(reached, settings)),
        state="" if reached is None else state_of(kpi, reached, settings),
        units=tuple(each for each in asked if each in members),
    )


def _said(
    reports: ByKey, kpi: KeyFigure, year: int, role: str, members: frozenset[str], asked: set[str]
) -> Sequence[Reported]:
    """What the members said; what finance set for all units together speaks only for all."""
    part = reports.get((kpi.kpi, year, role), ())
    together = [each for each in part if not each.unit] if members == asked else []
    return together or [each for each in part if each.unit in members]


def _value(
    kpi: KeyFigure,
    part: Sequence[Reported],
    others: Sequence[Reported],
    members: frozenset[str],
) -> Fraction | None:
    heard = {each.unit for each in part if each.value is not None}
    complete = members <= heard or "" in heard
    return aggregated(kpi, with_weights(kpi, part, others), complete=complete)


def _standing_of_goal(goal: str, year: int, results: Results) -> Standing:
    """A clause without key figure is reached as far as its goal."""
    frame = results.tables["attainment"]
    hit = frame[(frame["goal"] == goal) & (frame["year"] == year) & frame["attainment_bp"].notna()]
    if hit.empty:
        return Standing()
    reached = int(hit["attainment_bp"].iloc[0])
    return Standing(reached_bp=reached, counted_bp=reached, state=str(hit["state"].iloc[0]))


def reached(clauses: Sequence[Clause]) -> tuple[int | None, int]:
    """How far an agreement is reached, in basis points, and how much of its weight has data.

    The weighted mean over the clauses with data, each within 0 and the cap; a clause without data
    is never 0, it lowers the coverage. Without weights every clause counts the same.
    """
    weighted = any(each.weight for each in clauses)
    weights = [Fraction(each.weight or 0) if weighted else Fraction(1) for each in clauses]
    heard = [
        (weight, each.standing.counted_bp)
        for weight, each in zip(weights, clauses, strict=True)
        if each.standing.counted_bp is not None
    ]
    total, known = sum(weights, Fraction(0)), sum((weight for weight, _ in heard), Fraction(0))
    if not known or not total:
        return None, 0
    mean = sum((weight * value for weight, value in heard), Fraction(0)) / known
    share = known / total * WHOLE
    return (
        round_half_up(mean.numerator, mean.denominator),
        round_half_up(share.numerator, share.denominator),
    )


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA else str(value)
