"""What the declaration asks of single cells: required, bounds, patterns, lengths, keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.model.findings import Blocks, Severity
from pipeline.validation import validate
from tests.rules.returns import (
    LOCKED,
    UNREADABLE,
    Row,
    a_commitment,
    a_cost,
    a_measure,
    a_return,
    a_saving,
    a_sound_master,
    findings,
    frames_of,
    said,
    text,
)


def test_a_valid_row_of_each_sheet_is_said_nothing_about() -> None:
    costs = [
        a_cost(),
        a_cost(product="541.10", line="F08", measure="M-T61-001", continuation="entfällt"),
    ]
    measures = [a_measure(product="541.10", type="investiv")]
    assert said(costs=costs, measures=measures, commitments=[a_commitment()]) == []


def test_an_empty_amount_in_a_started_row_is_not_null() -> None:
    assert said(costs=[a_cost(amount_2029=None)]) == [("Z09", "Ansätze!L7")]


def test_zero_is_an_amount() -> None:
    assert said(costs=[a_cost(amount_2029=0)]) == []


def test_a_continuation_fills_later_years_but_never_the_first() -> None:
    later = {"amount_2028": None, "amount_2029": None, "amount_2030": None}
    assert said(costs=[a_cost(continuation="wie Ansatz", **later)]) == []
    assert said(costs=[a_cost(continuation="einzeln", **later)]) == [
        ("Z09", "Ansätze!K7"),
        ("Z09", "Ansätze!L7"),
        ("Z09", "Ansätze!M7"),
    ]
    assert said(costs=[a_cost(continuation="entfällt", amount_2027=None, **later)]) == [
        ("Z09", "Ansätze!J7")
    ]


def test_an_unreadable_cell_is_not_also_called_empty() -> None:
    assert said(costs=[a_cost(amount_2027=UNREADABLE)]) == []
    assert said(costs=[a_cost(continuation=UNREADABLE, amount_2028=None)]) == []
    assert said(measures=[a_measure(title=UNREADABLE)]) == []


def test_a_locked_cell_is_never_expected_to_be_filled() -> None:
    assert said(costs=[a_cost(amount_2027=LOCKED)]) == []


def test_a_measure_needs_title_and_product() -> None:
    assert said(measures=[a_measure(title=None)]) == [("M01", "Maßnahmen!C7")]
    assert said(measures=[a_measure(product=None)]) == [("M01", "Maßnahmen!D7")]


def test_other_required_cells_are_asked_for_by_name() -> None:
    found = findings(measures=[a_measure(status=None)])
    assert [(each.rule, each.place.cell) for each in found] == [("Z14", "G7")]
    assert "„Status“" in text(found, "Z14")


def test_amounts_have_an_upper_bound() -> None:
    found = findings(costs=[a_cost(amount_2030=1_000_000_000_001)])
    assert ("Z13", "M7") in [(each.rule, each.place.cell) for each in found]
    assert "10.000.000.000" in text(found, "Z13")


def test_a_negative_total_is_below_its_bound() -> None:
    found = findings(measures=[a_measure(later=-1)])
    assert [(each.rule, each.values["variant"]) for each in found] == [("Z13", "minimum")]


def test_a_measure_number_has_its_form_and_the_sentence_shows_it() -> None:
    found = findings(measures=[a_measure(measure="Massnahme 1")])
    assert [(each.rule, each.place.cell) for each in found] == [("Z16", "B7")]
    assert "M-…-001" in text(found, "Z16")


def test_a_text_may_be_too_long() -> None:
    assert said(measures=[a_measure(title="x" * 250)]) == []
    assert said(measures=[a_measure(title="x" * 251)]) == [("Z21", "Maßnahmen!C7")]


def test_a_saving_without_effect_is_refused() -> None:
    master = a_sound_master(settings={"uses_savings": True})
    assert said(master, savings=[a_saving()]) == []
    assert said(master, savings=[a_saving(effect=None)]) == [("H01", "Konsolidierung!F7")]


def test_a_measure_number_stands_once_in_a_file() -> None:
    twice = [a_measure(), a_measure(title="Etwas ganz anderes")]
    found = findings(measures=twice)
    assert [(each.rule, each.place.cell) for each in found] == [("M02", "B8")]
    assert "Zeile 7" in text(found, "M02")


def test_a_measure_number_stands_once_in_the_city_and_both_files_are_told() -> None:
    master = a_sound_master()
    other = a_return(master, unit="T12", measures=[a_measure(product="111.30")])
    found = findings(master, other, measures=[a_measure()])
    assert [(each.rule, each.place.file, each.place.cell) for each in found] == [
        ("M02", "T12.xlsx", "B7"),
        ("M02", "T61.xlsx", "B7"),
    ]


def test_the_same_key_in_two_departments_is_no_fault_where_keys_are_their_own() -> None:
    master = a_sound_master()
    other = a_return(master, unit="T12", product_texts=[{"product": "511.10"}])
    assert said(master, other, product_texts=[{"product": "511.10"}]) == []


def test_a_key_twice_in_one_sheet_is_named_at_its_second_row() -> None:
    rows = [{"product": "511.10"}, {"product": "541.10"}, {"product": "511.10"}]
    found = findings(product_texts=rows)
    assert [(each.rule, each.place.cell) for each in found] == [("S10", "B9")]
    assert "Zeile 7 und Zeile 9" in text(found, "S10")


def test_cost_rows_need_not_be_unique() -> None:
    assert said(costs=[a_cost(position="Gutachten"), a_cost(position="Pläne")]) == []


@pytest.mark.parametrize(
    ("table", "row", "blocks"),
    [
        ("costs", a_cost(line=None), Blocks.MONEY),
        ("product_texts", {"product": "511.10", "audience": "x" * 501}, Blocks.MONEY),
        ("kpis", {"kpi": "K-001", "remark": "x" * 2001}, Blocks.KEY_FIGURES),
    ],
)
def test_a_fault_keeps_out_the_part_its_table_belongs_to(
    table: str, row: Row, blocks: Blocks
) -> None:
    rows: Any = {table: [row]}
    found = findings(**rows)
    assert {each.blocks for each in found if each.severity is Severity.ERROR} == {blocks}


def test_cells_are_named_where_they_lie_in_their_own_file() -> None:
    master = a_sound_master()
    unit, _, blocks = a_return(master, costs=[a_cost(), a_cost(amount_2027=None)])
    block = blocks["costs"]
    moved = replace(block, rows=(9, 31), letters={**block.letters, "amount_2027": "ZZ"})
    found = findings(
        master,
        (unit, "eigene/Datei.xlsx", {**blocks, "costs": replace(moved, file="eigene/Datei.xlsx")}),
    )
    assert [(each.place.file, each.place.cell) for each in found] == [("eigene/Datei.xlsx", "ZZ31")]


def test_a_column_that_is_missing_from_a_file_is_not_reported_row_by_row() -> None:
    master = a_sound_master()
    unit, file, blocks = a_return(master, costs=[a_cost(amount_2028=None), a_cost(line="99")])
    letters = {
        name: each for name, each in blocks["costs"].letters.items() if name != "amount_2028"
    }
    without = {**blocks, "costs": replace(blocks["costs"], letters=letters)}
    frames = frames_of(master, (unit, file, without))
    found = validate(frames, master.submission, "template")
    assert [(each.rule, each.place.cell) for each in found] == [("S13", "C8")]
