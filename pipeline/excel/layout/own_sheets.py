"""Sheets and notes that we wrote into a feedback workbook ourselves, known again when it comes
back.

What stands in them cannot be rebuilt from ``_meta`` alone (it speaks of an earlier round), so each
row leaves a short hash and its width in the hidden sheet ``_meta``: a row that still has it is
ours, everything else was written by the department and is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import Any

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.intake.accounting import Account
from pipeline.excel.reader.reading import Cell, CellType, Sheet, Workbook

_ROW, _NOTE = "own:", "note:"


def note_mark(text: str) -> str:
    """The key in ``_meta`` that makes a note ours, wherever its cell was moved to."""
    return f"{_NOTE}{_digest([text])}"


def marks_of(sheet: Worksheet) -> dict[str, str]:
    """The entries of ``_meta`` for all rows written to a sheet so far: texts and numbers count,
    formulas do not.
    """
    shared: Any = sheet.str_table
    texts = list(shared.string_table)
    name = str(sheet.get_name())  # type: ignore[no-untyped-call]
    marks = {}
    for row, cells in sorted(sheet.table.items()):
        content = []
        for column, cell in sorted(cells.items()):
            match type(cell).__name__:
                case "String":
                    content.append(_said(column + 1, texts[cell.string]))
                case "Number" | "Datetime":
                    content.append(_said(column + 1, _digits(str(cell.number))))
                case _:
                    pass
        if content:
            marks[_row_key(name, row + 1)] = f"{_digest(content)} {max(cells) + 1}"
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
        digest, _, width = entries.get(_row_key(sheet.name, row), "").partition(" ")
        ours = [cell for cell in cells if width.isdigit() and cell.column <= int(width)]
        if digest and digest == _digest(_content(ours)):
            for cell in ours:
                account.use(sheet, cell, "template")
        else:
            ours = []
        for cell in (each for each in cells if each not in ours):
            account.use(sheet, cell, "named")
            if cell.formula is None and cell.raw:
                strangers.append(cell)
    account.say_strangers(sheet, strangers)


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
