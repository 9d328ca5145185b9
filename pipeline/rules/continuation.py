"""Fortschreibung: how a cost row fills the years that its department left empty.

Pure arithmetic (contract, «Rules of computation»), shared by the rules and by the figures: ``wie
Ansatz`` repeats the nearest earlier filled year, ``Orientierungsdaten`` multiplies it by 1 + p/100
for every year, ``entfällt`` puts zeros; ``einzeln`` and an empty choice fill nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

import numpy as np
import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.master import Master
from pipeline.model.money import round_half_up
from pipeline.model.submission import Frames
from pipeline.model.tables import Column, Year

AS_BUDGET = "wie Ansatz"
BY_RATE = "Orientierungsdaten"
ENDS = "entfällt"
CONTINUED = (AS_BUDGET, BY_RATE, ENDS)
"""The choices that fill years left empty."""
RATE_NAME = "Orientierungsdaten"
"""Name of the base values that hold p in per cent; one line's own are named ``… <line>``."""


@dataclass(frozen=True)
class Rates:
    """The yearly growth of a line, as finance hands it out in the sheet Basiswerte."""

    master: Master

    @cached_property
    def _per_cent(self) -> dict[tuple[str, int], Decimal]:
        frame = self.master.tables["base_values"]
        stated = frame[frame["value"].notna() & frame["year"].notna()]
        return {
            (str(name), int(year)): Decimal(value)
            for name, year, value in zip(
                stated["name"], stated["year"], stated["value"], strict=True
            )
        }

    def factor(self, line: str, year: int) -> Fraction | None:
        """1 + p/100 of a line (else of all lines) for a year; ``None`` where no p is stated."""
        for name in (f"{RATE_NAME} {line}", RATE_NAME):
            if (name, year) in self._per_cent:
                return 1 + Fraction(self._per_cent[name, year]) / 100
        return None


def continued(cents: int, factor: Fraction) -> int:
    """The next year's cents, half up (away from zero).

    Rounded every year anew, so that an auditor gets each year from the printed one before it.
    """
    exact = cents * factor
    return round_half_up(exact.numerator, exact.denominator)


def entry_columns(master: Master) -> tuple[tuple[Column, Year], ...]:
    """The amount columns of the sheet Ansätze that departments fill, earliest year first."""
    columns = [
        (column, column.year)
        for column in master.submission_tables["costs"].columns
        if column.stem == "amount" and column.year is not None and column.year.entered
    ]
    return tuple(sorted(columns, key=lambda pair: pair[1].year))


def continuation_starts(master: Master) -> int:
    """The first budget year: it is always typed, and only years after it are filled."""
    return min((year.year for year in master.budget_years), default=master.settings.budget_year)


def filled_amounts(frames: Frames) -> pd.DataFrame:
    """Every amount that a cost row states or derives in a year that departments enter.

    Columns: ``index`` (of the frame ``costs``), ``year``, ``cents``, ``derived`` (false where it
    was typed); one row per amount, sorted by index and year. Locked cells are nobody's entry and
    are left out; an unreadable cell is neither an amount nor filled. A year whose rate is missing
    stays empty, and with it the later ones (rule Z24 names them).
    """
    pieces = [
        pd.DataFrame(
            {
                "index": pd.array(index, dtype="int64"),
                "year": pd.array([year] * len(index), dtype="int64"),
                "cents": pd.array(cents, dtype="Int64"),
                "derived": pd.array(derived, dtype="bool"),
            }
        )
        for year, index, cents, derived in _years(frames)
    ]
    if not pieces:
        return pd.DataFrame({"index": [], "year": [], "cents": [], "derived": []}).astype(
            {"index": "int64", "year": "int64", "cents": "Int64", "derived": "bool"}
        )
    amounts = pd.concat(pieces, ignore_index=True)
    return amounts.sort_values(["index", "year"], kind="stable", ignore_index=True)


def missing_rates(frames: Frames) -> pd.DataFrame:
    """Empty years to be filled by Orientierungsdaten for which finance stated none.

    Columns: ``index`` (of the frame ``costs``), ``year``, ``line``.
    """
    rates = Rates(frames.master)
    found: list[tuple[int, int, str]] = []
    costs = frames.tables["costs"]
    asked = (costs["continuation"] == BY_RATE).fillna(False).to_numpy(dtype=bool)
    for column, year in entry_columns(frames.master):
        if year.year <= continuation_starts(frames.master):
            continue
        rows = costs.index[asked & _free(frames, column)]
        found.extend(
            (int(index), year.year, line)
            for index, line in zip(rows, costs.loc[rows, "line"].fillna(""), strict=True)
            if rates.factor(str(line), year.year) is None
        )
    return pd.DataFrame(found, columns=["index", "year", "line"])


def _years(frames: Frames) -> Iterator[tuple[int, list[int], list[int], list[bool]]]:
    costs = frames.tables["costs"]
    rates = Rates(frames.master)
    choices = costs["continuation"].fillna("").to_list()
    lines = costs["line"].fillna("").to_list()
    starts = continuation_starts(frames.master)
    last: list[int | None] = [None] * len(costs)
    before = starts
    for column, year in entry_columns(frames.master):
        if column.name not in costs.columns:
            continue
        typed = _typed(frames, column).tolist()
        free = _free(frames, column).tolist()
        values = costs[column.name].fillna(0).to_list()
        index: list[int] = []
        cents: list[int] = []
        derived: list[bool] = []
        steps = range(before + 1, year.year + 1)
        for row, label in enumerate(costs.index):
            if not typed[row]:
                last[row] = _carried(last[row], choices[row], lines[row], rates, steps)
            amount = int(values[row]) if typed[row] else last[row] if free[row] else None
            if year.year >= starts and typed[row]:
                last[row] = amount
            if amount is None or not (typed[row] or choices[row] in CONTINUED):
                continue
            index.append(int(label))
            cents.append(amount)
            derived.append(not typed[row])
        before = max(starts, year.year)
        yield year.year, index, cents, derived


def _carried(cents: int | None, choice: str, line: str, rates: Rates, steps: range) -> int | None:
    """An amount of an earlier year brought to this one as the row's Fortschreibung says."""
    if cents is None or choice == AS_BUDGET:
        return cents
    if choice == ENDS:
        return 0
    if choice != BY_RATE:
        return None
    for year in steps:
        factor = rates.factor(line, year)
        if factor is None:
            return None
        cents = continued(cents, factor)
    return cents


def _typed(frames: Frames, column: Column) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Cells of the column in which the department stated an amount."""
    stated = frames.tables["costs"][column.name].notna()
    return (stated & ~frames.locked["costs"][column.name]).to_numpy(dtype=bool)


def _free(frames: Frames, column: Column) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Cells of the column that the department might have filled and left empty."""
    if column.name not in frames.tables["costs"].columns:
        return np.zeros(len(frames.tables["costs"]), dtype=bool)
    empty = frames.states["costs"][column.name] == State.EMPTY
    return (empty & ~frames.locked["costs"][column.name]).to_numpy(dtype=bool)
