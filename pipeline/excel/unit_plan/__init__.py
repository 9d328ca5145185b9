"""The workbooks `Teilplaene/<unit>.xlsx`: one per division and office, with a page per product.

A product's page lies in the workbook of the unit that leads it and shows the whole product, whoever
plans its amounts (as ``lines.csv`` does for the scope product). The sheet Teilplan shows what the
unit and the units below it plan (scope unit of ``lines.csv``); the overview leads from one to the
other. A unit above others sums their lines and links to their workbooks, which hold the source
cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.looks import Looks
from pipeline.excel.unit_plan.data import define_ranges, write_data
from pipeline.excel.unit_plan.desk import DATA, FOLDER, LINES, OF_UNIT, OVERVIEW, Desk
from pipeline.excel.unit_plan.grouping import UnitPlans, unit_plans
from pipeline.excel.unit_plan.lines import FINANCE, INCOME, LineTable
from pipeline.excel.unit_plan.overview import Tables, write_overview
from pipeline.excel.unit_plan.paper import Section
from pipeline.excel.unit_plan.product_page import put_banner, write_product_page
from pipeline.excel.workbook import new_book
from pipeline.model.results import Results


def unit_workbooks(results: Results) -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Every unit's workbook: its place below the output folder, and what writes it there. The
    results are grouped once for all of them, when the first is written.
    """
    plans = unit_plans(results)
    for unit in plans.units:
        yield f"{FOLDER}/{unit}.xlsx", _writer(plans, unit)


def _writer(plans: UnitPlans, unit: str) -> Callable[[Path], None]:
    return lambda path: write_unit_plan(plans, unit, path)


def write_unit_plan(plans: UnitPlans, unit: str, path: Path) -> None:
    """Writes one unit's workbook to ``path``; the same results give the same bytes.

    Where a reader expects a sum there is a formula with its correct cached value, over the
    workbook's own sheet Daten. Links to source cells are relative to
    ``output/<city>/<plan>/Teilplaene/``.
    """
    settings = plans.master.settings
    title = f"Teilplan {unit} – Haushaltsplan {plans.results.plan} – {settings.city}"
    with new_book(path, title=title, subject=settings.round, lock_structure=False) as book:
        desk = Desk(plans=plans, unit=unit, book=book, looks=Looks(book.workbook))
        names = [OVERVIEW, LINES, *(desk.sheet_names[each] for each in desk.products), DATA]
        sheets = {name: book.sheet(name) for name in names}
        define_ranges(desk)
        own = _write_lines(desk, sheets[LINES])
        pages = {
            product: write_product_page(desk, sheets[desk.sheet_names[product]], product)
            for product in desk.products
        }
        write_data(desk, sheets[DATA])
        write_overview(desk, sheets[OVERVIEW], Tables(unit=own, products=pages))


def _write_lines(desk: Desk, sheet: Worksheet) -> LineTable:
    """The sheet Teilplan: Ergebnisplan and investments of the unit by lines."""
    desk.set_up(sheet, f"Teilplan {desk.unit} – {LINES}")
    paper = desk.paper(sheet)
    put_banner(
        desk,
        paper,
        f"Teilplan {desk.unit_title(desk.unit)}",
        "Ergebnisplan und Investitionen nach Zeilen",
    )
    note = (
        "Was die Einheit plant. Was andere für ihre Produkte planen, zum Beispiel zentral geplante "
        "Zeilen, steht in deren Teilplan und auf den Produktblättern. "
    )
    if desk.parts:
        note = "Was die Einheit und die Einheiten darunter planen."
    paper.add(Section(rows=[*paper.wide(note, "subtitle"), paper.gap(5)]))
    table = LineTable(desk=desk, paper=paper, column=OF_UNIT, key=lambda line: f"T-Z{line}")
    paper.add(table.section(INCOME, empty="Es sind keine Erträge und Aufwendungen geplant."))
    paper.add(table.section(FINANCE, empty="Es sind keine Investitionen geplant."))
    paper.finish()
    return table
