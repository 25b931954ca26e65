"""What has been asked, so that an answer counts once and only if it answers what was asked last.

Law: bookkeeping for one thread, by numbers. What somebody tells unasked (a look, a row) needs none of it: its
own time and version say whether it is news.
"""

import itertools


class PendingRequests:
    """The open pending of every job: one of a kind, by its number.

    >>> pending = PendingRequests()
    >>> first = pending.ask("0b6e", "Find")
    >>> pending.answered("0b6e", first), pending.answered("0b6e", first)
    (True, False)
    >>> old, new = pending.ask("0b6e", "Find"), pending.ask("0b6e", "Find")
    >>> pending.answered("0b6e", old), pending.answered("0b6e", new)
    (False, True)
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[str, dict[str, int]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def ask(self, token: str, kind: str) -> int:
        """A request of this kind is made for a job; an earlier one of the kind needs no answer any more."""
        number = next(self._numbers)
        self._open.setdefault(token, {})[kind] = number
        return number

    def answered(self, token: str, number: int) -> bool:
        """Whether this answers a pending request, which is closed by it."""
        asked = self._open.get(token, {})
        kind = next((kind for kind, open_ in asked.items() if open_ == number), None)
        if kind is None:
            return False
        del asked[kind]
        return True

    def forget(self, token: str) -> None:
        """The job is over: whatever is answered now comes too late."""
        self._open.pop(token, None)
