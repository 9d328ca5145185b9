"""The look of every workbook, said once: colours, fonts, number formats, by the name of a style.

A style is ``<role>`` or ``<role>:<format>``: the role says what the cell is for (something to fill
in, something given, a heading), the format how its value is shown (``money``, ``month`` …). Colour
never stands alone: what is to be filled in is also unlocked, what is wrong also says so in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pipeline.model.tables import Kind

INK = "#1F2A37"
MUTED = "#5B6675"
BLUE = "#0B5C9E"
BLUE_LIGHT = "#DCE9F5"
WHITE = "#FFFFFF"
INPUT = "#FFFBE6"
LOCKED = "#F1F3F5"
LINE = "#C3CAD3"
ERROR_FILL, ERROR_INK = "#FBD9C6", "#8A2A00"
HINT_FILL, HINT_INK = "#FFF0B3", "#5C4400"
OK_FILL, OK_INK = "#D5EFE6", "#00563F"

FONT = "Arial"
"""Metrically equal to Liberation Sans, which LibreOffice uses in its place."""
SIZE = 10
DEFAULTS: Mapping[str, Any] = {"font_name": FONT, "font_size": SIZE}

NUMBER_FORMATS: Mapping[str, str] = {
    "text": "@",
    "general": "General",
    "money": "#,##0.00;-#,##0.00;0.00",
    "euro": "#,##0;-#,##0;0",
    "ceiling": '#,##0" € darüber";#,##0" € darunter";"genau erreicht"',
    "change": "+#,##0.00;-#,##0.00;0.00",
    "percent": "0.00",
    "integer": "#,##0",
    "year": "0",
    "month": "MM\\.YYYY",
    "date": "DD\\.MM\\.YYYY",
    **{f"number{places}": f"#,##0.{'0' * places}" if places else "#,##0" for places in range(7)},
}

_BOX = {"border": 1, "border_color": LINE, "valign": "top"}
_FILLED = {**_BOX, "font_color": INK, "bg_color": INPUT}
_GIVEN = {**_BOX, "font_color": INK, "bg_color": LOCKED}
_ROLES: Mapping[str, Mapping[str, Any]] = {
    "plain": {"font_color": INK, "valign": "top"},
    "title": {"font_color": BLUE, "bold": True, "font_size": 15, "valign": "vcenter"},
    "subtitle": {"font_color": BLUE, "bold": True, "font_size": 12, "valign": "vcenter"},
    "strong": {"font_color": INK, "bold": True, "valign": "top"},
    "text": {"font_color": INK, "text_wrap": True, "valign": "top"},
    "muted": {"font_color": MUTED, "italic": True, "font_size": 9, "valign": "top"},
    "muted_wrap": {
        "font_color": MUTED,
        "italic": True,
        "font_size": 9,
        "valign": "top",
        "text_wrap": True,
    },
    "beside": {
        "font_color": INK,
        "text_wrap": True,
        "valign": "top",
        "align": "left",
        "indent": 1,
    },
    "link": {"font_color": BLUE, "underline": 1, "valign": "top"},
    "flag": {"font_color": HINT_INK, "bg_color": HINT_FILL, "bold": True, "valign": "vcenter"},
    "key": {"font_color": MUTED, "font_size": 8},
    "band": {
        "font_color": INK,
        "bold": True,
        "bg_color": BLUE_LIGHT,
        "align": "center_across",
        "valign": "vcenter",
    },
    "band_gap": {"bg_color": BLUE_LIGHT},
    "unit": {
        "font_color": MUTED,
        "italic": True,
        "font_size": 8,
        "bg_color": BLUE_LIGHT,
        "align": "center",
        "valign": "vcenter",
    },
    "header": {
        "font_color": WHITE,
        "bold": True,
        "bg_color": BLUE,
        "border": 1,
        "border_color": WHITE,
        "align": "center",
        "valign": "vcenter",
        "text_wrap": True,
    },
    "header_helper": {
        "font_color": WHITE,
        "bg_color": BLUE,
        "italic": True,
        "border": 1,
        "border_color": WHITE,
        "align": "center",
        "valign": "vcenter",
        "text_wrap": True,
    },
    "status": {
        "font_color": INK,
        "font_size": 9,
        "valign": "top",
        # One line, smaller where it is long: rows do not grow when a formula says more.
        "shrink": True,
        "border": 1,
        "border_color": LINE,
    },
    "input": _FILLED,
    "given": _GIVEN,
    "helper": {**_GIVEN, "font_color": MUTED, "font_size": 9},
    "note": {
        "font_color": MUTED,
        "font_size": 9,
        "valign": "top",
        "text_wrap": True,
        "align": "left",
        "indent": 1,
    },
    "end": {"font_color": MUTED, "italic": True, "font_size": 8, "top": 1, "top_color": LINE},
    "total_label": {
        "font_color": INK,
        "bold": True,
        "font_size": 9,
        "bg_color": LOCKED,
        "valign": "vcenter",
    },
    "total": {
        "font_color": INK,
        "font_size": 9,
        "bg_color": LOCKED,
        "align": "right",
        "valign": "vcenter",
    },
    "balance": {
        "font_color": INK,
        "bold": True,
        "font_size": 9,
        "bg_color": LOCKED,
        "align": "right",
        "valign": "vcenter",
        "top": 1,
    },
    "swatch_hint": {
        **_BOX,
        "font_color": HINT_INK,
        "bg_color": HINT_FILL,
        "align": "left",
        "indent": 1,
    },
    "verdict": {
        "font_color": INK,
        "bold": True,
        "font_size": 14,
        "bg_color": LOCKED,
        "valign": "vcenter",
    },
    "count_left": {"font_color": INK, "align": "left", "valign": "top"},
    "check": {**_BOX, "font_color": INK, "text_wrap": True},
    "check_count": {**_BOX, "font_color": INK, "align": "center", "num_format": '0;-0;"–"'},
    "check_link": {**_BOX, "font_color": BLUE, "underline": 1},
    "swatch_error": {
        **_BOX,
        "font_color": ERROR_INK,
        "bg_color": ERROR_FILL,
        "align": "left",
        "indent": 1,
    },
}

CONDITIONS: Mapping[str, Mapping[str, Any]] = {
    "error": {"font_color": ERROR_INK, "bg_color": ERROR_FILL},
    "hint": {"font_color": HINT_INK, "bg_color": HINT_FILL},
    "ok": {"font_color": OK_INK, "bg_color": OK_FILL},
}
"""Looks of conditional formats: they only change colours."""


def shown_as(kind: Kind, decimals: int | None = None) -> str:
    """The format part of a style for values of a kind; ``decimals`` fixes the places of a
    number.
    """
    match kind:
        case Kind.CODE | Kind.TEXT | Kind.CHOICE | Kind.YES_NO:
            return "text"
        case Kind.MONEY:
            return "money"
        case Kind.PERCENT:
            return "percent"
        case Kind.INTEGER:
            return "integer"
        case Kind.YEAR:
            return "year"
        case Kind.MONTH:
            return "month"
        case Kind.DATE:
            return "date"
        case Kind.NUMBER:
            return "general" if decimals is None else f"number{min(max(decimals, 0), 6)}"


@cache
def properties(style: str) -> Mapping[str, Any]:
    """What XlsxWriter needs to know of a style; an unknown one is a fault of the program
    (``KeyError``).
    """
    role, _, shown = style.partition(":")
    look: dict[str, Any] = {**DEFAULTS, **_ROLES[role]}
    if not shown:
        return look
    look["num_format"] = NUMBER_FORMATS[shown]
    if shown == "text":
        # An indent keeps text off the border; wrapped, nothing is cut.
        look.setdefault("text_wrap", True)
        if "align" not in look:
            # Said with the indent: XlsxWriter drops it where only a vertical alignment is given.
            look |= {"align": "left", "indent": 1}
    elif shown in {"year", "month", "date"}:
        look.setdefault("align", "center")
    else:
        look.setdefault("align", "right")
    return look
