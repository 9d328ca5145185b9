"""What the sheets Kennzahlen and Zielerreichung agree on: the year that is shown, how far every
key figure and goal has come, and in which row each of them stands.

The ratings are computed here exactly, from what was reported, because the sheets add them up
again with live formulas; the words (im Plan, kritisch …) are those of the data package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from pipeline.attainment import (
    Rating,
    basis_points,
    goal_ratings,
    key_figure_ratings,
    rated,
)
from pipeline.excel.budget_plan.goal_tree import goal_hierarchy, rating_of
from pipeline.excel.budget_plan.sheets import TITLE_ROWS, text_of
from pipeline.key_figures import KeyFigure, catalogue
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.money import WHOLE
from pipeline.model.results import Results

COUNTED: Final = ("green", "yellow", "red", "no_data")
"""The states of rated key figures, in the order of their columns."""
CHART_ROW: Final = TITLE_ROWS + 1
"""Where the picture begins on the sheet Zielerreichung; the table follows below it."""
_PIXELS_PER_ROW: Final = 20
_MOST_BARS: Final = 40


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the sheet Kennzahlen: a goal, one of its key figures, or what one of several units
    reports of it (``unit``; folded away where there is a value over all units).
    """

    row: int
    goal: str = ""
    kpi: str = ""
    unit: str = ""
    folded: bool = False


