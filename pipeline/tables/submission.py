"""The tables of a department's template, which come back as a submission.

Column names are fixed by the contract. :func:`tables_for` gives the tables of one plan: which
sheets there are and which years they have is data of the master workbook.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.model.tables import Column, Filler, Kind, Role, Table, Year
from pipeline.tables import choices

ALL_ROLES = (Role.ACTUAL, Role.BUDGET, Role.OUTLOOK, Role.FORECAST)
_PLANNED = (Role.BUDGET, Role.OUTLOOK)

_PRODUCT = Column(
    name="product",
    title="Produkt",
    kind=Kind.CODE,
    references="products",
    width=14,
    help="Bitte aus der Liste wählen.",
)
_LINE = Column(
    name="line",
    title="Zeile",
    kind=Kind.CODE,
    references="lines",
    width=10,
    help="Zeile des Ergebnis- oder Finanzplans; bitte aus der Liste wählen.",
)
_MEASURE = Column(
    name="measure",
    title="Maßnahme",
    kind=Kind.CODE,
    references="measures",
    required=False,
    width=14,
    help="Nur wenn der Betrag zu einer Maßnahme des Blatts Maßnahmen gehört.",
)
_REMARK = Column(
    name="remark",
    title="Erläuterung",
    kind=Kind.TEXT,
    required=False,
    width=44,
    max_length=2000,
    help="Bitte begründen, was vom Vorjahr deutlich abweicht.",
)

GOALS = Table(
    name="goals",
    sheet="Ziele",
    title="Ziele der Organisationseinheit",
    workbook="template",
    key=("goal",),
    optional=True,
    columns=(
        Column(
            name="goal",
            title="Ziel-Nr.",
            kind=Kind.CODE,
            width=14,
            help="Nummer, die in der Stadt noch nicht vergeben ist.",
        ),
        Column(name="title", title="Ziel", kind=Kind.TEXT, width=60, max_length=1000),
        Column(
            name="parent",
            title="Oberziel",
            kind=Kind.CODE,
            references="goals",
            required=False,
            width=14,
            help="Das Ziel, dem dieses Ziel dient.",
        ),
        Column(name="level", title="Ebene", kind=Kind.CODE, references="levels", width=18),
        replace(_PRODUCT, required=False, help="Nur bei Produktzielen."),
    ),
)

PRODUCT_GOALS = Table(
    name="product_goals",
    sheet="Produktziele",
    title="Anteile der Produkte an den Zielen",
    workbook="template",
    key=("product", "goal"),
    optional=True,
    help="Verfeinert eine vorgegebene Zuordnung auf Ziele unterhalb; die Summe je vorgegebenem Ziel bleibt.",
    columns=(
        _PRODUCT,
        Column(name="goal", title="Ziel-Nr.", kind=Kind.CODE, references="goals", width=14),
        Column(
            name="share",
            title="Anteil",
            kind=Kind.PERCENT,
            unit="%",
            minimum=0,
            maximum=10_000,
            width=10,
            help="In Prozent, zum Beispiel 45.",
        ),
    ),
)

PRODUCT_TEXTS = Table(
    name="product_texts",
    sheet="Produkttexte",
    title="Texte zu den Produkten",
    workbook="template",
    key=("product",),
    prefilled=("product",),
    columns=(
        replace(_PRODUCT, filled_by=Filler.FINANCE, help="Vorgegeben."),
        Column(
            name="description",
            title="Kurzbeschreibung",
            kind=Kind.TEXT,
            required=False,
            width=48,
            max_length=2000,
            help="Was leistet das Produkt?",
        ),
        Column(
            name="audience",
            title="Zielgruppe",
            kind=Kind.TEXT,
            required=False,
            width=28,
            max_length=500,
        ),
        Column(
            name="legal_basis",
            title="Auftragsgrundlage",
            kind=Kind.TEXT,
            required=False,
            width=28,
            max_length=500,
        ),
        Column(
            name="particulars",
            title="Besonderheiten im Planjahr",
            kind=Kind.TEXT,
            required=False,
            width=44,
            max_length=2000,
        ),
        Column(
            name="posts",
            title="Stellen",
            kind=Kind.NUMBER,
            unit="VZÄ",
            required=False,
            minimum=0,
            maximum=100_000,
            per_year=(Role.BUDGET,),
            entered_for=(Role.BUDGET,),
            width=12,
        ),
    ),
)

MEASURES = Table(
    name="measures",
    sheet="Maßnahmen",
    title="Maßnahmen",
    workbook="template",
    key=("measure",),
    prefilled=("measure",),
    columns=(
        Column(
            name="measure",
            title="Maßnahme-Nr.",
            kind=Kind.CODE,
            pattern=r"M-.+-\d{3,}",
            filled_by=Filler.FINANCE,
            width=14,
            help="Wird vergeben.",
        ),
        Column(name="title", title="Titel", kind=Kind.TEXT, width=44, max_length=250),
        _PRODUCT,
        Column(
            name="goal",
            title="Ziel",
            kind=Kind.CODE,
            references="goals",
            required=False,
            width=12,
            help="Leer: Es gelten die Ziele des Produkts.",
        ),
        Column(name="type", title="Art", kind=Kind.CHOICE, choices=choices.MEASURE_TYPES, width=16),
        Column(
            name="status",
            title="Status",
            kind=Kind.CHOICE,
            choices=choices.MEASURE_STATUSES,
            width=16,
            help="angemeldet, zurückgestellt und entfallen werden aufgelistet, aber nicht mitgezählt.",
        ),
        Column(
            name="start",
            title="Beginn",
            kind=Kind.MONTH,
            required=False,
            width=11,
            help="Monat, zum Beispiel 01.2027",
        ),
        Column(
            name="end",
            title="Ende",
            kind=Kind.MONTH,
            required=False,
            width=11,
            help="Monat, zum Beispiel 12.2029",
        ),
        Column(
            name="responsible",
            title="Verantwortlich (Funktion)",
            kind=Kind.TEXT,
            required=False,
            width=30,
            max_length=250,
            help="Eine Funktion, kein Name.",
        ),
        Column(
            name="total_cost",
            title="Gesamtkosten",
            kind=Kind.MONEY,
            unit="€",
            required=False,
            minimum=0,
            width=17,
            help="Bisher bereitgestellt + alle Planjahre + später.",
        ),
        Column(
            name="spent_before",
            title="Bisher bereitgestellt",
            kind=Kind.MONEY,
            unit="€",
            required=False,
            minimum=0,
            width=17,
            help="Alles vor dem ersten Jahr, das Sie eintragen.",
        ),
        Column(
            name="later",
            title="Später",
            kind=Kind.MONEY,
            unit="€",
            required=False,
            minimum=0,
            width=17,
            help="Alles nach dem letzten Planjahr.",
        ),
        Column(
            name="followup_cost",
            title="Folgekosten im Jahr",
            kind=Kind.MONEY,
            unit="€",
            required=False,
            minimum=0,
            width=17,
        ),
        Column(
            name="funder",
            title="Drittmittelgeber",
            kind=Kind.TEXT,
            required=False,
            width=28,
            max_length=250,
        ),
        Column(
            name="funding_state",
            title="Stand der Förderung",
            kind=Kind.CHOICE,
            choices=choices.FUNDING_STATES,
            required=False,
            width=16,
        ),
        Column(
            name="posts",
            title="Stellen",
            kind=Kind.NUMBER,
            unit="VZÄ",
            required=False,
            minimum=0,
            maximum=100_000,
            width=10,
        ),
        Column(
            name="egovernment", title="E-Government", kind=Kind.YES_NO, required=False, width=13
        ),
        Column(
            name="appraisal",
            title="Wirtschaftlichkeitsvergleich liegt vor",
            kind=Kind.YES_NO,
            required=False,
            width=16,
        ),
        Column(
            name="resolution",
            title="Beschluss",
            kind=Kind.TEXT,
            required=False,
            width=20,
            max_length=250,
            help="Gremium und Datum oder Drucksache.",
        ),
        Column(
            name="progress",
            title="Was ist daraus geworden?",
            kind=Kind.TEXT,
            required=False,
            width=36,
            max_length=1000,
            help="Stand im laufenden Jahr.",
        ),
        _REMARK,
    ),
)

COSTS = Table(
    name="costs",
    sheet="Ansätze",
    title="Ansätze",
    workbook="template",
    key=("product", "line", "measure"),
    prefilled=("product", "line", "measure"),
    unique=False,
    columns=(
        _PRODUCT,
        _LINE,
        _MEASURE,
        Column(
            name="position",
            title="Wofür?",
            kind=Kind.TEXT,
            required=False,
            width=34,
            max_length=500,
        ),
        Column(
            name="continuation",
            title="Fortschreibung",
            kind=Kind.CHOICE,
            choices=choices.CONTINUATIONS,
            required=False,
            width=18,
            help="Füllt Jahre, die Sie leer lassen: wie Ansatz, nach Orientierungsdaten, oder entfällt (0). Das erste Haushaltsjahr tragen Sie immer ein.",
        ),
        replace(
            _PRODUCT,
            name="partner",
            title="Partnerprodukt",
            required=False,
            help="Nur bei internen Leistungen: das Produkt auf der anderen Seite.",
        ),
        Column(
            name="amount",
            title="Betrag",
            kind=Kind.MONEY,
            unit="€",
            per_year=ALL_ROLES,
            entered_for=ALL_ROLES,
            minimum=-1_000_000_000_000,
            maximum=1_000_000_000_000,
            width=17,
            help="In Euro, ohne Minuszeichen; 0, wenn nichts anfällt.",
        ),
        _REMARK,
    ),
)

COMMITMENTS = Table(
    name="commitments",
    sheet="Verpflichtungen",
    title="Verpflichtungsermächtigungen",
    workbook="template",
    key=("product", "line", "measure", "year"),
    unique=False,
    columns=(
        _PRODUCT,
        replace(_LINE, help="Nur Zeilen der investiven Auszahlungen."),
        _MEASURE,
        Column(
            name="year",
            title="Ansatzjahr",
            kind=Kind.YEAR,
            width=11,
            help="Das Haushaltsjahr, in dem die Verpflichtung eingegangen wird.",
        ),
        Column(
            name="due",
            title="Fällig",
            kind=Kind.MONEY,
            unit="€",
            required=False,
            minimum=0,
            per_year=_PLANNED,
            entered_for=_PLANNED,
            width=17,
        ),
        Column(
            name="due_later",
            title="Fällig später",
            kind=Kind.MONEY,
            unit="€",
            required=False,
            minimum=0,
            width=17,
        ),
    ),
)

SAVINGS = Table(
    name="savings",
    sheet="Konsolidierung",
    title="Konsolidierungsmaßnahmen",
    workbook="template",
    key=("savings_measure",),
    optional=True,
    columns=(
        Column(name="savings_measure", title="Nr.", kind=Kind.CODE, width=12),
        Column(name="title", title="Titel", kind=Kind.TEXT, width=44, max_length=250),
        replace(
            _PRODUCT, required=False, help="Leer, wenn die Maßnahme die ganze Einheit betrifft."
        ),
        Column(
            name="goal", title="Ziel", kind=Kind.CODE, references="goals", required=False, width=12
        ),
        Column(
            name="effect",
            title="Wirkungsart",
            kind=Kind.CHOICE,
            choices=choices.EFFECTS,
            width=16,
            help="Jahreswirkung: Stand gegenüber dem Ausgangswert. Zuwachs: zusätzlich zum Vorjahr.",
        ),
        Column(
            name="type",
            title="Art",
            kind=Kind.CHOICE,
            choices=choices.SAVINGS_TYPES,
            required=False,
            width=14,
        ),
        Column(
            name="memo",
            title="Nachrichtlich",
            kind=Kind.YES_NO,
            required=False,
            width=13,
            help="ja: Gegenposition, zählt nicht in die Summe.",
        ),
        Column(name="counterpart", title="Gegenposition", kind=Kind.CODE, required=False, width=14),
        Column(
            name="base", title="Ausgangswert", kind=Kind.MONEY, unit="€", required=False, width=17
        ),
        Column(
            name="plan",
            title="Soll",
            kind=Kind.MONEY,
            unit="€",
            per_year=_PLANNED,
            entered_for=_PLANNED,
            required=False,
            width=17,
        ),
        Column(
            name="actual",
            title="Ist",
            kind=Kind.MONEY,
            unit="€",
            per_year=(Role.ACTUAL,),
            entered_for=(Role.ACTUAL,),
            entered_when_given=True,
            required=False,
            width=17,
        ),
        Column(
            name="forecast",
            title="Prognose",
            kind=Kind.MONEY,
            unit="€",
            per_year=(Role.FORECAST,),
            entered_for=(Role.FORECAST,),
            required=False,
            width=17,
        ),
        Column(
            name="state",
            title="Umsetzung",
            kind=Kind.CHOICE,
            choices=choices.SAVINGS_STATES,
            required=False,
            width=16,
        ),
        Column(
            name="compensation",
            title="Kompensation",
            kind=Kind.TEXT,
            required=False,
            width=36,
            max_length=1000,
        ),
        _REMARK,
    ),
)

KPIS = Table(
    name="kpis",
    sheet="Kennzahlen",
    title="Kennzahlen",
    workbook="template",
    key=("kpi",),
    prefilled=("kpi",),
    columns=(
        Column(
            name="kpi",
            title="Kennzahl",
            kind=Kind.CODE,
            references="kpis",
            filled_by=Filler.FINANCE,
            width=14,
            help="Vorgegeben.",
        ),
        Column(
            name="target",
            title="Zielwert",
            kind=Kind.NUMBER,
            required=False,
            per_year=(Role.ACTUAL, Role.BUDGET, Role.OUTLOOK),
            entered_for=_PLANNED,
            width=14,
        ),
        Column(
            name="actual",
            title="Istwert",
            kind=Kind.NUMBER,
            required=False,
            per_year=(Role.ACTUAL,),
            entered_for=(Role.ACTUAL,),
            entered_when_given=True,
            width=14,
        ),
        Column(
            name="forecast",
            title="Prognose",
            kind=Kind.NUMBER,
            required=False,
            per_year=(Role.FORECAST,),
            entered_for=(Role.FORECAST,),
            width=14,
        ),
        Column(
            name="numerator",
            title="Zähler",
            kind=Kind.NUMBER,
            required=False,
            per_year=(Role.ACTUAL, Role.BUDGET, Role.OUTLOOK),
            entered_for=(Role.ACTUAL, Role.BUDGET, Role.OUTLOOK),
            entered_when_given=True,
            width=14,
            help="Nur bei Quoten und Durchschnitten.",
        ),
        Column(
            name="denominator",
            title="Nenner",
            kind=Kind.NUMBER,
            required=False,
            per_year=(Role.ACTUAL, Role.BUDGET, Role.OUTLOOK),
            entered_for=(Role.ACTUAL, Role.BUDGET, Role.OUTLOOK),
            entered_when_given=True,
            width=14,
            help="Bei Quoten und Durchschnitten; sonst das Gewicht, etwa die Zahl der Antworten.",
        ),
        Column(
            name="data_state",
            title="Datenstand",
            kind=Kind.CHOICE,
            choices=choices.DATA_STATES,
            required=False,
            width=16,
            help="Woher die Istwerte stammen, oder warum sie fehlen.",
        ),
        _REMARK,
    ),
)

RELEASE = Table(
    name="release",
    sheet="Freigabe",
    title="Freigabe",
    workbook="template",
    key=("setting",),
    prefilled=("setting",),
    settings=True,
    columns=(
        Column(name="setting", title="Angabe", kind=Kind.CODE, filled_by=Filler.FINANCE, width=24),
        Column(name="value", title="Eintrag", kind=Kind.TEXT, required=False, width=44),
    ),
)
RELEASE_VALUES: tuple[tuple[Column, str], ...] = (
    (
        Column(
            name="state",
            title="Stand",
            kind=Kind.CHOICE,
            choices=choices.RELEASE_STATES,
            required=False,
            help="Entwurf oder freigegeben",
        ),
        "",
    ),
    (
        Column(
            name="function",
            title="Freigegeben durch (Funktion)",
            kind=Kind.TEXT,
            required=False,
            max_length=250,
            help="Eine Funktion, kein Name.",
        ),
        "",
    ),
    (Column(name="date", title="Datum", kind=Kind.DATE, required=False), ""),
)

SUBMISSION_TABLES = (
    GOALS,
    PRODUCT_GOALS,
    PRODUCT_TEXTS,
    MEASURES,
    COSTS,
    COMMITMENTS,
    SAVINGS,
    KPIS,
    RELEASE,
)
MONEY_TABLES = frozenset(
    {"goals", "product_goals", "product_texts", "measures", "costs", "commitments", "savings"}
)
"""The part «money» of a return (contract, «Acceptance of returns»)."""
KEY_FIGURE_TABLES = frozenset({"kpis"})

_CONTROLLED = frozenset({"actual", "forecast"})


def tables_for(
    years: Sequence[Year],
    *,
    round: str,
    uses_savings: bool,
    savings_until: int | None,
    departments_fill_goals: bool,
) -> tuple[Table, ...]:
    """The template's tables of one plan, widened for its years.

    In the round Controlling key figures and savings also ask for actual and forecast of the budget
    years. Commitments fall due after the first budget year. Savings may run beyond the last planned
    year, up to ``savings_until``.
    """
    budget_years = [year.year for year in years if year.role is Role.BUDGET and year.entered]
    result: list[Table] = []
    for declared in SUBMISSION_TABLES:
        if declared.name in {"goals", "product_goals"} and not departments_fill_goals:
            continue
        if declared.name == "savings" and not uses_savings:
            continue
        controlled = round == "Controlling" and declared.name in {"kpis", "savings"}
        table = _controlled(declared) if controlled else declared
        match table.name:
            case "commitments":
                first = min(budget_years, default=0)
                own = [year for year in years if year.entered and year.year > first]
            case "savings":
                own = _with_later_years(years, savings_until)
            case _:
                own = list(years)
        result.append(_without_idle_columns(table.for_years(own)))
    return tuple(result)


def _controlled(table: Table) -> Table:
    columns = tuple(
        replace(
            column,
            per_year=(*column.per_year, Role.BUDGET),
            entered_for=(*column.entered_for, Role.BUDGET),
        )
        if column.name in _CONTROLLED
        else column
        for column in table.columns
    )
    return replace(table, columns=columns)


def _with_later_years(years: Sequence[Year], until: int | None) -> list[Year]:
    last = max((year.year for year in years), default=0)
    later = range(last + 1, (until or last) + 1)
    return [
        *years,
        *(Year(year=y, role=Role.OUTLOOK, title=f"Planung {y}", entered=True) for y in later),
    ]


_SHOWN_WHEN_GIVEN = frozenset({"amount", "target"})


def _without_idle_columns(table: Table) -> Table:
    """Leaves out year columns that nobody enters and for which finance has nothing to show."""
    columns = tuple(
        column
        for column in table.columns
        if column.year is None
        or (
            column.filled_by is Filler.DEPARTMENT
            and (column.year.entered or column.year.role is Role.ACTUAL)
        )
        or column.stem in _SHOWN_WHEN_GIVEN
    )
    return replace(table, columns=columns)
