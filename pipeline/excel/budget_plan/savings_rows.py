"""The rows of the sheet Konsolidierung: sums, measures, and what was stated of a Zuwachs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline import savings
from pipeline.excel.budget_plan.looks import height_of, indented
from pipeline.excel.budget_plan.outline import sum_of
from pipeline.excel.budget_plan.savings_lines import (
    AS_STATED,
    FIRST,
    HEAD,
    TAIL,
    Amounts,
    Columns,
    Found,
    Line,
    Measure,
    Pair,
    Table,
)
from pipeline.excel.budget_plan.sheets import Plan, put_money, put_source, put_sum, source_link
from pipeline.excel.workbook import put_text

NOT_STATED: Final = "k. A."
_DEEPEST: Final = 7  # outline levels that Excel knows


@dataclass(frozen=True, kw_only=True)
class Page:
    """The sheet and what is printed on it."""

    plan: Plan
    sheet: Worksheet
    found: Found
    columns: Columns
    table: Table

    def cell(self, row: int, column: int) -> str:
        """A cell as a formula names it; row and column count from 0."""
        return f"{xl_col_to_name(column)}{row + 1}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and how a row of a measure is printed; ``stated`` is the row that holds the stated
    increments of a Zuwachs.
    """

    row: int
    depth: int = 0
    level: int = 0
    role: str = "row"
    stated: int | None = None


def put_line(page: Page, position: int) -> None:
    """One row of the table."""
    line, row = page.table.lines[position], FIRST + position
    level = min(line.depth, _DEEPEST)
    if line.measure is None:
        _put_sums(page, position, level)
        return
    stated = page.table.stated_rows.get(line.measure)
    place = Place(row=row, depth=line.depth, level=level, stated=stated)
    if line.role == "stated":
        put_stated(page, place, line.measure)
    else:
        put_measure(page, place, line.measure)


def _role_of(line: Line) -> str:
    match line.role:
        case "unit":
            return "row0" if line.depth == 0 else "row1"
        case "total":
            return "total"
        case _:
            return "row"


def _put_sums(page: Page, position: int, level: int) -> None:
    """A unit, a product or the total: sums of the rows right below it in the hierarchy."""
    line, row = page.table.lines[position], FIRST + position
    plan, sheet, columns, role = page.plan, page.sheet, page.columns, _role_of(line)
    title = (line.title, HEAD[1][1] - indented(line.depth) / 2)
    sheet.set_row(row, height_of(title, (line.code, HEAD[0][1])), None, _level(level))
    for column in range(columns.tail + len(TAIL)):
        put_text(sheet, row, column, "", plan.looks(role))
    put_text(sheet, row, 0, line.code, plan.looks(role, "wrap"))
    put_text(sheet, row, 1, line.title, plan.looks(role, "wrap", indent=line.depth))
    below = [FIRST + child + 1 for child in line.children]
    found = page.found
    sums: list[tuple[int, Amounts, Pair, str]] = [
        *((columns.of(pair), found.annual, pair, plan.money) for pair in columns.pairs),
        *(
            (columns.deviation(pair), found.deviations, pair, plan.change)
            for pair in columns.deviations
        ),
        *(
            (columns.increment(pair), found.increments, pair, plan.change)
            for pair in columns.increments
        ),
    ]
    for column, values, pair, shown in sums:
        cents = page.table.sum(position, values, pair)
        formula = sum_of(xl_col_to_name(column), below)
        put_sum(sheet, row, column, formula, cents, plan.looks(role, shown))
    added = sum(page.table.sum(position, found.increments, pair) for pair in columns.increments)
    _put_added(page, row, added, role=role)


def _level(level: int) -> dict[str, int]:
    return {"level": level} if level else {}


def put_measure(page: Page, place: Place, measure: Measure) -> None:
    """A measure with its annual effects: as stated, or as the running sum of the increments that
    stand below it.
    """
    plan, sheet, columns = page.plan, page.sheet, page.columns
    facts, row, role = page.found.facts[measure], place.row, place.role
    texts = [facts["savings_measure"], _title(plan, facts), facts["goal"], facts["effect"]]
    texts += [facts.get("type", ""), facts.get("state", "")]
    source = f"{facts.get('file', '')} {facts.get('cell', '')}".strip()
    ends = [facts.get("compensation", ""), source]
    widths = [width for _, width in HEAD]
    widths[1] -= indented(place.depth) / 2
    height = height_of(
        *zip(texts, widths, strict=True), *zip(ends, (width for _, width in TAIL), strict=True)
    )
    sheet.set_row(row, height, None, _level(place.level))
    for column, text in enumerate(texts):
        indent = place.depth if column == 1 else 0
        put_text(sheet, row, column, text, plan.looks(role, "wrap", indent=indent))
    for pair in columns.pairs:
        _put_annual(page, place, measure, pair)
    for pair in columns.deviations:
        _put_deviation(page, place, measure, pair)
    _put_increments(page, place, measure)
    put_text(sheet, row, columns.tail, ends[0], plan.looks(role, "wrap"))
    names = (facts.get(name, "") for name in ("file", "sheet", "cell"))
    put_source(plan.looks, sheet, row, columns.tail + 1, source, source_link(plan.results, *names))


