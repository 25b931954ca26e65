"""The engine with real threads in a small world: many jobs at once, trouble on every side, and the end.

Times are small, so that the whole file takes seconds; what is awaited is a state of the world, never a time.
"""

import logging
import queue
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from returns.result import Failure, Result, Success

from aws_executors.core.aws.backoff import Backoff
from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.effects import LogEvent, ReleaseSlot, Report, Submit
from aws_executors.core.lifecycle.events import Event, Refused
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.observation import Cause
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.shell.engine import shutdown, thread
from aws_executors.shell.engine.calls import polling
from aws_executors.shell.engine.calls.operations import Operations
from aws_executors.shell.engine.calls.polling import CHUNK
from aws_executors.shell.engine.dispatcher import EngineConfig
from aws_executors.shell.engine.messages import AirflowUpdate, InboxItem, WorkItem
from aws_executors.shell.engine.stall import TOO_LATE
from aws_executors.shell.engine.thread import Engine
from support.worlds import HELD, AwakeClock, Cloud, Order, Rows, engine_in

pytestmark = pytest.mark.waits

LONG = 60.0
"""Seconds within which an end comes, by far, on a machine that often stands still."""

SECRET = "eyJhbGciOi.eyJzdWIi.c2ln"


def config(*, idempotent: bool = True, workers: int = 4, backoff: float = 0.02) -> EngineConfig:
    """Everything a hundred times as fast as in life."""
    policy = Policy(
        idempotent=idempotent,
        attempts=2,
        grace=0.2,
        linger=0.2,
        patience=0.05,
        lookups=2,
        lookup_every=0.02,
        backoff=Backoff(base=backoff, cap=5 * backoff),
    )
    return EngineConfig(
        policy=policy, pace=PollInterval(quickest=0.02, slowest=0.05), rows_every=0.02, workers=workers
    )


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until this is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.002)


@dataclass(frozen=True)
class Plain:
    """A builder without a thought of its own."""

    token: str

    def __call__(self, attempt: int) -> Result[Order, str]:
        return Success(Order(self.token, attempt, SECRET))


@dataclass
class Town:
    """A cloud, a database and an engine between them, and what the engine has said so far."""

    cloud: Cloud
    rows: Rows
    engine: Engine[str, Order]
    heard: list[AirflowUpdate[str]] = field(default_factory=list)

    def queue(
        self, token: str, build: Callable[[int], Result[Order, str]] | None = None, priority: int = 0
    ) -> None:
        """Airflow queues a task instance."""
        self.rows.put(token, "queued")
        self.hand_over(token, token, build or Plain(token), priority)

    def hand_over(
        self, token: str, key: str, build: Callable[[int], Result[Order, str]], priority: int = 0
    ) -> None:
        """The executor hands it over."""
        job: Job[Order] = Job(token=token)
        self.engine.hand_over(iter([WorkItem(job=job, key=key, priority=priority, build=build)]))

    def orphan(self, token: str, purpose: Purpose, state: str = "queued") -> None:
        """Airflow offers a task instance of a dead scheduler."""
        self.rows.put(token, state)
        self.engine.hand_over(iter([WorkItem(job=Job(token=token, purpose=purpose), key=token)]))

    def run(self, token: str) -> str:
        """Wait for the newest container of a queueing, start it and its task; its id."""
        until(lambda: self.cloud.of(token))
        id_ = self.cloud.of(token)[-1]
        self.cloud.run(id_)
        self.rows.put(token, "running")
        return id_

    def run_due(self) -> None:
        """Wait until the engine has gone round."""
        turned = threading.Event()
        self.engine.tell((), lambda _: turned.set())
        assert turned.wait(LONG)

    def listen(self) -> None:
        """Airflow's scheduler hears what there is to hear, and changes the row of what has failed."""
        for one in self.engine.airflow_updates():
            if isinstance(one.effect, Report) and one.effect.confirm:
                self.rows.put(one.key, "success" if one.effect.success else "failed")
            if not (isinstance(one.effect, ReleaseSlot) and self.ended(one.token)):
                self.heard.append(one)

    def ended(self, token: str) -> list[Report | ReleaseSlot]:
        """What has been heard about the end of a job."""
        return [
            one.effect
            for one in self.heard
            if one.token == token and isinstance(one.effect, Report | ReleaseSlot)
        ]

    def ends(self, token: str) -> list[Report | ReleaseSlot]:
        """What there is to be heard about the end of a job."""
        self.listen()
        return self.ended(token)

    def told(self, token: str) -> list[str]:
        """The events that a person can read."""
        self.listen()
        return [
            one.effect.event for one in self.heard if one.token == token and isinstance(one.effect, LogEvent)
        ]

    def freed(self) -> list[str]:
        """The tokens of those whose slots are free, in order."""
        self.listen()
        return [one.token for one in self.heard if isinstance(one.effect, Report | ReleaseSlot)]

    def idle(self) -> bool:
        """Whether no job is left."""
        self.listen()
        return not list(self.engine.jobs())


