"""The pool of warm containers: which job's workload is offered to which, and what becomes of it.

Law: for the engine's thread, waits for nothing. A container is a job of its own in the table (`Job.pooled`),
so that it is submitted, retried, polled and stopped as all others are; this adds what its cell says
(`core/warm/cell.py`). A job whose workload waits here is in the stage SUBMITTING, and the answer that it
waits for comes when a container has taken its workload, or when none will. An offer that may have landed is
settled by a write, or by the container's end, before anything else is done for its job.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from itertools import count
from math import inf
from typing import Generic, Protocol, TypeVar

from returns.methods import unwrap_or_failure
from returns.result import Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle import effects, events
from aws_executors.core.lifecycle.job import Job, Purpose, Stage
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.lifecycle.transitions.lookup import forgotten
from aws_executors.core.warm.cell import Word
from aws_executors.core.warm.place import is_place, place_of, seen_in
from aws_executors.core.warm.plan import Waiting, placements
from aws_executors.core.warm.shape import token_in
from aws_executors.shell.engine.agenda import Agenda
from aws_executors.shell.engine.error_log import ErrorLog
from aws_executors.shell.engine.job_table import JobTable, Record
from aws_executors.shell.engine.messages import K, WarmRequest, WorkItem
from aws_executors.shell.engine.stall import NEVER_SENT, TOO_LATE
from aws_executors.shell.engine.warm.cell_calls import NO_WORKLOAD, CellCalls
from aws_executors.shell.engine.warm.container import SOON, Waiter, WarmContainer
from aws_executors.shell.engine.warm.tally import WarmTally
from aws_executors.shell.transport.cells import HeldCell

R = TypeVar("R")
Answer = TypeVar("Answer")

OFTEN, RARELY = 0.5, 1.0
"""Seconds between two lists of the cells: while a job or a container waits for the other, and else."""
TAKE_WITHIN = 5.0
"""Seconds within which a container must take what is offered: it looks at its cell every second at least."""
PATIENCE = 15.0
"""Seconds without an answer of the store after which jobs get containers of their own."""
AGAIN = 1.0
"""Seconds until a call about a cell is repeated."""
LAST_LOOK = 60.0
"""Seconds for which the cell of a container that has ended is asked for."""
KEPT = 60.0
"""Seconds for which the cell of a container that has ended is kept: another scheduler may look for it."""
UNCLAIMED = 3.0
"""Seconds for which a container of another scheduler must have been idle: that one would have used it."""
FORECAST_EVERY = 5.0
TASK_ENDED = (Stage.STOPPING, Stage.CONFIRMING, Stage.CLOSED)
UNFINISHED = "Asking Airflow's database for unfinished tasks"
CELLS = "The cells of warm containers: a call"


class Host(Protocol[K, R]):
    """What the pool needs of the dispatcher."""

    def happen(self, record: Record[K, R], event: events.Event[R]) -> None:
        """An event of a job."""
        ...

    def add(self, work_item: WorkItem[K, R]) -> Record[K, R] | None:
        """Take a job in."""
        ...

    def hold(self, record: Record[K, R], submission: effects.Submit[R]) -> bool:
        """Keep a submission until its row was read, if its job may be another scheduler's by now."""
        ...

    def tell(self, record: Record[K, R], line: effects.LogEvent) -> None:
        """Write a line into a task instance's event log."""
        ...


