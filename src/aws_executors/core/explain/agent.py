"""Explain the error names of the ECS agent.

Law: specific rows come first; general rows follow, for error names that only say which operation failed.
Every documented name has a row; `tests/core/explain/error_names.json` lists them with their sources.
"""

from aws_executors.core.explain.reason import ANYTHING, Reason, behind

CODES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"
START = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"
SETUP = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html"
STOP = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-stop-container.html"
INSPECT = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-inspect-container.html"
SLOW = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-runtime-timeout-error.html"
RUNTIME = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-runtime-error.html"
INTERNAL = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/internal-error.html"
ORDER = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-considerations.html"
ENGINE = "https://github.com/aws/amazon-ecs-agent/blob/master/agent/engine/errors.go"
DOCKER = "https://github.com/aws/amazon-ecs-agent/blob/master/agent/dockerclient/dockerapi/errors.go"
SHARED = "https://github.com/aws/amazon-ecs-agent/blob/master/ecs-agent/api/errors/errors.go"

_DOCKER = ("CannotStart", "CannotCreateContainer")

AGENT: tuple[Reason, ...] = (
    Reason(
        name="container it waits for failed",
        says=("Dependent container", "TaskDependencyError", "dependency graph: ", "dependsOn"),
        what="A container that this one depends on (`dependsOn`) did not reach the required state",
        remedy="See its log and its `healthCheck`. Check the conditions in `dependsOn` (no circle) and its "
        "`startTimeout`.",
        source=ORDER,
    ),
    Reason(
        name="too slow to stop",
        says=("Could not transition to stopped", "CannotStopContainer", "TaskStateError"),
        what="The container could not be stopped in time",
        remedy=(
            "It may still be running: check it in the console. On an instance, check the disk and the load."
        ),
        source=STOP,
    ),
    Reason(
        name="command in the container not run",
        says=("CannotCreateContainerExec", "CannotStartContainerExec", "CannotInspectContainerExec"),
        what="A command could not be run inside the container (`execute-command`, or a health check)",
        remedy="The task is not at fault. Leave `enableExecuteCommand` out, or see ecs-agent.log.",
        source=DOCKER,
    ),
    Reason(
        name="not inspected",
        says=("CannotInspectContainer", "CannotDescribeContainer", "Could not transition to inspecting"),
        what="The ECS agent could not inspect the container; it may have finished",
        remedy=(
            "Its row and its log say how far it got. On an instance, check the disk, the load and "
            "the agent (ecs-agent.log, docker.log): often the disk is busy."
        ),
        source=INSPECT,
    ),
    Reason(
        name="container vanished",
        says=(
            "ContainerVanishedError",
            "NoSuchContainerError",
            "No such container",
            "No container matching saved ID",
        ),
        what="The container runtime no longer knows the container; it may have finished",
        remedy=(
            "Its row and its log say how far it got. On an instance, check what removes containers there."
        ),
        source=ENGINE,
    ),
    Reason(
        name="too slow to start",
        says=(
            "Could not transition to",
            "ContainerRuntimeTimeoutError",
            "DockerTimeoutError",
            "CannotStart...deadline exceeded",
            "CannotCreateContainer...deadline exceeded",
            "CannotStart...timed out",
        ),
        what="The container runtime did not answer in time",
        remedy="On an instance, check the disk and the load (docker.log, ecs-agent.log).",
        source=SLOW,
    ),
    Reason(
        name="stopped before its pull",
        says=("TaskStoppedBeforePullBeginError", "stopped before image pull"),
        what="The task was stopped before its image was pulled",
        remedy="CloudTrail shows who stopped it.",
        source=ENGINE,
    ),
    Reason(
        name="definition not understood by Docker",
        says=(
            "DockerClientConfigError",
            "HostConfigError",
            "UnparsablePort",
            "UnrecognizedTransportProtocol",
            "TaskError: Error loading task",
            "unable to decode host config",
            "needs to be specified for proxy container",
            *behind(_DOCKER, ("conflicting options: ",)),
        ),
        what="The ECS agent could not translate the task definition for Docker",
        remedy=(
            "Check what AWS names in the definition: ports, health check, log options, secrets, "
            "GPUs. Update the instance's agent if it is old."
        ),
        source=SHARED,
    ),
    Reason(
        name="Docker too new for the agent",
        says=("Minimum supported API version",),
        what="Docker on the instance no longer understands its ECS agent, which is too old",
        remedy="Update the agent (yum update ecs-init), or use a recent ECS-optimized image.",
        source="https://docs.docker.com/engine/release-notes/29/",
    ),
    Reason(
        name="link not made",
        says=("Link target not available", "link to a non running container", "find container for link"),
        what="A container that this one links to (`links`) does not run",
        remedy="See why it does not. Airflow tasks need no `links`: remove them from the definition.",
        source="https://docs.docker.com/engine/network/links/",
    ),
    Reason(
        name="Docker does not answer",
        says=(
            "CannotGetDockerClient",
            "CannotListContainers",
            "CannotListImages",
            "CannotListPlugins",
            "Cannot connect to the Docker daemon",
            *behind(_DOCKER, ("docker.sock",)),
        ),
        what="The ECS agent could not reach Docker on the instance",
        remedy=("Restart Docker on the instance, or replace the instance (docker.log, ecs-agent.log)."),
        source=DOCKER,
    ),
    Reason(
        name="container not removed",
        says=("CannotRemoveContainer", "CannotGetContainerTop", "ImpossibleStateTransition"),
        what="The ECS agent lost track of the container's state on its instance",
        remedy=(
            "The task is not at fault. If it happens again, replace the instance, and use a recent "
            "ECS-optimized image."
        ),
        source=ENGINE,
    ),
    Reason(
        name="container's name taken",
        says=(
            "is already in use by container",
            "network...already exists",
            *behind(_DOCKER, (": already exists", "ID already exists")),
        ),
        what="An older container with the same name still exists on the instance",
        remedy="If it happens again, replace the instance.",
        source=DOCKER,
    ),
    Reason(
        name="runtime broke off",
        says=(
            "transport is closing",
            "connection is unavailable",
            "ttrpc: closed",
            "failed to start shim",
            "marked for removal",
            "final child's PID from pipe",
            "bootstrap data to pipe",
            "disconnected from message bus",
            "resource temporarily unavailable",
            "too many open files",
            "devicemapper: Error running",
            "CannotStart...context canceled",
            "CannotCreateContainer...context canceled",
            *behind(
                _DOCKER,
                (
                    "/containerd.sock",
                    "transport: Error while dialing",
                    "layer does not exist",
                    "/docker/overlay2/",
                    "lstat /proc/",
                ),
            ),
            "error creating overlay mount",
            "failed to mount overlay",
            "namespace of a non running container",
            "join IPC of container",
        ),
        what="The container runtime failed while starting the container",
        remedy="If it happens again on an instance, replace it (docker.log, disk, load).",
        source=DOCKER,
    ),
    Reason(
        name="ended by its runtime",
        says=("DockerStateError",),
        what="The container runtime reported an error of its own",
        remedy="Check what AWS names; on an instance, read docker.log.",
        source=DOCKER,
    ),
    Reason(
        name="not started",
        says=("CannotStartContainer", f"OCI runtime{ANYTHING}failed"),
        what="The container could not be started",
        remedy="Check the command, entry point, user and memory in the definition.",
        source=START,
    ),
    Reason(
        name="not created",
        says=("CannotCreateContainer",),
        what="The container could not be created",
        remedy="Check what AWS names in the definition: mounts, links, log options, limits.",
        source=CODES,
    ),
    Reason(
        name="container not set up",
        says=("ResourceInitializationError", "resource cannot be initialized for task"),
        what="Something that the container needs before it starts could not be set up",
        remedy=(
            "Check what AWS names. The usual causes are a subnet without a route to the internet, an "
            "execution role without the permission, or a VPC without DNS resolution."
        ),
        source=SETUP,
    ),
    Reason(
        name="resource not found",
        says=("ResourceNotFoundException",),
        what="Something that the definition names does not exist",
        remedy="Check the name that AWS gives, and its Region: a secret, a parameter, a log group.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-not-found-error.html",
    ),
    Reason(
        name="runtime failed",
        says=("ContainerRuntimeError", "UnknownError: "),
        what="The container runtime failed",
        remedy=("If it persists, check the AWS Health Dashboard; on an instance, docker.log."),
        source=RUNTIME,
    ),
    Reason(
        name="ECS failed",
        says=("InternalError",),
        what="ECS failed internally, most often while attaching the container's network interface",
        remedy="If it persists, check the AWS Health Dashboard.",
        source=INTERNAL,
    ),
)
