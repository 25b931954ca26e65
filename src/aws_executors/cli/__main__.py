"""``aws-executors``: the table of commands as a program of its own.

Law: takes arguments, returns an exit code. 0: done. 1: the result is negative (doctor found errors, no
request can be made). 2: the command line or the configuration cannot be read. 130: interrupted.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import NoReturn

from aws_executors.cli.command import Command
from aws_executors.cli.command_table import ABOUT, COMMANDS

PROGRAM = "aws-executors"
INTERRUPTED = 130


class CommandLine(argparse.ArgumentParser):
    """A parser that suggests which command or value was meant, as argparse does from Python 3.14 on."""

    def error(self, message: str) -> NoReturn:
        """Exit with code 2."""
        if chosen := re.search(r"invalid choice: '(.*)' \(choose from (.*)\)$", message):
            message += did_you_mean(chosen[1], chosen[2].replace("'", "").split(", "))
        super().error(message)


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """The end of a message about a word that is not allowed: a similar word that is, or nothing.

    >>> did_you_mean("--sectoin", ["--section", "--team"]), did_you_mean("x", ["doctor"])
    ('; did you mean --section?', '')
    """
    from aws_executors.core.validation import nearest  # imports pydantic, which --help does not need

    return "".join(f"; did you mean {near}?" for near in nearest(word, list(allowed)))


def parser() -> CommandLine:
    """The parser, made from the table of commands."""
    found = CommandLine(prog=PROGRAM, description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    found = parser()
    options, unknown = found.parse_known_args(arguments)
    command: Command = options.command
    if unknown:
        flags = [flag for option in command.options for flag in option.flags if flag.startswith("-")]
        near = did_you_mean(unknown[0].partition("=")[0], flags)
        found.error(f"unrecognized arguments: {' '.join(unknown)}{near}")
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
