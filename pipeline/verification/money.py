"""Amounts with everything by which a sheet adds them up, and the words with which sheets ask for
them.

The same questions are put to two heaps of rows: to those that follow from the figures, which gives
what a sheet must show, and to the rows of the sheet Daten with other amounts in them, which shows
whether a formula really adds up what it should.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

GOAL, UNIT, PRODUCT, LINE, MEASURE = "goal", "unit", "product", "line", "measure"


class Row(NamedTuple):
    """An amount in cents and where it counts."""

    goal: str
    unit: str
    product: str
    line: str
    measure: str
    kind: str
    year: int
    cents: int


Kinds = Mapping[str, int]
"""Kinds of money with the sign with which they count."""

WORDS: Mapping[str, Kinds] = {
    "Erträge": {"revenue": 1},
    "Aufwendungen": {"expense": 1},
    "Zuschussbedarf": {"expense": 1, "revenue": -1},
    "Einzahlungen": {"receipt": 1},
    "Auszahlungen": {"payment": 1},
    "Einzahlung": {"receipt": 1},
    "Auszahlung": {"payment": 1},
    "Investitionssaldo": {"payment": 1, "receipt": -1},
    "Investition": {"payment": 1, "receipt": -1},
}
"""What the headings of money columns mean."""


@dataclass(frozen=True)
class Money:
    """Rows of money, added up by whatever a sheet asks for."""

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Money:
        """From any rows."""
        return cls(tuple(rows))

    @cached_property
    def _sums(self) -> Mapping[tuple[str, str, str, int], int]:
        sums: dict[tuple[str, str, str, int], int] = defaultdict(int)
        for row in self.rows:
            for name, code in zip(Row._fields[:5], row[:5], strict=True):
                sums[name, code, row.kind, row.year] += row.cents
            sums["", "", row.kind, row.year] += row.cents
        return sums

    def sum(self, dimension: str, codes: Iterable[str], kinds: Kinds, year: int) -> int:
        """Cents of a set of goals, units, products, lines or measures."""
        return sum(
            sign * self._sums.get((dimension, code, kind, year), 0)
            for code in codes
            for kind, sign in kinds.items()
        )

    def total(self, kinds: Kinds, year: int) -> int:
        """Cents of all rows."""
        return self.sum("", [""], kinds, year)

    def codes(self, dimension: str) -> frozenset[str]:
        """Every code that carries an amount."""
        return frozenset(code for name, code, _, _ in self._sums if name == dimension)


@dataclass(frozen=True, kw_only=True)
class Question:
    """How much money a cell shows: of which codes (``None``: of all), which kinds, which year."""

    kinds: Kinds
    year: int
    dimension: str = ""
    codes: frozenset[str] | None = None

    def __call__(self, money: Money) -> int:
        """The answer in cents."""
        if self.codes is None:
            return money.total(self.kinds, self.year)
        return money.sum(self.dimension, self.codes, self.kinds, self.year)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One answer minus another."""

    now: Callable[[Money], int]
    before: Callable[[Money], int]

    def __call__(self, money: Money) -> int:
        """The difference in cents."""
        return self.now(money) - self.before(money)
