"""What must hold for goals and their links to products, in the master and where departments fill
them.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from pipeline.model.blocks import State
from pipeline.model.findings import Blocks, Severity
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.submission import Frames
from pipeline.rules.amounts import faults, joined
from pipeline.rules.registry import rule
from pipeline.rules.wording import per_cent_text

WHOLE = 10_000


def all_goals(frames: Frames) -> Hierarchy:
    """The master's goals and below them those of the departments in these frames."""
    own = frames.tables.get("goals", pd.DataFrame({"goal": [], "parent": []}))
    parents = dict(frames.master.goals.parents)
    for goal, parent in zip(own["goal"].fillna(""), own["parent"].fillna(""), strict=True):
        if goal:
            parents.setdefault(str(goal), str(parent))
    return Hierarchy(parents)


def _levels(frames: Frames) -> dict[str, str]:
    levels: dict[str, str] = {}
    for goals in (frames.master.tables["goals"], frames.tables.get("goals", pd.DataFrame())):
        if len(goals):
            # Of a doubled number the first row counts, as for its parent.
            for goal, level in zip(
                goals["goal"].fillna(""), goals["level"].fillna(""), strict=True
            ):
                levels.setdefault(goal, level)
    return levels


def _ranks(frames: Frames) -> dict[str, int]:
    """The rank of each level, 1 the highest."""
    levels = frames.master.tables["levels"].dropna(subset=["level", "order"])
    return {
        str(level): int(order)
        for level, order in zip(levels["level"], levels["order"], strict=True)
    }


def _broken(frames: Frames) -> pd.DataFrame:
    """Goals on a circle and goals whose parent is no goal."""
    tree = all_goals(frames)
    goals = frames.tables["goals"]
    rows = goals.index[goals["goal"].isin(list(tree.broken))]
    return faults(
        rows,
        ziel=goals.loc[rows, "goal"],
        ober=goals.loc[rows, "parent"].fillna("–"),
    )


def _without_ancestor(frames: Frames) -> pd.DataFrame:
    """Goals of a level that must refer upwards, but do not reach the highest level."""
    tree, levels, ranks = all_goals(frames), _levels(frames), _ranks(frames)
    flags = frames.master.tables["levels"]
    must = set(flags.loc[flags["refers_up"].fillna(False), "level"].dropna())
    top = min(ranks.values(), default=0)
    goals = frames.tables["goals"]
    rows: list[int] = []
    named = goals["goal"].dropna()
    for index, goal in zip(named.index, named, strict=True):
        path = tree.ancestry.get(str(goal), (str(goal),))
        reached = ranks.get(levels.get(path[-1], ""), top)
        if levels.get(str(goal)) in must and reached != top and not tree.broken.intersection(path):
            rows.append(int(index))
    return faults(rows, ziel=goals.loc[rows, "goal"], ebene=goals.loc[rows, "level"].fillna("–"))


@rule("S06", "goals.parent", Severity.ERROR, Blocks.MONEY)
def broken_branch(frames: Frames) -> pd.DataFrame:
    """Goals that departments filled hang on known goals and do not point at each other in a
    circle.
    """
    return _broken(frames)


@rule("S06", "goals.parent", Severity.ERROR, Blocks.RETURN, workbook="master")
def broken_goal_tree(frames: Frames) -> pd.DataFrame:
    """The master's goals form a forest: every parent exists, no circle."""
    return _broken(frames)


@rule("S07", "goals.parent", Severity.ERROR, Blocks.MONEY)
def department_goal_without_ancestor(frames: Frames) -> pd.DataFrame:
    """Where a level must refer upwards (Hamm's rule), the department's goal reaches the highest
    level.
    """
    return _without_ancestor(frames)


@rule("S07", "goals.parent", Severity.ERROR, Blocks.RETURN, workbook="master")
def goal_without_ancestor(frames: Frames) -> pd.DataFrame:
    """The same for goals that finance keeps."""
    return _without_ancestor(frames)


@rule("S30", "goals.parent", Severity.ERROR, Blocks.MONEY)
def parent_is_not_above(frames: Frames) -> pd.DataFrame:
    """A department's goal serves a goal of a higher level."""
    levels, ranks = _levels(frames), _ranks(frames)
    goals = frames.tables["goals"]
    own = goals["level"].map(ranks)
    above = goals["parent"].map(levels).map(ranks)
    rows = goals.index[(own.notna() & above.notna() & (above >= own)).to_numpy(dtype=bool)]
    return faults(
        rows,
        ziel=goals.loc[rows, "goal"].fillna("–"),
        ober=goals.loc[rows, "parent"],
        ebene=goals.loc[rows, "parent"].map(levels),
    )


@rule("S09", "product_goals.share", Severity.ERROR, Blocks.RETURN, workbook="master")
def shares_above_the_whole(frames: Frames) -> pd.DataFrame:
    """The shares of a product over additive goals sum to 100 per cent at most; the last row is
    named.
    """
    links = frames.tables["product_goals"]
    counted = links[links["goal"].isin(list(frames.master.additive_goals)) & links["share"].notna()]
    sums = counted.groupby("product", sort=True)["share"].sum()
    above = [str(product) for product, share in sums.items() if share > WHOLE]
    rows = counted.index[
        counted["product"].isin(above) & ~counted["product"].duplicated(keep="last")
    ]
    return faults(
        rows,
        nr=counted.loc[rows, "product"],
        summe=[per_cent_text(int(sums[each])) for each in counted.loc[rows, "product"]],
    )


