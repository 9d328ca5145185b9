"""Money on goals: the split of every figure and the sums along the tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from pipeline.tables import choices, results
from pipeline.verification.difference import Difference
from pipeline.verification.evidence import Evidence, Figure
from pipeline.verification.reading import WHOLE, euro_text


def goals_match_the_master(evidence: Evidence) -> Iterator[Difference]:
    """``goals.csv`` shows the goals of the master workbook with their parents."""
    printed = {row["goal"]: row["parent"] for row in evidence.rows("goals")}
    for goal, parent in evidence.master.parents.items():
        if printed.get(goal) != parent:
            yield Difference(
                check="goals",
                file="Daten/goals.csv",
                expected=parent,
                found=printed.get(goal, ""),
                explanation=f"Das Ziel {goal} fehlt hier oder hat ein anderes Oberziel.",
            )


Shares = list[tuple[str, int]]
"""(goal, basis points) that make a whole, in the order that breaks ties."""


def _shares(evidence: Evidence) -> dict[tuple[str, str, str], Shares]:
    """Where the money of every (unit, product, measure) that counts goes."""
    keys = {(each.unit, each.product, each.measure) for each in evidence.figures if each.counts}
    return {key: _shares_of(evidence, *key) for key in keys}


def _shares_of(evidence: Evidence, unit: str, product: str, number: str) -> Shares:
    """The measure's own goal, else general funding, else the links and ``ohne`` for the rest."""
    measure = evidence.measure(unit, number)
    if measure is not None and measure.goal and measure.goal not in evidence.master.tags:
        return [(measure.goal, WHOLE)]
    if product in evidence.master.general_funding:
        return [(choices.GENERAL_FUNDING, WHOLE)]
    links = _additive_links(evidence, unit, product)
    rest = WHOLE - sum(share for _, share in links)
    return [*links, (choices.WITHOUT_GOAL, rest)] if rest > 0 else links


def _additive_links(evidence: Evidence, unit: str, product: str) -> Shares:
    """The product's money on goals, in goal order.

    A department's refinement moves only its own rows: the refined goal takes its share from the
    nearest linked goal above it; what is left stays there.
    """
    shares: Counter[str] = Counter()
    for goal, share in evidence.master.links.get(product, []):
        if share is not None and goal not in evidence.master.tags:
            shares[goal] += share
    linked = dict(shares)
    for goal, share in evidence.refinement(unit, product):
        owner = next((each for each in evidence.lineage(goal) if each in linked), None)
        if owner is not None and owner != goal:
            shares[owner] -= share
            shares[goal] += share
    return sorted(
        (goal, share) for goal, share in shares.items() if share or not linked.get(goal, 1)
    )


