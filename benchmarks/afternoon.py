"""What a clever colleague would write in an afternoon: read_excel, concat, groupby, to_excel.

It is the yardstick of `chain.py`, not a part of the product: it finds cells by position, lets
floats add up money, says nothing about errors and knows no way back to a cell.

    python benchmarks/afternoon.py FOLDER_WITH_RETURNS MASTER_WORKBOOK TARGET_WORKBOOK
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

from stopwatch import Stopwatch

HEADER_ROW = 2
"""The hidden key row holds machine names; a colleague would use it as a header."""
YEARS = ("amount_2027", "amount_2028", "amount_2029", "amount_2030")


def main(folder: Path, master: Path, target: Path) -> None:
    """Read everything, look for the worst, add up, write."""
    watch = Stopwatch()
    import pandas as pd  # noqa: PLC0415 - its import is a stage of its own

    watch.stage("import")
    costs, measures, kpis = [], [], []
    for path in sorted(folder.glob("*.xlsx")):
        with pd.ExcelFile(path, engine="openpyxl") as book:
            for sheet, frames, key in (
                ("Ansätze", costs, "product"),
                ("Maßnahmen", measures, "title"),
                ("Kennzahlen", kpis, "kpi"),
            ):
                frame = book.parse(sheet, header=HEADER_ROW, dtype={"line": str, "product": str})
                frame = frame.iloc[3:].dropna(subset=[key])
                frames.append(frame.assign(unit=path.stem, file=path.name))
    shares = pd.read_excel(
        master, sheet_name="Produktziele", header=HEADER_ROW, dtype={"product": str, "goal": str}
    )
    shares = shares.iloc[3:].dropna(subset=["goal"])
    watch.stage("read")

    all_costs = pd.concat(costs, ignore_index=True)
    all_measures = pd.concat(measures, ignore_index=True)
    all_kpis = pd.concat(kpis, ignore_index=True)
    for year in YEARS:
        all_costs[year] = pd.to_numeric(all_costs[year], errors="coerce")
    unreadable = all_costs[all_costs[YEARS[0]].isna()]
    unknown = all_costs[~all_costs["product"].isin(shares["product"])]
    doubled = all_measures[all_measures.duplicated(["unit", "measure"])]
    watch.stage("validate")

    continued = all_costs["continuation"] == "wie Ansatz"
    for before, year in pairwise(YEARS):
        all_costs[year] = all_costs[year].mask(
            continued & all_costs[year].isna(), all_costs[before]
        )
    split = all_costs.merge(shares[["product", "goal", "share"]], on="product", how="left")
    for year in YEARS:
        split[year] = split[year] * split["share"].astype(float) / 100
    by_goal = split.groupby(["goal", "line"])[list(YEARS)].sum().reset_index()
    by_product = all_costs.groupby(["product", "line"])[list(YEARS)].sum().reset_index()
    by_unit = all_costs.groupby(["unit", "line"])[list(YEARS)].sum().reset_index()
    watch.stage("aggregate")

    with pd.ExcelWriter(target) as writer:
        for name, frame in {
            "Ziele": by_goal,
            "Produkte": by_product,
            "Einheiten": by_unit,
            "Maßnahmen": all_measures,
            "Kennzahlen": all_kpis,
            "Fehler": pd.concat([unreadable, unknown, doubled]),
            "Daten": split,
        }.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    watch.stage("write")
    watch.report(rows=len(all_costs))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
