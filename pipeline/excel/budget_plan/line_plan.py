"""The sheets Ergebnisplan and Finanzplan of the city: entered lines look up Daten, computed lines
follow the line plan's formulas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xlsxwriter.utility import xl_col_to_name

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.ledger import LINE, Ledger
from pipeline.excel.budget_plan.looks import height_of
from pipeline.excel.budget_plan.ranges import look_up
from pipeline.excel.budget_plan.sheets import (
    FINANCE,
    INCOME,
    TITLE_ROWS,
    Plan,
    open_sheet,
    put_header,
    put_sum,
)
from pipeline.excel.workbook import put_number, put_text
from pipeline.lineplan import Term, evaluation_order, terms
from pipeline.model.master import Line

_TEXT_WIDTHS = (4.5, 8.0, 52.0, 10.0)
_FIRST_ROW = TITLE_ROWS + 1
PLANS: Mapping[str, str] = {INCOME: "Ergebnis", FINANCE: "Finanz"}
"""Which part of the line plan a sheet shows."""
_TITLES: Mapping[str, str] = {
    INCOME: "Ergebnisplan nach Zeilen",
    FINANCE: "Finanzplan (Investitionen) nach Zeilen",
}


@dataclass(frozen=True, kw_only=True)
class LineSheet:
    """Rows and amounts of one plan; ``unordered`` are computed lines that refer to each other in
    a circle.
    """

    sheet: str
    lines: Mapping[str, Line]
    everything: Mapping[str, Line]
    ledger: Ledger
    _known: dict[tuple[str, int], int] = field(default_factory=dict)

    def row(self, line: str) -> int:
        """The row (from 0) of a line."""
        return _FIRST_ROW + list(self.lines).index(line)

    def column(self, year: int) -> int:
        """The column (from 0) of a year."""
        return len(_TEXT_WIDTHS) + [each.year for each in self.ledger.years].index(year)

    def cents(self, line: str, year: int) -> int:
        """The amount of an entered or computed line."""
        if (line, year) not in self._known:
            self._known[line, year] = self._computed(line, year)
        return self._known[line, year]

    def _computed(self, line: str, year: int) -> int:
        found = self.everything[line]
        if not found.computed and found.kind not in labels.KIND:
            return 0
        if not found.computed:
            return self.ledger.sum(LINE, line, found.kind, year)
        return sum(
            term.factor * self.cents(part, year)
            for term in terms(found, self.everything)
            for part in term.lines
        )

    def formula(self, line: str, year: int) -> str:
        """The live formula of a line."""
        found = self.everything[line]
        letter = str(xl_col_to_name(self.column(year)))
        if not found.computed and found.kind not in labels.KIND:
            return "ROUND(0,2)"  # a line without kind is reported by the rules of the master
        if not found.computed:
            criterion = f"$A{self.row(line) + 1}"
            return look_up(self.ledger, LINE, line, criterion, found.kind, year)
        text = "".join(self._part(term, letter) for term in terms(found, self.everything))
        return f"ROUND({text.removeprefix('+')},2)"

    def _part(self, term: Term, letter: str) -> str:
        sign = "+" if term.factor > 0 else "-"
        cells = [self._cell(part, letter) for part in term.lines]
        if len(cells) == 1:
            return f"{sign}{cells[0]}"
        rows = [self.row(part) for part in term.lines if part in self.lines]
        if len(rows) == len(cells) and rows == list(range(rows[0], rows[0] + len(rows))):
            return f"{sign}SUM({cells[0]}:{cells[-1]})"
        return f"{sign}({'+'.join(cells) or '0'})"

    def _cell(self, line: str, letter: str) -> str:
        """A line of this sheet, or of the other one (years lie in the same columns)."""
        if line in self.lines:
            return f"{letter}{self.row(line) + 1}"
        other = next(sheet for sheet, plan in PLANS.items() if plan == self.everything[line].plan)
        place = [
            each for each, found in self.everything.items() if found.plan == PLANS[other]
        ].index(line)
        return f"'{other}'!{letter}{_FIRST_ROW + place + 1}"


def line_sheet(plan: Plan, sheet: str) -> LineSheet:
    """The lines of one plan in the order of the master."""
    everything = plan.results.master.lines
    lines = {name: line for name, line in everything.items() if line.plan == PLANS[sheet]}
    return LineSheet(sheet=sheet, lines=lines, everything=everything, ledger=plan.ledger)


def write_lines(plan: Plan, found: LineSheet) -> None:
    """Writes one of the two sheets."""
    years = plan.ledger.years
    before, budget = plan.results.master.previous_budget_year, plan.results.master.budget_years
    compared = before is not None and bool(budget)
    titles = ["Nr.", "Zeile", "Bezeichnung", "Vorzeichen", *(year.title for year in years)]
    if before is not None and compared:
        titles.append(f"Veränderung\n{before.year} → {budget[0].year}")
    widths = [*_TEXT_WIDTHS, *([14.0] * (len(titles) - len(_TEXT_WIDTHS)))]
    subtitle = (
        f"{plan.unit_of_money_first}; Beträge stehen positiv, das Vorzeichen steht daneben. "
        "Gerechnete Zeilen (=) sind Formeln nach dem Zeilenplan der Stammdaten."
    )
    sheet = open_sheet(plan, found.sheet, _TITLES[found.sheet], subtitle, widths)
    put_header(plan.looks, sheet, TITLE_ROWS, titles, widths)
    solvable = {*evaluation_order(found.everything)}
    for name, line in found.lines.items():
        row = found.row(name)
        role = "subtotal" if line.computed else "row"
        sheet.set_row(row, height_of((line.title, _TEXT_WIDTHS[2])))
        if line.computed:
            put_text(sheet, row, 0, "", plan.looks(role))
        else:
            put_number(
                sheet, row, 0, plan.ledger.numbers[LINE][name], plan.looks("number", "count")
            )
        for column, text in enumerate((name, line.title, line.sign), start=1):
            put_text(
                sheet, row, column, text, plan.looks(role, "centre" if column == 3 else "wrap")
            )
        if line.computed and name not in solvable:
            put_text(
                sheet, row, len(_TEXT_WIDTHS), "Die Formel verweist im Kreis.", plan.looks(role)
            )
            continue
        for year in years:
            put_sum(
                sheet,
                row,
                found.column(year.year),
                found.formula(name, year.year),
                found.cents(name, year.year),
                plan.looks(role, plan.money),
            )
        if before is not None and compared:
            column = len(_TEXT_WIDTHS) + len(years)
            now, then = budget[0].year, before.year
            letters = [xl_col_to_name(found.column(year)) for year in (now, then)]
            formula = f"ROUND({letters[0]}{row + 1}-{letters[1]}{row + 1},2)"
            cents = found.cents(name, now) - found.cents(name, then)
            put_sum(sheet, row, column, formula, cents, plan.looks(role, plan.change))
    sheet.repeat_rows(TITLE_ROWS)
    sheet.freeze_panes(_FIRST_ROW, len(_TEXT_WIDTHS))
