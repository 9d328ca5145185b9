"""Key figures once more: what was reported, one value over units, how far it reaches its target.

Every value stays an exact fraction until it is compared with what the data package prints. The
rules are those of the contract («Key figures», «Attainment») and of domain 9: like is added to
like, a unit that said nothing is no zero, a share is never the mean of shares.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property

from pipeline.tables import choices
from pipeline.verification.difference import Difference
from pipeline.verification.evidence import MASTER_FILE, Evidence
from pipeline.verification.reading import (
    WHOLE,
    Area,
    basis_points_in,
    date_in,
    number_in,
    rounded,
    text_of,
)

_PLACES = 1_000_000
"""Computed values have six places."""
_POOLED = {"Quote", "gewichtet"}


@dataclass(frozen=True, kw_only=True)
class KeyFigure:
    """A row of the catalogue in the master workbook."""

    kpi: str
    area: Area
    row: int
    units: tuple[str, ...]

    def text(self, column: str) -> str:
        """A fact of the catalogue."""
        return self.area.text(self.row, column)

    def exact(self, column: str) -> Fraction | None:
        """A number of the catalogue."""
        number = number_in(self.area.value(self.row, column))
        return None if number is None else Fraction(number)

    @property
    def factor(self) -> int:
        """What a ratio is multiplied by; an empty cell means 100 for %, else 1."""
        given = self.exact("factor")
        if given is not None:
            return int(given)
        return 100 if self.text("unit_of_measure").startswith("%") else 1

    @property
    def ratio(self) -> bool:
        """Whether its value is a numerator over a denominator."""
        return self.text("kind") in choices.RATIO_KINDS

    @property
    def pooled(self) -> bool:
        """Whether values of several units are pooled by their weights."""
        return self.text("aggregation") in _POOLED


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A row of ``kpis.csv`` as it follows from its cells."""

    file: str
    sheet: str
    cell: str
    unit: str
    kpi: str
    year: int
    role: str
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    data_state: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What there is only one of."""
        return self.file, self.sheet, self.cell, self.unit, self.kpi, str(self.year), self.role


@dataclass(frozen=True)
class Catalogue:
    """The key figures of a plan with all that was reported of them."""

    evidence: Evidence

    @cached_property
    def entries(self) -> dict[str, KeyFigure]:
        """The catalogue by number."""
        master = self.evidence.master
        named: dict[str, list[str]] = defaultdict(list)
        for area, row in master.records("kpi_units"):
            named[area.text(row, "kpi")].append(area.text(row, "unit"))
        leads = master.column("products", "product", "unit")
        found = {}
        for area, row in master.records("kpis"):
            kpi = area.text(row, "kpi")
            units = named.get(kpi) or [leads.get(area.text(row, "product"), "")]
            found[kpi] = KeyFigure(kpi=kpi, area=area, row=row, units=tuple(filter(None, units)))
        return found

    @cached_property
    def reported(self) -> list[Reported]:
        """Everything that the counted returns and the master say."""
        typed = [entry for source in self._sources() for entry in self._typed(*source)]
        values = {
            (entry.kpi, entry.year, entry.role, entry.unit): entry.value
            for entry in typed
            if entry.value is not None
        }
        found = [self._completed(entry, values) for entry in typed]
        return [each for each in found if each is not None] + list(self._past_targets())

    def _sources(self) -> Iterator[tuple[str, str, Area]]:
        for row in self.evidence.register:
            counted = row["status"] in {"accepted", "partial"} and row["key_figures"] == "accepted"
            if not counted or row["file"] not in self.evidence.input_files:
                continue
            for area in self.evidence.areas(row["file"]):
                if area.table == "kpis":
                    yield row["file"], row["unit"], area

    def _typed(self, file: str, unit: str, area: Area) -> Iterator[Reported]:
        roles = self.evidence.master.roles
        entered = {each.year for each in self.evidence.master.years if each.entered}
        columns = []
        for name in area.columns:
            parts = re.fullmatch(r"(target|actual|forecast)_(\d{4})", name)
            if parts is None or int(parts[2]) not in roles:
                continue
            year = int(parts[2])
            if parts[1] == "target" and not (
                year in entered and roles[year] in {"budget", "outlook"}
            ):
                continue  # targets of other years are the master's
            columns.append((parts[1], year))
        for row in area.rows:
            if area.text(row, "kpi") in self.entries:
                for role, year in columns:
                    yield self._entry((file, unit, area, row), role, year)

    def _entry(self, at: tuple[str, str, Area, int], role: str, year: int) -> Reported:
        file, unit, area, row = at
        value = stated(area.value(row, f"{role}_{year}"))
        own = "actual" if self.evidence.master.roles[year] == "actual" else "target"
        top, bottom = f"numerator_{year}", f"denominator_{year}"
        parts = [
            stated(area.value(row, name)) if role == own and name in area.columns else None
            for name in (top, bottom)
        ]
        computed = value is None and role == own and top in area.columns
        return Reported(
            file=file,
            sheet=area.sheet,
            cell=area.cell(row, top if computed else f"{role}_{year}"),
            unit=unit,
            kpi=area.text(row, "kpi"),
            year=year,
            role=role,
            value=value,
            numerator=parts[0],
            denominator=parts[1],
            data_state=area.text(row, "data_state"),
        )

    def _completed(
        self, entry: Reported, values: Mapping[tuple[str, int, str, str], Decimal | None]
    ) -> Reported | None:
        """With the parts that the catalogue names; ``None`` where nothing was said."""
        figure = self.entries[entry.kpi]
        top, bottom = (
            self._named(name, entry, values) if name else typed
            for name, typed in (
                (figure.text("numerator"), entry.numerator),
                (figure.text("denominator"), entry.denominator),
            )
        )
        value = entry.value
        if value is None and figure.ratio and top is not None and bottom:
            value = six_places(Fraction(top) / Fraction(bottom) * figure.factor)
        if value is None and entry.numerator is None and entry.denominator is None:
            return None
        if not figure.ratio:
            top, bottom = None, bottom if figure.pooled else None
        return replace(entry, value=value, numerator=top, denominator=bottom)

    def _named(
        self,
        name: str,
        entry: Reported,
        values: Mapping[tuple[str, int, str, str], Decimal | None],
    ) -> Decimal | None:
        """A base value of the year; or a key figure of the same unit, else of all units that are
        asked for it together.
        """
        if name not in self.entries:
            number = self.evidence.master.growth.get((name, entry.year))
            return None if number is None else _decimal_of(number)
        own = values.get((name, entry.year, entry.role, entry.unit))
        if own is not None:
            return own
        asked = self.entries[name].units
        found = [values.get((name, entry.year, entry.role, unit)) for unit in asked]
        if not asked or any(each is None for each in found):
            return None
        shares = [
            _Share(unit=unit, value=Fraction(each))
            for unit, each in zip(asked, found, strict=True)
            if each is not None
        ]
        together = together_of(self.entries[name], shares, complete=True)
        return None if together is None else six_places(together)

    def _past_targets(self) -> Iterator[Reported]:
        master = self.evidence.master
        over = {each.year for each in master.years if not each.entered or each.role == "actual"}
        for area, row in master.records("previous_kpis"):
            kpi, year = area.text(row, "kpi"), area.text(row, "year")
            target = number_in(area.value(row, "target"))
            if kpi not in self.entries or target is None or not year.isdigit():
                continue
            if int(year) not in over:
                continue
            asked = self.entries[kpi].units
            alone = asked[0] if len(asked) == 1 else ""
            yield Reported(
                file=MASTER_FILE,
                sheet=area.sheet,
                cell=area.cell(row, "target"),
                unit=area.text(row, "unit") or alone,
                kpi=kpi,
                year=int(year),
                role="target",
                value=target,
            )

    @cached_property
    def shares(self) -> Mapping[tuple[str, int, str], list[_Share]]:
        """What units say of a key figure in a year and role."""
        own = {
            (each.kpi, each.year, each.role, each.unit)
            for each in self.reported
            if each.value is not None
        }
        found: dict[tuple[str, int, str], list[_Share]] = defaultdict(list)
        for each in self.reported:
            figure = self.entries[each.kpi]
            shared = {
                part
                for part in ("numerator", "denominator")
                if (name := figure.text(part))
                and (name, each.year, each.role, each.unit) not in own
            }
            found[each.kpi, each.year, each.role].append(
                _Share(
                    unit=each.unit,
                    value=None if each.value is None else Fraction(each.value),
                    top=None if each.numerator is None else Fraction(each.numerator),
                    bottom=None if each.denominator is None else Fraction(each.denominator),
                    shared=frozenset(shared),
                )
            )
        return found


@dataclass(frozen=True, kw_only=True)
class _Share:
    """What one unit adds to a key figure; ``shared`` are parts that all units divide by."""

    unit: str
    value: Fraction | None
    top: Fraction | None = None
    bottom: Fraction | None = None
    shared: frozenset[str] = frozenset()


def stated(value: object) -> Decimal | None:
    """A number; ja and nein as 1 and 0; a percentage as its number."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return number_in(value.strip().removesuffix("%"))
    answer = {"ja": Decimal(1), "nein": Decimal(0)}.get(text_of(value).casefold())
    return number_in(value) if answer is None else answer


