"""What the modules of one unit's workbook work with: its rows, the keys by which sums find them,
and what each sum is worth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from xlsxwriter.worksheet import Worksheet

from pipeline.excel.budget_plan.looks import Looks, money_of
from pipeline.excel.budget_plan.sheets import file_link, page, put_source, source_link, text_of
from pipeline.excel.unit_plan.grouping import Booked, Record, Statement, UnitPlans
from pipeline.excel.unit_plan.paper import AMOUNT, NARROW_AMOUNT, WIDE_AMOUNT, Paper
from pipeline.excel.workbook import Book
from pipeline.model.master import Master
from pipeline.model.results import Results
from pipeline.tables.choices import ALL_KINDS

FOLDER: Final = "Teilplaene"
UP: Final = 4
"""Folders between ``output/<city>/<plan>/Teilplaene/`` and the root."""
OVERVIEW, LINES, DATA = "Überblick", "Teilplan", "Daten"

OF_PRODUCT, OF_UNIT, OF_MEASURE, OF_PART, OF_OTHERS = range(5)
KEY_NAMES: Final[Mapping[int, str]] = {
    OF_PRODUCT: "Schluessel_Produkt",
    OF_UNIT: "Schluessel_Teilplan",
    OF_MEASURE: "Schluessel_Massnahme",
    OF_PART: "Schluessel_Einheit",
    OF_OTHERS: "Schluessel_Uebergang",
}
"""Defined names of the key columns of the sheet Daten. Every key is made of letters and running
numbers: Excel compares number-like texts as numbers in SUMIFS (``1.1`` = ``1.10``).
"""
KIND_KEYS: Final[Mapping[str, str]] = dict(
    zip(ALL_KINDS, ("E", "A", "EZ", "AZ", "IE", "IA"), strict=True)
)

_STAND_INS: Final = {
    "previous_year": "der Ansatz des Vorjahres",
    "last_accepted": "der letzte gültige Rücklauf",
}
CONDENSED: Final = "condensed"
"""Origin of a row that sums what a unit below planned."""

_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f']")
_LONGEST_NAME: Final = 31
_WIDE_FROM: Final = 100_000_000_000  # a billion euro in cents


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A row of the sheet Daten with its keys (empty where it counts in no such sum)."""

    row: Booked
    keys: tuple[str, str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One unit's workbook."""

    plans: UnitPlans
    unit: str
    book: Book
    looks: Looks

    @property
    def results(self) -> Results:
        """The results of the plan."""
        return self.plans.results

    @property
    def master(self) -> Master:
        """The master data of the plan."""
        return self.plans.master

    @property
    def money(self) -> str:
        """The number format of amounts."""
        return money_of(self.master.settings).amount

    @property
    def change(self) -> str:
        """The number format of differences, with a sign."""
        return money_of(self.master.settings).change

    @property
    def unit_of_money(self) -> str:
        """How headings name the unit."""
        return money_of(self.master.settings).unit

    @cached_property
    def products(self) -> tuple[str, ...]:
        """The products that the unit leads: they have a page."""
        return tuple(self.plans.products_of.get(self.unit, ()))

    @cached_property
    def foreign(self) -> tuple[str, ...]:
        """Products of other units for which this unit itself plans amounts."""
        rows = self.plans.by_unit.get(self.unit, ())
        found = {row.product for row in rows if row.counted} - set(self.products)
        known = [product for product in self.master.titles["products"] if product in found]
        return (*known, *sorted(found - set(known)))

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The units directly below, which have workbooks of their own."""
        below = self.master.units.children.get(self.unit, ())
        return tuple(unit for unit in below if unit in self.plans.units)

    @cached_property
    def part_numbers(self) -> Mapping[str, int]:
        """For every unit below the number of the part it belongs to."""
        return {
            unit: number
            for number, part in enumerate(self.parts, start=1)
            for unit in self.master.units.subtree([part])
        }

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every figure of the products that the unit leads, whoever planned it, and every figure
        that it or a unit below it planned.

        What units below planned for other products is condensed to one row per unit and line: its
        source cells stand in that unit's own workbook.
        """
        own = [
            *(row for product in self.products for row in self.plans.by_product.get(product, ())),
            *(
                row
                for row in self.plans.by_unit.get(self.unit, ())
                if row.counted and row.product not in self.product_set
            ),
        ]
        found = [Entry(row=row, keys=self._keys(row)) for row in own]
        found += [Entry(row=each.row, keys=("", "", each.key, "", "")) for each in self._statements]
        for number, part in enumerate(self.parts, start=1):
            for row in self._condensed(part):
                line = self.plans.line_numbers.get(row.line, 0)
                keys = ("", f"T-Z{line}", "", _kind(f"U{number}", row), _kind("F0", row))
                found.append(Entry(row=row, keys=keys))
        return tuple(found)

    @property
    def _statements(self) -> tuple[Statement, ...]:
        """Commitments and savings of the products that the unit leads."""
        return tuple(
            statement
            for product in self.products
            for grouped in (self.plans.commitments, self.plans.savings)
            for statement in grouped.get(product, ())
        )

    @cached_property
    def product_set(self) -> frozenset[str]:
        """The products that the unit leads."""
        return frozenset(self.products)

    def _keys(self, row: Booked) -> tuple[str, str, str, str, str]:
        own, inside = row.product in self.product_set, self._inside(row.unit)
        line = self.plans.line_numbers.get(row.line, 0)
        number = self.product_numbers.get(row.product, 0)
        part = self.part_numbers.get(row.unit, 0)
        measure = self.measure_numbers.get((row.product, row.measure))
        of_measure = _kind(f"M{measure}", row) if measure else ""
        if not row.counted:
            return ("", "", of_measure, "", "")
        others = _kind(f"F{number}", row) if not own else "" if inside else _kind("X", row)
        return (
            f"P{number}-Z{line}" if own else "",
            f"T-Z{line}" if inside else "",
            of_measure,
            _kind(f"U{part}", row) if inside else "",
            others,
        )

    def _inside(self, unit: str) -> bool:
        return unit == self.unit or unit in self.part_numbers

    def _condensed(self, part: str) -> Iterator[Booked]:
        sums: dict[tuple[str, str], list[int | None]] = {}
        for unit in sorted(self.master.units.subtree([part])):
            for row in self.plans.by_unit.get(unit, ()):
                if not row.counted or row.product in self.product_set:
                    continue
                amounts = sums.setdefault((row.line, row.kind), [None] * len(row.cents))
                for place, cents in enumerate(row.cents):
                    if cents is not None:
                        amounts[place] = (amounts[place] or 0) + cents
        order = self.plans.line_numbers
        for line, kind in sorted(sums, key=lambda each: (order.get(each[0], 0), each)):
            yield Booked(
                unit=part,
                product="",
                line=line,
                measure="",
                kind=kind,
                origin=CONDENSED,
                file=f"{part}.xlsx",
                sheet=DATA,
                cell="A1",
                cells="",
                cents=tuple(sums[line, kind]),
            )

    @cached_property
    def year_titles(self) -> tuple[str, ...]:
        """The titles of the year columns."""
        return tuple(year.title for year in self.plans.years)

    @cached_property
    def sheet_names(self) -> Mapping[str, str]:
        """The name of each product's sheet: its number, as far as a sheet may be called that."""
        names: dict[str, str] = {}
        taken = {name.casefold() for name in (OVERVIEW, LINES, DATA)}
        for number, product in enumerate(self.products, start=1):
            name = f"P {_NO_SHEET_NAME.sub('_', product)}"[:_LONGEST_NAME].rstrip()
            if name.casefold() in taken:
                name = f"{name[: _LONGEST_NAME - 7]} ({number})"
            taken.add(name.casefold())
            names[product] = name
        return names

    @cached_property
    def product_numbers(self) -> Mapping[str, int]:
        """The running number of each product, own ones first."""
        return {
            product: number for number, product in enumerate([*self.products, *self.foreign], 1)
        }

    @cached_property
    def measure_numbers(self) -> Mapping[tuple[str, str], int]:
        """The running number of each measure of a product of this unit."""
        pairs = dict.fromkeys(
            (product, measure)
            for product in self.products
            for measure in measures_of(self.plans, product)
        )
        return {pair: number for number, pair in enumerate(pairs, start=1)}

    @cached_property
    def _sums(self) -> Mapping[tuple[int, str], Sequence[int]]:
        found: dict[tuple[int, str], list[int]] = {}
        for entry in self.entries:
            for column, key in enumerate(entry.keys):
                if not key:
                    continue
                sums = found.setdefault((column, key), [0] * len(self.plans.years))
                for place, cents in enumerate(entry.row.cents):
                    sums[place] += cents or 0
        return found

    def has(self, column: int, key: str) -> bool:
        """Whether any row carries that key."""
        return (column, key) in self._sums

    def cents(self, column: int, key: str) -> Sequence[int]:
        """What a key's rows add up to, by year."""
        return self._sums.get((column, key)) or [0] * len(self.plans.years)

    def paper(self, sheet: Worksheet) -> Paper:
        """A page of this workbook."""
        return Paper(
            sheet=sheet,
            looks=self.looks,
            years=self.year_titles,
            amount=self._amount_width,
        )

    @cached_property
    def _amount_width(self) -> float:
        """The width of a year's column, in which every sum of the unit has room."""
        if self.money == "thousand":
            return NARROW_AMOUNT
        volume = [0] * len(self.plans.years)
        for entry in self.entries:
            for place, cents in enumerate(entry.row.cents):
                volume[place] += abs(cents or 0)
        return WIDE_AMOUNT if max(volume, default=0) >= _WIDE_FROM else AMOUNT

    def set_up(self, sheet: Worksheet, name: str, *, landscape: bool = False) -> None:
        """Paper size, header and footer."""
        page(self.results, sheet, name, landscape=landscape)

    def unit_title(self, unit: str) -> str:
        """Number and title of a unit."""
        return f"{unit} {self.master.titles['units'].get(unit, '')}".strip()

    def head_of(self, unit: str) -> str:
        """The function that leads a unit."""
        return self.plans.heads.get(unit, "")

    def stand_in_of(self, unit: str) -> str:
        """What stands in for a unit's return, in words."""
        code = self.results.stand_ins.get(unit, "")
        return _STAND_INS.get(code, "ein Ersatzwert")

    def top_goal(self, goal: str) -> str:
        """The highest goal above a goal; empty for what is no goal."""
        seen = [goal]
        while above := text_of(self.plans.goals.get(seen[-1], {}).get("parent")):
            if above in seen or above not in self.plans.goals:
                break
            seen.append(above)
        return seen[-1] if goal in self.plans.goals else ""

    def goal_name(self, goal: str) -> str:
        """The short title of a goal, or its title."""
        facts = self.plans.goals.get(goal, {})
        return text_of(facts.get("short_title")) or text_of(facts.get("title"))

    def source_beside(self, paper: Paper, record: Record | Booked) -> Callable[[int], None]:
        """Writes the source of what a department returned beside its row, out of print."""
        if isinstance(record, Booked):
            file, sheet, cell = record.file, record.sheet, record.cell
        else:
            file, sheet, cell = (text_of(record.get(name)) for name in ("file", "sheet", "cell"))
        link = source_link(self.results, file, sheet, cell, up=UP)
        column, text = paper.key_column + 1, f"{file} {cell}".strip()
        return lambda at: put_source(self.looks, paper.sheet, at, column, text, link)

    def link_to(self, unit: str, sheet: str = OVERVIEW) -> str | None:
        """The link to another unit's workbook; ``None`` where there is none."""
        return file_link(f"{unit}.xlsx", sheet) if unit in self.plans.units else None


def look_up(year: int, column: int, key: str) -> str:
    """The sum of the rows of Daten with the key that stands in cell ``key``; not yet rounded."""
    return f"SUMIFS(Betrag_{year},{KEY_NAMES[column]},{key})"


def measures_of(plans: UnitPlans, product: str) -> list[str]:
    """The measures of a product: those that were returned, then those that only figures know."""
    known = [str(each["measure"]) for each in plans.measures.get(product, ())]
    booked = sorted({row.measure for row in plans.by_product.get(product, ()) if row.measure})
    return list(dict.fromkeys([*known, *booked]))


def _kind(prefix: str, row: Booked) -> str:
    return f"{prefix}-{KIND_KEYS.get(row.kind, row.kind)}"
