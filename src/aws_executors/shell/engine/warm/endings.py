"""The end of a warm container: its cell's last state, what is lost with it, and usage outside its turns.

Law: for the engine's thread, waits for nothing. A container's workload counts as lost only once the cell was
read after the container's end, or could not be read for `LAST_LOOK` seconds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Generic, TypeVar

from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle import events
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.lifecycle.transitions.lookup import forgotten
from aws_executors.core.warm.cell import Word
from aws_executors.core.warm.turn import lasted, turn_id
from aws_executors.shell.engine.context import EngineContext
from aws_executors.shell.engine.messages import K
from aws_executors.shell.engine.warm.cell_calls import CellCalls
from aws_executors.shell.engine.warm.container import WarmContainer
from aws_executors.shell.engine.warm.jobs import Jobs
from aws_executors.shell.engine.warm.turns import AGAIN, Turns
from aws_executors.shell.transport.cells import HeldCell

R = TypeVar("R")

LAST_LOOK = 60.0
"""Seconds for which the read of an ended container's cell is repeated if it fails."""
KEPT = 60.0
"""Seconds for which an ended container's cell is kept: another scheduler may look for it."""


class Endings(Generic[K, R]):
    """What becomes of the jobs of containers that have ended."""

    def __init__(
        self, jobs: Jobs[K, R], context: EngineContext[K, R], calls: CellCalls, turns: Turns[K, R]
    ) -> None:
        self._jobs = jobs
        self._clock = context.clock
        self._agenda = context.agenda
        self._calls = calls
        self._turns = turns

    def look_last(self, container: WarmContainer[K, R]) -> None:
        """Read the last state of a container's cell, as the container's own job is closed."""
        self._calls.read(container.name, self._turns.answer_to(container, self._over))

    def _over(self, container: WarmContainer[K, R], result: Result[HeldCell | None, AwsError]) -> None:
        now = self._clock()
        match unwrap_or_failure(result):
            case AwsError() as error:
                self._turns.trouble(error)
                container.trouble_at = now if container.trouble_at is None else container.trouble_at
                if now - container.trouble_at < LAST_LOOK:
                    self._agenda.at(now + AGAIN, lambda _: self.look_last(container))
                    return
                self._lost(container, None)
            case held:
                if held is not None:
                    self._turns.says(container, held)
                self._lost(container, held)
        self._turns.containers.pop(container.token, None)
        self._turns.changed = True
        if container.held is not None:
            whose = container.held.cell.container
            # A repeated submission may start a second container with this cell: this may be the other's end.
            if container.end is None or container.end.id == whose:
                self._agenda.at(now + KEPT, lambda _: self._calls.remove(container.name))
        elif not container.closing:
            self._never_up(container)
        self._account(container)

    def _account(self, container: WarmContainer[K, R]) -> None:
        """Report the container's end and its workloads' usage, if this scheduler has started it."""
        held, ended, item = container.held, container.end, container.item
        if ended is None or item is None or not container.for_job:
            return
        # Otherwise its end was an attempt of the job that it was started for, whose usage includes all of it.
        if held is not None or container.closing or container.turn:
            served = () if held is None else held.cell.served
            self._jobs.account(item, ended, (*(one.used for one in served), container.lost))

    def _lost(self, container: WarmContainer[K, R], held: HeldCell | None) -> None:
        """Treat its workload as lost with it, or as never taken; only the cell shows which of the two."""
        if not container.job:
            return
        if held is not None and held.cell.word is Word.OFFERED and not container.turn:
            self._turns.back(container)
            return
        ended = container.end
        if ended is None and not container.turn:
            self._turns.back(container)
            return
        turn = container.turn or turn_id(container.token if ended is None else ended.id, 0)
        container.lost = lasted(self._clock() - container.since)
        last = forgotten(turn) if ended is None else replace(ended, id=turn, used=container.lost)
        last = last if held is not None else _untold(last)
        self._turns.taken(container, replace(last, name=container.name, started=True))

    def _never_up(self, container: WarmContainer[K, R]) -> None:
        """Answer for a container that has ended, or was refused, before it could take anything: its end is an
        attempt of the job that it was started for, if that job still waits, and of no other job."""
        waiter = self._turns.waiters.get(container.for_job)
        if waiter is None or waiter.offered:
            return
        now, record, ended = self._clock(), waiter.record, container.end
        if ended is None:
            self._turns.answer(
                waiter, events.NotPrepared(now, container.why or "the container could not be started")
            )
            return
        last = replace(_untold(ended), started=False)
        if ended.phase is Phase.SUCCEEDED:
            # Under the container's own id, AWS's next description would count, by which it ended well.
            container.turn = turn_id(ended.id, 0)
            last = replace(last, id=container.turn)
        self._turns.answer(waiter, events.Accepted(now, last.id))
        self._jobs.happen(record, events.Observed(now, last))


def _untold(ended: Observation) -> Observation:
    """The end of a container whose cell could not be read: that it ended well says nothing about a workload.

    Only the cell could show how the workload ended, or that there was none.
    """
    if ended.phase is not Phase.SUCCEEDED:
        return ended
    return replace(ended, phase=Phase.FAILED, cause=Cause.UNCLEAR, exit_code=None)
