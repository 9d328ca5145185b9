"""Commitments, savings and key figures against the cells from which they were taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from pipeline.verification.difference import Difference
from pipeline.verification.evidence import Evidence
from pipeline.verification.reading import Area, cents_in, euro_text, number_in, rounded, text_of

_PLACES = 1_000_000
"""Computed values of key figures have six places."""


def amounts_match_their_cells(evidence: Evidence) -> Iterator[Difference]:
    """Every commitment and every amount of a savings measure stands in its cell."""
    for table in ("commitments", "savings"):
        for row in evidence.rows(table):
            wanted = evidence.whole(row, "cents", table)
            place = _place(evidence, row)
            cents = None if place is None else cents_in(place[0].value(*place[1:]))
            if cents != wanted:
                yield _difference(
                    table,
                    row,
                    expected="" if cents is None else euro_text(cents),
                    found=euro_text(wanted),
                )


def key_figures_match_their_cells(evidence: Evidence) -> Iterator[Difference]:
    """Every value of a key figure stands in its cell, or follows from numerator and denominator."""
    factors = evidence.master.column("kpis", "kpi", "factor")
    for row in evidence.rows("kpis"):
        place = _place(evidence, row)
        if place is None:
            yield _difference("kpis", row, expected="", found=row["value"])
        elif place[2].startswith(("numerator", "denominator")):
            wanted = _ratio(row, factors.get(row["kpi"], ""))
            if _decimal(row["value"]) != wanted:
                yield _difference("kpis", row, expected=_shown(wanted), found=row["value"])
        else:
            value = _stated(place[0].value(*place[1:]))
            if _decimal(row["value"]) != value:
                yield _difference("kpis", row, expected=_shown(value), found=row["value"])


def _place(evidence: Evidence, row: Mapping[str, str]) -> tuple[Area, int, str] | None:
    """Table, row and column of the cell that a row names."""
    if row["file"] not in evidence.input_files:
        return None
    for area in evidence.areas(row["file"]):
        found = area.at(row["cell"]) if area.sheet == row["sheet"] else None
        if found is not None:
            return area, *found
    return None


def _stated(value: object) -> Decimal | None:
    """A number, or ja and nein as 1 and 0."""
    answer = {"ja": Decimal(1), "nein": Decimal(0)}.get(text_of(value).casefold())
    return number_in(value) if answer is None else answer


def _ratio(row: Mapping[str, str], factor: str) -> Decimal | None:
    top, bottom = _decimal(row["numerator"]), _decimal(row["denominator"])
    if top is None or not bottom:
        return None
    exact = Fraction(top) / Fraction(bottom) * int(factor or 1)
    return Decimal(rounded(exact * _PLACES)) / _PLACES


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _shown(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def _difference(check: str, row: Mapping[str, str], *, expected: str, found: str) -> Difference:
    return Difference(
        check=check,
        file=row["file"],
        sheet=row["sheet"],
        cell=row["cell"],
        expected=expected,
        found=found,
        explanation=f"In {check}.csv steht für {row['year']} ein anderer Wert als in der Zelle.",
    )
