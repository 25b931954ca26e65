"""The turn of one workload in a warm container.

Law: pure. A turn has an id, by which the engine follows it as it follows a container; what is known of it
stands in the container's cell, so that AWS is not asked about it.
"""

from __future__ import annotations

from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.warm.cell import Cell, Word

MARK = "#"
"""Between a container's id and the sequence number of the offer; in no id that AWS gives."""


def turn_id(container: str, sequence: int) -> str:
    """The id of one workload's turn in a container.

    >>> turn_id("arn:1", 7), is_turn("arn:1#7"), container_of("arn:1#7"), container_of("arn:1")
    ('arn:1#7', True, 'arn:1', 'arn:1')
    """
    return f"{container}{MARK}{sequence}"


def is_turn(container: str) -> bool:
    """Whether this is a turn in a container, and no container."""
    return MARK in container


def container_of(turn: str) -> str:
    """The container of a turn; of a container, itself."""
    return turn.partition(MARK)[0]


def seen_in(cell: Cell, token: str, name: str = "", *, turn: str = "", skip: int = 0) -> Observation | None:
    """What a cell says of the workload of a job, as an observation of its turn; None if it says nothing.

    `name` is the cell's, `turn` the job's turn if it is known; otherwise the last offer is taken for it. The
    first `skip` workloads that the container has run were of earlier turns.

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
    """What a cell would say of a workload of which nothing is known but how long it has run.

    >>> lasted(41.234)
    '{"seconds":41.23}'
    """
    return f'{{"seconds":{seconds:.2f}}}'
