"""The second computation: the outputs recomputed from the inputs by code unlike the engine's.

Why it exists: an auditor believes a sum that two unrelated programs agree on. Therefore this
package reads workbooks with its own means (calamine for values, openpyxl for protection and for our
own workbooks), knows its own German number texts, its own split, its own tree walk and its own
formulas of lines, and works in plain ``int``, ``Decimal`` and ``Fraction``. It shares only table
and column names with the rest. ``register.csv`` and ``findings.csv`` are taken as given: which
return counts is a decision, not a computation.

:func:`differences` runs every check of :data:`CHECKS`. A check is a function from :class:`Evidence`
to differences; a new one is written beside its neighbours and added to that list. What cannot be
read is a difference too, never an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, fields
from pathlib import Path

import pandas as pd

from pipeline.verification.attainment import attainment_follows_from_key_figures
from pipeline.verification.budget_plan import reconciliation_states_the_totals
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
    outputs_are_unchanged,
    register_names_the_files,
)
from pipeline.verification.lines import lines_follow_from_figures
from pipeline.verification.measures import measures_match_their_rows
from pipeline.verification.statements import (
    amounts_match_their_cells,
    key_figures_match_their_cells,
)

Check = Callable[[Evidence], Iterator[Difference]]

CHECKS: tuple[Check, ...] = (
    inputs_are_unchanged,
    outputs_are_unchanged,
    register_names_the_files,
    figures_match_their_cells,
    amounts_match_their_cells,
    key_figures_match_their_cells,
    measures_match_their_rows,
    goals_match_the_master,
    contributions_follow_from_figures,
    aggregates_follow_from_figures,
    lines_follow_from_figures,
    reconciliation_states_the_totals,
    attainment_follows_from_key_figures,
)


def differences(*, root: Path, city: str, plan: str) -> pd.DataFrame:
    """Every place where a plan's outputs do not follow from its inputs; empty when all is well.

    ``root`` holds ``templates/``, ``input/`` and ``output/``. Columns: check (a code: manifest,
    register, readable, figures, completeness, continuation, commitments, savings, kpis, measures,
    goals, contributions, aggregates, lines, reconciliation, attainment), file, sheet, cell,
    expected, found (texts), explanation (a German sentence). Sorted, each difference once. Writes
    nothing.
    """
    evidence = Evidence(root=root, city=city, plan=plan)
    found = {difference for check in CHECKS for difference in _run(check, evidence)}
    columns = [field.name for field in fields(Difference)]
    return pd.DataFrame([astuple(each) for each in sorted(found)], columns=columns, dtype="string")


def _run(check: Check, evidence: Evidence) -> Iterator[Difference]:
    try:
        yield from check(evidence)
    except UnusableError as fault:
        yield fault.difference
