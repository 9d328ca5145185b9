"""Every deed of the mischief list ends as it must: one refusal with its facts, or all cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import Refusal, Workbook
from tests.intake.mischief import ACCEPTED, REFUSED
from tests.intake.packages import written


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_for_its_reason(name: str, tmp_path: Path) -> None:
    deed = REFUSED[name]
    data = deed.make()

    reading = read_workbook(written(tmp_path, data), limits=deed.limits)

    assert isinstance(reading.result, Refusal), reading.result
    assert reading.result.reason is deed.reason, reading.result
    facts = dict(reading.result.values)
    assert {key: facts.get(key) for key in deed.values} == deed.values
    assert reading.size == len(data)


@pytest.mark.parametrize("name", ACCEPTED)
def test_costs_no_cell(name: str, tmp_path: Path) -> None:
    deed = ACCEPTED[name]

    result = read_workbook(written(tmp_path, deed.make()), limits=deed.limits).result

    assert isinstance(result, Workbook), result
    (sheet,) = result.sheets
    assert {cell.reference: cell.raw for cell in sheet.cells} == deed.cells
    assert list(sheet.cells) == sorted(sheet.cells)
    assert (result.disagreements == ()) is (deed.second != "disagreed")
    assert result.second_reading == deed.second
    assert tuple(notice.caution for notice in result.warnings) == deed.cautions


def test_the_list_is_long() -> None:
    assert len(REFUSED) + len(ACCEPTED) >= 100
