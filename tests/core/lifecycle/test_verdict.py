"""What the end of a container means: every row of both tables, with the reason beside it.

Expected values are from what Airflow 3.3 does with a report, never from the tables themselves: a "success"
for a task that is SCHEDULED or QUEUED fails it, one for a task that is RUNNING is handled as a failure with
retries, one for RESTARTING is how a cleared task is queued again, and a finished task is left as it is.
"""

import itertools

import pytest

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.lifecycle.verdict import (
    MATRIX,
    OUTCOMES,
    Outcome,
    Row,
    RowState,
    outcome,
    row_state,
    verdict,
)

SEEN = {
    Outcome.CLEAN: Observation(id="c", phase=Phase.SUCCEEDED, exit_code=0),
    Outcome.FAILED: Observation(id="c", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=1),
    Outcome.LOST: Observation(id="c", phase=Phase.FAILED, cause=Cause.NEVER_STARTED),
    Outcome.WITHDRAWN: Observation(id="c", phase=Phase.FAILED, cause=Cause.WITHDRAWN),
    Outcome.TURNED_AWAY: Observation(id="c", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=80),
    Outcome.REFUSED: Observation(id="c", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=81),
    Outcome.UNABLE: Observation(id="c", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=84),
}

ENDED = [
    # QUEUED under our token: only this container could have started the task, and it has not.
    (RowState.QUEUED, Outcome.CLEAN, "fail"),  # nobody else will ever start it: waiting would be forever
    (RowState.QUEUED, Outcome.FAILED, "fail"),  # 401, 403, 404: the same workload can never start
    (RowState.QUEUED, Outcome.LOST, "resubmit"),  # C13, C20: user code never ran, the cause is infrastructure
    # QUEUED, but perhaps for another container: saying "success" would fail a healthy task.
    # RUNNING in a container that is no more.
    (RowState.RUNNING, Outcome.CLEAN, "succeed"),  # its last word was lost; Airflow makes a retry of it
    (RowState.RUNNING, Outcome.FAILED, "fail"),
    (RowState.RUNNING, Outcome.LOST, "fail"),  # user code ran: never started again by us, that is a retry
    # RESTARTING: cleared while it ran. Any end is what Airflow waits for, and "success" is its word for it.
    (RowState.RESTARTING, Outcome.CLEAN, "succeed"),
    (RowState.RESTARTING, Outcome.FAILED, "succeed"),
    (RowState.RESTARTING, Outcome.LOST, "succeed"),
    # FINISHED: the task has told its result itself.
    (RowState.FINISHED, Outcome.CLEAN, "succeed"),
    (RowState.FINISHED, Outcome.FAILED, "free"),  # a "failed" now would only confuse who reads the log
    (RowState.FINISHED, Outcome.LOST, "free"),
    # MOVED_ON: C17, C18, C19. Every word of this container would be heard as one about another.
    (RowState.MOVED_ON, Outcome.CLEAN, "free"),
    (RowState.MOVED_ON, Outcome.FAILED, "free"),
    (RowState.MOVED_ON, Outcome.LOST, "free"),
    # GONE: there is nobody to report about.
    (RowState.GONE, Outcome.CLEAN, "free"),
    (RowState.GONE, Outcome.FAILED, "free"),
    (RowState.GONE, Outcome.LOST, "free"),
    # ROWLESS: the exit code of a callback's container is all there is.
    (RowState.ROWLESS, Outcome.CLEAN, "succeed"),
    (RowState.ROWLESS, Outcome.FAILED, "fail"),
    (RowState.ROWLESS, Outcome.LOST, "resubmit"),
    # WITHDRAWN: an executor of ours stopped it, and may not have lived to do what it did so for.
    (
        RowState.QUEUED,
        Outcome.WITHDRAWN,
        "requeue",
    ),  # it has not run, and nobody decided that it should not
    (RowState.RUNNING, Outcome.WITHDRAWN, "fail"),  # user code ran: what comes next is a retry
    (RowState.RESTARTING, Outcome.WITHDRAWN, "succeed"),
    (RowState.FINISHED, Outcome.WITHDRAWN, "free"),
    (RowState.MOVED_ON, Outcome.WITHDRAWN, "free"),
    (RowState.GONE, Outcome.WITHDRAWN, "free"),
    (RowState.ROWLESS, Outcome.WITHDRAWN, "fail"),  # a callback cannot be queued again
    # TURNED_AWAY: our launcher was told that another container holds the task, or that nobody waits for it.
    (RowState.QUEUED, Outcome.TURNED_AWAY, "fail"),  # and yet nobody has begun it: it would wait forever
    (RowState.RUNNING, Outcome.TURNED_AWAY, "free"),  # C19: a healthy run, in another container
    (RowState.RESTARTING, Outcome.TURNED_AWAY, "succeed"),
    (RowState.FINISHED, Outcome.TURNED_AWAY, "free"),
    (RowState.MOVED_ON, Outcome.TURNED_AWAY, "free"),
    (RowState.GONE, Outcome.TURNED_AWAY, "free"),
    (RowState.ROWLESS, Outcome.TURNED_AWAY, "fail"),
    # REFUSED: it waited longer than its token was valid. A new submission has a new one, and user code did
    # not run.
    (RowState.QUEUED, Outcome.REFUSED, "resubmit"),
    (RowState.RUNNING, Outcome.REFUSED, "free"),
    (RowState.RESTARTING, Outcome.REFUSED, "succeed"),
    (RowState.FINISHED, Outcome.REFUSED, "free"),
    (RowState.MOVED_ON, Outcome.REFUSED, "free"),
    (RowState.GONE, Outcome.REFUSED, "free"),
    (RowState.ROWLESS, Outcome.REFUSED, "resubmit"),
    # UNABLE: the next container of the same image and settings would end in the same way.
    (RowState.QUEUED, Outcome.UNABLE, "fail"),
    (RowState.RUNNING, Outcome.UNABLE, "free"),
    (RowState.RESTARTING, Outcome.UNABLE, "succeed"),
    (RowState.FINISHED, Outcome.UNABLE, "free"),
    (RowState.MOVED_ON, Outcome.UNABLE, "free"),
    (RowState.GONE, Outcome.UNABLE, "free"),
    (RowState.ROWLESS, Outcome.UNABLE, "fail"),
    # POOLED: the jobs whose workloads it takes decide for themselves.
    *((RowState.POOLED, how, "free") for how in Outcome),
]


