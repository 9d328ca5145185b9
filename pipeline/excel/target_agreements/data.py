"""The data sheets of `Zielvereinbarungen.xlsx`: every amount once, with the agreement it belongs
to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.agreements import counts
from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.sheets import put_header, put_money
from pipeline.excel.target_agreements.desk import (
    AMOUNTS,
    COUNTS_RANGE,
    GENERAL_RANGE,
    KIND_RANGE,
    NUMBER_RANGE,
    OVERVIEW,
    SAVING_MONEY_COLUMN,
    SAVING_NUMBER_RANGE,
    SAVINGS,
    Desk,
    put_keys,
    set_page,
)
from pipeline.excel.workbook import put_link, put_number, put_text
from pipeline.model.blocks import rows_of

_KEY_ROW: Final = 3
_HEAD_ROW: Final = 4
_FIRST_ROW: Final = 5
_AMOUNT_HEAD: Final = (
    ("number", "Nr.", 6.0),
    ("agreement", "Vereinbarung", 15.0),
    ("unit", "Einheit", 11.0),
    ("title", "Bezeichnung", 46.0),
    ("kind", "Art", 11.0),
    ("general_funding", "Allg.\nDeckungsmittel", 14.0),
)
_SAVING_HEAD: Final = (
    ("number", "Nr.", 6.0),
    ("agreement", "Vereinbarung", 15.0),
    ("unit", "Einheit", 9.0),
    ("title", "Bezeichnung", 34.0),
    ("savings_measure", "Maßnahme", 14.0),
    ("measure_title", "Titel", 46.0),
    ("effect", "Wirkungsart", 14.0),
    ("memo", "nachrichtlich", 13.0),
    ("counts", "zählt", 7.0),
)
_MONEY_WIDTH: Final = 17.0
_NOBODY: Final = "(ohne)"

_Head = Sequence[tuple[str, str, float]]
_Row = Sequence[int | str]


def write_amounts(desk: Desk) -> None:
    """Writes the sheet Daten and defines the names by which the sums read it."""
    amounts = desk.found.amounts
    titles = desk.results.master.titles["units"]
    wide = amounts.pivot(
        index=["agreement", "unit", "kind", "general_funding"], columns="year", values="cents"
    ).to_dict("index")
    keys = amounts[["agreement", "unit", "kind", "general_funding"]].drop_duplicates()
    rows: list[tuple[_Row, list[int | None]]] = []
    for row in rows_of(keys):
        texts: _Row = (
            desk.number(row.agreement),
            row.agreement or _NOBODY,
            row.unit,
            titles.get(row.unit, "nicht in den Stammdaten"),
            labels.of(labels.KIND, row.kind),
            "ja" if row.general_funding else "nein",
        )
        found = wide[row.agreement, row.unit, row.kind, row.general_funding]
        rows.append((texts, [_cents(found.get(year.year)) for year in desk.years]))
    subtitle = (
        "Erträge und Aufwendungen je Einheit, die sie gemeldet hat, mit der Zielvereinbarung, zu "
        "der sie gehören (Nr. 0: zu keiner). In Euro; ohne interne Leistungen, ohne Investitionen."
    )
    _write(desk, AMOUNTS, "agreement_amounts", _AMOUNT_HEAD, "amount", rows, subtitle)
    last = _FIRST_ROW + max(len(rows), 1)
    for name, column in ((NUMBER_RANGE, 1), (KIND_RANGE, 5), (GENERAL_RANGE, 6)):
        _define(desk, AMOUNTS, name, column, last)
    for offset, year in enumerate(desk.years, start=len(_AMOUNT_HEAD) + 1):
        _define(desk, AMOUNTS, f"ZV_Betrag_{year.year}", offset, last)


def write_savings(desk: Desk) -> Mapping[tuple[str, str], int]:
    """Writes the sheet Konsolidierung; gives the row (from 0) of every measure by its unit and
    number.
    """
    savings = desk.found.savings
    titles = desk.results.master.titles["units"]
    planned = {
        (row.unit, row.savings_measure, int(row.year)): row.annual for row in rows_of(savings)
    }
    rows: list[tuple[_Row, list[int | None]]] = []
    places: dict[tuple[str, str], int] = {}
    keys = savings.drop(columns=["year", "annual"]).drop_duplicates()
    for row in rows_of(keys):
        places[row.unit, row.savings_measure] = _FIRST_ROW + len(rows)
        texts: _Row = (
            desk.number(row.agreement),
            row.agreement or _NOBODY,
            row.unit,
            titles.get(row.unit, "nicht in den Stammdaten"),
            row.savings_measure,
            row.title,
            row.effect,
            "ja" if row.memo else "nein",
            int(counts(row.effect, memo=bool(row.memo))),
        )
        annual = [planned[row.unit, row.savings_measure, year.year] for year in desk.years]
        rows.append((texts, [None if each is pd.NA else int(each) for each in annual]))
    subtitle = (
        "Geplante Jahreswirkung je Konsolidierungsmaßnahme mit der Zielvereinbarung, zu der sie "
        "gehört (Nr. 0: zu keiner). In Euro; ein Zuwachs ist in die Jahreswirkung umgerechnet. "
        "Nachrichtliches steht in keiner Summe."
    )
    _write(desk, SAVINGS, "agreement_savings", _SAVING_HEAD, "annual", rows, subtitle)
    last = _FIRST_ROW + max(len(rows), 1)
    _define(desk, SAVINGS, SAVING_NUMBER_RANGE, 1, last)
    _define(desk, SAVINGS, COUNTS_RANGE, len(_SAVING_HEAD), last)
    for offset, year in enumerate(desk.years, start=SAVING_MONEY_COLUMN):
        _define(desk, SAVINGS, f"KM_Wirkung_{year.year}", offset, last)
    return places


def _cents(value: object) -> int:
    """An amount of the pivoted frame; a year without figures is 0."""
    return 0 if value is None or pd.isna(value) else int(value)  # type: ignore[call-overload]


def _define(desk: Desk, sheet: str, name: str, column: int, last: int) -> None:
    letter = xl_col_to_name(column)
    desk.book.define(name, f"'{sheet}'!${letter}${_FIRST_ROW + 1}:${letter}${last}")


def _write(
    desk: Desk,
    name: str,
    table: str,
    head: _Head,
    amount: str,
    rows: Sequence[tuple[_Row, list[int | None]]],
    subtitle: str,
) -> None:
    sheet = set_page(desk, name, landscape=True)
    years = desk.years
    widths = [2.0, *(width for *_, width in head), *([_MONEY_WIDTH] * len(years))]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 26)
    put_text(sheet, 0, 1, name, desk.looks("title"))
    put_text(sheet, 1, 1, subtitle, desk.looks("subtitle"))
    put_link(sheet, 2, 1, f"internal:'{OVERVIEW}'!A1", "← Übersicht", desk.looks("link"))
    columns = {column: key for column, (key, *_) in enumerate(head, start=1)}
    columns |= {
        column: f"{amount}_{year.year}" for column, year in enumerate(years, start=len(head) + 1)
    }
    last = _FIRST_ROW + max(len(rows), 1) - 1
    put_keys(desk, sheet, _KEY_ROW, table, (_FIRST_ROW, last), columns)
    titles = ["", *(title for _, title, _ in head), *(year.title for year in years)]
    put_header(desk.looks, sheet, _HEAD_ROW, titles, widths)
    for row, (texts, cents) in enumerate(rows, start=_FIRST_ROW):
        _put_row(desk, sheet, row, texts, cents, widths)
    sheet.repeat_rows(_HEAD_ROW)
    sheet.freeze_panes(_FIRST_ROW, 4)
    if rows:
        sheet.autofilter(_HEAD_ROW, 1, last, len(titles) - 1)


def _put_row(
    desk: Desk,
    sheet: Worksheet,
    row: int,
    texts: _Row,
    cents: Sequence[int | None],
    widths: Sequence[float],
) -> None:
    sheet.set_row(
        row, height_of(*((str(text), widths[column]) for column, text in enumerate(texts, start=1)))
    )
    for column, text in enumerate(texts, start=1):
        if isinstance(text, int):
            put_number(sheet, row, column, text, desk.looks("number", "count"))
        else:
            put_text(sheet, row, column, text, desk.looks("row", "wrap"))
    for column, amount in enumerate(cents, start=len(texts) + 1):
        put_money(sheet, row, column, amount, desk.looks("row", "cents"))
