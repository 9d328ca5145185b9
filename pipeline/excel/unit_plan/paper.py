"""A printed page made of rows: sections are collected first, then placed, so that a formula knows
every row and a page ends where a reader would end it.

Excel ignores manual page breaks on sheets that are fitted to pages; therefore the scale is
computed from the widths of the columns, and the breaks from the heights of the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.looks import Looks, breadth, height_of, indented
from pipeline.excel.budget_plan.sheets import put_sum
from pipeline.excel.workbook import (
    done,
    put_blank,
    put_formula,
    put_link,
    put_number,
    put_text,
)

CODE: Final = 12.0
TITLE: Final = 37.5
AMOUNT: Final = 11.5
WIDE_AMOUNT: Final = 13.5
"""For amounts of a billion euro and more."""
NARROW_AMOUNT: Final = 9.5
"""For thousands."""
KEY: Final = 11.0
SOURCE: Final = 20.0
MOST_LINES: Final = 12
"""Lines of text in one row; longer texts go on in the next row, so that a page can end there."""

_PRINTABLE: Final = (697.0, 741.0)  # A4 inside the margins: width in pixels, height in points
_SAFETY: Final = 0.97  # office programs measure fonts differently
_DIGIT: Final = 7.45
"""The width of a digit in pixels: 7 in Excel, a little more where the font is measured exactly."""
_BOLD: Final = frozenset({"row1", "subtotal", "total", "watch", "good", "bad"})
_LEAST_ROWS: Final = 4  # heading, header and two rows
_HEAD_HEIGHT: Final = 18.0

Value = tuple[str, int] | Decimal | str | None
"""What stands in an amount's cell: a formula with its cents, a number, a word, nothing."""


@dataclass(kw_only=True)
class Row:
    """One row to come. ``put`` writes it when its number ``at`` (from 0) is known; ``keep`` holds
    it on the same page as the next one.
    """

    height: float
    put: Callable[[int], None]
    keep: bool = False
    at: int = -1


@dataclass(frozen=True, kw_only=True)
class Section:
    """Rows under one heading; ``head`` makes the header row, which is repeated where a page ends
    inside. ``whole`` sections are not torn apart where they fit on one page.
    """

    rows: Sequence[Row]
    whole: bool = False
    head: Callable[[], Row] | None = None


