"""What two returns of one unit say differently, cell by cell.

Rows are paired by their key, so that a row that was sorted, shifted or inserted differs in nothing;
what stands outside the tables is compared by its address. Compared is what was read, not how it was
stored: ``870000`` and ``870.000,00`` are one amount.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from string import ascii_uppercase
from typing import Any

from pipeline.model.blocks import Block, State, rows_of
from pipeline.model.money import cents, euro, german
from pipeline.model.results import Difference
from pipeline.model.submission import Submission
from pipeline.model.tables import Column, Kind, Table
from pipeline.model.wording import printable
from pipeline.tables.submission import RELEASE_VALUES

FEW = 3
"""So many differing cells a sentence lists one by one."""
_LONGEST = 60
_DIGITS = "0123456789"


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One row of a table in one return: all its texts by column, and which of them are not the
    template's own.
    """

    sheet: str
    number: int
    key: tuple[str, ...]
    texts: Mapping[str, str]
    entries: frozenset[str]


def differences(
    counted: Submission, other: Submission, tables: Sequence[Table]
) -> tuple[Difference, ...]:
    """The cells in which two returns differ, by table, row and column; ``tables`` are those of the
    template, widened for the plan's years.

    Cells that still hold what the template put there are no entries and are not compared.
    """
    mine, theirs = _rows(counted, tables), _rows(other, tables)
    found = [
        difference
        for table in tables
        for one, two in _paired(mine.get(table.name, []), theirs.get(table.name, []))
        for difference in _between(one, two, table, counted, other)
    ]
    return (*found, *_outside(counted, other))


def told(found: Sequence[Difference]) -> str:
    """The differences as the end of a sentence: the first few, and where the others stand.

    >>> told(
    ...     [
    ...         Difference(
    ...             unit="T40",
    ...             file="b",
    ...             other="a",
    ...             sheet="Ansätze",
    ...             row="211.10, 13",
    ...             column="Ansatz 2027",
    ...             cell="N12",
    ...             value="5,00",
    ...             other_value="",
    ...         )
    ...     ]
    ... )
    'Ansätze N12 (211.10, 13: Ansatz 2027) mit „5,00“ statt „leer“'
    """
    listed = "; ".join(
        f"{each.sheet} {each.cell or each.other_cell}{_named(each)} mit "
        f"„{printable(each.value or 'leer', at_most=_LONGEST)}“ statt "
        f"„{printable(each.other_value or 'leer', at_most=_LONGEST)}“"
        for each in found[:FEW]
    )
    more = len(found) - FEW
    return f"{listed}; die übrigen {more} im Blatt „Unterschiede“" if more > 0 else listed


def _named(each: Difference) -> str:
    where = ": ".join(part for part in (each.row, each.column) if part)
    return f" ({printable(where, at_most=_LONGEST)})" if where else ""


# --- rows -------------------------------------------------------------------------------------


def _rows(submission: Submission, tables: Sequence[Table]) -> dict[str, list[_Row]]:
    """The rows of each table, in the order of the sheet, with their keys even where those were
    given.
    """
    known = {table.name: table for table in tables}
    typed = {name: _typed(block) for name, block in submission.blocks.items()}
    texts: dict[tuple[str, str, int], dict[str, str]] = {}
    entries: dict[tuple[str, str, int], set[str]] = {}
    for cell in rows_of(submission.cells):
        table = known.get(cell.table)
        if table is None or cell.column not in table.names:
            continue
        number = int(cell.cell.lstrip(ascii_uppercase))
        at = (table.name, cell.sheet, number)
        text = typed.get(table.name, {}).get((number, cell.column))
        if text is None:
            text = _as_stored(table.column(cell.column), cell.raw, cell.state)
        texts.setdefault(at, {})[cell.column] = text
        if cell.use != "template":
            entries.setdefault(at, set()).add(cell.column)
    found: dict[str, list[_Row]] = {}
    for at in sorted(texts):
        name, sheet, number = at
        row = _Row(
            sheet=sheet,
            number=number,
            key=tuple(texts[at].get(column, "") for column in known[name].key),
            texts=texts[at],
            entries=frozenset(entries.get(at, ())),
        )
        found.setdefault(name, []).append(row)
    return found


