"""How far goals are reached: key figures against their targets, rolled up along the goal tree.

Measured values never travel up a goal tree across units; only attainment, which has no dimension,
does (domain 9). Everything is an exact fraction until it is rounded once, half up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pandas as pd

from pipeline.key_figures import (
    KeyFigure,
    Reported,
    aggregated,
    by_key,
    catalogue,
    counted,
    fraction_of,
    given,
    like_with_like,
    six_places,
    typed,
    with_weights,
)
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.master import Master, Settings
from pipeline.model.money import WHOLE, round_half_up
from pipeline.model.tables import Role
from pipeline.tables import results

_ROLES = ("actual", "forecast", "target")


def key_figure_results(values: pd.DataFrame, master: Master, *, city: str) -> pd.DataFrame:
    """``results.KPI_RESULTS``: every key figure for each unit asked, its product, its goal and the
    city.

    Over units the value follows the key figure's own aggregation; ``units_with_data`` are the units
    that speak in it, ``units`` those that are asked. ``raw_bp``, ``capped_bp`` and ``state`` stand
    on actuals only.
    """
    reports = by_key(values, master)
    rows: list[tuple[object, ...]] = []
    for kpi in catalogue(master).values():
        for scope, id, members in _scopes(kpi, master, city):
            for year in master.years:
                said = {
                    role: _said_in(reports.get((kpi.kpi, year.year, role), ()), scope, members)
                    for role in _ROLES
                }
                for role in _ROLES:
                    asked = role == "actual" and year.role is Role.ACTUAL
                    if asked or said[role]:
                        head = (kpi.kpi, scope, id, year.year, role)
                        tail = _judged(kpi, said, members, role=role, settings=master.settings)
                        rows.append((*head, *tail))
    frame = pd.DataFrame(rows, columns=list(results.KPI_RESULTS.names))
    return typed(frame, results.KPI_RESULTS)


def _scopes(kpi: KeyFigure, master: Master, city: str) -> list[tuple[str, str, frozenset[str]]]:
    """What a key figure is condensed for: scope, id and the units asked."""
    units = [unit for unit in master.kpi_units.get(kpi.kpi, ()) if unit]
    over_units = (("product", kpi.product), ("goal", kpi.goal), ("city", city))
    return [
        *(("unit", unit, frozenset({unit})) for unit in units),
        *((scope, id, frozenset(units)) for scope, id in over_units if id),
    ]


def _said_in(
    reports: Sequence[Reported], scope: str, members: frozenset[str]
) -> Sequence[Reported]:
    """What is said of a scope; what finance set for all units together speaks of no single one,
    and where it is there, it takes the place of what single units aim at.
    """
    together = [each for each in reports if not each.unit] if scope != "unit" else []
    return together or [each for each in reports if each.unit in members]


def _judged(
    kpi: KeyFigure,
    said: Mapping[str, Sequence[Reported]],
    members: frozenset[str],
    *,
    role: str,
    settings: Settings,
) -> tuple[Decimal | None, int, int, int | None, int | None, str]:
    """Value, units with data, units, raw and capped attainment in basis points, and state."""
    other = said["actual" if role == "target" else "target"]
    part = with_weights(kpi, said[role], other)
    speaking = counted(kpi, part)
    heard = {each.unit for each in speaking}
    value = aggregated(kpi, part, complete="" in heard or members <= heard)
    if value is None:  # nobody is left out of a value that is not there
        speaking = [each for each in part if each.value is not None]
    # What finance says for all units together, it says for each of them.
    count = len(members) if "" in heard else len(speaking)
    head = (None if value is None else six_places(value), count, len(members))
    if role != "actual":
        return (*head, None, None, "")
    reached = reached_by(kpi, said["actual"], said["target"], asked=members, settings=settings)
    state = state_of(kpi, reached, settings)
    if reached is None:
        return (*head, None, None, state)
    return (*head, basis_points(reached), basis_points(capped(reached, settings)), state)


# --- attainment -------------------------------------------------------------------------------


def reached_by(
    kpi: KeyFigure,
    actuals: Sequence[Reported],
    targets: Sequence[Reported],
    *,
    asked: frozenset[str],
    settings: Settings,
) -> Fraction | None:
    """How far units reach their targets with what they reported, like against like."""
    actual, target = like_with_like(kpi, actuals, targets, asked=asked)
    return attained(kpi, actual=actual, target=target, settings=settings)


def attained(
    kpi: KeyFigure, *, actual: Fraction | None, target: Fraction | None, settings: Settings
) -> Fraction | None:
    """How far a target is reached, 1 = fully; not capped; ``None`` where it cannot be said.

    Formulas: contract, «Attainment». A milestone is rated only after its date.
    """
    if actual is None or target is None or not kpi.rated:
        return None
    if kpi.kind == "Ja/Nein":
        return Fraction(int(actual == target))
    if kpi.kind == "Meilenstein":
        return actual / 100 if not kpi.due_date or settings.as_of > kpi.due_date else None
    if kpi.direction in {"Band", "genau"}:
        return _within(actual, target, kpi.tolerance)
    if kpi.direction == "halten":
        return _within(actual, given(kpi.base, target), kpi.tolerance)
    if kpi.base is not None and target == kpi.base:
        return _kept(kpi, actual, kpi.base)
    if kpi.base is not None:
        return (actual - kpi.base) / (target - kpi.base)
    return _against_target(kpi, actual, target, settings)


def _kept(kpi: KeyFigure, actual: Fraction, base: Fraction) -> Fraction:
    """A target that equals the base keeps what is there: the quotient would be 0/0 (domain 9.2,
    K09). On the wanted side of the base it is kept; on the other side the tolerance decides.
    """
    better = actual >= base if kpi.direction == "mindestens" else actual <= base
    return Fraction(1) if better else _within(actual, base, kpi.tolerance)


def _against_target(
    kpi: KeyFigure, actual: Fraction, target: Fraction, settings: Settings
) -> Fraction:
    """Actual against target without a base (contract, «Attainment»).

    A quotient says how far only between numbers of the same sign above 0; against 0 or a negative
    target it would call a deficit of 10 twice as good as one of 5. There it can only be said
    whether the target is reached.
    """
    if kpi.direction == "mindestens":
        return actual / target if target > 0 else Fraction(int(actual >= target))
    if target < 0:
        return Fraction(int(actual <= target))
    if settings.at_most_rule == "Ziel/Ist":
        return target / actual if actual > 0 else Fraction(1)
    return 2 - actual / target if target else Fraction(int(actual <= 0))


def _within(actual: Fraction, centre: Fraction, tolerance: Fraction) -> Fraction:
    """Full within the tolerance, falling linearly to 0 at twice the tolerance."""
    distance = abs(actual - centre)
    if distance <= tolerance:
        return Fraction(1)
    if tolerance == 0:
        return Fraction(0)
    return max(Fraction(0), 2 - distance / tolerance)


def capped(reached: Fraction, settings: Settings) -> Fraction:
    """Between 0 and the setting ``attainment_cap``: what is rolled up, so that one figure of 300 %
    cannot hide three failures.
    """
    return max(Fraction(0), min(reached, Fraction(settings.attainment_cap, WHOLE)))


def basis_points(value: Fraction) -> int:
    """Rounded once, half up."""
    return round_half_up(value.numerator * WHOLE, value.denominator)


def state_of(kpi: KeyFigure, reached: Fraction | None, settings: Settings) -> str:
    """The traffic light of a key figure: green, yellow, red, no_data or not_rated."""
    if not kpi.rated or not _due(kpi, settings):
        return "not_rated"
    if reached is None:
        return "no_data"
    return _light(reached, settings)


def _due(kpi: KeyFigure, settings: Settings) -> bool:
    return kpi.kind != "Meilenstein" or not kpi.due_date or settings.as_of > kpi.due_date


def _light(reached: Fraction, settings: Settings) -> str:
    if reached >= Fraction(settings.green_from, WHOLE):
        return "green"
    return "yellow" if reached >= Fraction(settings.yellow_from, WHOLE) else "red"


@dataclass(frozen=True, kw_only=True)
class Rating:
    """A node of the roll-up: attainment (``None`` without data), coverage between 0 and 1, and how
    many key figures spoke.
    """

    reached: Fraction | None
    coverage: Fraction
    kpis_with_data: int
    kpis: int
    weight: Fraction

    def state(self, settings: Settings) -> str:
        """The traffic light of a goal; none where too little is known."""
        if self.kpis == 0:
            return "not_rated"
        if self.reached is None:
            return "no_data"
        if self.coverage < Fraction(settings.coverage_from, WHOLE):
            return "low_coverage"
        return _light(self.reached, settings)


def attainment(
    values: pd.DataFrame, master: Master, tree: Hierarchy, weights: Mapping[str, Decimal | None]
) -> pd.DataFrame:
    """``results.ATTAINMENT``: every goal for every year in which anything can be rated.

    Children of a goal are its child goals and its rated key figures (contract, «Roll-up»): the mean
    over children with data by weight, and the coverage beside it. ``weights`` gives the weight of
    each goal (``None`` = 1).
    """
    rows: list[tuple[object, ...]] = []
    for year in rated_years(values, master):
        ratings = key_figure_ratings(values, master, year)
        by_goal = goal_ratings(ratings, master, tree, weights)
        for goal in tree.order:
            rating = by_goal[goal]
            reached = None if rating.reached is None else basis_points(rating.reached)
            coverage = basis_points(rating.coverage)
            counts = (rating.kpis_with_data, rating.kpis)
            state = rating.state(master.settings)
            rows.append((goal, year, reached, coverage, *counts, state))
    return typed(pd.DataFrame(rows, columns=list(results.ATTAINMENT.names)), results.ATTAINMENT)


def goal_ratings(
    ratings: Mapping[str, Rating],
    master: Master,
    tree: Hierarchy,
    weights: Mapping[str, Decimal | None],
) -> dict[str, Rating]:
    """Every goal of the tree, rolled up from the ratings of the key figures (``ratings`` by
    number).
    """
    of_goal: dict[str, list[str]] = {}
    for kpi in catalogue(master).values():
        of_goal.setdefault(kpi.goal, []).append(kpi.kpi)
    found: dict[str, Rating] = {}
    for goal in reversed(tree.order):
        children = [ratings[kpi] for kpi in of_goal.get(goal, []) if kpi in ratings]
        children += [found[child] for child in tree.children[goal]]
        found[goal] = rolled_up(children, given(fraction_of(weights.get(goal)), Fraction(1)))
    return found


def rated_years(values: pd.DataFrame, master: Master) -> tuple[int, ...]:
    """The years of role Ergebnis, and every other year for which an actual was reported."""
    reported_years = set(values.loc[values["role"] == "actual", "year"])
    return tuple(
        year.year
        for year in master.years
        if year.role is Role.ACTUAL or year.year in reported_years
    )


def rolled_up(children: Sequence[Rating], weight: Fraction) -> Rating:
    """The weighted mean over children with data, and how much of the weight has data; order does
    not matter.
    """
    total = sum((child.weight for child in children), Fraction(0))
    known = [child for child in children if child.reached is not None]
    heard = sum((child.weight for child in known), Fraction(0))
    reached = (
        sum(
            (child.weight * child.reached for child in known if child.reached is not None),
            Fraction(0),
        )
        / heard
        if heard
        else None
    )
    covered = sum((child.weight * child.coverage for child in children), Fraction(0))
    return Rating(
        reached=reached,
        coverage=covered / total if total else Fraction(0),
        kpis_with_data=sum(child.kpis_with_data for child in children),
        kpis=sum(child.kpis for child in children),
        weight=weight,
    )


def key_figure_ratings(values: pd.DataFrame, master: Master, year: int) -> dict[str, Rating]:
    """The rated key figures of a year by number, over all units asked; a milestone only when its
    date is over. Without target or actual the rating is there, and says that there is no data.
    """
    reports, settings = by_key(values, master), master.settings
    found = {}
    for kpi in catalogue(master).values():
        if not kpi.rated or not _due(kpi, settings):
            continue
        asked = frozenset(unit for unit in master.kpi_units[kpi.kpi] if unit)
        actuals, targets = (
            _said_in(reports.get((kpi.kpi, year, role), ()), "goal", asked)
            for role in ("actual", "target")
        )
        reached = reached_by(kpi, actuals, targets, asked=asked, settings=settings)
        found[kpi.kpi] = rated(None if reached is None else capped(reached, settings), kpi.weight)
    return found


def rated(reached: Fraction | None, weight: Fraction) -> Rating:
    """One key figure as a child of its goal."""
    data = int(reached is not None)
    return Rating(
        reached=reached, coverage=Fraction(data), kpis_with_data=data, kpis=1, weight=weight
    )
