"""The guard: whatever a file does to its reader, it does to itself alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from pipeline.excel.reader import guard
from pipeline.excel.reader.guard import close_guards, read_guarded
from pipeline.excel.reader.limits import GIGABYTE, LIMITS, MEGABYTE
from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import (
    Caution,
    Cell,
    CellType,
    Reading,
    Reason,
    Refusal,
    Sheet,
    Workbook,
)
from pipeline.excel.reader.transport import Garbled, packed_result, result_from
from tests.intake.packages import a_workbook, sheet_xml, texts_xml, with_cells, with_rows, written

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
TEXT = CellType.TEXT
PATIENT = replace(LIMITS, ratio=10_000)
PATIENCE = 120.0
"""Seconds after which a test gives up waiting; a loaded machine may need many of them."""


@pytest.fixture(autouse=True)
def no_guard_survives() -> Iterator[None]:
    close_guards()  # those of other tests of this worker
    yield
    close_guards()


def refusal(reading: Reading) -> Reason | None:
    return reading.result.reason if isinstance(reading.result, Refusal) else None


def a_slow_workbook(folder: Path, cells: int = 3_000_000) -> Path:
    """Cells that say nothing in a spelling that the shortcut for empty cells does not know."""
    row = '<row r="1">' + '<c r="B1" s="0"><v/></c>' * cells + "</row>"
    return written(folder, a_workbook(sheet=sheet_xml(row)), "langsam.xlsx")


def children_of(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children")
    return [int(number) for number in listed.read_text(encoding="ascii").split()]


def waiting_for_child(process: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if children := children_of(process):
            return children[0]
        time.sleep(0.005)
    raise AssertionError("the guard never had a child")


def gone(process: int) -> bool:
    """Whether a process has ended, or ends soon: whoever was killed still takes a moment to die."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            # pid (name) state: the name may hold anything, even a bracket
            state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state.split()[0] in {"Z", "X"}:
            return True
        time.sleep(0.005)
    return False


def test_reads_the_same_as_in_process(tmp_path: Path) -> None:
    path = written(tmp_path, a_workbook())

    assert read_guarded(path) == read_workbook(path)


def test_keeps_its_guard_for_the_next_file(tmp_path: Path) -> None:
    path = written(tmp_path, a_workbook())
    read_guarded(path)
    (first,) = guard.idle_guards
    read_guarded(path)

    assert guard.idle_guards == [first]


