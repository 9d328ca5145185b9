"""In the round Controlling the template sees a shortfall of savings as the pipeline sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.excel.intake import accounting
from pipeline.excel.layout.calculator import recalculated
from pipeline.excel.layout.layout import template_identity, template_layout
from tests.builders import CITY, PLAN, UNIT, a_master
from tests.live_entries import drawn_entries, with_entries
from tests.test_live import findings_of, verdicts


@pytest.mark.parametrize(
    "as_of", ["2027-12-31", pytest.param("2027-09-30", marks=pytest.mark.long)]
)
def test_a_shortfall_is_seen_while_typing(
    as_of: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the year is over only the forecast tells; then the actual where there is none."""
    monkeypatch.setattr(accounting, "ALIKE", 10**9)  # each cell for itself
    master = a_master(settings={"uses_savings": True, "round": "Controlling", "as_of": as_of})
    identity = template_identity(master, city=CITY, plan=PLAN, unit=UNIT, rows="40")
    fresh = template_layout(master, identity)
    entries = drawn_entries(fresh, seed=11, tables=("savings",))
    entries = {
        key: value
        for key, value in entries.items()
        if key[0] == "savings" and (key[2] not in {"compensation", "remark"} or key[1] % 4 == 0)
    }
    typed = recalculated(with_entries(fresh, entries))
    found = verdicts(typed, findings_of(typed, master, tmp_path / "T61.xlsx"))
    savings = {key: both for key, both in found.items() if key[0] == "savings"}
    assert {key: both for key, both in savings.items() if both[0] != both[1]} == {}
    seen = [both[0] for key, both in savings.items() if key[1].startswith("#H05")]
    assert min(seen.count(True), seen.count(False)) > 5
