"""Whatever lies in the input folder is named once, and costs no return that is good."""

from __future__ import annotations

import json
import os
import shutil
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import stages
from pipeline.excel.reader.limits import LIMITS
from pipeline.model.messages import sentence
from pipeline.verification import DATA_CHECKS, differences
from pipeline.workspace import Workspace
from tests.small_city import a_city, change, run, silent


@pytest.fixture
def city(tmp_path: Path) -> Workspace:
    return a_city(tmp_path / "root")


def statuses(workspace: Workspace) -> dict[str, str]:
    register = run(workspace).tables["register"]
    return {
        file: status
        for file, status in zip(register["file"], register["status"], strict=True)
        if file
    }


def test_a_messy_folder_is_listed_file_by_file(city: Workspace) -> None:
    folder = city.returns
    good = (folder / "T40.xlsx").read_bytes()
    composed = unicodedata.normalize("NFC", "Rückläufe/Straße.xlsx")
    decomposed = unicodedata.normalize("NFD", "Rückläufe/Straße.xlsx")
    undecodable = os.fsdecode(b"T40 \xff\xfe.xlsx")
    for name in (composed, decomposed, undecodable, "a/b/c/d/e/f/g/tief.xlsx", "Kopie.XLSX"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(good)
    too_deep = "1/2/3/4/5/6/7/8/9/zu tief.xlsx"
    (folder / too_deep).parent.mkdir(parents=True)
    (folder / too_deep).write_bytes(good)
    (folder / "leer.xlsx").write_bytes(b"")
    (folder / "nur Nullen.xlsx").write_bytes(b"\0" * 5000)
    (folder / "Liste.csv").write_text("a;b\n", encoding="utf-8")
    (folder / ".versteckt.xlsx").write_bytes(good)
    (folder / "~$T40.xlsx").write_bytes(b"\x05Amt")
    (folder / ".~lock.T40.xlsx#").write_text("x")
    (folder / "Ordner.xlsx").mkdir()
    (folder / "fort.xlsx").symlink_to(folder / "gibt es nicht.xlsx")
    (folder / "draussen.xlsx").symlink_to(city.templates / "T40.xlsx")
    (folder / "im Kreis").symlink_to(folder, target_is_directory=True)
    os.mkfifo(folder / "Rohr.xlsx")
    found = statuses(city)
    assert found == {
        "T40.xlsx": "duplicate", "T61.xlsx": "accepted", "Kopie.XLSX": "accepted",
        composed: "duplicate", decomposed: "duplicate",
        "T40 \\xff\\xfe.xlsx": "duplicate", "a/b/c/d/e/f/g/tief.xlsx": "duplicate",
        too_deep: "rejected", "leer.xlsx": "rejected", "nur Nullen.xlsx": "rejected", "Liste.csv": "rejected",
        ".versteckt.xlsx": "foreign", "~$T40.xlsx": "foreign", ".~lock.T40.xlsx#": "foreign",
        "Ordner.xlsx": "foreign", "fort.xlsx": "rejected", "draussen.xlsx": "rejected",
        "im Kreis": "foreign", "Rohr.xlsx": "foreign",
    }  # fmt: skip


def test_every_file_of_a_messy_folder_comes_through_to_the_outputs(city: Workspace) -> None:
    for name in (os.fsdecode(b"T40 \xff.xlsx"), "=1+1.xlsx", "a\nb.xlsx", "[rot].xlsx"):
        shutil.copy(city.returns / "T40.xlsx", city.returns / name)
        change(city.returns / name, lambda book: book["Ansätze"].__setitem__("N12", "k. A."))
    stages.run(city, workers=1, progress=silent)
    text = (city.output / "Daten" / "register.csv").read_text(encoding="utf-8")
    assert "T40 \\xff.xlsx" in text
    assert "'=1+1.xlsx" in text
    inputs = (city.output / "manifest.json").read_text(encoding="utf-8")
    assert "T40 \\\\xff.xlsx" in inputs


def test_a_file_at_the_deepest_folder_is_read_and_one_below_is_refused(city: Workspace) -> None:
    for depth in (8, 9):
        path = city.returns.joinpath(*map(str, range(depth))) / "T40.xlsx"
        path.parent.mkdir(parents=True)
        shutil.copy(city.returns / "T40.xlsx", path)
    (city.returns / "T40.xlsx").unlink()
    results = run(city)
    register = results.tables["register"].set_index("file")["status"]
    assert register["0/1/2/3/4/5/6/7/T40.xlsx"] == "accepted"
    assert register["0/1/2/3/4/5/6/7/8/T40.xlsx"] == "rejected"
    said = [sentence(each)[0] for each in results.findings if each.rule == "D01"]
    assert said == [
        "Die Datei „0/1/2/3/4/5/6/7/8/T40.xlsx“ liegt 9 Ordner tief; gelesen wird höchstens 8 Ordner tief."
    ]


@pytest.mark.parametrize(("files", "refused"), [(2, False), (3, True)])
def test_a_folder_has_a_limit_of_files(
    city: Workspace, monkeypatch: pytest.MonkeyPatch, files: int, refused: bool
) -> None:
    monkeypatch.setattr(stages, "LIMITS", replace(LIMITS, folder_files=2))
    if files == 3:
        (city.returns / "noch eine.xlsx").write_bytes(b"x")
    if not refused:
        assert set(statuses(city).values()) == {"accepted"}
        return
    with pytest.raises(stages.Unusable) as answer:
        run(city)
    assert answer.value.message == (
        "Im Ordner input/kleinstadt/2027 liegen 3 Dateien; gelesen werden höchstens 2."
    )


def test_the_same_contents_saved_once_more_are_no_second_return(city: Workspace) -> None:
    shutil.copy(city.returns / "T40.xlsx", city.returns / "T40 noch einmal.xlsx")
    change(city.returns / "T40 noch einmal.xlsx", lambda _book: None)
    results = run(city)
    assert [each.rule for each in results.findings if each.rule in {"D06", "D07"}] == ["D07"]
    assert not results.provisional


def test_a_refused_file_with_an_absurd_revision_still_has_its_row(city: Workspace) -> None:
    def deed(book: object) -> None:
        for row in book["_meta"].iter_rows():  # type: ignore[index]
            if row[0].value == "revision":
                row[1].value = "9" * 5000
            if row[0].value == "city":
                row[1].value = "anderswo"

    change(city.returns / "T40.xlsx", deed)
    assert statuses(city) == {"T40.xlsx": "rejected", "T61.xlsx": "accepted"}


def test_a_file_called_like_the_master_hides_neither(city: Workspace) -> None:
    """Every table means the master by its bare name."""
    shutil.copy(city.master, city.returns / "Stammdaten.xlsx")
    (city.returns / "T40.xlsx").rename(city.returns / "unten.xlsx")
    (city.returns / "alt").mkdir()
    shutil.copy(city.returns / "unten.xlsx", city.returns / "alt" / "Stammdaten.xlsx")
    results = stages.run(city, workers=1, progress=silent)

    register = results.tables["register"].set_index("file")["status"]
    assert register["./Stammdaten.xlsx"] == "rejected"
    assert {register["unten.xlsx"], register["alt/Stammdaten.xlsx"]} == {"accepted", "duplicate"}
    said = [sentence(each)[0] for each in results.findings if each.place.file.startswith("./")]
    assert len(said) == 1
    assert said[0].startswith("Die Datei „./Stammdaten.xlsx“ ist eine Mappe mit Stammdaten")
    inputs = json.loads((city.output / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    assert set(inputs) == {
        "Stammdaten.xlsx", "./Stammdaten.xlsx", "unten.xlsx", "alt/Stammdaten.xlsx", "T61.xlsx",
    }  # fmt: skip
    change(city.returns / "Stammdaten.xlsx", lambda book: book.create_sheet("neu"))
    changed = run(city).sources
    assert changed["Stammdaten.xlsx"] == inputs["Stammdaten.xlsx"]
    assert changed["./Stammdaten.xlsx"] != inputs["./Stammdaten.xlsx"]
    found = differences(root=city.root, city=city.city, plan=city.plan, checks=DATA_CHECKS[:5])
    assert set(found["file"]) == {"./Stammdaten.xlsx"}
