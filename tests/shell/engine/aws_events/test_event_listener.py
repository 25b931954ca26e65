"""The listener on a real queue: the embedded AWS sends events, and the engine has them, once and for all.

Law: real threads, a real client, real rules. What is awaited is a state, never a time.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from returns.result import Failure, Result, Success

from aws_executors.core.aws.backoff import Backoff
from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.event_rules import GIVEN_BACK
from aws_executors.core.ecs.answers.describe import observe_event
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.ecs.structures import (
    AwsvpcConfiguration,
    ContainerOverride,
    NetworkConfiguration,
    Overrides,
)
from aws_executors.core.lifecycle.effects import Report
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.observation import Observation, Source, Unreadable
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.local import LocalAws
from aws_executors.shell.aws import event_queue
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.ecs import EcsCalls
from aws_executors.shell.aws.event_queue import AT_ONCE, EventQueue, Message
from aws_executors.shell.engine.aws_events import listener as listening
from aws_executors.shell.engine.aws_events.feed import News
from aws_executors.shell.engine.aws_events.intake import EventIntake
from aws_executors.shell.engine.aws_events.listener import EventListener
from aws_executors.shell.engine.calls.rate_limiter import Account
from aws_executors.shell.engine.dispatcher import EngineConfig
from aws_executors.shell.engine.messages import WorkItem
from aws_executors.shell.engine.thread import Engine
from support.event_queues import events_queue
from support.sites import ecs_site
from support.worlds import Rows, Unmeasured

NETWORK = NetworkConfiguration(awsvpc_configuration=AwsvpcConfiguration(subnets=("subnet-1",)))
PACE = PollInterval(quickest=1000.0, slowest=1000.0, first_poll=1000.0)  # no poll tells what an event should
SETTINGS = EcsSettings(
    region="us-east-1",
    cluster="etl",
    container_name="main",
    task_definition="job",
    subnets=("subnet-1",),
)
READ = partial(observe_event, container="main")


def until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until this is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.01)


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with pytest.MonkeyPatch.context() as monkeypatch, LocalAws(max_processes=8) as cloud:
        ecs_site(cloud, "etl", family="job")
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(event_queue, "LONG_POLL", 1)  # or each listener would outlive its test by 20 s
        yield cloud


@dataclass
class Scheduler:
    """An engine that hears of its containers by a queue."""

    engine: Engine[str, RunTask]
    rows: Rows
    reports: list[tuple[float, str, bool]] = field(default_factory=list)

    def run(self, token: str, *command: str) -> None:
        """A container is started for a task, and runs this."""
        self.rows.put(token, "running")
        request = RunTask(
            task_definition="job",
            cluster="etl",
            launch_type="FARGATE",
            network_configuration=NETWORK,
            overrides=Overrides(container_overrides=(ContainerOverride(name="main", command=command),)),
            started_by=f"airflow/{token}",
            client_token=f"{token}-1",
        )
        job: Job[RunTask] = Job(token=token)
        item = WorkItem(job=job, key=token, build=lambda attempt: Success(request))
        self.engine.hand_over(iter([item]))

    def ended(self) -> list[str]:
        """The tokens of which an end was reported."""
        for update in self.engine.airflow_updates():
            if isinstance(update.effect, Report):
                self.reports.append((time.monotonic(), update.token, update.effect.success))
                self.rows.put(update.key, "success" if update.effect.success else "failed")
        return [token for _, token, _ in self.reports]

    def has_ended(self, token: str) -> bool:
        """Whether the end of this one was reported."""
        return token in self.ended()


@contextmanager
def scheduler(aws: LocalAws, url: str, pace: PollInterval = PACE) -> Iterator[Scheduler]:
    """A scheduler that listens to this queue."""
    settings = SETTINGS.model_copy(update={"endpoint_url": aws.url})
    rows, service = Rows(), EcsCalls(Clients(settings), settings)
    config = EngineConfig(policy=Policy(idempotent=True), pace=pace, rows_every=0.1, events=True)
    rate_limiter = Account().share(service.allotments)
    engine: Engine[str, RunTask] = Engine(service, rows, config, rate_limiter, Unmeasured())
    listener = EventListener(EventQueue(Clients(settings), url), EventIntake(READ, engine, Unmeasured()))
    engine.start()
    listener.start()
    try:
        yield Scheduler(engine, rows)
    finally:
        listener.end()
        engine.end(stop=True, timeout=5.0)


def messages(aws: LocalAws, url: str) -> int:
    """How many messages the queue still has, seen or unseen."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def test_an_exit_is_reported_by_its_event_and_the_queue_is_empty_then(aws: LocalAws) -> None:
    url = events_queue(aws, "one")
    with scheduler(aws, url) as one:
        one.run("first", "true")
        until(lambda: one.engine.news is News.EVENTS)
        one.run("second", "sh", "-c", "exit 3")
        until(lambda: sorted(one.ended()) == ["first", "second"])
        assert {token: well for _, token, well in one.reports} == {"first": True, "second": False}
        until(lambda: messages(aws, url) == 0)


