"""The log of a running container, read through boto3 from the embedded AWS, on real processes.

Law: no mock. A clock that is set by hand stands for the time between two looks.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.batch.overrides import ContainerOverrides
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.ecs.structures import (
    AwsvpcConfiguration,
    ContainerOverride,
    NetworkConfiguration,
    Overrides,
)
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.logs.lines import LINES
from aws_executors.core.logs.streams import Stream
from aws_executors.local import LocalAws
from aws_executors.shell.aws.batch import BatchCalls
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.ecs import EcsCalls
from aws_executors.shell.ui.live_logs import AGAIN, CALLS, EVERY, REMEMBERED, LiveLogs, TaskLog
from aws_executors.shell.ui.lookups import LazyLookups, Lookups, RegionLookups
from support.sites import batch_site, ecs_site

NETWORK = NetworkConfiguration(awsvpc_configuration=AwsvpcConfiguration(subnets=("subnet-1",)))
OPTIONS = {"awslogs-group": "/airflow", "awslogs-stream-prefix": "tasks", "awslogs-region": "us-east-1"}
CONSOLE = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/"
SAYS = "import time; [print('line', n, flush=True) for n in range({})]; time.sleep(60)"


@pytest.fixture(scope="module")
def world() -> Iterator[LocalAws]:
    with LocalAws(max_processes=16) as aws:
        aws.client("logs").create_log_group(logGroupName="/airflow")
        configured = {
            "logged": {"logDriver": "awslogs", "options": OPTIONS},
            "elsewhere": {"logDriver": "awslogs", "options": OPTIONS | {"awslogs-region": "eu-west-1"}},
            "splunked": {"logDriver": "splunk", "options": {}},
        }
        for family, log in configured.items():
            ecs_site(aws, family=family, logConfiguration=log)
        batch_site(aws, "q")
        yield aws


@pytest.fixture
def aws(world: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LOGS", world.url)
    world.faults.clear()
    return world


@pytest.fixture
def ecs(aws: LocalAws) -> EcsCalls:
    settings = EcsSettings(
        region="us-east-1",
        cluster="etl",
        container_name="main",
        task_definition="logged",
        subnets=("subnet-1",),
        endpoint_url=aws.url,
    )
    return EcsCalls(Clients(settings), settings)


@pytest.fixture
def batch(aws: LocalAws) -> BatchCalls:
    settings = BatchSettings(
        region="us-east-1", job_name="airflow", job_queue="q", job_definition="d", endpoint_url=aws.url
    )
    return BatchCalls(Clients(settings), settings)


class Clock:
    """Time that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def live(lookups: Lookups, clock: Callable[[], float] = time.monotonic) -> LiveLogs:
    return LiveLogs(LazyLookups(lambda: Success(RegionLookups(lookups=lookups, region="us-east-1"))), clock)


def task(ecs: EcsCalls, token: str, *command: str, definition: str = "logged") -> str:
    request = RunTask(
        task_definition=definition,
        cluster="etl",
        launch_type="FARGATE",
        network_configuration=NETWORK,
        overrides=Overrides(container_overrides=(ContainerOverride(name="main", command=command),)),
        started_by=f"airflow/{token}",
        client_token=f"{token}-1",
    )
    return ecs.submit(request).unwrap()


def texts(read: TaskLog) -> list[str]:
    return [json.loads(found)["event"] for found in read[1]]


def until(logs: LiveLogs, clock: Clock, token: str, done: Callable[[TaskLog], bool]) -> TaskLog:
    """Look again and again, as an open page does, until something is so."""
    deadline = time.monotonic() + 60
    while True:
        clock.now += AGAIN
        read = logs.read(token)
        if done(read):
            return read
        assert time.monotonic() < deadline, f"not within 60 s: {read}"
        time.sleep(0.05)


def test_the_log_of_an_ecs_task_by_its_token_and_by_its_arn(ecs: EcsCalls, clock: Clock) -> None:
    arn = task(ecs, "whole", "python", "-c", SAYS.format(3))
    logs = live(ecs, clock)
    messages, lines = until(logs, clock, "whole", lambda read: len(read[1]) == 3)
    assert [json.loads(found)["event"] for found in lines] == ["line 0", "line 1", "line 2"]
    stream = f"tasks/main/{arn.rpartition('/')[2]}"
    assert messages == [
        f"CloudWatch Logs: log group /airflow, stream {stream}, in us-east-1",
        f"{CONSOLE}log-group/$252Fairflow/log-events/{stream.replace('/', '$252F')}",
    ]
    assert texts(live(ecs).read(arn)) == ["line 0", "line 1", "line 2"]


