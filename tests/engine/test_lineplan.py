"""The line plan: the worked example of a real budget, and every formula for random amounts."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lineplan import evaluation_order, line_totals, terms
from tests.builders import a_master

NRW = [
    *((f"{n:02d}", "Ergebnis", "revenue", "+", "") for n in range(1, 9)),
    ("09", "Ergebnis", "revenue", "+/−", ""),
    ("10", "Ergebnis", None, "=", "01..09"),
    *((f"{n}", "Ergebnis", "expense", "−", "") for n in range(11, 17)),
    ("17", "Ergebnis", None, "=", "11..16"),
    ("18", "Ergebnis", None, "=", "10-17"),
    ("19", "Ergebnis", "revenue", "+", ""),
    ("20", "Ergebnis", "expense", "−", ""),
    ("21", "Ergebnis", None, "=", "19-20"),
    ("22", "Ergebnis", None, "=", "18+21"),
    ("23", "Ergebnis", "revenue", "+", ""),
    ("24", "Ergebnis", "expense", "−", ""),
    ("25", "Ergebnis", None, "=", "23-24"),
    ("26", "Ergebnis", None, "=", "22+25"),
    ("27", "Ergebnis", "internal_revenue", "+", ""),
    ("28", "Ergebnis", "internal_expense", "−", ""),
    ("29", "Ergebnis", None, "=", "26+27-28"),
    *((f"F{n:02d}", "Finanz", "receipt", "+", "") for n in range(1, 6)),
    ("F06", "Finanz", None, "=", "F01..F05"),
    *((f"F{n:02d}", "Finanz", "payment", "−", "") for n in range(7, 13)),
    ("F13", "Finanz", None, "=", "F07..F12"),
    ("F14", "Finanz", None, "=", "F06-F13"),
]
LINES = [
    {
        "line": line,
        "title": line,
        "plan": plan,
        "kind": kind,
        "sign": sign,
        "formula": formula,
        "internal": (kind or "").startswith("internal"),
    }
    for line, plan, kind, sign, formula in NRW
]
MASTER = a_master(lines=LINES, responsibilities=[], previous_amounts=[])
ENTERED = [line for line, *_, sign, _ in NRW if sign != "="]


def figures(
    amounts: dict[str, int], *, product: str = "511.10", unit: str = "T61", origin: str = "return"
) -> pd.DataFrame:
    rows = [
        {
            "file": "T61.xlsx",
            "sheet": "Ansätze",
            "cell": f"H{n}",
            "origin": origin,
            "unit": unit,
            "product": product,
            "measure": "",
            "line": line,
            "kind": "",
            "year": 2027,
            "role": "budget",
            "cents": cents,
        }
        for n, (line, cents) in enumerate(amounts.items(), start=7)
    ]
    return pd.DataFrame(rows).astype({"year": "Int64", "cents": "Int64"})


def totals(frame: pd.DataFrame, scope: str = "city", id: str = "m") -> dict[str, int]:
    table = line_totals(frame, MASTER, city="m")
    hit = table[(table["scope"] == scope) & (table["id"] == id) & (table["year"] == 2027)]
    return dict(zip(hit["line"], map(int, hit["cents"]), strict=True))


def test_the_worked_example_of_a_real_budget() -> None:
    # Münster, PG 0111, Ansatz 2026 (domain 5.1): the sums printed there.
    entered = {"02": 38_599_780, "13": 128_438_230, "27": 72_876_900, "28": 1_262_680}
    found = totals(figures(entered))
    assert {line: found[line] for line in ("10", "17", "18", "29")} == {
        "10": 38_599_780, "17": 128_438_230, "18": -89_838_450, "29": -18_224_230,
    }  # fmt: skip


def test_every_line_and_year_of_every_scope_is_there_even_when_zero() -> None:
    table = line_totals(figures({"13": 5}), MASTER, city="m")
    scopes = table[["scope", "id"]].drop_duplicates()
    assert len(table) == len(scopes) * len(NRW) * len(MASTER.years)
    assert set(scopes["scope"]) == {"product", "group", "unit", "city"}


def test_a_unit_holds_the_units_below_it_and_listed_rows_are_nowhere() -> None:
    both = pd.concat(
        [figures({"13": 500}), figures({"13": 70}, unit="T12"), figures({"13": 9}, origin="listed")]
    )
    assert totals(both, "unit", "T61")["13"] == 500
    assert totals(both, "unit", "STADT")["13"] == 570
    assert totals(both)["17"] == 570


def test_computed_lines_are_evaluated_after_what_they_need() -> None:
    order = evaluation_order(MASTER.lines)
    assert (
        order.index("10")
        < order.index("18")
        < order.index("22")
        < order.index("26")
        < order.index("29")
    )


@given(st.fixed_dictionaries({line: st.integers(-(10**12), 10**12) for line in ENTERED}))
def test_every_formula_holds_for_random_amounts(amounts: dict[str, int]) -> None:
    found = totals(figures(amounts))
    revenue, expense = (
        sum(amounts[f"{n:02d}"] for n in range(1, 10)),
        sum(amounts[f"{n}"] for n in range(11, 17)),
    )
    result = revenue - expense + amounts["19"] - amounts["20"] + amounts["23"] - amounts["24"]
    assert found["26"] == result
    assert found["29"] == result + amounts["27"] - amounts["28"]
    assert found["F14"] == sum(amounts[f"F{n:02d}"] for n in range(1, 6)) - sum(
        amounts[f"F{n:02d}"] for n in range(7, 13)
    )


def test_a_range_sums_entered_lines_only() -> None:
    assert [term.lines for term in terms(MASTER.lines["10"], MASTER.lines)] == [
        tuple(f"{n:02d}" for n in range(1, 10))
    ]
    (ends, starts, minus) = terms(MASTER.lines["29"], MASTER.lines)
    assert (ends.factor, starts.factor, minus.factor) == (1, 1, -1)
