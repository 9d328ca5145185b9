"""Rules over the sheet Kennzahlen and the catalogue."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipeline.model.findings import Blocks
from pipeline.model.master import Master
from tests.builders import a_template
from tests.live_entries import cell_of
from tests.rules.returns import (
    KPIS,
    UNREADABLE,
    Cell,
    Row,
    a_count,
    a_ratio,
    a_sound_master,
    changed,
    findings,
    master_findings,
    said,
    said_of_master,
    text,
)

TARGET, ACTUAL = "H7", "D7"
"""The cells of target_2027 and actual_2025 in the first row."""


def _sheet(*rows: Row) -> list[Row]:
    """These rows and the unit's other key figures, complete."""
    named = {row["kpi"] for row in rows}
    return [*rows, *(row for row in KPIS if row["kpi"] not in named)]


def _with(kpi: str, **facts: Cell) -> Master:
    return a_sound_master(kpis=changed("kpis", kpi, **facts))


def test_complete_key_figures_are_said_nothing_about() -> None:
    assert said(kpis=_sheet()) == []


def test_faults_of_key_figures_keep_no_money_out() -> None:
    found = findings(kpis=_sheet(a_count(target_2027=None)))
    assert {each.blocks for each in found} == {Blocks.KEY_FIGURES}


def test_the_target_of_the_budget_year_is_needed() -> None:
    found = findings(kpis=_sheet(a_count(target_2027=None)))
    assert [
        (each.rule, each.place.cell, each.keys["kpi"], each.keys["year"]) for each in found
    ] == [("K07", TARGET, "K-001", "2027")]
    assert "K-001 Aufgestellte Bebauungspläne" in text(found, "K07")


def test_a_key_figure_whose_whole_row_was_left_free_misses_its_target() -> None:
    found = findings(kpis=[a_ratio(), KPIS[2]])
    assert [(each.rule, each.place.sheet, each.place.cell, each.keys["kpi"]) for each in found] == [
        ("K07", "Kennzahlen", "", "K-001")
    ]


def test_no_target_is_needed_for_what_is_not_rated_or_does_not_occur() -> None:
    row = a_count(target_2027=None)
    assert said(_with("K-001", direction="nachrichtlich"), kpis=_sheet(row)) == []
    assert said(kpis=_sheet({**row, "data_state": "entfällt"})) == []
    assert said(kpis=_sheet(a_count(target_2027=UNREADABLE))) == []


def test_planned_parts_of_a_ratio_make_its_target() -> None:
    row = a_ratio(target_2027=None, numerator_2027=Decimal(37), denominator_2027=Decimal(100))
    assert said(kpis=_sheet(row)) == []


def test_a_ratio_needs_both_parts() -> None:
    found = findings(kpis=_sheet(a_ratio(denominator_2025=None)))
    assert [(each.rule, each.place.sheet) for each in found] == [("K02", "Kennzahlen")]
    assert "fehlt der Nenner" in text(found, "K02")
    typed = a_ratio(numerator_2025=None, denominator_2025=None, actual_2025=Decimal("36.2"))
    assert [rule for rule, _ in said(kpis=_sheet(typed))] == ["K02", "K02"]


def test_a_part_that_the_catalogue_names_is_not_asked_for() -> None:
    row = {
        "kpi": "K-003",
        "target_2027": Decimal(40),
        "actual_2025": Decimal(40),
        "numerator_2025": Decimal(9),
    }
    assert said(kpis=_sheet(row)) == []


def test_a_denominator_of_zero() -> None:
    row = a_ratio(denominator_2025=Decimal(0))
    assert [rule for rule, _ in said(kpis=_sheet(row))] == ["K03"]
    assert said(kpis=_sheet({**row, "data_state": "entfällt"})) == []


@pytest.mark.parametrize(
    ("typed", "rules"), [("36.2", []), ("36.25", []), ("36.26", ["K04"]), ("0.362", ["K04"])]
)
def test_a_typed_ratio_agrees_with_its_parts_to_its_last_place(
    typed: str, rules: list[str]
) -> None:
    row = a_ratio(actual_2025=Decimal(typed), target_2027=Decimal("36.2"))
    found = findings(kpis=_sheet(row))
    assert [each.rule for each in found if each.rule == "K04"] == rules
    if rules:
        assert "ergibt sich 36,2." in text(found, "K04")


