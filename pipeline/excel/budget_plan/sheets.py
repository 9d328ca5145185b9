"""What all sheets of the consolidated workbook share: their names, the page, the title, the
header row, links to sources.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import isnan
from typing import Final

import pandas as pd
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.ledger import Ledger
from pipeline.excel.budget_plan.looks import Looks, Money, height_of, money_of
from pipeline.excel.workbook import (
    Book,
    clean,
    put_blank,
    put_formula,
    put_link,
    put_number,
    put_text,
)
from pipeline.model.money import euro
from pipeline.model.results import Results

COVER: Final = "Deckblatt"
GOALS: Final = "Zielbaum"
INVESTMENTS: Final = "Investitionen"
GROSS: Final = "Bezugssicht"
INCOME: Final = "Ergebnisplan"
FINANCE: Final = "Finanzplan"
ORGANISATION: Final = "Organisation"
PRODUCTS: Final = "Produkte"
CEILINGS: Final = "Eckwerte"
MEASURES: Final = "Maßnahmen"
SAVINGS: Final = "Konsolidierung"
CAPITAL: Final = "Investitionsmaßnahmen"
COMMITMENTS: Final = "Verpflichtungen"
KEY_FIGURES: Final = "Kennzahlen"
ATTAINMENT: Final = "Zielerreichung"
FRAMEWORK: Final = "Rahmenbedingungen"
RECONCILIATION: Final = "Abgleich"
RETURNS: Final = "Rückläufe"
DIFFERENCES: Final = "Unterschiede"
FINDINGS: Final = "Befunde"
WAIVERS: Final = "Ausnahmen"
DATA: Final = "Daten"
SOURCES: Final = "Quellen"

CONTENTS: Final[Mapping[str, str]] = {
    GOALS: "Zuschussbedarf, Zielerreichung und Abdeckung je Ziel (Anteilssicht)",
    INVESTMENTS: "Ein- und Auszahlungen für Investitionen je Ziel (Anteilssicht)",
    GROSS: "Alles, was einem Ziel dient, in voller Höhe (nicht addierbar)",
    INCOME: "Ergebnisplan nach Zeilen",
    FINANCE: "Finanzplan (Investitionen) nach Zeilen",
    ORGANISATION: "Zuschussbedarf und Investitionen je Organisationseinheit",
    PRODUCTS: "Zuschussbedarf und Investitionen nach Produktbereich, -gruppe und Produkt",
    CEILINGS: "Eckwerte je Einheit und Jahr und was davon abweicht",
    MEASURES: "Alle Maßnahmen mit Ziel, Status und Beträgen",
    SAVINGS: "Was Konsolidierungsmaßnahmen (HSK, HSP) je Jahr entlasten",
    CAPITAL: "Investitionen einzeln: bisher, Planjahre, später, Folgekosten, Drittmittel",
    COMMITMENTS: "Verpflichtungsermächtigungen nach Ansatzjahr und Fälligkeit",
    ATTAINMENT: "Wie weit die Ziele erreicht sind, womit es gemessen ist und was kritisch ist",
    KEY_FIGURES: "Ziel- und Istwerte je Kennzahl, nach Zielen geordnet",
    FRAMEWORK: "Was neben den Zielen steht: Bezüge, Drittmittel, freiwillige Aufgaben, Stellen",
    RECONCILIATION: "Kontrollsummen: Produkte, Organisation und Ziele",
    RETURNS: "Was zurückkam und was daraus wurde",
    DIFFERENCES: "Zelle für Zelle, worin sich mehrere Rückläufe einer Einheit unterscheiden",
    FINDINGS: "Was aufgefallen ist, mit Datei, Blatt und Zelle",
    WAIVERS: "Genehmigte Ausnahmen, ihre Frist und die Befunde, die sie betreffen",
    DATA: "Jeder Betrag mit Datei, Blatt und Zelle",
    SOURCES: "Eingelesene Dateien mit Prüfsumme (SHA-256)",
}
"""Every sheet behind the cover, in order, and what it shows."""

TITLE_ROWS: Final = 3
"""Rows above the header: title, explanation, link to the contents."""
LINKS_PER_SHEET: Final = 65_000
"""Excel holds 65,530 links per sheet; a few are kept for the sheet's own."""

_ASCII_SPECIAL = re.compile(r'[\x00-\x20"#%<>\[\]^`{}?|]')


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What every sheet's module works with."""

    results: Results
    ledger: Ledger
    book: Book
    looks: Looks
    sheets: Mapping[str, Worksheet]

    @property
    def money(self) -> str:
        """The number format of amounts."""
        return self._shown.amount

    @property
    def change(self) -> str:
        """The number format of differences, with a sign."""
        return self._shown.change

    @property
    def unit_of_money(self) -> str:
        """How the subtitle names the unit."""
        return self._shown.unit

    @property
    def unit_of_money_first(self) -> str:
        """The same at the beginning of a sentence."""
        return f"I{self._shown.unit[1:]}"

    @property
    def _shown(self) -> Money:
        return money_of(self.results.master.settings)


