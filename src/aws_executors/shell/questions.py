"""What has been asked, so that an answer counts once and only if it answers what was asked last.

Law: bookkeeping for one thread, by numbers. What somebody tells unasked (a look, a row) needs none of it: its
own time and version say whether it is news.
"""

import itertools


class Questions:
    """The open questions of every job: one of a kind, by its number.

    >>> questions = Questions()
    >>> first = questions.ask("0b6e", "Find")
    >>> questions.answered("0b6e", first), questions.answered("0b6e", first)
    (True, False)
    >>> old, new = questions.ask("0b6e", "Find"), questions.ask("0b6e", "Find")
    >>> questions.answered("0b6e", old), questions.answered("0b6e", new)
    (False, True)
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[str, dict[str, int]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def ask(self, token: str, kind: str) -> int:
        """A question of this kind is asked for a job; an earlier one of the kind needs no answer any more."""
        number = next(self._numbers)
        self._open.setdefault(token, {})[kind] = number
        return number

    def answered(self, token: str, number: int) -> bool:
        """Whether this answers an open question, which is closed by it."""
        asked = self._open.get(token, {})
        kind = next((kind for kind, open_ in asked.items() if open_ == number), None)
        if kind is None:
            return False
        del asked[kind]
        return True

    def forget(self, token: str) -> None:
        """The job is over: whatever is answered now comes too late."""
        self._open.pop(token, None)
