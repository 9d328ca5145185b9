"""What a run leaves in the output folder: workbooks, data package, manifest; all at once or not at
all.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pipeline import __version__
from pipeline.datapackage import data_package
from pipeline.excel.budget_plan import write_budget_plan
from pipeline.excel.feedback.mending import write_feedback
from pipeline.excel.target_agreements import write_target_agreements
from pipeline.excel.unit_plan import unit_workbooks
from pipeline.excel.workbook import replace_file
from pipeline.model.results import Results
from pipeline.workspace import Workspace, drafted, held

Progress = Callable[[str, int, int], None]
Writing = tuple[str, Callable[[Path], None]]
"""A workbook's place below the output folder, and what writes it there."""

PLAN_FILE = "Haushaltsplan.xlsx"
AGREEMENTS_FILE = "Zielvereinbarungen.xlsx"
FEEDBACK_FOLDER = "Rueckmeldungen"


def write_outputs(
    results: Results, workspace: Workspace, *, only_plan: bool = False, progress: Progress
) -> None:
    """Writes every file of the output folder, then the manifest; files of an earlier run that no
    longer belong are removed. ``only_plan`` leaves out what goes to single units.

    Raises ``Busy`` while another run writes there, ``NotWritten`` where the disk does not take it;
    the old outputs are whole in both cases.
    """
    folder = workspace.output
    workbooks = [*_plan_workbooks(results)]
    if not only_plan:
        workbooks += [*_agreements(results), *_unit_workbooks(results), *_receipts(results)]
    steps = 1 + len(workbooks)
    with held(folder):
        earlier = _manifest_outputs(folder)
        with drafted(folder) as draft:
            written = {
                f"Daten/{name}": _write(draft / "Daten" / name, data)
                for name, data in data_package(results).items()
            }
            progress("Ausgaben schreiben", 1, steps)
            written |= _write_workbooks(
                draft,
                workbooks,
                progress=lambda done: progress("Ausgaben schreiben", 1 + done, steps),
            )
            _write(draft / "manifest.json", manifest(results, draft, written))
        for file in sorted(set(earlier) - set(written)):
            (folder / file).unlink(missing_ok=True)


def write_receipts(
    results: Results, workspace: Workspace, *, progress: Callable[[int], None]
) -> dict[str, str]:
    """The feedback for each unit that is expected to answer; gives the sha256 of each file."""
    with held(workspace.output), drafted(workspace.output) as draft:
        return _write_workbooks(draft, [*_receipts(results)], progress=progress)


def _plan_workbooks(results: Results) -> Iterator[Writing]:
    """The workbooks of the whole municipality."""
    yield PLAN_FILE, lambda path: write_budget_plan(results, path)


def _agreements(results: Results) -> Iterator[Writing]:
    """The target agreements, where the municipality has them."""
    if results.master.settings.uses_agreements:
        yield AGREEMENTS_FILE, lambda path: write_target_agreements(results, path)


def _unit_workbooks(results: Results) -> Iterator[Writing]:
    """The parts of the plan, one for each division and office."""
    yield from unit_workbooks(results)


def _receipts(results: Results) -> Iterator[Writing]:
    for unit in results.master.expected_units:
        yield f"{FEEDBACK_FOLDER}/{unit}.xlsx", _feedback_writer(results, unit)


def _feedback_writer(results: Results, unit: str) -> Callable[[Path], None]:
    return lambda path: write_feedback(results, unit, results.returns.get(unit), path)


def _write_workbooks(
    draft: Path, workbooks: Sequence[Writing], *, progress: Callable[[int], None]
) -> dict[str, str]:
    written = {}
    for number, (file, write) in enumerate(workbooks, start=1):
        path = draft / file
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
        written[file] = hashlib.sha256(path.read_bytes()).hexdigest()
        progress(number)
    return written


def manifest(results: Results, folder: Path, outputs: Mapping[str, str]) -> bytes:
    """``manifest.json``: versions, settings, sha256 of every input and output; no clock, no
    absolute path.

    ``content_digest`` says the same on every platform: it is made of what the workbooks hold
    unpacked, because how a package is compressed differs from one zlib to the other.
    ``data_digest`` covers the data package alone.
    """
    contents = {file: _content(folder / file, sha256) for file, sha256 in outputs.items()}
    facts = {
        "product": "zielhaushalt",
        "version": __version__,
        "city": results.city,
        "plan": results.plan,
        "provisional": results.provisional,
        "master_digest": results.master.digest,
        "content_digest": _digest(contents),
        "data_digest": _digest(
            {file: sha256 for file, sha256 in outputs.items() if file.endswith(".csv")}
        ),
        "settings": dict(vars(results.master.settings)),
        "inputs": dict(sorted(results.sources.items())),
        "outputs": dict(sorted(outputs.items())),
    }
    return (json.dumps(facts, ensure_ascii=False, indent=2) + "\n").encode()


def _digest(hashes: Mapping[str, str]) -> str:
    """One sha256 over named ones, whatever their order."""
    lines = "".join(f"{name}={hashes[name]}\n" for name in sorted(hashes))
    return hashlib.sha256(lines.encode()).hexdigest()


def _content(path: Path, sha256: str) -> str:
    """The digest of a workbook's parts unpacked; of any other file its own sha256."""
    if path.suffix != ".xlsx":
        return sha256
    with zipfile.ZipFile(path) as package:
        return _digest(
            {part: hashlib.sha256(package.read(part)).hexdigest() for part in package.namelist()}
        )


def _manifest_outputs(folder: Path) -> Sequence[str]:
    path = folder / "manifest.json"
    if not path.is_file():
        return ()
    try:
        listed = json.loads(path.read_text(encoding="utf-8")).get("outputs", {})
    except (ValueError, AttributeError):
        return ()  # a damaged manifest of an earlier run lists nothing that could be removed
    return [each for each in listed if (folder / each).resolve().is_relative_to(folder.resolve())]


def _write(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, data)
    return hashlib.sha256(data).hexdigest()
