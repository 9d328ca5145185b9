"""The contributions as the workbook holds them: one row per source row and goal, and sums in
cents over them.

The sheet Daten prints `Ledger.rows`; every live sum of the workbook reads those rows; every
cached value of such a sum comes from `Ledger.sum`. Excel compares number-like texts as numbers in
SUMIFS (``1.1`` = ``1.10``), therefore a criterion is never a code but the code's running number
(`Ledger.numbers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from pipeline.model.results import Results
from pipeline.model.tables import Year
from pipeline.tables import choices

GOAL, UNIT, PRODUCT, LINE, MEASURE = "goal", "unit", "product", "line", "measure"
DIMENSIONS: Final = (GOAL, UNIT, PRODUCT, LINE, MEASURE)

SORTABLE_ROWS: Final = 20_000
"""Up to so many rows every sum looks through all of Daten, in whatever order somebody sorts it. A
whole city's SUMIFS would then take many minutes: with more rows, the rows of a code stand together
and its sums look through those alone.
"""
_TOGETHER: Final = (UNIT, PRODUCT, MEASURE, LINE, GOAL)

_PLACE = ["file", "sheet"]
_KEY = [*DIMENSIONS, "kind", "origin", "share_bp", *_PLACE]


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The rows of the sheet Daten and what they add up to.

    ``rows`` has the columns of `DIMENSIONS`, ``kind``, ``origin``, ``share_bp``, ``file``,
    ``sheet``, ``cells`` (every source cell of the row, in order of the years), ``cell`` (the
    first of them) and one integer column of cents per year, missing where there is no figure.
    ``numbers`` holds for each dimension the running number of every code. ``listed`` are sums
    over figures of measures that do not count, by measure, kind and year. ``spans`` are the first
    and the last position in ``rows`` of every code of a dimension whose sums look through those
    rows alone (see `SORTABLE_ROWS`).
    """

    years: tuple[Year, ...]
    rows: pd.DataFrame
    numbers: Mapping[str, Mapping[str, int]]
    sums: Mapping[str, Mapping[tuple[str, str, int], int]]
    booked: Mapping[str, frozenset[str]]
    listed: Mapping[tuple[str, str, int], int]
    spans: Mapping[str, Mapping[str, tuple[int, int]]]

    def sum(self, dimension: str, code: str, kind: str, year: int) -> int:
        """Cents booked directly on a code; 0 where nothing is."""
        return self.sums[dimension].get((code, kind, year), 0)

    def total(self, kind: str, year: int) -> int:
        """Cents of all rows of a kind in a year."""
        amounts = self.sums[UNIT].items()
        return sum(cents for (_, k, y), cents in amounts if (k, y) == (kind, year))

    def has_rows(self, dimension: str, code: str) -> bool:
        """Whether any row is booked directly on that code."""
        return code in self.booked[dimension]


def ledger_of(results: Results) -> Ledger:
    """The ledger of one plan; a contribution in a year that the plan does not have is a fault of
    the program.
    """
    booked = results.tables["contributions"]
    years = results.master.years
    strange = sorted(set(booked["year"].dropna().astype(int)) - {year.year for year in years})
    if strange:
        raise ValueError(f"contributions in years without a column: {strange}")
    figures = results.tables["figures"]
    numbers = running_numbers(results, booked)
    rows = source_rows(booked, years, numbers)
    large = len(rows) > SORTABLE_ROWS
    if large:
        by = [f"{name}_number" for name in _TOGETHER]
        rows = rows.sort_values(by, kind="stable", ignore_index=True)
    return Ledger(
        years=years,
        rows=rows,
        numbers=numbers,
        sums={dimension: _sums(booked, dimension) for dimension in DIMENSIONS},
        booked={dimension: frozenset(map(str, booked[dimension])) for dimension in DIMENSIONS},
        listed=_sums(figures[figures["origin"] == "listed"], MEASURE),
        spans={name: _spans(rows, name) for name in (UNIT, PRODUCT, MEASURE)} if large else {},
    )


