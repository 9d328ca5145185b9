"""The feedback workbook: a return with faults comes back with everything that was entered, leads to
each place, turns to «erledigt», and is accepted when it is returned mended.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment

from pipeline.model.results import Results
from pipeline.outputs import write_receipts
from pipeline.workspace import Workspace
from tests.conftest import Convert
from tests.examples import build
from tests.fill import Sheet, place_of, tables_of
from tests.office import typed_in
from tests.small_city import CITY, PLAN, RETURNS, a_city, change, errors_of, run

# openpyxl describes a cell as the union of everything that could stand in one.
Workbook = Any
FIRST = {"product": "211.10", "line": "13", "measure": ""}
NEW, CANTEEN, HALL = ({"measure": f"M-T40-{number:03d}"} for number in (1, 2, 3))

FAULTS: Sequence[tuple[str, str, Mapping[str, str], str, object, object]] = (
    # rule, table, row, column, what a clerk typed, what is right
    ("Z05", "costs", FIRST, "amount_2027", "870 TEUR", 870_000),
    ("Z15", "costs", FIRST, "continuation", "fortschreiben", "Orientierungsdaten"),
    ("Z10", "costs", NEW, "amount_2028", "k. A.", 1_200_000),
    ("Z08", "costs", NEW, "amount_2029", -1_200_000, 1_200_000),
    ("Z04", "costs", NEW, "amount_2030", datetime(2026, 12, 3), 0),  # noqa: DTZ001 - as Excel stores it
    ("S01", "costs", CANTEEN, "product", "211.99", "211.10"),
    ("Z07", "costs", CANTEEN, "amount_2027", 1000.005, 1000.01),
    ("S16", "costs", HALL, "line", "10", "15"),
    ("Z09", "costs", HALL, "amount_2027", None, 77_000),
    ("Z19", "costs", HALL, "amount_2028", True, None),
    ("Z18", "measures", NEW, "end", "irgendwann", datetime(2029, 12, 1)),  # noqa: DTZ001
    ("M01", "measures", CANTEEN, "title", None, "Mensa erweitern"),
    ("S05", "measures", CANTEEN, "goal", "Z9", "Z1.2"),
    ("Z15", "measures", CANTEEN, "type", "egal", "konsumtiv"),
    ("Z14", "measures", CANTEEN, "status", None, "geplant"),
    ("M04", "measures", HALL, "end", datetime(2020, 1, 1), datetime(2030, 12, 1)),  # noqa: DTZ001
    ("Z01", "kpis", {"kpi": "K-1"}, "actual_2025", "viele", 380),
    ("K07", "kpis", {"kpi": "K-1"}, "target_2027", None, 440),
    ("K02", "kpis", {"kpi": "K-2"}, "numerator_2025", None, 300),
    ("K03", "kpis", {"kpi": "K-2"}, "denominator_2027", 0, 500),
)  # fmt: skip


def test_twenty_faults_are_mended_in_the_feedback_and_the_next_revision_is_accepted(
    faulty: Path, tmp_path: Path
) -> None:
    workspace = a_faulty_city(faulty, tmp_path / "stadt")
    first = run(workspace)
    assert len(FAULTS) == 20
    assert {(rule, column) for rule, _, _, column, *_ in FAULTS} <= {
        (each.rule, each.place.column) for each in first.findings
    }

    back = returned(workspace)
    change(back, mend)
    second = run(workspace)

    assert status_of(second, back.name) == ("2", "accepted")
    assert [each for each in errors_of(second) if each[1].startswith(back.name)] == []
    assert figures(second, "T40") == figures(run(a_city(tmp_path / "honest")), "T40")
    assert [each.rule for each in second.findings if each.place.file == back.name] == []


def test_every_done_turns_in_libreoffice_and_the_file_it_saved_is_accepted(
    faulty: Path, tmp_path: Path, libreoffice: Path, libreoffice_profile: Path
) -> None:
    """A person opens the feedback in LibreOffice, types what is right, saves, and sends it back."""
    workspace = a_faulty_city(faulty, tmp_path)
    path = written(workspace)
    before = listed(path)
    book = openpyxl.load_workbook(path)
    entries = [
        {"sheet": cell.parent.title, "cell": cell.coordinate, "value": _typed(right)}
        for cell, (*_, right) in _cells(book)
    ]
    saved = workspace.returns / "neu.xlsx"
    typed_in(libreoffice, libreoffice_profile, path, entries, saved)
    after = listed(saved)

    live = [number for number, row in before.items() if row["erledigt?"] == "offen"]
    assert len(live) == len(FAULTS)
    assert {after[number]["erledigt?"] for number in live} == {"✓ erledigt"}
    title = openpyxl.load_workbook(saved, data_only=True)["Rückmeldung"]["A3"].value
    assert title == "✓ Alles bearbeitet. Bitte die Datei zurücksenden."
    second = run(workspace)
    assert status_of(second, "neu.xlsx") == ("2", "accepted")
    assert [each.rule for each in second.findings if each.place.file == "neu.xlsx"] == []


def _typed(value: object) -> object:
    """What a person types, as LibreOffice takes it: a day is a number of days."""
    return (value - datetime(1899, 12, 30)).days if isinstance(value, datetime) else value  # noqa: DTZ001


def test_what_is_stored_is_what_libreoffice_computes(
    faulty: Path, tmp_path: Path, convert: Convert
) -> None:
    """Every formula of the list, the tables and the sheet Prüfung, with the faults still in it."""
    workspace = a_faulty_city(faulty, tmp_path)
    path = written(workspace)
    formulas = openpyxl.load_workbook(path)
    stored = openpyxl.load_workbook(path, data_only=True)
    fresh = openpyxl.load_workbook(
        convert(path, outdir=tmp_path / "neu", recalculate=True), data_only=True
    )

    wrong = [
        (sheet.title, cell.coordinate, held, fresh[sheet.title][cell.coordinate].value)
        for sheet in formulas
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
        and (held := stored[sheet.title][cell.coordinate].value or "")
        != (fresh[sheet.title][cell.coordinate].value or "")
        # A date typed as text is a number to an office program that reckons with it.
        and not str(sheet.cell(3, int(str(cell.column))).value).startswith("#factor:")
    ]

    assert wrong == []
    assert stored["Ansätze"]["N4"].value == 0
    texts = [str(row[0].value) for row in stored["Ansätze"].iter_rows(max_col=1)]
    assert any(text.startswith("✗ ") for text in texts)
    assert "✓ in Ordnung" not in texts


def test_returned_as_it_is_the_feedback_has_the_same_faults_and_no_new_ones(
    faulty: Path, tmp_path: Path
) -> None:
    """Nothing was lost: what could not be read is still there to be read by a person."""
    workspace = a_faulty_city(faulty, tmp_path)
    first = run(workspace)
    back = returned(workspace)
    second = run(workspace)

    assert places(second, back.name) == places(first, "T40.xlsx")
    unreadable = {"Z04": "Z01", "Z19": "Z01"}  # a date and WAHR come back as the text they show
    rules = {(unreadable.get(each.rule, each.rule), each.place.column) for each in first.findings
             if each.place.file == "T40.xlsx"}  # fmt: skip
    assert {
        (each.rule, each.place.column) for each in second.findings if each.place.file == back.name
    } == rules
    assert status_of(second, back.name) == ("2", "rejected")


def test_the_list_leads_to_the_cells_and_says_what_is_wrong_and_what_to_do(
    faulty: Path, tmp_path: Path
) -> None:
    workspace = a_faulty_city(faulty, tmp_path)
    book = openpyxl.load_workbook(written(workspace), data_only=True)
    sheet = book["Rückmeldung"]
    rows = listed(written(workspace))
    wanted = next(row for row in rows.values() if row["Ihr Eintrag"] == "870 TEUR")

    assert book.sheetnames[:3] == ["Rückmeldung", "Quittung", "Hinweise"]
    assert book.active is not None
    assert book.active.title == "Rückmeldung"
    assert wanted == {
        "Nr.": wanted["Nr."],
        "Stufe": "✗ Fehler",
        "Blatt": "Ansätze",
        "Zelle": "N12",
        "Feld": "Ansatz 2027",
        "Ihr Eintrag": "870 TEUR",
        "Was ist aufgefallen?": "„870 TEUR“ in N12 ist nicht in Euro angegeben; erwartet werden volle Euro.",
        "Was ist zu tun?": "Bitte den Betrag in Euro eintragen, je nachdem, was gemeint ist: 870.000 oder 870.",
        "erledigt?": "offen",
    }
    link = sheet.cell(4 + int(wanted["Nr."]), 4).hyperlink
    assert link is not None
    assert (link.target, link.location) == (None, "'Ansätze'!N12")
    assert book["Ansätze"]["N12"].value == "870 TEUR"
    note = book["Ansätze"]["N12"].comment
    assert note is not None
    assert note.text.startswith(f"Rückmeldung Nr. {wanted['Nr.']}: „870 TEUR“ in N12")
    assert str(sheet["A3"].value).startswith("✗ Noch ")


def test_a_row_that_was_added_stays_also_below_the_prepared_ones(tmp_path: Path) -> None:
    def add_below(book: Workbook) -> None:
        costs = tables_of(book)["costs"]
        for name, value in {
            "product": "211.10", "line": "13", "amount_2027": "fünfhundert", "continuation": "wie Ansatz",
        }.items():  # fmt: skip
            costs.cell(costs.last + 3, name).value = value

    workspace = city_with(tmp_path, add_below)
    costs = tables_of(openpyxl.load_workbook(feedback(workspace)))["costs"]
    row = place_of(costs, {"amount_2027": "fünfhundert"})

    assert row <= costs.last
    assert costs.cell(row, "continuation").value == "wie Ansatz"


def test_more_rows_than_are_prepared_make_the_next_workbook_longer(tmp_path: Path) -> None:
    def fill_everything(book: Workbook) -> None:
        costs = tables_of(book)["costs"]
        for row in range(costs.first, costs.last + 8):
            if not costs.cell(row, "amount_2027").value:
                costs.cell(row, "product").value = "211.10"
                costs.cell(row, "line").value = "13"
                costs.cell(row, "amount_2027").value = f"{row} x"

    workspace = city_with(tmp_path, fill_everything)
    before = tables_of(openpyxl.load_workbook(workspace.returns / "T40.xlsx"))["costs"]
    path = returned(workspace)
    after = tables_of(openpyxl.load_workbook(path))["costs"]

    assert after.last - after.first > before.last - before.first
    texts = [after.cell(row, "amount_2027").value for row in range(after.first, after.last + 1)]
    assert [f"{row} x" for row in range(before.first + 4, before.last + 8)] == [
        text for text in texts if isinstance(text, str)
    ]
    assert {"D22", "D23", "D33"}.isdisjoint(
        each.rule for each in run(workspace).findings if each.place.file == path.name
    )


def test_what_stood_outside_the_input_cells_is_listed_and_never_lost(tmp_path: Path) -> None:
    def scribble(book: Workbook) -> None:
        costs = tables_of(book)["costs"]
        costs.cell(costs.first, "amount_2027").value = "viel"
        costs.cell(costs.first, "amount_2026").value = 1
        costs.cell(costs.first, "remark").comment = Comment("bitte so lassen", "jemand")
        costs.sheet["CZ3"] = "Nebenrechnung"
        book.create_sheet("Notizen")["B2"] = "=1+1"

    sheet = openpyxl.load_workbook(feedback(city_with(tmp_path, scribble)))["Rückmeldung"]
    rows = [[cell.value for cell in row][2:6] for row in sheet.iter_rows()]
    start = next(
        number
        for number in range(1, sheet.max_row)
        if sheet.cell(number, 1).value == "Was außerhalb der Eingabefelder stand"
    )

    assert rows[start + 2 :] == [
        ["Ansätze", "CZ3", "außerhalb der Eingabefelder", "Nebenrechnung"],
        ["Ansätze", "M12", "gesperrtes Feld", "1"],
        ["Notizen", "B2", "außerhalb der Eingabefelder", "=1+1"],
        ["Ansätze", "S12", "Kommentar", "bitte so lassen"],
    ]


def test_what_is_written_into_our_own_sheets_of_the_feedback_is_named(
    faulty: Path, tmp_path: Path
) -> None:
    workspace = a_faulty_city(faulty, tmp_path)
    back = returned(workspace)

    def answer(book: Workbook) -> None:
        mend(book)
        book["Rückmeldung"]["L5"] = "siehe Mail"
        book["Quittung"]["L3"] = 12

    change(back, answer)
    found = [each for each in run(workspace).findings if each.place.file == back.name]

    assert [each.rule for each in found] == ["D22"] * len(found)
    assert {"siehe Mail", "12"} <= {each.values.get("wert", "") for each in found}


def test_a_note_of_the_department_at_a_mended_cell_is_told_ours_are_not(
    faulty: Path, tmp_path: Path
) -> None:
    workspace = a_faulty_city(faulty, tmp_path)
    back = returned(workspace)

    def reply(book: Workbook) -> None:
        mend(book)
        book["Ansätze"]["N12"].comment = Comment("stimmt so", "jemand")

    change(back, reply)

    assert [
        (each.rule, each.values["text"])
        for each in run(workspace).findings
        if each.place.file == back.name
    ] == [("D17", "stimmt so")]


def test_where_nothing_is_open_there_is_only_the_receipt(tmp_path: Path) -> None:
    workspace = a_city(tmp_path)

    assert openpyxl.load_workbook(feedback(workspace)).sheetnames == [
        "Quittung", "Rückmeldung", "Beträge",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("deed", "why"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:4_000]), "bricht mittendrin ab"),
        (lambda path: shutil.copy(path.parents[3] / "templates/kleinstadt/2027/T40.xlsx", path),
         "nichts eingetragen"),
        (lambda path: change(path, lambda book: _set_meta(book, "plan", "2026")), "Plan 2026"),
    ],
    ids=["damaged", "untouched", "other plan"],
)  # fmt: skip
def test_a_file_that_cannot_be_rebuilt_gets_a_short_report(
    tmp_path: Path, deed: Callable[[Path], object], why: str
) -> None:
    workspace = a_city(tmp_path)
    deed(workspace.returns / "T40.xlsx")
    results = run(workspace)
    book = openpyxl.load_workbook(feedback(workspace))

    assert book.sheetnames == ["Quittung", "Rückmeldung", "Beträge"]
    assert any(each.blocking for each in results.findings)
    texts = [str(cell.value) for row in book["Rückmeldung"].iter_rows() for cell in row]
    assert any(why in text for text in texts)


def test_the_same_results_give_the_same_bytes(faulty: Path, tmp_path: Path) -> None:
    workspace = a_faulty_city(faulty, tmp_path)
    once = hashlib.sha256(written(workspace).read_bytes()).hexdigest()
    digests = {once, hashlib.sha256(feedback(workspace).read_bytes()).hexdigest()}

    assert len(digests) == 1


@pytest.mark.long
@pytest.mark.parametrize("city", ["laatzen", "hamm"])
def test_of_the_example_cities_nothing_is_lost_on_the_way_there_and_back(
    city: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every feedback sent back as it is gives the same amounts and key figures, and no finding but
    that an error value is a text now.
    """
    monkeypatch.setattr(build, "save_with_libreoffice", _copied)
    for step in (build.build_master, build.build_templates, build.build_returns):
        step(city, tmp_path)
    workspace = build.workspace_of(city, tmp_path)
    first = run(workspace)
    write_receipts(first, workspace, progress=lambda _: None)
    back = {}
    for path in sorted((workspace.output / "Rueckmeldungen").iterdir()):
        if "_meta" in openpyxl.load_workbook(path, read_only=True).sheetnames:
            back[path.stem] = f"zurück {path.name}"
            shutil.copy(path, workspace.returns / back[path.stem])
    second = run(workspace)

    assert len(back) >= 5
    for unit, file in back.items():
        assert figures(second, unit) == figures(first, unit), unit
        new = _said_of(second, file) - _said_of(first, f"{unit}.xlsx")
        assert {rule for rule, *_ in new} <= {"Z01"}, unit
    values = ["unit", "kpi", "year", "role", "value", "numerator", "denominator", "data_state"]
    assert sorted(map(tuple, second.tables["kpis"][values].astype(str).to_numpy())) == sorted(
        map(tuple, first.tables["kpis"][values].astype(str).to_numpy())
    )


