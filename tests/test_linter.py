"""The linter finds what would make a template useless, and nothing in those we hand out."""

from __future__ import annotations

import io
import re
import shutil
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from pipeline import stages
from pipeline.excel.feedback import mending
from pipeline.excel.linter.element_order import misplaced
from pipeline.excel.linter.linter import Unsound, assure, faults_of
from pipeline.outputs import write_receipts
from pipeline.workspace import Workspace
from tests.fill import tables_of
from tests.small_city import CITY, PLAN, a_city, run, write_the_master

COSTS = "xl/worksheets/sheet4.xml"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = a_city(tmp_path_factory.mktemp("stadt"))
    path = workspace.returns / "T40.xlsx"
    book = openpyxl.load_workbook(path)
    tables_of(book)["costs"].cell(12, "amount_2027").value = "viel"
    book.save(path)
    write_receipts(run(workspace), workspace, progress=lambda _: None)
    return workspace.templates / "T40.xlsx"


def feedback(template: Path) -> Path:
    """The feedback workbook that belongs to the template's unit."""
    parts = list(template.parts)
    parts[parts.index("templates")] = "output"
    return Path(*parts).parent / "Rueckmeldungen" / template.name


def test_templates_and_feedback_workbooks_are_sound(template: Path) -> None:
    for path in (template, template.with_name("T61.xlsx"), feedback(template)):
        assert faults_of(path.read_bytes()) == [], path


def test_it_sees_the_sheets_it_is_meant_to_see(template: Path) -> None:
    """Against openpyxl: every open cell of the template is one that the linter has looked at."""
    book = openpyxl.load_workbook(template)
    costs = tables_of(book)["costs"]
    names = {costs.columns[name]: name for name in costs.columns}
    open_cells = [
        cell for row in costs.sheet.iter_rows() for cell in row if not cell.protection.locked
    ]

    assert len(open_cells) > 150
    assert {names[int(str(cell.column))] for cell in open_cells} == {
        "product", "line", "measure", "position", "continuation", "partner", "amount_2027",
        "amount_2028", "amount_2029", "amount_2030", "remark",
    }  # fmt: skip
    stripped = rewritten(
        template,
        COSTS,
        lambda xml: re.sub(r"<dataValidations.*</dataValidations>", "", xml, flags=re.DOTALL),
    )
    assert len([fault for fault in faults_of(stripped) if "but not validated" in fault]) == len(
        open_cells
    )


