"""The edge of the world: an AWS call goes in, a value comes out.

Law: the only place that catches what boto3 raises, and it decides nothing: codes and exception names are
classed by `core/errors.py`. Whatever comes out of here is a `Result`; nothing is raised, whatever happens.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success
from urllib3.exceptions import HTTPError

from aws_executors.core.errors import AwsError, Kind, classify, classify_exception
from aws_executors.shell.speech import logger

T = TypeVar("T")

Refused = Mapping[str, AwsError]
"""Those of a group for which a call was refused, by id."""

NOBODY: Refused = MappingProxyType({})

log = logger(__name__)

CREDENTIAL_OPERATIONS = frozenset(
    {
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "CreateToken",
        "GetRoleCredentials",
        "GetSessionToken",
    }
)
"""Calls that botocore makes by itself, while it signs ours: refused, ours has not left this machine."""

IN_A_ROW = 2
"""So many refusals that are not about the container itself, and a loop over containers goes no further."""

NOT_THERE = ("not found", "does not exist", "doesn't exist")
"""How ECS and Batch say that they do not know what a request names."""

_told_once: set[str] = set()


def told(call: Callable[[], T]) -> Result[T, AwsError]:
    """Make one call, and tell how it went.

    Never raises. An exception that is neither botocore's, urllib3's nor the operating system's is logged
    once per type, with its traceback: it is a fault of ours, or of botocore's.

    >>> told(lambda: {"taskArns": []})
    <Success: {'taskArns': []}>
    >>> refused = {"Error": {"Code": "ClusterNotFoundException", "Message": "Cluster not found."}}
    >>> def list_tasks() -> dict[str, object]:
    ...     raise ClientError(refused, "ListTasks")
    >>> told(list_tasks).failure().code
    'ClusterNotFoundException'
    """
    try:
        return Success(call())
    except ClientError as error:
        return Failure(_refused(error))
    except (BotoCoreError, HTTPError, OSError) as error:
        return Failure(_broken(error))
    except Exception as error:  # noqa: BLE001 - one odd answer must not end a worker
        _tell_once(error)
        return Failure(_broken(error))


def each(
    groups: Iterable[Sequence[str]], call: Callable[[Sequence[str]], Result[Refused, AwsError]]
) -> dict[str, AwsError | None]:
    """Make one call per group of ids, one after the other; per id None, or why not.

    After `IN_A_ROW` calls in a row that failed for no reason of their own (no connection, no credentials,
    rate exceeded, no answer) the rest is not tried and shares the last one's error: a loop over a dead
    connection would last as long as all of its timeouts together.
    """
    outcome: dict[str, AwsError | None] = {}
    row, last = 0, None
    for ids in groups:
        if row == IN_A_ROW:
            outcome |= dict.fromkeys(ids, last)
            continue
        result = call(ids)
        last = None if is_successful(result) else result.failure()
        row = row + 1 if last is not None and last.kind is not Kind.PERMANENT else 0
        outcome |= dict.fromkeys(ids, last)
        outcome |= result.value_or(NOBODY)
    return outcome


def may_be_there(result: Result[str, AwsError]) -> bool:
    """Whether a submission that was answered so may have started a container."""
    return is_successful(result) or result.failure().kind in (Kind.AMBIGUOUS, Kind.CONFLICT)


def gone(error: AwsError) -> bool:
    """Whether AWS refused because it does not know what was named: a task, a job, a cluster, a queue.

    >>> gone(AwsError(kind=Kind.PERMANENT, code="ClientException", message="JobQueue q not found"))
    True
    """
    words = error.message.lower()
    return error.kind is Kind.PERMANENT and any(known in words for known in NOT_THERE)


def settled(error: AwsError) -> Result[Refused, AwsError]:
    """What a refused stop means: done, where there was nothing left to stop."""
    return Success(NOBODY) if gone(error) else Failure(error)


def shortened(text: str, length: int) -> str:
    """This text in at most `length` characters.

    >>> shortened("the DAG run was deleted", 10)
    'the DAG...'
    """
    return text if len(text) <= length else f"{text[: length - 3]}..."


def _refused(error: ClientError) -> AwsError:
    said = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    named = error.response.get("resourceIds")
    ids = tuple(map(str, named)) if isinstance(named, list) else ()
    refusal = classify(said.get("Code", ""), said.get("Message", ""), status=status, resource_ids=ids)
    if error.operation_name not in CREDENTIAL_OPERATIONS:
        return refusal
    return replace(refusal, kind=Kind.CREDENTIALS, message=f"{error.operation_name}: {refusal.message}")


def _broken(error: Exception) -> AwsError:
    return classify_exception([kind.__name__ for kind in type(error).__mro__], str(error))


def _tell_once(error: Exception) -> None:
    name = type(error).__qualname__
    if name not in _told_once:
        _told_once.add(name)
        log.error("A call to AWS ended as nobody foresaw (told once): %s", name, exc_info=error)
