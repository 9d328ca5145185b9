"""Keys: what must be there only once."""

from __future__ import annotations

import pandas as pd

from pipeline.model.findings import Blocks, Severity
from pipeline.model.submission import Frames
from pipeline.model.tables import Table
from pipeline.rules.amounts import faults
from pipeline.rules.registry import declare
from pipeline.rules.wording import listed

declare("S10", Severity.ERROR, Blocks.MONEY)
declare("M02", Severity.ERROR, Blocks.MONEY)

_ACROSS_UNITS = ("measures", "goals", "savings")
"""Tables whose key is issued for the whole city."""


def doubled(frames: Frames, table: Table, *, master: bool) -> tuple[str, pd.DataFrame]:
    """Rows whose key stands in another row too: rule M02 for measures, else S10.

    Uniqueness is scoped by unit, but for keys that are issued for the whole city; of rows of the
    same file the first one is not named.
    """
    rule = "M02" if table.name == "measures" and not master else "S10"
    if not table.unique or table.settings:
        return rule, pd.DataFrame()
    frame = frames.tables[table.name]
    required = [name for name in table.key if table.column(name).required]
    stated = frame.dropna(subset=required) if required else frame
    texts = stated[list(table.key)].astype("string").fillna("")
    keys = texts[table.key[0]].str.cat(texts[list(table.key[1:])], sep=" / ")
    city_wide = master or table.name in _ACROSS_UNITS
    scope = pd.Series("", index=stated.index) if city_wide else stated["unit"].fillna("")
    several = pd.DataFrame({"scope": scope, "key": keys}).duplicated(keep=False)
    if not several.any():
        return rule, pd.DataFrame()
    groups = stated[several].groupby([scope[several], keys[several]], sort=False)
    hits: list[tuple[int, dict[str, str]]] = []
    for (_, key), rows in groups:
        places = [frames.place(table.name, int(index), table.key[0]) for index in rows.index]
        one_file = len({place.file for place in places}) == 1
        words = [
            f"Zeile {place.row}" if one_file else f"{place.file}, Zeile {place.row}"
            for place in places
        ]
        for number, index in enumerate(rows.index):
            if one_file and number == 0:
                continue
            hits.append(
                (
                    int(index),
                    {
                        "schluessel": str(key),
                        "zeilen": listed(words),
                        "nr": str(key),
                        "a": words[0] if number else words[1],
                        "b": words[number],
                    },
                )
            )
    return rule, faults(
        (index for index, _ in hits),
        **{
            name: [values[name] for _, values in hits]
            for name in ("schluessel", "zeilen", "nr", "a", "b")
        },
    )


def taken_by_the_master(frames: Frames) -> pd.DataFrame:
    """Goals of departments whose number is already one of the master's."""
    goals = frames.tables["goals"]
    rows = goals.index[goals["goal"].isin(list(frames.master.goals.parents))]
    return faults(
        rows,
        variant=["master"] * len(rows),
        schluessel=goals.loc[rows, "goal"],
    )
