"""The declaration of a table: its columns, their kinds, keys and references.

Template, reader, pandera schema, ``schema`` and handbook are readers of these declarations; the
declarations themselves know neither Excel nor pandera.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any


class Kind(Enum):
    """What a cell of a column holds, and in which type the pipeline carries it.

    =========  ===========================================  ===================================
    kind       in the workbook                              in a frame
    =========  ===========================================  ===================================
    CODE       text, an identifier; never through a number  string
    TEXT       text                                         string
    CHOICE     a German label of a closed list              string, the code of the choice
    MONEY      euro as a number                             Int64, integer cents
    NUMBER     a number                                     object, ``decimal.Decimal``
    PERCENT    45 for 45 %                                  Int64, basis points
    INTEGER    a whole number                               Int64
    YEAR       four digits                                  Int64
    MONTH      a date or text, shown as MM.JJJJ             string, ``YYYY-MM``
    DATE       a date                                       string, ``YYYY-MM-DD``
    YES_NO     ja / nein                                    boolean
    =========  ===========================================  ===================================
    """

    CODE = "code"
    TEXT = "text"
    CHOICE = "choice"
    MONEY = "money"
    NUMBER = "number"
    PERCENT = "percent"
    INTEGER = "integer"
    YEAR = "year"
    MONTH = "month"
    DATE = "date"
    YES_NO = "yes_no"


class Role(Enum):
    """What a year is for in a plan (Ergebnis, Ansatz, Planung, Prognose)."""

    ACTUAL = "actual"
    BUDGET = "budget"
    OUTLOOK = "outlook"
    FORECAST = "forecast"


class Filler(Enum):
    """Who fills a column of a template: finance (pre-filled, locked) or the department."""

    FINANCE = "finance"
    DEPARTMENT = "department"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One value of a closed list: the code in tables and CSV, the German label in workbooks."""

    code: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Year:
    """One year of a plan.

    ``entered`` is false for years that finance pre-fills (Ergebnis, Ansatz of the previous year).
    """

    year: int
    role: Role
    title: str
    entered: bool


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    ``references`` names the table whose (last) key column holds the allowed values. ``per_year``
    lists the roles of the years for which the column exists; ``entered_for`` those of them for
    which the department types it (in a year that finance pre-fills only where
    ``entered_when_given``). ``year`` is set on a widened column only. ``choices_from`` names a
    master table whose keys are the choices (levels). ``renamed_from`` are the names that the column
    had in earlier versions of the declaration: a template handed out then is still read.
    """

    name: str
    title: str
    kind: Kind
    help: str = ""
    required: bool = True
    unit: str = ""
    choices: tuple[Choice, ...] = ()
    references: str | None = None
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    per_year: tuple[Role, ...] = ()
    entered_for: tuple[Role, ...] = ()
    entered_when_given: bool = False
    filled_by: Filler = Filler.DEPARTMENT
    renamed_from: tuple[str, ...] = ()
    width: int = 14
    year: Year | None = None
    base: str = ""

    @property
    def stem(self) -> str:
        """The declared name of a widened column (``amount`` for ``amount_2027``)."""
        return self.base or self.name

    @property
    def former_names(self) -> tuple[str, ...]:
        """What stood in the key row of earlier templates, with the year of a widened column."""
        suffix = f"_{self.year.year}" if self.year else ""
        return tuple(f"{name}{suffix}" for name in self.renamed_from)


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of a workbook or of the results.

    ``key`` names the columns that identify a row; uniqueness is always scoped by it. ``prefilled``
    names the key columns that finance fills and locks in pre-filled rows. ``optional`` tables may
    be missing from a workbook. ``renamed_from`` are earlier names of the table.
    """

    name: str
    sheet: str
    title: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    workbook: str = ""
    help: str = ""
    unique: bool = True
    optional: bool = False
    prefilled: tuple[str, ...] = ()
    settings: bool = False
    renamed_from: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """The column of that (widened) name; a missing one is a fault of the program."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns in order."""
        return tuple(column.name for column in self.columns)

    def for_years(self, years: Sequence[Year]) -> Table:
        """The table of one plan: every per-year column repeated for the years whose role it serves.

        Neighbouring per-year columns that share a year stand together (target, actual, numerator of
        2025; then 2026).
        """
        columns: list[Column] = []
        position = 0
        while position < len(self.columns):
            column = self.columns[position]
            if not column.per_year:
                columns.append(column)
                position += 1
                continue
            run = [column]
            while (
                position + len(run) < len(self.columns)
                and self.columns[position + len(run)].per_year
            ):
                run.append(self.columns[position + len(run)])
            for year in years:
                columns.extend(_of_year(each, year) for each in run if year.role in each.per_year)
            position += len(run)
        return replace(self, columns=tuple(columns))


_ROLE_TITLES = {
    Role.ACTUAL: "Ergebnis",
    Role.BUDGET: "Ansatz",
    Role.OUTLOOK: "Planung",
    Role.FORECAST: "Prognose",
}


def _of_year(column: Column, year: Year) -> Column:
    entered = year.role in column.entered_for and (year.entered or column.entered_when_given)
    title = year.title if column.title == "Betrag" else f"{column.title} {year.year}"
    return replace(
        column,
        name=f"{column.name}_{year.year}",
        base=column.name,
        title=title,
        year=year,
        filled_by=Filler.DEPARTMENT if entered else Filler.FINANCE,
        required=column.required and entered,
    )


def fingerprint(tables: Iterable[Table]) -> str:
    """The sha256 of canonical JSON of names, kinds, years and keys; titles and help texts do not
    count.
    """
    facts: list[Mapping[str, Any]] = [
        {
            "table": table.name,
            "key": list(table.key),
            "columns": [[column.name, column.kind.value] for column in table.columns],
        }
        for table in tables
    ]
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
