"""The goals of a product with their shares, and the goals that a unit serves."""

from __future__ import annotations

from typing import Final

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.looks import STATE_ROLES, breadth
from pipeline.excel.budget_plan.sheets import percent_of, text_of
from pipeline.excel.unit_plan.desk import Desk
from pipeline.excel.unit_plan.paper import Paper, Row, Section
from pipeline.excel.workbook import put_text
from pipeline.tables.choices import GENERAL_FUNDING, WITHOUT_GOAL

_SPECIAL_GOALS: Final = {
    WITHOUT_GOAL: "ohne Zielzuordnung",
    GENERAL_FUNDING: "Allgemeine Deckungsmittel (stehen neben den Zielen)",
}
_ASIDE: Final = 6  # the column behind the state


def goal_section(desk: Desk, paper: Paper, product: str) -> Section:
    """The goals to which a product's money goes, tags, and goals that only its measures serve."""
    links: list[tuple[str, int | str]] = [
        (goal, "Querschnitt" if share is None else share)
        for goal, share in desk.plans.shares.get(product, ())
    ]
    known = {goal for goal, _ in links}
    for record in desk.plans.measures.get(product, ()):
        goal = text_of(record.get("goal"))
        if goal and goal not in known:
            known.add(goal)
            links.append((goal, "Maßnahme"))
    heading = paper.heading("Ziele")
    if not links:
        text = "Das Produkt ist keinem Ziel zugeordnet."
        return Section(rows=[heading, *paper.wide(text), paper.gap()])
    above = [text for goal, _ in links if (text := _above(desk, goal))]
    aside = bool(above) and all(_fits(paper, text) for text in above)

    def head() -> Row:
        titles = ["Anteil am\nProdukt", "Ziel-\nerreichung", "Stand"]
        return paper.header("Ziel", "Bezeichnung", [*titles, *(["", "Oberziel"] if aside else [])])

    rows = [_goal_row(desk, paper, goal, share, aside=aside) for goal, share in links]
    return Section(rows=[heading, head(), *rows, paper.gap()], head=head)


def _above(desk: Desk, goal: str) -> str:
    """The highest goal above a goal, where that is another one."""
    top = desk.top_goal(goal)
    return f"{top} {desk.goal_name(top)}" if top and top != goal else ""


def _goal_row(desk: Desk, paper: Paper, goal: str, share: int | str, *, aside: bool) -> Row:
    special = _SPECIAL_GOALS.get(goal)
    title = special or text_of(desk.plans.goals.get(goal, {}).get("title"))
    above = _above(desk, goal)
    if above and not aside:
        title, above = f"{title}\n→ {above}", ""
    return _rated_row(desk, paper, ("" if special else goal, title), goal, share, above)


def _fits(paper: Paper, text: str) -> bool:
    """Whether a text has room behind the state."""
    return breadth(text) < paper.amount * (paper.last - _ASIDE + 1) - 1


def _rated_row(
    desk: Desk, paper: Paper, texts: tuple[str, str], goal: str, share: int | str, aside: str = ""
) -> Row:
    """A goal with its share or a word, how far it is reached, and the state in words and colour."""
    rating = desk.plans.attainment.get(goal, {})
    state, reached = text_of(rating.get("state")), text_of(rating.get("attainment_bp"))

    def put(at: int) -> None:
        if isinstance(share, int):
            paper.put_value(at, 2, percent_of(share), "row", "share")
        else:
            put_text(paper.sheet, at, 2, share, paper.looks("row", "right"))
        if reached:
            paper.put_value(at, 3, percent_of(int(reached)), "row", "attainment")
        if state:
            text = f"{labels.of(labels.ATTAINMENT, state)} ({int(rating['year'])})"
            # Wider than a year's column: the words run on over the empty cell beside them.
            look = paper.looks(STATE_ROLES.get(state, "row"), "text")
            for column, part in ((4, text), (5, "")):
                put_text(paper.sheet, at, column, part, look)
        if aside:
            put_text(paper.sheet, at, _ASIDE, aside, paper.looks("row", "text"))

    return paper.amounts(*texts, lambda _: [], shown="", more=put)


def served_goals(desk: Desk, paper: Paper) -> list[Section]:
    """The goals that the products of the unit, and of the units below it, serve; the own goals of
    units below stand in their workbooks.
    """
    serving: dict[str, list[str]] = {}
    for unit in (desk.unit, *desk.part_numbers):
        for product in desk.plans.products_of.get(unit, ()):
            for goal, _ in desk.plans.shares.get(product, ()):
                serving.setdefault(goal, []).append(product)
    goals = [
        goal
        for goal, facts in desk.plans.goals.items()
        if goal in serving and text_of(facts.get("unit")) not in desk.part_numbers
    ]
    if not goals:
        return []
    wide = paper.last > _ASIDE + 1

    def head() -> Row:
        more = ["", "Produkte"] if wide else []
        titles = ["", "Ziel-\nerreichung", "Stand", *more]
        return paper.header("Ziel", "Bezeichnung", titles)

    rows = [_served(desk, paper, goal, serving[goal], wide=wide) for goal in goals]
    heading = paper.heading("Ziele, denen die Produkte dienen")
    if desk.parts and len(goals) < len(serving):
        note = "Ziele, die eine Einheit darunter sich selbst setzt, stehen in deren Teilplan."
        rows += paper.wide(note, "subtitle")
    return [Section(rows=[heading, head(), *rows, paper.gap()], head=head)]


def _served(desk: Desk, paper: Paper, goal: str, products: list[str], *, wide: bool) -> Row:
    title = text_of(desk.plans.goals[goal].get("title"))
    names = products[0] if len(products) == 1 else f"{products[0]} und {len(products) - 1} weitere"
    if _fits(paper, ", ".join(products)):
        names = ", ".join(products)
    texts = (goal, title if wide else f"{title}\n({names})")
    return _rated_row(desk, paper, texts, goal, "", names if wide else "")
