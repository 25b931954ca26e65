"""The table of reasons: each row on what AWS really writes, and none hidden behind another.

Law: what AWS says is written here by hand, as people have met it; that every row is reachable, phrase by
phrase, is proved from the rows themselves.
"""

import re

import pytest

from aws_executors.core.ecs.answers import FAILURES
from aws_executors.core.reasons import REASONS, TABLES, reason_for
from aws_executors.core.reasons.row import ANYTHING, Reason, is_said
from aws_executors.core.state import Cause, Observation, Phase
from aws_executors.core.stops import NOT_WAITED_FOR, ORPHANED, SHUT_DOWN, TAKEN_BACK

INIT = "ResourceInitializationError: "
ASM = (
    INIT + "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve "
)
PULL = "CannotPullContainerError: "
ROLE = "User: arn:aws:sts::111122223333:assumed-role/airflow-execution/5d2e is not authorized to perform: "
ECR = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
START = "CannotStartContainerError: Error response from daemon: "
RUNC = START + "failed to create task for container: OCI runtime create failed: runc create failed: "

# By row: what AWS writes of such a container. One sentence at least for each.
SAID: dict[str, tuple[str, ...]] = {
    "image for another platform": (
        PULL + "pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor "
        "matching platform 'linux/amd64'",
        PULL + "no matching manifest for linux/amd64 in the manifest list entries",
    ),
    "image registry limits pulls": (
        (
            "CannotPullContainerError: inspect image has been retried 5 time(s): httpReaderSeeker: failed "
            "open: unexpected status code https://registry-1.docker.io/v2/airflow/manifests/3: 429 Too Many "
            "Requests - Server message: toomanyrequests: You have reached your pull rate limit."
        ),
    ),
    "image too large for the disk": (
        PULL + "write /var/lib/docker/tmp/GetImageBlob111111111: no space left on device",
    ),
    "image registry has no address": (
        PULL + "failed to do request: Head https://regsitry.example.com/v2/: dial tcp: lookup "
        "regsitry.example.com on 10.0.0.2:53: no such host",
    ),
    "image registry does not answer": (
        PULL
        + f'pull image manifest has been retried 5 time(s): failed to resolve ref "{ECR}/airflow:3": failed '
        f"to do request: Head https://{ECR}/v2/airflow/manifests/3: dial tcp 10.0.3.17:443: i/o timeout",
        PULL
        + f"API error (500): Get https://{ECR}/v2/: net/http: request canceled while waiting for connection",
    ),
    "image registry refuses connections": (
        PULL + "Get http://registry.internal:5000/v2/: dial tcp 10.0.3.17:5000: connect: connection refused",
    ),
    "image registry is not trusted": (
        PULL + "Get https://registry.internal/v2/: x509: certificate signed by unknown authority",
    ),
    "image layers out of reach": (
        PULL
        + "ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: failed to do "
        "request: Get https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/4b8: dial tcp "
        "52.216.1.1:443: connect: network is unreachable",
    ),
    "image may not be pulled": (
        PULL
        + f"AccessDeniedException: {ROLE}ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:111122223333:"
        "repository/airflow because no identity-based policy allows the action",
    ),
    "image registry forbids": (
        PULL
        + f"pull image manifest has been retried 1 time(s): failed to resolve ref {ECR}/airflow:3: pulling "
        "from host failed with status code [manifests 3]: 403 Forbidden",
    ),
    "image registry asks for a login": (
        PULL + f"API error (500): Get https://{ECR}/v2/airflow/manifests/3: no basic auth credentials",
        PULL + "Error response from daemon: pull access denied for airflow, repository does not exist or may "
        "require 'docker login'",
    ),
    "image not found": (
        PULL + f"API error (404): repository {ECR}/team/airflow not found",
        "CannotPullImageManifestError: Error response from daemon: manifest unknown: manifest unknown",
    ),
    "image name is no name": (PULL + "invalid reference format: repository name must be lowercase",),
    "image layers do not match": (
        PULL + "ref pull has been retried 1 time(s): number of layers and diffIDs don't match: 3 != 15",
    ),
    "image pull was cancelled": (PULL + "context canceled",),
    "image not pulled": ("CannotPullECRContainerError: AccessDenied",),
    "secret may not be read": (
        ASM
        + f"secret from asm: service call has been retried 1 time(s): api error AccessDeniedException: {ROLE}"
        "secretsmanager:GetSecretValue on resource: "
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-a1b2c3",
    ),
    "parameter may not be read": (
        ASM + f"secrets from ssm: service call has been retried 1 time(s): AccessDeniedException: {ROLE}"
        "ssm:GetParameters on resource: arn:aws:ssm:us-east-1:111122223333:parameter/db",
    ),
    "key may not be used": (
        ASM + "secret from asm: AccessDeniedException: Access to KMS is not allowed",
        ASM
        + f"secrets from ssm: AccessDeniedException: {ROLE}kms:Decrypt on resource: arn:aws:kms:us-east-1:1",
    ),
    "secret has no such key": (
        INIT
        + "unable to retrieve secret from asm: retrieved secret from Secrets Manager did not contain json "
        "key connectionString",
    ),
    "secret does not exist": (
        ASM + "secret from asm: service call has been retried 1 time(s): ResourceNotFoundException: Secrets "
        "Manager can't find the specified secret.",
    ),
    "secret is being deleted": (
        ASM
        + "secret from asm: InvalidRequestException: You can't perform this operation on the secret because "
        "it was marked for deletion.",
    ),
    "secret's name is not valid": (
        INIT + "unable to retrieve secret from asm: failed to fetch secret: api error ValidationException: "
        "Invalid name. Must be a valid name containing alphanumeric characters",
    ),
    "parameter does not exist": (ASM + "secrets from ssm: invalid parameters: /airflow/db",),
    "Secrets Manager out of reach": (
        ASM
        + "secret from asm: service call has been retried 5 time(s): failed to fetch secret db from secrets "
        "manager: RequestCanceled: request context canceled caused by: context deadline exceeded",
        ASM
        + "secret from asm: There is a connection issue between the task and AWS Secrets Manager. Check your "
        "task network configuration.",
    ),
    "Parameter Store out of reach": (
        ASM + "secrets from ssm: service call has been retried 5 time(s): RequestCanceled: request context "
        "canceled caused by: context deadline exceeded",
    ),
    "registry login may not be had": (
        ASM + f"ecr registry auth: service call has been retried 1 time(s): AccessDeniedException: {ROLE}"
        "ecr:GetAuthorizationToken on resource: *",
    ),
    "ECR out of reach": (
        ASM + "ecr registry auth: service call has been retried 3 time(s): RequestError: send request failed "
        "caused by: Post https://api.ecr.us-east-1.amazonaws.com/: dial tcp 52.94.1.1:443: i/o timeout",
    ),
    "registry login in a secret not had": (
        INIT + "unable to pull secrets or registry auth: execution resource retrieval failed: unable to get "
        "registry auth from asm: service call has been retried 1 time(s)",
    ),
    "role can not be assumed": (
        (
            "ECS was unable to assume the role 'arn:aws:iam::111122223333:role/airflow' that was provided "
            "for this task. Please verify that the role being passed has the proper trust relationship and "
            "permissions"
        ),
    ),
    "log group missing": (
        INIT + "failed to validate logger args: create stream has been retried 1 times: failed to create "
        "Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
    ),
    "log may not be written": (
        INIT
        + f"failed to validate logger args: AccessDeniedException: {ROLE}logs:CreateLogStream on resource: x",
    ),
    "CloudWatch Logs out of reach": (
        INIT + "failed to validate logger args: create stream has been retried 1 times: failed to create "
        "Cloudwatch log stream: RequestCanceled: request context canceled caused by: context deadline "
        "exceeded",
        INIT + "failed to validate logger args: : signal: killed",
    ),
    "log driver refused": (
        INIT + "failed to initialize logging driver: must specify a value for log opt 'awslogs-group'",
    ),
    "EFS has no address": (
        INIT + "failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve "
        '"fs-0123.efs.us-east-1.amazonaws.com" - check that your file system ID is correct',
    ),
    "EFS out of reach": (
        INIT
        + "failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: Connection timed "
        "out' : unsuccessful EFS utils command execution; code: 32",
    ),
    "EFS denies access": (
        INIT
        + "failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: access denied by "
        "server while mounting 127.0.0.1:/'",
    ),
    "EFS not mounted": (
        INIT + "failed to invoke EFS utils commands to set up EFS volumes: stderr: : unsuccessful EFS utils "
        "command execution; code: 1",
    ),
    "volume not made": (
        "CannotCreateVolumeError: Error response from daemon: create: duplicate volume name",
    ),
    "subnet without free addresses": (
        (
            "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment "
            "enabled in subnet 'subnet-1': InsufficientFreeAddressesInSubnet"
        ),
    ),
    "account without network interfaces": (
        (
            "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1': "
            "NetworkInterfaceLimitExceeded"
        ),
    ),
    "network interface came too late": ("Timeout waiting for network interface provisioning to complete.",),
    "network interface not made": (
        (
            "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-1': "
            "InvalidSubnetID.NotFound"
        ),
    ),
    "disk came too late": ("Timeout waiting for EphemeralStorage provisioning to complete.",),
    "environment file not read": (
        INIT + "failed to download env files: file download command: non empty error stream",
    ),
    "container not set up": (
        INIT + "failed to configure ENI: failed to setup regular eni: netplugin failed",
    ),
    "out of memory": (
        "OutOfMemoryError: Container killed due to memory usage",
        "Essential container in task exited; OutOfMemory: container killed",
    ),
    "command not in the image": (
        RUNC
        + 'unable to start container process: exec: "python": executable file not found in $PATH: unknown',
        START
        + "failed to create shim task: exec: /entrypoint.sh: stat /entrypoint.sh: no such file or directory",
    ),
    "command for another platform": (RUNC + "exec /usr/bin/dumb-init: exec format error",),
    "command may not be run": (RUNC + 'exec: "/entrypoint.sh": permission denied: unknown',),
    "GPU not to be had": (
        RUNC
        + "error running hook #0: nvidia-container-cli: initialization error: nvml error: driver not loaded",
    ),
    "too little memory to start": (
        START + "failed to start shim: fork/exec /usr/bin/docker-containerd-shim: cannot allocate memory",
        "CannotStartContainerError: failed to get container status: context deadline exceeded",
    ),
    "port taken": (START + "driver failed programming external connectivity: port is already allocated",),
    "user not in the image": (START + "unable to find user airflow: no matching entries in passwd file",),
    "no command": ("CannotCreateContainerError: Error response from daemon: No command specified",),
    "disk full": ("CannotCreateContainerError: API error: devmapper: no space left on device",),
    "not started": (START + "cgroups: cgroup deleted: unknown",),
    "not created": ("CannotCreateContainerError: API error (400): invalid mount config for type bind",),
    "too slow to stop": (
        "DockerTimeoutError: Could not transition to stopped; timed out after waiting 50s",
        "CannotStopContainerError: failed sending SIGTERM to container: no such process",
    ),
    "too slow to start": (
        "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m: context",
    ),
    "not inspected": ("CannotInspectContainerError: Could not transition; no such container",),
    "runtime failed": ("InternalError: unable to place the container", "ContainerRuntimeError: shim lost"),
    "queue gave the job up": (
        (
            "Canceled by JobStateTimeLimit action due to reason: "
            "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
        ),
    ),
    "queue too small": (
        (
            "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot "
            "meet the CPU requirement of the job."
        ),
    ),
    "no instance large enough": (
        (
            "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement (vCPU/memory/GPU) is "
            "higher than that can be met by the CE(s) attached to the job queue."
        ),
    ),
    "Batch lacks a permission": (
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS \u2013 Batch service role has a permission issue.",
    ),
    "instance type not supported": (
        (
            "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED - Your compute environment associated "
            "with this job queue has an unsupported instance type configuration."
        ),
    ),
    "queue misconfigured": ("MISCONFIGURATION:A_NEW_ONE - something else.",),
    "no instances to be had": (
        (
            "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested for "
            "instance type [p5.48xlarge]"
        ),
    ),
    "compute environments invalid": ("ACTION_REQUIRED - CE(s) associated with the job queue are invalid.",),
    "queue blocked": ("UNDETERMINED - Batch job is blocked, root cause is undetermined.",),
    "attempt too long": ("Job attempt duration exceeded timeout",),
    "job before it failed": ("Dependent Job failed",),
    "Spot capacity taken back": (
        "Your Spot Task was interrupted.",
        "SpotInterruptionError: Your Spot Task was interrupted.",
    ),
    "instance gone": ("Host EC2 (instance i-0123456789abcdef0) terminated.",),
    "instance deregistered": ("Container instance deregistration forced by user",),
    "maintenance": ("ECS is performing maintenance on the underlying infrastructure hosting the task.",),
    "health check failed": ("Task failed container health checks",),
    "service scaled in": ("Scaling activity initiated by (deployment ecs-svc/1234567890)",),
    "stopped by a scheduler": (ORPHANED, TAKEN_BACK, NOT_WAITED_FOR, SHUT_DOWN),
    "stopped by somebody": ("Task stopped by user",),
    "sidecar ended first": ("Essential container in task exited; sidecar: exit code 1",),
}
PLACES = {
    "RESOURCE:ENI": "TaskFailedToStart: RESOURCE:ENI",
    "RESOURCE:GPU": "TaskFailedToStart: RESOURCE:GPU",
    "RESOURCE:": "TaskFailedToStart: RESOURCE:MEMORY",
    "AGENT": "TaskFailedToStart: AGENT",
    "ATTRIBUTE": "TaskFailedToStart: ATTRIBUTE",
    "LOCATION": "TaskFailedToStart: LOCATION",
    "MemberOf placement constraint": "TaskFailedToStart: MemberOf placement constraint unsatisfied.",
    "NO ACTIVE INSTANCES": "TaskFailedToStart: NO ACTIVE INSTANCES",
    "EMPTY CAPACITY PROVIDER": "TaskFailedToStart: EMPTY CAPACITY PROVIDER",
    "Capacity is unavailable": "Capacity is unavailable at this time. Please try again later or in a "
    "different availability zone",
}
STOPPED = {
    "SpotInterruption": "Spot capacity taken back",
    "TerminationNotice": "instance about to end",
    "InfrastructureHealth": "machine unhealthy",
    "ServiceSchedulerInitiated": "service scaled in",
    "UserInitiated": "stopped by somebody",
}
CODES = (1, 2, 80, 81, 82, 83, 84, 125, 126, 127, 130, 132, 134, 135, 137, 139, 143, 255)
ENDED = {code: f"exit {code}" for code in CODES}


