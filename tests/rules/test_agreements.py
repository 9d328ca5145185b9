"""What is said of the sheet Zielvereinbarungen before anybody signs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from pipeline.model.blocks import State
from pipeline.model.findings import Severity
from pipeline.model.master import Master
from tests.rules.returns import (
    Row,
    a_sound_master,
    master_findings,
    said_of_master,
    text,
)

TOP: Row = {"agreement": "ZV-OB", "unit": "STADT", "partner": "Verwaltungsvorstand"}
TEAM: Row = {"agreement": "ZV-61", "parent": "ZV-OB", "unit": "T61", "partner": "Teamleitung"}
SOUND: tuple[Row, ...] = (
    {**TOP, "goal": "Z1", "weight": Decimal(60)},
    {"agreement": "ZV-OB", "unit": "STADT", "goal": "Z2", "weight": Decimal(40)},
    {**TEAM, "goal": "Z1", "kpi": "K-001", "target": Decimal(7), "weight": Decimal(100)},
)


def a_master(*rows: Row, used: bool = True) -> Master:
    return a_sound_master(target_agreements=[*(rows or SOUND)], settings={"uses_agreements": used})


def instead(number: int, **change: Any) -> Master:  # noqa: ANN401 - whatever a cell may hold
    """The sound agreements with one row changed."""
    rows = list(SOUND)
    rows[number] = {**rows[number], **change}
    return a_master(*rows)


def said(master: Master) -> list[tuple[str, str]]:
    return [
        (rule, place.removeprefix("Zielvereinbarungen!")) for rule, place in said_of_master(master)
    ]


def test_sound_agreements_are_said_nothing_about() -> None:
    assert said(a_master()) == []


def test_weights_make_one_hundred_and_the_sum_is_named() -> None:
    (found,) = master_findings(instead(1, weight=Decimal("39.5")))
    assert (found.rule, found.severity, found.place.cell) == ("S40", Severity.ERROR, "J8")
    assert "ZV-OB ergeben zusammen 99,5" in text([found], "S40")
    assert said(instead(1, weight=Decimal(41))) == [("S40", "J8")]


def test_three_thirds_of_a_hundred_are_a_hundred_exactly() -> None:
    thirds = [
        {**TOP, "goal": goal, "weight": Decimal(each)}
        for goal, each in (("Z1", "33.33"), ("Z2", "33.33"), ("R1", "33.34"))
    ]
    assert said(a_master(*thirds)) == []


def test_an_agreement_without_any_weight_is_only_warned_about() -> None:
    bare = [{**TOP, "goal": "Z1"}, {**TOP, "goal": "Z2"}]
    (found,) = master_findings(a_master(*bare))
    assert (found.rule, found.severity, found.place.cell) == ("S45", Severity.WARNING, "J7")


def test_a_row_that_agrees_on_nothing_is_named() -> None:
    assert said(instead(0, goal=None)) == [("S45", "F7")]


def test_a_parent_exists() -> None:
    (found,) = master_findings(instead(2, parent="ZV-XX"))
    assert (found.rule, found.severity, found.place.cell) == ("S41", Severity.ERROR, "C9")
    assert "eine Zielvereinbarung ZV-XX gibt es nicht" in text([found], "S41")


def test_agreements_do_not_stand_above_each_other_in_a_circle() -> None:
    found = master_findings(instead(0, parent="ZV-61"))
    circle = [each for each in found if each.rule == "S41"]
    assert [each.place.cell for each in circle] == ["C7", "C9"]
    assert "wieder sich selbst" in text(circle[:1], "S41")


def test_a_parent_that_is_left_empty_is_no_fault() -> None:
    """It is the next agreement above in the organisation."""
    assert said(instead(2, parent=None)) == []


def test_an_agreement_that_stands_beside_the_organisation_is_pointed_out() -> None:
    third = {
        "agreement": "ZV-12",
        "parent": "ZV-61",
        "unit": "T12",
        "partner": "Teamleitung",
        "goal": "R1",
        "weight": Decimal(100),
    }
    (found,) = master_findings(a_master(*SOUND, third))
    assert (found.rule, found.severity, found.place.cell) == ("S44", Severity.WARNING, "C10")
    assert "nach der Organisation wäre es ZV-OB" in text([found], "S44")


def test_an_agreement_below_another_though_nothing_is_above_it() -> None:
    second = {
        **SOUND[0],
        "agreement": "ZV-12",
        "unit": "T12",
        "parent": "ZV-61",
        "weight": Decimal(100),
    }
    (found,) = master_findings(a_master({**SOUND[2], "parent": None}, second))
    assert (found.rule, found.severity, found.place.cell) == ("S44", Severity.WARNING, "C8")
    assert "nach der Organisation steht keine darüber" in text([found], "S44")


def test_a_unit_has_one_agreement() -> None:
    second = {**SOUND[2], "agreement": "ZV-61b"}
    (found,) = master_findings(a_master(*SOUND, second))
    assert (found.rule, found.severity, found.place.cell) == ("S42", Severity.ERROR, "D10")
    assert "neben ZV-61b schon die Zielvereinbarung ZV-61" in text([found], "S42")


def test_the_rows_of_an_agreement_do_not_contradict_each_other() -> None:
    found = master_findings(instead(1, unit="T12", partner="Stabsstelle"))
    assert [(each.rule, each.severity, each.place.cell) for each in found] == [
        ("S43", Severity.ERROR, "D8"),
        ("S43", Severity.ERROR, "E8"),
    ]


def test_two_parents_of_one_agreement_are_a_contradiction() -> None:
    other = {"agreement": "ZV-61", "unit": "T61", "parent": "ZV-61", "goal": "Z2"}
    assert ("S43", "C10") in said(a_master(*SOUND, other))


def test_unit_goal_and_key_figure_are_known() -> None:
    found = said(instead(2, unit="T99", goal="Z9", kpi="K-999"))
    assert {("S14", "D9"), ("S05", "F9"), ("K01", "G9")} <= set(found)


def test_the_same_goal_and_key_figure_are_not_agreed_twice() -> None:
    twice = [SOUND[0], {**SOUND[1], "goal": "Z1"}, SOUND[2]]
    (found,) = master_findings(a_master(*twice))
    assert (found.rule, found.severity, found.place.cell) == ("S46", Severity.WARNING, "G8")
    assert "das Ziel Z1 ohne Kennzahl ein zweites Mal" in text([found], "S46")


def test_a_partner_is_a_function() -> None:
    partners = (
        "Frau Muster",
        "Amtsleitung, Dr. Muster",
        "Leitung Fachstelle Frau und Beruf",
        "Gleichstellungsbeauftragte",
        "Herrenhaus-Verwaltung",
    )
    rows = [{**TOP, "goal": "Z1", "partner": partner} for partner in partners]
    named = [cell for rule, cell in said(a_master(*rows)) if rule == "S47"]
    assert named == ["E7", "E8"]


def test_nothing_is_said_where_nobody_uses_agreements() -> None:
    faulty = [{**SOUND[0], "parent": "ZV-XX", "weight": Decimal(3), "partner": "Frau Muster"}]
    assert said(a_master(*faulty, used=False)) == []


def test_an_unreadable_weight_is_no_wrong_sum() -> None:
    master = instead(0, weight=None)
    assert said(master) == [("S40", "J8")]
    block = master.blocks["target_agreements"]
    state = block.state.copy()
    state.loc[0, "weight"] = State.UNREADABLE
    blocks = {**master.blocks, "target_agreements": replace(block, state=state)}
    assert said(replace(master, blocks=blocks)) == []
