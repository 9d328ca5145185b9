"""The file and its package, before any XML is believed: what is it, does its directory lie?

Everything is decided from bytes that were read once, so that hash, directory and contents belong to
the same file.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.excel.reader.limits import Limits
from pipeline.excel.reader.reading import Reason, Refused

CHUNK = 1 << 20
_PACKED_CHUNK = 1 << 16
_HASHED_AT_MOST = 1 << 30
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_END_SIGNATURE = b"PK\x05\x06"
_END_SIZE = 22
_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
_MARKUP_ENDINGS = (".xml", ".rels", ".vml")
_DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    EOFError,
    IndexError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    UnicodeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a package: where its header and its packed bytes lie, and what the directory says
    of them.
    """

    name: str
    offset: int
    start: int
    packed: int
    unpacked: int
    checksum: int
    deflated: bool


@dataclass(frozen=True, slots=True)
class Package:
    """A package whose directory was checked. `parts` are found by their name in lower case."""

    data: bytes
    parts: dict[str, Part]
    trailing: int


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of a file with their hash; no bytes, but possibly a hash, where it is refused
    unread.
    """

    sha256: str | None
    size: int | None
    data: bytes
    refused: Refused | None = None


def load(path: Path, *, limits: Limits, folder: Path | None) -> Source:
    """Read a file once, unless it is no plain file below `folder` (default: the folder it lies in)
    or too big.
    """
    try:
        _must_stay_inside(path, folder=folder if folder is not None else path.parent)
        return _read_once(path, limits=limits)
    except Refused as refused:
        return Source(None, None, b"", refused)
    except FileNotFoundError:
        return Source(None, None, b"", Refused(Reason.NOT_FOUND))
    except (OSError, ValueError):  # ValueError: a name that holds a zero byte
        return Source(None, None, b"", Refused(Reason.UNREADABLE))


def _must_stay_inside(path: Path, *, folder: Path) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        try:
            mode = path.stat().st_mode
        except OSError as error:  # it points nowhere, or in a circle
            raise Refused(Reason.LINK_BROKEN) from error
    _must_be_a_file(mode)
    if not path.resolve(strict=True).is_relative_to(folder.resolve(strict=True)):
        raise Refused(Reason.LINK_OUTSIDE)


def _must_be_a_file(mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if stat.S_ISDIR(mode):
        raise Refused(Reason.IS_FOLDER)
    kinds = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
    raise Refused(Reason.SPECIAL_FILE, kind=kinds.get(stat.S_IFMT(mode), "device"))


def _read_once(path: Path, *, limits: Limits) -> Source:
    # Not blocking, and asked again after opening: the name may have become a pipe since it was
    # looked at.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        _must_be_a_file(status.st_mode)
        data = file.read(limits.file_bytes + 1)
        if len(data) <= limits.file_bytes:
            return Source(hashlib.sha256(data).hexdigest(), len(data), data)
        size = max(status.st_size, len(data))
        refused = Refused(
            Reason.FILE_TOO_BIG, limit="file_bytes", allowed=limits.file_bytes, found=size
        )
        return Source(_hash_of_rest(data, file, size=size), size, b"", refused)


def _hash_of_rest(data: bytes, file: io.BufferedReader, *, size: int) -> str | None:
    """The hash of a file too big to read, for the register; none for absurd sizes."""
    if size > _HASHED_AT_MOST:
        return None
    digest = hashlib.sha256(data)
    while block := file.read(CHUNK):
        digest.update(block)
    return digest.hexdigest()


# --- what kind of file it is
# -----------------------------------------------------------------------------------


def must_look_like_a_package(data: bytes) -> None:
    """Refuse what is no zip container, by its content and never by its name: each with the reason
    that mends it.
    """
    if not data:
        raise Refused(Reason.EMPTY_FILE)
    if data.startswith(_LOCAL_SIGNATURE):
        return
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise _refused_ole(data)
    if not data.strip(b"\0"):
        raise Refused(Reason.ONLY_ZEROS)
    for signature, reason in _SIGNATURES:
        if data.startswith(signature):
            raise Refused(reason)
    if data[4:12] in {b"ftypheic", b"ftypmif1", b"ftypheix"}:
        raise Refused(Reason.IMAGE)
    if b"%PDF-" in data[:1024]:
        raise Refused(Reason.PDF)
    raise Refused(_kind_of_text(data))


_SIGNATURES = (
    (b"%PDF-", Reason.PDF),
    (b"\x89PNG", Reason.IMAGE),
    (b"\xff\xd8\xff", Reason.IMAGE),
    (b"GIF8", Reason.IMAGE),
    (b"II*\0", Reason.IMAGE),
    (b"MM\0*", Reason.IMAGE),
    (b"\x09\x00\x04\x00", Reason.OLD_XLS),  # the streams of Excel 2 to 4, without a container
    (b"\x09\x02\x06\x00", Reason.OLD_XLS),
    (b"\x09\x04\x06\x00", Reason.OLD_XLS),
    (_END_SIGNATURE, Reason.ARCHIVE),  # a zip file without any part
    (b"PK\x07\x08", Reason.ARCHIVE),  # a piece of a split zip file
    (b"7z\xbc\xaf\x27\x1c", Reason.ARCHIVE),
    (b"Rar!\x1a\x07", Reason.ARCHIVE),
    (b"\x1f\x8b", Reason.ARCHIVE),
    (b"BZh", Reason.ARCHIVE),
    (b"\xfd7zXZ\0", Reason.ARCHIVE),
)


def _refused_ole(data: bytes) -> Refused:
    """OLE containers hold encrypted workbooks as well as old ones; the names of their streams tell
    which.
    """

    def has(stream: str) -> bool:
        return stream.encode("utf-16-le") in data

    if has("EncryptedPackage") or has("EncryptionInfo"):
        return Refused(Reason.ENCRYPTED)
    if has("WordDocument"):
        return Refused(Reason.OTHER_OFFICE, kind="word")
    if has("PowerPoint Document"):
        return Refused(Reason.OTHER_OFFICE, kind="powerpoint")
    if has("Workbook") or has("Book"):
        return Refused(Reason.OLD_XLS)
    return Refused(Reason.OTHER_OFFICE, kind="unknown")


def _kind_of_text(data: bytes) -> Reason:
    text = _decoded(data[: 1 << 16])
    if text is None:
        return Reason.UNKNOWN_FORMAT
    head = text.lstrip("\ufeff \t\r\n").lower()
    if head.startswith("<"):
        return _kind_of_markup(head)
    if head.startswith("mime-version:"):
        return Reason.HTML  # a web archive, which Excel writes as .mht
    if head.startswith("{\\rtf"):
        return Reason.OTHER_OFFICE
    return Reason.TEXT_OR_CSV


def _kind_of_markup(head: str) -> Reason:
    if "urn:schemas-microsoft-com:office:spreadsheet" in head:
        return Reason.SPREADSHEET_XML
    if "<office:document" in head and "spreadsheet" in head:
        return Reason.ODS
    if re.search(r"<(!doctype html|html|head|body|table|meta|div)\b", head):
        return Reason.HTML
    return Reason.UNKNOWN_FORMAT


def _decoded(data: bytes) -> str | None:
    """The text, or None for binary data. Files of German offices are UTF-8, UTF-16 with a mark, or
    Windows-1252.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if any(byte < 9 or 13 < byte < 27 for byte in data):  # control characters that no text has
        return None
    return data.decode("utf-8-sig", "replace")


