"""The drop-down lists of a workbook: hidden sheet, defined names, and which column uses which.

Data validation refers to defined names only: a reference to another sheet moves into an extension
when Excel saves the file again, and other programs then lose it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from pipeline.excel.layout.prefill import previous_kpis, text
from pipeline.excel.layout.sheet_layout import CellLayout, SheetLayout, TableLayout
from pipeline.excel.reader.reading import column_letters
from pipeline.model.master import Line, Master
from pipeline.model.tables import Column, Filler, Kind, Table
from pipeline.rules.continuation import Rates, continuation_starts
from pipeline.rules.key_figures import Kpi, catalogue
from pipeline.tables import choices

LISTS = "Listen"
YES_NO = ("ja", "nein")
Lists = dict[str, tuple[str | int | Decimal, ...]]
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
        **_for_checks(master, unit, products, typed),
    }


def _for_checks(
    master: Master, unit: str, products: Sequence[str], typed: Mapping[str, Line]
) -> Lists:
    """What the live checks look up: nobody chooses from these lists."""
    lines = master.lines.values()
    pairs = {
        product: tuple(key for key in typed if master.plans(unit, product, key))
        for product in products
    }
    uniform = len(set(pairs.values())) <= 1
    planned = next(iter(pairs.values()), ())
    kpis = catalogue(master)
    own = [kpis[kpi] for kpi in master.kpis_of(unit)]
    return {
        "L_Ebenen_alle": tuple(text(each) for each in master.tables["levels"]["level"]),
        "L_Zeilen_ohne_Minus": tuple(line.line for line in lines if not line.may_be_negative),
        "L_Zeilen_intern": tuple(
            line.line for line in lines if line.internal or line.kind in choices.INTERNAL_KINDS
        ),
        "L_Zeilen_andere": tuple(
            line.line for line in lines if (line.plan, line.kind) != ("Finanz", "payment")
        ),
        # Where the unit plans the same lines for all its products, a list of lines is enough.
        "L_Zeilen_fremd": tuple(key for key in typed if key not in planned) if uniform else (),
        "L_Produktzeilen": ()
        if uniform
        else tuple(f"{product}|{line}" for product, keys in pairs.items() for line in keys),
        "L_Ziele_Konsolidierung": _consolidation_goals(master),
        **_for_own_goals(master),
        "L_Status_zaehlt": tuple(choice.label for choice in choices.COUNTED_STATUSES),
        **_rates(master, typed),
        **_earlier_actuals(master, unit),
        "L_Kennzahlen_Art": tuple(kpi.kind for kpi in own),
        "L_Kennzahlen_Teile": tuple(_parts(kpi) for kpi in own),
        "L_Kennzahlen_Faktor": tuple(kpi.factor for kpi in own),
        "L_Kennzahlen_Stellen": tuple(_stated(kpi.decimals) for kpi in own),
        "L_Kennzahlen_Basis": tuple(_stated(kpi.base) for kpi in own),
        "L_Kennzahlen_Minimum": tuple(_stated(kpi.minimum) for kpi in own),
        "L_Kennzahlen_Maximum": tuple(_stated(kpi.maximum) for kpi in own),
    }


def _earlier_actuals(master: Master, unit: str) -> Lists:
    """Per year the actuals that the master holds, for the two years before each that departments
    may state.
    """
    table = master.submission_tables["kpis"]
    stated = {
        column.year.year
        for column in table.columns
        if column.year and column.stem == "actual" and column.filled_by is Filler.DEPARTMENT
    }
    known = previous_kpis(master, unit)
    found: Lists = {}
    for year in sorted({year - back for year in stated for back in (1, 2)}):
        actuals = (known.get((kpi, year), {}).get("actual") for kpi in master.kpis_of(unit))
        found[f"L_Kennzahlen_Ist_{year}"] = tuple(
            actual if isinstance(actual, Decimal) else "" for actual in actuals
        )
    return found


def _stated(value: int | Decimal | None) -> str | int | Decimal:
    return "" if value is None else value


def _parts(kpi: Kpi) -> str:
    """Which parts of a ratio departments type: ``Z`` Zähler, ``N`` Nenner, ``-`` neither; empty for
    what is no ratio.
    """
    letters = {"numerator": "Z", "denominator": "N"}
    return ("".join(letters[part] for part in kpi.enters) or "-") if kpi.ratio else ""


def _for_own_goals(master: Master) -> Lists:
    """Where departments fill goals: the rank of every level and goal (1 the highest), whether a
    goal's path ends at the highest level, and the levels that must refer upwards.
    """
    if not master.departments_fill_goals:
        return {}
    levels, goals, tree = master.tables["levels"], master.tables["goals"], master.goals
    ranks = {
        text(level): int(order)
        for level, order in levels.dropna(subset=["level", "order"])[["level", "order"]].itertuples(
            index=False
        )
    }
    held = {
        text(goal): text(level) for goal, level in goals[["goal", "level"]].itertuples(index=False)
    }
    top = min(ranks.values(), default=0)
    keys = [text(level) for level in levels["level"]]
    return {
        "L_Ebenen_Rang": tuple(ranks.get(level, "") for level in keys),
        "L_Ebenen_hinauf": tuple(levels.loc[levels["refers_up"].fillna(False), "level"].dropna()),
        "L_Ziele_Rang": tuple(ranks.get(held.get(goal, ""), "") for goal in master.titles["goals"]),
        "L_Ziele_oben": tuple(
            int(ranks.get(held.get(tree.ancestry[goal][-1], ""), top) == top)
            for goal in master.titles["goals"]
        ),
    }


def _consolidation_goals(master: Master) -> tuple[str, ...]:
    """The goals that a saving may belong to; empty where the master has no consolidation goal, or
    where departments number goals that no list can know.
    """
    goals = master.tables["goals"]
    wanted = list(goals.loc[goals["consolidation"].fillna(False), "goal"])
    if not wanted or master.departments_fill_goals:
        return ()
    below = master.goals.subtree(wanted)
    return tuple(goal for goal in master.titles["goals"] if goal in below)


def _rates(master: Master, typed: Iterable[str]) -> Lists:
    """Per later year the growth of each line of ``L_Zeilenplan`` in per cent, ``–`` where finance
    stated none.
    """
    rates, starts = Rates(master), continuation_starts(master)
    last = max((year.year for year in master.entered_years), default=starts)
    found: Lists = {}
    for year in range(starts + 1, last + 1):
        values: list[str | int | Decimal] = []
        for line in typed:
            factor = rates.factor(line, year)
            growth = None if factor is None else (factor - 1) * 100
            values.append(
                "–" if growth is None else Decimal(growth.numerator) / Decimal(growth.denominator)
            )
        found[f"L_Orientierung_{year}"] = tuple(values)
    return found


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


OF_PRODUCT = (
    'OFFSET(L_Massnahmen_geordnet,IF({product}="",0,'
    'IFERROR(MATCH("P"&{product},L_Massnahmen_Produkt,0)-1,COUNT(L_Massnahmen_Platz))),0,'
    'MAX(1,IF({product}="",COUNT(L_Massnahmen_Platz),'
    'COUNTIF(L_Massnahmen_Produkt,"P"&{product}))),1)'
)
"""The measures of the product in ``{product}``, the row's own cell: a stretch of the measures that
the sheet Maßnahmen holds sorted by product; without a product all of them. A product without
measures gets the empty cell behind them.

