"""The sheet Abgleich: the same total by product, by organisation and by goal, and by ways that do
not use those sheets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.goal_tree import TOTAL
from pipeline.excel.budget_plan.ledger import GOAL, PRODUCT, UNIT
from pipeline.excel.budget_plan.line_plan import LineSheet
from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.outline import Outline
from pipeline.excel.budget_plan.ranges import KIND_RANGE, RANGES
from pipeline.excel.budget_plan.sheets import (
    RECONCILIATION,
    Plan,
    open_sheet,
    put_header,
    put_money,
    put_sum,
    text_of,
)
from pipeline.excel.budget_plan.sources import records
from pipeline.excel.workbook import put_formula, put_text
from pipeline.tables.choices import ALL_KINDS, INTERNAL_KINDS, STAND_INS, label

VERDICT_ROW: Final = 3
_VERDICT_CELL: Final = "A4"
_HEADING_ROW: Final = 5
_KEY_ROW: Final = 6
_FIRST_ROW: Final = 8
_YEARS_FROM: Final = 3
GOOD: Final = "✓ alle Summen stimmen"
_VIEWS: Final = {"Produkte": PRODUCT, "Organisation": UNIT, "Ziele": GOAL}
_OTHER_WAYS: Final = (
    "Ergebnis- und Finanzplan",
    "alle Zeilen des Blatts Daten",
    "figures.csv (Zahlenwert)",
)


@dataclass(frozen=True, kw_only=True)
class Sheets:
    """The sheets whose totals are compared."""

    goals: Outline
    investments: Outline
    organisation: Outline
    products: Outline
    lines: Sequence[LineSheet]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Where the verdict stands and what it says."""

    reference: str
    text: str


def write_reconciliation(plan: Plan, sheets: Sheets) -> Verdict:
    """Writes the sheet Abgleich. Every row is compared with the row «Produkte» of its kind; all
    deviations must be 0.
    """
    years = plan.ledger.years
    last = _YEARS_FROM + len(years)
    widths = [5.0, 30.0, 22.0, *([16.0] * len(years)), 16.0]
    subtitle = (
        "In Euro. Drei Sichten auf dasselbe Geld müssen dieselbe Summe ergeben, je Geldart und "
        "Jahr, auf den Cent; "
        "interne Leistungen stehen für sich und in keiner anderen Summe."
    )
    sheet = open_sheet(plan, RECONCILIATION, "Abgleich", subtitle, widths)
    put_text(sheet, _HEADING_ROW, 0, "Drei Sichten, eine Summe", plan.looks("heading"))
    first_other = _first_other_row()
    _put_keys(plan, sheet, first_other - 4)
    titles = ["", "Sicht", "Geldart", *(year.title for year in years), "Abweichung zu\nProdukte"]
    put_header(plan.looks, sheet, _KEY_ROW + 1, titles, widths)
    deviations = 0
    row = _FIRST_ROW
    bases: dict[str, _Base] = {}
    for kind in ALL_KINDS:
        for view in _VIEWS:
            amounts = [_view_amount(plan, sheets, view, kind, year.year) for year in years]
            bases.setdefault(kind, _Base(row=row, cents=tuple(cents for _, cents in amounts)))
            deviations += _put_row(
                plan, sheet, row, bases[kind], names=(view, kind), amounts=amounts
            )
            row += 1
    put_text(sheet, first_other - 2, 0, "Dieselbe Summe auf anderen Wegen", plan.looks("heading"))
    put_header(plan.looks, sheet, first_other - 1, ["", "Weg", *titles[2:]], widths)
    sheet.set_h_pagebreaks([first_other - 2])
    row = first_other
    for kind in ALL_KINDS:
        for way in _OTHER_WAYS:
            amounts = [_other_amount(plan, sheets, way, kind, year.year) for year in years]
            deviations += _put_row(
                plan, sheet, row, bases[kind], names=(way, kind), amounts=amounts
            )
            row += 1
    _condition(plan, sheet, row)
    row = _put_internal(plan, sheet, row + 1, bases)
    _put_returns(plan, sheet, row + 1)
    sheet.freeze_panes(3, _YEARS_FROM)
    return _put_verdict(
        plan,
        sheet,
        (_FIRST_ROW, first_other + len(ALL_KINDS) * len(_OTHER_WAYS) - 1),
        last,
        deviations,
    )


def _first_other_row() -> int:
    return _FIRST_ROW + len(ALL_KINDS) * len(_VIEWS) + 3


def _put_keys(plan: Plan, sheet: Worksheet, last: int) -> None:
    """The hidden key row, as in templates: first and last row of the table, then the name of each
    column.
    """
    sheet.set_row(_KEY_ROW, None, None, {"hidden": True})
    names = [f"zh:reconciliation:{_FIRST_ROW + 1}:{last + 1}", "view", "kind"]
    names += [f"amount_{year.year}" for year in plan.ledger.years]
    for column, name in enumerate(names):
        put_text(sheet, _KEY_ROW, column, name, plan.looks("key", "text"))


