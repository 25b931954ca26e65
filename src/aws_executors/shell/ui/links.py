"""Find the AWS console pages of a container and its log while a page of Airflow's UI loads.

Law: a page never waits for long. Each look-up runs in a thread of its own, for which the page waits up to
`WAIT` seconds; a late result is shown at the next page view. Nothing is raised; a link that cannot be found
is an empty text.

ECS forgets a task an hour after its end, but its log remains. Then the stream's name is derived from the log
options of the task definition and the container's id, which is in the failure message and, with this
package's launcher, in the row's host name. If the id is not known, the link leads to the log group, for the
time in which the task ran.
"""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from returns.methods import unwrap_or_failure
from returns.pipeline import is_successful
from returns.result import Result

from aws_executors.core.aws import console
from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.core.logs.streams import Stream
from aws_executors.core.warm.turn import container_of
from aws_executors.shell.airflow.loggers import logger
from aws_executors.shell.ui.lookups import LazyLookups, RegionLookups

log = logger(__name__)

WAIT = 1.5
"""Seconds for which a page waits for a link."""

FRESH = 60.0
"""Seconds for which a link is cached: a queueing may get another container."""

REMEMBERED = 512
"""How many queueings' links are cached, those looked up last."""

AROUND = 60.0
"""Seconds of a log group that are shown before and after a task, as its container lives longer."""

AT_ONCE = 4
"""How many look-ups may run at a time; further requests get no link yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a container has left in Airflow's database: its host name, its failure message, its start and
    end."""

    host: str = ""
    words: str = ""
    began: datetime | None = None
    ended: datetime | None = None

    @property
    def container(self) -> str:
        """The id of the ECS task or Batch job; empty if it is not known."""
        host = self.host if _ID.fullmatch(self.host) else ""
        return host or console.container_in(self.words).rpartition("/")[2]


NO_TRACE = Trace()
_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class _Links:
    """The result of a look-up: two console pages, empty if not found, cached `until` this time."""

    container: str = ""
    log: str = ""
    until: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)


class Links:
    """The links of one executor's containers."""

    def __init__(self, lookups: LazyLookups, clock: Callable[[], float] = time.monotonic) -> None:
        self._lookups = lookups
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Links] = OrderedDict()
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def container(self, token: str, trace: Trace = NO_TRACE) -> str:
        """The container's page; empty if there is none, none yet, or none any more."""
        return self._found(token, trace).container

    def log(self, token: str, trace: Trace = NO_TRACE) -> str:
        """The page of the container's log; empty if there is none, or none yet."""
        return self._found(token, trace).log

    def _found(self, token: str, trace: Trace) -> _Links:
        with self._lock:
            known = self._known.get(token)
            if known is None or (known.done.is_set() and self._clock() >= known.until):
                known = self._begun(token, trace)
        known.done.wait(WAIT)
        return known

    def _begun(self, token: str, trace: Trace) -> _Links:
        links = _Links()
        if not self._free.acquire(blocking=False):
            links.done.set()
            return links  # not remembered: the next view tries again
        lookup = threading.Thread(
            target=self._look_up, args=(token, trace, links), name="aws-executors-link", daemon=True
        )
        try:
            lookup.start()
        except RuntimeError:  # no more threads can be started
            self._free.release()
            links.done.set()
            return links
        self._known.pop(token, None)
        self._known[token] = links
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return links

    def _look_up(self, token: str, trace: Trace, links: _Links) -> None:
        try:
            source = self._lookups()
            if isinstance(source, RegionLookups):
                match unwrap_or_failure(source.lookups.find(token, ())):
                    case None:
                        links.log = _of_the_past(source, trace)
                    case Observation(id=id_):
                        own = container_of(id_)
                        links.container = console.ecs_task(own) or console.batch_job(source.region, _job(own))
                        links.log = _page(source.lookups.log_stream(own), source.region)
                    case AwsError():
                        pass  # the next page view tries again
        except Exception:
            log.exception("Could not find the container of %s", token)
        finally:
            links.until = self._clock() + FRESH
            links.done.set()
            self._free.release()


def _job(id_: str) -> str:
    return "" if id_.startswith("arn:") else id_


def _page(stream: Result[Stream, AwsError], region: str) -> str:
    return stream.map(
        lambda found: console.log_stream(found.region or region, found.group, found.name)
    ).value_or("")


def _of_the_past(source: RegionLookups, trace: Trace) -> str:
    """The log of a container that AWS no longer shows."""
    if trace.container:
        exact = source.lookups.past_log(trace.container)
        # The settings may have changed, or a builder may have chosen another definition, so check that the
        # log exists.
        if is_successful(exact.bind(lambda stream: source.lookups.log_page(stream, ""))):
            return _page(exact, source.region)
    if trace.began is None:
        return ""
    began = trace.began.timestamp()
    ended = began if trace.ended is None else trace.ended.timestamp()
    group = source.lookups.past_log("")
    return group.map(
        lambda found: console.log_group(
            found.region or source.region, found.group, began - AROUND, ended + AROUND
        )
    ).value_or("")