def test_three_schedulers_share_a_queue_and_each_hears_of_its_own(aws: LocalAws) -> None:
    url = events_queue(aws, "shared")
    with ExitStack() as all_three:
        three = [all_three.enter_context(scheduler(aws, url)) for _ in range(3)]
        for number, one in enumerate(three):
            one.run(f"t{number}", "sleep", "1")
        for number, one in enumerate(three):
            until(partial(one.has_ended, f"t{number}"))
            assert one.engine.news is News.EVENTS
        until(lambda: messages(aws, url) == 0)


def test_of_many_messages_each_is_taken_in_and_by_several_threads(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, sqs = events_queue(aws, "many"), aws.client("sqs")
    entries = [{"Id": str(number), "MessageBody": event(f"arn:{number % 7}").body} for number in range(10)]
    for _ in range(20):
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    threads, consumer, several, reads = set[str](), Consumer(), threading.Event(), itertools.count()
    read = READ

    def reading(event: object) -> Result[Observation, Unreadable]:
        threads.add(threading.current_thread().name + str(threading.get_ident()))
        if len(threads) > 1:
            several.set()
        if next(reads) >= AT_ONCE:  # after its first messages, the first thread has called for help
            several.wait(60)
        return read(event)

    listener = EventListener(EventQueue(Clients(SETTINGS), url), EventIntake(reading, consumer, Unmeasured()))
    monkeypatch.setattr(consumer, "tell", partial(take_all, consumer))
    listener.start()
    until(lambda: messages(aws, url) == 0)
    listener.end()
    assert len(consumer.heard) == 200
    assert len(threads) > 1


def take_all(consumer: Consumer, seen: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
    """All are this engine's."""
    consumer.heard.extend(seen)
    then(frozenset())


def test_a_message_that_nobody_can_read_is_logged_once_and_gone(
    aws: LocalAws, caplog: pytest.LogCaptureFixture
) -> None:
    url = events_queue(aws, "odd")
    for body in (
        "no JSON",
        '{"detail-type": "Tea"}',
        "[1]",
        '{"detail": {"taskArn": "arn:1", "lastStatus": "?"}}',
    ):
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    with scheduler(aws, url) as one:
        until(lambda: messages(aws, url) == 0)
        assert one.engine.news is News.UNPROVEN
    assert caplog.text.count("Reading an event failed") == 1


def test_a_queue_that_is_not_there_is_said_once_and_hinders_nothing(
    aws: LocalAws, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "RECEIVE_BACKOFF", Backoff(base=0.05, cap=0.05))
    url = events_queue(aws, "short-lived")
    aws.client("sqs").delete_queue(QueueUrl=url)
    with scheduler(aws, url, replace(PACE, quickest=0.1, slowest=0.1)) as one:
        one.run("t", "true")
        until(lambda: one.ended() == ["t"])
    assert caplog.text.count("Receiving events failed: ") == 1
    assert "NonExistentQueue" in caplog.text


# --- What becomes of a message, without a queue -----------------------------------------------------------


@dataclass
class RecordingSource:
    """A queue that keeps what was asked of it."""

    holds: list[Result[tuple[Message, ...], AwsError]]
    deleted: list[str] = field(default_factory=list)
    given_back: dict[str, int] = field(default_factory=dict)
    refuses: AwsError | None = None

    def receive(self) -> Result[tuple[Message, ...], AwsError]:
        return self.holds.pop(0)

    def delete(self, messages: Sequence[Message]) -> Result[None, AwsError]:
        self.deleted += [one.receipt for one in messages]
        return Success(None) if self.refuses is None else Failure(self.refuses)

    def give_back(self, messages: Mapping[Message, int]) -> Result[None, AwsError]:
        self.given_back |= {one.receipt: seconds for one, seconds in messages.items()}
        return Success(None)


@dataclass
class Consumer:
    """An engine that knows one container."""

    own: str = "arn:own"
    heard: list[Observation] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    deaf: bool = False
    told: list[int] = field(default_factory=list)

    def tell(self, seen: Sequence[Observation], then: Callable[[frozenset[str]], None]) -> None:
        self.told.append(len(seen))
        if not self.deaf:
            self.heard += seen
            then(frozenset(one.id for one in seen) - {self.own})

    def events_failed(self, problem: str, began: float) -> None:
        self.problems.append(problem)


def event(task: str, times: int = 1) -> Message:
    detail = {"taskArn": task, "lastStatus": "PENDING", "version": 2}
    body = json.dumps({"detail-type": "ECS Task State Change", "detail": detail})
    return Message(body, f"{task} {times}", times)


def test_a_message_on_which_the_reader_breaks_hinders_no_other() -> None:
    consumer = Consumer()
    source = after_receiving(consumer, Message("[" * 200_000, "poison"), event("arn:own"))
    assert [one.id for one in consumer.heard] == ["arn:own"]
    assert source.deleted == ["poison", "arn:own 1"]


def test_an_event_that_came_by_way_of_sns_is_read_like_any_other() -> None:
    """A topic that spreads events to several queues puts each into a message of its own, unless raw delivery
    is on. Source: "Amazon SNS raw message delivery", Developer Guide."""
    by_sns = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:containers"}
    wrapped = json.dumps(by_sns | {"MessageId": "22b8", "Message": event("arn:own").body})
    broken = json.dumps(by_sns | {"Message": "no JSON"})
    consumer = Consumer()
    source = after_receiving(consumer, Message(wrapped, "wrapped"), Message(broken, "broken"))
    assert [one.id for one in consumer.heard] == ["arn:own"]
    assert source.deleted == ["wrapped", "broken"]


def test_what_comes_after_the_end_is_given_back_for_others() -> None:
    consumer, source = Consumer(), RecordingSource([Success((event("arn:own"),))])
    listener = EventListener(source, EventIntake(READ, consumer, Unmeasured()))
    listener.end()
    listener.receive()
    assert (consumer.heard, source.deleted, source.given_back) == ([], [], {"arn:own 1": 0})


def test_a_refusal_to_delete_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    denied = AwsError(kind=Kind.PERMANENT, code="AccessDenied", message="not authorized")
    source = RecordingSource([Success((event("arn:own", times),)) for times in (1, 2)], refuses=denied)
    listener = EventListener(source, EventIntake(READ, Consumer(), Unmeasured()))
    listener.receive()
    listener.receive()
    assert caplog.text.count("Acknowledging events failed: AccessDenied: not authorized") == 1


def test_a_message_does_not_print_what_is_in_it() -> None:
    assert "PENDING" not in repr(event("arn:own"))


def after_receiving(consumer: Consumer, *received: Message) -> RecordingSource:
    source = RecordingSource([Success(received)])
    EventListener(source, EventIntake(READ, consumer, Unmeasured())).receive()
    return source


def test_what_is_taken_in_is_acknowledged_and_what_is_not_ours_given_back() -> None:
    consumer = Consumer()
    source = after_receiving(consumer, event("arn:own"), event("arn:other"), Message("no JSON", "odd"))
    assert [(one.id, one.source) for one in consumer.heard] == [
        ("arn:own", Source.EVENT),
        ("arn:other", Source.EVENT),
    ]
    assert source.deleted == ["arn:own 1", "odd"]
    assert source.given_back == {"arn:other 1": 0}


def test_it_is_given_back_at_once_first_then_later_then_no_more() -> None:
    waits = [
        after_receiving(Consumer(), event("arn:other", times)).given_back.get(f"arn:other {times}")
        for times in range(1, len(GIVEN_BACK) + 2)
    ]
    assert waits == [*GIVEN_BACK, None]
    assert after_receiving(Consumer(), event("arn:other", len(GIVEN_BACK) + 1)).deleted
    assert list(GIVEN_BACK) == sorted(GIVEN_BACK)


def test_what_the_engine_has_not_taken_in_is_not_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "ENGINE_WITHIN", 0.01)
    source = after_receiving(Consumer(deaf=True), event("arn:own"))
    assert (source.deleted, source.given_back) == ([], {})


def test_an_empty_answer_says_that_the_queue_can_be_read() -> None:
    consumer = Consumer()
    source = after_receiving(consumer)
    assert (consumer.told, source.deleted, source.given_back) == ([0], [], {})


def test_trouble_is_told_to_the_engine_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "RECEIVE_BACKOFF", Backoff(base=0.0, cap=0.0))
    denied = AwsError(kind=Kind.PERMANENT, code="AccessDenied", message="not authorized")
    consumer, source = Consumer(), RecordingSource([Failure(denied), Failure(denied)])
    listener = EventListener(source, EventIntake(READ, consumer, Unmeasured()))
    listener.receive()
    listener.receive()
    assert consumer.problems == ["AccessDenied: not authorized"] * 2
