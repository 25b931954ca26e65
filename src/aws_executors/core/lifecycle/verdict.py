"""What the end of a container means, given what Airflow's database says of its task instance.

Law: one matrix (the state of the row by how the container ended), and nothing decided outside it; nothing is
started again once the task's own code has begun. A container's exit code is not its task's result (a
supervisor exits 0 when the task failed, deferred or was cleared), and a report at the wrong moment fails a
healthy task: so nothing is reported before the row of the task instance is read.

Source: ``airflow/jobs/scheduler_job_runner.py``, process_executor_events.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from aws_executors.core.lifecycle.launcher_exit_codes import Exit, exit_of
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The task instance in Airflow's database: its state, its current token, its current try.

    `id` is the row's key, None if it is not known; a retry or a clearing gives the task instance another key.
    `queued_by` is the scheduler that queued or adopted the task instance: the id of its row in the table job.
    """

    state: str | None
    token: str | None
    try_number: int
    id: UUID | None = None
    queued_by: int | None = None


class RowState(StrEnum):
    """What a task instance's row says, as seen from one container that was started for it."""

    QUEUED = "queued"  # waiting for this container to start it
    RUNNING = "running"  # running in this container
    RESTARTING = "restarting"  # cleared while it ran here; waiting for this container to end
    FINISHED = "finished"  # has its result
    MOVED_ON = "moved on"  # in, or waiting for, another container: deferral, reschedule, retry, requeue
    GONE = "gone"  # no longer there: DAG run or task instance deleted
    ROWLESS = "rowless"  # a callback: it has no row, its exit code is its result
    POOLED = "pooled"  # none: the container takes the workloads of other jobs, which hear of its end


class Outcome(StrEnum):
    """How a container ended, in the distinctions that a verdict depends on."""

    CLEAN = "clean"  # exit code 0
    FAILED = "failed"  # ended by its own code, by a person, by a limit
    LOST = "lost"  # infrastructure: never started, host lost, reclaimed, no reason given
    WITHDRAWN = "withdrawn"  # stopped by an executor of ours, perhaps by one in another scheduler
    TURNED_AWAY = "turned away"  # by Airflow: another container holds the task, or nobody waits for it
    REFUSED = "refused"  # by Airflow, for its token: a fresh one may be let in
    UNABLE = "unable"  # the workload never began, and would not the next time: image, settings, command


class Verdict(StrEnum):
    """What is done when a container has ended: what is reported to Airflow, or what is done instead."""

    SUCCEED = "succeed"
    FAIL = "fail"
    FREE = "free"  # nothing: only give the slot back
    RESUBMIT = "resubmit"  # nothing: user code never ran, start another container
    REQUEUE = "requeue"  # nothing: the container was withdrawn, let the task be queued again
    KEEP = "keep"  # nothing yet


KEEP, SUCCEED, FAIL, FREE = Verdict.KEEP, Verdict.SUCCEED, Verdict.FAIL, Verdict.FREE
RESUBMIT, REQUEUE = Verdict.RESUBMIT, Verdict.REQUEUE


_COLUMNS: tuple[Outcome | None, ...] = (None, *Outcome)
# fmt: off
_ROWS: Mapping[RowState, tuple[Verdict, ...]] = {
    #                     not ended  clean    failed   lost      withdrawn  turned away  refused   unable
    # No other container will start this queueing; giving it back to Airflow twice is the same as once.
    RowState.QUEUED:     (KEEP,      FAIL,    FAIL,    RESUBMIT, REQUEUE,   FAIL,        RESUBMIT, FAIL),
    # A task that never began here runs in another container; one that began is not started again.
    RowState.RUNNING:    (KEEP,      SUCCEED, FAIL,    FAIL,     FAIL,      FREE,        FREE,     FREE),
    # "Success" at the end of the container is how Airflow hears that a cleared task has stopped.
    RowState.RESTARTING: (KEEP,      SUCCEED, SUCCEED, SUCCEED,  SUCCEED,   SUCCEED,     SUCCEED,  SUCCEED),
    # A clean end confirms the result; reporting any other end would only confuse readers of the log.
    RowState.FINISHED:   (SUCCEED,   SUCCEED, FREE,    FREE,     FREE,      FREE,        FREE,     FREE),
    RowState.MOVED_ON:   (FREE,      FREE,    FREE,    FREE,     FREE,      FREE,        FREE,     FREE),
    RowState.GONE:       (FREE,      FREE,    FREE,    FREE,     FREE,      FREE,        FREE,     FREE),
    # A callback that has not begun may be started again; Airflow cannot queue a callback again.
    RowState.ROWLESS:    (KEEP,      SUCCEED, FAIL,    RESUBMIT, FAIL,      FAIL,        RESUBMIT, FAIL),
    # The jobs that wait for the container decide; if one still needs it, another container is started.
    RowState.POOLED:     (KEEP,      FREE,    FREE,    FREE,     FREE,      FREE,        FREE,     FREE),
}
# fmt: on
MATRIX: Mapping[RowState, Mapping[Outcome | None, Verdict]] = MappingProxyType(
    {state: dict(zip(_COLUMNS, row, strict=True)) for state, row in _ROWS.items()}
)

