"""The tables of the master workbook ``Stammdaten.xlsx``, which finance keeps.

Column names are fixed by the contract; only what cannot have a default is required.
"""

from __future__ import annotations

from pipeline.model.tables import Column, Kind, Table
from pipeline.tables import choices

_CODE_WIDTH = 12
_FICTIONAL = Column(
    name="fictional",
    title="Fiktiv",
    kind=Kind.YES_NO,
    required=False,
    width=8,
    help="ja, wenn der Eintrag für ein Beispiel erfunden ist.",
)


def _code(
    name: str, title: str, references: str | None = None, *, required: bool = True, help: str = ""
) -> Column:
    return Column(
        name=name,
        title=title,
        kind=Kind.CODE,
        references=references,
        required=required,
        width=_CODE_WIDTH,
        help=help,
    )


def _text(
    name: str,
    title: str,
    *,
    required: bool = False,
    width: int = 30,
    help: str = "",
    max_length: int | None = None,
) -> Column:
    return Column(
        name=name,
        title=title,
        kind=Kind.TEXT,
        required=required,
        width=width,
        help=help,
        max_length=max_length,
    )


def _yes_no(name: str, title: str, *, required: bool = False, help: str = "") -> Column:
    return Column(name=name, title=title, kind=Kind.YES_NO, required=required, width=10, help=help)


SETTINGS = Table(
    name="settings",
    sheet="Lauf",
    title="Einstellungen dieses Plans",
    workbook="master",
    key=("setting",),
    prefilled=("setting",),
    settings=True,
    help="Eine Zeile je Einstellung; ausgefüllt wird nur die Spalte „Wert“.",
    columns=(
        Column(name="setting", title="Einstellung", kind=Kind.CODE, width=24),
        Column(name="value", title="Wert", kind=Kind.TEXT, required=False, width=50),
    ),
)


def _setting(
    name: str, title: str, kind: Kind, default: str = "", **words: object
) -> tuple[Column, str]:
    return Column(name=name, title=title, kind=kind, required=False, **words), default  # type: ignore[arg-type]


