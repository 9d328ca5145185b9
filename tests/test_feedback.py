"""The receipt: what became of a return, sums to compare with one's own, and what to look at, with
links.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipeline.excel.feedback.feedback import entry_text, write_receipt
from pipeline.model.results import Results
from tests.conftest import Convert
from tests.results_builder import CITY, HASHES, PLAN, results

# openpyxl describes a cell as the union of everything that could stand in one.
Workbook = Any
Worksheet = Any
ENTERED = (2027, 2028, 2029, 2030)


def test_an_accepted_return_is_thanked_for_and_named_with_its_hash(tmp_path: Path) -> None:
    texts = _texts(_receipt("40", tmp_path)["Quittung"])

    assert "Quittung: 40 Team Schule und Sport" in texts
    assert "✓ Vielen Dank! Ihr Rücklauf ist angekommen und vollständig übernommen." in texts
    assert {"40.xlsx", HASHES["40.xlsx"], "✓ angenommen", "0 Fehler, 1 Warnung, 0 Hinweise"} <= set(
        texts
    )
    assert "1. Bitte vergleichen Sie die Summen unten mit Ihren eigenen." in texts


def test_the_sums_are_those_of_the_figures_that_count(tmp_path: Path) -> None:
    figures = results().tables["figures"]
    mine = figures[
        (figures["unit"] == "40") & figures["year"].isin(ENTERED) & (figures["origin"] != "listed")
    ]
    totals = mine.groupby(["product", "kind", "year"], as_index=False)["cents"].sum()
    columns = (totals[name] for name in ("product", "kind", "year", "cents"))
    expected = {(p, k, y): cents for p, k, y, cents in zip(*columns, strict=True)}
    labels = {
        "revenue": "Ertrag", "expense": "Aufwand", "receipt": "Einzahlung", "payment": "Auszahlung",
        "internal_expense": "interner Aufwand",
    }  # fmt: skip

    shown = _sums(_receipt("40", tmp_path)["Quittung"])

    assert shown == {(p, labels[k], y): cents for (p, k, y), cents in expected.items()}


def test_the_sums_are_alive_and_cached_correctly(tmp_path: Path, convert: Convert) -> None:
    """Also where two product numbers look like the same decimal number (211.1 and 211.10)."""
    path = tmp_path / "40.xlsx"
    write_receipt(results(), "40", path)
    formulas = {
        (sheet.title, c.coordinate): str(c.value)
        for sheet in openpyxl.load_workbook(path)
        for row in sheet.iter_rows()
        for c in row
        if c.data_type == "f"
    }
    cached = openpyxl.load_workbook(path, data_only=True)
    recalculated = openpyxl.load_workbook(
        convert(path, outdir=tmp_path / "neu", recalculate=True), data_only=True
    )

    wrong = [
        (where, text)
        for where, text in formulas.items()
        if float(str(cached[where[0]][where[1]].value))
        != float(str(recalculated[where[0]][where[1]].value))
    ]

    assert len(formulas) > 40
    assert all(text.startswith("=ROUND(") for text in formulas.values())
    assert wrong == []


def test_the_net_cost_stands_beside_the_ceiling(tmp_path: Path) -> None:
    sheet = _receipt("40", tmp_path)["Quittung"]
    rows = {sheet.cell(r, 3).value: r for r in range(1, sheet.max_row + 1)}
    net = sheet.cell(rows["Zuschussbedarf (Aufwendungen − Erträge)"], 5).value
    ceiling = sheet.cell(rows["Eckwert"], 5).value

    assert ceiling == 1_500_000
    assert sheet.cell(rows["über (+) oder unter (−) dem Eckwert"], 5).value == pytest.approx(
        net - ceiling
    )


def test_rows_of_measures_that_do_not_count_are_listed_but_in_no_sum(tmp_path: Path) -> None:
    sheet = _receipt("40", tmp_path)["Beträge"]
    listed = [r for r in range(5, sheet.max_row + 1) if sheet.cell(r, 6).value == "nur aufgelistet"]

    assert [sheet.cell(r, 4).value for r in listed] == ["M-40-002"]
    assert [sheet.cell(r, 1).value for r in listed] == [None]


def test_a_rejected_return_leads_to_the_cell_and_says_what_to_do(tmp_path: Path) -> None:
    book = _receipt("66", tmp_path)
    sheet = book["Rückmeldung"]
    found = [c.value for c in sheet[5]]

    assert found == [
        1,
        "✗ Fehler",
        "Ansätze",
        "J9",
        "Ansatz 2027",
        "12.000,5 TEUR",
        "„12.000,5 TEUR“ ist keine eindeutige Zahl.",
        "Bitte den Betrag in Euro eintragen, zum Beispiel 12000,50.",
        "offen",
    ]
    link = sheet["D5"].hyperlink
    assert (
        link.target.replace("\\", "/") == f"../../../../input/{CITY}/{PLAN}/neu/66%20Tiefbau.xlsx"
    )
    assert link.location == "'Ansätze'!J9"
    assert any("Übernehmen können wir ihn erst" in text for text in _texts(book["Quittung"]))


def test_whoever_is_stood_in_for_reads_by_what(tmp_path: Path) -> None:
    texts = _texts(_receipt("66", tmp_path)["Quittung"])

    assert any("ein Ersatz (Vorjahr)" in text for text in texts)


def test_a_missing_return_is_asked_for_with_its_date_and_address(tmp_path: Path) -> None:
    texts = _texts(_receipt("81", tmp_path)["Quittung"])

    assert "▲ Ihr Rücklauf ist noch nicht bei uns angekommen." in texts
    assert any("81.xlsx bis zum 14.08.2026 (die Frist ist verstrichen" in text for text in texts)
    assert (
        "2. Bitte senden Sie die Datei an: Leitung Team Zentrale Steuerung und Finanzen." in texts
    )
    assert "Es sind noch keine Beträge übernommen." in texts


def test_before_the_deadline_nobody_is_late(tmp_path: Path) -> None:
    texts = _texts(_receipt("81", tmp_path, results(as_of="2026-08-01"))["Quittung"])

    assert any(text.endswith("81.xlsx bis zum 14.08.2026.") for text in texts)


def test_findings_come_errors_first_and_waived_ones_last(tmp_path: Path) -> None:
    found = results()
    mine = tuple(replace(finding, unit="40") for finding in found.findings)
    sheet = _receipt("40", tmp_path, replace(found, findings=mine))["Rückmeldung"]

    assert [(sheet.cell(r, 2).value, sheet.cell(r, 9).value) for r in range(5, 9)] == [
        ("✗ Fehler", "offen"),
        ("✗ Fehler", "offen"),
        ("▲ Warnung", "erläutert"),
        ("○ Hinweis", "Ausnahme genehmigt"),
    ]
    assert sheet.cell(4, 10).value == "Datei"


def test_a_unit_without_findings_is_told_so(tmp_path: Path) -> None:
    found = results()
    none = replace(
        found, findings=(), tables={**found.tables, "findings": found.tables["findings"].head(0)}
    )

    assert str(_receipt("40", tmp_path, none)["Rückmeldung"]["A4"].value).startswith(
        "✓ Uns ist nichts aufgefallen."
    )


def test_what_a_department_wrote_never_becomes_a_formula(tmp_path: Path) -> None:
    found = results()
    cells = found.tables["cells"].assign(raw='=HYPERLINK("http://example.org")')
    sheet = _receipt("66", tmp_path, replace(found, tables={**found.tables, "cells": cells}))[
        "Rückmeldung"
    ]

    assert sheet["F5"].data_type == "s"
    assert sheet["F5"].value == '=HYPERLINK("http://example.org")'


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("17980000", "17.980.000"),
        ("-12000.5", "-12.000,50"),
        ("1.234", "1.234"),
        ("12.000,5 TEUR", "12.000,5 TEUR"),
        ("#REF!", "#REF!"),
        ("x" * 200, "x" * 117 + "…"),
    ],
)
def test_an_entry_is_shown_as_its_writer_knows_it(raw: str, shown: str) -> None:
    amount = results().master.submission_tables["costs"].column("amount_2027")

    assert entry_text(raw, amount) == shown


def test_a_number_that_is_no_amount_is_shown_as_it_stands() -> None:
    assert (
        entry_text("2027", results().master.submission_tables["commitments"].column("year"))
        == "2027"
    )


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b"):
        write_receipt(results(), "40", tmp_path / name / "40.xlsx")
        digests.add(hashlib.sha256((tmp_path / name / "40.xlsx").read_bytes()).hexdigest())

    assert len(digests) == 1


def _receipt(unit: str, folder: Path, found: Results | None = None) -> Workbook:
    path = folder / f"{unit}.xlsx"
    write_receipt(found or results(), unit, path)
    return openpyxl.load_workbook(path, data_only=True)


def _texts(sheet: Worksheet) -> list[str]:
    return [str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None]


def _sums(sheet: Worksheet) -> dict[tuple[str, str, int], int]:
    """Sums in cents by product, kind and year: the rows that carry a running number."""
    head = next(r for r in range(1, sheet.max_row) if sheet.cell(r, 1).value == "Nr.")
    return {
        (str(sheet.cell(r, 2).value), str(sheet.cell(r, 4).value), year): round(
            float(str(sheet.cell(r, 5 + place).value)) * 100
        )
        for r in range(head + 1, sheet.max_row + 1)
        if sheet.cell(r, 1).value
        for place, year in enumerate(ENTERED)
    }
