"""What must hold for the rows of the sheet Kennzahlen, measured against the catalogue (domain,
9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.findings import Blocks, Severity
from pipeline.model.master import Master
from pipeline.model.submission import Frames
from pipeline.model.tables import Role
from pipeline.rules.registry import WHOLE_SHEET, rule
from pipeline.rules.views import once
from pipeline.rules.wording import decimal_text, per_cent_text
from pipeline.tables.choices import RATIO_KINDS, ratio_factor

_VALUES = ("target", "actual", "forecast")
_PARTS = ("numerator", "denominator")
WHOLE_KINDS = ("Fallzahl", "Bestand")
NOT_COMPARED = ("Ja/Nein", "Meilenstein", "Note", "Index")
_UNCHANGED_FROM = 3
NO_ACTUAL = ("nicht erhoben", "entfällt")


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """One entry of the catalogue. ``enters`` names the parts of a ratio that departments type,
    ``weighed`` says that the denominator is the weight of a value which several units report
    (the answers behind a grade).
    """

    kpi: str
    title: str
    kind: str
    direction: str
    unit_of_measure: str
    enters: tuple[str, ...]
    weighed: bool
    base: Decimal | None
    minimum: Decimal | None
    maximum: Decimal | None
    decimals: int | None
    factor: int

    @property
    def name(self) -> str:
        """How a sentence names it."""
        return f"{self.kpi} {self.title}".strip()

    @property
    def ratio(self) -> bool:
        """Whether its value is a numerator over a denominator."""
        return self.kind in RATIO_KINDS

    @property
    def parts(self) -> tuple[str, ...]:
        """The columns of parts that departments type."""
        return ("denominator",) if self.weighed else self.enters

    @property
    def rated(self) -> bool:
        """Whether attainment is computed, so that a target is needed."""
        return self.direction != "nachrichtlich"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The typed numbers of one row and year; ``unread`` are the columns that could not be read."""

    index: int
    unit: str
    kpi: Kpi
    year: int
    role: Role
    entered: bool
    values: Mapping[str, Decimal]
    columns: Mapping[str, str]
    unread: frozenset[str]
    open: frozenset[str]
    data_state: str
    computed: Fraction | None

    @property
    def with_parts(self) -> str:
        """The value that the parts belong to: the actual of a year that is over, else the
        target.
        """
        return "actual" if self.role is Role.ACTUAL else "target"

    @property
    def left_to_parts(self) -> Fraction | None:
        """What the parts come to, where they speak for a value that was left free."""
        there = self.with_parts in self.values.keys() | self.unread
        return None if there or not self.open.intersection(self.kpi.enters) else self.computed

    @property
    def stated(self) -> tuple[str, Decimal] | None:
        """The value that stands for the year: the actual where there is one, else the target."""
        for stem in ("actual", "target"):
            if stem in self.values:
                return stem, self.values[stem]
        return None


def catalogue(master: Master) -> dict[str, Kpi]:
    """The key figures by id."""
    found = {}
    for row in master.tables["kpis"].to_dict("records"):
        kpi, measured = _text(row["kpi"]), _text(row["unit_of_measure"])
        parts = tuple(part for part in _PARTS if not _text(row[part]))
        factor = None if pd.isna(row["factor"]) else int(row["factor"])
        ratio, several = _text(row["kind"]) in RATIO_KINDS, len(master.kpi_units[kpi]) > 1
        found[kpi] = Kpi(
            kpi=kpi,
            title=_text(row["title"]),
            kind=_text(row["kind"]),
            direction=_text(row["direction"]),
            unit_of_measure=measured,
            enters=parts if ratio else (),
            weighed=several
            and not ratio
            and _text(row["aggregation"]) == "gewichtet"
            and "denominator" in parts,
            base=_number(row["base_value"]),
            minimum=_number(row["minimum"]),
            maximum=_number(row["maximum"]),
            decimals=None if pd.isna(row["decimals"]) else int(row["decimals"]),
            factor=ratio_factor(measured, factor),
        )
    return found


@once
def entries(frames: Frames) -> tuple[Entry, ...]:
    """The rows of known key figures, one entry per year, in order of rows and years."""
    return tuple(_entries(frames))


