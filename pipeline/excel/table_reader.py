"""One table of a return, read row by row with what was handed out beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pandas as pd

from pipeline.excel.accounting import Account, same_content
from pipeline.excel.grid import FoundTable
from pipeline.excel.prefill import RowLayout
from pipeline.excel.reading import Cell, CellType, Disagreement, column_letters
from pipeline.excel.sheet_layout import SheetLayout, TableLayout
from pipeline.excel.values import EMPTY, Fault, Value, read_value, shown_text
from pipeline.model.blocks import Block, State, frame_of
from pipeline.model.findings import Blocks, Severity
from pipeline.model.master import Master
from pipeline.model.money import german
from pipeline.model.tables import Column, Kind, Table
from pipeline.rules.registry import part_of
from pipeline.tables.submission import KEY_FIGURE_TABLES, RELEASE_VALUES


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
        first, table = self.here.first_row, self.expected.table
        prepared = self.expected.rows
        free = next(
            (row for row in reversed(prepared) if not row.values), RowLayout(locked=self._given())
        )
        rows = list(range(first, first + len(prepared)))
        rows += [
            row
            for row in self._rows_with_content()
            if row >= first + len(prepared) and not self._is_closing(row)
        ]
        keys = [self._keys(row) for row in rows]
        wanted = [self._wanted(prepared[i]) if i < len(prepared) else () for i in range(len(rows))]
        layouts: list[RowLayout | None] = [
            prepared[i] if wanted[i] and keys[i] == wanted[i] else None for i in range(len(rows))
        ]
        lost = {i for i in range(len(prepared)) if wanted[i] and layouts[i] is None}
        for i in range(len(rows)):
            if layouts[i] is not None or not any(keys[i]):
                continue
            match = next((j for j in sorted(lost) if wanted[j] == keys[i]), None)
            if match is not None:
                layouts[i] = prepared[match]
                lost.discard(match)
        for i in sorted(lost):
            if layouts[i] is None and (any(keys[i]) or self._has_entries(rows[i])):
                self._say_key_changed(rows[i], prepared[i], keys[i])
            if layouts[i] is None and table.name in {"measures"} | KEY_FIGURE_TABLES:
                # The issued number stands for the row: without it nobody knows which row this is.
                layouts[i] = prepared[i] if not any(keys[i]) else free
        for row in rows[len(prepared) :]:
            self._say_below(row)
        return rows, [layout or free for layout in layouts]

    def _rows_with_content(self) -> list[int]:
        columns = {
            self.here.columns[name]
            for name in self.expected.table.names
            if name in self.here.columns
        }
        return sorted(
            row
            for row, cells in self.here.by_row.items()
            if row >= self.here.first_row and not columns.isdisjoint(cells)
        )

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

    def _given(self) -> frozenset[str]:
        return self.expected.rows[-1].locked if self.expected.rows else frozenset()

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
            values[column.name] = EMPTY if cell is None else self._entered(row, column, cell)
        return values

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
        rule = "A07" if column.year is not None and given is not None else "D24"
        extra = {"spalte": column.title} if rule == "A07" else {}
        self._say(row, column.name, ((rule, {"soll": wanted, "ist": found, **extra}),))

    def _say_key_changed(self, row: int, layout: RowLayout, found: tuple[str, ...]) -> None:
        given = ", ".join(
            str(layout.values.get(name, ""))
            for name in self.expected.table.prefilled
            if layout.values.get(name)
        )
        self._say(
            row,
            self.expected.table.prefilled[0],
            (("D31", {"wert": given, "ist": ", ".join(filter(None, found)) or "leer"}),),
        )

    def _say_below(self, row: int) -> None:
        for column in self.expected.table.columns:
            cell = self._cell(row, column.name)
            if cell is not None:
                self._say(row, column.name, (("D33", {"zeile": str(row)}),))
                return

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
