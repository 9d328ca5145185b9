"""References: what a cell names must exist, and must be this unit's business."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import pandas as pd

from pipeline.model.findings import Blocks, Severity
from pipeline.model.submission import Frames
from pipeline.model.tables import Column, Table
from pipeline.rules.amounts import faults
from pipeline.rules.goals import all_goals
from pipeline.rules.registry import declare

for _id in ("S01", "S02", "S04", "S05", "S13", "S14", "S15", "S16", "S17", "M12"):
    declare(_id, Severity.ERROR, Blocks.MONEY)
declare("K01", Severity.ERROR, Blocks.KEY_FIGURES)

_RULES = {
    "products": "S01",
    "goals": "S05",
    "kpis": "K01",
    "lines": "S13",
    "units": "S14",
    "levels": "S15",
}
_CLOSE = 0.6


def unknown(
    frames: Frames, table: Table, column: Column, *, master: bool
) -> list[tuple[str, pd.DataFrame]]:
    """Cells of a referring column that name nothing known, by rule id."""
    frame = frames.tables[table.name]
    target = str(column.references)
    if (table.name, column.name) == ("goals", "parent"):
        return []  # a missing parent breaks the tree: S06 names it
    if target == "measures":
        return [] if master else [("M12", _unknown_measures(frames, table.name, column.name))]
    known = _known(frames, target, master=master)
    rows = frame.index[frame[column.name].notna() & ~frame[column.name].isin(list(known))]
    cells = frame.loc[rows, column.name]
    meant = {str(value): _suggestion(str(value), known, target) for value in cells.unique()}
    lost = cells.isin([value for value, (rule_id, _) in meant.items() if rule_id == "S04"])
    return [
        (rule_id, _named(found, column, meant))
        for rule_id, found in ((_RULES[target], cells[~lost]), ("S04", cells[lost]))
        if len(found)
    ]


def _named(cells: pd.Series, column: Column, meant: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    rows, texts = cells.index, cells.astype(str).to_list()
    suggestions = [meant[text][1] for text in texts]
    return faults(
        rows,
        column=[column.name] * len(rows),
        variant=["" if suggestion else "plain" for suggestion in suggestions],
        wert=texts,
        spalte=[column.title] * len(rows),
        vorschlag=suggestions,
    )


def _known(frames: Frames, target: str, *, master: bool) -> Collection[str]:
    if target == "goals" and not master:
        return all_goals(frames).parents.keys()
    tables = frames.tables if master else frames.master.tables
    key = {
        "products": "product",
        "goals": "goal",
        "kpis": "kpi",
        "lines": "line",
        "units": "unit",
        "levels": "level",
    }
    return dict.fromkeys(tables[target][key[target]].dropna().astype(str))


def _suggestion(value: str, known: Collection[str], target: str) -> tuple[str, str]:
    """Rule and suggestion: a product number that only lost its zeros, or the most similar key
    there is.
    """
    if target == "products":
        same = [each for each in known if _without_outer_zeros(each) == _without_outer_zeros(value)]
        if len(same) == 1 and re.fullmatch(r"[\d.,]+", value):
            return "S04", same[0]
    close = get_close_matches(value, list(known), n=1, cutoff=_CLOSE)
    return "", close[0] if close else ""


def _without_outer_zeros(number: str) -> str:
    digits = re.sub(r"[^0-9A-Za-z]", "", number)
    return digits.lstrip("0").rstrip("0")


def _unknown_measures(frames: Frames, table: str, column: str) -> pd.DataFrame:
    """A measure counts as known where its own file describes it on the sheet Maßnahmen."""
    frame, measures = frames.tables[table], frames.tables["measures"]
    described = set(zip(measures["file"], measures["measure"].fillna(""), strict=True))
    rows = [
        index
        for index, file, measure in _cells(frame, "file", column)
        if (file, measure) not in described
    ]
    return faults(rows, column=[column] * len(rows), wert=frame.loc[rows, column])


def _cells(frame: pd.DataFrame, *columns: str) -> Iterable[tuple[Any, ...]]:
    stated = frame.loc[frame[columns[-1]].notna(), list(columns)]
    return zip(stated.index, *(stated[name] for name in columns), strict=True)


def not_its_product(frames: Frames, table: Table, column: Column) -> pd.DataFrame:
    """Products that exist, but that the unit neither leads nor shares nor plans a line of (S02)."""
    frame = frames.tables[table.name]
    open_cells = frame[column.name].notna() & ~frames.locked[table.name][column.name]
    known = frame[column.name].isin(list(frames.master.lead_units))
    allowed = _per_unit(frame.loc[open_cells & known, "unit"], frames.master.products_of)
    rows = [
        index
        for index, unit, product in _cells(frame[open_cells & known], "unit", column.name)
        if product not in allowed.get(str(unit), frozenset())
    ]
    return faults(
        rows,
        column=[column.name] * len(rows),
        nr=frame.loc[rows, column.name],
        org=frame.loc[rows, "unit"],
        besitzer=[_leading(frames, str(each)) for each in frame.loc[rows, column.name]],
    )


def not_its_key_figure(frames: Frames) -> pd.DataFrame:
    """Key figures that exist, but that the unit is not asked for (K01)."""
    kpis = frames.tables["kpis"]
    known = kpis["kpi"].isin(list(frames.master.kpi_units))
    allowed = _per_unit(kpis.loc[known, "unit"], frames.master.kpis_of)
    rows = [
        index
        for index, unit, kpi in _cells(kpis[known], "unit", "kpi")
        if kpi not in allowed.get(str(unit), frozenset())
    ]
    return faults(
        rows, column=["kpi"] * len(rows), variant=["other"] * len(rows), wert=kpis.loc[rows, "kpi"]
    )


def _per_unit(units: pd.Series, keys: Callable[[str], Iterable[str]]) -> dict[str, frozenset[str]]:
    return {str(unit): frozenset(keys(str(unit))) for unit in units.dropna().unique()}


def _leading(frames: Frames, product: str) -> str:
    unit = frames.master.lead_units.get(product, "")
    return f"{unit} {frames.master.titles['units'].get(unit, '')}".strip()


def computed_lines(frames: Frames, table: Table, column: Column) -> pd.DataFrame:
    """Lines that follow from others are never typed (S16)."""
    frame = frames.tables[table.name]
    computed = {line.line: line.title for line in frames.master.lines.values() if line.computed}
    rows = frame.index[frame[column.name].isin(list(computed))]
    lines = frame.loc[rows, column.name]
    return faults(
        rows,
        column=[column.name] * len(rows),
        wert=lines,
        titel=[computed[str(line)] for line in lines],
    )


def not_its_line(frames: Frames, table: Table) -> pd.DataFrame:
    """Lines of its products that another unit plans, and lines of others' products (S17)."""
    frame, master = frames.tables[table.name], frames.master
    named = frame["product"].isin(list(master.lead_units)) & frame["line"].isin(list(master.lines))
    open_rows = named & ~frames.locked[table.name]["line"]
    combinations = frame.loc[open_rows, ["unit", "product", "line"]].drop_duplicates()
    own = _per_unit(combinations["unit"], master.products_of)
    refused = {
        (unit, product, line): planner
        for unit, product, line in combinations.itertuples(index=False, name=None)
        if product in own.get(unit, frozenset())
        and not master.lines[line].computed
        and not master.plans(unit, product, line)
        for planner in [master.central_planner(line, product) or _leading(frames, product)]
    }
    rows = [
        index
        for index, unit, product, line in _cells(frame[open_rows], "unit", "product", "line")
        if (unit, product, line) in refused
    ]
    keys = list(frame.loc[rows, ["unit", "product", "line"]].itertuples(index=False, name=None))
    return faults(
        rows,
        column=["line"] * len(rows),
        wert=frame.loc[rows, "line"],
        produkt=frame.loc[rows, "product"],
        org=[refused[key] for key in keys],
    )
