"""The sheet Daten: the contributions row by row, each with the cell it came from; every live sum
reads it.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.ledger import DIMENSIONS, GOAL, LINE, MEASURE, PRODUCT, UNIT
from pipeline.excel.budget_plan.ranges import FIRST_ROW, TEXTS
from pipeline.excel.budget_plan.sheets import (
    DATA,
    LINKS_PER_SHEET,
    TITLE_ROWS,
    Plan,
    open_sheet,
    percent_of,
    put_header,
    put_money,
    source_link,
)
from pipeline.excel.workbook import put_link, put_number, put_text
from pipeline.tables.choices import GENERAL_FUNDING, WITHOUT_GOAL

_NUMBER_TITLES: Final = {
    GOAL: "Nr.\nZiel",
    UNIT: "Nr.\nEinheit",
    PRODUCT: "Nr.\nProdukt",
    LINE: "Nr.\nZeile",
    MEASURE: "Nr.\nMaßn.",
}
_GOALS: Final = {WITHOUT_GOAL: "ohne Ziel", GENERAL_FUNDING: "allgemein"}


def write_data(plan: Plan) -> None:
    """Writes one row per source row and goal, with the years beside each other."""
    ledger = plan.ledger
    titles = [_NUMBER_TITLES[dimension] for dimension in DIMENSIONS]
    titles += [title for title, _ in TEXTS]
    titles += [year.title for year in ledger.years]
    widths = [
        *([7.5] * len(DIMENSIONS)),
        *(width for _, width in TEXTS),
        *([15.0] * len(ledger.years)),
    ]
    subtitle = (
        "Jeder Betrag mit der Zelle, aus der er stammt (in Euro und Cent). Die grauen Nummern "
        "sind die Suchbegriffe der Summen: "
        "Excel hielte 1.1 und 1.10 sonst für dieselbe Zahl."
    )
    if ledger.spans:
        subtitle += (
            " Bitte filtern, nicht sortieren: Wegen ihrer Menge lesen die Summen jede Zeile an "
            "ihrem Platz."
        )
    sheet = open_sheet(plan, DATA, "Daten", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, titles, widths)
    looks = plan.looks
    number, text, money = looks("number", "count"), looks("row", "text"), looks("row", "cents")
    share, link_look = looks("row", "share"), looks("cell_link", "text")
    years = [year.year for year in ledger.years]
    linked = len(ledger.rows) <= LINKS_PER_SHEET
    row = TITLE_ROWS
    columns = [
        "share_bp",
        "file",
        "sheet",
        "cell",
        "cells",
        *DIMENSIONS,
        "kind",
        "origin",
        *(f"{name}_number" for name in DIMENSIONS),
    ]
    amounts = ledger.rows[years].astype(object).to_numpy()
    for record, cents in zip(ledger.rows[columns].to_dict("records"), amounts, strict=True):
        row += 1
        for column, name in enumerate(DIMENSIONS):
            running = int(record[f"{name}_number"])
            if running:
                put_number(sheet, row, column, running, number)
            else:
                put_text(sheet, row, column, "", number)
        goal, file, cells = str(record[GOAL]), str(record["file"]), str(record["cells"])
        texts = [
            _GOALS.get(goal, goal),
            *(str(record[name]) for name in (UNIT, PRODUCT, LINE, MEASURE)),
        ]
        texts += [
            labels.of(labels.KIND, str(record["kind"])),
            labels.of(labels.ORIGIN, str(record["origin"])),
        ]
        column = len(DIMENSIONS)
        for content in texts:
            put_text(sheet, row, column, content, text)
            column += 1
        put_number(sheet, row, column, percent_of(int(record["share_bp"])), share)
        put_text(sheet, row, column + 1, file, text)
        put_text(sheet, row, column + 2, str(record["sheet"]), text)
        link = (
            source_link(plan.results, file, str(record["sheet"]), str(record["cell"]))
            if linked
            else None
        )
        if link:
            put_link(sheet, row, column + 3, link, cells, link_look)
        else:
            put_text(sheet, row, column + 3, cells, text)
        for offset, amount in enumerate(cents, start=column + 4):
            put_money(sheet, row, offset, None if amount is pd.NA else int(amount), money)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(FIRST_ROW, len(DIMENSIONS))
    if row > TITLE_ROWS:
        sheet.autofilter(TITLE_ROWS, 0, row, len(titles) - 1)
