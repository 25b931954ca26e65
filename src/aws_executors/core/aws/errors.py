"""What AWS said when it did not do what we asked, classed by what to do next.

Law: together with its tables (`error_codes.py`) the only place that knows error codes and messages; the
tables also state the defaults for unknown ones. The code decides. A message overrules the code only where the
code says no more than "refused" (`Kind.PERMANENT`): a call that may have been carried out stays ambiguous
whatever its message says, because a wrong guess there runs a task twice. (Placement failures, which come
inside a success answer, are read in `core/ecs/answers/responses.py`.)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aws_executors.core.aws.error_codes import (
    BY_SOMEBODY,
    CODES,
    EXCEPTIONS,
    HANDSHAKE,
    HANDSHAKE_REFUSED,
    MESSAGES,
    NO_RESOURCE,
    NOT_BY_AWS,
    NOT_SIGNED,
    STATUSES,
    UNKNOWN,
    UNKNOWN_4XX,
    UNSENT,
    Kind,
    Rule,
)
from aws_executors.core.redact.outgoing import NAME, PART, one_line

__all__ = [
    "AwsError",
    "Kind",
    "by_message",
    "classify",
    "classify_exception",
    "unreadable_answer",
    "unsigned",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsError:
    """One call that failed, at AWS or on the way to AWS."""

    kind: Kind
    code: str
    message: str
    remedy: str = ""
    resource_ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.code, self.message)))

    @property
    def with_remedy(self) -> str:
        """What AWS said, and what a person can do about it.

        >>> AwsError(kind=Kind.PERMANENT, code="NoBucket", message="Not there", remedy="Make it.").with_remedy
        'NoBucket: Not there. Make it.'
        """
        return f"{str(self).rstrip('.')}. {self.remedy}" if self.remedy else str(self)


BETWEEN = "something between here and AWS answered"
"""The message for a page that came in place of AWS's answer, as from a proxy or a captive portal."""

_ACTION = re.compile(r"authorized to perform:? ?(?P<action>[a-z0-9-]{1,40}:[A-Za-z]{1,80})")


def classify(
    code: str, message: str, *, status: int | None = None, resource_ids: Sequence[str] = ()
) -> AwsError:
    """What to do about an error answer of AWS, from its code, its message and its HTTP status.

    `code` and `message` are those of ``ClientError.response["Error"]``; `resource_ids` is the answer's
    ``resourceIds`` (ConflictException). For an unknown code the status counts: as in `STATUSES`, any other
    4xx PERMANENT, all else AMBIGUOUS. AWS always gives a code; an error without one may be a proxy's page in
    place of any answer: it is AMBIGUOUS unless its status is in `BY_SOMEBODY`. A conflict that names no
    resource is AMBIGUOUS: there is no container to adopt, so it must be looked up.
    The message comes back without secrets. Never raises. Source: botocore's service models and "Common
    Errors" of both API references; the messages as reported by their users.

    >>> classify("ThrottlingException", "Rate exceeded", status=400).kind
    <Kind.THROTTLED: 'throttled'>
    >>> classify("ClientException", "Tasks provisioning capacity limit exceeded.").kind
    <Kind.CAPACITY: 'no capacity'>
    >>> classify("AccessDeniedException", "User: x is not authorized to perform: ecs:RunTask on y").remedy
    'Allow ecs:RunTask for the role that the scheduler runs as.'
    >>> classify("502", "<html><head><title>502 Bad Gateway</title></head></html>", status=502).message
    'HTTP 502 and no error of AWS: something between here and AWS answered'
    """
    answered = _status(code, status)
    if answered is not None and (not code or code.isdigit()):
        return _by_somebody(answered, message)
    by_code = CODES.get(code, _unknown(code, status))
    rule = (by_message(message) or by_code) if by_code.kind is Kind.PERMANENT else by_code
    if rule.kind is Kind.CONFLICT and not resource_ids:
        rule = NO_RESOURCE
    return _error(rule, code, message, tuple(resource_ids))


