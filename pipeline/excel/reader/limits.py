"""The one table of limits of the intake.

Every refusal because of a limit names the limit (the field's name), its value and what was found,
so that a reader of the message can judge it. The values are far above what honest workbooks need:
of about two thousand public workbooks the largest had 2.7 MB, 1,033 parts and 60 MB unpacked.
"""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1024**2
GIGABYTE = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a workbook may need before it is refused; sizes in bytes, times in seconds."""

    file_bytes: int = 25 * MEGABYTE
    parts: int = 2_000
    part_bytes: int = 120 * MEGABYTE
    unpacked_bytes: int = 300 * MEGABYTE
    # Unpacked size to packed size. Small parts of blanks pack very well and hurt nobody, so the
    # ratio is only looked at from one megabyte on.
    ratio: int = 100
    ratio_from_bytes: int = 1 * MEGABYTE
    sheets: int = 100
    merges: int = 20_000  # in one sheet
    rows: int = 200_000  # rows with content in one sheet
    rows_beyond_prepared: int = 10_000  # for the caller, who knows how many rows were prepared
    cells: int = 2_000_000  # cells with content in the workbook; styled empty cells do not count
    text_length: int = 32_767  # UTF-16 units in one cell, as Excel counts them
    seconds: float = 20.0
    cpu_seconds: int = 20
    memory_bytes: int = 1 * GIGABYTE  # address space of a child above that of its guard
    output_bytes: int = 64 * MEGABYTE
    folder_files: int = 10_000
    folder_depth: int = 8
    # The second reader holds a sheet as a dense grid from the first to the last cell; beyond this
    # many cells (about 130 MB) it is not run, and a notice says so.
    second_grid_cells: int = 4_000_000


LIMITS = Limits()
