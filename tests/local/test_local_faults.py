"""Misbehaviour on demand, in virtual time: each fault where the service would show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aws_executors.local.world import FARGATE, Delays, verbs
from aws_executors.local.world.faults import NO_CAPACITY

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.conftest import Virtual

NETWORK = {"awsvpcConfiguration": {"subnets": ["s"]}}
FARGATE_TASK: dict[str, Any] = {
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
}


def burst(v: Virtual, name: str, times: int, **params: Any) -> int:
    """How many of so many calls at one moment were not throttled."""
    answers = [v.call(name, **params) for _ in range(times)]
    return sum(answer.error is None for answer in answers)


@pytest.mark.parametrize(
    ("name", "params", "first", "a_second_later"),
    [
        (
            "ecs.RunTask",
            {"taskDefinition": "f", "launchType": "FARGATE", "networkConfiguration": NETWORK},
            20,
            20,
        ),
        ("ecs.RunTask", {"taskDefinition": "g", "launchType": "EC2"}, 100, 40),
        ("ecs.DescribeTasks", {"tasks": ["0" * 32]}, 100, 20),
        ("ecs.ListTasks", {}, 100, 20),
        ("ecs.StopTask", {"task": "0" * 32}, 0, 0),
    ],
)
def test_ecs_grants_its_real_rates(
    virtual: Callable[..., Virtual], name: str, params: dict[str, Any], first: int, a_second_later: int
) -> None:
    v = virtual()
    v.ecs(**FARGATE_TASK)
    v.call(
        "ecs.RegisterTaskDefinition",
        family="g",
        containerDefinitions=[{"name": "app", "image": "i", "memoryReservation": 64}],
    )
    verbs.set_limits(v.world, v.clock, True)
    assert burst(v, name, 150, cluster="c", **params) == first
    tally = v.world.faults.tallies[name]
    assert tally.throttled == (150 - first if first else 50)
    v.wait(1)
    assert burst(v, name, 150, cluster="c", **params) == a_second_later
    throttled = v.call(name, cluster="c", **params)
    assert (throttled.error, throttled.status) == ("ThrottlingException", 400)


def test_fargate_launches_have_a_bucket_of_their_own(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs(**FARGATE_TASK)
    verbs.set_limits(v.world, v.clock, True)
    common = {"cluster": "c", "taskDefinition": "f", "networkConfiguration": NETWORK, "count": 10}
    assert burst(v, "ecs.RunTask", 15, launchType="FARGATE", **common) == 10
    spot = [{"capacityProvider": "FARGATE_SPOT"}]
    assert burst(v, "ecs.RunTask", 5, capacityProviderStrategy=spot, **common) == 5


def test_batch_grants_fifty_a_second(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch()
    verbs.set_limits(v.world, v.clock, True)
    assert burst(v, "batch.SubmitJob", 80, jobName="j", jobQueue="q", jobDefinition="jd") == 50
    assert burst(v, "batch.DescribeJobs", 80, jobs=["x"]) == 50
    refused = v.call("batch.SubmitJob", jobName="j", jobQueue="q", jobDefinition="jd")
    assert (refused.error, refused.status) == ("TooManyRequestsException", 429)
    v.wait(0.1)
    assert burst(v, "batch.SubmitJob", 80, jobName="j", jobQueue="q", jobDefinition="jd") == 5


@pytest.mark.parametrize(
    ("verb", "arguments", "error", "status", "delivered", "tasks"),
    [
        (verbs.throttle, ("RunTask", 1), "ThrottlingException", 400, True, 0),
        (
            verbs.refuse_calls,
            ("ecs.RunTask", "AccessDeniedException", "no", 403, 1),
            "AccessDeniedException",
            403,
            True,
            0,
        ),
        (verbs.fail_calls, ("RunTask", False, 1), "ServerException", 500, True, 0),
        (verbs.fail_calls, ("RunTask", True, 1), "ServerException", 500, True, 1),
        (verbs.lose_answer, ("*", 1), None, 200, False, 1),
        (verbs.hang, ("RunTask", 9.0, 1), None, 200, True, 1),
    ],
)
def test_a_planned_fault_meets_one_call(
    virtual: Callable[..., Virtual],
    verb: Callable[..., None],
    arguments: tuple[Any, ...],
    error: str | None,
    status: int,
    delivered: bool,
    tasks: int,
) -> None:
    v = virtual()
    v.ecs()
    verb(v.world, v.clock, *arguments)
    answer = v.call("ecs.RunTask", cluster="c", taskDefinition="f")
    assert (answer.error, answer.status, answer.delivered) == (error, status, delivered)
    assert len(v.world.ecs.tasks) == tasks
    assert answer.delay == (9.0 if verb is verbs.hang else 0.0)
    after = v.call("ecs.RunTask", cluster="c", taskDefinition="f")
    assert (after.error, after.delivered, after.delay) == (None, True, 0.0)


def test_faults_of_an_action_come_in_their_order(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    verbs.throttle(v.world, v.clock, "ListTasks", 1)
    verbs.fail_calls(v.world, v.clock, "ListTasks", False, 2)
    errors = [v.call("ecs.ListTasks", cluster="c").error for _ in range(4)]
    assert errors == ["ThrottlingException", "ServerException", "ServerException", None]
    assert v.world.faults.tallies["ecs.ListTasks"].as_json() == {
        "calls": 4,
        "throttled": 1,
        "refused": 0,
        "failed": 2,
        "lost": 0,
    }
    assert v.call("ecs.DescribeClusters").error is None


def test_expired_credentials_come_back(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    v.batch()
    verbs.expire_credentials(v.world, v.clock, 5)
    ecs, batch = v.call("ecs.ListTasks", cluster="c"), v.call("batch.DescribeJobs", jobs=["x"])
    assert (ecs.error, ecs.status) == ("ExpiredTokenException", 400)
    assert (batch.error, batch.status) == ("ExpiredTokenException", 403)
    v.wait(5)
    assert v.call("ecs.ListTasks", cluster="c").error is None


def test_no_capacity_is_a_failure_in_a_good_answer(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    verbs.take_capacity(v.world, v.clock, NO_CAPACITY, 1)
    answer = v.call("ecs.RunTask", cluster="c", taskDefinition="f", clientToken="t")
    assert (answer.status, answer.body) == (200, {"tasks": [], "failures": [{"reason": NO_CAPACITY}]})
    assert len(v.call("ecs.RunTask", cluster="c", taskDefinition="f", clientToken="t").body["tasks"]) == 1
    verbs.take_capacity(v.world, v.clock, "RESOURCE:CPU", None)
    for _ in range(3):
        failure = v.call("ecs.RunTask", cluster="c", taskDefinition="f").body["failures"][0]
        assert (failure["reason"], "container-instance" in failure["arn"]) == ("RESOURCE:CPU", True)
    verbs.give_capacity(v.world, v.clock)
    assert v.call("ecs.RunTask", cluster="c", taskDefinition="f").body["failures"] == []


def test_jobs_wait_for_capacity(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch()
    verbs.take_capacity(v.world, v.clock, NO_CAPACITY, None)
    job = v.submit()
    v.wait(1000)
    assert v.job(job)["status"] == "RUNNABLE"
    verbs.give_capacity(v.world, v.clock)
    v.settle()
    assert v.job(job)["status"] == "RUNNING"


def test_a_missing_image_fails_the_task_and_the_job(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    v.batch()
    verbs.miss_image(v.world, v.clock, "img")
    task, job = v.run(), v.submit()
    shown = v.task(task)
    assert (shown["lastStatus"], shown["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert shown["stoppedReason"].startswith("CannotPullContainerError")
    assert shown["containers"][0]["reason"] == shown["stoppedReason"]
    assert "exitCode" not in shown["containers"][0]
    failed = v.job(job)
    assert (failed["status"], failed["statusReason"]) == ("FAILED", "Task failed to start")
    assert failed["container"]["reason"].startswith("CannotPullContainerError")
    assert v.started == []


def test_a_log_group_that_does_not_exist_fails_the_task(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    options = {"awslogs-group": "g", "awslogs-stream-prefix": "p"}
    v.ecs([{"name": "app", "logConfiguration": {"logDriver": "awslogs", "options": options}}])
    assert v.task(v.run())["stoppedReason"].startswith("ResourceInitializationError")
    v.call("logs.CreateLogGroup", logGroupName="g")
    assert v.task(v.run())["lastStatus"] == "RUNNING"


def test_spot_reclaims(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    v.batch()
    task, job = v.run(), v.submit()
    verbs.reclaim_spot(v.world, v.clock, task)
    verbs.reclaim_spot(v.world, v.clock, job)
    v.settle()
    v.exit(143, at=0)
    assert sorted(v.signals) == [("app", "TERM", v.clock), ("default", "KILL", v.clock)]
    assert v.task(task)["stopCode"] == "SpotInterruption"
    failed = v.job(job)
    assert failed["status"] == "FAILED"
    assert failed["statusReason"].startswith("Host EC2 (instance i-")
    assert failed["statusReason"].endswith(") terminated.")
    assert "exitCode" not in failed["container"]


def test_a_lost_host_leaves_no_exit_code(virtual: Callable[..., Virtual]) -> None:
    v = virtual(room=1)
    v.ecs()
    task, waiting = v.run(), v.run()
    verbs.lose_host(v.world, v.clock, v.task(task)["taskArn"])
    v.settle()
    shown = v.task(task)
    assert (shown["lastStatus"], "exitCode" in shown["containers"][0]) == ("STOPPED", False)
    assert v.signals == [("app", "KILL", v.clock)]
    v.exit(137, at=0)
    assert "exitCode" not in v.task(task)["containers"][0]
    assert v.task(waiting)["lastStatus"] == "RUNNING"
    with pytest.raises(KeyError, match="nothing"):
        verbs.lose_host(v.world, v.clock, "nothing")


def test_what_is_forgotten_is_missing(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    v.batch()
    task, job = v.run(startedBy="me"), v.submit()
    verbs.forget(v.world, v.clock, task)
    verbs.forget(v.world, v.clock, job)
    assert v.call("ecs.DescribeTasks", cluster="c", tasks=[task]).body["failures"][0]["reason"] == "MISSING"
    assert v.call("ecs.ListTasks", cluster="c", startedBy="me").body["taskArns"] == []
    assert v.call("batch.DescribeJobs", jobs=[job]).body["jobs"] == []
    assert v.call("batch.ListJobs", jobQueue="q").body["jobSummaryList"] == []


def test_a_new_task_may_not_be_visible_yet(virtual: Callable[..., Virtual]) -> None:
    v = virtual(delays=Delays(visible=(2, 2)))
    v.ecs()
    task = v.run()
    assert v.call("ecs.DescribeTasks", cluster="c", tasks=[task]).body["failures"][0]["reason"] == "MISSING"
    v.wait(2)
    assert v.task(task)["lastStatus"] == "RUNNING"


def test_latency_is_drawn_and_faults_are_cleared(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    verbs.set_latency(v.world, v.clock, 0.05, 0.02)
    delays = [v.call("ecs.DescribeClusters").delay for _ in range(20)]
    assert all(0.05 <= delay <= 0.07 for delay in delays)
    assert len(set(delays)) == 20
    verbs.fail_calls(v.world, v.clock, "*", False, 5)
    verbs.clear(v.world, v.clock)
    answer = v.call("ecs.DescribeClusters")
    assert (answer.delay, answer.error) == (0.0, None)
    assert v.world.faults.tallies["ecs.DescribeClusters"].calls == 21


def test_delays_change_what_is_scheduled_from_then_on(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    verbs.set_delays(v.world, v.clock, FARGATE)
    task = v.run()
    v.wait(2)
    assert v.task(task)["lastStatus"] == "PROVISIONING"


def test_an_action_that_is_not_there_says_so(virtual: Callable[..., Virtual]) -> None:
    answer = virtual().call("ecs.CreateService")
    assert (answer.error, answer.status) == ("UnknownOperationException", 400)