@pytest.mark.parametrize(("stands", "outcome", "expected"), ENDED)
def test_at_the_end(stands: RowState, outcome: Outcome, expected: str) -> None:
    assert verdict(SEEN[outcome], stands) == expected


def test_the_tables_have_every_row_and_the_test_too() -> None:
    every = set(itertools.product(RowState, Outcome))
    assert every == {(stands, how) for stands, how, _ in ENDED}
    assert set(MATRIX) == set(RowState)
    assert set(OUTCOMES) == {*Cause, *Exit}
    assert {outcome(seen) for seen in SEEN.values()} == set(Outcome)


@pytest.mark.parametrize("stands", RowState)
@pytest.mark.parametrize("code", [None, 1, 137, *Exit])
@pytest.mark.parametrize("cause", [None, *Cause])
def test_there_is_a_verdict_on_everything(cause: Cause | None, code: int | None, stands: RowState) -> None:
    """The same one for all causes that are called the same."""
    seen = Observation(id="c", phase=Phase.FAILED, cause=cause, exit_code=code)
    how = outcome(seen)
    assert how is not None
    assert verdict(seen, stands) == verdict(SEEN[how], stands)


@pytest.mark.parametrize("phase", [Phase.PENDING, Phase.RUNNING, Phase.ABSENT])
@pytest.mark.parametrize(
    ("stands", "expected"),
    [
        (RowState.QUEUED, "keep"),
        (RowState.RUNNING, "keep"),
        (RowState.RESTARTING, "keep"),  # told too early, the next container would run beside this one
        (RowState.FINISHED, "succeed"),  # the row decides when: the slot is free at once
        (RowState.MOVED_ON, "free"),
        (RowState.GONE, "free"),
        (RowState.ROWLESS, "keep"),
        (RowState.POOLED, "keep"),
    ],
)
def test_before_the_end(phase: Phase, stands: RowState, expected: str) -> None:
    assert verdict(Observation(id="c", phase=phase), stands) == expected


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (Cause.EXITED, "failed"),
        (Cause.STOPPED, "failed"),  # a person's decision is not repeated against them
        (Cause.TIMED_OUT, "failed"),  # the next container would reach the same limit
        (Cause.NEVER_STARTED, "lost"),
        (Cause.HOST_LOST, "lost"),
        (Cause.RECLAIMED, "lost"),
        (Cause.INSTANCE_ENDED, "lost"),
        (Cause.UNCLEAR, "lost"),
        (Cause.WITHDRAWN, "withdrawn"),
        (None, "lost"),  # failed, and no cause given: that is unclear, not clean
    ],
)
def test_the_cause_says_whether_another_container_may_help(cause: Cause | None, outcome: str) -> None:
    seen = Observation(id="c", phase=Phase.FAILED, cause=cause)
    assert (
        verdict(seen, RowState.QUEUED)
        == {
            "failed": "fail",
            "lost": "resubmit",
            "withdrawn": "requeue",
        }[outcome]
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (80, Outcome.TURNED_AWAY),  # another container holds it
        (81, Outcome.REFUSED),  # token refused
        (82, Outcome.TURNED_AWAY),  # cleared, ended, deleted
        (83, Outcome.LOST),  # API server or store unreachable
        (84, Outcome.UNABLE),  # cannot start
        (1, Outcome.FAILED),  # Airflow's own launcher, for all of these
        (2, Outcome.FAILED),
        (79, Outcome.FAILED),
        (85, Outcome.FAILED),
        (137, Outcome.FAILED),
    ],
)
def test_our_launcher_tells_more_than_that_it_failed(code: int, expected: Outcome) -> None:
    assert outcome(Observation(id="c", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=code)) is expected


