"""Classify a failure by its message in Airflow's event log.

Law: a message made by `diagnosis.py` begins with a sentence of one of its tables, and the kind is the name of
that row. A message about a refusal by AWS begins with AWS's error code, which is the kind. All other messages
come from a request or its builder. A kind contains no details of the message, so that failures of one kind
can be counted together.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from aws_executors.core.explain.diagnosis import KILLED_INSIDE, SENTENCES
from aws_executors.core.explain.reasons import REASONS
from aws_executors.core.lifecycle.observation import Cause
from aws_executors.core.lifecycle.policy import WORKLOAD_LOST
from aws_executors.core.requests.executor_config import WHERE

UNKNOWN = "No reason given"

# The kinds of the sentences that are used if no row of `reasons` matches.
_OF_CAUSES: Mapping[Cause | None, str] = MappingProxyType(
    {
        None: "Exited normally",
        Cause.EXITED: "Task exited with an error",
        Cause.NEVER_STARTED: "Container never started",
        Cause.HOST_LOST: "Host lost",
        Cause.RECLAIMED: "Spot capacity reclaimed",
        Cause.INSTANCE_ENDED: "EC2 instance terminated",
        Cause.STOPPED: "Stopped manually",
        Cause.INVALID: "Refused by AWS",
        Cause.WITHDRAWN: "Stopped by a scheduler",
        Cause.TIMED_OUT: "Time limit reached",
        Cause.UNCLEAR: "Ended without an exit code",
    }
)

# The messages of this package; the name of a builder may come first.
_OURS: tuple[tuple[str, str], ...] = (
    (rf"(?:^|: ){WHERE}\b", f"Bad {WHERE}"),
    (r"(?:^|: )[\w ]+ (?:is|are) \d+ (?:bytes|characters) long, ", "Request too large"),
    (rf"^{WORKLOAD_LOST}", "Workload lost"),
    (r"^[\w.]+\.[\w<>]+(?:\(.*\))?: ", "Request builder failed"),
    (r"^\w+\(.*\): ", "Request builder failed"),
)

_CODE = re.compile(r"([A-Z]\w*[A-Z][\w.]*(?::[A-Z]+)?): ")
_END = re.compile(r"[;:.](?:\s|$)")
_LENGTH = 512
"""How many characters of a message are read."""

_WORDS = 6
"""How many words of a message make a kind, if nothing else matches."""


def _name(row: str) -> str:
    """The kind that a row's name stands for; rows like "refused: jobqueue" share one kind.

    >>> _name("image not found"), _name("exit 137"), _name("refused: jobqueue")
    ('Image not found', 'Exit code 137', 'Refused by AWS')
    """
    group = row.partition(":")[0]
    if group.startswith("exit "):
        return group.replace("exit ", "Exit code ")
    return {"refused": "Refused by AWS", "not placed": "Container not placed"}.get(
        group, group[0].upper() + group[1:]
    )


def _sentence(message: str) -> str:
    return message.partition(" (")[0].rstrip(".")


_OF_SENTENCES: Mapping[str, str] = MappingProxyType(
    {_sentence(row.what): _name(row.name) for row in reversed(REASONS)}
    | {_sentence(what): _OF_CAUSES[cause] for cause, (what, _) in SENTENCES.items()}
    | {_sentence(KILLED_INSIDE[0]): "Out of memory"}
)


def failure_kind(message: str) -> str:
    """The kind of a failure, derived from its message.

    >>> failure_kind("The image or its tag does not exist (arn:1, TaskFailedToStart). AWS says: ...")
    'Image not found'
    >>> failure_kind("executor_config: cpu must be a whole number, not str 'x'")
    'Bad executor_config'
    >>> failure_kind("AccessDeniedException: not authorized. Allow ecs:RunTask.")
    'AccessDeniedException'
    """
    message = message[:_LENGTH]
    sentence = _sentence(message)
    known = _OF_SENTENCES.get(sentence)
    if known is not None:
        return known
    for pattern, kind in _OURS:
        if re.search(pattern, message):
            return kind
    code = _CODE.match(message)
    if code is not None:
        return code[1]
    end = _END.search(sentence)
    words = sentence[: len(sentence) if end is None else end.start()].split()
    return " ".join(words[:_WORDS]) + ("..." if len(words) > _WORDS else "") or UNKNOWN
