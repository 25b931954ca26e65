"""The exceptions of this package: their common base, and those that user code may want to catch.

Law: every exception of this package is an `AwsExecutorsError` whose name ends in ``Error``. An exception that
never leaves its module is defined there, and `SettingsError` beside its faults. A refusal by AWS is not an
exception but a value, `core.aws.errors.AwsError`.
"""


class AwsExecutorsError(Exception):
    """The base of every exception that this package defines and raises.

    >>> from aws_executors import ecs
    >>> try:
    ...     ecs.from_kwargs({"cluster": "etl"})
    ... except AwsExecutorsError as error:
    ...     print(error)
    run_task_kwargs: taskDefinition is missing
    """


class RequestError(AwsExecutorsError, ValueError):
    """User input that makes no valid request; the message names the member, the value found and a remedy."""


class RequestTooLargeError(RequestError):
    """A request that exceeds AWS's size limit and has no other fault; with the workload in S3 it may fit."""


class BuilderError(AwsExecutorsError, TypeError):
    """A builder, step or predicate that is not one, or gives no answer; the message says which and why."""
