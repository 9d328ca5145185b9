"""The sheets Zielbaum and Investitionen: every cent once, at the goal it was assigned to
(Anteilssicht).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.ledger import GOAL, Ledger
from pipeline.excel.budget_plan.looks import STATE_ROLES
from pipeline.excel.budget_plan.outline import (
    INVESTMENT,
    NET_COST,
    Branch,
    Change,
    Column,
    Outline,
    Share,
    branches_of,
    fold,
    leaf,
    role_of,
    roots,
    strangers,
    widths_of,
    write_outline,
    year_columns,
)
from pipeline.excel.budget_plan.sheets import (
    GOALS,
    INVESTMENTS,
    TITLE_ROWS,
    Plan,
    open_sheet,
    percent_of,
    put_header,
    text_of,
)
from pipeline.excel.workbook import put_number, put_text
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.results import Results
from pipeline.tables.choices import GENERAL_FUNDING, WITHOUT_GOAL

TOTAL: Final = "\0total"
BEFORE_FUNDING: Final = "\0before"
TAGS: Final = "\0tags"

_TEXT_WIDTHS = (4.5, 8.5, 38.0)
_FIRST_COLUMN = len(_TEXT_WIDTHS)
_RATING_WIDTHS = (11.5, 15.0, 9.5)


@dataclass(frozen=True, kw_only=True)
class Rating:
    """How far a goal is reached in the latest year for which there is anything to say."""

    year: int
    facts: Mapping[str, Mapping[str, Any]]


def goal_hierarchy(results: Results) -> Hierarchy:
    """All goals that count, the departments' included, in the order of the outline."""
    goals = results.texts["goals"]
    return Hierarchy(
        {str(g): text_of(p) for g, p in zip(goals["goal"], goals["parent"], strict=True)}
    )


def rating_of(results: Results) -> Rating | None:
    """Attainment by goal in the latest year with data; ``None`` where no year has any."""
    table = results.tables["attainment"]
    with_data = table[table["kpis_with_data"].fillna(0) > 0]
    if not len(with_data):
        return None
    year = int(with_data["year"].max())
    rows = table[table["year"] == year].to_dict("records")
    return Rating(
        year=year, facts={str(row["goal"]): {str(k): v for k, v in row.items()} for row in rows}
    )


def goal_branches(results: Results, ledger: Ledger) -> list[Branch]:
    """Goals with money, what has no goal, the subtotal, general funding, the total; then the
    goals that are only tags.
    """
    tree = goal_hierarchy(results)
    tags = _tags(results, ledger, tree)
    goals = results.texts["goals"]
    titles = {str(g): text_of(t) for g, t in zip(goals["goal"], goals["title"], strict=True)}
    tag_trees = {node for node in tree.order if tree.ancestry[node][-1] in tags}
    found = branches_of(
        tree,
        ledger=ledger,
        dimension=GOAL,
        titles=titles,
        nodes=[node for node in tree.order if node not in tag_trees],
        without_money=tags,
    )
    found += strangers(tree, ledger, GOAL, (WITHOUT_GOAL, GENERAL_FUNDING))
    found.append(leaf(ledger, GOAL, WITHOUT_GOAL, "Ohne Zielzuordnung", shown=""))
    found.append(
        Branch(
            key=BEFORE_FUNDING,
            code="",
            title="Ziele und ohne Zielzuordnung",
            children=roots(found),
            role="subtotal",
        )
    )
    found.append(leaf(ledger, GOAL, GENERAL_FUNDING, "Allgemeine Deckungsmittel", shown=""))
    last = len(found)
    found.append(
        Branch(key=TOTAL, code="", title="Gesamt", children=(last - 2, last - 1), role="total")
    )
    if tag_trees:
        title = "Rahmenbedingungen und Querschnittsziele (ohne eigene Beträge, siehe Bezugssicht)"
        found.append(Branch(key=TAGS, code="", title=title, role="subtotal", money=False))
        found += [
            Branch(key=node, code=node, title=titles[node], depth=tree.depth(node), money=False)
            for node in tree.order
            if node in tag_trees
        ]
    return found


def _tags(results: Results, ledger: Ledger, tree: Hierarchy) -> frozenset[str]:
    """Goals in whose subtree nothing can be added up."""
    goals = results.texts["goals"]
    additive = {
        str(g) for g, a in zip(goals["goal"], goals["additive"].fillna(True), strict=True) if a
    }
    carrying = additive | {goal for goal in tree.parents if ledger.has_rows(GOAL, goal)}
    above = {up for goal in carrying for up in tree.ancestry[goal]}
    return frozenset(tree.parents) - above


def goals_outline(results: Results, ledger: Ledger) -> Outline:
    """The sheet Zielbaum, not yet written."""
    master = results.master
    budget = [year.year for year in master.budget_years]
    columns = year_columns(
        master.years, "expense", "revenue", NET_COST, open_years=frozenset(budget[:1])
    )
    columns += change_column(results, NET_COST)
    if budget:
        whole = f"{NET_COST}_{budget[0]}"
        columns.append(
            Share(
                name="share",
                title=f"Anteil\n{budget[0]}",
                of=whole,
                whole=BEFORE_FUNDING,
                without=frozenset({GENERAL_FUNDING, TOTAL}),
            )
        )
    return _outline(GOALS, goal_branches(results, ledger), columns, ledger)


