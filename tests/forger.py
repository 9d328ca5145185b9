"""What somebody can do to the outputs of a run, cell by cell, without leaving other traces.

Workbooks are changed in their XML: openpyxl would drop every cached value on saving, and the
verification would find all of them at once instead of the one deed.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pytest

from pipeline import outputs, stages
from pipeline.verification import differences, evidence
from pipeline.verification.books import Book, Sheet, read_book
from pipeline.verification.reading import grids
from pipeline.workspace import Workspace
from tests.small_city import a_city, silent

Record = dict[str, str]
PLAN = "Haushaltsplan.xlsx"
_RUN: dict[str, Path] = {}


@dataclass(frozen=True, kw_only=True)
class Forger:
    """A consolidated small city, and the ways in which its outputs and inputs are tampered with."""

    workspace: Workspace
    honest: Path
    _parts: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def output(self) -> Path:
        return self.workspace.output

    def path(self, file: str) -> Path:
        """A file of the output, or a return, or the master workbook."""
        if file == "Stammdaten.xlsx":
            return self.workspace.master
        inside = self.output / file
        return inside if inside.is_file() else self.workspace.returns / file

    def found(self) -> pd.DataFrame:
        """What the verification says."""
        self._flush()
        space = self.workspace
        return differences(root=space.root, city=space.city, plan=space.plan)

    def seal(self) -> None:
        """Write every hash of the outputs anew, as a careful forger would."""
        self._flush()
        path = self.output / "manifest.json"
        facts = json.loads(path.read_text(encoding="utf-8"))
        files = {
            each.relative_to(self.output).as_posix(): each
            for each in self.output.rglob("*")
            if each.is_file() and each != path
        }
        hashes = {name: _sha256(each.read_bytes()) for name, each in files.items()}
        tables = {name: each for name, each in hashes.items() if name.endswith(".csv")}
        contents = {
            name: _content(each) if name.endswith(".xlsx") else hashes[name]
            for name, each in files.items()
        }
        facts |= {
            "outputs": dict(sorted(hashes.items())),
            "data_digest": _digest(tables),
            "content_digest": _digest(contents),
        }
        path.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")

    # --- data package ---

    def rows(self, table: str) -> list[Record]:
        """A file of the data package."""
        with (self.output / "Daten" / f"{table}.csv").open(encoding="utf-8", newline="") as source:
            return list(csv.DictReader(source))

    def rewrite(self, table: str, change: Callable[[list[Record]], object]) -> None:
        """Change rows of a file of the data package."""
        path = self.output / "Daten" / f"{table}.csv"
        rows = self.rows(table)
        names = list(rows[0])
        change(rows)
        with path.open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    # --- workbooks ---

    def sheet(self, sheet: str, file: str = PLAN) -> Sheet:
        """A sheet as the run wrote it; no deed moves a row or a column."""
        return self._book(file).sheets[sheet]

    def _book(self, file: str) -> Book:
        return _book(str(self.honest), self.honest / file, file)

    def find(self, sheet: str, text: str, file: str = PLAN) -> int:
        """The first row in which a cell shows this text."""
        found = self.sheet(sheet, file)
        return next(row for row in sorted(found.by_row) if text in found.row_texts(row).values())

    def column(self, sheet: str, heading: str, file: str = PLAN) -> str:
        """The letters of the column with this heading."""
        found = self.sheet(sheet, file)
        for row in sorted(found.by_row)[:60]:
            for column, text in found.row_texts(row).items():
                if text.replace("-\n", "").replace("\n", " ") == heading:
                    return _letters(column)
        raise AssertionError(heading)

    def part(self, file: str, part: str, edit: Callable[[str], str]) -> None:
        """Change one part of a package."""
        if file not in self._parts:
            with zipfile.ZipFile(self.path(file)) as package:
                self._parts[file] = {name: package.read(name) for name in package.namelist()}
        before = self._parts[file][part].decode()
        after = edit(before)
        assert after != before, "the deed did nothing"
        self._parts[file][part] = after.encode()

    def _flush(self) -> None:
        """Writes the packages that were changed."""
        for file, parts in self._parts.items():
            with zipfile.ZipFile(self.path(file), "w") as package:
                for name, data in parts.items():
                    package.writestr(name, data)
        self._parts.clear()

    def xml(self, sheet: str, edit: Callable[[str], str], file: str = PLAN) -> None:
        """Change the XML of one sheet."""
        names = list(self._book(file).sheets)
        self.part(file, f"xl/worksheets/sheet{names.index(sheet) + 1}.xml", edit)

    def write(
        self, sheet: str, cell: str, *, value: float | str | None = None,
        formula: str | None = None, file: str = PLAN,
    ) -> None:  # fmt: skip
        """Put a number, a text or a formula with its cached value into a cell."""

        def edit(text: str) -> str:
            number = isinstance(value, int | float)
            kind = "" if number else ' t="str"' if formula is not None else ' t="inlineStr"'
            shown = f"{value!r}" if number else escape(str(value or ""))
            content = f"<f>{escape(formula)}</f>" if formula is not None else ""
            content += f"<v>{shown}</v>" if number or formula is not None else ""
            if not content and value is not None:
                content = f"<is><t>{shown}</t></is>"
            pattern = re.compile(rf'<c r="{cell}"( s="\d+")?[^>]*?(?:/>|>.*?</c>)', re.DOTALL)
            assert pattern.search(text), f"{cell} has no place"
            return pattern.sub(
                lambda match: f'<c r="{cell}"{match[1] or ""}{kind}>{content}</c>', text, count=1
            )

        self.xml(sheet, edit, file)

    def formula(self, sheet: str, cell: str, change: Callable[[str], str]) -> None:
        """Change the formula of a cell; the cached value stays."""

        def edit(text: str) -> str:
            pattern = re.compile(rf'(<c r="{cell}"[^>]*><f>)(.*?)(</f>)', re.DOTALL)
            return pattern.sub(lambda match: match[1] + change(match[2]) + match[3], text, count=1)

        self.xml(sheet, edit)

    def cached(self, sheet: str, cell: str, value: str) -> None:
        """Change the cached value of a formula; the formula stays."""

        def edit(text: str) -> str:
            pattern = re.compile(rf'(<c r="{cell}"[^>]*><f>.*?</f>)<v>.*?</v>', re.DOTALL)
            return pattern.sub(lambda match: f"{match[1]}<v>{value}</v>", text, count=1)

        self.xml(sheet, edit)

    def row_attribute(self, sheet: str, row: int, attribute: str) -> None:
        """Give a row one more attribute."""
        self.xml(sheet, lambda text: text.replace(f'<row r="{row}"', f'<row r="{row}" {attribute}'))

    def swap_rows(self, sheet: str, one: int, other: int) -> None:
        """Two rows change places with all that stands in them; formulas stay as they are."""

        def edit(text: str) -> str:
            rows = {
                number: match[0]
                for number in (one, other)
                if (match := re.search(rf'<row r="{number}".*?</row>', text, re.DOTALL))
            }
            moved = {
                one: _renumbered(rows[other], other, one),
                other: _renumbered(rows[one], one, other),
            }
            for number, row in rows.items():
                text = text.replace(row, f"\0{number}\0")
            for number, row in moved.items():
                text = text.replace(f"\0{number}\0", row)
            return text

        self.xml(sheet, edit)

    def drop_row(self, sheet: str, row: int) -> None:
        """Empty a row."""
        self.xml(
            sheet,
            lambda text: re.sub(rf'<row r="{row}".*?</row>', "", text, count=1, flags=re.DOTALL),
        )


def _renumbered(row: str, old: int, new: int) -> str:
    moved = row.replace(f'<row r="{old}"', f'<row r="{new}"', 1)
    return re.sub(rf'(<c r="[A-Z]+){old}"', rf'\g<1>{new}"', moved)


def _letters(column: int) -> str:
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest(hashes: Mapping[str, str]) -> str:
    return _sha256("".join(f"{name}={hashes[name]}\n" for name in sorted(hashes)).encode())


def _content(path: Path) -> str:
    with zipfile.ZipFile(path) as package:
        return _digest({part: _sha256(package.read(part)) for part in package.namelist()})


def a_forger(root: Path, **tables: object) -> Forger:
    """A consolidated small city of one's own; the run is made once per process, then copied."""
    asked = repr(tables)
    if asked not in _RUN:
        home = root / "honest"
        workspace = a_city(home, **tables)  # type: ignore[arg-type]
        with pytest.MonkeyPatch.context() as patch:
            # What goes back to departments is no part of the plan, and takes a third of the time.
            patch.setattr(outputs, "_receipts", lambda _results: iter(()))
            stages.run(workspace, workers=1, progress=silent)
        _RUN[asked] = home
    target = root / "forged"
    shutil.copytree(_RUN[asked], target)
    space = Workspace(root=target, city="kleinstadt", plan="2027")
    honest = Workspace(root=_RUN[asked], city="kleinstadt", plan="2027").output
    return Forger(workspace=space, honest=honest)


@lru_cache(maxsize=64)
def _grids(_content: str, path: Path, file: str) -> dict[str, list[list[object]]]:
    return grids(path, file)


@lru_cache(maxsize=64)
def _book(_content: str, path: Path, file: str) -> Book:
    return read_book(path, file)


_Read = TypeVar("_Read")


def _once(read: Callable[[str, Path, str], _Read]) -> Callable[[Path, str], _Read]:
    def reader(path: Path, file: str) -> _Read:
        return read(_sha256(path.read_bytes()) if path.is_file() else str(path), path, file)

    return reader


def read_once(patch: pytest.MonkeyPatch) -> None:
    """What was not tampered with is not read again: most files are the same in every test."""
    patch.setattr(evidence, "grids", _once(_grids))
    patch.setattr(evidence, "read_book", _once(_book))
