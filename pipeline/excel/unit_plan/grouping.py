"""The results grouped once per run by what a unit's workbook asks for: units, products, measures.

A real city has 150 units and 1,200 products; looking through whole frames for each of them would
cost more than writing the workbooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.ledger import running_numbers, source_rows
from pipeline.excel.budget_plan.sheets import text_of
from pipeline.lineplan import evaluation_order, terms
from pipeline.model.master import Master
from pipeline.model.money import WHOLE
from pipeline.model.results import Results
from pipeline.model.tables import Year
from pipeline.tables import choices

Record = Mapping[str, Any]
Share = tuple[str, int | None]
"""A goal and the share of a product's money that goes to it, in basis points; none for a tag."""

LISTED_STATUSES: Final = frozenset(choice.code for choice in choices.LISTED_STATUSES)
LISTED: Final = "listed"
"""Origin of figures of measures that do not count."""
STATED: Final = "stated"
"""Origin of commitments and savings: they stand beside the budget and are no part of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Booked:
    """One row of the sheet Daten: the figures of one source row, by year in cents (``None`` where
    there is none).
    """

    unit: str
    product: str
    line: str
    measure: str
    kind: str
    origin: str
    file: str
    sheet: str
    cell: str
    cells: str
    cents: tuple[int | None, ...]

    @property
    def counted(self) -> bool:
        """Whether it is part of the budget."""
        return self.origin not in {LISTED, STATED}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What one source row says beside the budget: a commitment (``what`` is its budget year) or
    one role of a savings measure. ``row`` holds the years of the plan, ``outside`` all others by
    year (``None``: later). ``key`` is unique in a run.
    """

    key: str
    what: str
    row: Booked
    outside: Mapping[int | None, int]


@dataclass(frozen=True, kw_only=True)
class UnitPlans:
    """What all Teilpläne of one run share.

    ``units`` are those that get a workbook, in the order of the organisation. ``measures``,
    ``kpis``, ``remarks``, ``commitments``, ``savings`` and ``shares`` are grouped by product;
    ``texts`` holds the accepted texts of each product; ``results_of_kpi`` the condensed values by
    key figure, scope and id, then by year and role; ``data_states`` what was said about a missing
    value, by key figure, year and role; ``computed_lines`` what each computed line adds (+1) and
    takes away (−1), each line after those it needs; ``counted_units`` are those whose own return is
    counted.
    """

    results: Results
    years: tuple[Year, ...]
    rows: tuple[Booked, ...]
    by_unit: Mapping[str, tuple[Booked, ...]]
    by_product: Mapping[str, tuple[Booked, ...]]
    units: tuple[str, ...]
    products_of: Mapping[str, tuple[str, ...]]
    texts: Mapping[str, Record]
    measures: Mapping[str, Sequence[Record]]
    kpis: Mapping[str, Sequence[Record]]
    remarks: Mapping[str, Sequence[Record]]
    commitments: Mapping[str, Sequence[Statement]]
    savings: Mapping[str, Sequence[Statement]]
    savings_texts: Mapping[tuple[str, str], Record]
    shares: Mapping[str, Sequence[Share]]
    goals: Mapping[str, Record]
    results_of_kpi: Mapping[tuple[str, str, str], Mapping[tuple[int, str], Record]]
    data_states: Mapping[tuple[str, int, str], str]
    ceilings: Mapping[str, Mapping[int, int]]
    counted_units: frozenset[str]
    attainment: Mapping[str, Record]
    heads: Mapping[str, str]
    line_numbers: Mapping[str, int]
    computed_lines: Mapping[str, Sequence[tuple[int, str]]]

    @property
    def master(self) -> Master:
        """The master data of the plan."""
        return self.results.master