@rule("S09", "product_goals.share", Severity.ERROR, Blocks.MONEY)
def refined_beyond_the_given_share(frames: Frames) -> pd.DataFrame:
    """A department's links below a goal sum to the share that the master gives that goal, at most.

    What has no given goal above it refines nothing (design, 4).
    """
    tree = all_goals(frames)
    links = frames.tables["product_goals"]
    given = {
        product: {goal: share for goal, share in pairs if share is not None}
        for product, pairs in frames.master.product_links.items()
    }
    above = pd.Series(
        [
            _given_above(tree, given.get(str(product), {}), str(goal))
            for product, goal in zip(
                links["product"].fillna(""), links["goal"].fillna(""), strict=True
            )
        ],
        index=links.index,
        dtype="string",
    )
    known = links["goal"].isin(list(tree.parents)) & links["product"].isin(
        list(frames.master.lead_units)
    )
    lost = links.index[known & above.isna()]
    pieces = [
        faults(
            lost,
            column=["goal"] * len(lost),
            variant=["without_link"] * len(lost),
            nr=links.loc[lost, "product"],
            ziel=links.loc[lost, "goal"],
        )
    ]
    below = links[known & above.notna() & links["share"].notna()].assign(above=above)
    for (_, product, goal), rows in below.groupby(["file", "product", "above"], sort=True):
        total, limit = int(rows["share"].sum()), given[str(product)][str(goal)]
        if total > limit:
            pieces.append(
                faults(
                    rows.index[-1:],
                    variant=["refined"],
                    nr=[str(product)],
                    ziel=[str(goal)],
                    summe=[per_cent_text(total)],
                    soll=[per_cent_text(limit)],
                )
            )
    return joined(pieces)


def _given_above(tree: Hierarchy, given: Mapping[str, int], goal: str) -> str | None:
    """The nearest goal from ``goal`` upwards to which the master gives a share."""
    return next((each for each in tree.ancestry.get(goal, ()) if each in given), None)


@rule("S08", "products.product", Severity.NOTE, workbook="master")
def product_without_goal(frames: Frames) -> pd.DataFrame:
    """Allowed: its money is shown under «ohne Zielzuordnung»."""
    products = frames.tables["products"]
    linked = set(frames.tables["product_goals"]["product"].dropna())
    general = products["general_funding"].fillna(False)
    rows = products.index[
        products["product"].notna() & ~products["product"].isin(list(linked)) & ~general
    ]
    return faults(rows, nr=products.loc[rows, "product"])


@rule("S11", "goals.goal", Severity.WARNING, workbook="master")
def goal_that_nothing_serves(frames: Frames) -> pd.DataFrame:
    """A root goal with neither product nor key figure at itself or below; dormant ones are left
    out.
    """
    goals, tree = frames.tables["goals"], frames.master.goals
    serving: set[str] = set()
    for table in ("product_goals", "kpis"):
        for goal in frames.tables[table]["goal"].dropna().unique():
            serving.update(tree.ancestry.get(str(goal), ()))
    roots = goals["parent"].isna() & goals["goal"].notna()
    active = ~goals["state"].fillna("").isin(["ruhend", "nicht messbar"])
    rows = goals.index[roots & active & ~goals["goal"].isin(list(serving))]
    return faults(rows, ziel=goals.loc[rows, "goal"])


@rule("S23", "product_goals.share", Severity.WARNING, workbook="master")
def share_that_does_not_count(frames: Frames) -> pd.DataFrame:
    """A share at a goal that is never added (framework condition, cross-cutting goal) moves no
    money.
    """
    links = frames.tables["product_goals"]
    known = links["goal"].isin(list(frames.master.goals.parents))
    tag = known & ~links["goal"].isin(list(frames.master.additive_goals))
    rows = links.index[tag & links["share"].notna()]
    return faults(rows, nr=links.loc[rows, "product"], ziel=links.loc[rows, "goal"])


@rule("S24", "product_goals.share", Severity.WARNING, workbook="master")
def link_without_share(frames: Frames) -> pd.DataFrame:
    """A link to a goal that counts, but without a share: the product serves it and brings it no
    money.
    """
    links = frames.tables["product_goals"]
    additive = links["goal"].isin(list(frames.master.additive_goals))
    readable = frames.states["product_goals"]["share"] != State.UNREADABLE
    rows = links.index[additive & links["share"].isna() & readable]
    return faults(rows, nr=links.loc[rows, "product"], ziel=links.loc[rows, "goal"])


@rule("S32", "goals.parent", Severity.ERROR, Blocks.MONEY)
def parent_of_another_branch(frames: Frames) -> pd.DataFrame:
    """A department's goal serves a goal of its own branch of the organisation or of the group.

    A goal without unit, or of the top of the organisation, is the group's. Goals of departments
    belong to the unit that returned them.
    """
    master, goals = frames.master, frames.tables["goals"]
    given = master.tables["goals"]
    owners = dict(zip(given["goal"].fillna(""), given["unit"].fillna(""), strict=True))
    for goal, unit in zip(goals["goal"].fillna(""), goals["unit"].fillna(""), strict=True):
        owners.setdefault(str(goal), str(unit))
    tops = {unit for unit, parent in master.units.parents.items() if not parent}
    rows = []
    for index, unit, parent in zip(goals.index, goals["unit"], goals["parent"], strict=True):
        owner = "" if parent is pd.NA else owners.get(str(parent), "")
        if owner and owner not in tops and owner not in master.units.ancestry.get(str(unit), ()):
            rows.append(int(index))
    owner_titles = goals.loc[rows, "parent"].map(owners)
    return faults(
        rows,
        ziel=goals.loc[rows, "goal"].fillna("–"),
        ober=goals.loc[rows, "parent"],
        org=owner_titles.map(lambda unit: f"{unit} {master.titles['units'].get(unit, '')}".strip()),
    )
