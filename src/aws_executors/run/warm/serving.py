"""The loop of a warm container: it takes one workload after another, which executors put into its cell.

Law: only the loop; how a workload runs, what time it is and when to stop are arguments. The cell's rules are
in `core/warm/cell.py`. A write without an answer is repeated under the same condition until an answer comes;
only then is the cell read, so that its content is final. The end of each taken workload is reported: in the
cell or, if the store cannot be reached, by this container's own exit code.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from typing import Protocol

from aws_executors.core.errors import AwsExecutorsError
from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.warm.cell import Cell, Word
from aws_executors.core.warm.log_marks import Mark, begin_of
from aws_executors.run.warm.cell_store import ABSENT, Failed, Gone, Lost, NoCell, Seen, Won, WriteResult
from aws_executors.run.warm.fork import Ended

OFTEN, RARELY, OFTEN_FOR = 0.5, 1.0, 60.0
"""Seconds between two reads of the cell: `OFTEN` in the first `OFTEN_FOR` idle seconds, then `RARELY`."""
STORE_SILENCE, IN_HASTE = 60.0, 5.0
"""Seconds without an answer from the store after which the container ends; `IN_HASTE` if it would end anyway,
because it is stopped or has been idle for too long."""
OUTSIDE = "the object at its address is not its cell; each container needs an address of its own: no retries"


class Store(Protocol):
    """The cell's object; see `OwnCell`."""

    def get(self) -> Seen | NoCell | Gone | Failed:
        """Read it."""
        ...

    def put(self, cell: Cell, condition: str) -> WriteResult:
        """Write it, if the condition holds."""
        ...


@dataclass(frozen=True, slots=True)
class ServingLimits:
    """How long a container waits for a workload, how many it takes, how old it becomes; times in seconds."""

    idle: float
    tasks: int
    age: float


class EndedEarlyError(AwsExecutorsError):
    """The container ends without having closed its cell; `exit` is its exit code."""

    def __init__(self, problem: str, exit_: int = Exit.RAN) -> None:
        super().__init__(problem)
        self.exit = exit_


