"""Consolidation measures, and goals that departments fill."""

from __future__ import annotations

from typing import Any

from pipeline.model.master import Master
from tests.rules.returns import (
    Cell,
    a_return,
    a_saving,
    a_sound_master,
    changed,
    findings,
    said,
    text,
)


def _saving_city(**change: Cell) -> Master:
    return a_sound_master(settings={"uses_savings": True}, **change)


def _goal_city(**change: Cell) -> Master:
    levels = [
        {"level": "strategisch", "order": 1, "filled_by": "Kämmerei"},
        {"level": "Amt", "order": 2, "filled_by": "Fachamt", "refers_up": True},
        {"level": "Produkt", "order": 3, "filled_by": "Fachamt", "refers_up": True},
        {"level": "Rahmenbedingung", "order": 9, "filled_by": "Kämmerei"},
    ]
    return a_sound_master(levels=levels, **change)


def _goal(**change: Cell) -> dict[str, Any]:
    return {"goal": "A61", "title": "Mehr Grün", "level": "Amt", "parent": "Z1", **change}


def test_equal_increments_look_like_levels() -> None:
    plans = {f"plan_{year}": 100_000_00 for year in (2027, 2028, 2029)}
    assert said(_saving_city(), savings=[a_saving(**plans)]) == []
    found = findings(_saving_city(), savings=[a_saving(effect="Zuwachs", **plans)])
    assert [(each.rule, each.place.cell) for each in found] == [("H02", "F7")]
    assert "100.000 / 100.000 / 100.000" in text(found, "H02")


def test_a_single_increment_is_as_it_should_be() -> None:
    plans = {"plan_2027": 100_000_00, "plan_2028": 0, "plan_2029": 0}
    assert said(_saving_city(), savings=[a_saving(effect="Zuwachs", **plans)]) == []


def test_savings_belong_to_the_consolidation_goal_where_there_is_one() -> None:
    master = _saving_city(goals=changed("goals", "Z2", consolidation=True))
    assert said(master, savings=[a_saving(goal="Z2")]) == []
    found = findings(master, savings=[a_saving(goal="Z1")])
    assert [(each.rule, each.place.cell) for each in found] == [("H03", "E7")]
    assert "Ökologische Nachhaltigkeit fördern" in text(found, "H03")


def test_an_unknown_goal_of_a_saving_is_named_once() -> None:
    master = _saving_city(goals=changed("goals", "Z2", consolidation=True))
    assert said(master, savings=[a_saving(goal="Z7")]) == [("S05", "Konsolidierung!E7")]


def test_a_memo_item_names_its_counterpart() -> None:
    assert said(_saving_city(), savings=[a_saving(memo=True, counterpart="HSK-9")]) == []
    assert said(_saving_city(), savings=[a_saving(memo=True)]) == [("H06", "Konsolidierung!I7")]


def test_a_department_goal_below_a_strategic_one() -> None:
    assert (
        said(_goal_city(), goals=[_goal(), _goal(goal="P1", level="Produkt", parent="A61")]) == []
    )


def test_a_department_goal_without_strategic_ancestor() -> None:
    assert said(_goal_city(), goals=[_goal(parent=None)]) == [("S07", "Ziele!D7")]


def test_department_goals_in_a_circle() -> None:
    rows = [
        _goal(goal="P1", level="Produkt", parent="P2"),
        _goal(goal="P2", level="Produkt", parent="P1"),
    ]
    assert [rule for rule, _ in said(_goal_city(), goals=rows) if rule == "S06"] == ["S06", "S06"]


def test_a_goal_serves_a_goal_of_a_higher_level() -> None:
    rows = [_goal(), _goal(goal="A62", parent="A61")]
    assert said(_goal_city(), goals=rows) == [("S30", "Ziele!D8")]


def test_a_goal_number_that_finance_already_gave_away() -> None:
    assert said(_goal_city(), goals=[_goal(goal="Z2", parent="Z1")])[-1] == ("S10", "Ziele!B7")


def test_refined_shares_keep_within_the_given_share() -> None:
    goals = [_goal(), _goal(goal="A62")]
    shares = [
        {"product": "511.10", "goal": "A61", "share": 3_500},
        {"product": "511.10", "goal": "A62", "share": 2_500},
    ]
    assert said(_goal_city(), goals=goals, product_goals=shares) == []
    above = [shares[0], {**shares[1], "share": 2_501}]
    found = findings(_goal_city(), goals=goals, product_goals=above)
    assert [(each.rule, each.place.cell) for each in found] == [("S09", "D8")]
    assert "60,01 %; vorgegeben sind dort 60 %" in text(found, "S09")


def test_only_a_given_link_can_be_refined() -> None:
    goals = [_goal(parent="Z2")]
    found = findings(
        _goal_city(),
        goals=goals,
        product_goals=[{"product": "541.10", "goal": "A61", "share": 100}],
    )
    assert [(each.rule, each.values["variant"]) for each in found] == [("S09", "without_link")]


def test_a_goal_twice_across_departments() -> None:
    master = _goal_city()
    other = a_return(master, unit="T12", goals=[_goal()])
    assert said(master, other, goals=[_goal()]) == [("S10", "Ziele!B7"), ("S10", "Ziele!B7")]
