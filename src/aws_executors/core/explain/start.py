"""Why a container that had all it needed did not start.

Law: rows, the most telling first: the kernel's and the runtime's words, which Fargate puts behind
`CannotStartContainerError: ResourceInitializationError:` and Docker behind `CannotStartContainerError:`. What
the agent itself says is in `agent.py`.
"""

from aws_executors.core.explain.reason import Reason, behind

PAGE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cannot-start-container.html"
MEMORY = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"
TASK = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html"
RUNC = "https://github.com/opencontainers/runc/blob/main/libcontainer/rootfs_linux.go"
STORAGE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html"
DEVICES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-inference.html"
ADMISSION = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"


def _start(*words: str) -> tuple[str, ...]:
    return behind(("CannotStart", "OCI runtime"), words)


START: tuple[Reason, ...] = (
    Reason(
        name="too little memory to start",
        says=(
            "memory limit too low",
            "cannot allocate memory",
            "failed to get container status",
            "read init-p",
            *_start("signal: killed", "OOM"),
        ),
        what="There was too little memory to start the container",
        remedy="Give it more (`memory` in the definition or the task's executor_config), or run fewer per "
        "instance.",
        source=PAGE,
    ),
    Reason(
        name="node without room for the pod",
        says=("Node didn't have enough resource", "OutOfcpu", "OutOfpods", "OutOfephemeral-storage"),
        what="The node to which the pod went had no room for it",
        remedy="Ask for less than an instance has beside what Kubernetes keeps of it, or allow larger "
        "instances in the compute environment.",
        source=ADMISSION,
    ),
    Reason(
        name="out of memory",
        says=("OutOfMemory", "OOMKilled"),
        what="A container used more memory than it may, and was killed",
        remedy="Give the task more: `memory` in its executor_config, with_cpu_memory in a builder, or the "
        "task or job definition.",
        source=MEMORY,
    ),
    Reason(
        name="device not on the instance",
        says=("gathering device information", "adding custom device"),
        what="A device that the definition names is not on the instance",
        remedy="Use instances that have it, and its driver, or leave it out of `linuxParameters.devices`.",
        source=DEVICES,
    ),
    Reason(
        name="GPU not to be had",
        says=(
            "nvidia-container-cli",
            "could not select device driver",
            "runtime specified nvidia",
            "invalid runtime name: nvidia",
            "CDI device",
            "Runtime is not set for GPU",
        ),
        what="The container's GPU could not be set up",
        remedy="Use instances with a GPU and the GPU-optimized image of ECS, with a driver new enough for "
        "CUDA.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-gpu.html",
    ),
    Reason(
        name="device file not made",
        says=("mknod",),
        what="A device file could not be made in the container",
        remedy="Leave files of /dev out of the image, and `linuxParameters.devices` out of the "
        "definition: Fargate has none.",
        source=RUNC,
    ),
    Reason(
        name="user not in the image",
        says=(
            "unable to find user",
            "unable to find group",
            "no users found",
            "no groups found",
            "no matching entries in passwd",
            "etc/passwd: no such file or directory",
            "unable to setgroups",
        ),
        what="The image has no such user or group",
        remedy="Check `user` in the definition; the official image of Airflow has `airflow` (50000). "
        "An image without /etc/passwd knows numbers only, and one for Windows does not run on "
        "Linux.",
        source=TASK,
    ),
    Reason(
        name="disk full",
        says=("no space left on device", "disk quota exceeded", "free data blocks"),
        what="The disk is full",
        remedy="Make it larger: `ephemeralStorage` on Fargate (21 to 200 GiB), the root volume on an "
        "instance (with devicemapper: its data volume).",
        source=STORAGE,
    ),
    Reason(
        name="image not mounted",
        says=("mount callback failed", "failed to mount /tmp/containerd-mount"),
        what="The image's files could not be mounted",
        remedy="Does the image run elsewhere? Build it anew, for linux, and push it again. If it does: it is "
        "tried again.",
        source=PAGE,
    ),
    Reason(
        name="working directory not there",
        says=("chdir to cwd", "mkdir...working directory"),
        what="The container's working directory does not exist, or its user may not enter it",
        remedy="Check `workingDirectory` in the definition, WORKDIR in the image, and the directory's mode.",
        source=TASK,
    ),
    Reason(
        name="mount not made",
        says=(
            "rootfs_linux.go",
            "error mounting",
            "to rootfs",
            "not a directory: Are you trying to mount",
            "Are you trying to mount a directory onto a file",
        ),
        what="A mount of the definition could not be made in the container",
        remedy="Check `mountPoints` and `volumes`: is there a directory on both sides (not a file onto a "
        "directory), and may it be made in the image? Does the path on the instance exist?",
        source=RUNC,
    ),
    Reason(
        name="file system is read-only",
        says=("read-only file system",),
        what="Something was to be written where nothing may be written",
        remedy="Leave `readonlyRootFilesystem` and read-only mounts out, or make what is missing in "
        "the image.",
        source=TASK,
    ),
    Reason(
        name="command for another platform",
        says=(
            "exec format error",
            "operating system does not match the host",
            "no matching operating system",
        ),
        what="The image is built for another machine than the one it was started on",
        remedy="Build it for that platform (`docker buildx build --platform linux/amd64`), or set "
        "`runtimePlatform` in the definition.",
        source=PAGE,
    ),
    Reason(
        name="kernel setting not to be made",
        says=("sysctl", "/proc/sys/"),
        what="A setting of the kernel may not be made in the container",
        remedy="Leave `systemControls` out of the definition.",
        source=TASK,
    ),
    Reason(
        name="command not in the image",
        says=(
            "executable file not found",
            "Container command...not found or does not exist",
            "The system cannot find the file specified",
            "The system cannot find the path specified",
            *_start("no such file or directory"),
        ),
        what="The image does not have the command that was to be run",
        remedy="The image must have Airflow's Python as `python` on its PATH, and an entry point that "
        "exists.",
        source=PAGE,
    ),
    Reason(
        name="command may not be run",
        says=(*_start("permission denied", 'operation not permitted": exec'), "is a directory: unknown"),
        what="The image's entry point is not executable for its user",
        remedy="Set its mode in the Dockerfile (chmod +x), or another `user`.",
        source=PAGE,
    ),
    Reason(
        name="command too long",
        says=("argument list too long",),
        what="The command and its environment are too long for the system",
        remedy="Put less into `environment` and `command`; large workloads go by way of S3 "
        "(`workload_store`).",
        source=TASK,
    ),
    Reason(
        name="variable not valid",
        says=("setenv: invalid argument", "invalid environment variable"),
        what="An environment variable of the container is not valid",
        remedy="Check the names in `environment`: not empty, and without `=`.",
        source=TASK,
    ),
    Reason(
        name="size not possible",
        says=(
            "Range of CPUs is from",
            "memoryswap",
            "Minimum memory",
            "Minimum memoryswap",
            "Invalid memory",
        ),
        what="The container's size can not be had on that machine",
        remedy="Check `cpu`, `memory` and `linuxParameters` (maxSwap) in the definition and in the request.",
        source=TASK,
    ),
    Reason(
        name="limit not to be set",
        says=("error setting rlimit", "setting rlimits", "rlimit type"),
        what="A limit of the definition may not be set on that machine",
        remedy="Lower `ulimits` in the definition to what the machine allows.",
        source=TASK,
    ),
    Reason(
        name="right not to be given",
        says=("unknown capability", "invalid CapAdd", "Invalid CapAdd", "apply caps", "seccomp", "apparmor"),
        what="A right that the definition gives the container can not be given on that machine",
        remedy="Check `linuxParameters.capabilities`, `privileged` and `dockerSecurityOptions`.",
        source=TASK,
    ),
    Reason(
        name="port taken",
        says=(
            "port is already allocated",
            "address already in use",
            "driver failed programming external connectivity",
        ),
        what="A port of the host that the container asks for is taken",
        remedy="Leave `portMappings` out of the definition: a task of Airflow listens to nobody.",
        source=PAGE,
    ),
    Reason(
        name="no command",
        says=("No command specified",),
        what="Neither the image nor the request has a command",
        remedy="Keep the command that the executor gives; a builder must not drop it.",
        source=PAGE,
    ),
    Reason(
        name="cgroup not made",
        says=("cgroup",),
        what="The machine could not make the control group that holds the container's limits",
        remedy="It is tried again. On an instance that goes on with it: replace it, and use a recent "
        "ECS-optimized image.",
        source=PAGE,
    ),
    Reason(
        name="Windows account not set up",
        says=("credentialspec", "credential spec"),
        what="The Windows account (gMSA) of the definition could not be set up",
        remedy="Check `credentialSpecs` in the definition. Tasks of Airflow run on Linux.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/windows-gmsa.html",
    ),
)
