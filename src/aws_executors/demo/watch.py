"""Display a DAG run: one row per container, with its state in Airflow and in AWS.

Law: a pure function makes the rows; they are shown as a live table on a terminal, and as one line per change
elsewhere.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from aws_executors.demo.api import TaskInstance
from aws_executors.demo.containers import Container

STYLES = {
    "STOPPED": "green",
    "SUCCEEDED": "green",
    "success": "green",
    "RUNNING": "cyan",
    "running": "cyan",
    "FAILED": "red",
    "failed": "red",
    "up_for_retry": "yellow",
    "deferred": "magenta",
}
HEADINGS = ("task", "try", "executor", "container", "AWS says", "seconds", "Airflow says")


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow:
    """One container, or a task instance that has no container yet."""

    task: str
    attempt: int
    executor: str
    container: str
    status: str
    seconds: float | None
    state: str

    def cells(self) -> tuple[str, ...]:
        """The texts of the columns."""
        seconds = "" if self.seconds is None else f"{self.seconds:.1f}"
        return (
            self.task,
            str(self.attempt),
            self.executor,
            self.container[:13],
            self.status,
            seconds,
            self.state,
        )

    @property
    def news(self) -> tuple[str, str]:
        """The part of a row whose change is worth a new line."""
        return self.status, self.state


@dataclass(frozen=True, slots=True)
class Sample:
    """The state in Airflow and in AWS at one time, in epoch seconds."""

    now: float
    instances: tuple[TaskInstance, ...]
    containers: tuple[Container, ...]


def rows(moment: Sample) -> tuple[SampleRow, ...]:
    """A row per container, the oldest first, then the task instances without one.

    A task instance has one state, however many containers it has, so Airflow's state is shown only beside its
    newest container.
    """
    instances = {ti.label: ti for ti in moment.instances}
    newest = {container.task.label: container.id for container in moment.containers}
    started = [
        container_row(container, instances.get(container.task.label), moment.now, newest)
        for container in moment.containers
    ]
    waiting = [waiting_row(ti) for ti in moment.instances if ti.label not in newest]
    return (*started, *waiting)


def container_row(
    container: Container, instance: TaskInstance | None, now: float, newest: dict[str, str]
) -> SampleRow:
    """The row of one container."""
    speaks = instance is not None and newest[container.task.label] == container.id
    return SampleRow(
        task=container.task.label,
        attempt=container.task.try_number,
        executor=container.service,
        container=container.id,
        status=container.status,
        seconds=container.seconds(now),
        state=(instance.state or "waiting") if instance is not None and speaks else "",
    )


def waiting_row(instance: TaskInstance) -> SampleRow:
    """The row of a task instance for which no container has been started."""
    return SampleRow(
        task=instance.label,
        attempt=max(1, instance.try_number),
        executor="",
        container="",
        status="",
        seconds=None,
        state=instance.state or "waiting",
    )


class Screen(Protocol):
    """Shows samples to the user."""

    def show(self, moment: Sample) -> None: ...


@dataclass(slots=True)
class Lines:
    """For logs and pipes: prints a line for every change."""

    console: Console
    began: float
    seen: dict[tuple[str, int, str], tuple[str, str]] = field(default_factory=dict)

    def show(self, moment: Sample) -> None:
        for row in rows(moment):
            key = (row.task, row.attempt, row.container)
            if self.seen.get(key) != row.news:
                self.seen[key] = row.news
                self.console.out(f"{moment.now - self.began:5.1f} s  {line(row)}", highlight=False)


def line(row: SampleRow) -> str:
    """A row as one line of text.

    >>> line(SampleRow(task="a", attempt=1, executor="ECS", container="781ebacb409d7", status="RUNNING",
    ...                seconds=2, state="queued"))
    'a            try 1  ECS    781ebacb409d7  RUNNING       queued'
    """
    task, attempt, executor, container, status, _, state = row.cells()
    return f"{task:12} try {attempt}  {executor:5}  {container:13}  {status:12}  {state}".rstrip()


@dataclass(slots=True)
class LiveTable:
    """For terminals: one table that is updated in place."""

    live: Live
    began: float
    title: str

    def show(self, moment: Sample) -> None:
        self.live.update(table(rows(moment), f"{self.title}   {moment.now - self.began:.0f} s"), refresh=True)


def table(shown: Iterable[SampleRow], title: str) -> Table:
    """The rows as a table of rich."""
    result = Table(*HEADINGS, title=title, title_justify="left", box=None, pad_edge=False)
    for row in shown:
        result.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row.cells()))
    return result


@contextmanager
def screen(console: Console, began: float, title: str) -> Iterator[Screen]:
    """The display that suits the output."""
    if not console.is_terminal:
        yield Lines(console, began)
        return
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        yield LiveTable(live, began, title)
