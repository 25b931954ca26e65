"""``airflow aws-executors ...``: the table of commands for Airflow's command line.

Law: every airflow command imports this module and calls `get_commands`, so it only builds rows, and imports
nothing that Airflow has not imported already. Source: ``airflow/cli/cli_parser.py``.
"""

import sys
from argparse import Namespace
from collections.abc import Callable

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand

from aws_executors.cli.command import Argument, Command
from aws_executors.cli.command_table import ABOUT, COMMANDS

NAME = "aws-executors"


def get_commands() -> list[GroupCommand]:
    """The group of commands that this package adds."""
    return [
        GroupCommand(
            name=NAME,
            help="Executors for AWS Batch, Fargate and ECS",
            description=ABOUT,
            subcommands=[_action(command) for command in COMMANDS],
        )
    ]


def _action(command: Command) -> ActionCommand:
    return ActionCommand(
        name=command.name,
        help=_plain(command.help),
        description=_plain(command.about),
        epilog=_plain(command.epilog(f"airflow {NAME}")),
        func=_exits(command.run),
        args=[_arg(option) for option in command.options],
    )


def _arg(option: Argument) -> Arg:
    said = option.arguments() | {"help": _plain(option.help)}
    return Arg(option.flags, **said)  # type: ignore[arg-type]  # a row's own words


def _exits(path: str) -> Callable[[Namespace], object]:
    """Exit with a command's return value, because Airflow ignores it."""

    def command(options: Namespace) -> object:
        from aws_executors.cli.__main__ import run

        sys.exit(run(path, options))

    return command


def _plain(text: str) -> str:
    """Escape brackets, as Airflow prints its help with rich, which takes a word in brackets for a style."""
    return text.replace("[", r"\[")
