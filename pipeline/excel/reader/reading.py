"""What comes out of a workbook file: the words shared by reader, second reader and guard.

Everything here is plain data: it crosses processes, and nothing in it is a sentence. A refusal or
notice is a name and its facts; the sentences are written elsewhere, by name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, NamedTuple

MAX_ROW = 1_048_576
MAX_COLUMN = 16_384


class CellType(Enum):
    """What a stored value is; shared, inline and formula texts are all TEXT."""

    NUMBER = "n"
    TEXT = "s"
    BOOLEAN = "b"
    ERROR = "e"
    DATE = "d"  # a date written as ISO text, as the strict variant does; other dates are numbers


class Reason(Enum):
    """Why a file is refused as a whole. In brackets: the facts that come with it.

    Sizes are in bytes. Where a fact names a limit, it is the field's name in `Limits`.
    """

    # the file itself
    NOT_FOUND = "not_found"
    IS_FOLDER = "is_folder"
    SPECIAL_FILE = "special_file"  # (kind: pipe, socket, device)
    LINK_OUTSIDE = "link_outside"  # a link that leaves the folder; its content is never read
    LINK_BROKEN = "link_broken"
    UNREADABLE = "unreadable"  # no permission, or the disk did not answer
    EMPTY_FILE = "empty_file"
    FILE_TOO_BIG = "file_too_big"  # (limit, allowed, found)
    TOO_DEEP = "too_deep"  # (limit, allowed, found): below more folders than are looked into

    # another format; each has its own remedy
    ENCRYPTED = "encrypted"
    OLD_XLS = "old_xls"
    XLSB = "xlsb"
    ODS = "ods"
    SPREADSHEET_XML = "spreadsheet_xml"  # the XML format of Excel 2003
    NUMBERS = "numbers"  # Apple Numbers
    TEXT_OR_CSV = "text_or_csv"
    PDF = "pdf"
    HTML = "html"  # often exports that only pretend to be .xls
    IMAGE = "image"
    OTHER_OFFICE = "other_office"  # (kind: word, powerpoint, opendocument, addin, unknown)
    ARCHIVE = "archive"  # (workbooks: how many .xlsx lie inside)
    ONLY_ZEROS = "only_zeros"  # what a broken synchronisation leaves behind
    UNKNOWN_FORMAT = "unknown_format"

    # the zip container
    TRUNCATED = "truncated"
    PACKAGE_DAMAGED = "package_damaged"  # (fault)
    TOO_MANY_PARTS = "too_many_parts"  # (limit, allowed, found)
    PART_TOO_BIG = "part_too_big"  # (limit, allowed, found, part)
    UNPACKED_TOO_BIG = "unpacked_too_big"  # (limit, allowed, found)
    RATIO_TOO_HIGH = "ratio_too_high"  # (limit, allowed, found[, part])
    DOUBLED_PARTS = "doubled_parts"  # (part)
    OVERLAPPING_PARTS = "overlapping_parts"  # (part)
    UNSAFE_PART_NAME = "unsafe_part_name"
    UNKNOWN_COMPRESSION = "unknown_compression"  # (part)
    ENCRYPTED_PART = "encrypted_part"  # (part)
    PART_DAMAGED = "part_damaged"  # (part)

    # the XML inside
    DOCTYPE = "doctype"  # (part)
    XML_DAMAGED = "xml_damaged"  # (part)
    PART_MISSING = "part_missing"  # (part[, sheet])
    NOT_A_WORKBOOK = "not_a_workbook"  # (part): a package that is no workbook
    NO_SHEETS = "no_sheets"
    TOO_MANY_SHEETS = "too_many_sheets"  # (limit, allowed, found)
    DOUBLED_SHEETS = "doubled_sheets"  # (sheet)
    BAD_STRUCTURE = "bad_structure"  # (part or sheet[, cell]): values where none may stand

    # rows and cells
    TOO_MANY_ROWS = "too_many_rows"  # (limit, allowed, found, sheet)
    TOO_MANY_CELLS = "too_many_cells"  # (limit, allowed, found, sheet)
    TOO_MANY_MERGES = "too_many_merges"  # (limit, allowed, found, sheet)
    TEXT_TOO_LONG = "text_too_long"  # (limit, allowed, found, sheet, cell)
    BAD_REFERENCE = "bad_reference"  # (sheet, cell: the text that is no reference)
    BEYOND_GRID = "beyond_grid"  # (sheet, cell)
    DOUBLED_CELL = "doubled_cell"  # (sheet, cell)
    BAD_NUMBER = "bad_number"  # (sheet, cell, found)
    BAD_BOOLEAN = "bad_boolean"  # (sheet, cell, found)
    BAD_DATE = "bad_date"  # (sheet, cell, found)
    BAD_TYPE = "bad_type"  # (sheet, cell, found)
    BAD_TEXT_INDEX = "bad_text_index"  # (sheet, cell, found)
    BAD_STYLE_INDEX = "bad_style_index"  # (sheet, cell, found)

    # the guard
    TIME_LIMIT = "time_limit"  # (limit, allowed)
    MEMORY_LIMIT = "memory_limit"  # (limit, allowed)
    OUTPUT_LIMIT = "output_limit"  # (limit, allowed)
    READER_DIED = "reader_died"  # the reading process ended without a result


class Caution(Enum):
    """What is remarkable in a file that is read all the same. In brackets: its facts."""

    MACROS = "macros"  # never executed, never copied
    TEMPLATE_TYPE = "template_type"  # saved as .xltx or .xltm
    STRICT = "strict"  # the strict variant of Open XML
    EXTERNAL_LINKS = "external_links"  # (count)
    EMBEDDED = "embedded"  # (count)
    TRAILING_DATA = "trailing_data"  # (found): bytes after the end of the package
    SECOND_READING_NOT_RUN = "second_reading_not_run"  # (why: grid, text_count)
    SECOND_READING_FAILED = "second_reading_failed"
    MORE_DISAGREEMENTS = "more_disagreements"  # (count): those not listed one by one


Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file cannot be read, as a name and the facts for its sentence; no text of a library."""

    reason: Reason
    values: Facts = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something remarkable in a file that was read, as a name and the facts for its sentence."""

    caution: Caution
    values: Facts = ()


@dataclass(frozen=True, slots=True)
class Style:
    """How a cell looks, as far as it matters for what its value means.

    `number_format` is the format code in Excel's invariant (English) spelling. `invisible` says
    that the text has the colour of its own background, or a format that shows nothing; conditional
    formats are not considered.
    """

    number_format: str = "General"
    is_date: bool = False
    strike: bool = False
    invisible: bool = False
    locked: bool = True


class Cell(NamedTuple):
    """A cell with a value or a formula. Row and column count from 1.

    A named tuple because a return has thousands of cells and a frozen dataclass takes four times as
    long to create; its order is the order of a sheet.

    `raw` is the stored text: digits exactly as in the file, shared texts resolved, the escapes of
    Open XML (`_x000D_`) decoded. `formula` is the formula's text without '=', for a cell of a
    shared formula that of its first cell, and None where there is none. `cached` is False only for
    a formula without stored value; `type` then says nothing.
    """

    row: int
    column: int
    type: CellType
    raw: str
    formula: str | None = None
    cached: bool = True
    style: Style = Style()

    @property
    def number_format(self) -> str:
        """The format code, 'General' where there is none."""
        return self.style.number_format

    @property
    def reference(self) -> str:
        """The address as Excel writes it, such as 'F7'."""
        return f"{column_letters(self.column)}{self.row}"


@dataclass(frozen=True, slots=True)
class Comment:
    """A note or a threaded comment at a cell, without its author."""

    row: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with all cells that have content, sorted by row and column.

    `hidden_columns` and `hidden_rows` hold also those of width or height zero. `merges` are (first
    row, first column, last row, last column); they are never expanded, and values under them are
    kept as cells. `kind` is 'worksheet', 'macrosheet' or 'dialogsheet'; sheets that hold only a
    chart are left out.
    """

    name: str
    state: Literal["visible", "hidden", "veryHidden"]
    cells: tuple[Cell, ...]
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    merges: tuple[tuple[int, int, int, int], ...] = ()
    filtered: bool = False
    comments: tuple[Comment, ...] = ()
    protected: bool = False
    kind: str = "worksheet"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A cell for which the two readers found different values ('' where one found nothing)."""

    sheet: str
    row: int
    column: int
    first: str
    second: str


SecondState = Literal["agreed", "disagreed", "not_run", "failed"]


@dataclass(frozen=True, slots=True)
class SecondReading:
    """The verdict of the second reader: whether it ran, what it saw differently, and what there is
    to say about it.
    """

    state: SecondState
    disagreements: tuple[Disagreement, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook as it was stored, before anybody asks what its cells mean.

    `properties` holds the custom properties by name, and 'core:created', 'core:modified' and
    'app:Application' where the file has them; names of persons (creator, last modified by) are not
    kept. `external_links` are the file names of linked workbooks without their folders.
    """

    sheets: tuple[Sheet, ...]
    date1904: bool = False
    properties: tuple[tuple[str, str], ...] = ()
    strict: bool = False
    macros: bool = False
    external_links: tuple[str, ...] = ()
    embedded: bool = False
    second_reading: SecondState = "not_run"
    disagreements: tuple[Disagreement, ...] = ()
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file gave: hash and size of exactly the bytes read, and the workbook or its refusal.

    `sha256` and `size` are None where no byte was read (folders, pipes, links, missing or huge
    files).
    """

    sha256: str | None
    size: int | None
    result: Workbook | Refusal


class Refused(Exception):  # noqa: N818 - not an error of the program
    """Carries a refusal out of the depth of a parser; never leaves the reader."""

    def __init__(self, reason: Reason, **values: object) -> None:
        super().__init__(reason.value)
        self.refusal = Refusal(reason, tuple((key, str(value)) for key, value in values.items()))


def with_second_reading(workbook: Workbook, second: SecondReading) -> Workbook:
    """The workbook with the verdict of the second reader."""
    return replace(
        workbook,
        second_reading=second.state,
        disagreements=second.disagreements,
        warnings=workbook.warnings + second.notices,
    )


def column_letters(column: int) -> str:
    """The letters of a column counted from 1: 1 is A, 27 is AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """The number of a column by its capital letters: A is 1, XFD is 16,384."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
