"""Measures and investments of a product. They are part of the product's budget («davon»); what is
only listed stands in italics and counts nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.excel.budget_plan import labels
from pipeline.excel.budget_plan.sheets import text_of
from pipeline.excel.unit_plan.desk import KIND_KEYS, OF_MEASURE, Desk, measures_of
from pipeline.excel.unit_plan.grouping import LISTED_STATUSES, Record
from pipeline.excel.unit_plan.lines import looked_up
from pipeline.excel.unit_plan.paper import Paper, Row, Section, Value
from pipeline.excel.workbook import put_text
from pipeline.model.money import german

_INVESTMENT: Final = ("investiv", ("receipt", "payment"))
_MONEY: Final = (
    ("Gesamtkosten", "total_cost"),
    ("bisher bereitgestellt", "spent_before"),
    ("später", "later"),
)
_LISTED_NOTE: Final = (
    "Kursive Maßnahmen sind angemeldet, zurückgestellt oder entfallen: Sie sind aufgelistet, ihre "
    "Beträge zählen nicht und stehen in keiner Summe."
)


def measure_sections(desk: Desk, paper: Paper, product: str) -> list[Section]:
    """Investments, then all other measures of a product."""
    records = {text_of(each["measure"]): each for each in desk.plans.measures.get(product, ())}
    known = measures_of(desk.plans, product)
    investments = [each for each in known if _is_investment(desk, product, each, records)]
    others = [each for each in known if each not in investments]
    titles = (("Investitionsmaßnahmen", investments), ("Maßnahmen", others))
    return [
        _section(desk, paper, product, f"{title} {desk.unit_of_money}", measures, records)
        for title, measures in titles
        if measures
    ]


def _is_investment(desk: Desk, product: str, measure: str, records: Mapping[str, Record]) -> bool:
    kind, kinds = _INVESTMENT
    stated = text_of(records.get(measure, {}).get("type")) == kind
    return stated or any(desk.has(OF_MEASURE, _key(desk, product, measure, each)) for each in kinds)


def _key(desk: Desk, product: str, measure: str, kind: str) -> str:
    return f"M{desk.measure_numbers[product, measure]}-{KIND_KEYS[kind]}"


def _section(
    desk: Desk,
    paper: Paper,
    product: str,
    title: str,
    measures: Sequence[str],
    records: Mapping[str, Record],
) -> Section:
    def head() -> Row:
        return paper.header("Nummer", "Maßnahme", desk.year_titles)

    rows = [paper.heading(title), head()]
    for measure in measures:
        rows += _measure(desk, paper, product, measure, records.get(measure, {}))
    listed = any(_listed(records.get(measure, {})) for measure in measures)
    notes = ["Maßnahmen sind Teil des Produktbudgets („davon“)."] + [_LISTED_NOTE] * listed
    return Section(rows=[*rows, *paper.wide(" ".join(notes), "subtitle"), paper.gap()], head=head)


def _listed(record: Record) -> bool:
    return text_of(record.get("status")) in LISTED_STATUSES


def _measure(desk: Desk, paper: Paper, product: str, measure: str, record: Record) -> list[Row]:
    listed = _listed(record)
    role = "quiet" if listed else "row"
    title = text_of(record.get("title")) or "(nur in Vorjahren)"
    state = _state(record)
    source = desk.source_beside(paper, record) if record else None

    def put(at: int) -> None:
        # The state runs on over the empty cells of the years.
        put_text(paper.sheet, at, 2, state, paper.looks(role, "text"))
        if source is not None:
            source(at)

    head_role = "quiet" if listed else "row1"
    rows = [
        paper.amounts(measure, title, lambda _: [], role=head_role, shown="", more=put, keep=True)
    ]
    for kind, key in ((each, _key(desk, product, measure, each)) for each in KIND_KEYS):
        if desk.has(OF_MEASURE, key):
            rows.append(_amounts(desk, paper, labels.PLURAL[kind], key, role))
    facts = _facts(record)
    if facts:
        rows += paper.wide(facts, role, first=1)
    for row in rows[:-1]:
        row.keep = True
    return rows


def _amounts(desk: Desk, paper: Paper, title: str, key: str, role: str) -> Row:
    def values(at: int) -> list[Value]:
        return looked_up(desk, paper, OF_MEASURE, key, at)

    title = title[0].upper() + title[1:] + (" (zählen nicht)" if role == "quiet" else "")
    return paper.amounts("", title, values, role=role, shown=desk.money, indent=1, key=key)


def _state(record: Record) -> str:
    status = text_of(record.get("status"))
    counts = f"{status} – zählt nicht" if status in LISTED_STATUSES else status
    months = [_month(text_of(record.get(name))) for name in ("start", "end")]
    period = " bis ".join(month for month in months if month)
    return " · ".join(text for text in (counts, text_of(record.get("type")), period) if text)


def _facts(record: Record) -> str:
    """What else was said about a measure, in one paragraph."""
    found = [
        f"{label} {euro_text(int(record[name]))}"
        for label, name in _MONEY
        if text_of(record.get(name))
    ]
    texts = [", ".join(found)] if found else []
    if text_of(record.get("followup_cost")):
        texts.append(f"Folgekosten {euro_text(int(record['followup_cost']))} im Jahr")
    funder = " – ".join(
        text_of(record.get(name))
        for name in ("funder", "funding_state")
        if text_of(record.get(name))
    )
    words = (
        ("Drittmittel", funder),
        ("Stellen", _number(record.get("posts"))),
        ("Verantwortlich", text_of(record.get("responsible"))),
        ("Ziel", text_of(record.get("goal"))),
        ("Beschluss", text_of(record.get("resolution"))),
        ("Wirtschaftlichkeitsvergleich", _appraisal(record)),
        ("Stand", text_of(record.get("progress"))),
        ("Erläuterung", text_of(record.get("remark"))),
    )
    texts += [f"{label}: {text.strip()}" for label, text in words if text.strip()]
    return " · ".join(text.rstrip(".") for text in texts)


def euro_text(cents: int) -> str:
    """An amount inside a sentence, without cents where there are none."""
    return f"{german(cents, whole=cents % 100 == 0)} €"


def _appraisal(record: Record) -> str:
    given = record.get("appraisal")
    return "liegt vor" if given is True else "liegt nicht vor" if given is False else ""


def _number(value: object) -> str:
    return text_of(value).replace(".", ",") if text_of(value) else ""


def _month(iso: str) -> str:
    """``2026-03`` as ``03.2026``."""
    year, _, month = iso.partition("-")
    return f"{month}.{year}" if month else year