@contextmanager
def town(*, idempotent: bool = True, workers: int = 4, backoff: float = 0.02) -> Iterator[Town]:
    """A town with a running engine."""
    cloud, rows = Cloud(idempotent=idempotent), Rows()
    own = config(idempotent=idempotent, workers=workers, backoff=backoff)
    engine = engine_in(cloud, rows, own, AwakeClock())  # or all that has a time here would be due at once
    engine.start()
    try:
        yield Town(cloud, rows, engine)
    finally:
        engine.end(stop=False, timeout=2.0)


@pytest.fixture
def place() -> Iterator[Town]:
    """A town on ECS."""
    with town() as made:
        yield made


@pytest.fixture
def batch() -> Iterator[Town]:
    """A town whose service cannot repeat a submission."""
    with town(idempotent=False) as made:
        yield made


# --- From hand-over to report ------------------------------------------------------------------------------


def test_a_task_from_hand_over_to_report(place: Town) -> None:
    place.queue("t")
    id_ = place.run("t")
    time.sleep(0.1)
    assert place.ends("t") == []
    place.rows.put("t", "success")
    until(lambda: place.ends("t"))  # at once, though its container still runs
    assert place.ends("t") == [Report(True, "the task has finished")]
    assert place.cloud.live() == [id_]
    place.cloud.finish(id_)
    until(place.idle)
    assert place.cloud.stopped == []
    assert len(place.ends("t")) == 1


def test_a_container_that_lingers_is_stopped(place: Town) -> None:
    place.queue("t")
    id_ = place.run("t")
    until(lambda: any(job.seen and job.seen.started for job in place.engine.jobs()))
    place.rows.put("t", "success")
    until(place.idle)
    assert place.cloud.stopped == [(id_,)]


def test_c16_a_task_cleared_while_its_container_waits(place: Town) -> None:
    place.queue("t")
    until(lambda: place.cloud.live())
    place.rows.delete("t")
    until(place.idle)
    assert place.cloud.stopped == [("c1",)]
    assert place.ends("t") == [ReleaseSlot()]


def test_no_wait_for_a_message_is_longer_than_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """However late this thread is run: here a wait is over before it has begun. SimpleQueue would never end
    one whose time has passed since it was asked."""
    monkeypatch.setattr(thread, "SHORTEST_NAP", 1e-7)
    monkeypatch.setattr(thread, "LONGEST_NAP", 1e-6)
    engine = engine_in(Cloud(), Rows(), config())  # not started: this test is its thread
    waits: list[int] = []

    def wait() -> None:
        for number in range(20_000):
            engine.tell((), lambda _: None)
            for _ in range(3):  # the message, nothing, and nothing again
                engine._take_messages()
            waits.append(number)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(LONG)
    assert len(waits) == 20_000


def test_no_signal_comes_to_it_while_it_waits_for_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """SimpleQueue takes one for a message, and may wait for ever then. All else, and each worker that is
    started there, may have them."""
    blocked: list[set[int]] = []

    def look() -> set[int]:
        return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    class Inbox(queue.SimpleQueue[object]):
        def get(self, block: bool = True, timeout: float | None = None) -> object:
            blocked.append(look())
            return super().get(block, timeout)

    def clock() -> float:
        elsewhere.append(look())
        return time.monotonic()

    elsewhere: list[set[int]] = []
    monkeypatch.setattr(queue, "SimpleQueue", Inbox)
    engine = engine_in(Cloud(), Rows(), config(), clock)
    engine.start()
    until(lambda: len(blocked) > 3)
    engine.end(stop=False, timeout=LONG)
    assert all({signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1} <= one for one in blocked)
    assert not any(elsewhere)


