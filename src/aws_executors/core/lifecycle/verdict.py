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

from aws_executors.core.lifecycle.exit_codes import Exit, exit_of
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.lifecycle.policy import Moment, Reaction, ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The task instance in Airflow's database: its state, its current token, its current try.

    `id` is what its row goes by, None where nobody has said: a retry and a clearing give it another one.
    """

    state: str | None
    token: str | None
    try_number: int
    id: UUID | None = None


class RowState(StrEnum):
    """How a task instance stands to one container that was started for it."""

    QUEUED = "queued"  # waiting for this container to start it
    UNSURE = "unsure"  # queued, but the row does not say for which container
    RUNNING = "running"  # running in this container
    RESTARTING = "restarting"  # cleared while it ran here; waiting for this container to end
    FINISHED = "finished"  # has its result
    MOVED_ON = (
        "moved on"  # waiting for, or running in, another container: deferral, reschedule, retry, requeue
    )
    GONE = "gone"  # no longer there: DAG run or task instance deleted
    ROWLESS = "rowless"  # a callback: it has no row, its exit code is its result


class Outcome(StrEnum):
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
    REQUEUE = "give back"  # nothing: the container was withdrawn, let the task be queued again
    KEEP = "keep"  # nothing yet


FINISHED_STATES = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})

CALLED: Mapping[Reaction | None, Outcome] = MappingProxyType(
    {Reaction.RESUBMIT: Outcome.LOST, Reaction.REQUEUE: Outcome.WITHDRAWN}
)
ENDINGS: Mapping[Cause, Outcome] = MappingProxyType(
    {cause: CALLED.get(ended(cause, Moment.BEFORE), Outcome.FAILED) for cause in Cause}
)
"""How a cause is called, by what is done about it if the task had not begun."""

LAUNCHER_ENDINGS: dict[Exit, Outcome] = {
    Exit.RAN: Outcome.CLEAN,
    Exit.HELD: Outcome.TURNED_AWAY,
    Exit.REFUSED: Outcome.REFUSED,
    Exit.GONE: Outcome.TURNED_AWAY,
    Exit.INFRASTRUCTURE: Outcome.LOST,
    Exit.CANNOT_START: Outcome.UNABLE,
}
"""What our launcher's exit codes tell beyond `Cause.EXITED`."""

NEVER_RAN = frozenset({Outcome.TURNED_AWAY, Outcome.REFUSED, Outcome.UNABLE})
"""Endings that say for certain that the workload was not begun in this container."""

MOMENTS: Mapping[RowState, Moment] = MappingProxyType(
    {
        RowState.QUEUED: Moment.BEFORE,
        RowState.UNSURE: Moment.BEFORE,
        RowState.ROWLESS: Moment.BEFORE,
        RowState.RUNNING: Moment.AFTER,
    }
)
"""Who still waits for a word, and so for what `policy.py` says; of the others only the slot is left."""

VERDICTS: Mapping[Reaction, Verdict] = MappingProxyType(
    {
        Reaction.RESUBMIT: Verdict.RESUBMIT,
        Reaction.REQUEUE: Verdict.REQUEUE,
        Reaction.LEAVE: Verdict.FREE,
        Reaction.FAIL: Verdict.FAIL,
        Reaction.FAIL_TRY: Verdict.FAIL,
    }
)

NOTHING_TO_GIVE_BACK: Mapping[RowState, Verdict] = MappingProxyType(
    {
        # It may be waiting for its next container already, with a row that does not say so.
        RowState.UNSURE: Verdict.FREE,
        RowState.ROWLESS: Verdict.FAIL,
    }
)
"""Where `Reaction.REQUEUE` can not be carried out."""

WITHOUT_TROUBLE: dict[tuple[RowState, Outcome], Verdict] = {
    # Exit code 0 although the task never started: nobody else will ever start this queueing of it.
    (RowState.QUEUED, Outcome.CLEAN): Verdict.FAIL,
    (RowState.QUEUED, Outcome.TURNED_AWAY): Verdict.FAIL,
    (RowState.UNSURE, Outcome.CLEAN): Verdict.FREE,
    (RowState.UNSURE, Outcome.TURNED_AWAY): Verdict.FREE,
    # The task's last word to the API server was lost: Airflow turns this report into a failure or a retry.
    (RowState.RUNNING, Outcome.CLEAN): Verdict.SUCCEED,
    # It runs, but not in this container, which was never let in: it must not be failed for that.
    (RowState.RUNNING, Outcome.TURNED_AWAY): Verdict.FREE,
    (RowState.ROWLESS, Outcome.CLEAN): Verdict.SUCCEED,
    (RowState.ROWLESS, Outcome.TURNED_AWAY): Verdict.FAIL,
}
"""For whoever waits for a word: the endings that are no trouble of the container."""

