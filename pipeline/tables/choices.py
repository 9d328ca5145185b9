"""The closed lists: code in tables and CSV, German label in workbooks (contract, «Codes and
labels»).
"""

from __future__ import annotations

from pipeline.model.tables import Choice


def _same(*labels: str) -> tuple[Choice, ...]:
    return tuple(Choice(code=label, label=label) for label in labels)


def _coded(**labels: str) -> tuple[Choice, ...]:
    return tuple(Choice(code=code, label=label) for code, label in labels.items())


ROLES = _coded(actual="Ergebnis", budget="Ansatz", outlook="Planung", forecast="Prognose")
ENTRIES = _same("vorgegeben", "Eingabe")
FILLED_BY = _same("Kämmerei", "Fachamt")
STAND_INS = _coded(none="keine", last_accepted="letzter gültiger Rücklauf", previous_year="Vorjahr")
PARTS = _same("Federführung", "Beteiligung")
PLANS = _same("Ergebnis", "Finanz")
KINDS = _coded(
    revenue="Ertrag",
    expense="Aufwand",
    receipt="Einzahlung",
    payment="Auszahlung",
    internal_revenue="interner Ertrag",
    internal_expense="interner Aufwand",
)
SIGNS = _same("+", "−", "+/−", "=")
SEVERITIES = _coded(error="Fehler", warning="Warnung", note="Hinweis")
BLOCKS = _coded(**{"return": "Rücklauf"}, money="Geld", key_figures="Kennzahlen", nothing="nichts")
TASK_TYPES = _same("Pflicht", "pflichtig nach Weisung", "freiwillig")
REGIMES = _same("NKF-NRW", "NKR-NI", "frei")
ROUNDS = _same("Eckwert", "Entwurf", "Beschluss", "Nachtrag", "Controlling")
AT_MOST_RULES = _same("Ziel/Ist", "2 − Ist/Ziel")
DISPLAY_UNITS = _same("EUR", "TEUR")

CONTINUATIONS = _same("einzeln", "wie Ansatz", "Orientierungsdaten", "entfällt")
MEASURE_TYPES = _same("konsumtiv", "investiv", "ohne Mittel", "Konsolidierung")
COUNTED_STATUSES = _same("geplant", "beschlossen", "läuft", "abgeschlossen")
LISTED_STATUSES = _same("angemeldet", "zurückgestellt", "entfallen")
MEASURE_STATUSES = COUNTED_STATUSES + LISTED_STATUSES
FUNDING_STATES = _same("geplant", "beantragt", "bewilligt", "abgelehnt")
EFFECTS = _same("Jahreswirkung", "Zuwachs")
SAVINGS_TYPES = _same("Ertrag", "Personal", "Sach", "Transfer", "Zins", "Beteiligung", "Struktur")
SAVINGS_STATES = _same("offen", "begonnen", "umgesetzt", "nicht umsetzbar")
KPI_KINDS = _same(
    "Fallzahl",
    "Bestand",
    "Betrag",
    "Quote",
    "Durchschnitt",
    "Stückkosten",
    "je Einwohner",
    "Index",
    "Note",
    "Ja/Nein",
    "Meilenstein",
)
RATIO_KINDS = frozenset({"Quote", "Durchschnitt", "Stückkosten", "je Einwohner"})
"""Kinds whose value is a numerator over a denominator (domain 9.1)."""


def ratio_factor(unit_of_measure: str, factor: int | None) -> int:
    """What a ratio is multiplied by; an empty cell of the catalogue means 100 for %, else 1
    (contract, «Key figures»).
    """
    if factor is not None:
        return int(factor)
    return 100 if unit_of_measure.startswith("%") else 1


DIRECTIONS = _same("mindestens", "höchstens", "Band", "genau", "halten", "nachrichtlich")
AGGREGATIONS = _same(
    "Summe", "Stichtagssumme", "Quote", "gewichtet", "Minimum", "Maximum", "alle", "keine"
)
DATA_STATES = _same("endgültig", "vorläufig", "geschätzt", "nicht erhoben", "entfällt")
RELEASE_STATES = _same("Entwurf", "freigegeben")
DECIDED = _same("ja", "nein", "offen")
TRANSITION_KINDS = _same("Produkt", "Ziel", "Einheit", "Zeile", "Kennzahl")

ATTAINMENT_STATES = _coded(
    green="im Plan",
    yellow="beobachten",
    red="kritisch",
    low_coverage="zu wenig Daten",
    no_data="keine Daten",
    not_rated="nicht bewertet",
)
VOLUME_KINDS = ("revenue", "expense", "receipt", "payment")
"""Kinds that belong to a volume total; internal charges never do."""
INTERNAL_KINDS = ("internal_revenue", "internal_expense")
ALL_KINDS = VOLUME_KINDS + INTERNAL_KINDS

WITHOUT_GOAL = "ohne"
"""Goal id of money without a goal."""
GENERAL_FUNDING = "allgemein"
"""Goal id of general funding (taxes, grants), beside the goals."""


def label(choices: tuple[Choice, ...], code: str) -> str:
    """The German label of a code; an unknown code is shown as it is."""
    for choice in choices:
        if choice.code == code:
            return choice.label
    return code
