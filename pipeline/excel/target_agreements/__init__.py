"""The workbook `Zielvereinbarungen.xlsx`: an overview, a sheet to sign for each agreement, and the
two data sheets that every sum reads.

What the data sheets hold is described in `pipeline.agreements`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xlsxwriter.worksheet import Worksheet

from pipeline.agreements import Agreements, agreements_of
from pipeline.excel.budget_plan.looks import Looks
from pipeline.excel.target_agreements.agreement import write_agreement
from pipeline.excel.target_agreements.data import write_amounts, write_savings
from pipeline.excel.target_agreements.desk import (
    AMOUNTS,
    OVERVIEW,
    SAVINGS,
    Desk,
    sheet_names,
    way_of_showing,
)
from pipeline.excel.target_agreements.money import Place
from pipeline.excel.target_agreements.overview import write_overview
from pipeline.excel.workbook import new_book
from pipeline.model.results import Results


def write_target_agreements(results: Results, path: Path) -> None:
    """Writes the workbook of one plan to ``path``; the same results give the same bytes.

    The sheets are not protected: dates and signatures are added by hand or in the file. Where a
    reader expects a sum there is a formula with its correct cached value.
    """
    found = agreements_of(results)
    title = f"Zielvereinbarungen {results.plan} – {results.master.settings.city}"
    names = sheet_names(found.agreements)
    with new_book(path, title=title, lock_structure=False) as book:
        order = [OVERVIEW, *names.values(), AMOUNTS]
        if results.master.settings.uses_savings:
            order.append(SAVINGS)
        sheets: Mapping[str, Worksheet] = {name: book.sheet(name) for name in order}
        desk = Desk(
            results=results,
            found=found,
            book=book,
            looks=Looks(book.workbook),
            sheets=sheets,
            names=names,
            numbers={each: number for number, each in enumerate(found.agreements, start=1)},
            money=way_of_showing(found),
        )
        write_amounts(desk)
        rows = write_savings(desk) if desk.savings else {}
        write_overview(desk, _agreement_sheets(desk, found, rows))


def _agreement_sheets(
    desk: Desk, found: Agreements, savings_rows: Mapping[tuple[str, str], int]
) -> Mapping[str, Place]:
    """Writes the agreements' sheets, those below before those above: a parent's sums point at its
    children's.
    """
    places: dict[str, Place] = {}
    for agreement in reversed(found.tree.order):
        places[agreement] = write_agreement(desk, agreement, places, savings_rows)
    return places
