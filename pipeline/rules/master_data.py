"""What must hold in the master workbook beyond single columns, keys and references; every error
refuses the run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from pipeline.model.findings import Blocks, Severity
from pipeline.model.master import Line, lines_between
from pipeline.model.submission import Frames
from pipeline.model.tables import Column, Kind
from pipeline.rules.amounts import faults, joined
from pipeline.rules.key_figures import catalogue, contradiction, worse
from pipeline.rules.registry import WHOLE_SHEET, by_id, rule
from pipeline.rules.wording import listed
from pipeline.tables.master import MASTER_TABLES, REQUIRED_MASTER_TABLES, SETTING_VALUES

_TERM = re.compile(r"\s*([+\-−]?)\s*([^\s+\-−.]+)(?:\.\.([^\s+\-−.]+))?")
_SHEETS = {table.name: table.sheet for table in MASTER_TABLES}
WAIVER_KEY = re.compile(r"\s*([a-z_]+)\s*=\s*(.*?)\s*")
"""One part of a waiver's key, such as ``product=111.10``."""


@rule("S21", "settings.setting", Severity.ERROR, Blocks.RETURN, workbook="master")
def sheet_is_empty(frames: Frames) -> pd.DataFrame:
    """Without years, units, products and lines there is nothing to plan; a missing sheet is named
    while reading.
    """
    file = next((blocks[0].file for blocks in frames.blocks.values() if blocks), "")
    rows = [
        {"file": file, "unit": "", "blatt": _SHEETS[name], "variant": "empty"}
        for name in REQUIRED_MASTER_TABLES
        if frames.tables[name].empty
    ]
    return pd.DataFrame(rows, index=[WHOLE_SHEET] * len(rows))


@rule("S20", "settings.value", Severity.ERROR, Blocks.RETURN, workbook="master")
def setting_out_of_range(frames: Frames) -> pd.DataFrame:
    """A number within its bounds, a pattern that can be applied; kinds and missing settings are
    judged while reading.
    """
    settings = frames.tables["settings"]
    columns = {column.name: column for column, _ in SETTING_VALUES}
    hits = [
        (int(index), columns[str(name)], str(value).strip())
        for index, name, value in zip(
            settings.index, settings["setting"], settings["value"], strict=True
        )
        if not pd.isna(value)
        and str(name) in columns
        and not _in_range(columns[str(name)], str(value).strip())
    ]
    return faults(
        (index for index, _, _ in hits),
        einstellung=[column.title for _, column, _ in hits],
        wert=[value for _, _, value in hits],
    )


def _in_range(column: Column, value: str) -> bool:
    if column.name == "product_pattern":
        return _is_pattern(value)
    if column.kind is not Kind.INTEGER or not re.fullmatch(r"-?\d+", value):
        return True
    low, high = column.minimum, column.maximum
    return (low is None or int(value) >= low) and (high is None or int(value) <= high)


def _is_pattern(value: str) -> bool:
    try:
        re.compile(value)
    except re.error:
        return False
    return True


@rule("S22", "products.product", Severity.ERROR, Blocks.RETURN, workbook="master")
def product_number_of_another_form(frames: Frames) -> pd.DataFrame:
    """The setting ``product_pattern`` says how product numbers look; without it any number is
    allowed.
    """
    pattern = frames.master.settings.product_pattern
    products = frames.tables["products"]
    if not pattern or not _is_pattern(pattern):
        return pd.DataFrame()
    fits = products["product"].str.fullmatch(pattern).fillna(True).astype(bool)
    rows = products.index[~fits]
    return faults(rows, nr=products.loc[rows, "product"], muster=[pattern] * len(rows))


@rule("S25", "years.year", Severity.ERROR, Blocks.RETURN, workbook="master")
def budget_years_do_not_fit(frames: Frames) -> pd.DataFrame:
    """The entered years of role Ansatz are those that the settings announce: their number and the
    first one.
    """
    years, settings = frames.tables["years"], frames.master.settings
    if years.empty:
        return pd.DataFrame()
    entered = years[
        (years["role"] == "budget").fillna(False) & (years["entry"] == "Eingabe").fillna(False)
    ]
    budget = sorted(int(year) for year in entered["year"].dropna())
    wanted = [settings.budget_year + number for number in range(settings.budget_years)]
    if budget == wanted:
        return pd.DataFrame()
    where = int(entered.index[0]) if len(entered) else int(years.index[0])
    return faults(
        [where],
        soll=[listed([str(year) for year in wanted])],
        ist=[listed([str(year) for year in budget]) or "keines"],
    )


@rule("S26", "units.parent", Severity.ERROR, Blocks.RETURN, workbook="master")
def circle_of_units(frames: Frames) -> pd.DataFrame:
    """The organisation is a forest; a missing parent is named as an unknown unit."""
    units, tree = frames.tables["units"], frames.master.units
    known = units["parent"].isin(list(tree.parents))
    rows = units.index[units["unit"].isin(list(tree.broken)) & known]
    return faults(rows, einheit=units.loc[rows, "unit"], ober=units.loc[rows, "parent"])


