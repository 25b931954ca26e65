"""What the end of a container means, given what Airflow's database says of its task instance.

Law: the tables here and the one of `policy.py`, and nothing decided outside them. A container's exit code is
not its task's result (a supervisor exits 0 when the task failed, deferred or was cleared), and a report at
the wrong moment fails a healthy task: so nothing is reported before the row of the task instance was read.

Source: ``airflow/jobs/scheduler_job_runner.py``, process_executor_events.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from aws_executors.core.exits import Exit, exit_of
from aws_executors.core.policy import Answer, Moment, ended
from aws_executors.core.state import Cause, Observation, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The task instance in Airflow's database: its state, its current token, its current try.

    `id` is what its row goes by, None where nobody has said: a retry and a clearing give it another one.
    """

    state: str | None
    token: str | None
    try_number: int
    id: UUID | None = None


class Standing(StrEnum):
    """How a task instance stands to one container that was started for it."""

    QUEUED = "queued"  # waits for this container to start it
    UNSURE = "unsure"  # waits in the queue, but the row does not say for which container
    RUNNING = "running"  # runs in this container
    RESTARTING = "restarting"  # cleared while it ran here; waits for this container to end
    FINISHED = "finished"  # has its result
    MOVED_ON = "moved on"  # waits for, or runs in, another container: deferral, reschedule, retry, requeue
    GONE = "gone"  # no longer there: DAG run or task instance deleted
    ROWLESS = "rowless"  # a callback: it has no row, its exit code is its result


class Ending(StrEnum):
    """How a container ended, as far as the verdict depends on it."""

    CLEAN = "clean"  # exit code 0
    FAILED = "failed"  # ended by its own code, by a person, by a limit
    LOST = "lost"  # infrastructure: never started, host lost, reclaimed, no word why
    WITHDRAWN = "withdrawn"  # stopped by an executor of ours, perhaps by one in another scheduler
    TURNED_AWAY = "turned away"  # by Airflow: another container holds the task, or nobody waits for it
    REFUSED = "refused"  # by Airflow, for its token: a fresh one may be let in
    UNABLE = "unable"  # it never began, and will not another time: image, settings, command


class Verdict(StrEnum):
    """What to tell Airflow."""

    SUCCEED = "succeed"
    FAIL = "fail"
    FREE = "free"  # nothing: only give the slot back
    RESUBMIT = "resubmit"  # nothing: user code never ran, start another container
    GIVE_BACK = "give back"  # nothing: the container was withdrawn, let the task be queued again
    KEEP = "keep"  # nothing yet


FINISHED_STATES = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})

CALLED: Mapping[Answer | None, Ending] = MappingProxyType(
    {Answer.RESUBMIT: Ending.LOST, Answer.GIVE_BACK: Ending.WITHDRAWN}
)
ENDINGS: Mapping[Cause, Ending] = MappingProxyType(
    {cause: CALLED.get(ended(cause, Moment.BEFORE), Ending.FAILED) for cause in Cause}
)
"""How a cause is called, by what is done about it if the task had not begun."""

LAUNCHER_ENDINGS: dict[Exit, Ending] = {
    Exit.RAN: Ending.CLEAN,
    Exit.HELD: Ending.TURNED_AWAY,
    Exit.REFUSED: Ending.REFUSED,
    Exit.GONE: Ending.TURNED_AWAY,
    Exit.INFRASTRUCTURE: Ending.LOST,
    Exit.CANNOT_START: Ending.UNABLE,
}
"""What our launcher's exit codes tell beyond `Cause.EXITED`."""

NEVER_RAN = frozenset({Ending.TURNED_AWAY, Ending.REFUSED, Ending.UNABLE})
"""Endings that say for certain that the workload was not begun in this container."""

MOMENTS: Mapping[Standing, Moment] = MappingProxyType(
    {
        Standing.QUEUED: Moment.BEFORE,
        Standing.UNSURE: Moment.BEFORE,
        Standing.ROWLESS: Moment.BEFORE,
        Standing.RUNNING: Moment.AFTER,
    }
)
"""Who still waits for a word, and so for what `policy.py` says; of the others only the slot is left."""

VERDICTS: Mapping[Answer, Verdict] = MappingProxyType(
    {
        Answer.RESUBMIT: Verdict.RESUBMIT,
        Answer.GIVE_BACK: Verdict.GIVE_BACK,
        Answer.LEAVE: Verdict.FREE,
        Answer.FAIL: Verdict.FAIL,
        Answer.FAIL_TRY: Verdict.FAIL,
    }
)

NOTHING_TO_GIVE_BACK: Mapping[Standing, Verdict] = MappingProxyType(
    {
        # It may be waiting for its next container already, with a row that does not say so.
        Standing.UNSURE: Verdict.FREE,
        Standing.ROWLESS: Verdict.FAIL,
    }
)
"""Where `Answer.GIVE_BACK` can not be carried out."""

