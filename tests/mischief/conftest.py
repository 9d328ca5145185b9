"""One city for all mischief of a session."""

from __future__ import annotations

import pytest

from pipeline import stages
from tests.mischief.desk import Desk
from tests.small_city import a_city


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    workspace = a_city(tmp_path_factory.mktemp("mischief"))
    master, _, _ = stages.load_master(workspace)
    return Desk(
        master,
        tmp_path_factory.mktemp("returns"),
        (workspace.returns / "T40.xlsx").read_bytes(),
    )
