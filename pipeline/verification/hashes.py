"""Whether the files are still those of the run."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.verification.difference import Difference
from pipeline.verification.evidence import MANIFEST, Evidence, files_below, printed_name


def sha256_of(path: Path) -> str:
    """The hash of a file's bytes."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _left_open(file: str) -> bool:
    """A lock file beside a workbook that somebody has open: it comes and goes."""
    name = file.rpartition("/")[2]
    return name.startswith(("~$", ".~lock."))


def _hash_differences(
    noted: Mapping[str, str], present: Mapping[str, Path], *, changed: str, missing: str, extra: str
) -> Iterator[Difference]:
    for file in sorted({*noted, *present}):
        if _left_open(file):
            continue
        path, should = present.get(file), noted.get(file)
        if should is None:
            # Links that lead elsewhere, pipes and the like have no content that a run would note.
            if path is not None and _regular(path):
                yield Difference(check="manifest", file=file, explanation=extra)
        elif path is None or not path.is_file():
            yield Difference(check="manifest", file=file, expected=should, explanation=missing)
        elif (found := sha256_of(path)) != should:
            yield Difference(
                check="manifest", file=file, expected=should, found=found, explanation=changed
            )


def inputs_are_unchanged(evidence: Evidence) -> Iterator[Difference]:
    """Every input has the hash the manifest notes; none is missing, none has come."""
    yield from _hash_differences(
        evidence.manifest["inputs"],
        evidence.input_files,
        changed="Diese Eingangsdatei wurde nach dem Lauf verändert.",
        missing="Diese Eingangsdatei gab es beim Lauf, jetzt fehlt sie.",
        extra="Diese Eingangsdatei ist nach dem Lauf dazugekommen.",
    )


def outputs_are_unchanged(evidence: Evidence) -> Iterator[Difference]:
    """Every output has the hash the manifest notes; none is missing, none was added."""
    folder = evidence.output_folder
    present = {printed_name(path.relative_to(folder)): path for path in files_below(folder)}
    present.pop(MANIFEST, None)
    yield from _hash_differences(
        evidence.manifest["outputs"],
        present,
        changed="Diese Ausgabedatei wurde nach dem Lauf verändert.",
        missing="Diese Ausgabedatei wurde geschrieben, jetzt fehlt sie.",
        extra="Diese Datei im Ausgabeordner stammt nicht aus dem Lauf.",
    )


def manifest_sums_itself_up(evidence: Evidence) -> Iterator[Difference]:
    """The plan's name, its state and the two digests follow from what the manifest lists."""
    facts, outputs = evidence.manifest_facts, evidence.manifest["outputs"]
    wanting = {"rejected", "partial", "missing", "substituted"}
    wanted = {
        "city": evidence.city,
        "plan": evidence.plan,
        "provisional": any(row["status"] in wanting for row in evidence.register),
        "data_digest": _digest(
            {file: digest for file, digest in outputs.items() if file.endswith(".csv")}
        ),
        "content_digest": _digest(
            {file: _content(evidence.output_folder / file, outputs[file]) for file in outputs}
        ),
    }
    for name, should in wanted.items():
        if facts.get(name) != should:
            yield Difference(
                check="manifest",
                file=MANIFEST,
                expected=str(should),
                found=str(facts.get(name, "")),
                explanation=f"Die Angabe „{name}“ passt nicht zu den aufgeführten Dateien.",
            )


def _digest(hashes: Mapping[str, str]) -> str:
    lines = [f"{name}={hashes[name]}\n" for name in sorted(hashes)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _content(path: Path, noted: str) -> str:
    """The digest over the unpacked parts of a workbook; how they are packed may differ between
    machines. A file that is gone or damaged is named elsewhere.
    """
    if not path.name.endswith(".xlsx"):
        return noted
    try:
        with zipfile.ZipFile(path) as package:
            return _digest(
                {
                    part: hashlib.sha256(package.read(part)).hexdigest()
                    for part in package.namelist()
                }
            )
    except (OSError, ValueError, zipfile.BadZipFile):
        return ""


def register_names_the_files(evidence: Evidence) -> Iterator[Difference]:
    """Each file of the register is the file that lies in the input folder now."""
    for row in evidence.register:
        file, noted = row["file"], row["sha256"]
        path = evidence.input_files.get(file)
        if not file or not noted:
            continue
        found = sha256_of(path) if path is not None and path.is_file() else ""
        if found != noted:
            yield Difference(
                check="register",
                file=file,
                expected=noted,
                found=found,
                explanation="Das Register beurteilt eine andere Datei als die vorhandene.",
            )
