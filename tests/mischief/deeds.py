"""What people do to a filled return: small functions, each with what has to be said about it.

A deed gets the filled return of Team Bildung (``tests.small_city``) as an openpyxl workbook, or as
bytes where openpyxl cannot do it. ``said`` are the findings that it must add, as (rule,
sheet!cell), no more and no less; ``money`` and ``key_figures`` are what becomes of the two parts.
"""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.styles.protection import Protection
from openpyxl.utils import column_index_from_string
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet.worksheet import Worksheet

ACCEPTED, REJECTED, EMPTY = "accepted", "rejected", "empty"
Said = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One deed and its consequence. ``whole`` says that the file is refused as a whole."""

    name: str
    said: tuple[Said, ...]
    book: Callable[[Workbook], object] | None = None
    raw: Callable[[bytes], bytes] | None = None
    money: str = ACCEPTED
    key_figures: str = ACCEPTED
    words: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    """What must be booked afterwards, by sheet!cell: the typed value."""


DEEDS: dict[str, Deed] = {}


def _add(each: Deed) -> None:
    assert each.name not in DEEDS, each.name
    DEEDS[each.name] = each


def deed(
    *said: Said,
    money: str = ACCEPTED,
    key_figures: str = ACCEPTED,
    words: Iterable[str] = (),
    values: Mapping[str, object] | None = None,
    raw: bool = False,
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Registers a deed; its name is the function's."""

    def register(function: Callable[..., object]) -> Callable[..., object]:
        name = function.__name__.replace("_", " ")
        _add(
            Deed(
                name=name,
                said=said,
                book=None if raw else function,
                raw=function if raw else None,  # type: ignore[arg-type]
                money=money,
                key_figures=key_figures,
                words=tuple(words),
                values=values or {},
            )
        )
        return function

    return register


def day(year: int, month: int, number: int) -> datetime:
    """A day as openpyxl writes it: workbooks know no time zones."""
    return datetime(year, month, number)  # noqa: DTZ001


refused: dict[str, Any] = {"money": REJECTED, "key_figures": REJECTED}


def costs(book: Workbook) -> Worksheet:
    return book["Ansätze"]


def measures(book: Workbook) -> Worksheet:
    return book["Maßnahmen"]


def kpis(book: Workbook) -> Worksheet:
    return book["Kennzahlen"]


def meta(book: Workbook, **entries: str) -> None:
    for row in book["_meta"].iter_rows():
        if row[0].value in entries:
            row[1].value = entries[str(row[0].value)]


def _properties(book: Workbook) -> Any:  # noqa: ANN401 - openpyxl has no types for them
    return book.custom_doc_props  # type: ignore[attr-defined]


