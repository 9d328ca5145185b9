"""The sheets that print a tree with amounts: goals, investments, organisation, products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipeline.tables import choices
from pipeline.verification.books import Stored
from pipeline.verification.difference import Difference
from pipeline.verification.evidence import Evidence
from pipeline.verification.money import GOAL, PRODUCT, UNIT, WORDS, Gap, Question
from pipeline.verification.printed import (
    Printed,
    PrintedTable,
    is_number,
    plain,
    printed,
    same_text,
    shown,
    unlike,
)
from pipeline.verification.reading import WHOLE

_OPERATING = ("Erträge", "Aufwendungen", "Zuschussbedarf")
_INVESTMENT = ("Einzahlungen", "Auszahlungen", "Investitionssaldo")
_DIRECT = ": unmittelbar zugeordnet"
BEFORE_FUNDING = "Ziele und ohne Zielzuordnung"
BESIDE_GOALS = {
    "Ohne Zielzuordnung": choices.WITHOUT_GOAL,
    "Allgemeine Deckungsmittel": choices.GENERAL_FUNDING,
}


@dataclass(frozen=True, kw_only=True)
class _Outline:
    """A sheet with its tree: ``parents`` by code, ``titles`` by code, ``wanted`` are the codes that
    must have a row.
    """

    printed: Printed
    table: PrintedTable
    dimension: str
    code: str
    title: str
    parents: Mapping[str, str]
    titles: Mapping[str, str]
    wanted: frozenset[str]

    def below(self, code: str) -> frozenset[str]:
        """The code and everything below it."""
        found, rest = {code}, [code]
        while rest:
            node = rest.pop()
            children = [each for each, up in self.parents.items() if up == node]
            rest += [each for each in children if each not in found]
            found.update(children)
        return frozenset(found)


Scope = frozenset[str] | None
"""The codes that a row adds up; ``None``: everything."""


def goal_sheets_follow_from_the_figures(evidence: Evidence) -> Iterator[Difference]:
    """Zielbaum and Investitionen: every goal at its place, with its money and its attainment."""
    found = printed(evidence)
    titles = {row["goal"]: row.get("title", "") for row in evidence.rows("goals")}
    carrying = _carrying(evidence)
    for sheet, words, wanted in (
        ("Zielbaum", _OPERATING, frozenset(evidence.parents)),
        ("Investitionen", _INVESTMENT, carrying),
    ):
        outline = _Outline(
            printed=found,
            table=found.table(sheet, "Nr.", "Ziel-Nr.", "Ziel"),
            dimension=GOAL,
            code="Ziel-Nr.",
            title="Ziel",
            parents=evidence.parents,
            titles=titles,
            wanted=wanted,
        )
        yield from _outline(outline, words)
        if sheet == "Zielbaum":
            yield from _shares(outline)
            yield from _ratings(outline)


def _carrying(evidence: Evidence) -> frozenset[str]:
    """Goals that money can be added up on, with everything above them."""
    return frozenset(
        up
        for goal in evidence.parents
        if goal not in evidence.master.tags
        for up in evidence.lineage(goal)
    )


def unit_and_product_sheets_follow_from_the_figures(evidence: Evidence) -> Iterator[Difference]:
    """Organisation and Produkte."""
    found, master = printed(evidence), evidence.master
    both = (*_OPERATING, *_INVESTMENT)
    parents = master.column("units", "unit", "parent")
    yield from _outline(
        _Outline(
            printed=found,
            table=found.table("Organisation", "Nr.", "Einheit", "Bezeichnung"),
            dimension=UNIT,
            code="Einheit",
            title="Bezeichnung",
            parents=parents,
            titles=master.column("units", "unit", "title"),
            wanted=frozenset(parents),
        ),
        both,
    )
    titles = master.column("products", "product", "title")
    outline = _Outline(
        printed=found,
        table=found.table("Produkte", "Nr.", "Produkt", "Bezeichnung", "Federführung"),
        dimension=PRODUCT,
        code="Produkt",
        title="Bezeichnung",
        parents=dict.fromkeys(titles, ""),
        titles=titles,
        wanted=frozenset(titles),
    )
    yield from _outline(outline, both)
    leads = master.column("products", "product", "unit")
    for row in outline.table.rows:
        code = outline.table.text(row, "Produkt")
        if code in leads:
            place = (row, outline.table.columns["Federführung"])
            yield from found.text_cell(
                outline.table.sheet, place, leads[code], f"Die Federführung von {code}"
            )


def _outline(outline: _Outline, words: Sequence[str]) -> Iterator[Difference]:
    table, found = outline.table, outline.printed
    yield from _headings(outline, words)
    yield from _places(outline)
    leaves = [row for row in table.rows if table.text(row, "Nr.")]
    alike = [[(row, each.column) for row in leaves] for each in table.money]
    for row in table.rows:
        alike += table.by_word(row)
    yield from unlike(found, table.sheet, alike)
    for row in table.rows:
        first = min((each.column for each in table.money), default=1)
        if table.sheet.value(row, first) == "–":
            continue  # goals without money
        scope, known = _scope(outline, row)
        if not known:
            continue
        name = table.text(row, outline.title) or table.text(row, outline.code)
        for column in table.money:
            yield from found.cell(
                table.sheet,
                (row, column.column),
                Question(
                    dimension=outline.dimension, codes=scope, kinds=column.kinds, year=column.year
                ),
                name,
            )
        yield from _change(outline, row, scope, name)


def _headings(outline: _Outline, words: Sequence[str]) -> Iterator[Difference]:
    """Every year has every column."""
    titles = outline.printed.evidence.master.year_titles
    for title, year in titles.items():
        for word in words:
            if outline.table.money_column(word, year) is None:
                yield outline.printed.fault(
                    outline.table.sheet,
                    (outline.table.header, 1),
                    "Eine Spalte fehlt oder heißt anders.",
                    expected=f"{title} {word}",
                )


def _scope(outline: _Outline, row: int) -> tuple[Scope, bool]:
    """The codes whose money a row shows, and whether it is a row of money at all."""
    table = outline.table
    code, title = table.text(row, outline.code), table.text(row, outline.title)
    if title == "Gesamt" and not code:
        return None, True
    if title == BEFORE_FUNDING and not code:
        everything = outline.printed.money.codes(GOAL) | outline.printed.other_money.codes(GOAL)
        return everything - {choices.GENERAL_FUNDING}, True
    if title in BESIDE_GOALS and not code:
        return frozenset({BESIDE_GOALS[title]}), True
    if not code and title.endswith(_DIRECT):
        return frozenset({title.removesuffix(_DIRECT)}), True
    if not code and not title:
        return None, False
    if not code:
        return _members(outline, row), True
    if table.text(row, "Nr."):
        return frozenset({code}), True
    return outline.below(code), True


def _members(outline: _Outline, row: int) -> frozenset[str]:
    """The products of an area or a group: all that the master has of the kind of the first one
    below the row.
    """
    table, master = outline.table, outline.printed.evidence.master
    areas = master.column("products", "product", "area")
    groups = master.column("products", "product", "group")
    level = table.sheet.levels.get(row, 0)
    first = next(
        (code for at in table.rows if at > row and (code := table.text(at, "Produkt"))), ""
    )
    return frozenset(
        product
        for product in areas
        if areas[product] == areas.get(first)
        and (level == 0 or groups[product] == groups.get(first))
    )


def _places(outline: _Outline) -> Iterator[Difference]:
    """Every node has one row with its title, below the row of its parent; its running number is
    that of Daten.
    """
    table, found = outline.table, outline.printed
    seen: dict[str, int] = {}
    above: list[str] = []
    for row in table.rows:
        code, title = table.text(row, outline.code), table.text(row, outline.title)
        place = (row, table.columns[outline.code])
        yield from _number(outline, row, code or _code_of_title(title))
        if not code:
            yield from _section(outline, row, title)
            continue
        if code in seen:
            yield found.fault(table.sheet, place, f"„{code}“ steht hier ein zweites Mal.")
        seen[code] = row
        if code in outline.titles:
            yield from found.text_cell(
                table.sheet,
                (row, table.columns[outline.title]),
                outline.titles[code],
                f"Die Bezeichnung von {code}",
            )
            parent = outline.parents.get(code, "")
            while above and above[-1] != parent:
                above.pop()
            if parent and not above:
                yield found.fault(
                    table.sheet,
                    place,
                    f"„{code}“ steht nicht unter „{parent}“.",
                    expected=parent,
                )
            above.append(code)
    for code in sorted(outline.wanted - set(seen)):
        yield found.fault(
            table.sheet, None, "Eine Zeile fehlt.", expected=f"{code} {outline.titles[code]}"
        )


def _code_of_title(title: str) -> str:
    if title in BESIDE_GOALS:
        return BESIDE_GOALS[title]
    return title.removesuffix(_DIRECT) if title.endswith(_DIRECT) else ""


def _section(outline: _Outline, row: int, title: str) -> Iterator[Difference]:
    """An area or group of products is named after the products below it."""
    if outline.dimension != PRODUCT or title in {"", "Gesamt"}:
        return
    master, table = outline.printed.evidence.master, outline.table
    first = next(
        (code for at in table.rows if at > row and (code := table.text(at, "Produkt"))), ""
    )
    column = "group" if table.sheet.levels.get(row, 0) else "area"
    should = master.column("products", "product", column).get(first, "")
    if should and not title.endswith(should):
        yield outline.printed.fault(
            table.sheet,
            (row, table.columns[outline.title]),
            "Die Bezeichnung passt nicht zu den Produkten darunter.",
            expected=should,
            found=title,
        )


def _number(outline: _Outline, row: int, code: str) -> Iterator[Difference]:
    data, table = outline.printed.data, outline.table
    number = table.sheet.value(row, table.columns["Nr."])
    if data is None or not isinstance(number, float):
        return
    should = data.codes.get(outline.dimension, {}).get(int(number), code)
    if should != code:
        yield outline.printed.fault(
            table.sheet,
            (row, table.columns["Nr."]),
            "Die laufende Nummer ist die eines anderen Schlüssels.",
            expected=code,
            found=f"{number:g} ({should})",
        )


def _change(outline: _Outline, row: int, scope: Scope, name: str) -> Iterator[Difference]:
    """The change of the balance from the previous budget year to the first one of the plan."""
    table, master = outline.table, outline.printed.evidence.master
    before, budget = master.previous_budget_year, master.budget_years
    if before is None or not budget:
        return
    column = table.columns.get(f"Veränderung {before} → {budget[0]}")
    if column is None:
        yield outline.printed.fault(
            table.sheet,
            (table.header, 1),
            "Eine Spalte fehlt oder heißt anders.",
            expected=f"Veränderung {before} → {budget[0]}",
        )
        return
    operating = table.money_column("Zuschussbedarf", before) is not None
    word = "Zuschussbedarf" if operating else "Investitionssaldo"
    questions = [
        Question(dimension=outline.dimension, codes=scope, kinds=WORDS[word], year=year)
        for year in (budget[0], before)
    ]
    yield from outline.printed.cell(
        table.sheet,
        (row, column),
        Gap(now=questions[0], before=questions[1]),
        name,
    )


def _shares(outline: _Outline) -> Iterator[Difference]:
    """The share of a goal in everything that is no general funding, in hundredths of a per cent."""
    table, found = outline.table, outline.printed
    budget = found.evidence.master.budget_years
    column = table.columns.get(f"Anteil {budget[0]}") if budget else None
    if column is None:
        return
    kinds, year = WORDS["Zuschussbedarf"], budget[0]
    rows = {table.text(row, outline.title): row for row in table.rows}
    if BEFORE_FUNDING not in rows:
        return
    whole_scope, _ = _scope(outline, rows[BEFORE_FUNDING])
    whole = Question(dimension=GOAL, codes=whole_scope, kinds=kinds, year=year)(found.money)
    for row in table.rows:
        stored = table.sheet.cells.get((row, column))
        title = table.text(row, outline.title)
        scope, known = _scope(outline, row)
        if not known or title in {"Gesamt", "Allgemeine Deckungsmittel"}:
            continue
        if stored is None or (stored.value == "–" and stored.formula is None):
            continue
        cents = Question(dimension=GOAL, codes=scope, kinds=kinds, year=year)(found.money)
        should = rounded_ratio(cents, whole)
        right = stored.value == "–" if should is None else is_number(stored.value, should)
        if stored.formula is None or not right:
            yield found.fault(
                table.sheet,
                (row, column),
                f"{title}: Der Anteil am Zuschussbedarf stimmt nicht oder ist nicht gerechnet.",
                expected="–" if should is None else str(should),
                found=str(stored.value),
            )


def rounded_ratio(part: int, whole: int) -> Decimal | None:
    """A share with four places, half up; ``None`` where the whole is not positive."""
    if whole <= 0:
        return None
    size = (2 * abs(part) * WHOLE + whole) // (2 * whole)
    return Decimal(size if part >= 0 else -size) / WHOLE


STATES = {
    "green": "im Plan",
    "yellow": "beobachten",
    "red": "kritisch",
    "low_coverage": "zu wenig Daten",
    "no_data": "keine Daten",
    "not_rated": "nicht bewertet",
}


def _ratings(outline: _Outline) -> Iterator[Difference]:
    """Attainment, state and coverage of the latest year for which there is anything to say."""
    table, found = outline.table, outline.printed
    rows = found.evidence.rows("attainment")
    years = [int(row["year"]) for row in rows if row["kpis_with_data"] not in {"", "0"}]
    heading = f"Zielerreichung {max(years)}" if years else "Zielerreichung"
    if heading not in table.columns:
        yield found.fault(
            table.sheet,
            (table.header, 1),
            "Eine Spalte fehlt oder heißt anders.",
            expected=heading,
        )
        return
    facts = {row["goal"]: row for row in rows if years and int(row["year"]) == max(years)}
    for row in table.rows:
        fact = facts.get(table.text(row, outline.code))
        if fact is not None:
            yield from rating_cells(found, table, row, fact, heading)


def rating_cells(
    found: Printed, table: PrintedTable, row: int, fact: Mapping[str, str], heading: str,
    *, computed: bool = False,
) -> Iterator[Difference]:  # fmt: skip
    """Attainment, coverage and state of a goal in one row; ``computed`` by formulas, which do not
    round.
    """
    for title, name in ((heading, "attainment_bp"), ("Abdeckung", "coverage_bp")):
        yield from rating_cell(found, table, (row, title), fact, name, computed=computed)
    place = (row, table.columns.get("Stand", 0))
    word = table.sheet.text(*place)
    if not same_text(word.partition(" ")[2], STATES.get(fact["state"], fact["state"])):
        yield found.fault(
            table.sheet,
            place,
            f"Der Stand von {fact['goal']} ist nicht der der Daten.",
            expected=STATES.get(fact["state"], fact["state"]),
            found=word,
        )


def rating_cell(
    found: Printed, table: PrintedTable, at: tuple[int, str], fact: Mapping[str, str], name: str,
    *, computed: bool = False,
) -> Iterator[Difference]:  # fmt: skip
    """One share of a goal; a goal without rated key figures has none, or none that is covered."""
    row, title = at
    place = (row, table.columns.get(title, 0))
    stored = table.sheet.cells.get(place, Stored(None))
    should = Decimal(fact[name]) / WHOLE if fact[name] else None
    if fact["kpis"] == "0" and stored.value in {None, "", 0.0}:
        return
    if should is None:
        right = stored.value in {None, ""}
    elif computed:
        right = (
            isinstance(stored.value, float)
            and stored.formula is not None
            and abs(Decimal(repr(stored.value)) - should) <= Decimal("0.00005000001")
        )
    else:
        right = is_number(stored.value, should)
    if not right:
        yield found.fault(
            table.sheet,
            place,
            f"{plain(title)} von {fact['goal']} ist nicht die der Daten"
            f"{' oder nicht gerechnet' if computed else ''}.",
            expected="" if should is None else str(should),
            found=shown(stored),
        )


def attainment_sheet_shows_the_attainment(evidence: Evidence) -> Iterator[Difference]:
    """Zielerreichung: every goal with its mean, state, coverage and count, computed by formulas."""
    found = printed(evidence)
    table = found.table("Zielerreichung", "Ziel-Nr.", "Ziel", "Stand", "Abdeckung")
    rows = evidence.rows("attainment")
    titles = {row["goal"]: row.get("title", "") for row in evidence.rows("goals")}
    by_year = {(row["goal"], row["year"]): row for row in rows}
    headings = {
        title.rpartition(" ")[2]: title
        for title in table.columns
        if title.startswith("Zielerreichung ")
    }
    if not headings:
        return  # no year in which anything could be rated
    year = next(iter(headings))
    seen = set()
    for row in table.rows:
        goal = table.text(row, "Ziel-Nr.")
        fact = by_year.get((goal, year))
        if fact is None:
            continue
        seen.add(goal)
        place = (row, table.columns["Ziel"])
        yield from found.text_cell(
            table.sheet, place, titles.get(goal, ""), f"Die Bezeichnung von {goal}"
        )
        yield from rating_cells(found, table, row, fact, headings[year], computed=True)
        for other, heading in headings.items():
            earlier = by_year.get((goal, other))
            if other != year and earlier is not None:
                yield from rating_cell(found, table, (row, heading), earlier, "attainment_bp")
    for goal in sorted({goal for goal, own in by_year if own == year} - seen):
        yield found.fault(table.sheet, None, "Eine Zeile fehlt.", expected=goal)
