"""The accepted texts and links: goals, measures, products and units as they stand after the returns
were counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from pipeline.model.blocks import Block
from pipeline.model.master import Master
from pipeline.model.submission import ORIGIN, Frames

_PLACE = ("file", "sheet", "cell")


def accepted_texts(money: Frames, master: Master) -> Mapping[str, pd.DataFrame]:
    """Frames ``goals``, ``measures``, ``products``, ``units``, ``costs``: the columns of the
    declaration, then file, sheet, cell, unit.

    ``goals`` holds the master's goals and those of counted returns; ``products`` the master's
    products with the texts that their units returned (where several did, those of the leading
    unit); ``costs`` every returned row, for what is written beside the amounts (the amounts that
    count are the figures). ``savings`` holds every returned savings measure with its texts; an
    empty frame without columns where the plan has none.
    """
    return {
        "goals": _goals(money, master),
        "measures": _returned(money, "measures"),
        "products": _products(money, master),
        "units": _of_master(master, "units"),
        "costs": _returned(money, "costs"),
        "savings": _returned(money, "savings") if "savings" in money.tables else pd.DataFrame(),
    }


def _of_master(master: Master, table: str) -> pd.DataFrame:
    return _placed(master.tables[table], master.blocks[table])


def _placed(frame: pd.DataFrame, block: Block) -> pd.DataFrame:
    places = [block.place(index) for index in range(len(frame))]
    return frame.assign(
        **{
            name: pd.array([getattr(place, name) for place in places], dtype="string")
            for name in _PLACE
        }
    )


def _returned(money: Frames, table: str) -> pd.DataFrame:
    frame = money.tables[table]
    places = [money.place(table, index) for index in frame.index]
    placed = frame.assign(
        **{
            name: pd.array([getattr(place, name) for place in places], dtype="string")
            for name in _PLACE
        }
    )
    columns = [name for name in frame.columns if name not in ORIGIN]
    return placed[[*columns, *_PLACE, "unit"]].sort_values(
        [*_key(columns), *_PLACE], ignore_index=True
    )


def _key(columns: Sequence[str]) -> list[str]:
    return [columns[0]]


def _goals(money: Frames, master: Master) -> pd.DataFrame:
    own = _of_master(master, "goals")
    own = own.assign(product=pd.array([None] * len(own), dtype="string"))
    if "goals" not in money.tables or money.tables["goals"].empty:
        return _ordered(own)
    returned = _returned(money, "goals").reindex(columns=own.columns)
    return _ordered(pd.concat([own, returned.astype(own.dtypes.to_dict())], ignore_index=True))


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    first = [name for name in frame.columns if name not in {*_PLACE, "product"}]
    return frame[[*first, "product", *_PLACE]]


def _products(money: Frames, master: Master) -> pd.DataFrame:
    own = _of_master(master, "products")
    texts = _returned(money, "product_texts")
    leads = texts["product"].map(dict(master.lead_units))
    texts = texts.assign(lead=texts["unit"] == leads).sort_values(
        ["product", "lead"], ascending=[True, False]
    )
    texts = texts.drop_duplicates("product").drop(columns=["unit", "lead", *_PLACE])
    merged = own.merge(texts, on="product", how="left")
    return merged[[*(name for name in merged.columns if name not in _PLACE), *_PLACE]]
