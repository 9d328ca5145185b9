"""Rebuilds the example cities from their CSV files: master workbook, templates, and returns saved
by LibreOffice.

    python -m tests.examples.build laatzen

``tests/examples/<city>/master/<table>.csv`` become ``templates/<city>/<plan>/Stammdaten.xlsx``; the
templates are made from it by the pipeline; ``tests/examples/<city>/returns/<unit>/<table>.csv`` are
filled in as a clerk would, ``mischief.csv`` adds what clerks also do, and LibreOffice saves the
result to ``input/<city>/<plan>/<unit>.xlsx``.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from openpyxl.comments import Comment
from openpyxl.workbook import Workbook

from pipeline.excel.intake.master_reader import read_master
from pipeline.excel.layout.layout import master_identity, template_identity
from pipeline.excel.master_workbook import write_master
from pipeline.excel.reader.guard import close_guards, read_guarded
from pipeline.excel.template import write_template
from pipeline.model.findings import Severity
from pipeline.model.master import Master
from pipeline.model.messages import sentence
from pipeline.workspace import Workspace
from tests.fill import Row, filled, place_of, tables_of

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
_ROUNDS = {
    "Eckwert": "-eckwert",
    "Entwurf": "",
    "Beschluss": "-beschluss",
    "Nachtrag": "-nachtrag1",
    "Controlling": "-c1",
}


def rows_of(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The CSV files of a folder by table name."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def workspace_of(city: str, root: Path = ROOT) -> Workspace:
    """Where the example's plan lies; its name follows from the settings (contract, «Plans and
    folders»).
    """
    settings = _settings(rows_of(HERE / city / "master"))
    plan = f"{settings['budget_year']}{_ROUNDS[settings.get('round') or 'Entwurf']}"
    return Workspace(root=root, city=city, plan=plan)


def _settings(tables: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, str]:
    return {row["setting"]: row["value"] for row in tables["settings"]}


def build_master(city: str, root: Path = ROOT) -> Path:
    """Writes the master workbook of an example city."""
    tables = rows_of(HERE / city / "master")
    settings = _settings(tables)
    here = workspace_of(city, root)
    identity = master_identity(
        city=city,
        plan=here.plan,
        year=settings["budget_year"],
        round=settings.get("round") or "Entwurf",
    )
    write_master(tables, identity, here.master)
    return here.master


def read_example(city: str, root: Path = ROOT) -> Master:
    """The master of an example city, read as the pipeline reads it; any error is a fault of the
    example.
    """
    master, findings = read_master(read_guarded(workspace_of(city, root).master))
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    for finding in errors:
        print(finding.place.sheet, finding.place.cell, *sentence(finding), file=sys.stderr)  # noqa: T201
    if master is None or errors:
        raise ValueError(f"the master workbook of {city} has {len(errors)} errors")
    return master


def build_templates(city: str, root: Path = ROOT) -> list[Path]:
    """Writes the template of every unit that is expected to answer."""
    here, master = workspace_of(city, root), read_example(city, root)
    paths = []
    for unit in master.expected_units:
        path = here.templates / f"{unit}.xlsx"
        identity = template_identity(master, city=city, plan=here.plan, unit=unit)
        write_template(master, identity, path)
        paths.append(path)
    return paths


def build_returns(city: str, root: Path = ROOT) -> list[Path]:
    """Fills the templates with the example's entries and has LibreOffice save them into the input
    folder.
    """
    here, source = workspace_of(city, root), HERE / city / "returns"
    mischief = _mischief(source / "mischief.csv")
    here.returns.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="zielhaushalt-") as folder:
        paths = []
        for unit in sorted(path.name for path in source.iterdir() if path.is_dir()):
            workbook = filled(here.templates / f"{unit}.xlsx", rows_of(source / unit))
            for deed in mischief.get(unit, []):
                _do(workbook, deed)
            path = Path(folder) / f"{unit}.xlsx"
            workbook.save(path)
            paths.append(path)
        save_with_libreoffice(paths, here.returns)
    return [here.returns / path.name for path in paths]


def _mischief(path: Path) -> dict[str, list[dict[str, str]]]:
    """What clerks also do, by unit: columns unit, table, row_key (``product=…; line=…``), column,
    deed, value.
    """
    found: dict[str, list[dict[str, str]]] = {}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["unit"], []).append(row)
    return found


def _do(workbook: Workbook, deed: Mapping[str, str]) -> None:
    sheet = tables_of(workbook)[deed["table"]]
    key: Row = dict(part.strip().split("=", 1) for part in deed["row_key"].split(";"))
    row = place_of(sheet, key)
    if deed["deed"] == "hide_row":
        sheet.sheet.row_dimensions[row].hidden = True
        return
    cell = sheet.cell(row, deed["column"])
    match deed["deed"]:
        case "text":
            cell.value = deed["value"]
            cell.data_type = "s"
        case "formula":
            cell.value = deed["value"]
        case "comment":
            cell.comment = Comment(deed["value"], "")
        case other:
            raise ValueError(f"unknown deed {other}")


def save_with_libreoffice(paths: Sequence[Path], folder: Path) -> None:
    """Has LibreOffice load workbooks and save them again as xlsx into ``folder``, in one go and
    with a profile of its own.
    """
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        raise FileNotFoundError("LibreOffice is needed to build the examples")
    with tempfile.TemporaryDirectory(prefix="zielhaushalt-office-") as profile:
        command = [
            program,
            f"-env:UserInstallation={Path(profile).as_uri()}",
            "--headless",
            "--norestore",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(folder),
            *map(str, paths),
        ]
        for path in paths:
            (folder / path.name).unlink(missing_ok=True)
        run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    missing = [path.name for path in paths if not (folder / path.name).exists()]
    if run.returncode or missing:
        raise RuntimeError(f"LibreOffice did not save {missing}: {run.stdout}{run.stderr}")


def main(cities: Sequence[str]) -> None:
    """Rebuilds the examples named, else all."""
    known = sorted(path.parent.name for path in HERE.glob("*/master"))
    if unknown := set(cities) - set(known):
        raise SystemExit(f"Unbekanntes Beispiel: {sorted(unknown)}; es gibt {known}.")
    for city in cities or known:
        build_master(city)
        build_templates(city)
        returns = build_returns(city)
        print(f"{city}: {len(returns)} Rückläufe")  # noqa: T201
    close_guards()


if __name__ == "__main__":
    main(sys.argv[1:])