def test_the_log_of_a_batch_job_by_its_token_and_by_its_id(batch: BatchCalls, clock: Clock) -> None:
    request = SubmitJob(
        job_name="airflow-whole-1",
        job_queue="q",
        job_definition="d",
        container_overrides=ContainerOverrides(command=("python", "-c", SAYS.format(2))),
    )
    job = batch.submit(request).unwrap()
    logs = live(batch, clock)
    messages, _ = until(logs, clock, "whole", lambda read: len(read[1]) == 2)
    assert messages[0].startswith("CloudWatch Logs: log group /aws/batch/job, stream d/default/")
    assert texts(live(batch).read(job)) == ["line 0", "line 1"]


def test_what_is_new_comes_and_nothing_comes_twice(ecs: EcsCalls, clock: Clock) -> None:
    program = "import time; [print(n, flush=True) or time.sleep(0.2) for n in range(12)]"
    task(ecs, "grows", "python", "-c", program)
    logs = live(ecs, clock)
    until(logs, clock, "grows", lambda read: len(read[1]) >= 2)
    done = until(logs, clock, "grows", lambda read: len(read[1]) >= 12)
    assert texts(done) == [str(number) for number in range(12)]


def test_of_a_long_log_the_newest_lines(ecs: EcsCalls, clock: Clock) -> None:
    task(ecs, "long", "python", "-c", SAYS.format(LINES + 500))
    logs = live(ecs, clock)
    last = f"line {LINES + 499}"
    messages, lines = until(logs, clock, "long", lambda read: last in texts(read)[-1:])
    assert len(lines) <= LINES
    assert json.loads(lines[-1])["event"] == last
    assert len(messages) >= 2


def test_many_who_watch_make_one_look(ecs: EcsCalls, aws: LocalAws, clock: Clock) -> None:
    task(ecs, "popular", "python", "-c", SAYS.format(1))
    logs = live(ecs, clock)
    until(logs, clock, "popular", lambda read: bool(read[1]))
    before = aws.calls()["logs.GetLogEvents"]["calls"]
    clock.now += EVERY
    for _ in range(50):
        assert len(logs.read("popular")[1]) == 1
    assert aws.calls()["logs.GetLogEvents"]["calls"] == before + 1


def test_the_process_has_a_limit_of_calls(ecs: EcsCalls, aws: LocalAws, clock: Clock) -> None:
    task(ecs, "busy", "python", "-c", SAYS.format(1))
    logs = live(ecs, clock)
    until(logs, clock, "busy", lambda read: bool(read[1]))
    before = aws.calls()["logs.GetLogEvents"]["calls"]
    for _ in range(200):
        clock.now += EVERY + 0.01
        logs.read("busy")
        clock.now -= EVERY  # ten looks in a tenth of a second
    made = aws.calls()["logs.GetLogEvents"]["calls"] - before
    assert made <= CALLS.burst + CALLS.rate * (200 * 0.01 + EVERY + AGAIN)
    assert len(logs.read("busy")[1]) == 1


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("elsewhere", "it is in eu-west-1, and here only us-east-1 is read"),
        ("splunked", "its container has the log driver 'splunk', and only what awslogs writes can be read"),
    ],
)
def test_where_it_can_not_be_read_it_says_so(ecs: EcsCalls, definition: str, words: str) -> None:
    token = f"not-{definition}"
    task(ecs, token, "sleep", "60", definition=definition)
    messages, lines = live(ecs).read(token)
    assert lines == []
    assert words in messages[-1]


def test_what_aws_does_not_show_is_said(ecs: EcsCalls, batch: BatchCalls) -> None:
    for lookups in (ecs, batch):
        messages, lines = live(lookups).read("nobody")
        assert lines == []
        assert messages == ["The container's log could not be read just now: AWS does not show it"]


