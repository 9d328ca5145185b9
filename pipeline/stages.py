"""The chain, stage after stage: from the master workbook and a folder of returns to the budget
plan.

This module knows the order of the work and where files lie; what a stage does stands in the stage's
own module.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline import __version__, register
from pipeline.aggregation import Assignment, aggregates, contributions
from pipeline.attainment import attainment, key_figure_results
from pipeline.datapackage import as_csv
from pipeline.excel.intake.intake import submission_of, too_deep
from pipeline.excel.intake.master_reader import read_master
from pipeline.excel.layout.layout import template_identity
from pipeline.excel.linter.linter import assure
from pipeline.excel.reader.guard import read_guarded
from pipeline.excel.reader.limits import LIMITS
from pipeline.excel.reader.reading import Reading
from pipeline.excel.template import write_template
from pipeline.figures import figures, statements
from pipeline.key_figures import reported
from pipeline.lineplan import line_totals
from pipeline.model.blocks import rows_of
from pipeline.model.findings import Blocks, Finding, Severity
from pipeline.model.hierarchy import Hierarchy
from pipeline.model.identity import Identity
from pipeline.model.master import Master
from pipeline.model.messages import sentence
from pipeline.model.results import Difference, Results
from pipeline.model.submission import Frames, Submission, combined
from pipeline.outputs import write_outputs
from pipeline.reconciliation import disagreements, internal_balance, open_counterparts, three_views
from pipeline.tables import results
from pipeline.tables.master import MASTER_TABLES
from pipeline.tables.submission import KEY_FIGURE_TABLES, MONEY_TABLES
from pipeline.texts import accepted_texts
from pipeline.validation import judged, validate
from pipeline.workspace import MASTER_FILE, Workspace

Progress = Callable[[str, int, int], None]
"""Told what is being done, how far, and of how much."""


class Unusable(Exception):  # noqa: N818 - an answer to the user, no error of the program
    """The command cannot be carried out or the master workbook cannot be used; nothing was written
    (exit code 2).
    """

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.findings = tuple(findings)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The returns of one folder after reading, selection and validation.

    ``frames`` holds the tables of all counted files; ``money`` and ``key_figures`` only those whose
    part was accepted or stands in. ``stand_in_files`` are earlier returns in the place of a later
    one, ``units_standing_in`` those for which the previous year stands in; ``stand_ins`` says for
    each unit with a stand-in which kind it is.
    """

    master: Master
    submissions: tuple[Submission, ...]
    findings: tuple[Finding, ...]
    register: pd.DataFrame
    money: Frames
    key_figures: Frames
    stand_in_files: tuple[str, ...]
    units_standing_in: tuple[str, ...]
    stand_ins: Mapping[str, str]
    sources: Mapping[str, str]
    differences: tuple[Difference, ...]

    @property
    def complete(self) -> bool:
        """Whether everything was accepted and nothing is missing."""
        wanting = self.register["status"].isin(["rejected", "partial", "missing", "substituted"])
        return not wanting.any()


# --- master -----------------------------------------------------------------------------------


def load_master(workspace: Workspace) -> tuple[Master, tuple[Finding, ...], str]:
    """The master data of a plan, their findings (warnings and notes) and the file's sha256.

    A master with errors is refused as a whole: every figure rests on it.
    """
    if not workspace.master.is_file():
        raise Unusable(
            f"Für {workspace.city} gibt es im Plan {workspace.plan} keine {MASTER_FILE}."
        )
    reading = read_guarded(workspace.master, folder=workspace.templates)
    master, found = read_master(reading)
    if master is not None:
        frames = combined(master, MASTER_TABLES, [("", MASTER_FILE, master.blocks)])
        found = judged([*found, *validate(frames, MASTER_TABLES, "master")], master, frames)
    errors = [each for each in found if each.severity is Severity.ERROR and not each.waived]
    if master is None or errors:
        count = "einen Fehler" if len(errors) == 1 else f"{len(errors)} Fehler"
        raise Unusable(
            f"Die {MASTER_FILE} von {workspace.city} ({workspace.plan}) enthält {count}; bitte zuerst dort berichtigen.",
            found,
        )
    return master, tuple(found), reading.sha256 or ""


