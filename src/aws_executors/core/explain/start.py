"""Explain why a container did not start although its image, secrets and network were ready.

Law: the most specific rows come first: the kernel's and the runtime's words, which follow
`CannotStartContainerError: ResourceInitializationError:` on Fargate, and `CannotStartContainerError:` with
Docker. The agent's own words are in `agent.py`.
"""

from dataclasses import replace

from aws_executors.core.explain.agent import START as PAGE
from aws_executors.core.explain.image_pull import DISK_FULL
from aws_executors.core.explain.reason import Reason, behind

MEMORY = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/out-of-memory.html"
TASK = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html"
RUNC = "https://github.com/opencontainers/runc/blob/main/libcontainer/rootfs_linux.go"
STORAGE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html"
DEVICES = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-inference.html"
LOCAL_STORAGE = "https://kubernetes.io/docs/concepts/storage/ephemeral-storage/"
ADMISSION = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"

KILLED = ("OutOfMemoryE", "OOMKilled")
"""How AWS and Kubernetes name a container killed for its memory: OutOfMemoryError, even truncated.
(OutOfmemory is a pod that its node refused before it started.)"""

COMMAND = (' exec: "', '"exec: ', " exec /", "exec user process caused")
"""How the runtime's words about the container's command begin."""


def _start(*words: str) -> tuple[str, ...]:
    return behind(("CannotStart", "OCI runtime"), words)


def _command(*words: str) -> tuple[str, ...]:
    """Phrases that match these words about the command only; the runtime also says them of its own files."""
    return _start(*behind(COMMAND, words))


_CGROUP = Reason(
    name="cgroup not made",
    says=(
        "mkdir /sys/fs/cgroup",
        "cgroup configuration",
        "cgroup deleted",
        "to cgroups",
        "setting cgroup config...no such file or directory",
    ),
    what="The host could not create the container's control group (cgroup)",
    remedy="If it happens again on an instance, replace it, and use a recent ECS-optimized image.",
    source=PAGE,
)

