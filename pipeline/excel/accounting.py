"""Cell accounting: every non-empty cell of a return ends as booked, template or named, and is said
where it must be.

*Booked*: its value is in a block. *Template*: we put it there ourselves. *Named*: a finding speaks
of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pandas as pd

from pipeline.excel.grid import META_SHEET, FoundTable, tables_in
from pipeline.excel.reading import Cell, CellType, Sheet, Workbook, column_number
from pipeline.excel.sheet_layout import CellLayout, SheetLayout, TableLayout, WorkbookLayout
from pipeline.excel.values import shown_text
from pipeline.model.findings import Blocks, Finding, Place, Severity
from pipeline.rules.registry import finding
from pipeline.tables import results

MANY = 5
"""From this many cells on, what lies outside the input area of a sheet is one finding, not one per
cell.
"""

Used = dict[tuple[str, int, int], tuple[str, str, str, str]]
"""For each booked, template or named cell (sheet, row, column): table, column, state, use."""


@dataclass
class Account:
    """What has been said and used so far while one file is read."""

    file: str
    unit: str = ""
    findings: list[Finding] = field(default_factory=list)
    used: Used = field(default_factory=dict)

    def say(
        self,
        rule: str,
        *,
        sheet: str = "",
        cell: str = "",
        table: str = "",
        column: str = "",
        row: int = 0,
        severity: Severity | None = None,
        blocks: Blocks | None = None,
        facts: Mapping[str, str] | None = None,
        **values: str,
    ) -> None:
        place = Place(file=self.file, sheet=sheet, cell=cell, table=table, column=column, row=row)
        self.findings.append(
            finding(
                rule,
                place,
                values={**values, **(facts or {})},
                unit=self.unit,
                severity=severity,
                blocks=blocks,
            )
        )

    def use(
        self,
        sheet: Sheet,
        cell: Cell,
        use: str,
        *,
        table: str = "",
        column: str = "",
        state: str = "value",
    ) -> None:
        self.used.setdefault((sheet.name, cell.row, cell.column), (table, column, state, use))


def same_content(cell: Cell, ours: CellLayout) -> bool:
    """Whether a cell still holds what we put there: a formula where we put one, else the same
    value.
    """
    if ours.formula is not None:
        return cell.formula is not None
    if ours.value is None:
        return not cell.raw
    if cell.type is CellType.NUMBER:
        if isinstance(ours.value, bool | str):
            return False
        if isinstance(ours.value, int | Decimal):
            return Decimal(cell.raw) == Decimal(ours.value) or abs(
                Decimal(cell.raw) - Decimal(ours.value)
            ) < Decimal("0.0000001")
        return True  # a date we wrote: its serial is checked where it is an input
    return cell.raw.split() == str(ours.value).split()


def account_for_the_rest(workbook: Workbook, layout: WorkbookLayout, account: Account) -> None:
    """Names what stands where nothing was prepared: other sheets, other columns, remarks beside the
    table.
    """
    by_table = {sheet.table.table.name: sheet for sheet in layout.sheets if sheet.table}
    by_name = {sheet.name: sheet for sheet in layout.sheets}
    found = {table.sheet.name: table for table in tables_in(workbook) if table.name in by_table}
    for sheet in workbook.sheets:
        table = found.get(sheet.name)
        ours = by_table[table.name] if table else by_name.get(sheet.name)
        if sheet.name.casefold() == META_SHEET:
            continue
        if ours is None:
            if sheet.cells:
                account.say(
                    "D23",
                    sheet=sheet.name,
                    cell=sheet.cells[0].reference,
                    blatt=sheet.name,
                    anzahl=str(len(sheet.cells)),
                )
                for cell in sheet.cells:
                    account.use(sheet, cell, "named")
            continue
        _account_for_sheet(sheet, ours, table, account)


def _account_for_sheet(
    sheet: Sheet, ours: SheetLayout, table: FoundTable | None, account: Account
) -> None:
    shift = table.key_row - ours.table.key_row if table and ours.table else 0
    moved = _column_moves(table, ours.table) if table and ours.table else {}
    strangers = []
    for cell in sheet.cells:
        if (sheet.name, cell.row, cell.column) in account.used:
            continue
        row, column = cell.row - shift, moved.get(cell.column, cell.column)
        expected = ours.cells.get((row, column))
        if (expected is not None and same_content(cell, expected)) or (
            ours.table and _is_helper_or_closing(cell, column, row, ours)
        ):
            account.use(sheet, cell, "template")
        elif not cell.raw and cell.formula is None:
            account.use(sheet, cell, "template", state="empty")
        elif expected is not None and expected.value is not None:
            account.use(sheet, cell, "named")
            account.say(
                "D24",
                sheet=sheet.name,
                cell=cell.reference,
                row=cell.row,
                soll=str(expected.value)[:80],
                ist=shown_text(cell)[:80],
            )
        else:
            account.use(sheet, cell, "named")
            strangers.append(cell)
    if len(strangers) > MANY:
        area = f"{strangers[0].reference} bis {strangers[-1].reference}"
        account.say(
            "D22",
            sheet=sheet.name,
            cell=strangers[0].reference,
            variant="many",
            anzahl=str(len(strangers)),
            bereich=area,
        )
        return
    for cell in strangers:
        account.say(
            "D22", sheet=sheet.name, cell=cell.reference, row=cell.row, wert=shown_text(cell)[:200]
        )


def _column_moves(table: FoundTable, ours: TableLayout) -> dict[int, int]:
    """Where a column of the return stood when it was handed out."""
    known = {**ours.letters, **ours.helpers}
    here = {**table.columns, **table.helpers}
    return {number: column_number(known[name]) for name, number in here.items() if name in known}


def _is_helper_or_closing(cell: Cell, column: int, row: int, ours: SheetLayout) -> bool:
    """A formula of ours whose row was shifted by inserted or deleted rows."""
    if ours.table is None or cell.formula is None or row < ours.table.first_row:
        return False
    helpers = {column_number(letter) for letter in ours.table.helpers.values()} | {1}
    return column in helpers or any(
        each > ours.table.last_row and number == column and layout.formula
        for (each, number), layout in ours.cells.items()
    )


def all_cells(workbook: Workbook, account: Account, *, otherwise: str) -> list[tuple[str, ...]]:
    """Every non-empty cell of a workbook with its use, ``otherwise`` where nothing was said."""
    rows: list[tuple[str, ...]] = []
    for sheet in workbook.sheets:
        for cell in sheet.cells:
            table, column, state, use = account.used.get(
                (sheet.name, cell.row, cell.column), ("", "", "value", otherwise)
            )
            raw = cell.raw if cell.formula is None or cell.cached else f"={cell.formula}"
            rows.append((sheet.name, cell.reference, table, column, raw, state, use))
    return rows


def cells_frame(rows: list[tuple[str, ...]]) -> pd.DataFrame:
    """The rows of :func:`all_cells` as a frame: ``results.CELLS`` without the file."""
    names = [name for name in results.CELLS.names if name != "file"]
    return pd.DataFrame(rows, columns=names).astype("string")
