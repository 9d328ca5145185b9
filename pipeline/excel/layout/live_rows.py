"""The live forms of the rules that look at several cells: the same rules, said as formulas.

Each form gives the same answer as its rule in :mod:`pipeline.rules` for typed and for empty cells
(``tests/test_live.py``); what a formula cannot know is checked on return.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.excel.layout.live_check import (
    LiveCheck,
    Own,
    in_codes,
    is_empty,
    is_filled,
    month_number,
)
from pipeline.excel.layout.live_columns import ACTIVE, Maker, ruled
from pipeline.model.master import Master
from pipeline.model.money import WHOLE, euro
from pipeline.model.tables import Column, Filler, Table
from pipeline.rules.continuation import BY_RATE
from pipeline.rules.savings import IMPOSSIBLE

Lists = Mapping[str, Sequence[object]]


def row_checks(master: Master, table: Table, lists: Lists) -> Iterator[LiveCheck]:
    """The live forms of the rules of one table."""
    make = Maker(table=table, ruled=ruled(master))
    match table.name:
        case "goals":
            yield _doubled(make, "goal")
        case "product_goals":
            yield _doubled(make, "product", key="#key")
        case "measures":
            yield from _measures(make, master)
        case "costs":
            yield from _not_its_line(make, lists)
            yield from _costs(make, master, lists)
        case "commitments":
            yield from _not_its_line(make, lists)
            yield from _commitments(make, master)
        case "savings":
            yield _doubled(make, "savings_measure")
            yield from _savings(make, lists)
            yield from _missing_from_savings(make, master)
        case _:
            pass


def _doubled(make: Maker, column: str, *, key: str = "") -> LiveCheck:
    """The same key in a row above: of doubled rows the pipeline names all but the first, too."""

    title = make.table.column(column).title

    def again(own: Own) -> str:
        span, typed = own.span(key or column), f"TRIM({own(key or column)})"
        place = f"MATCH({typed},{span},0)"
        above = f"AND({place}<{own.place},EXACT(TRIM(INDEX({span},{place})),{typed}))"
        taken = f",{in_codes(own(column), 'L_Ziele')}" if make.table.name == "goals" else ""
        return f"AND({is_filled(typed)},OR({above}{taken}))"

    said = "Produkt und Ziel stehen schon weiter oben" if key else f"{title} ist schon vergeben"
    return make("S10", column, said, again)


def _entered(table: Table, stem: str) -> list[Column]:
    """The columns of a stem that departments fill, earliest year first."""
    found = [c for c in table.columns if c.stem == stem and c.filled_by is Filler.DEPARTMENT]
    return sorted(found, key=lambda c: c.year.year if c.year else 0)


# --- measures ---------------------------------------------------------------------------------


def _measures(make: Maker, master: Master) -> Iterator[LiveCheck]:
    yield make("M04", "end", "Das Ende liegt vor dem Beginn", _ends_too_early)
    yield make(
        "M06",
        "total_cost",
        "Gesamtkosten ≠ Bisher + Jahre + Später",
        _wrong_total,
    )
    yield make("M10", "status", "Abgeschlossen, aber noch Geld im Blatt Ansätze", _still_has_money)
    yield make("M11", "funder", "Drittmittel passen nicht zu den Kosten", _funding_does_not_fit)
    limit = master.settings.investment_threshold
    if limit <= 0:
        return
    yield make(
        "M09",
        "appraisal",
        "Wirtschaftlichkeitsvergleich fehlt",
        lambda own: f"AND({_is_big(own, limit)},NOT({_says_yes(own('appraisal'))}))",
    )
    yield make(
        "M09",
        "followup_cost",
        "Folgekosten fehlen (über der Wertgrenze)",
        lambda own: (
            f"AND({_is_big(own, limit)},{_says_yes(own('appraisal'))},"
            f"NOT(ISNUMBER({own('followup_cost')})))"
        ),
    )


def _ends_too_early(own: Own) -> str:
    start, end = own("start"), own("end")
    readable = f"{own('#Z18:start')}=0,{own('#Z18:end')}=0"
    sooner = f"IFERROR({month_number(end)}<{month_number(start)},1=2)"
    return f"AND({is_filled(start)},{is_filled(end)},{readable},{sooner})"


def _wrong_total(own: Own) -> str:
    total, before, later = (own(name) for name in ("total_cost", "spent_before", "later"))
    measure = _its_place(own)
    planned = f"SUMIFS(L_Ansaetze_Kosten,L_Ansaetze_Massnahme,{measure})"
    unread = f'COUNTIFS(L_Ansaetze_Massnahme,{measure},L_Ansaetze_Kosten,"unlesbar")'
    parts = f"ROUND({before},2)-ROUND({later},2)-{planned}"
    readable = f"{own('#Z01:spent_before')}=0,{own('#Z01:later')}=0,{unread}=0"
    return f"AND(ISNUMBER({total}),{readable},ABS(ROUND(ROUND({total},2)-{parts},2))>=0.01)"


def _its_place(own: Own) -> str:
    """By which rows of the sheet Ansätze name a measure: its place among the prepared rows."""
    return f"({own.place}-1)"


def _still_has_money(own: Own) -> str:
    money = f"COUNTIFS(L_Ansaetze_Massnahme,{_its_place(own)},L_Ansaetze_Geld,1)"
    return f'AND(TRIM({own("status")})="abgeschlossen",{money}>0)'


def _funding_does_not_fit(own: Own) -> str:
    """Third-party money above the cost, or nobody named for it; silent where an amount is
    unreadable.
    """
    place, before, later = _its_place(own), own("spent_before"), own("later")
    unread = f'COUNTIFS(L_Ansaetze_Massnahme,{place},L_Ansaetze_Kosten,"unlesbar")'
    funded = f"ROUND(SUMIFS(L_Ansaetze_Ertrag,L_Ansaetze_Massnahme,{place}),2)"
    planned = f"SUMIFS(L_Ansaetze_Kosten,L_Ansaetze_Massnahme,{place})"
    cost = f"ROUND(ROUND({before},2)+ROUND({later},2)+{planned},2)"
    readable = f"{own('#Z01:spent_before')}=0,{own('#Z01:later')}=0,{unread}=0"
    wrong = f"OR({funded}>MAX({cost},0),AND({funded}>0,{is_empty(own('funder'))}))"
    return f"AND({own(ACTIVE)}=1,{readable},{wrong})"


def _is_big(own: Own, limit: int) -> str:
    total, measure = own("total_cost"), _its_place(own)
    paid = f'SUMIFS(L_Ansaetze_Kosten,L_Ansaetze_Massnahme,{measure},L_Ansaetze_Art,"Auszahlung")'
    size = f"IF(ISNUMBER({total}),ROUND({total},2),{paid})"
    return f'TRIM({own("type")})="investiv",{size}>={euro(limit)}'


def _says_yes(cell: str) -> str:
    return f'TRIM({cell})="ja"'


# --- costs and commitments --------------------------------------------------------------------


def _not_its_line(make: Maker, lists: Lists) -> Iterator[LiveCheck]:
    """A line of an own product that another unit plans."""

    def foreign(own: Own) -> str:
        product, line = own("product"), own("line")
        owned = in_codes(product, "L_Produkte")
        if lists["L_Produktzeilen"]:
            pair = f'TRIM({product})&"|"&TRIM({line})'
            return (
                f"AND({owned},{in_codes(line, 'L_Zeilenplan')},"
                f"NOT({in_codes(pair, 'L_Produktzeilen')}))"
            )
        return f"AND({owned},{in_codes(line, 'L_Zeilen_fremd')})"

    if lists["L_Produktzeilen"] or lists["L_Zeilen_fremd"]:
        yield make("S17", "line", "Diese Zeile plant eine andere Einheit", foreign)


def _costs(make: Maker, master: Master, lists: Lists) -> Iterator[LiveCheck]:
    years = _entered(make.table, "amount")
    if lists["L_Zeilen_ohne_Minus"]:
        for column in years:
            yield _negative(make, column)
    step = master.settings.rounding
    if step > 1:
        for column in years:
            yield _not_rounded(make, column, step)
    yield from _no_rate(make, years, lists)
    if lists["L_Zeilen_intern"]:
        yield make(
            "S18",
            "partner",
            "Partnerprodukt fehlt (interne Leistung)",
            lambda own: (
                f"AND({own(ACTIVE)}=1,{is_empty(own('partner'))},"
                f"{in_codes(own('line'), 'L_Zeilen_intern')})"
            ),
        )
    yield from _outside_its_time(make, years)
    for column in years:
        yield _factor_of_ten(make, column, years)
    yield from _jump(make, master, years)


def _outside_its_time(make: Maker, years: Sequence[Column]) -> Iterator[LiveCheck]:
    """Money of a measure in a year in which it does not run, typed or continued."""

    def outside(own: Own, year: int) -> str:
        place = own("#measure_row")
        first, last = (f"INDEX(L_Massnahmen_{name},{place})" for name in ("von", "bis"))
        return (
            f"ISNUMBER({place}),OR(IFERROR(AND(ISNUMBER({first}),{first}>{year}),1=2),"
            f"IFERROR(AND(ISNUMBER({last}),{last}<{year}),1=2))"
        )

    def typed(column: Column, year: int) -> LiveCheck:
        cell = column.name
        return make(
            "M05",
            cell,
            f"{column.title}: Die Maßnahme läuft nicht",
            lambda own: f"AND(ISNUMBER({own(cell)}),ROUND({own(cell)},2)<>0,{outside(own, year)})",
        )

    def continued(own: Own) -> str:
        later = [column for column in years if f"#filled:{column.name}" in own.letters]
        tests = ",".join(
            f"AND({is_empty(own(column.name))},ISNUMBER({own(f'#filled:{column.name}')}),"
            f"{own(f'#filled:{column.name}')}<>0,{outside(own, column.year.year)})"
            for column in later
            if column.year
        )
        return f"OR({tests or '1=2'})"

    yield from (typed(column, column.year.year) for column in years if column.year)
    yield make("M05", "continuation", "Fortgeschrieben, aber die Maßnahme läuft nicht", continued)


def _negative(make: Maker, column: Column) -> LiveCheck:
    name = column.name
    return make(
        "Z08",
        name,
        f"{column.title}: bitte ohne Minuszeichen",
        lambda own: (
            f"AND(ISNUMBER({own(name)}),ROUND({own(name)},2)<0,"
            f"{in_codes(own('line'), 'L_Zeilen_ohne_Minus')})"
        ),
    )


def _not_rounded(make: Maker, column: Column, step: int) -> LiveCheck:
    name = column.name
    return make(
        "Z12",
        name,
        f"{column.title} bitte auf {step} € runden",
        lambda own: (
            f"AND(ISNUMBER({own(name)}),"
            f"ROUND({own(name)},2)<>ROUND(ROUND({own(name)},2)/{step},0)*{step})"
        ),
    )


def _no_rate(make: Maker, years: Sequence[Column], lists: Lists) -> Iterator[LiveCheck]:
    """Orientierungsdaten for a year without a rate; lines without one hold a text in the list."""
    lacking = [
        column
        for column in years
        if column.year and "–" in lists.get(f"L_Orientierung_{column.year.year}", ())
    ]

    def broken(own: Own) -> str:
        line = f"MATCH(TRIM({own('line')}),L_Zeilenplan,0)"
        tests = ",".join(
            f"AND({is_empty(own(column.name))},"
            f'NOT(ISNUMBER(IFERROR(INDEX(L_Orientierung_{column.year.year},{line}),""))))'
            for column in lacking
            if column.year
        )
        return f'AND(TRIM({own("continuation")})="{BY_RATE}",OR({tests}))'

    if lacking:
        yield make("Z24", "continuation", "Keine Orientierungsdaten für diese Zeile", broken)


def _factor_of_ten(make: Maker, column: Column, years: Sequence[Column]) -> LiveCheck:
    earlier = [each.name for each in years[: years.index(column)]]

    def broken(own: Own) -> str:
        factor = own(f"#factor:{column.name}")
        near = ",".join(f"AND({factor}>={9 * 10**n},{factor}<={11 * 10**n})" for n in range(3))
        before = "".join(f",{own(f'#Z06:{name}')}=0" for name in earlier)
        return f"AND(OR({near}){before})"

    return make("Z06", column.name, f"{column.title}: Kommafehler? Sonst erläutern", broken)


def _jump(make: Maker, master: Master, years: Sequence[Column]) -> Iterator[LiveCheck]:
    """The first budget year against last year's plan, where finance wants a word of explanation."""
    last, first = master.previous_budget_year, next(iter(master.budget_years), None)
    if last is None or first is None or f"amount_{last.year}" not in make.table.names:
        return
    name, given = f"amount_{first.year}", f"amount_{last.year}"
    settings = master.settings

    def broken(own: Own) -> str:
        now, before = own(name), own(given)
        size = f"ABS(ROUND({now}-{before},2))"
        factors = ",".join(own(f"#Z06:{column.name}") for column in years)
        return (
            f"AND(ISNUMBER({now}),ISNUMBER({before}),{before}<>0,{size}>={euro(settings.jump_amount)},"
            f"ROUND({size}*10000,2)>=ROUND(ABS({before})*{settings.jump_percent},2),"
            f"{is_empty(own('measure'))},SUM({factors})=0)"
        )

    title = make.table.column(name).title
    yield make("A10", name, f"{title}: bitte Sprung zu {last.year} erläutern", broken)


