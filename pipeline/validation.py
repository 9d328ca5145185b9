"""From typed tables to findings: single columns, keys, references, then the registered rules.

Every check runs once over the tables of all returns together; a finding names the cell in its own
file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pandera.pandas as pa

from pipeline.model.findings import Blocks, Finding, Place, Severity
from pipeline.model.master import Master
from pipeline.model.submission import Frames
from pipeline.model.tables import Column, Table
from pipeline.rules.columns import Demand, demands, excused, facts, met
from pipeline.rules.keys import doubled, taken_by_the_master
from pipeline.rules.references import (
    computed_lines,
    not_its_key_figure,
    not_its_line,
    not_its_product,
    unknown,
)
from pipeline.rules.registry import WHOLE_SHEET, Rule, by_id, checks, finding, part_of
from pipeline.rules.waivers import waivers

_KEYS = (
    "product", "line", "measure", "goal", "kpi", "savings_measure", "year", "partner", "unit",
)  # fmt: skip
"""Columns of a row that a waiver may name."""
_RESERVED = frozenset({"column", "file", "unit"})
_OF_EMPTY_CELLS = frozenset({"Z09", "Z14", "M01", "H01", "K02", "K07", "K10"})
"""Rules that miss something: they are silent where the same cell has another error."""


def validate(frames: Frames, tables: Sequence[Table], workbook: str) -> list[Finding]:
    """Everything that is wrong in these tables (``workbook``: ``template`` or ``master``), before
    :func:`judged`.

    ``tables`` are the declarations of ``frames``: ``master.submission`` or
    ``tables.master.MASTER_TABLES``.
    """
    master = workbook == "master"
    found: list[Finding] = []
    for table in tables:
        if table.name in frames.tables and not table.settings and len(frames.tables[table.name]):
            found += _columns(frames, table, master=master)
            found += _keys(frames, table, master=master)
            found += _references(frames, table, master=master)
    for rule in checks(workbook):
        if rule.table in frames.tables and rule.check is not None:
            found += _findings(frames, rule.table, rule, rule.check(frames))
    return found


def schema(frames: Frames, table: Table) -> pa.DataFrameSchema:
    """The pandera schema of a table's single columns; every check carries its rule id and the
    declaration's word.
    """
    columns = {}
    for column in table.columns:
        checked = [_check(frames, table, column, demand) for demand in demands(table, column)]
        if checked:
            columns[column.name] = pa.Column(None, checked, nullable=True)
    return pa.DataFrameSchema(columns)


def _check(frames: Frames, table: Table, column: Column, demand: Demand) -> pa.Check:
    def holds(values: pd.Series) -> pd.Series[bool]:
        if demand.word == "required":
            return values.notna() | excused(frames, table, column).to_numpy(dtype=bool)
        return met(column, demand.word, values)

    return pa.Check(holds, error=f"{demand.rule}:{demand.word}", ignore_na=False)


def _columns(frames: Frames, table: Table, *, master: bool) -> list[Finding]:
    try:
        schema(frames, table).validate(frames.tables[table.name], lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return []
    broken = cases[cases["index"].isna() | ~cases["check"].str.fullmatch(r"[A-Z]\d\d:\w+")]
    if len(broken):  # a missing column or a check that raised: a fault of the program
        raise ValueError(f"{table.name}: {broken[['column', 'check']].to_dict('records')}")
    found: list[Finding] = []
    for (name, check), rows in cases.groupby(["column", "check"], sort=True):
        rule_id, _, word = str(check).partition(":")
        column = table.column(str(name))
        index = [int(each) for each in rows["index"]]
        values = frames.tables[table.name].loc[index, column.name]
        said = pd.DataFrame([facts(column, word, value) for value in values], index=index)
        found += _findings(
            frames,
            table.name,
            _as_rule(rule_id, table, master=master),
            said.assign(column=column.name),
        )
    return found


def _as_rule(rule_id: str, table: Table, *, master: bool) -> Rule:
    """A derived rule as it counts in this table: in a return it blocks the table's part, in the
    master all.
    """
    blocks = Blocks.RETURN if master else part_of(table.name)
    return replace(by_id()[rule_id], blocks=blocks, table=table.name, column=table.key[0])


def _keys(frames: Frames, table: Table, *, master: bool) -> list[Finding]:
    rule_id, answer = doubled(frames, table, master=master)
    rule = _as_rule(rule_id, table, master=master)
    found = _findings(frames, table.name, rule, answer)
    if table.name == "goals" and not master:
        found += _findings(frames, table.name, rule, taken_by_the_master(frames))
    return found


def _references(frames: Frames, table: Table, *, master: bool) -> list[Finding]:
    answers: list[tuple[str, pd.DataFrame]] = []
    for column in table.columns:
        if column.references is None:
            continue
        answers += unknown(frames, table, column, master=master)
        if column.references == "lines":
            answers.append(("S16", computed_lines(frames, table, column)))
        if column.name == "product" and not master:
            answers.append(("S02", not_its_product(frames, table, column)))
    if table.name in {"costs", "commitments"}:
        answers.append(("S17", not_its_line(frames, table)))
    if table.name == "kpis" and not master:
        answers.append(("K01", not_its_key_figure(frames)))
    return [
        each
        for rule_id, answer in answers
        for each in _findings(frames, table.name, _as_rule(rule_id, table, master=master), answer)
    ]


def _findings(frames: Frames, table: str, rule: Rule, answer: pd.DataFrame) -> list[Finding]:
    """The findings of a check's answer (see ``registry.Check``)."""
    if answer.empty and not len(answer.index):
        return []
    names = {column.name: column for column in _declaration(frames, table)}
    key_columns = [name for name in _KEYS if name in frames.tables[table].columns]
    rows = frames.tables[table].loc[
        sorted(set(answer.index) - {WHOLE_SHEET}),
        [*dict.fromkeys([*key_columns, "block", "row", "unit"])],
    ]
    by_index = rows.to_dict("index")
    found: list[Finding] = []
    for index, facts_ in zip(answer.index, answer.to_dict("records"), strict=True):
        told = {str(name): str(text) for name, text in facts_.items() if not pd.isna(text)}
        column = told.get("column", rule.column)
        values = {
            name: text
            for name, text in told.items()
            if name not in _RESERVED
            and not name.startswith("key_")
            and not (name == "variant" and not text)
        }
        keys = {
            name.removeprefix("key_"): text
            for name, text in told.items()
            if name.startswith("key_")
        }
        if index == WHOLE_SHEET:
            place = _sheet(frames, table, column, told.get("file", ""))
            unit = told.get("unit", "")
        else:
            row = by_index[index]
            block = frames.blocks[table][int(row["block"])]
            if column in names and column not in block.letters:
                continue  # the column is missing from that file: D10 says so once, not every row
            place = block.place(int(row["row"]), column)
            keys = {**_row_keys(row, key_columns, names.get(column)), **keys}
            unit = "" if rule.master else str(row["unit"])
        found.append(
            finding(
                rule.id,
                place,
                values=values,
                keys=keys,
                unit=unit,
                severity=rule.severity,
                blocks=rule.blocks,
            )
        )
    return found


