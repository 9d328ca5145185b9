"""What one cell says: every kind, every way people write it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipeline.excel.intake.values import Value, read_value
from pipeline.excel.reader.reading import Cell, CellType, Style
from pipeline.model.blocks import State
from pipeline.model.tables import Choice, Column, Kind

MONEY = Column(name="amount_2027", title="Ansatz 2027", kind=Kind.MONEY)
NUMBER = Column(name="actual_2025", title="Istwert 2025", kind=Kind.NUMBER)
SHARE = Column(name="share", title="Anteil", kind=Kind.PERCENT)
START = Column(name="start", title="Beginn", kind=Kind.MONTH)
DAY = Column(name="date", title="Datum", kind=Kind.DATE)
PRODUCT = Column(name="product", title="Produkt", kind=Kind.CODE, references="products")
STATUS = Column(
    name="status",
    title="Status",
    kind=Kind.CHOICE,
    choices=(Choice(code="läuft", label="läuft"), Choice(code="expense", label="Aufwand")),
)
YES = Column(name="memo", title="Nachrichtlich", kind=Kind.YES_NO)
TEXT = Column(name="remark", title="Erläuterung", kind=Kind.TEXT)


def text(raw: str) -> Cell:
    return Cell(7, 6, CellType.TEXT, raw)


def number(raw: str, number_format: str = "General") -> Cell:
    dated = any(letter in number_format for letter in "dmy")
    return Cell(7, 6, CellType.NUMBER, raw, style=Style(number_format=number_format, is_date=dated))


def read(cell: Cell, column: Column, allowed: tuple[str, ...] = ()) -> Value:
    return read_value(cell, column, date1904=False, allowed=allowed)


def rules(value: Value) -> list[str]:
    return [rule for rule, _ in value.faults]


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("1.234,56", 123_456),
        ("1.234.567,89 €", 123_456_789),
        ("1.234.567", 123_456_700),
        ("1 234,56", 123_456),
        ("1\u00a0234,56", 123_456),
        ("1\u202f234,56", 123_456),
        ("12,5", 1_250),
        ("1234,50", 123_450),
        ("0,05", 5),
        ("12000", 1_200_000),
        ("12.000,- €", 1_200_000),
        ("EUR 450.000,00", 45_000_000),
        ("\u22125.000,00", -500_000),
        ("-5.000,00", -500_000),
        ("'12000", 1_200_000),
        ("12\u200b000", 1_200_000),
        ("1234,567", 123_457),
    ],
)
def test_a_number_text_with_one_reading_is_normalised_and_noted(typed: str, cents: int) -> None:
    value = read(text(typed), MONEY)
    assert (value.state, value.content) == (State.VALUE, cents)
    assert "Z02" in rules(value)


@pytest.mark.parametrize(
    ("typed", "first", "second"),
    [("1.234", "1.234", "1,234"), ("1,234", "1.234", "1,234"), ("-12.500", "-12.500", "-12,500")],
)
def test_a_number_text_with_two_readings_is_asked_back_with_both(
    typed: str, first: str, second: str
) -> None:
    value = read(text(typed), MONEY)
    assert value.state is State.UNREADABLE
    assert value.faults == (("Z03", {"wert": typed, "a": first, "b": second}),)


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("1234.56", "Z01"), ("1,234.56", "Z01"), ("1'234.50", "Z01"), ("99.002.646,09-", "Z03"), ("(5.000,00)", "Z03"),
        ("ca. 5000", "Z01"), ("> 100", "Z01"), ("10-20", "Z01"), ("1e6", "Z01"), ("0x10", "Z01"), ("1_000", "Z01"),
        ("١٢٣", "Z01"), ("nan", "Z01"), ("inf", "Z01"), ("12\n13", "Z01"), ("l2O0", "Z01"),
        ("450 T€", "Z05"), ("450 TEUR", "Z05"), ("1,5 Mio", "Z05"), ("1,5 Mio. €", "Z05"), ("12 %", "Z05"),
        ("k. A.", "Z10"), ("-", "Z10"), ("---", "Z10"), ("folgt", "Z10"), ("siehe Anlage", "Z10"), ("?", "Z10"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_never_zero(typed: str, rule: str) -> None:
    value = read(text(typed), MONEY)
    assert (value.state, value.content, rules(value)) == (State.UNREADABLE, None, [rule])


def test_thousands_of_euro_are_asked_back_with_the_amount_in_euro() -> None:
    assert read(text("450 T€"), MONEY).faults[0][1]["zahl"] == "450.000 oder 450"
    assert read(text("1,5 Mio. €"), MONEY).faults[0][1]["zahl"] == "1.500.000 oder 1,5"


def test_only_blanks_are_empty_and_said_so() -> None:
    value = read(text("   "), MONEY)
    assert (value.state, rules(value)) == (State.EMPTY, ["Z20"])


@pytest.mark.parametrize(
    ("raw", "cents"),
    [
        ("0.1", 10),
        ("30500.5", 3_050_050),
        ("2.675", 268),
        ("1234.5600000000002", 123_456),
        ("-3", -300),
        ("1E5", 10_000_000),
    ],
)
def test_a_number_cell_gives_exact_cents(raw: str, cents: int) -> None:
    assert read(number(raw), MONEY).content == cents


def test_floating_point_noise_is_silent_but_a_fraction_of_a_cent_is_named() -> None:
    assert rules(read(number("0.30000000000000004"), MONEY)) == []
    value = read(number("10.005"), MONEY)
    assert (value.content, value.faults) == (
        1001,
        (("Z07", {"wert": "10,005", "gerundet": "10,01"}),),
    )


def test_a_date_that_excel_made_of_a_number_is_named_with_what_was_meant() -> None:
    value = read(number("46359", "dd.mm.yyyy"), MONEY)
    assert value.state is State.UNREADABLE
    assert value.faults == (("Z04", {"wert": "03.12.2026", "roh": "3.12"}),)


def test_a_truth_value_or_a_per_cent_is_no_amount() -> None:
    assert rules(read(Cell(7, 6, CellType.BOOLEAN, "1"), MONEY)) == ["Z19"]
    assert rules(read(number("0.5", "0%"), MONEY)) == ["Z05"]


def test_an_absurd_amount_is_unreadable() -> None:
    assert rules(read(number("1e15"), MONEY)) == ["Z13"]


def test_an_error_value_is_named_as_german_excel_shows_it() -> None:
    value = read(Cell(7, 6, CellType.ERROR, "#REF!", "A1+B1"), MONEY)
    assert value.faults == (("D12", {"wert": "#BEZUG!"}),)


def test_a_formula_without_stored_value_is_unreadable_and_one_with_it_is_noted() -> None:
    missing = read(Cell(7, 6, CellType.NUMBER, "", "SUM(A1:A3)", cached=False), MONEY)
    assert (missing.state, missing.faults[0][1]["variant"]) == (State.UNREADABLE, "uncached")
    stored = read(Cell(7, 6, CellType.NUMBER, "1800", "12*150"), MONEY)
    assert (stored.content, rules(stored)) == (180_000, ["D14"])


def test_a_formula_into_another_workbook_is_a_warning_with_the_file() -> None:
    value = read(Cell(7, 6, CellType.NUMBER, "5", "[Plan.xlsx]Tabelle1!A1"), MONEY)
    assert value.faults[0] == ("D13", {"ziel": "[Plan.xlsx]", "wert": "5"})


def test_a_key_figure_keeps_its_decimals_without_noise() -> None:
    assert read(number("36.200000000000003"), NUMBER).content == Decimal("36.2")
    assert read(text("36,2"), NUMBER).content == Decimal("36.2")


@pytest.mark.parametrize(
    ("cell", "share"),
    [
        (number("45"), 4_500),
        (number("33.33"), 3_333),
        (text("45 %"), 4_500),
        (number("0.45", "0%"), 4_500),
    ],
)
def test_a_share_is_basis_points(cell: Cell, share: int) -> None:
    assert read(cell, SHARE).content == share


def test_a_share_below_one_without_per_cent_sign_is_asked_back() -> None:
    assert rules(read(number("0.45"), SHARE)) == ["Z11"]


@pytest.mark.parametrize(
    "cell",
    [
        number("46388", "mm.yyyy"),
        text("01.2027"),
        text("1/2027"),
        text("2027-01"),
        text("Januar 2027"),
        text("15.01.2027"),
        number("46388"),
    ],
)
def test_a_month_is_read_however_it_is_written(cell: Cell) -> None:
    assert read(cell, START).content == "2027-01"


@pytest.mark.parametrize(
    "cell",
    [
        text("31.02.2027"),
        text("bald"),
        number("2027"),
        text("13.2027"),
        Cell(7, 6, CellType.BOOLEAN, "1"),
    ],
)
def test_what_is_no_month_is_named(cell: Cell) -> None:
    assert rules(read(cell, START)) == ["Z18"]


def test_dates_of_both_calendars() -> None:
    assert read(number("46388", "dd.mm.yyyy"), DAY).content == "2027-01-01"
    assert read_value(number("44926", "dd.mm.yyyy"), DAY, date1904=True).content == "2027-01-01"
    assert read(text("2026-09-30"), DAY).content == "2026-09-30"


def test_a_product_number_that_lost_its_zeros_is_offered_back() -> None:
    known = ("111.10", "111.11", "541.10")
    value = read(number("111.1"), PRODUCT, known)
    assert (value.state, value.faults) == (
        State.UNREADABLE,
        (("S04", {"wert": "111,1", "vorschlag": "111.10"}),),
    )
    nrw = read(number("10101"), PRODUCT, ("01.01.01", "01.01.02"))
    assert nrw.faults[0][1]["vorschlag"] == "01.01.01"


def test_a_code_keeps_its_zeros_and_loses_only_what_nobody_sees() -> None:
    assert read(text(" 01.01.01 "), PRODUCT).content == "01.01.01"
    hidden = read(text("111\u200b.10"), PRODUCT)
    assert (hidden.content, rules(hidden)) == ("111.10", ["Z20"])


def test_a_list_entry_is_read_by_label_and_other_spellings_are_noted() -> None:
    assert read(text("Aufwand"), STATUS) == Value(State.VALUE, "expense")
    value = read(text("LÄUFT "), STATUS)
    assert (value.content, value.faults) == (
        "läuft",
        (("Z17", {"wert": "LÄUFT", "gelesen": "läuft"}),),
    )
    assert rules(read(text("gestoppt"), STATUS)) == ["Z15"]


def test_yes_and_no() -> None:
    assert read(text("ja"), YES).content is True
    assert read(text("Nein"), YES).content is False
    assert read(Cell(7, 6, CellType.BOOLEAN, "1"), YES).content is True
    assert rules(read(text("vielleicht"), YES)) == ["Z15"]


def test_text_stays_text_and_control_characters_are_named() -> None:
    assert read(text("=1+1 ist Text"), TEXT).content == "=1+1 ist Text"
    assert read(number("2027"), TEXT).content == "2027"
    value = read(text("Glocke\x07"), TEXT)
    assert (value.content, rules(value)) == ("Glocke", ["Z20"])
