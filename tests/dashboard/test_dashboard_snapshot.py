"""Many jobs become a small snapshot, and a snapshot travels as a text."""

from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.lifecycle.display_state import BY_STAGE, DisplayState
from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.metrics import ContainerState
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.core.warm.turn import turn_id
from aws_executors.dashboard.snapshot import (
    HEARTBEAT,
    KEPT,
    MISSED,
    CallRate,
    ContainerCount,
    ContainerRecord,
    JobRecord,
    QueueCount,
    Snapshot,
    TaskKey,
    from_text,
    recent,
    to_text,
)
from aws_executors.dashboard.summary import (
    COUNTED,
    LISTED,
    LONGEST,
    ContainerEntry,
    Entry,
    summarize,
    summarize_containers,
)
from support.samples import examples

TEXT = st.text(max_size=20)
NUMBER = st.integers(0, 10**6)
TIME = st.floats(0, 2e9)
KEYS = st.builds(TaskKey, dag=TEXT, task=TEXT, run=TEXT, map_index=st.integers(-1, 999), try_number=NUMBER)
MEMBERS = st.builds(
    JobRecord,
    key=KEYS,
    queue=TEXT,
    state=st.sampled_from(DisplayState),
    since=TIME,
    container=TEXT,
    attempt=NUMBER,
    reason=TEXT,
)
CONTAINERS = st.builds(
    ContainerRecord,
    container=TEXT,
    state=st.sampled_from(ContainerState),
    since=TIME,
    served=NUMBER,
    key=st.none() | KEYS,
)

