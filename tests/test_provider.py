"""What Airflow is told about this package is true, valid, and costs nothing to say."""

import importlib
import json
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from aws_executors.cli.options_table import main, provider_options
from aws_executors.provider import CONFIG, get_provider_info

ROOT = Path(__file__).parent.parent


def test_what_airflow_is_told_is_what_the_models_say() -> None:
    """If not: python -m aws_executors.cli.options_table provider > src/aws_executors/provider_config.json."""
    assert get_provider_info()["config"] == provider_options()


def test_the_command_prints_that_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provider"]) == 0
    assert capsys.readouterr().out == CONFIG.read_text()


def test_the_name_is_the_distribution_s() -> None:
    """A mismatch stops every airflow command (airflow/_shared/providers_discovery)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert get_provider_info()["package-name"] == project["name"]
    assert project["entry-points"]["apache_airflow_provider"] == {
        "provider_info": "aws_executors.provider:get_provider_info"
    }


def test_airflow_s_own_schema_takes_it() -> None:
    jsonschema = importlib.import_module("jsonschema")  # of Airflow; it has no types
    schema = json.loads((files("airflow") / "provider_info.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(get_provider_info())


def test_no_executors_without_commands() -> None:
    """Airflow 3.3 warns in every command about a provider that has the one without the other."""
    assert ("executors" in get_provider_info()) <= ("cli" in get_provider_info())


def test_it_imports_neither_airflow_nor_boto3() -> None:
    program = (
        "import sys, aws_executors.provider; sys.exit('airflow' in sys.modules or 'boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
