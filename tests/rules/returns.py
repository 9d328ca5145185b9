"""Returns without files: the smallest valid rows, and what the rules say after one change.

``said(costs=[a_cost(amount_2027=-1)])`` is a list of (rule, «Sheet!Cell»). Rows lie from
row 7 on, columns from B on, in the order of the declaration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import pandas as pd

from pipeline.excel.reader.reading import column_letters
from pipeline.model.blocks import Block, State, frame_of
from pipeline.model.findings import Finding
from pipeline.model.master import Master
from pipeline.model.messages import sentence
from pipeline.model.submission import Frames, combined
from pipeline.model.tables import Filler, Table
from pipeline.tables.master import MASTER_TABLES
from pipeline.validation import judged, validate
from tests.builders import TABLES, a_master

UNREADABLE = object()
"""Stands in a row for a cell that could not be read."""
LOCKED = object()
"""Stands in a row for an empty cell that finance has locked."""
FIRST_ROW = 7
Cell: TypeAlias = Any
"""Whatever a cell of a frame may hold."""
Row = Mapping[str, Any]
Return = tuple[str, str, Mapping[str, Block]]


def a_sound_master(**change: Cell) -> Master:
    """Musterstadt with a line plan whose formula finds its lines, and every product with a goal."""
    lines = [{**row, "formula": "02"} if row["line"] == "10" else row for row in TABLES["lines"]]
    links = [*TABLES["product_goals"], {"product": "111.30", "goal": "R1"}]
    return a_master(**{"lines": lines, "product_goals": links, **change})


def with_row(table: str, **row: Cell) -> list[Row]:
    """The rows of a master table of Musterstadt and one more."""
    sound = a_sound_master().tables[table]
    rows = [
        {str(name): value for name, value in each.items() if not pd.isna(value)}
        for each in sound.to_dict("records")
    ]
    return [*rows, row]


def changed(table: str, key: str, **change: Cell) -> list[Row]:
    """The rows of a master table of Musterstadt, one of them changed; ``key`` is the row's first
    cell.
    """
    rows = with_row(table)[:-1]
    return [{**row, **change} if next(iter(row.values())) == key else row for row in rows]


def a_cost(**change: Cell) -> dict[str, Any]:
    years = {f"amount_{year}": 120_000_00 for year in (2027, 2028, 2029, 2030)}
    return {"product": "511.10", "line": "13", **years, **change}


def a_measure(**change: Cell) -> dict[str, Any]:
    facts = {"title": "Bebauungsplan Ortsmitte", "type": "konsumtiv", "status": "geplant"}
    return {"measure": "M-T61-001", "product": "511.10", **facts, **change}


def a_commitment(**change: Cell) -> dict[str, Any]:
    return {"product": "541.10", "line": "F08", "year": 2027, "due_2028": 10_000_00, **change}


def a_count(**change: Cell) -> dict[str, Any]:
    """The key figure K-001, a number of cases."""
    return {"kpi": "K-001", "actual_2025": Decimal(5), "target_2027": Decimal(6), **change}


def a_ratio(**change: Cell) -> dict[str, Any]:
    """The key figure K-002, a ratio whose parts are entered."""
    parts = {"numerator_2025": Decimal(362), "denominator_2025": Decimal(1000)}
    return {"kpi": "K-002", "target_2027": Decimal(38), **parts, **change}


def a_saving(**change: Cell) -> dict[str, Any]:
    return {
        "savings_measure": "HSK-1",
        "title": "Weniger Papier",
        "effect": "Jahreswirkung",
        **change,
    }


KPIS = (
    a_count(),
    a_ratio(),
    {"kpi": "K-003", "target_2027": Decimal(40), "numerator_2025": Decimal(1)},
)


def a_return(
    master: Master, *, unit: str = "T61", file: str = "", **tables: Sequence[Row]
) -> Return:
    blocks = {
        table.name: _block(table, file or f"{unit}.xlsx", tables.get(table.name, ()))
        for table in master.submission
    }
    return unit, file or f"{unit}.xlsx", blocks


def frames_of(master: Master, *returns: Return) -> Frames:
    return combined(master, master.submission, returns)


def findings(
    master: Master | None = None, *more: Return, unit: str = "T61", **tables: Sequence[Row]
) -> list[Finding]:
    """What a return of ``unit`` with these rows (and ``more`` returns) is told."""
    known = master or a_sound_master()
    rows: Any = tables
    frames = frames_of(known, a_return(known, unit=unit, **rows), *more)
    return judged(validate(frames, known.submission, "template"), known, frames)


def said(
    master: Master | None = None, *more: Return, unit: str = "T61", **tables: Sequence[Row]
) -> list[tuple[str, str]]:
    return _short(findings(master, *more, unit=unit, **tables))


def master_findings(master: Master) -> list[Finding]:
    frames = combined(master, MASTER_TABLES, [("", "Stammdaten.xlsx", master.blocks)])
    return judged(validate(frames, MASTER_TABLES, "master"), master, frames)


def said_of_master(master: Master) -> list[tuple[str, str]]:
    return _short(master_findings(master))


def text(found: Iterable[Finding], rule: str) -> str:
    """The sentence of the one finding of a rule."""
    (only,) = [each for each in found if each.rule == rule]
    return sentence(only)[0]


def _short(found: Iterable[Finding]) -> list[tuple[str, str]]:
    result = []
    for each in found:
        sentence(each)  # every finding can be said
        result.append((each.rule, f"{each.place.sheet}!{each.place.cell}"))
    return result


def _block(table: Table, file: str, rows: Sequence[Row]) -> Block:
    unknown = {name for row in rows for name in row} - set(table.names)
    assert not unknown, f"{table.name} has no columns {sorted(unknown)}"
    marks = (UNREADABLE, LOCKED)
    values = {
        name: [
            None if any(row.get(name) is mark for mark in marks) else row.get(name) for row in rows
        ]
        for name in table.names
    }
    given = {column.name for column in table.columns if column.filled_by is Filler.FINANCE}
    state = {name: [_state(row.get(name)) for row in rows] for name in table.names}
    locked = {
        name: [name in given or row.get(name) is LOCKED for row in rows] for name in table.names
    }
    return Block(
        table=table,
        file=file,
        sheet=table.sheet,
        frame=frame_of({column.name: column.kind for column in table.columns}, values),
        raw=pd.DataFrame(
            {name: [str(row.get(name, "")) for row in rows] for name in table.names}, dtype="string"
        ),
        state=pd.DataFrame(state, dtype="int8"),
        locked=pd.DataFrame(locked, dtype="bool"),
        rows=tuple(range(FIRST_ROW, FIRST_ROW + len(rows))),
        letters={name: column_letters(number) for number, name in enumerate(table.names, start=2)},
    )


def _state(value: object) -> int:
    if value is UNREADABLE:
        return State.UNREADABLE
    return State.EMPTY if value is None or value is LOCKED else State.VALUE
