"""A small calculator for the formulas of the output workbooks, in plain ``Decimal``.

It knows what our sheets use and no more: arithmetic, comparisons, references to cells, ranges,
other sheets and defined names, and the functions of :data:`FUNCTIONS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple

from pipeline.verification.books import Book, Place, Sheet
from pipeline.verification.formula_reader import (
    Corner,
    Fault,
    Node,
    NotUnderstoodError,
    relative,
    tree,
)


class Area(NamedTuple):
    """A rectangle of cells, both corners included."""

    sheet: str
    top: int
    left: int
    bottom: int
    right: int

    def places(self) -> Iterator[Place]:
        """Its cells, row by row."""
        for row in range(self.top, self.bottom + 1):
            for column in range(self.left, self.right + 1):
                yield row, column

    @property
    def size(self) -> int:
        """How many cells it has."""
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)


Scalar = Decimal | str | bool | None | Fault
Result = Scalar | Area


DIV0, VALUE, REF, NAME, NA = (
    Fault(code) for code in ("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#N/A")
)

# --- computing ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Calculator:
    """Computes cells of a workbook from its constants; cached values are never looked at.

    ``replaced`` puts other numbers into cells, to see whether sums follow them.
    """

    book: Book
    replaced: Mapping[tuple[str, Place], Decimal] = field(default_factory=dict)
    _known: dict[tuple[str, int, int], Scalar] = field(default_factory=dict)
    _sums: dict[object, dict[tuple[object, ...], Decimal]] = field(default_factory=dict)
    _open: set[tuple[str, int, int]] = field(default_factory=set)

    def value(self, sheet: str, row: int, column: int) -> Scalar:
        """The value of a cell; a circle of references is a fault."""
        key = (sheet, row, column)
        if key in self._known:
            return self._known[key]
        if key in self._open:
            raise NotUnderstoodError("a circle of references")
        self._open.add(key)
        try:
            found = self._computed(sheet, row, column)
        finally:
            self._open.discard(key)
        self._known[key] = found
        return found

    def _computed(self, name: str, row: int, column: int) -> Scalar:
        sheet = self.book.sheets.get(name)
        if sheet is None:
            return REF
        if (name, (row, column)) in self.replaced:
            return self.replaced[name, (row, column)]
        stored = sheet.cells.get((row, column))
        if stored is None:
            return None
        if stored.formula is not None:
            form = relative(stored.formula, (row, column))
            result = self.evaluate(tree(form), _Home(name, row, column))
            return Decimal(0) if result is None else result
        return Fault(str(stored.value)) if stored.kind == "e" else constant(stored.value)

    def evaluate(self, node: Node, home: _Home) -> Scalar:
        """A formula's value; where a range stands alone, the cell it begins with."""
        result = self.result(node, home)
        if isinstance(result, Area):
            if result.size != 1:
                raise NotUnderstoodError("a range where one value is wanted")
            return self.value(result.sheet, result.top, result.left)
        return result

    def result(self, node: Node, home: _Home) -> Result:
        """A formula's value or the range that it names."""
        match node:
            case ("constant", value):
                return value  # type: ignore[return-value]
            case ("cell", str() as sheet, tuple() as corner):
                row, column = home.place(corner)
                return Area(sheet or home.sheet, row, column, row, column)
            case ("area", str() as sheet, tuple() as first, tuple() as last):
                one, other = home.place(first), home.place(last)
                (top, bottom), (left, right) = (
                    sorted(pair) for pair in zip(one, other, strict=True)
                )
                return Area(sheet or home.sheet, top, left, bottom, right)
            case ("name", str() as name):
                return self._named(name)
            case ("call", str() as name, tuple() as arguments):
                return self._called(name, arguments, home)
            case _:
                return self._operated(node, home)

    def _named(self, name: str) -> Result:
        text = self.book.names.get(name)
        if text is None:
            return NAME
        return self.result(tree(relative(text.removeprefix("="), (1, 1))), _Home("", 1, 1))

    def _operated(self, node: Node, home: _Home) -> Scalar:
        match node:
            case ("arithmetic", str() as sign, tuple() as left, tuple() as right):
                one, other = (number(self.evaluate(each, home)) for each in (left, right))
                return _arithmetic(sign, one, other)
            case ("sign", str() as sign, tuple() as part):
                value = number(self.evaluate(part, home))
                return -value if sign == "-" and isinstance(value, Decimal) else value
            case ("percent", tuple() as part):
                value = number(self.evaluate(part, home))
                return value / 100 if isinstance(value, Decimal) else value
            case ("compare", str() as sign, tuple() as left, tuple() as right):
                return _compared(sign, self.evaluate(left, home), self.evaluate(right, home))
            case ("join", tuple() as left, tuple() as right):
                values = [self.evaluate(each, home) for each in (left, right)]
                fault = next((each for each in values if isinstance(each, Fault)), None)
                return fault or "".join(text(each) for each in values)
            case _:
                raise NotUnderstoodError(str(node[0]))

    def _called(self, name: str, arguments: tuple[Node, ...], home: _Home) -> Result:
        match name:
            case "IF":
                test = truth(self.evaluate(arguments[0], home))
                if isinstance(test, Fault):
                    return test
                chosen = arguments[1:2] if test else arguments[2:3]
                return self.result(chosen[0], home) if chosen else test
            case "IFERROR":
                value = self.evaluate(arguments[0], home)
                return self.result(arguments[1], home) if isinstance(value, Fault) else value
            case _ if name in FUNCTIONS:
                values = [self.result(each, home) for each in arguments]
                return FUNCTIONS[name](self, values)
            case _:
                raise NotUnderstoodError(name)

    def values(self, result: Result) -> Iterator[Scalar]:
        """Every value of a range, or the one value."""
        if isinstance(result, Area):
            for row, column in self.filled(result):
                yield self.value(result.sheet, row, column)
        else:
            yield result

    def filled(self, area: Area) -> Iterable[Place]:
        """The cells of a range that hold something."""
        sheet = self.book.sheets.get(area.sheet)
        if sheet is None:
            return ()
        if area.size > len(sheet.cells):
            return sorted(
                (row, column)
                for row, column in sheet.cells
                if area.top <= row <= area.bottom and area.left <= column <= area.right
            )
        return (place for place in area.places() if place in sheet.cells)

    def scalar(self, result: Result) -> Scalar:
        """One value."""
        if not isinstance(result, Area):
            return result
        if result.size != 1:
            raise NotUnderstoodError("a range where one value is wanted")
        return self.value(result.sheet, result.top, result.left)

    def chosen(self, areas: Sequence[Area], criteria: Sequence[Scalar]) -> Iterator[int]:
        """The positions at which every range meets its criterion."""
        tests = [_test(each) for each in criteria]
        columns = [list(self._column(area)) for area in areas]
        if len({len(column) for column in columns}) > 1:
            raise NotUnderstoodError("ranges of unequal size")
        for position, row in enumerate(zip(*columns, strict=True)):
            if all(test(value) for test, value in zip(tests, row, strict=True)):
                yield position

    def _column(self, area: Area) -> Iterator[Scalar]:
        for row, column in area.places():
            yield self.value(area.sheet, row, column)

    def sum_where(
        self, summed: Area, areas: Sequence[Area], criteria: Sequence[Scalar]
    ) -> Decimal | Fault:
        """SUMIFS. Rows are sorted into heaps once: thousands of cells ask the same ranges."""
        key = (summed, tuple(areas))
        if key not in self._sums:
            self._sums[key] = self._heaps(summed, areas)
        heaps = self._sums[key]
        if all(_is_plain(each) for each in criteria):
            return heaps.get(tuple(_folded(each) for each in criteria), Decimal(0))
        tests = [_test(each) for each in criteria]
        return sum(
            (
                cents
                for values, cents in heaps.items()
                if all(test(value) for test, value in zip(tests, values, strict=True))  # type: ignore[arg-type]
            ),
            Decimal(0),
        )

    def _heaps(self, summed: Area, areas: Sequence[Area]) -> dict[tuple[object, ...], Decimal]:
        if len({each.size for each in (summed, *areas)}) > 1:
            raise NotUnderstoodError("ranges of unequal size")
        heaps: dict[tuple[object, ...], Decimal] = {}
        columns = [self._column(each) for each in (summed, *areas)]
        for amount, *values in zip(*columns, strict=True):
            if isinstance(amount, Decimal):
                key = tuple(_folded(each) for each in values)
                heaps[key] = heaps.get(key, Decimal(0)) + amount
        return heaps


