"""The sheet Deckblatt: what the plan says in one page, how far it can be trusted, and where to
read on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.goal_tree import BEFORE_FUNDING, TOTAL, rating_of, top_goals
from pipeline.excel.budget_plan.looks import (
    CHART_COLOURS,
    PREVIOUS,
    STATE_ROLES,
    height_of,
    lines_of,
)
from pipeline.excel.budget_plan.outline import INVESTMENT, NET_COST, Outline
from pipeline.excel.budget_plan.reconciliation import GOOD, Verdict
from pipeline.excel.budget_plan.sheets import (
    CONTENTS,
    COVER,
    RETURNS,
    Plan,
    german_date,
    page,
    percent_of,
    put_header,
    put_sum,
    text_of,
)
from pipeline.excel.workbook import done, put_formula, put_link, put_text
from pipeline.model.money import WHOLE, german, round_half_up
from pipeline.model.tables import Year
from pipeline.tables.choices import GENERAL_FUNDING, WITHOUT_GOAL

_MARGIN: Final = 2.0
_LABEL: Final = 40.0
_NUMBER: Final = 16.0
_LEAST: Final = 6  # columns B to G carry the page at least
_POINTS: Final = 12


@dataclass(frozen=True, kw_only=True)
class Pillars:
    """The sheets whose totals the cover shows."""

    goals: Outline
    investments: Outline
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """A line of the key figures: where it comes from in the sheets of goals and investments."""

    title: str
    outline: Outline
    key: str
    name: str
    role: str = "row"


def write_cover(plan: Plan, pillars: Pillars) -> None:
    """Writes the cover; every amount on it is a formula on another sheet."""
    sheet = plan.sheets[COVER]
    page(plan.results, sheet, COVER, landscape=False)
    sheet.fit_to_pages(1, 1)  # the cover is one page, however many goals there are
    for column, width in enumerate([_MARGIN, _LABEL, *([_NUMBER] * (_last(plan) - 1))]):
        sheet.set_column(column, column, width)
    _put_banner(plan, sheet)
    row = _put_state(plan, sheet, 4)
    row = _put_figures(plan, sheet, row + 1, pillars)
    row = _put_goals(plan, sheet, row + 1, pillars)
    _put_contents(plan, sheet, row + 1, pillars.verdict)
    sheet.activate()
    sheet.set_first_sheet()


def _put_banner(plan: Plan, sheet: Worksheet) -> None:
    settings = plan.results.master.settings
    years = [year.year for year in plan.results.master.budget_years] or [settings.budget_year]
    texts = (
        (18, "banner", settings.city),
        (36, "banner_title", f"Haushaltsplan {'/'.join(str(year) for year in years)}"),
        (
            20,
            "banner",
            (
                f"Ziele, Produkte, Maßnahmen und Kennzahlen – {settings.round}, Stichtag "
                f"{german_date(settings.as_of)}"
            ),
        ),
    )
    for row, (height, role, text) in enumerate(texts):
        sheet.set_row(row, height)
        for column in range(_last(plan) + 1):
            put_text(sheet, row, column, text if column == 1 else "", plan.looks(role))
    sheet.set_row(3, 8)


def _put_state(plan: Plan, sheet: Worksheet, row: int) -> int:
    """Final or provisional and why; then whether the data are made up."""
    results = plan.results
    if results.provisional:
        _put_wide(
            plan, sheet, row, "▲ Vorläufig: Noch ist nicht alles da oder verwendbar.", "watch"
        )
    else:
        _put_wide(
            plan,
            sheet,
            row,
            "✓ Endgültig: Alle erwarteten Rückläufe sind vollständig enthalten.",
            "good",
        )
    row += 1
    points = list(results.open_points)
    if len(points) > _POINTS:
        more = len(points) - _POINTS + 1
        points = [*points[: _POINTS - 1], f"… und {more} weitere Punkte, siehe Blatt {RETURNS}"]
    for point in points:
        _put_wide(plan, sheet, row, f"• {point}", "plain")
        row += 1
    if results.master.settings.example_data:
        _put_wide(
            plan,
            sheet,
            row,
            "Fiktive Beispieldaten: Die Stadt ist ein Modell, die Beträge sind erfunden.",
            "watch",
        )
        row += 1
    return row


def _put_wide(plan: Plan, sheet: Worksheet, row: int, text: str, role: str) -> None:
    """One text over the width of the page; the cover holds no data, so cells may be merged here."""
    look = plan.looks(role, "wrap")
    width = _LABEL + (_last(plan) - 1) * _NUMBER
    sheet.set_row(row, min(14.0 * lines_of(text, width * 0.95) + 3, 409))
    done(sheet.merge_range(row, 1, row, _last(plan), "", look))
    put_text(sheet, row, 1, text, look)


def _last(plan: Plan) -> int:
    """The last column of the page: a label, the years, the change in two columns, the state."""
    return max(_LEAST, 2 + len(_compared(plan)) + 2 * _has_change(plan))


def _compared(plan: Plan) -> list[Year]:
    master = plan.results.master
    before = master.previous_budget_year
    return [*([before] if before else []), *master.budget_years]


def _put_figures(plan: Plan, sheet: Worksheet, row: int, pillars: Pillars) -> int:
    """Revenue, expense, net cost and investment of the budget years beside the previous one."""
    goals, investments = pillars.goals, pillars.investments
    lines = (
        _Figure(title="Erträge", outline=goals, key=TOTAL, name="revenue"),
        _Figure(title="Aufwendungen", outline=goals, key=TOTAL, name="expense"),
        _Figure(
            title="Zuschussbedarf (Aufwendungen − Erträge)",
            outline=goals,
            key=TOTAL,
            name=NET_COST,
            role="subtotal",
        ),
        _Figure(
            title="   davon Ziele und ohne Zielzuordnung",
            outline=goals,
            key=BEFORE_FUNDING,
            name=NET_COST,
        ),
        _Figure(
            title="   davon Allgemeine Deckungsmittel",
            outline=goals,
            key=GENERAL_FUNDING,
            name=NET_COST,
        ),
        _Figure(
            title="Einzahlungen für Investitionen", outline=investments, key=TOTAL, name="receipt"
        ),
        _Figure(
            title="Auszahlungen für Investitionen", outline=investments, key=TOTAL, name="payment"
        ),
        _Figure(
            title="Investitionssaldo",
            outline=investments,
            key=TOTAL,
            name=INVESTMENT,
            role="subtotal",
        ),
    )
    years = _compared(plan)
    put_text(sheet, row, 1, "Auf einen Blick", plan.looks("heading"))
    row += 1
    _put_head(plan, sheet, row, plan.unit_of_money, years)
    for line in lines:
        row += 1
        cells = [
            (
                line.outline.reference(line.key, f"{line.name}_{year.year}"),
                line.outline.cents(line.key, f"{line.name}_{year.year}"),
            )
            for year in years
        ]
        _put_line(plan, sheet, row, line.title, cells, role=line.role)
    return row + 1


def _put_head(
    plan: Plan, sheet: Worksheet, row: int, label: str, years: list[Year], *more: str
) -> None:
    titles = [label, *(year.title for year in years)]
    if _has_change(plan):
        before, now = years[:2]
        titles += [f"Veränderung\n{before.year} → {now.year}", "in %"]
    titles += more
    put_header(
        plan.looks, sheet, row, ["", *titles], [_MARGIN, _LABEL, *([_NUMBER] * (len(titles) - 1))]
    )
    put_text(sheet, row, 0, "", plan.looks("plain"))
    put_text(sheet, row, 1, label, plan.looks("head", "text"))


def _has_change(plan: Plan) -> bool:
    return plan.results.master.previous_budget_year is not None and bool(
        plan.results.master.budget_years
    )


def _put_line(
    plan: Plan, sheet: Worksheet, row: int, title: str, cells: list[tuple[str, int]], *, role: str
) -> int:
    """A title with its amounts and, where there is a previous year, the change against it; gives
    the next free column.
    """
    sheet.set_row(row, height_of((title, _LABEL)))
    put_text(sheet, row, 1, title, plan.looks(role, "wrap"))
    column = 2
    for reference, cents in cells:
        put_sum(sheet, row, column, f"ROUND({reference},2)", cents, plan.looks(role, plan.money))
        column += 1
    if not _has_change(plan):
        return column
    before, now = (f"{xl_col_to_name(place)}{row + 1}" for place in (2, 3))
    difference = cells[1][1] - cells[0][1]
    put_sum(
        sheet, row, column, f"ROUND({now}-{before},2)", difference, plan.looks(role, plan.change)
    )
    cached = percent_change(difference, cells[0][1])
    formula = f'IF({before}=0,"–",ROUND(({now}-{before})/ABS({before}),4))'
    put_formula(sheet, row, column + 1, formula, plan.looks(role, "percent_change"), cached)
    return column + 2


def percent_change(difference: int, before: int) -> Decimal | str:
    """The change as the number behind a percentage, rounded as the formula rounds; a dash where
    there was nothing.
    """
    return percent_of(round_half_up(difference * WHOLE, abs(before))) if before else "–"


def _put_goals(plan: Plan, sheet: Worksheet, row: int, pillars: Pillars) -> int:
    """Net cost of the highest goals with their state, and the picture of it."""
    years = _compared(plan)
    outline = pillars.goals
    rating = rating_of(plan.results)
    put_text(sheet, row, 1, "Was die Ziele kosten", plan.looks("heading"))
    row += 1
    suffix = f"Zielerreichung {rating.year}" if rating else "Zielerreichung"
    _put_head(plan, sheet, row, f"Zuschussbedarf {plan.unit_of_money}", years, suffix)
    first = row + 1
    names = _short_titles(plan)
    shown = [(branch.key, names.get(branch.key) or branch.title) for branch in top_goals(outline)]
    for key, title in [*shown, (WITHOUT_GOAL, "Ohne Zielzuordnung")]:
        row += 1
        cells = [
            (
                outline.reference(key, f"{NET_COST}_{year.year}"),
                outline.cents(key, f"{NET_COST}_{year.year}"),
            )
            for year in years
        ]
        text = title if key == WITHOUT_GOAL else f"{key} {title}"
        column = _put_line(plan, sheet, row, text, cells, role="row")
        state = text_of(rating.facts.get(key, {}).get("state")) if rating else ""
        put_text(
            sheet,
            row,
            column,
            labels.of(labels.ATTAINMENT, state),
            plan.looks(STATE_ROLES.get(state, "row"), "text"),
        )
    if years:
        return _put_chart(plan, sheet, (first, row), years, outline)
    return row + 1


def _short_titles(plan: Plan) -> dict[str, str]:
    goals = plan.results.texts["goals"]
    if "short_title" not in goals.columns:
        return {}
    return {str(g): text_of(t) for g, t in zip(goals["goal"], goals["short_title"], strict=True)}


def _put_chart(
    plan: Plan, sheet: Worksheet, rows: tuple[int, int], years: list[Year], outline: Outline
) -> int:
    """Bars per goal, this year beside the previous one."""
    first, last = rows
    chart = plan.book.workbook.add_chart({"type": "bar"})
    if chart is None:
        raise ValueError("XlsxWriter knows no bar chart")
    shown = years[:3]
    colours = {True: list(CHART_COLOURS), False: [PREVIOUS]}
    for place, year in enumerate(shown):
        chart.add_series(
            {
                "name": [COVER, first - 1, 2 + place],
                "categories": [COVER, first, 1, last, 1],
                "values": [COVER, first, 2 + place, last, 2 + place],
                "fill": {"color": colours[year.entered].pop(0)},
                "gap": 60,
            }
        )
    unit, pattern = axis_of(
        max(
            abs(outline.value(position, f"{NET_COST}_{year.year}"))
            for year in shown
            for position in range(len(outline.branches))
            if outline.branches[position].depth == 0
        )
    )
    font = {"name": "Arial", "size": 9}
    chart.set_title({"name": "Zuschussbedarf je Ziel", "name_font": {**font, "size": 11}})
    chart.set_x_axis(
        {
            "name": unit,
            "name_font": {**font, "bold": False},
            "num_font": font,
            "num_format": pattern,
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
            "label_position": "low",
        }
    )
    chart.set_legend({"position": "bottom", "font": font})
    height = 130 + 34 * (last - first + 1)
    chart.set_size({"width": 860, "height": height})
    done(
        sheet.insert_chart(
            last + 2,
            1,
            chart,
            {"description": _described(plan, outline, years), "object_position": 2},
        )
    )
    return last + 2 + height // 20 + 2


def axis_of(most: int) -> tuple[str, str]:
    """The unit of the axis and the number format that shows it, by the largest amount in cents."""
    if most >= 200_000_000:
        return "Mio. Euro", "#,##0.0,,"
    if most >= 200_000:
        return "Tausend Euro", "#,##0,"
    return "Euro", "#,##0"


def _described(plan: Plan, outline: Outline, years: list[Year]) -> str:
    """The alternative text: what the picture shows, in words and numbers."""
    names = _short_titles(plan)
    parts = []
    for branch in top_goals(outline):
        amount = german(outline.cents(branch.key, f"{NET_COST}_{years[-1].year}"), whole=True)
        parts.append(f"{names.get(branch.key) or branch.title} {amount} Euro")
    return f"Balkendiagramm: Zuschussbedarf je Ziel, {years[-1].title}: {'; '.join(parts)}."[:2_000]


def _put_contents(plan: Plan, sheet: Worksheet, row: int, verdict: Verdict) -> None:
    """Whether the totals agree, and the table of contents."""
    put_text(sheet, row, 1, "Abgleich der Summen", plan.looks("heading"))
    look = plan.looks("good" if verdict.text == GOOD else "bad", "text")
    put_formula(sheet, row, 2, verdict.reference, look, verdict.text)
    put_text(sheet, row, 3, "", look)
    row += 2
    put_text(sheet, row, 1, "Inhalt", plan.looks("heading"))
    for name in plan.sheets:
        if name == COVER:
            continue
        row += 1
        put_link(sheet, row, 1, f"internal:'{name}'!A1", name, plan.looks("link"))
        put_text(sheet, row, 2, CONTENTS[name], plan.looks("plain"))
    counts: Counter[str] = Counter(
        text_of(state) for state in plan.results.tables["findings"]["severity"]
    )
    row += 2
    put_text(sheet, row, 1, f"Befunde: {labels.counted(counts)}.", plan.looks("plain"))
