"""The chain as a whole: what it writes, that it is the same everywhere, and that a city may be
different without new code.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook as Book
from openpyxl import load_workbook

from pipeline import stages
from pipeline.excel.reader import guard
from pipeline.excel.reader.reading import Reading, Reason, Refusal
from pipeline.outputs import manifest
from pipeline.workspace import Workspace
from tests.small_city import (
    CITY,
    MASTER,
    PLAN,
    RETURNS,
    a_city,
    change,
    run,
    silent,
    write_the_master,
)

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A city after a whole run with outputs."""
    workspace = a_city(tmp_path_factory.mktemp("city"))
    stages.run(workspace, workers=2, progress=silent)
    return workspace


def table(workspace: Workspace, name: str) -> list[dict[str, str]]:
    """One CSV file of the data package."""
    with (workspace.output / "Daten" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_output_folder_is_what_the_contract_lists(finished: Workspace) -> None:
    files = set(contents(finished.output))
    assert {
        "Haushaltsplan.xlsx",
        "manifest.json",
        "Daten/datapackage.json",
        "Rueckmeldungen/T40.xlsx",
        "Rueckmeldungen/T61.xlsx",
    } <= files
    assert not any("tmp" in file or file.startswith(".") for file in files)
    listed = json.loads((finished.output / "manifest.json").read_text(encoding="utf-8"))
    assert set(listed["outputs"]) == files - {"manifest.json"}
    assert set(listed["inputs"]) == {"Stammdaten.xlsx", "T40.xlsx", "T61.xlsx"}
    assert str(finished.root) not in (finished.output / "manifest.json").read_text(encoding="utf-8")


def test_every_table_has_the_columns_that_the_data_package_names(finished: Workspace) -> None:
    package = json.loads(
        (finished.output / "Daten" / "datapackage.json").read_text(encoding="utf-8")
    )
    for resource in package["resources"]:
        header = (
            (finished.output / "Daten" / resource["path"])
            .read_text(encoding="utf-8")
            .splitlines()[0]
        )
        assert header.split(",") == [field["name"] for field in resource["schema"]["fields"]]


def test_every_figure_equals_its_cell(finished: Workspace) -> None:
    books: dict[str, object] = {}
    checked = 0
    for row in table(finished, "figures"):
        if row["origin"] not in {"return", "master", "listed"} or row["cell"].startswith("J"):
            continue
        path = (
            finished.master if row["file"] == "Stammdaten.xlsx" else finished.returns / row["file"]
        )
        book = books.setdefault(row["file"], load_workbook(path, data_only=True))
        value = Decimal(str(book[row["sheet"]][row["cell"]].value))  # type: ignore[index]
        assert int((value * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)) == int(
            row["cents"]
        ), row
        checked += 1
    assert checked == 16


def test_every_filled_amount_of_a_return_is_a_figure(finished: Workspace) -> None:
    booked = {(row["file"], row["cell"]) for row in table(finished, "figures")}
    for unit in RETURNS:
        sheet = load_workbook(finished.returns / f"{unit}.xlsx")["Ansätze"]
        mark = re.fullmatch(r"zh:costs:(\d+):(\d+)", sheet["A3"].value)
        assert mark
        columns = [
            cell.column or 0
            for cell in sheet[3]
            if re.fullmatch(r"amount_(2027|2028|2029|2030)", str(cell.value))
        ]
        for row in range(int(mark[1]), int(mark[2]) + 1):
            for column in columns:
                cell = sheet.cell(row, column)
                if cell.value is not None:
                    assert (f"{unit}.xlsx", cell.coordinate) in booked


def test_goals_with_general_funding_and_the_rest_make_the_total(finished: Workspace) -> None:
    figures = pd.DataFrame(table(finished, "figures")).astype({"cents": int})
    parts = pd.DataFrame(table(finished, "contributions")).astype({"cents": int})
    totals = figures[figures["origin"] != "listed"].groupby(["kind", "year"])["cents"].sum()
    assert parts.groupby(["kind", "year"])["cents"].sum().to_dict() == totals.to_dict()
    aggregates = pd.DataFrame(table(finished, "aggregates")).astype({"cents": int})
    roots = aggregates[(aggregates["view"] == "anteil") & (aggregates["parent"] == "")]
    by_kind = roots.groupby(["kind", "year"])["cents"].sum()
    assert {key: value for key, value in by_kind.to_dict().items() if value} == {
        key: value for key, value in totals.to_dict().items() if value
    }


def test_a_product_counts_once_at_every_goal_in_the_gross_view(finished: Workspace) -> None:
    gross = {
        (row["goal"], row["kind"], row["year"]): int(row["cents"])
        for row in table(finished, "aggregates")
        if row["view"] == "bezug"
    }
    # 211.10 serves Z1.1, Z1.2, Z2 and the tag R1; at Z1 it counts once. The measure M-T40-002 names
    # Z1.2 only.
    assert gross["Z1.1", "expense", "2027"] == 87_000_000
    assert gross["Z1", "expense", "2027"] == 87_000_000 + 100_001
    assert gross["R1", "expense", "2027"] == 87_000_000
    assert gross["ohne", "expense", "2027"] == 9_000_000


@dataclass(frozen=True)
class Elsewhere:
    """What may differ between two runs without a byte of their outputs differing."""

    folder: str
    zone: str
    locale: str
    seed: int
    workers: int
    touched: int
    backwards: bool = False


ELSEWHERE = (
    Elsewhere("anderer Ordner ä", "Pacific/Auckland", "C", 4711, 3, 1_000_000_000),
    Elsewhere("a", "UTC", "C.UTF-8", 0, 1, 1_700_000_000),
    Elsewhere("b/c", "America/New_York", "de_DE.UTF-8", 1, 2, 0),
    Elsewhere("mit Leerzeichen", "Asia/Kolkata", "tr_TR.UTF-8", 2, 4, 315_532_800, backwards=True),
    Elsewhere("日本", "Asia/Tokyo", "ja_JP.UTF-8", 3, 8, 2_000_000_000),
    Elsewhere("output", "Europe/Berlin", "en_US.UTF-8", 4, 1, 1_234_567_890, backwards=True),
    Elsewhere("Z'", "Etc/GMT+12", "C", 5, 2, 1_600_000_000),
    Elsewhere("[x] #1 %20", "Etc/GMT-14", "POSIX", 6, 3, 1_500_000_000, backwards=True),
    Elsewhere("tief/" * 8 + "unten", "Australia/Lord_Howe", "C.UTF-8", 4_294_967_295, 2, 1),
    Elsewhere("x" * 100, "Africa/Casablanca", "fr_FR.UTF-8", 8, 5, 1_400_000_000),
)


@pytest.mark.parametrize(
    "elsewhere",
    [ELSEWHERE[0], *(pytest.param(each, marks=pytest.mark.long) for each in ELSEWHERE[1:])],
    ids=lambda each: each.folder[:12],
)
def test_a_second_run_elsewhere_gives_the_same_bytes(
    finished: Workspace, tmp_path: Path, elsewhere: Elsewhere
) -> None:
    other = tmp_path / elsewhere.folder
    sources = [
        path
        for part in ("templates", "input")
        for path in sorted((finished.root / part).rglob("*.xlsx"), reverse=elsewhere.backwards)
    ]
    for source in sources:  # one by one: how a folder lists its files may follow their arrival
        copy = other / source.relative_to(finished.root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        os.utime(copy, (elsewhere.touched, elsewhere.touched))
    environment = {
        **os.environ,
        "TZ": elsewhere.zone,
        "LC_ALL": elsewhere.locale,
        "PYTHONHASHSEED": str(elsewhere.seed),
    }
    command = [sys.executable, "-m", "pipeline", "--root", str(other), "consolidate", CITY]
    done = subprocess.run(
        [*command, "--workers", str(elsewhere.workers)],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert contents(other / "output") == contents(finished.root / "output")


def test_the_content_digest_does_not_know_how_a_workbook_was_compressed(
    finished: Workspace, tmp_path: Path
) -> None:
    """Another zlib packs other bytes around the same contents; the digest of the manifest holds."""
    written = {name: "" for name in contents(finished.output) if name != "manifest.json"}
    shutil.copytree(finished.output, tmp_path / "neu")
    for path in (tmp_path / "neu").rglob("*.xlsx"):
        original = path.read_bytes()
        with (
            zipfile.ZipFile(io.BytesIO(original)) as old,
            zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as new,
        ):
            for name in old.namelist():
                new.writestr(name, old.read(name))
        assert path.read_bytes() != original
    results = run(finished)
    digests = [
        json.loads(manifest(results, folder, {name: _sha256(folder / name) for name in written}))
        for folder in (finished.output, tmp_path / "neu")
    ]
    assert digests[0]["content_digest"] == digests[1]["content_digest"]
    assert digests[0]["outputs"] != digests[1]["outputs"]
    kept = json.loads((finished.output / "manifest.json").read_text(encoding="utf-8"))
    assert digests[0]["content_digest"] == kept["content_digest"]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_seventh_year_and_a_third_goal_level_need_no_code(tmp_path: Path) -> None:
    years = [*MASTER["years"], {"year": "2031", "role": "Planung", "entry": "Eingabe"}]
    levels = [
        *MASTER["levels"],
        {"level": "Teilziel", "order": "3", "filled_by": "Kämmerei", "refers_up": "ja"},
    ]
    goals = [
        *MASTER["goals"],
        {
            "goal": "Z1.2.1",
            "title": "Mensen",
            "parent": "Z1.2",
            "level": "Teilziel",
            "additive": "ja",
        },
    ]
    links = [
        *(row for row in MASTER["product_goals"] if row["goal"] != "Z1.2"),
        {"product": "211.10", "goal": "Z1.2.1", "share": "33.33"},
    ]
    values = [*MASTER["base_values"], {"name": "Orientierungsdaten", "year": "2031", "value": "3"}]
    workspace = a_city(
        tmp_path,
        years=years,
        levels=levels,
        goals=goals,
        product_goals=links,
        base_values=values,
        returns=_with_2031(),
    )
    results = run(workspace)
    figures, aggregates = results.tables["figures"], results.tables["aggregates"]
    derived = figures[
        (figures["year"] == 2031)
        & (figures["product"] == "211.10")
        & (figures["measure"] == "")
        & (figures["line"] == "13")
    ]
    assert list(derived["cents"]) == [95_094_849]  # 923,250.96 and 3 per cent, half up
    rolled = aggregates[
        (aggregates["goal"] == "Z1")
        & (aggregates["kind"] == "expense")
        & (aggregates["year"] == 2031)
        & (aggregates["view"] == "anteil")
    ]
    assert int(rolled["cents"].iloc[0]) > 0
    assert not results.provisional


def test_returns_of_before_a_seventh_year_are_still_counted(tmp_path: Path) -> None:
    """The new year's column was never asked for: the Fortschreibung fills it, a warning says so."""
    workspace = a_city(tmp_path)
    years = [*MASTER["years"], {"year": "2031", "role": "Planung", "entry": "Eingabe"}]
    values = [*MASTER["base_values"], {"name": "Orientierungsdaten", "year": "2031", "value": "3"}]
    write_the_master(tmp_path, years=years, base_values=values)
    results = run(workspace)
    figures = results.tables["figures"]
    assert not results.provisional
    assert {"D04", "D39"} <= {each.rule for each in results.findings}
    assert 95_094_849 in set(figures.loc[figures["year"] == 2031, "cents"])


def test_a_master_changed_after_the_templates_went_out_accuses_nobody(tmp_path: Path) -> None:
    workspace = a_city(tmp_path)
    products = [{**row, "title": f"{row['title']} neu"} for row in MASTER["products"]]
    amounts = [{**row, "amount": "1000"} for row in MASTER["previous_amounts"]]
    write_the_master(tmp_path, products=products, previous_amounts=amounts)
    results = run(workspace)
    accused = [
        (each.rule, each.place.cell)
        for each in results.findings
        if each.place.file == "T40.xlsx" and each.severity.value != "note" and not each.explained
    ]
    assert [rule for rule, _ in accused if rule in {"D24", "A07", "D31", "D22"}] == []
    assert not results.provisional


def test_a_measure_below_the_prepared_rows_keeps_its_number(tmp_path: Path) -> None:
    workspace = a_city(tmp_path)

    def deed(book: Book) -> None:
        sheet = book["Maßnahmen"]
        columns = {cell.value: cell.column or 0 for cell in sheet[3]}
        mark = re.fullmatch(r"zh:measures:(\d+):(\d+)", str(sheet["A3"].value))
        assert mark
        new = {
            "measure": "M-T40-099",
            "title": "Neu",
            "product": "211.10",
            "type": "konsumtiv",
            "status": "geplant",
        }
        for name, value in new.items():
            sheet.cell(int(mark[2]) + 2, columns[name]).value = value

    change(workspace.returns / "T40.xlsx", deed)
    results = run(workspace)
    assert "M-T40-099" in set(results.texts["measures"]["measure"])
    assert {"D33"} <= {each.rule for each in results.findings}


def test_no_csv_holds_what_only_python_writes(finished: Workspace) -> None:
    """Booleans are true/false, missing values are empty: never True, nan or <NA>."""
    for path in sorted((finished.output / "Daten").glob("*.csv")):
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines()):
            assert not {"True", "False", "nan", "<NA>", "None", "NaN"} & set(row), (path.name, row)


def test_a_line_without_kind_gets_it_from_plan_and_sign(tmp_path: Path) -> None:
    lines = [
        {name: value for name, value in row.items() if name != "kind"} for row in MASTER["lines"]
    ]
    results = run(a_city(tmp_path, lines=lines))
    by_line = results.tables["figures"].groupby("line")["kind"].unique().map(list).to_dict()
    assert by_line == {"01": ["revenue"], "13": ["expense"], "15": ["expense"], "F08": ["payment"]}


def _with_2031() -> dict[str, dict[str, list[dict[str, object]]]]:
    """The returns with an amount of 2031 where a row types every year."""
    return {
        unit: {
            name: [
                {**row, **({"amount_2031": 0} if name == "costs" and "amount_2028" in row else {})}
                for row in rows
            ]
            for name, rows in tables.items()
        }
        for unit, tables in RETURNS.items()
    }


def test_a_reader_that_dies_on_one_file_costs_no_other_file(
    finished: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = guard.read_guarded
    killed: list[Path] = []

    def dying(path: Path, **words: object) -> Reading:
        if path.name == "T40.xlsx" and not killed:
            killed.append(path)
            children = list(_children())
            for pid in children:
                os.kill(pid, signal.SIGKILL)
            while set(_children()) & set(children):  # a killed process takes a moment to die
                time.sleep(0.01)
        return real(path, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(stages, "read_guarded", dying)
    results = run(finished)
    assert killed
    assert {"T40.xlsx", "T61.xlsx"} <= set(results.tables["figures"]["file"])


def test_a_file_that_kills_its_reader_is_refused_and_the_other_is_counted(
    finished: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = guard.read_guarded

    def dying(path: Path, **words: object) -> Reading:
        if path.name == "T40.xlsx":
            return Reading("0" * 64, 1, Refusal(Reason.READER_DIED))
        return real(path, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(stages, "read_guarded", dying)
    results = run(finished)
    assert [
        (each.rule, each.place.file) for each in results.findings if each.severity.value == "error"
    ] == [("A06", ""), ("D01", "T40.xlsx")]
    assert "T61.xlsx" in set(results.tables["figures"]["file"])


def _children() -> Iterator[int]:
    """The guard processes of this process."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                yield int(entry.name)


def test_no_code_knows_a_city_a_year_a_level_or_a_law() -> None:
    forbidden = re.compile(
        r"\bif\b.*(laatzen|hamm\b|20[23]\d|konzernziel|amtsziel|NKF|NKR|KomHVO)", re.IGNORECASE
    )
    guilty = [
        f"{path.name}:{number}"
        for path in sorted((PROJECT / "pipeline").rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if forbidden.search(line.split("#")[0])
    ]
    assert guilty == []


def test_the_plan_name_is_what_the_folder_says(finished: Workspace) -> None:
    assert {row["file"] for row in table(finished, "figures")} == {
        "Stammdaten.xlsx",
        "T40.xlsx",
        "T61.xlsx",
    }
    assert finished.plan == PLAN


def test_a_unit_without_key_figures_gets_no_sheet_for_them(tmp_path: Path) -> None:
    """What is not asked of a unit does not stand in its file, and is not missed in its return."""
    returns = {
        unit: {name: rows for name, rows in tables.items() if (unit, name) != ("T61", "kpis")}
        for unit, tables in RETURNS.items()
    }
    asked = [row for row in MASTER["kpis"] if row["kpi"] != "K-3"]
    before = [row for row in MASTER["previous_kpis"] if row["kpi"] != "K-3"]
    workspace = a_city(tmp_path, returns=returns, kpis=asked, previous_kpis=before)
    results = run(workspace)

    sheets = load_workbook(workspace.templates / "T61.xlsx", read_only=True).sheetnames
    assert "Kennzahlen" not in sheets
    assert "Ansätze" in sheets
    assert not results.provisional
    assert not [each for each in results.findings if each.place.sheet == "Kennzahlen"]
