"""Cell accounting: every non-empty cell of a return ends as booked, template or named, and is said
where it must be.

*Booked*: its value is in a block. *Template*: we put it there ourselves. *Named*: a finding speaks
of it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pandas as pd

from pipeline.excel.intake.grid import META_SHEET, FoundTable
from pipeline.excel.intake.values import shown_text
from pipeline.excel.layout.sheet_layout import CellLayout, SheetLayout, TableLayout, WorkbookLayout
from pipeline.excel.reader.reading import (
    Cell,
    CellType,
    Sheet,
    Workbook,
    column_letters,
    column_number,
)
from pipeline.model.findings import Blocks, Finding, Place, Severity
from pipeline.model.identity import Identity
from pipeline.model.wording import printable
from pipeline.rules.registry import finding
from pipeline.tables import results

MANY = 5
"""From this many cells on, what lies outside the input area of a sheet is one finding, not one per
cell.
"""
ALIKE = 20
"""From this many cells of a column on, the same sentence is said once, with the area."""
_LOOSELY = frozenset({"D13", "D14", "D19", "D38", "Z02", "Z07", "Z17", "Z20"})
"""Rules that take nothing away: beyond ``ALIKE`` cells of a column the first one is an example."""
_OWN_ENTRIES = ("own:", "note:")

Used = dict[tuple[str, int, int], tuple[str, str, str, str]]
"""For each booked, template or named cell (sheet, row, column): table, column, state, use."""


@dataclass
class Account:
    """What has been said and used so far while one file is read.

    ``aged`` says that the template was handed out before master data or program changed: what
    differs from today's layout is then no deed of the department. ``older`` says that its very
    columns are those of an older declaration (a year was added since).
    """

    file: str
    unit: str = ""
    aged: bool = False
    older: bool = False
    findings: list[Finding] = field(default_factory=list)
    used: Used = field(default_factory=dict)
    outdated: list[tuple[str, Cell]] = field(default_factory=list)

    def say(
        self,
        rule: str,
        *,
        sheet: str = "",
        cell: str = "",
        table: str = "",
        column: str = "",
        row: int = 0,
        severity: Severity | None = None,
        blocks: Blocks | None = None,
        facts: Mapping[str, str] | None = None,
        **values: str,
    ) -> None:
        place = Place(file=self.file, sheet=sheet, cell=cell, table=table, column=column, row=row)
        told = {name: printable(text) for name, text in {**values, **(facts or {})}.items()}
        self.findings.append(
            finding(rule, place, values=told, unit=self.unit, severity=severity, blocks=blocks)
        )

    def use(
        self,
        sheet: Sheet,
        cell: Cell,
        use: str,
        *,
        table: str = "",
        column: str = "",
        state: str = "value",
    ) -> None:
        self.used.setdefault((sheet.name, cell.row, cell.column), (table, column, state, use))

    def name_all(self, sheet: Sheet, cells: Iterable[Cell]) -> None:
        """Marks cells as named where one finding has spoken for all of them."""
        for cell in cells:
            self.use(sheet, cell, "named")

    def say_strangers(self, sheet: Sheet, cells: Sequence[Cell]) -> None:
        """D22 for cells outside the input area: one by one, or as one area where there are many."""
        self.name_all(sheet, cells)
        if len(cells) > MANY:
            self.say(
                "D22",
                sheet=sheet.name,
                cell=cells[0].reference,
                variant="many",
                anzahl=str(len(cells)),
                bereich=area_of(cells),
            )
            return
        for cell in cells:
            self.say(
                "D22", sheet=sheet.name, cell=cell.reference, row=cell.row, wert=_written(cell)
            )


def area_of(cells: Sequence[Cell]) -> str:
    """The area that a finding about many cells names, such as «B73:N300»."""
    columns = [cell.column for cell in cells]
    rows = [cell.row for cell in cells]
    return f"{column_letters(min(columns))}{min(rows)}:{column_letters(max(columns))}{max(rows)}"


def same_content(cell: Cell, ours: CellLayout) -> bool:
    """Whether a cell still holds what we put there: a formula where we put one, else the same
    value.
    """
    if ours.formula is not None:
        return cell.formula is not None
    if ours.value is None:
        return not cell.raw
    if cell.type is CellType.NUMBER:
        if isinstance(ours.value, bool | str):
            return False
        if isinstance(ours.value, int | Decimal):
            return Decimal(cell.raw) == Decimal(ours.value) or abs(
                Decimal(cell.raw) - Decimal(ours.value)
            ) < Decimal("0.0000001")
        return True  # a date we wrote: its serial is checked where it is an input
    return folded(cell.raw) == folded(str(ours.value))


def folded(text: str) -> str:
    """For comparing what we wrote with what came back: letter case, blanks and normal form do not
    count.
    """
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def account_for_the_rest(
    workbook: Workbook,
    layout: WorkbookLayout,
    tables: Mapping[str, FoundTable],
    account: Account,
) -> None:
    """Names what stands where nothing was prepared: other sheets, other columns, remarks beside the
    table.

    ``tables`` are the tables that were read, by the name of the sheet in which they lie.
    """
    by_table = {sheet.table.table.name: sheet for sheet in layout.sheets if sheet.table}
    by_name = {folded(sheet.name): sheet for sheet in layout.sheets}
    for sheet in workbook.sheets:
        if sheet.name.casefold() == META_SHEET:
            _account_for_meta(sheet, account)
            continue
        table = tables.get(sheet.name)
        ours = by_table[table.name] if table else by_name.get(folded(sheet.name))
        if ours is not None:
            _account_for_sheet(sheet, ours, table, account)
            continue
        strange = [
            cell for cell in sheet.cells if (sheet.name, cell.row, cell.column) not in account.used
        ]
        if strange:
            account.say(
                "D23",
                sheet=sheet.name,
                cell=strange[0].reference,
                blatt=sheet.name,
                anzahl=str(len(strange)),
            )
            account.name_all(sheet, strange)
    if account.outdated:
        name, first = account.outdated[0]
        account.say(
            "D24",
            sheet=name,
            cell=first.reference,
            severity=Severity.NOTE,
            variant="aged",
            anzahl=str(len(account.outdated)),
        )


def _account_for_meta(sheet: Sheet, account: Account) -> None:
    """The hidden sheet of identity: its known entries are ours, everything else is named."""
    known = set(Identity(kind="", city="", plan="").entries())
    keys = {cell.row: cell.raw.strip() for cell in sheet.cells if cell.column == 1}
    strangers = []
    for cell in sheet.cells:
        key = keys.get(cell.row, "")
        if cell.column <= 2 and (key in known or key.startswith(_OWN_ENTRIES)):
            account.use(sheet, cell, "template")
        elif (sheet.name, cell.row, cell.column) not in account.used:
            strangers.append(cell)
    account.say_strangers(sheet, strangers)


def _account_for_sheet(
    sheet: Sheet, ours: SheetLayout, table: FoundTable | None, account: Account
) -> None:
    moved = _column_moves(table, ours.table) if table and ours.table else {}
    last = max(moved, default=0)
    strangers: list[Cell] = []
    frozen: list[Cell] = []
    altered: list[tuple[Cell, CellLayout]] = []
    extra: dict[int, list[Cell]] = {}
    for cell in sheet.cells:
        if (sheet.name, cell.row, cell.column) in account.used:
            continue
        if not cell.raw and cell.formula is None:
            account.use(sheet, cell, "template", state="empty")
            continue
        if (
            table
            and 1 < cell.column < last
            and cell.column not in moved
            and cell.row >= table.key_row
        ):
            extra.setdefault(cell.column, []).append(cell)
            continue
        row = table.home(cell.row, ours.table.header_row) if table and ours.table else cell.row
        column = moved.get(cell.column, cell.column)
        expected = ours.cells.get((row, column))
        if (expected is not None and same_content(cell, expected)) or (
            table and _stood_elsewhere(cell, column, row, ours, table)
        ):
            account.use(sheet, cell, "template")
        elif expected is not None and expected.formula is not None:
            frozen.append(cell)
        elif expected is not None and expected.value is not None:
            altered.append((cell, expected))
        else:
            strangers.append(cell)
    for number, cells in extra.items():
        if _was_ours(sheet, cells, account):
            continue
        _say_extra_column(sheet, number, cells, table, account)
    _say_altered(sheet, frozen, altered, account)
    account.say_strangers(
        sheet, [cell for cell in strangers if not _was_ours(sheet, [cell], account)]
    )


def _was_ours(sheet: Sheet, cells: Sequence[Cell], account: Account) -> bool:
    """Whether cells that today's layout does not know stood in the template that was handed out:
    in an older one nobody could write where the sheet is locked. They are said all at once.
    """
    if not (account.aged and sheet.protected and all(cell.style.locked for cell in cells)):
        return False
    account.name_all(sheet, cells)
    account.outdated += [(sheet.name, cell) for cell in cells]
    return True


def _say_extra_column(
    sheet: Sheet, number: int, cells: Sequence[Cell], table: FoundTable | None, account: Account
) -> None:
    """D11 once per column; a column that only lost its key is spoken of by D10 already."""
    account.name_all(sheet, cells)
    letter = column_letters(number)
    missing = any(
        each.rule == "D10"
        and each.place.sheet == sheet.name
        and each.place.cell.rstrip("0123456789") == letter
        for each in account.findings
    )
    if not missing:
        row = table.first_row - 1 if table else cells[0].row
        account.say(
            "D11",
            sheet=sheet.name,
            cell=f"{letter}{row}",
            variant="extra",
            spalte=letter,
            anzahl=str(len(cells)),
        )


def _say_altered(
    sheet: Sheet,
    frozen: Sequence[Cell],
    altered: Sequence[tuple[Cell, CellLayout]],
    account: Account,
) -> None:
    """D24: something else stands in locked cells. In an aged template it is one note for all."""
    account.name_all(sheet, [*frozen, *(cell for cell, _ in altered)])
    if account.aged:
        account.outdated += [(sheet.name, cell) for cell, _ in altered]
        altered = ()
    for cells, one, many in (
        (frozen, "formula", "formulas"),
        ([cell for cell, _ in altered], "", "many"),
    ):
        if len(cells) > MANY:
            account.say(
                "D24",
                sheet=sheet.name,
                cell=cells[0].reference,
                row=cells[0].row,
                variant=many,
                anzahl=str(len(cells)),
                bereich=area_of(cells),
            )
            continue
        wanted = dict(altered)
        for cell in cells:
            ours = wanted.get(cell)
            account.say(
                "D24",
                sheet=sheet.name,
                cell=cell.reference,
                row=cell.row,
                facts={"variant": one} if one else {},
                soll=str(ours.value)[:80] if ours else "",
                ist=_written(cell)[:80],
            )


def _written(cell: Cell) -> str:
    """What somebody sees who looks at the cell; of a formula without result the formula."""
    return shown_text(cell) if cell.cached else f"={cell.formula}"


def _column_moves(table: FoundTable, ours: TableLayout) -> dict[int, int]:
    """Where a column of the return stood when it was handed out."""
    known = {**ours.letters, **ours.helpers}
    here = {**table.columns, **table.helpers}
    return {number: column_number(known[name]) for name, number in here.items() if name in known}


def _stood_elsewhere(
    cell: Cell, column: int, row: int, ours: SheetLayout, table: FoundTable
) -> bool:
    """Something of ours that inserted or deleted rows have shifted: a helper formula, the closing
    row, or what stands between key row and headers.
    """
    if ours.table is None:
        return False
    if row >= ours.table.first_row:
        helpers = {column_number(letter) for letter in ours.table.helpers.values()} | {1}
        if cell.formula is not None and column in helpers:
            return True
        span = range(ours.table.last_row + 1, max(each for each, _ in ours.cells) + 1)
    elif table.gap:
        span = range(ours.table.key_row + 1, ours.table.header_row)
    else:
        return False
    return any(
        same_content(cell, ours.cells[each, column])
        for each in span
        if (each, column) in ours.cells
        and (ours.cells[each, column].value is not None or ours.cells[each, column].formula)
    )


def grouped(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The same sentence about many cells of a column is one finding with the area of all of them.

    Grouped are findings that differ in nothing but their row; at the first cell the finding then
    says how many more there are (``weitere``) and where (``bereich_aller``).
    """
    alike: dict[tuple[object, ...], list[Finding]] = {}
    for each in findings:
        said = (
            ()
            if each.rule in _LOOSELY
            else tuple(
                sorted((name, text) for name, text in each.values.items() if name != "zeile")
            )
        )
        place = each.place
        key = (
            each.rule, each.severity, each.blocks, place.sheet, place.table, place.column,
            each.values.get("variant", ""), said if place.cell else id(each),
        )  # fmt: skip
        alike.setdefault(key, []).append(each)
    kept: dict[int, Finding] = {}
    for group in alike.values():
        if len(group) <= ALIKE:
            kept.update({id(each): each for each in group})
            continue
        first = group[0]
        rows = [each.place.row for each in group]
        letter = first.place.cell.rstrip("0123456789")
        kept[id(first)] = replace(
            first,
            values={
                **first.values,
                "weitere": str(len(group) - 1),
                "bereich_aller": f"{letter}{min(rows)}:{letter}{max(rows)}",
            },
        )
    return tuple(kept[id(each)] for each in findings if id(each) in kept)


def all_cells(workbook: Workbook, account: Account) -> list[tuple[str, ...]]:
    """Every non-empty cell of a workbook with its use; *named* where the whole file is refused."""
    rows: list[tuple[str, ...]] = []
    for sheet in workbook.sheets:
        for cell in sheet.cells:
            table, column, state, use = account.used.get(
                (sheet.name, cell.row, cell.column), ("", "", "value", "named")
            )
            raw = cell.raw if cell.formula is None or cell.cached else f"={cell.formula}"
            rows.append((sheet.name, cell.reference, table, column, raw, state, use))
    return rows


def cells_frame(rows: list[tuple[str, ...]]) -> pd.DataFrame:
    """The rows of :func:`all_cells` as a frame: ``results.CELLS`` without the file."""
    names = [name for name in results.CELLS.names if name != "file"]
    return pd.DataFrame(rows, columns=names).astype("string")
