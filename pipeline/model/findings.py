"""Findings: what is wrong is a value; the sentence lives in the message catalogue under the rule's
id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Severity(Enum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Blocks(Enum):
    """What an error keeps out of the consolidation: the whole return, its money, its key figures,
    or nothing.
    """

    RETURN = "return"
    MONEY = "money"
    KEY_FIGURES = "key_figures"
    NOTHING = "nothing"


SEVERITY_LABELS = {Severity.ERROR: "Fehler", Severity.WARNING: "Warnung", Severity.NOTE: "Hinweis"}
BLOCKS_LABELS = {
    Blocks.RETURN: "Rücklauf",
    Blocks.MONEY: "Geld",
    Blocks.KEY_FIGURES: "Kennzahlen",
    Blocks.NOTHING: "nichts",
}


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """Where a finding lies: file, sheet and cell as the person sees them; table and column as the
    program knows them.

    ``file`` is relative to the input folder (``Stammdaten.xlsx`` for the master). ``row`` is the
    row of the sheet.
    """

    file: str = ""
    sheet: str = ""
    cell: str = ""
    table: str = ""
    column: str = ""
    row: int = 0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong or worth knowing.

    ``values`` fill the sentence of the catalogue. ``keys`` (product, line, year, kpi …) are what a
    waiver names. ``unit`` is the department it concerns. ``waived`` and ``explained`` are set when
    the master or the row speak for it.
    """

    rule: str
    severity: Severity
    blocks: Blocks
    place: Place
    values: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    waived: bool = False
    explained: bool = False

    @property
    def blocking(self) -> bool:
        """Whether it keeps a part of a return out."""
        return (
            self.severity is Severity.ERROR
            and self.blocks is not Blocks.NOTHING
            and not self.waived
        )
