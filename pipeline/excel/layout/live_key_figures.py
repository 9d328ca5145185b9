"""The live forms of the rules for key figures, measured against the catalogue in the lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pipeline.excel.layout.live_check import LiveCheck, Own, is_empty
from pipeline.excel.layout.live_columns import Maker, ruled
from pipeline.model.master import Master
from pipeline.model.tables import Column, Filler, Role, Table
from pipeline.rules.key_figures import NO_ACTUAL, NOT_COMPARED, WHOLE_KINDS

STARTED = "Begonnen"
"""The defined name of the cell that counts the rows in use of the whole workbook."""
_VALUES = ("target", "actual", "forecast")
Years = Mapping[int, Mapping[str, Column]]


def key_figure_checks(master: Master, table: Table) -> Iterator[LiveCheck]:
    """The checks of the sheet Kennzahlen; they begin with the first entry anywhere in the file."""
    make = Maker(table=table, ruled=ruled(master))
    years: dict[int, dict[str, Column]] = {}
    for column in table.columns:
        if column.year is not None:
            years.setdefault(column.year.year, {})[column.stem] = column
    budget = {year.year for year in master.budget_years}
    for year in sorted(years):
        here, before = years[year], years.get(year - 1, {})
        yield from _parts(make, here)
        for stem in _VALUES:
            value = here.get(stem)
            if value is None or not _open(value):
                continue
            yield from _value(make, value)
            if stem != "forecast":
                yield from _stated(make, master, value, stem, here, before)
            if stem == "target":
                yield _worse(make, value)
                if year in budget:
                    yield _no_target(make, value, here)
            if stem == "actual":
                yield from _of_an_actual(make, value, year, here)


def _of_an_actual(
    make: Maker, column: Column, year: int, here: Mapping[str, Column]
) -> Iterator[LiveCheck]:
    yield _unchanged(make, column, year)
    if column.year and column.year.role is Role.ACTUAL:
        yield _no_actual(make, column, here)


def _fact(own: Own, name: str) -> str:
    """What the catalogue says of the row's key figure."""
    return f"INDEX(L_Kennzahlen_{name},MATCH({own('kpi')},L_Kennzahlen,0))"


def _begun(test: Callable[[Own], str]) -> Callable[[Own], str]:
    return lambda own: f"AND({STARTED}>0,{test(own)})"


def _one_of(cell: str, words: tuple[str, ...]) -> str:
    return "OR(" + ",".join(f'{cell}="{word}"' for word in words) + ")"


def _number(own: Own, column: Column | None) -> str:
    return f"ISNUMBER({own(column.name)})" if column else "1=2"


def _parts(make: Maker, here: Mapping[str, Column]) -> Iterator[LiveCheck]:
    top, bottom, actual = (here.get(stem) for stem in ("numerator", "denominator", "actual"))
    for part, other in ((top, bottom), (bottom, top)):
        if part is None or part.filled_by is not Filler.DEPARTMENT:
            continue

        def lacks(own: Own, part: Column = part, other: Column | None = other) -> str:
            there = f"NOT({is_empty(own(other.name))})" if other else "1=2"
            over = actual is not None and _open(actual) and _has_parts(actual)
            stated = _number(own, actual if over else None)
            return f"AND({is_empty(own(part.name))},OR({there},{stated}))"

        yield make("K02", part.name, f"{part.title} fehlt", _begun(lacks))
    if bottom is not None and _open(bottom):
        name = bottom.name
        yield make(
            "K03",
            name,
            f"{bottom.title} ist 0 (Datenstand „entfällt“?)",
            _begun(
                lambda own: (
                    f"AND(ISNUMBER({own(name)}),{own(name)}=0,"
                    f'TRIM({own("data_state")})<>"entfällt")'
                )
            ),
        )


def _open(column: Column) -> bool:
    return column.filled_by is Filler.DEPARTMENT


def _has_parts(column: Column) -> bool:
    """Whether numerator and denominator of its year belong to it: to the actual of a year that is
    over, else to the target.
    """
    over = column.year is not None and column.year.role is Role.ACTUAL
    return column.stem == ("actual" if over else "target")


def _value(make: Maker, column: Column) -> Iterator[LiveCheck]:
    name, title = column.name, column.title

    def unusual(own: Own) -> str:
        cell, low, high = own(name), _fact(own, "Minimum"), _fact(own, "Maximum")
        return (
            f"AND(ISNUMBER({cell}),OR(AND(ISNUMBER({low}),{cell}<{low}),"
            f"AND(ISNUMBER({high}),{cell}>{high})))"
        )

    def impossible(own: Own) -> str:
        cell, kind = own(name), _fact(own, "Art")
        places = _fact(own, "Stellen")
        whole = f"{_one_of(kind, WHOLE_KINDS)},{places}=0,ISNUMBER({places})"
        return (
            f'AND(ISNUMBER({cell}),OR(AND({kind}="Meilenstein",OR({cell}<0,{cell}>100)),'
            f'AND({kind}="Ja/Nein",{cell}<>0,{cell}<>1),AND({whole},{cell}<>INT({cell}))))'
        )

    words = "ist ungewöhnlich; bitte erläutern"
    yield make("K05", name, f"{title} {words}", _begun(unusual))
    yield make("K12", name, f"{title} passt nicht zur Kennzahl", _begun(impossible))


