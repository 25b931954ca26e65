"""A real scheduler that gets killed: with `test_e2e_stopped.py`, two stories for every change; `make killed`
tells many more.

Law: a story is a plan and its claims, all of which must hold; the logs of one that fails stay where pytest
keeps its files. That the claims would catch something is tested too, for they are all that is looked at. It
comes after the examples, whose Airflow it shares.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import psutil
import pytest

from aws_executors.core.lifecycle.effects import SURPLUS
from aws_executors.demo.api import TaskTry
from aws_executors.demo.containers import SEVERAL, Container, Turn
from aws_executors.demo.environment import EXECUTORS
from e2e.claims import DUE, Records, claims, people_know
from e2e.examples import Show
from e2e.killed import QUICK, SOURCE, adoption, happen
from e2e.plans import Fault, Outage, Plan, Where, plan
from e2e.postgres import postgres
from e2e.records import Line, Told, Try

# From before the first submission on, each is carried out, and nobody is told so.
IN_OUTAGE = Plan(fault=Fault.KILLED_IN_OUTAGE, outage=Outage.BROKEN, moment=0.0, span=16.0)


def test_killed_in_an_outage_it_goes_on_where_it_was(shown: Show) -> None:
    """C3, C9, C10, C11: on PostgreSQL, with adoption: no try is lost and no container started twice. What the
    scheduler waited for before it was killed stands in the event log."""
    up = shown.up
    shown.turn.write_text("")
    shutil.copy(SOURCE, up.place.dags)
    takes_over = {**QUICK, **adoption(True), "AIRFLOW__CORE__EXECUTOR": EXECUTORS}
    up.deployment.environment = {**up.deployment.environment, **takes_over}
    story = happen(up, IN_OUTAGE)
    reason = people_know(story.records, "ServerException")
    assert [str(claim) for claim in (*story.claims, reason) if not claim.holds] == []


def test_the_database_is_gone_with_its_block(tmp_path: Path) -> None:
    with postgres(tmp_path) as url:
        folder = Path(url.rpartition("host=")[2])
        server = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
        family = [server, *server.children(recursive=True)]
        assert len(family) > 1
    assert not any(process.is_running() for process in family)
    assert not folder.exists()


# --- The claims themselves ---------------------------------------------------------------------------------


def lines(task: str, number: int, word: str = "begins") -> tuple[Line, ...]:
    return tuple(Line(word, task, number, 4711 + n, float(n)) for n in range(DUE[task].segments))


def containers(task: str, number: int) -> tuple[Container, ...]:
    name, _, index = task.partition("[")
    whom = TaskTry(task_id=name, map_index=int(index.rstrip("]") or -1), try_number=number)
    one = Container(
        service="ECS", id="0b6e", task=whom, status="STOPPED", exit_codes=(0,), created=1.0, stopped=2.0
    )
    return (one,) * DUE[task].segments


TRIES = [(task, number) for task, due in DUE.items() for number in range(1, due.tries + 1)]
GOOD = Records(
    last=tuple(Try(task, due.tries, due.state) for task, due in DUE.items()),
    before=(Try("retrying", 1, "failed"),),
    lines=(
        *(line for one in TRIES for line in lines(*one)),
        Line("calls", "deadline", 1, 4711, 9.0),
    ),
    told=(Told("plain_ecs", "submission delayed", "ambiguous: ServerException: ..."),),
    containers=tuple(container for one in TRIES for container in containers(*one)),
)
ADOPTED = Plan(fault=Fault.KILLED)
STOPPED = replace(ADOPTED, adopt=False)

Change: TypeAlias = Callable[[Records], Records]


def spent(task: str, number: int, state: str | None = "success") -> Change:
    """The same records, but for the last try of one task."""
    return lambda records: replace(
        records, last=tuple(Try(task, number, state) if one.task == task else one for one in records.last)
    )


def also(*more: Line) -> Change:
    return lambda records: replace(records, lines=(*records.lines, *more))


def without(task: str) -> Change:
    return lambda records: replace(records, lines=tuple(line for line in records.lines if line.task != task))


def found(change: Callable[[tuple[Container, ...]], tuple[Container, ...]]) -> Change:
    return lambda records: replace(records, containers=change(records.containers))


NOT_SO: dict[str, tuple[Plan, Change, list[str]]] = {
    "nothing is wrong": (ADOPTED, lambda records: records, []),
    "a wrong verdict": (
        ADOPTED,
        spent("failing", 1, "success"),
        ["failing is success, not failed"],
    ),
    "a task that has vanished": (
        ADOPTED,
        lambda records: replace(records, last=records.last[1:]),
        ["plain_ecs is None, not success", "plain_ecs try 1: 1, not 0"],
    ),
    "a try is lost": (
        ADOPTED,
        spent("plain_batch", 2),
        [
            "plain_batch has had 2 tries, not 1 (and up to 0 more)",
            "plain_batch try 2 began 0 times, not 1",
            "plain_batch try 2: 0, not 1",
        ],
    ),
    "a try is lost, as it may be": (
        STOPPED,
        lambda records: also(*lines("plain_batch", 2))(spent("plain_batch", 2)(records)),
        [],
    ),
    "two tries are lost to one kill": (
        STOPPED,
        lambda records: also(*lines("plain_batch", 3))(spent("plain_batch", 3)(records)),
        ["plain_batch has had 3 tries, not 1 (and up to 1 more)"],
    ),
    "a try ran twice": (
        STOPPED,
        also(*lines("deferring", 1)),
        ["deferring try 1 began 4 times, not 2"],
    ),
    "green, but it never ran": (
        STOPPED,
        without("mapped[1]"),
        ["mapped[1] try 1 began 0 times, not 1"],
    ),
    "two at once": (
        STOPPED,
        also(*lines("plain_ecs", 1, "meets")),
        ["plain_ecs try 1 in 4711"],
    ),
    "no callback": (
        replace(ADOPTED, fault=Fault.EXPIRED),
        without("deadline"),
        ["it ran 0 times"],
    ),
    "no callback, after a crash": (ADOPTED, without("deadline"), []),
    "two callbacks": (ADOPTED, also(Line("calls", "deadline", 1, 4712, 9.5)), ["it ran 2 times"]),
    "a container too many": (
        ADOPTED,
        found(lambda all_of_them: (*all_of_them, all_of_them[0])),
        ["plain_ecs try 1: 2, not 1"],
    ),
    "a container too many, which never ran": (
        replace(ADOPTED, fault=Fault.STALLED),
        found(lambda all_of_them: (*all_of_them, replace(all_of_them[0], exit_codes=(None,)))),
        [],
    ),
    "one that never ran, and nobody was stalled": (
        ADOPTED,
        found(lambda all_of_them: (replace(all_of_them[0], exit_codes=(None,)), *all_of_them[1:])),
        ["ECS 0b6e of plain_ecs try 1 is STOPPED, exit (None,): "],
    ),
    "a container that failed": (
        ADOPTED,
        found(lambda all_of_them: (replace(all_of_them[0], exit_codes=(1,)), *all_of_them[1:])),
        ["ECS 0b6e of plain_ecs try 1 is STOPPED, exit (1,): "],
    ),
    "a container that runs on": (
        STOPPED,
        found(lambda all_of_them: (replace(all_of_them[0], status="RUNNING"), *all_of_them[1:])),
        ["ECS 0b6e of plain_ecs try 1 is RUNNING"],
    ),
}


WARM = replace(ADOPTED, warm=True)
WARM_OUTAGE = replace(WARM, fault=Fault.OUTAGE)
IN_TURN = replace(
    GOOD,
    containers=(replace(containers("plain_ecs", 1)[0], task=SEVERAL),),
    turns=tuple(Turn(container="0b6e", task=one.task, exit_code=0) for one in GOOD.containers),
)


def turns(change: Callable[[tuple[Turn, ...]], tuple[Turn, ...]]) -> Change:
    """What warm containers have run, changed."""
    return lambda records: replace(IN_TURN, turns=change(IN_TURN.turns))


def several(status: str = "STOPPED", code: int | None = 0, why: str = "") -> Change:
    """Their one container, changed."""
    changed = tuple(replace(one, status=status, exit_codes=(code,), reason=why) for one in IN_TURN.containers)
    return lambda records: replace(IN_TURN, containers=changed)


NOT_SO |= {
    "warm, and nothing is wrong": (WARM, lambda records: IN_TURN, []),
    "a turn too many": (
        WARM,
        turns(lambda all_of_them: (*all_of_them, all_of_them[0])),
        ["plain_ecs try 1: 2, not 1"],
    ),
    "a turn too few": (WARM, turns(lambda all_of_them: all_of_them[1:]), ["plain_ecs try 1: 0, not 1"]),
    "a turn without a last word, as it may be": (WARM_OUTAGE, turns(lambda all_of_them: all_of_them[1:]), []),
    "a turn too many in an outage": (
        WARM_OUTAGE,
        turns(lambda all_of_them: (*all_of_them, all_of_them[0])),
        ["plain_ecs try 1: 2, not 1"],
    ),
    "in a warm container, and in one of its own": (
        WARM,
        lambda records: replace(IN_TURN, containers=(*IN_TURN.containers, GOOD.containers[0])),
        ["plain_ecs try 1: 2, not 1"],
    ),
    "a warm container for each": (
        WARM,
        turns(lambda all_of_them: tuple(replace(one, container=str(n)) for n, one in enumerate(all_of_them))),
        ["none has run several"],
    ),
    "a warm container that failed": (
        WARM,
        several(code=1),
        ["ECS 0b6e of (several) try 1 is STOPPED, exit (1,): "],
    ),
    "a warm container that runs on": (
        WARM_OUTAGE,
        several(status="RUNNING", code=None),
        ["ECS 0b6e of (several) try 1 is RUNNING"],
    ),
    "a warm container that was given up before it was up": (WARM, several(code=None), []),
    "a warm container that was one too many": (WARM, several("FAILED", why=SURPLUS), []),
    "a warm container of Batch that failed": (
        WARM,
        several("FAILED", why="Essential container in task exited"),
        ["ECS 0b6e of (several) try 1 is FAILED, exit (0,): Essential container in task exited"],
    ),
}


@pytest.mark.parametrize(("plan", "change", "faults"), NOT_SO.values(), ids=NOT_SO)
def test_the_claims_catch(plan: Plan, change: Change, faults: list[str]) -> None:
    assert [fault for claim in claims(change(GOOD), plan) for fault in claim.faults] == faults


def test_people_know_or_the_claim_says_what_stands_there_instead() -> None:
    assert people_know(GOOD, "ServerException").holds
    assert people_know(GOOD, "AccessDenied").faults == (
        "no row of the event log says 'AccessDenied': ['submission delayed']",
    )


def test_seven_seeds_in_a_row_meet_every_fault() -> None:
    assert {plan(seed).fault for seed in range(7)} == set(Fault)
    assert {plan(seed).adopt for seed in range(20)} == {True, False}
    assert {plan(seed).outage for seed in range(20) if plan(seed).outages} == set(Outage)


def test_with_warm_containers_a_seed_s_story_is_the_same_but_for_what_is_down() -> None:
    for seed in range(20):
        assert replace(plan(seed, warm=True), warm=False, where=Where.ALL) == plan(seed)
    assert {one.where for seed in range(20) if (one := plan(seed, warm=True)).outages} == set(Where)
