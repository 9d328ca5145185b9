"""Formulas as they stand in cells, read into trees.

A formula is read once for all cells in which it stands relatively alike (its R1C1 form); that form
also tells whether neighbours compute in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from pipeline.verification.books import Place, column_number


class Fault(NamedTuple):
    """An error value such as ``#DIV/0!``."""

    code: str


class NotUnderstoodError(Exception):
    """A formula beyond this calculator."""


_CELL = re.compile(
    r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'!"
    r"|(?<![\w.$])(\$?)([A-Z]{1,3})(\$?)([1-9]\d{0,6})(?![\w(.!])"
)


def relative(formula: str, place: Place) -> str:
    """The R1C1 form of a formula: equal for cells that compute in the same way.

    >>> relative("SUM(B2:B4)+$A5", (5, 2))
    'SUM(R[-3]C[0]:R[-1]C[0])+R[0]C1'
    """

    def named(match: re.Match[str]) -> str:
        if match[2] is None:
            return match[0]
        row, column = int(match[4]), column_number(match[2])
        down = str(row) if match[3] else f"[{row - place[0]}]"
        across = str(column) if match[1] else f"[{column - place[1]}]"
        return f"R{down}C{across}"

    return _CELL.sub(named, formula)


# --- reading a formula ----------------------------------------------------------------------------

_TOKEN = re.compile(
    r"\s*(?:(?P<text>\"(?:[^\"]|\"\")*\")"
    r"|(?P<sheet>'(?:[^']|'')*'!|[^\W\d][\w.]*!)"
    r"|(?P<cell>R(?:\[-?\d+\]|\d+)C(?:\[-?\d+\]|\d+))"
    r"|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)"
    r"|(?P<call>[A-Z][A-Z0-9.]*)\("
    r"|(?P<error>#[A-Z0-9/]+[!?]?)"
    r"|(?P<name>[^\W\d][\w.]*)"
    r"|(?P<sign><=|>=|<>|[-+*/^&%=<>(),:]))\s*"
)

Node = tuple[object, ...]
"""A part of a formula: what it is, then its parts."""


@lru_cache(maxsize=20_000)
def tree(form: str) -> Node:
    """A formula in R1C1 form as a tree."""
    reader = _Reader(form)
    tree = reader.comparison()
    if reader.kind:
        raise NotUnderstoodError(form)
    return tree


class _Reader:
    """Reads a formula from left to right, operators by their rank."""

    def __init__(self, form: str) -> None:
        self._form, self._at = form, 0
        self.kind, self.text = "", ""
        self.next()

    def next(self) -> None:
        if self._at >= len(self._form):
            self.kind, self.text = "", ""
            return
        match = _TOKEN.match(self._form, self._at)
        if match is None or match.lastgroup is None:
            raise NotUnderstoodError(self._form)
        self._at = match.end()
        self.kind, self.text = match.lastgroup, match[match.lastgroup]

    def _sign(self, *signs: str) -> str:
        """The operator that stands here, if it is one of these; it is passed."""
        if self.kind == "sign" and self.text in signs:
            sign = self.text
            self.next()
            return sign
        return ""

    def comparison(self) -> Node:
        left = self._joined()
        while sign := self._sign("=", "<>", "<=", ">=", "<", ">"):
            left = ("compare", sign, left, self._joined())
        return left

    def _joined(self) -> Node:
        left = self._sum()
        while self._sign("&"):
            left = ("join", left, self._sum())
        return left

    def _sum(self) -> Node:
        left = self._product()
        while sign := self._sign("+", "-"):
            left = ("arithmetic", sign, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._power()
        while sign := self._sign("*", "/"):
            left = ("arithmetic", sign, left, self._power())
        return left

    def _power(self) -> Node:
        left = self._signed()
        while self._sign("^"):
            left = ("arithmetic", "^", left, self._signed())
        return left

    def _signed(self) -> Node:
        if sign := self._sign("+", "-"):
            return ("sign", sign, self._signed())
        node = self._primary()
        while self._sign("%"):
            node = ("percent", node)
        return node

    def _primary(self) -> Node:
        kind, text = self.kind, self.text
        if self._sign("("):
            node = self.comparison()
            self._expect(")")
            return node
        self.next()
        match kind:
            case "text":
                return ("constant", text[1:-1].replace('""', '"'))
            case "number":
                return ("constant", Decimal(text))
            case "error":
                return ("constant", Fault(text))
            case "call":
                return ("call", text, tuple(self._arguments()))
            case "sheet":
                return self._reference(text[:-1].strip("'").replace("''", "'"))
            case "cell":
                return self._range("", text)
            case "name" if text in {"TRUE", "FALSE"}:
                return ("constant", text == "TRUE")
            case "name":
                return ("name", text)
            case _:
                raise NotUnderstoodError(self._form)

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            raise NotUnderstoodError(self._form)

    def _reference(self, sheet: str) -> Node:
        if self.kind != "cell":
            raise NotUnderstoodError(self._form)
        text = self.text
        self.next()
        return self._range(sheet, text)

    def _range(self, sheet: str, text: str) -> Node:
        first = _offsets(text)
        if not self._sign(":"):
            return ("cell", sheet, first)
        if self.kind != "cell":
            raise NotUnderstoodError(self._form)
        last = _offsets(self.text)
        self.next()
        return ("area", sheet, first, last)

    def _arguments(self) -> Iterator[Node]:
        if self._sign(")"):
            return
        while True:
            # IF(a,,b): what is left out counts as nothing.
            empty = self.kind == "sign" and self.text in {",", ")"}
            yield ("constant", None) if empty else self.comparison()
            if self._sign(")"):
                return
            self._expect(",")


Corner = tuple[bool, int, bool, int]
"""Row and column of a reference, each with whether it counts from the cell of the formula."""
_PART = re.compile(r"R(\[)?(-?\d+)\]?C(\[)?(-?\d+)\]?")


def _offsets(text: str) -> Corner:
    parts = _PART.fullmatch(text)
    if parts is None:
        raise NotUnderstoodError(text)
    return parts[1] is not None, int(parts[2]), parts[3] is not None, int(parts[4])
