"""The chain once, with the CPU time of each stage; `chain.py` runs it in a fresh process.

python benchmarks/run_chain.py ROOT WORKERS
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stopwatch import Stopwatch


def main(root: Path, workers: int) -> None:
    """As the command `consolidate` does it, stage by stage."""
    watch = Stopwatch()
    import generated  # noqa: PLC0415 - imports are a stage of their own

    from pipeline import outputs, stages  # noqa: PLC0415

    watch.stage("import")
    here = generated.workspace(root)

    def silent(*_: object) -> None:
        pass

    master, findings, sha256 = stages.load_master(here)
    with ThreadPoolExecutor(max_workers=workers) as executor:
        returns = stages.read_returns(here, master, executor=executor, progress=silent)
    watch.stage("read")
    judged = stages.judge(returns, master, findings, sha256, city=here.city)
    watch.stage("validate")
    results = stages.compute(judged, city=here.city, plan=here.plan)
    watch.stage("aggregate")
    outputs.write_outputs(results, here, only_plan=True, progress=silent)
    watch.stage("write")
    if not judged.complete:
        raise SystemExit(
            "the generated returns were not all accepted: this measures the wrong thing"
        )
    watch.report(rows=len(results.tables["figures"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
