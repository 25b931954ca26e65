"""Which ends of containers the engine tells where usage is recorded: each once, and none where it is not."""

from dataclasses import replace

from aws_executors.core.lifecycle.allocation import Allocation
from aws_executors.core.lifecycle.events import Found, Observed
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.shell.engine.dispatcher import Dispatcher
from aws_executors.shell.engine.messages import ContainerEnded, WorkItem
from shell.engine.clerk import Clerk
from support.worlds import Cloud, Order

GIVEN = Allocation(vcpu=1.0, memory=2048)


def engine(*, usage: bool) -> tuple[Clerk, Dispatcher[str, Order]]:
    clerk = Clerk(Cloud())
    dispatcher = clerk.dispatcher
    dispatcher._config = replace(dispatcher._config, usage=usage)
    return clerk, dispatcher


def ends(dispatcher: Dispatcher[str, Order]) -> list[tuple[str, int]]:
    updates = [one.effect for one in dispatcher.airflow_updates()]
    return [(one.observation.id, one.attempt) for one in updates if isinstance(one, ContainerEnded)]


def tell(clerk: Clerk, seen: Observation, *, found: bool = False) -> None:
    record = clerk.dispatcher.table.get("t0")
    assert record is not None
    event: Found | Observed = Found(clerk.now, seen) if found else Observed(clerk.now, seen)
    clerk.dispatcher.happen(record, event)


def ended(id_: str, phase: Phase = Phase.SUCCEEDED, cause: Cause | None = None) -> Observation:
    return Observation(
        id=id_,
        phase=phase,
        cause=cause,
        exit_code=None if cause else 0,
        started=not cause,
        given=lambda: GIVEN,
    )


def test_an_end_is_told_once_with_the_attempt_it_was() -> None:
    clerk, dispatcher = engine(usage=True)
    clerk.hand_over("t0")
    clerk.run(1.0)
    tell(clerk, ended("c1", Phase.FAILED, Cause.NEVER_STARTED))
    tell(clerk, ended("c1", Phase.FAILED, Cause.NEVER_STARTED))
    assert ends(dispatcher) == [("c1", 1)]
    clerk.run(3.0)  # the row is still queued: another container is started
    tell(clerk, ended("c2"))
    assert ends(dispatcher) == [("c2", 2)]


def test_only_of_its_own_containers_that_have_ended_and_only_if_it_is_told_their_sizes() -> None:
    clerk, dispatcher = engine(usage=True)
    clerk.hand_over("t0")
    clerk.run(1.0)
    tell(clerk, ended("another"))
    tell(clerk, Observation(id="c1", phase=Phase.RUNNING, started=True))
    tell(clerk, replace(ended("c1"), given=None))
    assert ends(dispatcher) == []


def test_nothing_is_told_where_usage_is_not_recorded() -> None:
    clerk, dispatcher = engine(usage=False)
    clerk.hand_over("t0")
    clerk.run(1.0)
    tell(clerk, ended("c1"))
    assert ends(dispatcher) == []


def test_a_turn_is_told_with_what_its_cell_says_if_only_that_is_known() -> None:
    clerk, dispatcher = engine(usage=True)
    job: Job[Order] = Job(token="t0")
    clerk.take(WorkItem(job=job, key="t0"))
    tell(clerk, replace(ended("c9#2"), given=None, used='{"seconds":8.0}'), found=True)
    assert ends(dispatcher) == [("c9#2", 1)]


def test_the_rest_of_a_container_is_told_only_where_usage_is_recorded() -> None:
    item: WorkItem[str, Order] = WorkItem(job=Job(token="c1", pooled=True), key="t0", queue="q")
    for usage, told in ((False, []), (True, [("t0", ("{}", ""))])):
        _, dispatcher = engine(usage=usage)
        dispatcher.account(item, ended("c1"), ("{}", ""))
        updates = [(one.key, one.effect) for one in dispatcher.airflow_updates()]
        assert [(key, one.served) for key, one in updates if isinstance(one, ContainerEnded)] == told


def test_one_that_is_found_ended_in_adoption_is_told() -> None:
    clerk, dispatcher = engine(usage=True)
    job: Job[Order] = Job(token="t0")
    clerk.take(WorkItem(job=job, key="t0"))
    tell(clerk, ended("c9"), found=True)
    assert ends(dispatcher) == [("c9", 1)]
