"""``usage``: what tasks have used and about what they cost, by DAG, task, queue or task instance.

Law: reads Airflow's database, where the records are, and changes nothing. Exit code 0: there are records. 1:
there are none. 2: the database cannot be read.
"""

import csv
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import StringIO
from itertools import chain
from typing import TypeVar

from aws_executors.cli.configuration import UNUSABLE, airflow
from aws_executors.cli.show import answer, dumped, grid, progress, remark
from aws_executors.core.cost.estimate import cost_text
from aws_executors.core.cost.record import memory_text, seconds_text
from aws_executors.core.cost.summary import Grouping, UsageEntry, UsageRow, sum_of, usage_rows
from aws_executors.core.redact.outgoing import one_line

T = TypeVar("T")

NOTHING = 1
DAY = 86_400
EVERY = 1_000
NAMES: Mapping[Grouping, tuple[str, ...]] = {
    Grouping.DAG: ("dag",),
    Grouping.TASK: ("dag", "task"),
    Grouping.QUEUE: ("queue",),
    Grouping.INSTANCE: ("dag", "instance", "run"),
}
"""The parts of a row's name, for each way of grouping."""
THE_DATABASE = (
    "The command reads the one that the scheduler uses: run it with the same configuration (AIRFLOW_HOME, "
    "[database] sql_alchemy_conn). A new one gets its tables from: airflow db migrate"
)
HEAD = ("containers", "cost", "ran", "CPU", "most memory", "of its own", "killed")


def run(options: Namespace) -> int:
    """Print the sums; returns the exit code."""
    by = Grouping(options.by)
    read = recorded(options, lambda entries: usage_rows(entries, by))
    if read is None:
        return UNUSABLE
    rows, _ = read
    match options.output:
        case "table" if not rows:
            pass  # `recorded` has said why
        case "table":
            answer(usage_table(rows, by, sum_of(("all",), rows)))
        case "csv":
            answer(csv_text([row_values(row, by) for row in rows]))
        case form:
            answer(dumped([row_values(row, by) for row in rows], form))
    return 0 if rows else NOTHING


def recorded(options: Namespace, added_up: Callable[[Iterable[UsageEntry]], T]) -> tuple[T, bool] | None:
    """The result of `added_up` for the records that the command line asks for, which are read one by one, and
    whether there are any; None if they cannot be read. A remark reports missing or unreadable records."""
    airflow()
    from sqlalchemy.exc import SQLAlchemyError

    try:
        entries = _counted(options)
        first = next(entries, None)
        found = added_up(() if first is None else chain((first,), entries))
    except SQLAlchemyError as error:
        remark(f"Airflow's database cannot be read: {one_line(str(error).splitlines()[0])}. {THE_DATABASE}")
        return None
    if first is None:
        remark(
            f"No container was recorded in the last {options.days:g} days. Set usage = True in the section "
            "of the executor; what ends from then on is recorded."
        )
    return found, first is not None


def _counted(options: Namespace) -> Iterator[UsageEntry]:
    from aws_executors.shell.airflow.usage.records import usage_count, usage_entries

    since = max(time.time() - options.days * DAY, 0.0)  # very many days would lead to a date before year 1
    dag, task = options.dag or "", options.task or ""
    say, total = progress(), usage_count(since, dag=dag, task=task)
    for number, entry in enumerate(usage_entries(since, dag=dag, task=task)):
        if number % EVERY == 0:
            say(f"reading records: {number} of {total}")
        yield entry
    say("")


def usage_table(rows: Sequence[UsageRow], by: Grouping, whole: UsageRow) -> str:
    """The rows for users, and a last line with the sum of all."""
    cells = [[*_name(row), *_cells(row)] for row in rows]
    blank = [""] * (len(NAMES[by]) - 1)
    total = ["all", *blank, *_cells(whole)]
    note = "Costs are estimates, by AWS's list prices or those of prices_file."
    if whole.unpriced:
        note += f" {whole.unpriced} containers have no price and are left out."
    return f"{grid((*NAMES[by], *HEAD), [*cells, total])}\n\n{note}"


def row_values(row: UsageRow, by: Grouping) -> dict[str, object]:
    """The row for programs, in seconds, MiB and US dollars."""
    return {
        **dict(zip(NAMES[by], row.name, strict=True)),
        "containers": row.containers,
        "dollars": row.dollars,
        "unpriced": row.unpriced,
        "seconds": row.seconds,
        "cpu_seconds": row.cpu,
        "memory_mib": row.memory,
        "memory_share": row.memory_share,
        "killed_for_memory": row.killed,
    }


def csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows, which all have the same members, as CSV with a header.

    >>> csv_text([{"dag": "etl", "dollars": 0.5}, {"dag": "a,b", "dollars": None}])
    'dag,dollars\\r\\netl,0.5\\r\\n"a,b",'
    """
    text = StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue().rstrip("\r\n")


def _name(row: UsageRow) -> list[str]:
    return [one_line(part, 60) for part in row.name]


def _cells(row: UsageRow) -> list[str]:
    return [
        f"{row.containers}",
        cost_text(row.dollars),
        seconds_text(row.seconds),
        "" if row.cpu is None else seconds_text(row.cpu),
        "" if row.memory is None else memory_text(row.memory),
        "" if row.memory_share is None else f"{row.memory_share:.0%}",
        f"{row.killed}" if row.killed else "",
    ]
