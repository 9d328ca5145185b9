"""The columns of a template that only people read: titles beside codes, live sums, control
totals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pipeline.excel.drop_downs import Lists
from pipeline.excel.prefill import RowLayout, text
from pipeline.excel.table_sheet import Helper, Total
from pipeline.model.master import Master
from pipeline.model.money import euro
from pipeline.model.tables import Column, Table
from pipeline.tables import choices

CENTRAL = "zentral geplant"

_LOOKUPS = {
    "product": ("Produkt (Bezeichnung)", "L_Produkte_alle", "L_Produkte_Titel", 30.0),
    "line": ("Zeile (Bezeichnung)", "L_Zeilenplan", "L_Zeilenplan_Titel", 34.0),
    "measure": ("Maßnahme (Titel)", "L_Massnahmen", "L_Massnahmen_Titel", 30.0),
    "goal": ("Ziel (Wortlaut)", "L_Ziele", "L_Ziele_Titel", 30.0),
    "parent": ("Oberziel (Wortlaut)", "L_Ziele", "L_Ziele_Titel", 30.0),
    "kpi": ("Kennzahl (Bezeichnung)", "L_Kennzahlen", "L_Kennzahlen_Titel", 40.0),
}


def helper_columns(master: Master, table: Table, lists: Lists) -> tuple[Helper, ...]:
    """The columns beside codes that say what the codes mean, and live sums of a row."""
    found = [
        _lookup(column.name, f"#{column.name}", title, keys, values, width, lists)
        for column in table.columns
        if column.references and column.name in _LOOKUPS
        for title, keys, values, width in [_LOOKUPS[column.name]]
    ]
    match table.name:
        case "costs":
            found += [_kind_of_line(lists), *_change(master, table)]
        case "kpis":
            found += [
                _lookup(
                    "kpi", "#unit", "Einheit", "L_Kennzahlen", "L_Kennzahlen_Einheit", 16.0, lists
                ),
                _lookup(
                    "kpi",
                    "#direction",
                    "Richtung",
                    "L_Kennzahlen",
                    "L_Kennzahlen_Richtung",
                    13.0,
                    lists,
                ),
            ]
        case "commitments":
            found.append(_sum_of_dues(table))
        case _:
            pass
    return tuple(found)


def _lookup(
    column: str, name: str, title: str, keys: str, values: str, width: float, lists: Lists
) -> Helper:
    known = dict(zip(lists.get(keys, ()), lists.get(values, ()), strict=True))
    return Helper(
        name=name,
        title=title,
        after=column,
        width=width,
        # «&""»: INDEX shows an empty cell as 0.
        formula=lambda own: f'IFERROR(INDEX({values},MATCH({own(column)},{keys},0))&"","")',
        cached=lambda row: str(known.get(text(row.values.get(column)), "")),
    )


def _kind_of_line(lists: Lists) -> Helper:
    """The kind of money of a row: the control totals above add up by it; central rows stay out."""
    plain = _lookup("line", "#kind", "Geldart", "L_Zeilenplan", "L_Zeilenplan_Art", 13.0, lists)
    return replace(
        plain,
        cached=lambda row: CENTRAL if is_central(row) else plain.cached(row),
        fixed=is_central,
    )


def is_central(row: RowLayout) -> bool:
    """Whether a row is only shown: another unit plans its line."""
    return "continuation" in row.locked


def _change(master: Master, table: Table) -> list[Helper]:
    """The first budget year against the last pre-filled one, so that a clerk sees a jump while
    typing.
    """
    previous = master.previous_budget_year
    if previous is None or not master.budget_years:
        return []
    first = master.budget_years[0]
    before, now = f"amount_{previous.year}", f"amount_{first.year}"
    if not {before, now} <= set(table.names):
        return []
    last = [column.name for column in table.columns if column.stem == "amount"][-1]
    return [
        Helper(
            name="#change",
            title=f"{first.year} gegenüber {previous.year}",
            after=last,
            width=17.0,
            style="helper:change",
            formula=lambda own: (
                f'IF(AND(ISNUMBER({own(now)}),ISNUMBER({own(before)})),ROUND({own(now)}-{own(before)},2),"")'
            ),
            cached=lambda _: "",
            fixed=is_central,
        )
    ]


def _sum_of_dues(table: Table) -> Helper:
    dues = [column.name for column in table.columns if column.stem in {"due", "due_later"}]
    return Helper(
        name="#sum",
        title="Summe",
        after=dues[-1],
        width=17.0,
        style="helper:money",
        formula=lambda own: (
            f'IF(COUNT({own(dues[0])}:{own(dues[-1])})=0,"",ROUND(SUM({own(dues[0])}:{own(dues[-1])}),2))'
        ),
        cached=lambda _: "",
    )


def decimals_of_row(master: Master, table: Table) -> Callable[[RowLayout, Column], int | None]:
    """The places of a row's numbers: a key figure says how many it has, its parts may have any."""
    if table.name != "kpis":
        return lambda _row, _column: 2
    places = {
        text(row.kpi): int(text(row.decimals))
        for row in master.tables["kpis"].itertuples(index=False)
        if text(row.decimals)
    }

    def places_of(row: RowLayout, column: Column) -> int | None:
        if column.stem in {"numerator", "denominator"}:
            return None
        return places.get(text(row.values.get("kpi")), 2)

    return places_of


def control_totals(master: Master, table: Table, rows: Sequence[RowLayout]) -> tuple[Total, ...]:
    """Sums per year and kind of the rows that are the unit's own to plan, internal charges in none
    of them.
    """
    if table.name != "costs":
        return ()
    years = [column.name for column in table.columns if column.stem == "amount"]
    sums = {kind: dict.fromkeys(years, 0) for kind in choices.VOLUME_KINDS}
    for row in rows:
        line = master.lines.get(text(row.values.get("line")))
        if is_central(row) or line is None or line.kind not in sums:
            continue
        for year in years:
            cents = row.values.get(year)
            sums[line.kind][year] += cents if isinstance(cents, int) else 0
    labels = {kind: choices.label(choices.KINDS, kind) for kind in choices.VOLUME_KINDS}
    words = {
        "revenue": "Erträge",
        "expense": "Aufwendungen",
        "receipt": "Einzahlungen",
        "payment": "Auszahlungen",
    }
    net = {year: sums["expense"][year] - sums["revenue"][year] for year in years}
    return (
        *(
            Total(
                label=words[kind],
                formula=_sum_of(labels[kind]),
                values={year: euro(cents) for year, cents in sums[kind].items()},
            )
            for kind in choices.VOLUME_KINDS
        ),
        Total(
            label="Zuschussbedarf",
            formula=lambda _values, _kinds, rows_: (
                f"ROUND({rows_['Aufwendungen']}-{rows_['Erträge']},2)"
            ),
            values={year: euro(cents) for year, cents in net.items()},
            style="balance:money",
        ),
    )


def _sum_of(kind: str) -> Callable[[str, str, Mapping[str, str]], str]:
    return lambda values, kinds, _: f'ROUND(SUMIFS({values},{kinds},"{kind}"),2)'