def failed(
    reason: str = "", *, cause: Cause = Cause.NEVER_STARTED, stop_code: str = "", exit_code: int | None = None
) -> Observation:
    return Observation(
        id="1", phase=Phase.FAILED, reason=reason, cause=cause, stop_code=stop_code, exit_code=exit_code
    )


def named(row: Reason | None) -> str:
    return "" if row is None else row.name


@pytest.mark.parametrize(("name", "reason"), [(name, text) for name, texts in SAID.items() for text in texts])
def test_what_aws_writes(name: str, reason: str) -> None:
    assert named(reason_for(failed(reason))) == name


@pytest.mark.parametrize(("words", "reason"), PLACES.items())
def test_a_task_without_a_place(words: str, reason: str) -> None:
    found = reason_for(failed(reason))
    assert found is not None
    assert found.name == f"no place: {words}"
    assert found.remedy == dict(FAILURES)[words]


@pytest.mark.parametrize(("stop_code", "name"), STOPPED.items())
def test_who_ended_it(stop_code: str, name: str) -> None:
    assert named(reason_for(failed(stop_code=stop_code, cause=Cause.STOPPED, exit_code=143))) == name


@pytest.mark.parametrize(("code", "name"), ENDED.items())
def test_an_exit_code(code: int, name: str) -> None:
    ended = failed("Essential container in task exited", cause=Cause.EXITED, exit_code=code)
    assert named(reason_for(ended)) == name


