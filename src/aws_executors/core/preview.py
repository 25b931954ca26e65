"""A request as a person wants to read it.

Law: another interpreter of the same value that is sent: what `to_kwargs` gives, as JSON in AWS's spelling,
secrets masked. Nothing else is added, left out or put in another order.
"""

import json

from aws_executors.core.secrets import mask
from aws_executors.core.wire import to_kwargs


def preview(request: object) -> str:
    """The JSON of what boto3 would get for a request of either service, with tokens as ``***``.

    Members stand in the order of the request's fields, which is fixed.

    >>> from aws_executors.core.ecs.request import RunTask
    >>> print(preview(RunTask(task_definition="airflow:7", launch_type="FARGATE")))
    {
      "taskDefinition": "airflow:7",
      "launchType": "FARGATE",
      "count": 1
    }
    """
    return mask(json.dumps(to_kwargs(request), indent=2, ensure_ascii=False))
