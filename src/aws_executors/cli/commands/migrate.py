"""``migrate``: translate the configuration of an older package.

Law: reads a file and the environment, prints, and changes neither. Airflow is not imported, because the older
package may no longer be installed. The tables are in `migrate/`.
"""

import os
import re
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser, DuplicateOptionError, DuplicateSectionError, ParsingError
from configparser import Error as Unreadable
from configparser import MissingSectionHeaderError as Headless
from dataclasses import asdict
from pathlib import Path

from aws_executors.cli.configuration import UNUSABLE
from aws_executors.cli.show import answer, dumped, remark
from aws_executors.core.redact.outgoing import one_line
from aws_executors.migrate import READ, TABLE, Sections, as_cfg, migrated, notes, unfinished

NOTHING_THERE, UNFINISHED = 1, 1
VARIABLE = re.compile(
    rf"AIRFLOW__(?:(?P<team>\w+?)___)?(?P<section>{'|'.join(name.upper() for name in READ)})__"
    r"(?P<option>(?!_)\w+)"
)
"""The names of the variables that set options; a team is followed by three underscores. Source:
``airflow/_shared/configuration/parser.py``, `_env_var_name`."""


def run(options: Namespace) -> int:
    """Print the new configuration; 1 if there is no older one or something remains to be done, 2 if the file
    cannot be read."""
    try:
        file = of_file(options.cfg)
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        remark(f"Cannot read {options.cfg or 'airflow.cfg'}: {file_fault(error)}")
        return UNUSABLE
    variables = of_environment(os.environ, file)
    written = with_variables(file, variables)
    lines, remarks = migrated(written), notes(written)
    if not lines and not remarks:
        remark(f"No configuration of an older package found: none of the sections {', '.join(TABLE)} exists.")
        return NOTHING_THERE
    remarks = (*remarks, *winning(os.environ, {line.section for line in lines if line.option}))
    if options.output == "table":
        answer(as_cfg(lines, remarks))
    else:
        answer(dumped({"lines": [asdict(line) for line in lines], "notes": list(remarks)}, options.output))
    if unfinished(written):
        remark("Something remains to be done: the notes at the end say what. Then run: aws-executors doctor")
        return UNFINISHED
    remark("Check the result with: aws-executors doctor")
    return 0


def file_fault(error: Exception) -> str:
    """Why a file cannot be read, without quoting its lines, which may contain a secret."""
    match error:
        case Headless():
            return f"line {error.lineno} comes before any section"
        case ParsingError():
            return (
                f"line {', '.join(str(number) for number, _ in error.errors)} is not of the "
                f"form option = value"
            )
        case DuplicateOptionError():
            return f"line {error.lineno} sets {error.option} of [{error.section}] a second time"
        case DuplicateSectionError():
            return f"line {error.lineno} begins [{error.section}] a second time"
        case UnicodeDecodeError():
            return f"it is not UTF-8 at byte {error.start}"
        case _:
            return one_line(str(error))


def of_file(path: str | None) -> dict[str, dict[str, str]]:
    """The sections of an airflow.cfg, as Airflow reads it; empty if none is named and none exists."""
    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    found = Path(path or os.environ.get("AIRFLOW_CONFIG") or home / "airflow.cfg")
    if path is None and not found.exists():
        return {}
    parser = ConfigParser()
    parser.read_string(found.read_text(encoding="utf-8-sig"), str(found))
    matter = [name for name in parser.sections() if name.rpartition("=")[2] in READ]
    return {name: {option: _value(parser, name, option) for option in _own(parser, name)} for name in matter}


def _own(parser: ConfigParser, section: str) -> Iterator[str]:
    """The options of a section, with those in [DEFAULT] that belong to it."""
    old = TABLE.get(section.rpartition("=")[2])
    known = old.options if old else {}
    return (one for one in parser.options(section) if one not in parser.defaults() or one in known)


def _value(parser: ConfigParser, section: str, option: str) -> str:
    """The value with its placeholders filled in; a single %, which Airflow would reject, is kept."""
    try:
        return parser.get(section, option)
    except Unreadable:
        return parser.get(section, option, raw=True).replace("%%", "%")


def of_environment(environment: Mapping[str, str], file: Iterable[str]) -> dict[str, dict[str, str]]:
    """The values of variables such as ``AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER``, by section and option.

    In a variable, a team's name is in capitals. It is matched with a team in `file` or in ``[core]
    executor``; otherwise it becomes lower case.
    """
    executors = environment.get("AIRFLOW__CORE__EXECUTOR", "").split(";")
    teams = [one.rpartition("=")[0].strip() for one in (*file, *executors)]
    spelled = {team.upper(): team for team in teams if team}
    found: dict[str, dict[str, str]] = {}
    for name, value in environment.items():
        if match := VARIABLE.fullmatch(name):
            team, section = match["team"] or "", match["section"].lower()
            header = f"{spelled.get(team, team.lower())}={section}" if team else section
            found.setdefault(header, {})[match["option"].lower()] = value
    return found


def winning(environment: Mapping[str, str], sections: Iterable[str]) -> Iterator[str]:
    """Report variables that take precedence over what is printed."""
    own = {one.upper() for one in sections}
    for name in sorted(environment):
        match = VARIABLE.fullmatch(name)
        if match is None or (match["section"] == "CORE" and match["option"] != "EXECUTOR"):
            continue
        header = f"{match['team']}={match['section']}" if match["team"] else match["section"]
        if header in own:
            yield f"The variable {name} is set and wins over airflow.cfg: change it there, or unset it."


def with_variables(file: Sections, variables: Sections) -> dict[str, dict[str, str]]:
    """Merge the options of the file and of the variables, which take precedence, as in Airflow."""
    return {
        name: {**file.get(name, {}), **variables.get(name, {})} for name in dict.fromkeys((*file, *variables))
    }
