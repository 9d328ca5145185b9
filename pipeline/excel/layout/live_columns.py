"""The live checks that follow from the declaration of a column alone: readable, present, in bounds,
known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.excel.layout.live_check import LiveCheck, Own, in_codes, in_words, is_empty, is_filled
from pipeline.model.findings import Severity
from pipeline.model.master import Master
from pipeline.model.money import euro
from pipeline.model.tables import Column, Filler, Kind, Role, Table
from pipeline.rules.columns import demands
from pipeline.rules.registry import by_id
from pipeline.rules.wording import written

NUMERIC = frozenset({Kind.MONEY, Kind.NUMBER, Kind.PERCENT, Kind.INTEGER, Kind.YEAR})
ACTIVE = "#active"
"""The helper column that says whether a row is in use."""

_LARGEST = 10_000_000_000_000  # from here on a cell no longer holds cents exactly
_NO_NUMBER = ("Z03", "Z05", "Z10", "Z19", "D12")
_UNKNOWN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "products": ("S01", ("S02", "S04", "Z23", "D12")),
    "lines": ("S13", ("S16", "Z23", "D12")),
    "goals": ("S05", ("Z23", "D12")),
    "levels": ("S15", ("Z23", "D12")),
    "measures": ("M12", ("Z23", "D12")),
    "years": ("M08", ("Z22", "Z01", *_NO_NUMBER)),
}

Predicate = Callable[[Own], str]


def ruled(master: Master) -> dict[str, Severity]:
    """What the sheet Regeln of the master says of the severity of rules.

    From which day on a rule is in force does not count here: a template is filled in before that
    day and judged after it.
    """
    rules = master.tables["rules"].dropna(subset=["rule", "severity"])
    return {
        str(rule): Severity(severity)
        for rule, severity in rules[["rule", "severity"]].itertuples(index=False)
    }


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Makes the checks of one table; a rule's severity is the master's (``ruled``), else the
    registry's.
    """

    table: Table
    ruled: Mapping[str, Severity] = field(default_factory=dict)

    def __call__(
        self,
        rule: str,
        column: str,
        message: str,
        predicate: Predicate,
        *,
        covers: tuple[str, ...] = (),
        variant: str = "",
        on_error: int = 0,
    ) -> LiveCheck:
        severity = self.ruled.get(rule, by_id()[rule].severity)
        # An explanation answers a warning; a note asks for nothing.
        answered = severity is Severity.WARNING and "remark" in self.table.names
        return LiveCheck(
            rule=rule,
            table=self.table.name,
            column=column,
            severity=severity,
            message=message,
            predicate=predicate,
            covers=frozenset({f"{rule}.{variant}" if variant else rule, *covers}),
            on_error=on_error,
            explained_by="remark" if answered else "",
        )


def column_checks(master: Master, table: Table, accepted: Mapping[str, str]) -> Iterator[LiveCheck]:
    """The checks of all columns that departments fill.

    ``accepted`` names, per column, the list of all values that the pipeline accepts (which may be
    more than the drop-down offers); a referring column without one is checked on return only.
    """
    make = Maker(table=table, ruled=ruled(master))
    for column in table.columns:
        if column.filled_by is Filler.DEPARTMENT:
            listed = accepted.get(column.name, "")
            yield from _readable(make, column, listed)
            if not (column.kind is Kind.YEAR and listed):
                yield from _precise(make, column)
            yield from _demanded(make, column)


def _readable(make: Maker, column: Column, accepted: str) -> Iterator[LiveCheck]:
    """What its kind (and its list) asks of a cell to be read at all."""
    name, title = column.name, column.title

    def filled(test: str) -> Predicate:
        return lambda own: f"AND({is_filled(own(name))},{test.replace('§', own(name))})"

    match column.kind:
        case Kind.YEAR if accepted:
            rule, covers = _UNKNOWN["years"]
            yield make(
                rule, name, f"{title} ist kein Haushaltsjahr",
                filled(f"ISERROR(MATCH(§,{accepted},0))"), covers=covers, variant="year",
                on_error=1,
            )  # fmt: skip
        case Kind.MONEY | Kind.NUMBER | Kind.PERCENT | Kind.INTEGER | Kind.YEAR:
            # LibreOffice takes WAHR for a number, Excel does not.
            test = "OR(NOT(ISNUMBER(§)),ISLOGICAL(§))"
            if make.table.name == "kpis":
                # Of key figures of kind Ja/Nein people write the words, and the intake reads them.
                test += ',NOT(ISLOGICAL(§)),TRIM(§)<>"ja",TRIM(§)<>"nein"'
            yield make(
                "Z01", name, f"{title} ist keine Zahl", filled(test), covers=_NO_NUMBER, on_error=1
            )
        case Kind.MONTH | Kind.DATE:
            month = column.kind is Kind.MONTH
            what = "kein Monat (MM.JJJJ)" if month else "kein Datum"
            yield make(
                "Z18", name, f"{title} ist {what}", lambda own: _no_day(own(name), month=month),
                covers=("D12",), on_error=1,
            )  # fmt: skip
        case Kind.CHOICE:
            yield make(
                "Z15", name, f"{title}: bitte aus der Liste wählen",
                lambda own: f"AND({is_filled(own(name))},NOT({in_words(own(name), accepted)}))",
                covers=("D12",), on_error=1,
            )  # fmt: skip
        case Kind.YES_NO:
            yield make(
                "Z15", name, f"{title}: bitte ja oder nein wählen",
                filled('TRIM(§)<>"ja",TRIM(§)<>"nein"'),
                covers=("D12",), on_error=1,
            )  # fmt: skip
        case Kind.CODE if column.references and accepted:
            yield _known(make, column, accepted)
        case Kind.CODE | Kind.TEXT:
            pass


