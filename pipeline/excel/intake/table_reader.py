"""One table of a return, read row by row with what was handed out beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pandas as pd

from pipeline.excel.intake.accounting import MANY, Account, area_of, same_content
from pipeline.excel.intake.grid import FoundTable
from pipeline.excel.intake.values import EMPTY, Fault, Value, read_value, shown_text
from pipeline.excel.layout.prefill import RowLayout
from pipeline.excel.layout.sheet_layout import SheetLayout, TableLayout
from pipeline.excel.reader.limits import LIMITS
from pipeline.excel.reader.reading import Cell, CellType, Disagreement, column_letters
from pipeline.model.blocks import Block, State, frame_of
from pipeline.model.findings import Blocks, Severity
from pipeline.model.master import Master
from pipeline.model.money import german
from pipeline.model.tables import Column, Filler, Kind, Table
from pipeline.rules.registry import part_of
from pipeline.tables.submission import KEY_FIGURE_TABLES, RELEASE_VALUES

FEW = 2
"""So many rows without a key below the prepared ones are read as rows that somebody began."""
NEAR = 20
"""So many rows below the prepared ones somebody may have gone on writing."""


@dataclass
class TableReader:
    """Reads one table of a return row by row, with what was handed out beside it."""

    here: FoundTable
    sheet_layout: SheetLayout
    expected: TableLayout
    master: Master
    account: Account
    disagreements: Mapping[tuple[str, int, int], Disagreement]
    date1904: bool
    copies: dict[int, str] = field(default_factory=dict)
    """Rows into which a given row was pasted once more, with its key."""

    def block(self) -> tuple[Block, bool]:
        """The table's started rows, and whether the department changed anything in it.

        A row is started when an unlocked cell of it has content. Rows of key figures are kept as
        soon as one of them was touched: then every key figure is asked for.
        """
        table = self.expected.table
        rows, layouts = self._matched_rows()
        readings = [self._row(row, layout) for row, layout in zip(rows, layouts, strict=True)]
        touched = [
            self._touched(values, layout) for values, layout in zip(readings, layouts, strict=True)
        ]
        keep = [
            index
            for index, (values, layout) in enumerate(zip(readings, layouts, strict=True))
            if self._started(values, layout) or (table.name in KEY_FIGURE_TABLES and layout.values)
        ]
        kept = [(rows[index], layouts[index], readings[index]) for index in keep]
        if table.name == "costs":
            self._say_given_rows_left_empty(rows, layouts, readings)
        if not table.unique:
            self._say_twins(rows, layouts, readings)
        return block_of(table, self.account.file, self.here.sheet.name, kept, self._letters()), any(
            touched
        )

    def settings(self) -> dict[str, str]:
        """The two-column table Freigabe: values by setting, as text."""
        kinds = {column.name: column for column, _ in RELEASE_VALUES}
        found: dict[str, str] = {}
        for row, layout in zip(*self._matched_rows(), strict=True):
            setting = str(layout.values.get("setting", ""))
            cell = self._cell(row, "value")
            for name in ("setting", "value"):
                each = self._cell(row, name)
                if each is not None:
                    self.account.use(
                        self.here.sheet,
                        each,
                        "booked" if name == "value" else "template",
                        table="release",
                        column=name,
                    )
            if setting not in kinds or cell is None:
                continue
            value = read_value(cell, kinds[setting], date1904=self.date1904)
            self._say(row, "value", value.faults, blocks=Blocks.NOTHING, severity=Severity.WARNING)
            if value.state is State.VALUE:
                found[setting] = str(value.content)
            else:
                self.account.used[(self.here.sheet.name, cell.row, cell.column)] = (
                    "release",
                    "value",
                    "unreadable",
                    "named",
                )
        return found

    # rows

    def _matched_rows(self) -> tuple[list[int], list[RowLayout]]:
        """Sheet rows with the prepared row that each of them is: by place, else by key (moved or
        sorted), else a free row.
        """
        first, prepared = self.here.first_row, self.expected.rows
        rows = list(range(first, first + len(prepared)))
        rows += self._rows_below(first + len(prepared))
        keys = [self._keys(row) for row in rows]
        wanted = [self._wanted(each) for each in prepared]
        layouts: list[RowLayout | None] = [
            prepared[i] if i < len(prepared) and wanted[i] and keys[i] == wanted[i] else None
            for i in range(len(rows))
        ]
        lost = {i for i in range(len(prepared)) if wanted[i] and layouts[i] is None}
        by_key: dict[tuple[str, ...], list[int]] = {}
        for i in sorted(lost):
            by_key.setdefault(wanted[i], []).append(i)
        for i in range(len(rows)):
            if layouts[i] is None and by_key.get(keys[i]):
                match = by_key[keys[i]].pop(0)
                layouts[i] = prepared[match]
                lost.discard(match)
        for i in sorted(lost):
            if layouts[i] is None:
                layouts[i] = self._changed_key(rows[i], prepared[i], keys[i])
            else:
                self._say_gone(wanted[i])
        known = {each: prepared[i] for i, each in reversed(list(enumerate(wanted))) if each}
        free = self._free_row()
        return rows, [
            layout or self._copied(row, key, known.get(key)) or free
            for row, key, layout in zip(rows, keys, layouts, strict=True)
        ]

    def _free_row(self) -> RowLayout:
        return RowLayout(
            locked=frozenset(
                column.name
                for column in self.expected.table.columns
                if column.filled_by is Filler.FINANCE
                and column.name not in self.expected.table.prefilled
            )
        )

    def _without_key(self, layout: RowLayout) -> RowLayout:
        """A free row beside whose entries the locked values of a prepared row stand."""
        free = self._free_row()
        return replace(
            free,
            values={
                name: value
                for name, value in layout.values.items()
                if name in free.locked and name not in self.expected.table.prefilled
            },
        )

    def _changed_key(self, row: int, layout: RowLayout, found: tuple[str, ...]) -> RowLayout | None:
        """What a row is whose given key is gone: named, and read with the key that stands there
        now; a number that was only deleted stays the row's.
        """
        if not any(found) and not self._has_entries(row):
            return None
        if not self.account.aged:
            self._say_key_changed(row, layout, found)
        if any(found):
            return self._without_key(layout)
        issued = self.expected.table.name in {"measures"} | KEY_FIGURE_TABLES
        return layout if issued else None

    def _say_gone(self, key: tuple[str, ...]) -> None:
        """D31 for a given row in whose place another one stands: it was deleted. A row that the
        template never had is nobody's deed.
        """
        if not self.account.aged:
            said = {"variant": "gone", "wert": ", ".join(filter(None, key))}
            self._say(self.here.first_row - 1, self.expected.table.prefilled[0], (("D31", said),))

    def _copied(self, row: int, key: tuple[str, ...], layout: RowLayout | None) -> RowLayout | None:
        """A given row that was pasted once more: its locked values are no entries."""
        if layout is None:
            return None
        copied = self._without_key(layout)
        pasted = [name for name in copied.values if self._cell(row, name) is not None]
        if not pasted:
            return None
        self.copies[row] = ", ".join(filter(None, key))
        return copied

    # rows below the prepared ones

    def _rows_below(self, first: int) -> list[int]:
        """The rows below the prepared ones that can be read as rows of the table; all others are
        named at once.
        """
        columns = {
            number
            for name, number in self.here.columns.items()
            if name in self.expected.table.names
        }
        rows = sorted(
            row
            for row, cells in self.here.by_row.items()
            if row >= first
            and any(_is_content(cells[number]) for number in columns if number in cells)
            and not self._is_closing(row)
        )
        if len(rows) > LIMITS.rows_beyond_prepared:
            self._say_too_many(rows)
            return []
        nameless = [row for row in rows if not self._says_what(row)]
        # A row or two without a key may be half-finished: they are read and asked about cell by
        # cell. Many are what a stray stroke leaves behind.
        if len(nameless) > FEW or any(row > self.here.last_row + NEAR for row in nameless):
            self._say_nameless(nameless)
            rows = [row for row in rows if row not in set(nameless)]
        given = {self._wanted(each) for each in self.expected.rows} - {()}
        above = {self._keys(row) for row in range(self.here.first_row, first)}
        # A given row that an inserted one pushed down is where it belongs.
        self._say_below([row for row in rows if self._keys(row) not in given - above])
        return rows

    def _says_what(self, row: int) -> bool:
        """Whether a row has anything in the required columns that say what it is about."""
        names = [
            column.name
            for column in self.expected.table.columns
            if column.required and column.year is None
        ]
        return not names or any(self._plain(row, name) for name in names)

    def _content_of(self, rows: Sequence[int]) -> list[Cell]:
        columns = {
            number
            for name, number in self.here.columns.items()
            if name in self.expected.table.names
        }
        return [
            cell
            for row in rows
            for number, cell in self.here.by_row[row].items()
            if number in columns and _is_content(cell)
        ]

    def _say_too_many(self, rows: Sequence[int]) -> None:
        cells = self._content_of(rows)
        self.account.name_all(self.here.sheet, cells)
        self.account.say(
            "D01",
            sheet=self.here.sheet.name,
            cell=cells[0].reference,
            table=self.expected.table.name,
            variant="too_many_rows",
            limit="rows_beyond_prepared",
            facts={"sheet": self.here.sheet.name},
            found=str(len(self.expected.rows) + len(rows)),
            allowed=str(len(self.expected.rows) + LIMITS.rows_beyond_prepared),
        )

    def _say_nameless(self, rows: Sequence[int]) -> None:
        """D33 for entries that belong to no row: an error where they may be money, else a
        warning.
        """
        cells = self._content_of(rows)
        money = any(re.search(r"[1-9]", cell.raw) for cell in cells)
        for cell in cells:
            self.account.use(
                self.here.sheet,
                cell,
                "named",
                table=self.expected.table.name,
                column=self._name_of(cell.column),
            )
        self.account.say(
            "D33",
            sheet=self.here.sheet.name,
            cell=cells[0].reference,
            table=self.expected.table.name,
            row=cells[0].row,
            variant="nameless",
            anzahl=str(len(cells)),
            bereich=area_of(cells),
            severity=Severity.ERROR if money else None,
            blocks=part_of(self.expected.table.name),
        )

    def _name_of(self, number: int) -> str:
        return next((name for name, each in self.here.columns.items() if each == number), "")

    def _is_closing(self, row: int) -> bool:
        """Whether a row below the last prepared one is our own closing row (totals), wherever it
        was shifted to.
        """
        ours = {
            column: cell
            for (each, column), cell in self.sheet_layout.cells.items()
            if each > self.expected.last_row
        }
        cells = self.here.by_row[row]
        return bool(cells) and all(
            column in ours and same_content(cell, ours[column]) for column, cell in cells.items()
        )

    def _keys(self, row: int) -> tuple[str, ...]:
        return tuple(self._plain(row, name) for name in self.expected.table.prefilled)

    def _wanted(self, layout: RowLayout) -> tuple[str, ...]:
        keys = tuple(str(layout.values.get(name, "")) for name in self.expected.table.prefilled)
        return keys if any(keys) else ()

    def _plain(self, row: int, name: str) -> str:
        cell = self._cell(row, name)
        return "" if cell is None else shown_text(cell, date1904=self.date1904).strip()

    def _cell(self, row: int, name: str) -> Cell | None:
        column = self.here.columns.get(name)
        return None if column is None else self.here.by_row.get(row, {}).get(column)

    def _has_entries(self, row: int) -> bool:
        return any(
            self._cell(row, column.name) is not None for column in self.expected.table.columns
        )

    # cells

    def _row(self, row: int, layout: RowLayout) -> dict[str, Value]:
        """Every column of one row: locked cells give what was handed out, the others what was
        entered.
        """
        values: dict[str, Value] = {}
        for column in self.expected.table.columns:
            cell = self._cell(row, column.name)
            if column.name in layout.locked:
                given = layout.values.get(column.name)
                values[column.name] = (
                    EMPTY if given is None else Value(State.VALUE, given, raw=str(given))
                )
                self._compare_locked(row, column, cell, given)
                continue
            if cell is None:
                values[column.name] = self._unseen(row, column)
            else:
                values[column.name] = self._entered(row, column, cell)
        return values

    def _unseen(self, row: int, column: Column) -> Value:
        """An empty cell, unless the second reader found something in it."""
        number = self.here.columns.get(column.name, 0)
        both = self.disagreements.get((self.here.sheet.name, row, number))
        if both is None:
            return EMPTY
        fault: Fault = ("D26", {"erste": "leer", "zweite": both.second})
        self._say(row, column.name, (fault,), blocks=part_of(self.expected.table.name))
        return Value(State.UNREADABLE, None)

    def _entered(self, row: int, column: Column, cell: Cell) -> Value:
        value = self._disagreement(cell) or read_value(
            cell, column, date1904=self.date1904, allowed=self._allowed(column)
        )
        if self.expected.table.name in KEY_FIGURE_TABLES and column.kind is Kind.NUMBER:
            value = _as_yes_or_no(cell, value)
        table = self.expected.table.name
        if value.state is State.UNREADABLE:
            self.account.use(
                self.here.sheet, cell, "named", table=table, column=column.name, state="unreadable"
            )
        elif value.state is State.EMPTY:
            self.account.use(
                self.here.sheet,
                cell,
                "template" if not cell.raw else "named",
                table=table,
                column=column.name,
                state="empty",
            )
        else:
            self.account.use(self.here.sheet, cell, "booked", table=table, column=column.name)
        self._say(row, column.name, value.faults, blocks=part_of(table))
        return replace(value, raw=cell.raw)

    def _disagreement(self, cell: Cell) -> Value | None:
        both = self.disagreements.get((self.here.sheet.name, cell.row, cell.column))
        if both is None:
            return None
        fault: Fault = ("D26", {"erste": both.first, "zweite": both.second})
        return Value(State.UNREADABLE, None, (fault,))

    def _allowed(self, column: Column) -> Sequence[str]:
        match column.references:
            case None:
                return ()
            case "measures":
                return [str(row.values.get("measure", "")) for row in self._measures()]
            case reference:
                frame = self.master.tables[reference]
                return list(frame[frame.columns[0]])

    def _measures(self) -> Iterable[RowLayout]:
        return self.expected.rows if self.expected.table.name == "measures" else ()

    def _compare_locked(self, row: int, column: Column, cell: Cell | None, given: object) -> None:
        """A locked cell should hold what was handed out; whatever else stands there is named and
        not used.
        """
        table = self.expected.table.name
        if cell is None:
            if given is not None and column.year is not None:
                self._say_altered(row, column, given, "leer")
            return
        value = read_value(cell, replace(column, references=None), date1904=self.date1904)
        same = value.state is State.VALUE and value.content == given
        if value.state is State.EMPTY and given is None:
            same = True
        self.account.use(
            self.here.sheet, cell, "template" if same else "named", table=table, column=column.name
        )
        if not same:
            self._say_altered(row, column, given, shown_text(cell, date1904=self.date1904))

    def _say_altered(self, row: int, column: Column, given: object, found: str) -> None:
        wanted = "leer" if given is None else _as_shown(given, column)
        if self.account.aged:
            facts = {"variant": "master", "soll": wanted, "ist": found}
            self._say(row, column.name, (("D24", facts),), severity=Severity.NOTE)
            return
        rule = "A07" if column.year is not None and given is not None else "D24"
        extra = {"spalte": column.title} if rule == "A07" else {}
        self._say(row, column.name, ((rule, {"soll": wanted, "ist": found, **extra}),))

    def _say_key_changed(self, row: int, layout: RowLayout, found: tuple[str, ...]) -> None:
        prefilled = self.expected.table.prefilled
        given = ", ".join(
            str(layout.values.get(name, "")) for name in prefilled if layout.values.get(name)
        )
        wanted = tuple(str(layout.values.get(name, "")) for name in prefilled)
        changed = next(name for name, a, b in zip(prefilled, wanted, found, strict=True) if a != b)
        self._say(
            row,
            changed,
            (("D31", {"wert": given, "ist": ", ".join(filter(None, found)) or "leer"}),),
        )

    def _say_below(self, rows: Sequence[int]) -> None:
        """D33 for rows that are read though nobody prepared them."""
        for row in rows if len(rows) <= MANY else rows[:1]:
            cell = self._content_of([row])[0]
            many = {
                "variant": "many",
                "von": str(rows[0]),
                "bis": str(rows[-1]),
                "anzahl": str(len(rows)),
            }
            self._say(
                row,
                self._name_of(cell.column),
                (("D33", many if len(rows) > MANY else {"zeile": str(row)}),),
            )

    def _say_twins(
        self,
        rows: Sequence[int],
        layouts: Sequence[RowLayout],
        readings: Sequence[dict[str, Value]],
    ) -> None:
        """D38 for rows that are there twice. Where rows need not be unique somebody has to ask
        whether both are meant; a given row with its amounts of last year is never meant twice.
        """
        first: dict[tuple[object, ...], int] = {}
        for row, layout, values in zip(rows, layouts, readings, strict=True):
            if not self._started(values, layout):
                continue
            entries = tuple(values[name].content for name in self.expected.table.names)
            readable = all(value.state is not State.UNREADABLE for value in values.values())
            twin = first.setdefault(entries, row) if readable else row
            facts = {"zeile": str(row), "gleich": str(twin), "wert": self.copies.get(row, "")}
            if row in self.copies and twin != row:
                fault: Fault = ("D38", {**facts, "variant": "twice"})
                part = part_of(self.expected.table.name)
                key = self.expected.table.key[0]
                self._say(row, key, (fault,), severity=Severity.ERROR, blocks=part)
            elif row in self.copies:
                self._say(row, self.expected.table.key[0], (("D38", facts),))
            elif twin != row:
                fault = ("D38", {**facts, "variant": "twin"})
                self._say(row, self.expected.table.key[0], (fault,))

    def _say_given_rows_left_empty(
        self,
        rows: Sequence[int],
        layouts: Sequence[RowLayout],
        readings: Sequence[dict[str, Value]],
    ) -> None:
        """A product and line that had money last year and got no entry this year: perhaps
        forgotten, never silently dropped.
        """
        last = self.master.previous_budget_year
        entered = [
            column.name
            for column in self.expected.table.columns
            if column.year is not None and column.year.entered
        ]
        if last is None or not any(
            self._started(values, layout) for values, layout in zip(readings, layouts, strict=True)
        ):
            return
        for row, layout, values in zip(rows, layouts, readings, strict=True):
            amount = layout.values.get(f"amount_{last.year}")
            if not amount or entered[0] in layout.locked or self._started(values, layout):
                continue
            shown = _as_shown(amount, self.expected.table.column(f"amount_{last.year}"))
            self._say(row, entered[0], (("A09", {"jahr": str(last.year), "betrag": shown}),))

    def _started(self, values: Mapping[str, Value], layout: RowLayout) -> bool:
        return any(
            value.state is not State.EMPTY
            for name, value in values.items()
            if name not in layout.locked
        )

    def _touched(self, values: Mapping[str, Value], layout: RowLayout) -> bool:
        """Whether an entry differs from what already stood in the unlocked cell."""
        return any(
            value.state is State.UNREADABLE or value.content != layout.values.get(name)
            for name, value in values.items()
            if name not in layout.locked
        )

    def _say(
        self,
        row: int,
        column: str,
        faults: Iterable[Fault],
        *,
        blocks: Blocks | None = None,
        severity: Severity | None = None,
    ) -> None:
        letter = column_letters(self.here.columns.get(column, 1))
        in_key_figures = self.expected.table.name in KEY_FIGURE_TABLES
        for rule, values in faults:
            # A placeholder in a key-figure cell says that there is no value: a warning there, an
            # error with money.
            softer = Severity.WARNING if rule == "Z10" and in_key_figures else severity
            self.account.say(
                rule,
                sheet=self.here.sheet.name,
                cell=f"{letter}{row}",
                table=self.expected.table.name,
                column=column,
                row=row,
                severity=softer,
                blocks=blocks,
                facts=values,
            )

    def _letters(self) -> dict[str, str]:
        return {name: column_letters(number) for name, number in self.here.columns.items()}


def _is_content(cell: Cell) -> bool:
    """Whether a cell says something: blanks alone do not make a row."""
    return bool(cell.raw.strip()) or not cell.cached


def _as_yes_or_no(cell: Cell, value: Value) -> Value:
    """In a key figure of kind Ja/Nein people write the words; 1 and 0 are what is reckoned with."""
    word = cell.raw.strip().casefold() if cell.type is CellType.TEXT else ""
    if cell.type is CellType.BOOLEAN:
        return Value(State.VALUE, Decimal(cell.raw))
    return Value(State.VALUE, Decimal(int(word == "ja"))) if word in {"ja", "nein"} else value


def _as_shown(value: object, column: Column) -> str:
    if isinstance(value, int) and column.kind is Kind.MONEY:
        return german(value)
    return str(value)


def block_of(
    table: Table,
    file: str,
    sheet: str,
    rows: Sequence[tuple[int, RowLayout, Mapping[str, Value]]],
    letters: Mapping[str, str],
) -> Block:
    """The block of the kept rows, given as (sheet row, prepared row, values by column)."""
    names = table.names
    values = [each for _, _, each in rows]
    frame = frame_of(
        {column.name: column.kind for column in table.columns},
        {
            name: [
                each[name].content if each[name].state is State.VALUE else None for each in values
            ]
            for name in names
        },
    )
    state = pd.DataFrame(
        {name: [int(each[name].state) for each in values] for name in names}, dtype="int8"
    )
    raw = pd.DataFrame(
        {name: [each[name].raw for each in values] for name in names}, dtype="string"
    )
    locked = pd.DataFrame(
        {name: [name in layout.locked for _, layout, _ in rows] for name in names}, dtype="bool"
    )
    return Block(
        table, file, sheet, frame, raw, state, locked, tuple(row for row, _, _ in rows), letters
    )
