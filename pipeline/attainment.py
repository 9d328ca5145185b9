"""Key figures by their own rule, and how far goals are reached.

Measured values never travel up a goal tree across units; only attainment, which has no dimension,
does (domain 9). Everything is an exact fraction until it is rounded once, half up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from pipeline.model.blocks import State, rows_of
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.master import Master, Settings
from pipeline.model.money import WHOLE, round_half_up
from pipeline.model.submission import Frames
from pipeline.model.tables import Role
from pipeline.tables import choices, results

MASTER_FILE = "Stammdaten.xlsx"
_PLACES = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True)
class KeyFigure:
    """One entry of the catalogue, as the computation needs it."""

    kpi: str
    product: str
    goal: str
    kind: str
    direction: str
    aggregation: str
    numerator: str
    denominator: str
    base: Fraction | None
    tolerance: Fraction
    weight: Fraction
    factor: int
    due_date: str

    @property
    def rated(self) -> bool:
        """Whether it says how far a goal is reached (``nachrichtlich`` does not)."""
        return self.direction != "nachrichtlich"


def catalogue(master: Master) -> Mapping[str, KeyFigure]:
    """The key figures of the master by number; an empty weight or factor counts as 1, an empty
    tolerance as 0.
    """
    found = {}
    for row in rows_of(master.tables["kpis"]):
        found[str(row.kpi)] = KeyFigure(
            kpi=str(row.kpi),
            product=_text(row.product),
            goal=_text(row.goal),
            kind=_text(row.kind),
            direction=_text(row.direction),
            aggregation=_text(row.aggregation),
            numerator=_text(row.numerator),
            denominator=_text(row.denominator),
            base=_fraction(row.base_value),
            tolerance=_fraction(row.tolerance) or Fraction(0),
            weight=_given(_fraction(row.weight), Fraction(1)),
            factor=int(row.factor) if row.factor is not pd.NA else 1,
            due_date=_text(row.due_date),
        )
    return found


def reported(frames: Frames, master: Master) -> pd.DataFrame:
    """``results.KPIS``: one row per key figure, unit, year and role that has a value or the parts
    of one.

    Actuals, forecasts and planned targets come from returns; targets of years that are over come
    from the master. A ratio whose value was left empty is computed from its parts, and ``cell`` is
    then the numerator's.
    """
    rows = [*_from_returns(frames, master), *_targets_of_past_years(master)]
    frame = pd.DataFrame(rows, columns=list(results.KPIS.names))
    return _typed(frame, results.KPIS)


def _typed(frame: pd.DataFrame, table: results.ResultTable) -> pd.DataFrame:
    dtypes = {
        name: {"integer": "Int64", "number": "object"}.get(kind, "string")
        for name, kind in table.columns
    }
    typed = frame.reindex(columns=list(dtypes)).astype(dtypes)
    texts = [name for name, dtype in dtypes.items() if dtype == "string"]
    typed[texts] = typed[texts].fillna("")
    return typed.sort_values(list(table.key), ignore_index=True)


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """What a row of a return says of one key figure, year and role; ``column`` is where."""

    kpi: KeyFigure
    unit: str
    year: int
    role: str
    index: int
    column: str
    data_state: str
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None


_Values = Mapping[tuple[str, int, str], Mapping[str, Decimal]]
"""Typed values by key figure, year and role, then by unit."""


def _from_returns(frames: Frames, master: Master) -> list[tuple[object, ...]]:
    entries = list(_entries(frames, master))
    values: dict[tuple[str, int, str], dict[str, Decimal]] = {}
    for each in entries:
        if each.value is not None:
            values.setdefault((each.kpi.kpi, each.year, each.role), {})[each.unit] = each.value
    rows: list[tuple[object, ...]] = []
    for each in entries:
        parts = tuple(
            _named_part(name, each, values, master) if name else typed
            for name, typed in (
                (each.kpi.numerator, each.numerator),
                (each.kpi.denominator, each.denominator),
            )
        )
        is_ratio = each.kpi.kind in choices.RATIO_KINDS
        value = each.value if each.value is not None or not is_ratio else _ratio(parts, each.kpi)
        if value is None and each.numerator is None and each.denominator is None:
            continue
        place = frames.place("kpis", each.index, each.column)
        where = (place.file, place.sheet, place.cell, each.unit, each.kpi.product, each.kpi.kpi)
        shown = parts if is_ratio else (None, None)
        rows.append((*where, each.year, each.role, value, *shown, each.data_state))
    return rows


def _entries(frames: Frames, master: Master) -> Iterator[_Entry]:
    """Every key figure of every returned row, for each year and role that departments enter.

    In a row, actual years carry the parts of the actual, planned years those of the target.
    """
    table, states = frames.tables["kpis"], frames.states["kpis"]
    known = catalogue(master)
    columns = master.submission_tables["kpis"].columns
    names = {column.name for column in columns}
    for index, record in zip(table.index, table.to_dict("records"), strict=True):
        kpi = known.get(_text(record["kpi"]))
        if kpi is None:
            continue
        for column in columns:
            role, year = column.stem, column.year
            if year is None or role not in {"target", "actual", "forecast"}:
                continue
            if role == "target" and not (year.entered and year.role in {Role.BUDGET, Role.OUTLOOK}):
                continue
            value = _cell(record, states, index, column.name)
            parts = [
                _cell(record, states, index, f"{part}_{year.year}")
                if f"{part}_{year.year}" in names and role != "forecast"
                else None
                for part in ("numerator", "denominator")
            ]
            computed = value is None and f"numerator_{year.year}" in names
            yield _Entry(
                kpi=kpi,
                unit=_text(record["unit"]),
                year=year.year,
                role=role,
                index=index,
                column=f"numerator_{year.year}" if computed else column.name,
                data_state=_text(record["data_state"]),
                value=value,
                numerator=parts[0],
                denominator=parts[1],
            )


def _named_part(name: str, entry: _Entry, values: _Values, master: Master) -> Decimal | None:
    """A part that the catalogue names: a key figure (of the same unit, else of the only unit that
    reports it), or a base value of the year.
    """
    if name in master.kpi_catalogue:
        by_unit = values.get((name, entry.year, entry.role), {})
        only = next(iter(by_unit.values())) if len(by_unit) == 1 else None
        return by_unit.get(entry.unit, only)
    return base_value(master, name, entry.year)


def base_value(master: Master, name: str, year: int) -> Decimal | None:
    """A base value (inhabitants and the like) of a year; ``None`` where the master has none."""
    frame = master.tables["base_values"]
    hit = frame.loc[(frame["name"] == name) & (frame["year"] == year), "value"]
    return None if hit.empty else hit.iloc[0]


def _ratio(parts: Sequence[Decimal | None], kpi: KeyFigure) -> Decimal | None:
    numerator, denominator = parts
    if numerator is None or denominator is None or denominator == 0:
        return None
    return _six_places(Fraction(numerator) / Fraction(denominator) * kpi.factor)


def _six_places(value: Fraction) -> Decimal:
    return Decimal(round_half_up(value.numerator * 1_000_000, value.denominator)) * _PLACES


def _cell(
    record: Mapping[Any, Any], states: pd.DataFrame, index: int, column: str
) -> Decimal | None:
    if states.loc[index, column] != State.VALUE:
        return None
    value = record[column]
    return value if isinstance(value, Decimal) else None


def _targets_of_past_years(master: Master) -> list[tuple[object, ...]]:
    frame, block = master.tables["previous_kpis"], master.blocks["previous_kpis"]
    known = catalogue(master)
    past = {year.year for year in master.years if not year.entered or year.role is Role.ACTUAL}
    rows: list[tuple[object, ...]] = []
    for index, row in zip(frame.index, rows_of(frame), strict=True):
        kpi = known.get(_text(row.kpi))
        if kpi is None or not isinstance(row.target, Decimal) or int(row.year) not in past:
            continue
        place = block.place(int(index), "target")
        unit = _text(row.unit) or _asked(master, kpi)
        rows.append(
            (
                MASTER_FILE,
                place.sheet,
                place.cell,
                unit,
                kpi.product,
                kpi.kpi,
                int(row.year),
                "target",
                row.target,
                None,
                None,
                "",
            )
        )
    return rows


def _asked(master: Master, kpi: KeyFigure) -> str:
    """The unit that a target without unit speaks of; empty where several are asked: all of them."""
    units = master.kpi_units.get(kpi.kpi, ())
    return units[0] if len(units) == 1 else ""


# --- aggregation over units -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What one unit reported for one key figure, year and role; parts only where there are any."""

    unit: str
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None


