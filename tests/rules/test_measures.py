"""Rules over measures, their amounts and their commitments."""

from __future__ import annotations

from tests.rules.returns import (
    UNREADABLE,
    a_commitment,
    a_cost,
    a_measure,
    a_sound_master,
    findings,
    said,
    text,
)

M1 = "M-T61-001"
ROAD = {"product": "541.10", "line": "F08", "measure": M1}


def _road(**change: object) -> dict[str, object]:
    return a_measure(product="541.10", title="Radweg", type="investiv", **change)


def test_nearly_the_same_title_twice_in_a_product() -> None:
    rows = [
        a_measure(title="Spielplatz Am Anger erneuern"),
        a_measure(measure="M-T61-002", title="Spielplatz am Anger erneuern."),
    ]
    found = findings(measures=rows)
    assert [(each.rule, each.place.cell) for each in found] == [("M03", "C8")]
    assert "M-T61-001 und M-T61-002" in text(found, "M03")


def test_numbered_sections_and_other_products_are_different_measures() -> None:
    sections = [
        a_measure(title="Kanal Rethen 1. Abschnitt"),
        a_measure(measure="M-T61-002", title="Kanal Rethen 2. Abschnitt"),
    ]
    assert said(measures=sections) == []
    products = [
        a_measure(title="Beratung"),
        a_measure(measure="M-T61-002", title="Beratung", product="541.10"),
    ]
    assert said(measures=products) == []


def test_a_measure_ends_after_it_starts() -> None:
    assert said(measures=[a_measure(start="2027-03", end="2027-03")]) == []
    found = findings(measures=[a_measure(start="2027-03", end="2026-12")])
    assert [(each.rule, each.place.cell) for each in found] == [("M04", "I7")]
    assert text(found, "M04") == "Das Ende (12.2026) liegt vor dem Beginn (03.2027)."


def test_money_outside_the_time_of_a_measure() -> None:
    measure = a_measure(start="2028-01", end="2029-12")
    found = findings(costs=[a_cost(measure=M1, amount_2030=0)], measures=[measure])
    assert [(each.rule, each.place.cell, each.keys["year"]) for each in found] == [
        ("M05", "J7", "2027")
    ]
    assert "von 01.2028 bis 12.2029" in text(found, "M05")


def test_continued_money_outside_its_time_is_named_at_the_choice() -> None:
    row = a_cost(measure=M1, continuation="wie Ansatz", amount_2030=None)
    assert said(costs=[row], measures=[a_measure(end="2029-06")]) == [("M05", "Ansätze!F7")]


def test_total_cost_is_before_plus_years_plus_later() -> None:
    costs = [
        a_cost(**ROAD),
        a_cost(
            product="541.10",
            line="F01",
            measure=M1,
            amount_2027=1,
            amount_2028=0,
            amount_2029=0,
            amount_2030=0,
        ),
    ]
    fits = _road(total_cost=500_000_00, spent_before=15_000_00, later=5_000_00, funder="Land")
    assert said(costs=costs, measures=[fits]) == []
    found = findings(costs=costs, measures=[{**fits, "total_cost": 500_000_01}])
    assert [(each.rule, each.place.cell) for each in found] == [("M06", "K7")]
    assert "zusammen 500.000 € (Unterschied 0,01 €)" in text(found, "M06")


def test_continued_years_belong_to_the_total() -> None:
    row = a_cost(
        **ROAD, continuation="wie Ansatz", amount_2028=None, amount_2029=None, amount_2030=None
    )
    assert said(costs=[row], measures=[_road(total_cost=480_000_00)]) == []


def test_no_total_is_judged_over_an_amount_that_could_not_be_read() -> None:
    row = a_cost(**ROAD, amount_2029=UNREADABLE)
    assert said(costs=[row], measures=[_road(total_cost=480_000_00)]) == []
    whole = a_cost(**ROAD)
    assert said(costs=[whole], measures=[_road(total_cost=480_000_01, later=UNREADABLE)]) == []


