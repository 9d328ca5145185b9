"""The columns of a template that only people read: titles beside codes, live sums, control
totals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pipeline.excel.layout.check_sheet import Ceiling
from pipeline.excel.layout.drop_downs import Lists
from pipeline.excel.layout.live import ACTIVE
from pipeline.excel.layout.live_check import Own, in_codes, is_filled, month_number
from pipeline.excel.layout.live_columns import ruled
from pipeline.excel.layout.live_goals import goal_columns
from pipeline.excel.layout.prefill import RowLayout, text
from pipeline.excel.layout.sheet_layout import Shown, TableLayout
from pipeline.excel.layout.table_sheet import Helper, Total
from pipeline.model.findings import Severity
from pipeline.model.master import Master
from pipeline.model.money import euro, german
from pipeline.model.tables import Column, Filler, Table
from pipeline.rules.continuation import AS_BUDGET, BY_RATE, ENDS, continuation_starts
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
    if master.departments_fill_goals:
        found = [
            _or_own_goal(each) if each.name in {"#goal", "#parent"} else each for each in found
        ]
    match table.name:
        case "costs":
            found += [_kind_of_line(lists), *_change(master, table)]
        case "kpis":
            found += [
                _lookup("kpi", f"#{name}", title, "L_Kennzahlen", values, width, lists)
                for name, title, values, width in (
                    ("unit", "Einheit", "L_Kennzahlen_Einheit", 16.0),
                    ("direction", "Richtung", "L_Kennzahlen_Richtung", 13.0),
                )
            ]
        case "commitments":
            found.append(_sum_of_dues(table))
        case _:
            pass
    return tuple(found)


def hidden_columns(
    master: Master, table: Table, rows: int, issued: Mapping[str, int]
) -> tuple[Helper, ...]:
    """The columns that only other formulas read: whether a row is in use, what of it counts;
    ``rows`` are the prepared rows, ``issued`` the places of the prepared measures among theirs.
    """
    found = [_active()]
    match table.name:
        case "costs":
            found += [
                *_continued_amounts(master, table),
                *_compared(table),
                _cost(master, table),
                *_of_measure(master, table, issued),
                _counts(),
            ]
        case "measures":
            found += [_counts_by_status(), *_sorted_by_product(), *_span_of_years()]
        case "goals":
            found += [
                _hidden(name, title, formula, "") for name, title, formula in goal_columns(rows)
            ]
        case "product_goals":
            found.append(_key_of("product", "goal"))
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
        # «&""»: INDEX shows an empty cell as 0. A code is known letter for letter only.
        formula=lambda own: (
            f"IFERROR(IF({in_codes(own(column), keys)},"
            f'INDEX({values},MATCH(TRIM({own(column)}),{keys},0))&"",""),"")'
        ),
        cached=lambda row: str(known.get(text(row.values.get(column)), "")),
    )


def _or_own_goal(helper: Helper) -> Helper:
    """Where the master does not know a goal, the wording that the sheet Ziele gives it."""
    known = helper.formula

    def formula(own: Own) -> str:
        cell = own(helper.after)
        place = f"MATCH(TRIM({cell}),L_Ziele_eigene,0)"
        taken = f'IFERROR(INDEX(L_Ziele_eigene_Titel,{place})&"","")'
        said = known(own) if known else '""'
        return f'IF({is_filled(cell)},IF({said}="",{taken},{said}),"")'

    return replace(helper, formula=formula)


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


def _hidden(
    name: str,
    title: str,
    formula: Callable[[Own], str],
    value: Shown,
    *,
    fixed: Callable[[RowLayout], bool] = lambda _: False,
) -> Helper:
    """A column that other formulas read; ``value`` is its value in a fresh template."""
    return Helper(
        name=name,
        title=title,
        after="",
        width=4.0,
        formula=formula,
        cached=lambda _: value,
        fixed=fixed,
        hidden=True,
    )


def _active() -> Helper:
    # Its formula follows from the kind of the row, see live.active_formula.
    return _hidden(ACTIVE, "Zeile begonnen", lambda _: "0", 0)


def _key_of(*columns: str) -> Helper:
    def joined(own: Own) -> str:
        filled = ",".join(is_filled(own(name)) for name in columns)
        parts = '&"|"&'.join(f"TRIM({own(name)})" for name in columns)
        return f'IFERROR(IF(AND({filled}),{parts},""),"")'

    return _hidden("#key", "Schlüssel", joined, "")


def _counts_by_status() -> Helper:
    def counts(own: Own) -> str:
        return f"IFERROR(IF(ISNUMBER(MATCH(TRIM({own('status')}),L_Status_zaehlt,0)),1,0),0)"

    return _hidden("#counts", "zählt", counts, 0)


def _span_of_years() -> list[Helper]:
    """The first and the last year of a measure, empty where no month is stated."""

    def year(name: str) -> Callable[[Own], str]:
        def formula(own: Own) -> str:
            readable = f"{is_filled(own(name))},{own(f'#Z18:{name}')}=0"
            return f'IFERROR(IF(AND({readable}),INT(({month_number(own(name))}-1)/12),""),"")'

        return formula

    return [
        _hidden("#first", "erstes Jahr", year("start"), ""),
        _hidden("#last", "letztes Jahr", year("end"), ""),
    ]


def _of_measure(master: Master, table: Table, issued: Mapping[str, int]) -> list[Helper]:
    """Which row of the sheet Maßnahmen a row of amounts belongs to (1 is the first prepared one),
    what it brings in over all years, and whether it has any money at all. ``issued`` are the places
    of the prepared measures.
    """
    starts = continuation_starts(master)
    columns = [_counted_column(column, starts) for column in _entered_amounts(table)]

    def place(own: Own) -> str:
        typed = own("measure")
        found = f"MATCH(TRIM({typed}),L_Massnahmen,0)"
        return f'IFERROR(IF({in_codes(typed, "L_Massnahmen")},{found},""),"")'

    def income(own: Own) -> str:
        kind, parts = own("#kind"), ",".join(own(name) for name in columns)
        earned = f'OR({kind}="Ertrag",{kind}="Einzahlung")'
        return f"IFERROR(IF({earned},ROUND(SUM({parts}),2),0),0)"

    def any_money(own: Own) -> str:
        cells = ",".join(
            f"IF(ISNUMBER({own(name)}),ROUND({own(name)},2)<>0,1=2)" for name in columns
        )
        return f"IFERROR(IF(OR({cells}),1,0),0)"

    return [
        replace(
            _hidden("#measure_row", "Zeile der Maßnahme", place, "", fixed=is_central),
            cached=lambda row: issued.get(text(row.values.get("measure")), ""),
        ),
        _hidden("#income", "Ertrag der Zeile", income, 0, fixed=is_central),
        _hidden("#money", "Zeile mit Geld", any_money, 0, fixed=is_central),
    ]


_ROOM = 100_000
"""More rows than a sheet of ours has: product and row make one number to sort by."""


def _sorted_by_product() -> list[Helper]:
    """The described measures in the order of the unit's products, for the drop-downs of rows that
    belong to one product (``drop_downs.OF_PRODUCT``). Nothing is moved: each row of these columns
    says which measure would stand there.
    """

    def rank(own: Own) -> str:
        known = f"IFERROR(MATCH(TRIM({own('product')}),L_Produkte,0),{_ROOM - 1})"
        return f'IFERROR(IF({own(ACTIVE)}=1,{known}*{_ROOM}+{own.place},""),"")'

    def place(own: Own) -> str:
        ranks = own.span("#rank")
        return f'IFERROR(MATCH(SMALL({ranks},{own.place}-1),{ranks},0),"")'

    def held(name: str, before: str = "") -> Callable[[Own], str]:
        def formula(own: Own) -> str:
            at = own("#place")
            return f'IF(ISNUMBER({at}),{before}TRIM(INDEX({own.span(name)},{at})),"")'

        return formula

    return [
        _hidden("#rank", "Rang nach Produkt", rank, ""),
        _hidden("#place", "Zeile an dieser Stelle", place, ""),
        _hidden("#sorted", "Maßnahme an dieser Stelle", held("measure"), ""),
        _hidden("#sorted_product", "Produkt an dieser Stelle", held("product", '"P"&'), ""),
    ]


def _counts() -> Helper:
    """Whether a row of amounts counts: not where its measure is only listed."""

    def counts(own: Own) -> str:
        place = f"MATCH(TRIM({own('measure')}),L_Massnahmen,0)"
        begun, counted = (f"INDEX(L_Massnahmen_{name},{place})" for name in ("begonnen", "zaehlt"))
        listed = f"IFERROR(AND({begun}=1,{counted}=0),1=2)"
        return f"IF({listed},0,1)"

    return _hidden("#counts", "zählt", counts, 1, fixed=is_central)


def _continued_amounts(master: Master, table: Table) -> list[Helper]:
    """The amounts of the later years as they count: typed, or filled by the row's Fortschreibung.

    The arithmetic is that of :mod:`pipeline.rules.continuation`: from year to year, each rounded to
    the cent, with whole numbers of cents inside so that no half cent is lost on the way.
    """
    starts = continuation_starts(master)
    found = []
    for column, before in _later(table, starts):
        years = range(before.year.year + 1, column.year.year + 1)  # type: ignore[union-attr]
        found.append(
            _hidden(
                f"#filled:{column.name}",
                f"{column.title} fortgeschrieben",
                _continued(column, before, years, typed=before.year.year == starts),  # type: ignore[union-attr]
                "",
                fixed=is_central,
            )
        )
    return found


def _later(table: Table, starts: int) -> list[tuple[Column, Column]]:
    """The entered years after the first budget year, each with the one before it."""
    entered = _entered_amounts(table)
    own = [column for column in entered if column.year and column.year.year >= starts]
    return list(zip(own[1:], own[:-1], strict=True))


def _entered_amounts(table: Table) -> list[Column]:
    found = [
        column
        for column in table.columns
        if column.stem == "amount" and column.year and column.filled_by is Filler.DEPARTMENT
    ]
    return sorted(found, key=lambda column: column.year.year if column.year else 0)


def _continued(
    column: Column, before: Column, years: range, *, typed: bool
) -> Callable[[Own], str]:
    def formula(own: Own) -> str:
        cell, choice = own(column.name), f"TRIM({own('continuation')})"
        first = own(before.name)
        previous = (
            f'IF(ISNUMBER({first}),ROUND({first},2),"")' if typed else own(f"#filled:{before.name}")
        )
        grown = previous
        for year in years:
            line = f"MATCH(TRIM({own('line')}),L_Zeilenplan,0)"
            rate = f"INDEX(L_Orientierung_{year},{line})"
            grown = f"ROUND(ROUND({grown}*100,0)*(100+{rate})/10000,2)"
        return (
            f'IFERROR(IF(ISNUMBER({cell}),ROUND({cell},2),IF({previous}="","",'
            f'IF({choice}="{AS_BUDGET}",{previous},IF({choice}="{ENDS}",0,'
            f'IF({choice}="{BY_RATE}",{grown},""))))),"")'
        )

    return formula


def _compared(table: Table) -> list[Helper]:
    """How many times an amount is the nearest earlier one of its row (or the other way round)."""
    years = sorted(
        (c for c in table.columns if c.stem == "amount" and c.year),
        key=lambda c: c.year.year if c.year else 0,
    )
    return [
        _hidden(
            f"#factor:{column.name}",
            f"{column.title}: Größenordnung",
            _factor(column, [each.name for each in years[: years.index(column)]]),
            0,
            fixed=is_central,
        )
        for column in _entered_amounts(table)
    ]


def _factor(column: Column, earlier: Sequence[str]) -> Callable[[Own], str]:
    def formula(own: Own) -> str:
        def size(name: str) -> str:
            # A text is no number here, whatever an office program would make of it.
            return f"IF(ISNUMBER({own(name)}),ROUND(ABS({own(name)}),2),0)"

        before = "0"
        for name in earlier:
            before = f"IF({size(name)}<>0,{size(name)},{before})"
        now = size(column.name)
        return (
            f"IFERROR(IF(MAX({now},{before})>=1000,"
            f"ROUND(MAX({now},{before})/MIN({now},{before}),9),0),0)"
        )

    return formula


def _cost(master: Master, table: Table) -> Helper:
    """Expense or payment of a row over all years that departments fill; «unlesbar» where an amount
    cannot be read, so that no total of a measure is judged by it.
    """
    starts = continuation_starts(master)
    columns = _entered_amounts(table)

    def formula(own: Own) -> str:
        odd = ",".join(
            f"AND({is_filled(own(c.name))},NOT(ISNUMBER({own(c.name)})))" for c in columns
        )
        parts = ",".join(own(_counted_column(column, starts)) for column in columns)
        kind = own("#kind")
        return (
            f'IFERROR(IF(OR({odd}),"unlesbar",IF(OR({kind}="Aufwand",{kind}="Auszahlung"),'
            f'ROUND(SUM({parts}),2),0)),"unlesbar")'
        )

    return _hidden("#cost", "Kosten der Zeile", formula, 0, fixed=is_central)


def _counted_column(column: Column, starts: int) -> str:
    """Where the amount of a year stands as it counts."""
    later = column.year is not None and column.year.year > starts
    return f"#filled:{column.name}" if later else column.name


def _sum_of_dues(table: Table) -> Helper:
    dues = [column.name for column in table.columns if column.stem in {"due", "due_later"}]

    def formula(own: Own) -> str:
        cells = ",".join(own(name) for name in dues)
        return f'IF(COUNT({cells})=0,"",ROUND(SUM({cells}),2))'

    return Helper(
        name="#sum",
        title="Summe",
        after=dues[-1],
        width=17.0,
        style="helper:money",
        formula=formula,
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


def control_totals(
    master: Master, table: Table, rows: Sequence[RowLayout], unit: str = ""
) -> tuple[Total, ...]:
    """Sums per year and kind of the rows that are the unit's own to plan, as the receipt prints
    them: with the years that Fortschreibung fills, without internal charges and without measures
    that are only listed. Below them the unit's ceilings, where finance stated any.
    """
    if table.name != "costs":
        return ()
    years = [column for column in table.columns if column.stem == "amount"]
    names = [column.name for column in years]
    sums = {kind: dict.fromkeys(names, 0) for kind in choices.VOLUME_KINDS}
    for row in rows:
        line = master.lines.get(text(row.values.get("line")))
        if is_central(row) or line is None or line.kind not in sums:
            continue
        for name in names:
            cents = row.values.get(name)
            sums[line.kind][name] += cents if isinstance(cents, int) else 0
    labels = {kind: choices.label(choices.KINDS, kind) for kind in choices.VOLUME_KINDS}
    words = {
        "revenue": "Erträge",
        "expense": "Aufwendungen",
        "receipt": "Einzahlungen",
        "payment": "Auszahlungen",
    }
    net = {name: sums["expense"][name] - sums["revenue"][name] for name in names}
    starts = continuation_starts(master)
    return (
        *(
            Total(
                label=words[kind],
                formula=_sum_of(labels[kind], years, starts),
                values={name: euro(cents) for name, cents in sums[kind].items()},
            )
            for kind in choices.VOLUME_KINDS
        ),
        Total(
            label="Zuschussbedarf",
            formula=lambda _name, _own, rows_: (
                f"ROUND({rows_['Aufwendungen']}-{rows_['Erträge']},2)"
            ),
            values={name: euro(cents) for name, cents in net.items()},
            style="balance:money",
        ),
        *_ceilings(master, table, unit),
    )


def ceilings_of(master: Master, table: Table, unit: str) -> dict[str, int]:
    """The ceilings (Eckwerte) of a unit in cents, by the amount column of the year."""
    frame = master.tables["ceilings"].dropna(subset=["unit", "year", "amount"])
    limits = {
        f"amount_{int(year)}": int(amount)
        for owner, year, amount in frame[["unit", "year", "amount"]].itertuples(index=False)
        if owner == unit
    }
    return {c.name: limits[c.name] for c in _entered_amounts(table) if c.name in limits}


def ceilings(master: Master, tables: Sequence[TableLayout], unit: str) -> list[Ceiling]:
    """What the sheet Prüfung says of the unit's ceilings, one entry per year that has one."""
    table = next((each for each in tables if each.table.name == "costs"), None)
    if table is None:
        return []
    labels = [total.label for total in control_totals(master, table.table, table.rows, unit)]
    rows = {label: table.key_row + 1 + number for number, label in enumerate(labels)}
    is_error = ruled(master).get("A05") is Severity.ERROR
    found = []
    for name, limit in ceilings_of(master, table.table, unit).items():
        net, ceiling, distance = (
            f"${table.letters[name]}${rows[label]}"
            for label in ("Zuschussbedarf", "Eckwert", "Abstand zum Eckwert")
        )
        title = table.table.column(name).title
        said, away = (german(cents).partition(",")[0] for cents in (limit, abs(limit)))
        found.append(
            Ceiling(
                title=title,
                sheet=table.sheet,
                net=net,
                limit=ceiling,
                distance=distance,
                sentence=f"{title}: Zuschussbedarf 0 €, Eckwert {said} €, {away} € "
                f"{'darüber' if limit < 0 else 'darunter'}",
                is_above=limit < 0,
                is_error=is_error,
            )
        )
    return found


