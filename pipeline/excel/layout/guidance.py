"""The first sheet of a template and of the master workbook: what this is, what to do, and whom to
ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from pipeline.excel.layout.sheet_layout import CellLayout, Print, SheetLayout
from pipeline.model.identity import Identity
from pipeline.model.master import Master, Settings
from pipeline.model.tables import Table

GUIDANCE = "Hinweise"
_FICTIONAL = "Beispieldaten: Die Angaben in dieser Datei sind erfunden (Fiktiv)."
_WIDTHS = {1: 3.0, 2: 26.0, 3: 84.0}
_LINE = 14.0
_ROOM = 96


def template_guidance(master: Master, identity: Identity, tables: Sequence[Table]) -> SheetLayout:
    """Hinweise for a department: purpose, deadline, three steps, colours, the sheets with links."""
    settings, unit = master.settings, identity.unit
    title = master.titles["units"].get(unit, unit)
    page = _Page()
    page.title(f"Haushaltsplanung {_plan_words(settings)}")
    page.line("Für", f"{title} ({unit})", style="strong")
    page.line("Von", settings.city)
    page.line("Runde", settings.round)
    page.line("Bis wann", _deadline(settings), style="strong")
    page.line("Fragen an", settings.contact or "Kämmerei")
    if settings.example_data:
        page.flag(_FICTIONAL)
    page.heading("Worum geht es?")
    page.text(
        "Mit dieser Datei melden Sie, was Ihre Einheit im Haushalt plant: Maßnahmen, "
        "Beträge und Kennzahlen Ihrer Produkte. "
        "Was wir schon wissen, ist vorbelegt. Aus allen Rückläufen entsteht der "
        "Haushaltsplan; jede Zahl darin führt zu der "
        "Zelle zurück, in der Sie sie eingetragen haben."
    )
    page.heading("In drei Schritten")
    page.line(
        "1  Ausfüllen",
        "Gehen Sie die Blätter von links nach rechts durch und füllen Sie die gelben Felder aus.",
    )
    page.line(
        "2  Prüfen",
        "In Spalte A steht zu jeder begonnenen Zeile „✓ in Ordnung“ oder „✗“ mit dem, was "
        "noch fehlt. Das Blatt Prüfung zählt alles zusammen und führt zu jeder Stelle; steht "
        "dort „Bereit zur Rückgabe“, ist nichts mehr offen.",
    )
    page.line(
        "3  Zurückgeben",
        "Tragen Sie im Blatt Freigabe Stand, Funktion und Datum ein, speichern Sie die "
        "Datei als Excel-Arbeitsmappe (.xlsx) und "
        "senden Sie sie zurück. Der Dateiname ist frei.",
    )
    page.heading("Die Farben")
    page.sample(
        "Eingabe",
        "input:text",
        "Gelb: Bitte ausfüllen. Ein * in der Überschrift heißt, dass die Angabe gebraucht wird.",
    )
    page.sample(
        "gesperrt",
        "given:text",
        "Grau: vorgegeben oder berechnet. Stimmt davon etwas nicht, sagen Sie uns bitte Bescheid.",
    )
    page.sample(
        "✗ fehlt", "swatch_error", "Rötlich: Hier stimmt etwas noch nicht; Spalte A sagt, was."
    )
    page.sample(
        "▲ Hinweis",
        "swatch_hint",
        "Gelblich: Das fällt auf, etwa ein Sprung gegenüber dem Vorjahr. Stimmt es, genügt ein "
        "Satz in der Spalte Erläuterung.",
    )
    page.heading("Gut zu wissen")
    for text in _GOOD_TO_KNOW:
        page.bullet(text)
    page.heading("Die Blätter")
    for table in tables:
        if table.settings:
            page.link("Prüfung", "Was noch offen ist, mit dem Weg zu jeder Stelle")
        page.link(table.sheet, table.title)
    return page.sheet()


_GOOD_TO_KNOW = (
    (
        "Beträge in Euro und ohne Minuszeichen: Ob ein Betrag Ertrag oder Aufwand ist, sagt "
        "die Zeile. Fällt nichts an, tragen Sie 0 ein."
    ),
    "Wo eine Auswahl angeboten wird, klicken Sie auf das kleine Dreieck rechts neben der Zelle.",
    (
        "Zeilen lassen sich nicht einfügen oder löschen; es sind genug leere vorbereitet. "
        "Nicht gebrauchte bleiben leer."
    ),
    (
        "Personalkosten und andere zentral geplante Zeilen stehen zur Kenntnis dabei und sind "
        "gesperrt."
    ),
    "Bitte nennen Sie Funktionen („Leitung Team Stadtplanung“), keine Namen von Personen.",
    (
        "Beim Einfügen aus anderen Dateien hilft „Inhalte einfügen: Werte“; so bleiben "
        "Formate und Auswahllisten erhalten."
    ),
)


def master_guidance(identity: Identity, tables: Sequence[Table], *, fictional: bool) -> SheetLayout:
    """Hinweise for finance: what the master workbook steers, and its sheets with links."""
    page = _Page()
    page.title(f"Stammdaten {identity.plan}")
    if fictional:
        page.flag(_FICTIONAL)
    page.heading("Worum geht es?")
    page.text(
        "Diese Arbeitsmappe steuert einen Haushaltsplan: Ziele, Organisation, Produkte, "
        "Kennzahlen, Jahre und Zeilenplan. "
        "Aus ihr entstehen die Vorlagen der Ämter und Teams; gegen sie werden die "
        "Rückläufe geprüft. Alles hier dürfen Sie ändern; "
        "geschützt ist nur eine verborgene Zeile je Blatt, an der das Programm die Spalten erkennt."
    )
    page.heading("In drei Schritten")
    page.line(
        "1  Lauf und Jahre",
        "Haushaltsjahr, Kommune und Stichtag eintragen, dann die Jahre mit ihrer Rolle.",
    )
    page.line(
        "2  Stammdaten",
        "Organisation, Ziele, Produkte, Kennzahlen und Zeilenplan pflegen. Überschriften "
        "mit * werden gebraucht.",
    )
    page.line(
        "3  Vorlagen",
        "zielhaushalt templates erzeugt für jede Einheit, von der ein Rücklauf erwartet "
        "wird, eine Vorlage.",
    )
    page.heading("Gut zu wissen")
    for text in _GOOD_FOR_FINANCE:
        page.bullet(text)
    page.heading("Die Blätter")
    for table in tables:
        page.link(table.sheet, table.title)
    return page.sheet(editable=True)


_GOOD_FOR_FINANCE = (
    (
        "Nummern sind Text und behalten ihre führenden Nullen. Zeilen dürfen Sie anfügen, "
        "einfügen, sortieren und löschen."
    ),
    "Blätter, die Sie nicht brauchen (zum Beispiel Zuständigkeiten oder Ausnahmen), bleiben leer.",
    "Anteile und Schwellen in Prozent: 45 heißt 45 %. Beträge in Euro.",
    (
        "Was Sie nach dem Versand der Vorlagen an Stammdaten ändern, meldet das Programm bei "
        "den Rückläufen als Hinweis."
    ),
)


def _plan_words(settings: Settings) -> str:
    if settings.budget_years > 1:
        return f"{settings.budget_year}/{settings.budget_year + 1}"
    return str(settings.budget_year)


def _deadline(settings: Settings) -> str:
    if not settings.deadline:
        return "Den Termin nennt Ihnen die Ansprechstelle."
    return f"Bitte bis {date.fromisoformat(settings.deadline):%d.%m.%Y}"


class _Page:
    """A page of running text, line by line; heights follow the length of the text."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], CellLayout] = {}
        self._heights: dict[int, float] = {}
        self._row = 0

    def title(self, text: str) -> None:
        self._put({2: CellLayout(value=text, style="title")}, height=30)
        self._row += 1

    def heading(self, text: str) -> None:
        self._row += 1
        self._put({2: CellLayout(value=text, style="subtitle")}, height=20)

    def line(self, label: str, text: str, *, style: str = "text") -> None:
        label_cell = CellLayout(value=label, style="strong" if label[:1].isdigit() else "plain")
        self._put({2: label_cell, 3: CellLayout(value=text, style=style)}, text=text)

    def text(self, text: str) -> None:
        self._put({3: CellLayout(value=text, style="text")}, text=text)

    def bullet(self, text: str) -> None:
        self._put({3: CellLayout(value=f"•  {text}", style="text")}, text=text)

    def flag(self, text: str) -> None:
        self._row += 1
        self._put({2: CellLayout(value=text, style="flag"), 3: CellLayout(style="flag")}, height=20)

    def sample(self, label: str, style: str, text: str) -> None:
        self._put(
            {2: CellLayout(value=label, style=style), 3: CellLayout(value=text, style="beside")},
            text=text,
        )

    def link(self, sheet: str, text: str) -> None:
        self._put(
            {
                2: CellLayout(value=sheet, style="link", link=f"internal:'{sheet}'!A1"),
                3: CellLayout(value=text, style="text"),
            },
            text=text,
        )

    def _put(
        self, cells: dict[int, CellLayout], *, text: str = "", height: float | None = None
    ) -> None:
        self._row += 1
        for column, cell in cells.items():
            self._cells[self._row, column] = cell
        # Said, not left to the office program: some compute no heights for rows that are merely
        # opened.
        self._heights[self._row] = height or (_LINE * (1 + len(text) // _ROOM) + 3)

    def sheet(self, *, editable: bool = False) -> SheetLayout:
        return SheetLayout(
            name=GUIDANCE,
            title=GUIDANCE,
            cells={
                place: replace(cell, locked=not editable) for place, cell in self._cells.items()
            },
            column_widths=_WIDTHS,
            row_heights=self._heights,
            printing=Print(landscape=False, scale=80),
            editable=editable,
        )