# --- templates --------------------------------------------------------------------------------


def issue_templates(
    workspace: Workspace,
    *,
    units: Sequence[str] = (),
    rows: int | None = None,
    reissue: bool = False,
    progress: Progress,
) -> tuple[list[Path], list[Path]]:
    """Writes one template for each unit that is expected to answer; gives the files written and
    those left as they were.
    """
    master, _, _ = load_master(workspace)
    unknown = [unit for unit in units if unit not in master.expected_units]
    if unknown:
        raise Unusable(f"Von {', '.join(unknown)} wird in diesem Plan kein Rücklauf erwartet.")
    wanted = [unit for unit in master.expected_units if not units or unit in units]
    written, kept = [], []
    for number, unit in enumerate(wanted, start=1):
        path = workspace.templates / f"{unit}.xlsx"
        if path.exists() and not reissue:
            kept.append(path)
        else:
            identity = template_identity(
                master, city=workspace.city, plan=workspace.plan, unit=unit, rows=str(rows or "")
            )
            _issue(master, identity, path)
            written.append(path)
        progress("Vorlagen", number, len(wanted))
    return written, kept


def _issue(master: Master, identity: Identity, path: Path) -> None:
    """Puts a template at its place when it is sound; an unsound one is a fault of the program."""
    draft = path.with_name(f".{path.name}")
    try:
        write_template(master, identity, draft)
        assure(draft.read_bytes())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


# --- intake and judgement ---------------------------------------------------------------------


def files_in(folder: Path) -> list[tuple[str, Path]]:
    """Every file below a folder, with its path as it is shown (``/`` between folders, undecodable
    bytes as ``\\xNN``), sorted.

    Folders are listed only where their name pretends to be a workbook. Links are not followed.
    """
    found = []
    for parent, folders, names in os.walk(folder, followlinks=False):
        pretending = [each for each in folders if each.casefold().endswith((".xlsx", ".xlsm"))]
        links = [each for each in folders if (Path(parent) / each).is_symlink()]
        for name in {*names, *pretending, *links}:
            path = Path(parent) / name
            found.append((_shown(path, folder), path))
    return sorted(found)


def _shown(path: Path, folder: Path) -> str:
    """A file's path below the input folder, or its bare name where it lies elsewhere.

    What lies there under the master's own name is shown with ``./`` before it: every table and the
    manifest mean the master by the bare name.
    """
    text = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
    if text == MASTER_FILE:
        return f"./{MASTER_FILE}"
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def read_returns(
    workspace: Workspace,
    master: Master,
    *,
    only: Sequence[Path] = (),
    executor: Executor,
    progress: Progress,
) -> tuple[Submission, ...]:
    """Reads every file of the input folder (or just those given); one file that cannot be read
    never costs another.
    """
    if not workspace.returns.is_dir() and not only:
        raise Unusable(
            f"Den Ordner input/{workspace.city}/{workspace.plan} gibt es nicht; dorthin gehören die Rückläufe."
        )
    files = [(_shown(path, workspace.returns), path) for path in only] or files_in(
        workspace.returns
    )
    if len(files) > LIMITS.folder_files:
        raise Unusable(
            f"Im Ordner input/{workspace.city}/{workspace.plan} liegen {len(files)} Dateien; gelesen werden höchstens {LIMITS.folder_files}."
        )
    if not files:
        raise Unusable(f"Im Ordner input/{workspace.city}/{workspace.plan} liegt kein Rücklauf.")
    pending = [
        (file, executor.submit(_read_one, file, path, workspace, master)) for file, path in files
    ]
    submissions = []
    for number, (_, future) in enumerate(pending, start=1):
        submissions.append(future.result())
        progress("Rückläufe lesen", number, len(pending))
    return tuple(submissions)


