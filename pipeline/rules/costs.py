"""What must hold for the rows of the sheet Ansätze."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from pipeline.model.findings import Blocks, Severity
from pipeline.model.submission import Frames
from pipeline.model.tables import Column, Role, Year
from pipeline.rules.amounts import COUNTED, amounts, faults, joined, sums_by, typed_cells
from pipeline.rules.continuation import entry_columns, missing_rates
from pipeline.rules.registry import WHOLE_SHEET, rule
from pipeline.rules.wording import written_cents
from pipeline.tables.choices import INTERNAL_KINDS

_MAGNITUDES = (10, 100, 1000)
_WORTH_A_LOOK = 100_000
"""Below 1,000 euro a factor of ten is no slip of the keyboard worth asking about."""


@rule("Z08", "costs.amount", Severity.ERROR, Blocks.MONEY)
def negative_without_leave(frames: Frames) -> pd.DataFrame:
    """Amounts are positive, the line plan knows the sign; only lines marked +/− take a minus."""
    strict = [line.line for line in frames.master.lines.values() if not line.may_be_negative]
    costs = frames.tables["costs"]
    sure = costs["line"].isin(strict)
    return joined(
        faults(
            costs.index[wrong],
            column=[name] * int(wrong.sum()),
            wert=costs.loc[wrong, name].map(written_cents),
            zeile=costs.loc[wrong, "line"],
        )
        for name, typed in _entries(frames)
        if (wrong := sure & typed & (costs[name] < 0).fillna(False)).any()
    )


@rule("Z12", "costs.amount", Severity.WARNING)
def not_rounded_as_asked(frames: Frames) -> pd.DataFrame:
    """Finance may ask for planned amounts in full tens or hundreds of euro (setting
    ``rounding``).
    """
    step = frames.master.settings.rounding
    if step <= 1:
        return pd.DataFrame()
    costs = frames.tables["costs"]
    return joined(
        faults(
            costs.index[odd],
            column=[name] * int(odd.sum()),
            wert=costs.loc[odd, name].map(written_cents),
            einheit=[str(step)] * int(odd.sum()),
        )
        for name, typed in _entries(frames)
        if (odd := typed & (costs[name].fillna(0) % (step * 100) != 0)).any()
    )


@rule("Z24", "costs.continuation", Severity.ERROR, Blocks.MONEY)
def no_rate_to_continue_with(frames: Frames) -> pd.DataFrame:
    """Orientierungsdaten can only be applied where finance stated a p for the year."""
    missing = missing_rates(frames)
    if missing.empty:
        return missing
    years = missing.groupby("index", sort=True)["year"].agg(lambda each: ", ".join(map(str, each)))
    lines = missing.drop_duplicates("index").set_index("index")["line"]
    return faults(years.index, jahre=years, zeile=lines.loc[years.index])


@rule("S18", "costs.partner", Severity.WARNING)
def internal_row_without_partner(frames: Frames) -> pd.DataFrame:
    """An internal charge names the product on its other side, so that both cancel."""
    internal = [
        line.line
        for line in frames.master.lines.values()
        if line.internal or line.kind in INTERNAL_KINDS
    ]
    costs = frames.tables["costs"]
    alone = (
        costs["line"].isin(internal) & costs["partner"].isna() & ~frames.locked["costs"]["partner"]
    )
    return faults(costs.index[alone], zeile=costs.loc[alone, "line"])


@rule("Z06", "costs.amount", Severity.WARNING)
def factor_of_ten(frames: Frames) -> pd.DataFrame:
    """An amount about 10, 100 or 1,000 times an earlier one of its row, or a fraction like that.

    Source: Schulzendorf 2012 planned with 433,676 instead of 43,389 (domain, 14). Only the first
    such amount of a row is named.
    """
    found = _compared_with_earlier(frames)
    seen: list[pd.DataFrame] = []
    for factor in _MAGNITUDES:
        big = found[["now", "before"]].max(axis="columns")
        small = found[["now", "before"]].min(axis="columns")
        near = (big * 10 >= small * factor * 9) & (big * 10 <= small * factor * 11)
        seen.append(found[near & (big >= _WORTH_A_LOOK)].assign(f=str(factor)))
    hits = pd.concat(seen).sort_values(["index", "year"]).drop_duplicates("index")
    return faults(
        hits["index"],
        column=hits["column"],
        ist=hits["now"].map(written_cents),
        vj=hits["before"].map(written_cents),
        f=hits["f"],
        key_year=hits["year"].astype("string"),
    )


@rule("A10", "costs.amount", Severity.WARNING)
def jumps_against_last_year(frames: Frames) -> pd.DataFrame:
    """The first budget year departs from the previous plan by more than finance wants unexplained.

    Rows of a measure are left out: a project costs what its year needs.
    """
    master = frames.master
    last, first = master.previous_budget_year, next(iter(master.budget_years), None)
    costs = frames.tables["costs"]
    if last is None or first is None or f"amount_{last.year}" not in costs.columns:
        return pd.DataFrame()
    name = f"amount_{first.year}"
    now = costs[name].where(~frames.locked["costs"][name])
    before = costs[f"amount_{last.year}"]
    size = (now - before).abs()
    far = (
        (before != 0)
        & (size >= master.settings.jump_amount)
        & (size * 10_000 >= before.abs() * master.settings.jump_percent)
    ).fillna(False)
    far &= costs["measure"].isna() & ~costs.index.isin(factor_of_ten(frames).index)
    rows = costs.index[far]
    shares = size[rows] * 100 // before[rows].abs()
    return faults(
        rows,
        column=[name] * len(rows),
        ist=now[rows].map(written_cents),
        vj=before[rows].map(written_cents),
        p=shares.astype("string"),
    )


@rule("A05", "costs.amount", Severity.WARNING)
def above_the_ceiling(frames: Frames) -> pd.DataFrame:
    """Net cost of what the unit itself returned, without internal charges and investments, per
    year.
    """
    ceilings = frames.master.tables["ceilings"].dropna(subset=["unit", "year", "amount"])
    found = amounts(frames)
    found = found[found["kind"].isin(["revenue", "expense"]) & _counted(frames, found)]
    signed = found["cents"].where(found["kind"] == "expense", -found["cents"])
    net = sums_by(found.assign(cents=signed), "unit", "file", "year")
    limits = {
        (unit, int(year)): int(amount)
        for unit, year, amount in ceilings[["unit", "year", "amount"]].itertuples(index=False)
    }
    rows = [
        {
            "unit": unit,
            "file": file,
            "column": f"amount_{year}",
            "key_year": str(year),
            "org": f"{unit} {frames.master.titles['units'].get(unit, '')}".strip(),
            "jahr": str(year),
            "ist": written_cents(cents),
            "soll": written_cents(limit),
            "diff": written_cents(cents - limit),
        }
        for (unit, file, year), cents in net.items()
        if (limit := limits.get((unit, year))) is not None and cents > limit
    ]
    return pd.DataFrame(rows, index=[WHOLE_SHEET] * len(rows))


@rule("A08", "costs.amount", Severity.WARNING)
def far_below_the_last_result(frames: Frames) -> pd.DataFrame:
    """The first budget year of a product's expense line is far below its last result.

    Source: Speyer 2025 left out 5.45 million euro of personnel cost that the last result showed
    (domain, 14). Amounts of measures end and are left out; a line without any entry is A09, and
    where a row was already compared with last year's plan this says nothing new.
    """
    master = frames.master
    given = [year for year in master.years if year.role is Role.ACTUAL and not year.entered]
    first = next(iter(master.budget_years), None)
    if not given or first is None:
        return pd.DataFrame()
    before = master.tables["previous_amounts"]
    before = before[(before["year"] == given[-1].year) & before["measure"].isna()]
    before = before[before["line"].isin(_expense_lines(frames)) & before["amount"].notna()]
    keys = ["unit", "product", "line"]
    planned = amounts(frames)
    planned = planned[planned["year"] == first.year]
    sums = planned.groupby(keys).agg(cents=("cents", "sum"), index=("index", "first"))
    both = sums.join(before.groupby(keys)["amount"].sum().astype("int64"), how="inner")
    gap = both["amount"] - both["cents"]
    settings = master.settings
    far = (gap >= settings.jump_amount) & (gap * 10_000 >= both["amount"] * settings.jump_percent)
    named = factor_of_ten(frames).index.union(jumps_against_last_year(frames).index)
    hits = both[far & (both["amount"] > 0) & ~both["index"].isin(named)].reset_index()
    return faults(
        hits["index"],
        column=[f"amount_{first.year}"] * len(hits),
        nr=[
            f"{product}, Zeile {line}"
            for product, line in zip(hits["product"], hits["line"], strict=True)
        ],
        ansatz=hits["cents"].map(written_cents),
        ist=hits["amount"].map(written_cents),
        jahr=[str(given[-1].year)] * len(hits),
        p=[
            str((amount - cents) * 100 // amount)
            for amount, cents in zip(hits["amount"], hits["cents"], strict=True)
        ],
    )


def _expense_lines(frames: Frames) -> list[str]:
    return [line.line for line in frames.master.lines.values() if line.kind == "expense"]


def _counted(frames: Frames, found: pd.DataFrame) -> pd.Series[bool]:
    """Amounts without a measure, or of one whose status counts."""
    measures = frames.tables["measures"]
    listed = measures.loc[~measures["status"].isin(COUNTED), "measure"]
    return ~found["measure"].isin(listed)


def _entries(frames: Frames) -> Iterator[tuple[str, pd.Series[bool]]]:
    columns: list[Column] = [column for column, _ in entry_columns(frames.master)]
    yield from typed_cells(frames, "costs", columns).items()


def _compared_with_earlier(frames: Frames) -> pd.DataFrame:
    """Every typed amount beside the nearest earlier amount of its row that is not 0, both without
    sign.

    Columns: ``index``, ``column``, ``year``, ``now``, ``before``.
    """
    costs = frames.tables["costs"]
    typed = dict(_entries(frames))
    years: list[Year] = sorted(frames.master.years, key=lambda each: each.year)
    before = pd.Series(pd.NA, index=costs.index, dtype="Int64")
    pieces = []
    for year in years:
        name = f"amount_{year.year}"
        if name not in costs.columns:
            continue
        now = costs[name].abs().where(costs[name] != 0)
        if name in typed:
            both = typed[name] & now.notna() & before.notna()
            pieces.append(
                pd.DataFrame(
                    {
                        "index": costs.index[both],
                        "column": name,
                        "year": year.year,
                        "now": now[both].astype("int64").to_numpy(),
                        "before": before[both].astype("int64").to_numpy(),
                    }
                )
            )
        before = now.fillna(before)
    columns = ["index", "column", "year", "now", "before"]
    return pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame(columns=columns)
