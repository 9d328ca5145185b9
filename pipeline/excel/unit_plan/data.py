"""The sheet Daten of a unit's workbook: every amount with the cell it came from, and the keys by
which the sums of the other sheets find it.
"""

from __future__ import annotations

from typing import Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.sheets import (
    LINKS_PER_SHEET,
    TITLE_ROWS,
    file_link,
    put_header,
    put_money,
    source_link,
)
from pipeline.excel.unit_plan.desk import CONDENSED, DATA, KEY_NAMES, OVERVIEW, UP, Desk, Entry
from pipeline.excel.unit_plan.grouping import STATED, Booked
from pipeline.excel.workbook import done, put_link, put_text

_KEYS: Final = (
    ("Schlüssel\nProdukt", 10.0),
    ("Schlüssel\nTeilplan", 9.0),
    ("Schlüssel\nMaßnahme", 10.0),
    ("Schlüssel\nEinheit", 9.0),
    ("Schlüssel\nÜbergang", 10.0),
)
_TEXTS: Final = (
    ("Produkt", 11.0),
    ("Einheit", 9.0),
    ("Zeile", 7.0),
    ("Maßnahme", 12.5),
    ("Geldart", 16.0),
    ("Herkunft", 20.0),
    ("Datei", 24.0),
    ("Blatt", 18.0),
    ("Zellen", 22.0),
)
_FIRST_YEAR: Final = len(_TEXTS)
_FIRST_ROW: Final = TITLE_ROWS + 1
_FROZEN: Final = 4  # product, unit, line and measure stay in sight
_ORIGINS: Final = {
    **labels.ORIGIN,
    CONDENSED: "Summe der Einheit",
    STATED: "nachrichtlich",
}


def _first_key(desk: Desk) -> int:
    """The keys stand behind the years and a gap, out of print."""
    return _FIRST_YEAR + len(desk.plans.years) + 1


def define_ranges(desk: Desk) -> None:
    """The defined names by which the sums read this sheet."""
    last = _FIRST_ROW + max(len(desk.entries), 1)
    places = {name: _first_key(desk) + number for number, name in KEY_NAMES.items()}
    places |= {f"Betrag_{year.year}": _FIRST_YEAR + n for n, year in enumerate(desk.plans.years)}
    for name, column in places.items():
        letter = xl_col_to_name(column)
        desk.book.define(name, f"'{DATA}'!${letter}${_FIRST_ROW + 1}:${letter}${last}")


def write_data(desk: Desk, sheet: Worksheet) -> None:
    """Writes one row per source row, the years beside each other, in euro and cents."""
    looks = desk.looks
    desk.set_up(sheet, f"{desk.unit} – {DATA}", landscape=True)
    widths = [width for _, width in _TEXTS] + [15.0] * len(desk.plans.years)
    for column, (_, width) in enumerate(_KEYS, start=_first_key(desk)):
        sheet.set_column(column, column, width)
    sheet.set_column(len(widths), len(widths), 2.0)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 26)
    put_text(sheet, 0, 0, f"Daten zum Teilplan {desk.unit}", looks("title"))
    note = (
        "In Euro und Cent. Jeder Betrag mit der Zelle, aus der er stammt; die grauen Schlüssel "
        "rechts sind die Suchbegriffe der Summen. Kursive Beträge sind kein Teil des Budgets."
    )
    if desk.parts:
        note += " Was eine Einheit darunter plant, steht als Summe mit Verweis auf deren Teilplan."
    put_text(sheet, 1, 0, note, looks("subtitle"))
    put_link(sheet, 2, 0, f"internal:'{OVERVIEW}'!A1", "← Überblick", looks("link"))
    titles = [title for title, _ in _TEXTS] + [*desk.year_titles]
    put_header(looks, sheet, TITLE_ROWS, titles, widths)
    for column, (title, _) in enumerate(_KEYS, start=_first_key(desk)):
        put_text(sheet, TITLE_ROWS, column, title, looks("head", "centre"))
    linked = len(desk.entries) <= LINKS_PER_SHEET
    for row, entry in enumerate(desk.entries, start=_FIRST_ROW):
        _put_entry(desk, sheet, row, entry, linked=linked)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(_FIRST_ROW, _FROZEN)
    last = TITLE_ROWS + max(len(desk.entries), 1)
    done(sheet.print_area(0, 0, last, len(titles) - 1))
    if desk.entries:
        sheet.autofilter(TITLE_ROWS, 0, last, len(titles) - 1)


def _stated(booked: Booked) -> str:
    return "Verpflichtung" if booked.line else "Konsolidierung"


def _put_entry(desk: Desk, sheet: Worksheet, row: int, entry: Entry, *, linked: bool) -> None:
    looks, booked = desk.looks, entry.row
    role = "row" if booked.counted else "quiet"
    text, grey, money = looks(role, "text"), looks("number", "text"), looks(role, "cents")
    for column, key in enumerate(entry.keys, start=_first_key(desk)):
        put_text(sheet, row, column, key, grey)
    condensed = booked.origin == CONDENSED
    texts = (
        booked.product,
        booked.unit,
        booked.line,
        booked.measure,
        labels.of(labels.KIND, booked.kind) or _stated(booked),
        labels.of(_ORIGINS, booked.origin),
        f"Teilplaene/{booked.file}" if condensed else booked.file,
        booked.sheet,
    )
    for column, content in enumerate(texts):
        put_text(sheet, row, column, content, text)
    link = None
    if condensed:
        link = file_link(booked.file, booked.sheet)
    elif linked:
        link = source_link(desk.results, booked.file, booked.sheet, booked.cell, up=UP)
    shown = "→ Teilplan" if condensed else booked.cells
    if link and linked:
        put_link(sheet, row, _FIRST_YEAR - 1, link, shown, looks("cell_link", "text"))
    else:
        put_text(sheet, row, _FIRST_YEAR - 1, shown, text)
    for column, cents in enumerate(booked.cents, start=_FIRST_YEAR):
        put_money(sheet, row, column, cents, money)