def _entries(frames: Frames) -> Iterator[Entry]:
    known, base = catalogue(frames.master), _base_values(frames.master)
    table = frames.master.submission_tables["kpis"]
    years: dict[int, dict[str, str]] = {}
    roles = {}
    for column in table.columns:
        if column.year is not None:
            years.setdefault(column.year.year, {})[column.stem] = column.name
            roles[column.year.year] = column.year
    frame = frames.tables["kpis"]
    states, locked = frames.states["kpis"].to_dict("index"), frames.locked["kpis"].to_dict("index")
    for index, row in zip(frame.index, frame.to_dict("records"), strict=True):
        kpi = known.get(_text(row["kpi"]))
        if kpi is None:
            continue
        for year in sorted(years):
            columns = {stem: name for stem, name in years[year].items() if name in row}
            numbers = {stem: _number(row[name]) for stem, name in columns.items()}
            values = {stem: value for stem, value in numbers.items() if value is not None}
            named = frames.master.kpi_catalogue[kpi.kpi]
            parts = [
                values.get(part)
                if part in kpi.enters
                else base.get((_text(getattr(named, part)), year))
                for part in _PARTS
            ]
            yield Entry(
                index=int(index),
                unit=_text(row["unit"]),
                kpi=kpi,
                year=year,
                role=roles[year].role,
                entered=roles[year].entered,
                values=values,
                columns=columns,
                unread=frozenset(
                    stem
                    for stem, name in columns.items()
                    if states[index][name] == State.UNREADABLE
                ),
                open=frozenset(stem for stem, name in columns.items() if not locked[index][name]),
                data_state=_text(row["data_state"]),
                computed=_quotient(kpi, *parts),
            )


def _quotient(kpi: Kpi, top: Decimal | None, bottom: Decimal | None) -> Fraction | None:
    """What the parts of a ratio come to; ``None`` where one is missing or nothing can be divided,
    and for what only another key figure knows.
    """
    if not kpi.enters or top is None or not bottom:
        return None
    return Fraction(top) / Fraction(bottom) * kpi.factor


def _base_values(master: Master) -> dict[tuple[str, int], Decimal]:
    rows = master.tables["base_values"].to_dict("records")
    return {
        (_text(row["name"]), int(row["year"])): row["value"]
        for row in rows
        if isinstance(row["value"], Decimal) and not pd.isna(row["year"])
    }


Fault = tuple[int, str, int, dict[str, str]]
"""Row, column, year and values of one fault."""


def _answer(found: list[Fault]) -> pd.DataFrame:
    rows = pd.DataFrame(
        [values for _, _, _, values in found], index=[index for index, _, _, _ in found]
    )
    return rows.assign(
        column=[column for _, column, _, _ in found],
        key_year=[str(year) for _, _, year, _ in found],
    )


def _each(
    frames: Frames, faulty: Callable[[Entry], Iterator[tuple[str, dict[str, str]]]]
) -> pd.DataFrame:
    return _answer(
        [
            (
                entry.index,
                entry.columns[stem],
                entry.year,
                {"nr": entry.kpi.name, "jahr": str(entry.year), **values},
            )
            for entry in entries(frames)
            for stem, values in faulty(entry)
        ]
    )


@rule("K02", "kpis.numerator", Severity.ERROR, Blocks.KEY_FIGURES)
def ratio_without_parts(frames: Frames) -> pd.DataFrame:
    """A ratio needs numerator and denominator: an actual always, a target where one part is
    stated. What several units weigh together needs its weight beside the actual.
    """

    def faulty(entry: Entry) -> Iterator[tuple[str, dict[str, str]]]:
        wanted = [part for part in entry.kpi.parts if part in entry.open]
        there = [part for part in wanted if part in entry.values or part in entry.unread]
        over = entry.with_parts == "actual"
        needed = bool(there) or (over and "actual" in entry.values.keys() & entry.open)
        if not needed:
            return
        for part in wanted:
            if part not in there:
                field = "der Zähler" if part == "numerator" else "der Nenner"
                yield part, {"feld": field, "variant": "weight" if entry.kpi.weighed else ""}

    return _each(frames, faulty)


@rule("K03", "kpis.denominator", Severity.ERROR, Blocks.KEY_FIGURES)
def denominator_is_zero(frames: Frames) -> pd.DataFrame:
    """Nothing can be divided by 0; where there were no cases, the state of the data says so."""

    def faulty(entry: Entry) -> Iterator[tuple[str, dict[str, str]]]:
        if entry.values.get("denominator") == 0 and entry.data_state != "entfällt":
            yield "denominator", {}

    return _each(frames, faulty)


