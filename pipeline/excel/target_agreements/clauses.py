"""Goals and key figures of an agreement: where they stand, what the budget plans, what is agreed
and how much it weighs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from pipeline.agreements import Agreement, Clause, reached
from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.looks import STATE_ROLES
from pipeline.excel.budget_plan.sheets import german_date, percent_of, text_of
from pipeline.excel.target_agreements.paper import (
    ACTUAL,
    AGREED,
    DATE,
    PLANNED,
    TEXT,
    WEIGHT,
    Paper,
    width,
)
from pipeline.excel.workbook import put_formula, put_number, put_text
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.money import round_half_up


def put_clauses(paper: Paper, found: Agreement) -> None:
    """Writes the goals, each with its key figure, and the sum of the weights."""
    looks = paper.desk.looks
    paper.heading("1  Ziele und Kennzahlen")
    if not found.clauses:
        paper.wide("Es sind keine Ziele vereinbart.", looks("quiet", "wrap"))
        return
    year = _common_year(found.clauses)
    titles = (
        "Nr.", "Ziel und Kennzahl", "Termin",
        f"Ist {year}" if year else "Ist", "im Haushalt", "vereinbart", "Gewicht",
    )  # fmt: skip
    row = paper.line(least=18.0)
    for column, title in enumerate(titles):
        shown = "text" if column == TEXT else "centre"
        put_text(paper.sheet, row, column, title, looks("head", shown))
    first = paper.row
    for number, clause in enumerate(found.clauses, start=1):
        paper.block()
        _put_goal(paper, number, clause)
        if clause.kpi:
            _put_kpi(paper, clause, year)
    last = paper.row - 1
    row = paper.line(least=17.0)
    weights = f"{xl_col_to_name(WEIGHT)}{first + 1}:{xl_col_to_name(WEIGHT)}{last + 1}"
    look = looks("subtotal", "wrap")
    paper.put_wide(row, "Summe der Gewichte", look, first=0, last=PLANNED)
    cell = f"{xl_col_to_name(WEIGHT)}{row + 1}"
    good, bad = "✓ vollständig", "✗ muss 100 sein"
    put_formula(
        paper.sheet,
        row,
        AGREED,
        f'IF({cell}=100,"{good}","{bad}")',
        looks("subtotal", "right"),
        good if found.weights == 100 else bad,
    )
    shown = _places(each.weight for each in found.clauses)
    put_formula(
        paper.sheet, row, WEIGHT, f"SUM({weights})", looks("subtotal", shown), found.weights
    )


def _put_goal(paper: Paper, number: int, clause: Clause) -> None:
    """The goal in bold with its weight; its date only where no key figure follows."""
    looks, titles = paper.desk.looks, paper.desk.results.texts["goals"]
    known = dict(zip(titles["goal"], titles["title"], strict=True))
    text = f"{clause.goal}  {text_of(known.get(clause.goal, ''))}".strip()
    if not clause.goal:
        text = "Kennzahl ohne Ziel"
    last = AGREED if clause.kpi else PLANNED
    row = paper.line((text, width(TEXT, last) * 0.93))
    paper.put_wide(row, text, looks("row1", "wrap"), first=TEXT, last=last)
    if not clause.kpi:
        measured = german_date(clause.date) or _measured_by_money(paper, clause.goal)
        put_text(paper.sheet, row, AGREED, measured, looks("row", "right"))
    put_number(paper.sheet, row, 0, number, looks("row1", "count"))
    if clause.weight is None:
        paper.fill(row, looks("row1"), WEIGHT)
    else:
        put_number(paper.sheet, row, WEIGHT, clause.weight, looks("row1", _places([clause.weight])))


def _measured_by_money(paper: Paper, goal: str) -> str:
    """A consolidation goal without key figure is measured by the amounts of the same agreement."""
    goals = paper.desk.results.texts["goals"]
    wanted = goals.loc[goals["consolidation"].fillna(False), "goal"]
    tree = Hierarchy(dict(zip(goals["goal"], goals["parent"].fillna(""), strict=True)))
    if goal not in tree.subtree(wanted):
        return "–"
    return "siehe 2 und 3" if paper.desk.savings else "siehe 2"


def _put_kpi(paper: Paper, clause: Clause, year: int | None) -> None:
    """The key figure with its values; the actual's year is said where it is not the common one."""
    looks = paper.desk.looks
    kpi = paper.desk.results.master.kpi_catalogue.get(clause.kpi)
    standing = clause.standing
    text = clause.kpi
    if kpi is not None:
        measured = "" if kpi.kind == "Ja/Nein" else text_of(kpi.unit_of_measure)
        how = ", ".join(part for part in (measured, text_of(kpi.direction)) if part)
        text = f"{clause.kpi}  {text_of(kpi.title)}" + (f" ({how})" if how else "")
    if standing.actual_year not in {None, year}:
        text += f"; Ist von {standing.actual_year}"
    row = paper.line((text, width(TEXT, TEXT) * 0.93))
    put_text(paper.sheet, row, TEXT, text, looks("row", "wrap"))
    paper.fill(row, looks("row"), 0, WEIGHT)
    put_text(paper.sheet, row, DATE, german_date(clause.date), looks("row", "centre"))
    for column, value, role in (
        (ACTUAL, standing.actual, "row"),
        (PLANNED, standing.planned, "row"),
        (AGREED, clause.target, "row1"),
    ):
        _put_value(paper, row, column, value, kpi, role)


