"""Who a workbook is: what stands in its hidden sheet ``_meta``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

PRODUCT = "zielhaushalt"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The contents of ``_meta`` (contract, «The machine layer»): text throughout, as it lies in the
    sheet.

    ``rows`` is the number of prepared rows per table that was asked for (empty: the rule of the
    layout).
    """

    kind: str
    city: str
    plan: str
    year: str = ""
    round: str = ""
    unit: str = ""
    revision: str = "1"
    rows: str = ""
    fingerprint: str = ""
    master_digest: str = ""
    version: str = ""
    product: str = PRODUCT

    def entries(self) -> dict[str, str]:
        """The rows of ``_meta`` in the order of the contract."""
        order = (
            "product",
            "kind",
            "city",
            "plan",
            "year",
            "round",
            "unit",
            "revision",
            "rows",
            "fingerprint",
            "master_digest",
            "version",
        )
        facts = asdict(self)
        return {name: facts[name] for name in order}


def identity_from(entries: Mapping[str, str]) -> Identity:
    """The identity of a workbook; missing entries are empty, unknown ones are ignored."""
    known = Identity(kind="", city="", plan="").entries()
    return Identity(**{name: entries.get(name, "") for name in known})
