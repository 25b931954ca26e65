"""A container that takes one workload after another, in virtual time.

Law: models `aws_executors/run/warm/serving.py` in steps: the cell's rules are production's
(`core/warm/cell.py`), calls take time, answers may be lost, and a write without an answer may land seconds
later, even after its writer's death.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.requests.stored_workload import bucket_and_key
from aws_executors.core.warm.cell import Cell, Word, read
from aws_executors.local.world import Answer, Json, Ref
from simulation.cloud import BUCKET, Cloud, Container, Workload
from simulation.timeline import Timeline, between, draw

OFTEN = 0.5
AGAIN = 1.0
PATIENCE, IN_HASTE = 20.0, 5.0
"""Virtual seconds of the store's silence after which the container ends; `IN_HASTE` if it ends anyway."""
LATE = 0.05
"""The share of writes whose answer is lost and which land later."""


@dataclass(eq=False)
class WarmHost:
    """One warm container; `begin` starts its process."""

    cloud: Cloud
    line: Timeline
    ref: Ref
    token: str
    command: tuple[str, ...]
    alive: bool = True
    told: bool = False  # whether it was asked to stop
    turn: Container | None = None
    turns: int = 0
    ended: float = 0.0
    _cell: Cell = field(init=False)
    _last: Cell | None = None  # its cell as it was when the container ended
    _etag: str = ""
    _idle_since: float = 0.0
    _silent_since: float | None = None
    _calls: int = 0

    @property
    def name(self) -> str:
        return f"warm {self.ref.task[:4]}"

    @property
    def key(self) -> str:
        return bucket_and_key(self._said("--warm"))[1]

    @property
    def has(self) -> str:
        """The token of the job whose workload its cell has: it may not know that its own write landed."""
        if self.turn is not None:
            return self.turn.token
        cell = self._stored
        return cell.token if cell is not None and cell.word is Word.TAKEN else ""

    def tells_of(self, token: str) -> int | None:
        """The exit code of this job's workload in its cell; None if the container was killed before it wrote
        that.

        A write that lands after the container's death may come after the executor's last read.
        """
        cell = self._stored if self.alive else self._last
        return None if cell is None else cell.exit_code_of(token)

    @property
    def _stored(self) -> Cell | None:
        there = self.cloud.world.s3.buckets[BUCKET].get(self.key)
        return None if there is None else read(there.body)

    @property
    def idle_for(self) -> float:
        return self.line.now - self._idle_since

    @property
    def idle_limit(self) -> float:
        return float(self._said("--idle"))

    def _said(self, option: str) -> str:
        return self.command[self.command.index(option) + 1]

    def begin(self) -> None:
        """Let the process import its modules, then create its cell."""
        self.line.tell(self.name, "starts")
        self._idle_since = self.line.now + 2.0
        self.line.after(between(0.3, 2.0, self.cloud.schedule.seed, self.ref, "boot"), self._create)

    def signal(self, signal: str) -> None:
        """SIGTERM: it takes no more workloads; SIGKILL: it ends at once, with its workload."""
        if not self.alive:
            return
        self.line.tell(self.name, f"gets SIG{signal}")
        self.told = True
        turn = self.turn
        if signal == "KILL":
            if turn is not None:
                turn.dying, turn.asked_to_end = True, self.line.now
            self.exit(137)  # at once: the end of its workload is not written
        elif turn is not None:
            self.cloud.inside.signal(turn, signal)

    def exit(self, code: int) -> None:
        """End its process, and its workload's."""
        if not self.alive:
            return
        self.alive, self.ended, self._last = False, self.line.now, self._stored
        if self.turn is not None:
            self.cloud.exit(self.turn, 137)
        self.line.tell(self.name, f"exits with {code}")
        self.cloud.exited(self.ref, code)

    def turn_ended(self, code: int) -> None:
        """Its workload has ended."""
        self.turn = None
        if self.alive:
            self._end(code)

    # --- The loop ------------------------------------------------------------------------------------------

    def _create(self) -> None:
        self._cell = Cell(container=self.cloud.id_of(self.ref))
        if self.told:
            self.exit(Exit.INFRASTRUCTURE)
            return
        self._put(self._cell, self._look, self._look, owed=Exit.INFRASTRUCTURE)

    def _look(self) -> None:
        self._call("GetObject", {}, self._seen)

    def _seen(self, answer: Answer | None) -> None:
        if answer is None or answer.error not in (None, "NoSuchKey"):
            self._later(self._look)
            return
        if answer.error is not None:
            self.exit(0)
            return
        self._heard()
        if self._reads(answer):
            self._go_on()

    def _reads(self, answer: Answer) -> bool:
        """Read its cell; if that belongs to another container, which a repeated submission has started with
        the same address, this one ends."""
        cell = read(answer.body["Body"])
        if cell.container != self._cell.container:
            self.exit(Exit.CANNOT_START)
            return False
        self._cell, self._etag = cell, answer.body["ETag"]
        return True

    def _go_on(self) -> None:
        age = self.line.now - self._idle_since
        cell = self._cell
        spent = len(cell.served) >= int(self._said("--tasks"))
        if cell.word is Word.CLOSED:
            self.exit(0)
        elif cell.word is Word.TAKEN:
            self._taken()
        elif cell.word is Word.OFFERED and not self.told:
            workload = cell.workload
            self._put(cell.take(), lambda: self._run(workload), self._look, owed=Exit.INFRASTRUCTURE)
        elif self.told or spent or age >= self.idle_limit:
            self._put(cell.close(), lambda: self.exit(0), self._look)
        else:
            self.line.after(OFTEN, self._look_if_alive)

    def _look_if_alive(self) -> None:
        if self.alive:
            self._look()

    def _taken(self) -> None:
        """Fail: only this container writes `taken`, so a container that runs nothing never finds it."""
        raise AssertionError(f"{self.name} finds its cell taken, and runs nothing")

    def _run(self, workload: str) -> None:
        token = self._cell.token
        self.line.tell(self.name, f"takes {token[:4]}")
        if self.told:
            self._end(Exit.INFRASTRUCTURE)
            return
        self.turns += 1
        ref = Ref(self.ref.task, f"turn {self.turns}")
        self.turn = Container(ref, token, Workload.from_json(workload, "aws_executors"), host=self)
        self.cloud.containers[ref] = self.cloud.living[ref] = self.turn
        self.cloud.inside.begin(self.turn)

    def _end(self, code: int) -> None:
        close = bool(code) or self.told or len(self._cell.served) + 1 >= int(self._said("--tasks"))
        self._idle_since = self.line.now
        self._put(self._cell.end(code, close=close), self._go_on, self._go_on, owed=code)

    # --- Calls ---------------------------------------------------------------------------------------------

    def _put(self, body: Cell, won: Callable[[], None], lost: Callable[[], None], owed: int = 0) -> None:
        """Write the cell, repeatedly until there is an answer; if the condition failed, read the cell."""
        was = getattr(self, "_cell", body)
        condition: Json = {"IfMatch": self._etag} if self._etag else {"IfNoneMatch": "*"}
        params = {"Body": body.body(), **condition}

        def answered(answer: Answer | None) -> None:
            if answer is not None and answer.error is None:
                self._heard()
                self._cell, self._etag = body, answer.body["ETag"]
                won()
            elif answer is not None and answer.error in ("PreconditionFailed", "NoSuchKey"):
                self._call("GetObject", {}, found)
            else:
                self._later(lambda: self._call("PutObject", params, answered), owed)

        def found(answer: Answer | None) -> None:
            if answer is None or answer.error not in (None, "NoSuchKey"):
                self._later(lambda: self._call("GetObject", {}, found), owed)
                return
            if answer.error is not None:
                self.exit(owed)
                return
            if self._reads(answer):
                (won if self._cell == body or was.word is Word.TAKEN else lost)()

        self._call("PutObject", params, answered)

    def _call(self, action: str, params: Json, then: Callable[[Answer | None], None]) -> None:
        self._calls += 1
        seed, number = self.cloud.schedule.seed, self._calls
        whole: Json = {"Bucket": BUCKET, "Key": self.key, **params}
        late = action == "PutObject" and draw(seed, self.ref, number, "late") < LATE
        out = between(0.01, 0.2, seed, self.ref, number, "out")
        if late:
            lands = between(0.0, 8.0, seed, self.ref, number, "lands")
            self.line.after(lands, lambda: self._land(whole))
            self.line.after(4.0, lambda: self._answer(None, then))
            return
        self.line.after(out, lambda: self._made(action, whole, then))

    def _land(self, params: Json) -> None:
        self.cloud.call("s3", "PutObject", params)
        self.line.tell(self.name, "a write lands late")

    def _made(self, action: str, params: Json, then: Callable[[Answer | None], None]) -> None:
        if not self.alive:
            return
        answer = self.cloud.call("s3", action, params)
        lost = not answer.delivered or answer.delay > 4.0
        back = 4.0 if lost else answer.delay + 0.05
        self.line.after(back, lambda: self._answer(None if lost else answer, then))

    def _answer(self, answer: Answer | None, then: Callable[[Answer | None], None]) -> None:
        if self.alive:
            then(answer)

    def _later(self, what: Callable[[], None], owed: int = 0) -> None:
        self._silent_since = self.line.now if self._silent_since is None else self._silent_since
        hastes = bool(self._etag) and (self.told or self.idle_for >= self.idle_limit)
        if self.line.now - self._silent_since >= (IN_HASTE if hastes else PATIENCE):
            self.exit(owed)
            return
        self.line.after(AGAIN, lambda: what() if self.alive else None)

    def _heard(self) -> None:
        self._silent_since = None
