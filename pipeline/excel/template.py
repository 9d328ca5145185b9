"""The workbook that a department fills in."""

from __future__ import annotations

from pathlib import Path

from pipeline.excel.layout.layout import template_layout
from pipeline.excel.layout_writer import write_layout
from pipeline.model.identity import Identity
from pipeline.model.master import Master


def write_template(master: Master, identity: Identity, path: Path) -> None:
    """Writes the template of ``identity.unit`` to ``path``, atomically; same master and identity,
    same bytes.

    Protected without a password (a guide rail: the intake never trusts it), its structure locked,
    every input cell unlocked and validated.
    """
    write_layout(template_layout(master, identity), path)
