"""The proof finds each way in which a green DAG can hide something wrong; expectations are by hand."""

from dataclasses import replace

import pytest

from aws_executors.core.cost.record import UsageRecord, entry_of
from aws_executors.demo import proof
from aws_executors.demo.api import EventLogRow, EventLogs, TaskInstance, TaskTry
from aws_executors.demo.containers import Container, Turn
from aws_executors.demo.warm import Half, claims


def instance(task_id: str, try_number: int = 1, state: str = "success", map_index: int = -1) -> TaskInstance:
    return TaskInstance(
        task_id=task_id, map_index=map_index, try_number=try_number, state=state, executor="AwsBatchExecutor"
    )


def container(task_id: str, try_number: int = 1, map_index: int = -1) -> Container:
    return Container(
        service="ECS",
        id=f"{task_id}-{try_number}",
        task=TaskTry(task_id=task_id, try_number=try_number, map_index=map_index),
        status="STOPPED",
        exit_codes=(0,),
        created=0.0,
        stopped=5.0,
    )


WELL = container("plain")


def test_succeeded() -> None:
    assert proof.succeeded([instance("a"), instance("b")]) == proof.Claim("2 task instances succeeded")
    assert proof.succeeded([instance("a", state="failed", map_index=3)]).faults == ("a[3] is failed",)
    assert proof.succeeded([]).faults == ("there is none",)


@pytest.mark.parametrize(
    "odd",
    [
        replace(WELL, exit_codes=(1,)),
        replace(WELL, exit_codes=(0, 143)),  # a sidecar
        replace(WELL, exit_codes=(None,)),
        replace(WELL, exit_codes=()),
        replace(WELL, status="RUNNING", stopped=None),
        replace(WELL, status="FAILED", service="Batch"),
    ],
    ids=str,
)
def test_a_container_that_did_not_end_well(odd: Container) -> None:
    faults = proof.ended_well([WELL, odd]).faults
    assert len(faults) == 1
    assert faults[0].startswith(
        f"{odd.service} plain-1 of plain try 1 is {odd.status}, exit {odd.exit_codes}"
    )


def test_containers_that_ended_well() -> None:
    done = replace(WELL, service="Batch", status="SUCCEEDED")
    assert proof.ended_well([WELL, done]).holds
    assert proof.ended_well([]).faults == ("there is none",)


@pytest.mark.parametrize(
    ("instances", "containers", "faults"),
    [
        ([instance("a")], [container("a")], ()),
        ([instance("a", 2)], [container("a", 1), container("a", 2)], ()),
        ([instance("a")], [container("a"), container("a")], ("a try 1: 2 containers, not 1",)),
        ([instance("a", 2)], [container("a", 2)], ("a try 1: 0 containers, not 1",)),
        ([instance("a")], [], ("a try 1: 0 containers, not 1",)),
        ([], [container("b")], ("b try 1: 1 containers, not 0",)),
        ([instance("defers")], [container("defers"), container("defers")], ()),
        ([instance("defers")], [container("defers")], ("defers try 1: 1 containers, not 2",)),
        (
            [instance("m", map_index=0), instance("m", map_index=1)],
            [container("m", map_index=0), container("m", map_index=0)],
            ("m[0] try 1: 2 containers, not 1", "m[1] try 1: 0 containers, not 1"),
        ),
    ],
)
def test_once_per_try(
    instances: list[TaskInstance], containers: list[Container], faults: tuple[str, ...]
) -> None:
    assert proof.once_per_try(instances, containers, {"defers": 2}).faults == faults


MEASURED = UsageRecord(peak=140, cpu=1.5, dollars=0.0002)


@pytest.mark.parametrize(
    ("records", "fault"),
    [
        ([MEASURED], "2 containers had ended"),
        ([MEASURED, MEASURED.model_copy(update={"peak": None})], "a container of b was not measured"),
        ([MEASURED, MEASURED.model_copy(update={"cpu": None})], "a container of b was not measured"),
        ([MEASURED, MEASURED.model_copy(update={"dollars": None})], "a container of b was not measured"),
        ([MEASURED, None], "a container of b was not measured"),
    ],
)
def test_a_container_that_left_no_whole_record(records: list[UsageRecord | None], fault: str) -> None:
    (said,) = proof.all_recorded(map(logged, "ab", records), 2).faults
    assert said.startswith(fault)


