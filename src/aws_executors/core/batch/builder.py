"""The builders for Batch: from a launch to the SubmitJob request that runs it.

Law: pure. The options (or the person's own request) give the shape, ``executor_config`` goes on top, then
the workload: the command into the Airflow container, and the name by which the job is found again. Batch
has no client token, so the name is all that keeps a task from running twice. Nothing here asks a clock, AWS
or Airflow.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from aws_executors.core.batch.container import command_of, laid_members
from aws_executors.core.batch.eks import pod_faults
from aws_executors.core.batch.options import read_options, uses, with_options
from aws_executors.core.batch.overrides import (
    ContainerOverrides,
    EcsPropertiesOverride,
    TaskContainerOverrides,
    TaskPropertiesOverride,
)
from aws_executors.core.batch.request import SubmitJob, from_kwargs
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.allowed_options import check_allowed
from aws_executors.core.requests.executor_config import blamed
from aws_executors.core.requests.kinds import of_kind, settings_of
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.maker import as_maker
from aws_executors.core.requests.merge import with_members
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.validation import spelled

HEAD, SUBMISSION = 63, 64
"""How many characters of a job's name are for people, and how many for the submission: with a ``-``, 128."""
OTHER_KINDS = frozenset({"eksPropertiesOverride", "nodeOverrides"})
"""Members for jobs that may have a ``container_name``, too, but no ``ecsPropertiesOverride`` of their own."""


def build(launch: Launch[BatchSettings]) -> SubmitJob:
    """The request for a launch, as the options of `[batch]` and the task's ``executor_config`` say.

    Same launch, same request. Raises `RequestError` for an ``executor_config`` that makes none.

    Source: API_SubmitJob of the AWS Batch API Reference.

    >>> from aws_executors.core.requests.launch import Task
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d:3")
    >>> request = build(Launch(task=Task(dag_id="d", task_id="t"), command=("airflow", "version"),
    ...                        settings=settings, token="0b6e", executor_config={"memory": 512}))
    >>> request.job_name
    'airflow-0b6e-1'
    >>> to_kwargs(request)["containerOverrides"]
    {'command': ['airflow', 'version'], 'resourceRequirements': [{'type': 'MEMORY', 'value': '512'}]}
    """
    return with_workload(_start(settings_of(BatchSettings, launch)), launch)


@dataclass(frozen=True, slots=True, repr=False)
class _BuildFrom:
    shape: SubmitJob

    def __call__(self, launch: Launch[BatchSettings]) -> SubmitJob:
        return with_workload(self.shape, launch)

    def __repr__(self) -> str:
        return f"build_from({self.shape!r})"


@as_maker
def build_from(shape: SubmitJob) -> Callable[[Launch[BatchSettings]], SubmitJob]:
    """A builder that starts from a person's own request in place of the options.

    The Airflow container's command and the job's name of `shape` are replaced: jobs are found again by their
    name, which therefore always begins with the option ``job_name``.

    >>> build_from(SubmitJob(job_name="airflow", job_queue="q", job_definition="d"))
    build_from(SubmitJob(job_name='airflow', job_queue='q', job_definition='d', ...
    """
    return _BuildFrom(of_kind(SubmitJob, shape))


def from_options(settings: BatchSettings) -> SubmitJob:
    """The request that the options alone make, without a workload: where `build` and `over_options` begin.

    With a ``container_name`` the job definition has several containers (`ecsProperties`); the container of
    that name is Airflow's.
    """
    named = (TaskContainerOverrides(name=settings.container_name),) if settings.container_name else ()
    tasks = (TaskPropertiesOverride(containers=named),) if named else ()
    return SubmitJob(
        job_name=settings.job_name,
        job_queue=settings.job_queue,
        job_definition=settings.job_definition,
        ecs_properties_override=EcsPropertiesOverride(task_properties=tasks),
    )


_start = lru_cache(16)(from_options)


