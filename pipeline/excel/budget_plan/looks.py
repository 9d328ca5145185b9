"""How the printed sheets look: roles built from the palette of `pipeline.excel.styles`.

A printed sheet needs every role in many number formats and depths; `Looks` makes each combination
once per workbook.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format

from pipeline.excel import styles
from pipeline.model.master import Settings

CHART_COLOURS: Final = ("#0B5C9E", "#E69F00", "#009E73", "#CC79A7")
"""Told apart by people who see colours differently (palette of Okabe and Ito)."""
PREVIOUS: Final = "#A9B4C2"
"""The year that others are compared with: grey beside their colours."""

# XlsxWriter writes an indent without an alignment where the text stands at the top; then nobody
# applies it.
_LEFT: Final[Mapping[str, Any]] = {"align": "left", "indent": 1}
_CELL: Final[Mapping[str, Any]] = {
    "font_color": styles.INK,
    "valign": "top",
    "bottom": 4,
    "bottom_color": styles.LINE,
}
_BAND: Final[Mapping[str, Any]] = {
    **_CELL,
    "bold": True,
    "bg_color": styles.BLUE_LIGHT,
    "bottom": 1,
}
_ROLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "title": {"font_color": styles.BLUE, "bold": True, "font_size": 16, "valign": "vcenter"},
    "subtitle": {"font_color": styles.MUTED, "italic": True, "valign": "vcenter"},
    "heading": {"font_color": styles.BLUE, "bold": True, "font_size": 12, "valign": "vcenter"},
    "link": {"font_color": styles.BLUE, "underline": 1, "valign": "top"},
    "plain_link": {**_LEFT, "font_color": styles.BLUE, "underline": 1, "valign": "top"},
    "cell_link": {**_CELL, **_LEFT, "font_color": styles.BLUE, "underline": 1, "text_wrap": True},
    "head": {
        "font_color": styles.WHITE,
        "bold": True,
        "font_size": 8.5,
        "bg_color": styles.BLUE,
        "border": 1,
        "border_color": styles.WHITE,
        "valign": "vcenter",
        "text_wrap": True,
    },
    "head_gap": {"bg_color": styles.BLUE},
    "row": _CELL,
    "row0": _BAND,
    "row1": {**_CELL, "bold": True},
    "quiet": {**_CELL, "font_color": styles.MUTED, "italic": True},
    "number": {**_CELL, "font_color": styles.MUTED, "font_size": 8, "align": "center"},
    "subtotal": {**_CELL, "bold": True, "bg_color": styles.LOCKED, "top": 1, "bottom": 1},
    "total": {
        "font_color": styles.WHITE,
        "bold": True,
        "bg_color": styles.BLUE,
        "valign": "vcenter",
    },
    "good": {**_CELL, "font_color": styles.OK_INK, "bg_color": styles.OK_FILL, "bold": True},
    "watch": {**_CELL, "font_color": styles.HINT_INK, "bg_color": styles.HINT_FILL, "bold": True},
    "bad": {**_CELL, "font_color": styles.ERROR_INK, "bg_color": styles.ERROR_FILL, "bold": True},
    "banner": {"bg_color": styles.BLUE, "font_color": styles.WHITE, "valign": "vcenter"},
    "banner_heading": {
        "bg_color": styles.BLUE,
        "font_color": styles.WHITE,
        "bold": True,
        "font_size": 16,
        "valign": "vcenter",
    },
    "banner_title": {
        "bg_color": styles.BLUE,
        "font_color": styles.WHITE,
        "bold": True,
        "font_size": 24,
        "valign": "vcenter",
    },
    "plain": {"font_color": styles.INK, "valign": "top"},
    "label": {"font_color": styles.MUTED, "bold": True, "valign": "top"},
    "signature": {"font_color": styles.INK, "font_size": 9, "valign": "top", "top": 1},
    "key": {"font_color": styles.MUTED, "font_size": 8},
}
_SHOWN: Final[Mapping[str, Mapping[str, Any]]] = {
    "": {},
    "text": {"num_format": "@", **_LEFT},
    "wrap": {"num_format": "@", "text_wrap": True, **_LEFT},
    "centre": {"num_format": "@", "align": "center"},
    "wrap_centre": {"num_format": "@", "align": "center", "text_wrap": True},
    "right": {"num_format": "@", "align": "right"},
    "cents": {"num_format": "#,##0.00;-#,##0.00;0.00", "align": "right"},
    "signed_cents": {"num_format": "+#,##0.00;-#,##0.00;0.00", "align": "right"},
    "euro": {"num_format": '#,##0;-#,##0;"–"', "align": "right"},
    "thousand": {"num_format": '#,##0,;-#,##0,;"–"', "align": "right"},
    "change": {"num_format": "+#,##0;-#,##0;0", "align": "right"},
    "change_thousand": {"num_format": "+#,##0,;-#,##0,;0", "align": "right"},
    "percent": {"num_format": "0.0%", "align": "right"},
    # Two places: 94,95 % is below a threshold of 95 %, and must not be printed as 95,0 %.
    "attainment": {"num_format": "0.00%", "align": "right"},
    "percent_change": {"num_format": "+0.0%;-0.0%;0.0%", "align": "right"},
    "share": {"num_format": "0.00%", "align": "right"},
    "integer": {"num_format": "#,##0", "align": "right"},
    "count": {"num_format": "0"},
    "yes_no": {"num_format": '[=1]"ja";[=0]"nein";0.00', "align": "right"},
    **{
        f"number{places}": {
            "num_format": f"#,##0.{'0' * places}" if places else "#,##0",
            "align": "right",
        }
        for places in range(7)
    },
}
STATE_ROLES: Final[Mapping[str, str]] = {"green": "good", "yellow": "watch", "red": "bad"}
"""The role of an attainment's state; the others stay without colour."""


