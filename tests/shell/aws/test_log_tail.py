"""The last lines of failed containers: in a short queue, by one thread, and by nobody where it is in vain."""

import threading
import time
from collections.abc import Callable, Sequence

from aws_executors.core.lifecycle.effects import LogEvent
from aws_executors.shell.aws.log_tail import IN_VAIN, REST, WAITING, LogTail


class Shelf:
    """Logs by token; a look at one that is not there raises."""

    def __init__(self, **logs: Sequence[str]) -> None:
        self.logs = logs
        self.looks: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def tail(self, token: str, count: int) -> Sequence[str]:
        self.gate.wait(60)
        self.looks.append(token)
        return self.logs[token][-count:]


class Clock:
    """Time that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Tail(LogTail[str]):
    """One that keeps what it tells."""

    def __init__(self, logs: Shelf, clock: Clock | None = None, late: Sequence[float] = (0,)) -> None:
        self.told: list[tuple[str, LogEvent]] = []
        super().__init__(logs, self.told.append, clock or time.monotonic, late)


def told(words: Tail) -> list[tuple[str, str]]:
    until(lambda: bool(words.told))
    assert {event.event for _, event in words.told} == {"container log"}
    found = [(key, event.text) for key, event in words.told]
    words.told.clear()
    return found


def test_nothing_is_made_before_somebody_asks() -> None:
    threads = set(threading.enumerate())
    words = Tail(Shelf())
    assert words.told == []
    assert set(threading.enumerate()) <= threads


def test_the_last_lines_as_a_person_reads_them() -> None:
    shelf = Shelf(one=['{"event":"a","level":"info"}', '{"event":"b"}'])
    words = Tail(shelf)
    assert words.ask("one", "key")
    assert told(words) == [("key", "a\nb")]
    assert words.told == []


def test_what_comes_late_is_looked_for_again() -> None:
    class Slow(Shelf):
        def tail(self, token: str, count: int) -> Sequence[str]:
            found = super().tail(token, count)
            self.logs[token] = ['{"event":"late"}']
            return found

    shelf = Slow(one=())
    words = Tail(shelf, late=(0, 0))
    words.ask("one", "key")
    assert told(words) == [("key", "late")]
    assert shelf.looks == ["one", "one"]


def test_a_log_that_can_not_be_read_harms_nobody() -> None:
    words = Tail(Shelf(good=['{"event":"a"}']))
    words.ask("odd", "k1")
    words.ask("good", "k2")
    assert told(words) == [("k2", "a")]


def test_a_burst_of_failures_is_bounded() -> None:
    shelf = Shelf(**{f"t{number}": ['{"event":"a"}'] for number in range(500)})
    shelf.gate.clear()
    words = Tail(shelf)
    taken = [words.ask(f"t{number}", "key") for number in range(500)]
    assert WAITING <= sum(taken) <= WAITING + 1  # one may be in hand
    shelf.gate.set()
    until(lambda: len(shelf.looks) == sum(taken))


def test_where_it_is_in_vain_nobody_looks_for_a_while() -> None:
    clock, shelf = Clock(), Shelf(none=(), some=['{"event":"a"}'])
    words = Tail(shelf, clock)
    for number in range(IN_VAIN):
        assert words.ask("none", "key")
        until(lambda wanted=number + 1: len(shelf.looks) == wanted)  # type: ignore[misc]
    until(lambda: not words.ask("none", "key"))
    clock.now += REST
    assert words.ask("some", "key")
    assert told(words) == [("key", "a")]
