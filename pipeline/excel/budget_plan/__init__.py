"""The consolidated workbook `Haushaltsplan.xlsx`: a module per sheet, live formulas down to the
cells of the returns.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.excel.budget_plan.attainment import write_attainment
from pipeline.excel.budget_plan.capital import write_capital, write_commitments
from pipeline.excel.budget_plan.ceilings import write_ceilings
from pipeline.excel.budget_plan.cover import Pillars, write_cover
from pipeline.excel.budget_plan.data import write_data
from pipeline.excel.budget_plan.framework import write_framework
from pipeline.excel.budget_plan.goal_tree import (
    goals_outline,
    investments_outline,
    write_goals,
    write_investments,
)
from pipeline.excel.budget_plan.gross import write_gross
from pipeline.excel.budget_plan.key_figures import key_figure_columns, write_key_figures
from pipeline.excel.budget_plan.ledger import ledger_of
from pipeline.excel.budget_plan.line_plan import PLANS, line_sheet, write_lines
from pipeline.excel.budget_plan.looks import Looks
from pipeline.excel.budget_plan.measures import write_measures
from pipeline.excel.budget_plan.ranges import define_ranges
from pipeline.excel.budget_plan.reconciliation import Sheets, write_reconciliation
from pipeline.excel.budget_plan.savings import write_savings
from pipeline.excel.budget_plan.sheets import (
    CEILINGS,
    CONTENTS,
    COVER,
    DIFFERENCES,
    SAVINGS,
    Plan,
)
from pipeline.excel.budget_plan.sources import (
    write_differences,
    write_findings,
    write_returns,
    write_sources,
)
from pipeline.excel.budget_plan.standings import standings_of
from pipeline.excel.budget_plan.structure import (
    organisation_outline,
    products_outline,
    write_organisation,
    write_products,
)
from pipeline.excel.budget_plan.waivers import write_waivers
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
        unused = {DIFFERENCES} if not results.differences else set()
        unused |= _unused(results)
        shown = [name for name in CONTENTS if name not in unused]
        names = [COVER, *(name for name in shown if PLANS.get(name) in {None, *plans})]
        plan = Plan(
            results=results,
            ledger=ledger,
            book=book,
            looks=Looks(book.workbook),
            sheets={name: book.sheet(name) for name in names},
        )
        define_ranges(plan)
        _write_sheets(plan)


def _unused(results: Results) -> frozenset[str]:
    """Sheets of what this municipality does not use."""
    master = results.master
    used = {SAVINGS: master.settings.uses_savings, CEILINGS: bool(len(master.tables["ceilings"]))}
    return frozenset(name for name, wanted in used.items() if not wanted)


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
    if CEILINGS in plan.sheets:
        write_ceilings(plan, organisation)
    if SAVINGS in plan.sheets:
        write_savings(plan)
    write_framework(plan, products)
    write_capital(plan)
    write_commitments(plan)
    standings = standings_of(results)
    columns = key_figure_columns(plan, standings)
    write_attainment(plan, standings, columns)
    write_key_figures(plan, standings, columns)
    compared = Sheets(
        goals=goals,
        investments=investments,
        organisation=organisation,
        products=products,
        lines=lines,
    )
    verdict = write_reconciliation(plan, compared)
    write_returns(plan)
    if DIFFERENCES in plan.sheets:
        write_differences(plan)
    write_findings(plan)
    write_waivers(plan)
    write_data(plan)
    write_sources(plan)
    write_cover(plan, Pillars(goals=goals, investments=investments, verdict=verdict))