SETTING_VALUES: tuple[tuple[Column, str], ...] = (
    (
        Column(
            name="budget_year",
            title="Haushaltsjahr",
            kind=Kind.YEAR,
            help="Erstes Jahr, für das geplant wird.",
        ),
        "",
    ),
    _setting(
        "budget_years",
        "Zahl der Haushaltsjahre",
        Kind.INTEGER,
        "1",
        minimum=1,
        maximum=2,
        help="1, oder 2 für einen Doppelhaushalt.",
    ),
    (Column(name="city", title="Kommune", kind=Kind.TEXT, help="Name, wie er gedruckt wird."), ""),
    _setting("round", "Runde", Kind.CHOICE, "Entwurf", choices=choices.ROUNDS),
    _setting("regime", "Rechtsrahmen", Kind.CHOICE, "frei", choices=choices.REGIMES),
    (
        Column(
            name="as_of",
            title="Stichtag",
            kind=Kind.DATE,
            help="Das einzige „Heute“ des Programms.",
        ),
        "",
    ),
    _setting("deadline", "Abgabefrist", Kind.DATE),
    _setting(
        "example_data",
        "Beispieldaten",
        Kind.YES_NO,
        "nein",
        help="ja: Jede Ausgabe trägt den Hinweis, dass die Daten erfunden sind.",
    ),
    _setting(
        "uses_savings",
        "Konsolidierung",
        Kind.YES_NO,
        "nein",
        help="ja: Die Vorlage hat das Blatt Konsolidierung.",
    ),
    _setting(
        "uses_agreements",
        "Zielvereinbarungen",
        Kind.YES_NO,
        "nein",
        help="ja: Aus dem Blatt Zielvereinbarungen entsteht eine Arbeitsmappe zum Unterschreiben.",
    ),
    _setting("display_unit", "Anzeige in", Kind.CHOICE, "EUR", choices=choices.DISPLAY_UNITS),
    _setting("green_from", "Grün ab (%)", Kind.PERCENT, "95"),
    _setting("yellow_from", "Gelb ab (%)", Kind.PERCENT, "80"),
    _setting(
        "coverage_from",
        "Ampel ab Abdeckung (%)",
        Kind.PERCENT,
        "50",
        help="Darunter zeigt ein Ziel keine Ampel, sondern „zu wenig Daten“.",
    ),
    _setting(
        "at_most_rule",
        "Formel für „höchstens“",
        Kind.CHOICE,
        "Ziel/Ist",
        choices=choices.AT_MOST_RULES,
    ),
    _setting("attainment_cap", "Deckel der Zielerreichung (%)", Kind.PERCENT, "100"),
    _setting(
        "jump_percent",
        "Sprung ab (%)",
        Kind.PERCENT,
        "25",
        help="Abweichung vom Vorjahr, ab der eine Erläuterung erwartet wird.",
    ),
    _setting("jump_amount", "Sprung ab (Euro)", Kind.MONEY, "10000"),
    _setting(
        "investment_threshold",
        "Wertgrenze Investitionen (Euro)",
        Kind.MONEY,
        "0",
        help="0: keine Wertgrenze.",
    ),
    _setting(
        "rounding",
        "Ansätze runden auf (Euro)",
        Kind.INTEGER,
        "0",
        minimum=0,
        help="0: keine Vorgabe.",
    ),
    _setting(
        "product_pattern",
        "Muster der Produktnummern",
        Kind.TEXT,
        help="Regulärer Ausdruck; leer: jede Nummer.",
    ),
    _setting("savings_until", "Konsolidierung bis Jahr", Kind.YEAR),
    _setting("contact", "Ansprechstelle", Kind.TEXT, help="Eine Funktion, kein Name."),
    _setting(
        "base_plan",
        "Ausgangsplan",
        Kind.CODE,
        help="Plan, auf dem dieser aufbaut (zum Beispiel 2027).",
    ),
)
"""Every setting with its kind and its default, the default as a person would type it."""

YEARS = Table(
    name="years",
    sheet="Jahre",
    title="Jahre des Plans",
    workbook="master",
    key=("year",),
    help="Eine Zeile je Jahresspalte, in der Reihenfolge der Spalten.",
    columns=(
        Column(name="year", title="Jahr", kind=Kind.YEAR, width=8),
        Column(name="role", title="Rolle", kind=Kind.CHOICE, choices=choices.ROLES, width=12),
        Column(name="title", title="Spaltentitel", kind=Kind.TEXT, required=False, width=20),
        Column(
            name="entry",
            title="Erfassung",
            kind=Kind.CHOICE,
            choices=choices.ENTRIES,
            width=14,
            help="vorgegeben: vorbelegt und gesperrt; Eingabe: Das Fachamt füllt aus.",
        ),
    ),
)

LEVELS = Table(
    name="levels",
    sheet="Ebenen",
    title="Ebenen der Ziele",
    workbook="master",
    key=("level",),
    columns=(
        Column(name="level", title="Ebene", kind=Kind.CODE, width=24),
        Column(
            name="order",
            title="Rang",
            kind=Kind.INTEGER,
            width=8,
            minimum=0,
            help="1 steht am höchsten.",
        ),
        Column(
            name="filled_by",
            title="Füllt aus",
            kind=Kind.CHOICE,
            choices=choices.FILLED_BY,
            required=False,
            width=14,
        ),
        Column(
            name="refers_up",
            title="Oberziel nötig",
            kind=Kind.YES_NO,
            required=False,
            width=14,
            help="ja: Jedes Ziel dieser Ebene braucht einen Bezug bis zur obersten Ebene.",
        ),
    ),
)

