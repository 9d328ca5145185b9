"""The first sheet of a unit's workbook: who leads it, how far its figures can be trusted, what it
costs, which goals it serves, and the way to everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.outline import cells_of, sum_of
from pipeline.excel.budget_plan.sheets import file_link, german_date
from pipeline.excel.unit_plan.desk import (
    DATA,
    KIND_KEYS,
    LINES,
    OF_OTHERS,
    OF_PART,
    Desk,
    look_up,
)
from pipeline.excel.unit_plan.goals import served_goals
from pipeline.excel.unit_plan.lines import FINANCE, INCOME, LineTable
from pipeline.excel.unit_plan.paper import Paper, Row, Section, Value
from pipeline.excel.workbook import put_link, put_text
from pipeline.model.money import euro

_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    INCOME: ("expense", "revenue"),
    FINANCE: ("payment", "receipt"),
}
_TITLES: Final[Mapping[str, str]] = {INCOME: "Zuschussbedarf", FINANCE: "Investitionssaldo"}


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The printed line tables to which the overview refers: the unit's own and one per product."""

    unit: LineTable
    products: Mapping[str, LineTable]


def write_overview(desk: Desk, sheet: Worksheet, tables: Tables) -> None:
    """Writes the overview; every sum on it is a formula on the other sheets."""
    desk.set_up(sheet, f"Teilplan {desk.unit}")
    paper = desk.paper(sheet)
    _put_banner(desk, paper)
    paper.add(_state(desk, paper))
    paper.add(_facts(desk, paper))
    paper.add(_glance(desk, paper, tables.unit))
    for section in [
        *_parts(desk, paper),
        *_products(desk, paper, tables.products),
        *served_goals(desk, paper),
    ]:
        paper.add(section)
    paper.finish()
    sheet.activate()
    sheet.set_first_sheet()


def _put_banner(desk: Desk, paper: Paper) -> None:
    settings, sheet = desk.master.settings, paper.sheet
    years = [year.year for year in desk.master.budget_years] or [settings.budget_year]
    title = desk.master.titles["units"].get(desk.unit, "")
    texts = (
        (18.0, "banner", f"{settings.city} · Haushaltsplan {'/'.join(map(str, years))}"),
        (36.0, "banner_title", f"Teilplan {desk.unit}"),
        (22.0, "banner_heading", title),
        (18.0, "banner", f"{settings.round}, Stichtag {german_date(settings.as_of)}"),
    )
    for row, (height, role, text) in enumerate(texts):
        sheet.set_row(row, height)
        for column in range(paper.last + 1):
            put_text(sheet, row, column, text if column == 0 else "", desk.looks(role, "text"))
    sheet.set_row(len(texts), 8)
    put_text(sheet, 1, paper.key_column, "Schlüssel", desk.looks("key"))
    paper.top, paper.above = len(texts) + 1, sum(height for height, _, _ in texts) + 8


def _state(desk: Desk, paper: Paper) -> Section:
    """Final or provisional for this unit, and what is missing."""
    points = open_points(desk)
    if points:
        rows = paper.wide("▲ Vorläufig: In diesem Teilplan fehlt etwas.", "watch")
    elif desk.results.provisional:
        text = (
            "✓ Vollständig: Alles, was zu diesem Teilplan gehört, ist enthalten. Der Haushaltsplan "
            "insgesamt ist noch vorläufig."
        )
        rows = paper.wide(text, "good")
    else:
        rows = paper.wide("✓ Endgültig: Alle erwarteten Rückläufe sind enthalten.", "good")
    for point in points:
        rows += paper.wide(f"• {point}")
    if desk.master.settings.example_data:
        text = "Fiktive Beispieldaten: Die Stadt ist ein Modell, die Beträge sind erfunden."
        rows += paper.wide(text, "watch")
    return Section(rows=[*rows, paper.gap(5)])


