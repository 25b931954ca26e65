"""Arrange what tasks used and cost in three short rankings, as one user may see them.

Law: shows only DAGs whose audit log the user may read, because the records are in that log. Sums include only
the tasks of these DAGs, so that they reveal nothing about other tasks.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aws_executors.core.cost.estimate import cost_text, dollars_text
from aws_executors.core.cost.record import memory_text
from aws_executors.core.cost.summary import Grouping, UsageEntry, UsageRow, sum_of, usage_rows

SHOWN = 5
"""How many tasks each ranking shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLine:
    """One task: what its containers cost, used at most, and had; `share` is the fraction of their memory that
    they used, None if their memory is not known."""

    task: str
    containers: int
    cost: str
    memory: str
    share: float | None
    killed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageCard:
    """What the page shows of usage: titles with the tasks below them, and the sum of all."""

    rankings: tuple[tuple[str, tuple[UsageLine, ...]], ...]
    total: str


def usage_card(entries: Iterable[UsageEntry], may_read: Callable[[str], bool]) -> UsageCard | None:
    """The rankings of the tasks that a user may see; None if there are none.

    >>> usage_card((), lambda dag: True) is None
    True
    """
    readable = [one for one in entries if may_read(one.dag)]
    if not readable:
        return None
    rows = usage_rows(readable, Grouping.TASK)
    whole = sum_of(("all",), rows)
    rankings = (
        ("most expensive", [row for row in rows if row.dollars]),
        ("most memory paid for and not used", sorted(filter(_idle, rows), key=_idle, reverse=True)),
        ("killed for memory", sorted(filter(_killed, rows), key=_killed, reverse=True)),
    )
    noun = "container" if whole.containers == 1 else "containers"
    return UsageCard(
        rankings=tuple((title, tuple(map(_line, found[:SHOWN]))) for title, found in rankings if found),
        total=f"{whole.containers} {noun}, {cost_text(whole.dollars)}",
    )


def _line(row: UsageRow) -> UsageLine:
    return UsageLine(
        task=row.title,
        containers=row.containers,
        cost="not priced" if row.dollars is None else dollars_text(row.dollars),
        memory="" if row.memory is None else memory_text(row.memory),
        share=None if row.memory_share is None else min(row.memory_share, 1.0),
        killed=row.killed,
    )


def _idle(row: UsageRow) -> float:
    """What a smaller size would save; 0 for a task that was killed for memory."""
    return 0.0 if row.killed else row.idle


def _killed(row: UsageRow) -> int:
    return row.killed
