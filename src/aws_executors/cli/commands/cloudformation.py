"""``cloudformation``: print a template of a minimal working set-up.

Law: reads the configuration, makes no calls, prints. `deploy/cloudformation.py` makes the template.
"""

from argparse import Namespace
from typing import cast

from aws_executors.cli.commands.setup import setup_of
from aws_executors.cli.configuration import UNUSABLE, CommandError
from aws_executors.cli.show import answer, dumped, grid, remark
from aws_executors.deploy.cloudformation import Template, template


def run(options: Namespace) -> int:
    """Print the template; 2 if the configuration cannot be used."""
    try:
        made = template(setup_of(options))
    except CommandError as unusable:
        remark(str(unusable))
        return UNUSABLE
    print_template(made, options.output)
    return 0


def print_template(made: Template, output: str) -> None:
    """Print a template, or a table of its resources."""
    if output == "table":
        resources = cast("dict[str, dict[str, object]]", made["Resources"])
        answer(grid(("resource", "type"), [(name, str(one["Type"])) for name, one in resources.items()]))
    else:
        answer(dumped(made, output))
