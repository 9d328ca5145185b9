"""Where the sheet Daten holds what, and the one formula by which every sum of the workbook reads
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from xlsxwriter.utility import xl_col_to_name

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.ledger import (
    DIMENSIONS,
    GOAL,
    LINE,
    MEASURE,
    PRODUCT,
    UNIT,
    Ledger,
)
from pipeline.excel.budget_plan.sheets import DATA, TITLE_ROWS, Plan

RANGES: Final[Mapping[str, str]] = {
    GOAL: "Daten_Ziel",
    UNIT: "Daten_Einheit",
    PRODUCT: "Daten_Produkt",
    LINE: "Daten_Zeile",
    MEASURE: "Daten_Massnahme",
}
"""Defined names of the running numbers in the sheet Daten."""
KIND_RANGE: Final = "Daten_Art"
FIRST_ROW: Final = TITLE_ROWS + 1

TEXTS: Final = (
    ("Ziel", 10.0),
    ("Einheit", 8.0),
    ("Produkt", 10.0),
    ("Zeile", 7.0),
    ("Maßnahme", 12.0),
    ("Geldart", 16.0),
    ("Herkunft", 19.0),
    ("Anteil", 9.0),
    ("Datei", 24.0),
    ("Blatt", 17.0),
    ("Zellen", 20.0),
)
"""The columns between the running numbers and the amounts: title and width."""


def define_ranges(plan: Plan) -> None:
    """The defined names by which the sums of all sheets read Daten."""
    last = FIRST_ROW + max(len(plan.ledger.rows), 1)
    for name, place in _places(plan.ledger).items():
        letter = xl_col_to_name(place)
        plan.book.define(name, f"'{DATA}'!${letter}${FIRST_ROW + 1}:${letter}${last}")


def look_up(ledger: Ledger, dimension: str, code: str, criterion: str, kind: str, year: int) -> str:
    """The formula of a leaf: the rows of Daten with this running number and kind; ``criterion`` is
    the cell that holds the number of ``code``.
    """
    names = [f"Betrag_{year}", RANGES[dimension], KIND_RANGE]
    if dimension in ledger.spans:
        span = ledger.spans[dimension].get(code)
        if span is None:  # no row at all
            return "ROUND(0,2)"
        places = _places(ledger)
        first, last = (FIRST_ROW + 1 + position for position in span)
        letters = [xl_col_to_name(places[name]) for name in names]
        names = [f"{DATA}!${letter}${first}:${letter}${last}" for letter in letters]
    amounts, numbers, kinds = names
    return f'ROUND(SUMIFS({amounts},{numbers},{criterion},{kinds},"{labels.KIND[kind]}"),2)'


def _places(ledger: Ledger) -> dict[str, int]:
    """The column of every defined name."""
    places = {RANGES[dimension]: place for place, dimension in enumerate(DIMENSIONS)}
    places[KIND_RANGE] = len(DIMENSIONS) + [title for title, _ in TEXTS].index("Geldart")
    first = len(DIMENSIONS) + len(TEXTS)
    return places | {f"Betrag_{year.year}": first + at for at, year in enumerate(ledger.years)}
