"""The handbook for departments says what is declared: every field, every rule, and it is up to
date.
"""

from __future__ import annotations

import re

import pytest

from pipeline.handbook import PATH, department_rules, handbook
from pipeline.model.messages import catalogue
from pipeline.model.tables import Table
from pipeline.tables.submission import RELEASE_VALUES, SUBMISSION_TABLES

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
    assert "**Z08 Minuszeichen** (Fehler; hält auf: das Geld)" in TEXT
    assert "**K07 Zielwert fehlt** (Fehler; hält auf: die Kennzahlen)" in TEXT
    assert (
        "**Z01 Keine Zahl** (Fehler; hält auf: den Teil, in dem er steht (Geld oder Kennzahlen))"
        in TEXT
    )
    assert "**D21 Stammdaten seit der Ausgabe geändert** (Hinweis)" in TEXT


def test_no_placeholder_of_the_catalogue_is_left_over() -> None:
    assert re.findall(r"\{\w+\}", TEXT) == []
