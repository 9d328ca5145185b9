"""The parts of the plan for divisions and offices: their own data, and the sums that read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pipeline.tables import choices
from pipeline.verification.books import Book, Sheet, Stored, address
from pipeline.verification.data_sheet import DATA, ORIGINS
from pipeline.verification.difference import Difference, UnusableError
from pipeline.verification.evidence import Evidence, Figure, code_of
from pipeline.verification.lines import LinePlan
from pipeline.verification.money import PRODUCT, UNIT, WORDS, Money, Question, Row
from pipeline.verification.printed import is_money, plain, shown
from pipeline.verification.reading import euro_text

FOLDER = "Teilplaene/"
_CONDENSED = "Summe der Einheit"
_FIRST_ROWS = 12
_PAGE = "P "
"""How the name of a product page begins."""
_BALANCES = ("Zuschussbedarf", "Investitionssaldo")
_LABELS = {
    "Erträge": "Erträge",
    "Aufwendungen": "Aufwendungen",
    "Zuschussbedarf": "Zuschussbedarf",
    "Einzahlungen für Investitionen": "Einzahlungen",
    "Auszahlungen für Investitionen": "Auszahlungen",
    "Investitionssaldo": "Investitionssaldo",
    "Zuschussbedarf (Aufwendungen − Erträge)": "Zuschussbedarf",
    "Investitionssaldo (Auszahlungen − Einzahlungen)": "Investitionssaldo",
}


@dataclass(frozen=True)
class _Shared:
    """What all parts of the plan are compared with."""

    evidence: Evidence

    @cached_property
    def money(self) -> Money:
        """All figures that count, goals left aside."""
        return Money.of(
            Row(
                "",
                each.unit,
                each.product,
                each.line,
                each.measure,
                each.kind,
                each.year,
                each.cents,
            )
            for each in self.evidence.figures
            if each.counts
        )

    @cached_property
    def line_plan(self) -> LinePlan:
        """The formulas of the lines."""
        formulas = self.evidence.master.column("lines", "line", "formula")
        return LinePlan(formulas=formulas, order=list(formulas))

    @cached_property
    def below(self) -> Mapping[str, frozenset[str]]:
        """Every unit with all units below it."""
        parents = self.evidence.master.column("units", "unit", "parent")
        found: dict[str, set[str]] = {unit: {unit} for unit in parents}
        for unit in parents:
            up, passed = parents.get(unit, ""), {unit}
            while up in found and up not in passed:
                found[up].add(unit)
                passed.add(up)
                up = parents.get(up, "")
        return {unit: frozenset(own) for unit, own in found.items()}

    @cached_property
    def by_place(self) -> Mapping[tuple[str, str, str, int], Figure]:
        """Every figure by its cell and year."""
        return {each.key: each for each in self.evidence.figures}

    @cached_property
    def lines(self) -> Mapping[tuple[str, str, str, int], int]:
        """Sums by unit, line, kind and year."""
        sums: Counter[tuple[str, str, str, int]] = Counter()
        for row in self.money.rows:
            sums[row.unit, row.line, row.kind, row.year] += row.cents
        return sums

    @cached_property
    def stated(self) -> Mapping[tuple[str, str, str], int]:
        """Commitments and savings by their cell."""
        return {
            (row["file"], row["sheet"], row["cell"]): self.evidence.whole(row, "cents", table)
            for table in ("commitments", "savings")
            for row in self.evidence.rows(table)
        }

    def line_cents(self, codes: frozenset[str], dimension: str, line: str, year: int) -> int:
        """A line of the line plan for units or products."""
        key = (dimension, codes)
        if key not in self._entered:
            found: dict[int, Counter[str]] = {}
            for row in self.rows_of(dimension, codes):
                found.setdefault(row.year, Counter())[row.line] += row.cents
            self._entered[key] = found
        return self.line_plan.amount(line, self._entered[key].get(year, {}))

    @cached_property
    def _entered(self) -> dict[tuple[str, frozenset[str]], dict[int, Counter[str]]]:
        return {}

    def rows_of(self, dimension: str, codes: frozenset[str]) -> list[Row]:
        """The rows of units or products."""
        return [row for code in sorted(codes) for row in self._grouped[dimension].get(code, [])]

    @cached_property
    def _grouped(self) -> Mapping[str, Mapping[str, list[Row]]]:
        found: dict[str, dict[str, list[Row]]] = {UNIT: {}, PRODUCT: {}}
        for row in self.money.rows:
            found[UNIT].setdefault(row.unit, []).append(row)
            found[PRODUCT].setdefault(row.product, []).append(row)
        return found


def unit_plans_follow_from_the_figures(evidence: Evidence) -> Iterator[Difference]:
    """Every workbook below ``Teilplaene/``."""
    shared = _Shared(evidence)
    for file in evidence.workbooks:
        if not file.startswith(FOLDER):
            continue
        unit = file.removeprefix(FOLDER).removesuffix(".xlsx")
        try:
            plan = _UnitPlan(shared=shared, book=evidence.book(file), unit=unit)
        except UnusableError as fault:
            yield fault.difference
            continue
        yield from plan.data_differences()
        for sheet in plan.book.sheets.values():
            if sheet.name != DATA:
                yield from plan.sheet_differences(sheet)


@dataclass(frozen=True, kw_only=True)
class _UnitPlan:
    """One workbook."""

    shared: _Shared
    book: Book
    unit: str

    def _fault(
        self, sheet: str, cell: str, explanation: str, *, expected: str = "", found: str = ""
    ) -> Difference:
        return Difference(
            check="workbook",
            file=self.book.file,
            sheet=sheet,
            cell=cell,
            expected=expected,
            found=found,
            explanation=explanation,
        )

    # --- its data ---

    def data_differences(self) -> Iterator[Difference]:
        """Each amount stands in its cell; each figure that belongs here is there once."""
        sheet = self.book.sheets.get(DATA)
        header = 0 if sheet is None else _header(sheet, "Zellen")
        if sheet is None or not header:
            yield self._fault(DATA, "", "Das Blatt mit den einzelnen Beträgen fehlt.")
            return
        columns = {plain(text): at for at, text in sheet.row_texts(header).items()}
        titles = self.shared.evidence.master.year_titles
        years = {year: columns[title] for title, year in titles.items() if title in columns}
        seen: Counter[tuple[str, str, str, int]] = Counter()
        for row in range(header + 1, sheet.last_row + 1):
            origin = sheet.text(row, columns.get("Herkunft", 0))
            for year, column in years.items():
                stored = sheet.cells.get((row, column))
                if stored is None:
                    continue
                if origin == _CONDENSED:
                    yield from self._condensed(sheet, columns, (row, column), year)
                else:
                    yield from self._booked(sheet, columns, (row, column), year, seen)
        yield from self._missing(seen)

    def _texts(self, sheet: Sheet, columns: Mapping[str, int], row: int) -> dict[str, str]:
        return {title: sheet.text(row, column) for title, column in columns.items()}

    def _condensed(
        self, sheet: Sheet, columns: Mapping[str, int], place: tuple[int, int], year: int
    ) -> Iterator[Difference]:
        facts = self._texts(sheet, columns, place[0])
        kind = code_of(choices.KINDS, facts.get("Geldart", ""))
        units = self.shared.below.get(facts.get("Einheit", ""), frozenset())
        line = facts.get("Zeile", "")
        cents = sum(self.shared.lines.get((unit, line, kind, year), 0) for unit in units)
        if not is_money(sheet.cells[place], cents):
            yield self._fault(
                DATA,
                address(place),
                "Die Summe der Einheit stimmt nicht mit ihren Beträgen überein.",
                expected=euro_text(cents),
                found=shown(sheet.cells[place]),
            )

    def _booked(
        self,
        sheet: Sheet,
        columns: Mapping[str, int],
        place: tuple[int, int],
        year: int,
        seen: Counter[tuple[str, str, str, int]],
    ) -> Iterator[Difference]:
        facts = self._texts(sheet, columns, place[0])
        file, source = facts.get("Datei", ""), facts.get("Blatt", "")
        cells = [each for each in facts.get("Zellen", "").split(", ") if each]
        stored = sheet.cells[place]
        if ORIGINS.get(facts.get("Herkunft", "")) is None:
            known = [self.shared.stated.get((file, source, cell)) for cell in cells]
            if not any(cents is not None and is_money(stored, cents) for cents in known):
                yield self._fault(
                    DATA, address(place), "Dieser Betrag ist keine Angabe der Rückläufe.",
                    found=shown(stored),
                )  # fmt: skip
            return
        keys = [(file, source, cell, year) for cell in cells]
        figure = next(
            (self.shared.by_place[key] for key in keys if key in self.shared.by_place), None
        )
        if figure is None or seen[figure.key]:
            yield self._fault(
                DATA, address(place), "Dieser Betrag hat keine Quelle, oder er steht doppelt.",
                found=shown(stored),
            )  # fmt: skip
            return
        seen[figure.key] += 1
        wanted = {
            "Produkt": figure.product,
            "Einheit": figure.unit,
            "Zeile": figure.line,
            "Maßnahme": figure.measure,
            "Geldart": choices.label(choices.KINDS, figure.kind),
        }
        wrong = [title for title, fact in wanted.items() if facts.get(title, "") != fact]
        if not is_money(stored, figure.cents) or wrong:
            yield self._fault(
                DATA,
                address(place),
                "Betrag oder Angaben weichen von der Quelle ab.",
                expected=", ".join([euro_text(figure.cents), *(wanted[each] for each in wrong)]),
                found=", ".join([shown(stored), *(facts.get(each, "") for each in wrong)]),
            )

    def _missing(self, seen: Counter[tuple[str, str, str, int]]) -> Iterator[Difference]:
        leads = self.shared.evidence.master.column("products", "product", "unit")
        for figure in self.shared.evidence.figures:
            own = figure.unit == self.unit or leads.get(figure.product) == self.unit
            if own and not seen[figure.key]:
                yield self._fault(
                    DATA,
                    "",
                    f"Es fehlt der Betrag aus {figure.file}, {figure.sheet}!{figure.cell}, "
                    f"für {figure.year}.",
                    expected=euro_text(figure.cents),
                )

    # --- what it prints ---

    def sheet_differences(self, sheet: Sheet) -> Iterator[Difference]:
        """Tables by year: each row shows a line, a total, a product or a unit below."""
        titles = self.shared.evidence.master.year_titles
        years: dict[int, int] = {}
        heading, first = "", ""
        for row in sorted(sheet.by_row):
            texts = sheet.row_texts(row)
            found = {titles[text]: at for at, text in texts.items() if text in titles}
            if found:
                years, first = found, sheet.text(row, 1)
                heading = sheet.text(row - 1, 1)
                continue
            if row - 1 not in sheet.by_row:
                years = {}  # an empty row ends a table
            ask = self._question(sheet, row, first, heading)
            if ask is None:
                continue
            for year, column in years.items():
                yield from self._cell(sheet, (row, column), ask(year))

    def _question(
        self, sheet: Sheet, row: int, first: str, heading: str
    ) -> Callable[[int], int] | None:
        """What a row shows by year in cents; ``None`` where it shows no money that is known."""
        code, label = sheet.text(row, 1), sheet.text(row, 2)
        page = sheet.name.startswith(_PAGE)
        dimension = PRODUCT if page else UNIT
        own = frozenset({sheet.name.removeprefix(_PAGE)}) if page else self._units
        if first == "Zeile" and code in self.shared.line_plan.order:
            return lambda year: self.shared.line_cents(own, dimension, code, year)
        word = _LABELS.get(label, "")
        if not code and word and first in {"Zeile", ""}:
            return lambda year: self._sum(dimension, own, word, year)
        word = next((each for each in _BALANCES if heading.startswith(each)), "")
        products = self.shared.evidence.master.column("products", "product", "unit")
        if first == "Produkt" and word and code in products:
            if "anderer Einheiten" in heading:
                return lambda year: self._planned_here(code, word, year)
            return lambda year: self._sum(PRODUCT, frozenset({code}), word, year)
        if first == "Einheit" and word and code in self.shared.below:
            return lambda year: self._sum(UNIT, self.shared.below[code], word, year)
        return None

    def _sum(self, dimension: str, codes: frozenset[str], word: str, year: int) -> int:
        question = Question(dimension=dimension, codes=codes, kinds=WORDS[word], year=year)
        return question(self.shared.money)

    def _planned_here(self, product: str, word: str, year: int) -> int:
        """What this unit and those below it plan for a product that another unit leads."""
        return sum(
            WORDS[word].get(row.kind, 0) * row.cents
            for row in self.shared.rows_of(PRODUCT, frozenset({product}))
            if row.unit in self._units and row.year == year
        )

    @property
    def _units(self) -> frozenset[str]:
        return self.shared.below.get(self.unit, frozenset({self.unit}))

    def _cell(self, sheet: Sheet, place: tuple[int, int], cents: int) -> Iterator[Difference]:
        stored = sheet.cells.get(place, Stored(None))
        if stored.formula is None or not is_money(stored, cents):
            yield self._fault(
                sheet.name,
                address(place),
                "Der Betrag folgt nicht aus den Rückläufen oder ist nicht gerechnet.",
                expected=euro_text(cents),
                found=shown(stored),
            )


def _header(sheet: Sheet, title: str) -> int:
    rows = range(1, _FIRST_ROWS + 1)
    return next((row for row in rows if title in sheet.row_texts(row).values()), 0)
