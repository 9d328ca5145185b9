"""Looks at a finished template before anybody gets it: over the file itself, not over what we meant
to write.

A fault found here is a fault of the program: :func:`faults_of` says it in one line for developers.
The many cells of a sheet are looked through as text, which is ten times as fast as a tree of them;
that works because XlsxWriter always writes a cell in the same form.
Checked are the package (parts, types, relations, order of elements), protection, key rows, and that
every cell that is open for entry can be reached by the reader and is validated.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element
from xml.parsers import expat

from pipeline.excel.linter.element_order import MAIN, misplaced
from pipeline.excel.reader.reading import column_letters, column_number

_RELATIONS: Final = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_TYPES: Final = "{http://schemas.openxmlformats.org/package/2006/content-types}"
_R: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_KEY: Final = re.compile(r"zh:([a-z_]+):(\d+):(\d+)")
_NAME: Final = re.compile(r"\b(?:L_\w+)")
_AREA: Final = re.compile(r"\$?([A-Z]{1,3})\$?(\d+)(?::\$?([A-Z]{1,3})\$?(\d+))?")
_REFERENCE: Final = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))!\$?[A-Z]+\$?\d+(:\$?[A-Z]+\$?\d+)?")
_TEXT: Final = re.compile(r'"[^"]*"')
_META: Final = "_meta"
_META_KEYS: Final = frozenset(
    {"product", "kind", "city", "plan", "year", "unit", "revision", "fingerprint", "version"}
)
_LONGEST: Final[Mapping[str, int]] = {
    "promptTitle": 32, "errorTitle": 32, "prompt": 255, "error": 255,
}  # fmt: skip
"""Characters that Excel takes in the texts of a validation; it repairs the file above that."""


class Unsound(Exception):  # noqa: N818 - says what the file is
    """A workbook of ours that must not be handed out."""


@dataclass(frozen=True)
class _Book:
    parts: Mapping[str, bytes]
    roots: Mapping[str, Element]
    texts: tuple[str, ...]
    open_styles: frozenset[int]
    names: frozenset[str]


@dataclass(frozen=True)
class _Sheet:
    """``root`` is the sheet without its cells, ``data`` the text of the cells."""

    name: str
    hidden: bool
    root: Element
    data: bytes

    def column_a(self) -> Iterator[tuple[int, int]]:
        """Row and number of the shared text of every text in column A."""
        for match in re.finditer(rb'<c r="A(\d+)"(?: s="\d+")? t="s"><v>(\d+)</v>', self.data):
            yield int(match[1]), int(match[2])

    def row(self, number: int) -> bytes:
        """The markup of one row, empty where there is none."""
        found = re.search(rb'<row r="%d"[^>]*>.*?</row>' % number, self.data, re.DOTALL)
        return found[0] if found else b""

    def texts_of(self, number: int) -> dict[int, int]:
        """By column the number of the shared text of each text in a row, behind column A."""
        cells = re.finditer(rb'<c r="([A-Z]+)\d+"[^>]* t="s"><v>(\d+)</v>', self.row(number))
        found = {column_number(cell[1].decode()): int(cell[2]) for cell in cells}
        found.pop(1, None)
        return found


def assure(data: bytes) -> None:
    """Raises :class:`Unsound` with all faults of a template, if there are any."""
    faults = faults_of(data)
    if faults:
        raise Unsound("; ".join(faults))


def faults_of(data: bytes) -> list[str]:
    """Every fault of a template, empty for a sound one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = {name: package.read(name) for name in package.namelist()}
        marked = {name for name in parts if name.endswith((".xml", ".rels", ".vml"))}
        for name in marked:
            expat.ParserCreate().Parse(parts[name], True)
        # Our own file, just written: nothing foreign is parsed here.
        roots = {name: ET.fromstring(_without_cells(parts[name])) for name in marked}  # noqa: S314
    except (zipfile.BadZipFile, expat.ExpatError, ET.ParseError) as fault:
        return [f"not a well-formed package: {fault}"]
    book = _Book(
        parts=parts,
        roots=roots,
        texts=_shared_texts(roots.get("xl/sharedStrings.xml")),
        open_styles=_open_styles(roots["xl/styles.xml"]),
        names=frozenset(
            str(each.get("name")) for each in roots["xl/workbook.xml"].iter(f"{MAIN}definedName")
        ),
    )
    sheets = list(_sheets(book))
    return [
        *_package(book),
        *(f"{name}: {each}" for name in sorted(roots) for each in misplaced(roots[name])),
        *_workbook(book, sheets),
        *(f"{sheet.name}: {fault}" for sheet in sheets for fault in _sheet(book, sheet, sheets)),
    ]


