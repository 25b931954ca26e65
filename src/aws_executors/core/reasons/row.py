"""One reason: what AWS says, what has happened then, and what a person can do about it.

Law: the shape of a row and how it is recognised. A phrase is AWS's own wording; ``...`` in it stands for
whatever comes between, and the case of letters does not count.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aws_executors.core.state import Cause, Observation

ANYTHING = "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A row of a table.

    It speaks for a container of which AWS says one of the phrases in `says`, or gives `stop_code`, or that
    ended with `exit_code`; with `cause`, only for one that failed for this cause. `what` is a sentence
    without its full stop, `remedy` one or two with it, `source` the page where AWS (or who else made the
    words) explains it.
    """

    name: str
    says: tuple[str, ...] = ()
    stop_code: str = ""
    exit_code: int | None = None
    cause: Cause | None = None
    what: str
    remedy: str
    source: str


def speaks_for(row: Reason, seen: Observation) -> bool:
    """Whether this row is about what was seen; see `Reason`.

    >>> from aws_executors.core.state import Phase
    >>> row = Reason(name="gone", says=("image...not found",), what="", remedy="", source="")
    >>> speaks_for(row, Observation(id="1", phase=Phase.FAILED, reason="Image airflow:9 not found"))
    True
    """
    if row.cause not in (None, seen.cause):
        return False
    return (
        any(is_said(phrase, seen.reason) for phrase in row.says)
        or (seen.stop_code != "" and row.stop_code == seen.stop_code)
        or (seen.exit_code is not None and row.exit_code == seen.exit_code)
    )


def is_said(phrase: str, text: str) -> bool:
    """Whether the parts of a phrase stand in this text, in their order.

    >>> is_said("CannotPull...timeout", "CannotPullContainerError: i/o timeout")
    True
    """
    lowered, at = text.lower(), 0
    for part in phrase.lower().split(ANYTHING):
        found = lowered.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def first(rows: Iterable[Reason], seen: Observation) -> Reason | None:
    """The first row that speaks for what was seen; None where none does."""
    return next((row for row in rows if speaks_for(row, seen)), None)
