"""``migrate``: the configuration of an older package, said in ours.

Law: reads a file and the environment, prints, changes neither. Airflow is not imported: the old package may
not be installed any more. The tables are the core's (`core/migration.py`).
"""

import os
from argparse import Namespace
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, MissingSectionHeaderError, ParsingError
from configparser import Error as Unreadable
from dataclasses import asdict
from pathlib import Path

from aws_executors.cli.configuration import UNUSABLE
from aws_executors.cli.show import answer, dumped, remark
from aws_executors.core.migration import TABLE, as_cfg, migrated, notes
from aws_executors.core.texts import one_line

NOTHING_THERE = 1
READ = ("core", *TABLE)


def run(options: Namespace) -> int:
    """Print our configuration; 1 where there is no older one, 2 where the file can not be read."""
    try:
        written = merged(of_file(options.cfg), dict(of_environment(os.environ)))
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        remark(f"Can not read {options.cfg}: {problem(error)}")
        return UNUSABLE
    lines = migrated(written)
    if not lines:
        remark(f"Nothing of an older package is written: none of the sections {', '.join(TABLE)}.")
        return NOTHING_THERE
    remarks = notes(written)
    if options.output == "table":
        answer(as_cfg(lines, remarks))
    else:
        answer(dumped({"lines": [asdict(line) for line in lines], "notes": list(remarks)}, options.output))
    remark("Check the result with: aws-executors doctor")
    return 0


def problem(error: Exception) -> str:
    """What is wrong with a file; of a line that can not be read its number, for it may hold a secret."""
    match error:
        case MissingSectionHeaderError(lineno=int(line)):
            return f"line {line} stands in no section; write a section's name, [core] say, above it"
        case ParsingError(errors=[*lines]):
            numbers = ", ".join(str(number) for number, _ in lines[:10])
            return f"no option and no section stands in line {numbers}; mend or remove it"
        case _:
            return one_line(str(error))


def of_file(path: str | None) -> dict[str, dict[str, str]]:
    """What stands in an airflow.cfg, ``%%`` read as ``%``; nothing, where none is named or there."""
    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    found = Path(path or os.environ.get("AIRFLOW_CONFIG") or home / "airflow.cfg")
    if path is None and not found.exists():
        return {}
    parser = ConfigParser(interpolation=None, default_section="no section of all others")
    parser.read_string(found.read_text(), str(found))
    return {
        name: {option: value.replace("%%", "%") for option, value in parser[name].items()}
        for name in READ
        if parser.has_section(name)
    }


def of_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """What variables such as ``AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER`` say."""
    for name in READ:
        prefix = f"AIRFLOW__{name.upper()}__"
        own = {
            key.removeprefix(prefix).lower(): value
            for key, value in environment.items()
            if key.startswith(prefix)
        }
        if own:
            yield name, own


def merged(
    file: Mapping[str, Mapping[str, str]], variables: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Both, where variables win, as in Airflow."""
    return {name: {**file.get(name, {}), **variables.get(name, {})} for name in READ}
