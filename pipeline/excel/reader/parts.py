"""How the parts of an Open XML package belong together: content types, relationships, properties,
comments.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import unquote

from pipeline.excel.reader.markup import Attributes, local, scan, truth
from pipeline.excel.reader.package import Package, Part
from pipeline.excel.reader.reading import Comment, Reason, Refused, column_number

_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")


@dataclass(frozen=True, slots=True)
class Relationship:
    """A link from one part to another. `kind` is the last word of its type, `target` a part's name
    or, if `external`, an address.
    """

    kind: str
    target: str
    external: bool


def needed(package: Package, name: str, **facts: str) -> Part:
    """A part that must be there."""
    part = package.parts.get(name.lower())
    if part is None:
        raise Refused(Reason.PART_MISSING, part=name, **facts)
    return part


def root(package: Package, part: Part) -> str:
    """The name of a part's outermost element, without its namespace."""
    names: list[str] = []

    def start(name: str, _attributes: Attributes) -> None:
        if not names:
            names.append(local(name))

    scan(package, part, start=start)
    return names[0]


def content_types(package: Package) -> dict[str, str]:
    """Content types by lower-case part name ('/xl/workbook.xml') or ending ('xml'), as the package
    declares them.
    """
    types: dict[str, str] = {}

    def start(name: str, attributes: Attributes) -> None:
        match local(name):
            case "Default":
                types[attributes.get("Extension", "").lower()] = attributes.get("ContentType", "")
            case "Override":
                types[attributes.get("PartName", "").lower()] = attributes.get("ContentType", "")
            case _:
                pass

    scan(package, needed(package, "[Content_Types].xml"), start=start)
    return types


def type_of(types: dict[str, str], part: str) -> str:
    """The content type of a part, '' if the package declares none."""
    name = "/" + part.lower()
    return types.get(name) or types.get(name.rpartition(".")[2], "")


def relationships(package: Package, source: str) -> dict[str, Relationship]:
    """The relationships of a part ('' for the package itself) by id."""
    folder, _, name = source.rpartition("/")
    listed = package.parts.get(posixpath.join(folder, "_rels", f"{name}.rels").lower())
    found: dict[str, Relationship] = {}
    if listed is None:
        return found

    def start(name: str, attributes: Attributes) -> None:
        if local(name) != "Relationship":
            return
        number = attributes.get("Id", "")
        if number in found:  # which of the two is meant nobody can know
            raise Refused(Reason.BAD_STRUCTURE, part=listed.name)
        external = attributes.get("TargetMode") == "External"
        target = attributes.get("Target", "")
        kind = attributes.get("Type", "").rpartition("/")[2]
        found[number] = Relationship(
            kind, target if external else _resolved(folder, target), external
        )

    scan(package, listed, start=start)
    return found


def _resolved(folder: str, target: str) -> str:
    """A target as the name of a part; it is relative to its source's folder, or absolute with a
    slash.
    """
    target = unquote(target.replace("\\", "/"))
    return posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")


def targets(links: dict[str, Relationship], kind: str) -> list[str]:
    """The parts linked with one kind of relationship, in the order of the file."""
    return [link.target for link in links.values() if link.kind == kind and not link.external]


def properties(package: Package, links: dict[str, Relationship]) -> tuple[tuple[str, str], ...]:
    """Custom properties, times of creation and change, the program; no names of persons.

    Labels of data protection software (MSIP_…) hold the owner's address and are left out.
    """
    found: list[tuple[str, str]] = []
    for kind, reader in (
        ("core-properties", _core_properties),
        ("extended-properties", _program),
        ("custom-properties", _custom_properties),
    ):
        for target in targets(links, kind):
            part = package.parts.get(target.lower())
            if part is not None:
                found += reader(package, part)
    return tuple(found)


def _core_properties(package: Package, part: Part) -> list[tuple[str, str]]:
    texts = _texts_of_children(package, part)
    return [(f"core:{name}", text) for name, text in texts if name in {"created", "modified"}]


