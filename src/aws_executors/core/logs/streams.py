"""Find the CloudWatch log stream of a container.

Law: the only module that reads log settings from the descriptions that AWS returns. Nothing raises; if there
is no log, the failure says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from returns.result import Failure, Result, Success

from aws_executors.core.aws.response import AnswerRecord, read_record
from aws_executors.core.logs.firelens import DRIVER as FIRELENS
from aws_executors.core.logs.firelens import routed

ENDED = ("SUCCEEDED", "FAILED")
BATCH_GROUP = "/aws/batch/job"
"""Where Batch logs if the job definition names no group. Source: "Using the awslogs log driver", AWS Batch
User Guide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One log stream; an empty `region` means the container's own Region.

    `token` is set for a warm container: only the lines of the workload of the job with this token are meant.
    """

    group: str
    name: str
    region: str = ""
    token: str = ""


class _LogConfiguration(AnswerRecord):
    log_driver: str | None = None
    options: dict[str, str] | None = None


class _Defined(AnswerRecord):
    name: str | None = None
    essential: bool | None = None
    log_configuration: _LogConfiguration | None = None
    log_stream_name: str | None = None
    task_arn: str | None = None


class _Definition(AnswerRecord):
    container_definitions: tuple[_Defined, ...] = ()


class _Definitions(AnswerRecord):
    task_definition: _Definition


class _Task(AnswerRecord):
    task_definition_arn: str


class _Tasks(AnswerRecord):
    tasks: tuple[_Task, ...] = ()


class _BatchTask(AnswerRecord):
    containers: tuple[_Defined, ...] = ()
    task_arn: str | None = None


class _Properties(AnswerRecord):
    task_properties: tuple[_BatchTask, ...] = ()


class _Metadata(AnswerRecord):
    namespace: str | None = None


class _Pod(AnswerRecord):
    pod_name: str | None = None
    pod_namespace: str | None = None
    metadata: _Metadata | None = None


class _Pods(AnswerRecord):
    pod_properties: _Pod | None = None


class _Nodes(AnswerRecord):
    main_node: int | None = None


class _Array(AnswerRecord):
    size: int | None = None


class _Job(AnswerRecord):
    job_id: str = ""
    status: str = ""
    container: _Defined | None = None
    ecs_properties: _Properties | None = None
    eks_properties: _Pods | None = None
    eks_attempts: tuple[_Pod, ...] = ()
    node_properties: _Nodes | None = None
    array_properties: _Array | None = None


class _Jobs(AnswerRecord):
    jobs: tuple[_Job, ...] = ()


def definition_of(answer: object) -> Result[str, str]:
    """The ARN of the task definition of the one task in a DescribeTasks response, or why there is none.

    >>> definition_of({"tasks": [{"taskDefinitionArn": "airflow:3"}]})
    <Success: airflow:3>
    """
    return read_record(_Tasks, answer).bind(
        lambda found: (
            Success(found.tasks[0].task_definition_arn) if found.tasks else Failure("AWS does not show it")
        )
    )


def ecs_stream(answer: object, *, container: str, task: str) -> Result[Stream, str]:
    """The log stream of a container of an ECS task, from a DescribeTaskDefinition response, or why it cannot
    be known.

    `task` is the last part of the task's ARN. The stream is ``<prefix>/<container>/<task>``. Without a prefix
    it is named after the container's id on its host, which AWS does not return. Source:
    "awslogs-stream-prefix", Amazon ECS Developer Guide.

    >>> options = {"awslogs-group": "/airflow", "awslogs-stream-prefix": "airflow"}
    >>> ecs_stream({"taskDefinition": {"containerDefinitions": [{"name": "main", "logConfiguration":
    ...     {"logDriver": "awslogs", "options": options}}]}}, container="main", task="0f1e").unwrap().name
    'airflow/main/0f1e'
    """
    return read_record(_Definitions, answer).bind(
        lambda found: _named(found.task_definition.container_definitions, container).bind(
            lambda own: _prefixed(own, task)
        )
    )


def batch_stream(answer: object, *, container: str = "") -> Result[Stream, str]:
    """The log stream of the one job in a DescribeJobs response, or why it cannot be known (yet).

    `container` names the Airflow container of a job with ``ecsProperties``.

    >>> batch_stream({"jobs": [{"container": {"logStreamName": "airflow/default/0f1e"}}]}).unwrap().group
    '/aws/batch/job'
    """
    return read_record(_Jobs, answer).bind(lambda found: _of_job(found, container))


def main_node(answer: object) -> str:
    """The id of the main node's job, if a DescribeJobs response shows a multi-node job; otherwise empty.

    Batch keeps each node's log with a job of its own, ``<job>#<node>``, and none with the parent job. Source:
    "DescribeJobs" and "Multi-node parallel jobs", AWS Batch User Guide.

    >>> main_node({"jobs": [{"jobId": "4c75", "nodeProperties": {"numNodes": 2, "mainNode": 1}}]})
    '4c75#1'
    """
    return read_record(_Jobs, answer).map(_main_node).value_or("")


def _main_node(found: _Jobs) -> str:
    job = found.jobs[0] if found.jobs else _Job()
    nodes = job.node_properties
    return "" if nodes is None or "#" in job.job_id else f"{job.job_id}#{nodes.main_node or 0}"


def _named(containers: Sequence[_Defined], name: str) -> Result[_Defined, str]:
    own = next((one for one in containers if one.name == name), None)
    return Failure(f"the task definition has no container {name!r}") if own is None else Success(own)


def _prefixed(own: _Defined, task: str) -> Result[Stream, str]:
    if _driver(own) == FIRELENS:
        return _by_firelens(own, own.name or "", task)
    options = _awslogs(own)
    group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
    if not group and own.log_configuration is not None and _driver(own) == "awslogs":
        return Failure("awslogs-group is not set, so nobody knows where it logs")
    if not group:
        return Failure(_no_awslogs(own))
    if not prefix:
        return Failure("awslogs-stream-prefix is not set, so nobody knows the stream's name")
    region = options.get("awslogs-region", "")
    return Success(Stream(group=group, name=f"{prefix}/{own.name}/{task}", region=region))


def _by_firelens(own: _Defined, container: str, task: str) -> Result[Stream, str]:
    options = (own.log_configuration.options if own.log_configuration else None) or {}
    return routed(options, container, task).map(
        lambda found: Stream(group=found.group, name=found.name, region=found.region)
    )


def _of_job(found: _Jobs, container: str) -> Result[Stream, str]:
    if not found.jobs:
        return Failure("AWS does not show it")
    job = found.jobs[0]
    own, task = _own(job, container)
    if own is not None and _driver(own) == FIRELENS and task:
        return _by_firelens(own, own.name or "default", task.rpartition("/")[2])
    if own is not None and _driver(own) not in ("awslogs", FIRELENS):
        return Failure(_no_awslogs(own))
    if own is None or not own.log_stream_name:
        return Failure(_no_stream(job))
    options = _awslogs(own)
    return Success(
        Stream(
            group=options.get("awslogs-group", BATCH_GROUP),
            name=own.log_stream_name,
            region=options.get("awslogs-region", ""),
        )
    )


def _no_stream(job: _Job) -> str:
    """Why a job has no log stream; some jobs never get one."""
    if job.eks_properties is not None:
        pod = job.eks_attempts[-1] if job.eks_attempts else job.eks_properties.pod_properties or _Pod()
        inner = pod.pod_namespace or (pod.metadata.namespace if pod.metadata else None)
        place = f" --namespace {inner}" if inner else ""
        return (
            "it runs on Kubernetes, and Batch keeps no log of it: see the cluster's own logging, or, while "
            f"the pod is there, kubectl logs {pod.pod_name or '<pod>'}{place}"
        )
    if job.array_properties is not None and job.array_properties.size is not None:
        return f"it is an array of {job.array_properties.size} jobs, and each has a log of its own"
    return "it ended before it had a log" if job.status in ENDED else "it has no log stream yet"


def _own(job: _Job, name: str) -> tuple[_Defined | None, str]:
    """Airflow's container, and the ECS task that it runs in."""
    tasks = () if job.ecs_properties is None else job.ecs_properties.task_properties
    several = [(one, task.task_arn) for task in tasks for one in task.containers if name in ("", one.name)]
    alone = job.container, job.container.task_arn if job.container else None
    own, task_arn = next((both for both in several if both[0].essential is not False), alone)
    return own, task_arn or ""


def _driver(own: _Defined) -> str:
    return "awslogs" if own.log_configuration is None else own.log_configuration.log_driver or "awslogs"


def _awslogs(own: _Defined) -> dict[str, str]:
    configured = own.log_configuration
    return {} if configured is None or _driver(own) != "awslogs" else configured.options or {}


def _no_awslogs(own: _Defined) -> str:
    driver = "no log driver" if own.log_configuration is None else f"the log driver {_driver(own)!r}"
    return f"its container has {driver}, and only what awslogs writes can be read here"