_Amount = tuple[str | None, int]
"""A formula (or none: a plain number) and its value in cents."""


@dataclass(frozen=True, kw_only=True)
class _Base:
    """The row with which the others of its kind are compared."""

    row: int
    cents: tuple[int, ...]


def _view_amount(plan: Plan, sheets: Sheets, view: str, kind: str, year: int) -> _Amount:
    dimension = _VIEWS[view]
    if kind in INTERNAL_KINDS:
        cents = sum(
            amount
            for (_, k, y), amount in plan.ledger.sums[dimension].items()
            if (k, y) == (kind, year)
        )
        criteria = f'{RANGES[dimension]},">0",{KIND_RANGE},"{labels.KIND[kind]}"'
        return f"ROUND(SUMIFS(Betrag_{year},{criteria}),2)", cents
    goals = sheets.goals if kind in {"revenue", "expense"} else sheets.investments
    outline = {PRODUCT: sheets.products, UNIT: sheets.organisation, GOAL: goals}[dimension]
    name = f"{kind}_{year}"
    return f"ROUND({outline.reference(TOTAL, name)},2)", outline.cents(TOTAL, name)


def _other_amount(plan: Plan, sheets: Sheets, way: str, kind: str, year: int) -> _Amount:
    match _OTHER_WAYS.index(way):
        case 0:
            return _by_lines(sheets, kind, year)
        case 1:
            formula = f'ROUND(SUMIFS(Betrag_{year},{KIND_RANGE},"{labels.KIND[kind]}"),2)'
            return formula, plan.ledger.total(kind, year)
        case _:
            figures = plan.results.tables["figures"]
            chosen = (
                (figures["origin"] != "listed")
                & (figures["kind"] == kind)
                & (figures["year"] == year)
            )
            return None, int(figures.loc[chosen, "cents"].sum())


def _by_lines(sheets: Sheets, kind: str, year: int) -> _Amount:
    cells, cents = [], 0
    for found in sheets.lines:
        letter = xl_col_to_name(found.column(year))
        for name, line in found.lines.items():
            if not line.computed and line.kind == kind:
                cells.append(f"'{found.sheet}'!{letter}{found.row(name) + 1}")
                cents += found.cents(name, year)
    return (f"ROUND({'+'.join(cells)},2)" if cells else "ROUND(0,2)"), cents


def _put_row(
    plan: Plan,
    sheet: Worksheet,
    row: int,
    base: _Base,
    *,
    names: tuple[str, str],
    amounts: Sequence[_Amount],
) -> int:
    """One row with its status and its deviation in cents, which is given back."""
    view, kind = names
    role = "row1" if row == base.row else "row"
    put_text(sheet, row, 1, view, plan.looks(role, "wrap"))
    put_text(sheet, row, 2, labels.KIND[kind], plan.looks(role, "text"))
    for column, (formula, cents) in enumerate(amounts, start=_YEARS_FROM):
        if formula is None:
            put_money(sheet, row, column, cents, plan.looks(role, "cents"))
        else:
            put_sum(sheet, row, column, formula, cents, plan.looks(role, "cents"))
    letters = [xl_col_to_name(column) for column in range(_YEARS_FROM, _YEARS_FROM + len(amounts))]
    differences = "+".join(f"ABS({letter}{row + 1}-{letter}{base.row + 1})" for letter in letters)
    deviation = sum(
        abs(cents - other) for (_, cents), other in zip(amounts, base.cents, strict=True)
    )
    last = _YEARS_FROM + len(amounts)
    put_sum(sheet, row, last, f"ROUND({differences},2)", deviation, plan.looks(role, "cents"))
    status = f'IF({xl_col_to_name(last)}{row + 1}=0,"✓","✗")'
    put_formula(sheet, row, 0, status, plan.looks("row", "centre"), "✗" if deviation else "✓")
    return deviation


def _condition(plan: Plan, sheet: Worksheet, end: int) -> None:
    area = (_FIRST_ROW, 0, end - 1, 0)
    sheet.conditional_format(
        *area,
        {
            "type": "formula",
            "criteria": f'=$A{_FIRST_ROW + 1}="✗"',
            "format": plan.book.condition("error"),
        },
    )
    sheet.conditional_format(
        *area,
        {
            "type": "formula",
            "criteria": f'=$A{_FIRST_ROW + 1}="✓"',
            "format": plan.book.condition("ok"),
        },
    )


