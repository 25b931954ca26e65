"""One Airflow for all tests that may share it: its start is what takes longest.

Law: the first test that needs it starts it, and it is taken down after the last. Each finds what those before
it have left. So all that share it are one worker's, in their order (`make e2e` has several workers); so are
the tests of one file, if they do not say otherwise.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from aws_executors.cli.demo.__main__ import DAGS
from aws_executors.cli.demo.environment import isolate
from aws_executors.cli.demo.stage import Stage, stage
from e2e.chromium import chromium
from e2e.shared import HERE, NAMES, OPTIONS


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say of each test here whose worker runs it; the workers read it right after this."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("xdist_group") is None:
            shares = isinstance(item, pytest.Function) and "up" in item.fixturenames
            item.add_marker(pytest.mark.xdist_group("airflow" if shares else item.path.stem))


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
