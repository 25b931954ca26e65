"""One launch: all that a builder may know about the container it is asked to describe.

Law: values only. A builder is a function of one `Launch`; what is not in here cannot change a request, so
the same launch always gives the same request, in the scheduler, in a test and in a notebook.
"""

from dataclasses import Field, dataclass, field, fields
from typing import Generic, cast

from typing_extensions import TypeVar

from aws_executors.core.redact.literals import mask_literals
from aws_executors.core.requests.maker import by_name
from aws_executors.core.settings.base import Settings

S_co = TypeVar("S_co", bound=Settings, covariant=True, default=Settings)

LAUNCHER = ("python", "-m", "aws_executors.run")
"""The command with which a container starts this package's launcher."""


@by_name
@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Which task instance, and which try of it, a container is for.

    A callback that Airflow runs through the executor has no task of its own: it comes as the task
    ``callback`` of its DAG. Source: ``airflow/models/taskinstancekey.py``.

    >>> str(Task(dag_id="etl", task_id="load", run_id="manual", try_number=2, map_index=7))
    'etl.load[7] manual try 2'
    """

    dag_id: str
    task_id: str
    run_id: str = ""
    try_number: int = 1
    map_index: int = -1

    def __str__(self) -> str:
        mapped = f"[{self.map_index}]" if self.map_index >= 0 else ""
        return f"{self.dag_id}.{self.task_id}{mapped} {self.run_id} try {self.try_number}"


@by_name
@dataclass(frozen=True, slots=True, kw_only=True)
class Launch(Generic[S_co]):
    """The one argument of every builder.

    `command` is what the Airflow container must run, ready to be copied into the request; it may carry a
    secret (an inline workload's token), so it is not in this value's repr. `executor_config` is whatever the
    DAG's author wrote: a builder is the first to check it. `token` names this queueing of the task
    instance (Airflow's ``external_executor_id``, a UUID) and `attempt` counts its submissions, from 1.
    `memory_kills` says how many earlier tries were killed for memory, if a step asks for it; else it is 0.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
    >>> launch = Launch(task=Task(dag_id="etl", task_id="load"), command=("airflow", "version"),
    ...                 queue="default", executor_config={"memory": 512}, settings=settings, token="0b6e")
    >>> launch.submission
    '0b6e-1'
    """

    task: Task
    command: tuple[str, ...] = field(repr=False)
    settings: S_co
    token: str
    queue: str = "default"
    executor_config: object = field(default_factory=dict)
    attempt: int = 1
    memory_kills: int = 0

    def __repr__(self) -> str:
        """The repr, without secrets that the DAG's author or the section's own JSON has in the clear."""
        parts = cast("tuple[Field[object], ...]", fields(self))
        said = (
            f"{part.name}={mask_literals(repr(cast('object', getattr(self, part.name))))}"
            for part in parts
            if part.repr
        )
        return f"Launch({', '.join(said)})"

    @property
    def submission(self) -> str:
        """The name of this submission: the token and the attempt, at most 64 characters of ASCII."""
        return f"{self.token}-{self.attempt}"
