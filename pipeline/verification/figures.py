"""Every figure against its cell, every cell against the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from pipeline.tables import choices
from pipeline.verification.difference import Difference
from pipeline.verification.evidence import (
    MASTER_FILE,
    CountedReturn,
    Evidence,
    Figure,
    MasterData,
    code_of,
)
from pipeline.verification.reading import Area, blank, cents_in, euro_text, rounded


def _returned_figures(evidence: Evidence) -> Iterator[Figure | Difference]:
    for each in evidence.returns:
        for area in each.tables("costs"):
            for row in area.rows:
                yield from _figures_of_row(evidence, each, area, row)


def _figures_of_row(
    evidence: Evidence, source: CountedReturn, area: Area, row: int
) -> Iterator[Figure | Difference]:
    master = evidence.master
    product, line = area.text(row, "product"), area.text(row, "line")
    columns = {year.year: f"amount_{year.year}" for year in master.years if year.entered}
    typed = {
        year: area.value(row, column)
        for year, column in columns.items()
        if column in area.columns and not blank(area.value(row, column))
    }
    if not typed or (row > area.last and not (product or line)):
        return  # nothing entered, or a sum that somebody wrote below the table
    if master.planned_elsewhere(source.unit, product, line) and source.locked(
        area.sheet, area.cell(row, columns[min(typed)])
    ):
        return
    measure = area.text(row, "measure")
    known = evidence.measure(source.unit, measure)
    listed = known is not None and known.listed

    def figure(year: int, column: str, cents: int, origin: str) -> Figure:
        return Figure(
            file=source.file,
            sheet=area.sheet,
            cell=area.cell(row, column),
            origin="listed" if listed else "stand_in" if source.stands_in else origin,
            unit=source.unit,
            product=product,
            measure=measure,
            line=line,
            kind=master.line_kinds.get(line, ""),
            year=year,
            role=master.roles[year],
            cents=cents,
        )

    amounts: dict[int, int] = {}
    for year, value in typed.items():
        cents = cents_in(value)
        if cents is None:
            yield Difference(
                check="figures",
                file=source.file,
                sheet=area.sheet,
                cell=area.cell(row, columns[year]),
                expected="eine Zahl",
                found=str(value),
                explanation="Der Rücklauf zählt, doch in dieser Zelle steht kein lesbarer Betrag.",
            )
            continue
        amounts[year] = cents
        yield figure(year, columns[year], cents, "return")
    continuation = code_of(choices.CONTINUATIONS, area.text(row, "continuation"))
    for year, cents in _continued(master, continuation, line, amounts, columns).items():
        yield figure(year, "continuation", cents, "derived")


def _continued(
    master: MasterData, continuation: str, line: str, typed: Mapping[int, int], years: Iterable[int]
) -> dict[int, int]:
    """The years that a Fortschreibung fills, from the first budget year on.

    Each follows from the nearest earlier year that is filled; Orientierungsdaten round every year
    to the cent, so that it follows from the printed one before it.
    """
    starts = min(
        (each.year for each in master.years if each.entered and each.role == "budget"), default=0
    )
    found: dict[int, int] = {}
    amount: int | None = None
    before = starts
    for year in sorted(each for each in years if each >= starts):
        if year in typed:
            amount = typed[year]
        elif amount is not None:
            amount = _next(master, continuation, line, amount, range(before + 1, year + 1))
            if amount is not None:
                found[year] = amount
        before = year
    return found


def _next(
    master: MasterData, continuation: str, line: str, amount: int, steps: Iterable[int]
) -> int | None:
    match continuation:
        case "wie Ansatz":
            return amount
        case "entfällt":
            return 0
        case "Orientierungsdaten":
            for step in steps:
                factor = master.growth_factor(line, step)
                if factor is None:
                    return None
                amount = rounded(amount * factor)
            return amount
        case _:
            return None


def _units_without_money(evidence: Evidence) -> set[str]:
    """Units whose money is not counted and for which the master lets the previous year stand in."""
    wished = evidence.master.column("units", "unit", "stand_in")
    return {
        row["unit"]
        for row in evidence.register
        if row["status"] == "substituted"
        or (
            row["money"] == "rejected"
            and code_of(choices.STAND_INS, wished.get(row["unit"], "")) == "previous_year"
        )
    }


def _master_figures(evidence: Evidence) -> Iterator[Figure | Difference]:
    """The previous amounts; where they stand in for a return, also in the budget years."""
    master = evidence.master
    prefilled = {year.year for year in master.years if not year.entered}
    given = [year.year for year in master.years if year.role == "budget" and not year.entered]
    planned = [year.year for year in master.years if year.role == "budget" and year.entered]
    replaced = _units_without_money(evidence) - {each.unit for each in evidence.returns}
    for area, row in master.records("previous_amounts"):
        year, cents = area.text(row, "year"), cents_in(area.value(row, "amount"))
        if not year.isdigit() or cents is None:
            yield Difference(
                check="figures",
                file=MASTER_FILE,
                sheet=area.sheet,
                cell=area.cell(row, "amount"),
                found=str(area.value(row, "amount")),
                explanation="In den Stammdaten steht hier kein lesbarer Vorjahresbetrag.",
            )
            continue
        unit, line, measure = (area.text(row, name) for name in ("unit", "line", "measure"))
        targets = [(int(year), "master")] if int(year) in prefilled else []
        if unit in replaced and given and int(year) == max(given):
            targets += [(each, "stand_in") for each in planned]
        for target, origin in targets:
            yield Figure(
                file=MASTER_FILE,
                sheet=area.sheet,
                cell=area.cell(row, "amount"),
                origin=origin,
                unit=unit,
                product=area.text(row, "product"),
                measure=measure,
                line=line,
                kind=master.line_kinds.get(line, ""),
                year=target,
                role=master.roles[target],
                cents=cents,
            )


_NAMES = {
    "origin": "Herkunft",
    "unit": "Einheit",
    "product": "Produkt",
    "measure": "Maßnahme",
    "line": "Zeile",
    "kind": "Geldart",
    "role": "Rolle des Jahres",
}


def figures_match_their_cells(evidence: Evidence) -> Iterator[Difference]:
    """Every figure stands in its cell as it says, and every filled, entered cell is a figure."""
    expected: dict[tuple[str, str, str, int], Figure] = {}
    for item in chain(_returned_figures(evidence), _master_figures(evidence)):
        if isinstance(item, Difference):
            yield item
        else:
            expected[item.key] = item
    seen: Counter[tuple[str, str, str, int]] = Counter()
    for figure in evidence.figures:
        seen[figure.key] += 1
        if figure.origin == "change":
            continue
        source = expected.get(figure.key)
        if source is None:
            yield _of_figure(
                "figures",
                figure,
                found=euro_text(figure.cents),
                explanation=_no_source(evidence, figure),
            )
            continue
        yield from _compared(figure, source)
    for key, source in expected.items():
        if key not in seen:
            yield _of_figure(
                "completeness",
                source,
                expected=euro_text(source.cents),
                explanation=f"Der Betrag für {source.year} fehlt in figures.csv.",
            )
    for key, times in seen.items():
        if times > 1:
            file, sheet, cell, year = key
            yield Difference(
                check="figures",
                file=file,
                sheet=sheet,
                cell=cell,
                expected="1",
                found=str(times),
                explanation=f"Die Zelle steht für {year} mehrfach in figures.csv.",
            )


def _of_figure(
    check: str, figure: Figure, *, expected: str = "", found: str = "", explanation: str
) -> Difference:
    return Difference(
        check=check,
        file=figure.file,
        sheet=figure.sheet,
        cell=figure.cell,
        expected=expected,
        found=found,
        explanation=explanation,
    )


def _no_source(evidence: Evidence, figure: Figure) -> str:
    if figure.file not in evidence.input_files:
        return "Die Datei, aus der dieser Betrag stammen soll, gibt es im Eingangsordner nicht."
    if figure.file != MASTER_FILE and figure.file not in {each.file for each in evidence.returns}:
        return "Der Betrag stammt aus einer Datei, die nach dem Register nicht zählt."
    return f"An dieser Stelle gibt die Quelle für {figure.year} keinen Betrag her."


def _compared(figure: Figure, source: Figure) -> Iterator[Difference]:
    if figure.cents != source.cents:
        yield _of_figure(
            "continuation" if source.origin == "derived" else "figures",
            figure,
            expected=euro_text(source.cents),
            found=euro_text(figure.cents),
            explanation=f"Die Fortschreibung ergibt für {figure.year} einen anderen Betrag."
            if source.origin == "derived"
            else f"In der Quelle steht für {figure.year} ein anderer Betrag.",
        )
    for column, name in _NAMES.items():
        was, should = getattr(figure, column), getattr(source, column)
        if was != should:
            yield _of_figure(
                "figures",
                figure,
                expected=should,
                found=was,
                explanation=f"Die Angabe „{name}“ weicht für {figure.year} von der Quelle ab.",
            )
