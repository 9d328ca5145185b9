"""German words for the codes that appear in the consolidated workbook and in receipts."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.tables import choices

KIND: Mapping[str, str] = {choice.code: choice.label for choice in choices.KINDS}
SEVERITY: Mapping[str, str] = {choice.code: choice.label for choice in choices.SEVERITIES}
BLOCKS: Mapping[str, str] = {choice.code: choice.label for choice in choices.BLOCKS}

PLURAL: Mapping[str, str] = {
    "revenue": "Erträge",
    "expense": "Aufwendungen",
    "receipt": "Einzahlungen",
    "payment": "Auszahlungen",
    "internal_revenue": "interne Erträge",
    "internal_expense": "interne Aufwendungen",
}

ORIGIN: Mapping[str, str] = {
    "return": "Rücklauf",
    "master": "Vorjahr (Stammdaten)",
    "derived": "fortgeschrieben",
    "stand_in": "Ersatz",
    "change": "Änderungsliste",
    "listed": "nur aufgelistet",
}

STATUS: Mapping[str, str] = {
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
COUNTED_STATUSES = frozenset({"accepted", "partial", "no_change"})
"""A file with one of these statuses is the one that counts for its unit."""

PART: Mapping[str, str] = {
    "accepted": "✓ angenommen",
    "rejected": "✗ nicht angenommen",
    "empty": "○ nichts eingetragen",
    "missing": "○ fehlt",
}
"""State of one part of a return, money or key figures."""

ATTAINMENT: Mapping[str, str] = {
    "green": "● im Plan",
    "yellow": "▲ beobachten",
    "red": "◆ kritisch",
    "low_coverage": "○ zu wenig Daten",
    "no_data": "– keine Daten",
    "not_rated": "– nicht bewertet",
}
"""State of an attainment with a symbol, so that it can be told without seeing colours."""


def counted(counts: Mapping[str, int]) -> str:
    """Numbers of findings in words: ``2 Fehler, 1 Warnung, 0 Hinweise``."""
    errors, warnings, notes = (counts.get(code, 0) for code in ("error", "warning", "note"))
    return ", ".join(
        (
            f"{errors} Fehler",
            f"{warnings} Warnung{'' if warnings == 1 else 'en'}",
            f"{notes} Hinweis{'' if notes == 1 else 'e'}",
        )
    )


def of(words: Mapping[str, str], code: str) -> str:
    """The word for a code; an unknown code is shown as it is, so that nothing disappears."""
    return words.get(code, code)