def test_is_light() -> None:
    """Neither the guard nor whoever calls it needs to load pandas and its kin."""
    heavy = {"pandas", "numpy", "pandera", "openpyxl", "xlsxwriter"}
    for module in ("pipeline.excel.reader.guard", "pipeline.excel.reader.guard_process"):
        loaded = subprocess.run(
            [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
            capture_output=True,
            check=True,
            text=True,
            cwd=Path(guard.__file__).parents[2],
        ).stdout.split()
        assert heavy.isdisjoint(loaded)


@needs_fork
def test_a_child_killed_on_one_file_costs_no_other(tmp_path: Path) -> None:
    good = written(tmp_path, a_workbook())
    slow = a_slow_workbook(tmp_path)
    before = read_guarded(good)
    (its_guard,) = guard.idle_guards
    readings: list[Reading] = []
    victim = threading.Thread(target=lambda: readings.append(read_guarded(slow, limits=PATIENT)))
    victim.start()
    os.kill(waiting_for_child(its_guard.process.pid), signal.SIGSEGV)
    victim.join()

    assert refusal(readings[0]) is Reason.READER_DIED
    assert read_guarded(good) == before
    assert guard.idle_guards == [its_guard]


@needs_fork
def test_a_guard_killed_on_one_file_is_replaced(tmp_path: Path) -> None:
    good = written(tmp_path, a_workbook())
    slow = a_slow_workbook(tmp_path)
    before = read_guarded(good)
    (its_guard,) = guard.idle_guards
    readings: list[Reading] = []
    victim = threading.Thread(target=lambda: readings.append(read_guarded(slow, limits=PATIENT)))
    victim.start()
    child = waiting_for_child(its_guard.process.pid)
    os.kill(its_guard.process.pid, signal.SIGKILL)
    victim.join()

    assert refusal(readings[0]) is Reason.READER_DIED
    assert read_guarded(good) == before
    assert gone(child)


def test_a_guard_that_died_while_idle_costs_nothing(tmp_path: Path) -> None:
    good = written(tmp_path, a_workbook())
    before = read_guarded(good)
    guard.idle_guards[0].process.kill()
    guard.idle_guards[0].process.wait()

    assert read_guarded(good) == before


@needs_fork
def test_a_stalled_guard_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_GRACE_SECONDS", 0.1)
    good = written(tmp_path, a_workbook())
    before = read_guarded(good)
    os.kill(guard.idle_guards[0].process.pid, signal.SIGSTOP)

    reading = read_guarded(good, limits=replace(LIMITS, seconds=0.3))

    assert refusal(reading) is Reason.TIME_LIMIT
    assert read_guarded(good) == before


@needs_fork
def test_time_is_limited_and_the_limit_is_named(tmp_path: Path) -> None:
    slow = a_slow_workbook(tmp_path)

    # Long enough that even a busy machine has hashed the file, too short to read it.
    reading = read_guarded(slow, limits=replace(PATIENT, seconds=1.5))

    assert reading.result == Refusal(Reason.TIME_LIMIT, (("limit", "seconds"), ("allowed", "1.5")))
    assert reading.size == slow.stat().st_size  # hash and size are known all the same
    assert refusal(read_guarded(written(tmp_path, a_workbook()))) is None


@needs_fork
def test_processor_time_is_limited(tmp_path: Path) -> None:
    slow = a_slow_workbook(tmp_path)

    reading = read_guarded(slow, limits=replace(PATIENT, cpu_seconds=1))

    assert refusal(reading) is Reason.TIME_LIMIT


@needs_fork
def test_memory_is_limited_and_the_limit_is_named(tmp_path: Path) -> None:
    text = "<t>" + "x" * 100 * MEGABYTE + "</t>"
    path = written(tmp_path, a_workbook(texts=texts_xml(text)))
    limits = replace(PATIENT, memory_bytes=64 * MEGABYTE)

    assert read_guarded(path, limits=limits).result == Refusal(
        Reason.MEMORY_LIMIT, (("limit", "memory_bytes"), ("allowed", str(64 * MEGABYTE)))
    )
    small = written(tmp_path, a_workbook(), "klein.xlsx")
    assert refusal(read_guarded(small, limits=limits)) is None


@needs_fork
def test_a_child_stays_within_a_gigabyte(tmp_path: Path) -> None:
    """A hundred million letters in one cell are refused as too long, not as too large."""
    text = "x" * 100 * MEGABYTE
    cell = f'<c r="A1" t="inlineStr"><is><t>{text}</t></is></c>'

    reading = read_guarded(written(tmp_path, with_cells(cell)), limits=PATIENT)

    assert LIMITS.memory_bytes == GIGABYTE
    assert refusal(reading) is Reason.TEXT_TOO_LONG


def test_output_is_limited(tmp_path: Path) -> None:
    path = written(tmp_path, with_cells('<c r="A1" t="str"><v>' + "x" * 30_000 + "</v></c>"))

    small = read_guarded(path, limits=replace(LIMITS, output_bytes=20_000))
    large = read_guarded(path, limits=replace(LIMITS, output_bytes=40_000))

    assert refusal(small) is Reason.OUTPUT_LIMIT
    assert refusal(large) is None


@needs_fork
def test_a_second_reader_that_dies_does_not_take_the_first_reading_along(tmp_path: Path) -> None:
    """Beyond the bounds, lifted here, calamine reserves memory until it is aborted."""
    near = '<row r="1"><c r="A1"><v>1</v></c></row>'
    far = '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    path = written(tmp_path, with_rows(near + far))

    result = read_guarded(path, limits=replace(LIMITS, second_grid_cells=1 << 40)).result

    assert isinstance(result, Workbook)
    assert [cell.reference for cell in result.sheets[0].cells] == ["A1", "XFD1048576"]
    assert result.second_reading == "failed"
    assert [notice.caution for notice in result.warnings] == [Caution.SECOND_READING_FAILED]


def _executors() -> list[Executor]:
    # spawn: the tests' own process may have threads, which must not be forked
    return [ThreadPoolExecutor(3), ProcessPoolExecutor(2, mp_context=get_context("spawn"))]


@needs_fork
@pytest.mark.parametrize("kind", [0, 1], ids=["threads", "processes"])
def test_works_under_any_executor(kind: int, tmp_path: Path) -> None:
    paths = []
    for number in range(12):
        data = a_workbook() if number != 5 else b"%PDF-1.4"
        paths.append(written(tmp_path, data, f"{number:02}.xlsx"))
    with _executors()[kind] as executor:
        readings = list(executor.map(read_guarded, paths))

    assert [refusal(reading) for reading in readings] == [None] * 5 + [Reason.PDF] + [None] * 6
    assert readings[0] == read_workbook(paths[0])


@needs_fork
def test_a_forked_worker_leaves_its_parents_guard_alone(tmp_path: Path) -> None:
    """In a process of its own, because this one may have threads."""
    path = written(tmp_path, a_workbook())
    program = f"""
import os, sys
from pathlib import Path
from pipeline.excel.reader import guard
path = Path({str(path)!r})
before = guard.read_guarded(path)
child = os.fork()
if child == 0:
    alone = guard.idle_guards == []
    os._exit(0 if alone and guard.read_guarded(path) == before else 1)
status = os.waitpid(child, 0)[1]
assert os.waitstatus_to_exitcode(status) == 0
assert guard.idle_guards[0].alive() and guard.read_guarded(path) == before
"""
    root = Path(guard.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=root, check=False, timeout=PATIENCE
    )

    assert done.returncode == 0


def test_where_nothing_can_fork_the_guard_reads_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_FORKS", False)
    good = written(tmp_path, a_workbook())
    slow = a_slow_workbook(tmp_path)

    before = read_guarded(good)
    (its_guard,) = guard.idle_guards
    stalled = read_guarded(slow, limits=replace(PATIENT, seconds=0.4))

    assert before == read_workbook(good)
    assert refusal(stalled) is Reason.TIME_LIMIT
    assert not its_guard.alive()
    assert read_guarded(good) == before


def test_a_guard_that_cannot_start_is_a_fault_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not look as if the file were to blame."""
    monkeypatch.setattr(guard, "_BOOT", "raise SystemExit('no such module')")

    with pytest.raises(RuntimeError, match="no such module"):
        read_guarded(written(tmp_path, a_workbook()))


def test_a_captured_child_cannot_make_its_caller_run_or_believe_anything() -> None:
    honest = packed_result(Workbook(sheets=(Sheet("A", "visible", (Cell(1, 1, TEXT, "x"),)),)))
    assert isinstance(result_from(honest), Workbook)
    garbled = [
        b"",
        b"\x80\x04cos\nsystem\n",  # a pickle
        b"[" * 100_000,
        b"{}",
        b'{"workbook": 5}',
        b'{"refusal": ["no_such_reason", []]}',
        honest.replace(b'"x"', b"[1]"),
        honest.replace(b"[1,1,", b'["1",1,'),
        honest.replace(b'"s"', b'"?"'),
        honest.replace(b'"x",0]', b'"x",7]'),
        honest.replace(b'"x",0]', b'"x",-1]'),
        honest.replace(b'"x",0]', b'"x"]'),
        honest.replace(b'"visible"', b'"gone"'),
    ]
    for frame in garbled:
        assert frame != honest
        with pytest.raises(Garbled):
            result_from(frame)


def test_undecodable_names_reach_the_guard(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/R\xfccklauf.xlsx"))
    try:
        path.write_bytes(a_workbook())
    except OSError:
        pytest.skip("this file system has no such names")

    assert refusal(read_guarded(path)) is None


def test_a_program_that_ends_leaves_no_guard_behind(tmp_path: Path) -> None:
    path = written(tmp_path, a_workbook())
    program = f"""
from pathlib import Path
from pipeline.excel.reader import guard
guard.read_guarded(Path({str(path)!r}))
print(guard.idle_guards[0].process.pid)
"""
    root = Path(guard.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert done.stderr == ""
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)
