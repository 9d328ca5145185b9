"""Worked examples for attainment and for adding up key figures (domain 9; derivation beside each
case).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from pipeline.attainment import (
    KeyFigure,
    Rating,
    Reported,
    aggregated,
    attained,
    rolled_up,
    state_of,
    target_of,
)
from pipeline.model.master import Settings

SETTINGS = Settings(budget_year=2027, city="Musterstadt", as_of="2026-10-15")


def a_key_figure(**changes: object) -> KeyFigure:
    facts: dict[str, object] = {
        "kpi": "K-1", "product": "111.10", "goal": "Z1", "kind": "Fallzahl", "direction": "mindestens", "aggregation": "Summe",
        "numerator": "", "denominator": "", "base": None, "tolerance": Fraction(0), "weight": Fraction(1), "factor": 1, "due_date": "",
    }  # fmt: skip
    return KeyFigure(**{**facts, **changes})  # type: ignore[arg-type]


CASES = [
    # with a baseline: (actual - base) / (target - base)
    (
        "domain 9.2: Basis 100, Ziel 80, Ist 90",
        {"direction": "höchstens", "base": Fraction(100)},
        90,
        80,
        "1/2",
    ),
    ("the same upwards", {"base": Fraction(10)}, 25, 20, "3/2"),
    (
        "worse than the baseline is negative, capped only in the roll-up",
        {"base": Fraction(10)},
        5,
        20,
        "-1/2",
    ),
    (
        "target = baseline: a maintenance goal, not 0/0 (K09)",
        {"base": Fraction(20), "tolerance": Fraction(2)},
        21,
        20,
        "1",
    ),
    # without a baseline
    ("mindestens: actual / target", {}, 30, 40, "3/4"),
    ("over-fulfilment is shown", {}, 60, 40, "3/2"),
    ("höchstens: target / actual", {"direction": "höchstens"}, 50, 40, "4/5"),
    ("höchstens with actual 0 is reached", {"direction": "höchstens"}, 0, 40, "1"),
    ("mindestens 0 is reached by anything that is not negative", {}, 0, 0, "1"),
    # band and exactly: in the key figure's unit, linear to 0 at twice the tolerance
    ("Band: inside", {"direction": "Band", "tolerance": Fraction(5)}, 44, 40, "1"),
    ("Band: at the edge", {"direction": "Band", "tolerance": Fraction(5)}, 45, 40, "1"),
    ("Band: half way out", {"direction": "Band", "tolerance": Fraction(4)}, 46, 40, "1/2"),
    ("Band: twice the tolerance", {"direction": "Band", "tolerance": Fraction(5)}, 50, 40, "0"),
    ("Band: far below", {"direction": "Band", "tolerance": Fraction(5)}, 0, 40, "0"),
    ("genau without tolerance, hit", {"direction": "genau"}, 40, 40, "1"),
    ("genau without tolerance, missed", {"direction": "genau"}, 41, 40, "0"),
    # keep: a band around the base
    (
        "halten around the base",
        {"direction": "halten", "base": Fraction(100), "tolerance": Fraction(10)},
        115,
        120,
        "1/2",
    ),
    (
        "halten without a base: around the target",
        {"direction": "halten", "tolerance": Fraction(10)},
        105,
        100,
        "1",
    ),
    # yes/no and milestones
    ("Ja/Nein fulfilled", {"kind": "Ja/Nein"}, 1, 1, "1"),
    ("Ja/Nein not fulfilled", {"kind": "Ja/Nein"}, 0, 1, "0"),
    (
        "milestone after its date: as given",
        {"kind": "Meilenstein", "due_date": "2026-06-30"},
        70,
        100,
        "7/10",
    ),
    (
        "milestone before its date: not rated",
        {"kind": "Meilenstein", "due_date": "2027-06-30"},
        70,
        100,
        None,
    ),
    ("nachrichtlich is never rated", {"direction": "nachrichtlich"}, 70, 100, None),
]


@pytest.mark.parametrize(
    ("changes", "actual", "target", "expected"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_attainment_of_one_key_figure(
    changes: dict[str, object], actual: int, target: int, expected: str | None
) -> None:
    found = attained(
        a_key_figure(**changes), actual=Fraction(actual), target=Fraction(target), settings=SETTINGS
    )
    assert found == (None if expected is None else Fraction(expected))


def test_the_other_formula_for_at_most_is_a_setting() -> None:
    other = Settings(budget_year=2027, city="M", as_of="2026-10-15", at_most_rule="2 − Ist/Ziel")
    kpi = a_key_figure(direction="höchstens")
    assert attained(kpi, actual=Fraction(50), target=Fraction(40), settings=other) == Fraction(3, 4)


def test_without_target_or_actual_nothing_is_said() -> None:
    assert attained(a_key_figure(), actual=None, target=Fraction(1), settings=SETTINGS) is None
    assert state_of(a_key_figure(), None, SETTINGS) == "no_data"


def parts(*rows: tuple[str | None, str | None, str | None]) -> list[Reported]:
    cells = [[None if cell is None else Decimal(cell) for cell in row] for row in rows]
    return [
        Reported(unit=f"T{n}", value=value, numerator=top, denominator=bottom)
        for n, (value, top, bottom) in enumerate(cells)
    ]


def test_a_ratio_of_unequal_offices_is_never_the_mean_of_percentages() -> None:
    # 10 of 20 and 90 of 100: (10 + 90) / (20 + 100) = 83.33 %, the mean of 50 % and 90 % would be
    # 70 %.
    kpi = a_key_figure(kind="Quote", aggregation="Quote", factor=100)
    assert aggregated(kpi, parts(("50", "10", "20"), ("90", "90", "100"))) == Fraction(10_000, 120)


def test_an_average_is_weighted_by_the_number_of_cases() -> None:
    kpi = a_key_figure(kind="Durchschnitt", aggregation="gewichtet")
    assert aggregated(kpi, parts(("4", None, "100"), ("10", None, "20"))) == Fraction(600, 120)


def test_counts_and_stocks_are_summed_over_units_and_extremes_are_kept() -> None:
    two = parts(("3", None, None), ("4", None, None))
    assert aggregated(a_key_figure(aggregation="Summe"), two) == 7
    assert aggregated(a_key_figure(aggregation="Stichtagssumme"), two) == 7
    assert aggregated(a_key_figure(aggregation="Minimum"), two) == 3
    assert aggregated(a_key_figure(aggregation="Maximum"), two) == 4
    assert aggregated(a_key_figure(aggregation="keine"), two) is None
    assert (
        aggregated(
            a_key_figure(kind="Ja/Nein", aggregation="alle"),
            parts(("1", None, None), ("0", None, None)),
        )
        == 0
    )


def test_targets_without_parts_weigh_as_much_as_the_actuals() -> None:
    # Targets 50 % and 80 %, cases 20 and 100: (50 * 20 + 80 * 100) / 120 = 75 %.
    kpi = a_key_figure(kind="Quote", aggregation="Quote", factor=100)
    targets, actuals = (
        parts(("50", None, None), ("80", None, None)),
        parts(("50", "10", "20"), ("90", "90", "100")),
    )
    assert target_of(kpi, targets, actuals) == 75


def test_a_zero_denominator_weighs_nothing() -> None:
    kpi = a_key_figure(kind="Quote", aggregation="Quote", factor=100)
    assert aggregated(kpi, parts((None, "0", "0"), ("90", "90", "100"))) == 90


def rating(reached: str | None, weight: int = 1) -> Rating:
    value = None if reached is None else Fraction(reached)
    return Rating(
        reached=value,
        coverage=Fraction(int(value is not None)),
        kpis_with_data=int(value is not None),
        kpis=1,
        weight=Fraction(weight),
    )


def test_the_roll_up_is_the_weighted_mean_of_what_has_data_with_honest_coverage() -> None:
    found = rolled_up([rating("1", 3), rating("1/2"), rating(None, 4)], Fraction(1))
    assert (found.reached, found.coverage, found.kpis_with_data, found.kpis) == (
        Fraction(7, 8),
        Fraction(1, 2),
        2,
        3,
    )


def test_order_does_not_matter_and_a_child_without_data_changes_no_percentage() -> None:
    children = [rating("1", 3), rating("1/3", 2), rating("0")]
    forward, backward = rolled_up(children, Fraction(1)), rolled_up(children[::-1], Fraction(1))
    assert forward == backward
    assert rolled_up([*children, rating(None, 9)], Fraction(1)).reached == forward.reached


def test_nothing_measured_is_no_data_and_never_zero() -> None:
    found = rolled_up([rating(None)], Fraction(1))
    assert found.reached is None
    assert found.coverage == 0
