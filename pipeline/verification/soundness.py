"""What must hold in every workbook of the plan, whatever it shows: formulas that give what is
cached beside them, no number in the place of a formula, nothing hidden, no format that shows
another number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.verification.books import Book, Place, Sheet, address
from pipeline.verification.difference import Difference, UnusableError
from pipeline.verification.evidence import Evidence
from pipeline.verification.formula_reader import NotUnderstoodError
from pipeline.verification.formulas import Calculator, agrees, formula_form, text
from pipeline.verification.reading import column_letters

_YEAR = re.compile(r"\d{4}")


def workbooks_are_sound(evidence: Evidence) -> Iterator[Difference]:
    """Every check of this module for every workbook."""
    for file in evidence.workbooks:
        try:
            book = evidence.book(file)
        except UnusableError as fault:
            yield fault.difference
            continue
        yield from formulas_give_what_is_cached(book)
        yield from _constants_among_formulas(book)
        yield from _hidden(evidence, book)
        yield from _misleading_formats(book)


def formulas_give_what_is_cached(book: Book) -> Iterator[Difference]:
    """Every formula computed anew from the constants of its workbook."""
    calculator = Calculator(book)
    for sheet, place, stored in book.formulas():
        try:
            computed = calculator.value(sheet.name, *place)
        except (NotUnderstoodError, ArithmeticError, RecursionError, IndexError):
            yield Difference(
                check="formulas",
                file=book.file,
                sheet=sheet.name,
                cell=address(place),
                found=f"={stored.formula}",
                explanation="Diese Formel kann nicht nachgerechnet werden.",
            )
            continue
        if not agrees(stored.value, stored.kind, computed):
            yield Difference(
                check="formulas",
                file=book.file,
                sheet=sheet.name,
                cell=address(place),
                expected=text(computed),
                found="" if stored.value is None else str(stored.value),
                explanation=f"Die Formel ={stored.formula} ergibt etwas anderes, als in der Zelle "
                "gespeichert ist.",
            )


# --- constants among formulas ---------------------------------------------------------------------

_SANDWICHES = (
    ((-1, 0), (1, 0)),
    ((0, -1), (0, 1)),
    ((-1, 0), (-2, 0)),
    ((1, 0), (2, 0)),
)
"""Two neighbours that compute alike, as steps down and to the right."""


def _constants_among_formulas(book: Book) -> Iterator[Difference]:
    """Numbers between formulas that compute alike and do not use them."""
    for sheet in book.sheets.values():
        for place, stored in sheet.cells.items():
            if stored.formula is not None or not isinstance(stored.value, float):
                continue
            if form := _surrounding_form(sheet, place):
                yield Difference(
                    check="formulas",
                    file=book.file,
                    sheet=sheet.name,
                    cell=address(place),
                    expected=f"eine Formel wie daneben ({form})",
                    found=str(stored.value),
                    explanation="Hier steht eine Zahl, wo nach den Nachbarzellen eine Formel "
                    "rechnen soll.",
                )


def _surrounding_form(sheet: Sheet, place: Place) -> str:
    """The form in which a number's neighbours compute, if they do and leave it out."""
    beside = any(_form(sheet, place, (0, step)) for step in (-1, 1))
    for one, other in _SANDWICHES:
        form = _form(sheet, place, one)
        if not form or form != _form(sheet, place, other):
            continue
        if one[0] and not beside:
            continue  # a whole row of numbers is meant so
        if any(_uses(sheet, place, step) for step in (one, other)):
            continue
        return form
    return ""


def _form(sheet: Sheet, place: Place, step: tuple[int, int]) -> str:
    """The form of a neighbour; columns of years differ by the year only."""
    at = (place[0] + step[0], place[1] + step[1])
    return _YEAR.sub("····", formula_form(sheet, at))


_RANGE = re.compile(r"R\[?(-?\d+)\]?C\[?(-?\d+)\]?(?::R\[?(-?\d+)\]?C\[?(-?\d+)\]?)?")


