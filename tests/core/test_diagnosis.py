"""How a container ended, in words: a sentence for every cause, and AWS's own words unchanged."""

import pytest

from aws_executors.core.diagnosis import SENTENCES, explain
from aws_executors.core.state import Cause, Observation, Phase


def test_every_cause_has_a_sentence_of_its_own() -> None:
    assert set(SENTENCES) == {None, *Cause}
    assert len(set(SENTENCES.values())) == len(SENTENCES)


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
                "The container never started (arn:1, TaskFailedToStart). AWS says: "
                "CannotPullContainerError: pull image manifest has been retried 5 time(s)."
            ),
        ),
        (
            Observation(id="job-1", phase=Phase.FAILED, cause=Cause.EXITED, exit_code=137),
            "The container ended with an error of its own (job-1, exit code 137).",
        ),
        (
            Observation(id="job-1", phase=Phase.SUCCEEDED, exit_code=0, stop_code="EssentialContainerExited"),
            "The container ended well (job-1, exit code 0, EssentialContainerExited).",
        ),
    ],
)
def test_explain(seen: Observation, expected: str) -> None:
    assert explain(seen) == expected
