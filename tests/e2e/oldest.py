"""`make oldest`: the demo in a few seconds of CPU, for its containers and Airflow's components are warm.

Law: the demo itself, with the Airflow of the Python that runs this; `make versions` runs it as a person does.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aws_executors.demo.__main__ import DAGS, parser, run_on
from aws_executors.demo.environment import AirflowHome, container_environment, isolate
from aws_executors.demo.stage import DemoStage, stage
from e2e import warm


@contextmanager
def warm_stage(logs: Path) -> Iterator[DemoStage]:
    """The demo's stage, of processes that are forks of one that has imported Airflow."""
    isolate()
    environment = container_environment(AirflowHome(home=DAGS, dags=DAGS))
    with (
        warm.image(environment) as image,
        stage(DAGS, logs, image=image, prepared=warm.components) as up,
    ):
        yield up


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo this way; returns the exit code."""
    options = parser().parse_args(arguments)
    return run_on(warm_stage(options.logs), options)


if __name__ == "__main__":
    sys.exit(main())