def _uses(sheet: Sheet, place: Place, step: tuple[int, int]) -> bool:
    """Whether the neighbour's formula reads the cell, by relative references."""
    for match in _RANGE.finditer(formula_form(sheet, (place[0] + step[0], place[1] + step[1]))):
        rows = int(match[1]), int(match[3] or match[1])
        columns = int(match[2]), int(match[4] or match[2])
        if rows[0] <= -step[0] <= rows[1] and columns[0] <= -step[1] <= columns[1]:
            return True
    return False


# --- what is not seen -----------------------------------------------------------------------------


def _hidden(evidence: Evidence, book: Book) -> Iterator[Difference]:
    for sheet in book.sheets.values():
        if not sheet.visible and not sheet.name.startswith("_"):
            yield _unseen(book, sheet, "", "Das Blatt ist ausgeblendet.")
        for row in sorted(sheet.hidden_rows):
            first = sheet.text(row, 1)
            if (
                row in sheet.by_row
                and not first.startswith("zh:")
                and not _may_be_away(evidence, sheet, row)
            ):
                yield _unseen(book, sheet, f"A{row}", f"Die Zeile {row} ist ausgeblendet.")
        for column, level in sorted(sheet.hidden_columns.items()):
            if _filled(sheet, column) and not (level and _may_fold(evidence, sheet, column)):
                letter = column_letters(column - 1)
                yield _unseen(book, sheet, f"{letter}1", f"Die Spalte {letter} ist ausgeblendet.")


def _unseen(book: Book, sheet: Sheet, cell: str, explanation: str) -> Difference:
    return Difference(
        check="hidden", file=book.file, sheet=sheet.name, cell=cell, explanation=explanation
    )


def _filled(sheet: Sheet, column: int) -> bool:
    return any(at == column for _, at in sheet.cells)


_FIRST_ROWS = 60
_BALANCES = ("Zuschussbedarf", "saldo", "Investition")
_SEEN = re.compile(
    r"(Stand|Ziel|Ist|Prognose|Abdeckung|erreicht|mit Daten|Quelle|Kritisch|Bezeichnung|Titel"
    r"|Status|Summe|Veränderung|Anteil|Produkt|Einheit|Maßnahme|Geldart|Datei|Blatt|Zelle)"
)
"""Beginnings of headings that a reader must see."""


def _may_fold(evidence: Evidence, sheet: Sheet, column: int) -> bool:
    """Whether a column may be folded away: one of a year, but no balance of a budget year; or a
    helper to the right of all that is shown.
    """
    titles = evidence.master.year_titles
    headings = [
        sheet.text(row, column)
        for row in sorted(sheet.by_row)
        if row <= _FIRST_ROWS and isinstance(sheet.value(row, column), str)
    ]
    for heading in headings:
        year = next((year for title, year in titles.items() if title in heading), None)
        if year is not None:
            balance = any(word in heading for word in _BALANCES)
            return not (balance and year in evidence.master.budget_years)
    last = max(
        (at for _, at in sheet.cells if at not in sheet.hidden_columns),
        default=0,
    )
    heading = headings[0] if headings else ""
    return column > last and not _SEEN.match(heading)


def _may_be_away(evidence: Evidence, sheet: Sheet, row: int) -> bool:
    """Whether a row may be folded away: on the sheet of attainment that of a goal without key
    figures, on that of the key figures what a unit adds to the line above it.
    """
    goal = sheet.text(row, 1)
    if sheet.name == "Kennzahlen":
        return bool(sheet.levels.get(row)) and sheet.text(row, 2).startswith("davon ")
    return sheet.name == "Zielerreichung" and any(
        fact["goal"] == goal and fact["kpis"] == "0" for fact in evidence.rows("attainment")
    )


_LITERAL = re.compile(r'"([^"]*)"')


def _misleading_formats(book: Book) -> Iterator[Difference]:
    """Formats that print digits of their own, or nothing at all."""
    for pattern in book.formats:
        literal = "".join(_LITERAL.findall(pattern))
        if any(sign.isdigit() for sign in literal) or not pattern.replace(";", "").strip():
            yield Difference(
                check="hidden",
                file=book.file,
                found=pattern,
                explanation="Ein Zahlenformat dieser Mappe zeigt etwas anderes als die Zahl.",
            )