_ByKey = Mapping[tuple[str, int, str], Sequence[Reported]]


def _by_key(values: pd.DataFrame) -> _ByKey:
    """The rows of ``results.KPIS`` by key figure, year and role."""
    found: dict[tuple[str, int, str], list[Reported]] = {}
    for row in rows_of(values):
        one = Reported(
            unit=row.unit, value=row.value, numerator=row.numerator, denominator=row.denominator
        )
        found.setdefault((row.kpi, int(row.year), row.role), []).append(one)
    return found


def key_figure_results(values: pd.DataFrame, master: Master, *, city: str) -> pd.DataFrame:
    """``results.KPI_RESULTS``: every key figure for each unit asked, its product, its goal and the
    city.

    Over units the value follows the key figure's own aggregation; ``raw_bp``, ``capped_bp`` and
    ``state`` stand on actuals only.
    """
    reports = _by_key(values)
    rows: list[tuple[object, ...]] = []
    for kpi in catalogue(master).values():
        units = [unit for unit in master.kpi_units.get(kpi.kpi, ()) if unit]
        over_units = (("product", kpi.product), ("goal", kpi.goal), ("city", city))
        scopes = [("unit", unit, frozenset({unit})) for unit in units]
        scopes += [(scope, id, frozenset(units)) for scope, id in over_units if id]
        for year in master.years:
            for role in ("actual", "forecast", "target"):
                part = reports.get((kpi.kpi, year.year, role), ())
                target = reports.get((kpi.kpi, year.year, "target"), ())
                for scope, id, members in scopes:
                    own = [each for each in part if each.unit in members]
                    aim = _targets(target, members, scope=scope)
                    asked = role == "actual" and year.role is Role.ACTUAL
                    if own or asked:
                        head = (kpi.kpi, scope, id, year.year, role)
                        tail = _judged(kpi, own, aim, role=role, settings=master.settings)
                        rows.append((*head, tail[0], len(own), len(members), *tail[1:]))
    return _typed(pd.DataFrame(rows, columns=list(results.KPI_RESULTS.names)), results.KPI_RESULTS)