# --- the directory
# ---------------------------------------------------------------------------------------------


def open_package(data: bytes, *, limits: Limits) -> Package:
    """Check the directory of a zip container; nothing is unpacked yet.

    Refused: too many or too big parts, ratios of bombs, names that are doubled (in any case of
    letters) or lead out of the package, parts that overlap, hide before the first one or are not
    where the directory says, encryption, and compression methods other than stored and deflated.
    """
    must_look_like_a_package(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as container:
            infos = container.infolist()
            directory = container.start_dir
            comment = len(container.comment)
    except _DAMAGE as error:
        complete = data.rfind(_END_SIGNATURE) >= 0
        fault = Refused(Reason.PACKAGE_DAMAGED, fault="directory")
        raise (fault if complete else Refused(Reason.TRUNCATED)) from error
    _must_be_bounded(infos, size=len(data), limits=limits)
    parts = _parts(data, infos)
    _must_not_overlap(parts, directory=directory)
    end = data.rfind(_END_SIGNATURE) + _END_SIZE + comment
    return Package(
        data, {key: part for key, part in parts.items() if key[-1] != "/"}, len(data) - end
    )


def _must_be_bounded(infos: list[zipfile.ZipInfo], *, size: int, limits: Limits) -> None:
    if len(infos) > limits.parts:
        raise Refused(Reason.TOO_MANY_PARTS, limit="parts", allowed=limits.parts, found=len(infos))
    for info in infos:
        if info.file_size > limits.part_bytes:
            raise Refused(
                Reason.PART_TOO_BIG,
                limit="part_bytes",
                allowed=limits.part_bytes,
                found=info.file_size,
                part=printable(info.filename),
            )
    unpacked = sum(info.file_size for info in infos)
    if unpacked > limits.unpacked_bytes:
        raise Refused(
            Reason.UNPACKED_TOO_BIG,
            limit="unpacked_bytes",
            allowed=limits.unpacked_bytes,
            found=unpacked,
        )
    if _is_a_bomb(unpacked, size, limits):
        raise Refused(
            Reason.RATIO_TOO_HIGH, limit="ratio", allowed=limits.ratio, found=unpacked // size
        )
    for info in infos:
        # Pictures are not read, and a white one honestly packs better than any bomb.
        markup = info.filename.lower().endswith(_MARKUP_ENDINGS)
        if markup and _is_a_bomb(info.file_size, info.compress_size, limits):
            raise Refused(
                Reason.RATIO_TOO_HIGH,
                limit="ratio",
                allowed=limits.ratio,
                found=info.file_size // max(info.compress_size, 1),
                part=printable(info.filename),
            )


def _is_a_bomb(unpacked: int, packed: int, limits: Limits) -> bool:
    return unpacked > limits.ratio_from_bytes and unpacked > limits.ratio * packed


def _parts(data: bytes, infos: list[zipfile.ZipInfo]) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    for info in infos:
        name = _safe_name(info)
        if info.flag_bits & _ENCRYPTED_FLAGS:
            raise Refused(Reason.ENCRYPTED_PART, part=name)
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise Refused(Reason.UNKNOWN_COMPRESSION, part=name)
        if name.lower() in parts:
            raise Refused(Reason.DOUBLED_PARTS, part=name)
        parts[name.lower()] = Part(
            name=name,
            offset=info.header_offset,
            start=_start(data, info),
            packed=info.compress_size,
            unpacked=info.file_size,
            checksum=info.CRC,
            deflated=info.compress_type == zipfile.ZIP_DEFLATED,
        )
    return parts


def _safe_name(info: zipfile.ZipInfo) -> str:
    """The part's name with slashes. Some writers use backslashes, which Excel accepts."""
    name = info.orig_filename.replace("\\", "/")
    steps = name.removesuffix("/").split("/")
    is_link = stat.S_ISLNK(info.external_attr >> 16)
    if is_link or ":" in name or "" in steps or ".." in steps or "." in steps:
        raise Refused(Reason.UNSAFE_PART_NAME)
    if not name.isprintable():
        raise Refused(Reason.UNSAFE_PART_NAME)
    return name


def _start(data: bytes, info: zipfile.ZipInfo) -> int:
    """Where the packed bytes begin, from the local header, which must tell the same as the
    directory.
    """
    at = info.header_offset
    if at < 0 or at + _LOCAL_HEADER.size > len(data):
        raise Refused(Reason.PACKAGE_DAMAGED, fault="offset")
    header = _LOCAL_HEADER.unpack_from(data, at)
    signature, flags, method, name_length, extra_length = (
        header[0], header[2], header[3], header[9], header[10]
    )  # fmt: skip
    name = data[at + _LOCAL_HEADER.size : at + _LOCAL_HEADER.size + name_length]
    encoding = "utf-8" if flags & 0x800 else "cp437"
    agrees = (
        signature == _LOCAL_SIGNATURE
        and method == info.compress_type
        and not flags & _ENCRYPTED_FLAGS
        and name.decode(encoding, "replace") == info.orig_filename
    )
    if not agrees:
        raise Refused(Reason.PACKAGE_DAMAGED, fault="headers")
    return int(at + _LOCAL_HEADER.size + name_length + extra_length)


def _must_not_overlap(parts: dict[str, Part], *, directory: int) -> None:
    """Parts lie one after the other between the start of the file and the directory.

    Overlapping parts are how a small file becomes a bomb; bytes before the first part hide
    something that another program would see.
    """
    end = 0
    for part in sorted(parts.values(), key=lambda part: part.offset):
        if end == 0 and part.offset > 0:
            raise Refused(Reason.PACKAGE_DAMAGED, fault="hidden")
        if part.offset < end:
            raise Refused(Reason.OVERLAPPING_PARTS, part=part.name)
        end = part.start + part.packed
    if end > directory:
        raise Refused(Reason.OVERLAPPING_PARTS, part="")


# --- contents
# --------------------------------------------------------------------------------------------------


def chunks(package: Package, part: Part) -> Iterator[bytes]:
    """A part's content in pieces of at most `CHUNK` bytes; refused where size or checksum are not
    as promised.
    """
    size = checksum = 0
    for piece in _inflated(package, part) if part.deflated else _stored(package, part):
        size += len(piece)
        if size > part.unpacked:
            raise Refused(Reason.PART_DAMAGED, part=part.name)
        checksum = zlib.crc32(piece, checksum)
        yield piece
    if size != part.unpacked or checksum != part.checksum:
        raise Refused(Reason.PART_DAMAGED, part=part.name)


def content(package: Package, part: Part) -> bytes:
    """A part's whole content."""
    return b"".join(chunks(package, part))


def _stored(package: Package, part: Part) -> Iterator[bytes]:
    for at in range(part.start, part.start + part.packed, CHUNK):
        yield package.data[at : min(at + CHUNK, part.start + part.packed)]


def _inflated(package: Package, part: Part) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-15)
    end = part.start + part.packed
    at = part.start
    try:
        while at < end and not inflate.eof:
            packed = package.data[at : min(at + _PACKED_CHUNK, end)]
            at += len(packed)
            while packed and not inflate.eof:
                yield inflate.decompress(packed, CHUNK)
                packed = inflate.unconsumed_tail
        while not inflate.eof and (rest := inflate.decompress(b"", CHUNK)):
            yield rest
    except zlib.error as error:
        raise Refused(Reason.PART_DAMAGED, part=part.name) from error
    if not inflate.eof or inflate.unused_data or at < end:
        raise Refused(Reason.PART_DAMAGED, part=part.name)


_DOCTYPES = tuple("<!DOCTYPE".encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be"))


def must_have_no_doctype(package: Package, part: Part) -> None:
    """Refuse a document type in a part that nobody parses; whoever opens the file later might."""
    tail = b""
    for number, piece in enumerate(chunks(package, part)):
        if number == 0 and b"<" not in piece[:64]:
            return  # not markup: a picture, a font, printer settings
        text = tail + piece
        if any(mark in text for mark in _DOCTYPES):
            raise Refused(Reason.DOCTYPE, part=part.name)
        tail = piece[-32:]


def printable(name: str) -> str:
    """A name from the file in a form that can be shown: without control characters, and not
    endless.
    """
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name[:200])
