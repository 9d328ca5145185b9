"""The sheet Eckwerte: the ceiling of every unit and year, the net cost beside it, what they differ
by, and in words whether the ceiling holds.

A ceiling is compared with the net cost of the rows that the unit itself returned, without internal
charges and without investment (contract, «Ceiling»; rule A05). A unit that returns nothing itself,
such as a division, is compared with everything below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.outline import DIRECT, NET_COST, Outline, put_ratio, sum_of
from pipeline.excel.budget_plan.reconciliation import counted_row
from pipeline.excel.budget_plan.sheets import (
    CEILINGS,
    TITLE_ROWS,
    Plan,
    open_sheet,
    put_header,
    put_money,
    put_sum,
)
from pipeline.excel.budget_plan.sources import records
from pipeline.excel.workbook import put_formula, put_text
from pipeline.model.findings import Finding
from pipeline.tables.choices import STAND_INS, label

_HEAD: Final = (("Einheit", 9.0), ("Bezeichnung", 46.0))
_YEAR: Final = (
    ("Eckwert", 13.5),
    ("Zuschuss-\nbedarf", 13.5),
    ("Abweichung", 13.0),
    ("in %", 8.5),
    ("Stand", 22.0),
)
_FIRST: Final = TITLE_ROWS + 1
KEPT: Final = "✓ eingehalten"
EXCEEDED: Final = "▲ überschritten"
NONE: Final = "– kein Eckwert"
ABSENT: Final = "○ kein Rücklauf zählt"
OUTSIDE: Final = "– kein Jahr des Plans"


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A unit: ``key`` names its row of the sheet Organisation (empty: it has none), ``single`` is
    true where only its own rows count, ``state`` says why it is not judged (empty: it is).
    """

    unit: str
    title: str
    key: str
    single: bool
    state: str


def write_ceilings(plan: Plan, organisation: Outline) -> None:
    """Writes the sheet Eckwerte; the net costs look into the sheet Organisation."""
    limits = _limits(plan)
    years = sorted({year for _, year in limits})
    titles = [title for title, _ in _HEAD]
    titles += [
        f"{title}\n{year}" if title != "in %" else title for year in years for title, _ in _YEAR
    ]
    widths = [*(width for _, width in _HEAD), *([width for _, width in _YEAR] * len(years))]
    subtitle = (
        f"{plan.unit_of_money_first}. Eckwert: Obergrenze des Zuschussbedarfs der eigenen Ansätze "
        "einer Einheit, ohne interne Leistungen und Investitionen. + heißt: über dem Eckwert."
    )
    sheet = open_sheet(plan, CEILINGS, "Eckwerte", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, titles, widths)
    rows = _rows(plan, organisation, {unit for unit, _ in limits})
    verdicts = _verdicts(plan)
    for place, row in enumerate(rows):
        spoken = [verdicts.get((row.unit, year), "") for year in years]
        _put_unit(plan, sheet, _FIRST + place, row, spoken)
        for number, year in enumerate(years):
            _put_year(
                plan, sheet, (_FIRST + place, len(_HEAD) + number * len(_YEAR)), row,
                year=year, limit=limits.get((row.unit, year)), organisation=organisation,
                spoken=spoken[number],
            )  # fmt: skip
    total = _FIRST + len(rows)
    _put_total(plan, sheet, total, rows, limits, years, organisation)
    _colour(plan, sheet, total, len(years))
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(_FIRST, len(_HEAD))


def _limits(plan: Plan) -> dict[tuple[str, int], int]:
    """The ceilings in cents by unit and year."""
    table = plan.results.master.tables["ceilings"].dropna(subset=["unit", "year", "amount"])
    return {
        (str(unit), int(year)): int(amount)
        for unit, year, amount in table[["unit", "year", "amount"]].itertuples(index=False)
    }


def _rows(plan: Plan, organisation: Outline, limited: set[str]) -> list[_Row]:
    """Every unit that is asked for a return and every other one with a ceiling, in the order of the
    organisation.
    """
    master = plan.results.master
    register = records(plan.results.tables["register"])
    found = []
    for unit in [*master.units.order, *sorted(limited - set(master.units.parents))]:
        asked = unit in master.expected_units
        if not asked and unit not in limited:
            continue
        direct = f"{DIRECT}{unit}"
        key = direct if asked and direct in organisation.positions else unit
        state = _why_not(plan, counted_row(register, unit), unit) if asked else ""
        title = master.titles["units"].get(unit, "nicht in den Stammdaten")
        found.append(
            _Row(
                unit=unit,
                title=title if asked else f"{title} (mit allem darunter)",
                key=key if key in organisation.positions else "",
                single=asked,
                state=state,
            )
        )
    return found


def _why_not(plan: Plan, facts: Mapping[str, str], unit: str) -> str:
    """Why a unit's ceiling is not judged; empty where its own return counts."""
    stand_in = plan.results.stand_ins.get(unit, "")
    if stand_in:
        return f"○ Ersatz: {label(STAND_INS, stand_in)}"
    return "" if facts["money"] == "accepted" else ABSENT


def _verdicts(plan: Plan) -> dict[tuple[str, int], str]:
    """What was said of an exceeded ceiling: waived or explained."""
    found = {}
    for each in plan.results.findings:
        year = each.keys.get("year", "")
        if each.rule == "A05" and year:
            found[each.unit, int(year)] = _spoken(each)
    return found


