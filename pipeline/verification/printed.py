"""What the consolidated workbook prints: tables found by their headings, cells compared with sums.

A cell of money is looked at three times: it must be computed by a formula, its cached value must be
the sum that follows from the figures, and the formula must give the right sum for other amounts,
too. The last is what tells a sum over the wrong rows from one that is right by chance.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from pipeline.verification.books import Book, Place, Sheet, Stored, address
from pipeline.verification.data_sheet import DATA, DataSheet, data_sheet
from pipeline.verification.difference import Difference, UnusableError
from pipeline.verification.evidence import Evidence
from pipeline.verification.formula_reader import NotUnderstoodError
from pipeline.verification.formulas import Calculator, formula_form
from pipeline.verification.goals import Sums, goal_sums, split
from pipeline.verification.money import WORDS, Kinds, Money, Question, Row
from pipeline.verification.reading import euro_text

BUDGET_PLAN = "Haushaltsplan.xlsx"
_FIRST_ROWS = 120

Sum = Callable[[Money], int]
"""A question to a heap of money, answered in cents."""


@dataclass(frozen=True, kw_only=True)
class MoneyColumn:
    """A column of one year and one meaning."""

    column: int
    year: int
    word: str

    @property
    def kinds(self) -> Kinds:
        """What it adds up, with signs."""
        return WORDS[self.word]

    def question(self, dimension: str, code: str) -> Question:
        """What it shows of one code."""
        return Question(
            dimension=dimension, codes=frozenset({code}), kinds=self.kinds, year=self.year
        )


@dataclass(frozen=True, kw_only=True)
class PrintedTable:
    """A table of a sheet: its heading, and where the columns stand."""

    sheet: Sheet
    header: int
    columns: Mapping[str, int]
    money: tuple[MoneyColumn, ...]

    @property
    def rows(self) -> range:
        """The rows below the heading."""
        return range(self.header + 1, self.sheet.last_row + 1)

    def text(self, row: int, title: str) -> str:
        """The text below a heading."""
        return self.sheet.text(row, self.columns[title]) if title in self.columns else ""

    def by_word(self, row: int) -> list[list[Place]]:
        """The cells of a row by meaning: all years of one meaning compute alike."""
        words = dict.fromkeys(each.word for each in self.money)
        return [[(row, each.column) for each in self.money if each.word == word] for word in words]

    def money_column(self, word: str, year: int) -> MoneyColumn | None:
        """The column of a meaning and a year."""
        return next((each for each in self.money if (each.word, each.year) == (word, year)), None)


def plain(title: str) -> str:
    """A heading without its line breaks."""
    return " ".join(title.replace("-\n", "").split())


@dataclass(frozen=True, kw_only=True)
class Printed:
    """The consolidated workbook beside the two heaps of money."""

    evidence: Evidence
    book: Book

    @cached_property
    def data(self) -> DataSheet | None:
        """The sheet from which its sums are taken."""
        return data_sheet(self.evidence, self.book)

    @cached_property
    def money(self) -> Money:
        """What follows from the figures."""
        return Money.of(
            Row(
                goal,
                figure.unit,
                figure.product,
                figure.line,
                figure.measure,
                figure.kind,
                figure.year,
                cents,
            )
            for figure, goal, _, cents in split(self.evidence)
        )

    @cached_property
    def gross(self) -> Sums:
        """The sums of both views by goal, kind and year."""
        return goal_sums(self.evidence)

    @cached_property
    def _other_amounts(self) -> dict[Place, int]:
        """Other amounts for the cells of Daten: all unlike each other, none of them round."""
        if self.data is None:
            return {}
        places = [(row, column) for row in self.data.rows for column in self.data.years.values()]
        return {
            place: 1_000_003 + 7_919 * number * number % 99_999_989
            for number, place in enumerate(places)
            if place in self.data.sheet.cells
        }

    @cached_property
    def other_money(self) -> Money:
        """The rows of Daten with other amounts."""
        return Money.of(()) if self.data is None else self.data.money(self._other_amounts)

    @cached_property
    def other(self) -> Calculator:
        """The workbook computed with other amounts."""
        return Calculator(
            self.book,
            {(DATA, place): Decimal(cents) / 100 for place, cents in self._other_amounts.items()},
        )

    def table(self, sheet: str, *titles: str) -> PrintedTable:
        """A table by the headings that it must have; ``UnusableError`` where it is not there."""
        found = self.book.sheets.get(sheet)
        if found is None:
            raise UnusableError(file=self.book.file, explanation=f"Das Blatt {sheet} fehlt.")
        for header in range(1, _FIRST_ROWS + 1):
            texts = {plain(text): at for at, text in found.row_texts(header).items()}
            if all(title in texts for title in titles):
                return PrintedTable(
                    sheet=found, header=header, columns=texts, money=tuple(self._money(texts))
                )
        raise UnusableError(
            file=self.book.file,
            explanation=f"Im Blatt {sheet} fehlt die Tabelle mit den Spalten {', '.join(titles)}.",
        )

    def _money(self, texts: Mapping[str, int]) -> Iterator[MoneyColumn]:
        titles = self.evidence.master.year_titles
        for text, column in texts.items():
            for title, year in titles.items():
                word = text.replace(plain(title), "", 1).strip()
                if plain(title) in text and word in WORDS:
                    yield MoneyColumn(column=column, year=year, word=word)
                    break

    def cell(
        self, sheet: Sheet, place: Place, should: Sum, name: str, *, formula: bool = True
    ) -> Iterator[Difference]:
        """One cell of money: computed, right, and right for other amounts."""
        stored = sheet.cells.get(place, Stored(None))
        cents = should(self.money)
        where = {"check": "workbook", "file": self.book.file, "sheet": sheet.name}
        if formula and stored.formula is None:
            yield Difference(
                **where,
                cell=address(place),
                expected=f"eine Formel ({euro_text(cents)})",
                found=shown(stored),
                explanation=f"{name}: Hier steht eine Zahl, wo eine Formel rechnen soll.",
            )
            return
        if not is_money(stored, cents):
            yield Difference(
                **where,
                cell=address(place),
                expected=euro_text(cents),
                found=shown(stored),
                explanation=f"{name}: Der Betrag folgt nicht aus den Rückläufen.",
            )
        elif formula and self.data is not None:
            yield from self._probed(sheet, place, should(self.other_money), name)

    def _probed(self, sheet: Sheet, place: Place, should: int, name: str) -> Iterator[Difference]:
        try:
            value = self.other.value(sheet.name, *place)
        except NotUnderstoodError:
            return  # said where the formulas are computed
        if value != Decimal(should) / 100:
            yield Difference(
                check="workbook",
                file=self.book.file,
                sheet=sheet.name,
                cell=address(place),
                found=f"={sheet.cells[place].formula}",
                explanation=f"{name}: Die Formel rechnet anderes zusammen, als ihre Zeile und "
                "Spalte sagen.",
            )

    def text_cell(
        self, sheet: Sheet, place: Place, should: str, name: str, check: str = "workbook"
    ) -> Iterator[Difference]:
        """One cell of text."""
        was = sheet.text(*place)
        if same_text(was, should):
            return
        yield Difference(
            check=check,
            file=self.book.file,
            sheet=sheet.name,
            cell=address(place),
            expected=should,
            found=was,
            explanation=f"{name} weicht ab.",
        )

    def fault(
        self, sheet: Sheet, place: Place | None, explanation: str, *, expected: str = "",
        found: str = "",
    ) -> Difference:  # fmt: skip
        """A difference of the workbook in plain words."""
        return Difference(
            check="workbook",
            file=self.book.file,
            sheet=sheet.name,
            cell="" if place is None else address(place),
            expected=expected,
            found=found,
            explanation=explanation,
        )


_YEAR = re.compile(r"\d{4}")


def unlike(found: Printed, sheet: Sheet, groups: Iterable[Sequence[Place]]) -> Iterator[Difference]:
    """Formulas that compute otherwise than most of their group, apart from the year."""
    for places in groups:
        forms = {place: _YEAR.sub("····", formula_form(sheet, place)) for place in places}
        counted = Counter(form for form in forms.values() if form)
        if len(counted) < 2:
            continue
        usual, times = counted.most_common(1)[0]
        for place, form in forms.items():
            if form and form != usual and counted[form] < times:
                yield found.fault(
                    sheet,
                    place,
                    "Diese Formel rechnet anders als die übrigen ihrer Art.",
                    expected=usual,
                    found=f"={sheet.cells[place].formula}",
                )


def printed(evidence: Evidence) -> Printed:
    """The consolidated workbook, read and prepared once for all checks."""
    found = evidence.prepared.get(BUDGET_PLAN)
    if not isinstance(found, Printed):
        found = Printed(evidence=evidence, book=evidence.book(BUDGET_PLAN))
        evidence.prepared[BUDGET_PLAN] = found
    return found


def is_money(stored: Stored, cents: int) -> bool:
    """Whether a cell holds exactly this amount."""
    return (
        isinstance(stored.value, float)
        and not isinstance(stored.value, bool)
        and stored.value == float(Decimal(cents) / 100)
    )


def is_number(value: object, wanted: Decimal) -> bool:
    """Whether a cell holds exactly this number."""
    return isinstance(value, float) and value == float(wanted)


def shown(stored: Stored) -> str:
    """What stands in a cell, for a difference."""
    value = "" if stored.value is None else str(stored.value)
    return f"{value} (={stored.formula})" if stored.formula is not None else value


_CUT = " … [gekürzt]"
_SPACES = re.compile(r"\s+")


def same_text(was: str, should: str) -> bool:
    """Whether two texts read alike: line breaks, what cannot be printed, and what was cut because
    a cell holds no more, make no difference.
    """
    if was.endswith(_CUT):
        return _seen(should).startswith(_seen(was.removesuffix(_CUT)))
    return _seen(was) == _seen(should)


def _seen(text: str) -> str:
    letters = (letter for letter in text if letter.isprintable() or letter.isspace())
    visible = "".join("" if 0x2400 <= ord(letter) <= 0x2421 else letter for letter in letters)
    return _SPACES.sub(" ", visible).strip()
