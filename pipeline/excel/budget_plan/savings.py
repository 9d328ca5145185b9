"""The sheet Konsolidierung: what every consolidation measure saves a year, by unit and product,
with live sums; memo items stand below them, outside every sum.

A Zuwachs is printed twice: as it was stated, and above it as the annual effect that it adds up to
(a formula over the stated cells). Only the folded columns on the right, the increments, are added
over years; see :mod:`pipeline.savings` for the rules and their source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline import savings
from pipeline.excel.budget_plan.goal_tree import goal_hierarchy
from pipeline.excel.budget_plan.looks import height_of, indented
from pipeline.excel.budget_plan.outline import sum_of
from pipeline.excel.budget_plan.savings_chart import put_glance
from pipeline.excel.budget_plan.savings_lines import (
    FIRST,
    HEAD,
    MONEY,
    Columns,
    found_of,
    table_of,
)
from pipeline.excel.budget_plan.savings_rows import Page, Place, put_line, put_measure, put_stated
from pipeline.excel.budget_plan.sheets import (
    SAVINGS,
    TITLE_ROWS,
    Plan,
    open_sheet,
    put_header,
    put_sum,
    text_of,
)
from pipeline.excel.budget_plan.sources import records
from pipeline.excel.workbook import put_formula, put_text
from pipeline.model.hierarchy import Hierarchy
from pipeline.rules.savings import INCREMENT
from pipeline.tables.choices import WITHOUT_GOAL

_HOW_TO_READ: Final = (
    "Ein Zuwachs wird je Reihe (Soll, Ist, Prognose) ab ihrem ersten Jahr aufsummiert; was das Ist "
    "früherer Jahre gebracht hat, steht nicht noch einmal im Soll."
)
_OUTSIDE: Final = "Nachrichtlich: Gegenposition einer anderen Einsparung, in keiner Summe enthalten"


def write_savings(plan: Plan) -> None:
    """Writes the sheet Konsolidierung: the table by unit and product, memo items, the years at a
    glance with their picture, and the sums by goal.
    """
    found = found_of(plan.results)
    columns = Columns(pairs=found.pairs)
    subtitle = (
        f"Entlastung je Jahr {plan.unit_of_money} (Jahreswirkung): über Maßnahmen addierbar, nie "
        "über Jahre. Sie steckt schon in den Ansätzen und verändert kein Budget."
    )
    widths = columns.widths
    sheet = open_sheet(plan, SAVINGS, "Konsolidierungsmaßnahmen", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, columns.titles, widths)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(FIRST, 2)
    if not found.facts:
        text = "Es sind keine Konsolidierungsmaßnahmen gemeldet."
        put_text(sheet, FIRST, 0, text, plan.looks("plain"))
        return
    _fold(sheet, columns)
    table = table_of(plan.results.master, found)
    page = Page(plan=plan, sheet=sheet, found=found, columns=columns, table=table)
    for position in range(len(table.lines)):
        put_line(page, position)
    row = _put_notes(page, FIRST + len(table.lines))
    row = _put_outside(page, row + 1)
    sheet.set_h_pagebreaks([row + 1])
    row = put_glance(page, row + 1)
    _put_goals(page, row)
    sheet.outline_settings(True, False, True, False)


def _fold(sheet: Worksheet, columns: Columns) -> None:
    """The increments are for whoever adds over years: folded, opened by the plus sign."""
    if not columns.increments:
        return
    for column in (*map(columns.increment, columns.increments), columns.added):
        sheet.set_column(column, column, MONEY, None, {"level": 1, "hidden": True})
    sheet.set_column(columns.added + 1, columns.added + 1, 3.0, None, {"collapsed": True})


# --- below the table ----------------------------------------------------------------------------


def _put_notes(page: Page, row: int) -> int:
    """How many measures a sum rests on where some keep silent, how to read a Zuwachs, and whose
    savings cannot be known; gives the next row.
    """
    plan, sheet = page.plan, page.sheet
    totals = records(savings.city_totals(savings.effects(plan.results.tables["savings"])))
    if any(int(each["silent"]) for each in totals):
        put_text(sheet, row, 1, "Maßnahmen mit Angabe", plan.looks("quiet", "text"))
        for each in totals:
            asked = int(each["measures"]) + int(each["silent"])
            column = page.columns.of((str(each["role"]), int(each["year"])))
            text = f"{each['measures']} von {asked}"
            put_text(sheet, row, column, text, plan.looks("quiet", "right"))
        row += 1
    if any(facts["effect"] == INCREMENT for facts in page.found.facts.values()):
        put_text(sheet, row, 1, _HOW_TO_READ, plan.looks("plain"))
        row += 1
    lacking = _unheard(plan)
    if lacking:
        text = f"Nicht enthalten, weil kein Rücklauf zählt: {', '.join(lacking)}."
        put_text(sheet, row, 1, text, plan.looks("plain"))
        row += 1
    return row


def _unheard(plan: Plan) -> list[str]:
    """The units without a return whose money counts."""
    register = records(plan.results.tables["register"])
    answered = {"accepted", "empty"}
    heard = {text_of(each["unit"]) for each in register if text_of(each["money"]) in answered}
    heard |= {unit for unit, kind in plan.results.stand_ins.items() if kind == "last_accepted"}
    titles = plan.results.master.titles["units"]
    return [
        f"{unit} {titles.get(unit, '')}".strip()
        for unit in plan.results.master.expected_units
        if unit not in heard
    ]


def _put_outside(page: Page, row: int) -> int:
    """What is listed and never summed: memo items with their counterpart; gives the next row."""
    if not page.found.outside:
        return row
    put_text(page.sheet, row, 0, _OUTSIDE, page.plan.looks("heading"))
    page.sheet.set_row(row, 20)
    row += 1
    for measure in page.found.outside:
        twice = page.found.facts[measure]["effect"] == INCREMENT
        place = Place(row=row, role="quiet", stated=row + 1 if twice else None)
        put_measure(page, place, measure)
        if twice:
            put_stated(page, Place(row=row + 1, depth=1), measure)
        row += 2 if twice else 1
    return row


# --- by goal ------------------------------------------------------------------------------------


def _put_goals(page: Page, row: int) -> None:
    """The same sums by goal, with the goal of consolidation named, and whether they make the
    total.
    """
    goals = page.plan.results.texts["goals"]
    bound = sorted(map(str, goals.loc[goals["consolidation"].fillna(False).astype(bool), "goal"]))
    named = f" (Konsolidierungsziel: {', '.join(bound)})" if bound else ""
    put_text(page.sheet, row, 0, f"Nach Zielen{named}", page.plan.looks("heading"))
    page.sheet.set_row(row, 20)
    tree = goal_hierarchy(page.plan.results)
    members = _by_goal(page, tree)
    wanted = {node for goal in members for node in tree.ancestry.get(goal, (goal,))}
    order = [goal for goal in (*tree.order, WITHOUT_GOAL) if goal in wanted]
    rows = {goal: row + 1 + place for place, goal in enumerate(order)}
    titles = dict(zip(goals["goal"], goals["title"].fillna(""), strict=True))
    for goal in order:
        own = [FIRST + position for position in members.get(goal, ())]
        below = [rows[child] for child in tree.children.get(goal, ()) if child in rows]
        inside = [
            position
            for other in order
            if goal in tree.ancestry.get(other, (other,))
            for position in members.get(other, ())
        ]
        without = goal == WITHOUT_GOAL
        texts = ("", "ohne Ziel") if without else (goal, str(titles.get(goal, "")))
        depth = 0 if without else tree.depth(goal)
        _put_goal(page, rows[goal], texts, depth=depth, cells=[*own, *below], inside=inside)
    roots = [rows[goal] for goal in order if goal == WITHOUT_GOAL or tree.depth(goal) == 0]
    _put_check(page, row + 1 + len(order), roots)


def _by_goal(page: Page, tree: Hierarchy) -> Mapping[str, list[int]]:
    """The positions of the measures by their own goal."""
    members: dict[str, list[int]] = {}
    for position, line in enumerate(page.table.lines):
        if line.role == "measure" and line.measure is not None:
            goal = page.found.facts[line.measure]["goal"]
            members.setdefault(goal if goal in tree.parents else WITHOUT_GOAL, []).append(position)
    return members


def _put_goal(
    page: Page,
    row: int,
    texts: tuple[str, str],
    *,
    depth: int,
    cells: Sequence[int],
    inside: Sequence[int],
) -> None:
    """A goal: the sum of its own measures and of the goals below it (rows ``cells``); ``inside``
    are the positions of all measures of its subtree.
    """
    plan, sheet, role = page.plan, page.sheet, "row0" if depth == 0 else "row"
    sheet.set_row(row, height_of((texts[1], HEAD[1][1] - indented(depth) / 2)))
    for column in range(len(HEAD)):
        put_text(sheet, row, column, "", plan.looks(role))
    put_text(sheet, row, 0, texts[0], plan.looks(role, "wrap"))
    put_text(sheet, row, 1, texts[1], plan.looks(role, "wrap", indent=depth))
    for pair in page.columns.pairs:
        column = page.columns.of(pair)
        cents = sum(page.table.sum(position, page.found.annual, pair) for position in inside)
        formula = sum_of(xl_col_to_name(column), [cell + 1 for cell in cells])
        put_sum(sheet, row, column, formula, cents, plan.looks(role, plan.money))


def _put_check(page: Page, row: int, roots: Sequence[int]) -> None:
    """Whether the goals make the total."""
    look = page.plan.looks("quiet", "right")
    put_text(page.sheet, row, 1, "Summe der Ziele = Gesamt", page.plan.looks("quiet", "text"))
    for pair in page.columns.pairs:
        column = page.columns.of(pair)
        total = page.cell(FIRST + page.table.total, column)
        parts = "+".join(page.cell(root, column) for root in roots) or "0"
        formula = f'IF(ROUND({parts}-{total},2)=0,"✓","✗")'
        put_formula(page.sheet, row, column, formula, look, "✓")
