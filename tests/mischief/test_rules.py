"""Every rule about files, sheets, cells and numbers is raised by a deed, or by a test named here."""

from __future__ import annotations

import importlib
import inspect

import pytest

from pipeline.model.messages import catalogue
from tests.mischief.deeds import DEEDS

BY_DEED = frozenset(rule for deed in DEEDS.values() for rule, _ in deed.said)
ELSEWHERE = {
    "D06": "tests.mischief.test_differences:test_the_budget_plan_shows_them_on_a_sheet_of_their_own",
    "D07": "tests.mischief.test_folder:test_the_same_contents_saved_once_more_are_no_second_return",
    "Z06": "tests.rules.test_costs",
    "Z11": "tests.test_values",
    "Z12": "tests.rules.test_costs",
    "Z16": "tests.rules.test_single_columns",
    "Z24": "tests.rules.test_costs",
}
AGREED = tuple(f"D{number:02}" for number in range(1, 19)) + tuple(
    f"Z{number:02}" for number in range(1, 14)
)
"""The rules that were agreed on before any of them was built; more came since."""


def rules(letter: str) -> list[str]:
    found = {name.partition(".")[0] for name in catalogue()}
    return sorted(each for each in found if each[0] == letter and each[1:].isdigit())


@pytest.mark.parametrize("rule", [*rules("D"), *rules("Z")])
def test_is_raised_by_a_deed_or_by_a_test_of_its_own(rule: str) -> None:
    if rule in BY_DEED:
        assert rule not in ELSEWHERE, f"{rule} has deeds by now"
        return
    module, _, name = ELSEWHERE[rule].partition(":")
    found = importlib.import_module(module)
    source = inspect.getsource(getattr(found, name) if name else found)
    assert f'"{rule}"' in source


def test_no_agreed_rule_is_missing() -> None:
    assert set(AGREED) <= {*rules("D"), *rules("Z")}
