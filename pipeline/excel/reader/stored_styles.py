"""The styles of a workbook, reduced to what changes the meaning of a value or hides it."""

from __future__ import annotations

import re
from typing import TypeVar

from pipeline.excel.reader.markup import MAIN, MAIN_STRICT, Attributes, scan, truth
from pipeline.excel.reader.package import Package, Part
from pipeline.excel.reader.reading import Reason, Refused, Style

# ECMA-376 part 1, 18.8.30: formats that every program knows by number, in invariant spelling.
_BUILT_IN = {
    "0": "General", "1": "0", "2": "0.00", "3": "#,##0", "4": "#,##0.00",
    "5": '#,##0 "€";-#,##0 "€"', "6": '#,##0 "€";[Red]-#,##0 "€"',
    "7": '#,##0.00 "€";-#,##0.00 "€"', "8": '#,##0.00 "€";[Red]-#,##0.00 "€"',
    "9": "0%", "10": "0.00%", "11": "0.00E+00", "12": "# ?/?", "13": "# ??/??",
    "14": "mm-dd-yy", "15": "d-mmm-yy", "16": "d-mmm", "17": "mmm-yy",
    "18": "h:mm AM/PM", "19": "h:mm:ss AM/PM", "20": "h:mm", "21": "h:mm:ss", "22": "m/d/yy h:mm",
    "37": "#,##0 ;(#,##0)", "38": "#,##0 ;[Red](#,##0)",
    "39": "#,##0.00;(#,##0.00)", "40": "#,##0.00;[Red](#,##0.00)",
    "41": "#,##0", "42": '#,##0 "€"', "43": "#,##0.00", "44": '#,##0.00 "€"',
    "45": "mm:ss", "46": "[h]:mm:ss", "47": "mmss.0", "48": "##0.0E+0", "49": "@",
}  # fmt: skip
# These numbers are dates in East Asian Excel and nowhere else: better asked about than booked as a
# number.
_BUILT_IN |= {str(number): "yyyy/m/d" for number in (*range(27, 37), *range(50, 59))}

_NOT_DATE_LETTERS = re.compile(
    r'"[^"]*"|\\.|[_*].|\[(?![hms]+\])[^\]]*\]|general', re.IGNORECASE | re.DOTALL
)
_DATE_LETTERS = re.compile("[ymdhs]", re.IGNORECASE)
_WHITE = "white"
_T = TypeVar("_T")


def shows_dates(number_format: str) -> bool:
    """Whether a format shows its number as a date or time: y, m, d, h, s outside of quotes and
    brackets.
    """
    return bool(_DATE_LETTERS.search(_NOT_DATE_LETTERS.sub("", number_format)))


def shows_nothing(number_format: str) -> bool:
    """Whether a format hides an amount, such as ';;;', or shows the same words for every number."""
    first = number_format.split(";", maxsplit=1)[0]
    shown = _NOT_DATE_LETTERS.sub(lambda hit: "0" if hit[0].casefold() == "general" else "", first)
    return bool(number_format) and not re.search(r"[0#?@]|[ymdhs]|\[", shown, re.IGNORECASE)


def stored_styles(package: Package, part: Part) -> tuple[Style, ...]:
    """The cell styles (cellXfs) in order; a cell names its style by position."""
    styles = _Styles(part=part.name)
    scan(package, part, start=styles.start, end=styles.end)
    return tuple(styles.found())


def _colour(attributes: Attributes) -> str:
    """A colour as one comparable text; the many ways to say white are one."""
    rgb = attributes.get("rgb", "").upper()
    if rgb[-6:] == "FFFFFF" and rgb:
        return _WHITE
    if "tint" not in attributes and (
        attributes.get("theme") == "0" or attributes.get("indexed") in {"1", "9"}
    ):
        return _WHITE
    return " ".join(f"{key}={value.upper()}" for key, value in sorted(attributes.items()))


class _Styles:
    """State while styles.xml is parsed; differential formats hold the same elements one level
    deeper.
    """

    __slots__ = (
        "depth",
        "fill",
        "fills",
        "font_colours",
        "formats",
        "group",
        "main",
        "part",
        "strikes",
        "unlocked",
        "xfs",
    )

    def __init__(self, *, part: str) -> None:
        self.part = part
        self.main = ""
        self.depth = 0
        self.group = ""
        self.formats: dict[str, str] = {}
        self.font_colours: list[str] = []
        self.strikes: list[bool] = []
        self.fills: list[str] = []
        self.fill = False
        self.xfs: list[Attributes] = []
        self.unlocked: set[int] = set()

    def start(self, name: str, attributes: Attributes) -> None:
        self.depth += 1
        if self.depth == 1:
            if name not in {MAIN + "styleSheet", MAIN_STRICT + "styleSheet"}:
                raise Refused(Reason.BAD_STRUCTURE, part=self.part)
            self.main = name.removesuffix("styleSheet")
            return
        name = name.removeprefix(self.main)
        match self.depth, self.group, name:
            case 2, _, _:
                self.group = name
            case _, "fonts", _:
                self._start_in_fonts(name, attributes)
            case _, "fills", _:
                self._start_in_fills(name, attributes)
            case 3, "numFmts", "numFmt":
                code = attributes.get("formatCode", "General")
                self.formats[attributes.get("numFmtId", "")] = code
            case 3, "cellXfs", "xf":
                self.xfs.append(attributes)
            case 4, "cellXfs", "protection":
                if not truth(attributes.get("locked", "1")):
                    self.unlocked.add(len(self.xfs) - 1)
            case _:
                pass

    def _start_in_fonts(self, name: str, attributes: Attributes) -> None:
        match self.depth, name:
            case 3, _:
                self.font_colours.append("")
                self.strikes.append(False)
            case 4, "strike":
                self.strikes[-1] = truth(attributes.get("val", "1"))
            case 4, "color":
                self.font_colours[-1] = _colour(attributes)
            case _:
                pass

    def _start_in_fills(self, name: str, attributes: Attributes) -> None:
        match self.depth, name:
            case 3, _:
                self.fills.append(_WHITE)
            case 4, "gradientFill":
                self.fills[-1] = "gradient"
            case 4, "patternFill":
                self.fill = attributes.get("patternType", "none") != "none"
            case 5, "fgColor" if self.fill:
                self.fills[-1] = _colour(attributes)
            case _:
                pass

    def end(self, _name: str) -> None:
        self.depth -= 1

    def found(self) -> list[Style]:
        """One `Style` per xf; equal ones are one object, because bloated files have tens of
        thousands.
        """
        known: dict[Style, Style] = {}
        styles = []
        for index, xf in enumerate(self.xfs):
            style = self._style(xf, locked=index not in self.unlocked)
            styles.append(known.setdefault(style, style))
        return styles

    def _style(self, xf: Attributes, *, locked: bool) -> Style:
        number = xf.get("numFmtId", "0")
        code = self.formats.get(number) or _BUILT_IN.get(number, "General")
        font_colour = _at(self.font_colours, xf.get("fontId"), "")
        fill = _at(self.fills, xf.get("fillId"), _WHITE)
        return Style(
            number_format=code,
            is_date=shows_dates(code),
            strike=_at(self.strikes, xf.get("fontId"), False),
            invisible=(font_colour == fill != "") or shows_nothing(code),
            locked=locked,
        )


def _at(values: list[_T], index: str | None, default: _T) -> _T:
    """The entry a style points to; a pointer to nowhere gives the default, as it does in Excel."""
    if index is None or not (index.isascii() and index.isdecimal() and len(index) < 8):
        return default
    return values[int(index)] if int(index) < len(values) else default
