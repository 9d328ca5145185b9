"""Each deed of the list is answered as it must be: named with its cell, and nothing else happens."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from openpyxl import load_workbook

from pipeline import __version__, register, stages
from pipeline.excel.guard import read_guarded
from pipeline.excel.intake import submission_of
from pipeline.model.findings import Finding
from pipeline.model.master import Master
from pipeline.model.messages import sentence
from pipeline.model.submission import Submission, combined
from pipeline.validation import judged, validate
from tests.mischief.deeds import DEEDS, Deed
from tests.small_city import CITY, PLAN, a_city


@dataclass(frozen=True)
class Desk:
    """The city and one good return of it; ``judge`` says what becomes of a changed one."""

    master: Master
    folder: Path
    good: bytes

    def judge(self, data: bytes, name: str = "T40.xlsx") -> tuple[Submission, list[Finding]]:
        path = self.folder / name
        path.write_bytes(data)
        reading = read_guarded(path, folder=self.folder)
        submission = submission_of(
            name, reading, self.master, city=CITY, plan=PLAN, version=__version__
        )
        tables = [table for table in self.master.submission if not table.settings]
        frames = combined(self.master, tables, [(submission.unit, name, submission.blocks)])
        found = [*submission.findings, *validate(frames, self.master.submission, "template")]
        return submission, judged(found, self.master, frames)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    workspace = a_city(tmp_path_factory.mktemp("mischief"))
    master, _, _ = stages.load_master(workspace)
    yield Desk(
        master,
        tmp_path_factory.mktemp("returns"),
        (workspace.returns / "T40.xlsx").read_bytes(),
    )


@pytest.fixture(scope="session")
def usual(desk: Desk) -> frozenset[tuple[str, str]]:
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
def test_is_answered(name: str, desk: Desk, usual: frozenset[tuple[str, str]]) -> None:
    deed = DEEDS[name]

    submission, findings = desk.judge(done(deed, desk.good))

    new = [each for each in findings if said([each]) - usual]
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
