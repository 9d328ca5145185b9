"""What the rules over money look at: amounts as rows, with what the master says of their lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.submission import Frames
from pipeline.model.tables import Column
from pipeline.rules.continuation import filled_amounts
from pipeline.rules.views import once
from pipeline.tables import choices

COST_KINDS = ("expense", "payment")
INCOME_KINDS = ("revenue", "receipt")
COUNTED = tuple(choice.code for choice in choices.COUNTED_STATUSES)
ROW = ["unit", "file", "product", "line", "measure"]


@once
def amounts(frames: Frames) -> pd.DataFrame:
    """Typed and continued amounts of the cost rows.

    Columns: ``index`` (of ``costs``), ``year``, ``cents`` (int64), ``derived``, ``unit``, ``file``,
    ``product``, ``line``, ``measure`` (empty text where there is none) and ``kind`` of the line
    (empty where unknown).
    """
    filled = filled_amounts(frames)
    rows = frames.tables["costs"].loc[filled["index"], ROW].fillna("").reset_index(drop=True)
    kinds = {line.line: line.kind for line in frames.master.lines.values()}
    return pd.concat([filled.astype({"cents": "int64"}), rows], axis="columns").assign(
        kind=rows["line"].map(kinds).fillna("").astype("string")
    )


def sums_by(found: pd.DataFrame, *keys: str) -> dict[tuple[Any, ...], int]:
    """Cents per combination of keys."""
    sums = found.groupby(list(keys), as_index=False)["cents"].sum()
    return {tuple(row[:-1]): int(row[-1]) for row in sums.itertuples(index=False, name=None)}


def amount_column(found: pd.DataFrame) -> list[str]:
    """The cell of each amount: its year's, or the choice that derived it."""
    return [
        "continuation" if derived else f"amount_{year}"
        for derived, year in zip(found["derived"], found["year"], strict=True)
    ]


def measures_in_doubt(frames: Frames) -> set[tuple[str, str]]:
    """(file, measure) of measures with an amount that could not be read: no total of theirs is
    judged.
    """
    costs = frames.tables["costs"]
    names = [name for name in costs.columns if name.startswith("amount_")]
    unread = (frames.states["costs"][names] == State.UNREADABLE).any(axis="columns")
    rows = costs.loc[unread, ["file", "measure"]].fillna("")
    return set(zip(rows["file"], rows["measure"], strict=True))


def faults(index: Iterable[int], **values: Iterable[str]) -> pd.DataFrame:
    """The answer of a check: the faulty rows and a text column per value of the sentence."""
    return (
        pd.DataFrame(
            {name: pd.Series(list(texts), dtype="string") for name, texts in values.items()}
        ).set_axis(pd.Index(list(index), dtype="int64"), axis="index")
        if values
        else pd.DataFrame(index=pd.Index(list(index), dtype="int64"))
    )


def joined(pieces: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Several answers as one."""
    filled = [piece for piece in pieces if len(piece)]
    return pd.concat(filled) if filled else pd.DataFrame()


def typed_cells(
    frames: Frames, table: str, columns: Iterable[Column]
) -> Mapping[str, pd.Series[bool]]:
    """For each column which of its cells the department itself filled."""
    frame, locked = frames.tables[table], frames.locked[table]
    return {
        column.name: frame[column.name].notna() & ~locked[column.name]
        for column in columns
        if column.name in frame.columns
    }