def _commitments(make: Maker, master: Master) -> Iterator[LiveCheck]:
    yield make(
        "M08",
        "line",
        "Nur Zeilen investiver Auszahlungen",
        lambda own: in_codes(own("line"), "L_Zeilen_andere"),
        variant="line",
    )
    latest = max((year.year for year in master.budget_years), default=0)
    for column in _entered(make.table, "due"):
        if column.year and column.year.year <= latest:
            yield _due_too_early(make, column, column.year.year)


def _due_too_early(make: Maker, column: Column, year: int) -> LiveCheck:
    return make(
        "M08",
        column.name,
        f"{column.title} liegt nicht nach dem Ansatzjahr",
        lambda own: (
            f"AND(ISNUMBER({own(column.name)}),ROUND({own(column.name)},2)<>0,"
            f"ISNUMBER(MATCH({own('year')},L_Haushaltsjahre,0)),{own('year')}>={year},"
            f"NOT({in_codes(own('line'), 'L_Zeilen_andere')}))"
        ),
        variant="due",
    )


# --- savings ----------------------------------------------------------------------------------


def _savings(make: Maker, lists: Lists) -> Iterator[LiveCheck]:
    plans = [column.name for column in make.table.columns if column.stem == "plan"]

    def increments(own: Own) -> str:
        cells = ",".join(own(name) for name in plans)
        return (
            f'AND(TRIM({own("effect")})="Zuwachs",COUNT({cells})>=3,MAX({cells})=MIN({cells}),'
            f"MAX({cells})>0)"
        )

    if len(plans) >= 3:
        yield make("H02", "effect", "Gleiche Beträge: wirklich Zuwachs?", increments)
    if lists["L_Ziele_Konsolidierung"]:
        yield make(
            "H03",
            "goal",
            "Bitte ein Konsolidierungsziel wählen",
            lambda own: (
                f"AND({own(ACTIVE)}=1,"
                f"OR({is_empty(own('goal'))},{in_codes(own('goal'), 'L_Ziele')}),"
                f"NOT({in_codes(own('goal'), 'L_Ziele_Konsolidierung')}))"
            ),
        )
    yield make(
        "H06",
        "counterpart",
        "Gegenposition fehlt (nachrichtlich)",
        lambda own: f"AND({_says_yes(own('memo'))},{is_empty(own('counterpart'))})",
    )
    yield make(
        "H07",
        "counterpart",
        "Die Gegenposition ist die Maßnahme selbst",
        lambda own: (
            f"AND({_says_yes(own('memo'))},{is_filled(own('counterpart'))},"
            f"EXACT(TRIM({own('counterpart')}),TRIM({own('savings_measure')})))"
        ),
        variant="self",
    )


