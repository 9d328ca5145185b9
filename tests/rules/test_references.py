"""What a cell names must exist and be the unit's business."""

from __future__ import annotations

from tests.rules.returns import (
    a_commitment,
    a_cost,
    a_count,
    a_measure,
    a_return,
    a_sound_master,
    findings,
    said,
    text,
    with_row,
)


def test_an_unknown_product_is_named_with_the_most_similar_one() -> None:
    found = findings(costs=[a_cost(product="511.1O")])
    assert [(each.rule, each.place.cell) for each in found] == [("S01", "B7")]
    assert (
        text(found, "S01")
        == "Das Produkt „511.1O“ in B7 gibt es im Produktplan nicht. Meinten Sie „511.10“?"
    )


def test_an_unknown_product_without_anything_similar() -> None:
    assert text(findings(costs=[a_cost(product="xyz")]), "S01").endswith(
        "gibt es im Produktplan nicht."
    )


def test_a_product_number_that_lost_its_zero_is_recognised() -> None:
    found = findings(costs=[a_cost(product="511.1")])
    assert [(each.rule, each.place.cell) for each in found] == [("S04", "B7")]
    assert "511.10" in text(found, "S04")


def test_leading_zeros_are_recognised_too() -> None:
    products = [{"product": "01.01.01", "title": "Rat", "unit": "T61"}]
    master = a_sound_master(
        products=products, product_goals=[], kpis=[], previous_kpis=[], previous_amounts=[]
    )
    assert said(master, costs=[a_cost(product="10101")]) == [("S04", "Ansätze!B7")]


def test_a_product_of_another_unit() -> None:
    found = findings(costs=[a_cost(product="111.30")])
    assert [(each.rule, each.place.cell) for each in found] == [("S02", "B7")]
    assert "T12 Team Personal, nicht zu T61" in text(found, "S02")


def test_a_participating_unit_has_rows_of_its_own() -> None:
    master = a_sound_master(
        product_units=[{"product": "111.30", "unit": "T61", "part": "Beteiligung"}]
    )
    assert said(master, costs=[a_cost(product="111.30")]) == []


def test_an_unknown_line() -> None:
    assert said(costs=[a_cost(line="14")]) == [("S13", "Ansätze!C7")]


def test_a_computed_line_is_never_typed() -> None:
    found = findings(costs=[a_cost(line="10")])
    assert [(each.rule, each.place.cell) for each in found] == [("S16", "C7")]
    assert "Ordentliche Erträge" in text(found, "S16")


def test_a_line_that_a_central_unit_plans() -> None:
    found = findings(costs=[a_cost(line="11")])
    assert [(each.rule, each.place.cell) for each in found] == [("S17", "C7")]
    assert "T12" in text(found, "S17")


def test_the_central_unit_plans_that_line_for_every_product() -> None:
    assert said(unit="T12", costs=[a_cost(line="11", amount_2027=400_000_00)]) == []


def test_a_measure_must_be_described_in_the_same_file() -> None:
    assert said(costs=[a_cost(measure="M-T61-001")], measures=[a_measure()]) == []
    assert said(costs=[a_cost(measure="M-T61-002")], measures=[a_measure()]) == [
        ("M12", "Ansätze!D7")
    ]


def test_a_measure_of_another_file_does_not_count() -> None:
    master = a_sound_master()
    other = a_return(
        master, unit="T12", measures=[a_measure(product="111.30", measure="M-T12-001")]
    )
    assert said(master, other, costs=[a_cost(measure="M-T12-001")]) == [("M12", "Ansätze!D7")]


def test_an_unknown_goal() -> None:
    assert said(measures=[a_measure(goal="Z1")]) == []
    assert said(measures=[a_measure(goal="Z9")]) == [("S05", "Maßnahmen!E7")]


def test_a_goal_that_a_department_added_is_known() -> None:
    levels = with_row("levels", level="Team", order=2, filled_by="Fachamt")
    goal = {"goal": "T61-1", "title": "Grünes Band", "level": "Team", "parent": "Z1"}
    assert (
        said(a_sound_master(levels=levels), goals=[goal], measures=[a_measure(goal="T61-1")]) == []
    )


def test_an_unknown_level_of_a_department_goal() -> None:
    levels = with_row("levels", level="Team", order=2, filled_by="Fachamt")
    goal = {"goal": "T61-1", "title": "Grünes Band", "level": "Gruppe", "parent": "Z1"}
    assert said(a_sound_master(levels=levels), goals=[goal]) == [("S15", "Ziele!E7")]


def test_an_unknown_key_figure() -> None:
    assert ("K01", "Kennzahlen!B7") in said(kpis=[a_count(kpi="K-999")])


def test_a_key_figure_that_another_unit_is_asked_for() -> None:
    found = findings(kpis=[a_count(kpi="K-004")])
    assert [each.values.get("variant") for each in found if each.rule == "K01"] == ["other"]


def test_an_unknown_product_in_commitments() -> None:
    assert said(commitments=[a_commitment(product="999.99", due_2028=0)]) == [
        ("S01", "Verpflichtungen!B7")
    ]


def test_an_unknown_partner_product() -> None:
    assert said(costs=[a_cost(line="28", partner="nichts")]) == [("S01", "Ansätze!G7")]


def test_a_partner_may_belong_to_anybody() -> None:
    assert said(costs=[a_cost(line="28", partner="111.30")]) == []


def test_a_unit_with_central_lines_only_for_one_product() -> None:
    master = a_sound_master(responsibilities=[{"line": "11", "product": "541.10", "unit": "T12"}])
    assert said(master, unit="T12", costs=[a_cost(line="11", product="541.10")]) == []
    assert said(master, unit="T12", costs=[a_cost(line="11")]) == [("S02", "Ansätze!B7")]
