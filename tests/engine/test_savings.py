"""What consolidation measures save: two readings of one amount, and what may be added to what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, TypeAlias

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import savings
from pipeline.model.hierarchy import Hierarchy
from pipeline.rules.savings import INCREMENT, LEVEL, annual_effects
from pipeline.tables.results import SAVINGS

UNITS = Hierarchy({"STADT": "", "D1": "STADT", "D2": "STADT", "A1": "D1", "A2": "D1", "A3": "D2"})
GOALS = Hierarchy({"K8": "", "K8.1": "K8", "K8.10": "K8", "K9": ""})
Amounts = Sequence[int | None]
Cell: TypeAlias = Any
"""Whatever a cell of a frame may hold."""


def row(number: str, **change: Cell) -> dict[str, Any]:
    """One stated amount of a measure of A1 in the plan of 2027."""
    plain = {
        "file": f"{change.get('unit', 'A1')}.xlsx", "sheet": "Konsolidierung", "cell": "N7",
        "unit": "A1", "product": "111.10", "savings_measure": number, "goal": "K8", "effect": LEVEL,
        "memo": False, "role": "plan", "year": 2027, "cents": 0,
    }  # fmt: skip
    return {**plain, **change}


def series(
    number: str, amounts: Amounts, *, start: int = 2027, **change: Cell
) -> list[dict[str, Any]]:
    """A measure's amounts year by year; ``None`` where nothing is stated."""
    return [
        row(number, year=start + place, cents=cents, **change)
        for place, cents in enumerate(amounts)
        if cents is not None
    ]


def table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """``results.SAVINGS`` as the chain makes it."""
    dtypes = {
        name: {"integer": "Int64", "boolean": "boolean"}.get(kind, "string")
        for name, kind in SAVINGS.columns
    }
    frame = pd.DataFrame(list(rows), columns=list(SAVINGS.names)).astype(dtypes)
    return frame.sort_values(list(SAVINGS.key), ignore_index=True)


def annual(found: pd.DataFrame, number: str, column: str = "annual") -> dict[int, int | None]:
    mine = found[(found["savings_measure"] == number) & (found["role"] == "plan")]
    return {
        int(year): None if pd.isna(cents) else int(cents)
        for year, cents in zip(mine["year"], mine[column], strict=True)
    }


def total(totals: pd.DataFrame, column: str = "annual", **where: Cell) -> list[int]:
    for name, value in {"role": "plan", **where}.items():
        totals = totals[totals[name] == value]
    return [int(each) for each in totals.sort_values("year")[column]]


# --- one measure ------------------------------------------------------------------------------

# Domain 8: a measure that saves 100,000 euro every year from year 1 is 100 / 100 / 100 as
# Jahreswirkung and 100 / 0 / 0 as Zuwachs. The others are that definition, worked by hand.
WORKED = [
    ("the example of the domain page", LEVEL, (100, 100, 100), (100, 100, 100), (100, 0, 0)),
    ("the same, told as increments", INCREMENT, (100, 0, 0), (100, 100, 100), (100, 0, 0)),
    ("it grows", LEVEL, (40, 70, 90), (40, 70, 90), (40, 30, 20)),
    ("it grows, told as increments", INCREMENT, (40, 30, 20), (40, 70, 90), (40, 30, 20)),
    ("it shrinks", LEVEL, (90, 60, 0), (90, 60, 0), (90, -30, -60)),
    ("it shrinks, told as increments", INCREMENT, (90, -30, -60), (90, 60, 0), (90, -30, -60)),
    ("it costs first, then saves", LEVEL, (-20, 50, 50), (-20, 50, 50), (-20, 70, 0)),
    ("it begins late", INCREMENT, (0, 0, 25), (0, 0, 25), (0, 0, 25)),
    ("nothing yet", LEVEL, (0, 0, 0), (0, 0, 0), (0, 0, 0)),
    ("single cents", INCREMENT, (1, 1, 1), (1, 2, 3), (1, 1, 1)),
    ("no further increment is stated", INCREMENT, (100, None, None), (100, 100, 100), (100, 0, 0)),
    ("an increment after a pause", INCREMENT, (100, None, 20), (100, 100, 120), (100, 0, 20)),
    ("nothing is known before the first", INCREMENT, (None, 30, 5), (None, 30, 35), (None, 30, 5)),
    ("a year is not stated", LEVEL, (100, None, 130), (100, None, 130), (100, None, 30)),
]


