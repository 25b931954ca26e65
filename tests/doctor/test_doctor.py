"""`doctor` finds what is planted, one by one, with the right line to change, and nothing on a sound set-up.

Law: the whole command runs, against the embedded AWS and (for STS, IAM and EC2) the small world beside it.
What is planted is an option, a variable, or something in one of these worlds.
"""

import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from returns.result import Result, Success

import aws_executors
from aws_executors.cli.__main__ import main
from aws_executors.core.aws.errors import AwsError
from aws_executors.doctor.checks.findings import Unasked
from aws_executors.doctor.probe import methods
from aws_executors.doctor.registry import image_seen
from aws_executors.local import LocalAws
from aws_executors.local.http.wire import Request
from aws_executors.shell.aws.s3 import S3Calls
from doctor.query_services import OURS, QueryServices
from support.airflow_features import TEAMS, needs

LOGS = {
    "logDriver": "awslogs",
    "options": {
        "awslogs-group": "/airflow",
        "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "airflow",
    },
}
SOURCE = Path(aws_executors.__file__).parent
EXECUTORS = "aws_executors.executors.AwsEcsFargateExecutor"
ECS = {
    "REGION": "us-east-1",
    "CLUSTER": "etl",
    "CONTAINER_NAME": "main",
    "TASK_DEFINITION": "sound",
    "SUBNETS": "subnet-1,subnet-2",
    "SECURITY_GROUPS": "sg-1",
    "ADOPT_TASK_INSTANCES": "True",
}
BATCH = {
    "REGION": "us-east-1",
    "JOB_NAME": "airflow",
    "JOB_QUEUE": "sound",
    "JOB_DEFINITION": "sound",
    "ADOPT_TASK_INSTANCES": "True",
}
VARIABLE = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
HOST = socket.gethostname()
READ_ECS = ("DescribeTaskDefinition", "DescribeTasks", "ListTasks")
ECS_ACTIONS = {f"ecs:{name}" for name in ("RunTask", "StopTask", *READ_ECS)}
BATCH_ACTIONS = {f"batch:{name}" for name in ("SubmitJob", "TerminateJob", "DescribeJobs", "ListJobs")}


def container(api: str | None, **more: Any) -> dict[str, Any]:
    made = {"name": "main", "image": "1.dkr.ecr.us-east-1.amazonaws.com/a:1", "logConfiguration": LOGS} | more
    variables = [{"name": VARIABLE, "value": api}] if api else []
    return {name: value for name, value in made.items() if value is not None} | {"environment": variables}


def family(name: str, *containers: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = {
        "family": name,
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "taskRoleArn": "arn:aws:iam::123456789012:role/task",
        "containerDefinitions": list(containers),
    } | more
    return {name: value for name, value in made.items() if value is not None}


def families(api: str) -> Iterator[dict[str, Any]]:
    good = container(api)
    yield family("sound", good)
    yield family(
        "sidecars", container(api, essential=False), {"name": "side", "image": "x:1", "essential": True}
    )
    yield family("ec2only", container(api, memoryReservation=64), networkMode="bridge", cpu=None, memory=None)
    yield family("silent", container(api, logConfiguration=None))
    lost = LOGS | {"options": {**LOGS["options"], "awslogs-group": "/lost"}}  # type: ignore[dict-item]
    yield family("lost-logs", container(api, logConfiguration=lost))
    bare = {"awslogs-group": "/airflow", "awslogs-region": "us-east-1"}
    yield family("no-prefix", container(api, logConfiguration={"logDriver": "awslogs", "options": bare}))
    yield family("no-role", good, executionRoleArn=None)
    yield family("shell", container(api, entryPoint=["sh", "-c"]))
    yield family("again", container(api, restartPolicy={"enabled": True}))
    yield family("no-address", container(None))
    yield family("itself", container("http://localhost:8080/execution/"))
    yield family("elsewhere", container("https://other.example.com/execution/"))
    yield family("old", good)
    abroad = LOGS | {"options": {**LOGS["options"], "awslogs-region": "eu-west-1"}}  # type: ignore[dict-item]
    yield family("logs-abroad", container(api, logConfiguration=abroad))


def jobs(api: str) -> Iterator[dict[str, Any]]:
    def job(
        name: str, address: str | None = api, *, vcpus: str = "1", memory: str = "2048", **more: Any
    ) -> dict[str, Any]:
        properties = {
            "image": "1.dkr.ecr.us-east-1.amazonaws.com/a:1",
            "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
            "resourceRequirements": [{"type": "VCPU", "value": vcpus}, {"type": "MEMORY", "value": memory}],
            "environment": [{"name": VARIABLE, "value": address}] if address else [],
        }
        made = {
            "jobDefinitionName": name,
            "type": "container",
            "platformCapabilities": ["FARGATE"],
            "containerProperties": properties,
        } | more
        return {key: value for key, value in made.items() if value is not None}

    yield job("sound")
    yield job("huge", vcpus="16", memory="32768")
    yield job("ec2only", platformCapabilities=["EC2"])
    yield job("retries", retryStrategy={"attempts": 3})
    yield job("timeout", timeout={"attemptDurationSeconds": 600})
    yield job("no-address", None)
    yield job("old")
    several = {"taskProperties": [{"containers": [container(api), {"name": "side", "image": "x:1"}]}]}
    yield job("several", containerProperties=None, ecsProperties=several)


def environments(aws: LocalAws) -> None:
    client = aws.client("batch")
    for name, state in (("sound", "ENABLED"), ("off", "DISABLED")):
        client.create_compute_environment(
            computeEnvironmentName=name,
            type="MANAGED",
            state=state,
            computeResources={
                "type": "FARGATE",
                "maxvCpus": 8,
                "subnets": ["subnet-1"],
                "securityGroupIds": ["sg-1"],
            },
        )
    for name, state, order in (
        ("sound", "ENABLED", ("sound",)),
        ("off", "DISABLED", ("sound",)),
        ("nowhere", "ENABLED", ("off",)),
        ("half", "ENABLED", ("off", "sound")),
    ):
        client.create_job_queue(
            jobQueueName=name,
            state=state,
            priority=1,
            computeEnvironmentOrder=[
                {"order": place, "computeEnvironment": one} for place, one in enumerate(order)
            ],
        )
    client.create_job_queue(
        jobQueueName="fair",
        priority=1,
        schedulingPolicyArn="arn:aws:batch:us-east-1:123456789012:scheduling-policy/fair",
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "sound"}],
    )