@rule("K04", "kpis.actual", Severity.ERROR, Blocks.KEY_FIGURES)
def typed_ratio_differs(frames: Frames) -> pd.DataFrame:
    """A typed ratio equals numerator / denominator × factor within half of its last place."""

    def faulty(entry: Entry) -> Iterator[tuple[str, dict[str, str]]]:
        top, bottom = entry.values.get("numerator"), entry.values.get("denominator")
        stem, typed = entry.with_parts, entry.values.get(entry.with_parts)
        if not entry.kpi.ratio or typed is None or top is None or not bottom:
            return
        exact = Fraction(top) / Fraction(bottom) * entry.kpi.factor
        places = _places(typed) if entry.kpi.decimals is None else entry.kpi.decimals
        if stem in entry.open and abs(Fraction(typed) - exact) > Fraction(1, 2 * 10**places):
            yield stem, {"ist": decimal_text(typed), "soll": _rounded(exact, max(places, 2))}

    return _each(frames, faulty)


@rule("K05", "kpis.actual", Severity.WARNING)
def outside_the_plausible_range(frames: Frames) -> pd.DataFrame:
    """The catalogue says from where to where a value is plausible, typed or computed."""

    def faulty(entry: Entry) -> Iterator[tuple[str, dict[str, str]]]:
        low, high = entry.kpi.minimum, entry.kpi.maximum
        for stem, value, text in _values_of(entry):
            if (low is not None and value < low) or (high is not None and value > high):
                facts = {"einheit": entry.kpi.unit_of_measure, "bereich": _span(low, high)}
                yield stem, {"wert": text, **facts}

    return _each(frames, faulty)


def _values_of(entry: Entry) -> Iterator[tuple[str, Fraction, str]]:
    """The values that a unit stands for, with their column and text; what parts come to stands at
    the first of them.
    """
    for stem in _VALUES:
        typed = entry.values.get(stem)
        if typed is not None and stem in entry.open:
            yield stem, Fraction(typed), decimal_text(typed)
    if entry.left_to_parts is not None:
        stem = entry.kpi.enters[0]
        yield stem, entry.left_to_parts, _said(entry.kpi, entry.left_to_parts)


@rule("K06", "kpis.actual", Severity.WARNING)
def jumps_against_the_year_before(frames: Frames) -> pd.DataFrame:
    """A change by more than the setting ``jump_percent`` asks for a word of explanation.

    Source: Stadt Münster 2026/27 printed 648,852 inhabitants between 322,715 and 323,724 (domain,
    14).
    """
    limit = Fraction(frames.master.settings.jump_percent, 10_000)
    typed: dict[int, tuple[int, Fraction]] = {}
    known: dict[int, tuple[int, Fraction]] = {}
    found: list[Fault] = []
    for entry in entries(frames):
        if entry.stated is not None:
            stem, value = entry.stated[0], Fraction(entry.stated[1])
            before = typed.get(entry.index)
            typed[entry.index] = known[entry.index] = (entry.year, value)
        elif entry.left_to_parts is not None:
            stem, value = entry.kpi.enters[0], entry.left_to_parts
            before = known.get(entry.index)
            known[entry.index] = (entry.year, value)
        else:
            continue
        jump = _jump(entry, value, before)
        if jump is not None and jump[0] > limit and stem in entry.open:
            values = {
                "nr": entry.kpi.name,
                "delta": per_cent_text(int(jump[0] * 100) * 100),
                "vj": _said(entry.kpi, jump[1]),
                "wert": _said(entry.kpi, value),
                "jahr": str(entry.year),
            }
            found.append((entry.index, entry.columns[stem], entry.year, values))
    return _answer(found)


def _jump(
    entry: Entry, value: Fraction, before: tuple[int, Fraction] | None
) -> tuple[Fraction, Fraction] | None:
    """The change against the year before as a share of it, and what it was then."""
    if before is None or before[0] != entry.year - 1 or not before[1]:
        return None
    if entry.kpi.kind in NOT_COMPARED:
        return None
    return abs(value - before[1]) / abs(before[1]), before[1]


