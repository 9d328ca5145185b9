"""Limits that only the intake knows, and where each limit of the table is tested on both sides."""

from __future__ import annotations

import importlib
import inspect
import io
from dataclasses import fields, replace

import pytest
from openpyxl import load_workbook

from pipeline.excel.intake import table_reader
from pipeline.excel.reader.limits import LIMITS, Limits
from pipeline.model.messages import sentence
from tests.mischief.desk import Desk

TESTED = {
    **dict.fromkeys(
        ("parts", "part_bytes", "unpacked_bytes", "ratio", "ratio_from_bytes", "sheets", "merges",
         "rows", "cells", "text_length"),
        "tests.intake.test_limits:test_just_below_is_read_and_just_above_is_refused",
    ),
    "file_bytes": "tests.intake.test_limits:test_the_size_of_a_file",
    "second_grid_cells": "tests.intake.test_limits:test_the_grid_of_the_second_reader",
    "rows_beyond_prepared": "tests.mischief.test_limits:test_rows_beyond_the_prepared_ones",
    "seconds": "tests.intake.test_guard:test_time_is_limited_and_the_limit_is_named",
    "cpu_seconds": "tests.intake.test_guard:test_processor_time_is_limited",
    "memory_bytes": "tests.intake.test_guard:test_memory_is_limited_and_the_limit_is_named",
    "output_bytes": "tests.intake.test_guard:test_output_is_limited",
    "folder_files": "tests.mischief.test_folder:test_a_folder_has_a_limit_of_files",
    "folder_depth": "tests.mischief.test_folder:test_a_file_at_the_deepest_folder_is_read_and_one_below_is_refused",
}  # fmt: skip


@pytest.mark.parametrize("limit", [each.name for each in fields(Limits)])
def test_each_limit_has_its_test(limit: str) -> None:
    module, _, name = TESTED[limit].partition(":")
    assert inspect.isfunction(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize(("rows", "refused"), [(5, False), (6, True)])
def test_rows_beyond_the_prepared_ones(
    small_desk: Desk, monkeypatch: pytest.MonkeyPatch, rows: int, refused: bool
) -> None:
    monkeypatch.setattr(table_reader, "LIMITS", replace(LIMITS, rows_beyond_prepared=5))
    book = load_workbook(io.BytesIO(small_desk.good))
    for row in range(21, 21 + rows):
        for letter, value in (("B", "211.10"), ("D", "13"), ("J", "wie Ansatz"), ("N", row)):
            book["Ansätze"][f"{letter}{row}"] = value
    data = io.BytesIO()
    book.save(data)

    _, submission = small_desk.read(data.getvalue())

    said = [sentence(each)[0] for each in submission.findings if each.rule == "D01"]
    assert len(submission.blocks["costs"].rows) == (4 if refused else 4 + rows)
    assert bool(said) is refused
    assert all("höchstens 13" in text and "14" in text for text in said), said
