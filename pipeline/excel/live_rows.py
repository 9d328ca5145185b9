"""The live forms of the rules that look at several cells: the same rules, said as formulas.

Each form gives the same answer as its rule in :mod:`pipeline.rules` for typed and for empty cells
(``tests/test_live.py``); what a formula cannot know is checked on return.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.excel.live_check import LiveCheck, Own, in_codes, is_empty, is_filled, month_number
from pipeline.excel.live_columns import CONTINUED, Maker
from pipeline.model.master import Master
from pipeline.model.money import euro
from pipeline.model.tables import Column, Filler, Role, Table
from pipeline.rules.continuation import RATE_NAME

_SUSPICIOUS_FROM = 3


def row_checks(master: Master, table: Table, lists: Mapping[str, object]) -> Iterator[LiveCheck]:
    """The live forms of the rules of one table."""
    make = Maker(table=table)
    match table.name:
        case "goals":
            yield _doubled(make, "goal")
            yield _taken(make)
        case "product_goals":
            yield _doubled(make, "product", "goal")
        case "measures":
            yield from _measures(make, master)
        case "costs":
            yield _not_its_line(make, lists)
            yield from _costs(make, master, lists)
        case "commitments":
            yield _not_its_line(make, lists)
            yield from _commitments(make, master)
        case "savings":
            yield _doubled(make, "savings_measure")
            yield from _savings(make, master, lists)
        case "kpis":
            yield from _key_figures(make, master)
        case _:
            pass


def _doubled(make: Maker, *key: str) -> LiveCheck:
    """The same key in a row above; the first one is fine, as in the pipeline."""
    name = key[-1]
    cell = name if len(key) == 1 else "#key"

    def again(own: Own) -> str:
        span = f"§{cell}§"
        typed = f"TRIM({own(cell)})"
        place = f"MATCH({typed},{span},0)"
        return (
            f"AND({is_filled(own(cell))},{place}<§row§,EXACT(TRIM(INDEX({span},{place})),{typed}))"
        )

    title = make.table.column(name).title
    return make("S10", name, f"{title} kommt schon weiter oben vor", again)


def _taken(make: Maker) -> LiveCheck:
    return make(
        "S06" if False else "S10",
        "goal",
        "",
        lambda own: "",
    )


def _measures(make: Maker, master: Master) -> Iterator[LiveCheck]:
    yield make(
        "M04",
        "end",
        "Das Ende liegt vor dem Beginn",
        lambda own: (
            f"AND({is_filled(own('start'))},{is_filled(own('end'))},"
            f"{month_number(own('end'))}<{month_number(own('start'))})"
        ),
    )
    yield make("M06", "total_cost", "Gesamtkosten sind nicht die Summe aus Bisher, Jahren und Später", _wrong_total)
    limit = master.settings.investment_threshold
    if limit > 0:
        for column, words, empty in (
            ("appraisal", "Über der Wertgrenze fehlt der Wirtschaftlichkeitsvergleich", "§appraisal"),
        ):
            pass
