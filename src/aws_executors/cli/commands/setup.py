"""Make the set-up of one section for a command, from the settings and the builder's request.

Law: reads the configuration, makes no calls; `deploy/model.py` defines what a set-up consists of.
"""

from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

from aws_executors.cli.commands.iam_policy import ordinary
from aws_executors.cli.configuration import CommandError, asked, required
from aws_executors.core.services import BATCH, ECS, SERVICES
from aws_executors.core.warm.step import may_be_warm
from aws_executors.deploy.model import Setup, of_batch, of_ecs

SETUPS: Mapping[str, Callable[[Any, Any, bool], Setup]] = {
    BATCH.settings.section: of_batch,
    ECS.settings.section: of_ecs,
}


def setup_of(options: Namespace) -> Setup:
    """The set-up of one section; raises `CommandError` if there are two, or if the section cannot be used."""
    sections = asked(options).sections
    if len(sections) > 1:
        raise CommandError(f"A stack is for one executor: use --section {' or --section '.join(sections)}")
    (section,) = sections
    own = required(section, options.team)
    warm = may_be_warm(own.build, own.settings)
    return SETUPS[section](own.settings, ordinary(SERVICES[section], own), warm)
