"""The builders for ECS: from a launch to the RunTask request that runs it.

Law: pure. The options (or the person's own request) give the shape, ``executor_config`` goes on top, then
the workload: the command into the Airflow container, and the two members by which the container is found
again. Nothing here asks a clock, AWS or Airflow.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

from aws_executors.core.ecs.container import command_of, with_over
from aws_executors.core.ecs.options import KEPT, read_options, uses, with_options
from aws_executors.core.ecs.platform import without_misplaced
from aws_executors.core.ecs.request import RunTask, from_kwargs
from aws_executors.core.ecs.sendable import check_sendable
from aws_executors.core.ecs.settings import EcsSettings, platform
from aws_executors.core.ecs.structures import (
    AwsvpcConfiguration,
    ContainerOverride,
    NetworkConfiguration,
    Overrides,
)
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.allowed_options import check_allowed
from aws_executors.core.requests.executor_config import blamed
from aws_executors.core.requests.kinds import of_kind, settings_of
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.maker import as_maker
from aws_executors.core.requests.merge import with_members
from aws_executors.core.requests.spelling import spell
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.core.validation import spelled

SET_HERE = ("clientToken", "startedBy")
"""Members of the request that the executor sets itself, so that `run_task_kwargs` may not have them."""


def build(launch: Launch[EcsSettings]) -> RunTask:
    """The request for a launch, as the options of `[ecs_fargate]` and the task's ``executor_config`` say.

    Same launch, same request. Raises `RequestError` for an ``executor_config`` that makes none.

    Source: API_RunTask of the Amazon ECS API Reference.

    >>> from aws_executors.core.requests.launch import Task
    >>> settings = EcsSettings(region="us-east-1", cluster="etl", container_name="main",
    ...                        task_definition="airflow:7", subnets=("subnet-1",))
    >>> request = build(Launch(task=Task(dag_id="d", task_id="t"), command=("airflow", "version"),
    ...                        settings=settings, token="0b6e", executor_config={"cpu": 256}))
    >>> request.started_by, request.client_token
    ('airflow/0b6e', '0b6e-1')
    >>> to_kwargs(request)["overrides"]
    {'containerOverrides': [{'name': 'main', 'command': ['airflow', 'version'], 'cpu': 256}]}
    """
    return with_workload(_start(settings_of(EcsSettings, launch)), launch)


@dataclass(frozen=True, slots=True, repr=False)
class _BuildFrom:
    shape: RunTask

    def __call__(self, launch: Launch[EcsSettings]) -> RunTask:
        return with_workload(self.shape, launch)

    def __repr__(self) -> str:
        return f"build_from({self.shape!r})"


@as_maker
def build_from(shape: RunTask) -> Callable[[Launch[EcsSettings]], RunTask]:
    """A builder that starts from a person's own request in place of the options.

    The Airflow container's command, ``startedBy`` and ``clientToken`` of `shape` are replaced.

    >>> build_from(RunTask(task_definition="airflow"))
    build_from(RunTask(task_definition='airflow', ...
    """
    return _BuildFrom(of_kind(RunTask, shape))


def from_options(settings: EcsSettings) -> RunTask:
    """The request that the options alone make, without a workload: where `build` and `over_options` begin.

    ``networkConfiguration`` is there only with subnets, ``platformVersion`` only if Fargate may be meant.
    """
    strategy = settings.capacity_provider_strategy
    on_instances = settings.launch_type in ("EC2", "EXTERNAL")
    return RunTask(
        cluster=settings.cluster,
        task_definition=settings.task_definition,
        launch_type=None if strategy else settings.launch_type,
        capacity_provider_strategy=strategy,
        platform_version=None if on_instances else settings.platform_version,
        network_configuration=_network(settings),
        overrides=Overrides(container_overrides=(ContainerOverride(name=settings.container_name),)),
    )


def _network(settings: EcsSettings) -> NetworkConfiguration | None:
    if not settings.subnets:
        return None
    return NetworkConfiguration(
        awsvpc_configuration=AwsvpcConfiguration(
            subnets=settings.subnets,
            security_groups=settings.security_groups,
            assign_public_ip=settings.assign_public_ip,
        )
    )


_start = lru_cache(16)(from_options)


def over_options(settings: EcsSettings, kwargs: Mapping[str, object]) -> RunTask:
    """The option ``run_task_kwargs``: each member that it has takes the place of what the options say.

    A member that is None is left out of the request. A launch type or a strategy decides anew where tasks
    run: the options' launch type, strategy and platform version are dropped, and their public address if the
    new platform has none. Raises `RequestError` for what is no request, and for members that the executor
    sets itself.

    >>> settings = EcsSettings(region="us-east-1", cluster="etl", container_name="main",
    ...                        task_definition="airflow:7", subnets=("subnet-1",))
    >>> request = over_options(settings, {"launchType": "EC2", "networkConfiguration": None})
    >>> request.launch_type, request.platform_version, request.network_configuration
    ('EC2', None, None)
    """
    own = spelled(kwargs, "run_task_kwargs")
    for member in filter(own.keys().__contains__, SET_HERE):
        raise RequestError(f"run_task_kwargs: {member!r} cannot be set: {KEPT[member]}")
    own |= _with_names(own, settings.container_name)
    base = from_options(settings)
    if "launchType" in own or "capacityProviderStrategy" in own:
        base = replace(without_misplaced(base, platform({}, own)), platform_version=None)
    return from_kwargs({name: value for name, value in (to_kwargs(base) | own).items() if value is not None})


def _with_names(members: Mapping[str, object], container_name: str) -> Mapping[str, object]:
    """The overrides; a container override without a name is Airflow's, as in the amazon provider."""
    if not isinstance(overrides := members.get("overrides"), Mapping):
        return {}
    parts = {
        name: _named(part, container_name) if spell(str(name)) == "containerOverrides" else part
        for name, part in cast("Mapping[object, object]", overrides).items()
    }
    return {"overrides": parts}


def _named(listed: object, container_name: str) -> object:
    if not isinstance(listed, list | tuple):
        return listed
    return [
        {"name": container_name, **cast("Mapping[str, object]", one)} if isinstance(one, Mapping) else one
        for one in cast("Sequence[object]", listed)
    ]


def with_workload(shape: RunTask, launch: Launch[EcsSettings]) -> RunTask:
    """The request `shape` with one launch's options, command and names."""
    name = launch.settings.container_name
    request = shape if launch.executor_config in (None, {}) else _with_config(shape, launch)
    workload = ContainerOverride(name=name, command=launch.command)
    return _marked(launch, request, with_over(request.overrides, name, workload))


def _with_config(shape: RunTask, launch: Launch[EcsSettings]) -> RunTask:
    options, name = read_options(launch.executor_config), launch.settings.container_name
    check_allowed(uses(options, name), launch.settings.executor_config_allowed, launch.settings.section)
    with blamed(shape):
        return with_options(shape, options, name)


def sealed(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    """The step after any builder: whatever that made, the task can be found again and runs the workload.

    Sets ``clientToken`` and ``startedBy``, and the Airflow container's command where it has none; a command
    that a person's step wrapped into another stays. Raises `RequestError` for faults that a later step could
    still have settled: Fargate without a network, a container larger than its task.

    >>> from aws_executors.core.requests.launch import Task
    >>> settings = EcsSettings(region="us-east-1", cluster="etl", container_name="main",
    ...                        task_definition="airflow:7", subnets=("subnet-1",))
    >>> launch = Launch(task=Task(dag_id="d", task_id="t"), command=("run",), settings=settings, token="0b6e")
    >>> request = sealed(launch, RunTask(task_definition="mine"))
    >>> request.client_token, request.overrides.container_overrides[0].command
    ('0b6e-1', ('run',))
    """
    check_sendable(request)
    overrides, name = request.overrides, launch.settings.container_name
    if not command_of(overrides, name):
        overrides = with_over(overrides, name, ContainerOverride(name=name, command=launch.command))
    return _marked(launch, request, overrides)


def _marked(launch: Launch[EcsSettings], request: RunTask, overrides: Overrides) -> RunTask:
    """The request with these overrides and the launch's names."""
    started_by = f"{launch.settings.deployment}/{launch.token}"
    names = {"client_token": launch.submission, "started_by": started_by}
    return with_members(request, {"overrides": overrides, **names})
