"""The sheets that repeat the data package in words: register, findings, sources, key figures,
investments, commitments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from pipeline.tables import choices
from pipeline.verification.books import Stored
from pipeline.verification.difference import Difference
from pipeline.verification.evidence import Evidence
from pipeline.verification.money import MEASURE
from pipeline.verification.money_sheets import stated_amount
from pipeline.verification.outlines import STATES
from pipeline.verification.printed import (
    Printed,
    PrintedTable,
    is_money,
    is_number,
    printed,
    same_text,
    shown,
)
from pipeline.verification.reading import WHOLE, euro_text

STATUS_WORDS = {
    "accepted": "angenommen",
    "partial": "teilweise angenommen",
    "rejected": "nicht verwendbar",
    "received": "eingegangen",
    "superseded": "durch neuere Datei ersetzt",
    "duplicate": "gleiche Datei liegt doppelt vor",
    "foreign": "kein Rücklauf",
    "missing": "fehlt noch",
    "no_change": "unverändert",
    "substituted": "durch Ersatzwerte vertreten",
}
PART_WORDS = {
    "accepted": "angenommen",
    "rejected": "nicht angenommen",
    "empty": "nichts eingetragen",
    "missing": "fehlt",
}


def without_symbol(text: str) -> str:
    """A word without the symbol before it."""
    symbol, _, rest = text.partition(" ")
    return rest if rest and not symbol[:1].isalnum() else text


def _listed(
    found: Printed, table: PrintedTable, wanted: Sequence[Mapping[str, str]], name: str
) -> Iterator[Difference]:
    """Rows of a list in their order: every text below its heading, no row more, none less."""
    for row, facts in zip(table.rows, wanted, strict=False):
        for title, should in facts.items():
            if title not in table.columns:
                continue
            place = (row, table.columns[title])
            was = table.sheet.text(*place)
            if not same_text(was, should) and not same_text(without_symbol(was), should):
                yield found.fault(
                    table.sheet,
                    place,
                    f"{name}: „{title}“ weicht von den Daten ab.",
                    expected=should,
                    found=was,
                )
    filled = [row for row in table.rows if table.sheet.text(row, 1) or table.sheet.text(row, 2)]
    beyond = [row for row in filled if row - table.header > len(wanted)]
    if wanted and beyond:
        place = (beyond[0], 1)
        yield found.fault(table.sheet, place, f"{name}: Diese Zeile gehört nicht hierher.")
    short = len(wanted) - len(table.rows)
    if short > 0:
        last = ", ".join(text for text in wanted[-1].values() if text)
        yield found.fault(
            table.sheet, None, f"{name}: Es fehlen {short} Zeilen am Ende.", expected=last
        )
    for facts in wanted[:1]:
        for title in facts:
            if title not in table.columns:
                yield found.fault(
                    table.sheet,
                    (table.header, 1),
                    "Eine Spalte fehlt oder heißt anders.",
                    expected=title,
                )


def returns_sheet_is_the_register(evidence: Evidence) -> Iterator[Difference]:
    """The sheet Rückläufe, row by row as ``register.csv``."""
    found = printed(evidence)
    titles = evidence.master.column("units", "unit", "title")
    wanted = [
        {
            "Einheit": row["unit"],
            "Bezeichnung": titles.get(row["unit"], ""),
            "Datei": row["file"],
            "Revision": row["revision"],
            "Status": STATUS_WORDS.get(row["status"], row["status"]),
            "Geld": PART_WORDS.get(row["money"], row["money"]),
            "Kennzahlen": PART_WORDS.get(row["key_figures"], row["key_figures"]),
            "Fehler": row["errors"],
            "Warnungen": row["warnings"],
            "Hinweise": row["notes"],
            "Prüfsumme (SHA-256)": row["sha256"],
        }
        for row in evidence.register
    ]
    table = found.table("Rückläufe", "Datei", "Status", "Prüfsumme (SHA-256)")
    yield from _listed(found, table, wanted, "Rückläufe")


_SEVERITIES = ("error", "warning", "note")


def findings_sheet_is_the_list_of_findings(evidence: Evidence) -> Iterator[Difference]:
    """The sheet Befunde: what ``findings.csv`` says, errors first, and how many there are."""
    found = printed(evidence)
    rows = evidence.rows("findings")
    ranked = sorted(
        rows,
        key=lambda row: (
            _SEVERITIES.index(row["severity"]) if row["severity"] in _SEVERITIES else 9,
            row["waived"] == "true",
        ),
    )
    wanted = [
        {
            "Nr.": str(number),
            "Stufe": choices.label(choices.SEVERITIES, row["severity"]),
            "Regel": row["rule"],
            "Einheit": row["unit"],
            "Datei": row["file"],
            "Blatt": row["sheet"],
            "Zelle": row["cell"],
            "Was ist aufgefallen?": row["message"],
            "Was ist zu tun?": row["repair"],
            "Sperrt": choices.label(choices.BLOCKS, row["blocks"]),
        }
        for number, row in enumerate(ranked, start=1)
    ]
    table = found.table("Befunde", "Stufe", "Regel", "Was ist aufgefallen?")
    yield from _listed(found, table, wanted, "Befunde")
    counts = Counter(row["severity"] for row in rows)
    numbers = [str(counts[severity]) for severity in _SEVERITIES]
    subtitle = table.sheet.text(2, 1)
    said = [part for part in subtitle.partition(".")[0].replace(",", "").split() if part.isdigit()]
    if said != numbers:
        yield found.fault(
            table.sheet,
            (2, 1),
            "Die Zahl der Befunde stimmt nicht mit den Daten überein.",
            expected=", ".join(numbers),
            found=subtitle,
        )


def sources_sheet_is_the_manifest(evidence: Evidence) -> Iterator[Difference]:
    """The sheet Quellen: every file that was read, with the hash that the manifest notes."""
    found = printed(evidence)
    wanted = [
        {"Datei": file, "Prüfsumme (SHA-256)": digest}
        for file, digest in sorted(evidence.manifest["inputs"].items())
    ]
    table = found.table("Quellen", "Datei", "Prüfsumme (SHA-256)")
    yield from _listed(found, table, wanted, "Quellen")


# --- key figures ----------------------------------------------------------------------------------

_ROLES = {"target": "Ziel", "actual": "Ist", "forecast": "Prognose"}
_SCOPES = ("city", "product", "goal", "unit")


def key_figure_sheet_shows_the_results(evidence: Evidence) -> Iterator[Difference]:
    """The sheet Kennzahlen: the values of the widest scope, attainment and state of the last rated
    year.
    """
    found = printed(evidence)
    table = found.table("Kennzahlen", "Kennzahl", "Bezeichnung", "Richtung")
    by_kpi: dict[str, dict[tuple[str, str], list[dict[str, str]]]] = {}
    for fact in evidence.rows("kpi_results"):
        scope_of = (fact["scope"], fact["id"])
        by_kpi.setdefault(fact["kpi"], {}).setdefault(scope_of, []).append(fact)
    titles = evidence.master.column("kpis", "kpi", "title")
    units = {
        title: unit for unit, title in evidence.master.column("units", "unit", "title").items()
    }
    seen: Counter[str] = Counter()
    for row in table.rows:
        kpi = table.text(row, "Kennzahl")
        if kpi not in titles:
            continue
        scopes = by_kpi.get(kpi, {})
        widest = next((s for s in _SCOPES if any(scope == s for scope, _ in scopes)), "")
        keys = [key for key in scopes if key[0] == widest]
        if unit := units.get(table.text(row, "Bezeichnung").removeprefix(_PART_OF)):
            keys = [key for key in scopes if key == ("unit", unit)]
        else:
            yield from _title(found, table, row, titles[kpi], kpi)
        if keys:
            key = keys[min(seen[kpi], len(keys) - 1)]
            yield from _key_figure(found, table, row, scopes[key], kpi)
        seen[kpi] += 1
    for kpi in titles:
        if not seen[kpi]:
            yield found.fault(table.sheet, None, "Eine Kennzahl fehlt.", expected=kpi)


def _column(table: PrintedTable, beginning: str) -> int:
    """The first column whose heading begins so; the year may follow."""
    places = [at for title, at in table.columns.items() if title.startswith(beginning)]
    return min(places, default=0)


_PART_OF = "davon "


def _title(
    found: Printed, table: PrintedTable, row: int, title: str, kpi: str
) -> Iterator[Difference]:
    """The title; where a key figure is shown by unit, the unit may follow."""
    place = (row, table.columns["Bezeichnung"])
    if not table.sheet.text(*place).startswith(title):
        yield from found.text_cell(table.sheet, place, title, f"Die Bezeichnung von {kpi}")


def _key_figure(
    found: Printed, table: PrintedTable, row: int, facts: Sequence[Mapping[str, str]], kpi: str
) -> Iterator[Difference]:
    for fact in facts:
        title = f"{_ROLES[fact['role']]} {fact['year']}"
        column = table.columns.get(title)
        if column is None:
            yield found.fault(
                table.sheet,
                (table.header, 1),
                "Eine Spalte fehlt oder heißt anders.",
                expected=title,
            )
            continue
        yield from _number(found, table, (row, column), fact["value"], f"{kpi}, {title}")
    rated = [fact for fact in facts if fact["role"] == "actual" and fact["state"]]
    last = max(rated, key=lambda fact: int(fact["year"]), default=None)
    raw = last["raw_bp"] if last else ""
    share = str(Decimal(raw) / WHOLE) if raw else ""
    reached = _column(table, "erreicht")
    yield from _number(found, table, (row, reached), share, f"{kpi}, erreicht")
    state = last["state"] if last else "no_data"
    place = (row, _column(table, "Stand"))
    if not same_text(without_symbol(table.sheet.text(*place)), STATES.get(state, state)):
        yield found.fault(
            table.sheet,
            place,
            f"{kpi}: Der Stand ist nicht der der Daten.",
            expected=STATES.get(state, state),
            found=table.sheet.text(*place),
        )


def _number(
    found: Printed, table: PrintedTable, place: tuple[int, int], should: str, name: str
) -> Iterator[Difference]:
    value = table.sheet.value(*place)
    if value is not None if not should else not is_number(value, Decimal(should)):
        yield found.fault(
            table.sheet,
            place,
            f"{name}: Die Zahl ist nicht die der Daten.",
            expected=should,
            found="" if value is None else str(value),
        )


# --- investments and commitments ------------------------------------------------------------------


def investment_sheet_follows_from_the_figures(evidence: Evidence) -> Iterator[Difference]:
    """Investitionsmaßnahmen: payments look up Daten, the rest is what departments stated."""
    found = printed(evidence)
    table = found.table("Investitionsmaßnahmen", "Maßnahme", "Titel", "Später")
    known = {row["measure"]: row for row in evidence.rows("measures")}
    seen = set()
    for row in table.rows:
        measure = table.text(row, "Maßnahme")
        if measure not in known:
            continue
        seen.add(measure)
        facts = known[measure]
        place = (row, table.columns["Titel"])
        yield from found.text_cell(table.sheet, place, facts["title"], f"{measure}: Titel")
        for column in table.money:
            yield from found.cell(
                table.sheet,
                (row, column.column),
                column.question(MEASURE, measure),
                measure,
            )
        for title, name in (("Bisher bereitgestellt", "spent_before"), ("Später", "later")):
            if title in table.columns:
                yield from stated_amount(found, table, row, title, facts.get(name) or "0", measure)
    for measure in sorted(_investments(evidence) - seen):
        yield found.fault(table.sheet, None, "Eine Investition fehlt.", expected=measure)


def _investments(evidence: Evidence) -> frozenset[str]:
    """Counted measures that are investments by their type, or because money is paid for them."""
    listed = {choice.code for choice in choices.LISTED_STATUSES}
    entered = {year.year for year in evidence.master.years if year.entered}
    paid = {
        figure.measure
        for figure in evidence.figures
        if figure.counts and figure.kind == "payment" and figure.year in entered and figure.cents
    }
    return frozenset(
        row["measure"]
        for row in evidence.rows("measures")
        if row["status"] not in listed and (row["type"] == "investiv" or row["measure"] in paid)
    )


def commitment_sheet_is_the_list_of_commitments(evidence: Evidence) -> Iterator[Difference]:
    """Verpflichtungen: every amount of ``commitments.csv`` once, in the row of its source."""
    found = printed(evidence)
    wanted: Counter[tuple[str, ...]] = Counter()
    facts = ("year", "unit", "product", "line", "measure", "file")
    for entry in evidence.rows("commitments"):
        at = "".join(letter for letter in entry["cell"] if letter.isdigit())
        due = entry["due_year"] or "später"
        cents = evidence.whole(entry, "cents", "commitments")
        wanted[*(entry[name] for name in facts), at, due] += cents
    if not wanted:
        return
    table = found.table("Verpflichtungen", "Ansatzjahr", "Einheit", "Quelle")
    dues = {
        title.removeprefix("fällig "): column
        for title, column in table.columns.items()
        if title.startswith("fällig ")
    }
    for row in table.rows:
        year = table.text(row, "Ansatzjahr")
        if not year.isdigit():
            continue
        file, _, cell = table.text(row, "Quelle").rpartition(" ")
        at = "".join(letter for letter in cell if letter.isdigit())
        names = ("Einheit", "Produkt", "Zeile", "Maßnahme")
        key = (year, *(table.text(row, name) for name in names), file)
        for due, column in dues.items():
            cents = wanted.pop((*key, at, due), 0)
            stored = table.sheet.cells.get((row, column), Stored(None))
            if not is_money(stored, cents):
                yield found.fault(
                    table.sheet,
                    (row, column),
                    "Die Verpflichtungsermächtigung ist nicht die gemeldete.",
                    expected=euro_text(cents),
                    found=shown(stored),
                )
    for left, cents in wanted.items():
        if cents:
            yield found.fault(
                table.sheet,
                None,
                "Eine Verpflichtungsermächtigung fehlt.",
                expected=f"{', '.join(left)}: {euro_text(cents)}",
            )
