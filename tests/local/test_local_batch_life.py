"""Batch in virtual time: the life of a job, retries, time limits, dependencies, listings, ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aws_executors.local.world import Delays

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.conftest import Virtual

UP = ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"]
ESSENTIAL = "Essential container in task exited"
SLOW = Delays(queueing=(1, 1), provision=(5, 5))


def test_a_job_goes_through_every_state(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch()
    job = v.submit()
    running = v.job(job)
    assert running["status"] == "RUNNING"
    v.exit(0, "default")
    assert v.job_statuses(job) == [*UP, "SUCCEEDED"]
    shown = v.job(job)
    task = shown["container"]["taskArn"].rpartition("/")[2]
    assert (shown["statusReason"], shown["container"]["exitCode"]) == (ESSENTIAL, 0)
    assert shown["container"]["logStreamName"] == f"jd/default/{task}"
    assert shown["startedAt"] <= shown["stoppedAt"]
    assert [one["container"]["exitCode"] for one in shown["attempts"]] == [0]
    told = v.started[0].environment
    assert (told["AWS_BATCH_JOB_ID"], told["AWS_BATCH_JOB_ATTEMPT"], told["AWS_BATCH_JQ_NAME"]) == (
        job,
        "1",
        "q",
    )


def test_a_failed_attempt_is_tried_again(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch()
    job = v.submit(retryStrategy={"attempts": 2})
    v.exit(1, "default")
    assert v.job(job)["status"] == "RUNNING"
    assert v.started[1].environment["AWS_BATCH_JOB_ATTEMPT"] == "2"
    v.exit(2, "default")
    shown = v.job(job)
    assert (shown["status"], shown["container"]["exitCode"]) == ("FAILED", 2)
    assert [one["container"]["exitCode"] for one in shown["attempts"]] == [1, 2]
    assert v.job_statuses(job) == [*UP, "RUNNABLE", "STARTING", "RUNNING", "FAILED"]


@pytest.mark.parametrize(
    ("rules", "code", "attempts"),
    [
        ([{"onExitCode": "1", "action": "EXIT"}], 1, 1),
        ([{"onExitCode": "1", "action": "EXIT"}], 2, 3),
        ([{"onExitCode": "1*", "action": "EXIT"}], 137, 1),
        ([{"onExitCode": "2", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}], 2, 3),
        ([{"onExitCode": "2", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}], 3, 1),
        ([{"onStatusReason": "Host EC2*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}], 3, 1),
        ([{"onStatusReason": "essential*", "onExitCode": "9", "action": "EXIT"}], 3, 3),
    ],
)
def test_evaluate_on_exit_decides(
    virtual: Callable[..., Virtual], rules: list[dict[str, str]], code: int, attempts: int
) -> None:
    v = virtual()
    v.batch(retryStrategy={"attempts": 3, "evaluateOnExit": rules})
    job = v.submit()
    while v.job(job)["status"] == "RUNNING":
        v.exit(code, "default")
    assert (v.job(job)["status"], len(v.job(job)["attempts"])) == ("FAILED", attempts)


def test_a_job_that_takes_too_long_is_stopped_and_not_tried_again(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch(retryStrategy={"attempts": 3})
    job = v.submit(timeout={"attemptDurationSeconds": 60})
    v.wait(59)
    assert v.signals == []
    v.wait(1)
    assert v.signals == [("default", "TERM", v.clock)]
    v.exit(143, "default")
    shown = v.job(job)
    assert (shown["status"], shown["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert len(shown["attempts"]) == 1


def test_a_timeout_of_an_attempt_that_ended_does_nothing(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch(timeout={"attemptDurationSeconds": 60}, retryStrategy={"attempts": 2})
    job = v.submit()
    v.wait(50)
    v.exit(1, "default")
    v.wait(50)
    assert (v.job(job)["status"], v.signals) == ("RUNNING", [])
    v.exit(0, "default")
    assert v.job(job)["status"] == "SUCCEEDED"


def test_a_job_waits_for_what_it_depends_upon(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch()
    first, second = v.submit("a"), v.submit("b")
    good = v.submit("c", dependsOn=[{"jobId": first}])
    bad = v.submit("d", dependsOn=[{"jobId": first}, {"jobId": second}])
    v.wait(10)
    assert v.job(good)["status"] == v.job(bad)["status"] == "PENDING"
    v.exit(0, "default", at=0)
    assert [v.job(one)["status"] for one in (good, bad)] == ["RUNNING", "PENDING"]
    v.exit(1, "default", at=1)
    assert v.job(bad)["statusReason"] == "Dependent Job failed"
    assert v.job_statuses(bad) == ["SUBMITTED", "PENDING", "FAILED"]


def test_jobs_without_room_stay_runnable_and_end_when_terminated(virtual: Callable[..., Virtual]) -> None:
    v = virtual(room=1)
    v.batch()
    first, second, third = v.submit("a"), v.submit("b"), v.submit("c")
    assert [v.job(one)["status"] for one in (first, second, third)] == ["RUNNING", "RUNNABLE", "RUNNABLE"]
    v.call("batch.TerminateJob", jobId=second, reason="enough")
    shown = v.job(second)
    assert (shown["status"], shown["statusReason"], shown["isTerminated"]) == ("FAILED", "enough", True)
    v.exit(0, "default")
    assert v.job(third)["status"] == "RUNNING"
    v.exit(0, "default")
    assert v.world.ecs.room_used == 0


def test_terminate_stops_what_runs(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch(retryStrategy={"attempts": 3})
    job = v.submit()
    v.call("batch.TerminateJob", jobId=job, reason="enough")
    assert v.signals == [("default", "TERM", v.clock)]
    v.exit(143, "default")
    shown = v.job(job)
    assert (shown["status"], shown["statusReason"], shown["container"]["exitCode"]) == (
        "FAILED",
        "enough",
        143,
    )


def test_terminating_a_job_that_has_exited_does_not_undo_its_success(virtual: Callable[..., Virtual]) -> None:
    v = virtual(delays=Delays(deprovision=(9, 9)))
    v.batch()
    job = v.submit()
    v.exit(0, "default")
    v.call("batch.TerminateJob", jobId=job, reason="too late")
    v.wait(10)
    assert (v.job(job)["status"], v.job(job)["statusReason"]) == ("SUCCEEDED", ESSENTIAL)


def test_a_dependency_forgotten_long_ago_has_succeeded(virtual: Callable[..., Virtual]) -> None:
    v = virtual(delays=Delays(job_memory=(60, 60)))
    v.batch()
    first, second = v.submit("a"), v.submit("b")
    job = v.submit("c", dependsOn=[{"jobId": first}, {"jobId": second}])
    v.exit(0, "default", at=0)
    v.wait(61)
    v.exit(0, "default", at=1)
    assert v.job(job)["status"] == "RUNNING"


def test_cancel_ends_only_what_has_not_started(virtual: Callable[..., Virtual]) -> None:
    v = virtual(room=1)
    v.batch()
    runs, waits = v.submit("a"), v.submit("b")
    answer = v.call("batch.CancelJobs", jobs=[runs, waits, "unknown"], reason="no").body
    assert answer == {"successful": [runs, waits, "unknown"], "errors": []}
    assert [v.job(one)["status"] for one in (runs, waits)] == ["RUNNING", "FAILED"]
    assert (v.job(waits)["isCancelled"], v.job(waits)["statusReason"]) == (True, "no")
    v.call("batch.CancelJob", jobId=runs, reason="no")
    assert v.job(runs)["status"] == "RUNNING"


def test_terminate_jobs_takes_fifty(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch()
    jobs = [v.submit(f"j{n}") for n in range(50)]
    v.call("batch.TerminateJobs", jobs=jobs, reason="all")
    for at in range(50):
        v.exit(143, "default", at=at)
    assert {v.job(job)["statusReason"] for job in jobs} == {"all"}
    assert v.call("batch.TerminateJobs", jobs=jobs * 2, reason="all").error == "ClientException"


def test_list_jobs_by_status_name_time_and_page(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch()
    jobs = []
    for name in ("task-a", "task-b", "other"):
        jobs.append(v.submit(name))
        v.wait(1)
    v.exit(0, "default", at=0)

    def listed(**fields: Any) -> list[str]:
        summaries = v.call("batch.ListJobs", jobQueue="q", **fields).body["jobSummaryList"]
        return [one["jobId"] for one in summaries]

    def by(name: str, value: str) -> list[str]:
        return listed(filters=[{"name": name, "values": [value]}])

    assert listed() == [jobs[2], jobs[1]]
    assert listed(jobStatus="SUCCEEDED") == by("JOB_NAME", "Task-A") == [jobs[0]]
    assert by("JOB_NAME", "task-*") == [jobs[1], jobs[0]]
    assert by("JOB_NAME", "task-") == []
    assert by("JOB_DEFINITION", "jd") == jobs[::-1]
    assert by("AFTER_CREATED_AT", "1000500") == [jobs[2], jobs[1]]
    assert by("BEFORE_CREATED_AT", "1000500") == [jobs[0]]
    page = v.call("batch.ListJobs", jobQueue="q", maxResults=1).body
    rest = v.call("batch.ListJobs", jobQueue="q", maxResults=1, nextToken=page["nextToken"]).body
    assert [one["jobId"] for one in page["jobSummaryList"] + rest["jobSummaryList"]] == [jobs[2], jobs[1]]
    assert "nextToken" not in rest
    done = v.call("batch.ListJobs", jobQueue="q", jobStatus="SUCCEEDED").body["jobSummaryList"][0]
    assert (done["jobName"], done["container"]) == ("task-a", {"exitCode": 0})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"jobName": "-x"}, "name should match valid pattern"),
        ({"jobName": "x" * 129}, "name should match valid pattern"),
        ({"jobQueue": "other"}, "JobQueue other not found"),
        ({"jobDefinition": "other"}, "JobDefinition other not found"),
        ({"jobDefinition": "jd:7"}, "JobDefinition jd:7 not found"),
        ({"retryStrategy": {"attempts": 11}}, "attempts must be between 1 and 10"),
        ({"timeout": {"attemptDurationSeconds": 59}}, "at least 60"),
        ({"dependsOn": [{"jobId": "x"}]}, "does not exist"),
        ({"shareIdentifier": "x"}, "fair-share"),
        ({"arrayProperties": {"size": 2}}, "no array jobs"),
        ({"ecsPropertiesOverride": {"taskProperties": []}}, "needs a job definition with ecsProperties"),
    ],
)
def test_submit_refuses(virtual: Callable[..., Virtual], fields: dict[str, Any], message: str) -> None:
    v = virtual()
    v.batch()
    answer = v.call("batch.SubmitJob", **{"jobName": "j", "jobQueue": "q", "jobDefinition": "jd", **fields})
    assert (answer.status, answer.error) == (400, "ClientException")
    assert message in answer.body["message"]
    assert v.world.batch.jobs == {}


FARGATE = {
    "image": "img",
    "command": ["run"],
    "executionRoleArn": "arn:aws:iam::123456789012:role/r",
    "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}],
}


@pytest.mark.parametrize("size", ["vcpus", "memory"])
def test_fargate_refuses_the_old_sizes(virtual: Callable[..., Virtual], size: str) -> None:
    v = virtual()
    v.batch(platformCapabilities=["FARGATE"], containerProperties=FARGATE)
    answer = v.call(
        "batch.SubmitJob", jobName="j", jobQueue="q", jobDefinition="jd", containerOverrides={size: 1}
    )
    assert answer.body["message"].endswith(
        f"{size} is not applicable for Fargate. Use resource requirements instead."
    )


def needs(cpu: str, memory: str, **more: str) -> list[dict[str, str]]:
    return [{"type": kind, "value": value} for kind, value in {"VCPU": cpu, "MEMORY": memory, **more}.items()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vcpus": 1}, "vcpus is not applicable for Fargate. Use resource requirements instead."),
        ({"resourceRequirements": []}, "must contain VCPU and MEMORY"),
        ({"executionRoleArn": None}, "executionRoleArn is required"),
        (
            {"resourceRequirements": needs("2", "1024")},
            "Fargate resource requirements (2.00 vCPU, 1024 MiB) not",
        ),
        ({"resourceRequirements": needs("1", "2048", GPU="1")}, "GPU is not applicable for Fargate."),
        ({"resourceRequirements": needs("one", "2048")}, "must be numbers"),
        ({"privileged": True}, "privileged is not applicable for Fargate."),
        ({"ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 1}]}, "ulimits is not applicable"),
        ({"linuxParameters": {"sharedMemorySize": 64}}, "linuxParameters.sharedMemorySize is not applicable"),
        ({"volumes": [{"name": "v", "host": {"sourcePath": "/var"}}]}, "sourcePath is not applicable"),
        ({"ephemeralStorage": {"sizeInGiB": 20}}, "must be between 21 and 200"),
    ],
)
def test_fargate_job_definitions_have_rules(
    virtual: Callable[..., Virtual], change: dict[str, Any], message: str
) -> None:
    container = {key: value for key, value in {**FARGATE, **change}.items() if value is not None}
    answer = virtual().call(
        "batch.RegisterJobDefinition",
        jobDefinitionName="jd",
        type="container",
        platformCapabilities=["FARGATE"],
        containerProperties=container,
    )
    assert answer.error == "ClientException"
    assert message in answer.body["message"]


def test_what_is_empty_or_off_is_no_obstacle_to_fargate(virtual: Callable[..., Virtual]) -> None:
    """As tools write it that fill in every member."""
    v = virtual()
    empty = {
        "ulimits": [],
        "privileged": False,
        "volumes": [],
        "linuxParameters": {"devices": [], "tmpfs": []},
    }
    quarter = {"resourceRequirements": needs("0.25", "512")}
    v.batch(platformCapabilities=["FARGATE"], containerProperties={**FARGATE, **empty, **quarter})
    assert v.job(v.submit())["status"] == "RUNNING"


@pytest.mark.parametrize(
    ("definition", "overrides", "message"),
    [
        (
            {"platformCapabilities": ["FARGATE"], "containerProperties": FARGATE},
            {"resourceRequirements": [{"type": "MEMORY", "value": "1024"}]},
            "Fargate resource requirements (1.00 vCPU, 1024 MiB) not valid.",
        ),
        ({}, {"memory": 0}, "Container memory must be at least 4 MiB: 0"),
        ({}, {"resourceRequirements": [{"type": "MEMORY", "value": "3"}]}, "at least 4 MiB: 3"),
    ],
)
def test_a_size_that_is_not_to_be_had_is_refused(
    virtual: Callable[..., Virtual], definition: dict[str, Any], overrides: dict[str, Any], message: str
) -> None:
    v = virtual()
    v.batch(**definition)
    answer = v.call(
        "batch.SubmitJob", jobName="j", jobQueue="q", jobDefinition="jd", containerOverrides=overrides
    )
    assert answer.error == "ClientException"
    assert message in answer.body["message"]


def test_overrides_and_parameters(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch(
        platformCapabilities=["FARGATE"], containerProperties=FARGATE, parameters={"who": "you", "x": "1"}
    )
    overrides = {
        "command": ["greet", "Ref::who", "Ref::unknown"],
        "environment": [{"name": "A", "value": "1"}],
        "resourceRequirements": [{"type": "MEMORY", "value": "4096"}],
    }
    job = v.submit(parameters={"who": "me"}, containerOverrides=overrides)
    container = v.job(job)["container"]
    assert v.started[0].command == ("greet", "me", "Ref::unknown")
    assert v.started[0].environment["A"] == "1"
    needs = {one["type"]: one["value"] for one in container["resourceRequirements"]}
    assert needs == {"VCPU": "1", "MEMORY": "4096"}
    assert v.job(job)["parameters"] == {"who": "me", "x": "1"}


def test_a_job_of_several_containers(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    containers = [
        {"name": "app", "image": "i", "command": ["a"]},
        {"name": "side", "image": "i", "command": ["b"], "essential": False},
    ]
    v.batch(containerProperties=FARGATE)
    v.call(
        "batch.RegisterJobDefinition",
        jobDefinitionName="jd",
        type="container",
        ecsProperties={"taskProperties": [{"containers": containers}]},
    )
    override = {"taskProperties": [{"containers": [{"name": "app", "command": ["c"]}]}]}
    job = v.submit(ecsPropertiesOverride=override)
    assert [(one.ref.container, one.command) for one in v.started] == [("app", ("c",)), ("side", ("b",))]
    v.exit(0, "app")
    v.exit(143, "side")
    shown = v.job(job)
    assert (shown["status"], "container" in shown) == ("SUCCEEDED", False)
    ended = shown["ecsProperties"]["taskProperties"][0]["containers"]
    assert {one["name"]: one["exitCode"] for one in ended} == {"app": 0, "side": 143}
    attempt = shown["attempts"][0]["taskProperties"][0]["containers"]
    assert [one["logStreamName"].partition("/")[0] for one in attempt] == ["jd", "jd"]
    wrong = {"taskProperties": [{"containers": [{"name": "x"}]}]}
    answer = v.call(
        "batch.SubmitJob", jobName="j", jobQueue="q", jobDefinition="jd", ecsPropertiesOverride=wrong
    )
    assert "'x'" in answer.body["message"]


def test_a_job_stopped_on_its_way_never_starts(virtual: Callable[..., Virtual]) -> None:
    v = virtual(delays=SLOW)
    v.batch()
    job = v.submit()
    v.wait(3)
    assert v.job(job)["status"] == "STARTING"
    v.call("batch.TerminateJob", jobId=job, reason="no")
    v.wait(10)
    assert (v.job(job)["status"], v.job(job)["statusReason"], v.started) == ("FAILED", "no", [])
    assert "exitCode" not in v.job(job)["container"]


def test_what_does_not_exist_is_absent(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch()
    job = v.submit()
    answer = v.call("batch.DescribeJobs", jobs=["nothing", job])
    assert [one["jobId"] for one in answer.body["jobs"]] == [job]
    assert v.call("batch.TerminateJob", jobId="nothing", reason="r").status == 200
    assert v.call("batch.DescribeJobs", jobs=[job] * 101).error == "ClientException"
    v.exit(0, "default")
    v.wait(8 * 24 * 3600)
    assert v.call("batch.DescribeJobs", jobs=[job]).body["jobs"] == []


def test_what_was_set_up_is_described(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch()
    v.batch()
    environments = v.call("batch.DescribeComputeEnvironments").body["computeEnvironments"]
    queues = v.call("batch.DescribeJobQueues", jobQueues=["q"]).body["jobQueues"]
    assert (
        queues[0]["computeEnvironmentOrder"][0]["computeEnvironment"]
        == environments[0]["computeEnvironmentArn"]
    )
    assert (queues[0]["status"], queues[0]["state"]) == ("VALID", "ENABLED")
    found = v.call("batch.DescribeJobDefinitions", jobDefinitionName="jd", status="ACTIVE").body[
        "jobDefinitions"
    ]
    assert [one["revision"] for one in found] == [1, 2]
    one = v.call("batch.DescribeJobDefinitions", jobDefinitions=["jd:2"]).body["jobDefinitions"]
    assert [item["revision"] for item in one] == [2]
    v.call("batch.DeregisterJobDefinition", jobDefinition="jd:2")
    assert v.job(v.submit())["jobDefinition"].endswith("jd:1")
    again = v.call("batch.CreateComputeEnvironment", computeEnvironmentName="ce", type="UNMANAGED")
    assert "already exists" in again.body["message"]


def test_tags_of_a_job(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.batch(tags={"a": "1"})
    job = v.submit(tags={"b": "2"})
    v.call("batch.TagResource", resourceArn=v.job(job)["jobArn"], tags={"c": "3"})
    assert v.job(job)["tags"] == {"a": "1", "b": "2", "c": "3"}