def unit_plans(results: Results) -> UnitPlans:
    """Groups the results of one plan."""
    master = results.master
    rows = tuple(_rows(results))
    products_of: dict[str, list[str]] = {}
    for product, unit in master.lead_units.items():
        products_of.setdefault(unit, []).append(product)
    by_unit = _grouped(rows, "unit")
    return UnitPlans(
        results=results,
        years=master.years,
        rows=rows,
        by_unit=by_unit,
        by_product=_grouped(rows, "product"),
        units=_units(master, {*by_unit, *products_of}),
        products_of={unit: tuple(products) for unit, products in products_of.items()},
        texts={text_of(each["product"]): each for each in _records(results.texts["products"])},
        measures=_by_product(results.texts["measures"]),
        kpis=_by_product(master.tables["kpis"]),
        remarks=_remarks(results),
        commitments=_statements(
            results, results.tables["commitments"], ["line", "measure", "year"], "due_year", "V"
        ),
        savings=_statements(
            results,
            results.tables["savings"].assign(
                line="", measure=results.tables["savings"]["savings_measure"]
            ),
            ["line", "measure", "role"],
            "year",
            "K",
        ),
        savings_texts=_savings_texts(results),
        shares=_shares(results),
        goals={text_of(each["goal"]): each for each in _records(results.texts["goals"])},
        results_of_kpi=_results_of_kpi(results),
        data_states={
            (text_of(each["kpi"]), int(each["year"]), text_of(each["role"])): text_of(
                each["data_state"]
            )
            for each in _records(results.tables["kpis"])
        },
        ceilings=_ceilings(master),
        counted_units=_counted_units(results),
        attainment=_attainment(results),
        heads={
            text_of(each["unit"]): text_of(each["head"])
            for each in _records(master.tables["units"])
        },
        line_numbers={line: number for number, line in enumerate(master.lines, start=1)},
        computed_lines={
            line: [
                (term.factor, part)
                for term in terms(master.lines[line], master.lines)
                for part in term.lines
            ]
            for line in evaluation_order(master.lines)
        },
    )


def _records(frame: pd.DataFrame) -> list[Record]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _rows(results: Results) -> Iterable[Booked]:
    """The figures with the years of a source row beside each other, listed ones included."""
    figures = results.tables["figures"].assign(goal="", share_bp=WHOLE)
    years = results.master.years
    frame = source_rows(figures, years, running_numbers(results, figures))
    names = [
        "unit",
        "product",
        "line",
        "measure",
        "kind",
        "origin",
        "file",
        "sheet",
        "cell",
        "cells",
    ]
    amounts = frame[[year.year for year in years]].astype(object).to_numpy()
    texts = frame[names].fillna("").astype(str).to_numpy()
    for text, cents in zip(texts, amounts, strict=True):
        given = tuple(None if each is pd.NA else int(each) for each in cents)
        yield Booked(**dict(zip(names, text.tolist(), strict=True)), cents=given)


def _statements(
    results: Results, frame: pd.DataFrame, by: Sequence[str], year: str, letter: str
) -> dict[str, list[Statement]]:
    """One statement per source row and what tells its amounts apart (the last of ``by``)."""
    years = [each.year for each in results.master.years]
    frame = frame.assign(at=frame["cell"].str.replace(r"^[A-Z]+", "", regex=True))
    found: dict[str, list[Statement]] = {}
    keys = ["product", *by, "unit", "file", "sheet", "at"]
    groups = frame.groupby(keys, sort=True, dropna=False)
    for number, (key, part) in enumerate(groups, start=1):
        facts = dict(zip(keys, map(text_of, key), strict=True))
        amounts: dict[int | None, int] = {}
        for record in _records(part):
            due = int(record[year]) if text_of(record[year]) else None
            amounts[due] = amounts.get(due, 0) + int(record["cents"])
        cells = [text_of(cell) for cell in part["cell"]]
        row = Booked(
            **{name: facts[name] for name in ("product", "line", "measure", "unit")},
            kind="",
            origin=STATED,
            file=facts["file"],
            sheet=facts["sheet"],
            cell=cells[0],
            cells=", ".join(cells),
            cents=tuple(amounts.get(each) for each in years),
        )
        outside = {due: cents for due, cents in amounts.items() if due not in years}
        statement = Statement(key=f"{letter}{number}", what=facts[by[-1]], row=row, outside=outside)
        found.setdefault(facts["product"], []).append(statement)
    return found