def test_what_containers_have_recorded_is_added_up() -> None:
    assert proof.all_recorded([logged("a", MEASURED), logged("b", MEASURED)], 2) == proof.Claim(
        "2 containers used 3 s of CPU, at most 140 MiB each, about $0.00040 by AWS's list prices"
    )


def test_a_row_that_the_api_lists_for_each_try_is_one() -> None:
    rows = [{"event_log_id": number, "task_id": "a", "extra": ""} for number in (1, 2, 1)]
    assert [row.event_log_id for row in EventLogs.model_validate({"event_logs": rows}).once] == [1, 2]


def logged(task: str, record: UsageRecord | None) -> EventLogRow:
    return EventLogRow(event_log_id=1, task_id=task, extra="" if record is None else entry_of(record))


FREE = "queued (0): none\nrunning (0): none\nevents (0): none\n"


@pytest.mark.parametrize(
    ("dump", "holds"),
    [
        (FREE + FREE, True),
        (FREE, False),
        (FREE + FREE.replace("running (0)", "running (1)"), False),
        (FREE + FREE.replace("queued (0)", "queued (12)"), False),
        ("", False),
    ],
)
def test_slots_free(dump: str, holds: bool) -> None:
    assert proof.slots_free(dump, executors=2).holds is holds


def test_a_claim_says_where_it_does_not_hold() -> None:
    assert str(proof.none_left(["42 sleep 60"], "process")) == "NOT  no process is left\n       42 sleep 60"
    assert str(proof.none_left([], "process")) == "ok   no process is left"


def turn(task_id: str, container: str = "c", exit_code: int = 0) -> Turn:
    return Turn(container=container, task=TaskTry(task_id=task_id, try_number=1), exit_code=exit_code)


@pytest.mark.parametrize(
    ("turns", "faults"),
    [
        ([turn("a"), turn("b")], ()),
        ([turn("a")], ("b try 1: 0 times",)),
        ([turn("a"), turn("b"), turn("b", "other")], ("b try 1: 2 times",)),
        ([turn("a"), turn("b"), turn("x")], ("x try 1: 1 times",)),
        ([turn("a"), turn("b", exit_code=3)], ("b: exit code 3",)),
    ],
)
def test_workloads_in_warm_containers_ran_once(turns: list[Turn], faults: tuple[str, ...]) -> None:
    assert proof.served_once([instance("a"), instance("b")], turns).faults == faults


def test_cold_beside_warm() -> None:
    instances = (instance("a"), instance("b"))
    cold = Half(
        name="cold",
        instances=instances,
        containers=(container("a"), container("b")),
        turns=(),
        seconds=100.0,
        billed=120,
    )
    turns = (turn("a"), turn("b"))
    warm = replace(cold, name="warm", containers=(container("(several)"),), turns=turns, billed=60)
    assert [str(one) for one in claims(cold, warm)] == [
        "ok   4 task instances succeeded",
        "ok   3 containers stopped, and everything in them exited with code 0",
        "ok   2 containers were expected for 2 tries, and exactly that many started",
        "ok   2 workloads ran once each; containers that ran any: 1",
        "ok   warm containers started: 1, for the work of 2 cold ones",
    ]
    stopped = replace(container("(several)"), exit_codes=(None,))  # before it was up
    assert claims(cold, replace(warm, containers=(*warm.containers, stopped)))[1].holds
    assert not claims(replace(cold, containers=(stopped,)), warm)[1].holds
    assert cold.cost == pytest.approx(2 * warm.cost)
    assert not proof.fewer(2, 2).holds
    assert [claim.holds for claim in claims(cold, replace(warm, turns=()))][3] is False


def test_the_two_dags_differ_in_one_thing() -> None:
    from runpy import run_path

    from aws_executors.demo.warm import COLD, DAGS, WARM

    made = run_path(str(DAGS / "chain_and_wave.py"))
    dags = {name: made[f"{name}_dag"]() for name in (COLD, WARM)}
    shapes = {
        name: {task.task_id: task.downstream_task_ids for task in dag.tasks} for name, dag in dags.items()
    }
    assert shapes[COLD] == shapes[WARM]
    assert {task.task_id for task in dags[COLD].tasks} == {"link_0", "link_1", "link_2", "wave_0", "wave_1"}
    for name, dag in dags.items():
        (config,) = {
            str(task.partial_kwargs["executor_config"] if task.is_mapped else task.executor_config)
            for task in dag.tasks
        }
        assert config == str({"warm": name == WARM})