def investments_outline(results: Results, ledger: Ledger) -> Outline:
    """The sheet Investitionen, not yet written."""
    master = results.master
    budget = [year.year for year in master.budget_years]
    columns = year_columns(
        master.years, "payment", "receipt", INVESTMENT, open_years=frozenset(budget[:1])
    )
    branches = _without_tags(goal_branches(results, ledger))
    return _outline(INVESTMENTS, branches, [*columns, *change_column(results, INVESTMENT)], ledger)


def _without_tags(branches: Sequence[Branch]) -> list[Branch]:
    """Up to the total: what follows carries no money."""
    last = next(position for position, branch in enumerate(branches) if branch.key == TOTAL)
    return list(branches[: last + 1])


def _outline(
    sheet: str, branches: Sequence[Branch], columns: Sequence[Column], ledger: Ledger
) -> Outline:
    return Outline(
        sheet=sheet,
        dimension=GOAL,
        branches=branches,
        columns=columns,
        ledger=ledger,
        first_row=TITLE_ROWS + 1,
        first_column=_FIRST_COLUMN,
    )


def change_column(results: Results, balance: str) -> list[Column]:
    """The change of a balance from the previous budget year to this one, where there is a
    previous one.
    """
    before, budget = results.master.previous_budget_year, results.master.budget_years
    if before is None or not budget:
        return []
    return [
        Change(
            name=f"change_{balance}",
            title=f"Veränderung\n{before.year} → {budget[0].year}",
            now=f"{balance}_{budget[0].year}",
            before=f"{balance}_{before.year}",
        )
    ]


def write_goals(plan: Plan, outline: Outline) -> None:
    """Writes the sheet Zielbaum with the attainment of every goal beside its money."""
    rating = rating_of(plan.results)
    widths = [*_TEXT_WIDTHS, *widths_of(outline), *_RATING_WIDTHS]
    year = f"\n{rating.year}" if rating else ""
    titles = [
        "Nr.",
        "Ziel-Nr.",
        "Ziel",
        *(column.title for column in outline.columns),
        f"Zielerreichung{year}",
        "Stand",
        "Abdeckung",
    ]
    subtitle = (
        f"Anteilssicht {plan.unit_of_money}: jeder Betrag zählt genau einmal. "
        "Zuschussbedarf = Aufwendungen − Erträge; ein Minus ist ein Überschuss. "
        "Mit + über den Spalten erscheinen Erträge und Aufwendungen aller Jahre."
    )
    _write(
        plan,
        outline,
        title="Zielbaum: Was die Ziele kosten und wie weit sie erreicht sind",
        subtitle=subtitle,
        titles=titles,
        widths=widths,
    )
    first = outline.first_column + len(outline.columns)
    for branch in outline.branches:
        row, role = outline.row(branch.key), role_of(branch)
        facts = rating.facts.get(branch.key, {}) if rating else {}
        put_rating(plan, row, first, facts, role=role)


def put_rating(
    plan: Plan, row: int, column: int, facts: Mapping[str, Any], *, role: str, name: str = GOALS
) -> None:
    """Attainment, state in words and colour, and coverage of a goal, in three cells; blank where
    there is nothing to rate.
    """
    sheet = plan.sheets[name]
    state = text_of(facts.get("state"))
    for offset, key in ((0, "attainment_bp"), (2, "coverage_bp")):
        value = facts.get(key)
        if text_of(value) == "" or text_of(facts.get("kpis")) == "0":
            put_text(sheet, row, column + offset, "", plan.looks(role))
        else:
            put_number(
                sheet,
                row,
                column + offset,
                percent_of(int(str(value))),
                plan.looks(role, "attainment"),
            )
    word = labels.of(labels.ATTAINMENT, state)
    put_text(sheet, row, column + 1, word, plan.looks(STATE_ROLES.get(state, role), "text"))


def write_investments(plan: Plan, outline: Outline) -> None:
    """Writes the sheet Investitionen."""
    widths = [*_TEXT_WIDTHS, *widths_of(outline)]
    titles = ["Nr.", "Ziel-Nr.", "Ziel", *(column.title for column in outline.columns)]
    subtitle = (
        f"Anteilssicht {plan.unit_of_money}: jeder Betrag zählt genau einmal. "
        "Investitionssaldo = Auszahlungen − Einzahlungen; getrennt vom Zuschussbedarf, nie mit "
        "ihm addiert."
    )
    _write(
        plan,
        outline,
        title="Investitionen je Ziel",
        subtitle=subtitle,
        titles=titles,
        widths=widths,
    )


def _write(
    plan: Plan,
    outline: Outline,
    *,
    title: str,
    subtitle: str,
    titles: Sequence[str],
    widths: Sequence[float],
) -> None:
    sheet = open_sheet(plan, outline.sheet, title, subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, titles, widths)
    fold(sheet, outline, widths[outline.first_column :][: len(outline.columns)])
    write_outline(plan, sheet, outline, text_columns=_TEXT_WIDTHS)
    sheet.outline_settings(True, False, True, False)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(outline.first_row, outline.first_column)


def top_goals(outline: Outline) -> list[Branch]:
    """The goals of the highest level that carry money."""
    end = outline.positions[BEFORE_FUNDING]
    return [branch for branch in outline.branches[: end - 1] if branch.depth == 0 and branch.money]
