"""The turns of jobs in warm containers: what is offered to a container, and what its cell says of the offer.

Law: for the engine's thread, waits for nothing. One call about a cell at a time, whose answer counts once. An
offer that may have landed is settled by a write, or by the container's end (`endings.py`), before anything
else is done for its job (`core/warm/cell.py`). `pool.py` decides which job is offered to which container.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Generic, TypeVar

from returns.methods import unwrap_or_failure
from returns.result import Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle import events
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.warm.cell import Word
from aws_executors.core.warm.turn import seen_in
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.messages import K
from aws_executors.shell.engine.stall import TOO_LATE
from aws_executors.shell.engine.warm.cell_calls import NO_WORKLOAD, CellCalls
from aws_executors.shell.engine.warm.container import Waiter, WarmContainer
from aws_executors.shell.engine.warm.jobs import Jobs
from aws_executors.shell.engine.warm.tally import WarmTally
from aws_executors.shell.transport.cells import HeldCell

R = TypeVar("R")
Answer = TypeVar("Answer")

TAKE_WITHIN = 5.0
"""Seconds within which a container must take what is offered: it looks at its cell every second at least."""
STORE_SILENCE = 15.0
"""Seconds without an answer of the store after which jobs get containers of their own."""
AGAIN = 1.0
"""Seconds until a failed call about a cell is repeated."""
CELLS = "The cells of warm containers: a call"


class Turns(Generic[K, R]):
    """The containers of one executor, the jobs that wait for a container, and the job in each container."""

    def __init__(
        self, jobs: Jobs[K, R], context: EngineContext[K, R], calls: CellCalls, tally: WarmTally
    ) -> None:
        self._jobs = jobs
        self._table = context.table
        self._clock = context.clock
        self._agenda = context.agenda
        self._error_log = context.error_log
        self._calls = calls
        self._tally = tally
        self._numbers = count(1)
        self._silent_since: float | None = None
        self._unread = False  # whether the last call about a single cell has failed
        self.waiters: dict[str, Waiter[K, R]] = {}
        """The waiting jobs, by token."""
        self.containers: dict[str, WarmContainer[K, R]] = {}
        """The containers, by the tokens of their own jobs."""
        self.changed = False
        """Whether anything has changed since the pool last planned."""

    def silent(self, now: float) -> bool:
        """Whether the store has not answered for so long that jobs no longer wait for it."""
        return self._silent_since is not None and now - self._silent_since >= STORE_SILENCE

    def answer(self, waiter: Waiter[K, R], event: events.Event[R]) -> None:
        """Answer a job's submission by an event: the job waits no more."""
        self.waiters.pop(waiter.record.job.token, None)
        self._jobs.happen(waiter.record, event)

    def stop(self, container: WarmContainer[K, R]) -> None:
        """Stop a container, whatever it does."""
        container.closing = True
        if container.record is not None:
            self._jobs.happen(container.record, events.Revoked(self._clock()))

    def give_up(self, container: WarmContainer[K, R]) -> None:
        """Stop a container that no job here waits for, unless it is up: another scheduler may use it."""
        container.closing = True
        self._calls.read(container.name, self.answer_to(container, self._looked_to_give_up))

    def _looked_to_give_up(
        self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]
    ) -> None:
        match unwrap_or_failure(result):
            case AwsError() as error:
                self.trouble(error)
                self._later(container, self.give_up)
            case None:
                self.works()
                self.stop(container)
            case held:
                container.closing = False
                self.works()
                self.says(container, held)

    def look_to_stop(self, container: WarmContainer[K, R]) -> None:
        """Stop a container if it still runs its job's workload: another scheduler's may run there by now."""
        container.closing = True
        self._calls.read(container.name, self.answer_to(container, self._looked_to_stop))

    def _looked_to_stop(
        self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]
    ) -> None:
        token = container.job
        self._was_read(container, result)
        if not isinstance(result, Success):
            self._later(container, self.look_to_stop)
        elif token and container.job == token:
            self.stop(container)
        else:
            container.closing = False

    def look_again(self, stop: Callable[[], None], container: WarmContainer[K, R]) -> None:
        """Stop a container, unless another scheduler uses it by now; an idle one is closed first.

        The stop may come late: its submission was answered late, or this engine was stalled.
        """
        if container.held is not None and container.held.cell.word is Word.CLOSED:
            stop()
            return
        answered = self.answer_to(container, partial(self._looked_again, stop))
        self._calls.read(container.name, answered)

    def _looked_again(
        self,
        stop: Callable[[], None],
        container: WarmContainer[K, R],
        result: Result[HeldCell | None, AwsError],
    ) -> None:
        match unwrap_or_failure(result):
            case AwsError() as error:
                self.trouble(error)
                self._later(container, partial(self.look_again, stop))
            case HeldCell(cell=cell) as held if cell.word is Word.IDLE:
                answered = self.answer_to(container, partial(self._closed_to_stop, stop))
                self._calls.write(container.name, held, cell.close(), answered)
            case HeldCell(cell=cell) if cell.word is not Word.CLOSED and cell.token != container.job:
                if container.record is not None:
                    self._jobs.happen(container.record, events.StopAnswered(self._clock(), None))
            case _:
                self.works()
                stop()

    def _closed_to_stop(
        self,
        stop: Callable[[], None],
        container: WarmContainer[K, R],
        result: Result[HeldCell | None, AwsError],
    ) -> None:
        if result == Success(None):  # it has changed
            self.look_again(stop, container)
        else:
            self._looked_again(stop, container, result)

    # --- What a cell says ---------------------------------------------------------------------------------

    def answer_to(
        self, container: WarmContainer[K, R], then: Callable[[WarmContainer[K, R], Answer], None]
    ) -> Callable[[Answer], None]:
        """Wrap `then` for the answer to a call about this container's cell: it is called once at most, and
        never after a later call about the cell has begun."""
        container.call = number = next(self._numbers)

        def answered(answer: Answer) -> None:
            if container.call == number:
                container.call = 0
                then(container, answer)

        return answered

    def read(self, container: WarmContainer[K, R]) -> None:
        """Read a container's cell."""
        self._calls.read(container.name, self.answer_to(container, self._was_read))

    def _was_read(self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        match unwrap_or_failure(result):
            case AwsError() as error:
                self.trouble(error)
                if container.job and not container.turn:
                    self._later(container, self.read)
            case held:
                self.works()
                self.says(container, held)

    def says(self, container: WarmContainer[K, R], held: HeldCell | None) -> None:
        """Take in what the cell says now; None if there is none yet, or none any more: its container ends."""
        if held is None:
            container.closing = container.held is not None
            return
        if container.held is None or container.held.etag != held.etag:
            now = self._clock()
            self._tally.changed(container, now)
            container.since = now
        container.held, container.served = held, len(held.cell.served)
        self.changed = True
        if container.job:
            self._apply(container, held)
        elif held.cell.word is Word.IDLE and container.stopping and not container.call:
            self.close(container)  # another scheduler could offer it something

    def _apply(self, container: WarmContainer[K, R], held: HeldCell) -> None:
        """Apply what the cell says of the job whose workload the container has, or may have."""
        cell, token = held.cell, container.job
        seen = seen_in(cell, token, container.name, turn=container.turn, skip=container.served_before)
        if seen is not None:
            self.taken(container, seen)
        elif cell.word is not Word.OFFERED or cell.token != token:
            self.back(container)

    def taken(self, container: WarmContainer[K, R], seen: Observation) -> None:
        """The container has taken its job's workload, whose state is `seen`."""
        now, token = self._clock(), container.job
        record = self._table.get(token)
        if not container.turn:
            container.turn = seen.id
            waiter = self.waiters.pop(token, None)
            if waiter is not None:
                self._tally.taken(container, now - waiter.since)
            if record is not None:
                self._jobs.happen(record, events.Accepted(now, seen.id))
        if seen.ended:
            container.job, container.turn, container.freed_at = "", "", None
        if record is not None:
            given = container.given if seen.used else None
            self._jobs.happen(record, events.Observed(now, replace(seen, given=given)))

    def back(self, container: WarmContainer[K, R]) -> None:
        """Free a container that will not run its job's workload; the job may still wait, for another one."""
        waiter = self.waiters.get(container.job)
        container.job, container.turn, container.freed_at = "", "", None
        self.changed = True
        if waiter is not None and waiter.offered == container.token:
            waiter.offered = ""
        if container.found is not None and container.held is not None:
            (container.job, container.turn), container.found = container.found, None
            container.served_before = 0
            self._apply(container, container.held)

    # --- Offers --------------------------------------------------------------------------------------------

    def offer(self, container: WarmContainer[K, R], waiter: Waiter[K, R]) -> None:
        """Put a job's workload into an idle container's cell."""
        held = container.held
        if held is None:
            return
        waiter.offered = container.token
        container.job, container.turn = waiter.record.job.token, ""
        container.served_before = len(held.cell.served)
        self._calls.offer(
            container.name,
            held,
            container.job,
            waiter.request.workload,
            self.answer_to(container, self._offered),
            waiter.record.work_item.priority,
        )

    def _offered(self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        match unwrap_or_failure(result):
            case AwsError(code=code) as error if code == NO_WORKLOAD:
                waiter = self.waiters.get(container.job)
                self.back(container)
                if waiter is not None:
                    self.answer(waiter, events.NotPrepared(self._clock(), error.message))
            case AwsError(kind=kind) as error if error == TOO_LATE or kind is Kind.PERMANENT:
                self.back(container)  # it was not sent, or refused
                if error != TOO_LATE:
                    self.trouble(error)
            case AwsError() as error:
                self.trouble(error)
                self._settle(container)
            case None:
                self.read(container)  # it has changed; by an earlier attempt of this very write, perhaps
            case held:
                self.works()
                self.says(container, held)
                self._agenda.at(self._clock() + TAKE_WITHIN, partial(self._untaken, container, held.etag))
                waiter = self.waiters.get(container.job)
                if waiter is not None and waiter.record.job.withdrawn:
                    self.take_out(container)

    def _untaken(self, container: WarmContainer[K, R], etag: str, _: float) -> None:
        """Settle an offer that the container has not taken within `TAKE_WITHIN`."""
        held = container.held
        if container.record is not None and held is not None and held.etag == etag and not container.call:
            container.closing = True
            waiter = self.waiters.get(container.job)
            if waiter is not None:
                waiter.untaken += 1
            self._settle(container)

    def take_out(self, container: WarmContainer[K, R]) -> None:
        """Take back the offer of a withdrawn job from the cell, unless the container has taken it."""
        held = container.held
        if held is not None and held.cell.word is Word.OFFERED and not (container.call or container.turn):
            self._settle(container)

    def _settle(self, container: WarmContainer[K, R]) -> None:
        """Take back what was offered, or may have been; repeated until there is an answer.

        If the container is about to be stopped, its cell is closed: another scheduler could make an offer.
        """
        held = container.held
        if held is None or container.record is None:
            return  # once it has ended, it takes nothing any more
        answered = self.answer_to(container, self._settled)
        cell = held.cell.close() if container.closing else held.cell.withdraw()
        self._calls.write(container.name, held, cell, answered)

    def _settled(self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        match unwrap_or_failure(result):
            case AwsError() as error:
                self.trouble(error)
                self._later(container, self._settle)
            case None:
                self.read(container)
            case held:
                self.works()
                self.says(container, held)
                if container.closing:
                    self.stop(container)  # it did not take the offer in time

    def _later(self, container: WarmContainer[K, R], what: Callable[[WarmContainer[K, R]], None]) -> None:
        again = self.answer_to(container, lambda one, _: what(one))
        self._agenda.at(self._clock() + AGAIN, lambda _: again(None))

    def close(self, container: WarmContainer[K, R]) -> None:
        """Close the cell of a container that no workload will come for, so that the container ends."""
        held = container.held
        if held is not None:
            container.closing = True
            self._calls.write(
                container.name, held, held.cell.close(), self.answer_to(container, self._closed)
            )

    def _closed(self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        match unwrap_or_failure(result):
            case AwsError() as error:
                self.trouble(error)
                container.closing = False  # it may still be idle, and is closed at the next occasion
            case None:
                container.closing = False
                self.read(container)
            case held:
                self.says(container, held)

    # --- How the store is -----------------------------------------------------------------------------------

    def trouble(self, error: AwsError, *, listing: bool = False) -> None:
        """Note that a call about a cell has failed, or with `listing` the call that lists all cells."""
        self._unread = self._unread or not listing
        self._error_log.say(CELLS, error.kind, error.with_remedy)
        if self._silent_since is None:
            self._silent_since = self._clock() - (STORE_SILENCE if error.kind is Kind.PERMANENT else 0.0)
        self.changed = True

    def works(self) -> None:
        """Note that a call about cells was answered."""
        self._error_log.works(CELLS)
        self._silent_since, self._unread = None, False

    def listed(self) -> None:
        """Note that the cells were listed: the store works, unless single cells cannot be read."""
        if not (self._unread and self.containers):
            self.works()
