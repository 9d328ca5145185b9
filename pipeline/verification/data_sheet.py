"""The sheet Daten of a workbook: every amount with its cell, and the only thing that sums read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from pipeline.tables import choices
from pipeline.verification.books import Book, Place, Sheet, address
from pipeline.verification.difference import Difference
from pipeline.verification.evidence import Evidence, Figure, code_of
from pipeline.verification.goals import split
from pipeline.verification.money import Money, Row
from pipeline.verification.reading import WHOLE, column_letters, euro_text

DATA = "Daten"
_FIRST_ROWS = 12
"""The heading of a table stands in one of these rows."""
_NUMBERS = {
    "Nr.\nZiel": "goal",
    "Nr.\nEinheit": "unit",
    "Nr.\nProdukt": "product",
    "Nr.\nZeile": "line",
    "Nr.\nMaßn.": "measure",
}
_TEXTS = {
    "Ziel": "goal",
    "Einheit": "unit",
    "Produkt": "product",
    "Zeile": "line",
    "Maßnahme": "measure",
    "Geldart": "kind",
    "Herkunft": "origin",
    "Anteil": "share_bp",
    "Datei": "file",
    "Blatt": "sheet",
    "Zellen": "cells",
}
_GOALS = {"ohne Ziel": choices.WITHOUT_GOAL, "allgemein": choices.GENERAL_FUNDING}
ORIGINS = {
    "Rücklauf": "return",
    "Vorjahr (Stammdaten)": "master",
    "fortgeschrieben": "derived",
    "Ersatz": "stand_in",
    "Änderungsliste": "change",
    "nur aufgelistet": "listed",
}


@dataclass(frozen=True, kw_only=True)
class DataSheet:
    """The sheet Daten of one workbook, with its columns found by their headings."""

    sheet: Sheet
    header: int
    texts: Mapping[str, int]
    numbers: Mapping[str, int]
    years: Mapping[int, int]

    @property
    def rows(self) -> range:
        """The rows below the heading."""
        return range(self.header + 1, self.sheet.last_row + 1)

    def text(self, row: int, name: str) -> str:
        """A fact of a row, as a code where there is one."""
        column = self.texts.get(name, 0)
        text = self.sheet.text(row, column)
        match name:
            case "goal":
                return _GOALS.get(text, text)
            case "kind":
                return code_of(choices.KINDS, text)
            case "origin":
                return ORIGINS.get(text, text)
            case "share_bp":
                value = self.sheet.value(row, column)
                number = Decimal(repr(value)) * WHOLE if isinstance(value, float) else None
                return "" if number is None else f"{number.normalize():f}"
            case _:
                return text

    def cells(self, row: int) -> list[str]:
        """The source cells of a row."""
        return [each for each in self.text(row, "cells").split(", ") if each]

    def money(self, amounts: Mapping[Place, int]) -> Money:
        """The rows with other amounts in their cells."""
        found = []
        for row in self.rows:
            goal, unit, product, line, measure = (
                self.text(row, name) for name in ("goal", "unit", "product", "line", "measure")
            )
            kind = self.text(row, "kind")
            for year, column in self.years.items():
                if (row, column) in amounts:
                    cents = amounts[row, column]
                    found.append(Row(goal, unit, product, line, measure, kind, year, cents))
        return Money.of(found)

    @cached_property
    def codes(self) -> dict[str, dict[int, str]]:
        """By dimension the code behind each running number: the one that most rows name."""
        found: dict[str, dict[int, str]] = {}
        for name, column in self.numbers.items():
            seen: dict[int, Counter[str]] = defaultdict(Counter)
            for row in self.rows:
                number = self.sheet.value(row, column)
                if isinstance(number, float):
                    seen[int(number)][self.text(row, name)] += 1
            found[name] = {number: _most(codes) for number, codes in seen.items()}
        return found


def _most(counted: Counter[str]) -> str:
    """What was counted most; of equals the first in the order of letters."""
    return min(counted, key=lambda each: (-counted[each], each))


def data_sheet(evidence: Evidence, book: Book) -> DataSheet | None:
    """The sheet Daten of a workbook, ``None`` where it has none that can be read."""
    sheet = book.sheets.get(DATA)
    if sheet is None:
        return None
    titles = evidence.master.year_titles
    for header in range(1, _FIRST_ROWS + 1):
        texts = {text: column for column, text in sheet.row_texts(header).items()}
        if "Zellen" in texts and "Datei" in texts:
            return DataSheet(
                sheet=sheet,
                header=header,
                texts={name: texts[title] for title, name in _TEXTS.items() if title in texts},
                numbers={name: texts[title] for title, name in _NUMBERS.items() if title in texts},
                years={year: texts[title] for title, year in titles.items() if title in texts},
            )
    return None


Key = tuple[str, str, str, str, int]
"""Goal, file, sheet, cell, year: what there is one part of."""


def data_rows_are_the_contributions(evidence: Evidence) -> Iterator[Difference]:
    """The rows of Daten and the parts of the figures on goals, one to one, with their cells, links
    and running numbers.
    """
    file = "Haushaltsplan.xlsx"
    found = data_sheet(evidence, evidence.book(file))
    if found is None:
        yield Difference(
            check="data_sheet",
            file=file,
            sheet=DATA,
            explanation="Das Blatt mit den einzelnen Beträgen fehlt oder hat keine Überschriften.",
        )
        return
    yield from _columns(evidence, file, found)
    parts: dict[Key, list[tuple[Figure, int, int]]] = defaultdict(list)
    for figure, goal, share, cents in split(evidence):
        parts[goal, figure.file, figure.sheet, figure.cell, figure.year].append(
            (figure, share, cents)
        )
    for row in found.rows:
        yield from _row(file, found, row, parts)
    for (goal, *_), left in parts.items():
        for figure, _, cents in left:
            yield Difference(
                check="data_sheet",
                file=file,
                sheet=DATA,
                expected=euro_text(cents),
                explanation=f"Es fehlt der Betrag aus {figure.file}, {figure.sheet}!{figure.cell}, "
                f"für {figure.year} beim Ziel {goal}.",
            )
    yield from _running_numbers(file, found)
    yield from _links(evidence, file, found)
    yield from _names(evidence.book(file), found)


def _columns(evidence: Evidence, file: str, found: DataSheet) -> Iterator[Difference]:
    years = {f"Jahr {year}" for year in evidence.master.roles if year not in found.years}
    texts = {title for title, name in _TEXTS.items() if name not in found.texts}
    numbers = {
        title.replace("\n", " ") for title, name in _NUMBERS.items() if name not in found.numbers
    }
    for title in sorted(years | texts | numbers):
        yield Difference(
            check="data_sheet",
            file=file,
            sheet=DATA,
            cell=f"A{found.header}",
            expected=title,
            explanation="Eine Spalte fehlt oder heißt anders.",
        )


def _row(
    file: str, found: DataSheet, row: int, parts: dict[Key, list[tuple[Figure, int, int]]]
) -> Iterator[Difference]:
    """One row: each amount has its part, each cell it names is one of theirs."""
    goal, source, sheet = (found.text(row, name) for name in ("goal", "file", "sheet"))
    cells, used = found.cells(row), set()
    for year, column in found.years.items():
        stored = found.sheet.cells.get((row, column))
        if stored is None:
            continue
        keys = [(goal, source, sheet, cell, year) for cell in cells]
        part = next((each for key in keys for each in parts.get(key, [])), None)
        place = f"{column_letters(column - 1)}{row}"
        if part is None:
            yield _of_row(
                file, place, "", str(stored.value), "Zu diesem Betrag gehört keine Quelle."
            )
            continue
        figure, share, should = part
        parts[goal, source, sheet, figure.cell, year].remove(part)
        used.add(figure.cell)
        yield from _unless_equal(file, place, stored.value, should)
        if stored.formula is not None:
            yield _of_row(file, place, "", stored.formula, "Hier steht eine Formel statt der Zahl.")
        yield from _facts(file, found, row, figure, share)
    for cell in cells:
        if cell not in used:
            yield _of_row(
                file,
                address((row, found.texts["cells"])),
                ", ".join(sorted(used)),
                cell,
                "Die Zeile nennt eine Zelle, aus der keiner ihrer Beträge stammt.",
            )


def _unless_equal(file: str, place: str, value: object, should: int) -> Iterator[Difference]:
    exact = Decimal(repr(value)) * 100 if isinstance(value, float) else None
    if exact != should:
        yield _of_row(
            file,
            place,
            euro_text(should),
            str(value),
            "In der Quelle steht ein anderer Betrag oder Anteil.",
        )


def _facts(
    file: str, found: DataSheet, row: int, figure: Figure, share: int
) -> Iterator[Difference]:
    wanted = {
        "unit": figure.unit,
        "product": figure.product,
        "line": figure.line,
        "measure": figure.measure,
        "kind": figure.kind,
        "origin": figure.origin,
        "share_bp": str(share),
    }
    for name, should in wanted.items():
        was = found.text(row, name)
        if was != should:
            yield _of_row(
                file,
                address((row, found.texts.get(name, 1))),
                should,
                was,
                "Die Angabe weicht von der Quelle ab.",
            )


def _of_row(file: str, cell: str, expected: str, found: str, explanation: str) -> Difference:
    return Difference(
        check="data_sheet",
        file=file,
        sheet=DATA,
        cell=cell,
        expected=expected,
        found=found,
        explanation=explanation,
    )


def _running_numbers(file: str, found: DataSheet) -> Iterator[Difference]:
    """One number per code, and rows in the order of the numbers."""
    columns = list(found.numbers.items())
    wanted = {
        name: {code: number for number, code in codes.items()}
        for name, codes in found.codes.items()
    }
    before: Sequence[float] = ()
    for row in found.rows:
        numbers = [found.sheet.value(row, column) for _, column in columns]
        plain = [each if isinstance(each, float) else 0.0 for each in numbers]
        for (name, column), number in zip(columns, plain, strict=True):
            code = found.text(row, name)
            should = wanted[name].get(code, 0)
            if number != should:
                yield _of_row(
                    file,
                    address((row, column)),
                    str(should or ""),
                    f"{number:g}",
                    f"Die laufende Nummer gehört nicht zu „{code}“.",
                )
        if plain < list(before):
            yield _of_row(
                file,
                f"A{row}",
                "",
                "",
                "Die Zeile steht nicht an ihrem Platz: Daten sind nach den Nummern sortiert.",
            )
        before = plain


def _links(evidence: Evidence, file: str, found: DataSheet) -> Iterator[Difference]:
    column = found.texts.get("cells", 0)
    for row in found.rows:
        target = found.sheet.links.get(address((row, column)), "").replace("\\", "/")
        cells = found.cells(row)
        if not target or not cells:
            continue
        path = f"{evidence.city}/{evidence.plan}/{found.text(row, 'file')}"
        sheet = found.text(row, "sheet").replace("'", "''")
        if not target.endswith(f"/{path}#'{sheet}'!{cells[0]}"):
            yield _of_row(
                file,
                address((row, column)),
                f"{path}, {sheet}!{cells[0]}",
                target,
                "Der Verweis führt nicht zu der Zelle, die daneben steht.",
            )


def _names(book: Book, found: DataSheet) -> Iterator[Difference]:
    """Each defined name covers its whole column, no more and no less."""
    wanted = {f"Betrag_{year}": column for year, column in found.years.items()}
    names = {
        "Daten_Ziel": "goal",
        "Daten_Einheit": "unit",
        "Daten_Produkt": "product",
        "Daten_Zeile": "line",
        "Daten_Massnahme": "measure",
    }
    wanted |= {title: found.numbers[name] for title, name in names.items() if name in found.numbers}
    if "kind" in found.texts:
        wanted["Daten_Art"] = found.texts["kind"]
    last = max(found.sheet.last_row, found.header + 1)
    for name, column in wanted.items():
        letter = column_letters(column - 1)
        should = f"'{DATA}'!${letter}${found.header + 1}:${letter}${last}"
        was = book.names.get(name, "")
        if was.replace(f"{DATA}!", f"'{DATA}'!").replace("''", "'") != should:
            yield Difference(
                check="data_sheet",
                file=book.file,
                sheet=DATA,
                cell=f"{letter}{found.header + 1}",
                expected=should,
                found=was,
                explanation=f"Der Name {name} umfasst nicht genau die Zeilen dieses Blatts.",
            )
