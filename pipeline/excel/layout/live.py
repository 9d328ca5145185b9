"""What a sheet checks by itself while somebody types: hidden helper columns, status, colours, data
validation.

Everything is compiled from :class:`~pipeline.excel.layout.live_check.LiveCheck`, and those from the
declaration of the columns (:mod:`pipeline.excel.layout.live_columns`) and the rules over rows
(:mod:`pipeline.excel.layout.live_rows`, :mod:`pipeline.excel.layout.live_key_figures`). One helper
cell per check and row says 1 or 0; status, colours and the sheet Prüfung only read the helpers.

Whoever puts entries into a layout (the feedback workbook) gets every stored value right with
``calculator.recalculated(layout)``. Whether a place is mended is said by the helpers of its cell:
``SUM`` over ``table.helpers[check.helper]`` of the checks at that column; a finding belongs to the
checks whose ``covers`` holds its rule (or ``<rule>.<variant>``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from pipeline.excel.layout.live_check import SAFE_FUNCTIONS, LiveCheck, Own, literal
from pipeline.excel.layout.live_columns import ACTIVE, Maker, column_checks, ruled
from pipeline.excel.layout.live_goals import goal_checks
from pipeline.excel.layout.live_key_figures import STARTED, key_figure_checks
from pipeline.excel.layout.live_rows import row_checks
from pipeline.excel.layout.prefill import RowLayout
from pipeline.excel.layout.sheet_layout import Area, Demand, Highlight, TableLayout, Validation
from pipeline.model.master import Master
from pipeline.model.money import euro
from pipeline.model.tables import Column, Kind, Table

__all__ = [
    "ACTIVE",
    "INTENDED_DIFFERENCES",
    "SAFE_FUNCTIONS",
    "STARTED",
    "LiveCheck",
    "Own",
    "active_formula",
    "applies",
    "checks_of",
    "highlights",
    "literal",
    "live_checks",
    "status_formula",
    "validation",
]

INTENDED_DIFFERENCES: tuple[str, ...] = (
    (
        "Zahlen, die als Text in der Zelle stehen („1.234,56“, „12.000 €“), zeigt die Vorlage "
        "als Fehler; nach der Rückgabe werden sie gelesen, wenn nur eine Lesart möglich ist."
    ),
    (
        "Ausgeschriebene Monate („März 2027“, „2027-03“) zeigt die Vorlage als Fehler; nach "
        "der Rückgabe werden sie gelesen."
    ),
    (
        "Unsichtbare Zeichen (geschützte Leerzeichen, weiche Trennstriche) in Nummern und "
        "Auswahllisten zeigt die Vorlage als Fehler; nach der Rückgabe zählen sie nicht."
    ),
    (
        "„ja“ und „nein“ in Zahlenfeldern der Kennzahlen zählen nach der Rückgabe als 1 und "
        "0; die Vorlage rechnet mit ihnen nicht."
    ),
    (
        "WAHR und FALSCH statt ja und nein zeigt die Vorlage als Fehler; nach der Rückgabe "
        "werden sie gelesen."
    ),
    (
        "Eine Zahl im Datumsformat („3.12“ wird zum 3. Dezember) sieht die Vorlage nicht; sie "
        "fällt nach der Rückgabe auf."
    ),
    (
        "Beträge ab zehn Billionen Euro meldet die Vorlage nur als zu groß, rechnet aber mit "
        "ihnen weiter."
    ),
    (
        "Doppelte Nummern, in denen ein Sternchen oder Fragezeichen steht oder die sich von einer "
        "früheren nur in der Schreibung (Z1 und z1) unterscheiden, fallen erst nach der Rückgabe "
        "auf."
    ),
)
"""Where the live verdict and the finding after the return differ, on purpose; nowhere else
(``tests/test_live.py`` has a test for each).
"""

GOOD = "✓ in Ordnung"
ERROR_SIGN, HINT_SIGN = "✗", "▲"
_MOST = Decimal(1_000_000_000_000)
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
_CODE_LENGTH = 60
_TEXT_LENGTH = 4_000


def live_checks(
    master: Master, table: Table, lists: Mapping[str, Sequence[object]], accepted: Mapping[str, str]
) -> tuple[LiveCheck, ...]:
    """The live checks of a table, errors before hints, the checks of one rule side by side.

    ``lists`` are the lists of the workbook by defined name, ``accepted`` names per column the list
    of all values that the pipeline accepts.
    """
    found = [*column_checks(master, table, accepted), *row_checks(master, table, lists)]
    if table.name == "kpis":
        found += key_figure_checks(master, table)
    if table.name == "goals":
        found += goal_checks(Maker(table=table, ruled=ruled(master)))
    rules = list(dict.fromkeys(check.rule for check in found))
    # What cannot be read at all comes first, then what is missing, then what contradicts itself.
    first = [rule for rule in _BEFORE_ALL if rule in rules]
    order = {rule: number for number, rule in enumerate(dict.fromkeys([*first, *rules]))}
    return tuple(sorted(found, key=lambda check: (not check.is_error, order[check.rule])))


_BEFORE_ALL = ("Z01", "Z18", "Z15", "S01", "S13", "M12", "M01", "Z14", "H01", "Z09", "Z22", "Z13")


def checks_of(table: TableLayout) -> tuple[LiveCheck, ...]:
    """The live checks of a table as it is laid out.

    ``table.helpers[check.helper]`` is the letter of a check's helper column; its header cell holds
    the check's message.
    """
    return table.checks


def applies(check: LiveCheck, row: RowLayout) -> bool:
    """Whether a prepared row has a helper cell for a check: only where the cell is open."""
    return check.column not in row.locked


def active_formula(table: Table, row: RowLayout, own: Own) -> str:
    """1 where a row handed out like ``row`` is in use.

    What was handed out in an open cell (last year's actuals) does not start the row.
    """
    typed = [name for name in table.names if name not in row.locked and name not in row.values]
    cells = "&".join(own(name) for name in typed)
    return f"IFERROR(IF(LEN(TRIM({cells}))>0,1,0),1)" if typed else "0"


def status_formula(table: TableLayout, row: int) -> str:
    """The status of a row in words: the first error, else the first hint, else that all is well."""

    def first(checks: Sequence[LiveCheck], sign: str, otherwise: str) -> str:
        if not checks:
            return otherwise
        left, right = (table.helpers[checks[each].helper] for each in (0, -1))
        cells = f"{left}{row}:{right}{row}"
        words = f"INDEX({left}${table.header_row}:{right}${table.header_row},MATCH(1,{cells},0))"
        return f'IF(SUM({cells})>0,"{sign} "&{words},{otherwise})'

    errors = [check for check in table.checks if check.is_error]
    hints = [check for check in table.checks if not check.is_error]
    good = f'IF({table.helpers[ACTIVE]}{row}=1,{literal(GOOD)},"")'
    return first(errors, ERROR_SIGN, first(hints, HINT_SIGN, good))


def highlights(table: TableLayout, numbers: Mapping[str, int]) -> tuple[Highlight, ...]:
    """Colours that follow what is typed: of the status, and of each cell by its helper cells."""
    first, last = table.first_row, table.last_row
    signs = ((ERROR_SIGN, "error"), (HINT_SIGN, "hint"), ("✓", "ok"))
    result = [
        Highlight(area=(first, 1, last, 1), formula=f'LEFT($A{first},1)="{sign}"', look=look)
        for sign, look in signs
    ]
    for column in table.table.columns:
        for look in ("error", "hint"):
            cells = [
                f"${table.helpers[check.helper]}{first}"
                for check in table.checks
                if check.column == column.name and check.is_error == (look == "error")
            ]
            if cells:
                number = numbers[column.name]
                area = (first, number, last, number)
                result.append(Highlight(area=area, formula=f"{'+'.join(cells)}>0", look=look))
    return tuple(result)


def validation(
    column: Column, area: Area, cell: str, *, source: str = "", strict: bool = True
) -> Validation:
    """The data validation of a column; ``source`` is the defined name of its list, ``cell`` the
    first cell of the area.
    """
    demand, low, high, formula, error = _demand(column, cell, source)
    if source and not strict:
        error = _ADVICE.get(str(column.references), error)
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
_ADVICE: Mapping[str, str] = {
    "measures": (
        "Das Blatt Maßnahmen nennt diese Maßnahme nicht bei dem Produkt dieser Zeile. Möchten Sie "
        "sie trotzdem eintragen?"
    ),
    "goals": (
        "Dieses Ziel kennt die Stadt nicht. Eigene Ziele beschreiben Sie bitte im Blatt Ziele. "
        "Möchten Sie es trotzdem eintragen?"
    ),
}
"""What is said of an entry that a list does not hold, where the list only advises."""


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
