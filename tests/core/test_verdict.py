"""What the end of a container means: every row of both tables, with the reason beside it.

Expected values are from what Airflow 3.3 does with a report, never from the tables themselves: a "success"
for a task that is SCHEDULED or QUEUED fails it, one for a task that is RUNNING is handled as a failure with
retries, one for RESTARTING is how a cleared task is queued again, and a finished task is left as it is.
"""

import itertools

import pytest

from aws_executors.core.exits import Exit
from aws_executors.core.state import Cause, Observation, Phase
from aws_executors.core.verdict import (
    BEFORE_THE_END,
    ENDINGS,
    LAUNCHER_ENDINGS,
    Ending,
    Row,
    Standing,
    ending,
    standing,
    verdict,
)

SEEN = {
    Ending.CLEAN: Observation(id="c", phase=Phase.SUCCEEDED, exit_code=0),
    Ending.FAILED: Observation(id="c", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=1),
    Ending.LOST: Observation(id="c", phase=Phase.FAILED, cause=Cause.NEVER_STARTED),
    Ending.WITHDRAWN: Observation(id="c", phase=Phase.FAILED, cause=Cause.WITHDRAWN),
    Ending.TURNED_AWAY: Observation(id="c", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=80),
    Ending.REFUSED: Observation(id="c", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=81),
    Ending.UNABLE: Observation(id="c", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=84),
}

ENDED = [
    # QUEUED under our token: only this container could have started the task, and it has not.
    (Standing.QUEUED, Ending.CLEAN, "fail"),  # nobody else will ever start it: waiting would be for ever
    (Standing.QUEUED, Ending.FAILED, "fail"),  # 401, 403, 404: the same workload can never start
    (Standing.QUEUED, Ending.LOST, "resubmit"),  # C13, C20: user code never ran, the cause is infrastructure
    # QUEUED, but perhaps for another container: saying "success" would fail a healthy task.
    (Standing.UNSURE, Ending.CLEAN, "free"),  # C18: most likely a reschedule, waiting for its next segment
    (Standing.UNSURE, Ending.FAILED, "fail"),
    (Standing.UNSURE, Ending.LOST, "resubmit"),
    # RUNNING in a container that is no more.
    (Standing.RUNNING, Ending.CLEAN, "succeed"),  # its last word was lost; Airflow makes a retry of it
    (Standing.RUNNING, Ending.FAILED, "fail"),
    (Standing.RUNNING, Ending.LOST, "fail"),  # user code ran: never started again by us, that is a retry
    # RESTARTING: cleared while it ran. Any end is what Airflow waits for, and "success" is its word for it.
    (Standing.RESTARTING, Ending.CLEAN, "succeed"),
    (Standing.RESTARTING, Ending.FAILED, "succeed"),
    (Standing.RESTARTING, Ending.LOST, "succeed"),
    # FINISHED: the task has told its result itself.
    (Standing.FINISHED, Ending.CLEAN, "succeed"),
    (Standing.FINISHED, Ending.FAILED, "free"),  # a "failed" now would only confuse who reads the log
    (Standing.FINISHED, Ending.LOST, "free"),
    # MOVED_ON: C17, C18, C19. Every word of this container would be heard as one about another.
    (Standing.MOVED_ON, Ending.CLEAN, "free"),
    (Standing.MOVED_ON, Ending.FAILED, "free"),
    (Standing.MOVED_ON, Ending.LOST, "free"),
    # GONE: there is nobody to report about.
    (Standing.GONE, Ending.CLEAN, "free"),
    (Standing.GONE, Ending.FAILED, "free"),
    (Standing.GONE, Ending.LOST, "free"),
    # ROWLESS: the exit code of a callback's container is all there is.
    (Standing.ROWLESS, Ending.CLEAN, "succeed"),
    (Standing.ROWLESS, Ending.FAILED, "fail"),
    (Standing.ROWLESS, Ending.LOST, "resubmit"),
    # WITHDRAWN: an executor of ours stopped it, and may not have lived to do what it did so for.
    (Standing.QUEUED, Ending.WITHDRAWN, "give back"),  # it has not run, and nobody decided that it should not
    (Standing.UNSURE, Ending.WITHDRAWN, "free"),  # given back already, it would be queued twice
    (Standing.RUNNING, Ending.WITHDRAWN, "fail"),  # user code ran: what comes next is a retry
    (Standing.RESTARTING, Ending.WITHDRAWN, "succeed"),
    (Standing.FINISHED, Ending.WITHDRAWN, "free"),
    (Standing.MOVED_ON, Ending.WITHDRAWN, "free"),
    (Standing.GONE, Ending.WITHDRAWN, "free"),
    (Standing.ROWLESS, Ending.WITHDRAWN, "fail"),  # a callback can not be queued again
    # TURNED_AWAY: our launcher was told that another container holds the task, or that nobody waits for it.
    (Standing.QUEUED, Ending.TURNED_AWAY, "fail"),  # and yet nobody has begun it: it would wait for ever
    (Standing.UNSURE, Ending.TURNED_AWAY, "free"),  # the row waits for another queueing's container
    (Standing.RUNNING, Ending.TURNED_AWAY, "free"),  # C19: a healthy run, in another container
    (Standing.RESTARTING, Ending.TURNED_AWAY, "succeed"),
    (Standing.FINISHED, Ending.TURNED_AWAY, "free"),
    (Standing.MOVED_ON, Ending.TURNED_AWAY, "free"),
    (Standing.GONE, Ending.TURNED_AWAY, "free"),
    (Standing.ROWLESS, Ending.TURNED_AWAY, "fail"),
    # REFUSED: it waited longer than its token was valid. A new submission has a new one, and user code did
    # not run.
    (Standing.QUEUED, Ending.REFUSED, "resubmit"),
    (Standing.UNSURE, Ending.REFUSED, "resubmit"),
    (Standing.RUNNING, Ending.REFUSED, "free"),
    (Standing.RESTARTING, Ending.REFUSED, "succeed"),
    (Standing.FINISHED, Ending.REFUSED, "free"),
    (Standing.MOVED_ON, Ending.REFUSED, "free"),
    (Standing.GONE, Ending.REFUSED, "free"),
    (Standing.ROWLESS, Ending.REFUSED, "resubmit"),
    # UNABLE: the next container of the same image and settings would end in the same way.
    (Standing.QUEUED, Ending.UNABLE, "fail"),
    (Standing.UNSURE, Ending.UNABLE, "fail"),
    (Standing.RUNNING, Ending.UNABLE, "free"),
    (Standing.RESTARTING, Ending.UNABLE, "succeed"),
    (Standing.FINISHED, Ending.UNABLE, "free"),
    (Standing.MOVED_ON, Ending.UNABLE, "free"),
    (Standing.GONE, Ending.UNABLE, "free"),
    (Standing.ROWLESS, Ending.UNABLE, "fail"),
]