def open_points(desk: Desk) -> list[str]:
    """What is missing of the unit itself, of units below it, and of others that plan amounts for
    its products.
    """
    planning = {
        unit
        for product in desk.products
        for unit in (
            *desk.master.units_of_product.get(product, ()),
            *(row.unit for row in desk.plans.by_product.get(product, ())),
        )
    }
    concerned = {desk.unit, *desk.part_numbers, *planning}
    return [
        point
        for unit, points in desk.results.points_of.items()
        if unit in concerned
        for point in points
    ]


def _facts(desk: Desk, paper: Paper) -> Section:
    rows: list[Row] = []
    head = desk.head_of(desk.unit)
    if head:
        rows += paper.labelled("Leitung", head)
    above = desk.master.units.parents.get(desk.unit, "")
    if above:
        rows.append(_linked(desk, paper, "Gehört zu", above))
    rows += paper.labelled("Umfang", _extent(desk))
    rows.append(_contents(desk, paper))
    return Section(rows=[*rows, paper.gap()])


def _linked(desk: Desk, paper: Paper, label: str, unit: str) -> Row:
    def put(at: int) -> None:
        put_text(paper.sheet, at, 0, label, desk.looks("label"))
        link = desk.link_to(unit)
        if link is None:
            put_text(paper.sheet, at, 2, desk.unit_title(unit), desk.looks("plain", "text"))
        else:
            put_link(paper.sheet, at, 2, link, desk.unit_title(unit), desk.looks("plain_link"))

    return Row(height=15.3, put=put)


def _contents(desk: Desk, paper: Paper) -> Row:
    """The way to the sheets that no table leads to, and to the plan of the whole city."""
    targets = {
        LINES: f"internal:'{LINES}'!A1",
        DATA: f"internal:'{DATA}'!A1",
        "Haushaltsplan": file_link("../Haushaltsplan.xlsx") or "",
    }

    def put(at: int) -> None:
        put_text(paper.sheet, at, 0, "Weiter zu", desk.looks("label"))
        for column, (name, target) in enumerate(targets.items(), start=2):
            put_link(paper.sheet, at, column, target, name, desk.looks("plain_link"))

    return Row(height=15.3, put=put)


def _extent(desk: Desk) -> str:
    words = []
    if desk.parts:
        words.append(f"{len(desk.parts)} Einheiten mit eigenem Teilplan")
    count = len(desk.products)
    if count or not desk.parts:
        words.append("1 Produkt" if count == 1 else f"{count or 'keine'} Produkte")
    if desk.foreign:
        words.append(
            "Beträge für 1 Produkt einer anderen Einheit"
            if len(desk.foreign) == 1
            else f"Beträge für {len(desk.foreign)} Produkte anderer Einheiten"
        )
    return ", ".join(words)


# --- sums -------------------------------------------------------------------------------------


def _letters(desk: Desk) -> list[str]:
    return [str(xl_col_to_name(2 + place)) for place in range(len(desk.plans.years))]


def _glance(desk: Desk, paper: Paper, table: LineTable) -> Section:
    """What the unit plans itself, with what the units below it plan: the organisation's view."""
    rows = [paper.heading(f"Auf einen Blick {desk.unit_of_money}")]
    rows.append(paper.header("", "Was die Einheit plant", desk.year_titles))
    for plan, words in (
        (INCOME, ("Erträge", "Aufwendungen")),
        (FINANCE, ("Einzahlungen für Investitionen", "Auszahlungen für Investitionen")),
    ):
        plus, minus = _KINDS[plan]
        first, second = (
            _kind_row(desk, paper, table, word, kind)
            for word, kind in zip(words, (minus, plus), strict=True)
        )
        rows += [first, second, _difference_row(desk, paper, table, plan, (first, second))]
        if plan == INCOME:
            rows += _ceiling_rows(desk, paper, rows[-1], table)
    note = (
        "Zuschussbedarf = Aufwendungen − Erträge, Investitionssaldo = Auszahlungen − Einzahlungen; "
        "interne Leistungen zählen nicht mit."
    )
    return Section(rows=[*rows, *paper.wide(note, "subtitle"), paper.gap()])