@dataclass(frozen=True, kw_only=True)
class Standings:
    """Ratings of the year shown. ``leaves`` are the rated key figures by number, ``goals`` what
    they come to; ``raw_bp`` and ``states`` are the data package's, ``earlier_bp`` is the attainment
    of goals in the rated year before, where there is one.
    """

    year: int | None
    earlier: int | None
    tree: Hierarchy
    kpis: Mapping[str, KeyFigure]
    titles: Mapping[str, str]
    weights: Mapping[str, Fraction]
    leaves: Mapping[str, Rating]
    goals: Mapping[str, Rating]
    states: Mapping[str, str]
    goal_states: Mapping[str, str]
    earlier_bp: Mapping[str, int]
    asked: Mapping[str, Sequence[str]]
    condensed: frozenset[str]

    @cached_property
    def own(self) -> Mapping[str, tuple[str, ...]]:
        """The key figures of each goal, in the order of the catalogue; ``""`` for those without."""
        found: dict[str, list[str]] = {}
        for kpi in self.kpis.values():
            home = kpi.goal if kpi.goal in self.tree.parents else ""
            found.setdefault(home, []).append(kpi.kpi)
        return {goal: tuple(kpis) for goal, kpis in found.items()}

    @cached_property
    def below(self) -> Mapping[str, tuple[str, ...]]:
        """The rated key figures of each goal and of everything below it."""
        found: dict[str, tuple[str, ...]] = {}
        for goal in reversed(self.tree.order):
            own = [kpi for kpi in self.own.get(goal, ()) if kpi in self.leaves]
            children = [kpi for child in self.tree.children[goal] for kpi in found[child]]
            found[goal] = (*own, *children)
        return found

    def counts(self, goal: str) -> Mapping[str, int]:
        """How many of a goal's key figures are in which state."""
        return Counter(self.states.get(kpi, "no_data") for kpi in self.below[goal])

    def red(self, goal: str) -> list[str]:
        """A goal's critical key figures, the weakest first."""
        found = [kpi for kpi in self.below[goal] if self.states.get(kpi) == "red"]
        return sorted(found, key=lambda kpi: (self.leaves[kpi].reached or Fraction(0), kpi))

    def weakest(self, goal: str) -> Fraction | None:
        """The lowest attainment among a goal's key figures."""
        known = (self.leaves[kpi].reached for kpi in self.below[goal])
        return min((each for each in known if each is not None), default=None)

    @cached_property
    def unmeasured(self) -> Mapping[str, int]:
        """How many goals from each one down have no rated key figure at or below them."""
        found: dict[str, int] = {}
        for goal in reversed(self.tree.order):
            deeper = sum(found[child] for child in self.tree.children[goal])
            found[goal] = deeper + (not self.below[goal])
        return found

    @cached_property
    def bars(self) -> tuple[str, ...]:
        """The highest goals with key figures, as many as a picture can hold."""
        return tuple(goal for goal in self.tree.children[""] if self.below[goal])[:_MOST_BARS]

    @property
    def chart_height(self) -> int:
        """The height of the picture in pixels."""
        return 120 + 34 * len(self.bars)

    @property
    def header_row(self) -> int:
        """The header of the table of goals; without data there is no picture above it."""
        if self.year is None:
            return TITLE_ROWS
        return CHART_ROW + -(-self.chart_height // _PIXELS_PER_ROW) + 1

    @cached_property
    def goal_rows(self) -> Mapping[str, int]:
        """The row of every goal on the sheet Zielerreichung."""
        return {
            goal: self.header_row + 1 + position for position, goal in enumerate(self.tree.order)
        }

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The rows of the sheet Kennzahlen: key figures below their goals, in the order of the
        tree, then those without a goal.
        """
        found: list[Line] = []
        for goal in (*self.tree.order, ""):
            kpis = self.own.get(goal, ())
            if kpis:
                found.append(Line(row=TITLE_ROWS + 1 + len(found), goal=goal))
            for kpi in kpis:
                found.append(Line(row=TITLE_ROWS + 1 + len(found), goal=goal, kpi=kpi))
                units = self.asked.get(kpi, ())
                for unit in units if len(units) > 1 else ():
                    folded = kpi in self.condensed
                    row = TITLE_ROWS + 1 + len(found)
                    found.append(Line(row=row, goal=goal, kpi=kpi, unit=unit, folded=folded))
        return tuple(found)

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The goals that a reader wants to see: the highest ones, and all with key figures."""
        roots = self.tree.children[""]
        return tuple(goal for goal in self.tree.order if goal in roots or self.below[goal])


def standings_of(results: Results) -> Standings:
    """The standings of the latest year for which there is anything to say."""
    master, tree = results.master, goal_hierarchy(results)
    rating = rating_of(results)
    year = rating.year if rating else None
    goals = results.texts["goals"]
    given = dict(zip(goals["goal"].astype(str), goals["weight"], strict=True))
    kpis = catalogue(master)
    facts = _facts(results, year)
    leaves = _leaves(results, facts, year)
    attained = _years(results)
    earlier = max((each for each in attained if year is not None and each < year), default=None)
    return Standings(
        year=year,
        earlier=earlier,
        tree=tree,
        kpis=kpis,
        titles={str(row["kpi"]): text_of(row["title"]) for row in _records(master.tables["kpis"])},
        weights={
            goal: Fraction(weight) if isinstance(weight, Decimal) else Fraction(1)
            for goal, weight in given.items()
        },
        leaves=leaves,
        goals=goal_ratings(leaves, master, tree, given),
        states={kpi: text_of(row.get("state")) for kpi, row in facts.items()},
        goal_states={
            goal: text_of(row.get("state")) for goal, row in attained.get(year or 0, {}).items()
        },
        earlier_bp={
            goal: int(row["attainment_bp"])
            for goal, row in attained.get(earlier or 0, {}).items()
            if text_of(row["attainment_bp"])
        },
        asked=master.kpi_units,
        condensed=frozenset(
            str(row["kpi"])
            for row in _records(results.tables["kpi_results"])
            if row["scope"] == "city" and text_of(row["value"])
        ),
    )


def _records(frame: Any) -> Sequence[Mapping[str, Any]]:  # noqa: ANN401 - a frame of any columns
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _facts(results: Results, year: int | None) -> dict[str, Mapping[str, Any]]:
    """What the data package says of the actual of each key figure in that year, for the city."""
    return {
        str(row["kpi"]): row
        for row in _records(results.tables["kpi_results"])
        if row["scope"] == "city" and row["role"] == "actual" and row["year"] == year
    }


def _leaves(
    results: Results, facts: Mapping[str, Mapping[str, Any]], year: int | None
) -> dict[str, Rating]:
    """The rated key figures: exactly where what was reported says the same as the data package,
    which is rounded to basis points.
    """
    known = catalogue(results.master)
    found = {
        kpi: rating
        for kpi, rating in key_figure_ratings(
            results.tables["kpis"], results.master, year or 0
        ).items()
        if text_of(facts.get(kpi, {}).get("state")) != "not_rated"
    }
    for kpi, row in facts.items():
        stated = text_of(row.get("capped_bp"))
        exact = found[kpi].reached if kpi in found else None
        if stated and (exact is None or basis_points(exact) != int(stated)):
            found[kpi] = rated(Fraction(int(stated), WHOLE), known[kpi].weight)
    return found


def _years(results: Results) -> dict[int, dict[str, Mapping[str, Any]]]:
    """The attainment of goals by year, of years with data."""
    found: dict[int, dict[str, Mapping[str, Any]]] = {}
    for row in _records(results.tables["attainment"]):
        found.setdefault(int(row["year"]), {})[str(row["goal"])] = row
    return {
        year: rows
        for year, rows in found.items()
        if any(text_of(row["attainment_bp"]) for row in rows.values())
    }


def in_cell(value: Fraction) -> Decimal:
    """An exact fraction as the double that a spreadsheet computes with."""
    return Decimal(repr(float(value)))
