"""Sheets that stand beside the budget: ceilings, savings, framework conditions, waivers, and the
overview of target agreements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial

from pipeline.verification.books import Book, Sheet, Stored, address
from pipeline.verification.difference import Difference
from pipeline.verification.evidence import Evidence
from pipeline.verification.money import MEASURE, PRODUCT, UNIT, WORDS, Question
from pipeline.verification.printed import Printed, is_money, plain, printed, same_text, shown
from pipeline.verification.reading import cents_in, euro_text

AGREEMENTS = "Zielvereinbarungen.xlsx"
_NET_COST = WORDS["Zuschussbedarf"]


def _money_cell(
    book: Book, sheet: Sheet, place: tuple[int, int], cents: int, name: str, *, formula: bool
) -> Iterator[Difference]:
    stored = sheet.cells.get(place, Stored(None))
    if is_money(stored, cents) and (stored.formula is not None or not formula):
        return
    yield Difference(
        check="workbook",
        file=book.file,
        sheet=sheet.name,
        cell=address(place),
        expected=euro_text(cents),
        found=shown(stored),
        explanation=f"{name}: Der Betrag folgt nicht aus den Eingaben oder ist nicht gerechnet.",
    )


# --- ceilings -------------------------------------------------------------------------------------


def ceiling_sheet_follows_from_the_figures(evidence: Evidence) -> Iterator[Difference]:
    """Eckwerte: the ceilings of the master beside the net cost of what a unit returned."""
    found, master = printed(evidence), evidence.master
    if "Eckwerte" not in found.book.sheets:
        return
    ceilings = {
        (area.text(row, "unit"), area.text(row, "year")): cents_in(area.value(row, "amount"))
        for area, row in master.records("ceilings")
    }
    table = found.table("Eckwerte", "Einheit", "Bezeichnung")
    for row in table.rows:
        unit = table.text(row, "Einheit")
        for title, column in table.columns.items():
            word, _, year = title.rpartition(" ")
            place = (row, column)
            blank = table.sheet.value(*place) is None
            if not unit or not year.isdigit():
                continue
            if word == "Eckwert":
                cents = ceilings.get((unit, year))
                if cents is None and not blank:
                    yield found.fault(table.sheet, place, f"{unit} hat keinen Eckwert {year}.")
                elif cents is not None:
                    name = f"Eckwert von {unit}"
                    yield from _money_cell(
                        found.book, table.sheet, place, cents, name, formula=False
                    )
            elif word == "Zuschussbedarf":
                ask = Question(
                    dimension=UNIT, codes=frozenset({unit}), kinds=_NET_COST, year=int(year)
                )
                if not blank or ask(found.money):
                    yield from _money_cell(
                        found.book, table.sheet, place, ask(found.money), unit, formula=True
                    )


# --- savings --------------------------------------------------------------------------------------

_ROLES = {"Ist": "actual", "Soll": "plan", "Prognose": "forecast"}


def savings_sheet_follows_from_the_returns(evidence: Evidence) -> Iterator[Difference]:
    """Konsolidierung: what departments stated, and its sums by unit. Amounts that are stated as
    yearly increases are added up over the years by formulas; those are computed anew elsewhere.
    """
    found = printed(evidence)
    if "Konsolidierung" not in found.book.sheets:
        return
    table = found.table("Konsolidierung", "Nr.", "Maßnahme", "Wirkungsart")
    entries = evidence.rows("savings")
    by_measure: Counter[tuple[str, str, str]] = Counter()
    by_unit: Counter[tuple[str, str, str]] = Counter()
    for entry in entries:
        cents = evidence.whole(entry, "cents", "savings")
        by_measure[entry["savings_measure"], entry["role"], entry["year"]] += cents
        if entry["memo"] != "true":
            by_unit[entry["unit"], entry["role"], entry["year"]] += cents
    increases = {entry["unit"] for entry in entries if entry["effect"] == "Zuwachs"}
    yearly = {entry["savings_measure"] for entry in entries if entry["effect"] != "Zuwachs"}
    below = _below(evidence)
    columns = [
        (column, _ROLES[word], year)
        for title, column in table.columns.items()
        for word, _, year in [title.partition(" ")]
        if word in _ROLES and year.isdigit()
    ]
    for row in table.rows:
        code = table.text(row, "Nr.")
        units = below.get(code, frozenset())
        for column, role, year in columns:
            cell = partial(_money_cell, found.book, table.sheet, (row, column))
            stated = by_measure.get((code, role, year))
            if code in yearly and (stated is not None or (row, column) in table.sheet.cells):
                yield from cell(stated or 0, code, formula=False)
            elif units and not units & increases:
                cents = sum(by_unit[unit, role, year] for unit in units)
                yield from cell(cents, code, formula=True)
    codes = {table.text(row, "Nr.") for row in table.rows}
    for code in sorted({entry["savings_measure"] for entry in entries} - codes):
        yield found.fault(table.sheet, None, "Eine Konsolidierungsmaßnahme fehlt.", expected=code)


def _below(evidence: Evidence) -> Mapping[str, frozenset[str]]:
    """Every unit with all units below it."""
    parents = evidence.master.column("units", "unit", "parent")
    found: dict[str, set[str]] = {unit: {unit} for unit in parents}
    for unit in parents:
        up, passed = parents[unit], {unit}
        while up in found and up not in passed:
            found[up].add(unit)
            passed.add(up)
            up = parents[up]
    return {unit: frozenset(own) for unit, own in found.items()}


# --- framework conditions -------------------------------------------------------------------------


def framework_sheet_follows_from_the_figures(evidence: Evidence) -> Iterator[Difference]:
    """Rahmenbedingungen: goals without money of their own in full, voluntary products, what others
    pay for measures. Its tables stand below each other; the code stands in the second column.
    """
    found = printed(evidence)
    sheet = found.book.sheets.get("Rahmenbedingungen")
    if sheet is None:
        return
    titles = evidence.master.year_titles
    columns: dict[int, tuple[str, int]] = {}
    for row in sorted(sheet.by_row):
        if row - 1 not in sheet.by_row:
            columns = {}  # an empty row ends a table
        heads = {}
        for column, text in sheet.row_texts(row).items():
            heading = plain(text)
            year = next((titles[each] for each in titles if heading.endswith(each)), 0)
            if year:
                heads[column] = (heading.split(" ")[0], year)
        columns = heads or columns
        code = sheet.text(row, 2)
        for column, (word, year) in columns.items() if not heads else ():
            cents = _beside_the_budget(found, code, word, year)
            if cents is not None:
                yield from _money_cell(found.book, sheet, (row, column), cents, code, formula=False)


def _beside_the_budget(found: Printed, code: str, word: str, year: int) -> int | None:
    """What a row shows of a goal, a product or a measure; ``None`` where it shows none of them."""
    evidence, own = found.evidence, frozenset({code})
    if word == "Zuschussbedarf" and code in evidence.parents:
        gross = found.gross
        return sum(
            sign * gross.get(("bezug", code, kind, year), 0) for kind, sign in _NET_COST.items()
        )
    if word == "Zuschussbedarf" and code in evidence.master.column("products", "product", "unit"):
        ask = Question(dimension=PRODUCT, codes=own, kinds=_NET_COST, year=year)
        return ask(found.money)
    status = {row["measure"]: row["status"] for row in evidence.rows("measures")}.get(code)
    if word == "Drittmittel" and status is not None and status not in _LISTED:
        kinds = {"revenue": 1, "receipt": 1}
        return Question(dimension=MEASURE, codes=own, kinds=kinds, year=year)(found.money)
    return None


_LISTED = {"angemeldet", "zurückgestellt", "entfallen"}


# --- waivers --------------------------------------------------------------------------------------


def waiver_sheet_is_the_list_of_waivers(evidence: Evidence) -> Iterator[Difference]:
    """Ausnahmen: every waiver of the master with its rule, approver and reason, and no other."""
    found = printed(evidence)
    if "Ausnahmen" not in found.book.sheets:
        return
    table = found.table("Ausnahmen", "Regel", "Genehmigt von", "Grund")
    rows = [row for row in table.rows if isinstance(table.sheet.value(row, 1), float)]
    wanted = [
        {name: area.text(row, name) for name in ("rule", "approver", "reason")}
        for area, row in evidence.master.records("waivers")
    ]
    if len(rows) != len(wanted):
        yield found.fault(
            table.sheet,
            None,
            "Die Zahl der Ausnahmen ist nicht die der Stammdaten.",
            expected=str(len(wanted)),
            found=str(len(rows)),
        )
        return
    left = list(wanted)
    for row in rows:
        facts = {
            "rule": table.text(row, "Regel").partition(" ")[0],
            "approver": table.text(row, "Genehmigt von"),
            "reason": table.text(row, "Grund"),
        }
        match = next(
            (each for each in left if all(same_text(facts[name], each[name]) for name in facts)),
            None,
        )
        if match is None:
            yield found.fault(
                table.sheet,
                (row, table.columns["Regel"]),
                "Diese Ausnahme steht nicht so in den Stammdaten.",
                found=", ".join(facts.values()),
            )
        else:
            left.remove(match)


# --- target agreements ----------------------------------------------------------------------------


def agreements_follow_from_the_figures(evidence: Evidence) -> Iterator[Difference]:
    """Zielvereinbarungen: the budget of every agreement, its own part and those below it."""
    if AGREEMENTS not in evidence.workbooks:
        return
    book = evidence.book(AGREEMENTS)
    sheet = next(
        (
            each
            for each in book.sheets.values()
            if any(each.text(row, 1).startswith("zh:agreements:") for row in each.hidden_rows)
        ),
        None,
    )
    if sheet is None:
        yield Difference(
            check="readable",
            file=AGREEMENTS,
            explanation="Die Tabelle der Vereinbarungen fehlt (Schlüssel zh:agreements).",
        )
        return
    header = next(row for row in sheet.hidden_rows if sheet.text(row, 1).startswith("zh:"))
    names = {text: at for at, text in sheet.row_texts(header).items()}
    money = printed(evidence).money
    own, above = _agreements(evidence)
    for row in range(header + 1, sheet.last_row + 1):
        agreement = sheet.text(row, names.get("agreement", 0))
        if agreement not in own:
            continue
        whole = [each for each in own if agreement in _chain(each, above)]
        for name, column in names.items():
            word, _, year = name.rpartition("_")
            scope = {"own": [agreement], "condition": whole}.get(word)
            if scope is None or not year.isdigit():
                continue
            codes = frozenset(unit for each in scope for unit in own[each])
            cents = money.sum(UNIT, codes, _NET_COST, int(year))
            yield from _money_cell(book, sheet, (row, column), cents, agreement, formula=True)
    shown_codes = {sheet.text(row, names.get("agreement", 0)) for row in sheet.by_row}
    for agreement in sorted(set(own) - shown_codes):
        yield Difference(
            check="workbook",
            file=AGREEMENTS,
            sheet=sheet.name,
            expected=agreement,
            explanation="Eine Zielvereinbarung fehlt.",
        )


def _agreements(evidence: Evidence) -> tuple[dict[str, set[str]], dict[str, str]]:
    """The units whose money belongs to an agreement itself, and the agreement above each."""
    of_unit: dict[str, str] = {}
    above: dict[str, str] = {}
    for area, row in evidence.master.records("target_agreements"):
        agreement, unit = area.text(row, "agreement"), area.text(row, "unit")
        if unit:
            of_unit.setdefault(unit, agreement)
        if area.text(row, "parent") or agreement not in above:
            above[agreement] = area.text(row, "parent")
    own: dict[str, set[str]] = {agreement: set() for agreement in above}
    parents = evidence.master.column("units", "unit", "parent")
    for unit in parents:
        node, passed = unit, set[str]()
        while node and node not in of_unit and node not in passed:
            passed.add(node)
            node = parents.get(node, "")
        if node in of_unit:
            own[of_unit[node]].add(unit)
    return own, above


def _chain(agreement: str, above: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    while agreement and agreement not in found:
        found.append(agreement)
        agreement = above.get(agreement, "")
    return found
