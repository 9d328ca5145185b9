"""Bad input: one clear finding with file, sheet and cell; the other team is consolidated all the
same.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook as Book
from openpyxl.comments import Comment

from pipeline import stages
from pipeline.model.messages import sentence
from pipeline.model.results import Results
from pipeline.workspace import Workspace
from tests.small_city import RETURNS, a_city, change, errors_of, run, silent, write_the_master


@pytest.fixture(scope="session")
def filled_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city with two good returns, made once; tests work on copies."""
    root = tmp_path_factory.mktemp("city")
    a_city(root)
    return root


@pytest.fixture
def city(filled_city: Path, tmp_path: Path) -> Workspace:
    """A copy of the city that a test may spoil."""
    shutil.copytree(filled_city, tmp_path / "root")
    return Workspace(root=tmp_path / "root", city="kleinstadt", plan="2027")


def status_of(results: Results) -> dict[str, str]:
    """Status by file, or by unit where there is no file."""
    register = results.tables["register"]
    return {
        file or unit: status
        for file, unit, status in zip(
            register["file"], register["unit"], register["status"], strict=True
        )
    }


def counted(results: Results, unit: str) -> int:
    """The expense of the budget year that was counted from a unit's return."""
    figures = results.tables["figures"]
    hit = figures[
        (figures["unit"] == unit)
        & (figures["year"] == 2027)
        & (figures["kind"] == "expense")
        & (figures["origin"] == "return")
    ]
    return int(hit["cents"].sum())


def test_two_good_returns_make_a_final_plan(city: Workspace) -> None:
    results = run(city)
    assert (errors_of(results), results.provisional) == ([], False)
    assert status_of(results) == {"T40.xlsx": "accepted", "T61.xlsx": "accepted"}
    assert (counted(results, "T40"), counted(results, "T61")) == (87_100_001, 30_000_055)


def in_costs(cell: str, value: str | float | None) -> Callable[[Book], None]:
    """A deed: write into a cell of the sheet Ansätze."""

    def deed(book: Book) -> None:
        book["Ansätze"][cell] = value

    return deed


CELL_DEEDS = [
    ("a wrong type", in_costs("N12", "rund 870 Tausend"), ("Z01", "T40.xlsx!Ansätze!N12")),
    ("thousands of euro", in_costs("N12", "870 T€"), ("Z05", "T40.xlsx!Ansätze!N12")),
    ("two readings", in_costs("N12", "870.000"), ("Z03", "T40.xlsx!Ansätze!N12")),
    ("a placeholder", in_costs("N12", "folgt"), ("Z10", "T40.xlsx!Ansätze!N12")),
    ("a minus on an expense", in_costs("N12", -870_000), ("Z08", "T40.xlsx!Ansätze!N12")),
    ("an empty required amount", in_costs("N12", None), ("Z09", "T40.xlsx!Ansätze!N12")),
    ("an unknown product", in_costs("B14", "211.99"), ("S01", "T40.xlsx!Ansätze!B14")),
    ("another unit's product", in_costs("B14", "511.10"), ("S02", "T40.xlsx!Ansätze!B14")),
    ("a computed line", in_costs("D14", "17"), ("S16", "T40.xlsx!Ansätze!D14")),
    ("an unknown measure", in_costs("G14", "M-T40-099"), ("M12", "T40.xlsx!Ansätze!G14")),
]


@pytest.mark.parametrize(
    ("deed", "expected"), [case[1:] for case in CELL_DEEDS], ids=[case[0] for case in CELL_DEEDS]
)
def test_a_faulty_cell_keeps_out_its_own_return_only(
    city: Workspace, deed: Callable[[Book], None], expected: tuple[str, str]
) -> None:
    change(city.returns / "T40.xlsx", deed)
    results = run(city)
    assert errors_of(results) == [expected]
    assert status_of(results) == {"T40.xlsx": "partial", "T61.xlsx": "accepted"}
    assert (counted(results, "T40"), counted(results, "T61")) == (0, 30_000_055)
    assert results.provisional


def test_the_end_before_the_start_is_named_at_the_end(city: Workspace) -> None:
    def deed(book: Book) -> None:
        end = next(cell for cell in book["Maßnahmen"][3] if cell.value == "end")
        book["Maßnahmen"][f"{end.column_letter}8"] = "11.2026"
        assert book["Maßnahmen"]["B8"].value == "M-T40-002"

    change(city.returns / "T40.xlsx", deed)
    errors = errors_of(run(city))
    assert [(rule, place.split("!")[:2]) for rule, place in errors] == [
        ("M04", ["T40.xlsx", "Maßnahmen"])
    ]


