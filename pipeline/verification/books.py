"""Workbooks of the output folder: what stands in each cell, what computes it, and what is hidden.

The parts of the package are read as they are, so that a formula and the value cached beside it come
from the same cell; openpyxl shows only one of them at a time.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from openpyxl.formula.translate import Translator
from openpyxl.xml.functions import fromstring

from pipeline.verification.difference import UnusableError
from pipeline.verification.reading import column_letters

Place = tuple[int, int]
"""Row and column, counted from 1."""
Value = float | str | bool | None

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MOST_BYTES = 500_000_000
"""What the parts of a workbook may unpack to; ours stay far below."""


class Stored(NamedTuple):
    """What a cell holds: its value (for a formula the cached one), and the formula without ``=``;
    ``kind`` is the type that the file names (``n`` for a number, ``str`` for the text of a formula,
    ``e`` for an error).
    """

    value: Value
    formula: str | None = None
    kind: str = "n"


NOTHING = Stored(None)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One sheet: its filled cells, and what a reader of the screen does not see."""

    name: str
    visible: bool
    cells: Mapping[Place, Stored]
    hidden_rows: frozenset[int]
    levels: Mapping[int, int]
    hidden_columns: Mapping[int, int]
    links: Mapping[str, str]

    def value(self, row: int, column: int) -> Value:
        """The value of a cell, ``None`` where it is empty."""
        return self.cells.get((row, column), NOTHING).value

    def text(self, row: int, column: int) -> str:
        """The value as text; whole numbers without ``.0``."""
        value = self.value(row, column)
        if value is None:
            return ""
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return str(value)

    @cached_property
    def last_row(self) -> int:
        """The last row with a filled cell."""
        return max((row for row, _ in self.cells), default=0)

    @cached_property
    def by_row(self) -> Mapping[int, Mapping[int, Stored]]:
        """The filled cells row by row."""
        found: dict[int, dict[int, Stored]] = {}
        for (row, column), stored in self.cells.items():
            found.setdefault(row, {})[column] = stored
        return found

    def grid(self) -> list[list[object]]:
        """The values from A1 on."""
        width = max((column for _, column in self.cells), default=0)
        found: list[list[object]] = [[None] * width for _ in range(self.last_row)]
        for (row, column), stored in self.cells.items():
            found[row - 1][column - 1] = stored.value
        return found

    def row_texts(self, row: int) -> dict[int, str]:
        """The texts of a row by column."""
        return {column: self.text(row, column) for column in self.by_row.get(row, {})}


@dataclass(frozen=True, kw_only=True)
class Book:
    """A workbook of the output; ``formats`` are its own number formats."""

    file: str
    sheets: Mapping[str, Sheet]
    names: Mapping[str, str]
    formats: tuple[str, ...] = field(default=())

    def formulas(self) -> Iterator[tuple[Sheet, Place, Stored]]:
        """Every formula of the workbook."""
        for sheet in self.sheets.values():
            for place, stored in sheet.cells.items():
                if stored.formula is not None:
                    yield sheet, place, stored


def address(place: Place) -> str:
    """``(7, 2)`` as ``B7``."""
    return f"{column_letters(place[1] - 1)}{place[0]}"


def read_book(path: Path, file: str) -> Book:
    """A workbook of the output folder; ``UnusableError`` where it is none."""
    try:
        with zipfile.ZipFile(path) as package:
            return _book(package, file)
    except Exception as fault:  # a damaged package raises an open set of classes
        raise UnusableError(
            file=file,
            explanation=f"{file} fehlt oder ist nicht als Excel-Arbeitsmappe lesbar.",
        ) from fault


def _book(package: zipfile.ZipFile, file: str) -> Book:
    if sum(part.file_size for part in package.infolist()) > _MOST_BYTES:
        raise ValueError("unpacks to too much")
    root = fromstring(package.read("xl/workbook.xml"))
    targets = _relations(package, "xl/workbook.xml")
    strings = _strings(package)
    sheets = {}
    for each in root.iter(f"{_MAIN}sheet"):
        name = each.attrib["name"]
        sheets[name] = _sheet(
            package,
            targets[each.attrib[f"{_RELATION}id"]],
            name=name,
            visible=each.attrib.get("state", "visible") == "visible",
            strings=strings,
        )
    names = {
        each.attrib["name"]: each.text or ""
        for each in root.iter(f"{_MAIN}definedName")
        if "localSheetId" not in each.attrib
    }
    return Book(file=file, sheets=sheets, names=names, formats=_formats(package))


def _relations(package: zipfile.ZipFile, part: str) -> dict[str, str]:
    """Targets of a part's relations by id: parts of the package from its root, links as given."""
    folder, name = posixpath.split(part)
    path = f"{folder}/_rels/{name}.rels"
    if path not in package.namelist():
        return {}
    found = {}
    for each in fromstring(package.read(path)):
        target = each.attrib["Target"]
        if each.attrib.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join(folder, target)).lstrip("/")
        found[each.attrib["Id"]] = target
    return found


