"""The guard: a small process that reads one hostile file after the other and survives them.

It is started by `pipeline.excel.reader.guard` with nothing but Python and the readers in it, has
one thread, and forks a child for each file: the child lives under limits of memory, time and
output, and whatever happens to it happens to one file. Where a process cannot fork (Windows), the
guard reads in itself, without limits of memory; then its supervisor ends and replaces it when it
stalls.

Frames (see `transport`) arrive on standard input, one request each, and leave on standard output.
"""

from __future__ import annotations

import codecs
import gc
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from pipeline.excel.reader.limits import Limits
from pipeline.excel.reader.package import load
from pipeline.excel.reader.reader import read_source, second_reading
from pipeline.excel.reader.reading import Refusal
from pipeline.excel.reader.transport import (
    DONE,
    FILE,
    FIRST,
    HEADER,
    READY,
    SECOND,
    complete_frames,
    frame,
    packed,
    packed_result,
    packed_second,
    unpacked,
)

Send = Callable[[bytes, bytes], None]

_OUT_OF_MEMORY = 3  # exit code of a child
_OPEN_FILES = 32
_READ_SIZE = 1 << 18


def main() -> None:
    """Serve requests until the supervisor closes the pipe."""
    requests, replies = _own_pipes()
    forks = hasattr(os, "fork") and "--without-fork" not in sys.argv

    def send(kind: bytes, payload: bytes) -> None:
        _write(replies, frame(kind, payload))

    if forks:
        _load_ahead()
    gc.collect()
    gc.freeze()  # children share the guard's memory as long as nobody touches it
    send(READY, b"")
    while (request := _request(requests)) is not None:
        if forks:
            frames, outcome = _read_in_child(request, [requests, replies])
            for kind, payload in frames:
                send(kind, payload)
        else:
            outcome = _read_here(request, send)
        send(DONE, packed(outcome))


def _load_ahead() -> None:
    """Load once what every child would otherwise look for on the disk by itself."""
    import resource  # noqa: F401, PLC0415 - does not exist on Windows

    for name in ("cp437", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        codecs.lookup(name)


def _own_pipes() -> tuple[int, int]:
    """Keep the two pipes under numbers that nobody prints to or reads from by accident."""
    requests, replies = os.dup(0), os.dup(1)
    _silence()
    return requests, replies


def _silence() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)


def _request(requests: int) -> dict[str, Any] | None:
    header = _exactly(requests, HEADER.size)
    if header is None:
        return None
    _, length = HEADER.unpack(header)
    payload = _exactly(requests, length)
    if payload is None:
        return None
    request: dict[str, Any] = unpacked(payload)
    return request


def _exactly(source: int, size: int) -> bytes | None:
    pieces = b""
    while len(pieces) < size:
        piece = os.read(source, size - len(pieces))
        if not piece:
            return None
        pieces += piece
    return pieces


def _write(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


# --- reading one file
# ------------------------------------------------------------------------------------------


def _serve(request: dict[str, Any], send: Send) -> None:
    """Read one file, sending each result as soon as it is certain: whoever dies later costs only
    what comes later.
    """
    limits = Limits(**request["limits"])
    folder = request["folder"]
    source = load(
        Path(request["path"]), limits=limits, folder=None if folder is None else Path(folder)
    )
    send(FILE, packed([source.sha256, source.size]))
    first = read_source(source, limits=limits)
    if isinstance(first, Refusal):
        send(FIRST, packed_result(first))
        return
    send(FIRST, packed_result(first.workbook))
    send(SECOND, packed_second(second_reading(source, first, limits=limits)))


def _read_here(request: dict[str, Any], send: Send) -> str:
    try:
        _serve(request, send)
    except MemoryError:
        return "memory"
    except Exception:  # noqa: BLE001 - a fault of the reader costs this file and no other
        return "died"
    return "ok"


def _read_in_child(
    request: dict[str, Any], own: list[int]
) -> tuple[list[tuple[bytes, bytes]], str]:
    """Fork a child for one file and wait for it, but not for ever."""
    result, sink = os.pipe()
    child = os.fork()
    if child == 0:
        _be_the_child(request, sink, [*own, result])
    os.close(sink)
    try:
        received, fault = _receive(
            result, seconds=request["limits"]["seconds"], at_most=request["limits"]["output_bytes"]
        )
    finally:
        os.close(result)
    if fault:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return list(complete_frames(received)), fault or _outcome(status)


def _receive(source: int, *, seconds: float, at_most: int) -> tuple[bytearray, str]:
    received = bytearray()
    deadline = time.monotonic() + seconds
    waiting = select.poll()
    waiting.register(source, select.POLLIN)
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not waiting.poll(left * 1000):
            return received, "time"
        piece = os.read(source, _READ_SIZE)
        if not piece:
            return received, ""
        received += piece
        if len(received) > at_most:
            return received, "output"


def _outcome(status: int) -> str:
    if os.WIFSIGNALED(status):
        slow = {signal.SIGXCPU, signal.SIGALRM}
        return "time" if os.WTERMSIG(status) in slow else "died"
    match os.WEXITSTATUS(status):
        case 0:
            return "ok"
        case code if code == _OUT_OF_MEMORY:
            return "memory"
        case _:
            return "died"


def _be_the_child(request: dict[str, Any], sink: int, others: list[int]) -> NoReturn:
    """Read the file under limits and leave without returning, whatever happens."""
    code = 1
    try:
        for descriptor in others:
            os.close(descriptor)
        _silence()
        gc.disable()  # a short life; collecting in between would only copy the guard's memory
        _limit_itself(Limits(**request["limits"]))
        _serve(request, lambda kind, payload: _write(sink, frame(kind, payload)))
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    finally:
        os._exit(code)


def _limit_itself(limits: Limits) -> None:
    import resource  # noqa: PLC0415 - does not exist on Windows

    def at_most(what: int, soft: int, hard: int | None = None) -> None:
        highest = resource.getrlimit(what)[1]
        wanted = (soft, soft if hard is None else hard)
        if highest != resource.RLIM_INFINITY:
            wanted = (min(wanted[0], highest), min(wanted[1], highest))
        resource.setrlimit(what, wanted)

    at_most(resource.RLIMIT_CORE, 0)
    at_most(resource.RLIMIT_FSIZE, 0)
    at_most(resource.RLIMIT_NOFILE, _OPEN_FILES)
    at_most(resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1)
    base = _address_space()
    if base is not None:
        at_most(resource.RLIMIT_AS, base + limits.memory_bytes)
    # Should the guard itself be killed, its child must not live on.
    signal.setitimer(signal.ITIMER_REAL, limits.seconds + 1)


def _address_space() -> int | None:
    """Bytes of address space in use, which the limit of memory is counted from; unknown outside of
    Linux.
    """
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
