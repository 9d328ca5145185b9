"""The smallest workbook there is, as raw XML parts: a hostile one is one change away."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
STRICT_MAIN: Final = "http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_LINKS: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"
XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
WORKBOOK_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"
WORKBOOK = "xl/workbook.xml"
WORKBOOK_LINKS = "xl/_rels/workbook.xml.rels"
CONTENT_TYPES = "[Content_Types].xml"
ROOT_LINKS = "_rels/.rels"

Parts = dict[str, bytes]


def sheet_xml(rows: str = "", *, before: str = "", after: str = "") -> str:
    """A worksheet part around its rows."""
    data = f"<sheetData>{rows}</sheetData>"
    return f'{XML}<worksheet xmlns="{MAIN}" xmlns:r="{LINKS}">{before}{data}{after}</worksheet>'


def cells(*xml: str) -> str:
    """A first row with these cells."""
    return f'<row r="1">{"".join(xml)}</row>'


def texts_xml(*items: str, count: int | None = None) -> str:
    """A shared-string part; each item is the XML inside `si`."""
    number = len(items) if count is None else count
    inside = "".join(f"<si>{item}</si>" for item in items)
    return f'{XML}<sst xmlns="{MAIN}" count="{number}" uniqueCount="{number}">{inside}</sst>'


def links_xml(*links: tuple[str, str, str], kind: str = LINKS) -> str:
    """A relationship part of (id, last word of the type, target)."""
    inside = "".join(
        f'<Relationship Id="{number}" Type="{kind}/{word}" Target="{target}"'
        + (' TargetMode="External"/>' if "://" in target else "/>")
        for number, word, target in links
    )
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{inside}</Relationships>'


def styles_xml(*formats: str) -> str:
    """A style part: style 0 is General, style n has the n-th format."""
    codes = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>' for n, code in enumerate(formats)
    )
    xfs = '<xf numFmtId="0"/>' + "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(formats)))
    return (
        f'{XML}<styleSheet xmlns="{MAIN}"><numFmts count="{len(formats)}">{codes}</numFmts>'
        '<fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        f'<cellXfs count="{len(formats) + 1}">{xfs}</cellXfs></styleSheet>'
    )


def workbook_xml(*names: str, inside: str = "") -> str:
    """A workbook part with visible sheets of these names, linked as s1, s2, …"""
    sheets = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="s{n}"/>' for n, name in enumerate(names, 1)
    )
    return (
        f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{inside}<sheets>{sheets}</sheets>'
        "</workbook>"
    )


def content_types_xml(main: str = WORKBOOK_TYPE) -> str:
    """Content types; `main` is that of the workbook part."""
    return (
        f'{XML}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/>'
        f'<Override PartName="/{WORKBOOK}" ContentType="{main}"/></Types>'
    )


def parts(**changes: str | bytes | None) -> Parts:
    """The parts of a workbook with one sheet "Kosten"; A1 holds 12.5, B1 the text Straße.

    Changes name parts by the constants' lower-case names: `sheet`, `texts`, `styles`, `workbook`,
    `workbook_links`, `content_types`, `root_links`; None leaves a part out.
    """
    contents: dict[str, str | bytes | None] = {
        "content_types": content_types_xml(),
        "root_links": links_xml(("r1", "officeDocument", WORKBOOK)),
        "workbook": workbook_xml("Kosten"),
        "workbook_links": links_xml(
            ("s1", "worksheet", "worksheets/sheet1.xml"),
            ("t1", "sharedStrings", "sharedStrings.xml"),
            ("t2", "styles", "styles.xml"),
        ),
        "styles": styles_xml("#,##0.00", "dd.mm.yyyy"),
        "texts": texts_xml("<t>Straße</t>"),
        "sheet": sheet_xml(
            cells('<c r="A1" s="1"><v>12.5</v></c>', '<c r="B1" t="s"><v>0</v></c>')
        ),
    }
    unknown = changes.keys() - contents.keys()
    assert not unknown, unknown
    contents |= changes
    names = {
        "content_types": CONTENT_TYPES,
        "root_links": ROOT_LINKS,
        "workbook": WORKBOOK,
        "workbook_links": WORKBOOK_LINKS,
        "styles": STYLES,
        "texts": TEXTS,
        "sheet": SHEET,
    }
    return {
        names[key]: text.encode() if isinstance(text, str) else text
        for key, text in contents.items()
        if text is not None
    }


def zipped(
    contents: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b""
) -> bytes:
    """The package as bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as container:
        for name, content in contents.items():
            container.writestr(name, content)
        container.comment = comment
    return target.getvalue()


def a_workbook(**changes: str | bytes | None) -> bytes:
    """The smallest workbook with some parts changed."""
    return zipped(parts(**changes))


def with_rows(rows: str, **more: str | bytes | None) -> bytes:
    """The smallest workbook with other rows."""
    return a_workbook(sheet=sheet_xml(rows), **more)


def with_cells(*xml: str, **more: str | bytes | None) -> bytes:
    """The smallest workbook with other cells in its first row."""
    return with_rows(cells(*xml), **more)


def with_more_parts(**names_and_contents: bytes) -> bytes:
    """The smallest workbook and further parts; `__` in a name stands for '/', `_dot_` for '.'."""
    more = {
        name.replace("__", "/").replace("_dot_", "."): content
        for name, content in names_and_contents.items()
    }
    return zipped(parts() | more)


def written(folder: Path, data: bytes, name: str = "Rücklauf.xlsx") -> Path:
    """The bytes as a file."""
    path = folder / name
    path.write_bytes(data)
    return path


# --- packages that no zip library writes ---


def raw_entry(name: str, content: bytes, *, flags: int = 0, size: int | None = None) -> bytes:
    """A local header with its deflated content."""
    packed = zlib.compress(content)[2:-4]
    return (
        struct.pack(
            "<4s5H3L2H",
            b"PK\x03\x04",
            20,
            flags,
            8,
            0,
            0x21,
            zlib.crc32(content),
            len(packed),
            len(content) if size is None else size,
            len(name),
            0,
        )
        + name.encode()
        + packed
    )


def raw_directory(entries: list[tuple[str, bytes, int, int]]) -> bytes:
    """A central directory of (name, content, offset, flags)."""
    listed = b""
    for name, content, offset, flags in entries:
        packed = zlib.compress(content)[2:-4]
        listed += (
            struct.pack(
                "<4s6H3L5H2L",
                b"PK\x01\x02",
                20,
                20,
                flags,
                8,
                0,
                0x21,
                zlib.crc32(content),
                len(packed),
                len(content),
                len(name),
                0,
                0,
                0,
                0,
                0,
                offset,
            )
            + name.encode()
        )
    return listed


def raw_end(count: int, size: int, at: int) -> bytes:
    """The end record of a central directory."""
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, at, 0)
