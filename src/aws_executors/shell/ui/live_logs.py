"""Show the log of a running container in Airflow's UI; only new events are read, the rest is cached.

Law: creating `LiveLogs` is free, and nothing is read before a user opens a log. `read` never raises, and
always returns at least one message. It runs in the API server, where every open page asks again every few
seconds: hence the minimum interval between two reads of one log, and the limits on calls per executor, on
cached logs, and on the time a user waits.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws import console
from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.token_bucket import Bucket, Quota, full, take
from aws_executors.core.logs.lines import Tail, folded, unfolded
from aws_executors.core.logs.streams import Stream
from aws_executors.core.redact.outgoing import one_line
from aws_executors.core.warm.log_marks import begins
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.aws.log_pages import no_log
from aws_executors.shell.ui.lookups import LazyLookups, Lookups, RegionLookups

log = logger(__name__)

EVERY = 2.0
"""The least number of seconds between two reads of one log; all its viewers share each read."""

AGAIN = 10.0
"""Seconds before a failed read is tried again."""

PAGES = 5
"""How many pages one read fetches at most."""

READ_WITHIN = 10.0
"""Seconds after which a read fetches no further page."""

REMEMBERED = 64
"""How many logs are cached, those viewed last."""

CALLS = Quota(rate=5, burst=25)
"""The rate of each executor's GetLogEvents calls: an account may make a few dozen a second, for all users."""

TaskLog = tuple[list[str], list[str]]
"""Messages about the log, and its lines: what Airflow's `get_task_log` returns."""


@dataclass(slots=True)
class _Followed:
    """One log: its stream, its newest lines, the last problem, and when to read it again."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    stream: Stream | None = None
    tail: Tail = field(default_factory=Tail)
    problem: str = ""
    due: float = 0.0

    @property
    def lines(self) -> tuple[str, ...]:
        """What the task instance has written: all lines, or only its own in a warm container's log."""
        token = "" if self.stream is None else self.stream.token
        return self.tail.of(token) if token else self.tail.lines

    @property
    def cut(self) -> bool:
        """Whether older lines of this log or task were dropped."""
        token = "" if self.stream is None else self.stream.token
        return bool(self.lines) and self.tail.cut and (not token or begins(token, self.tail.mark))

    @property
    def searches(self) -> bool:
        """Whether to read older pages: the pages read so far may be empty, or the mark at which a task begins
        in a warm container's log may be further back."""
        tail = self.tail
        if tail.forward == "" or tail.whole:
            return False
        return not tail.lines or (self.stream is not None and self.stream.token != "" and not tail.marked)


class LiveLogs:
    """The logs of one executor's containers, read when a user opens them.

    If the settings give no service to read from, the message says why.
    """

    def __init__(self, lookups: LazyLookups, clock: Callable[[], float] = time.monotonic) -> None:
        self._lookups = lookups
        self._clock = clock
        self._lock = threading.Lock()
        self._followed: OrderedDict[str, _Followed] = OrderedDict()
        self._bucket: Bucket = full(CALLS, clock())

    def read(self, token: str) -> TaskLog:
        """What is known of a container's log, with at least one message; never raises."""
        try:
            return self._read(token)
        except Exception:
            # If this raises, Airflow answers the whole page with a 500.
            log.exception("Could not read the log of %s", token)
            return ["The container's log could not be read; the API server's log says why."], []

    def tail(self, token: str, count: int) -> tuple[str, ...]:
        """The last lines of a container's log; none if there are none, or if they cannot be read.

        Once it has lines, the log is no longer cached: it is a megabyte or two in the scheduler's memory.
        """
        self.read(token)
        with self._lock:
            followed = self._followed.get(token)
            lines = () if followed is None else followed.lines[-count:]
            if lines:
                del self._followed[token]
        return lines

    def _read(self, token: str) -> TaskLog:
        source = self._lookups()
        if isinstance(source, str):
            return [f"The container's log cannot be read: {source}"], []
        followed = self._of(token)
        # While another request reads the log, answer with what is cached instead of waiting for that call.
        if self._clock() >= followed.due and followed.lock.acquire(blocking=False):
            try:
                self._read_newer(source, token, followed)
            finally:
                followed.lock.release()
        messages = [one_line(message) for message in _messages(followed, source.region)]
        return messages, list(followed.lines)

    def _of(self, token: str) -> _Followed:
        with self._lock:
            followed = self._followed.pop(token, None) or _Followed()
            self._followed[token] = followed
            while len(self._followed) > REMEMBERED:
                self._followed.popitem(last=False)
            return followed

    def _read_newer(self, source: RegionLookups, token: str, followed: _Followed) -> None:
        began = self._clock()
        match self._newer(source.lookups, token, followed, began):
            case AwsError() as error:
                followed.problem = error.message if error.code == "NoLog" else error.with_remedy
                followed.due = self._clock() + AGAIN
            case None:
                followed.problem = ""
                followed.due = self._clock() + EVERY

    def _newer(self, lookups: Lookups, token: str, followed: _Followed, began: float) -> AwsError | None:
        """Read what is new in a log; returns the error that stopped the read, if any."""
        if followed.stream is None:
            match unwrap_or_failure(lookups.log_stream(token)):
                case AwsError() as error:
                    return error
                case stream:
                    followed.stream = stream
        for _ in range(PAGES):
            if not self._allowed() or self._clock() - began > READ_WITHIN:
                return None
            before, searches = followed.tail, followed.searches
            match unwrap_or_failure(_with_a_page(lookups, followed.stream, before, older=searches)):
                case AwsError() as error:
                    return error
                case tail:
                    followed.tail = tail
            if not searches and tail.forward == before.forward:
                return None
        return None

    def _allowed(self) -> bool:
        with self._lock:
            self._bucket, granted = take(self._bucket, 1, self._clock())
            return granted > 0


def _with_a_page(lookups: Lookups, stream: Stream, tail: Tail, *, older: bool) -> Result[Tail, AwsError]:
    if older:
        return lookups.log_page(stream, tail.backward).bind(lambda answer: unfolded(tail, answer).alt(no_log))
    return lookups.log_page(stream, tail.forward).bind(lambda answer: folded(tail, answer).alt(no_log))


def _messages(followed: _Followed, region: str) -> Iterator[str]:
    stream = followed.stream
    if stream is not None:
        here = stream.region or region
        yield f"CloudWatch Logs: log group {stream.group}, stream {stream.name}, in {here}"
        if page := console.log_stream(here, stream.group, stream.name):
            yield page
    lines = followed.lines
    if followed.cut:
        yield f"Only the last {len(lines)} lines are shown."
    if followed.problem:
        yield f"The container's log could not be read just now: {followed.problem}"
    elif stream is None:
        yield "Looking for the container's log."
    elif not lines:
        yield "The container has not written anything yet."
