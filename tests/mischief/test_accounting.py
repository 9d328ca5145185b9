"""Whatever is written into a return: every cell is booked, ours, or named by a finding."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
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
from openpyxl.cell.cell import Cell
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string, range_boundaries

from pipeline.excel.reader.reading import Reading
from pipeline.excel.reader.reading import Workbook as Read
from pipeline.model.blocks import State
from pipeline.model.findings import Blocks, Finding, Severity
from pipeline.model.submission import Submission
from pipeline.model.tables import Kind
from tests.mischief.deeds import parts_of
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


@contextlib.contextmanager
def scribbled(book: Workbook, writes: list[tuple[str, int, int, object]]) -> Iterator[None]:
    """Writes into an open workbook, and takes everything back afterwards: opening it anew for each
    example would cost more than reading it.
    """
    before = []
    for name, row, column, value in writes:
        sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
        cell = sheet.cell(row, column)
        if not isinstance(cell, Cell):
            continue  # inside a merge there is nothing to write into
        before.append((cell, cell.value, cell.data_type, cell.number_format))
        cell.value = value  # type: ignore[assignment]
        if isinstance(value, str):
            cell.data_type = "s"
    yield
    for cell, value, kind, number_format in reversed(before):
        cell.value = value
        cell.data_type = kind
        cell.number_format = number_format
    if "Neu" in book.sheetnames:
        del book["Neu"]


@pytest.fixture(scope="module")
def open_book(small_desk: Desk) -> Workbook:
    """The good return, opened once."""
    return load_workbook(io.BytesIO(small_desk.good))


def contents(book: Workbook) -> dict[str, dict[str, object]]:
    """The cells that hold something, by sheet. (Under a link whose text is gone openpyxl shows the
    target.)
    """
    return {
        sheet.title: {
            cell.coordinate: cell.value
            for row in sheet.iter_rows()
            for cell in row
            if cell.value is not None
            and not (
                cell.hyperlink and cell.value in {cell.hyperlink.location, cell.hyperlink.target}
            )
        }
        for sheet in book
    }


@settings(max_examples=30)
@given(writes=WRITES)
def test_booked_and_template_and_named_are_all_cells(
    small_desk: Desk, open_book: Workbook, writes: list[tuple[str, int, int, object]]
) -> None:
    data = io.BytesIO()
    with scribbled(open_book, writes):
        there = {(sheet, cell) for sheet, cells in contents(open_book).items() for cell in cells}
        open_book.save(data)
    _, submission = small_desk.read(data.getvalue())
    cells = submission.cells
    assert set(cells["use"]) <= {"booked", "template", "named"}
    seen = list(zip(cells["sheet"], cells["cell"], strict=True))
    assert len(seen) == len(set(seen))
    assert set(seen) == there
    named = cells[cells["use"] == "named"]
    for sheet, cell in zip(named["sheet"], named["cell"], strict=True):
        assert any(names(each, sheet, cell) for each in submission.findings), (sheet, cell)
    assert booked_cells(submission) <= there


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
_SHEETS = "xl/worksheets/sheet"
_NO_CELLS = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData/>'
    b"</worksheet>"
)
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


def mutated(good: Mapping[str, bytes], seed: int) -> dict[str, bytes]:
    """The parts of a good return with a fault in one of them."""
    chance = random.Random(seed)
    names_ = sorted(name for name in good if name.startswith(_SHEETS))
    if chance.random() < 0.1:
        names_ = sorted(name for name in good if re.fullmatch(r"xl/\w+\.xml", name))
        return _with(good, chance.choice(names_), a_byte, chance)
    return _with(good, chance.choice(names_), chance.choice(MUTATIONS), chance)


def _with(
    parts: Mapping[str, bytes], name: str, mutation: Mutation, chance: random.Random
) -> dict[str, bytes]:
    text = mutation(parts[name].decode(), chance)
    return {**parts, name: text.encode("utf-8", "surrogatepass")}


def seen_by_openpyxl(parts: Mapping[str, bytes], good: bytes) -> dict[str, dict[str, object]]:
    """Every filled cell of a mutant, by sheet. A sheet that is, byte for byte, that of the good
    return is not opened once more: openpyxl costs more than all the rest.
    """
    original = good_parts(good)
    if any(parts[name] != original[name] for name in parts if not name.startswith(_SHEETS)):
        return contents(load_workbook(io.BytesIO(packed(parts)), data_only=True))
    same = {name for name in parts if name.startswith(_SHEETS) and parts[name] == original[name]}
    light = {**parts, **dict.fromkeys(same, _NO_CELLS)}
    fresh = contents(load_workbook(io.BytesIO(packed(light)), data_only=True))
    whole = good_contents(good)
    return {
        sheet: whole[sheet] if f"{_SHEETS}{number}.xml" in same else fresh[sheet]
        for number, sheet in enumerate(whole, start=1)
    }


@functools.cache
def good_parts(good: bytes) -> dict[str, bytes]:
    return parts_of(good)


@functools.cache
def good_contents(good: bytes) -> dict[str, dict[str, object]]:
    return contents(load_workbook(io.BytesIO(good), data_only=True))


def packed(parts: Mapping[str, bytes]) -> bytes:
    """A package that costs no compression."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return data.getvalue()


