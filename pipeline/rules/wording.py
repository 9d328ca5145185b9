"""How a value of a table reads in a German sentence."""

from __future__ import annotations

import re
from decimal import Decimal

import pandas as pd

from pipeline.model.money import german
from pipeline.model.submission import Frames
from pipeline.model.tables import Column, Kind, Table
from pipeline.tables.choices import label
from pipeline.tables.master import MASTER_TABLES

_MASTER = {table.name: table for table in MASTER_TABLES}
NOTHING = "(leer)"
"""What stands in a sentence for an empty cell."""


def declared(frames: Frames, table: str) -> Table:
    """The declaration of a table as these frames carry it: of the plan's template, else of the
    master.

    ``goals``, ``product_goals`` and ``kpis`` stand in both workbooks; their blocks say which it is.
    """
    blocks = frames.blocks.get(table, ())
    if blocks:
        return blocks[0].table
    template = frames.master.submission_tables
    return template[table] if table in template else _MASTER[table]


def written(column: Column, value: object) -> str:
    """One typed value as a person would write it in that column."""
    if value is None or value is pd.NA:
        return NOTHING
    text = str(value)
    match column.kind:
        case Kind.MONEY:
            text = written_cents(int(text))
        case Kind.PERCENT:
            text = f"{per_cent_text(int(text))} %"
        case Kind.NUMBER:
            text = decimal_text(Decimal(text))
        case Kind.MONTH:
            text = ".".join(reversed(text.split("-")))
        case Kind.DATE:
            text = date_text(text)
        case Kind.YES_NO:
            text = "ja" if value else "nein"
        case Kind.CHOICE:
            text = label(column.choices, text)
        case Kind.CODE | Kind.TEXT | Kind.INTEGER | Kind.YEAR:
            pass
    return text


def written_column(column: Column, values: pd.Series) -> pd.Series[str]:
    """The values of a column, written."""
    texts = [written(column, value) for value in values]
    return pd.Series(texts, index=values.index, dtype="string")


def written_cents(amount: int) -> str:
    """Cents in euro as in ``1.250`` or ``1.250,50``: places only where there are cents."""
    text = german(amount)
    return text.removesuffix(",00")


def decimal_text(value: Decimal) -> str:
    """A number with German separators and without superfluous places: ``1.234,5``."""
    text = f"{value.normalize():,f}"
    return text.translate(str.maketrans(",.", ".,"))


def per_cent_text(basis_points: int) -> str:
    """Basis points as a number of per cent without the sign: ``62,5``."""
    return decimal_text(Decimal(basis_points).scaleb(-2))


def date_text(iso: str) -> str:
    """``2027-03-31`` as ``31.03.2027``; other texts as they are."""
    match = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", iso)
    return f"{match[3]}.{match[2]}.{match[1]}" if match else iso


def listed(items: list[str]) -> str:
    """A list as one speaks it: ``a, b und c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} und {items[-1]}"