def _missing_from_savings(make: Maker, master: Master) -> Iterator[LiveCheck]:
    """A shortfall for which nobody says what takes its place."""
    settings = master.settings
    plans = [column for column in make.table.columns if column.stem == "plan" and column.year]

    def short(own: Own) -> str:
        given_up = f'TRIM({own("state")})="{IMPOSSIBLE}"'
        missed = [f"AND({given_up},MAX({','.join(own(plan.name) for plan in plans)})>0)"]
        for plan in plans:
            got = _told(make.table, plan.year.year if plan.year else 0, settings.as_of, own)
            if got:
                planned = f"ISNUMBER({own(plan.name)}),ROUND({own(plan.name)},2)>0"
                below = f"ROUND({got}*{WHOLE},2)<ROUND({own(plan.name)}*{settings.green_from},2)"
                missed.append(f"AND({planned},ISNUMBER({got}),IFERROR({below},1=2))")
        return f"AND({is_empty(own('compensation'))},OR({','.join(missed)}))"

    if plans:
        yield make(
            "H05", "compensation", "Was tritt an die Stelle der ausfallenden Einsparung?", short
        )


def _told(table: Table, year: int, as_of: str, own: Own) -> str:
    """The cell that says what a year brings: the forecast, else the actual of a year that is over;
    empty where the table has neither.
    """
    roles = ("forecast", "actual") if as_of >= f"{year}-12-31" else ("forecast",)
    cells = [own(f"{role}_{year}") for role in roles if f"{role}_{year}" in table.names]
    if len(cells) < 2:
        return "".join(cells)
    return f"IF(ISNUMBER({cells[0]}),{cells[0]},{cells[1]})"
