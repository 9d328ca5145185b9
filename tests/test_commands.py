"""The commands as a person or a script meets them: exit codes, sentences, JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.workspace import plan_order
from tests.small_city import CITY, a_city, change, write_the_master

PROJECT = Path(__file__).resolve().parents[1]


def command(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "--root", str(root), *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city with two good returns and its outputs."""
    root = tmp_path_factory.mktemp("city")
    a_city(root)
    done = command(root, "consolidate", CITY)
    assert done.returncode == 0, done.stderr
    assert "vollständig" in done.stderr
    return root


@pytest.fixture
def copy(city: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    shutil.copytree(city, tmp_path / "root")
    return tmp_path / "root"


def test_check_prints_findings_as_json_and_ends_0_when_all_is_well(city: Path) -> None:
    done = command(city, "check", CITY, "--json")
    assert done.returncode == 0
    findings = json.loads(done.stdout)["findings"]
    assert {"rule", "severity", "blocks", "file", "sheet", "cell", "message", "repair"} <= set(
        findings[0]
    )
    assert {each["severity"] for each in findings} <= {"warning", "note"}


def test_check_ends_1_with_the_cell_in_plain_german(copy: Path) -> None:
    change(
        copy / "input" / CITY / "2027" / "T40.xlsx",
        lambda book: book["Ansätze"].__setitem__("N12", "450 T€"),
    )
    done = command(copy, "check", CITY)
    assert done.returncode == 1
    assert "T40.xlsx · Ansätze · N12" in done.stdout
    assert "450.000" in done.stdout


def test_check_of_one_file_has_that_files_exit_code(copy: Path) -> None:
    folder = copy / "input" / CITY / "2027"
    change(folder / "T40.xlsx", lambda book: book["Ansätze"].__setitem__("N12", "450 T€"))
    assert command(copy, "check", CITY, "T61.xlsx").returncode == 0
    assert command(copy, "check", CITY, str(folder / "T40.xlsx")).returncode == 1
    assert command(copy, "check", CITY, "T99.xlsx").returncode == 2


def test_status_shows_the_register_and_what_no_run_has_judged_yet(copy: Path) -> None:
    done = command(copy, "status", CITY, "--json")
    assert done.returncode == 0
    assert {row["status"] for row in json.loads(done.stdout)["register"]} == {"accepted"}
    change(
        copy / "input" / CITY / "2027" / "T40.xlsx",
        lambda book: book["Ansätze"].__setitem__("N12", 1),
    )
    done = command(copy, "status", CITY, "--json")
    assert done.returncode == 1
    by_file = {
        row["file"]: row["status"] for row in json.loads(done.stdout)["register"] if row["file"]
    }
    assert by_file == {"T40.xlsx": "received", "T61.xlsx": "accepted"}


def test_consolidate_ends_1_and_says_vorlaeufig_when_a_return_is_missing(copy: Path) -> None:
    (copy / "input" / CITY / "2027" / "T40.xlsx").unlink()
    done = command(copy, "consolidate", CITY)
    assert done.returncode == 1
    assert "vorläufig" in done.stderr
    assert "T40 Team Bildung" in done.stderr


def test_templates_are_never_overwritten_without_saying_so(copy: Path) -> None:
    template = copy / "templates" / CITY / "2027" / "T40.xlsx"
    template.write_bytes(b"meins")
    done = command(copy, "templates", CITY)
    assert (done.returncode, template.read_bytes()) == (0, b"meins")
    assert "nicht überschrieben" in done.stderr
    assert command(copy, "templates", CITY, "--unit", "T40", "--reissue").returncode == 0
    assert template.read_bytes()[:2] == b"PK"


def test_trace_gives_one_sum_per_kind_and_the_cells(city: Path) -> None:
    done = command(city, "trace", CITY, "Z1", "2027", "--json")
    found = json.loads(done.stdout)
    # 33.33 % of 870,000.00 to each of Z1.1 and Z1.2, the measure's 1,000.01 whole to Z1.2; of
    # 1,200,000.00 the same shares.
    assert found["sums"] == {"expense": 2 * 28_997_100 + 100_001, "payment": 2 * 39_996_000}
    assert (
        sum(row["cents"] for row in found["contributions"] if row["kind"] == "expense")
        == found["sums"]["expense"]
    )
    assert {row["file"] for row in found["contributions"]} == {"T40.xlsx"}
    narrowed = json.loads(
        command(city, "trace", CITY, "Z1", "2027", "--measure", "M-T40-002", "--json").stdout
    )
    assert narrowed["sums"] == {"expense": 100_001}


def test_verify_finds_no_difference_and_then_a_forged_one(copy: Path) -> None:
    assert command(copy, "verify", CITY).returncode == 0
    figures = copy / "output" / CITY / "2027" / "Daten" / "figures.csv"
    figures.write_text(
        figures.read_text(encoding="utf-8").replace("87000000", "88000000"), encoding="utf-8"
    )
    done = command(copy, "verify", CITY, "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["differences"]


def test_schema_lists_every_table_with_its_columns() -> None:
    tables = json.loads(command(PROJECT, "schema", "--json").stdout)["tables"]
    costs = next(
        each for each in tables if (each["workbook"], each["table"]) == ("template", "costs")
    )
    assert (costs["sheet"], costs["key"]) == ("Ansätze", ["product", "line", "measure"])
    amount = next(each for each in costs["columns"] if each["name"] == "amount")
    assert (amount["kind"], amount["required"], bool(amount["per_year"])) == ("money", True, True)


@pytest.mark.parametrize(
    "words",
    [
        ("consolidate", "nirgendwo"), ("consolidate", "../x"), ("consolidate", CITY, "--plan", "2031"), ("consolidate", CITY, "--plan", "morgen"),
        ("consolidate",), ("consolidate", CITY, "--only", "alles"), ("check", CITY, "--unbekannt"), ("status", "nirgendwo"),
        ("templates", CITY, "--unit", "T99"), ("erfinde",),
    ],
)  # fmt: skip
def test_what_cannot_be_done_ends_2_in_one_sentence(city: Path, words: tuple[str, ...]) -> None:
    done = command(city, *words)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_verify_and_trace_without_output_end_2(tmp_path: Path) -> None:
    write_the_master(tmp_path)
    assert command(tmp_path, "verify", CITY).returncode == 2
    assert command(tmp_path, "trace", CITY, "Z1", "2027").returncode == 2


def test_plans_are_ordered_as_the_rounds_follow_each_other() -> None:
    plans = [
        "2027-c2",
        "2028-eckwert",
        "2027-nachtrag2",
        "2027",
        "2027-nachtrag10",
        "2027-beschluss",
        "2027-eckwert",
        "2027-c1",
    ]
    assert sorted(plans, key=plan_order) == [
        "2027-eckwert", "2027", "2027-beschluss", "2027-nachtrag2", "2027-nachtrag10", "2027-c1", "2027-c2", "2028-eckwert",
    ]  # fmt: skip


def test_with_all_a_broken_master_costs_no_other_city_its_plan(copy: Path) -> None:
    broken = copy / "templates" / "anderswo" / "2027" / "Stammdaten.xlsx"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"kein Excel")
    shutil.rmtree(copy / "output")
    done = command(copy, "consolidate", "--all")
    assert done.returncode == 2
    assert (copy / "output" / CITY / "2027" / "Haushaltsplan.xlsx").is_file()
    assert not (copy / "output" / "anderswo").exists()
    assert "Traceback" not in done.stderr


def test_status_knows_a_file_by_its_hash_whatever_it_is_called(copy: Path) -> None:
    folder = copy / "input" / CITY / "2027"
    (folder / "T40.xlsx").rename(folder / "=T40 endgültig.xlsx")
    done = command(copy, "status", CITY, "--json")
    assert done.returncode == 0
    by_file = {
        row["file"]: (row["unit"], row["status"]) for row in json.loads(done.stdout)["register"]
    }
    assert by_file["=T40 endgültig.xlsx"] == ("T40", "accepted")
    assert command(copy, "consolidate", CITY).returncode == 0
    done = command(copy, "status", CITY, "--json")
    assert {row["file"]: row["status"] for row in json.loads(done.stdout)["register"]}[
        "=T40 endgültig.xlsx"
    ] == "accepted"
    traced = json.loads(command(copy, "trace", CITY, "Z1", "2027", "--json").stdout)
    assert {row["file"] for row in traced["contributions"]} == {"=T40 endgültig.xlsx"}


@pytest.mark.parametrize(
    "words", [("Z1", "2044"), ("Z99", "2027"), ("Z1", "2027", "--kind", "Gold")]
)
def test_trace_of_what_does_not_exist_ends_2(city: Path, words: tuple[str, ...]) -> None:
    done = command(city, "trace", CITY, *words)
    assert (done.returncode, bool(done.stderr.strip())) == (2, True)


def test_trace_takes_the_label_of_a_kind(city: Path) -> None:
    found = json.loads(
        command(city, "trace", CITY, "Z1", "2027", "--kind", "Aufwand", "--json").stdout
    )
    assert set(found["sums"]) == {"expense"}
