"""What an exit code means when AWS says no more than that.

Law: one row per code, in the order of the codes; 128 and more is a signal. Airflow's own launcher ends with
0 when its task failed (the task has told Airflow so itself) and with 1 when it could not do its work.
"""

from aws_executors.core.explain.reason import Reason
from aws_executors.core.lifecycle.exit_codes import MEANINGS, Exit

PAGE = "https://repost.aws/knowledge-center/ecs-task-stopped"
WINDOWS = "https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-erref"
SHELL = "https://tldp.org/LDP/abs/html/exitcodes.html"

LAUNCHER = "https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/executor/index.html"

# What our own launcher ends with (`core/lifecycle/exit_codes.py`), and what to do.
OURS: tuple[tuple[Exit, str], ...] = (
    (Exit.HELD, "Nothing, if the task runs: the other container has it."),
    (
        Exit.REFUSED,
        (
            "If it waited long: a longer `token_lifetime`, or workloads by way of S3 (`workload_store`). "
            "Else: one JWT secret for scheduler and API server?"
        ),
    ),
    (Exit.GONE, "Nothing: Airflow has moved on."),
    (
        Exit.INFRASTRUCTURE,
        "Can the container reach `execution_api_server_url`, and S3, if workloads are there? Read its log.",
    ),
    (Exit.CANNOT_START, "Read its log: one line says what is missing."),
)

# On Windows, as AWS may show it with a sign and without.
ON_WINDOWS: tuple[tuple[str, tuple[int, int]], ...] = (
    ("its program crashed (access violation)", (3221225477, -1073741819)),
    ("it was asked to end", (3221225786, -1073741510)),
    ("its program aborted itself", (3221226505, -1073740791)),
)

EXITS: tuple[Reason, ...] = (
    Reason(
        name="exit 1",
        exit_code=1,
        what="The container ended with an error before its task had a result",
        remedy="Read its log. Airflow's launcher ends so when it can not reach "
        "`execution_api_server_url`, when its token is not accepted (one JWT secret for scheduler and API "
        "server?), or when another container has the task.",
        source=PAGE,
    ),
    Reason(
        name="exit 2",
        exit_code=2,
        what="The command in the container was not understood",
        remedy="Is the image's entry point a shell, or the image's Airflow older than the scheduler's? "
        "Read its log.",
        source=SHELL,
    ),
    *(
        Reason(
            name=f"exit {left:d}",
            exit_code=int(left),
            what=f"The container ended before its task began: {MEANINGS[left]}",
            remedy=remedy,
            source=LAUNCHER,
        )
        for left, remedy in OURS
    ),
    Reason(
        name="exit 125",
        exit_code=125,
        what="The container's runtime could not run it",
        remedy="Check the definition's mounts and limits. On an instance, read docker.log.",
        source="https://docs.docker.com/engine/containers/run/#exit-status",
    ),
    Reason(
        name="exit 126",
        exit_code=126,
        what="The command in the container may not be executed",
        remedy="Check the mode of the image's entry point (chmod +x), and its user.",
        source=SHELL,
    ),
    Reason(
        name="exit 127",
        exit_code=127,
        what="The command in the container was not found",
        remedy="The image must have Airflow's Python as `python` on its PATH, and an entry point that "
        "exists.",
        source=SHELL,
    ),
    Reason(
        name="exit 128",
        exit_code=128,
        what="The container could not be started by its runtime",
        remedy="Check the command and the entry point of the image. On an instance, read docker.log.",
        source=PAGE,
    ),
    Reason(
        name="exit 129",
        exit_code=129,
        what="The container was hung up on (SIGHUP)",
        remedy="Somebody, or the image's entry point, ended it: read its log.",
        source=SHELL,
    ),
    Reason(
        name="exit 130",
        exit_code=130,
        what="The container was interrupted (SIGINT)",
        remedy="Somebody, or the image's entry point, interrupted it: read its log.",
        source=SHELL,
    ),
    Reason(
        name="exit 132",
        exit_code=132,
        what="The container met an instruction that its CPU does not have (SIGILL)",
        remedy="Is the image, or a compiled library in it, built for another CPU?",
        source=SHELL,
    ),
    Reason(
        name="exit 134",
        exit_code=134,
        what="The container aborted itself (SIGABRT)",
        remedy="A compiled library gave up: read the container's log.",
        source=PAGE,
    ),
    Reason(
        name="exit 135",
        exit_code=135,
        what="The container met a bus error (SIGBUS)",
        remedy="Often too small a /dev/shm: raise `sharedMemorySize` in the definition's linuxParameters.",
        source=SHELL,
    ),
    Reason(
        name="exit 136",
        exit_code=136,
        what="The container's program met an arithmetic error (SIGFPE)",
        remedy="A compiled library broke: is it built for this CPU and this version of Python? Read its log.",
        source=SHELL,
    ),
    Reason(
        name="exit 137",
        exit_code=137,
        what="The container was killed (SIGKILL)",
        remedy="Most often for its memory: give it more. Or it had been asked to stop, and took longer than "
        "`stopTimeout`.",
        source=PAGE,
    ),
    Reason(
        name="exit 139",
        exit_code=139,
        what="The container's program crashed (SIGSEGV)",
        remedy="A compiled library broke: is it built for this CPU and this version of Python? Read its log.",
        source=PAGE,
    ),
    Reason(
        name="exit 141",
        exit_code=141,
        what="The container wrote to a pipe that nobody reads any more (SIGPIPE)",
        remedy="Read its log: what did the image's entry point pipe the command into?",
        source=SHELL,
    ),
    Reason(
        name="exit 143",
        exit_code=143,
        what="The container was asked to end (SIGTERM), and did",
        remedy="See who stopped it: a person, a deployment, an instance that scales in.",
        source=PAGE,
    ),
    Reason(
        name="exit 152",
        exit_code=152,
        what="The container used up its limit of CPU time (SIGXCPU)",
        remedy="Raise or leave out the limit `cpu` in the definition's `ulimits`.",
        source=SHELL,
    ),
    Reason(
        name="exit 153",
        exit_code=153,
        what="The container wrote a file larger than it may (SIGXFSZ)",
        remedy="Raise or leave out the limit `fsize` in the definition's `ulimits`.",
        source=SHELL,
    ),
    Reason(
        name="exit 159",
        exit_code=159,
        what="The container made a system call that it may not make (SIGSYS)",
        remedy="Check `dockerSecurityOptions` and the instance's seccomp profile.",
        source=SHELL,
    ),
    Reason(
        name="exit 255",
        exit_code=255,
        what="The container's entry point failed",
        remedy="Read its log. It may be built for another CPU.",
        source=PAGE,
    ),
    *(
        Reason(
            name=f"exit {code}",
            exit_code=code,
            what=f"The container ended as Windows says it: {text}",
            remedy="Tasks of Airflow run on Linux: set `runtimePlatform` in the definition.",
            source=WINDOWS,
        )
        for text, codes in ON_WINDOWS
        for code in codes
    ),
)
