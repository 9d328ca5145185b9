"""The handbook for departments, in German, made from the declarations and the message catalogue.

``python -m pipeline.handbook`` writes ``docs/handbuch.md``; a test fails when the file is out of
date. What a field is for, which rules there are and how to mend a fault is said once, where it is
declared; only the chapters that explain the way of working are written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pipeline.validation  # noqa: F401 - registers all rules
from pipeline.excel.budget_plan.labels import SEVERITY
from pipeline.excel.layout.handbook_sheet import GROUPS, department_rules, plain_words
from pipeline.excel.layout.layout import template_identity, template_layout
from pipeline.excel.layout.live import INTENDED_DIFFERENCES
from pipeline.model.blocks import frame_of
from pipeline.model.findings import Blocks, Severity
from pipeline.model.master import Master, Settings
from pipeline.model.messages import Message, catalogue
from pipeline.model.tables import Column, Filler, Kind, Role, Table, Year
from pipeline.rules.registry import Rule
from pipeline.tables.choices import ROLES, label
from pipeline.tables.master import MASTER_TABLES
from pipeline.tables.submission import (
    KEY_FIGURE_TABLES,
    MONEY_TABLES,
    RELEASE_VALUES,
    SUBMISSION_TABLES,
    tables_for,
)

PATH: Final = Path(__file__).parent.parent / "docs" / "handbuch.md"

_KINDS: Final = {
    Kind.CODE: "Nummer oder Schlüssel (Text)",
    Kind.TEXT: "Text",
    Kind.CHOICE: "Auswahl",
    Kind.MONEY: "Betrag in Euro",
    Kind.NUMBER: "Zahl",
    Kind.PERCENT: "Prozent (45 heißt 45 %)",
    Kind.INTEGER: "ganze Zahl",
    Kind.YEAR: "Jahr (JJJJ)",
    Kind.MONTH: "Monat (MM.JJJJ)",
    Kind.DATE: "Datum (TT.MM.JJJJ)",
    Kind.YES_NO: "ja oder nein",
}
_REFERENCES: Final = {
    "products": "Produkte",
    "goals": "Ziele",
    "lines": "Zeilenplan",
    "measures": "Ihre Maßnahmen",
    "levels": "Ebenen",
    "kpis": "Kennzahlen",
}
_BLOCKED: Final = {
    Blocks.RETURN: "den ganzen Rücklauf",
    Blocks.MONEY: "das Geld",
    Blocks.KEY_FIGURES: "die Kennzahlen",
    Blocks.NOTHING: "nichts",
}
_EITHER: Final = "den Teil, in dem er steht (Geld oder Kennzahlen)"
_INTRODUCTION: Final = """\
# Handbuch für Fachämter und Teams

Dieses Handbuch erklärt die Arbeitsmappe, mit der Sie Ihren Teil des Haushalts melden: was in
welches Feld gehört, was geprüft wird und wie Sie einen Fehler beheben. Es entsteht aus denselben
Festlegungen, mit denen die Kämmerei prüft; beides kann also nicht auseinanderlaufen.
<!-- Erzeugt mit „python -m pipeline.handbook“; Änderungen von Hand gehen verloren. -->

## In drei Schritten

1. **Ausfüllen.** Gehen Sie die Blätter von links nach rechts durch. Gelbe Felder sind für Sie,
   graue sind vorgegeben oder werden gerechnet. Nicht gebrauchte Zeilen bleiben leer.
2. **Prüfen.** Die Vorlage prüft mit, während Sie tippen: In Spalte A steht zu jeder begonnenen
   Zeile „✓ in Ordnung“ oder „✗“ mit dem, was noch fehlt. Das Blatt Prüfung zählt alles zusammen
   und sagt zum Schluss, ob die Datei bereit zur Rückgabe ist.
3. **Zurückgeben.** Im Blatt Freigabe Stand, Funktion und Datum eintragen, als
   Excel-Arbeitsmappe (.xlsx) speichern und zurücksenden. Der Dateiname ist frei.

Danach bekommen Sie eine **Rückmeldung**: eine Quittung mit Ihren Summen und, wenn etwas offen ist,
dieselbe Arbeitsmappe noch einmal mit allen Ihren Eingaben. Ihr erstes Blatt nennt jede Stelle mit
einem Sprung in die Zelle und der Spalte „erledigt?“. Bitte arbeiten Sie in dieser Datei weiter und
senden Sie sie zurück; sie zählt dann als nächste Fassung. Was außerhalb der Eingabefelder stand,
ist darin aufgelistet; Ihre ursprüngliche Datei bleibt unverändert bei uns.

## Was ein Befund bedeutet

| Stufe | Bedeutung |
|---|---|
| Fehler | Der betroffene Teil zählt erst, wenn der Fehler behoben ist. |
| Warnung | Etwas fällt auf; der Betrag zählt. Bitte prüfen, berichtigen oder erläutern. |
| Hinweis | Zur Kenntnis; zu tun ist nichts. |

Die Kämmerei kann einzelne Regeln strenger oder milder stellen, als es hier steht; Ihre Vorlage
zeigt dann schon die geänderte Stufe.

