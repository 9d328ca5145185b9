"""The sheet of one agreement, A4 upright, to print and sign: who, goals and key figures with their
weights, budget condition, consolidation contribution, date and signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipeline.agreements import Agreement
from pipeline.excel.budget_plan.sheets import german_date
from pipeline.excel.target_agreements.clauses import put_clauses, put_standing
from pipeline.excel.target_agreements.desk import OVERVIEW, Desk, set_page
from pipeline.excel.target_agreements.money import Place, put_budget, put_savings
from pipeline.excel.target_agreements.paper import ACTUAL, LAST, WIDTHS, Paper, fit, width
from pipeline.excel.workbook import put_link, put_text
from pipeline.model.blocks import rows_of
from pipeline.tables.choices import STAND_INS, label

_SIGNING: Final = 42.0
"""Points of space for a signature."""
_COUNTED: Final = frozenset({"accepted", "partial", "no_change"})


def write_agreement(
    desk: Desk,
    agreement: str,
    below: Mapping[str, Place],
    savings_rows: Mapping[tuple[str, str], int],
) -> Place:
    """Writes the sheet of one agreement; ``below`` are the places of those below it, already
    written, ``savings_rows`` the rows of the sheet Konsolidierung.
    """
    found = desk.found.agreements[agreement]
    name = desk.names[agreement]
    sheet = set_page(desk, name, landscape=False)
    for column, breadth in enumerate(WIDTHS):
        sheet.set_column(column, column, breadth)
    paper = Paper(desk=desk, sheet=sheet)
    paper.block()
    _put_title(paper, found)
    put_clauses(paper, found)
    put_standing(paper, found)
    own, condition = put_budget(paper, found, below)
    saving = put_savings(paper, found, below, savings_rows) if desk.savings else {}
    _put_signatures(paper, found)
    fit(paper)
    sheet.print_area(1, 0, paper.row - 1, LAST)
    return Place(own=own, condition=condition, saving=saving)


# --- head -------------------------------------------------------------------------------------


def _put_title(paper: Paper, found: Agreement) -> None:
    desk, looks = paper.desk, paper.desk.looks
    settings = desk.results.master.settings
    row = paper.line()
    put_link(paper.sheet, row, 0, f"internal:'{OVERVIEW}'!A1", "← Übersicht", looks("link"))
    row = paper.line(least=30.0)
    put_text(paper.sheet, row, 0, f"Zielvereinbarung {desk.period}", looks("title"))
    named = f"{desk.title(found.unit)} ({found.agreement})"
    row = paper.line(least=18.0)
    put_text(paper.sheet, row, 0, named, looks("heading"))
    subtitle = f"{settings.city} · {settings.round} · Stichtag {german_date(settings.as_of)}"
    put_text(paper.sheet, paper.line(), 0, subtitle, looks("subtitle"))
    for text in _state(desk, found):
        paper.wide(text, looks("watch", "wrap"))
    paper.line(least=6.0)
    words = ("zwischen", "und") if found.superior else ("mit",)
    functions = [each for each in (found.superior, found.partner) if each]
    for word, function in zip(words, functions, strict=False):
        paper.wide(f"{word} {function}", looks("plain", "wrap"))
    above = desk.found.agreements.get(found.parent)
    if above is not None:
        text = f"im Rahmen der Zielvereinbarung {above.agreement}, {desk.title(above.unit)}"
        target = f"internal:'{desk.names[above.agreement]}'!A1"
        row = paper.line()
        put_link(paper.sheet, row, 0, target, text, looks("link", "text"))


def _state(desk: Desk, found: Agreement) -> list[str]:
    """What keeps these figures provisional: of this agreement's units, or of others."""
    if not desk.results.provisional:
        return []
    gaps = _gaps(desk, found)
    if gaps:
        return ["▲ Vorläufig: " + " ".join(gaps)]
    text = (
        "▲ Vorläufig: Der Haushaltsplan ist noch nicht vollständig; die Beträge dieser "
        "Zielvereinbarung sind es."
    )
    return [text]


def _gaps(desk: Desk, found: Agreement) -> list[str]:
    register = desk.results.tables["register"]
    counted = {
        str(row.unit)
        for row in rows_of(register)
        if row.status in _COUNTED and row.money != "rejected"
    }
    asked = set(desk.results.master.expected_units)
    sentences = []
    for unit in desk.found.units_below(found.agreement):
        if unit not in asked or unit in counted:
            continue
        kind = desk.results.stand_ins.get(unit, "")
        instead = f"ersatzweise gilt: {label(STAND_INS, kind)}" if kind else "nicht eingerechnet"
        sentences.append(f"{desk.unit(unit)} ({instead}).")
    return ["Ohne gültigen Rücklauf:", *sentences] if sentences else []


# --- signatures ---------------------------------------------------------------------------------


def _put_signatures(paper: Paper, found: Agreement) -> None:
    """Date and signature lines for functions; no name is printed."""
    looks = paper.desk.looks
    signing = [function for function in (found.superior, found.partner) if function]
    sides = ((0, 1), (ACTUAL, LAST))
    paper.block()
    paper.heading(f"{4 if paper.desk.savings else 3}  Unterschriften")
    for caption in ("Ort, Datum", ""):
        paper.line(least=_SIGNING if not caption else 26.0)
        texts = [caption or function for function in signing] or [caption or "Funktion"]
        row = paper.line(*((text, width(*sides[side])) for side, text in enumerate(texts)))
        for (first, last), text in zip(sides, texts, strict=False):
            paper.put_wide(row, text, looks("signature", "wrap"), first=first, last=last)
