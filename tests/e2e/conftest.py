"""One Airflow for all tests that may share it: its start is what takes longest.

Law: the first test that needs it starts it, and it is taken down after the last. Each finds what those before
it have left. So one worker has all that share it, in their order.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from xdist.scheduler import LoadScopeScheduling

from aws_executors.demo.__main__ import DAGS
from aws_executors.demo.environment import isolate
from aws_executors.demo.stage import Stage, stage
from e2e.chromium import chromium
from e2e.shared import ALONE, HERE, NAMES, OPTIONS, SHARING


class Groups(LoadScopeScheduling):
    """What one worker runs: all that share an Airflow; a story that takes long; else the tests of a file.

    By marks (``--dist loadgroup``) it does not work: pytest-xdist 3.8 writes a group into an attribute that
    pytest 9.2 does not have any more, and spreads all tests without a word.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, name = nodeid.partition("::")
        if Path(file).stem in SHARING:
            return "one Airflow"
        return name if name in ALONE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Groups:
    """Who gives tests to workers here (``-n 4``)."""
    return Groups(config, log)


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Airflow's components write their logs."""
    return tmp_path_factory.mktemp("stage")


@pytest.fixture(scope="session")
def up(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Airflow with both executors, workloads in S3, the demo's DAG and those of the tests."""
    isolate()
    dags = tmp_path_factory.mktemp("dags")
    for source in (*DAGS.glob("*.py"), HERE / "dags" / "transport_dag.py"):
        shutil.copy(source, dags)
    with stage(dags, logs, OPTIONS, names=NAMES) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as found:
        yield found