Ein Rücklauf hat zwei Teile: **Geld** (Ziele, Produkte, Maßnahmen, Ansätze, Verpflichtungen,
Konsolidierung) und **Kennzahlen**. Jeder Teil wird als Ganzes angenommen oder nicht. Eine fehlende
Kennzahl hält nie das Geld auf, ein falscher Betrag nie die Kennzahlen.

## So tragen Sie ein

- **Beträge** in Euro, als Zahl und ohne Minuszeichen: Ob es Ertrag oder Aufwand ist, sagt die
  Zeile. Fällt nichts an, tragen Sie 0 ein; leer heißt „nicht angegeben“.
- **Fortschreibung** statt Tipparbeit: „wie Ansatz“ wiederholt den letzten eingetragenen Betrag,
  „Orientierungsdaten“ schreibt ihn fort, „entfällt“ setzt 0. Das erste Haushaltsjahr tragen Sie
  immer selbst ein.
- **Prozent** als 45 für 45 %. **Monate** als 01.2027, **Daten** als 31.12.2027.
- **Auswahlfelder**: auf das kleine Dreieck rechts neben der Zelle klicken.
- **Einfügen** aus anderen Dateien mit „Inhalte einfügen: Werte“.
- Zeilen einfügen oder löschen geht nicht und ist nicht nötig; wer mehr Zeilen braucht, bekommt eine
  längere Vorlage.
- Bitte nennen Sie **Funktionen**, keine Namen von Personen.
"""
_LIMITS: Final = """\
## Was Excel nicht prüfen kann

Die Vorlage sieht nur sich selbst. Erst nach der Rückgabe wird geprüft,

- was Dateien miteinander vergleicht: doppelte Rücklauf-Dateien, Summen der Stadt, interne
  Leistungen, deren Gegenseite ein anderes Fachamt meldet;
- ob gesperrte Felder unverändert sind, ob Zeilen sortiert, verschoben oder ausgeblendet wurden;
- ob eine Formel in einem Eingabefeld ein gespeichertes Ergebnis hat oder auf eine fremde Datei
  verweist;
- was eingefügt statt getippt wurde: Einfügen umgeht die Eingabeprüfung von Excel. Die rote
  Markierung und Spalte A bleiben davon unberührt.

### Wo Vorlage und Prüfung sich mit Absicht unterscheiden

