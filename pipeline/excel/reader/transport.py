"""How a reading travels from the process that parsed the file: as plain JSON in frames.

The child has parsed what may be an attack. JSON can only become texts, numbers and lists;
unpickling would run whatever a captured child sends, and `marshal` promises nothing about hostile
data. A frame is one letter, a length, and that many bytes:

    F  the file: sha256 and size          1  the first reading, or the refusal
    2  the second reading                 D  done: how the child ended
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pipeline.excel.reader.limits import Limits
from pipeline.excel.reader.reading import (
    Caution,
    Cell,
    CellType,
    Comment,
    Disagreement,
    Facts,
    Notice,
    Reason,
    Refusal,
    SecondReading,
    Sheet,
    Style,
    Workbook,
)

HEADER = struct.Struct(">cQ")
READY, FILE, FIRST, SECOND, DONE = b"R", b"F", b"1", b"2", b"D"

_TYPES = {kind.value: kind for kind in CellType}
_PER_CELL = 5


class Garbled(ValueError):  # noqa: N818 - says what is wrong with the frame
    """A frame that no honest child sends."""


def frame(kind: bytes, payload: bytes) -> bytes:
    """One frame, ready to be written."""
    return HEADER.pack(kind, len(payload)) + payload


def complete_frames(received: bytes | bytearray) -> Iterator[tuple[bytes, bytes]]:
    """The frames in what was received; a torn one at the end, left by a child that died, is
    dropped.
    """
    at = 0
    while at + HEADER.size <= len(received):
        kind, length = HEADER.unpack_from(received, at)
        at += HEADER.size
        if at + length > len(received):
            return
        yield kind, bytes(received[at : at + length])
        at += length


def packed(value: object) -> bytes:
    """Plain data as ASCII JSON; lone surrogates and undecodable file names survive it."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def unpacked(payload: bytes) -> Any:  # noqa: ANN401 - JSON; whoever asks checks
    """Plain data back from JSON."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Garbled from error


def packed_limits(limits: Limits) -> dict[str, float]:
    """The limits as plain data."""
    return asdict(limits)


def packed_result(result: Workbook | Refusal) -> bytes:
    """The first reading, or the refusal."""
    if isinstance(result, Refusal):
        return packed({"refusal": [result.reason.value, result.values]})
    styles: dict[int, int] = {}
    listed: list[Style] = []
    for sheet in result.sheets:
        for cell in sheet.cells:
            if id(cell.style) not in styles:
                styles[id(cell.style)] = len(listed)
                listed.append(cell.style)
    return packed(
        {
            "workbook": {
                "sheets": [_packed_sheet(sheet, styles) for sheet in result.sheets],
                "styles": [_packed_style(style) for style in listed],
                "date1904": result.date1904,
                "properties": result.properties,
                "strict": result.strict,
                "macros": result.macros,
                "external_links": result.external_links,
                "embedded": result.embedded,
                "warnings": _packed_notices(result.warnings),
            }
        }
    )


def _packed_style(style: Style) -> list[object]:
    return [style.number_format, style.is_date, style.strike, style.invisible, style.locked]


def _packed_sheet(sheet: Sheet, styles: dict[int, int]) -> dict[str, object]:
    # All cells in one flat list, and apart from it the few that hold a formula: half the time of a
    # list each.
    flat: list[object] = []
    formulas: list[tuple[int, str, bool]] = []
    for number, cell in enumerate(sheet.cells):
        row, column, kind, raw, formula, cached, style = cell
        flat += (row, column, kind._value_, raw, styles[id(style)])
        if formula is not None:
            formulas.append((number, formula, cached))
    return {
        "name": sheet.name,
        "state": sheet.state,
        "kind": sheet.kind,
        "cells": flat,
        "formulas": formulas,
        "hidden_rows": _ranges(sheet.hidden_rows),
        "hidden_columns": _ranges(sheet.hidden_columns),
        "merges": sheet.merges,
        "filtered": sheet.filtered,
        "comments": [(comment.row, comment.column, comment.text) for comment in sheet.comments],
        "protected": sheet.protected,
    }


def _ranges(numbers: frozenset[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges


def _packed_notices(notices: tuple[Notice, ...]) -> list[object]:
    return [(notice.caution.value, notice.values) for notice in notices]


def packed_second(second: SecondReading) -> bytes:
    """The verdict of the second reader."""
    disagreements = [(d.sheet, d.row, d.column, d.first, d.second) for d in second.disagreements]
    return packed([second.state, disagreements, _packed_notices(second.notices)])


def result_from(payload: bytes) -> Workbook | Refusal:
    """The first reading, or the refusal, back from a frame; raises `Garbled` for anything else."""
    try:
        data = unpacked(payload)
        if "refusal" in data:
            reason, values = data["refusal"]
            return Refusal(Reason(reason), _facts(values))
        return _workbook(data["workbook"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise Garbled from error


def second_from(payload: bytes) -> SecondReading:
    """The verdict of the second reader back from a frame; raises `Garbled` for anything else."""
    try:
        state, disagreements, notices = unpacked(payload)
        if state not in {"agreed", "disagreed", "not_run", "failed"}:
            raise Garbled
        return SecondReading(
            state,
            tuple(
                Disagreement(_str(sheet), _int(row), _int(column), _str(first), _str(second))
                for sheet, row, column, first, second in disagreements
            ),
            _notices(notices),
        )
    except (TypeError, ValueError) as error:
        raise Garbled from error


def _workbook(data: dict[str, Any]) -> Workbook:
    styles = [
        Style(_str(code), is_date is True, strike is True, invisible is True, locked is True)
        for code, is_date, strike, invisible, locked in data["styles"]
    ]
    return Workbook(
        sheets=tuple(_sheet(sheet, styles) for sheet in data["sheets"]),
        date1904=data["date1904"] is True,
        properties=_facts(data["properties"]),
        strict=data["strict"] is True,
        macros=data["macros"] is True,
        external_links=tuple(_str(name) for name in data["external_links"]),
        embedded=data["embedded"] is True,
        warnings=_notices(data["warnings"]),
    )


def _sheet(data: dict[str, Any], styles: list[Style]) -> Sheet:
    state = data["state"]
    if state not in {"visible", "hidden", "veryHidden"}:
        raise Garbled
    return Sheet(
        name=_str(data["name"]),
        state=state,
        cells=_cells(data["cells"], data["formulas"], styles),
        hidden_rows=_numbers(data["hidden_rows"]),
        hidden_columns=_numbers(data["hidden_columns"]),
        merges=tuple((_int(a), _int(b), _int(c), _int(d)) for a, b, c, d in data["merges"]),
        filtered=data["filtered"] is True,
        comments=tuple(Comment(_int(r), _int(c), _str(text)) for r, c, text in data["comments"]),
        protected=data["protected"] is True,
        kind=_str(data["kind"]),
    )


def _cells(flat: list[Any], formulas: list[Any], styles: list[Style]) -> tuple[Cell, ...]:
    rows, columns, kinds, raws, used = (flat[start::_PER_CELL] for start in range(_PER_CELL))
    whole = set(map(type, rows)) | set(map(type, columns)) | set(map(type, used)) <= {int}
    if (
        len(flat) % _PER_CELL
        or not whole
        or not set(map(type, raws)) <= {str}
        or min(used, default=0) < 0
    ):
        raise Garbled
    cells = [
        Cell(row, column, _TYPES[kind], raw, None, True, styles[style])
        for row, column, kind, raw, style in zip(rows, columns, kinds, raws, used, strict=True)
    ]
    for number, formula, cached in formulas:
        cells[_int(number)] = cells[number]._replace(formula=_str(formula), cached=cached is True)
    return tuple(cells)


def _numbers(ranges: list[list[int]]) -> frozenset[int]:
    numbers: set[int] = set()
    for first, last in ranges:
        if not 0 < _int(first) <= _int(last) <= 1 << 20:
            raise Garbled
        numbers.update(range(first, last + 1))
    return frozenset(numbers)


def _notices(listed: list[Any]) -> tuple[Notice, ...]:
    return tuple(Notice(Caution(caution), _facts(values)) for caution, values in listed)


def _facts(values: list[list[str]]) -> Facts:
    return tuple((_str(name), _str(value)) for name, value in values)


def _str(value: object) -> str:
    if not isinstance(value, str):
        raise Garbled
    return value


def _int(value: object) -> int:
    if type(value) is not int:
        raise Garbled
    return value