SNAPSHOTS = st.builds(
    Snapshot,
    containers=st.lists(CONTAINERS).map(tuple),
    container_counts=st.lists(
        st.builds(ContainerCount, state=st.sampled_from(ContainerState), count=NUMBER, served=NUMBER)
    ).map(tuple),
    executor=TEXT,
    scheduler=TEXT,
    region=TEXT,
    at=TIME,
    team=TEXT,
    queues=st.lists(
        st.builds(QueueCount, queue=TEXT, state=st.sampled_from(DisplayState), count=NUMBER, oldest=TIME)
    ).map(tuple),
    jobs=st.lists(MEMBERS).map(tuple),
    left_out=NUMBER,
    calls=st.lists(
        st.builds(
            CallRate, action=TEXT, calls=NUMBER, throttled=NUMBER, granted=st.none() | TIME, documented=TIME
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


def named(number: object) -> TaskKey:
    assert isinstance(number, int)
    return TaskKey(dag="etl", task="load", run="r", map_index=number)


def test_all_are_counted_and_the_oldest_of_each_standing_are_told() -> None:
    waiting = [entry(number, since=1000.0 - number) for number in range(LISTED + 30)]
    run = [
        entry(900 + number, "gpu", Job(token=f"r{number}", stage=Stage.WATCHING, ran=True, container=ARN))
        for number in range(3)
    ]
    summary = summarize([*waiting, *run], named)
    assert summary.queues == (
        QueueCount(
            queue="default", state=DisplayState.WAITING, count=LISTED + 30, oldest=1000.0 - LISTED - 29
        ),
        QueueCount(queue="gpu", state=DisplayState.RUNNING, count=3, oldest=0.0),
    )
    assert summary.left_out == 30
    assert [job.key.map_index for job in summary.jobs][:2] == [LISTED + 29, LISTED + 28]
    assert [job.container for job in summary.jobs if job.state is DisplayState.RUNNING] == [ARN] * 3


def test_the_longest_ids_are_whole() -> None:
    key = TaskKey(dag="дa" * 125, task="😀" * 250, run="r" * 250)
    assert summarize([entry(1)], lambda _: key).jobs[0].key == key


def test_of_a_place_its_container_is_told() -> None:
    job: Job[object] = Job(token="t", stage=Stage.WATCHING, ran=True, container=turn_id(ARN, 7))
    assert [one.container for one in summarize([entry(1, job=job)], named).jobs] == [ARN]


def test_warm_containers_are_counted_and_the_longest_unchanged_are_listed() -> None:
    states = list(ContainerState)
    entries = [
        ContainerEntry(
            container=f"{n}", state=states[n % 4], since=1000.0 - n, served=n, key=n if n % 2 else None
        )
        for n in range(100)
    ]
    listed, counted = summarize_containers(entries, named)
    assert [one.container for one in listed] == [f"{n}" for n in range(99, 99 - LISTED, -1)]
    assert {one.key is None for one in listed if int(one.container) % 2} == {False}
    assert [(one.state, one.count) for one in counted] == [(state, 25) for state in states]
    assert sum(one.served for one in counted) == sum(range(100))


def test_why_one_waits_is_told_without_secrets() -> None:
    token = "eyJhbGciOi.eyJzdWIi.c2ln"
    seen = Observation(id="c", phase=Phase.PENDING, status="RUNNABLE", reason=f"CAPACITY {token}")
    runs = Observation(id="c", phase=Phase.RUNNING, status="RUNNING")
    jobs: list[Job[object]] = [
        Job(token="1", stage=Stage.WATCHING, seen=seen),
        Job(token="2", stage=Stage.BACKING_OFF, told="no capacity RESOURCE:CPU"),
        Job(token="3", stage=Stage.WATCHING, seen=runs, told="no capacity RESOURCE:CPU"),
    ]
    summary = summarize([entry(number, job=job) for number, job in enumerate(jobs)], named)
    assert {job.reason for job in summary.jobs} == {"CAPACITY ***", "no capacity RESOURCE:CPU", ""}


def test_however_many_jobs_and_queues_a_snapshot_is_small() -> None:
    stages = list(BY_STAGE)
    jobs = [
        entry(
            number,
            f"{number % 700}-" + "q" * 300,
            Job(token=f"{number}", stage=stages[number % len(stages)], container=ARN, told="w" * 900),
        )
        for number in range(10_000)
    ]
    summary = summarize(jobs, named)
    assert (len(summary.queues), len(summary.jobs)) == (COUNTED, LISTED * 4)  # none of them runs
    assert max(len(group.queue) for group in summary.queues) <= LONGEST
    snapshot = Snapshot(
        executor="E",
        scheduler="S",
        region="R",
        at=0,
        queues=summary.queues,
        jobs=summary.jobs,
        left_out=summary.left_out,
    )
    assert len(to_text(snapshot)) < 100_000


def test_a_usual_snapshot_of_many_jobs_fits_where_things_are_kept_short() -> None:
    running = [
        entry(number, job=Job(token=f"{number}", stage=Stage.WATCHING, ran=True, container=ARN))
        for number in range(5000)
    ]
    summary = summarize(running, named)
    snapshot = Snapshot(
        executor="E", scheduler="S", region="R", at=0, queues=summary.queues, jobs=summary.jobs
    )
    assert len(to_text(snapshot)) < 10_000


@examples(40)
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
    silent = MISSED * HEARTBEAT + 1
    told = [Snapshot(executor="E", scheduler=f"{age}", region="R", at=1000.0 - age) for age in (0, silent)]
    rare = Snapshot(executor="E", scheduler="rare", region="R", at=1000.0 - silent, every=600.0)
    old = Snapshot(executor="E", scheduler="old", region="R", at=1000.0 - KEPT - silent)
    assert [one.stale(1000.0) for one in (*told, rare)] == [False, True, False]
    assert recent([old, rare, *told], 1000.0) == (*told, rare)


def test_the_time_is_no_content() -> None:
    one = Snapshot(executor="E", scheduler="S", region="R", at=1)
    assert one.content == Snapshot(executor="E", scheduler="S", region="R", at=2).content
    assert one.content != Snapshot(executor="E", scheduler="S", region="R", at=1, left_out=1).content


def test_calls_that_were_made_are_no_content_but_a_throttle_is() -> None:
    quiet = CallRate(action="DescribeTasks", calls=20, throttled=0, granted=10.0, documented=20.0)
    busy, throttled = quiet.model_copy(update={"calls": 21}), quiet.model_copy(update={"throttled": 1})
    one, same, other = (
        Snapshot(executor="E", scheduler="S", region="R", at=1, calls=(rate,))
        for rate in (quiet, busy, throttled)
    )
    assert one.content == same.content
    assert one.content != other.content