UNITS = Table(
    name="units",
    sheet="Organisation",
    title="Organisationseinheiten",
    workbook="master",
    key=("unit",),
    columns=(
        _code("unit", "Einheit"),
        _text("title", "Bezeichnung", required=True, width=44),
        _code("parent", "Übergeordnet", "units", required=False),
        _text("kind", "Art", width=14),
        _text("head", "Leitung (Funktion)", width=36),
        _yes_no("expects_return", "Rücklauf erwartet", required=True),
        Column(
            name="stand_in",
            title="Ersatz",
            kind=Kind.CHOICE,
            choices=choices.STAND_INS,
            required=False,
            width=24,
            help="Was gilt, wenn ein Rücklauf fehlt oder nicht gezählt werden kann.",
        ),
        _FICTIONAL,
    ),
)

GOALS = Table(
    name="goals",
    sheet="Ziele",
    title="Ziele",
    workbook="master",
    key=("goal",),
    columns=(
        _code("goal", "Ziel-Nr."),
        _text("title", "Ziel", required=True, width=56),
        _text(
            "short_title",
            "Kurzname",
            width=30,
            max_length=40,
            help="Für Diagramme, höchstens 40 Zeichen.",
        ),
        _code("parent", "Oberziel", "goals", required=False),
        _code("level", "Ebene", "levels"),
        _code("unit", "Einheit", "units", required=False),
        Column(
            name="weight",
            title="Gewicht",
            kind=Kind.NUMBER,
            required=False,
            minimum=0,
            width=10,
            help="Gewicht im Oberziel; leer = 1.",
        ),
        _yes_no(
            "additive",
            "Zählt in Geldsicht",
            help="nein: Das Ziel ist eine Rahmenbedingung oder ein Querschnittsziel und wird nie addiert. Leer = ja.",
        ),
        _yes_no("consolidation", "Konsolidierungsziel"),
        _text("state", "Stand", width=16, help="zum Beispiel aktiv, ruhend, nicht messbar"),
        _FICTIONAL,
    ),
)

PRODUCTS = Table(
    name="products",
    sheet="Produkte",
    title="Produkte",
    workbook="master",
    key=("product",),
    columns=(
        _code("product", "Produkt-Nr."),
        _text("title", "Bezeichnung", required=True, width=48),
        _text("area", "Produktbereich", width=26),
        _text("group", "Produktgruppe", width=26),
        _code("unit", "Federführung", "units"),
        _yes_no(
            "general_funding",
            "Allgemeine Deckungsmittel",
            help="ja: Steuern, Zuweisungen und Ähnliches; steht neben den Zielen.",
        ),
        Column(
            name="task_type",
            title="Aufgabenart",
            kind=Kind.CHOICE,
            choices=choices.TASK_TYPES,
            required=False,
            width=22,
        ),
        _yes_no("key_product", "Wesentlich"),
        _text("remark", "Bemerkung", width=40),
        _FICTIONAL,
    ),
)

PRODUCT_UNITS = Table(
    name="product_units",
    sheet="Produktbeteiligte",
    title="An Produkten beteiligte Einheiten",
    workbook="master",
    key=("product", "unit"),
    columns=(
        _code("product", "Produkt-Nr.", "products"),
        _code("unit", "Einheit", "units"),
        Column(
            name="part",
            title="Beteiligung",
            kind=Kind.CHOICE,
            choices=choices.PARTS,
            required=False,
            width=16,
        ),
    ),
)

PRODUCT_GOALS = Table(
    name="product_goals",
    sheet="Produktziele",
    title="Ziele der Produkte",
    workbook="master",
    key=("product", "goal"),
    columns=(
        _code("product", "Produkt-Nr.", "products"),
        _code("goal", "Ziel-Nr.", "goals"),
        Column(
            name="share",
            title="Anteil",
            kind=Kind.PERCENT,
            unit="%",
            required=False,
            minimum=0,
            maximum=10_000,
            width=10,
            help="Anteil am Produkt in Prozent; zusammen höchstens 100. Leer: Das Produkt dient dem Ziel, ohne Geld dorthin zu tragen.",
        ),
    ),
)

