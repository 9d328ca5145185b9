"""What lies in a folder besides plain files: links, pipes, folders, and what may not be read."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.excel.reader.limits import LIMITS
from pipeline.excel.reader.reader import read_workbook
from pipeline.excel.reader.reading import Reading, Reason, Refusal, Workbook
from tests.intake.packages import a_workbook, written


def refusal(reading: Reading) -> tuple[Reason, dict[str, str]]:
    assert isinstance(reading.result, Refusal)
    assert reading.sha256 is None
    assert reading.size is None
    return reading.result.reason, dict(reading.result.values)


def test_hash_and_size_are_those_of_the_bytes_that_were_read(tmp_path: Path) -> None:
    data = a_workbook()

    reading = read_workbook(written(tmp_path, data))

    assert (reading.sha256, reading.size) == (hashlib.sha256(data).hexdigest(), len(data))


def test_the_file_is_left_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path, a_workbook())
    path.chmod(0o444)
    before = path.stat()

    read_workbook(path)

    assert path.read_bytes() == a_workbook()
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    assert refusal(read_workbook(tmp_path / "weg.xlsx")) == (Reason.NOT_FOUND, {})


def test_a_folder_called_like_a_workbook(tmp_path: Path) -> None:
    (tmp_path / "FB10.xlsx").mkdir()

    assert refusal(read_workbook(tmp_path / "FB10.xlsx")) == (Reason.IS_FOLDER, {})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "FB10.xlsx")
    readings: list[Reading] = []
    # In a thread that dies with the tests: whoever waits for a pipe waits for ever.
    waiting = threading.Thread(
        target=lambda: readings.append(read_workbook(tmp_path / "FB10.xlsx")), daemon=True
    )
    waiting.start()
    waiting.join(timeout=60)

    assert [refusal(each) for each in readings] == [(Reason.SPECIAL_FILE, {"kind": "pipe"})]


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets in folders here")
def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s.xlsx")

        assert refusal(read_workbook(tmp_path / "s.xlsx")) == (
            Reason.SPECIAL_FILE,
            {"kind": "socket"},
        )


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
def test_a_link_to_a_device(tmp_path: Path) -> None:
    (tmp_path / "FB10.xlsx").symlink_to("/dev/zero")

    assert refusal(read_workbook(tmp_path / "FB10.xlsx"))[0] is Reason.SPECIAL_FILE


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    path = written(tmp_path, a_workbook())
    (tmp_path / "zweiter Name.xlsx").symlink_to(path.name)

    assert isinstance(read_workbook(tmp_path / "zweiter Name.xlsx").result, Workbook)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "input"
    folder.mkdir()
    (folder / "FB10.xlsx").symlink_to(written(tmp_path, a_workbook()))

    assert refusal(read_workbook(folder / "FB10.xlsx")) == (Reason.LINK_OUTSIDE, {})


def test_the_folder_may_be_wider_than_that_of_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "FB10"
    folder.mkdir()
    (folder / "FB10.xlsx").symlink_to(written(tmp_path, a_workbook()))

    assert isinstance(read_workbook(folder / "FB10.xlsx", folder=tmp_path).result, Workbook)


def test_a_folder_linked_from_outside_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "geheim").mkdir()
    written(tmp_path / "geheim", a_workbook(), "FB10.xlsx")
    (tmp_path / "input" / "FB10").symlink_to(tmp_path / "geheim")

    reading = read_workbook(tmp_path / "input" / "FB10" / "FB10.xlsx", folder=tmp_path / "input")

    assert refusal(reading) == (Reason.LINK_OUTSIDE, {})


@pytest.mark.parametrize("target", ["FB10.xlsx", "nirgends.xlsx"], ids=["circle", "nowhere"])
def test_a_link_that_leads_nowhere(target: str, tmp_path: Path) -> None:
    (tmp_path / "FB10.xlsx").symlink_to(target)

    assert refusal(read_workbook(tmp_path / "FB10.xlsx")) == (Reason.LINK_BROKEN, {})


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = written(tmp_path, a_workbook())
    path.chmod(0)

    assert refusal(read_workbook(path)) == (Reason.UNREADABLE, {})


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, a_workbook())

    def no_disk(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "open", no_disk)

    assert refusal(read_workbook(path)) == (Reason.UNREADABLE, {})


def test_a_name_with_a_zero_byte() -> None:
    assert refusal(read_workbook(Path("a\0b.xlsx"))) == (Reason.UNREADABLE, {})


def test_a_file_too_big_is_hashed_for_the_register_but_not_read(tmp_path: Path) -> None:
    data = a_workbook()
    limits = replace(LIMITS, file_bytes=len(data) - 1)

    reading = read_workbook(written(tmp_path, data), limits=limits)

    assert reading.sha256 == hashlib.sha256(data).hexdigest()
    assert reading.result == Refusal(
        Reason.FILE_TOO_BIG,
        (
            ("limit", "file_bytes"),
            ("allowed", str(len(data) - 1)),
            ("found", str(len(data))),
        ),
    )


def test_a_sparse_file_of_many_gigabytes_is_not_even_hashed(tmp_path: Path) -> None:
    path = tmp_path / "FB10.xlsx"
    with path.open("wb") as file:
        file.truncate(3 << 30)

    reading = read_workbook(path)

    assert isinstance(reading.result, Refusal)
    assert reading.result.reason is Reason.FILE_TOO_BIG
    assert (reading.sha256, reading.size) == (None, 3 << 30)
