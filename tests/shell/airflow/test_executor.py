"""Airflow's executor contract, held on real rows, a real engine and an embedded AWS with real processes."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.executors import workloads
from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import BundleInfo, ExecuteTask
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models import Log
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState
from sqlalchemy import select

import containers
from aws_executors.core.lifecycle.effects import ORPHANED
from aws_executors.core.lifecycle.observation import Phase
from aws_executors.core.settings.errors import SettingsError
from aws_executors.executors import AwsBatchExecutor, AwsEcsFargateExecutor, AwsFargateExecutor
from aws_executors.local import LocalAws
from aws_executors.shell.airflow import started
from aws_executors.shell.airflow.compat import workload_key
from aws_executors.shell.engine import shutdown
from aws_executors.shell.engine.calls import operations
from support.airflow_executors import PATIENCE, forget_executors, turn_until
from support.airflow_features import CALLBACKS, ROW_PER_TRY, needs
from support.airflow_rows import Given, queue_up, task_instance
from support.sites import batch_site, ecs_site

if TYPE_CHECKING:
    from airflow.executors.workloads.types import WorkloadKey

pytestmark = [pytest.mark.usefixtures("airflow_db"), pytest.mark.waits]


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(max_processes=4) as cloud:
        ecs_site(cloud, stopTimeout=2)
        yield cloud


def options(monkeypatch: pytest.MonkeyPatch, section: str, **values: object) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"AIRFLOW__{section.upper()}__{name.upper()}", str(value))


@pytest.fixture
def ecs_options(monkeypatch: pytest.MonkeyPatch, aws: LocalAws) -> Callable[..., None]:
    def more(**values: object) -> None:
        options(monkeypatch, "ecs_fargate", **values)

    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    more(
        region="us-east-1",
        cluster="etl",
        container_name="main",
        task_definition="airflow",
        subnets="subnet-1",
        endpoint_url=aws.url,
        request_builder="containers.build_ecs",
        poll_interval=0.1,
        database_interval=0.2,
    )
    return more


@pytest.fixture
def executor(ecs_options: Callable[..., None]) -> Iterator[AwsEcsFargateExecutor]:
    made = AwsEcsFargateExecutor(parallelism=8)
    made.start()
    yield made
    made.end()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> float:
    """As many seconds as it takes are there for the end of an executor; this many at most."""
    monkeypatch.setattr(started, "END_WITHIN", PATIENCE)
    monkeypatch.setattr(shutdown, "SILENCE", PATIENCE)
    return PATIENCE


def until(done: Callable[[], bool]) -> None:
    """Wait without a turn of the scheduler's loop."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s"
        time.sleep(0.01)


def turn_a_while(executor: BaseExecutor) -> None:
    """Let the scheduler's loop go round for a while, for something that is not to happen."""
    for _ in range(20):
        executor.heartbeat()
        time.sleep(0.02)


def hand_over(executor: BaseExecutor, *givens: Given, token: str | None = "assigned") -> None:
    """What the scheduler does when it queues."""
    queue_up(executor, *givens, token=token)
    executor.heartbeat()


def states(executor: BaseExecutor) -> "dict[WorkloadKey, str | None]":
    return {key: state for key, (state, _) in executor.event_buffer.items()}


def info(executor: BaseExecutor, given: Given) -> str:
    return str(executor.event_buffer[given.key][1])


def is_running(aws: LocalAws, count: int = 1) -> Callable[[], bool]:
    return lambda: sum(task["lastStatus"] == "RUNNING" for task in aws.tasks()) == count


def seen_to_run(executor: AwsEcsFargateExecutor) -> Callable[[], bool]:
    """A superseded container that was not seen to run has little time to end in; one that was has more."""
    engine = executor._engine
    assert engine is not None
    return lambda: any(job.seen is not None and job.seen.phase is Phase.RUNNING for job in engine.jobs())


def all_stopped(aws: LocalAws) -> Callable[[], bool]:
    return lambda: all(task["lastStatus"] == "STOPPED" for task in aws.tasks())


# --- A task's whole way --------------------------------------------------------------------------------


def test_a_task_that_succeeded_is_reported_and_its_slot_is_free(
    executor: AwsEcsFargateExecutor, aws: LocalAws
) -> None:
    given = task_instance(queue="exit-0")
    hand_over(executor, given)
    assert given.key in executor.running
    assert executor.has_task(given.row())
    given.becomes("running")
    turn_until(executor, lambda: given.key not in executor.running)
    assert states(executor) == {given.key: "success"}
    assert executor.slots_occupied == 0
    (task,) = aws.tasks()
    assert task["startedBy"] == f"airflow/{given.token}"


