"""What our commands make of configurations and definitions, and where a container's page and log are.

Law: the functions behind the commands, each given what the command would have read, and nothing of this
machine.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from airflow.configuration import AirflowConfigParser

from aws_executors.batch import BatchSettings
from aws_executors.cli.migrate import merged, of_environment, of_file
from aws_executors.core.migration import as_cfg, migrated, notes
from aws_executors.core.settings import Settings
from aws_executors.ecs import EcsSettings
from aws_executors.shell.section import read

MODELS: dict[str, type[Settings]] = {model.section: model for model in (BatchSettings, EcsSettings)}


def configuration(given: Any) -> dict[str, object]:
    """A configuration of an older package (`cfg`, `variables`) as ``migrate`` prints it.

    Read back by Airflow's own parser: each option under ``section.option``, and what our settings say of it.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "airflow.cfg"
        path.write_text(given.get("cfg", ""))
        file = of_file(str(path))
    written = merged(file, of_environment(given.get("variables", {}), file))
    printed = as_cfg(migrated(written), notes(written))
    parser = AirflowConfigParser()
    parser.read_string(printed)
    own = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    with patch.dict(os.environ, own, clear=True):
        shown: dict[str, object] = {
            f"{section}.{option}": parser.get(section, option, raw=False)
            for section in parser.sections()
            for option in parser.options(section)
        }
        faults = [
            str(fault)
            for section in parser.sections()
            for team, _, base in [section.rpartition("=")]
            if base in MODELS
            for fault in _faults(parser, MODELS[base], team)
        ]
    return shown | {"printed": printed, "faults": "\n".join(faults)}


def _faults(parser: AirflowConfigParser, model: type[Settings], team: str) -> tuple[object, ...]:
    found = read(parser, model, team or None)
    settings = model.from_section(found.values, {}, team)
    return (*found.faults, *settings.swap().map(lambda refused: refused.faults).value_or(()))


READERS: Mapping[str, Callable[[Any], Mapping[str, object]]] = {"configurations": configuration}
