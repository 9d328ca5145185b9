"""The registry of rules: id, severity, what a rule blocks, and the function that finds its faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from pipeline.model.findings import Blocks, Severity
from pipeline.model.submission import Frames

Check = Callable[[Frames], pd.DataFrame]
"""A check gives one row per fault: its index is that of the rule's table, a column ``column`` names the faulty cell (if it is not
the rule's own column), every other column is a value for the sentence, as text."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is known of a rule: ``table`` and ``column`` say where it looks; without ``check`` it is found elsewhere (while reading,
    in the register, in the totals), and the registry only knows its severity."""

    id: str
    severity: Severity
    blocks: Blocks
    workbook: str = "template"
    table: str = ""
    column: str = ""
    check: Check | None = None


_RULES: dict[str, Rule] = {}


def declare(id: str, severity: Severity, blocks: Blocks = Blocks.NOTHING, *, workbook: str = "template") -> None:
    """Registers a rule whose faults are found outside ``rules``: while reading, in the register or in the totals."""
    _add(Rule(id=id, severity=severity, blocks=blocks, workbook=workbook))


def rule(
    id: str,
    where: str,
    severity: Severity = Severity.ERROR,
    blocks: Blocks = Blocks.NOTHING,
    *,
    workbook: str = "template",
) -> Callable[[Check], Check]:
    """Registers a check; ``where`` is ``table.column``. The same id may be registered for several tables."""
    table, _, column = where.partition(".")

    def register(check: Check) -> Check:
        _add(Rule(id=id, severity=severity, blocks=blocks, workbook=workbook, table=table, column=column, check=check))
        return check

    return register


def row_rule(
    id: str,
    where: str,
    severity: Severity = Severity.ERROR,
    blocks: Blocks = Blocks.NOTHING,
    *,
    workbook: str = "template",
) -> Callable[[Callable[[pd.DataFrame], pd.Series[bool]]], Callable[[pd.DataFrame], pd.Series[bool]]]:
    """Registers a rule over single rows of one table: a function from the frame to a mask, true where the rule is broken."""
    table, _, column = where.partition(".")

    def register(mask: Callable[[pd.DataFrame], pd.Series[bool]]) -> Callable[[pd.DataFrame], pd.Series[bool]]:
        def check(frames: Frames) -> pd.DataFrame:
            frame = frames.tables[table]
            return pd.DataFrame(index=frame.index[mask(frame).fillna(False).astype(bool)])

        _add(Rule(id=id, severity=severity, blocks=blocks, workbook=workbook, table=table, column=column, check=check))
        return mask

    return register


def _add(new: Rule) -> None:
    key = f"{new.id}:{new.workbook}:{new.table}"
    if key in _RULES:
        raise ValueError(f"rule {key} is registered twice")
    _RULES[key] = new


def checks(workbook: str) -> tuple[Rule, ...]:
    """The registered checks of one kind of workbook, by rule id and table."""
    return tuple(_RULES[key] for key in sorted(_RULES) if _RULES[key].workbook == workbook and _RULES[key].check)


def by_id() -> Mapping[str, Rule]:
    """One entry per rule id (severity and what it blocks are the same for all tables of a rule)."""
    return {each.id: each for each in _RULES.values()}
