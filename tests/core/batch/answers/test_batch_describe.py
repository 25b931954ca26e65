"""Every job status and the ways to fail, with by-hand expectations; attempts, several containers."""

import json
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from botocore.model import Shape
from botocore.session import get_session
from hypothesis import example, given
from hypothesis import strategies as st
from returns.pipeline import is_successful

from aws_executors.core.batch.answers.describe import FINAL, STATUSES, observe, observe_answer, observe_event
from aws_executors.core.lifecycle.effects import ORPHANED, SHUT_DOWN
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase, Source
from support.tape import any_answer, either, entries, few, likely, mapped, of, read, text, whole

GOLDEN = Path(__file__).parents[3] / "golden"
ESSENTIAL = "Essential container in task exited"
HOST = "Host EC2 (instance i-0abc) terminated."
PULL = "CannotPullContainerError: not found"
OOM = "OutOfMemoryError: Container killed due to memory usage"
TIMEOUT = "Job attempt duration exceeded timeout"
T = 1772445655250


def job(status: str = "FAILED", **fields: Any) -> dict[str, object]:
    return {"jobId": "4c75", "status": status, **fields}


def several(*containers: dict[str, object]) -> dict[str, object]:
    return {"taskProperties": [{"containers": list(containers)}]}


def seen(value: object, container: str = "") -> Observation:
    return observe(value, container=container).unwrap()


def test_every_status_of_botocore_has_a_row() -> None:
    shape = get_session().get_service_model("batch").shape_for("JobStatus")
    assert set(STATUSES) == set(shape.metadata["enum"])


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


@pytest.mark.parametrize(
    ("file", "shape"),
    [("batch_describe_jobs.json", "DescribeJobsResponse"), ("batch_job_state_change.json", "JobDetail")],
)
def test_the_golden_payloads_have_the_published_shape(file: str, shape: str) -> None:
    payload = json.loads((GOLDEN / file).read_text())
    model = get_session().get_service_model("batch").shape_for(shape)
    assert strange_keys(payload.get("detail", payload), model) == []


# --- how far a job is ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "phase", "started", "final"),
    [
        ("SUBMITTED", Phase.PENDING, False, False),
        ("PENDING", Phase.PENDING, False, False),
        ("RUNNABLE", Phase.PENDING, False, False),
        ("STARTING", Phase.PENDING, False, False),
        ("RUNNING", Phase.RUNNING, True, False),
        ("SUCCEEDED", Phase.SUCCEEDED, False, True),
        ("FAILED", Phase.FAILED, False, True),
    ],
)
def test_the_status(status: str, phase: Phase, started: bool, final: bool) -> None:
    told = seen(job(status))
    assert (told.phase, told.started, told.final) == (phase, started, final)


@pytest.mark.parametrize("status", sorted(set(STATUSES) - FINAL))
def test_an_exit_code_before_the_end_is_no_outcome_for_batch_may_try_again(status: str) -> None:
    told = seen(job(status, container={"exitCode": 1}))
    assert (told.phase, told.exit_code, told.cause) == (STATUSES[status], None, None)


def test_a_job_held_back_tells_why() -> None:
    why = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - too small"
    told = seen(job("RUNNABLE", statusReason=why))
    assert (told.phase, told.reason) == (Phase.PENDING, why)


def test_a_job_that_batch_tries_again_waits_again() -> None:
    attempt = {"container": {"exitCode": 1, "logStreamName": "s/1"}, "startedAt": T, "statusReason": HOST}
    told = seen(job("RUNNABLE", attempts=[attempt], container={"logStreamName": "s/1"}))
    assert (told.phase, told.exit_code, told.cause, told.final) == (Phase.PENDING, None, None, False)
    assert (told.started, told.reason, told.log_stream) == (True, HOST, "s/1")


