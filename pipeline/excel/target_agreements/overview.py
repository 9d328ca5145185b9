"""The first sheet of `Zielvereinbarungen.xlsx`: the tree of agreements with its amounts, whether
they make the city's figures, and what has no agreement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.agreements import NONE
from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.sheets import put_header, put_money, put_sum
from pipeline.excel.target_agreements.desk import (
    OVERVIEW,
    Desk,
    own_formula,
    own_saving_formula,
    put_keys,
    reference,
    set_page,
)
from pipeline.excel.target_agreements.money import Place
from pipeline.excel.target_agreements.without import put_without
from pipeline.excel.workbook import put_formula, put_link, put_number, put_text

_HEAD: Final = (
    ("agreement", "Vereinbarung", 16.0),
    ("title", "Bezeichnung", 42.0),
    ("partner", "Partner (Funktion)", 40.0),
    ("unit", "Einheit", 10.0),
    ("parent", "unter", 11.0),
)
_MONEY_WIDTH: Final = 16.5
_AMOUNTS: Final = {"own": "eigener Teil", "condition": "Budgetauflage", "savings": "Konsolidierung"}
_ONE_PAGE: Final = 25
"""So many agreements surely fit on the first page."""
GOOD: Final = "✓ Alle Zielvereinbarungen ergeben zusammen den Haushalt."
BAD: Final = "✗ Die Zielvereinbarungen ergeben nicht den Haushalt."
_VERDICT_ROW: Final = 3


def write_overview(desk: Desk, places: Mapping[str, Place]) -> None:
    """Writes the sheet Übersicht."""
    sheet = set_page(desk, OVERVIEW, landscape=True)
    names = _names(desk)
    widths = [3.0, *(width for *_, width in _HEAD), *([_MONEY_WIDTH] * len(names))]
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 26)
    city = desk.results.master.settings.city
    put_text(sheet, 0, 1, f"Zielvereinbarungen {desk.period} – {city}", desk.looks("title"))
    subtitle = (
        "In Euro. Jeder Betrag gehört zu genau einer Zielvereinbarung: zu der seiner Einheit, "
        "sonst zu der nächsten darüber. Budgetauflage = eigener Teil + Auflagen darunter."
    )
    put_text(sheet, 1, 1, subtitle, desk.looks("subtitle"))
    row = _put_state(desk, sheet, _VERDICT_ROW + 1)
    head = row + 2
    first = head + 1
    last = first + max(len(places), 1) - 1
    columns = {column: key for column, (key, *_) in enumerate(_HEAD, start=1)}
    columns |= {
        column: f"{name}_{year}" for column, (name, year) in enumerate(names, start=len(_HEAD) + 1)
    }
    put_keys(desk, sheet, head - 1, "agreements", (first, last), columns)
    titles = ["", *(title for _, title, _ in _HEAD)]
    titles += [f"{_AMOUNTS[name]}\n{year}" for name, year in names]
    put_header(desk.looks, sheet, head, titles, widths)
    for offset, agreement in enumerate(desk.found.agreements):
        _put_agreement(desk, sheet, first + offset, agreement, places[agreement])
    if not places:
        put_text(sheet, first, 1, "Es gibt keine Zielvereinbarung.", desk.looks("quiet"))
    row = _put_totals(desk, sheet, (first, last))
    put_without(desk, sheet, row + 1)
    sheet.freeze_panes(head + 1, 2)
    if len(places) > _ONE_PAGE:
        sheet.repeat_rows(head)
    sheet.activate()
    sheet.set_first_sheet()


def _names(desk: Desk) -> Sequence[tuple[str, int]]:
    """The columns of amounts: year by year."""
    wanted = [name for name in _AMOUNTS if name != "savings" or desk.savings]
    return [(name, year.year) for year in desk.years for name in wanted]


def _put_state(desk: Desk, sheet: Worksheet, row: int) -> int:
    """What keeps the plan provisional; gives the next free row."""
    results = desk.results
    if not results.provisional:
        return row
    points = ["▲ Vorläufig: Noch ist nicht alles da oder verwendbar.", *results.open_points]
    last = len(_HEAD) + len(_names(desk))
    for number, text in enumerate(points):
        look = desk.looks("plain" if number else "watch")
        put_text(sheet, row, 1, f"• {text}" if number else text, look)
        for column in range(2, 2 if number else last + 1):
            put_text(sheet, row, column, "", look)
        row += 1
    return row


def _put_agreement(desk: Desk, sheet: Worksheet, row: int, agreement: str, place: Place) -> None:
    found = desk.found.agreements[agreement]
    depth = desk.found.tree.depth(agreement)
    role = "row0" if depth == 0 else "row1" if depth == 1 else "row"
    title = desk.results.master.titles["units"].get(found.unit, "")
    bold = 1.06 if depth < 2 else 1.0
    widths = {key: width / bold for key, _, width in _HEAD}
    sheet.set_row(row, height_of((title, widths["title"]), (found.partner, widths["partner"])))
    put_number(sheet, row, 0, desk.number(agreement), desk.looks("number", "count"))
    link = f"internal:'{desk.names[agreement]}'!A1"
    look = desk.looks("cell_link", "", indent=depth) if depth else desk.looks(role, "text")
    put_link(sheet, row, 1, link, agreement, look)
    for column, text in enumerate((title, found.partner, found.unit, found.parent), start=2):
        put_text(sheet, row, column, text, desk.looks(role, "wrap"))
    for column, (name, year) in enumerate(_names(desk), start=len(_HEAD) + 1):
        cell, cents = _amount(desk, agreement, place, name, year)
        formula = f"ROUND({reference(desk.names[agreement], cell)},2)"
        put_sum(sheet, row, column, formula, cents, desk.looks(role, desk.money))


def _amount(desk: Desk, agreement: str, place: Place, name: str, year: int) -> tuple[str, int]:
    found = desk.found
    match name:
        case "own":
            return place.own[year], found.own(agreement, year)
        case "condition":
            return place.condition[year], found.condition(agreement, year)
        case _:
            return place.saving[year], found.saving(agreement, year)


# --- totals -------------------------------------------------------------------------------------


def _put_totals(desk: Desk, sheet: Worksheet, rows: tuple[int, int]) -> int:
    """The topmost agreements and what has none make the city's figures; the deviations of both
    ways of adding up are the verdict. Gives the next free row.
    """
    top, none, city, plan, deviation = range(rows[1] + 1, rows[1] + 6)
    texts = {
        top: ("Summe der Zielvereinbarungen", "subtotal"),
        none: ("ohne Zielvereinbarung", "row"),
        city: ("Kommune insgesamt", "total"),
        plan: ("zum Vergleich: Haushalt und Konsolidierungsliste", "quiet"),
        deviation: ("Abweichung", "row"),
    }
    for row, (text, role) in texts.items():
        for column in range(1, len(_HEAD) + 1):
            put_text(sheet, row, column, text if column == 1 else "", desk.looks(role))
    wrong = 0
    for column, (name, year) in enumerate(_names(desk), start=len(_HEAD) + 1):
        letter = str(xl_col_to_name(column))
        sums = _totals(desk, name, year)
        formulas = (
            _top_formula(desk, letter, rows, name),
            _without_formula(desk, name, year),
            f"ROUND({letter}{top + 1}+{letter}{none + 1},2)",
            "",
            f"ROUND({letter}{city + 1}-{letter}{plan + 1},2)",
        )
        budget = _budget(desk, name, year)
        values = (sums[0], sums[1], sum(sums), budget, sum(sums) - budget)
        wrong += abs(sum(sums) - budget)
        for row, formula, cents in zip(texts, formulas, values, strict=True):
            look = desk.looks(texts[row][1], desk.money)
            if formula:
                put_sum(sheet, row, column, formula, cents, look)
            elif name == "savings":
                put_sum(sheet, row, column, _list_formula(year), cents, look)
            else:
                put_money(sheet, row, column, cents, look)
    first, last = (xl_col_to_name(len(_HEAD) + place) for place in (1, len(_names(desk))))
    area = f"{first}{deviation + 1}:{last}{deviation + 1}"
    put_formula(
        sheet, _VERDICT_ROW, 1, f'IF(SUMPRODUCT({area},{area})=0,"{GOOD}","{BAD}")',
        desk.looks("heading"), BAD if wrong else GOOD,
    )  # fmt: skip
    return deviation + 1


def _totals(desk: Desk, name: str, year: int) -> tuple[int, int]:
    """Cents of all agreements together, and of what has none."""
    found = desk.found
    roots = found.tree.children[""]
    match name:
        case "own":
            return sum(found.own(each, year) for each in found.agreements), found.own(NONE, year)
        case "condition":
            return sum(found.condition(each, year) for each in roots), found.own(NONE, year)
        case _:
            return sum(found.saving(each, year) for each in roots), found.own_saving(NONE, year)


def _top_formula(desk: Desk, letter: str, rows: tuple[int, int], name: str) -> str:
    """Own parts add up over all agreements, conditions and contributions over the topmost."""
    if not desk.found.agreements:
        return "ROUND(0,2)"
    if name == "own":
        return f"ROUND(SUM({letter}{rows[0] + 1}:{letter}{rows[1] + 1}),2)"
    roots = set(desk.found.tree.children[""])
    cells = [
        f"{letter}{rows[0] + 1 + offset}"
        for offset, agreement in enumerate(desk.found.agreements)
        if agreement in roots
    ]
    return f"ROUND({'+'.join(cells)},2)"


def _without_formula(desk: Desk, name: str, year: int) -> str:
    if name == "savings":
        return own_saving_formula(desk, NONE, year)
    parts = [own_formula(desk, NONE, year, labels.KIND[kind]) for kind in ("expense", "revenue")]
    return f"ROUND({parts[0]}-{parts[1]},2)"


def _list_formula(year: int) -> str:
    """Every measure that counts, whatever it belongs to."""
    return f"ROUND(SUMIFS(KM_Wirkung_{year},KM_zaehlt,1),2)"


def _budget(desk: Desk, name: str, year: int) -> int:
    """The same in cents by another way: net cost over the goals, or the list of savings."""
    if name == "savings":
        return desk.found.total_saving(year)
    sums = desk.results.tables["aggregates"]
    rows = sums[(sums["view"] == "anteil") & (sums["parent"] == "") & (sums["year"] == year)]
    by_kind = rows.groupby("kind")["cents"].sum()
    return int(by_kind.get("expense", 0)) - int(by_kind.get("revenue", 0))
