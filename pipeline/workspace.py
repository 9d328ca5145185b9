"""Where a municipality's plans lie (contract, «Plans and folders»)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MASTER_FILE = "Stammdaten.xlsx"
SUPERSEDED_FOLDER = "ersetzt"
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
