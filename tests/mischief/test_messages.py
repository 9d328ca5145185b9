"""Whatever is refused is refused in one German sentence, with the step that mends it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.excel.intake.intake import submission_of
from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import Caution, Notice, Reading, Reason, Refusal, Workbook
from pipeline.model.messages import catalogue, sentence
from tests.intake.mischief import REFUSED
from tests.intake.packages import written
from tests.mischief.desk import Desk
from tests.small_city import CITY, PLAN

FACTS = {
    "limit": "parts", "allowed": "2000", "found": "2001", "part": "xl/worksheets/sheet1.xml",
    "sheet": "Ansätze", "cell": "N12", "kind": "pipe", "workbooks": "1", "fault": "directory",
    "count": "3", "why": "grid",
}  # fmt: skip
TECHNICAL = re.compile(
    r"openpyxl|calamine|pandas|zipfile|zlib|expat|lxml|python|traceback|exception|"
    r"[a-z]error\b|\berror|\binvalid|unexpected|mismatch|token|syntax|\bNone\b|\bnull\b|bad_|"
    r"\bxl/|\.xml\b|sharedstrings|\bzip\b|unicode|utf-?8|errno|0x[0-9a-f]|"
    r"\b(the|is|not|of|file|sheet|row|failed|found)\b",
    re.IGNORECASE,
)


def said(reading: Reading, desk: Desk) -> tuple[str, str]:
    submission = submission_of(
        "Amt 40.xlsx", reading, desk.master, city=CITY, plan=PLAN, version="0"
    )
    (finding,) = submission.findings
    assert finding.rule == "D01"
    return sentence(finding)


def is_one_german_sentence(text: str) -> bool:
    bare = re.sub(r"„[^“]*“|\*\.\w+|z\. B\.", "", text)
    return (
        len(re.findall(r"[.?](?= |$)", bare)) == 1
        and text.endswith(".")
        and bool(re.match(r"[A-ZÄÖÜ„]", text))
        and not TECHNICAL.search(bare)
        and "{" not in text
    )


@pytest.mark.parametrize(
    "reason",
    [each for each in Reason if each not in {Reason.IS_FOLDER, Reason.SPECIAL_FILE}],
    ids=lambda each: each.value,
)
def test_each_reason_is_one_german_sentence_with_a_repair(reason: Reason, desk: Desk) -> None:
    message, repair = said(Reading("0" * 64, 1, Refusal(reason, tuple(FACTS.items()))), desk)
    assert is_one_german_sentence(message), message
    assert repair.startswith("Bitte "), repair
    assert is_one_german_sentence(repair), repair


@pytest.mark.parametrize("name", REFUSED)
def test_each_damaged_package_is_refused_in_one_german_sentence(
    name: str, desk: Desk, tmp_path: Path
) -> None:
    deed = REFUSED[name]
    reading = read_workbook(written(tmp_path, deed.make()), limits=deed.limits)
    message, repair = said(reading, desk)
    assert is_one_german_sentence(message), message
    assert is_one_german_sentence(repair), repair


@pytest.mark.parametrize("caution", Caution, ids=lambda each: each.value)
def test_nothing_remarkable_goes_unsaid(caution: Caution, desk: Desk) -> None:
    reading, _ = desk.read(desk.good)
    assert isinstance(reading.result, Workbook)
    result = Workbook(
        sheets=reading.result.sheets,
        properties=reading.result.properties,
        warnings=(Notice(caution, tuple(FACTS.items())),),
    )
    submission = submission_of(
        "Amt 40.xlsx", Reading("0" * 64, 1, result), desk.master, city=CITY, plan=PLAN, version="0"
    )
    first = submission.findings[0]
    assert first.place.file == "Amt 40.xlsx"
    message, _ = sentence(first)
    assert not TECHNICAL.search(message), message


REFUSING = frozenset({"D01", "D02", "D03", "D05", "D20", "D25", "D29"})


def plain(text: str) -> str:
    """A sentence of the catalogue with something in its places; «null» is a German number."""
    return re.sub(r"\{\w+\}", "7", text).replace("nicht null", "nicht 0")


@pytest.mark.parametrize("name", [each for each in catalogue() if each[:3] in REFUSING])
def test_each_refusal_of_the_catalogue_is_one_german_sentence_with_a_repair(name: str) -> None:
    entry = catalogue()[name]
    assert is_one_german_sentence(plain(entry.message)), entry.message
    assert is_one_german_sentence(plain(entry.repair)), entry.repair
    assert entry.repair.startswith("Bitte "), entry.repair


def test_no_sentence_about_files_and_cells_is_technical() -> None:
    texts = [
        plain(text)
        for name, entry in catalogue().items()
        if name[0] in "DZ"
        for text in (entry.message, entry.repair)
    ]
    assert [text for text in texts if TECHNICAL.search(text) or "!" in text] == []
    assert [text for text in texts if not re.match(r"[A-ZÄÖÜ„7]", text) or text[-1] not in ".?7"] == []  # fmt: skip
