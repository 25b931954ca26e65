"""Why a container that had all it needed did not start, or could not be handled by its runtime.

Law: rows, the most telling first: the kernel's and the runtime's words before the agent's prefix.
"""

from aws_executors.core.reasons.row import Reason

PAGE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"
CODES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"
INSPECT = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-inspect-container.html"

START: tuple[Reason, ...] = (
    Reason(
        name="out of memory",
        says=("OutOfMemory",),
        what="A container used more memory than it may, and was killed",
        remedy="Give the task more: `memory` in its executor_config, with_cpu_memory in a builder, or the "
        "task or job definition.",
        source=CODES,
    ),
    Reason(
        name="command not in the image",
        says=("executable file not found", "CannotStartContainer...no such file or directory"),
        what="The image does not have the command that was to be run",
        remedy="The image must have Airflow's Python as `python` on its PATH, and an entry point that "
        "exists.",
        source=PAGE,
    ),
    Reason(
        name="command for another platform",
        says=("exec format error",),
        what="The image is built for another machine than the one it was started on",
        remedy="Build it for that platform (`docker buildx build --platform linux/amd64`), or set "
        "`runtimePlatform` in the definition.",
        source=PAGE,
    ),
    Reason(
        name="command may not be run",
        says=("CannotStartContainer...permission denied",),
        what="The image's entry point is not executable for its user",
        remedy="Set its mode in the Dockerfile (chmod +x), or another `user`.",
        source=PAGE,
    ),
    Reason(
        name="GPU not to be had",
        says=("nvidia-container-cli", "could not select device driver"),
        what="The container's GPU could not be set up",
        remedy="Use instances with a GPU and the GPU-optimized image of ECS, with a driver new enough for "
        "CUDA.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-gpu.html",
    ),
    Reason(
        name="too little memory to start",
        says=("CannotStartContainer...cannot allocate memory", "failed to get container status"),
        what="There was too little memory to start the container",
        remedy="Give it more (`memory` in the definition or the task's executor_config), or run fewer per "
        "instance.",
        source=PAGE,
    ),
    Reason(
        name="port taken",
        says=("port is already allocated", "address already in use"),
        what="A port of the host that the container asks for is taken",
        remedy="Leave `portMappings` out of the definition: a task of Airflow listens to nobody.",
        source=PAGE,
    ),
    Reason(
        name="user not in the image",
        says=("unable to find user",),
        what="The image has no such user",
        remedy="Check `user` in the definition; the official image of Airflow has `airflow` (50000).",
        source=PAGE,
    ),
    Reason(
        name="no command",
        says=("No command specified",),
        what="Neither the image nor the request has a command",
        remedy="Keep the command that the executor gives; a builder must not drop it.",
        source=CODES,
    ),
    Reason(
        name="disk full",
        says=("no space left on device",),
        what="The disk is full",
        remedy="Make it larger: `ephemeralStorage` on Fargate (21 to 200 GiB), the root volume on an "
        "instance.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html",
    ),
    Reason(
        name="not started",
        says=("CannotStartContainer",),
        what="The container could not be started",
        remedy="Check command, entry point, user and memory in the definition.",
        source=PAGE,
    ),
    Reason(
        name="not created",
        says=("CannotCreateContainer",),
        what="The container could not be created",
        remedy="Check the definition against what AWS names: mounts, links, log options, limits.",
        source=CODES,
    ),
    Reason(
        name="too slow to stop",
        says=("Could not transition to stopped", "CannotStopContainer"),
        what="The container could not be stopped in time",
        remedy="It may still be running: look at it in the console. On an instance, look at its disk and "
        "load.",
        source=CODES,
    ),
    Reason(
        name="too slow to start",
        says=("Could not transition to", "ContainerRuntimeTimeoutError", "DockerTimeoutError"),
        what="The container's runtime did not answer in time",
        remedy="It is tried again. On an instance, look at its disk and load (docker.log, ecs-agent.log).",
        source=CODES,
    ),
    Reason(
        name="not inspected",
        says=("CannotInspectContainer",),
        what="The agent could not ask the runtime how the container is",
        remedy="It is tried again if it never started. On an instance, look at its disk and load.",
        source=INSPECT,
    ),
    Reason(
        name="runtime failed",
        says=("ContainerRuntimeError", "InternalError:"),
        what="ECS itself, or the runtime below, failed",
        remedy="It is tried again. If it lasts, look at the AWS Health Dashboard.",
        source=CODES,
    ),
)
