"""What a running executor tells, how often, and that nobody is held or harmed by it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.session import create_session
from returns.result import Success
from sqlalchemy import select

from aws_executors.core.aws.request_quotas import BATCH_OPERATIONS, ECS_OPERATIONS, ON_FARGATE, Action
from aws_executors.core.lifecycle.display_state import DisplayState
from aws_executors.core.lifecycle.job import Job, Stage
from aws_executors.core.lifecycle.metrics import CALLS, THROTTLES, name_of
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.dashboard import store
from aws_executors.dashboard.collector import Collector, key_of, publisher_of
from aws_executors.dashboard.publisher import Publisher
from aws_executors.dashboard.recent_counts import SLOT, SLOTS, RecentCounts, call_rates
from aws_executors.dashboard.seal import NoKeyError
from aws_executors.dashboard.snapshot import HEARTBEAT, KEPT, MISSED, CallRate, QueueCount, Snapshot, TaskKey
from aws_executors.dashboard.store import SnapshotRow, snapshots
from aws_executors.shell.engine.aws_events.feed import News
from aws_executors.shell.engine.calls.rate_limiter import Account
from aws_executors.shell.engine.dispatcher import EngineConfig
from aws_executors.shell.engine.messages import WorkItem
from aws_executors.shell.engine.thread import Engine
from aws_executors.shell.engine.warm.container import WarmContainer
from support.worlds import Cloud, Order, Rows, engine_in

PATIENCE = 60.0


class Clock:
    """Time that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- Counting ---------------------------------------------------------------------------------------------


def test_a_minute_is_counted_and_no_more() -> None:
    clock = Clock()
    counts = RecentCounts(clock)
    for _ in range(120):
        counts.count("x")
        clock.now += 1
    assert 55 <= counts.within("x") <= 60
    clock.now += SLOT * (SLOTS + 1)
    assert counts.within("x") == 0
    assert len(counts._slots) <= SLOTS + 1


def test_what_is_measured_is_what_is_told() -> None:
    clock, account = Clock(), Account()
    counts, share = RecentCounts(clock), account.share(ON_FARGATE)
    for _ in range(3):
        counts.time(name_of(CALLS, Action.SUBMIT), 0.1)
    counts.count(name_of(THROTTLES, Action.SUBMIT))
    counts.gauge("jobs", 5)
    assert call_rates(counts, share, ECS_OPERATIONS, 0.0) == (
        CallRate(action="RunTask", calls=3, throttled=1, granted=19, documented=20),
    )
    for at in (1.0, 3.0):
        share.throttled(Action.SUBMIT, at - 0.1, at)
    (slowed,) = call_rates(counts, share, BATCH_OPERATIONS, 3.0)
    assert (slowed.action, slowed.granted) == ("SubmitJob", 18.05)


def test_looking_at_an_allowance_takes_nothing_of_it() -> None:
    share = Account().share(ON_FARGATE)
    before = share.bucket(Action.SUBMIT, 0.0)
    for _ in range(50):
        share.bucket(Action.SUBMIT, 0.0)
    assert share.bucket(Action.SUBMIT, 0.0) == before
    assert share.take(Action.SUBMIT, 18, 0.0) == 18


# --- Looking ------------------------------------------------------------------------------------------------


def look(engine: Engine[str, Order], clock: Callable[[], float] = time.monotonic) -> Collector[str, Order]:
    return Collector(
        engine=engine,
        executor="E",
        region="R",
        operations=ECS_OPERATIONS,
        counts=RecentCounts(),
        rate_limiter=Account().share(ON_FARGATE),
        clock=clock,
    )


def test_an_engine_s_jobs_and_since_when_they_stand_as_they_do() -> None:
    cloud, rows = Cloud(), Rows()
    gears = EngineConfig(policy=Policy(), pace=PollInterval(quickest=0.05, slowest=0.05), rows_every=0.05)
    engine = engine_in(cloud, rows, gears)
    seen = look(engine)
    assert seen(time.time()).queues == ()
    engine.start()
    try:
        rows.put("t", "queued")
        began = time.time()
        job: Job[Order] = Job(token="t")
        build = lambda attempt: Success(Order("t", attempt))  # noqa: E731
        engine.hand_over(iter([WorkItem(job=job, key="t", queue="gpu", build=build)]))
        until(lambda: [one.state for one in seen(0.0).queues] == [DisplayState.STARTING])
        first = seen(time.time())
        (record,) = first.jobs
        assert (record.queue, record.container, record.key) == ("gpu", "c1", TaskKey())
        assert abs(record.since - began) < PATIENCE
        assert first.content == seen(time.time()).content  # nothing has happened, so nothing changes
        cloud.run("c1")
        until(lambda: [one.state for one in seen(0.0).queues] == [DisplayState.RUNNING])
        assert seen(0.0).jobs[0].since >= record.since
    finally:
        engine.end(stop=True, timeout=PATIENCE)