def test_a_container_that_dies_fails_its_task_with_the_reason(executor: AwsEcsFargateExecutor) -> None:
    given = task_instance(queue="exit-7")
    hand_over(executor, given)
    given.becomes("running")
    turn_until(executor, lambda: given.key not in executor.running)
    assert states(executor) == {given.key: "failed"}
    assert "exit code 7" in info(executor, given)


def test_the_reason_arrives_in_the_event_log(executor: AwsEcsFargateExecutor) -> None:
    given = task_instance(queue="exit-7")
    hand_over(executor, given)
    given.becomes("running")
    turn_until(executor, lambda: given.key not in executor.running)
    with create_session(scoped=False) as session:
        SchedulerJobRunner._process_task_event_logs(executor._task_event_logs, session)
    with create_session(scoped=False) as session:
        query = select(Log.extra).where(Log.run_id == given.key.run_id, Log.event == "container failed")
        (extra,) = session.scalars(query).all()
    assert "exit code 7" in str(extra)


def test_c35_why_a_container_never_began_is_in_the_event_log_and_in_the_report(
    ecs_options: Callable[..., None], aws: LocalAws
) -> None:
    """The task could not log: what AWS says, its stop code and what to do stand in Airflow all the same."""
    ecs_options(max_attempts=1)
    aws.faults.missing_image("airflow")
    executor = AwsEcsFargateExecutor(parallelism=8)
    executor.start()
    given = task_instance(queue="exit-0")
    hand_over(executor, given)
    turn_until(executor, lambda: given.key not in executor.running)
    executor.end()
    assert states(executor) == {given.key: "failed"}
    with create_session(scoped=False) as session:
        SchedulerJobRunner._process_task_event_logs(executor._task_event_logs, session)
    with create_session(scoped=False) as session:
        query = select(Log.extra).where(Log.run_id == given.key.run_id, Log.event == "container failed")
        (extra,) = session.scalars(query).all()
    for said in (info(executor, given), str(extra)):
        assert "TaskFailedToStart" in said
        assert "CannotPullContainerError" in said
        assert "that it was pushed" in said


def test_batch_runs_a_task(monkeypatch: pytest.MonkeyPatch, aws: LocalAws) -> None:
    batch_site(aws, "tasks", definition="airflow")
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    options(
        monkeypatch,
        "batch",
        region="us-east-1",
        job_name="airflow",
        job_queue="tasks",
        job_definition="airflow",
        endpoint_url=aws.url,
        request_builder="containers.build_batch",
        poll_interval=0.1,
    )
    executor = AwsBatchExecutor(parallelism=4)
    executor.start()
    given = task_instance(queue="exit-0", executor_config={"vcpus": 1, "memory": 2048})
    hand_over(executor, given)
    given.becomes("running")
    turn_until(executor, lambda: given.key not in executor.running)
    assert states(executor) == {given.key: "success"}
    executor.end()
    (job,) = aws.jobs()
    assert job["jobName"] == f"airflow-{given.token}-1"


MIXED = "LocalExecutor,aws_executors.executors.AwsEcsFargateExecutor"


