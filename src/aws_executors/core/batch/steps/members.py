"""Steps for Batch: what `compose` and `when` are given to change a job.

Law: a step says nothing that ``executor_config`` could not say too, and changes the request by the same rules
(`options.py`); it is a value that prints as the call that made it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from aws_executors.core.batch.options import BatchOptions, requirements, with_options
from aws_executors.core.batch.overrides import (
    EcsPropertiesOverride,
    TaskContainerOverrides,
    TaskPropertiesOverride,
)
from aws_executors.core.batch.request import (
    ConsumableResourceProperties,
    ConsumableResourceRequirement,
    EvaluateOnExit,
    JobDependency,
    JobTimeout,
    RetryStrategy,
    SubmitJob,
)
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.requests.compose import call_text
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.maker import maker
from aws_executors.core.requests.wire import KeyValuePair

Step = Callable[[Launch[BatchSettings], SubmitJob], SubmitJob]
"""What `compose` and `when` take for Batch: a function of a launch and a job that gives the job."""
NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, repr=False)
class _Over:
    """Lays `options` over the request of any launch; `text` is the call that a person wrote."""

    text: str
    options: BatchOptions

    def __call__(self, launch: Launch[BatchSettings], request: SubmitJob) -> SubmitJob:
        return with_options(
            request, self.options, launch.settings.container_name, self.text.partition("(")[0]
        )

    def __repr__(self) -> str:
        return self.text


def _named(verb: str, texts: Mapping[str, str], named: Mapping[str, str]) -> str:
    return call_text(verb, *((dict(texts),) if texts else ()), **named)


def _variables(texts: Mapping[str, str]) -> tuple[KeyValuePair, ...]:
    return tuple(KeyValuePair(name=name, value=value) for name, value in texts.items())


@maker
def with_retry(attempts: int, *, on_exit: Sequence[EvaluateOnExit] = ()) -> Step:
    """Let Batch itself start the job up to `attempts` times (1 to 10), after the ends that `on_exit` lists.

    This is a retry below Airflow: each attempt runs the same command for the same try of the task, with the
    same token, and Airflow sees one try. So it helps if the host was lost before the task began. Once the
    task has begun, the next attempt is refused by Airflow's API (409) and fails; after
    ``[scheduler] task_queued_timeout`` every attempt is refused, because its token has expired (403). Retries
    of the task's own failures are Airflow's: ``retries=`` of the operator.

    At most 5 rules, the first that fits counts; if none fits, Batch retries. Source: API_RetryStrategy.

    >>> with_retry(3, on_exit=(EvaluateOnExit(action="RETRY", on_status_reason="Host EC2*"),))
    with_retry(3, on_exit=(EvaluateOnExit(action='RETRY', ... on_status_reason='Host EC2*'),))
    """
    strategy = RetryStrategy(attempts=attempts, evaluate_on_exit=tuple(on_exit))
    return _Over(
        call_text("with_retry", attempts, on_exit=on_exit or None), BatchOptions(retry_strategy=strategy)
    )


@maker
def with_timeout(*, hours: int = 0, minutes: int = 0, seconds: int = 0) -> Step:
    """Let Batch end an attempt that has run for this long, 60 s or more; it does not retry it then.

    Counted from the start of the container, not from the submission. Source: API_JobTimeout.

    >>> with_timeout(hours=24)
    with_timeout(hours=24)
    """
    text = call_text("with_timeout", hours=hours or None, minutes=minutes or None, seconds=seconds or None)
    total = (hours * 60 + minutes) * 60 + seconds
    if total < 60:
        raise ValueError(f"{text} is {total} s; Batch allows 60 s or more")
    return _Over(text, BatchOptions(timeout=JobTimeout(attempt_duration_seconds=total)))


@maker
def with_resources(
    *, vcpus: float | str | None = None, memory: int | str | None = None, gpu: int | str | None = None
) -> Step:
    """Give the Airflow container this many vCPUs (0.25 is a quarter), MiB of memory and GPUs; others stay.

    On Fargate only certain pairs of vCPUs and memory exist. Source: API_ResourceRequirement.

    >>> with_resources(vcpus=0.25, memory=512)
    with_resources(vcpus=0.25, memory=512)
    """
    text = call_text("with_resources", vcpus=vcpus, memory=memory, gpu=gpu)
    sizes = requirements(vcpus=vcpus, memory=memory, gpu=gpu)
    return _Over(text, BatchOptions(resource_requirements=sizes))


@maker
def with_environment(variables: Mapping[str, str] = NONE, /, **named: str) -> Step:
    """Set environment variables of the Airflow container, by name; others stay.

    A mapping is for names that Python does not take as keywords. Secrets belong in the job definition's
    ``secrets``: whoever may describe jobs can read what is set here.

    >>> with_environment({"my.name": "x"}, STAGE="test")
    with_environment({'my.name': 'x'}, STAGE='test')
    """
    both = _variables({**variables, **named})
    return _Over(_named("with_environment", variables, named), BatchOptions(environment=both))


@maker
def with_container(
    name: str,
    *,
    command: Sequence[str] = (),
    environment: Mapping[str, str] = NONE,
    vcpus: float | str | None = None,
    memory: int | str | None = None,
    gpu: int | str | None = None,
) -> Step:
    """Override another container of an `ecsProperties` job definition, such as a sidecar, by its name.

    Sizes as in `with_resources`; what is not given stays as it is. Source: API_TaskContainerOverrides.

    >>> with_container("proxy", command=("serve", "--fast"), memory=64)
    with_container('proxy', command=('serve', '--fast'), memory=64)
    """
    given = {"command": command or None, "environment": dict(environment) or None}
    override = TaskContainerOverrides(
        name=name,
        command=tuple(command),
        environment=_variables(environment),
        resource_requirements=requirements(vcpus=vcpus, memory=memory, gpu=gpu),
    )
    properties = EcsPropertiesOverride(task_properties=(TaskPropertiesOverride(containers=(override,)),))
    text = call_text("with_container", name, **given, vcpus=vcpus, memory=memory, gpu=gpu)
    return _Over(text, BatchOptions(ecs_properties_override=properties))


@maker
def with_tags(tags: Mapping[str, str] = NONE, /, **named: str) -> Step:
    """Tag the job, by key; other tags stay. A mapping is for keys that Python does not take as keywords.

    >>> with_tags({"cost:center": "7"}, team="etl")
    with_tags({'cost:center': '7'}, team='etl')
    """
    pairs = tuple({**tags, **named}.items())
    return _Over(_named("with_tags", tags, named), BatchOptions(tags=pairs))


@maker
def with_propagated_tags(propagate: bool = True) -> Step:
    """Copy the tags of job and job definition to the ECS task that runs the job.

    >>> with_propagated_tags()
    with_propagated_tags(True)
    """
    return _Over(call_text("with_propagated_tags", propagate), BatchOptions(propagate_tags=propagate))


@maker
def with_job_queue(job_queue: str) -> Step:
    """Submit to another job queue, by name or ARN.

    >>> with_job_queue("night")
    with_job_queue('night')
    """
    return _Over(call_text("with_job_queue", job_queue), BatchOptions(job_queue=job_queue))


@maker
def with_job_definition(job_definition: str) -> Step:
    """Run another job definition: name, name:revision or ARN, of the same kind.

    >>> with_job_definition("airflow-gpu:3")
    with_job_definition('airflow-gpu:3')
    """
    return _Over(
        call_text("with_job_definition", job_definition), BatchOptions(job_definition=job_definition)
    )


@maker
def with_share_identifier(share: str, *, priority: int | None = None) -> Step:
    """Count the job to this share of a fair-share queue, which needs one; `priority` 0 to 9999 within it.

    >>> with_share_identifier("teamA", priority=10)
    with_share_identifier('teamA', priority=10)
    """
    options = BatchOptions(share_identifier=share, scheduling_priority_override=priority)
    return _Over(call_text("with_share_identifier", share, priority=priority), options)


@maker
def with_parameters(parameters: Mapping[str, str] = NONE, /, **named: str) -> Step:
    """Set parameters of the job definition (``Ref::name`` in its command), by name; others stay.

    >>> with_parameters(size="big")
    with_parameters(size='big')
    """
    pairs = tuple({**parameters, **named}.items())
    return _Over(_named("with_parameters", parameters, named), BatchOptions(parameters=pairs))


@maker
def with_depends_on(*job_ids: str) -> Step:
    """Start the job only when these jobs, by id, have succeeded; at most 20 in all.

    >>> with_depends_on("0b6e")
    with_depends_on('0b6e')
    """
    jobs = tuple(JobDependency(job_id=job_id) for job_id in job_ids)
    return _Over(call_text("with_depends_on", *job_ids), BatchOptions(depends_on=jobs))


@maker
def with_consumable_resource(name: str, quantity: int = 1) -> Step:
    """Hold this much of a consumable resource (a licence, say), by name or ARN, while the job runs.

    >>> with_consumable_resource("licence")
    with_consumable_resource('licence', 1)
    """
    listed = (ConsumableResourceRequirement(consumable_resource=name, quantity=quantity),)
    properties = ConsumableResourceProperties(consumable_resource_list=listed)
    options = BatchOptions(consumable_resource_properties_override=properties)
    return _Over(call_text("with_consumable_resource", name, quantity), options)