def _spoken(each: Finding) -> str:
    if each.waived:
        return ", Ausnahme genehmigt"
    return ", erläutert" if each.explained else ""


def _put_unit(plan: Plan, sheet: Worksheet, row: int, each: _Row, spoken: Sequence[str]) -> None:
    title = (each.title, _HEAD[1][1])
    said = [(f"{EXCEEDED}{text}", _YEAR[-1][1]) for text in spoken]
    sheet.set_row(
        row, height_of(title, (each.unit, _HEAD[0][1]), (each.state, _YEAR[-1][1]), *said)
    )
    role = "row" if each.single else "row1"
    put_text(sheet, row, 0, each.unit, plan.looks(role, "wrap"))
    put_text(sheet, row, 1, each.title, plan.looks(role, "wrap"))


def _put_year(
    plan: Plan,
    sheet: Worksheet,
    place: tuple[int, int],
    each: _Row,
    *,
    year: int,
    limit: int | None,
    organisation: Outline,
    spoken: str,
) -> None:
    row, column = place
    role = "row" if each.single else "row1"
    look = plan.looks(role, plan.money)
    put_money(sheet, row, column, limit, look)
    name = f"{NET_COST}_{year}"
    planned = name in organisation.offsets
    if not each.key or each.state == ABSENT or not planned:
        put_text(sheet, row, column + 1, "", look)
        net = None
    else:
        net = organisation.cents(each.key, name)
        put_sum(
            sheet, row, column + 1, f"ROUND({organisation.reference(each.key, name)},2)", net, look
        )
    ceiling, cost, difference = (f"{xl_col_to_name(column + n)}{row + 1}" for n in range(3))
    if limit is None or net is None:
        for offset in (2, 3):
            put_text(sheet, row, column + offset, "", look)
        state = ABSENT if each.state == ABSENT else NONE if planned else OUTSIDE
        put_text(sheet, row, column + 4, state, plan.looks("quiet", "wrap"))
        return
    formula = f"ROUND({cost}-{ceiling},2)"
    put_sum(sheet, row, column + 2, formula, net - limit, plan.looks(role, plan.change))
    put_ratio(
        sheet, row, column + 3, difference, ceiling,
        cents=(net - limit, limit), look=plan.looks(role, "percent_change"),
    )  # fmt: skip
    if each.state:
        put_text(sheet, row, column + 4, each.state, plan.looks("quiet", "wrap"))
        return
    words = f'IF({difference}>0,"{EXCEEDED}{spoken}","{KEPT}")'
    state = f"{EXCEEDED}{spoken}" if net > limit else KEPT
    put_formula(sheet, row, column + 4, words, plan.looks(role, "wrap"), state)


def _put_total(
    plan: Plan,
    sheet: Worksheet,
    row: int,
    rows: Sequence[_Row],
    limits: Mapping[tuple[str, int], int],
    years: Sequence[int],
    organisation: Outline,
) -> None:
    """Sums over the units whose own rows meet a ceiling; divisions would count the same twice."""
    for column in range(len(_HEAD) + len(years) * len(_YEAR)):
        put_text(sheet, row, column, "", plan.looks("total"))
    put_text(sheet, row, 1, "Einheiten mit Eckwert zusammen", plan.looks("total", "text"))
    for number, year in enumerate(years):
        first = len(_HEAD) + number * len(_YEAR)
        summed = [
            (_FIRST + place, each)
            for place, each in enumerate(rows)
            if each.single
            and each.key
            and each.state != ABSENT
            and (each.unit, year) in limits
            and f"{NET_COST}_{year}" in organisation.offsets
        ]
        cells = [place for place, _ in summed]
        limit = sum(limits[each.unit, year] for _, each in summed)
        net = sum(organisation.cents(each.key, f"{NET_COST}_{year}") for _, each in summed)
        look = plan.looks("total", plan.money)
        for offset, cents in enumerate((limit, net)):
            letter = xl_col_to_name(first + offset)
            formula = sum_of(letter, [place + 1 for place in cells])
            put_sum(sheet, row, first + offset, formula, cents, look)
        ceiling, cost, difference = (f"{xl_col_to_name(first + n)}{row + 1}" for n in range(3))
        change = plan.looks("total", plan.change)
        put_sum(sheet, row, first + 2, f"ROUND({cost}-{ceiling},2)", net - limit, change)
        put_ratio(
            sheet, row, first + 3, difference, ceiling,
            cents=(net - limit, limit), look=plan.looks("total", "percent_change"),
        )  # fmt: skip


def _colour(plan: Plan, sheet: Worksheet, end: int, years: int) -> None:
    """Colours follow the words, and the words follow the amounts."""
    for number in range(years):
        column = len(_HEAD) + number * len(_YEAR) + len(_YEAR) - 1
        cell = f"{xl_col_to_name(column)}{_FIRST + 1}"
        for sign, look in (("▲", "hint"), ("✓", "ok")):
            sheet.conditional_format(
                _FIRST, column, end - 1, column,
                {
                    "type": "formula",
                    "criteria": f'=LEFT({cell},1)="{sign}"',
                    "format": plan.book.condition(look),
                },
            )  # fmt: skip
