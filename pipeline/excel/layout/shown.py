"""The edge between what the pipeline carries (cents, codes, ISO texts) and what stands in a
cell.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

import pandas as pd

from pipeline.excel.layout.sheet_layout import Shown
from pipeline.model.money import euro
from pipeline.model.tables import Choice, Column, Kind

_MONTH_LENGTH = 7


def shown(column: Column, value: object) -> Shown:
    """A value typed as in frames, as it stands in a cell (see
    :class:`~pipeline.model.tables.Kind`).
    """
    if value is None or value is pd.NA or value == "":
        return None
    match column.kind:
        case Kind.MONEY | Kind.PERCENT:
            return euro(int(str(value)))
        case Kind.CHOICE:
            return _label(column.choices, str(value))
        case Kind.YES_NO:
            return "ja" if value else "nein"
        case Kind.INTEGER | Kind.YEAR:
            return int(str(value))
        case Kind.NUMBER:
            return Decimal(str(value))
        case Kind.MONTH | Kind.DATE:
            return _day(str(value))
        case Kind.CODE | Kind.TEXT:
            return str(value)


def shown_text(column: Column, value: object) -> Shown:
    """A value of a CSV file as it stands in a cell: labels for choices, ``1234.56`` euro, 45 for 45
    %, ISO dates.

    What is already typed stays. A text that is not what its column asks for is shown as it is: a
    reader of the workbook has to find the fault, not the writer.
    """
    if value is None or value is pd.NA or value == "":
        return None
    if not isinstance(value, str):
        return _typed(column, value)
    try:
        match column.kind:
            case Kind.MONEY | Kind.PERCENT | Kind.NUMBER:
                return Decimal(value)
            case Kind.INTEGER | Kind.YEAR:
                return int(value)
            case Kind.MONTH | Kind.DATE:
                return _day(value)
            case Kind.CODE | Kind.TEXT | Kind.CHOICE | Kind.YES_NO:
                return value
    except (InvalidOperation, ValueError):
        return value


def _typed(column: Column, value: object) -> Shown:
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, int | Decimal):
        return str(value) if column.kind in {Kind.CODE, Kind.TEXT} else value
    if isinstance(value, date):
        return value
    raise TypeError(f"{column.name}: {type(value).__name__} cannot stand in a cell")


def _day(text: str) -> date:
    return date.fromisoformat(f"{text}-01" if len(text) == _MONTH_LENGTH else text)


def _label(choices: tuple[Choice, ...], code: str) -> str:
    return next((choice.label for choice in choices if choice.code == code), code)