def _savings_texts(results: Results) -> dict[tuple[str, str], Record]:
    """The texts of savings measures by unit and number."""
    frame = results.texts.get("savings", pd.DataFrame())
    return {
        (text_of(each["unit"]), text_of(each["savings_measure"])): each for each in _records(frame)
    }


def _grouped(rows: Iterable[Booked], name: str) -> dict[str, tuple[Booked, ...]]:
    found: dict[str, list[Booked]] = {}
    for row in rows:
        found.setdefault(getattr(row, name), []).append(row)
    return {key: tuple(members) for key, members in found.items()}


def _units(master: Master, busy: set[str]) -> tuple[str, ...]:
    """Units that are expected to answer, lead a product or have figures, and all above them."""
    wanted = {*master.expected_units, *busy}
    above = {up for unit in wanted for up in master.units.ancestry.get(unit, ())}
    return tuple(unit for unit in master.units.order if unit in above)


def _by_product(frame: pd.DataFrame) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in _records(frame):
        found.setdefault(text_of(record["product"]), []).append(record)
    return found


def _remarks(results: Results) -> dict[str, list[Record]]:
    """Cost rows that carry an explanation."""
    if "costs" not in results.texts:
        return {}
    costs = results.texts["costs"]
    return _by_product(costs[costs["remark"].fillna("").str.strip() != ""])


def _shares(results: Results) -> dict[str, list[Share]]:
    """How each product's money is really split: the master's links as the leading unit refined
    them; tags come last.
    """
    master = results.master
    order = {goal: place for place, goal in enumerate(results.texts["goals"]["goal"])}
    entered = [year.year for year in master.entered_years]
    measures = results.texts["measures"]
    going_elsewhere = set(measures.loc[measures["goal"].notna(), "measure"])
    booked = results.tables["contributions"]
    booked = booked[
        booked["year"].isin(entered)
        & ~booked["measure"].isin(going_elsewhere)
        & (booked["unit"] == booked["product"].map(dict(master.lead_units)))
    ]
    found: dict[str, dict[str, int | None]] = {}
    for row in _records(booked[["product", "goal", "share_bp"]].drop_duplicates()):
        found.setdefault(str(row["product"]), {})[str(row["goal"])] = int(row["share_bp"])
    for product, links in master.product_links.items():
        known = found.setdefault(product, {})
        split = bool(known)
        for goal, share in links:
            if share is None or not split:
                known.setdefault(goal, share)
    last = len(order)
    return {
        product: sorted(
            goals.items(), key=lambda each: (each[1] is None, order.get(each[0], last), each[0])
        )
        for product, goals in found.items()
    }


def _results_of_kpi(
    results: Results,
) -> dict[tuple[str, str, str], dict[tuple[int, str], Record]]:
    found: dict[tuple[str, str, str], dict[tuple[int, str], Record]] = {}
    for record in _records(results.tables["kpi_results"]):
        key = (text_of(record["kpi"]), text_of(record["scope"]), text_of(record["id"]))
        found.setdefault(key, {})[int(record["year"]), text_of(record["role"])] = record
    return found


def _ceilings(master: Master) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for record in _records(master.tables["ceilings"]):
        if text_of(record["amount"]):
            amounts = found.setdefault(text_of(record["unit"]), {})
            amounts[int(record["year"])] = int(record["amount"])
    return found


def _counted_units(results: Results) -> frozenset[str]:
    register = results.tables["register"]
    counted = register["status"].isin(labels.COUNTED_STATUSES)
    found = register.loc[counted & register["money"].isin(["accepted", "empty"]), "unit"]
    return frozenset(found.dropna()) - set(results.stand_ins)


def _attainment(results: Results) -> dict[str, Record]:
    """Of every goal the latest year for which there are data."""
    found: dict[str, Record] = {}
    for record in sorted(_records(results.tables["attainment"]), key=lambda each: each["year"]):
        if int(record["kpis_with_data"] or 0) > 0:
            found[text_of(record["goal"])] = record
    return found
