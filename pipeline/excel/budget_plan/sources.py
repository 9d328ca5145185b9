"""The sheets Rückläufe, Befunde and Quellen: what came back, what was found, what was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.sheets import (
    DIFFERENCES,
    FINDINGS,
    LINKS_PER_SHEET,
    RETURNS,
    SOURCES,
    TITLE_ROWS,
    Plan,
    open_sheet,
    put_header,
    put_source,
    source_link,
    text_of,
)
from pipeline.excel.workbook import put_number, put_text
from pipeline.model.findings import Finding

_RETURNS: Final = (
    ("Einheit", 9.0),
    ("Bezeichnung", 34.0),
    ("Datei", 28.0),
    ("Revision", 9.0),
    ("Status", 28.0),
    ("Geld", 19.0),
    ("Kennzahlen", 19.0),
    ("Fehler", 8.0),
    ("Warnungen", 11.0),
    ("Hinweise", 10.0),
    ("Prüfsumme (SHA-256)", 40.0),
)
_FINDINGS: Final = (
    ("Nr.", 5.0),
    ("Stufe", 12.5),
    ("Regel", 8.0),
    ("Einheit", 8.0),
    ("Datei", 22.0),
    ("Blatt", 15.0),
    ("Zelle", 9.0),
    ("Was ist aufgefallen?", 52.0),
    ("Was ist zu tun?", 46.0),
    ("Sperrt", 12.0),
    ("Stand", 16.0),
)
_DIFFERENCES: Final = (
    ("Einheit", 8.0),
    ("Blatt", 15.0),
    ("Zeile", 24.0),
    ("Spalte", 20.0),
    ("Datei", 26.0),
    ("Zelle", 8.0),
    ("Wert", 28.0),
    ("Andere Datei", 26.0),
    ("Zelle", 8.0),
    ("Wert dort", 28.0),
)
_MOST_DIFFERENCES: Final = 20_000
_SOURCES: Final = (("Datei", 52.0), ("Prüfsumme (SHA-256)", 72.0))
SEVERITY_ROLES: Final = {"error": "bad", "warning": "watch", "note": "row"}
SEVERITY_SYMBOLS: Final = {"error": "✗", "warning": "▲", "note": "○"}
SEVERITY_ORDER: Final = ("error", "warning", "note")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def write_returns(plan: Plan) -> None:
    """Writes the register of returns."""
    widths = [width for _, width in _RETURNS]
    subtitle = "Jede Datei des Eingangs und jede erwartete Einheit ohne Datei."
    sheet = open_sheet(plan, RETURNS, "Rückläufe", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, [title for title, _ in _RETURNS], widths)
    units = plan.results.master.titles["units"]
    row = TITLE_ROWS
    for entry in records(plan.results.tables["register"]):
        row += 1
        facts = {name: text_of(value) for name, value in entry.items()}
        title = units.get(facts["unit"], "")
        status = labels.of(labels.STATUS, facts["status"])
        sheet.set_row(
            row, height_of((title, 34), (facts["file"], 28), (status, 26), (facts["sha256"], 40))
        )
        for column, text in enumerate((facts["unit"], title)):
            put_text(sheet, row, column, text, plan.looks("row", "wrap"))
        put_source(
            plan.looks, sheet, row, 2, facts["file"], source_link(plan.results, facts["file"])
        )
        put_text(sheet, row, 3, facts["revision"], plan.looks("row", "centre"))
        role = {
            "missing": "bad",
            "rejected": "bad",
            "partial": "watch",
            "substituted": "watch",
        }.get(facts["status"], "row")
        put_text(sheet, row, 4, status, plan.looks(role, "wrap"))
        for column, name in ((5, "money"), (6, "key_figures")):
            put_text(
                sheet, row, column, labels.of(labels.PART, facts[name]), plan.looks("row", "wrap")
            )
        for column, name in ((7, "errors"), (8, "warnings"), (9, "notes")):
            put_text(sheet, row, column, "", plan.looks("row"))
            if facts[name]:
                put_number(sheet, row, column, int(facts[name]), plan.looks("row", "integer"))
        put_text(sheet, row, 10, facts["sha256"], plan.looks("row", "wrap"))
    _close(plan, RETURNS, row, len(widths), "Es ist noch nichts eingegangen.")


def write_differences(plan: Plan) -> None:
    """Writes in which cells several returns of one unit differ, both values side by side."""
    widths = [width for _, width in _DIFFERENCES]
    subtitle = (
        "Mehrere Rückläufe einer Einheit, Zelle für Zelle: links die Datei, die vorgeht, rechts "
        "die andere. Gleiche Zeilen gelten als gleich, auch wenn sie woanders stehen."
    )
    sheet = open_sheet(plan, DIFFERENCES, "Unterschiede", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, [title for title, _ in _DIFFERENCES], widths)
    found = plan.results.differences
    row = TITLE_ROWS
    for each in found[:_MOST_DIFFERENCES]:
        row += 1
        value, other_value = each.value or "leer", each.other_value or "leer"
        texts = {
            0: each.unit, 1: each.sheet, 2: each.row, 3: each.column,
            4: each.file, 6: value, 7: each.other, 9: other_value,
        }  # fmt: skip
        sheet.set_row(row, height_of(*((text, widths[at]) for at, text in texts.items())))
        for column, text in texts.items():
            put_text(sheet, row, column, text, plan.looks("row", "wrap"))
        for column, file, cell in ((5, each.file, each.cell), (8, each.other, each.other_cell)):
            linked = bool(cell) and 2 * row < LINKS_PER_SHEET
            link = source_link(plan.results, file, each.sheet, cell) if linked else None
            put_source(plan.looks, sheet, row, column, cell, link)
    _close(plan, DIFFERENCES, row, len(widths), "")
    if len(found) > _MOST_DIFFERENCES:
        more = f"… und {len(found) - _MOST_DIFFERENCES} weitere Zellen."
        put_text(sheet, row + 1, 0, more, plan.looks("plain"))


def printed_findings(findings: Sequence[Finding]) -> list[int]:
    """The positions of the findings in the order in which the sheet Befunde prints them: errors
    first, what is waived behind what is open. The first stands in the row behind the header.
    """
    return sorted(
        range(len(findings)),
        key=lambda place: (
            SEVERITY_ORDER.index(findings[place].severity.value),
            findings[place].waived,
        ),
    )


def write_findings(plan: Plan) -> None:
    """Writes all findings: errors first, each with a link to the cell."""
    widths = [width for _, width in _FINDINGS]
    entries = records(plan.results.tables["findings"])
    found = [entries[place] for place in printed_findings(plan.results.findings)]
    counts = {
        severity: sum(1 for entry in found if entry["severity"] == severity)
        for severity in SEVERITY_ORDER
    }
    subtitle = (
        f"{labels.counted(counts)}. Die Zelle führt in die Datei, in der etwas aufgefallen ist."
    )
    sheet = open_sheet(plan, FINDINGS, "Befunde", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, [title for title, _ in _FINDINGS], widths)
    row = TITLE_ROWS
    for entry in found:
        row += 1
        facts = {name: text_of(value) for name, value in entry.items()}
        sheet.set_row(
            row,
            height_of(
                (facts["message"], 52),
                (facts["repair"], 46),
                (facts["file"], 22),
                (facts["sheet"], 15),
            ),
        )
        put_number(sheet, row, 0, row - TITLE_ROWS, plan.looks("number", "count"))
        severity = facts["severity"]
        word = f"{SEVERITY_SYMBOLS[severity]} {labels.SEVERITY[severity]}"
        put_text(
            sheet,
            row,
            1,
            word,
            plan.looks("row" if entry["waived"] else SEVERITY_ROLES[severity], "text"),
        )
        for column, name in (
            (2, "rule"),
            (3, "unit"),
            (4, "file"),
            (5, "sheet"),
            (7, "message"),
            (8, "repair"),
        ):
            put_text(sheet, row, column, facts[name], plan.looks("row", "wrap"))
        link = source_link(plan.results, facts["file"], facts["sheet"], facts["cell"])
        put_source(
            plan.looks, sheet, row, 6, facts["cell"], link if row < LINKS_PER_SHEET else None
        )
        put_text(
            sheet, row, 9, labels.of(labels.BLOCKS, facts["blocks"]), plan.looks("row", "wrap")
        )
        put_text(sheet, row, 10, state_of(entry), plan.looks("row", "wrap"))
    _close(plan, FINDINGS, row, len(widths), "Es ist nichts aufgefallen.")


def state_of(entry: dict[str, Any]) -> str:
    """Whether a finding still waits for somebody."""
    if entry["waived"]:
        return "Ausnahme genehmigt"
    return "erläutert" if entry["explained"] else "offen"


def write_sources(plan: Plan) -> None:
    """Writes every file that was read, with its hash and a link."""
    widths = [width for _, width in _SOURCES]
    subtitle = (
        "Aus diesen Dateien ist der Plan entstanden. Dieselben Dateien ergeben denselben "
        "Plan, Byte für Byte."
    )
    sheet = open_sheet(plan, SOURCES, "Quellen", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, [title for title, _ in _SOURCES], widths)
    row = TITLE_ROWS
    for file, digest in sorted(plan.results.sources.items()):
        row += 1
        sheet.set_row(row, height_of((file, 52)))
        put_source(plan.looks, sheet, row, 0, file, source_link(plan.results, file))
        put_text(sheet, row, 1, digest, plan.looks("row", "text"))
    _close(plan, SOURCES, row, len(widths), "Es wurde nichts gelesen.")


def _close(plan: Plan, name: str, last_row: int, columns: int, empty: str) -> None:
    sheet = plan.sheets[name]
    if last_row == TITLE_ROWS:
        put_text(sheet, TITLE_ROWS + 1, 0, empty, plan.looks("plain"))
    elif name != SOURCES:
        sheet.autofilter(TITLE_ROWS, 0, last_row, columns - 1)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(TITLE_ROWS + 1, 0)
