"""How a container ended or why it waits, in words: what happened, AWS's own words unchanged, what to do."""

import pytest

from aws_executors.core.explain.diagnosis import SENTENCES, explain, explain_wait
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase


def test_every_cause_has_a_sentence_of_its_own() -> None:
    assert set(SENTENCES) == {None, *Cause}
    assert len({what for what, _ in SENTENCES.values()}) == len(SENTENCES)


def test_every_failure_says_what_to_do() -> None:
    assert [cause for cause, (_, remedy) in SENTENCES.items() if not remedy] == [None]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (
            Observation(
                id="arn:1",
                phase=Phase.FAILED,
                cause=Cause.NEVER_STARTED,
                stop_code="TaskFailedToStart",
                reason="CannotPullContainerError: pull image manifest has been retried 5 time(s)",
            ),
            (
                "The image could not be resolved: its registry was not reached, or does not have it "
                "(arn:1, TaskFailedToStart). AWS says: CannotPullContainerError: pull image manifest has "
                "been retried 5 time(s). Check the image's name and tag, then the route from the subnets to "
                "the registry, then the execution role's permissions."
            ),
        ),
        (
            Observation(id="job-1", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=137),
            (
                "The container was killed (SIGKILL) (job-1, exit code 137). Most often it ran out of memory: "
                "give it more. Or it was asked to stop and took longer than `stopTimeout`."
            ),
        ),
        (
            Observation(id="job-1", phase=Phase.FAILED, cause=Cause.HOST_LOST),
            (
                "The container's host was lost (job-1). "
                "It is started again if the task had not started; otherwise Airflow's `retries` apply."
            ),
        ),
        (
            Observation(id="job-1", phase=Phase.SUCCEEDED, exit_code=0, stop_code="EssentialContainerExited"),
            "The container exited normally (job-1, exit code 0, EssentialContainerExited).",
        ),
        (  # a sidecar's trouble is no reason to look for one where all went well
            Observation(id="a", phase=Phase.SUCCEEDED, exit_code=0, reason="sidecar: exit code 137"),
            "The container exited normally (a, exit code 0). AWS says: sidecar: exit code 137.",
        ),
    ],
)
def test_explain(seen: Observation, expected: str) -> None:
    assert explain(seen) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (
            Observation(id="4c75", phase=Phase.PENDING, status="RUNNABLE", created=1.8e9),
            "The container has not started yet (4c75, RUNNABLE, waiting since 2027-01-15 08:00:00 UTC).",
        ),
        (
            Observation(
                id="4c75",
                phase=Phase.PENDING,
                reason="UNDETERMINED - Batch job is blocked, root cause is undetermined.",
            ),
            (
                "The job queue is blocked for a reason that Batch could not determine (4c75). AWS says: "
                "UNDETERMINED - Batch job is blocked, root cause is undetermined. Check that instances can "
                "join the compute environment's cluster: log driver, agent, instance role, the subnets' "
                "route to the internet, EC2 quotas."
            ),
        ),
        (Observation(id="4c75", phase=Phase.PENDING), "The container has not started yet (4c75)."),
    ],
)
def test_explain_wait(seen: Observation, expected: str) -> None:
    assert explain_wait(seen) == expected