def test_c28_a_thousand_at_once(place: Town) -> None:
    place.cloud.finish_at_once()
    tokens = [f"t{number}" for number in range(1000)]
    for token in tokens:
        place.rows.put(token, "success")
    place.cloud.hold("submit")
    place.rows.hold()
    for token in tokens:
        place.hand_over(token, token, Plain(token))  # comes back although nobody answers anything
    assert place.cloud.containers == {}
    place.cloud.let_go("submit")
    place.rows.let_go()
    until(lambda: len(place.freed()) >= 1000)
    until(place.idle)
    assert sorted(place.freed()) == sorted(tokens)
    assert place.cloud.live() == []


def test_c20_c13_a_container_that_never_started_is_replaced_and_then_given_up(place: Town) -> None:
    place.queue("t")
    until(lambda: len(place.cloud.of("t")) == 1)
    place.cloud.lose("c1")
    until(lambda: len(place.cloud.of("t")) == 2)
    place.cloud.lose("c2")
    until(lambda: place.ends("t"))
    (end,) = place.ends("t")
    assert isinstance(end, Report)
    assert not end.success
    assert "This was attempt 2 of 2." in end.info
    assert [order.attempt for order in place.cloud.orders] == [1, 2]
    assert place.told("t") == ["resubmitted", "container failed"]


def test_the_most_urgent_is_submitted_first() -> None:
    with town(workers=1) as place:
        place.cloud.hold("submit")
        place.queue("first", priority=0)
        until(lambda: place.cloud.calls["submit"] == 1)
        for priority in (1, 3, 2):
            place.queue(f"p{priority}", priority=priority)
        until(lambda: [job.stage for job in place.engine.jobs()] == [Stage.SUBMITTING] * 4)
        place.cloud.let_go("submit")
        until(lambda: len(place.cloud.containers) == 4)
        assert [order.token for order in place.cloud.orders] == ["first", "p3", "p2", "p1"]


# --- Lost answers ------------------------------------------------------------------------------------------


def test_c10_lost_answers_on_ecs(place: Town) -> None:
    place.cloud.lose_next_answer(3)
    place.queue("t")
    place.cloud.finish(place.run("t"))
    until(lambda: place.ends("t"))
    assert len(place.cloud.containers) == 1
    assert len(set(place.cloud.orders)) == 1


def test_c10_lost_answers_on_batch(batch: Town) -> None:
    batch.cloud.lose_next_answer()
    batch.cloud.refuse("find", Kind.THROTTLED, 2)
    batch.queue("t")
    batch.cloud.finish(batch.run("t"))
    until(lambda: batch.ends("t"))
    assert len(batch.cloud.orders) == 1


def test_c22_a_container_that_is_forgotten_and_found_again_is_followed_to_its_end(place: Town) -> None:
    place.queue("t")
    id_ = place.run("t")
    place.cloud.refuse("find", Kind.THROTTLED, 10_000)
    place.cloud.forget(id_)
    until(lambda: place.cloud.calls["find"] >= 2)
    place.cloud.show(id_)
    place.cloud.serve("find")
    until(lambda: [job.stage for job in place.engine.jobs()] == ["watching"])
    place.cloud.finish(id_, 1)
    until(lambda: place.ends("t"))
    (end,) = place.ends("t")
    assert isinstance(end, Report)
    assert "exit code 1" in end.info


def test_c22_a_container_that_is_forgotten_for_good_holds_no_slot(place: Town) -> None:
    place.queue("t")
    place.cloud.forget(place.run("t"))
    until(place.idle)
    (end,) = place.ends("t")
    assert isinstance(end, Report)
    assert not end.success


def test_a_row_that_was_read_before_the_end_is_not_believed(place: Town) -> None:
    """A slow reading says RUNNING; meanwhile the task defers and its container ends. Said too early,
    "success" would fail the task that waits for its next segment."""
    place.queue("t")
    id_ = place.run("t")
    place.rows.hold()
    seen = len(place.rows.reads)
    until(lambda: len(place.rows.reads) > seen)
    place.rows.put("t", "scheduled")
    place.cloud.finish(id_)
    until(lambda: [job.stage for job in place.engine.jobs()] == [Stage.AWAITING_ROW])
    place.rows.let_go()
    until(lambda: place.ends("t"))
    assert place.ends("t") == [ReleaseSlot()]


