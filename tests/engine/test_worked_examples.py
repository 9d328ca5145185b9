"""The table of worked examples: what every key figure must come to, by hand, with source or
derivation (``worked_examples.toml``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.attainment import Rating as Goal
from pipeline.attainment import (
    attained,
    attainment,
    capped,
    key_figure_results,
    rated,
    rolled_up,
    state_of,
)
from pipeline.key_figures import KeyFigure, reported
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.master import Master, Settings
from pipeline.model.submission import combined
from tests.builders import TABLES, a_master
from tests.rules.returns import a_return

Case = Mapping[str, Any]
TABLE: Mapping[str, Sequence[Case]] = tomllib.loads(
    (Path(__file__).parent / "worked_examples.toml").read_text(encoding="utf-8")
)
NOTHING = "–"


def _named(cases: Sequence[Case]) -> list[Any]:
    return [pytest.param(case, id=case["case"]) for case in cases]


def test_there_are_more_than_sixty_cases_each_once_and_with_its_source() -> None:
    cases = [case for table in TABLE.values() for case in table]
    assert len(cases) >= 60
    assert all(case["source"] for case in cases)
    for table in TABLE.values():
        names = [case["case"] for case in table]
        assert len(set(names)) == len(names)


def test_the_table_has_every_kind_direction_and_aggregation() -> None:
    def used(column: str, *, default: str) -> set[str]:
        tables = (*TABLE["attainment"], *TABLE["over_units"])
        return {case.get(column, default) for case in tables}

    assert used("kind", default="Fallzahl") == {
        "Fallzahl", "Bestand", "Betrag", "Quote", "Durchschnitt", "Stückkosten", "je Einwohner",
        "Index", "Note", "Ja/Nein", "Meilenstein",
    }  # fmt: skip
    assert used("direction", default="mindestens") == {
        "mindestens", "höchstens", "Band", "genau", "halten", "nachrichtlich",
    }  # fmt: skip
    assert {case.get("aggregation", "Summe") for case in TABLE["over_units"]} == {
        "Summe", "Stichtagssumme", "Quote", "gewichtet", "Minimum", "Maximum", "alle", "keine",
    }  # fmt: skip


# --- one key figure ---------------------------------------------------------------------------


def _number(case: Case, name: str) -> Fraction | None:
    return Fraction(case[name]) if name in case else None


def _fraction(text: str) -> Fraction | None:
    return None if text == NOTHING else Fraction(text)


@pytest.mark.parametrize("case", _named(TABLE["attainment"]))
def test_how_far_one_key_figure_reaches_its_target(case: Case) -> None:
    kpi = KeyFigure(
        kpi="K", product="P", goal="Z", kind=case.get("kind", "Fallzahl"),
        direction=case.get("direction", "mindestens"), aggregation="keine",
        numerator="", denominator="", base=_number(case, "base"),
        tolerance=_number(case, "tolerance") or Fraction(0), weight=Fraction(1), factor=1,
        due_date=case.get("due_date", ""),
    )  # fmt: skip
    settings = Settings(
        budget_year=2027,
        city="M",
        as_of="2026-10-15",
        at_most_rule=case.get("rule", "Ziel/Ist"),
        attainment_cap=case.get("cap", 10_000),
    )
    found = attained(
        kpi, actual=_number(case, "actual"), target=_number(case, "target"), settings=settings
    )
    assert found == _fraction(case["reached"])
    assert state_of(kpi, found, settings) == case["state"]
    if "capped" in case and found is not None:
        assert capped(found, settings) == Fraction(case["capped"])


# --- one value over units ---------------------------------------------------------------------


def _cells(kpi: str, told: str) -> dict[str, Any]:
    """What a unit types: ``7``, ``10/20``, ``2.1@40``; nothing behind a stroke where the part is
    named in the catalogue; ``–`` is left empty.
    """
    row: dict[str, Any] = {"kpi": kpi, "target_2027": Decimal(1)}
    if told == NOTHING:
        return row
    value, _, weight = told.partition("@")
    top, stroke, bottom = value.partition("/")
    parts = (
        {"numerator_2025": top, "denominator_2025": bottom}
        if stroke
        else {"actual_2025": value, "denominator_2025": weight}
    )
    return {**row, **{name: Decimal(text) for name, text in parts.items() if text}}


@cache
def _all_cases_in_one_city() -> pd.DataFrame:
    """Every case is a key figure ``K0``, ``K1`` … of one city (cheaper than forty cities); what it
    names besides carries its number.
    """
    common = {
        "title": "Kennzahl", "product": "511.10", "goal": "Z1", "kind": "Fallzahl",
        "direction": "mindestens", "aggregation": "Summe", "unit_of_measure": "Anzahl",
    }  # fmt: skip
    kpis, kpi_units, previous, base_values = [], [], [], []
    told: dict[str, list[dict[str, Any]]] = {}
    for number, case in enumerate(TABLE["over_units"]):
        own = {name: f"{name}{number}" for name in ("K", "K-Z", "K-N", "Einwohnerzahl")}
        facts = {name: case[name] for name in ("kind", "direction", "aggregation", "unit_of_measure") if name in case}  # fmt: skip
        parts = {name: own[case[name]] for name in ("numerator", "denominator") if name in case}
        reports = {"K": case["actual"], **case.get("others", {})}
        kpis.append({"kpi": own["K"], **common, **facts, **parts})
        kpis += [{"kpi": own[kpi], **common} for kpi in reports if kpi != "K"]
        for kpi, rows in reports.items():
            asked = case.get("units", sorted(rows)) if kpi == "K" else sorted(rows)
            kpi_units += [{"kpi": own[kpi], "unit": unit} for unit in asked]
            for unit, text in rows.items():
                told.setdefault(unit, []).append(_cells(own[kpi], text))
        targets = {**case.get("target", {}), **({"": case["target_all"]} if "target_all" in case else {})}  # fmt: skip
        previous += [{"kpi": own["K"], "unit": unit or None, "year": 2025, "target": Decimal(value)} for unit, value in targets.items()]  # fmt: skip
        base_values += [{"name": own[name], "year": 2025, "value": Decimal(value)} for name, value in case.get("base_values", {}).items()]  # fmt: skip
    offices = [{"unit": unit, "title": unit, "parent": "STADT", "expects_return": True} for unit in sorted(told)]  # fmt: skip
    master = a_master(
        units=[*TABLES["units"], *offices],
        kpis=kpis,
        kpi_units=kpi_units,
        previous_kpis=previous,
        base_values=base_values,
    )
    return _results(master, told)


def _values(master: Master, told: Mapping[str, Sequence[Mapping[str, Any]]]) -> pd.DataFrame:
    returns = [a_return(master, unit=unit, kpis=rows) for unit, rows in told.items()]
    tables = [master.submission_tables["kpis"]]
    sources = [(unit, file, {"kpis": blocks["kpis"]}) for unit, file, blocks in returns]
    return reported(combined(master, tables, sources), master)


def _results(master: Master, told: Mapping[str, Sequence[Mapping[str, Any]]]) -> pd.DataFrame:
    return key_figure_results(_values(master, told), master, city="stadt")


@pytest.mark.parametrize("case", _named(TABLE["over_units"]))
def test_what_several_offices_come_to(case: Case) -> None:
    found, kpi = _all_cases_in_one_city(), f"K{TABLE['over_units'].index(case)}"
    of_city = found[(found["kpi"] == kpi) & (found["scope"] == "city") & (found["year"] == 2025)]
    actual = of_city[of_city["role"] == "actual"].iloc[0]
    assert (None if actual["value"] is None else str(actual["value"])) == case.get("value")
    assert f"{actual['units_with_data']} von {actual['units']}" == case["data"]
    assert (None if actual["raw_bp"] is pd.NA else actual["raw_bp"]) == case.get("raw_bp")
    assert "state" not in case or actual["state"] == case["state"]
    if "target_value" in case:
        target = of_city[of_city["role"] == "target"].iloc[0]
        assert str(target["value"]) == case["target_value"]


def test_a_stock_stands_for_every_year_by_itself() -> None:
    # Stadt Münster printed 648.852 inhabitants between 322.715 and 323.724 (domain 14): a stock
    # added over time. Three years, three values.
    inhabitants = {"actual_2025": "322715", "target_2027": "324426", "target_2028": "323724"}
    kpi = {"kpi": "K", "title": "Einwohner", "product": "511.10", "goal": "Z1", "kind": "Bestand", "direction": "halten", "aggregation": "Stichtagssumme"}  # fmt: skip
    row = {"kpi": "K", **{name: Decimal(value) for name, value in inhabitants.items()}}
    found = _results(a_master(kpis=[kpi], previous_kpis=[]), {"T61": [row]})
    of_city = found[(found["scope"] == "city") & found["value"].notna()]
    assert [(int(y), int(v)) for y, v in zip(of_city["year"], of_city["value"], strict=True)] == [
        (2025, 322_715),
        (2027, 324_426),
        (2028, 323_724),
    ]


def test_a_controlling_round_holds_the_actual_of_the_year_against_its_plan() -> None:
    # In a planned year the parts are the plan's: they make the target, never the actual. 60 and 90
    # per cent reached, weighed by the planned 20 and 100 cases: 85 %; planned 83,33 %.
    kpi = {"kpi": "K", "title": "Quote", "product": "511.10", "goal": "Z1", "kind": "Quote", "direction": "mindestens", "aggregation": "Quote", "unit_of_measure": "%"}  # fmt: skip
    master = a_master(
        settings={"round": "Controlling"},
        kpis=[kpi],
        kpi_units=[{"kpi": "K", "unit": "T61"}, {"kpi": "K", "unit": "T12"}],
        previous_kpis=[],
    )
    planned = {
        "T61": {"numerator_2027": "10", "denominator_2027": "20"},
        "T12": {"numerator_2027": "90", "denominator_2027": "100"},
    }

    def told(**actual: str) -> dict[str, list[dict[str, Any]]]:
        return {
            unit: [{"kpi": "K", **{name: Decimal(text) for name, text in {**parts, **({"actual_2027": actual[unit]} if unit in actual else {})}.items()}}]
            for unit, parts in planned.items()
        }  # fmt: skip

    found = _results(master, told(T61="60", T12="90"))
    of_city = found[(found["scope"] == "city") & (found["year"] == 2027)].set_index("role")
    assert str(of_city.loc["target", "value"]) == "83.333333"
    assert str(of_city.loc["actual", "value"]) == "85.000000"
    assert of_city.loc["actual", "raw_bp"] == 10_200
    untold = _values(master, told())
    assert list(untold["role"].unique()) == ["target"]


# --- the roll-up ------------------------------------------------------------------------------


def _child(weight: str, reached: str, coverage: str = "") -> Goal:
    child = rated(_fraction(reached), Fraction(weight))
    if not coverage:
        return child
    return Goal(
        reached=child.reached,
        coverage=Fraction(coverage),
        kpis_with_data=child.kpis_with_data,
        kpis=2,
        weight=child.weight,
    )


@pytest.mark.parametrize("case", _named(TABLE["roll_up"]))
def test_how_far_a_goal_is_reached(case: Case) -> None:
    found = rolled_up([_child(*child) for child in case["children"]], Fraction(1))
    assert found.reached == _fraction(case["reached"])
    assert found.coverage == Fraction(case["coverage"])
    assert found.state(Settings(budget_year=2027, city="M", as_of="2026-10-15")) == case["state"]


def test_over_units_only_attainment_travels_up_the_tree() -> None:
    # 4 schools of 5 and 900 trees of 1000 below one goal: 80 % and 90 % make 85 %; 904 of 1005 of
    # nothing in particular would be 89,95 %.
    common = {"product": "511.10", "kind": "Fallzahl", "direction": "mindestens", "aggregation": "Summe"}  # fmt: skip
    master = a_master(
        goals=[{"goal": "Z1", "title": "Oben", "level": "strategisch"}, {"goal": "Z2", "title": "Schulen", "parent": "Z1"}, {"goal": "Z3", "title": "Bäume", "parent": "Z1"}],
        kpis=[{"kpi": "K-1", "title": "Schulen", "goal": "Z2", **common}, {"kpi": "K-2", "title": "Bäume", "goal": "Z3", **common}],
        previous_kpis=[{"kpi": "K-1", "year": 2025, "target": Decimal(5)}, {"kpi": "K-2", "year": 2025, "target": Decimal(1000)}],
    )  # fmt: skip
    values = _values(
        master,
        {
            "T61": [
                {"kpi": "K-1", "actual_2025": Decimal(4)},
                {"kpi": "K-2", "actual_2025": Decimal(900)},
            ]
        },
    )
    tree = Hierarchy({"Z1": "", "Z2": "Z1", "Z3": "Z1"})
    found = attainment(values, master, tree, {}).set_index("goal")
    assert list(found["attainment_bp"]) == [8_500, 8_000, 9_000]
    condensed = key_figure_results(values, master, city="stadt")
    assert set(condensed[condensed["scope"] == "goal"]["id"]) == {"Z2", "Z3"}
