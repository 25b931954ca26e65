"""A small service and a small database, changed by verbs, for the engine's tests.

Law: a world, not a recorder. It keeps containers and rows, answers as AWS and Airflow would, and changes only
by its verbs. `Cloud` is a `core.aws.service.Service`, `Rows` a `shell.engine.calls.operations.Database`; both
may be called from many threads at once.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import BATCH, ON_FARGATE, Action, Allotments
from aws_executors.core.aws.response import named_cause
from aws_executors.core.lifecycle.effects import BY_US
from aws_executors.core.lifecycle.observation import Cause, DescribeResult, Observation, Phase, Unreadable
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.airflow.metrics import Sink
from aws_executors.shell.aws.watched_service import WatchedService
from aws_executors.shell.engine.calls.rate_limiter import Account, RateLimiter
from aws_executors.shell.engine.dispatcher import EngineConfig
from aws_executors.shell.engine.messages import RowQuery
from aws_executors.shell.engine.thread import Engine

HELD = 60.0
"""Seconds after which a call that hangs ends even if the test never releases it."""


@dataclass(frozen=True)
class Order:
    """A request: the token of its queueing, its number among them, and a command that must not be printed."""

    token: str
    attempt: int = 1
    command: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The name by which the container can be found."""
        return f"{self.token}-{self.attempt}"


@dataclass
class Container:
    """One container, as the cloud keeps it."""

    order: Order
    seen: Observation


class Unlimited(RateLimiter):
    """A rate limiter that grants every call at once."""

    def take(self, action: Action, wanted: int, now: float) -> int:
        return wanted

    def ready_at(self, action: Action) -> float:
        return 0.0


class Unmeasured:
    """A sink that drops all metrics."""

    def count(self, name: str, by: int = 1) -> None:
        """Nothing."""

    def gauge(self, name: str, value: float) -> None:
        """Nothing."""

    def time(self, name: str, seconds: float) -> None:
        """Nothing."""