def _in_sheet(path: Path, sheet: int, replacement: Callable[[str], str]) -> None:
    """Changes the XML of one sheet, as other programs leave it behind."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    name = f"xl/worksheets/sheet{sheet}.xml"
    parts[name] = replacement(parts[name].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for each, data in parts.items():
            package.writestr(each, data)


def _sheet_number(path: Path, title: str) -> int:
    from openpyxl import load_workbook

    return load_workbook(path, read_only=True).sheetnames.index(title) + 1


@pytest.mark.parametrize(
    ("cell", "expected", "shown"),
    [
        ('<c r="N12" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "D12", "#DIV/0!"),
        ('<c r="N12" t="e"><v>#REF!</v></c>', "D12", "#BEZUG!"),
        ('<c r="N12"><f>SUM(A1:A2)</f></c>', "D12", "eine Formel, deren Ergebnis nicht"),
    ],
    ids=["error value of a formula", "error value", "formula without stored result"],
)
def test_what_excel_could_not_reckon_is_named_and_never_zero(
    city: Workspace, cell: str, expected: str, shown: str
) -> None:
    path = city.returns / "T40.xlsx"
    number = _sheet_number(path, "Ansätze")
    _in_sheet(path, number, lambda xml: re.sub(r'<c r="N12"[^>]*?(/>|>.*?</c>)', cell, xml))
    results = run(city)
    assert errors_of(results) == [(expected, "T40.xlsx!Ansätze!N12")]
    message = next(sentence(each)[0] for each in results.findings if each.rule == expected)
    assert shown in message
    assert counted(results, "T40") == 0


@pytest.mark.parametrize(
    ("name", "content", "variant"),
    [
        ("T40.xlsx", b"", "empty_file"),
        ("T40.xlsx", b"Einheit;Betrag\nT40;5\n", "text_or_csv"),
        ("T40.xlsx", b"%PDF-1.7\n%....\n", "pdf"),
        ("T40.xlsx", b"PK\x03\x04 abgeschnitten", "truncated"),
    ],
)
def test_a_file_that_is_no_workbook_is_refused_with_its_own_sentence(
    city: Workspace, name: str, content: bytes, variant: str
) -> None:
    (city.returns / name).write_bytes(content)
    results = run(city)
    finding = next(each for each in results.findings if each.rule == "D01")
    assert (finding.place.file, finding.values["variant"]) == (name, variant)
    assert status_of(results) == {"T40.xlsx": "rejected", "T40": "missing", "T61.xlsx": "accepted"}
    assert counted(results, "T61") == 30_000_055


def test_a_return_of_another_plan_is_refused(city: Workspace) -> None:
    def deed(book: Book) -> None:
        for row in book["_meta"].iter_rows():
            if row[0].value == "plan":
                row[1].value = "2026"

    change(city.returns / "T40.xlsx", deed)
    results = run(city)
    assert errors_of(results) == [("D03", "T40.xlsx")]
    assert status_of(results)["T40.xlsx"] == "rejected"


def test_a_foreign_workbook_is_refused_for_want_of_identity(city: Workspace) -> None:
    book = Book()
    book.create_sheet("Zahlen")["A1"] = "Meine Zahlen"
    book.save(city.returns / "Zuarbeit.xlsx")
    results = run(city)
    assert errors_of(results) == [("D02", "Zuarbeit.xlsx")]
    assert status_of(results)["T40.xlsx"] == "accepted"


def test_a_missing_return_without_stand_in_leaves_a_gap_that_is_said(city: Workspace) -> None:
    (city.returns / "T40.xlsx").unlink()
    results = run(city)
    assert errors_of(results) == [("A06", "")]
    assert status_of(results) == {"T40": "missing", "T61.xlsx": "accepted"}
    assert counted(results, "T40") == 0
    assert results.open_points == (
        "Der Rücklauf von T40 Team Bildung fehlt und ist nicht eingerechnet.",
    )


def test_a_missing_return_with_stand_in_counts_with_last_year_in_the_budget_year_only(
    city: Workspace,
) -> None:
    (city.returns / "T61.xlsx").unlink()
    results = run(city)
    figures = results.tables["figures"]
    standing_in = figures[figures["origin"] == "stand_in"]
    assert set(standing_in["year"]) == {2027}
    assert sorted(standing_in["cents"]) == [20_000_000, 500_000_000]
    assert set(standing_in["file"]) == {"Stammdaten.xlsx"}
    assert status_of(results)["T61"] == "substituted"


def test_a_rejected_return_stays_rejected_while_last_year_stands_in(city: Workspace) -> None:
    (city.returns / "T61.xlsx").write_bytes(b"")
    results = run(city)
    assert status_of(results) == {
        "T40.xlsx": "accepted",
        "T61": "substituted",
        "T61.xlsx": "rejected",
    }


def _saved_at(path: Path, moment: str) -> None:
    """The workbook's own time stamp, as Excel leaves it in docProps/core.xml."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    core = parts["docProps/core.xml"].decode()
    parts["docProps/core.xml"] = re.sub(
        r"(<dcterms:modified[^>]*>)[^<]*", rf"\g<1>{moment}", core
    ).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for each, data in parts.items():
            package.writestr(each, data)


