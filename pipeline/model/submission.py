"""What one file of the input folder turned out to be, and the tables of all returns together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from pipeline.model.blocks import Block, State, frame_of
from pipeline.model.findings import Finding, Place
from pipeline.model.identity import Identity
from pipeline.model.master import Master
from pipeline.model.tables import Kind, Table


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One file that came back.

    ``sha256`` is empty for what has no content to hash (a folder, a link that leads outside).
    ``identity`` is ``None`` where the file is not a readable return. ``saved`` is the workbook's
    own time stamp (ISO text, empty if it has none). ``cells`` has the columns of ``results.CELLS``
    without ``file``: every non-empty cell and what became of it. ``release`` holds state, function
    and date of the sheet Freigabe. ``foreign`` marks what is not a return at all (lock and system
    files, folders). ``started`` says whether the department entered anything.
    """

    file: str
    sha256: str = ""
    identity: Identity | None = None
    blocks: Mapping[str, Block]
    findings: tuple[Finding, ...] = ()
    cells: pd.DataFrame
    release: Mapping[str, str]
    saved: str = ""
    foreign: bool = False
    started: bool = False

    @property
    def unit(self) -> str:
        """The organisational unit it speaks for; empty where unknown."""
        return self.identity.unit if self.identity else ""


ORIGIN = {"unit": Kind.CODE, "file": Kind.TEXT, "block": Kind.INTEGER, "row": Kind.INTEGER}
"""Columns that a combined frame carries beside those of its table: the unit and file of the row,
the number of its block in ``Frames.blocks`` and the number of the row in that block.
"""


@dataclass(frozen=True)
class Frames:
    """The tables of many workbooks, one below the other, so that a rule runs once.

    ``tables[name]`` has the typed columns of the table plus ``unit``, ``file``, ``block`` and
    ``row``; ``states``, ``raws`` and ``locked`` have the same index and the table's columns. Tables
    that nobody sent are empty frames. ``goals`` in ``tables`` are the departments' goals, never the
    master's: those are in ``master``.
    """

    master: Master
    tables: Mapping[str, pd.DataFrame]
    states: Mapping[str, pd.DataFrame]
    raws: Mapping[str, pd.DataFrame]
    locked: Mapping[str, pd.DataFrame]
    blocks: Mapping[str, tuple[Block, ...]]
    _known_origins: dict[str, list[tuple[int, int]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def place(self, table: str, index: int, column: str = "") -> Place:
        """The cell behind a row of a combined frame, looked up in the row's own block."""
        block, row = self._origins(table)[index]
        return self.blocks[table][block].place(row, column)

    def _origins(self, table: str) -> list[tuple[int, int]]:
        """Block and row of every row of a combined frame, looked up once."""
        if table not in self._known_origins:
            frame = self.tables[table]
            pairs = zip(frame["block"].tolist(), frame["row"].tolist(), strict=True)
            self._known_origins[table] = [(int(block), int(row)) for block, row in pairs]
        return self._known_origins[table]


def combined(
    master: Master, tables: Iterable[Table], sources: Iterable[tuple[str, str, Mapping[str, Block]]]
) -> Frames:
    """Frames over ``sources`` given as (unit, file, blocks by table name); the index of each frame
    is 0 … n−1.
    """
    parts = list(sources)
    typed, states, raws, locked, blocks = {}, {}, {}, {}, {}
    for table in tables:
        found = [(unit, file, each[table.name]) for unit, file, each in parts if table.name in each]
        kinds = {column.name: column.kind for column in table.columns}
        empty = frame_of({**kinds, **ORIGIN}, {})
        pieces = [
            _with_origin(block, unit, file, number)
            for number, (unit, file, block) in enumerate(found)
        ]
        filled = [piece for piece in pieces if len(piece)]
        typed[table.name] = pd.concat(filled, ignore_index=True) if filled else empty
        blocks[table.name] = tuple(block for _, _, block in found)
        states[table.name] = _stacked([block.state for _, _, block in found], kinds, "int8")
        raws[table.name] = _stacked([block.raw for _, _, block in found], kinds, "string")
        locked[table.name] = _stacked([block.locked for _, _, block in found], kinds, "bool")
    return Frames(
        master=master, tables=typed, states=states, raws=raws, locked=locked, blocks=blocks
    )


def _with_origin(block: Block, unit: str, file: str, number: int) -> pd.DataFrame:
    """The block's frame with its origin; a table of the master that has a column ``unit`` of its
    own keeps it.
    """
    size = len(block.frame)
    origin: dict[str, Any] = {
        "file": pd.array([file] * size, dtype="string"),
        "block": pd.array([number] * size, dtype="Int64"),
        "row": pd.array(range(size), dtype="Int64"),
    }
    if "unit" not in block.frame.columns:
        origin["unit"] = pd.array([unit] * size, dtype="string")
    return block.frame.assign(**origin)


def _stacked(
    pieces: list[pd.DataFrame], kinds: Mapping[str, Kind], dtype: Literal["int8", "string", "bool"]
) -> pd.DataFrame:
    filled = [piece for piece in pieces if len(piece)]
    if filled:
        return pd.concat(filled, ignore_index=True).astype(dtype)
    return pd.DataFrame({name: pd.Series([], dtype=dtype) for name in kinds})


def unreadable(frames: Frames, table: str, column: str) -> pd.Series[bool]:
    """Which cells of a column are unreadable; such a cell is reported once, never also as empty."""
    return frames.states[table][column] == State.UNREADABLE
