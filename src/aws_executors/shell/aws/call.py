"""Make calls to AWS whose outcomes are values.

Law: the only place that catches what boto3 raises. It decides nothing: `core/aws/errors.py` classifies codes
and exception names. The outcome of a call is always a `Result`; nothing is raised, whatever happens.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success
from urllib3.exceptions import HTTPError

from aws_executors.core.aws.errors import AwsError, Kind, classify, classify_exception, unsigned
from aws_executors.shell.airflow.loggers import logger

T = TypeVar("T")

Refusals = Mapping[str, AwsError]
"""By id, the errors of those containers of a group for which a call was refused."""

NONE_REFUSED: Refusals = MappingProxyType({})

log = logger(__name__)

IN_A_ROW = 2
"""After this many failures in a row that are not about the containers, a loop over containers stops."""

NOT_THERE = ("not found", "does not exist", "doesn't exist")
"""Phrases by which ECS and Batch say that they do not know what a request names."""

UNKNOWN_CODES = frozenset(
    {
        "404",
        "405",
        "501",
        "InvalidAction",
        "MissingAuthenticationToken",  # a gateway's code for an unknown path
        "MissingAuthenticationTokenException",
        "NotImplemented",
        "NotImplementedException",
        "UnknownOperation",
        "UnknownOperationException",
        "UnsupportedOperation",
        "UnsupportedOperationException",
    }
)
UNKNOWN_WORDS = (
    "implemented",
    "not a valid operation",
    "not supported",
    "operation is unsupported",
    "unknown action",
    "unknown operation",
    "unknownoperation",
    "not find operation",
    "no such operation",
)
"""Phrases of endpoints that do not have an operation: of a Region that gets it later, or of an emulator."""

_told_once: set[str] = set()


class _Stage(threading.local):
    """Whether this thread's call is being signed, and so has not been sent."""

    signing = False


_stage = _Stage()


def watch_signing(client: BaseClient) -> None:
    """Let `call_aws` know when a call of this client is being signed, and when it is sent.

    botocore looks for credentials while it signs a call: it reads files and calls STS, and the call raises
    whatever these raise.
    """
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-sign.{service}", _signing)
    client.meta.events.register_first(f"before-send.{service}", _sending)


def _signing(**_: object) -> None:
    _stage.signing = True


def _sending(**_: object) -> None:
    _stage.signing = False


def call_aws(call: Callable[..., T], *client: object) -> Result[T, AwsError]:
    """Make one call, with a client if one is given; returns its answer, or an error.

    Never raises. An exception that is neither botocore's, urllib3's nor the operating system's is logged
    once per type, with its traceback: it is a defect here or in botocore.

    >>> call_aws(lambda: {"taskArns": []})
    <Success: {'taskArns': []}>
    >>> refused = {"Error": {"Code": "ClusterNotFoundException", "Message": "Cluster not found."}}
    >>> def list_tasks() -> dict[str, object]:
    ...     raise ClientError(refused, "ListTasks")
    >>> call_aws(list_tasks).failure().code
    'ClusterNotFoundException'
    """
    _stage.signing = False
    try:
        return Success(call(*client))
    except ClientError as error:
        told_of = _refused(error)
        return Failure(_unsigned(told_of, f"{error.operation_name}: ") if _stage.signing else told_of)
    except Exception as error:  # noqa: BLE001 - one odd answer must not end a worker
        if _stage.signing:
            return Failure(_unsigned(_broken(error)))
        if not isinstance(error, BotoCoreError | HTTPError | OSError | ResponseParserError):
            _tell_once(error)
        return Failure(_broken(error))


def each(
    groups: Iterable[Sequence[str]], call: Callable[[Sequence[str]], Result[Refusals, AwsError]]
) -> dict[str, AwsError | None]:
    """Make one call per group of ids, one after the other; returns None or an error for each id.

    After `IN_A_ROW` failures in a row that are not about the ids (no connection, no credentials, rate
    exceeded, no answer) the other groups are not tried and get the last error: over a dead connection the
    loop would last as long as all of its timeouts together.
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
        outcome |= result.value_or(NONE_REFUSED)
    return outcome


def may_be_there(result: Result[str, AwsError]) -> bool:
    """Whether a submission with this result may have started a container."""
    return is_successful(result) or result.failure().kind in (Kind.AMBIGUOUS, Kind.CONFLICT)


def gone(error: AwsError) -> bool:
    """Whether AWS refused because it does not know what the request names: a task, job, cluster or queue.

    >>> gone(AwsError(kind=Kind.PERMANENT, code="ClientException", message="JobQueue q not found"))
    True
    """
    words = error.message.lower()
    return error.kind is Kind.PERMANENT and any(known in words for known in NOT_THERE)


def unknown_operation(error: AwsError, operation: str) -> bool:
    """Whether the endpoint does not know this operation, or denies permission for it.

    >>> unknown = AwsError(kind=Kind.PERMANENT, code="UnknownOperationException", message="")
    >>> unknown_operation(unknown, "TerminateJobs")
    True
    >>> denied = AwsError(kind=Kind.PERMANENT, code="ClientException", message="no queue")
    >>> unknown_operation(denied, "TerminateJobs")
    False
    """
    words = error.message.lower()
    denied = error.code.startswith("AccessDenied") and operation.lower() in words
    return denied or error.code in UNKNOWN_CODES or any(known in words for known in UNKNOWN_WORDS)


def settled(error: AwsError) -> Result[Refusals, AwsError]:
    """The outcome of a refused stop: a success, if there was nothing left to stop."""
    return Success(NONE_REFUSED) if gone(error) else Failure(error)


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
    return classify(_text(said.get("Code")), _text(said.get("Message")), status=status, resource_ids=ids)


def _text(value: object) -> str:
    """A field of an error as text; a gateway on the way may have written anything there, or null."""
    return "" if value is None else str(value)


def _unsigned(error: AwsError, by: str = "") -> AwsError:
    known = unsigned(error)
    return replace(known, message=f"no credentials to sign with: {by}{known.message}")


def _broken(error: Exception) -> AwsError:
    return classify_exception([kind.__name__ for kind in type(error).__mro__], str(error))


def _tell_once(error: Exception) -> None:
    name = type(error).__qualname__
    if name not in _told_once:
        _told_once.add(name)
        log.error("Unexpected exception in a call to AWS (logged once): %s", name, exc_info=error)