# --- reading ----------------------------------------------------------------------------------


def _shared_texts(root: Element | None) -> tuple[str, ...]:
    if root is None:
        return ()
    return tuple("".join(t.text or "" for t in each.iter(f"{MAIN}t")) for each in root)


def _open_styles(styles: Element) -> frozenset[int]:
    """The numbers of the cell formats that leave a cell open on a protected sheet."""
    formats = styles.find(f"{MAIN}cellXfs")
    found = set()
    for number, each in enumerate(formats if formats is not None else ()):
        protection = each.find(f"{MAIN}protection")
        if protection is not None and protection.get("locked") == "0":
            found.add(number)
    return frozenset(found)


def _sheets(book: _Book) -> Iterator[_Sheet]:
    targets = dict(_related(book, "xl/workbook.xml"))
    for each in book.roots["xl/workbook.xml"].iter(f"{MAIN}sheet"):
        part = targets[str(each.get(f"{_R}id"))]
        _, _, behind = book.parts[part].partition(b"<sheetData>")
        data, _, _ = behind.partition(b"</sheetData>")
        yield _Sheet(str(each.get("name")), each.get("state") is not None, book.roots[part], data)


def _without_cells(part: bytes) -> bytes:
    before, start, rest = part.partition(b"<sheetData>")
    _, end, after = rest.partition(b"</sheetData>")
    return before + start + end + after if end else part


def _related(book: _Book, part: str) -> Iterator[tuple[str, str]]:
    """The relations of a part to parts of the package, by id."""
    folder, _, name = part.rpartition("/")
    root = book.roots.get(f"{folder}/_rels/{name}.rels".removeprefix("/"))
    for each in root if root is not None else ():
        if each.get("TargetMode") != "External":
            target = str(each.get("Target"))
            yield (
                str(each.get("Id")),
                posixpath.normpath(posixpath.join(folder, target)).removeprefix("/"),
            )


# --- package and workbook -----------------------------------------------------------------------


def _package(book: _Book) -> Iterator[str]:
    types = book.roots["[Content_Types].xml"]
    endings = {each.get("Extension") for each in types.iter(f"{_TYPES}Default")}
    overrides = {str(each.get("PartName")) for each in types.iter(f"{_TYPES}Override")}
    for name in book.parts:
        known = f"/{name}" in overrides or name.rpartition(".")[2] in endings
        if not known and name != "[Content_Types].xml":
            yield f"{name}: no content type"
    for name in overrides:
        if name.removeprefix("/") not in book.parts:
            yield f"{name}: a content type, but no part"
    for name in book.parts:
        for _, target in _related(book, name) if not name.endswith(".rels") else ():
            if target not in book.parts:
                yield f"{name}: relation to {target}, which is not there"


def _workbook(book: _Book, sheets: list[_Sheet]) -> Iterator[str]:
    root = book.roots["xl/workbook.xml"]
    protection = root.find(f"{MAIN}workbookProtection")
    if protection is None or protection.get("lockStructure") != "1":
        yield "workbook: structure not locked"
    known = {sheet.name for sheet in sheets}
    for name in root.iter(f"{MAIN}definedName"):
        text = name.text or ""
        for piece in _split(text):
            match = _REFERENCE.fullmatch(piece)
            sheet = (match[1] or match[2]).replace("''", "'") if match else ""
            if sheet not in known and not _is_title(piece, known):
                yield f"defined name {name.get('name')} leads nowhere: {text}"
    meta = [sheet for sheet in sheets if sheet.name == _META]
    if not meta or not meta[0].hidden:
        yield "no hidden sheet _meta"
    elif missing := _META_KEYS - {_text(book, index) for _, index in meta[0].column_a()}:
        yield f"_meta lacks {', '.join(sorted(missing))}"