RESPONSIBILITIES = Table(
    name="responsibilities",
    sheet="Zuständigkeiten",
    title="Zentral geplante Zeilen",
    workbook="master",
    key=("line", "product"),
    help="Leer, solange jede Einheit alle Zeilen ihrer Produkte selbst plant.",
    columns=(
        _code("line", "Zeile", "lines"),
        _code("product", "Produkt-Nr.", "products", required=False, help="Leer: alle Produkte."),
        _code("unit", "Planende Einheit", "units"),
    ),
)

KPIS = Table(
    name="kpis",
    sheet="Kennzahlen",
    title="Katalog der Kennzahlen",
    workbook="master",
    key=("kpi",),
    columns=(
        _code("kpi", "Kennzahl-Nr."),
        _text("title", "Bezeichnung", required=True, width=50),
        _text("definition", "Definition", width=50),
        _code("product", "Produkt-Nr.", "products"),
        _code("goal", "Ziel-Nr.", "goals", required=False),
        _text("unit_of_measure", "Einheit", width=14),
        Column(name="kind", title="Art", kind=Kind.CHOICE, choices=choices.KPI_KINDS, width=16),
        Column(
            name="direction",
            title="Richtung",
            kind=Kind.CHOICE,
            choices=choices.DIRECTIONS,
            width=16,
        ),
        Column(
            name="aggregation",
            title="Verdichtung",
            kind=Kind.CHOICE,
            choices=choices.AGGREGATIONS,
            width=16,
        ),
        _text(
            "numerator",
            "Zähler",
            width=20,
            help="Kennzahl-Nr., Name eines Basiswerts oder leer (wird eingegeben).",
        ),
        _text(
            "denominator",
            "Nenner",
            width=20,
            help="Kennzahl-Nr., Name eines Basiswerts oder leer (wird eingegeben).",
        ),
        Column(name="base_year", title="Ausgangsjahr", kind=Kind.YEAR, required=False, width=12),
        Column(name="base_value", title="Ausgangswert", kind=Kind.NUMBER, required=False, width=14),
        Column(
            name="tolerance",
            title="Toleranz",
            kind=Kind.NUMBER,
            required=False,
            width=10,
            minimum=0,
            help="In der Einheit der Kennzahl.",
        ),
        Column(name="minimum", title="Plausibel ab", kind=Kind.NUMBER, required=False, width=12),
        Column(name="maximum", title="Plausibel bis", kind=Kind.NUMBER, required=False, width=12),
        Column(
            name="decimals",
            title="Nachkommastellen",
            kind=Kind.INTEGER,
            required=False,
            minimum=0,
            maximum=6,
            width=10,
        ),
        Column(
            name="weight", title="Gewicht", kind=Kind.NUMBER, required=False, minimum=0, width=10
        ),
        Column(
            name="factor",
            title="Faktor",
            kind=Kind.INTEGER,
            required=False,
            minimum=1,
            width=10,
            help="100 bei Prozent, sonst 1.",
        ),
        Column(name="due_date", title="Termin", kind=Kind.DATE, required=False, width=12),
        _text("owner", "Verantwortlich (Funktion)", width=34),
        _text("period", "Zeitbezug", width=18),
        _FICTIONAL,
    ),
)

KPI_UNITS = Table(
    name="kpi_units",
    sheet="Kennzahleinheiten",
    title="Einheiten, die eine Kennzahl melden",
    workbook="master",
    key=("kpi", "unit"),
    help="Nur wo andere als die federführende Einheit gefragt werden.",
    columns=(_code("kpi", "Kennzahl-Nr.", "kpis"), _code("unit", "Einheit", "units")),
)

