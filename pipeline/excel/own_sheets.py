"""Sheets and notes that we wrote into a feedback workbook ourselves, known again when it comes
back.

What stands in them cannot be rebuilt from ``_meta`` alone (it speaks of an earlier round), so each
row leaves a short hash in the hidden sheet ``_meta``: a row that still has it is ours, everything
else was written by the department and is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.accounting import MANY, Account
from pipeline.excel.reading import Cell, CellType, Sheet, Workbook
from pipeline.excel.values import shown_text

_ROW, _NOTE = "own:", "note:"


def note_mark(text: str) -> str:
    """The key in ``_meta`` that makes a note ours, wherever its cell was moved to."""
    return f"{_NOTE}{_digest([text])}"


def marks_of(sheet: Worksheet) -> dict[str, str]:
    """The entries of ``_meta`` for all rows written to a sheet so far: texts and numbers count,
    formulas do not.
    """
    texts = list(sheet.str_table.string_table) if sheet.str_table else []
    marks = {}
    for row, cells in sorted(sheet.table.items()):
        content = []
        for column, cell in sorted(cells.items()):
            match type(cell).__name__:
                case "String":
                    content.append(_said(column + 1, texts[cell.string]))
                case "Number":
                    content.append(_said(column + 1, _digits(str(cell.number))))
                case _:
                    pass
        if content:
            marks[_row_key(sheet.name, row + 1)] = _digest(content)
    return marks


def account_for_own_sheets(
    workbook: Workbook, entries: Mapping[str, str], known: frozenset[str], account: Account
) -> None:
    """Marks as *template* what we wrote into sheets of our own, and names what else stands there.

    ``entries`` are those of ``_meta``, ``known`` the names of the sheets that the layout explains.
    """
    ours = {key.removeprefix(_ROW).rpartition(":")[0] for key in entries if key.startswith(_ROW)}
    for sheet in workbook.sheets:
        if sheet.name in ours - known:
            _account_for(sheet, entries, account)


def _account_for(sheet: Sheet, entries: Mapping[str, str], account: Account) -> None:
    rows: dict[int, list[Cell]] = {}
    for cell in sheet.cells:
        rows.setdefault(cell.row, []).append(cell)
    strangers = []
    for row, cells in rows.items():
        wanted = entries.get(_row_key(sheet.name, row))
        if wanted is not None and wanted == _digest(_content(cells)):
            for cell in cells:
                account.use(sheet, cell, "template")
            continue
        for cell in cells:
            account.use(sheet, cell, "named")
            if cell.formula is None and cell.raw:
                strangers.append(cell)
    if len(strangers) > MANY:
        account.say(
            "D22",
            sheet=sheet.name,
            cell=strangers[0].reference,
            variant="many",
            anzahl=str(len(strangers)),
            bereich=f"{strangers[0].reference} bis {strangers[-1].reference}",
        )
        return
    for cell in strangers:
        account.say(
            "D22", sheet=sheet.name, cell=cell.reference, row=cell.row, wert=shown_text(cell)[:200]
        )


def _content(cells: Iterable[Cell]) -> list[str]:
    return [
        _said(cell.column, _digits(cell.raw) if cell.type is CellType.NUMBER else cell.raw)
        for cell in cells
        if cell.formula is None and cell.raw
    ]


def _said(column: int, text: str) -> str:
    return f"{column}={' '.join(text.split())}"


def _digits(raw: str) -> str:
    return f"{Context(prec=15).plus(Decimal(raw)).normalize():f}"


def _row_key(sheet: str, row: int) -> str:
    return f"{_ROW}{sheet}:{row}"


def _digest(content: Iterable[str]) -> str:
    plain = "\n".join(" ".join(text.split()) for text in content)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
