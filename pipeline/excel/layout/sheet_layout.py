"""What stands where in a workbook we hand out: cells as values, before any file exists.

Rows and columns count from 1, as people count them. Writer, reader, feedback and linter all read
these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import cached_property

from pipeline.excel.layout.live_check import LiveCheck
from pipeline.excel.layout.prefill import RowLayout
from pipeline.model.identity import Identity
from pipeline.model.tables import Table

Shown = str | int | Decimal | bool | date | None
"""A value as it stands in the cell: money in euro, 45 for 45 %, a choice's label, months and dates
as dates.
"""

Area = tuple[int, int, int, int]
"""First row, first column, last row, last column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CellLayout:
    """One cell. With a ``formula`` (without ``=``) the ``value`` is what a recalculation finds."""

    value: Shown = None
    formula: str | None = None
    style: str = "plain"
    locked: bool = True
    link: str = ""


class Demand(Enum):
    """What a data validation asks of a typed value."""

    LIST = "list"
    DECIMAL = "decimal"
    WHOLE = "integer"
    LENGTH = "length"
    DATE = "date"
    FORMULA = "custom"


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Data validation of an area: comfort while typing, never proof (pasted values bypass it).

    ``source`` is a defined name for a list and a formula for ``FORMULA``. ``strict`` refuses,
    otherwise it warns.
    """

    area: Area
    demand: Demand
    source: str = ""
    minimum: int | Decimal | date | None = None
    maximum: int | Decimal | date | None = None
    title: str = ""
    message: str = ""
    error: str = ""
    strict: bool = True


@dataclass(frozen=True, kw_only=True)
class Highlight:
    """A conditional format: ``formula`` is written for the first cell of the area, ``look`` names
    colours.
    """

    area: Area
    formula: str
    look: str


@dataclass(frozen=True, kw_only=True)
class TableLayout:
    """Where one table lies.

    ``letters`` maps every column of ``table`` to its letter, ``helpers`` the columns of ours
    (``#title``). ``rows`` has one entry per prepared row, from ``first_row`` to ``last_row``.
    """

    table: Table
    sheet: str
    key_row: int
    header_row: int
    first_row: int
    last_row: int
    letters: Mapping[str, str]
    helpers: Mapping[str, str]
    rows: tuple[RowLayout, ...]
    checks: tuple[LiveCheck, ...] = ()
    """What the sheet checks by itself, each with a hidden helper column ``#<rule>:<column>``."""

    @property
    def closing_row(self) -> int:
        """The locked row below the last prepared one; ranges reach to it, so that they survive cut
        and paste.
        """
        return self.last_row + 1


@dataclass(frozen=True, kw_only=True)
class Print:
    """How a sheet is printed: A4, repeated rows and columns, column breaks (last column of a page),
    scale in per cent.
    """

    landscape: bool = True
    rows: tuple[int, int] | None = None
    columns: tuple[int, int] | None = None
    breaks: tuple[int, ...] = ()
    scale: int = 100


@dataclass(frozen=True, kw_only=True)
class SheetLayout:
    """One sheet with everything that stands in it when it is handed out, empty input cells
    included.
    """

    name: str
    title: str = ""
    hidden: bool = False
    table: TableLayout | None = None
    cells: Mapping[tuple[int, int], CellLayout] = field(default_factory=dict)
    column_widths: Mapping[int, float] = field(default_factory=dict)
    row_heights: Mapping[int, float] = field(default_factory=dict)
    fitted_heights: Mapping[int, float] = field(default_factory=dict)
    """Heights of rows whose texts need several lines; they grow with what is typed, ``row_heights``
    stay.
    """
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    freeze: tuple[int, int] | None = None
    filtered: Area | None = None
    validations: tuple[Validation, ...] = ()
    highlights: tuple[Highlight, ...] = ()
    printing: Print = field(default_factory=Print)
    editable: bool = False
    """Everything but the cells listed as locked may be changed (master), rows inserted and
    deleted.
    """


@dataclass(frozen=True, kw_only=True)
class WorkbookLayout:
    """A whole workbook.

    ``lists`` are the drop-down lists by defined name, as they stand in the hidden sheet ``Listen``;
    ``names`` maps every defined name (those of the lists too) to its range.
    """

    identity: Identity
    title: str
    footer: str
    sheets: tuple[SheetLayout, ...]
    lists: Mapping[str, tuple[str | int | Decimal, ...]]
    names: Mapping[str, str]

    @cached_property
    def tables(self) -> Mapping[str, TableLayout]:
        """The tables by name."""
        return {sheet.table.table.name: sheet.table for sheet in self.sheets if sheet.table}
