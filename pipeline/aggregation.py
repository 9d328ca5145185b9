"""Figures × goals: every cent on one goal (Anteilssicht), every product once under each goal it
serves (Bezugssicht).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from pipeline.model.hierarchy import Hierarchy
from pipeline.model.money import WHOLE, split
from pipeline.tables import results
from pipeline.tables.choices import ALL_KINDS, GENERAL_FUNDING, WITHOUT_GOAL

Shares = tuple[tuple[str, int], ...]
"""Goals with their basis points, summing to 10,000, in the order that breaks ties."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Which goals money goes to.

    ``links`` are the product's links of the master as (goal, basis points or ``None`` for a tag).
    ``refinements`` are a unit's own links of a product, below the master's goals: they move only
    that unit's rows. ``measure_goals`` names the goal of a measure, where it has one of its own.
    ``tree`` is the goal tree; ``additive`` are the goals that money may be booked on.
    """

    tree: Hierarchy
    additive: frozenset[str]
    links: Mapping[str, tuple[tuple[str, int | None], ...]]
    general_funding: frozenset[str] = frozenset()
    measure_goals: Mapping[str, str] = field(default_factory=dict)
    refinements: Mapping[tuple[str, str], tuple[tuple[str, int], ...]] = field(default_factory=dict)

    def shares(self, unit: str, product: str, measure: str) -> Shares:
        """Where a row's money goes in the Anteilssicht (contract, «Split»).

        A measure's own additive goal takes the whole row; general funding wins over links;
        otherwise the product's links, refined by the unit, and ``ohne`` for what is missing to
        10,000.
        """
        own = self.measure_goals.get(measure, "")
        if own in self.additive:
            return ((own, WHOLE),)
        if product in self.general_funding:
            return ((GENERAL_FUNDING, WHOLE),)
        booked: dict[str, int] = {}
        for goal, share in self._refined(unit, product):
            if goal in self.additive and share is not None:
                booked[goal] = booked.get(goal, 0) + share
        rest = WHOLE - sum(booked.values())
        if rest:
            booked[WITHOUT_GOAL] = rest
        return tuple(sorted(booked.items(), key=lambda item: (item[0] == WITHOUT_GOAL, item[0])))

    def served(self, unit: str, product: str, measure: str) -> frozenset[str]:
        """The goals that a row serves in the Bezugssicht: the measure's goal, else all links, tags
        too.
        """
        own = self.measure_goals.get(measure, "")
        if own:
            return frozenset({own})
        if product in self.general_funding:
            return frozenset({GENERAL_FUNDING})
        goals = frozenset(goal for goal, _ in self._refined(unit, product))
        return goals or frozenset({WITHOUT_GOAL})

    def _refined(self, unit: str, product: str) -> list[tuple[str, int | None]]:
        """The master's links, where the unit refines one: its own goals, and the rest at the
        master's goal. A unit's goal refines the nearest linked goal above it.
        """
        own = self.refinements.get((unit, product), ())
        links = dict(self.links.get(product, ()))
        found: list[tuple[str, int | None]] = []
        for goal, share in links.items():
            below = [(each, part) for each, part in own if self._nearest(each, links) == goal]
            if share is None or not below:
                found.append((goal, share))
                continue
            found.extend(below)
            rest = share - sum(part for _, part in below)
            if rest:
                found.append((goal, rest))
        return found

    def _nearest(self, goal: str, linked: Mapping[str, int | None]) -> str:
        """The nearest goal, itself or above, that the master links with a share."""
        path = self.tree.ancestry.get(goal, ())
        return next((each for each in path if linked.get(each) is not None), "")


def contributions(figures: pd.DataFrame, assignment: Assignment) -> pd.DataFrame:
    """``results.CONTRIBUTIONS``: each counted figure split over its goals by largest remainder;
    listed rows are left out.

    The parts of a figure sum to it, to the cent; parts of 0 cents are rows, too.
    """
    counted = figures[figures["origin"] != "listed"]
    shares = {
        key: assignment.shares(*key)
        for key in counted[["unit", "product", "measure"]]
        .drop_duplicates()
        .itertuples(index=False, name=None)
    }
    rows: list[int] = []
    goals: list[str] = []
    basis_points: list[int] = []
    cents: list[int] = []
    keys = counted[["unit", "product", "measure"]].itertuples(index=False, name=None)
    for row, (key, amount) in enumerate(zip(keys, counted["cents"], strict=True)):
        goal_shares = shares[key]
        parts = split(int(amount), [share for _, share in goal_shares])
        for (goal, share), part in zip(goal_shares, parts, strict=True):
            rows.append(row)
            goals.append(goal)
            basis_points.append(share)
            cents.append(part)
    frame = counted.drop(columns="cents").iloc[rows].reset_index(drop=True)
    frame = frame.assign(
        goal=pd.array(goals, dtype="string"),
        share_bp=pd.array(basis_points, dtype="Int64"),
        cents=pd.array(cents, dtype="Int64"),
    )
    return frame[list(results.CONTRIBUTIONS.names)].sort_values(
        list(results.CONTRIBUTIONS.key), ignore_index=True
    )


def aggregates(
    figures: pd.DataFrame,
    parts: pd.DataFrame,
    assignment: Assignment,
    *,
    levels: Mapping[str, str],
    years: Mapping[int, str],
) -> pd.DataFrame:
    """``results.AGGREGATES``: both views for every goal (plus ``ohne`` and ``allgemein``), kind and
    year, zeros included.

    ``levels`` gives the level of each goal, ``years`` the role of each year. View ``anteil`` adds
    up contributions along the tree; view ``bezug`` counts each figure in full, once, at every goal
    it serves and at their ancestors.
    """
    tree = assignment.tree
    goals = [*tree.order, WITHOUT_GOAL, GENERAL_FUNDING]
    shared = _closed(parts[["goal", "kind", "year", "cents"]], _ancestry_pairs(tree, goals))
    counted = figures[figures["origin"] != "listed"]
    keys = counted[["unit", "product", "measure"]].drop_duplicates()
    served = pd.DataFrame(
        [
            (*key, goal)
            for key in keys.itertuples(index=False, name=None)
            for goal in sorted(_with_ancestors(tree, assignment.served(*key)))
        ],
        columns=["unit", "product", "measure", "goal"],
    ).astype("string")
    gross = counted.merge(served, on=["unit", "product", "measure"], how="inner")[
        ["goal", "kind", "year", "cents"]
    ]
    frames = []
    for view, frame in (("anteil", shared), ("bezug", gross)):
        sums = frame.groupby(["goal", "kind", "year"], observed=True)["cents"].sum()
        full = pd.MultiIndex.from_product(
            [goals, ALL_KINDS, list(years)], names=["goal", "kind", "year"]
        )
        frames.append(
            sums.reindex(full, fill_value=0).rename("cents").reset_index().assign(view=view)
        )
    table = pd.concat(frames, ignore_index=True)
    table = table.assign(
        parent=[_parent(tree, goal) for goal in table["goal"]],
        level=[levels.get(goal, "") for goal in table["goal"]],
        role=table["year"].map(dict(years)),
    )
    dtypes = {
        name: "Int64" if kind == "integer" else "string"
        for name, kind in results.AGGREGATES.columns
    }
    return (
        table[list(dtypes)]
        .astype(dtypes)
        .sort_values(list(results.AGGREGATES.key), ignore_index=True)
    )


def _parent(tree: Hierarchy, goal: str) -> str:
    path = tree.ancestry.get(goal, ())
    return path[1] if len(path) > 1 else ""


def _with_ancestors(tree: Hierarchy, goals: Iterable[str]) -> set[str]:
    return {above for goal in goals for above in tree.ancestry.get(goal, (goal,))}


def _ancestry_pairs(tree: Hierarchy, goals: Iterable[str]) -> pd.DataFrame:
    pairs = [(goal, above) for goal in goals for above in tree.ancestry.get(goal, (goal,))]
    return pd.DataFrame(pairs, columns=["goal", "above"]).astype("string")


def _closed(frame: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Every contribution at its goal and at all ancestors of it."""
    sums = frame.groupby(["goal", "kind", "year"], observed=True)["cents"].sum().reset_index()
    return sums.merge(pairs, on="goal").drop(columns="goal").rename(columns={"above": "goal"})
