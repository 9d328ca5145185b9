"""Do the views agree: products, organisation and goals; internal charges on both sides.

Source of the identities: domain 3.3 (A03: Σ products = Σ organisation = Σ goals with general
funding and the rest; A04: internal charges net to zero).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from pipeline.model.findings import Finding, Place, Severity
from pipeline.model.master import Master
from pipeline.model.money import german
from pipeline.model.submission import Frames
from pipeline.rules.continuation import filled_amounts
from pipeline.rules.registry import finding
from pipeline.tables.choices import GENERAL_FUNDING, WITHOUT_GOAL

OPEN_COLUMNS = ("unit", "product", "partner", "year", "revenue", "expense")


def three_views(
    figures: pd.DataFrame, contributions: pd.DataFrame, master: Master, goals: Iterable[str]
) -> pd.DataFrame:
    """Sums in cents by kind and year in three independent ways: columns products, organisation,
    goals.

    Each way counts only what has a place in its own tree, so that money that fell out of one of
    them shows.
    """
    counted = figures[figures["origin"] != "listed"]
    by_product = counted[counted["product"].isin(list(master.titles["products"]))]
    by_unit = counted[counted["unit"].isin(list(master.units.parents))]
    by_goal = contributions[contributions["goal"].isin([*goals, WITHOUT_GOAL, GENERAL_FUNDING])]
    views = {"products": by_product, "organisation": by_unit, "goals": by_goal}
    sums = {
        name: frame.groupby(["kind", "year"], observed=True)["cents"].sum()
        for name, frame in views.items()
    }
    return pd.DataFrame(sums).fillna(0).astype("Int64").reset_index()


def open_counterparts(money: Frames) -> pd.DataFrame:
    """Internal charges whose other side is missing or differs: one row per unit, product, partner
    product and year.

    ``revenue`` and ``expense`` in cents are what the two sides say; ``unit`` is the one that
    returned a side. Only rows that name their partner can be matched; the balance of all is
    :func:`internal_balance`.
    """
    costs, amounts = money.tables["costs"], filled_amounts(money)
    lines = money.master.lines
    kinds = {line: each.kind for line, each in lines.items() if each.internal}
    rows = costs.loc[amounts["index"], ["unit", "product", "line", "partner"]].reset_index(
        drop=True
    )
    rows = rows.assign(
        year=amounts["year"].to_numpy(),
        cents=amounts["cents"].to_numpy(),
        kind=rows["line"].map(kinds),
    )
    rows = rows[rows["kind"].notna() & rows["partner"].notna()]
    gives = rows["kind"] == "internal_revenue"
    rows = rows.assign(
        provider=rows["product"].where(gives, rows["partner"]),
        receiver=rows["partner"].where(gives, rows["product"]),
        revenue=rows["cents"].where(gives, 0),
        expense=rows["cents"].where(~gives, 0),
    )
    pair = ["provider", "receiver", "year"]
    sums = rows.groupby(pair, observed=True)[["revenue", "expense"]].sum().reset_index()
    unequal = sums[sums["revenue"] != sums["expense"]]
    sides = rows[["unit", "product", "partner", *pair]].drop_duplicates()
    found = sides.merge(unequal, on=pair, how="inner")
    return found[list(OPEN_COLUMNS)].sort_values(
        ["unit", "product", "partner", "year"], ignore_index=True
    )


def internal_balance(figures: pd.DataFrame) -> pd.DataFrame:
    """Internal revenue and expense in cents by year, over everything counted."""
    counted = figures[
        (figures["origin"] != "listed")
        & figures["kind"].isin(["internal_revenue", "internal_expense"])
    ]
    table = counted.pivot_table(
        index="year", columns="kind", values="cents", aggfunc="sum", observed=True
    )
    return (
        table.reindex(columns=["internal_revenue", "internal_expense"])
        .fillna(0)
        .astype("Int64")
        .reset_index()
    )


def disagreements(
    views: pd.DataFrame, balance: pd.DataFrame, *, titles: Mapping[int, str], complete: bool
) -> list[Finding]:
    """A03 where the three views differ, A04 where internal charges do not cancel; neither keeps
    anything out.

    As long as money of a unit is not counted (``complete`` is false), its side of the charges must
    be missing: then A04 only warns, and the open counterparts name the units.
    """
    severity = None if complete else Severity.WARNING
    found = []
    for row in views.to_dict("records"):
        a, b, c = (int(row[name]) for name in ("products", "organisation", "goals"))
        if not a == b == c:
            found.append(
                finding("A03", Place(), values={"a": german(a), "b": german(b), "c": german(c)})
            )
    for row in balance.to_dict("records"):
        revenue, expense = int(row["internal_revenue"]), int(row["internal_expense"])
        if revenue != expense:
            values = {
                "jahr": titles.get(int(row["year"]), str(row["year"])),
                "e": german(revenue),
                "a": german(expense),
                "d": german(revenue - expense),
            }
            keys = {"year": str(row["year"])}
            found.append(finding("A04", Place(), values=values, keys=keys, severity=severity))
    return found
