"""The line plan, with an evaluator of formulas of its own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.verification.difference import Difference
from pipeline.verification.evidence import Evidence, Figure
from pipeline.verification.goals import Sums, sum_differences

_TERM = re.compile(r"([+\-\u2212]?)\s*([^+\-\u2212\s]+)")


@dataclass(frozen=True)
class LinePlan:
    """The line plan with its own evaluator of formulas: ``01..09``, ``26+27-28`` and both."""

    formulas: Mapping[str, str]
    order: Sequence[str]

    def amount(
        self, line: str, entered: Mapping[str, int], above: frozenset[str] = frozenset()
    ) -> int:
        """The amount of a line from the entered ones; a circle of formulas counts nothing."""
        formula = self.formulas.get(line, "")
        if not formula:
            return entered.get(line, 0)
        if line in above:
            return 0
        total = 0
        for sign, term in _TERM.findall(formula):
            value = (
                sum(entered.get(each, 0) for each in self._range(term))
                if ".." in term
                else self.amount(term, entered, above | {line})
            )
            total += value if sign in {"", "+"} else -value
        return total

    def parts(self, line: str) -> list[str]:
        """The lines that a formula names singly; ranges hold entered lines only."""
        terms = _TERM.findall(self.formulas.get(line, ""))
        return [term for _, term in terms if ".." not in term]

    def _range(self, term: str) -> list[str]:
        """The entered lines from the first to the last one named, in the order of the sheet."""
        first, _, last = term.partition("..")
        if first not in self.order or last not in self.order:
            # A bound that is no line: the numbers decide.
            span = [line for line in self.order if first <= line <= last]
        else:
            span = list(self.order)[self.order.index(first) : self.order.index(last) + 1]
        return [line for line in span if not self.formulas.get(line)]


def _scopes(evidence: Evidence) -> Callable[[Figure], list[tuple[str, str]]]:
    """The (scope, id) of a figure: product, group, area, its unit and those above, the city."""
    master = evidence.master
    groups, areas = (
        master.column("products", "product", "group"),
        master.column("products", "product", "area"),
    )
    above = master.column("units", "unit", "parent")

    def of(figure: Figure) -> list[tuple[str, str]]:
        found = [("city", evidence.city), ("product", figure.product)]
        found += [
            ("group", groups.get(figure.product, "")),
            ("area", areas.get(figure.product, "")),
        ]
        unit, passed = figure.unit, set[str]()
        while unit and unit not in passed:
            passed.add(unit)
            found.append(("unit", unit))
            unit = above.get(unit, "")
        return [(scope, key) for scope, key in found if key]

    return of


def lines_follow_from_figures(evidence: Evidence) -> Iterator[Difference]:
    """Every line and year of every scope, the computed lines by their formulas."""
    master = evidence.master
    formulas = master.column("lines", "line", "formula")
    plan = LinePlan(formulas=formulas, order=list(formulas))
    scopes = _scopes(evidence)
    entered: dict[tuple[str, str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for figure in evidence.figures:
        if figure.counts:
            for scope, key in scopes(figure):
                entered[scope, key, figure.year][figure.line] += figure.cents
    found: Sums = {
        (
            row["scope"],
            row["id"],
            row["line"],
            evidence.whole(row, "year", "lines"),
        ): evidence.whole(row, "cents", "lines")
        for row in evidence.rows("lines")
    }
    places = {(scope, key) for scope, key, *_ in found} | {
        (scope, key) for scope, key, _ in entered
    }
    wanted: Sums = {
        (scope, key, line, year): plan.amount(line, entered.get((scope, key, year), {}))
        for scope, key in places | {("city", evidence.city)}
        for line in plan.order
        for year in master.roles
    }
    yield from sum_differences(
        "lines",
        wanted,
        found,
        lambda key: f"Zeile {key[2]}, {_SCOPES.get(key[0], key[0])} {key[1]}, {key[3]}",
    )


_SCOPES = {
    "product": "Produkt",
    "group": "Produktgruppe",
    "area": "Produktbereich",
    "unit": "Einheit",
    "city": "Kommune",
}
