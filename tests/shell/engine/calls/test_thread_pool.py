"""The threads that make the calls: order, loss, counting, ending."""

import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from aws_executors.shell.engine.calls import thread_pool as workers_module
from aws_executors.shell.engine.calls.thread_pool import Workers, ends_by_itself


@pytest.fixture
def posted() -> queue.SimpleQueue[str]:
    """What the workers have posted."""
    return queue.SimpleQueue()


@pytest.fixture
def one(posted: queue.SimpleQueue[str]) -> Iterator[Workers]:
    """A pool of a single thread, not started."""
    workers = Workers("test", 1, done)
    yield workers
    workers.stop()


def done(message: Callable[[], None]) -> None:
    """Do what is posted, in the worker's thread."""
    message()


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


def test_the_highest_priority_goes_first_then_the_oldest(
    one: Workers, posted: queue.SimpleQueue[str]
) -> None:
    for word, priority in [("low", 1), ("first", 5), ("second", 5), ("third", 5), ("urgent", 2**31)]:
        one.call(says(word), posted.put, lost, priority)
    one.start()
    taken = [posted.get(timeout=60) for _ in range(5)]
    assert taken == ["urgent", "first", "second", "third", "low"]


@pytest.mark.parametrize("error", [RuntimeError("x"), SystemExit(1), KeyboardInterrupt()])
def test_a_call_that_raises_is_posted_and_the_thread_lives_on(
    one: Workers,
    posted: queue.SimpleQueue[str],
    error: BaseException,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A builder may even call sys.exit."""
    one.start()
    one.call(raises(error), posted.put, lost)
    one.call(says("next"), posted.put, lost)
    assert [posted.get(timeout=60), posted.get(timeout=5)] == [f"lost: {type(error).__name__}", "next"]
    (told,) = caplog.messages
    assert repr(error).partition("(")[0] in told
    # Where something broke is told; who only called sys.exit gets one line.
    assert (len(told.splitlines()) == 1) is not isinstance(error, Exception)


def test_a_call_counts_as_unanswered_until_its_answer_has_been_posted() -> None:
    counts: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def run() -> str:
        begun.set()
        go.wait(60)
        return "done"

    workers = Workers("test", 1, done)
    workers.start()
    workers.call(run, lambda _: counts.append(workers.unanswered), lost)
    workers.call(says("waits"), print, lost)
    begun.wait(60)
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
    workers = Workers("test", 3, done)
    workers.start()
    threads = set(threading.enumerate()) - before
    assert len(threads) == 3
    assert all(thread.daemon for thread in threads)
    go, begun = threading.Event(), threading.Semaphore(0)

    def run() -> str:
        begun.release()
        go.wait(60)
        return "begun"

    for _ in range(3):
        workers.call(run, posted.put, lost)
    for _ in range(3):
        begun.acquire(timeout=60)
    workers.call(says("too late"), posted.put, lost, priority=2**31)
    workers.stop()
    go.set()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert [posted.get_nowait() for _ in range(posted.qsize())] == ["begun"] * 3


def test_repr_says_how_many_wait(one: Workers) -> None:
    one.call(says("a"), print, lost)
    assert repr(one) == "<Workers 1 threads, 1 calls wait>"


# --- Calls that do not return ----------------------------------------------------------------------------


@pytest.fixture
def impatient(posted: queue.SimpleQueue[str]) -> Iterator[Workers]:
    """Two threads that give a call up after a while."""
    workers = Workers("impatient", 2, done, patience=0.4)
    workers.start()
    yield workers
    workers.stop()


def waits(queue: threading.Event, word: str = "back") -> Callable[[], str]:
    """A call that returns when the queue is open, whatever is thrown at it."""

    def run() -> str:
        queue.wait(60)
        return word

    return run


def spins(ended: threading.Event) -> str:
    """A call that never returns by itself."""
    try:
        while True:
            time.sleep(0.01)
    finally:
        ended.set()


def taken(posted: queue.SimpleQueue[str], count: int) -> list[str]:
    return [posted.get(timeout=30) for _ in range(count)]


def test_a_call_that_does_not_return_is_given_up_and_said_with_its_place(
    impatient: Workers, posted: queue.SimpleQueue[str], caplog: pytest.LogCaptureFixture
) -> None:
    queue = threading.Event()
    impatient.call(waits(queue), posted.put, lambda error: f"{type(error).__name__}: {error}")
    assert taken(posted, 1) == ["GivenUpError: has not returned for 0.4 s"]
    assert impatient.unanswered == 0
    assert "queue.wait(60)" in caplog.text
    queue.set()
    impatient.call(says("next"), posted.put, lost)
    assert taken(posted, 1) == ["next"]  # what the other one has come to at last is nobody's news


def test_calls_that_do_not_return_leave_the_others_their_threads(
    impatient: Workers, posted: queue.SimpleQueue[str]
) -> None:
    queue = threading.Event()
    for _ in range(20):
        impatient.call(waits(queue), posted.put, lost)
    impatient.call(says("the others go on"), posted.put, lost)
    assert sorted(taken(posted, 21)) == ["lost: GivenUpError"] * 20 + ["the others go on"]
    queue.set()


def test_a_loop_without_end_is_ended(impatient: Workers, posted: queue.SimpleQueue[str]) -> None:
    ended = threading.Event()
    impatient.call(lambda: spins(ended), posted.put, lost)
    assert taken(posted, 1) == ["lost: GivenUpError"]
    assert ended.wait(30)


def test_no_more_threads_hang_than_said_and_then_what_waits_fails(
    posted: queue.SimpleQueue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "MOST_LOST", 3)
    workers = Workers("few", 2, done, patience=0.4)
    workers.start()
    queue = threading.Event()
    for _ in range(30):
        workers.call(waits(queue), posted.put, lost)
    assert taken(posted, 30) == ["lost: GivenUpError"] * 30
    assert len([one for one in threading.enumerate() if one.name.startswith("few-") and one.is_alive()]) <= 7
    queue.set()
    workers.call(says("and on"), posted.put, lost)
    assert taken(posted, 1) == ["and on"]
    workers.stop()


def test_a_slow_call_is_waited_for_and_its_thread_not_missed(
    posted: queue.SimpleQueue[str],
) -> None:
    workers = Workers("slow", 1, done, patience=60.0)
    workers.start()
    queue = threading.Event()
    workers.call(waits(queue, "slow"), posted.put, lost)
    queue.set()
    assert taken(posted, 1) == ["slow"]
    workers.call(says("next"), posted.put, lost)
    assert taken(posted, 1) == ["next"]
    workers.stop()


def test_where_no_thread_can_be_had_calls_are_given_up_all_the_same(
    impatient: Workers, posted: queue.SimpleQueue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that has reached its limit of processes."""
    start, refused = threading.Thread.start, threading.Event()

    def scarce(thread: threading.Thread) -> None:
        if thread.name == "impatient-more":
            refused.set()
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", scarce)
    queue = threading.Event()
    for _ in range(2):
        impatient.call(waits(queue), posted.put, lost)
    assert taken(posted, 2) == ["lost: GivenUpError"] * 2
    assert refused.is_set()
    queue.set()
    impatient.call(says("next"), posted.put, lost)
    assert taken(posted, 1) == ["next"]


def test_what_ends_by_itself_is_waited_for_and_what_comes_then_as_long_as_ever(
    impatient: Workers, posted: queue.SimpleQueue[str]
) -> None:
    opened, ended = threading.Event(), threading.Event()

    def stores_and_builds() -> str:
        with ends_by_itself():
            opened.wait(60)
        posted.put("stored")
        return spins(ended)

    for _ in range(2):
        impatient.call(stores_and_builds, posted.put, lost)
    impatient.call(says("the others go on"), posted.put, lost)
    assert taken(posted, 1) == ["the others go on"]
    with pytest.raises(queue.Empty):
        posted.get(timeout=1.0)
    opened.set()
    assert taken(posted, 4) == ["stored"] * 2 + ["lost: GivenUpError"] * 2
    assert ended.wait(30)


def test_nothing_of_a_call_is_kept_until_the_next_one(one: Workers, posted: queue.SimpleQueue[str]) -> None:
    """It may have a workload's token with it."""

    class Asked:
        def __call__(self) -> str:
            return "done"

    asked = Asked()
    there = weakref.ref(asked)
    one.start()
    one.call(asked, posted.put, lost)
    assert taken(posted, 1) == ["done"]
    del asked
    until = time.monotonic() + 30
    while there() is not None and time.monotonic() < until:
        time.sleep(0.01)
    assert there() is None


def test_elsewhere_than_in_a_worker_what_ends_by_itself_is_as_any_other() -> None:
    with ends_by_itself():
        pass
