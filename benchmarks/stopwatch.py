"""CPU seconds per stage of a process and of everything it started."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path


def cpu_seconds() -> float:
    """User and system time of this process, its finished children, and those still running.

    A guard process lives until the end, so `os.times` does not know its time yet: on Linux it is
    read from `/proc`; elsewhere it is missing from the stage and part of no total.
    """
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    return own + sum(map(_of_process, _running_children()))


def _running_children() -> list[Path]:
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return []
    listed = (task / "children" for task in tasks.iterdir())
    return [
        Path("/proc", pid) for each in listed if each.is_file() for pid in each.read_text().split()
    ]


def _of_process(process: Path) -> float:
    try:
        numbers = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0  # it ended meanwhile
    ticks = sum(map(int, numbers[11:15]))  # user, system, and both of its finished children
    return ticks / os.sysconf("SC_CLK_TCK")


class Stopwatch:
    """Notes the CPU time of one stage after the other."""

    def __init__(self) -> None:
        self._stages: dict[str, float] = {}
        self._last = 0.0
        self._started = time.perf_counter()

    def stage(self, name: str) -> None:
        """The stage that ends here."""
        now = cpu_seconds()
        self._stages[name] = self._stages.get(name, 0.0) + now - self._last
        self._last = now

    def report(self, **facts: float) -> None:
        """Print the stages as one line of JSON; the interpreter's start belongs to the first."""
        wall = time.perf_counter() - self._started
        print(json.dumps({"stages": self._stages, "wall": wall, **facts}))
