"""The sheet Kennzahlen: every key figure below the goal it measures, with target and actual of
every year, attainment with its state in words, and how many units answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.looks import STATE_ROLES, height_of, indented
from pipeline.excel.budget_plan.sheets import (
    ATTAINMENT,
    KEY_FIGURES,
    TITLE_ROWS,
    Plan,
    german_date,
    open_sheet,
    percent_of,
    put_header,
    text_of,
)
from pipeline.excel.budget_plan.standings import Line, Standings, in_cell
from pipeline.excel.workbook import done, put_formula, put_number, put_text

_HEAD: Final = (
    ("Kennzahl", 11.0),
    ("Bezeichnung", 46.0),
    ("Produkt", 10.0),
    ("Einheit", 13.0),
    ("Richtung", 13.0),
    ("Gewicht", 9.0),
)
_TITLE: Final = 1
_WEIGHT: Final = 5
_VALUE: Final = 11.5
_TAIL: Final = (("erreicht", 10.0), ("Stand", 19.0), ("mit Daten", 11.0))
_HELPERS: Final = (
    "Zeile des Ziels",
    "gewertet",
    "Gewicht\ngefragt",
    "Gewicht\nmit Daten",
    "Gewicht ×\ngewertet",
)
_ROLES: Final[Mapping[str, str]] = {"target": "Ziel", "actual": "Ist", "forecast": "Prognose"}
_WITHOUT: Final = "Ohne Ziel"

_Values = dict[tuple[int, str], dict[str, Any]]
"""Facts of the data package by year and role."""


@dataclass(frozen=True, kw_only=True)
class KeyFigureColumns:
    """Which columns there are: one per year and role that has a value anywhere, and helpers behind
    the table that the sheet Zielerreichung adds up.
    """

    pairs: Sequence[tuple[int, str]]
    last_row: int

    @property
    def tail(self) -> int:
        """The first column behind the years."""
        return len(_HEAD) + len(self.pairs)

    @property
    def helpers(self) -> int:
        """The first helper column."""
        return self.tail + len(_TAIL)

    @cached_property
    def ranges(self) -> tuple[str, ...]:
        """The helper columns as Zielerreichung names them: row of the goal, attainment, weight
        asked, weight with data, weight × attainment.
        """
        letters = [xl_col_to_name(self.helpers + place) for place in range(len(_HELPERS))]
        first, last = TITLE_ROWS + 2, max(self.last_row, TITLE_ROWS + 1) + 1
        return tuple(f"'{KEY_FIGURES}'!${each}${first}:${each}${last}" for each in letters)


def key_figure_columns(plan: Plan, standings: Standings) -> KeyFigureColumns:
    """The columns of the sheet, before it is written."""
    table = plan.results.tables["kpi_results"]
    pairs = {
        (int(year), str(role)) for year, role in zip(table["year"], table["role"], strict=True)
    }
    order = list(_ROLES)
    found = sorted(
        (pair for pair in pairs if pair[1] in _ROLES),
        key=lambda pair: (pair[0], order.index(pair[1])),
    )
    last = standings.lines[-1].row if standings.lines else TITLE_ROWS
    return KeyFigureColumns(pairs=found, last_row=last)


def write_key_figures(plan: Plan, standings: Standings, columns: KeyFigureColumns) -> None:
    """Writes the sheet Kennzahlen, goal by goal."""
    titles = [title for title, _ in _HEAD]
    titles += [f"{_ROLES[role]}\n{year}" for year, role in columns.pairs]
    titles += [f"{title}\n{standings.year or ''}".rstrip() for title, _ in _TAIL]
    widths = [
        *(width for _, width in _HEAD),
        *([_VALUE] * len(columns.pairs)),
        *(width for _, width in _TAIL),
    ]
    subtitle = (
        "Erreicht und Stand gelten für das letzte Jahr mit Ziel und Ist; „erreicht“ darf über "
        "100 % liegen, für die Ziele wird gedeckelt. "
        "Mit Daten: Einheiten oder, beim Ziel, Kennzahlen mit Daten von allen gefragten."
    )
    sheet = open_sheet(plan, KEY_FIGURES, "Kennzahlen", subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, titles, widths)
    _put_helper_titles(plan, sheet, columns)
    catalogue = {
        str(row["kpi"]): {str(name): value for name, value in row.items()}
        for row in plan.results.master.tables["kpis"].to_dict("records")
    }
    found = _facts(plan)
    for line in standings.lines:
        if line.kpi:
            values = found.get((line.kpi, line.unit), {})
            _put_kpi(plan, sheet, line, catalogue[line.kpi], columns=columns, found=values)
            _put_state(plan, sheet, line, columns.tail, found=values, year=standings.year)
            _put_helpers(plan, sheet, line, standings, columns.helpers)
        else:
            _put_goal(plan, sheet, line, standings, columns)
    if not standings.lines:
        put_text(
            sheet, TITLE_ROWS + 1, 0, "Es sind keine Kennzahlen vereinbart.", plan.looks("plain")
        )
    sheet.outline_settings(True, False, True, False)
    sheet.print_area(0, 0, max(columns.last_row, TITLE_ROWS + 1), columns.helpers - 1)
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(TITLE_ROWS + 1, 2)


def _put_helper_titles(plan: Plan, sheet: Worksheet, columns: KeyFigureColumns) -> None:
    first, last = columns.helpers, columns.helpers + len(_HELPERS) - 1
    done(sheet.set_column(first, last, 11, None, {"level": 1, "hidden": True}))
    for place, title in enumerate(_HELPERS):
        put_text(sheet, TITLE_ROWS, first + place, title, plan.looks("head", "centre"))


def _facts(plan: Plan) -> dict[tuple[str, str], _Values]:
    """What the data package says, by key figure and unit (empty: the whole city)."""
    found: dict[tuple[str, str], _Values] = {}
    for record in plan.results.tables["kpi_results"].to_dict("records"):
        facts = {str(name): value for name, value in record.items()}
        scope = text_of(facts["scope"])
        if scope not in {"city", "unit"}:
            continue
        unit = text_of(facts["id"]) if scope == "unit" else ""
        values = found.setdefault((text_of(facts["kpi"]), unit), {})
        values[int(facts["year"]), text_of(facts["role"])] = facts
    return found


def _put_goal(
    plan: Plan, sheet: Worksheet, line: Line, standings: Standings, columns: KeyFigureColumns
) -> None:
    """The band above a goal's key figures, with what they and everything below the goal come to."""
    band = plan.looks("row0")
    title = _title_of_goal(plan, line.goal) if line.goal else _WITHOUT
    put_text(sheet, line.row, 0, line.goal, plan.looks("row0", "text"))
    for column in range(_TITLE + 1, columns.helpers):
        put_text(sheet, line.row, column, "", band)
    # Not wrapped: a long title runs on over the empty cells beside it.
    put_text(sheet, line.row, _TITLE, title, plan.looks("row0", "text"))
    if not line.goal:
        return
    rating = standings.goals[line.goal]
    if rating.reached is not None:
        place = f"'{ATTAINMENT}'!$D${standings.goal_rows[line.goal] + 1}"
        put_formula(
            sheet,
            line.row,
            columns.tail,
            place,
            plan.looks("row0", "attainment"),
            in_cell(rating.reached),
        )
    state = standings.goal_states.get(line.goal, "")
    look = plan.looks(STATE_ROLES.get(state, "row0"), "text")
    put_text(sheet, line.row, columns.tail + 1, labels.of(labels.ATTAINMENT, state), look)
    counts = f"{rating.kpis_with_data} von {rating.kpis}" if rating.kpis else ""
    put_text(sheet, line.row, columns.tail + 2, counts, plan.looks("row0", "centre"))


