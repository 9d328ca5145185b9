"""Key figures of a product: target and actual by year, how far the target was reached, and the
posts that the department stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.looks import STATE_ROLES, height_of
from pipeline.excel.budget_plan.sheets import percent_of, text_of
from pipeline.excel.unit_plan.desk import Desk
from pipeline.excel.unit_plan.grouping import Record
from pipeline.excel.unit_plan.paper import Paper, Row, Section, Value
from pipeline.excel.workbook import put_text
from pipeline.tables.choices import DATA_STATES

_ROLES: Final = (("target", "Zielwert"), ("actual", "Istwert"), ("forecast", "Prognose"))
_WITHOUT_VALUE: Final = frozenset({"nicht erhoben", "entfällt"}) & {
    choice.code for choice in DATA_STATES
}
_Values = Mapping[tuple[int, str], Record]


def key_figure_sections(desk: Desk, paper: Paper, product: str) -> list[Section]:
    """The table of key figures; nothing where none is agreed and no posts are stated."""
    rows = _posts(desk, paper, product)
    for kpi in desk.plans.kpis.get(product, ()):
        for unit, values in _results(desk, text_of(kpi["kpi"]), product):
            rows += _kpi(desk, paper, kpi, unit, values)
    if not rows:
        return []

    def head() -> Row:
        return paper.header("Kennzahl", "Bezeichnung", desk.year_titles)

    return [Section(rows=[paper.heading("Kennzahlen"), head(), *rows, paper.gap()], head=head)]


def _posts(desk: Desk, paper: Paper, product: str) -> list[Row]:
    texts = desk.plans.texts.get(product, {})
    values: list[Value] = []
    for year in desk.plans.years:
        given = text_of(texts.get(f"posts_{year.year}"))
        values.append(Decimal(given) if given else None)
    if all(value is None for value in values):
        return []
    return [paper.amounts("", "Stellen (VZÄ)", lambda _: values, role="row1", shown="number2")]


def _results(desk: Desk, kpi: str, product: str) -> list[tuple[str, _Values]]:
    """The values of the product, or where they cannot be condensed those of each unit."""
    known = desk.plans.results_of_kpi
    condensed = known.get((kpi, "product", product))
    if condensed:
        return [("", condensed)]
    units = desk.master.kpi_units.get(kpi, ())
    return [(unit, known.get((kpi, "unit", unit), {})) for unit in units if unit]


def _kpi(desk: Desk, paper: Paper, kpi: Record, unit: str, values: _Values) -> list[Row]:
    title = text_of(kpi["title"])
    if unit and unit != desk.unit:
        title += f" ({desk.unit_title(unit)})"
    words = (
        ("Einheit", text_of(kpi["unit_of_measure"])),
        ("Richtung", text_of(kpi["direction"])),
        ("Ziel", text_of(kpi["goal"])),
    )
    about = " · ".join(f"{label}: {text}" for label, text in words if text)
    if not values:
        about += " · noch keine Werte"

    def put(at: int) -> None:
        put_text(paper.sheet, at, 2, about, paper.looks("row", "text"))

    rows = [
        paper.amounts(text_of(kpi["kpi"]), title, lambda _: [], role="row1", shown="", more=put)
    ]
    for role, word in _ROLES:
        row = _value_row(desk, paper, kpi, values, role, word)
        if row is not None:
            rows.append(row)
    rows += _rating(desk, paper, values)
    for row in rows[:-1]:
        row.keep = True
    return rows


def _value_row(
    desk: Desk, paper: Paper, kpi: Record, values: _Values, role: str, word: str
) -> Row | None:
    shown: list[Value] = []
    for year in desk.plans.years:
        given = text_of(values.get((year.year, role), {}).get("value"))
        state = desk.plans.data_states.get((text_of(kpi["kpi"]), year.year, role), "")
        if given:
            shown.append(Decimal(given))
        else:
            shown.append(state if state in _WITHOUT_VALUE else None)
    if all(value is None for value in shown):
        return None
    numbers = [value for value in shown if isinstance(value, Decimal)]
    places = max((_places(kpi, number) for number in numbers), default=0)
    return paper.amounts("", word, lambda _: shown, shown=f"number{places}", indent=1)


def _places(kpi: Record, number: Decimal) -> int:
    declared = text_of(kpi.get("decimals"))
    if declared:
        return min(int(declared), 6)
    exponent = number.normalize().as_tuple().exponent
    return min(max(-exponent, 0), 6) if isinstance(exponent, int) else 0


def _rating(desk: Desk, paper: Paper, values: _Values) -> list[Row]:
    """How far the target was reached and what that means, in the years where both are known."""
    facts = [values.get((year.year, "actual"), {}) for year in desk.plans.years]
    states = [text_of(each.get("state")) for each in facts]
    if not any(states):
        return []
    reached = [text_of(each.get("raw_bp")) for each in facts]
    roles = [STATE_ROLES.get(state, "row") for state in states]
    percents: list[Value] = [percent_of(int(each)) if each else None for each in reached]
    words = [labels.of(labels.ATTAINMENT, state) if state else "" for state in states]
    found = []
    if any(reached):
        shown_each = [(role, "attainment") for role in roles]
        found.append(
            paper.amounts(
                "",
                "Zielerreichung",
                lambda _: percents,
                shown="attainment",
                shown_each=shown_each,
                indent=1,
            )
        )
    return [*found, _words(paper, words, roles)]


def _words(paper: Paper, words: Sequence[str], roles: Sequence[str]) -> Row:
    def put(at: int) -> None:
        for offset, (word, role) in enumerate(zip(words, roles, strict=True)):
            if word:
                put_text(paper.sheet, at, 2 + offset, word, paper.looks(role, "wrap_centre"))

    row = paper.amounts("", "Stand", lambda _: [], shown="", indent=1, more=put)
    row.height = max(row.height, height_of(*((word, paper.amount) for word in words)))
    return row
