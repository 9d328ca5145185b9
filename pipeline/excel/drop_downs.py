"""The drop-down lists of a workbook: hidden sheet, defined names, and which column uses which.

Data validation refers to defined names only: a reference to another sheet moves into an extension
when Excel saves the file again, and other programs then lose it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.excel.prefill import text
from pipeline.excel.reading import column_letters
from pipeline.excel.sheet_layout import CellLayout, SheetLayout, TableLayout
from pipeline.model.master import Master
from pipeline.model.tables import Column, Kind, Table
from pipeline.tables import choices

LISTS = "Listen"
YES_NO = ("ja", "nein")
Lists = dict[str, tuple[str | int, ...]]
"""Values by defined name; a list of keys and the list of their titles have the same length."""


def template_lists(master: Master, unit: str) -> Lists:
    """The lists of a template: what may be chosen, and whole catalogues to look titles up in."""
    titles, lines = master.titles, master.lines
    products = master.products_of(unit)
    typed = {key: line for key, line in lines.items() if not line.computed}
    planned = tuple(
        key for key in typed if any(master.plans(unit, product, key) for product in products)
    )
    kpis = {text(row.kpi): row for row in master.tables["kpis"].itertuples(index=False)}
    own = master.kpis_of(unit)
    return {
        "L_Produkte": products,
        "L_Produkte_alle": tuple(titles["products"]),
        "L_Produkte_Titel": tuple(titles["products"].values()),
        "L_Zeilen": planned,
        "L_Zeilen_VE": tuple(key for key in planned if typed[key].kind == "payment"),
        "L_Zeilenplan": tuple(typed),
        "L_Zeilenplan_Titel": tuple(line.title for line in typed.values()),
        "L_Zeilenplan_Art": tuple(
            choices.label(choices.KINDS, line.kind) for line in typed.values()
        ),
        "L_Ziele": tuple(titles["goals"]),
        "L_Ziele_Titel": tuple(titles["goals"].values()),
        "L_Ebenen": _department_levels(master),
        "L_Kennzahlen": own,
        "L_Kennzahlen_Titel": tuple(text(kpis[kpi].title) for kpi in own),
        "L_Kennzahlen_Einheit": tuple(text(kpis[kpi].unit_of_measure) for kpi in own),
        "L_Kennzahlen_Richtung": tuple(text(kpis[kpi].direction) for kpi in own),
        "L_Haushaltsjahre": tuple(year.year for year in master.budget_years),
        "L_Ja_Nein": YES_NO,
        "L_release_state": tuple(choice.label for choice in choices.RELEASE_STATES),
        **choice_lists(master.submission),
    }


def _department_levels(master: Master) -> tuple[str, ...]:
    levels = master.tables["levels"]
    return tuple(levels.loc[levels["filled_by"] == "Fachamt", "level"])


def choice_lists(tables: Sequence[Table]) -> Lists:
    """The closed lists of all columns, by defined name."""
    return {
        choice_name(table, column): tuple(choice.label for choice in column.choices)
        for table in tables
        for column in table.columns
        if column.choices
    }


def choice_name(table: Table, column: Column) -> str:
    """The defined name of a column's closed list; all years of a column share it."""
    return f"L_{table.name}_{column.stem}"


_REFERENCES = {
    "products": "L_Produkte",
    "lines": "L_Zeilen",
    "measures": "L_Massnahmen",
    "goals": "L_Ziele",
    "levels": "L_Ebenen",
    "kpis": "L_Kennzahlen",
}


def template_sources(table: Table) -> dict[str, str]:
    """The defined name of the list behind each column of a template's table."""
    found = {}
    for column in table.columns:
        if column.choices:
            found[column.name] = choice_name(table, column)
        elif column.kind is Kind.YES_NO:
            found[column.name] = "L_Ja_Nein"
        elif column.references:
            found[column.name] = _REFERENCES[column.references]
    if table.name == "commitments":
        found |= {"year": "L_Haushaltsjahre", "line": "L_Zeilen_VE"}
    if "partner" in found:
        found["partner"] = "L_Produkte_alle"
    return found


def lenient_columns(master: Master) -> frozenset[str]:
    """Columns whose list only advises."""
    # Where departments number goals themselves, no list can know them all.
    return frozenset({"goal", "parent"}) if master.departments_fill_goals else frozenset()


def list_names(lists: Lists) -> dict[str, str]:
    """Where each list lies in the hidden sheet."""
    found = {}
    for number, (name, values) in enumerate(lists.items(), start=1):
        letter = column_letters(number)
        # An empty list is one empty cell: a name needs a range.
        found[name] = f"{LISTS}!${letter}$2:${letter}${max(len(values), 1) + 1}"
    return found


def measure_names(table: TableLayout) -> dict[str, str]:
    """The names that look into the sheet of measures, for the sheets that refer to it."""

    def span(column: str) -> str:
        letter = table.letters[column]
        return f"'{table.sheet}'!${letter}${table.first_row}:${letter}${table.last_row}"

    return {"L_Massnahmen": span("measure"), "L_Massnahmen_Titel": span("title")}


def lists_sheet(lists: Lists) -> SheetLayout:
    """The hidden sheet with one column per list."""
    cells = {}
    for column, (name, values) in enumerate(lists.items(), start=1):
        cells[1, column] = CellLayout(value=name, style="strong")
        for row, value in enumerate(values, start=2):
            shown_as = "plain" if isinstance(value, int) else "plain:text"
            cells[row, column] = CellLayout(value=value if value != "" else None, style=shown_as)
    return SheetLayout(name=LISTS, title="Listen", hidden=True, cells=cells)