class Cloud:
    """Containers, by id: ``c1``, ``c2`` ... in the order of their submission."""

    def __init__(self, *, idempotent: bool = True) -> None:
        self.idempotent = idempotent
        self.allotments: Allotments = ON_FARGATE if idempotent else BATCH
        self.containers: dict[str, Container] = {}
        self.calls: Counter[str] = Counter()
        self.stopped: list[tuple[str, ...]] = []
        self.orders: list[Order] = []
        self._lock = threading.Lock()
        self._by_name: dict[str, str] = {}
        self._plans: dict[str, list[str | AwsError]] = {}
        self._queues: dict[str, threading.Event] = {}
        self._hidden: set[str] = set()
        self._odd: set[str] = set()
        self._exit_at_once: int | None = None

    def __repr__(self) -> str:
        return f"<Cloud {len(self.live())} of {len(self.containers)} containers live>"

    # --- Verbs -------------------------------------------------------------------------------------------

    def run(self, id_: str) -> None:
        """The container starts."""
        self._change(id_, phase=Phase.RUNNING, started=True)

    def finish(self, id_: str, exit_code: int = 0) -> None:
        """The container ends by itself."""
        phase = Phase.FAILED if exit_code else Phase.SUCCEEDED
        cause = Cause.EXITED if exit_code else None
        self._change(id_, phase=phase, cause=cause, exit_code=exit_code, started=True, final=True)

    def lose(self, id_: str, cause: Cause = Cause.NEVER_STARTED) -> None:
        """The container ends without an exit code, for example for lack of a machine, image or network."""
        self._change(id_, phase=Phase.FAILED, cause=cause, reason="lost", final=True)

    def forget(self, id_: str) -> None:
        """The container is not shown any more."""
        with self._lock:
            self._hidden.add(id_)

    def show(self, id_: str) -> None:
        """The container is shown again."""
        with self._lock:
            self._hidden.discard(id_)

    def garble(self, id_: str) -> None:
        """The service's description of this container cannot be read from now on."""
        with self._lock:
            self._odd.add(id_)

    def finish_at_once(self, exit_code: int = 0) -> None:
        """From now on every container has ended as soon as it was submitted."""
        self._exit_at_once = exit_code

    def refuse(self, action: str, kind: Kind = Kind.THROTTLED, times: int = 1) -> None:
        """The next calls are not carried out: `action` is submit, describe, find or stop."""
        self._plan(action, times, AwsError(kind=kind, code=kind.name, message=f"{action} refused"))

    def serve(self, action: str) -> None:
        """Calls of the action are carried out from now on."""
        with self._lock:
            self._plans.pop(action, None)

    def lose_next_answer(self, times: int = 1) -> None:
        """The next submissions are carried out, but their answers are lost."""
        self._plan("submit", times, "lost")

    def blow_up(self, action: str, times: int = 1, how: str = "raise") -> None:
        """The next calls raise, which no service may do; `how` is raise or exit."""
        self._plan(action, times, how)

    def hold(self, action: str) -> None:
        """Calls of the action hang from now on."""
        self._queues[action] = threading.Event()

    def let_go(self, action: str) -> None:
        """The calls that hang are answered."""
        self._queues.pop(action).set()

    # --- What a test may ask -----------------------------------------------------------------------------

    def live(self) -> list[str]:
        """The containers that have not ended."""
        with self._lock:
            return [id_ for id_, container in self.containers.items() if not container.seen.ended]

    def of(self, token: str) -> list[str]:
        """The containers of one queueing, oldest first."""
        with self._lock:
            return [id_ for id_, container in self.containers.items() if container.order.token == token]

    # --- Service -----------------------------------------------------------------------------------------

    def submit(self, request: Order) -> Result[str, AwsError]:
        """Start a container."""
        plan = self._called("submit")
        with self._lock:
            self.orders.append(request)
            if isinstance(plan, AwsError):
                return Failure(plan)
            id_ = self._by_name.get(request.name, "") if self.idempotent else ""
            if not id_:
                id_ = f"c{len(self.containers) + 1}"
                self.containers[id_] = Container(request, Observation(id=id_, phase=Phase.PENDING))
                self._by_name[request.name] = id_
        if self._exit_at_once is not None:
            self.finish(id_, self._exit_at_once)
        if plan == "lost":
            return Failure(AwsError(kind=Kind.AMBIGUOUS, code="ReadTimeoutError", message="no answer"))
        return Success(id_)

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        """Look at containers."""
        assert 0 < len(ids) <= 100
        plan = self._called("describe")
        if isinstance(plan, AwsError):
            return Failure(plan)
        with self._lock:
            return Success(
                DescribeResult(
                    observations=tuple(self._look(id_) for id_ in ids if id_ not in self._odd),
                    unreadable=tuple(
                        Unreadable(id=id_, problem="a word nobody knows") for id_ in ids if id_ in self._odd
                    ),
                )
            )

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """Look for a container by its token."""
        plan = self._called("find")
        if isinstance(plan, AwsError):
            return Failure(plan)
        with self._lock:
            seen = [
                self._look(id_)
                for id_, container in self.containers.items()
                if container.order.token == token and id_ not in exclude and id_ not in self._hidden
            ]
        return Success(next((one for one in seen if not one.ended), seen[-1] if seen else None))

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        """Stop containers."""
        assert reason
        plan = self._called("stop")
        with self._lock:
            self.stopped.append(tuple(ids))
            if isinstance(plan, AwsError):
                return dict.fromkeys(ids, plan)
        cause = named_cause(BY_US, reason) or Cause.STOPPED
        for id_ in ids:
            if id_ in self.live():
                self._change(id_, phase=Phase.FAILED, cause=cause, exit_code=143, final=True)
        return dict.fromkeys(ids)

    def _called(self, action: str) -> str | AwsError | None:
        queue = self._queues.get(action)
        with self._lock:
            self.calls[action] += 1
            plans = self._plans.get(action)
            plan = plans.pop(0) if plans else None
        if queue is not None:
            queue.wait(HELD)
        if plan == "raise":
            raise RuntimeError("a service that must not raise")
        if plan == "exit":
            raise SystemExit(1)
        return plan

    def _plan(self, action: str, times: int, plan: str | AwsError) -> None:
        with self._lock:
            self._plans.setdefault(action, []).extend([plan] * times)

    def _look(self, id_: str) -> Observation:
        if id_ in self._hidden or id_ not in self.containers:
            return Observation(id=id_, phase=Phase.ABSENT)
        return self.containers[id_].seen

    def _change(
        self,
        id_: str,
        *,
        phase: Phase,
        cause: Cause | None = None,
        exit_code: int | None = None,
        reason: str = "",
        started: bool = False,
        final: bool = False,
    ) -> None:
        with self._lock:
            container = self.containers[id_]
            container.seen = replace(
                container.seen,
                phase=phase,
                cause=cause,
                exit_code=exit_code,
                reason=reason,
                started=started or container.seen.started,
                final=final,
            )


