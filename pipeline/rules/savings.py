"""What must hold for the rows of the sheet Konsolidierung (HSK, HSP)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.findings import Blocks, Severity
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.money import WHOLE
from pipeline.model.submission import Frames
from pipeline.rules.amounts import faults
from pipeline.rules.goals import all_goals
from pipeline.rules.registry import row_rule, rule
from pipeline.rules.wording import written_cents

LEVEL: Final = "Jahreswirkung"
INCREMENT: Final = "Zuwachs"
IMPOSSIBLE: Final = "nicht umsetzbar"

_SUSPICIOUS_FROM = 3


def annual_effects(effect: str, stated: Sequence[int | None]) -> list[int | None]:
    """The annual effect (Jahreswirkung) of every year of one series, from what was stated for its
    years in order; ``None`` where it is not known.

    Source (domain 8): the sum of the increments up to a year is the level of that year. An empty
    year of a Zuwachs states no further increment, so what was reached goes on; before the first
    stated year nothing is known. An empty year of a Jahreswirkung is not stated. Without effect
    kind (H01) nothing is known at all.
    """
    if effect == LEVEL:
        return list(stated)
    if effect != INCREMENT:
        return [None] * len(stated)
    found: list[int | None] = []
    reached: int | None = None
    for amount in stated:
        reached = reached if amount is None else (reached or 0) + amount
        found.append(reached)
    return found


@rule("H02", "savings.effect", Severity.WARNING)
def increments_that_look_like_levels(frames: Frames) -> pd.DataFrame:
    """Equal amounts in three or more years, called Zuwachs: probably the same saving counted
    again and again (domain, 8).
    """
    savings = frames.tables["savings"]
    names = [name for name in savings.columns if name.startswith("plan_")]
    plans = savings[names]
    same = plans.nunique(axis="columns") == 1
    many = plans.notna().sum(axis="columns") >= _SUSPICIOUS_FROM
    positive = (plans.fillna(0) > 0).any(axis="columns")
    rows = savings.index[(savings["effect"] == INCREMENT).fillna(False) & same & many & positive]
    return faults(
        rows,
        werte=[
            " / ".join(written_cents(int(each)) for each in plans.loc[row].dropna()) for row in rows
        ],
    )


@rule("H03", "savings.goal", Severity.ERROR, Blocks.MONEY)
def saving_off_the_consolidation_goal(frames: Frames) -> pd.DataFrame:
    """Where the master has a consolidation goal, every saving belongs to it or to a goal below
    it.
    """
    goals = frames.master.tables["goals"]
    wanted = list(goals.loc[goals["consolidation"].fillna(False), "goal"])
    if not wanted:
        return pd.DataFrame()
    tree: Hierarchy = all_goals(frames)
    savings = frames.tables["savings"]
    known = savings["goal"].isna() | savings["goal"].isin(list(tree.parents))
    readable = frames.states["savings"]["goal"] != State.UNREADABLE
    rows = savings.index[known & readable & ~savings["goal"].isin(list(tree.subtree(wanted)))]
    first = f"{wanted[0]} {frames.master.titles['goals'].get(wanted[0], '')}".strip()
    return faults(
        rows, nr=savings.loc[rows, "savings_measure"].fillna("–"), ziel=[first] * len(rows)
    )


@row_rule("H06", "savings.counterpart", Severity.WARNING, shows={"nr": "savings_measure"})
def memo_without_counterpart(savings: pd.DataFrame) -> pd.Series[bool]:
    """A memo item mirrors another saving and should name it (design, 4)."""
    return savings["memo"].fillna(False) & savings["counterpart"].isna()


@rule("H07", "savings.counterpart", Severity.WARNING)
def counted_nowhere(frames: Frames) -> pd.DataFrame:
    """A memo item whose counterpart is the item itself or a memo item too: then the saving is in
    no sum at all.

    A counterpart that no return of the plan knows may be that of an own operation and is fine.
    """
    rows = _rows(frames)
    known = {row["savings_measure"] for row in rows.values()}
    counting = {row["savings_measure"] for row in rows.values() if not row["memo"]}
    lost = {
        index: row
        for index, row in rows.items()
        if row["memo"]
        and row["counterpart"]
        and (row["counterpart"] == row["savings_measure"] or row["counterpart"] in known - counting)
    }
    return faults(
        lost,
        variant=[
            "self" if row["counterpart"] == row["savings_measure"] else "" for row in lost.values()
        ],
        nr=[row["savings_measure"] for row in lost.values()],
        gegen=[row["counterpart"] for row in lost.values()],
    )


@rule("H04", "savings.memo", Severity.WARNING)
def the_same_saving_twice(frames: Frames) -> pd.DataFrame:
    """Two measures that both count although one mirrors the other.

    Either a measure names the other as its counterpart without being a memo item; or two units plan
    the same annual effects for products that settle with each other by internal charges: the
    provider and the receiver of a service report one saving. Named is the row that should become a
    memo item: the one that names the other, or the receiver's.

    Source: domain 8; the published list of Rödermark would be overstated by 12.4 % if the mirrored
    savings of an own operation were added.
    """
    rows = {index: row for index, row in _rows(frames).items() if not row["memo"]}
    named = {str(row["savings_measure"]): index for index, row in rows.items()}
    found: dict[int, tuple[int, str]] = {}
    for index, row in rows.items():
        other = named.get(row["counterpart"], index)
        if other != index and found.get(other, (None, ""))[0] != index:
            found[index] = (other, "named")
    settled = _settled_internally(frames)
    for one, other in _alike(rows, _plans(frames)):
        receiver = _receiver(rows[one], rows[other], settled)
        if receiver is not None and one not in found and other not in found:
            index, kept = (one, other) if receiver == rows[one]["product"] else (other, one)
            found[index] = (kept, "")
    titles = frames.master.titles["units"]

    def unit(index: int) -> str:
        code = rows[index]["unit"]
        return f"{code} {titles.get(code, '')}".strip()

    return faults(
        found,
        variant=[variant for _, variant in found.values()],
        a=[rows[other]["savings_measure"] for other, _ in found.values()],
        orga=[unit(other) for other, _ in found.values()],
        b=[rows[index]["savings_measure"] for index in found],
        orgb=[unit(index) for index in found],
    )


def _rows(frames: Frames) -> dict[int, dict[str, Any]]:
    """The savings by index, texts never missing; ``memo`` is a plain truth value."""
    savings = frames.tables["savings"]
    names = ["savings_measure", "unit", "product", "counterpart", "effect"]
    texts = savings[names].fillna("").astype(str)
    memo = savings["memo"].fillna(False).astype(bool)
    return {
        int(index): {name: str(row[name]) for name in names} | {"memo": bool(memo[index])}
        for index, row in zip(savings.index, texts.to_dict("records"), strict=True)
    }


def _plans(frames: Frames) -> Mapping[int, tuple[int | None, ...]]:
    """The planned annual effects of every row, in the order of the years."""
    savings = frames.tables["savings"]
    columns = frames.master.submission_tables["savings"].columns
    plans = [column.name for column in columns if column.stem == "plan"]
    effects = savings["effect"].fillna("").astype(str)
    found = {}
    for index, values in zip(savings.index, savings[plans].to_numpy().tolist(), strict=True):
        stated = [None if pd.isna(each) else int(each) for each in values]
        found[int(index)] = tuple(annual_effects(effects[index], stated))
    return found


def _alike(
    rows: Mapping[int, Mapping[str, Any]], plans: Mapping[int, tuple[int | None, ...]]
) -> Iterator[tuple[int, int]]:
    """Pairs of rows of two units that plan the same annual effects, at least one above zero."""
    groups: dict[tuple[int | None, ...], list[int]] = {}
    for index in rows:
        if any(amount and amount > 0 for amount in plans[index]):
            groups.setdefault(plans[index], []).append(index)
    for group in groups.values():
        for one, other in combinations(group, 2):
            if rows[one]["unit"] != rows[other]["unit"]:
                yield one, other


def _settled_internally(frames: Frames) -> set[tuple[str, str]]:
    """(provider, receiver) of the products between which internal charges are planned."""
    kinds = {line.line: line.kind for line in frames.master.lines.values() if line.internal}
    costs = frames.tables["costs"]
    rows = costs.loc[costs["line"].isin(list(kinds)), ["product", "line", "partner"]].dropna()
    return {
        (partner, product) if kinds[line] == "internal_expense" else (product, partner)
        for product, line, partner in rows.itertuples(index=False)
    }


def _receiver(
    one: Mapping[str, Any], other: Mapping[str, Any], settled: set[tuple[str, str]]
) -> str | None:
    """The product that receives the service of the other; ``None`` where they do not settle."""
    if (one["product"], other["product"]) in settled:
        return str(other["product"])
    return str(one["product"]) if (other["product"], one["product"]) in settled else None


@rule("H05", "savings.compensation", Severity.WARNING)
def shortfall_without_compensation(frames: Frames) -> pd.DataFrame:
    """Less is saved than planned, and nobody says what takes its place.

    Compared is what was stated for the same year, so that increments meet increments: the forecast,
    or the actual where the year is over at ``as_of``. The tolerance is the share from which an
    attainment is in plan (setting ``green_from``; the city of Schwelm tolerates 5 %, domain 9.2). A
    measure that cannot be carried out misses everything it planned.
    """
    savings = frames.tables["savings"]
    silent = savings["compensation"].isna() & (
        frames.states["savings"]["compensation"] != State.UNREADABLE
    )
    found: dict[int, dict[str, str]] = {}
    for index in savings.index[silent]:
        missed = _missed(frames, savings.loc[index])
        if missed is not None:
            found[int(index)] = {"nr": _text(savings.at[index, "savings_measure"]), **missed}
    names = ("variant", "nr", "jahr", "ist", "soll")
    return faults(found, **{name: [row[name] for row in found.values()] for name in names})


def _missed(frames: Frames, row: pd.Series[Any]) -> dict[str, str] | None:
    """The first year that falls short, in words; ``None`` where there is none."""
    settings = frames.master.settings
    columns = frames.master.submission_tables["savings"].columns
    plans = [
        (column.year.year, column.name)
        for column in columns
        if column.stem == "plan" and column.year
    ]
    given_up = _text(row["state"]) == IMPOSSIBLE
    for year, name in plans:
        plan = row[name]
        if pd.isna(plan) or plan <= 0:
            continue
        if given_up:
            return {
                "variant": "impossible",
                "jahr": str(year),
                "ist": "",
                "soll": written_cents(plan),
            }
        over = settings.as_of >= f"{year}-12-31"
        roles = ("forecast", "actual") if over else ("forecast",)
        told = [row[f"{role}_{year}"] for role in roles if f"{role}_{year}" in row.index]
        got = next((each for each in told if not pd.isna(each)), None)
        if got is not None and got * WHOLE < plan * settings.green_from:
            return {
                "variant": "",
                "jahr": str(year),
                "ist": written_cents(got),
                "soll": written_cents(plan),
            }
    return None


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA else str(value)
