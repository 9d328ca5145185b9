"""Read a workbook through a guard process, so that no file can harm the process that asks.

Any thread of any process may call `read_guarded`: each call takes an idle guard of its process, or
starts one, and gives it back. A guard that died or stalls is replaced; that costs its file a
refusal and no other file anything. It works under every `concurrent.futures.Executor` and inside
processes that may not have children of `multiprocessing`, because it only uses pipes and
`subprocess`.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NoReturn, cast

from pipeline.excel.reader.limits import LIMITS, Limits
from pipeline.excel.reader.reading import (
    Caution,
    Notice,
    Reading,
    Reason,
    Refusal,
    SecondReading,
    Workbook,
    with_second_reading,
)
from pipeline.excel.reader.transport import (
    DONE,
    FILE,
    FIRST,
    HEADER,
    READY,
    SECOND,
    Garbled,
    frame,
    packed,
    packed_limits,
    result_from,
    second_from,
    unpacked,
)

_START_SECONDS = 60.0
_GRACE_SECONDS = 3.0  # the guard ends its child by itself; only then its supervisor loses patience
_READ_SIZE = 1 << 18
_POSIX = os.name == "posix"
_FORKS = hasattr(os, "fork")
_ROOT = str(Path(__file__).resolve().parents[3])
# Isolated (-I), so that nothing in the current folder or the environment can take a module's place.
_BOOT = (
    "import sys; sys.path.count(sys.argv[1]) or sys.path.insert(0, sys.argv[1]); "
    "from pipeline.excel.reader.guard_process import main; main()"
)


def read_guarded(path: Path, *, limits: Limits = LIMITS, folder: Path | None = None) -> Reading:
    """Read a workbook in a guarded child with both readers, or say why it cannot be read.

    `folder` is the folder that a link may not lead out of; by default the one in which the file
    lies. Raises only where no guard can be started at all, which is a fault of the installation and
    not of a file.
    """
    request = packed(
        {
            "path": os.fspath(path.absolute()),
            "folder": None if folder is None else os.fspath(folder.absolute()),
            "limits": packed_limits(limits),
        }
    )
    guard = _take()
    try:
        frames, outcome = guard.ask(request, limits=limits)
    except (
        BaseException
    ):  # also when interrupted: a half-read answer must not become the next file's
        guard.end()
        raise
    if guard.lost:
        guard.end()
    else:
        idle_guards.append(guard)
    return _reading(frames, outcome, limits=limits)


def close_guards() -> None:
    """End all idle guards of this process; the next reading starts a new one."""
    while idle_guards:
        idle_guards.pop().end()


class Guard:
    """One guard process and its two pipes."""

    def __init__(self) -> None:
        command = [
            sys.executable,
            "-I",
            *(["-B"] if sys.dont_write_bytecode else []),
            "-c",
            _BOOT,
            _ROOT,
        ]
        if not _FORKS:
            command.append("--without-fork")
        self.lost = False
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            # So that the guard and its child can be ended together, and Ctrl-C reaches neither.
            start_new_session=_POSIX,
        )
        kind, _ = self._next_frame(time.monotonic() + _START_SECONDS, at_most=0)
        if kind != READY:
            self.end()
            _explain(command)

    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, request: bytes, *, limits: Limits) -> tuple[dict[bytes, bytes], str]:
        """The frames for one file, and how its child ended; `lost` afterwards says whether the
        guard is to be replaced.
        """
        frames: dict[bytes, bytes] = {}
        deadline = time.monotonic() + limits.seconds + (_GRACE_SECONDS if _FORKS else 0)
        with contextlib.suppress(
            OSError
        ):  # it died since it was last seen; the missing answer says so
            cast("IO[bytes]", self.process.stdin).write(frame(b"Q", request))
        left = limits.output_bytes
        while True:
            kind, payload = self._next_frame(deadline, at_most=left)
            match kind:
                case b"D":
                    return frames, str(unpacked(payload))
                case b"":
                    self.lost = True
                    return frames, payload.decode()
                case _:
                    frames[kind] = payload
                    left -= len(payload)

    def _next_frame(self, deadline: float, *, at_most: int) -> tuple[bytes, bytes]:
        """The next frame; or no kind, with the outcome in its place, when none will come."""
        with self._ended_at(deadline):
            header, fault = self._exactly(HEADER.size, deadline)
            if fault:
                return b"", fault
            kind, length = HEADER.unpack(header)
            if length > at_most and kind != DONE:
                return b"", b"output"
            payload, fault = self._exactly(length, deadline)
        return (b"", fault) if fault else (kind, payload)

    def _exactly(self, size: int, deadline: float) -> tuple[bytes, bytes]:
        source = cast("IO[bytes]", self.process.stdout).fileno()
        received = bytearray()
        while len(received) < size:
            if _POSIX and not _readable(source, deadline):
                return b"", b"time"
            piece = os.read(source, min(size - len(received), _READ_SIZE))
            if not piece:
                return b"", b"time" if time.monotonic() >= deadline else b"died"
            received += piece
        return bytes(received), b""

    @contextlib.contextmanager
    def _ended_at(self, deadline: float) -> Iterator[None]:
        """Where pipes cannot be waited for with a limit of time, end the guard when it comes."""
        if _POSIX:
            yield
            return
        timer = threading.Timer(deadline - time.monotonic(), self.process.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def end(self) -> None:
        """End the guard, and its child if it has one."""
        self.lost = True
        # Not poll(): a dead guard that nobody has waited for still holds its number, so the signal
        # reaches its orphaned child and can reach no stranger.
        if self.process.returncode is None:
            if _POSIX:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        self._close_pipes()
        self.process.wait()

    def forget(self) -> None:
        """In a process that was forked from the guard's owner: let go of it without touching it."""
        self._close_pipes()
        self.process.returncode = 0  # it is not a child of this process

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _readable(source: int, deadline: float) -> bool:
    import select  # noqa: PLC0415 - poll does not exist on Windows

    waiting = select.poll()
    waiting.register(source, select.POLLIN)
    return bool(waiting.poll(max(0.0, deadline - time.monotonic()) * 1000))