def _text(book: _Book, index: int) -> str:
    return book.texts[index] if index < len(book.texts) else ""


def _split(text: str) -> list[str]:
    """The areas of a defined name; a comma inside quotes belongs to a sheet's name."""
    return re.findall(r"(?:'(?:[^']|'')*'|[^,'])+", text)


def _is_title(piece: str, known: set[str]) -> bool:
    """Print titles are whole rows or columns."""
    match = re.fullmatch(r"(?:'((?:[^']|'')+)'|([^'!]+))!\$(?:[A-Z]+:\$[A-Z]+|\d+:\$\d+)", piece)
    return match is not None and (match[1] or match[2]).replace("''", "'") in known


# --- sheets -----------------------------------------------------------------------------------


def _sheet(book: _Book, sheet: _Sheet, sheets: list[_Sheet]) -> Iterator[str]:
    protection = sheet.root.find(f"{MAIN}sheetProtection")
    if not sheet.hidden and (protection is None or protection.get("sheet") != "1"):
        yield "not protected"
    if protection is not None and {"password", "hashValue"} & set(protection.keys()):
        yield "protected with a password"
    if sheet.root.find(f"{MAIN}extLst") is not None:
        yield "an extension, which other programs drop"
    yield from _disorder(sheet)
    yield from _conditions(sheet)
    yield from _names(book, sheet)
    yield from _links(sheet, {each.name for each in sheets})
    validated, faults = _validations(book, sheet)
    yield from faults
    yield from _inputs(book, sheet, validated)


def _disorder(sheet: _Sheet) -> Iterator[str]:
    """What :func:`~pipeline.excel.linter.element_order.misplaced` says of the rest of the sheet."""
    strange = re.search(rb"<(?!/?(?:row|c|f|v|is|t)[ >/])[^<]{0,20}", sheet.data)
    if strange:
        yield f"among the cells stands {strange[0].decode(errors='replace')}"
    if re.search(rb"</v><(?:f|is)|</is><[fv]|</row><c", sheet.data):
        yield "the parts of a cell are out of order"


def _conditions(sheet: _Sheet) -> Iterator[str]:
    for rule in sheet.root.iter(f"{MAIN}cfRule"):
        for formula in rule.iter(f"{MAIN}formula"):
            if "!" in _TEXT.sub("", formula.text or ""):
                yield f"a conditional format looks into another sheet: {formula.text}"


def _names(book: _Book, sheet: _Sheet) -> Iterator[str]:
    used: set[str] = set()
    formulas = {each.decode() for each in set(re.findall(rb"<f>([^<]*)</f>", sheet.data))}
    for tag in ("formula1", "formula2", "formula"):
        formulas.update(each.text or "" for each in sheet.root.iter(f"{MAIN}{tag}"))
    for text in sorted(formulas):
        used.update(_NAME.findall(_TEXT.sub("", text)))
        if "#REF!" in text:
            yield f"a formula without its cell: {text[:60]}"
    for name in sorted(used - book.names):
        yield f"the name {name} is used but not defined"


def _links(sheet: _Sheet, known: set[str]) -> Iterator[str]:
    for link in sheet.root.iter(f"{MAIN}hyperlink"):
        # With a relation the place lies in another file, which nobody looks into here.
        location = "" if link.get(f"{_R}id") else link.get("location", "")
        match = _REFERENCE.fullmatch(location)
        if location and (not match or (match[1] or match[2]).replace("''", "'") not in known):
            yield f"the link at {link.get('ref')} leads nowhere: {location}"