class Rows:
    """Task instances, by a key that is a string."""

    def __init__(self) -> None:
        self.reads: list[tuple[str, ...]] = []
        self.given_back: list[tuple[str, str]] = []
        self._rows: dict[str, Row] = {}
        self._lock = threading.Lock()
        self._down = False
        self._queue: threading.Event | None = None

    def put(self, key: str, state: str | None, token: str | None = None, try_number: int = 1) -> None:
        """Set a row; its token is the key itself if none is given."""
        with self._lock:
            self._rows[key] = Row(state=state, token=key if token is None else token, try_number=try_number)

    def delete(self, key: str) -> None:
        """The task instance is gone."""
        with self._lock:
            self._rows.pop(key, None)

    def go_down(self) -> None:
        """The database does not answer any more."""
        self._down = True

    def come_up(self) -> None:
        """The database answers again."""
        self._down = False

    def hold(self) -> None:
        """Reads hang from now on; each will return the rows as they were when it began."""
        self._queue = threading.Event()

    def let_go(self) -> None:
        """The reads that hang are answered."""
        queue, self._queue = self._queue, None
        assert queue is not None
        queue.set()

    def unfinished(self, groups: Collection[str]) -> Collection[str]:
        """All of these groups: there is no schedule here that could rule one out."""
        return groups

    def state(self, key: str) -> str | None:
        """The state in the row of this key."""
        with self._lock:
            row = self._rows.get(key)
            return None if row is None else row.state

    def read(self, asked: Mapping[str, RowQuery[str]]) -> Mapping[str, Row | None]:
        """The rows of these jobs, by token, without those that their jobs know already."""
        queue = self._queue
        with self._lock:
            self.reads.append(tuple(one.key for one in asked.values()))
            if self._down:
                raise ConnectionError("the database is down")
            rows = {token: self._rows.get(one.key) for token, one in asked.items()}
            rows = {token: row for token, row in rows.items() if row is None or row != asked[token].known}
        if queue is not None:
            queue.wait(HELD)
        return rows

    def fence(self, key: str, token: str) -> None:
        """Fence a row: its container's reports do not count any more."""
        with self._lock:
            if self._down:
                raise ConnectionError("the database is down")
            row = self._rows.get(key)
            if row is not None and row.state == "running":
                self._rows[key] = replace(row, state="restarting")

    def requeue(self, key: str, token: str) -> None:
        """Give a task instance back to the scheduler."""
        with self._lock:
            if self._down:
                raise ConnectionError("the database is down")
            self.given_back.append((key, token))


class AwakeClock:
    """A clock of this process's running time: any pause of the machine counts as at most `MOMENT`."""

    MOMENT = 0.1  # the most seconds that pass between two calls

    def __init__(self) -> None:
        self._read_at = self._now = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            read_at = time.monotonic()
            self._now += min(self.MOMENT, read_at - self._read_at)
            self._read_at = read_at
            return self._now


def engine_in(
    cloud: Cloud,
    rows: Rows,
    config: EngineConfig,
    clock: Callable[[], float] = time.monotonic,
    sink: Sink | None = None,
    share: RateLimiter | None = None,
) -> Engine[str, Order]:
    """An engine between a cloud and a database, set up like an executor's, except for the rate limit."""
    share = share or Unlimited(Account(), cloud.allotments)
    sink = sink or Unmeasured()
    service = WatchedService(cloud, share, sink, clock=clock)
    return Engine(service, rows, config, share, sink, clock)
