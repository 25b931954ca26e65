"""Say a lasting trouble once, and once more when it is over.

Law: one line per change, never one per second. Under a rate limit some calls are refused and others are not,
many times a second: so a trouble is over only when nothing went wrong for a while.
"""

import logging
from collections.abc import Callable

from aws_executors.shell.airflow import loggers as speech

log = speech.logger(__name__)

QUIET = 30.0
"""Seconds without trouble after which it is over."""


class ErrorLog:
    """What was last said about each topic, and when it last went wrong."""

    def __init__(self, clock: Callable[[], float], logger: logging.Logger = log) -> None:
        self._clock = clock
        self._log = logger
        self._said: dict[str, tuple[str, float]] = {}

    def say(self, topic: str, kind: str, words: str) -> None:
        """Log the trouble, unless one of the same kind was said last: words may differ with every call."""
        said, _ = self._said.get(topic, ("", 0.0))
        self._said[topic] = (kind, self._clock())
        if said != kind:
            self._log.warning("%s failed: %s", topic, words)

    def works(self, topic: str) -> None:
        """Log that the trouble is over, if there was one and it has been quiet since for `QUIET` seconds."""
        if topic in self._said and self._clock() - self._said[topic][1] >= QUIET:
            del self._said[topic]
            self._log.info("%s works again", topic)

    def forget(self, topic: str) -> None:
        """Nobody asks about this topic any more."""
        self._said.pop(topic, None)
