"""What must hold for the rows of the sheet Konsolidierung (HSK, HSP)."""

from __future__ import annotations

import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.findings import Blocks, Severity
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.submission import Frames
from pipeline.rules.amounts import faults
from pipeline.rules.goals import all_goals
from pipeline.rules.registry import row_rule, rule
from pipeline.rules.wording import written_cents

_SUSPICIOUS_FROM = 3


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
    rows = savings.index[(savings["effect"] == "Zuwachs").fillna(False) & same & many & positive]
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
