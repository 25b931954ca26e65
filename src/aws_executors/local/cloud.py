"""The world driven by real time.

Law: the one lock, the one clock and the one thread that carries the world on. Calls and events change the
world under the lock and never wait in it; effects are acted upon outside it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

from aws_executors.local.world import Answer, Call, Effect, Event, World, apply, carry_out_due, feed, next_due

P = ParamSpec("P")
T = TypeVar("T")


class Runner(Protocol):
    """What runs the containers: processes, or whatever a test or a benchmark puts in their place.

    It acts upon every effect without waiting, and reports `Started` or `StartFailed`, then `Exited`, from
    any thread; `environment` is what each container starts from.
    """

    environment: dict[str, str]

    def act(self, effect: Effect) -> None:
        """Start a container, or send it a signal."""
        ...

    def running(self) -> dict[str, int]:
        """The process id (0 where there is none) of each that runs, by `<task id>/<container name>`."""
        ...

    def close(self, seconds: float) -> None:
        """End all of them, within so many seconds."""
        ...


MakeRunner: TypeAlias = Callable[[Callable[[Event], None]], Runner]
"""Makes a runner; it is given the function to report to."""


def _apply(world: World, now: float, call: Call) -> Answer:
    return apply(world, call, now)


class Cloud:
    """A world, its containers, and the thread between them."""

    def __init__(self, world: World, runner: MakeRunner) -> None:
        self._world = world
        self.containers = runner(self._feed)
        self._changed = threading.Condition()
        self._effects: list[Effect] = []
        self._looks_at: float = 0.0
        self._ending = False
        self._since, self._epoch = time.monotonic(), time.time()
        self._thread = threading.Thread(target=self._carry_on, daemon=True, name="local-aws")

    def __repr__(self) -> str:
        return f"<Cloud {self._world!r} {self.containers!r}>"

    def now(self) -> float:
        """Epoch seconds that never go back."""
        return self._epoch + time.monotonic() - self._since

    def start(self, environment: Mapping[str, str]) -> None:
        """Begin to carry the world on; every container starts from this environment."""
        self.containers.environment.update(environment)
        self._thread.start()

    def stop(self) -> None:
        """Stop carrying on, then end every container."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(1.0)
        self.containers.close(0.8)

    def call(self, call: Call) -> Answer:
        """The answer to one call."""
        return self.do(_apply, call)

    def do(self, verb: Callable[Concatenate[World, float, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do something to the world, or read it, at this moment and alone."""
        with self._changed:
            done = verb(self._world, self.now(), *args, **kwargs)
            self._turn()
            return done

    def _feed(self, event: Event) -> None:
        with self._changed:
            feed(self._world, event, self.now())
            self._turn()

    def _turn(self) -> None:
        """Carry out what is due (the lock is held) and wake the thread when there is something for it."""
        self._effects += carry_out_due(self._world, self.now())
        due = next_due(self._world)
        if self._effects or (due is not None and due < self._looks_at):
            self._changed.notify()

    def _carry_on(self) -> None:
        while True:
            with self._changed:
                if self._ending:
                    return
                self._effects += carry_out_due(self._world, self.now())
                effects, self._effects = self._effects, []
                if not effects:
                    self._sleep()
            for effect in effects:
                self.containers.act(effect)

    def _sleep(self) -> None:
        """Wait (giving up the lock) until something is due or somebody calls."""
        due = next_due(self._world)
        self._looks_at = due if due is not None else float("inf")
        self._changed.wait(None if due is None else min(60.0, max(0.0, due - self.now())))
