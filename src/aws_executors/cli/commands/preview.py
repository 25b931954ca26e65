"""``preview``: print the request that would be sent for a task, and how it differs from the default one.

Law: makes a launch as the executor does, passes the launch to the same builder and the same last step, and
prints the result. Calls neither AWS nor Airflow's database.
"""

import json
import shlex
import sys
from argparse import Namespace
from dataclasses import dataclass, replace
from typing import Any

from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.cli.commands.dags import Written, task_of
from aws_executors.cli.configuration import CLASSES, UNUSABLE, CommandError, airflow, asked, required
from aws_executors.cli.show import Paint, answer, apart, colourful, dumped, remark
from aws_executors.core.redact.values import MASK
from aws_executors.core.requests.compose import CONFIG, BuildFault, built
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.preview import difference, preview
from aws_executors.core.services import SERVICES
from aws_executors.migrate.executors import executors
from aws_executors.shell.airflow.configuration.configured import Configured
from aws_executors.shell.transport import shown_command

REFUSED = 1
SIGNS = {"+": "green", "-": "red", "@": "blue"}
TOKEN = "00000000-0000-4000-8000-000000000000"  # noqa: S105 - where Airflow will put a UUID
WORKLOAD = json.dumps({"token": MASK, "ti": "...", "type": "ExecuteTask"})
"""A placeholder for the workload, which Airflow writes at queueing, 1.5 to 3 kB with its token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """A task's request, and the default request of its section."""

    section: str
    builder: str
    request: object
    default: object


def run(options: Namespace) -> int:
    """Print the request; 1 if the builder rejects the task, 2 if there is no such task or the settings are
    wrong."""
    try:
        with apart():
            found = previewed(options)
    except CommandError as unusable:
        remark(str(unusable))
        return UNUSABLE
    match found:
        case BuildFault() as fault:
            who = "No request is made" if str(fault).startswith(CONFIG) else "The request builder fails"
            remark(f"{who}, so the task would fail at once: {fault}")
            return REFUSED
        case Previewed() as shown:
            answer(preview_text(shown, options))
            return 0


def previewed(options: Namespace) -> "Previewed | BuildFault":
    """The request for the task or the command on the command line."""
    no_task = options.dag_id is None and options.task_command is not None
    if not (no_task or (options.dag_id and options.task_id)):
        raise CommandError("No task was named: give DAG_ID TASK_ID, or --command 'airflow version'")
    written = Written() if no_task else task_of(options)
    section = section_of(written, options)
    own, service = required(section, options.team), SERVICES[section]
    launch = launched(own, written, options)
    plain = replace(launch, queue=default_queue(), executor_config={})
    request: Result[object, BuildFault] = built(own.build, launch, service.request, service.seal)
    default: Result[object, BuildFault] = built(service.build, plain, service.request, service.seal)
    return unwrap_or_failure(  # the default request cannot fail, as the settings have been checked
        request.map(
            lambda one: Previewed(
                section=section, builder=own.builder_name, request=one, default=default.unwrap()
            )
        )
    )


def section_of(written: Written, options: Namespace) -> str:
    """The section of the executor that would run the task: named on the command line, the task's own, or the
    first one configured."""
    if options.section:
        return str(options.section)
    configured = asked(options).sections
    if not written.executor:
        return configured[0]
    own = CLASSES.get(class_of(written.executor, options.team).rpartition(".")[2])
    if own is None:
        raise CommandError(
            f"The task's executor {written.executor!r} is not one of this package; use --section "
            f"{configured[0]}"
        )
    return own


def class_of(executor: str, team: str | None) -> str:
    """The class that a task's ``executor`` means, which may be an alias from [core] executor."""
    every = executors(airflow().get("core", "executor"))
    return next((one.path for one in every if one.alias == executor and one.team in ("", team)), executor)


def launched(own: Configured[Any, Any], written: Written, options: Namespace) -> Launch[Any]:
    """The launch, as the executor would make it."""
    task = Task(
        dag_id=options.dag_id or "preview",
        task_id=options.task_id or "preview",
        run_id=options.run_id,
        try_number=options.try_number,
        map_index=options.map_index,
    )
    usual = shown_command(own.settings, f"{TOKEN}-{options.attempt}", WORKLOAD)
    command = usual if options.task_command is None else words_of(options.task_command)
    return Launch(
        task=task,
        command=command,
        queue=options.queue or written.queue or default_queue(),
        executor_config=written.executor_config
        if options.executor_config is None
        else options.executor_config,
        settings=own.settings,
        token=TOKEN,
        attempt=options.attempt,
    )


def words_of(command: str) -> tuple[str, ...]:
    """The words of a command line; raises `CommandError`.

    >>> words_of("airflow 'tasks list'")
    ('airflow', 'tasks list')
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError as problem:
        raise CommandError(f"--command cannot be split into words: {problem}") from None
    if not words:
        raise CommandError("--command has no words; write one, as in --command 'airflow version'")
    return words


def default_queue() -> str:
    """The default queue, for tasks that name none."""
    return airflow().get("operators", "default_queue")


def preview_text(shown: Previewed, options: Namespace) -> str:
    """The result in the requested format."""
    request = preview(shown.request)
    changes = difference(shown.default, shown.request, ("the default request", "this request"))
    if options.output != "table":
        value = {
            "section": shown.section,
            "builder": shown.builder,
            "request": json.loads(request),
            "default": json.loads(preview(shown.default)),
            "difference": changes.splitlines(),
        }
        return dumped(value, options.output)
    paint = Paint(colourful(sys.stdout))
    lines = [paint(line, SIGNS.get(line[:1], "")) for line in changes.splitlines()]
    return "\n".join(
        [
            request,
            "",
            paint(f"[{shown.section}] by {shown.builder}", "bold"),
            *(lines or ["This is the default request."]),
        ]
    )
