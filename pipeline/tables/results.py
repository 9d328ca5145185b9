"""The tables of the data package: columns in the order of the contract, types as a tabular data
package names them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ResultTable:
    """One CSV file of ``Daten/``: ``columns`` are (name, type) with types string, integer, boolean
    or number.

    ``key`` is the order in which rows are sorted before they are written, so that the same inputs
    give the same bytes.
    """

    name: str
    title: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(name for name, _ in self.columns)


def _columns(text: str, **types: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, types.get(name, "string")) for name in text.split())


_WHOLE = dict.fromkeys(
    [
        "year",
        "due_year",
        "cents",
        "share_bp",
        "attainment_bp",
        "coverage_bp",
        "raw_bp",
        "capped_bp",
        "kpis_with_data",
        "kpis",
        "units_with_data",
        "units",
        "level_order",
        "revision",
        "errors",
        "warnings",
        "notes",
    ],
    "integer",
)
_TRUTH = dict.fromkeys(("memo", "waived", "explained"), "boolean")
_TYPES = {**_WHOLE, **_TRUTH}

FIGURES = ResultTable(
    name="figures",
    title="Beträge, eine Zeile je Zelle",
    columns=_columns(
        "file sheet cell origin unit product measure line kind year role cents", **_TYPES
    ),
    key=("file", "sheet", "cell", "origin", "unit", "product", "measure", "line", "year", "cents"),
)
CONTRIBUTIONS = ResultTable(
    name="contributions",
    title="Beiträge der Beträge zu den Zielen (Anteilssicht)",
    columns=_columns(
        "goal file sheet cell origin unit product measure line kind year role share_bp cents",
        **_TYPES,
    ),
    key=(
        "goal",
        "file",
        "sheet",
        "cell",
        "origin",
        "unit",
        "product",
        "measure",
        "line",
        "year",
        "cents",
    ),
)
AGGREGATES = ResultTable(
    name="aggregates",
    title="Summen je Ziel",
    columns=_columns("view goal parent level kind year role cents", **_TYPES),
    key=("view", "goal", "kind", "year"),
)
COMMITMENTS = ResultTable(
    name="commitments",
    title="Verpflichtungsermächtigungen",
    columns=_columns("file sheet cell unit product measure line year due_year cents", **_TYPES),
    key=("file", "sheet", "cell", "unit", "product", "line", "year"),
)
SAVINGS = ResultTable(
    name="savings",
    title="Konsolidierungsmaßnahmen",
    columns=_columns(
        "file sheet cell unit product savings_measure goal effect memo role year cents", **_TYPES
    ),
    key=("file", "sheet", "cell", "unit", "savings_measure", "role", "year"),
)
KPIS = ResultTable(
    name="kpis",
    title="Gemeldete Kennzahlen",
    columns=_columns(
        "file sheet cell unit product kpi year role value numerator denominator data_state",
        value="number",
        numerator="number",
        denominator="number",
        **_TYPES,
    ),
    key=("kpi", "unit", "year", "role", "file", "sheet", "cell"),
)
KPI_RESULTS = ResultTable(
    name="kpi_results",
    title="Verdichtete Kennzahlen",
    columns=_columns(
        "kpi scope id year role value units_with_data units raw_bp capped_bp state",
        value="number",
        **_TYPES,
    ),
    key=("kpi", "scope", "id", "year", "role"),
)
ATTAINMENT = ResultTable(
    name="attainment",
    title="Zielerreichung je Ziel",
    columns=_columns("goal year attainment_bp coverage_bp kpis_with_data kpis state", **_TYPES),
    key=("goal", "year"),
)
LINES = ResultTable(
    name="lines",
    title="Ergebnis- und Finanzplan nach Zeilen",
    columns=_columns("scope id line year cents", **_TYPES),
    key=("scope", "id", "line", "year"),
)
FINDINGS = ResultTable(
    name="findings",
    title="Befunde",
    columns=_columns(
        "rule severity blocks waived explained file sheet cell unit message repair", **_TYPES
    ),
    key=("file", "sheet", "cell", "rule", "unit", "message"),
)
REGISTER = ResultTable(
    name="register",
    title="Register der Rückläufe",
    columns=_columns(
        "unit file sha256 revision status money key_figures errors warnings notes", **_TYPES
    ),
    key=("unit", "file", "status"),
)
CELLS = ResultTable(
    name="cells",
    title="Alle Zellen der Rückläufe und ihr Verbleib",
    columns=_columns("file sheet cell table column raw state use", **_TYPES),
    key=("file", "sheet", "cell"),
)
RESULT_TABLES = (
    FIGURES,
    CONTRIBUTIONS,
    AGGREGATES,
    COMMITMENTS,
    SAVINGS,
    KPIS,
    KPI_RESULTS,
    ATTAINMENT,
    LINES,
    FINDINGS,
    REGISTER,
    CELLS,
)