@dataclass(kw_only=True)
class Paper:
    """A sheet that is filled from top to bottom.

    ``above`` is the height of what stands on the first page already, ``repeated`` of what stands
    on every page. Columns: code, title, one per year; behind a gap and outside the print area the
    search key of the sums and the source of what a department wrote.
    """

    sheet: Worksheet
    looks: Looks
    years: Sequence[str]
    amount: float = AMOUNT
    top: int = 0
    above: float = 0.0
    repeated: float = 0.0
    _sections: list[Section] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The last printed column."""
        return 1 + max(len(self.years), 4)

    @property
    def key_column(self) -> int:
        """The column of the search keys."""
        return self.last + 2

    @property
    def scale(self) -> int:
        """The print scale in per cent that makes the page one sheet wide."""
        pixels = sum(_DIGIT * each + 5 for each in self._widths)
        return min(100, int(_PRINTABLE[0] / pixels * 98))

    @property
    def _widths(self) -> list[float]:
        return [CODE, TITLE, *([self.amount] * (self.last - 1))]

    def add(self, section: Section) -> None:
        """A section below the others."""
        self._sections.append(section)

    def finish(self) -> None:
        """Places all rows, writes them, and sets up columns, scale, breaks and print area."""
        sheet = self.sheet
        for column, width in enumerate([*self._widths, 2.0, KEY, SOURCE]):
            sheet.set_column(column, column, width)
        rows, breaks = self._placed()
        for row in rows:
            sheet.set_row(row.at, row.height)
        for row in rows:
            row.put(row.at)
        done(sheet.print_area(0, 0, max((row.at for row in rows), default=self.top), self.last))
        sheet.set_print_scale(self.scale)
        if breaks:
            sheet.set_h_pagebreaks(breaks)

    def _placed(self) -> tuple[list[Row], list[int]]:
        room = _PRINTABLE[1] / self.scale * 100 * _SAFETY - self.repeated
        used, at = self.above, self.top
        rows: list[Row] = []
        breaks: list[int] = []
        for section in self._sections:
            for number, chunk in enumerate(_chunks(section, room)):
                height = sum(row.height for row in chunk)
                if used and used + height > room:
                    breaks.append(at)
                    used = 0.0
                    if number and section.head is not None:
                        again = section.head()
                        chunk.insert(0, again)
                        height += again.height
                for row in chunk:
                    row.at = at
                    at += 1
                rows += chunk
                used += height
        return rows, breaks

    # --- rows ---------------------------------------------------------------------------------

    def gap(self, height: float = 7.0) -> Row:
        """An empty row."""
        return Row(height=height, put=lambda _: None)

    def heading(self, text: str) -> Row:
        """The heading of a section."""
        look = self.looks("heading")
        return Row(height=22.0, put=lambda at: put_text(self.sheet, at, 0, text, look), keep=True)

    def header(self, code: str, title: str, titles: Sequence[str]) -> Row:
        """The header row of a table; missing titles leave empty cells."""
        texts = [code, title, *titles]
        texts += [""] * (self.last + 1 - len(texts))
        cells = zip(texts, (1.25 * each for each in self._widths), strict=True)

        def put(at: int) -> None:
            for column, text in enumerate(texts):
                look = self.looks("head", "text" if column < 2 else "centre")
                put_text(self.sheet, at, column, text, look if text else self.looks("head_gap"))

        return Row(height=max(height_of(*cells) + 3, _HEAD_HEIGHT), put=put, keep=True)

    def wide(
        self,
        text: str,
        role: str = "plain",
        *,
        first: int = 0,
        source: Callable[[int], None] | None = None,
    ) -> list[Row]:
        """A text over the width of the page, from column ``first`` on; a long one takes several
        rows.
        """
        room = sum(self._widths[first:]) * (0.88 if role in _BOLD else 0.97)
        return [
            self._wide(piece, role, first, room, source if number == 0 else None)
            for number, piece in enumerate(pieces(text, room))
        ]

    def _wide(
        self, text: str, role: str, first: int, room: float, source: Callable[[int], None] | None
    ) -> Row:
        def put(at: int) -> None:
            look = self.looks(role, "wrap")
            # Running text is no data: one cell over the page is what a reader of print expects.
            done(self.sheet.merge_range(at, first, at, self.last, "", look))
            put_text(self.sheet, at, first, text, look)
            if source is not None:
                source(at)

        return Row(height=height_of((text, room)) + 1, put=put)

    def labelled(self, label: str, text: str, *, role: str = "plain") -> list[Row]:
        """A label with its text beside it."""
        rows = self.wide(text, role, first=2)
        first = rows[0]
        beside = first.put

        def put(at: int) -> None:
            put_text(self.sheet, at, 0, label, self.looks("label"))
            beside(at)

        first.put = put
        return rows

    def amounts(
        self,
        code: str,
        title: str,
        values: Callable[[int], Sequence[Value]],
        *,
        role: str = "row",
        shown: str,
        shown_each: Sequence[tuple[str, str]] = (),
        indent: int = 0,
        key: str = "",
        more: Callable[[int], None] | None = None,
        link: str | None = None,
        keep: bool = False,
    ) -> Row:
        """A row of a table. ``values`` is given the row's number; ``key`` is the criterion its
        sums look up; ``shown_each`` says for single years another role and format; ``link`` is
        where the code leads to.
        """

        def put(at: int) -> None:
            # Only short texts are links: LibreOffice does not wrap a linked text.
            if link is None or not code:
                put_text(self.sheet, at, 0, code, self.looks(role, "wrap"))
            else:
                put_link(self.sheet, at, 0, link, code, self.looks("cell_link"))
            put_text(self.sheet, at, 1, title, self.looks(role, "wrap", indent=indent))
            cells = list(values(at))
            cells += [None] * (self.last - 1 - len(cells))
            for offset, value in enumerate(cells):
                own = shown_each[offset] if offset < len(shown_each) else (role, shown)
                self.put_value(at, 2 + offset, value, *own)
            if key:
                put_text(self.sheet, at, self.key_column, key, self.looks("key"))
            if more is not None:
                more(at)

        size = 1.1 if role in _BOLD else 1.0
        height = height_of((title, (TITLE - indented(indent) / 2) / size), (code, CODE / size))
        return Row(height=height, put=put, keep=keep)

    def put_value(self, row: int, column: int, value: Value, role: str, shown: str) -> None:
        """A value by what it is."""
        match value:
            case None:
                put_blank(self.sheet, row, column, self.looks(role, shown))
            case str():
                put_text(self.sheet, row, column, value, self.looks(role, "right"))
            case Decimal():
                put_number(self.sheet, row, column, value, self.looks(role, shown))
            case (formula, int(cents)):
                put_sum(self.sheet, row, column, formula, cents, self.looks(role, shown))

    def put_formula(
        self, row: int, column: int, formula: str, cached: Decimal | str, role: str, shown: str
    ) -> None:
        """A formula that is no amount."""
        put_formula(self.sheet, row, column, formula, self.looks(role, shown), cached)


def _chunks(section: Section, room: float) -> list[list[Row]]:
    """Rows that stay together: a whole section or a short one, else what `Row.keep` joins."""
    rows = list(section.rows)
    if sum(row.height for row in rows) <= room * (0.9 if section.whole else 0.15):
        return [rows] if rows else []
    chunks: list[list[Row]] = []
    joined = False
    for row in rows:
        if joined:
            chunks[-1].append(row)
        else:
            chunks.append([row])
        # A page never ends right below a header, nor does a sum stand alone on the next one.
        joined = row.keep or (len(chunks) == 1 and len(chunks[0]) < _LEAST_ROWS)
    while len(chunks) > 1 and len(chunks[-1]) < _LEAST_ROWS - 1:
        last = chunks.pop()
        chunks[-1] += last
    return chunks


def pieces(text: str, room: float) -> list[str]:
    """A text in parts of at most `MOST_LINES` lines in a cell of that width."""
    found: list[str] = []
    for paragraph in text.split("\n"):
        words: list[str] = []
        lines, filled = 1, 0.0
        for word in paragraph.split(" "):
            size = breadth(word) + 0.55
            more = int((filled + size) // max(room - 2.0, 5.0))
            if more and lines + more > MOST_LINES and words:
                found.append(" ".join(words))
                words, lines, filled, more = [], 1, 0.0, 0
            lines += more
            filled = size if more else filled + size
            words.append(word)
        found.append(" ".join(words))
    return _joined(found, room)


def _joined(parts: Sequence[str], room: float) -> list[str]:
    """Short paragraphs share a row."""
    found: list[str] = []
    for part in parts:
        both = f"{found[-1]}\n{part}" if found else part
        if found and height_of((both, room)) <= MOST_LINES * 12.8:
            found[-1] = both
        else:
            found.append(part)
    return found
