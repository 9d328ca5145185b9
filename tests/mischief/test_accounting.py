"""Whatever is written into a return: every cell is booked, ours, or named by a finding."""

from __future__ import annotations

import datetime as dt
import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string, range_boundaries

from pipeline.excel.reader.reading import Reading
from pipeline.excel.reader.reading import Workbook as Read
from pipeline.model.blocks import State
from pipeline.model.findings import Blocks, Finding, Severity
from pipeline.model.submission import Submission
from pipeline.model.tables import Kind
from tests.mischief.deeds import package_of, parts_of
from tests.mischief.desk import Desk

SHEETS = (
    "Hinweise", "Produkttexte", "Maßnahmen", "Ansätze", "Verpflichtungen", "Kennzahlen",
    "Freigabe", "Listen", "_meta", "Neu",
)  # fmt: skip
CONTENT = st.one_of(
    st.sampled_from(
        [
            "x", "0", "-", "k. A.", "870 T€", "1.234", "211.10", "13", "M-T40-001", "wie Ansatz",
            "zh:costs:12:71", "amount_2027", "K-1", "freigegeben", " ", "=1", "T61", "2027",
        ]
    ),
    st.integers(-(10**15), 10**15),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 4)),
    st.booleans(),
    st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=12),
)  # fmt: skip
WRITES = st.lists(
    st.tuples(st.sampled_from(SHEETS), st.integers(1, 90), st.integers(1, 28), CONTENT),
    min_size=1,
    max_size=25,
)


def names(finding: Finding, sheet: str, cell: str) -> bool:
    """Whether a finding speaks of a cell: by itself, in its area, or of its column, sheet or
    file.
    """
    place = finding.place
    if not place.sheet and finding.blocks is Blocks.RETURN and finding.severity is Severity.ERROR:
        return True
    if finding.rule == "D29" or finding.values.get("variant") == "aged":
        return True
    if place.sheet != sheet:
        return False
    if finding.rule in {"D08", "D23"} or place.cell == cell:
        return True
    letter, row = coordinate_from_string(cell)
    if finding.rule in {"D10", "D11"} and place.cell.rstrip("0123456789") == letter:
        return True
    if finding.rule == "D10" and finding.place.row == 0 and row == 3:
        return True  # a name of the key row that stands there twice
    for area in (finding.values.get("bereich", ""), finding.values.get("bereich_aller", "")):
        if re.fullmatch(r"[A-Z]+\d+:[A-Z]+\d+", area):
            left, top, right, bottom = (int(each or 0) for each in range_boundaries(area))
            if left <= column_index_from_string(letter) <= right and top <= row <= bottom:
                return True
    return False


def written(good: bytes, writes: list[tuple[str, int, int, object]]) -> bytes:
    book = load_workbook(io.BytesIO(good))
    for name, row, column, value in writes:
        sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
        cell = sheet.cell(row, column)
        if type(cell).__name__ == "MergedCell":
            continue
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def filled(book: Workbook) -> set[tuple[str, str]]:
    """The cells that hold something. (Under a link whose text is gone openpyxl shows the target.)"""
    return {
        (sheet.title, cell.coordinate)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
        and not (cell.hyperlink and cell.value in {cell.hyperlink.location, cell.hyperlink.target})
    }


@settings(max_examples=12)
@given(writes=WRITES)
def test_booked_and_template_and_named_are_all_cells(
    desk: Desk, writes: list[tuple[str, int, int, object]]
) -> None:
    data = written(desk.good, writes)
    _, submission = desk.read(data)
    cells = submission.cells
    assert set(cells["use"]) <= {"booked", "template", "named"}
    there = list(zip(cells["sheet"], cells["cell"], strict=True))
    assert len(there) == len(set(there))
    assert set(there) == filled(load_workbook(io.BytesIO(data)))
    named = cells[cells["use"] == "named"]
    for sheet, cell in zip(named["sheet"], named["cell"], strict=True):
        assert any(names(each, sheet, cell) for each in submission.findings), (sheet, cell)
    assert booked_cells(submission) <= set(there)


