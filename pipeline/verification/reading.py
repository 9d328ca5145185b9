"""Workbooks and numbers, read by other means than the intake."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import openpyxl
import python_calamine

from pipeline.verification.difference import UnusableError

WHOLE = 10_000
_KEY_CELL = re.compile(r"zh:([a-z_]+):(\d+):(\d+)")


INVISIBLE = {
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")),
    **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f"), " "),
}
_GERMAN = re.compile(r"(-?)(\d+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?: \d{3})+)(?:,(\d{1,2}|-{1,2}))?")
_ONE_GROUP = re.compile(r"-?\d{1,3}\.\d{3}")


def blank(value: object) -> bool:
    """Whether a cell holds nothing, or nothing that can be seen."""
    return value is None or (isinstance(value, str) and not value.translate(INVISIBLE).strip())


def number_in(value: object) -> Decimal | None:
    """The exact number in a cell, or ``None`` where there is no number.

    Excel keeps 15 digits; what a binary number shows beyond them is noise. German number texts are
    read where they have exactly one reading; ``1.234`` as a text has two.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(f"{value:.15g}") if abs(value) < 1e15 else None
    if isinstance(value, str):
        return _german_number(value)
    return None


def _german_number(text: str) -> Decimal | None:
    plain = text.translate(INVISIBLE).replace("\u2212", "-").strip().lstrip("'")
    plain = re.sub(r"^(?:€|EUR)\s*|\s*(?:€|EUR)$", "", plain.strip(), flags=re.IGNORECASE)
    parts = _GERMAN.fullmatch(plain)
    if parts is None or _ONE_GROUP.fullmatch(plain):
        return None
    whole = parts[2].replace(".", "").replace(" ", "")
    fraction = (parts[3] or "").strip("-")
    return Decimal(f"{parts[1]}{whole}.{fraction or '0'}")


