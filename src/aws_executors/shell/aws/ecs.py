"""ECS as the engine's `Service`: RunTask, DescribeTasks, ListTasks, StopTask.

Law: the core makes the requests and reads the answers; this module makes the calls, and knows the clusters. A
task's ARN names its cluster, whichever a builder chose. A look-up by token has no ARN: it searches the
cluster of the settings, those given as `also`, and those that this process has sent a request to.

Known gap: after a crash, the look-up by token does not find a container whose id was not saved yet, if it is
in a cluster that only a builder's step has named; its task is started anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal, cast

from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.request_quotas import ON_FARGATE, ON_INSTANCES, allotments
from aws_executors.core.aws.response import Page
from aws_executors.core.ecs.answers.describe import follower, observe_answer
from aws_executors.core.ecs.answers.responses import listed_ids as listed
from aws_executors.core.ecs.answers.responses import started
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.lifecycle.observation import DescribeResult, Observation
from aws_executors.core.logs.streams import Stream
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.shell.aws.call import NONE_REFUSED, Refusals, each, gone, may_be_there, settled, shortened
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.log_pages import defined_log, ecs_log, log_page
from aws_executors.shell.aws.pagination import chunks, container_found, counted, merged, paged

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ListTasksRequestTypeDef, RunTaskRequestTypeDef

AT_ONCE = 100
"""How many tasks one DescribeTasks call describes at most. Source: API_DescribeTasks."""

DEFAULT_CLUSTER = "default"
"""The cluster in which AWS runs a task whose request names none."""

REASON_LENGTH = 255
"""How many characters of a StopTask reason are sent; AWS states no limit."""

TASK = "{task}"
"""The placeholder for a task's id in the name of a cached log stream."""

DEFINITIONS = 200
"""How many task definitions' log streams are cached."""