@pytest.fixture(scope="module")
def others() -> Iterator[QueryServices]:
    with QueryServices() as world:
        yield world


@pytest.fixture(scope="module")
def aws(others: QueryServices) -> Iterator[LocalAws]:
    api = f"http://{HOST}:{others.port}/execution/"
    with LocalAws(keep_requests=True) as world:
        ecs, batch = world.client("ecs"), world.client("batch")
        world.client("logs").create_log_group(logGroupName="/airflow")
        ecs.create_cluster(clusterName="etl", capacityProviders=["FARGATE"])
        for one in families(api):
            ecs.register_task_definition(**one)
        ecs.deregister_task_definition(taskDefinition="old:1")
        environments(world)
        world.client("s3").create_bucket(Bucket="cells")
        for one in jobs(api):
            batch.register_job_definition(**one)
        for one in [one for one in jobs(api) if one["jobDefinitionName"] == "sound"] * 120:
            batch.register_job_definition(**one | {"jobDefinitionName": "many"})
        for revision in range(1, 120):
            batch.deregister_job_definition(jobDefinition=f"many:{revision}")
        batch.deregister_job_definition(jobDefinition="old:1")
        yield world


@pytest.fixture
def set_up(aws: LocalAws, others: QueryServices, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A sound set-up, by variables; Airflow is imported before it hears of a remote log that is not there."""
    import airflow.settings  # noqa: F401

    others.arn, others.ahead, others.denied = "arn:aws:sts::123456789012:assumed-role/s/i", 0.0, set()
    others.subnets = {"subnet-1": ("vpc-1", 200), "subnet-2": ("vpc-1", 200)}
    others.groups = {"sg-1": "vpc-1"}
    others.routes, others.endpoints, others.quota = {"vpc-1": "nat-1", "vpc-2": "nat-2"}, set(), 4000.0
    others.images = {"1": {"architecture": "amd64", "config": {"Entrypoint": ["/usr/bin/dumb-init", "--"]}}}
    for section, options in (("ECS_FARGATE", ECS), ("BATCH", BATCH)):
        for name, value in options.items():
            monkeypatch.setenv(f"AIRFLOW__{section}__{name}", value)
    for name, value in {
        "AIRFLOW__CORE__EXECUTOR": f"{EXECUTORS},aws_executors.executors.AwsBatchExecutor",
        VARIABLE: f"http://{HOST}:{others.port}/execution/",
        "AIRFLOW__LOGGING__REMOTE_LOGGING": "True",
        "AWS_ENDPOINT_URL": aws.url,
        "no_proxy": "*",
        **others.environment(),
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def warm(set_up: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The same on ECS with warm containers."""
    set_up.setenv("AIRFLOW__ECS_FARGATE__WARM_IDLE", "120")
    set_up.setenv("AIRFLOW__ECS_FARGATE__WORKLOAD_STORE", "s3://cells/w")
    set_up.setenv(OPTION + "TASK_DEFINITION", "sound:1")
    return set_up


def found(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, str]]:
    code = main(["doctor", "--output", "json", *words])
    findings: list[dict[str, str]] = json.loads(capsys.readouterr().out)
    assert code == any(one["severity"] == "error" for one in findings)
    return findings


