"""One sheet of a workbook: a single pass over its XML that loses no cell and believes no promise.

Declared dimensions are ignored, rows may come in any order, positions may be left out. Whatever
cannot be true (a cell twice, a reference outside the grid, a number that is none) refuses the file
and names the cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import isfinite

from pipeline.excel.reader.limits import Limits
from pipeline.excel.reader.markup import MAIN, MAIN_STRICT, Attributes, feed, truth
from pipeline.excel.reader.package import Package, Part, chunks, printable
from pipeline.excel.reader.reading import (
    MAX_COLUMN,
    MAX_ROW,
    Cell,
    CellType,
    Reason,
    Refused,
    Style,
    column_letters,
    column_number,
)
from pipeline.excel.reader.stored_texts import Texts, decoded, utf16_length

_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
_LOOKS_LIKE_A_REFERENCE = re.compile("([A-Z]+)([1-9][0-9]*)")
_ROW_NUMBER = re.compile("[1-9][0-9]*")
_INDEX = re.compile("[0-9]{1,9}")
# Decimal notation as XML Schema has it, without NaN and INF; Python's own rules would take '1_000',
# Arabic digits and 'infinity'. No program writes more digits or a larger exponent than this.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?"
)
# What nearly all numbers look like; they cannot be too large for a float.
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,300}(?:\.[0-9]{1,300})?")
_DATE = re.compile(
    r"(?:-?[0-9]{4,5}-[0-9]{2}-[0-9]{2})?(?:T?[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
_XML_BLANKS = " \t\r\n"
_ERROR_SHOWN = 40

# A cell that has a style and nothing else. Templates and real workbooks hold far more of these than
# of others; taking them out before parsing halves the time. Only the plainest spelling is taken
# out.
# `_UNPLAIN_CELL` has made sure before that every cell begins with its reference, so that here the
# first text in quotes is one.
_EMPTY_CELL = re.compile(rb'<c r="([^"]+)"(?: s="[0-9]+")?(?: t="[a-z]+")? ?(?:/>|></c>)')
_UNPLAIN_CELL = re.compile(rb'<c(?! r="[A-Z]{1,3}[1-9][0-9]{0,6}")[\s/>]')
_LONGEST_TAIL = 4 << 20


_COLUMNS: dict[str, int] = {}  # letters that were found to be a column
_TYPES = {
    "n": CellType.NUMBER,
    "s": CellType.TEXT,
    "str": CellType.TEXT,
    "inlineStr": CellType.TEXT,
    "b": CellType.BOOLEAN,
    "e": CellType.ERROR,
    "d": CellType.DATE,
}


_STORED_AS_VALUE = _TYPES.keys() - {"inlineStr"}
_cell = Cell._make  # a third of the time of the constructor


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a sheet needs from the rest of its workbook."""

    name: str
    texts: Texts
    styles: tuple[Style, ...]
    limits: Limits
    cells_before: int


def read_sheet(package: Package, part: Part, surroundings: Surroundings) -> SheetScan:
    """Read one sheet part."""
    try:
        scan = SheetScan(part=part.name, around=surroundings)
        pieces = _without_empty_cells(chunks(package, part), scan)
        feed(pieces, part=part.name, start=scan.start, end=scan.end, text=scan.text)
    except _PositionLeftOut:
        # A cell without a reference stands right of its predecessor, which may have been taken out.
        scan = SheetScan(part=part.name, around=surroundings)
        pieces = chunks(package, part)
        feed(pieces, part=part.name, start=scan.start, end=scan.end, text=scan.text)
    scan.finish()
    return scan


class _PositionLeftOut(Exception):  # noqa: N818 - not an error
    """A cell without a reference follows where empty cells were taken out."""


