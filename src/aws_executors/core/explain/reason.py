"""One reason: AWS's words, what happened, and what to do; and how a reason is matched.

Law: a phrase is AWS's own wording. ``...`` in it matches any text, and case is ignored, as is the kind of
apostrophe. AWS truncates long texts, so a phrase also matches if a truncated text ends within it. Texts are
cut to `LENGTH` and searched once per part, so that no hostile text takes long to match.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aws_executors.core.lifecycle.observation import Cause, Observation, Sign

ANYTHING = "..."

LENGTH = 4096
"""How many characters of a text are searched; AWS's own texts have at most 1,024."""

CUT = ("...", "\u2026")
"""How a text ends that AWS has truncated. Truncation without a mark is recognised by these lengths."""
LENGTHS = frozenset({255, 256, 1023, 1024})

ENOUGH = 8
"""How many characters of a phrase's last part must at least remain; `_least` may ask for more."""

_COMMON = re.compile(
    r"(?:(?:an?|cannot|can't|connection|could|does|error|failed|for|in|invalid|is|no|not|setting|such|the|to"
    r"|unable|unexpected|unknown|while):?\s)*"
)

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
"""Causes that say who ended the container: its end is explained only by rows of the same cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A row of a table.

    A row matches a container if AWS says one of the phrases in `says` about it, or if it has this
    `stop_code`, `exit_code` or `sign`. A row with a `cause` matches only containers that failed for this
    cause. (If the cause is one of `OUTSIDE`, it also matches by its words alone, unless the container has
    another cause of `OUTSIDE`.) `what` is a sentence without its full stop, `remedy` one or two with it,
    `source` the page that explains it.
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
    """Whether this row matches what was observed; see `Reason`.

    >>> from aws_executors.core.lifecycle.observation import Phase
    >>> row = Reason(name="gone", says=("image...not found",), what="", remedy="", source="")
    >>> speaks_for(row, Observation(id="1", phase=Phase.FAILED, reason="Image airflow:9 not found"))
    True
    """
    if not _about(row.cause, seen.cause):
        return False
    return (
        (seen.reason != "" and any(is_said(phrase, seen.reason) for phrase in row.says))
        or (seen.stop_code != "" and row.stop_code == seen.stop_code)
        or (seen.exit_code is not None and row.exit_code == seen.exit_code)
        or (seen.sign is not None and row.sign is seen.sign)
    )


def is_said(phrase: str, text: str) -> bool:
    """Whether the parts of a phrase occur in this text, in order.

    >>> is_said("CannotPull...timeout", "CannotPullContainerError: i/o timeout")
    True
    >>> is_said("auth...context deadline exceeded", "unable to retrieve auth: context deadli...")
    True
    """
    lowered, at = text[:LENGTH].lower().replace("\u2019", "'"), 0
    *parts, last = phrase.lower().split(ANYTHING)
    for part in parts:
        found = lowered.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return lowered.find(last, at) >= 0 or _cut_off(last, lowered, at, alone=not parts)


def behind(names: Iterable[str], words: Iterable[str]) -> tuple[str, ...]:
    """Phrases that match these words only after one of these names.

    >>> behind(["CannotPull"], ["not found", "EOF"])
    ('CannotPull...not found', 'CannotPull...EOF')
    """
    said = tuple(words)
    return tuple(f"{name}{ANYTHING}{part}" for name in names for part in said)


def first(rows: Iterable[Reason], seen: Observation) -> Reason | None:
    """The first row that matches what was observed, or None."""
    return next((row for row in rows if speaks_for(row, seen)), None)


def _about(of_row: Cause | None, seen: Cause | None) -> bool:
    if seen in OUTSIDE:
        return of_row is seen
    return of_row in (None, seen) or of_row in OUTSIDE


def _cut_off(part: str, text: str, at: int, *, alone: bool) -> bool:
    """Whether the text was truncated within this part of a phrase."""
    mark = next((mark for mark in CUT if text.endswith(mark)), "")
    if not mark and len(text) not in LENGTHS:
        return False
    end = text.removesuffix(mark)
    return any(end.endswith(part[:left], at) for left in range(_least(part, alone=alone), len(part)))


def _least(part: str, *, alone: bool) -> int:
    """How many characters must remain of the part within which a text was truncated.

    Half of what follows the words with which many parts begin ("failed to", "no such"); if the phrase has no
    part before this one, also four fifths of the whole part, and half of its last word.
    """
    begin = len(part) - len(_COMMON.sub("", part, count=1))
    half = begin + (len(part) - begin + 1) // 2
    if not alone:
        return max(ENOUGH, half)
    last = part.rstrip().rfind(" ") + 1
    return max(ENOUGH, half, (len(part) * 4 + 4) // 5, last + (len(part) - last + 1) // 2)