def test_a_trouble_is_said_tried_again_later_and_forgotten(
    ecs: EcsCalls, aws: LocalAws, clock: Clock
) -> None:
    task(ecs, "troubled", "python", "-c", SAYS.format(1))
    logs = live(ecs, clock)
    until(logs, clock, "troubled", lambda read: bool(read[1]))
    denied = "not authorized to perform: logs:GetLogEvents"
    aws.faults.refuse("logs.GetLogEvents", "AccessDeniedException", denied)
    clock.now += EVERY
    messages, lines = logs.read("troubled")
    assert messages[-1].endswith(
        f"AccessDeniedException: {denied}. Allow logs:GetLogEvents for the role that the scheduler runs as."
    )
    assert len(lines) == 1
    calls = aws.calls()
    clock.now += EVERY
    logs.read("troubled")
    assert aws.calls() == calls
    clock.now += AGAIN
    assert len(logs.read("troubled")[0]) == 2


def test_only_some_logs_are_remembered(ecs: EcsCalls) -> None:
    logs = live(ecs)
    for number in range(REMEMBERED + 10):
        logs.read(f"nobody-{number}")
    assert len(logs._followed) == REMEMBERED


def test_of_a_log_whose_last_lines_were_given_nothing_is_kept(ecs: EcsCalls, clock: Clock) -> None:
    """The scheduler asks for those of each container that has failed, and never again."""
    task(ecs, "failed", "python", "-c", SAYS.format(30))
    logs = live(ecs, clock)
    deadline = time.monotonic() + 60
    while len(lines := logs.tail("failed", 20)) < 20:
        assert time.monotonic() < deadline
        clock.now += EVERY
    assert json.loads(lines[-1])["event"] == "line 29"
    assert len(logs._followed) == 0
    assert logs.tail("nobody", 20) == ()  # its lines may come yet
    assert [*logs._followed] == ["nobody"]


class Breaks:
    """A service that must not raise, and does."""

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        raise RuntimeError(token)

    def log_stream(self, token: str) -> Result[Stream, AwsError]:
        raise RuntimeError(token)

    def past_log(self, container: str) -> Result[Stream, AwsError]:
        raise AssertionError("only links ask for it")

    def ended_log(self, seen: Observation) -> Result[Stream, AwsError]:
        raise AssertionError("only the record of usage asks for it")

    def log_page(self, stream: Stream, next_token: str) -> Result[object, AwsError]:
        raise RuntimeError(next_token)


def test_never_an_exception_and_always_a_message() -> None:
    logs = live(Breaks())
    for _ in range(2):
        messages, lines = logs.read("token")
        assert lines == []
        assert messages == ["The container's log could not be read; the API server's log says why."]


def test_bad_settings_are_said_and_read_once() -> None:
    asked = []

    def source() -> Result[RegionLookups, str]:
        asked.append(1)
        return Failure("[batch] has a fault")

    logs = LiveLogs(LazyLookups(source))
    assert asked == []
    for _ in range(3):
        assert logs.read("token") == (["The container's log cannot be read: [batch] has a fault"], [])
    assert len(asked) == 1


class Slow:
    """A service whose first answer comes when it is let go."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked = threading.Event()

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        return Success(None)

    def log_stream(self, token: str) -> Result[Stream, AwsError]:
        self.asked.set()
        self.gate.wait(60)
        return Success(Stream(group="g", name="s"))

    def past_log(self, container: str) -> Result[Stream, AwsError]:
        raise AssertionError("only links ask for it")

    def ended_log(self, seen: Observation) -> Result[Stream, AwsError]:
        raise AssertionError("only the record of usage asks for it")

    def log_page(self, stream: Stream, next_token: str) -> Result[object, AwsError]:
        return Success({"events": [{"message": "late"}], "nextForwardToken": "f", "nextBackwardToken": "b"})


def test_nobody_waits_for_a_look_of_somebody_else() -> None:
    slow = Slow()
    logs = live(slow)
    first = threading.Thread(target=logs.read, args=("token",))
    first.start()
    assert slow.asked.wait(60)
    assert logs.read("token") == (["Looking for the container's log."], [])
    slow.gate.set()
    first.join(60)
    assert "late" in logs.read("token")[1][0]