def _title_of_goal(plan: Plan, goal: str) -> str:
    goals = plan.results.texts["goals"]
    return text_of(goals.loc[goals["goal"] == goal, "title"].iloc[0])


def _put_kpi(
    plan: Plan,
    sheet: Worksheet,
    line: Line,
    kpi: Mapping[str, Any],
    *,
    columns: KeyFigureColumns,
    found: _Values,
) -> None:
    role = "quiet" if line.unit else "row"
    title = _title(kpi)
    if line.unit:
        title = f"davon {plan.results.master.titles['units'].get(line.unit, line.unit)}"
    texts = [
        text_of(kpi["kpi"]),
        title,
        *(text_of(kpi[name]) for name in ("product", "unit_of_measure", "direction")),
    ]
    depth = 1 if line.unit else 0
    widths = [width for _, width in _HEAD]
    widths[_TITLE] -= indented(depth)
    height = height_of(*zip(texts, widths[: len(texts)], strict=True))
    options = {"level": 1, "hidden": line.folded} if line.unit else {}
    done(sheet.set_row(line.row, height, None, options))
    for column, text in enumerate(texts):
        shown = "" if line.unit and column > _TITLE else text
        indent = depth if column == _TITLE else 0
        put_text(sheet, line.row, column, shown, plan.looks(role, "wrap", indent=indent))
    weight = Decimal(1) if text_of(kpi["weight"]) == "" else Decimal(str(kpi["weight"]))
    if line.unit or text_of(kpi["direction"]) == "nachrichtlich":
        put_text(sheet, line.row, _WEIGHT, "", plan.looks(role))
    else:
        put_number(sheet, line.row, _WEIGHT, weight, plan.looks(role, f"number{places_of(weight)}"))
    for column, pair in enumerate(columns.pairs, start=len(_HEAD)):
        value = found.get(pair, {}).get("value")
        if text_of(value):
            number = Decimal(str(value))
            put_number(sheet, line.row, column, number, plan.looks(role, _shown(kpi, number)))
        else:
            put_text(sheet, line.row, column, "", plan.looks(role))