@dataclass(slots=True, kw_only=True)
class ServingContainer:
    """One warm container, which lives as long as `serve` runs.

    `container` is its id at AWS, `life` a text that no other process has. `run` runs a workload from its
    JSON. `pause` waits for that many seconds or until a stop signal, whose name it returns. `say` writes a
    line to the log, `mark` a line to the stream with the tasks' own lines.
    """

    store: Store
    container: str
    life: str
    limits: ServingLimits
    run: Callable[[str], Ended]
    now: Callable[[], float]
    pause: Callable[[float], str]
    say: Callable[[str], None]
    mark: Callable[[Mark], None]
    born: float
    _cell: Cell = field(init=False)
    _etag: str = field(default=ABSENT, init=False)
    _stopped: str = field(default="", init=False)
    _idle_since: float = field(default=inf, init=False)
    _silent_since: float | None = field(default=None, init=False)
    _served: int = field(default=0, init=False)
    _unfit: str = field(default="", init=False)
    _owed: int | None = field(default=None, init=False)  # a workload's exit code, until the cell has it

    def serve(self) -> int:
        """Take workloads until there is a reason to end; returns the exit code."""
        try:
            stopped = self._told()
            why = "" if stopped else self._serve()
        except EndedEarlyError as error:
            self.say(f"ends: {error}")
            self._try_to_close()
            return error.exit if self._owed is None else self._owed
        self.say(f"ends: {why or self._why_no_more()}")
        # Stopped before it had a cell, it could not run the task that it was started for: another one will.
        return Exit.INFRASTRUCTURE if stopped else Exit.RAN

    def _serve(self) -> str:
        """Serve until the cell is closed; returns why."""
        self._create()
        self.say(f"takes workloads, at most {self.limits.tasks}, as {self.container}")
        self._idle_since = self.now()
        while True:
            self._read()
            if self._cell.word is Word.CLOSED:
                return "an executor has closed its cell"
            if self._cell.word is Word.TAKEN:  # written by another process: this container runs nothing now
                raise EndedEarlyError(OUTSIDE, Exit.CANNOT_START)
            if self._cell.word is Word.OFFERED and not self._told():
                if self._take():
                    self._idle_since = self.now()
                    if self._unfit:
                        return self._unfit
            elif why := self._why_close():
                if self._write(self._cell.close()):
                    return why
            else:
                self._told(OFTEN if self._idle < OFTEN_FOR else RARELY)

    def _take(self) -> bool:
        """Take the offered workload, run it, and write how it ended; returns whether it was still offered."""
        token, workload = self._cell.token, self._cell.workload
        self._owed = Exit.INFRASTRUCTURE  # in case the workload never runs, whether or not this write lands
        if not self._write(self._cell.take()):
            self._owed = None
            return False
        ended = self._run(token, workload)
        self._owed = ended.exit_code
        self._stopped = self._stopped or ended.stopped
        self._served += 1
        self._unfit = ended.unfit or self._why_no_more()
        self._write(self._cell.end(ended.exit_code, close=bool(self._unfit), used=ended.used))
        self._owed = None
        return True

    def _run(self, token: str, workload: str) -> Ended:
        if stopped := self._told():
            return Ended(Exit.INFRASTRUCTURE, f"{stopped} before the workload began", stopped)
        begin = begin_of(token, workload)
        self.mark(begin)
        ended = self.run(workload)
        self.mark(replace(begin, exit_code=ended.exit_code))
        return ended

    def _why_no_more(self) -> str:
        """Why the container takes no other workload, even if one is offered; empty if it does."""
        if self._stopped:
            return f"{self._stopped}: the platform stops this container"
        if self._served >= self.limits.tasks:
            return f"it has taken {self._served} workloads"
        if self.now() - self.born >= self.limits.age:
            return f"it is {self.now() - self.born:.0f} seconds old"
        return ""

    def _why_close(self) -> str:
        if self._idle >= self.limits.idle:
            return self._why_no_more() or f"no workload came for {self._idle:.0f} seconds"
        return self._why_no_more()

    @property
    def _idle(self) -> float:
        """Seconds without a workload; negative while a workload runs, or before there is a cell."""
        return -inf if self._owed is not None else self.now() - self._idle_since

    def _told(self, seconds: float = 0.0) -> str:
        """Wait for so long, or until a stop signal; returns the first stop signal so far, or ``""``."""
        told = self.pause(seconds)
        self._stopped = self._stopped or told
        return self._stopped

    # --- The cell -------------------------------------------------------------------------------------------

    def _create(self) -> None:
        """Create the cell, which may exist already if the answer to the same write was lost."""
        new = Cell(container=self.container, life=self.life)
        while True:
            match self.store.put(new, ABSENT):
                case Won(etag):
                    self._cell, self._etag = new, etag
                    return self._heard()
                case Lost():
                    return self._read()
                case Gone():
                    raise EndedEarlyError(
                        "S3 answered NoSuchKey to a new object: check that the store is Amazon S3 itself",
                        Exit.CANNOT_START,
                    )
                case Failed(problem, exit_):
                    self._not_heard(problem, exit_)

    def _read(self) -> None:
        """Read the cell, until there is an answer."""
        while True:
            match self.store.get():
                case Seen(cell, etag) if (cell.container, cell.life) == (self.container, self.life):
                    self._cell, self._etag = cell, etag
                    return self._heard()
                case Seen() | NoCell():
                    raise EndedEarlyError(OUTSIDE, Exit.CANNOT_START)
                case Gone():
                    raise EndedEarlyError("its cell was deleted")
                case Failed(problem, _):
                    self._not_heard(problem)

    def _write(self, body: Cell) -> bool:
        """Write the next body; returns whether this container's write has landed.

        After a lost answer the same write is repeated. If the first has landed, or lands later, the condition
        of the second no longer holds; after that answer, neither can change the cell that is read.
        """
        was = self._cell.word
        while True:
            match self.store.put(body, self._etag):
                case Won(etag):
                    self._cell, self._etag = body, etag
                    self._heard()
                    return True
                case Lost():
                    self._read()
                    # Only this container overwrites `taken`: what follows it is its own write.
                    return self._cell == body or was is Word.TAKEN
                case Gone():
                    raise EndedEarlyError("its cell was deleted")
                case Failed(problem, _):
                    self._not_heard(problem)

    def _try_to_close(self) -> None:
        """If the store has failed, try once to close the cell, as perhaps only reading is denied."""
        if self._silent_since is not None and self._etag != ABSENT and self._cell.word is not Word.TAKEN:
            self.store.put(self._cell.close(), self._etag)

    def _heard(self) -> None:
        self._silent_since = None

    def _not_heard(self, problem: str, exit_: int = Exit.RAN) -> None:
        """Wait a little, or raise `EndedEarlyError` (with `exit_` unless stopped) after a long silence."""
        if self._silent_since is None:
            self._silent_since = self.now()
            self.say(f"its cell cannot be reached, and is tried again: {problem}")
        silent = self.now() - self._silent_since
        in_haste = self._stopped or self._idle >= self.limits.idle
        if silent >= (IN_HASTE if in_haste else STORE_SILENCE):
            problem = f"its cell could not be reached for {silent:.0f} seconds: {problem}"
            raise EndedEarlyError(problem, Exit.RAN if self._stopped else exit_)
        self._told(RARELY)
