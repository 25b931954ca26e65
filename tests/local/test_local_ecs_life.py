"""The life of an ECS task in virtual time: steps, times, exit codes, ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aws_executors.local import snapshots
from aws_executors.local.world import FARGATE, Delays, Ref, StartFailed, World, feed
from local.conftest import NETWORK

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.conftest import Virtual

ALL = [
    "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING",
    "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED",
]  # fmt: skip


def test_a_task_goes_through_every_status(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    task = v.run()
    v.exit(0)
    assert v.statuses(task) == ALL
    shown = v.task(task)
    assert shown["version"] == 8
    assert (shown["stopCode"], shown["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert shown["containers"][0]["exitCode"] == 0


def test_fargate_delays_are_the_published_ones(virtual: Callable[..., Virtual]) -> None:
    v = virtual(delays=FARGATE)
    v.ecs()
    task = v.run()
    v.wait(120)
    shown = v.task(task)
    assert shown["pullStartedAt"] - shown["createdAt"] == 17
    assert 2 <= shown["pullStoppedAt"] - shown["pullStartedAt"] <= 80
    assert 2 <= shown["startedAt"] - shown["pullStoppedAt"] <= 6
    exited = v.clock
    v.exit(3)
    v.wait(9.9)
    assert v.task(task)["lastStatus"] == "RUNNING"
    v.wait(0.2)
    noticed = v.task(task)
    assert (noticed["lastStatus"], noticed["containers"][0]["exitCode"]) == ("DEPROVISIONING", 3)
    assert noticed["stoppingAt"] == exited + 10
    v.wait(40)
    stopped = v.task(task)
    assert 13 <= stopped["stoppedAt"] - stopped["stoppingAt"] <= 33
    times = ["createdAt", "pullStartedAt", "pullStoppedAt", "startedAt", "stoppingAt", "executionStoppedAt"]
    values = [stopped[name] for name in times]
    assert values == sorted(values)


@pytest.mark.parametrize("factor", [1.0, 0.05])
def test_fargate_bills_from_the_pull_to_the_exit_and_a_minute_at_least(
    virtual: Callable[..., Virtual], factor: float
) -> None:
    """The same bill, whatever share of their time the delays take."""
    delays = Delays(provision=(17, 17), pull=(30, 30), start=(5, 5), notice=(10, 10), deprovision=(20, 20))
    v = virtual(delays=delays, time_factor=factor)
    v.ecs(requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512")

    def run() -> str:
        return v.run(launchType="FARGATE", networkConfiguration=NETWORK)

    def billed() -> list[int]:
        return list(snapshots.billed(v.world, v.clock).values())

    long = run()
    v.wait(16.9 * factor)
    assert billed() == []
    v.wait(20 * factor)
    assert billed() == [60]
    v.wait(115.1 * factor)
    assert v.task(long)["lastStatus"] == "RUNNING"
    assert billed() == [135]
    v.exit(0)
    v.wait(31 * factor)
    assert v.task(long)["lastStatus"] == "STOPPED"
    assert billed() == [135]
    for stopped_after, bill in ((20, [135, 60]), (10, [135, 60])):  # the second one before its pull: free
        task = run()
        v.wait(stopped_after * factor)
        v.call("ecs.StopTask", cluster="c", task=task)
        v.wait(60 * factor)
        assert v.task(task)["lastStatus"] == "STOPPED"
        assert billed() == bill


def test_what_runs_on_instances_is_not_on_fargates_bill(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    v.run()
    v.exit(0)
    assert snapshots.billed(v.world, v.clock) == {}


def test_a_run_repeats_with_its_seed_and_differs_with_another(virtual: Callable[..., Virtual]) -> None:
    def story(seed: int) -> list[Any]:
        v = virtual(seed=seed, delays=FARGATE)
        v.ecs()
        v.run(count=3)
        v.wait(200)
        return list(v.world.changes)

    assert story(1) == story(1)
    assert story(1) != story(2)


def test_an_essential_container_takes_the_others_with_it(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs([{"name": "app"}, {"name": "side", "essential": False, "stopTimeout": 5}])
    task = v.run()
    v.exit(0)
    assert v.task(task)["lastStatus"] == "STOPPING"
    assert "exitCode" not in v.task(task)["containers"][0]
    assert v.signals == [("side", "TERM", v.clock)]
    v.wait(5)
    assert v.signals[-1] == ("side", "KILL", v.clock)
    v.exit(137, "side")
    codes = {one["name"]: one["exitCode"] for one in v.task(task)["containers"]}
    assert codes == {"app": 0, "side": 137}
    assert v.task(task)["lastStatus"] == "STOPPED"


def test_a_sidecar_that_ends_does_not_end_the_task(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs([{"name": "app"}, {"name": "side", "essential": False}])
    task = v.run()
    v.exit(7, "side")
    shown = {one["name"]: one for one in v.task(task)["containers"]}
    assert v.task(task)["lastStatus"] == "RUNNING"
    assert (shown["side"]["lastStatus"], shown["side"]["exitCode"]) == ("STOPPED", 7)
    assert shown["app"]["lastStatus"] == "RUNNING"
    v.exit(0, "app")
    assert v.task(task)["lastStatus"] == "STOPPED"


def test_stop_task_terminates_waits_and_kills(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    task = v.run()
    v.call("ecs.StopTask", cluster="c", task=task, reason="because")
    assert v.signals == [("app", "TERM", v.clock)]
    v.wait(29.9)
    assert len(v.signals) == 1
    v.wait(0.2)
    assert v.signals[1][:2] == ("app", "KILL")
    v.exit(137)
    shown = v.task(task)
    assert (shown["stopCode"], shown["stoppedReason"]) == ("UserInitiated", "because")
    assert (shown["lastStatus"], shown["containers"][0]["exitCode"]) == ("STOPPED", 137)


def test_a_task_stopped_before_it_ran_has_no_exit_code(virtual: Callable[..., Virtual]) -> None:
    v = virtual(delays=FARGATE)
    v.ecs()
    task = v.run()
    v.call("ecs.StopTask", cluster="c", task=task)
    v.wait(60)
    shown = v.task(task)
    assert (shown["lastStatus"], v.started) == ("STOPPED", [])
    assert "exitCode" not in shown["containers"][0]
    assert "startedAt" not in shown


def test_room_is_for_so_many_containers_and_the_rest_wait_in_order(virtual: Callable[..., Virtual]) -> None:
    v = virtual(room=2)
    v.ecs()
    tasks = [v.run() for _ in range(4)]
    assert [v.task(one)["lastStatus"] for one in tasks] == [
        "RUNNING",
        "RUNNING",
        "PROVISIONING",
        "PROVISIONING",
    ]
    v.exit(0, at=0)
    assert [effect.ref.task for effect in v.started] == tasks[:3]
    v.call("ecs.StopTask", cluster="c", task=tasks[3])
    assert v.task(tasks[3])["lastStatus"] == "STOPPED"


def test_a_task_larger_than_the_room_runs_alone(virtual: Callable[..., Virtual]) -> None:
    v = virtual(room=1)
    v.ecs([{"name": "app"}, {"name": "side"}])
    first, second = v.run(), v.run()
    assert [v.task(one)["lastStatus"] for one in (first, second)] == ["RUNNING", "PROVISIONING"]


def test_a_command_that_cannot_start_fails_the_task(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs([{"name": "app"}, {"name": "side"}])
    task = v.run()
    feed(v.world, StartFailed(Ref(task, "app"), "no such file"), v.clock)
    v.settle()
    v.exit(143, "side")
    shown = v.task(task)
    assert (shown["lastStatus"], shown["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert shown["containers"][0]["reason"] == "CannotStartContainerError: no such file"
    assert "exitCode" not in shown["containers"][0]


def test_a_stopped_task_is_forgotten_after_an_hour(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    task = v.run(startedBy="me")
    v.exit(0)
    v.wait(3599)
    assert v.task(task)["lastStatus"] == "STOPPED"
    v.wait(2)
    answer = v.call("ecs.DescribeTasks", cluster="c", tasks=[task])
    assert [one["reason"] for one in answer.body["failures"]] == ["MISSING"]
    assert (
        v.call("ecs.ListTasks", cluster="c", startedBy="me", desiredStatus="STOPPED").body["taskArns"] == []
    )


def test_what_was_handed_out_never_changes(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    task = v.run(tags=[{"key": "a", "value": "1"}])
    before = v.call("ecs.DescribeTasks", cluster="c", tasks=[task], include=["TAGS"]).body
    text = repr(before)
    v.exit(0)
    v.call("ecs.TagResource", resourceArn=before["tasks"][0]["taskArn"], tags=[{"key": "b", "value": "2"}])
    assert repr(before) == text


@pytest.mark.parametrize("cost", [200, 4000])
def test_a_call_costs_the_same_among_many_tasks(virtual: Callable[..., Virtual], cost: int) -> None:
    v = virtual()
    v.ecs()
    for _ in range(cost):
        v.run(startedBy=f"s{len(v.started)}")
    found = v.call("ecs.ListTasks", cluster="c", startedBy="s7").body["taskArns"]
    assert [one.rpartition("/")[2] for one in found] == [v.started[7].ref.task]
    assert repr(v.world) == f"<World {cost} tasks, 0 jobs, {cost} of None containers, 0 due>"


def test_the_world_is_made_of_nothing_but_its_arguments() -> None:
    assert World() == World()
