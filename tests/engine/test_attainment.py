"""What must always hold for key figures and attainment, whatever is reported (the worked examples
stand in test_worked_examples.py).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.attainment import (
    Rating,
    attained,
    capped,
    goal_ratings,
    key_figure_ratings,
    rated,
    rolled_up,
    state_of,
)
from pipeline.key_figures import KeyFigure, Reported, aggregated, like_with_like, reported
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.master import Master, Settings
from pipeline.model.submission import combined
from pipeline.tables import choices
from tests.builders import a_master
from tests.rules.returns import a_return

NUMBERS = st.fractions(min_value=-1_000, max_value=1_000, max_denominator=100)
SHARES = st.fractions(min_value=0, max_value=1, max_denominator=40)
CAP = st.sampled_from([10_000, 12_000, 20_000])
fast = settings(max_examples=40, deadline=None)


def a_key_figure(**changes: object) -> KeyFigure:
    facts: dict[str, object] = {
        "kpi": "K-1", "product": "111.10", "goal": "Z1", "kind": "Fallzahl", "direction": "mindestens", "aggregation": "Summe",
        "numerator": "", "denominator": "", "base": None, "tolerance": Fraction(0), "weight": Fraction(1), "factor": 1, "due_date": "",
    }  # fmt: skip
    return KeyFigure(**{**facts, **changes})  # type: ignore[arg-type]


def the_settings(*, at_most_rule: str = "Ziel/Ist", cap: int = 10_000) -> Settings:
    return Settings(
        budget_year=2027,
        city="Musterstadt",
        as_of="2026-10-15",
        at_most_rule=at_most_rule,
        attainment_cap=cap,
    )


RULES = st.sampled_from([choice.code for choice in choices.AT_MOST_RULES])
KPIS = st.builds(
    a_key_figure,
    kind=st.sampled_from([choice.code for choice in choices.KPI_KINDS]),
    direction=st.sampled_from([choice.code for choice in choices.DIRECTIONS]),
    base=st.none() | NUMBERS,
    tolerance=st.fractions(min_value=0, max_value=50, max_denominator=10),
    due_date=st.sampled_from(["", "2026-06-30", "2027-06-30"]),
)


@fast
@given(kpi=KPIS, actual=NUMBERS, target=NUMBERS, cap=CAP, rule=RULES)
def test_attainment_is_within_its_bounds_and_its_state_says_the_same(
    kpi: KeyFigure, actual: Fraction, target: Fraction, cap: int, rule: str
) -> None:
    known = the_settings(cap=cap, at_most_rule=rule)
    reached = attained(kpi, actual=actual, target=target, settings=known)
    state = state_of(kpi, reached, known)
    waits = kpi.kind == "Meilenstein" and kpi.due_date == "2027-06-30"
    assert (reached is None) == (kpi.direction == "nachrichtlich" or waits)
    assert (state == "not_rated") == (reached is None)
    if reached is not None:
        assert 0 <= capped(reached, known) <= Fraction(cap, 10_000)
        assert (state == "green") == (reached >= Fraction(95, 100))
        assert (state == "red") == (reached < Fraction(80, 100))


@fast
@given(
    direction=st.sampled_from(["mindestens", "höchstens"]),
    base=st.none() | NUMBERS,
    tolerance=st.fractions(min_value=0, max_value=50, max_denominator=10),
    actuals=st.tuples(NUMBERS, NUMBERS),
    target=NUMBERS,
    rule=RULES,
)
def test_a_better_actual_is_never_rated_worse(
    direction: str,
    base: Fraction | None,
    tolerance: Fraction,
    actuals: tuple[Fraction, Fraction],
    target: Fraction,
    rule: str,
) -> None:
    up = direction == "mindestens"
    assume(base is None or (target >= base if up else target <= base))  # else K08 says so
    kpi = a_key_figure(direction=direction, base=base, tolerance=tolerance)
    known = the_settings(at_most_rule=rule)
    worse, better = sorted(actuals, reverse=not up)

    def rating(actual: Fraction) -> Fraction:
        reached = attained(kpi, actual=actual, target=target, settings=known)
        assert reached is not None
        return capped(reached, known)

    assert rating(worse) <= rating(better)
    assert rating(target) == 1


# --- over units -------------------------------------------------------------------------------

PARTS = st.builds(
    lambda numerator, denominator: {"numerator": Decimal(numerator), "denominator": Decimal(denominator)},
    st.integers(0, 500),
    st.integers(1, 500),
)  # fmt: skip


def offices(parts: list[dict[str, Decimal]]) -> list[Reported]:
    return [
        Reported(
            unit=f"A{n}",
            value=each["numerator"] / each["denominator"],
            numerator=each["numerator"],
            denominator=each["denominator"],
        )
        for n, each in enumerate(parts)
    ]


@fast
@given(parts=st.lists(PARTS, min_size=2, max_size=6), order=st.randoms())
def test_a_ratio_lies_between_its_offices_in_whatever_order_they_come(
    parts: list[dict[str, Decimal]], order: Random
) -> None:
    kpi = a_key_figure(kind="Quote", aggregation="Quote")
    found = aggregated(kpi, offices(parts))
    each = [Fraction(part["numerator"]) / Fraction(part["denominator"]) for part in parts]
    assert found is not None
    assert min(each) <= found <= max(each)
    assert found * sum(Fraction(part["denominator"]) for part in parts) == sum(
        part["numerator"] for part in parts
    )
    shuffled = offices(parts)
    order.shuffle(shuffled)
    assert aggregated(kpi, shuffled) == found


@fast
@given(
    values=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=6),
    silent=st.integers(0, 3),
)
def test_an_office_that_says_nothing_moves_no_attainment(
    values: list[tuple[int, int]], silent: int
) -> None:
    kpi = a_key_figure(aggregation="Summe")
    heard = [Reported(unit=f"A{n}", value=Decimal(a)) for n, (a, _) in enumerate(values)]
    aims = [Reported(unit=f"A{n}", value=Decimal(t)) for n, (_, t) in enumerate(values)]
    waiting = [Reported(unit=f"S{n}", value=Decimal(100)) for n in range(silent)]
    asked = frozenset(each.unit for each in [*aims, *waiting])
    assert like_with_like(kpi, heard, [*aims, *waiting], asked=asked) == (
        Fraction(sum(a for a, _ in values)),
        Fraction(sum(t for _, t in values)),
    )


# --- the roll-up ------------------------------------------------------------------------------

RATINGS = st.builds(
    rated,
    st.none() | SHARES,
    st.fractions(min_value=Fraction(1, 4), max_value=5, max_denominator=4),
)


@fast
@given(children=st.lists(RATINGS, max_size=8), order=st.randoms())
def test_the_order_of_children_does_not_matter(children: list[Rating], order: Random) -> None:
    shuffled = list(children)
    order.shuffle(shuffled)
    assert rolled_up(shuffled, Fraction(1)) == rolled_up(children, Fraction(1))


@fast
@given(children=st.lists(RATINGS, min_size=1, max_size=8), weight=st.integers(1, 9))
def test_a_goal_lies_between_its_children_and_one_without_data_changes_no_percentage(
    children: list[Rating], weight: int
) -> None:
    found = rolled_up(children, Fraction(1))
    known = [child.reached for child in children if child.reached is not None]
    assert (found.reached is None) == (not known)
    if found.reached is not None:
        assert min(known) <= found.reached <= max(known)
    more = rolled_up([*children, rated(None, Fraction(weight))], Fraction(1))
    assert more.reached == found.reached
    assert more.kpis == found.kpis + 1
    assert (more.coverage < found.coverage) == (found.coverage > 0)


@st.composite
def trees(draw: st.DrawFn) -> tuple[Master, Hierarchy, dict[str, Rating], dict[str, Decimal]]:
    """A goal tree with key figures on any of its goals, some of them without data."""
    size = draw(st.integers(1, 7))
    parents = {"Z0": ""}
    for n in range(1, size):
        parents[f"Z{n}"] = draw(st.sampled_from(["", *parents]))
    goals = draw(st.lists(st.sampled_from(sorted(parents)), max_size=8))
    ratings = {f"K{n}": draw(RATINGS) for n in range(len(goals))}
    weights = {goal: Decimal(draw(st.integers(1, 4))) for goal in parents}
    kpis = [{"kpi": f"K{n}", "title": "Kennzahl", "product": "511.10", "goal": goal, "kind": "Fallzahl", "direction": "mindestens", "aggregation": "Summe"} for n, goal in enumerate(goals)]  # fmt: skip
    return a_master(kpis=kpis, previous_kpis=[]), Hierarchy(parents), ratings, weights


@settings(max_examples=15, deadline=None)
@given(tree=trees())
def test_coverage_is_the_share_of_the_weight_that_has_data_all_the_way_down(
    tree: tuple[Master, Hierarchy, dict[str, Rating], dict[str, Decimal]],
) -> None:
    master, goals, ratings, weights = tree
    found = goal_ratings(ratings, master, goals, weights)
    homes = {str(row["kpi"]): str(row["goal"]) for row in master.tables["kpis"].to_dict("records")}

    def siblings(goal: str) -> Fraction:
        own = sum((ratings[kpi].weight for kpi, home in homes.items() if home == goal), Fraction(0))
        return own + sum(Fraction(weights[child]) for child in goals.children[goal])

    for goal in goals.order:
        below = [kpi for kpi, home in homes.items() if goal in goals.ancestry[home]]
        # Every key figure's own share of the goal: its weight at each step of the way up.
        covered = Fraction(0)
        for kpi in below:
            path = goals.ancestry[homes[kpi]]
            steps = path[: path.index(goal) + 1]
            share = ratings[kpi].weight / siblings(steps[0])
            for child, parent in pairwise(steps):
                share *= Fraction(weights[child]) / siblings(parent)
            covered += share * ratings[kpi].kpis_with_data
        assert found[goal].coverage == covered
        assert found[goal].kpis == len(below)
        assert found[goal].kpis_with_data == sum(ratings[kpi].kpis_with_data for kpi in below)


def test_a_new_key_figure_without_data_changes_no_percentage_of_the_city() -> None:
    common = {"title": "Kennzahl", "product": "511.10", "kind": "Fallzahl", "direction": "mindestens", "aggregation": "Summe"}  # fmt: skip
    old: list[dict[str, object]] = [
        {"kpi": "K-1", "goal": "Z1", "weight": Decimal(2), **common},
        {"kpi": "K-2", "goal": "Z2", **common},
    ]
    targets = [{"kpi": kpi, "year": 2025, "target": Decimal(8)} for kpi in ("K-1", "K-2", "K-3")]
    rows = [
        {"kpi": "K-1", "actual_2025": Decimal(7)},
        {"kpi": "K-2", "actual_2025": Decimal(4)},
    ]

    def goals_of(kpis: list[dict[str, object]]) -> dict[str, Rating]:
        named = {each["kpi"] for each in kpis}
        master = a_master(kpis=kpis, previous_kpis=[each for each in targets if each["kpi"] in named])  # fmt: skip
        unit, file, blocks = a_return(master, kpis=rows)
        tables = [master.submission_tables["kpis"]]
        values = reported(combined(master, tables, [(unit, file, {"kpis": blocks["kpis"]})]), master)  # fmt: skip
        tree = Hierarchy({"Z1": "", "Z2": "Z1"})
        return goal_ratings(key_figure_ratings(values, master, 2025), master, tree, {})

    before = goals_of(old)
    after = goals_of([*old, {"kpi": "K-3", "goal": "Z2", **common}])
    assert {goal: each.reached for goal, each in after.items()} == {
        goal: each.reached for goal, each in before.items()
    }
    assert before["Z1"].reached == (2 * Fraction(7, 8) + Fraction(1, 2)) / 3
    assert (before["Z1"].coverage, after["Z1"].coverage) == (Fraction(1), Fraction(5, 6))
    assert (after["Z1"].kpis_with_data, after["Z1"].kpis) == (2, 3)
