"""The city in which mischief is done, and how a return of it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline import __version__
from pipeline.excel.intake.intake import submission_of
from pipeline.excel.reader.guard import read_guarded
from pipeline.excel.reader.reading import Reading
from pipeline.model.findings import Finding
from pipeline.model.master import Master
from pipeline.model.submission import Submission, combined
from pipeline.validation import judged, validate
from tests.small_city import CITY, PLAN


@dataclass(frozen=True, eq=False)
class Desk:
    """The master data and one good return."""

    master: Master
    folder: Path
    good: bytes

    def read(self, data: bytes, name: str = "T40.xlsx") -> tuple[Reading, Submission]:
        """What became of a changed return, before any rule looked at it."""
        path = self.folder / name
        path.write_bytes(data)
        reading = read_guarded(path, folder=self.folder)
        submission = submission_of(
            name, reading, self.master, city=CITY, plan=PLAN, version=__version__
        )
        return reading, submission

    def judge(self, data: bytes, name: str = "T40.xlsx") -> tuple[Submission, list[Finding]]:
        """What became of it, with all findings."""
        _, submission = self.read(data, name)
        tables = [table for table in self.master.submission if not table.settings]
        frames = combined(self.master, tables, [(submission.unit, name, submission.blocks)])
        found = [*submission.findings, *validate(frames, self.master.submission, "template")]
        return submission, judged(found, self.master, frames)
