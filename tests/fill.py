"""Fills a template as a person would: by the key rows, into unlocked cells only.

One filler for examples, tests and benchmarks. It knows the workbook only through what a person or a
foreign program can see: key rows, locks, and what already stands in the cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from pipeline.excel.layout.shown import shown_text
from pipeline.model.tables import Column, Table
from pipeline.tables.master import MASTER_TABLES, SETTING_VALUES
from pipeline.tables.submission import RELEASE_VALUES, SUBMISSION_TABLES

_MARK = re.compile(r"zh:([a-z_]+):(\d+):(\d+)")
_YEAR = re.compile(r"_\d{4}$")
Row = Mapping[str, object]


@dataclass
class Sheet:
    """A table found in a workbook by its key row; ``columns`` maps names to column numbers."""

    table: Table
    sheet: Worksheet
    first: int
    last: int
    columns: Mapping[str, int]
    used: set[int] = field(default_factory=set)

    def cell(self, row: int, column: str) -> Cell:
        """The cell of a row under a column's name."""
        found = self.sheet.cell(row, self.columns[column])
        assert isinstance(found, Cell), f"{self.sheet.title} holds merged cells"
        return found

    def entered(self, row: int) -> bool:
        """Whether any unlocked cell of the row holds something."""
        return any(
            cell.value not in (None, "")
            for cell in (self.cell(row, name) for name in self.columns)
            if not cell.protection.locked
        )


def fill(template: Path, rows: Mapping[str, Sequence[Row]], target: Path) -> None:
    """Fills ``template`` with ``rows`` by table name and saves it at ``target``.

    Values are texts as in CSV files (labels, ``1234.56``, 45, ISO dates) or typed ones; empty ones
    are left alone. A row with the keys of a pre-filled row goes there, any other into the next free
    row. Wanting to write into a locked cell, or into a table that has no free row left, is a
    ``ValueError``.
    """
    workbook = filled(template, rows)
    target.parent.mkdir(parents=True, exist_ok=True)
    workbook.save(target)


def filled(template: Path, rows: Mapping[str, Sequence[Row]]) -> Workbook:
    """As :func:`fill`, but not saved yet."""
    workbook = load_workbook(template)
    sheets = tables_of(workbook)
    for name, wanted in rows.items():
        sheet = sheets[name]
        # First the rows that have their place, so that no free-standing row can take it from them.
        places = [_prepared(sheet, row) for row in wanted]
        for row, place in zip(wanted, places, strict=True):
            number = place or _free(sheet, row)
            _write(sheet, number, row)
            _fit(sheet, number)
    return workbook


def tables_of(workbook: Workbook) -> dict[str, Sheet]:
    """The tables of a workbook by name, found by their key rows alone."""
    known = {table.name: table for table in (*MASTER_TABLES, *SUBMISSION_TABLES)}
    if _kind(workbook) == "master":
        known |= {table.name: table for table in MASTER_TABLES}
    found = {}
    for sheet in workbook.worksheets:
        for row in sheet.iter_rows(min_col=1, max_col=1, max_row=20):
            match = _MARK.fullmatch(str(row[0].value or ""))
            if match:
                name, first, last = match[1], int(match[2]), int(match[3])
                columns = {
                    str(cell.value): cell.column
                    for cell in sheet[_number(row[0].row)][1:]
                    if cell.value and not str(cell.value).startswith("#")
                }
                found[name] = Sheet(known[name], sheet, first, last, columns)
    return found


def place_of(sheet: Sheet, key: Row) -> int:
    """The first row of a filled table whose cells under the names of ``key`` show its values."""
    for row in range(sheet.first, sheet.last + 1):
        if all(_same(sheet.cell(row, name).value, value) for name, value in key.items()):
            return row
    raise LookupError(f"{sheet.table.name}: no row {dict(key)}")


def _kind(workbook: Workbook) -> str:
    meta = {row[0].value: row[1].value for row in workbook["_meta"].iter_rows(max_col=2)}
    return str(meta["kind"])


def _prepared(sheet: Sheet, wanted: Row) -> int | None:
    """The pre-filled row with the same keys, each once."""
    keys = [name for name in sheet.table.key if name in sheet.columns]
    if not any(wanted.get(name) for name in keys):
        return None
    for row in range(sheet.first, sheet.last + 1):
        cells = [(sheet.cell(row, name), wanted.get(name)) for name in keys]
        if row in sheet.used or not all(cell.protection.locked for cell, _ in cells):
            continue
        if all(_same(cell.value, value) for cell, value in cells):
            sheet.used.add(row)
            return row
    return None


def _free(sheet: Sheet, wanted: Row) -> int:
    """The next row into which nothing was typed and whose cells for ``wanted`` are unlocked."""
    for row in range(sheet.first, sheet.last + 1):
        if row in sheet.used or sheet.entered(row):
            continue
        locked = {name for name in sheet.columns if sheet.cell(row, name).protection.locked}
        if locked.isdisjoint(_given(wanted)):
            sheet.used.add(row)
            return row
    raise ValueError(f"{sheet.table.name}: no free row for {dict(wanted)}")


def _write(sheet: Sheet, row: int, wanted: Row) -> None:
    for name in _given(wanted):
        cell = sheet.cell(row, name)
        value = shown_text(_column(sheet.table, name, wanted), wanted[name])
        if not cell.protection.locked:
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # a text that begins with "=" stays a text
        elif not _same(cell.value, value):
            raise ValueError(f"{sheet.table.name}!{cell.coordinate} ({name}) is locked")


def _fit(sheet: Sheet, row: int) -> None:
    """What an office program does while somebody types: the row grows with its longest text."""
    lines = 1
    for name, column in sheet.columns.items():
        value = sheet.cell(row, name).value
        width = sheet.sheet.column_dimensions[get_column_letter(column)].width
        if isinstance(value, str):
            lines = max(
                lines, sum(-(-len(part) // int(width - 4)) or 1 for part in value.split("\n"))
            )
    known = sheet.sheet.row_dimensions[row].height or 15
    sheet.sheet.row_dimensions[row].height = max(known, 12.5 * lines + 3)


def _given(wanted: Row) -> Iterator[str]:
    return (name for name, value in wanted.items() if value not in (None, ""))


def _column(table: Table, name: str, row: Row) -> Column:
    if table.settings and name == "value":
        settings = {column.name: column for column, _ in (*SETTING_VALUES, *RELEASE_VALUES)}
        return settings[str(row["setting"])]
    return table.column(_YEAR.sub("", name))


def _same(held: object, wanted: object) -> bool:
    if isinstance(held, datetime):
        held = held.date()
    if (
        isinstance(held, int | float | Decimal)
        and not isinstance(held, bool)
        and wanted not in (None, "")
    ):
        try:
            return Decimal(str(held)) == Decimal(str(wanted))
        except ArithmeticError:
            return False
    if isinstance(held, date):
        return held.isoformat() == str(wanted)
    return str(held or "") == str(wanted or "")


def _number(row: int | None) -> int:
    assert row is not None
    return row