@pytest.mark.parametrize(
    ("effect", "stated", "levels", "increments"),
    [pytest.param(*case[1:], id=case[0]) for case in WORKED],
)
def test_both_readings_of_a_measure_worked_by_hand(
    effect: str, stated: Amounts, levels: Amounts, increments: Amounts
) -> None:
    # A second measure states every year, so that each of them is a year of the plan.
    others = series("other", (1, 1, 1), unit="A2")
    found = savings.effects(table([*series("H", stated, effect=effect), *others]))
    years = (2027, 2028, 2029)
    expected = {y: level for y, level in zip(years, levels, strict=True) if level is not None}
    assert annual(found, "H") == expected
    steps = {y: step for y, step in zip(years, increments, strict=True) if step is not None}
    assert annual(found, "H", "increment") == steps


def test_plan_actual_and_forecast_are_series_of_their_own() -> None:
    """An actual of 2025 is no part of the plan's running sum."""
    rows = series("H", (300,), start=2025, effect=INCREMENT, role="actual")
    rows += series("H", (50, 20), effect=INCREMENT)
    rows += series("H", (45,), effect=INCREMENT, role="forecast")
    found = savings.effects(table(rows))
    by_role = {
        role: list(part["annual"]) for role, part in found.sort_values("year").groupby("role")
    }
    assert by_role == {"actual": [300], "forecast": [45], "plan": [50, 70]}


def test_ten_years_of_increments_reach_their_sum() -> None:
    """A consolidation plan runs up to ten years: 1,000 euro more each year are 10,000 in the
    tenth, 55,000 only for who adds levels over years.
    """
    found = savings.effects(table(series("H", [1_000_00] * 10, effect=INCREMENT)))
    assert total(savings.city_totals(found)) == [1_000_00 * year for year in range(1, 11)]
    city = savings.city_totals(found)
    assert savings.saved_over(city, "plan", range(2027, 2037)) == 10_000_00


def test_what_goes_on_without_being_stated_has_no_cell() -> None:
    rows = [*series("H", (100,), effect=INCREMENT), *series("other", (1, 1), unit="A2")]
    found = savings.effects(table(rows))
    going_on = found[(found["savings_measure"] == "H") & (found["year"] == 2028)]
    assert list(going_on["cell"]) == [""]
    assert going_on["stated"].isna().all()
    assert list(going_on["annual"]) == [100]


def test_an_amount_without_effect_kind_is_in_no_sum() -> None:
    """H01 refuses it; where a waiver lets it through it must not be taken for either kind."""
    rows = [*series("H", (100, 100), effect=""), *series("other", (1, 2), unit="A2")]
    found = savings.effects(table(rows))
    assert annual(found, "H") == {2027: None, 2028: None}
    assert total(savings.city_totals(found)) == [1, 2]


def test_no_savings_make_empty_tables_with_their_columns() -> None:
    found = savings.effects(table([]))
    assert list(found.columns) == list(savings.EFFECT_COLUMNS)
    for totals in (
        savings.city_totals(found),
        savings.unit_totals(found, UNITS),
        savings.goal_totals(found, GOALS),
        savings.product_totals(found),
    ):
        assert len(totals) == 0
        assert list(totals.columns)[-len(savings.TOTAL_COLUMNS) :] == list(savings.TOTAL_COLUMNS)


# --- properties -------------------------------------------------------------------------------

stated_amounts = st.lists(
    st.none() | st.integers(min_value=-(10**11), max_value=10**11), min_size=1, max_size=10
)


@settings(max_examples=15)
@given(stated_amounts)
def test_increments_told_back_are_the_same_annual_effects(amounts: list[int | None]) -> None:
    """Jahreswirkung → Zuwachs → Jahreswirkung changes nothing, whatever is left out."""
    others = series("other", [0] * len(amounts), unit="A2")
    found = savings.effects(table([*series("H", amounts), *others]))
    steps = annual(found, "H", "increment")
    again = annual_effects(INCREMENT, [steps.get(2027 + place) for place in range(len(amounts))])
    for place, amount in enumerate(amounts):
        if amount is not None:
            assert again[place] == amount


