"""Say a lasting trouble once, and once more when it is over.

Law: one line per change, never one per second.
"""

import logging

log = logging.getLogger(__name__)


class Complaints:
    """What was last said about each topic."""

    def __init__(self, logger: logging.Logger = log) -> None:
        self._log = logger
        self._said: dict[str, str] = {}

    def say(self, topic: str, kind: str, words: str) -> None:
        """Log the trouble, unless one of the same kind was said last: words may differ with every call."""
        if self._said.get(topic) != kind:
            self._said[topic] = kind
            self._log.warning("%s: %s", topic, words)

    def over(self, topic: str) -> None:
        """Log that the trouble is over, if there was one."""
        if self._said.pop(topic, None) is not None:
            self._log.info("%s: works again", topic)
