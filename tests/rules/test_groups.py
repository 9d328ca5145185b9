"""Every rule that the field asks for of master data, measures, key figures and totals is a rule
here, or its fault cannot happen, which a test shows.

Source of the list: the collection of rules that this product started from (groups S, M, K, A).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

import pipeline.rules  # noqa: F401 - registers the rules
from pipeline.model.findings import Severity
from pipeline.model.messages import catalogue
from pipeline.model.results import Results
from pipeline.reconciliation import disagreements, internal_balance, three_views
from pipeline.rules.registry import by_id
from pipeline.tables.master import MASTER_TABLES
from pipeline.tables.submission import SUBMISSION_TABLES
from tests.small_city import a_city, change, run

RULES: Mapping[str, str] = {
    "S01": "unknown product number",
    "S02": "product not assigned to this unit",
    "S04": "leading zeros lost",
    "S05": "unknown goal",
    "S06": "goal hierarchy with a cycle or a missing parent",
    "S07": "operative goal without strategic ancestor",
    "S08": "product without goal",
    "S09": "shares of a product above 100 %",
    "S10": "duplicate key",
    "S11": "strategic goal without product, measure or key figure",
    "M01": "measure without title or product",
    "M02": "duplicate number of a measure",
    "M03": "near-duplicate title within a product",
    "M04": "end before start",
    "M05": "money outside start and end",
    "M06": "years do not sum to the total cost",
    "M08": "commitment above the payments of later years",
    "M09": "investment above the threshold without appraisal",
    "M10": "completed, but money in planned years",
    "M11": "funding above cost or without a source",
    "K01": "unknown key figure",
    "K02": "ratio without numerator or denominator",
    "K03": "denominator 0",
    "K04": "typed ratio differs from its parts",
    "K05": "outside the plausible range",
    "K06": "jump against the year before",
    "K07": "no target for the budget year",
    "K08": "target contradicts direction and base",
    "K09": "target equals the base",
    "K10": "actual missing",
    "K11": "the same value in all years",
    "K12": "impossible for its kind",
    "A03": "products, organisation and goals disagree",
    "A04": "internal charges do not cancel",
    "A05": "ceiling exceeded",
    "A06": "return missing after the deadline",
    "A07": "a pre-filled value was changed",
    "A08": "planned amount far below the last result",
}
IMPOSSIBLE: Mapping[str, str] = {
    "S03": "test_the_title_of_a_product_cannot_be_changed_by_a_return",
    "S12": "test_master_data_are_valid_for_exactly_the_plan_they_stand_in",
    "M07": "test_measures_are_part_of_their_product_and_never_more_than_it",
}
SEVERITIES = {
    "note": {"S08", "K09"},
    "warning": {"S11", "M03", "M05", "M09", "M10", "M11", "K05", "K06", "K10", "K11", "A05", "A07", "A08"},
}  # fmt: skip


@cache
def _tests() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted(Path(__file__).parents[1].rglob("*.py"))
        if path != Path(__file__)
    )


@pytest.mark.parametrize("rule", RULES)
def test_the_fault_has_a_rule_a_sentence_and_a_test(rule: str) -> None:
    assert rule in by_id()
    assert catalogue()[rule].message
    assert rule == "A03" or f'"{rule}"' in _tests()  # A03: below


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_as_severe_as_the_field_has_it(rule: str) -> None:
    expected = next((name for name, ids in SEVERITIES.items() if rule in ids), "error")
    assert by_id()[rule].severity is Severity(expected)


@pytest.mark.parametrize(("rule", "shown"), IMPOSSIBLE.items())
def test_what_is_no_rule_is_shown_to_be_impossible(rule: str, shown: str) -> None:
    assert rule not in by_id()
    assert callable(globals()[shown])


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run(a_city(tmp_path_factory.mktemp("stadt")))


def test_views_that_differ_by_a_cent_are_named(honest: Results) -> None:
    master, tables = honest.master, honest.tables
    goals = [str(goal) for goal in honest.texts["goals"]["goal"]]
    balance = internal_balance(tables["figures"])

    def said(contributions: pd.DataFrame) -> list[str]:
        views = three_views(tables["figures"], contributions, master, goals)
        return [each.rule for each in disagreements(views, balance, titles={}, complete=True)]

    parts = tables["contributions"]
    assert said(parts) == []
    lost = parts.assign(cents=parts["cents"] - (parts.index == parts["cents"].idxmax()))
    assert said(lost) == ["A03"]


def test_the_title_of_a_product_cannot_be_changed_by_a_return(
    honest: Results, tmp_path: Path
) -> None:
    # S03: no table of a return has a cell for it. Where a template shows it, it is a locked
    # formula; what is typed over it is named and changes nothing.
    own = {column.name for table in SUBMISSION_TABLES for column in table.columns}
    assert not own & {"product_title", "line_title", "goal_title"}
    workspace = a_city(tmp_path)

    def retitle(book: Workbook) -> None:
        sheet = book["Ansätze"]
        key = next(r for r in sheet.iter_rows() if str(r[0].value).startswith("zh:costs"))
        shown = next(c.column for c in key if str(c.value).startswith("#product"))
        sheet.cell(int(key[0].row or 0) + 2, int(shown or 0)).value = "Grundschulen und Horte"

    change(workspace.returns / "T40.xlsx", retitle)
    after = run(workspace)
    assert dict(after.master.titles["products"]) == dict(honest.master.titles["products"])
    assert after.tables["figures"].equals(honest.tables["figures"])
    typed = after.tables["cells"]
    named = typed[(typed["raw"] == "Grundschulen und Horte") & (typed["use"] == "named")]
    assert len(named) == 1


def test_master_data_are_valid_for_exactly_the_plan_they_stand_in() -> None:
    # S12: every plan has a master workbook of its own, so that nothing in it carries dates of
    # validity that could exclude its year; what has an end leaves the next plan's master.
    spans = {"valid_from", "valid_to", "valid_until", "from_year", "to_year"}
    named = {table.name: {column.name for column in table.columns} for table in MASTER_TABLES}
    for table in ("products", "goals", "units", "kpis", "lines"):
        assert not named[table] & spans
        assert not any(column.endswith("_until") for column in named[table])


def test_measures_are_part_of_their_product_and_never_more_than_it(honest: Results) -> None:
    # M07: a cost row belongs to one product and at most one measure, so what measures cost is a
    # part of their product by construction: not one cell is counted for two of either.
    figures = honest.tables["figures"]
    figures = figures[figures["origin"] != "listed"]
    place = ["file", "sheet", "cell", "year"]
    assert not figures.duplicated([*place, "origin"]).any()
    key = ["product", "kind", "year"]
    whole = figures.groupby(key)["cents"].sum()
    davon = figures[figures["measure"] != ""].groupby(key)["cents"].sum()
    assert len(davon)
    assert (davon <= whole.reindex(davon.index)).all()
