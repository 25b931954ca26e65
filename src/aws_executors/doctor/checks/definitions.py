"""The structures that ECS's task definitions and Batch's job definitions have in common.

Law: what is judged of them, and no more. Source: API_ContainerDefinition of the Amazon ECS API Reference,
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
    """For which machine a definition is."""

    cpu_architecture: str = ""
