"""The values of our own formulas, computed without an office program.

A workbook that already holds entries (the feedback workbook) needs a stored value in every formula
cell, the one a recalculation will find. :func:`recalculated` reads the formulas of a layout as an
office program does; it knows the functions of ``live_check.SAFE_FUNCTIONS`` and nothing else. What
it computes is checked against LibreOffice and a foreign engine (``tests/test_live.py``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TypeAlias

from pipeline.excel.layout.sheet_layout import CellLayout, Shown, WorkbookLayout
from pipeline.excel.reader.reading import column_number

Scalar: TypeAlias = float | int | str | bool | None
_EPOCH = date(1899, 12, 30)


class FormulaError(Exception):
    """An error value (#NV, #WERT! …): it travels up to the next IFERROR."""


@dataclass(frozen=True, slots=True)
class _Area:
    sheet: str
    top: int
    left: int
    bottom: int
    right: int

    def places(self) -> Iterator[tuple[str, int, int]]:
        for row in range(self.top, self.bottom + 1):
            for column in range(self.left, self.right + 1):
                yield self.sheet, row, column


Value: TypeAlias = Scalar | _Area
Node: TypeAlias = "Callable[[_Sheets, str, int], Value]"


def recalculated(layout: WorkbookLayout) -> WorkbookLayout:
    """The same workbook with the value of every formula as a recalculation finds it."""
    sheets = _Sheets(layout)
    return replace(
        layout,
        sheets=tuple(
            replace(
                sheet,
                cells={
                    place: cell
                    if cell.formula is None
                    else _with_value(cell, sheets, (sheet.name, *place))
                    for place, cell in sheet.cells.items()
                },
            )
            for sheet in layout.sheets
        ),
    )


def _with_value(cell: CellLayout, sheets: _Sheets, place: tuple[str, int, int]) -> CellLayout:
    try:
        shown = _shown(sheets.value(place))
    except FormulaError:
        return cell  # an error value stays what it is: only entries can hold one
    same = type(shown) is type(cell.value) and shown == cell.value
    return cell if same else replace(cell, value=shown)


def _shown(value: Scalar) -> Shown:
    """A computed value as it is stored: whole numbers as such, others with the digits of their
    float.
    """
    if value is None:
        return 0
    if isinstance(value, float):
        return int(value) if value.is_integer() else Decimal(repr(value))
    return value


@dataclass
class _Sheets:
    """The cells of a workbook; formulas are computed when they are asked for, once."""

    layout: WorkbookLayout
    known: dict[tuple[str, int, int], Scalar] = field(default_factory=dict)
    cells: dict[str, Mapping[tuple[int, int], CellLayout]] = field(default_factory=dict)
    places: dict[_Area, dict[object, int]] = field(default_factory=dict)
    columns: dict[_Area, list[Scalar]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cells = {sheet.name: sheet.cells for sheet in self.layout.sheets}

    def value(self, place: tuple[str, int, int]) -> Scalar:
        """What stands in a cell; an error value raises :class:`FormulaError`."""
        if place in self.known:
            return self.known[place]
        cell = self.cells[place[0]].get((place[1], place[2]))
        value: Scalar
        if cell is None:
            return None
        if cell.formula is None:
            value = _stored(cell.value)
        else:
            value = self.one(_parsed(cell.formula)(self, place[0], place[1]))
        self.known[place] = value
        return value

    def one(self, value: Value) -> Scalar:
        """The value of a single cell, or the value itself."""
        if isinstance(value, _Area):
            if (value.top, value.left) != (value.bottom, value.right):
                raise FormulaError(str(value))
            return self.value((value.sheet, value.top, value.left))
        return value

    def all(self, value: Value) -> list[Scalar]:
        """All values of an area, in reading order."""
        if not isinstance(value, _Area):
            return [value]
        if value not in self.columns:
            self.columns[value] = [self.value(place) for place in value.places()]
        return self.columns[value]

    def position(self, wanted: Scalar, area: _Area) -> int:
        """Where a value stands in an area, from 1 on; as MATCH does, ``*`` and ``?`` match any
        letters.
        """
        if area not in self.places:
            found: dict[object, int] = {}
            for number, value in enumerate(self.all(area), start=1):
                if value is not None:
                    found.setdefault(_key(value), number)
            self.places[area] = found
        if isinstance(wanted, str) and re.search(r"[*?~]", wanted):
            pattern = _wildcards(wanted)
            for number, value in enumerate(self.all(area), start=1):
                if isinstance(value, str) and pattern.fullmatch(value):
                    return number
            raise FormulaError(wanted)
        place = self.places[area].get(_key(wanted))
        if place is None:
            raise FormulaError(str(wanted))
        return place


def _stored(value: Shown) -> Scalar:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return (value - _EPOCH).days
    return value


def _key(value: Scalar) -> object:
    match value:
        case bool():
            return ("truth", value)
        case str():
            return value.casefold()
        case None:
            return 0.0
        case _:
            return float(value)


def _wildcards(text: str) -> re.Pattern[str]:
    parts = re.findall(r"~[*?~]|.", text, re.DOTALL)
    words = {"*": ".*", "?": "."}
    pattern = "".join(
        re.escape(part[1]) if len(part) == 2 else words.get(part) or re.escape(part)
        for part in parts
    )
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


# --- what a formula says ----------------------------------------------------------------------

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>"(?:[^"]|"")*")
  | (?P<number>\d+(?:\.\d+)?(?:[Ee][+-]?\d+)?(?![A-Za-z(:!$]))
  | (?P<area>(?:(?:'[^']+'|[A-Za-zÄÖÜäöüß_]+)!)?\$?[A-Z]{1,3}\$?\d+
      (?::\$?[A-Z]{1,3}\$?\d+)?(?![A-Za-z0-9_(]))
  | (?P<call>[A-Z]+)\(
  | (?P<name>[A-Za-zÄÖÜäöüß_][\wÄÖÜäöüß]*)
  | (?P<sign><>|<=|>=|[-+*/^&=<>(),])
    )""",
    re.VERBOSE,
)
_REFERENCE = re.compile(r"(?:(?:'([^']+)'|([^'!]+))!)?\$?([A-Z]+)\$?(\d+)(?::\$?([A-Z]+)\$?(\d+))?")
_LEVELS = (("=", "<>", "<", ">", "<=", ">="), ("&",), ("+", "-"), ("*", "/"), ("^",))


@lru_cache(maxsize=20_000)
def _parsed(formula: str) -> Node:
    parser = _Parser(formula)
    node = parser.expression(0)
    if parser.kind:
        raise ValueError(f"{formula}: not understood from {parser.word!r} on")
    return node


class _Parser:
    """Reads a formula from left to right."""

    def __init__(self, formula: str) -> None:
        self.formula, self.at = formula, 0
        self.kind = self.word = ""
        self.step()

    def step(self) -> None:
        if self.at >= len(self.formula):
            self.kind = self.word = ""
            return
        found = _TOKEN.match(self.formula, self.at)
        if not found:
            raise ValueError(f"{self.formula}: not understood at {self.formula[self.at :]!r}")
        self.at, self.kind = found.end(), str(found.lastgroup)
        self.word = found[self.kind]

    def take(self, sign: str) -> bool:
        if self.kind == "sign" and self.word == sign:
            self.step()
            return True
        return False

    def expression(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.atom()
        node = self.expression(level + 1)
        while self.kind == "sign" and self.word in _LEVELS[level]:
            sign = self.word
            self.step()
            node = _operation(sign, node, self.expression(level + 1))
        return node

    def atom(self) -> Node:
        kind, word = self.kind, self.word
        if self.take("-"):
            inner = self.atom()
            return lambda sheets, sheet, row: -_number(sheets.one(inner(sheets, sheet, row)))
        if self.take("("):
            node = self.expression(0)
            self.take(")")
            return node
        self.step()
        match kind:
            case "text":
                text = word[1:-1].replace('""', '"')
                return lambda _sheets, _sheet, _row: text
            case "number":
                number = float(word)
                return lambda _sheets, _sheet, _row: number
            case "area":
                return _area(word)
            case "name":
                return lambda sheets, sheet, row: _area(sheets.layout.names[word])(
                    sheets, sheet, row
                )
            case "call":
                return self.call(word)
            case _:
                raise ValueError(f"{self.formula}: not understood: {word!r}")

    def call(self, name: str) -> Node:
        arguments: list[Node] = []
        while not self.take(")"):
            arguments.append(self.expression(0))
            self.take(",")
        function = _FUNCTIONS[name]
        if name == "ROW":
            return lambda _sheets, _sheet, row: row
        return lambda sheets, sheet, row: function(
            sheets, [_bound(each, sheets, sheet, row) for each in arguments]
        )


def _bound(node: Node, sheets: _Sheets, sheet: str, row: int) -> Callable[[], Value]:
    return lambda: node(sheets, sheet, row)


@lru_cache(maxsize=10_000)
def _area(text: str) -> Node:
    found = _REFERENCE.fullmatch(text)
    if not found:
        raise ValueError(f"{text}: no reference")
    other, top, left = found[1] or found[2], int(found[4]), column_number(found[3])
    bottom = int(found[6]) if found[6] else top
    right = column_number(found[5]) if found[5] else left
    return lambda _sheets, sheet, _row: _Area(other or sheet, top, left, bottom, right)


def _operation(sign: str, left: Node, right: Node) -> Node:
    def compute(sheets: _Sheets, sheet: str, row: int) -> Value:
        one = sheets.one(left(sheets, sheet, row))
        other = sheets.one(right(sheets, sheet, row))
        match sign:
            case "&":
                return _text(one) + _text(other)
            case "+":
                return _number(one) + _number(other)
            case "-":
                return _number(one) - _number(other)
            case "*":
                return _number(one) * _number(other)
            case "/":
                if _number(other) == 0:
                    raise FormulaError("#DIV/0!")
                return _number(one) / _number(other)
            case "^":
                return float(_number(one) ** _number(other))
            case _:
                return _compared(sign, one, other)

    return compute


def _compared(sign: str, one: Scalar, other: Scalar) -> bool:
    if one is None:
        one = "" if isinstance(other, str) else 0
    if other is None:
        other = "" if isinstance(one, str) else 0
    first, second = _rank(one), _rank(other)
    match sign:
        case "=":
            return first == second
        case "<>":
            return first != second
        case "<":
            return first < second
        case ">":
            return first > second
        case "<=":
            return first <= second
        case _:
            return first >= second


def _rank(value: Scalar) -> tuple[int, float, str]:
    """Numbers come before texts, texts before truths; letter case does not count."""
    match value:
        case bool():
            return 2, float(value), ""
        case str():
            return 1, 0.0, value.casefold()
        case _:
            return 0, float(value or 0), ""


def _number(value: Scalar) -> float:
    match value:
        case None:
            return 0.0
        case bool():
            return float(value)
        case str():
            return _value_of(value)
        case _:
            return float(value)


def _value_of(text: str) -> float:
    """A text as a number, where a German office program sees one without doubt."""
    if re.fullmatch(r"\s*[+-]?\d+(,\d+)?\s*", text):
        return float(text.strip().replace(",", "."))
    raise FormulaError("#WERT!")


def _text(value: Scalar) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "WAHR" if value else "FALSCH"
        case str():
            return value
        case _:
            number = f"{value:.15g}"
            return number.replace(".", ",")


def _truth(value: Scalar) -> bool:
    if isinstance(value, str):
        raise FormulaError("#WERT!")
    return bool(value)


# --- functions --------------------------------------------------------------------------------

_Arguments: TypeAlias = Sequence[Callable[[], Value]]
_Function: TypeAlias = Callable[[_Sheets, _Arguments], Value]


def _if(sheets: _Sheets, given: _Arguments) -> Value:
    return given[1]() if _truth(sheets.one(given[0]())) else given[2]()


def _iferror(sheets: _Sheets, given: _Arguments) -> Value:
    try:
        return sheets.one(given[0]())
    except FormulaError:
        return given[1]()


def _is_error(sheets: _Sheets, given: _Arguments) -> Value:
    try:
        sheets.one(given[0]())
    except FormulaError:
        return True
    return False


def _and(sheets: _Sheets, given: _Arguments) -> Value:
    # All are computed: an error in any of them is the answer, as in an office program.
    return all([_truth(sheets.one(each())) for each in given])  # noqa: C419


def _or(sheets: _Sheets, given: _Arguments) -> Value:
    return any([_truth(sheets.one(each())) for each in given])  # noqa: C419


def _index(sheets: _Sheets, given: _Arguments) -> Value:
    area = given[0]()
    place = int(_number(sheets.one(given[1]())))
    if not isinstance(area, _Area):
        raise FormulaError("#WERT!")
    rows, columns = area.bottom - area.top + 1, area.right - area.left + 1
    if not 1 <= place <= max(rows, columns):
        raise FormulaError("#BEZUG!")
    row, column = (
        (area.top, area.left + place - 1) if rows == 1 else (area.top + place - 1, area.left)
    )
    return _Area(area.sheet, row, column, row, column)


def _match(sheets: _Sheets, given: _Arguments) -> Value:
    area = given[1]()
    if not isinstance(area, _Area):
        raise FormulaError("#NV")
    return sheets.position(sheets.one(given[0]()), area)


def _numbers(sheets: _Sheets, given: _Arguments) -> list[float]:
    """The numbers of the arguments; in areas texts, truths and empty cells do not count."""
    found = []
    for each in given:
        value = each()
        if isinstance(value, _Area):
            found += [
                float(v)
                for v in sheets.all(value)
                if isinstance(v, int | float) and not isinstance(v, bool)
            ]
        else:
            found.append(_number(value))
    return found


def _rounded(value: float, places: int) -> float:
    """Half away from zero, on the digits that the number shows."""
    exact = Decimal(f"{value:.15g}")
    return float(exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))


def _sum(sheets: _Sheets, given: _Arguments) -> Value:
    return math.fsum(_numbers(sheets, given))


def _small(sheets: _Sheets, given: _Arguments) -> Value:
    numbers, place = sorted(_numbers(sheets, given[:1])), int(_number(sheets.one(given[1]())))
    if not 1 <= place <= len(numbers):
        raise FormulaError("#ZAHL!")
    return numbers[place - 1]


def _sumifs(sheets: _Sheets, given: _Arguments) -> Value:
    values = sheets.all(given[0]())
    kept = _kept(sheets, given[1:])
    return math.fsum(
        float(value)
        for value, keep in zip(values, kept, strict=True)
        if keep and isinstance(value, int | float) and not isinstance(value, bool)
    )


def _sumif(sheets: _Sheets, given: _Arguments) -> Value:
    return _sumifs(sheets, [given[2], given[0], given[1]])


def _countifs(sheets: _Sheets, given: _Arguments) -> Value:
    return sum(_kept(sheets, given))


def _kept(sheets: _Sheets, given: _Arguments) -> list[bool]:
    kept: list[bool] = []
    for number in range(0, len(given), 2):
        values = sheets.all(given[number]())
        wanted = sheets.one(given[number + 1]())
        pattern = _wildcards(wanted) if isinstance(wanted, str) else None
        hits = [
            bool(isinstance(value, str) and pattern.fullmatch(value))
            if pattern
            else value is not None and _key(value) == _key(wanted)
            for value in values
        ]
        kept = [a and b for a, b in zip(kept, hits, strict=True)] if kept else hits
    return kept


def _fixed(sheets: _Sheets, given: _Arguments) -> Value:
    number, places = (_number(sheets.one(each())) for each in given)
    text = f"{_rounded(number, int(places)):,.{int(places)}f}"
    return text.translate(str.maketrans(",.", ".,"))


def _day(value: Scalar) -> date:
    number = _number(value)
    if not 0 <= number < 2_958_466:
        raise FormulaError("#ZAHL!")
    return _EPOCH + timedelta(days=int(number))


def _round(sheets: _Sheets, given: _Arguments) -> Value:
    number, places = (_number(sheets.one(each())) for each in given)
    return _rounded(number, int(places))


def _mid(sheets: _Sheets, given: _Arguments) -> Value:
    text = _text(sheets.one(given[0]()))
    start, size = (int(_number(sheets.one(each()))) for each in given[1:])
    return text[start - 1 : start - 1 + size]


def _right(sheets: _Sheets, given: _Arguments) -> Value:
    text, size = _text(sheets.one(given[0]())), int(_number(sheets.one(given[1]())))
    return text[-size:] if size else ""


def _left(sheets: _Sheets, given: _Arguments) -> Value:
    text, size = _text(sheets.one(given[0]())), int(_number(sheets.one(given[1]())))
    return text[:size]


def _of_one(compute: Callable[[Scalar], Scalar]) -> _Function:
    return lambda sheets, given: compute(sheets.one(given[0]()))


def _trimmed(value: Scalar) -> str:
    return re.sub(" +", " ", _text(value)).strip(" ")


def _length(value: Scalar) -> int:
    return len(_text(value).encode("utf-16-le")) // 2


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _passing(test: Callable[[Scalar], bool]) -> _Function:
    def answer(sheets: _Sheets, given: _Arguments) -> Value:
        try:
            return test(sheets.one(given[0]()))
        except FormulaError:
            return False

    return answer


def _exact(sheets: _Sheets, given: _Arguments) -> Value:
    return _text(sheets.one(given[0]())) == _text(sheets.one(given[1]()))


_FUNCTIONS: Mapping[str, _Function] = {
    "ABS": _of_one(lambda value: abs(_number(value))),
    "AND": _and,
    "COUNT": lambda sheets, given: len(_numbers(sheets, given)),
    "COUNTIFS": _countifs,
    "EXACT": _exact,
    "FIXED": _fixed,
    "HYPERLINK": lambda sheets, given: sheets.one(given[1]()),
    "IF": _if,
    "IFERROR": _iferror,
    "INDEX": _index,
    "INT": _of_one(lambda value: math.floor(_number(value))),
    "ISERROR": _is_error,
    "ISLOGICAL": _passing(lambda value: isinstance(value, bool)),
    "ISNUMBER": _passing(_is_number),
    "LEFT": _left,
    "LEN": _of_one(_length),
    "MATCH": _match,
    "MAX": lambda sheets, given: max(_numbers(sheets, given), default=0.0),
    "MID": _mid,
    "MIN": lambda sheets, given: min(_numbers(sheets, given), default=0.0),
    "MONTH": _of_one(lambda value: _day(value).month),
    "NOT": _of_one(lambda value: not _truth(value)),
    "OR": _or,
    "RIGHT": _right,
    "ROUND": _round,
    "ROW": lambda _sheets, _given: 0,
    "SMALL": _small,
    "SUM": _sum,
    "SUMIF": _sumif,
    "SUMIFS": _sumifs,
    "TRIM": _of_one(_trimmed),
    "VALUE": _of_one(_number),
    "YEAR": _of_one(lambda value: _day(value).year),
}
