"""What is printed in the consolidated workbook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pipeline.tables import choices
from pipeline.verification.difference import Difference, UnusableError
from pipeline.verification.evidence import Evidence, code_of
from pipeline.verification.reading import Area, areas_of, cents_in, euro_text

_BUDGET_PLAN = "Haushaltsplan.xlsx"


def _budget_plan_area(evidence: Evidence, table: str) -> Area:
    """A table of ``Haushaltsplan.xlsx`` with the values that its formulas cache."""
    book = evidence.book(_BUDGET_PLAN)
    for sheet in book.sheets.values():
        if any(sheet.text(row, 1).startswith(f"zh:{table}:") for row in sheet.by_row):
            return next(
                each for each in areas_of({sheet.name: sheet.grid()}) if each.table == table
            )
    raise UnusableError(
        file=_BUDGET_PLAN,
        explanation=f"In {_BUDGET_PLAN} fehlt die Tabelle mit dem Schlüssel zh:{table}.",
    )


_VIEWS = ("Produkte", "Organisation", "Ziele")


def _printed_sum(view: str, kind: str, year: int) -> str:
    return f"Sicht {view}, {choices.label(choices.KINDS, kind)}, {year}"


def reconciliation_states_the_totals(evidence: Evidence) -> Iterator[Difference]:
    """The sheet Abgleich prints for every view, kind and year the total of what counts."""
    area = _budget_plan_area(evidence, "reconciliation")
    totals: dict[tuple[str, int], int] = defaultdict(int)
    for figure in evidence.figures:
        if figure.counts:
            totals[figure.kind, figure.year] += figure.cents
    missing = {
        (view, kind, year)
        for view in _VIEWS
        for kind in choices.VOLUME_KINDS
        for year in evidence.master.roles
    }
    for row in area.rows:
        view, kind = area.text(row, "view"), code_of(choices.KINDS, area.text(row, "kind"))
        if view not in _VIEWS or kind not in choices.ALL_KINDS:
            continue
        for year in evidence.master.roles:
            missing.discard((view, kind, year))
            value = area.value(row, f"amount_{year}")
            if cents_in(value) != totals[kind, year]:
                yield Difference(
                    check="reconciliation",
                    file=_BUDGET_PLAN,
                    sheet=area.sheet,
                    cell=area.cell(row, f"amount_{year}")
                    if f"amount_{year}" in area.columns
                    else "",
                    expected=euro_text(totals[kind, year]),
                    found="" if value is None else str(value),
                    explanation=f"Die gedruckte Summe ({_printed_sum(view, kind, year)}) "
                    "stimmt nicht mit den Beträgen überein.",
                )
    for view, kind, year in missing:
        yield Difference(
            check="reconciliation",
            file=_BUDGET_PLAN,
            sheet=area.sheet,
            expected=euro_text(totals[kind, year]),
            explanation=f"Die Summe ({_printed_sum(view, kind, year)}) fehlt.",
        )