def _read_one(file: str, path: Path, workspace: Workspace, master: Master) -> Submission:
    depth = file.count("/")
    if depth > LIMITS.folder_depth:
        reading = Reading(None, None, too_deep(depth))
    else:
        reading = read_guarded(path, folder=workspace.returns)
    return submission_of(
        file, reading, master, city=workspace.city, plan=workspace.plan, version=__version__
    )


def judge(
    submissions: Sequence[Submission],
    master: Master,
    master_findings: Sequence[Finding],
    master_sha256: str,
    *,
    city: str,
) -> Judged:
    """Which file counts for each unit, what is wrong, and which parts are accepted."""
    by_file = {each.file: each for each in submissions}
    selection = register.select(submissions, master)
    silent = {
        file for file, status in selection.status.items() if status in {"duplicate", "foreign"}
    }
    said = [*master_findings, *selection.findings]
    said += [
        each
        for submission in submissions
        if submission.file not in silent
        for each in submission.findings
    ]
    counted = dict(selection.counted)
    frames = _frames(master, [by_file[file] for file in counted.values()])
    final = judged([*said, *validate(frames, master.submission, "template")], master, frames)
    parts = {
        file: register.parts_of(by_file[file], [each for each in final if each.place.file == file])
        for file in counted.values()
    }

    stand_in_files: dict[str, str] = {}
    for unit in master.expected_units:
        wanting = unit not in counted or parts[counted[unit]].money == "rejected"
        if wanting and _stand_in(master, unit) == "last_accepted":
            other = _last_accepted(selection.earlier.get(unit, ()), by_file, master, said)
            if other:
                stand_in_files[unit] = other
    accepted = [by_file[file] for file in counted.values() if parts[file].money == "accepted"]
    accepted += [by_file[file] for file in stand_in_files.values()]
    without_money = [
        unit
        for unit in master.expected_units
        if unit not in stand_in_files
        and (unit not in counted or parts[counted[unit]].money == "rejected")
    ]
    standing_in = [unit for unit in without_money if _stand_in(master, unit) == "previous_year"]
    rejected_units = {
        each.unit for each in submissions if selection.status.get(each.file) == "rejected"
    }
    missing = register.missing_returns(master, counted, rejected_units)
    final = judged([*final, *missing], master, frames)
    status = {**selection.status, **{file: part.status for file, part in parts.items()}}
    valid = {unit: file for unit, file in counted.items() if status[file] != "rejected"}
    rows = register.register_rows(
        submissions,
        status,
        parts,
        final,
        master,
        counted=valid,
        substituted=[*standing_in, *stand_in_files],
    )
    reports = [by_file[file] for file in counted.values() if parts[file].key_figures == "accepted"]
    return Judged(
        master=master,
        submissions=tuple(submissions),
        findings=tuple(final),
        register=rows,
        money=_frames(master, accepted, only=MONEY_TABLES),
        key_figures=_frames(master, reports, only=KEY_FIGURE_TABLES),
        stand_in_files=tuple(stand_in_files.values()),
        units_standing_in=tuple(standing_in),
        stand_ins={unit: _stand_in(master, unit) for unit in (*standing_in, *stand_in_files)},
        sources={
            MASTER_FILE: master_sha256,
            **{each.file: each.sha256 for each in submissions if each.sha256},
        },
        differences=selection.differences,
    )


def _frames(
    master: Master,
    submissions: Iterable[Submission],
    *,
    only: frozenset[str] = MONEY_TABLES | KEY_FIGURE_TABLES,
) -> Frames:
    sources = [
        (each.unit, each.file, {name: block for name, block in each.blocks.items() if name in only})
        for each in sorted(submissions, key=lambda each: each.file)
    ]
    return combined(master, [table for table in master.submission if not table.settings], sources)


def _stand_in(master: Master, unit: str) -> str:
    frame = master.tables["units"]
    hit = frame.loc[frame["unit"] == unit, "stand_in"].fillna("none")
    return "none" if hit.empty else str(hit.iloc[0])