def _ceilings(master: Master, table: Table, unit: str) -> tuple[Total, ...]:
    limits = ceilings_of(master, table, unit)
    if not limits:
        return ()
    return (
        Total(
            label="Eckwert",
            formula=None,
            values={name: euro(cents) for name, cents in limits.items()},
        ),
        Total(
            label="Abstand zum Eckwert",
            formula=lambda _name, _own, rows_: (
                f"ROUND({rows_['Zuschussbedarf']}-{rows_['Eckwert']},2)"
            ),
            values={name: euro(-cents) for name, cents in limits.items()},
            style="balance:ceiling",
            warns=True,
        ),
    )


def _sum_of(
    kind: str, years: Sequence[Column], starts: int
) -> Callable[[str, Own, Mapping[str, str]], str]:
    entered = {c.name: c for c in years if c.filled_by is Filler.DEPARTMENT}

    def formula(name: str, own: Own, _rows: Mapping[str, str]) -> str:
        kinds = f'{own.span("#kind")},"{kind}"'
        if name not in entered:
            return f"ROUND(SUMIFS({own.span(name)},{kinds}),2)"
        counted = own.span(_counted_column(entered[name], starts))
        return f"ROUND(SUMIFS({counted},{kinds},{own.span('#counts')},1),2)"

    return formula
