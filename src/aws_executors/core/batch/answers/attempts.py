"""A job's attempts and containers, wherever its kind shows them.

Law: read alike for all kinds (the table in `batch/container.py`): `container` of a job of one container, the
tasks of `ecsProperties`, the pod of `eksProperties` with its attempts in `eksAttempts`; and a multi-node job
shows its containers in its attempts alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_executors.core.aws.response import AnswerRecord
from aws_executors.core.aws.sidecars import Contained


class AttemptContainer(Contained):
    """One container of a job."""

    log_stream_name: str | None = None


class _Group(AnswerRecord):
    """What runs together: an ECS task, or a pod."""

    containers: tuple[AttemptContainer, ...] | None = None
    init_containers: tuple[AttemptContainer, ...] | None = None


class _Tasks(AnswerRecord):
    task_properties: tuple[_Group, ...] | None = None


class _Pod(AnswerRecord):
    pod_properties: _Group | None = None


class _Attempt(AnswerRecord):
    container: AttemptContainer | None = None
    task_properties: tuple[_Group, ...] | None = None
    started_at: float | None = None
    status_reason: str | None = None


class _PodAttempt(_Group):
    started_at: float | None = None
    status_reason: str | None = None


class _Nodes(AnswerRecord):
    main_node: int | None = None


class JobDetail(AnswerRecord):
    """What of a job's description shows how it ended. Source: "JobDetail", AWS Batch API Reference."""

    job_id: str
    status: str
    job_name: str | None = None
    status_reason: str | None = None
    created_at: float | None = None
    started_at: float | None = None
    container: AttemptContainer | None = None
    ecs_properties: _Tasks | None = None
    eks_properties: _Pod | None = None
    node_properties: _Nodes | None = None
    attempts: tuple[_Attempt, ...] | None = None
    eks_attempts: tuple[_PodAttempt, ...] | None = None
    is_cancelled: bool | None = None
    is_terminated: bool | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt, or the job as a whole: its containers, the main node's first, and what AWS says of it.

    `before` are the containers of a pod that must succeed before its others start (``initContainers``).
    """

    containers: tuple[AttemptContainer, ...]
    started_at: float | None
    status_reason: str | None
    before: tuple[AttemptContainer, ...] = ()

    @property
    def held_back(self) -> bool:
        """Whether one of `before` has failed, so that `containers` cannot have started."""
        return any(one.exit_code for one in self.before)


def attempts_of(job: JobDetail) -> tuple[Run, ...]:
    """The attempts of a job, oldest first."""
    main = 0 if job.node_properties is None else job.node_properties.main_node or 0
    on_ecs = (
        Run(_containers(one.container, one.task_properties or (), main), one.started_at, one.status_reason)
        for one in job.attempts or ()
    )
    on_eks = (
        Run(pod.containers or (), pod.started_at, pod.status_reason, pod.init_containers or ())
        for pod in job.eks_attempts or ()
    )
    return (*on_ecs, *on_eks)


def whole_job(job: JobDetail, runs: Sequence[Run]) -> Run:
    """The job itself as one run; if the job does not show its containers, with those of its last attempt."""
    pod = None if job.eks_properties is None else job.eks_properties.pod_properties
    tasks = () if job.ecs_properties is None else job.ecs_properties.task_properties or ()
    shown = _containers(job.container, (*tasks, *(() if pod is None else (pod,))), 0)
    last = runs[-1] if runs else Run((), None, None)
    before = () if pod is None else pod.init_containers or last.before
    return Run(shown or last.containers, job.started_at, job.status_reason, before)


def _containers(
    only: AttemptContainer | None, groups: Sequence[_Group], main: int
) -> tuple[AttemptContainer, ...]:
    ordered = (*groups[main : main + 1], *groups[:main], *groups[main + 1 :])
    found = tuple(one for group in ordered for one in group.containers or ())
    return found or (() if only is None else (only,))


def own_of(job: JobDetail, runs: Sequence[Run], name: str) -> AttemptContainer:
    """The Airflow container; what the job itself does not show of it is taken from the last attempt."""
    return _completed(_chosen(whole_job(job, runs).containers, name), runs)


def others_of(job: JobDetail, runs: Sequence[Run], own: AttemptContainer) -> tuple[AttemptContainer, ...]:
    """The containers beside the Airflow container `own`, completed in the same way."""
    shown = whole_job(job, runs)
    return tuple(_completed(one, runs) for one in (*shown.containers, *shown.before) if one.name != own.name)


def _completed(one: AttemptContainer, runs: Sequence[Run]) -> AttemptContainer:
    last = same_container(runs[-1], one) if runs else one
    return AttemptContainer(
        name=one.name,
        essential=one.essential,
        exit_code=last.exit_code if one.exit_code is None else one.exit_code,
        reason=one.reason or last.reason,
        log_stream_name=one.log_stream_name or last.log_stream_name,
    )


def _chosen(containers: Sequence[AttemptContainer], name: str) -> AttemptContainer:
    fits = [one for one in containers if not name or one.name in (name, None)]
    return min(fits, key=_inessential, default=AttemptContainer())


def _inessential(one: AttemptContainer) -> bool:
    return one.essential is False


def same_container(run: Run, own: AttemptContainer) -> AttemptContainer:
    """The same container in one attempt: by its name, or the only container, which has no name."""
    return next((one for one in (*run.containers, *run.before) if one.name == own.name), AttemptContainer())
