"""The cell of verify's warm container: two workloads, offered one after the other as the executor does it.

Law: reads and writes with the executor's own code, under its conditions, and makes each workload when it is
offered. Judges nothing: what was seen is written into the trace. If the answer to an offer was lost, either
that offer or the next one can land, but not both, as both have the same condition.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from returns.methods import unwrap_or_failure

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.settings.base import Settings
from aws_executors.core.warm.cell import Word
from aws_executors.core.warm.shape import cells_of, serving_arguments
from aws_executors.core.warm.step import WarmLimits
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.transport.cells import CellStore, HeldCell, cells_at
from aws_executors.verify.proof.model import CaseTrace, WarmTurn
from aws_executors.verify.proof.programs import WARM_WORKLOADS

FOLDER = "verify"
"""The cell's folder, in place of a shape's name, so that no executor looks for a container there."""

LIMITS = WarmLimits(idle=60, tasks=WARM_WORKLOADS, age=600)


@dataclass(slots=True)
class WarmCell:
    """One cell; `run_due` does what is due, `remove` deletes it."""

    cells: CellStore
    address: str
    settings: Settings
    trace: CaseTrace
    new_token: Callable[[], str]
    removed: bool = False
    over: bool = False  # nothing more is to be seen
    _first: HeldCell | None = None
    _unsure: list[WarmTurn] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The cell's name, below those of the executor's cells."""
        return f"{FOLDER}/{self.trace.token}-1"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments of the container's launcher, as the executor makes them."""
        return serving_arguments(self.settings, LIMITS, f"{self.address}/{self.name}")

    def run_due(self) -> None:
        """Do what is due: read the cell, offer a workload, or try a write whose condition does not hold."""
        record = self.trace.record
        if self.over or record is None or record.started is None:
            return
        last = record.over  # the container has ended: nothing changes any more
        match unwrap_or_failure(self.cells.read(self.name)):
            case AwsError() as error:
                self.trace.cell_problem = error
            case HeldCell() as held:
                self._first = self._first or held
                self._heard(held)
                if held.cell.word is Word.IDLE and not last:
                    self._offer(held)
                elif held.cell.word is Word.CLOSED:
                    self._try_an_old_condition(self._first)
                    last = True
            case None:
                pass  # the launcher has not created the cell yet
        self.over = last

    def remove(self) -> AwsError | None:
        """Delete the cell; returns the error if that fails."""
        problem = self.cells.remove(self.name).swap().value_or(None)
        self.removed = problem is None
        return problem

    def _heard(self, held: HeldCell) -> None:
        """Note what the cell says of the workloads so far."""
        cell, now = held.cell, time.time()
        for turn in self._unsure:
            if cell.token == turn.token or cell.exit_code_of(turn.token) is not None:
                self.trace.turns.append(turn)
        self._unsure = []
        for turn in self.trace.turns:
            code = cell.exit_code_of(turn.token)
            if turn.taken is None and (code is not None or cell.word is Word.TAKEN):
                turn.taken = now
            turn.exit_code = code

    def _offer(self, held: HeldCell) -> None:
        if len(self.trace.turns) >= WARM_WORKLOADS:
            return
        turn = WarmTurn(token=self.new_token(), offered=time.time())
        offered = held.cell.offer(turn.token, json.dumps({"verify": turn.token}))
        match unwrap_or_failure(self.cells.write(self.name, held, offered)):
            case AwsError() as error:
                self.trace.cell_problem = error
                self._unsure.append(turn)
            case HeldCell():
                self.trace.turns.append(turn)
            case None:
                self._unsure.append(turn)  # the cell has changed, perhaps by an earlier attempt of this write

    def _try_an_old_condition(self, old: HeldCell) -> None:
        """Try a write under the cell's first ETag, which S3 must refuse."""
        match unwrap_or_failure(self.cells.write(self.name, old, old.cell.withdraw())):
            case AwsError() as error:
                self.trace.cell_problem = error
            case answer:
                self.trace.old_condition_holds = answer is not None


def warm_cell(
    settings: Settings, team: str | None, clients: Clients, trace: CaseTrace, new_token: Callable[[], str]
) -> WarmCell:
    """The cell of this case's container, beside those of the executor."""
    address = cells_of(settings, team)
    return WarmCell(cells_at(address, settings, clients), address, settings, trace, new_token)