def _declaration(frames: Frames, table: str) -> tuple[Column, ...]:
    blocks = frames.blocks.get(table, ())
    return blocks[0].table.columns if blocks else ()


def _row_keys(
    row: Mapping[Any, Any], names: Iterable[str], column: Column | None
) -> dict[str, str]:
    keys = {name: str(row[name]) for name in names if not pd.isna(row[name])}
    if column is not None and column.year is not None:
        keys["year"] = str(column.year.year)
    return keys


def _sheet(frames: Frames, table: str, column: str, file: str) -> Place:
    """A whole sheet of a file, where no single cell is to blame."""
    block = next((each for each in frames.blocks.get(table, ()) if each.file == file), None)
    return Place(file=file, sheet=block.sheet if block else "", table=table, column=column)


def judged(findings: Iterable[Finding], master: Master, frames: Frames) -> list[Finding]:
    """Findings as they count: with the master's severities, waivers and the rows' explanations;
    sorted.

    Sheet Regeln: severity, what is blocked, and the day from which a rule is in force (before it an
    error only warns). Waivers and explanations mark a finding, nothing is removed but doubles: the
    same finding twice, and an empty cell's where the cell has another error.
    """
    rulings = _rulings(master)
    ruled = [_ruled(each, rulings, master.settings.as_of) for each in findings]
    in_force = [each for each in waivers(master) if each.in_force(master.settings.as_of)]
    remarks = _explained_rows(frames)
    marked = [
        replace(
            each,
            waived=each.waived
            or any(waiver.meets(each) for waiver in in_force if waiver.rule == each.rule),
            explained=each.explained or _is_explained(each, remarks),
        )
        for each in _once(ruled)
    ]
    return sorted(marked, key=_order)