def test_values_outside_the_plausible_range() -> None:
    master = _with("K-001", minimum=Decimal(1), maximum=Decimal(6))
    assert said(master, kpis=_sheet()) == []
    found = findings(master, kpis=_sheet(a_count(target_2027=Decimal("6.1"))))
    assert ("K05", TARGET) in [(each.rule, each.place.cell) for each in found]
    assert "(1 bis 6)" in text(found, "K05")


def test_a_stock_that_doubles_between_two_years() -> None:
    row = a_count(
        target_2027=Decimal(322_715), target_2028=Decimal(648_852), actual_2025=Decimal(320_000)
    )
    found = [each for each in findings(kpis=_sheet(row)) if each.rule == "K06"]
    assert [(each.keys["year"], each.values["delta"]) for each in found] == [("2028", "101")]


def test_a_target_on_the_wrong_side_of_the_start() -> None:
    master = _with("K-001", base_value=Decimal(7))
    found = findings(master, kpis=_sheet())
    assert [(each.rule, each.place.cell) for each in found] == [("K08", TARGET)]
    assert "„mindestens“, der Zielwert 6 ist aber schlechter als der Ausgangswert 7" in text(
        found, "K08"
    )
    assert said(_with("K-001", base_value=Decimal(7), direction="höchstens"), kpis=_sheet()) == []


def test_a_target_that_keeps_the_start_is_only_noted() -> None:
    assert said(_with("K-001", base_value=Decimal(6)), kpis=_sheet()) == [
        ("K09", f"Kennzahlen!{TARGET}")
    ]


def test_a_missing_actual_is_named_unless_the_state_of_the_data_says_why() -> None:
    row = a_count(actual_2025=None)
    assert said(kpis=_sheet(row)) == [("K10", f"Kennzahlen!{ACTUAL}")]
    assert said(kpis=_sheet({**row, "data_state": "nicht erhoben"})) == []
    assert said(kpis=_sheet(a_count(actual_2025=UNREADABLE))) == []


def test_the_same_actual_year_after_year() -> None:
    earlier = [
        {"kpi": "K-001", "unit": None, "year": year, "actual": Decimal(5)} for year in (2023, 2024)
    ]
    master = a_sound_master(previous_kpis=earlier)
    found = findings(master, kpis=_sheet())
    assert [(each.rule, each.place.cell, each.values["n"]) for each in found] == [
        ("K11", ACTUAL, "3")
    ]
    assert said(master, kpis=_sheet(a_count(data_state="geschätzt"))) == []


def test_cases_are_counted_in_whole_numbers() -> None:
    assert said(kpis=_sheet(a_count(target_2027=Decimal("5.5")))) == [
        ("K12", f"Kennzahlen!{TARGET}")
    ]
    assert said(_with("K-001", decimals=1), kpis=_sheet(a_count(target_2027=Decimal("5.5")))) == []


@pytest.mark.parametrize(("kind", "value", "fine"), [
    ("Meilenstein", 100, True), ("Meilenstein", 101, False),
    ("Ja/Nein", 1, True), ("Ja/Nein", 2, False),
])  # fmt: skip
def test_milestones_and_yes_or_no_have_their_own_values(kind: str, value: int, fine: bool) -> None:
    rules = [
        rule
        for rule, _ in said(
            _with("K-001", kind=kind),
            kpis=_sheet(a_count(target_2027=Decimal(value), actual_2025=Decimal(1))),
        )
    ]
    assert rules.count("K12") == (0 if fine else 1)


# --- what parts come to, weights, Controlling ---------------------------------------------------


def test_a_computed_ratio_is_as_plausible_as_a_typed_one() -> None:
    master = _with("K-002", minimum=Decimal(0), maximum=Decimal(100))
    swapped = a_ratio(numerator_2025=Decimal(1000), denominator_2025=Decimal(362))
    found = [each for each in findings(master, kpis=_sheet(swapped)) if each.rule == "K05"]
    assert [(each.values["wert"], each.keys["year"]) for each in found] == [("276,24", "2025")]
    assert found[0].place.cell == "E7"  # the numerator's cell, as in the data package
    assert "K05" not in [rule for rule, _ in said(master, kpis=_sheet(a_ratio()))]


