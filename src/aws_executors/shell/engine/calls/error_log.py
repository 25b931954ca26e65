"""Logs a lasting failure once, and once more when it is over.

Law: one line per change, never one per second. Under a rate limit some calls are refused and others are
not, many times a second: so a failure is over only after nothing has gone wrong for a while.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from returns.pipeline import is_successful
from returns.result import Result

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.lifecycle import events
from aws_executors.core.lifecycle.job import Job, R
from aws_executors.shell.airflow import loggers

log = loggers.logger(__name__)

QUIET = 30.0
"""Seconds without trouble after which the trouble counts as over."""

SUBMIT, LOOK_UP, STOP = "Submit call", "Look-up call", "Stop call"
STORE, RENEW = "Storing a workload", "Renewing a workload's token"
TOPICS: dict[type, str] = {
    events.Accepted: SUBMIT,
    events.Refused: SUBMIT,
    events.Found: LOOK_UP,
    events.NotLookedUp: LOOK_UP,
    events.StopAnswered: STOP,
    events.NotStored: STORE,
    events.Prepared: STORE,
    events.Renewed: RENEW,
}
"""The call that each event answers, as the log names it; other events are not logged here."""


class ErrorLog:
    """What was last logged about each topic, and when the topic last went wrong."""

    def __init__(self, clock: Callable[[], float], logger: logging.Logger = log) -> None:
        self._clock = clock
        self._log = logger
        self._said: dict[str, tuple[str, float]] = {}

    def say(self, topic: str, kind: str, words: str) -> None:
        """Log a failure, unless the topic's last one was of the same kind: its words may differ each time."""
        said, _ = self._said.get(topic, ("", 0.0))
        self._said[topic] = (kind, self._clock())
        if said != kind:
            self._log.warning("%s failed: %s", topic, words)

    def works(self, topic: str) -> None:
        """Log that a topic works again, if it had failed and its last failure is `QUIET` seconds ago."""
        said = self._said.get(topic)
        if said is not None and self._clock() - said[1] >= QUIET:
            self._said.pop(topic, None)  # several threads may note it
            self._log.info("%s works again", topic)

    def note(self, topic: str, result: Result[object, str]) -> None:
        """Log how a call went: by `works`, or by `say`."""
        if is_successful(result):
            self.works(topic)
        else:
            self.say(topic, "problem", result.failure())

    def note_event(self, job: Job[R], event: events.Event[R]) -> None:
        """Log the outcome of the call that this event of a job answers."""
        topic = TOPICS.get(type(event))
        if topic is None or (isinstance(event, events.Prepared) and event.renew_every is None):
            return  # no call, or nothing is stored
        error: AwsError | None = getattr(event, "error", None)
        if error is None:
            if topic in self._said:
                self.works(topic)
        elif topic is not SUBMIT or error.kind is not Kind.THROTTLED or job.failures:
            # A job's first throttle only shows where the account's limit is; a repeated one is a failure.
            self.say(topic, error.kind, error.with_remedy)

    def forget(self, topic: str) -> None:
        """Drop a topic about which nothing more will be said."""
        self._said.pop(topic, None)
