"""What the end of a container means, given what Airflow's database says of its task instance.

Law: two tables, and nothing decided outside them. A container's exit code is not its task's result (a
supervisor exits 0 when the task failed, deferred or was cleared), and a report at the wrong moment fails a
healthy task: so nothing is reported before the row of the task instance has been read.

Source: ``airflow/jobs/scheduler_job_runner.py``, process_executor_events.
"""

from dataclasses import dataclass
from enum import StrEnum

from aws_executors.core.exits import Exit, exit_of
from aws_executors.core.state import Cause, Observation, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The task instance in Airflow's database: its state, its current token, its current try."""

    state: str | None
    token: str | None
    try_number: int


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
    TURNED_AWAY = "turned away"  # by Airflow: another container holds the task, or nobody waits for it
    REFUSED = "refused"  # by Airflow, for its token: a fresh one may be let in
    UNABLE = "unable"  # it never began, and will not another time: image, settings, command


class Verdict(StrEnum):
    """What to tell Airflow."""

    SUCCEED = "succeed"
    FAIL = "fail"
    FREE = "free"  # nothing: only give the slot back
    RESUBMIT = "resubmit"  # nothing: user code never ran, start another container
    KEEP = "keep"  # nothing yet


FINISHED_STATES = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})

ENDINGS: dict[Cause | None, Ending] = {
    None: Ending.CLEAN,
    Cause.EXITED: Ending.FAILED,
    Cause.STOPPED: Ending.FAILED,
    Cause.TIMED_OUT: Ending.FAILED,
    Cause.NEVER_STARTED: Ending.LOST,
    Cause.HOST_LOST: Ending.LOST,
    Cause.RECLAIMED: Ending.LOST,
    Cause.UNCLEAR: Ending.LOST,
}

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

AT_THE_END: dict[tuple[Standing, Ending], Verdict] = {
    # Exit code 0 although the task never started: nobody else will ever start this queueing of it.
    (Standing.QUEUED, Ending.CLEAN): Verdict.FAIL,
    (Standing.QUEUED, Ending.FAILED): Verdict.FAIL,
    (Standing.QUEUED, Ending.LOST): Verdict.RESUBMIT,
    (Standing.QUEUED, Ending.TURNED_AWAY): Verdict.FAIL,
    (Standing.QUEUED, Ending.REFUSED): Verdict.RESUBMIT,
    (Standing.QUEUED, Ending.UNABLE): Verdict.FAIL,
    (Standing.UNSURE, Ending.CLEAN): Verdict.FREE,
    (Standing.UNSURE, Ending.FAILED): Verdict.FAIL,
    (Standing.UNSURE, Ending.LOST): Verdict.RESUBMIT,
    (Standing.UNSURE, Ending.TURNED_AWAY): Verdict.FREE,
    (Standing.UNSURE, Ending.REFUSED): Verdict.RESUBMIT,
    (Standing.UNSURE, Ending.UNABLE): Verdict.FAIL,
    # The task's last word to the API server was lost: Airflow turns this report into a failure or a retry.
    (Standing.RUNNING, Ending.CLEAN): Verdict.SUCCEED,
    (Standing.RUNNING, Ending.FAILED): Verdict.FAIL,
    (Standing.RUNNING, Ending.LOST): Verdict.FAIL,
    # It runs, but not in this container, which was never let in: it must not be failed for that.
    (Standing.RUNNING, Ending.TURNED_AWAY): Verdict.FREE,
    (Standing.RUNNING, Ending.REFUSED): Verdict.FREE,
    (Standing.RUNNING, Ending.UNABLE): Verdict.FREE,
    # "Success" is how Airflow wants to hear that a cleared task has really stopped.
    (Standing.RESTARTING, Ending.CLEAN): Verdict.SUCCEED,
    (Standing.RESTARTING, Ending.FAILED): Verdict.SUCCEED,
    (Standing.RESTARTING, Ending.LOST): Verdict.SUCCEED,
    (Standing.RESTARTING, Ending.TURNED_AWAY): Verdict.SUCCEED,
    (Standing.RESTARTING, Ending.REFUSED): Verdict.SUCCEED,
    (Standing.RESTARTING, Ending.UNABLE): Verdict.SUCCEED,
    (Standing.FINISHED, Ending.CLEAN): Verdict.SUCCEED,
    (Standing.FINISHED, Ending.FAILED): Verdict.FREE,
    (Standing.FINISHED, Ending.LOST): Verdict.FREE,
    (Standing.FINISHED, Ending.TURNED_AWAY): Verdict.FREE,
    (Standing.FINISHED, Ending.REFUSED): Verdict.FREE,
    (Standing.FINISHED, Ending.UNABLE): Verdict.FREE,
    (Standing.MOVED_ON, Ending.CLEAN): Verdict.FREE,
    (Standing.MOVED_ON, Ending.FAILED): Verdict.FREE,
    (Standing.MOVED_ON, Ending.LOST): Verdict.FREE,
    (Standing.MOVED_ON, Ending.TURNED_AWAY): Verdict.FREE,
    (Standing.MOVED_ON, Ending.REFUSED): Verdict.FREE,
    (Standing.MOVED_ON, Ending.UNABLE): Verdict.FREE,
    (Standing.GONE, Ending.CLEAN): Verdict.FREE,
    (Standing.GONE, Ending.FAILED): Verdict.FREE,
    (Standing.GONE, Ending.LOST): Verdict.FREE,
    (Standing.GONE, Ending.TURNED_AWAY): Verdict.FREE,
    (Standing.GONE, Ending.REFUSED): Verdict.FREE,
    (Standing.GONE, Ending.UNABLE): Verdict.FREE,
    (Standing.ROWLESS, Ending.CLEAN): Verdict.SUCCEED,
    (Standing.ROWLESS, Ending.FAILED): Verdict.FAIL,
    (Standing.ROWLESS, Ending.LOST): Verdict.RESUBMIT,
    (Standing.ROWLESS, Ending.TURNED_AWAY): Verdict.FAIL,
    (Standing.ROWLESS, Ending.REFUSED): Verdict.RESUBMIT,
    (Standing.ROWLESS, Ending.UNABLE): Verdict.FAIL,
}

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
    ended = ending(seen)
    return BEFORE_THE_END[stands] if ended is None else AT_THE_END[stands, ended]


def ending(seen: Observation) -> Ending | None:
    """How the container ended, or None while it has not.

    >>> ending(Observation(id="1", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=81))
    <Ending.REFUSED: 'refused'>
    """
    if seen.phase is Phase.SUCCEEDED:
        return Ending.CLEAN
    if seen.phase is not Phase.FAILED:
        return None
    left = exit_of(seen.exit_code) if seen.cause is Cause.EXITED else None
    return ENDINGS[seen.cause or Cause.UNCLEAR] if left is None else LAUNCHER_ENDINGS[left]
