"""Everything a run found out: what the workbooks, the data package and ``verify`` speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from pipeline.model.findings import Finding
from pipeline.model.master import Master
from pipeline.model.submission import Submission


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One cell in which two returns of a unit differ: ``file`` is the one that counts before
    ``other``.

    ``row`` is the row's key (or its number), ``column`` the title of the column; both are empty for
    a cell outside the tables. A cell that is not there has an empty address, an empty one an empty
    value.
    """

    unit: str
    file: str
    other: str
    sheet: str
    row: str = ""
    column: str = ""
    cell: str
    other_cell: str = ""
    value: str
    other_value: str


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of one plan.

    ``tables`` holds a frame per table of ``tables.results`` (its columns, sorted by its key; money
    in Int64 cents, texts as string, empty texts as ``""``). ``texts`` holds ``goals``,
    ``measures``, ``products``, ``units``: the accepted texts and links with their typed columns,
    then ``file``, ``sheet``, ``cell`` (and ``unit`` where the table has none of its own), and
    ``costs`` and ``savings``: the returned rows of these sheets. In ``texts["goals"]`` stand all
    goals that count: the master's and the departments' accepted ones, in the order of a printed
    outline.
    ``provisional`` is true where something is missing or kept out; ``open_points`` says what, in
    German sentences, ``points_of`` the same by unit. ``findings`` are final (severity, waiver,
    explanation), in the order of ``tables["findings"]``. ``sources`` maps every input file (and
    ``Stammdaten.xlsx``) to its sha256. ``open_counterparts`` lists internal charges whose other
    side is missing (columns of ``reconciliation.OPEN_COLUMNS``). ``stand_ins`` gives, for units
    without counted money, what stands in for it (codes of ``choices.STAND_INS``). ``returns``
    holds, by unit, the file that was judged for it: what its feedback is rebuilt from.
    ``differences`` says in which cells several returns of a unit differ.
    """

    city: str
    plan: str
    master: Master
    tables: Mapping[str, pd.DataFrame]
    texts: Mapping[str, pd.DataFrame]
    findings: tuple[Finding, ...]
    provisional: bool
    open_points: tuple[str, ...]
    sources: Mapping[str, str]
    open_counterparts: pd.DataFrame = field(default_factory=pd.DataFrame)
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    returns: Mapping[str, Submission] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    points_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
