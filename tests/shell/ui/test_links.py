"""Links to a container and its log: nobody waits long, nothing is raised, nothing grows forever."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.core.logs.streams import Stream
from aws_executors.shell.ui import links as links_module
from aws_executors.shell.ui.links import AT_ONCE, FRESH, REMEMBERED, Links, Trace
from aws_executors.shell.ui.lookups import LazyLookups, RegionLookups

ARN = "arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e"
TASK = "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/etl/tasks/0f1e?region=us-east-1"
JOB = "https://us-east-1.console.aws.amazon.com/batch/home?region=us-east-1#jobs/detail/4c75"
LOG = (
    "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
    "#logsV2:log-groups/log-group/g/log-events/s"
)
DENIED = AwsError(kind=Kind.PERMANENT, code="AccessDeniedException", message="no")


HELD = 60.0
"""Seconds for which a look-up hangs that is never let go."""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages wait for a link that comes, however slow the machine is."""
    monkeypatch.setattr(links_module, "WAIT", HELD)


class Shelf:
    """Containers by token, with one log stream for all."""

    def __init__(self, **containers: str) -> None:
        self.containers = containers
        self.group: str | None = None
        self.logs: tuple[str, ...] = ()
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        self.asked.append(token)
        self.gate.wait(HELD)
        if token == "raises":
            raise RuntimeError(token)
        if token == "denied":
            return Failure(DENIED)
        id_ = self.containers.get(token)
        return Success(None if id_ is None else Observation(id=id_, phase=Phase.RUNNING))

    def log_stream(self, token: str) -> Result[Stream, AwsError]:
        known = token in self.containers.values()
        return Success(Stream(group="g", name="s")) if known else Failure(DENIED)

    def past_log(self, container: str) -> Result[Stream, AwsError]:
        if self.group is None:
            return Failure(DENIED)
        return Success(Stream(group=self.group, name=f"past/{container}" if container else ""))

    def ended_log(self, seen: Observation) -> Result[Stream, AwsError]:
        raise AssertionError("only the record of usage asks for it")

    def log_page(self, stream: Stream, next_token: str) -> Result[object, AwsError]:
        return Success({}) if stream.name in self.logs else Failure(DENIED)


class Clock:
    """Time that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def links(shelf: Shelf, clock: Clock | None = None) -> Links:
    return Links(
        LazyLookups(lambda: Success(RegionLookups(lookups=shelf, region="us-east-1"))), clock or Clock()
    )


@pytest.mark.parametrize(
    ("token", "container", "log"),
    [("task", TASK, LOG), ("job", JOB, LOG), ("nobody", "", ""), ("denied", "", ""), ("raises", "", "")],
)
def test_what_is_found(token: str, container: str, log: str) -> None:
    found = links(Shelf(task=ARN, job="4c75"))
    assert (found.container(token), found.log(token)) == (container, log)


CONSOLE = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
EXACT = f"{CONSOLE}#logsV2:log-groups/log-group/g/log-events/past$252F{ID}"
AROUND = f"{CONSOLE}#logsV2:log-groups/log-group/g/log-events$3Fstart$3D940000$26end$3D1160000"
WORDS = f"It ended (arn:aws:ecs:us-east-1:123456789012:task/etl/{ID}, exit code 1). AWS says: no."
BEGAN, ENDED = datetime.fromtimestamp(1000, UTC), datetime.fromtimestamp(1100, UTC)


@pytest.mark.parametrize(
    ("trace", "logs", "expected"),
    [
        (Trace(host=ID, began=BEGAN, ended=ENDED), (f"past/{ID}",), EXACT),
        (Trace(host="ip-10-0-0-1.ec2.internal", words=WORDS), (f"past/{ID}",), EXACT),
        # The id is known, and the settings do not lead to its log (any more).
        (Trace(host=ID, began=BEGAN, ended=ENDED), (), AROUND),
        # Nobody knows the id.
        (Trace(host="ip-10-0-0-1.ec2.internal", began=BEGAN, ended=ENDED), (f"past/{ID}",), AROUND),
        (Trace(), (f"past/{ID}",), ""),
    ],
)
def test_a_container_that_aws_has_forgotten_still_has_its_log(
    trace: Trace, logs: tuple[str, ...], expected: str
) -> None:
    shelf = Shelf()
    shelf.group, shelf.logs = "g", logs
    found = links(shelf)
    assert (found.container("token", trace), found.log("token", trace)) == ("", expected)


def test_where_the_settings_say_nothing_of_a_log_there_is_no_link() -> None:
    assert links(Shelf()).log("token", Trace(host=ID, began=BEGAN, ended=ENDED)) == ""


def test_bad_settings_are_no_link() -> None:
    found = Links(LazyLookups(lambda: Failure("[batch] has a fault")))
    assert (found.container("task"), found.log("task")) == ("", "")


def test_both_links_make_one_look_up_and_a_later_page_another() -> None:
    shelf, clock = Shelf(task=ARN), Clock()
    found = links(shelf, clock)
    for _ in range(5):
        assert (found.container("task"), found.log("task")) == (TASK, LOG)
    assert shelf.asked == ["task"]
    clock.now += FRESH
    shelf.containers["task"] = "4c75"
    assert found.container("task") == JOB
    assert shelf.asked == ["task", "task"]


def test_a_page_does_not_wait_long_and_has_the_link_later(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(task=ARN)
    shelf.gate.clear()
    found = links(shelf)
    with monkeypatch.context() as hurried:
        hurried.setattr(links_module, "WAIT", 0.1)
        began = time.monotonic()
        assert found.container("task") == ""
        assert time.monotonic() - began < HELD / 2
    shelf.gate.set()
    assert found.container("task") == TASK
    assert shelf.asked == ["task"]


def test_only_so_many_look_ups_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links_module, "WAIT", 0.1)
    shelf = Shelf(**{f"t{number}": ARN for number in range(50)})
    shelf.gate.clear()
    found = links(shelf)
    threads = [threading.Thread(target=found.container, args=(f"t{number}",)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HELD)
    while len(shelf.asked) < AT_ONCE:  # they have all begun, and may not have asked yet
        time.sleep(0.01)
    assert len(shelf.asked) == AT_ONCE
    shelf.gate.set()
    monkeypatch.setattr(links_module, "WAIT", HELD)
    assert found.container(shelf.asked[0]) == TASK


def test_a_lack_of_threads_that_passes_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links_module, "WAIT", 0.1)
    found = links(Shelf(task=ARN))

    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", refused)
        for _ in range(AT_ONCE + 1):
            assert found.container("task") == ""
    monkeypatch.setattr(links_module, "WAIT", HELD)
    assert found.container("task") == TASK


def test_only_so_many_are_remembered() -> None:
    shelf = Shelf()
    found = links(shelf)
    for number in range(REMEMBERED + 20):
        found.container(f"t{number}")
    assert len(found._known) <= REMEMBERED
