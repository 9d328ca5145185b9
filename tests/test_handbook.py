"""The handbook for departments says what is declared: every field, every rule, and it is up to
date.
"""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest

from pipeline import stages
from pipeline.excel.layout.handbook_sheet import department_rules
from pipeline.excel.layout.layout import template_identity, template_layout
from pipeline.excel.layout.live import INTENDED_DIFFERENCES
from pipeline.excel.layout_writer import write_layout
from pipeline.excel.linter.linter import faults_of
from pipeline.handbook import PATH, handbook, live_rules
from pipeline.model.messages import catalogue
from pipeline.model.tables import Table
from pipeline.tables.submission import RELEASE_VALUES, SUBMISSION_TABLES
from tests.small_city import CITY, PLAN, write_the_master

TEXT = handbook()


def test_the_written_handbook_is_the_one_that_the_declarations_give() -> None:
    assert PATH.read_text(encoding="utf-8") == TEXT, "bitte: python -m pipeline.handbook"


@pytest.mark.parametrize("table", SUBMISSION_TABLES, ids=lambda table: table.name)
def test_every_field_of_every_sheet_stands_in_its_own_chapter(table: Table) -> None:
    chapter = TEXT.split(f"### Blatt {table.sheet}\n")[1].split("\n## ")[0].split("\n### ")[0]
    fields = {
        re.split(r" \\\*| \(je Jahr", line)[0]
        for line in re.findall(r"^\| (.+?) \|", chapter, re.MULTILINE)
    }
    columns = [each for each, _ in RELEASE_VALUES] if table.sheet == "Freigabe" else table.columns

    assert {column.title for column in columns} <= fields


def test_every_rule_of_returns_is_told_with_its_repair_and_none_of_the_master() -> None:
    told = re.findall(r"^\*\*([A-Z]\d\d) (.+?)\*\* \((Fehler|Warnung|Hinweis)", TEXT, re.MULTILINE)

    assert [(rule, title) for rule, title, _ in told] == [
        (rule.id, catalogue()[rule.id].title) for rule in department_rules()
    ]
    assert len(told) > 80
    assert "S20" not in {rule for rule, _, _ in told}
    assert TEXT.count("So beheben Sie es: ") == len(told)


def test_required_fields_and_what_a_fault_blocks_can_be_told() -> None:
    assert "| Titel \\* | Text | Höchstens 250 Zeichen. |" in TEXT
    assert "**Z08 Minuszeichen** (Fehler; hält auf: das Geld; prüft die Vorlage mit)" in TEXT
    assert (
        "**K07 Zielwert fehlt** (Fehler; hält auf: die Kennzahlen; prüft die Vorlage mit)" in TEXT
    )
    assert (
        "**Z01 Keine Zahl** (Fehler; hält auf: den Teil, in dem er steht (Geld oder Kennzahlen); prüft die Vorlage mit)"
        in TEXT
    )
    assert "**D21 Stammdaten seit der Ausgabe geändert** (Hinweis)" in TEXT


def test_no_placeholder_of_the_catalogue_is_left_over() -> None:
    assert re.findall(r"\{\w+\}", TEXT) == []


def test_the_intended_differences_are_those_that_the_tests_hold() -> None:
    chapter = TEXT.split("mit Absicht unterscheiden")[1].split("###")[0]
    told = [line.removeprefix("- ") for line in chapter.splitlines() if line.startswith("- ")]

    assert told == list(INTENDED_DIFFERENCES)


def test_what_only_the_next_reading_can_judge_is_listed() -> None:
    chapter = TEXT.split("### Erst nach der Rückgabe geprüft")[1]
    later = set(re.findall(r"\b([A-Z]\d\d) ", chapter))

    assert {"D01", "D06", "D22", "A04", "M02"} <= later
    assert later.isdisjoint(live_rules())
    assert later | live_rules() >= {rule.id for rule in department_rules()}
    assert {"Z01", "Z08", "Z09", "S01", "M04", "K02", "A10"} <= live_rules()


def test_the_sheet_handbuch_says_the_same_in_a_workbook_that_stays_sound(tmp_path: Path) -> None:
    workspace = write_the_master(tmp_path)
    master, _, _ = stages.load_master(workspace)
    layout = template_layout(
        master, template_identity(master, city=CITY, plan=PLAN, unit="T40", rows="5")
    )
    path = tmp_path / "T40.xlsx"
    write_layout(layout, path)
    sheet = openpyxl.load_workbook(path)["Handbuch"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5) if row[1].value]

    assert faults_of(path.read_bytes()) == []
    assert [row[0] for row in rows] == [rule.id for rule in department_rules()]
    for number, title, severity, message, repair in rows:
        chapter = TEXT.split(f"**{number} {title}** ({severity}")[1].split("\n**")[0]
        assert f"- {message}\n" in chapter
        assert f"- So beheben Sie es: {repair}\n" in chapter