class WarmPool(Generic[K, R]):
    """All warm containers of one executor, and the jobs that wait for one."""

    def __init__(
        self,
        host: Host[K, R],
        table: JobTable[K, R],
        calls: CellCalls,
        clock: Callable[[], float],
        agenda: Agenda,
        error_log: ErrorLog,
        new_token: Callable[[], str],
        tally: WarmTally,
        *,
        adopts: bool = True,
    ) -> None:
        self._host = host
        self._table = table
        self._calls = calls
        self._clock = clock
        self._agenda = agenda
        self._error_log = error_log
        self._adopts = adopts
        self._new_token = new_token
        self._tally = tally
        self._waiters: dict[str, Waiter[K, R]] = {}
        self._containers: dict[str, WarmContainer[K, R]] = {}
        self._foreign: dict[str, tuple[str, float]] = {}  # ETag, and since when, of cells of others
        self._numbers = count(1)
        self._listing, self._asking = 0, False
        self._list_at = self._forecast_at = 0.0
        self._plan_wanted = False
        self._silent_since: float | None = None
        self.closing = False
        """Whether nothing is to be started any more."""

    def __repr__(self) -> str:
        return f"<WarmPool {len(self._containers)} containers, {len(self._waiters)} jobs wait>"

    @property
    def containers(self) -> tuple[WarmContainer[K, R], ...]:
        """All containers; other threads may ask."""
        return tuple(self._containers.values())

    @property
    def due(self) -> float:
        """When `turn` has something to do next."""
        if not self._containers and not self._waiters:
            return inf
        if self._plan_wanted:
            return 0.0
        return inf if self._listing else self._list_at

    def turn(self, now: float) -> None:
        """Do what is due by now."""
        if self._plan_wanted:
            self._plan_wanted = False
            self._plan(now)
        if (self._containers or self._waiters) and not self._listing and now >= self._list_at:
            self._listing = number = next(self._numbers)
            self._calls.list(partial(self._listed, number, now))
            if not self._asking and now >= self._forecast_at:
                self._forecast(now)

    # --- What the dispatcher says --------------------------------------------------------------------------

    def want(self, record: Record[K, R], submission: effects.Submit[R], request: WarmRequest[R]) -> None:
        """A container is to take this job's workload."""
        self._waiters[record.job.token] = Waiter(record, submission, request, self._clock())
        self._plan_wanted = True

    def happened(self, record: Record[K, R]) -> None:
        """A job has moved: that of a container, one that waits for a container, or one that has a place."""
        job = record.job
        if job.pooled:
            self._moved(record)
        elif job.withdrawn and (waiter := self._waiters.get(job.token)) is not None and not waiter.offered:
            self._answer(waiter, events.Refused(self._clock(), NEVER_SENT))
        elif job.stage in TASK_ENDED and is_place(job.container):
            self._freed(job)

    def said(
        self, record: Record[K, R], effect: effects.Report | effects.ReleaseSlot | effects.LogEvent
    ) -> None:
        """What is said of a container's own job is said of the job that it was started for."""
        container = self._containers.get(record.job.token)
        waiter = None if container is None else self._waiters.get(container.for_job)
        match effect:
            case effects.Report(info=why) if container is not None:
                container.why = why
            case effects.LogEvent() if waiter is not None and not waiter.offered:
                self._host.tell(waiter.record, effect)
            case _:
                pass

    def _freed(self, job: Job[R]) -> None:
        """A task has ended: its container is idle in a moment, or hangs."""
        for container in self._containers.values():
            if container.job == job.token and container.freed_at is None:
                container.freed_at = self._clock()
                self._agenda.at(container.freed_at + SOON, self._plan_again)

    def _plan_again(self, _: float) -> None:
        self._plan_wanted = True

    def _moved(self, record: Record[K, R]) -> None:
        job = record.job
        container = self._containers.get(job.token)
        if container is None:
            return
        self._plan_wanted = True
        if job.seen is not None and job.seen.ended:
            container.end = job.seen
        if job.stage is Stage.CLOSED and container.record is not None:
            container.record = None
            self._look_last(container)

    def follow(self, record: Record[K, R], place: str, seen: Observation | None) -> None:
        """A look-up has found the place of a job, in which it still runs: follow its container."""
        if seen is None or seen.id != place or seen.ended or not seen.name:
            return
        container = self._containers.get(token_in(seen.name)) or self._adopt(seen.name, record.work_item)
        if container is not None and not container.job:
            container.job, container.place = record.job.token, place

    def stop(self, record: Record[K, R], place: str) -> None:
        """Stop what runs at a place, if it still does: with its container."""
        token = record.job.token
        for container in [*self._containers.values()]:
            if container.job == token and container.place == place and container.record is not None:
                self._look_to_stop(container)
        self._host.happen(record, events.StopAnswered(self._clock(), None))

    def _look_to_stop(self, container: WarmContainer[K, R]) -> None:
        """Another scheduler's workload may run there by now: that one is let alone."""
        container.closing = True
        self._calls.read(container.name, self._answer_to(container, self._looked_to_stop))

    def _looked_to_stop(
        self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]
    ) -> None:
        token = container.job
        self._was_read(container, result)
        if not isinstance(result, Success):
            self._later(container, self._look_to_stop)
        elif token and container.job == token:
            self._stop(container)
        else:
            container.closing = False

    # --- Planning ------------------------------------------------------------------------------------------

    def _plan(self, now: float) -> None:
        if self.closing:
            return
        silent = self._silent_since is not None and now - self._silent_since > PATIENCE
        shapes: dict[str, list[Waiter[K, R]]] = {one.shape: [] for one in self._containers.values()}
        for waiter in [one for one in self._waiters.values() if not one.offered]:
            if waiter.record.job.withdrawn:
                self._answer(waiter, events.Refused(now, NEVER_SENT))
            elif self._host.hold(waiter.record, waiter.submission):
                del self._waiters[waiter.record.job.token]
            elif silent:
                self._cold(waiter)
            else:
                shapes.setdefault(waiter.request.shape.name, []).append(waiter)
        for shape, waiters in shapes.items():
            self._plan_shape(shape, waiters, now)

    def _plan_shape(self, shape: str, waiters: list[Waiter[K, R]], now: float) -> None:
        own = [one for one in self._containers.values() if one.shape == shape]
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
            self._offer(self._containers[token], self._waiters[job])
        for job in made.starts:
            self._launch(self._waiters[job], now)
        for token in made.stops:
            self._stop(self._containers[token])

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
        own = WorkItem(job=job, key=item.key, queue=item.queue, priority=item.priority, build=build)
        self._begin(container, own)

    def _stop(self, container: WarmContainer[K, R]) -> None:
        container.closing = True
        if container.record is not None:
            self._host.happen(container.record, events.Revoked(self._clock()))

    def _adopt(self, name: str, item: WorkItem[K, R], group: str = "") -> WarmContainer[K, R] | None:
        """Follow a container that another scheduler has started, by the name of its cell."""
        container: WarmContainer[K, R] = WarmContainer(
            token=token_in(name), name=name, shape=name.partition("/")[0], group=group, since=self._clock()
        )
        job: Job[R] = Job(token=container.token, has_row=False, pooled=True, purpose=Purpose.ADOPT)
        return self._begin(container, WorkItem(job=job, key=item.key, queue=item.queue))

    def _begin(self, container: WarmContainer[K, R], item: WorkItem[K, R]) -> WarmContainer[K, R] | None:
        self._containers[container.token] = container
        container.record = self._host.add(item)
        if container.record is None:
            del self._containers[container.token]
            return None
        return container

    # --- What the cells say --------------------------------------------------------------------------------

    def _listed(self, number: int, began: float, result: Result[Mapping[str, str], AwsError]) -> None:
        if self._listing != number:
            return
        now, self._listing = self._clock(), 0
        waits = bool(self._waiters) or any(one.job and not one.place for one in self._containers.values())
        self._list_at = now + (OFTEN if waits else RARELY)
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._trouble(error)
            case etags:
                self._answered()
                for container in [*self._containers.values()]:
                    etag = etags.get(container.name, "")
                    known = "" if container.held is None else container.held.etag
                    if etag != known and not container.call and container.since <= began:
                        self._read(container)
                if self._adopts:
                    self._look_around(etags, now)

    def _look_around(self, etags: Mapping[str, str], now: float) -> None:
        """Find idle containers of other schedulers, living or dead, that jobs here could use."""
        wanted = {one.request.shape.name: one for one in self._waiters.values() if not one.offered}
        own = {one.name for one in self._containers.values()}
        foreign = {
            name: etag for name, etag in etags.items() if name not in own and name.partition("/")[0] in wanted
        }
        known, self._foreign = self._foreign, {}
        for name, etag in foreign.items():
            before = known.get(name)
            since = before[1] if before is not None and before[0] == etag else now
            if now - since >= UNCLAIMED:
                self._calls.read(name, partial(self._found_foreign, name, wanted[name.partition("/")[0]]))
                since = inf  # asked for once
            self._foreign[name] = (etag, since)

    def _found_foreign(
        self, name: str, waiter: Waiter[K, R], result: Result[HeldCell | None, AwsError]
    ) -> None:
        held = result.value_or(None)
        if held is None or held.cell.word is not Word.IDLE or self.closing:
            return
        token = token_in(name)
        if token and token not in self._containers:
            container = self._adopt(name, waiter.record.work_item, waiter.request.shape.group)
            if container is not None:
                self._changed(container, held)

    def _answer_to(
        self, container: WarmContainer[K, R], then: Callable[[WarmContainer[K, R], Answer], None]
    ) -> Callable[[Answer], None]:
        """What is to be called with the answer to the only call about its cell that is under way; only once,
        whatever else comes."""
        container.call = number = next(self._numbers)

        def answered(answer: Answer) -> None:
            if container.call == number:
                container.call = 0
                then(container, answer)

        return answered

    def _read(self, container: WarmContainer[K, R]) -> None:
        self._calls.read(container.name, self._answer_to(container, self._was_read))

    def _was_read(self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._trouble(error)
                if container.job and not container.place:
                    self._later(container, self._read)
            case held:
                self._answered()
                self._changed(container, held)

    def _changed(self, container: WarmContainer[K, R], held: HeldCell | None) -> None:
        """This is what the cell says now; None: it was deleted, and its container ends."""
        if held is None:
            container.closing = container.held is not None
            return
        if container.held is None or container.held.etag != held.etag:
            now = self._clock()
            self._tally.changed(container, now)
            container.since = now
        container.held, container.served = held, len(held.cell.served)
        self._plan_wanted = True
        if container.job:
            self._tell(container, held)

    def _tell(self, container: WarmContainer[K, R], held: HeldCell) -> None:
        """What this says of the job whose workload the container has, or may have."""
        cell, token = held.cell, container.job
        place = container.place or place_of(cell.container, cell.sequence)
        seen = seen_in(cell, token, place, container.name, container.served_before)
        if seen is not None:
            self._taken(container, seen)
        elif cell.word is not Word.OFFERED or cell.token != token:
            self._back(container)

    def _taken(self, container: WarmContainer[K, R], seen: Observation) -> None:
        now, token = self._clock(), container.job
        record = self._table.get(token)
        if not container.place:
            container.place = seen.id
            waiter = self._waiters.pop(token, None)
            if waiter is not None:
                self._tally.taken(container, now - waiter.since)
            if record is not None:
                self._host.happen(record, events.Accepted(now, seen.id))
        if seen.ended:
            container.job, container.place, container.freed_at = "", "", None
        if record is not None:
            self._host.happen(record, events.Observed(now, seen))

    def _back(self, container: WarmContainer[K, R]) -> None:
        """The container will not run this job's workload: it waits for another one, if it still waits."""
        waiter = self._waiters.get(container.job)
        container.job, container.place, container.freed_at = "", "", None
        self._plan_wanted = True
        if waiter is not None:
            waiter.offered = False

    # --- Offers --------------------------------------------------------------------------------------------

    def _offer(self, container: WarmContainer[K, R], waiter: Waiter[K, R]) -> None:
        held = container.held
        if held is None:
            return
        waiter.offered = True
        container.job, container.place = waiter.record.job.token, ""
        container.served_before = len(held.cell.served)
        self._calls.offer(
            container.name,
            held,
            container.job,
            waiter.request.workload,
            self._answer_to(container, self._offered),
            waiter.record.work_item.priority,
        )

    def _offered(self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        match unwrap_or_failure(result):
            case AwsError(code=code) as error if code == NO_WORKLOAD:
                waiter = self._waiters.get(container.job)
                self._back(container)
                if waiter is not None:
                    self._answer(waiter, events.Unpreparable(self._clock(), error.message))
            case AwsError(kind=kind) as error if error == TOO_LATE or kind is Kind.PERMANENT:
                self._back(container)  # it was not sent, or refused
                if error != TOO_LATE:
                    self._trouble(error)
            case AwsError() as error:
                self._trouble(error)
                self._settle(container)
            case None:
                self._read(container)  # it has changed; by an earlier attempt of this very write, perhaps
            case held:
                self._answered()
                self._changed(container, held)
                self._agenda.at(self._clock() + TAKE_WITHIN, partial(self._untaken, container, held.etag))

    def _untaken(self, container: WarmContainer[K, R], etag: str, _: float) -> None:
        """The time to take an offer is over."""
        held = container.held
        if container.record is not None and held is not None and held.etag == etag and not container.call:
            container.closing = True
            self._settle(container)

    def _settle(self, container: WarmContainer[K, R]) -> None:
        """Take back what was offered, or may have been; repeated until there is an answer."""
        held = container.held
        if held is None or container.record is None:
            return  # once it has ended, nobody takes it any more
        answered = self._answer_to(container, self._settled)
        self._calls.write(container.name, held, held.cell.withdraw(), answered)

    def _settled(self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._trouble(error)
                self._later(container, self._settle)
            case None:
                self._read(container)
            case held:
                self._answered()
                self._changed(container, held)
                if container.closing:
                    self._stop(container)  # it has not taken what was offered for so long

    def _later(self, container: WarmContainer[K, R], what: Callable[[WarmContainer[K, R]], None]) -> None:
        again = self._answer_to(container, lambda one, _: what(one))
        self._agenda.at(self._clock() + AGAIN, lambda _: again(None))

    # --- The end of a container ----------------------------------------------------------------------------

    def _look_last(self, container: WarmContainer[K, R]) -> None:
        """Its job is closed: what its cell says now is its last word."""
        self._calls.read(container.name, self._answer_to(container, self._over))

    def _over(self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        now = self._clock()
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._trouble(error)
                container.trouble_at = now if container.trouble_at is None else container.trouble_at
                if now - container.trouble_at < LAST_LOOK:
                    self._agenda.at(now + AGAIN, lambda _: self._look_last(container))
                    return
                self._lost(container, None)
            case held:
                if held is not None:
                    self._changed(container, held)
                self._lost(container, held)
        self._containers.pop(container.token, None)
        self._plan_wanted = True
        if container.held is not None:
            self._agenda.at(now + KEPT, lambda _: self._calls.remove(container.name))
        elif not container.closing:
            self._never_up(container)

    def _lost(self, container: WarmContainer[K, R], held: HeldCell | None) -> None:
        """What it had is lost with it, or was never taken; nobody knows which if the cell cannot be read."""
        if not container.job:
            return
        if held is not None and held.cell.word is Word.OFFERED and not container.place:
            self._back(container)
            return
        ended = container.end
        if ended is None and not container.place:
            self._back(container)
            return
        place = container.place or place_of(container.token if ended is None else ended.id, 0)
        last = forgotten(place) if ended is None else replace(ended, id=place, given=None)
        self._taken(container, replace(last, name=container.name, started=True))

    def _never_up(self, container: WarmContainer[K, R]) -> None:
        """It has ended, or was refused, before it could take anything: that is an attempt of the job that it
        was started for, if it still waits; for another one that waits, the next container is."""
        waiter = self._waiters.get(container.for_job)
        if waiter is None or waiter.offered:
            return
        now, record, ended = self._clock(), waiter.record, container.end
        if ended is None:
            self._answer(
                waiter, events.Unpreparable(now, container.why or "the container could not be started")
            )
            return
        self._answer(waiter, events.Accepted(now, ended.id))
        self._host.happen(record, events.Observed(now, ended))

    # --- Small matters -------------------------------------------------------------------------------------

    def _answer(self, waiter: Waiter[K, R], event: events.Event[R]) -> None:
        self._waiters.pop(waiter.record.job.token, None)
        self._host.happen(waiter.record, event)

    def _cold(self, waiter: Waiter[K, R]) -> None:
        """The store does not answer: the job gets a container of its own."""
        record = waiter.record
        record.work_item = replace(record.work_item, build=waiter.request.cold)
        self._answer(waiter, events.NotPlaced(self._clock()))

    def _trouble(self, error: AwsError) -> None:
        self._error_log.say(CELLS, error.kind, f"{error.code}: {error.message} {error.remedy}".rstrip())
        if self._silent_since is None:
            self._silent_since = self._clock() - (PATIENCE if error.kind is Kind.PERMANENT else 0.0)
        self._plan_wanted = True

    def _answered(self) -> None:
        self._error_log.works(CELLS)
        self._silent_since = None

    def _forecast(self, now: float) -> None:
        """Ask whether any work is left that idle containers may be for."""
        groups = {one.group for one in self._containers.values() if one.group and one.idle is not None}
        self._forecast_at = now + FORECAST_EVERY
        if groups:
            self._asking = True
            self._calls.unfinished(groups, partial(self._foreseen, groups))

    def _foreseen(self, groups: Collection[str], result: Result[Collection[str], AwsError]) -> None:
        self._asking = False
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._error_log.say(
                    "Asking Airflow's database for unfinished tasks", error.kind, error.message
                )
            case left:
                needless = {*groups} - {*left} - {one.request.shape.group for one in self._waiters.values()}
                for container in [*self._containers.values()]:
                    if container.group in needless and container.idle is not None:
                        self._close(container)

    def _close(self, container: WarmContainer[K, R]) -> None:
        """No workload will come for it: let it end."""
        held = container.held
        if held is not None:
            container.closing = True
            self._calls.write(
                container.name, held, held.cell.close(), self._answer_to(container, self._closed)
            )

    def _closed(self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._trouble(error)  # else it ends when it has been idle for long enough
            case None:
                self._read(container)
            case held:
                self._changed(container, held)


def _built(container: Callable[[str], R], token: str, attempt: int) -> Result[R, str | AwsError]:
    return Success(container(token))
