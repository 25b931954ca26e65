"""Compose the sentence that explains how a container ended or why it waits.

Law: says what happened, quotes AWS unchanged (so that it can be searched for), and gives the remedy.
`reasons` decides which row applies.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from aws_executors.core.aws.response import joined
from aws_executors.core.explain.ecs import RETRIED
from aws_executors.core.explain.reason import is_said
from aws_executors.core.explain.reasons import reason_for
from aws_executors.core.explain.start import KILLED
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.logs.lines import END_OF_TIME
from aws_executors.core.redact.outgoing import NAME, one_line
from aws_executors.core.warm.turn import container_of

QUEUED_ON_ITS_OWN = "It is queued again if the task had not started; otherwise Airflow's `retries` apply."

# Used if no row of `reasons` matches: what happened, and what to do.
SENTENCES: Mapping[Cause | None, tuple[str, str]] = MappingProxyType(
    {
        None: ("The container exited normally", ""),
        Cause.EXITED: ("The container exited with an error", "Read its log."),
        Cause.NEVER_STARTED: ("The container never started", "Check it in the AWS console."),
        Cause.HOST_LOST: (
            "The container's host was lost",
            RETRIED,
        ),
        Cause.RECLAIMED: (
            "AWS reclaimed the container's Spot capacity",
            RETRIED,
        ),
        Cause.INSTANCE_ENDED: (
            "The container's EC2 instance was terminated (Spot interruption or scale-in)",
            RETRIED,
        ),
        Cause.STOPPED: ("The container was stopped manually", "CloudTrail shows who stopped it."),
        Cause.INVALID: ("AWS rejected the container", "Fix what AWS names."),
        Cause.WITHDRAWN: ("An Airflow scheduler stopped the container", QUEUED_ON_ITS_OWN),
        Cause.TIMED_OUT: ("The container reached its job's timeout", "Raise the job's `timeout`."),
        Cause.UNCLEAR: ("The container ended, and AWS shows no exit code", "Read its log."),
    }
)

KILLED_INSIDE = (
    "The container exited with code 0, but a process in it ran out of memory and was killed",
    "Read its log to see whether the task was affected, and give it more memory.",
)
"""The sentence for exit code 0 if a process in the container was killed."""


def killed_for_memory(seen: Observation) -> bool:
    """Whether AWS says that the container, or a process in it, was killed because it ran out of memory.

    >>> killed_for_memory(Observation(id="arn:1", phase=Phase.FAILED, reason="OutOfMemoryError: killed"))
    True
    """
    return says_killed(seen.reason)


def says_killed(text: str) -> bool:
    """Whether words of AWS, or of the event log that quotes them, say that a container ran out of memory."""
    return any(is_said(words, text) for words in KILLED)


def explain(seen: Observation) -> str:
    """One line: what happened, the container, its exit code and stop code, AWS's own words, and what to do.

    >>> print(explain(Observation(id="arn:1", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=3,
    ...                           reason="Oops")))
    The container exited with an error (arn:1, exit code 3). AWS says: Oops. Read its log.
    """
    what, remedy = SENTENCES[seen.cause]
    if seen.phase is Phase.SUCCEEDED and killed_for_memory(seen):
        what, remedy = KILLED_INSIDE
    row = reason_for(seen) if seen.phase is Phase.FAILED else None
    if row is not None:
        what, remedy = row.what, row.remedy
    facts = [one_line(container_of(seen.id), NAME)]
    facts += [] if seen.exit_code is None else [f"exit code {seen.exit_code}"]
    facts += [one_line(seen.stop_code, NAME)] if seen.stop_code else []
    facts += [f"first to end: {one_line(seen.culprit, NAME)}"] if seen.culprit else []
    return " ".join(filter(None, (f"{what} ({', '.join(facts)}).", _words(seen), remedy)))


def explain_wait(seen: Observation) -> str:
    """One line: why a container has not started yet, its status, how long it has waited, and what to do.

    >>> print(explain_wait(Observation(id="4c75", phase=Phase.PENDING, status="RUNNABLE", created=1.8e9,
    ...                                reason="CAPACITY:TEA")))
    The queue's compute environments have no free capacity (4c75, RUNNABLE, waiting since 2027-01-15 \
08:00:00 UTC). AWS says: CAPACITY:TEA. The job starts when there is capacity. Check the limits of the \
compute environments and of the account.
    """
    row = reason_for(seen)
    what, remedy = ("The container has not started yet", "") if row is None else (row.what, row.remedy)
    facts = filter(None, (one_line(seen.id, NAME), one_line(seen.status, NAME), _since(seen)))
    return " ".join(filter(None, (f"{what} ({', '.join(facts)}).", _words(seen), remedy)))


def _words(seen: Observation) -> str:
    said = joined(seen.reason, seen.others)
    return f"AWS says: {said.rstrip('.')}." if said else ""


def _since(seen: Observation) -> str:
    if seen.created is None or not 0 <= seen.created * 1000 < END_OF_TIME:
        return ""
    return f"waiting since {datetime.fromtimestamp(seen.created, UTC):%Y-%m-%d %H:%M:%S} UTC"
