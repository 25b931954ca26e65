"""``verify``: run the whole life of containers on AWS, and print what was proved, measured and paid.

Law: asks before it spends money, stays within its bounds, and leaves nothing behind, even after Ctrl-C. Exit
code 0: every check holds. 1: a check has failed. 2: nothing was started. 130: interrupted.
"""

import logging
import sys
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from returns.methods import unwrap_or_failure

from aws_executors.cli.configuration import UNUSABLE, CommandError, airflow, asked, required
from aws_executors.cli.show import answer, dumped, progress, remark
from aws_executors.shell.airflow.configuration.connection import from_airflow
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.services import BACKENDS
from aws_executors.verify.bill import expected_cost
from aws_executors.verify.extra_calls import defined_size
from aws_executors.verify.plan import MOST_SECONDS, VerifySetup
from aws_executors.verify.proof.model import Findings
from aws_executors.verify.proof.programs import RUN
from aws_executors.verify.report import findings_json, findings_markdown, print_table
from aws_executors.verify.run import interruptions, verified

FAILED, INTERRUPTED = 1, 130
FORMS = (".md", ".json")


def run(options: Namespace) -> int:
    """Ask, run, and print the report; returns the exit code."""
    try:
        files = _files(options.report or ())
        setup = _setup(options)
        wanted = _question(setup)
        agreed = options.yes or _agreed(wanted)
    except CommandError as unusable:
        remark(str(unusable))
        return UNUSABLE
    if not agreed:
        remark("Nothing was started.")
        return UNUSABLE
    # The report shows more clearly what the engine would log, and verify causes some errors on purpose.
    logging.getLogger("aws_executors").setLevel(logging.ERROR)
    with interruptions() as interruption:
        findings = verified(setup, progress(), interruption, MOST_SECONDS)
    for file in files:
        _write(file, findings)
    if options.output == "table":
        print_table(findings)
    else:
        answer(dumped(findings_json(findings), options.output))
    return INTERRUPTED if findings.interrupted else 0 if findings.good else FAILED


def _write(file: Path, findings: Findings) -> None:
    """Write the report; a failure is only reported, so that the paid results are still printed."""
    markdown = file.suffix == ".md"
    text = findings_markdown(findings) if markdown else dumped(findings_json(findings), "json") + "\n"
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        remark(f"--report {file} could not be written: {error.strerror}")


def _setup(options: Namespace) -> VerifySetup:
    chosen = asked(options)
    if len(chosen.sections) > 1:
        raise CommandError(
            f"[core] executor names executors of {len(chosen.sections)} sections, and each costs a run of "
            f"its own; choose one: --section {' or --section '.join(chosen.sections)}"
        )
    (section,) = chosen.sections
    configured = required(section, chosen.team)
    return VerifySetup(
        backend=BACKENDS[section],
        configured=configured,
        clients=Clients(configured.settings, read=partial(from_airflow, team=chosen.team)),
        queue=airflow().get("operators", "default_queue"),
        team=chosen.team,
    )


def _question(setup: VerifySetup) -> str:
    """The question before the start; raises `CommandError` if the builder makes no usable request."""
    match unwrap_or_failure(setup.request(RUN, setup.new_token())):
        case str() as problem:
            raise CommandError(problem)
        case request:
            size = defined_size(setup, request)
    text = expected_cost(
        len(setup.traces()), size, setup.configured.prices, setup.settings.region, MOST_SECONDS
    )
    endpoint = setup.endpoint()
    where = f"at {endpoint}, not at AWS's public address" if endpoint else f"in {setup.settings.region}"
    return f"verify starts, by [{setup.settings.section}] {where}: {text}."


def _agreed(text: str) -> bool:
    if not sys.stdin.isatty():
        raise CommandError(f"{text} There is no terminal to ask at; use --yes to agree.")
    sys.stderr.write(f"{text}\nContinue? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _files(names: Sequence[str]) -> list[Path]:
    files = [Path(name) for name in names]
    for file in files:
        if file.suffix not in FORMS:
            raise CommandError(
                f"--report {file} has no known format; give a name that ends in {' or '.join(FORMS)}"
            )
        if not file.absolute().parent.is_dir():
            raise CommandError(f"--report {file}: there is no folder {file.parent}")
        if file.is_dir():
            raise CommandError(f"--report {file}: it is a folder")
    return files