@dataclass
class Counted:
    """An engine with one job; its jobs are looked at so many times."""

    changes: int = 0
    stage: Stage = Stage.WATCHING
    looks: int = 0
    news: News = News.POLLS

    def entries(self) -> Iterator[tuple[WorkItem[str, Order], Job[Order], float]]:
        self.looks += 1
        job: Job[Order] = Job(token="t", stage=self.stage)
        yield WorkItem(job=job, key="t"), job, 0.0

    def containers(self) -> tuple[WarmContainer[str, Order], ...]:
        return ()


def test_jobs_are_looked_at_when_one_has_changed_and_told_every_time() -> None:
    engine = Counted()
    seen = Collector(
        engine=engine,
        executor="E",
        region="R",
        operations=ECS_OPERATIONS,
        counts=RecentCounts(),
        rate_limiter=Account().share(ON_FARGATE),
    )
    assert [queue.state for _ in range(3) for queue in seen(1.0).queues] == [DisplayState.STARTING] * 3
    assert engine.looks == 1
    assert seen(1.0).news == ""
    engine.news = News.EVENTS
    assert seen(1.0).news == "events"
    engine.changes, engine.stage = 1, Stage.STOPPING
    assert [queue.state for _ in range(3) for queue in seen(1.0).queues] == [DisplayState.ENDING] * 3
    assert engine.looks == 2


def test_keys() -> None:
    key = TaskInstanceKey("dag", "task", "run", 2, 3)
    assert key_of(key) == TaskKey(dag="dag", task="task", run="run", try_number=2, map_index=3)
    assert key_of("callback") == TaskKey()


# --- Telling ------------------------------------------------------------------------------------------------


@dataclass
class Board:
    """A shelf that remembers, hangs or breaks."""

    told: list[Snapshot] = field(default_factory=list)
    swept: list[float] = field(default_factory=list)
    taken_away: int = 0
    broken: bool = False
    gate: threading.Event = field(default_factory=threading.Event)

    def write(self, snapshot: Snapshot) -> None:
        if self.broken:
            raise ConnectionError("postgresql://airflow:eyJhbGciOi.eyJzdWIi.c2ln@db is not there")
        self.told.append(snapshot)

    def delete(self) -> None:
        self.taken_away += 1

    def delete_expired(self, now: float) -> None:
        self.swept.append(now)


@dataclass
class Sight:
    """What there is to be told."""

    left_out: int = 0
    looks: int = 0

    def __call__(self, now: float) -> Snapshot:
        self.looks += 1
        return Snapshot(executor="E", scheduler="S", region="R", at=now, left_out=self.left_out)


def test_it_is_told_when_it_changes_and_now_and_then() -> None:
    board, sight, clock = Board(), Sight(), Clock()
    teller = Publisher(sight, board, 10.0, clock)
    for second in range(0, 300, 10):
        clock.now = 1000.0 + second
        if second == 30:
            sight.left_out = 1
        teller.publish()
    assert [one.at - 1000.0 for one in board.told] == [0, HEARTBEAT, *range(30, 300, int(HEARTBEAT))]


def test_a_clock_that_was_ahead_and_is_set_right_ends_no_heartbeat() -> None:
    board, clock = Board(), Clock()
    teller = Publisher(Sight(), board, 10.0, clock)
    for now in (5000.0, 1000.0, 1000.0 + HEARTBEAT):
        clock.now = now
        teller.publish()
    assert [one.at for one in board.told] == [5000.0, 1000.0, 1000.0 + HEARTBEAT]


def test_what_others_left_is_swept_at_first_and_then_seldom() -> None:
    board, clock = Board(), Clock()
    teller = Publisher(Sight(), board, 10.0, clock)
    for _ in range(200):
        teller.publish()
        clock.now += 10
    assert board.swept == [1000.0, 1000.0 + KEPT, 1000.0 + 2 * KEPT]


