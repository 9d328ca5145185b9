"""The sheet Maßnahmen: every measure with what became of it since last year; what does not count
is listed with its amounts, but looks up nothing and is added nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.ledger import MEASURE
from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.ranges import look_up
from pipeline.excel.budget_plan.sheets import (
    MEASURES,
    TITLE_ROWS,
    Plan,
    open_sheet,
    put_header,
    put_money,
    put_source,
    put_sum,
    source_link,
    text_of,
)
from pipeline.excel.workbook import put_number, put_text
from pipeline.model.tables import Role, Year
from pipeline.tables.choices import LISTED_STATUSES

_COMPLETED: Final = "abgeschlossen"
_LISTED: Final = frozenset(choice.code for choice in LISTED_STATUSES)
_HEAD: Final = (
    ("Nr.", 4.5),
    ("Maßnahme", 11.0),
    ("Titel", 31.0),
    ("Produkt", 8.5),
    ("Ziel", 8.0),
    ("Einheit", 7.0),
    ("Art", 13.5),
    ("Status", 14.0),
    ("Seit dem\nVorjahr", 14.0),
    ("Zeitraum", 10.5),
    ("Gesamt-\nkosten", 12.0),
)
_YEAR: Final = 12.0
_PROGRESS: Final = 26.0
_SOURCE: Final = 14.0
_BALANCES: Final = (("Zuschussbedarf", "expense", "revenue"), ("Investition", "payment", "receipt"))


def write_measures(plan: Plan) -> None:
    """Writes the sheet Maßnahmen, by unit and number."""
    years = _shown_years(plan)
    titles = [title for title, _ in _HEAD]
    titles += [f"{name}\n{year.title}" for name, _, _ in _BALANCES for year in years]
    titles += ["Stand der Umsetzung", "Quelle"]
    widths = [*(width for _, width in _HEAD), *([_YEAR] * (2 * len(years))), _PROGRESS, _SOURCE]
    subtitle = (
        f"{plan.unit_of_money_first}. Maßnahmen sind „davon“-Beträge ihrer Produkte. "
        "Zuschussbedarf = Aufwendungen − Erträge, "
        "Investition = Auszahlungen − Einzahlungen. Angemeldet, zurückgestellt, entfallen: nur "
        "aufgelistet. Mit + über den Spalten erscheinen die Planungsjahre."
    )
    sheet = open_sheet(plan, MEASURES, "Maßnahmen", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, titles, widths)
    _fold(sheet, years)
    known = {str(record["measure"]): record for record in _records(plan)}
    since = _Since.of(plan)
    row = TITLE_ROWS
    for measure, number in plan.ledger.numbers[MEASURE].items():
        row += 1
        _put_measure(
            plan,
            sheet,
            row,
            number,
            known.get(measure, {"measure": measure, "title": "(nur in Vorjahren)"}),
            since.last_year(measure, known.get(measure)),
        )
    if row == TITLE_ROWS:
        put_text(sheet, row + 1, 1, "Es sind keine Maßnahmen gemeldet.", plan.looks("plain"))
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(TITLE_ROWS + 1, 3)
    if row > TITLE_ROWS:
        sheet.autofilter(TITLE_ROWS, 0, row, len(titles) - 1)


def _shown_years(plan: Plan) -> list[Year]:
    """The previous budget year, where there is one, then every year that was asked for."""
    before = plan.results.master.previous_budget_year
    return [*([before] if before else []), *plan.results.master.entered_years]


def _fold(sheet: Worksheet, years: Sequence[Year]) -> None:
    """Groups and hides the years after the budget, so that a page stays readable; the plus sign
    above the next column opens them.
    """
    column = len(_HEAD)
    for _ in _BALANCES:
        for year in years:
            if year.role is Role.OUTLOOK:
                sheet.set_column(column, column, _YEAR, None, {"level": 1, "hidden": True})
            column += 1
        after = _YEAR if column < len(_HEAD) + len(_BALANCES) * len(years) else _PROGRESS
        if years and years[-1].role is Role.OUTLOOK:
            sheet.set_column(column, column, after, None, {"collapsed": True})


@dataclass(frozen=True, kw_only=True)
class _Since:
    """What the master's previous years say of the measures: who planned them, and whose returns
    count this year.
    """

    planned_by: Mapping[str, str]
    counted_units: frozenset[str]

    @classmethod
    def of(cls, plan: Plan) -> _Since:
        before = plan.results.master.tables["previous_amounts"]
        with_measure = before[before["measure"].fillna("") != ""]
        register = plan.results.tables["register"]
        return cls(
            planned_by=dict(
                zip(
                    with_measure["measure"].astype(str),
                    with_measure["unit"].astype(str),
                    strict=True,
                )
            ),
            counted_units=frozenset(
                register.loc[register["money"] == "accepted", "unit"].astype(str)
            ),
        )

    def last_year(self, measure: str, record: Mapping[str, Any] | None) -> str:
        """What became of a measure since last year, in words."""
        if record is None:
            returned = self.planned_by.get(measure) in self.counted_units
            return "nicht mehr gemeldet" if returned else "Rücklauf zählt nicht"
        if measure not in self.planned_by:
            return "neu"
        status = text_of(record.get("status"))
        if status == _COMPLETED or status in _LISTED:
            return status
        return "fortgeführt"


def _records(plan: Plan) -> list[dict[str, Any]]:
    records = plan.results.texts["measures"].to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]


def _put_measure(
    plan: Plan, sheet: Worksheet, row: int, number: int, record: Mapping[str, Any], since: str
) -> None:
    names = (
        "measure",
        "title",
        "product",
        "goal",
        "unit",
        "type",
        "status",
        "file",
        "sheet",
        "cell",
        "start",
        "end",
    )
    facts = {name: text_of(record.get(name)) for name in names}
    listed = facts["status"] in _LISTED
    role = "quiet" if listed else "row"
    status = f"{facts['status']}\n(zählt nicht)" if listed else facts["status"]
    period = " –\n".join(_month(facts[name]) for name in ("start", "end") if facts[name])
    texts = [
        *(facts[name] for name in ("measure", "title", "product", "goal", "unit", "type")),
        status,
        since,
        period,
    ]
    progress = text_of(record.get("progress"))
    source = f"{facts['file']} {facts['cell']}".strip()
    sheet.set_row(
        row,
        height_of(
            *zip(texts, (width for _, width in _HEAD[1:]), strict=False),
            (progress, _PROGRESS),
            (source, _SOURCE),
        ),
    )
    put_number(sheet, row, 0, number, plan.looks("number", "count"))
    for column, text in enumerate(texts, start=1):
        put_text(sheet, row, column, text, plan.looks(role, "wrap"))
    total = record.get("total_cost")
    put_money(
        sheet,
        row,
        len(_HEAD) - 1,
        int(str(total)) if text_of(total) else None,
        plan.looks(role, plan.money),
    )
    column = len(_HEAD)
    for _, plus, minus in _BALANCES:
        for year in _shown_years(plan):
            _put_balance(
                plan,
                sheet,
                (row, column),
                measure=facts["measure"],
                kinds=(plus, minus),
                year=year.year,
                listed=listed,
            )
            column += 1
    link = source_link(plan.results, facts["file"], facts["sheet"], facts["cell"])
    put_text(sheet, row, column, progress, plan.looks(role, "wrap"))
    put_source(plan.looks, sheet, row, column + 1, source, link)


def _put_balance(
    plan: Plan,
    sheet: Worksheet,
    place: tuple[int, int],
    *,
    measure: str,
    kinds: tuple[str, str],
    year: int,
    listed: bool,
) -> None:
    row, column = place
    plus, minus = kinds
    ledger = plan.ledger
    if listed:
        # Figures of origin «listed» are no contributions: there is nothing to look up.
        cents = ledger.listed.get((measure, plus, year), 0) - ledger.listed.get(
            (measure, minus, year), 0
        )
        put_money(sheet, row, column, cents, plan.looks("quiet", plan.money))
        return
    criterion = f"$A{row + 1}"
    up, down = (look_up(ledger, MEASURE, measure, criterion, kind, year) for kind in (plus, minus))
    cents = ledger.sum(MEASURE, measure, plus, year) - ledger.sum(MEASURE, measure, minus, year)
    put_sum(sheet, row, column, f"ROUND({up}-{down},2)", cents, plan.looks("row", plan.money))


def _month(iso: str) -> str:
    """``2026-03`` as ``03.2026``."""
    year, _, month = iso.partition("-")
    return f"{month}.{year}" if month else year
