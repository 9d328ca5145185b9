"""The sheet Abgleich: sums on every way, whether its own comparison can see a deviation, internal
charges, and on whose returns the sums rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from pipeline.tables import choices
from pipeline.verification.books import Place, Sheet, Stored
from pipeline.verification.difference import Difference
from pipeline.verification.evidence import MASTER_FILE, Evidence, code_of
from pipeline.verification.formula_reader import NotUnderstoodError
from pipeline.verification.formulas import Calculator
from pipeline.verification.lists import PART_WORDS, STATUS_WORDS, without_symbol
from pipeline.verification.money import Question
from pipeline.verification.printed import Printed, is_money, plain, printed, same_text, shown
from pipeline.verification.reading import euro_text

_SHEET = "Abgleich"
_VIEWS = ("Produkte", "Organisation", "Ziele")
_FROM_FIGURES = "figures.csv (Zahlenwert)"
_WAYS = ("Ergebnis- und Finanzplan", "alle Zeilen des Blatts Daten", _FROM_FIGURES)
_INTERNAL = "Erträge − Aufwendungen"


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """The rows of sums: row → (way, kind); ``years`` are their columns."""

    sheet: Sheet
    rows: Mapping[int, tuple[str, str]]
    years: Mapping[int, int]
    deviation: int

    def base(self, kind: str) -> int:
        """The row with which the others of a kind are compared."""
        return next(row for row, own in self.rows.items() if own == ("Produkte", kind))


def reconciliation_sheet_compares_the_sums(evidence: Evidence) -> Iterator[Difference]:
    """Every sum, every deviation, the verdict; then internal charges and the units."""
    found = printed(evidence)
    compared = _compared(found)
    if compared is None:
        yield Difference(
            check="reconciliation",
            file=found.book.file,
            sheet=_SHEET,
            explanation="Die Tabelle der Summen fehlt oder hat keine Überschriften.",
        )
        return
    yield from _sums(found, compared)
    yield from _comparison(found, compared)
    yield from _internal(found, compared)
    yield from _units(found, compared)


def _compared(found: Printed) -> _Compared | None:
    sheet = found.book.sheets.get(_SHEET)
    if sheet is None:
        return None
    titles = found.evidence.master.year_titles
    for header in range(1, 13):
        texts = {plain(text): at for at, text in sheet.row_texts(header).items()}
        if "Sicht" not in texts or "Geldart" not in texts:
            continue
        years = {titles[text]: at for text, at in texts.items() if text in titles}
        deviation = next((at for text, at in texts.items() if text.startswith("Abweichung")), 0)
        rows = {}
        for row in range(header + 1, sheet.last_row + 1):
            way = sheet.text(row, texts["Sicht"])
            kind = code_of(choices.KINDS, sheet.text(row, texts["Geldart"]))
            if way in {*_VIEWS, *_WAYS} and kind in choices.ALL_KINDS:
                rows[row] = (way, kind)
        return _Compared(sheet=sheet, rows=rows, years=years, deviation=deviation)
    return None


def _sums(found: Printed, compared: _Compared) -> Iterator[Difference]:
    seen = set(compared.rows.values())
    for kind in choices.ALL_KINDS:
        for way in (*_VIEWS, *_WAYS):
            if (way, kind) not in seen:
                label = choices.label(choices.KINDS, kind)
                yield found.fault(
                    compared.sheet, None, "Eine Summe fehlt.", expected=f"{way}, {label}"
                )
    for row, (way, kind) in compared.rows.items():
        for year, column in compared.years.items():
            yield from found.cell(
                compared.sheet,
                (row, column),
                Question(kinds={kind: 1}, year=year),
                f"{way}, {choices.label(choices.KINDS, kind)}",
                formula=way != _FROM_FIGURES,
            )


def _comparison(found: Printed, compared: _Compared) -> Iterator[Difference]:
    """With other sums in its rows the sheet must say that they deviate, row by row; with equal ones
    that they agree.
    """
    if {("Produkte", kind) for kind in choices.ALL_KINDS} - set(compared.rows.values()):
        return
    unequal: dict[Place, Decimal] = {
        (row, column): Decimal(1 + number)
        for number, (row, column) in enumerate(
            (row, column) for row in compared.rows for column in compared.years.values()
        )
    }
    equal = dict.fromkeys(unequal, Decimal(1))
    for amounts in (unequal, equal):
        calculator = Calculator(
            found.book, {(_SHEET, place): amount for place, amount in amounts.items()}
        )
        for row, (_, kind) in compared.rows.items():
            base = compared.base(kind)
            deviation = sum(
                abs(amounts[row, column] - amounts[base, column])
                for column in compared.years.values()
            )
            yield from _sees(found, calculator, (row, compared.deviation), Decimal(deviation))
            yield from _sees(found, calculator, (row, 1), "✗" if deviation else "✓")
        yield from _verdicts(found, calculator, good=amounts is equal)


def _sees(
    found: Printed, calculator: Calculator, place: Place, should: Decimal | str
) -> Iterator[Difference]:
    sheet = found.book.sheets[_SHEET]
    try:
        value = calculator.value(_SHEET, *place)
    except NotUnderstoodError:
        return
    if value != should:
        yield found.fault(
            sheet,
            place,
            "Diese Zelle des Abgleichs würde eine Abweichung der Summen nicht zeigen.",
            found=shown(sheet.cells.get(place, Stored(None))),
        )


def _verdicts(found: Printed, calculator: Calculator, *, good: bool) -> Iterator[Difference]:
    """The verdict above the sums, and on the cover."""
    sign = "✓" if good else "✗"
    cover = found.book.sheets.get("Deckblatt")
    places = [(_SHEET, (4, 1))]
    for place, stored in cover.cells.items() if cover is not None else ():
        if stored.formula is not None and stored.formula.replace("'", "") == f"{_SHEET}!A4":
            places.append(("Deckblatt", place))
    if len(places) == 1 and cover is not None:
        yield found.fault(
            cover, None, "Das Deckblatt sagt nicht (mehr) aus einer Formel, ob die Summen stimmen."
        )
    for name, place in places:
        try:
            value = calculator.value(name, *place)
        except NotUnderstoodError:
            continue
        if not isinstance(value, str) or not value.startswith(sign):
            yield found.fault(
                found.book.sheets[name],
                place,
                "Das Urteil über die Summen hängt nicht von den Abweichungen ab.",
                found=shown(found.book.sheets[name].cells.get(place, Stored(None))),
            )


# --- internal charges -----------------------------------------------------------------------------


_BALANCE = {"internal_revenue": 1, "internal_expense": -1}


def _internal(found: Printed, compared: _Compared) -> Iterator[Difference]:
    sheet = compared.sheet
    row = next((row for row in sheet.by_row if sheet.text(row, 2) == _INTERNAL), 0)
    if not row:
        yield found.fault(sheet, None, "Eine Zeile fehlt.", expected=_INTERNAL)
        return
    for year, column in compared.years.items():
        yield from found.cell(sheet, (row, column), Question(kinds=_BALANCE, year=year), _INTERNAL)
    even = not any(found.money.total(_BALANCE, year) for year in compared.years)
    says_even = "nicht" not in sheet.text(row, 3)
    if even != says_even:
        yield found.fault(
            sheet,
            (row, 3),
            "Das Wort über die internen Leistungen passt nicht zu ihren Beträgen.",
            found=sheet.text(row, 3),
        )
    yield from _counterparts(found, compared, row)


def open_counterparts(evidence: Evidence) -> dict[tuple[str, str], dict[int, int]]:
    """(unit, pair of products) → revenue minus expense by year, where the two sides of an internal
    charge differ.
    """
    sides: dict[tuple[str, str, int], int] = defaultdict(int)
    named: set[tuple[str, str, str, str, str, int]] = set()
    for figure in evidence.figures:
        if figure.kind not in choices.INTERNAL_KINDS or figure.file == MASTER_FILE:
            continue
        partner = _partner(evidence, figure.file, figure.sheet, figure.cell)
        if not partner:
            continue
        gives = figure.kind == "internal_revenue"
        pair = (figure.product, partner) if gives else (partner, figure.product)
        sides[*pair, figure.year] += figure.cents if gives else -figure.cents
        named.add((figure.unit, figure.product, partner, *pair, figure.year))
    found: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for unit, product, partner, giver, taker, year in named:
        if sides[giver, taker, year]:
            found[unit, f"{product} mit {partner}"][year] = sides[giver, taker, year]
    return found


def _partner(evidence: Evidence, file: str, sheet: str, cell: str) -> str:
    if file not in evidence.input_files:
        return ""
    for area in evidence.areas(file):
        place = area.at(cell) if area.sheet == sheet else None
        if place is not None:
            return area.text(place[0], "partner")
    return ""


def _counterparts(found: Printed, compared: _Compared, above: int) -> Iterator[Difference]:
    sheet, wanted = compared.sheet, open_counterparts(found.evidence)
    for row in range(above + 1, sheet.last_row + 1):
        key = (sheet.text(row, 2).partition(" ")[0], sheet.text(row, 3))
        if " mit " not in key[1]:
            continue
        if key not in wanted:
            yield found.fault(sheet, (row, 3), "Diese Gegenposition ist nicht offen.", found=key[1])
            continue
        by_year = wanted.pop(key)
        for year, column in compared.years.items():
            stored = sheet.cells.get((row, column), Stored(None))
            if not is_money(stored, by_year.get(year, 0)):
                yield found.fault(
                    sheet,
                    (row, column),
                    "Die offene Gegenposition hat einen anderen Betrag.",
                    expected=euro_text(by_year.get(year, 0)),
                    found=shown(stored),
                )
    for unit, pair in sorted(wanted):
        yield found.fault(
            sheet, None, "Eine offene Gegenposition fehlt.", expected=f"{unit}: {pair}"
        )


# --- units ----------------------------------------------------------------------------------------

_RANKS = ("accepted", "no_change", "partial", "substituted", "rejected", "missing")


def _units(found: Printed, compared: _Compared) -> Iterator[Difference]:
    """The state of every expected unit, as the register has it."""
    sheet, evidence = compared.sheet, found.evidence
    header = next(
        (row for row in sheet.by_row if sheet.text(row, 2) == "Einheit"), sheet.last_row + 1
    )
    titles = evidence.master.column("units", "unit", "title")
    rows = {
        sheet.text(row, 2).partition(" ")[0]: row
        for row in range(header + 1, sheet.last_row + 1)
        if sheet.text(row, 2)
    }
    by_unit: dict[str, list[dict[str, str]]] = defaultdict(list)
    for entry in evidence.register:
        if entry["status"] in _RANKS:
            by_unit[entry["unit"]].append(entry)
    for unit, entries in by_unit.items():
        if unit not in titles:
            continue
        if unit not in rows:
            yield found.fault(sheet, None, "Eine Einheit fehlt.", expected=unit)
            continue
        facts = min(entries, key=lambda entry: _RANKS.index(entry["status"]))
        words = (
            f"{unit} {titles[unit]}",
            STATUS_WORDS[facts["status"]],
            PART_WORDS.get(facts["money"], facts["money"]),
            PART_WORDS.get(facts["key_figures"], facts["key_figures"]),
        )
        for column, should in enumerate(words, start=2):
            was = sheet.text(rows[unit], column)
            if not same_text(was, should) and not same_text(without_symbol(was), should):
                yield found.fault(
                    sheet,
                    (rows[unit], column),
                    f"{unit}: Die Angabe weicht vom Register ab.",
                    expected=should,
                    found=was,
                )