def open_sheet(
    plan: Plan,
    name: str,
    title: str,
    subtitle: str,
    widths: Sequence[float],
    *,
    landscape: bool = True,
) -> Worksheet:
    """Sets up the page, the column widths and the title rows of a sheet that exists already."""
    sheet = plan.sheets[name]
    page(plan.results, sheet, name, landscape=landscape)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 26)
    put_text(sheet, 0, 0, title, plan.looks("title"))
    sheet.set_row(1, 15)
    put_text(sheet, 1, 0, subtitle, plan.looks("subtitle"))
    put_link(sheet, 2, 0, f"internal:'{COVER}'!A1", "← Inhalt", plan.looks("link"))
    return sheet


def page(
    results: Results,
    sheet: Worksheet,
    name: str,
    *,
    landscape: bool = True,
    what: str = "Haushaltsplan",
) -> None:
    """A4, one page wide; who, what, how far and which page in header and footer."""
    settings = results.master.settings
    state = "vorläufig" if results.provisional else "endgültig"
    sheet.set_paper(9)
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.7)
    sheet.hide_gridlines(2)
    plan_name = f"{what} {results.plan} – {settings.round} – {state}"
    sheet.set_header(f"&L&8{_escaped(settings.city)}&R&8{_escaped(plan_name)}", {"margin": 0.3})
    example = "&C&8Fiktive Beispieldaten" if settings.example_data else ""
    sheet.set_footer(f"&L&8{_escaped(name)}{example}&R&8Seite &P von &N", {"margin": 0.3})


def _escaped(text: str) -> str:
    """Header text; a leading digit would be read as part of the font size, an ampersand as a
    code.
    """
    plain = clean(text)[:80].replace("&", "&&").replace("\n", " ")
    return f" {plain}" if plain[:1].isdigit() else plain


def put_header(
    looks: Looks, sheet: Worksheet, row: int, titles: Sequence[str], widths: Sequence[float]
) -> None:
    """The header row of a table: repeated on every page and frozen where the caller says so."""
    # Titles are small and stand without indent: more of them fits into a column.
    sheet.set_row(row, height_of(*zip(titles, (width * 1.2 for width in widths), strict=True)) + 5)
    for column, title in enumerate(titles):
        put_text(sheet, row, column, title, looks("head", "centre" if column else "text"))


def put_money(sheet: Worksheet, row: int, column: int, cents: int | None, look: Format) -> None:
    """An amount as euro; nothing stays blank."""
    if cents is None:
        put_blank(sheet, row, column, look)
    else:
        put_number(sheet, row, column, euro(cents), look)


def put_sum(
    sheet: Worksheet, row: int, column: int, formula: str, cents: int, look: Format
) -> None:
    """A money formula of ours, with the value in cents that a recalculation finds to the last
    bit.
    """
    put_formula(sheet, row, column, formula, look, euro(cents))


def source_link(
    results: Results, file: str, sheet: str = "", cell: str = "", *, up: int = 3
) -> str | None:
    """The link from an output workbook to a cell of an input file; ``None`` where no link can
    name the file.

    ``up`` is the number of folders between the workbook and the root. The master lies among the
    templates, everything else in the input folder. XlsxWriter splits at ``#`` and escapes only
    what does not look escaped, so special characters are escaped here.
    """
    if not file or "\\" in file:
        return None
    folder = "templates" if file == "Stammdaten.xlsx" else "input"
    return file_link(f"{'../' * up}{folder}/{results.city}/{results.plan}/{file}", sheet, cell)


def file_link(path: str, sheet: str = "", cell: str = "") -> str | None:
    """The link to a cell of another workbook, by its path from this one; ``None`` where no link
    can name it.
    """
    escaped = _ASCII_SPECIAL.sub(lambda match: f"%{ord(match[0]):02X}", path)
    anchor = ""
    if sheet:
        quoted = sheet.replace("'", "''")
        anchor = f"#'{quoted}'!{cell or 'A1'}"
    if len(escaped) > 1_000 or len(anchor) > 200:
        return None
    return f"external:{escaped}{anchor}"


def put_source(
    looks: Looks, sheet: Worksheet, row: int, column: int, text: str, link: str | None
) -> None:
    """Text with a link to a source cell, or the text alone where a link is impossible."""
    if link is None or not text:
        put_text(sheet, row, column, text, looks("row", "wrap"))
    else:
        put_link(sheet, row, column, link, text, looks("cell_link"))


def german_date(iso: str) -> str:
    """``2026-09-01`` as ``01.09.2026``; what is no date is shown as it is."""
    try:
        return date.fromisoformat(iso).strftime("%d.%m.%Y")
    except ValueError:
        return iso


def text_of(value: object) -> str:
    """A value of a frame as text; a missing one is empty."""
    return (
        ""
        if value is None or value is pd.NA or (isinstance(value, float) and isnan(value))
        else str(value)
    )


def percent_of(basis_points: int) -> Decimal:
    """Basis points as the number behind a percentage: 9,429 is 0.9429."""
    return Decimal(basis_points).scaleb(-4)
