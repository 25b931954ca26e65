"""Say a lasting trouble once, and once more when it is over.

Law: one line per change, never one per second. Under a rate limit some calls are refused and others are not,
many times a second: so a trouble is over only when nothing went wrong for a while.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle.job import (
    Accepted,
    Event,
    Found,
    Job,
    NotLookedUp,
    NotStored,
    Prepared,
    R,
    Refused,
    Renewed,
    StopAnswered,
)
from aws_executors.shell.airflow import loggers

log = loggers.logger(__name__)

QUIET = 30.0
"""Seconds without trouble after which it is over."""

TOPICS: dict[type, str] = {
    Accepted: "Submit call",
    Refused: "Submit call",
    Found: "Look-up call",
    NotLookedUp: "Look-up call",
    StopAnswered: "Stop call",
    NotStored: "Storing a workload",
    Prepared: "Storing a workload",
    Renewed: "Storing a workload",
}
"""Of which calls each event tells the fate; of the others nothing is to be said here."""


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

    def note(self, topic: str, problem: str) -> None:
        """Log this problem as above; none, if there are no words."""
        if problem:
            self.say(topic, "problem", problem)
        else:
            self.works(topic)

    def hear(self, job: Job[R], event: Event[R]) -> None:
        """Log what this event of a job tells of the calls that are made for all jobs."""
        topic = TOPICS.get(type(event))
        if topic is None:
            return
        match event:
            case Refused(error=AwsError(kind=Kind.THROTTLED)) if not job.failures:
                return  # once is how the account's limit is felt for: no trouble unless it is throttled again
            case (
                Refused(error=AwsError() as error)
                | NotLookedUp(error=error)
                | NotStored(error=error)
                | StopAnswered(error=AwsError() as error)
                | Renewed(error=AwsError() as error)
            ):
                self.say(topic, error.kind, f"{error.code}: {error.message}")
            case Prepared(renew_every=None):
                return  # nothing is stored
            case _:
                self.works(topic)

    def forget(self, topic: str) -> None:
        """Nobody asks about this topic any more."""
        self._said.pop(topic, None)
