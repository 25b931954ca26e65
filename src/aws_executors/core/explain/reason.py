"""One reason: what AWS says, what has happened then, and what a person can do about it.

Law: the shape of a row and how it is recognised. A phrase is AWS's own wording; ``...`` in it stands for
whatever comes between, and the case of letters does not count. AWS cuts long texts off, so the end of a
phrase may be missing at the end of a text. Texts are cut here, too, and looked at part by part: no hostile
one takes longer than its length.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aws_executors.core.lifecycle.observation import Cause, Observation, Sign

ANYTHING = "..."

LENGTH = 4096
"""Characters of a text that are looked at; AWS's own have 1,024 at most."""

CUT = ("...", "\u2026")
"""How a text ends that AWS has cut off; where it says nothing, by these lengths."""
LENGTHS = frozenset({255, 256, 1023, 1024})

ENOUGH = 8
"""Characters of a phrase's last part that must be left of it, and no less than half of them."""

OUTSIDE = frozenset(
    {
        Cause.STOPPED,
        Cause.INVALID,
        Cause.WITHDRAWN,
        Cause.RECLAIMED,
        Cause.INSTANCE_ENDED,
        Cause.HOST_LOST,
        Cause.TIMED_OUT,
    }
)
"""Causes of which it is known who ended the container: only the rows of that cause explain it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A row of a table.

    It speaks for a container of which AWS says one of the phrases in `says`, or gives `stop_code`, or that
    ended with `exit_code`, or whose end has this `sign`; with `cause`, only for one that failed for this
    cause (or by its words alone, where the cause is one of `OUTSIDE` and nobody knows of another). `what` is
    a sentence without its full stop, `remedy` one or two with it, `source` the page where AWS (or who else
    made the words) explains it.
    """

    name: str
    says: tuple[str, ...] = ()
    stop_code: str = ""
    exit_code: int | None = None
    sign: Sign | None = None
    cause: Cause | None = None
    what: str
    remedy: str
    source: str


def speaks_for(row: Reason, seen: Observation) -> bool:
    """Whether this row is about what was seen; see `Reason`.

    >>> from aws_executors.core.lifecycle.observation import Phase
    >>> row = Reason(name="gone", says=("image...not found",), what="", remedy="", source="")
    >>> speaks_for(row, Observation(id="1", phase=Phase.FAILED, reason="Image airflow:9 not found"))
    True
    """
    if not _about(row.cause, seen.cause):
        return False
    return (
        any(is_said(phrase, seen.reason) for phrase in row.says)
        or (seen.stop_code != "" and row.stop_code == seen.stop_code)
        or (seen.exit_code is not None and row.exit_code == seen.exit_code)
        or (seen.sign is not None and row.sign is seen.sign)
    )


def is_said(phrase: str, text: str) -> bool:
    """Whether the parts of a phrase stand in this text, in their order.

    >>> is_said("CannotPull...timeout", "CannotPullContainerError: i/o timeout")
    True
    >>> is_said("auth...context deadline exceeded", "unable to retrieve auth: context deadli...")
    True
    """
    lowered, at = text[:LENGTH].lower(), 0
    *parts, last = phrase.lower().split(ANYTHING)
    for part in parts:
        found = lowered.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return lowered.find(last, at) >= 0 or _cut_off(last, lowered, at)


def behind(names: Iterable[str], words: Iterable[str]) -> tuple[str, ...]:
    """Phrases of words that mean this only behind one of these names.

    >>> behind(["CannotPull"], ["not found", "EOF"])
    ('CannotPull...not found', 'CannotPull...EOF')
    """
    said = tuple(words)
    return tuple(f"{name}{ANYTHING}{part}" for name in names for part in said)


def first(rows: Iterable[Reason], seen: Observation) -> Reason | None:
    """The first row that speaks for what was seen; None where none does."""
    return next((row for row in rows if speaks_for(row, seen)), None)


def _about(of_row: Cause | None, seen: Cause | None) -> bool:
    if seen in OUTSIDE:
        return of_row is seen
    return of_row in (None, seen) or of_row in OUTSIDE


def _cut_off(part: str, text: str, at: int) -> bool:
    """Whether a text was cut off within this part of a phrase."""
    mark = next((mark for mark in CUT if text.endswith(mark)), "")
    if not mark and len(text) not in LENGTHS:
        return False
    end = text.removesuffix(mark)
    least = max(ENOUGH, (len(part) + 1) // 2)
    return any(end.endswith(part[:left], at) for left in range(least, len(part)))