TOO_LATE: dict[RowState, Verdict] = {
    # "Success" is how Airflow wants to hear that a cleared task has really stopped.
    RowState.RESTARTING: Verdict.SUCCEED,
    RowState.FINISHED: Verdict.FREE,
    RowState.MOVED_ON: Verdict.FREE,
    RowState.GONE: Verdict.FREE,
}
"""For whoever does not: any ending but a clean one of a task that has its result, which confirms it."""

BEFORE_THE_END: dict[RowState, Verdict] = {
    RowState.QUEUED: Verdict.KEEP,
    RowState.UNSURE: Verdict.KEEP,
    RowState.RUNNING: Verdict.KEEP,
    RowState.RESTARTING: Verdict.KEEP,  # the report must wait until the container has really ended
    RowState.FINISHED: Verdict.SUCCEED,
    RowState.MOVED_ON: Verdict.FREE,
    RowState.GONE: Verdict.FREE,
    RowState.ROWLESS: Verdict.KEEP,
}


def standing(row: Row | None, *, token: str, assigned: bool, try_number: int) -> RowState:
    """How the row stands to the container that was started under `token` for try `try_number`.

    `assigned` says whether Airflow gave the token itself, so that the row must show it; where we made it up
    (several executors configured), the row may not show it yet, and the try number has to do.

    >>> row = Row(state="running", token="a", try_number=1)
    >>> standing(row, token="a", assigned=True, try_number=1)
    <RowState.RUNNING: 'running'>
    >>> standing(row, token="b", assigned=True, try_number=1)
    <RowState.MOVED_ON: 'moved on'>
    """
    if row is None:
        return RowState.GONE
    if row.try_number != try_number:
        return RowState.MOVED_ON
    if row.state in FINISHED_STATES:
        return RowState.FINISHED
    if row.state == "restarting":
        # Clearing a running task keeps its try number and may have taken the token off the row.
        return RowState.RESTARTING
    if assigned and row.token != token:
        return RowState.MOVED_ON
    if row.state == "queued":
        return RowState.QUEUED if row.token == token else RowState.UNSURE
    if row.state == "running":
        return RowState.RUNNING
    return RowState.MOVED_ON


def verdict(seen: Observation, stands: RowState) -> Verdict:
    """What to do about a container, by how it was last seen and how its task instance stands to it.

    >>> verdict(Observation(id="1", phase=Phase.SUCCEEDED, exit_code=0), RowState.MOVED_ON)
    <Verdict.FREE: 'free'>
    """
    how = ending(seen)
    if how is None:
        return BEFORE_THE_END[stands]
    if stands in TOO_LATE:
        confirmed = (stands, how) == (RowState.FINISHED, Outcome.CLEAN)
        return Verdict.SUCCEED if confirmed else TOO_LATE[stands]
    answer = None if how is Outcome.CLEAN else ended(_trouble(seen), MOMENTS[stands])
    if answer is Reaction.REQUEUE and stands in NOTHING_TO_GIVE_BACK:
        return NOTHING_TO_GIVE_BACK[stands]
    return WITHOUT_TROUBLE[stands, how] if answer is None else VERDICTS[answer]


def ending(seen: Observation) -> Outcome | None:
    """How the container ended, or None while it has not.

    >>> ending(Observation(id="1", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=81))
    <Outcome.REFUSED: 'refused'>
    """
    if seen.phase is Phase.SUCCEEDED:
        return Outcome.CLEAN
    if seen.phase is not Phase.FAILED:
        return None
    trouble = _trouble(seen)
    return LAUNCHER_ENDINGS[trouble] if isinstance(trouble, Exit) else ENDINGS[trouble]


def _trouble(seen: Observation) -> Cause | Exit:
    """What our launcher says of an end, if it has said something; else the cause."""
    left = exit_of(seen.exit_code) if seen.cause is Cause.EXITED else None
    return seen.cause or Cause.UNCLEAR if left is None else left
