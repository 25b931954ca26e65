"""The exceptions of this package: one base, and those that a user's code may want to catch.

Law: every exception of ours is an `AwsExecutorsError` and has the suffix ``Error``; what is raised inside one
module stands there. What AWS refuses is no exception but a value, `core.aws.errors.AwsError`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_executors.core.settings.errors import SettingsFaults


class AwsExecutorsError(Exception):
    """The base of every exception that this package raises by itself.

    >>> from aws_executors import ecs
    >>> try:
    ...     ecs.from_kwargs({"cluster": "etl"})
    ... except AwsExecutorsError as error:
    ...     print(error)
    run_task_kwargs: taskDefinition is missing
    """


class SettingsError(AwsExecutorsError, ValueError):
    """A section of airflow.cfg that makes no settings; the message lists all of its `faults`."""

    def __init__(self, faults: "SettingsFaults") -> None:
        super().__init__(str(faults))
        self.faults = faults


class RequestError(AwsExecutorsError, ValueError):
    """What a person wrote makes no request; the message names the member, what was found, the remedy."""


class RequestTooLargeError(RequestError):
    """A request that is larger than AWS takes, and whose only fault that is: by way of S3 it may fit."""


class BuilderError(AwsExecutorsError, TypeError):
    """A builder or step gave something that is no request; the message names the function and the remedy."""