def _without_empty_cells(pieces: Iterable[bytes], scan: SheetScan) -> Iterator[bytes]:
    """The part without its valueless cells, as long as it is so plain that a pattern can tell them.

    Comments, CDATA, processing instructions, UTF-16 or unusual spellings end that for the rest of
    the part. In everything else '<' can only open a tag, so the pattern finds cells and nothing but
    cells.
    """
    plain = True
    tail = b""
    for number, piece in enumerate(pieces):
        data = tail + piece
        tail = b""
        if not plain:
            yield data
            continue
        if number == 0:
            prolog = (
                5
                if data.startswith(b"<?xml")
                else 8
                if data.startswith(b"\xef\xbb\xbf<?xml")
                else 0
            )
            plain = b"\0" not in data[:16] and b"<?" not in data[prolog:]
        else:
            plain = b"<?" not in data
        cut = data.rfind(b">") + 1  # what follows may be half a tag, and waits for the next piece
        plain = plain and b"<!" not in data and len(data) - cut < _LONGEST_TAIL
        if not plain or _UNPLAIN_CELL.search(data, 0, cut):
            plain = False
            yield data
            continue
        data, tail = data[:cut], data[cut:]
        halves = _EMPTY_CELL.split(data)
        if len(halves) > 1:
            scan.left_out.append(b" ".join(halves[1::2]))
            data = b"".join(halves[::2])
        yield data
    yield tail


