"""The measures of the counted returns."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.verification.difference import Difference
from pipeline.verification.evidence import Evidence, Measure
from pipeline.verification.reading import blank


def measures_match_their_rows(evidence: Evidence) -> Iterator[Difference]:
    """Goal, status and product of every accepted measure stand in its return as printed."""
    listed = {(row["unit"], row["measure"]): row for row in evidence.rows("measures")}
    for (unit, number), measure in evidence.measures.items():
        entered = any(
            not blank(measure.area.value(measure.row, name))
            for name in ("title", "product", "status", "type")
        )
        row = listed.pop((unit, number), None)
        if row is None:
            if entered:
                yield _of_measure(
                    measure, expected=number, explanation="Die Maßnahme fehlt in measures.csv."
                )
            continue
        for column, name in (("goal", "Ziel"), ("status", "Status"), ("product", "Produkt")):
            should = measure.area.text(measure.row, column)
            if row[column] != should:
                yield _of_measure(
                    measure,
                    column=column,
                    expected=should,
                    found=row[column],
                    explanation=f"Maßnahme {number}: „{name}“ weicht vom Rücklauf ab.",
                )
    for (unit, number), row in listed.items():
        yield Difference(
            check="measures",
            file=row.get("file", ""),
            sheet=row.get("sheet", ""),
            cell=row.get("cell", ""),
            found=number,
            explanation=f"Maßnahme {number} ({unit}) steht in keinem Rücklauf, der zählt.",
        )


def _of_measure(
    measure: Measure, *, column: str = "measure", expected: str, found: str = "", explanation: str
) -> Difference:
    return Difference(
        check="measures",
        file=measure.file,
        sheet=measure.area.sheet,
        cell=measure.area.cell(measure.row, column) if column in measure.area.columns else "",
        expected=expected,
        found=found,
        explanation=explanation,
    )
