"""The sheets Investitionsmaßnahmen and Verpflichtungen: what is built over many years, and what
later years are already bound to pay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.ledger import MEASURE
from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.ranges import look_up
from pipeline.excel.budget_plan.sheets import (
    CAPITAL,
    COMMITMENTS,
    TITLE_ROWS,
    Plan,
    open_sheet,
    put_header,
    put_money,
    put_source,
    put_sum,
    source_link,
    text_of,
)
from pipeline.excel.workbook import put_number, put_text
from pipeline.tables.choices import LISTED_STATUSES

_LISTED: Final = frozenset(choice.code for choice in LISTED_STATUSES)
_YEAR_WIDTH: Final = 12.8
_SOURCE: Final = 15.0
_FIRST: Final = TITLE_ROWS + 1

_HEAD: Final = (
    ("Nr.", 4.5),
    ("Maßnahme", 12.0),
    ("Titel", 36.0),
    ("Produkt", 9.5),
    ("Status", 13.0),
    ("Bisher\nbereitgestellt", 13.5),
)
_TAIL: Final = (
    ("Später", 12.8),
    ("Gesamtkosten\n(gerechnet)", 13.5),
    ("Gesamtkosten\n(angegeben)", 13.5),
    ("Einzahlungen\nder Planjahre", 13.5),
    ("Folgekosten\nim Jahr", 12.0),
    ("Drittmittelgeber", 22.0),
    ("Stand der\nFörderung", 12.0),
)


def write_capital(plan: Plan) -> None:
    """Writes the sheet Investitionsmaßnahmen: spent before, payments of every planned year, later,
    and the sum beside the total cost that was stated; follow-up cost and third-party funding.
    """
    years = plan.results.master.entered_years
    titles = [name for name, _ in _HEAD] + [f"Auszahlung\n{year.title}" for year in years]
    titles += [name for name, _ in _TAIL]
    widths = [*(width for _, width in _HEAD), *([_YEAR_WIDTH] * len(years))]
    widths += [width for _, width in _TAIL]
    subtitle = (
        f"{plan.unit_of_money_first}. Auszahlungen der Maßnahmen mit Art „investiv“ und aller "
        "anderen, für die Auszahlungen geplant sind. Angemeldete, zurückgestellte und entfallene "
        "Maßnahmen zählen nicht."
    )
    sheet = open_sheet(plan, CAPITAL, "Investitionsmaßnahmen", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, titles, widths)
    row = _FIRST
    for record in _investments(plan):
        _put_investment(plan, sheet, row, record)
        row += 1
    if row == _FIRST:
        put_text(sheet, row, 1, "Es sind keine Investitionen gemeldet.", plan.looks("plain"))
    else:
        _put_total(plan, sheet, row, titles)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(_FIRST, 3)


def _investments(plan: Plan) -> list[dict[str, Any]]:
    """Counted measures that are investments by their type or because money is paid for them."""
    years = [year.year for year in plan.results.master.entered_years]
    found = []
    for record in plan.results.texts["measures"].to_dict("records"):
        measure, listed = str(record["measure"]), text_of(record["status"]) in _LISTED
        paid = any(plan.ledger.sum(MEASURE, measure, "payment", year) for year in years)
        if not listed and (paid or text_of(record["type"]) == "investiv"):
            found.append({str(name): value for name, value in record.items()})
    return found


def _amount(record: Mapping[str, Any], name: str) -> int:
    """A stated amount in cents; what is not stated counts as nothing in a sum."""
    return int(str(record[name])) if text_of(record.get(name)) else 0


def _put_investment(plan: Plan, sheet: Worksheet, row: int, record: Mapping[str, Any]) -> None:
    measure = text_of(record["measure"])
    texts = [text_of(record.get(name)) for name in ("measure", "title", "product", "status")]
    ends = [text_of(record.get("funder")), text_of(record.get("funding_state"))]
    sheet.set_row(
        row,
        height_of(
            *zip(texts, (width for _, width in _HEAD[1:]), strict=False),
            *zip(ends, (width for _, width in _TAIL[-2:]), strict=True),
        ),
    )
    number = plan.ledger.numbers[MEASURE].get(measure)
    if number is not None:
        put_number(sheet, row, 0, number, plan.looks("number", "count"))
    for column, text in enumerate(texts, start=1):
        put_text(sheet, row, column, text, plan.looks("row", "wrap"))
    look = plan.looks("row", plan.money)
    before, later = _amount(record, "spent_before"), _amount(record, "later")
    column = len(_HEAD) - 1
    put_money(sheet, row, column, before, look)
    first = column
    total = before + later
    years = [year.year for year in plan.results.master.entered_years]
    criterion = f"$A{row + 1}"
    for year in years:
        column += 1
        cents = plan.ledger.sum(MEASURE, measure, "payment", year)
        paid = look_up(plan.ledger, MEASURE, measure, criterion, "payment", year)
        put_sum(sheet, row, column, paid if number is not None else "ROUND(0,2)", cents, look)
        total += cents
    column += 1
    put_money(sheet, row, column, later, look)
    cells = f"{xl_rowcol_to_cell(row, first)}:{xl_rowcol_to_cell(row, column)}"
    put_sum(sheet, row, column + 1, f"ROUND(SUM({cells}),2)", total, plan.looks("row1", plan.money))
    stated = _amount(record, "total_cost") if text_of(record.get("total_cost")) else None
    put_money(sheet, row, column + 2, stated, look)
    receipts = sum(plan.ledger.sum(MEASURE, measure, "receipt", year) for year in years)
    parts = "+".join(
        look_up(plan.ledger, MEASURE, measure, criterion, "receipt", year) for year in years
    )
    formula = f"ROUND({parts},2)" if number is not None and parts else "ROUND(0,2)"
    put_sum(sheet, row, column + 3, formula, receipts, look)
    followup = _amount(record, "followup_cost") if text_of(record.get("followup_cost")) else None
    put_money(sheet, row, column + 4, followup, look)
    for offset, text in enumerate(ends, start=5):
        put_text(sheet, row, column + offset, text, plan.looks("row", "wrap"))


def _put_total(plan: Plan, sheet: Worksheet, row: int, titles: Sequence[str]) -> None:
    """Live sums of the money columns; the stated totals and follow-up costs are no plan figures."""
    records = _investments(plan)
    years = [year.year for year in plan.results.master.entered_years]

    def paid(kind: str, year: int) -> int:
        return sum(plan.ledger.sum(MEASURE, str(each["measure"]), kind, year) for each in records)

    by_year = [paid("payment", year) for year in years]
    before = sum(_amount(each, "spent_before") for each in records)
    later = sum(_amount(each, "later") for each in records)
    receipts = sum(paid("receipt", year) for year in years)
    sums: list[int | None] = [
        before,
        *by_year,
        later,
        before + sum(by_year) + later,
        None,
        receipts,
    ]
    look = plan.looks("total", plan.money)
    for column in range(len(titles)):
        put_text(sheet, row, column, "Summe" if column == 2 else "", plan.looks("total"))
    for column, cents in enumerate(sums, start=len(_HEAD) - 1):
        if cents is None:
            continue
        letter = xl_col_to_name(column)
        formula = f"ROUND(SUM({letter}{_FIRST + 1}:{letter}{row}),2)"
        put_sum(sheet, row, column, formula, cents, look)


# --- commitments ------------------------------------------------------------------------------

_BOUND: Final = (
    ("Ansatz-\njahr", 8.5),
    ("Einheit", 9.0),
    ("Produkt", 10.5),
    ("Zeile", 8.0),
    ("Maßnahme", 13.0),
    ("Titel der Maßnahme", 36.0),
)


def write_commitments(plan: Plan) -> None:
    """Writes the sheet Verpflichtungen: commitments by budget year and due year, with a live sum
    for each budget year, as the overview of commitments (VE-Übersicht) of a budget shows them.
    """
    frame = plan.results.tables["commitments"]
    dues = sorted({int(year) for year in frame["due_year"].dropna()})
    later = bool(frame["due_year"].isna().any())
    titles = [name for name, _ in _BOUND] + [f"fällig\n{year}" for year in dues]
    titles += [*(["fällig\nspäter"] if later else []), "Summe", "Quelle"]
    widths = [*(width for _, width in _BOUND), *([13.5] * (len(dues) + later + 1)), _SOURCE]
    subtitle = (
        f"{plan.unit_of_money_first}. Verpflichtungsermächtigungen: Auszahlungen späterer Jahre, "
        "zu denen sich die Kommune im Ansatzjahr verpflichten darf. Sie sind kein Teil des Budgets."
    )
    sheet = open_sheet(plan, COMMITMENTS, "Verpflichtungsermächtigungen", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, titles, widths)
    row = _FIRST
    for year in sorted({int(each) for each in frame["year"].dropna()}):
        row = _put_budget_year(
            plan, sheet, row, frame[frame["year"] == year], [*dues, None][: len(dues) + later]
        )
    if row == _FIRST:
        text = "Es sind keine Verpflichtungsermächtigungen gemeldet."
        put_text(sheet, row, 0, text, plan.looks("plain"))
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(_FIRST, len(_BOUND))


def _put_budget_year(
    plan: Plan, sheet: Worksheet, row: int, frame: pd.DataFrame, dues: Sequence[int | None]
) -> int:
    """The commitments of one budget year with their sums; gives the next free row."""
    measures = plan.results.texts["measures"]
    names = dict(zip(measures["measure"], measures["title"].fillna(""), strict=True))
    keys = ["unit", "product", "line", "measure", "file", "sheet"]
    rows = frame.assign(at=frame["cell"].str.replace(r"^[A-Z]+", "", regex=True))
    start, year = row, int(frame["year"].iloc[0])
    totals = [0] * len(dues)
    for key, part in rows.groupby([*keys, "at"], sort=True, dropna=False):
        facts = dict(zip([*keys, "at"], map(text_of, key), strict=True))
        amounts = [
            int(
                part.loc[
                    part["due_year"].isna() if due is None else part["due_year"] == due, "cents"
                ].sum()
            )
            for due in dues
        ]
        texts = [facts["unit"], facts["product"], facts["line"], facts["measure"]]
        texts.append(text_of(names.get(facts["measure"])))
        sheet.set_row(row, height_of((texts[-1], _BOUND[-1][1])))
        put_number(sheet, row, 0, year, plan.looks("row", "count"))
        for column, text in enumerate(texts, start=1):
            put_text(sheet, row, column, text, plan.looks("row", "wrap"))
        for column, cents in enumerate(amounts, start=len(_BOUND)):
            put_money(sheet, row, column, cents, plan.looks("row", plan.money))
        _put_row_sum(plan, sheet, row, len(dues), sum(amounts), role="row1")
        cell = text_of(part["cell"].iloc[0])
        link = source_link(plan.results, facts["file"], facts["sheet"], cell)
        column = len(_BOUND) + len(dues) + 1
        put_source(plan.looks, sheet, row, column, f"{facts['file']} {cell}", link)
        totals = [one + other for one, other in zip(totals, amounts, strict=True)]
        row += 1
    for column in range(len(_BOUND) + len(dues) + 2):
        text = f"Summe der Ermächtigungen {year}" if column == len(_BOUND) - 1 else ""
        put_text(sheet, row, column, text, plan.looks("total"))
    for column, cents in enumerate(totals, start=len(_BOUND)):
        letter = xl_col_to_name(column)
        formula = f"ROUND(SUM({letter}{start + 1}:{letter}{row}),2)"
        put_sum(sheet, row, column, formula, cents, plan.looks("total", plan.money))
    _put_row_sum(plan, sheet, row, len(dues), sum(totals), role="total")
    return row + 1


def _put_row_sum(
    plan: Plan, sheet: Worksheet, row: int, dues: int, cents: int, *, role: str
) -> None:
    first, last = len(_BOUND), len(_BOUND) + dues - 1
    cells = f"{xl_rowcol_to_cell(row, first)}:{xl_rowcol_to_cell(row, last)}"
    put_sum(sheet, row, last + 1, f"ROUND(SUM({cells}),2)", cents, plan.looks(role, plan.money))
