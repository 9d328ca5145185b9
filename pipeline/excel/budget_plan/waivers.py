"""The sheet Ausnahmen: every approved exception with its approver, its reason, its term against the
day of the plan, and the findings it speaks of; also those that meet nothing or have expired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.sheets import (
    FINDINGS,
    TITLE_ROWS,
    WAIVERS,
    Plan,
    german_date,
    open_sheet,
    put_header,
    put_source,
    source_link,
    text_of,
)
from pipeline.excel.budget_plan.sources import printed_findings
from pipeline.excel.workbook import put_link, put_number, put_text
from pipeline.model.findings import Finding
from pipeline.model.messages import catalogue
from pipeline.rules.waivers import Waiver, waivers

_HEAD: Final = (
    ("Nr.", 5.0),
    ("Regel", 26.0),
    ("Gilt für", 34.0),
    ("Genehmigt von", 26.0),
    ("Grund", 44.0),
    ("Gilt bis", 11.0),
    ("Stand", 20.0),
    ("Befunde", 9.0),
    ("Welche", 60.0),
    ("Quelle", 22.0),
)
ACTIVE: Final = "● wirkt"
IDLE: Final = "○ trifft auf nichts zu"
EXPIRED: Final = "▲ abgelaufen"
UNREADABLE: Final = "▲ Schlüssel nicht lesbar"
_ROLES: Final[Mapping[str, str]] = {
    ACTIVE: "good",
    IDLE: "quiet",
    EXPIRED: "watch",
    UNREADABLE: "watch",
}
_SHOWN: Final = 5
"""Findings that are written out; the rest is counted and stands in the sheet Befunde."""


@dataclass(frozen=True, kw_only=True)
class _Met:
    """A finding that a waiver speaks of: its row in the sheet Befunde (from 0, behind the header)
    and what is said there.
    """

    row: int
    finding: Finding
    said: str


def write_waivers(plan: Plan) -> None:
    """Writes the sheet Ausnahmen."""
    widths = [width for _, width in _HEAD]
    as_of = plan.results.master.settings.as_of
    subtitle = (
        f"Stichtag {german_date(as_of)}. Eine Ausnahme entfernt nichts: Der Befund bleibt mit dem "
        "Stand „Ausnahme genehmigt“ stehen. Abgelaufene Ausnahmen wirken nicht mehr."
    )
    sheet = open_sheet(plan, WAIVERS, "Genehmigte Ausnahmen", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, [title for title, _ in _HEAD], widths)
    found = waivers(plan.results.master)
    rows = {place: row for row, place in enumerate(printed_findings(plan.results.findings))}
    said = list(plan.results.tables["findings"]["message"])
    row = TITLE_ROWS
    for number, waiver in enumerate(found, start=1):
        row += 1
        met = [
            _Met(row=rows[place], finding=finding, said=text_of(said[place]))
            for place, finding in enumerate(plan.results.findings)
            if waiver.meets(finding)
        ]
        _put_waiver(plan, sheet, row, number, waiver, sorted(met, key=lambda each: each.row))
    if not found:
        put_text(sheet, row + 1, 0, "Es sind keine Ausnahmen genehmigt.", plan.looks("plain"))
    else:
        sheet.autofilter(TITLE_ROWS, 0, row, len(widths) - 1)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(TITLE_ROWS + 1, 2)


def state_of_waiver(waiver: Waiver, as_of: str, met: Sequence[object]) -> str:
    """What a waiver does on that day, in words."""
    if waiver.keys is None:
        return UNREADABLE
    if not waiver.in_force(as_of):
        return EXPIRED
    return ACTIVE if met else IDLE


def _put_waiver(
    plan: Plan,
    sheet: Worksheet,
    row: int,
    number: int,
    waiver: Waiver,
    met: Sequence[_Met],
) -> None:
    state = state_of_waiver(waiver, plan.results.master.settings.as_of, met)
    file, place, cell = _source(plan, waiver)
    texts = [
        f"{waiver.rule} {_rule_title(waiver.rule)}".strip(),
        _scope(plan, waiver),
        waiver.approver,
        waiver.reason,
        german_date(waiver.expires) if waiver.expires else "unbefristet",
        state,
    ]
    which = _named(met, open_again=state == EXPIRED)
    source = f"{place} {cell}".strip()
    shown = [*texts, str(len(met)), which, source]
    widths = [width for _, width in _HEAD[1:]]
    sheet.set_row(row, height_of(*zip(shown, widths, strict=True)))
    put_number(sheet, row, 0, number, plan.looks("number", "count"))
    for column, text in enumerate(texts, start=1):
        role = _ROLES[state] if text == state else "row"
        put_text(sheet, row, column, text, plan.looks(role, "wrap"))
    if met:
        # The first of them; in the sheet Befunde rows count from 1 below the header.
        target = f"internal:'{FINDINGS}'!A{met[0].row + TITLE_ROWS + 2}"
        put_link(sheet, row, 7, target, str(len(met)), plan.looks("cell_link"))
    else:
        put_text(sheet, row, 7, "0", plan.looks("row", "text"))
    put_text(sheet, row, 8, which, plan.looks("row", "wrap"))
    put_source(plan.looks, sheet, row, 9, source, source_link(plan.results, file, place, cell))


def _rule_title(rule: str) -> str:
    entry = catalogue().get(rule)  # a rule that nobody knows is S27
    return entry.title if entry else ""


def _source(plan: Plan, waiver: Waiver) -> tuple[str, str, str]:
    """File, sheet and cell of the waiver's row in the master."""
    block = plan.results.master.blocks.get("waivers")
    if block is None:
        return "", "", ""
    place = block.place(waiver.index, "rule")
    return place.file, place.sheet, place.cell


def _scope(plan: Plan, waiver: Waiver) -> str:
    """Unit, table and keys in words; what is left out means any."""
    master = plan.results.master
    parts = []
    if waiver.unit:
        parts.append(f"{waiver.unit} {master.titles['units'].get(waiver.unit, '')}".strip())
    table = master.submission_tables.get(waiver.table)
    if waiver.table:
        parts.append(f"Blatt {table.sheet}" if table else waiver.table)
    if waiver.keys is None:
        parts.append(f"„{waiver.key}“")
    for name, value in (waiver.keys or {}).items():
        parts.append(f"{_KEY_WORDS.get(name, name)} {value}")
    return ", ".join(parts) or "alle Fälle dieser Regel"


_KEY_WORDS: Final[Mapping[str, str]] = {
    "product": "Produkt",
    "line": "Zeile",
    "measure": "Maßnahme",
    "goal": "Ziel",
    "kpi": "Kennzahl",
    "savings_measure": "Konsolidierungsmaßnahme",
    "year": "Jahr",
    "partner": "Partnerprodukt",
    "unit": "Einheit",
}


def _named(met: Sequence[_Met], *, open_again: bool) -> str:
    """The findings in words: where, and what is said."""
    texts = []
    for each in met[:_SHOWN]:
        place = each.finding.place
        where = " ".join(filter(None, (place.file, place.sheet, place.cell)))
        texts.append(f"{where}: {each.said}".removeprefix(": "))
    if len(met) > _SHOWN:
        texts.append(f"und {len(met) - _SHOWN} weitere")
    if open_again and met:
        texts.append("Wieder offen, weil die Frist vorbei ist.")
    return "\n".join(texts)
