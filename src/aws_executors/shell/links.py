"""Links to a container and its log in the AWS console, found while a person waits for a page.

Law: nobody waits long. A look-up has a thread of its own; who asks waits for it for a moment, and what comes
later is there at the next view of the page. Nothing is raised; what can not be told is an empty text.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from returns.result import Result

from aws_executors.core import console
from aws_executors.core.errors import AwsError
from aws_executors.core.streams import Stream
from aws_executors.shell.source import Opening, Source

log = logging.getLogger(__name__)

WAIT = 1.5
"""Seconds that a page waits for a link."""

FRESH = 60.0
"""Seconds for which a link is remembered: a queueing may get another container."""

REMEMBERED = 512
"""Links that are remembered, the ones asked for last."""

AT_ONCE = 4
"""Look-ups under way at once; who comes then gets no link yet."""


@dataclass(slots=True)
class _Links:
    """What a look-up found: pages in the console, or nothing."""

    container: str = ""
    log: str = ""
    until: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)


class Links:
    """The links of one executor's containers."""

    def __init__(self, opening: Opening, clock: Callable[[], float] = time.monotonic) -> None:
        self._opening = opening
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Links] = OrderedDict()
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def container(self, token: str) -> str:
        """The container's page; empty where there is none, or none yet."""
        return self._found(token).container

    def log(self, token: str) -> str:
        """Its log's page; empty where there is none, or none yet."""
        return self._found(token).log

    def _found(self, token: str) -> _Links:
        with self._lock:
            known = self._known.get(token)
            if known is None or (known.done.is_set() and self._clock() >= known.until):
                known = self._begun(token)
        known.done.wait(WAIT)
        return known

    def _begun(self, token: str) -> _Links:
        links = _Links()
        if not self._free.acquire(blocking=False):
            links.done.set()
            return links  # not remembered: the next view tries again
        self._known.pop(token, None)
        self._known[token] = links
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        threading.Thread(
            target=self._look, args=(token, links), name="aws-executors-link", daemon=True
        ).start()
        return links

    def _look(self, token: str, links: _Links) -> None:
        try:
            source = self._opening()
            if isinstance(source, Source):
                links.container = self._container(source, token)
                links.log = self._log(source, token)
        except Exception:
            log.exception("Could not find the container of %s", token)
        finally:
            links.until = self._clock() + FRESH
            links.done.set()
            self._free.release()

    def _container(self, source: Source, token: str) -> str:
        seen = source.places.find(token, ()).value_or(None)
        if seen is None:
            return ""
        return console.ecs_task(seen.id) or console.batch_job(source.region, _job(seen.id))

    def _log(self, source: Source, token: str) -> str:
        stream: Result[Stream, AwsError] = source.places.log_stream(token)
        return stream.map(lambda found: _page(found, source.region)).value_or("")


def _job(id_: str) -> str:
    return "" if id_.startswith("arn:") else id_


def _page(stream: Stream, region: str) -> str:
    return console.log_stream(stream.region or region, stream.group, stream.name)
