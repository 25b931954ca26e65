"""Structures that the task definitions of ECS and the job definitions of Batch have in common.

Law: only the members that are checked. Source: API_ContainerDefinition of the Amazon ECS API Reference,
API_ContainerProperties of the AWS Batch API Reference.
"""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import Field

from aws_executors.core.aws.response import AnswerRecord
from aws_executors.doctor.checks.findings import Finding, error, warning


class LogConfiguration(AnswerRecord):
    """Where a container's output goes."""

    log_driver: str = ""
    options: dict[str, str] = Field(default_factory=dict)


class Variable(AnswerRecord):
    """One environment variable."""

    name: str
    value: str = ""


class RuntimePlatform(AnswerRecord):
    """The machine that a definition is for."""

    cpu_architecture: str = ""
    operating_system_family: str = ""


def of_platforms(platforms: Iterable[RuntimePlatform | None], place: str) -> Iterator[Finding]:
    """Whether these platforms can run Airflow, which needs Linux.

    >>> [one.check for one in of_platforms([RuntimePlatform(operating_system_family="LINUX")], "job")]
    []
    """
    found = {one.operating_system_family for one in platforms if one}
    for family in sorted(name for name in found if name.upper().startswith("WINDOWS")):
        yield error(
            "windows",
            f"The {place} is for {family}",
            "Airflow tasks run on Linux: no task starts.",
            f"{place}: runtimePlatform operatingSystemFamily = LINUX",
        )


def of_essential(name: str, *, essential: bool, others: Sequence[str], place: str) -> Iterator[Finding]:
    """Whether all containers end with the Airflow container; `others` are the other essential containers."""
    if not essential and others:
        yield warning(
            "not-essential",
            f"Container {name!r} of the {place} is not essential, {others[0]!r} is",
            "After the task has ended, the others keep running, and cost money until they are stopped.",
            f"{place}: container {name!r} essential = true, the others false",
        )