# --- how it ended ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "cause", "started"),
    [
        ({"container": {"exitCode": 1}, "statusReason": ESSENTIAL}, Cause.EXITED, True),
        ({"container": {"exitCode": 137, "reason": OOM}, "statusReason": ESSENTIAL}, Cause.EXITED, True),
        ({"statusReason": HOST, "startedAt": T}, Cause.INSTANCE_ENDED, True),
        ({"statusReason": HOST, "container": {"exitCode": 143}}, Cause.INSTANCE_ENDED, True),
        ({"statusReason": HOST}, Cause.INSTANCE_ENDED, False),
        ({"attempts": [{"statusReason": HOST}]}, Cause.INSTANCE_ENDED, False),
        ({"statusReason": "Your Spot Task was interrupted.", "startedAt": T}, Cause.RECLAIMED, True),
        ({"statusReason": TIMEOUT, "startedAt": T}, Cause.TIMED_OUT, True),
        ({"statusReason": TIMEOUT, "container": {"exitCode": 137}}, Cause.TIMED_OUT, True),
        ({"statusReason": TIMEOUT, "isTerminated": True, "startedAt": T}, Cause.TIMED_OUT, True),
        (
            {"statusReason": "cleared", "isTerminated": True, "container": {"exitCode": 143}},
            Cause.STOPPED,
            True,
        ),
        ({"statusReason": "cleared", "isTerminated": True}, Cause.STOPPED, False),
        ({"statusReason": "cleared", "isCancelled": True}, Cause.STOPPED, False),
        ({"statusReason": ORPHANED, "isTerminated": True}, Cause.WITHDRAWN, False),
        ({"statusReason": SHUT_DOWN, "container": {"exitCode": 143}}, Cause.WITHDRAWN, True),
        ({"statusReason": "Task failed to start", "container": {"reason": PULL}}, Cause.NEVER_STARTED, False),
        ({"statusReason": "Task failed to start", "startedAt": T}, Cause.NEVER_STARTED, False),
        ({"statusReason": ESSENTIAL, "container": {"reason": OOM}, "startedAt": T}, Cause.EXITED, True),
        ({}, Cause.NEVER_STARTED, False),
        ({"startedAt": T}, Cause.UNCLEAR, True),
    ],
)
def test_c20_why_a_job_failed(fields: dict[str, Any], cause: Cause, started: bool) -> None:
    told = seen(job(**fields))
    assert (told.phase, told.cause, told.started, told.final) == (Phase.FAILED, cause, started, True)


@pytest.mark.parametrize("reason", [ESSENTIAL, HOST, TIMEOUT, "cleared"])
def test_exit_0_is_success_whoever_ended_the_job(reason: str) -> None:
    told = seen(job(statusReason=reason, isTerminated=True, container={"exitCode": 0}))
    assert (told.phase, told.cause, told.exit_code) == (Phase.SUCCEEDED, None, 0)


def test_the_last_attempt_tells_what_the_job_does_not() -> None:
    first = {"container": {"exitCode": 1, "logStreamName": "s/1"}, "startedAt": T, "statusReason": ESSENTIAL}
    last = {"container": {"exitCode": 3, "logStreamName": "s/2", "reason": "why"}, "startedAt": T}
    told = seen(job(attempts=[first, last]))
    assert (told.exit_code, told.log_stream, told.reason, told.cause) == (3, "s/2", "why", Cause.EXITED)


def test_an_earlier_attempt_s_exit_code_is_not_the_job_s() -> None:
    first = {"container": {"exitCode": 1}, "startedAt": T, "statusReason": ESSENTIAL}
    told = seen(job(attempts=[first, {"container": {}, "statusReason": HOST}], statusReason=HOST))
    assert (told.exit_code, told.cause, told.started) == (None, Cause.INSTANCE_ENDED, True)


def test_an_attempt_that_could_not_pull_never_ran() -> None:
    told = seen(
        job(attempts=[{"container": {"reason": PULL}, "startedAt": T}], statusReason="Task failed to start")
    )
    assert (told.started, told.cause, told.reason) == (
        False,
        Cause.NEVER_STARTED,
        f"Task failed to start; {PULL}",
    )


# --- several containers ----------------------------------------------------------------------------------

ROUTER = {"name": "router", "essential": False, "exitCode": 137, "logStreamName": "s/router"}
AIRFLOW = {"name": "airflow", "essential": True, "exitCode": 0, "logStreamName": "s/airflow"}


@pytest.mark.parametrize("name", ["", "airflow"])
def test_c21_the_airflow_container_decides(name: str) -> None:
    told = seen(job(ecsProperties=several(ROUTER, AIRFLOW), statusReason=ESSENTIAL), name)
    assert (told.phase, told.exit_code, told.log_stream) == (Phase.SUCCEEDED, 0, "s/airflow")
    assert (told.reason, told.others) == (ESSENTIAL, "router: exit code 137")