def classify_exception(names: Sequence[str], message: str) -> AwsError:
    """What to do about an exception of botocore that carries no answer, from the names of its classes.

    `names` are the class names along its MRO, nearest first; the first one becomes the error's code. An
    exception in no table is AMBIGUOUS. Never raises. Source: ``botocore/exceptions.py``, ``httpsession.py``.

    >>> classify_exception(["NoCredentialsError", "BotoCoreError"], "Unable to locate credentials").kind
    <Kind.CREDENTIALS: 'credentials'>
    >>> classify_exception(["ReadTimeoutError", "HTTPClientError"], "Read timeout").kind
    <Kind.AMBIGUOUS: 'ambiguous'>
    """
    rule = next((EXCEPTIONS[name] for name in names if name in EXCEPTIONS), UNKNOWN)
    if "EmptyAnswerError" in names:
        rule = NOT_BY_AWS
    if "ResponseParserError" in names:  # its message is the whole body, which may be a page of HTML
        return _error(NOT_BY_AWS, names[0], f"the response cannot be read: {BETWEEN}")
    lowered = message.lower()
    if "SSLError" in names and any(word in lowered for word in HANDSHAKE):
        rule = HANDSHAKE_REFUSED
    for words, known, told in UNSENT if "HTTPClientError" in names else ():
        if words in lowered:
            return _error(known, names[0], told or message)
    return _error(rule, names[0] if names else "", message)


def unreadable_answer(problem: str) -> AwsError:
    """The error for a success answer that cannot be read: AMBIGUOUS; the call was probably carried out.

    >>> unreadable_answer("jobId is missing").kind
    <Kind.AMBIGUOUS: 'ambiguous'>
    """
    return _error(UNKNOWN, "UnreadableAnswer", problem)


def unsigned(error: AwsError) -> AwsError:
    """An error that arose while a call was signed, as CREDENTIALS: the call has not left this machine.

    >>> gone = classify_exception(["FileNotFoundError", "OSError"], "No such file: '/var/run/token'")
    >>> gone.kind, unsigned(gone).kind
    (<Kind.AMBIGUOUS: 'ambiguous'>, <Kind.CREDENTIALS: 'credentials'>)
    """
    return replace(error, kind=Kind.CREDENTIALS, remedy=error.remedy or NOT_SIGNED.remedy)


def by_message(message: str) -> Rule | None:
    """The rule for a refusal's words, whatever its code; None if none of the words is known.

    >>> by_message("Error retrieving subnet information: Rate exceeded")
    Rule(kind=<Kind.THROTTLED: 'throttled'>, remedy='')
    """
    lowered = message.lower()
    for words, rule in MESSAGES:
        # `in` comes first for speed: few messages contain the words.
        if words in lowered and re.search(rf"\b{re.escape(words)}", lowered):
            return rule
    return None


def _unknown(code: str, status: int | None) -> Rule:
    match _status(code, status):
        case int() as number if number in STATUSES:
            return STATUSES[number]
        case int() as number if 400 <= number < 500:
            return UNKNOWN_4XX
        case _:
            return UNKNOWN


def _status(code: str, status: int | None) -> int | None:
    """The HTTP status; botocore gives it as the code if it could read no code in the answer."""
    return int(code) if status is None and code.isascii() and code.isdigit() and len(code) == 3 else status


def _by_somebody(status: int, message: str) -> AwsError:
    """The error for an answer without a code of AWS's: one line, even if the body was a whole page."""
    rule = BY_SOMEBODY.get(status, NOT_BY_AWS)
    words = message.strip()
    told = f": {words}" if words and "<" not in words and "\n" not in words else ""
    return _error(rule, str(status), f"HTTP {status} and no error of AWS: {BETWEEN}{told}")


def _error(rule: Rule, code: str, message: str, resource_ids: tuple[str, ...] = ()) -> AwsError:
    found = _ACTION.search(message)
    action = "the action that the message names" if found is None else found["action"]
    return AwsError(
        kind=rule.kind,
        code=one_line(code, NAME),
        message=one_line(message, PART),
        remedy=rule.remedy.replace("{action}", action),
        resource_ids=resource_ids,
    )
