"""Fortschreibung to the cent."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.tables import Role, Year
from pipeline.rules.continuation import continued, filled_amounts
from tests.builders import YEARS
from tests.rules.returns import (
    LOCKED,
    UNREADABLE,
    Cell,
    a_cost,
    a_return,
    a_sound_master,
    frames_of,
)

OPEN = {"amount_2028": None, "amount_2029": None, "amount_2030": None}
RATES = [
    {"name": "Orientierungsdaten", "year": 2028, "value": Decimal("2.5")},
    {"name": "Orientierungsdaten", "year": 2029, "value": Decimal(-1)},
    {"name": "Orientierungsdaten", "year": 2030, "value": Decimal("1.75")},
    {"name": "Orientierungsdaten 13", "year": 2029, "value": Decimal("0.3")},
]


def _amounts(row: dict[str, Any], **master: Cell) -> dict[int, tuple[int, bool]]:
    known = a_sound_master(**master)
    found = filled_amounts(frames_of(known, a_return(known, costs=[row])))
    return {
        int(year): (int(cents), bool(derived))
        for year, cents, derived in zip(
            found["year"], found["cents"], found["derived"], strict=True
        )
    }


def test_as_the_budget_repeats_the_first_year() -> None:
    assert _amounts(a_cost(continuation="wie Ansatz", amount_2027=100_01, **OPEN)) == {
        2027: (100_01, False),
        2028: (100_01, True),
        2029: (100_01, True),
        2030: (100_01, True),
    }


def test_it_repeats_the_nearest_earlier_year_that_was_filled() -> None:
    row = a_cost(continuation="wie Ansatz", amount_2027=1_00, **{**OPEN, "amount_2029": 3_00})
    assert [cents for cents, _ in _amounts(row).values()] == [1_00, 1_00, 3_00, 3_00]
    assert [derived for _, derived in _amounts(row).values()] == [False, True, False, True]


def test_what_ends_is_followed_by_zeros() -> None:
    row = a_cost(continuation="entfällt", amount_2027=7_00, **OPEN)
    assert [cents for cents, _ in _amounts(row).values()] == [7_00, 0, 0, 0]


@pytest.mark.parametrize("choice", ["einzeln", None])
def test_without_a_choice_nothing_is_filled(choice: str | None) -> None:
    assert _amounts(a_cost(continuation=choice, amount_2027=7_00, **OPEN)) == {2027: (7_00, False)}


def test_orientation_data_grow_year_by_year_and_a_lines_own_rate_goes_first() -> None:
    row = a_cost(continuation="Orientierungsdaten", amount_2027=1_000_01, **OPEN)
    # 1000.01 × 1.025 = 1025.01025; 1025.01 × 1.003 = 1028.08503; 1028.09 × 1.0175 = 1046.081575
    assert [cents for cents, _ in _amounts(row, base_values=RATES).values()] == [
        1_000_01,
        1_025_01,
        1_028_09,
        1_046_08,
    ]


def test_another_line_takes_the_common_rate() -> None:
    row = a_cost(line="02", continuation="Orientierungsdaten", amount_2027=1_000_00, **OPEN)
    assert _amounts(row, base_values=RATES)[2029] == (1_014_75, True)


def test_a_missing_rate_leaves_the_year_and_all_after_it_empty() -> None:
    row = a_cost(continuation="Orientierungsdaten", amount_2027=1_000_00, **OPEN)
    assert list(_amounts(row, base_values=RATES[:1])) == [2027, 2028]


def test_half_a_cent_goes_away_from_zero() -> None:
    assert continued(1, Fraction(3, 2)) == 2
    assert continued(-1, Fraction(3, 2)) == -2


def test_without_the_first_budget_year_there_is_nothing_to_continue() -> None:
    assert _amounts(a_cost(continuation="wie Ansatz", amount_2027=None, **OPEN)) == {}


def test_pre_filled_years_are_never_continued_nor_entries() -> None:
    row = a_cost(continuation="wie Ansatz", amount_2026=5_00, amount_2027=None, **OPEN)
    assert _amounts(row) == {}


def test_locked_and_unreadable_cells_are_neither_amounts_nor_filled() -> None:
    row = a_cost(continuation="wie Ansatz", amount_2027=1_00, **{**OPEN, "amount_2028": LOCKED})
    assert list(_amounts(row)) == [2027, 2029, 2030]
    row = a_cost(continuation="wie Ansatz", amount_2027=1_00, **{**OPEN, "amount_2029": UNREADABLE})
    assert list(_amounts(row)) == [2027, 2028, 2030]


def test_the_second_budget_year_of_two_may_be_continued() -> None:
    years = tuple(
        Year(year=each.year, role=Role.BUDGET, title=each.title, entered=True)
        if each.year == 2028
        else each
        for each in YEARS
    )
    row = a_cost(continuation="wie Ansatz", amount_2027=9_00, **OPEN)
    amounts = _amounts(row, years=years, settings={"budget_years": 2})
    assert amounts[2028] == (9_00, True)


def test_no_rows_give_an_empty_frame_of_the_same_form() -> None:
    master = a_sound_master()
    empty = filled_amounts(frames_of(master, a_return(master)))
    some = filled_amounts(frames_of(master, a_return(master, costs=[a_cost()])))
    assert empty.dtypes.to_dict() == some.dtypes.to_dict()
    assert len(empty) == 0


@given(st.integers(-(10**12), 10**12), st.decimals(-50, 50, places=3))
def test_a_year_is_the_exact_product_rounded_once(cents: int, per_cent: Decimal) -> None:
    factor = 1 + Fraction(per_cent) / 100
    assert abs(continued(cents, factor) - cents * factor) <= Fraction(1, 2)
