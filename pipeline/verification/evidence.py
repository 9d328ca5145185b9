"""Inputs and outputs of one plan, in plain Python."""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import openpyxl

from pipeline.model.tables import Choice
from pipeline.tables import choices, results
from pipeline.verification.books import Book, read_book
from pipeline.verification.difference import UnusableError
from pipeline.verification.reading import (
    Area,
    areas_of,
    basis_points_in,
    blank,
    grids,
    is_yes,
    number_in,
)

MASTER_FILE = "Stammdaten.xlsx"
MANIFEST = "manifest.json"
FEEDBACK_FOLDER = "Rueckmeldungen/"
_PROTECTED = tuple(f"'{sign}" for sign in "=+-@\t\r")
"""How a CSV file shows a text that a spreadsheet would take for a formula."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A row of ``figures.csv``."""

    file: str
    sheet: str
    cell: str
    origin: str
    unit: str
    product: str
    measure: str
    line: str
    kind: str
    year: int
    role: str
    cents: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What there is only one of: the cell, and the year where one cell stands for several."""
        return self.file, self.sheet, self.cell, self.year

    @property
    def counts(self) -> bool:
        """Whether it is in any total."""
        return self.origin != "listed"


@dataclass(frozen=True, kw_only=True)
class PlanYear:
    """A year of the plan; ``entered`` where departments fill it."""

    year: int
    role: str
    entered: bool


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What decides about the money of a measure: its goal, and whether it counts."""

    file: str
    goal: str
    status: str
    area: Area
    row: int

    @property
    def listed(self) -> bool:
        """Only listed, in no total."""
        return self.status in {choice.code for choice in choices.LISTED_STATUSES}


def code_of(labels: Iterable[Choice], text: str) -> str:
    """The code of a German label; a code is its own label."""
    written = _folded(text)
    return next((c.code for c in labels if written in {_folded(c.label), c.code}), text)


def _folded(text: str) -> str:
    """Letter case, blanks and the kind of minus do not tell two labels apart."""
    return " ".join(text.replace("\u2212", "-").replace("\u2013", "-").split()).casefold()


