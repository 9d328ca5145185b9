"""One sheet of a workbook: a single pass over its XML that loses no cell and believes no promise.

Declared dimensions are ignored, rows may come in any order, positions may be left out. Whatever cannot be true
(a cell twice, a reference outside the grid, a number that is none) refuses the file and names the cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from math import isfinite

from pipeline.excel.limits import Limits
from pipeline.excel.markup import MAIN, MAIN_STRICT, Attributes, feed, truth
from pipeline.excel.package import Package, Part, chunks
from pipeline.excel.reading import (
    MAX_COLUMN,
    MAX_ROW,
    Cell,
    CellType,
    Reason,
    Refused,
    Style,
    column_letters,
    column_number,
    printable,
)
from pipeline.excel.stored_texts import Texts, decoded, utf16_length

_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
_LOOKS_LIKE_A_REFERENCE = re.compile("([A-Z]+)([1-9][0-9]*)")
_ROW_NUMBER = re.compile("[1-9][0-9]*")
_INDEX = re.compile("[0-9]{1,9}")
# Decimal notation as XML Schema has it, without NaN and INF; Python's own rules would take '1_000', Arabic
# digits and 'infinity'. No program writes more digits or a larger exponent than this.
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(
    r"(?:-?[0-9]{4,5}-[0-9]{2}-[0-9]{2})?(?:T?[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
_XML_BLANKS = " \t\r\n"
_ERROR_SHOWN = 40

# A cell that has a style and nothing else. Templates and real workbooks hold far more of these than of others;
# taking them out before parsing halves the time. Only the plainest spelling is taken out.
_EMPTY_CELL = re.compile(
    rb'<c r="([A-Z]{1,3}[1-9][0-9]{0,6})"(?: s="[0-9]+")?(?: t="(?:n|s|str)")? ?(?:/>|></c>)'
)
_UNPLAIN_CELL = re.compile(rb'<c(?! r="[A-Z]{1,3}[1-9][0-9]{0,6}")[\s/>]')
_LONGEST_TAIL = 4 << 20


class StoredSheet:
    """What one sheet part holds; filled by `read_sheet`."""

    __slots__ = (
        "attributes", "cells", "cells_before", "cell_at", "cell_open", "collecting", "column", "content_rows",
        "data_seen", "depth", "empties", "empty_references", "filtered", "formula", "formula_of", "group",
        "hidden_columns", "hidden_rows", "ignored_below", "in_data", "inline", "inline_run", "last_row", "limits",
        "main", "masters", "merges", "part", "pieces", "protected", "reference", "row", "row_open", "row_text",
        "sheet", "strange", "styles", "texts", "value", "lengths_known", "left_out", "bounds",
    )  # fmt: skip
