"""Faults that are found while a file is read, counted or added up: their severity and what they
block.

The intake, the register and the totals raise them with ``registry.finding``; where a fault lies in
one table, they say by ``registry.part_of`` what it blocks.
"""

from __future__ import annotations

from pipeline.model.findings import Blocks, Severity
from pipeline.rules.registry import declare

_FILE = ("D01", "D02", "D03", "D05", "D20", "D25", "D29")
_MONEY_CELL = (
    "D08",
    "D10",
    "D12",
    "D16",
    "D26",
    "Z01",
    "Z03",
    "Z04",
    "Z05",
    "Z10",
    "Z19",
    "Z22",
    "Z23",
)
_WARNED = (
    "D04", "D06", "D09", "D11", "D13", "D15", "D18", "D19", "D22", "D23", "D24", "D27", "D28",
    "D31", "D32", "D33", "D34", "D35", "D36", "D37", "D38",
    "Z07", "Z20", "A07", "A09",
)  # fmt: skip
_NOTED = ("D07", "D14", "D17", "D21", "D30", "D39", "Z02", "Z17")

for _id in _FILE:
    declare(_id, Severity.ERROR, Blocks.RETURN)
for _id in _MONEY_CELL:
    declare(_id, Severity.ERROR, Blocks.MONEY)
for _id in ("Z15", "Z18"):
    declare(_id, Severity.ERROR, Blocks.MONEY)
for _id in _WARNED:
    declare(_id, Severity.WARNING)
for _id in _NOTED:
    declare(_id, Severity.NOTE)
declare("Z11", Severity.ERROR, Blocks.KEY_FIGURES)
declare("A03", Severity.ERROR)
declare("A04", Severity.ERROR)
declare("A06", Severity.ERROR)
