"""What a sheet checks by itself while somebody types: status per row, data validation, colours.

A first, simple set: required fields and numbers. The rules of the pipeline that have a live form
join here later; the seam is :func:`status_formula` (one formula per kind of row) and
:func:`highlights`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from pipeline.excel.prefill import RowLayout
from pipeline.excel.sheet_layout import Area, Demand, Highlight, Validation
from pipeline.model.money import euro
from pipeline.model.tables import Column, Filler, Kind, Role, Table

Own = Callable[[str], str]
"""The reference to a column's cell in the formula's own row."""

GOOD = "✓ in Ordnung"
_BROKEN = "✗ Eine Zelle dieser Zeile zeigt einen Fehlerwert"
_NUMERIC = frozenset({Kind.MONEY, Kind.NUMBER, Kind.PERCENT, Kind.INTEGER, Kind.YEAR})
_MOST = Decimal(1_000_000_000_000)
_CHECKS_AT_MOST = 60  # Excel nests 64 functions; what is left out here is still found on return
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
_CODE_LENGTH = 60
_TEXT_LENGTH = 4_000


def status_formula(table: Table, row: RowLayout, own: Own) -> str | None:
    """The formula of the status column for a row handed out like ``row``: empty while nothing is
    typed.

    ``None`` where there is nothing to type. What was handed out in an open cell (last year's
    actuals) does not start the row; the value of the formula in a fresh template is therefore
    always the empty text.
    """
    typed = [column for column in table.columns if column.name not in row.locked]
    started = [own(column.name) for column in typed if column.name not in row.values]
    if not started:
        return None
    formula = literal(GOOD)
    for test, text in reversed(_tests(table, typed, own)[:_CHECKS_AT_MOST]):
        formula = f"IF({test},{literal(text)},{formula})"
    return f'IFERROR(IF(LEN(TRIM({"&".join(started)}))=0,"",{formula}),{literal(_BROKEN)})'


def _tests(table: Table, typed: Sequence[Column], own: Own) -> list[tuple[str, str]]:
    """What may be wrong with a started row, from left to right: the test and what to say."""
    result = []
    for column in typed:
        if column.required:
            result.append((_missing(table, column, own), f"✗ {column.title} fehlt"))
        if column.kind in _NUMERIC:
            cell = own(column.name)
            wrong = f"AND(LEN(TRIM({cell}))>0,NOT(ISNUMBER({cell})))"
            result.append((wrong, f"✗ {column.title} ist keine Zahl"))
    return result


def _missing(table: Table, column: Column, own: Own) -> str:
    empty = f"LEN(TRIM({own(column.name)}))=0"
    if not excused(table, column):
        return empty
    # Fortschreibung fills the years left empty; the first budget year is always typed.
    wanted = own("continuation")
    return f'AND({empty},OR(LEN(TRIM({wanted}))=0,{wanted}="einzeln"))'


def excused(table: Table, column: Column) -> bool:
    """Whether a year may stay empty because the row's Fortschreibung fills it."""
    if column.year is None or "continuation" not in table.names:
        return False
    first = min(
        (
            c.year.year
            for c in table.columns
            if c.year and c.year.entered and c.year.role is Role.BUDGET
        ),
        default=column.year.year,
    )
    return column.year.year != first


def literal(text: str) -> str:
    """A text inside a formula; titles of years are foreign text, so quotes are doubled."""
    return '"' + text[:200].replace('"', '""') + '"'


def highlights(
    table: Table, letters: Mapping[str, str], numbers: Mapping[str, int], *, first: int, last: int
) -> tuple[Highlight, ...]:
    """Colours that follow what is typed: the status, numbers typed as text, what a started row
    lacks.
    """
    result = [
        Highlight(area=(first, 1, last, 1), formula=f'LEFT($A{first},1)="{sign}"', look=look)
        for sign, look in (("✗", "error"), ("✓", "ok"))
    ]
    for column in table.columns:
        if column.filled_by is Filler.FINANCE:
            continue
        cell = f"{letters[column.name]}{first}"
        area = (first, numbers[column.name], last, numbers[column.name])
        if column.kind in _NUMERIC:
            wrong = f"IFERROR(AND(LEN(TRIM({cell}))>0,NOT(ISNUMBER({cell}))),1)"
            result.append(Highlight(area=area, formula=wrong, look="error"))
        if column.required:
            empty = _missing(table, column, lambda name: f"${letters[name]}{first}")
            missing = f'IFERROR(AND(LEFT($A{first},1)="✗",{empty}),1)'
            result.append(Highlight(area=area, formula=missing, look="error"))
    return tuple(result)


