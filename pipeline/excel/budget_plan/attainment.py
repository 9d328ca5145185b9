"""The sheet Zielerreichung: how far every goal is reached, how much of it is measured at all, its
weakest key figure, how many are in which state, and the critical ones by name.

Attainment and coverage are live formulas: weighted means over the rated key figures (sheet
Kennzahlen) and the goals below. What has no data is left out of the mean and of the picture; it is
never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.attainment import Rating, basis_points
from pipeline.excel import styles
from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.key_figures import KeyFigureColumns, places_of
from pipeline.excel.budget_plan.looks import STATE_ROLES, height_of, indented
from pipeline.excel.budget_plan.sheets import (
    ATTAINMENT,
    Plan,
    open_sheet,
    percent_of,
    put_header,
    text_of,
)
from pipeline.excel.budget_plan.standings import CHART_ROW, COUNTED, Standings, in_cell
from pipeline.excel.workbook import done, put_formula, put_number, put_text
from pipeline.model.money import WHOLE

_COLUMNS: Final = (
    ("Ziel-Nr.", 9.0),
    ("Ziel", 44.0),
    ("Gewicht", 9.0),
    ("Zielerreichung", 13.5),
    ("Stand", 19.0),
    ("Abdeckung", 10.5),
    ("Kennzahlen\nmit Daten", 12.0),
    ("im Plan", 8.0),
    ("beob-\nachten", 8.0),
    ("kritisch", 8.5),
    ("ohne\nDaten", 8.0),
    ("schwächste\nKennzahl", 11.5),
    ("Ziele ohne\nKennzahl", 10.5),
    ("Kritische Kennzahlen", 46.0),
)
_TITLE, _WEIGHT, _REACHED, _STATE, _COVERAGE, _COUNT = range(1, 7)
_FIRST_STATE: Final = 7
_WEAKEST, _UNMEASURED, _NAMED = 11, 12, 13
_EARLIER: Final = 12.0
_HELPERS: Final = (
    "Zeile des Oberziels",
    "Gewicht\nmit Daten",
    "Gewicht ×\nerreicht",
    "Gewicht ×\nAbdeckung",
)
_MOST_NAMED: Final = 6

# Dark to light, so that a print without colours tells them apart; the words stand beside the bars.
_BARS: Final = (
    ("green", styles.OK_INK, styles.WHITE),
    ("yellow", "#E69F00", styles.INK),
    ("red", "#B03A00", styles.WHITE),
    ("low_coverage", "#DDE1E6", styles.INK),
)
"""State, colour of the bar, colour of the number in it."""


def write_attainment(plan: Plan, standings: Standings, columns: KeyFigureColumns) -> None:
    """Writes the sheet Zielerreichung: the picture of the highest goals, then all of them."""
    year, settings = standings.year, plan.results.master.settings
    widths = [width for _, width in _COLUMNS]
    earlier = standings.earlier is not None
    titles = [title for title, _ in _COLUMNS]
    if year is not None:
        titles[_REACHED] = f"Zielerreichung\n{year}"
    if earlier:
        titles.append(f"Zielerreichung\n{standings.earlier}")
        widths.append(_EARLIER)
    sheet = open_sheet(plan, ATTAINMENT, "Zielerreichung", _subtitle(plan, standings), widths)
    header = standings.header_row
    put_header(plan.looks, sheet, header, titles, widths)
    helpers = len(titles)
    put_helper_titles(plan, sheet, header, helpers)
    for goal in standings.tree.order:
        _put_goal(plan, sheet, goal, standings, columns=columns, helpers=helpers)
    last = header + len(standings.tree.order)
    _put_notes(plan, sheet, last + 2, standings)
    if year is not None and standings.bars:
        _put_chart(plan, sheet, standings, helpers + len(_HELPERS), cap=settings.attainment_cap)
    sheet.print_area(0, 0, last + 4, len(titles) - 1)
    sheet.repeat_rows(header)
    if year is None:
        sheet.freeze_panes(header + 1, 2)


def put_helper_titles(plan: Plan, sheet: Worksheet, header: int, first: int) -> None:
    """The folded columns that the formulas of the goals above add up."""
    last = first + len(_HELPERS) - 1
    done(sheet.set_column(first, last, 11, None, {"level": 1, "hidden": True}))
    for place, title in enumerate(_HELPERS):
        put_text(sheet, header, first + place, title, plan.looks("head", "centre"))


def _subtitle(plan: Plan, standings: Standings) -> str:
    settings = plan.results.master.settings
    if standings.year is None:
        return "Es gibt noch kein Jahr, für das Ziel- und Istwerte vorliegen."
    green, yellow = (_per_cent(limit) for limit in (settings.green_from, settings.yellow_from))
    return (
        f"Ergebnis {standings.year}: gewichtetes Mittel der Kennzahlen und Unterziele mit Daten, "
        f"jede Kennzahl höchstens {_per_cent(settings.attainment_cap)} %. "
        f"Im Plan ab {green} %, beobachten ab {yellow} %; ohne Ampel unter "
        f"{_per_cent(settings.coverage_from)} % Abdeckung. Was keine Daten hat, zählt nicht als 0."
    )


def _per_cent(limit: int) -> str:
    number = Decimal(limit).scaleb(-2).normalize()
    return f"{number:f}".replace(".", ",")


def _put_goal(
    plan: Plan,
    sheet: Worksheet,
    goal: str,
    standings: Standings,
    *,
    columns: KeyFigureColumns,
    helpers: int,
) -> None:
    row, rating = standings.goal_rows[goal], standings.goals[goal]
    depth = standings.tree.depth(goal)
    role = "row1" if depth == 0 else "row"
    title, named = _title_of(plan, goal), _red_ones(standings, goal)
    widths = [width for _, width in _COLUMNS]
    # What stands bold, the highest goals, is a tenth broader.
    room = widths[_TITLE] * (1 if depth else 0.88) - indented(2 * depth)
    cells = ((title, room), (named, widths[_NAMED]))
    options = {} if goal in standings.shown else {"hidden": True}
    done(sheet.set_row(row, height_of(*cells), None, options))
    put_text(sheet, row, 0, goal, plan.looks(role, "text"))
    put_text(sheet, row, _TITLE, title, plan.looks(role, "wrap", indent=2 * depth))
    weight = standings.weights.get(goal, Fraction(1))
    look = plan.looks(role, f"number{places_of(in_cell(weight))}")
    put_number(sheet, row, _WEIGHT, in_cell(weight), look)
    _put_reached(plan, sheet, goal, standings, columns=columns, helpers=helpers)
    state = standings.goal_states.get(goal, "no_data" if rating.kpis else "not_rated")
    word = labels.of(labels.ATTAINMENT, state)
    put_text(sheet, row, _STATE, word, plan.looks(STATE_ROLES.get(state, role), "text"))
    _put_counts(plan, sheet, goal, standings, role=role)
    put_text(sheet, row, _NAMED, named, plan.looks("row", "wrap"))
    if standings.earlier is not None:
        before = standings.earlier_bp.get(goal)
        look = plan.looks(role, "attainment")
        if before is None:
            put_text(sheet, row, len(_COLUMNS), "", look)
        else:
            put_number(sheet, row, len(_COLUMNS), percent_of(before), look)


def _title_of(plan: Plan, goal: str) -> str:
    goals = plan.results.texts["goals"]
    return text_of(goals.loc[goals["goal"] == goal, "title"].iloc[0])


def _red_ones(standings: Standings, goal: str) -> str:
    """The critical key figures with how far each has come, the weakest first."""
    found = standings.red(goal)
    parts = [
        f"{kpi} {standings.titles[kpi]} ({_of(standings.leaves[kpi])})"
        for kpi in found[:_MOST_NAMED]
    ]
    more = len(found) - _MOST_NAMED
    return "\n".join([*parts, *([f"und {more} weitere"] if more > 0 else [])])


def _of(rating: Rating) -> str:
    return f"{_per_cent(basis_points(rating.reached or Fraction(0)))}\u00a0%"


def _put_reached(
    plan: Plan,
    sheet: Worksheet,
    goal: str,
    standings: Standings,
    *,
    columns: KeyFigureColumns,
    helpers: int,
) -> None:
    """Attainment and coverage as formulas over key figures and goals below, and what the goal above
    adds up of this one.
    """
    row, rating = standings.goal_rows[goal], standings.goals[goal]
    role = "row1" if standings.tree.depth(goal) == 0 else "row"
    homes, _, asked, heard, gained = columns.ranges
    letters = [xl_col_to_name(helpers + place) for place in range(len(_HELPERS))]
    here = row + 1
    # Whatever lies below a goal stands below it: a range that begins in the next row never
    # contains its own result.
    last = standings.header_row + len(standings.tree.order) + 1
    parents, *rest = (f"${each}${here + 1}:${each}${last}" for each in letters)
    weights = f"$C${here + 1}:$C${last}"
    deeper = bool(standings.tree.children[goal])

    def both(own: str, below: str) -> str:
        keys = f"SUMIFS({own},{homes},{here})"
        return f"{keys}+SUMIFS({below},{parents},{here})" if deeper else keys

    whole = both(heard, rest[0])
    reached = f'IF({whole}=0,"",({both(gained, rest[1])})/({whole}))'
    _put_helpers(plan, sheet, goal, standings, helpers)
    if not rating.kpis:  # nothing to measure is neither 0 % reached nor 0 % covered
        for column in (_REACHED, _COVERAGE):
            put_text(sheet, row, column, "", plan.looks(role))
        return
    put_formula(
        sheet, row, _REACHED, reached, plan.looks(role, "attainment"),
        "" if rating.reached is None else in_cell(rating.reached),
    )  # fmt: skip
    total = both(asked, weights)
    put_formula(
        sheet, row, _COVERAGE, f"IF({total}=0,0,({both(heard, rest[2])})/({total}))",
        plan.looks(role, "attainment"), in_cell(rating.coverage),
    )  # fmt: skip


def _put_helpers(
    plan: Plan, sheet: Worksheet, goal: str, standings: Standings, column: int
) -> None:
    row, rating, look = standings.goal_rows[goal], standings.goals[goal], plan.looks("row")
    weight, here = standings.weights.get(goal, Fraction(1)), row + 1
    share = plan.looks("row", "attainment")
    path = standings.tree.ancestry[goal]
    if len(path) > 1:
        put_number(sheet, row, column, standings.goal_rows[path[1]] + 1, look)
    heard = weight if rating.reached is not None else Fraction(0)
    cells = (
        (f'IF($D{here}="",0,$C{here})', heard),
        (f'IF($D{here}="",0,$C{here}*$D{here})', heard * (rating.reached or 0)),
        (f"$C{here}*$F{here}", weight * rating.coverage),
    )
    for place, (formula, value) in enumerate(cells, start=column + 1):
        put_formula(sheet, row, place, formula, share, in_cell(value))


def _put_counts(
    plan: Plan, sheet: Worksheet, goal: str, standings: Standings, *, role: str
) -> None:
    row, rating, counts = standings.goal_rows[goal], standings.goals[goal], standings.counts(goal)
    text = f"{rating.kpis_with_data} von {rating.kpis}" if rating.kpis else "keine"
    put_text(sheet, row, _COUNT, text, plan.looks(role, "centre"))
    for column, state in enumerate(COUNTED, start=_FIRST_STATE):
        _put_count(plan, sheet, (row, column), counts.get(state, 0), role)
    weakest = standings.weakest(goal)
    if weakest is None:
        put_text(sheet, row, _WEAKEST, "", plan.looks(role))
    else:
        number = percent_of(basis_points(weakest))
        put_number(sheet, row, _WEAKEST, number, plan.looks(role, "attainment"))
    _put_count(plan, sheet, (row, _UNMEASURED), standings.unmeasured[goal], role)


def _put_count(plan: Plan, sheet: Worksheet, at: tuple[int, int], count: int, role: str) -> None:
    """A number of key figures; none is left free, so that the eye finds the others."""
    if count:
        put_number(sheet, *at, count, plan.looks(role, "integer"))
    else:
        put_text(sheet, *at, "", plan.looks(role))


def _put_notes(plan: Plan, sheet: Worksheet, row: int, standings: Standings) -> None:
    hidden = len(standings.tree.order) - len(standings.shown)
    notes = [
        (
            "Abdeckung: der Anteil des Gewichts, für den Daten vorliegen; ein Unterziel ohne "
            "Kennzahl zählt dabei als nicht gemessen."
        )
    ]
    if hidden:
        goals = "Ein Ziel" if hidden == 1 else f"{hidden} Ziele"
        words = "steht" if hidden == 1 else "stehen"
        notes.append(f"{goals} ohne Kennzahl {words} in ausgeblendeten Zeilen.")
    for place, note in enumerate(notes):
        put_text(sheet, row + place, 0, note, plan.looks("subtitle"))


# --- the picture ------------------------------------------------------------------------------


def _put_chart(plan: Plan, sheet: Worksheet, standings: Standings, first: int, *, cap: int) -> None:
    """Bars of the highest goals. Their numbers stand in folded columns: one column per state, so
    that every bar has its colour, and no cell at all where there is no data.
    """
    top = standings.header_row + 1
    done(sheet.set_column(first, first + len(_BARS), 11, None, {"level": 1, "hidden": True}))
    head = plan.looks("head", "centre")
    put_text(sheet, top - 1, first, "Grafik", head)
    for place, (state, *_) in enumerate(_BARS, start=first + 1):
        put_text(sheet, top - 1, place, labels.of(labels.ATTAINMENT, state), head)
    names = _short_titles(plan)
    coloured = {state: place for place, (state, *_) in enumerate(_BARS, start=first + 1)}
    for position, goal in enumerate(standings.bars):
        state = standings.goal_states.get(goal, "")
        word = labels.of(labels.ATTAINMENT, state) if state else ""
        title = names.get(goal) or _title_of(plan, goal)
        put_text(sheet, top + position, first, f"{goal} {title}\n{word}", plan.looks("row"))
        reached = standings.goals[goal].reached
        if reached is not None and state in coloured:
            value = f"$D${standings.goal_rows[goal] + 1}"
            look = plan.looks("row", "attainment")
            put_formula(sheet, top + position, coloured[state], value, look, in_cell(reached))
    last = top + len(standings.bars) - 1
    _insert_chart(plan, sheet, standings, (top, last), first, cap=cap)


def _insert_chart(
    plan: Plan,
    sheet: Worksheet,
    standings: Standings,
    rows: tuple[int, int],
    first: int,
    *,
    cap: int,
) -> None:
    chart = plan.book.workbook.add_chart({"type": "bar"})
    if chart is None:
        raise ValueError("XlsxWriter knows no bar chart")
    top, last = rows
    font = {"name": "Arial", "size": 9}
    occurring = {standings.goal_states.get(goal) for goal in standings.bars}
    for place, (state, colour, ink) in enumerate(_BARS, start=first + 1):
        if state not in occurring:
            continue
        chart.add_series(
            {
                "name": [ATTAINMENT, top - 1, place],
                "categories": [ATTAINMENT, top, first, last, first],
                "values": [ATTAINMENT, top, place, last, place],
                "fill": {"color": colour},
                "border": {"color": styles.INK, "width": 0.5},
                "gap": 45,
                "overlap": 100,
                "data_labels": {
                    "value": True,
                    "num_format": "0.00%;;",
                    "position": "inside_end",
                    "font": {**font, "bold": True, "color": ink},
                },
            }
        )
    chart.set_title(
        {
            "name": f"Zielerreichung je Ziel, Ergebnis {standings.year}",
            "name_font": {**font, "size": 11},
        }
    )
    chart.set_x_axis(
        {
            "name": "Zielerreichung in Prozent",
            "name_font": {**font, "bold": False},
            "num_font": font,
            "num_format": "0%",
            "min": 0,
            "max": cap / WHOLE,
            "major_unit": 0.2,
            "major_gridlines": {"visible": True, "line": {"color": "#D9DEE5"}},
        }
    )
    chart.set_y_axis(
        {
            "name": "Ziel",
            "name_font": {**font, "bold": False},
            "num_font": font,
            "reverse": True,
            "crossing": "max",
        }
    )
    chart.set_legend({"position": "bottom", "font": font})
    chart.show_blanks_as("gap")
    chart.show_hidden_data()
    chart.set_size({"width": 1_500, "height": standings.chart_height})
    options = {"description": _described(plan, standings), "object_position": 2}
    done(sheet.insert_chart(CHART_ROW, 0, chart, options))


def _short_titles(plan: Plan) -> Mapping[str, str]:
    goals = plan.results.texts["goals"]
    if "short_title" not in goals.columns:
        return {}
    return {str(g): text_of(t) for g, t in zip(goals["goal"], goals["short_title"], strict=True)}


def _described(plan: Plan, standings: Standings) -> str:
    """The alternative text: what the picture shows, in words and numbers."""
    names = _short_titles(plan)
    parts = []
    for goal in standings.bars:
        title = names.get(goal) or _title_of(plan, goal)
        state = standings.goal_states.get(goal, "")
        word = labels.of(labels.ATTAINMENT, state).lstrip("●▲◆○– ")
        rating = standings.goals[goal]
        reached = "" if rating.reached is None else f"{_of(rating)}, "
        parts.append(f"{goal} {title} {reached}{word}".strip())
    return f"Balkendiagramm: Zielerreichung {standings.year}: {'; '.join(parts)}."[:2_000]
