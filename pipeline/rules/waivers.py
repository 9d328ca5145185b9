"""Approved exceptions (sheet Ausnahmen of the master): which findings a waiver speaks for.

A waiver names a rule and keys (product, line, year …), never a cell, so that it holds when rows
move; it marks a finding and removes nothing (design 4, contract «waivers.key»).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pipeline.model.findings import Finding
from pipeline.model.master import Master
from pipeline.rules.master_data import waiver_key


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """One row of the sheet Ausnahmen; ``index`` is its row in ``master.tables["waivers"]``.

    ``keys`` are the parts of the key, ``None`` where it cannot be read (S28): such a waiver matches
    nothing. Empty texts stand for what was left out.
    """

    index: int
    rule: str
    unit: str
    table: str
    key: str
    keys: Mapping[str, str] | None
    approver: str
    reason: str
    expires: str

    def in_force(self, as_of: str) -> bool:
        """Whether it holds on a day (``YYYY-MM-DD``): the last day counts, no date is for ever."""
        return not self.expires or self.expires >= as_of

    def meets(self, finding: Finding) -> bool:
        """Whether it speaks of this finding, expired or not."""
        return (
            self.keys is not None
            and self.rule == finding.rule
            and self.unit in ("", finding.unit)
            and self.table in ("", finding.place.table)
            and all(finding.keys.get(name) == value for name, value in self.keys.items())
        )


def waivers(master: Master) -> tuple[Waiver, ...]:
    """The waivers of a plan in the order of the sheet; rows without a rule speak of nothing and are
    left out.
    """
    found = []
    for index, row in enumerate(master.tables["waivers"].to_dict("records")):
        texts = {str(name): "" if pd.isna(value) else str(value) for name, value in row.items()}
        if texts["rule"]:
            names = ("rule", "unit", "table", "key", "approver", "reason", "expires")
            found.append(
                Waiver(
                    index=index,
                    keys=waiver_key(texts["key"]),
                    **{name: texts[name] for name in names},
                )
            )
    return tuple(found)
