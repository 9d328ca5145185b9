"""What single columns must hold, derived from the declaration: which rule id each of its words
stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.findings import Blocks, Severity
from pipeline.model.submission import Frames
from pipeline.model.tables import Column, Kind, Table
from pipeline.rules.continuation import CONTINUED, continuation_starts
from pipeline.rules.registry import declare
from pipeline.rules.wording import written

declare("Z09", Severity.ERROR, Blocks.MONEY)
declare("Z13", Severity.ERROR, Blocks.MONEY)
declare("Z14", Severity.ERROR, Blocks.MONEY)
declare("Z16", Severity.ERROR, Blocks.MONEY)
declare("Z21", Severity.ERROR, Blocks.MONEY)
declare("M01", Severity.ERROR, Blocks.MONEY)
declare("H01", Severity.ERROR, Blocks.MONEY)

_REQUIRED = {
    ("measures", "title"): "M01",
    ("measures", "product"): "M01",
    ("savings", "effect"): "H01",
}
_NUMBERS = (Kind.MONEY, Kind.NUMBER, Kind.PERCENT, Kind.INTEGER, Kind.YEAR)


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One thing a column asks of its cells; ``word`` is the word of the declaration it comes
    from.
    """

    rule: str
    word: str


def demands(table: Table, column: Column) -> Iterator[Demand]:
    """What the declaration asks of a column, as rule ids."""
    if column.required:
        default = "Z09" if column.kind is Kind.MONEY else "Z14"
        yield Demand(rule=_REQUIRED.get((table.name, column.name), default), word="required")
    if column.minimum is not None and column.kind in _NUMBERS:
        yield Demand(rule="Z13", word="minimum")
    if column.maximum is not None and column.kind in _NUMBERS:
        yield Demand(rule="Z13", word="maximum")
    if column.pattern is not None:
        yield Demand(rule="Z16", word="pattern")
    if column.max_length is not None:
        yield Demand(rule="Z21", word="max_length")


def met(column: Column, word: str, values: pd.Series) -> pd.Series[bool]:
    """Where a column's cells are as the word of the declaration asks; empty cells are."""
    match word:
        case "minimum":
            return _each_number(values, at_least=column.minimum)
        case "maximum":
            return _each_number(values, at_most=column.maximum)
        case "pattern":
            return values.str.fullmatch(column.pattern or "").fillna(True).astype(bool)
        case "max_length":
            return (values.str.len() <= (column.max_length or 0)).fillna(True).astype(bool)
        case _:
            raise ValueError(word)


def _each_number(
    values: pd.Series, *, at_least: int | None = None, at_most: int | None = None
) -> pd.Series[bool]:
    if values.dtype == object:  # decimals: empty cells are None, which cannot be compared
        fine = [
            pd.isna(value)
            or ((at_least is None or value >= at_least) and (at_most is None or value <= at_most))
            for value in values
        ]
        return pd.Series(fine, index=values.index, dtype="bool")
    kept = values >= at_least if at_least is not None else values <= at_most
    return kept.fillna(True).astype(bool)


def excused(frames: Frames, table: Table, column: Column) -> pd.Series[bool]:
    """Cells that may stay empty although the column is required.

    Locked cells are finance's; an unreadable cell has its own finding; a later year of a cost row
    is filled by its Fortschreibung.
    """
    free = frames.locked[table.name][column.name] | (
        frames.states[table.name][column.name] == State.UNREADABLE
    )
    later = column.year is not None and column.year.year > continuation_starts(frames.master)
    if table.name == "costs" and column.stem == "amount" and later:
        free |= frames.tables["costs"]["continuation"].isin(CONTINUED).to_numpy(dtype=bool)
        free |= frames.states["costs"]["continuation"] == State.UNREADABLE
    return free


def facts(column: Column, word: str, value: object) -> dict[str, str]:
    """What the sentence says about a cell that is not as asked."""
    match word:
        case "required":
            return {"spalte": column.title}
        case "minimum":
            return {
                "variant": "minimum",
                "spalte": column.title,
                "wert": written(column, value),
                "grenze": _bound(column, column.minimum),
            }
        case "maximum":
            return {
                "spalte": column.title,
                "wert": written(column, value),
                "grenze": _bound(column, column.maximum),
            }
        case "pattern":
            return {
                "spalte": column.title,
                "wert": written(column, value),
                "muster": example(column.pattern or ""),
            }
        case "max_length":
            return {
                "spalte": column.title,
                "laenge": str(len(str(value))),
                "grenze": str(column.max_length),
            }
        case _:
            raise ValueError(word)


def _bound(column: Column, bound: int | None) -> str:
    from_decimals = column.kind is Kind.NUMBER
    return f"{bound:,}".replace(",", ".") if from_decimals else written(column, bound)


def example(pattern: str) -> str:
    """A pattern as somebody reads it who knows no regular expressions: ``M-…-001``."""
    text = re.sub(r"\\d\{(\d+),?\d*\}", lambda found: "0" * (int(found[1]) - 1) + "1", pattern)
    text = text.replace(r"\d", "1").replace(".+", "…").replace(".*", "…")
    return re.sub(r"\\(.)\??", r"\1", text)
