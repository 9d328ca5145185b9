"""Puts a layout into a file, cell for cell; decides nothing by itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.layout.sheet_layout import (
    CellLayout,
    Demand,
    Highlight,
    SheetLayout,
    Validation,
    WorkbookLayout,
)
from pipeline.excel.workbook import Book, done, fit_rows, new_book, put, put_formula, put_link

_FREE_COLUMNS = 100  # XlsxWriter keeps a record per column: all 16,384 would cost seconds
_A4 = 9
# Widths and heights stay free: where a number does not fit it would be shown as ####, and Excel
# fits the height of a wrapped row on a protected sheet only where formatting rows is allowed.
_GUARDED = {"format_columns": True, "format_rows": True, "autofilter": True}
_EDITABLE = {
    **_GUARDED,
    "format_cells": True,
    "insert_columns": True,
    "insert_rows": True,
    "insert_hyperlinks": True,
    "delete_columns": True,
    "delete_rows": True,
    "sort": True,
    "objects": True,
}


def write_layout(layout: WorkbookLayout, path: Path, *, lock_structure: bool = True) -> None:
    """Writes a workbook: sheets in order, defined names, protection without password, identity as
    document properties.
    """
    identity = layout.identity.entries()
    with new_book(
        path,
        title=layout.title,
        subject=layout.footer,
        properties=identity,
        lock_structure=lock_structure,
    ) as book:
        for sheet in layout.sheets:
            put_sheet(book, sheet, layout.footer)
        for name, reference in layout.names.items():
            book.define(name, reference)


def put_sheet(book: Book, layout: SheetLayout, footer: str) -> Worksheet:
    """Adds one sheet to a workbook, and gives it for what a layout does not know (notes)."""
    sheet = book.sheet(layout.name, hidden=layout.hidden)
    sheet.hide_gridlines(2)
    unlocked = book.style("plain", locked=False) if layout.editable else None
    if unlocked is not None:
        done(sheet.set_column(0, _FREE_COLUMNS - 1, None, unlocked))
    for column, width in layout.column_widths.items():
        done(sheet.set_column(column - 1, column - 1, width, unlocked))
    for column in layout.hidden_columns:
        done(sheet.set_column(column - 1, column - 1, 4, None, {"hidden": True}))
    _rows(book, sheet, layout)
    for (row, column), cell in layout.cells.items():
        _write_cell(book, sheet, row - 1, column - 1, cell)
    for validation in layout.validations:
        first_row, first_column, last_row, last_column = validation.area
        done(
            sheet.data_validation(
                first_row - 1, first_column - 1, last_row - 1, last_column - 1, _options(validation)
            )
        )
    for highlight in layout.highlights:
        _highlight(book, sheet, highlight)
    if layout.filtered:
        first_row, first_column, last_row, last_column = layout.filtered
        done(sheet.autofilter(first_row - 1, first_column - 1, last_row - 1, last_column - 1))
    if layout.freeze:
        sheet.freeze_panes(layout.freeze[0] - 1, layout.freeze[1] - 1)
    _print_setup(sheet, layout, footer)
    sheet.protect("", dict(_EDITABLE if layout.editable else _GUARDED))
    return sheet


def _rows(book: Book, sheet: Worksheet, layout: SheetLayout) -> None:
    for row, height in layout.row_heights.items():
        done(sheet.set_row(row - 1, height))
    fit_rows(sheet, {row - 1: height for row, height in layout.fitted_heights.items()})
    for row in layout.hidden_rows:
        # The whole row is locked, also where columns are free: the key row must not be moved or
        # overwritten.
        done(sheet.set_row(row - 1, None, book.style("key"), {"hidden": True}))


def _write_cell(book: Book, sheet: Worksheet, row: int, column: int, cell: CellLayout) -> None:
    look = book.style(cell.style, locked=cell.locked)
    if cell.formula is not None:
        if cell.value is None or isinstance(cell.value, date):
            raise TypeError(f"{cell.formula}: a formula needs a cached number or text")
        put_formula(sheet, row, column, cell.formula, look, cell.value)
    elif cell.link:
        put_link(sheet, row, column, cell.link, str(cell.value), look)
    else:
        put(sheet, row, column, cell.value, look)


def _options(validation: Validation) -> dict[str, Any]:
    """XlsxWriter's words for a validation."""
    options: dict[str, Any] = {
        "validate": validation.demand.value,
        "error_title": "Bitte prüfen",
        "error_message": validation.error,
        "error_type": "stop" if validation.strict else "warning",
    }
    if validation.message:
        options |= {"input_title": validation.title, "input_message": validation.message}
    match validation.demand:
        case Demand.LIST:
            options["source"] = f"={validation.source}"
        case Demand.FORMULA:
            options["value"] = f"={validation.source}"
        case Demand.DECIMAL | Demand.WHOLE | Demand.LENGTH | Demand.DATE:
            options |= {
                "criteria": "between",
                "minimum": validation.minimum,
                "maximum": validation.maximum,
            }
    return options


def _highlight(book: Book, sheet: Worksheet, highlight: Highlight) -> None:
    first_row, first_column, last_row, last_column = highlight.area
    done(
        sheet.conditional_format(
            first_row - 1,
            first_column - 1,
            last_row - 1,
            last_column - 1,
            {
                "type": "formula",
                "criteria": f"={highlight.formula}",
                "format": book.condition(highlight.look),
            },
        )
    )


def _print_setup(sheet: Worksheet, layout: SheetLayout, footer: str) -> None:
    printing = layout.printing
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    if printing.landscape:
        sheet.set_landscape()
    # An ampersand starts a code in footers, doubled it is itself; the blank keeps a name that
    # begins with a digit from becoming part of the font size.
    left = footer[:100].replace("&", "&&")
    sheet.set_footer(f"&L&8 {left}&C&8&A&R&8Seite &P von &N")
    sheet.set_print_scale(printing.scale)
    if printing.rows:
        sheet.repeat_rows(printing.rows[0] - 1, printing.rows[1] - 1)
    if printing.columns:
        done(sheet.repeat_columns(printing.columns[0] - 1, printing.columns[1] - 1))
    if printing.breaks:
        sheet.set_v_pagebreaks(list(printing.breaks))