@dataclass(frozen=True)
class MasterData:
    """The master workbook in plain Python."""

    areas: Mapping[str, Area]

    def records(self, table: str) -> Iterator[tuple[Area, int]]:
        """The filled rows of a table."""
        area = self.areas.get(table)
        if area is None:
            return
        for row in area.rows:
            if any(not blank(area.value(row, name)) for name in area.columns):
                yield area, row

    def column(self, table: str, key: str, column: str) -> dict[str, str]:
        """One column of a table as text, by key."""
        wanted = (table, key, column)
        if wanted not in self._columns:
            self._columns[wanted] = {
                area.text(row, key): area.text(row, column) for area, row in self.records(table)
            }
        return self._columns[wanted]

    @cached_property
    def _columns(self) -> dict[tuple[str, str, str], dict[str, str]]:
        return {}

    @cached_property
    def years(self) -> tuple[PlanYear, ...]:
        return tuple(
            PlanYear(
                year=int(area.text(row, "year")),
                role=code_of(choices.ROLES, area.text(row, "role")),
                entered=code_of(choices.ENTRIES, area.text(row, "entry")) != "vorgegeben",
            )
            for area, row in self.records("years")
            if area.text(row, "year").isdigit()
        )

    @cached_property
    def roles(self) -> dict[int, str]:
        return {year.year: year.role for year in self.years}

    @cached_property
    def year_titles(self) -> dict[str, int]:
        """How a year is printed; a year without title is named by its role."""
        titles = self.column("years", "year", "title")
        return {
            titles.get(str(each.year))
            or f"{choices.label(choices.ROLES, each.role)} {each.year}": each.year
            for each in self.years
        }

    @cached_property
    def budget_years(self) -> list[int]:
        """The years that the plan decides, the first one first."""
        return sorted(each.year for each in self.years if each.role == "budget" and each.entered)

    @cached_property
    def previous_budget_year(self) -> int | None:
        """The last budget year before the plan."""
        given = [each.year for each in self.years if each.role == "budget" and not each.entered]
        return max(given, default=None)

    @cached_property
    def line_kinds(self) -> dict[str, str]:
        found = {}
        for area, row in self.records("lines"):
            kind = code_of(choices.KINDS, area.text(row, "kind"))
            found[area.text(row, "line")] = kind or self._implied_kind(area, row)
        return found

    @staticmethod
    def _implied_kind(area: Area, row: int) -> str:
        """The kind of a line that names none: plan and sign say it."""
        sign = _folded(area.text(row, "sign"))
        if sign == "=":
            return ""
        less = sign == "-"
        if area.text(row, "plan") == "Finanz":
            return "payment" if less else "receipt"
        kind = "expense" if less else "revenue"
        internal = is_yes(area.value(row, "internal"), default=False)
        return f"internal_{kind}" if internal else kind

    @cached_property
    def parents(self) -> dict[str, str]:
        return self.column("goals", "goal", "parent")

    @cached_property
    def tags(self) -> frozenset[str]:
        """Goals that money is never added up on."""
        return frozenset(
            area.text(row, "goal")
            for area, row in self.records("goals")
            if not is_yes(area.value(row, "additive"), default=True)
        )

    @cached_property
    def general_funding(self) -> frozenset[str]:
        return frozenset(
            area.text(row, "product")
            for area, row in self.records("products")
            if is_yes(area.value(row, "general_funding"), default=False)
        )

    @cached_property
    def links(self) -> dict[str, list[tuple[str, int | None]]]:
        """Goals of a product with their share in basis points (``None``: a tag without money)."""
        found: dict[str, list[tuple[str, int | None]]] = defaultdict(list)
        for area, row in self.records("product_goals"):
            found[area.text(row, "product")].append(
                (area.text(row, "goal"), basis_points_in(area.value(row, "share")))
            )
        return found

    @cached_property
    def central(self) -> dict[tuple[str, str], str]:
        """(line, product or empty for all) → the unit that plans it."""
        return {
            (area.text(row, "line"), area.text(row, "product")): area.text(row, "unit")
            for area, row in self.records("responsibilities")
        }

    def planned_elsewhere(self, unit: str, product: str, line: str) -> bool:
        """Whether another unit plans this line of this product."""
        planner = self.central.get((line, product)) or self.central.get((line, ""))
        return planner is not None and planner != unit

    @cached_property
    def growth(self) -> dict[tuple[str, int], Fraction]:
        """Base values in per cent by (name, year); used for the Orientierungsdaten."""
        found = {}
        for area, row in self.records("base_values"):
            number = number_in(area.value(row, "value"))
            year = area.text(row, "year")
            if number is not None and year.isdigit():
                found[area.text(row, "name"), int(year)] = Fraction(number)
        return found

    def growth_factor(self, line: str, year: int) -> Fraction | None:
        """1 + p/100 of a line in a year; the line's own Orientierungsdaten come first."""
        for name in (f"Orientierungsdaten {line}", "Orientierungsdaten"):
            if (name, year) in self.growth:
                return 1 + self.growth[name, year] / 100
        return None

    def setting(self, name: str) -> object:
        """A setting as it stands in the workbook; ``None`` where it is empty."""
        values = (
            area.value(row, "value")
            for area, row in self.records("settings")
            if area.text(row, "setting") == name
        )
        return next((value for value in values if not blank(value)), None)


