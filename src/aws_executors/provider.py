"""What Airflow is told about this package: who we are, and the options of our two sections.

Law: this module runs in every airflow command, so it imports nothing of ours and reads one small file that
the settings models have made. An error here would stop every component of Airflow. Source:
``airflow/provider_info.schema.json``.

``executors`` is listed here only because ``cli`` is: Airflow 3.3 warns in every command about a provider that
has the one without the other (``airflow/cli/cli_parser.py``).
``plugins`` is left out: Airflow reads it only with ``[core] lazy_discover_providers = False``; the entry
point in ``pyproject.toml`` is always read, and naming the plugin in both places makes a warning.
"""

import json
from pathlib import Path

CONFIG = Path(__file__).with_name("provider_config.json")
"""Made by ``python -m aws_executors.cli.options_table provider``."""


EXECUTORS = ("aws_executors.executors.AwsBatchExecutor", "aws_executors.executors.AwsEcsFargateExecutor")


def get_provider_info() -> dict[str, object]:
    """Airflow's description of a provider; `package-name` is the distribution's own name.

    >>> sorted(get_provider_info()["config"])
    ['batch', 'ecs_fargate']
    """
    return {
        "package-name": "aws-executors",
        "name": "AWS executors",
        "description": "Runs every task in a container of its own on AWS Batch, Fargate or ECS.",
        "executors": list(EXECUTORS),
        "cli": ["aws_executors.cli.airflow_commands.get_commands"],
        "config": json.loads(CONFIG.read_text()),
    }
