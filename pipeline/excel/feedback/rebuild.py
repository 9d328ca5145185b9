"""A department's workbook rebuilt: a fresh template of its plan with the department's own entries.

Pure: from what the intake read to a layout. Every entry stands in an input cell again, as the value
that was read or, where nothing could be read, as the text that a person saw; what finds no input
cell is listed (:class:`Remainder`), never lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Final

from pipeline.excel.budget_plan.looks import lines_of
from pipeline.excel.intake.values import read_value
from pipeline.excel.layout.calculator import recalculated
from pipeline.excel.layout.layout import template_identity, template_layout
from pipeline.excel.layout.prefill import SPARE_ROWS, RowLayout
from pipeline.excel.layout.sheet_layout import SheetLayout, Shown, TableLayout, WorkbookLayout
from pipeline.excel.layout.shown import shown
from pipeline.excel.reader.reading import Cell, CellType, column_number
from pipeline.model.blocks import Block, State
from pipeline.model.findings import Finding
from pipeline.model.identity import Identity
from pipeline.model.master import Master
from pipeline.model.submission import Submission
from pipeline.model.tables import Column, Kind
from pipeline.tables.submission import RELEASE_VALUES

_STRANGERS: Final = frozenset({"D01", "D02", "D03", "D05", "D20", "D25", "D29"})
"""Rules after which the file cannot be rebuilt: it is no return of this plan, or untouched, or
ambiguous.
"""
_TEXTUAL: Final = frozenset({Kind.CODE, Kind.TEXT, Kind.CHOICE, Kind.YES_NO})
_CUT: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class Remainder:
    """Something of the department's that stands nowhere in the rebuilt workbook: where it stood,
    and why.
    """

    sheet: str
    cell: str
    text: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """``rows`` maps table and sheet row of the return to the row of the rebuilt sheet.
    ``identity`` is that of the next revision.
    """

    layout: WorkbookLayout
    rows: Mapping[tuple[str, int], int]
    remainders: tuple[Remainder, ...]

    def cell_of(self, finding: Finding) -> tuple[str, str] | None:
        """Sheet and cell of the rebuilt workbook that a finding speaks of."""
        table = self.layout.tables.get(finding.place.table)
        if table is None or table.table.settings:
            return None
        row = self.rows.get((finding.place.table, finding.place.row), finding.place.row)
        letter = table.letters.get(finding.place.column, table.letters[table.table.key[0]])
        inside = table.first_row <= row <= table.last_row
        return (table.sheet, f"{letter}{row if inside else table.first_row}") if row else None


def can_be_rebuilt(submission: Submission) -> bool:
    """Whether there are entries to carry over, and a template to carry them into."""
    return (
        submission.identity is not None
        and submission.started
        and not any(each.blocking and each.rule in _STRANGERS for each in submission.findings)
    )


def rebuilt(submission: Submission, master: Master) -> Rebuilt:
    """The next revision of a return; see :func:`can_be_rebuilt`."""
    identity = _next(submission, master)
    layout = template_layout(master, identity)
    missing = _missing_rows(submission, layout)
    if missing:
        identity = replace(identity, rows=str(missing))
        layout = template_layout(master, identity)
    said = {
        (each.place.table, each.place.row, each.place.column, each.rule): each.values
        for each in submission.findings
    }
    rows: dict[tuple[str, int], int] = {}
    lost: list[Remainder] = []
    sheets = []
    for sheet in layout.sheets:
        table = sheet.table
        block = submission.blocks.get(table.table.name) if table else None
        if table is not None and table.table.settings:
            sheets.append(_released(sheet, table, submission))
        elif table is None or block is None:
            sheets.append(sheet)
        else:
            places = _places(block, table)
            rows |= {(table.table.name, block.rows[i]): row for i, row in places.items()}
            lost += _unplaced(block, places)
            sheets.append(_filled(sheet, table, block, places, said))
    layout = recalculated(replace(layout, sheets=tuple(sheets)))
    return Rebuilt(
        layout=replace(layout, sheets=tuple(_fitted(sheet) for sheet in layout.sheets)),
        rows=rows,
        remainders=(*lost, *_outside(submission), *_notes(submission)),
    )


def _next(submission: Submission, master: Master) -> Identity:
    old = submission.identity
    assert old is not None  # noqa: S101 - see can_be_rebuilt
    revision = int(old.revision) if old.revision.isdigit() else 1
    fresh = template_identity(
        master,
        city=old.city,
        plan=old.plan,
        unit=old.unit,
        rows=old.rows,
        revision=str(revision + 1),
    )
    return replace(fresh, kind="feedback")


# --- where a row goes -------------------------------------------------------------------------


def _places(block: Block, table: TableLayout) -> dict[int, int]:
    """For every row of the block its row in the rebuilt sheet: by its given key, else where it
    stood, else in the next free row. Rows that find no place are absent.
    """
    keys = {_key(row.values, table): number for number, row in _numbered(table)}
    found: dict[int, int] = {}
    taken: set[int] = set()
    records = block.frame[list(table.table.prefilled)].astype(object)
    given = records.where(records.notna(), None).to_dict("records")
    for index, values in enumerate(given):
        key = _key({str(name): value for name, value in values.items()}, table)
        locked = any(block.locked[name].iloc[index] for name in table.table.prefilled)
        number = keys.get(key) if locked and any(key) else None
        if number is not None and number not in taken:
            found[index] = number
            taken.add(number)
    free = [number for number, row in _numbered(table) if _is_free(row, table)]
    for index in range(len(block.rows)):
        if index in found:
            continue
        wanted = block.rows[index]
        number = wanted if wanted in free and wanted not in taken else None
        number = number or next((each for each in free if each not in taken), None)
        if number is not None:
            found[index] = number
            taken.add(number)
    return found


def _numbered(table: TableLayout) -> Iterable[tuple[int, RowLayout]]:
    return enumerate(table.rows, start=table.first_row)


def _key(values: Mapping[str, object], table: TableLayout) -> tuple[str, ...]:
    key = tuple(str(values.get(name) or "") for name in table.table.prefilled)
    return key if any(key) else ()


def _is_free(row: RowLayout, table: TableLayout) -> bool:
    """A row without given keys; issued numbers of measures stand for rows that are free, too."""
    return not _key(row.values, table) or table.table.name == "measures"


def _missing_rows(submission: Submission, layout: WorkbookLayout) -> int:
    """As many prepared rows as every entry needs; 0 where the rows are enough as they are."""
    wanting = 0
    for name, block in submission.blocks.items():
        table = layout.tables.get(name)
        if table is None or name not in SPARE_ROWS:
            continue
        lacking = len(block.rows) - len(_places(block, table))
        if lacking:
            wanting = max(wanting, len(table.rows) + lacking)
    if not wanting:
        return 0
    # The number asked for holds for every table: none may become shorter than it was.
    return max(wanting, *(len(layout.tables[n].rows) for n in SPARE_ROWS if n in layout.tables))


# --- what stands in a row ---------------------------------------------------------------------

_Said = Mapping[tuple[str, int, str, str], Mapping[str, str]]


def _filled(
    sheet: SheetLayout,
    table: TableLayout,
    block: Block,
    places: Mapping[int, int],
    said: _Said,
) -> SheetLayout:
    """The sheet with the entries."""
    cells = dict(sheet.cells)
    prepared_rows = dict(_numbered(table))
    for index, number in places.items():
        prepared = prepared_rows[number]
        entered = {
            column.name: _entry(block, index, column, said)
            for column in table.table.columns
            if column.name not in prepared.locked
        }
        for name, value in entered.items():
            at = column_number(table.letters[name])
            cells[number, at] = replace(cells[number, at], value=value)
    return replace(sheet, cells=cells)


def _fitted(sheet: SheetLayout) -> SheetLayout:
    """The sheet with rows high enough for what stands in them now, the words of the status too."""
    if sheet.table is None or sheet.table.table.settings:
        return sheet
    lines: dict[int, int] = {}
    for (row, column), cell in sheet.cells.items():
        inside = sheet.table.first_row <= row <= sheet.table.last_row
        if inside and isinstance(cell.value, str) and column not in sheet.hidden_columns:
            width = sheet.column_widths[column] * (1.25 if column == 1 else 1.0)  # set smaller
            lines[row] = max(lines.get(row, 1), lines_of(cell.value, width))
    heights = {
        row: max(sheet.fitted_heights.get(row, 0), min(12.8 * number + 3, 400))
        for row, number in lines.items()
        if number > 1
    }
    return replace(sheet, fitted_heights={**sheet.fitted_heights, **heights})


def _entry(block: Block, index: int, column: Column, said: _Said) -> Shown:
    """What stands in an input cell: the value that was read, or the text that a person saw."""
    place = (block.table.name, block.rows[index], column.name)
    raw = block.raw[column.name].iloc[index]
    raw = "" if raw is None or raw != raw else str(raw)  # noqa: PLR0124 - a missing text
    match State(int(block.state[column.name].iloc[index])):
        case State.EMPTY:
            return None
        case State.VALUE:
            exact = _exact(raw) if (*place, "Z07") in said else None
            return shown(column, block.frame[column.name].iloc[index]) if exact is None else exact
        case State.UNREADABLE:
            facts = [values for (*where, _), values in said.items() if tuple(where) == place]
            seen = next((values["wert"] for values in facts if values.get("wert")), raw)
            return _still_unreadable(seen, column)


def _exact(raw: str) -> Decimal | None:
    """More than two places are the department's to round, not ours."""
    try:
        return Decimal(raw)
    except InvalidOperation:
        return None