def _kind_row(desk: Desk, paper: Paper, table: LineTable, title: str, kind: str) -> Row:
    def values(_: int) -> list[Value]:
        rows = table.rows_of_kind(kind)
        if not rows:
            return [("ROUND(0,2)", 0)] * len(desk.plans.years)
        return [
            (f"ROUND(SUM({_on_sheet(cells_of(letter, rows))}),2)", cents)
            for letter, cents in zip(_letters(desk), table.cents_of_kind(kind), strict=True)
        ]

    return paper.amounts("", title, values, shown=desk.money)


def _on_sheet(cells: str) -> str:
    return ",".join(f"'{LINES}'!{part}" for part in cells.split(","))


def _difference_row(
    desk: Desk, paper: Paper, table: LineTable, plan: str, parts: tuple[Row, Row]
) -> Row:
    first, second = parts

    def values(_: int) -> list[Value]:
        return [
            (f"ROUND({letter}{second.at + 1}-{letter}{first.at + 1},2)", cents)
            for letter, cents in zip(_letters(desk), table.balance_cents(plan), strict=True)
        ]

    return paper.amounts("", _TITLES[plan], values, role="subtotal", shown=desk.money)


def _ceiling_rows(desk: Desk, paper: Paper, net: Row, table: LineTable) -> list[Row]:
    """The ceiling beside what the unit itself returned, as far as there is one."""
    ceilings = desk.plans.ceilings.get(desk.unit, {})
    years = [year.year for year in desk.plans.years]
    if not any(year in ceilings for year in years):
        return []
    given: list[Value] = [euro(ceilings[year]) if year in ceilings else None for year in years]
    row = paper.amounts("", "Eckwert (Obergrenze)", lambda _: given, shown=desk.money)
    if desk.unit not in desk.plans.counted_units or desk.parts:
        return [row]
    spent = dict(zip(years, table.balance_cents(INCOME), strict=True))
    left = {year: ceilings[year] - spent[year] for year in years if year in ceilings}

    def values(_: int) -> list[Value]:
        return [
            (f"ROUND({letter}{row.at + 1}-{letter}{net.at + 1},2)", left[year])
            if year in left
            else None
            for letter, year in zip(_letters(desk), years, strict=True)
        ]

    roles = [
        ("row" if year not in left else "good" if left[year] >= 0 else "bad", desk.change)
        for year in years
    ]
    title = "Abstand zum Eckwert (+ darunter)"
    return [row, paper.amounts("", title, values, shown=desk.change, shown_each=roles)]


def _by_key(
    desk: Desk, paper: Paper, column: int, prefix: str, plan: str
) -> tuple[Callable[[int], list[Value]], list[int]]:
    """A balance of two kinds by a key of which the key column holds the beginning."""
    kinds = [f"{prefix}-{KIND_KEYS[kind]}" for kind in _KINDS[plan]]
    ups, downs = (desk.cents(column, key) for key in kinds)
    cents = [up - down for up, down in zip(ups, downs, strict=True)]
    present = [desk.has(column, key) for key in kinds]

    def values(at: int) -> list[Value]:
        cell = f"${xl_col_to_name(paper.key_column)}{at + 1}"
        found: list[Value] = []
        for year, amount in zip(desk.plans.years, cents, strict=True):
            parts = [
                look_up(year.year, column, f'{cell}&"-{KIND_KEYS[kind]}"') if there else ""
                for kind, there in zip(_KINDS[plan], present, strict=True)
            ]
            text = parts[0] + (f"-{parts[1]}" if parts[1] else "")
            found.append((f"ROUND({text or '0'},2)", amount))
        return found

    return values, cents


def _has_money(desk: Desk, column: int, prefix: str, plan: str) -> bool:
    return any(desk.has(column, f"{prefix}-{KIND_KEYS[kind]}") for kind in _KINDS[plan])


