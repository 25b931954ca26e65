"""Pass the workload on the container's command line.

Law: nothing is stored, so the token cannot be renewed after submission. Whoever may describe the container
can read it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from returns.result import Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.requests.launch import LAUNCHER

NOTHING: Result[None, AwsError] = Success(None)


@dataclass(frozen=True, slots=True)
class Inline:
    """A launcher that takes the workload as its last argument."""

    launcher: tuple[str, ...]
    stores = False

    def put(self, submission: str, workload: str) -> Result[tuple[str, ...], AwsError]:
        """The launcher's command, with the workload.

        >>> Inline(("run",)).put("0b6e-1", "{}").unwrap()
        ('run', '{}')
        """
        return Success((*self.launcher, workload))

    def refresh(self, submission: str, workload: str) -> Result[None, AwsError]:
        """Nothing is stored."""
        return NOTHING

    def take_over(self, submission: str, fresh: Callable[[str], str]) -> Result[bool, AwsError]:
        """Nothing is stored."""
        return Success(False)

    def remove(self, submission: str) -> Result[None, AwsError]:
        """Nothing is stored."""
        return NOTHING


# Source: airflow/sdk/execution_time/execute_workload.py. "airflow" works in every image that has Airflow.
INLINE: Mapping[str, Inline] = {
    "airflow": Inline(("python", "-m", "airflow.sdk.execution_time.execute_workload", "--json-string")),
    "aws_executors": Inline((*LAUNCHER, "--json-string")),
}
MEASURED = Inline((*LAUNCHER, "--usage", "--json-string"))
"""This package's launcher, writing a last line to the log that reports the usage."""
