"""The register of returns: what became of every file, and which file counts for each unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pipeline.differences import differences, told
from pipeline.model.blocks import State, rows_of
from pipeline.model.findings import Blocks, Finding, Place, Severity
from pipeline.model.master import Master
from pipeline.model.results import Difference
from pipeline.model.submission import Submission
from pipeline.rules.registry import finding
from pipeline.tables import results
from pipeline.tables.submission import KEY_FIGURE_TABLES, MONEY_TABLES

SUPERSEDED_FOLDER = "ersetzt"
_REVISION = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The files of one unit in the order in which they would count: the first is the valid one."""

    unit: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What the files of a folder are before anybody looks at their contents.

    ``candidates`` per unit; ``status`` for files that are settled already (foreign, rejected,
    superseded, duplicate); ``findings`` name double returns (D06, D07). ``earlier`` are the other
    files of a unit, those below ``ersetzt/`` last: they never count, but may stand in.
    ``differences`` are the cells in which each of several files of a unit (not those below
    ``ersetzt/``) differs from the one that counts.
    """

    candidates: tuple[Candidates, ...]
    status: Mapping[str, str]
    findings: tuple[Finding, ...]
    earlier: Mapping[str, tuple[str, ...]]
    differences: tuple[Difference, ...] = ()

    @property
    def counted(self) -> Mapping[str, str]:
        """The valid file of each unit that sent one."""
        return {each.unit: each.files[0] for each in self.candidates}


def select(submissions: Sequence[Submission], master: Master) -> Selection:
    """Which file counts for each unit (contract, «Acceptance of returns»).

    Not below ``ersetzt/``; not a byte-identical duplicate; the file that the sheet Rückläufe names
    by hash; else the higher revision; at equal revision the one saved later by the workbook's own
    time stamp, with a warning; without usable stamps an error.
    """
    status: dict[str, str] = {}
    notes: list[Finding] = []
    by_unit: dict[str, list[Submission]] = {}
    put_away: dict[str, list[Submission]] = {}
    first_with_hash: dict[str, str] = {}
    named = {str(row.unit): str(row.sha256).casefold() for row in rows_of(master.tables["returns"])}
    for submission in sorted(submissions, key=lambda each: (_is_superseded(each.file), each.file)):
        if submission.foreign:
            status[submission.file] = "foreign"
        elif _is_superseded(submission.file):
            status[submission.file] = "superseded"
            if submission.identity is not None and not _rejected_outright(submission):
                put_away.setdefault(submission.unit, []).append(submission)
        elif submission.sha256 and submission.sha256 in first_with_hash:
            twin = first_with_hash[submission.sha256]
            status[submission.file] = "duplicate"
            notes.append(
                finding(
                    "D07",
                    Place(file=submission.file),
                    values={"a": twin, "b": submission.file},
                    unit=submission.unit,
                )
            )
        elif submission.identity is None or _rejected_outright(submission):
            status[submission.file] = "rejected"
            first_with_hash.setdefault(submission.sha256, submission.file)
        else:
            first_with_hash[submission.sha256] = submission.file
            by_unit.setdefault(submission.unit, []).append(submission)
    candidates = []
    differing: list[Difference] = []
    for unit in sorted(by_unit):
        ordered = _ordered(by_unit[unit], named.get(unit, ""))
        found = {
            each.file: differences(ordered[0], each, master.submission) for each in ordered[1:]
        }
        differing += [each for several in found.values() for each in several]
        notes += _said_of_rivals(unit, ordered, found, named.get(unit, ""), master)
        candidates.append(Candidates(unit=unit, files=tuple(each.file for each in ordered)))
        status.update({each.file: "superseded" for each in ordered[1:]})
    earlier = {each.unit: list(each.files[1:]) for each in candidates}
    for unit, files in put_away.items():
        latest = sorted(files, key=lambda each: (_revision(each), each.saved, each.file))
        earlier.setdefault(unit, []).extend(each.file for each in reversed(latest))
    return Selection(
        candidates=tuple(candidates),
        status=status,
        findings=tuple(notes),
        earlier={unit: tuple(files) for unit, files in earlier.items()},
        differences=tuple(differing),
    )


def _is_superseded(file: str) -> bool:
    return SUPERSEDED_FOLDER in file.casefold().split("/")[:-1]


def _rejected_outright(submission: Submission) -> bool:
    """Whether the file does not belong to this plan or to an expected unit; a faulty return of an
    expected unit still stands for it.
    """
    strangers = {"D01", "D02", "D03", "D05", "D20"}
    return any(each.blocking and each.rule in strangers for each in submission.findings)


def _ordered(rivals: list[Submission], named: str) -> list[Submission]:
    """The returns of one unit, the valid one first."""
    return sorted(
        rivals,
        key=lambda each: (each.sha256.casefold() == named, _revision(each), each.saved, each.file),
        reverse=True,
    )


def _said_of_rivals(
    unit: str,
    ordered: Sequence[Submission],
    found: Mapping[str, Sequence[Difference]],
    named: str,
    master: Master,
) -> Iterator[Finding]:
    """D06 and D07 for returns of the same revision, unless the master names the valid one."""
    valid = ordered[0]
    if valid.sha256.casefold() == named:
        return
    for other in ordered[1:]:
        if _revision(other) != _revision(valid):
            continue
        differing = found[other.file]
        if not differing:
            same = {"a": valid.file, "b": other.file}
            yield finding("D07", Place(file=other.file), values=same, unit=unit)
            continue
        many = f"{len(differing)} Zellen unterscheiden sich"
        usable = bool(valid.saved and other.saved and valid.saved != other.saved)
        yield finding(
            "D06",
            Place(file=valid.file),
            values={
                "org": master.titles["units"].get(unit, unit),
                "a": other.file,
                "b": valid.file,
                "n": str(len(differing)),
                "zellen": many if len(differing) > 1 else "eine Zelle unterscheidet sich",
                "liste": told(differing),
                **({} if usable else {"variant": "unknown_time"}),
            },
            unit=unit,
            severity=None if usable else Severity.ERROR,
            blocks=None if usable else Blocks.RETURN,
        )


def _revision(submission: Submission) -> int:
    text = submission.identity.revision if submission.identity else ""
    return int(text) if _REVISION.fullmatch(text) else 0


# --- the parts of a return --------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What became of the two parts of a return: accepted, rejected, empty or missing."""

    money: str
    key_figures: str

    @property
    def status(self) -> str:
        """accepted, partial or rejected."""
        states = {self.money, self.key_figures} - {"empty", "missing"}
        if states == {"accepted"}:
            return "accepted"
        return "partial" if "accepted" in states else "rejected"