def _sum_row(
    desk: Desk,
    paper: Paper,
    title: str,
    rows: Sequence[Row],
    cents: Sequence[Sequence[int]],
    *,
    role: str = "total",
) -> Row:
    sums = [sum(column) for column in zip(*cents, strict=True)]

    def values(_: int) -> list[Value]:
        places = [row.at + 1 for row in rows]
        return [
            (sum_of(letter, places), amount)
            for letter, amount in zip(_letters(desk), sums, strict=True)
        ]

    return paper.amounts("", title, values, role=role, shown=desk.money)


def _parts(desk: Desk, paper: Paper) -> list[Section]:
    """What each unit below plans, with the way to its own Teilplan."""
    if not desk.parts:
        return []
    found = []
    for plan in (INCOME, FINANCE):
        numbered = [(number, unit) for number, unit in enumerate((desk.unit, *desk.parts))]
        shown = [
            (number, unit)
            for number, unit in numbered
            if _has_money(desk, OF_PART, f"U{number}", plan) or (number and plan == INCOME)
        ]
        if not shown:
            continue

        def head() -> Row:
            return paper.header("Einheit", "Bezeichnung", desk.year_titles)

        rows, cents = [], []
        for number, unit in shown:
            values, amounts = _by_key(desk, paper, OF_PART, f"U{number}", plan)
            title = _title_of_part(desk, unit) if number else "unmittelbar geplant"
            link = desk.link_to(unit) if number else None
            rows.append(
                paper.amounts(unit, title, values, shown=desk.money, key=f"U{number}", link=link)
            )
            cents.append(amounts)
        heading = paper.heading(f"{_TITLES[plan]} der Einheiten {desk.unit_of_money}")
        total = _sum_row(desk, paper, f"{_TITLES[plan]} des Teilplans", rows, cents)
        found.append(Section(rows=[heading, head(), *rows, total, paper.gap()], head=head))
    return found


def _title_of_part(desk: Desk, unit: str) -> str:
    """A unit's title, with a word where its own return is not what is counted."""
    title = desk.master.titles["units"].get(unit, "")
    if unit in desk.results.stand_ins:
        return f"{title} (▲ Ersatz: {desk.stand_in_of(unit)})"
    below = desk.master.units.subtree([unit])
    if any(each in desk.results.points_of for each in below):
        return f"{title} (▲ unvollständig)"
    return title


def _products(desk: Desk, paper: Paper, pages: Mapping[str, LineTable]) -> list[Section]:
    """What each product costs, whoever plans it, with the way to its page; then how that leads to
    the sum of the Teilplan.
    """
    found = []
    for plan in (INCOME, FINANCE):
        shown = [
            product
            for product in desk.products
            if plan == INCOME or plan in pages[product].balances
        ]
        rows = [_product_row(desk, paper, product, pages[product], plan) for product in shown]
        cents = [pages[product].balance_cents(plan) for product in shown]
        total = _sum_row(desk, paper, f"{_TITLES[plan]} der Produkte", rows, cents)
        others, foreign = _foreign(desk, paper, plan)
        if rows:
            head = _product_head(desk, paper)
            bridge = _bridge(desk, paper, plan, (total, cents), others)
            heading = paper.heading(f"{_TITLES[plan]} der Produkte {desk.unit_of_money}")
            found.append(
                Section(rows=[heading, head(), *rows, total, *bridge, paper.gap()], head=head)
            )
        found += foreign
    return found


def _product_head(desk: Desk, paper: Paper) -> Callable[[], Row]:
    return lambda: paper.header("Produkt", "Bezeichnung", desk.year_titles)