def _title(kpi: Mapping[str, Any]) -> str:
    """The title, with the date of a milestone: before it nothing is rated."""
    title, due = text_of(kpi["title"]), text_of(kpi["due_date"])
    waits = due and text_of(kpi["kind"]) == "Meilenstein"
    return f"{title} (Termin {german_date(due)})" if waits else title


def _shown(kpi: Mapping[str, Any], number: Decimal) -> str:
    """The number format: ja and nein, or the decimals that the catalogue wants."""
    if text_of(kpi["kind"]) == "Ja/Nein":
        return "yes_no"
    return f"number{_places(kpi, number)}"


def _places(kpi: Mapping[str, Any], number: Decimal) -> int:
    declared = text_of(kpi.get("decimals"))
    return min(int(declared), 6) if declared else places_of(number)


def places_of(number: Decimal) -> int:
    """The decimals that a number needs, six at most."""
    exponent = number.normalize().as_tuple().exponent
    return min(max(-exponent, 0), 6) if isinstance(exponent, int) else 0


def _put_state(
    plan: Plan, sheet: Worksheet, line: Line, column: int, *, found: _Values, year: int | None
) -> None:
    facts = found.get((year, "actual"), {}) if year is not None else {}
    role = "quiet" if line.unit else "row"
    raw, state = text_of(facts.get("raw_bp")), text_of(facts.get("state")) or "no_data"
    if raw:
        put_number(sheet, line.row, column, percent_of(int(raw)), plan.looks(role, "attainment"))
    else:
        put_text(sheet, line.row, column, "", plan.looks(role))
    word = labels.of(labels.ATTAINMENT, state)
    put_text(sheet, line.row, column + 1, word, plan.looks(STATE_ROLES.get(state, role), "text"))
    asked = text_of(facts.get("units"))
    counts = f"{text_of(facts.get('units_with_data')) or '0'} von {asked}" if asked else ""
    put_text(sheet, line.row, column + 2, counts, plan.looks(role, "centre"))


def _put_helpers(
    plan: Plan, sheet: Worksheet, line: Line, standings: Standings, column: int
) -> None:
    """What Zielerreichung adds up: only rated key figures of a goal, one row each."""
    rating = standings.leaves.get(line.kpi)
    if line.unit or not line.goal or rating is None:
        return
    look, row = plan.looks("row"), line.row + 1
    weight, share = f"$F{row}", plan.looks("row", "attainment")
    attained = xl_col_to_name(column + 1)
    put_number(sheet, line.row, column, standings.goal_rows[line.goal] + 1, plan.looks("row"))
    if rating.reached is not None:
        put_number(sheet, line.row, column + 1, in_cell(rating.reached), look)
    heard = rating.weight if rating.reached is not None else Fraction(0)
    cells = (
        (weight, rating.weight),
        (f'IF(${attained}{row}="",0,{weight})', heard),
        (
            f'IF(${attained}{row}="",0,{weight}*${attained}{row})',
            heard * (rating.reached or 0),
        ),
    )
    for place, (formula, value) in enumerate(cells, start=column + 2):
        put_formula(sheet, line.row, place, formula, share, in_cell(value))