@settings(max_examples=15)
@given(stated_amounts, st.sampled_from([LEVEL, INCREMENT]))
def test_all_increments_together_are_the_last_annual_effect(
    amounts: list[int | None], effect: str
) -> None:
    others = series("other", [0] * len(amounts), unit="A2")
    found = savings.effects(table([*series("H", amounts, effect=effect), *others]))
    levels, steps = annual(found, "H"), annual(found, "H", "increment")
    if levels:
        assert sum(each or 0 for each in steps.values()) == levels[max(levels)]


measures = st.lists(
    st.tuples(
        st.sampled_from(["A1", "A2", "A3"]),
        st.sampled_from([LEVEL, INCREMENT]),
        st.booleans(),
        st.lists(st.integers(min_value=-(10**9), max_value=10**9), min_size=3, max_size=3),
    ),
    max_size=12,
)


@settings(max_examples=10)
@given(measures, st.randoms(use_true_random=False))
def test_totals_do_not_depend_on_order_and_leaves_make_the_city(
    drawn: list[tuple[str, str, bool, list[int]]], chance: Random
) -> None:
    rows = [
        each
        for number, (unit, effect, memo, amounts) in enumerate(drawn)
        for each in series(f"H-{number}", amounts, unit=unit, effect=effect, memo=memo)
    ]
    found = savings.effects(table(rows))
    chance.shuffle(rows)
    assert savings.effects(table(rows)).equals(found)
    city, units = savings.city_totals(found), savings.unit_totals(found, UNITS)
    leaves = units[units["unit"].isin(["A1", "A2", "A3"])]
    for year in (2027, 2028, 2029):
        whole = int(city.loc[city["year"] == year, "annual"].sum())
        assert int(leaves.loc[leaves["year"] == year, "annual"].sum()) == whole
        assert (
            int(units.loc[(units["unit"] == "STADT") & (units["year"] == year), "annual"].sum())
            == whole
        )


# --- many measures ----------------------------------------------------------------------------


def a_list_of_150() -> list[dict[str, Any]]:
    """60 levels of 100 euro, 60 increments of 100 euro in the first year and 10 in the second, and
    30 memo items of 1,000 euro that mirror others; years 2027 to 2029, three offices in turn.
    """
    offices = ("A1", "A2", "A3")
    rows: list[dict[str, Any]] = []
    for number in range(60):
        unit = offices[number % 3]
        rows += series(f"L-{number:03d}", (100_00, 100_00, 100_00), unit=unit)
        rows += series(f"Z-{number:03d}", (100_00, 10_00, 0), unit=unit, effect=INCREMENT)
    for number in range(30):
        unit, effect = offices[number % 3], (LEVEL, INCREMENT)[number % 2]
        rows += series(f"N-{number:03d}", (1_000_00, 0, 0), unit=unit, effect=effect, memo=True)
    return rows


def test_150_measures_are_added_rightly() -> None:
    """Right, by hand: 60 × 100 + 60 × 100 = 12,000 euro in 2027; 60 × 100 + 60 × 110 = 12,600 in
    2028 and in 2029.
    """
    found = savings.effects(table(a_list_of_150()))
    assert found["savings_measure"].nunique() == 150
    assert total(savings.city_totals(found)) == [12_000_00, 12_600_00, 12_600_00]
    assert total(savings.city_totals(found), "increment") == [12_000_00, 600_00, 0]
    assert total(savings.city_totals(found), "measures") == [120, 120, 120]
    assert total(savings.unit_totals(found, UNITS), unit="D1") == [8_000_00, 8_400_00, 8_400_00]


