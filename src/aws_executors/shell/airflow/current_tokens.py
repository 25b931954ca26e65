"""Track which job is the current one for each of Airflow's keys.

Law: a key (dag, task, run, try, map index) is reused for every segment of a deferred or rescheduled task; a
token is never reused. The job that was handed over last is the key's current one. Reports of older jobs are
ignored, which silences the old container of a deferred task without a fence.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class CurrentTokens(Generic[K]):
    """The current token of every key that occupies a slot.

    >>> tokens = CurrentTokens[str]()
    >>> tokens.enter("task", "first"), tokens.enter("task", "second")
    (None, 'first')
    >>> tokens.is_current("first", "task"), tokens.is_current("second", "task")
    (False, True)
    >>> tokens.strike("task")
    'second'
    >>> tokens.strike("task") is None
    True
    """

    def __init__(self) -> None:
        self._tokens: dict[K, str] = {}

    def __len__(self) -> int:
        return len(self._tokens)

    def enter(self, key: K, token: str) -> str | None:
        """Make this token the key's current one; returns the token that it replaces, if any."""
        before = self._tokens.get(key)
        self._tokens[key] = token
        return None if before == token else before

    def token(self, key: K) -> str | None:
        """The current token of the key."""
        return self._tokens.get(key)

    def is_current(self, token: str, key: K) -> bool:
        """Whether this token is the key's current one."""
        return self._tokens.get(key) == token

    def strike(self, key: K) -> str | None:
        """Remove the key; returns the token that was its current one."""
        return self._tokens.pop(key, None)
