"""Random damage: a damaged file is refused, or every value is what the file says; nothing else."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import (
    CellType,
    Refusal,
    Workbook,
    column_letters,
    column_number,
)
from tests.intake.packages import MAIN, Parts, cells, parts, sheet_xml, texts_xml, written, zipped

ROWS = "".join(
    cells(
        f'<c r="A{n}" t="s"><v>{n % 3}</v></c>',
        f'<c r="B{n}" s="1"><v>{n * 1234.56:.2f}</v></c>',
        f'<c r="C{n}" s="1"/>',
        f'<c r="D{n}"><f>B{n}*2</f><v>{n * 2469.12:.2f}</v></c>',
        f'<c r="E{n}" t="inlineStr"><is><t>Erläuterung {n}</t></is></c>',
    ).replace('r="1"', f'r="{n}"', 1)
    for n in range(1, 31)
)
HONEST: Parts = parts(
    sheet=sheet_xml(ROWS), texts=texts_xml("<t>Straße</t>", "<t>Schule</t>", "<t>Brücke</t>")
)
SNIPPETS = (
    b"<v>", b"</v>", b"<c", b'"', b"<", b">", b"&", b"\0", b"-", b"9" * 400, b"<!--", b"1e9",
    b'r="B7"', b't="s"', b"<row>", b"</row>", b"/>", b"\xff", b"_x000D_", b"&#x1F600;",
)  # fmt: skip


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One to three changes: a byte, a piece cut out, doubled or moved, a snippet of XML put in."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data))
        length = chance.randint(1, 40)
        match chance.randrange(5):
            case 0:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 1:
                data = data[:at] + data[at + length :]
            case 2:
                data = data[:at] + data[at : at + length] + data[at:]
            case 3:
                data = data[:at] + chance.choice(SNIPPETS) + data[at:]
            case _:
                to = chance.randrange(len(data))
                data = data[:to] + data[at : at + length] + data[to:]
    return data


def read(folder: Path, data: bytes) -> Workbook | Refusal:
    return read_workbook(written(folder, data)).result


@pytest.mark.parametrize("seed", range(150))
def test_damage_to_a_part_is_refused_or_seen_by_both_readers(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    name = chance.choice(sorted(HONEST))
    result = read(tmp_path, zipped(HONEST | {name: mutated(HONEST[name], chance)}))

    if isinstance(result, Refusal):
        assert all(isinstance(value, str) for _, value in result.values)
        return
    for sheet in result.sheets:
        references = [cell.reference for cell in sheet.cells]
        assert len(references) == len(set(references))
        for cell in sheet.cells:
            if cell.cached and cell.type is CellType.NUMBER:
                float(cell.raw)
    assert (result.disagreements == ()) is (result.second_reading != "disagreed")


@pytest.mark.parametrize("seed", range(60))
def test_damage_to_the_container_is_refused_or_changes_nothing(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    whole = read(tmp_path, zipped(HONEST))
    damaged = mutated(zipped(HONEST), chance)
    result = read(tmp_path, damaged)

    assert isinstance(whole, Workbook)
    if isinstance(result, Workbook):
        assert result.sheets == whole.sheets


# --- changes that leave the XML well-formed, checked against a reader of ten lines ---

M = f"{{{MAIN}}}"
VALUES = ("7", "-0.5", " 8 ", "", "1e3", "abc", "1_0", "0", "2", "3", "true", "#N/A", "2026-01-31")
REFERENCES = ("B7", "A1", "ZZ9", "b7", "XFE1", "D31", "B")
TYPES = ("s", "n", "str", "b", "e", "d", "inlineStr", "x")


def tampered(data: bytes, chance: random.Random) -> bytes:
    """One or two changes to rows and cells, as a careless program makes them."""
    root = ET.fromstring(data)  # noqa: S314
    rows = root.find(f"{M}sheetData")
    assert rows is not None
    for _ in range(chance.randint(1, 2)):
        row = chance.choice(list(rows))
        if chance.randrange(2):
            tamper_with_row(rows, row, chance)
        else:
            tamper_with_cell(chance.choice(list(row) or [row]), chance)
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True))


def tamper_with_row(rows: ET.Element, row: ET.Element, chance: random.Random) -> None:
    match chance.randrange(5):
        case 0:
            rows.remove(row)
            rows.append(row)
        case 1:
            row.attrib.pop("r", None)
        case 2:
            row.append(chance.choice(list(row) or [row]))
        case 3:
            chance.choice(list(row) or [row]).insert(0, ET.Comment("x"))
        case _:
            row[:] = chance.sample(list(row), len(row))


def tamper_with_cell(cell: ET.Element, chance: random.Random) -> None:
    match chance.randrange(5):
        case 0:
            cell.attrib.pop("r", None)
        case 1:
            cell.set("r", chance.choice(REFERENCES))
        case 2:
            cell.set("t", chance.choice(TYPES))
        case 3:
            cell.set("s", chance.choice(("0", "2", "77", "-1")))
        case _:
            for value in cell.iter(f"{M}v"):
                value.text = chance.choice(VALUES)


def naively_read(data: bytes) -> dict[str, str]:
    """Every value by reference, for files that the reader accepts; it checks nothing."""
    shared = ("Straße", "Schule", "Brücke")
    found: dict[str, str] = {}
    row_number = 0
    for row in ET.fromstring(data).iter(f"{M}row"):  # noqa: S314
        listed = [cell.get("r") for cell in row.iter(f"{M}c") if cell.get("r")]
        guess = listed[0].lstrip("ABCDEZ") if listed and listed[0] else row_number + 1
        row_number = int(row.get("r", guess))
        column = 0
        for cell in row.iter(f"{M}c"):
            reference = cell.get("r") or f"{column_letters(column + 1)}{row_number}"
            column = column_number(reference.rstrip("0123456789"))
            text = "".join(
                part.text or "" for part in cell.iter() if part.tag in {M + "v", M + "t"}
            )
            kind = cell.get("t", "n")
            text = text if kind in {"str", "inlineStr"} else text.strip()
            value = shared[int(text)] if kind == "s" and text else text
            if value or cell.find(f"{M}f") is not None:
                found[reference] = value
    return found


@pytest.mark.parametrize("seed", range(300))
def test_what_is_accepted_is_read_to_the_letter(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    name = "xl/worksheets/sheet1.xml"
    data = tampered(HONEST[name], chance)
    result = read(tmp_path, zipped(HONEST | {name: data}))

    if isinstance(result, Refusal):
        assert dict(result.values)["sheet"] == "Kosten"
        assert dict(result.values)["cell"]
        return
    (sheet,) = result.sheets
    assert {cell.reference: cell.raw for cell in sheet.cells} == naively_read(data)


def test_the_tampering_is_neither_always_refused_nor_always_accepted(tmp_path: Path) -> None:
    name = "xl/worksheets/sheet1.xml"
    outcomes = [
        type(read(tmp_path, zipped(HONEST | {name: tampered(HONEST[name], random.Random(seed))})))
        for seed in range(60)
    ]

    assert min(outcomes.count(Workbook), outcomes.count(Refusal)) >= 10
