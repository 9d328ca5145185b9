"""Consolidation measures, and goals that departments fill."""

from __future__ import annotations

from functools import cache
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


# --- the same saving twice --------------------------------------------------------------------

_YEARS = (2027, 2028, 2029, 2030)


@cache
def _plain_city() -> Master:
    return _saving_city()


def _plans(*amounts: int) -> dict[str, int]:
    return {f"plan_{year}": cents for year, cents in zip(_YEARS, amounts, strict=False)}


def _internal(**change: Cell) -> dict[str, Any]:
    """T12 (111.30) charges T61 (511.10): line 28 is the receiver's expense."""
    amounts = {f"amount_{year}": 9_000_00 for year in _YEARS}
    return {"product": "511.10", "line": "28", "partner": "111.30", **amounts, **change}


def _of_the_provider(**change: Cell) -> dict[str, Any]:
    facts = {"savings_measure": "HSK-T12-1", "product": "111.30", **_plans(5_000_00, 5_000_00)}
    return a_saving(**{**facts, **change})


def _twice(found: list[Any]) -> list[tuple[str, str, str]]:
    return [
        (each.rule, f"{each.place.file}!{each.place.cell}", each.values.get("variant", ""))
        for each in found
        if each.rule == "H04"
    ]


def test_provider_and_receiver_report_one_saving_twice() -> None:
    master = _plain_city()
    every_year = _plans(5_000_00, 5_000_00, 5_000_00, 5_000_00)
    provider = a_return(master, unit="T12", savings=[_of_the_provider(**every_year)])
    # The receiver tells the same saving as an increment: 5,000 in 2027 and nothing more.
    mine = a_saving(product="511.10", effect="Zuwachs", **_plans(5_000_00, 0))
    found = findings(master, provider, savings=[mine], costs=[_internal()])
    assert _twice(found) == [("H04", "T61.xlsx!H7", "")]
    assert "HSK-T12-1 (T12 Team Personal) und HSK-1 (T61 Team Stadtplanung)" in text(found, "H04")


def test_equal_savings_of_products_that_do_not_settle_are_two() -> None:
    master = _plain_city()
    provider = a_return(master, unit="T12", savings=[_of_the_provider()])
    mine = a_saving(product="511.10", **_plans(5_000_00, 5_000_00))
    assert _twice(findings(master, provider, savings=[mine])) == []
    other = [_internal(product="541.10")]
    assert _twice(findings(master, provider, savings=[mine], costs=other)) == []


def test_unequal_savings_of_products_that_settle_are_two() -> None:
    master = _plain_city()
    provider = a_return(master, unit="T12", savings=[_of_the_provider()])
    for amounts in ((5_000_00, 5_000_01), (5_000_00,), (5_000_00, 5_000_00, 5_000_00)):
        mine = a_saving(product="511.10", **_plans(*amounts))
        assert _twice(findings(master, provider, savings=[mine], costs=[_internal()])) == []


def test_a_memo_item_is_no_second_report() -> None:
    master = _plain_city()
    provider = a_return(master, unit="T12", savings=[_of_the_provider()])
    mine = a_saving(
        product="511.10", memo=True, counterpart="HSK-T12-1", **_plans(5_000_00, 5_000_00)
    )
    found = findings(master, provider, savings=[mine], costs=[_internal()])
    assert [each.rule for each in found if each.rule.startswith("H")] == []


def test_savings_of_nothing_are_not_the_same_saving() -> None:
    master = _plain_city()
    provider = a_return(master, unit="T12", savings=[_of_the_provider(**_plans(0, 0))])
    mine = a_saving(product="511.10", **_plans(0, 0))
    assert _twice(findings(master, provider, savings=[mine], costs=[_internal()])) == []


def test_a_counterpart_that_is_named_makes_a_memo_item() -> None:
    master = _plain_city()
    provider = a_return(master, unit="T12", savings=[_of_the_provider()])
    named = findings(master, provider, savings=[a_saving(counterpart="HSK-T12-1")])
    assert _twice(named) == [("H04", "T61.xlsx!H7", "named")]
    assert "HSK-1 (T61 Team Stadtplanung) nennt HSK-T12-1" in text(named, "H04")


def test_two_measures_that_name_each_other_are_one_finding() -> None:
    rows = [
        a_saving(counterpart="HSK-2"),
        a_saving(savings_measure="HSK-2", counterpart="HSK-1"),
    ]
    assert _twice(findings(_plain_city(), savings=rows)) == [("H04", "T61.xlsx!H7", "named")]