# --- One trouble does not become another's -----------------------------------------------------------------


def raising(_: int) -> Result[Order, str]:
    """A builder with a defect."""
    raise ZeroDivisionError(f"quoting a secret: {SECRET}")


def leaving(_: int) -> Result[Order, str]:
    """A builder that thinks it is a script."""
    raise SystemExit(1)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (raising, "ZeroDivisionError: quoting a secret: ***"),
        (leaving, "SystemExit: 1"),
        (lambda _: Failure("the builder says no"), "the builder says no"),
    ],
)
def test_c4_a_builder_that_fails_fails_its_task_alone(
    place: Town, build: Callable[[int], Result[Order, str]], words: str
) -> None:
    for number in range(8):  # more than there are workers
        place.queue(f"bad{number}", build)
    place.queue("good")
    place.cloud.finish(place.run("good"))
    until(lambda: place.ends("good"))
    until(place.idle)
    for number in range(8):
        assert place.ends(f"bad{number}") == [Report(False, words, confirm=True)]


@pytest.mark.parametrize("how", ["raise", "exit"])
def test_a_service_that_raises_is_an_ambiguous_answer(place: Town, how: str) -> None:
    for action in ("submit", "describe", "find", "stop"):
        place.cloud.blow_up(action, 6, how)
    for number in range(4):
        place.queue(f"t{number}")
    for number in range(4):
        place.cloud.finish(place.run(f"t{number}"))
    until(place.idle)
    assert len(place.cloud.containers) == 4
    assert all(len(place.ends(f"t{number}")) == 1 for number in range(4))


def test_c29_describing_is_denied_and_submitting_goes_on(
    place: Town, caplog: pytest.LogCaptureFixture
) -> None:
    place.cloud.refuse("describe", Kind.PERMANENT, 10**4)
    for number in range(10):
        place.queue(f"t{number}")
    until(lambda: len(place.cloud.containers) == 10)
    until(lambda: place.cloud.calls["describe"] > 10)
    assert [words for words in caplog.messages if words.startswith("Describe call")] == [
        "Describe call failed: PERMANENT: describe refused"
    ]
    for number in range(10):
        place.rows.put(f"t{number}", "success")  # the row still frees the slot
    until(lambda: all(place.ends(f"t{number}") for number in range(10)))


def test_c29_submitting_is_throttled_and_looking_goes_on(
    place: Town, caplog: pytest.LogCaptureFixture
) -> None:
    place.queue("early")
    id_ = place.run("early")
    place.cloud.refuse("submit", Kind.THROTTLED, 60)
    for number in range(10):
        place.queue(f"t{number}")
    place.cloud.finish(id_)
    place.rows.put("early", "success")
    until(lambda: place.ends("early"))
    until(lambda: len(place.cloud.containers) == 11)
    assert [words for words in caplog.messages if words.startswith("Submit call")] == [
        "Submit call failed: THROTTLED: submit refused"
    ]
    assert place.told("t0") == ["submission delayed"]  # C23: once per change


def test_c30_one_failing_call_does_not_keep_the_others_from_being_read(place: Town) -> None:
    many = CHUNK + 50
    for number in range(many):
        place.queue(f"t{number}")
    until(lambda: len(place.cloud.containers) == many)
    place.cloud.refuse("describe", Kind.AMBIGUOUS, 1)
    for id_ in place.cloud.live():
        place.cloud.finish(id_, 1)
    until(place.idle)
    assert all(len(place.ends(f"t{number}")) == 1 for number in range(many))


def test_c6_a_container_that_cannot_be_read_is_told_once_and_the_others_handled(
    place: Town, caplog: pytest.LogCaptureFixture
) -> None:
    place.queue("odd")
    place.queue("plain")
    odd, plain = place.run("odd"), place.run("plain")
    place.cloud.garble(odd)
    place.cloud.finish(plain, 1)
    until(lambda: place.ends("plain"))
    calls = place.cloud.calls["describe"]
    until(lambda: place.cloud.calls["describe"] > calls + 5)
    assert [words for words in caplog.messages if "container" in words] == [
        f"Reading the description of container {odd} failed: a word nobody knows"
    ]