def booked_cells(submission: Submission) -> set[tuple[str, str]]:
    """The cells behind every unlocked value of the blocks."""
    return {
        (block.sheet, f"{block.letters[name]}{row}")
        for block in submission.blocks.values()
        for index, row in enumerate(block.rows)
        for name in block.table.names
        if not block.locked[name].iloc[index]
        and int(block.state[name].iloc[index]) == State.VALUE.value
    }


# --- mutations of single cells, in the file itself --------------------------------------------

Mutation = Callable[[str, random.Random], str]
_CELL = re.compile(r'<c r="([A-Z]+)(\d+)"([^>]*?)(?:/>|>(.*?)</c>)', re.DOTALL)


def _pick(xml: str, chance: random.Random) -> re.Match[str]:
    return chance.choice([hit for hit in _CELL.finditer(xml) if hit[4]])


def _replaced(xml: str, hit: re.Match[str], text: str) -> str:
    return xml[: hit.start()] + text + xml[hit.end() :]


def another_value(xml: str, chance: random.Random) -> str:
    hit = _pick(xml, chance)
    value = chance.choice(["1", "-5", "0", "870000.005", "1e5", "1E400", "nan", "", "7 7", "0x1"])
    return _replaced(xml, hit, f'<c r="{hit[1]}{hit[2]}"{hit[3]}><v>{value}</v></c>')


def another_type(xml: str, chance: random.Random) -> str:
    hit = _pick(xml, chance)
    kind = chance.choice(["n", "s", "str", "b", "e", "d", "inlineStr", "zzz"])
    rest = re.sub(r' t="\w+"', "", hit[3])
    return _replaced(xml, hit, f'<c r="{hit[1]}{hit[2]}"{rest} t="{kind}">{hit[4]}</c>')


def another_place(xml: str, chance: random.Random) -> str:
    hit = _pick(xml, chance)
    row = chance.choice(["1", "12", "14", "40", "1048577", "0", "-3", "٣"])
    return _replaced(xml, hit, hit[0].replace(f'r="{hit[1]}{hit[2]}"', f'r="{hit[1]}{row}"'))


def doubled(xml: str, chance: random.Random) -> str:
    hit = _pick(xml, chance)
    return _replaced(xml, hit, hit[0] + hit[0].replace("<v>", "<v>1"))


def gone(xml: str, chance: random.Random) -> str:
    return _replaced(xml, _pick(xml, chance), "")


def another_style(xml: str, chance: random.Random) -> str:
    hit = _pick(xml, chance)
    style = chance.choice(["0", "1", "5", "9", "99999", "-1", "x"])
    rest = re.sub(r' s="\d+"', "", hit[3])
    return _replaced(xml, hit, f'<c r="{hit[1]}{hit[2]}" s="{style}"{rest}>{hit[4]}</c>')


def a_formula(xml: str, chance: random.Random) -> str:
    hit = _pick(xml, chance)
    cached = chance.choice(["", "<v></v>", "<v>4711</v>", "<v>Text</v>"])
    rest = re.sub(r' t="\w+"', "", hit[3])
    return _replaced(xml, hit, f'<c r="{hit[1]}{hit[2]}"{rest}><f>1+1</f>{cached}</c>')


def swapped(xml: str, chance: random.Random) -> str:
    one, other = sorted(
        (_pick(xml, chance), _pick(xml, chance)), key=lambda hit: (hit.start(), hit.end())
    )
    if one.start() == other.start():
        return xml
    a, b = f'r="{one[1]}{one[2]}"', f'r="{other[1]}{other[2]}"'
    between = xml[one.end() : other.start()]
    return xml[: one.start()] + one[0].replace(a, b) + between + other[0].replace(b, a) + xml[other.end() :]  # fmt: skip


def a_row_gone(xml: str, chance: random.Random) -> str:
    hit = chance.choice(list(re.finditer(r"<row .*?</row>", xml, re.DOTALL)))
    return _replaced(xml, hit, "")


def another_row_number(xml: str, chance: random.Random) -> str:
    hit = chance.choice(list(re.finditer(r'<row r="(\d+)"', xml)))
    return _replaced(xml, hit, f'<row r="{int(hit[1]) + chance.choice([-1, 1, 50])}"')


