"""Two returns of one unit: in which cells they differ, with both values."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from pipeline import stages
from pipeline.differences import differences, told
from pipeline.model.messages import sentence
from pipeline.model.results import Difference
from pipeline.model.submission import Submission
from pipeline.register import select
from pipeline.workspace import Workspace
from tests.mischief.deeds import meta, package_of, parts_of, swap_rows
from tests.mischief.desk import Desk
from tests.small_city import a_city, change, silent


def changed(good: bytes, deed: Callable[[Workbook], Any]) -> bytes:
    book = load_workbook(io.BytesIO(good))
    deed(book)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def found(small_desk: Desk, deed: Callable[[Workbook], Any]) -> tuple[Difference, ...]:
    """In what a changed return differs from the good one."""
    _, second = small_desk.read(changed(small_desk.good, deed), "neu.xlsx")
    return differences(second, first(small_desk), small_desk.master.submission)


_read: dict[bytes, Submission] = {}


def first(small_desk: Desk) -> Submission:
    """The good return, read once."""
    if small_desk.good not in _read:
        _read[small_desk.good] = small_desk.read(small_desk.good, "T40.xlsx")[1]
    return _read[small_desk.good]


def listed(small_desk: Desk, deed: Callable[[Workbook], Any]) -> list[tuple[str, ...]]:
    return [
        (f"{each.sheet}!{each.cell}", each.other_cell, each.row, each.column, each.value, each.other_value)
        for each in found(small_desk, deed)
    ]  # fmt: skip


def put(book: Workbook, **values: str | float | None) -> None:
    for cell, value in values.items():
        book["Ansätze"][cell] = value


def one_of_each_kind(book: Workbook) -> None:
    put(book, N12=870_000.5, N14=None, J15="wie Ansatz", EZ40="Bitte noch nachfragen")
    book["Maßnahmen"]["J8"] = "03.2027"
    book["Maßnahmen"]["C8"] = "Mensa"
    book["Kennzahlen"]["K7"] = 441.5
    book["Freigabe"]["C7"] = "Leitung"


def test_each_differing_cell_is_listed_with_both_values(small_desk: Desk) -> None:
    assert listed(small_desk, one_of_each_kind) == [
        ("Maßnahmen!C8", "C8", "M-T40-002", "Titel", "Mensa", "Mensa erweitern"),
        ("Maßnahmen!J8", "J8", "M-T40-002", "Beginn", "03.2027", "01.2027"),
        ("Ansätze!N12", "N12", "211.10, 13", "Ansatz 2027", "870.000,50", "870.000,00"),
        ("Ansätze!N14", "N14", "211.10, 13, M-T40-002", "Ansatz 2027", "", "1.000,01"),
        ("Ansätze!J15", "J15", "211.10, 15, M-T40-003", "Fortschreibung", "wie Ansatz", "entfällt"),
        ("Kennzahlen!K7", "K7", "K-1", "Zielwert 2027", "441,5", "440"),
        (
            "Freigabe!C7",
            "C7",
            "Freigegeben durch (Funktion)",
            "Eintrag",
            "Leitung",
            "Leitung Team Bildung",
        ),
        ("Ansätze!EZ40", "EZ40", "", "", "Bitte noch nachfragen", ""),
    ]


def test_rows_that_only_moved_differ_in_nothing(small_desk: Desk) -> None:
    def sorted_and_shifted(book: Workbook) -> None:
        swap_rows(book["Ansätze"], 14, 15)
        book["Ansätze"].insert_rows(13, 1)

    assert listed(small_desk, sorted_and_shifted) == []


def test_the_same_value_stored_otherwise_is_no_difference(small_desk: Desk) -> None:
    assert listed(small_desk, lambda book: put(book, N12="870.000,00", B14=" 211.10 ")) == []


def test_a_row_that_only_one_has_is_listed_cell_by_cell(small_desk: Desk) -> None:
    assert listed(small_desk, lambda book: put(book, B17="211.10", D17="02", J17="wie Ansatz", N17=500)) == [
        ("Ansätze!B17", "", "211.10, 02", "Produkt", "211.10", ""),
        ("Ansätze!D17", "", "211.10, 02", "Zeile", "02", ""),
        ("Ansätze!J17", "", "211.10, 02", "Fortschreibung", "wie Ansatz", ""),
        ("Ansätze!N17", "", "211.10, 02", "Ansatz 2027", "500,00", ""),
    ]  # fmt: skip


def test_a_changed_key_is_one_difference_and_not_two_rows(small_desk: Desk) -> None:
    assert listed(small_desk, lambda book: put(book, G14="M-T40-001")) == [
        ("Ansätze!G14", "G14", "211.10, 13, M-T40-001", "Maßnahme", "M-T40-001", "M-T40-002"),
    ]


def test_what_cannot_be_read_or_was_altered_is_compared_as_it_stands_there(
    small_desk: Desk,
) -> None:
    assert listed(small_desk, lambda book: put(book, N12="1.234", M12=1)) == [
        ("Ansätze!M12", "M12", "211.10, 13", "Ansatz 2026", "1,00", "850.000,00"),
        ("Ansätze!N12", "N12", "211.10, 13", "Ansatz 2027", "1.234", "870.000,00"),
    ]


def test_a_renamed_sheet_and_an_untouched_table_differ_in_nothing(small_desk: Desk) -> None:
    def deed(book: Workbook) -> None:
        book["Ansätze"].title = "Haushalt"
        for cell in ("K7", "L7", "O8", "P8", "Z7", "Z8"):
            book["Kennzahlen"][cell] = None

    assert {column for _, _, _, column, *_ in listed(small_desk, deed)}.isdisjoint({"Ansatz 2027", "Ist 2025"})  # fmt: skip


def test_the_sentence_names_few_cells_and_counts_the_rest(small_desk: Desk) -> None:
    assert told(found(small_desk, lambda book: put(book, N12=880_000))) == (
        "Ansätze N12 (211.10, 13: Ansatz 2027) mit „880.000,00“ statt „870.000,00“"
    )
    text = told(found(small_desk, one_of_each_kind))
    assert text.startswith("Maßnahmen C8 (M-T40-002: Titel) mit „Mensa“ statt „Mensa erweitern“; ")
    assert text.endswith("; die übrigen 5 im Blatt „Unterschiede“")
    long = told(found(small_desk, lambda book: put(book, S12="\x85\x9b31m" + "x" * 2000)))
    assert len(long) < 200
    assert "\x9b" not in long


def test_an_earlier_revision_is_compared_without_a_finding(small_desk: Desk) -> None:
    def next_revision(book: Workbook) -> None:
        put(book, N12=880_000)
        meta(book, revision="2")

    _, second = small_desk.read(changed(small_desk.good, next_revision), "neu.xlsx")
    put_away = replace(first(small_desk), file="ersetzt/T40.xlsx", sha256="f" * 64)
    selection = select([first(small_desk), second, put_away], small_desk.master)
    assert [(each.file, each.other, each.cell) for each in selection.differences] == [
        ("neu.xlsx", "T40.xlsx", "N12")
    ]
    assert selection.findings == ()


def test_the_budget_plan_shows_them_on_a_sheet_of_their_own(tmp_path: Path) -> None:
    city: Workspace = a_city(tmp_path)
    second = city.returns / "T40 zweite.xlsx"
    shutil.copy(city.returns / "T40.xlsx", second)
    change(second, lambda book: put(book, N12=880_000, S12="'=INJ()"))
    saved_at(second, "2099-01-01T00:00:00Z")
    results = stages.run(city, workers=1, progress=silent)

    said = next(sentence(each)[0] for each in results.findings if each.rule == "D06")
    assert "Gezählt wird der zuletzt gespeicherte („T40 zweite.xlsx“); 2 Zellen unterscheiden sich: Ansätze N12" in said  # fmt: skip
    sheet = load_workbook(city.output / "Haushaltsplan.xlsx")["Unterschiede"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)] == [
        ["Einheit", "Blatt", "Zeile", "Spalte", "Datei", "Zelle", "Wert", "Andere Datei", "Zelle", "Wert dort"],
        ["T40", "Ansätze", "211.10, 13", "Ansatz 2027", "T40 zweite.xlsx", "N12", "880.000,00", "T40.xlsx", "N12", "870.000,00"],
        ["T40", "Ansätze", "211.10, 13", "Erläuterung", "T40 zweite.xlsx", "S12", "'=INJ()", "T40.xlsx", "S12", "leer"],
    ]  # fmt: skip
    link = sheet["F5"].hyperlink
    assert link.target.replace("\\", "/") == "../../../input/kleinstadt/2027/T40%20zweite.xlsx"
    assert link.location == "'Ansätze'!N12"


def saved_at(path: Path, moment: str) -> None:
    parts = parts_of(path.read_bytes())
    core = parts["docProps/core.xml"].decode()
    core = re.sub(r"(<dcterms:modified[^>]*>)[^<]*", rf"\g<1>{moment}", core)
    path.write_bytes(package_of({**parts, "docProps/core.xml": core.encode()}))