def test_c21_the_airflow_container_decides_against_the_job_s_success() -> None:
    told = seen(job("SUCCEEDED", ecsProperties=several(ROUTER, AIRFLOW)), "router")
    assert (told.phase, told.exit_code, told.cause) == (Phase.FAILED, 137, Cause.EXITED)


def test_the_first_one_where_essential_is_not_said() -> None:
    told = seen(job(ecsProperties=several({"name": "a", "exitCode": 5}, {"name": "b", "exitCode": 6})))
    assert told.exit_code == 5


def test_the_only_one_where_none_is_essential() -> None:
    assert seen(job(ecsProperties=several(ROUTER))).exit_code == 137


def test_the_same_container_in_the_last_attempt() -> None:
    attempt = {
        "taskProperties": [
            {"containers": [{"name": "router", "exitCode": 9}, {"name": "airflow", "exitCode": 2}]}
        ]
    }
    told = seen(
        job(ecsProperties=several({"name": "router"}, {"name": "airflow"}), attempts=[attempt]), "airflow"
    )
    assert told.exit_code == 2


def test_the_airflow_container_is_not_in_the_job() -> None:
    told = seen(job(ecsProperties=several(ROUTER), startedAt=T), "airflow")
    assert (told.exit_code, told.cause) == (None, Cause.UNCLEAR)
    assert told.reason == "no container named 'airflow' in the job (it has: router)"
    assert told.others == "router: exit code 137"


def test_the_name_is_no_matter_where_there_is_one_container() -> None:
    assert seen(job(container={"exitCode": 4}), "airflow").exit_code == 4


# --- golden payloads -------------------------------------------------------------------------------------


def test_a_golden_answer() -> None:
    answer = json.loads((GOLDEN / "batch_describe_jobs.json").read_text())
    ids = [one["jobId"] for one in answer["jobs"]]
    told = observe_answer(answer, asked=[*ids, "gone"])
    assert told.unreadable == ()
    assert [(one.id, one.phase, one.cause, one.exit_code) for one in told.observations] == [
        (ids[0], Phase.RUNNING, None, None),
        (ids[1], Phase.FAILED, Cause.EXITED, 1),
        (ids[2], Phase.FAILED, Cause.INSTANCE_ENDED, None),
        (ids[3], Phase.PENDING, None, None),
        (ids[4], Phase.SUCCEEDED, None, 0),
        ("gone", Phase.ABSENT, None, None),
    ]
    assert told.observations[3].reason.startswith("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    assert told.observations[0] == Observation(
        id=ids[0],
        phase=Phase.RUNNING,
        name="airflow-0b6e-1",
        status="RUNNING",
        started=True,
        order=4,
        created=1772445614.5,
        log_stream="airflow/default/" + "a" * 32,
    )


def test_the_order_counts_up_with_attempts_and_status() -> None:
    said = [
        job("SUBMITTED"),
        job("RUNNABLE"),
        job("RUNNING"),
        job("RUNNABLE", attempts=[{"startedAt": T}]),  # Batch's own retry
        job("STARTING", attempts=[{"startedAt": T}]),
        job("RUNNING", eksAttempts=[{"startedAt": T}]),
        job("RUNNABLE", attempts=[{"startedAt": T}, {"startedAt": T}]),
        job("FAILED"),  # whatever it says of attempts: nothing comes after it
    ]
    orders = [seen(one).order or 0 for one in said]
    assert orders == sorted(set(orders))
    assert orders[-1] == seen(job("SUCCEEDED")).order


def test_a_golden_event() -> None:
    event = json.loads((GOLDEN / "batch_job_state_change.json").read_text())
    told = observe_event(event).unwrap()
    assert (told.phase, told.cause, told.started, told.source) == (
        Phase.FAILED,
        Cause.NEVER_STARTED,
        False,
        Source.EVENT,
    )
    assert told.reason.startswith("Task failed to start; CannotPullContainerError: pull image manifest")


# --- answers ---------------------------------------------------------------------------------------------


def test_c6_one_unreadable_record_hides_no_other() -> None:
    jobs = [{"jobId": "a", "status": "NAPPING"}, {"jobId": "b", "status": "RUNNING"}]
    told = observe_answer({"jobs": jobs}, asked=["a", "b", "c"])
    assert [(one.id, one.phase) for one in told.observations] == [("b", Phase.RUNNING), ("c", Phase.ABSENT)]
    assert [(one.id, one.problem[:27]) for one in told.unreadable] == [("a", "status 'NAPPING' is none of")]


