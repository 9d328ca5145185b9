"""Ergebnisplan and investment part of a product or a unit: entered lines look up Daten, computed
lines follow the line plan, the balance adds up what stands above it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from xlsxwriter.utility import xl_col_to_name

from pipeline.excel.budget_plan.outline import cells_of
from pipeline.excel.budget_plan.sheets import percent_of
from pipeline.excel.unit_plan.desk import Desk, look_up
from pipeline.excel.unit_plan.paper import Paper, Row, Section, Value
from pipeline.model.master import Line
from pipeline.model.money import WHOLE, round_half_up

INCOME, FINANCE = "Ergebnis", "Finanz"
_BALANCES: Final[Mapping[str, tuple[str, str, str]]] = {
    INCOME: ("Zuschussbedarf", "expense", "revenue"),
    FINANCE: ("Investitionssaldo", "payment", "receipt"),
}
_NOTES: Final[Mapping[str, str]] = {
    INCOME: "Beträge stehen positiv. Ergebnisse = Erträge − Aufwendungen; Zuschussbedarf = "
    "Aufwendungen − Erträge, ohne interne Leistungen.",
    FINANCE: "Saldo = Einzahlungen − Auszahlungen; Investitionssaldo = Auszahlungen − "
    "Einzahlungen.",
}
_HEADINGS: Final = {INCOME: "Ergebnisplan", FINANCE: "Finanzplan: Investitionen"}


@dataclass(kw_only=True)
class LineTable:
    """The lines that have figures, with the computed lines that follow from them.

    ``column`` is the key column of Daten in which the lines are looked up, ``key`` makes a line's
    key of its running number. ``at`` holds the row of each printed line.
    """

    desk: Desk
    paper: Paper
    column: int
    key: Callable[[int], str]
    at: dict[str, Row] = field(default_factory=dict)
    balances: dict[str, Row] = field(default_factory=dict)

    @property
    def _lines(self) -> Mapping[str, Line]:
        return self.desk.master.lines

    @cached_property
    def entered(self) -> list[str]:
        """Entered lines with figures."""
        return [
            name
            for name, line in self._lines.items()
            if not line.computed and self.desk.has(self.column, self._key(name))
        ]

    @cached_property
    def shown(self) -> frozenset[str]:
        """Entered lines with figures and all lines computed from them."""
        reached = {*self.entered}
        for name in self.desk.plans.computed_lines:
            if any(part in reached for _, part in self.desk.plans.computed_lines[name]):
                reached.add(name)
        return frozenset(reached)

    def _key(self, line: str) -> str:
        return self.key(self.desk.plans.line_numbers[line])

    @cached_property
    def cents(self) -> Mapping[str, Sequence[int]]:
        """The amounts of every shown line by year."""
        found = {name: self.desk.cents(self.column, self._key(name)) for name in self.entered}
        for name in self.desk.plans.computed_lines:
            if name in self.shown:
                found[name] = [
                    sum(factor * found[part][place] for factor, part in self._parts(name))
                    for place in range(len(self.desk.plans.years))
                ]
        return found

    def _parts(self, line: str) -> list[tuple[int, str]]:
        """What a computed line adds and takes away, as far as there is anything."""
        return [each for each in self.desk.plans.computed_lines[line] if each[1] in self.shown]

    def section(self, plan: str, *, empty: str) -> Section:
        """One part of the line plan as a printed table; ``empty`` is said where nothing is
        planned.
        """
        paper = self.paper
        heading = paper.heading(f"{_HEADINGS[plan]} {self.desk.unit_of_money}")
        names = [
            name for name in self._lines if name in self.shown and self._lines[name].plan == plan
        ]
        if not names:
            return Section(rows=[heading, *paper.wide(empty), paper.gap()])
        for name in names:
            self.at[name] = self._row(self._lines[name])
        self.balances[plan] = self._balance_row(plan)
        rows = [heading, self._head(), *(self.at[name] for name in names), self.balances[plan]]
        if plan == INCOME and self.cents_of_kind("revenue") and self.cents_of_kind("expense"):
            rows.append(self._coverage_row())
        rows += paper.wide(_NOTES[plan], "subtitle")
        return Section(rows=[*rows, paper.gap()], head=self._head, whole=True)

    def _head(self) -> Row:
        return self.paper.header("Zeile", "Bezeichnung", self.desk.year_titles)

    def _row(self, line: Line) -> Row:
        money = self.desk.money
        if line.computed:
            return self.paper.amounts(
                line.line,
                line.title,
                lambda _: self._formulas(line.line),
                role="subtotal",
                shown=money,
            )
        key = self._key(line.line)
        return self.paper.amounts(
            line.line,
            line.title,
            lambda at: looked_up(self.desk, self.paper, self.column, key, at),
            shown=money,
            key=key,
        )

    def _formulas(self, line: str) -> list[Value]:
        plus = [self.at[part].at + 1 for factor, part in self._parts(line) if factor > 0]
        minus = [self.at[part].at + 1 for factor, part in self._parts(line) if factor < 0]
        return [
            (f"ROUND({difference(letter, plus, minus)},2)", cents)
            for letter, cents in zip(self.letters, self.cents[line], strict=True)
        ]

    @property
    def letters(self) -> list[str]:
        """The column letters of the years."""
        return [str(xl_col_to_name(2 + place)) for place in range(len(self.desk.plans.years))]

    def rows_of_kind(self, kind: str) -> list[int]:
        """The sheet's row numbers (from 1) of the entered lines of a kind."""
        return [self.at[name].at + 1 for name in self.entered if self._lines[name].kind == kind]

    def cents_of_kind(self, kind: str) -> list[int]:
        """What the entered lines of a kind add up to, by year; empty where there is none."""
        rows = [self.cents[name] for name in self.entered if self._lines[name].kind == kind]
        return [sum(column) for column in zip(*rows, strict=True)]

    def balance_cents(self, plan: str) -> list[int]:
        """Net cost, or payments minus receipts, by year."""
        _, plus, minus = _BALANCES[plan]
        nothing = [0] * len(self.desk.plans.years)
        ups, downs = (self.cents_of_kind(kind) or nothing for kind in (plus, minus))
        return [up - down for up, down in zip(ups, downs, strict=True)]

    def _balance_row(self, plan: str) -> Row:
        title, plus, minus = _BALANCES[plan]

        def values(_: int) -> list[Value]:
            ups, downs = self.rows_of_kind(plus), self.rows_of_kind(minus)
            return [
                (f"ROUND({difference(letter, ups, downs)},2)", cents)
                for letter, cents in zip(self.letters, self.balance_cents(plan), strict=True)
            ]

        return self.paper.amounts("", title, values, role="total", shown=self.desk.money)

    def _coverage_row(self) -> Row:
        """Which part of the expenses the revenues pay."""

        def put(at: int) -> None:
            rows = self.rows_of_kind("revenue"), self.rows_of_kind("expense")
            pairs = zip(self.cents_of_kind("revenue"), self.cents_of_kind("expense"), strict=True)
            for place, (letter, (part, whole)) in enumerate(zip(self.letters, pairs, strict=True)):
                top, bottom = (f"SUM({cells_of(letter, each)})" for each in rows)
                cached = percent_of(round_half_up(part * WHOLE, whole)) if whole > 0 else "–"
                formula = f'IF({bottom}<=0,"–",ROUND({top}/{bottom},4))'
                self.paper.put_formula(at, 2 + place, formula, cached, "quiet", "percent")

        title = "Aufwandsdeckungsgrad"
        return self.paper.amounts("", title, lambda _: [], role="quiet", shown="percent", more=put)


def looked_up(desk: Desk, paper: Paper, column: int, key: str, at: int) -> list[Value]:
    """The sums of the rows with a key, which stands in the key column of the same row."""
    cell = f"${xl_col_to_name(paper.key_column)}{at + 1}"
    return [
        (f"ROUND({look_up(year.year, column, cell)},2)", cents)
        for year, cents in zip(desk.plans.years, desk.cents(column, key), strict=True)
    ]


def difference(letter: str, plus: Sequence[int], minus: Sequence[int]) -> str:
    """Cells of a column that are added and others that are taken away."""
    first = f"SUM({cells_of(letter, plus)})" if plus else "0"
    return f"{first}-SUM({cells_of(letter, minus)})" if minus else first
