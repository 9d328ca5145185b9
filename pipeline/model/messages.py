"""The message catalogue: every sentence a person reads, by rule id."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pipeline.model.findings import Finding


@dataclass(frozen=True, kw_only=True)
class Message:
    """One entry of the catalogue: a short title for the handbook, what is wrong, and what to do."""

    title: str
    message: str
    repair: str


@cache
def catalogue() -> Mapping[str, Message]:
    """The German catalogue ``messages/de.toml``, by rule id (a variant of a rule is
    ``D12.uncached``).
    """
    text = resources.files("pipeline.messages").joinpath("de.toml").read_text(encoding="utf-8")
    return {rule: Message(**entry) for rule, entry in tomllib.loads(text).items()}


_SAME = " Dasselbe gilt für {weitere} weitere Zellen (im Bereich {bereich_aller})."


def sentence(finding: Finding) -> tuple[str, str]:
    """Message and repair of a finding, filled with its values.

    A finding may choose a variant of its rule's sentence by the value ``variant``; one that speaks
    for many cells says how many more there are (``weitere``).
    """
    variant = finding.values.get("variant", "")
    entry = catalogue()[f"{finding.rule}.{variant}" if variant else finding.rule]
    facts = {
        "zelle": finding.place.cell,
        "blatt": finding.place.sheet,
        "datei": finding.place.file,
        **finding.values,
    }
    message = entry.message.format_map(facts)
    if "weitere" in finding.values:
        message += _SAME.format_map(facts)
    return message, entry.repair.format_map(facts)