LINES = Table(
    name="lines",
    sheet="Zeilenplan",
    title="Zeilenplan",
    workbook="master",
    key=("line",),
    columns=(
        _code("line", "Zeile"),
        _text("title", "Bezeichnung", required=True, width=48),
        Column(name="plan", title="Plan", kind=Kind.CHOICE, choices=choices.PLANS, width=12),
        Column(
            name="kind",
            title="Geldart",
            kind=Kind.CHOICE,
            choices=choices.KINDS,
            required=False,
            width=18,
            help="Leer bei gerechneten Zeilen.",
        ),
        Column(
            name="sign",
            title="Vorzeichen",
            kind=Kind.CHOICE,
            choices=choices.SIGNS,
            width=12,
            help="= für gerechnete Zeilen; nur bei +/− sind negative Beträge möglich.",
        ),
        _yes_no(
            "internal",
            "Intern",
            help="ja: interne Leistungsbeziehung, zählt in keiner Summe der Erträge oder Aufwendungen.",
        ),
        _text(
            "formula",
            "Formel",
            width=18,
            help="01..09 summiert die eingegebenen Zeilen eines Bereichs; 26+27-28 verknüpft Zeilen.",
        ),
        _FICTIONAL,
    ),
)

RULES = Table(
    name="rules",
    sheet="Regeln",
    title="Regeln, abweichend vom Üblichen",
    workbook="master",
    key=("rule",),
    columns=(
        _code("rule", "Regel"),
        Column(
            name="severity",
            title="Stufe",
            kind=Kind.CHOICE,
            choices=choices.SEVERITIES,
            required=False,
            width=12,
        ),
        Column(
            name="blocks",
            title="Sperrt",
            kind=Kind.CHOICE,
            choices=choices.BLOCKS,
            required=False,
            width=14,
        ),
        Column(
            name="from",
            title="ab",
            kind=Kind.DATE,
            required=False,
            width=12,
            help="Vor diesem Tag warnt die Regel nur.",
        ),
    ),
)

PREVIOUS_AMOUNTS = Table(
    name="previous_amounts",
    sheet="Vorjahresbeträge",
    title="Ergebnisse und Ansätze der Vorjahre",
    workbook="master",
    key=("unit", "product", "line", "measure", "year"),
    columns=(
        _code("unit", "Einheit", "units"),
        _code("product", "Produkt-Nr.", "products"),
        _code("line", "Zeile", "lines"),
        _code("measure", "Maßnahme-Nr.", required=False),
        Column(name="year", title="Jahr", kind=Kind.YEAR, width=8),
        Column(name="amount", title="Betrag", kind=Kind.MONEY, unit="€", width=18),
    ),
)

PREVIOUS_KPIS = Table(
    name="previous_kpis",
    sheet="Vorjahreskennzahlen",
    title="Kennzahlen der Vorjahre",
    workbook="master",
    key=("kpi", "unit", "year"),
    columns=(
        _code("kpi", "Kennzahl-Nr.", "kpis"),
        _code("unit", "Einheit", "units", required=False, help="Leer: die federführende Einheit."),
        Column(name="year", title="Jahr", kind=Kind.YEAR, width=8),
        Column(name="target", title="Zielwert", kind=Kind.NUMBER, required=False),
        Column(name="actual", title="Istwert", kind=Kind.NUMBER, required=False),
    ),
)

BASE_VALUES = Table(
    name="base_values",
    sheet="Basiswerte",
    title="Basiswerte (Einwohnerzahl, Orientierungsdaten)",
    workbook="master",
    key=("name", "year"),
    columns=(
        _text("name", "Name", required=True, width=32),
        Column(name="year", title="Jahr", kind=Kind.YEAR, width=8),
        Column(name="value", title="Wert", kind=Kind.NUMBER),
    ),
)

CEILINGS = Table(
    name="ceilings",
    sheet="Eckwerte",
    title="Eckwerte: Obergrenze des Zuschussbedarfs",
    workbook="master",
    key=("unit", "year"),
    columns=(
        _code("unit", "Einheit", "units"),
        Column(name="year", title="Jahr", kind=Kind.YEAR, width=8),
        Column(name="amount", title="Eckwert", kind=Kind.MONEY, unit="€", width=18),
    ),
)