def test_what_wrong_would_be_is_not_what_we_compute() -> None:
    """The known ways to add savings wrongly, each with its figure, none of which appears."""
    rows = table(a_list_of_150())
    right = total(savings.city_totals(savings.effects(rows)))
    plain = [int(rows.loc[rows["year"] == year, "cents"].sum()) for year in (2027, 2028, 2029)]
    # 1. Adding the column as it was typed: increments are taken for levels, memo items count.
    assert plain == [42_000_00, 6_600_00, 6_000_00]
    # 2. Without memo items, but increments still taken for levels: the saving seems to vanish.
    counted = rows[~rows["memo"]]
    by_year = [
        int(counted.loc[counted["year"] == year, "cents"].sum()) for year in (2027, 2028, 2029)
    ]
    assert by_year == [12_000_00, 6_600_00, 6_000_00]
    # 3. Rightly converted, but with the 30 memo items: overstated by 30,000 euro, a factor of 3.5.
    with_memo = savings.effects(rows.assign(memo=False))
    assert total(savings.city_totals(with_memo))[0] == 42_000_00
    # 4. Annual effects added over years: the same euro once for every year.
    over_years = sum(right)
    assert over_years == 37_200_00
    assert right[0] not in {plain[0], total(savings.city_totals(with_memo))[0]}
    assert right[1:] != by_year[1:]
    city = savings.city_totals(savings.effects(rows))
    newly = savings.saved_over(city, "plan", (2027, 2028, 2029))
    assert newly == right[-1] == 12_600_00 != over_years


def test_the_mirrored_savings_of_an_own_operation_do_not_overstate_the_list() -> None:
    """Rödermark's published list (domain 8): 159 measures, 12.4 % too much with the mirrored ones.
    Rebuilt: 1,000,000 euro of savings and 124,000 euro of mirrored ones.
    """
    rows = [each for n in range(125) for each in series(f"H-{n}", (8_000_00,))]
    rows += [
        each for n in range(34) for each in series(f"M-{n}", (3_647_06,), unit="A3", memo=True)
    ]
    found = savings.effects(table(rows))
    assert found["savings_measure"].nunique() == 159
    assert total(savings.city_totals(found)) == [1_000_000_00]
    mirrored = int(found.loc[found["memo"], "annual"].sum())
    assert round(mirrored * 1000 / 1_000_000_00) == 124


# --- sums by unit, product and goal -----------------------------------------------------------


def test_a_unit_holds_what_is_below_it_and_nothing_else() -> None:
    rows = [
        *series("a", (10,), unit="A1"),
        *series("b", (200,), unit="A2"),
        *series("c", (3_000,), unit="A3"),
        *series("d", (40_000,), unit="D1"),
        *series("m", (9,), unit="A1", memo=True),
    ]
    totals = savings.unit_totals(savings.effects(table(rows)), UNITS)
    found = dict(zip(totals["unit"], totals["annual"], strict=True))
    assert found == {"STADT": 43_210, "D1": 40_210, "A1": 10, "A2": 200, "D2": 3_000, "A3": 3_000}
    assert list(totals["unit"]) == ["STADT", "D1", "A1", "A2", "D2", "A3"]


def test_products_and_measures_without_one_stand_apart() -> None:
    rows = [*series("a", (10,)), *series("b", (5,), product=""), *series("c", (1,), unit="A2")]
    totals = savings.product_totals(savings.effects(table(rows)))
    found = {(r.unit, r.product): r.annual for r in totals.itertuples()}
    assert found == {("A1", "111.10"): 10, ("A1", ""): 5, ("A2", "111.10"): 1}


def test_goals_whose_numbers_look_alike_are_kept_apart() -> None:
    rows = [
        *series("a", (10,), goal="K8.1"),
        *series("b", (200,), goal="K8.10"),
        *series("c", (3_000,), goal=""),
        *series("d", (40_000,), goal="weg"),
    ]
    totals = savings.goal_totals(savings.effects(table(rows)), GOALS)
    found = dict(zip(totals["goal"], totals["annual"], strict=True))
    assert found == {"K8": 210, "K8.1": 10, "K8.10": 200, "ohne": 43_000}


def test_the_same_number_in_two_units_is_two_measures() -> None:
    rows = [*series("1", (10, 0), effect=INCREMENT), *series("1", (7, 7), unit="A2")]
    assert total(savings.city_totals(savings.effects(table(rows)))) == [17, 17]


def test_a_sum_says_how_many_measures_keep_silent() -> None:
    rows = [*series("a", (10, None, 12)), *series("b", (1, 1, 1))]
    totals = savings.city_totals(savings.effects(table(rows)))
    assert total(totals, "measures") == [2, 1, 2]
    assert total(totals, "silent") == [0, 1, 0]
