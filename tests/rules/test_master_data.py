"""A master that cannot be used is refused with the cell that must be mended."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pipeline.model.findings import Severity
from pipeline.model.master import Master
from tests.builders import YEARS
from tests.rules.returns import (
    Row,
    a_sound_master,
    changed,
    master_findings,
    said_of_master,
    text,
    with_row,
)


def _errors(master: Master) -> list[tuple[str, str]]:
    found = master_findings(master)
    return [
        (each.rule, f"{each.place.sheet}!{each.place.cell}")
        for each in found
        if each.severity is Severity.ERROR
    ]


def test_a_sound_master_is_said_nothing_about() -> None:
    assert said_of_master(a_sound_master()) == []


@pytest.mark.parametrize(
    ("table", "row", "rule", "cell"),
    [
        ("products", {"product": "x", "title": "X", "unit": "T99"}, "S14", "Produkte!F10"),
        ("product_goals", {"product": "999", "goal": "Z1"}, "S01", "Produktziele!B11"),
        ("product_goals", {"product": "111.30", "goal": "Z9"}, "S05", "Produktziele!C11"),
        ("responsibilities", {"line": "77", "unit": "T12"}, "S13", "Zuständigkeiten!B8"),
        ("goals", {"goal": "Z5", "title": "Z", "level": "Stern"}, "S15", "Ziele!F10"),
        ("kpi_units", {"kpi": "K-9", "unit": "T12"}, "K01", "Kennzahleinheiten!B7"),
        ("units", {"unit": "T12", "title": "X", "expects_return": True}, "S10", "Organisation!B10"),
        ("units", {"unit": "T13", "expects_return": True}, "Z14", "Organisation!C10"),
    ],
)  # fmt: skip
def test_what_a_row_names_must_exist_once(table: str, row: Row, rule: str, cell: str) -> None:
    assert (rule, cell) in _errors(a_sound_master(**{table: with_row(table, **row)}))


@pytest.mark.parametrize(
    ("formula", "variant"),
    [
        ("70..79", ""),
        ("02+77", ""),
        ("02 13", "unreadable"),
        (None, "missing"),
        ("10+13", "circle"),
    ],
)
def test_formulas_lead_to_known_lines(formula: str | None, variant: str) -> None:
    master = a_sound_master(lines=changed("lines", "10", formula=formula))
    found = master_findings(master)
    assert [(each.rule, each.place.cell, each.values.get("variant", "")) for each in found] == [
        ("S19", "H8", variant)
    ]


def test_a_formula_may_join_lines_in_any_order_of_the_plan() -> None:
    total = {
        "line": "29",
        "title": "Ergebnis",
        "plan": "Ergebnis",
        "sign": "=",
        "formula": "10-11-13",
    }
    assert said_of_master(a_sound_master(lines=[total, *with_row("lines")[:-1]])) == []


def test_goals_in_a_circle_and_goals_without_their_parent() -> None:
    circle = changed("goals", "Z1", parent="Z2")
    circle = [{**row, "parent": "Z1"} if row["goal"] == "Z2" else row for row in circle]
    assert {rule for rule, _ in _errors(a_sound_master(goals=circle))} == {"S06"}
    orphan = a_sound_master(goals=changed("goals", "Z1", parent="Z9"))
    assert _errors(orphan) == [("S06", "Ziele!E7")]


def test_a_level_that_must_refer_upwards_does() -> None:
    levels = with_row("levels", level="Amt", order=2, refers_up=True)
    goals = with_row("goals", goal="A1", title="Amtsziel", level="Amt")
    assert _errors(a_sound_master(levels=levels, goals=goals)) == [("S07", "Ziele!E10")]
    goals[-1] = {**goals[-1], "parent": "Z1"}
    assert _errors(a_sound_master(levels=levels, goals=goals)) == []


def test_shares_of_a_product_are_the_whole_at_most() -> None:
    links = with_row("product_goals", product="541.10", goal="Z2", share=5_001)
    found = master_findings(a_sound_master(product_goals=links))
    assert [(each.rule, each.place.cell) for each in found] == [("S09", "D11")]
    assert "100,01 %" in text(found, "S09")
    links[-1] = {**links[-1], "share": 5_000}
    assert said_of_master(a_sound_master(product_goals=links)) == []


def test_a_product_without_goal_is_only_noted() -> None:
    links = with_row("product_goals")[:3]
    (found,) = master_findings(a_sound_master(product_goals=links))
    assert (found.rule, found.severity, found.place.cell) == ("S08", Severity.NOTE, "B9")


def test_a_goal_that_nothing_serves() -> None:
    goals = with_row("goals", goal="Z3", title="Einsam", level="strategisch")
    assert said_of_master(a_sound_master(goals=goals)) == [("S11", "Ziele!B10")]
    goals[-1] = {**goals[-1], "state": "ruhend"}
    assert said_of_master(a_sound_master(goals=goals)) == []


def test_shares_that_move_no_money_and_links_that_bring_none() -> None:
    tag = with_row("product_goals", product="541.10", goal="R1", share=1_000)
    assert said_of_master(a_sound_master(product_goals=tag)) == [("S23", "Produktziele!D11")]
    bare = with_row("product_goals", product="541.10", goal="Z2")
    assert said_of_master(a_sound_master(product_goals=bare)) == [("S24", "Produktziele!D11")]


def test_product_numbers_follow_their_pattern_where_there_is_one() -> None:
    assert said_of_master(a_sound_master(settings={"product_pattern": r"\d{3}\.\d{2}"})) == []
    found = said_of_master(a_sound_master(settings={"product_pattern": r"\d{6}"}))
    assert found == [("S22", "Produkte!B7"), ("S22", "Produkte!B8"), ("S22", "Produkte!B9")]


def test_a_pattern_that_is_none_is_a_faulty_setting() -> None:
    assert [
        rule for rule, _ in said_of_master(a_sound_master(settings={"product_pattern": "("}))
    ] == ["S20"]


def test_budget_years_are_those_the_settings_announce() -> None:
    assert _errors(a_sound_master(settings={"budget_years": 2})) == [("S25", "Jahre!B9")]
    assert _errors(a_sound_master(settings={"budget_year": 2026})) == [("S25", "Jahre!B9")]


def test_units_in_a_circle() -> None:
    assert _errors(a_sound_master(units=changed("units", "STADT", parent="T61"))) == [
        ("S26", "Organisation!D7"),
        ("S26", "Organisation!D8"),
    ]


def test_rules_and_waivers_name_rules_that_exist() -> None:
    master = a_sound_master(rules=[{"rule": "X99"}], waivers=[{"rule": "Z99", "key": "product: 5"}])
    assert said_of_master(master) == [
        ("S27", "Ausnahmen!B7"),
        ("S28", "Ausnahmen!E7"),
        ("S27", "Regeln!B7"),
    ]


def test_numerator_and_denominator_name_something_known() -> None:
    assert said_of_master(a_sound_master(kpis=changed("kpis", "K-002", denominator="Straßen"))) == [
        ("K13", "Kennzahlen!L8")
    ]


def test_an_earlier_target_against_its_direction_only_warns() -> None:
    (found,) = master_findings(
        a_sound_master(kpis=changed("kpis", "K-001", base_value=Decimal("6.5")))
    )
    assert (found.rule, found.severity, found.place.sheet) == (
        "K08",
        Severity.WARNING,
        "Vorjahreskennzahlen",
    )


def test_an_empty_sheet_that_is_needed() -> None:
    nothing: dict[str, Any] = {name: [] for name in (
        "products", "product_goals", "kpis", "previous_kpis", "previous_amounts",
    )}  # fmt: skip
    found = [each for each in master_findings(a_sound_master(**nothing)) if each.rule == "S21"]
    assert [each.values["blatt"] for each in found] == ["Produkte"]


def test_a_sum_line_has_no_previous_amounts() -> None:
    row = {"unit": "T61", "product": "511.10", "line": "10", "year": 2026, "amount": 1}
    assert _errors(a_sound_master(previous_amounts=[row])) == [("S16", "Vorjahresbeträge!D7")]


def test_a_seventh_year_is_data() -> None:
    later = replace(YEARS[-1], year=2031, title="Planung 2031")
    assert said_of_master(a_sound_master(years=(*YEARS, later))) == []