def test_two_different_returns_of_one_unit_the_later_saved_one_counts(city: Workspace) -> None:
    first, second = city.returns / "T40.xlsx", city.returns / "T40 neu.xlsx"
    shutil.copy(first, second)
    change(second, in_costs("N12", 900_000))
    _saved_at(first, "2026-09-10T08:00:00Z")
    _saved_at(second, "2026-09-12T08:00:00Z")
    results = run(city)
    warning = next(each for each in results.findings if each.rule == "D06")
    assert (warning.values["a"], warning.values["b"], warning.values["n"]) == (
        "T40.xlsx",
        "T40 neu.xlsx",
        "1",
    )
    assert status_of(results) == {
        "T40 neu.xlsx": "accepted",
        "T40.xlsx": "superseded",
        "T61.xlsx": "accepted",
    }
    assert counted(results, "T40") == 90_100_001
    assert not results.provisional


def test_two_different_returns_without_usable_time_stamps_are_an_error(city: Workspace) -> None:
    first, second = city.returns / "T40.xlsx", city.returns / "T40 neu.xlsx"
    shutil.copy(first, second)
    change(second, in_costs("N12", 900_000))
    for path in (first, second):
        _saved_at(path, "2026-09-10T08:00:00Z")
    results = run(city)
    assert [rule for rule, _ in errors_of(results)] == ["D06"]
    assert counted(results, "T40") == 0


def test_a_byte_identical_copy_is_counted_once(city: Workspace) -> None:
    shutil.copy(city.returns / "T40.xlsx", city.returns / "T40 (1).xlsx")
    results = run(city)
    assert sorted(status_of(results).values()) == ["accepted", "accepted", "duplicate"]
    assert counted(results, "T40") == 87_100_001


def test_a_higher_revision_counts_and_a_superseded_folder_never_does(city: Workspace) -> None:
    def next_revision(book: Book) -> None:
        for row in book["_meta"].iter_rows():
            if row[0].value == "revision":
                row[1].value = "2"
        book["Ansätze"]["N12"] = 1_000

    second = city.returns / "abgegeben" / "zweite Fassung.xlsx"
    second.parent.mkdir()
    shutil.copy(city.returns / "T40.xlsx", second)
    change(second, next_revision)
    old = city.returns / "ersetzt" / "alt.xlsx"
    old.parent.mkdir()
    shutil.copy(city.returns / "T61.xlsx", old)
    change(old, in_costs("N12", 1))
    results = run(city)
    assert status_of(results) == {
        "T40.xlsx": "superseded", "abgegeben/zweite Fassung.xlsx": "accepted", "T61.xlsx": "accepted", "ersetzt/alt.xlsx": "superseded",
    }  # fmt: skip
    assert counted(results, "T40") == 200_001


def test_the_master_names_the_valid_file_by_hash(city: Workspace, tmp_path: Path) -> None:
    first, second = city.returns / "T40.xlsx", city.returns / "T40 neu.xlsx"
    shutil.copy(first, second)
    change(second, in_costs("N12", 900_000))
    first_hash = __import__("hashlib").sha256(first.read_bytes()).hexdigest()
    write_the_master(city.root, returns=[{"unit": "T40", "sha256": first_hash}])
    results = run(city)
    assert status_of(results) == {
        "T40.xlsx": "accepted",
        "T40 neu.xlsx": "superseded",
        "T61.xlsx": "accepted",
    }


