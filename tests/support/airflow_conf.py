"""Airflow's configuration before it has read anything, made anew for each caller.

Law: the description of Airflow's own options is parsed only once, because that takes longest.
"""

from functools import cache
from unittest.mock import patch

from airflow import configuration
from airflow.configuration import AirflowConfigParser

_read = configuration.retrieve_configuration_description


@cache
def _described() -> dict[str, dict[str, object]]:
    return _read(include_providers=False)


def new_conf() -> AirflowConfigParser:
    """A configuration that has only defaults."""
    with patch.object(configuration, "retrieve_configuration_description", lambda **_: _described()):
        return AirflowConfigParser()
