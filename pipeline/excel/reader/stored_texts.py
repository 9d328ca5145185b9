"""The shared texts of a workbook, and the escapes in which Open XML stores unusual characters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.excel.reader.markup import MAIN, MAIN_STRICT, Attributes, scan
from pipeline.excel.reader.package import Package, Part
from pipeline.excel.reader.reading import Reason, Refused

_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_COUNT = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Texts:
    """The shared texts in order, and how many the part claims to hold (the second reader believes
    that).
    """

    found: tuple[str, ...] = ()
    claimed: int = 0


def decoded(text: str) -> str:
    """The text with `_xHHHH_` replaced by the character it stands for; `_x005F_` protects an
    underscore.
    """
    if "_x" not in text:
        return text
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    # Characters beyond the first plane are escaped as two surrogates, which together are one
    # character.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def utf16_length(text: str) -> int:
    """The length as Excel counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def stored_texts(package: Package, part: Part) -> Texts:
    """The shared texts: runs of rich text joined, phonetic readings left out, blanks kept."""
    texts = _SharedTexts(part=part.name)
    scan(package, part, start=texts.start, end=texts.end, text=texts.text)
    return Texts(tuple(texts.found), texts.claimed)


class _SharedTexts:
    """State while `sst > si > (t | r > t)` is parsed."""

    __slots__ = ("claimed", "collecting", "depth", "found", "item", "main", "part", "pieces", "run")

    def __init__(self, *, part: str) -> None:
        self.part = part
        self.main = ""
        self.found: list[str] = []
        self.claimed = 0
        self.depth = 0
        self.item = False
        self.run = False
        self.collecting = False
        self.pieces: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        self.depth += 1
        match self.depth:
            case 1:
                self._start_root(name, attributes)
            case 2:
                self.item = name == self.main + "si"
                self.pieces = []
            case 3:
                self.run = name == self.main + "r"
                self.collecting = self.item and name == self.main + "t"
            case 4:
                self.collecting = self.item and self.run and name == self.main + "t"
            case _:
                self.collecting = False

    def _start_root(self, name: str, attributes: Attributes) -> None:
        if name not in {MAIN + "sst", MAIN_STRICT + "sst"}:
            raise Refused(Reason.BAD_STRUCTURE, part=self.part)
        self.main = name.removesuffix("sst")
        for count in (attributes.get("count", ""), attributes.get("uniqueCount", "")):
            if _COUNT.fullmatch(count):
                self.claimed = max(self.claimed, int(count))

    def end(self, _name: str) -> None:
        if self.depth == 2 and self.item:
            self.found.append(decoded("".join(self.pieces)))
            self.item = False
        self.collecting = False
        self.depth -= 1

    def text(self, data: str) -> None:
        if self.collecting:
            self.pieces.append(data)
