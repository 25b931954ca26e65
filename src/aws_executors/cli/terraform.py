"""``terraform``: a minimal working set-up, as a configuration made from the settings.

Law: reads the configuration, asks nobody, prints. What is printed is the core's (`core/setup/terraform.py`).
"""

from argparse import Namespace

from aws_executors.cli.configuration import UNUSABLE, Unusable
from aws_executors.cli.setup import setup_of
from aws_executors.cli.show import answer, dumped, grid, remark
from aws_executors.core.setup.hcl import as_json, hcl
from aws_executors.core.setup.terraform import configuration


def run(options: Namespace) -> int:
    """Print the configuration; 2 where the settings can not be used."""
    try:
        made = configuration(setup_of(options))
    except Unusable as unusable:
        remark(str(unusable))
        return UNUSABLE
    match options.output:
        case "table":
            rows = [(one.labels[1], one.labels[0]) for one in made if one.kind == "resource"]
            answer(grid(("resource", "type"), rows))
        case "json":
            answer(dumped(as_json(made), "json"))
        case _:
            answer(hcl(made))
    return 0