def test_an_untouched_template_is_rejected(city: Workspace) -> None:
    shutil.copy(city.templates / "T40.xlsx", city.returns / "T40.xlsx")
    results = run(city)
    assert errors_of(results) == [("D25", "T40.xlsx")]
    assert status_of(results)["T40.xlsx"] == "rejected"


def test_a_missing_key_figure_target_does_not_keep_the_money_out(city: Workspace) -> None:
    def deed(book: Book) -> None:
        sheet = book["Kennzahlen"]
        names = {cell.value: cell.column or 0 for cell in sheet[3]}
        sheet.cell(7, names["target_2027"]).value = None

    change(city.returns / "T40.xlsx", deed)
    results = run(city)
    assert [rule for rule, _ in errors_of(results)] == ["K07"]
    row = results.tables["register"].set_index("file").loc["T40.xlsx"]
    assert (row["status"], row["money"], row["key_figures"]) == ("partial", "accepted", "rejected")
    assert counted(results, "T40") == 87_100_001


def test_lock_files_and_folders_are_listed_but_are_no_returns(city: Workspace) -> None:
    (city.returns / "~$T40.xlsx").write_bytes(b"\x05Amt")
    (city.returns / "Thumbs.db").write_bytes(b"x")
    (city.returns / "Ordner.xlsx").mkdir()
    results = run(city)
    assert status_of(results) == {
        "T40.xlsx": "accepted", "T61.xlsx": "accepted", "~$T40.xlsx": "foreign", "Thumbs.db": "foreign", "Ordner.xlsx": "foreign",
    }  # fmt: skip
    assert not results.provisional


def test_what_stands_beside_the_table_is_named_and_never_lost(city: Workspace) -> None:
    def deed(book: Book) -> None:
        book["Ansätze"]["EZ40"] = "Bitte noch die Bauverwaltung fragen"
        book.create_sheet("Nebenrechnung")["B2"] = 4711
        book["Ansätze"]["N12"].comment = Comment("Stand Tarifabschluss", "")

    change(city.returns / "T40.xlsx", deed)
    results = run(city)
    said = {(each.rule, each.place.sheet, each.place.cell) for each in results.findings}
    assert {
        ("D22", "Ansätze", "EZ40"),
        ("D23", "Nebenrechnung", "B2"),
        ("D17", "Ansätze", "N12"),
    } <= said
    cells = results.tables["cells"]
    assert set(cells.loc[cells["cell"] == "EZ40", "use"]) == {"named"}
    assert not results.provisional


def test_an_altered_prefilled_amount_is_named_and_the_masters_value_counts(city: Workspace) -> None:
    change(city.returns / "T40.xlsx", in_costs("M12", 1))
    results = run(city)
    altered = next(each for each in results.findings if each.rule == "A07")
    assert (altered.place.cell, altered.values["soll"], altered.values["ist"]) == (
        "M12",
        "850.000,00",
        "1",
    )
    figures = results.tables["figures"]
    assert 85_000_000 in set(
        figures.loc[(figures["year"] == 2026) & (figures["unit"] == "T40"), "cents"]
    )


def test_every_cell_of_a_return_is_booked_template_or_named(city: Workspace) -> None:
    cells = run(city).tables["cells"]
    assert set(cells["use"]) == {"booked", "template"}
    from openpyxl import load_workbook

    for unit in RETURNS:
        book = load_workbook(city.returns / f"{unit}.xlsx")
        there = {
            (sheet.title, cell.coordinate)
            for sheet in book
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None
        }
        mine = cells[cells["file"] == f"{unit}.xlsx"]
        assert set(zip(mine["sheet"], mine["cell"], strict=True)) == there


def test_an_empty_input_folder_is_said_and_writes_nothing(city: Workspace) -> None:
    shutil.rmtree(city.returns)
    city.returns.mkdir()
    with pytest.raises(stages.Unusable, match="kein Rücklauf"):
        stages.run(city, workers=1, progress=silent)
    assert not city.output.exists()


def test_a_broken_master_is_refused_with_its_cells(city: Workspace) -> None:
    from tests.small_city import MASTER

    goals = [
        *MASTER["goals"],
        {
            "goal": "Z9",
            "title": "Kreis",
            "parent": "Z8",
            "level": "Handlungsfeld",
            "additive": "ja",
        },
    ]
    write_the_master(city.root, goals=goals)
    with pytest.raises(stages.Unusable) as refused:
        stages.run(city, workers=1, progress=silent)
    assert ("S06", "Ziele") in {(each.rule, each.place.sheet) for each in refused.value.findings}
    assert not city.output.exists()
