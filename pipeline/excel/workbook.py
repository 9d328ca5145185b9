"""The thin layer through which every workbook is written.

It pins what makes a file repeatable (no clock, one zip mode), turns everything XlsxWriter would
only warn about into an error, lets foreign text in through one door, and replaces files atomically.
Rows and columns count from 0 here, as in XlsxWriter.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import CellFormulaTuple, Worksheet

from pipeline.excel import styles
from pipeline.excel.layout.live_check import SAFE_FUNCTIONS

CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - the file's own stamp: fixed, so that equal content is equal bytes
MAX_TEXT = 32_767
"""UTF-16 units that a cell can hold."""
_CUT = " … [gekürzt]"
# What no reader of a cell would see or what XML cannot carry: controls, halves of surrogates, marks
# that turn the direction of writing round, and the two code points that are no characters.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

_CALLS = re.compile(r"([A-Z]+)\(")
_FUTURE_FREE = SAFE_FUNCTIONS
"""Functions whose names stand in a file as people write them: XlsxWriter has nothing to expand."""

Scalar = str | int | Decimal | bool | date | None
"""What can stand in a cell; text is foreign until proven otherwise."""


class _Workbook(xlsxwriter.Workbook):
    """XlsxWriter's workbook with the one thing it lacks: a lock on the structure (its issue 516 in
    libxlsxwriter).
    """

    lock_structure = False

    def _write_book_views(self) -> None:
        # The standard wants workbookProtection directly before bookViews.
        if self.lock_structure:
            self._xml_empty_tag("workbookProtection", [("lockStructure", 1)])
        super()._write_book_views()


class _Sheet(Worksheet):
    """A sheet whose rows may have a height that fits now and still grows with what is typed.

    Without any height LibreOffice shows one line of a wrapped formula text; XlsxWriter's heights
    are fixed for ever.
    """

    fitted: frozenset[int] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self._prepared: dict[tuple[str, bool], str] = {}
        self._plain: dict[str, str] = {}
        self._escaped: dict[str, object] = {}

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        # One text serves all rows of a column, and looking it through takes most of a
        # template's time.
        key = (formula, expand_future_functions)
        if key not in self._prepared:
            if _FUTURE_FREE.issuperset(_CALLS.findall(formula)):
                self._prepared[key] = formula.removeprefix("=")
            else:
                prepare = super()._prepare_formula
                self._prepared[key] = prepare(formula, expand_future_functions)  # type: ignore[no-untyped-call]
        return self._prepared[key]

    def _write_formula(
        self,
        row: int,
        col: int,
        formula: str,
        cell_format: Format | None = None,
        value: object = 0,
    ) -> Literal[0, -1, -2]:
        # The first cell of a text goes the long way; the others need no second look at the text.
        if formula in self._plain:
            if self._check_dimensions(row, col):
                return -1
            self.table[row][col] = CellFormulaTuple(self._plain[formula], cell_format, value)
            return 0
        code = super()._write_formula(row, col, formula, cell_format, value)
        stored = self.table[row][col]
        if not code and isinstance(stored, CellFormulaTuple):
            self._plain[formula] = stored.formula
        return code

    def _escape_data(self, data: object) -> object:
        if not isinstance(data, str):
            return data
        if data not in self._escaped:
            self._escaped[data] = super()._escape_data(data)  # type: ignore[no-untyped-call]
        return self._escaped[data]

    def _xml_start_tag_unencoded(
        self, tag: str, attributes: Sequence[tuple[str, object]] = ()
    ) -> None:
        if tag == "row" and dict(attributes)["r"] in self.fitted:
            attributes = [each for each in attributes if each[0] != "customHeight"]
        super()._xml_start_tag_unencoded(tag, attributes)


@dataclass(frozen=True)
class Book:
    """A workbook being written; see :func:`new_book`."""

    workbook: xlsxwriter.Workbook
    _formats: dict[tuple[str, bool], Format] = field(default_factory=dict)
    _conditions: dict[str, Format] = field(default_factory=dict)

    def sheet(self, name: str, *, hidden: bool = False) -> Worksheet:
        """A new sheet at the end."""
        sheet: Worksheet = self.workbook.add_worksheet(name, worksheet_class=_Sheet)
        if hidden:
            sheet.hide()
        return sheet

    def style(self, style: str, *, locked: bool = True) -> Format:
        """The format of a style of :mod:`pipeline.excel.styles`; made once per workbook."""
        key = (style, locked)
        if key not in self._formats:
            self._formats[key] = self.workbook.add_format(
                {**styles.properties(style), "locked": locked}
            )
        return self._formats[key]

    def condition(self, name: str) -> Format:
        """The look of a conditional format (``error``, ``hint``, ``ok``)."""
        if name not in self._conditions:
            self._conditions[name] = self.workbook.add_format(dict(styles.CONDITIONS[name]))
        return self._conditions[name]

    def define(self, name: str, reference: str) -> None:
        """A defined name; ``reference`` is a range such as ``'Maßnahmen'!$B$7:$B$66``."""
        done(self.workbook.define_name(name, f"={reference}"))


@contextmanager
def new_book(
    path: Path,
    *,
    title: str,
    subject: str = "",
    properties: Mapping[str, str] | None = None,
    lock_structure: bool = True,
) -> Iterator[Book]:
    """A workbook that replaces ``path`` when the block ends well; on an error ``path`` stays as it
    was.

    ``properties`` become custom document properties, as text (numbers come back as floats). Inside
    the block every warning is an error: XlsxWriter only warns where it drops a validation or a
    link.
    """
    data = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        workbook = _Workbook(
            data,
            {
                "in_memory": True,
                "strings_to_numbers": False,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "default_format_properties": dict(styles.DEFAULTS),
            },
        )
        workbook.lock_structure = lock_structure
        workbook.set_properties(
            {
                "title": clean(title),
                "subject": clean(subject),
                "author": "",
                "company": "",
                "created": CREATED,
            }
        )
        for name, value in (properties or {}).items():
            if value:
                done(workbook.set_custom_property(name, clean(value)[:255], "text"))
        workbook.set_size(24_000, 14_000)
        yield Book(workbook)
        workbook.close()
    replace_file(path, data.getvalue())


def replace_file(path: Path, data: bytes) -> None:
    """Puts ``data`` at ``path`` so that a reader sees either the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def fit_rows(sheet: Worksheet, heights: Mapping[int, float]) -> None:
    """Row heights in points that fit what stands in the rows, and that office programs may change
    as it changes.
    """
    for row, height in heights.items():
        done(sheet.set_row(row, height))
    if isinstance(sheet, _Sheet):
        # Rows are counted from 1 in the file.
        sheet.fitted = frozenset(row + 1 for row in heights)


