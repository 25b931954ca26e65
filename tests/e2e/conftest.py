"""One Airflow on SQLite and one on PostgreSQL for all tests that may share them: their start takes longest.

Law: the first test that needs one starts it, and the last takes it down. Each finds what those before it have
left. So one worker has all that share one, in their order.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from xdist.scheduler import LoadScopeScheduling

from aws_executors.demo.__main__ import DAGS
from aws_executors.demo.environment import AirflowHome, container_environment, isolate
from aws_executors.demo.stage import DemoStage, stage
from e2e import warm
from e2e.chromium import chromium
from e2e.examples import Show, show
from e2e.examples_table import FEW
from e2e.shared import HERE, NAMES, OPTIONS, SHARING


class Groups(LoadScopeScheduling):
    """What one worker runs: all that share an Airflow, else the tests of a file.

    By marks (``--dist loadgroup``) it does not work: pytest-xdist 3.8 writes a group into an attribute that
    pytest 9.2 does not have any more, and spreads all tests without a word.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return SHARING.get(Path(file).stem, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Groups:
    """Who gives tests to workers here (``-n 3``)."""
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that share one in their order, and first of all, for together they take longest."""
    order = {name: number for number, name in enumerate(SHARING)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Airflow's components write their logs."""
    return tmp_path_factory.mktemp("stage")


@pytest.fixture(scope="session")
def ending() -> Iterator[ExitStack]:
    """What takes the Airflow down that is up: the last that shares it, or else the end of all tests."""
    with ExitStack() as found:
        yield found


@pytest.fixture(scope="session")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's DAGs and those of the tests."""
    found = tmp_path_factory.mktemp("dags")
    for source in (*DAGS.glob("*.py"), *(HERE / "dags").glob("*.py")):
        shutil.copy(source, found)
    return found


@pytest.fixture(scope="session")
def image(dags: Path, ending: ExitStack) -> dict[str, str]:
    """What every container has baked in: a Python that has Airflow imported."""
    return ending.enter_context(warm.image(container_environment(AirflowHome(home=dags, dags=dags))))


@pytest.fixture(scope="session")
def up(dags: Path, image: dict[str, str], logs: Path, ending: ExitStack) -> DemoStage:
    """Airflow with both executors, and workloads in S3."""
    isolate()
    return ending.enter_context(stage(dags, logs, OPTIONS, NAMES, image=image, prepared=warm.components))


@pytest.fixture(scope="session")
def shown(ending: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> Show:
    """Airflow on PostgreSQL with LocalExecutor besides, and a good dozen of its examples."""
    isolate()
    return ending.enter_context(show(FEW, tmp_path_factory.mktemp("show")))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as found:
        yield found