def _stated(
    make: Maker,
    master: Master,
    column: Column,
    stem: str,
    here: Mapping[str, Column],
    before: Mapping[str, Column],
) -> Iterator[LiveCheck]:
    """Rules about the value that stands for a year: the actual where there is one, else the
    target.
    """
    actual = here.get("actual")
    stands = "1=1" if stem == "actual" or actual is None else ""

    def speaks(own: Own) -> str:
        return stands or f"NOT({_number(own, actual)})"

    top, bottom = here.get("numerator"), here.get("denominator")
    if top is not None and bottom is not None and _has_parts(column):

        def differs(own: Own) -> str:
            cell, above, below = own(column.name), own(top.name), own(bottom.name)
            exact = f"{above}/{below}*{_fact(own, 'Faktor')}"
            places = _fact(own, "Stellen")
            return (
                f"AND(ISNUMBER({cell}),ISNUMBER({above}),ISNUMBER({below}),"
                f"ISNUMBER({places}),ROUND(ABS({cell}-{exact}),9)>0.5/10^{places})"
            )

        yield make("K04", column.name, f"{column.title} ≠ Zähler / Nenner", _begun(differs))
    if not before:
        return
    limit = master.settings.jump_percent

    def jumps(own: Own) -> str:
        cell = own(column.name)
        old, aimed = before.get("actual"), before.get("target")
        previous = own(aimed.name) if aimed else '""'
        if old:
            previous = f"IF({_number(own, old)},{own(old.name)},{previous})"
        return (
            f"AND(ISNUMBER({cell}),{speaks(own)},ISNUMBER({previous}),{previous}<>0,"
            f"NOT({_one_of(_fact(own, 'Art'), NOT_COMPARED)}),"
            f"ROUND(ABS({cell}-{previous})*10000-ABS({previous})*{limit},6)>0)"
        )

    yield make(
        "K06", column.name, f"{column.title}: bitte Sprung erläutern",
        _begun(jumps),
    )  # fmt: skip


def _unchanged(make: Maker, column: Column, year: int) -> LiveCheck:
    """The third year in a row with the same actual, which nobody calls an estimate."""

    def same(own: Own) -> str:
        cell = own(column.name)
        before = ",".join(
            f"ISNUMBER({earlier}),{earlier}={cell}"
            for earlier in (_fact(own, f"Ist_{year - back}") for back in (1, 2))
        )
        return (
            f"AND(ISNUMBER({cell}),{cell}<>0,NOT({_one_of(_fact(own, 'Art'), NOT_COMPARED)}),"
            f'TRIM({own("data_state")})<>"geschätzt",{before})'
        )

    return make("K11", column.name, f"{column.title}: seit Jahren gleich; geschätzt?", _begun(same))


def _worse(make: Maker, column: Column) -> LiveCheck:
    def worse(own: Own) -> str:
        cell, base, way = own(column.name), _fact(own, "Basis"), _fact(own, "Richtung")
        return (
            f'AND(ISNUMBER({cell}),ISNUMBER({base}),OR(AND({way}="mindestens",{cell}<{base}),'
            f'AND({way}="höchstens",{cell}>{base})))'
        )

    return make("K08", column.name, f"{column.title}: schlechter als Ausgangswert", _begun(worse))


def _no_target(make: Maker, column: Column, here: Mapping[str, Column]) -> LiveCheck:
    top, bottom = here.get("numerator"), here.get("denominator")

    def lacks(own: Own) -> str:
        parts, above, below = _fact(own, "Teile"), _number(own, top), _number(own, bottom)
        computed = (
            f'OR({parts}="-",AND({parts}="ZN",{above},{below}),AND({parts}="Z",{above}),'
            f'AND({parts}="N",{below}))'
        )
        return (
            f'AND({is_empty(own(column.name))},TRIM({own("data_state")})<>"entfällt",'
            f'{_fact(own, "Richtung")}<>"nachrichtlich",NOT({computed}))'
        )

    return make("K07", column.name, f"{column.title} fehlt", _begun(lacks))


def _no_actual(make: Maker, column: Column, here: Mapping[str, Column]) -> LiveCheck:
    top, bottom = here.get("numerator"), here.get("denominator")

    def lacks(own: Own) -> str:
        known, either = _fact(own, "Teile"), f"OR({_number(own, top)},{_number(own, bottom)})"
        parts = f'OR({known}="-",AND({known}<>"",{either}))'
        state = f"TRIM({own('data_state')})"
        return (
            f"AND({is_empty(own(column.name))},"
            f'{_fact(own, "Richtung")}<>"nachrichtlich",'
            f"NOT({_one_of(state, NO_ACTUAL)}),NOT({parts}))"
        )

    return make("K10", column.name, f"{column.title} fehlt; bitte Datenstand wählen", _begun(lacks))
