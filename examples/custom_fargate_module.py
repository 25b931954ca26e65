"""The defaults of ECS's run_task, extended as a dict: for those who come from airflow-aws-executors.

export AIRFLOW__ECS_FARGATE__RUN_TASK_KWARGS="custom_fargate_module.CUSTOM_RUN_TASK_KWARGS"
"""

from copy import deepcopy

from aws_executors.conf import ECS_FARGATE_RUN_TASK_KWARGS

# Add environmental variables to container overrides
CUSTOM_RUN_TASK_KWARGS = deepcopy(ECS_FARGATE_RUN_TASK_KWARGS)
CUSTOM_RUN_TASK_KWARGS["overrides"]["containerOverrides"][0]["environment"] = [
    {"name": "CUSTOM_ENV_VAR", "value": "environment variable value"}
]