START: tuple[Reason, ...] = (
    _CGROUP,  # before the words about memory, disk and files that the kernel uses for it
    Reason(
        name="too little memory to start",
        says=(
            "memory limit too low",
            "cannot allocate memory",
            "failed to get container status",
            "read init-p",
            "memory.limit_in_bytes...device or resource busy",
            *_start("signal: killed", "OOM-killed"),
        ),
        what="There was not enough memory to start the container",
        remedy=(
            "Give it more (`memory` in the definition or the task's executor_config), or run fewer "
            "containers per instance."
        ),
        source=PAGE,
    ),
    Reason(
        name="pod's disk used up",
        says=(
            "exceeded its local ephemeral storage limit",
            "local storage usage exceeds the total limit",
            "EmptyDir volume...exceeds the limit",
        ),
        what="The pod wrote more to its node's disk than its limit allows, and was killed",
        remedy=(
            "Raise the limit of `ephemeral-storage`, or the `sizeLimit` of the volume that AWS names, in the "
            "job definition."
        ),
        source=LOCAL_STORAGE,
    ),
    Reason(
        name="out of memory",
        says=KILLED,
        what="The container ran out of memory and was killed",
        remedy="Give the task more: `memory` in its executor_config, with_cpu_memory in a builder, or the "
        "task or job definition.",
        source=MEMORY,
    ),
    Reason(
        name="node without room for the pod",
        says=(
            "Node didn't have enough resource",
            "OutOfcpu",
            "OutOfmemory",
            "OutOfpods",
            "OutOfephemeral-storage",
            "OutOfnvidia.com",
            "OutOfaws.amazon.com",
            "requested number of devices unavailable",
        ),
        what="The pod's node had no room for it",
        remedy=(
            "Ask for less than an instance has after Kubernetes' own reservation, or allow larger "
            "instances in the compute environment."
        ),
        source=ADMISSION,
    ),
    Reason(
        name="device not on the instance",
        says=("gathering device information", "adding custom device"),
        what="A device in the definition does not exist on the instance",
        remedy=("Use instances that have it, and its driver, or remove it from `linuxParameters.devices`."),
        source=DEVICES,
    ),
    Reason(
        name="GPU not to be had",
        says=(
            "nvidia-container-cli",
            "could not select device driver",
            "runtime specified nvidia",
            "nvidia-container-runtime",
            "invalid runtime name: nvidia",
            "CDI device",
            "failed to fulfil mount request...nvidia",
            "prestart hook",
            "error running hook",
            "Runtime is not set for GPU",
            "runtime nvidia",
            "in host gpus",
            "for associating GPU",
            "multiple containers to GPU",
            "runtime specified neuron",
            "invalid runtime name: neuron",
            "neuron-hook",
        ),
        what="The container's GPU, or its Neuron device, could not be set up",
        remedy=(
            "Use instances that have it, and the ECS-optimized image for it (GPU, Neuron), with a driver "
            "recent enough for the image's CUDA or Neuron."
        ),
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-gpu.html",
    ),
    Reason(
        name="device file not made",
        says=("mknod",),
        what="A device file could not be created in the container",
        remedy=(
            "Remove files under /dev from the image, and `linuxParameters.devices` from the "
            "definition: Fargate has no devices."
        ),
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
        what="The user or group does not exist in the image",
        remedy=(
            "Check `user` in the definition; the official Airflow image has `airflow` (50000). An "
            "image without /etc/passwd knows numeric ids only, and a Windows image does not run on "
            "Linux."
        ),
        source=TASK,
    ),
    Reason(
        name="kernel keys used up",
        says=("session key...disk quota exceeded",),
        what="The host's kernel has no more keys for its containers, each of which takes one",
        remedy="On an instance, raise kernel.keys.maxkeys and kernel.keys.maxbytes (user data of the launch "
        "template), or run fewer containers on it.",
        source="https://github.com/moby/moby/issues/22865",
    ),
    Reason(
        name="disk broken",
        says=(
            "input/output error",
            "structure needs cleaning",
            "daemon: mkdir /var/lib/docker...read-only file system",
        ),
        what="The host's disk failed",
        remedy="On an instance, replace it. It is not the definition's fault.",
        source=PAGE,
    ),
    Reason(
        name="disk full",
        says=DISK_FULL,
        what="The disk is full",
        remedy=(
            "Make it larger: `ephemeralStorage` on Fargate (21 to 200 GiB), the root volume on an "
            "instance (with devicemapper: the data volume)."
        ),
        source=STORAGE,
    ),
    Reason(
        name="image not mounted",
        says=(
            "mount callback failed",
            "failed to mount /tmp/containerd-mount",
            "failed to mount rootfs component",
        ),
        what="The image's files could not be mounted",
        remedy=(
            "Check whether the image runs elsewhere. If not, rebuild it for linux and push it again; "
            "if it does, it is retried."
        ),
        source=PAGE,
    ),
    Reason(
        name="working directory not there",
        says=("chdir to cwd", "mkdir...working directory"),
        what="The container's working directory does not exist, or its user has no access to it",
        remedy="Check `workingDirectory` in the definition, WORKDIR in the image, and the directory's mode.",
        source=TASK,
    ),
    Reason(
        name="mount not made",
        says=(
            "rootfs_linux.go",
            "error mounting",
            "failed to fulfil mount request",
            "to rootfs",
            "not a directory: Are you trying to mount",
            "Are you trying to mount a directory onto a file",
        ),
        what="A mount of the definition could not be created in the container",
        remedy=(
            "Check `mountPoints` and `volumes`: both sides must be directories (not a file onto a "
            "directory), the image must allow the mount point, and the path must exist on the "
            "instance."
        ),
        source=RUNC,
    ),
    Reason(
        name="file system is read-only",
        says=("read-only file system",),
        what="The container tried to write to a read-only file system",
        remedy=(
            "Remove `readonlyRootFilesystem` and read-only mounts, or create what is missing in the image."
        ),
        source=TASK,
    ),
    Reason(
        name="command for another platform",
        says=(
            "exec format error",
            "operating system does not match the host",
            "no matching operating system",
        ),
        what="The image is built for another platform than its host",
        remedy="Build it for that platform (`docker buildx build --platform linux/amd64`), or set "
        "`runtimePlatform` in the definition.",
        source=PAGE,
    ),
    Reason(
        name="runtime does not fit its host",
        says=("unsafe procfs detected", "ip_unprivileged_port_start"),
        what="The host does not let its container runtime set up containers",
        remedy=(
            "Use a recent ECS-optimized image, with a kernel that fits its runc. A host of your own that is "
            "itself a container (LXC) must allow nesting, and what AppArmor denies; or use a virtual machine."
        ),
        source="https://github.com/opencontainers/runc/issues/4968",
    ),
    Reason(
        name="kernel setting not to be made",
        says=("sysctl", "/proc/sys/"),
        what="A kernel setting is not allowed in the container",
        remedy="Remove `systemControls` from the definition.",
        source=TASK,
    ),
    Reason(
        name="runtime left no word",
        says=("unable to retrieve OCI runtime error",),
        what="The container runtime failed, and left no word why",
        remedy=(
            "If it happens again on an instance, replace it, and use a recent ECS-optimized image "
            "(docker.log, disk, load)."
        ),
        source="https://github.com/canonical/microk8s/issues/430",
    ),
    Reason(
        name="init process not on the instance",
        says=_start('exec: "docker-init"', "docker-init: "),
        what="Docker's init process is not installed on the instance",
        remedy=(
            "Leave `initProcessEnabled` out of the definition, or use an ECS-optimized image, which has it."
        ),
        source="https://docs.docker.com/engine/containers/run/#specify-an-init-process",
    ),
    Reason(
        name="command not in the image",
        says=(
            "executable file not found",
            "Container command...not found or does not exist",
            "The system cannot find the file specified",
            "The system cannot find the path specified",
            *_command("no such file or directory"),
            *_start("crun: executable file"),
        ),
        what="The command is not in the image",
        remedy=("The image needs Airflow's Python as `python` on its PATH, and an entry point that exists."),
        source=PAGE,
    ),
    Reason(
        name="command may not be run",
        says=(
            *_command("permission denied"),
            *_start('operation not permitted": exec', "crun: open executable"),
            "is a directory: unknown",
        ),
        what="The image's entry point is not executable for its user",
        remedy="Set its mode in the Dockerfile (chmod +x), or use another `user`.",
        source=PAGE,
    ),
    Reason(
        name="command not found or not to be run",
        says=_start('exec: ...": stat /'),
        what="The command is not in the image, or may not be run by its user",
        remedy=(
            "The image needs Airflow's Python as `python` on its PATH, and an entry point that exists and is "
            "executable."
        ),
        source=PAGE,
    ),
    Reason(
        name="command too long",
        says=("argument list too long",),
        what="The command and its environment are too long for the operating system",
        remedy=(
            "Put less into `environment` and `command`; send large workloads through S3 (`workload_store`)."
        ),
        source=TASK,
    ),
    Reason(
        name="variable not valid",
        says=("setenv: invalid argument", "invalid environment variable"),
        what="An environment variable of the container is not valid",
        remedy="Check the names in `environment`: they must not be empty or contain `=`.",
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
            "greater than task memory limit",
            "cpu.max...invalid argument",
            "cpu.cfs_quota_us...invalid argument",
        ),
        what="The container's size is not possible on its host",
        remedy="Check `cpu`, `memory` and `linuxParameters` (maxSwap) in the definition and in the request.",
        source=TASK,
    ),
    Reason(
        name="limit not to be set",
        says=("error setting rlimit", "setting rlimits", "rlimit type"),
        what="A limit in the definition is not allowed on the host",
        remedy="Lower `ulimits` in the definition to what the host allows.",
        source=TASK,
    ),
    Reason(
        name="right not to be given",
        says=("unknown capability", "invalid CapAdd", "Invalid CapAdd", "apply caps", "seccomp", "apparmor"),
        what="A capability or security option in the definition is not available on the host",
        remedy="Check `linuxParameters.capabilities`, `privileged` and `dockerSecurityOptions`.",
        source=TASK,
    ),
    Reason(
        name="port taken",
        says=("port is already allocated", "address already in use", "failed to bind host port"),
        what="A host port that the container needs is in use",
        remedy="Remove `portMappings` from the definition: Airflow tasks do not listen on any port.",
        source=PAGE,
    ),
    Reason(
        name="network of the host not set up",
        says=(
            "driver failed programming external connectivity",
            "failed to set up container networking",
            "no available IPv4 addresses on this network",
            *_start("iptables failed"),
        ),
        what="Docker could not set up the container's network on the instance",
        remedy=(
            "Remove `portMappings` from the definition. If it happens again, restart Docker on the instance "
            "(another program may have removed its firewall rules), or replace the instance."
        ),
        source="https://docs.docker.com/engine/network/packet-filtering-firewalls/",
    ),
    Reason(
        name="no command",
        says=("No command specified",),
        what="Neither the image nor the request has a command",
        remedy="Keep the command that the executor sets; a builder must not remove it.",
        source=PAGE,
    ),
    replace(_CGROUP, name="cgroup not set", says=("cgroup",)),
    Reason(
        name="Windows account not set up",
        says=("credentialspec", "credential spec", "kerberos tickets", "gMSA"),
        what="The Windows account (gMSA) in the definition could not be set up",
        remedy="Check `credentialSpecs` in the definition. Airflow tasks run on Linux.",
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/windows-gmsa.html",
    ),
)
