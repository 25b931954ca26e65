"""Findings, and the checks of Airflow's side of a set-up.

Law: pure. A check reads the evidence that `probe.py` has gathered, and yields findings; each names the line
to change. What could not be found out is `Unasked`: it is reported as unknown, neither as a fault nor as
correct.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.redact.values import mask
from aws_executors.core.settings.errors import SettingsFaults

T = TypeVar("T")


class Severity(StrEnum):
    """How much a finding matters; the worst comes first."""

    ERROR = "error"  # tasks will fail, or nothing will start
    WARNING = "warning"  # works today, but will cause trouble
    ADVICE = "advice"  # could be better
    UNKNOWN = "unknown"  # could not be found out


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: what it is, why it matters, and the line to change."""

    check: str
    severity: Severity
    what: str
    why: str
    change: str


@dataclass(frozen=True, slots=True)
class Unasked:
    """Why something could not be found out. (None in its place means that there was no need to ask.)"""

    why: str


def error(check: str, what: str, why: str, change: str) -> Finding:
    """A finding that makes tasks fail."""
    return Finding(check=check, severity=Severity.ERROR, what=what, why=why, change=change)


def warning(check: str, what: str, why: str, change: str) -> Finding:
    """A finding that will cause trouble."""
    return Finding(check=check, severity=Severity.WARNING, what=what, why=why, change=change)


def advice(check: str, what: str, why: str, change: str) -> Finding:
    """A suggestion."""
    return Finding(check=check, severity=Severity.ADVICE, what=what, why=why, change=change)