def _targets(
    reports: Sequence[Reported], members: frozenset[str], *, scope: str
) -> Sequence[Reported]:
    """The targets of a scope: one that finance set for all units together speaks for their sum."""
    together = [each for each in reports if not each.unit]
    if together and scope != "unit":
        return together
    return [each for each in reports if each.unit in members]


def _judged(
    kpi: KeyFigure,
    part: Sequence[Reported],
    target: Sequence[Reported],
    *,
    role: str,
    settings: Settings,
) -> tuple[Decimal | None, int | None, int | None, str]:
    """Value, raw and capped attainment in basis points, and state."""
    value = aggregated(kpi, part)
    shown = None if value is None else _six_places(value)
    if role != "actual":
        return (shown, None, None, "")
    reached = attained(kpi, actual=value, target=target_of(kpi, target, part), settings=settings)
    state = state_of(kpi, reached, settings)
    if reached is None:
        return (shown, None, None, state)
    return (shown, _basis_points(reached), _basis_points(_capped(reached, settings)), state)


def aggregated(kpi: KeyFigure, part: Sequence[Reported]) -> Fraction | None:
    """One value over units by the key figure's aggregation; never a mean of percentages (domain
    9.1). ``part`` has one entry per unit.
    """
    values = [Fraction(each.value) for each in part if each.value is not None]
    if not values:
        return None
    if kpi.aggregation in {"Quote", "gewichtet"}:
        pooled = _pooled(kpi, part)
        return values[0] if pooled is None and len(part) == 1 else pooled
    if len(part) == 1:
        return values[0]
    match kpi.aggregation:
        case "Summe" | "Stichtagssumme":
            return sum(values, Fraction(0))
        case "Minimum":
            return min(values)
        case "Maximum":
            return max(values)
        case "alle":
            return Fraction(int(all(value == 1 for value in values) and len(values) == len(part)))
        case _:
            return None


def target_of(
    kpi: KeyFigure, targets: Sequence[Reported], actuals: Sequence[Reported]
) -> Fraction | None:
    """The target over units. Where units have targets without parts (those of past years), each
    weighs as much as the denominator of its actual, as it does in the actual itself.
    """
    found = aggregated(kpi, targets)
    if found is not None or kpi.aggregation not in {"Quote", "gewichtet"}:
        return found
    weights = {each.unit: each.denominator for each in actuals}
    return _pooled(kpi, [replace(each, denominator=weights.get(each.unit)) for each in targets])


def _pooled(kpi: KeyFigure, part: Sequence[Reported]) -> Fraction | None:
    """Σ numerators over Σ denominators, of the units that gave both; a weighted mean where only the
    weight was given.
    """
    top, bottom = Fraction(0), Fraction(0)
    for each in part:
        if not each.denominator:
            continue
        if each.numerator is not None:
            top += Fraction(each.numerator) * kpi.factor
        elif each.value is not None:
            top += Fraction(each.value) * Fraction(each.denominator)
        else:
            continue
        bottom += Fraction(each.denominator)
    return top / bottom if bottom else None


