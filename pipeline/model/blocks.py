"""A table as it lay in one workbook: typed values, raw texts, a state per cell, and where
everything stood.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import pandas as pd

from pipeline.model.findings import Place
from pipeline.model.tables import Kind, Table


class State(IntEnum):
    """What a cell is. What cannot be read is never 0 and never blank."""

    EMPTY = 0
    VALUE = 1
    UNREADABLE = 2


@dataclass(frozen=True)
class Block:
    """One table of one workbook.

    Shapes: ``frame``, ``raw`` and ``state`` have one row per table row and one column per column of
    ``table`` (already widened for the plan's years). ``frame`` is typed as
    :class:`~pipeline.model.tables.Kind` says; ``raw`` holds the text of the cell as stored;
    ``state`` holds :class:`State` as integers. ``rows`` are the sheet's row numbers, ``letters``
    the columns' letters; ``locked`` marks cells that the layout does not leave for entry.
    """

    table: Table
    file: str
    sheet: str
    frame: pd.DataFrame
    raw: pd.DataFrame
    state: pd.DataFrame
    locked: pd.DataFrame
    rows: tuple[int, ...]
    letters: Mapping[str, str]

    def place(self, index: int, column: str = "") -> Place:
        """The cell of a row (and column) as the person who filled it sees it; without a column the
        row's first cell.
        """
        row = self.rows[index]
        letter = self.letters.get(column) or (self.letters.get(self.table.key[0]) or "A")
        return Place(
            file=self.file,
            sheet=self.sheet,
            cell=f"{letter}{row}",
            table=self.table.name,
            column=column,
            row=row,
        )


def dtype(kind: Kind) -> str:
    """The pandas dtype in which a column of that kind is carried."""
    match kind:
        case Kind.MONEY | Kind.PERCENT | Kind.INTEGER | Kind.YEAR:
            return "Int64"
        case Kind.YES_NO:
            return "boolean"
        case Kind.NUMBER:
            return "object"
        case Kind.CODE | Kind.TEXT | Kind.CHOICE | Kind.MONTH | Kind.DATE:
            return "string"


def frame_of(columns: Mapping[str, Kind], values: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """A typed frame with exactly these columns; a column without values is empty of its dtype,
    ``None`` is missing.
    """
    size = max((len(column) for column in values.values()), default=0)
    return pd.DataFrame(
        {
            name: pd.Series(list(values.get(name, [None] * size)), dtype=dtype(kind))
            for name, kind in columns.items()
        }
    )


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows of a frame, one after the other, with the columns as attributes (missing values are
    ``pd.NA``).
    """
    return frame.itertuples(index=False)
