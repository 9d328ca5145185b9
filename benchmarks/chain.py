"""How dear is the chain? CPU time per stage, beside the script of an afternoon, in one table.

    make bench
    python benchmarks/chain.py [--units 60] [--rounds 3] [--workers 2]

Both programs run in turn on the same returns, each in a fresh process: on a machine that others use
too, CPU seconds and ratios of neighbouring runs say something, seconds on the clock do not. Nothing
here passes or fails. The returns are made once and kept in the temporary folder until the code of
the pipeline or of the generator changes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import generated
from stopwatch import cpu_seconds

from pipeline.excel.layout.layout import template_identity, template_layout
from pipeline.excel.linter.linter import assure
from pipeline.excel.template import write_template

HERE = Path(__file__).resolve().parent
STAGES = ("import", "read", "validate", "aggregate", "write")
Run = dict[str, float]


def main() -> None:
    """Prepare, run in turn, print."""
    options = _options()
    root = prepared(replace(generated.LARGE_RETURNS, units=options.units))
    here = generated.workspace(root)
    with tempfile.TemporaryDirectory(prefix="zielhaushalt-bench-") as scratch:
        commands = {
            "chain": [str(HERE / "run_chain.py"), str(root), str(options.workers)],
            "afternoon": [
                str(HERE / "afternoon.py"),
                str(here.returns),
                str(here.master),
                str(Path(scratch) / "afternoon.xlsx"),
            ],
        }
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for number in range(options.rounds):
            order = list(commands) if number % 2 == 0 else list(reversed(commands))
            for name in order:
                runs[name].append(timed(commands[name]))
                print(
                    f"round {number + 1}, {name}: {runs[name][-1]['total']:.2f} s CPU",
                    file=sys.stderr,
                )
    print_table(runs, units=options.units, sizes=sizes(root))
    print_template(root)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time the chain beside an afternoon script.")
    parser.add_argument("--units", type=int, default=60, help="how many returns")
    parser.add_argument("--rounds", type=int, default=3, help="how often each program runs")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def prepared(size: generated.Size) -> Path:
    """The folder with the generated plan; made anew when code that shapes it has changed."""
    sources = [*sorted((generated.ROOT / "pipeline").rglob("*.py")), HERE / "generated.py"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    base = Path(tempfile.gettempdir()) / "zielhaushalt-bench"
    name = f"{size.units}x{size.rows}"
    root = base / f"{name}-{digest}"
    if not root.is_dir():
        print(f"making {size.units} returns (once) …", file=sys.stderr)
        for old in base.glob(f"{name}-*"):
            shutil.rmtree(old)
        started = root.with_name(f"{root.name}.part")
        shutil.rmtree(started, ignore_errors=True)
        generated.build(started, size)
        started.rename(root)
    return root


def timed(command: list[str]) -> Run:
    """CPU seconds per stage and in total, and seconds on the clock, of one fresh process."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    report = json.loads(done.stdout.splitlines()[-1])
    return {
        **report["stages"],
        "total": sum(report["stages"].values()),
        "wall": report["wall"],
        "rows": report["rows"],
    }


def sizes(root: Path) -> str:
    """How large the returns are."""
    files = sorted(generated.workspace(root).returns.glob("*.xlsx"))
    return f"{sum(path.stat().st_size for path in files) / len(files) / 1_000:.0f} KB each"


def print_table(runs: dict[str, list[Run]], *, units: int, sizes: str) -> None:
    """Medians per stage, and how many times the afternoon script is dearer."""

    def median(name: str, stage: str) -> float:
        return statistics.median(run[stage] for run in runs[name])

    rounds = len(runs["chain"])
    print(f"\n{units} returns, {sizes}; median of {rounds} interleaved rounds; CPU seconds\n")
    print(f"{'stage':<12}{'chain':>9}{'afternoon':>12}{'afternoon / chain':>20}")
    for stage in (*STAGES, "total"):
        chain, afternoon = median("chain", stage), median("afternoon", stage)
        ratio = f"{afternoon / chain:.2f}" if chain else "–"
        print(f"{stage:<12}{chain:>9.2f}{afternoon:>12.2f}{ratio:>20}")
    pairs = [b["total"] / a["total"] for a, b in zip(runs["chain"], runs["afternoon"], strict=True)]
    print(f"{'total':<12}{'of each round':>21}{'  '.join(f'{pair:.2f}' for pair in pairs):>20}")
    clocks = f"{median('chain', 'wall'):>9.2f}{median('afternoon', 'wall'):>12.2f}"
    print(f"{'on the clock':<12}{clocks}   (says little on a shared machine)")
    booked, added = median("chain", "rows"), median("afternoon", "rows")
    print(
        f"\nThe chain books {booked:,.0f} figures with file, sheet and cell, reads every cell\n"
        f"twice, and writes formulas and the data package; the afternoon script adds up\n"
        f"{added:,.0f} rows in floats and checks next to nothing."
    )


def print_template(root: Path) -> None:
    """What one template costs: layout and writing, imports not counted."""
    master = generated.read(root)
    unit = master.expected_units[0]
    here = generated.workspace(root)
    identity = template_identity(master, city=here.city, plan=here.plan, unit=unit)
    tables = [each.table for each in template_layout(master, identity).sheets]
    rows = {table.table.name: len(table.rows) for table in tables if table is not None}
    with tempfile.TemporaryDirectory(prefix="zielhaushalt-bench-") as scratch:
        path = Path(scratch) / "template.xlsx"
        cpu, wall = [], []
        for _ in range(5):
            before, clock = cpu_seconds(), time.perf_counter()
            write_template(master, identity, path)
            cpu.append(cpu_seconds() - before)
            wall.append(time.perf_counter() - clock)
        data, before = path.read_bytes(), cpu_seconds()
        assure(data)
        linted = cpu_seconds() - before
        print(
            f"\nOne template ({rows['measures']} measures, {rows['costs']} cost rows, "
            f"{rows['kpis']} key figures): {statistics.median(cpu):.2f} s CPU, "
            f"{statistics.median(wall):.2f} s on the clock, {path.stat().st_size / 1_000:.0f} KB; "
            f"linter {linted:.2f} s CPU"
        )


if __name__ == "__main__":
    main()
