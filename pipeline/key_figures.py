"""What units report of the key figures, and one value over several units by each key figure's own
rule.

Like is added to like: never a mean of percentages, never a stock over time (every year stands for
itself), never a unit that said nothing as 0 (domain 9 and 14). Everything is an exact fraction; a
value is rounded once, when it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from pipeline.model.blocks import State, rows_of
from pipeline.model.master import Master
from pipeline.model.money import round_half_up
from pipeline.model.submission import Frames
from pipeline.model.tables import Role, Year
from pipeline.tables import choices, results

MASTER_FILE = "Stammdaten.xlsx"
_PLACES = Decimal("0.000001")
_POOLED = frozenset({"Quote", "gewichtet"})
_ADDED = frozenset({"Summe", "Stichtagssumme"})
_OF_ALL = frozenset({"alle", "keine"})


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

    @property
    def ratio(self) -> bool:
        """Whether its value is a numerator over a denominator."""
        return self.kind in choices.RATIO_KINDS


def catalogue(master: Master) -> Mapping[str, KeyFigure]:
    """The key figures of the master by number; an empty weight counts as 1, an empty tolerance as
    0, an empty factor as 100 for % and as 1 for everything else.
    """
    found = {}
    for row in rows_of(master.tables["kpis"]):
        measured, factor = text_of(row.unit_of_measure), row.factor
        found[str(row.kpi)] = KeyFigure(
            kpi=str(row.kpi),
            product=text_of(row.product),
            goal=text_of(row.goal),
            kind=text_of(row.kind),
            direction=text_of(row.direction),
            aggregation=text_of(row.aggregation),
            numerator=text_of(row.numerator),
            denominator=text_of(row.denominator),
            base=fraction_of(row.base_value),
            tolerance=fraction_of(row.tolerance) or Fraction(0),
            weight=given(fraction_of(row.weight), Fraction(1)),
            factor=choices.ratio_factor(measured, None if factor is pd.NA else factor),
            due_date=text_of(row.due_date),
        )
    return found


# --- what was reported ------------------------------------------------------------------------


def reported(frames: Frames, master: Master) -> pd.DataFrame:
    """``results.KPIS``: one row per key figure, unit, year and role that has a value or the parts
    of one.

    Actuals, forecasts and planned targets come from returns; targets of years that are over come
    from the master. A ratio whose value was left empty is computed from its parts, and ``cell`` is
    then the numerator's.
    """
    rows = [*_from_returns(frames, master), *_targets_of_past_years(master)]
    frame = pd.DataFrame(rows, columns=list(results.KPIS.names))
    return typed(frame, results.KPIS)


def typed(frame: pd.DataFrame, table: results.ResultTable) -> pd.DataFrame:
    """A result table with its dtypes, sorted by its key."""
    dtypes = {
        name: {"integer": "Int64", "number": "object"}.get(kind, "string")
        for name, kind in table.columns
    }
    result = frame.reindex(columns=list(dtypes)).astype(dtypes)
    texts = [name for name, dtype in dtypes.items() if dtype == "string"]
    result[texts] = result[texts].fillna("")
    return result.sort_values(list(table.key), ignore_index=True)


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
    known = catalogue(master)
    rows: list[tuple[object, ...]] = []
    for each in entries:
        parts = tuple(
            _named_part(name, each, values, known, master) if name else entered
            for name, entered in (
                (each.kpi.numerator, each.numerator),
                (each.kpi.denominator, each.denominator),
            )
        )
        is_ratio = each.kpi.ratio
        value = each.value if each.value is not None or not is_ratio else _ratio(parts, each.kpi)
        if value is None and each.numerator is None and each.denominator is None:
            continue
        place = frames.place("kpis", each.index, each.column)
        where = (place.file, place.sheet, place.cell, each.unit, each.kpi.product, each.kpi.kpi)
        # Of what is no ratio only the weight is a part: the number of answers behind a grade.
        weight = parts[1] if each.kpi.aggregation in _POOLED else None
        shown = parts if is_ratio else (None, weight)
        rows.append((*where, each.year, each.role, value, *shown, each.data_state))
    return rows


def _entries(frames: Frames, master: Master) -> Iterator[_Entry]:
    """Every key figure of every returned row, for each year and role that departments enter.

    In a row, years that are over carry the parts of the actual, planned years those of the target;
    what a Controlling round says of a planned year has a value only.
    """
    table, states = frames.tables["kpis"], frames.states["kpis"].to_dict("index")
    known = catalogue(master)
    columns = master.submission_tables["kpis"].columns
    names = {column.name for column in columns}
    asked = [
        (column, column.year)
        for column in columns
        if column.year is not None
        and (column.stem in {"actual", "forecast"} or _planned(column.stem, column.year))
    ]
    for index, record in zip(table.index, table.to_dict("records"), strict=True):
        kpi = known.get(text_of(record["kpi"]))
        if kpi is None:
            continue
        for column, year in asked:
            value = _cell(record, states[index], column.name)
            has_parts = column.stem == ("actual" if year.role is Role.ACTUAL else "target")
            named = {part: f"{part}_{year.year}" for part in ("numerator", "denominator")}
            numerator, denominator = (
                _cell(record, states[index], name) if has_parts and name in names else None
                for name in named.values()
            )
            computed = value is None and has_parts and named["numerator"] in names
            yield _Entry(
                kpi=kpi,
                unit=text_of(record["unit"]),
                year=year.year,
                role=column.stem,
                index=index,
                column=named["numerator"] if computed else column.name,
                data_state=text_of(record["data_state"]),
                value=value,
                numerator=numerator,
                denominator=denominator,
            )


def _planned(stem: str, year: Year) -> bool:
    return stem == "target" and year.entered and year.role in {Role.BUDGET, Role.OUTLOOK}


def _named_part(
    name: str,
    entry: _Entry,
    values: _Values,
    known: Mapping[str, KeyFigure],
    master: Master,
) -> Decimal | None:
    """A part that the catalogue names: a base value of the year, or a key figure.

    A key figure is taken from the same unit; where that unit does not report it, from all units
    that are asked for it together, and only when all of them answered: a denominator of which an
    office is missing would be wrong without anybody seeing it.
    """
    if name not in known:
        return base_value(master, name, entry.year)
    by_unit = values.get((name, entry.year, entry.role), {})
    if entry.unit in by_unit:
        return by_unit[entry.unit]
    asked = master.kpi_units.get(name, ())
    if not asked or any(unit not in by_unit for unit in asked):
        return None
    if len(asked) == 1:
        return by_unit[asked[0]]
    together = aggregated(known[name], [Reported(unit=unit, value=by_unit[unit]) for unit in asked])
    return None if together is None else six_places(together)


def base_value(master: Master, name: str, year: int) -> Decimal | None:
    """A base value (inhabitants and the like) of a year; ``None`` where the master has none."""
    frame = master.tables["base_values"]
    hit = frame.loc[(frame["name"] == name) & (frame["year"] == year), "value"]
    return None if hit.empty else hit.iloc[0]


def _ratio(parts: Sequence[Decimal | None], kpi: KeyFigure) -> Decimal | None:
    numerator, denominator = parts
    if numerator is None or denominator is None or denominator == 0:
        return None
    return six_places(Fraction(numerator) / Fraction(denominator) * kpi.factor)


def six_places(value: Fraction) -> Decimal:
    """A computed value as it is shown: six places, half up."""
    return Decimal(round_half_up(value.numerator * 1_000_000, value.denominator)) * _PLACES


def _cell(record: Mapping[Any, Any], states: Mapping[Any, Any], column: str) -> Decimal | None:
    if states[column] != State.VALUE:
        return None
    value = record[column]
    return value if isinstance(value, Decimal) else None


def _targets_of_past_years(master: Master) -> list[tuple[object, ...]]:
    frame, block = master.tables["previous_kpis"], master.blocks["previous_kpis"]
    known = catalogue(master)
    past = {year.year for year in master.years if not year.entered or year.role is Role.ACTUAL}
    rows: list[tuple[object, ...]] = []
    for index, row in zip(frame.index, rows_of(frame), strict=True):
        kpi = known.get(text_of(row.kpi))
        if kpi is None or not isinstance(row.target, Decimal) or int(row.year) not in past:
            continue
        place = block.place(int(index), "target")
        unit = text_of(row.unit) or _asked(master, kpi)
        where = (MASTER_FILE, place.sheet, place.cell, unit, kpi.product, kpi.kpi)
        rows.append((*where, int(row.year), "target", row.target, None, None, ""))
    return rows


def _asked(master: Master, kpi: KeyFigure) -> str:
    """The unit that a target without unit speaks of; empty where several are asked: all of them."""
    units = master.kpi_units.get(kpi.kpi, ())
    return units[0] if len(units) == 1 else ""


# --- one value over units ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What one unit reported for one key figure, year and role; parts only where there are any.

    ``shared`` names the parts that are not the unit's own: a base value such as the inhabitants, or
    the figure of another office. All units divide by the same, so it counts once.
    """

    unit: str
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    shared: frozenset[str] = frozenset()


