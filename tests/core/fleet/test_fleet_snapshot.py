"""Many jobs become a small snapshot, and a snapshot travels as a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.fleet.fold import GROUPS, LONGEST, SHOWN, Entry, fold
from aws_executors.core.fleet.snapshot import (
    ALIVE,
    FORGOTTEN,
    SILENCE,
    Flow,
    Group,
    Key,
    Member,
    Snapshot,
    from_text,
    recent,
    to_text,
)
from aws_executors.core.fleet.standing import STANDINGS, Standing, standing_of
from aws_executors.core.job import Job, Stage
from aws_executors.core.state import Observation, Phase

TEXT = st.text(max_size=20)
NUMBER = st.integers(0, 10**6)
TIME = st.floats(0, 2e9)
KEYS = st.builds(Key, dag=TEXT, task=TEXT, run=TEXT, index=st.integers(-1, 999), number=NUMBER)
MEMBERS = st.builds(
    Member,
    key=KEYS,
    queue=TEXT,
    standing=st.sampled_from(Standing),
    since=TIME,
    container=TEXT,
    attempt=NUMBER,
    words=TEXT,
)
SNAPSHOTS = st.builds(
    Snapshot,
    executor=TEXT,
    scheduler=TEXT,
    region=TEXT,
    at=TIME,
    team=TEXT,
    groups=st.lists(
        st.builds(Group, queue=TEXT, standing=st.sampled_from(Standing), count=NUMBER, oldest=TIME)
    ).map(tuple),
    members=st.lists(MEMBERS).map(tuple),
    left_out=NUMBER,
    flows=st.lists(
        st.builds(
            Flow, action=TEXT, calls=NUMBER, throttled=NUMBER, granted=st.none() | TIME, documented=TIME
        )
    ).map(tuple),
)
ARN = "arn:aws:ecs:us-east-1:123456789012:task/some-cluster-name/0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def entry(
    number: int, queue: str = "default", job: Job[object] | None = None, since: float = 0.0
) -> Entry[object]:
    return Entry(
        job=job or Job(token=f"{number:09}"),
        key=number,
        queue=queue,
        since=since,
    )


def named(number: object) -> Key:
    assert isinstance(number, int)
    return Key(dag="etl", task="load", run="r", index=number)


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (Job(token="t"), Standing.WAITING),
        (Job(token="t", stage=Stage.BACKING_OFF), Standing.WAITING),
        (Job(token="t", stage=Stage.SUBMITTING), Standing.SUBMITTING),
        (Job(token="t", stage=Stage.LOOKING), Standing.SUBMITTING),
        (Job(token="t", stage=Stage.SUBMITTING, failures=3), Standing.WAITING),
        (Job(token="t", stage=Stage.WATCHING), Standing.STARTING),
        (
            Job(token="t", stage=Stage.WATCHING, seen=Observation(id="c", phase=Phase.WAITING)),
            Standing.STARTING,
        ),
        (
            Job(token="t", stage=Stage.WATCHING, seen=Observation(id="c", phase=Phase.RUNNING)),
            Standing.RUNNING,
        ),
        (Job(token="t", stage=Stage.WATCHING, ran=True), Standing.RUNNING),
        (Job(token="t", stage=Stage.JUDGING, ran=True), Standing.ENDING),
        (Job(token="t", stage=Stage.ENDING), Standing.ENDING),
        (Job(token="t", stage=Stage.CONFIRMING), Standing.ENDING),
    ],
)
def test_how_far_a_job_has_come(job: Job[object], expected: Standing) -> None:
    assert standing_of(job) is expected


def test_every_stage_has_a_standing() -> None:
    assert set(STANDINGS) == set(Stage)


def test_all_are_counted_and_the_oldest_of_each_standing_are_told() -> None:
    waiting = [entry(number, since=1000.0 - number) for number in range(SHOWN + 30)]
    run = [
        entry(900 + number, "gpu", Job(token=f"r{number}", stage=Stage.WATCHING, ran=True, container=ARN))
        for number in range(3)
    ]
    folded = fold([*waiting, *run], named)
    assert folded.groups == (
        Group(queue="default", standing=Standing.WAITING, count=SHOWN + 30, oldest=1000.0 - SHOWN - 29),
        Group(queue="gpu", standing=Standing.RUNNING, count=3, oldest=0.0),
    )
    assert folded.left_out == 30
    assert [member.key.index for member in folded.members][:2] == [SHOWN + 29, SHOWN + 28]
    assert [member.container for member in folded.members if member.standing is Standing.RUNNING] == [ARN] * 3


def test_why_one_waits_is_told_without_secrets() -> None:
    token = "eyJhbGciOi.eyJzdWIi.c2ln"
    seen = Observation(id="c", phase=Phase.WAITING, status="RUNNABLE", reason=f"CAPACITY {token}")
    runs = Observation(id="c", phase=Phase.RUNNING, status="RUNNING")
    jobs: list[Job[object]] = [
        Job(token="1", stage=Stage.WATCHING, seen=seen),
        Job(token="2", stage=Stage.BACKING_OFF, told="no capacity RESOURCE:CPU"),
        Job(token="3", stage=Stage.WATCHING, seen=runs, told="no capacity RESOURCE:CPU"),
    ]
    folded = fold([entry(number, job=job) for number, job in enumerate(jobs)], named)
    assert {member.words for member in folded.members} == {"CAPACITY ***", "no capacity RESOURCE:CPU", ""}


def test_however_many_jobs_and_queues_a_snapshot_is_small() -> None:
    stages = list(STANDINGS)
    jobs = [
        entry(
            number,
            f"{number % 700}-" + "q" * 300,
            Job(token=f"{number}", stage=stages[number % len(stages)], container=ARN, told="w" * 900),
        )
        for number in range(10_000)
    ]
    folded = fold(jobs, named)
    assert (len(folded.groups), len(folded.members)) == (GROUPS, SHOWN * 4)  # none of them runs
    assert max(len(group.queue) for group in folded.groups) <= LONGEST
    snapshot = Snapshot(
        executor="E",
        scheduler="S",
        region="R",
        at=0,
        groups=folded.groups,
        members=folded.members,
        left_out=folded.left_out,
    )
    assert len(to_text(snapshot)) < 100_000


def test_a_usual_snapshot_of_many_jobs_fits_where_things_are_kept_short() -> None:
    running = [
        entry(number, job=Job(token=f"{number}", stage=Stage.WATCHING, ran=True, container=ARN))
        for number in range(5000)
    ]
    folded = fold(running, named)
    snapshot = Snapshot(
        executor="E", scheduler="S", region="R", at=0, groups=folded.groups, members=folded.members
    )
    assert len(to_text(snapshot)) < 10_000


@given(SNAPSHOTS)
def test_what_travels_is_what_was_told(snapshot: Snapshot) -> None:
    assert from_text(to_text(snapshot)) == snapshot


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    assert from_text(text) is None


def test_what_a_newer_version_adds_is_left_out() -> None:
    text = '{"executor": "E", "scheduler": "S", "region": "R", "at": 1, "mood": "good"}'
    assert from_text(text) == Snapshot(executor="E", scheduler="S", region="R", at=1)


def test_the_silent_are_stale_first_and_then_forgotten() -> None:
    silent = SILENCE * ALIVE + 1
    told = [Snapshot(executor="E", scheduler=f"{age}", region="R", at=1000.0 - age) for age in (0, silent)]
    rare = Snapshot(executor="E", scheduler="rare", region="R", at=1000.0 - silent, every=600.0)
    old = Snapshot(executor="E", scheduler="old", region="R", at=1000.0 - FORGOTTEN - silent)
    assert [one.stale(1000.0) for one in (*told, rare)] == [False, True, False]
    assert recent([old, rare, *told], 1000.0) == (*told, rare)


def test_when_it_was_told_is_no_news() -> None:
    one = Snapshot(executor="E", scheduler="S", region="R", at=1)
    assert one.news == Snapshot(executor="E", scheduler="S", region="R", at=2).news
    assert one.news != Snapshot(executor="E", scheduler="S", region="R", at=1, left_out=1).news


def test_calls_that_were_made_are_no_news_but_a_throttle_is() -> None:
    quiet = Flow(action="DescribeTasks", calls=20, throttled=0, granted=10.0, documented=20.0)
    busy, throttled = quiet.model_copy(update={"calls": 21}), quiet.model_copy(update={"throttled": 1})
    one, same, other = (
        Snapshot(executor="E", scheduler="S", region="R", at=1, flows=(flow,))
        for flow in (quiet, busy, throttled)
    )
    assert one.news == same.news
    assert one.news != other.news