def _validations(book: _Book, sheet: _Sheet) -> tuple[dict[int, list[tuple[int, int]]], list[str]]:
    """The validated rows by column, and what is wrong with the validations."""
    areas: dict[int, list[tuple[int, int]]] = {}
    faults = []
    for each in sheet.root.iter(f"{MAIN}dataValidation"):
        where = each.get("sqref", "")
        for formula in each:
            text = _TEXT.sub("", formula.text or "")
            if "!" in text:
                faults.append(f"the validation of {where} looks into another sheet")
        if each.get("type") == "list":
            source = each.findtext(f"{MAIN}formula1", "")
            if source not in book.names and not source.startswith(("OFFSET(", "INDEX(")):
                faults.append(f"the list of {where} is no defined name: {source[:40]}")
        faults += [
            f"the validation of {where} has a text longer than {longest}: {name}"
            for name, longest in _LONGEST.items()
            if len(each.get(name, "")) > longest
        ]
        for match in _AREA.finditer(where):
            left = column_number(match[1])
            for column in range(left, column_number(match[3] or match[1]) + 1):
                rows = (int(match[2]), int(match[4] or match[2]))
                areas.setdefault(column, []).append(rows)
    return areas, faults


def _inputs(
    book: _Book, sheet: _Sheet, validated: Mapping[int, list[tuple[int, int]]]
) -> Iterator[str]:
    """Every open cell has to lie in a table that the reader finds, and to be validated."""
    marks = [(row, _KEY.fullmatch(_text(book, index))) for row, index in sheet.column_a()]
    keys = [(row, match) for row, match in marks if match]
    if len(keys) > 1:
        yield "two key rows"
    columns: dict[int, str] = {}
    first = last = 0
    for key_row, match in keys:
        columns = {at: _text(book, index) for at, index in sheet.texts_of(key_row).items()}
        first, last = int(match[2]), int(match[3])
        yield from _key_row(sheet, key_row, first, last, columns)
    yield from _whole_lines(book, sheet)
    reached: set[str] = set()
    for row, column in _open_cells(book, sheet):
        name = columns.get(column, "")
        where = f"{column_letters(column)}{row}"
        if not first <= row <= last or not name or name.startswith("#"):
            yield f"{where} is open, but no reader looks there"
        elif not any(top <= row <= bottom for top, bottom in validated.get(column, ())):
            yield f"{where} ({name}) is open, but not validated"
        else:
            reached.add(name)
    if keys and not reached:
        yield "a table without a cell to fill"


def _open_cells(book: _Book, sheet: _Sheet) -> Iterator[tuple[int, int]]:
    styles = "|".join(map(str, sorted(book.open_styles))).encode()
    columns: dict[bytes, int] = {}
    for match in re.finditer(rb'<c r="([A-Z]+)(\d+)" s="(?:%s)"' % styles, sheet.data):
        letters = match[1]
        if letters not in columns:
            columns[letters] = column_number(letters.decode())
        yield int(match[2]), columns[letters]


def _whole_lines(book: _Book, sheet: _Sheet) -> Iterator[str]:
    columns = {int(each.get("style", "0")) for each in sheet.root.iter(f"{MAIN}col")}
    rows = {int(style) for style in re.findall(rb'<row [^>]* s="(\d+)"', sheet.data)}
    for kind, styles in (("column", columns), ("row", rows)):
        if styles & book.open_styles:
            yield f"a whole {kind} is open"


def _key_row(
    sheet: _Sheet, key_row: int, first: int, last: int, columns: Mapping[int, str]
) -> Iterator[str]:
    if not key_row < first <= last:
        yield f"the key row speaks of rows {first} to {last}"
    if b' hidden="1"' not in sheet.row(key_row).partition(b">")[0]:
        yield "the key row can be seen"
    header = set(sheet.texts_of(first - 1))
    for column in sorted(header - set(columns)):
        yield f"column {column_letters(column)} has a title but no name in the key row"
    names = list(columns.values())
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"the key row names {name} twice"
    if "" in names:
        yield "the key row has an empty name"