def _program(package: Package, part: Part) -> list[tuple[str, str]]:
    texts = _texts_of_children(package, part)
    return [(f"app:{name}", text) for name, text in texts if name == "Application"]


def _texts_of_children(package: Package, part: Part) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    depth = 0

    def start(name: str, _attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth == 2:
            found.append((local(name), ""))

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def text(data: str) -> None:
        if depth == 2:
            found[-1] = (found[-1][0], found[-1][1] + data)

    scan(package, part, start=start, end=end, text=text)
    return found


def _custom_properties(package: Package, part: Part) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    depth = 0

    def start(_name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth == 2:
            found.append((attributes.get("name", ""), ""))

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def text(data: str) -> None:
        if depth == 3:
            found[-1] = (found[-1][0], found[-1][1] + data)

    scan(package, part, start=start, end=end, text=text)
    return [(name, text) for name, text in found if not name.startswith("MSIP_Label")]


def comments(package: Package, links: dict[str, Relationship]) -> tuple[Comment, ...]:
    """Notes and threaded comments of a sheet by place. A thread also leaves a note that only says
    so: left out.
    """
    threads = _comments(package, targets(links, "threadedComment"), "threadedComment")
    threaded = {(comment.row, comment.column) for comment in threads}
    notes = _comments(package, targets(links, "comments"), "comment")
    notes = [note for note in notes if (note.row, note.column) not in threaded]
    return tuple(sorted(threads + notes, key=lambda comment: (comment.row, comment.column)))


def _comments(package: Package, names: list[str], element: str) -> list[Comment]:
    found: list[Comment] = []
    for name in names:
        part = package.parts.get(name.lower())
        if part is not None:
            found += _comments_of(package, part, element)
    return found


def _comments_of(package: Package, part: Part, element: str) -> list[Comment]:
    found: list[Comment] = []
    place: tuple[int, int] | None = None
    pieces: list[str] = []
    inside: list[str] = []

    def start(name: str, attributes: Attributes) -> None:
        nonlocal place
        inside.append(local(name))
        if inside[-1] != element:
            return
        pieces.clear()
        match = _REFERENCE.fullmatch(attributes.get("ref", ""))
        place = (int(match[2]), column_number(match[1])) if match else None

    def end(_name: str) -> None:
        if inside.pop() == element and place is not None:
            found.append(Comment(place[0], place[1], "".join(pieces).strip()))

    def text(data: str) -> None:
        # Notes keep their words in t, threads in text; rPh holds phonetic readings.
        if inside[-1] in {"t", "text"} and "rPh" not in inside:
            pieces.append(data)

    scan(package, part, start=start, end=end, text=text)
    return found


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """A sheet as the workbook part lists it."""

    name: str
    state: str
    link: str


@dataclass(frozen=True, slots=True)
class Index:
    """What the workbook part says: its sheets in order, and the date system."""

    namespace: str
    sheets: tuple[SheetEntry, ...]
    date1904: bool


def index(package: Package, part: Part, link_ids: tuple[str, ...]) -> Index:
    """Read the workbook part."""
    sheets: list[SheetEntry] = []
    namespace = ""
    date1904 = False
    depth = 0
    listing = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal depth, namespace, date1904, listing
        depth += 1
        if depth == 1:
            namespace = name.removesuffix("workbook") if local(name) == "workbook" else ""
        elif depth == 2 and name == namespace + "workbookPr":
            date1904 = truth(attributes.get("date1904"))
        elif depth == 3 and name == namespace + "sheet":
            link = next((attributes[key] for key in link_ids if key in attributes), "")
            state = attributes.get("state", "visible")
            sheets.append(SheetEntry(attributes.get("name", ""), state, link))
        elif depth == 3 and listing and name.startswith(namespace):
            # Readers pass over what they do not know; here that would lose a whole sheet.
            raise Refused(Reason.BAD_STRUCTURE, part=part.name)
        if depth == 2:
            listing = name == namespace + "sheets"

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    scan(package, part, start=start, end=end)
    return Index(namespace, tuple(sheets), date1904)