def _spans(rows: pd.DataFrame, dimension: str) -> dict[str, tuple[int, int]]:
    """First and last position of every code."""
    places = rows.index.to_series().groupby(rows[dimension]).agg(["min", "max"])
    return {
        str(code): (int(first), int(last))
        for code, first, last in zip(places.index, places["min"], places["max"], strict=True)
        if code
    }


def running_numbers(results: Results, booked: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Running numbers in the order of the sheets; codes that only contributions know come last."""
    master = results.master
    known: dict[str, Iterable[str]] = {
        GOAL: [*results.texts["goals"]["goal"], choices.WITHOUT_GOAL, choices.GENERAL_FUNDING],
        UNIT: master.units.order,
        PRODUCT: master.tables["products"]["product"],
        LINE: master.lines,
        MEASURE: results.texts["measures"]["measure"],
    }
    return {
        dimension: _numbered([*codes, *sorted(set(booked[dimension]))])
        for dimension, codes in known.items()
    }


def _numbered(codes: Sequence[object]) -> dict[str, int]:
    distinct = dict.fromkeys(str(code) for code in codes if code is not pd.NA and code != "")
    return {code: number for number, code in enumerate(distinct, start=1)}


def _sums(frame: pd.DataFrame, by: str) -> dict[tuple[str, str, int], int]:
    """Cents by a column, kind and year."""
    grouped = frame.groupby([by, "kind", "year"], sort=True, as_index=False)["cents"].sum()
    columns = (grouped[name] for name in (by, "kind", "year", "cents"))
    return {
        (str(code), str(kind), int(year)): int(cents)
        for code, kind, year, cents in zip(*columns, strict=True)
    }


def source_rows(
    booked: pd.DataFrame, years: Sequence[Year], numbers: Mapping[str, Mapping[str, int]]
) -> pd.DataFrame:
    """One row per source row and goal: the figures of one source row stand beside each other by
    year (columns as in `Ledger`).

    Previous amounts stand below each other in the master, one per year: they are joined by their
    key instead.
    """
    sheet_row = booked["cell"].str.extract(r"(\d+)$", expand=False).fillna("0").astype("int64")
    frame = booked.assign(
        sheet_row=sheet_row,
        source_row=sheet_row.where(booked["origin"] != "master", 0),
    )
    key = [*_KEY, "source_row"]
    frame = frame.sort_values([*key, "year", "sheet_row", "cell"], kind="stable")
    # Two figures of one key and year (rows that repeat in the master) stay two rows: nothing is
    # merged.
    frame["copy"] = frame.groupby([*key, "year"], sort=False, dropna=False).cumcount()
    frame["row"] = frame.groupby([*key, "copy"], sort=False, dropna=False).ngroup()
    grouped = frame.groupby("row", sort=True)
    rows = grouped[[*_KEY, "source_row", "cell"]].first()
    rows["cells"] = grouped["cell"].agg(_joined)
    amounts = frame.pivot(index="row", columns="year", values="cents")
    for year in years:
        given = (
            amounts[year.year]
            if year.year in amounts.columns
            else pd.Series(index=rows.index, dtype="Int64")
        )
        rows[year.year] = given.astype("Int64")
    order = {name: rows[name].map(numbers[name]).fillna(0).astype("int64") for name in DIMENSIONS}
    rows = rows.assign(**{f"{name}_number": number for name, number in order.items()})
    by = [
        *(f"{name}_number" for name in DIMENSIONS),
        "kind",
        *_PLACE,
        "source_row",
        "origin",
        "cell",
    ]
    return rows.sort_values(by, kind="stable").reset_index(drop=True)


def _joined(cells: pd.Series[str]) -> str:
    return ", ".join(dict.fromkeys(str(cell) for cell in cells))