def contradictions(
    reading: Reading, submission: Submission, parts: Mapping[str, bytes], good: bytes
) -> Iterator[str]:
    """Booked values that openpyxl reads differently and that no finding names; and cells that it
    sees and nobody accounts for.
    """
    try:
        witness = seen_by_openpyxl(parts, good)
    except Exception:  # noqa: BLE001 - it has no closed set of exceptions; then calamine is the witness
        said = any(each.rule in {"D26", "D27"} for each in submission.findings)
        if not isinstance(reading.result, Read) or not (
            said or reading.result.second_reading == "agreed"
        ):
            yield "no witness"
        return
    places = zip(submission.cells["sheet"], submission.cells["cell"], strict=True)
    accounted = dict(zip(places, submission.cells["raw"], strict=True))
    there = {(sheet, cell): value for sheet in witness for cell, value in witness[sheet].items()}
    yield from (f"unaccounted {each}" for each in there.keys() - accounted.keys())
    for sheet, cell in sorted(booked_cells(submission)):
        raw, theirs = accounted[sheet, cell], there.get((sheet, cell))
        if not same(raw, theirs) and not any(names(f, sheet, cell) for f in submission.findings):
            yield f"{sheet}!{cell}: {raw} and {theirs}"
    for sheet, cell, mine in amounts(submission):
        theirs = there.get((sheet, cell))
        cents = round(Decimal(str(theirs)) * 100) if _is_number(theirs) else None
        if mine != cents and not any(names(f, sheet, cell) for f in submission.findings):
            yield f"{sheet}!{cell}: {mine} and {cents} cents"


def same(raw: str, theirs: object) -> bool:
    """Whether the stored text and what openpyxl makes of it are one value."""
    if isinstance(theirs, bool):
        return raw == str(int(theirs))
    if _is_number(theirs):
        return float(raw) == theirs
    if isinstance(theirs, dt.date | dt.time | dt.timedelta):
        return bool(re.fullmatch(r"-?[\d.:TZ -]+", raw))
    return raw.strip() == str(theirs or "").strip()


def amounts(submission: Submission) -> Iterator[tuple[str, str, int | None]]:
    """Every unlocked cell of a column of money, with its cents."""
    for block in submission.blocks.values():
        for column in block.table.columns:
            if column.kind is not Kind.MONEY or column.name not in block.letters:
                continue
            for index, row in enumerate(block.rows):
                if block.locked[column.name].iloc[index]:
                    continue
                value = int(block.state[column.name].iloc[index]) == State.VALUE.value
                cents = int(block.frame[column.name].iloc[index]) if value else None
                yield block.sheet, f"{block.letters[column.name]}{row}", cents


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def outcome(desk: Desk, seed: int) -> tuple[str, list[str]]:
    """How a mutant ends: refused, or read; and what is wrong with its reading."""
    parts = mutated(good_parts(desk.good), seed)
    reading, submission = desk.read(packed(parts))
    if any(each.blocks is Blocks.RETURN and each.blocking for each in submission.findings):
        return "refused", []
    named = submission.cells[submission.cells["use"] == "named"]
    silent = [
        f"silent {sheet}!{cell}"
        for sheet, cell in zip(named["sheet"], named["cell"], strict=True)
        if not any(names(each, sheet, cell) for each in submission.findings)
    ]
    return "read", [*silent, *contradictions(reading, submission, parts, desk.good)]


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_a_mutant_is_refused_or_read_as_it_is(small_desk: Desk, start: int) -> None:
    found = {seed: outcome(small_desk, seed) for seed in range(start, start + 50)}
    assert {seed: wrong for seed, (_, wrong) in found.items() if wrong} == {}
    assert {how for how, _ in found.values()} == {"refused", "read"}


@pytest.mark.long
@pytest.mark.parametrize("start", range(1_000, 6_000, 250))
def test_thousands_of_mutants_are_refused_or_read_as_they_are(small_desk: Desk, start: int) -> None:
    found = {seed: outcome(small_desk, seed) for seed in range(start, start + 250)}
    assert {seed: wrong for seed, (_, wrong) in found.items() if wrong} == {}
