"""What must hold for the rows of the sheet Verpflichtungen (Verpflichtungsermächtigungen, VE)."""

from __future__ import annotations

from typing import cast

import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.findings import Blocks, Severity
from pipeline.model.submission import Frames
from pipeline.model.tables import Column
from pipeline.rules.amounts import amounts, faults, joined, sums_by
from pipeline.rules.registry import rule
from pipeline.rules.wording import listed, written_cents

_PLACE = ["unit", "file", "product", "line"]


@rule("M08", "commitments.line", Severity.ERROR, Blocks.MONEY)
def commitment_does_not_fit(frames: Frames) -> pd.DataFrame:
    """Commitments are for investment payments, given in a budget year, and at most as high as
    what is due later.

    Source: domain 4 and 5.2; contract, data package. One fault per cell: line, year, due year,
    then the amounts.
    """
    commitments = frames.tables["commitments"]
    if commitments.empty:
        return pd.DataFrame()
    wrong_line = _not_for_investment(frames)
    wrong_year = _not_a_budget_year(frames)
    checked = commitments.drop(index=wrong_line.index.union(wrong_year.index))
    return joined(
        [
            wrong_line,
            wrong_year,
            _due_too_early(frames, checked),
            _above_payments(frames, checked),
            _above_later(frames, checked),
        ]
    )


def _not_for_investment(frames: Frames) -> pd.DataFrame:
    commitments = frames.tables["commitments"]
    lines = frames.master.lines
    payments = [
        line.line for line in lines.values() if line.plan == "Finanz" and line.kind == "payment"
    ]
    others = commitments["line"].isin([each for each in lines if each not in payments])
    rows = commitments.index[others]
    return faults(
        rows,
        column=["line"] * len(rows),
        variant=["line"] * len(rows),
        zeile=commitments.loc[rows, "line"],
    )


def _not_a_budget_year(frames: Frames) -> pd.DataFrame:
    commitments = frames.tables["commitments"]
    allowed = [year.year for year in frames.master.budget_years]
    rows = commitments.index[commitments["year"].notna() & ~commitments["year"].isin(allowed)]
    return faults(
        rows,
        column=["year"] * len(rows),
        variant=["year"] * len(rows),
        jahr=commitments.loc[rows, "year"].astype("string"),
        soll=[listed([str(year) for year in allowed])] * len(rows),
    )


def _due_columns(frames: Frames) -> list[tuple[Column, int]]:
    table = frames.master.submission_tables["commitments"]
    return [
        (each, each.year.year)
        for each in table.columns
        if each.stem == "due" and each.year is not None
    ]


def _due_too_early(frames: Frames, checked: pd.DataFrame) -> pd.DataFrame:
    pieces = []
    for column, year in _due_columns(frames):
        early = (checked[column.name].fillna(0) != 0) & (checked["year"] >= year).fillna(False)
        rows = checked.index[early]
        pieces.append(
            faults(
                rows,
                column=[column.name] * len(rows),
                variant=["due"] * len(rows),
                jahr=checked.loc[rows, "year"].astype("string"),
                faellig=[str(year)] * len(rows),
            )
        )
    return joined(pieces)


def _above_payments(frames: Frames, checked: pd.DataFrame) -> pd.DataFrame:
    """Per product, line and measure (without one: of all rows) the sum due in a year against the
    payments planned for it.
    """
    planned = amounts(frames)
    keys = checked[_PLACE].fillna("").assign(measure=checked["measure"].fillna(""))
    doubt = _payments_in_doubt(frames)
    pieces = []
    for column, year in _due_columns(frames):
        due = (
            checked[column.name]
            .fillna(0)
            .where((checked["year"] < year).fillna(False), 0)
            .astype("int64")
        )
        paid = planned[planned["year"] == year]
        by_measure = sums_by(paid, *_PLACE, "measure")
        by_line = sums_by(paid, *_PLACE)
        groups = due[due != 0].groupby([keys[name] for name in keys.columns])
        for names, dues in groups:
            key = tuple(map(str, names))
            if key[1:4] in doubt:
                continue
            limit = by_measure.get(key, 0) if key[-1] else by_line.get(key[:-1], 0)
            if int(dues.sum()) > limit:
                pieces.append(
                    faults(
                        dues.index[-1:],
                        column=[column.name],
                        ve=[written_cents(int(dues.sum()))],
                        aus=[written_cents(limit)],
                        jahr=[str(year)],
                    )
                )
    return joined(pieces)


def _payments_in_doubt(frames: Frames) -> set[tuple[str, str, str]]:
    """(file, product, line) of cost rows with an amount that could not be read."""
    costs = frames.tables["costs"]
    names = [name for name in costs.columns if name.startswith("amount_")]
    unread = (frames.states["costs"][names] == State.UNREADABLE).any(axis="columns")
    rows = costs.loc[unread, ["file", "product", "line"]].fillna("")
    return set(rows.itertuples(index=False, name=None))


def _above_later(frames: Frames, checked: pd.DataFrame) -> pd.DataFrame:
    """What is due after the last planned year must stand with the measure as «Später»."""
    measures = frames.tables["measures"].drop_duplicates(["file", "measure"])
    later = {
        (file, measure): int(amount)
        for file, measure, amount in measures[["file", "measure", "later"]]
        .dropna()
        .itertuples(index=False)
    }
    stated = checked[(checked["due_later"].fillna(0) != 0)]
    groups = stated.groupby(["file", stated["measure"].fillna("")])
    pieces = []
    for key, rows in groups:
        total, limit = int(rows["due_later"].sum()), later.get(cast("tuple[str, str]", key), 0)
        if total > limit:
            pieces.append(
                faults(
                    rows.index[-1:],
                    column=["due_later"],
                    variant=["later"],
                    ve=[written_cents(total)],
                    aus=[written_cents(limit)],
                )
            )
    return joined(pieces)
