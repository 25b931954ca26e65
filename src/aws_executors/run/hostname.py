"""The container's id, for Airflow's ``[core] hostname_callable``.

Law: read from the platform once per container and kept in the environment, so that the supervisor and the
task report the same name. Never raises, and waits for a second at most.
"""

import http.client
import json
import os
import socket
import urllib.request

CALLABLE = "aws_executors.run.hostname.container_id"
KEPT = "AWS_EXECUTORS_CONTAINER_ID"
ANSWER_WITHIN = 1.0  # timeout of the request for the task metadata, in seconds


def container_id() -> str:
    """The Batch job id or the ECS task id; outside AWS, the host's name.

    Source: "Amazon ECS task metadata endpoint version 4"; "AWS Batch job environment variables".

    >>> os.environ[KEPT] = "0f1e"
    >>> container_id()
    '0f1e'
    >>> del os.environ[KEPT]
    """
    if KEPT not in os.environ:
        os.environ[KEPT] = full_id().rpartition("/")[2] or socket.gethostname()
    return os.environ[KEPT]


def full_id() -> str:
    """The Batch job id or the ECS task's ARN, as the executor knows this container; "" outside AWS.

    >>> os.environ["AWS_BATCH_JOB_ID"] = "4c75"
    >>> full_id()
    '4c75'
    >>> del os.environ["AWS_BATCH_JOB_ID"]
    """
    return os.environ.get("AWS_BATCH_JOB_ID") or _task_arn()


def _task_arn() -> str:
    address = os.environ.get("ECS_CONTAINER_METADATA_URI_V4", "")
    if not address.startswith("http://"):
        return ""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{address}/task", timeout=ANSWER_WITHIN) as answer:
            return str(json.load(answer)["TaskARN"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return ""