def test_a_measure_may_name_its_memo_item() -> None:
    rows = [
        a_saving(counterpart="HSK-2"),
        a_saving(savings_measure="HSK-2", memo=True, counterpart="HSK-1"),
    ]
    assert said(_plain_city(), savings=rows) == []


# --- counted nowhere --------------------------------------------------------------------------


def test_a_memo_item_of_a_memo_item_is_counted_nowhere() -> None:
    rows = [
        a_saving(memo=True, counterpart="HSK-2"),
        a_saving(savings_measure="HSK-2", memo=True, counterpart="HSK-3"),
        a_saving(savings_measure="HSK-3"),
    ]
    found = findings(_plain_city(), savings=rows)
    assert [(each.rule, each.place.cell) for each in found] == [("H07", "I7")]
    assert "HSK-1 nennt als Gegenposition HSK-2" in text(found, "H07")


def test_a_memo_item_is_not_its_own_counterpart() -> None:
    found = findings(_plain_city(), savings=[a_saving(memo=True, counterpart="HSK-1")])
    assert [(each.rule, each.place.cell) for each in found] == [("H07", "I7")]
    assert "nennt sich selbst" in text(found, "H07")


# --- less than planned ------------------------------------------------------------------------


@cache
def _controlling(**settings: Cell) -> Master:
    facts = {"uses_savings": True, "round": "Controlling", "as_of": "2027-09-30", **settings}
    return a_sound_master(settings=facts)


def _told(master: Master, *rows: dict[str, Cell]) -> list[bool]:
    """Of several measures that plan 100,000 euro for 2027: who is asked for compensation."""
    savings = [
        a_saving(savings_measure=f"HSK-{number}", plan_2027=100_000_00, **row)
        for number, row in enumerate(rows)
    ]
    found = findings(master, savings=savings)
    asked = {each.values["nr"] for each in found if each.rule == "H05"}
    return [f"HSK-{number}" in asked for number in range(len(rows))]


def test_a_forecast_below_the_tolerance_asks_for_compensation() -> None:
    """The tolerance is green_from, 95 %: 95,000 of 100,000 is in plan, one cent less is not."""
    short = {"forecast_2027": 94_999_99}
    answered = {**short, "compensation": "Stellensperre"}
    enough = {"forecast_2027": 95_000_00}
    assert _told(_controlling(), enough, short, answered) == [False, True, False]
    assert _told(_controlling(green_from=9_000), short) == [False]


def test_the_shortfall_names_year_and_amounts() -> None:
    row = a_saving(plan_2027=100_000_00, forecast_2027=60_000_00)
    found = findings(_controlling(), savings=[row])
    (only,) = [each for each in found if each.rule == "H05"]
    column = _controlling().submission_tables["savings"].names.index("compensation") + 2
    assert only.place.cell == f"{chr(64 + column)}7"
    assert "HSK-1: Für 2027 werden 60.000 € von 100.000 € erreicht" in text(found, "H05")


def test_the_actual_of_a_running_year_is_no_shortfall() -> None:
    """In September nine months are saved; only when the year is over the actual is the result."""
    part, whole = {"actual_2027": 70_000_00}, {"actual_2027": 100_000_00}
    both = {**part, "forecast_2027": 99_000_00}
    assert _told(_controlling(as_of="2027-12-30"), part) == [False]
    assert _told(_controlling(as_of="2027-12-31"), part, whole, both) == [True, False, False]


def test_increments_are_compared_with_increments() -> None:
    """60 of 100 in the year itself, though 300 were saved before: the running sum proves nothing."""
    facts = {"effect": "Zuwachs", "actual_2025": 300_000_00}
    short, enough = ({**facts, "forecast_2027": cents} for cents in (60_000_00, 100_000_00))
    assert _told(_controlling(), short, enough) == [True, False]


def test_what_cannot_be_carried_out_needs_something_in_its_place() -> None:
    given_up = a_saving(state="nicht umsetzbar", **_plans(0, 8_000_00))
    others = [
        {**given_up, "plan_2028": 0},
        {**given_up, "compensation": "Vergabe an Dritte"},
        {**given_up, "state": "offen"},
    ]
    rows = [{**row, "savings_measure": f"HSK-{n}"} for n, row in enumerate([given_up, *others])]
    found = findings(_plain_city(), savings=rows)
    assert [(each.rule, each.values["nr"]) for each in found] == [("H05", "HSK-0")]
    assert "geplant sind aber weiterhin 8.000 € für 2028" in text(found, "H05")
