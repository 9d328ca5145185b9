"""The master workbook, read by the same means as a return and turned into
:class:`~pipeline.model.master.Master`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import pandas as pd

import pipeline.rules.reading  # noqa: F401 - declares the rules raised here
from pipeline.excel.intake.grid import FoundTable, tables_in
from pipeline.excel.intake.values import EMPTY, Value, read_value
from pipeline.excel.reader.reading import Reading, Refusal, Workbook, column_letters
from pipeline.model.blocks import Block, State, frame_of, rows_of
from pipeline.model.findings import Finding, Place
from pipeline.model.master import Master, Settings
from pipeline.model.tables import Role, Table, Year
from pipeline.rules.registry import finding
from pipeline.tables import choices
from pipeline.tables.master import MASTER_TABLES, REQUIRED_MASTER_TABLES, SETTING_VALUES
from pipeline.tables.submission import tables_for

MASTER_FILE = "Stammdaten.xlsx"


def read_master(reading: Reading) -> tuple[Master | None, list[Finding]]:
    """The master data and what is wrong with reading them; ``None`` where nothing can be built from
    them.

    Tables are found by their key rows; a missing sheet is an empty table, unless nothing can be
    planned without it. Errors of single cells do not stop the reading: the caller refuses a master
    with any error.
    """
    result = reading.result
    if isinstance(result, Refusal):
        return None, [_said("D01", facts=dict(result.values), variant=result.reason.value)]
    findings: list[Finding] = []
    blocks: dict[str, Block] = {}
    found = _by_name(tables_in(result), findings)
    for table in MASTER_TABLES:
        here = found.get(table.name)
        if here is None:
            if table.name in REQUIRED_MASTER_TABLES:
                findings.append(_said("S21", blatt=table.sheet))
            blocks[table.name] = _empty(table)
            continue
        findings.extend(
            _said("D10", sheet=here.sheet.name, spalte=column.title)
            for column in table.columns
            if column.name not in here.columns and column.required
        )
        blocks[table.name] = _block(here, table, result, blocks, findings)
    settings = _settings(found.get("settings"), result, findings)
    if settings is None or any(each.rule in {"S21", "D29"} for each in findings):
        return None, findings
    years = _years(blocks["years"].frame)
    frames = {name: block.frame for name, block in blocks.items()}
    submission = tables_for(
        years,
        round=settings.round,
        uses_savings=settings.uses_savings,
        savings_until=settings.savings_until,
        departments_fill_goals=bool((frames["levels"]["filled_by"] == "Fachamt").any()),
    )
    return Master(
        settings=settings, years=years, tables=frames, blocks=blocks, submission=submission
    ), findings


def _said(
    rule: str,
    *,
    sheet: str = "",
    cell: str = "",
    table: str = "",
    column: str = "",
    row: int = 0,
    facts: Mapping[str, str] | None = None,
    **values: str,
) -> Finding:
    place = Place(file=MASTER_FILE, sheet=sheet, cell=cell, table=table, column=column, row=row)
    return finding(rule, place, values={**values, **(facts or {})})


def _by_name(tables: Sequence[FoundTable], findings: list[Finding]) -> dict[str, FoundTable]:
    found: dict[str, FoundTable] = {}
    for table in tables:
        if table.name in found:
            findings.append(
                _said(
                    "D29",
                    sheet=table.sheet.name,
                    tabelle=table.name,
                    a=found[table.name].sheet.name,
                    b=table.sheet.name,
                )
            )
        found.setdefault(table.name, table)
    return found


def _empty(table: Table) -> Block:
    frame = frame_of({column.name: column.kind for column in table.columns}, {})
    nothing = pd.DataFrame({name: [] for name in table.names})
    return Block(
        table,
        MASTER_FILE,
        table.sheet,
        frame,
        nothing.astype("string"),
        nothing.astype("int8"),
        nothing.astype("bool"),
        (),
        {},
    )


def _block(
    here: FoundTable,
    table: Table,
    workbook: Workbook,
    known: Mapping[str, Block],
    findings: list[Finding],
) -> Block:
    columns = [column for column in table.columns if column.name in here.columns]
    numbers = {here.columns[column.name] for column in columns}
    rows = [
        row
        for row in sorted(here.by_row)
        if row >= max(here.first_row, here.key_row + 1) and not numbers.isdisjoint(here.by_row[row])
    ]
    allowed = {column.name: _allowed(column.references, known) for column in columns}
    kept: list[tuple[int, dict[str, Value]]] = []
    for row in rows:
        values: dict[str, Value] = {}
        for column in table.columns:
            cell = here.by_row[row].get(here.columns.get(column.name, -1))
            value = EMPTY
            if cell is not None:
                value = replace(
                    read_value(
                        cell,
                        column,
                        date1904=workbook.date1904,
                        allowed=allowed.get(column.name, ()),
                    ),
                    raw=cell.raw,
                )
            values[column.name] = value
            for rule, facts in value.faults:
                letter = column_letters(here.columns[column.name])
                findings.append(
                    _said(
                        rule,
                        sheet=here.sheet.name,
                        cell=f"{letter}{row}",
                        table=table.name,
                        column=column.name,
                        row=row,
                        facts=facts,
                    )
                )
        if any(value.state is not State.EMPTY for value in values.values()):
            kept.append((row, values))
    frame = frame_of(
        {column.name: column.kind for column in table.columns},
        {name: [values[name].content for _, values in kept] for name in table.names},
    )
    state = pd.DataFrame(
        {name: [int(values[name].state) for _, values in kept] for name in table.names},
        dtype="int8",
    )
    raw = pd.DataFrame(
        {name: [values[name].raw for _, values in kept] for name in table.names}, dtype="string"
    )
    letters = {name: column_letters(number) for name, number in here.columns.items()}
    locked = pd.DataFrame(data=False, index=frame.index, columns=list(table.names))
    return Block(
        table,
        MASTER_FILE,
        here.sheet.name,
        frame,
        raw,
        state,
        locked,
        tuple(row for row, _ in kept),
        letters,
    )


def _allowed(reference: str | None, known: Mapping[str, Block]) -> Sequence[str]:
    if reference is None or reference not in known:
        return ()
    frame = known[reference].frame
    return list(frame[frame.columns[0]].dropna())


def _settings(
    here: FoundTable | None, workbook: Workbook, findings: list[Finding]
) -> Settings | None:
    """The sheet Lauf; ``None`` where a setting without default is missing or unreadable."""
    if here is None:
        return None
    columns = {column.name: (column, default) for column, default in SETTING_VALUES}
    typed: dict[str, Any] = {}
    places: dict[str, str] = {}
    name_column, value_column = here.columns.get("setting", -1), here.columns.get("value", -1)
    for row in sorted(row for row in here.by_row if row >= here.first_row):
        cells = here.by_row[row]
        name = cells[name_column].raw.strip() if name_column in cells else ""
        places.setdefault(name, f"{column_letters(value_column)}{row}")
        if name not in columns or value_column not in cells:
            continue
        value = read_value(cells[value_column], columns[name][0], date1904=workbook.date1904)
        for rule, facts in value.faults:
            findings.append(
                _said(
                    rule,
                    sheet=here.sheet.name,
                    cell=places[name],
                    table="settings",
                    column="value",
                    row=row,
                    facts=facts,
                )
            )
        if value.state is State.VALUE:
            typed[name] = value.content
    known = {each.name for each in fields(Settings)}
    for name, (column, _) in columns.items():
        if column.required and name not in typed:
            findings.append(
                _said(
                    "S20",
                    sheet=here.sheet.name,
                    cell=places.get(name, ""),
                    table="settings",
                    column="value",
                    einstellung=column.title,
                    wert="leer",
                )
            )
    if any(column.required and name not in typed for name, (column, _) in columns.items()):
        return None
    return Settings(**{name: value for name, value in typed.items() if name in known})


def _years(frame: pd.DataFrame) -> tuple[Year, ...]:
    roles = {choice.code: choice.label for choice in choices.ROLES}
    found = []
    for row in rows_of(frame):
        if row.year is pd.NA or row.role is pd.NA:
            continue
        title = f"{roles[str(row.role)]} {row.year}" if row.title is pd.NA else str(row.title)
        found.append(
            Year(
                year=int(row.year),
                role=Role(str(row.role)),
                title=title,
                entered=row.entry != "vorgegeben",
            )
        )
    return tuple(found)
