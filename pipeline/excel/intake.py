"""From cells to blocks: what came back is compared with what was handed out, cell by cell, and
nothing is lost.

Every non-empty cell of a return ends as *booked* (its value is in a block), *template* (we put it
there ourselves) or *named* (a finding speaks of it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pipeline.rules.reading  # noqa: F401 - declares the rules raised here
from pipeline.excel.accounting import Account, account_for_the_rest, all_cells, cells_frame
from pipeline.excel.grid import FoundTable, meta_entries, tables_in
from pipeline.excel.layout import template_layout
from pipeline.excel.reading import (
    Caution,
    Reading,
    Reason,
    Refusal,
    Workbook,
    column_letters,
    column_number,
)
from pipeline.excel.sheet_layout import TableLayout, WorkbookLayout
from pipeline.excel.table_reader import TableReader
from pipeline.model.blocks import Block
from pipeline.model.findings import Blocks, Severity
from pipeline.model.identity import PRODUCT, Identity, identity_from
from pipeline.model.master import Master
from pipeline.model.submission import Submission
from pipeline.model.tables import fingerprint
from pipeline.rules.registry import part_of

_SYSTEM_FILES = re.compile(
    r"~\$.*|\.~lock\..*#?|\..*|thumbs\.db|desktop\.ini|.*\.(tmp|lnk)", re.IGNORECASE
)
_FOREIGN_REASONS = frozenset({Reason.IS_FOLDER, Reason.SPECIAL_FILE})


def is_system_file(name: str) -> bool:
    """Lock files of Excel and LibreOffice, hidden files and what operating systems leave behind."""
    return _SYSTEM_FILES.fullmatch(name) is not None


def submission_of(
    file: str, reading: Reading, master: Master, *, city: str, plan: str, version: str
) -> Submission:
    """What one file of the input folder is; ``file`` is its path relative to that folder,
    ``reading`` what the guard read.
    """
    account = Account(file=file)
    result = reading.result
    sha256 = reading.sha256 or ""
    if is_system_file(file.rsplit("/", 1)[-1]) or (
        isinstance(result, Refusal) and result.reason in _FOREIGN_REASONS
    ):
        return Submission(
            file=file, sha256=sha256, blocks={}, cells=cells_frame([]), release={}, foreign=True
        )
    if isinstance(result, Refusal):
        account.say("D01", facts=dict(result.values), variant=result.reason.value)
        return Submission(
            file=file,
            sha256=sha256,
            blocks={},
            findings=tuple(account.findings),
            cells=cells_frame([]),
            release={},
        )
    identity = _identity(result, account)
    saved = dict(result.properties).get("core:modified", "")
    if identity is None or not _belongs(identity, master, account, city=city, plan=plan):
        return Submission(
            file=file,
            sha256=sha256,
            identity=identity,
            blocks={},
            findings=tuple(account.findings),
            cells=cells_frame(all_cells(result, account, otherwise="named")),
            release={},
            saved=saved,
        )
    account.unit = identity.unit
    _say_cautions(result, account)
    expected_identity = replace(identity, kind="template", city=city, plan=plan, version=version)
    _compare_versions(identity, master, account)
    layout = template_layout(master, expected_identity)
    blocks, touched, release = _read_tables(result, layout, master, account)
    account_for_the_rest(result, layout, account)
    started = any(touched.values())
    if not started:
        account.say("D25")
    state = release.get("state", "")
    if started and state != "freigegeben":
        account.say("D28", stand=state or "ohne Angabe")
    return Submission(
        file=file,
        sha256=sha256,
        identity=identity,
        blocks=blocks,
        findings=tuple(account.findings),
        cells=cells_frame(all_cells(result, account, otherwise="template")),
        release=release,
        saved=saved,
        started=started,
    )


# --- identity ---------------------------------------------------------------------------------


def _identity(workbook: Workbook, account: Account) -> Identity | None:
    entries = meta_entries(workbook)
    if (
        entries is None
        or entries.get("product") != PRODUCT
        or entries.get("kind") not in {"template", "feedback"}
    ):
        account.say("D02")
        return None
    return identity_from(entries)


def _belongs(identity: Identity, master: Master, account: Account, *, city: str, plan: str) -> bool:
    if identity.city != city:
        account.say("D20", ist=identity.city, soll=city)
        return False
    if identity.plan != plan:
        account.say("D03", ist=identity.plan, soll=plan)
        return False
    if identity.unit not in master.expected_units:
        account.say("D05", ist=identity.unit)
        return False
    return True


def _compare_versions(identity: Identity, master: Master, account: Account) -> None:
    current = fingerprint(master.submission)
    if identity.fingerprint and identity.fingerprint != current:
        account.say("D04", ist=identity.fingerprint[:8], soll=current[:8])
    elif identity.master_digest and identity.master_digest != master.digest:
        account.say("D21")


_CAUTION_RULES: Mapping[Caution, tuple[str, str]] = {
    Caution.MACROS: ("D18", "macros"),
    Caution.EMBEDDED: ("D18", "embedded"),
    Caution.EXTERNAL_LINKS: ("D18", "links"),
    Caution.STRICT: ("D30", ""),
    Caution.SECOND_READING_NOT_RUN: ("D27", ""),
    Caution.SECOND_READING_FAILED: ("D27", ""),
}


def _say_cautions(workbook: Workbook, account: Account) -> None:
    for notice in workbook.warnings:
        if notice.caution in _CAUTION_RULES:
            rule, variant = _CAUTION_RULES[notice.caution]
            account.say(rule, facts={"variant": variant} if variant else {})


# --- tables -----------------------------------------------------------------------------------


def _read_tables(
    workbook: Workbook, layout: WorkbookLayout, master: Master, account: Account
) -> tuple[dict[str, Block], dict[str, bool], dict[str, str]]:
    found = _unambiguous(tables_in(workbook), account)
    disagreements = {(each.sheet, each.row, each.column): each for each in workbook.disagreements}
    blocks: dict[str, Block] = {}
    touched: dict[str, bool] = {}
    release: dict[str, str] = {}
    for sheet_layout in layout.sheets:
        expected = sheet_layout.table
        if expected is None:
            continue
        table = expected.table
        here = found.get(table.name)
        if here is None:
            severity = Severity.WARNING if part_of(table.name) is Blocks.NOTHING else None
            account.say(
                "D08",
                blatt=expected.sheet,
                table=table.name,
                blocks=part_of(table.name),
                severity=severity,
            )
            continue
        here = here.shifted(here.key_row - expected.key_row)
        if here.sheet.name != expected.sheet:
            account.say("D09", sheet=here.sheet.name, ist=here.sheet.name, soll=expected.sheet)
        _compare_columns(here, expected, account)
        _say_hidden_and_merged(here, expected, account)
        reader = TableReader(
            here, sheet_layout, expected, master, account, disagreements, date1904=workbook.date1904
        )
        if table.settings:
            release = reader.settings()
            continue
        block, was_touched = reader.block()
        touched[table.name] = was_touched
        if was_touched:
            blocks[table.name] = block
    return blocks, touched, release


def _unambiguous(tables: Sequence[FoundTable], account: Account) -> dict[str, FoundTable]:
    found: dict[str, FoundTable] = {}
    for table in tables:
        if table.name in found:
            account.say(
                "D29",
                sheet=table.sheet.name,
                tabelle=table.name,
                a=found[table.name].sheet.name,
                b=table.sheet.name,
            )
        else:
            found[table.name] = table
    return found


def _compare_columns(here: FoundTable, expected: TableLayout, account: Account) -> None:
    sheet, table = here.sheet.name, expected.table
    for column in table.columns:
        if column.name not in here.columns or column.name in here.doubled:
            account.say(
                "D10",
                sheet=sheet,
                table=table.name,
                spalte=column.title,
                blocks=part_of(table.name),
            )
    order = [
        name
        for name in sorted(here.columns, key=lambda each: here.columns[each])
        if name in table.names
    ]
    wanted = sorted(order, key=lambda name: column_number(expected.letters[name]))
    for actual, planned in zip(order, wanted, strict=True):
        if actual != planned:
            column = table.column(actual)
            letter = column_letters(here.columns[actual])
            account.say(
                "D11",
                sheet=sheet,
                cell=f"{letter}{expected.header_row}",
                spalte=column.title,
                ist=letter,
                soll=expected.letters[actual],
            )


def _say_hidden_and_merged(here: FoundTable, expected: TableLayout, account: Account) -> None:
    sheet = here.sheet
    columns = {here.columns[name]: name for name in expected.table.names if name in here.columns}
    content = {
        (cell.row, cell.column)
        for cell in sheet.cells
        if cell.row >= here.first_row and cell.column in columns
    }
    for row in sorted({row for row, _ in content} & sheet.hidden_rows):
        variant = {"variant": "filtered"} if sheet.filtered else {}
        account.say(
            "D15",
            sheet=sheet.name,
            cell=f"A{row}",
            table=expected.table.name,
            row=row,
            zeile=str(row),
            facts=variant,
        )
    for number in sorted({column for _, column in content} & sheet.hidden_columns):
        title = expected.table.column(columns[number]).title
        account.say(
            "D15",
            sheet=sheet.name,
            cell=f"{column_letters(number)}{expected.header_row}",
            variant="column",
            spalte=title,
        )
    for top, left, bottom, right in sheet.merges:
        if bottom < here.first_row or not any(left <= number <= right for number in columns):
            continue
        area = f"{column_letters(left)}{top}:{column_letters(right)}{bottom}"
        account.say(
            "D16",
            sheet=sheet.name,
            cell=f"{column_letters(left)}{top}",
            table=expected.table.name,
            bereich=area,
            blocks=part_of(expected.table.name),
        )
    for comment in sheet.comments:
        if comment.row >= here.first_row and comment.column in columns:
            account.say(
                "D17",
                sheet=sheet.name,
                cell=f"{column_letters(comment.column)}{comment.row}",
                table=expected.table.name,
                column=columns[comment.column],
                row=comment.row,
                text=comment.text[:300],
            )
