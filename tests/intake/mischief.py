"""What people and attackers do to a workbook: each deed a small function, with its outcome.

A deed returns the bytes of a file. `refused` names the reason and the facts that its message needs,
`accepted` the cells that must be read all the same, and what is remarkable about the file.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pipeline.excel.reader.limits import LIMITS, Limits
from pipeline.excel.reader.reading import Caution, Reason
from tests.intake.packages import (
    CONTENT_TYPES,
    LINKS,
    MAIN,
    SHEET,
    STRICT_LINKS,
    STRICT_MAIN,
    TEXTS,
    WORKBOOK,
    XML,
    a_workbook,
    cells,
    content_types_xml,
    links_xml,
    parts,
    raw_directory,
    raw_end,
    raw_entry,
    sheet_xml,
    styles_xml,
    texts_xml,
    with_cells,
    with_more_parts,
    with_rows,
    workbook_xml,
    zipped,
)

Make = Callable[[], bytes]
HONEST = {"A1": "12.5", "B1": "Straße"}


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A deed that costs the file, and why."""

    make: Make
    reason: Reason
    values: Mapping[str, str]
    limits: Limits = LIMITS


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A deed that the file survives: its cells by reference, and its cautions."""

    make: Make
    cells: Mapping[str, str]
    cautions: tuple[Caution, ...] = ()
    second: str = "agreed"
    limits: Limits = field(default=LIMITS)


REFUSED: dict[str, Refused] = {}
ACCEPTED: dict[str, Accepted] = {}


def refused(reason: Reason, *, limits: Limits = LIMITS, **values: str) -> Callable[[Make], Make]:
    """Register a deed that must be refused."""

    def register(make: Make) -> Make:
        REFUSED[make.__name__] = Refused(make=make, reason=reason, values=values, limits=limits)
        return make

    return register


def accepted(
    found: Mapping[str, str] = HONEST,
    *cautions: Caution,
    second: str = "agreed",
    limits: Limits = LIMITS,
) -> Callable[[Make], Make]:
    """Register a deed that must not cost the file."""

    def register(make: Make) -> Make:
        ACCEPTED[make.__name__] = Accepted(
            make=make, cells=found, cautions=cautions, second=second, limits=limits
        )
        return make

    return register


# --- other formats, whatever the name says --------------------------------------------------------


@refused(Reason.EMPTY_FILE)
def nothing_at_all() -> bytes:
    return b""


@refused(Reason.ONLY_ZEROS)
def zeros_left_by_a_broken_synchronisation() -> bytes:
    return bytes(5_000)


def _ole(*streams: str) -> bytes:
    names = b"".join(stream.encode("utf-16-le").ljust(128, b"\0") for stream in streams)
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + names


@refused(Reason.ENCRYPTED)
def a_workbook_with_a_password() -> bytes:
    return _ole("Root Entry", "EncryptionInfo", "EncryptedPackage")


@refused(Reason.OLD_XLS)
def a_workbook_of_excel_97() -> bytes:
    return _ole("Root Entry", "Workbook")


@refused(Reason.OLD_XLS)
def a_worksheet_of_excel_4() -> bytes:
    return b"\x09\x04\x06\x00\x00\x00\x10\x00" + bytes(40)


@refused(Reason.OTHER_OFFICE, kind="word")
def an_old_letter() -> bytes:
    return _ole("Root Entry", "WordDocument")


@refused(Reason.ODS)
def a_workbook_of_libreoffice() -> bytes:
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": kind, "content.xml": b"<x/>"}, method=zipfile.ZIP_STORED)


@refused(Reason.ODS)
def a_flat_workbook_of_libreoffice() -> bytes:
    return (
        b'<?xml version="1.0"?>\n<office:document office:mimetype='
        b'"application/vnd.oasis.opendocument.spreadsheet">'
    )


@refused(Reason.OTHER_OFFICE, kind="opendocument")
def a_letter_of_libreoffice() -> bytes:
    return zipped({"mimetype": b"application/vnd.oasis.opendocument.text"})


@refused(Reason.XLSB)
def a_binary_workbook() -> bytes:
    return a_workbook(
        content_types=content_types_xml("application/vnd.ms-excel.sheet.binary.macroEnabled.main")
    )


@refused(Reason.OTHER_OFFICE, kind="word")
def a_letter() -> bytes:
    return a_workbook(
        content_types=content_types_xml(
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
        )
    )


@refused(Reason.OTHER_OFFICE, kind="powerpoint")
def a_presentation() -> bytes:
    return a_workbook(
        content_types=content_types_xml(
            "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
        )
    )


@refused(Reason.OTHER_OFFICE, kind="addin")
def an_addin() -> bytes:
    return a_workbook(
        content_types=content_types_xml("application/vnd.ms-excel.addin.macroEnabled.main+xml")
    )


@refused(Reason.NUMBERS)
def a_workbook_of_apple() -> bytes:
    return zipped({"Index/Document.iwa": b"x", "preview.jpg": b"\xff\xd8\xff"})


@refused(Reason.SPREADSHEET_XML)
def an_xml_workbook_of_2003() -> bytes:
    return (
        b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
    )


@refused(Reason.TEXT_OR_CSV)
def a_csv_of_excel() -> bytes:
    return "Produkt;Betrag\r\n1110;1.234,56 €\r\n".encode("cp1252")


@refused(Reason.TEXT_OR_CSV)
def a_csv_in_utf_16() -> bytes:
    return "Produkt\tBetrag\r\n1110\t5\r\n".encode("utf-16")


@refused(Reason.PDF)
def a_printout() -> bytes:
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"


@refused(Reason.HTML)
def a_web_page_called_xls() -> bytes:
    return b'\n<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table><tr><td>5</td>'


@refused(Reason.IMAGE)
def a_screenshot() -> bytes:
    return b"\x89PNG\r\n\x1a\n" + bytes(30)


@refused(Reason.ARCHIVE, workbooks="2")
def a_zip_with_two_workbooks() -> bytes:
    return zipped({"FB10.xlsx": a_workbook(), "FB20.xlsx": a_workbook(), "Brief.txt": b"Hallo"})


@refused(Reason.ARCHIVE, workbooks="0")
def a_zip_with_pictures() -> bytes:
    return zipped({"a.jpg": b"\xff\xd8\xff"})


@refused(Reason.ARCHIVE)
def an_empty_zip() -> bytes:
    return zipped({})


@refused(Reason.ARCHIVE)
def a_seven_zip() -> bytes:
    return b"7z\xbc\xaf\x27\x1c\0\4" + bytes(range(100))


@refused(Reason.UNKNOWN_FORMAT)
def noise() -> bytes:
    return bytes((n * 37 + 11) % 256 for n in range(4_000))


# --- the container --------------------------------------------------------------------------------


@refused(Reason.TRUNCATED)
def half_a_workbook() -> bytes:
    data = a_workbook()
    return data[: len(data) // 2]


@refused(Reason.PACKAGE_DAMAGED)
def a_directory_full_of_noise() -> bytes:
    data = a_workbook()
    at = data.find(b"PK\x01\x02")
    return data[:at] + b"\x55" * 40 + data[at + 40 :]


@refused(Reason.PART_DAMAGED, part=SHEET)
def one_flipped_byte_in_a_sheet() -> bytes:
    data = bytearray(zipped(parts(), method=zipfile.ZIP_STORED))
    data[data.find(b"<v>12.5") + 3] ^= 1
    return bytes(data)


@refused(Reason.PART_DAMAGED, part=SHEET)
def noise_instead_of_a_deflated_sheet() -> bytes:
    with zipfile.ZipFile(io.BytesIO(a_workbook())) as container:
        info = container.getinfo(SHEET)
        start = info.header_offset + 30 + len(info.filename)
    data = bytearray(a_workbook())
    data[start : start + 20] = b"\xff" * 20
    return bytes(data)


@refused(Reason.DOUBLED_PARTS, part=SHEET.upper())
def the_same_part_twice_in_other_letters() -> bytes:
    return zipped(parts() | {SHEET.upper(): b"<x/>"})


def _raw(*, flags: int = 0, name: str = "a.xml", in_directory: str = "a.xml") -> bytes:
    """A package of one part, as no library writes it."""
    entry = raw_entry(name, b"<x/>", flags=flags)
    listed = raw_directory([(in_directory, b"<x/>", 0, flags)])
    return entry + listed + raw_end(1, len(listed), len(entry))


@refused(Reason.ENCRYPTED_PART, part="a.xml")
def a_zip_with_a_password() -> bytes:
    return _raw(flags=1)


@refused(Reason.PACKAGE_DAMAGED, fault="headers")
def a_part_with_two_names() -> bytes:
    return _raw(name="b.xml")


@refused(Reason.UNSAFE_PART_NAME)
def a_part_that_climbs_out() -> bytes:
    return zipped(parts() | {"../../etc/cron.d/x": b"x"})


@refused(Reason.UNSAFE_PART_NAME)
def a_part_that_climbs_out_with_backslashes() -> bytes:
    return zipped(parts() | {"xl\\..\\..\\x": b"x"})


@refused(Reason.UNSAFE_PART_NAME)
def a_part_at_the_root_of_the_disk() -> bytes:
    return zipped(parts() | {"/etc/passwd": b"x"})


@refused(Reason.UNSAFE_PART_NAME)
def a_part_on_drive_c() -> bytes:
    return zipped(parts() | {"C:/x": b"x"})


@refused(Reason.UNSAFE_PART_NAME)
def a_link_inside_the_package() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as container:
        for name, content in parts().items():
            container.writestr(name, content)
        link = zipfile.ZipInfo("xl/media/image1.png")
        link.external_attr = 0o120777 << 16
        container.writestr(link, "/etc/passwd")
    return target.getvalue()


@refused(Reason.UNSAFE_PART_NAME)
def a_name_with_a_zero_byte() -> bytes:
    return _raw(name="a\0.xml", in_directory="a\0.xml")


@refused(Reason.OVERLAPPING_PARTS)
def two_parts_over_the_same_bytes() -> bytes:
    # The quoted-overlap bomb: the first part's content covers the second part's header.
    inner = raw_entry("b.xml", b"<x/>")
    outer = raw_entry("a.xml", b"<x/>")
    body = outer[:-4] + inner
    listed = raw_directory([("a.xml", b"<x/>", 0, 0), ("b.xml", b"<x/>", len(outer) - 4, 0)])
    return body + listed + raw_end(2, len(listed), len(body))


@refused(Reason.PACKAGE_DAMAGED, fault="hidden")
def another_part_before_the_first() -> bytes:
    hidden = raw_entry("a.xml", b"<other/>")
    entry = raw_entry("a.xml", b"<x/>")
    listed = raw_directory([("a.xml", b"<x/>", len(hidden), 0)])
    return hidden + entry + listed + raw_end(1, len(listed), len(hidden + entry))


@refused(Reason.UNKNOWN_COMPRESSION)
def packed_with_bzip2() -> bytes:
    return zipped(parts(), method=zipfile.ZIP_BZIP2)


@refused(Reason.PART_DAMAGED, part=SHEET)
def a_sheet_longer_than_promised() -> bytes:
    data = bytearray(a_workbook())
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        name = data.find(SHEET.encode())
        while name >= 0:
            header = data.rfind(signature, 0, name)
            if header >= 0 and name - header in {30, 46}:
                data[header + at : header + at + 4] = (60).to_bytes(4, "little")
            name = data.find(SHEET.encode(), name + 1)
    return bytes(data)


@refused(Reason.RATIO_TOO_HIGH, limit="ratio", part="xl/media/x.xml")
def a_bomb_of_blanks() -> bytes:
    # Beside it a picture that does not pack, which hides the bomb from a look at the whole file.
    picture = random.Random(1).randbytes(60_000)
    return with_more_parts(xl__media__x_dot_xml=b" " * 3_000_000, xl__media__y_dot_png=picture)


@refused(Reason.PART_TOO_BIG, limit="part_bytes", found="125829121")
def one_part_of_more_than_120_megabytes() -> bytes:
    return zipped(parts() | {"xl/media/x.bin": bytes(120 * 1024**2 + 1)})


# --- XML ------------------------------------------------------------------------------------------


_DOCTYPE = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_PLAIN_SHEET = sheet_xml(cells('<c r="A1"><v>1</v></c>'))


@refused(Reason.DOCTYPE, part=SHEET)
def entities_in_a_sheet() -> bytes:
    return a_workbook(sheet=_PLAIN_SHEET.replace("<worksheet", _DOCTYPE + "<worksheet"))


@refused(Reason.DOCTYPE, part=TEXTS)
def a_bare_document_type_in_the_texts() -> bytes:
    return a_workbook(texts=texts_xml("<t>a</t>").replace("<sst", "<!DOCTYPE sst><sst"))


@refused(Reason.DOCTYPE, part=SHEET)
def a_document_type_in_utf_16() -> bytes:
    text = _PLAIN_SHEET.replace("<worksheet", _DOCTYPE + "<worksheet").replace("UTF-8", "UTF-16")
    return a_workbook(sheet=text.encode("utf-16"))


@refused(Reason.DOCTYPE, part="docProps/thumbnail.xml")
def a_document_type_where_nobody_looks() -> bytes:
    return with_more_parts(
        docProps__thumbnail_dot_xml=(XML + _DOCTYPE + "<x/>").encode("utf-16-be")
    )


@refused(Reason.XML_DAMAGED, part=SHEET)
def a_sheet_cut_off_in_the_middle() -> bytes:
    return a_workbook(sheet=_PLAIN_SHEET[:-30])


@refused(Reason.XML_DAMAGED, part=SHEET)
def an_unclosed_cell() -> bytes:
    return with_cells('<c r="A1"><v>1</c>')


@refused(Reason.XML_DAMAGED, part=SHEET)
def an_encoding_that_does_not_exist() -> bytes:
    return a_workbook(sheet=_PLAIN_SHEET.replace("UTF-8", "klingon"))


@refused(Reason.XML_DAMAGED, part=SHEET)
def an_encoding_of_several_bytes() -> bytes:
    return a_workbook(sheet=_PLAIN_SHEET.replace("UTF-8", "shift_jis"))


@refused(Reason.XML_DAMAGED, part=SHEET)
def broken_utf_8() -> bytes:
    return a_workbook(sheet=_PLAIN_SHEET.encode().replace(b"<v>1", b"<v>\xc3\x28"))


@refused(Reason.BAD_STRUCTURE, part=SHEET)
def another_namespace() -> bytes:
    return a_workbook(sheet=_PLAIN_SHEET.replace(MAIN, "urn:example"))


@refused(Reason.NOT_A_WORKBOOK, part=WORKBOOK)
def a_workbook_part_of_another_namespace() -> bytes:
    return a_workbook(workbook=workbook_xml("Kosten").replace(MAIN, "urn:example"))


@refused(Reason.BAD_STRUCTURE, sheet="Kosten")
def a_sheet_without_data() -> bytes:
    return a_workbook(sheet=_PLAIN_SHEET.replace("sheetData", "other"))


@refused(Reason.BAD_STRUCTURE, sheet="Kosten")
def a_sheet_with_data_twice() -> bytes:
    return a_workbook(sheet=sheet_xml(after="<sheetData/>"))


@refused(Reason.BAD_STRUCTURE, sheet="Kosten")
def cells_in_an_alternative() -> bytes:
    row = cells('<c r="A1"><v>1</v></c>')
    return with_rows(f'<x:Choice xmlns:x="urn:x">{row}</x:Choice>')


@refused(Reason.BAD_STRUCTURE, cell="A1")
def two_values_in_a_cell() -> bytes:
    return with_cells('<c r="A1"><v>1</v><v>2</v></c>')


@refused(Reason.BAD_STRUCTURE, cell="A1")
def a_value_beside_its_element() -> bytes:
    return with_cells('<c r="A1">5</c>')


@refused(Reason.BAD_STRUCTURE, cell="A1")
def an_inline_text_in_a_number() -> bytes:
    return with_cells('<c r="A1"><is><t>5</t></is></c>')


@refused(Reason.BAD_STRUCTURE, cell="A1")
def a_value_inside_a_value() -> bytes:
    return with_cells('<c r="A1"><v>1<v>2</v></v></c>')


# --- the workbook ---------------------------------------------------------------------------------


@refused(Reason.PART_MISSING, part=SHEET, sheet="Kosten")
def a_sheet_that_is_listed_but_gone() -> bytes:
    return a_workbook(sheet=None)


@refused(Reason.PART_MISSING, part=CONTENT_TYPES)
def no_content_types() -> bytes:
    return a_workbook(content_types=None)


@refused(Reason.PART_MISSING)
def no_way_to_the_workbook() -> bytes:
    return a_workbook(root_links=None)


@refused(Reason.PART_MISSING, sheet="Kosten")
def a_sheet_without_a_link() -> bytes:
    return a_workbook(workbook_links=links_xml(("other", "worksheet", "worksheets/sheet1.xml")))


@refused(Reason.PART_MISSING, sheet="Kosten")
def a_sheet_on_the_internet() -> bytes:
    return a_workbook(workbook_links=links_xml(("s1", "worksheet", "http://example.org/s.xml")))


@refused(Reason.PART_MISSING, part=TEXTS)
def texts_that_are_linked_but_gone() -> bytes:
    return a_workbook(texts=None)


@refused(Reason.BAD_STRUCTURE, part="xl/_rels/workbook.xml.rels")
def two_links_of_one_name() -> bytes:
    link = ("s1", "worksheet", "worksheets/sheet1.xml")
    return a_workbook(workbook_links=links_xml(link, ("s1", "styles", "styles.xml")))


@refused(Reason.BAD_STRUCTURE, part=SHEET, sheet="Kosten 2")
def one_part_under_two_names() -> bytes:
    return a_workbook(
        workbook=workbook_xml("Kosten", "Kosten 2"),
        workbook_links=links_xml(
            ("s1", "worksheet", "worksheets/sheet1.xml"),
            ("s2", "worksheet", "worksheets/sheet1.xml"),
            ("t1", "sharedStrings", "sharedStrings.xml"),
            ("t2", "styles", "styles.xml"),
        ),
    )


@refused(Reason.BAD_STRUCTURE, part=SHEET)
def cells_on_a_sheet_that_calls_itself_a_chart() -> bytes:
    return a_workbook(workbook_links=links_xml(("s1", "chartsheet", "worksheets/sheet1.xml")))


@refused(Reason.DOCTYPE, part="xl/worksheets/sheet9.xml")
def a_document_type_in_a_sheet_that_is_not_listed() -> bytes:
    orphan = _PLAIN_SHEET.replace("<worksheet", _DOCTYPE + "<worksheet")
    return with_more_parts(xl__worksheets__sheet9_dot_xml=orphan.encode())


@refused(Reason.DOUBLED_SHEETS, sheet="KOSTEN")
def two_sheets_of_one_name() -> bytes:
    return a_workbook(workbook=workbook_xml("Kosten", "KOSTEN"))


@refused(Reason.NO_SHEETS)
def a_workbook_without_sheets() -> bytes:
    return a_workbook(workbook=workbook_xml())


# --- cells ----------------------------------------------------------------------------------------


@refused(Reason.DOUBLED_CELL, sheet="Kosten", cell="A1")
def the_same_cell_twice() -> bytes:
    return with_cells('<c r="A1"><v>1</v></c>', '<c r="A1"><v>2</v></c>')


@refused(Reason.DOUBLED_CELL, sheet="Kosten", cell="A1")
def the_same_cell_twice_in_two_rows_of_one_number() -> bytes:
    return with_rows(cells('<c r="A1"><v>1</v></c>') + cells('<c r="A1"><v>1</v></c>'))


@refused(Reason.DOUBLED_CELL, sheet="Kosten", cell="A1")
def a_cell_with_a_value_and_once_more_empty() -> bytes:
    return with_cells('<c r="A1"><v>1</v></c>', '<c r="A1" s="1"/>')


@refused(Reason.DOUBLED_CELL, sheet="Kosten", cell="A1")
def a_cell_with_a_value_and_once_more_empty_after_a_comment() -> bytes:
    return with_rows("<!-- x -->" + cells('<c r="A1" s="1"/>', '<c r="A1"><v>1</v></c>'))


@refused(Reason.BEYOND_GRID, sheet="Kosten", cell="XFE1")
def a_column_beyond_the_last() -> bytes:
    return with_cells('<c r="XFE1"><v>1</v></c>')


@refused(Reason.BEYOND_GRID, sheet="Kosten", cell="1048577")
def a_row_beyond_the_last() -> bytes:
    return with_rows('<row r="1048577"><c r="A1048577"><v>1</v></c></row>')


@refused(Reason.BEYOND_GRID, sheet="Kosten")
def a_row_without_number_after_the_last() -> bytes:
    return with_rows('<row r="1048576"/><row><c><v>1</v></c></row>')


@refused(Reason.BEYOND_GRID, sheet="Kosten", cell="9" * 40)
def a_row_number_without_end() -> bytes:
    return with_rows(f'<row r="{"9" * 5000}"><c r="A1"><v>1</v></c></row>')


@refused(Reason.BAD_REFERENCE, sheet="Kosten", cell="0")
def row_zero() -> bytes:
    return with_rows('<row r="0"><c r="A0"><v>1</v></c></row>')


@refused(Reason.BAD_REFERENCE, sheet="Kosten", cell="A-1")
def a_negative_row() -> bytes:
    return with_cells('<c r="A-1"><v>1</v></c>')


@refused(Reason.BAD_REFERENCE, sheet="Kosten", cell="a1")
def a_small_letter() -> bytes:
    return with_cells('<c r="a1"><v>1</v></c>')


@refused(Reason.BAD_REFERENCE, sheet="Kosten", cell="A١")
def a_foreign_digit_in_a_reference() -> bytes:
    return with_cells('<c r="A١"><v>1</v></c>')


@refused(Reason.BAD_REFERENCE, sheet="Kosten", cell="A2")
def a_cell_in_the_wrong_row() -> bytes:
    return with_cells('<c r="A2"><v>1</v></c>')


@refused(Reason.BAD_REFERENCE, sheet="Kosten")
def a_reference_with_no_text() -> bytes:
    return with_cells('<c r=""><v>1</v></c>')


def _number(text: str) -> Make:
    return lambda: with_cells(f'<c r="A1"><v>{text}</v></c>')


for _name, _text in {
    "an_underscore_in_a_number": "1_000",
    "not_a_number": "NaN",
    "infinity": "INF",
    "infinity_as_python_writes_it": "infinity",
    "a_number_too_large_for_any_program": "1e999",
    "an_exponent_without_end": "1e99999999",
    "hexadecimal": "0x1F",
    "arabic_digits": "١٢٣",
    "fullwidth_digits": "１２",
    "a_decimal_comma": "12,5",
    "two_points": "1.2.3",
    "a_word_as_number": "zwölf",
    "a_lonely_sign": "-",
    "a_no_break_space_in_a_number": "1\u00a0000",
    "four_thousand_digits": "9" * 4_000,
}.items():
    refused(
        Reason.BAD_NUMBER,
        sheet="Kosten",
        cell="A1",
        found="".join(c if c.isprintable() else "\ufffd" for c in _text[:40]),
    )(_number(_text))
    REFUSED[_name] = REFUSED.pop("<lambda>")


@refused(Reason.BAD_TEXT_INDEX, sheet="Kosten", cell="A1", found="1")
def a_text_that_is_not_there() -> bytes:
    return with_cells('<c r="A1" t="s"><v>1</v></c>')


@refused(Reason.BAD_TEXT_INDEX, sheet="Kosten", cell="A1", found="-1")
def the_last_text_as_python_counts() -> bytes:
    return with_cells('<c r="A1" t="s"><v>-1</v></c>')


@refused(Reason.BAD_TEXT_INDEX, sheet="Kosten", cell="A1", found="")
def a_shared_text_without_number() -> bytes:
    return with_cells('<c r="A1" t="s"><v></v></c>')


@refused(Reason.BAD_STYLE_INDEX, sheet="Kosten", cell="A1", found="99")
def a_style_that_is_not_there() -> bytes:
    return with_cells('<c r="A1" s="99"><v>1</v></c>')


@refused(Reason.BAD_TYPE, sheet="Kosten", cell="A1", found="z")
def a_type_that_does_not_exist() -> bytes:
    return with_cells('<c r="A1" t="z"><v>1</v></c>')


@refused(Reason.BAD_BOOLEAN, sheet="Kosten", cell="A1", found="2")
def neither_true_nor_false() -> bytes:
    return with_cells('<c r="A1" t="b"><v>2</v></c>')


@refused(Reason.BAD_DATE, sheet="Kosten", cell="A1", found="morgen")
def a_word_as_date() -> bytes:
    return with_cells('<c r="A1" t="d"><v>morgen</v></c>')


@refused(Reason.BEYOND_GRID, sheet="Kosten", cell="XFE9")
def a_merge_beyond_the_grid() -> bytes:
    return a_workbook(sheet=sheet_xml(after='<mergeCells><mergeCell ref="A1:XFE9"/></mergeCells>'))


# --- legal oddities -------------------------------------------------------------------------------


@accepted()
def an_honest_workbook() -> bytes:
    return a_workbook()


@accepted()
def stored_without_compression() -> bytes:
    return zipped(parts(), method=zipfile.ZIP_STORED)


@accepted()
def a_comment_in_the_container() -> bytes:
    return zipped(parts(), comment=b"Bitte lochen")


@accepted(HONEST, Caution.TRAILING_DATA)
def bytes_after_the_end() -> bytes:
    return a_workbook() + b"\r\n-- \r\nMailfilter"


@accepted()
def names_with_backslashes() -> bytes:
    return zipped({name.replace("/", "\\"): content for name, content in parts().items()})


@accepted()
def a_folder_entry() -> bytes:
    return with_more_parts(xl__media__=b"")


@accepted()
def targets_from_the_root() -> bytes:
    return a_workbook(
        workbook_links=links_xml(
            ("s1", "worksheet", "/xl/worksheets/sheet1.xml"),
            ("t1", "sharedStrings", "/xl/sharedStrings.xml"),
            ("t2", "styles", "/xl/styles.xml"),
        )
    )


@accepted({"A1": "1"}, Caution.STRICT)
def the_strict_variant() -> bytes:
    def strict(text: str) -> str:
        return text.replace(MAIN, STRICT_MAIN).replace(LINKS, STRICT_LINKS)

    return a_workbook(
        root_links=strict(links_xml(("r1", "officeDocument", WORKBOOK))),
        workbook=strict(workbook_xml("Kosten")),
        workbook_links=strict(links_xml(("s1", "worksheet", "worksheets/sheet1.xml"))),
        texts=None,
        styles=None,
        sheet=strict(_PLAIN_SHEET),
    )


@accepted(HONEST, Caution.MACROS)
def a_workbook_with_macros() -> bytes:
    return zipped(
        parts(
            content_types=content_types_xml("application/vnd.ms-excel.sheet.macroEnabled.main+xml")
        )
        | {"xl/vbaProject.bin": b"\xd0\xcf"}
    )


@accepted(HONEST, Caution.MACROS)
def macros_in_what_calls_itself_xlsx() -> bytes:
    return with_more_parts(xl__vbaProject_dot_bin=b"\xd0\xcf")


@accepted(HONEST, Caution.TEMPLATE_TYPE)
def saved_as_template() -> bytes:
    return a_workbook(
        content_types=content_types_xml(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml"
        )
    )


@accepted(HONEST, Caution.EMBEDDED)
def an_embedded_object() -> bytes:
    return with_more_parts(xl__embeddings__oleObject1_dot_bin=b"\xd0\xcf")


@accepted({"A1": "1", "A2": "2", "C2": "3"})
def rows_out_of_order() -> bytes:
    return with_rows(
        '<row r="2"><c r="C2"><v>3</v></c><c r="A2"><v>2</v></c></row>'
        + cells('<c r="A1"><v>1</v></c>')
    )


@accepted({"A1": "1", "B40": "2"})
def a_lying_dimension() -> bytes:
    rows = cells('<c r="A1"><v>1</v></c>') + '<row r="40"><c r="B40"><v>2</v></c></row>'
    return a_workbook(sheet=sheet_xml(rows, before='<dimension ref="A1:A1"/>'))


@accepted({"A1": "1", "B1": "2", "D1": "3", "E1": "4", "A2": "5"})
def positions_left_out() -> bytes:
    return with_rows(
        "<row><c><v>1</v></c><c><v>2</v></c>"
        '<c r="D1"><v>3</v></c><c><v>4</v></c></row><row><c><v>5</v></c></row>'
    )


@accepted({"A1": "1", "C1": "2"})
def a_position_left_out_after_an_empty_cell() -> bytes:
    return with_cells('<c r="A1"><v>1</v></c>', '<c r="B1" s="1"/>', "<c><v>2</v></c>")


@accepted({"B3": "1"})
def a_row_without_number_whose_cells_know() -> bytes:
    return with_rows('<row><c r="B3"><v>1</v></c></row>')


@accepted({"A1": "1", "C1": "2"})
def empty_cells_between() -> bytes:
    return with_cells(
        '<c r="A1"><v>1</v></c>', '<c r="B1" s="1"/>', '<c r="C1"><v>2</v></c>', '<c r="D1" s="2"/>'
    )


@accepted({"A1": "1"})
def cells_only_in_a_comment() -> bytes:
    return with_rows(
        cells('<c r="A1"><v>1</v></c>') + '<!-- <c r="A1" s="1"/><c r="B1"><v>2</v></c> -->'
    )


@accepted({"A1": "1"})
def cells_only_in_cdata() -> bytes:
    row = cells('<c r="A1"><v>1</v></c>')
    return a_workbook(sheet=sheet_xml(row, after='<extLst><![CDATA[<c r="A1" s="1"/>]]></extLst>'))


@accepted({"A1": "a<b"}, second="disagreed")  # the second reader loses it
def a_text_in_cdata() -> bytes:
    return with_cells('<c r="A1" t="str"><v><![CDATA[a<b]]></v></c>')


@accepted({"A1": "1"}, second="disagreed")  # the second reader sees nothing
def a_sheet_in_utf_16() -> bytes:
    return a_workbook(sheet=_PLAIN_SHEET.replace("UTF-8", "UTF-16").encode("utf-16"))


@accepted({"A1": "1"})
def a_prefix_before_every_name() -> bytes:
    text = (
        f'{XML}<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>1</x:v>'
        '</x:c><x:c r="B1" s="1"/></x:row></x:sheetData></x:worksheet>'
    )
    return a_workbook(sheet=text)


@accepted({"A1": "ab cd", "B1": " blank ", "C1": "漢字"})
def rich_text_blanks_and_phonetics() -> bytes:
    return with_cells(
        '<c r="A1" t="s"><v>0</v></c>',
        '<c r="B1" t="s"><v>1</v></c>',
        '<c r="C1" t="s"><v>2</v></c>',
        texts=texts_xml(
            '<r><rPr><b/></rPr><t xml:space="preserve">ab </t></r><r><t>cd</t></r>',
            '<t xml:space="preserve"> blank </t>',
            '<t>漢字</t><rPh sb="0" eb="2"><t>かんじ</t></rPh><phoneticPr fontId="1"/>',
        ),
    )


@accepted({"A1": "fett und mager", "B1": "schlicht"})
def inline_texts() -> bytes:
    return with_cells(
        '<c r="A1" t="inlineStr"><is><r><rPr><b/></rPr><t xml:space="preserve">fett </t></r>'
        "<r><t>und mager</t></r><rPh><t>nicht</t></rPh></is></c>",
        '<c r="B1" t="inlineStr"><is><t>schlicht</t></is></c>',
    )


@accepted({"A1": "eine\rZeile", "B1": "_x000D_", "C1": "ein\tTab"})
def escaped_characters() -> bytes:
    return with_cells(
        '<c r="A1" t="str"><v>eine_x000D_Zeile</v></c>',
        '<c r="B1" t="s"><v>0</v></c>',
        '<c r="C1" t="inlineStr"><is><t>ein_x0009_Tab</t></is></c>',
        texts=texts_xml("<t>_x005F_x000D_</t>"),
    )


@accepted({"A1": "1", "B1": "true", "C1": "#N/A", "D1": "#REF!"})
def booleans_and_errors() -> bytes:
    return with_cells(
        '<c r="A1" t="b"><v>1</v></c>',
        '<c r="B1" t="b"><v>true</v></c>',
        '<c r="C1" t="e"><v>#N/A</v></c>',
        '<c r="D1" t="e"><v>#REF!</v></c>',
    )


@accepted({"A1": "#BEZUG!", "B1": "1"}, Caution.SECOND_READING_FAILED, second="failed")
def an_error_value_in_german() -> bytes:
    return with_cells('<c r="A1" t="e"><v>#BEZUG!</v></c>', '<c r="B1"><v>1</v></c>')


@accepted({"A1": "2026-12-31", "B1": "2026-12-31T23:59:00"})
def dates_as_text() -> bytes:
    return with_cells(
        '<c r="A1" t="d"><v>2026-12-31</v></c>', '<c r="B1" t="d"><v>2026-12-31T23:59:00</v></c>'
    )


@accepted({"A1": "46387", "B1": "46387.75", "C1": "0.5", "D1": "59", "E1": "-5", "F1": "3000000"})
def numbers_that_look_like_dates() -> bytes:
    return with_cells(
        *(
            f'<c r="{column}1" s="1"><v>{value}</v></c>'
            for column, value in zip(
                "ABCDEF", ("46387", "46387.75", "0.5", "59", "-5", "3000000"), strict=True
            )
        ),
        styles=styles_xml("dd.mm.yyyy hh:mm"),
    )


@accepted({"A1": "44925.75"})
def the_date_system_of_1904() -> bytes:
    return with_cells(
        '<c r="A1" s="2"><v>44925.75</v></c>',
        workbook=workbook_xml("Kosten", inside='<workbookPr date1904="1"/>'),
    )


@accepted({"A1": "1234567.89", "B1": "1E-3", "C1": "-0", "D1": ".5", "E1": "5.", "F1": "+7"})
def numbers_as_the_standard_allows_them() -> bytes:
    values = ("1234567.89", "1E-3", "-0", ".5", "5.", "+7")
    return with_cells(
        *(f'<c r="{c}1"><v>{v}</v></c>' for c, v in zip("ABCDEF", values, strict=True))
    )


@accepted({"A1": "1", "XFD1048576": "2"}, Caution.SECOND_READING_NOT_RUN, second="not_run")
def a_stray_cell_in_the_last_corner() -> bytes:
    return with_rows(
        cells('<c r="A1"><v>1</v></c>') + '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    )


@accepted({"A1": "1"}, Caution.SECOND_READING_NOT_RUN, second="not_run")
def an_empty_text_in_the_last_corner() -> bytes:
    far = '<row r="1048576"><c r="XFD1048576" t="str"><v></v></c></row>'
    return with_rows(cells('<c r="A1"><v>1</v></c>') + far)


@accepted(HONEST, Caution.SECOND_READING_NOT_RUN, second="not_run")
def a_lying_count_of_texts() -> bytes:
    return a_workbook(texts=texts_xml("<t>Straße</t>", count=4_000_000_000))


@accepted({"A1": "1", "B2": "2"})
def values_under_a_grid_wide_merge() -> bytes:
    rows = cells('<c r="A1"><v>1</v></c>') + '<row r="2"><c r="B2"><v>2</v></c></row>'
    merges = '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    return a_workbook(sheet=sheet_xml(rows, after=merges))


@accepted({"A1": "1"}, Caution.SECOND_READING_FAILED, second="failed")
def an_extension_inside_a_cell() -> bytes:
    return with_cells(
        '<c r="A1"><v>1</v><extLst><ext uri="x"><y xmlns="urn:y">9</y></ext></extLst></c>'
    )


@accepted({"A1": "5", "A2": "6", "A3": ""})
def formulas_shared_and_bare() -> bytes:
    return with_rows(
        cells('<c r="A1"><f t="shared" ref="A1:A2" si="0">B1+1</f><v>5</v></c>')
        + '<row r="2"><c r="A2"><f t="shared" si="0"/><v>6</v></c></row>'
        + '<row r="3"><c r="A3"><f>B3</f><v></v></c></row>'
    )


@accepted({"A1": "'=1+1", "B1": '=HYPERLINK("x")'})
def text_that_looks_like_a_formula() -> bytes:
    return with_cells(
        '<c r="A1" t="inlineStr"><is><t>\'=1+1</t></is></c>',
        '<c r="B1" t="inlineStr"><is><t>=HYPERLINK("x")</t></is></c>',
    )