def _rulings(master: Master) -> dict[str, dict[str, str]]:
    frame = master.tables["rules"].dropna(subset=["rule"])
    return {
        str(row["rule"]): {
            name: "" if pd.isna(row[name]) else str(row[name])
            for name in ("severity", "blocks", "from")
        }
        for row in frame.to_dict("records")
    }


def _ruled(each: Finding, rulings: Mapping[str, Mapping[str, str]], today: str) -> Finding:
    ruling = rulings.get(each.rule)
    if ruling is None:
        return each
    severity = Severity(ruling["severity"]) if ruling["severity"] else each.severity
    blocks = Blocks(ruling["blocks"]) if ruling["blocks"] else each.blocks
    if each.severity is not Severity.ERROR and not ruling["blocks"]:
        blocks = by_id()[each.rule].blocks
    if severity is Severity.ERROR and ruling["from"] > today:
        severity = Severity.WARNING
    return replace(
        each, severity=severity, blocks=blocks if severity is Severity.ERROR else Blocks.NOTHING
    )


def _explained_rows(frames: Frames) -> set[tuple[str, str, int]]:
    """(file, table, row of the sheet) of the rows that carry an explanation."""
    found: set[tuple[str, str, int]] = set()
    for name, frame in frames.tables.items():
        if "remark" not in frame.columns:
            continue
        stated = frame.loc[frame["remark"].fillna("").str.strip() != "", ["block", "row"]]
        for block, row in stated.itertuples(index=False):
            origin = frames.blocks[name][int(block)]
            found.add((origin.file, name, origin.rows[int(row)]))
    return found


def _is_explained(each: Finding, remarks: set[tuple[str, str, int]]) -> bool:
    return (
        each.severity is Severity.WARNING
        and (each.place.file, each.place.table, each.place.row) in remarks
    )


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """One cell, one cause."""
    faulty = {
        (each.place.file, each.place.sheet, each.place.cell)
        for each in findings
        if each.place.cell and each.severity is Severity.ERROR and each.rule not in _OF_EMPTY_CELLS
    }
    kept: dict[tuple[object, ...], Finding] = {}
    for each in findings:
        cell = (each.place.file, each.place.sheet, each.place.cell)
        if each.rule in _OF_EMPTY_CELLS and cell in faulty:
            continue
        kept.setdefault((each.rule, each.unit, *cell, tuple(sorted(each.values.items()))), each)
    return list(kept.values())


def _order(each: Finding) -> tuple[object, ...]:
    """File, sheet, row, column, rule: the order in which somebody goes through a file."""
    cell = re.fullmatch(r"([A-Z]+)(\d+)", each.place.cell)
    row, letters = (int(cell[2]), cell[1]) if cell else (each.place.row, "")
    place = each.place
    values = tuple(sorted(each.values.items()))
    return (place.file, each.unit, place.sheet, row, len(letters), letters, each.rule, values)
