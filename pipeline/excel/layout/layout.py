"""The layout of the workbooks we hand out, as values: pure, without a file and without XlsxWriter.

What a return is compared with is rebuilt by :func:`template_layout` from its ``_meta``; nothing
about handed-out files has to be stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pipeline import __version__
from pipeline.excel.layout.check_sheet import check_names, check_sheet
from pipeline.excel.layout.drop_downs import (
    YES_NO,
    Lists,
    accepted_lists,
    choice_lists,
    choice_name,
    cost_names,
    goal_names,
    lenient_columns,
    list_names,
    lists_sheet,
    measure_names,
    template_lists,
    template_sources,
)
from pipeline.excel.layout.guidance import master_guidance, template_guidance
from pipeline.excel.layout.handbook_sheet import handbook_sheet
from pipeline.excel.layout.helper_columns import (
    ceilings,
    control_totals,
    decimals_of_row,
    helper_columns,
    hidden_columns,
)
from pipeline.excel.layout.live import live_checks
from pipeline.excel.layout.prefill import SPARE_ROWS, RowLayout, prepared_rows, text
from pipeline.excel.layout.settings_sheet import settings_sheet
from pipeline.excel.layout.sheet_layout import (
    CellLayout,
    Highlight,
    Print,
    SheetLayout,
    Shown,
    TableLayout,
    Validation,
    WorkbookLayout,
)
from pipeline.excel.layout.shown import shown, shown_text
from pipeline.excel.layout.table_sheet import Plan, table_sheet
from pipeline.model.identity import Identity
from pipeline.model.master import Master
from pipeline.model.tables import Kind, Table, fingerprint
from pipeline.tables.master import MASTER_TABLES, SETTING_VALUES
from pipeline.tables.submission import RELEASE_VALUES

__all__ = [
    "CellLayout",
    "Highlight",
    "Print",
    "RowLayout",
    "SheetLayout",
    "TableLayout",
    "Validation",
    "WorkbookLayout",
    "master_identity",
    "master_layout",
    "shown",
    "template_identity",
    "template_layout",
]

META = "_meta"
_FLAG = " – Beispieldaten (Fiktiv)"


def template_identity(
    master: Master, *, city: str, plan: str, unit: str, rows: str = "", revision: str = "1"
) -> Identity:
    """The identity of a unit's template: what its layout can be rebuilt from, together with the
    master.
    """
    return Identity(
        kind="template",
        city=city,
        plan=plan,
        year=str(master.settings.budget_year),
        round=master.settings.round,
        unit=unit,
        revision=revision,
        rows=rows,
        fingerprint=fingerprint(master.submission),
        master_digest=master.digest,
        version=__version__,
    )


def master_identity(*, city: str, plan: str, year: str = "", round: str = "") -> Identity:
    """The identity of a master workbook."""
    return Identity(
        kind="master",
        city=city,
        plan=plan,
        year=year,
        round=round,
        fingerprint=fingerprint(MASTER_TABLES),
        version=__version__,
    )


def template_layout(master: Master, identity: Identity) -> WorkbookLayout:
    """Everything that stands in the template of ``identity.unit``.

    ``identity.rows`` asks for at least that many prepared rows per table; empty: twice the
    pre-filled rows, and not less than the table's default. Key figures and product texts have
    exactly their rows, and no sheet where the unit has none.
    """
    unit = identity.unit
    unit_title = master.titles["units"].get(unit, unit)
    lists = template_lists(master, unit)
    wanted = int(identity.rows) if identity.rows.isdigit() else None
    sheets: list[SheetLayout] = []
    names: dict[str, str] = {}
    issued: dict[str, int] = {}
    for table in master.submission:
        rows = prepared_rows(master, table, unit, wanted)
        if table.name == "measures":
            issued = {text(row.values.get("measure")): at for at, row in enumerate(rows, start=1)}
        heading = f"{table.title} – {unit_title} ({unit})"
        if table.settings:
            sheets.append(
                settings_sheet(
                    table=table,
                    settings=RELEASE_VALUES,
                    values={},
                    sources={"state": "L_release_state"},
                    heading=heading,
                    hint=_RELEASE_HINT,
                    editable=False,
                )
            )
            continue
        if not rows:  # nothing is asked of this unit here
            continue
        checks = live_checks(master, table, lists, accepted_lists(master, table))
        plan = Plan(
            table=table,
            rows=rows,
            checks=checks,
            heading=heading,
            hint=_HINTS.get(table.name) or table.help or _HINTS[""],
            helpers=(
                *helper_columns(master, table, lists),
                *hidden_columns(master, table, len(rows), issued),
            ),
            totals=control_totals(master, table, rows, unit),
            sources=template_sources(table),
            lenient=lenient_columns(master),
            decimals=decimals_of_row(master, table),
            frozen=_FROZEN.get(table.name, table.key[0]),
            lines=_LINES.get(table.name, 1),
            closing=_MORE_ROWS if table.name in SPARE_ROWS else _COMPLETE,
        )
        sheet = table_sheet(plan)
        sheets.append(sheet)
        if table.name in _LOOKED_INTO and sheet.table:
            names |= _LOOKED_INTO[table.name](sheet.table)
    tables = [sheet.table for sheet in sheets if sheet.table]
    checked = check_sheet(
        tables, ceilings(master, tables, unit), f"Prüfung vor der Rückgabe – {unit_title} ({unit})"
    )
    names |= check_names()
    # Before the sheet of release: what is checked is what is released.
    at = next((n for n, table in enumerate(tables) if table.table.settings), len(sheets))
    sheets.insert(at, checked)
    guidance = template_guidance(master, identity, [table.table for table in tables])
    flag = _FLAG if master.settings.example_data else ""
    return WorkbookLayout(
        identity=identity,
        title=f"Haushaltsplanung {identity.plan}: {unit_title}",
        footer=f"{unit_title}{flag}",
        sheets=(guidance, *sheets, handbook_sheet(), lists_sheet(lists), _meta_sheet(identity)),
        lists=lists,
        names={**list_names(lists), **names},
    )


_LOOKED_INTO: Mapping[str, Callable[[TableLayout], dict[str, str]]] = {
    "goals": goal_names,
    "measures": measure_names,
    "costs": cost_names,
}
"""The sheets that others look into, with what makes the names for that."""
_HINTS = {
    "": "Gelbe Felder bitte ausfüllen, graue sind vorgegeben oder berechnet. * wird gebraucht.",
    "costs": (
        "Gelbe Felder bitte ausfüllen. Jahre mit Fortschreibung dürfen leer bleiben; "
        "die Summen zählen sie mit, ohne interne Leistungen."
    ),
}
_LINES = {"product_texts": 4}
_RELEASE_HINT = (
    "Bitte zum Schluss ausfüllen. Ein Entwurf wird gelesen, gilt aber als noch nicht freigegeben."
)
_MORE_ROWS = (
    "Ende der vorbereiteten Zeilen. Sie brauchen mehr? "
    "Die Ansprechstelle (Blatt Hinweise) schickt Ihnen eine längere Vorlage."
)
_COMPLETE = (
    "Ende der Liste. Fehlt etwas? Bitte sagen Sie der Ansprechstelle (Blatt Hinweise) Bescheid."
)
_FROZEN = {
    "costs": "line",
    "commitments": "line",
    "measures": "title",
    "kpis": "#kpi",
    "product_texts": "#product",
    "product_goals": "#product",
    "savings": "title",
    "goals": "title",
}


def _meta_sheet(identity: Identity) -> SheetLayout:
    cells = {}
    for row, (name, value) in enumerate(identity.entries().items(), start=1):
        cells[row, 1] = CellLayout(value=name, style="plain:text")
        cells[row, 2] = CellLayout(value=value or None, style="plain:text")
    return SheetLayout(
        name=META, title=META, hidden=True, cells=cells, column_widths={1: 18.0, 2: 70.0}
    )


_MASTER_SPARE = 40
"""Prepared rows beyond those that are filled; rows below them are read too."""


def master_layout(
    tables: Mapping[str, Sequence[Mapping[str, object]]], identity: Identity
) -> WorkbookLayout:
    """The master workbook with the rows of ``tables`` (label texts as in CSV files, or typed
    values); missing tables are empty sheets, a missing setting is an empty row.
    """
    lists: Lists = {
        "L_Ja_Nein": YES_NO,
        **choice_lists(MASTER_TABLES),
        **{
            f"L_settings_{setting.name}": tuple(choice.label for choice in setting.choices)
            for setting, _ in SETTING_VALUES
            if setting.choices
        },
    }
    given = {text(row.get("setting")): row.get("value") for row in tables.get("settings", ())}
    sheets = [
        _master_settings(table, given)
        if table.settings
        else _master_table(table, tables.get(table.name, ()))
        for table in MASTER_TABLES
    ]
    names = {
        f"L_{sheet.table.table.name}": _key_range(sheet.table)
        for sheet in sheets
        if sheet.table and sheet.table.table.name in _REFERENCED
    }
    fictional = text(given.get("example_data")) == "ja"
    guidance = master_guidance(identity, MASTER_TABLES, fictional=fictional)
    city = text(given.get("city")) or identity.city
    return WorkbookLayout(
        identity=identity,
        title=f"Stammdaten {identity.plan}",
        footer=f"{city}{_FLAG if fictional else ''}",
        sheets=(guidance, *sheets, lists_sheet(lists), _meta_sheet(identity)),
        lists=lists,
        names={**list_names(lists), **names},
    )


_REFERENCED = frozenset(
    c.references for table in MASTER_TABLES for c in table.columns if c.references
)


def _key_range(table: TableLayout) -> str:
    letter = table.letters[table.table.key[-1]]
    return f"'{table.sheet}'!${letter}${table.first_row}:${letter}${table.last_row}"


def _master_settings(table: Table, given: Mapping[str, object]) -> SheetLayout:
    known = {setting.name: setting for setting, _ in SETTING_VALUES}
    sources = {name: f"L_settings_{name}" for name, setting in known.items() if setting.choices}
    yes_no = {name: "L_Ja_Nein" for name, setting in known.items() if setting.kind is Kind.YES_NO}
    values: dict[str, Shown] = {
        name: shown_text(setting, given.get(name)) for name, setting in known.items()
    }
    return settings_sheet(
        table=table,
        settings=SETTING_VALUES,
        values=values,
        sources=sources | yes_no,
        heading=table.title,
        hint=table.help,
        editable=True,
    )


def _master_table(table: Table, rows: Sequence[Mapping[str, object]]) -> SheetLayout:
    unknown = {name for row in rows for name in row} - set(table.names)
    if unknown:
        raise KeyError(f"{table.name}: {sorted(unknown)}")
    spare = max(_MASTER_SPARE, len(rows) // 2)
    filled = [
        RowLayout(values={name: value for name, value in row.items() if value not in ("", None)})
        for row in rows
    ]
    sources = {}
    for column in table.columns:
        if column.choices:
            sources[column.name] = choice_name(table, column)
        elif column.kind is Kind.YES_NO:
            sources[column.name] = "L_Ja_Nein"
        elif column.references:
            sources[column.name] = f"L_{column.references}"
    plan = Plan(
        table=table,
        rows=(*filled, *[RowLayout()] * spare),
        heading=table.title,
        hint=table.help or "Eine Zeile je Eintrag; Überschriften mit * werden gebraucht.",
        sources=sources,
        frozen=table.key[0],
        editable=True,
        shown=shown_text,
    )
    return table_sheet(plan)
