"""``cloudformation``: print a template of a minimal working set-up.

Law: reads the configuration, makes no calls, prints. `deploy/cloudformation.py` makes the template.
"""

from argparse import Namespace

from aws_executors.cli.commands.setup import setup_of
from aws_executors.cli.configuration import UNUSABLE, CommandError
from aws_executors.cli.show import answer, dumped, grid, remark
from aws_executors.deploy.cloudformation import template


def run(options: Namespace) -> int:
    """Print the template; 2 if the configuration cannot be used."""
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