def _put_internal(plan: Plan, sheet: Worksheet, row: int, bases: Mapping[str, _Base]) -> int:
    """Whether internal charges cancel: one unit's revenue is another's expense."""
    put_text(sheet, row, 0, "Interne Leistungsbeziehungen", plan.looks("heading"))
    row += 1
    more, less = (bases[kind] for kind in INTERNAL_KINDS)
    differences = [one - other for one, other in zip(more.cents, less.cents, strict=True)]
    put_text(sheet, row, 1, "Erträge − Aufwendungen", plan.looks("row", "wrap"))
    even = "gleichen sich aus" if not any(differences) else "gleichen sich nicht aus"
    put_text(sheet, row, 2, even, plan.looks("row" if not any(differences) else "watch", "wrap"))
    for column, cents in enumerate(differences, start=_YEARS_FROM):
        letter = xl_col_to_name(column)
        put_sum(
            sheet,
            row,
            column,
            f"ROUND({letter}{more.row + 1}-{letter}{less.row + 1},2)",
            cents,
            plan.looks("row", "cents"),
        )
    return _put_open_counterparts(plan, sheet, row + 1)


def _put_open_counterparts(plan: Plan, sheet: Worksheet, row: int) -> int:
    """Internal charges whose other side is missing or differs, by the unit that returned a side."""
    found = plan.results.open_counterparts
    if found.empty:
        return row
    heading = "Offene Gegenpositionen: Ertrag − Aufwand je Leistungsbeziehung"
    put_text(sheet, row + 1, 1, heading, plan.looks("heading"))
    row += 2
    difference = found.assign(cents=found["revenue"] - found["expense"])
    for (unit, product, partner), part in difference.groupby(["unit", "product", "partner"]):
        by_year = dict(zip(part["year"], part["cents"], strict=True))
        name = f"{unit} {plan.results.master.titles['units'].get(str(unit), '')}".strip()
        pair = f"{product} mit {partner}"
        sheet.set_row(row, height_of((name, 30), (pair, 22)))
        put_text(sheet, row, 1, name, plan.looks("row", "wrap"))
        put_text(sheet, row, 2, pair, plan.looks("row", "wrap"))
        for column, year in enumerate(plan.ledger.years, start=_YEARS_FROM):
            cents = int(by_year.get(year.year, 0))
            put_money(sheet, row, column, cents, plan.looks("row", "cents"))
        row += 1
    return row


def _put_returns(plan: Plan, sheet: Worksheet, row: int) -> None:
    """Which units the totals rest on, and who is stood in for."""
    put_text(sheet, row, 0, "Worauf die Summen beruhen", plan.looks("heading"))
    titles = ["", "Einheit", "Status", "Geld", "Kennzahlen", "Ersatz"]
    for column, title in enumerate(titles):
        put_text(sheet, row + 1, column, title, plan.looks("head", "centre" if column else "text"))
    register = records(plan.results.tables["register"])
    row += 2
    for unit in plan.results.master.expected_units:
        facts = counted_row(register, unit)
        name = f"{unit} {plan.results.master.titles['units'][unit]}"
        kind = plan.results.stand_ins.get(unit, "")
        stand_in = label(STAND_INS, kind) if kind else ""
        texts = [
            name,
            labels.of(labels.STATUS, facts["status"]),
            labels.of(labels.PART, facts["money"]),
            labels.of(labels.PART, facts["key_figures"]),
            stand_in,
        ]
        counted = facts["status"] in labels.COUNTED_STATUSES
        sheet.set_row(
            row,
            height_of((name, 30), (texts[1], 22), (texts[2], 15), (texts[3], 15), (stand_in, 16)),
        )
        put_text(sheet, row, 0, "✓" if counted else "○", plan.looks("row", "centre"))
        for column, text in enumerate(texts, start=1):
            put_text(sheet, row, column, text, plan.looks("row", "wrap"))
        row += 1


def counted_row(register: Sequence[Mapping[str, object]], unit: str) -> dict[str, str]:
    """The row of the register that speaks for a unit: the counted file, else its stand-in, else
    that it is missing.
    """
    mine = [
        {name: text_of(value) for name, value in entry.items()}
        for entry in register
        if text_of(entry["unit"]) == unit
    ]
    order = [*sorted(labels.COUNTED_STATUSES), "substituted", "rejected", "missing"]
    ranked = sorted(
        mine,
        key=lambda facts: order.index(facts["status"]) if facts["status"] in order else len(order),
    )
    empty = dict.fromkeys(("unit", "file", "sha256", "revision"), "")
    return (
        ranked[0]
        if ranked
        else {**empty, "status": "missing", "money": "missing", "key_figures": "missing"}
    )


def _put_verdict(
    plan: Plan, sheet: Worksheet, rows: tuple[int, int], column: int, deviations: int
) -> Verdict:
    letter = xl_col_to_name(column)
    area = f"{letter}{rows[0] + 1}:{letter}{rows[1] + 1}"
    bad = "✗ Summen weichen voneinander ab"
    text = bad if deviations else GOOD
    sheet.set_row(VERDICT_ROW, 20)
    put_formula(
        sheet, VERDICT_ROW, 0, f'IF(SUM({area})=0,"{GOOD}","{bad}")', plan.looks("heading"), text
    )
    return Verdict(reference=f"'{RECONCILIATION}'!{_VERDICT_CELL}", text=text)
