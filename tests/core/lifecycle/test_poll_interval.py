"""How often a container is looked at: by stage, phase and age."""

import pytest

from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.core.lifecycle.poll_interval import PollInterval, poll_after

PACE = PollInterval(quickest=1.0, slowest=15.0)


@pytest.mark.parametrize(
    ("stage", "phase", "age", "expected"),
    [
        (Stage.WATCHING, None, 5.0, 1.0),  # accepted, never seen
        (Stage.WATCHING, Phase.PENDING, 50.0, 5.0),  # its start, too, is seen within a tenth of its age
        (Stage.WATCHING, Phase.PENDING, 86_400.0, 15.0),
        (Stage.WATCHING, Phase.RUNNING, 0.0, 1.0),
        (Stage.WATCHING, Phase.RUNNING, 9.0, 1.0),
        (Stage.WATCHING, Phase.RUNNING, 20.0, 2.0),  # a tenth of its age
        (Stage.WATCHING, Phase.RUNNING, 150.0, 15.0),
        (Stage.WATCHING, Phase.RUNNING, 86_400.0, 15.0),
        (Stage.STOPPING, Phase.RUNNING, 86_400.0, 1.0),  # about to end
        (Stage.AWAITING_ROW, Phase.FAILED, 86_400.0, 1.0),
    ],
)
def test_poll_after(stage: Stage, phase: Phase | None, age: float, expected: float) -> None:
    seen = None if phase is None else Observation(id="c", phase=phase)
    job: Job[str] = Job(token="t", stage=stage, container="c", seen=seen, since=1000.0)
    assert poll_after(job, PACE, 1000.0 + age) == expected


@pytest.mark.parametrize(
    ("containers", "age", "expected"),
    [
        (1, 0.0, 3.0),
        (500, 20.0, 6.0),
        (1_000, 20.0, 12.0),  # twice as many, half as often
        (1_000, 4.0, 3.0),  # a container that dies at once is found at once
        (10_000, 3600.0, 15.0),
    ],
)
def test_where_the_row_shows_the_end_many_are_polled_rarely(
    containers: int, age: float, expected: float
) -> None:
    seen = Observation(id="c", phase=Phase.RUNNING)
    job: Job[str] = Job(token="t", stage=Stage.WATCHING, container="c", seen=seen, since=1000.0, ran=True)
    assert poll_after(job, PACE, 1000.0 + age, containers=containers) == expected
    alone: Job[str] = Job(token="t", stage=Stage.WATCHING, container="c", seen=seen, since=1000.0)
    assert poll_after(alone, PACE, 1050.0, containers=containers) == 5.0  # nothing else would show it
