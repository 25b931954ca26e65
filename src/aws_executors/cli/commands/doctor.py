"""``doctor``: print what is wrong with a set-up, each finding with the line to change.

Law: gathers evidence (`doctor/probe.py`), has it checked (`doctor/checks/`), and prints. Changes nothing;
only ``--launch`` starts a container, and stops it. Exit code 0: no errors. 1: errors. 2: no section to check
was found.
"""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from returns.methods import unwrap_or_failure

from aws_executors.cli.configuration import UNUSABLE, airflow, executor_sections, none_of_ours
from aws_executors.cli.show import Paint, answer, apart, colourful, dumped, progress, remark, wrapped
from aws_executors.core.requests.compose import BuildFault, built
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.services import SERVICES
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import SettingsFaults
from aws_executors.core.warm.step import may_be_warm
from aws_executors.doctor.checks.findings import (
    Airflow,
    Finding,
    Severity,
    error,
    of_airflow,
    of_settings,
    worst_first,
)
from aws_executors.doctor.checks.warm import of_package, of_revision
from aws_executors.doctor.examination import examine
from aws_executors.doctor.probe import Probe, airflow_side
from aws_executors.doctor.trial import trial, trial_command
from aws_executors.doctor.warm_probe import cells_seen
from aws_executors.shell.airflow.configuration.configured import configure
from aws_executors.shell.airflow.configuration.connection import from_airflow
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.services import BACKENDS

FOUND_ERRORS = 1
TASK = Task(dag_id="doctor", task_id="doctor")
COLOURS: Mapping[Severity, str] = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.ADVICE: "blue",
    Severity.UNKNOWN: "dim",
}


def run(options: Namespace) -> int:
    """Print the findings; returns the exit code."""
    conf = airflow()
    named = conf.get("core", "executor")
    ours = executor_sections(named, options.team)
    sections = (options.section,) if options.section else ours
    if not sections:
        remark(none_of_ours(named, options.team))
        return UNUSABLE
    say = progress()
    found: list[Finding] = []
    for section in sections:
        say(f"reading [{section}]")
        side = airflow_side(conf, named, section in ours, SERVICES[section].settings.service)
        with apart():
            found += [*of_airflow(side), *of_section(section, side, options, say)]
    say("")
    findings = worst_first(found)
    answer(
        report_text(findings, sections)
        if options.output == "table"
        else dumped(report_json(findings), options.output)
    )
    return FOUND_ERRORS if any(one.severity is Severity.ERROR for one in findings) else 0


def of_section(
    section: str, side: Airflow, options: Namespace, say: Callable[[str], None]
) -> Iterator[Finding]:
    """What is wrong with one section and with the resources that it names."""
    backend = BACKENDS[section]
    service = backend.spec
    match unwrap_or_failure(configure(service, airflow(), options.team)):
        case SettingsFaults() as faults:
            yield from of_settings(faults)
            return
        case configured:
            settings: Settings = configured.settings
    warm = may_be_warm(configured.build, settings)
    command = trial_command(settings, warm=warm)
    launch = Launch(task=TASK, command=command, settings=settings, token=trial_token())
    match unwrap_or_failure(built(configured.build, launch, service.request, service.seal)):
        case BuildFault() as fault:
            option = "request_builder" if settings.request_builder else settings.kwargs_option
            yield error(
                "builder",
                f"The request builder fails for an ordinary task: {fault}",
                "Every such task fails before a container is started.",
                f"[{section}] {option}: fix what the message names",
            )
            return
        case request:
            read = partial(from_airflow, team=options.team)
            probe, clients = Probe(settings, read_connection=read), Clients(settings, read=read)
            cells = partial(cells_seen, settings, options.team, clients, probe) if warm else None
            yield from examine(settings, request, side, probe, say, cells)
            if warm:
                members = settings.members.items()
                option, member = next(one for one in members if one[0].endswith("_definition"))
                yield from of_revision(str(to_kwargs(request)[member]), f"[{section}] {option}")
                yield from of_package(options.launch)
            if options.launch:
                say("starting a container; on Fargate this takes a minute or two")
                yield from trial(backend.calls(clients, settings), request, options.launch_timeout, say)


def trial_token() -> str:
    """A token for the trial container of this run."""
    import uuid

    return str(uuid.uuid4())


def report_json(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """The findings for programs."""
    return [
        {
            "check": one.check,
            "severity": str(one.severity),
            "what": one.what,
            "why": one.why,
            "change": one.change,
        }
        for one in findings
    ]


def report_text(findings: Sequence[Finding], sections: Sequence[str]) -> str:
    """The findings for users, and a last line with their number."""
    paint = Paint(colourful(sys.stdout))
    parts = [_told(one, paint) for one in findings]
    counts = {kind: sum(one.severity is kind for one in findings) for kind in Severity}
    words = ", ".join(_counted(number, kind) for kind, number in counts.items() if number)
    last = paint(f"[{'], ['.join(sections)}]: {words or 'no problems found'}", "bold")
    return "\n\n".join([*parts, last])


def _counted(number: int, kind: Severity) -> str:
    several = number > 1 and kind in (Severity.ERROR, Severity.WARNING)
    return f"{number} {kind}{'s' if several else ''}"


def _told(finding: Finding, paint: Paint) -> str:
    return "\n".join(
        [
            paint(f"{finding.severity} {finding.check}", COLOURS[finding.severity]),
            wrapped("", finding.what, "  "),
            wrapped("why:    ", finding.why, "  "),
            wrapped("change: ", finding.change, "  "),
        ]
    )
