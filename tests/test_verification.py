"""The second computation finds every planted manipulation and nothing on honest outputs.

The plan below is worked by hand: amounts, parts of a split and derived years are literal numbers,
so that neither the engine nor the verification under test decides what is right.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from openpyxl.styles import Protection

from pipeline.tables import choices, results
from pipeline.verification import DATA_CHECKS, differences
from pipeline.verification.budget_plan import reconciliation_states_the_totals
from pipeline.verification.reading import cents_in, rounded
from tests.forger import read_once

ROOT = Path(__file__).resolve().parents[1]
CITY, PLAN = "musterstadt", "2027"
CHECKS = (*DATA_CHECKS, reconciliation_states_the_totals)
"""What the plan below has: inputs, data package, and one table of the printed plan."""
ROLES = {2025: "actual", 2026: "budget", 2027: "budget", 2028: "outlook"}
Cells = Sequence[object]

MASTER: Mapping[str, tuple[str, Sequence[Cells]]] = {
    "settings": (
        "setting value",
        [("city", "Musterstadt"), ("budget_year", 2027), ("as_of", "2026-11-01")],
    ),
    "years": (
        "year role title entry",
        [
            (2025, "Ergebnis", "Ergebnis 2025", "vorgegeben"),
            (2026, "Ansatz", "Ansatz 2026", "vorgegeben"),
            (2027, "Ansatz", "Ansatz 2027", "Eingabe"),
            (2028, "Planung", "Planung 2028", "Eingabe"),
        ],
    ),
    "units": (
        "unit title parent stand_in",
        [("VV", "Leitung", "", ""), ("20", "Finanzen", "VV", ""), ("40", "Schule", "VV", "")],
    ),
    "goals": (
        "goal title parent weight additive",
        [
            ("Z1", "Bildung", "", "", "ja"),
            ("Z1.1", "Ganztag", "Z1", "", ""),
            ("Z2", "Umwelt", "", "", ""),
            ("R1", "Rahmen", "", "", "nein"),
        ],
    ),
    "products": (
        "product title area group unit general_funding",
        [
            ("211", "Grundschulen", "Schule", "Grund", "40", "nein"),
            ("573", "Märkte", "Wirtschaft", "", "20", ""),
            ("611", "Steuern", "Wirtschaft", "", "20", "ja"),
        ],
    ),
    "product_goals": (
        "product goal share",
        [("211", "Z2", 33.33), ("211", "Z1.1", 33.33), ("211", "R1", "")],
    ),
    "responsibilities": ("line product unit", [("11", "", "20")]),
    "kpis": (
        "kpi title product goal kind direction weight due_date factor",
        [
            ("K1", "Quote", "211", "Z1.1", "Quote", "mindestens", "", "", 100),
            ("K2", "Zahl", "211", "Z1", "Fallzahl", "nachrichtlich", "", ""),
            ("K3", "Zahl", "211", "Z2", "Fallzahl", "mindestens", 2, ""),
            ("K4", "Konzept", "211", "Z2", "Meilenstein", "mindestens", "", "2027-06-30"),
        ],
    ),
    "lines": (
        "line title plan kind sign formula",
        [
            ("01", "Zuwendungen", "Ergebnis", "Ertrag", "+", ""),
            ("02", "Entgelte", "Ergebnis", "Ertrag", "+", ""),
            ("10", "Erträge", "Ergebnis", "", "=", "01..02"),
            ("11", "Personal", "Ergebnis", "Aufwand", "−", ""),
            ("13", "Sachaufwand", "Ergebnis", "Aufwand", "−", ""),
            ("17", "Aufwendungen", "Ergebnis", "", "=", "11..13"),
            ("18", "Ergebnis", "Ergebnis", "", "=", "10-17"),
        ],
    ),
    "previous_amounts": (
        "unit product line measure year amount",
        [("40", "211", "13", "", 2026, 900), ("20", "611", "01", "", 2026, 4800.25)],
    ),
    "previous_kpis": ("kpi unit year target", [("K1", "", 2025, 100)]),
    "base_values": (
        "name year value",
        [("Orientierungsdaten", 2028, 2.5), ("Einwohner", 2027, 42000)],
    ),
}
MEASURES = "measure title product goal status"
KPIS = "kpi actual_2025 numerator_2025 denominator_2025"
COSTS = "product line measure continuation amount_2027 amount_2028 amount_2026"
RETURN_40: Mapping[str, tuple[str, Sequence[Cells]]] = {
    "measures": (
        MEASURES,
        [
            ("M-40-001", "Hof", "211", "Z2", "geplant"),
            ("M-40-002", "Mensa", "211", "", "angemeldet"),
            ("M-40-003", None, None, None, None),
        ],
    ),
    "costs": (
        COSTS,
        [
            ("211", "13", None, "wie Ansatz", "1.000,01 €", None, 900),
            ("211", "13", "M-40-001", "einzeln", 500, 600.5),
            ("211", "13", "M-40-002", "einzeln", 70, 80),
            ("211", "01", None, "Orientierungsdaten", 100),
            ("211", "11", None, None, 999, 999),
        ],
    ),
    "commitments": ("product line measure year due_2028", [("211", "13", "M-40-001", 2027, 150)]),
    "kpis": (KPIS, [("K1", None, 45, 50), ("K2", "1.234,5"), ("K4", "ja")]),
}
RETURN_20: Mapping[str, tuple[str, Sequence[Cells]]] = {
    "costs": (
        COSTS,
        [
            ("611", "01", None, None, 5000, 5100, 4800.25),
            ("573", "13", None, None, 0, 12.34),
            ("211", "11", None, "einzeln", 2000.005, 2000),
        ],
    )
}
LOCKED_CELLS = ("F11", "G11")
"""Personnel in the return of 40: planned by 20 for all products."""

THIRDS = ("Z1.1", "Z2", "ohne")
"""Where product 211 goes: 33.33 %, 33.33 % and the rest."""
SERVES = ("Z1", "Z1.1", "Z2", "R1")
"""The goals of product 211 in the Bezugssicht, ancestors included."""
FIGURES: Sequence[tuple[str, Sequence[int], Sequence[str]]] = [
    # origin file cell unit product measure line year cents: the cents of each part: goals served
    ("return 40.xlsx F7 40 211 - 13 2027 100001", (33_330, 33_330, 33_341), SERVES),
    ("derived 40.xlsx E7 40 211 - 13 2028 100001", (33_330, 33_330, 33_341), SERVES),
    ("return 40.xlsx F8 40 211 M-40-001 13 2027 50000", (50_000,), ("Z2",)),
    ("return 40.xlsx G8 40 211 M-40-001 13 2028 60050", (60_050,), ("Z2",)),
    ("listed 40.xlsx F9 40 211 M-40-002 13 2027 7000", (), ()),
    ("listed 40.xlsx G9 40 211 M-40-002 13 2028 8000", (), ()),
    ("return 40.xlsx F10 40 211 - 01 2027 10000", (3_333, 3_333, 3_334), SERVES),
    ("derived 40.xlsx E10 40 211 - 01 2028 10250", (3_416, 3_416, 3_418), SERVES),
    ("return 20.xlsx F7 20 611 - 01 2027 500000", (500_000,), ("allgemein",)),
    ("return 20.xlsx G7 20 611 - 01 2028 510000", (510_000,), ("allgemein",)),
    ("return 20.xlsx F8 20 573 - 13 2027 0", (0,), ("ohne",)),
    ("return 20.xlsx G8 20 573 - 13 2028 1234", (1_234,), ("ohne",)),
    ("return 20.xlsx F9 20 211 - 11 2027 200001", (66_660, 66_660, 66_681), SERVES),
    ("return 20.xlsx G9 20 211 - 11 2028 200000", (66_660, 66_660, 66_680), SERVES),
    ("master Stammdaten.xlsx G7 40 211 - 13 2026 90000", (29_997, 29_997, 30_006), SERVES),
    ("master Stammdaten.xlsx G8 20 611 - 01 2026 480025", (480_025,), ("allgemein",)),
]
TREE = {"Z1": "", "Z1.1": "Z1", "Z2": "", "R1": ""}
KINDS = {"01": "revenue", "02": "revenue", "11": "expense", "13": "expense"}
LINE_SCOPES = {
    "211": [("group", "Grund"), ("area", "Schule")],
    "573": [("area", "Wirtschaft")],
    "611": [("area", "Wirtschaft")],
}
Record = dict[str, str]
Change = Callable[[list[Record]], object]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan on disk, and the ways in which a test tampers with it."""

    root: Path

    @property
    def output(self) -> Path:
        return self.root / "output" / CITY / PLAN

    @property
    def returns(self) -> Path:
        return self.root / "input" / CITY / PLAN

    @property
    def master(self) -> Path:
        return self.root / "templates" / CITY / PLAN / "Stammdaten.xlsx"

    def differences(self) -> pd.DataFrame:
        return differences(root=self.root, city=CITY, plan=PLAN, checks=CHECKS)

    def found(self) -> set[tuple[str, str, str]]:
        """Check, file and cell of every difference."""
        frame = self.differences()
        return set(frame[["check", "file", "cell"]].itertuples(index=False, name=None))

    def seal(self) -> None:
        """Write the manifest anew, as a careful forger would."""
        inputs = {
            path.relative_to(self.returns).as_posix(): path
            for path in self.returns.rglob("*")
            if path.is_file()
        }
        outputs = {
            path.relative_to(self.output).as_posix(): path
            for path in self.output.rglob("*")
            if path.is_file()
        }
        outputs.pop("manifest.json", None)
        hashes = _hashes(outputs)
        register = (self.output / "Daten" / "register.csv").read_bytes().decode(errors="replace")
        states = {
            row.get("status") for row in csv.DictReader(register.replace("\0", "").splitlines())
        }
        manifest = {
            "city": CITY,
            "plan": PLAN,
            "provisional": bool(states & {"rejected", "partial", "missing", "substituted"}),
            "inputs": _hashes({**inputs, "Stammdaten.xlsx": self.master}),
            "outputs": hashes,
            "data_digest": _digest(
                {name: each for name, each in hashes.items() if name.endswith(".csv")}
            ),
            "content_digest": _digest(
                {name: _content(outputs[name], each) for name, each in hashes.items()}
            ),
        }
        (self.output / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    def rewrite(self, table: str, change: Change) -> None:
        """Change rows of a file of the data package."""
        path = self.output / "Daten" / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as source:
            reader = csv.DictReader(source)
            rows, names = list(reader), list(reader.fieldnames or ())
        change(rows)
        _write_csv(path, names, rows)

    def type_in(self, path: Path, *, sheet: str, cell: str, value: object) -> None:
        """Change a cell of a workbook."""
        book = openpyxl.load_workbook(path)
        book[sheet][cell] = _cell_value(value)
        book.save(path)


def _hashes(files: Mapping[str, Path]) -> dict[str, str]:
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(files.items())
    }