@pytest.mark.parametrize(("stands", "ending", "expected"), ENDED)
def test_at_the_end(stands: Standing, ending: Ending, expected: str) -> None:
    assert verdict(SEEN[ending], stands) == expected


def test_the_tables_have_every_row_and_the_test_too() -> None:
    every = set(itertools.product(Standing, Ending))
    assert every == {(stands, how) for stands, how, _ in ENDED}
    assert set(BEFORE_THE_END) == set(Standing)
    assert set(ENDINGS) == set(Cause)
    assert set(LAUNCHER_ENDINGS) == set(Exit)
    assert {ending(seen) for seen in SEEN.values()} == set(Ending)


@pytest.mark.parametrize("stands", Standing)
@pytest.mark.parametrize("code", [None, 1, 137, *Exit])
@pytest.mark.parametrize("cause", [None, *Cause])
def test_there_is_a_verdict_on_everything(cause: Cause | None, code: int | None, stands: Standing) -> None:
    """The same one for all causes that are called the same."""
    seen = Observation(id="c", phase=Phase.FAILED, cause=cause, exit_code=code)
    how = ending(seen)
    assert how is not None
    assert verdict(seen, stands) == verdict(SEEN[how], stands)


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.RUNNING, Phase.ABSENT])
@pytest.mark.parametrize(
    ("stands", "expected"),
    [
        (Standing.QUEUED, "keep"),
        (Standing.UNSURE, "keep"),
        (Standing.RUNNING, "keep"),
        (Standing.RESTARTING, "keep"),  # told too early, the next container would run beside this one
        (Standing.FINISHED, "succeed"),  # the row decides when: the slot is free at once
        (Standing.MOVED_ON, "free"),
        (Standing.GONE, "free"),
        (Standing.ROWLESS, "keep"),
    ],
)
def test_before_the_end(phase: Phase, stands: Standing, expected: str) -> None:
    assert verdict(Observation(id="c", phase=phase), stands) == expected


