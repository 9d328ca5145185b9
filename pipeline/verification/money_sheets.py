"""Ergebnisplan, Finanzplan, Bezugssicht, Maßnahmen, the cover: other sums over the same money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from pipeline.tables import choices
from pipeline.verification.books import Stored
from pipeline.verification.difference import Difference
from pipeline.verification.evidence import Evidence
from pipeline.verification.lines import LinePlan
from pipeline.verification.money import GOAL, LINE, MEASURE, WORDS, Gap, Money, Question
from pipeline.verification.outlines import BEFORE_FUNDING, BESIDE_GOALS
from pipeline.verification.printed import Printed, PrintedTable, is_money, printed, shown, unlike
from pipeline.verification.reading import euro_text

# --- lines ----------------------------------------------------------------------------------------


def line_sheets_follow_from_the_figures(evidence: Evidence) -> Iterator[Difference]:
    """Every line of the line plan and every year, on the sheet of its plan."""
    found, master = printed(evidence), evidence.master
    formulas = master.column("lines", "line", "formula")
    plan = LinePlan(formulas=formulas, order=list(formulas))
    plans, titles = master.column("lines", "line", "plan"), master.column("lines", "line", "title")
    for sheet, name in (("Ergebnisplan", "Ergebnis"), ("Finanzplan", "Finanz")):
        lines = [line for line, own in plans.items() if own == name]
        if not lines:
            continue
        table = found.table(sheet, "Nr.", "Zeile", "Bezeichnung", "Vorzeichen")
        rows = {table.text(row, "Zeile"): row for row in table.rows}
        for line in lines:
            if line not in rows:
                yield found.fault(table.sheet, None, "Eine Zeile fehlt.", expected=line)
                continue
            row = rows[line]
            place = (row, table.columns["Bezeichnung"])
            yield from found.text_cell(
                table.sheet, place, titles[line], f"Die Bezeichnung der Zeile {line}"
            )
            if not _endless(plan, line):
                yield from _line(found, table, row, _Line(plan=plan, line=line))


@dataclass(frozen=True, kw_only=True)
class _Line:
    """A line of the plan, entered or computed."""

    plan: LinePlan
    line: str

    def cents(self, money: Money, year: int) -> int:
        """Its amount from a heap of money."""
        kinds = dict.fromkeys(choices.ALL_KINDS, 1)
        entered = {line: money.sum(LINE, [line], kinds, year) for line in self.plan.order}
        return self.plan.amount(self.line, entered)


def _endless(plan: LinePlan, line: str, above: frozenset[str] = frozenset()) -> bool:
    """Whether the formulas of a line lead back to it; the sheet then says so in words."""
    if line in above:
        return True
    return any(_endless(plan, part, above | {line}) for part in plan.parts(line))


def _line(found: Printed, table: PrintedTable, row: int, line: _Line) -> Iterator[Difference]:
    master = found.evidence.master
    name = f"Zeile {line.line}"
    for title, year in master.year_titles.items():
        column = table.columns.get(title)
        if column is None:
            yield found.fault(
                table.sheet,
                (table.header, 1),
                "Eine Spalte fehlt oder heißt anders.",
                expected=title,
            )
            continue
        yield from found.cell(table.sheet, (row, column), partial(line.cents, year=year), name)
    years = [table.columns[title] for title in master.year_titles if title in table.columns]
    yield from unlike(found, table.sheet, [[(row, column) for column in years]])
    before, budget = master.previous_budget_year, master.budget_years
    if before is None or not budget:
        return
    column = table.columns.get(f"Veränderung {before} → {budget[0]}")
    if column is not None:
        yield from found.cell(
            table.sheet,
            (row, column),
            Gap(now=partial(line.cents, year=budget[0]), before=partial(line.cents, year=before)),
            name,
        )


# --- gross view -----------------------------------------------------------------------------------


def gross_sheet_shows_the_bezugssicht(evidence: Evidence) -> Iterator[Difference]:
    """The amounts of every goal in full; they are constants, for Daten holds every cent once."""
    found = printed(evidence)
    table = found.table("Bezugssicht", "Ziel-Nr.", "Ziel", "Ebene")
    sums = found.gross
    codes = {"Ohne jedes Ziel": choices.WITHOUT_GOAL, **BESIDE_GOALS}
    seen = set()
    titles = {row["goal"]: row.get("title", "") for row in evidence.rows("goals")}
    for row in table.rows:
        title = table.text(row, "Ziel")
        goal = table.text(row, "Ziel-Nr.") or codes.get(title, "")
        if not goal:
            continue
        if goal in seen:
            place = (row, table.columns["Ziel-Nr."])
            yield found.fault(table.sheet, place, f"„{goal}“ steht hier ein zweites Mal.")
        seen.add(goal)
        if goal in titles:
            place = (row, table.columns["Ziel"])
            yield from found.text_cell(
                table.sheet, place, titles[goal], f"Die Bezeichnung von {goal}"
            )
        for column in table.money:
            cents = sum(
                sign * sums.get(("bezug", goal, kind, column.year), 0)
                for kind, sign in column.kinds.items()
            )
            place = (row, column.column)
            stored = table.sheet.cells.get(place, Stored(None))
            computed = len(column.kinds) > 1
            if not is_money(stored, cents) or (stored.formula is None and computed):
                yield found.fault(
                    table.sheet,
                    place,
                    f"{title}: Der Betrag der Bezugssicht stimmt nicht oder ist nicht gerechnet.",
                    expected=euro_text(cents),
                    found=shown(stored),
                )
    rows = list(table.rows)
    alike = [[(row, each.column) for row in rows] for each in table.money]
    yield from unlike(
        found, table.sheet, [*alike, *(g for row in rows for g in table.by_word(row))]
    )
    for goal in sorted(set(evidence.parents) - seen):
        yield found.fault(table.sheet, None, "Eine Zeile fehlt.", expected=goal)


# --- measures -------------------------------------------------------------------------------------


def measure_sheet_follows_from_the_figures(evidence: Evidence) -> Iterator[Difference]:
    """Every measure with its money; what does not count is listed with constants."""
    found = printed(evidence)
    table = found.table("Maßnahmen", "Nr.", "Maßnahme", "Titel", "Status")
    known = {row["measure"]: row for row in evidence.rows("measures")}
    listed = _listed(evidence)
    seen = set()
    for row in table.rows:
        measure = table.text(row, "Maßnahme")
        if not measure or not isinstance(table.sheet.value(row, table.columns["Nr."]), float):
            continue
        seen.add(measure)
        facts = known.get(measure, {})
        only_listed = facts.get("status", "") in {choice.code for choice in choices.LISTED_STATUSES}
        for column in table.money:
            place = (row, column.column)
            if not only_listed:
                yield from found.cell(
                    table.sheet,
                    place,
                    column.question(MEASURE, measure),
                    measure,
                )
                continue
            cents = sum(
                sign * listed.get((measure, kind, column.year), 0)
                for kind, sign in column.kinds.items()
            )
            stored = table.sheet.cells.get(place, Stored(None))
            if not is_money(stored, cents):
                yield found.fault(
                    table.sheet,
                    place,
                    f"{measure}: Der aufgelistete Betrag stimmt nicht.",
                    expected=euro_text(cents),
                    found=shown(stored),
                )
        yield from _measure_texts(found, table, row, facts)
    yield from unlike(
        found, table.sheet, (group for row in table.rows for group in table.by_word(row))
    )
    for measure in sorted(set(known) - seen):
        yield found.fault(table.sheet, None, "Eine Maßnahme fehlt.", expected=measure)


def _listed(evidence: Evidence) -> Mapping[tuple[str, str, int], int]:
    sums: dict[tuple[str, str, int], int] = defaultdict(int)
    for figure in evidence.figures:
        if not figure.counts:
            sums[figure.measure, figure.kind, figure.year] += figure.cents
    return sums


_MEASURE_TEXTS = {
    "Titel": "title",
    "Produkt": "product",
    "Ziel": "goal",
    "Einheit": "unit",
    "Art": "type",
}


def _measure_texts(
    found: Printed, table: PrintedTable, row: int, facts: Mapping[str, str]
) -> Iterator[Difference]:
    if not facts:
        return
    for title, name in _MEASURE_TEXTS.items():
        if title in table.columns:
            place = (row, table.columns[title])
            yield from found.text_cell(
                table.sheet, place, facts.get(name, ""), f"{facts['measure']}: {title}"
            )
    status = table.text(row, "Status").partition("\n")[0]
    if status != facts.get("status", ""):
        yield found.fault(
            table.sheet,
            (row, table.columns["Status"]),
            f"{facts['measure']}: Der Status ist nicht der gemeldete.",
            expected=facts.get("status", ""),
            found=status,
        )
    if "Gesamtkosten" in table.columns:
        yield from stated_amount(
            found, table, row, "Gesamtkosten", facts.get("total_cost", ""), facts["measure"]
        )


def stated_amount(
    found: Printed, table: PrintedTable, row: int, title: str, cents: str, name: str
) -> Iterator[Difference]:
    """An amount that a department stated and no formula computes."""
    place = (row, table.columns[title])
    stored = table.sheet.cells.get(place, Stored(None))
    right = is_money(stored, int(cents)) if cents else stored.value is None
    if not right:
        yield found.fault(
            table.sheet,
            place,
            f"{name}: „{title}“ ist nicht der angegebene Betrag.",
            expected=euro_text(int(cents)) if cents else "",
            found=shown(stored),
        )


# --- cover ----------------------------------------------------------------------------------------

_COVER = {
    "Erträge": (None, "Erträge"),
    "Aufwendungen": (None, "Aufwendungen"),
    "Zuschussbedarf (Aufwendungen − Erträge)": (None, "Zuschussbedarf"),
    "davon Ziele und ohne Zielzuordnung": (BEFORE_FUNDING, "Zuschussbedarf"),
    "davon Allgemeine Deckungsmittel": ("Allgemeine Deckungsmittel", "Zuschussbedarf"),
    "Einzahlungen für Investitionen": (None, "Einzahlungen"),
    "Auszahlungen für Investitionen": (None, "Auszahlungen"),
    "Investitionssaldo": (None, "Investitionssaldo"),
}


def cover_shows_the_totals(evidence: Evidence) -> Iterator[Difference]:
    """The key figures of the cover and what its goals cost, each a formula on another sheet."""
    found = printed(evidence)
    sheet = found.book.sheets.get("Deckblatt")
    if sheet is None:
        yield Difference(
            check="workbook",
            file=found.book.file,
            sheet="Deckblatt",
            explanation="Das Deckblatt fehlt.",
        )
        return
    years: dict[int, int] = {}
    titles = evidence.master.year_titles
    missing = set(_COVER)
    for row in sorted(sheet.by_row):
        texts = sheet.row_texts(row)
        heads = {titles[text]: at for at, text in texts.items() if text in titles}
        if heads:
            years = heads
            continue
        label = sheet.text(row, 2).strip()
        if label in _COVER:
            missing.discard(label)
            scope, word = _COVER[label]
            goals = _cover_goals(found, scope)
        else:
            goals, word = _goals_of_label(found, label), "Zuschussbedarf"
            if goals is None:
                continue
        for year, column in years.items():
            yield from found.cell(
                sheet,
                (row, column),
                Question(dimension=GOAL, codes=goals, kinds=WORDS[word], year=year),
                label,
            )
    for label in sorted(missing):
        yield found.fault(sheet, None, "Eine Zeile des Deckblatts fehlt.", expected=label)


def _cover_goals(found: Printed, scope: str | None) -> frozenset[str] | None:
    if scope is None:
        return None
    if scope == BEFORE_FUNDING:
        everything = found.money.codes(GOAL) | found.other_money.codes(GOAL)
        return everything - {choices.GENERAL_FUNDING}
    return frozenset({BESIDE_GOALS[scope]})


def _goals_of_label(found: Printed, label: str) -> frozenset[str] | None:
    """The goals of a line such as „K1 Zukunftsfähigkeit“."""
    if label == "Ohne Zielzuordnung":
        return frozenset({choices.WITHOUT_GOAL})
    goal = label.partition(" ")[0]
    if goal not in found.evidence.parents:
        return None
    return frozenset(
        each for each in found.evidence.parents if goal in found.evidence.lineage(each)
    )
