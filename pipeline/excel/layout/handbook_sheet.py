"""The sheet Handbuch: every rule that a return is judged by, in people's words, with how to mend.

The same sentences as in ``docs/handbuch.md`` (:mod:`pipeline.handbook`), for whoever has only the
workbook at hand. Pure: a layout, the same in every template.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.layout.sheet_layout import CellLayout, Print, SheetLayout
from pipeline.model.findings import SEVERITY_LABELS
from pipeline.model.messages import catalogue
from pipeline.rules.registry import Rule, by_id

HANDBOOK: Final = "Handbuch"
GROUPS: Final = {
    "D": "Datei und Blätter",
    "Z": "Einzelne Zellen",
    "S": "Produkte, Ziele und andere Schlüssel",
    "M": "Maßnahmen und Verpflichtungsermächtigungen",
    "H": "Konsolidierungsmaßnahmen",
    "K": "Kennzahlen",
    "A": "Beträge im Vergleich und Abstimmung",
}
"""The chapters, by the first letter of a rule's id."""
_HEAD: Final = ("Nr.", "Worum geht es?", "Stufe", "Was fällt auf?", "So beheben Sie es")
_WIDTHS: Final = {1: 7.0, 2: 30.0, 3: 11.0, 4: 62.0, 5: 62.0}
_FIRST: Final = 5


def department_rules() -> tuple[Rule, ...]:
    """The rules that look at returns, in the order of the chapters."""
    order = list(GROUPS)
    found = [each for each in by_id().values() if not each.master]
    return tuple(sorted(found, key=lambda each: (order.index(each.id[0]), each.id)))


def plain_words(template: str) -> str:
    """A sentence of the catalogue without the values of a single case.

    >>> plain_words("In {zelle} steht {wert}.")
    'In … steht …'
    """
    text = re.sub(r"\{[a-z_0-9]+\}", "…", template).replace("\n", " ").strip()
    return re.sub(r"…\.$", "…", text)


@cache
def handbook_sheet() -> SheetLayout:
    """The sheet, to be put behind the others of a template."""
    cells = {
        (1, 1): CellLayout(value="Handbuch: Was geprüft wird", style="title"),
        (2, 1): CellLayout(
            value="Ein Fehler hält den betroffenen Teil auf; Warnungen und Hinweise halten nichts "
            "auf. „…“ steht für das, was in Ihrer Datei steht.",
            style="muted",
        ),
        **{
            (_FIRST - 1, column): CellLayout(value=title, style="header")
            for column, title in enumerate(_HEAD, start=1)
        },
    }
    heights: dict[int, float] = {1: 24}
    row, group = _FIRST, ""
    for rule in department_rules():
        if rule.id[0] != group:
            group = rule.id[0]
            cells[row, 1] = CellLayout(value=GROUPS[group], style="subtitle")
            heights[row] = 22
            row += 1
        entry = catalogue()[rule.id]
        texts = (
            rule.id,
            entry.title,
            SEVERITY_LABELS[rule.severity],
            plain_words(entry.message),
            plain_words(entry.repair),
        )
        for column, text in enumerate(texts, start=1):
            cells[row, column] = CellLayout(value=text, style="text")
        heights[row] = height_of(*zip(texts, _WIDTHS.values(), strict=True)) + 2
        row += 1
    return SheetLayout(
        name=HANDBOOK,
        title=HANDBOOK,
        cells=cells,
        column_widths=_WIDTHS,
        row_heights=heights,
        freeze=(_FIRST, 1),
        printing=Print(rows=(_FIRST - 1, _FIRST - 1), scale=70),
    )
