"""``cloudformation``: a minimal working set-up, as a template made from the settings.

Law: reads the configuration, asks nobody, prints. The template is the core's (`core/cloudformation.py`).
"""

from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

from returns.methods import unwrap_or_failure

from aws_executors.cli.configuration import UNUSABLE, Unusable, asked, required
from aws_executors.cli.iam_policy import ANY_TASK, SOME_TOKEN
from aws_executors.cli.services import KITS
from aws_executors.cli.show import answer, dumped, grid, remark
from aws_executors.core.cloudformation import of_batch, of_ecs
from aws_executors.core.compose import BuildFault, built
from aws_executors.core.launch import Launch

TEMPLATES: Mapping[str, Callable[[Any, Any], dict[str, Any]]] = {"batch": of_batch, "ecs_fargate": of_ecs}


def run(options: Namespace) -> int:
    """Print the template; 2 where the configuration can not be used."""
    try:
        template = template_of(options)
    except Unusable as unusable:
        remark(str(unusable))
        return UNUSABLE
    if options.output == "table":
        rows = [(name, str(one["Type"])) for name, one in template["Resources"].items()]
        answer(grid(("resource", "type"), rows))
    else:
        answer(dumped(template, options.output))
    return 0


def template_of(options: Namespace) -> dict[str, Any]:
    """The template of one section: a stack is one executor's."""
    sections = asked(options).sections
    if len(sections) > 1:
        raise Unusable(f"A stack is for one executor: say --section {' or --section '.join(sections)}")
    (section,) = sections
    own, kit = required(section, options.team), KITS[section]
    launch = Launch(task=ANY_TASK, command=("airflow", "version"), settings=own.settings, token=SOME_TOKEN)
    match unwrap_or_failure(built(own.build, launch, kit.request, kit.seal)):
        case BuildFault() as fault:
            raise Unusable(f"No request can be made for a task like any other: {fault}")
        case request:
            return TEMPLATES[section](own.settings, request)