def largest_remainder(amount: int, shares: Shares) -> list[int]:
    """Whole cents per share that make the amount: largest fractions first, ties as given."""
    exact = [Fraction(abs(amount) * share, WHOLE) for _, share in shares]
    cents = [part.numerator // part.denominator for part in exact]
    order = sorted(range(len(shares)), key=lambda at: cents[at] - exact[at])
    for at in order[: max(0, abs(amount) - sum(cents))]:
        cents[at] += 1
    return cents if amount >= 0 else [-part for part in cents]


def split(evidence: Evidence) -> Iterator[tuple[Figure, str, int, int]]:
    """Every figure that counts with its parts: goal, basis points, cents."""
    shares = _shares(evidence)
    for figure in evidence.figures:
        if figure.counts:
            own = shares[figure.unit, figure.product, figure.measure]
            for (goal, share), cents in zip(own, largest_remainder(figure.cents, own), strict=True):
                yield figure, goal, share, cents


def _served(evidence: Evidence, unit: str, product: str, number: str) -> frozenset[str]:
    """The goals of a row in the Bezugssicht with their ancestors: the measure's, else all links."""
    measure = evidence.measure(unit, number)
    if measure is not None and measure.goal:
        assigned = {measure.goal}
    elif product in evidence.master.general_funding:
        return frozenset({choices.GENERAL_FUNDING})
    else:
        assigned = {goal for goal, _ in evidence.master.links.get(product, [])}
        assigned |= {goal for goal, _ in _additive_links(evidence, unit, product)}
    reached = {node for goal in assigned for node in evidence.lineage(goal)}
    return frozenset(reached or {choices.WITHOUT_GOAL})


def _contribution(row: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in results.CONTRIBUTIONS.names)


def contributions_follow_from_figures(evidence: Evidence) -> Iterator[Difference]:
    """Each figure that counts is split over its goals, general funding and ``ohne``."""
    expected = Counter(
        _contribution({**vars(figure), "goal": goal, "share_bp": share, "cents": cents})
        for figure, goal, share, cents in split(evidence)
    )
    found = Counter(_contribution(row) for row in evidence.rows("contributions"))
    for row in expected - found:
        yield _of_contribution(row, wanted=True)
    for row in found - expected:
        yield _of_contribution(row, wanted=False)


def _of_contribution(texts: tuple[str, ...], *, wanted: bool) -> Difference:
    row = dict(zip(results.CONTRIBUTIONS.names, texts, strict=True))
    part = f"{row['share_bp']} Basispunkte: {row['cents']} Cent"
    fault = "fehlt in contributions.csv" if wanted else "folgt nicht aus den Anteilen"
    return Difference(
        check="contributions",
        file=row["file"],
        sheet=row["sheet"],
        cell=row["cell"],
        expected=part if wanted else "",
        found="" if wanted else part,
        explanation=f"Der Beitrag zum Ziel {row['goal']} im Jahr {row['year']} {fault}.",
    )


Sums = dict[tuple[str, str, str, int], int]


def goal_sums(evidence: Evidence) -> Sums:
    """(view, goal, kind, year) → cents, by walking from each figure up the parents."""
    sums: Sums = defaultdict(int)
    for figure, goal, _, cents in split(evidence):
        for node in evidence.lineage(goal) or [goal]:
            sums["anteil", node, figure.kind, figure.year] += cents
    served = {key: _served(evidence, *key) for key in _shares(evidence)}
    for figure in evidence.figures:
        if figure.counts:
            for node in served[figure.unit, figure.product, figure.measure]:
                sums["bezug", node, figure.kind, figure.year] += figure.cents
    return sums


def aggregates_follow_from_figures(evidence: Evidence) -> Iterator[Difference]:
    """Both views, every goal, kind and year; parents and roles as the master workbook says."""
    sums = goal_sums(evidence)
    goals = [*evidence.parents, choices.WITHOUT_GOAL, choices.GENERAL_FUNDING]
    wanted = {
        (view, goal, kind, year): sums.get((view, goal, kind, year), 0)
        for view in ("anteil", "bezug")
        for goal in goals
        for kind in choices.ALL_KINDS
        for year in evidence.master.roles
    }
    found: Sums = {}
    for row in evidence.rows("aggregates"):
        year = evidence.whole(row, "year", "aggregates")
        found[row["view"], row["goal"], row["kind"], year] = evidence.whole(
            row, "cents", "aggregates"
        )
        parent = evidence.parents.get(row["goal"], "")
        if row["parent"] != parent:
            yield Difference(
                check="aggregates",
                file="Daten/aggregates.csv",
                expected=parent,
                found=row["parent"],
                explanation=f"Das Oberziel von {row['goal']} ist in den Stammdaten ein anderes.",
            )
        if row["role"] != evidence.master.roles.get(year):
            yield Difference(
                check="aggregates",
                file="Daten/aggregates.csv",
                expected=evidence.master.roles.get(year, ""),
                found=row["role"],
                explanation=f"Die Rolle des Jahres {year} ist in den Stammdaten eine andere.",
            )
    yield from sum_differences("aggregates", wanted, found, _named)


def _named(key: tuple[str, str, str, int]) -> str:
    view, goal, kind, year = key
    kind = choices.label(choices.KINDS, kind)
    return f"{view.capitalize()}ssicht, Ziel {goal}, {kind}, {year}"


def sum_differences(
    check: str, wanted: Sums, found: Sums, name: Callable[[tuple[str, str, str, int]], str]
) -> Iterator[Difference]:
    """Sums that differ, that are missing, and that should not be there."""
    for key in {**wanted, **found}:
        should, was = wanted.get(key), found.get(key)
        if should == was:
            continue
        yield Difference(
            check=check,
            file=f"Daten/{check}.csv",
            expected="" if should is None else euro_text(should),
            found="" if was is None else euro_text(was),
            explanation=f"{name(key)}: "
            + (
                "Die Summe fehlt."
                if was is None
                else "Diese Zeile gehört nicht hierher."
                if should is None
                else "Die Summe stimmt nicht mit den Beträgen überein."
            ),
        )
