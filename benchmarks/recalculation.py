"""A real city's size: how long does LibreOffice recompute the consolidated workbook, and does it
find the values that are stored?

    python benchmarks/recalculation.py

150 units, 1,200 products, 20,000 cost rows, 2,000 key figures, made once (see `chain.py`).
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import generated
from chain import prepared
from stopwatch import cpu_seconds

from pipeline import stages
from pipeline.excel.budget_plan import write_budget_plan
from tests import recalculation
from tests.conftest import recalculating_settings


def main() -> None:
    """Consolidate, convert, compare, print."""
    office = shutil.which("soffice")
    if office is None:
        sys.exit("LibreOffice is not installed")
    here = generated.workspace(prepared(generated.REAL_CITY))
    results = stages.evaluate(here, workers=2, progress=lambda *_: None)
    with tempfile.TemporaryDirectory(prefix="zielhaushalt-bench-") as scratch:
        plan, profile = Path(scratch) / "Haushaltsplan.xlsx", Path(scratch) / "profile"
        before = cpu_seconds()
        write_budget_plan(results, plan)
        print(f"written in {cpu_seconds() - before:.0f} s CPU, {plan.stat().st_size / 1e6:.1f} MB")
        profile.mkdir()
        recalculating_settings(profile)
        started = time.perf_counter()
        words = ["--headless", "--norestore", "--convert-to", "xlsx", "--outdir", f"{scratch}/neu"]
        command = [office, f"-env:UserInstallation={profile.as_uri()}", *words, str(plan)]
        subprocess.run(command, check=True, capture_output=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            f"recomputed in {time.perf_counter() - started:.0f} s on the clock, "
            f"{used.ru_utime + used.ru_stime:.0f} s CPU (all children)"
        )
        wrong = recalculation.differences(plan, Path(scratch) / "neu" / plan.name)
        formulas = sum(1 for _ in recalculation.formulas(plan))
        print(f"{formulas:,} formulas, {len(wrong)} differ{wrong[:3] or ''}")


if __name__ == "__main__":
    main()