def six_places(value: Fraction) -> Decimal:
    """A computed value as it is printed, half up."""
    return Decimal(rounded(value * _PLACES)) / _PLACES


def _decimal_of(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


# --- over units -----------------------------------------------------------------------------------


def speakers(figure: KeyFigure, shares: Sequence[_Share]) -> list[_Share]:
    """The units that speak in a value: where several are pooled, only those with a weight."""
    valued = [each for each in shares if each.value is not None]
    if figure.pooled and len(shares) > 1:
        return [each for each in valued if each.bottom]
    return valued


def _own(figure: KeyFigure, share: _Share) -> Fraction:
    """A unit's value; that of a ratio from its parts, so that nothing is rounded twice."""
    if figure.ratio and share.top is not None and share.bottom:
        return share.top * figure.factor / share.bottom
    return share.value or Fraction(0)


def together_of(figure: KeyFigure, shares: Sequence[_Share], *, complete: bool) -> Fraction | None:
    """One value over units; ``complete`` where all that are asked have spoken."""
    heard, rule = speakers(figure, shares), figure.text("aggregation")
    if not heard:
        return None
    values = [_own(figure, each) for each in heard]
    if len(shares) == 1 and (complete or rule not in {"alle", "keine"}):
        return values[0]
    match rule:
        case "Summe" | "Stichtagssumme":
            return sum(values, Fraction(0))
        case "Minimum" | "Maximum":
            return min(values) if rule == "Minimum" else max(values)
        case "Quote" | "gewichtet":
            return _pooled(figure, heard)
        case "alle" if any(value != 1 for value in values):
            return Fraction(0)
        case "alle":
            return Fraction(1) if complete and len(heard) == len(shares) else None
        case _:
            return None


def _pooled(figure: KeyFigure, heard: Sequence[_Share]) -> Fraction | None:
    """Σ numerators over Σ denominators; what all units share counts once."""
    common = heard[0].shared if figure.ratio else frozenset()
    if figure.ratio and {each.shared for each in heard} != {common}:
        return None
    weights = [each.bottom or Fraction(0) for each in heard]
    top = sum(
        (_own(figure, each) * weight for each, weight in zip(heard, weights, strict=True)),
        Fraction(0),
    )
    bottom = weights[0] if "denominator" in common else sum(weights, Fraction(0))
    if "numerator" in common:
        top /= len(heard)
    return top / bottom if bottom else None


def _weighted(
    figure: KeyFigure, shares: Sequence[_Share], others: Sequence[_Share]
) -> list[_Share]:
    """What has no weight of its own weighs as much as the same unit's other entry."""
    weights = {each.unit: each for each in others if each.bottom is not None}
    return [
        replace(each, bottom=weights[each.unit].bottom, shared=weights[each.unit].shared)
        if figure.pooled and each.bottom is None and each.unit in weights
        else each
        for each in shares
    ]


def _compared(
    figure: KeyFigure, actuals: Sequence[_Share], targets: Sequence[_Share], asked: frozenset[str]
) -> tuple[Fraction | None, Fraction | None]:
    """Actual and target of the same units."""
    actuals, targets = _weighted(figure, actuals, targets), _weighted(figure, targets, actuals)
    heard = {each.unit for each in actuals if each.value is not None}
    complete = asked <= heard
    common = [each for each in targets if not each.unit]
    if common:
        added = figure.text("aggregation") in {"Summe", "Stichtagssumme"}
        actual = together_of(figure, actuals, complete=complete)
        return (None if added and not complete else actual), together_of(
            figure, common, complete=True
        )
    both = heard & {each.unit for each in targets if each.value is not None}
    return (
        together_of(figure, [each for each in actuals if each.unit in both], complete=complete),
        together_of(figure, [each for each in targets if each.unit in both], complete=True),
    )


# --- attainment of one key figure -----------------------------------------------------------------


@dataclass(frozen=True)
class _Judge:
    """The settings by which attainment is judged."""

    evidence: Evidence

    def _limit(self, setting: str, default: int) -> int:
        given = basis_points_in(self.evidence.master.setting(setting))
        return default if given is None else given

    def due(self, figure: KeyFigure) -> bool:
        """Whether a key figure is rated by now; a milestone only after its date."""
        date = date_in(figure.area.value(figure.row, "due_date"))
        if figure.text("kind") != "Meilenstein" or not date:
            return True
        return date_in(self.evidence.master.setting("as_of")) > date

    def reached(
        self, figure: KeyFigure, actual: Fraction | None, target: Fraction | None
    ) -> Fraction | None:
        """How far the target is reached; 1 is fully."""
        direction = figure.text("direction")
        if actual is None or target is None or direction == "nachrichtlich":
            return None
        if figure.text("kind") == "Ja/Nein":
            return Fraction(actual == target)
        if figure.text("kind") == "Meilenstein":
            return actual / 100 if self.due(figure) else None
        base = figure.exact("base_value")
        if direction in {"Band", "genau"}:
            return self._near(figure, actual, target)
        if direction == "halten":
            return self._near(figure, actual, target if base is None else base)
        if base is None:
            return self._without_base(direction, actual, target)
        if target != base:
            return (actual - base) / (target - base)
        better = actual >= base if direction == "mindestens" else actual <= base
        return Fraction(1) if better else self._near(figure, actual, base)

    def _without_base(self, direction: str, actual: Fraction, target: Fraction) -> Fraction:
        if direction == "mindestens":
            return actual / target if target > 0 else Fraction(actual >= target)
        if target < 0:
            return Fraction(actual <= target)
        rule = text_of(self.evidence.master.setting("at_most_rule")) or "Ziel/Ist"
        if rule == "Ziel/Ist":
            return target / actual if actual > 0 else Fraction(1)
        return 2 - actual / target if target else Fraction(actual <= 0)

    @staticmethod
    def _near(figure: KeyFigure, actual: Fraction, centre: Fraction) -> Fraction:
        """Full within the tolerance, nothing at twice the tolerance."""
        tolerance, distance = figure.exact("tolerance") or Fraction(0), abs(actual - centre)
        if distance <= tolerance:
            return Fraction(1)
        return max(Fraction(0), 2 - distance / tolerance) if tolerance else Fraction(0)

    def capped(self, reached: Fraction) -> Fraction:
        """Between 0 and the cap."""
        cap = Fraction(self._limit("attainment_cap", WHOLE), WHOLE)
        return max(Fraction(0), min(reached, cap))

    def state(self, figure: KeyFigure, reached: Fraction | None) -> str:
        """The traffic light."""
        if figure.text("direction") == "nachrichtlich" or not self.due(figure):
            return "not_rated"
        if reached is None:
            return "no_data"
        if reached * WHOLE >= self._limit("green_from", 9_500):
            return "green"
        return "yellow" if reached * WHOLE >= self._limit("yellow_from", 8_000) else "red"


# --- checks ---------------------------------------------------------------------------------------


def key_figures_match_their_cells(evidence: Evidence) -> Iterator[Difference]:
    """Every value of ``kpis.csv`` stands in its cell or follows from its parts, and every filled
    cell of a counted return is there.
    """
    catalogue = Catalogue(evidence)
    expected = {each.key: each for each in catalogue.reported}
    seen = set()
    for row in evidence.rows("kpis"):
        key = tuple(row[name] for name in ("file", "sheet", "cell", "unit", "kpi", "year", "role"))
        source = expected.get(key)
        if source is None or key in seen:
            yield _of_value(
                row,
                found=row["value"],
                explanation=f"Für {row['kpi']}, {row['year']}, sagt diese Zelle nichts "
                "oder steht sie schon da.",
            )
            continue
        seen.add(key)
        product = catalogue.entries[source.kpi].text("product")
        for name, should in (
            ("value", source.value),
            ("numerator", source.numerator),
            ("denominator", source.denominator),
        ):
            if _decimal(row[name]) != should:
                yield _of_value(
                    row,
                    expected="" if should is None else f"{should:f}",
                    found=row[name],
                    explanation=f"In kpis.csv steht für {row['year']} unter „{name}“ ein anderer "
                    "Wert als in der Zelle.",
                )
        for name, text in (("product", product), ("data_state", source.data_state)):
            if row[name] != text:
                yield _of_value(
                    row, expected=text, found=row[name], explanation="Die Angabe weicht ab."
                )
    for key, source in expected.items():
        if key not in seen:
            value = source.numerator if source.value is None else source.value
            yield Difference(
                check="completeness",
                file=source.file,
                sheet=source.sheet,
                cell=source.cell,
                expected="" if value is None else f"{value:f}",
                explanation=f"Der Wert von {source.kpi} für {source.year} fehlt in kpis.csv.",
            )


def _of_value(
    row: Mapping[str, str], *, expected: str = "", found: str, explanation: str
) -> Difference:
    return Difference(
        check="kpis",
        file=row["file"],
        sheet=row["sheet"],
        cell=row["cell"],
        expected=expected,
        found=found,
        explanation=explanation,
    )


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


Result = dict[str, str]


def results_follow_from_key_figures(evidence: Evidence) -> Iterator[Difference]:
    """``kpi_results.csv``: value, attainment and state of every scope."""
    wanted = {tuple(row[name] for name in _KEY): row for row in _results(Catalogue(evidence))}
    seen = set()
    for row in evidence.rows("kpi_results"):
        key = tuple(row[name] for name in _KEY)
        should = wanted.get(key)
        if should is None or key in seen:
            yield _of_result(row, "", "", "Diese Zeile gehört nicht hierher.")
            continue
        seen.add(key)
        for name in ("value", "units_with_data", "units", "raw_bp", "capped_bp", "state"):
            same = row[name] == should[name] or (
                name == "value" and _decimal(row[name]) == _decimal(should[name])
            )
            if not same:
                yield _of_result(row, should[name], row[name], f"„{name}“ stimmt nicht.")
    for key in sorted(wanted.keys() - seen):
        yield _of_result(wanted[key], wanted[key]["value"], "", "Diese Zeile fehlt.")


_KEY = ("kpi", "scope", "id", "year", "role")


def _of_result(row: Mapping[str, str], expected: str, found: str, explanation: str) -> Difference:
    scope = " ".join(row[name] for name in _KEY)
    return Difference(
        check="kpi_results",
        file="Daten/kpi_results.csv",
        expected=expected,
        found=found,
        explanation=f"{scope}: {explanation}",
    )


def _results(catalogue: Catalogue) -> Iterator[Result]:
    evidence = catalogue.evidence
    for figure in catalogue.entries.values():
        scopes = [("unit", unit, frozenset({unit})) for unit in figure.units]
        everybody = frozenset(figure.units)
        scopes += [
            (scope, id, everybody)
            for scope, id in (
                ("product", figure.text("product")),
                ("goal", figure.text("goal")),
                ("city", evidence.city),
            )
            if id
        ]
        for scope, id, asked in scopes:
            for year, year_role in evidence.master.roles.items():
                said = {
                    role: _said(catalogue.shares.get((figure.kpi, year, role), ()), scope, asked)
                    for role in ("actual", "forecast", "target")
                }
                for role, shares in said.items():
                    wanted = role == "actual" and year_role == "actual"
                    if wanted or shares:
                        head = {"kpi": figure.kpi, "scope": scope, "id": id, "role": role}
                        tail = _result(evidence, figure, said, asked, role)
                        yield {**head, "year": str(year), **tail}


def _said(shares: Iterable[_Share], scope: str, asked: frozenset[str]) -> list[_Share]:
    """What is said of a scope; one target for all units together speaks of no single one."""
    every = list(shares)
    common = [each for each in every if not each.unit and scope != "unit"]
    return common or [each for each in every if each.unit in asked]


def _result(
    evidence: Evidence,
    figure: KeyFigure,
    said: Mapping[str, Sequence[_Share]],
    asked: frozenset[str],
    role: str,
) -> Result:
    shares = _weighted(figure, said[role], said["actual" if role == "target" else "target"])
    heard = speakers(figure, shares)
    names = {each.unit for each in heard}
    value = together_of(figure, shares, complete="" in names or asked <= names)
    if value is None:
        heard = [each for each in shares if each.value is not None]
    found = {
        "value": "" if value is None else f"{six_places(value):f}",
        "units_with_data": str(len(asked if "" in names else heard)),
        "units": str(len(asked)),
        "raw_bp": "",
        "capped_bp": "",
        "state": "",
    }
    if role != "actual":
        return found
    judge = _Judge(evidence)
    reached = judge.reached(figure, *_compared(figure, said["actual"], said["target"], asked))
    found["state"] = judge.state(figure, reached)
    if reached is not None:
        found["raw_bp"] = str(rounded(reached * WHOLE))
        found["capped_bp"] = str(rounded(judge.capped(reached) * WHOLE))
    return found