class EcsCalls:
    """ECS, for one section of airflow.cfg. Makes no call until it is asked to; never raises.

    >>> from aws_executors.core.ecs.settings import EcsSettings
    >>> settings = EcsSettings(region="us-east-1", cluster="etl", container_name="main",
    ...                        task_definition="airflow:7", subnets=("subnet-1",))
    >>> EcsCalls(Clients(settings), settings)
    <EcsCalls in etl>
    """

    idempotent = True

    def __init__(self, clients: Clients, settings: EcsSettings, *, also: Iterable[str] = ()) -> None:
        self._clients = clients
        self._settings = settings
        self._record = follower(settings.container_name, sizes=settings.usage)
        self._defined_logs: dict[str, Stream] = {}
        self._clusters = dict.fromkeys((settings.cluster, *also))
        documented = ON_FARGATE if counts_as_fargate(settings) else ON_INSTANCES
        self.allotments = allotments(
            documented, submit_rate=settings.submit_rate, read_share=settings.read_share
        )

    def __repr__(self) -> str:
        return f"<EcsCalls in {', '.join(self._clusters)}>"

    def submit(self, request: RunTask) -> Result[str, AwsError]:
        """Run one task; returns its ARN."""
        kwargs = cast("RunTaskRequestTypeDef", to_kwargs(request))
        result = self._clients.ecs(lambda ecs: ecs.run_task(**kwargs)).bind(started)
        if may_be_there(result):
            self._clusters.setdefault(request.cluster or DEFAULT_CLUSTER)
        return result

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        """Describe tasks by their ARNs, in one call per cluster and `AT_ONCE` tasks."""
        parts = (
            (some, cluster)
            for cluster, arns in self._by_cluster(ids).items()
            for some in chunks(arns, AT_ONCE)
        )
        return merged((some, self._described(cluster, some)) for some, cluster in parts)

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """Look for the newest task of one queueing, live ones first, in all clusters known here."""
        return container_found([self._searched(cluster, token, exclude) for cluster in tuple(self._clusters)])

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        """Stop tasks, one call each; a task that AWS does not know (any more) has stopped."""
        return each(chunks(ids, 1), partial(self._stopped, shortened(reason, REASON_LENGTH)))

    def log_stream(self, token: str) -> Result[Stream, AwsError]:
        """Where the container of one queueing logs to; `token` may be a task's ARN, too."""
        if token.startswith("arn:"):
            return self._log_of(token)
        return self.find(token, ()).bind(lambda seen: self._log_of(token if seen is None else seen.id))

    def past_log(self, container: str) -> Result[Stream, AwsError]:
        """Where a task that ECS has forgotten logged to, according to the settings' task definition."""
        own = self._settings
        return defined_log(
            self._clients, own.task_definition, own.container_name, container.rpartition("/")[2]
        )

    def ended_log(self, seen: Observation) -> Result[Stream, AwsError]:
        """Where an ended task logged to, by its definition, which is cached as it does not change."""
        given = seen.allocation
        definition = "" if given is None else given.definition
        task = seen.id.rpartition("/")[2]
        if definition not in self._defined_logs:
            found = defined_log(self._clients, definition, self._settings.container_name, TASK)
            if not is_successful(found):
                return found
            if len(self._defined_logs) >= DEFINITIONS:
                self._defined_logs.clear()
            self._defined_logs[definition] = found.unwrap()
        stream = self._defined_logs[definition]
        return Success(replace(stream, name=stream.name.replace(TASK, task)))

    def log_page(self, stream: Stream, next_token: str) -> Result[object, AwsError]:
        """One page of a log."""
        return log_page(self._clients, self._settings.region, stream, next_token)

    def _log_of(self, task: str) -> Result[Stream, AwsError]:
        cluster = cluster_of(task, self._settings.cluster)
        return ecs_log(self._clients, cluster, task, self._settings.container_name)

    def _by_cluster(self, ids: Sequence[str]) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {}
        for arn in ids:
            groups.setdefault(cluster_of(arn, self._settings.cluster), []).append(arn)
        return groups

    def _described(self, cluster: str, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        answer = self._clients.ecs(lambda ecs: ecs.describe_tasks(cluster=cluster, tasks=ids))
        return answer.map(
            partial(observe_answer, asked=ids, container=self._settings.container_name, record=self._record)
        )

    def _searched(self, cluster: str, token: str, exclude: Sequence[str]) -> Result[DescribeResult, AwsError]:
        # List running tasks first: a task that stops in between is then in the second list.
        running = paged(partial(self._page, cluster, token, "RUNNING"))
        looked = running.bind(partial(self._and_stopped, cluster, token, exclude))
        return looked.lash(partial(self._unless_deleted, cluster))

    def _and_stopped(
        self, cluster: str, token: str, exclude: Sequence[str], live: tuple[str, ...]
    ) -> Result[DescribeResult, AwsError]:
        stopped = paged(partial(self._page, cluster, token, "STOPPED"))
        return stopped.bind(partial(self._looked_at, live, exclude))

    def _page(
        self, cluster: str, token: str, status: Literal["RUNNING", "STOPPED"], next_token: str
    ) -> Result[Page, AwsError]:
        kwargs: ListTasksRequestTypeDef = {
            "cluster": cluster,
            "startedBy": f"{self._settings.deployment}/{token}",
            "desiredStatus": status,
        }
        if next_token:
            kwargs["nextToken"] = next_token
        return self._clients.ecs(lambda ecs: ecs.list_tasks(**kwargs)).bind(listed)

    def _looked_at(
        self, live: tuple[str, ...], exclude: Sequence[str], stopped: tuple[str, ...]
    ) -> Result[DescribeResult, AwsError]:
        ids = [arn for arn in dict.fromkeys((*live, *stopped)) if arn not in exclude]
        return self.describe(ids).map(partial(counted, live=frozenset(live) - frozenset(stopped)))

    def _unless_deleted(self, cluster: str, error: AwsError) -> Result[DescribeResult, AwsError]:
        """An empty result in place of an error, if a cluster but the settings' was deleted: it was empty."""
        gone_by = cluster != self._settings.cluster and gone(error)
        return Success(DescribeResult()) if gone_by else Failure(error)

    def _stopped(self, reason: str, ids: Sequence[str]) -> Result[Refusals, AwsError]:
        (arn,) = ids
        cluster = cluster_of(arn, self._settings.cluster)
        answer = self._clients.ecs(lambda ecs: ecs.stop_task(cluster=cluster, task=arn, reason=reason))
        return answer.map(lambda _: NONE_REFUSED).lash(settled)


def counts_as_fargate(settings: EcsSettings) -> bool:
    """Whether AWS counts RunTask as on Fargate: by the launch type, or by a strategy that names Fargate."""
    providers = [item.capacity_provider for item in settings.capacity_provider_strategy]
    return settings.launch_type == "FARGATE" or any(name.startswith("FARGATE") for name in providers)


def cluster_of(arn: str, default: str) -> str:
    """The cluster that a task's ARN names; `default` for the old form of ARN, which names none.

    >>> cluster_of("arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e", "default")
    'etl'
    >>> cluster_of("arn:aws:ecs:us-east-1:123456789012:task/0f1e", "default")
    'default'
    """
    match arn.split("/"):
        case [_, cluster, _]:
            return cluster
        case _:
            return default
