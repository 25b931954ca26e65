"""Which files of tests share an Airflow, what that of S3 is told, and how the last of them ends it.

Law: whatever a test needs to be quick, or to be wrong, is said here for all of them.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from aws_executors.demo import cloud
from aws_executors.demo.stage import DemoStage
from e2e.killed import QUICK, SECTIONS, adoption

HERE = Path(__file__).parent
NAMES = cloud.Names(transport="s3", usage=True)
# The files whose tests share one, in their order, by its database; the last takes it down.
SHARING: Mapping[str, str] = {
    "test_e2e_s3": "SQLite",
    "test_e2e_usage": "SQLite",
    "test_e2e_warm": "SQLite",
    "test_e2e_stopped": "SQLite",
    "test_e2e_ui": "SQLite",
    "test_e2e_ending": "SQLite",
    "test_e2e_examples": "PostgreSQL",
    "test_e2e_mixed": "PostgreSQL",
    "test_e2e_killed": "PostgreSQL",
    "test_e2e_interrupted": "PostgreSQL",
}


def of_both(name: str, value: str) -> dict[str, str]:
    """One option of both executors."""
    return {f"AIRFLOW__{section}__{name}": value for section in SECTIONS}


# A dead scheduler is noticed in seconds, a token is not valid for longer than it says, the fleet page is new.
OPTIONS: Mapping[str, str] = {
    **QUICK,
    "AIRFLOW__API_AUTH__JWT_LEEWAY": "0",
    "AIRFLOW__ECS_FARGATE__REQUEST_BUILDER": "queues.build_ecs",
    "AIRFLOW__BATCH__REQUEST_BUILDER": "queues.build_batch",
    "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]),
    "AIRFLOW__BATCH__WORKLOAD_KMS_KEY": "alias/airflow",  # on ECS S3's own keys
    **of_both("LAUNCHER", "airflow"),  # for what goes inline: it measures nothing
    **adoption(False),  # who takes over is told otherwise where it matters
    **of_both("FLEET_INTERVAL", "0.5"),
}


@contextmanager
def last(up: DemoStage, ending: ExitStack) -> Iterator[DemoStage]:
    """What is up already, taken down with the block."""
    with ending:
        yield up
