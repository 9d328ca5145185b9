"""The consolidated workbook `Haushaltsplan.xlsx`: a module per sheet, live formulas down to the
cells of the returns.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.excel.budget_plan.capital import write_capital, write_commitments
from pipeline.excel.budget_plan.cover import Pillars, write_cover
from pipeline.excel.budget_plan.data import define_ranges, write_data
from pipeline.excel.budget_plan.goal_tree import (
    goals_outline,
    investments_outline,
    write_goals,
    write_investments,
)
from pipeline.excel.budget_plan.gross import write_gross
from pipeline.excel.budget_plan.key_figures import write_key_figures
from pipeline.excel.budget_plan.ledger import ledger_of
from pipeline.excel.budget_plan.line_plan import PLANS, line_sheet, write_lines
from pipeline.excel.budget_plan.looks import Looks
from pipeline.excel.budget_plan.measures import write_measures
from pipeline.excel.budget_plan.reconciliation import Sheets, write_reconciliation
from pipeline.excel.budget_plan.sheets import CONTENTS, COVER, Plan
from pipeline.excel.budget_plan.sources import write_findings, write_returns, write_sources
from pipeline.excel.budget_plan.structure import (
    organisation_outline,
    products_outline,
    write_organisation,
    write_products,
)
from pipeline.excel.workbook import new_book
from pipeline.model.results import Results


def write_budget_plan(results: Results, path: Path) -> None:
    """Writes the consolidated workbook of one plan to ``path``; the same results give the same
    bytes.

    Where a reader expects a sum there is a formula with its correct cached value: leaves look up
    the sheet Daten, everything above adds up. The workbook is not protected: an auditor may add
    columns. Links to source cells are relative to ``output/<city>/<plan>/``.
    """
    ledger = ledger_of(results)
    settings = results.master.settings
    title = f"Haushaltsplan {results.plan} – {settings.city}"
    with new_book(path, title=title, subject=settings.round, lock_structure=False) as book:
        plans = {line.plan for line in results.master.lines.values()}
        names = [COVER, *(name for name in CONTENTS if PLANS.get(name) in {None, *plans})]
        plan = Plan(
            results=results,
            ledger=ledger,
            book=book,
            looks=Looks(book.workbook),
            sheets={name: book.sheet(name) for name in names},
        )
        define_ranges(plan)
        _write_sheets(plan)


def _write_sheets(plan: Plan) -> None:
    results, ledger = plan.results, plan.ledger
    goals, investments = goals_outline(results, ledger), investments_outline(results, ledger)
    organisation, products = (
        organisation_outline(results, ledger),
        products_outline(results, ledger),
    )
    lines = [line_sheet(plan, name) for name in PLANS if name in plan.sheets]
    write_goals(plan, goals)
    write_investments(plan, investments)
    write_gross(plan)
    for found in lines:
        write_lines(plan, found)
    write_organisation(plan, organisation)
    write_products(plan, products)
    write_measures(plan)
    write_capital(plan)
    write_commitments(plan)
    write_key_figures(plan)
    compared = Sheets(
        goals=goals,
        investments=investments,
        organisation=organisation,
        products=products,
        lines=lines,
    )
    verdict = write_reconciliation(plan, compared)
    write_returns(plan)
    write_findings(plan)
    write_data(plan)
    write_sources(plan)
    write_cover(plan, Pillars(goals=goals, investments=investments, verdict=verdict))
