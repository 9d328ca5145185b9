"""What finance decides about rules: severity, force, waivers; and what a row says for itself."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.model.findings import Blocks, Finding, Place, Severity
from pipeline.rules.registry import finding
from pipeline.validation import judged
from tests.rules.returns import a_cost, a_return, a_sound_master, findings, frames_of

WRONG = a_cost(amount_2028=-5_00)
RULE = "Z08"


def _verdict(
    *, rules: list[dict[str, Any]] | None = None, waivers: list[dict[str, Any]] | None = None
) -> Finding:
    master = a_sound_master(rules=rules or [], waivers=waivers or [])
    (found,) = [each for each in findings(master, costs=[WRONG]) if each.rule == RULE]
    return found


def test_a_rule_blocks_as_it_is_declared() -> None:
    found = _verdict()
    assert (found.severity, found.blocks, found.blocking) == (Severity.ERROR, Blocks.MONEY, True)


def test_finance_may_soften_a_rule() -> None:
    found = _verdict(rules=[{"rule": RULE, "severity": "warning"}])
    assert (found.severity, found.blocks, found.blocking) == (
        Severity.WARNING,
        Blocks.NOTHING,
        False,
    )


def test_finance_may_let_a_rule_block_more() -> None:
    found = _verdict(rules=[{"rule": RULE, "blocks": "return"}])
    assert (found.severity, found.blocks) == (Severity.ERROR, Blocks.RETURN)


def test_a_warning_may_become_an_error_that_blocks() -> None:
    master = a_sound_master(rules=[{"rule": "S18", "severity": "error", "blocks": "money"}])
    (found,) = findings(master, costs=[a_cost(line="28")])
    assert (found.rule, found.blocking) == ("S18", True)


@pytest.mark.parametrize(
    ("day", "severity"), [("2026-09-01", Severity.ERROR), ("2026-09-02", Severity.WARNING)]
)
def test_before_its_day_a_rule_only_warns(day: str, severity: Severity) -> None:
    assert _verdict(rules=[{"rule": RULE, "from": day}]).severity is severity


@pytest.mark.parametrize(
    "waiver",
    [
        {},
        {"unit": "T61", "table": "costs"},
        {"key": "product=511.10; line=13; year=2028"},
        {"key": "product=511.10;line=13;"},
        {"expires": "2026-09-01"},
    ],
)
def test_a_waived_finding_stays_visible_and_does_not_block(waiver: dict[str, str]) -> None:
    found = _verdict(waivers=[{"rule": RULE, **waiver}])
    assert (found.waived, found.blocking, found.severity) == (True, False, Severity.ERROR)


@pytest.mark.parametrize(
    "waiver",
    [
        {"rule": "Z09"},
        {"unit": "T12"},
        {"table": "measures"},
        {"key": "product=511.10; year=2029"},
        {"key": "kpi=K-001"},
        {"key": "alles"},
        {"expires": "2026-08-31"},
    ],
)
def test_a_waiver_waives_only_what_it_names(waiver: dict[str, str]) -> None:
    found = _verdict(waivers=[{"rule": RULE, **waiver}])
    assert (found.waived, found.blocking) == (False, True)


def test_an_error_is_never_explained_away() -> None:
    (found,) = [
        each for each in findings(costs=[{**WRONG, "remark": "So ist es"}]) if each.rule == RULE
    ]
    assert (found.explained, found.blocking) == (False, True)


def test_one_cell_has_one_cause() -> None:
    master = a_sound_master()
    frames = frames_of(master, a_return(master))
    cell = Place(
        file="T61.xlsx", sheet="Ansätze", cell="J7", table="costs", column="amount_2027", row=7
    )
    unread = finding("Z01", cell, values={"wert": "ca. 5"}, unit="T61")
    empty = finding("Z09", cell, values={"spalte": "Ansatz 2027"}, unit="T61")
    assert judged([empty, unread, unread], master, frames) == [unread]


def test_findings_stand_in_the_order_in_which_one_reads_a_file() -> None:
    rows = [
        a_cost(line=None),
        *[a_cost() for _ in range(3)],
        a_cost(amount_2027=None, amount_2028=None),
    ]
    cells = [each.place.cell for each in findings(costs=rows)]
    assert cells == ["C7", "J11", "K11"]


def test_judging_twice_changes_nothing() -> None:
    master = a_sound_master(rules=[{"rule": RULE, "severity": "error", "from": "2027-01-01"}])
    frames = frames_of(master, a_return(master, costs=[WRONG]))
    once = findings(master, costs=[WRONG])
    assert judged(once, master, frames) == once
