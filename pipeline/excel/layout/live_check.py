"""One live check: what a sheet says by itself while somebody types, and the words of its formulas.

A check is a predicate over the cells of its own row, written as the text of a formula; nothing of a
file is needed to make one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.model.findings import Severity

SAFE_FUNCTIONS = frozenset(
    {
        "ABS", "AND", "COUNT", "COUNTIF", "COUNTIFS", "EXACT", "FIXED", "HYPERLINK", "IF",
        "IFERROR", "INDEX", "INT", "ISERROR", "ISLOGICAL", "ISNUMBER", "ISTEXT", "LEFT", "LEN",
        "MATCH", "MAX", "MID", "MIN", "MONTH", "NOT", "OFFSET", "OR", "RIGHT", "ROUND", "ROW",
        "SMALL", "SUM", "SUMIF", "SUMIFS", "TRIM", "VALUE", "YEAR",
    }
)  # fmt: skip
"""The functions that our formulas may use: every office program of the last twenty years has them,
under these names in the file, and none of them changes its meaning with the language.
"""


@dataclass(frozen=True, kw_only=True)
class Own:
    """References of a formula to the cells of its own row and to whole columns of its table.

    They speak of the row by ROW() and of ranges from the locked header row to the locked closing
    row: one text serves all rows, and no cut, paste or sorting of entries can pull a reference
    along.
    """

    letters: Mapping[str, str]
    header_row: int
    closing_row: int

    def __call__(self, name: str) -> str:
        """The cell of a column."""
        letter = self.letters[name]
        span = f"{letter}${self.header_row}:{letter}${self.closing_row}"
        return f"INDEX({span},{self.place})"

    def span(self, name: str) -> str:
        """The whole column, its header first."""
        letter = self.letters[name]
        return f"${letter}${self.header_row}:${letter}${self.closing_row}"

    @property
    def place(self) -> str:
        """Which cell of a :meth:`span` the own row is."""
        return f"ROW()-{self.header_row - 1}"


@dataclass(frozen=True, kw_only=True)
class LiveCheck:
    """One rule at one column of a table.

    ``rule`` is the id under which the pipeline speaks of it. ``covers`` are all ids that it may
    find in the same cell for the same reason: a number that is none has five of them; a variant of
    a rule is ``M08.line``. ``message``
    is what stands in the status of the row, in the words of the person who fills it. ``predicate``
    gives the text of a formula that is true where the cell breaks the rule; ``on_error`` is the
    answer where the formula meets an error value. ``explained_by`` names the column that silences a
    hint when it is filled.
    """

    rule: str
    table: str
    column: str
    severity: Severity
    message: str
    predicate: Callable[[Own], str] = field(compare=False)
    covers: frozenset[str] = frozenset()
    on_error: int = 0
    explained_by: str = ""

    @property
    def helper(self) -> str:
        """The name of its hidden helper column in the key row."""
        return f"#{self.rule}:{self.column}"

    @property
    def is_error(self) -> bool:
        """Whether it keeps the return from being ready; otherwise it is a hint."""
        return self.severity is Severity.ERROR

    def formula(self, own: Own) -> str:
        """The formula of its helper cell: 1 where the rule is broken, else 0; never an error."""
        broken = self.predicate(own)
        if self.explained_by:
            broken = f"AND({broken},{is_empty(own(self.explained_by))})"
        return f"IFERROR(IF({broken},1,0),{self.on_error})"


def literal(text: str) -> str:
    """A text inside a formula; titles of years are foreign text, so quotes are doubled."""
    return '"' + text[:200].replace('"', '""') + '"'


def is_empty(cell: str) -> str:
    """Nothing, or only blanks."""
    return f"LEN(TRIM({cell}))=0"


def is_filled(cell: str) -> str:
    """Something that can be seen."""
    return f"LEN(TRIM({cell}))>0"


def in_codes(cell: str, name: str) -> str:
    """Whether a code stands in a list, letter for letter; nothing never does.

    MATCH alone takes ``*`` and ``?`` for any letters and does not tell ``f08`` from ``F08``.
    """
    typed = f"TRIM({cell})"
    return f'EXACT(IFERROR(INDEX({name},MATCH({typed},{name},0))," "),{typed})'


def in_words(cell: str, name: str) -> str:
    """Whether a word stands in a list; as the intake, it does not care for capital letters."""
    typed = f"TRIM({cell})"
    return f"IFERROR(INDEX({name},MATCH({typed},{name},0))={typed},1=2)"


def month_number(cell: str) -> str:
    """A month as a number that counts on from January to December; a date or a text ``MM.JJJJ``."""
    typed = f"TRIM({cell})"
    text = f"VALUE(RIGHT({typed},4))*12+VALUE(LEFT({typed},2))"
    return f"IF(ISNUMBER({cell}),YEAR({cell})*12+MONTH({cell}),{text})"