def _explain(command: list[str]) -> NoReturn:
    """Start it once more, this time listening: that it cannot start is a fault of the program."""
    again = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_START_SECONDS
    )
    raise RuntimeError(f"the guard process does not start: {again.stderr.decode(errors='replace')}")


# A list's pop and append are atomic: threads share the idle guards without a lock.
idle_guards: list[Guard] = []


def _take() -> Guard:
    while True:
        try:
            guard = idle_guards.pop()
        except IndexError:
            return Guard()
        if guard.alive():
            return guard
        guard.end()


def _forget_all() -> None:
    while idle_guards:
        idle_guards.pop().forget()


if _FORKS:
    # A forked worker must not talk to its parent's guards; and as long as it held their pipes open,
    # they could not end.
    os.register_at_fork(after_in_child=_forget_all)
atexit.register(close_guards)


# --- from frames to a reading
# ----------------------------------------------------------------------------------


def _reading(frames: dict[bytes, bytes], outcome: str, *, limits: Limits) -> Reading:
    sha256, size = _file(frames)
    try:
        result = result_from(frames[FIRST]) if FIRST in frames else _refusal(outcome, limits)
    except Garbled:
        result = Refusal(Reason.READER_DIED)
    if isinstance(result, Workbook):
        result = _with_second(result, frames)
    return Reading(sha256, size, result)


def _with_second(workbook: Workbook, frames: dict[bytes, bytes]) -> Workbook:
    """A child that died in the second reading has still delivered the first."""
    failed = SecondReading("failed", notices=(Notice(Caution.SECOND_READING_FAILED),))
    try:
        second = second_from(frames[SECOND]) if SECOND in frames else failed
    except Garbled:
        second = failed
    return with_second_reading(workbook, second)


def _file(frames: dict[bytes, bytes]) -> tuple[str | None, int | None]:
    try:
        sha256, size = unpacked(frames[FILE]) if FILE in frames else (None, None)
    except (Garbled, TypeError, ValueError):
        return None, None
    return (sha256 if isinstance(sha256, str) else None, size if isinstance(size, int) else None)


def _refusal(outcome: str, limits: Limits) -> Refusal:
    match outcome:
        case "time":
            return Refusal(Reason.TIME_LIMIT, _limit("seconds", f"{limits.seconds:g}"))
        case "memory":
            return Refusal(Reason.MEMORY_LIMIT, _limit("memory_bytes", str(limits.memory_bytes)))
        case "output":
            return Refusal(Reason.OUTPUT_LIMIT, _limit("output_bytes", str(limits.output_bytes)))
        case _:
            return Refusal(Reason.READER_DIED)


def _limit(name: str, allowed: str) -> tuple[tuple[str, str], ...]:
    return (("limit", name), ("allowed", allowed))
