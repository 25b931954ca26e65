"""What is on record when all is over: Airflow's rows, and the lines that user code wrote.

Law: reads, and reads only; nothing here is an opinion. The rows come from the database itself and not from
Airflow, whose word is what is to be proved.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, inspect, text

ENDED = frozenset({"success", "failed"})


@dataclass(frozen=True, slots=True)
class Try:
    """One try of one task instance, as it stands or stood in Airflow's tables."""

    task: str
    number: int
    state: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the journal: a word (begins, ends, meets, calls) of one try, in a process."""

    word: str
    task: str
    number: int
    pid: int
    at: float


@dataclass(frozen=True, slots=True)
class Told:
    """One row of a task's event log: what a person sees in the UI."""

    task: str
    event: str
    text: str


def label(task_id: str, map_index: int) -> str:
    """`task` or `task[index]`.

    >>> label("mapped", 1), label("plain", -1)
    ('mapped[1]', 'plain')
    """
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


def run_state(database: Engine, dag_id: str) -> str | None:
    """The state of the DAG's only run."""
    with database.connect() as connection:
        state: str | None = connection.scalar(
            text("SELECT state FROM dag_run WHERE dag_id = :dag"), {"dag": dag_id}
        )
    return state


def queued(database: Engine) -> frozenset[str]:
    """A name for each queueing that nobody has started yet."""
    query = text("SELECT id, external_executor_id FROM task_instance WHERE state = 'queued'")
    with database.connect() as connection:
        return frozenset(f"{ti} {token}" for ti, token in connection.execute(query))


def tries(database: Engine, dag_id: str, *, last: bool) -> tuple[Try, ...]:
    """The last tries of a DAG's tasks, or those before. Airflow 3.4 has all in one table."""
    columns = {column["name"] for column in inspect(database).get_columns("task_instance")}
    table, index, which = ("task_instance" if last else "task_instance_history"), "map_index", ""
    if "working_set" in columns:
        table, index = "task_instance", "region_index"
        which = f" AND working_set IS {'NOT ' if last else ''}NULL"
    query = text(f"SELECT task_id, {index}, try_number, state FROM {table} WHERE dag_id = :dag{which}")
    with database.connect() as connection:
        rows = connection.execute(query, {"dag": dag_id})
        return tuple(Try(label(task, index), number, state) for task, index, number, state in rows)


def told(database: Engine, dag_id: str) -> tuple[Told, ...]:
    """The event log of a DAG's tasks, the oldest line first."""
    query = text(
        "SELECT task_id, map_index, event, extra FROM log "
        "WHERE dag_id = :dag AND task_id IS NOT NULL ORDER BY id"
    )
    with database.connect() as connection:
        rows = connection.execute(query, {"dag": dag_id}).all()
    return tuple(
        Told(label(task, -1 if i is None else i), event, extra or "") for task, i, event, extra in rows
    )


def journal(file: Path) -> tuple[Line, ...]:
    """The lines that user code wrote, in their order; none if it never ran."""
    lines = file.read_text().splitlines() if file.exists() else []
    return tuple(line(words) for words in lines)


def line(written: str) -> Line:
    """One line.

    >>> line("begins mapped 1 2 4711 1795358080.286").task
    'mapped[1]'
    """
    word, task, index, number, pid, at = written.split()
    return Line(word, label(task, int(index)), int(number), int(pid), float(at))
