"""Commitments, savings and texts against the cells from which they were taken, and the other way
round: every filled cell of a counted return is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipeline.model.tables import Choice
from pipeline.tables import choices
from pipeline.verification.difference import Difference
from pipeline.verification.evidence import CountedReturn, Evidence
from pipeline.verification.key_figures import stated
from pipeline.verification.reading import (
    Area,
    basis_points_in,
    blank,
    cents_in,
    date_in,
    euro_text,
    is_yes,
    text_of,
)

# --- commitments and savings ----------------------------------------------------------------------

_AMOUNTS = {
    "commitments": re.compile(r"due_(\d{4}|later)"),
    "savings": re.compile(r"(plan|actual|forecast)_(\d{4})"),
}
_FACTS = {
    "commitments": ("product", "line", "measure", "year"),
    "savings": ("product", "savings_measure", "goal", "effect", "memo"),
}


@dataclass(frozen=True, kw_only=True)
class _Amount:
    """A filled amount of a counted return: its cell, and what the package must say of it."""

    source: CountedReturn
    area: Area
    row: int
    column: str
    cents: int | None
    facts: Mapping[str, str]

    @property
    def place(self) -> tuple[str, str, str]:
        """File, sheet and cell."""
        return self.source.file, self.area.sheet, self.area.cell(self.row, self.column)


_NO = {"", "false"}
"""What nobody has said of a savings measure is no."""


def amounts_match_their_cells(evidence: Evidence) -> Iterator[Difference]:
    """Every amount of a commitment and of a savings measure, with all that is said beside it."""
    for table in ("commitments", "savings"):
        expected = {each.place: each for each in _amounts(evidence, table)}
        seen = set()
        for row in evidence.rows(table):
            place = (row["file"], row["sheet"], row["cell"])
            wanted = evidence.whole(row, "cents", table)
            source = expected.get(place)
            if source is None or place in seen:
                text = "An dieser Stelle steht kein Betrag eines Rücklaufs, der zählt."
                yield _difference(table, place, "", euro_text(wanted), text)
                continue
            seen.add(place)
            if source.cents != wanted:
                should = "" if source.cents is None else euro_text(source.cents)
                text = (
                    f"In {table}.csv steht für {row['year']} ein anderer Betrag als in der Zelle."
                )
                yield _difference(table, place, should, euro_text(wanted), text)
            for name, fact in source.facts.items():
                if row[name] != fact and not (name == "memo" and {row[name], fact} <= _NO):
                    yield _difference(
                        table, place, fact, row[name], f"„{name}“ weicht vom Rücklauf ab."
                    )
        for place, source in expected.items():
            if place not in seen and not source.source.locked(place[1], place[2]):
                cents = "" if source.cents is None else euro_text(source.cents)
                text = f"Der Betrag fehlt in {table}.csv."
                yield _difference("completeness", place, cents, "", text)


def _amounts(evidence: Evidence, table: str) -> Iterator[_Amount]:
    for source in evidence.returns:
        for area in source.tables(table):
            columns = [
                (name, match) for name in area.columns if (match := _AMOUNTS[table].fullmatch(name))
            ]
            for row in area.rows:
                keys = [name for name in _FACTS[table] if name in area.columns]
                started = any(not blank(area.value(row, name)) for name in keys)
                for name, match in columns if started else ():
                    value = area.value(row, name)
                    if not blank(value):
                        facts = {key: _fact(area, row, key) for key in keys}
                        yield _Amount(
                            source=source,
                            area=area,
                            row=row,
                            column=name,
                            cents=cents_in(value),
                            facts={**facts, **_when(table, match), "unit": source.unit},
                        )


def _fact(area: Area, row: int, name: str) -> str:
    if name == "memo":
        return "true" if is_yes(area.value(row, name), default=False) else "false"
    return area.text(row, name)


def _when(table: str, match: re.Match[str]) -> dict[str, str]:
    if table == "commitments":
        return {"due_year": match[1] if match[1].isdigit() else ""}
    return {"role": match[1], "year": match[2]}


def _difference(
    check: str, place: tuple[str, str, str], expected: str, found: str, explanation: str
) -> Difference:
    return Difference(
        check=check,
        file=place[0],
        sheet=place[1],
        cell=place[2],
        expected=expected,
        found=found,
        explanation=explanation,
    )


# --- texts ----------------------------------------------------------------------------------------

_KEYS = {"goals": "goal", "products": "product", "units": "unit", "measures": "measure"}
_PLACE = {"file", "sheet", "cell"}


def texts_match_their_cells(evidence: Evidence) -> Iterator[Difference]:
    """Goals, products, units and measures: every text and link stands in the row it names, and
    every row of the master is there once.
    """
    for table, key in _KEYS.items():
        seen: dict[str, int] = {}
        for row in evidence.rows(table):
            code = row.get(key, "")
            seen[code] = seen.get(code, 0) + 1
            yield from _texts(evidence, table, key, row)
        known = evidence.master.column(table, key, key) if table != "measures" else {}
        for code in known:
            if seen.get(code, 0) != 1:
                yield Difference(
                    check=table,
                    file=f"Daten/{table}.csv",
                    expected="1",
                    found=str(seen.get(code, 0)),
                    explanation=f"„{code}“ muss hier genau einmal vorkommen.",
                )


def _texts(
    evidence: Evidence, table: str, key: str, row: Mapping[str, str]
) -> Iterator[Difference]:
    place = (row.get("file", ""), row.get("sheet", ""), row.get("cell", ""))
    area = next(
        (
            each
            for each in (evidence.areas(place[0]) if place[0] in evidence.input_files else ())
            if each.table == table and each.sheet == place[1]
        ),
        None,
    )
    at = None if area is None else area.at(place[2])
    if area is None or at is None:
        text = f"„{row.get(key, '')}“ steht nicht an der Stelle, die {table}.csv nennt."
        yield _difference(table, place, "", row.get(key, ""), text)
        return
    for name, was in row.items():
        if name in _PLACE or name not in area.columns:
            continue
        value = area.value(at[0], name)
        if not _says(was, value):
            yield _difference(
                table,
                (place[0], place[1], area.cell(at[0], name)),
                text_of(value),
                was,
                f"„{name}“ von {row.get(key, '')} steht in {table}.csv anders als in der Zelle.",
            )


_LABELS: tuple[tuple[Choice, ...], ...] = (choices.STAND_INS, choices.ROLES, choices.ENTRIES)


def _says(text: str, value: object) -> bool:
    """Whether the text of the data package is what a cell says, whatever the kind of the column."""
    if blank(value):
        return text in {"", "false", "true", "none"}
    if " ".join(text.split()) == " ".join(text_of(value).split()):
        return True
    if text in {"true", "false"}:
        return is_yes(value, default=False) == (text == "true")
    if any(
        choice.code == text and choice.label == text_of(value) for own in _LABELS for choice in own
    ):
        return True
    if re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", text):
        return _day(value).startswith(text)
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        number = Decimal(text)
        return number in {stated(value), cents_in(value), basis_points_in(value)}
    return False


def _day(value: object) -> str:
    """A date or a month as it is printed."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    month = re.fullmatch(r"(\d{1,2})[./](\d{4})", text_of(value))
    return f"{month[2]}-{int(month[1]):02d}" if month else date_in(value) or text_of(value)