# --- attainment -------------------------------------------------------------------------------


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
        return _within(actual, _given(kpi.base, target), kpi.tolerance)
    if kpi.base is not None:
        if target == kpi.base:  # a maintenance goal; the quotient would be 0/0 (domain 9.2, K09)
            return _within(actual, kpi.base, kpi.tolerance)
        return (actual - kpi.base) / (target - kpi.base)
    if kpi.direction == "mindestens":
        return actual / target if target else Fraction(int(actual >= 0))
    if settings.at_most_rule == "Ziel/Ist":
        return target / actual if actual else Fraction(1)
    return 2 - actual / target if target else Fraction(int(actual <= 0))


def _within(actual: Fraction, centre: Fraction, tolerance: Fraction) -> Fraction:
    """Full within the tolerance, falling linearly to 0 at twice the tolerance."""
    distance = abs(actual - centre)
    if distance <= tolerance:
        return Fraction(1)
    if tolerance == 0:
        return Fraction(0)
    return max(Fraction(0), 2 - distance / tolerance)


def _capped(reached: Fraction, settings: Settings) -> Fraction:
    return max(Fraction(0), min(reached, Fraction(settings.attainment_cap, WHOLE)))


def _basis_points(value: Fraction) -> int:
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


def attainment(
    values: pd.DataFrame, master: Master, tree: Hierarchy, weights: Mapping[str, Decimal | None]
) -> pd.DataFrame:
    """``results.ATTAINMENT``: every goal for every year in which anything can be rated.

    Children of a goal are its child goals and its rated key figures (contract, «Roll-up»): the mean
    over children with data by weight, and the coverage beside it. ``weights`` gives the weight of
    each goal (``None`` = 1).
    """
    known, reports = catalogue(master), _by_key(values)
    of_goal: dict[str, list[str]] = {}
    for kpi in known.values():
        of_goal.setdefault(kpi.goal, []).append(kpi.kpi)
    rows: list[tuple[object, ...]] = []
    for year in rated_years(values, master):
        ratings = _key_figure_ratings(reports, master, year)
        by_goal: dict[str, Rating] = {}
        for goal in reversed(tree.order):
            children = [ratings[kpi] for kpi in of_goal.get(goal, []) if kpi in ratings]
            children += [by_goal[child] for child in tree.children[goal]]
            by_goal[goal] = rolled_up(children, _given(_fraction(weights.get(goal)), Fraction(1)))
        for goal in tree.order:
            rating = by_goal[goal]
            reached = None if rating.reached is None else _basis_points(rating.reached)
            state = _goal_state(rating, master.settings)
            rows.append(
                (
                    goal,
                    year,
                    reached,
                    _basis_points(rating.coverage),
                    rating.kpis_with_data,
                    rating.kpis,
                    state,
                )
            )
    return _typed(pd.DataFrame(rows, columns=list(results.ATTAINMENT.names)), results.ATTAINMENT)


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


def _key_figure_ratings(reports: _ByKey, master: Master, year: int) -> dict[str, Rating]:
    known, asked, settings = catalogue(master), master.kpi_units, master.settings
    found = {}
    for kpi in known.values():
        if not kpi.rated or not _due(kpi, settings):
            continue
        actuals = reports.get((kpi.kpi, year, "actual"), ())
        targets = _targets(
            reports.get((kpi.kpi, year, "target"), ()), frozenset(asked[kpi.kpi]), scope="goal"
        )
        actual, target = aggregated(kpi, actuals), target_of(kpi, targets, actuals)
        reached = attained(kpi, actual=actual, target=target, settings=settings)
        found[kpi.kpi] = Rating(
            reached=None if reached is None else _capped(reached, settings),
            coverage=Fraction(int(reached is not None)),
            kpis_with_data=int(reached is not None),
            kpis=1,
            weight=kpi.weight,
        )
    return found


def _goal_state(rating: Rating, settings: Settings) -> str:
    if rating.kpis == 0:
        return "not_rated"
    if rating.reached is None:
        return "no_data"
    if rating.coverage < Fraction(settings.coverage_from, WHOLE):
        return "low_coverage"
    return _light(rating.reached, settings)


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA else str(value)


def _fraction(value: object) -> Fraction | None:
    return Fraction(value) if isinstance(value, Decimal | int) else None


def _given(value: Fraction | None, otherwise: Fraction) -> Fraction:
    return otherwise if value is None else value