@pytest.mark.parametrize(
    ("cause", "ending"),
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
def test_the_cause_says_whether_another_container_may_help(cause: Cause | None, ending: str) -> None:
    seen = Observation(id="c", phase=Phase.FAILED, cause=cause)
    assert (
        verdict(seen, Standing.QUEUED)
        == {
            "failed": "fail",
            "lost": "resubmit",
            "withdrawn": "give back",
        }[ending]
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (80, Ending.TURNED_AWAY),  # another container holds it
        (81, Ending.REFUSED),  # token refused
        (82, Ending.TURNED_AWAY),  # cleared, ended, deleted
        (83, Ending.LOST),  # API server or store unreachable
        (84, Ending.UNABLE),  # cannot start
        (1, Ending.FAILED),  # Airflow's own launcher, for all of these
        (2, Ending.FAILED),
        (79, Ending.FAILED),
        (85, Ending.FAILED),
        (137, Ending.FAILED),
    ],
)
def test_our_launcher_tells_more_than_that_it_failed(code: int, expected: Ending) -> None:
    assert ending(Observation(id="c", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=code)) is expected


def test_who_ended_it_from_outside_counts_more_than_its_code() -> None:
    seen = Observation(id="c", phase=Phase.FAILED, cause=Cause.RECLAIMED, exit_code=82)
    assert ending(seen) is Ending.LOST


# (the row's state, token and try) as it stands to a container started under "t" for try 2
ASSIGNED = [
    (("queued", "t", 2), Standing.QUEUED),
    (("running", "t", 2), Standing.RUNNING),
    (("restarting", "t", 2), Standing.RESTARTING),
    (("restarting", None, 2), Standing.RESTARTING),  # clearing takes the token off the row
    (("restarting", "u", 2), Standing.RESTARTING),
    (("success", "t", 2), Standing.FINISHED),
    (("failed", "t", 2), Standing.FINISHED),
    (("skipped", "t", 2), Standing.FINISHED),
    (("upstream_failed", "t", 2), Standing.FINISHED),
    (("removed", None, 2), Standing.FINISHED),
    (("success", "u", 2), Standing.FINISHED),
    # deferral and reschedule: same try, and the token stays on the row until the next queueing
    (("deferred", "t", 2), Standing.MOVED_ON),
    (("up_for_reschedule", "t", 2), Standing.MOVED_ON),
    (("up_for_retry", "t", 2), Standing.MOVED_ON),
    (("scheduled", "t", 2), Standing.MOVED_ON),
    ((None, None, 2), Standing.MOVED_ON),  # cleared while it was queued
    (("queued", "u", 2), Standing.MOVED_ON),  # queued again: for another container
    (("running", "u", 2), Standing.MOVED_ON),  # C19: runs in another container
    (("queued", None, 2), Standing.MOVED_ON),  # reset by another scheduler
    # another try: whatever it is doing, it is not doing it here
    (("running", "t", 3), Standing.MOVED_ON),
    (("success", "t", 3), Standing.MOVED_ON),
    (("restarting", "t", 3), Standing.MOVED_ON),
    (("queued", "t", 1), Standing.MOVED_ON),
    (("a state of Airflow 4", "t", 2), Standing.MOVED_ON),
]
UNASSIGNED = [
    (("queued", "t", 2), Standing.QUEUED),  # our event has arrived
    (("queued", None, 2), Standing.UNSURE),  # it has not, or this is the next segment
    (("queued", "u", 2), Standing.UNSURE),  # the id of an earlier segment stays until ours is written
    (("running", None, 2), Standing.RUNNING),
    (("running", "u", 2), Standing.RUNNING),
    (("running", None, 3), Standing.MOVED_ON),
    (("scheduled", None, 2), Standing.MOVED_ON),
    (("deferred", None, 2), Standing.MOVED_ON),
    (("success", None, 2), Standing.FINISHED),
    (("restarting", None, 2), Standing.RESTARTING),
]


@pytest.mark.parametrize(
    ("row", "assigned", "expected"),
    [(row, True, expected) for row, expected in ASSIGNED]
    + [(row, False, expected) for row, expected in UNASSIGNED],
)
def test_standing(row: tuple[str | None, str | None, int], assigned: bool, expected: Standing) -> None:
    state, token, number = row
    shown = Row(state=state, token=token, try_number=number)
    assert standing(shown, token="t", assigned=assigned, try_number=2) is expected


@pytest.mark.parametrize("assigned", [True, False])
def test_a_row_that_is_deleted_is_gone(assigned: bool) -> None:
    assert standing(None, token="t", assigned=assigned, try_number=1) is Standing.GONE