def _still_unreadable(text: str, column: Column) -> str:
    """A text that the next reading does not take for a value: 46143 was a date, never an amount."""
    if column.kind in _TEXTUAL:
        return text
    cell = Cell(row=1, column=1, type=CellType.TEXT, raw=text)
    if read_value(cell, column, date1904=False).state is State.UNREADABLE:
        return text
    return f"{text} (bitte prüfen)"


def _released(sheet: SheetLayout, table: TableLayout, submission: Submission) -> SheetLayout:
    """The sheet Freigabe; what could not be read there stands in the list of what was named."""
    columns = {column.name: column for column, _ in RELEASE_VALUES}
    at = column_number(table.letters["value"])
    cells = dict(sheet.cells)
    for number, row in _numbered(table):
        setting = str(row.values.get("setting", ""))
        held = submission.release.get(setting)
        if held and setting in columns:
            cells[number, at] = replace(cells[number, at], value=shown(columns[setting], held))
    return replace(sheet, cells=cells)


# --- what has no place ------------------------------------------------------------------------


def _unplaced(block: Block, places: Mapping[int, int]) -> list[Remainder]:
    why = "Die Zeile gehört zu keiner vorbereiteten Zeile dieser Vorlage."
    return [
        Remainder(
            sheet=block.sheet,
            cell=block.place(index, column.name).cell,
            text=str(block.raw[column.name].iloc[index]),
            why=why,
        )
        for index in range(len(block.rows))
        if index not in places
        for column in block.table.columns
        if not block.locked[column.name].iloc[index]
        and int(block.state[column.name].iloc[index]) != State.EMPTY
    ]


def _outside(submission: Submission) -> list[Remainder]:
    """Cells that a finding names and that are no entry of a block."""
    cells = submission.cells
    carried = cells["table"].isin(list(submission.blocks)) & (cells["state"] == "unreadable")
    named: Sequence[tuple[str, ...]] = [
        tuple(map(str, row))
        for row in cells.loc[
            (cells["use"] == "named") & ~carried, ["sheet", "cell", "raw", "column"]
        ].itertuples(index=False)
    ]
    return [
        Remainder(
            sheet=sheet,
            cell=cell,
            text=raw[:_CUT],
            why="gesperrtes Feld" if column else "außerhalb der Eingabefelder",
        )
        for sheet, cell, raw, column in named
        if raw
    ]


def _notes(submission: Submission) -> list[Remainder]:
    return [
        Remainder(
            sheet=each.place.sheet,
            cell=each.place.cell,
            text=each.values.get("text", ""),
            why="Kommentar",
        )
        for each in submission.findings
        if each.rule == "D17"
    ]