@pytest.mark.parametrize(
    ("seen", "name"),
    [
        (failed("OutOfMemoryError: killed", cause=Cause.EXITED, exit_code=137), "out of memory"),
        (failed("Essential container in task exited", cause=Cause.EXITED, exit_code=3), ""),
        (failed("Essential container in task exited", cause=Cause.UNCLEAR), ""),
        (failed("the dog ate it"), ""),
        (failed(), ""),
    ],
)
def test_which_word_counts(seen: Observation, name: str) -> None:
    assert named(reason_for(seen)) == name


def test_every_row_is_met_by_hand() -> None:
    met = {*SAID, *(f"no place: {words}" for words in PLACES), *STOPPED.values(), *ENDED.values()}
    assert {row.name for row in REASONS} == met


def shapes(row: Reason) -> list[Observation]:
    """The least that AWS must say for this row, in each of its ways."""
    cause = row.cause or Cause.UNCLEAR
    phrases = [failed(phrase.replace(ANYTHING, " / "), cause=cause) for phrase in row.says]
    codes = [failed(cause=cause, stop_code=row.stop_code)] if row.stop_code else []
    exits = [failed(cause=cause, exit_code=row.exit_code)] if row.exit_code is not None else []
    return [*phrases, *codes, *exits]


@pytest.mark.parametrize("row", REASONS, ids=lambda row: row.name)
def test_no_row_is_hidden_behind_another(row: Reason) -> None:
    assert shapes(row)
    assert [named(reason_for(seen)) for seen in shapes(row)] == [row.name] * len(shapes(row))


@pytest.mark.parametrize("row", REASONS, ids=lambda row: row.name)
def test_every_row_says_all_that_a_person_needs(row: Reason) -> None:
    assert re.fullmatch(r"[A-Z].*[^.]", row.what)
    assert re.fullmatch(r"[A-Z].*(\.|\?|::)", row.remedy)
    assert row.source.startswith("https://")


def test_names_are_names() -> None:
    names = [row.name for row in REASONS]
    assert len(set(names)) == len(names) >= 60
    assert sum(len(table) for table in TABLES.values()) == len(REASONS)


@pytest.mark.parametrize(
    ("phrase", "text", "said"),
    [
        ("a...b", "ab", True),
        ("a...b", "A then B", True),
        ("a...b", "b then a", False),
        ("b...b", "b", False),
        ("x", "", False),
    ],
)
def test_phrases(phrase: str, text: str, said: bool) -> None:
    assert is_said(phrase, text) is said
