"""The sheet Rahmenbedingungen: what stands beside the goals and is never added to them.

Framework conditions and cross-cutting goals with the gross amounts of what serves them, third-party
funding with its state, voluntary tasks by net cost, posts, and the marks of measures
(e-government, appraisal). Each block says for itself whether and over what its amounts may be
added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.ledger import MEASURE
from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.outline import NET_COST, Outline, sum_of
from pipeline.excel.budget_plan.ranges import look_up
from pipeline.excel.budget_plan.sheets import (
    FRAMEWORK,
    TITLE_ROWS,
    Plan,
    open_sheet,
    put_money,
    put_source,
    put_sum,
    source_link,
    text_of,
)
from pipeline.excel.budget_plan.sources import records
from pipeline.excel.workbook import put_formula, put_number, put_text
from pipeline.model.tables import Year
from pipeline.tables.choices import FUNDING_STATES, LISTED_STATUSES

_TEXTS: Final = (4.5, 12.0, 46.0, 34.0, 16.0)
"""Widths of the columns in front of the amounts: running number, code, title and two more."""
_MONEY: Final = 13.0
_SOURCE: Final = 16.0
_VOLUNTARY: Final = "freiwillig"
_NO_STATE: Final = "ohne Angabe zum Stand"
_LISTED: Final = frozenset(choice.code for choice in LISTED_STATUSES)
_INCOME: Final = ("revenue", "receipt")
_PLACES: Final = Decimal("0.0001")
"""Posts are rounded to so many places: a sum of decimals must not show the noise of floats."""


@dataclass(frozen=True, kw_only=True)
class _Block:
    """What all blocks of the sheet share."""

    plan: Plan
    sheet: Worksheet
    years: Sequence[Year]

    @property
    def last(self) -> int:
        """The column behind the years."""
        return len(_TEXTS) + len(self.years)

    def money_columns(self) -> Iterable[tuple[int, int]]:
        """The column of every year."""
        return ((len(_TEXTS) + place, year.year) for place, year in enumerate(self.years))

    def head(
        self,
        row: int,
        title: str,
        note: str,
        texts: Sequence[str],
        word: str,
        *,
        years: Sequence[Year] | None = None,
        ends: Sequence[str] = (),
    ) -> int:
        """Heading, how to read the block, and the head of its columns; gives the next row.

        ``word`` names what stands in the columns of the years (or of those ``years`` alone),
        ``ends`` the two columns behind them.
        """
        named = self.years if years is None else years
        looks, titles = self.plan.looks, ["", *texts]
        if word:
            titles += [f"{word}\n{year.title}" if year in named else "" for year in self.years]
        titles += [""] * (self.last - len(titles)) + list(ends)
        self.sheet.set_row(row, 20)
        put_text(self.sheet, row, 0, title, looks("heading"))
        put_text(self.sheet, row + 1, 0, note, looks("subtitle"))
        self.sheet.set_row(row + 2, 32)
        for column in range(self.last + 2):
            text = titles[column] if column < len(titles) else ""
            look = looks("head", "centre" if column > 2 else "text")
            put_text(self.sheet, row + 2, column, text, look)
        return row + 3

    def texts(self, row: int, texts: Sequence[str], *, role: str = "row") -> None:
        """The texts in front of the amounts, in a row as high as they need; the rest is blank."""
        self.sheet.set_row(row, height_of(*zip(texts, _TEXTS[1:], strict=True)))
        for column in range(self.last + 2):
            put_text(self.sheet, row, column, "", self.plan.looks(role))
        for column, text in enumerate(texts, start=1):
            put_text(self.sheet, row, column, text, self.plan.looks(role, "wrap"))

    def nothing(self, row: int, text: str) -> int:
        """What stands where a block has no rows; gives the next row."""
        put_text(self.sheet, row, 1, text, self.plan.looks("plain"))
        return row + 1

    def source(self, row: int, record: Mapping[str, Any]) -> None:
        """The link to where a row comes from."""
        file, sheet, cell = (text_of(record.get(name)) for name in ("file", "sheet", "cell"))
        link = source_link(self.plan.results, file, sheet, cell)
        text = f"{file} {cell}".strip()
        put_source(self.plan.looks, self.sheet, row, self.last + 1, text, link)


def write_framework(plan: Plan, products: Outline) -> None:
    """Writes the sheet Rahmenbedingungen, block below block; net costs look into the sheet
    Produkte.
    """
    before = plan.results.master.previous_budget_year
    years = [*([before] if before else []), *plan.results.master.entered_years]
    widths = [*_TEXTS, *([_MONEY] * (len(years) + 1)), _SOURCE]
    subtitle = (
        "Querschnittssicht: Diese Angaben stehen neben den Zielen und werden nie zu ihnen addiert. "
        f"Beträge {plan.unit_of_money}."
    )
    sheet = open_sheet(plan, FRAMEWORK, "Rahmenbedingungen", subtitle, widths)
    block = _Block(plan=plan, sheet=sheet, years=years)
    row = _put_tags(block, TITLE_ROWS + 1)
    row = _put_voluntary(block, row + 1, products)
    row = _put_funding(block, row + 1)
    row = _put_posts(block, row + 1)
    _put_marks(block, row + 1)
    sheet.freeze_panes(TITLE_ROWS, 0)


# --- tags ---------------------------------------------------------------------------------------


def _put_tags(block: _Block, row: int) -> int:
    """Goals on which nothing is added up, each with the gross net cost of all that serves it."""
    plan = block.plan
    goals = [each for each in records(plan.results.texts["goals"]) if _is(each["additive"], False)]
    row = block.head(
        row,
        "Rahmenbedingungen und Querschnittsziele",
        "Bezugssicht: Ein Produkt steht in voller Höhe bei jedem Ziel, dem es dient. Die Beträge "
        "überschneiden sich und haben keine Summe.",
        ["Nr.", "Rahmenbedingung", "Ebene", "Produkte"],
        "Zuschussbedarf",
    )
    if not goals:
        return block.nothing(row, "Es gibt keine Rahmenbedingungen und Querschnittsziele.")
    amounts, serving = _gross(plan), _serving(plan)
    for goal in goals:
        code = text_of(goal["goal"])
        count = str(len(serving.get(code, ())))
        block.texts(row, [code, text_of(goal["title"]), text_of(goal["level"]), count])
        for column, year in block.money_columns():
            cents = amounts.get((code, "expense", year), 0) - amounts.get(
                (code, "revenue", year), 0
            )
            put_money(block.sheet, row, column, cents, plan.looks("row", plan.money))
        row += 1
    return row


def _is(value: object, wanted: bool) -> bool:
    """Whether a truth value is stated and as wanted; a missing one is neither."""
    return text_of(value) == str(wanted)


def _gross(plan: Plan) -> dict[tuple[str, str, int], int]:
    table = plan.results.tables["aggregates"]
    rows = table.loc[table["view"] == "bezug", ["goal", "kind", "year", "cents"]]
    return {
        (str(goal), str(kind), int(year)): int(cents)
        for goal, kind, year, cents in rows.itertuples(index=False)
    }


def _serving(plan: Plan) -> dict[str, set[str]]:
    """The products that finance links to each goal."""
    found: dict[str, set[str]] = {}
    for product, links in plan.results.master.product_links.items():
        for goal, _ in links:
            found.setdefault(goal, set()).add(product)
    return found


# --- voluntary tasks ----------------------------------------------------------------------------


def _put_voluntary(block: _Block, row: int, products: Outline) -> int:
    """Voluntary products, the dearest first."""
    plan = block.plan
    first = next(iter(plan.results.master.budget_years), None)
    found = {
        text_of(each["product"]): each
        for each in records(plan.results.texts["products"])
        if text_of(each.get("task_type")) == _VOLUNTARY
    }
    order = sorted(product for product in found if product in products.positions)
    if first is not None:
        order.sort(key=lambda product: -products.cents(product, f"{NET_COST}_{first.year}"))
    row = block.head(
        row,
        "Freiwillige Aufgaben nach Zuschussbedarf",
        "Jedes Produkt steht einmal, das teuerste oben. Ein Minus ist ein Überschuss.",
        ["Produkt", "Freiwillige Aufgabe", "Produktbereich", "Federführung"],
        "Zuschussbedarf",
    )
    if not order:
        return block.nothing(row, "Kein Produkt ist als freiwillig gekennzeichnet.")
    start = row
    for product in order:
        names = ("title", "area", "unit")
        block.texts(row, [product, *(text_of(found[product].get(name)) for name in names)])
        for column, year in block.money_columns():
            name = f"{NET_COST}_{year}"
            formula, cents = (
                f"ROUND({products.reference(product, name)},2)",
                products.cents(product, name),
            )
            put_sum(block.sheet, row, column, formula, cents, plan.looks("row", plan.money))
        row += 1
    sums = {
        year: sum(products.cents(product, f"{NET_COST}_{year}") for product in order)
        for _, year in block.money_columns()
    }
    _put_total(block, row, "Freiwillige Aufgaben zusammen", range(start, row), sums)
    return row + 1


def _put_total(
    block: _Block, row: int, title: str, rows: Sequence[int], sums: Mapping[int, int]
) -> None:
    plan = block.plan
    block.texts(row, ["", title, "", ""], role="total")
    for column, year in block.money_columns():
        formula = sum_of(xl_col_to_name(column), [each + 1 for each in rows])
        put_sum(block.sheet, row, column, formula, sums[year], plan.looks("total", plan.money))


# --- third-party funding ------------------------------------------------------------------------


def _put_funding(block: _Block, row: int) -> int:
    """Measures that others pay for, by the state of the funding, with their income."""
    plan = block.plan
    row = block.head(
        row,
        "Drittmittel nach Stand der Förderung",
        "Erträge und Einzahlungen der Maßnahmen mit Drittmittelgeber. Sie stecken schon in den "
        "Budgets; was nur aufgelistet ist, steht in keiner Summe.",
        ["Maßnahme", "Titel", "Drittmittelgeber", "Stand"],
        "Drittmittel",
        ends=("Summe\nder Jahre", "Quelle"),
    )
    groups: dict[str, list[dict[str, Any]]] = {}
    for each in records(plan.results.texts["measures"]):
        if text_of(each.get("funder")) or text_of(each.get("funding_state")):
            groups.setdefault(text_of(each.get("funding_state")), []).append(each)
    if not groups:
        return block.nothing(row, "Zu keiner Maßnahme ist ein Drittmittelgeber genannt.")
    known = [choice.code for choice in FUNDING_STATES]
    totals: list[int] = []
    everything = dict.fromkeys((year for _, year in block.money_columns()), 0)
    for state in sorted(
        groups, key=lambda each: known.index(each) if each in known else len(known)
    ):
        start = row
        sums = dict.fromkeys(everything, 0)
        counted = []
        for each in groups[state]:
            amounts = _put_funded(block, row, each)
            if amounts is not None:
                counted.append(row)
                sums = {year: sums[year] + amounts[year] for year in sums}
            row += 1
        number = f"{row - start} Maßnahme{'' if row - start == 1 else 'n'}"
        _put_group(block, row, f"{state or _NO_STATE}: {number}", counted, sums)
        everything = {year: everything[year] + sums[year] for year in everything}
        totals.append(row)
        row += 1
    _put_group(block, row, "Drittmittel zusammen", totals, everything, role="total")
    return row + 1


def _put_funded(block: _Block, row: int, record: Mapping[str, Any]) -> dict[int, int] | None:
    """A measure with its income by year in cents; ``None`` where it is only listed."""
    plan, measure = block.plan, text_of(record["measure"])
    listed = text_of(record["status"]) in _LISTED
    role = "quiet" if listed else "row"
    state = text_of(record.get("funding_state")) + ("\n(zählt nicht)" if listed else "")
    block.texts(
        row, [measure, text_of(record["title"]), text_of(record.get("funder")), state], role=role
    )
    block.source(row, record)
    look = plan.looks(role, plan.money)
    if listed:
        for column, year in block.money_columns():
            cents = sum(plan.ledger.listed.get((measure, kind, year), 0) for kind in _INCOME)
            put_money(block.sheet, row, column, cents, look)
        return None
    number = plan.ledger.numbers[MEASURE].get(measure)
    if number is not None:
        put_number(block.sheet, row, 0, number, plan.looks("number", "count"))
    amounts = {}
    for column, year in block.money_columns():
        amounts[year] = sum(plan.ledger.sum(MEASURE, measure, kind, year) for kind in _INCOME)
        parts = "+".join(
            look_up(plan.ledger, MEASURE, measure, f"$A{row + 1}", kind, year) for kind in _INCOME
        )
        formula = f"ROUND({parts},2)" if number is not None else "ROUND(0,2)"
        put_sum(block.sheet, row, column, formula, amounts[year], look)
    _put_over_years(block, row, sum(amounts.values()), role="row1")
    return amounts


def _put_group(
    block: _Block,
    row: int,
    title: str,
    rows: Sequence[int],
    sums: Mapping[int, int],
    *,
    role: str = "subtotal",
) -> None:
    plan = block.plan
    block.texts(row, ["", title, "", ""], role=role)
    for column, year in block.money_columns():
        formula = sum_of(xl_col_to_name(column), [each + 1 for each in rows])
        put_sum(block.sheet, row, column, formula, sums[year], plan.looks(role, plan.money))
    _put_over_years(block, row, sum(sums.values()), role=role)


def _put_over_years(block: _Block, row: int, cents: int, *, role: str) -> None:
    """The sum over the planned years; income of a project may be added over years."""
    first, last = (xl_col_to_name(column) for column in (len(_TEXTS), block.last - 1))
    formula = f"ROUND(SUM({first}{row + 1}:{last}{row + 1}),2)"
    look = block.plan.looks(role, block.plan.money)
    put_sum(block.sheet, row, block.last, formula, cents, look)


# --- posts --------------------------------------------------------------------------------------


def _put_posts(block: _Block, row: int) -> int:
    """Posts of every product and year, summed over products, never over years."""
    plan = block.plan
    table = records(plan.results.texts["products"])
    asked = [year for year in block.years if any(_posts(each, year.year) for each in table)]
    row = block.head(
        row,
        "Stellen (VZÄ) je Produkt",
        "Vollzeitäquivalente, wie die Einheiten sie angeben: über Produkte addierbar, nie über "
        "Jahre. Wo nichts steht, ist nichts angegeben.",
        ["Produkt", "Bezeichnung", "Produktbereich", "Federführung"],
        "Stellen",
        years=asked,
    )
    stated = [each for each in table if any(_posts(each, year.year) for year in block.years)]
    if not stated:
        return block.nothing(row, "Zu keinem Produkt sind Stellen angegeben.")
    start = row
    for each in stated:
        block.texts(row, [text_of(each.get(name)) for name in ("product", "title", "area", "unit")])
        for column, year in block.money_columns():
            posts = _posts(each, year)
            if posts is not None:
                put_number(block.sheet, row, column, posts, plan.looks("row", "number2"))
        row += 1
    block.texts(row, ["", "Stellen zusammen", "", ""], role="total")
    for column, year in block.money_columns():
        found = [posts for each in stated if (posts := _posts(each, year)) is not None]
        if found:
            letter = xl_col_to_name(column)
            total = sum(found, Decimal(0)).quantize(_PLACES, rounding=ROUND_HALF_UP)
            formula = f"ROUND(SUM({letter}{start + 1}:{letter}{row}),4)"
            put_formula(block.sheet, row, column, formula, plan.looks("total", "number2"), total)
    return row + 1


def _posts(record: Mapping[str, Any], year: int) -> Decimal | None:
    """The posts of a product in a year; ``None`` where nothing is stated."""
    text = text_of(record.get(f"posts_{year}"))
    return Decimal(text) if text else None


# --- marks of measures --------------------------------------------------------------------------


_MARKS: Final[Mapping[str, str]] = {
    "egovernment": "E-Government",
    "appraisal": "Wirtschaftlichkeitsvergleich",
}


def _put_marks(block: _Block, row: int) -> int:
    """Measures that carry a mark; what their products cost stands elsewhere."""
    plan = block.plan
    found = [
        (each, [name for name in _MARKS if _is(each.get(name), True)])
        for each in records(plan.results.texts["measures"])
    ]
    found = [pair for pair in found if pair[1]]
    counts = ", ".join(
        f"{word}: {sum(1 for _, marks in found if name in marks)}" for name, word in _MARKS.items()
    )
    row = block.head(
        row,
        "Merkmale der Maßnahmen",
        f"{counts}. Die Merkmale sind Angaben der Einheiten; Beträge der Maßnahmen stehen in den "
        "Blättern Maßnahmen und Investitionsmaßnahmen.",
        ["Maßnahme", "Titel", "Merkmale", "Status", "Gesamt-\nkosten"],
        "",
        ends=("", "Quelle"),
    )
    if not found:
        return block.nothing(row, "Keine Maßnahme trägt ein Merkmal.")
    for each, marks in found:
        role = "quiet" if text_of(each["status"]) in _LISTED else "row"
        words = ", ".join(_MARKS[name] for name in marks)
        texts = [text_of(each["measure"]), text_of(each["title"]), words, text_of(each["status"])]
        block.texts(row, texts, role=role)
        total = text_of(each.get("total_cost"))
        put_money(
            block.sheet, row, len(_TEXTS), int(total) if total else None,
            plan.looks(role, plan.money),
        )  # fmt: skip
        block.source(row, each)
        row += 1
    return row
