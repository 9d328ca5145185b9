"""What must hold for the rows of the sheet Maßnahmen, alone and with their amounts."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import combinations
from typing import Any

import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.findings import Blocks, Severity
from pipeline.model.submission import Frames
from pipeline.rules.amounts import (
    COST_KINDS,
    INCOME_KINDS,
    amount_column,
    amounts,
    faults,
    measures_in_doubt,
    sums_by,
)
from pipeline.rules.registry import row_rule, rule
from pipeline.rules.wording import listed, written, written_cents

_ALIKE = 0.92
_COMPARED_AT_MOST = 60
"""Titles of one product that are compared with each other; more of them would take quadratic
time.
"""


@rule("M03", "measures.title", Severity.WARNING)
def nearly_the_same_title(frames: Frames) -> pd.DataFrame:
    """Two measures of one product and unit whose titles differ by a few letters at most."""
    measures = frames.tables["measures"]
    known = measures[measures["title"].notna() & measures["product"].notna()]
    rows: list[tuple[int, str, str]] = []
    for _, group in known.groupby(["unit", "file", "product"], sort=True):
        titles = group["title"].str.casefold().str.split().str.join(" ").head(_COMPARED_AT_MOST)
        twins = {
            later: first
            for first, later in combinations(titles.index, 2)
            if _alike(str(titles[first]), str(titles[later]))
        }
        rows.extend(
            (later, str(group.loc[first, "measure"]), str(group.loc[later, "measure"]))
            for later, first in twins.items()
        )
    return faults(
        (later for later, _, _ in rows), a=[a for _, a, _ in rows], b=[b for _, _, b in rows]
    )


def _alike(first: str, second: str) -> bool:
    digits = [[each for each in title if each.isdigit()] for title in (first, second)]
    if digits[0] != digits[1]:  # «Bauabschnitt 1» and «Bauabschnitt 2» are two things
        return False
    compared = SequenceMatcher(None, first, second, autojunk=False)
    return (
        compared.real_quick_ratio() >= _ALIKE
        and compared.quick_ratio() >= _ALIKE <= compared.ratio()
    )


@row_rule(
    "M04", "measures.end", Severity.ERROR, Blocks.MONEY, shows={"ende": "end", "beginn": "start"}
)
def ends_before_it_starts(measures: pd.DataFrame) -> pd.Series[bool]:
    """The last month lies before the first; months are texts as in 2027-03 and compare as such."""
    return (measures["end"] < measures["start"]).fillna(False)


@rule("M05", "costs.amount", Severity.WARNING)
def money_outside_its_time(frames: Frames) -> pd.DataFrame:
    """An amount other than 0 in a year before the measure begins or after it ends."""
    found = _with_measure(frames)
    found = found[found["cents"] != 0]
    year = found["year"].astype("string")
    early = (year < found["start"].str[:4]).fillna(False)
    late = (year > found["end"].str[:4]).fillna(False)
    wrong = found[early | late]
    table = frames.master.submission_tables["measures"]
    return faults(
        wrong["index"],
        column=amount_column(wrong),
        jahr=wrong["year"].astype("string"),
        massnahme=wrong["measure"],
        beginn=[written(table.column("start"), each) for each in wrong["start"]],
        ende=[written(table.column("end"), each) for each in wrong["end"]],
        key_year=wrong["year"].astype("string"),
    )


@rule("M06", "measures.total_cost", Severity.ERROR, Blocks.MONEY)
def total_is_not_the_sum(frames: Frames) -> pd.DataFrame:
    """Total cost = before + expense and payments of the planned years + later (design, 4)."""
    measures = frames.tables["measures"]
    sums = _sums(frames, COST_KINDS)
    stated = measures[measures["total_cost"].notna() & _readable(frames)]
    planned = [
        sums.get(key, 0) for key in zip(stated["file"], stated["measure"].fillna(""), strict=True)
    ]
    parts = (
        stated["spent_before"].fillna(0)
        + stated["later"].fillna(0)
        + pd.array(planned, dtype="Int64")
    )
    wrong = stated.index[stated["total_cost"] != parts]
    total, parts = stated.loc[wrong, "total_cost"], parts[wrong]
    return faults(
        wrong,
        ges=total.map(written_cents),
        summe=parts.map(written_cents),
        diff=(total - parts).abs().map(written_cents),
    )


@rule("M09", "measures.appraisal", Severity.WARNING)
def investment_without_appraisal(frames: Frames) -> pd.DataFrame:
    """An investment from the council's threshold on needs a profitability comparison and
    follow-up cost.
    """
    limit = frames.master.settings.investment_threshold
    if limit <= 0:
        return pd.DataFrame()
    measures = frames.tables["measures"]
    sums = _sums(frames, ("payment",))
    planned = pd.Series(
        [
            sums.get(key, 0)
            for key in zip(measures["file"], measures["measure"].fillna(""), strict=True)
        ],
        index=measures.index,
        dtype="Int64",
    )
    size = measures["total_cost"].fillna(planned)
    big = (measures["type"] == "investiv").fillna(False) & (size >= limit)
    no_appraisal = ~measures["appraisal"].fillna(False)
    no_followup = measures["followup_cost"].isna()
    wrong = measures.index[big & (no_appraisal | no_followup)]
    lacks = list(zip(no_appraisal[wrong], no_followup[wrong], strict=True))
    missing = [
        listed(
            ["der Wirtschaftlichkeitsvergleich"] * bool(appraisal)
            + ["die Angabe der Folgekosten"] * bool(followup)
        )
        for appraisal, followup in lacks
    ]
    return faults(
        wrong,
        column=["appraisal" if appraisal else "followup_cost" for appraisal, _ in lacks],
        grenze=[written_cents(limit)] * len(wrong),
        kosten=size[wrong].map(written_cents),
        fehlt=missing,
    )


@rule("M10", "measures.status", Severity.WARNING)
def finished_but_planned(frames: Frames) -> pd.DataFrame:
    """A measure that is reported as finished still has money in the years to come."""
    found = _with_measure(frames)
    found = found[(found["status"] == "abgeschlossen") & (found["cents"] != 0)]
    years = found.groupby("measure_index", sort=True)["year"].agg(
        lambda each: listed([str(year) for year in sorted(set(each))])
    )
    return faults(years.index, jahre=years)


@rule("M11", "measures.funder", Severity.WARNING)
def funding_does_not_fit(frames: Frames) -> pd.DataFrame:
    """Third-party money above the cost, or without saying whose it is; not judged where an amount
    could not be read.
    """
    measures = frames.tables["measures"][_readable(frames)]
    keys = list(zip(measures["file"], measures["measure"].fillna(""), strict=True))
    income, cost = _sums(frames, INCOME_KINDS), _sums(frames, COST_KINDS)
    rows: list[tuple[int, str, int, int]] = []
    funders, before, later = measures["funder"], measures["spent_before"], measures["later"]
    for index, key in zip(measures.index, keys, strict=True):
        funded = income.get(key, 0)
        total = cost.get(key, 0) + sum(
            int(each[index]) for each in (before, later) if not pd.isna(each[index])
        )
        if funded > max(total, 0):
            rows.append((index, "", funded, total))
        elif funded > 0 and pd.isna(funders[index]):
            rows.append((index, "funder", funded, total))
    return faults(
        (row[0] for row in rows),
        variant=[row[1] for row in rows],
        foerd=[written_cents(row[2]) for row in rows],
        kosten=[written_cents(row[3]) for row in rows],
    )


def _sums(frames: Frames, kinds: tuple[str, ...]) -> dict[tuple[Any, ...], int]:
    """Cents per (file, measure) over the years that departments enter."""
    found = amounts(frames)
    found = found[found["kind"].isin(kinds) & (found["measure"] != "")]
    return sums_by(found, "file", "measure")


def _with_measure(frames: Frames) -> pd.DataFrame:
    """The amounts of measures with ``start``, ``end``, ``status`` and ``measure_index`` of the
    measure's row.
    """
    measures = frames.tables["measures"].drop_duplicates(["file", "measure"])
    facts = measures[["file", "measure", "start", "end", "status"]].assign(
        measure_index=measures.index
    )
    return amounts(frames).merge(facts, on=["file", "measure"], how="inner")


def _readable(frames: Frames) -> pd.Series[bool]:
    """Measures of whose own and whose rows' amounts everything could be read."""
    measures = frames.tables["measures"]
    doubt = measures_in_doubt(frames)
    known = [
        key not in doubt
        for key in zip(measures["file"], measures["measure"].fillna(""), strict=True)
    ]
    own = (frames.states["measures"][["spent_before", "later"]] == State.UNREADABLE).any(
        axis="columns"
    )
    return pd.Series(known, index=measures.index, dtype="bool") & ~own