def property_of(book: Workbook, **entries: str) -> None:
    for each in _properties(book).props:
        if each.name in entries:
            each.value = entries[each.name]


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def package_of(parts: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return data.getvalue()


def in_part(data: bytes, name: str, change: Callable[[str], str]) -> bytes:
    parts = parts_of(data)
    before = parts[name].decode()
    after = change(before)
    assert before != after, "the deed did nothing"
    return package_of({**parts, name: after.encode()})


SHEETS = ("Hinweise", "Produkttexte", "Maßnahmen", "Ansätze", "Verpflichtungen", "Kennzahlen")


def in_sheet(data: bytes, sheet: str, change: Callable[[str], str]) -> bytes:
    names = re.findall(r'<sheet [^>]*?name="([^"]*)"', parts_of(data)["xl/workbook.xml"].decode())
    return in_part(data, f"xl/worksheets/sheet{names.index(sheet) + 1}.xml", change)


def as_xml(data: bytes, sheet: str, cell: str, xml: str) -> bytes:
    """The return with another element in place of one cell."""
    pattern = rf'<c r="{cell}"[^>]*?(/>|>.*?</c>)'
    return in_sheet(data, sheet, lambda text: re.sub(pattern, lambda _: xml, text, count=1))


# --- single values ----------------------------------------------------------------------------


def typed(
    name: str,
    cell: str,
    value: Any,  # noqa: ANN401 - whatever a cell takes
    *said: Said,
    money: str = ACCEPTED,
    key_figures: str = ACCEPTED,
    number_format: str | None = None,
    booked: object = None,
    words: Iterable[str] = (),
) -> None:
    """Something typed (or pasted) into one cell, given as sheet!cell."""
    sheet, _, place = cell.partition("!")

    def do(book: Workbook) -> None:
        book[sheet][place] = value
        if number_format:
            book[sheet][place].number_format = number_format

    plain = number_format is None and isinstance(value, str | int | float | None)
    _add(
        Deed(
            name=name,
            said=said,
            # Opening and saving the whole workbook costs ten times as much as the one cell.
            book=None if plain else do,
            raw=(lambda data: in_cell(data, sheet, place, value)) if plain else None,
            money=money,
            key_figures=key_figures,
            words=tuple(words),
            values={cell: booked} if booked is not None else {},
        )
    )


def in_cell(data: bytes, sheet: str, place: str, value: str | float | None) -> bytes:
    """The return with another value in one prepared cell, which keeps its style."""

    def change(xml: str) -> str:
        found = re.search(rf'<c r="{place}"([^>]*?)(?:/>|>.*?</c>)', xml)
        assert found, f"{sheet}!{place} is not prepared"
        style = re.sub(r' t="\w+"', "", found[1])
        match value:
            case None:
                inside = f'<c r="{place}"{style}/>'
            case bool():
                inside = f'<c r="{place}"{style} t="b"><v>{int(value)}</v></c>'
            case str():
                text = f'<t xml:space="preserve">{escape(value)}</t>'
                inside = f'<c r="{place}"{style} t="inlineStr"><is>{text}</is></c>'
            case _:
                inside = f'<c r="{place}"{style}><v>{value!r}</v></c>'
        return xml[: found.start()] + inside + xml[found.end() :]

    return in_sheet(data, sheet, change)


N12 = "Ansätze!N12"
NBSP, NARROW, THIN = "\u00a0", "\u202f", "\u2009"

for _name, _text, _cents in (
    ("German grouping and comma", "870.000,00", 87_000_000),
    ("German comma only", "870000,5", 87_000_050),
    ("plain digits", "870000", 87_000_000),
    ("a space as separator", "870 000,00", 87_000_000),
    ("a no-break space as separator", f"870{NBSP}000,00", 87_000_000),
    ("a narrow space as separator", f"870{NARROW}000,00", 87_000_000),
    ("a thin space as separator", f"870{THIN}000,00", 87_000_000),
    ("a currency sign behind", "870.000,00 €", 87_000_000),
    ("a currency sign in front", "€ 870.000,00", 87_000_000),
    ("EUR behind", "870.000,00 EUR", 87_000_000),
    ("a dash for no cents", "870.000,-", 87_000_000),
    ("a long dash for no cents", "870.000,–", 87_000_000),
    ("a leading apostrophe", "'870000", 87_000_000),
    ("an invisible character", "870\u200b000,00", 87_000_000),
    ("millions with two dots", "1.870.000", 187_000_000),
):
    typed(f"number text: {_name}", N12, _text, ("Z02", N12), booked=_cents)

for _name, _text, _rule in (
    ("one dot and three digits", "870.000", "Z03"),
    ("one comma and three digits", "1,234", "Z03"),
    ("a decimal point", "870000.50", "Z01"),
    ("English grouping", "870,000.00", "Z01"),
    ("Swiss grouping", "870'000.00", "Z01"),
    ("T€", "870 T€", "Z05"),
    ("TEUR", "870 TEUR", "Z05"),
    ("Tsd.", "870 Tsd.", "Z05"),
    ("Tsd. €", "870 Tsd. €", "Z05"),
    ("Mio.", "0,87 Mio.", "Z05"),
    ("Mio. €", "0,87 Mio. €", "Z05"),
    ("per cent", "87 %", "Z05"),
    ("about", "ca. 870000", "Z01"),
    ("a comparison", "> 870000", "Z01"),
    ("a range", "800000-870000", "Z01"),
    ("brackets", "(870000)", "Z03"),
    ("a trailing minus", "870000-", "Z03"),
    ("a trailing minus and a sign", "870.000,00 €-", "Z01"),
    ("an exponent", "8,7E5", "Z01"),
    ("hexadecimal", "0xD4680", "Z01"),
    ("underscores", "870_000", "Z01"),
    ("foreign digits", "٨٧٠٠٠٠", "Z01"),
    ("nan", "nan", "Z01"),
    ("NULL", "NULL", "Z01"),
    ("a letter O", "87OOOO", "Z01"),
    ("a small l for a one", "l00000", "Z01"),
    ("two lines", "870000\n5000", "Z01"),
    ("two numbers", "870000 5", "Z01"),
    ("words", "rund 870 Tausend", "Z01"),
    ("a dash", "-", "Z10"),
    ("a long dash", "–", "Z10"),
    ("k. A.", "k. A.", "Z10"),
    ("k.A.", "k.A.", "Z10"),
    ("follows", "folgt", "Z10"),
    ("see the annex", "siehe Anlage", "Z10"),
    ("a question mark", "?", "Z10"),
    ("n.n.", "N.N.", "Z10"),
):
    typed(f"no number: {_name}", N12, _text, (_rule, N12), money=REJECTED)

for _name, _text, _words in (
    ("T€ with a dot", "1.234 T€", ("1.234.000", "1.234")),
    ("T€ with a comma", "1,5 T€", ("1.500", "1,5")),
    ("Mio. of two readings", "1,234 Mio. €", ("1.234.000.000", "1.234.000")),
    ("Mio. with a comma", "0,87 Mio", ("870.000", "0,87")),
    ("a trailing minus and cents", "870.000,00-", ("-870.000", "870.000")),
    ("brackets and cents", "(870.000,50)", ("-870.000,5", "870.000,5")),
    ("a decimal point and cents", "870000.5", ("vermutlich 870.000,5",)),
    ("English grouping and cents", "1,870,000.25", ("vermutlich 1.870.000,25",)),
    ("Swiss grouping and cents", "870’000.00", ("vermutlich 870.000",)),
    ("a power of ten", "8,7E5", ("vermutlich 870.000",)),
    ("three digits behind a comma", "1,234", ("1.234 oder 1,234",)),
):
    _rules = {"T": "Z05", "M": "Z05", "a t": "Z03", "b": "Z03", "th": "Z03"}
    _rule = next((rule for start, rule in _rules.items() if _name.startswith(start)), "Z01")
    typed(
        f"no number, with its readings: {_name}",
        N12,
        _text,
        (_rule, N12),
        money=REJECTED,
        words=_words,
    )

typed("number: float noise", N12, 0.1 + 0.2, booked=30)
typed("number: a fraction of a cent", N12, 870000.005, ("Z07", N12), booked=87_000_001)
typed(
    "number: a fraction behind a rounded display", N12, 870000.4999, ("Z07", N12),
    number_format="#,##0", booked=87_000_050,
)  # fmt: skip
typed("number: an absurd size", N12, 1e14, ("Z13", N12), money=REJECTED)
typed("number: a truth value", N12, True, ("Z19", N12), money=REJECTED, words=("WAHR",))
typed(
    "number: a date that Excel made of 3.12", N12, day(2026, 12, 3), ("Z04", N12),
    money=REJECTED, words=("03.12.2026", "3.12"),
)  # fmt: skip
typed("number: a time", N12, time(12, 30), ("Z04", N12), money=REJECTED)
typed("number: a per cent format", N12, 8700, ("Z05", N12), number_format="0%", money=REJECTED)
typed("number: only blanks", N12, "   ", ("Z20", N12), ("Z09", N12), money=REJECTED)
typed("number: emptied", N12, None, ("Z09", N12), money=REJECTED)
typed("number: a minus on an expense", N12, -870000, ("Z08", N12), money=REJECTED)
typed("number: a formula without result", N12, None, ("Z09", N12), money=REJECTED)

J12 = "Ansätze!J12"
typed("list: other letter case", "Ansätze!J14", "WIE ANSATZ", ("Z17", "Ansätze!J14"))
typed("list: blanks around", "Ansätze!J14", "  wie Ansatz ", booked="wie Ansatz")
typed("list: a no-break space inside", "Ansätze!J14", f"wie{NBSP}Ansatz", ("Z17", "Ansätze!J14"))
typed("list: not in it", "Ansätze!J14", "jährlich", ("Z15", "Ansätze!J14"), money=REJECTED)
typed("list: a number", "Ansätze!J14", 3, ("Z15", "Ansätze!J14"), money=REJECTED)
typed("list: a truth value", "Maßnahmen!U7", True)
typed("list: yes in English", "Maßnahmen!U7", "yes", ("Z15", "Maßnahmen!U7"), money=REJECTED)

B14, D14, G14 = "Ansätze!B14", "Ansätze!D14", "Ansätze!G14"
typed(
    "code: a product that lost its zeros", B14, 211.1, ("S04", B14),
    money=REJECTED, words=("211.10",),
)  # fmt: skip
typed("code: a product as text without its zero", B14, "211.1", ("S04", B14), money=REJECTED)
typed("code: a line that lost its zero", "Ansätze!D15", 1, ("Z23", "Ansätze!D15"), money=REJECTED)
typed(
    "code: a letter O for a zero", B14, "211.1O", ("S01", B14),
    money=REJECTED, words=("Meinten Sie", "211.10"),
)  # fmt: skip
typed("code: a letter l for a one", B14, "2l1.10", ("S01", B14), money=REJECTED, words=("Meinten",))
typed("code: a Cyrillic letter in a goal", "Maßnahmen!F8", "Z1.2".replace("Z", "З"),
      ("S05", "Maßnahmen!F8"), money=REJECTED, words=("Z1.2",))  # fmt: skip
typed("code: small letters in a goal", "Maßnahmen!F8", "z1.2", ("S05", "Maßnahmen!F8"),
      money=REJECTED, words=("Z1.2",))  # fmt: skip
typed("code: blanks around", B14, " 211.10 ", booked="211.10")
typed("code: a no-break space behind", B14, f"211.10{NBSP}", ("Z20", B14), booked="211.10")
typed("code: a date", B14, day(2026, 10, 21), ("Z23", B14), money=REJECTED)
typed("code: a control character", B14, "211.10", booked="211.10")
typed("code: an unknown measure", G14, "M-T40-099", ("M12", G14), money=REJECTED)

S12 = "Ansätze!S12"
for _first in "=+-@":
    typed(
        f"text: begins with {_first}", S12, f"{_first}HYPERLINK(\"http://x.invalid\")",
        booked=f"{_first}HYPERLINK(\"http://x.invalid\")",
    )  # fmt: skip
typed("text: a number", S12, 2027, booked="2027")
typed("text: umlauts in two code points", S12, "Erla\u0308uterung", booked="Erläuterung")
typed("text: a zero-width character", S12, "Erl\u200bäuterung", ("Z20", S12), booked="Erläuterung")
typed("text: too long", "Maßnahmen!C8", "x" * 9000, ("Z21", "Maßnahmen!C8"), money=REJECTED)
typed("text: as long as a cell allows", S12, "x" * 32_767, ("Z21", S12), money=REJECTED)
typed("text: two lines", S12, "eins\nzwei", booked="eins\nzwei")

J8 = "Maßnahmen!J8"
typed("month: a date", J8, date(2027, 3, 1), booked="2027-03")
typed("month: as text", J8, "03.2027", booked="2027-03")
typed("month: with its name", J8, "März 2027", booked="2027-03")
typed("month: nonsense", J8, "Frühjahr", ("Z18", J8), money=REJECTED)
typed("month: an impossible month", J8, "13.2027", ("Z18", J8), money=REJECTED)
typed("month: a far serial number", J8, 9_999_999, ("Z18", J8), money=REJECTED)

typed("title: emptied", "Maßnahmen!C7", None, ("M01", "Maßnahmen!C7"), money=REJECTED)
typed("type: emptied", "Maßnahmen!H7", None, ("Z14", "Maßnahmen!H7"), money=REJECTED)


def a_commitment(book: Workbook, year: str | float) -> None:
    sheet = book["Verpflichtungen"]
    for letter, value in (
        ("B", "211.10"),
        ("D", "F08"),
        ("F", "M-T40-001"),
        ("H", year),
        ("I", 100),
    ):
        sheet[f"{letter}7"] = value


@deed(
    ("Z02", "Verpflichtungen!H7"), words=("als 2027 gelesen",), values={"Verpflichtungen!H7": 2027}
)
def a_year_as_text(book: Workbook) -> None:
    a_commitment(book, "2027")


@deed(("Z22", "Verpflichtungen!H7"), money=REJECTED)
def half_a_year(book: Workbook) -> None:
    a_commitment(book, 2027.5)


K7 = "Kennzahlen!K7"
typed("key figure: words", K7, "viele", ("Z01", K7), key_figures=REJECTED)
typed("key figure: a placeholder", K7, "k. A.", ("Z10", K7))
typed("key figure: a number text", K7, "440,0", ("Z02", K7), booked="440")
typed("key figure: emptied", K7, None, ("K07", K7), key_figures=REJECTED)
typed("key figure: a date", K7, day(2026, 4, 4), ("Z04", K7), key_figures=REJECTED)


# --- cells in XML -----------------------------------------------------------------------------


def stored(name: str, xml: str, *said: Said, money: str = ACCEPTED, booked: object = None) -> None:
    """N12 as another program stores it."""
    _add(
        Deed(
            name=name,
            said=said,
            raw=lambda data: as_xml(data, "Ansätze", "N12", xml),
            money=money,
            values={N12: booked} if booked is not None else {},
        )
    )


stored("formula: with result", '<c r="N12"><f>435000*2</f><v>870000</v></c>', ("D14", N12), booked=87_000_000)  # fmt: skip
stored("formula: without result", '<c r="N12"><f>SUM(A1:A2)</f></c>', ("D12", N12), money=REJECTED)
stored("formula: an error", '<c r="N12" t="e"><f>1/0</f><v>#DIV/0!</v></c>', ("D12", N12), money=REJECTED)  # fmt: skip
stored("formula: a text as result", '<c r="N12" t="str"><f>A1</f><v>viel</v></c>', ("D14", N12), ("Z01", N12), money=REJECTED)  # fmt: skip
stored(
    "formula: of another file", '<c r="N12"><f>[1]Tabelle1!$A$1</f><v>870000</v></c>',
    ("D13", N12), booked=87_000_000,
)  # fmt: skip
for _error in ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#NUM!", "#NULL!"):
    stored(f"value: {_error}", f'<c r="N12" t="e"><v>{_error}</v></c>', ("D12", N12), money=REJECTED)  # fmt: skip
stored(
    "text: a bell and a null character", '<c r="N12" t="inlineStr"><is><t>870000_x0007__x0000_</t></is></c>',
    ("Z01", N12), money=REJECTED,
)  # fmt: skip


@deed(("D26", N12), money=REJECTED, raw=True)
def an_amount_that_only_one_reader_sees(data: bytes) -> bytes:
    return as_xml(data, "Ansätze", "N12", '<c r="N12" t="str"><v><![CDATA[8<9]]></v></c>')


@deed(("Z20", S12), raw=True, values={S12: "Tarif"})
def a_text_with_control_characters(data: bytes) -> bytes:
    xml = '<c r="S12" t="inlineStr"><is><t>Ta_x0007_rif_x0000_</t></is></c>'
    return as_xml(data, "Ansätze", "S12", xml)


# --- outside the input area -------------------------------------------------------------------


@deed(("D22", "Ansätze!EZ40"))
def a_remark_beside_the_table(book: Workbook) -> None:
    costs(book)["EZ40"] = "Bitte noch nachfragen"


@deed(("D22", "Ansätze!EZ12"))
def many_remarks_beside_the_table_are_one_finding(book: Workbook) -> None:
    for row in range(12, 60):
        costs(book)[f"EZ{row}"] = row


@deed(("D22", "Hinweise!H40"))
def a_remark_on_the_sheet_of_guidance(book: Workbook) -> None:
    book["Hinweise"]["H40"] = "gelesen, Kä."


@deed(("D24", "Hinweise!C3"))
def the_guidance_was_overwritten(book: Workbook) -> None:
    book["Hinweise"]["C3"] = "Team Kultur"


@deed(("D22", "_meta!D20"))
def a_note_on_the_hidden_sheet(book: Workbook) -> None:
    book["_meta"]["D20"] = "war ich"


@deed(("D22", "Listen!AZ9"))
def a_note_on_the_sheet_of_lists(book: Workbook) -> None:
    book["Listen"]["AZ9"] = "Eigenes"


@deed(("D24", "Listen!B3"))
def a_list_was_changed(book: Workbook) -> None:
    book["Listen"]["B3"] = "999.99"


@deed(("D23", "Nebenrechnung!B2"))
def another_sheet(book: Workbook) -> None:
    book.create_sheet("Nebenrechnung")["B2"] = 4711


@deed()
def another_sheet_without_content(book: Workbook) -> None:
    book.create_sheet("Tabelle1")


@deed(("D23", "Geheim!A1"))
def another_sheet_that_is_hidden(book: Workbook) -> None:
    sheet = book.create_sheet("Geheim")
    sheet["A1"] = "Reserve 50.000"
    sheet.sheet_state = "veryHidden"


@deed(("D17", N12))
def a_comment_at_an_input_cell(book: Workbook) -> None:
    costs(book)["N12"].comment = Comment("Stand Tarifabschluss", "")


@deed(("D17", "Ansätze!N11"))
def a_comment_at_a_header(book: Workbook) -> None:
    costs(book)["N11"].comment = Comment("in T€", "")


@deed(("D17", "Hinweise!C3"))
def a_comment_on_the_sheet_of_guidance(book: Workbook) -> None:
    book["Hinweise"]["C3"].comment = Comment("zuständig: Team 2", "")


@deed(("D17", "Rechnung!B2"))
def a_comment_on_a_sheet_of_their_own(book: Workbook) -> None:
    book.create_sheet("Rechnung")["B2"].comment = Comment("870 T€ minus Zuschuss", "")


@deed(("D27", ""), ("D22", "Ansätze!XFD1048576"), raw=True)
def one_character_in_the_last_cell(data: bytes) -> bytes:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return in_sheet(data, "Ansätze", lambda xml: xml.replace("</sheetData>", far))


# --- hidden and filtered ----------------------------------------------------------------------


@deed(("D15", "Ansätze!A12"))
def a_hidden_row_with_values(book: Workbook) -> None:
    costs(book).row_dimensions[12].hidden = True


@deed()
def a_hidden_row_without_entries(book: Workbook) -> None:
    costs(book).row_dimensions[40].hidden = True
    measures(book).row_dimensions[20].hidden = True


@deed(("D15", "Ansätze!N11"))
def a_hidden_column_with_values(book: Workbook) -> None:
    costs(book).column_dimensions["N"].hidden = True


@deed(("D15", "Ansätze!A14"), ("D15", "Ansätze!A15"))
def rows_that_a_filter_hides(book: Workbook) -> None:
    costs(book).auto_filter.ref = "A11:S71"
    costs(book).auto_filter.add_filter_column(1, ["511.10"])
    for row in range(14, 72):
        costs(book).row_dimensions[row].hidden = True


@deed(("D15", "Ansätze!A30"))
def many_hidden_rows_are_one_finding(book: Workbook) -> None:
    for row in range(30, 70):
        values = (("B", "211.10"), ("D", "13"), ("J", "wie Ansatz"), ("N", row))
        for letter, value in values:
            costs(book)[f"{letter}{row}"] = value
        costs(book).row_dimensions[row].hidden = True


@deed(("D15", "Ansätze"))
def a_hidden_sheet_with_values(book: Workbook) -> None:
    costs(book).sheet_state = "hidden"


# --- merged cells -----------------------------------------------------------------------------


@deed(("D16", "Ansätze!N12"), money=REJECTED)
def merged_amounts(book: Workbook) -> None:
    costs(book).merge_cells("N12:O12")


@deed(("D16", "Ansätze!J14"), money=REJECTED)
def a_choice_merged_over_two_rows(book: Workbook) -> None:
    costs(book)["J15"] = None
    costs(book).merge_cells("J14:J15")
    for letter in "OPQ":
        costs(book)[f"{letter}15"] = 0


@deed()
def merged_cells_without_entries(book: Workbook) -> None:
    costs(book).merge_cells("N40:O44")


@deed(("D16", "Ansätze!A1"), raw=True)
def a_merge_over_the_whole_sheet(data: bytes) -> bytes:
    merge = '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'

    def change(xml: str) -> str:
        return re.sub(r"<mergeCells.*?</mergeCells>", merge, xml) if "<mergeCells" in xml else re.sub(
            r"(</sheetData>(?:<sheetCalcPr.*?/>)?(?:<sheetProtection.*?/>)?(?:<autoFilter.*?(?:/>|</autoFilter>))?)",
            lambda found: found[1] + merge, xml,
        )  # fmt: skip

    return in_sheet(data, "Ansätze", change)


@deed(("D10", "Ansätze!O11"), money=REJECTED)
def merged_headers(book: Workbook) -> None:
    costs(book).merge_cells("N11:O11")


# --- locked and pre-filled cells --------------------------------------------------------------


@deed(("A07", "Ansätze!M12"))
def a_prefilled_amount_was_altered(book: Workbook) -> None:
    costs(book)["M12"] = 1


@deed(("A07", "Ansätze!M12"))
def a_prefilled_amount_was_emptied(book: Workbook) -> None:
    costs(book)["M12"] = None


@deed(("D24", "Ansätze!M14"))
def an_amount_was_typed_into_a_locked_cell(book: Workbook) -> None:
    costs(book)["M14"] = 500


@deed(("A07", "Kennzahlen!F7"))
def a_prefilled_target_was_altered(book: Workbook) -> None:
    kpis(book)["F7"] = 1


@deed(("D31", "Ansätze!D12"))
def a_prefilled_key_was_altered(book: Workbook) -> None:
    costs(book)["D12"] = "15"


@deed(("D31", "Maßnahmen!B9"), ("M12", "Ansätze!G15"), money=REJECTED)
def an_issued_number_was_altered(book: Workbook) -> None:
    measures(book)["B9"] = "M-T40-777"


@deed(("D31", "Maßnahmen!B8"))
def an_issued_number_was_deleted(book: Workbook) -> None:
    measures(book)["B8"] = None


@deed(("D24", "Ansätze!A12"))
def a_formula_of_ours_became_a_constant(book: Workbook) -> None:
    costs(book)["A12"] = "ok"


@deed(("D24", "Ansätze!L4"))
def a_sum_of_ours_became_a_constant(book: Workbook) -> None:
    costs(book)["L4"] = 12345


@deed(("D24", "Ansätze!A12"))
def all_formulas_of_ours_became_constants(book: Workbook) -> None:
    for row in range(12, 72):
        for letter in "ACE":
            if isinstance(costs(book)[f"{letter}{row}"].value, str):
                costs(book)[f"{letter}{row}"] = "Wert"


@deed(("D24", "Ansätze!A1"))
def the_title_was_overwritten(book: Workbook) -> None:
    costs(book)["A1"] = "Ansätze Amt 40 (Entwurf)"


@deed(("D32", "Maßnahmen"))
def sheets_without_protection(book: Workbook) -> None:
    costs(book).protection.sheet = False
    measures(book).protection.sheet = False


@deed()
def unlocked_cells(book: Workbook) -> None:
    costs(book)["M12"].protection = Protection(locked=False)


# --- how a value looks ------------------------------------------------------------------------


@deed(("D19", N12))
def white_text(book: Workbook) -> None:
    costs(book)["N12"].font = Font(color="FFFFFFFF")
    costs(book)["N12"].fill = copy.copy(costs(book)["T1"].fill)


@deed(("D19", N12))
def struck_text(book: Workbook) -> None:
    costs(book)["N12"].font = Font(strike=True)


@deed(("D19", N12))
def a_format_that_shows_nothing(book: Workbook) -> None:
    costs(book)["N12"].number_format = ";;;"


for _name, _code in (
    ("no amounts", ";;"),
    ("words only", '"k. A."'),
    ("quoted nothing", '"";"";""'),
):
    typed(
        f"a format that shows {_name}",
        N12,
        870_000,
        ("D19", N12),
        number_format=_code,
        booked=87_000_000,
    )
for _name, _code in (
    ("thousands", "#,##0,"),
    ("T€", '#,##0, "T€"'),
    ("millions", "0.0,,"),
    ("thousands with a point", "0,.0"),
):
    typed(
        f"a format that shows {_name}", N12, 870_000, ("D19", N12),
        number_format=_code, booked=87_000_000, words=("zeigt den Wert in Tausend",),
    )  # fmt: skip
for _name, _code in (
    ("whole euro", "#,##0"),
    ("cents", "#,##0.00"),
    ("red losses", "#,##0;[Red]-#,##0"),
    ("the currency", '#,##0.00\\ "€"'),
    ("everything", "General"),
    ("a text", "@"),
    ("words too", '"ca. "0'),
):
    typed(f"a format that shows {_name}", N12, 870_000, number_format=_code, booked=87_000_000)


@deed(("D15", "Ansätze!N11"), raw=True)
def a_column_of_no_width(data: bytes) -> bytes:
    cols = '<cols><col min="14" max="14" width="0" customWidth="1"/></cols>'
    return in_sheet(data, "Ansätze", lambda xml: re.sub("<cols>.*?</cols>", cols, xml))


@deed(("D15", "Ansätze!A12"), raw=True)
def a_row_of_no_height(data: bytes) -> bytes:
    return in_sheet(
        data,
        "Ansätze",
        lambda xml: re.sub('<row r="12"[^>]*>', '<row r="12" ht="0" customHeight="1">', xml),
    )


@deed(("D15", "Ansätze!A14"), ("D15", "Ansätze!A15"))
def collapsed_groups(book: Workbook) -> None:
    costs(book).row_dimensions.group(14, 15, hidden=True)


@deed(("D15", "Ansätze"))
def a_sheet_that_only_programs_show(book: Workbook) -> None:
    costs(book).sheet_state = "veryHidden"


# --- rows -------------------------------------------------------------------------------------


def shifted(sheet: Worksheet, first: int, by: int) -> None:
    """Inserts or deletes rows as Excel does: contents move with their formats."""
    if by > 0:
        sheet.insert_rows(first, by)
    else:
        sheet.delete_rows(first, -by)


@deed()
def rows_inserted_above_the_keys(book: Workbook) -> None:
    shifted(costs(book), 1, 2)


@deed(("D34", "Ansätze!A3"))
def a_row_inserted_between_keys_and_headers(book: Workbook) -> None:
    shifted(costs(book), 6, 1)


@deed(("D34", "Ansätze!A3"))
def a_row_deleted_between_keys_and_headers(book: Workbook) -> None:
    shifted(costs(book), 9, -1)


@deed()
def a_row_inserted_among_the_entries(book: Workbook) -> None:
    shifted(costs(book), 13, 1)


@deed()
def a_free_row_deleted(book: Workbook) -> None:
    shifted(costs(book), 40, -3)


@deed(("D31", "Ansätze!B11"), words=("„211.10, 13“ steht nicht mehr im Blatt",))
def a_prefilled_row_deleted(book: Workbook) -> None:
    shifted(costs(book), 12, -1)


@deed(("D31", "Maßnahmen!B6"), ("M12", "Ansätze!G13"), money=REJECTED)
def a_measure_deleted_with_its_row(book: Workbook) -> None:
    shifted(measures(book), 7, -1)


@deed()
def a_row_inserted_among_the_measures(book: Workbook) -> None:
    shifted(measures(book), 8, 1)


@deed()
def a_row_inserted_among_the_key_figures(book: Workbook) -> None:
    shifted(kpis(book), 8, 1)


@deed()
def rows_sorted(book: Workbook) -> None:
    sheet = costs(book)
    swap_rows(sheet, 12, 15)
    swap_rows(sheet, 13, 14)


def swap_rows(sheet: Worksheet, one: int, other: int) -> None:
    for column in range(2, 20):
        a, b = sheet.cell(one, column), sheet.cell(other, column)
        if a.data_type == "f" or b.data_type == "f":
            continue
        a.value, b.value = b.value, a.value


def pasted(sheet: Worksheet, source: int, target: int) -> None:
    for column in range(2, 20):
        if sheet.cell(source, column).data_type != "f":
            sheet.cell(target, column).value = sheet.cell(source, column).value


@deed(("D38", "Ansätze!B16"), money=REJECTED, words=("zweimal gezählt",))
def a_prefilled_row_pasted_once_more(book: Workbook) -> None:
    pasted(costs(book), 12, 16)


@deed(("D38", "Ansätze!B16"), values={"Ansätze!N16": 500_000}, words=("beide wurden gezählt",))
def a_prefilled_row_pasted_once_more_with_another_amount(book: Workbook) -> None:
    pasted(costs(book), 12, 16)
    costs(book)["N16"] = 5000


@deed(("D38", "Ansätze!B16"), words=("in allen Angaben gleich mit Zeile 14",))
def a_row_of_their_own_pasted_once_more(book: Workbook) -> None:
    pasted(costs(book), 14, 16)


@deed()
def a_row_of_their_own_pasted_once_more_with_another_text(book: Workbook) -> None:
    pasted(costs(book), 14, 16)
    costs(book)["I16"] = "zweiter Abschnitt"


@deed(("D38", "Ansätze!B16"))
def many_rows_pasted_once_more_are_one_finding(book: Workbook) -> None:
    for row in range(16, 60):
        pasted(costs(book), 14, row)


@deed(("S10", "Kennzahlen!B9"), ("D33", "Kennzahlen!B9"), key_figures=REJECTED)
def a_key_figure_pasted_once_more(book: Workbook) -> None:
    for column in range(2, 25):
        source = kpis(book).cell(7, column)
        if source.data_type != "f":
            kpis(book).cell(9, column).value = source.value


@deed(("D33", "Ansätze!B75"), values={"Ansätze!N75": 500_000})
def a_row_below_the_prepared_ones(book: Workbook) -> None:
    for letter, value in (("B", "211.10"), ("D", "13"), ("J", "wie Ansatz"), ("N", 5000)):
        costs(book)[f"{letter}75"] = value


@deed(("D33", "Ansätze!B73"))
def many_rows_below_the_prepared_ones_are_one_finding(book: Workbook) -> None:
    for row in range(73, 300):
        for letter, value in (("B", "211.10"), ("D", "13"), ("J", "wie Ansatz"), ("N", row)):
            costs(book)[f"{letter}{row}"] = value


@deed(("D22", "Ansätze!N3000"))
def blanks_far_below(book: Workbook) -> None:
    for row in range(3000, 6000):
        costs(book)[f"N{row}"] = " "


@deed(("D33", "Ansätze!N3000"))
def stray_characters_far_below(book: Workbook) -> None:
    for row in range(3000, 6000):
        costs(book)[f"N{row}"] = "x"


@deed(("D33", "Ansätze!N3000"))
def zeros_far_below(book: Workbook) -> None:
    for row in range(3000, 6000):
        costs(book)[f"N{row}"] = 0


@deed(("D33", "Ansätze!N90"), money=REJECTED)
def amounts_far_below_that_belong_to_no_row(book: Workbook) -> None:
    for row in range(90, 100):
        costs(book)[f"N{row}"] = 5000


@deed(("D33", "Ansätze!I3000"), money=REJECTED)
def a_total_far_below(book: Workbook) -> None:
    costs(book)["I3000"] = "Summe"
    costs(book)["N3000"] = 2_148_000


@deed(("D22", "Ansätze!EZ3000"))
def stray_characters_far_away(book: Workbook) -> None:
    for row in range(3000, 6000):
        costs(book)[f"EZ{row}"] = "x"


@deed(("D01", "Ansätze!B73"), **refused)
def more_rows_than_are_read(book: Workbook) -> None:
    for row in range(73, 10_080):
        costs(book)[f"B{row}"] = "211.10"


# --- columns ----------------------------------------------------------------------------------


def with_columns(sheet: Worksheet, order: list[int | None]) -> None:
    """The same sheet with its columns in another order; ``None`` is a new, empty column."""
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    for merged in list(sheet.merged_cells.ranges):
        sheet.unmerge_cells(str(merged))
    for dimension in sheet.column_dimensions.values():
        dimension.hidden = False
    for row, values in enumerate(rows, start=1):
        for column in range(1, len(values) + 2):
            sheet.cell(row, column).value = None
        for column, source in enumerate(order, start=1):
            sheet.cell(row, column).value = None if source is None else values[source]


N_ = column_index_from_string("N") - 1


@deed(values={"Ansätze!O12": 87_000_000})
def an_empty_column_inserted(book: Workbook) -> None:
    with_columns(costs(book), [*range(5), None, *range(5, 19)])


@deed(("D11", "Ansätze!F11"), values={"Ansätze!O12": 87_000_000})
def a_column_of_their_own_inserted(book: Workbook) -> None:
    with_columns(costs(book), [*range(5), None, *range(5, 19)])
    costs(book)["F11"] = "eigene Nr."
    for row in range(12, 16):
        costs(book)[f"F{row}"] = row


@deed(("D11", "Ansätze!N11"), ("D11", "Ansätze!O11"), values={"Ansätze!O12": 87_000_000})
def two_columns_swapped_with_their_keys(book: Workbook) -> None:
    order: list[int | None] = list(range(19))
    order[N_], order[N_ + 1] = order[N_ + 1], order[N_]
    with_columns(costs(book), order)


@deed(("D10", "Ansätze!N11"), ("M06", "Maßnahmen!M7"), money=REJECTED)
def the_key_of_a_column_renamed(book: Workbook) -> None:
    costs(book)["N3"] = "betrag_2027"


@deed(("D10", "Ansätze"), ("M06", "Maßnahmen!M7"), money=REJECTED)
def a_column_deleted(book: Workbook) -> None:
    with_columns(costs(book), [*range(N_), *range(N_ + 1, 19)])


@deed(("D10", "Ansätze"), money=REJECTED)
def a_column_twice(book: Workbook) -> None:
    costs(book)["EZ3"] = "amount_2027"


@deed(("D10", "Ansätze!N11"), money=REJECTED)
def a_header_renamed(book: Workbook) -> None:
    costs(book)["N11"] = "Ansatz 2028"


@deed(("D10", "Ansätze!N11"), money=REJECTED)
def a_header_deleted(book: Workbook) -> None:
    costs(book)["N11"] = None


@deed()
def a_header_in_other_letters_and_blanks(book: Workbook) -> None:
    costs(book)["N11"] = " ANSATZ  2027 *"


@deed(("D08", "Ansätze"), ("M06", "Maßnahmen!M7"), money=REJECTED)
def the_key_row_deleted(book: Workbook) -> None:
    for column in range(1, 20):
        costs(book).cell(3, column).value = None


# --- sheets -----------------------------------------------------------------------------------


@deed(("D09", "Haushaltsansätze"), values={"Haushaltsansätze!N12": 87_000_000})
def a_sheet_renamed(book: Workbook) -> None:
    costs(book).title = "Haushaltsansätze"


@deed()
def a_sheet_renamed_to_another_normal_form(book: Workbook) -> None:
    costs(book).title = "Ansa\u0308tze"


@deed()
def sheets_moved(book: Workbook) -> None:
    book.move_sheet("Ansätze", -3)


@deed(("D08", ""), ("M06", "Maßnahmen!M7"), money=REJECTED)
def a_sheet_deleted(book: Workbook) -> None:
    del book["Ansätze"]


@deed(("D08", ""), key_figures=REJECTED)
def the_key_figures_deleted(book: Workbook) -> None:
    del book["Kennzahlen"]


@deed(("D08", ""))
def the_release_deleted(book: Workbook) -> None:
    del book["Freigabe"]


@deed(("D29", "Ansätze Copy"), **refused)
def a_sheet_copied(book: Workbook) -> None:
    book.copy_worksheet(costs(book))


@deed(("D29", "alt"), ("D32", "Ansätze"), **refused)
def a_copy_that_took_the_name_of_the_sheet(book: Workbook) -> None:
    copied = book.copy_worksheet(costs(book))
    costs(book).title = "alt"
    copied.title = "Ansätze"


@deed(("D23", "Ansätze Copy!A1"))
def a_sheet_copied_without_its_keys(book: Workbook) -> None:
    book.copy_worksheet(costs(book)).delete_rows(3)


@deed(("D29", "Ansätze!A103"), words=("noch einmal ab Zeile 103",), **refused)
def a_table_pasted_below_itself(book: Workbook) -> None:
    for row in range(3, 16):
        costs(book)[f"A{row + 100}"] = costs(book)[f"A{row}"].value if row == 3 else None
        pasted(costs(book), row, row + 100)


@deed()
def sheets_deleted_that_hold_no_entries(book: Workbook) -> None:
    for name in ("Hinweise", "Prüfung", "Handbuch", "Listen"):
        del book[name]


@deed(("D08", "Ansätze"), ("D09", "Ansätze"), ("M06", "Ansätze!M7"), money=REJECTED)
def two_sheets_exchanged(book: Workbook) -> None:
    costs(book).title = "X"
    measures(book).title = "Ansätze"
    del book["X"]


# --- identity ---------------------------------------------------------------------------------


@deed(("D04", ""))
def an_older_declaration(book: Workbook) -> None:
    meta(book, fingerprint="0" * 64)
    property_of(book, fingerprint="0" * 64)


@deed(("D21", ""))
def master_data_changed_since(book: Workbook) -> None:
    meta(book, master_digest="0" * 64)
    property_of(book, master_digest="0" * 64)


@deed(("D21", ""), ("D24", "Ansätze!M12"), words=("heute lautet die Vorgabe",))
def master_data_changed_since_and_with_them_an_amount(book: Workbook) -> None:
    meta(book, master_digest="0" * 64)
    costs(book)["M12"] = 840_000


@deed(("D21", ""), ("D24", "Ansätze!N11"), words=("früher ausgegeben",))
def master_data_changed_since_and_with_them_a_header(book: Workbook) -> None:
    meta(book, master_digest="0" * 64)
    costs(book)["N11"] = "Entwurf 2027 *"


@deed(("D21", ""), ("D24", "Ansätze!EZ40"), words=("früher ausgegeben",))
def master_data_changed_since_and_with_them_a_hint_beside_the_table(book: Workbook) -> None:
    meta(book, master_digest="0" * 64)
    costs(book)["EZ40"] = "Hinweis einer früheren Fassung"


@deed(("D21", ""), ("D22", "Ansätze!EZ40"))
def master_data_changed_since_and_somebody_wrote_beside_the_table(book: Workbook) -> None:
    meta(book, master_digest="0" * 64)
    costs(book)["EZ40"] = "Bitte noch nachfragen"
    costs(book)["EZ40"].protection = Protection(locked=False)


@deed(("D04", ""), ("D39", "Ansätze!K11"))
def an_older_declaration_without_a_column_that_may_be_empty(book: Workbook) -> None:
    meta(book, fingerprint="0" * 64)
    for cell in ("K3", "K10", "K11"):
        costs(book)[cell] = None


@deed(("D04", ""), ("D10", "Ansätze!N11"), ("M06", "Maßnahmen!M7"), money=REJECTED)
def an_older_declaration_without_a_column_that_is_needed(book: Workbook) -> None:
    meta(book, fingerprint="0" * 64)
    costs(book)["N3"] = None


@deed(("D20", ""), **refused)
def another_city(book: Workbook) -> None:
    meta(book, city="nachbarstadt")
    property_of(book, city="nachbarstadt")


@deed(("D03", ""), **refused)
def another_plan(book: Workbook) -> None:
    meta(book, plan="2026")
    property_of(book, plan="2026")


@deed(("D05", ""), **refused)
def an_unknown_unit(book: Workbook) -> None:
    meta(book, unit="T99")
    property_of(book, unit="T99")


@deed(("D05", ""), **refused)
def the_unit_edited_on_the_hidden_sheet_only(book: Workbook) -> None:
    meta(book, unit="T61")


@deed(("D20", ""), **refused)
def the_city_edited_on_the_hidden_sheet_only(book: Workbook) -> None:
    meta(book, city="anderswo")


@deed(("D05", ""), **refused)
def a_template_of_another_city_made_to_fit(book: Workbook) -> None:
    property_of(book, city="nachbarstadt")


@deed(("D02", ""), **refused)
def no_identity(book: Workbook) -> None:
    del book["_meta"]


@deed(("D02", ""), **refused)
def another_product(book: Workbook) -> None:
    meta(book, product="anderes Programm")


@deed(("D02", ""), **refused)
def a_master_workbook_as_a_return(book: Workbook) -> None:
    meta(book, kind="master")
    property_of(book, kind="master")


@deed(("D35", "_meta!B8"))
def a_revision_in_words(book: Workbook) -> None:
    meta(book, revision="zweite Fassung")


@deed(("D35", "_meta!B8"))
def a_revision_beyond_all_numbers(book: Workbook) -> None:
    meta(book, revision="9" * 5000)


@deed(("D35", "_meta!B8"))
def a_revision_in_foreign_digits(book: Workbook) -> None:
    meta(book, revision="٣")


@deed()
def no_revision(book: Workbook) -> None:
    meta(book, revision="")


@deed(("D35", "_meta!B9"))
def a_number_of_rows_in_words(book: Workbook) -> None:
    meta(book, rows="viele")


# --- the file ---------------------------------------------------------------------------------


@deed()
def no_custom_properties(book: Workbook) -> None:
    for each in list(_properties(book).names):
        del _properties(book)[each]


@deed()
def a_manual_calculation(book: Workbook) -> None:
    book.calculation = CalcProperties(calcMode="manual")


@deed(values={"Maßnahmen!J8": "2027-01"})
def dates_from_1904(book: Workbook) -> None:
    book.epoch = day(1904, 1, 1)


@deed(("D28", ""))
def not_released(book: Workbook) -> None:
    book["Freigabe"]["C6"] = "Entwurf"


@deed(("D28", ""), ("Z15", "Freigabe!C6"))
def a_release_in_other_words(book: Workbook) -> None:
    book["Freigabe"]["C6"] = "erledigt"


@deed(("D18", ""), raw=True)
def saved_with_macros(data: bytes) -> bytes:
    parts = parts_of(data)
    types = parts["[Content_Types].xml"].decode()
    types = types.replace(
        "spreadsheetml.sheet.main+xml", "SHEET"
    ).replace(
        "application/vnd.openxmlformats-officedocument.SHEET",
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )  # fmt: skip
    types = types.replace(
        "<Override", '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/><Override', 1
    )  # fmt: skip
    relations = parts["xl/_rels/workbook.xml.rels"].decode()
    relations = relations.replace(
        "</Relationships>",
        '<Relationship Id="rIdVba" Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="vbaProject.bin"/></Relationships>',
    )
    return package_of(
        {
            **parts,
            "[Content_Types].xml": types.encode(),
            "xl/_rels/workbook.xml.rels": relations.encode(),
            "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 nothing",
        }
    )


@deed(("D36", ""), raw=True)
def saved_as_a_template(data: bytes) -> bytes:
    return in_part(
        data,
        "[Content_Types].xml",
        lambda text: text.replace("spreadsheetml.sheet.main", "spreadsheetml.template.main"),
    )


@deed(("D37", ""), raw=True)
def bytes_behind_the_end(data: bytes) -> bytes:
    return data + b"\0" * 100


@deed(("D30", ""), raw=True)
def saved_in_the_strict_variant(data: bytes) -> bytes:
    old = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    return package_of(
        {
            name: content.replace(old.encode(), b"http://purl.oclc.org/ooxml/spreadsheetml/main").replace(
                relations.encode(), b"http://purl.oclc.org/ooxml/officeDocument/relationships"
            )
            for name, content in parts_of(data).items()
        }
    )  # fmt: skip


@deed(("D18", ""), raw=True)
def linked_with_another_file(data: bytes) -> bytes:
    parts = parts_of(data)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink"
    relations = parts["xl/_rels/workbook.xml.rels"].decode()
    link = (
        '<?xml version="1.0"?><externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<externalBook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="rId1"/></externalLink>'
    )
    target = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" Target="file:///C:/Haushalt.xlsx" TargetMode="External"/></Relationships>'
    )
    return package_of(
        {
            **parts,
            "xl/_rels/workbook.xml.rels": relations.replace(
                "</Relationships>",
                f'<Relationship Id="rIdExt" Type="{kind}" Target="externalLinks/externalLink1.xml"/></Relationships>',
            ).encode(),
            "xl/externalLinks/externalLink1.xml": link.encode(),
            "xl/externalLinks/_rels/externalLink1.xml.rels": target.encode(),
        }
    )


@deed(("D25", ""), **refused)
def nothing_entered(book: Workbook) -> None:
    """Everything a department can enter is emptied again."""
    for name in ("Maßnahmen", "Ansätze", "Kennzahlen", "Freigabe", "Produkttexte"):
        for row in book[name].iter_rows(min_row=6):
            for cell in row:
                if not cell.protection.locked and cell.data_type != "f":
                    cell.value = None
    kpis(book)["G7"] = 380