@rule("S19", "lines.formula", Severity.ERROR, Blocks.RETURN, workbook="master")
def formula_that_leads_nowhere(frames: Frames) -> pd.DataFrame:
    """A computed line sums or joins known lines of the plan, and never itself in a roundabout
    way.
    """
    master_lines, lines = frames.master.lines, frames.tables["lines"]
    hits: list[tuple[int, str, str, str]] = []
    needs: dict[str, set[str]] = {}
    named = lines["line"].dropna()
    for index, line in zip(named.index, named, strict=True):
        known = master_lines[str(line)]
        if not known.computed:
            continue
        parts = formula_parts(known, master_lines)
        unknown = [part for part in parts or () if part not in master_lines]
        if not known.formula:
            hits.append((int(index), "missing", "", known.line))
        elif parts is None:
            hits.append((int(index), "unreadable", "", known.line))
        elif unknown:
            hits.append((int(index), "", listed(sorted(set(unknown))), known.line))
        else:
            needs[known.line] = set(parts)
    for line in _in_circles(needs):
        where = lines.index[lines["line"] == line][0]
        hits.append((int(where), "circle", "", line))
    return faults(
        (where for where, *_ in hits),
        variant=[variant for _, variant, _, _ in hits],
        fehlt=[missing for _, _, missing, _ in hits],
        zeilennummer=[line for *_, line in hits],
        formel=[master_lines[line].formula for *_, line in hits],
    )


def formula_parts(line: Line, lines: Mapping[str, Line]) -> tuple[str, ...] | None:
    """The lines a formula speaks of; a range stands for the entered lines within its bounds, or for
    itself where there are none. ``None`` if unreadable.
    """
    parts: list[str] = []
    position = 0
    while position < len(line.formula.rstrip()):
        term = _TERM.match(line.formula, position)
        if term is None or (position and not term[1]):
            return None
        if term[3]:
            within = lines_between(term[2], term[3], line.plan, lines)
            parts.extend(within or (f"{term[2]}..{term[3]}",))
        else:
            parts.append(term[2])
        position = term.end()
    return tuple(parts)


def _in_circles(needs: Mapping[str, set[str]]) -> list[str]:
    waiting = {line: parts & needs.keys() for line, parts in needs.items()}
    while ready := [line for line, parts in waiting.items() if not parts & waiting.keys()]:
        for line in ready:
            del waiting[line]
    return list(waiting)


@rule("S27", "rules.rule", Severity.WARNING, workbook="master")
def unknown_rule(frames: Frames) -> pd.DataFrame:
    """A rule id that does not exist changes nothing."""
    return _unknown_rules(frames, "rules")


@rule("S27", "waivers.rule", Severity.WARNING, workbook="master")
def waiver_of_an_unknown_rule(frames: Frames) -> pd.DataFrame:
    """The same for waivers."""
    return _unknown_rules(frames, "waivers")


def _unknown_rules(frames: Frames, table: str) -> pd.DataFrame:
    frame = frames.tables[table]
    rows = frame.index[frame["rule"].notna() & ~frame["rule"].isin(list(by_id()))]
    return faults(rows, wert=frame.loc[rows, "rule"])


@rule("S28", "waivers.key", Severity.WARNING, workbook="master")
def waiver_key_that_cannot_be_read(frames: Frames) -> pd.DataFrame:
    """A key is written ``product=…; line=…; year=…``; anything else waives nothing."""
    waivers = frames.tables["waivers"]
    stated = waivers["key"].dropna()
    rows = [
        int(index)
        for index, key in zip(stated.index, stated, strict=True)
        if waiver_key(str(key)) is None
    ]
    return faults(rows, wert=waivers.loc[rows, "key"])


def waiver_key(text: str) -> dict[str, str] | None:
    """The parts of a waiver's key; ``None`` where it cannot be read."""
    parts: dict[str, str] = {}
    for piece in filter(None, (each.strip() for each in text.split(";"))):
        part = WAIVER_KEY.fullmatch(piece)
        if part is None:
            return None
        parts[part[1]] = part[2]
    return parts


@rule("K08", "previous_kpis.target", Severity.WARNING, workbook="master")
def earlier_target_worse_than_the_start(frames: Frames) -> pd.DataFrame:
    """A target of an earlier year that contradicts the direction: attainment would be upside
    down.
    """
    known = catalogue(frames.master)
    rows = frames.tables["previous_kpis"]
    hits = [
        (int(index), known[str(kpi)], target)
        for index, kpi, target in zip(rows.index, rows["kpi"], rows["target"], strict=True)
        if not pd.isna(kpi)
        and not pd.isna(target)
        and str(kpi) in known
        and worse(known[str(kpi)], target)
    ]
    words = [{"nr": kpi.name, **contradiction(kpi, target)} for _, kpi, target in hits]
    return pd.DataFrame(words, index=[index for index, _, _ in hits])


@rule("K13", "kpis.denominator", Severity.WARNING, workbook="master")
def part_that_nobody_knows(frames: Frames) -> pd.DataFrame:
    """Numerator and denominator name a key figure or a base value, or are empty (then they are
    entered).
    """
    kpis = frames.tables["kpis"]
    names = {*kpis["kpi"].dropna(), *frames.tables["base_values"]["name"].dropna()}
    pieces = []
    for column, title in (("numerator", "Zähler"), ("denominator", "Nenner")):
        rows = kpis.index[kpis[column].notna() & ~kpis[column].isin(list(names))]
        pieces.append(
            faults(
                rows,
                column=[column] * len(rows),
                feld=[title] * len(rows),
                wert=kpis.loc[rows, column],
                nr=kpis.loc[rows, "kpi"].fillna("–"),
            )
        )
    return joined(pieces)
