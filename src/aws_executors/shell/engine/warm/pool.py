"""The pool of warm containers: which container is offered which job's workload, and how many there are.

Law: for the engine's thread, waits for nothing. A container is a job of its own in the table (`Job.pooled`),
so that it is submitted, retried, polled and stopped like any other; `turns.py` adds what its cell says. A job
that waits for a container is in the stage SUBMITTING; its submission is answered when a container has taken
its workload, or when none will.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from math import inf
from typing import Generic, TypeVar

from returns.methods import unwrap_or_failure
from returns.result import Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle import effects, events
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.warm.plan import Waiting, placements
from aws_executors.core.warm.shape import token_in
from aws_executors.core.warm.turn import is_turn
from aws_executors.shell.engine.calls.pending_calls import NEVER_SENT
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.job_table import Record
from aws_executors.shell.engine.messages import K, WarmRequest, WorkItem
from aws_executors.shell.engine.warm.cell_calls import CellCalls
from aws_executors.shell.engine.warm.container import SOON, Waiter, WarmContainer
from aws_executors.shell.engine.warm.endings import Endings
from aws_executors.shell.engine.warm.forecast import Forecast
from aws_executors.shell.engine.warm.foreign_cells import ForeignCells
from aws_executors.shell.engine.warm.jobs import Jobs
from aws_executors.shell.engine.warm.tally import WarmTally
from aws_executors.shell.engine.warm.turns import Turns
from aws_executors.shell.transport.cells import HeldCell

R = TypeVar("R")

OFTEN, RARELY = 0.5, 1.0
"""Seconds between two lists of the cells: while a job waits for a container to take it, and otherwise."""
UNTAKEN = 2
"""After how many containers that did not take its workload (maybe they cannot read it) a job gets its own."""
TASK_ENDED = (Stage.STOPPING, Stage.CONFIRMING, Stage.CLOSED)


class WarmPool(Generic[K, R]):
    """All warm containers of one executor, and the jobs that wait for a container."""

    def __init__(
        self,
        jobs: Jobs[K, R],
        context: EngineContext[K, R],
        calls: CellCalls,
        tally: WarmTally,
        new_token: Callable[[], str],
        *,
        adopts: bool = True,
    ) -> None:
        self._jobs = jobs
        self._clock = context.clock
        self._agenda = context.agenda
        self._calls = calls
        self._new_token = new_token
        self._turns: Turns[K, R] = Turns(jobs, context, calls, tally)
        self._endings: Endings[K, R] = Endings(jobs, context, calls, self._turns)
        self._forecast: Forecast[K, R] = Forecast(self._turns, calls, context.error_log)
        self._foreign = ForeignCells(self._turns, calls, self._adopt_idle) if adopts else None
        self._numbers = count(1)
        self._listing, self._list_at = 0, 0.0
        self.closing = False
        """Whether nothing is to be started any more."""

    def __repr__(self) -> str:
        return f"<WarmPool {len(self._turns.containers)} containers, {len(self._turns.waiters)} jobs wait>"

    @property
    def containers(self) -> tuple[WarmContainer[K, R], ...]:
        """All containers; other threads may read this."""
        return tuple(self._turns.containers.values())

    @property
    def due(self) -> float:
        """When `run_due` has something to do next."""
        if not self._turns.containers and not self._turns.waiters:
            return inf
        if self._turns.changed:
            return 0.0
        return inf if self._listing else self._list_at

    def run_due(self, now: float) -> None:
        """Do what is due by now."""
        busy = bool(self._turns.containers or self._turns.waiters)
        if self._turns.changed:
            self._turns.changed = False
            self._plan(now)
            self._forecast.ask(now)
        if busy and not self._listing and now >= self._list_at:
            self._listing = number = next(self._numbers)
            self._calls.list(partial(self._listed, number, now))
            self._forecast.ask(now)

    # --- What the dispatcher says --------------------------------------------------------------------------

    def want(self, record: Record[K, R], submission: effects.Submit[R], request: WarmRequest[R]) -> None:
        """Let this job wait for a container that takes its workload."""
        self._turns.waiters[record.job.token] = Waiter(record, submission, request, self._clock())
        self._turns.changed = True

    def happened(self, record: Record[K, R]) -> None:
        """A job has moved: a container's own job, one that waits for a container, or one that has a turn."""
        job = record.job
        if job.pooled:
            self._moved(record)
        elif job.withdrawn and (waiter := self._turns.waiters.get(job.token)) is not None:
            if not waiter.offered:
                self._turns.answer(waiter, events.Refused(self._clock(), NEVER_SENT))
            elif (container := self._turns.containers.get(waiter.offered)) is not None:
                self._turns.take_out(container)
        elif job.stage in TASK_ENDED and is_turn(job.container):
            self._freed(job)

    def said(
        self, record: Record[K, R], effect: effects.Report | effects.ReleaseSlot | effects.LogEvent
    ) -> None:
        """Take in what a container's own job reports; log lines go to the job that it was started for."""
        container = self._turns.containers.get(record.job.token)
        waiter = None if container is None else self._turns.waiters.get(container.for_job)
        match effect:
            case effects.Report(info=why) if container is not None:
                container.why = why
            case effects.LogEvent() if waiter is not None and not waiter.offered:
                self._jobs.log_event(waiter.record, effect)
            case _:
                pass

    def _freed(self, job: Job[R]) -> None:
        """A task has ended: its container will be idle in a moment, or hangs."""
        for container in self._turns.containers.values():
            if container.job == job.token and container.freed_at is None:
                container.freed_at = self._clock()
                self._agenda.at(container.freed_at + SOON, self._plan_again)

    def _plan_again(self, _: float) -> None:
        self._turns.changed = True

    def _moved(self, record: Record[K, R]) -> None:
        job = record.job
        container = self._turns.containers.get(job.token)
        if container is None:
            return
        self._turns.changed = True
        if job.seen is not None and job.seen.ended:
            container.end = job.seen
        if job.stage is Stage.CLOSED and container.record is not None:
            container.record = None
            self._endings.look_last(container)

    def follow(self, record: Record[K, R], turn: str, seen: Observation | None) -> None:
        """Follow the container of a turn that a look-up has found, if the turn is not over."""
        if seen is None or seen.id != turn or seen.ended or not seen.name:
            return
        container = self._turns.containers.get(token_in(seen.name)) or self._adopt(
            seen.name, record.work_item
        )
        if container is not None and not container.job:
            container.job, container.turn = record.job.token, turn
        elif container is not None and container.job != record.job.token:
            container.found = record.job.token, turn  # our offer there will not be taken

    def stop(self, record: Record[K, R], turn: str) -> None:
        """Stop the workload of a turn, if it still runs, by stopping its container."""
        token = record.job.token
        for container in [*self._turns.containers.values()]:
            if container.job == token and container.turn == turn and container.record is not None:
                self._turns.look_to_stop(container)
        self._jobs.happen(record, events.StopAnswered(self._clock(), None))

    def stop_container(self, record: Record[K, R], effect: effects.Stop) -> None:
        """Stop a container, unless another scheduler uses it by now."""
        container = self._turns.containers.get(record.job.token)
        if container is None:
            self._jobs.stop(record, effect)
        else:
            self._turns.look_again(partial(self._jobs.stop, record, effect), container)

    # --- Planning ------------------------------------------------------------------------------------------

    def _plan(self, now: float) -> None:
        if self.closing:
            return
        silent = self._turns.silent(now)
        shapes: dict[str, list[Waiter[K, R]]] = {one.shape: [] for one in self._turns.containers.values()}
        for waiter in [one for one in self._turns.waiters.values() if not one.offered]:
            if waiter.record.job.withdrawn:
                self._turns.answer(waiter, events.Refused(now, NEVER_SENT))
            elif waiter.record.in_doubt:
                self._jobs.hold(waiter.record, waiter.submission)
                del self._turns.waiters[waiter.record.job.token]
            elif silent or waiter.untaken >= UNTAKEN:
                self._cold(waiter)
            else:
                shapes.setdefault(waiter.request.shape.name, []).append(waiter)
        for shape, waiters in shapes.items():
            self._plan_shape(shape, waiters, now)

    def _plan_shape(self, shape: str, waiters: list[Waiter[K, R]], now: float) -> None:
        own = [one for one in self._turns.containers.values() if one.shape == shape]
        made = placements(
            [
                Waiting(token=one.record.job.token, priority=one.record.work_item.priority, since=one.since)
                for one in waiters
            ],
            [idle for one in own if (idle := one.idle) is not None],
            [starting for one in own if (starting := one.starting) is not None],
            soon=sum(one.soon(now) for one in own),
        )
        for job, token in made.offers:
            self._turns.offer(self._turns.containers[token], self._turns.waiters[job])
        for job in made.starts:
            self._launch(self._turns.waiters[job], now)
        for token in made.stops:
            self._turns.give_up(self._turns.containers[token])

    def _launch(self, waiter: Waiter[K, R], now: float) -> None:
        token, shape, item = self._new_token(), waiter.request.shape, waiter.record.work_item
        job: Job[R] = Job(token=token, has_row=False, pooled=True)
        build = partial(_built, waiter.request.container, token)
        container: WarmContainer[K, R] = WarmContainer(
            token=token,
            name=shape.cell_of(token),
            shape=shape.name,
            group=shape.group,
            for_job=waiter.record.job.token,
            since=now,
        )
        own = replace(_own(item, job), priority=item.priority, build=build)
        self._begin(container, own)

    def _adopt(self, name: str, item: WorkItem[K, R], group: str = "") -> WarmContainer[K, R] | None:
        """Follow a container that another scheduler has started, by the name of its cell."""
        container: WarmContainer[K, R] = WarmContainer(
            token=token_in(name), name=name, shape=name.partition("/")[0], group=group, since=self._clock()
        )
        job: Job[R] = Job(token=container.token, has_row=False, pooled=True, purpose=Purpose.ADOPT)
        return self._begin(container, _own(item, job))

    def _adopt_idle(self, name: str, waiter: Waiter[K, R], held: HeldCell) -> None:
        """Adopt another scheduler's container that waits for a workload, to serve this job."""
        token = token_in(name)
        if token and token not in self._turns.containers and not self.closing:
            container = self._adopt(name, waiter.record.work_item, waiter.request.shape.group)
            if container is not None:
                self._turns.says(container, held)

    def _begin(self, container: WarmContainer[K, R], item: WorkItem[K, R]) -> WarmContainer[K, R] | None:
        self._turns.containers[container.token] = container
        container.item = replace(item, build=None)
        container.record = self._jobs.add(item)
        if container.record is None:
            del self._turns.containers[container.token]
            return None
        return container

    # --- What the cells say --------------------------------------------------------------------------------

    def _listed(self, number: int, began: float, result: Result[Mapping[str, str], AwsError]) -> None:
        if self._listing != number:
            return
        now, self._listing = self._clock(), 0
        waits = bool(self._turns.waiters) or any(
            one.job and not one.turn for one in self._turns.containers.values()
        )
        self._list_at = now + (OFTEN if waits else RARELY)
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._turns.trouble(error, listing=True)
            case etags:
                self._turns.listed()
                for container in [*self._turns.containers.values()]:
                    etag = etags.get(container.name, "")
                    known = "" if container.held is None else container.held.etag
                    if etag != known and not container.call and container.since <= began:
                        self._turns.read(container)
                if self._foreign is not None:
                    self._foreign.look_around(etags, now)

    # --- Small matters -------------------------------------------------------------------------------------

    def _cold(self, waiter: Waiter[K, R]) -> None:
        """Give the job a container of its own: the store may not answer us, or not the containers."""
        record = waiter.record
        record.work_item = replace(record.work_item, build=waiter.request.cold)
        self._turns.answer(waiter, events.NotPlaced(self._clock()))


def _own(item: WorkItem[K, R], job: Job[R]) -> WorkItem[K, R]:
    """The work item of a container's own job; the container was started, or found, for the job of `item`."""
    return WorkItem(job=job, key=item.key, queue=item.queue, recorded_as=item.recorded_as)


def _built(container: Callable[[str], R], token: str, attempt: int) -> Result[R, str | AwsError]:
    return Success(container(token))