def test_who_ended_it_from_outside_counts_more_than_its_code() -> None:
    seen = Observation(id="c", phase=Phase.FAILED, cause=Cause.RECLAIMED, exit_code=82)
    assert outcome(seen) is Outcome.LOST


# (the row's state, token and try) as it stands to a container started under "t" for try 2
STANDINGS = [
    (("queued", "t", 2), RowState.QUEUED),
    (("running", "t", 2), RowState.RUNNING),
    (("restarting", "t", 2), RowState.RESTARTING),
    (("restarting", None, 2), RowState.RESTARTING),  # clearing takes the token off the row
    (("restarting", "u", 2), RowState.RESTARTING),
    (("success", "t", 2), RowState.FINISHED),
    (("failed", "t", 2), RowState.FINISHED),
    (("skipped", "t", 2), RowState.FINISHED),
    (("upstream_failed", "t", 2), RowState.FINISHED),
    (("removed", None, 2), RowState.FINISHED),
    (("success", "u", 2), RowState.FINISHED),
    # deferral and reschedule: same try, and the token stays on the row until the next queueing
    (("deferred", "t", 2), RowState.MOVED_ON),
    (("up_for_reschedule", "t", 2), RowState.MOVED_ON),
    (("up_for_retry", "t", 2), RowState.MOVED_ON),
    (("scheduled", "t", 2), RowState.MOVED_ON),
    ((None, None, 2), RowState.MOVED_ON),  # cleared while it was queued
    (("queued", "u", 2), RowState.MOVED_ON),  # queued again: for another container
    (("running", "u", 2), RowState.MOVED_ON),  # C19: runs in another container
    (("queued", None, 2), RowState.MOVED_ON),  # reset by another scheduler
    # another try: whatever it is doing, it is not doing it here
    (("running", "t", 3), RowState.MOVED_ON),
    (("success", "t", 3), RowState.MOVED_ON),
    (("restarting", "t", 3), RowState.MOVED_ON),
    (("queued", "t", 1), RowState.MOVED_ON),
    (("a state of Airflow 4", "t", 2), RowState.MOVED_ON),
]


@pytest.mark.parametrize(("row", "expected"), STANDINGS)
def test_standing(row: tuple[str | None, str | None, int], expected: RowState) -> None:
    state, token, number = row
    shown = Row(state=state, token=token, try_number=number)
    assert row_state(shown, token="t", try_number=2) is expected


def test_a_row_that_is_deleted_is_gone() -> None:
    assert row_state(None, token="t", try_number=1) is RowState.GONE
