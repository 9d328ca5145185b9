"""The registry of rules: id, severity, what a rule blocks, and the function that finds its
faults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from pipeline.model.findings import Blocks, Finding, Place, Severity
from pipeline.model.submission import Frames
from pipeline.rules.wording import declared, written_column
from pipeline.tables.submission import KEY_FIGURE_TABLES, MONEY_TABLES

WHOLE_SHEET = -1
"""The index of a fault that lies in no row, but in a sheet as a whole."""

Check = Callable[[Frames], pd.DataFrame]
"""A check gives one row per fault: its index is that of the rule's table. A column ``column`` names
the faulty cell (if it is not the rule's own column); columns that begin with ``key_`` are keys that
a waiver may name beside those of the row. Where the index is :data:`WHOLE_SHEET`, columns ``file``
and ``unit`` say whose sheet it is. Every other column is a value for the sentence, as text.
"""

RowMask = Callable[[pd.DataFrame], "pd.Series[bool]"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is known of a rule: ``table`` and ``column`` say where it looks; without ``check`` it is
    found elsewhere (while reading, in the register, in the totals), and the registry only knows its
    severity.
    """

    id: str
    severity: Severity
    blocks: Blocks
    workbook: str = "template"
    table: str = ""
    column: str = ""
    check: Check | None = None

    @property
    def master(self) -> bool:
        """Whether it looks at the master workbook."""
        return self.workbook == "master"


_RULES: dict[str, Rule] = {}
_BY_ID: dict[str, Rule] = {}


def declare(
    id: str, severity: Severity, blocks: Blocks = Blocks.NOTHING, *, workbook: str = "template"
) -> None:
    """Registers a rule whose faults are found outside ``rules``: while reading, in the register
    or in the totals.
    """
    _add(Rule(id=id, severity=severity, blocks=blocks, workbook=workbook))


def rule(
    id: str,
    where: str,
    severity: Severity = Severity.ERROR,
    blocks: Blocks = Blocks.NOTHING,
    *,
    workbook: str = "template",
) -> Callable[[Check], Check]:
    """Registers a check; ``where`` is ``table.column``. The same id may be registered for several
    tables.
    """
    table, _, column = where.partition(".")

    def register(check: Check) -> Check:
        _add(
            Rule(
                id=id,
                severity=severity,
                blocks=blocks,
                workbook=workbook,
                table=table,
                column=column,
                check=check,
            )
        )
        return check

    return register


def row_rule(
    id: str,
    where: str,
    severity: Severity = Severity.ERROR,
    blocks: Blocks = Blocks.NOTHING,
    *,
    workbook: str = "template",
    shows: Mapping[str, str] | None = None,
) -> Callable[[RowMask], RowMask]:
    """Registers a rule over single rows of one table.

    The function gets the frame and gives a mask, true where the rule is broken. ``shows`` names the
    columns whose contents the sentence speaks of: value name to column.
    """
    table, _, column = where.partition(".")

    def register(mask: RowMask) -> RowMask:
        def check(frames: Frames) -> pd.DataFrame:
            frame = frames.tables[table]
            faulty = frame.index[mask(frame).fillna(False).astype(bool)]
            return pd.DataFrame(
                {
                    name: written_column(
                        declared(frames, table).column(each), frame.loc[faulty, each]
                    )
                    for name, each in (shows or {}).items()
                },
                index=faulty,
            )

        _add(
            Rule(
                id=id,
                severity=severity,
                blocks=blocks,
                workbook=workbook,
                table=table,
                column=column,
                check=check,
            )
        )
        return mask

    return register


def _add(new: Rule) -> None:
    key = f"{new.id}:{new.workbook}:{new.table}"
    if key in _RULES:
        raise ValueError(f"rule {key} is registered twice")
    _RULES[key] = new
    if new.id not in _BY_ID or _BY_ID[new.id].master:
        _BY_ID[new.id] = new


def checks(workbook: str) -> tuple[Rule, ...]:
    """The registered checks of one kind of workbook, by rule id and table."""
    return tuple(
        _RULES[key]
        for key in sorted(_RULES)
        if _RULES[key].workbook == workbook and _RULES[key].check
    )


def by_id() -> Mapping[str, Rule]:
    """One entry per rule id; where a rule looks at both kinds of workbook, the template's entry."""
    return _BY_ID


def part_of(table: str) -> Blocks:
    """The part of a return that a fault in one of its tables keeps out (contract, «Acceptance of
    returns»).
    """
    if table in MONEY_TABLES:
        return Blocks.MONEY
    return Blocks.KEY_FIGURES if table in KEY_FIGURE_TABLES else Blocks.NOTHING


def finding(
    rule_id: str,
    place: Place,
    *,
    values: Mapping[str, str] | None = None,
    keys: Mapping[str, str] | None = None,
    unit: str = "",
    severity: Severity | None = None,
    blocks: Blocks | None = None,
) -> Finding:
    """A finding with the severity of its rule; what is no error blocks nothing.

    ``severity`` and ``blocks`` replace what the registry says. An unknown id is a fault of the
    program.
    """
    known = by_id()[rule_id]
    final = severity or known.severity
    return Finding(
        rule=rule_id,
        severity=final,
        blocks=(blocks or known.blocks) if final is Severity.ERROR else Blocks.NOTHING,
        place=place,
        values=values or {},
        keys=keys or {},
        unit=unit,
    )