def over_options(settings: BatchSettings, kwargs: Mapping[str, object]) -> SubmitJob:
    """The option ``submit_job_kwargs``: each member that it has takes the place of what the options say.

    A member that is None is left out of the request. `jobName` does not name the jobs; the option
    ``job_name`` does (see `job_name`), whose value is read from `jobName` if it is not set. Raises
    `RequestError` for what is no request.

    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d:3")
    >>> over_options(settings, {"jobQueue": "night", "retryStrategy": {"attempts": 3}}).retry_strategy
    RetryStrategy(attempts=3, evaluate_on_exit=())
    """
    own = spelled(kwargs, "submit_job_kwargs")
    base = to_kwargs(from_options(settings))
    if not own.keys().isdisjoint(OTHER_KINDS):
        base.pop("ecsPropertiesOverride", None)
    return from_kwargs({name: value for name, value in (base | own).items() if value is not None})


def with_workload(shape: SubmitJob, launch: Launch[BatchSettings]) -> SubmitJob:
    """The request `shape` with one launch's options, command and name."""
    request = shape if launch.executor_config in (None, {}) else _with_config(shape, launch)
    return _marked(launch, request, _with_command(launch, request))


def _with_config(shape: SubmitJob, launch: Launch[BatchSettings]) -> SubmitJob:
    options, name = read_options(launch.executor_config), launch.settings.container_name
    check_allowed(uses(options, name), launch.settings.executor_config_allowed, launch.settings.section)
    with blamed(shape):
        return with_options(shape, options, name)


def sealed(launch: Launch[BatchSettings], request: SubmitJob) -> SubmitJob:
    """The step after any builder: whatever that made, the job can be found again and runs the workload.

    Sets the job's name, and the Airflow container's command where it has none; a command that a person's step
    wrapped into another stays. Raises `RequestError` for sizes of a pod that Batch refuses.

    >>> from aws_executors.core.requests.launch import Task
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d:3")
    >>> launch = Launch(task=Task(dag_id="d", task_id="t"), command=("run",), settings=settings, token="0b6e")
    >>> request = sealed(launch, SubmitJob(job_name="mine", job_queue="q", job_definition="d"))
    >>> request.job_name, request.container_overrides.command
    ('airflow-0b6e-1', ('run',))
    """
    if faults := "; ".join(pod_faults(request.eks_properties_override)):
        raise RequestError(faults)
    own = command_of(request, launch.settings.container_name)
    return _marked(launch, request, {} if own else _with_command(launch, request))


def _with_command(launch: Launch[BatchSettings], request: SubmitJob) -> Mapping[str, object]:
    return laid_members(request, ContainerOverrides(command=launch.command), launch.settings.container_name)


def _marked(launch: Launch[BatchSettings], request: SubmitJob, members: Mapping[str, object]) -> SubmitJob:
    """The request with these members and the launch's name."""
    name = job_name(launch.settings.job_name, launch.submission)
    return with_members(request, {**members, "job_name": name})


def job_name(name: str, submission: str) -> str:
    """The name of one submission's job: ``<name>-<token>-<attempt>``, at most 128 characters.

    A character that AWS does not allow becomes ``-``; a longer `name` keeps its first 63 characters.

    >>> job_name("airflow", "0b6e-1")
    'airflow-0b6e-1'
    """
    return f"{_allowed(name)[:HEAD]}-{_allowed(submission)[:SUBMISSION]}"


def lookup_prefix(settings: BatchSettings | str, token: str) -> str:
    """The value of ListJobs' filter JOB_NAME, with its ``*``, that finds all jobs of one queueing.

    `settings` may be the option ``job_name`` alone. AWS compares without regard to case.

    >>> lookup_prefix("airflow", "0b6e")
    'airflow-0b6e-*'
    """
    name = settings if isinstance(settings, str) else settings.job_name
    return f"{job_name(name, token)}-*"


def _allowed(text: str) -> str:
    return re.sub("[^A-Za-z0-9_-]", "-", text)
