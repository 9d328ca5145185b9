"""What must hold in the sheet Zielvereinbarungen of the master workbook, and what its rows say of
the agreements: each has one unit, one partner and one place in the tree.

Nothing is said where the setting ``uses_agreements`` is off: then nobody reads the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.findings import Blocks, Severity
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.submission import Frames
from pipeline.rules.amounts import faults, joined
from pipeline.rules.registry import rule
from pipeline.rules.wording import decimal_text

TABLE = "target_agreements"
FULL_WEIGHT = Decimal(100)
_PERSON = re.compile(r"\b(?:Herrn?|Frau|Dr\.|Prof\.)\s+[A-ZÄÖÜ]")
_ONCE = {"unit": "Einheit", "parent": "Übergeordnet", "partner": "Partner (Funktion)"}


@dataclass(frozen=True, kw_only=True)
class Head:
    """What the rows of one agreement say together; empty where none says it."""

    agreement: str
    unit: str
    parent: str
    partner: str


def heads(rows: pd.DataFrame) -> Mapping[str, Head]:
    """The agreements of the table ``target_agreements`` in the order of the sheet; the first row
    that states unit, parent or partner speaks for all rows of its agreement.
    """
    stated = rows[rows["agreement"].notna()]
    first = stated.groupby("agreement", sort=False)[list(_ONCE)].first()
    texts = first.astype("string").fillna("")
    return {
        str(agreement): Head(agreement=str(agreement), unit=unit, parent=parent, partner=partner)
        for agreement, unit, parent, partner in texts.itertuples(name=None)
    }


def by_unit(known: Mapping[str, Head]) -> Mapping[str, str]:
    """The agreement of each unit that has one; of two for one unit (S42) the first."""
    found: dict[str, str] = {}
    for head in known.values():
        found.setdefault(head.unit, head.agreement)
    return found


def holders(known: Mapping[str, Head], units: Hierarchy) -> Mapping[str, str]:
    """For every unit the one agreement its figures belong to: its own, else the nearest one upward
    in the organisation, else none (empty).
    """
    own = by_unit(known)
    return {
        unit: next((own[above] for above in path if above in own), "")
        for unit, path in units.ancestry.items()
    }


def above(known: Mapping[str, Head], units: Hierarchy) -> Mapping[str, str]:
    """For every agreement the nearest one above its unit in the organisation; empty at the top."""
    own = by_unit(known)
    return {
        head.agreement: next(
            (own[each] for each in units.ancestry.get(head.unit, ())[1:] if each in own), ""
        )
        for head in known.values()
    }


def tree_of(known: Mapping[str, Head], units: Hierarchy) -> Hierarchy:
    """The tree of agreements: the stated parent, and where none is stated the nearest agreement
    above in the organisation.
    """
    nearest = above(known, units)
    return Hierarchy(
        {head.agreement: head.parent or nearest[head.agreement] for head in known.values()}
    )


def _used(frames: Frames) -> bool:
    return frames.master.settings.uses_agreements and not frames.tables[TABLE].empty


def _place(rows: pd.DataFrame, agreement: str, column: str) -> int:
    """The first row of an agreement that states something in that column, else its first row."""
    mine = rows[rows["agreement"] == agreement]
    stated = mine.index[mine[column].notna()]
    return int(stated[0]) if len(stated) else int(mine.index[0])


def _at(rows: pd.DataFrame, agreements: Iterable[str], column: str) -> list[int]:
    return [_place(rows, agreement, column) for agreement in agreements]


@rule("S40", f"{TABLE}.weight", Severity.ERROR, Blocks.RETURN, workbook="master")
def weights_that_do_not_make_the_whole(frames: Frames) -> pd.DataFrame:
    """The weights of an agreement make 100 (domain, 10); the last weighted row is named. An
    agreement without any weight is rule S45.
    """
    if not _used(frames):
        return pd.DataFrame()
    rows = frames.tables[TABLE]
    unreadable = frames.states[TABLE]["weight"] == State.UNREADABLE
    doubtful = set(rows.loc[unreadable, "agreement"].dropna())
    hits: list[tuple[int, str, Decimal]] = []
    for agreement, mine in rows[rows["weight"].notna()].groupby("agreement", sort=False):
        total = sum((Decimal(each) for each in mine["weight"]), Decimal(0))
        if total != FULL_WEIGHT and agreement not in doubtful:
            hits.append((int(mine.index[-1]), str(agreement), total))
    return faults(
        (index for index, _, _ in hits),
        nr=[agreement for _, agreement, _ in hits],
        summe=[decimal_text(total) for *_, total in hits],
    )


@rule("S41", f"{TABLE}.parent", Severity.ERROR, Blocks.RETURN, workbook="master")
def broken_tree_of_agreements(frames: Frames) -> pd.DataFrame:
    """Every parent is an agreement, and no agreement stands above itself."""
    if not _used(frames):
        return pd.DataFrame()
    rows = frames.tables[TABLE]
    known = heads(rows)
    tree = tree_of(known, frames.master.units)
    broken = [agreement for agreement in known if agreement in tree.broken]
    return faults(
        _at(rows, broken, "parent"),
        variant=["circle" if tree.parents[each] in known else "" for each in broken],
        nr=broken,
        ober=[tree.parents[each] for each in broken],
    )


@rule("S42", f"{TABLE}.unit", Severity.ERROR, Blocks.RETURN, workbook="master")
def second_agreement_of_a_unit(frames: Frames) -> pd.DataFrame:
    """A unit has one agreement: otherwise its money would belong to two."""
    if not _used(frames):
        return pd.DataFrame()
    rows = frames.tables[TABLE]
    known = heads(rows)
    own = by_unit(known)
    second = [each for each in known.values() if each.unit and own[each.unit] != each.agreement]
    return faults(
        _at(rows, (each.agreement for each in second), "unit"),
        nr=[each.agreement for each in second],
        einheit=[each.unit for each in second],
        andere=[own[each.unit] for each in second],
    )


@rule("S43", f"{TABLE}.unit", Severity.ERROR, Blocks.RETURN, workbook="master")
def agreement_that_says_two_things(frames: Frames) -> pd.DataFrame:
    """All rows of an agreement name the same unit, the same parent and the same partner."""
    if not _used(frames):
        return pd.DataFrame()
    rows = frames.tables[TABLE]
    pieces = []
    for column, title in _ONCE.items():
        stated = rows[rows["agreement"].notna() & rows[column].notna()]
        first = stated.groupby("agreement", sort=False)[column].transform("first")
        other = stated.index[(stated[column] != first).to_numpy(dtype=bool)]
        pieces.append(
            faults(
                other,
                column=[column] * len(other),
                nr=stated.loc[other, "agreement"],
                feld=[title] * len(other),
                ist=stated.loc[other, column],
                soll=first.loc[other],
            )
        )
    return joined(pieces)


@rule("S44", f"{TABLE}.parent", Severity.WARNING, workbook="master")
def parent_beside_the_organisation(frames: Frames) -> pd.DataFrame:
    """The tree of agreements follows the organisation; where it does not, a budget condition is
    not the net cost of the unit and everything below it.
    """
    if not _used(frames):
        return pd.DataFrame()
    rows = frames.tables[TABLE]
    known = heads(rows)
    nearest = above(known, frames.master.units)
    beside = [
        head
        for head in known.values()
        if head.parent in known and head.parent != nearest[head.agreement]
    ]
    return faults(
        _at(rows, (head.agreement for head in beside), "parent"),
        variant=["" if nearest[head.agreement] else "top" for head in beside],
        nr=[head.agreement for head in beside],
        ist=[head.parent for head in beside],
        soll=[nearest[head.agreement] for head in beside],
    )


@rule("S45", f"{TABLE}.weight", Severity.WARNING, workbook="master")
def agreement_without_contents(frames: Frames) -> pd.DataFrame:
    """A row agrees on a goal or a key figure, and every agreement says how much each counts."""
    if not _used(frames):
        return pd.DataFrame()
    rows = frames.tables[TABLE]
    empty = rows.index[rows["agreement"].notna() & rows["goal"].isna() & rows["kpi"].isna()]
    readable = frames.states[TABLE]["weight"] != State.UNREADABLE
    weighted = set(rows.loc[rows["weight"].notna() | ~readable, "agreement"].dropna())
    bare = [agreement for agreement in heads(rows) if agreement not in weighted]
    return joined(
        [
            faults(
                empty,
                column=["goal"] * len(empty),
                variant=["nothing"] * len(empty),
                nr=rows.loc[empty, "agreement"],
            ),
            faults(_at(rows, bare, "agreement"), variant=[""] * len(bare), nr=bare),
        ]
    )


@rule("S46", f"{TABLE}.kpi", Severity.WARNING, workbook="master")
def clause_agreed_twice(frames: Frames) -> pd.DataFrame:
    """The same goal and key figure in two rows of an agreement would count twice; the later row is
    named.
    """
    if not _used(frames):
        return pd.DataFrame()
    rows = frames.tables[TABLE]
    stated = rows[rows["agreement"].notna() & (rows["goal"].notna() | rows["kpi"].notna())]
    twice = stated.index[stated.duplicated(["agreement", "goal", "kpi"])]
    return faults(
        twice,
        variant=["" if text else "goal" for text in stated.loc[twice, "kpi"].fillna("")],
        nr=stated.loc[twice, "agreement"],
        kennzahl=stated.loc[twice, "kpi"].fillna("–"),
        ziel=stated.loc[twice, "goal"].fillna("–"),
    )


@rule("S47", f"{TABLE}.partner", Severity.WARNING, workbook="master")
def partner_that_looks_like_a_person(frames: Frames) -> pd.DataFrame:
    """Partners are functions, never names of persons (domain, 10)."""
    if not _used(frames):
        return pd.DataFrame()
    rows = frames.tables[TABLE]
    named = rows["partner"].fillna("").map(lambda text: bool(_PERSON.search(str(text))))
    hits = rows.index[named.to_numpy(dtype=bool)]
    return faults(hits, nr=rows.loc[hits, "agreement"].fillna("–"), wert=rows.loc[hits, "partner"])