Von Ausnahmen, die die Kämmerei zugelassen hat, und von Tagen, ab denen eine Regel gilt, weiß die
Vorlage nichts. Sonst sagt sie dasselbe wie die Prüfung nach der Rückgabe, bis auf dies:
"""


def handbook() -> str:
    """The whole handbook as Markdown."""
    live = live_rules()
    parts = [
        _INTRODUCTION,
        "## Die Blätter und ihre Felder\n",
        "\\* heißt: Die Angabe wird in jeder begonnenen Zeile gebraucht.\n",
        *(_sheet(table) for table in SUBMISSION_TABLES),
        "## Was geprüft wird\n",
        (
            "Jede Regel hat eine Nummer, auf die Sie sich bei Rückfragen beziehen können. Wo „…“ "
            "steht, nennt Ihnen die Rückmeldung die Zelle oder den Wert aus Ihrer Datei.\n"
        ),
        *_rules(live),
        _LIMITS,
        *(f"- {difference}" for difference in INTENDED_DIFFERENCES),
        "",
        _on_return(live),
    ]
    return "\n".join(parts)


# --- sheets and fields ------------------------------------------------------------------------


def _sheet(table: Table) -> str:
    notes = [] if table.title == table.sheet else [f"{table.title}."]
    notes += [table.help] if table.help else []
    if table.name in {"goals", "product_goals"}:
        notes.append("Das Blatt gibt es nur, wo Fachämter eigene Ziele führen.")
    elif table.name == "savings":
        notes.append("Das Blatt gibt es nur, wo die Kommune Konsolidierungsmaßnahmen plant.")
    notes.append(_part(table))
    if table.prefilled and not table.settings:
        notes.append("Vorgegebene Zeilen sind vorbelegt und an ihren grauen Feldern zu erkennen.")
    columns = [each for each, _ in RELEASE_VALUES] if table.settings else table.columns
    lines = [
        f"### Blatt {table.sheet}\n",
        f"{' '.join(notes)}\n",
        "| Feld | Art | Was gehört hinein? |",
        "|---|---|---|",
        *(_field(column) for column in columns),
    ]
    return "\n".join(lines) + "\n"


def _part(table: Table) -> str:
    if table.name in MONEY_TABLES:
        return "Gehört zum Teil Geld."
    if table.name in KEY_FIGURE_TABLES:
        return "Gehört zum Teil Kennzahlen."
    return "Wer den Rücklauf freigegeben hat; ein Entwurf wird gelesen, aber so gekennzeichnet."


def _field(column: Column) -> str:
    given = column.filled_by is Filler.FINANCE
    star = " \\*" if column.required and not given else ""
    title = f"{column.title}{star}"
    if column.per_year:
        roles = ", ".join(label(ROLES, role.value) for role in Role if role in column.per_year)
        title += f" (je Jahr: {roles})"
    kind = _KINDS[column.kind] if not column.references else "Auswahl"
    return f"| {_cell(title)} | {_cell(kind)} | {_cell(' '.join(_content(column, given=given)))} |"


def _content(column: Column, *, given: bool) -> Iterator[str]:
    if given and not column.help:
        yield "Vorgegeben."
    if column.help:
        yield column.help if column.help.endswith(".") else f"{column.help}."
    if column.choices:
        yield f"Zur Wahl stehen: {', '.join(choice.label for choice in column.choices)}."
    if column.references and not given:
        yield f"Liste: {_REFERENCES[column.references]}."
    if column.per_year and len(column.entered_for) < len(column.per_year):
        wanted = ", ".join(label(ROLES, role.value) for role in Role if role in column.entered_for)
        yield f"Einzutragen für: {wanted}."
    if column.max_length and column.kind is Kind.TEXT:
        yield f"Höchstens {column.max_length:,} Zeichen.".replace(",", ".")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


# --- rules ------------------------------------------------------------------------------------


def live_rules() -> frozenset[str]:
    """The rules that a template checks by itself while somebody types."""
    layout = template_layout(
        _reference(), template_identity(_reference(), city="", plan="", unit="1")
    )
    return frozenset(
        rule.partition(".")[0]
        for table in layout.tables.values()
        for check in table.checks
        for rule in (check.rule, *check.covers)
    )


def _reference() -> Master:
    """The smallest plan in which every sheet and every kind of money occurs."""
    years = tuple(
        Year(year=2027 + after, role=role, title=str(2027 + after), entered=after >= 0)
        for after, role in enumerate(
            (Role.ACTUAL, Role.BUDGET, Role.BUDGET, Role.OUTLOOK, Role.OUTLOOK), start=-2
        )
    )
    filled: Mapping[str, Mapping[str, Sequence[object]]] = {
        "lines": {
            "line": ["02", "13", "27", "F08"],
            "title": ["", "", "", ""],
            "plan": ["Ergebnis", "Ergebnis", "Ergebnis", "Finanz"],
            "kind": ["revenue", "expense", "internal_revenue", "payment"],
            "sign": ["+", "−", "+", "−"],
            "internal": [False, False, True, False],
        },
        "units": {"unit": ["1"], "expects_return": [True]},
        "products": {"product": ["1"], "unit": ["1"]},
        "kpis": {"kpi": ["1"], "product": ["1"], "kind": ["Quote"]},
    }
    return Master(
        settings=Settings(
            budget_year=2027, city="", as_of="2026-10-01", investment_threshold=1, rounding=1000
        ),
        years=years,
        tables={
            table.name: frame_of(
                {column.name: column.kind for column in table.columns},
                filled.get(table.name, {}),
            )
            for table in MASTER_TABLES
        },
        blocks={},
        submission=tables_for(
            years,
            round="Entwurf",
            uses_savings=True,
            savings_until=None,
            departments_fill_goals=True,
        ),
    )


def _on_return(live: frozenset[str]) -> str:
    """The rules that only the next reading can judge."""
    titles = [f"{rule.id} {catalogue()[rule.id].title}" for rule in department_rules()
              if rule.id not in live]  # fmt: skip
    return f"### Erst nach der Rückgabe geprüft\n\n{'; '.join(titles)}.\n"


def _rules(live: frozenset[str]) -> Iterator[str]:
    group = ""
    for rule in department_rules():
        if rule.id[0] != group:
            group = rule.id[0]
            yield f"### {GROUPS[group]}\n"
        yield _rule(rule, live=rule.id in live)


def _rule(rule: Rule, *, live: bool) -> str:
    entry = catalogue()[rule.id]
    variants = [each for key, each in catalogue().items() if key.startswith(f"{rule.id}.")]
    severity = SEVERITY[rule.severity.value]
    either = rule.blocks is Blocks.MONEY and rule.check is None and rule.id[0] in "DZ"
    blocks = (
        f"; hält auf: {_EITHER if either else _BLOCKED[rule.blocks]}"
        if rule.severity is Severity.ERROR and rule.blocks is not Blocks.NOTHING
        else ""
    )
    checks = "; prüft die Vorlage mit" if live else ""
    lines = [
        f"**{rule.id} {entry.title}** ({severity}{blocks}{checks})\n",
        f"- {plain_words(entry.message)}",
        *(f"- Oder: {text}" for text in _others(plain_words(entry.message), variants)),
        f"- So beheben Sie es: {plain_words(entry.repair)}",
    ]
    return "\n".join(lines) + "\n"


def _others(said: str, variants: Sequence[Message]) -> Iterator[str]:
    """The other sentences that a rule may say; many variants of one thing are too much to read."""
    texts = dict.fromkeys(plain_words(each.message) for each in variants)
    yield from [text for text in texts if text != said] if len(texts) <= _VARIANTS else ()


_VARIANTS: Final = 4


__all__ = ["PATH", "handbook", "live_rules"]

if __name__ == "__main__":
    PATH.write_text(handbook(), encoding="utf-8")
