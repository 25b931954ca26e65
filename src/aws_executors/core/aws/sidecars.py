"""What a task's other containers (sidecars) say about the end of its Airflow container.

Law: what they say comes after what the Airflow container says, and their exit codes decide nothing. A sidecar
explains the end only if it ended by itself or did not start, and the Airflow container does not explain it.
"""

from collections.abc import Iterable, Sequence

from aws_executors.core.aws.response import AnswerRecord, joined
from aws_executors.core.lifecycle.observation import Sign

ENDED_TASK = "Essential container in task exited"
"""What both services say of a task or job that ended because one of its essential containers ended."""

# SIGTERM and SIGKILL; on Windows, the exit codes of a container that is shut down.
ASKED_TO_END = frozenset({143, 137, 3221225786, -1073741510})

UNNEEDED = "aws-guardduty-agent"
"""How the name begins of a container that AWS adds to tasks, and that no task needs.

Source: "How Runtime Monitoring works with Fargate", Amazon GuardDuty User Guide.
"""


class Contained(AnswerRecord):
    """One container as AWS shows it; ECS does not say whether it is essential."""

    name: str | None = None
    exit_code: int | None = None
    reason: str | None = None
    essential: bool | None = None


def sidecar_words(others: Iterable[Contained]) -> str:
    """What other containers say that may explain an end, in the order of their names.

    >>> router = Contained(name="router", exit_code=1, reason="OutOfMemoryError: killed")
    >>> sidecar_words([router, Contained(name="a")])
    'router: exit code 1, OutOfMemoryError: killed'
    """
    return joined(*(_said(one) for one in sorted(others, key=_name)))


def culprit(own: Contained | None, others: Sequence[Contained], *, by_an_end: bool) -> Contained | None:
    """The essential container whose end took `own` along; None if `own` explains its end by itself.

    `by_an_end` says whether the task ended because one of its containers ended.

    >>> culprit(Contained(exit_code=143), [Contained(name="router", exit_code=0)], by_an_end=True).name
    'router'
    >>> culprit(Contained(exit_code=3), [Contained(name="router", exit_code=0)], by_an_end=True) is None
    True
    """
    if own is None or not by_an_end or _explained(own):
        return None
    essential = [one for one in others if one.essential is not False and not _name(one).startswith(UNNEEDED)]
    first = [one for one in essential if _ended_by_itself(one)]
    if own.exit_code is not None:
        first += [one for one in essential if one.exit_code is None and one.reason]  # it did not start
    return min(first, key=_likely, default=None)


def sign_of(first: Contained | None) -> tuple[Sign | None, str]:
    """The sign of an end that this container caused, and the container's name and exit code for a person.

    >>> sign_of(Contained(name="router", exit_code=1))
    (<Sign.TAKEN_ALONG: 'taken along'>, 'router: exit code 1')
    """
    if first is None:
        return None, ""
    how = "it did not start" if first.exit_code is None else f"exit code {first.exit_code}"
    return Sign.TAKEN_ALONG, f"{first.name or '?'}: {how}"


def _explained(own: Contained) -> bool:
    return _ended_by_itself(own) if own.exit_code is not None else bool(own.reason)


def _ended_by_itself(one: Contained) -> bool:
    killed_for_memory = (one.reason or "").startswith("OutOfMemory")
    return one.exit_code is not None and (killed_for_memory or one.exit_code not in ASKED_TO_END)


def _said(one: Contained) -> str | None:
    code = f"exit code {one.exit_code}" if one.exit_code else None
    text = ", ".join(part for part in (code, one.reason) if part)
    return f"{one.name or '?'}: {text}" if text else None


def _likely(one: Contained) -> tuple[bool, str]:
    return (one.exit_code == 0, _name(one))


def _name(one: Contained) -> str:
    return one.name or ""