def _digest(hashes: Mapping[str, str]) -> str:
    lines = "".join(f"{name}={hashes[name]}\n" for name in sorted(hashes))
    return hashlib.sha256(lines.encode()).hexdigest()


def _content(path: Path, sha256: str) -> str:
    if path.suffix != ".xlsx":
        return sha256
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    return _digest({name: hashlib.sha256(data).hexdigest() for name, data in parts.items()})


def _write_csv(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_workbook(
    path: Path, tables: Mapping[str, tuple[str, Sequence[Cells]]], *, locked: Sequence[str] = ()
) -> None:
    """A sheet per table: key row 3, data from row 7, as the templates have it."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for table, (names, rows) in tables.items():
        sheet = book.create_sheet(table)
        sheet["A1"] = f"Titel von {table}"
        sheet.append([])
        sheet["A3"] = f"zh:{table}:7:{6 + len(rows)}"
        for column, name in enumerate(names.split(), start=2):
            sheet.cell(3, column, name)
            sheet.cell(6, column, f"Überschrift {name}")
        for number, row in enumerate(rows, start=7):
            for column, value in enumerate(row, start=2):
                cell = sheet.cell(number, column, _cell_value(value))
                cell.protection = Protection(locked=cell.coordinate in locked)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def _cell_value(value: object) -> str | float | None:
    assert value is None or isinstance(value, str | int | float)
    return None if value == "" else value


def _figure(text: str) -> Record:
    origin, file, cell, unit, product, measure, line, year, cents = text.split()
    return {
        "file": file,
        "sheet": "previous_amounts" if file == "Stammdaten.xlsx" else "costs",
        "cell": cell,
        "origin": origin,
        "unit": unit,
        "product": product,
        "measure": measure.strip("-") and measure,
        "line": line,
        "kind": KINDS[line],
        "year": year,
        "role": ROLES[int(year)],
        "cents": cents,
    }


def _split() -> list[Record]:
    """The contributions, worked by hand above."""
    records: list[Record] = []
    for text, parts, served in FIGURES:
        goals = THIRDS if len(parts) == 3 else served
        shares = (3_333, 3_333, 3_334) if len(parts) == 3 else (10_000,)
        records += [
            {**_figure(text), "goal": goal, "share_bp": str(share), "cents": str(cents)}
            for goal, share, cents in zip(goals, shares, parts, strict=False)
        ]
    return records


def _aggregate_records() -> list[Record]:
    sums: dict[tuple[str, ...], int] = defaultdict(int)
    for each in _split():
        for node in filter(None, (each["goal"], TREE.get(each["goal"], ""))):
            sums["anteil", node, each["kind"], each["year"]] += int(each["cents"])
    for text, _, served in FIGURES:
        each = _figure(text)
        for node in served:
            sums["bezug", node, each["kind"], each["year"]] += int(each["cents"])
    return [
        {
            "view": view,
            "goal": goal,
            "parent": TREE.get(goal, ""),
            "kind": kind,
            "year": str(year),
            "role": role,
            "cents": str(sums[view, goal, kind, str(year)]),
        }
        for view in ("anteil", "bezug")
        for goal in (*TREE, "ohne", "allgemein")
        for kind in choices.ALL_KINDS
        for year, role in ROLES.items()
    ]


def _line_records() -> list[Record]:
    sums: dict[tuple[str, ...], int] = defaultdict(int)
    for each in (_figure(text) for text, parts, _ in FIGURES if parts):
        scopes = [("city", CITY), ("unit", each["unit"]), ("unit", "VV")]
        for scope, key in [*scopes, ("product", each["product"]), *LINE_SCOPES[each["product"]]]:
            sums[scope, key, each["line"], each["year"]] += int(each["cents"])
    records: list[Record] = []
    for scope, key in sorted({(scope, key) for scope, key, *_ in sums}):
        for year in map(str, ROLES):
            of = {line: sums[scope, key, line, year] for line in KINDS}
            of["10"], of["17"] = of["01"] + of["02"], of["11"] + of["13"]
            of["18"] = of["10"] - of["17"]
            records += [
                {"scope": scope, "id": key, "line": line, "year": year, "cents": str(cents)}
                for line, cents in sorted(of.items())
            ]
    return records


def _reconciliation() -> tuple[str, list[Cells]]:
    totals: dict[tuple[str, int], int] = defaultdict(int)
    for each in (_figure(text) for text, parts, _ in FIGURES if parts):
        totals[each["kind"], int(each["year"])] += int(each["cents"])
    rows: list[Cells] = [
        (view, choices.label(choices.KINDS, kind), *(totals[kind, year] / 100 for year in ROLES))
        for view in ("Produkte", "Organisation", "Ziele")
        for kind in choices.ALL_KINDS
    ]
    return "view kind " + " ".join(f"amount_{year}" for year in ROLES), rows


@pytest.fixture(scope="module", autouse=True)
def _reading_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        read_once(patch)
        yield


@pytest.fixture(scope="module")
def honest() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="plan-") as home:
        _build(Path(home))
        yield Path(home)


@pytest.fixture
def plan(honest: Path, tmp_path: Path) -> Plan:
    """A copy of one's own: most tests begin with the same plan."""
    shutil.copytree(honest, tmp_path, dirs_exist_ok=True)
    return Plan(root=tmp_path)


def _build(root: Path) -> Plan:
    """An honest run: previous amounts, a derived year, a listed measure, a central line."""
    built = Plan(root=root)
    _write_workbook(built.master, MASTER)
    _write_workbook(built.returns / "40.xlsx", RETURN_40, locked=LOCKED_CELLS)
    _write_workbook(built.returns / "20.xlsx", RETURN_20)
    data = built.output / "Daten"
    data.mkdir(parents=True)
    accepted = {
        "status": "accepted", "money": "accepted", "key_figures": "accepted",
        "errors": "0", "warnings": "0", "notes": "0",
    }  # fmt: skip
    hashes = _hashes({path.name: path for path in built.returns.iterdir()})
    records: dict[str, list[Record]] = {
        "figures": [_figure(text) for text, _, _ in FIGURES],
        "contributions": _split(),
        "aggregates": _aggregate_records(),
        "lines": _line_records(),
        "register": [
            {"unit": file[:2], "file": file, "sha256": digest, **accepted}
            for file, digest in hashes.items()
        ],
        "commitments": [
            {
                "file": "40.xlsx",
                "sheet": "commitments",
                "cell": "F7",
                "unit": "40",
                "product": "211",
                "line": "13",
                "measure": "M-40-001",
                "year": "2027",
                "due_year": "2028",
                "cents": "15000",
            }
        ],
        "kpis": [
            {
                **_reported("E7 K1 100 - -"),
                "file": "Stammdaten.xlsx",
                "sheet": "previous_kpis",
                "role": "target",
            },
            _reported("D7 K1 90.000000 45 50"),
            _reported("C8 K2 1234.5 - -"),
            _reported("C9 K4 1 - -"),
        ],
        "kpi_results": [row for text in KPI_RESULTS for row in _condensed(text)],
        "attainment": [
            _attained("Z1.1 9000 10000 1 1 yellow"),
            _attained("Z1 9000 10000 1 1 yellow"),
            _attained("Z2 - 0 0 1 no_data"),
            _attained("R1 - 0 0 0 not_rated"),
        ],
    }
    for table in results.RESULT_TABLES:
        _write_csv(data / f"{table.name}.csv", table.names, records.get(table.name, []))
    for name in ("goals", "products", "units"):
        _write_texts(data, name, MASTER[name], "Stammdaten.xlsx")
    _write_texts(data, "measures", (MEASURES, RETURN_40["measures"][1][:2]), "40.xlsx")
    _write_workbook(built.output / "Haushaltsplan.xlsx", {"reconciliation": _reconciliation()})
    built.seal()
    return built


KPI_RESULTS = (
    "K1 Z1.1 actual 90.000000 1 9000 9000 yellow",
    "K1 Z1.1 target 100.000000 1 - - -",
    "K2 Z1 actual 1234.500000 1 - - not_rated",
    "K3 Z2 actual - 0 - - no_data",
    "K4 Z2 actual 1.000000 1 - - not_rated",
)


def _condensed(text: str) -> list[Record]:
    """A key figure for the one unit that is asked, its product, its goal and the city."""
    kpi, goal, role, value, units, raw, capped, state = text.split()
    facts = {
        "kpi": kpi, "year": "2025", "role": role, "value": value.strip("-"),
        "units_with_data": units, "units": "1", "raw_bp": raw.strip("-"),
        "capped_bp": capped.strip("-"), "state": state.strip("-"),
    }  # fmt: skip
    scopes = (("unit", "40"), ("product", "211"), ("goal", goal), ("city", CITY))
    return [{**facts, "scope": scope, "id": name} for scope, name in scopes]


def _write_texts(data: Path, name: str, table: tuple[str, Sequence[Cells]], file: str) -> None:
    """The texts of a table as the data package has them: booleans as true and false, then the
    place.
    """
    names = table[0].split()
    rows = [
        {
            **{
                column: {"ja": "true", "nein": "false"}.get(str(value), str(value or ""))
                for column, value in zip(names, row, strict=True)
            },
            "file": file,
            "sheet": name,
            "cell": f"B{number}",
            "unit": "40" if name == "measures" else "",
        }
        for number, row in enumerate(table[1], start=7)
    ]
    if name in {"products", "units"}:
        for row, cells in zip(rows, table[1], strict=True):
            row["unit"] = str(cells[names.index("unit")])
    _write_csv(data / f"{name}.csv", list(rows[0]), rows)


def _reported(text: str) -> Record:
    cell, kpi, value, numerator, denominator = text.split()
    return {
        "file": "40.xlsx",
        "sheet": "kpis",
        "cell": cell,
        "unit": "40",
        "product": "211",
        "kpi": kpi,
        "year": "2025",
        "role": "actual",
        "value": value,
        "numerator": numerator.strip("-"),
        "denominator": denominator.strip("-"),
    }


def _attained(text: str) -> Record:
    goal, reached, coverage, with_data, kpis, state = text.split()
    return {
        "goal": goal,
        "year": "2025",
        "attainment_bp": reached.strip("-"),
        "coverage_bp": coverage,
        "kpis_with_data": with_data,
        "kpis": kpis,
        "state": state,
    }


def test_nothing_is_found_on_honest_outputs(plan: Plan) -> None:
    assert plan.differences().to_dict("records") == []


def test_the_frame_has_its_columns_also_when_empty(plan: Plan) -> None:
    assert list(plan.differences().columns) == [
        "check", "file", "sheet", "cell", "expected", "found", "explanation",
    ]  # fmt: skip


# --- the files of the run ------------------------------------------------------------------------


def test_a_return_changed_after_the_run(plan: Plan) -> None:
    plan.type_in(plan.returns / "40.xlsx", sheet="costs", cell="F8", value=501)
    assert plan.found() >= {
        ("manifest", "40.xlsx", ""),
        ("register", "40.xlsx", ""),
        ("figures", "40.xlsx", "F8"),
    }


def test_two_returns_swapped(plan: Plan) -> None:
    one, other = plan.returns / "20.xlsx", plan.returns / "40.xlsx"
    contents = one.read_bytes(), other.read_bytes()
    one.write_bytes(contents[1])
    other.write_bytes(contents[0])
    plan.seal()  # even with a manifest that fits, the register judged other files
    assert plan.found() >= {("register", "20.xlsx", ""), ("register", "40.xlsx", "")}


def test_a_return_removed(plan: Plan) -> None:
    (plan.returns / "20.xlsx").unlink()
    assert plan.found() >= {("manifest", "20.xlsx", ""), ("figures", "20.xlsx", "F7")}


def test_a_return_added(plan: Plan) -> None:
    (plan.returns / "neu").mkdir()
    (plan.returns / "neu" / "40.xlsx").write_bytes((plan.returns / "40.xlsx").read_bytes())
    assert plan.found() == {("manifest", "neu/40.xlsx", "")}


def test_a_lock_file_beside_an_open_workbook_is_no_difference(plan: Plan) -> None:
    (plan.returns / "~$40.xlsx").write_bytes(b"x")
    (plan.output / ".~lock.Haushaltsplan.xlsx#").write_bytes(b"x")
    assert plan.found() == set()


def test_links_and_pipes_are_no_inputs(plan: Plan) -> None:
    (plan.returns / "link.xlsx").symlink_to("/etc/hostname")
    os.mkfifo(plan.returns / "pipe.xlsx")
    assert plan.found() == set()


def test_a_return_replaced_by_a_pipe_is_missing(plan: Plan) -> None:
    (plan.returns / "20.xlsx").unlink()
    os.mkfifo(plan.returns / "20.xlsx")
    found = plan.differences().query("check == 'manifest'")
    assert list(found["explanation"]) == ["Diese Eingangsdatei gab es beim Lauf, jetzt fehlt sie."]


def test_an_output_touched_removed_or_added(plan: Plan) -> None:
    (plan.output / "Daten" / "findings.csv").unlink()
    (plan.output / "Daten" / "cells.csv").write_text("anders", encoding="utf-8")
    (plan.output / "Notiz.txt").write_text("neu", encoding="utf-8")
    assert plan.found() == {
        ("manifest", "Daten/findings.csv", ""),
        ("readable", "Daten/findings.csv", ""),
        ("manifest", "Daten/cells.csv", ""),
        ("manifest", "Notiz.txt", ""),
    }


def test_a_missing_or_broken_manifest_is_one_difference(plan: Plan) -> None:
    for content in ("", "{}", '{"inputs": 1, "outputs": []}', "[1]"):
        (plan.output / "manifest.json").write_text(content, encoding="utf-8")
        assert plan.found() == {("readable", "manifest.json", "")}


# --- figures and cells ---------------------------------------------------------------------------


def _set(rows: list[Record], at: Mapping[str, str], **values: str) -> None:
    hits = [row for row in rows if all(row[name] == value for name, value in at.items())]
    assert hits, at
    for row in hits:
        row.update(values)


def _drop(rows: list[Record], **at: str) -> None:
    kept = [row for row in rows if any(row[name] != value for name, value in at.items())]
    assert len(kept) < len(rows)
    rows[:] = kept


F8 = {"file": "40.xlsx", "cell": "F8"}
FORGED_FIGURES: Mapping[str, tuple[Change, tuple[str, str, str]]] = {
    "an amount": (lambda rows: _set(rows, F8, cents="50001"), ("figures", "40.xlsx", "F8")),
    "a sign": (lambda rows: _set(rows, F8, cents="-50000"), ("figures", "40.xlsx", "F8")),
    "a product": (lambda rows: _set(rows, F8, product="573"), ("figures", "40.xlsx", "F8")),
    "a unit": (lambda rows: _set(rows, F8, unit="20"), ("figures", "40.xlsx", "F8")),
    "a line": (lambda rows: _set(rows, F8, line="11"), ("figures", "40.xlsx", "F8")),
    "a kind": (lambda rows: _set(rows, F8, kind="revenue"), ("figures", "40.xlsx", "F8")),
    "a measure": (lambda rows: _set(rows, F8, measure=""), ("figures", "40.xlsx", "F8")),
    "a role": (lambda rows: _set(rows, F8, role="outlook"), ("figures", "40.xlsx", "F8")),
    "a year": (lambda rows: _set(rows, F8, year="2028"), ("figures", "40.xlsx", "F8")),
    "a cell": (lambda rows: _set(rows, F8, cell="F30"), ("figures", "40.xlsx", "F30")),
    "a sheet": (lambda rows: _set(rows, F8, sheet="measures"), ("figures", "40.xlsx", "F8")),
    "a file": (lambda rows: _set(rows, F8, file="41.xlsx"), ("figures", "41.xlsx", "F8")),
    "a listed row that counts": (
        lambda rows: _set(rows, {"file": "40.xlsx", "cell": "F9"}, origin="return"),
        ("figures", "40.xlsx", "F9"),
    ),
    "a row only listed": (
        lambda rows: _set(rows, F8, origin="listed"),
        ("figures", "40.xlsx", "F8"),
    ),
    "a row left out": (lambda rows: _drop(rows, **F8), ("completeness", "40.xlsx", "F8")),
    "a row of 0 left out": (
        lambda rows: _drop(rows, file="20.xlsx", cell="F8"),
        ("completeness", "20.xlsx", "F8"),
    ),
    "a row twice": (lambda rows: rows.append(rows[0]), ("figures", "40.xlsx", "F7")),
    "a derived year": (
        lambda rows: _set(rows, {"file": "40.xlsx", "cell": "E10"}, cents="10251"),
        ("continuation", "40.xlsx", "E10"),
    ),
    "a derived year left out": (
        lambda rows: _drop(rows, file="40.xlsx", cell="E7"),
        ("completeness", "40.xlsx", "E7"),
    ),
    "a previous amount": (
        lambda rows: _set(rows, {"file": "Stammdaten.xlsx", "cell": "G8"}, cents="480026"),
        ("figures", "Stammdaten.xlsx", "G8"),
    ),
    "a locked cell booked": (
        lambda rows: rows.append({**rows[0], "cell": "F11", "line": "11", "cents": "99900"}),
        ("figures", "40.xlsx", "F11"),
    ),
    "a pre-filled year booked": (
        lambda rows: rows.append({**rows[0], "cell": "F7", "year": "2026", "cents": "90000"}),
        ("figures", "40.xlsx", "F7"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED_FIGURES)
def test_a_forged_row_of_figures_is_named_with_its_cell(plan: Plan, name: str) -> None:
    change, expected = FORGED_FIGURES[name]
    plan.rewrite("figures", change)
    plan.seal()
    assert expected in plan.found()


def test_a_figure_that_does_not_add_up_is_said_in_a_german_sentence(plan: Plan) -> None:
    plan.rewrite("figures", lambda rows: _set(rows, F8, cents="123456789"))
    row = plan.differences().query("check == 'figures'").iloc[0]
    assert (row["expected"], row["found"]) == ("500,00 €", "1.234.567,89 €")
    assert row["explanation"] == "In der Quelle steht für 2027 ein anderer Betrag."


def test_a_counted_return_with_text_in_an_amount(plan: Plan) -> None:
    plan.type_in(plan.returns / "40.xlsx", sheet="costs", cell="F8", value="folgt")
    plan.seal()
    assert ("figures", "40.xlsx", "F8") in plan.found()


def test_an_amount_added_below_the_prepared_rows_is_missed_in_figures(plan: Plan) -> None:
    path = plan.returns / "20.xlsx"
    for cell, value in (("B12", "573"), ("C12", "13"), ("F12", 5)):
        plan.type_in(path, sheet="costs", cell=cell, value=value)
    plan.seal()
    assert ("completeness", "20.xlsx", "F12") in plan.found()


def test_a_row_of_another_planner_that_is_not_locked_is_missed_in_figures(plan: Plan) -> None:
    _write_workbook(plan.returns / "40.xlsx", RETURN_40)
    plan.seal()
    assert {("completeness", "40.xlsx", "F11"), ("completeness", "40.xlsx", "G11")} <= plan.found()


def test_a_figure_of_a_return_that_does_not_count(plan: Plan) -> None:
    plan.rewrite(
        "register", lambda rows: _set(rows, {"unit": "20"}, money="rejected", status="rejected")
    )
    plan.seal()
    found = plan.differences()
    assert set(found["file"]) == {"20.xlsx"}
    assert set(found["explanation"]) == {
        "Der Betrag stammt aus einer Datei, die nach dem Register nicht zählt.",
        "20: Der Status passt nicht zu den beiden Teilen des Rücklaufs.",
        "20: Der Teil „money“ ist anders beurteilt, als die Befunde es verlangen.",
    }


def test_a_workbook_replaced_by_something_unreadable(plan: Plan) -> None:
    (plan.returns / "20.xlsx").write_bytes(b"kein Excel")
    plan.seal()
    assert ("readable", "20.xlsx", "") in plan.found()


@pytest.mark.parametrize(
    ("table", "cell", "value"),
    [
        ("commitments", "F7", {"cents": "15001"}),
        ("commitments", "F9", {"cell": "F9"}),
        ("kpis", "D7", {"value": "90.000001"}),
        ("kpis", "D7", {"numerator": "46"}),
        ("kpis", "C8", {"value": "12345"}),
        ("kpis", "C9", {"value": ""}),
        ("kpis", "C30", {"cell": "C30"}),
    ],
)
def test_a_forged_commitment_or_key_figure(
    plan: Plan, table: str, cell: str, value: dict[str, str]
) -> None:
    honest = {"F9": "F7", "C30": "C8"}.get(cell, cell)
    plan.rewrite(table, lambda rows: _set(rows, {"cell": honest}, **value))
    plan.seal()
    missed = {("completeness", "40.xlsx", honest)} if honest != cell else set()
    assert plan.found() == {(table, "40.xlsx", cell)} | missed


# --- previous amounts in the place of a missing return -------------------------------------------


def _as_stand_in(plan: Plan, cents: str = "480025") -> None:
    """The return of 20 is gone; its previous amount stands in for 2027."""
    (plan.returns / "20.xlsx").unlink()
    plan.rewrite(
        "register",
        lambda rows: _set(
            rows, {"unit": "20"}, file="", sha256="", status="substituted", money="missing"
        ),
    )
    plan.rewrite("figures", lambda rows: _drop(rows, file="20.xlsx"))
    old = {"file": "Stammdaten.xlsx", "cell": "G8", "year": "2026"}
    plan.rewrite(
        "figures",
        lambda rows: rows.append(
            {
                **next(row for row in rows if old.items() <= row.items()),
                "year": "2027",
                "origin": "stand_in",
                "cents": cents,
            }
        ),
    )
    plan.seal()


def test_a_stand_in_of_the_previous_year_is_no_difference_of_figures(plan: Plan) -> None:
    _as_stand_in(plan)
    assert not {"figures", "completeness"} & set(plan.differences()["check"])


def test_a_forged_stand_in(plan: Plan) -> None:
    _as_stand_in(plan, cents="1")
    assert ("figures", "Stammdaten.xlsx", "G8") in plan.found()


def test_an_earlier_return_that_stands_in_is_compared_with_its_cells(plan: Plan) -> None:
    plan.rewrite(
        "register", lambda rows: _set(rows, {"unit": "20"}, status="superseded", money="missing")
    )
    plan.rewrite("figures", lambda rows: _set(rows, {"file": "20.xlsx"}, origin="stand_in"))
    plan.seal()
    assert not {"figures", "completeness"} & set(plan.differences()["check"])
    plan.rewrite("figures", lambda rows: _set(rows, {"file": "20.xlsx", "cell": "G7"}, cents="1"))
    assert ("figures", "20.xlsx", "G7") in plan.found()


# --- splits and sums -----------------------------------------------------------------------------


def test_a_share_changed_in_the_master_after_the_run(plan: Plan) -> None:
    plan.type_in(plan.master, sheet="product_goals", cell="D7", value=40)
    plan.seal()
    assert {"contributions", "aggregates"} <= set(plan.differences()["check"])


def test_a_cent_moved_between_two_goals(plan: Plan) -> None:
    def move(rows: list[Record]) -> None:
        _set(rows, {"file": "40.xlsx", "cell": "F7", "goal": "Z2"}, cents="33331")
        _set(rows, {"file": "40.xlsx", "cell": "F7", "goal": "ohne"}, cents="33340")

    plan.rewrite("contributions", move)
    plan.seal()
    assert plan.found() == {("contributions", "40.xlsx", "F7")}


def test_a_contribution_left_out_added_or_doubled(plan: Plan) -> None:
    for change in (
        lambda rows: _drop(rows, file="20.xlsx", cell="F8"),
        lambda rows: rows.append({**rows[0], "goal": "Z1"}),
        lambda rows: rows.append(rows[0]),
    ):
        before = (plan.output / "Daten" / "contributions.csv").read_bytes()
        plan.rewrite("contributions", change)
        plan.seal()
        assert {check for check, _, _ in plan.found()} == {"contributions"}
        (plan.output / "Daten" / "contributions.csv").write_bytes(before)


def test_a_refinement_moves_only_the_rows_of_its_own_unit(plan: Plan) -> None:
    """The master links 211 to Z1 with 50 %; 40 puts 20 of them on Z1.1, 20 does not."""
    master = {**MASTER, "product_goals": ("product goal share", [("211", "Z1", 50)])}
    refined = {**RETURN_40, "product_goals": ("product goal share", [("211", "Z1.1", 20)])}
    _write_workbook(plan.master, master)
    _write_workbook(plan.returns / "40.xlsx", refined, locked=LOCKED_CELLS)
    expected = plan.differences().query("check == 'contributions' and expected != ''")
    of_40 = expected.query("file == '40.xlsx' and cell == 'F10'")
    assert sorted(of_40["expected"]) == [
        "2000 Basispunkte: 2000 Cent",
        "3000 Basispunkte: 3000 Cent",
        "5000 Basispunkte: 5000 Cent",
    ]
    of_20 = expected.query("file == '20.xlsx' and cell == 'G9'")
    assert sorted(of_20["expected"]) == ["5000 Basispunkte: 100000 Cent"] * 2


@pytest.mark.parametrize(
    ("view", "goal"), [("anteil", "Z1"), ("bezug", "Z1"), ("anteil", "ohne"), ("bezug", "R1")]
)
def test_a_total_of_either_view_edited(plan: Plan, view: str, goal: str) -> None:
    at = {"view": view, "goal": goal, "kind": "expense", "year": "2027"}
    plan.rewrite("aggregates", lambda rows: _set(rows, at, cents="1"))
    plan.seal()
    found = plan.differences()
    place = f"{view.capitalize()}ssicht, Ziel {goal}, Aufwand, 2027: "
    assert list(found["check"]) == ["aggregates"]
    assert found["explanation"].iloc[0].startswith(place)


def test_a_goal_left_out_of_the_sums_or_hung_elsewhere(plan: Plan) -> None:
    plan.rewrite("aggregates", lambda rows: _drop(rows, goal="R1", view="bezug"))
    plan.rewrite("aggregates", lambda rows: _set(rows, {"goal": "Z1.1"}, parent="Z2"))
    plan.seal()
    texts = set(plan.differences()["explanation"])
    assert "Das Oberziel von Z1.1 ist in den Stammdaten ein anderes." in texts
    assert "Bezugssicht, Ziel R1, Aufwand, 2027: Die Summe fehlt." in texts


def test_a_goal_moved_in_the_master_after_the_run(plan: Plan) -> None:
    plan.type_in(plan.master, sheet="goals", cell="D8", value="Z2")
    plan.seal()
    assert {"goals", "aggregates"} <= set(plan.differences()["check"])


def test_a_computed_line_edited(plan: Plan) -> None:
    at = {"scope": "unit", "id": "VV", "line": "18", "year": "2027"}
    plan.rewrite("lines", lambda rows: _set(rows, at, cents="0"))
    plan.seal()
    found = plan.differences()
    assert list(found["check"]) == ["lines"]
    assert found["explanation"].iloc[0].startswith("Zeile 18, Einheit VV, 2027:")
    assert found["expected"].iloc[0] == "1.599,98 €"


def test_a_formula_of_the_line_plan_edited(plan: Plan) -> None:
    plan.type_in(plan.master, sheet="lines", cell="G13", value="10+17")
    plan.seal()
    assert set(plan.differences()["check"]) == {"lines"}


def test_a_line_left_out(plan: Plan) -> None:
    plan.rewrite("lines", lambda rows: _drop(rows, scope="city", line="02", year="2028"))
    plan.seal()
    assert list(plan.differences()["explanation"]) == [
        f"Zeile 02, Kommune {CITY}, 2028: Die Summe fehlt."
    ]


def test_a_measure_whose_goal_was_edited(plan: Plan) -> None:
    plan.rewrite("measures", lambda rows: _set(rows, {"measure": "M-40-001"}, goal="Z1"))
    plan.seal()
    assert plan.found() == {("measures", "40.xlsx", "E7")}


def test_a_measure_left_out_or_invented(plan: Plan) -> None:
    plan.rewrite("measures", lambda rows: _set(rows, {"measure": "M-40-002"}, measure="M-40-009"))
    plan.seal()
    assert set(plan.differences()["explanation"]) == {
        "Die Maßnahme fehlt in measures.csv.",
        "Maßnahme M-40-009 (40) steht in keinem Rücklauf, der zählt.",
        "„measure“ von M-40-009 steht in measures.csv anders als in der Zelle.",
    }


# --- the printed plan and attainment -------------------------------------------------------------


def test_a_printed_total_edited(plan: Plan) -> None:
    path = plan.output / "Haushaltsplan.xlsx"
    plan.type_in(path, sheet="reconciliation", cell="F8", value=1)
    plan.seal()
    found = plan.differences()
    assert plan.found() == {("reconciliation", "Haushaltsplan.xlsx", "F8")}
    assert "Sicht Produkte, Aufwand, 2027" in found["explanation"].iloc[0]


def test_a_printed_total_emptied_or_a_view_removed(plan: Plan) -> None:
    path = plan.output / "Haushaltsplan.xlsx"
    plan.type_in(path, sheet="reconciliation", cell="B8", value=None)
    plan.seal()
    assert "Die Summe (Sicht Produkte, Aufwand, 2027) fehlt." in set(
        plan.differences()["explanation"]
    )


def test_the_reconciliation_without_its_key_row(plan: Plan) -> None:
    plan.type_in(plan.output / "Haushaltsplan.xlsx", sheet="reconciliation", cell="A3", value=None)
    plan.seal()
    assert plan.found() == {("readable", "Haushaltsplan.xlsx", "")}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("attainment_bp", "9500"),
        ("coverage_bp", "9999"),
        ("kpis", "2"),
        ("kpis_with_data", "0"),
        ("state", "green"),
    ],
)
def test_an_attainment_edited(plan: Plan, column: str, value: str) -> None:
    plan.rewrite("attainment", lambda rows: _set(rows, {"goal": "Z1"}, **{column: value}))
    plan.seal()
    assert "attainment" in set(plan.differences()["check"])


def test_an_attainment_left_out(plan: Plan) -> None:
    plan.rewrite("attainment", lambda rows: _drop(rows, goal="R1"))
    plan.seal()
    assert list(plan.differences()["explanation"]) == [
        "Das Ziel R1 muss für 2025 genau einmal vorkommen."
    ]


@pytest.mark.parametrize(
    "table", ["figures", "contributions", "aggregates", "lines", "register", "attainment"]
)
@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00"])
def test_a_broken_file_of_the_data_package_is_a_difference_and_no_traceback(
    plan: Plan, table: str, content: bytes
) -> None:
    (plan.output / "Daten" / f"{table}.csv").write_bytes(content)
    plan.seal()
    assert ("readable", f"Daten/{table}.csv", "") in plan.found()


def test_a_number_that_is_none_is_a_difference(plan: Plan) -> None:
    plan.rewrite("lines", lambda rows: _set(rows, {"line": "01"}, cents="1.5"))
    plan.seal()
    assert plan.found() == {("readable", "Daten/lines.csv", "")}


def test_verification_writes_nothing(plan: Plan) -> None:
    def state() -> dict[str, tuple[int, bytes]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(plan.root.rglob("*"))
            if path.is_file()
        }

    before = state()
    plan.differences()
    assert state() == before


# --- independence, and the whole chain -----------------------------------------------------------


def test_verification_shares_only_table_and_column_names_with_the_engine() -> None:
    allowed = {"pipeline.tables", "pipeline.model.tables", "pipeline.verification"}
    modules = list((ROOT / "pipeline" / "verification").glob("*.py"))
    imported = {
        node.module or ""
        for module in modules
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
    }
    ours = {name for name in imported if name.split(".")[0] in {"pipeline", "tests"}}
    assert "pipeline.tables" in ours
    assert {name for name in ours if not any(name.startswith(each) for each in allowed)} == set()


# --- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "cents"),
    [
        ("1.234.567,89 €", 123_456_789),
        ("1 234,5 EUR", 123_450),
        ("1\u202f234,50\u00a0€", 123_450),
        ("€ 12", 1_200),
        ("-0,01", -1),
        ("\u22125,-", -500),
        ("'7", 700),
        (0.125, 13),
        (-0.125, -13),
        (1.005, 101),
        (0.1 + 0.2, 30),
        (1_000_000_000_000, 100_000_000_000_000),
        ("1.234", None),
        ("1,234", None),
        ("12.5", None),
        ("1e3", None),
        ("T€ 5", None),
        ("", None),
        (True, None),
        (None, None),
    ],
)  # fmt: skip
def test_cells_are_read_to_the_cent_or_not_at_all(value: object, cents: int | None) -> None:
    assert cents_in(value) == cents


def test_half_a_cent_is_rounded_away_from_zero() -> None:
    from fractions import Fraction

    assert [rounded(Fraction(n, 2)) for n in (-3, -1, 1, 3)] == [-2, -1, 1, 2]


def test_a_stray_cell_at_the_end_of_the_grid_is_read_without_its_rectangle(plan: Plan) -> None:
    plan.type_in(plan.returns / "20.xlsx", sheet="costs", cell="XFD1048576", value=1)
    plan.seal()
    assert {check for check, _, _ in plan.found()} == {"register"}


def test_names_of_files_that_are_no_utf8_are_printed_with_their_bytes(plan: Plan) -> None:
    name = os.fsdecode(b"R\xfccklauf.txt")
    (plan.returns / name).write_text("x", encoding="utf-8")
    assert ("manifest", "R\\xfccklauf.txt", "") in plan.found()
