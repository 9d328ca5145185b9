"""One way to parse XML of a package: namespaces resolved, no document type, no library's words in a
refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from xml.parsers import expat

from pipeline.excel.reader.package import Package, Part, chunks
from pipeline.excel.reader.reading import Reason, Refused

Attributes = dict[str, str]
Start = Callable[[str, Attributes], None]
End = Callable[[str], None]
Text = Callable[[str], None]

# Open XML exists twice: as everybody writes it, and as the standard's strict variant, with other
# namespaces.
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
MAIN_STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main}"
LINK_IDS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)


def scan(
    package: Package, part: Part, *, start: Start, end: End | None = None, text: Text | None = None
) -> None:
    """Parse a whole part; names arrive as 'namespace}name', attributes without namespace by their
    plain name.
    """
    feed(chunks(package, part), part=part.name, start=start, end=end, text=text)


def feed(
    pieces: Iterable[bytes], *, part: str, start: Start, end: End | None, text: Text | None
) -> None:
    """Parse a part that arrives in pieces. Ill-formed XML and any document type are refused."""
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text

    def refuse_doctype(*_: object) -> None:
        raise Refused(Reason.DOCTYPE, part=part)

    # Entities, and with them expansion bombs and reads of other files, need a document type first.
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        # Besides ill-formed XML: encodings that do not exist, or of several bytes that expat does
        # not know.
        raise Refused(Reason.XML_DAMAGED, part=part) from error


def local(name: str) -> str:
    """The name without its namespace."""
    return name.rpartition("}")[2]


def truth(text: str | None) -> bool:
    """An XML boolean; anything else counts as false, as Excel does."""
    return text is not None and text.strip() in {"1", "true"}
