"""What must hold for every budget: no cent appears, disappears, or counts twice.

Random goal trees of any depth, shares, tags, general funding, measures with goals of their own,
refinements by departments and amounts of either sign.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.aggregation import Assignment, aggregates, contributions
from pipeline.lineplan import evaluation_order, terms
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.master import Line
from pipeline.model.money import WHOLE, split
from pipeline.tables import choices, results
from pipeline.verification.goals import largest_remainder
from pipeline.verification.lines import LinePlan

YEARS = {2026: "budget", 2027: "budget", 2028: "outlook"}
UNITS = ("20", "40")
PRODUCTS = ("P1", "P2", "P3", "P4")
GENERAL = "P4"
"""The product that may be general funding; its rows belong to no measure."""
MEASURES = ("", "", "", "M-20-001", "M-40-001", "M-40-002")
MAX_EXAMPLES = max(40, settings().max_examples // 10)
"""A budget costs a hundred times what one amount costs; the long profile tries more of them."""
CENTS = st.integers(-(10**14), 10**14) | st.integers(-3, 3)


@dataclass(frozen=True)
class Budget:
    """Figures and where their money goes."""

    figures: pd.DataFrame
    assignment: Assignment

    @cached_property
    def parts(self) -> pd.DataFrame:
        return contributions(self.figures, self.assignment)

    @property
    def counted(self) -> pd.DataFrame:
        return self.figures[self.figures["origin"] != "listed"]

    @cached_property
    def sums(self) -> dict[tuple[str, str, str, int], int]:
        """(view, goal, kind, year) → cents of ``aggregates.csv``."""
        levels = dict.fromkeys(self.assignment.tree.parents, "Ziel")
        table = aggregates(self.figures, self.parts, self.assignment, levels=levels, years=YEARS)
        keys = table[["view", "goal", "kind", "year"]].itertuples(index=False, name=None)
        return {key: int(cents) for key, cents in zip(keys, table["cents"], strict=True)}


def _shares(size: int) -> st.SearchStrategy[list[int]]:
    """So many shares that together make at most a whole; the typical case makes exactly one."""
    cuts = st.lists(st.integers(0, WHOLE), min_size=size, max_size=size)
    whole = st.lists(st.integers(0, WHOLE), min_size=max(size - 1, 0), max_size=max(size - 1, 0))
    return cuts.map(_differences) | whole.map(lambda each: _differences([*each, WHOLE][:size]))


def _differences(cuts: Sequence[int]) -> list[int]:
    ordered = [0, *sorted(cuts)]
    return [high - low for low, high in pairwise(ordered)]


@st.composite
def trees(draw: st.DrawFn) -> Hierarchy:
    """A forest of up to nine goals; ids whose order as text differs from their order as numbers."""
    size = draw(st.integers(1, 9))
    names = [f"Z{number * 3}" for number in range(1, size + 1)]
    parents = [draw(st.sampled_from(["", *names[:at]])) for at in range(size)]
    return Hierarchy(dict(zip(names, parents, strict=True)))


@st.composite
def assignments(draw: st.DrawFn) -> Assignment:
    tree = draw(trees())
    goals = list(tree.parents)
    tags = draw(st.sets(st.sampled_from(goals), max_size=2))
    links: dict[str, tuple[tuple[str, int | None], ...]] = {}
    for product in PRODUCTS:
        served = draw(st.lists(st.sampled_from(goals), unique=True, max_size=4))
        shares = iter(draw(_shares(len(served))))
        links[product] = tuple(
            (goal, None if goal in tags else next(shares) or None) for goal in served
        )
    named = draw(
        st.dictionaries(st.sampled_from(sorted({*MEASURES} - {""})), st.sampled_from(goals))
    )
    return Assignment(
        tree=tree,
        additive=frozenset(goals) - tags,
        links=links,
        general_funding=frozenset(draw(st.sets(st.just(GENERAL)))),
        measure_goals=named,
    )


def _figures(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    drawn = ("origin", "unit", "product", "measure", "kind", "year", "cents")
    frame = pd.DataFrame(rows, columns=list(drawn))
    frame.loc[frame["product"] == GENERAL, "measure"] = ""
    frame = frame.assign(
        file="20.xlsx",
        sheet="Ansätze",
        cell=[f"H{number}" for number in range(7, 7 + len(frame))],
        line="13",
        role=[YEARS[year] for year in frame["year"]],
    )
    dtypes = {
        name: "Int64" if kind == "integer" else "string" for name, kind in results.FIGURES.columns
    }
    return frame[list(dtypes)].astype(dtypes)


ROWS = st.tuples(
    st.sampled_from(["return", "return", "master", "derived", "stand_in", "listed"]),
    st.sampled_from(UNITS),
    st.sampled_from(PRODUCTS),
    st.sampled_from(MEASURES),
    st.sampled_from(choices.ALL_KINDS),
    st.sampled_from(sorted(YEARS)),
    CENTS,
)
FRAMES = settings(max_examples=MAX_EXAMPLES)
BUDGETS = st.builds(
    Budget, figures=st.lists(ROWS, max_size=12).map(_figures), assignment=assignments()
)


def _totals(frame: pd.DataFrame) -> Counter[tuple[str, int]]:
    sums: Counter[tuple[str, int]] = Counter()
    for kind, year, cents in frame[["kind", "year", "cents"]].itertuples(index=False, name=None):
        sums[kind, year] += int(cents)
    return sums


def _non_zero(sums: Counter[Any]) -> dict[Any, int]:
    return {key: value for key, value in sums.items() if value}


# --- one amount ----------------------------------------------------------------------------------


@st.composite
def whole_shares(draw: st.DrawFn) -> list[int]:
    shares = draw(st.integers(1, 9).flatmap(_shares))
    return [*shares, WHOLE - sum(shares)]


@given(amount=CENTS, shares=whole_shares())
def test_a_split_keeps_the_amount(amount: int, shares: list[int]) -> None:
    assert sum(split(amount, shares)) == amount


@given(amount=CENTS, shares=whole_shares())
def test_each_part_is_less_than_a_cent_from_its_exact_share(amount: int, shares: list[int]) -> None:
    for part, share in zip(split(amount, shares), shares, strict=True):
        assert abs(part - Fraction(amount * share, WHOLE)) < 1


@given(amount=CENTS, shares=whole_shares())
def test_a_cancelling_amount_cancels_in_every_part(amount: int, shares: list[int]) -> None:
    assert split(-amount, shares) == [-part for part in split(amount, shares)]


@given(amount=CENTS, shares=whole_shares())
def test_a_share_of_nothing_gets_nothing(amount: int, shares: list[int]) -> None:
    parts = split(amount, shares)
    assert all(part == 0 for part, share in zip(parts, shares, strict=True) if share == 0)


@given(amount=CENTS, shares=whole_shares())
def test_a_larger_share_never_gets_less(amount: int, shares: list[int]) -> None:
    sizes = sorted(zip(shares, map(abs, split(amount, shares)), strict=True))
    assert [part for _, part in sizes] == sorted(part for _, part in sizes)


def test_ties_go_to_the_first_named() -> None:
    assert split(1, [5_000, 5_000]) == [1, 0]
    assert split(-1, [5_000, 5_000]) == [-1, 0]
    assert split(2, [3_333, 3_333, 3_334]) == [1, 0, 1]


# --- all amounts ---------------------------------------------------------------------------------


@FRAMES
@given(budget=BUDGETS)
def test_the_goals_with_ohne_and_allgemein_make_the_total_to_the_cent(budget: Budget) -> None:
    assert _non_zero(_totals(budget.parts)) == _non_zero(_totals(budget.counted))


@FRAMES
@given(budget=BUDGETS)
def test_the_parts_of_every_figure_make_the_figure(budget: Budget) -> None:
    parts = budget.parts.groupby("cell")["cents"].sum().to_dict()
    figures = budget.counted.set_index("cell")["cents"].to_dict()
    assert parts == figures
    shares = budget.parts.groupby("cell")["share_bp"].sum()
    assert set(shares) <= {WHOLE}


@FRAMES
@given(budget=BUDGETS)
def test_the_roots_of_the_tree_make_the_total(budget: Budget) -> None:
    sums = budget.sums
    tops = [*budget.assignment.tree.children[""], choices.WITHOUT_GOAL, choices.GENERAL_FUNDING]
    total: Counter[tuple[str, int]] = Counter()
    for (view, goal, kind, year), cents in sums.items():
        if view == "anteil" and goal in tops:
            total[kind, year] += cents
    assert _non_zero(total) == _non_zero(_totals(budget.counted))


@FRAMES
@given(budget=BUDGETS)
def test_a_parent_is_what_is_booked_on_it_and_its_children(budget: Budget) -> None:
    sums, parts = budget.sums, budget.parts
    booked: Counter[tuple[str, str, int]] = Counter()
    columns = ["goal", "kind", "year", "cents"]
    for goal, kind, year, cents in parts[columns].itertuples(index=False, name=None):
        booked[goal, kind, year] += int(cents)
    for goal, children in budget.assignment.tree.children.items():
        for kind in choices.ALL_KINDS if goal else ():
            for year in YEARS:
                below = sum(sums["anteil", child, kind, year] for child in children)
                assert sums["anteil", goal, kind, year] == booked[goal, kind, year] + below


@FRAMES
@given(budget=BUDGETS)
def test_in_the_bezugssicht_a_row_counts_once_at_each_goal_and_parent(budget: Budget) -> None:
    assignment, tree = budget.assignment, budget.assignment.tree.parents
    expected: Counter[tuple[str, str, int]] = Counter()
    columns = ["product", "measure", "kind", "year", "cents"]
    for product, measure, kind, year, cents in budget.counted[columns].itertuples(index=False):
        if product in assignment.general_funding:
            goals = {choices.GENERAL_FUNDING}
        elif measure in assignment.measure_goals:
            goals = {assignment.measure_goals[measure]}
        else:
            goals = {goal for goal, _ in assignment.links[product]}
        reached = goals or {choices.WITHOUT_GOAL}
        while goals := {tree[goal] for goal in goals if tree.get(goal)} - reached:
            reached |= goals
        for goal in reached:
            expected[goal, kind, year] += int(cents)
    found = {key[1:]: cents for key, cents in budget.sums.items() if key[0] == "bezug" and cents}
    assert found == _non_zero(expected)


@FRAMES
@given(budget=BUDGETS)
def test_money_is_never_added_up_on_a_tag(budget: Budget) -> None:
    assert set(budget.parts["goal"]) <= budget.assignment.additive | {
        choices.WITHOUT_GOAL,
        choices.GENERAL_FUNDING,
    }


@FRAMES
@given(budget=BUDGETS, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_and_links_does_not_matter(budget: Budget, order: Random) -> None:
    rows = list(range(len(budget.figures)))
    order.shuffle(rows)
    links = {product: list(goals) for product, goals in budget.assignment.links.items()}
    for goals in links.values():
        order.shuffle(goals)
    other = Budget(
        figures=budget.figures.iloc[rows].reset_index(drop=True),
        assignment=replace(
            budget.assignment, links={product: tuple(goals) for product, goals in links.items()}
        ),
    )
    pd.testing.assert_frame_equal(other.parts, budget.parts)
    assert other.sums == budget.sums


@FRAMES
@given(budget=BUDGETS)
def test_every_goal_kind_and_year_is_present_in_both_views(budget: Budget) -> None:
    goals = [*budget.assignment.tree.order, choices.WITHOUT_GOAL, choices.GENERAL_FUNDING]
    assert set(budget.sums) == {
        (view, goal, kind, year)
        for view in ("anteil", "bezug")
        for goal in goals
        for kind in choices.ALL_KINDS
        for year in YEARS
    }


# --- refinements by departments ------------------------------------------------------------------


@st.composite
def refined_budgets(draw: st.DrawFn) -> tuple[Budget, Budget]:
    """A budget, and the same with the link of P1 to Z1 refined by unit 40."""
    tree = Hierarchy({"Z1": "", "Z1.1": "Z1", "Z1.2": "Z1", "Z1.2.1": "Z1.2", "Z2": ""})
    share = draw(st.integers(1, WHOLE))
    parts = draw(st.lists(st.integers(0, share), min_size=2, max_size=2).map(sorted))
    figures = _figures(draw(st.lists(ROWS, max_size=20)))
    plain = Assignment(
        tree=tree,
        additive=frozenset(tree.parents),
        links={"P1": (("Z1", share), ("Z2", WHOLE - share))},
    )
    links = (("Z1.1", parts[0]), ("Z1.2.1", parts[1] - parts[0]))
    refined = replace(plain, refinements={("40", "P1"): links})
    return Budget(figures, plain), Budget(figures, refined)


@FRAMES
@given(both=refined_budgets())
def test_a_refinement_loses_no_cent(both: tuple[Budget, Budget]) -> None:
    plain, refined = both
    assert _non_zero(_totals(refined.parts)) == _non_zero(_totals(plain.parts))


@FRAMES
@given(both=refined_budgets())
def test_a_refinement_moves_only_the_rows_of_its_own_unit(both: tuple[Budget, Budget]) -> None:
    plain, refined = both
    before, after = (
        each.parts[each.parts["unit"] != "40"].reset_index(drop=True) for each in (plain, refined)
    )
    pd.testing.assert_frame_equal(before, after)


@FRAMES
@given(both=refined_budgets())
def test_a_refined_goal_keeps_its_sum_but_for_the_rounding(
    both: tuple[Budget, Budget],
) -> None:
    plain, refined = both
    rows = len(plain.figures)
    for kind in choices.ALL_KINDS:
        for year in YEARS:
            key = ("anteil", "Z1", kind, year)
            assert abs(plain.sums[key] - refined.sums[key]) <= 2 * rows


# --- two of everything that matters --------------------------------------------------------------


@given(amount=CENTS, shares=whole_shares())
def test_the_second_computation_splits_as_the_engine_does(amount: int, shares: list[int]) -> None:
    named = [(f"Z{at:02d}", share) for at, share in enumerate(shares)]
    assert largest_remainder(amount, named) == split(amount, shares)


TERMS = st.tuples(st.sampled_from("+-"), st.sampled_from(["01", "02", "03", "11", "12"]))


@given(
    entered=st.dictionaries(st.sampled_from(["01", "02", "03", "11", "12"]), CENTS),
    joined=st.lists(TERMS, min_size=1, max_size=4),
)
def test_the_second_computation_reads_formulas_as_the_engine_does(
    entered: dict[str, int], joined: list[tuple[str, str]]
) -> None:
    formulas = {
        "01": "",
        "02": "",
        "03": "",
        "10": "01..03",
        "11": "",
        "12": "",
        "17": "11..12",
        "18": "10-17",
        "19": "18" + "".join(sign + line for sign, line in joined),
    }
    second = LinePlan(formulas=formulas, order=list(formulas))
    lines = {
        line: Line(
            line=line,
            title=line,
            plan="Ergebnis",
            kind="",
            sign="=" if formula else "+",
            internal=False,
            formula=formula,
        )
        for line, formula in formulas.items()
    }
    first = dict(entered)
    for line in evaluation_order(lines):
        first[line] = sum(
            term.factor * first.get(part, 0)
            for term in terms(lines[line], lines)
            for part in term.lines
        )
    assert all(second.amount(line, entered) == first.get(line, 0) for line in formulas)
    plus = sum(entered.get(line, 0) for line in ("01", "02", "03"))
    minus = sum(entered.get(line, 0) for line in ("11", "12"))
    assert first["18"] == plus - minus
