"""Tables in a sheet of cells: found by their hidden key row, never by name, order or address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from pipeline.excel.reader.reading import Cell, Sheet, Workbook
from pipeline.model.tables import Table

_KEY = re.compile(r"zh:([a-z_]+):(\d{1,7}):(\d{1,7})")
META_SHEET = "_meta"


@dataclass(frozen=True)
class FoundTable:
    """A table as it lies in a workbook that came back.

    ``first_row`` and ``last_row`` are what the key cell says; ``columns`` maps the column names of
    the key row to column numbers (helper columns, which begin with ``#``, in ``helpers``).
    ``doubled`` are names that stand there more than once. Once compared with what was handed out,
    ``moved`` says by how many rows the key row lies lower, and ``gap`` by how many the headers lie
    lower than the key row should have them. ``renamed`` are today's names of columns that stand
    there under an earlier one.
    """

    name: str
    sheet: Sheet
    key_row: int
    first_row: int
    last_row: int
    columns: Mapping[str, int]
    helpers: Mapping[str, int]
    doubled: tuple[str, ...]
    moved: int = 0
    gap: int = 0
    renamed: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_row(self) -> Mapping[int, Mapping[int, Cell]]:
        """The sheet's cells by row and column."""
        found: dict[int, dict[int, Cell]] = {}
        for cell in self.sheet.cells:
            found.setdefault(cell.row, {})[cell.column] = cell
        return found

    def shifted(self, rows: int, gap: int = 0) -> FoundTable:
        """The same table where rows were inserted (or deleted) above its key row, and ``gap`` rows
        between it and the headers.
        """
        return replace(
            self,
            first_row=self.first_row + rows + gap,
            last_row=self.last_row + rows + gap,
            moved=rows,
            gap=gap,
        )

    def migrated(self, declared: Table) -> FoundTable:
        """The same table under today's names, where it was handed out under earlier ones."""
        renamed = {
            column.name: former
            for column in declared.columns
            if column.name not in self.columns
            for former in column.former_names
            if former in self.columns and former not in declared.names
        }
        today = {former: name for name, former in renamed.items()}
        columns = {today.get(name, name): number for name, number in self.columns.items()}
        return replace(self, name=declared.name, columns=columns, renamed=renamed)

    def home(self, row: int, header_row: int) -> int:
        """Where a row of the sheet stood when it was handed out (with its headers in
        ``header_row``).
        """
        return row - self.moved - (self.gap if row >= header_row + self.moved + self.gap else 0)


def tables_in(workbook: Workbook) -> tuple[FoundTable, ...]:
    """Every table of the workbook, in the order of sheets and rows; a copied sheet gives the same
    table twice.
    """
    found = []
    for sheet in workbook.sheets:
        for cell in sheet.cells:
            match = _KEY.fullmatch(cell.raw.strip()) if cell.column == 1 else None
            if match:
                found.append(_table(sheet, cell.row, match))
    return tuple(found)


def _table(sheet: Sheet, key_row: int, match: re.Match[str]) -> FoundTable:
    columns: dict[str, int] = {}
    helpers: dict[str, int] = {}
    doubled = []
    for cell in sheet.cells:
        if cell.row != key_row or cell.column == 1:
            continue
        name = cell.raw.strip()
        if name.startswith("#"):
            helpers[name] = cell.column
        elif name in columns:
            doubled.append(name)
        elif name:
            columns[name] = cell.column
    return FoundTable(
        match[1], sheet, key_row, int(match[2]), int(match[3]), columns, helpers, tuple(doubled)
    )


def meta_entries(workbook: Workbook) -> Mapping[str, str] | None:
    """The rows of the hidden sheet ``_meta``: key in column A, value in column B; ``None`` without
    such a sheet.
    """
    for sheet in workbook.sheets:
        if sheet.name.casefold() != META_SHEET:
            continue
        keys = {cell.row: cell.raw.strip() for cell in sheet.cells if cell.column == 1}
        values = {cell.row: cell.raw.strip() for cell in sheet.cells if cell.column == 2}
        return {key: values.get(row, "") for row, key in keys.items() if key}
    return None
