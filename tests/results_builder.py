"""A small city whose results hang together: what writers of workbooks are tested with.

The tree is two to three levels deep, its numbers look like decimal numbers on purpose (``1.1``
and ``1.10`` are different goals), amounts cover every kind and origin, shares leave something
without a goal.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from pipeline.attainment import basis_points, goal_ratings, rated
from pipeline.model.blocks import frame_of
from pipeline.model.findings import Blocks, Finding, Place, Severity
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.master import Master, Settings
from pipeline.model.money import WHOLE, split
from pipeline.model.results import Results
from pipeline.model.tables import Role, Table, Year
from pipeline.tables import choices
from pipeline.tables import master as master_tables
from pipeline.tables.results import RESULT_TABLES, ResultTable
from pipeline.tables.submission import MEASURES, tables_for

CITY, PLAN = "musterstadt", "2027"
PREFILLED = (2025, 2026)
YEARS = (
    Year(year=2025, role=Role.ACTUAL, title="Ergebnis 2025", entered=False),
    Year(year=2026, role=Role.BUDGET, title="Ansatz 2026", entered=False),
    Year(year=2027, role=Role.BUDGET, title="Ansatz 2027", entered=True),
    Year(year=2028, role=Role.OUTLOOK, title="Planung 2028", entered=True),
    Year(year=2029, role=Role.OUTLOOK, title="Planung 2029", entered=True),
    Year(year=2030, role=Role.OUTLOOK, title="Planung 2030", entered=True),
)
GOALS = (
    # goal, title, short title, parent, level, additive
    ("1", "Hohe Bildungschancen gewährleisten", "Bildungschancen", "", "strategisch", True),
    (
        "1.1",
        "Ganztagsplätze an allen Grundschulen bedarfsgerecht ausbauen und qualitativ sichern",
        "Ganztag",
        "1",
        "operativ",
        True,
    ),
    ("1.10", "Schulgebäude sanieren", "Schulgebäude", "1", "operativ", True),
    (
        "1.10.1",
        "Energetische Standards in Schulen erreichen",
        "Energie in Schulen",
        "1.10",
        "Produktziel",
        True,
    ),
    ("2", "Wohnumfelder attraktiv gestalten", "Wohnumfelder", "", "strategisch", True),
    ("2.1", "Straßen und Plätze aufwerten", "Straßen", "2", "operativ", True),
    ("3", "Ökologische Nachhaltigkeit fördern", "", "", "strategisch", True),
    (
        "R1",
        "Wirtschaftliche Tragfähigkeit von Investitionen und Beteiligungen",
        "Wirtschaftlichkeit",
        "",
        "Rahmenbedingung",
        False,
    ),
)
UNITS = (
    # unit, title, parent, kind, expects a return, stand-in
    ("VV", "Verwaltungsvorstand", "", "Leitung", False, "none"),
    ("20", "Team Zentrale Steuerung und Finanzen", "VV", "Team", True, "none"),
    ("40", "Team Schule und Sport", "VV", "Team", True, "none"),
    ("66", "Team Tiefbau", "VV", "Team", True, "previous_year"),
    ("81", "Team Wirtschaftsförderung", "VV", "Team", True, "none"),
)
PRODUCTS = (
    # product, title, area, group, unit, general funding, task type
    (
        "211.1",
        "Grundschulen",
        "21–24 Schulträgeraufgaben",
        "211 Grundschulen",
        "40",
        False,
        "Pflicht",
    ),
    (
        "211.10",
        "Ganztagsbetreuung an Grundschulen",
        "21–24 Schulträgeraufgaben",
        "211 Grundschulen",
        "40",
        False,
        "freiwillig",
    ),
    (
        "541.1",
        "Gemeindestraßen",
        "51–57 Gestaltung der Umwelt",
        "541 Gemeindestraßen",
        "66",
        False,
        "Pflicht",
    ),
    (
        "573.1",
        "Märkte",
        "51–57 Gestaltung der Umwelt",
        "573 Allgemeine Einrichtungen",
        "20",
        False,
        "freiwillig",
    ),
    (
        "611.1",
        "Steuern und allgemeine Zuweisungen",
        "61 Allgemeine Finanzwirtschaft",
        "",
        "20",
        True,
        "Pflicht",
    ),
)
LINKS: Mapping[str, Sequence[tuple[str, int | None]]] = {
    "211.1": (("1", 3_333), ("1.10.1", 3_333), ("R1", None)),
    "211.10": (("1.1", 10_000),),
    "541.1": (("1.10", 1_500), ("2.1", 8_000), ("R1", None)),
}
LINES = (
    # line, title, plan, kind, sign, internal, formula
    ("01", "Steuern und ähnliche Abgaben", "Ergebnis", "revenue", "+", False, ""),
    ("02", "Zuwendungen und allgemeine Umlagen", "Ergebnis", "revenue", "+", False, ""),
    ("09", "Bestandsveränderungen", "Ergebnis", "revenue", "+/−", False, ""),
    ("10", "Ordentliche Erträge", "Ergebnis", "", "=", False, "01..09"),
    ("11", "Personalaufwendungen", "Ergebnis", "expense", "−", False, ""),
    ("13", "Aufwendungen für Sach- und Dienstleistungen", "Ergebnis", "expense", "−", False, ""),
    ("17", "Ordentliche Aufwendungen", "Ergebnis", "", "=", False, "11..13"),
    ("18", "Ordentliches Ergebnis", "Ergebnis", "", "=", False, "10-17"),
    (
        "27",
        "Erträge aus internen Leistungsbeziehungen",
        "Ergebnis",
        "internal_revenue",
        "+",
        True,
        "",
    ),
    (
        "28",
        "Aufwendungen aus internen Leistungsbeziehungen",
        "Ergebnis",
        "internal_expense",
        "−",
        True,
        "",
    ),
    ("29", "Ergebnis", "Ergebnis", "", "=", False, "18+27-28"),
    ("F01", "Zuwendungen für Investitionsmaßnahmen", "Finanz", "receipt", "+", False, ""),
    ("F06", "Summe der investiven Einzahlungen", "Finanz", "", "=", False, "F01..F01"),
    ("F08", "Baumaßnahmen", "Finanz", "payment", "−", False, ""),
    ("F13", "Summe der investiven Auszahlungen", "Finanz", "", "=", False, "F08..F08"),
    ("F14", "Saldo der Investitionstätigkeit", "Finanz", "", "=", False, "F06-F13"),
)
FORMULAS: Mapping[str, Sequence[tuple[int, str]]] = {
    # The line plan's formulas once more, written out by hand: a second opinion.
    "10": ((1, "01"), (1, "02"), (1, "09")),
    "17": ((1, "11"), (1, "13")),
    "18": ((1, "10"), (-1, "17")),
    "29": ((1, "18"), (1, "27"), (-1, "28")),
    "F06": ((1, "F01"),),
    "F13": ((1, "F08"),),
    "F14": ((1, "F06"), (-1, "F13")),
}
STATUS = {"M-40-001": "läuft", "M-40-002": "angemeldet", "M-66-001": "beschlossen"}
COSTS = (
    # unit, product, line, measure, cents of 2025, step per year; every amount has odd cents, so
    # that splitting leaves a rest
    ("40", "211.1", "11", "", 412_345_67, 8_111_11),
    ("40", "211.1", "13", "M-40-001", 98_765_43, 1_234_57),
    ("40", "211.1", "02", "", 55_000_01, 500_01),
    ("40", "211.1", "28", "", 12_000_00, 0),
    ("40", "211.1", "F08", "M-40-001", 1_700_000_05, 250_000_01),
    ("40", "211.1", "F01", "M-40-001", 600_000_02, 100_000_00),
    ("40", "211.1", "13", "M-40-002", 20_000_00, 0),
    ("40", "211.10", "13", "", 880_000_99, 40_000_10),
    ("40", "211.10", "02", "", 310_000_33, 10_000_01),
    ("66", "541.1", "11", "", 205_432_10, 4_100_00),
    ("66", "541.1", "13", "M-66-001", 149_999_99, -5_000_01),
    ("66", "541.1", "F08", "M-66-001", 320_000_07, 30_000_03),
    ("20", "573.1", "13", "", 14_321_09, 100_00),
    ("20", "573.1", "27", "", 12_000_00, 0),
    ("20", "611.1", "01", "", 2_400_000_00, 55_555_55),
    ("20", "611.1", "09", "", -1_500_03, 0),
    ("20", "611.1", "11", "", 60_000_00, 1_000_00),
)
MEASURE_GOALS = {"M-66-001": "2.1"}
LETTERS = {2027: "J", 2028: "K", 2029: "L", 2030: "M"}
HASHES = {
    name: hashlib.sha256(name.encode()).hexdigest()
    for name in ("Stammdaten.xlsx", "20.xlsx", "40.xlsx", "neu/66 Tiefbau.xlsx")
}


def a_master(*, years: Sequence[Year] = YEARS, **settings: object) -> Master:
    """Master data of the small city; keywords change the settings."""
    lauf = Settings(
        **{  # type: ignore[arg-type]
            "budget_year": 2027,
            "city": "Musterstadt",
            "as_of": "2026-09-01",
            "deadline": "2026-08-14",
            "example_data": True,
            "contact": "Leitung Team Zentrale Steuerung und Finanzen",
            **settings,
        }
    )
    given: dict[str, tuple[str, Iterable[Sequence[Any]]]] = {
        "years": ("year role title entry", ((y.year, y.role.value, y.title, "Eingabe" if y.entered else "vorgegeben") for y in years)),
        "levels": ("level order filled_by refers_up", (("strategisch", 1, "Kämmerei", False), ("operativ", 2, "Kämmerei", True), ("Produktziel", 3, "Kämmerei", True), ("Rahmenbedingung", 1, "Kämmerei", False))),
        "goals": ("goal title short_title parent level additive", GOALS),
        "units": ("unit title parent kind expects_return stand_in", UNITS),
        "products": ("product title area group unit general_funding task_type", PRODUCTS),
        "product_goals": ("product goal share", ((p, g, s) for p, links in LINKS.items() for g, s in links)),
        "lines": ("line title plan kind sign internal formula", LINES),
        "kpis": (
            "kpi title product goal unit_of_measure kind direction aggregation decimals factor owner",
            (
                ("K1", "Anteil der Ganztagsplätze an den Grundschulplätzen", "211.10", "1.1", "%", "Quote", "mindestens", "Quote", 1, 100, "Leitung Team Schule und Sport"),
                ("K2", "Energieverbrauch der Schulgebäude", "211.1", "1.10.1", "kWh/m²", "Durchschnitt", "höchstens", "gewichtet", 0, 1, ""),
                ("K3", "Sanierte Straßenfläche", "541.1", "2.1", "m²", "Fallzahl", "mindestens", "Summe", 0, 1, ""),
                ("K4", "Zufriedenheit mit dem Wochenmarkt", "573.1", "", "Note", "Note", "nachrichtlich", "gewichtet", 1, 1, ""),
            ),
        ),
        "ceilings": ("unit year amount", (("40", 2027, 1_500_000_00),)),
    }  # fmt: skip
    tables = {}
    for table in master_tables.MASTER_TABLES:
        names, rows = given.get(table.name, ("", ()))
        tables[table.name] = _typed(table, names.split(), list(rows))
    submission = tables_for(
        years,
        round=lauf.round,
        uses_savings=False,
        savings_until=None,
        departments_fill_goals=False,
    )
    return Master(
        settings=lauf, years=tuple(years), tables=tables, blocks={}, submission=submission
    )


def results(
    *, provisional: bool = True, years: Sequence[Year] = YEARS, **settings: object
) -> Results:
    """Results of the small city: unit 81 sent nothing, unit 66 is stood in for by its previous
    year.
    """
    master = a_master(years=years, **settings)
    figures = list(_figures(years))
    contributions = list(_contributions(figures))
    findings = tuple(
        sorted(_findings(), key=lambda f: (f.place.file, f.place.sheet, f.place.cell, f.rule))
    )
    tables = {
        "figures": figures,
        "contributions": contributions,
        "aggregates": list(_aggregates(figures, contributions, years)),
        "lines": list(_lines(figures, years)),
        "attainment": _attainment(master),
        "kpi_results": _kpi_results(),
        "findings": _finding_rows(findings),
        "register": _register(),
        "cells": [
            {
                "file": "neu/66 Tiefbau.xlsx",
                "sheet": "Ansätze",
                "cell": "J9",
                "table": "costs",
                "column": "amount_2027",
                "raw": "12.000,5 TEUR",
                "state": "unreadable",
                "use": "named",
            }
        ],
    }
    return Results(
        city=CITY,
        plan=PLAN,
        master=master,
        tables={table.name: _result_frame(table, tables.get(table.name, [])) for table in RESULT_TABLES},
        texts=_texts(master),
        findings=findings,
        provisional=provisional,
        open_points=("Der Rücklauf der Einheit 81 (Team Wirtschaftsförderung) fehlt.", "Für die Einheit 66 (Team Tiefbau) gelten die Ansätze des Vorjahrs.") if provisional else (),
        sources=HASHES,
        stand_ins={"66": "previous_year"} if provisional else {},
    )  # fmt: skip


def with_title(found: Results, goal: str, title: str) -> Results:
    """The same results with another title of a goal: for texts that try to be something else."""
    goals = found.texts["goals"].copy()
    goals.loc[goals["goal"] == goal, "title"] = title
    return replace(found, texts={**found.texts, "goals": goals})


def many(found: Results, copies: int) -> Results:
    """The same results with every figure and contribution repeated in other rows, for tests of
    size.
    """
    tables = dict(found.tables)
    for name in ("figures", "contributions"):
        frame = found.tables[name]
        parts = [frame]
        for copy in range(1, copies):
            cell = frame["cell"].str.extract(r"([A-Z]+)(\d+)")
            parts.append(
                frame.assign(cell=cell[0] + (cell[1].astype(int) + 100 * copy).astype("string"))
            )
        tables[name] = pd.concat(parts, ignore_index=True)
    return replace(found, tables=tables)


def _figures(years: Sequence[Year]) -> Iterable[dict[str, Any]]:
    kinds = {line: kind for line, _, _, kind, *_ in LINES}
    source = 20
    for number, (unit, product, line, measure, first, step) in enumerate(COSTS):
        for offset, year in enumerate(years):
            common = {"unit": unit, "product": product, "measure": measure, "line": line, "kind": kinds[line], "year": year.year, "role": year.role.value, "cents": first + step * offset}  # fmt: skip
            listed = STATUS.get(measure) in {"angemeldet", "zurückgestellt", "entfallen"}
            if not year.entered:
                if not listed:
                    source += 1
                    yield {
                        "file": "Stammdaten.xlsx",
                        "sheet": "Vorjahresbeträge",
                        "cell": f"G{source}",
                        "origin": "master",
                        **common,
                    }
                continue
            if unit == "66":
                yield {
                    "file": "Stammdaten.xlsx",
                    "sheet": "Vorjahresbeträge",
                    "cell": f"G{source}",
                    "origin": "stand_in",
                    **common,
                }
                continue
            derived = line == "11" and year.role is Role.OUTLOOK
            letter = "F" if derived else LETTERS.get(year.year, "N")
            origin = "listed" if listed else "derived" if derived else "return"
            yield {
                "file": f"{unit}.xlsx",
                "sheet": "Ansätze",
                "cell": f"{letter}{number + 8}",
                "origin": origin,
                **common,
            }


def _shares(figure: Mapping[str, Any]) -> list[tuple[str, int]]:
    own = MEASURE_GOALS.get(figure["measure"])
    if figure["product"] == "611.1":
        return [("allgemein", WHOLE)]
    if own:
        return [(own, WHOLE)]
    links = sorted((g, s) for g, s in LINKS.get(figure["product"], ()) if s is not None)
    rest = WHOLE - sum(s for _, s in links)
    return [*links, ("ohne", rest)] if rest else links


def _contributions(figures: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for figure in figures:
        if figure["origin"] == "listed":
            continue
        shares = _shares(figure)
        for (goal, share), cents in zip(
            shares, split(figure["cents"], [s for _, s in shares]), strict=True
        ):
            yield {**figure, "goal": goal, "share_bp": share, "cents": cents}


def _aggregates(
    figures: Iterable[Mapping[str, Any]],
    contributions: Iterable[Mapping[str, Any]],
    years: Sequence[Year],
) -> Iterable[dict[str, Any]]:
    tree = Hierarchy({goal: parent for goal, _, _, parent, *_ in GOALS})
    sums: dict[tuple[str, str, str, int], int] = defaultdict(int)
    served = [("anteil", each, {each["goal"]}) for each in contributions]
    served += [("bezug", each, _served(each)) for each in figures if each["origin"] != "listed"]
    for view, each, direct in served:
        for goal in {up for own in direct for up in tree.ancestry.get(own, (own,))}:
            sums[view, goal, each["kind"], each["year"]] += each["cents"]
    levels = {goal: (parent, level) for goal, _, _, parent, level, _ in GOALS}
    everything = itertools.product(
        ("anteil", "bezug"), [*levels, "ohne", "allgemein"], choices.ALL_KINDS, years
    )
    for view, each_goal, kind, year in everything:
        parent, level = levels.get(each_goal, ("", ""))
        yield {"view": view, "goal": each_goal, "parent": parent, "level": level, "kind": kind, "year": year.year, "role": year.role.value, "cents": sums[view, each_goal, kind, year.year]}  # fmt: skip


def _served(figure: Mapping[str, Any]) -> set[str]:
    """The goals a figure serves, tags included; ``ohne`` where there is none."""
    if figure["product"] == "611.1":
        return {"allgemein"}
    own = MEASURE_GOALS.get(figure["measure"])
    return {own} if own else {goal for goal, _ in LINKS.get(figure["product"], ())} or {"ohne"}


def _lines(figures: Iterable[Mapping[str, Any]], years: Sequence[Year]) -> Iterable[dict[str, Any]]:
    for year in years:
        found: dict[str, int] = {}
        for line, *_ in LINES:
            found[line] = sum(
                f["cents"]
                for f in figures
                if f["line"] == line and f["year"] == year.year and f["origin"] != "listed"
            )
            if line in FORMULAS:
                found[line] = sum(sign * found[part] for sign, part in FORMULAS[line])
            yield {
                "scope": "city",
                "id": CITY,
                "line": line,
                "year": year.year,
                "cents": found[line],
            }


def _attainment(master: Master) -> list[dict[str, Any]]:
    """The roll-up of the key figures below, in 2025; the other years have no data yet."""
    capped = {
        each["kpi"]: Fraction(each["capped_bp"], WHOLE)
        for each in _kpi_results()
        if each["role"] == "actual" and each["capped_bp"] is not None
    }
    tree = Hierarchy({goal: parent for goal, _, _, parent, *_ in GOALS})
    found = []
    for year in YEARS:
        known = capped if year.year == 2025 else {}
        leaves = {kpi: rated(known.get(kpi), Fraction(1)) for kpi in capped}
        for goal, rating in goal_ratings(leaves, master, tree, {}).items():
            reached = None if rating.reached is None else basis_points(rating.reached)
            facts = {"goal": goal, "year": year.year, "attainment_bp": reached, "coverage_bp": basis_points(rating.coverage)}  # fmt: skip
            counts = {"kpis_with_data": rating.kpis_with_data, "kpis": rating.kpis}
            found.append({**facts, **counts, "state": rating.state(master.settings)})
    return found


def _kpi_results() -> list[dict[str, Any]]:
    values = {
        ("K1", 2025): ("70", "66", 9_429, "yellow"),
        ("K1", 2027): ("75.5", None, None, ""),
        ("K2", 2025): ("100", "128", 7_812, "red"),
        ("K2", 2027): ("95", None, None, ""),
        ("K3", 2025): ("12000", "13250.000000", 11_042, "green"),
        ("K3", 2027): ("14000", None, None, ""),
        ("K4", 2025): (None, "2.1", None, "not_rated"),
    }
    found = []
    for (kpi, year), (target, actual, raw, state) in values.items():
        common = {"kpi": kpi, "scope": "city", "id": CITY, "year": year, "units": 1}
        if target is not None:
            found.append(
                {
                    **common,
                    "role": "target",
                    "value": Decimal(target),
                    "units_with_data": 1,
                    "raw_bp": None,
                    "capped_bp": None,
                    "state": "",
                }
            )
        if actual is not None:
            capped = None if raw is None else min(raw, 10_000)
            found.append(
                {
                    **common,
                    "role": "actual",
                    "value": Decimal(actual),
                    "units_with_data": 1,
                    "raw_bp": raw,
                    "capped_bp": capped,
                    "state": state,
                }
            )
    return found


def _findings() -> tuple[Finding, ...]:
    return (
        Finding(
            rule="M06",
            severity=Severity.WARNING,
            blocks=Blocks.NOTHING,
            place=Place(
                file="40.xlsx",
                sheet="Maßnahmen",
                cell="K8",
                table="measures",
                column="total_cost",
                row=8,
            ),
            values={"text": "Summe"},
            unit="40",
            explained=True,
        ),
        Finding(
            rule="Z03",
            severity=Severity.ERROR,
            blocks=Blocks.MONEY,
            place=Place(
                file="neu/66 Tiefbau.xlsx",
                sheet="Ansätze",
                cell="J9",
                table="costs",
                column="amount_2027",
                row=9,
            ),
            values={"wert": "12.000,5 TEUR"},
            unit="66",
        ),
        Finding(
            rule="D01",
            severity=Severity.ERROR,
            blocks=Blocks.RETURN,
            place=Place(),
            unit="81",
        ),
        Finding(
            rule="S08",
            severity=Severity.NOTE,
            blocks=Blocks.NOTHING,
            place=Place(
                file="Stammdaten.xlsx",
                sheet="Produkte",
                cell="B12",
                table="products",
                column="product",
                row=12,
            ),
            unit="20",
            waived=True,
        ),
    )


_SENTENCES = {
    "M06": ("Die Jahre ergeben zusammen 1.234.567,00 €, die Gesamtkosten sind mit 1.200.000,00 € angegeben.", "Bitte Gesamtkosten, Bisher bereitgestellt und Später prüfen."),
    "Z03": ("„12.000,5 TEUR“ ist keine eindeutige Zahl.", "Bitte den Betrag in Euro eintragen, zum Beispiel 12000,50."),
    "D01": ("Der Rücklauf fehlt; die Frist war der 14.08.2026.", "Bitte die ausgefüllte Vorlage senden."),
    "S08": ("Das Produkt 573.1 dient keinem Ziel.", "Falls es einem Ziel dient, bitte die Zuordnung melden."),
}  # fmt: skip


def _finding_rows(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [
        {"rule": f.rule, "severity": f.severity.value, "blocks": f.blocks.value, "waived": f.waived, "explained": f.explained, "file": f.place.file, "sheet": f.place.sheet, "cell": f.place.cell, "unit": f.unit, "message": _SENTENCES[f.rule][0], "repair": _SENTENCES[f.rule][1]}
        for f in findings
    ]  # fmt: skip


def _register() -> list[dict[str, Any]]:
    names = [
        "unit",
        "file",
        "sha256",
        "revision",
        "status",
        "money",
        "key_figures",
        "errors",
        "warnings",
        "notes",
    ]
    rows = (
        ("20", "20.xlsx", HASHES["20.xlsx"], 1, "accepted", "accepted", "empty", 0, 0, 1),
        ("40", "40.xlsx", HASHES["40.xlsx"], 2, "accepted", "accepted", "accepted", 0, 1, 0),
        ("66", "", "", None, "substituted", "missing", "missing", 0, 0, 0),
        (
            "66",
            "neu/66 Tiefbau.xlsx",
            HASHES["neu/66 Tiefbau.xlsx"],
            1,
            "rejected",
            "rejected",
            "accepted",
            1,
            0,
            0,
        ),
        ("81", "", "", None, "missing", "missing", "missing", 1, 0, 0),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _texts(master: Master) -> dict[str, pd.DataFrame]:
    order = {goal: number for number, goal in enumerate(master.goals.order)}
    goals = (
        master.tables["goals"]
        .sort_values("goal", key=lambda g: g.map(order))
        .reset_index(drop=True)
    )
    measures = (
        ("M-40-001", "Erweiterung der Grundschule Im Langen Feld um einen zweiten Zug mit Mensa und Sporthalle", "211.1", "", "investiv", "läuft", "2026-03", "2029-12", "Leitung Team Schule und Sport", 9_000_000_00, "40"),
        ("M-40-002", "Konzept „Bildung im Quartier“", "211.1", "1.1", "konsumtiv", "angemeldet", "2027-01", None, "Leitung Team Schule und Sport", None, "40"),
        ("M-66-001", "Umgestaltung des Marktplatzes", "541.1", "2.1", "investiv", "beschlossen", "2027-05", "2028-10", "Leitung Team Tiefbau", 900_000_00, "66"),
    )  # fmt: skip
    names = [
        "measure",
        "title",
        "product",
        "goal",
        "type",
        "status",
        "start",
        "end",
        "responsible",
        "total_cost",
    ]
    frame = _typed(MEASURES, names, [row[:-1] for row in measures])
    places = {"file": [f"{row[-1]}.xlsx" for row in measures], "sheet": ["Maßnahmen"] * 3, "cell": ["B8", "B9", "B8"], "unit": [row[-1] for row in measures]}  # fmt: skip
    return {
        "goals": _placed(goals, "Ziele"),
        "measures": frame.assign(
            **{name: pd.array(values, dtype="string") for name, values in places.items()}
        ),
        "products": _placed(master.tables["products"], "Produkte"),
        "units": _placed(master.tables["units"], "Organisation"),
    }


def _placed(frame: pd.DataFrame, sheet: str) -> pd.DataFrame:
    cells = pd.array([f"B{row + 8}" for row in range(len(frame))], dtype="string")
    return frame.assign(file="Stammdaten.xlsx", sheet=sheet, cell=cells)


def _typed(table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    kinds = {column.name: column.kind for column in table.columns}
    values: dict[str, list[Any]] = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return frame_of(kinds, {name: values.get(name, [None] * len(rows)) for name in kinds})


_DTYPES = {"string": "string", "integer": "Int64", "boolean": "boolean", "number": "object"}


def _result_frame(table: ResultTable, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    columns = {}
    for name, kind in table.columns:
        values = [row.get(name, "" if kind == "string" else None) for row in rows]
        columns[name] = pd.Series(values, dtype=_DTYPES[kind])
    frame = pd.DataFrame(columns)
    return frame.sort_values(list(table.key), kind="stable").reset_index(drop=True)