def test_the_database_is_down_for_a_while(place: Town, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is said, nothing is lost, and it is not asked more often than before."""
    place.queue("t")
    id_ = place.run("t")
    place.rows.go_down()
    place.cloud.finish(id_, 1)
    until(lambda: [job.stage for job in place.engine.jobs()] == [Stage.AWAITING_ROW])
    began, busy, cpu = time.monotonic(), time.thread_time(), time.process_time()
    reads = len(place.rows.reads)
    time.sleep(0.6)
    lasted = time.monotonic() - began
    assert len(place.rows.reads) - reads <= lasted / 0.02 + 2
    assert (time.process_time() - cpu) - (time.thread_time() - busy) < 0.5 * lasted  # no hot loop
    assert place.ends("t") == []
    place.rows.come_up()
    until(lambda: place.ends("t"))
    assert caplog.messages == [
        "Reading task instances from Airflow's database failed: ConnectionError: the database is down"
    ]


def test_more_rows_than_one_query_may_ask_for(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "ROWS", 200)
    place.rows.go_down()
    many = polling.ROWS + 100
    for number in range(many):
        place.queue(f"t{number}")
    until(lambda: len(place.cloud.containers) == many)
    for id_ in place.cloud.live():
        place.cloud.finish(id_, 1)
    until(lambda: {job.stage for job in place.engine.jobs()} == {Stage.AWAITING_ROW})
    place.rows.come_up()
    until(place.idle)
    assert all(place.ends(f"t{number}") for number in range(many))
    assert max(map(len, place.rows.reads)) <= polling.ROWS


def test_an_idle_engine_sleeps(place: Town) -> None:
    place.queue("t")
    place.cloud.finish(place.run("t"))
    until(place.idle)
    began, cpu, mine = time.monotonic(), time.process_time(), time.thread_time()
    time.sleep(0.5)
    spent = (time.process_time() - cpu) - (time.thread_time() - mine)
    assert spent < 0.1 * (time.monotonic() - began)


# --- Airflow changes its mind ------------------------------------------------------------------------------


def test_c15_revoked_while_it_waits_for_a_worker_or_is_submitted(place: Town) -> None:
    place.cloud.hold("submit")
    place.queue("t")
    until(lambda: place.cloud.calls["submit"] == 1)
    place.engine.revoke("t")
    place.cloud.let_go("submit")
    until(place.idle)
    assert place.cloud.live() == []
    assert place.ends("t") == []


def test_c15_revoked_while_aws_has_no_capacity(place: Town) -> None:
    place.cloud.refuse("submit", Kind.CAPACITY, 10**4)
    place.queue("t")
    until(lambda: place.cloud.calls["submit"] > 1)
    place.engine.revoke("t")
    until(place.idle)
    assert (place.cloud.containers, place.ends("t")) == ({}, [])


def test_c15_revoked_after_a_lost_answer(batch: Town) -> None:
    batch.cloud.lose_next_answer()
    batch.queue("t")
    until(lambda: batch.cloud.containers)
    batch.engine.revoke("t")
    until(batch.idle)
    assert (batch.cloud.live(), batch.ends("t")) == ([], [])


def test_c15_revoked_while_it_runs_and_the_stop_is_throttled(place: Town) -> None:
    place.queue("t")
    id_ = place.run("t")
    place.cloud.refuse("stop", Kind.THROTTLED, 3)
    place.engine.revoke("t")
    until(place.idle)
    assert place.cloud.stopped == [(id_,)] * 4
    assert place.ends("t") == []


def test_c15_what_is_not_known_is_revoked_without_a_word(place: Town) -> None:
    place.engine.revoke("nobody")
    place.cloud.hold("submit")
    place.queue("t")
    until(lambda: place.cloud.calls["submit"] == 1)
    place.engine.revoke("t")
    place.engine.revoke("t")
    place.cloud.let_go("submit")
    until(place.idle)
    place.engine.revoke("t")
    place.queue("next")
    place.run("next")  # messages are read in order: all of the above have been
    assert place.cloud.live() == ["c2"]
    assert place.ends("t") == []


# --- After another scheduler's death -----------------------------------------------------------------------


def test_c9_c3_adopted_as_soon_as_aws_answers(place: Town) -> None:
    place.cloud.submit(Order("t"))
    place.cloud.refuse("find", Kind.CREDENTIALS, 5)
    place.orphan("t", Purpose.ADOPT, "running")
    until(lambda: place.cloud.calls["find"] >= 6)
    place.rows.put("t", "success")
    place.cloud.finish("c1")
    until(place.idle)
    (end,) = place.ends("t")
    assert isinstance(end, Report)
    assert end.success
    assert len(place.cloud.containers) == 1


def test_c12_adopted_and_not_there(place: Town) -> None:
    place.orphan("t", Purpose.ADOPT)
    until(lambda: place.ends("t") and place.rows.given_back)
    assert place.ends("t") == [ReleaseSlot()]
    assert place.rows.given_back == [("t", "t")]
    assert place.cloud.orders == []


def test_c27_given_back_only_after_its_container_has_ended(place: Town) -> None:
    place.cloud.submit(Order("t"))
    place.cloud.run("c1")
    place.cloud.refuse("stop", Kind.THROTTLED, 3)
    place.orphan("t", Purpose.RELEASE, "running")
    until(lambda: place.cloud.calls["stop"] >= 2)
    if place.cloud.live():
        assert place.rows.given_back == []
    until(lambda: place.rows.given_back)
    assert place.cloud.live() == []
    until(lambda: place.ends("t") == [ReleaseSlot()])


def test_what_is_to_be_given_back_is_not_lost_by_a_database_that_is_down(
    place: Town, caplog: pytest.LogCaptureFixture
) -> None:
    place.cloud.submit(Order("t"))
    place.cloud.lose("c1", Cause.HOST_LOST)
    place.rows.go_down()
    place.orphan("t", Purpose.RELEASE)
    until(lambda: any("Requeueing" in words for words in caplog.messages))
    place.rows.come_up()
    until(lambda: place.rows.given_back == [("t", "t")])


# --- The end -----------------------------------------------------------------------------------------------


def test_c26_left_for_the_next_scheduler(place: Town) -> None:
    for number in range(5):
        place.queue(f"t{number}")
    until(lambda: len(place.cloud.live()) == 5)
    began = time.monotonic()
    place.engine.end(stop=False, timeout=LONG)
    assert time.monotonic() - began < LONG / 2
    assert len(place.cloud.live()) == 5
    assert place.cloud.stopped == []


def test_c26_stopped_in_bulk_even_what_is_being_submitted(place: Town) -> None:
    for number in range(30):
        place.queue(f"t{number}")
    until(lambda: len(place.cloud.live()) == 30)
    place.cloud.hold("submit")
    for number in range(20):
        place.queue(f"late{number}")
    until(lambda: place.cloud.calls["submit"] == 34)  # four workers hang in it
    threading.Timer(0.2, place.cloud.let_go, ["submit"]).start()
    began = time.monotonic()
    place.engine.end(stop=True, timeout=LONG)
    assert time.monotonic() - began < LONG / 2
    assert place.cloud.live() == []
    assert len(place.cloud.containers) == 34
    stops = [id_ for ids in place.cloud.stopped for id_ in ids]
    assert len(stops) == len(set(stops)) == 34  # each of them once
    assert max(map(len, place.cloud.stopped)) > 1


def test_c26_the_end_waits_for_submissions_whose_containers_are_to_be_stopped(place: Town) -> None:
    place.cloud.hold("submit")
    for number in range(3):
        place.queue(f"t{number}")
    until(lambda: place.cloud.calls["submit"] == 3)
    threading.Timer(0.2, place.cloud.let_go, ["submit"]).start()
    place.engine.end(stop=True, timeout=LONG)
    assert len(place.cloud.containers) == 3
    assert place.cloud.live() == []


def test_c26_what_runs_is_cut_off_before_it_is_stopped(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its last breath could fail its task: what Airflow hears then is a failure like any other."""
    monkeypatch.setattr(shutdown, "SILENCE", LONG)  # a database is not silent because the machine is
    for number in range(25):
        place.queue(f"t{number}")
    containers = {place.run(f"t{number}"): f"t{number}" for number in range(20)}
    until(lambda: len(place.cloud.live()) == 25)
    when_stopped: dict[str, str | None] = {}

    def stop(ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        when_stopped.update({id_: place.rows.state(containers[id_]) for id_ in ids if id_ in containers})
        return Cloud.stop(place.cloud, ids, reason)

    monkeypatch.setattr(place.cloud, "stop", stop)
    place.engine.end(stop=True, timeout=LONG)
    assert when_stopped == dict.fromkeys(containers, "restarting")
    assert [place.rows.state(f"t{number}") for number in range(20, 25)] == ["queued"] * 5
    assert place.cloud.live() == []


def test_c26_a_process_that_stood_still_at_its_end_does_not_take_the_database_for_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, cloud, rows = Clock(), Cloud(), Rows()
    place = Town(cloud, rows, engine_in(cloud, rows, config(), clock))
    place.engine.start()
    place.queue("t")
    place.run("t")
    fence, when_stopped, stopped = rows.fence, list[str | None](), threading.Event()

    def paused(key: str, token: str) -> None:
        clock.ahead += 2 * shutdown.SILENCE
        stopped.wait(0.2)  # which it is not
        fence(key, token)

    def stop(ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        when_stopped.append(rows.state("t"))
        stopped.set()
        return Cloud.stop(cloud, ids, reason)

    monkeypatch.setattr(rows, "fence", paused)
    monkeypatch.setattr(cloud, "stop", stop)
    place.engine.end(stop=True, timeout=LONG)
    assert when_stopped == ["restarting"]


@pytest.mark.parametrize("does", ["nothing", "fail"])
def test_c26_no_container_outlives_its_scheduler_for_the_databases_sake(place: Town, does: str) -> None:
    for number in range(15):
        place.queue(f"t{number}")
        place.run(f"t{number}")
    if does == "fail":
        place.rows.go_down()
    else:
        place.rows.hold()
        reads = len(place.rows.reads)
        until(lambda: len(place.rows.reads) > reads)  # the only connection hangs
    began = time.monotonic()
    place.engine.end(stop=True, timeout=LONG)
    assert time.monotonic() - began < LONG / 2
    stops = [id_ for ids in place.cloud.stopped for id_ in ids]
    assert len(stops) == len(set(stops)) == 15
    assert place.cloud.live() == []
    if does == "nothing":
        place.rows.let_go()


def test_c26_an_end_that_aws_does_not_answer_is_bounded(
    place: Town, caplog: pytest.LogCaptureFixture
) -> None:
    place.queue("t")
    until(lambda: place.cloud.live())
    place.cloud.hold("stop")
    began = time.monotonic()
    place.engine.end(stop=True, timeout=0.3)
    assert 0.25 < time.monotonic() - began < HELD / 2
    assert "containers may still run, and the next scheduler adopts or stops them" in caplog.text
    place.cloud.let_go("stop")


@pytest.mark.parametrize("stop", [True, False])
def test_nothing_is_submitted_after_the_end(stop: bool) -> None:
    """Neither what waits for a worker, nor what backs off, nor what is being built, nor what comes later."""
    building, built = threading.Event(), threading.Event()

    def slow(attempt: int) -> Result[Order, str]:
        building.set()
        built.wait(60)
        return Success(Order("slow", attempt))

    with town(workers=2, backoff=0.4) as place:
        place.queue("slow", slow)
        building.wait(60)
        place.cloud.refuse("submit", Kind.THROTTLED, 1000)
        for number in range(3):
            place.queue(f"t{number}")  # due again after 0.2 to 0.4 s, and again
        until(lambda: [job.stage for job in place.engine.jobs()].count(Stage.BACKING_OFF) == 3)
        threading.Timer(0.7, built.set).start()
        place.engine.end(stop=stop, timeout=2.0)
        calls = place.cloud.calls["submit"]
        place.queue("later")
        built.wait(60)
        time.sleep(0.6)
        assert place.cloud.calls["submit"] == calls


def test_an_engine_that_was_never_started_ends_at_once_and_twice_is_no_harm(place: Town) -> None:
    unborn = engine_in(Cloud(), Rows(), config())
    unborn.end(stop=True, timeout=5.0)
    assert list(unborn.airflow_updates()) == []
    place.engine.end(stop=True, timeout=2.0)
    place.engine.end(stop=True, timeout=2.0)


def test_the_end_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with town() as place:
        place.queue("t")
        until(lambda: place.cloud.live())
    until(lambda: not (set(threading.enumerate()) - before))


# --- People look -------------------------------------------------------------------------------------------


def test_repr_is_one_line_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    work_item: WorkItem[str, Order] = WorkItem(job=Job(token="t"), key="t", build=Plain("t"))
    with town(backoff=10.0) as place:
        place.cloud.refuse("submit", Kind.CAPACITY)
        place.rows.put("t", "queued")
        place.engine.hand_over(iter([work_item]))
        until(lambda: place.told("t"))
        (job,) = place.engine.jobs()
        assert job.request == Order("t", 1, SECRET)
        assert re.fullmatch(
            r"<Engine <1 jobs: 1 backing off>, \d messages, <build <Workers 1 threads, 0 calls wait>, "
            r"submit <Workers 4 threads, 0 calls wait>, "
            r"poll <Workers 2 threads, \d calls wait>, "
            r"store <Workers 2 threads, 0 calls wait>, database <Workers 1 threads, \d calls wait>, "
            r"rows <Workers 1 threads, 0 calls wait>>>",
            repr(place.engine),
        )
        assert SECRET not in f"{place.engine!r} {work_item!r} {place.heard!r} {job!r} {job} {caplog.text}"


def test_c17_the_same_key_queued_again_while_its_first_container_still_ends(place: Town) -> None:
    place.rows.put("key", "queued", "first")
    place.hand_over("first", "key", Plain("first"))
    until(lambda: place.cloud.live() == ["c1"])
    place.cloud.run("c1")
    place.rows.put("key", "queued", "second")
    place.hand_over("second", "key", Plain("second"))
    until(lambda: place.ends("first") == [ReleaseSlot()])
    until(lambda: place.cloud.of("second") == ["c2"])
    place.cloud.run("c2")
    place.rows.put("key", "running", "second")
    place.cloud.finish("c1")
    until(lambda: [job.token for job in place.engine.jobs()] == ["second"])
    assert place.ends("first") == [ReleaseSlot()]
    assert place.ends("second") == []


class Clock:
    """Time that can be made to jump."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def test_an_engine_that_stood_still_reads_rows_before_it_submits() -> None:
    """Its process was paused: meanwhile Airflow took it for dead, and queued the task anew elsewhere."""
    clock, cloud, rows = Clock(), Cloud(), Rows()
    cloud.refuse("submit", times=2)
    engine = engine_in(cloud, rows, config(backoff=30.0), clock)  # due when the clock jumps, not before
    town = Town(cloud, rows, engine)
    engine.start()
    town.queue("t")
    town.queue("u")
    until(lambda: len(cloud.orders) >= 2)
    rows.put("t", "queued", "of another scheduler")
    clock.ahead = 60.0
    until(lambda: cloud.of("u"))
    assert cloud.of("t") == []
    assert town.ends("t") == [ReleaseSlot()]
    engine.end(stop=False, timeout=1.0)


def test_a_submission_that_no_worker_took_in_time_is_not_made_late() -> None:
    clock, cloud = Clock(), Cloud()
    messages: queue.SimpleQueue[InboxItem] = queue.SimpleQueue()
    answers: list[Event[Order]] = []
    operations: Operations[str, Order] = Operations(cloud, Rows(), messages.put, clock, workers=1)
    job: Job[Order] = Job(token="t")
    operations.perform(WorkItem(job=job, key="t"), Submit(Order("t")), answers.append)
    clock.ahead = 60.0
    operations.start()
    messages.get(timeout=60.0)()
    operations.stop()
    (answer,) = answers
    assert isinstance(answer, Refused)
    assert (answer.error, cloud.orders) == (TOO_LATE, [])


def test_while_aws_is_slow_submissions_wait_where_none_is_too_late() -> None:
    clock, cloud, rows = Clock(), Cloud(), Rows()
    engine = engine_in(cloud, rows, config(workers=4), clock)
    place = Town(cloud, rows, engine)
    engine.start()
    cloud.hold("submit")
    tokens = [f"t{number}" for number in range(20)]
    for token in tokens:
        place.queue(token)
    until(lambda: cloud.calls["submit"] == 4)
    for _ in range(8):  # seconds in which no call ends, and the engine never stands still
        clock.ahead += 1.0
        place.run_due()
    cloud.let_go("submit")
    until(lambda: len(cloud.containers) == 20)
    late = [token for token in tokens if place.told(token)]
    engine.end(stop=False, timeout=1.0)
    assert len(late) <= 1, late  # the one for which the next free worker was meant