class _Home(NamedTuple):
    """The cell in which a formula stands."""

    sheet: str
    row: int
    column: int

    def place(self, corner: Corner) -> Place:
        """Where a reference leads."""
        down, row, across, column = corner
        return (self.row + row if down else row), (self.column + column if across else column)


def constant(value: float | str | bool | None) -> Scalar:
    """A stored value exactly as it is printed in the file."""
    if isinstance(value, float):
        return Decimal(repr(value))
    return value


def number(value: Scalar) -> Decimal | Fault:
    """A value in arithmetic: nothing is 0, a text that is a number is that number."""
    match value:
        case None:
            return Decimal(0)
        case bool():
            return Decimal(int(value))
        case str():
            try:
                return Decimal(value)
            except InvalidOperation:
                return VALUE
        case _:
            return value


def text(value: Scalar) -> str:
    """A value joined to a text."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case Decimal():
            plain = f"{value:f}"
            return plain.rstrip("0").rstrip(".") if "." in plain else plain
        case Fault():
            return value.code
        case _:
            return value


def truth(value: Scalar) -> bool | Fault:
    """A value as a condition."""
    if isinstance(value, str):
        return VALUE
    found = number(value)
    return found if isinstance(found, Fault) else found != 0


def _arithmetic(sign: str, one: Decimal | Fault, other: Decimal | Fault) -> Scalar:
    if isinstance(one, Fault):
        return one
    if isinstance(other, Fault):
        return other
    match sign:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
        case "/":
            return one / other if other else DIV0
        case _:
            return one**other


def _rank(value: Scalar) -> tuple[int, Decimal | str]:
    """Numbers stand before texts, texts before truth values; letter case does not count."""
    match value:
        case bool():
            return 2, Decimal(int(value))
        case str():
            return 1, value.casefold()
        case Decimal():
            return 0, value
        case _:
            return 0, Decimal(0)


def _compared(sign: str, one: Scalar, other: Scalar) -> Scalar:
    for each in (one, other):
        if isinstance(each, Fault):
            return each
    if one is None and isinstance(other, str):
        one = ""
    if other is None and isinstance(one, str):
        other = ""
    left, right = _rank(one), _rank(other)
    less, equal = left < right, left == right
    return {
        "=": equal,
        "<>": not equal,
        "<": less,
        "<=": less or equal,
        ">": not less and not equal,
        ">=": not less,
    }[sign]


# --- criteria of SUMIFS and the like --------------------------------------------------------------

_SIGNS = ("<=", ">=", "<>", "=", "<", ">")


def _is_plain(criterion: Scalar) -> bool:
    """Whether a criterion asks for nothing but equality with a value that is there."""
    return criterion not in {None, ""} and not (
        isinstance(criterion, str)
        and (criterion[:1] in "<>=" or any(sign in criterion for sign in "*?~"))
    )


def _folded(value: object) -> object:
    """What SUMIFS takes for equal: number-like texts and numbers, upper and lower case."""
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            return value.casefold()
    return value


def _test(criterion: Scalar) -> Callable[[Scalar], bool]:
    """A criterion as a question to a value."""
    sign, rest = "=", criterion
    if isinstance(criterion, str):
        sign = next((each for each in _SIGNS if criterion.startswith(each)), "")
        sign, rest = sign or "=", criterion.removeprefix(sign)
    wanted = _folded(Decimal(0) if rest is None else rest)
    if sign in {"=", "<>"}:
        equal = _equal(wanted)
        return equal if sign == "=" else lambda value: not equal(value)

    def ordered(value: Scalar) -> bool:
        if isinstance(wanted, Decimal) and isinstance(value, Decimal):
            return _compared(sign, value, wanted) is True
        if isinstance(wanted, str) and isinstance(value, str):
            return _compared(sign, value, wanted) is True
        return False

    return ordered


def _equal(wanted: object) -> Callable[[Scalar], bool]:
    if wanted == "":
        return lambda value: value in {None, ""}
    if isinstance(wanted, str) and any(sign in wanted for sign in "*?"):
        pattern = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in wanted)
        return lambda value: (
            isinstance(value, str)
            and re.fullmatch(pattern, value.casefold(), re.DOTALL) is not None
        )
    return lambda value: _folded(value) == wanted


# --- functions ------------------------------------------------------------------------------------

Function = Callable[[Calculator, Sequence[Result]], Result]


def _numbers(calculator: Calculator, results: Sequence[Result]) -> list[Decimal] | Fault:
    """The numbers of ranges and arguments; texts in ranges are passed over."""
    found: list[Decimal] = []
    for result in results:
        for value in calculator.values(result):
            if isinstance(value, Fault):
                return value
            if isinstance(value, Decimal):
                found.append(value)
            elif not isinstance(result, Area):
                plain = number(value)
                if isinstance(plain, Fault):
                    return plain
                found.append(plain)
    return found


def _over_numbers(fold: Callable[[list[Decimal]], Decimal | Fault]) -> Function:
    def function(calculator: Calculator, results: Sequence[Result]) -> Result:
        found = _numbers(calculator, results)
        return found if isinstance(found, Fault) else fold(found)

    return function


def _of_numbers(count: int, compute: Callable[..., Scalar]) -> Function:
    """A function of that many numbers; what is left out at the end is 0."""

    def function(calculator: Calculator, results: Sequence[Result]) -> Result:
        values = [number(calculator.scalar(each)) for each in results]
        fault = next((each for each in values if isinstance(each, Fault)), None)
        if fault is not None:
            return fault
        return compute(*values, *[Decimal(0)] * (count - len(values)))

    return function


def _round(value: Decimal, places: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-int(places)), rounding=ROUND_HALF_UP)


def _round_down(value: Decimal, places: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-int(places)), rounding=ROUND_DOWN)


def _areas(results: Sequence[Result]) -> list[Area]:
    if not all(isinstance(each, Area) for each in results):
        raise NotUnderstoodError("a criterion without a range")
    return [each for each in results if isinstance(each, Area)]


def _sum_ifs(calculator: Calculator, results: Sequence[Result]) -> Result:
    criteria = [calculator.scalar(each) for each in results[2::2]]
    summed, *areas = _areas([results[0], *results[1::2]])
    return calculator.sum_where(summed, areas, criteria)


def _sum_if(calculator: Calculator, results: Sequence[Result]) -> Result:
    (area,) = _areas(results[:1])
    (summed,) = _areas(results[2:3] or results[:1])
    return calculator.sum_where(summed, [area], [calculator.scalar(results[1])])


def _count_ifs(calculator: Calculator, results: Sequence[Result]) -> Result:
    criteria = [calculator.scalar(each) for each in results[1::2]]
    return Decimal(sum(1 for _ in calculator.chosen(_areas(results[::2]), criteria)))


def _count(calculator: Calculator, results: Sequence[Result]) -> Result:
    found = [value for each in results for value in calculator.values(each)]
    return Decimal(sum(isinstance(value, Decimal) for value in found))


def _count_filled(calculator: Calculator, results: Sequence[Result]) -> Result:
    found = [value for each in results for value in calculator.values(each)]
    return Decimal(sum(value is not None for value in found))


def _subtotal(calculator: Calculator, results: Sequence[Result]) -> Result:
    """Sums only; other subtotals inside are not counted twice, filtered rows are left out by 109
    and by 9 alike.
    """
    which = calculator.scalar(results[0])
    if which not in {Decimal(9), Decimal(109)}:
        raise NotUnderstoodError(f"SUBTOTAL({which})")
    total = Decimal(0)
    for area in _areas(results[1:]):
        sheet = calculator.book.sheets[area.sheet]
        for place in calculator.filled(area):
            formula = sheet.cells[place].formula or ""
            value = calculator.value(area.sheet, *place)
            if place[0] in sheet.hidden_rows or "SUBTOTAL(" in formula:
                continue
            if isinstance(value, Fault):
                return value
            if isinstance(value, Decimal):
                total += value
    return total


def _sum_product(calculator: Calculator, results: Sequence[Result]) -> Result:
    columns = [
        [
            value if isinstance(value, Decimal) else Decimal(0)
            for value in (calculator.value(area.sheet, *place) for place in area.places())
        ]
        for area in _areas(results)
    ]
    total = Decimal(0)
    for row in zip(*columns, strict=True):
        product = Decimal(1)
        for factor in row:
            product *= factor
        total += product
    return total


def _truths(calculator: Calculator, results: Sequence[Result]) -> list[bool] | Fault:
    found = []
    for value in (value for each in results for value in calculator.values(each)):
        plain = truth(value)
        if isinstance(plain, Fault):
            return plain
        found.append(plain)
    return found


def _all(calculator: Calculator, results: Sequence[Result]) -> Result:
    found = _truths(calculator, results)
    return found if isinstance(found, Fault) else all(found)


def _any(calculator: Calculator, results: Sequence[Result]) -> Result:
    found = _truths(calculator, results)
    return found if isinstance(found, Fault) else any(found)


def _not(calculator: Calculator, results: Sequence[Result]) -> Result:
    found = truth(calculator.scalar(results[0]))
    return found if isinstance(found, Fault) else not found


def _index(calculator: Calculator, results: Sequence[Result]) -> Result:
    (area,) = _areas(results[:1])
    row, column = (
        int(each) if isinstance(each := number(calculator.scalar(part)), Decimal) else 0
        for part in (*results[1:3], Decimal(1))[:2]
    )
    if area.top == area.bottom and len(results) == 2:
        row, column = 1, row
    place = area.top + row - 1, area.left + column - 1
    if row < 1 or column < 1 or place[0] > area.bottom or place[1] > area.right:
        return REF
    return Area(area.sheet, *place, *place)


def _match(calculator: Calculator, results: Sequence[Result]) -> Result:
    if len(results) < 3 or number(calculator.scalar(results[2])) != 0:
        raise NotUnderstoodError("MATCH without 0")
    (area,) = _areas(results[1:2])
    wanted = calculator.scalar(results[0])
    for position, place in enumerate(area.places(), start=1):
        if _compared("=", calculator.value(area.sheet, *place), wanted) is True:
            return Decimal(position)
    return NA


def _is(test: Callable[[Scalar], bool]) -> Function:
    return lambda calculator, results: test(calculator.scalar(results[0]))


def _link(calculator: Calculator, results: Sequence[Result]) -> Result:
    return calculator.scalar(results[-1])


def _length(calculator: Calculator, results: Sequence[Result]) -> Result:
    return Decimal(len(text(calculator.scalar(results[0]))))


def _joined(calculator: Calculator, results: Sequence[Result]) -> Result:
    return "".join(text(value) for each in results for value in calculator.values(each))


FUNCTIONS: Mapping[str, Function] = {
    "ABS": _of_numbers(1, abs),
    "AND": _all,
    "AVERAGE": _over_numbers(lambda found: sum(found, Decimal(0)) / len(found) if found else DIV0),
    "CONCATENATE": _joined,
    "COUNT": _count,
    "COUNTA": _count_filled,
    "COUNTIF": _count_ifs,
    "COUNTIFS": _count_ifs,
    "HYPERLINK": _link,
    "INDEX": _index,
    "INT": _of_numbers(1, lambda value: value.to_integral_value(rounding=ROUND_FLOOR)),
    "ISBLANK": _is(lambda value: value is None),
    "ISERROR": _is(lambda value: isinstance(value, Fault)),
    "ISNUMBER": _is(lambda value: isinstance(value, Decimal)),
    "ISTEXT": _is(lambda value: isinstance(value, str)),
    "LEN": _length,
    "MATCH": _match,
    "MAX": _over_numbers(lambda found: max(found, default=Decimal(0))),
    "MIN": _over_numbers(lambda found: min(found, default=Decimal(0))),
    "NOT": _not,
    "OR": _any,
    "ROUND": _of_numbers(2, _round),
    "ROUNDDOWN": _of_numbers(2, _round_down),
    "SUBTOTAL": _subtotal,
    "SUM": _over_numbers(lambda found: sum(found, Decimal(0))),
    "SUMIF": _sum_if,
    "SUMIFS": _sum_ifs,
    "SUMPRODUCT": _sum_product,
}
"""What our sheets call; IF and IFERROR are computed where only the part that is asked for may be
looked at.
"""


def agrees(cached: float | str | bool | None, kind: str, computed: Scalar) -> bool:
    """Whether a cached value is what the formula gives: money to the last bit, ratios to 1e-12."""
    match computed:
        case bool():
            return cached == computed and isinstance(cached, bool)
        case Decimal():
            if isinstance(cached, bool) or not isinstance(cached, float):
                return False
            return float(computed) == cached or (
                computed * 100 % 1 != 0
                and abs(Decimal(repr(cached)) - computed)
                <= Decimal("1e-12") * max(Decimal(1), abs(computed))
            )
        case Fault():
            return kind == "e" and cached == computed.code
        case _:
            return (cached or "") == (computed or "")


def formula_form(sheet: Sheet, place: Place) -> str:
    """The R1C1 form of the formula in a cell, empty where there is none."""
    stored = sheet.cells.get(place)
    return "" if stored is None or stored.formula is None else relative(stored.formula, place)
