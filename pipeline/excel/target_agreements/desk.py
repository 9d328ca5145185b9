"""What the sheets of `Zielvereinbarungen.xlsx` share: names, the page, how amounts are shown, and
how a sum reads the data sheets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.agreements import NONE, Agreements
from pipeline.excel.budget_plan.looks import Looks
from pipeline.excel.budget_plan.sheets import page
from pipeline.excel.workbook import Book, done, put_text
from pipeline.model.results import Results
from pipeline.model.tables import Year

OVERVIEW: Final = "Übersicht"
AMOUNTS: Final = "Daten"
SAVINGS: Final = "Konsolidierung"
WHAT: Final = "Zielvereinbarungen"
NUMBER_RANGE, KIND_RANGE, GENERAL_RANGE = "ZV_Nummer", "ZV_Art", "ZV_Allgemein"
SAVING_NUMBER_RANGE, COUNTS_RANGE = "KM_Nummer", "KM_zaehlt"
SAVING_MONEY_COLUMN: Final = 10
"""The column (from 0) of the first year on the sheet Konsolidierung."""
_LONGEST_NAME: Final = 31
_UNSAFE = re.compile(r"[^\w .()&+-]")
_RESERVED: Final = ("history", "verlauf")  # names that Excel keeps for itself


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What every module of this workbook works with.

    ``names`` holds the sheet of each agreement, ``numbers`` its running number in the data sheets,
    ``money`` the way amounts are shown: whole euro, or with cents where any amount has some.
    """

    results: Results
    found: Agreements
    book: Book
    looks: Looks
    sheets: Mapping[str, Worksheet]
    names: Mapping[str, str]
    numbers: Mapping[str, int]
    money: str

    @property
    def years(self) -> Sequence[Year]:
        """The budget years: for them agreements are made."""
        return self.found.years

    @property
    def savings(self) -> bool:
        """Whether the municipality consolidates."""
        return SAVINGS in self.sheets

    @property
    def period(self) -> str:
        """The budget years in words: ``2027/2028``."""
        return "/".join(str(year.year) for year in self.years)

    def unit(self, unit: str) -> str:
        """A unit with its title."""
        return f"{unit} {self.results.master.titles['units'].get(unit, '')}".strip()

    def title(self, unit: str) -> str:
        """A unit's title; its code where it has none."""
        return self.results.master.titles["units"].get(unit, "") or unit

    def number(self, agreement: str) -> int:
        """The running number of an agreement; 0 for what belongs to none."""
        return self.numbers[agreement] if agreement != NONE else 0


def sheet_names(agreements: Iterable[str]) -> Mapping[str, str]:
    """A sheet name for every agreement: at most 31 characters, none that Excel forbids or that
    would need care in a formula, told apart whatever their case.
    """
    taken = {name.casefold() for name in (OVERVIEW, AMOUNTS, SAVINGS, *_RESERVED)}
    found: dict[str, str] = {}
    for agreement in agreements:
        plain = _UNSAFE.sub("_", agreement).strip() or "Vereinbarung"
        name, copy = _cut(plain, ""), 1
        while name.casefold() in taken:
            copy += 1
            name = _cut(plain, f" ({copy})")
        taken.add(name.casefold())
        found[agreement] = name
    return found


def _cut(text: str, end: str) -> str:
    room = _LONGEST_NAME - len(end)
    while len(text.encode("utf-16-le")) // 2 > room:
        text = text[:-1]
    return text.strip() + end


def way_of_showing(found: Agreements) -> str:
    """Whole euro, or cents where an amount has some: what is signed adds up as it is printed."""
    amounts = [*found.amounts["cents"], *found.savings["annual"].dropna()]
    return "cents" if any(int(cents) % 100 for cents in amounts) else "euro"


def set_page(desk: Desk, name: str, *, landscape: bool) -> Worksheet:
    """The sheet of that name, its page set up."""
    sheet = desk.sheets[name]
    page(desk.results, sheet, name, landscape=landscape, what=WHAT)
    return sheet


def put_keys(
    desk: Desk,
    sheet: Worksheet,
    row: int,
    table: str,
    rows: tuple[int, int],
    columns: Mapping[int, str],
) -> None:
    """The hidden key row of a table (contract, «machine layer»); ``rows`` count from 0."""
    look = desk.looks("key")
    put_text(sheet, row, 0, f"zh:{table}:{rows[0] + 1}:{rows[1] + 1}", look)
    for column, name in columns.items():
        put_text(sheet, row, column, name, look)
    done(sheet.set_row(row, None, None, {"hidden": True}))


def own_formula(desk: Desk, agreement: str, year: int, kind: str) -> str:
    """Expense or revenue (``kind`` as shown) of the figures that belong to an agreement."""
    number = desk.number(agreement)
    return f'ROUND(SUMIFS(ZV_Betrag_{year},{NUMBER_RANGE},{number},{KIND_RANGE},"{kind}"),2)'


def own_saving_formula(desk: Desk, agreement: str, year: int) -> str:
    """The annual effect of the measures that belong to an agreement and count."""
    number = desk.number(agreement)
    return f"ROUND(SUMIFS(KM_Wirkung_{year},{SAVING_NUMBER_RANGE},{number},{COUNTS_RANGE},1),2)"


def reference(name: str, cell: str) -> str:
    """A cell of another sheet in a formula; sheet names are safe by :func:`sheet_names`."""
    return f"'{name}'!{cell}"
