"""The sheet Prüfung: what is still open in the whole workbook, live, with a link to each first
place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.layout.live import ACTIVE, STARTED, LiveCheck, literal
from pipeline.excel.layout.sheet_layout import (
    CellLayout,
    Highlight,
    Print,
    SheetLayout,
    TableLayout,
)
from pipeline.model.messages import catalogue
from pipeline.model.tables import Column
from pipeline.rules.registry import by_id, checks

CHECK_SHEET = "Prüfung"
NOTHING_YET = "○  Noch nicht ausgefüllt"
VERDICT = "Urteil"
"""The defined name of the cell with the verdict."""
_WIDTHS = {1: 18.0, 2: 74.0, 3: 11.0, 4: 9.0, 5: 15.0}
_TO_THE_PLACE = "→ zur Stelle"
_TITLE, _LINK, _VERDICT, _HOW, _RELEASE, _ROWS = 1, 2, 4, 5, 6, 7
_HEADER = 9
_NAMED_AT_MOST = 3
"""As many columns are named in a line; more of them are only counted."""
_ONE_LINE = 90
"""As many letters fit into one line of the widest column."""
_ALWAYS_ON_RETURN = ("Z04", "S10", "D13", "A07")
_NEVER_HERE = frozenset({"A05", "M09", "S17", "S18", "Z08", "Z12", "Z24"})
"""Rules that a template checks wherever its plan can break them, and the ceiling, which has lines
of its own: they are never left for the return.
"""


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """A year's net cost against the ceiling of the unit: cells of the sheet Ansätze, the sentence
    of a fresh template, whether that lies above the ceiling already (a surplus is expected), and
    whether finance takes it for an error.
    """

    title: str
    sheet: str
    net: str
    limit: str
    distance: str
    sentence: str
    is_above: bool = False
    is_error: bool = False


@dataclass(frozen=True, kw_only=True)
class _Line:
    sheet: str
    text: str
    formula: str | None
    kind: str
    count: str
    jump: str
    found: int = 0
    """What ``count`` gives in a fresh template."""


def check_sheet(
    tables: Sequence[TableLayout], ceilings: Sequence[Ceiling], heading: str
) -> SheetLayout:
    """The sheet for these tables; a fresh template has nothing open."""
    lines = [*map(_ceiling_line, ceilings), *(line for t in tables for line in _lines(t))]
    first, last = _HEADER + 1, _HEADER + len(lines)
    cells = {**_head(tables, heading, first, last), **_header()}
    for row, line in enumerate(lines, start=first):
        cells |= _row(row, line)
    after = _on_return(tables, last + 2)
    heights = {_TITLE: 24.0, _VERDICT: 26.0, _HEADER: 18.0}
    return SheetLayout(
        name=CHECK_SHEET,
        title=heading,
        cells={**cells, **after},
        column_widths=_WIDTHS,
        row_heights=heights,
        fitted_heights={
            row: 12.5 * 2 + 3
            for (row, column), cell in cells.items()
            if column == 2 and row >= first and len(str(cell.value)) > _ONE_LINE
        }
        | {last + 4: height_of((str(after[last + 4, 2].value), _WIDTHS[2])) + 4},
        freeze=(first, 1),
        filtered=(_HEADER, 1, last, 5),
        highlights=_highlights(first, last),
        printing=Print(landscape=False, rows=(_HEADER, _HEADER), scale=67),
    )


def check_names() -> dict[str, str]:
    """The names that other sheets use."""
    return {
        STARTED: f"'{CHECK_SHEET}'!$B${_ROWS}:$B${_ROWS}",
        VERDICT: f"'{CHECK_SHEET}'!$A${_VERDICT}:$A${_VERDICT}",
    }


def _head(
    tables: Sequence[TableLayout], heading: str, first: int, last: int
) -> dict[tuple[int, int], CellLayout]:
    kinds, counts = f"$C${first}:$C${last}", f"$D${first}:$D${last}"
    errors, hints = (f'SUMIF({kinds},"{kind}",{counts})' for kind in ("Fehler", "Hinweis"))
    noted = f'IF({hints}=0,"",IF({hints}=1,", 1 Hinweis",", "&{hints}&" Hinweise"))'
    open_ = f'"✗  Noch "&{errors}&" Fehler"&{noted}'
    ready = f'"✓  Bereit zur Rückgabe"&{noted}'
    verdict = f"IF($B${_ROWS}=0,{literal(NOTHING_YET)},IF({errors}>0,{open_},{ready}))"
    started = "+".join(
        f"SUM('{t.sheet}'!${t.helpers[ACTIVE]}${t.first_row}:${t.helpers[ACTIVE]}${t.last_row})"
        for t in tables
        if ACTIVE in t.helpers
    )
    cells = {
        (_TITLE, 1): CellLayout(value=heading, style="title"),
        (_LINK, 1): CellLayout(value="→ Hinweise", style="link", link="internal:'Hinweise'!A1"),
        (_LINK, 2): CellLayout(
            value="Diese Seite rechnet mit, während Sie ausfüllen. Ein Klick auf „→ zur Stelle“ "
            "führt zur ersten Zelle.",
            style="muted",
        ),
        (_VERDICT, 1): CellLayout(value=NOTHING_YET, formula=verdict, style="verdict"),
        **{(_VERDICT, column): CellLayout(style="verdict") for column in range(2, 6)},
        (_HOW, 1): CellLayout(
            value="Fehler bitte beheben. Hinweise dürfen bleiben; eine Erläuterung in der Zeile "
            "beantwortet sie.",
            style="muted",
        ),
        (_ROWS, 1): CellLayout(value="Begonnene Zeilen", style="plain"),
        (_ROWS, 2): CellLayout(value=0, formula=started or "0", style="count_left"),
    }
    release = next((t for t in tables if t.table.name == "release"), None)
    if release is not None:
        cells |= _release(release)
    return cells


def _release(table: TableLayout) -> dict[tuple[int, int], CellLayout]:
    state = next(
        number for number, row in enumerate(table.rows, 2) if row.values.get("setting") == "state"
    )
    letter = table.letters["value"]
    span = f"'{table.sheet}'!${letter}${table.header_row}:${letter}${table.closing_row}"
    typed = f"TRIM(INDEX({span},{state}))"
    open_ = "○  noch nicht gewählt (Blatt Freigabe)"
    formula = (
        f'IFERROR(IF({typed}="freigegeben","✓  freigegeben",IF(LEN({typed})=0,{literal(open_)},'
        f'"○  "&{typed})),{literal(open_)})'
    )
    return {
        (_RELEASE, 1): CellLayout(value="Stand der Freigabe", style="plain"),
        (_RELEASE, 2): CellLayout(value=open_, formula=formula, style="plain"),
    }


def _header() -> dict[tuple[int, int], CellLayout]:
    titles = ("Blatt", "Was wird geprüft?", "Art", "Anzahl", "Sprung")
    return {
        (_HEADER, column): CellLayout(value=title, style="header")
        for column, title in enumerate(titles, start=1)
    }


def _row(row: int, line: _Line) -> dict[tuple[int, int], CellLayout]:
    return {
        (row, 1): CellLayout(value=line.sheet, style="check"),
        (row, 2): CellLayout(value=line.text, formula=line.formula, style="check"),
        (row, 3): CellLayout(value=line.kind, style="check"),
        (row, 4): CellLayout(value=line.found, formula=line.count, style="check_count"),
        (row, 5): CellLayout(
            value=_TO_THE_PLACE if line.found else "",
            formula=f'IF($D{row}=0,"",HYPERLINK({line.jump},{literal(_TO_THE_PLACE)}))',
            style="check_link",
        ),
    }


def _ceiling_line(ceiling: Ceiling) -> _Line:
    net, limit, distance = (
        f"'{ceiling.sheet}'!{cell}" for cell in (ceiling.net, ceiling.limit, ceiling.distance)
    )
    formula = (
        f'{literal(ceiling.title)}&": Zuschussbedarf "&FIXED({net},0)&" €, Eckwert "'
        f'&FIXED({limit},0)&" €, "&FIXED(ABS({distance}),0)'
        f'&IF({distance}>0," € darüber"," € darunter")'
    )
    return _Line(
        sheet=ceiling.sheet,
        text=ceiling.sentence,
        formula=formula,
        kind="Fehler" if ceiling.is_error else "Hinweis",
        count=f"IF({distance}>0,1,0)",
        found=int(ceiling.is_above),
        jump=f"\"#'{ceiling.sheet}'!{ceiling.distance.replace('$', '')}\"",
    )


def _lines(table: TableLayout) -> Iterator[_Line]:
    """One line per rule: the checks of a rule stand side by side."""
    for rule, group in groupby(table.checks, key=lambda check: check.rule):
        found = list(group)
        left, right = table.helpers[found[0].helper], table.helpers[found[-1].helper]
        area = f"'{table.sheet}'!${left}${table.first_row}:${right}${table.last_row}"
        columns = [table.table.column(check.column) for check in found]
        yield _Line(
            sheet=table.sheet,
            text=_words(rule, found, columns),
            formula=None,
            kind="Fehler" if found[0].is_error else "Hinweis",
            count=f"SUM({area})",
            jump=_jump(table, found),
        )


def _words(rule: str, found: Sequence[LiveCheck], columns: Sequence[Column]) -> str:
    if len(found) == 1:
        return found[0].message
    titles = list(dict.fromkeys(column.title for column in columns))
    named = ", ".join(titles[:_NAMED_AT_MOST])
    more = len(titles) - _NAMED_AT_MOST
    return f"{catalogue()[rule].title}: {named}" + (f" und {more} weitere" if more > 0 else "")


def _jump(table: TableLayout, found: Sequence[LiveCheck]) -> str:
    """The address of the first place: the first column that has one, its first row."""
    cell = '""'
    for check in reversed(found):
        helper = table.helpers[check.helper]
        span = f"'{table.sheet}'!${helper}${table.first_row}:${helper}${table.last_row}"
        first = f"({table.first_row - 1}+MATCH(1,{span},0))"
        here = f"\"#'{table.sheet}'!{table.letters[check.column]}\"&{first}"
        cell = here if cell == '""' else f"IF(SUM({span})>0,{here},{cell})"
    return cell


def _highlights(first: int, last: int) -> tuple[Highlight, ...]:
    verdict = (_VERDICT, 1, _VERDICT, 5)
    lines = (first, 1, last, 5)
    return (
        *(
            Highlight(area=verdict, formula=f'LEFT($A${_VERDICT},1)="{sign}"', look=look)
            for sign, look in (("✗", "error"), ("✓", "ok"))
        ),
        *(
            Highlight(area=lines, formula=f'AND($D{first}>0,$C{first}="{kind}")', look=look)
            for kind, look in (("Fehler", "error"), ("Hinweis", "hint"))
        ),
    )


def on_return(tables: Iterable[TableLayout]) -> Mapping[str, str]:
    """The rules that no formula can hold, by id with their title: they are checked on return."""
    known = list(tables)
    names = {table.table.name for table in known}
    live = {check.rule for table in known for check in table.checks}
    rules = [rule.id for rule in checks("template") if rule.table in names and rule.id not in live]
    every = by_id()
    return {
        rule: catalogue()[rule].title
        for rule in dict.fromkeys([*_ALWAYS_ON_RETURN, *rules])
        if rule in every and rule not in _NEVER_HERE
    }


def _on_return(tables: Sequence[TableLayout], row: int) -> dict[tuple[int, int], CellLayout]:
    titles = list(dict.fromkeys(on_return(tables).values()))
    said = (
        "Manches kann eine Arbeitsmappe nicht selbst erkennen, etwa Doppeltes in anderen "
        "Rückläufen. Das prüfen wir, sobald Ihre Datei da ist, und melden uns mit der Zelle:"
    )
    return {
        (row, 1): CellLayout(value="Wird nach der Rückgabe geprüft", style="subtitle"),
        (row + 1, 1): CellLayout(value=said, style="muted"),
        (row + 2, 2): CellLayout(value="  •  ".join(titles), style="note"),
    }
