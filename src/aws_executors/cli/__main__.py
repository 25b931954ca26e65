"""``aws-executors``: the table of commands as a program of its own.

Law: takes arguments, returns an exit code. 0: done. 1: the result is negative (doctor found errors, no
request can be made). 2: the command line or the configuration cannot be read. 130: interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from aws_executors.cli.command import Command
from aws_executors.cli.command_table import ABOUT, COMMANDS

PROGRAM = "aws-executors"
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The parser, made from the table of commands."""
    found = argparse.ArgumentParser(
        prog=PROGRAM, description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    within = found.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        one = within.add_parser(
            command.name,
            help=command.help,
            description=command.about,
            epilog=command.epilog(PROGRAM),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for option in command.options:
            one.add_argument(*option.flags, **option.arguments())  # type: ignore[arg-type]  # a row's own
        one.set_defaults(command=command)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = parser().parse_args(arguments)
    command: Command = options.command
    return run(command.run, options)


def run(path: str, options: argparse.Namespace) -> int:
    """Import a command's function and call it; an interruption becomes an exit code, too."""
    module, _, name = path.rpartition(".")
    try:
        code: int = getattr(import_module(module), name)(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader (head, less) has closed the pipe
        sys.stderr.close()
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