def test_a_computed_value_may_not_jump_unnoticed_either() -> None:
    planned = {f"{part}_{year}": Decimal(value) for year, top in ((2027, 37), (2028, 74)) for part, value in (("numerator", top), ("denominator", 100))}  # fmt: skip
    row = a_ratio(target_2027=None, **planned)
    found = [each for each in findings(kpis=_sheet(row)) if each.rule == "K06"]
    assert [(each.keys["year"], each.values["vj"], each.values["wert"]) for each in found] == [
        ("2028", "37", "74")
    ]


def test_a_ratio_over_a_base_value_is_checked_against_its_range() -> None:
    inhabitants = [{"name": "Einwohnerzahl", "year": 2025, "value": Decimal(42_000)}]
    master = a_sound_master(
        base_values=inhabitants, kpis=changed("kpis", "K-003", maximum=Decimal(60))
    )
    rows = [{"kpi": "K-003", "target_2027": Decimal(40), "numerator_2025": Decimal(value)} for value in (2_100_000, 4_200_000)]  # fmt: skip
    assert "K05" not in [rule for rule, _ in said(master, kpis=_sheet(rows[0]))]
    assert "100 € für 2025" in text(findings(master, kpis=_sheet(rows[1])), "K05")


def test_a_grade_of_several_units_needs_the_number_of_answers() -> None:
    grade = {"kind": "Note", "aggregation": "gewichtet", "decimals": 1}
    alone = _with("K-001", **grade)
    asked = [{"kpi": "K-001", "unit": unit} for unit in ("T61", "T12")]
    shared = a_sound_master(kpis=changed("kpis", "K-001", **grade), kpi_units=asked)
    row = a_count(actual_2025=Decimal(2), target_2027=Decimal(2), denominator_2025=None)
    assert "K02" not in [rule for rule, _ in said(alone, kpis=_sheet(row))]
    found = findings(shared, kpis=_sheet(row))
    assert [each.rule for each in found] == ["K02"]
    assert "fehlt das Gewicht, zum Beispiel die Zahl der Antworten" in text(found, "K02")
    weighed = {**row, "denominator_2025": Decimal(310)}
    assert "K02" not in [rule for rule, _ in said(shared, kpis=_sheet(weighed))]


def test_the_template_opens_the_weight_only_where_values_are_weighed() -> None:
    grade = {"kind": "Note", "aggregation": "gewichtet"}
    asked = [{"kpi": "K-001", "unit": unit} for unit in ("T61", "T12")]

    def typed(master: Master) -> set[str]:
        layout = a_template(master)
        table = layout.tables["kpis"]
        row = table.first_row + master.kpis_of("T61").index("K-001")
        names = ("numerator_2025", "denominator_2025", "denominator_2027")
        cells = {name: cell_of(layout, table, row, name) for name in names}
        return {name for name, cell in cells.items() if cell is not None and not cell.locked}

    weighed = a_sound_master(kpis=changed("kpis", "K-001", **grade), kpi_units=asked)
    assert typed(a_sound_master()) == set()
    assert typed(_with("K-001", **grade)) == set()
    assert typed(weighed) == {"denominator_2025", "denominator_2027"}


def test_in_controlling_the_actual_is_not_held_against_the_parts_of_the_plan() -> None:
    master = a_sound_master(settings={"round": "Controlling"})
    planned = {"numerator_2027": Decimal(38), "denominator_2027": Decimal(100)}
    row = a_ratio(target_2027=Decimal(38), actual_2027=Decimal(31), **planned)
    assert "K04" not in [rule for rule, _ in said(master, kpis=_sheet(row))]
    alone = a_ratio(target_2027=Decimal(38), actual_2027=Decimal(31))
    assert "K02" not in [rule for rule, _ in said(master, kpis=_sheet(alone))]
    wrong = {**row, "target_2027": Decimal(40)}
    assert "K04" in [rule for rule, _ in said(master, kpis=_sheet(wrong))]


def test_a_division_and_one_of_its_offices_are_not_asked_for_the_same_key_figure() -> None:
    apart = [{"kpi": "K-001", "unit": unit} for unit in ("T61", "T12")]
    within = [{"kpi": "K-001", "unit": unit} for unit in ("STADT", "T61")]
    assert "K14" not in [rule for rule, _ in said_of_master(a_sound_master(kpi_units=apart))]
    found = [each for each in master_findings(a_sound_master(kpi_units=within)) if each.rule == "K14"]  # fmt: skip
    assert [(each.place.sheet, each.place.cell) for each in found] == [("Kennzahleinheiten", "C8")]
    assert "T61 gehört zu STADT" in text(found, "K14")