def _said(kpi: Kpi, value: Fraction) -> str:
    """A value as a sentence says it: typed ones as they are, computed ones rounded."""
    places = max(kpi.decimals or 0, 2)
    exact = value * 10**6
    if exact.denominator == 1:
        return decimal_text(Decimal(exact.numerator).scaleb(-6).normalize())
    return _rounded(value, places)


@rule("K07", "kpis.target", Severity.ERROR, Blocks.KEY_FIGURES)
def no_target_for_the_budget_year(frames: Frames) -> pd.DataFrame:
    """Without a target for a budget year attainment cannot be measured; also where the row was
    left free.
    """
    kpis = frames.tables["kpis"]
    known = catalogue(frames.master)
    budget = [year.year for year in frames.master.budget_years]

    def faulty(entry: Entry) -> Iterator[tuple[str, dict[str, str]]]:
        excused = entry.data_state == "entfällt" or not entry.kpi.rated
        computed = entry.kpi.ratio and all(part in entry.values for part in entry.kpi.enters)
        open_target = "target" in entry.open and "target" not in entry.values.keys() | entry.unread
        if entry.year in budget and open_target and not excused and not computed:
            yield "target", {}

    parts = [_each(frames, faulty)]
    for unit, rows in kpis.groupby("unit", sort=True):
        left = [
            each
            for each in frames.master.kpis_of(str(unit))
            if each not in set(rows["kpi"].dropna())
        ]
        missing = [each for each in left if each in known and known[each].rated]
        parts.append(
            pd.DataFrame(
                {
                    "unit": str(unit),
                    "file": str(rows["file"].iloc[0]),
                    "column": f"target_{budget[0]}" if budget else "",
                    "nr": [known[each].name for each in missing],
                    "jahr": str(budget[0]) if budget else "",
                    "variant": "row",
                    "key_kpi": missing,
                },
                index=[WHOLE_SHEET] * len(missing),
            )
        )
    filled = [part for part in parts if len(part)]
    return pd.concat(filled).fillna({"variant": ""}) if filled else pd.DataFrame()


@rule("K08", "kpis.target", Severity.ERROR, Blocks.KEY_FIGURES)
def target_worse_than_the_start(frames: Frames) -> pd.DataFrame:
    """«Mindestens» below the base value or «höchstens» above it: direction or target is wrong."""

    def faulty(entry: Entry) -> Iterator[tuple[str, dict[str, str]]]:
        target = entry.values.get("target")
        if target is not None and "target" in entry.open and worse(entry.kpi, target):
            yield "target", contradiction(entry.kpi, target)

    return _each(frames, faulty)


def worse(kpi: Kpi, target: Decimal) -> bool:
    """Whether a target lies on the wrong side of the base value."""
    if kpi.base is None:
        return False
    return (kpi.direction == "mindestens" and target < kpi.base) or (
        kpi.direction == "höchstens" and target > kpi.base
    )


def contradiction(kpi: Kpi, target: Decimal) -> dict[str, str]:
    """What the sentence of K08 says."""
    return {
        "richtung": kpi.direction,
        "ziel": decimal_text(target),
        "basis": decimal_text(kpi.base or Decimal(0)),
    }


@rule("K09", "kpis.target", Severity.NOTE)
def target_keeps_the_start(frames: Frames) -> pd.DataFrame:
    """Target = base value: rated as a goal of keeping the level, because 0/0 says nothing."""

    def faulty(entry: Entry) -> Iterator[tuple[str, dict[str, str]]]:
        target = entry.values.get("target")
        aims = entry.kpi.direction in ("mindestens", "höchstens", "genau")
        if aims and target is not None and "target" in entry.open and target == entry.kpi.base:
            yield "target", {"wert": decimal_text(target)}

    return _each(frames, faulty)


@rule("K10", "kpis.actual", Severity.WARNING)
def actual_is_missing(frames: Frames) -> pd.DataFrame:
    """No actual for a year that is over, and no word why."""

    def faulty(entry: Entry) -> Iterator[tuple[str, dict[str, str]]]:
        asked = "actual" in entry.open and entry.role is Role.ACTUAL and entry.kpi.rated
        # What has both parts from elsewhere is nothing that the unit could state.
        named = entry.kpi.ratio and not entry.kpi.enters
        parts = named or (entry.kpi.ratio and any(part in entry.values for part in _PARTS))
        there = "actual" in entry.values.keys() | entry.unread or parts
        if asked and not there and entry.data_state not in NO_ACTUAL:
            yield "actual", {"stand": entry.data_state or "nicht angegeben"}

    return _each(frames, faulty)