@pytest.fixture
def mixed(
    monkeypatch: pytest.MonkeyPatch, executor: AwsEcsFargateExecutor
) -> Iterator[AwsEcsFargateExecutor]:
    """The executor beside one that asks for no tokens: Airflow assigns some, and hands over used ones."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", MIXED)
    forget_executors()
    yield executor
    forget_executors()


def queued_under(given: Given) -> str:
    """The token that stands in its row."""
    return str(given.row().external_executor_id)


@pytest.mark.parametrize("left", [None, "left by an earlier queueing"])
def test_a_token_of_our_own_is_committed_with_the_queueing(
    mixed: AwsEcsFargateExecutor, aws: LocalAws, left: str | None
) -> None:
    given = task_instance(queue="sleep")
    given.becomes("queued", external_executor_id=left)
    with create_session(scoped=False) as session:
        mixed.queue_workload(given.workload(left), session)
        session.rollback()
    assert given.row().external_executor_id == left
    hand_over(mixed, given, token=left)
    token = queued_under(given)
    assert token not in ("None", left)
    assert states(mixed) == {}
    turn_until(mixed, is_running(aws))
    (task,) = aws.tasks()
    assert task["startedBy"] == f"airflow/{token}"
    assert given.key in mixed.running


@pytest.mark.parametrize("later", [0, 1], ids=["next-segment", "next-try"])
def test_a_token_of_our_own_is_used_once(mixed: AwsEcsFargateExecutor, aws: LocalAws, later: int) -> None:
    """What an earlier queueing has left in the row is handed over again, and is not taken for a new one."""
    given = task_instance(queue="exit-0")
    hand_over(mixed, given, token=None)
    first = queued_under(given)
    until(lambda: len(aws.tasks()) == 1)  # nothing is started for a row that has ended
    given.becomes("deferred" if later == 0 else "up_for_retry")
    turn_until(mixed, lambda: given.key not in mixed.running)
    given.becomes("queued", try_number=given.key.try_number + later)
    again = replace(given, key=given.key._replace(try_number=given.key.try_number + later))
    hand_over(mixed, again, token=first)
    second = queued_under(again)
    assert second != first
    given.becomes("running")
    turn_until(mixed, lambda: again.key not in mixed.running)
    assert states(mixed) == {again.key: "success"}
    assert {task["startedBy"] for task in aws.tasks()} == {f"airflow/{first}", f"airflow/{second}"}


def test_what_is_taken_back_before_it_is_started_leaves_nothing(mixed: AwsEcsFargateExecutor) -> None:
    given = task_instance(queue="exit-0")
    queue_up(mixed, given, token=None)
    mixed.revoke_task(ti=given.row())
    assert (mixed._assigned, mixed.queued_tasks) == ({}, {})


@pytest.mark.parametrize("assigned", [True, False])
def test_what_is_taken_back_before_it_is_started_is_looked_for_nowhere(
    assigned: bool, executor: AwsEcsFargateExecutor, request: pytest.FixtureRequest, aws: LocalAws
) -> None:
    """But where another scheduler has queued it meanwhile, under another token, that container is."""
    made = executor if assigned else request.getfixturevalue("mixed")
    given, other = task_instance(queue="exit-0"), task_instance(queue="exit-0")
    queue_up(made, given, token="assigned" if assigned else None)
    made.revoke_task(ti=given.row())
    turn_a_while(made)
    assert "ecs.ListTasks" not in aws.calls()
    queue_up(made, other, token="assigned" if assigned else None)
    other.becomes("queued", external_executor_id=str(uuid.uuid4()))
    made.revoke_task(ti=other.row())
    turn_until(made, lambda: "ecs.ListTasks" in aws.calls())


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_has_no_token_has_no_container_to_be_looked_for(
    nothing: str | None, executor: AwsEcsFargateExecutor, aws: LocalAws
) -> None:
    given = task_instance(queue="exit-0")
    given.becomes("queued", external_executor_id=nothing)
    executor.revoke_task(ti=given.row())
    turn_a_while(executor)
    assert "ecs.ListTasks" not in aws.calls()


def least_urgent_first(executor: BaseExecutor) -> "list[tuple[TaskInstanceKey, ExecuteTask]]":
    """How Airflow 3.2 and 3.3.0 order what waits. Source: ``airflow/executors/base_executor.py``."""
    return sorted(executor.queued_tasks.items(), key=lambda item: item[1].ti.priority_weight)


@pytest.mark.usefixtures("ecs_options")
def test_the_most_urgent_gets_the_last_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BaseExecutor, "order_queued_tasks_by_priority", least_urgent_first)
    executor = AwsEcsFargateExecutor(parallelism=1)
    executor.start()
    givens = [task_instance(queue="sleep", priority=priority) for priority in (1, 5, 3)]
    queue_up(executor, *givens)
    executor.heartbeat()
    assert executor.running == {givens[1].key}
    executor.end()


def test_the_highest_priority_goes_first(ecs_options: Callable[..., None], aws: LocalAws) -> None:
    ecs_options(workers=1)
    executor = AwsEcsFargateExecutor(parallelism=8)
    executor.start()
    givens = [task_instance(queue="exit-0", priority=priority) for priority in (1, 5, 3)]
    queue_up(executor, *givens)
    aws.faults.latency(seconds=0.5)
    executor.heartbeat()
    turn_until(executor, lambda: aws.calls().get("ecs.RunTask", {}).get("calls") == 3)
    tokens = [str(task["startedBy"]).removeprefix("airflow/") for task in aws.tasks()]
    assert tokens == [givens[1].token, givens[2].token, givens[0].token]
    executor.end()


def test_the_most_urgent_get_the_slots(ecs_options: Callable[..., None]) -> None:
    """Airflow 3.2 and 3.3.0 would give them to the least urgent. Of equals, the first goes first."""
    executor = AwsEcsFargateExecutor(parallelism=3)
    executor.start()
    givens = [task_instance(queue="sleep", priority=priority) for priority in (1, 5, 1, 3)]
    hand_over(executor, *givens)
    assert executor.running == {givens[1].key, givens[3].key, givens[0].key}
    assert list(executor.queued_tasks) == [givens[2].key]
    executor.end()


# --- What one task brings with it harms no other -----------------------------------------------------------


@pytest.mark.parametrize(
    ("executor_config", "words"),
    [
        ({"command": ["rm"]}, ["command"]),
        ({"name": "other"}, ["name"]),
        ({"cpuu": 256}, ["cpuu", "cpu"]),
        ({"cpu": "a lot"}, ["cpu", "a lot"]),
        (["cpu", 256], ["executor_config"]),
    ],
)
def test_c2_a_bad_executor_config_fails_that_task_alone(
    executor: AwsEcsFargateExecutor, executor_config: object, words: list[str]
) -> None:
    bad = task_instance("bad", queue="exit-0", executor_config=executor_config)
    good = task_instance("good", queue="exit-0")
    hand_over(executor, bad, good)
    good.becomes("running")
    turn_until(executor, lambda: not executor.running)
    assert states(executor) == {bad.key: "failed", good.key: "success"}
    assert all(word in info(executor, bad) for word in words), info(executor, bad)
    assert "eyJ" not in info(executor, bad)


def test_c4_a_builder_that_raises_fails_that_task_alone(executor: AwsEcsFargateExecutor) -> None:
    bad, good = task_instance("breaks", queue="exit-0"), task_instance("good", queue="exit-0")
    hand_over(executor, bad, good)
    good.becomes("running")
    turn_until(executor, lambda: not executor.running)
    assert states(executor) == {bad.key: "failed", good.key: "success"}
    assert "my step divided by nothing" in info(executor, bad)
    assert "containers.broken" in info(executor, bad)


def test_c4_a_builder_that_never_returns_fails_its_tasks_alone_and_holds_up_nobody(
    ecs_options: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "BUILD_WITHIN", 2.0)
    monkeypatch.setattr(containers, "RELEASED", threading.Event())
    ecs_options(workers=2)
    executor = AwsEcsFargateExecutor(parallelism=8)
    executor.start()
    hanging = [task_instance(f"hangs-{number}", queue="exit-0") for number in range(5)]
    good = task_instance("good", queue="exit-0")
    hand_over(executor, *hanging, good)
    good.becomes("running")
    turn_until(executor, lambda: not executor.running)
    assert states(executor) == {one.key: "failed" for one in hanging} | {good.key: "success"}
    for one in hanging:
        assert "request builder containers.build_ecs has not returned for 2 s" in info(executor, one)
    # Nor does the scheduler's end wait for it.
    hand_over(executor, task_instance("hangs-at-the-end", queue="exit-0"))
    began = time.monotonic()
    executor.end()
    assert time.monotonic() - began < PATIENCE
    containers.RELEASED.set()


def test_a_store_that_does_not_answer_is_no_builder_that_does_not_return(
    ecs_options: Callable[..., None], monkeypatch: pytest.MonkeyPatch, aws: LocalAws
) -> None:
    monkeypatch.setattr(operations, "BUILD_WITHIN", 1.0)
    aws.client("s3").create_bucket(Bucket="airflow")
    aws.faults.hang("s3.PutObject", 60)
    ecs_options(workload_transport="s3", workload_store="s3://airflow/workloads", call_timeout=2)
    executor = AwsEcsFargateExecutor(parallelism=8)
    executor.start()
    given = task_instance(queue="exit-0")
    hand_over(executor, given)
    turn_until(executor, lambda: bool(aws.tasks()) or not executor.running)
    given.becomes("running")
    turn_until(executor, lambda: not executor.running)
    executor.end()
    assert states(executor) == {given.key: "success"}
    assert aws.calls()["s3.PutObject"]["calls"] == 3  # the second time it is there already


def test_c5_a_workload_of_an_unknown_kind_is_declined(executor: AwsEcsFargateExecutor) -> None:
    kinds: dict[str, Any] = vars(workloads)
    unknown = [kinds["RunTrigger"](id=1, ti=None, classpath="a.B", encrypted_kwargs="")]
    if tests_connections := kinds.get("TestConnection"):
        more = {"connection_test_id": uuid.uuid4(), "connection_id": "c", "timeout": 5, "queue": "default"}
        unknown.append(tests_connections(token="t", **more))
    with create_session(scoped=False) as session:
        for workload in unknown:
            executor.queue_workload(workload, session)
    executor.heartbeat()
    assert (executor.slots_occupied, states(executor)) == (0, {})


@needs(CALLBACKS)
def test_c5_a_callback_runs_in_a_container(executor: AwsEcsFargateExecutor, aws: LocalAws) -> None:
    from airflow.executors.workloads import ExecuteCallback
    from airflow.executors.workloads.callback import CallbackDTO, CallbackFetchMethod

    callback = ExecuteCallback(
        token="t",
        callback=CallbackDTO(
            id=str(uuid.uuid4()), fetch_method=CallbackFetchMethod.IMPORT_PATH, data={"path": "m.f"}
        ),
        dag_rel_path=Path("dag.py"),
        bundle_info=BundleInfo(name="tests"),
        log_path="executor_callbacks/dag/run/1",
    )
    with create_session(scoped=False) as session:
        executor.queue_workload(callback, session)
    executor.heartbeat()
    turn_until(executor, is_running(aws))
    (task,) = aws.tasks()
    aws.client("ecs").stop_task(cluster="etl", task=task["taskArn"], reason="test")
    turn_until(executor, lambda: not executor.running)
    assert states(executor) == {workload_key(callback): "failed"}
    # Not a text: SQLite takes none for an id, and the scheduler of 3.2 asks for the row with this very key.
    assert not any(isinstance(key, str) for key in executor.get_event_buffer())


# --- The same key again ------------------------------------------------------------------------------------


def test_c17_the_end_of_a_superseded_container_is_never_reported(
    executor: AwsEcsFargateExecutor, aws: LocalAws
) -> None:
    given = task_instance(queue="sleep")
    hand_over(executor, given)
    turn_until(executor, is_running(aws))
    turn_until(executor, seen_to_run(executor))
    (first,) = aws.tasks()
    given.token = str(uuid.uuid4())
    given.becomes("queued", external_executor_id=given.token)
    hand_over(executor, given)
    turn_until(executor, is_running(aws, 2))
    aws.client("ecs").stop_task(cluster="etl", task=first["taskArn"])
    turn_until(executor, is_running(aws, 1))
    turn_a_while(executor)
    assert states(executor) == {}
    assert executor.running == {given.key}


def test_c17_a_superseded_job_starts_no_other_container(mixed: AwsEcsFargateExecutor, aws: LocalAws) -> None:
    given = task_instance(queue="sleep")
    hand_over(mixed, given, token=None)
    turn_until(mixed, is_running(aws))
    turn_until(mixed, seen_to_run(mixed))
    (first,) = aws.tasks()
    assert mixed._engine is not None
    engine = mixed._engine
    hand_over(mixed, given, token=queued_under(given))
    until(lambda: len(list(engine.jobs())) == 2)
    assert [job.withdrawn for job in engine.jobs()] == [True, False]  # at once, not when its row is read
    turn_until(mixed, is_running(aws, 2))
    aws.faults.reclaim_spot(first["taskArn"])
    turn_until(mixed, is_running(aws, 1))
    turn_until(mixed, lambda: len(list(engine.jobs())) == 1)
    turn_a_while(mixed)
    assert len(aws.tasks()) == 2
    assert mixed.running == {given.key}


def test_a_report_on_a_key_that_waits_in_the_queue_again_is_not_made(
    ecs_options: Callable[..., None], aws: LocalAws
) -> None:
    """Airflow would take it for one about the queueing that waits."""
    executor = AwsEcsFargateExecutor(parallelism=1)
    executor.start()
    first = task_instance(queue="exit-0")
    hand_over(executor, first)
    until(lambda: len(aws.tasks()) == 1)  # before the row has another token, by which it would be left
    first.becomes("running")
    queue_up(executor, replace(first, token=str(uuid.uuid4())))
    turn_until(executor, lambda: len(aws.tasks()) == 2)
    assert states(executor) == {}
    assert executor.running == {first.key}
    executor.end()


def test_c18_a_rescheduled_sensor_frees_its_slot_in_silence(
    executor: AwsEcsFargateExecutor, aws: LocalAws
) -> None:
    given = task_instance(queue="exit-0")
    hand_over(executor, given)
    given.becomes("up_for_reschedule")
    turn_until(executor, lambda: not executor.running)
    assert states(executor) == {}


# --- Airflow changes its mind ------------------------------------------------------------------------------


def test_c15_a_revoked_task_is_stopped_and_forgotten(executor: AwsEcsFargateExecutor, aws: LocalAws) -> None:
    given = task_instance(queue="sleep")
    hand_over(executor, given)
    turn_until(executor, is_running(aws))
    executor.revoke_task(ti=given.row())
    assert given.key not in executor.running
    turn_until(executor, all_stopped(aws))
    assert states(executor) == {}


def test_c15_what_was_to_be_said_of_a_task_is_not_said_once_it_is_revoked(
    executor: AwsEcsFargateExecutor, aws: LocalAws
) -> None:
    """The engine has a line to say, and Airflow takes the task back before it is heard."""
    aws.faults.no_capacity("Capacity is unavailable at this time.")
    revoked, other = task_instance(queue="exit-0"), task_instance(queue="exit-0")
    hand_over(executor, revoked, other)
    engine = executor._engine
    assert engine is not None
    until(lambda: [bool(job.told) for job in engine.jobs()] == [True, True])
    executor.revoke_task(ti=revoked.row())
    turn_a_while(executor)
    assert {line.run_id for line in executor._task_event_logs} == {other.key.run_id}


def test_c15_revoking_what_another_scheduler_started_stops_it(
    executor: AwsEcsFargateExecutor, ecs_options: Callable[..., None], aws: LocalAws
) -> None:
    given = task_instance(queue="sleep")
    hand_over(executor, given)
    turn_until(executor, is_running(aws))
    other = AwsEcsFargateExecutor(parallelism=8)
    other.start()
    other.revoke_task(ti=given.row())
    turn_until(other, all_stopped(aws))
    other.end()


def test_c16_a_task_marked_failed_while_it_waits_costs_nothing_more(
    executor: AwsEcsFargateExecutor, aws: LocalAws
) -> None:
    aws.faults.delays(pull=[30, 30])
    given = task_instance(queue="exit-0")
    hand_over(executor, given)
    turn_until(executor, lambda: bool(aws.tasks()))
    given.becomes("failed")
    turn_until(executor, lambda: not executor.running)
    turn_until(executor, lambda: aws.tasks()[0]["desiredStatus"] == "STOPPED")


def test_c19_a_second_container_that_is_turned_away_harms_nobody(executor: AwsEcsFargateExecutor) -> None:
    """The API server has let another container in (409 here): its healthy run is neither failed nor ended."""
    given = task_instance(queue="exit-1")
    hand_over(executor, given)
    given.becomes("running", external_executor_id=str(uuid.uuid4()))
    turn_until(executor, lambda: given.key not in executor.running)
    assert states(executor) == {}
    assert given.row().state == "running"


def test_c14_what_waits_too_long_is_revoked_queued_again_and_starts(
    executor: AwsEcsFargateExecutor, aws: LocalAws
) -> None:
    """The first queueing starts nothing any more, not even when there is room at last; the second does."""
    aws.faults.no_capacity()
    first = task_instance(queue="exit-0")
    hand_over(executor, first)
    turn_until(executor, lambda: "backing off" in repr(executor._engine))
    executor.revoke_task(ti=first.row())
    assert first.key not in executor.running
    second = replace(first, token=str(uuid.uuid4()))
    second.becomes("queued", external_executor_id=second.token)
    hand_over(executor, second)
    aws.faults.capacity_back()
    turn_until(executor, lambda: bool(aws.tasks()))
    second.becomes("running")
    turn_until(executor, lambda: second.key not in executor.running)
    assert states(executor) == {second.key: "success"}
    assert [task["startedBy"] for task in aws.tasks()] == [f"airflow/{second.token}"]


def test_a_task_that_airflow_gives_up_has_its_container_stopped(
    executor: AwsEcsFargateExecutor, aws: LocalAws
) -> None:
    given = task_instance(queue="sleep")
    hand_over(executor, given)
    given.becomes("running")
    turn_until(executor, is_running(aws))
    executor.change_state(given.key, TaskInstanceState.FAILED, remove_running=True)
    turn_until(executor, all_stopped(aws))
    assert states(executor) == {given.key: "failed"}


# --- Schedulers come and go --------------------------------------------------------------------------------


def test_c11_adopted_tasks_count_and_are_known(ecs_options: Callable[..., None]) -> None:
    ecs_options(adopt_task_instances=True)
    executor = AwsEcsFargateExecutor(parallelism=3)
    executor.start()
    givens = [task_instance(state="running") for _ in range(2)]
    assert executor.try_adopt_task_instances([given.row() for given in givens]) == []
    assert executor.slots_occupied == 2
    assert executor.slots_available == 1
    assert all(executor.has_task(given.row()) for given in givens)
    engine = executor._engine
    assert engine is not None
    turn_until(executor, lambda: [job.attempt for job in engine.jobs()] == [1, 1])
    executor.end()


def test_c25_a_report_that_airflow_lost_is_made_again(
    executor: AwsEcsFargateExecutor,
) -> None:
    given = task_instance(queue="exit-7")
    hand_over(executor, given)
    given.becomes("running")
    turn_until(executor, lambda: bool(executor.event_buffer))
    executor.get_event_buffer()  # its row was locked when the scheduler came to it: the event is gone
    assert "confirming" in repr(executor._engine)
    turn_until(executor, lambda: bool(executor.event_buffer), patience=25.0)
    assert states(executor) == {given.key: "failed"}
    given.becomes("failed")
    turn_until(executor, lambda: "none" in repr(executor._engine))
    assert not executor.running


def test_c26_with_adoption_the_next_scheduler_follows_the_same_container(
    executor: AwsEcsFargateExecutor, ecs_options: Callable[..., None], aws: LocalAws, unhurried: float
) -> None:
    ecs_options(adopt_task_instances=True)
    first = AwsEcsFargateExecutor(parallelism=8)
    first.start()
    given = task_instance(queue="sleep")
    hand_over(first, given)
    given.becomes("running")
    turn_until(first, is_running(aws))
    began = time.monotonic()
    first.end()
    assert time.monotonic() - began < unhurried / 2
    assert is_running(aws)()

    second = AwsEcsFargateExecutor(parallelism=8)
    second.start()
    assert second.try_adopt_task_instances([given.row()]) == []
    assert second.try_adopt_task_instances([given.row()]) == []  # Airflow may ask twice
    assert second.slots_occupied == 1
    assert second.has_task(given.row())
    (task,) = aws.tasks()
    turn_until(second, lambda: "watching" in repr(second._engine))
    aws.client("ecs").stop_task(cluster="etl", task=task["taskArn"])
    turn_until(second, lambda: not second.running)
    assert states(second) == {given.key: "failed"}
    assert len(aws.tasks()) == 1
    second.end()


def test_c26_without_adoption_end_stops_every_container(
    executor: AwsEcsFargateExecutor, aws: LocalAws, unhurried: float
) -> None:
    givens = [task_instance(queue="sleep") for _ in range(3)]
    hand_over(executor, *givens)
    turn_until(executor, is_running(aws, 3))
    began = time.monotonic()
    executor.end()
    assert time.monotonic() - began < unhurried / 2
    assert [task["desiredStatus"] for task in aws.tasks()] == ["STOPPED"] * 3


@pytest.mark.usefixtures("unhurried")
def test_c26_what_was_stopped_at_the_end_is_queued_again_by_the_next_scheduler_though_it_adopts(
    executor: AwsEcsFargateExecutor, ecs_options: Callable[..., None], aws: LocalAws
) -> None:
    """A deployment that switches adoption on: what the old scheduler stopped has lost no try."""
    given = task_instance(queue="sleep")
    hand_over(executor, given)
    turn_until(executor, is_running(aws))
    executor.end()

    ecs_options(adopt_task_instances=True)
    second = AwsEcsFargateExecutor(parallelism=8)
    second.start()
    assert second.try_adopt_task_instances([given.row()]) == []
    turn_until(second, lambda: given.row().state == "scheduled")
    assert (given.row().try_number, states(second)) == (1, {})
    turn_until(second, lambda: not second.running)
    second.end()


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("adopts", [True, False])
def test_c26_a_task_that_ran_is_not_failed_by_the_end_and_begins_its_next_try(
    executor: AwsEcsFargateExecutor, ecs_options: Callable[..., None], aws: LocalAws, adopts: bool
) -> None:
    """Whatever `retries` say: nobody decided against it, and what its container still says is refused."""
    given = task_instance(queue="sleep")
    hand_over(executor, given)
    given.becomes("running")
    turn_until(executor, is_running(aws))
    executor.end()
    left = given.row()
    assert (left.state, left.external_executor_id) == ("restarting", given.token)
    assert (left.id != given.id) is not ROW_PER_TRY  # the id by which the container speaks, or else its state

    ecs_options(adopt_task_instances=adopts)
    second = AwsEcsFargateExecutor(parallelism=8)
    second.start()
    assert second.try_adopt_task_instances([given.row()]) == []
    if adopts:  # "success" is how Airflow wants to hear that a cleared task has stopped
        turn_until(second, lambda: states(second) == {given.key: "success"})
    else:
        turn_until(second, lambda: given.row().state is None)
    assert all_stopped(aws)()
    second.end()


def test_c27_a_container_that_another_scheduler_stopped_and_did_not_live_to_give_back(
    executor: AwsEcsFargateExecutor, aws: LocalAws
) -> None:
    """This scheduler was stalled and taken for dead; when it goes on, its task still waits."""
    given = task_instance(queue="sleep")
    hand_over(executor, given)
    turn_until(executor, is_running(aws))
    (task,) = aws.tasks()
    aws.client("ecs").stop_task(cluster="etl", task=task["taskArn"], reason=ORPHANED)
    turn_until(executor, lambda: given.row().state == "scheduled")
    assert (given.row().try_number, given.row().external_executor_id) == (1, None)
    turn_until(executor, lambda: not executor.running)
    assert states(executor) == {}


def test_c27_without_adoption_an_orphan_is_stopped_before_its_task_is_given_back(
    executor: AwsEcsFargateExecutor, ecs_options: Callable[..., None], aws: LocalAws
) -> None:
    given = task_instance(queue="sleep")
    hand_over(executor, given)
    given.becomes("running")
    turn_until(executor, is_running(aws))

    after_the_crash = AwsEcsFargateExecutor(parallelism=8)
    after_the_crash.start()
    assert after_the_crash.try_adopt_task_instances([given.row()]) == []
    assert given.row().state == "running"
    turn_until(after_the_crash, lambda: "ecs.StopTask" in aws.calls())
    assert given.row().state in ("restarting", None)  # no word of the container counts any more
    turn_until(after_the_crash, lambda: given.row().state is None)
    assert all_stopped(aws)()
    assert given.row().external_executor_id is None
    turn_until(after_the_crash, lambda: not after_the_crash.running)
    after_the_crash.end()


@pytest.mark.parametrize("adopt", [True, False])
def test_c12_a_queued_task_without_a_container_is_queued_again_in_the_same_try(
    ecs_options: Callable[..., None], adopt: bool
) -> None:
    ecs_options(adopt_task_instances=adopt)
    executor = AwsEcsFargateExecutor(parallelism=8)
    executor.start()
    given = task_instance()
    assert executor.try_adopt_task_instances([given.row()]) == []
    turn_until(executor, lambda: given.row().state == "scheduled")
    assert given.row().try_number == 1
    assert given.row().id == given.id
    executor.end()


# --- AWS is not as it should be ----------------------------------------------------------------------------


def test_c1_wrong_credentials_are_waited_out(executor: AwsEcsFargateExecutor, aws: LocalAws) -> None:
    aws.faults.expire_credentials(seconds=2)
    given = task_instance(queue="exit-0")
    hand_over(executor, given)
    given.becomes("queued")
    turn_until(executor, lambda: bool(aws.tasks()))
    given.becomes("running")
    turn_until(executor, lambda: not executor.running)
    assert states(executor) == {given.key: "success"}
    assert len(aws.tasks()) == 1


def test_an_unreachable_endpoint_keeps_the_work(
    ecs_options: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    ecs_options(endpoint_url="http://127.0.0.1:9")
    executor = AwsEcsFargateExecutor(parallelism=8)
    executor.start()
    given = task_instance(queue="exit-0")
    hand_over(executor, given)
    turn_until(executor, lambda: "backing off" in repr(executor._engine))
    assert given.key in executor.running
    assert states(executor) == {}
    executor.end()


def test_c24_an_unknown_task_definition_fails_at_the_first_answer(
    ecs_options: Callable[..., None], aws: LocalAws
) -> None:
    ecs_options(task_definition="unknown")
    executor = AwsEcsFargateExecutor(parallelism=8)
    executor.start()
    given = task_instance(queue="exit-0")
    hand_over(executor, given)
    turn_until(executor, lambda: not executor.running)
    assert states(executor) == {given.key: "failed"}
    assert "TaskDefinition not found" in info(executor, given)
    assert aws.calls()["ecs.RunTask"]["calls"] == 1
    executor.end()


# --- Made, never started -----------------------------------------------------------------------------------


def test_c8_making_one_in_the_api_server_asks_nobody(monkeypatch: pytest.MonkeyPatch, aws: LocalAws) -> None:
    options(monkeypatch, "ecs_fargate", launch_type="MOON", endpoint_url=aws.url)
    threads, calls = set(threading.enumerate()), aws.calls()
    executor = AwsEcsFargateExecutor()
    messages, _ = executor.get_task_log(task_instance(state="running").row(), 1)
    assert messages
    assert set(threading.enumerate()) <= threads
    assert aws.calls() == calls
    executor.heartbeat()
    executor.debug_dump()
    executor.end()
    executor.terminate()


def test_bad_settings_end_the_start_with_all_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    options(monkeypatch, "ecs_fargate", launch_type="MOON", region="us-east-1")
    with pytest.raises(SettingsError) as caught:
        AwsEcsFargateExecutor().start()
    assert all(word in str(caught.value) for word in ("launch_type", "MOON", "cluster", "container_name"))


@pytest.mark.parametrize("hook", ["_submit_job_kwargs", "_submit_job", "_run_task_kwargs", "get_container"])
def test_a_subclass_of_the_old_kind_is_told_what_to_write_now(hook: str) -> None:
    old = type("CustomBatchExecutor", (AwsBatchExecutor,), {hook: lambda self: None})
    with pytest.raises(TypeError, match=f"CustomBatchExecutor.{hook} is no longer called.* request_builder"):
        old().start()


def test_the_old_name_is_the_same_class() -> None:
    assert AwsFargateExecutor is AwsEcsFargateExecutor


def test_nothing_secret_is_dumped(
    executor: AwsEcsFargateExecutor, aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.faults.no_capacity()
    given = task_instance(queue="exit-0")
    hand_over(executor, given)
    turn_until(executor, lambda: "backing off" in repr(executor._engine))
    executor.debug_dump()
    dumped = capsys.readouterr()
    assert given.token in dumped.out + dumped.err
    assert "eyJ" not in dumped.out + dumped.err
