"""What the last run left in the output folder, read back: the register and the way to a figure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from pipeline.datapackage import read_csv
from pipeline.model.hierarchy import Hierarchy
from pipeline.tables import results
from pipeline.workspace import is_system_file

_COUNTED = frozenset({"accepted", "partial"})


def status(
    folder: Path, files: Sequence[tuple[str, Path]], expected_units: Sequence[str]
) -> pd.DataFrame:
    """The register of returns as the last run left it, brought up to date by file hash.

    ``folder`` is the output folder of the plan, ``files`` what lies in the input folder today. A
    file is known by its hash, whatever it is called; one that no run has judged yet is
    ``received``. A file that is gone is left out, and its unit is ``missing`` again.
    """
    path = folder / "Daten" / "register.csv"
    records = read_csv(path).to_dict("records") if path.is_file() else []
    known = [{str(name): str(value) for name, value in row.items()} for row in records]
    rows: list[dict[str, str]] = []
    for file, each in files:
        system = is_system_file(each.name)
        sha256 = _sha256(each) if each.is_file() and not system else ""
        alike = [row for row in known if row["file"] and row["sha256"] == sha256]
        named = [row for row in alike if row["file"] == file]
        found = next(iter(named or (alike if sha256 else ())), None)
        blank = {"status": "foreign" if system or each.is_dir() else "received"}
        rows.append({**(found or blank), "file": file, "sha256": sha256})
    spoken = {row.get("unit") for row in rows if row["status"] in _COUNTED}
    for unit in expected_units:
        if unit in spoken:
            continue
        earlier = next((row for row in known if not row["file"] and row["unit"] == unit), None)
        gone = {"unit": unit, "status": "missing", "money": "missing", "key_figures": "missing"}
        rows.append(earlier or gone)
    frame = pd.DataFrame(rows, columns=list(results.REGISTER.names)).fillna("").astype("string")
    return frame.sort_values(list(results.REGISTER.key), ignore_index=True)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def goals_and_years(folder: Path) -> tuple[frozenset[str], frozenset[int]]:
    """The goals (with ``ohne`` and ``allgemein``) and years that :func:`trace` can be asked for."""
    totals = read_csv(folder / "Daten" / "aggregates.csv")
    return frozenset(totals["goal"]), frozenset(int(year) for year in totals["year"])


def trace(
    folder: Path, goal: str, year: int, wanted: Mapping[str, str]
) -> tuple[dict[str, int], pd.DataFrame]:
    """The contributions behind a goal's figure of a year (its subtree, Anteilssicht), and their sum
    per kind in cents. ``wanted`` narrows by column (kind, unit, product, line, measure).
    """
    rows = read_csv(folder / "Daten" / "contributions.csv")
    goals = read_csv(folder / "Daten" / "goals.csv")
    tree = Hierarchy(dict(zip(goals["goal"], goals["parent"], strict=True)))
    below = tree.subtree([goal]) or {goal}
    hit = rows[rows["goal"].isin(list(below)) & (rows["year"] == str(year))]
    for column, value in wanted.items():
        hit = hit[hit[column] == value]
    typed = hit.astype({"cents": "Int64", "share_bp": "Int64", "year": "Int64"})
    sums = typed.groupby("kind", observed=True)["cents"].sum()
    return {str(kind): int(cents) for kind, cents in sums.items()}, typed.reset_index(drop=True)
