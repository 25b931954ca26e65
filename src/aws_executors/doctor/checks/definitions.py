"""Structures that the task definitions of ECS and the job definitions of Batch have in common.

Law: only the members that are checked. Source: API_ContainerDefinition of the Amazon ECS API Reference,
API_ContainerProperties of the AWS Batch API Reference.
"""

from pydantic import Field

from aws_executors.core.aws.response import Read


class LogConfiguration(Read):
    """Where a container's output goes."""

    log_driver: str = ""
    options: dict[str, str] = Field(default_factory=dict)


class Variable(Read):
    """One environment variable."""

    name: str
    value: str = ""


class RuntimePlatform(Read):
    """The machine that a definition is for."""

    cpu_architecture: str = ""