TARGET_AGREEMENTS = Table(
    name="target_agreements",
    sheet="Zielvereinbarungen",
    title="Zielvereinbarungen",
    workbook="master",
    key=("agreement", "goal", "kpi"),
    columns=(
        _code("agreement", "Vereinbarung"),
        _code(
            "parent",
            "Übergeordnet",
            required=False,
            help="Leer: die nächste Vereinbarung darüber in der Organisation.",
        ),
        _code("unit", "Einheit", "units", help="Jede Einheit hat höchstens eine Vereinbarung."),
        _text(
            "partner",
            "Partner (Funktion)",
            width=36,
            help="Eine Funktion, kein Name; leer: die Leitung der Einheit.",
        ),
        _code("goal", "Ziel-Nr.", "goals", required=False),
        _code("kpi", "Kennzahl-Nr.", "kpis", required=False),
        Column(
            name="target",
            title="Zielwert",
            kind=Kind.NUMBER,
            required=False,
            help="Leer: der Zielwert aus dem Haushalt.",
        ),
        Column(name="date", title="Termin", kind=Kind.DATE, required=False, width=12),
        Column(
            name="weight",
            title="Gewicht",
            kind=Kind.NUMBER,
            required=False,
            minimum=0,
            width=10,
            help="Zusammen 100 je Vereinbarung.",
        ),
    ),
    unique=False,
)

WAIVERS = Table(
    name="waivers",
    sheet="Ausnahmen",
    title="Genehmigte Ausnahmen von Regeln",
    workbook="master",
    key=("rule", "unit", "table", "key"),
    columns=(
        _code("rule", "Regel"),
        _code("unit", "Einheit", "units", required=False),
        _text("table", "Tabelle", width=16),
        _text(
            "key",
            "Schlüssel",
            width=40,
            help="zum Beispiel product=111.10; line=15; year=2027 – was fehlt, heißt: jede.",
        ),
        _text("approver", "Genehmigt von (Funktion)", width=32),
        _text("reason", "Grund", width=44),
        Column(name="expires", title="gilt bis", kind=Kind.DATE, required=False, width=12),
    ),
    unique=False,
)

RETURNS = Table(
    name="returns",
    sheet="Rückläufe",
    title="Gültige Rückläufe, wo es mehrere gibt",
    workbook="master",
    key=("unit",),
    columns=(
        _code("unit", "Einheit", "units"),
        _text("sha256", "Prüfsumme (SHA-256)", required=True, width=68),
    ),
)

TRANSITIONS = Table(
    name="transitions",
    sheet="Überleitungen",
    title="Überleitungen alter auf neue Schlüssel",
    workbook="master",
    key=("kind", "old", "new", "year"),
    columns=(
        Column(
            name="kind", title="Art", kind=Kind.CHOICE, choices=choices.TRANSITION_KINDS, width=14
        ),
        _code("old", "Alt"),
        _code("new", "Neu"),
        Column(name="share", title="Anteil", kind=Kind.PERCENT, unit="%", required=False, width=10),
        Column(name="year", title="Jahr", kind=Kind.YEAR, required=False, width=8),
    ),
)

MASTER_TABLES = (
    SETTINGS,
    YEARS,
    LEVELS,
    UNITS,
    GOALS,
    PRODUCTS,
    PRODUCT_UNITS,
    PRODUCT_GOALS,
    RESPONSIBILITIES,
    KPIS,
    KPI_UNITS,
    LINES,
    RULES,
    PREVIOUS_AMOUNTS,
    PREVIOUS_KPIS,
    BASE_VALUES,
    CEILINGS,
    TARGET_AGREEMENTS,
    WAIVERS,
    RETURNS,
    TRANSITIONS,
)
REQUIRED_MASTER_TABLES = ("settings", "years", "units", "products", "lines")
"""Without these there is nothing to plan; every other table may be missing or empty."""
