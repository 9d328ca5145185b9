"""Every figure and every savings measure belongs to exactly one agreement or to none, whatever the
organisation looks like; what a clause says of its key figure.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.agreements import NONE, Agreements, agreements_of, functions_without, reached
from tests.agreements_builder import (
    LATER,
    TREE,
    YEAR,
    Rows,
    a_figure,
    a_report,
    a_saving,
    results_of,
)


def found(**rows: Rows) -> Agreements:
    return agreements_of(results_of(**rows))  # type: ignore[arg-type]


# --- what belongs where -------------------------------------------------------------------------


def test_a_figure_belongs_to_the_nearest_agreement_upward_from_the_unit_that_returned_it() -> None:
    """Also where that is two steps up, past an office without an agreement."""
    agreements = found(
        figures=[
            a_figure("A11", 100),
            a_figure("A20", 20),
            a_figure("S20", 50_000),
            a_figure("STADT", 3),
            a_figure("A99", 4000),
        ]
    )
    own = {each: agreements.own(each, YEAR) for each in (*agreements.agreements, NONE)}
    assert own == {"ZV-OB": 3, "ZV-D1": 50_020, "ZV-A11": 100, NONE: 4000}
    assert {each: agreements.condition(each, YEAR) for each in agreements.agreements} == {
        "ZV-OB": 50_123,
        "ZV-D1": 50_120,
        "ZV-A11": 100,
    }
    assert agreements.total(YEAR) == 54_123
    assert agreements.agreements["ZV-D1"].units == ("D1", "A20", "S20")
    assert set(agreements.units_below("ZV-D1")) == {"D1", "A11", "A20", "S20"}


def test_net_cost_is_expense_minus_revenue_without_internal_charges_investments_and_listed_rows() -> (
    None
):
    agreements = found(
        figures=[
            a_figure("A11", 1_000),
            a_figure("A11", 300, kind="revenue"),
            a_figure("A11", 7, kind="internal_expense"),
            a_figure("A11", 11, kind="internal_revenue"),
            a_figure("A11", 13, kind="payment"),
            a_figure("A11", 17, kind="receipt"),
            a_figure("A11", 19, origin="listed"),
            a_figure("A11", 50, origin="stand_in"),
            a_figure("A11", 5, origin="derived", year=LATER),
            a_figure("A11", 23, year=2029),
        ]
    )
    assert agreements.condition("ZV-A11", YEAR) == 1_000 - 300 + 50
    assert agreements.condition("ZV-A11", LATER) == 5
    assert agreements.condition("ZV-A11", 2029) == 0  # nobody agrees on a year of the outlook


def test_an_empty_parent_is_the_next_agreement_above_in_the_organisation() -> None:
    bare = [{**row, "parent": None} for row in TREE]
    figures = [a_figure("A11", 100), a_figure("A20", 20)]
    assert found(target_agreements=bare).tree.parents == found().tree.parents
    assert found(target_agreements=bare, figures=figures).condition("ZV-OB", YEAR) == 120


def test_a_tree_beside_the_organisation_still_counts_every_euro_once() -> None:
    """The Personalamt answers to the top directly: its money is in no condition of Dezernat 1."""
    beside = [*TREE[:2], {**TREE[2], "parent": "ZV-OB"}]
    agreements = found(
        target_agreements=beside, figures=[a_figure("A11", 100), a_figure("A20", 20)]
    )
    conditions = {each: agreements.condition(each, YEAR) for each in agreements.agreements}
    assert conditions == {"ZV-OB": 120, "ZV-D1": 20, "ZV-A11": 100}


def test_general_funding_is_told_apart_within_an_own_part() -> None:
    products = [{"product": "611", "title": "Steuern", "unit": "A20", "general_funding": True}]
    agreements = found(
        products=products,
        figures=[a_figure("A20", 500, kind="revenue", product="611"), a_figure("A20", 20)],
    )
    by_funding = agreements.amounts.set_index("general_funding")["cents"].to_dict()
    assert by_funding == {True: 500, False: 20}
    assert agreements.own("ZV-D1", YEAR) == -480


@st.composite
def cities(draw: st.DrawFn) -> tuple[Rows, Rows, Rows, Rows]:
    """An organisation of any shape, agreements of some units in any order, figures and savings of
    any unit, also of one that nobody knows.
    """
    size = draw(st.integers(1, 9))
    parents = [
        draw(st.one_of(st.none(), st.integers(0, unit - 1))) if unit else None
        for unit in range(size)
    ]
    units = [
        {
            "unit": f"U{unit}",
            "title": f"Einheit {unit}",
            "head": f"Leitung {unit}",
            "expects_return": True,
        }
        | ({} if parent is None else {"parent": f"U{parent}"})
        for unit, parent in enumerate(parents)
    ]
    chosen = draw(st.permutations([unit for unit in range(size) if draw(st.booleans())]))
    stated = draw(st.booleans())
    agreements: list[dict[str, Any]] = []
    for unit in chosen:
        row: dict[str, Any] = {
            "agreement": f"V{unit}",
            "unit": f"U{unit}",
            "goal": "Z1",
            "weight": Decimal(100),
        }
        if stated and agreements:
            # Any earlier agreement may be the parent: also one beside the organisation.
            row["parent"] = draw(
                st.sampled_from([None, *(each["agreement"] for each in agreements)])
            )
        agreements.append(row)
    where = st.sampled_from([*(f"U{unit}" for unit in range(size)), "FREMD"])
    cents = st.integers(-(10**12), 10**12)
    figures = draw(st.lists(st.builds(
        lambda unit, amount, kind, year: a_figure(unit, amount, kind=kind, year=year),
        where, cents, st.sampled_from(["expense", "revenue", "payment", "internal_expense"]), st.sampled_from([YEAR, LATER, 2029]),
    ), max_size=12))  # fmt: skip
    savings = [
        a_saving(
            draw(where),
            f"HSP-{number}",
            draw(cents),
            memo=draw(st.booleans()),
            effect=draw(st.sampled_from(["Jahreswirkung", "Zuwachs"])),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    return units, agreements, figures, savings


def _net(rows: Rows, year: int) -> int:
    signs = {"expense": 1, "revenue": -1}
    return sum(signs.get(row["kind"], 0) * row["cents"] for row in rows if row["year"] == year)


def _below(unit: str, units: Rows) -> set[str]:
    kids = [str(row["unit"]) for row in units if row.get("parent") == unit]
    return {unit}.union(*(_below(kid, units) for kid in kids))


@given(city=cities())
@settings(max_examples=25)
def test_in_every_organisation_each_euro_belongs_to_one_agreement_or_to_none(
    city: tuple[Rows, Rows, Rows, Rows],
) -> None:
    units, rows, figures, savings = city
    agreements = found(units=units, target_agreements=rows, figures=figures, savings=savings)
    names = list(agreements.agreements)
    assert sorted(names) == sorted(str(row["agreement"]) for row in rows)
    roots = agreements.tree.children[""]
    for year in (YEAR, LATER):
        total = _net(figures, year)
        assert sum(agreements.own(each, year) for each in (*names, NONE)) == total
        assert (
            sum(agreements.condition(each, year) for each in roots) + agreements.own(NONE, year)
            == total
        )
        for each in names:
            below = agreements.tree.children[each]
            parts = sum(agreements.condition(child, year) for child in below)
            assert agreements.condition(each, year) == agreements.own(each, year) + parts
    if not any("parent" in row for row in rows):
        for name, one in agreements.agreements.items():
            mine = [row for row in figures if row["unit"] in _below(one.unit, units)]
            assert agreements.condition(name, YEAR) == _net(mine, YEAR), "the unit's whole subtree"
    homes = agreements.savings.groupby("savings_measure")["agreement"].nunique().to_dict()
    assert homes == {row["savings_measure"]: 1 for row in savings}
    counted = sum(row["cents"] for row in savings if not row["memo"])
    assert agreements.total_saving(YEAR) == counted
    assert (
        sum(agreements.saving(each, YEAR) for each in roots) + agreements.own_saving(NONE, YEAR)
        == counted
    )


# --- savings ------------------------------------------------------------------------------------


def test_a_savings_measure_stands_where_its_unit_belongs_and_only_its_annual_effect_counts() -> (
    None
):
    savings = [
        a_saving("A11", "H-1", 100), a_saving("A11", "H-1", 120, year=LATER),
        a_saving("A20", "H-2", 30, effect="Zuwachs"), a_saving("A20", "H-2", 10, effect="Zuwachs", year=LATER),
        a_saving("A20", "H-3", 7, memo=True),
        a_saving("A20", "H-4", 5, effect=""),
        a_saving("A99", "H-5", 1_000),
        a_saving("A11", "H-1", 999, role="actual", year=2025),
    ]  # fmt: skip
    agreements = found(savings=savings)
    homes = dict(
        zip(agreements.savings["savings_measure"], agreements.savings["agreement"], strict=True)
    )
    assert homes == {"H-1": "ZV-A11", "H-2": "ZV-D1", "H-3": "ZV-D1", "H-4": "ZV-D1", "H-5": NONE}
    assert [agreements.saving("ZV-OB", year) for year in (YEAR, LATER)] == [130, 160]
    assert [agreements.own_saving("ZV-D1", year) for year in (YEAR, LATER)] == [30, 40]
    assert agreements.own_saving(NONE, YEAR) == 1_000
    assert agreements.total_saving(YEAR) == 1_130


def test_a_savings_measure_without_any_amount_is_listed_too() -> None:
    text = pd.DataFrame(
        [
            {
                "unit": "A20",
                "savings_measure": "H-9",
                "title": "Noch ohne Betrag",
                "effect": "Jahreswirkung",
                "memo": False,
            }
        ]
    ).astype({"memo": "boolean"})
    agreements = agreements_of(results_of(texts={"savings": text}))
    assert set(agreements.savings["agreement"]) == {"ZV-D1"}
    assert set(agreements.savings["title"]) == {"Noch ohne Betrag"}
    assert agreements.savings["annual"].isna().all()
    assert agreements.total_saving(YEAR) == 0


# --- functions ----------------------------------------------------------------------------------


def test_partners_are_functions_and_those_without_an_agreement_are_listed() -> None:
    results = results_of()
    agreements = agreements_of(results)
    parties = {name: (each.superior, each.partner) for name, each in agreements.agreements.items()}
    assert parties == {
        "ZV-OB": ("Oberbürgermeisteramt", "Verwaltungsvorstand"),
        "ZV-D1": ("Oberbürgermeisteramt", "Dezernatsleitung 1"),
        "ZV-A11": ("Dezernatsleitung 1", "Amtsleitung Personal"),
    }
    assert functions_without(agreements, results.master) == (
        ("A20", "Amtsleitung Finanzen"),
        ("A99", "Betriebsleitung"),
    )


def test_a_partner_who_is_both_sides_signs_once() -> None:
    both = {**TREE[0], "partner": "Oberbürgermeisteramt mit dem Verwaltungsvorstand"}
    top = found(target_agreements=[both]).agreements["ZV-OB"]
    assert (top.superior, top.partner) == ("", "Oberbürgermeisteramt mit dem Verwaltungsvorstand")


# --- key figures --------------------------------------------------------------------------------

CATALOGUE: Rows = [
    {
        "kpi": "K-1", "title": "Digitale Anträge", "product": "511.10", "goal": "Z1", "kind": "Quote", "direction": "mindestens",
        "aggregation": "Quote", "unit_of_measure": "%", "decimals": 1, "factor": 100,
    },
    {"kpi": "K-2", "title": "Wartezeit", "product": "511.10", "goal": "Z1", "kind": "Durchschnitt", "direction": "höchstens", "aggregation": "gewichtet"},
]  # fmt: skip
ASKED: Rows = [
    {"kpi": "K-1", "unit": "A11"},
    {"kpi": "K-1", "unit": "A20"},
    {"kpi": "K-1", "unit": "A99"},
    {"kpi": "K-2", "unit": "A99"},
]


def clauses(*rows: dict[str, Any]) -> Rows:
    head = {"agreement": "ZV-D1", "unit": "D1"}
    return [TREE[0], *({**head, "weight": Decimal(50), **row} for row in rows)]


def test_a_ratio_is_pooled_over_the_units_below_the_agreement_and_nobody_else() -> None:
    reports = [
        a_report("A11", 2025, "actual", 10, 100), a_report("A20", 2025, "actual", 90, 100), a_report("A99", 2025, "actual", 0, 800),
        a_report("A11", YEAR, "target", 30, 100), a_report("A20", YEAR, "target", 120, 200),
    ]  # fmt: skip
    rows = clauses(
        {"goal": "Z1", "kpi": "K-1", "target": Decimal(55), "date": "2027-12-31"},
        {"goal": "Z1", "kpi": "K-1", "date": "2027-12-31"},
    )
    agreed, bare = _found(reports, rows).agreements["ZV-D1"].clauses
    assert (agreed.standing.actual, agreed.standing.actual_year) == (Fraction(50), 2025)
    assert agreed.standing.planned == Fraction(50)  # 150 of 300, not the mean of 30 % and 60 %
    assert (agreed.target, bare.target) == (Fraction(55), Fraction(50))
    assert agreed.standing.units == ("A11", "A20")
    assert agreed.standing.reached_bp is None  # 2027 is not over


def _found(reports: Rows, rows: Rows, attainment: Rows = ()) -> Agreements:
    return found(
        reports=reports,
        attainment=attainment,
        target_agreements=rows,
        kpis=CATALOGUE,
        kpi_units=ASKED,
    )


def test_a_key_figure_of_others_is_taken_from_all_that_report_it() -> None:
    reports = [
        {**a_report("A99", 2025, "actual", 1, 2, kpi="K-2"), "value": Decimal(7), "numerator": None}
    ]
    rows = clauses({"goal": "Z1", "kpi": "K-2", "target": Decimal(5)})
    (clause,) = _found(reports, rows).agreements["ZV-D1"].clauses
    assert clause.standing.actual == 7
    assert clause.year == LATER  # without a date: by the end of the last budget year


def test_an_agreement_is_reached_by_weight_with_an_honest_coverage() -> None:
    reports = [a_report("A11", YEAR, "actual", 45, 100), a_report("A20", YEAR, "actual", 45, 100)]
    rows = clauses(
        {
            "goal": "Z1",
            "kpi": "K-1",
            "target": Decimal(50),
            "date": "2027-12-31",
            "weight": Decimal(30),
        },
        {"goal": "Z2", "weight": Decimal(20), "date": "2027-12-31"},
        {
            "goal": "Z1",
            "kpi": "K-2",
            "target": Decimal(5),
            "date": "2027-12-31",
            "weight": Decimal(50),
        },
    )
    of_goal = [
        {
            "goal": "Z2",
            "year": YEAR,
            "attainment_bp": 10_000,
            "coverage_bp": 10_000,
            "kpis_with_data": 1,
            "kpis": 1,
            "state": "green",
        }
    ]
    agreement = _found(reports, rows, of_goal).agreements["ZV-D1"]
    assert [each.standing.reached_bp for each in agreement.clauses] == [9_000, 10_000, None]
    assert [each.standing.state for each in agreement.clauses] == ["yellow", "green", ""]
    assert reached(agreement.clauses) == (9_400, 5_000)
    assert agreement.weights == 100


def test_over_fulfilment_is_shown_but_hides_no_failure() -> None:
    reports = [a_report("A11", YEAR, "actual", 150, 100), a_report("A20", YEAR, "actual", 150, 100)]
    rows = clauses(
        {"goal": "Z1", "kpi": "K-1", "target": Decimal(50), "date": "2027-12-31"},
        {"goal": "Z2", "date": "2027-12-31"},
    )
    bad = [{"goal": "Z2", "year": YEAR, "attainment_bp": 0, "state": "red"}]
    agreement = _found(reports, rows, bad).agreements["ZV-D1"]
    assert agreement.clauses[0].standing.reached_bp == 30_000
    assert reached(agreement.clauses) == (5_000, 10_000)


@pytest.mark.parametrize("weights", [(None, None), (Decimal(0), None)])
def test_without_weights_every_clause_counts_the_same(weights: tuple[Decimal | None, ...]) -> None:
    rows = clauses(
        {"goal": "Z1", "date": "2027-12-31", "weight": weights[0]},
        {"goal": "Z2", "date": "2027-12-31", "weight": weights[1]},
    )
    of_goals = [
        {"goal": goal, "year": YEAR, "attainment_bp": bp, "state": "red"}
        for goal, bp in (("Z1", 4_000), ("Z2", 8_000))
    ]
    assert reached(_found([], rows, of_goals).agreements["ZV-D1"].clauses) == (6_000, 10_000)
