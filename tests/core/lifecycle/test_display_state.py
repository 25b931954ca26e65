"""Each stage of a job is shown as one state."""

import pytest

from aws_executors.core.lifecycle.display_state import BY_STAGE, DisplayState, display_state
from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.observation import Observation, Phase


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (Job(token="t"), DisplayState.WAITING),
        (Job(token="t", stage=Stage.BACKING_OFF), DisplayState.WAITING),
        (Job(token="t", stage=Stage.SUBMITTING), DisplayState.SUBMITTING),
        (Job(token="t", stage=Stage.LOOKING_UP), DisplayState.SUBMITTING),
        (Job(token="t", stage=Stage.SUBMITTING, failures=3), DisplayState.WAITING),
        (Job(token="t", stage=Stage.WATCHING), DisplayState.STARTING),
        (
            Job(token="t", stage=Stage.WATCHING, seen=Observation(id="c", phase=Phase.PENDING)),
            DisplayState.STARTING,
        ),
        (
            Job(token="t", stage=Stage.WATCHING, seen=Observation(id="c", phase=Phase.RUNNING)),
            DisplayState.RUNNING,
        ),
        (Job(token="t", stage=Stage.WATCHING, ran=True), DisplayState.RUNNING),
        (Job(token="t", stage=Stage.AWAITING_ROW, ran=True), DisplayState.ENDING),
        (Job(token="t", stage=Stage.STOPPING), DisplayState.ENDING),
        (Job(token="t", stage=Stage.CONFIRMING), DisplayState.ENDING),
    ],
)
def test_how_far_a_job_has_come(job: Job[object], expected: DisplayState) -> None:
    assert display_state(job) is expected


def test_every_stage_has_a_state() -> None:
    assert set(BY_STAGE) == set(Stage)