def _title(plan: Plan, facts: Mapping[str, str]) -> str:
    """The title; of what stands outside the sums also whose it is and what it mirrors."""
    title = facts.get("title", "")
    if not facts["outside"]:
        return title
    unit = f"{facts['unit']} {plan.results.master.titles['units'].get(facts['unit'], '')}".strip()
    if facts["outside"] == "unknown":
        return f"{title}\n{unit}; ohne Wirkungsart, deshalb nicht umrechenbar"
    return f"{title}\n{unit}; Gegenposition zu {facts.get('counterpart') or '(nicht genannt)'}"


def _put_annual(page: Page, place: Place, measure: Measure, pair: Pair) -> None:
    found, looks = page.found, page.plan.looks
    column = page.columns.of(pair)
    cents = found.annual.get((measure, pair), found.stated.get((measure, pair)))
    if cents is None:
        # Not stated is told apart from nothing; a sum leaves both out.
        spoken = any(each == measure and where[0] == pair[0] for each, where in found.stated)
        text = NOT_STATED if spoken else ""
        put_text(page.sheet, place.row, column, text, looks("quiet", "right"))
        return
    look = looks(place.role, page.plan.money)
    if place.stated is None:
        put_money(page.sheet, place.row, column, cents, look)
        return
    cells = [page.cell(place.stated, page.columns.of(each)) for each in page.columns.so_far(pair)]
    put_sum(page.sheet, place.row, column, f"ROUND(SUM({','.join(cells)}),2)", cents, look)


def _put_deviation(page: Page, place: Place, measure: Measure, pair: Pair) -> None:
    """Actual or forecast against the plan of the same year, as both were stated."""
    cents = page.found.deviations.get((measure, pair))
    column, look = page.columns.deviation(pair), page.plan.looks(place.role, page.plan.change)
    if cents is None:
        put_text(page.sheet, place.row, column, "", look)
        return
    row = place.row if place.stated is None else place.stated
    told, planned = (
        page.cell(row, page.columns.of(each)) for each in (pair, (savings.PLAN, pair[1]))
    )
    put_sum(page.sheet, place.row, column, f"ROUND({told}-{planned},2)", cents, look)


def _put_increments(page: Page, place: Place, measure: Measure) -> None:
    """The planned increments: each year's annual effect minus that of the nearest earlier year."""
    look, total = page.plan.looks(place.role, page.plan.change), 0
    known: Pair | None = None
    for pair in page.columns.increments:
        column = page.columns.increment(pair)
        cents = page.found.increments.get((measure, pair))
        if cents is None:
            put_text(page.sheet, place.row, column, "", look)
            continue
        now = page.cell(place.row, page.columns.of(pair))
        before = f"-{page.cell(place.row, page.columns.of(known))}" if known else ""
        put_sum(page.sheet, place.row, column, f"ROUND({now}{before},2)", cents, look)
        known, total = pair, total + cents
    _put_added(page, place.row, total, role=place.role)


def _put_added(page: Page, row: int, cents: int, *, role: str) -> None:
    """The sum over the years: of increments, the only thing that may be added over years."""
    columns = page.columns
    if columns.increments:
        first, last = (columns.increment(columns.increments[each]) for each in (0, -1))
        formula = f"ROUND(SUM({page.cell(row, first)}:{page.cell(row, last)}),2)"
        look = page.plan.looks(role, page.plan.change)
        put_sum(page.sheet, row, columns.added, formula, cents, look)


def put_stated(page: Page, place: Place, measure: Measure) -> None:
    """What the department wrote of a Zuwachs, year by year."""
    sheet, looks = page.sheet, page.plan.looks
    height = height_of((AS_STATED, HEAD[1][1] - indented(place.depth) / 2))
    sheet.set_row(place.row, height, None, _level(place.level))
    for column in range(page.columns.tail + len(TAIL)):
        put_text(sheet, place.row, column, "", looks("quiet"))
    put_text(sheet, place.row, 1, AS_STATED, looks("quiet", "wrap", indent=place.depth))
    for pair in page.columns.pairs:
        cents = page.found.stated.get((measure, pair))
        if cents is not None:
            look = looks("quiet", page.plan.change)
            put_money(sheet, place.row, page.columns.of(pair), cents, look)
