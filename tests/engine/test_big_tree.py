"""A goal tree of seven levels with 2,000 goals, products split over goals and units: exact."""

from __future__ import annotations

import random

import pandas as pd

from pipeline.aggregation import Assignment, aggregates, contributions
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.money import WHOLE
from pipeline.tables import results

LEVELS, GOALS, PRODUCTS, ROWS = 7, 2_000, 600, 20_000
YEARS = {
    2025: "actual",
    2026: "budget",
    2027: "budget",
    2028: "outlook",
    2029: "outlook",
    2030: "outlook",
}


def a_big_tree() -> Hierarchy:
    """Nine roots; every further goal hangs below one of the level above it."""
    chance = random.Random(7)
    by_level: list[list[str]] = [[f"K{n}" for n in range(1, 10)]]
    parents = dict.fromkeys(by_level[0], "")
    per_level = (GOALS - 9) // (LEVELS - 1) + 1
    for level in range(1, LEVELS):
        names = [f"G{level}-{n:04d}" for n in range(min(per_level, GOALS - len(parents)))]
        for name in names:
            parents[name] = chance.choice(by_level[-1])
        by_level.append(names)
    return Hierarchy(parents)


def links(tree: Hierarchy) -> dict[str, tuple[tuple[str, int | None], ...]]:
    """One to four goals of any level per product, mostly less than the whole."""
    chance = random.Random(8)
    found: dict[str, tuple[tuple[str, int | None], ...]] = {}
    for number in range(PRODUCTS):
        goals = chance.sample(list(tree.order), chance.randint(1, 4))
        cuts = sorted(chance.sample(range(1, WHOLE), len(goals)))
        shares = [high - low for low, high in zip([0, *cuts], cuts, strict=False)]
        found[f"P{number:03d}"] = tuple(zip(goals, shares, strict=True))
    return found


def amounts() -> pd.DataFrame:
    """Rows of several units per product, in every year, positive and negative."""
    chance = random.Random(9)
    rows = [
        {
            "file": "x.xlsx", "sheet": "Ansätze", "cell": f"N{n}", "origin": "return", "unit": f"A{chance.randrange(40):02d}",
            "product": f"P{chance.randrange(PRODUCTS):03d}", "measure": "", "line": "13", "kind": chance.choice(["expense", "revenue"]),
            "year": year, "role": YEARS[year], "cents": chance.randint(-(10**9), 10**11),
        }
        for n, year in ((n, chance.choice(list(YEARS))) for n in range(ROWS))
    ]  # fmt: skip
    return pd.DataFrame(rows)[list(results.FIGURES.names)].astype(
        {"year": "Int64", "cents": "Int64"}
    )


def test_a_tree_of_seven_levels_and_two_thousand_goals_is_exact() -> None:
    tree = a_big_tree()
    assert max(tree.depth(goal) for goal in tree.order) == LEVELS - 1
    assert len(tree.order) == GOALS
    assignment = Assignment(tree=tree, additive=frozenset(tree.order), links=links(tree))
    figures = amounts()
    parts = contributions(figures, assignment)
    table = aggregates(figures, parts, assignment, levels={}, years=YEARS)
    sums = figures.groupby(["kind", "year"])["cents"].sum()
    assert (parts.groupby(["kind", "year"])["cents"].sum() == sums).all()
    roots = table[(table["view"] == "anteil") & (table["parent"] == "")]
    by_kind = roots.groupby(["kind", "year"])["cents"].sum().to_dict()
    assert all(by_kind[key] == total for key, total in sums.to_dict().items())
    for goal in random.Random(10).sample(list(tree.order), 25):
        _is_the_sum_of_its_children_and_its_own(table, parts, tree, goal)


def _is_the_sum_of_its_children_and_its_own(
    table: pd.DataFrame, parts: pd.DataFrame, tree: Hierarchy, goal: str
) -> None:
    shared = table[
        (table["view"] == "anteil") & (table["kind"] == "expense") & (table["year"] == 2027)
    ].set_index("goal")["cents"]
    own = parts.loc[
        (parts["goal"] == goal) & (parts["kind"] == "expense") & (parts["year"] == 2027), "cents"
    ].sum()
    assert shared[goal] == own + sum(shared[child] for child in tree.children[goal])


def test_a_refinement_below_nested_links_moves_money_of_the_nearest_link_only() -> None:
    """K1 has 20 %, D1 below it 60 %; a unit refines 40 % to A1 below D1: K1 keeps 20 %, D1 20 %."""
    tree = Hierarchy({"K1": "", "D1": "K1", "A1": "D1"})
    assignment = Assignment(
        tree=tree,
        additive=frozenset(tree.order),
        links={"P": (("K1", 2_000), ("D1", 6_000))},
        refinements={("A40", "P"): (("A1", 4_000),)},
    )
    assert assignment.shares("A40", "P", "") == (
        ("A1", 4_000),
        ("D1", 2_000),
        ("K1", 2_000),
        ("ohne", 2_000),
    )
    assert assignment.shares("A41", "P", "") == (("D1", 6_000), ("K1", 2_000), ("ohne", 2_000))
