"""The turn of one workload in a warm container.

Law: pure. A turn has an id, by which the engine follows the turn as it follows a container; what is known of
the turn is in the container's cell, so AWS is not asked about it.
"""

from __future__ import annotations

from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.warm.cell import Cell, Word

MARK = "#"
"""The separator of container id and sequence number in a turn's id; no id of AWS contains it."""


def turn_id(container: str, sequence: int) -> str:
    """The id of one workload's turn in a container.

    >>> turn_id("arn:1", 7), is_turn("arn:1#7"), container_of("arn:1#7"), container_of("arn:1")
    ('arn:1#7', True, 'arn:1', 'arn:1')
    """
    return f"{container}{MARK}{sequence}"


def is_turn(container: str) -> bool:
    """Whether this is the id of a turn, not of a container."""
    return MARK in container


def container_of(turn: str) -> str:
    """The id of the container that a turn is in; a container's own id is returned as it is."""
    return turn.partition(MARK)[0]


def seen_in(cell: Cell, token: str, name: str = "", *, turn: str = "", skip: int = 0) -> Observation | None:
    """What a cell says of a job's workload, as an observation of its turn; None if it says nothing.

    `name` is the cell's name, `turn` the id of the job's turn; if that is not known, the cell's present
    sequence number makes it. The first `skip` workloads that the container has run were of earlier turns.

    >>> taken = Cell(container="arn:1").offer("0b6e", "{}").take()
    >>> seen_in(taken, "0b6e").phase, seen_in(taken.end(0), "0b6e").phase
    (<Phase.RUNNING: 'running'>, <Phase.SUCCEEDED: 'succeeded'>)
    >>> seen_in(taken.end(0), "0b6e", skip=1) is None
    True
    """
    turn = turn or turn_id(cell.container, cell.sequence)
    served = cell.last_of(token, skip)
    if served is not None:
        code = served.exit_code
        phase, cause = (Phase.SUCCEEDED, None) if code == 0 else (Phase.FAILED, Cause.EXITED)
        return Observation(
            id=turn, name=name, phase=phase, status="STOPPED", exit_code=code, cause=cause, started=True,
            final=True, used=served.used,
        )  # fmt: skip
    if cell.word is Word.TAKEN and cell.token == token:
        return Observation(id=turn, name=name, phase=Phase.RUNNING, status="RUNNING", started=True)
    return None


def lasted(seconds: float) -> str:
    """The `used` text for a workload of which only the duration in seconds is known.

    >>> lasted(41.234)
    '{"seconds":41.23}'
    """
    return f'{{"seconds":{seconds:.2f}}}'
