"""The set-up that a command writes: that of one section, from the settings and its builder's request.

Law: reads the configuration, makes no calls; `deploy/model.py` defines what a set-up consists of.
"""

from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

from returns.methods import unwrap_or_failure

from aws_executors.cli.commands.iam_policy import ANY_TASK, SOME_TOKEN
from aws_executors.cli.configuration import CommandError, asked, required
from aws_executors.core.requests.compose import BuildFault, built
from aws_executors.core.requests.launch import Launch
from aws_executors.core.services import BATCH, ECS, SERVICES
from aws_executors.deploy.model import Setup, of_batch, of_ecs

SETUPS: Mapping[str, Callable[[Any, Any], Setup]] = {
    BATCH.settings.section: of_batch,
    ECS.settings.section: of_ecs,
}


def setup_of(options: Namespace) -> Setup:
    """The set-up of one section; raises `CommandError` if there are two, or if the section cannot be used."""
    sections = asked(options).sections
    if len(sections) > 1:
        raise CommandError(f"A stack is for one executor: use --section {' or --section '.join(sections)}")
    (section,) = sections
    own, service = required(section, options.team), SERVICES[section]
    launch = Launch(task=ANY_TASK, command=("airflow", "version"), settings=own.settings, token=SOME_TOKEN)
    match unwrap_or_failure(built(own.build, launch, service.request, service.seal)):
        case BuildFault() as fault:
            raise CommandError(f"The request builder fails for an ordinary task: {fault}")
        case request:
            return SETUPS[section](own.settings, request)