ByKey = Mapping[tuple[str, int, str], Sequence[Reported]]
"""What units reported by key figure, year and role."""


def by_key(values: pd.DataFrame, master: Master) -> ByKey:
    """The rows of ``results.KPIS`` by key figure, year and role."""
    known, rows = catalogue(master), list(rows_of(values))
    own = {(row.kpi, int(row.year), row.role, row.unit) for row in rows if row.value is not None}
    found: dict[tuple[str, int, str], list[Reported]] = {}
    for row in rows:
        kpi, year = known.get(row.kpi), int(row.year)
        named = {"numerator": kpi.numerator, "denominator": kpi.denominator} if kpi else {}
        one = Reported(
            unit=row.unit,
            value=row.value,
            numerator=row.numerator,
            denominator=row.denominator,
            shared=frozenset(
                part
                for part, name in named.items()
                if name and (name, year, row.role, row.unit) not in own
            ),
        )
        found.setdefault((row.kpi, year, row.role), []).append(one)
    return found


def aggregated(
    kpi: KeyFigure, part: Sequence[Reported], *, complete: bool = True
) -> Fraction | None:
    """One value over units by the key figure's aggregation; never a mean of percentages (domain
    9.1). ``part`` has one entry per unit, ``complete`` says whether all units asked are among them.

    ``None`` where it cannot be said: aggregation «keine» where several units are asked, no weights,
    or «alle» while somebody who has not answered could still be the exception.
    """
    speaking = counted(kpi, part)
    if not speaking:
        return None
    if len(part) == 1 and (complete or kpi.aggregation not in _OF_ALL):
        return _exact(kpi, speaking[0])
    values = [_exact(kpi, each) for each in speaking]
    match kpi.aggregation:
        case "Quote" | "gewichtet":
            return _pooled(kpi, speaking)
        case "Summe" | "Stichtagssumme":
            return sum(values, Fraction(0))
        case "Minimum":
            return min(values)
        case "Maximum":
            return max(values)
        case "alle":
            if any(value != 1 for value in values):
                return Fraction(0)
            return Fraction(1) if complete and len(speaking) == len(part) else None
        case _:
            return None


