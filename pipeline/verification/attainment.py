"""How far goals are reached: counts, coverage and the mean, rolled up along the tree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pipeline.verification.difference import Difference
from pipeline.verification.evidence import Evidence
from pipeline.verification.reading import (
    WHOLE,
    Area,
    basis_points_in,
    blank,
    date_in,
    number_in,
    rounded,
)


@dataclass(frozen=True, kw_only=True)
class _Attained:
    """What is known of a goal: the mean over what has data, its share of the weight, two counts."""

    mean: Fraction | None
    coverage: Fraction
    with_data: int
    kpis: int


def _rolled_up(children: Iterable[tuple[Fraction, _Attained]]) -> _Attained:
    items = list(children)
    weight = sum((each for each, _ in items), Fraction(0))
    known = [(each, child.mean) for each, child in items if child.mean is not None]
    known_weight = sum((each for each, _ in known), Fraction(0))
    return _Attained(
        mean=sum((each * mean for each, mean in known), Fraction(0)) / known_weight
        if known_weight
        else None,
        coverage=sum((each * child.coverage for each, child in items), Fraction(0)) / weight
        if weight
        else Fraction(0),
        with_data=sum(child.with_data for _, child in items),
        kpis=sum(child.kpis for _, child in items),
    )


def attainment_follows_from_key_figures(evidence: Evidence) -> Iterator[Difference]:
    """The roll-up along the goal tree, from the rated key figures of ``kpi_results.csv``.

    Those are rounded to basis points already, so the mean may differ by one; coverage and counts
    may not.
    """
    rows = evidence.rows("attainment")
    seen = Counter((row["goal"], evidence.whole(row, "year", "attainment")) for row in rows)
    for row in rows:
        if row["goal"] not in evidence.parents:
            yield _of_attainment(row, "goal", "", "Dieses Ziel gibt es nicht.")
            continue
        state = _attained(evidence, row["goal"], evidence.whole(row, "year", "attainment"))
        yield from _attainment_differences(evidence, row, state)
    past = [year for year, role in evidence.master.roles.items() if role == "actual"]
    for goal in evidence.parents:
        for year in past:
            if seen[goal, year] != 1:
                yield Difference(
                    check="attainment",
                    file="Daten/attainment.csv",
                    expected="1",
                    found=str(seen[goal, year]),
                    explanation=f"Das Ziel {goal} muss für {year} genau einmal vorkommen.",
                )


def _attained(evidence: Evidence, goal: str, year: int) -> _Attained:
    children = [
        (_weight(evidence.goal_weights.get(child, "")), _attained(evidence, child, year))
        for child, parent in evidence.parents.items()
        if parent == goal and child not in evidence.lineage(goal)
    ]
    for area, row in evidence.master.records("kpis"):
        if area.text(row, "goal") == goal and _rated(evidence, area, row):
            capped = evidence.capped.get((area.text(row, "kpi"), year))
            known = capped is not None
            key_figure = _Attained(
                mean=None if capped is None else Fraction(capped),
                coverage=Fraction(known),
                with_data=int(known),
                kpis=1,
            )
            children.append((_weight(area.value(row, "weight")), key_figure))
    return _rolled_up(children)


def _rated(evidence: Evidence, area: Area, row: int) -> bool:
    """Whether a key figure says how far a goal is reached; a milestone does so after its date."""
    if area.text(row, "direction") == "nachrichtlich":
        return False
    due = date_in(area.value(row, "due_date"))
    if area.text(row, "kind") != "Meilenstein" or not due:
        return True
    return date_in(evidence.master.setting("as_of")) > due


def _weight(value: object) -> Fraction:
    number = None if blank(value) else number_in(value)
    return Fraction(1) if number is None else Fraction(number)


def _of_attainment(
    row: Mapping[str, str], column: str, expected: str, explanation: str
) -> Difference:
    return Difference(
        check="attainment",
        file="Daten/attainment.csv",
        expected=expected,
        found=row[column],
        explanation=f"Ziel {row['goal']}, {row['year']}: {explanation}",
    )


def _attainment_differences(
    evidence: Evidence, row: Mapping[str, str], state: _Attained
) -> Iterator[Difference]:
    for column, should, name in (
        ("kpis", state.kpis, "Die Zahl der Kennzahlen"),
        ("kpis_with_data", state.with_data, "Die Zahl der Kennzahlen mit Daten"),
        ("coverage_bp", rounded(state.coverage * WHOLE), "Die Abdeckung"),
    ):
        if row[column] != str(should):
            yield _of_attainment(row, column, str(should), f"{name} stimmt nicht.")
    if state.mean is None:
        if row["attainment_bp"]:
            yield _of_attainment(
                row, "attainment_bp", "", "Es gibt keine Daten, also auch keine Zielerreichung."
            )
    elif not row["attainment_bp"].isdigit() or abs(int(row["attainment_bp"]) - state.mean) > 1:
        yield _of_attainment(
            row, "attainment_bp", str(rounded(state.mean)), "Die Zielerreichung stimmt nicht."
        )
    allowed = _traffic_lights(evidence, state)
    if row["state"] not in allowed:
        yield _of_attainment(
            row,
            "state",
            " oder ".join(sorted(allowed)),
            "Der Stand passt nicht zur Zielerreichung.",
        )


def _traffic_lights(evidence: Evidence, state: _Attained) -> set[str]:
    """The state; two of them where the rounding of the key figures leaves it open."""
    if not state.kpis:
        return {"not_rated"}
    if state.mean is None:
        return {"no_data"}
    if state.coverage * WHOLE < _limit(evidence, "coverage_from", 5_000):
        return {"low_coverage"}
    green, yellow = _limit(evidence, "green_from", 9_500), _limit(evidence, "yellow_from", 8_000)
    return {
        "green" if mean >= green else "yellow" if mean >= yellow else "red"
        for mean in (state.mean - 1, state.mean, state.mean + 1)
    }


def _limit(evidence: Evidence, setting: str, default: int) -> int:
    given = basis_points_in(evidence.master.setting(setting))
    return default if given is None else given
