"""Where a municipality's plans lie (contract, «Plans and folders»), and how their outputs are put
in place: by one run at a time, and all at once or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MASTER_FILE = "Stammdaten.xlsx"
SUPERSEDED_FOLDER = "ersetzt"
LOCK_FILE = ".in-arbeit"
_DRAFT = ".entwurf-"
_ATTEMPTS = 3
_SYSTEM_FILES = re.compile(
    r"~\$.*|\.~lock\..*#?|\..*|thumbs\.db|desktop\.ini|.*\.(tmp|lnk)", re.IGNORECASE
)
_PLAN = re.compile(r"(\d{4})(?:-(eckwert|beschluss|nachtrag([1-9]\d*)|c([1-4])))?")


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The folders of one plan of one city below ``root``."""

    root: Path
    city: str
    plan: str

    @property
    def master(self) -> Path:
        """The master workbook."""
        return self.templates / MASTER_FILE

    @property
    def templates(self) -> Path:
        """Where templates are handed out."""
        return self.root / "templates" / self.city / self.plan

    @property
    def returns(self) -> Path:
        """What came back; never written to."""
        return self.root / "input" / self.city / self.plan

    @property
    def output(self) -> Path:
        """What the pipeline writes."""
        return self.root / "output" / self.city / self.plan


def is_folder_name(name: str) -> bool:
    """Whether a name can only be a folder directly below another: no separators, no dots alone,
    nothing hidden.
    """
    return bool(name) and not name.startswith(".") and not re.search(r'[/\\:*?"<>|\x00-\x1f]', name)


def is_system_file(name: str) -> bool:
    """Lock files of Excel and LibreOffice, hidden files and what operating systems leave behind."""
    return _SYSTEM_FILES.fullmatch(name) is not None


def is_plan(name: str) -> bool:
    """Whether a name is that of a plan, such as ``2027`` or ``2027-nachtrag1``."""
    return _PLAN.fullmatch(name) is not None


def plan_order(plan: str) -> tuple[int, int, int]:
    """For sorting plans: year, then eckwert < Entwurf < beschluss < nachtrag1 … < c1 … < c4."""
    found = _PLAN.fullmatch(plan)
    if not found:
        raise ValueError(f"{plan} is not a plan")
    year, round_, amendment, report = found.groups()
    match round_:
        case None:
            rank = (1, 0)
        case "eckwert":
            rank = (0, 0)
        case "beschluss":
            rank = (2, 0)
        case _:
            rank = (3, int(amendment)) if amendment else (4, int(report))
    return (int(year), *rank)


def cities(root: Path) -> tuple[str, ...]:
    """The cities that have at least one plan with a master workbook."""
    folder = root / "templates"
    if not folder.is_dir():
        return ()
    return tuple(
        sorted(each.name for each in folder.iterdir() if each.is_dir() and plans(root, each.name))
    )


def plans(root: Path, city: str) -> tuple[str, ...]:
    """The plans of a city that have a master workbook, the latest last."""
    folder = root / "templates" / city
    if not folder.is_dir():
        return ()
    found = [
        each.name
        for each in folder.iterdir()
        if is_plan(each.name) and (each / MASTER_FILE).is_file()
    ]
    return tuple(sorted(found, key=plan_order))


# --- putting outputs in place -----------------------------------------------------------------


class Busy(Exception):  # noqa: N818 - an answer to the user, no error of the program
    """Another run is writing the same outputs; the message is a German sentence."""

    def __init__(self, folder: Path, process: str) -> None:
        who = f" (Prozess {process})" if process.isdecimal() else ""
        super().__init__(
            f"Die Ausgaben von {folder.parent.name} ({folder.name}) schreibt gerade ein anderer "
            f"Lauf{who}; bitte warten, bis er fertig ist, und dann noch einmal starten."
        )


class NotWritten(Exception):  # noqa: N818 - an answer to the user, no error of the program
    """The outputs could not be written and are as they were; the message is a German sentence."""

    def __init__(self, fault: OSError) -> None:
        super().__init__(f"{_reason(fault)} Die bisherigen Ausgaben sind unverändert.")


def _reason(fault: OSError) -> str:
    name = Path(fault.filename2 or fault.filename or "").name
    if fault.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return "Der Datenträger ist voll; bitte Platz schaffen und noch einmal starten."
    if isinstance(fault, PermissionError):
        return (
            f"„{name}“ lässt sich nicht schreiben; vielleicht ist die Datei in Excel geöffnet. "
            "Bitte schließen und noch einmal starten."
        )
    return (
        f"„{name or 'Der Ausgabeordner'}“ lässt sich nicht schreiben; bitte den Datenträger prüfen."
    )


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps an output folder for this run alone; another run meanwhile gets :class:`Busy`.

    The lock is the operating system's and ends with the process, however that ends; the file only
    carries it and names the process. Leftovers of a run that was killed are removed. A file system
    without locks refuses nobody.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder)
    except OSError as fault:
        raise NotWritten(fault) from fault
    try:
        _sweep(folder)
        yield
    except OSError as fault:
        raise NotWritten(fault) from fault
    finally:
        _release(lock, folder / LOCK_FILE)


@contextlib.contextmanager
def drafted(folder: Path) -> Iterator[Path]:
    """A draft folder in ``folder``; when the block ends well, its files replace those of
    ``folder``.

    As long as one of them cannot be replaced, because a program holds it open, none is.
    """
    draft = folder / f"{_DRAFT}{os.getpid()}"
    draft.mkdir()
    try:
        yield draft
        files = sorted(each.relative_to(draft) for each in draft.rglob("*") if each.is_file())
        for file in files:
            if (folder / file).exists():
                with (folder / file).open("r+b"):
                    pass  # a file that another program holds says so here
        # Folders first, the manifest last: whoever sees it sees everything that it lists.
        for file in sorted(files, key=lambda each: (each.name == "manifest.json", each)):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (draft / file).replace(folder / file)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Removes what a run left behind that was killed while it wrote."""
    for draft in folder.glob(f"{_DRAFT}*"):
        shutil.rmtree(draft, ignore_errors=True)
    for part in folder.rglob(".*.part"):
        part.unlink(missing_ok=True)


def _locked(folder: Path) -> IO[bytes]:
    path = folder / LOCK_FILE
    for attempt in range(_ATTEMPTS):
        time.sleep(0.05 * attempt)
        file = path.open("a+b")
        if not _lock(file):
            continue
        if not _still_there(file, path):
            file.close()  # its owner removed it in this very moment
            continue
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        return file
    raise Busy(folder, _owner(path))


def _owner(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""  # it ended meanwhile, or the system lets nobody read a locked file


def _still_there(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _lock(file: IO[bytes]) -> bool:
    """Takes the lock, or closes the file where another process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - exists on Windows only

            file.seek(1024)  # behind the text, so that others can read it
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - does not exist on Windows

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        if fault.errno in {errno.EACCES, errno.EAGAIN, errno.EDEADLK}:
            file.close()
            return False
    return True


def _release(lock: IO[bytes], path: Path) -> None:
    if sys.platform == "win32":
        lock.close()  # an open file cannot be removed there
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    lock.close()
