"""The live forms of the rules for goals that departments fill, and the hidden columns they read.

A formula knows the master's goals and those of its own sheet Ziele. A goal that hangs on the goal
of another department is judged after the return, and so is a circle (S06).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.excel.layout.live_check import LiveCheck, Own, in_codes, is_filled
from pipeline.excel.layout.live_columns import Maker

Formula = Callable[[Own], str]


def goal_columns(rows: int) -> Iterator[tuple[str, str, Formula]]:
    """The hidden columns of the sheet Ziele with ``rows`` prepared rows: name, title, formula.

    ``#number`` is the goal's number, ``#rank`` the rank of its level, ``#above`` the rank of its
    parent's. ``#up:1`` is the place of the row that a goal hangs on (its own where the path ends
    or leaves the sheet), ``#up:2`` of the row two steps above, then 4, 8 … until no path is longer.
    """
    yield "#number", "Ziel-Nr. ohne Leerzeichen", lambda own: f'IFERROR(TRIM({own("goal")}),"")'
    yield "#rank", "Rang der Ebene", lambda own: _in_list(own("level"), "L_Ebenen_alle", "Rang")
    yield "#up:1", "hängt an Zeile", _first_step
    steps = 1
    while steps < rows:
        yield f"#up:{2 * steps}", f"hängt nach {2 * steps} Schritten an Zeile", _doubled(steps)
        steps *= 2
    yield "#above", "Rang des Oberziels", _rank_above
    yield "#top", "führt nach oben", _reaches_the_top(f"#up:{steps}")


def goal_checks(make: Maker) -> Iterator[LiveCheck]:
    """S07 and S30 on the sheet Ziele."""
    yield make(
        "S07",
        "parent",
        "Kein Bezug zu einem Ziel der obersten Ebene",
        lambda own: f"{own('#top')}=0",
    )
    yield make(
        "S30",
        "parent",
        "Das Oberziel steht nicht auf höherer Ebene",
        lambda own: (
            f"AND(ISNUMBER({own('#rank')}),ISNUMBER({own('#above')}),"
            f"{own('#above')}>={own('#rank')})"
        ),
    )


def _in_list(cell: str, keys: str, fact: str) -> str:
    """A fact of a master's goal or level, empty where it has none."""
    values = {"L_Ebenen_alle": "L_Ebenen_", "L_Ziele": "L_Ziele_"}[keys] + fact
    return f'IFERROR(IF({in_codes(cell, keys)},INDEX({values},MATCH(TRIM({cell}),{keys},0)),""),"")'


def _own_row(typed: str, own: Own) -> str:
    """The place of the first row that has a number, 0 where there is none."""
    numbers = own.span("#number")
    place = f"MATCH({typed},{numbers},0)"
    return f'IF({typed}="",0,IFERROR(IF(EXACT(INDEX({numbers},{place}),{typed}),{place},0),0))'


def _parent_of(place: str, own: Own) -> str:
    return f"TRIM(INDEX({own.span('parent')},{place}))"


def _first_step(own: Own) -> str:
    """A doubled number follows its first row, as the pipeline does; a master's goal ends the
    path.
    """
    here = _own_row(own("#number"), own)
    parent = _parent_of(here, own)
    there = _own_row(parent, own)
    leaves = f"OR({in_codes(own('goal'), 'L_Ziele')},{in_codes(parent, 'L_Ziele')},{there}=0)"
    return f'IFERROR(IF({own("#number")}="","",IF({leaves},{here},{there})),"")'


def _doubled(steps: int) -> Formula:
    name = f"#up:{steps}"
    return lambda own: f'IF(ISNUMBER({own(name)}),INDEX({own.span(name)},{own(name)}),"")'


def _rank_above(own: Own) -> str:
    parent = own("parent")
    there = _own_row(f"TRIM({parent})", own)
    ranks = f'IFERROR(IF({there}>0,INDEX({own.span("#rank")},{there}),""),"")'
    known = _in_list(parent, "L_Ziele", "Rang")
    return f'IF({is_filled(parent)},IF({in_codes(parent, "L_Ziele")},{known},{ranks}),"")'


def _reaches_the_top(last: str) -> Formula:
    """0 where a goal must refer upwards and its path ends below the highest level; empty where
    that is not asked, or where the path runs in a circle or ends at a goal that is not known here.
    """

    def formula(own: Own) -> str:
        end = own(last)
        parent, number = _parent_of(end, own), f"INDEX({own.span('#number')},{end})"
        rank = f"INDEX({own.span('#rank')},{end})"
        on_a_circle = f"OR(INDEX({own.span('#up:1')},{end})<>{end},EXACT({parent},{number}))"
        alone = f"IF(ISNUMBER({rank}),IF({rank}>MIN(L_Ebenen_Rang),0,1),1)"
        climbs = f'IF({parent}="",{alone},{_in_list(parent, "L_Ziele", "oben")})'
        level = f"INDEX({own.span('level')},{_own_row(own('#number'), own)})"
        asked = (
            f"AND(ISNUMBER({end}),{in_codes(level, 'L_Ebenen_hinauf')},"
            f"NOT({in_codes(own('goal'), 'L_Ziele')}))"
        )
        return f'IFERROR(IF({asked},IF({on_a_circle},"",{climbs}),""),"")'

    return formula
