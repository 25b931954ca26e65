"""Drive the world in real time.

Law: owns the only lock, the only clock and the thread that advances the world. Calls and events change the
world under the lock and never wait while holding it; effects are carried out outside the lock. The thread,
and calls that are long polls, wait for the world to change, each on a condition of their own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

from aws_executors.local.world import (
    Answer,
    Call,
    ProcessEffect,
    ProcessEvent,
    World,
    again,
    apply,
    carry_out_due,
    feed,
    has_stirred,
    next_due,
)

P = ParamSpec("P")
T = TypeVar("T")


class Runner(Protocol):
    """Runs the containers: as processes, or as whatever a test or a benchmark uses instead.

    It carries out every effect without waiting, and reports `Started` and later `Exited`, or `StartFailed`,
    from any thread. `environment` is the base environment of each container.
    """

    environment: dict[str, str]

    def act(self, effect: ProcessEffect) -> None:
        """Start a container, or send it a signal."""
        ...

    def running(self) -> dict[str, int]:
        """The process id (0 if there is none) of each running container, by `<task id>/<container name>`."""
        ...

    def close(self, seconds: float) -> None:
        """End all containers within this many seconds."""
        ...


MakeRunner: TypeAlias = Callable[[Callable[[ProcessEvent], None]], Runner]
"""Makes a runner; its argument is the function to report to."""


class Cloud:
    """A world, its containers, and the thread that connects them."""

    def __init__(self, world: World, runner: MakeRunner) -> None:
        self._world = world
        self.containers = runner(self._feed)
        lock = threading.RLock()
        self._changed, self._stirred = threading.Condition(lock), threading.Condition(lock)
        self._effects: list[ProcessEffect] = []
        self._looks_at: float = 0.0
        self._ending = False
        self._since, self._epoch = time.monotonic(), time.time()
        self._thread = threading.Thread(target=self._carry_on, daemon=True, name="local-aws")

    def __repr__(self) -> str:
        return f"<Cloud {self._world!r} {self.containers!r}>"

    def now(self) -> float:
        """Epoch seconds that never go backwards."""
        return self._epoch + time.monotonic() - self._since

    def start(self, environment: Mapping[str, str]) -> None:
        """Start advancing the world; every container gets this environment."""
        self.containers.environment.update(environment)
        self._thread.start()

    def stop(self) -> None:
        """Stop advancing the world, then end every container."""
        with self._changed:
            self._ending = True
            self._changed.notify()
            self._stirred.notify_all()
        if self._thread.is_alive():
            self._thread.join(1.0)
        self.containers.close(0.8)

    def call(self, call: Call, is_wanted: Callable[[], bool] = lambda: True) -> Answer:
        """Answer one call; a long poll waits for its answer, without the lock, until `stop`.

        `is_wanted` says whether the client still waits: nothing is taken out of a queue for a client that has
        gone.
        """
        with self._changed:
            since = self.now()
            answer = apply(self._world, call, since)
            self._run_due()
            while answer.wait and not self._ending:
                self._stirred.wait(answer.wait)
                if not is_wanted():
                    break
                answer = again(self._world, call, answer, since, self.now())
                self._run_due()
            return answer

    def do(self, verb: Callable[Concatenate[World, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Change or read the world now, under the lock."""
        with self._changed:
            done = verb(self._world, self.now(), *args, **kwargs)
            self._run_due()
            return done

    def _feed(self, event: ProcessEvent) -> None:
        with self._changed:
            feed(self._world, event, self.now())
            self._run_due()

    def _run_due(self) -> None:
        """Carry out what is due (with the lock held), and wake the thread if there is work for it."""
        self._advance()
        due = next_due(self._world)
        if self._effects or (due is not None and due < self._looks_at):
            self._changed.notify()

    def _advance(self) -> None:
        self._effects += carry_out_due(self._world, self.now())
        if has_stirred(self._world):
            self._stirred.notify_all()

    def _carry_on(self) -> None:
        while True:
            with self._changed:
                if self._ending:
                    return
                self._advance()
                effects, self._effects = self._effects, []
                if not effects:
                    self._sleep()
            for effect in effects:
                self.containers.act(effect)

    def _sleep(self) -> None:
        """Release the lock and wait until something is due or the world has changed."""
        due = next_due(self._world)
        self._looks_at = due if due is not None else float("inf")
        self._changed.wait(None if due is None else min(60.0, max(0.0, due - self.now())))
