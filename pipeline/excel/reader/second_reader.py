"""The second reader: python-calamine over the same bytes, to find what ours might misread.

It shares no code with ours. It sees no error values, formulas or formats, and trims texts; what it
does see must be equal. A difference is a finding for a person, never a choice between the two.
"""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Iterator

import python_calamine

from pipeline.excel.reader.reading import (
    Caution,
    Cell,
    CellType,
    Disagreement,
    Notice,
    SecondReading,
    Sheet,
    Workbook,
)
from pipeline.excel.reader.stored_texts import decoded

_LISTED_AT_MOST = 1_000
_DAY = 86_400
_TOLERANCE = 0.002 / _DAY  # dates come rounded to milliseconds
_FAILED = (Notice(Caution.SECOND_READING_FAILED),)

Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def read_again(data: bytes, workbook: Workbook) -> SecondReading:
    """Compare every cell that either reader found. Never raises: a second reader that fails is a
    notice.
    """
    try:
        found = _disagreements(data, workbook)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001
        # A panic of the Rust library is no Exception, only a BaseException.
        return SecondReading("failed", notices=_FAILED)
    if not found:
        return SecondReading("agreed")
    more = len(found) - _LISTED_AT_MOST
    notices = (Notice(Caution.MORE_DISAGREEMENTS, (("count", str(more)),)),) if more > 0 else ()
    return SecondReading("disagreed", tuple(found[:_LISTED_AT_MOST]), notices)


def _disagreements(data: bytes, workbook: Workbook) -> list[Disagreement]:
    found: list[Disagreement] = []
    with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as second:
        for sheet in workbook.sheets:
            if sheet.kind == "worksheet":
                values = second.get_sheet_by_name(sheet.name)
                found += _compared(sheet, values, date1904=workbook.date1904)
    return found


def _compared(
    sheet: Sheet, values: python_calamine.CalamineSheet, *, date1904: bool
) -> Iterator[Disagreement]:
    expected = {(cell.row, cell.column): cell for cell in sheet.cells}
    for row, column, value in _nonempty(values):
        cell = expected.pop((row, column), None)
        if cell is not None and _is_equal(cell, value):
            continue
        if cell is None:
            if _squeezed(value) != "":
                yield Disagreement(sheet.name, row, column, "", _shown(value))
        elif not _agree(cell, value, date1904=date1904):
            yield Disagreement(sheet.name, row, column, cell.raw, _shown(value))
    for cell in expected.values():
        if not _agree(cell, "", date1904=date1904):
            yield Disagreement(sheet.name, cell.row, cell.column, cell.raw, "")


def _nonempty(values: python_calamine.CalamineSheet) -> Iterator[tuple[int, int, Value]]:
    top, left = values.start or (0, 0)
    for row, line in enumerate(values.to_python(), start=top + 1):
        for column, value in enumerate(line, start=left + 1):
            if value != "":
                yield row, column, value


def _is_equal(cell: Cell, value: Value) -> bool:
    """The two common cases, before the careful comparison."""
    if cell.type is CellType.TEXT:
        return value == cell.raw
    return cell.type is CellType.NUMBER and type(value) is float and float(cell.raw) == value


def _agree(cell: Cell, value: Value, *, date1904: bool) -> bool:
    """Whether the second reader's value can be what our cell says, given what it is known to leave
    out.
    """
    if not cell.cached or cell.type is CellType.ERROR:
        return True  # it shows neither; our reader decides
    match cell.type:
        case CellType.BOOLEAN:
            return value is (cell.raw in {"1", "true"})
        case CellType.TEXT:
            return _squeezed(value) == _squeezed(cell.raw)
        case CellType.DATE:
            return _same_date(cell.raw, value)
        case _:
            return _same_number(float(cell.raw), value, date1904=date1904)


def _squeezed(value: Value) -> str | Value:
    """A text without its blanks: the second reader trims every run of a text that does not forbid
    it.
    """
    return "".join(decoded(value).split()) if isinstance(value, str) else value


def _same_number(number: float, value: Value, *, date1904: bool) -> bool:
    if isinstance(value, bool | str):
        return False
    if isinstance(value, int | float):
        return number == value
    if number < 0:
        return True  # it has no dates before the calendar and shows midnight instead
    return any(_near(number, serial) for serial in _serials(value, date1904=date1904))


def _serials(
    value: dt.time | dt.timedelta | dt.date | dt.datetime, *, date1904: bool
) -> tuple[float, ...]:
    """The number behind a date or time as Excel counts it; two where its calendar is ambiguous."""
    match value:
        case dt.time():
            seconds = value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
            return (seconds / _DAY,)
        case dt.timedelta():
            return (value.total_seconds() / _DAY,)
        case dt.datetime():
            moment = value
        case _:
            moment = dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001
    start = dt.datetime(1904, 1, 1) if date1904 else dt.datetime(1899, 12, 30)  # noqa: DTZ001
    serial = (moment - start).total_seconds() / _DAY
    # Excel counts a 29 February 1900, which never was; that shifts the days before it by one.
    return (serial, serial - 1) if serial < 61 and not date1904 else (serial,)


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=0, abs_tol=_TOLERANCE)


def _same_date(text: str, value: Value) -> bool:
    """A date written as text; what is no moment of the calendar is left to the caller, who must
    refuse it anyway.
    """
    if isinstance(value, str):
        return value == text
    try:
        moment = dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return True
    match value:
        case dt.datetime():
            return abs(value.replace(tzinfo=None) - moment) < dt.timedelta(milliseconds=2)
        case dt.date():
            return value == moment.date()
        case _:
            return False


def _shown(value: Value) -> str:
    match value:
        case bool():
            return str(int(value))
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case _:
            return str(value)
