"""Explain an exit code for which AWS gives no reason.

Law: one row per code, in ascending order; a code above 128 is 128 plus a signal's number. Airflow's own
launcher exits with 0 if its task failed (the task has reported that itself), and with 1 if it could not run
the task.
"""

from aws_executors.core.explain.reason import Reason
from aws_executors.core.lifecycle.launcher_exit_codes import MEANINGS, Exit

PAGE = "https://repost.aws/knowledge-center/ecs-task-stopped"
WINDOWS = "https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-erref"
SHELL = "https://tldp.org/LDP/abs/html/exitcodes.html"

LAUNCHER = "https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/executor/index.html"

# The exit codes of this package's launcher (`core/lifecycle/launcher_exit_codes.py`), and their remedies.
OURS: tuple[tuple[Exit, str], ...] = (
    (Exit.HELD, "Nothing to do if the task runs: the other container has it."),
    (
        Exit.REFUSED,
        (
            "If it waited for long, set a longer `token_lifetime`, or send workloads through S3 "
            "(`workload_store`). Otherwise check that scheduler and API server share one JWT secret."
        ),
    ),
    (Exit.GONE, "Nothing to do: the task no longer needs this container."),
    (
        Exit.INFRASTRUCTURE,
        (
            "Read its log: one line says which. If something could not be reached, check the container's way "
            "to `execution_api_server_url`, and to S3 if it is used."
        ),
    ),
    (
        Exit.CANNOT_START,
        (
            "Read its log: one line says what is missing. If that is an option (`--usage`), this package is "
            "older in the image than in the scheduler: update the image, or set `usage = False`."
        ),
    ),
)

# Windows exit codes; AWS may show them signed or unsigned.
ON_WINDOWS: tuple[tuple[str, tuple[int, int]], ...] = (
    ("access violation", (3221225477, -1073741819)),
    ("terminated by Ctrl+C", (3221225786, -1073741510)),
    ("stack buffer overrun or abort", (3221226505, -1073740791)),
)

EXITS: tuple[Reason, ...] = (
    Reason(
        name="exit 1",
        exit_code=1,
        what="The container exited with an error before its task had a result",
        remedy=(
            "Read its log. Airflow's launcher exits with 1 if it cannot reach "
            "`execution_api_server_url`, if its token is not accepted (do scheduler and API server "
            "share one JWT secret?), or if another container holds the task."
        ),
        source=PAGE,
    ),
    Reason(
        name="exit 2",
        exit_code=2,
        what="The container rejected its command line",
        remedy=(
            "Read its log. The image's entry point may be a shell, or its Airflow older than the scheduler's."
        ),
        source=SHELL,
    ),
    *(
        Reason(
            name=f"exit {left:d}",
            exit_code=int(left),
            what=f"The launcher gave up: {MEANINGS[left]}",
            remedy=remedy,
            source=LAUNCHER,
        )
        for left, remedy in OURS
    ),
    Reason(
        name="exit 125",
        exit_code=125,
        what="The container runtime could not run the container",
        remedy="Check the mounts and limits in the definition. On an instance, read docker.log.",
        source="https://docs.docker.com/engine/containers/run/#exit-status",
    ),
    Reason(
        name="exit 126",
        exit_code=126,
        what="The container's command is not executable",
        remedy="Check the mode of the image's entry point (chmod +x), and its user.",
        source=SHELL,
    ),
    Reason(
        name="exit 127",
        exit_code=127,
        what="The container's command was not found",
        remedy=("The image needs Airflow's Python as `python` on its PATH, and an entry point that exists."),
        source=SHELL,
    ),
    Reason(
        name="exit 128",
        exit_code=128,
        what="The container runtime could not start the container",
        remedy="Check the command and the entry point of the image. On an instance, read docker.log.",
        source=PAGE,
    ),
    Reason(
        name="exit 129",
        exit_code=129,
        what="The container received SIGHUP",
        remedy="The image's entry point, or a person, ended it: read its log.",
        source=SHELL,
    ),
    Reason(
        name="exit 130",
        exit_code=130,
        what="The container was interrupted (SIGINT)",
        remedy="The image's entry point, or a person, interrupted it: read its log.",
        source=SHELL,
    ),
    Reason(
        name="exit 132",
        exit_code=132,
        what="The container executed an instruction that its CPU does not have (SIGILL)",
        remedy="Check that the image, and every compiled library in it, is built for this CPU.",
        source=SHELL,
    ),
    Reason(
        name="exit 134",
        exit_code=134,
        what="The container aborted (SIGABRT)",
        remedy="A compiled library aborted: read the container's log.",
        source=PAGE,
    ),
    Reason(
        name="exit 135",
        exit_code=135,
        what="The container was killed by a bus error (SIGBUS)",
        remedy=("Often /dev/shm is too small: raise `sharedMemorySize` in the definition's linuxParameters."),
        source=SHELL,
    ),
    Reason(
        name="exit 136",
        exit_code=136,
        what="The container was killed by an arithmetic error (SIGFPE)",
        remedy=(
            "A compiled library failed: is it built for this CPU and this version of Python? Read its log."
        ),
        source=SHELL,
    ),
    Reason(
        name="exit 137",
        exit_code=137,
        what="The container was killed (SIGKILL)",
        remedy=(
            "Most often it ran out of memory: give it more. Or it was asked to stop and took longer "
            "than `stopTimeout`."
        ),
        source=PAGE,
    ),
    Reason(
        name="exit 139",
        exit_code=139,
        what="The container crashed (SIGSEGV)",
        remedy=(
            "A compiled library failed: is it built for this CPU and this version of Python? Read its log."
        ),
        source=PAGE,
    ),
    Reason(
        name="exit 141",
        exit_code=141,
        what="The container wrote to a closed pipe (SIGPIPE)",
        remedy="Read its log. Does the image's entry point pipe the command into another program?",
        source=SHELL,
    ),
    Reason(
        name="exit 143",
        exit_code=143,
        what="The container was terminated (SIGTERM)",
        remedy="Find out who stopped it: a person, a deployment, an instance that scaled in.",
        source=PAGE,
    ),
    Reason(
        name="exit 152",
        exit_code=152,
        what="The container exceeded its CPU time limit (SIGXCPU)",
        remedy="Raise or remove the `cpu` limit in the definition's `ulimits`.",
        source=SHELL,
    ),
    Reason(
        name="exit 153",
        exit_code=153,
        what="The container exceeded its file size limit (SIGXFSZ)",
        remedy="Raise or remove the `fsize` limit in the definition's `ulimits`.",
        source=SHELL,
    ),
    Reason(
        name="exit 159",
        exit_code=159,
        what="The container made a forbidden system call (SIGSYS)",
        remedy="Check `dockerSecurityOptions` and the instance's seccomp profile.",
        source=SHELL,
    ),
    Reason(
        name="exit 255",
        exit_code=255,
        what="The container's entry point failed",
        remedy="Read its log. The image may be built for another CPU.",
        source=PAGE,
    ),
    *(
        Reason(
            name=f"exit {code}",
            exit_code=code,
            what=f"The container exited with a Windows error: {text}",
            remedy="Airflow tasks run on Linux: set `runtimePlatform` in the definition.",
            source=WINDOWS,
        )
        for text, codes in ON_WINDOWS
        for code in codes
    ),
)
