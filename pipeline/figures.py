"""Wide blocks become long figures: one row per amount, with the cell it came from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.master import Master
from pipeline.model.submission import Frames
from pipeline.rules.continuation import filled_amounts
from pipeline.tables import choices, results

MASTER_FILE = "Stammdaten.xlsx"
_LISTED = frozenset(choice.code for choice in choices.LISTED_STATUSES)


def figures(
    frames: Frames,
    master: Master,
    *,
    stand_in_files: Collection[str] = (),
    units_standing_in: Collection[str] = (),
) -> pd.DataFrame:
    """``results.FIGURES``: the amounts of the counted returns, of the master, and of what stands
    in.

    ``frames`` holds only returns whose money counts. Figures of ``stand_in_files`` (an earlier
    return in the place of a later one) and the previous year's amounts of ``units_standing_in``
    have origin ``stand_in``. Pre-filled years and locked rows of a return are never figures;
    previous years come from the master.
    """
    parts = [
        _returned(frames, master, stand_in_files),
        _previous(master),
        _previous_as_stand_in(master, units_standing_in),
    ]
    filled = [part for part in parts if len(part)]
    frame = (
        pd.concat(filled, ignore_index=True)
        if filled
        else _typed(pd.DataFrame(columns=results.FIGURES.names))
    )
    return _typed(frame).sort_values(list(results.FIGURES.key), ignore_index=True)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    dtypes = {
        name: "Int64" if kind == "integer" else "string" for name, kind in results.FIGURES.columns
    }
    typed = frame.reindex(columns=list(dtypes)).astype(dtypes)
    texts = [name for name, dtype in dtypes.items() if dtype == "string"]
    typed[texts] = typed[texts].fillna("")
    return typed


def _returned(frames: Frames, master: Master, stand_in_files: Collection[str]) -> pd.DataFrame:
    costs = frames.tables["costs"]
    amounts = filled_amounts(frames)
    if amounts.empty:
        return pd.DataFrame()
    rows = costs.loc[amounts["index"]]
    listed = rows["measure"].isin(_listed_measures(frames)).to_numpy()
    origin = pd.Series("return", index=range(len(amounts)), dtype="string")
    origin = origin.mask(amounts["derived"].to_numpy(), "derived")
    origin = origin.mask(rows["file"].isin(list(stand_in_files)).to_numpy(), "stand_in")
    origin = origin.mask(listed, "listed")
    places = [
        frames.place("costs", index, "continuation" if derived else f"amount_{year}")
        for index, year, derived in zip(
            amounts["index"], amounts["year"], amounts["derived"], strict=True
        )
    ]
    return _with_kind_and_role(
        pd.DataFrame(
            {
                "file": [place.file for place in places],
                "sheet": [place.sheet for place in places],
                "cell": [place.cell for place in places],
                "origin": origin,
                "unit": rows["unit"].to_numpy(),
                "product": rows["product"].to_numpy(),
                "measure": rows["measure"].to_numpy(),
                "line": rows["line"].to_numpy(),
                "year": amounts["year"].to_numpy(),
                "cents": amounts["cents"].to_numpy(),
            }
        ),
        master,
    )


def _listed_measures(frames: Frames) -> list[str]:
    measures = frames.tables["measures"]
    return list(measures.loc[measures["status"].isin(_LISTED), "measure"])


def _previous(master: Master) -> pd.DataFrame:
    frame = master.tables["previous_amounts"]
    known = frame[frame["year"].isin([year.year for year in master.years if not year.entered])]
    return _from_master(master, known, known["year"], "master")


def _previous_as_stand_in(master: Master, units: Collection[str]) -> pd.DataFrame:
    """The amounts of the last pre-filled budget year, once for each budget year of the plan."""
    last = master.previous_budget_year
    if last is None or not units:
        return pd.DataFrame()
    frame = master.tables["previous_amounts"]
    base = frame[frame["unit"].isin(list(units)) & (frame["year"] == last.year)]
    parts = [
        _from_master(
            master, base, pd.Series(year.year, index=base.index, dtype="Int64"), "stand_in"
        )
        for year in master.budget_years
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _from_master(
    master: Master, rows: pd.DataFrame, years: pd.Series[int], origin: str
) -> pd.DataFrame:
    block = master.blocks["previous_amounts"]
    readable = rows[block.state.loc[rows.index, "amount"] == State.VALUE]
    places = [block.place(int(index), "amount") for index in readable.index]
    return _with_kind_and_role(
        pd.DataFrame(
            {
                "file": MASTER_FILE,
                "sheet": [place.sheet for place in places],
                "cell": [place.cell for place in places],
                "origin": origin,
                "unit": readable["unit"].to_numpy(),
                "product": readable["product"].to_numpy(),
                "measure": readable["measure"].to_numpy(),
                "line": readable["line"].to_numpy(),
                "year": years.loc[readable.index].to_numpy(),
                "cents": readable["amount"].to_numpy(),
            }
        ),
        master,
    )


def _with_kind_and_role(frame: pd.DataFrame, master: Master) -> pd.DataFrame:
    kinds = {line: each.kind for line, each in master.lines.items()}
    roles = {year.year: year.role.value for year in master.years}
    return frame.assign(kind=frame["line"].map(kinds), role=frame["year"].map(roles))


def statements(frames: Frames, table: str) -> pd.DataFrame:
    """``results.COMMITMENTS`` or ``results.SAVINGS``: one row per non-empty amount of a commitment
    or a savings measure.

    Neither is part of a budget: a commitment permits payments of later years, a saving explains
    amounts that stand elsewhere.
    """
    result = {"commitments": results.COMMITMENTS, "savings": results.SAVINGS}[table]
    rows: list[dict[Any, Any]] = []
    if table in frames.tables:
        declared = frames.master.submission_tables[table].columns
        stems = {"due", "due_later"} if table == "commitments" else {"plan", "actual", "forecast"}
        amounts = [column for column in declared if column.stem in stems]
        frame, states = frames.tables[table], frames.states[table]
        for index, record in zip(frame.index, frame.to_dict("records"), strict=True):
            for column in amounts:
                if (
                    states.loc[index, column.name] != State.VALUE
                    or frames.locked[table].loc[index, column.name]
                ):
                    continue
                place = frames.place(table, index, column.name)
                year = column.year.year if column.year else None
                where = {"file": place.file, "sheet": place.sheet, "cell": place.cell}
                when: dict[str, object] = (
                    {"due_year": year}
                    if table == "commitments"
                    else {"role": column.stem, "year": year}
                )
                rows.append({**record, **where, **when, "cents": record[column.name]})
    frame = pd.DataFrame(rows, columns=list(result.names))
    dtypes = {
        name: {"integer": "Int64", "boolean": "boolean"}.get(kind, "string")
        for name, kind in result.columns
    }
    typed = frame.astype(dtypes)
    texts = [name for name, dtype in dtypes.items() if dtype == "string"]
    typed[texts] = typed[texts].fillna("")
    return typed.sort_values(list(result.key), ignore_index=True)