def _last_accepted(
    files: Sequence[str], by_file: Mapping[str, Submission], master: Master, said: Sequence[Finding]
) -> str:
    """The first of a unit's earlier files whose money would be accepted; empty if there is none."""
    for file in files:
        submission = by_file[file]
        frames = _frames(master, [submission])
        own = [each for each in said if each.place.file == file]
        final = judged([*own, *validate(frames, master.submission, "template")], master, frames)
        if register.parts_of(submission, final).money == "accepted":
            return file
    return ""


# --- computation ------------------------------------------------------------------------------


def compute(judgement: Judged, *, city: str, plan: str) -> Results:
    """Everything that follows from the accepted parts: figures, contributions, aggregates, lines,
    key figures, attainment.
    """
    master, money = judgement.master, judgement.money
    texts = accepted_texts(money, master)
    tree = Hierarchy(
        dict(zip(texts["goals"]["goal"], texts["goals"]["parent"].fillna(""), strict=True))
    )
    texts = {
        **texts,
        "goals": texts["goals"]
        .set_index("goal", drop=False)
        .loc[list(tree.order)]
        .reset_index(drop=True),
    }
    assignment = Assignment(
        tree=tree,
        additive=frozenset(texts["goals"].loc[texts["goals"]["additive"].fillna(True), "goal"]),
        links=master.product_links,
        general_funding=master.general_funding_products,
        measure_goals={
            str(row.measure): str(row.goal)
            for row in rows_of(texts["measures"])
            if row.goal in tree.parents
        },
        refinements=_refinements(money),
    )
    amounts = figures(
        money,
        master,
        stand_in_files=judgement.stand_in_files,
        units_standing_in=judgement.units_standing_in,
    )
    parts = contributions(amounts, assignment)
    views = three_views(amounts, parts, master, tree.order)
    titles = {year.year: year.title for year in master.years}
    balance = internal_balance(amounts)
    complete = set(master.expected_units) <= set(money.tables["costs"]["unit"].dropna())
    found = [*judgement.findings, *disagreements(views, balance, titles=titles, complete=complete)]
    found = judged(found, master, money)
    levels = dict(zip(texts["goals"]["goal"], texts["goals"]["level"].fillna(""), strict=True))
    years = {year.year: year.role.value for year in master.years}
    values = reported(judgement.key_figures, master)
    points = _open_points(judgement)
    weights = dict(zip(texts["goals"]["goal"], texts["goals"]["weight"], strict=True))
    tables = {
        "figures": amounts,
        "contributions": parts,
        "aggregates": aggregates(amounts, parts, assignment, levels=levels, years=years),
        "commitments": statements(money, "commitments"),
        "savings": statements(money, "savings"),
        "kpis": values,
        "kpi_results": key_figure_results(values, master, city=city),
        "attainment": attainment(values, master, tree, weights),
        "lines": line_totals(amounts, master, city=city),
        "findings": findings_table(found),
        "register": judgement.register,
        "cells": _cells(judgement.submissions),
    }
    return Results(
        city=city,
        plan=plan,
        master=master,
        tables=tables,
        texts=texts,
        findings=tuple(found),
        open_counterparts=open_counterparts(money),
        returns=_judged_returns(judgement),
        provisional=not judgement.complete,
        open_points=tuple(point for _, point in points),
        points_of=_by_unit(points),
        sources=judgement.sources,
        stand_ins=judgement.stand_ins,
        differences=judgement.differences,
    )


def _refinements(money: Frames) -> dict[tuple[str, str], tuple[tuple[str, int], ...]]:
    if "product_goals" not in money.tables:
        return {}
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for row in rows_of(money.tables["product_goals"]):
        if row.share is not pd.NA and row.product is not pd.NA and row.goal is not pd.NA:
            found.setdefault((str(row.unit), str(row.product)), []).append(
                (str(row.goal), int(row.share))
            )
    return {key: tuple(links) for key, links in found.items()}


