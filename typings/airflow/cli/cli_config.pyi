"""What we touch of Airflow's command line tables, typed.

Law: as in base_executor.pyi beside it. Source: airflow/cli/cli_config.py.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

def lazy_load_command(import_path: str) -> Callable[[Namespace], object]: ...

class Arg:
    flags: Sequence[str]
    kwargs: dict[str, object]
    def __init__(
        self,
        flags: Sequence[str] = ...,
        help: str = ...,
        action: str = ...,
        default: object = ...,
        nargs: str | int = ...,
        type: Callable[[str], object] = ...,
        choices: Iterable[object] = ...,
        required: bool = ...,
        metavar: str = ...,
        dest: str = ...,
    ) -> None: ...
    def add_to_parser(self, parser: ArgumentParser) -> None: ...

class ActionCommand(NamedTuple):
    name: str
    help: str
    func: Callable[[Namespace], object]
    args: Iterable[Arg]
    description: str | None = None
    epilog: str | None = None
    hide: bool = False

class GroupCommand(NamedTuple):
    name: str
    help: str
    subcommands: Iterable[ActionCommand | GroupCommand]
    description: str | None = None
    epilog: str | None = None

CLICommand: TypeAlias = ActionCommand | GroupCommand
