"""Budget condition and consolidation contribution of an agreement: its own part, what the
agreements below bring, and the sum, all as live formulas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from pipeline.agreements import Agreement
from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.sheets import put_sum
from pipeline.excel.target_agreements.desk import (
    GENERAL_RANGE,
    KIND_RANGE,
    NUMBER_RANGE,
    SAVING_MONEY_COLUMN,
    SAVINGS,
    Desk,
    own_formula,
    own_saving_formula,
    reference,
)
from pipeline.excel.target_agreements.paper import LAST, Paper, width
from pipeline.excel.workbook import put_link, put_text
from pipeline.model.blocks import rows_of


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an agreement's sums stand on its sheet, by year; the savings only where there are
    any.
    """

    own: Mapping[int, str]
    condition: Mapping[int, str]
    saving: Mapping[int, str]


def _put_years(paper: Paper, title: str) -> None:
    """The header of a table of amounts: the years stand in the last columns."""
    looks = paper.desk.looks
    row = paper.line(least=18.0)
    columns = _columns(paper.desk)
    first = min(columns.values(), default=LAST)
    paper.put_wide(row, title, looks("head", "text"), first=0, last=first - 1)
    for year in paper.desk.years:
        put_text(paper.sheet, row, columns[year.year], year.title, looks("head", "centre"))


def _columns(desk: Desk) -> Mapping[int, int]:
    """The column of each budget year, the last one at the right edge."""
    years = [year.year for year in desk.years]
    return {year: LAST - offset for offset, year in enumerate(reversed(years))}


def _put_money_row(
    paper: Paper,
    text: str,
    cells: Mapping[int, tuple[str, int] | None],
    *,
    role: str = "row",
    link: str = "",
    code: str = "",
) -> Mapping[int, str]:
    """A row of amounts (formula and value in cents by year); gives the cell of each year."""
    desk, looks = paper.desk, paper.desk.looks
    columns = _columns(desk)
    last = min(columns.values(), default=LAST) - 1
    first = 2 if code and last >= 2 else 0
    row = paper.line((text, width(0, 1) if first else width(0, last) * 0.95))
    look = looks(role, "wrap")
    if first:
        paper.put_wide(row, text, look, first=0, last=1)
        paper.put_wide(row, code, look, first=2, last=last)
    else:
        paper.put_wide(row, text, look, first=0, last=last)
    if link:
        put_link(paper.sheet, row, 0, link, text, looks("cell_link"))
    places = {}
    for year, column in columns.items():
        cell = cells.get(year)
        if cell is None:
            put_text(paper.sheet, row, column, "–", looks(role, "right"))
            continue
        formula, cents = cell
        put_sum(paper.sheet, row, column, formula, cents, looks(role, desk.money))
        places[year] = f"{xl_col_to_name(column)}{row + 1}"
    return places


def put_budget(
    paper: Paper, found: Agreement, below: Mapping[str, Place]
) -> tuple[Mapping[int, str], Mapping[int, str]]:
    """The own part and what the agreements below bring; gives the cells of the own part and of the
    budget condition.
    """
    desk, name = paper.desk, found.agreement
    paper.block()
    paper.heading("2  Budgetauflage")
    children = desk.found.tree.children[name]
    _put_years(paper, "Zuschussbedarf in Euro")
    years = [year.year for year in desk.years]
    parts = {
        kind: {
            year: (
                own_formula(desk, name, year, labels.KIND[kind]),
                _own_kind(desk, name, kind, year),
            )
            for year in years
        }
        for kind in ("expense", "revenue")
    }
    prefix = "Eigener Teil: " if children else ""
    expense = _put_money_row(paper, f"{prefix}Aufwendungen", parts["expense"])
    revenue = _put_money_row(paper, f"{prefix}Erträge", parts["revenue"])
    own_cells = {
        year: (f"ROUND({expense[year]}-{revenue[year]},2)", desk.found.own(name, year))
        for year in years
    }
    if not children:
        own = _put_money_row(paper, "Budgetauflage (Zuschussbedarf)", own_cells, role="total")
        _put_general(paper, found)
        _put_budget_note(paper, found)
        return own, own
    own = _put_money_row(paper, "Eigener Teil: Zuschussbedarf", own_cells, role="row1")
    summands = [own]
    for child in children:
        paper.block()
        cells = {
            year: (
                f"ROUND({reference(desk.names[child], below[child].condition[year])},2)",
                desk.found.condition(child, year),
            )
            for year in years
        }
        text = f"{child}  {desk.title(desk.found.agreements[child].unit)}"
        link = f"internal:'{desk.names[child]}'!A1"
        summands.append(_put_money_row(paper, text, cells, link=link))
    total = {year: (_sum_of(summands, year), desk.found.condition(name, year)) for year in years}
    condition = _put_money_row(paper, "Budgetauflage (Zuschussbedarf)", total, role="total")
    _put_general(paper, found)
    _put_budget_note(paper, found)
    return own, condition


def _sum_of(rows: Sequence[Mapping[int, str]], year: int) -> str:
    """The rows stand one below the other: one range, as a person would write it."""
    return f"ROUND(SUM({rows[0][year]}:{rows[-1][year]}),2)"


