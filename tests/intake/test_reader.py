"""What a reading says of a workbook besides its values."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import (
    Caution,
    Cell,
    CellType,
    Comment,
    Sheet,
    Style,
    Workbook,
    column_letters,
    column_number,
)
from pipeline.excel.reader.stored_styles import shows_dates, shows_nothing
from tests.intake.mischief import (
    booleans_and_errors,
    dates_as_text,
    formulas_shared_and_bare,
    the_date_system_of_1904,
)
from tests.intake.packages import (
    LINKS,
    MAIN,
    PACKAGE,
    SHEET,
    XML,
    a_workbook,
    cells,
    links_xml,
    parts,
    sheet_xml,
    styles_xml,
    with_cells,
    with_rows,
    workbook_xml,
    written,
    zipped,
)


def workbook(folder: Path, data: bytes) -> Workbook:
    result = read_workbook(written(folder, data)).result
    assert isinstance(result, Workbook), result
    return result


def sheet(folder: Path, data: bytes) -> Sheet:
    (only,) = workbook(folder, data).sheets
    return only


def by_reference(read: Sheet) -> dict[str, Cell]:
    return {cell.reference: cell for cell in read.cells}


def test_types_say_what_a_value_is(tmp_path: Path) -> None:
    found = by_reference(sheet(tmp_path, booleans_and_errors()))

    assert [found[name].type for name in ("A1", "B1", "C1", "D1")] == [
        CellType.BOOLEAN,
        CellType.BOOLEAN,
        CellType.ERROR,
        CellType.ERROR,
    ]
    dates = sheet(tmp_path, dates_as_text()).cells
    assert {cell.type for cell in dates} == {CellType.DATE}


def test_a_number_keeps_every_digit_of_its_text(tmp_path: Path) -> None:
    text = "1234567.8900000001"
    (cell,) = sheet(tmp_path, with_cells(f'<c r="A1"><v>{text}</v></c>')).cells

    assert (cell.type, cell.raw) == (CellType.NUMBER, text)


def test_formulas_with_and_without_a_stored_value(tmp_path: Path) -> None:
    found = by_reference(sheet(tmp_path, formulas_shared_and_bare()))

    assert [(cell.formula, cell.raw, cell.cached) for cell in found.values()] == [
        ("B1+1", "5", True),
        ("B1+1", "6", True),
        ("B3", "", False),
    ]


def test_an_empty_text_of_a_formula_is_a_stored_value(tmp_path: Path) -> None:
    xml = '<c r="A1" t="str"><f>""</f><v></v></c><c r="B1"><f>A1</f></c>'
    first, second = sheet(tmp_path, with_cells(xml)).cells

    assert (first.cached, first.type, first.raw) == (True, CellType.TEXT, "")
    assert (second.cached, second.raw) == (False, "")


def test_an_array_formula_and_an_error_from_a_formula(tmp_path: Path) -> None:
    xml = (
        '<c r="A1"><f t="array" ref="A1:A2">ROW(1:2)</f><v>1</v></c>'
        '<c r="B1" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    )
    first, second = sheet(tmp_path, with_cells(xml)).cells

    assert (first.formula, first.raw) == ("ROW(1:2)", "1")
    assert (second.formula, second.raw, second.type) == ("1/0", "#DIV/0!", CellType.ERROR)


def test_number_formats_by_code(tmp_path: Path) -> None:
    found = by_reference(
        sheet(
            tmp_path,
            with_cells(
                '<c r="A1"><v>1</v></c>',
                '<c r="B1" s="1"><v>1</v></c>',
                '<c r="C1" s="2"><v>1</v></c>',
            ),
        )
    )

    formats = [(cell.number_format, cell.style.is_date) for cell in found.values()]
    assert formats == [("General", False), ("#,##0.00", False), ("dd.mm.yyyy", True)]


def test_built_in_formats_by_number(tmp_path: Path) -> None:
    styles = styles_xml().replace(
        '<cellXfs count="1"><xf numFmtId="0"/>',
        "<cellXfs>" + "".join(f'<xf numFmtId="{n}"/>' for n in (0, 4, 10, 14, 49, 163)),
    )
    xml = "".join(f'<c r="{column_letters(n + 1)}1" s="{n}"><v>1</v></c>' for n in range(6))
    read = sheet(tmp_path, with_cells(xml, styles=styles))

    assert [cell.number_format for cell in read.cells] == [
        "General",
        "#,##0.00",
        "0.00%",
        "mm-dd-yy",
        "@",
        "General",
    ]


@pytest.mark.parametrize(
    ("code", "date"),
    [
        ("dd.mm.yyyy", True),
        ("[$-407]d. mmmm yyyy;@", True),
        ("[h]:mm", True),
        ("mmm yy", True),
        ('#,##0.00 "Tsd €"', False),
        ("[Red]-#,##0.00", False),
        ('0 "Tage"', False),
        (r"0\d", False),
        ("General", False),
        ("0.00E+00", False),
        ("@", False),
        ("_-* #,##0.00 €_-", False),
    ],
)
def test_which_formats_show_dates(code: str, date: bool) -> None:
    assert shows_dates(code) is date


def test_which_formats_show_nothing() -> None:
    assert shows_nothing(";;;")
    assert shows_nothing(";;")
    assert not shows_nothing("0;-0;;@")
    assert not shows_nothing("#,##0.00")


def test_struck_white_and_unlocked_cells(tmp_path: Path) -> None:
    styles = (
        f'{XML}<styleSheet xmlns="{MAIN}"><fonts><font/><font><strike/></font>'
        '<font><color rgb="FFFFFFFF"/></font><font><color theme="0"/></font></fonts><fills>'
        '<fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="solid"><fgColor rgb="FF0B5C9E"/></patternFill></fill>'
        '</fills><cellXfs><xf fontId="0" fillId="0"/><xf fontId="1" fillId="0"/>'
        '<xf fontId="2" fillId="0"/><xf fontId="3" fillId="0"/><xf fontId="2" fillId="1"/>'
        '<xf fontId="0" fillId="0"><protection locked="0"/></xf><xf fontId="77" fillId="x"/>'
        "</cellXfs></styleSheet>"
    )
    xml = "".join(f'<c r="{column_letters(n + 1)}1" s="{n}"><v>1</v></c>' for n in range(7))
    looks = [cell.style for cell in sheet(tmp_path, with_cells(xml, styles=styles)).cells]

    assert looks == [
        Style(),
        Style(strike=True),
        Style(invisible=True),
        Style(invisible=True),
        Style(),  # white on blue, as headers are
        Style(locked=False),
        Style(),
    ]


def test_a_workbook_without_styles(tmp_path: Path) -> None:
    data = a_workbook(
        styles=None,
        texts=None,
        workbook_links=links_xml(("s1", "worksheet", "worksheets/sheet1.xml")),
        sheet=sheet_xml(cells('<c r="A1" s="0"><v>1</v></c>')),
    )

    assert sheet(tmp_path, data).cells[0].style == Style()


def test_hidden_rows_and_columns(tmp_path: Path) -> None:
    rows = (
        '<row r="1" hidden="1"><c r="A1"><v>1</v></c></row><row r="2" ht="0" customHeight="1"/>'
        '<row r="3" hidden="0"/><row r="4" ht="15"/>'
    )
    columns = (
        '<cols><col min="2" max="3" hidden="1" width="9"/><col min="5" max="5" width="0"/>'
        '<col min="16384" max="99999" hidden="true"/></cols>'
    )
    read = sheet(tmp_path, a_workbook(sheet=sheet_xml(rows, before=columns)))

    assert read.hidden_rows == {1, 2}
    assert read.hidden_columns == {2, 3, 5, 16_384}


def test_merges_filters_and_protection(tmp_path: Path) -> None:
    after = (
        '<sheetProtection sheet="1"/><autoFilter ref="A1:B9"><filterColumn colId="0"/></autoFilter>'
        '<mergeCells><mergeCell ref="B2:A1"/><mergeCell ref="C3"/></mergeCells>'
    )
    read = sheet(tmp_path, a_workbook(sheet=sheet_xml(after=after)))

    assert read.merges == ((1, 1, 2, 2), (3, 3, 3, 3))
    assert (read.filtered, read.protected) == (True, True)


def test_a_filter_that_filters_nothing(tmp_path: Path) -> None:
    read = sheet(tmp_path, a_workbook(sheet=sheet_xml(after='<autoFilter ref="A1:B9"/>')))

    assert (read.filtered, read.protected) == (False, False)


def test_states_of_sheets_in_their_order(tmp_path: Path) -> None:
    names = workbook_xml("A", "B", "C").replace('sheetId="2"', 'sheetId="2" state="hidden"')
    names = names.replace('sheetId="3"', 'sheetId="3" state="veryHidden"')
    links = links_xml(*((f"s{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in (1, 2, 3)))
    plain = sheet_xml().encode()
    data = zipped(
        parts(workbook=names, workbook_links=links)
        | {SHEET: plain, "xl/worksheets/sheet2.xml": plain, "xl/worksheets/sheet3.xml": plain}
    )

    read = workbook(tmp_path, data).sheets
    assert [(one.name, one.state) for one in read] == [
        ("A", "visible"),
        ("B", "hidden"),
        ("C", "veryHidden"),
    ]


def test_chart_sheets_are_left_out_and_macro_sheets_are_not(tmp_path: Path) -> None:
    links = links_xml(
        ("s1", "chartsheet", "chartsheets/sheet1.xml"),
        ("s2", "xlMacrosheet", "macrosheets/sheet1.xml"),
    )
    macro = (
        f'{XML}<xm:macrosheet xmlns:xm="urn:macro" xmlns="{MAIN}"><sheetData>'
        '<row r="1"><c r="A1"><v>7</v></c></row></sheetData></xm:macrosheet>'
    )
    data = zipped(
        parts(workbook=workbook_xml("Bild", "Makro1"), workbook_links=links)
        | {
            "xl/chartsheets/sheet1.xml": b"<chartsheet/>",
            "xl/macrosheets/sheet1.xml": macro.encode(),
        }
    )
    read = workbook(tmp_path, data)

    assert [(one.name, one.kind, len(one.cells)) for one in read.sheets] == [
        ("Makro1", "macrosheet", 1)
    ]
    assert read.macros


def test_notes_and_threads_by_place_without_their_authors(tmp_path: Path) -> None:
    notes = (
        f'{XML}<comments xmlns="{MAIN}"><authors><author>Eine Person</author></authors>'
        '<commentList><comment ref="B2" authorId="0"><text><r><t>Bitte </t></r><r><t>prüfen</t></r>'
        '</text></comment><comment ref="C3" authorId="0"><text><t>[Threaded comment] …</t></text>'
        "</comment></commentList></comments>"
    )
    threads = (
        f'{XML}<ThreadedComments xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/'
        'threadedcomments"><threadedComment ref="C3" personId="{1}" id="{2}"><text>5.000 € mehr'
        "</text></threadedComment></ThreadedComments>"
    )
    links = links_xml(
        ("c1", "comments", "../comments1.xml"),
        ("c2", "threadedComment", "../threadedComments/threadedComment1.xml"),
    )
    data = zipped(
        parts()
        | {
            "xl/worksheets/_rels/sheet1.xml.rels": links.encode(),
            "xl/comments1.xml": notes.encode(),
            "xl/threadedComments/threadedComment1.xml": threads.encode(),
        }
    )

    assert sheet(tmp_path, data).comments == (
        Comment(2, 2, "Bitte prüfen"),
        Comment(3, 3, "5.000 € mehr"),
    )


def test_properties_without_names_of_persons(tmp_path: Path) -> None:
    custom = (
        f'{XML}<Properties xmlns="urn:c" xmlns:vt="urn:v"><property fmtid="x" pid="2" '
        'name="unit"><vt:lpwstr>FB10</vt:lpwstr></property><property pid="3" name="revision">'
        '<vt:i4>2</vt:i4></property><property pid="4" name="MSIP_Label_x_Owner"><vt:lpwstr>'
        "person@example.org</vt:lpwstr></property></Properties>"
    )
    core = (
        f'{XML}<cp:coreProperties xmlns:cp="urn:k" xmlns:dc="urn:d"><dc:creator>Eine Person'
        "</dc:creator><cp:lastModifiedBy>Eine Person</cp:lastModifiedBy><dc:modified>"
        "2026-09-01T08:00:00Z</dc:modified></cp:coreProperties>"
    )
    links = links_xml(
        ("r1", "officeDocument", "xl/workbook.xml"),
        ("r2", "core-properties", "docProps/core.xml"),
        ("r3", "custom-properties", "docProps/custom.xml"),
    )
    data = zipped(
        parts(root_links=links)
        | {"docProps/core.xml": core.encode(), "docProps/custom.xml": custom.encode()}
    )

    assert workbook(tmp_path, data).properties == (
        ("core:modified", "2026-09-01T08:00:00Z"),
        ("unit", "FB10"),
        ("revision", "2"),
    )


def test_links_to_other_workbooks_without_their_folders(tmp_path: Path) -> None:
    links = links_xml(
        ("s1", "worksheet", "worksheets/sheet1.xml"),
        ("t1", "sharedStrings", "sharedStrings.xml"),
        ("t2", "styles", "styles.xml"),
        ("e1", "externalLink", "externalLinks/externalLink1.xml"),
    )
    outside = links_xml(("r1", "externalLinkPath", "file:///C:/Users/person/Etat 2026.xlsx"))
    data = zipped(
        parts(workbook_links=links)
        | {
            "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
            "xl/externalLinks/_rels/externalLink1.xml.rels": outside.encode(),
        }
    )
    read = workbook(tmp_path, data)

    assert read.external_links == ("Etat 2026.xlsx",)
    assert [(notice.caution, notice.values) for notice in read.warnings] == [
        (Caution.EXTERNAL_LINKS, (("count", "1"),))
    ]


def test_the_date_system(tmp_path: Path) -> None:
    assert workbook(tmp_path, the_date_system_of_1904()).date1904
    assert not workbook(tmp_path, a_workbook()).date1904


def test_empty_cells_are_left_out_in_any_spelling(tmp_path: Path) -> None:
    """The shortcut for plain spellings and the parser must agree; a big sheet crosses pieces."""
    spellings = (
        '<c r="{}" s="1"/>',
        '<c r="{}" s="1"></c>',
        "<c  r='{}' s='1'/>",
        '<c s="1" r="{}"/>',
        '<c r="{}" s="1"><v/></c>',
        '<c r="{}" s="1" t="n" />',
    )
    for spelling in spellings:
        rows = "".join(
            f'<row r="{n}">{spelling.format(f"A{n}")}<c r="B{n}"><v>{n}</v></c>'
            f"{spelling.format(f'C{n}')}</row>"
            for n in range(1, 20_001)
        )
        read = sheet(tmp_path, with_rows(rows))

        assert [cell.raw for cell in read.cells] == [str(n) for n in range(1, 20_001)]
        assert {cell.column for cell in read.cells} == {2}


def test_columns_and_letters() -> None:
    assert [column_letters(n) for n in (1, 26, 27, 702, 703, 16_384)] == [
        "A",
        "Z",
        "AA",
        "ZZ",
        "AAA",
        "XFD",
    ]
    assert all(column_number(column_letters(n)) == n for n in range(1, 16_385))


def test_constants_of_the_builder_are_those_of_the_standard() -> None:
    assert (PACKAGE, LINKS) == (
        "http://schemas.openxmlformats.org/package/2006",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    )
