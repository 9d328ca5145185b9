"""Rules over the rows of the sheet Ansätze."""

from __future__ import annotations

from pipeline.model.findings import Severity
from tests.rules.returns import (
    a_cost,
    a_measure,
    a_sound_master,
    findings,
    said,
    text,
    with_row,
)


def test_an_expense_has_no_minus_sign() -> None:
    found = findings(costs=[a_cost(amount_2028=-5_000_00)])
    assert [(each.rule, each.place.cell) for each in found if each.severity is Severity.ERROR] == [
        ("Z08", "K7")
    ]
    assert "-5.000 €" in text(found, "Z08")


def test_a_line_with_both_signs_takes_a_minus() -> None:
    line = {
        "line": "09",
        "title": "Bestandsveränderungen",
        "plan": "Ergebnis",
        "kind": "revenue",
        "sign": "+/−",
    }
    master = a_sound_master(lines=with_row("lines", **line))
    assert said(master, costs=[a_cost(line="09", amount_2028=-5_000_00)]) == []


def test_amounts_are_rounded_as_finance_asks() -> None:
    master = a_sound_master(settings={"rounding": 100})
    assert said(master, costs=[a_cost(amount_2028=120_000_00)]) == []
    assert said(master, costs=[a_cost(amount_2028=120_050_00)]) == [("Z12", "Ansätze!K7")]


def test_a_factor_of_ten_against_last_year_is_asked_about() -> None:
    found = findings(costs=[a_cost(line="02", amount_2026=43_389_00, **_every_year(433_676_00))])
    assert [(each.rule, each.place.cell) for each in found] == [("Z06", "J7")]
    assert "Faktor 10 " in text(found, "Z06")


def test_thousands_of_euro_in_one_year_are_asked_about() -> None:
    found = findings(costs=[a_cost(amount_2029=120_00)])
    assert [(each.rule, each.place.cell) for each in found] == [("Z06", "L7")]
    assert "Faktor 1000" in text(found, "Z06")


def test_twice_as_much_is_no_factor_of_ten() -> None:
    assert said(costs=[a_cost(amount_2029=240_000_00)]) == []


def test_a_jump_against_last_year_wants_an_explanation() -> None:
    assert said(costs=[a_cost(line="02", amount_2026=96_000_00)]) == [("A10", "Ansätze!J7")]
    assert said(costs=[a_cost(line="02", amount_2026=96_100_00)]) == []


def test_the_amounts_of_a_project_may_jump() -> None:
    row = a_cost(line="02", amount_2026=60_000_00, measure="M-T61-001")
    cost = a_cost(measure="M-T61-001")
    assert said(costs=[row, cost], measures=[a_measure(funder="Land")]) == []


def test_an_explained_jump_stays_visible_as_explained() -> None:
    (found,) = findings(
        costs=[a_cost(line="02", amount_2026=60_000_00, remark="Neues Förderprogramm")]
    )
    assert (found.rule, found.explained, found.blocking) == ("A10", True, False)


def test_an_internal_charge_names_its_partner() -> None:
    assert said(costs=[a_cost(line="28", partner="541.10")]) == []
    assert said(costs=[a_cost(line="28")]) == [("S18", "Ansätze!G7")]


def test_orientation_data_must_be_stated_for_every_year_they_fill() -> None:
    stated = [
        {"name": "Orientierungsdaten", "year": 2028, "value": 2},
        {"name": "Orientierungsdaten 13", "year": 2030, "value": 1},
    ]
    master = a_sound_master(base_values=stated)
    row = a_cost(
        continuation="Orientierungsdaten", amount_2028=None, amount_2029=None, amount_2030=None
    )
    found = findings(master, costs=[row])
    assert [(each.rule, each.place.cell, each.values["jahre"]) for each in found] == [
        ("Z24", "F7", "2029")
    ]


def test_the_ceiling_counts_expense_less_revenue_without_internal_and_investment() -> None:
    ceilings = [{"unit": "T61", "year": 2027, "amount": 100_000_00}]
    master = a_sound_master(ceilings=ceilings)
    rows = [
        a_cost(amount_2027=120_000_00),
        a_cost(line="02", amount_2027=20_000_00),
        a_cost(line="28", partner="541.10"),
        a_cost(product="541.10", line="F08"),
    ]
    assert said(master, costs=rows) == []
    found = findings(master, costs=[*rows, a_cost(amount_2027=1)])
    assert [(each.rule, each.place.sheet, each.place.cell, each.unit) for each in found] == [
        ("A05", "Ansätze", "", "T61")
    ]
    assert "um 0,01 € über dem Eckwert von 100.000 €" in text(found, "A05")


def test_measures_that_are_only_listed_do_not_count_for_the_ceiling() -> None:
    master = a_sound_master(ceilings=[{"unit": "T61", "year": 2027, "amount": 100_000_00}])
    listed = [a_cost(measure="M-T61-001")]
    assert [rule for rule, _ in said(master, costs=listed, measures=[a_measure()])] == ["A05"]
    assert said(master, costs=listed, measures=[a_measure(status="zurückgestellt")]) == []


def test_continued_years_count_for_the_ceiling() -> None:
    master = a_sound_master(ceilings=[{"unit": "T61", "year": 2030, "amount": 100_000_00}])
    row = a_cost(continuation="wie Ansatz", amount_2028=None, amount_2029=None, amount_2030=None)
    found = findings(master, costs=[row])
    assert [(each.rule, each.keys["year"]) for each in found] == [("A05", "2030")]


def test_a_plan_far_below_the_last_result_may_have_lost_something() -> None:
    found = findings(costs=[a_cost(amount_2027=60_000_00)])
    assert [(each.rule, each.place.cell) for each in found] == [("A08", "J7")]
    assert text(found, "A08") == (
        "511.10, Zeile 13: Der Ansatz von 60.000 € liegt 49 % unter dem Ergebnis 2025 "
        "von 118.250,40 €."
    )


def test_several_rows_of_a_line_are_compared_together() -> None:
    assert said(costs=[a_cost(**_every_year(60_000_00)), a_cost(**_every_year(60_000_00))]) == []


def _every_year(cents: int) -> dict[str, int]:
    return {f"amount_{year}": cents for year in (2027, 2028, 2029, 2030)}
