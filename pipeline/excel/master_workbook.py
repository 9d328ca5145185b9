"""The workbook ``Stammdaten.xlsx``, which finance keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.excel.layout.layout import master_layout
from pipeline.excel.layout_writer import write_layout
from pipeline.model.identity import Identity


def write_master(
    tables: Mapping[str, Sequence[Mapping[str, object]]], identity: Identity, path: Path
) -> None:
    """Writes a master workbook to ``path``, atomically.

    ``tables`` maps table names to rows (column name → label text as in a CSV file, or a typed
    value: ``Decimal`` euro and per cent, ``date``, ``int``). ``settings`` has rows of ``setting``
    and ``value``. Missing tables become empty sheets; a column that no table has raises
    ``KeyError``.
    """
    write_layout(master_layout(tables, identity), path)
