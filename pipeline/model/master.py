"""The master data of one plan, as every stage reads it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from pipeline.model.blocks import Block, rows_of
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.tables import Role, Table, Year


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The sheet Lauf, typed; see ``tables.master.SETTING_VALUES`` for meaning and default of each.

    Money in cents, per cent in basis points, dates as ``YYYY-MM-DD``.
    """

    budget_year: int
    city: str
    as_of: str
    budget_years: int = 1
    round: str = "Entwurf"
    regime: str = "frei"
    deadline: str = ""
    example_data: bool = False
    uses_savings: bool = False
    uses_agreements: bool = False
    display_unit: str = "EUR"
    green_from: int = 9_500
    yellow_from: int = 8_000
    coverage_from: int = 5_000
    at_most_rule: str = "Ziel/Ist"
    attainment_cap: int = 10_000
    jump_percent: int = 2_500
    jump_amount: int = 1_000_000
    investment_threshold: int = 0
    rounding: int = 0
    product_pattern: str = ""
    savings_until: int | None = None
    contact: str = ""
    base_plan: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the line plan; ``kind`` is empty for computed lines (sign ``=``)."""

    line: str
    title: str
    plan: str
    kind: str
    sign: str
    internal: bool
    formula: str

    @property
    def computed(self) -> bool:
        """Whether it is never typed but follows from other lines."""
        return self.sign == "="

    @property
    def may_be_negative(self) -> bool:
        """Whether amounts below zero may be entered."""
        return self.sign == "+/−"


def lines_between(first: str, last: str, plan: str, lines: Mapping[str, Line]) -> tuple[str, ...]:
    """The entered lines of a plan from ``first`` to ``last``: in the order of the line plan where
    it has both, else by their numbers, so that a bound need not be a line itself.
    """
    order = [each for each in lines if lines[each].plan == plan]
    if first in order and last in order:
        chosen = order[order.index(first) : order.index(last) + 1]
    else:
        chosen = [each for each in order if first <= each <= last]
    return tuple(each for each in chosen if not lines[each].computed)


@dataclass(frozen=True)
class Master:
    """Master data of one plan.

    ``tables`` holds a typed frame per master table (all of ``tables.master``; missing sheets are
    empty frames), ``blocks`` the same with raw texts and places. ``submission`` are the template's
    tables, widened for this plan's years.
    """

    settings: Settings
    years: tuple[Year, ...]
    tables: Mapping[str, pd.DataFrame]
    blocks: Mapping[str, Block]
    submission: tuple[Table, ...]

    @cached_property
    def submission_tables(self) -> Mapping[str, Table]:
        """The template's tables by name."""
        return {table.name: table for table in self.submission}

    @cached_property
    def entered_years(self) -> tuple[Year, ...]:
        """The years that departments fill."""
        return tuple(year for year in self.years if year.entered)

    @cached_property
    def budget_years(self) -> tuple[Year, ...]:
        """The one or two years for which the council decides (role Ansatz, entered)."""
        return tuple(year for year in self.entered_years if year.role is Role.BUDGET)

    @cached_property
    def previous_budget_year(self) -> Year | None:
        """The last pre-filled budget year: what this plan is compared with."""
        given = [year for year in self.years if year.role is Role.BUDGET and not year.entered]
        return given[-1] if given else None

    @cached_property
    def goals(self) -> Hierarchy:
        """The goal tree of the master workbook."""
        return _hierarchy(self.tables["goals"], "goal")

    @cached_property
    def units(self) -> Hierarchy:
        """The organisation."""
        return _hierarchy(self.tables["units"], "unit")

    @cached_property
    def titles(self) -> Mapping[str, Mapping[str, str]]:
        """Titles by key for units, goals, products, kpis and lines."""
        return {
            name: _mapping(self.tables[name], key, "title")
            for name, key in (
                ("units", "unit"),
                ("goals", "goal"),
                ("products", "product"),
                ("kpis", "kpi"),
                ("lines", "line"),
            )
        }

    @cached_property
    def expected_units(self) -> tuple[str, ...]:
        """Units that are asked for a return, in the order of the sheet."""
        frame = self.tables["units"]
        return tuple(frame.loc[frame["expects_return"].fillna(False), "unit"])

    @cached_property
    def lines(self) -> Mapping[str, Line]:
        """The line plan by line number, in order."""
        found = {}
        for row in rows_of(self.tables["lines"]):
            internal = bool(row.internal) if row.internal is not pd.NA else False
            plan, sign = _text(row.plan), _text(row.sign)
            found[str(row.line)] = Line(
                line=str(row.line),
                title=_text(row.title),
                plan=plan,
                kind=_text(row.kind) or _kind_of(plan, sign, internal=internal),
                sign=sign,
                internal=internal,
                formula=_text(row.formula),
            )
        return found

    @cached_property
    def additive_goals(self) -> frozenset[str]:
        """Goals that money may be added up on; the others are tags (framework conditions,
        cross-cutting goals).
        """
        frame = self.tables["goals"]
        return frozenset(frame.loc[frame["additive"].fillna(True), "goal"])

    @cached_property
    def general_funding_products(self) -> frozenset[str]:
        """Products of general funding (taxes, grants), which stand beside the goals."""
        frame = self.tables["products"]
        return frozenset(frame.loc[frame["general_funding"].fillna(False), "product"])

    @cached_property
    def lead_units(self) -> Mapping[str, str]:
        """The leading unit of each product."""
        return _mapping(self.tables["products"], "product", "unit")

    @cached_property
    def units_of_product(self) -> Mapping[str, tuple[str, ...]]:
        """Lead and participants of each product, lead first."""
        found: dict[str, list[str]] = {product: [unit] for product, unit in self.lead_units.items()}
        for row in rows_of(self.tables["product_units"]):
            units = found.get(_text(row.product), [])
            if _text(row.unit) not in units:
                units.append(_text(row.unit))
        return {product: tuple(units) for product, units in found.items()}

    @cached_property
    def _central(self) -> Mapping[tuple[str, str], str]:
        frame = self.tables["responsibilities"]
        return {(_text(row.line), _text(row.product)): _text(row.unit) for row in rows_of(frame)}

    def central_planner(self, line: str, product: str) -> str:
        """The unit that plans a line of a product centrally; empty where the product's own units
        do.
        """
        return self._central.get((line, product)) or self._central.get((line, ""), "")

    def plans(self, unit: str, product: str, line: str) -> bool:
        """Whether it is this unit's task to enter that line of that product."""
        central = self.central_planner(line, product)
        return central == unit if central else unit in self.units_of_product.get(product, ())

    def products_of(self, unit: str) -> tuple[str, ...]:
        """The products a unit has rows for: as lead, as participant, or because it plans a line
        centrally.
        """
        for_all = any(
            planner == unit and not product for (_, product), planner in self._central.items()
        )
        single = {
            product
            for (_, product), planner in self._central.items()
            if planner == unit and product
        }
        return tuple(
            product
            for product, units in self.units_of_product.items()
            if unit in units or for_all or product in single
        )

    @cached_property
    def _products_by_unit(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for product, units in self.units_of_product.items():
            for unit in units:
                found.setdefault(unit, []).append(product)
        return {unit: tuple(products) for unit, products in found.items()}

    def own_products_of(self, unit: str) -> tuple[str, ...]:
        """The products a unit leads or takes part in."""
        return self._products_by_unit.get(unit, ())

    @cached_property
    def _kpis_by_unit(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for kpi, units in self.kpi_units.items():
            for unit in units:
                found.setdefault(unit, []).append(kpi)
        return {unit: tuple(kpis) for unit, kpis in found.items()}

    @cached_property
    def kpi_units(self) -> Mapping[str, tuple[str, ...]]:
        """The units asked for each key figure: those of the sheet Kennzahleinheiten, else the
        product's lead.
        """
        named: dict[str, list[str]] = {}
        for row in rows_of(self.tables["kpi_units"]):
            named.setdefault(_text(row.kpi), []).append(_text(row.unit))
        return {
            _text(row.kpi): tuple(
                named.get(_text(row.kpi)) or [self.lead_units.get(_text(row.product), "")]
            )
            for row in rows_of(self.tables["kpis"])
        }

    def kpis_of(self, unit: str) -> tuple[str, ...]:
        """The key figures a unit is asked for, in the order of the catalogue."""
        return self._kpis_by_unit.get(unit, ())

    @cached_property
    def _previous_rows(self) -> Mapping[str, Mapping[str, list[Any]]]:
        """Rows of previous amounts by planning unit, and centrally planned ones by product."""
        by_unit: dict[str, list[Any]] = {}
        central: dict[str, list[Any]] = {}
        for row in rows_of(self.tables["previous_amounts"]):
            by_unit.setdefault(_text(row.unit), []).append(row)
            if self.central_planner(_text(row.line), _text(row.product)):
                central.setdefault(_text(row.product), []).append(row)
        return {"unit": by_unit, "product": central}

    def previous_rows_of(self, unit: str) -> list[Any]:
        """The previous amounts that a unit planned, and central ones for its own products."""
        own = self._previous_rows["unit"].get(unit, [])
        seen = [
            row
            for product in self.own_products_of(unit)
            for row in self._previous_rows["product"].get(product, [])
            if _text(row.unit) != unit
            and self.central_planner(_text(row.line), product) not in {"", unit}
        ]
        return [*own, *seen]

    @cached_property
    def previous_kpis_of_units(self) -> Mapping[str, list[Any]]:
        """Rows of previous key figures by unit; without unit they are the product lead's."""
        products = _mapping(self.tables["kpis"], "kpi", "product")
        found: dict[str, list[Any]] = {}
        for row in rows_of(self.tables["previous_kpis"]):
            lead = self.lead_units.get(products.get(_text(row.kpi), ""), "")
            found.setdefault(_text(row.unit) or lead, []).append(row)
        return found

    @cached_property
    def kpi_catalogue(self) -> Mapping[str, Any]:
        """The rows of the catalogue of key figures by number."""
        return {_text(row.kpi): row for row in rows_of(self.tables["kpis"])}

    @cached_property
    def product_links(self) -> Mapping[str, tuple[tuple[str, int | None], ...]]:
        """Goal links of each product as (goal, share in basis points or None for a tag), in the
        order of the sheet.
        """
        found: dict[str, list[tuple[str, int | None]]] = {}
        for row in rows_of(self.tables["product_goals"]):
            share = None if row.share is pd.NA else int(row.share)
            found.setdefault(_text(row.product), []).append((_text(row.goal), share))
        return {product: tuple(links) for product, links in found.items()}

    @cached_property
    def departments_fill_goals(self) -> bool:
        """Whether at least one level of goals is filled by departments."""
        return bool((self.tables["levels"]["filled_by"] == "Fachamt").any())

    @cached_property
    def digest(self) -> str:
        """sha256 over what templates are made from; sheets that only steer the run (returns,
        waivers) do not count, and of the rules only the severity, which templates show.
        """
        skipped = {"returns", "waivers", "rules", "transitions", "target_agreements"}
        facts = {
            name: [list(block.raw.columns), block.raw.fillna("").to_numpy().tolist()]
            for name, block in sorted(self.blocks.items())
            if name not in skipped
        }
        if "rules" in self.blocks:
            said = self.blocks["rules"].raw[["rule", "severity"]].fillna("").to_numpy().tolist()
            stated = sorted(each for each in said if each[1])
            facts |= {"rules": [["rule", "severity"], stated]} if stated else {}
        return hashlib.sha256(
            json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()
        ).hexdigest()


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA else str(value)


def _kind_of(plan: str, sign: str, *, internal: bool) -> str:
    """The kind of a line for which the master leaves it empty: it follows from plan and sign."""
    if sign == "=":
        return ""
    kind = {
        ("Ergebnis", False): "revenue",
        ("Ergebnis", True): "expense",
        ("Finanz", False): "receipt",
        ("Finanz", True): "payment",
    }[plan, sign == "−"]
    return f"internal_{kind}" if internal and plan == "Ergebnis" else kind


def _mapping(frame: pd.DataFrame, key: str, value: str) -> dict[str, str]:
    return {_text(k): _text(v) for k, v in zip(frame[key], frame[value], strict=True)}


def _hierarchy(frame: pd.DataFrame, key: str) -> Hierarchy:
    return Hierarchy(_mapping(frame, key, "parent"))