@dataclass(frozen=True, kw_only=True)
class Money:
    """How a municipality wants amounts shown: number formats of amounts and of differences, and
    how headings name the unit. The cents stay in the cell.
    """

    amount: str
    change: str
    unit: str


def money_of(settings: Settings) -> Money:
    """In whole euro, or in thousands, as the setting ``display_unit`` says."""
    if settings.display_unit == "TEUR":
        return Money(amount="thousand", change="change_thousand", unit="in Tausend Euro")
    return Money(amount="euro", change="change", unit="in Euro")


@dataclass(frozen=True)
class Looks:
    """The formats of one workbook; made when first asked for, in the order of the sheets, hence
    the same in every run.
    """

    workbook: xlsxwriter.Workbook
    _made: dict[tuple[str, str, int], Format] = field(default_factory=dict)

    def __call__(self, role: str, shown: str = "", *, indent: int = 0) -> Format:
        """The format for a role and a way of showing a value."""
        key = (role, shown, indent)
        if key not in self._made:
            look = {**styles.DEFAULTS, **_ROLES[role], **_SHOWN[shown]}
            if indent:
                look["indent"] = min(look.get("indent", 0) + indent, 15)
            self._made[key] = self.workbook.add_format(look)
        return self._made[key]


_NARROW: Final = frozenset("ijlIf t.,:;'!|()[]/-r\u2009")
_WIDE: Final = frozenset("mwMWGOQÖ@%→–—")
_ROOM: Final = 1.5  # the indent and the padding of a cell, in characters


def breadth(text: str) -> float:
    """The width of a text in units of a digit, as Arial sets it: what a column's width is
    measured in.
    """
    narrow = sum(1 for char in text if char in _NARROW)
    wide = sum(1 for char in text if char in _WIDE)
    capital = sum(
        1 for char in text if char.isupper() and char not in _WIDE and char not in _NARROW
    )
    return 0.55 * narrow + 1.45 * wide + 1.22 * capital + (len(text) - narrow - wide - capital)


def indented(depth: int) -> float:
    """The width that an outline's indent takes away: two steps a level, wider than digits."""
    return 2.8 * depth


def lines_of(text: str, width: float) -> int:
    """How many lines a text takes in a column of that width, so that nothing is cut off."""
    usable = max(width - _ROOM, 3.0)
    return sum(_wrapped(part, usable) for part in text.split("\n"))


def _wrapped(text: str, usable: float) -> int:
    lines, filled = 1, 0.0
    for word in text.split(" "):
        size = breadth(word)
        if filled and filled + 0.55 + size > usable:
            lines, filled = lines + 1, 0.0
        # A word longer than the column goes on in the next line.
        more, rest = divmod(size, usable) if size > usable else (0, size)
        lines += int(more)
        filled = rest if more else filled + (0.55 if filled else 0.0) + size
    return lines


def height_of(*cells: tuple[str, float]) -> float:
    """The height of a row in points that shows all these wrapped texts, each given with its
    column's width.
    """
    return min(12.8 * max((lines_of(text, width) for text, width in cells), default=1) + 2.5, 409)