def _strings(package: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in package.namelist():
        return []
    root = fromstring(package.read("xl/sharedStrings.xml"))
    return [_plain(each) for each in root]


_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _plain(item: Element) -> str:
    """The text of a string item, its runs joined, without the reading aids of eastern scripts."""
    parts = [each.text or "" for each in item.findall(f"{_MAIN}t")]
    parts += [each.text or "" for each in item.findall(f"{_MAIN}r/{_MAIN}t")]
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), "".join(parts))


def _formats(package: zipfile.ZipFile) -> tuple[str, ...]:
    if "xl/styles.xml" not in package.namelist():
        return ()
    root = fromstring(package.read("xl/styles.xml"))
    return tuple(each.attrib.get("formatCode", "") for each in root.iter(f"{_MAIN}numFmt"))


def _sheet(
    package: zipfile.ZipFile, part: str, *, name: str, visible: bool, strings: list[str]
) -> Sheet:
    root = fromstring(package.read(part))
    cells: dict[Place, Stored] = {}
    hidden_rows, levels = set(), {}
    shared: dict[str, tuple[str, str]] = {}
    standard = root.find(f"{_MAIN}sheetFormatPr")
    all_hidden = standard is not None and standard.attrib.get("zeroHeight") in _TRUE
    for row in root.iterfind(f"{_MAIN}sheetData/{_MAIN}row"):
        number = int(row.attrib["r"])
        if row.attrib.get("hidden") in _TRUE or float(row.attrib.get("ht", "1")) == 0:
            hidden_rows.add(number)
        if level := int(row.attrib.get("outlineLevel", "0")):
            levels[number] = level
        for cell in row:
            stored = _stored(cell, strings, shared)
            if stored is not None:
                cells[_place(cell.attrib["r"])] = stored
    if all_hidden:
        hidden_rows |= {row for row, _ in cells}
    return Sheet(
        name=name,
        visible=visible,
        cells=cells,
        hidden_rows=frozenset(hidden_rows),
        levels=levels,
        hidden_columns=_hidden_columns(root),
        links=_links(package, part, root),
    )


_TRUE = {"1", "true"}
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")


def _place(reference: str) -> Place:
    parts = _REFERENCE.fullmatch(reference)
    if parts is None:
        raise ValueError(f"no cell: {reference}")
    return int(parts[2]), column_number(parts[1])


def column_number(letters: str) -> int:
    """``A`` is 1."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _stored(cell: Element, strings: list[str], shared: dict[str, tuple[str, str]]) -> Stored | None:
    kind = cell.attrib.get("t", "n")
    value: Value = None
    formula: str | None = None
    for child in cell:
        if child.tag == f"{_MAIN}v":
            value = _value(kind, child.text or "", strings)
        elif child.tag == f"{_MAIN}f":
            formula = _formula(child, cell.attrib["r"], shared)
        elif child.tag == f"{_MAIN}is":
            value = _plain(child)
    return None if value is None and formula is None else Stored(value, formula, kind)


def _value(kind: str, text: str, strings: list[str]) -> Value:
    match kind:
        case "s":
            return strings[int(text)]
        case "b":
            return text in _TRUE
        case "n":
            return float(text) if text else None
        case _:
            return text


def _formula(element: Element, cell: str, shared: dict[str, tuple[str, str]]) -> str:
    """The formula of a cell; Excel writes one that was filled down only once."""
    text = element.text or ""
    if element.attrib.get("t") != "shared":
        return text
    index = element.attrib.get("si", "")
    if text:
        shared[index] = (text, cell)
        return text
    first, origin = shared[index]
    return str(Translator(f"={first}", origin=origin).translate_formula(cell)).removeprefix("=")


def _hidden_columns(root: Element) -> dict[int, int]:
    """Hidden columns with their outline level (0: hidden by hand)."""
    found = {}
    for each in root.iterfind(f"{_MAIN}cols/{_MAIN}col"):
        if each.attrib.get("hidden") in _TRUE or float(each.attrib.get("width", "1")) == 0:
            level = int(each.attrib.get("outlineLevel", "0"))
            last = min(int(each.attrib["max"]), 16_384)
            found.update(dict.fromkeys(range(int(each.attrib["min"]), last + 1), level))
    return found


def _links(package: zipfile.ZipFile, part: str, root: Element) -> dict[str, str]:
    """Where the links of a sheet lead, by cell, with special characters as people write them."""
    relations = _relations(package, part)
    found = {}
    for each in root.iterfind(f"{_MAIN}hyperlinks/{_MAIN}hyperlink"):
        target = unquote(relations.get(each.attrib.get(f"{_RELATION}id", ""), ""))
        place = each.attrib.get("location", "")
        found[each.attrib["ref"]] = f"{target}#{place}" if place else target
    return found