def test_nothing_is_absent_while_a_record_has_no_owner() -> None:
    told = observe_answer({"jobs": [7]}, asked=["a"])
    assert (told.observations, [one.id for one in told.unreadable]) == ((), ["", "a"])


@pytest.mark.parametrize("answer", [None, {}, {"jobs": None}, {"message": "Service Unavailable"}])
def test_an_answer_that_is_none_says_of_nothing_that_it_is_absent(answer: object) -> None:
    told = observe_answer(answer, asked=["a"])
    assert (told.observations, [one.id for one in told.unreadable]) == ((), ["a"])


def test_a_blocked_queue_s_event_is_read_and_another_s_is_refused() -> None:
    detail = job("RUNNABLE", statusReason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY")
    told = observe_event({"detail-type": "Batch Job Queue Blocked", "detail": detail}).unwrap()
    assert told.reason == "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
    assert (
        observe_event({"detail-type": "Tea", "detail": detail})
        .failure()
        .problem.startswith("detail-type 'Tea'")
    )


# --- laws ------------------------------------------------------------------------------------------------

WORDS = of(PULL, HOST, OOM, TIMEOUT, ESSENTIAL, "")
FLAG = of(False, True)
TOLD = {"exitCode": whole(0, 255), "reason": WORDS, "logStreamName": text()}
CONTAINER = likely(entries({}, TOLD))
NAMED = entries({"name": of("airflow", "a", "b")}, {**TOLD, "essential": FLAG})
TASK_PROPERTIES = mapped(lambda found: [{"containers": [*found]}], few(NAMED, name="name"))
ATTEMPT = entries(
    {},
    {
        "container": CONTAINER,
        "taskProperties": TASK_PROPERTIES,
        "startedAt": whole(0, T),
        "statusReason": WORDS,
    },
)
JOB = entries(
    {"jobId": likely(of("4c75")), "status": likely(of(*sorted(STATUSES)))},
    {
        "jobName": likely(text()),
        "statusReason": likely(WORDS),
        "createdAt": likely(whole(0, T)),
        "startedAt": likely(whole(0, T)),
        "container": CONTAINER,
        "ecsProperties": mapped(lambda tasks: {"taskProperties": tasks}, TASK_PROPERTIES),
        "attempts": likely(mapped(list, few(ATTEMPT, most=2))),
        "isCancelled": likely(FLAG),
        "isTerminated": likely(FLAG),
    },
)
JOBS = read(JOB, 96)


@given(read(either(any_answer, JOB), 96), st.sampled_from(["", "airflow"]))
@example(float("nan"), "")
def test_observe_never_raises(value: object, name: str) -> None:
    observe(value, container=name)
    observe_event(value, container=name)
    observe_answer(value, asked=["4c75"], container=name)


@given(JOBS, st.integers(0, 5))
def test_the_order_of_containers_is_irrelevant_to_a_named_one(value: dict[str, Any], order: int) -> None:
    other = dict(value)
    if "ecsProperties" in value:
        orders = [*permutations(value["ecsProperties"]["taskProperties"][0]["containers"])]
        other["ecsProperties"] = several(*orders[order % len(orders)])
    before, after = observe(value, container="airflow"), observe(other, container="airflow")
    assert before.value_or(None) == after.value_or(None)


SHOWN_IN = ("container", "ecsProperties", "eksProperties", "nodeProperties", "attempts", "eksAttempts")


@given(JOBS)
def test_an_event_says_what_a_description_says(value: dict[str, object]) -> None:
    told = observe_event({"detail-type": "Batch Job State Change", "detail": value}, container="airflow")
    described = observe(value, container="airflow")
    shown = [value.get(name) for name in SHOWN_IN]
    if is_successful(described) and value["status"] == "FAILED" and shown == [None] * len(shown):
        assert told.failure().problem.startswith("container and attempts are missing")  # a rule cut them off
    else:
        assert told == described.map(lambda one: replace(one, source=Source.EVENT))


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_a_failure_from_which_a_rule_has_cut_the_containers_is_not_believed(status: str) -> None:
    told = observe_event({"detail": {"jobId": "4c75", "status": status}})
    assert is_successful(told) is (status != "FAILED")


@given(JOBS)
def test_a_cause_goes_with_failure_and_only_with_it(value: dict[str, object]) -> None:
    told = observe(value).value_or(None)
    if told is not None:
        assert (told.cause is not None) is (told.phase is Phase.FAILED)
        assert told.ended is told.final