def a_byte(xml: str, chance: random.Random) -> str:
    place = chance.randrange(len(xml))
    return xml[:place] + chance.choice('<>&"/ 09azÄ\x01') + xml[place + 1 :]


MUTATIONS: tuple[Mutation, ...] = (
    another_value, another_type, another_place, doubled, gone, another_style, a_formula, swapped,
    a_row_gone, another_row_number, a_byte,
)  # fmt: skip


def mutated(good: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    parts = parts_of(good)
    names_ = sorted(name for name in parts if name.startswith("xl/worksheets/sheet"))
    if chance.random() < 0.1:
        names_ = sorted(name for name in parts if re.fullmatch(r"xl/\w+\.xml", name))
        return package_of(_with(parts, chance.choice(names_), a_byte, chance))
    return package_of(_with(parts, chance.choice(names_), chance.choice(MUTATIONS), chance))


def _with(
    parts: Mapping[str, bytes], name: str, mutation: Mutation, chance: random.Random
) -> dict[str, bytes]:
    text = mutation(parts[name].decode(), chance)
    return {**parts, name: text.encode("utf-8", "surrogatepass")}


def contradictions(reading: Reading, submission: Submission, data: bytes) -> Iterator[str]:
    """Booked values that openpyxl reads differently and that no finding names; and cells that it
    sees and nobody accounts for.
    """
    try:
        book = load_workbook(io.BytesIO(data), data_only=True)
    except Exception:  # noqa: BLE001 - it has no closed set of exceptions; then calamine is the witness
        said = any(each.rule in {"D26", "D27"} for each in submission.findings)
        if not isinstance(reading.result, Read) or not (
            said or reading.result.second_reading == "agreed"
        ):
            yield "no witness"
        return
    accounted = set(zip(submission.cells["sheet"], submission.cells["cell"], strict=True))
    yield from (f"unaccounted {each}" for each in filled(book) - accounted)
    for block in submission.blocks.values():
        for column in block.table.columns:
            if column.kind is not Kind.MONEY or column.name not in block.letters:
                continue
            for index, row in enumerate(block.rows):
                if block.locked[column.name].iloc[index]:
                    continue
                cell = f"{block.letters[column.name]}{row}"
                value = book[block.sheet][cell].value
                booked = block.frame[column.name].iloc[index]
                mine = None if int(block.state[column.name].iloc[index]) != State.VALUE.value else int(booked)  # fmt: skip
                theirs = round(Decimal(str(value)) * 100) if _is_number(value) else None
                if mine != theirs and not any(
                    names(each, block.sheet, cell) for each in submission.findings
                ):
                    yield f"{block.sheet}!{cell}: {mine} and {theirs}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def outcome(desk: Desk, seed: int) -> tuple[str, list[str]]:
    """How a mutant ends: refused, or read; and what is wrong with its reading."""
    data = mutated(desk.good, seed)
    try:
        with zipfile.ZipFile(io.BytesIO(data)):
            pass
    except zipfile.BadZipFile:
        return "refused", []
    reading, submission = desk.read(data)
    if any(each.blocks is Blocks.RETURN and each.blocking for each in submission.findings):
        return "refused", []
    named = submission.cells[submission.cells["use"] == "named"]
    silent = [
        f"silent {sheet}!{cell}"
        for sheet, cell in zip(named["sheet"], named["cell"], strict=True)
        if not any(names(each, sheet, cell) for each in submission.findings)
    ]
    return "read", [*silent, *contradictions(reading, submission, data)]


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_a_mutant_is_refused_or_read_as_it_is(desk: Desk, start: int) -> None:
    found = {seed: outcome(desk, seed) for seed in range(start, start + 50)}
    assert {seed: wrong for seed, (_, wrong) in found.items() if wrong} == {}
    assert {how for how, _ in found.values()} == {"refused", "read"}


@pytest.mark.long
@pytest.mark.parametrize("start", range(1_000, 6_000, 250))
def test_thousands_of_mutants_are_refused_or_read_as_they_are(desk: Desk, start: int) -> None:
    found = {seed: outcome(desk, seed) for seed in range(start, start + 250)}
    assert {seed: wrong for seed, (_, wrong) in found.items() if wrong} == {}
