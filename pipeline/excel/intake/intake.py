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
from pipeline.excel.intake.accounting import (
    MANY,
    Account,
    account_for_the_rest,
    all_cells,
    cells_frame,
    folded,
    grouped,
)
from pipeline.excel.intake.grid import META_SHEET, FoundTable, meta_entries, tables_in
from pipeline.excel.intake.table_reader import TableReader
from pipeline.excel.intake.values import shown_text, shows_scaled
from pipeline.excel.layout.layout import template_layout
from pipeline.excel.layout.own_sheets import account_for_own_sheets, note_mark
from pipeline.excel.layout.sheet_layout import SheetLayout, TableLayout, WorkbookLayout
from pipeline.excel.reader.limits import LIMITS
from pipeline.excel.reader.reading import (
    Caution,
    Cell,
    Reading,
    Reason,
    Refusal,
    Sheet,
    Workbook,
    column_letters,
    column_number,
)
from pipeline.model.blocks import Block
from pipeline.model.findings import Blocks, Severity
from pipeline.model.identity import PRODUCT, Identity, identity_from
from pipeline.model.master import Master
from pipeline.model.submission import Submission
from pipeline.model.tables import Filler, fingerprint
from pipeline.rules.registry import part_of
from pipeline.workspace import is_system_file

_FOREIGN_REASONS = frozenset({Reason.IS_FOLDER, Reason.SPECIAL_FILE})