def counted(kpi: KeyFigure, part: Sequence[Reported]) -> list[Reported]:
    """The units that speak in the value: those with a value and, where several are pooled, with
    the weight that it needs.
    """
    valued = [each for each in part if each.value is not None]
    if kpi.aggregation not in _POOLED or len(part) == 1:
        return valued
    return [each for each in valued if each.denominator]


def _exact(kpi: KeyFigure, one: Reported) -> Fraction:
    """The value of one unit; of a ratio that of its parts, so that nothing is rounded twice."""
    value = Fraction(one.value or 0)
    if kpi.ratio and one.numerator is not None and one.denominator:
        return Fraction(one.numerator) * kpi.factor / Fraction(one.denominator)
    return value


def _pooled(kpi: KeyFigure, part: Sequence[Reported]) -> Fraction | None:
    """Σ numerators over Σ denominators; Σ (value × weight) over Σ weights where only the weight
    was given. A part that the units share counts once; where only some share it, there is no
    common measure.
    """
    once = part[0].shared if kpi.ratio else frozenset()
    if kpi.ratio and any(each.shared != once for each in part):
        return None
    weights = [Fraction(each.denominator or 0) for each in part]
    tops = [_exact(kpi, each) * weight for each, weight in zip(part, weights, strict=True)]
    top = sum(tops, Fraction(0)) / (len(tops) if "numerator" in once else 1)
    bottom = weights[0] if "denominator" in once else sum(weights, Fraction(0))
    return top / bottom if bottom else None


def with_weights(
    kpi: KeyFigure, part: Sequence[Reported], others: Sequence[Reported]
) -> Sequence[Reported]:
    """The same values; what has none of its own weighs as much as the same unit's entry in
    ``others``.

    Targets of past years and actuals of a Controlling round are typed without parts: each unit's
    weight is then the denominator that it gave for the other one of the two.
    """
    if kpi.aggregation not in _POOLED:
        return part
    found = {each.unit: each for each in others if each.denominator is not None}
    return [
        replace(each, denominator=found[each.unit].denominator, shared=found[each.unit].shared)
        if each.denominator is None and each.unit in found
        else each
        for each in part
    ]


def like_with_like(
    kpi: KeyFigure,
    actuals: Sequence[Reported],
    targets: Sequence[Reported],
    *,
    asked: frozenset[str],
) -> tuple[Fraction | None, Fraction | None]:
    """Actual and target over the same units: those that have both.

    A unit that has not answered is no zero: its target is left out with it. One target for all
    units together (without unit) is compared with their sum only when all have answered.
    """
    actuals, targets = with_weights(kpi, actuals, targets), with_weights(kpi, targets, actuals)
    together = [each for each in targets if not each.unit]
    heard = {each.unit for each in actuals if each.value is not None}
    complete = asked <= heard
    if together:
        actual = aggregated(kpi, actuals, complete=complete)
        comparable = complete or kpi.aggregation not in _ADDED
        return (actual if comparable else None), aggregated(kpi, together)
    both = heard & {each.unit for each in targets if each.value is not None}
    return (
        aggregated(kpi, [each for each in actuals if each.unit in both], complete=complete),
        aggregated(kpi, [each for each in targets if each.unit in both]),
    )


def text_of(value: object) -> str:
    """A cell of a typed frame as text; what is missing is empty."""
    return "" if value is None or value is pd.NA else str(value)


def fraction_of(value: object) -> Fraction | None:
    """A number exactly; ``None`` where there is none."""
    return Fraction(value) if isinstance(value, Decimal | int) else None


def given(value: Fraction | None, otherwise: Fraction) -> Fraction:
    """The value, or what an empty cell means."""
    return otherwise if value is None else value