def test_a_large_investment_needs_appraisal_and_followup_cost() -> None:
    master = a_sound_master(settings={"investment_threshold": 480_000_00})
    costs = [a_cost(**ROAD)]
    assert said(master, costs=costs, measures=[_road(appraisal=True, followup_cost=0)]) == []
    assert said(master, costs=costs, measures=[_road(appraisal=True)]) == [("M09", "Maßnahmen!N7")]
    found = findings(master, costs=costs, measures=[_road(appraisal=False)])
    assert [(each.rule, each.place.cell) for each in found] == [("M09", "S7")]
    assert "der Wirtschaftlichkeitsvergleich und die Angabe der Folgekosten" in text(found, "M09")


def test_a_small_investment_needs_neither() -> None:
    master = a_sound_master(settings={"investment_threshold": 480_000_01})
    assert said(master, costs=[a_cost(**ROAD)], measures=[_road()]) == []


def test_a_finished_measure_has_no_money_to_come() -> None:
    found = findings(
        costs=[a_cost(measure=M1, amount_2029=0, amount_2030=0)],
        measures=[a_measure(status="abgeschlossen")],
    )
    assert [(each.rule, each.place.cell) for each in found] == [("M10", "G7")]
    assert "2027 und 2028" in text(found, "M10")


def test_funding_is_not_higher_than_the_cost() -> None:
    costs = [a_cost(measure=M1, line="02"), a_cost(measure=M1, amount_2027=119_000_00)]
    found = findings(costs=costs, measures=[a_measure(funder="Bund")])
    assert [(each.rule, each.place.cell) for each in found] == [("M11", "O7")]
    assert "480.000 € sind höher als die Kosten von 479.000 €" in text(found, "M11")


def test_funding_names_its_source() -> None:
    costs = [a_cost(measure=M1, line="02"), a_cost(measure=M1)]
    found = findings(costs=costs, measures=[a_measure()])
    assert [(each.rule, each.values["variant"]) for each in found] == [("M11", "funder")]


def test_commitments_are_covered_by_the_payments_of_the_year_they_fall_due() -> None:
    costs = [a_cost(product="541.10", line="F08")]
    assert said(costs=costs, commitments=[a_commitment(due_2028=120_000_00)]) == []
    found = findings(costs=costs, commitments=[a_commitment(due_2028=120_000_01)])
    assert [(each.rule, each.place.cell) for each in found] == [("M08", "F7")]
    assert "120.000,01 € vorgesehen, an Auszahlungen aber nur 120.000 €" in text(found, "M08")


def test_commitments_for_the_same_payments_add_up() -> None:
    costs = [a_cost(product="541.10", line="F08")]
    rows = [
        a_commitment(due_2029=70_000_00, due_2028=0),
        a_commitment(due_2029=70_000_00, due_2028=0),
    ]
    assert said(costs=costs, commitments=rows) == [("M08", "Verpflichtungen!G8")]


def test_a_commitment_of_a_measure_is_covered_by_that_measures_payments() -> None:
    costs = [a_cost(product="541.10", line="F08"), a_cost(**ROAD, amount_2028=5_000_00)]
    rows = [a_commitment(measure=M1, due_2028=6_000_00)]
    found = said(costs=costs, measures=[_road()], commitments=rows)
    assert [each for each in found if each[0] == "M08"] == [("M08", "Verpflichtungen!F7")]


def test_commitments_are_only_for_investment_payments() -> None:
    found = findings(costs=[a_cost()], commitments=[a_commitment(product="511.10", line="13")])
    assert [(each.rule, each.place.cell, each.values["variant"]) for each in found] == [
        ("M08", "C7", "line")
    ]


def test_commitments_are_given_in_a_budget_year() -> None:
    costs = [a_cost(product="541.10", line="F08")]
    found = findings(costs=costs, commitments=[a_commitment(year=2028)])
    assert [(each.rule, each.place.cell, each.values["soll"]) for each in found] == [
        ("M08", "E7", "2027")
    ]


def test_what_falls_due_after_the_plan_stands_with_the_measure() -> None:
    costs = [a_cost(**ROAD)]
    rows = [a_commitment(measure=M1, due_2028=0, due_later=9_000_00)]
    assert said(costs=costs, measures=[_road(later=9_000_00)], commitments=rows) == []
    found = findings(costs=costs, measures=[_road(later=8_999_99)], commitments=rows)
    assert [(each.rule, each.place.cell, each.values["variant"]) for each in found] == [
        ("M08", "I7", "later")
    ]