@pytest.mark.usefixtures("set_up")
def test_nothing_is_found_on_a_sound_set_up(
    others: QueryServices, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(others.asked)
    assert found(capsys) == []
    simulated = {
        value
        for form in others.asked[before:]
        for key, value in form.items()
        if key.startswith("ActionNames.member.")
    }
    assert simulated == {"iam:PassRole", "logs:GetLogEvents", *ECS_ACTIONS, *BATCH_ACTIONS}


@contextmanager
def no_http() -> Iterator[int]:
    """The port of a server that speaks something else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            with suppress(OSError):
                while True:
                    with server.accept()[0] as connection:
                        connection.recv(1000)
                        connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

        threading.Thread(target=greet, daemon=True).start()
        yield int(server.getsockname()[1])


def test_an_image_that_a_proxy_does_not_let_through_is_not_looked_at() -> None:
    answers: dict[str, dict[str, object]] = {
        "batch_get_image": {"images": [{"imageManifest": '{"config": {"digest": "sha256:1"}}'}]},
        "get_download_url_for_layer": {},
    }

    def ask(_: str, operation: str, **__: object) -> Result[Mapping[str, Any], AwsError]:
        return Success(answers[operation])

    with no_http() as port:
        answers["get_download_url_for_layer"] = {"downloadUrl": f"http://127.0.0.1:{port}/layer"}
        seen = image_seen(ask, "1.dkr.ecr.us-east-1.amazonaws.com/a:1", "us-east-1", "X86_64")
    assert isinstance(seen, Unasked)
    assert "SSH-2.0" in seen.why


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:SSH/execution/", "SSH-2.0"),
        ("http://[::1/execution/", "Invalid IPv6 URL"),
        ("http://airflow.example.com:abc/execution/", "is not a URL"),
        (f"http://airflow:hunter2@{HOST}:PORT/execution/", "contains a user name or password"),
    ],
)
def test_an_address_at_which_no_api_can_be_is_a_finding(
    address: str,
    why: str,
    set_up: pytest.MonkeyPatch,
    others: QueryServices,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with no_http() as ssh:
        set_up.setenv(VARIABLE, address.replace(":SSH", f":{ssh}").replace(":PORT", f":{others.port}"))
        findings = found(capsys, "--section", "ecs_fargate")
    (reach,) = [one for one in findings if one["check"] == "api-reach"]
    assert why in reach["what"]
    assert "hunter2" not in str(findings)


@pytest.mark.usefixtures("set_up")
def test_it_changes_nothing(aws: LocalAws, capsys: pytest.CaptureFixture[str]) -> None:
    before = aws.calls()
    found(capsys)
    made = {name for name, tally in aws.calls().items() if tally != before.get(name)}
    assert {name.partition(".")[2].startswith("Describe") for name in made} == {True}


def test_a_profile_that_nobody_has_is_a_finding(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv("AWS_PROFILE", "nobody")
    methods.cache_clear()
    told = [one for one in found(capsys) if one["check"] == "credentials"]
    assert {one["what"].partition(": ")[2] for one in told} == {
        "ProfileNotFound: The config profile (nobody) could not be found"
    }


@needs(TEAMS)
def test_a_team_is_examined_by_its_own_connection(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv("AIRFLOW__CORE__MULTI_TEAM", "True")
    for name, value in {**ECS, "CONN_ID": "aws_own"}.items():
        set_up.setenv(f"AIRFLOW__RED___ECS_FARGATE__{name}", value)
    set_up.setenv("AIRFLOW_CONN__RED___AWS_OWN", '{"conn_type": "aws", "login": "k", "password": "s"}')
    findings = found(capsys, "--section", "ecs_fargate", "--team", "red")
    assert [one for one in findings if one["check"] == "credentials"] == []


OPTION = "AIRFLOW__ECS_FARGATE__"
JOB = "AIRFLOW__BATCH__"
SPOT: dict[str, str | None] = {OPTION + "CAPACITY_PROVIDER_STRATEGY": "FARGATE_SPOT:1,FARGATE:1"}
ON_EC2: dict[str, str | None] = {OPTION + "LAUNCH_TYPE": "EC2"}
CLOSED = "http://127.0.0.1:9"

PLANTED: list[tuple[dict[str, str | None], str, str, str]] = [
    # variables (None: not set), the check, its severity, the line to change
    ({OPTION + "REGION": None}, "settings", "error", "set [ecs_fargate] region = us-east-1"),
    ({OPTION + "WORKERS": "many"}, "settings", "error", "set [ecs_fargate] workers = 48"),
    ({OPTION + "CLUSTR": "etl"}, "settings", "error", "did you mean cluster? rename clustr"),
    (
        {OPTION + "SUBNETS": None, OPTION + "SECURITY_GROUPS": None},
        "settings",
        "error",
        "[ecs_fargate] subnets",
    ),
    (
        {OPTION + "REQUEST_BUILDER": "no_such.build"},
        "settings",
        "error",
        "put it in Airflow's plugins folder",
    ),
    (
        {OPTION + "ADOPT_TASK_INSTANCES": "False"},
        "adoption",
        "advice",
        "[ecs_fargate] adopt_task_instances = True",
    ),
    ({OPTION + "CONN_ID": "nobody"}, "credentials", "error", "add a connection 'nobody' of type 'aws'"),
    ({"AIRFLOW__CORE__EXECUTOR": "LocalExecutor"}, "executor", "warning", "[core] executor = aws_executors."),
    ({VARIABLE: None}, "api-url", "error", "[core] execution_api_server_url = https://"),
    ({VARIABLE: "http://localhost:8080/execution/"}, "api-url", "error", "[core] execution_api_server_url"),
    ({VARIABLE: f"http://{HOST}:PORT"}, "api-url", "error", "/execution/"),
    ({VARIABLE: f"http://{HOST}:9/execution/"}, "api-reach", "warning", "try doctor --launch"),
    (
        {VARIABLE: f"http://{HOST}:PORT/other/execution/"},
        "api-reach",
        "warning",
        "[core] execution_api_server_url",
    ),
    ({"AIRFLOW__API_AUTH__JWT_SECRET": None}, "jwt-secret", "error", "[api_auth] jwt_secret"),
    (
        {"AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60"},
        "queued-timeout",
        "warning",
        "task_queued_timeout = 600",
    ),
    (
        {"AIRFLOW__LOGGING__REMOTE_LOGGING": "False"},
        "remote-logging",
        "advice",
        "[logging] remote_logging = True",
    ),
    ({"AWS_ENDPOINT_URL_STS": CLOSED}, "reach", "error", ""),
    ({"AWS_SECRET_ACCESS_KEY": None, "AWS_ACCESS_KEY_ID": None}, "credentials", "error", "redentials"),
    ({OPTION + "CLUSTER": "elt"}, "cluster-missing", "error", "[ecs_fargate] cluster"),
    (SPOT, "provider-missing", "error", "--capacity-providers FARGATE FARGATE_SPOT"),
    (ON_EC2, "no-instances", "warning", "[ecs_fargate] launch_type = FARGATE"),
    ({OPTION + "TASK_DEFINITION": "sonud"}, "definition-missing", "error", "[ecs_fargate] task_definition"),
    ({OPTION + "TASK_DEFINITION": "old:1"}, "definition-inactive", "error", "task_definition = old"),
    (
        {OPTION + "CONTAINER_NAME": "airflow"},
        "container-name",
        "error",
        "[ecs_fargate] container_name = main",
    ),
    (
        {OPTION + "TASK_DEFINITION": "sidecars"},
        "not-essential",
        "warning",
        "container 'main' essential = true",
    ),
    (
        {OPTION + "TASK_DEFINITION": "ec2only"},
        "not-for-fargate",
        "error",
        "requiresCompatibilities = FARGATE",
    ),
    ({OPTION + "PLATFORM_VERSION": "1.3.0"}, "platform-version", "warning", "platform_version = LATEST"),
    (
        ON_EC2 | {OPTION + "SUBNETS": None, OPTION + "SECURITY_GROUPS": None},
        "subnets",
        "error",
        "subnets = subnet-",
    ),
    (
        ON_EC2 | {OPTION + "TASK_DEFINITION": "ec2only"},
        "subnets",
        "error",
        "remove subnets from [ecs_fargate]",
    ),
    ({OPTION + "TASK_DEFINITION": "silent"}, "log-driver", "warning", "logConfiguration = awslogs"),
    (
        {OPTION + "TASK_DEFINITION": "lost-logs"},
        "log-group",
        "error",
        "create-log-group --log-group-name /lost",
    ),
    ({OPTION + "TASK_DEFINITION": "no-prefix"}, "log-prefix", "warning", "awslogs-stream-prefix = airflow"),
    ({OPTION + "TASK_DEFINITION": "no-role"}, "execution-role", "error", "executionRoleArn = a role with"),
    ({OPTION + "TASK_DEFINITION": "again"}, "restart-policy", "warning", "restartPolicy enabled = false"),
    ({OPTION + "TASK_DEFINITION": "shell"}, "entrypoint", "error", "remove entryPoint"),
    ({OPTION + "TASK_DEFINITION": "no-address"}, "container-api-url", "advice", f"environment {VARIABLE} ="),
    ({OPTION + "TASK_DEFINITION": "itself"}, "container-api-url", "error", f"environment {VARIABLE} ="),
    ({OPTION + "TASK_DEFINITION": "elsewhere"}, "container-api-url", "advice", f"environment {VARIABLE} ="),
    ({OPTION + "SUBNETS": "subnet-1,subnet-9"}, "subnet-missing", "error", "subnets = subnet-1"),
    ({OPTION + "SECURITY_GROUPS": "sg-1,sg-9"}, "security-group-missing", "error", "security_groups = sg-1"),
    ({JOB + "JOB_QUEUE": "suond"}, "queue-missing", "error", "[batch] job_queue"),
    (
        {JOB + "JOB_QUEUE": "off"},
        "queue-disabled",
        "error",
        "update-job-queue --job-queue off --state ENABLED",
    ),
    ({JOB + "JOB_QUEUE": "fair"}, "share-identifier", "error", "[batch] submit_job_kwargs"),
    (
        {JOB + "JOB_QUEUE": "nowhere"},
        "environment-disabled",
        "error",
        "--compute-environment off --state ENABLED",
    ),
    (
        {JOB + "JOB_QUEUE": "half"},
        "environment-disabled",
        "warning",
        "--compute-environment off --state ENABLED",
    ),
    ({JOB + "JOB_DEFINITION": "huge"}, "too-large", "error", "maxvCpus"),
    ({JOB + "JOB_DEFINITION": "suond"}, "definition-missing", "error", "[batch] job_definition"),
    ({JOB + "JOB_DEFINITION": "old"}, "definition-inactive", "error", "[batch] job_definition = old"),
    ({JOB + "JOB_DEFINITION": "ec2only"}, "platform", "error", "platformCapabilities = FARGATE"),
    ({JOB + "CONTAINER_NAME": "main"}, "container-name", "error", "remove container_name from [batch]"),
    ({JOB + "JOB_DEFINITION": "several"}, "container-name", "error", "[batch] container_name = main"),
    ({JOB + "JOB_DEFINITION": "retries"}, "batch-retries", "warning", "retryStrategy attempts = 1"),
    ({JOB + "JOB_DEFINITION": "timeout"}, "batch-timeout", "advice", "execution_timeout="),
    ({JOB + "JOB_DEFINITION": "no-address"}, "container-api-url", "advice", f"environment {VARIABLE} ="),
]
ALSO = {
    "not-for-fargate": {"subnets"},  # what is for EC2 alone has no awsvpc network either
    "subnets": {"no-instances"},
    "api-url": {"api-reach", "container-api-url"},
    "api-reach": {"container-api-url"},
}
"""What else the same mistake leads to."""


@pytest.mark.parametrize(
    ("variables", "check", "severity", "line"),
    PLANTED,
    ids=[f"{n}-{row[1]}" for n, row in enumerate(PLANTED)],
)
def test_what_is_planted_is_found(
    variables: dict[str, str | None],
    check: str,
    severity: str,
    line: str,
    set_up: pytest.MonkeyPatch,
    others: QueryServices,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        if value is None:
            set_up.delenv(name)
        else:
            set_up.setenv(name, value.replace("PORT", str(others.port)))
    section = "batch" if any(name.startswith(JOB) for name in variables) else "ecs_fargate"
    findings = found(capsys, "--section", section)
    own = [one for one in findings if one["check"] == check]
    assert own, findings
    assert own[0]["severity"] == severity
    assert line in own[0]["change"]
    assert {one["check"] for one in findings} - {check} <= ALSO.get(check, set())
    assert all(one["what"] and one["why"] for one in own)


def far_subnet(world: QueryServices) -> None:
    world.subnets["subnet-2"] = ("vpc-2", 200)


def full_subnet(world: QueryServices) -> None:
    world.subnets["subnet-2"] = ("vpc-1", 2)


def far_group(world: QueryServices) -> None:
    world.groups["sg-1"] = "vpc-2"


def nothing_may_be_passed(world: QueryServices) -> None:
    world.denied = {"iam:PassRole"}


def nothing_may_be_stopped(world: QueryServices) -> None:
    world.denied = {"batch:TerminateJob"}


def no_way_out(world: QueryServices) -> None:
    world.routes["subnet-2"] = ""


def some_endpoints_alone(world: QueryServices) -> None:
    world.routes, world.endpoints = {"vpc-1": ""}, {"ecr.api", "ecr.dkr", "s3"}


def a_gateway_that_is_gone(world: QueryServices) -> None:
    world.routes["subnet-1"] = "gone"


def no_public_address(world: QueryServices) -> None:
    world.routes["subnet-1"] = "igw-1"


def tiny_quota(world: QueryServices) -> None:
    world.quota = 0.125


def small_quota(world: QueryServices) -> None:
    world.quota = 6.0


def lost_image(world: QueryServices) -> None:
    world.images = {}


def other_machines(world: QueryServices) -> None:
    world.images["1"] = {"architecture": "arm64"}


def an_index_without_ours(world: QueryServices) -> None:
    arm = {"digest": "sha256:a", "platform": {"os": "linux", "architecture": "arm64"}}
    proof = {"digest": "sha256:b", "platform": {"os": "unknown", "architecture": "unknown"}}
    world.images["1"] = {"manifests": [arm, proof]}


def a_shell_in_the_image(world: QueryServices) -> None:
    world.images["1"] = {
        "manifests": [{"digest": "sha256:a", "platform": {"os": "linux", "architecture": "amd64"}}]
    }
    world.images["a"] = {"architecture": "amd64", "config": {"Entrypoint": ["/bin/sh", "-c"]}}


@pytest.mark.usefixtures("set_up")
def test_what_docker_writes_as_null_is_not_set(
    others: QueryServices, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = {"Entrypoint": None, "Env": None, "Volumes": None}
    others.images["1"] = {"architecture": "amd64", "config": nothing}
    assert found(capsys, "--section", "ecs_fargate") == []


def fast_clock(world: QueryServices) -> None:
    world.ahead = 90.0


def wrong_clock(world: QueryServices) -> None:
    world.ahead = -3600.0


IN_THE_ACCOUNT: list[tuple[Callable[[QueryServices], None], str, str, str, str]] = [
    (far_subnet, "ecs_fargate", "several-vpcs", "error", "[ecs_fargate] subnets = subnet-1"),
    (
        full_subnet,
        "ecs_fargate",
        "subnet-full",
        "warning",
        "[ecs_fargate] subnets = subnet-1,subnet-2,a larger",
    ),
    (
        far_group,
        "batch",
        "other-vpc",
        "error",
        "compute environment sound security_groups = one of vpc-1",
    ),
    (nothing_may_be_passed, "ecs_fargate", "permission", "error", "iam-policy --section ecs_fargate"),
    (nothing_may_be_stopped, "batch", "permission", "error", "iam-policy --section batch"),
    (no_way_out, "ecs_fargate", "no-way-out", "error", "Route 0.0.0.0/0 of subnet-2 to a NAT gateway"),
    (some_endpoints_alone, "batch", "no-way-out", "error", "add endpoints for logs to vpc-1"),
    (a_gateway_that_is_gone, "batch", "route-blackhole", "error", "Route 0.0.0.0/0 of subnet-1 to a NAT"),
    (
        no_public_address,
        "ecs_fargate",
        "no-public-address",
        "error",
        "[ecs_fargate] assign_public_ip = True, or use subnets with a NAT gateway",
    ),
    (no_public_address, "batch", "no-public-address", "error", "assignPublicIp = ENABLED"),
    (lost_image, "ecs_fargate", "image-missing", "error", "image = one that exists"),
    (other_machines, "ecs_fargate", "image-platform", "error", "--platform linux/amd64"),
    (an_index_without_ours, "ecs_fargate", "image-platform", "error", "--platform linux/amd64"),
    (a_shell_in_the_image, "ecs_fargate", "entrypoint", "error", "remove entryPoint"),
    (lost_image, "batch", "image-missing", "error", "job definition sound:1: image ="),
    (tiny_quota, "ecs_fargate", "quota", "error", "--quota-code L-3032A538 --desired-value 8"),
    (small_quota, "batch", "quota", "advice", "[core] parallelism = 6"),
    (fast_clock, "batch", "clock", "warning", "NTP"),
    (wrong_clock, "batch", "clock", "error", "NTP"),
]


def test_at_least_forty_different_things_are_planted() -> None:
    """One by one; on a sound set-up none is found."""
    assert len({row[1] for row in PLANTED} | {row[2] for row in IN_THE_ACCOUNT}) >= 40


@pytest.mark.parametrize(("plant", "section", "check", "severity", "line"), IN_THE_ACCOUNT)
@pytest.mark.usefixtures("set_up")
def test_what_is_planted_in_the_account_is_found(
    plant: Callable[[QueryServices], None],
    section: str,
    check: str,
    severity: str,
    line: str,
    others: QueryServices,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant(others)
    findings = found(capsys, "--section", section)
    assert [(one["check"], one["severity"]) for one in findings] == [(check, severity)]
    assert line in findings[0]["change"]


ARN = "arn:aws:batch:us-east-1:123456789012:job-definition/"


@pytest.mark.parametrize("name", ["sound:1", f"{ARN}sound:1", f"{ARN}sound", "many", f"{ARN}many"])
def test_job_definitions_are_found_as_submit_job_takes_them(
    name: str, set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also by an ARN without a revision, and behind more than a page of inactive revisions."""
    set_up.setenv(JOB + "JOB_DEFINITION", name)
    assert found(capsys, "--section", "batch") == []


def test_a_log_group_is_looked_for_where_the_definition_says(
    set_up: pytest.MonkeyPatch, aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv(OPTION + "TASK_DEFINITION", "logs-abroad")
    said = [request.headers["authorization"] for request in asked_of_logs(aws, capsys)]
    assert [one.split("/")[2] for one in said] == ["eu-west-1"]


def asked_of_logs(aws: LocalAws, capsys: pytest.CaptureFixture[str]) -> list[Request]:
    """The requests to CloudWatch Logs that a run of doctor makes."""
    before = len(aws.requests())
    found(capsys, "--section", "ecs_fargate")
    return [one for one in aws.requests()[before:] if "Logs_" in one.headers.get("x-amz-target", "")]


def test_a_variable_of_the_image_is_seen(
    set_up: pytest.MonkeyPatch, others: QueryServices, capsys: pytest.CaptureFixture[str]
) -> None:
    api = f"http://{HOST}:{others.port}/execution/"
    others.images["1"] = {"architecture": "amd64", "config": {"Env": [f"{VARIABLE}={api}"]}}
    set_up.setenv(OPTION + "TASK_DEFINITION", "no-address")
    assert found(capsys, "--section", "ecs_fargate") == []


@pytest.mark.parametrize("section", ["ecs_fargate", "batch"])
def test_what_is_asked_is_what_the_policy_allows(
    section: str,
    set_up: pytest.MonkeyPatch,
    aws: LocalAws,
    others: QueryServices,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All of it, but for who we are, which needs no permission."""
    before, first = aws.calls(), len(others.asked)
    found(capsys, "--section", section)
    made = {name.replace(".", ":") for name, tally in aws.calls().items() if tally != before.get(name)}
    made |= {f"{SERVICES[form['Action']]}:{form['Action']}" for form in others.asked[first:]}
    assert (
        main(["iam-policy", "--section", section, "--account", "123456789012", "--role", "x", "--doctor"])
        == 0
    )
    statements = json.loads(capsys.readouterr().out)["Statement"]
    allowed = {
        action
        for one in statements
        for action in (one["Action"] if isinstance(one["Action"], list) else [one["Action"]])
    }
    assert made - allowed == {"sts:GetCallerIdentity"}
    (reads,) = [one["Action"] for one in statements if one["Sid"] == "DoctorReads"]
    assert set(reads) - made <= NOT_ALWAYS


def test_a_sound_set_up_of_warm_containers(
    warm: pytest.MonkeyPatch, aws: LocalAws, others: QueryServices, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(others.asked)
    findings = found(capsys, "--section", "ecs_fargate")
    assert [(one["severity"], one["change"]) for one in findings if "image" in one["what"]] == [
        ("unknown", "aws-executors doctor --launch")
    ]
    # The embedded S3 knows no lifecycle rules; moto does, in tests/foreign.
    assert {one["severity"] for one in findings} == {"unknown"}
    assert len(findings) == 2
    assert "contents" not in str(aws.client("s3").list_objects_v2(Bucket="cells")).lower()
    simulated = str(others.asked[before:])
    assert all(action in simulated for action in ("s3:ListBucket", "s3:PutObject", "s3:DeleteObject"))


@pytest.mark.parametrize(
    ("section", "option"), [("ecs_fargate", "task_definition"), ("batch", "job_definition")]
)
def test_a_definition_without_its_revision_is_told_where_containers_are_shared(
    section: str, option: str, warm: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    warm.setenv("AIRFLOW__BATCH__WARM_IDLE", "120")
    warm.setenv("AIRFLOW__BATCH__WORKLOAD_STORE", "s3://cells/w")
    variable = f"AIRFLOW__{section}__{option}".upper()
    for named, told in (("sound", [f"[{section}] {option} = sound:7"]), ("sound:1", [])):
        warm.setenv(variable, named)
        changes = [one["change"] for one in found(capsys) if one["check"] == "warm-revision"]
        assert [change.partition(",")[0] for change in changes if f"[{section}]" in change] == told


@pytest.mark.parametrize("section", ["ecs_fargate", "batch"])
def test_a_container_tells_whether_the_image_has_the_package(
    section: str, warm: pytest.MonkeyPatch, aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    warm.setenv("AIRFLOW__BATCH__WARM_IDLE", "120")
    warm.setenv("AIRFLOW__BATCH__WORKLOAD_STORE", "s3://cells/w")
    findings = found(capsys, "--section", section, "--launch")
    assert [one for one in findings if "package" in one["what"] or one["check"] == "launch"] == []


def test_an_image_without_the_launcher_is_told(
    warm: pytest.MonkeyPatch, aws: LocalAws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An older version of the package stands before ours on the container's path."""
    (tmp_path / "aws_executors").mkdir()
    (tmp_path / "aws_executors" / "__init__.py").touch()
    own = container(None) | {"environment": [{"name": "PYTHONPATH", "value": str(tmp_path)}]}
    aws.client("ecs").register_task_definition(**family("unpacked", own))
    warm.setenv(OPTION + "TASK_DEFINITION", "unpacked")
    findings = found(capsys, "--section", "ecs_fargate", "--launch")
    (launch,) = [one for one in findings if one["check"] == "launch"]
    assert launch["what"].startswith("The image does not have this package")
    assert launch["change"].startswith("image: the scheduler's version of this package")


@pytest.mark.parametrize(
    ("store", "action", "code", "check", "severity"),
    [
        ("s3://elsewhere/w", "", "", "warm-cells", "error"),
        ("s3://cells/w", "s3.ListObjectsV2", "AccessDenied", "warm-cells", "error"),
        ("s3://cells/w", "s3.PutObject", "NotImplemented", "warm-cells", "error"),
        ("s3://cells/w", "s3.PutObject", "AccessDenied", "could-not-ask", "unknown"),
    ],
)
def test_a_store_that_serves_no_cells_is_told(
    store: str,
    action: str,
    code: str,
    check: str,
    severity: str,
    warm: pytest.MonkeyPatch,
    aws: LocalAws,
    capsys: pytest.CaptureFixture[str],
) -> None:
    warm.setenv("AIRFLOW__ECS_FARGATE__WORKLOAD_STORE", store)
    if action:
        aws.faults.refuse(action, code, "no", times=1)
    findings = found(capsys, "--section", "ecs_fargate")
    told = [one for one in findings if "Cells" in one["what"] or "conditional writes" in one["what"]]
    assert [(one["check"], one["severity"]) for one in told] == [(check, severity)]


def test_sts_alone_may_be_out_of_reach(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv("AWS_ENDPOINT_URL_STS", CLOSED)
    (told,) = [one for one in found(capsys, "--section", "batch") if one["check"] == "reach"]
    assert "unless STS alone is out of reach" in told["why"]


def test_a_store_that_keeps_to_no_condition_loses_no_cell(
    warm: pytest.MonkeyPatch, aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    s3, cell = aws.client("s3"), "w/cells/airflow/ecs_fargate/shape/0b6e-1"
    s3.put_object(Bucket="cells", Key=cell, Body=b"in use")

    def careless(self: S3Calls, bucket: str, key: str, body: bytes, _: str) -> Result[str, AwsError]:
        return self.clients.s3(lambda s3: s3.put_object(Bucket=bucket, Key=key, Body=body)["ETag"])

    warm.setattr(S3Calls, "put", careless)
    checks = [one["check"] for one in found(capsys, "--section", "ecs_fargate")]
    assert "warm-conditions" in checks
    assert s3.get_object(Bucket="cells", Key=cell)["Body"].read() == b"in use"
    s3.delete_object(Bucket="cells", Key=cell)
    assert "contents" not in str(s3.list_objects_v2(Bucket="cells")).lower()


@pytest.mark.parametrize("times", [1, 2])
def test_a_store_that_hides_what_is_not_there_is_asked_about_a_cell(
    times: int, warm: pytest.MonkeyPatch, aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    s3, cell = aws.client("s3"), "w/cells/airflow/ecs_fargate/shape/0b6e-1"
    s3.put_object(Bucket="cells", Key=cell, Body=b"in use")
    aws.faults.refuse("s3.PutObject", "AccessDenied", "no", times=times)
    checks = [one["check"] for one in found(capsys, "--section", "ecs_fargate")]
    assert ("warm-cells" in checks) is (times == 2)
    assert s3.get_object(Bucket="cells", Key=cell)["Body"].read() == b"in use"
    s3.delete_object(Bucket="cells", Key=cell)


def test_a_warm_step_without_a_store_is_one_error(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv("AIRFLOW__ECS_FARGATE__REQUEST_BUILDER", "containers.warm_ecs")
    (told,) = [one for one in found(capsys, "--section", "ecs_fargate") if one["severity"] == "error"]
    assert told["check"] == "settings"
    assert told["what"].startswith("[ecs_fargate] workload_store is missing; the step warm() in")
    assert told["change"].startswith("set [ecs_fargate] workload_store = s3://my-bucket/workloads")


SERVICES = {
    "GetCallerIdentity": "sts",
    "SimulatePrincipalPolicy": "iam",
    "GetServiceQuota": "servicequotas",
    "BatchGetImage": "ecr",
    "GetDownloadUrlForLayer": "ecr",
    **dict.fromkeys(
        ("DescribeSubnets", "DescribeSecurityGroups", "DescribeRouteTables", "DescribeVpcEndpoints"), "ec2"
    ),
}
NOT_ALWAYS = {"logs:DescribeLogGroups"}


@pytest.mark.usefixtures("set_up")
def test_endpoints_are_a_way_out_too(others: QueryServices, capsys: pytest.CaptureFixture[str]) -> None:
    others.routes, others.endpoints = {"vpc-1": ""}, {"ecr.api", "ecr.dkr", "logs", "s3"}
    assert found(capsys) == []


def test_a_public_address_is_a_way_out_too(
    set_up: pytest.MonkeyPatch, others: QueryServices, capsys: pytest.CaptureFixture[str]
) -> None:
    others.routes = {"vpc-1": "igw-1"}
    set_up.setenv(OPTION + "ASSIGN_PUBLIC_IP", "True")
    assert found(capsys, "--section", "ecs_fargate") == []


def test_what_can_not_be_asked_is_told_and_is_no_fault(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in OURS:
        set_up.delenv(f"AWS_ENDPOINT_URL_{name}")  # the embedded AWS has none of them, and no Date
    findings = found(capsys, "--section", "ecs_fargate")
    assert {one["severity"] for one in findings} == {"unknown"}
    asked = ("the subnets", "the security groups", "permissions", "the clock", "the quota", "the image")
    assert all(any(word in one["what"] for one in findings) for word in asked)
    assert len(findings) == len(asked)


@pytest.mark.parametrize(
    ("action", "section", "words"),
    [
        ("ecs.DescribeClusters", "ecs_fargate", "the cluster"),
        ("ecs.DescribeTaskDefinition", "ecs_fargate", "the task definition"),
        ("logs.DescribeLogGroups", "ecs_fargate", "the log group"),
        ("batch.DescribeJobQueues", "batch", "the job queue"),
        ("batch.DescribeComputeEnvironments", "batch", "the compute environments"),
        ("batch.DescribeJobDefinitions", "batch", "the job definition"),
    ],
)
@pytest.mark.usefixtures("set_up")
def test_a_denied_question_is_told(
    action: str, section: str, words: str, aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.faults.refuse(action, "AccessDeniedException", "not authorized to perform")
    findings = found(capsys, "--section", section)
    assert [one["severity"] for one in findings] == ["unknown"]
    assert words in findings[0]["what"]
    assert "AccessDeniedException" in findings[0]["what"]


@pytest.mark.usefixtures("set_up")
def test_an_answer_without_what_was_asked_for_is_told(
    others: QueryServices, capsys: pytest.CaptureFixture[str]
) -> None:
    others.quota = None
    (told,) = found(capsys, "--section", "ecs_fargate")
    assert "Could not check the quota of Fargate On-Demand vCPUs" in told["what"]
    assert "the response cannot be read" in told["what"]


@pytest.mark.parametrize("section", ["ecs_fargate", "batch"])
@pytest.mark.usefixtures("set_up")
def test_a_real_container_is_launched_only_when_asked_for(
    section: str, aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    action = {"ecs_fargate": "ecs.RunTask", "batch": "batch.SubmitJob"}[section]
    before = aws.calls().get(action, {"calls": 0})["calls"]
    assert found(capsys, "--section", section, "--launch") == []
    assert aws.calls()[action]["calls"] == before + 1
    assert aws.wait_idle(60)


@pytest.mark.parametrize(
    ("definition", "words"),
    [("no-address", "does not know where Airflow's API is"), ("itself", "cannot reach Airflow's API")],
)
def test_a_container_that_can_not_work_is_told(
    definition: str, words: str, set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv(OPTION + "TASK_DEFINITION", definition)
    findings = found(capsys, "--section", "ecs_fargate", "--launch")
    (launch,) = [one for one in findings if one["check"] == "launch"]
    assert words in launch["what"]
    assert launch["severity"] == "error"


MEASURED = {
    OPTION + "LAUNCHER": "aws_executors",
    OPTION + "USAGE": "True",
    OPTION + "TASK_DEFINITION": "another-image",
}


def test_the_launcher_of_the_image_is_asked(
    set_up: pytest.MonkeyPatch, aws: LocalAws, others: QueryServices, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in MEASURED.items():
        set_up.setenv(name, value)
    image_with(SOURCE.parent, aws, others)
    assert found(capsys, "--section", "ecs_fargate", "--launch") == []


@pytest.mark.parametrize(
    ("older", "words"),
    [(True, "does not know all options that this scheduler gives"), (False, "does not have this package")],
)
def test_an_image_whose_launcher_does_not_fit_is_told(
    older: bool,
    words: str,
    set_up: pytest.MonkeyPatch,
    aws: LocalAws,
    others: QueryServices,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    for name, value in MEASURED.items():
        set_up.setenv(name, value)
    there = tmp_path / SOURCE.name
    if older:
        shutil.copytree(SOURCE, there, ignore=shutil.ignore_patterns("__pycache__", "page", "templates"))
        program = there / "run" / "__main__.py"
        known = program.read_text().splitlines(keepends=True)
        program.write_text("".join(line for line in known if '"--usage"' not in line))
    else:
        there.mkdir()
        (there / "__init__.py").touch()
    image_with(tmp_path, aws, others)
    (launch,) = found(capsys, "--section", "ecs_fargate", "--launch")
    assert words in launch["what"]
    assert "the scheduler's version of this package" in launch["change"]


def image_with(path: Path, aws: LocalAws, others: QueryServices) -> None:
    """A task definition whose image has its packages there."""
    made = container(f"http://{HOST}:{others.port}/execution/")
    made["environment"].append({"name": "PYTHONPATH", "value": str(path)})
    aws.client("ecs").register_task_definition(**family("another-image", made))


@pytest.mark.usefixtures("set_up")
def test_a_refused_launch_is_told(aws: LocalAws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.faults.refuse("RunTask", "BlockedException", "Your account is currently blocked.")
    (launch,) = found(capsys, "--section", "ecs_fargate", "--launch")
    assert "Your account is currently blocked." in launch["what"]


@pytest.mark.usefixtures("set_up")
def test_a_container_that_does_not_start_is_stopped(
    aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.faults.delays(provision=[30, 30])
    (launch,) = found(capsys, "--section", "ecs_fargate", "--launch", "--launch-timeout", "1.5")
    aws.faults.delays()
    assert (launch["severity"], "has not started after 1.5 s" in launch["what"]) == ("warning", True)
    assert [task["desiredStatus"] for task in aws.tasks()][-1] == "STOPPED"


@pytest.mark.usefixtures("set_up")
def test_a_person_reads_what_why_and_the_change(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv(OPTION + "CONTAINER_NAME", "airflow")
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("error container-name\n  The task definition sound:1 has no container 'airflow'")
    assert "\n  change: [ecs_fargate] container_name = main\n" in said
    assert said.endswith("[ecs_fargate], [batch]: 1 error\n")
    assert "\x1b" not in said


def test_without_our_executors_it_says_what_to_say(
    set_up: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up.setenv("AIRFLOW__CORE__EXECUTOR", "LocalExecutor")
    assert main(["doctor"]) == 2
    assert "use --section" in capsys.readouterr().err