def cents_in(value: object) -> int | None:
    """Euro in a cell as cents, half up (away from zero)."""
    number = number_in(value)
    if number is None:
        return None
    return int((number * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def rounded(exact: Fraction) -> int:
    """Half up (away from zero) to a whole number."""
    size = abs(exact)
    whole = (2 * size.numerator + size.denominator) // (2 * size.denominator)
    return -whole if exact < 0 else whole


def basis_points_in(value: object) -> int | None:
    """``45`` or ``45 %`` as 4,500; ``None`` for an empty cell."""
    if blank(value):
        return None
    number = number_in(value.replace("%", "") if isinstance(value, str) else value)
    return (
        None if number is None else int((number * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    )


def date_in(value: object) -> str:
    """A date as ``YYYY-MM-DD``, from a date, an ISO text or ``TT.MM.JJJJ``; else empty."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    text = text_of(value)
    if german := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text):
        return f"{german[3]}-{int(german[2]):02d}-{int(german[1]):02d}"
    return text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else ""


def euro_text(cents: int) -> str:
    """Cents as a person writes them."""
    euros, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{euros:,}".replace(",", ".") + f",{rest:02d} €"


def is_yes(value: object, *, default: bool) -> bool:
    """ja or nein; an empty cell has the default."""
    text = text_of(value).casefold()
    return default if not text else text in {"ja", "true", "1"}


@dataclass(frozen=True, kw_only=True)
class Area:
    """One table in one sheet, found by its hidden key row.

    ``first`` and ``last`` are the prepared rows, counted as Excel counts.
    """

    table: str
    sheet: str
    grid: Sequence[Sequence[object]]
    first: int
    last: int
    columns: Mapping[str, int]

    @property
    def rows(self) -> range:
        """From the first data row to the end of the sheet: rows below the prepared ones count."""
        return range(self.first, len(self.grid) + 1)

    def value(self, row: int, column: str) -> object:
        """The cell's value; ``None`` where the sheet or the table ends before."""
        position = self.columns.get(column)
        if position is None or not 0 < row <= len(self.grid) or position >= len(self.grid[row - 1]):
            return None
        return self.grid[row - 1][position]

    def text(self, row: int, column: str) -> str:
        """The cell as the text of a code."""
        return text_of(self.value(row, column))

    def cell(self, row: int, column: str) -> str:
        """The cell's address."""
        return f"{column_letters(self.columns[column])}{row}"

    def at(self, cell: str) -> tuple[int, str] | None:
        """The row of an address, and the name of its column; ``None`` outside the table."""
        parts = re.fullmatch(r"([A-Z]{1,3})([1-9]\d{0,6})", cell)
        if parts is None or int(parts[2]) not in self.rows or not self.column_at(parts[1]):
            return None
        return int(parts[2]), self.column_at(parts[1])

    def column_at(self, letters: str) -> str:
        """The name of the column with these letters, empty if the table has none there."""
        return next(
            (name for name, at in self.columns.items() if column_letters(at) == letters), ""
        )


def column_letters(position: int) -> str:
    """The letters of a column, counted from 0."""
    text = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def text_of(value: object) -> str:
    """A code as text; whole numbers lose the ``.0`` that calamine gives them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).translate(INVISIBLE).strip()


_FAR_ROWS, _FAR_COLUMNS = 200_000, 1_000
_CELL_REFERENCE = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')
_STRING_COUNT = re.compile(rb'<(?:\w+:)?sst\s[^>]*?\buniqueCount="(\d+)"')


def _dense_enough(path: Path) -> bool:
    """Whether calamine may open it.

    It allocates the whole rectangle up to the farthest cell and every string that is announced, and
    where memory ends it aborts the process, which no ``except`` can catch.
    """
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            lower = name.lower()
            if lower.startswith("xl/worksheets/") and lower.endswith(".xml"):
                for found in _CELL_REFERENCE.finditer(package.read(name)):
                    if int(found[2]) > _FAR_ROWS or _position(found[1].decode()) > _FAR_COLUMNS:
                        return False
            if lower == "xl/sharedstrings.xml":
                counted = _STRING_COUNT.search(package.read(name)[:2_000])
                if counted and int(counted[1]) > 5_000_000:
                    return False
    return True


def _position(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def grids(path: Path, file: str) -> dict[str, list[list[object]]]:
    """The values of every sheet from A1 on. Formulas show their cached value."""
    if not path.is_file():  # a pipe would never answer
        raise UnusableError(file=file, explanation="Die Datei fehlt oder ist keine Datei mehr.")
    try:
        if _dense_enough(path):
            book = python_calamine.CalamineWorkbook.from_path(str(path))
            return {
                name: [
                    list(row)
                    for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)
                ]
                for name in book.sheet_names
            }
        sparse = openpyxl.load_workbook(path, data_only=True, read_only=True)
        return {
            sheet.title: [
                list(row) for row in sheet.iter_rows(max_row=20_000, max_col=200, values_only=True)
            ]
            for sheet in sparse.worksheets
        }
    except (
        Exception
    ) as fault:  # readers raise an open set of classes; any of them means: not comparable
        raise UnusableError(
            file=file, explanation="Die Datei ist nicht (mehr) als Excel-Arbeitsmappe lesbar."
        ) from fault


def areas_of(grids: Mapping[str, Sequence[Sequence[object]]]) -> list[Area]:
    """Every table of a workbook, wherever its key row stands."""
    found = []
    for sheet, grid in grids.items():
        for row in grid:
            marker = _KEY_CELL.fullmatch(str(row[0]).strip()) if row else None
            if marker is None:
                continue
            names = {text_of(name): at for at, name in enumerate(row) if at and text_of(name)}
            found.append(
                Area(
                    table=marker[1],
                    sheet=sheet,
                    grid=grid,
                    first=int(marker[2]),
                    last=int(marker[3]),
                    columns={name: at for name, at in names.items() if not name.startswith("#")},
                )
            )
    return found