def validation(
    column: Column, area: Area, cell: str, *, source: str = "", strict: bool = True
) -> Validation:
    """The data validation of a column; ``source`` is the defined name of its list, ``cell`` the
    first cell of the area.
    """
    demand, low, high, formula, error = _demand(column, cell, source)
    return Validation(
        area=area,
        demand=demand,
        source=source or formula,
        minimum=low,
        maximum=high,
        title=column.title[:32] if column.help else "",
        message=column.help[:255],
        error=error,
        strict=strict,
    )


_Bound = int | Decimal | date | None


def _demand(column: Column, cell: str, source: str) -> tuple[Demand, _Bound, _Bound, str, str]:
    if source:
        return Demand.LIST, None, None, "", "Bitte wählen Sie einen Eintrag aus der Liste."
    match column.kind:
        case Kind.MONEY:
            low, high = _bounds(column, scale=100)
            return (
                Demand.DECIMAL,
                low,
                high,
                "",
                (
                    "Bitte einen Betrag in Euro als Zahl eintragen, zum Beispiel 12.500,"
                    f"00.{_sign(low)}"
                ),
            )
        case Kind.PERCENT:
            low, high = _bounds(column, scale=100)
            return (
                Demand.DECIMAL,
                low,
                high,
                "",
                "Bitte Prozent als Zahl eintragen, zum Beispiel 45 für 45 %.",
            )
        case Kind.NUMBER:
            low, high = _bounds(column, scale=1)
            return Demand.DECIMAL, low, high, "", f"Bitte eine Zahl eintragen.{_sign(low)}"
        case Kind.INTEGER:
            low, high = _bounds(column, scale=1)
            return Demand.WHOLE, low, high, "", "Bitte eine ganze Zahl eintragen."
        case Kind.YEAR:
            return (
                Demand.WHOLE,
                1900,
                2200,
                "",
                "Bitte ein Jahr mit vier Ziffern eintragen, zum Beispiel 2027.",
            )
        case Kind.DATE:
            return (
                Demand.DATE,
                _FIRST_DAY,
                _LAST_DAY,
                "",
                "Bitte ein Datum eintragen, zum Beispiel 31.12.2027.",
            )
        case Kind.MONTH:
            # Offices differ in what they make of a typed 01.2027: a date or a text. Both are read.
            formula = (
                f"OR(AND(ISNUMBER({cell}),{cell}>=32874,{cell}<=73415),AND(ISTEXT({cell}),"
                f"LEN({cell})=7))"
            )
            return (
                Demand.FORMULA,
                None,
                None,
                formula,
                "Bitte einen Monat eintragen, zum Beispiel 01.2027.",
            )
        case Kind.CODE | Kind.TEXT | Kind.CHOICE | Kind.YES_NO:
            longest = column.max_length or (
                _CODE_LENGTH if column.kind is Kind.CODE else _TEXT_LENGTH
            )
            return Demand.LENGTH, 0, longest, "", f"Hier ist Platz für höchstens {longest} Zeichen."


def _bounds(column: Column, *, scale: int) -> tuple[Decimal, Decimal]:
    """Declared bounds in the unit of the cell (cents and basis points are hundredths of it)."""
    low, high = column.minimum, column.maximum
    as_shown = euro if scale == 100 else Decimal
    return (
        -_MOST if low is None else as_shown(low),
        _MOST if high is None else as_shown(high),
    )


def _sign(low: Decimal) -> str:
    return " Negative Zahlen sind hier nicht vorgesehen." if low == 0 else ""
