"""The second computation: the outputs recomputed from the inputs by code unlike the engine's.

Why it exists: an auditor believes a sum that two unrelated programs agree on. Therefore this
package reads workbooks with its own means (calamine for what came back; for our own workbooks their
parts, so that a formula and the value beside it are seen together), knows its own German number
texts, its own split, its own tree walk, its own formulas of lines and its own calculator for the
formulas of the sheets, and works in plain ``int``, ``Decimal`` and ``Fraction``. It shares only
table and column names with the rest. ``register.csv`` and ``findings.csv`` are taken as given, but
must fit the folder and each other: which return counts is a decision, not a computation.

What a sheet prints is found by its headings. A cell of money must be a formula, must show the sum
that follows from the figures, and must give the right sum for other amounts in the sheet Daten,
too: that tells a sum over the wrong rows from one that is right by chance.

:func:`differences` runs every check of :data:`CHECKS`. A check is a function from :class:`Evidence`
to differences; a new one is written beside its neighbours and added to that list. What cannot be
read is a difference too, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path

import pandas as pd

from pipeline.verification.attainment import attainment_follows_from_key_figures
from pipeline.verification.budget_plan import reconciliation_states_the_totals
from pipeline.verification.data_sheet import data_rows_are_the_contributions
from pipeline.verification.difference import Difference, UnusableError
from pipeline.verification.evidence import Evidence
from pipeline.verification.figures import figures_match_their_cells
from pipeline.verification.goals import (
    aggregates_follow_from_figures,
    contributions_follow_from_figures,
    goals_match_the_master,
)
from pipeline.verification.hashes import (
    inputs_are_unchanged,
    manifest_sums_itself_up,
    outputs_are_unchanged,
    register_names_the_files,
)
from pipeline.verification.key_figures import (
    key_figures_match_their_cells,
    results_follow_from_key_figures,
)
from pipeline.verification.lines import lines_follow_from_figures
from pipeline.verification.lists import (
    commitment_sheet_is_the_list_of_commitments,
    findings_sheet_is_the_list_of_findings,
    investment_sheet_follows_from_the_figures,
    key_figure_sheet_shows_the_results,
    returns_sheet_is_the_register,
    sources_sheet_is_the_manifest,
)
from pipeline.verification.measures import measures_match_their_rows
from pipeline.verification.money_sheets import (
    cover_shows_the_totals,
    gross_sheet_shows_the_bezugssicht,
    line_sheets_follow_from_the_figures,
    measure_sheet_follows_from_the_figures,
)
from pipeline.verification.outlines import (
    attainment_sheet_shows_the_attainment,
    goal_sheets_follow_from_the_figures,
    unit_and_product_sheets_follow_from_the_figures,
)
from pipeline.verification.reconciliation_sheet import reconciliation_sheet_compares_the_sums
from pipeline.verification.register import register_fits_folder_and_findings
from pipeline.verification.side_sheets import (
    agreements_follow_from_the_figures,
    ceiling_sheet_follows_from_the_figures,
    framework_sheet_follows_from_the_figures,
    savings_sheet_follows_from_the_returns,
    waiver_sheet_is_the_list_of_waivers,
)
from pipeline.verification.soundness import workbooks_are_sound
from pipeline.verification.statements import amounts_match_their_cells, texts_match_their_cells
from pipeline.verification.unit_plans import unit_plans_follow_from_the_figures

Check = Callable[[Evidence], Iterator[Difference]]

DATA_CHECKS: tuple[Check, ...] = (
    inputs_are_unchanged,
    outputs_are_unchanged,
    manifest_sums_itself_up,
    register_names_the_files,
    register_fits_folder_and_findings,
    figures_match_their_cells,
    amounts_match_their_cells,
    key_figures_match_their_cells,
    results_follow_from_key_figures,
    texts_match_their_cells,
    measures_match_their_rows,
    goals_match_the_master,
    contributions_follow_from_figures,
    aggregates_follow_from_figures,
    lines_follow_from_figures,
    attainment_follows_from_key_figures,
)
"""Inputs, register, and the data package."""
BOOK_CHECKS: tuple[Check, ...] = (
    reconciliation_states_the_totals,
    reconciliation_sheet_compares_the_sums,
    workbooks_are_sound,
    data_rows_are_the_contributions,
    goal_sheets_follow_from_the_figures,
    unit_and_product_sheets_follow_from_the_figures,
    attainment_sheet_shows_the_attainment,
    line_sheets_follow_from_the_figures,
    gross_sheet_shows_the_bezugssicht,
    measure_sheet_follows_from_the_figures,
    cover_shows_the_totals,
    returns_sheet_is_the_register,
    findings_sheet_is_the_list_of_findings,
    sources_sheet_is_the_manifest,
    key_figure_sheet_shows_the_results,
    investment_sheet_follows_from_the_figures,
    commitment_sheet_is_the_list_of_commitments,
    ceiling_sheet_follows_from_the_figures,
    savings_sheet_follows_from_the_returns,
    framework_sheet_follows_from_the_figures,
    waiver_sheet_is_the_list_of_waivers,
    unit_plans_follow_from_the_figures,
    agreements_follow_from_the_figures,
)
"""What the workbooks of the plan print, cell by cell."""
CHECKS = DATA_CHECKS + BOOK_CHECKS


def differences(
    *, root: Path, city: str, plan: str, checks: Sequence[Check] = CHECKS
) -> pd.DataFrame:
    """Every place where a plan's outputs do not follow from its inputs; empty when all is well.

    ``root`` holds ``templates/``, ``input/`` and ``output/``; ``checks`` are all of them unless
    somebody asks for some. Columns: check (a code: manifest, register, readable, figures,
    completeness, continuation, commitments, savings, kpis, kpi_results, measures, products, units,
    goals, contributions, aggregates, lines, attainment, reconciliation, data_sheet, workbook,
    formulas, hidden), file, sheet, cell, expected, found (texts), explanation (a German sentence).
    Sorted, each difference once. Writes nothing.
    """
    evidence = Evidence(root=root, city=city, plan=plan)
    found = {difference for check in checks for difference in _run(check, evidence)}
    columns = [field.name for field in fields(Difference)]
    return pd.DataFrame([astuple(each) for each in sorted(found)], columns=columns, dtype="string")


def _run(check: Check, evidence: Evidence) -> Iterator[Difference]:
    try:
        yield from check(evidence)
    except UnusableError as fault:
        yield fault.difference
