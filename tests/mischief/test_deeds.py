"""Each deed of the list is answered as it must be: named with its cell, and nothing else happens."""

from __future__ import annotations

import functools
import io

import pytest
from openpyxl import load_workbook

from pipeline import register
from pipeline.model.findings import Finding
from pipeline.model.messages import sentence
from pipeline.model.submission import Submission
from tests.mischief.deeds import DEEDS, Deed
from tests.mischief.desk import Desk

PLAUSIBILITY = frozenset({"A08", "A10", "Z06"})
"""Rules that compare amounts with earlier ones: another amount is no part of the mischief."""


NEEDS_ROWS = frozenset(
    {
        "many rows pasted once more are one finding",
        "many hidden rows are one finding",
        "all formulas of ours became constants",
    }
)
"""Deeds done to more rows than the small return has."""


@functools.cache
def what_is_usual(desk: Desk) -> frozenset[tuple[str, str]]:
    """What is said about the good return itself."""
    return said(desk.judge(desk.good)[1])


def said(findings: list[Finding]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (each.rule, "!".join(part for part in (each.place.sheet, each.place.cell) if part))
        for each in findings
    )


def done(deed: Deed, good: bytes) -> bytes:
    if deed.raw is not None:
        return deed.raw(good)
    assert deed.book is not None
    book = load_workbook(io.BytesIO(good))
    deed.book(book)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@pytest.mark.parametrize("name", DEEDS)
def test_is_answered(name: str, request: pytest.FixtureRequest) -> None:
    deed = DEEDS[name]
    desk: Desk = request.getfixturevalue("large_desk" if name in NEEDS_ROWS else "desk")
    usual = what_is_usual(desk)

    submission, findings = desk.judge(done(deed, desk.good))

    new = [each for each in findings if said([each]) - usual and each.rule not in PLAUSIBILITY]
    assert sorted(said(new)) == sorted(set(deed.said)), [sentence(each)[0] for each in new]
    assert len(new) == len(set(deed.said)), [(each.rule, each.values) for each in new]
    parts = register.parts_of(submission, findings)
    assert (parts.money, parts.key_figures) == (deed.money, deed.key_figures)
    for word in deed.words:
        assert any(word in " ".join(sentence(each)) for each in new), word
    for place, value in deed.values.items():
        assert booked(submission, place) == value


def booked(submission: Submission, place: str) -> object:
    """The typed value that was booked from a cell."""
    sheet, _, cell = place.partition("!")
    row = submission.cells[
        (submission.cells["sheet"] == sheet) & (submission.cells["cell"] == cell)
    ].iloc[0]
    assert row["use"] == "booked", dict(row)
    block = submission.blocks[row["table"]]
    number = block.rows.index(int("".join(filter(str.isdigit, cell))))
    value = block.frame[row["column"]].iloc[number]
    return value if isinstance(value, str) else str(value) if "kpis" in row["table"] else int(value)


def test_the_list_is_long() -> None:
    assert len(DEEDS) >= 150