def _precise(make: Maker, column: Column) -> Iterator[LiveCheck]:
    """What a number must be beyond being one."""
    name, title = column.name, column.title

    def number(test: str) -> Predicate:
        return lambda own: f"AND(ISNUMBER({own(name)}),{test.replace('§', own(name))})"

    match column.kind:
        case Kind.PERCENT:
            yield make(
                "Z11", name, f"{title}: bitte 45 statt 0,45 eintragen", number("§<>0,ABS(§)<1")
            )
            yield make(
                "Z07", name, f"{title}: nur zwei Nachkommastellen",
                number("ABS(§)>=1,ABS(§-ROUND(§,2))>0.0000001"),
            )  # fmt: skip
        case Kind.MONEY:
            yield make(
                "Z07", name, f"{title}: nur zwei Nachkommastellen",
                number("ABS(§-ROUND(§,2))>0.0000001"),
            )  # fmt: skip
        case Kind.INTEGER | Kind.YEAR:
            yield make("Z22", name, f"{title} ist keine ganze Zahl", number("§<>INT(§)"))
        case _:
            pass


def _known(make: Maker, column: Column, accepted: str) -> LiveCheck:
    rule, covers = _UNKNOWN[str(column.references)]
    name = column.name

    def unknown(own: Own) -> str:
        found = in_codes(own(name), accepted)
        if column.references == "measures":
            # Only a measure that the sheet Maßnahmen describes is known.
            place = f"MATCH(TRIM({own(name)}),{accepted},0)"
            found = f"AND({found},IFERROR(INDEX(L_Massnahmen_begonnen,{place})=1,1=2))"
        return f"AND({is_filled(own(name))},NOT({found}))"

    message = {
        "measures": "steht nicht im Blatt Maßnahmen",
        "products": "ist keines Ihrer Einheit",
    }.get(str(column.references), "steht nicht in der Liste")
    if column.name == "partner":
        message = "steht nicht in der Liste"
    return make(rule, name, f"{column.title} {message}", unknown, covers=covers, on_error=1)


def _no_day(cell: str, *, month: bool) -> str:
    number = f"AND(ISNUMBER({cell}),OR({cell}<1,{cell}>=2958466))"
    typed = f"TRIM({cell})"
    if not month:
        return f"OR({number},AND({is_filled(cell)},NOT(ISNUMBER({cell}))))"
    text = (
        f'LEN({typed})=7,MID({typed},3,1)=".",VALUE(LEFT({typed},2))>=1,'
        f"VALUE(LEFT({typed},2))<=12,VALUE(RIGHT({typed},4))>=1"
    )
    return (
        f"OR({number},AND({is_filled(cell)},NOT(ISNUMBER({cell})),NOT(IFERROR(AND({text}),1=2))))"
    )


def _demanded(make: Maker, column: Column) -> Iterator[LiveCheck]:
    """What the words of the declaration (required, minimum, maximum, max_length) ask."""
    name, title = column.name, column.title
    asked: dict[str, list[str]] = {}
    for demand in demands(make.table, column):
        asked.setdefault(demand.rule, []).append(demand.word)
    for rule, words in asked.items():
        if "required" in words:
            yield make(rule, name, f"{title} fehlt", lambda own: missing(make.table, column, own))
        if {"minimum", "maximum"} & set(words):
            yield _in_bounds(make, column, rule)
        if "max_length" in words:
            yield make(
                rule, name, f"{title} ist länger als {column.max_length} Zeichen",
                lambda own: f"LEN({own(name)})>{column.max_length}", covers=("D12",), on_error=1,
            )  # fmt: skip


def missing(table: Table, column: Column, own: Own) -> str:
    """A required cell of a row in use is empty, and its row's Fortschreibung does not fill it."""
    tests = [f"{own(ACTIVE)}=1", is_empty(own(column.name))]
    if excused(table, column):
        wanted = own("continuation")
        tests.append(f'OR({is_empty(wanted)},TRIM({wanted})="einzeln")')
    return f"AND({','.join(tests)})"


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
    # The first budget year is always typed.
    return column.year.year > first


def _in_bounds(make: Maker, column: Column, rule: str) -> LiveCheck:
    name = column.name
    low, high = column.minimum, column.maximum
    tests = []
    if low is not None:
        tests.append(f"§<{_as_shown(column, low)}")
    if high is not None:
        tests.append(f"§>{_as_shown(column, high)}")
    elif column.kind is Kind.MONEY:
        tests.append(f"ABS(§)>={_LARGEST}")
    if low is not None and high is not None and low == -high:
        words = f"ist größer als {_said(column, high)}"
    elif low is not None and high is not None:
        words = f"liegt nicht zwischen {_said(column, low)} und {_said(column, high)}"
    elif low is not None:
        words = f"ist kleiner als {_said(column, low)}" if low else "darf nicht negativ sein"
    else:
        words = f"ist größer als {_said(column, high or 0)}"
    return make(
        rule,
        name,
        f"{column.title} {words}",
        lambda own: f"AND(ISNUMBER({own(name)}),OR({','.join(tests).replace('§', own(name))}))",
    )


def _as_shown(column: Column, bound: int) -> str:
    """A bound in the unit of the cell (cents and basis points are hundredths of it)."""
    return f"{euro(bound) if column.kind in {Kind.MONEY, Kind.PERCENT} else bound}"


def _said(column: Column, bound: int) -> str:
    if column.kind is Kind.NUMBER:
        return f"{bound:,}".replace(",", ".")
    return written(column, bound)
