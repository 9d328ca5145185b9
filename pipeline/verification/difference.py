"""What the second computation reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Difference:
    """One place where the outputs say something else than the inputs.

    ``check`` is the code of the check; ``file``, ``sheet`` and ``cell`` say where to look (``file``
    relative to the input folder, or to the output folder where an output is meant); ``explanation``
    is a German sentence.
    """

    check: str
    file: str = ""
    sheet: str = ""
    cell: str = ""
    expected: str = ""
    found: str = ""
    explanation: str


class UnusableError(Exception):
    """A file that cannot be compared at all; :func:`differences` turns it into a difference."""

    def __init__(self, *, file: str, explanation: str) -> None:
        super().__init__(explanation)
        self.difference = Difference(check="readable", file=file, explanation=explanation)