def parts_of(submission: Submission, findings: Iterable[Finding]) -> Parts:
    """Accepted or not, each part as a whole; ``findings`` are the final ones of this file."""
    blocked = {each.blocks for each in findings if each.blocking}

    def part(tables: frozenset[str], own: Blocks) -> str:
        if Blocks.RETURN in blocked or own in blocked:
            return "rejected"
        filled = any(_started(submission, table) for table in tables)
        return "accepted" if filled else "empty"

    return Parts(
        money=part(MONEY_TABLES, Blocks.MONEY),
        key_figures=part(KEY_FIGURE_TABLES, Blocks.KEY_FIGURES),
    )


def _started(submission: Submission, table: str) -> bool:
    block = submission.blocks.get(table)
    return block is not None and bool((block.state != State.EMPTY).to_numpy().any())


def register_rows(
    submissions: Sequence[Submission],
    status: Mapping[str, str],
    parts: Mapping[str, Parts],
    findings: Iterable[Finding],
    master: Master,
    *,
    counted: Mapping[str, str],
    substituted: Iterable[str],
) -> pd.DataFrame:
    """``results.REGISTER``: a row per file of the folder and one per expected unit without a
    counted file.
    """
    by_file: dict[str, list[Finding]] = {}
    for each in findings:
        by_file.setdefault(each.place.file, []).append(each)
    rows: list[dict[str, object]] = []
    for submission in submissions:
        part = parts.get(submission.file, Parts(money="missing", key_figures="missing"))
        rows.append(
            {
                "unit": submission.unit,
                "file": submission.file,
                "sha256": submission.sha256,
                "revision": _revision(submission) if submission.identity else None,
                "status": status[submission.file],
                "money": part.money,
                "key_figures": part.key_figures,
                **_counts(by_file.get(submission.file, [])),
            }
        )
    standing_in = set(substituted)
    for unit in master.expected_units:
        if unit in counted:
            continue
        rows.append(
            {
                "unit": unit,
                "file": "",
                "sha256": "",
                "revision": None,
                "status": "substituted" if unit in standing_in else "missing",
                "money": "missing",
                "key_figures": "missing",
                **_counts([each for each in by_file.get("", []) if each.unit == unit]),
            }
        )
    dtypes = {
        name: "Int64" if kind == "integer" else "string" for name, kind in results.REGISTER.columns
    }
    frame = pd.DataFrame(rows, columns=list(dtypes)).astype(dtypes)
    return frame.sort_values(list(results.REGISTER.key), ignore_index=True)


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    return {
        "errors": sum(each.severity is Severity.ERROR for each in findings),
        "warnings": sum(each.severity is Severity.WARNING for each in findings),
        "notes": sum(each.severity is Severity.NOTE for each in findings),
    }


def missing_returns(
    master: Master, counted: Mapping[str, str], rejected: Iterable[str]
) -> list[Finding]:
    """A06 for every expected unit without any file of its own; a unit whose file was rejected has
    its own findings.
    """
    spoken = set(counted) | set(rejected)
    stand_ins = dict(
        zip(
            master.tables["units"]["unit"],
            master.tables["units"]["stand_in"].fillna("none"),
            strict=True,
        )
    )
    return [
        finding(
            "A06",
            Place(),
            values={
                "org": f"{unit} {master.titles['units'].get(unit, '')}".strip(),
                "frist": _german_date(master.settings.deadline),
                "ersatz": {
                    "previous_year": "die Beträge des Vorjahres",
                    "last_accepted": "der letzte gültige Rücklauf, falls es einen gibt",
                }.get(str(stand_ins.get(unit, "none")), "nichts (nicht eingerechnet)"),
            },
            unit=unit,
        )
        for unit in master.expected_units
        if unit not in spoken
    ]


def _german_date(iso: str) -> str:
    return ".".join(reversed(iso.split("-"))) if iso else "nicht festgelegt"
