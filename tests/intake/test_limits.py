"""Each limit: just below it is accepted, just above it is refused, with limit and finding named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from pipeline.excel.reader.limits import GIGABYTE, LIMITS, MEGABYTE, Limits
from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import Reason, Refusal, Workbook
from tests.intake.packages import (
    a_workbook,
    links_xml,
    parts,
    sheet_xml,
    with_cells,
    with_rows,
    workbook_xml,
    written,
    zipped,
)


def rows(count: int) -> bytes:
    return with_rows(
        "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, count + 1))
        + '<row r="900000"><c r="A900000" s="1"/></row>'  # formatted rows do not count
    )


def two_sheets(*counts: int) -> bytes:
    """Sheets with so many cells each, and with as many formatted empty ones."""
    sheets = {
        f"xl/worksheets/s{n}.xml": sheet_xml(
            "".join(
                f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="B{row}" s="1"/></row>'
                for row in range(1, count + 1)
            )
        ).encode()
        for n, count in enumerate(counts, 1)
    }
    names = [f"Blatt {n}" for n in range(1, len(counts) + 1)]
    links = [(f"s{n}", "worksheet", f"worksheets/s{n}.xml") for n in range(1, len(counts) + 1)]
    styles = ("t2", "styles", "styles.xml")
    changed = parts(
        workbook=workbook_xml(*names), workbook_links=links_xml(*links, styles), sheet=None
    )
    return zipped(changed | sheets)


def merges(count: int) -> bytes:
    inside = "".join(f'<mergeCell ref="A{n}:B{n}"/>' for n in range(1, count + 1))
    return a_workbook(sheet=sheet_xml(after=f"<mergeCells>{inside}</mergeCells>"))


def text(length: int, sign: str = "x") -> bytes:
    return with_cells(f'<c r="A1" t="inlineStr"><is><t>{sign * length}</t></is></c>')


def blanks(size: int, packed_with: bytes = b"") -> bytes:
    return zipped(parts() | {"xl/x.bin": b" " * size + packed_with})


def part_count(count: int) -> bytes:
    own = parts()
    return zipped(own | {f"xl/media/{n}": b"" for n in range(count - len(own))})


ORDINARY = sum(len(content) for content in parts().values())

Case = tuple[Limits, bytes, bytes, Reason, dict[str, str]]
CASES: dict[str, Callable[[], Case]] = {
    "parts": lambda: (
        LIMITS, part_count(2_000), part_count(2_001), Reason.TOO_MANY_PARTS, {"found": "2001"},
    ),
    "part_bytes": lambda: (
        replace(LIMITS, part_bytes=9_000), blanks(9_000), blanks(9_001), Reason.PART_TOO_BIG,
        {"found": "9001", "part": "xl/x.bin"},
    ),
    "unpacked_bytes": lambda: (
        replace(LIMITS, unpacked_bytes=ORDINARY + 5_000), blanks(5_000), blanks(5_001),
        Reason.UNPACKED_TOO_BIG, {"found": str(ORDINARY + 5_001)},
    ),
    "ratio": lambda: (
        replace(LIMITS, ratio=5), blanks(MEGABYTE - ORDINARY), blanks(MEGABYTE - ORDINARY + 1),
        Reason.RATIO_TOO_HIGH, {},
    ),
    "sheets": lambda: (
        LIMITS, two_sheets(*[1] * 100), two_sheets(*[1] * 101), Reason.TOO_MANY_SHEETS,
        {"found": "101"},
    ),
    "merges": lambda: (
        LIMITS, merges(20_000), merges(20_001), Reason.TOO_MANY_MERGES,
        {"found": "20001", "sheet": "Kosten"},
    ),
    "rows": lambda: (
        replace(LIMITS, rows=50), rows(50), rows(51), Reason.TOO_MANY_ROWS,
        {"found": "51", "sheet": "Kosten"},
    ),
    "cells": lambda: (
        replace(LIMITS, cells=50), two_sheets(20, 30), two_sheets(20, 31), Reason.TOO_MANY_CELLS,
        {"found": "51", "sheet": "Blatt 2"},
    ),
    "text_length": lambda: (
        LIMITS, text(32_767), text(32_768), Reason.TEXT_TOO_LONG,
        {"found": "32768", "sheet": "Kosten", "cell": "A1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_just_below_is_read_and_just_above_is_refused(name: str, tmp_path: Path) -> None:
    limits, below, above, reason, values = CASES[name]()

    accepted = read_workbook(written(tmp_path, below), limits=limits).result
    refused = read_workbook(written(tmp_path, above), limits=limits).result

    assert isinstance(accepted, Workbook), accepted
    assert isinstance(refused, Refusal)
    assert refused.reason is reason
    allowed = {"limit": name, "allowed": str(getattr(limits, name))}
    assert dict(refused.values) | values | allowed == dict(refused.values)


def test_the_size_of_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, a_workbook())
    size = path.stat().st_size

    at_limit = read_workbook(path, limits=replace(LIMITS, file_bytes=size)).result
    above = read_workbook(path, limits=replace(LIMITS, file_bytes=size - 1)).result

    assert isinstance(at_limit, Workbook)
    assert isinstance(above, Refusal)
    assert above.reason is Reason.FILE_TOO_BIG


def test_length_counts_as_excel_counts(tmp_path: Path) -> None:
    """A character beyond the first plane counts twice."""
    below = read_workbook(written(tmp_path, text(16_383, "😀"))).result
    above = read_workbook(written(tmp_path, text(16_384, "😀"))).result

    assert isinstance(below, Workbook)
    assert isinstance(above, Refusal)
    assert dict(above.values)["found"] == "32768"


def test_the_grid_of_the_second_reader(tmp_path: Path) -> None:
    path = written(tmp_path, with_rows('<row r="10"><c r="E10"><v>1</v></c></row>'))

    inside = read_workbook(path, limits=replace(LIMITS, second_grid_cells=50)).result
    outside = read_workbook(path, limits=replace(LIMITS, second_grid_cells=49)).result

    assert isinstance(inside, Workbook)
    assert isinstance(outside, Workbook)
    assert (inside.second_reading, outside.second_reading) == ("agreed", "not_run")


def test_the_table_of_limits_is_as_agreed() -> None:
    values = {field.name: getattr(LIMITS, field.name) for field in fields(LIMITS)}

    assert values == {
        "file_bytes": 25 * MEGABYTE,
        "parts": 2_000,
        "part_bytes": 120 * MEGABYTE,
        "unpacked_bytes": 300 * MEGABYTE,
        "ratio": 100,
        "ratio_from_bytes": MEGABYTE,
        "sheets": 100,
        "merges": 20_000,
        "rows": 200_000,
        "rows_beyond_prepared": 10_000,
        "cells": 2_000_000,
        "text_length": 32_767,
        "seconds": 20.0,
        "cpu_seconds": 20,
        "memory_bytes": GIGABYTE,
        "output_bytes": 64 * MEGABYTE,
        "folder_files": 10_000,
        "folder_depth": 8,
        "second_grid_cells": 4_000_000,
    }