def _paired(
    mine: Sequence[_Row], theirs: Sequence[_Row]
) -> Iterator[tuple[_Row | None, _Row | None]]:
    """Rows that belong together: the same contents, else the same key, else the same place; the
    rest stands alone.
    """
    left, right = list(mine), list(theirs)
    pairs: list[tuple[_Row | None, _Row | None]] = []
    for same in (_contents, _key, _place):
        waiting: dict[object, deque[_Row]] = {}
        for row in right:
            waiting.setdefault(same(row), deque()).append(row)
        alone = []
        for row in left:
            queue = waiting.get(same(row))
            if queue:
                pairs.append((row, queue.popleft()))
            else:
                alone.append(row)
        left = alone
        kept = {id(row) for queue in waiting.values() for row in queue}
        right = [row for row in right if id(row) in kept]
    pairs += [(row, None) for row in left] + [(None, row) for row in right]
    yield from sorted(pairs, key=lambda pair: [each.number for each in pair if each][:1])


def _contents(row: _Row) -> object:
    return row.key, tuple(sorted(row.texts.items()))


def _key(row: _Row) -> object:
    return row.key if any(row.key) else None


def _place(row: _Row) -> object:
    return row.number


def _between(
    one: _Row | None, two: _Row | None, table: Table, counted: Submission, other: Submission
) -> Iterator[Difference]:
    rows = [each for each in (one, two) if each]
    row = rows[0]
    entries = frozenset().union(*(each.entries for each in rows))
    for column in table.columns:
        value, other_value = (
            each.texts.get(column.name, "") if each else "" for each in (one, two)
        )
        if column.name not in entries or value == other_value:
            continue
        yield Difference(
            unit=counted.unit,
            file=counted.file,
            other=other.file,
            sheet=row.sheet,
            row=_titled(table, row),
            column=column.title,
            cell=_address(counted, table, column, one),
            other_cell=_address(other, table, column, two),
            value=value,
            other_value=other_value,
        )


def _titled(table: Table, row: _Row) -> str:
    if table.settings:
        titles = {column.name: column.title for column, _ in RELEASE_VALUES}
        return titles.get(row.key[0], row.key[0])
    return ", ".join(part for part in row.key if part) or f"Zeile {row.number}"


def _address(submission: Submission, table: Table, column: Column, row: _Row | None) -> str:
    if row is None:
        return ""
    block = submission.blocks.get(table.name)
    letter = block.letters.get(column.name, "") if block else ""
    if not letter:
        cells = submission.cells
        hit = cells.loc[
            (cells["table"] == table.name) & (cells["column"] == column.name), "cell"
        ].head(1)
        letter = "" if hit.empty else str(hit.iloc[0]).rstrip(_DIGITS)
    return f"{letter}{row.number}" if letter else ""


def _outside(counted: Submission, other: Submission) -> Iterator[Difference]:
    """Cells outside the tables that hold something of the department's."""
    mine, theirs = (
        {
            (cell.sheet, cell.cell): cell.raw
            for cell in rows_of(each.cells)
            if not cell.table and cell.use != "template"
        }
        for each in (counted, other)
    )
    for sheet, cell in sorted(mine.keys() | theirs.keys()):
        value, other_value = mine.get((sheet, cell), ""), theirs.get((sheet, cell), "")
        if value != other_value:
            yield Difference(
                unit=counted.unit,
                file=counted.file,
                other=other.file,
                sheet=sheet,
                cell=cell,
                other_cell=cell,
                value=value,
                other_value=other_value,
            )


# --- values -----------------------------------------------------------------------------------


def _typed(block: Block) -> dict[tuple[int, str], str]:
    """What was read of each entry, by row and column."""
    found = {}
    for name in block.table.names:
        column = block.table.column(name)
        cells = zip(
            block.rows, block.frame[name], block.state[name], block.locked[name], strict=True
        )
        for row, value, state, locked in cells:
            if state == State.VALUE and not locked:
                found[row, name] = _text(column, value)
    return found


def _as_stored(column: Column, raw: str, state: str) -> str:
    """A cell that was not read as an entry: a number that stands there as a number is shown as
    one.
    """
    if column.kind in {Kind.MONEY, Kind.PERCENT, Kind.NUMBER} and state == "value":
        try:
            number = Decimal(raw)
        except InvalidOperation:
            return raw
        return _text(column, number if column.kind is Kind.NUMBER else cents(number))
    return raw


def _text(column: Column, value: Any) -> str:  # noqa: ANN401 - a cell of any kind
    match column.kind:
        case Kind.MONEY:
            return german(int(value))
        case Kind.PERCENT:
            return f"{euro(int(value)).normalize():f} %".replace(".", ",")
        case Kind.NUMBER:
            return f"{value:f}".replace(".", ",")
        case Kind.YES_NO:
            return "ja" if value else "nein"
        case Kind.CHOICE:
            return next((each.label for each in column.choices if each.code == value), str(value))
        case Kind.MONTH | Kind.DATE:
            return ".".join(reversed(str(value).split("-")))
        case Kind.INTEGER | Kind.YEAR | Kind.CODE | Kind.TEXT:
            return str(value)
