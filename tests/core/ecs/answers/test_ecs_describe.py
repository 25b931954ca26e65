"""Every lastStatus and stop code, with by-hand expectations; sidecars, lost hosts, absent and odd records."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from botocore.model import Shape
from botocore.session import get_session
from hypothesis import example, given
from hypothesis import strategies as st
from returns.pipeline import is_successful

from aws_executors.core.ecs.answers.describe import (
    FINAL,
    STATUSES,
    STOP_CODES,
    observe,
    observe_answer,
    observe_event,
)
from aws_executors.core.lifecycle.allocation import Allocation
from aws_executors.core.lifecycle.effects import ORPHANED, SHUT_DOWN
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase, Sign, Source
from support.tape import any_answer, either, entries, few, likely, mapped, of, read, text, whole

GOLDEN = Path(__file__).parents[3] / "golden"
ARN = "arn:aws:ecs:us-east-1:123456789012:task/airflow/1234"
STARTED = "2026-03-02T10:00:55Z"


def own(**fields: object) -> dict[str, object]:
    return {"name": "airflow", "lastStatus": "STOPPED", **fields}


def task(*containers: dict[str, object], **fields: object) -> dict[str, object]:
    return {"taskArn": ARN, "lastStatus": "STOPPED", "containers": list(containers), **fields}


def seen(value: object) -> Observation:
    return observe(value, container="airflow").unwrap()


# --- the tables are complete -----------------------------------------------------------------------------


def test_every_stop_code_of_botocore_has_a_row() -> None:
    shape = get_session().get_service_model("ecs").shape_for("TaskStopCode")
    assert set(STOP_CODES) == set(shape.metadata["enum"])


def test_every_documented_status_has_a_row() -> None:
    assert set(STATUSES) == {
        "PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING",
        "STOPPED", "DELETED",
    }  # fmt: skip


def strange_keys(value: Any, shape: Shape, where: str = "") -> list[str]:
    """The keys of a payload that its published shape does not have."""
    if shape.type_name == "structure":
        known = shape.members  # type: ignore[attr-defined]
        return [
            strange
            for key, inner in value.items()
            for strange in (
                strange_keys(inner, known[key], f"{where}.{key}") if key in known else [f"{where}.{key}"]
            )
        ]
    if shape.type_name == "list":
        return [strange for inner in value for strange in strange_keys(inner, shape.member, where)]  # type: ignore[attr-defined]
    return []


def test_the_golden_answer_has_the_published_shape() -> None:
    answer = json.loads((GOLDEN / "ecs_describe_tasks.json").read_text())
    shape = get_session().get_service_model("ecs").operation_model("DescribeTasks").output_shape
    assert shape is not None
    assert strange_keys(answer, shape) == []


# --- how far a container is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "container", "phase", "started"),
    [
        ("PROVISIONING", "PENDING", Phase.PENDING, False),
        ("PENDING", "PENDING", Phase.PENDING, False),
        ("ACTIVATING", "PENDING", Phase.PENDING, False),
        ("ACTIVATING", "RUNNING", Phase.PENDING, True),
        ("RUNNING", "RUNNING", Phase.RUNNING, True),
        ("RUNNING", "PENDING", Phase.PENDING, False),  # waits for a sidecar it depends on
        ("DEACTIVATING", "RUNNING", Phase.RUNNING, True),
        ("STOPPING", "RUNNING", Phase.RUNNING, True),
        ("STOPPING", "STOPPED", Phase.RUNNING, True),  # its exit code is still to come
        ("DEPROVISIONING", "PENDING", Phase.PENDING, False),  # no verdict before STOPPED without a code
    ],
)
def test_before_its_end(status: str, container: str, phase: Phase, started: bool) -> None:
    times = {"startedAt": STARTED} if status not in ("PROVISIONING", "PENDING", "ACTIVATING") else {}
    stop = {"stopCode": "EssentialContainerExited"} if status == "STOPPING" else {}
    told = seen(task(own(lastStatus=container), lastStatus=status, **times, **stop))
    assert (told.phase, told.started, told.final, told.exit_code, told.cause) == (
        phase,
        started,
        False,
        None,
        None,
    )


@pytest.mark.parametrize(
    "status", ["RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED", "DELETED"]
)
@pytest.mark.parametrize(("code", "phase"), [(0, Phase.SUCCEEDED), (1, Phase.FAILED)])
def test_the_exit_code_decides_as_soon_as_it_is_there(status: str, code: int, phase: Phase) -> None:
    told = seen(task(own(exitCode=code), lastStatus=status))
    assert (told.phase, told.exit_code, told.started) == (phase, code, True)
    assert told.final is (status in ("STOPPED", "DELETED"))
    assert told.cause is (Cause.EXITED if code else None)


# --- how it ended, by stop code --------------------------------------------------------------------------

# (stop code, cause with exit 143, cause without a code after a start, cause without a start)
BY_STOP_CODE = [
    ("TaskFailedToStart", Cause.EXITED, Cause.NEVER_STARTED, Cause.NEVER_STARTED),
    ("EssentialContainerExited", Cause.EXITED, Cause.UNCLEAR, Cause.NEVER_STARTED),
    ("UserInitiated", Cause.STOPPED, Cause.STOPPED, Cause.STOPPED),
    ("ServiceSchedulerInitiated", Cause.STOPPED, Cause.STOPPED, Cause.STOPPED),
    ("SpotInterruption", Cause.RECLAIMED, Cause.RECLAIMED, Cause.RECLAIMED),
    ("TerminationNotice", Cause.INSTANCE_ENDED, Cause.INSTANCE_ENDED, Cause.INSTANCE_ENDED),
    ("InfrastructureHealth", Cause.HOST_LOST, Cause.HOST_LOST, Cause.HOST_LOST),
    ("", Cause.EXITED, Cause.UNCLEAR, Cause.NEVER_STARTED),
    ("NotYetInvented", Cause.EXITED, Cause.UNCLEAR, Cause.NEVER_STARTED),
]


@pytest.mark.parametrize(("stop_code", "coded", "silent", "unstarted"), BY_STOP_CODE)
def test_c20_the_stop_code_says_who_ended_it(
    stop_code: str, coded: Cause, silent: Cause, unstarted: Cause
) -> None:
    def cause(value: dict[str, object]) -> Cause | None:
        told = seen(value)
        assert (told.phase, told.final, told.stop_code) == (Phase.FAILED, True, stop_code)
        return told.cause

    assert cause(task(own(exitCode=143), stopCode=stop_code, startedAt=STARTED)) is coded
    assert cause(task(own(exitCode=137), stopCode=stop_code, startedAt=STARTED)) is coded
    assert cause(task(own(), stopCode=stop_code, startedAt=STARTED)) is silent
    assert cause(task(own(lastStatus="PENDING"), stopCode=stop_code)) is unstarted


@pytest.mark.parametrize("stop_code", STOP_CODES)
def test_exit_0_is_success_whoever_ended_the_task(stop_code: str) -> None:
    assert seen(task(own(exitCode=0), stopCode=stop_code)).phase is Phase.SUCCEEDED


# --- how it ended, in words ------------------------------------------------------------------------------

HOST = "Host EC2 (instance i-0abc) terminated."
PULL = "CannotPullContainerError: not found"
OOM = "OutOfMemoryError: Container killed due to memory usage"


@pytest.mark.parametrize(
    ("fields", "container", "cause", "started"),
    [
        ({"stoppedReason": HOST, "startedAt": STARTED}, {}, Cause.INSTANCE_ENDED, True),
        ({"stoppedReason": HOST, "startedAt": STARTED}, {"exitCode": 143}, Cause.INSTANCE_ENDED, True),
        (
            {"stoppedReason": "Your Spot Task was interrupted."},
            {"lastStatus": "PENDING"},
            Cause.RECLAIMED,
            False,
        ),
        ({"stoppedReason": "Task stopped by user", "startedAt": STARTED}, {}, Cause.STOPPED, True),
        ({"startedAt": STARTED}, {}, Cause.UNCLEAR, True),
        ({}, {}, Cause.NEVER_STARTED, False),
        ({}, {"reason": PULL}, Cause.NEVER_STARTED, False),
        ({"stoppedReason": "ResourceInitializationError: no secret"}, {}, Cause.NEVER_STARTED, False),
        ({"startedAt": STARTED}, {"reason": PULL}, Cause.NEVER_STARTED, False),
        ({"startedAt": STARTED}, {"reason": OOM}, Cause.EXITED, True),
        ({"startedAt": STARTED}, {"reason": OOM, "exitCode": 137}, Cause.EXITED, True),
        (
            {"startedAt": STARTED, "stopCode": "EssentialContainerExited"},
            {"reason": "CannotInspectContainerError: timeout"},
            Cause.UNCLEAR,
            True,
        ),
        ({"stopCode": "UserInitiated"}, {"reason": PULL}, Cause.STOPPED, False),  # stopped while it pulled
        ({"stopCode": "UserInitiated", "stoppedReason": ORPHANED}, {}, Cause.WITHDRAWN, False),
        (
            {
                "stopCode": "ServiceSchedulerInitiated",
                "stoppedReason": "Task failed ELB health checks in (target-group maintenance/1)",
                "startedAt": STARTED,
            },
            {},
            Cause.STOPPED,
            True,
        ),
        ({"stoppedReason": SHUT_DOWN, "startedAt": STARTED}, {"exitCode": 143}, Cause.WITHDRAWN, True),
    ],
)
def test_c20_without_a_stop_code_or_an_exit_code_the_words_say_it(
    fields: dict[str, object], container: dict[str, object], cause: Cause, started: bool
) -> None:
    told = seen(task(own(**container), **fields))
    assert (told.phase, told.cause, told.started) == (Phase.FAILED, cause, started)


# --- sidecars --------------------------------------------------------------------------------------------


def test_c21_other_containers_do_not_decide() -> None:
    told = seen(task({"name": "router", "exitCode": 137, "lastStatus": "STOPPED"}, own(exitCode=0)))
    assert (told.phase, told.exit_code) == (Phase.SUCCEEDED, 0)
    told = seen(task({"name": "router", "exitCode": 0, "lastStatus": "STOPPED"}, own(exitCode=2)))
    assert (told.phase, told.exit_code) == (Phase.FAILED, 2)


def test_c20_a_sidecar_that_never_started() -> None:
    told = seen(
        task(
            own(lastStatus="STOPPED"),
            {"name": "db", "lastStatus": "STOPPED", "reason": PULL},
            stopCode="TaskFailedToStart",
            stoppedReason="Task failed to start",
        )
    )
    assert (told.cause, told.started) == (Cause.NEVER_STARTED, False)
    assert (told.reason, told.others) == ("Task failed to start", f"db: {PULL}")


def test_a_sidecar_that_ended_before_the_airflow_container_began() -> None:
    told = seen(
        task(
            own(),
            {"name": "init", "lastStatus": "STOPPED", "exitCode": 1},
            stopCode="EssentialContainerExited",
            stoppedReason="Essential container in task exited",
            startedAt=STARTED,
        )
    )
    assert (told.phase, told.cause, told.started) == (Phase.FAILED, Cause.NEVER_STARTED, False)
    assert (told.sign, told.culprit) == (Sign.TAKEN_ALONG, "init: exit code 1")
    assert (told.reason, told.others) == ("Essential container in task exited", "init: exit code 1")


def test_the_airflow_container_is_not_in_the_task() -> None:
    told = seen(task({"name": "web", "exitCode": 0}, {"name": "db"}, startedAt=STARTED))
    assert (told.phase, told.cause, told.exit_code) == (Phase.FAILED, Cause.UNCLEAR, None)
    assert told.reason == "no container named 'airflow' in the task (it has: db, web)"
    assert seen(task({"name": "web"})).cause is Cause.NEVER_STARTED
    assert seen(task({"name": "web"}, lastStatus="RUNNING", startedAt=STARTED)).phase is Phase.RUNNING


def test_a_task_without_containers_yet() -> None:
    told = seen({"taskArn": ARN, "lastStatus": "PROVISIONING"})
    assert (told.phase, told.reason) == (Phase.PENDING, "")


# --- the rest of an observation --------------------------------------------------------------------------


def test_reasons_are_joined_in_reading_order_without_repeats() -> None:
    told = seen(
        task({"name": "b", "reason": "B"}, own(reason=PULL), {"name": "a", "exitCode": 1}, stoppedReason=PULL)
    )
    assert (told.reason, told.others) == (PULL, "a: exit code 1; b: B")


def test_a_warning_of_a_spot_reclaim_is_no_end() -> None:
    told = seen(
        task(
            own(lastStatus="RUNNING"),
            lastStatus="RUNNING",
            desiredStatus="STOPPED",
            stopCode="SpotInterruption",
            stoppedReason="Your Spot Task was interrupted.",
        )
    )
    assert (told.phase, told.cause, told.stop_code) == (Phase.RUNNING, None, "SpotInterruption")
    assert told.reason == "Your Spot Task was interrupted."


@pytest.mark.parametrize(
    "created",
    [
        datetime(2026, 3, 2, 10, 0, 14, 500000, tzinfo=UTC),
        datetime(2026, 3, 2, 10, 0, 14, 500000),  # as AWS means it: UTC
        "2026-03-02T10:00:14.5Z",
        "2026-03-02T11:00:14.5+01:00",
        1772445614.5,
    ],
)
def test_times_of_boto3_of_events_and_of_json_are_the_same(created: object) -> None:
    assert seen(task(createdAt=created)).created == 1772445614.5


# --- golden payloads -------------------------------------------------------------------------------------


def test_a_golden_answer() -> None:
    answer = json.loads((GOLDEN / "ecs_describe_tasks.json").read_text())
    arns = [one["taskArn"] for one in answer["tasks"]]
    missing = answer["failures"][0]["arn"]
    told = observe_answer(answer, asked=[*arns, missing], container="airflow")
    assert told.unreadable == ()
    assert [(one.id, one.phase, one.cause, one.final) for one in told.observations] == [
        (arns[0], Phase.RUNNING, None, False),
        (arns[1], Phase.SUCCEEDED, None, False),
        (arns[2], Phase.FAILED, Cause.NEVER_STARTED, True),
        (arns[3], Phase.FAILED, Cause.RECLAIMED, True),
        (missing, Phase.ABSENT, None, False),
    ]
    assert told.observations[0] == Observation(
        id=arns[0],
        phase=Phase.RUNNING,
        name="airflow/0b6e4f00-0000-4000-8000-000000000001-1",
        status="RUNNING",
        started=True,
        version=3,
        created=1772445614.5,
    )


def test_a_golden_event() -> None:
    event = json.loads((GOLDEN / "ecs_task_state_change.json").read_text())
    seen = observe_event(event, container="airflow").unwrap()
    assert seen == Observation(
        id=event["detail"]["taskArn"],
        phase=Phase.FAILED,
        name="airflow/0b6e4f00-0000-4000-8000-000000000005-2",
        status="STOPPED",
        exit_code=137,
        stop_code="EssentialContainerExited",
        reason=f"Essential container in task exited; {OOM}",
        cause=Cause.EXITED,
        started=True,
        final=True,
        version=5,
        created=1772445614.5,
        source=Source.EVENT,
    )
    assert seen.allocation == Allocation(
        vcpu=0.25,
        memory=512,
        limit=512,
        fargate=True,
        created=1772445614.5,
        started=1772445655.25,
        stopped=1772445924.0,
        definition=event["detail"]["taskDefinitionArn"],
    )


# --- answers ---------------------------------------------------------------------------------------------


def test_c6_one_unreadable_record_hides_no_other() -> None:
    tasks = [{"taskArn": "t/a", "lastStatus": "NAPPING"}, {"taskArn": "t/b", "lastStatus": "PENDING"}]
    told = observe_answer({"tasks": tasks}, asked=["t/a", "t/b"], container="airflow")
    assert [one.id for one in told.observations] == ["t/b"]
    assert [one.id for one in told.unreadable] == ["t/a"]
    assert "lastStatus 'NAPPING' is none of PROVISIONING" in told.unreadable[0].problem


def test_c22_missing_and_not_mentioned_are_absent() -> None:
    failures = [{"arn": "arn:task/c/a", "reason": "MISSING"}, {"arn": "arn:task/c/x", "reason": "MISSING"}]
    told = observe_answer({"tasks": [], "failures": failures}, asked=["a", "b"], container="airflow")
    assert {(one.id, one.phase) for one in told.observations} == {
        ("a", Phase.ABSENT),
        ("b", Phase.ABSENT),
        ("arn:task/c/x", Phase.ABSENT),
    }


def test_another_failure_is_no_absence() -> None:
    failures = [{"arn": "t/a", "reason": "Odd", "detail": "why"}]
    told = observe_answer({"tasks": [], "failures": failures}, asked=["t/a"], container="airflow")
    assert told.observations == ()
    assert [(one.id, one.problem) for one in told.unreadable] == [("t/a", "Odd; why")]


def test_nothing_is_absent_while_a_record_has_no_owner() -> None:
    told = observe_answer({"tasks": [{"lastStatus": "RUNNING"}]}, asked=["t/a"], container="airflow")
    assert told.observations == ()
    assert [(one.id, one.problem) for one in told.unreadable] == [
        ("", "taskArn is missing"),
        ("t/a", "not among the readable records"),
    ]


@pytest.mark.parametrize(
    "answer", ["<html>", None, {}, {"tasks": None}, {"failures": []}, {"message": "Service Unavailable"}]
)
def test_an_answer_that_is_none_says_of_nothing_that_it_is_absent(answer: object) -> None:
    told = observe_answer(answer, asked=["t/a", "t/b"], container="airflow")
    assert told.observations == ()
    assert [one.id for one in told.unreadable] == ["t/a", "t/b"]


def test_an_event_of_another_type_is_refused() -> None:
    event = {"detail-type": "ECS Deployment State Change", "detail": {}}
    assert "ECS Task State Change" in observe_event(event, container="airflow").failure().problem


# --- laws ------------------------------------------------------------------------------------------------

WORDS = of(PULL, HOST, OOM, "", "Task stopped by user")
CONTAINER = entries(
    {"name": of("airflow", "a", "b")},
    {
        "lastStatus": likely(of("PENDING", "RUNNING", "STOPPED")),
        "exitCode": likely(whole(0, 255)),
        "reason": likely(WORDS),
    },
)
AGES = (datetime.max - datetime.min) // timedelta(microseconds=1)
TASK = entries(
    {"taskArn": likely(of(ARN)), "lastStatus": likely(of(*sorted(STATUSES)))},
    {
        "stopCode": likely(of(*sorted(STOP_CODES))),
        "stoppedReason": likely(WORDS),
        "startedBy": likely(text()),
        "version": likely(whole(-(2**70), 2**70)),
        "createdAt": likely(
            mapped(lambda at: (datetime.min + timedelta(microseconds=at)).isoformat(), whole(0, AGES))
        ),
        "startedAt": likely(of(STARTED)),
        "containers": likely(mapped(list, few(CONTAINER, name="name"))),
    },
)
TASKS = read(TASK, 96)


@given(read(either(any_answer, TASK), 96))
@example(float("nan"))
def test_observe_never_raises(value: object) -> None:
    observe(value, container="airflow")
    observe_event(value, container="airflow")
    observe_answer(value, asked=["t/a"], container="airflow")


@given(TASKS, st.integers(0, 5))
def test_the_order_of_containers_is_irrelevant(value: dict[str, Any], order: int) -> None:
    other = dict(value)
    if isinstance(value.get("containers"), list):
        orders = [*permutations(value["containers"])]
        other["containers"] = [*orders[order % len(orders)]]
    before, after = observe(value, container="airflow"), observe(other, container="airflow")
    assert before.value_or(None) == after.value_or(None)


@given(TASKS)
def test_an_event_says_what_a_description_says(value: dict[str, object]) -> None:
    described = observe(value, container="airflow")
    told = observe_event({"detail-type": "ECS Task State Change", "detail": value}, container="airflow")
    if is_successful(described) and described.unwrap().final and value.get("containers") is None:
        assert told.failure().problem.startswith("containers is missing")  # a rule has cut them off
    else:
        assert told == described.map(lambda one: replace(one, source=Source.EVENT))


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_an_end_from_which_a_rule_has_cut_the_containers_is_not_believed(status: str) -> None:
    cut = {"detail": {"taskArn": "arn:1", "lastStatus": status, "stopCode": "EssentialContainerExited"}}
    told = observe_event(cut, container="airflow")
    assert is_successful(told) is (status not in FINAL)


@given(TASKS)
def test_a_cause_goes_with_failure_and_only_with_it(value: dict[str, object]) -> None:
    told = observe(value, container="airflow").value_or(None)
    if told is not None:
        assert (told.cause is not None) is (told.phase is Phase.FAILED)
        assert told.ended or not told.final
