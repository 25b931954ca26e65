"""Find out from inside the container why the platform stops it.

Law: reports only what was found out. On EC2 the instance metadata announce a Spot interruption. On Fargate a
container cannot learn why it is stopped; the executor reads that later from the task's ``stoppedReason``.
Called after the signal was forwarded to the task, if there is one; takes a second at most, and never raises.

Source: "Spot Instance interruption notices", EC2 User Guide; "Task metadata endpoint version 4" and
"Fargate Spot termination notices", ECS Developer Guide.
"""

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

METADATA = "http://169.254.169.254"
ANSWER_WITHIN = 0.5  # timeout in seconds for each of the two requests
ON_EC2, ON_FARGATE = "AWS_ECS_EC2", "AWS_ECS_FARGATE"

STOPPED = "the platform stops this container"


def why() -> str:
    """The reason as text, for the platform that AWS_EXECUTION_ENV names.

    >>> os.environ["AWS_EXECUTION_ENV"] = ON_FARGATE
    >>> why()
    'the platform stops this container: StopTask, TerminateJob or Spot; its stoppedReason will say which'
    >>> del os.environ["AWS_EXECUTION_ENV"]
    """
    return WAYS.get(os.environ.get("AWS_EXECUTION_ENV", ""), _unknown)()


def _unknown() -> str:
    return f"{STOPPED} (StopTask, TerminateJob, Spot)"


def _on_fargate() -> str:
    return f"{STOPPED}: StopTask, TerminateJob or Spot; its stoppedReason will say which"


def _on_ec2() -> str:
    """The reason according to the instance metadata; Batch jobs on EC2 run through ECS, too."""
    try:
        notice = json.loads(_asked("/latest/meta-data/spot/instance-action"))
        return f"Spot interruption: EC2 takes this instance back ({notice['action']} at {notice['time']})"
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return f"{STOPPED} (StopTask, TerminateJob); EC2 has announced no Spot interruption"
        return f"{_unknown()}; the instance metadata, which would say, answers {error.code}"
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return f"{_unknown()}; the instance metadata, which would say, cannot be reached"


def _asked(path: str) -> bytes:
    """One response of the instance metadata service, version 2."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        raise OSError("switched off")
    url = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", METADATA).rstrip("/")
    token = _answer("PUT", f"{url}/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    return _answer("GET", f"{url}{path}", {"X-aws-ec2-metadata-token": token.decode("ascii")})


def _answer(method: str, url: str, headers: Mapping[str, str]) -> bytes:
    if not url.startswith("http://"):
        raise ValueError(url)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, method=method, headers=dict(headers))  # noqa: S310 - as checked
    with opener.open(request, timeout=ANSWER_WITHIN) as answer:
        body: Any = answer.read()
    return bytes(body)


WAYS: Mapping[str, Callable[[], str]] = {ON_EC2: _on_ec2, ON_FARGATE: _on_fargate}