OUTCOMES: Mapping[Cause | Exit, Outcome] = MappingProxyType(
    {
        Cause.NEVER_STARTED: Outcome.LOST,
        Cause.HOST_LOST: Outcome.LOST,
        Cause.RECLAIMED: Outcome.LOST,
        Cause.INSTANCE_ENDED: Outcome.LOST,
        Cause.UNCLEAR: Outcome.LOST,
        # The scheduler that stopped it may have died before it gave the task back.
        Cause.WITHDRAWN: Outcome.WITHDRAWN,
        # Not infrastructure: a person's decision is not undone, and a limit would be reached again.
        Cause.STOPPED: Outcome.FAILED,
        Cause.TIMED_OUT: Outcome.FAILED,
        Cause.INVALID: Outcome.FAILED,
        Cause.EXITED: Outcome.FAILED,
        # Our own launcher says how it failed.
        Exit.RAN: Outcome.CLEAN,
        Exit.HELD: Outcome.TURNED_AWAY,
        Exit.REFUSED: Outcome.REFUSED,
        Exit.GONE: Outcome.TURNED_AWAY,
        Exit.INFRASTRUCTURE: Outcome.LOST,
        Exit.CANNOT_START: Outcome.UNABLE,
    }
)
"""How a container ended, by its cause, or by our launcher's exit code if it exited with one."""

FINISHED_STATES = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


def row_state(row: Row | None, *, token: str, try_number: int) -> RowState:
    """The state of the row, as seen from the container that was started under `token` for try `try_number`.

    >>> row = Row(state="running", token="a", try_number=1)
    >>> row_state(row, token="a", try_number=1)
    <RowState.RUNNING: 'running'>
    >>> row_state(row, token="b", try_number=1)
    <RowState.MOVED_ON: 'moved on'>
    """
    if row is None:
        return RowState.GONE
    if row.try_number != try_number:
        return RowState.MOVED_ON
    if row.state in FINISHED_STATES:
        return RowState.FINISHED
    if row.state == "restarting":
        # Clearing a running task keeps its try number and may remove the token from the row.
        return RowState.RESTARTING
    if row.token != token:
        return RowState.MOVED_ON
    if row.state == "queued":
        return RowState.QUEUED
    if row.state == "running":
        return RowState.RUNNING
    return RowState.MOVED_ON


def verdict(seen: Observation, state: RowState) -> Verdict:
    """What to do about a container, by what was last seen of it and the state of its task instance's row.

    >>> verdict(Observation(id="1", phase=Phase.SUCCEEDED, exit_code=0), RowState.MOVED_ON)
    <Verdict.FREE: 'free'>
    """
    return MATRIX[state][outcome(seen)]


def may_have_begun(seen: Observation) -> bool:
    """Whether the workload may have begun in a container: not if the container never started, nor if our
    launcher's exit code says that nothing has run, whatever reason AWS gives for the end.

    >>> [may_have_begun(Observation(id="1", phase=Phase.FAILED, cause=Cause.RECLAIMED, started=True,
    ...                             exit_code=code)) for code in (137, Exit.INFRASTRUCTURE)]
    [True, False]
    """
    return seen.started and exit_of(seen.exit_code) in (None, Exit.RAN)


def outcome(seen: Observation) -> Outcome | None:
    """How the container ended, or None while it has not.

    >>> outcome(Observation(id="1", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=81))
    <Outcome.REFUSED: 'refused'>
    """
    if seen.phase is Phase.SUCCEEDED:
        return Outcome.CLEAN
    if seen.phase is not Phase.FAILED:
        return None
    left = exit_of(seen.exit_code) if seen.cause is Cause.EXITED else None
    return OUTCOMES[(seen.cause or Cause.UNCLEAR) if left is None else left]