@dataclass(slots=True, kw_only=True, eq=False)
class SheetScan:
    """What one sheet part holds, and the state while it is parsed.

    `cells` by reference, in the order of the file. `last_row`, `last_column` bound everything that
    the second reader may take for a cell.
    """

    part: str
    around: Surroundings
    cells: dict[str, Cell] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    filtered: bool = False
    protected: bool = False
    last_row: int = 0
    last_column: int = 0
    left_out: list[bytes] = field(default_factory=list)  # references taken out before parsing
    _empty: list[str] = field(
        default_factory=list
    )  # references of valueless cells that were parsed
    _rows_with_content: set[int] = field(default_factory=set)
    _masters: dict[str, str] = field(default_factory=dict)  # shared formulas by their number
    _used_texts: dict[str, str] = field(default_factory=dict)  # by index as written, checked
    _used_styles: dict[str, Style] = field(default_factory=dict)
    # where the parser is
    _depth: int = 0
    _group: str = ""
    _main: str = ""
    _names: tuple[str, ...] = ()  # c, v, f, is, row
    _reading: bool = False  # inside of sheetData, and not inside of something that is left out
    _data_seen: bool = False
    _ignored_below: int = 0  # depth of the element that is left out
    _row: int = 0
    _row_text: str = "0"
    _row_guessed: bool = False
    _row_hidden: bool = False
    _cells_before_row: int = 0
    _column: int = 0
    # the open cell
    _reference: str = ""
    _attributes: Attributes = field(default_factory=dict)
    _value: list[str] | None = None
    _inline: list[str] | None = None
    _run: bool = False
    _formula: list[str] | None = None
    _formula_attributes: Attributes = field(default_factory=dict)
    _collecting: list[str] | None = None

    # --- the parser's three events ---

    # The order of their questions is that of frequency: values, cells, rows, everything else.

    def start(self, name: str, attributes: Attributes) -> None:
        depth = self._depth = self._depth + 1
        if not self._reading:
            self._start_unread(depth, name, attributes)
        elif depth == 5:
            self._open_value(name, attributes)
        elif depth == 4:
            self._open_cell(name, attributes)
        elif depth == 3:
            self._open_row(name, attributes)
        else:
            self._open_inline(depth, name)

    def end(self, _name: str) -> None:
        depth = self._depth
        self._depth = depth - 1
        if not self._reading:
            if depth == self._ignored_below:
                self._ignored_below = 0
                self._reading = True
            return
        self._collecting = None
        if depth == 4:
            self._close_cell()
        elif depth == 3:
            self._close_row()
        elif depth == 2:
            self._reading = False

    def text(self, data: str) -> None:
        if self._collecting is not None:
            self._collecting.append(data)
        elif self._reading and data.strip(_XML_BLANKS):
            raise self._strange()

    # --- around the cells ---

    def _start_unread(self, depth: int, name: str, attributes: Attributes) -> None:
        if self._ignored_below:
            if name in self._names:
                raise self._strange()
        elif depth <= 3:
            self._start_outside(depth, name, attributes)

    def _start_outside(self, depth: int, name: str, attributes: Attributes) -> None:
        if depth == 1:
            self._start_root(name)
            return
        name = name.removeprefix(self._main)
        if depth == 2:
            self._group = name
        match depth, self._group, name:
            case 2, "sheetData", _:
                if self._data_seen:
                    raise self._strange()
                self._reading = self._data_seen = True
            case 2, "sheetPr", _:
                self.filtered = self.filtered or truth(attributes.get("filterMode"))
            case 2, "sheetProtection", _:
                self.protected = truth(attributes.get("sheet"))
            case 3, "autoFilter", "filterColumn":
                self.filtered = True
            case 3, "cols", "col":
                self._hide_columns(attributes)
            case 3, "mergeCells", "mergeCell":
                self._merge(attributes.get("ref", ""))
            case _:
                pass

    def _start_root(self, name: str) -> None:
        namespace, _, kind = name.rpartition("}")
        self._main = namespace + "}"
        known = self._main in {MAIN, MAIN_STRICT} and kind in {"worksheet", "dialogsheet"}
        # Macro sheets of Excel 4 have their own root, but their cells are like all others.
        if kind == "macrosheet":
            self._main = MAIN
        elif not known:
            raise Refused(Reason.BAD_STRUCTURE, part=self.part)
        self._data_seen = kind == "dialogsheet"
        self._names = tuple(self._main + element for element in ("c", "v", "f", "is", "row"))

    def _hide_columns(self, attributes: Attributes) -> None:
        if not (truth(attributes.get("hidden")) or _is_zero(attributes.get("width"))):
            return
        first, last = attributes.get("min", ""), attributes.get("max", "")
        if _INDEX.fullmatch(first) and _INDEX.fullmatch(last):
            self.hidden_columns.update(range(max(int(first), 1), min(int(last), MAX_COLUMN) + 1))

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        top, left = self._position(first)
        bottom, right = self._position(last or first)
        self.merges.append((min(top, bottom), min(left, right), max(top, bottom), max(left, right)))
        self._check_limit("merges", Reason.TOO_MANY_MERGES, len(self.merges))

    # --- rows ---

    def _open_row(self, name: str, attributes: Attributes) -> None:
        if name != self._names[4]:
            self._ignore(name)
            return
        number = attributes.get("r")
        self._row_guessed = number is None
        if number is None:
            number = str(self._row + 1)
        if not _ROW_NUMBER.fullmatch(number):
            raise Refused(Reason.BAD_REFERENCE, sheet=self.around.name, cell=_shown(number))
        if len(number) > 7 or int(number) > MAX_ROW:
            raise Refused(Reason.BEYOND_GRID, sheet=self.around.name, cell=_shown(number))
        self._row, self._row_text = int(number), number
        self._row_hidden = truth(attributes.get("hidden")) or _is_zero(attributes.get("ht"))
        self._column = 0
        self._cells_before_row = len(self.cells)

    def _close_row(self) -> None:
        if self._row_hidden:
            self.hidden_rows.add(self._row)
        if len(self.cells) > self._cells_before_row:
            self._rows_with_content.add(self._row)
            self._check_limit("rows", Reason.TOO_MANY_ROWS, len(self._rows_with_content))
            total = self.around.cells_before + len(self.cells)
            self._check_limit("cells", Reason.TOO_MANY_CELLS, total)

    # --- cells ---

    def _open_cell(self, name: str, attributes: Attributes) -> None:
        if name != self._names[0]:
            self._ignore(name)
            return
        reference = attributes.get("r")
        if reference is None:
            reference = self._next_reference()
        else:
            letters = reference.removesuffix(self._row_text)
            self._column = _COLUMNS.get(letters, 0) if letters != reference else 0
            if not self._column:
                self._column = self._column_of(reference)
        self._reference = reference
        self._attributes = attributes
        self._value = self._inline = self._formula = None

    def _next_reference(self) -> str:
        if self.left_out:
            raise _PositionLeftOut
        self._column += 1
        if self._column > MAX_COLUMN:
            raise Refused(Reason.BEYOND_GRID, sheet=self.around.name, cell=self._row_text)
        return column_letters(self._column) + self._row_text

    def _column_of(self, reference: str) -> int:
        """The column of a reference not met before; it must lie in the row that it stands in."""
        row, column = self._position(reference)
        if row != self._row:
            if not self._row_guessed:
                raise self._refused(Reason.BAD_REFERENCE, reference)
            self._row, self._row_text = (
                row,
                str(row),
            )  # a row without number takes it from its first cell
        self._row_guessed = False
        _COLUMNS[column_letters(column)] = column
        return column

    def _position(self, reference: str) -> tuple[int, int]:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            far = _LOOKS_LIKE_A_REFERENCE.fullmatch(reference)
            raise self._refused(Reason.BEYOND_GRID if far else Reason.BAD_REFERENCE, reference)
        row, column = int(match[2]), column_number(match[1])
        if row > MAX_ROW or column > MAX_COLUMN:
            raise self._refused(Reason.BEYOND_GRID, reference)
        return row, column

    def _open_value(self, name: str, attributes: Attributes) -> None:
        _, v, f, inline, _ = self._names
        if name == v and self._value is None:
            self._value = self._collecting = []
        elif name == f and self._formula is None:
            self._formula = self._collecting = []
            self._formula_attributes = attributes
        elif name == inline and self._inline is None:
            self._inline = []
        else:
            self._ignore(name)

    def _open_inline(self, depth: int, name: str) -> None:
        """Inside `is`: texts, runs with texts, and phonetic readings, which are no part of the
        value.
        """
        if self._inline is None or self._collecting is not None:
            raise self._strange()
        name = name.removeprefix(self._main)
        if depth == 6:
            self._run = name == "r"
        if name == "t" and (depth == 6 or (depth == 7 and self._run)):
            self._collecting = self._inline
        elif not (depth == 6 and self._run):
            self._leave_out()

    def _ignore(self, name: str) -> None:
        """Leave out an extension; but what looks like a cell or value in a wrong place is never
        left out.
        """
        if name in self._names:
            raise self._strange()
        self._leave_out()

    def _leave_out(self) -> None:
        self._ignored_below = self._depth
        self._reading = False

    def _close_cell(self) -> None:
        attributes = self._attributes
        kind = attributes.get("t", "n")
        if self._formula is not None or self._inline is not None or self._value is None:
            self._close_unusual_cell(kind)
            return
        text = "".join(self._value)
        if kind == "n" and _PLAIN_NUMBER.fullmatch(text):
            raw = text
        elif kind == "s" and text in self._used_texts:
            raw = self._used_texts[text]
        elif kind in _STORED_AS_VALUE:
            raw = self._raw(kind, text)
        else:
            raise self._misfit(kind)
        if raw == "":
            self._note_empty()
        else:
            self._keep(_TYPES[kind], raw, None, True)

    def _misfit(self, kind: str) -> Refused:
        """Refuse a type that does not exist, or that stores its value in another element."""
        return self._strange() if kind in _TYPES else self._refused(Reason.BAD_TYPE, found=kind)

    def _close_unusual_cell(self, kind: str) -> None:
        """A cell with a formula or an inline text, or without a value."""
        is_inline = kind == "inlineStr"
        stored, wrong = (self._inline, self._value) if is_inline else (self._value, self._inline)
        if kind not in _TYPES or wrong is not None:
            raise self._misfit(kind)
        text = "".join(stored) if stored is not None else ""
        formula = self._formula_text()
        # A formula may give an empty text, and then it is stored as such; else nothing is stored.
        cached = stored is not None and (text != "" or kind in {"str", "inlineStr"})
        raw = self._raw(kind, text) if cached else ""
        if raw == "" and formula is None:
            self._note_empty()
            return
        known = _TYPES[kind] if cached else CellType.TEXT
        self._keep(known, raw, formula, cached or formula is None)

    def _keep(self, kind: CellType, raw: str, formula: str | None, cached: bool) -> None:
        reference = self._reference
        if reference in self.cells:
            raise self._refused(Reason.DOUBLED_CELL)
        style = self._used_styles.get(self._attributes.get("s", ""))
        if style is None:
            style = self._style()
        self.cells[reference] = _cell((self._row, self._column, kind, raw, formula, cached, style))
        self.last_row = max(self.last_row, self._row)
        self.last_column = max(self.last_column, self._column)

    def _note_empty(self) -> None:
        self._empty.append(self._reference)
        self.last_row = max(self.last_row, self._row)
        self.last_column = max(self.last_column, self._column)

    def _style(self) -> Style:
        index = self._attributes.get("s", "")
        styles = self.around.styles
        if index in {"", "0"}:  # also in a workbook that has no styles at all
            style = styles[0] if styles else _NO_STYLE
        elif _INDEX.fullmatch(index) and int(index) < len(styles):
            style = styles[int(index)]
        else:
            raise self._refused(Reason.BAD_STYLE_INDEX, found=index)
        self._used_styles[index] = style
        return style

    def _formula_text(self) -> str | None:
        if self._formula is None:
            return None
        text = "".join(self._formula)
        number = self._formula_attributes.get("si")
        if self._formula_attributes.get("t") == "shared" and number is not None:
            if text:
                self._masters[number] = text
            else:
                text = self._masters.get(number, "")
        return text

    def _raw(self, kind: str, text: str) -> str:
        """The value's text by its kind of storage, or a refusal that names the cell."""
        match kind:
            case "n":
                return self._number(text.strip(_XML_BLANKS))
            case "s":
                return self._shared(text.strip(_XML_BLANKS))
            case "str" | "inlineStr":
                return self._checked_length(decoded(text))
            case "b":
                text = text.strip(_XML_BLANKS)
                if text not in {"0", "1", "true", "false"}:
                    raise self._refused(Reason.BAD_BOOLEAN, found=text)
                return text
            case "d":
                text = text.strip(_XML_BLANKS)
                if not _DATE.fullmatch(text) or not text:
                    raise self._refused(Reason.BAD_DATE, found=text)
                return text
            case _:
                return self._checked_length(text.strip(_XML_BLANKS))

    def _number(self, text: str) -> str:
        if text and not (_NUMBER.fullmatch(text) and isfinite(float(text))):
            raise self._refused(Reason.BAD_NUMBER, found=text)
        return text

    def _shared(self, index: str) -> str:
        texts = self.around.texts.found
        if not _INDEX.fullmatch(index) or int(index) >= len(texts):
            raise self._refused(Reason.BAD_TEXT_INDEX, found=index)
        text = self._used_texts[index] = self._checked_length(texts[int(index)])
        return text

    def _checked_length(self, text: str) -> str:
        allowed = self.around.limits.text_length
        if len(text) * 2 > allowed and (found := utf16_length(text)) > allowed:
            raise Refused(
                Reason.TEXT_TOO_LONG,
                limit="text_length",
                allowed=allowed,
                found=found,
                sheet=self.around.name,
                cell=self._reference,
            )
        return text

    # --- at the end ---

    def finish(self) -> None:
        """What can only be judged when the whole sheet is known."""
        if not self._data_seen:
            raise Refused(Reason.BAD_STRUCTURE, part=self.part, sheet=self.around.name)
        # A cell with a value and once more without: readers would not agree whether it is empty.
        for references in (
            self._empty,
            *(block.decode("ascii").split(" ") for block in self.left_out),
        ):
            if not self.cells.keys().isdisjoint(references):
                twice = next(reference for reference in references if reference in self.cells)
                self._reference = twice
                raise self._refused(Reason.DOUBLED_CELL)

    def sorted_cells(self) -> tuple[Cell, ...]:
        """The cells by row and column; most files are sorted already, which costs little."""
        return tuple(sorted(self.cells.values()))

    # --- refusals ---

    def _refused(
        self, reason: Reason, cell: str | None = None, *, found: str | None = None
    ) -> Refused:
        place = {"sheet": self.around.name, "cell": _shown(cell or self._reference)}
        return (
            Refused(reason, **place)
            if found is None
            else Refused(reason, **place, found=_shown(found))
        )

    def _strange(self) -> Refused:
        where = self._reference or self._row_text
        return Refused(Reason.BAD_STRUCTURE, part=self.part, sheet=self.around.name, cell=where)

    def _check_limit(self, name: str, reason: Reason, found: int) -> None:
        allowed = getattr(self.around.limits, name)
        if found > allowed:
            raise Refused(reason, limit=name, allowed=allowed, found=found, sheet=self.around.name)


_NO_STYLE = Style()


def _is_zero(size: str | None) -> bool:
    return size is not None and re.fullmatch(r"0+(?:\.0*)?", size) is not None


def _shown(text: str) -> str:
    """What the file says, short and printable enough for a message."""
    return printable(text[:_ERROR_SHOWN])