WITHOUT_TROUBLE: dict[tuple[Standing, Ending], Verdict] = {
    # Exit code 0 although the task never started: nobody else will ever start this queueing of it.
    (Standing.QUEUED, Ending.CLEAN): Verdict.FAIL,
    (Standing.QUEUED, Ending.TURNED_AWAY): Verdict.FAIL,
    (Standing.UNSURE, Ending.CLEAN): Verdict.FREE,
    (Standing.UNSURE, Ending.TURNED_AWAY): Verdict.FREE,
    # The task's last word to the API server was lost: Airflow turns this report into a failure or a retry.
    (Standing.RUNNING, Ending.CLEAN): Verdict.SUCCEED,
    # It runs, but not in this container, which was never let in: it must not be failed for that.
    (Standing.RUNNING, Ending.TURNED_AWAY): Verdict.FREE,
    (Standing.ROWLESS, Ending.CLEAN): Verdict.SUCCEED,
    (Standing.ROWLESS, Ending.TURNED_AWAY): Verdict.FAIL,
}
"""For whoever waits for a word: the endings that are no trouble of the container."""

TOO_LATE: dict[Standing, Verdict] = {
    # "Success" is how Airflow wants to hear that a cleared task has really stopped.
    Standing.RESTARTING: Verdict.SUCCEED,
    Standing.FINISHED: Verdict.FREE,
    Standing.MOVED_ON: Verdict.FREE,
    Standing.GONE: Verdict.FREE,
}
"""For whoever does not: any ending but a clean one of a task that has its result, which confirms it."""

BEFORE_THE_END: dict[Standing, Verdict] = {
    Standing.QUEUED: Verdict.KEEP,
    Standing.UNSURE: Verdict.KEEP,
    Standing.RUNNING: Verdict.KEEP,
    Standing.RESTARTING: Verdict.KEEP,  # the report must wait until the container has really ended
    Standing.FINISHED: Verdict.SUCCEED,
    Standing.MOVED_ON: Verdict.FREE,
    Standing.GONE: Verdict.FREE,
    Standing.ROWLESS: Verdict.KEEP,
}


def standing(row: Row | None, *, token: str, assigned: bool, try_number: int) -> Standing:
    """How the row stands to the container that was started under `token` for try `try_number`.

    `assigned` says whether Airflow gave the token itself, so that the row must show it; where we made it up
    (several executors configured), the row may not show it yet, and the try number has to do.

    >>> row = Row(state="running", token="a", try_number=1)
    >>> standing(row, token="a", assigned=True, try_number=1)
    <Standing.RUNNING: 'running'>
    >>> standing(row, token="b", assigned=True, try_number=1)
    <Standing.MOVED_ON: 'moved on'>
    """
    if row is None:
        return Standing.GONE
    if row.try_number != try_number:
        return Standing.MOVED_ON
    if row.state in FINISHED_STATES:
        return Standing.FINISHED
    if row.state == "restarting":
        # Clearing a running task keeps its try number and may have taken the token off the row.
        return Standing.RESTARTING
    if assigned and row.token != token:
        return Standing.MOVED_ON
    if row.state == "queued":
        return Standing.QUEUED if row.token == token else Standing.UNSURE
    if row.state == "running":
        return Standing.RUNNING
    return Standing.MOVED_ON


def verdict(seen: Observation, stands: Standing) -> Verdict:
    """What to do about a container, by how it was last seen and how its task instance stands to it.

    >>> verdict(Observation(id="1", phase=Phase.SUCCEEDED, exit_code=0), Standing.MOVED_ON)
    <Verdict.FREE: 'free'>
    """
    how = ending(seen)
    if how is None:
        return BEFORE_THE_END[stands]
    if stands in TOO_LATE:
        confirmed = (stands, how) == (Standing.FINISHED, Ending.CLEAN)
        return Verdict.SUCCEED if confirmed else TOO_LATE[stands]
    answer = None if how is Ending.CLEAN else ended(_trouble(seen), MOMENTS[stands])
    if answer is Answer.GIVE_BACK and stands in NOTHING_TO_GIVE_BACK:
        return NOTHING_TO_GIVE_BACK[stands]
    return WITHOUT_TROUBLE[stands, how] if answer is None else VERDICTS[answer]


def ending(seen: Observation) -> Ending | None:
    """How the container ended, or None while it has not.

    >>> ending(Observation(id="1", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=81))
    <Ending.REFUSED: 'refused'>
    """
    if seen.phase is Phase.SUCCEEDED:
        return Ending.CLEAN
    if seen.phase is not Phase.FAILED:
        return None
    trouble = _trouble(seen)
    return LAUNCHER_ENDINGS[trouble] if isinstance(trouble, Exit) else ENDINGS[trouble]


def _trouble(seen: Observation) -> Cause | Exit:
    """What our launcher says of an end, if it has said something; else the cause."""
    left = exit_of(seen.exit_code) if seen.cause is Cause.EXITED else None
    return seen.cause or Cause.UNCLEAR if left is None else left
