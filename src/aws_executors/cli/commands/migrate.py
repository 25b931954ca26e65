"""``migrate``: the configuration of an older package, said in ours.

Law: reads a file and the environment, prints, changes neither. Airflow is not imported: the old package may
not be installed any more. The tables are the core's (`migrate/`).
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
from aws_executors.migrate import READ, TABLE, Sections, as_cfg, migrated, notes

NOTHING_THERE = 1
VARIABLE = re.compile(
    rf"AIRFLOW__(?:(?P<team>\w+?)___)?(?P<section>{'|'.join(name.upper() for name in READ)})__"
    r"(?P<option>(?!_)\w+)"
)
"""Source: ``airflow/_shared/configuration/parser.py``, `_env_var_name`: three underscores behind a team."""


def run(options: Namespace) -> int:
    """Print our configuration; 1 where there is no older one, 2 where the file can not be read."""
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
    remark("Check the result with: aws-executors doctor")
    return 0


def file_fault(error: Exception) -> str:
    """What is wrong with a file, without its lines: one of them may hold a secret."""
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
    """What stands in an airflow.cfg, as Airflow reads it; nothing, where none is named or there."""
    home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
    found = Path(path or os.environ.get("AIRFLOW_CONFIG") or home / "airflow.cfg")
    if path is None and not found.exists():
        return {}
    parser = ConfigParser()
    parser.read_string(found.read_text(encoding="utf-8-sig"), str(found))
    matter = [name for name in parser.sections() if name.rpartition("=")[2] in READ]
    return {name: {option: _value(parser, name, option) for option in _own(parser, name)} for name in matter}


def _own(parser: ConfigParser, section: str) -> Iterator[str]:
    """The options of a section; what stands in [DEFAULT] counts where it is one of them."""
    old = TABLE.get(section.rpartition("=")[2])
    known = old.options if old else {}
    return (one for one in parser.options(section) if one not in parser.defaults() or one in known)


def _value(parser: ConfigParser, section: str, option: str) -> str:
    """With placeholders filled in; a single %, which Airflow can not read, is meant as one."""
    try:
        return parser.get(section, option)
    except Unreadable:
        return parser.get(section, option, raw=True).replace("%%", "%")


def of_environment(environment: Mapping[str, str], file: Iterable[str]) -> dict[str, dict[str, str]]:
    """What variables such as ``AIRFLOW__AWS_ECS_EXECUTOR__CLUSTER`` say, by section and option.

    A team's name is in capitals there: it is that of a section in `file`, or of a team that an executor is
    for, or else in small letters.
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
    """That variables win over what is printed, where they do."""
    own = {one.upper() for one in sections}
    for name in sorted(environment):
        match = VARIABLE.fullmatch(name)
        if match is None or (match["section"] == "CORE" and match["option"] != "EXECUTOR"):
            continue
        header = f"{match['team']}={match['section']}" if match["team"] else match["section"]
        if header in own:
            yield f"The variable {name} is set and wins over airflow.cfg: change it there, or unset it."


def with_variables(file: Sections, variables: Sections) -> dict[str, dict[str, str]]:
    """Both, where variables win, as in Airflow."""
    return {
        name: {**file.get(name, {}), **variables.get(name, {})} for name in dict.fromkeys((*file, *variables))
    }
