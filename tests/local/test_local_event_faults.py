"""Events that are lost, doubled, late or out of order on demand, and ways that are closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from aws_executors.local.world import verbs
from local.told_worlds import URL, Told
from support.event_queues import events_queue
from support.queue_laws import taken

if TYPE_CHECKING:
    from local.conftest import Account, Virtual

TASKS, EVENTS = 50, 4  # on its way to RUNNING, a task makes so many events


@pytest.fixture
def told(virtual: Callable[..., Virtual]) -> Told:
    v = virtual(seed=3)
    v.ecs()
    return Told(v)


def told_after(told: Told, seconds: float = 0.0) -> list[tuple[str, int]]:
    """The task and the version of each event of so many tasks that are started, after a while."""
    for _ in range(TASKS):
        told.v.run()
    told.v.wait(seconds)
    return [(event["detail"]["taskArn"], event["detail"]["version"]) for event in told.events()]


def test_without_faults_each_event_comes_once_and_in_order(told: Told) -> None:
    found = told_after(told)
    assert len(set(found)) == len(found) == TASKS * EVENTS
    assert [version for _, version in found] == [1, 2, 3, 4] * TASKS


def test_a_share_is_lost(told: Told) -> None:
    verbs.set_lost_events(told.v.world, 0, 0.2)
    found = told_after(told)
    assert len(set(found)) == len(found)
    assert 0.7 < len(found) / (TASKS * EVENTS) < 0.9
    verbs.set_lost_events(told.v.world, 0, 1)
    assert told_after(told) == []


def test_a_share_is_doubled_with_its_id(told: Told) -> None:
    verbs.set_doubled_events(told.v.world, 0, 0.2)
    for _ in range(TASKS):
        told.v.run()
    times = Counter(event["id"] for event in told.events())
    assert len(times) == TASKS * EVENTS
    assert set(times.values()) == {1, 2}
    assert 0.1 < sum(number == 2 for number in times.values()) / len(times) < 0.3


def test_they_are_late(told: Told) -> None:
    verbs.set_late_events(told.v.world, 0, 60)
    assert told_after(told, 59.9) == []
    told.v.wait(0.1)
    assert len(told.events()) == TASKS * EVENTS


def test_they_overtake_each_other(told: Told) -> None:
    verbs.set_spread_events(told.v.world, 0, 60)
    found = told_after(told, 60)
    assert len(set(found)) == len(found) == TASKS * EVENTS
    by_task: dict[str, list[int]] = {}
    for task, version in found:
        by_task.setdefault(task, []).append(version)
    assert sum(versions != [1, 2, 3, 4] for versions in by_task.values()) > TASKS / 2


def test_the_same_seed_is_the_same_trouble(virtual: Callable[..., Virtual]) -> None:
    def trouble(seed: int) -> list[tuple[str, int]]:
        v = virtual(seed=seed)
        v.ecs()
        told = Told(v)
        verbs.set_lost_events(v.world, 0, 0.1)
        verbs.set_doubled_events(v.world, 0, 0.1)
        verbs.set_spread_events(v.world, 0, 60)
        return told_after(told, 60)

    assert trouble(1) == trouble(1) != trouble(2)


def test_a_way_can_be_closed(told: Told) -> None:
    verbs.deny_events(told.v.world, 0, "q")
    assert told_after(told) == []
    verbs.clear(told.v.world, told.v.clock)
    assert len(told_after(told)) == TASKS * EVENTS
    verbs.turn_off_rule(told.v.world, told.v.clock, "r")
    assert told_after(told) == []
    assert told.v.call("events.DescribeRule", Name="r").body["State"] == "DISABLED"


def test_a_queue_can_be_denied_and_keeps_what_comes(told: Told) -> None:
    verbs.deny_queue(told.v.world, 0, "q")
    told.v.run()
    calls: list[tuple[str, dict[str, Any]]] = [
        ("ReceiveMessage", {}),
        ("DeleteMessage", {"ReceiptHandle": "x"}),
        ("DeleteMessageBatch", {"Entries": [{"Id": "a", "ReceiptHandle": "x"}]}),
        ("GetQueueAttributes", {}),
    ]
    for name, params in calls:
        answer = told.v.call(f"sqs.{name}", QueueUrl=URL, **params)
        assert (answer.error, answer.status) == ("AccessDeniedException", 403)
    verbs.clear(told.v.world, told.v.clock)
    assert len(told.events()) == EVENTS


def test_what_is_cleared_is_as_before(told: Told) -> None:
    for verb in (verbs.set_lost_events, verbs.set_doubled_events):
        verb(told.v.world, 0, 1)
    verbs.set_late_events(told.v.world, 0, 9)
    verbs.clear(told.v.world, told.v.clock)
    assert len(told_after(told)) == TASKS * EVENTS


def test_the_faults_are_methods(account: Account) -> None:
    queue = events_queue(account.aws, pattern={"detail": {"lastStatus": ["STOPPED"]}})
    sqs, faults = account.aws.client("sqs"), account.aws.faults
    faults.lose_events(0)
    faults.double_events(1)
    faults.delay_events(0.1)
    faults.reorder_events(0.1)
    account.run(account.script("pass"))
    found: list[Any] = []
    while len(found) < 2:
        found += taken(sqs, queue, WaitTimeSeconds=20)
    first, second = found
    assert first["Body"] == second["Body"]
    assert first["MessageId"] != second["MessageId"]
    faults.deny_queue("events")
    with pytest.raises(ClientError) as error:
        sqs.receive_message(QueueUrl=queue)
    assert error.value.response["Error"]["Code"] == "AccessDenied"
    assert "sqs:receivemessage on resource: arn:aws:sqs" in error.value.response["Error"]["Message"]
    faults.deny_events("events")
    faults.disable_rule("events")
    assert account.aws.client("events").describe_rule(Name="events")["State"] == "DISABLED"
