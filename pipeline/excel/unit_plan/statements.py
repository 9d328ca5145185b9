"""What stands beside the budget of a product: commitments for later years and consolidation
measures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pipeline.excel.budget_plan.sheets import text_of
from pipeline.excel.unit_plan.desk import OF_MEASURE, Desk
from pipeline.excel.unit_plan.grouping import Statement
from pipeline.excel.unit_plan.lines import looked_up
from pipeline.excel.unit_plan.measures import euro_text
from pipeline.excel.unit_plan.paper import Paper, Row, Section
from pipeline.excel.workbook import put_text

_COMMITMENT_NOTE: Final = (
    "Verpflichtungsermächtigungen erlauben Auszahlungen späterer Jahre; sie sind kein Teil des "
    "Budgets."
)
_SAVINGS_NOTE: Final = (
    "Konsolidierungsmaßnahmen erklären Beträge, die im Ergebnisplan enthalten sind; sie ändern ihn "
    "nicht. Jahreswirkung: Stand gegenüber dem Ausgangswert; Zuwachs: zusätzlich zum Vorjahr."
)
_ROLES: Final = {"plan": "Soll", "actual": "Ist", "forecast": "Prognose"}


def commitment_section(desk: Desk, paper: Paper, product: str) -> Section:
    """Commitments by budget year, line and measure; the amounts stand in the years in which they
    fall due.
    """
    found = desk.plans.commitments.get(product, ())

    def head() -> Row:
        titles = [f"fällig\n{year.year}" for year in desk.plans.years]
        return paper.header("Ansatzjahr", "Zeile und Maßnahme", titles)

    rows = []
    for each in sorted(found, key=lambda one: (one.what, one.row.line, one.row.measure)):
        title = " · ".join(text for text in (f"Zeile {each.row.line}", each.row.measure) if text)
        rows.append(_statement(desk, paper, each.what, title, each))
    heading = f"Verpflichtungsermächtigungen {desk.unit_of_money}"
    return _section(paper, heading, head, rows, _COMMITMENT_NOTE)


def savings_section(desk: Desk, paper: Paper, product: str) -> Section:
    """Consolidation measures as the departments stated them: target, actual and forecast."""

    def head() -> Row:
        return paper.header("Nummer", "Konsolidierungsmaßnahme", desk.year_titles)

    by_measure: dict[tuple[str, str], list[Statement]] = {}
    for each in desk.plans.savings.get(product, ()):
        by_measure.setdefault((each.row.unit, each.row.measure), []).append(each)
    rows: list[Row] = []
    order = list(_ROLES)
    for (unit, measure), statements in by_measure.items():
        rows.append(_saving(desk, paper, unit, measure, statements[0]))
        below = [
            _statement(desk, paper, "", _ROLES.get(each.what, each.what), each, indent=1)
            for each in sorted(statements, key=lambda one: order.index(one.what))
        ]
        for row in below[:-1]:
            row.keep = True
        rows += below
    heading = f"Konsolidierung {desk.unit_of_money}"
    return _section(paper, heading, head, rows, _SAVINGS_NOTE)


def _saving(desk: Desk, paper: Paper, unit: str, measure: str, first: Statement) -> Row:
    texts = desk.plans.savings_texts.get((unit, measure), {})
    words = [text_of(texts.get(name)) for name in ("effect", "type", "state")]
    if text_of(texts.get("goal")):
        words.append(f"Ziel {text_of(texts.get('goal'))}")
    memo = texts.get("memo") is True
    if memo:
        words.append("nachrichtlich, zählt nicht")
    source = desk.source_beside(paper, first.row)
    about = " · ".join(word for word in words if word)

    def put(at: int) -> None:
        put_text(paper.sheet, at, 2, about, paper.looks("quiet" if memo else "row", "text"))
        source(at)

    title = text_of(texts.get("title")) or "(ohne Titel)"
    role = "quiet" if memo else "row1"
    return paper.amounts(measure, title, lambda _: [], role=role, shown="", more=put, keep=True)


def _section(
    paper: Paper, heading: str, head: Callable[[], Row], rows: Sequence[Row], note: str
) -> Section:
    if not rows:
        return Section(rows=())
    below = [*paper.wide(note, "subtitle"), paper.gap()]
    return Section(rows=[paper.heading(heading), head(), *rows, *below], head=head)


def _statement(
    desk: Desk, paper: Paper, code: str, title: str, statement: Statement, *, indent: int = 0
) -> Row:
    later = statement.outside.get(None, 0)
    dated = sorted((year, cents) for year, cents in statement.outside.items() if year is not None)
    more = [f"{year}: {euro_text(cents)}" for year, cents in dated if cents]
    more += [f"später: {euro_text(later)}"] if later else []
    if more:
        title = f"{title}\n{', '.join(more)}"
    return paper.amounts(
        code,
        title,
        lambda at: looked_up(desk, paper, OF_MEASURE, statement.key, at),
        shown=desk.money,
        indent=indent,
        key=statement.key,
        more=desk.source_beside(paper, statement.row),
    )
