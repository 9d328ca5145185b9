"""The sheet Kennzahlen: target and actual of every year, attainment with its state in words, and
how many units answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.looks import STATE_ROLES, height_of
from pipeline.excel.budget_plan.sheets import (
    KEY_FIGURES,
    TITLE_ROWS,
    Plan,
    open_sheet,
    percent_of,
    put_header,
    text_of,
)
from pipeline.excel.workbook import put_number, put_text

_HEAD: Final = (
    ("Kennzahl", 11.0),
    ("Bezeichnung", 44.0),
    ("Produkt", 10.0),
    ("Ziel", 9.0),
    ("Einheit", 13.0),
    ("Richtung", 13.0),
)
_TAIL: Final = (("erreicht", 10.0), ("Stand", 19.0), ("Meldungen", 12.0))
_ROLES: Final[Mapping[str, str]] = {"target": "Ziel", "actual": "Ist", "forecast": "Prognose"}
_SCOPES: Final = ("city", "product", "goal", "unit")
"""The widest scope for which a key figure was condensed is shown; some kinds cannot be condensed
at all.
"""


def write_key_figures(plan: Plan) -> None:
    """Writes the sheet Kennzahlen, in the order of the catalogue."""
    table = plan.results.tables["kpi_results"]
    pairs = {
        (int(year), str(role)) for year, role in zip(table["year"], table["role"], strict=True)
    }
    order = list(_ROLES)
    columns = sorted(
        (pair for pair in pairs if pair[1] in _ROLES),
        key=lambda pair: (pair[0], order.index(pair[1])),
    )
    titles = [title for title, _ in _HEAD]
    titles += [f"{_ROLES[role]}\n{year}" for year, role in columns]
    titles += [title for title, _ in _TAIL]
    widths = [
        *(width for _, width in _HEAD),
        *([12.0] * len(columns)),
        *(width for _, width in _TAIL),
    ]
    subtitle = (
        "Erreicht und Stand gelten für das letzte Jahr mit Ziel und Ist; „erreicht“ darf über "
        "100 % liegen, für die Ziele wird gedeckelt. "
        "Meldungen: Einheiten mit Daten von allen gefragten."
    )
    sheet = open_sheet(plan, KEY_FIGURES, "Kennzahlen und Zielerreichung", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, titles, widths)
    found = _by_kpi(plan)
    row = TITLE_ROWS
    for record in plan.results.master.tables["kpis"].to_dict("records"):
        kpi = {str(name): value for name, value in record.items()}
        for scope_id, results in found.get(text_of(kpi["kpi"]), {"": {}}).items():
            row += 1
            _put_kpi(plan, sheet, row, kpi, unit=scope_id, columns=columns, found=results)
    if row == TITLE_ROWS:
        put_text(sheet, row + 1, 0, "Es sind keine Kennzahlen vereinbart.", plan.looks("plain"))
    else:
        sheet.autofilter(TITLE_ROWS, 0, row, len(titles) - 1)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(TITLE_ROWS + 1, 2)


_Values = dict[tuple[int, str], dict[str, Any]]


def _by_kpi(plan: Plan) -> dict[str, dict[str, _Values]]:
    """Results by key figure and unit (empty where condensed), of the widest scope there is."""
    scopes: dict[str, dict[str, dict[str, _Values]]] = {}
    for record in plan.results.tables["kpi_results"].to_dict("records"):
        facts = {str(name): value for name, value in record.items()}
        scope = text_of(facts["scope"])
        named = text_of(facts["id"]) if scope == "unit" else ""
        values = (
            scopes.setdefault(text_of(facts["kpi"]), {}).setdefault(scope, {}).setdefault(named, {})
        )
        values[int(facts["year"]), text_of(facts["role"])] = facts
    return {
        kpi: next((by_scope[scope] for scope in _SCOPES if scope in by_scope), {"": {}})
        for kpi, by_scope in scopes.items()
    }


def _put_kpi(
    plan: Plan,
    sheet: Worksheet,
    row: int,
    kpi: Mapping[str, Any],
    *,
    unit: str,
    columns: list[tuple[int, str]],
    found: _Values,
) -> None:
    title = text_of(kpi["title"]) + (
        f" ({plan.results.master.titles['units'].get(unit, unit)})" if unit else ""
    )
    texts = [
        text_of(kpi["kpi"]),
        title,
        *(text_of(kpi[name]) for name in ("product", "goal", "unit_of_measure", "direction")),
    ]
    sheet.set_row(
        row, height_of(*((text, width) for text, (_, width) in zip(texts, _HEAD, strict=True)))
    )
    for column, text in enumerate(texts):
        put_text(sheet, row, column, text, plan.looks("row", "wrap"))
    column = len(_HEAD)
    for pair in columns:
        value = found.get(pair, {}).get("value")
        if text_of(value):
            number = Decimal(str(value))
            put_number(
                sheet, row, column, number, plan.looks("row", f"number{_places(kpi, number)}")
            )
        else:
            put_text(sheet, row, column, "", plan.looks("row"))
        column += 1
    _put_state(plan, sheet, row, column, found)


def _places(kpi: Mapping[str, Any], number: Decimal) -> int:
    declared = text_of(kpi.get("decimals"))
    if declared:
        return min(int(declared), 6)
    exponent = number.normalize().as_tuple().exponent
    return min(max(-exponent, 0), 6) if isinstance(exponent, int) else 0


def _put_state(plan: Plan, sheet: Worksheet, row: int, column: int, found: _Values) -> None:
    rated = sorted(
        year
        for (year, role), facts in found.items()
        if role == "actual" and text_of(facts.get("state"))
    )
    facts = found[rated[-1], "actual"] if rated else {}
    raw, state = text_of(facts.get("raw_bp")), text_of(facts.get("state")) or "no_data"
    if raw:
        put_number(sheet, row, column, percent_of(int(raw)), plan.looks("row", "attainment"))
    else:
        put_text(sheet, row, column, "", plan.looks("row"))
    word = labels.of(labels.ATTAINMENT, state)
    put_text(sheet, row, column + 1, word, plan.looks(STATE_ROLES.get(state, "row"), "text"))
    asked = text_of(facts.get("units"))
    counts = f"{text_of(facts.get('units_with_data')) or '0'} von {asked}" if asked else ""
    put_text(sheet, row, column + 2, counts, plan.looks("row", "centre"))