def _copied(paths: Sequence[Path], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        shutil.copy(path, folder / path.name)


def _said_of(results: Results, file: str) -> set[tuple[str, str, str, str]]:
    return {
        (each.rule, each.place.table, each.place.cell, each.place.column)
        for each in results.findings
        if each.place.file == file
    }


# --- what the tests are written with ------------------------------------------------------------


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small city with the faults in the return of T40, its feedback written; made once."""
    root = tmp_path_factory.mktemp("stadt")
    feedback(city_with(root, plant))
    return root


def a_faulty_city(faulty: Path, root: Path) -> Workspace:
    """A copy of it that a test may change."""
    shutil.copytree(faulty, root, dirs_exist_ok=True)
    return Workspace(root=root, city=CITY, plan=PLAN)


def city_with(root: Path, deed: Callable[[Workbook], None]) -> Workspace:
    """The small city; ``deed`` is done to the return of T40."""
    workspace = a_city(root, returns=RETURNS)
    change(workspace.returns / "T40.xlsx", deed)
    return workspace


def plant(book: Workbook) -> None:
    """Types the faults."""
    for cell, (*_, fault, _) in _cells(book):
        cell.value = fault


def mend(book: Workbook) -> None:
    """Types what is right, where the row is found by what was not wrong in it."""
    for cell, (*_, right) in _cells(book):
        cell.value = right


def _cells(book: Workbook) -> list[tuple[Any, tuple[Any, ...]]]:
    tables = tables_of(book)
    return [
        (tables[table].cell(_row(tables[table], key), column), fault)
        for fault in FAULTS
        for _, table, key, column, *_ in [fault]
    ]


def _row(sheet: Sheet, key: Mapping[str, str]) -> int:
    return place_of(sheet, key)


def feedback(workspace: Workspace) -> Path:
    """Judges the folder and writes the feedback; gives that of T40."""
    write_receipts(run(workspace), workspace, progress=lambda _: None)
    return written(workspace)


def written(workspace: Workspace) -> Path:
    """The feedback that is there already."""
    return workspace.output / "Rueckmeldungen" / "T40.xlsx"


def returned(workspace: Workspace) -> Path:
    """The feedback, back in the folder of returns under a name of the clerk's own."""
    path = written(workspace) if written(workspace).exists() else feedback(workspace)
    return Path(shutil.copy(path, workspace.returns / "Fassung 2.xlsx"))


def listed(path: Path) -> dict[int, dict[str, str]]:
    """The rows of the sheet Rückmeldung by number, as texts by column title."""
    sheet = openpyxl.load_workbook(path, data_only=True)["Rückmeldung"]
    titles = [str(cell.value) for cell in sheet[4]][:9]
    found = {}
    for number in range(5, sheet.max_row + 1):
        if not isinstance(sheet.cell(number, 1).value, int):
            break
        values = [sheet.cell(number, column).value for column in range(1, 10)]
        found[number - 4] = dict(zip(titles, map(str, values), strict=True))
    return found


def status_of(results: Results, file: str) -> tuple[str, str]:
    """Revision and status of a file in the register."""
    register = results.tables["register"]
    row = register[register["file"] == file].iloc[0]
    return str(row["revision"]), str(row["status"])


def figures(results: Results, unit: str) -> list[tuple[object, ...]]:
    """The unit's amounts without the place where they stood."""
    table = results.tables["figures"]
    mine = table.loc[table["unit"] == unit, ["product", "line", "measure", "year", "cents"]]
    return sorted(map(tuple, mine.astype(str).to_numpy()))


def places(results: Results, file: str) -> set[tuple[str, str]]:
    """Table and cell of everything that was found at a cell of a file."""
    return {
        (each.place.table, each.place.cell)
        for each in results.findings
        if each.place.file == file and each.place.column
    }


def _set_meta(book: Workbook, key: str, value: str) -> None:
    for row in book["_meta"].iter_rows(max_col=2):
        if row[0].value == key:
            row[1].value = value