The letter before the number keeps Excel from taking ``511.1`` for ``511.10`` (COUNTIF compares
texts that look like numbers as numbers).
"""


def template_sources(table: Table) -> dict[str, str]:
    """What the drop-down of each column of a template's table offers: a defined name, or a formula
    over defined names that depends on another cell of the row, named in braces.
    """
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
    if "measure" in found:
        found["measure"] = OF_PRODUCT
    if "partner" in found:
        found["partner"] = "L_Produkte_alle"
    return found


def accepted_lists(master: Master, table: Table) -> dict[str, str]:
    """Per column the list of all values that the pipeline accepts, where one list can hold them.

    It may hold more than the drop-down offers: which line of which product is the unit's own is
    another rule.
    """
    found = template_sources(table)
    wider_lists = (
        ("line", "L_Zeilenplan"), ("level", "L_Ebenen_alle"), ("measure", "L_Massnahmen"),
    )  # fmt: skip
    for name, wider in wider_lists:
        if name in found:
            found[name] = wider
    if master.departments_fill_goals:
        for name in ("goal", "parent"):
            found.pop(name, None)
    return found


def lenient_columns(master: Master) -> frozenset[str]:
    """Columns whose list only advises."""
    # A measure may serve the rows of other products than its own, and may be described later.
    # Where departments number goals themselves, no list can know them all.
    goals = {"goal", "parent"} if master.departments_fill_goals else set()
    return frozenset({"measure", *goals})


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
        letter = {**table.letters, **table.helpers}[column]
        return f"'{table.sheet}'!${letter}${table.first_row}:${letter}${table.last_row}"

    return {
        "L_Massnahmen": span("measure"),
        "L_Massnahmen_Titel": span("title"),
        "L_Massnahmen_begonnen": span("#active"),
        "L_Massnahmen_zaehlt": span("#counts"),
        "L_Massnahmen_von": span("#first"),
        "L_Massnahmen_bis": span("#last"),
        "L_Massnahmen_Platz": span("#place"),
        "L_Massnahmen_geordnet": span("#sorted"),
        "L_Massnahmen_Produkt": span("#sorted_product"),
    }


def goal_names(table: TableLayout) -> dict[str, str]:
    """The names that look into the sheet of the department's own goals."""

    def span(column: str) -> str:
        letter = table.letters[column]
        return f"'{table.sheet}'!${letter}${table.first_row}:${letter}${table.last_row}"

    return {"L_Ziele_eigene": span("goal"), "L_Ziele_eigene_Titel": span("title")}


def cost_names(table: TableLayout) -> dict[str, str]:
    """The names that look into the sheet of amounts, for the totals of measures."""

    def span(column: str) -> str:
        letter = {**table.letters, **table.helpers}[column]
        # From the locked header to the locked closing row: cut and paste cannot shorten it.
        return f"'{table.sheet}'!${letter}${table.header_row}:${letter}${table.closing_row}"

    return {
        "L_Ansaetze_Massnahme": span("#measure_row"),
        "L_Ansaetze_Kosten": span("#cost"),
        "L_Ansaetze_Ertrag": span("#income"),
        "L_Ansaetze_Geld": span("#money"),
        "L_Ansaetze_Art": span("#kind"),
    }


def lists_sheet(lists: Lists) -> SheetLayout:
    """The hidden sheet with one column per list."""
    cells = {}
    for column, (name, values) in enumerate(lists.items(), start=1):
        cells[1, column] = CellLayout(value=name, style="strong")
        for row, value in enumerate(values, start=2):
            shown_as = "plain:text" if isinstance(value, str) else "plain"
            cells[row, column] = CellLayout(value=value if value != "" else None, style=shown_as)
    return SheetLayout(name=LISTS, title="Listen", hidden=True, cells=cells)
