"""The lower part of the overview: functions, amounts and savings measures without an agreement.

The tables stand below that of the agreements and share its columns: a code, a title, a function,
two short columns, then the amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd
from xlsxwriter.worksheet import Worksheet

from pipeline.agreements import NONE, functions_of, functions_without
from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.sheets import put_money
from pipeline.excel.target_agreements.desk import AMOUNTS, SAVINGS, Desk
from pipeline.excel.workbook import put_text
from pipeline.model.blocks import rows_of

_CODE, _SHORT, _FIRST_AMOUNT = 1, 4, 6
_WIDE: Final = 40.0
_SIGNS: Final = {"expense": 1, "revenue": -1}


def put_without(desk: Desk, sheet: Worksheet, row: int) -> None:
    """Writes the three lists from ``row`` on."""
    row = _put_functions(desk, sheet, row)
    row = _put_amounts(desk, sheet, row + 1)
    if desk.savings:
        _put_savings(desk, sheet, row + 1)


def _heading(desk: Desk, sheet: Worksheet, row: int, text: str, titles: Sequence[str]) -> int:
    """The heading of a list and its header; without titles the list is empty. Gives the next
    row.
    """
    put_text(sheet, row, _CODE, text, desk.looks("heading"))
    for column, title in enumerate(titles, start=_CODE):
        put_text(sheet, row + 1, column, title, desk.looks("head", "text"))
    return row + 2 if titles else row + 1


def _put_texts(desk: Desk, sheet: Worksheet, row: int, *texts: str) -> None:
    sheet.set_row(row, height_of(*((text, _WIDE) for text in texts[1:3])))
    for column, text in enumerate(texts, start=_CODE):
        put_text(sheet, row, column, text, desk.looks("row", "wrap" if column < _SHORT else "text"))


def _put_functions(desk: Desk, sheet: Worksheet, row: int) -> int:
    """Leading functions without an agreement of their own; gives the next free row."""
    text = "Leitungsfunktionen ohne eigene Zielvereinbarung"
    without = functions_without(desk.found, desk.results.master)
    if not without:
        row = _heading(desk, sheet, row, text, ())
        nothing = "Jede Leitungsfunktion hat eine Zielvereinbarung."
        put_text(sheet, row, _CODE, nothing, desk.looks("subtitle"))
        return row + 1
    titles = ("Einheit", "Bezeichnung", "Funktion", "Budget in", "Hinweis", "", "")
    row = _heading(desk, sheet, row, text, titles)
    functions = functions_of(desk.results.master)
    same = {functions.get(each.unit, ""): each for each in desk.found.agreements.values()}
    titles_of_units = desk.results.master.titles["units"]
    for unit, function in without:
        holder = desk.found.holders.get(unit, NONE) or "keiner"
        note = ""
        if function in same:
            note = f"gleich benannte Funktion in {same[function].agreement}"
        _put_texts(desk, sheet, row, unit, titles_of_units[unit], function, holder, note, "", "")
        row += 1
    return row


def _put_amounts(desk: Desk, sheet: Worksheet, row: int) -> int:
    """Units whose amounts belong to no agreement, with their net cost; gives the next free row."""
    text = "Beträge ohne Zielvereinbarung"
    amounts = desk.found.amounts
    mine = amounts[amounts["agreement"] == NONE]
    if mine.empty:
        row = _heading(desk, sheet, row, text, ())
        nothing = f"Jeder Betrag des Blatts {AMOUNTS} gehört zu einer Zielvereinbarung."
        put_text(sheet, row, _CODE, nothing, desk.looks("subtitle"))
        return row + 1
    titles = ("Einheit", "Bezeichnung", "Funktion", "", "", *(year.title for year in desk.years))
    row = _heading(desk, sheet, row, text, titles)
    functions = functions_of(desk.results.master)
    names = desk.results.master.titles["units"]
    for unit in mine["unit"].drop_duplicates():
        name = names.get(unit, "nicht in den Stammdaten")
        _put_texts(desk, sheet, row, str(unit), name, functions.get(unit, ""), "", "")
        for column, year in enumerate(desk.years, start=_FIRST_AMOUNT):
            rows = mine[(mine["unit"] == unit) & (mine["year"] == year.year)]
            cents = int((rows["cents"] * rows["kind"].map(_SIGNS)).sum())
            put_money(sheet, row, column, cents, desk.looks("row", desk.money))
        row += 1
    return row


def _put_savings(desk: Desk, sheet: Worksheet, row: int) -> None:
    """Savings measures that belong to no agreement, with their planned annual effect."""
    text = "Konsolidierungsmaßnahmen ohne Zielvereinbarung"
    savings = desk.found.savings
    mine = savings[savings["agreement"] == NONE]
    if mine.empty:
        row = _heading(desk, sheet, row, text, ())
        nothing = f"Jede Maßnahme des Blatts {SAVINGS} gehört zu einer Zielvereinbarung."
        put_text(sheet, row, _CODE, nothing, desk.looks("subtitle"))
        return
    titles = ("Maßnahme", "Titel", "", "Einheit", "", *(year.title for year in desk.years))
    row = _heading(desk, sheet, row, text, titles)
    for (unit, measure), part in mine.groupby(["unit", "savings_measure"], sort=False):
        facts = next(rows_of(part))
        title = facts.title + (" (nachrichtlich)" if facts.memo else "")
        _put_texts(desk, sheet, row, str(measure), title, "", str(unit), "")
        annual = {int(each.year): each.annual for each in rows_of(part)}
        for column, year in enumerate(desk.years, start=_FIRST_AMOUNT):
            value = annual.get(year.year, pd.NA)
            cents = None if value is pd.NA else int(value)
            put_money(sheet, row, column, cents, desk.looks("row", desk.money))
        row += 1
