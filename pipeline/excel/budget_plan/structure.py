"""The sheets Organisation and Produkte: the same money once more, by who plans it and by what it
is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.excel.budget_plan.goal_tree import TOTAL, change_column
from pipeline.excel.budget_plan.ledger import PRODUCT, UNIT, Ledger
from pipeline.excel.budget_plan.outline import (
    INVESTMENT,
    NET_COST,
    Branch,
    Column,
    Outline,
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
    ORGANISATION,
    PRODUCTS,
    TITLE_ROWS,
    Plan,
    open_sheet,
    put_header,
    text_of,
)
from pipeline.excel.workbook import put_text
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.results import Results

_UNIT_WIDTHS: Final = (4.5, 9.0, 44.0)
_PRODUCT_WIDTHS: Final = (4.5, 11.0, 44.0, 11.0)
_NO_AREA: Final = "Ohne Produktbereich"


def organisation_outline(results: Results, ledger: Ledger) -> Outline:
    """The sheet Organisation, not yet written."""
    tree = results.master.units
    found = branches_of(tree, ledger=ledger, dimension=UNIT, titles=results.master.titles["units"])
    found += strangers(tree, ledger, UNIT)
    return _outline(
        ORGANISATION, UNIT, found, results=results, ledger=ledger, first_column=len(_UNIT_WIDTHS)
    )


def products_outline(results: Results, ledger: Ledger) -> Outline:
    """The sheet Produkte, not yet written: area, group, product, in the order of the master."""
    products = results.master.tables["products"]
    titles = results.master.titles["products"]
    places: dict[str, dict[str, list[str]]] = {}
    for row in products[["product", "area", "group"]].itertuples(index=False):
        groups = places.setdefault(text_of(row.area) or _NO_AREA, {})
        groups.setdefault(text_of(row.group), []).append(str(row.product))
    found: list[Branch] = []
    for area, groups in places.items():
        found += _area(len(found), area, groups, ledger, titles)
    found += strangers(Hierarchy(dict.fromkeys(titles, "")), ledger, PRODUCT)
    return _outline(
        PRODUCTS, PRODUCT, found, results=results, ledger=ledger, first_column=len(_PRODUCT_WIDTHS)
    )


def _area(
    start: int, area: str, groups: dict[str, list[str]], ledger: Ledger, titles: Mapping[str, str]
) -> list[Branch]:
    """An area with its groups and products; positions count from ``start``. A product without
    group hangs on the area.
    """
    below: list[Branch] = []
    children = []
    for group, members in groups.items():
        position = start + 1 + len(below)
        depth = 2 if group else 1
        leaves = [
            leaf(ledger, PRODUCT, product, titles[product], depth=depth) for product in members
        ]
        if not group:
            children += [position + offset for offset in range(len(leaves))]
            below += leaves
            continue
        children.append(position)
        below.append(
            Branch(
                key=f"\0group:{area}\0{group}",
                code="",
                title=_named("Produktgruppe", group),
                depth=1,
                children=tuple(position + 1 + offset for offset in range(len(leaves))),
            )
        )
        below += leaves
    return [
        Branch(
            key=f"\0area:{area}",
            code="",
            title=_named("Produktbereich", area),
            children=tuple(children),
        ),
        *below,
    ]


def _named(word: str, text: str) -> str:
    """A bare number is given its word; a name stands for itself."""
    return f"{word} {text}" if text.replace(".", "").isdigit() else text


def _with_total(branches: Sequence[Branch]) -> list[Branch]:
    return [
        *branches,
        Branch(key=TOTAL, code="", title="Gesamt", children=roots(branches), role="total"),
    ]


def _outline(
    sheet: str,
    dimension: str,
    branches: Sequence[Branch],
    *,
    results: Results,
    ledger: Ledger,
    first_column: int,
) -> Outline:
    return Outline(
        sheet=sheet,
        dimension=dimension,
        branches=_with_total(branches),
        columns=_columns(results),
        ledger=ledger,
        first_row=TITLE_ROWS + 1,
        first_column=first_column,
    )


def _columns(results: Results) -> list[Column]:
    """Balances of all years, operating and investment apart; what leads to them is folded away."""
    years = results.master.years
    nothing: frozenset[int] = frozenset()
    return [
        *year_columns(years, "expense", "revenue", NET_COST, open_years=nothing),
        *change_column(results, NET_COST),
        *year_columns(years, "payment", "receipt", INVESTMENT, open_years=nothing),
    ]


def write_organisation(plan: Plan, outline: Outline) -> None:
    """Writes the sheet Organisation."""
    subtitle = (
        f"{plan.unit_of_money_first}; wer den Betrag plant. Zuschussbedarf = Aufwendungen − "
        "Erträge, "
        "Investitionssaldo = Auszahlungen − Einzahlungen. Mit + über den Spalten erscheinen "
        "beide Teile."
    )
    titles = ["Nr.", "Einheit", "Bezeichnung"]
    _write(
        plan,
        outline,
        title="Organisation",
        subtitle=subtitle,
        titles=titles,
        text_widths=_UNIT_WIDTHS,
    )


def write_products(plan: Plan, outline: Outline) -> None:
    """Writes the sheet Produkte, with the leading unit of each product."""
    subtitle = (
        f"{plan.unit_of_money_first}; nach Produktbereich, Produktgruppe und Produkt. "
        "Zuschussbedarf = Aufwendungen − Erträge, Investitionssaldo = Auszahlungen − Einzahlungen."
    )
    titles = ["Nr.", "Produkt", "Bezeichnung", "Federführung"]
    _write(
        plan,
        outline,
        title="Produkte",
        subtitle=subtitle,
        titles=titles,
        text_widths=_PRODUCT_WIDTHS,
    )
    leads = plan.results.master.lead_units
    for branch in outline.branches:
        if branch.booked:
            look = plan.looks(role_of(branch), "wrap")
            put_text(
                plan.sheets[PRODUCTS],
                outline.row(branch.key),
                3,
                leads.get(branch.booked, ""),
                look,
            )


def _write(
    plan: Plan,
    outline: Outline,
    *,
    title: str,
    subtitle: str,
    titles: Sequence[str],
    text_widths: Sequence[float],
) -> None:
    money = widths_of(outline)
    widths = [*text_widths, *money]
    sheet = open_sheet(plan, outline.sheet, title, subtitle, widths)
    put_header(
        plan.looks,
        sheet,
        TITLE_ROWS,
        [*titles, *(column.title for column in outline.columns)],
        widths,
    )
    fold(sheet, outline, money)
    write_outline(plan, sheet, outline, text_columns=text_widths)
    sheet.outline_settings(True, False, True, False)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(outline.first_row, outline.first_column)