FAULTS: dict[str, tuple[str, Callable[[str], str], str]] = {
    "protection": (COSTS, lambda xml: re.sub(r"<sheetProtection[^>]*>", "", xml), "Ansätze: not protected"),
    "password": (COSTS, lambda xml: xml.replace("<sheetProtection ", '<sheetProtection password="CC1A" '), "Ansätze: protected with a password"),
    "structure": ("xl/workbook.xml", lambda xml: re.sub(r"<workbookProtection[^>]*>", "", xml), "workbook: structure not locked"),
    "other sheet": (COSTS, lambda xml: re.sub(r"<formula1>L_\w+<", "<formula1>Listen!$A$1:$A$9<", xml, count=1), "looks into another sheet"),
    "unknown name": (COSTS, lambda xml: re.sub(r"<formula1>L_\w+<", "<formula1>L_Nirgends<", xml, count=1), "Ansätze: the name L_Nirgends is used but not defined"),
    "open outside": (COSTS, lambda xml: xml.replace('<row r="1"', f'<row r="1" s="{open_style(xml)}" customFormat="1"', 1), "Ansätze: a whole row is open"),
    "key": (COSTS, lambda xml: re.sub(r'<c r="A3"[^>]*><v>\d+</v></c>', "", xml), "is open, but no reader looks there"),
    "key visible": (COSTS, lambda xml: re.sub(r'(<row r="3"[^>]*) hidden="1"', r"\1", xml), "Ansätze: the key row can be seen"),
    "key incomplete": (COSTS, lambda xml: re.sub(r'<c r="N3"[^>]*><v>\d+</v></c>', "", xml), "Ansätze: column N has a title but no name in the key row"),
    "key twice": (COSTS, lambda xml: re.sub(r'(<c r="N3"[^>]*>)<v>\d+</v>', r"\1" + text_of(xml, "O3"), xml), "Ansätze: the key row names amount_2028 twice"),
    "order": (COSTS, lambda xml: moved_to_the_end(xml, "dataValidations"), f"{COSTS}: worksheet/"),
    "workbook order": ("xl/workbook.xml", lambda xml: moved_to_the_end(xml, "bookViews"), "xl/workbook.xml: workbook/bookViews"),
    "styles order": ("xl/styles.xml", lambda xml: moved_to_the_end(xml, "fonts"), "xl/styles.xml: styleSheet/fonts"),
    "unknown element": (COSTS, lambda xml: xml.replace("<pageMargins", "<pageMargin/><pageMargins", 1), f"{COSTS}: worksheet/pageMargin"),
    "dead name": ("xl/workbook.xml", lambda xml: xml.replace("Listen!$A$", "Liste!$A$", 1), "leads nowhere: Liste!$A$"),
    "dead link": (COSTS, lambda xml: re.sub(r"location=\"'\w+'!A1\"", "location=\"'Nirgends'!A1\"", xml, count=1), "Ansätze: the link at A2 leads nowhere"),
    "long text": (COSTS, lambda xml: re.sub(r'error="[^"]*"', f'error="{"x" * 256}"', xml, count=1), "has a text longer than 255: error"),
    "extension": (COSTS, lambda xml: xml.replace("</worksheet>", "<extLst/></worksheet>"), "Ansätze: an extension, which other programs drop"),
    "cell order": (COSTS, lambda xml: re.sub(r"(<f>[^<]*</f>)(<v>[^<]*</v>)", r"\2\1", xml, count=1), "Ansätze: the parts of a cell are out of order"),
    "strange cell": (COSTS, lambda xml: xml.replace("<v>", "<w>", 1).replace("</v>", "</w>", 1), "Ansätze: among the cells stands <w>"),
    "broken xml": (COSTS, lambda xml: xml.replace("</worksheet>", ""), "not a well-formed package"),
    "meta": ("xl/sharedStrings.xml", lambda xml: xml.replace(">fingerprint<", ">abdruck<"), "_meta lacks fingerprint"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(template: Path, name: str) -> None:
    part, deed, words = FAULTS[name]
    data = rewritten(template, part, deed)

    assert any(words in fault for fault in faults_of(data)), faults_of(data)[:5]
    with pytest.raises(Unsound):
        assure(data)


def test_a_part_without_type_and_a_relation_without_part_are_found(template: Path) -> None:
    lost = rewritten(template, "xl/sharedStrings.xml", None)
    added = rewritten(template, "xl/mehr.bin", lambda _: "x")

    assert any(
        "sharedStrings.xml: a content type, but no part" in fault for fault in faults_of(lost)
    )
    assert any("relation to xl/sharedStrings.xml, which is not there" in f for f in faults_of(lost))
    assert faults_of(added) == ["xl/mehr.bin: no content type"]


def test_what_is_no_package_is_no_template() -> None:
    assert faults_of(b"PK")[0].startswith("not a well-formed package")


def test_the_order_of_children_is_that_of_the_standard() -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    good = ET.fromstring(  # noqa: S314 - our own text
        f'<row xmlns="{main}"><c><f>1</f><v>1</v></c><c><v>1</v></c></row>'
    )
    bad = ET.fromstring(f'<row xmlns="{main}"><c><v>1</v><f>1</f></c></row>')  # noqa: S314

    assert misplaced(good) == []
    assert misplaced(bad) == ["c/f"]


def test_openpyxl_has_nothing_to_complain_about(template: Path) -> None:
    for path in (template, feedback(template)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            openpyxl.load_workbook(path)


def test_an_unsound_template_is_not_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsound(_data: bytes) -> None:
        raise Unsound("the structure is not locked")

    monkeypatch.setattr(stages, "assure", unsound)
    workspace = write_the_master(tmp_path)

    with pytest.raises(Unsound):
        stages.issue_templates(workspace, progress=lambda *_: None)
    assert [path.name for path in workspace.templates.iterdir()] == ["Stammdaten.xlsx"]


def test_the_feedback_of_a_city_with_stand_ins_is_sound_too(tmp_path: Path) -> None:
    """Its amounts link into the master workbook: a place in another file."""
    workspace = a_city(tmp_path)
    path = workspace.returns / "T61.xlsx"
    book = openpyxl.load_workbook(path)
    tables_of(book)["costs"].cell(12, "amount_2027").value = "viel"
    book.save(path)
    results = run(workspace)
    write_receipts(results, workspace, progress=lambda _: None)
    made = workspace.output / "Rueckmeldungen" / "T61.xlsx"

    assert "stand_in" in set(results.tables["figures"]["origin"])
    assert openpyxl.load_workbook(made).sheetnames[0] == "Rückmeldung"
    assert faults_of(made.read_bytes()) == []


def test_of_an_unsound_feedback_the_department_gets_the_receipt(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "faults_of", lambda _data: ["the structure is not locked"])
    shutil.copytree(template.parents[3], tmp_path, dirs_exist_ok=True)
    workspace = Workspace(root=tmp_path, city=CITY, plan=PLAN)
    write_receipts(run(workspace), workspace, progress=lambda _: None)

    path = workspace.output / "Rueckmeldungen" / template.name
    assert openpyxl.load_workbook(path).sheetnames == ["Quittung", "Rückmeldung", "Beträge"]
    assert "Quittung" in openpyxl.load_workbook(feedback(template)).sheetnames[1]


# --- what the tests are written with ------------------------------------------------------------


def rewritten(path: Path, part: str, deed: Callable[[str], str] | None) -> bytes:
    """The package with one part changed, added, or (without a deed) left out."""
    data = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(data, "w") as new:
        for name, text in _parts(old, part):
            changed = deed(text) if name == part and deed else text
            assert name != part or not deed or changed != text, "the deed has changed nothing"
            if name != part or deed:
                new.writestr(name, changed)
    return data.getvalue()


def _parts(package: zipfile.ZipFile, part: str) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys([*package.namelist(), part]):
        yield name, package.read(name).decode() if name in package.namelist() else ""


def moved_to_the_end(xml: str, element: str) -> str:
    """The element as the last child of its part."""
    found = re.search(rf"<{element}[ >].*?</{element}>", xml, re.DOTALL)
    assert found
    end = xml.rindex("</")
    return xml[: found.start()] + xml[found.end() : end] + found[0] + xml[end:]


def text_of(xml: str, cell: str) -> str:
    """The stored content of a cell, as markup."""
    found = re.search(rf'<c r="{cell}"[^>]*>(<v>\d+</v>)', xml)
    assert found
    return found[1]


def open_style(xml: str) -> str:
    """The style of the first cell of a free row, which is open."""
    found = re.search(r'<c r="B20" s="(\d+)"', xml)
    assert found
    return found[1]