def _product_row(desk: Desk, paper: Paper, product: str, page: LineTable, plan: str) -> Row:
    name = desk.sheet_names[product]
    title = desk.master.titles["products"].get(product, "")

    def values(_: int) -> list[Value]:
        balance = page.balances.get(plan)
        if balance is None:
            return [("ROUND(0,2)", 0)] * len(desk.plans.years)
        return [
            (f"ROUND('{name}'!{letter}{balance.at + 1},2)", cents)
            for letter, cents in zip(page.letters, page.balance_cents(plan), strict=True)
        ]

    link = f"internal:'{name}'!A1"
    return paper.amounts(product, title, values, shown=desk.money, link=link)


_Others = tuple[Row, list[list[int]]] | None


def _foreign(desk: Desk, paper: Paper, plan: str) -> tuple[_Others, list[Section]]:
    """What the unit plans for products that others lead."""
    rows, cents = [], []
    for product in desk.foreign:
        number = desk.product_numbers[product]
        if not _has_money(desk, OF_OTHERS, f"F{number}", plan):
            continue
        values, amounts = _by_key(desk, paper, OF_OTHERS, f"F{number}", plan)
        lead = desk.master.lead_units.get(product, "")
        title = f"{desk.master.titles['products'].get(product, '')} ({lead})"
        row = paper.amounts(
            product,
            title,
            values,
            shown=desk.money,
            key=f"F{number}",
            link=desk.link_to(lead),
        )
        rows.append(row)
        cents.append(amounts)
    if not rows:
        return None, []
    total = _sum_row(desk, paper, "Für Produkte anderer Einheiten", rows, cents, role="subtotal")
    head = _product_head(desk, paper)
    heading = paper.heading(f"{_TITLES[plan]}: geplant für Produkte anderer Einheiten")
    section = Section(rows=[heading, head(), *rows, total, paper.gap()], head=head)
    return (total, cents), [section]


def _bridge(
    desk: Desk,
    paper: Paper,
    plan: str,
    products: tuple[Row, list[list[int]]],
    others: _Others,
) -> list[Row]:
    """From the cost of the products to what the unit plans, where these differ."""
    total, cents = products
    away = _has_money(desk, OF_OTHERS, "X", plan)
    below = _has_money(desk, OF_OTHERS, "F0", plan)
    if not (away or below or others):
        return []
    rows, signs, amounts = [total], [1], [[sum(column) for column in zip(*cents, strict=True)]]
    for there, prefix, sign, title in (
        (away, "X", -1, "davon planen andere Einheiten (−)"),
        (below, "F0", 1, "dazu: Einheiten darunter für andere Produkte (+)"),
    ):
        if there:
            values, found = _by_key(desk, paper, OF_OTHERS, prefix, plan)
            rows.append(paper.amounts("", title, values, shown=desk.money, key=prefix))
            signs.append(sign)
            amounts.append(found)
    if others is not None:
        row, parts = others
        sums = [sum(column) for column in zip(*parts, strict=True)]
        rows.append(_copy_row(desk, paper, "dazu: für Produkte anderer Einheiten (+)", row, sums))
        signs.append(1)
        amounts.append(sums)
    result = [
        sum(sign * each[place] for sign, each in zip(signs, amounts, strict=True))
        for place in range(len(desk.plans.years))
    ]

    def values_of(_: int) -> list[Value]:
        found: list[Value] = []
        for letter, amount in zip(_letters(desk), result, strict=True):
            parts_ = [
                f"{'+' if sign > 0 else '-'}{letter}{row.at + 1}"
                for sign, row in zip(signs, rows, strict=True)
            ]
            found.append((f"ROUND({''.join(parts_).removeprefix('+')},2)", amount))
        return found

    last = paper.amounts(
        "", f"{_TITLES[plan]} des Teilplans", values_of, role="subtotal", shown=desk.money
    )
    return [*rows[1:], last]


def _copy_row(desk: Desk, paper: Paper, title: str, row: Row, cents: Sequence[int]) -> Row:
    def values(_: int) -> list[Value]:
        return [
            (f"ROUND({letter}{row.at + 1},2)", amount)
            for letter, amount in zip(_letters(desk), cents, strict=True)
        ]

    return paper.amounts("", title, values, shown=desk.money)
