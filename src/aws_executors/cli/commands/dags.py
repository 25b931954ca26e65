"""Read a task from its DAG file.

Law: parses DAG files as the DAG processor does and reads no database, because a preview shows the task as the
file defines it now. Airflow is imported on first use.
"""

from argparse import Namespace
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from itertools import dropwhile
from pathlib import Path
from typing import Any

from aws_executors.cli.configuration import CommandError, airflow
from aws_executors.core.redact.outgoing import PART, one_line
from aws_executors.core.validation import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The settings of a task that change its request; a member is empty if the task does not set it."""

    queue: str = ""
    executor: str = ""
    executor_config: object = field(default_factory=dict)


def task_of(options: Namespace) -> Written:
    """The task that the command line names; otherwise raises `CommandError`, which says what there is."""
    folder = options.dags or airflow().get("core", "dags_folder")
    found = parsed(folder)
    dag = found.dags.get(options.dag_id)
    if dag is None:
        broken = "".join(
            f"; {path} cannot be read: {error_in(text)}" for path, text in found.import_errors.items()
        )
        raise CommandError(
            f"{folder} has no DAG {options.dag_id!r}{near(options.dag_id, found.dags)}{broken}"
        )
    if not dag.has_task(options.task_id):
        raise CommandError(
            f"DAG {options.dag_id!r} has no task {options.task_id!r}{near(options.task_id, dag.task_dict)}"
        )
    task = dag.get_task(options.task_id)
    own: dict[str, Any] = getattr(task, "partial_kwargs", {})  # a mapped task keeps its arguments here
    return Written(
        queue=own.get("queue") or getattr(task, "queue", None) or "",
        executor=own.get("executor") or getattr(task, "executor", None) or "",
        executor_config=own.get("executor_config") or getattr(task, "executor_config", None) or {},
    )


def parsed(folder: str) -> Any:
    """All DAGs in a folder, or in one file."""
    if not Path(folder).exists():
        raise CommandError(f"{folder} does not exist; use --dags FOLDER, or --dags FILE for one file")
    root = Path(folder)
    with redirect_stdout(StringIO()):  # hides the output of DAG files, and Airflow's log of reading them
        from aws_executors.shell.airflow.compat import dag_bag

        return dag_bag()(folder, bundle_path=root if root.is_dir() else root.parent)


def near(name: str, names: Any) -> str:
    """Suggest the closest name."""
    return "".join(f"; did you mean {close!r}?" for close in nearest(name, list(names)))


def error_in(trace: str) -> str:
    r"""The end of a traceback, which is the exception and its message, as one line.

    >>> error_in("ConfigError: no x\nneither y")
    'ConfigError: no x neither y'
    >>> error_in('Traceback ...\n  File "etl.py", line 3, in f\n    f()\nValueError: no x\nneither y')
    'ValueError: no x neither y'
    """
    _, frame, last = trace.rpartition('\n  File "')
    told = dropwhile(lambda line: line.startswith("  "), last.splitlines()[bool(frame) :])
    return one_line(" ".join(told), PART)
