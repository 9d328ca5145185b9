"""The declaration as data: what the command ``schema`` prints and outside programs read."""

from __future__ import annotations

from typing import Any

from pipeline.model.master import Master
from pipeline.model.tables import Column, Kind, Table, Year
from pipeline.tables.master import MASTER_TABLES, SETTING_VALUES
from pipeline.tables.submission import RELEASE_VALUES, SUBMISSION_TABLES


def described(master: Master | None = None) -> list[dict[str, Any]]:
    """Every table with sheet, key and columns (name, title, kind, required, choices, references,
    per_year).

    A column of a year has ``per_year``, the roles of the years for which it exists; its cells are
    named ``<name>_<year>``. With a master, ``years`` lists the years of this plan, ``entered``
    those that departments fill, and only the sheets that this plan uses are listed.
    """
    tables = [*MASTER_TABLES, *(SUBMISSION_TABLES if master is None else _used(master))]
    return [
        {
            "workbook": table.workbook,
            "table": table.name,
            "sheet": table.sheet,
            "key": list(table.key),
            "columns": [_column(column, table, master) for column in table.columns],
            **_settings(table),
        }
        for table in tables
    ]


def _used(master: Master) -> list[Table]:
    return [table for table in SUBMISSION_TABLES if table.name in master.submission_tables]


def _column(column: Column, table: Table, master: Master | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": column.name,
        "title": column.title,
        "kind": column.kind.value,
        "required": column.required,
        "choices": _choices(column),
        "references": column.references,
        "per_year": [role.value for role in column.per_year],
    }
    if master is not None and column.per_year:
        wide = master.submission_tables[table.name].columns
        own: list[Year] = [
            each.year for each in wide if each.stem == column.name and each.year is not None
        ]
        facts["years"] = [year.year for year in own]
        entered = {
            each.name
            for each in wide
            if each.stem == column.name and each.filled_by.value == "department"
        }
        facts["entered"] = [year.year for year in own if f"{column.name}_{year.year}" in entered]
    return facts


def _choices(column: Column) -> list[str]:
    if column.kind is Kind.YES_NO:
        return ["ja", "nein"]
    return [choice.label for choice in column.choices]


def _settings(table: Table) -> dict[str, Any]:
    """For tables of two columns: the rows that are prepared in them."""
    values = {"settings": SETTING_VALUES, "release": RELEASE_VALUES}.get(table.name, ())
    if not table.settings:
        return {}
    return {
        "settings": [
            {
                "setting": column.name,
                "title": column.title,
                "kind": column.kind.value,
                "required": column.required,
                "choices": _choices(column),
                "default": default,
            }
            for column, default in values
        ]
    }
