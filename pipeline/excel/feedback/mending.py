"""The feedback workbook where there is something to mend: the department's own workbook once more,
with a first sheet that leads to every place and turns to «erledigt» while it is mended.

Order of the sheets: Rückmeldung, Quittung, then the rebuilt template, Beträge, and what is hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.sheets import page, put_header, put_source
from pipeline.excel.budget_plan.sources import SEVERITY_ROLES
from pipeline.excel.feedback.feedback import (
    AMOUNTS,
    FINDING_HEAD,
    FINDINGS,
    HEAD_ROW,
    RECEIPT,
    Desk,
    desk_of,
    entries_of,
    finding_cells,
    put_amounts,
    put_receipt,
    write_receipt,
)
from pipeline.excel.feedback.rebuild import Rebuilt, Remainder, can_be_rebuilt, rebuilt
from pipeline.excel.intake.values import german_number
from pipeline.excel.layout.own_sheets import marks_of, note_mark
from pipeline.excel.layout.sheet_layout import CellLayout, SheetLayout, Shown, TableLayout
from pipeline.excel.layout_writer import put_sheet
from pipeline.excel.linter.linter import faults_of
from pipeline.excel.reader.reading import column_number
from pipeline.excel.workbook import (
    done,
    new_book,
    put,
    put_formula,
    put_number,
    put_text,
)
from pipeline.model.findings import Finding, Severity
from pipeline.model.messages import sentence
from pipeline.model.results import Results
from pipeline.model.submission import Submission
from pipeline.model.tables import Kind

LATER: Final = "wird nach der Rückgabe geprüft"
MENDED: Final = "✓ in dieser Datei behoben"
_OPEN: Final = "offen"
_DONE: Final = "✓ erledigt"
_CHANGED: Final = "geändert, wird nach der Rückgabe geprüft"

_BY_REBUILDING: Final = frozenset(
    {"A07", "D04", "D09", "D11", "D13", "D14", "D15", "D18", "D19", "D24", "D30", "D32", "D33"}
    | {"D34", "D35", "D36", "D37", "Z02", "Z17", "Z20"}
)
"""What is in order again because the workbook was made anew."""
_NOTHING_TO_DO: Final = frozenset({"D04", "D09", "D11", "D30", "D32", "D34", "D35", "D36"})
"""Warnings for which nobody needs a new workbook: everything was read."""
_LISTED_BELOW: Final = frozenset({"D17", "D22", "D23"})
_OF_ONE_CELL: Final = frozenset(
    {"D12", "D26", "H01", "K01", "K07", "K10", "K12", "M01", "M04"}
    | {"S01", "S02", "S04", "S05", "S13", "S15", "S16", "S17"}
    | {f"Z{number:02d}" for number in range(1, 24)}
)
"""Rules that speak of the entry of one cell: while it is unchanged, nothing is mended."""
_NOW_A_TEXT: Final = frozenset({"D12", "D26", "Z04", "Z05", "Z19"})
"""What stands in a number cell as the text that a person saw: it is no number, says the sheet."""
_WIDTHS: Final = (5.0, 12.0, 14.0, 9.0, 27.0, 19.0, 42.0, 42.0, 21.0, 4.0)
_HEAD: Final = (*(title for title, _ in FINDING_HEAD[:8]), "erledigt?", "")
_DONE_COLUMN, _ORIGINAL_COLUMN = 8, 9
_LEFT_HEAD: Final = ("Nr.", "", "Blatt", "Zelle", "Warum", "Was dort stand")
_NOTE_LIMIT: Final = 900
_SEEN: Final = 120
_GERMAN: Final = str.maketrans(",.", ".,")


def write_feedback(results: Results, unit: str, submission: Submission | None, path: Path) -> None:
    """Writes ``Rueckmeldungen/<unit>.xlsx``: the receipt, and with it the rebuilt workbook where
    something is open in ``submission``, the unit's counted file.

    The linter looks at the rebuilt workbook as at a template. An unsound one is not handed out, nor
    does it keep the others from theirs: the department then gets the receipt, whose list leads to
    the cells of its own file.
    """
    if submission is None or not can_be_rebuilt(submission) or not _to_mend(results, submission):
        write_receipt(results, unit, path)
        return
    made = rebuilt(submission, results.master)
    layout = made.layout
    with new_book(
        path,
        title=f"Rückmeldung {unit} – {results.plan}",
        subject=results.master.settings.city,
        properties=layout.identity.entries(),
    ) as book:
        desk = replace(desk_of(results, unit, book), rebuilt=True)
        _put_book(desk, made, submission.file)
        for name, reference in layout.names.items():
            book.define(name, reference)
    if faults_of(path.read_bytes()):
        write_receipt(results, unit, path)


def _to_mend(results: Results, submission: Submission) -> bool:
    mine = (each for each in results.findings if each.place.file == submission.file)
    return any(_is_open(each) and each.rule not in _NOTHING_TO_DO for each in mine)


def _is_open(finding: Finding) -> bool:
    return finding.severity is not Severity.NOTE and not finding.waived and not finding.explained


def _put_book(desk: Desk, made: Rebuilt, file: str) -> None:
    book = desk.book
    own = {name: book.sheet(name) for name in (FINDINGS, RECEIPT)}
    visible = [sheet for sheet in made.layout.sheets if not sheet.hidden]
    sheets = {each.name: put_sheet(book, each, made.layout.footer) for each in visible}
    own[AMOUNTS] = book.sheet(AMOUNTS)
    put_receipt(desk, own[RECEIPT])
    put_amounts(desk, own[AMOUNTS])
    _put_list(desk, own[FINDINGS], made, file)
    notes = _put_notes(desk, sheets, made, file)
    marks = {key: value for sheet in own.values() for key, value in marks_of(sheet).items()}
    for sheet in own.values():
        sheet.protect("", {"format_columns": True, "format_rows": True, "autofilter": True})
    own[FINDINGS].activate()
    for each in made.layout.sheets:
        if each.hidden:
            with_marks = _with_entries(each, {**marks, **notes}) if _is_meta(each) else each
            put_sheet(book, with_marks, made.layout.footer)


def _is_meta(sheet: SheetLayout) -> bool:
    return sheet.name == "_meta"


def _with_entries(sheet: SheetLayout, entries: Mapping[str, str]) -> SheetLayout:
    """The sheet ``_meta`` with further entries below its own."""
    first = max(row for row, _ in sheet.cells) + 1
    cells = dict(sheet.cells)
    for row, (name, value) in enumerate(entries.items(), start=first):
        cells[row, 1] = CellLayout(value=name, style="plain:text")
        cells[row, 2] = CellLayout(value=value, style="plain:text")
    return replace(sheet, cells=cells)


# --- the list ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Task:
    """One finding in the list: its texts, where it leads, and how it turns to «erledigt»."""

    finding: Finding
    texts: Sequence[str]
    target: tuple[str, str] | None
    original: Shown
    formula: str
    shown: str


def _tasks(desk: Desk, made: Rebuilt, file: str) -> list[_Task]:
    entries = entries_of(desk)
    found = []
    for finding, texts in desk.findings:
        mine = finding.place.file == file
        target = _target(finding, made) if mine else None
        cells = finding_cells(desk, finding, texts, entries)[:8]
        original = _held(made, target)
        if target is not None:
            cells[2:4] = target
            cells[5] = _as_seen(original, made, target) or "(leer)"
            cells[6:8] = _said_of(finding, target)
        formula, shown = _progress(finding, made, target, mine=mine)
        found.append(
            _Task(
                finding=finding,
                texts=cells,
                target=target,
                original=original,
                formula=formula,
                shown=shown,
            )
        )
    return found


def _target(finding: Finding, made: Rebuilt) -> tuple[str, str] | None:
    if finding.rule == "D28":
        release = made.layout.tables["release"]
        return release.sheet, f"{release.letters['value']}{release.first_row}"
    if finding.rule in _LISTED_BELOW:
        return None
    return made.cell_of(finding)


def _held(made: Rebuilt, target: tuple[str, str] | None) -> Shown:
    if target is None:
        return None
    sheet = next(each for each in made.layout.sheets if each.name == target[0])
    cell = sheet.cells.get(_split(target[1]))
    return cell.value if cell else None


def _as_seen(value: Shown, made: Rebuilt, target: tuple[str, str]) -> str:
    """An entry as it looks in its cell."""
    table = next(each for each in made.layout.tables.values() if each.sheet == target[0])
    kinds = {table.letters[column.name]: column.kind for column in table.table.columns}
    kind = kinds.get(target[1].rstrip("0123456789"))
    if isinstance(value, Decimal):
        exact = value == value.quantize(Decimal("0.01"))
        if kind is Kind.MONEY and exact:
            return f"{value:,.2f}".translate(_GERMAN)
        return german_number(value)
    if isinstance(value, date):
        return value.strftime("%m.%Y" if kind is Kind.MONTH else "%d.%m.%Y")
    text = "" if value is None else str(value)
    return text if len(text) <= _SEEN else f"{text[: _SEEN - 1]}…"


def _said_of(finding: Finding, target: tuple[str, str]) -> tuple[str, str]:
    """The sentences of a finding, speaking of its cell in this workbook."""
    return sentence(replace(finding, place=replace(finding.place, sheet=target[0], cell=target[1])))


def _split(cell: str) -> tuple[int, int]:
    letters = cell.rstrip("0123456789")
    return int(cell[len(letters) :]), column_number(letters)


def _progress(
    finding: Finding,
    made: Rebuilt,
    target: tuple[str, str] | None,
    *,
    mine: bool,
) -> tuple[str, str]:
    """The formula of «erledigt?» (empty: none) and what it shows while nothing is mended yet.

    A rule that the sheet checks itself turns by its own helper column; else the entry has to
    change. What lies in several cells, or in other files, only the next reading can judge.
    """
    if finding.waived or finding.explained:
        return "", "Ausnahme genehmigt" if finding.waived else "erläutert"
    if finding.rule in _LISTED_BELOW and mine:
        return "", "unten aufgeführt"
    if finding.rule in _BY_REBUILDING and mine:
        return "", MENDED
    if finding.severity is Severity.NOTE:
        return "", "zur Kenntnis"
    if target is None or not mine:
        return "", LATER
    table = next(each for each in made.layout.tables.values() if each.sheet == target[0])
    if finding.rule == "D28":
        return (
            f'IF(\'{table.sheet}\'!{target[1]}="freigegeben","{_DONE}","{_OPEN}")',
            _OPEN,
        )
    row, _ = _split(target[1])
    helpers = _helpers_of(finding, table)
    if helpers:
        cells = "+".join(_at(table, letter, row) for letter in helpers)
        still = any(_value(made, table, letter, row) == 1 for letter in helpers)
        return f'IF({cells}=0,"{_DONE}","{_OPEN}")', _OPEN if still else _DONE
    if finding.rule not in _OF_ONE_CELL or not finding.place.column:
        return "", LATER
    here = _at(table, table.letters[finding.place.column], row)
    return (
        f'IF(IFERROR(EXACT({here}&"",{{original}}&""),TRUE),"{_OPEN}","{_CHANGED}")',
        _OPEN,
    )


def _helpers_of(finding: Finding, table: TableLayout) -> list[str]:
    """The helper columns of the live checks that say what the finding says."""
    variant = finding.values.get("variant", "")
    said = {finding.rule, f"{finding.rule}.{variant}"}
    if finding.rule in _NOW_A_TEXT:
        said.add("Z01")
    return [
        table.helpers[check.helper]
        for check in table.checks
        if check.column == finding.place.column and said & {check.rule, *check.covers}
    ]


def _value(made: Rebuilt, table: TableLayout, letter: str, row: int) -> Shown:
    sheet = next(each for each in made.layout.sheets if each.name == table.sheet)
    cell = sheet.cells.get((row, column_number(letter)))
    return cell.value if cell else None


def _at(table: TableLayout, letter: str, row: int) -> str:
    """A cell by its place in the column: cutting and pasting cannot pull the reference along."""
    span = f"'{table.sheet}'!${letter}${table.header_row}:${letter}${table.closing_row}"
    return f"INDEX({span},{row - table.header_row + 1})"


def _put_list(desk: Desk, sheet: Worksheet, made: Rebuilt, file: str) -> None:
    page(desk.results, sheet, FINDINGS)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.set_column(_ORIGINAL_COLUMN, _ORIGINAL_COLUMN, None, None, {"hidden": True})
    tasks = _tasks(desk, made, file)
    _put_heading(desk, sheet, tasks, made)
    put_header(desk.looks, sheet, HEAD_ROW, _HEAD, _WIDTHS)
    for number, task in enumerate(tasks, start=1):
        _put_task(desk, sheet, number, task)
    last = HEAD_ROW + len(tasks)
    _put_colours(desk, sheet, HEAD_ROW + 1, last)
    _put_remainders(desk, sheet, last + 2, made.remainders)
    sheet.repeat_rows(HEAD_ROW)
    sheet.freeze_panes(HEAD_ROW + 1, 4)


def _put_heading(desk: Desk, sheet: Worksheet, tasks: Sequence[_Task], made: Rebuilt) -> None:
    sheet.set_row(0, 26)
    put_text(sheet, 0, 0, f"Rückmeldung: {desk.title}", desk.looks("title"))
    subtitle = (
        "Vielen Dank! Ihre Eingaben stehen vollständig in dieser Datei. Ein Klick auf die Zelle "
        "führt zur Stelle; bitte hier weiterarbeiten, speichern und die Datei zurücksenden "
        f"(Fassung {made.layout.identity.revision})."
    )
    put_text(sheet, 1, 0, subtitle, desk.looks("subtitle"))
    sheet.set_row(2, 18)
    first, last = HEAD_ROW + 2, HEAD_ROW + 1 + len(tasks)
    count = f'COUNTIF($I${first}:$I${last},"{_OPEN}")'
    still = sum(task.shown == _OPEN for task in tasks)
    later = sum(task.shown == LATER and _is_open(task.finding) for task in tasks)
    words = "✓ Alles bearbeitet. Bitte die Datei zurücksenden."
    rest = f" {later} weitere prüft die Kämmerei nach der Rückgabe." if later else ""
    formula = (
        f'IF({count}=0,"{words}","✗ Noch "&{count}&IF({count}=1," Stelle"," Stellen")'
        f'&" offen.{rest}")'
    )
    shown = f"✗ Noch {still} Stelle{'n' if still > 1 else ''} offen.{rest}" if still else words
    put_formula(sheet, 2, 0, formula, desk.looks("heading"), shown)


def _put_task(desk: Desk, sheet: Worksheet, number: int, task: _Task) -> None:
    row = HEAD_ROW + number
    texts = [*task.texts, task.shown]
    # «geändert …» is the longest thing that the last column may say.
    widest = [*texts[:-1], _CHANGED if "{original}" in task.formula else texts[-1]]
    sheet.set_row(row, height_of(*zip(widest, _WIDTHS[:9], strict=True)))
    put_number(sheet, row, 0, number, desk.looks("number", "count"))
    looks = desk.looks("row", "wrap")
    role = "row" if task.finding.waived else SEVERITY_ROLES[task.finding.severity.value]
    for column, text in enumerate(task.texts[1:], start=1):
        if column == 3:
            link = None
            if task.target is not None:
                link = f"internal:'{task.target[0]}'!{task.target[1]}"
            put_source(desk.looks, sheet, row, column, text, link)
        else:
            put_text(sheet, row, column, text, desk.looks(role, "wrap") if column == 1 else looks)
    if task.formula:
        formula = task.formula.replace("{original}", f"$J${row + 1}")
        put_formula(sheet, row, _DONE_COLUMN, formula, looks, task.shown)
    else:
        put_text(sheet, row, _DONE_COLUMN, task.shown, looks)
    _put_original(sheet, row, task)


def _put_original(sheet: Worksheet, row: int, task: _Task) -> None:
    """The entry as it came, in a hidden column: what the formula compares with."""
    if task.original is not None:
        put(sheet, row, _ORIGINAL_COLUMN, task.original)


def _put_colours(desk: Desk, sheet: Worksheet, first: int, last: int) -> None:
    for start, look in (("✓", "ok"), ("geändert", "ok"), (_OPEN, "error")):
        done(
            sheet.conditional_format(
                first,
                _DONE_COLUMN,
                last,
                _DONE_COLUMN,
                {
                    "type": "formula",
                    "criteria": f'=LEFT($I{first + 1},{len(start)})="{start}"',
                    "format": desk.book.condition(look),
                },
            )
        )


def _put_remainders(
    desk: Desk, sheet: Worksheet, row: int, remainders: Sequence[Remainder]
) -> None:
    """What the department wrote where nothing was prepared: listed here, never lost."""
    if not remainders:
        return
    sheet.set_row(row, 20)
    title = "Was außerhalb der Eingabefelder stand"
    put_text(sheet, row, 0, title, desk.looks("heading"))
    text = (
        "Das ließ sich nicht übernehmen. Gehört etwas davon in den Haushalt, tragen Sie es bitte "
        "in das passende Feld ein."
    )
    put_text(sheet, row + 1, 0, text, desk.looks("subtitle"))
    widths = (*_WIDTHS[:5], sum(_WIDTHS[5:9]))
    put_header(desk.looks, sheet, row + 2, _LEFT_HEAD, widths)
    for column in range(6, 9):
        put_text(sheet, row + 2, column, "", desk.looks("head", "centre"))
    for number, each in enumerate(remainders, start=1):
        at = row + 2 + number
        texts = ("", "", each.sheet, each.cell, each.why, each.text)
        sheet.set_row(at, height_of(*zip(texts, widths, strict=True)))
        put_number(sheet, at, 0, number, desk.looks("number", "count"))
        for column, value in enumerate(texts[1:5], start=1):
            put_text(sheet, at, column, value, desk.looks("row", "wrap"))
        done(sheet.merge_range(at, 5, at, 8, "", desk.looks("row", "wrap")))
        put_text(sheet, at, 5, each.text, desk.looks("row", "wrap"))


# --- notes at the cells -----------------------------------------------------------------------


def _put_notes(
    desk: Desk, sheets: Mapping[str, Worksheet], made: Rebuilt, file: str
) -> dict[str, str]:
    """A note at every cell that something is open at; gives the marks by which they are known."""
    said: dict[tuple[str, str], list[str]] = {}
    for number, (finding, _) in enumerate(desk.findings, start=1):
        if finding.place.file != file or not _is_open(finding) or not finding.place.column:
            continue
        target = _target(finding, made)
        if target is None or finding.rule in _BY_REBUILDING:
            continue
        said.setdefault(target, []).append(
            f"Rückmeldung Nr. {number}: {' '.join(_said_of(finding, target))}"
        )
    marks = {}
    for (name, cell), each in sorted(said.items()):
        text = "\n".join(each)
        text = text if len(text) <= _NOTE_LIMIT else f"{text[: _NOTE_LIMIT - 1]}…"
        row, column = _split(cell)
        lines = height_of((text, 52.0)) / 12.8
        options = {"author": "", "width": 330, "height": 22 + 15 * lines, "font_size": 9}
        done(sheets[name].write_comment(row - 1, column - 1, text, options))
        marks[note_mark(text)] = "1"
    return marks


__all__ = ["LATER", "MENDED", "write_feedback"]