@rule("K11", "kpis.actual", Severity.WARNING)
def the_same_every_year(frames: Frames) -> pd.DataFrame:
    """The actual repeats the actuals of the years before, three times or more, and is not called
    an estimate.
    """
    earlier = _earlier_actuals(frames.master)

    def faulty(entry: Entry) -> Iterator[tuple[str, dict[str, str]]]:
        value = entry.values.get("actual")
        compared = entry.kpi.kind not in NOT_COMPARED and entry.data_state != "geschätzt"
        if not value or not compared or "actual" not in entry.open:
            return
        known = {**earlier.get((entry.kpi.kpi, entry.unit), {}), entry.year: value}
        years = 0
        while known.get(entry.year - years) == value:
            years += 1
        if years >= _UNCHANGED_FROM:
            yield "actual", {"wert": decimal_text(value), "n": str(years)}

    return _each(frames, faulty)


@rule("K12", "kpis.actual", Severity.ERROR, Blocks.KEY_FIGURES)
def impossible_for_its_kind(frames: Frames) -> pd.DataFrame:
    """Cases and stocks without decimals are whole, milestones 0 to 100, yes/no is 1 or 0."""

    def faulty(entry: Entry) -> Iterator[tuple[str, dict[str, str]]]:
        for stem in _VALUES:
            value = entry.values.get(stem)
            allowed = "" if value is None or stem not in entry.open else _allowed(entry.kpi, value)
            if value is not None and allowed:
                yield stem, {"wert": decimal_text(value), "art": entry.kpi.kind, "erlaubt": allowed}

    return _each(frames, faulty)


@rule("K14", "kpi_units.unit", Severity.WARNING, workbook="master")
def asked_of_a_unit_and_of_one_above_it(frames: Frames) -> pd.DataFrame:
    """Values are added over disjoint units only: what a division reports contains its offices
    (domain, 9.1).
    """
    asked, above = frames.master.kpi_units, frames.master.units.ancestry
    rows = frames.tables["kpi_units"]
    hits: dict[int, dict[str, str]] = {}
    for index, kpi, unit in zip(rows.index, rows["kpi"], rows["unit"], strict=True):
        others = set(asked.get(_text(kpi), ()))
        wider = [each for each in above.get(_text(unit), ())[1:] if each in others]
        if wider:
            hits[int(index)] = {"nr": _text(kpi), "einheit": _text(unit), "ober": wider[0]}
    return pd.DataFrame(list(hits.values()), index=list(hits))


def _allowed(kpi: Kpi, value: Decimal) -> str:
    """What is allowed, where the value is not; empty where all is well."""
    whole = value == value.to_integral_value()
    match kpi.kind:
        case "Meilenstein" if not 0 <= value <= 100:
            return "ein Wert von 0 bis 100"
        case "Ja/Nein" if value not in (0, 1):
            return "1 für ja oder 0 für nein"
        case kind if kind in WHOLE_KINDS and kpi.decimals == 0 and not whole:
            return "eine ganze Zahl"
    return ""


def _earlier_actuals(master: Master) -> dict[tuple[str, str], dict[int, Decimal]]:
    leads = {kpi: units[0] for kpi, units in master.kpi_units.items() if units}
    found: dict[tuple[str, str], dict[int, Decimal]] = {}
    for row in master.tables["previous_kpis"].to_dict("records"):
        kpi, actual = _text(row["kpi"]), _number(row["actual"])
        if actual is None or pd.isna(row["year"]):
            continue
        unit = _text(row["unit"]) or leads.get(kpi, "")
        found.setdefault((kpi, unit), {})[int(row["year"])] = actual
    return found


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA else str(value)


def _number(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _rounded(exact: Fraction, places: int) -> str:
    scale = 10**places
    size = (2 * abs(exact.numerator) * scale + exact.denominator) // (2 * exact.denominator)
    return decimal_text(Decimal(-size if exact < 0 else size).scaleb(-places))


def _span(low: Decimal | None, high: Decimal | None) -> str:
    """A range in words."""
    if low is None:
        return f"bis {decimal_text(high or Decimal(0))}"
    if high is None:
        return f"ab {decimal_text(low)}"
    return f"{decimal_text(low)} bis {decimal_text(high)}"
