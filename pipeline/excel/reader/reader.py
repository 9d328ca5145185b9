"""Our own reader: from a file to all its cells as they are stored, or to one refusal.

    source = load(path)  →  package = open_package(bytes)  →  first_reading(package)  →  second
    reading

It reads whatever the file stores and judges nothing that the file means. It is called in a guarded
process (`pipeline.excel.reader.guard`), because a hostile file may need any amount of time and
memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipeline.excel.reader.limits import LIMITS, Limits
from pipeline.excel.reader.markup import LINK_IDS, MAIN, MAIN_STRICT
from pipeline.excel.reader.package import (
    Package,
    Part,
    Source,
    content,
    load,
    must_have_no_doctype,
    open_package,
)
from pipeline.excel.reader.parts import (
    Index,
    Relationship,
    SheetEntry,
    comments,
    content_types,
    index,
    needed,
    properties,
    relationships,
    root,
    targets,
    type_of,
)
from pipeline.excel.reader.reading import (
    Caution,
    Cell,
    CellType,
    Comment,
    Disagreement,
    Notice,
    Reading,
    Reason,
    Refusal,
    Refused,
    SecondReading,
    Sheet,
    Style,
    Workbook,
    with_second_reading,
)
from pipeline.excel.reader.second_reader import read_again
from pipeline.excel.reader.stored_sheet import SheetScan, Surroundings, read_sheet
from pipeline.excel.reader.stored_styles import stored_styles
from pipeline.excel.reader.stored_texts import Texts, stored_texts

__all__ = [
    "Cell",
    "CellType",
    "Comment",
    "Disagreement",
    "Notice",
    "Reading",
    "Reason",
    "Refusal",
    "Sheet",
    "Style",
    "Workbook",
    "read_workbook",
]

_WORKBOOK_TYPES = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": (),
    "application/vnd.ms-excel.sheet.macroenabled.main+xml": (Caution.MACROS,),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml": (
        Caution.TEMPLATE_TYPE,
    ),
    "application/vnd.ms-excel.template.macroenabled.main+xml": (
        Caution.TEMPLATE_TYPE,
        Caution.MACROS,
    ),
}
_READ_SHEETS = {
    "worksheet": "worksheet",
    "dialogsheet": "dialogsheet",
    "xlMacrosheet": "macrosheet",
    "xlIntlMacrosheet": "macrosheet",
}
_EMBEDDED_FOLDERS = (
    "xl/embeddings/",
    "xl/activex/",
    "xl/connections.xml",
    "xl/querytables/",
    "xl/model/",
    "xl/webextensions/",
)
_OTHER_TYPES = (
    ("wordprocessingml", "word"),
    ("ms-word", "word"),
    ("presentationml", "powerpoint"),
    ("powerpoint", "powerpoint"),
    ("addin", "addin"),
)


@dataclass(frozen=True, slots=True)
class FirstReading:
    """What our reader found, and what the second one needs: the same bytes, and how far they can be
    trusted.
    """

    workbook: Workbook
    bounds: tuple[
        tuple[int, int], ...
    ]  # last row and column of each sheet that the second reader may see
    texts_claimed: int
    texts_found: int


def read_workbook(path: Path, *, limits: Limits = LIMITS, folder: Path | None = None) -> Reading:
    """Read a workbook in this process, with both readers.

    `folder` is the folder that a link may not lead out of; by default the one in which the file
    lies.
    """
    source = load(path, limits=limits, folder=folder)
    first = read_source(source, limits=limits)
    if isinstance(first, Refusal):
        return Reading(source.sha256, source.size, first)
    second = second_reading(source, first, limits=limits)
    return Reading(source.sha256, source.size, with_second_reading(first.workbook, second))


def read_source(source: Source, *, limits: Limits) -> FirstReading | Refusal:
    """Read the bytes of a file with our own reader."""
    try:
        if source.refused is not None:
            raise source.refused
        return _read_package(open_package(source.data, limits=limits), limits=limits)
    except Refused as refused:
        return refused.refusal
    except MemoryError:
        return Refusal(
            Reason.MEMORY_LIMIT,
            (("limit", "memory_bytes"), ("allowed", str(limits.memory_bytes))),
        )


def second_reading(source: Source, first: FirstReading, *, limits: Limits) -> SecondReading:
    """Read the same bytes with the second reader, if that cannot make it reserve absurd amounts of
    memory.
    """
    if any(rows * columns > limits.second_grid_cells for rows, columns in first.bounds):
        return SecondReading("not_run", notices=(_not_run("grid"),))
    if first.texts_claimed > 2 * first.texts_found + limits.rows:
        return SecondReading("not_run", notices=(_not_run("text_count"),))
    return read_again(source.data, first.workbook)


def _not_run(why: str) -> Notice:
    return Notice(Caution.SECOND_READING_NOT_RUN, (("why", why),))


# --- the package as a workbook
# ---------------------------------------------------------------------------------


def _read_package(package: Package, *, limits: Limits) -> FirstReading:
    _must_not_be_another_format(package)
    types = content_types(package)
    links = relationships(package, "")
    main = _workbook_part(package, links)
    cautions = _cautions_of_type(type_of(types, main.name), main)
    parts = relationships(package, main.name)
    contents = index(package, main, LINK_IDS)
    _must_have_no_doctypes(package, parts, contents)
    if contents.namespace not in {MAIN, MAIN_STRICT}:
        raise Refused(Reason.NOT_A_WORKBOOK, part=main.name)
    _check_sheets(contents, limits=limits)
    texts = _shared_texts(package, parts)
    styles = _cell_styles(package, parts)
    sheets, bounds = _sheets(package, parts, contents, texts=texts, styles=styles, limits=limits)
    strict = contents.namespace == MAIN_STRICT
    external = _external_links(package, parts)
    embedded = sum(key.startswith(_EMBEDDED_FOLDERS) for key in package.parts)
    macros = Caution.MACROS in cautions or _has_macros(package, sheets)
    workbook = Workbook(
        sheets=sheets,
        date1904=contents.date1904,
        properties=properties(package, links),
        strict=strict,
        macros=macros,
        external_links=external,
        embedded=embedded > 0,
        warnings=tuple(
            Notice(caution, facts)
            for caution, there, facts in (
                (Caution.MACROS, macros, ()),
                (Caution.TEMPLATE_TYPE, Caution.TEMPLATE_TYPE in cautions, ()),
                (Caution.STRICT, strict, ()),
                (Caution.EXTERNAL_LINKS, external, (("count", str(len(external))),)),
                (Caution.EMBEDDED, embedded, (("count", str(embedded)),)),
                (Caution.TRAILING_DATA, package.trailing, (("found", str(package.trailing)),)),
            )
            if there
        ),
    )
    return FirstReading(workbook, bounds, texts.claimed, len(texts.found))


def _must_not_be_another_format(package: Package) -> None:
    """Other programs use zip files too; most of them say in a part 'mimetype' what they are."""
    kind = package.parts.get("mimetype")
    if kind is not None and kind.unpacked < 200:
        name = content(package, kind)
        if name.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
            raise Refused(Reason.ODS)
        if name.startswith(b"application/vnd.oasis.opendocument"):
            raise Refused(Reason.OTHER_OFFICE, kind="opendocument")
    if "index/document.iwa" in package.parts or "index.zip" in package.parts:
        raise Refused(Reason.NUMBERS)
    is_office = "[content_types].xml" in package.parts or "xl/workbook.xml" in package.parts
    if not is_office:
        inside = sum(name.endswith((".xlsx", ".xlsm")) for name in package.parts)
        raise Refused(Reason.ARCHIVE, workbooks=inside)


def _workbook_part(package: Package, links: dict[str, Relationship]) -> Part:
    found = targets(links, "officeDocument")
    if not found:
        raise Refused(Reason.PART_MISSING, part="_rels/.rels")
    if len(found) > 1:
        raise Refused(Reason.BAD_STRUCTURE, part="_rels/.rels")
    return needed(package, found[0])


def _cautions_of_type(content_type: str, part: Part) -> tuple[Caution, ...]:
    name = content_type.lower()
    if name in _WORKBOOK_TYPES:
        return _WORKBOOK_TYPES[name]
    if "sheet.binary" in name:
        raise Refused(Reason.XLSB)
    for word, kind in _OTHER_TYPES:
        if word in name:
            raise Refused(Reason.OTHER_OFFICE, kind=kind)
    raise Refused(Reason.NOT_A_WORKBOOK, part=part.name)


def _must_have_no_doctypes(
    package: Package, parts: dict[str, Relationship], contents: Index
) -> None:
    """Refuse document types also in the parts that are not parsed, where no parser would see them.

    The big parts, texts and sheets, are parsed; looking through them as well would cost as much as
    reading them.
    """
    parsed = {parts[sheet.link].target for sheet in contents.sheets if sheet.link in parts}
    parsed.update(targets(parts, "sharedStrings")[:1])
    keys = {name.lower() for name in parsed}
    for key, part in package.parts.items():
        if key not in keys:
            must_have_no_doctype(package, part)


def _check_sheets(contents: Index, *, limits: Limits) -> None:
    if not contents.sheets:
        raise Refused(Reason.NO_SHEETS)
    if len(contents.sheets) > limits.sheets:
        raise Refused(
            Reason.TOO_MANY_SHEETS,
            limit="sheets",
            allowed=limits.sheets,
            found=len(contents.sheets),
        )
    names: set[str] = set()
    for sheet in contents.sheets:
        if sheet.name.casefold() in names:
            raise Refused(Reason.DOUBLED_SHEETS, sheet=sheet.name)
        names.add(sheet.name.casefold())


def _shared_texts(package: Package, parts: dict[str, Relationship]) -> Texts:
    found = targets(parts, "sharedStrings")
    return stored_texts(package, needed(package, found[0])) if found else Texts()


def _cell_styles(package: Package, parts: dict[str, Relationship]) -> tuple[Style, ...]:
    found = targets(parts, "styles")
    return stored_styles(package, needed(package, found[0])) if found else ()


def _sheets(
    package: Package,
    parts: dict[str, Relationship],
    contents: Index,
    *,
    texts: Texts,
    styles: tuple[Style, ...],
    limits: Limits,
) -> tuple[tuple[Sheet, ...], tuple[tuple[int, int], ...]]:
    sheets: list[Sheet] = []
    bounds: list[tuple[int, int]] = []
    used: set[str] = set()
    cells = 0
    for entry in contents.sheets:
        link = parts.get(entry.link)
        if link is None or link.external:
            raise Refused(Reason.PART_MISSING, part="", sheet=entry.name)
        part = needed(package, link.target, sheet=entry.name)
        if part.name in used:  # the same cells under two names would count twice
            raise Refused(Reason.BAD_STRUCTURE, part=part.name, sheet=entry.name)
        used.add(part.name)
        if _is_chart(package, part, link):
            continue
        around = Surroundings(
            name=entry.name, texts=texts, styles=styles, limits=limits, cells_before=cells
        )
        scan = read_sheet(package, part, around)
        cells += len(scan.cells)
        sheets.append(_sheet(package, part, entry, scan, kind=_READ_SHEETS[link.kind]))
        bounds.append((scan.last_row, scan.last_column))
    return tuple(sheets), tuple(bounds)


def _is_chart(package: Package, part: Part, link: Relationship) -> bool:
    """Whether a sheet is nothing but a chart; what only calls itself so may not hide its cells."""
    if link.kind in _READ_SHEETS:
        return False
    if root(package, part) != "chartsheet":
        raise Refused(Reason.BAD_STRUCTURE, part=part.name)
    return True


def _sheet(package: Package, part: Part, entry: SheetEntry, scan: SheetScan, *, kind: str) -> Sheet:
    return Sheet(
        name=entry.name,
        state=_state(entry.state),
        cells=scan.sorted_cells(),
        hidden_rows=frozenset(scan.hidden_rows),
        hidden_columns=frozenset(scan.hidden_columns),
        merges=tuple(scan.merges),
        filtered=scan.filtered,
        comments=comments(package, relationships(package, part.name)),
        protected=scan.protected,
        kind=kind,
    )


def _state(text: str) -> Literal["visible", "hidden", "veryHidden"]:
    match text:
        case "hidden":
            return "hidden"
        case "veryHidden":
            return "veryHidden"
        case _:
            return "visible"


def _has_macros(package: Package, sheets: tuple[Sheet, ...]) -> bool:
    return "xl/vbaproject.bin" in package.parts or any(s.kind == "macrosheet" for s in sheets)


def _external_links(package: Package, parts: dict[str, Relationship]) -> tuple[str, ...]:
    """The file names of linked workbooks; their folders often hold the name of a person."""
    found = []
    for target in targets(parts, "externalLink"):
        links = relationships(package, target)
        addresses = [link.target for link in links.values() if link.external] or [""]
        found += [address.replace("\\", "/").rpartition("/")[2] for address in addresses]
    return tuple(found)
