"""The environment variables of Airflow's components and of the containers.

Law: pure, except for the choice of a free port. The two environments share only the address of the API, and
in the demo the folder of the tasks' logs: a container that could read the scheduler's environment would prove
nothing about real containers.
"""

import os
import secrets
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

# With aliases, because before Airflow 3.2 a task cannot name its executor by the class.
EXECUTORS = ",".join(
    f"{name}:aws_executors.executors.{name}" for name in ("AwsEcsFargateExecutor", "AwsBatchExecutor")
)
PORTS = range(20_000, 32_000)  # below the ports that Linux and macOS assign to outgoing connections
INHERITED = ("LANG", "LC_ALL", "PYTHONPATH", "TMPDIR", "TZ")
ALONE: Mapping[str, str] = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}


def free_port() -> int:
    """A port of the loopback interface that is not in use; OSError if there is none.

    The port that the system would choose comes from the range for outgoing connections, so that a connection
    could take it before Airflow does.
    """
    for port in secrets.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(f"every port from {PORTS.start} to {PORTS.stop - 1} is taken")


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowHome:
    """One Airflow: its home, its DAGs, its port, and the secret that its components share."""

    home: Path
    dags: Path
    port: int = field(default_factory=free_port)
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)

    @property
    def url(self) -> str:
        """The address of Airflow's UI and API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def path(self) -> str:
        """The PATH of every process; commands of this interpreter come first."""
        return os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])


def isolate() -> None:
    """Keep this process's own clients away from the machine's AWS configuration and proxies."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(ALONE)


def inherited() -> dict[str, str]:
    """The few variables of our own environment that the processes need."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ}


def airflow_environment(
    place: AirflowHome, aws: Mapping[str, str], options: Mapping[str, str]
) -> dict[str, str]:
    """The environment of Airflow's components; `options` are further variables, which take precedence."""
    return {
        **inherited(),
        "PATH": place.path,
        "HOME": str(place.home),
        "AIRFLOW_HOME": str(place.home),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(place.port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": place.secret,
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(place.dags),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{place.url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": EXECUTORS,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        **ALONE,
        **aws,
        **options,
    }


def container_environment(place: AirflowHome) -> dict[str, str]:
    """The variables in the image of every container: where the API and the DAGs are, and little else.

    The executors are named although they are not used: Airflow rejects a DAG whose tasks say ``executor=``,
    in the container too, if that executor is not configured (airflow/dag_processing/dagbag.py).

    PYTHONPATH lets the container import this package, whose launcher runs the workloads. The embedded AWS
    gives each container a home directory, and Airflow's home is in it.
    """
    return {
        **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
        "AIRFLOW__CORE__DAGS_FOLDER": str(place.dags),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{place.url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": EXECUTORS,
        # The API server takes seconds to answer its first task, on a busy machine longer than the default
        # timeout of five: the call would be repeated, and a repeated start fails the task.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",  # how long the supervisor may outlive its task
    }