def findings_table(found: Sequence[Finding]) -> pd.DataFrame:
    """``results.FINDINGS`` with message and repair as a person reads them."""
    rows = []
    for each in found:
        message, repair = sentence(each)
        rows.append(
            (
                each.rule,
                each.severity.value,
                each.blocks.value,
                each.waived,
                each.explained,
                each.place.file,
                each.place.sheet,
                each.place.cell,
                each.unit,
                message,
                repair,
            )
        )
    dtypes = {
        name: "boolean" if kind == "boolean" else "string"
        for name, kind in results.FINDINGS.columns
    }
    return pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)


def _cells(submissions: Sequence[Submission]) -> pd.DataFrame:
    parts = [each.cells.assign(file=each.file) for each in submissions if len(each.cells)]
    frame = (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame(columns=list(results.CELLS.names))
    )
    frame = frame[list(results.CELLS.names)].astype("string")
    return frame.sort_values(list(results.CELLS.key), ignore_index=True)


_STAND_INS = {
    "previous_year": "der Ansatz des Vorjahres",
    "last_accepted": "der letzte gültige Rücklauf",
}


def _judged_returns(judgement: Judged) -> dict[str, Submission]:
    """By unit the file that was judged for it, accepted or not."""
    status = {row.file: row.status for row in rows_of(judgement.register) if row.file}
    judged_ = {"accepted", "partial", "rejected", "no_change"}
    return {
        each.unit: each
        for each in sorted(judgement.submissions, key=lambda each: each.file, reverse=True)
        if each.unit and status.get(each.file) in judged_
    }


def _by_unit(points: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for unit, point in points:
        found[unit] = (*found.get(unit, ()), point)
    return found


def _open_points(judgement: Judged) -> tuple[tuple[str, str], ...]:
    """What keeps the plan provisional: the unit and one German sentence each."""
    titles = judgement.master.titles["units"]
    points = []
    for row in rows_of(judgement.register):
        unit = f"{row.unit} {titles.get(row.unit, '')}".strip() or "unbekannter Einheit"
        kind = _STAND_INS.get(judgement.stand_ins.get(row.unit, ""), "")
        instead = f"an seiner Stelle steht {kind}" if kind else "es fehlt im Plan"
        match row.status:
            case "missing":
                point = f"Der Rücklauf von {unit} fehlt und ist nicht eingerechnet."
            case "substituted":
                point = f"Ein gültiger Rücklauf von {unit} fehlt; an seiner Stelle steht {kind}."
            case "rejected":
                point = f"Der Rücklauf von {unit} ({row.file}) konnte nicht gezählt werden."
            case "partial" if row.money == "rejected":
                point = f"Das Geld von {unit} ({row.file}) konnte nicht gezählt werden; {instead}."
            case "partial":
                point = f"Die Kennzahlen von {unit} ({row.file}) konnten nicht gezählt werden."
            case _:
                continue
        points.append((str(row.unit), point))
    return tuple(points)


# --- the chain ----------------------------------------------------------------------------------


def run(
    workspace: Workspace, *, workers: int, only_plan: bool = False, progress: Progress
) -> Results:
    """The whole chain for one plan; writes the output folder and gives the results."""
    results_ = evaluate(workspace, workers=workers, progress=progress)
    write_outputs(results_, workspace, only_plan=only_plan, progress=progress)
    return results_


def evaluate(
    workspace: Workspace, *, workers: int, only: Sequence[Path] = (), progress: Progress
) -> Results:
    """Reads, judges and computes, without writing anything; ``only`` judges just these files."""
    master, master_findings, sha256 = load_master(workspace)
    with ThreadPoolExecutor(max_workers=workers) as executor:
        submissions = read_returns(
            workspace, master, only=only, executor=executor, progress=progress
        )
    judgement = judge(submissions, master, master_findings, sha256, city=workspace.city)
    return compute(judgement, city=workspace.city, plan=workspace.plan)


# --- as data ----------------------------------------------------------------------------------


def as_records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """A result table as plain records, for JSON."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]


__all__ = [
    "Blocks",
    "Judged",
    "Progress",
    "Unusable",
    "as_csv",
    "as_records",
    "compute",
    "evaluate",
    "files_in",
    "findings_table",
    "issue_templates",
    "judge",
    "load_master",
    "read_returns",
    "run",
]
