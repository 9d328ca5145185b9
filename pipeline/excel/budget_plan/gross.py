"""The sheet Bezugssicht: everything that serves a goal, in full, once per goal; not additive, so
without any total.

Its amounts are the only constants among the sums of the workbook: which goals a figure serves
(tags and ancestors included) is not part of the sheet Daten, where every cent stands once; a
second list would make the same euro appear twice there. They are those of ``aggregates.csv``,
view ``bezug``; only the balances are formulas.
"""

from __future__ import annotations

from xlsxwriter.utility import xl_col_to_name

from pipeline.excel.budget_plan.goal_tree import goal_hierarchy
from pipeline.excel.budget_plan.labels import PLURAL
from pipeline.excel.budget_plan.looks import height_of, indented
from pipeline.excel.budget_plan.outline import BALANCES, INVESTMENT, NET_COST, Branch
from pipeline.excel.budget_plan.sheets import (
    GROSS,
    TITLE_ROWS,
    Plan,
    open_sheet,
    put_header,
    put_money,
    put_sum,
    text_of,
)
from pipeline.excel.workbook import put_text
from pipeline.tables.choices import GENERAL_FUNDING, WITHOUT_GOAL

_TEXT_WIDTHS = (9.0, 42.0, 18.5)
_BESIDE_GOALS = (
    (WITHOUT_GOAL, "Ohne jedes Ziel"),
    (GENERAL_FUNDING, "Allgemeine Deckungsmittel"),
)
_BLOCKS = (("expense", "revenue", NET_COST), ("payment", "receipt", INVESTMENT))


def write_gross(plan: Plan) -> None:
    """Writes the sheet Bezugssicht for the previous and the planned budget years."""
    master = plan.results.master
    before = master.previous_budget_year
    years = [*([before] if before else []), *master.budget_years]
    titles = ["Ziel-Nr.", "Ziel", "Ebene"]
    for year in years:
        for plus, minus, balance in _BLOCKS:
            titles += [
                f"{year.title}\n{word}" for word in (PLURAL[minus], PLURAL[plus], BALANCES[balance])
            ]
    widths = [*_TEXT_WIDTHS, *([12.8] * (len(titles) - len(_TEXT_WIDTHS)))]
    subtitle = (
        f"Beträge nicht addierbar ({plan.unit_of_money}): Ein Produkt steht in voller Höhe bei "
        "jedem Ziel, dem es dient, "
        "auch bei Rahmenbedingungen. Eine Summe gibt es deshalb nicht."
    )
    sheet = open_sheet(plan, GROSS, "Bezugssicht: Beträge nicht addierbar", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, titles, widths)
    amounts = _amounts(plan)
    row = TITLE_ROWS
    for row, (code, branch, level) in enumerate(_rows(plan), start=TITLE_ROWS + 1):
        role = "row0" if branch.code and not branch.depth else "row"
        indent = 2 * branch.depth
        sheet.set_row(
            row,
            height_of(
                (branch.title, _TEXT_WIDTHS[1] - indented(branch.depth)), (level, _TEXT_WIDTHS[2])
            ),
        )
        put_text(sheet, row, 0, branch.code, plan.looks(role, "wrap"))
        put_text(sheet, row, 1, branch.title, plan.looks(role, "wrap", indent=indent))
        put_text(sheet, row, 2, level, plan.looks(role, "wrap"))
        blocks = [(year, block) for year in years for block in _BLOCKS]
        for place, (year, (plus, minus, _)) in enumerate(blocks):
            column = len(_TEXT_WIDTHS) + 3 * place
            less, more = (amounts.get((code, kind, year.year), 0) for kind in (minus, plus))
            money = plan.looks(role, plan.money)
            put_money(sheet, row, column, less, money)
            put_money(sheet, row, column + 1, more, money)
            first, second = (f"{xl_col_to_name(column + offset)}{row + 1}" for offset in (0, 1))
            put_sum(sheet, row, column + 2, f"ROUND({second}-{first},2)", more - less, money)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(TITLE_ROWS + 1, len(_TEXT_WIDTHS))


def _rows(plan: Plan) -> list[tuple[str, Branch, str]]:
    """The code whose amounts a row shows, what is printed, and the level of the goal."""
    goals = plan.results.texts["goals"].set_index("goal")
    tree = goal_hierarchy(plan.results)
    rows = []
    for goal in tree.order:
        title, level = (text_of(goals.at[goal, name]) for name in ("title", "level"))
        rows.append((goal, Branch(key=goal, code=goal, title=title, depth=tree.depth(goal)), level))
    for code, title in _BESIDE_GOALS:
        rows.append((code, Branch(key=code, code="", title=title), ""))
    return rows


def _amounts(plan: Plan) -> dict[tuple[str, str, int], int]:
    table = plan.results.tables["aggregates"]
    gross = table[table["view"] == "bezug"]
    columns = (gross[name] for name in ("goal", "kind", "year", "cents"))
    return {
        (str(goal), str(kind), int(year)): int(cents)
        for goal, kind, year, cents in zip(*columns, strict=True)
    }
