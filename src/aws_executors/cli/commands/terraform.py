"""``terraform``: print a Terraform configuration of a minimal working set-up.

Law: reads the configuration, makes no calls, prints. `deploy/terraform.py` makes the configuration.
"""

from argparse import Namespace
from typing import cast

from aws_executors.cli.commands.setup import setup_of
from aws_executors.cli.configuration import UNUSABLE, CommandError
from aws_executors.cli.show import answer, dumped, grid, remark
from aws_executors.deploy.hcl import Configuration, as_json, hcl
from aws_executors.deploy.terraform import configuration


def run(options: Namespace) -> int:
    """Print the configuration; 2 if the settings cannot be used."""
    try:
        made = configuration(setup_of(options))
    except CommandError as unusable:
        remark(str(unusable))
        return UNUSABLE
    print_configuration(made, options.output)
    return 0


def print_configuration(made: Configuration, output: str) -> None:
    """Print a configuration, or a table of its resources."""
    match output:
        case "table":
            resources = cast("dict[str, dict[str, object]]", made["resource"])
            rows = [(name, kind) for kind, names in resources.items() for name in names]
            answer(grid(("resource", "type"), rows))
        case "json":
            answer(dumped(as_json(made), "json"))
        case _:
            answer(hcl(made))