def too_deep(depth: int) -> Refusal:
    """Why a file is not read that lies below more folders than are looked into."""
    facts = {"limit": "folder_depth", "allowed": str(LIMITS.folder_depth), "found": str(depth)}
    return Refusal(Reason.TOO_DEEP, tuple(facts.items()))


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
    accepted = identity is not None and _belongs(identity, master, account, city=city, plan=plan)
    if identity is not None and accepted:
        identity = _as_issued(result, identity, account)
    if identity is None or account.findings:
        return Submission(
            file=file,
            sha256=sha256,
            identity=identity,
            blocks={},
            findings=tuple(account.findings),
            cells=cells_frame(all_cells(result, account)),
            release={},
            saved=saved,
        )
    account.unit = identity.unit
    _say_cautions(result, account)
    identity = _with_usable_numbers(result, identity, account)
    expected_identity = replace(identity, kind="template", city=city, plan=plan, version=version)
    _compare_versions(identity, master, account, version=version)
    layout = template_layout(master, expected_identity)
    tables = _placed(result, layout, account)
    blocks, touched, release = _read_tables(result, layout, tables, master, account)
    if identity.kind == "feedback":
        known = frozenset(sheet.name for sheet in layout.sheets)
        account_for_own_sheets(result, meta_entries(result) or {}, known, account)
    by_sheet = {table.sheet.name: table for table in tables.values()}
    account_for_the_rest(result, layout, by_sheet, account)
    _say_looks(result, by_sheet, account)
    started = any(touched.values())
    if not started:
        account.say("D25")
    state = release.get("state", "")
    if started and state != "freigegeben" and "release" in tables:
        account.say("D28", stand=state or "ohne Angabe")
    return Submission(
        file=file,
        sha256=sha256,
        identity=identity,
        blocks=blocks,
        findings=grouped(account.findings),
        cells=cells_frame(all_cells(result, account)),
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
        stated = entries or {}
        master = stated.get("product") == PRODUCT and stated.get("kind") == "master"
        account.say("D02", facts={"variant": "master"} if master else {})
        return None
    return identity_from(entries)


def _as_issued(workbook: Workbook, identity: Identity, account: Account) -> Identity:
    """The identity as it was issued: it stands in the document's properties too, and where the
    hidden sheet says otherwise somebody has changed it (D05).
    """
    stated = dict(workbook.properties)
    for name in ("city", "plan", "unit"):
        issued, found = stated.get(name, ""), str(getattr(identity, name))
        if issued and issued != found:
            account.say("D05", variant="edited", ist=found, soll=issued)
            return replace(identity, unit=stated.get("unit") or identity.unit)
    return identity


_NUMBER = re.compile(r"[0-9]{1,4}")
_MOST_ROWS = 5_000


def _with_usable_numbers(workbook: Workbook, identity: Identity, account: Account) -> Identity:
    """The identity with numbers that can be counted with; what was written in their place is named.

    A number of rows beyond what a template can have would cost memory before anything is read.
    """
    usable = {}
    for name, standard, most in (("revision", "1", 9_999), ("rows", "", _MOST_ROWS)):
        text = getattr(identity, name)
        usable[name] = text or standard
        if text and (not _NUMBER.fullmatch(text) or int(text) > most):
            usable[name] = standard
            account.say("D35", sheet="_meta", cell=_meta_cell(workbook, name), wert=text)
    return replace(identity, **usable)


def _meta_cell(workbook: Workbook, entry: str) -> str:
    for sheet in workbook.sheets:
        for cell in sheet.cells:
            if sheet.name.casefold() == META_SHEET and (cell.column, cell.raw) == (1, entry):
                return f"B{cell.row}"
    return ""


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


def _compare_versions(
    identity: Identity, master: Master, account: Account, *, version: str
) -> None:
    current = fingerprint(master.submission)
    older = bool(identity.fingerprint) and identity.fingerprint != current
    changed = bool(identity.master_digest) and identity.master_digest != master.digest
    account.older = older
    account.aged = older or changed or identity.version != version
    if older:
        account.say("D04", ist=identity.fingerprint[:8], soll=current[:8])
    elif changed:
        account.say("D21")


_CAUTION_RULES: Mapping[Caution, tuple[str, str]] = {
    Caution.MACROS: ("D18", "macros"),
    Caution.EMBEDDED: ("D18", "embedded"),
    Caution.EXTERNAL_LINKS: ("D18", "links"),
    Caution.STRICT: ("D30", ""),
    Caution.TEMPLATE_TYPE: ("D36", ""),
    Caution.TRAILING_DATA: ("D37", ""),
    Caution.SECOND_READING_NOT_RUN: ("D27", ""),
    Caution.SECOND_READING_FAILED: ("D27", ""),
    Caution.MORE_DISAGREEMENTS: ("D26", "more"),
}


def _say_cautions(workbook: Workbook, account: Account) -> None:
    for notice in workbook.warnings:
        rule, variant = _CAUTION_RULES[notice.caution]
        facts = {**dict(notice.values), **({"variant": variant} if variant else {})}
        # Disagreements beyond those that are listed may lie anywhere.
        account.say(rule, facts=facts, blocks=Blocks.RETURN if rule == "D26" else None)


# --- tables -----------------------------------------------------------------------------------


def _placed(workbook: Workbook, layout: WorkbookLayout, account: Account) -> dict[str, FoundTable]:
    """The tables of the return by name, each at the rows where it lies now."""
    expected = layout.tables
    declared = {
        name: table.table
        for table in expected.values()
        for name in (table.table.name, *table.table.renamed_from)
    }
    sheets = {sheet.table.table.name: sheet for sheet in layout.sheets if sheet.table}
    found = _unambiguous(
        [
            table.migrated(declared[table.name])
            for table in tables_in(workbook)
            if table.name in declared
        ],
        sheets,
        account,
    )
    return {
        name: _settled(table, sheets[name], expected[name], account)
        for name, table in found.items()
    }


def _settled(
    here: FoundTable, ours: SheetLayout, expected: TableLayout, account: Account
) -> FoundTable:
    """A table whose headers were looked for: inserted and deleted rows move them against the key
    row.
    """
    headers = {
        here.columns[name]: folded(
            str(ours.cells[expected.header_row, column_number(letter)].value)
        )
        for name, letter in expected.letters.items()
        if name in here.columns and (expected.header_row, column_number(letter)) in ours.cells
    }
    moved = here.key_row - expected.key_row
    home = expected.header_row + moved

    def hits(row: int) -> int:
        cells = here.by_row.get(row, {})
        return sum(
            number in cells and folded(cells[number].raw) == text
            for number, text in headers.items()
        )

    if 2 * hits(home) >= len(headers):
        return here.shifted(moved)
    nearest = sorted(
        range(here.key_row + 1, home + 30), key=lambda row: (-hits(row), abs(row - home))
    )
    if 2 * hits(nearest[0]) <= len(headers):
        return here.shifted(moved)
    account.say(
        "D34",
        sheet=here.sheet.name,
        cell=f"A{here.key_row}",
        table=here.name,
        zeile=str(nearest[0] + 1),
    )
    return here.shifted(moved, nearest[0] - home)


def _read_tables(
    workbook: Workbook,
    layout: WorkbookLayout,
    tables: Mapping[str, FoundTable],
    master: Master,
    account: Account,
) -> tuple[dict[str, Block], dict[str, bool], dict[str, str]]:
    ours = frozenset(meta_entries(workbook) or {})
    disagreements = {(each.sheet, each.row, each.column): each for each in workbook.disagreements}
    blocks: dict[str, Block] = {}
    touched: dict[str, bool] = {}
    release: dict[str, str] = {}
    for sheet_layout in layout.sheets:
        expected = sheet_layout.table
        if expected is None:
            continue
        table = expected.table
        here = tables.get(table.name)
        if here is None:
            _say_missing(workbook, expected, account)
            continue
        if folded(here.sheet.name) != folded(expected.sheet):
            account.say("D09", sheet=here.sheet.name, ist=here.sheet.name, soll=expected.sheet)
        _compare_columns(here, expected, account)
        _compare_headers(here, sheet_layout, expected, account)
        reader = TableReader(
            here, sheet_layout, expected, master, account, disagreements, date1904=workbook.date1904
        )
        if table.settings:
            release = reader.settings()
        else:
            block, was_touched = reader.block()
            touched[table.name] = was_touched
            if was_touched:
                blocks[table.name] = block
        sheet = here.sheet
        if sheet.merges or sheet.hidden_rows or sheet.hidden_columns or sheet.state != "visible":
            entries = _entries(here, expected, account)
            _say_hidden(here, expected, entries, account)
            _say_merged(here, expected, entries, account)
        _say_comments(here, expected, account, ours)
    return blocks, touched, release


def _say_missing(workbook: Workbook, expected: TableLayout, account: Account) -> None:
    """D08; where the sheet is there and only its keys are gone, it speaks for everything in it."""
    part = part_of(expected.table.name)
    there = [each for each in workbook.sheets if folded(each.name) == folded(expected.sheet)]
    account.say(
        "D08",
        sheet=there[0].name if there else "",
        blatt=expected.sheet,
        table=expected.table.name,
        blocks=part,
        severity=Severity.WARNING if part is Blocks.NOTHING else None,
    )
    for sheet in there:
        account.name_all(sheet, sheet.cells)


def _unambiguous(
    tables: Sequence[FoundTable], sheets: Mapping[str, SheetLayout], account: Account
) -> dict[str, FoundTable]:
    """One table of each name; of a table that is there twice (D29) the one on the sheet that is
    called as it was, else the first.
    """
    found: dict[str, FoundTable] = {}
    for table in sorted(tables, key=lambda each: not _is_at_home(each, sheets)):
        first = found.setdefault(table.name, table)
        if first is table:
            continue
        facts = {"tabelle": table.name, "a": first.sheet.name, "b": table.sheet.name}
        same = first.sheet.name == table.sheet.name
        if same:
            facts |= {"variant": "same_sheet", "zeile": str(table.key_row)}
        account.say(
            "D29",
            sheet=table.sheet.name,
            cell=f"A{table.key_row}" if same else "",
            facts=facts,
        )
        above = table.key_row if same else 0
        account.name_all(table.sheet, [cell for cell in table.sheet.cells if cell.row >= above])
        if same:
            cells = tuple(cell for cell in first.sheet.cells if cell.row < above)
            found[table.name] = replace(first, sheet=replace(first.sheet, cells=cells))
    return found


def _is_at_home(table: FoundTable, sheets: Mapping[str, SheetLayout]) -> bool:
    return folded(table.sheet.name) == folded(sheets[table.name].name)


def _compare_columns(here: FoundTable, expected: TableLayout, account: Account) -> None:
    sheet, table = here.sheet.name, expected.table
    taken = {number for name, number in here.columns.items() if name in table.names}
    taken |= set(here.helpers.values())
    for column in table.columns:
        if column.name in here.columns and column.name not in here.doubled:
            continue
        letter = expected.letters[column.name]
        place = "" if column_number(letter) in taken else f"{letter}{here.first_row - 1}"
        # A template of an older declaration never had a column that is new: of a year that the
        # master gained since (its Fortschreibung still fills it), or optional.
        excused = account.older if column.year is not None else account.aged
        excused = excused and (column.year is not None or not column.required)
        if excused and not (place and _has_entries(here, column_number(letter))):
            account.say(
                "D39",
                sheet=sheet,
                cell=place,
                table=table.name,
                variant="missing",
                spalte=column.title,
            )
            continue
        account.say(
            "D10",
            sheet=sheet,
            cell=place,
            table=table.name,
            spalte=column.title,
            blocks=part_of(table.name),
        )
    for name, former in here.renamed.items():
        account.use(here.sheet, here.by_row[here.key_row][here.columns[name]], "template")
        account.say(
            "D39",
            sheet=sheet,
            cell=f"{column_letters(here.columns[name])}{here.first_row - 1}",
            table=table.name,
            spalte=table.column(name).title,
            ist=former,
        )
    for cell in here.by_row[here.key_row].values():
        # A key that was changed or doubled is spoken of by D10, an extra one says nothing.
        if cell.raw.strip() in here.doubled or cell.column == 1:
            account.use(here.sheet, cell, "named" if cell.column > 1 else "template")
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
            # In an older template a column may stand elsewhere without anybody having moved it.
            account.say(
                "D39" if account.older else "D11",
                sheet=sheet,
                cell=f"{letter}{here.first_row - 1}",
                facts={"variant": "moved"} if account.older else {},
                spalte=column.title,
                ist=letter,
                soll=expected.letters[actual],
            )


def _has_entries(here: FoundTable, number: int) -> bool:
    """Whether somebody entered something in a column: then it was there, and lost its key."""
    return any(
        number in cells and cells[number].raw and not cells[number].style.locked
        for row, cells in here.by_row.items()
        if here.first_row <= row <= here.last_row
    )


def _compare_headers(
    here: FoundTable, ours: SheetLayout, expected: TableLayout, account: Account
) -> None:
    """D10 where the header of a column that departments fill says something else than it did.

    Whoever typed below it may have meant something else. In an aged template headers differ by
    themselves.
    """
    row = here.first_row - 1
    part = part_of(expected.table.name)
    cells = here.by_row.get(row, {})
    for column in expected.table.columns:
        number = here.columns.get(column.name)
        place = (expected.header_row, column_number(expected.letters[column.name]))
        wanted = ours.cells[place].value if place in ours.cells else None
        if account.aged or number is None or column.name in here.doubled or wanted is None:
            continue
        cell = cells.get(number)
        found = cell.raw if cell else ""
        if column.filled_by is Filler.FINANCE or folded(found) == folded(str(wanted)):
            continue
        account.say(
            "D10",
            sheet=here.sheet.name,
            cell=f"{column_letters(number)}{row}",
            table=expected.table.name,
            variant="header",
            soll=str(wanted),
            ist=found or "leer",
            blocks=part,
            severity=Severity.WARNING if part is Blocks.NOTHING else None,
        )
        if cell:
            account.use(here.sheet, cell, "named", state="value")


def _entries(here: FoundTable, expected: TableLayout, account: Account) -> set[tuple[int, int]]:
    """Row and column of the cells that hold an entry: booked, or unreadable and named."""
    columns = {here.columns[name] for name in expected.table.names if name in here.columns}
    return {
        (row, column)
        for (sheet, row, column), (_, _, _, use) in account.used.items()
        if sheet == here.sheet.name
        and use != "template"
        and column in columns
        and row >= here.first_row
    }


def _say_hidden(
    here: FoundTable, expected: TableLayout, entries: set[tuple[int, int]], account: Account
) -> None:
    """D15 where entries lie in a hidden sheet, in hidden columns or rows; they count all the
    same.
    """
    sheet = here.sheet
    if entries and sheet.state != "visible":
        account.say("D15", sheet=sheet.name, table=here.name, variant="sheet")
    rows = sorted({row for row, _ in entries} & sheet.hidden_rows)
    filtered = "filtered" if sheet.filtered else ""
    if len(rows) > MANY:
        account.say(
            "D15",
            sheet=sheet.name,
            cell=f"A{rows[0]}",
            table=here.name,
            row=rows[0],
            variant=filtered + "_many" if filtered else "many",
            von=str(rows[0]),
            bis=str(rows[-1]),
            anzahl=str(len(rows)),
        )
        rows = []
    for row in rows:
        account.say(
            "D15",
            sheet=sheet.name,
            cell=f"A{row}",
            table=here.name,
            row=row,
            zeile=str(row),
            facts={"variant": filtered} if filtered else {},
        )
    names = {number: name for name, number in here.columns.items()}
    for number in sorted({column for _, column in entries} & sheet.hidden_columns):
        account.say(
            "D15",
            sheet=sheet.name,
            cell=f"{column_letters(number)}{here.first_row - 1}",
            table=here.name,
            variant="column",
            spalte=expected.table.column(names[number]).title,
        )


def _say_merged(
    here: FoundTable, expected: TableLayout, entries: set[tuple[int, int]], account: Account
) -> None:
    """D16 where entries lie in merged cells. A merge that begins above the table (over a whole
    sheet, as programs leave it) hides nothing that was not read.
    """
    sheet = here.sheet
    for top, left, bottom, right in sheet.merges:
        if not any(top <= row <= bottom and left <= column <= right for row, column in entries):
            continue
        account.say(
            "D16",
            sheet=sheet.name,
            cell=f"{column_letters(left)}{top}",
            table=expected.table.name,
            bereich=f"{column_letters(left)}{top}:{column_letters(right)}{bottom}",
            blocks=part_of(expected.table.name),
            severity=Severity.WARNING if top < here.first_row else None,
            facts={"variant": "wide"} if top < here.first_row else {},
        )


def _say_looks(workbook: Workbook, tables: Mapping[str, FoundTable], account: Account) -> None:
    """What can be read but not seen (D19), removed protection (D32), comments outside the input
    area (D17).
    """
    bare = [
        sheet.name
        for sheet in workbook.sheets
        if sheet.name in tables and not sheet.protected and sheet.state == "visible"
    ]
    if bare:
        account.say("D32", sheet=bare[0], blaetter=", ".join(f"„{name}“" for name in bare))
    ours = frozenset(meta_entries(workbook) or {})
    for sheet in workbook.sheets:
        for cell in sheet.cells:
            table, column, _, use = account.used.get(
                (sheet.name, cell.row, cell.column), ("", "", "", "")
            )
            look = _look(cell) if table and use != "template" else None
            if look is not None:
                account.say(
                    "D19",
                    sheet=sheet.name,
                    cell=cell.reference,
                    table=table,
                    column=column,
                    row=cell.row,
                    facts=look,
                )
        _say_other_comments(sheet, tables.get(sheet.name), account, ours)


def _look(cell: Cell) -> Mapping[str, str] | None:
    """What D19 has to say about how a cell looks; ``None`` where its value is plain to see."""
    if cell.style.strike:
        return {"variant": "strike"}
    if cell.style.invisible:
        return {}
    if shows_scaled(cell):
        return {"variant": "scaled", "wert": shown_text(cell)}
    return None


def _say_other_comments(
    sheet: Sheet, table: FoundTable | None, account: Account, ours: frozenset[str]
) -> None:
    """Comments at headers, totals and on other sheets: figures are sometimes explained there."""
    columns = set(table.columns.values()) if table else set()
    for comment in sheet.comments:
        inside = table and comment.row >= table.first_row and comment.column in columns
        if inside or note_mark(comment.text) in ours:
            continue
        account.say(
            "D17",
            sheet=sheet.name,
            cell=f"{column_letters(comment.column)}{comment.row}",
            row=comment.row,
            text=comment.text[:300],
        )


def _say_comments(
    here: FoundTable, expected: TableLayout, account: Account, ours: frozenset[str]
) -> None:
    """Comments of the department; notes of our own feedback (``ours``: the keys of ``_meta``) are
    no news.
    """
    sheet = here.sheet
    columns = {here.columns[name]: name for name in expected.table.names if name in here.columns}
    for comment in sheet.comments:
        if comment.row >= here.first_row and comment.column in columns:
            if note_mark(comment.text) in ours:
                continue
            account.say(
                "D17",
                sheet=sheet.name,
                cell=f"{column_letters(comment.column)}{comment.row}",
                table=expected.table.name,
                column=columns[comment.column],
                row=comment.row,
                text=comment.text[:300],
            )