def _put_value(
    paper: Paper,
    row: int,
    column: int,
    value: Fraction | None,
    kpi: Any,  # noqa: ANN401 - a row of a frame
    role: str,
) -> None:
    looks = paper.desk.looks
    if value is None:
        put_text(paper.sheet, row, column, "–", looks(role, "right"))
    elif kpi is not None and kpi.kind == "Ja/Nein" and value in {0, 1}:
        put_text(paper.sheet, row, column, "ja" if value else "nein", looks(role, "right"))
    else:
        number = Decimal(round_half_up(value.numerator * 10**6, value.denominator)).scaleb(-6)
        declared = None if kpi is None or kpi.decimals is pd.NA else int(kpi.decimals)
        shown = f"number{min(declared, 6)}" if declared is not None else _places([number])
        put_number(paper.sheet, row, column, number.normalize() + 0, looks(role, shown))


def _places(numbers: Iterable[Decimal | None]) -> str:
    """The number format that shows these numbers with as many places as they need."""
    exponents = [
        int(number.normalize().as_tuple().exponent) for number in numbers if number is not None
    ]
    return f"number{min(max((-each for each in exponents if each < 0), default=0), 6)}"


def _common_year(clauses: Sequence[Clause]) -> int | None:
    """The latest year of an actual: it stands in the header."""
    years = [each.standing.actual_year for each in clauses if each.standing.actual_year]
    return max(years, default=None)


def put_standing(paper: Paper, found: Agreement) -> None:
    """How far the agreement is reached, once there are actuals of the agreed year."""
    looks = paper.desk.looks
    heard = [
        (number, each)
        for number, each in enumerate(found.clauses, start=1)
        if each.standing.reached_bp is not None
    ]
    if not heard:
        return
    paper.block()
    paper.heading("Stand der Zielerreichung")
    for number, clause in heard:
        reached_bp = clause.standing.reached_bp or 0
        row = paper.line()
        put_number(paper.sheet, row, 0, number, looks("row", "count"))
        text = f"{clause.kpi or clause.goal} im Jahr {clause.year}"
        put_text(paper.sheet, row, TEXT, text, looks("row", "wrap"))
        paper.fill(row, looks("row"), DATE, ACTUAL, PLANNED)
        put_number(paper.sheet, row, AGREED, percent_of(reached_bp), looks("row", "attainment"))
        state = labels.of(labels.ATTAINMENT, clause.standing.state)
        role = STATE_ROLES.get(clause.standing.state, "row")
        put_text(paper.sheet, row, WEIGHT, state, looks(role, "text"))
    mean, coverage = reached(found.clauses)
    share = f"{percent_of(coverage):.0%}".replace("%", " %")
    text = f"Zielvereinbarung insgesamt, nach Gewichten (Abdeckung {share})"
    row = paper.line((text, width(0, PLANNED)))
    paper.put_wide(row, text, looks("subtotal", "wrap"), first=0, last=PLANNED)
    put_number(paper.sheet, row, AGREED, percent_of(mean or 0), looks("subtotal", "attainment"))
    paper.fill(row, looks("subtotal"), WEIGHT)
