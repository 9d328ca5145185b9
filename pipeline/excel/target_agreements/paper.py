"""The paper of an agreement: an A4 page upright, filled from top to bottom.

What belongs together is a block; where an agreement does not fit on one page, a block moves to the
next page as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.target_agreements.desk import Desk
from pipeline.excel.workbook import done, put_text

WIDTHS: Final = (4.0, 33.0, 11.0, 11.0, 11.0, 14.5, 14.5)
TEXT, DATE, ACTUAL, PLANNED, AGREED, WEIGHT = 1, 2, 3, 4, 5, 6
"""The columns behind the number; amounts of the years stand in the last of them."""
LAST: Final = len(WIDTHS) - 1
_PAGE: Final = 780.0
"""Points of rows that an A4 page takes at the scale at which the columns fill it."""
_SHRUNK: Final = 1.18
"""How much more than a page may still be made to fit it."""
_SCALE: Final = 88
"""Per cent, where the sheet takes several pages: the columns fit, in LibreOffice, too, which takes
them wider than Excel.
"""


@dataclass
class Paper:
    """A sheet that is filled from top to bottom; knows the next free row and how high each block
    is.
    """

    desk: Desk
    sheet: Worksheet
    row: int = 0
    heights: list[float] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)

    def block(self) -> None:
        """What follows stays together on a page."""
        self.blocks.append(self.row)

    def line(self, *texts: tuple[str, float], least: float = 15.0) -> int:
        """A new row that shows these wrapped texts, each given with its width; gives the row."""
        height = max(height_of(*texts), least)
        done(self.sheet.set_row(self.row, height))
        self.heights.append(height)
        self.row += 1
        return self.row - 1

    def wide(self, text: str, look: Format, *, first: int = 0, last: int = LAST) -> int:
        """A new row with one text over several columns."""
        row = self.line((text, width(first, last) * 0.98))
        self.put_wide(row, text, look, first=first, last=last)
        return row

    def put_wide(self, row: int, text: str, look: Format, *, first: int, last: int) -> None:
        """A text over several columns of a row."""
        if last > first:
            done(self.sheet.merge_range(row, first, row, last, "", look))
        put_text(self.sheet, row, first, text, look)

    def heading(self, text: str) -> None:
        """A gap and the heading of a part."""
        self.line(least=9.0)
        row = self.line(least=19.0)
        put_text(self.sheet, row, 0, text, self.desk.looks("heading"))

    def fill(self, row: int, look: Format, *columns: int) -> None:
        """Empty cells with a look."""
        for column in columns:
            put_text(self.sheet, row, column, "", look)


def width(first: int, last: int) -> float:
    """The width of several columns together."""
    return sum(WIDTHS[first : last + 1])


def fit(paper: Paper) -> None:
    """One page where that stays legible; else breaks between blocks, never within one."""
    total = sum(paper.heights[1:])  # the link in the first row is not printed
    if total <= _PAGE * _SHRUNK:
        paper.sheet.fit_to_pages(1, 1)
        return
    paper.sheet.set_print_scale(_SCALE)
    room = _PAGE * 94 / _SCALE
    breaks: list[int] = []
    used = 0.0
    for start, end in zip(paper.blocks, [*paper.blocks[1:], paper.row], strict=True):
        height = sum(paper.heights[start:end])
        if used and used + height > room:
            breaks.append(start)
            used = 0.0
        used = (used + height) % room
    paper.sheet.set_h_pagebreaks(breaks)
