"""What a workbook stores beside its formulas, and what another program computes from them.

Both files are read by the project's streaming reader, which gives formula, stored value and number
format in one pass (openpyxl would need three); its own tests compare it with openpyxl and calamine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.excel.reader.limits import LIMITS
from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import Cell, CellType, Workbook

RATIO = 1e-12
# A city's consolidated workbook is larger than any return may be.
PATIENT = replace(LIMITS, part_bytes=10**9, unpacked_bytes=10**9, cells=10**7, file_bytes=10**8)


@dataclass(frozen=True)
class Recalculated:
    """A formula whose stored value differs from the recalculated one."""

    sheet: str
    cell: tuple[int, int]
    stored: object
    fresh: object


def differences(stored: Path, fresh: Path) -> list[Recalculated]:
    """Formula cells of `stored` whose value in `fresh` is another: ratios (shown as per cent) agree
    to 12 places, everything else exactly; an empty text and nothing are the same.
    """
    again = {
        (sheet.name, cell.row, cell.column): _value(cell)
        for sheet in _read(fresh).sheets
        for cell in sheet.cells
    }
    found = []
    for sheet, cell in formulas(stored):
        value, other = _value(cell), again.get((sheet, cell.row, cell.column), "")
        if not _agree(value, other, ratio="%" in cell.style.number_format):
            found.append(Recalculated(sheet, (cell.row, cell.column), value, other))
    return found


def formulas(path: Path) -> Iterator[tuple[str, Cell]]:
    """Every formula cell of a workbook with its sheet's name."""
    for sheet in _read(path).sheets:
        for cell in sheet.cells:
            if cell.formula is not None:
                yield sheet.name, cell


def _read(path: Path) -> Workbook:
    result = read_workbook(path, limits=PATIENT).result
    assert isinstance(result, Workbook), f"{path.name}: {result}"
    return result


def _value(cell: Cell) -> float | str:
    return float(cell.raw) if cell.type is CellType.NUMBER and cell.raw else cell.raw


def _agree(one: float | str, other: float | str, *, ratio: bool) -> bool:
    if ratio and isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= RATIO * max(1.0, abs(one), abs(other))
    return one == other