def could_not_ask(what: str, found: T | Unasked | None, change: str = "") -> Iterator[Finding]:
    """Report that something could not be found out, if `found` is `Unasked`.

    >>> [finding.what for finding in could_not_ask("the subnets", Unasked("AccessDenied"))]
    ['Could not check the subnets: AccessDenied']
    >>> list(could_not_ask("the subnets", None))
    []
    """
    if isinstance(found, Unasked):
        yield Finding(
            check="could-not-ask",
            severity=Severity.UNKNOWN,
            what=f"Could not check {what}: {found.why}",
            why="This part of the set-up was not checked.",
            change=change or "Allow what `aws-executors iam-policy --doctor` adds, or check it manually.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Airflow:
    """The part of Airflow's configuration that our containers depend on.

    `api_url` is empty if it is not set. `api` is the HTTP status at that address from here, or why there is
    none. `jwt` says whether a signing key is set. `missing` are the methods that the installed boto3 lacks,
    `needed` is the supported range of Airflow versions, and `weaker` what the installed Airflow lacks.
    """

    version: str
    supported: bool
    needed: str
    executor: str
    ours: bool
    api_url: str
    api: int | Unasked | None
    jwt: bool
    queued_timeout: float
    remote_logging: bool
    parallelism: int
    missing: tuple[str, ...] = ()
    weaker: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The caller's identity according to AWS, and by how many seconds our clock is ahead of AWS's."""

    arn: str
    account: str
    ahead: float | Unasked | None


LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - a name to be refused
DEFAULT_API = "https://airflow.example.com/execution/"
SKEW_WARNED, SKEW_REFUSED = 60.0, 300.0
"""Seconds of clock skew for a warning and for an error: AWS refuses signatures over 5 minutes off."""
SHORT_TIMEOUT = 600.0


def of_settings(faults: SettingsFaults) -> Iterator[Finding]:
    """What is wrong with the section itself; each fault already has its remedy."""
    for fault in faults.faults:
        what = f"[{faults.place.header}] " + (
            f"{fault.option} = {fault.value}" if fault.value else fault.option
        )
        why = "The scheduler does not start."
        yield error("settings", f"{what} {fault.problem}", why, fault.remedy)


def _executor(airflow: Airflow) -> Iterator[Finding]:
    if not airflow.ours:
        yield warning(
            "executor",
            f"[core] executor = {airflow.executor} names no executor of this package",
            "No task will run on AWS.",
            "[core] executor = aws_executors.executors.AwsBatchExecutor, or ...AwsEcsFargateExecutor",
        )


def _versions(airflow: Airflow) -> Iterator[Finding]:
    if not airflow.supported:
        yield error(
            "airflow-version",
            f"Airflow {airflow.version} is not supported by these executors",
            "The executor interface changes between minor versions.",
            f"pip install 'apache-airflow{airflow.needed}'",
        )
    elif airflow.weaker:
        yield advice(
            "airflow-version",
            f"With Airflow {airflow.version}: {'; '.join(airflow.weaker)}",
            "Newer versions of Airflow have more that these executors can use.",
            "upgrade Airflow when you can; docs/versions.md says what comes with which version",
        )
    if airflow.missing:
        yield error(
            "boto3-version",
            f"boto3 has no {', '.join(airflow.missing)}",
            "The executor calls these methods.",
            "pip install --upgrade boto3",
        )


def _api_address(airflow: Airflow) -> Iterator[Finding]:
    host, path = _host_and_path(airflow.api_url)
    why = "Task containers get their work from this address and report to it; without it, every task fails."
    change = f"[core] execution_api_server_url = {DEFAULT_API}"
    if not airflow.api_url:
        yield error("api-url", "[core] execution_api_server_url is not set, so it is localhost", why, change)
    elif host in LOOPBACK:
        what = f"[core] execution_api_server_url = {airflow.api_url} is a loopback address"
        yield error("api-url", what, "In a container it means the container itself. " + why, change)
    elif not path.rstrip("/").endswith("/execution"):
        what = f"[core] execution_api_server_url = {airflow.api_url} does not end with /execution/"
        yield error(
            "api-url",
            what,
            why,
            f"[core] execution_api_server_url = {airflow.api_url.rstrip('/')}/execution/",
        )


def _host_and_path(url: str) -> tuple[str, str]:
    """The host and the path of a URL; both empty if the text is not a URL."""
    try:
        return urlsplit(url).hostname or "", urlsplit(url).path
    except ValueError:
        return "", ""


def _api_answers(airflow: Airflow) -> Iterator[Finding]:
    if isinstance(airflow.api, Unasked):
        yield warning(
            "api-reach",
            f"{airflow.api_url} does not answer from here: {airflow.api.why}",
            "If the containers cannot reach it either, no task can run.",
            "[core] execution_api_server_url = an address that containers can reach; try doctor --launch",
        )
    elif airflow.api is not None and airflow.api >= 400:
        yield warning(
            "api-reach",
            f"{airflow.api_url} answers with HTTP status {airflow.api}",
            "Airflow's execution API does not answer like this; it may be a proxy or another service.",
            f"[core] execution_api_server_url = {DEFAULT_API}",
        )


def _jwt(airflow: Airflow) -> Iterator[Finding]:
    if not airflow.jwt:
        yield error(
            "jwt-secret",
            "[api_auth] has neither jwt_secret nor jwt_private_key_path, so each component generates its own",
            "The API server refuses every token that the scheduler signs: no task can start.",
            "[api_auth] jwt_secret = the same long random text for scheduler and API server, "
            "or AIRFLOW__API_AUTH__JWT_SECRET",
        )


def _queued_timeout(airflow: Airflow) -> Iterator[Finding]:
    if airflow.queued_timeout < SHORT_TIMEOUT:
        yield warning(
            "queued-timeout",
            f"[scheduler] task_queued_timeout = {airflow.queued_timeout:g} s is short for containers",
            "A container that starts later is rejected, because its token has expired by then.",
            f"[scheduler] task_queued_timeout = {SHORT_TIMEOUT:g}, or more, if containers may wait longer",
        )


def _remote_logging(airflow: Airflow) -> Iterator[Finding]:
    if not airflow.remote_logging:
        yield advice(
            "remote-logging",
            "[logging] remote_logging is off",
            "A task's log file is lost with its container, so the UI has nothing to show.",
            "[logging] remote_logging = True, with remote_base_log_folder, here and in the image",
        )


AIRFLOW_CHECKS: tuple[Callable[[Airflow], Iterator[Finding]], ...] = (
    _executor,
    _versions,
    _api_address,
    _api_answers,
    _jwt,
    _queued_timeout,
    _remote_logging,
)


def of_airflow(airflow: Airflow) -> Iterator[Finding]:
    """What is wrong on Airflow's side."""
    for check in AIRFLOW_CHECKS:
        yield from check(airflow)


def of_adoption(section: str, adopt: bool) -> Iterator[Finding]:
    """Whether a restart of the scheduler ends running tasks."""
    if not adopt:
        yield advice(
            "adoption",
            f"[{section}] adopt_task_instances = False",
            "Every restart of the scheduler, including deployments, stops all running containers.",
            f"[{section}] adopt_task_instances = True",
        )


CREDENTIALS: Mapping[Kind, str] = {
    Kind.CREDENTIALS: "credentials",
    Kind.UNREACHABLE: "reach",
}


def of_access(found: Identity | AwsError, section: str, region: str, conn_id: str) -> Iterator[Finding]:
    """Whether AWS accepts our credentials, and whether our clock is right."""
    if isinstance(found, AwsError):
        check = CREDENTIALS.get(found.kind, "identity")
        by = (
            f"[{section}] conn_id = {conn_id}"
            if conn_id
            else "boto3's own chain (a role, a profile, variables)"
        )
        yield error(
            check,
            f"The caller's identity could not be determined: {found}",
            "No call will succeed."
            if check != "reach"
            else f"No call to {region} succeeds, unless STS alone is out of reach, as from a VPC without its "
            "endpoint. Nothing else was checked.",
            found.remedy or f"Credentials come from {by}: renew them, or use others with conn_id.",
        )
        return
    yield from could_not_ask("the clock", found.ahead, "Check it with NTP (chrony, systemd-timesyncd).")
    if isinstance(found.ahead, float) and abs(found.ahead) > SKEW_WARNED:
        severity = Severity.ERROR if abs(found.ahead) > SKEW_REFUSED else Severity.WARNING
        side = "ahead of" if found.ahead > 0 else "behind"
        yield Finding(
            check="clock",
            severity=severity,
            what=f"This machine's clock is {abs(found.ahead):.0f} s {side} AWS's",
            why="AWS rejects requests whose signature is more than 5 minutes off; tokens also expire early.",
            change="Synchronize the clock with NTP (chrony, systemd-timesyncd).",
        )


def of_simulation(denied: tuple[str, ...] | Unasked | None, section: str) -> Iterator[Finding]:
    """The permissions that IAM's simulation would deny."""
    yield from could_not_ask("permissions (iam:SimulatePrincipalPolicy)", denied)
    if isinstance(denied, tuple):
        for action in denied:
            yield (warning if action in FOR_EVENTS else error)(
                "permission",
                f"The scheduler's identity is not allowed {action}",
                WHY_DENIED.get(action, "Tasks cannot be started and monitored without it."),
                f"Attach the policy that `aws-executors iam-policy --section {section}` prints.",
            )


FOR_EVENTS: Mapping[str, str] = {
    "sqs:ReceiveMessage": "Events are not received; containers are polled as without events_queue.",
    "sqs:DeleteMessage": "Events come again and again, until the queue gives them up.",
    "sqs:ChangeMessageVisibility": "Events for other schedulers come to them half a minute late.",
    "sqs:GetQueueAttributes": "Whether events pile up cannot be checked.",
}
WHY_DENIED: Mapping[str, str] = {
    **FOR_EVENTS,
    "iam:PassRole": "RunTask is refused without permission to pass the roles of the task definition.",
    "s3:ListBucket": "Containers that wait for a workload are not seen: every task gets one of its own.",
    "ecs:ListTasks": "After a crash, containers cannot be found by their token.",
    "batch:ListJobs": "After a crash, jobs cannot be found by their name, and may run twice.",
    "ecs:StopTask": "Containers of cleared tasks keep running, and cost money.",
    "batch:TerminateJob": "Jobs of cleared tasks keep running, and cost money.",
}

ORDER: Mapping[Severity, int] = {severity: place for place, severity in enumerate(Severity)}


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings without duplicates, the worst first.

    >>> [str(one.severity) for one in worst_first((advice("a", "", "", ""), error("b", "", "", "")))]
    ['error', 'advice']
    """
    return tuple(sorted(dict.fromkeys(findings, True), key=_place))


def _place(finding: Finding) -> int:
    return ORDER[finding.severity]


# --- Checks that containers of both services have in common ---------------------------------------------

API_VARIABLE = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
SWALLOWS: tuple[tuple[str, ...], ...] = (("sh", "-c"), ("/bin/sh", "-c"), ("bash", "-c"), ("/bin/bash", "-c"))


def of_variables(variables: Mapping[str, str], place: str, airflow: Airflow) -> Iterator[Finding]:
    """Whether the container knows where Airflow's API is; `place` is where its variables are set."""
    own = variables.get(API_VARIABLE)
    own = None if own is None else mask(own)
    change = f"{place}: environment {API_VARIABLE} = {DEFAULT_API}"
    why = "The container gets its work from this address; the default is localhost, the container itself."
    if own is None:
        what = f"{place} does not set {API_VARIABLE}"
        yield advice(
            "container-api-url", what, why + " (The image may set it; that is not visible here.)", change
        )
    elif _host_and_path(own)[0] in LOOPBACK:
        yield error("container-api-url", f"{place} sets {API_VARIABLE} = {own}, its own address", why, change)
    elif airflow.api_url and own.rstrip("/") != airflow.api_url.rstrip("/"):
        what = f"{place} sets {API_VARIABLE} = {own}, and the scheduler has {airflow.api_url}"
        yield advice(
            "container-api-url", what, "This is right only if both lead to the same API server.", change
        )


def of_entrypoint(entrypoint: tuple[str, ...], place: str) -> Iterator[Finding]:
    """Whether the entrypoint runs the command that it is given."""
    if entrypoint[:2] in SWALLOWS:
        yield error(
            "entrypoint",
            f"{place} has the entrypoint {list(entrypoint)}",
            "It runs only the first word of the command: Python starts, but no task.",
            f'{place}: remove entryPoint, or make it a script that ends with exec "$@"',
        )
