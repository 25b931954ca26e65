"""A command as a value, and the options that several commands share.

Law: data only, from the standard library only, because every airflow command imports this module.
"""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass

SECTIONS = ("batch", "ecs_fargate")
OUTPUTS = ("table", "json", "yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of a command, in argparse's terms; None leaves a keyword out."""

    flags: tuple[str, ...]
    help: str
    metavar: str | None = None
    default: object = None
    choices: tuple[str, ...] | None = None
    action: str | None = None
    nargs: str | None = None
    type: Callable[[str], object] | None = None
    dest: str | None = None

    def arguments(self) -> dict[str, object]:
        """The keyword arguments for argparse's ``add_argument``.

        >>> Argument(flags=("--team",), help="Whose.", metavar="NAME").arguments()
        {'help': 'Whose.', 'metavar': 'NAME'}
        """
        said = {
            "help": self.help,
            "metavar": self.metavar,
            "default": self.default,
            "choices": self.choices,
            "action": self.action,
            "nargs": self.nargs,
            "type": self.type,
            "dest": self.dest,
        }
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: `run` is the dotted path of a function from parsed arguments to an exit code."""

    name: str
    help: str
    about: str
    examples: tuple[tuple[str, str], ...]
    options: tuple[Argument, ...] = ()
    run: str

    def epilog(self, program: str) -> str:
        """The examples, each with what it does.

        >>> command = Command(name="doctor", help="", about="", examples=(("doctor", "look"),), run="")
        >>> print(command.epilog("aws-executors"))
        examples:
          aws-executors doctor
              look
        """
        lines = [f"  {program} {line}\n      {what}" for line, what in self.examples]
        return "\n".join(["examples:", *lines])


SECTION = Argument(
    flags=("--section",),
    help="which section to read (default: those of this package's executors in [core] executor)",
    choices=SECTIONS,
)
TEAM = Argument(flags=("--team",), help="read the options of this team (multi-team Airflow)", metavar="NAME")


def output(default: str = "table") -> Argument:
    """The option for the output format."""
    return Argument(
        flags=("-o", "--output"),
        help=f"output format: {', '.join(OUTPUTS)} (default: {default})",
        choices=OUTPUTS,
        default=default,
        metavar="FORMAT",
    )


def many(flag: str, metavar: str, help_: str) -> Argument:
    """An option that may be repeated."""
    return Argument(flags=(flag,), help=f"{help_}; repeatable", metavar=metavar, action="append", type=name)


def name(text: str) -> str:
    """Parse a name; an empty text, as an unset shell variable leaves it, is an error.

    >>> name("airflow-task")
    'airflow-task'
    """
    if not text.strip():
        raise ArgumentTypeError(f"expected a name, got {text!r}")
    return text


def ordinal(text: str) -> int:
    """Parse an ordinal number, which counts from 1.

    >>> ordinal("2")
    2
    """
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        raise ArgumentTypeError(f"expected a whole number from 1 on, got {text[:20]!r}")
    return int(text)


def number_of(unit: str) -> Callable[[str], float]:
    """A parser for a number of this unit that is 0 or more.

    >>> number_of("days")("0.5")
    0.5
    """

    def parsed(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not number >= 0:  # also true for NaN, unlike `number < 0`
            raise ArgumentTypeError(f"expected a number of {unit}, got {text!r}")
        return number

    return parsed


def pair(text: str) -> tuple[str, str]:
    """Parse NAME=VALUE.

    >>> pair("AIRFLOW_HOME=/tmp/a=b")
    ('AIRFLOW_HOME', '/tmp/a=b')
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name, value


def account_id(text: str) -> str:
    """Parse an account's number, with or without the hyphens of AWS's console.

    >>> account_id("1234-5678-9012")
    '123456789012'
    """
    digits = text.replace("-", "")
    if not re.fullmatch(r"[0-9]{12}|\*", digits):
        raise ArgumentTypeError(f"expected the 12 digits of an account, or *, got {text!r}")
    return digits


def json_value(text: str) -> object:
    """Parse JSON; null is an empty mapping, as None is in a DAG.

    >>> json_value('{"memory": 4096}'), json_value("null")
    ({'memory': 4096}, {})
    """
    from aws_executors.core.settings.types import json_of  # imports pydantic, which the table does not need

    try:
        found = json_of(text)
    except ValueError as error:
        example = """such as '{"memory": 4096}', and quoted for the shell"""
        raise ArgumentTypeError(f"expected JSON, {example}, but it {error}") from None
    return {} if found is None else found
