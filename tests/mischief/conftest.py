"""One city for all mischief of a session."""

from __future__ import annotations

import pytest

from pipeline import stages
from tests.fill import fill
from tests.mischief.desk import Desk
from tests.small_city import RETURNS, ROWS, a_city, silent


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return _desk(tmp_path_factory, prepared=ROWS)


@pytest.fixture(scope="session")
def large_desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """With as many prepared rows as a department gets."""
    return _desk(tmp_path_factory, prepared=None)


def _desk(tmp_path_factory: pytest.TempPathFactory, *, prepared: int | None) -> Desk:
    workspace = a_city(tmp_path_factory.mktemp("mischief"), prepared=prepared)
    master, _, _ = stages.load_master(workspace)
    return Desk(
        master,
        tmp_path_factory.mktemp("returns"),
        (workspace.returns / "T40.xlsx").read_bytes(),
    )


@pytest.fixture(scope="session")
def small_desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The same return in a template of eight prepared rows: a fourth of the cells, and what is
    done at random hits an entry four times as often.
    """
    workspace = a_city(tmp_path_factory.mktemp("small"), returns={})
    stages.issue_templates(workspace, units=["T40"], rows=8, reissue=True, progress=silent)
    master, _, _ = stages.load_master(workspace)
    filled = workspace.returns / "T40.xlsx"
    fill(workspace.templates / "T40.xlsx", RETURNS["T40"], filled)
    return Desk(master, tmp_path_factory.mktemp("small returns"), filled.read_bytes())
