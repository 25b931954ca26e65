"""Run one real container to its end: ``doctor --launch``.

Law: uses the executor's own calls, for one container, without retries; the container is stopped if it takes
too long. Its command calls the health check of Airflow's execution API, from where tasks will call it. Before
that, if our launcher is to run tasks, the command checks that the launcher accepts the options it will get.
"""

import time
from collections.abc import Callable, Iterator, Mapping

from returns.methods import unwrap_or_failure

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.service import Service
from aws_executors.core.explain.diagnosis import explain
from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.core.requests.launch import LAUNCHER
from aws_executors.core.settings.base import Settings
from aws_executors.doctor.checks.findings import API_VARIABLE, DEFAULT_API, Finding, error, warning
from aws_executors.shell.transport import shown_command

POLL = 1.0
NOT_SET, NOT_REACHED, NO_LAUNCHER = 3, 4, 5
WARM = ("--warm", "s3://bucket/cell", "--idle", "60", "--tasks", "1", "--age", "60")
"""The arguments of a warm container's launcher, with made-up values."""
PROGRAM = """
import os, sys, urllib.request
if sys.argv[1:]:
    try:
        from aws_executors.run.__main__ import parser
    except ImportError as error:
        print(error)
        sys.exit(5)
    parser().parse_args(sys.argv[1:])
url = os.environ.get("AIRFLOW__CORE__EXECUTION_API_SERVER_URL")
if not url:
    sys.exit(3)
try:
    urllib.request.urlopen(url.rstrip("/") + "/health", timeout=10)
except urllib.error.HTTPError as error:
    print(url, error)
    sys.exit(4 if error.code >= 500 else 0)
except OSError as error:
    print(url, error)
    sys.exit(4)
"""
ENDS: Mapping[int, tuple[str, str, str]] = {
    NOT_SET: (
        "The container does not know where Airflow's API is",
        "A task would call localhost, which is the container itself.",
        f"image or definition: environment {API_VARIABLE} = {DEFAULT_API}",
    ),
    NOT_REACHED: (
        "The container cannot reach Airflow's API",
        "No task can start. Its log has its output.",
        "security groups, routes and the address in AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    ),
    NO_LAUNCHER: (
        "The image does not have this package, which is to run workloads in it",
        "Its log says what could not be imported.",
        "image: the scheduler's version of this package; or launcher = airflow, workload_transport = inline",
    ),
    Exit.CANNOT_START: (
        "The launcher in the image does not know all options that this scheduler gives it",
        "No task could start. Its log names the option.",
        "image: the scheduler's version of this package; or leave out what needs the option",
    ),
}


def trial_command(settings: Settings, *, warm: bool = False) -> tuple[str, ...]:
    """The container's command, whose exit code is the result. `warm`: whether there may be warm containers.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> trial_command(BatchSettings(region="us-east-1", job_name="a", job_queue="q", job_definition="d",
    ...                             launcher="aws_executors", usage=True))[3:]
    ('--usage', '--json-string', '{}')
    """
    command = (*LAUNCHER, *WARM) if warm else shown_command(settings, "trial", "{}")
    return ("python", "-c", PROGRAM, *(command[3:] if command[:3] == LAUNCHER else ()))


def trial(
    service: Service[object], request: object, timeout: float, say: Callable[[str], None]
) -> Iterator[Finding]:
    """What goes wrong with a container of this request, which is stopped after `timeout` seconds."""
    match unwrap_or_failure(service.submit(request)):
        case AwsError() as refused:
            yield error(
                "launch",
                f"AWS did not start the container: {refused}",
                "Every task would fail the same way.",
                refused.remedy or "the option that the message names",
            )
            return
        case id_:
            pass
    try:
        last = _followed(service, id_, timeout, say)
    finally:
        service.stop((id_,), "aws-executors doctor --launch is done")
    yield from _judged(id_, last, timeout)


def _followed(
    service: Service[object], id_: str, timeout: float, say: Callable[[str], None]
) -> Observation | None:
    """The last observation of a container."""
    until, last = time.monotonic() + timeout, None
    while time.monotonic() < until:
        match unwrap_or_failure(service.describe((id_,))):
            case AwsError():
                pass
            case answer:
                last = next(iter(answer.observations), last)
        if last is not None and last.ended:
            return last
        say(f"{id_} is {last.phase if last else 'not seen yet'}")
        time.sleep(POLL)
    return last


def _judged(id_: str, last: Observation | None, timeout: float) -> Iterator[Finding]:
    if last is None or not last.ended:
        waits = last is None or last.phase is not Phase.RUNNING
        yield warning(
            "launch",
            f"{id_} {'has not started' if waits else 'still runs'} after {timeout:g} s; it is being stopped. "
            f"{last.reason if last else ''}".rstrip(),
            "Tasks will wait as long, if they start at all.",
            "capacity of the queue or cluster, or --launch-timeout = more seconds",
        )
    elif last.phase is Phase.FAILED:
        what, why, change = ENDS.get(
            last.exit_code or 0, ("", "Tasks would fail the same way.", explain(last))
        )
        yield error("launch", f"{what or 'The trial container failed'}: {explain(last)}", why, change)
