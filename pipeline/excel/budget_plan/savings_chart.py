"""The years of the sheet Konsolidierung at a glance, and their picture: plan beside what was
reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pipeline import savings
from pipeline.excel.budget_plan.cover import axis_of
from pipeline.excel.budget_plan.looks import CHART_COLOURS, PREVIOUS
from pipeline.excel.budget_plan.savings_lines import FIRST, ROLES, Pair
from pipeline.excel.budget_plan.savings_rows import Page
from pipeline.excel.budget_plan.sheets import SAVINGS, put_sum
from pipeline.excel.workbook import done, put_text
from pipeline.model.money import german, round_half_up

_PLACES: Final = (6, 7, 8, 9)
"""Where year, plan, actual and forecast stand: beside the picture."""
_PICTURE: Final = (730, 360)
"""Width and height of the picture in pixels: as wide as the columns in front of the years."""
_ROW: Final = 20  # pixels
# Told apart without colour: dark, light grey, white with an edge.
_FILLS: Final[Mapping[str, str]] = {
    savings.PLAN: CHART_COLOURS[0],
    savings.ACTUAL: PREVIOUS,
    savings.FORECAST: "#FFFFFF",
}


def put_glance(page: Page, row: int) -> int:
    """The totals of every year and their picture beside them; gives the next row."""
    plan, sheet, columns, table = page.plan, page.sheet, page.columns, page.table
    put_text(sheet, row, 0, "Auf einen Blick", plan.looks("heading"))
    sheet.set_row(row, 20)
    roles = [role for role in ROLES if any(pair[0] == role for pair in columns.pairs)]
    years = sorted({year for _, year in columns.pairs})
    sums = {pair: table.sum(table.total, page.found.annual, pair) for pair in columns.pairs}
    head = row + 1
    for column, text in zip(_PLACES, ["Jahr", *(ROLES[role] for role in roles)], strict=False):
        put_text(sheet, head, column, text, plan.looks("head", "centre"))
    for offset, year in enumerate(years, start=1):
        put_text(sheet, head + offset, _PLACES[0], str(year), plan.looks("row", "text"))
        for column, role in zip(_PLACES[1:], roles, strict=False):
            look = plan.looks("row", plan.money)
            if (role, year) in sums:
                cell = page.cell(FIRST + table.total, columns.of((role, year)))
                cents = sums[role, year]
                put_sum(sheet, head + offset, column, f"ROUND({cell},2)", cents, look)
            else:
                put_text(sheet, head + offset, column, "", look)
    _put_chart(page, (head, head + len(years)), roles, sums)
    return head + max(len(years), _PICTURE[1] // _ROW) + 2


def _put_chart(
    page: Page, rows: tuple[int, int], roles: Sequence[str], sums: Mapping[Pair, int]
) -> None:
    head, last = rows
    chart = page.plan.book.workbook.add_chart({"type": "column"})
    if chart is None:
        raise ValueError("XlsxWriter knows no column chart")
    font = {"name": "Arial", "size": 9}
    unit, pattern = axis_of(max(map(abs, sums.values()), default=0))
    crowded = len({year for _, year in sums}) < len(sums)
    for column, role in zip(_PLACES[1:], roles, strict=False):
        chart.add_series(
            {
                "name": [SAVINGS, head, column],
                "categories": [SAVINGS, head + 1, _PLACES[0], last, _PLACES[0]],
                "values": [SAVINGS, head + 1, column, last, column],
                "fill": {"color": _FILLS[role]},
                "border": {"color": "#33404F", "width": 0.75},
                "gap": 60,
                "overlap": 0 if crowded else 100,
                "data_labels": {
                    "value": True,
                    "num_format": f"{pattern};-{pattern};",
                    "font": font,
                },
            }
        )
    chart.set_title({"name": chart_title(sums), "name_font": {**font, "size": 11}})
    chart.set_x_axis({"num_font": font})
    chart.set_y_axis(
        {
            "name": f"{unit} je Jahr",
            "name_font": {**font, "bold": False},
            "num_font": font,
            "num_format": pattern,
            "major_gridlines": {"visible": True, "line": {"color": "#D9DEE5"}},
        }
    )
    chart.set_legend({"position": "bottom", "font": font})
    chart.set_size({"width": _PICTURE[0], "height": _PICTURE[1]})
    options = {"description": described(sums), "object_position": 2}
    done(page.sheet.insert_chart(head, 0, chart, options))


def chart_title(sums: Mapping[Pair, int]) -> str:
    """What the picture says, in one sentence; ``sums`` are cents by role and year."""
    parts = []
    planned = sorted(year for role, year in sums if role == savings.PLAN)
    if planned:
        first, last = (sums[savings.PLAN, planned[place]] for place in (0, -1))
        if first == last:
            words = f"bleibt bei {_short(last)} ({planned[0]} bis {planned[-1]})"
        else:
            word = "steigt" if last > first else "sinkt"
            words = f"{word} von {_short(first)} ({planned[0]}) auf {_short(last)} ({planned[-1]})"
        parts.append(f"Geplante Entlastung je Jahr {words}")
    reached = sorted(year for role, year in sums if role == savings.ACTUAL)
    if reached:
        year = reached[-1]
        parts.append(f"erreicht {year}: {_short(sums[savings.ACTUAL, year])}")
    return "; ".join(parts)


def described(sums: Mapping[Pair, int]) -> str:
    """The alternative text of the picture: every bar in words and numbers."""
    order = list(ROLES)
    bars = [
        f"{ROLES[role]} {year}: {german(sums[role, year], whole=True)} Euro"
        for role, year in sorted(sums, key=lambda pair: (pair[1], order.index(pair[0])))
    ]
    return f"Säulendiagramm: Entlastung je Jahr durch Konsolidierung. {'; '.join(bars)}."[:2_000]


def _short(cents: int) -> str:
    """Cents as millions with one place, or as thousands where that says more."""
    if abs(cents) < 100_000_000:
        thousands = german(100 * round_half_up(cents, 100_000), whole=True)
        return f"{thousands} Tsd. €"
    tenths = round_half_up(cents, 10_000_000)
    whole, rest = divmod(abs(tenths), 10)
    return f"{'-' if tenths < 0 else ''}{whole},{rest} Mio. €"