@dataclass(frozen=True, kw_only=True)
class CountedReturn:
    """A counted return: one whose money stands in the totals."""

    file: str
    unit: str
    stands_in: bool
    path: Path
    areas: tuple[Area, ...]

    def tables(self, name: str) -> list[Area]:
        """The sheets that carry a table."""
        return [area for area in self.areas if area.table == name]

    @cached_property
    def measures(self) -> dict[str, Measure]:
        """The measures by number."""
        found = {}
        for area in self.tables("measures"):
            for row in area.rows:
                number = area.text(row, "measure")
                if number and number not in found:
                    found[number] = Measure(
                        file=self.file,
                        goal=area.text(row, "goal"),
                        status=code_of(choices.MEASURE_STATUSES, area.text(row, "status")),
                        area=area,
                        row=row,
                    )
        return found

    @cached_property
    def refinements(self) -> dict[str, list[tuple[str, int]]]:
        """product → (goal, share) that the department put below the links of the master."""
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for area in self.tables("product_goals"):
            for row in area.rows:
                share = basis_points_in(area.value(row, "share"))
                if area.text(row, "product") and share is not None:
                    found[area.text(row, "product")].append((area.text(row, "goal"), share))
        return found

    @cached_property
    def _protection(self) -> Mapping[str, frozenset[str]]:
        book = openpyxl.load_workbook(self.path)
        return {
            sheet.title: frozenset(
                cell.coordinate
                for cells in sheet.iter_rows()
                for cell in cells
                if cell.protection.locked
            )
            for sheet in book.worksheets
        }

    def locked(self, sheet: str, cell: str) -> bool:
        """Whether the cell is protected; asked only for lines that others plan, for it is slow."""
        return cell in self._protection.get(sheet, frozenset())


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Inputs and outputs of one plan, read when a check asks for them."""

    root: Path
    city: str
    plan: str

    @property
    def input_folder(self) -> Path:
        """What came back."""
        return self.root / "input" / self.city / self.plan

    @property
    def output_folder(self) -> Path:
        """What is examined."""
        return self.root / "output" / self.city / self.plan

    @property
    def master_path(self) -> Path:
        """The master workbook of the plan."""
        return self.root / "templates" / self.city / self.plan / MASTER_FILE

    @cached_property
    def input_files(self) -> dict[str, Path]:
        """Every input by its printed name; the master is one of them. A file of the input folder
        that is called like the master is printed with ``./``.
        """
        found = {
            printed_name(path.relative_to(self.input_folder)): path
            for path in files_below(self.input_folder)
        }
        if MASTER_FILE in found:
            found[f"./{MASTER_FILE}"] = found.pop(MASTER_FILE)
        if self.master_path.is_file():
            found[MASTER_FILE] = self.master_path
        return found

    @cached_property
    def manifest(self) -> Mapping[str, Mapping[str, str]]:
        """``inputs`` and ``outputs`` of the manifest, hash by file."""
        try:
            return {part: dict(self.manifest_facts[part]) for part in ("inputs", "outputs")}
        except (ValueError, KeyError, TypeError) as fault:
            raise self._no_manifest() from fault

    @cached_property
    def manifest_facts(self) -> Mapping[str, Any]:
        """Everything that the manifest says."""
        try:
            content = json.loads((self.output_folder / MANIFEST).read_text(encoding="utf-8"))
            return dict(content)
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise self._no_manifest() from fault

    @staticmethod
    def _no_manifest() -> UnusableError:
        return UnusableError(
            file=MANIFEST, explanation="Das Verzeichnis der Prüfsummen fehlt oder ist beschädigt."
        )

    def rows(self, table: str) -> list[dict[str, str]]:
        """A file of the data package, without the apostrophe that protects from formulas."""
        if table not in self._rows:
            self._rows[table] = self._read_rows(table)
        return self._rows[table]

    @cached_property
    def _rows(self) -> dict[str, list[dict[str, str]]]:
        return {}

    def _read_rows(self, table: str) -> list[dict[str, str]]:
        file = f"Daten/{table}.csv"
        columns = next((each.names for each in results.RESULT_TABLES if each.name == table), ())
        try:
            with (self.output_folder / file).open(encoding="utf-8", newline="") as source:
                reader = csv.DictReader(source, strict=True)
                if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
                    raise UnusableError(
                        file=file,
                        explanation=f"In {file} fehlen die Spalten: {', '.join(missing)}.",
                    )
                return [
                    {name: _unescaped(text or "") for name, text in row.items() if name}
                    for row in reader
                ]
        except (OSError, ValueError, csv.Error) as fault:
            raise UnusableError(
                file=file, explanation=f"Die Datei {file} fehlt oder ist nicht lesbar."
            ) from fault

    def whole(self, row: Mapping[str, str], column: str, table: str) -> int:
        """A whole number of the data package."""
        try:
            return int(row[column])
        except ValueError as fault:
            raise UnusableError(
                file=f"Daten/{table}.csv",
                explanation=f"In der Spalte „{column}“ steht keine ganze Zahl: „{row[column]}“.",
            ) from fault

    @cached_property
    def figures(self) -> list[Figure]:
        """``figures.csv`` as it lies in the output."""
        texts = [field.name for field in fields(Figure) if field.name not in {"year", "cents"}]
        return [
            Figure(
                year=self.whole(row, "year", "figures"),
                cents=self.whole(row, "cents", "figures"),
                **{name: row[name] for name in texts},
            )
            for row in self.rows("figures")
        ]

    @cached_property
    def workbooks(self) -> list[str]:
        """The workbooks of the plan below the output folder; what goes back to departments is none
        of them.
        """
        folder = self.output_folder
        files = [printed_name(path.relative_to(folder)) for path in files_below(folder)]
        return sorted(
            file
            for file in files
            if file.endswith(".xlsx")
            and not file.startswith(FEEDBACK_FOLDER)
            and not file.rpartition("/")[2].startswith(("~$", "."))
        )

    def book(self, file: str) -> Book:
        """A workbook of the output, read once."""
        if file not in self._books:
            self._books[file] = read_book(self.output_folder / file, file)
        return self._books[file]

    @cached_property
    def _books(self) -> dict[str, Book]:
        return {}

    @cached_property
    def prepared(self) -> dict[str, object]:
        """What several checks have made of a workbook."""
        return {}

    @cached_property
    def _read(self) -> dict[str, tuple[Area, ...]]:
        return {}

    def areas(self, file: str) -> tuple[Area, ...]:
        """The tables of an input, read once."""
        if file not in self._read:
            path = self.input_files.get(file, self.input_folder / file)
            self._read[file] = tuple(areas_of(grids(path, file)))
        return self._read[file]

    @cached_property
    def master(self) -> MasterData:
        """The master workbook."""
        return MasterData({area.table: area for area in reversed(self.areas(MASTER_FILE))})

    @cached_property
    def register(self) -> list[dict[str, str]]:
        """The register of returns, taken as given."""
        return self.rows("register")

    @cached_property
    def returns(self) -> list[CountedReturn]:
        """Every return whose money counts, also one that stands in for a later, rejected one."""
        stand_ins = {
            (figure.file, figure.unit)
            for figure in self.figures
            if figure.origin == "stand_in" and figure.file != MASTER_FILE
        }
        counted = {
            (row["file"], row["unit"])
            for row in self.register
            if row["file"]
            and row["money"] == "accepted"
            and row["status"] in {"accepted", "partial"}
        }
        return [
            CountedReturn(
                file=file,
                unit=unit,
                stands_in=(file, unit) not in counted,
                path=self.input_files[file],
                areas=self.areas(file),
            )
            for file, unit in sorted(counted | stand_ins)
            if file in self.input_files
        ]

    @cached_property
    def measures(self) -> dict[tuple[str, str], Measure]:
        """Every measure of a counted return by unit and number."""
        return {
            (each.unit, number): measure
            for each in self.returns
            for number, measure in each.measures.items()
        }

    def measure(self, unit: str, number: str) -> Measure | None:
        """A measure by its number: the unit's own, else another unit's that carries the number."""
        if not number:
            return None
        own = self.measures.get((unit, number))
        others = (each for (_, name), each in self.measures.items() if name == number)
        return own if own is not None else next(others, None)

    def refinement(self, unit: str, product: str) -> list[tuple[str, int]]:
        """How a unit put the links of a product on goals below those of the master."""
        return [
            link
            for each in self.returns
            if each.unit == unit
            for link in each.refinements.get(product, [])
        ]

    @cached_property
    def parents(self) -> dict[str, str]:
        """The goal tree that counts: the master's goals, and below them what departments added."""
        added = {
            row["goal"]: row["parent"]
            for row in self.rows("goals")
            if row.get("file") != MASTER_FILE
        }
        return {**added, **self.master.parents}

    @cached_property
    def goal_weights(self) -> dict[str, str]:
        """The weight of each goal in its parent as the master has it; empty means 1."""
        return self.master.column("goals", "goal", "weight")

    @cached_property
    def capped(self) -> dict[tuple[str, int], int]:
        """The capped attainment of each key figure of the city by (kpi, year), in basis points."""
        return {
            (row["kpi"], self.whole(row, "year", "kpi_results")): self.whole(
                row, "capped_bp", "kpi_results"
            )
            for row in self.rows("kpi_results")
            if row["scope"] == "city" and row["role"] == "actual" and row["capped_bp"]
        }

    def lineage(self, goal: str) -> list[str]:
        """The goal and its ancestors; ends in a faulty tree too."""
        if goal in self._lineages:
            return self._lineages[goal]
        path: list[str] = []
        node = goal
        while node in self.parents and node not in path:
            path.append(node)
            node = self.parents[node]
        self._lineages[goal] = path
        return path

    @cached_property
    def _lineages(self) -> dict[str, list[str]]:
        return {}


def files_below(folder: Path) -> Iterator[Path]:
    """Every file at any depth, in a fixed order."""
    for path, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(path) / name for name in sorted(names))


def printed_name(path: Path) -> str:
    """A relative path as the outputs name it: with ``/``, undecodable bytes as ``\\xNN``."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def _unescaped(text: str) -> str:
    return text[1:] if text.startswith(_PROTECTED) else text
