"""The register of returns: taken as given, but it must fit the folder and the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pipeline.verification.difference import Difference
from pipeline.verification.evidence import MASTER_FILE, Evidence
from pipeline.verification.reading import is_yes

_FILE = "Daten/register.csv"
_COUNTED = {"accepted", "partial", "no_change"}
_STATUSES = _COUNTED | {
    "rejected", "received", "superseded", "duplicate", "foreign", "missing", "substituted",
}  # fmt: skip
_PARTS = {"accepted", "rejected", "empty", "missing"}
_COUNTS = {"errors": "error", "warnings": "warning", "notes": "note"}
_BLOCKED_BY = {"money": {"return", "money"}, "key_figures": {"return", "key_figures"}}


def register_fits_folder_and_findings(evidence: Evidence) -> Iterator[Difference]:
    """Every file and every expected unit has its row; states fit each other; the counts are those
    of ``findings.csv``.
    """
    findings = evidence.rows("findings")
    by_place: Counter[tuple[str, str, str]] = Counter()
    blocked: set[tuple[str, str]] = set()
    for row in findings:
        by_place[row["file"], row["unit"] if not row["file"] else "", row["severity"]] += 1
        if row["severity"] == "error" and row["waived"] != "true":
            blocked.add((row["file"], row["blocks"]))
    for row in evidence.register:
        yield from _states(row)
        unit = "" if row["file"] else row["unit"]
        for column, severity in _COUNTS.items():
            should = str(by_place[row["file"], unit, severity])
            if row[column] != should:
                yield _of_row(
                    row, should, row[column], f"In der Spalte „{column}“ steht eine andere Zahl "
                    "von Befunden als in findings.csv.",
                )  # fmt: skip
        if row["status"] in _COUNTED | {"rejected"} and row["file"]:
            yield from _parts(row, blocked)
    yield from _files(evidence)
    yield from _units(evidence)


def _of_row(row: Mapping[str, str], expected: str, found: str, explanation: str) -> Difference:
    return Difference(
        check="register",
        file=row["file"] or _FILE,
        expected=expected,
        found=found,
        explanation=f"{row['unit']}: {explanation}" if row["unit"] else explanation,
    )


def _states(row: Mapping[str, str]) -> Iterator[Difference]:
    """Words that the register knows, and that go together."""
    states = {row["money"], row["key_figures"]}
    if row["status"] not in _STATUSES or states - _PARTS:
        yield _of_row(row, "", row["status"], "Diesen Status kennt das Register nicht.")
        return
    if row["file"]:
        said = states - {"empty", "missing"}
        fits = {
            "accepted": said == {"accepted"},
            "partial": said == {"accepted", "rejected"},
            "rejected": "accepted" not in said,
        }.get(row["status"], True)
    else:
        fits = row["status"] in {"missing", "substituted"} and states == {"missing"}
    if not fits:
        found = f"{row['status']}: {row['money']}, {row['key_figures']}"
        yield _of_row(row, "", found, "Der Status passt nicht zu den beiden Teilen des Rücklaufs.")


def _parts(row: Mapping[str, str], blocked: set[tuple[str, str]]) -> Iterator[Difference]:
    """A part is kept out exactly where a finding keeps it out."""
    if row["status"] == "rejected" and row["money"] == row["key_figures"] == "missing":
        return  # no return at all, or one that nobody could read
    for part, blocks in _BLOCKED_BY.items():
        kept_out = any((row["file"], each) in blocked for each in blocks)
        if kept_out != (row[part] == "rejected"):
            yield _of_row(
                row,
                "rejected" if kept_out else "accepted",
                row[part],
                f"Der Teil „{part}“ ist anders beurteilt, als die Befunde es verlangen.",
            )


def _files(evidence: Evidence) -> Iterator[Difference]:
    """Every file that was read stands in the register once, with its hash."""
    seen = Counter(row["file"] for row in evidence.register if row["file"])
    noted = evidence.manifest["inputs"]
    hashes = {row["file"]: row["sha256"] for row in evidence.register}
    for file, digest in noted.items():
        if file == MASTER_FILE:
            continue
        if seen[file] != 1:
            yield Difference(
                check="register",
                file=file,
                expected="1",
                found=str(seen[file]),
                explanation="Diese Datei muss im Register genau einmal vorkommen.",
            )
        elif hashes[file] != digest:
            yield Difference(
                check="register",
                file=file,
                expected=digest,
                found=hashes[file],
                explanation="Register und Manifest nennen verschiedene Prüfsummen.",
            )
    for row in evidence.register:
        if row["file"] and row["sha256"] and row["file"] not in noted:
            yield _of_row(row, "", row["file"], "Diese Datei steht nicht unter den gelesenen.")


def _units(evidence: Evidence) -> Iterator[Difference]:
    """Every expected unit has one counted file, or a row that says it is missing."""
    counted = Counter(row["unit"] for row in evidence.register if row["status"] in _COUNTED)
    missing = Counter(row["unit"] for row in evidence.register if not row["file"])
    master = evidence.master
    for area, row in master.records("units"):
        unit = area.text(row, "unit")
        expected = is_yes(area.value(row, "expects_return"), default=False)
        rows = counted[unit] + missing[unit]
        if counted[unit] > 1 or rows > 1 or (expected and not rows):
            yield Difference(
                check="register",
                file=_FILE,
                expected="1" if expected else "höchstens 1",
                found=str(rows),
                explanation=f"{unit}: Für jede Einheit zählt ein Rücklauf, oder er fehlt.",
            )