def _own_kind(desk: Desk, agreement: str, kind: str, year: int) -> int:
    amounts = desk.found.amounts
    mine = amounts[
        (amounts["agreement"] == agreement) & (amounts["kind"] == kind) & (amounts["year"] == year)
    ]
    return int(mine["cents"].sum())


def _put_general(paper: Paper, found: Agreement) -> None:
    """General funding within the own part: taxes are nobody's achievement, so they are shown."""
    desk, name = paper.desk, found.agreement
    amounts = desk.found.amounts
    mine = amounts[(amounts["agreement"] == name) & amounts["general_funding"]]
    if mine.empty:
        return
    signs = mine["kind"].map({"expense": 1, "revenue": -1})
    balance = (mine["cents"] * signs).groupby(mine["year"]).sum()
    cells = {
        year.year: (_general_formula(desk, name, year.year), int(balance.get(year.year, 0)))
        for year in desk.years
    }
    _put_money_row(
        paper, "darin allgemeine Deckungsmittel (Steuern, Zuweisungen)", cells, role="quiet"
    )


def _general_formula(desk: Desk, agreement: str, year: int) -> str:
    both = [
        f'SUMIFS(ZV_Betrag_{year},{NUMBER_RANGE},{desk.number(agreement)},{GENERAL_RANGE},"ja",'
        f'{KIND_RANGE},"{labels.KIND[kind]}")'
        for kind in ("expense", "revenue")
    ]
    return f"ROUND({both[0]}-{both[1]},2)"


def _put_budget_note(paper: Paper, found: Agreement) -> None:
    text = (
        "Zuschussbedarf = Aufwendungen − Erträge, ohne interne Leistungen und ohne Investitionen; "
        "ein negativer Betrag ist ein Überschuss."
    )
    units = [unit for unit in found.units if unit != found.unit]
    if units:
        text += f" Zum eigenen Teil gehören {found.unit} und {', '.join(units)}."
    paper.wide(text, paper.desk.looks("subtitle", "wrap"))


def put_savings(
    paper: Paper,
    found: Agreement,
    below: Mapping[str, Place],
    rows: Mapping[tuple[str, str], int],
) -> Mapping[int, str]:
    """The own measures one by one, what the agreements below bring, and the sum."""
    desk, name = paper.desk, found.agreement
    paper.block()
    paper.heading("3  Konsolidierungsbeitrag")
    _put_years(paper, "Geplante Jahreswirkung in Euro")
    years = [year.year for year in desk.years]
    savings = desk.found.savings
    mine = savings[savings["agreement"] == name]
    keys = mine.drop(columns=["year", "annual"]).drop_duplicates()
    for number, measure in enumerate(rows_of(keys)):
        if number:
            paper.block()
        _put_measure(paper, measure, mine, rows)
    children = [each for each in desk.found.tree.children[name] if each in below]
    own_cells = {
        year: (own_saving_formula(desk, name, year), desk.found.own_saving(name, year))
        for year in years
    }
    if not children:
        text = "Konsolidierungsbeitrag" if len(keys) else "Konsolidierungsbeitrag (keine Maßnahme)"
        return _put_money_row(paper, text, own_cells, role="total")
    text = "Eigener Beitrag" if len(keys) else "Eigener Beitrag (keine eigene Maßnahme)"
    summands = [_put_money_row(paper, text, own_cells, role="row1")]
    for child in children:
        cells = {
            year: (
                f"ROUND({reference(desk.names[child], below[child].saving[year])},2)",
                desk.found.saving(child, year),
            )
            for year in years
        }
        named = f"{child}  {desk.title(desk.found.agreements[child].unit)}"
        link = f"internal:'{desk.names[child]}'!A1"
        summands.append(_put_money_row(paper, named, cells, link=link))
    total = {year: (_sum_of(summands, year), desk.found.saving(name, year)) for year in years}
    return _put_money_row(paper, "Konsolidierungsbeitrag", total, role="total")


def _put_measure(
    paper: Paper,
    measure: Any,  # noqa: ANN401 - a row of a frame
    mine: pd.DataFrame,
    rows: Mapping[tuple[str, str], int],
) -> None:
    """One consolidation measure; a memo item stands in italics and in no sum."""
    desk = paper.desk
    key = (str(measure.unit), str(measure.savings_measure))
    annual = {
        int(row.year): row.annual
        for row in rows_of(mine)
        if (str(row.unit), str(row.savings_measure)) == key
    }
    cells: dict[int, tuple[str, int] | None] = {}
    for column, year in enumerate(desk.years, start=SAVING_MONEY_COLUMN):
        cell = reference(SAVINGS, f"{xl_col_to_name(column)}{rows[key] + 1}")
        cents = annual[year.year]
        cells[year.year] = None if cents is pd.NA else (f"ROUND({cell},2)", int(cents))
    text = f"{measure.savings_measure}  {measure.title}".strip()
    if measure.memo:
        text += " (nachrichtlich, zählt nicht)"
    elif not measure.effect:
        text += " (ohne Wirkungsart, zählt nicht)"
    role = "quiet" if measure.memo or not measure.effect else "row"
    _put_money_row(paper, text, cells, role=role)
