"""What the sheet Konsolidierung prints and where: measures with their effects, the lines of the
table, the columns. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

from pipeline import savings
from pipeline.excel.budget_plan.sheets import TITLE_ROWS, text_of
from pipeline.excel.budget_plan.sources import records
from pipeline.model.master import Master
from pipeline.model.results import Results
from pipeline.rules.savings import INCREMENT

HEAD: Final = (
    ("Nr.", 13.0),
    ("Maßnahme", 46.0),
    ("Ziel", 8.5),
    ("Wirkungsart", 15.0),
    ("Art", 11.0),
    ("Umsetzung", 12.5),
)
TAIL: Final = (("Kompensation", 27.0), ("Quelle", 15.0))
MONEY: Final = 11.5
FIRST: Final = TITLE_ROWS + 1
ROLES: Final[Mapping[str, str]] = {
    savings.PLAN: "Soll",
    savings.ACTUAL: "Ist",
    savings.FORECAST: "Prognose",
}
AS_STATED: Final = "gemeldet als Zuwachs zum Vorjahr"
_LONE: Final = "ohne Produkt (betrifft die ganze Einheit)"

Measure: TypeAlias = tuple[str, str]
"""Unit and number of a savings measure."""
Pair: TypeAlias = tuple[str, int]
"""Role and year of a column."""
Amounts: TypeAlias = Mapping[tuple[Measure, Pair], int]
"""Cents by measure, role and year."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The effects of all measures in cents, and what is said of each.

    ``facts`` holds the texts of the return and ``outside``: ``memo`` or ``unknown`` (no effect
    kind) for what is in no sum, else empty. ``pairs`` are the columns in order of the years.
    """

    annual: Amounts
    stated: Amounts
    increments: Amounts
    facts: Mapping[Measure, Mapping[str, str]]
    pairs: Sequence[Pair]

    @property
    def counted(self) -> list[Measure]:
        """The measures that are summed."""
        return [measure for measure, facts in self.facts.items() if not facts["outside"]]

    @property
    def outside(self) -> list[Measure]:
        """The measures that are only listed."""
        return sorted(measure for measure, facts in self.facts.items() if facts["outside"])

    @cached_property
    def deviations(self) -> Amounts:
        """Actual or forecast minus plan of the same year as both were stated: increments against
        increments, levels against levels.
        """
        return {
            (measure, pair): cents - self.stated[measure, (savings.PLAN, pair[1])]
            for (measure, pair), cents in self.stated.items()
            if pair[0] != savings.PLAN and (measure, (savings.PLAN, pair[1])) in self.stated
        }


def found_of(results: Results) -> Found:
    """The effects and texts of the counted returns."""
    texts = {
        (text_of(each["unit"]), text_of(each["savings_measure"])): each
        for each in records(results.texts["savings"])
    }
    amounts: dict[str, dict[tuple[Measure, Pair], int]] = {
        name: {} for name in ("annual", "stated", "increment")
    }
    facts: dict[Measure, dict[str, str]] = {}
    for each in records(savings.effects(results.tables["savings"])):
        measure = (str(each["unit"]), str(each["savings_measure"]))
        pair = (str(each["role"]), int(each["year"]))
        for name, values in amounts.items():
            if text_of(each[name]):
                values[measure, pair] = int(each[name])
        own = {name: text_of(value) for name, value in texts.get(measure, {}).items()}
        names = ("unit", "product", "savings_measure", "goal", "effect")
        own |= {name: str(each[name]) for name in names}
        known = text_of(each["annual"]) != ""
        own["outside"] = "memo" if each["memo"] else "" if known else "unknown"
        facts[measure] = own
    order = list(ROLES)
    pairs = {pair for _, pair in (*amounts["annual"], *amounts["stated"])}
    return Found(
        annual=amounts["annual"],
        stated=amounts["stated"],
        increments=amounts["increment"],
        facts=facts,
        pairs=sorted(pairs, key=lambda pair: (pair[1], order.index(pair[0]))),
    )


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where every column stands: annual effects, deviations from the plan, texts, and behind them
    the planned increments with their sum.
    """

    pairs: Sequence[Pair]

    @cached_property
    def deviations(self) -> list[Pair]:
        """Actual and forecast of years that have a plan."""
        return [
            pair
            for pair in self.pairs
            if pair[0] != savings.PLAN and (savings.PLAN, pair[1]) in self.pairs
        ]

    @cached_property
    def increments(self) -> list[Pair]:
        """The planned years."""
        return [pair for pair in self.pairs if pair[0] == savings.PLAN]

    def of(self, pair: Pair) -> int:
        """The annual effect of a role and year."""
        return len(HEAD) + self.pairs.index(pair)

    def deviation(self, pair: Pair) -> int:
        """What actual or forecast differ from the plan of the same year."""
        return len(HEAD) + len(self.pairs) + self.deviations.index(pair)

    @property
    def tail(self) -> int:
        """The first column behind the money."""
        return len(HEAD) + len(self.pairs) + len(self.deviations)

    def increment(self, pair: Pair) -> int:
        """The increment of a planned year."""
        return self.tail + len(TAIL) + self.increments.index(pair)

    @property
    def added(self) -> int:
        """The sum of the increments, behind the last of them."""
        return self.tail + len(TAIL) + len(self.increments)

    def so_far(self, pair: Pair) -> list[Pair]:
        """The years of the same role up to this one."""
        role, year = pair
        return [each for each in self.pairs if each[0] == role and each[1] <= year]

    @property
    def titles(self) -> list[str]:
        """The head of the table."""
        return [
            *(title for title, _ in HEAD),
            *(f"{ROLES[role]}\n{year}" for role, year in self.pairs),
            *(f"{ROLES[role]} − Soll\n{year}" for role, year in self.deviations),
            *(title for title, _ in TAIL),
            *(f"Zuwachs\nSoll {year}" for _, year in self.increments),
            *(["Zuwachs\nalle Jahre"] if self.increments else []),
        ]

    @property
    def widths(self) -> list[float]:
        """The widths of all columns."""
        widths = [width for _, width in HEAD]
        widths += [MONEY] * (len(self.pairs) + len(self.deviations))
        widths += [width for _, width in TAIL]
        return widths + [MONEY] * (len(self.titles) - len(widths))


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the table. ``role`` is ``unit``, ``product``, ``measure``, ``stated`` or
    ``total``; a sum adds up ``children`` (positions of lines), a measure names itself.
    """

    role: str
    code: str
    title: str
    depth: int = 0
    children: tuple[int, ...] = ()
    measure: Measure | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """The lines from :data:`FIRST` on; the last one is the total."""

    lines: Sequence[Line]

    @cached_property
    def stated_rows(self) -> Mapping[Measure, int]:
        """The rows that hold what was stated of a Zuwachs."""
        return {
            line.measure: FIRST + position
            for position, line in enumerate(self.lines)
            if line.role == "stated" and line.measure
        }

    @property
    def total(self) -> int:
        """The position of the total."""
        return len(self.lines) - 1

    def sum(self, position: int, values: Amounts, pair: Pair) -> int:
        """The value of a line: its own, or that of everything below it."""
        line = self.lines[position]
        if line.measure is not None:
            return values.get((line.measure, pair), 0)
        return sum(self.sum(child, values, pair) for child in line.children)


def table_of(master: Master, found: Found) -> Table:
    """Unit > product or none > measure, in the order of organisation and product plan; then the
    total.
    """
    by_unit: dict[str, dict[str, list[Measure]]] = {}
    for measure in found.counted:
        product = found.facts[measure]["product"]
        by_unit.setdefault(measure[0], {}).setdefault(product, []).append(measure)
    units = master.units
    wanted = {node for unit in by_unit for node in units.ancestry.get(unit, (unit,))}
    strangers = sorted(wanted - set(units.parents))
    lines: list[Line] = []
    roots = tuple(
        _unit(master, found, lines, unit, by_unit, wanted)
        for unit in (*units.children[""], *strangers)
        if unit in wanted
    )
    return Table(lines=[*lines, Line(role="total", code="", title="Gesamt", children=roots)])


def _unit(
    master: Master,
    found: Found,
    lines: list[Line],
    unit: str,
    by_unit: Mapping[str, Mapping[str, Sequence[Measure]]],
    wanted: set[str],
) -> int:
    """Appends a unit with everything below it; gives its position."""
    units, titles = master.units, master.titles
    depth = units.depth(unit) if unit in units.parents else 0
    title = titles["units"].get(unit, "nicht in den Stammdaten")
    position = len(lines)
    lines.append(Line(role="unit", code=unit, title=title, depth=depth))
    order = {product: place for place, product in enumerate(titles["products"])}
    children = []
    own = by_unit.get(unit, {})
    # Products in the order of the plan, unknown ones behind them, what has none at the end.
    for product in sorted(own, key=lambda each: (each == "", order.get(each, len(order)), each)):
        name = titles["products"].get(product, "") if product else _LONE
        children.append(len(lines))
        below = _measures(found, own[product], depth=depth + 2)
        first = len(lines) + 1
        places = [first + at for at, line in enumerate(below) if line.role == "measure"]
        lines.append(
            Line(role="product", code=product, title=name, depth=depth + 1, children=tuple(places))
        )
        lines += below
    children += [
        _unit(master, found, lines, child, by_unit, wanted)
        for child in units.children.get(unit, ())
        if child in wanted
    ]
    lines[position] = Line(
        role="unit", code=unit, title=title, depth=depth, children=tuple(children)
    )
    return position


def _measures(found: Found, measures: Iterable[Measure], *, depth: int) -> list[Line]:
    """A line per measure, and below a Zuwachs what was stated."""
    lines = []
    for measure in sorted(measures):
        facts = found.facts[measure]
        title = facts.get("title", "")
        lines.append(
            Line(role="measure", code=measure[1], title=title, depth=depth, measure=measure)
        )
        if facts["effect"] == INCREMENT:
            lines.append(
                Line(role="stated", code="", title=AS_STATED, depth=depth + 1, measure=measure)
            )
    return lines
