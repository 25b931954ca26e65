"""One Airflow for all tests that may share it: its start is what takes longest.

Law: the first test that needs it starts it, and it is taken down after the last. Each finds what those before
it have left.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from aws_executors.cli.demo import cloud
from aws_executors.cli.demo.__main__ import DAGS
from aws_executors.cli.demo.environment import isolate
from aws_executors.cli.demo.stage import Stage, stage
from e2e.chromium import chromium

OFTEN = {f"AIRFLOW__{section}__FLEET_INTERVAL": "0.5" for section in ("BATCH", "ECS_FARGATE")}


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Airflow's components write their logs."""
    return tmp_path_factory.mktemp("stage")


@pytest.fixture(scope="session")
def up(logs: Path) -> Iterator[Stage]:
    """Airflow with both executors, workloads in S3, and the demo's DAG."""
    isolate()
    with stage(DAGS, logs, OFTEN, names=cloud.Names(transport="s3")) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as found:
        yield found