def test_a_shelf_that_breaks_is_complained_of_once_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    board, clock = Board(broken=True), Clock()
    teller = Publisher(Sight(), board, 10.0, clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            teller.publish()
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("Publishing the fleet page failed: ConnectionError")
    assert "eyJ" not in said
    board.broken = False
    teller.publish()
    assert len(board.told) == 1


def test_it_has_a_thread_of_its_own_and_leaves_nothing_behind() -> None:
    board = Board()
    teller = Publisher(Sight(), board, 0.01)
    teller.start()
    until(lambda: bool(board.told))
    teller.end()
    until(lambda: board.taken_away == 1)
    teller._thread.join(PATIENCE)
    assert not teller._thread.is_alive()


def test_starting_and_ending_wait_for_nothing() -> None:
    class Hangs(Board):
        def write(self, snapshot: Snapshot) -> None:
            self.gate.wait(PATIENCE)

    board = Hangs()
    teller = Publisher(Sight(), board, 0.01)
    began = time.monotonic()
    teller.start()
    time.sleep(0.1)
    teller.end()
    assert time.monotonic() - began < PATIENCE / 2
    board.gate.set()
    teller._thread.join(PATIENCE)


def test_switched_off_there_is_nobody_who_tells() -> None:
    engine = engine_in(Cloud(), Rows(), EngineConfig(policy=Policy(), pace=PollInterval()))
    assert publisher_of(look(engine), 0.0) is None
    assert publisher_of(look(engine), 10.0) is not None


# --- Where it lies ------------------------------------------------------------------------------------------


@pytest.fixture
def clean(airflow_db: object) -> Iterator[None]:
    yield
    store._delete([key for key, _ in store.stored_rows()])


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what Airflow has of keys."""

    def configure(jwt: str = "", fernet: str = "", private: str = "") -> None:
        monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", jwt)
        monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", fernet)
        monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_PRIVATE_KEY_PATH", private)

    return configure


@pytest.mark.usefixtures("clean")
def test_a_row_tells_those_nothing_who_have_no_key(keys: Callable[..., None]) -> None:
    SnapshotRow("one").write(told(1.0, "host-of-the-scheduler"))
    ((_, text),) = store.stored_rows()
    assert "host-of" not in text
    assert "RUNNING" not in text
    keys(jwt="another secret")
    assert snapshots() == ()


@pytest.mark.usefixtures("clean")
def test_a_key_may_be_changed_for_another_one(keys: Callable[..., None]) -> None:
    keys(fernet="old", private="/etc/key.pem")
    SnapshotRow("one").write(told(1.0))
    keys(fernet="new, old", private="/etc/key.pem")
    assert snapshots() == (told(1.0),)
    SnapshotRow("one").write(told(2.0))
    keys(fernet="new", private="/etc/key.pem")
    assert snapshots() == (told(2.0),)
    keys(jwt="secret", fernet="new")  # a task may have the Fernet key: it opens nothing here
    assert snapshots() == ()
    keys()
    with pytest.raises(NoKeyError, match="set \\[api_auth\\] jwt_secret"):
        SnapshotRow("one").write(told(3.0))


@pytest.mark.usefixtures("clean")
def test_what_a_task_made_of_a_row_is_written_over() -> None:
    from airflow.models import Variable

    shelf = SnapshotRow("one")
    shelf.write(told(1.0))
    Variable.set(f"{store.PREFIX}one", "mine")  # encrypted by Airflow
    assert snapshots() == ()
    shelf.write(told(2.0))
    assert snapshots() == (told(2.0),)
    assert Variable.get(f"{store.PREFIX}one") != told(2.0).model_dump_json()


def told(at: float, name: str = "S") -> Snapshot:
    group = QueueCount(queue="é <q>", state=DisplayState.RUNNING, count=1, oldest=at)
    return Snapshot(executor="E", scheduler=name, region="R", at=at, queues=(group,))


@pytest.mark.usefixtures("clean")
def test_one_row_for_each_that_tells() -> None:
    one, other = SnapshotRow("one"), SnapshotRow("other")
    for at in (1.0, 2.0, 3.0):
        one.write(told(at))
    other.write(told(9.0, "T"))
    assert sorted(snapshots(), key=lambda found: found.at) == [told(3.0), told(9.0, "T")]
    one.delete()
    one.delete()
    assert snapshots() == (told(9.0, "T"),)


@pytest.mark.usefixtures("clean")
def test_what_the_dead_left_is_swept_and_nobody_else_s_variable() -> None:
    SnapshotRow("old").write(told(1000.0 - MISSED * HEARTBEAT - KEPT - 1))
    SnapshotRow("live").write(told(1000.0, "live"))
    others = {"aws_executors_fleet": "x", "awsXexecutorsXfleetX": "y", f"{store.PREFIX}odd": "not a snapshot"}
    table = store._table()
    with create_session(scoped=False) as session:
        for key, text in others.items():
            session.connection().execute(table.insert().values(key=key, val=text, is_encrypted=False))
    SnapshotRow("live").delete_expired(1000.0)
    assert snapshots() == (told(1000.0, "live"),)
    with create_session(scoped=False) as session:
        left = {str(key) for (key,) in session.execute(select(table.c.key))}
    assert {"aws_executors_fleet", "awsXexecutorsXfleetX"} <= left
    assert f"{store.PREFIX}odd" not in left
    store._delete(list(others))
