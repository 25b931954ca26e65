"""The threads that make the calls: order, loss, counting, ending."""

import queue
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from aws_executors.shell.workers import Workers


@pytest.fixture
def posted() -> queue.SimpleQueue[str]:
    """What the workers have posted."""
    return queue.SimpleQueue()


@pytest.fixture
def one(posted: queue.SimpleQueue[str]) -> Iterator[Workers[str]]:
    """A pool of a single thread, not started."""
    workers: Workers[str] = Workers("test", 1, posted.put)
    yield workers
    workers.stop()


def says(word: str) -> Callable[[], str]:
    """A call that gives this word."""
    return lambda: word


def lost(error: BaseException) -> str:
    """What is posted for a call that raised."""
    return f"lost: {type(error).__name__}"


def raises(error: BaseException) -> Callable[[], str]:
    """A call that raises."""

    def run() -> str:
        raise error

    return run


def test_the_highest_priority_goes_first_then_the_lowest_rank_then_the_oldest(
    one: Workers[str], posted: queue.SimpleQueue[str]
) -> None:
    for word, priority, rank in [
        ("low", 1, 0),
        ("prepare", 5, 1),
        ("submit", 5, 0),
        ("submit later", 5, 0),
        ("urgent", 2**31, 1),
    ]:
        one.call(says(word), lost, priority, rank)
    one.start()
    taken = [posted.get(timeout=5) for _ in range(5)]
    assert taken == ["urgent", "submit", "submit later", "prepare", "low"]


@pytest.mark.parametrize("error", [RuntimeError("x"), SystemExit(1), KeyboardInterrupt()])
def test_a_call_that_raises_is_posted_and_the_thread_lives_on(
    one: Workers[str], posted: queue.SimpleQueue[str], error: BaseException
) -> None:
    """A builder may even call sys.exit."""
    one.start()
    one.call(raises(error), lost)
    one.call(says("next"), lost)
    assert [posted.get(timeout=5), posted.get(timeout=5)] == [f"lost: {type(error).__name__}", "next"]


def test_a_call_counts_as_unanswered_until_its_answer_has_been_posted() -> None:
    counts: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def run() -> str:
        begun.set()
        go.wait(5)
        return "done"

    workers: Workers[str] = Workers("test", 1, lambda _: counts.append(workers.unanswered))
    workers.start()
    workers.call(run, lost)
    workers.call(says("waits"), lost)
    begun.wait(5)
    assert workers.unanswered == 2
    workers.drop_waiting()
    assert workers.unanswered == 1
    go.set()
    until = time.monotonic() + 60
    while workers.unanswered and time.monotonic() < until:
        time.sleep(0.001)
    assert (workers.unanswered, counts) == (0, [1])
    workers.stop()


def test_stop_lets_each_thread_end_after_its_call_and_begins_no_other(
    posted: queue.SimpleQueue[str],
) -> None:
    before = set(threading.enumerate())
    workers: Workers[str] = Workers("test", 3, posted.put)
    workers.start()
    threads = set(threading.enumerate()) - before
    assert len(threads) == 3
    assert all(thread.daemon for thread in threads)
    go, begun = threading.Event(), threading.Semaphore(0)

    def run() -> str:
        begun.release()
        go.wait(5)
        return "begun"

    for _ in range(3):
        workers.call(run, lost)
    for _ in range(3):
        begun.acquire(timeout=5)
    workers.call(says("too late"), lost, priority=2**31)
    workers.stop()
    go.set()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)
    assert [posted.get_nowait() for _ in range(posted.qsize())] == ["begun"] * 3


def test_repr_says_how_many_wait(one: Workers[str]) -> None:
    one.call(says("a"), lost)
    assert repr(one) == "<Workers 1 threads, 1 calls wait>"
