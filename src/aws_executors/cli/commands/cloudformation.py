"""``cloudformation``: a minimal working set-up, as a template made from the settings.

Law: reads the configuration, asks nobody, prints. What is printed is made by
`deploy/cloudformation.py`.
"""

from argparse import Namespace

from aws_executors.cli.commands.setup import setup_of
from aws_executors.cli.configuration import UNUSABLE, CommandError
from aws_executors.cli.show import answer, dumped, grid, remark
from aws_executors.deploy.cloudformation import template


def run(options: Namespace) -> int:
    """Print the template; 2 where the configuration can not be used."""
    try:
        made: dict[str, dict[str, dict[str, object]]] = template(setup_of(options))  # type: ignore[assignment]
    except CommandError as unusable:
        remark(str(unusable))
        return UNUSABLE
    if options.output == "table":
        rows = [(name, str(one["Type"])) for name, one in made["Resources"].items()]
        answer(grid(("resource", "type"), rows))
    else:
        answer(dumped(made, options.output))
    return 0
