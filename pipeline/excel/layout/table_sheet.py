"""The sheet of one table: where its columns, headers, prepared rows, helper columns and totals
stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from pipeline.excel.layout.live import (
    ACTIVE,
    LiveCheck,
    Own,
    active_formula,
    applies,
    highlights,
    status_formula,
    validation,
)
from pipeline.excel.layout.prefill import RowLayout
from pipeline.excel.layout.sheet_layout import (
    CellLayout,
    Highlight,
    Print,
    SheetLayout,
    Shown,
    TableLayout,
    Validation,
)
from pipeline.excel.layout.shown import shown
from pipeline.excel.reader.reading import column_letters
from pipeline.excel.styles import shown_as
from pipeline.model.tables import Column, Filler, Kind, Table

TITLE_ROW, HINT_ROW, KEY_ROW = 1, 2, 3
STATUS_WIDTH = 36.0
_MARGIN = 3.0
_PAGE = 132
"""Characters (Arial 10) across A4 landscape at full size, less a narrow margin."""
_LONGEST_WORD = 40
_SMALLEST = 58
"""Per cent: below this nobody reads a printed sheet; the columns then go onto further pages."""


@dataclass(frozen=True, kw_only=True)
class Helper:
    """A locked column of ours beside column ``after``, for the eyes of people.

    ``formula`` makes the cell's formula from references to the own row; ``cached`` its value from
    what the row holds when it is handed out. Without a formula, or where the row is ``fixed``, that
    value itself stands there. A ``hidden`` one stands behind all other columns, is read by other
    formulas only, and is left out in rows that are ``fixed``.
    """

    name: str
    title: str
    after: str
    width: float
    style: str = "helper:text"
    formula: Callable[[Own], str] | None = None
    cached: Callable[[RowLayout], Shown]
    fixed: Callable[[RowLayout], bool] = lambda _: False
    hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class Total:
    """A control total above the table: a label, and per column of ``values`` a formula with its
    value (without a formula the value alone).

    ``formula`` gets the column's name, the references of the table and the cells of the other
    totals in its column by label. ``warns`` colours what lies above 0.
    """

    label: str
    formula: Callable[[str, Own, Mapping[str, str]], str] | None
    values: Mapping[str, Shown]
    style: str = "total:money"
    warns: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a table's sheet is made from.

    ``sources`` gives the defined name of the list behind a column, or a formula that names other
    cells of the row in braces; ``lenient`` are the columns whose lists only advise. ``decimals``
    gives the places of a row's numbers, ``frozen`` the column up to which the sheet stands still,
    ``closing`` the text below the last prepared row. ``editable`` sheets (master) have nothing
    locked but the key row.
    """

    table: Table
    rows: tuple[RowLayout, ...]
    heading: str
    hint: str
    helpers: tuple[Helper, ...] = ()
    checks: tuple[LiveCheck, ...] = ()
    totals: tuple[Total, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    lenient: frozenset[str] = frozenset()
    decimals: Callable[[RowLayout, Column], int | None] = lambda _row, _column: None
    frozen: str = ""
    closing: str = ""
    lines: int = 1
    editable: bool = False
    shown: Callable[[Column, object], Shown] = shown


@dataclass(frozen=True, kw_only=True)
class _Slot:
    number: int
    name: str
    title: str
    width: float
    column: Column | None = None
    helper: Helper | None = None
    check: LiveCheck | None = None

    @property
    def hidden(self) -> bool:
        """Whether only formulas read the column."""
        return self.check is not None or (self.helper is not None and self.helper.hidden)

    @property
    def letter(self) -> str:
        return column_letters(self.number)


def table_sheet(plan: Plan) -> SheetLayout:
    """The sheet of a table (settings have their own form, see
    :mod:`pipeline.excel.layout.settings_sheet`).
    """
    every = _slots(plan)
    slots = [slot for slot in every if not slot.hidden]
    band = KEY_ROW + len(plan.totals) + 1
    first = band + 3
    table = TableLayout(
        table=plan.table,
        sheet=plan.table.sheet,
        key_row=KEY_ROW,
        header_row=first - 1,
        first_row=first,
        last_row=first + len(plan.rows) - 1,
        letters={slot.name: slot.letter for slot in every if slot.column},
        helpers={slot.name: slot.letter for slot in every if not slot.column},
        rows=plan.rows,
        checks=plan.checks,
    )
    frozen = max((slot.number for slot in slots if slot.name == plan.frozen), default=1)
    numbers = {slot.name: slot.number for slot in slots}
    widths = {
        1: _MARGIN if plan.editable else STATUS_WIDTH,
        **{slot.number: slot.width for slot in slots},
    }
    header_height = 13.5 * max(_lines(slot.title, slot.width - 3, 1.15) for slot in slots) + 5
    area = (table.header_row, 1, table.last_row, slots[-1].number)
    body = _body(plan, table, slots)
    behind = [slot for slot in every if slot.hidden]
    return SheetLayout(
        name=plan.table.sheet,
        title=plan.heading,
        table=table,
        cells={
            **_heading(plan),
            **_key_row(table, every),
            **_totals(plan, table, numbers, frozen),
            **_header(plan, slots, band),
            **body,
            **_hidden(plan, table, behind),
            (table.closing_row, 1): CellLayout(
                value=plan.closing or None, style="end", locked=not plan.editable
            ),
        },
        column_widths=widths,
        row_heights={
            TITLE_ROW: 24,
            **dict.fromkeys(range(KEY_ROW + 1, band), 13.5),
            table.header_row: header_height,
        },
        fitted_heights=_fitted(body, widths, least=plan.lines, rows=plan.rows, first=first),
        hidden_rows=(KEY_ROW,),
        hidden_columns=tuple(slot.number for slot in behind),
        freeze=(first, frozen + 1),
        filtered=area,
        validations=_validations(plan, table, slots),
        highlights=()
        if plan.editable
        else (*highlights(table, numbers), *_warnings(plan, numbers)),
        printing=_printing(plan.table, slots, frozen, (band, table.header_row), margin=widths[1]),
        editable=plan.editable,
    )


def _slots(plan: Plan) -> list[_Slot]:
    """All columns from B on: those of the table with their helpers beside them, then the hidden
    ones.
    """
    slots: list[_Slot] = []

    def add(name: str, title: str, width: float, **what: Column | Helper | LiveCheck) -> None:
        number = len(slots) + 2
        slots.append(_Slot(number=number, name=name, title=title, width=width, **what))  # type: ignore[arg-type]

    for column in plan.table.columns:
        star = " *" if column.required and column.filled_by is Filler.DEPARTMENT else ""
        title = f"{column.title}{star}"
        add(column.name, title, _width(column, plan.rows), column=column)
        for helper in plan.helpers:
            if helper.after == column.name and not helper.hidden:
                add(helper.name, helper.title, helper.width, helper=helper)
    for helper in plan.helpers:
        if helper.hidden:
            add(helper.name, helper.title, helper.width, helper=helper)
    for check in plan.checks:
        add(check.helper, check.message, 4.0, check=check)
    return slots


def _width(column: Column, rows: Sequence[RowLayout]) -> float:
    """The declared width, but never so narrow that a word of the title or of a value is cut."""
    title = max(len(word) for word in f"{column.title} *".split())
    held = (row.values.get(column.name) for row in rows)
    words = (len(word) for value in held if isinstance(value, str) for word in value.split())
    longest = min(max(words, default=0), _LONGEST_WORD)
    return max(float(column.width), title * 1.15 + 3, longest + 4.0)


def _fitted(
    body: Mapping[tuple[int, int], CellLayout],
    widths: Mapping[int, float],
    *,
    least: int,
    rows: Sequence[RowLayout],
    first: int,
) -> dict[int, float]:
    """The heights of rows that need more than one line, ``least`` of them everywhere."""
    lines = dict.fromkeys(range(first, first + len(rows)), least)
    for (row, column), cell in body.items():
        # Shorter texts fit any of our columns but the narrowest, and most cells are empty.
        if isinstance(cell.value, str) and len(cell.value) > widths[column] - 3:
            letter = 0.88 if cell.style.startswith("helper") else 0.97  # helpers are set smaller
            lines[row] = max(lines[row], _lines(cell.value, widths[column] - 3, letter))
    return {row: 12.5 * number + 3 for row, number in lines.items() if number > 1}


def _lines(text: str, room: float, letter: float) -> int:
    """The lines that a wrapped text needs, its letters ``letter`` characters wide on average."""
    lines, used = 1, 0.0
    for word in text.split():
        size = len(word) * letter
        if used and used + 1 + size > room:
            lines, used = lines + 1, size
        else:
            used += size + (1 if used else 0)
    return lines


def _heading(plan: Plan) -> dict[tuple[int, int], CellLayout]:
    locked = not plan.editable
    return {
        (TITLE_ROW, 1): CellLayout(value=plan.heading, style="title", locked=locked),
        (HINT_ROW, 1): _link("Hinweise" if plan.editable else "Prüfung", locked=locked),
        # Behind the link's own column, which is narrow in the master.
        (HINT_ROW, 3 if plan.editable else 2): CellLayout(
            value=plan.hint, style="muted", locked=locked
        ),
    }


def _link(sheet: str, *, locked: bool) -> CellLayout:
    return CellLayout(
        value=f"→ {sheet}", style="link", link=f"internal:'{sheet}'!A1", locked=locked
    )


def key_mark(table: Table, first: int, last: int) -> str:
    """What stands in column A of a key row (contract, «The machine layer»)."""
    return f"zh:{table.name}:{first}:{last}"


def _key_row(table: TableLayout, slots: Sequence[_Slot]) -> dict[tuple[int, int], CellLayout]:
    mark = key_mark(table.table, table.first_row, table.last_row)
    return {
        (KEY_ROW, 1): CellLayout(value=mark, style="key"),
        **{(KEY_ROW, slot.number): CellLayout(value=slot.name, style="key") for slot in slots},
    }


def _totals(
    plan: Plan, table: TableLayout, numbers: Mapping[str, int], frozen: int
) -> dict[tuple[int, int], CellLayout]:
    cells: dict[tuple[int, int], CellLayout] = {}
    rows = {total.label: KEY_ROW + 1 + number for number, total in enumerate(plan.totals)}
    own = _own(table)
    for total in plan.totals:
        row = rows[total.label]
        cells[row, 1] = CellLayout(value=total.label, style="total_label")
        for number in range(2, frozen + 1):
            cells[row, number] = CellLayout(style="total_label")
        for name, value in total.values.items():
            letter = table.letters[name]
            refs = {label: f"{letter}${at}" for label, at in rows.items()}
            formula = total.formula(name, own, refs) if total.formula else None
            cells[row, numbers[name]] = CellLayout(value=value, formula=formula, style=total.style)
    return cells


def _warnings(plan: Plan, numbers: Mapping[str, int]) -> list[Highlight]:
    """The colours of totals that warn above 0."""
    return [
        Highlight(
            area=(row, numbers[name], row, numbers[name]),
            formula=f"{column_letters(numbers[name])}{row}>0",
            look="hint",
        )
        for row, total in enumerate(plan.totals, start=KEY_ROW + 1)
        if total.warns
        for name in total.values
    ]


def _own(table: TableLayout) -> Own:
    return Own(
        letters={**table.letters, **table.helpers},
        header_row=table.header_row,
        closing_row=table.closing_row,
    )


def _header(plan: Plan, slots: Sequence[_Slot], band: int) -> dict[tuple[int, int], CellLayout]:
    locked = not plan.editable
    cells: dict[tuple[int, int], CellLayout] = {}
    if not plan.editable:
        cells[band, 1] = CellLayout(style="band_gap")
        cells[band + 1, 1] = CellLayout(value="wird mitgeprüft", style="unit")
        cells[band + 2, 1] = CellLayout(value="Prüfung der Zeile", style="header")
    for text, run in groupby(slots, key=lambda slot: _band(plan.table, slot)):
        for place, slot in enumerate(run):
            cells[band, slot.number] = CellLayout(
                value=text if text and place == 0 else None,
                style="band" if text else "band_gap",
                locked=locked,
            )
    for slot in slots:
        cells[band + 1, slot.number] = CellLayout(
            value=_unit(plan, slot), style="unit", locked=locked
        )
        cells[band + 2, slot.number] = CellLayout(
            value=slot.title, style="header_helper" if slot.helper else "header", locked=locked
        )
    return cells


def _band(table: Table, slot: _Slot) -> str:
    column = slot.column
    if column is None or column.year is None:
        return ""
    several = len({c.stem for c in table.columns if c.year}) > 1
    if several:
        return column.year.title or str(column.year.year)
    return "vorgegeben" if column.filled_by is Filler.FINANCE else "bitte ausfüllen"


def _unit(plan: Plan, slot: _Slot) -> str:
    column = slot.column
    if column is None:
        return "automatisch"
    if column.filled_by is Filler.FINANCE and column.year is None:
        return "vorgegeben"
    if column.unit:
        return column.unit
    if column.name in plan.sources:
        return "Auswahl"
    match column.kind:
        case Kind.MONTH:
            return "MM.JJJJ"
        case Kind.DATE:
            return "TT.MM.JJJJ"
        case Kind.TEXT:
            return "Text"
        case Kind.YEAR:
            return "JJJJ"
        case _:
            return ""


def _body(
    plan: Plan, table: TableLayout, slots: Sequence[_Slot]
) -> dict[tuple[int, int], CellLayout]:
    """The prepared rows. Formulas speak of their own row by ROW(), so that one text serves all rows
    and cut and paste of input cells cannot pull a reference along.
    """
    own = _own(table)
    formulas = {s.name: s.helper.formula(own) for s in slots if s.helper and s.helper.formula}
    cells: dict[tuple[int, int], CellLayout] = {}
    blanks: dict[tuple[str, bool], CellLayout] = {}
    for number, row in enumerate(plan.rows, start=table.first_row):
        if not plan.editable:
            typed = not row.locked.issuperset(plan.table.names)
            formula = status_formula(table, number) if typed else None
            value = "" if formula else "vorgegeben"
            cells[number, 1] = CellLayout(value=value, formula=formula, style="status")
        for slot in slots:
            if slot.helper:
                live = None if slot.helper.fixed(row) else formulas.get(slot.name)
                cells[number, slot.number] = CellLayout(
                    value=slot.helper.cached(row), formula=live, style=slot.helper.style
                )
                continue
            column = slot.column
            assert column is not None  # noqa: S101 - a slot is one or the other
            locked = slot.name in row.locked
            look = shown_as(column.kind, plan.decimals(row, column))
            style = f"{'given' if locked else 'input'}:{look}"
            held = plan.shown(column, row.values.get(slot.name))
            if held is None:
                blank = blanks.setdefault((style, locked), CellLayout(style=style, locked=locked))
                cells[number, slot.number] = blank
            else:
                cells[number, slot.number] = CellLayout(value=held, style=style, locked=locked)
    return cells


def _hidden(
    plan: Plan, table: TableLayout, slots: Sequence[_Slot]
) -> dict[tuple[int, int], CellLayout]:
    """The columns that only formulas read: a check's message is its header, for the status to
    say.
    """
    own = _own(table)
    cells: dict[tuple[int, int], CellLayout] = {}
    rows = list(enumerate(plan.rows, start=table.first_row))
    for slot in slots:
        cells[table.header_row, slot.number] = CellLayout(value=slot.title, style="key")
        if slot.check is not None:
            # Nothing is broken before somebody types: the value of a fresh template is always 0.
            cell = CellLayout(value=0, formula=slot.check.formula(own), style="key")
            cells |= {(at, slot.number): cell for at, row in rows if applies(slot.check, row)}
        elif slot.name == ACTIVE:
            kinds: dict[tuple[frozenset[str], frozenset[str]], CellLayout] = {}
            for at, row in rows:
                kind = (row.locked, frozenset(row.values))
                if kind not in kinds:
                    text = active_formula(plan.table, row, own)
                    kinds[kind] = CellLayout(value=0, formula=text, style="key")
                cells[at, slot.number] = kinds[kind]
        elif slot.helper is not None and slot.helper.formula is not None:
            text = slot.helper.formula(own)
            known: dict[Shown, CellLayout] = {}
            for at, row in rows:
                if not slot.helper.fixed(row):
                    value = slot.helper.cached(row)
                    if value not in known:
                        known[value] = CellLayout(value=value, formula=text, style="key")
                    cells[at, slot.number] = known[value]
    return cells


def _validations(plan: Plan, table: TableLayout, slots: Sequence[_Slot]) -> tuple[Validation, ...]:
    # The row's cells as the first row of the area sees them: the letter stands still.
    cells = {slot.name: f"${slot.letter}{table.first_row}" for slot in slots if slot.column}
    found = []
    for slot in slots:
        column = slot.column
        if column is None or all(slot.name in row.locked for row in plan.rows):
            continue
        area = (table.first_row, slot.number, table.last_row, slot.number)
        found.append(
            validation(
                column,
                area,
                f"{slot.letter}{table.first_row}",
                source=plan.sources.get(slot.name, "").format_map(cells),
                strict=not plan.editable and slot.name not in plan.lenient,
            )
        )
    return tuple(found)


def _printing(
    table: Table, slots: Sequence[_Slot], frozen: int, rows: tuple[int, int], *, margin: float
) -> Print:
    """As few pages side by side as can be read, the frozen columns on each; what stands under one
    band is not torn apart if a page holds it.
    """
    kept = margin + sum(slot.width for slot in slots if slot.number <= frozen)
    room = _PAGE * 100 / _SMALLEST
    breaks: list[int] = []
    used = widest = kept
    for run in _runs(table, [slot for slot in slots if slot.number > frozen]):
        size = sum(slot.width for slot in run)
        for piece in [run] if kept + size <= room else [[slot] for slot in run]:
            size = sum(slot.width for slot in piece)
            if used + size > room and used > kept:
                breaks.append(piece[0].number - 1)
                used = kept
            used += size
            widest = max(widest, used)
    scale = max(_SMALLEST - 10, min(100, int(_PAGE * 100 / widest)))
    return Print(rows=rows, columns=(1, frozen), breaks=tuple(breaks), scale=scale)


def _runs(table: Table, slots: Sequence[_Slot]) -> list[list[_Slot]]:
    """Columns that should stay together: those of a band, with the helpers right behind them."""
    runs: list[list[_Slot]] = []
    for slot in slots:
        before = _band(table, runs[-1][0]) if runs else ""
        if before and (slot.helper is not None or _band(table, slot) == before):
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return runs