def done(code: int | None) -> None:
    """Asserts that XlsxWriter did what it was told: it returns a negative number where it did
    not.
    """
    if code:
        raise ValueError(f"XlsxWriter refused with code {code}")


def clean(text: str) -> str:
    """Foreign text as it may stand in a cell: what is invisible or forbidden becomes visible, too
    much is cut visibly.

    >>> clean("a\\x0bb")
    'a␋b'
    """
    plain = _INVISIBLE.sub(_visible, text.replace("\r\n", "\n"))
    if len(plain) <= MAX_TEXT // 2 or len(plain.encode("utf-16-le")) // 2 <= MAX_TEXT:
        return plain
    units = plain.encode("utf-16-le")[: 2 * (MAX_TEXT - len(_CUT))]
    return units.decode("utf-16-le", "ignore") + _CUT


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"\\u{code:04x}"


def put_text(
    sheet: Worksheet, row: int, column: int, text: str, look: Format | None = None
) -> None:
    """The only door for text: never a formula, a link or a number, whatever it looks like."""
    if text == "":
        put_blank(sheet, row, column, look)
    else:
        done(sheet.write_string(row, column, clean(text), look))


def put_blank(sheet: Worksheet, row: int, column: int, look: Format | None) -> None:
    """An empty cell with a look."""
    done(sheet.write_blank(row, column, None, look))


def put_number(
    sheet: Worksheet, row: int, column: int, number: int | Decimal, look: Format | None = None
) -> None:
    """A number with exactly these digits (no float in between)."""
    # Decimal is written with its own digits; XlsxWriter's annotation only knows floats.
    done(sheet.write_number(row, column, number, look))  # type: ignore[arg-type]


def put_date(
    sheet: Worksheet, row: int, column: int, day: date, look: Format | None = None
) -> None:
    """A date; ``look`` needs a date format."""
    done(sheet.write_datetime(row, column, datetime(day.year, day.month, day.day), look))  # noqa: DTZ001


def put_formula(
    sheet: Worksheet,
    row: int,
    column: int,
    formula: str,
    look: Format | None,
    cached: int | Decimal | str | bool,
) -> None:
    """A formula of ours with the value that a recalculation will find; foreign text never becomes
    part of one.
    """
    value = clean(cached) if isinstance(cached, str) else cached
    done(sheet.write_formula(row, column, f"={formula.removeprefix('=')}", look, value))


def put_link(
    sheet: Worksheet, row: int, column: int, target: str, text: str, look: Format | None = None
) -> None:
    """A link; ``target`` as XlsxWriter wants it, such as ``internal:'Ansätze'!A1`` or
    ``external:../input/…``.
    """
    done(sheet.write_url(row, column, target, look, clean(text)))


def put(sheet: Worksheet, row: int, column: int, value: Scalar, look: Format | None = None) -> None:
    """A value by its type."""
    match value:
        case None:
            put_blank(sheet, row, column, look)
        case bool():
            done(sheet.write_boolean(row, column, value, look))
        case str():
            put_text(sheet, row, column, value, look)
        case int() | Decimal():
            put_number(sheet, row, column, value, look)
        case date():
            put_date(sheet, row, column, value, look)
