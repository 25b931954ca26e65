"""The calls that verify makes and an executor does not: raw descriptions, and requests that AWS must refuse.

Law: one function per question. A request that AWS should refuse is sent once; if it starts a container all
the same, that is added to the trace, and so stopped at the end.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.batch.answers import responses as batch_responses
from aws_executors.core.ecs.answers import responses as ecs_responses
from aws_executors.core.lifecycle.allocation import Allocation
from aws_executors.core.lifecycle.observation import Phase
from aws_executors.core.requests.wire import to_kwargs
from aws_executors.shell.aws.ecs import cluster_of
from aws_executors.verify.interceptor import submission
from aws_executors.verify.plan import VerifySetup
from aws_executors.verify.proof.model import CaseTrace, CheckVerdict, failed, not_checked, ok
from aws_executors.verify.proof.record import AwsRecord, of_job_definition, of_task_definition, records

LIMITS: Mapping[str, int] = {"ecs": 8192, "batch": 30 * 1024}
"""The limits on a request's size: characters of all overrides (ECS), bytes of the request (Batch)."""

OVER = 64
"""By how many characters the request that is too large exceeds the limit."""


def described(setup: VerifySetup, ids: Sequence[str]) -> Iterator[AwsRecord]:
    """AWS's records of these containers; those that AWS does not return are left out."""
    if setup.service == "batch":
        answer: Result[Any, AwsError] = setup.clients.batch(lambda batch: batch.describe_jobs(jobs=list(ids)))
        yield from records("batch", answer.value_or(None), setup.container)
        return
    clusters: dict[str, list[str]] = {}
    for id_ in ids:
        clusters.setdefault(cluster_of(id_, "default"), []).append(id_)
    for cluster, arns in clusters.items():
        yield from records("ecs", _tasks(setup, cluster, arns), setup.container)


def _tasks(setup: VerifySetup, cluster: str, arns: Sequence[str]) -> object:
    answer: Result[Any, AwsError] = setup.clients.ecs(
        lambda ecs: ecs.describe_tasks(cluster=cluster, tasks=arns)
    )
    return answer.value_or(None)


def of_unknown_id(setup: VerifySetup, known: str) -> CheckVerdict:
    """Ask AWS about a container that does not exist: it must be left out of the answer, without an error."""
    id_ = "/".join([*known.split("/")[:-1], "0" * 32]) if "/" in known else f"{'0' * 8}{known[8:]}"
    match unwrap_or_failure(setup.calls().describe((id_,))):
        case AwsError() as error:
            return failed(f"Describing an id that does not exist is an error: {error.with_remedy}")
        case answer:
            (seen,) = answer.observations
            if seen.phase is Phase.ABSENT:
                return ok("A container that does not exist is left out of the answer, or MISSING")
            return failed(f"Of an id that does not exist AWS says {seen.status}")


def of_conflict(setup: VerifySetup, trace: CaseTrace) -> CheckVerdict:
    """Send ECS another request with a used client token, which it must refuse."""
    sent, answer = time.time(), setup.request(trace.case, trace.token, 1, ("another",))
    result = setup.calls().submit(answer.unwrap())
    trace.submissions.append(submission(sent, result))
    match unwrap_or_failure(result):
        case AwsError(kind=Kind.CONFLICT, resource_ids=ids) if set(ids) & set(trace.ids):
            return ok("A changed request with the same client token is a conflict that names the container")
        case AwsError() as error:
            return failed(f"A changed request with the same client token is refused: {error.with_remedy}")
        case id_:
            return failed(f"A changed request with the same client token started another container, {id_}")


def of_too_large(setup: VerifySetup, trace: CaseTrace) -> CheckVerdict:
    """Send AWS a request that exceeds its size limit, which it must refuse."""
    built = setup.request(trace.case, trace.token, 2).map(lambda one: padded(setup.service, to_kwargs(one)))
    kwargs = built.value_or(None)
    if kwargs is None:
        return not_checked("The request has no override of a container that could be made larger")
    sent, size = time.time(), LIMITS[setup.service] + OVER
    what = "characters of overrides" if setup.service == "ecs" else "bytes of request"
    if setup.service == "batch":
        result = setup.clients.batch(lambda batch: batch.submit_job(**kwargs)).bind(batch_responses.started)
    else:
        result = setup.clients.ecs(lambda ecs: ecs.run_task(**kwargs)).bind(ecs_responses.started)
    trace.submissions.append(submission(sent, result))
    match unwrap_or_failure(result):
        case AwsError(kind=Kind.PERMANENT) as error:
            return ok(f"{size} {what} are refused: {error.with_remedy}")
        case AwsError() as error:
            return not_checked(f"{size} {what}: {error.with_remedy}")
        case id_:
            return failed(
                f"{size} {what} are accepted, although the limit is {LIMITS[setup.service]} ({id_})"
            )


def padded(service: str, kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """The request, made `OVER` characters too large by a variable of the container whose command it sets."""
    found: dict[str, Any] = json.loads(json.dumps(kwargs))
    container = next(_with_command(found), None)
    if container is None:
        return None
    variable = {"name": "AWS_EXECUTORS_VERIFY", "value": ""}
    container["environment"] = [*container.get("environment", []), variable]
    size = len(json.dumps(found["overrides"] if service == "ecs" else found))
    variable["value"] = "x" * (LIMITS[service] + OVER - size)
    return found


def _with_command(found: object) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        if "command" in found:
            yield found
        for value in found.values():
            yield from _with_command(value)
    elif isinstance(found, list):
        for value in found:
            yield from _with_command(value)


def defined_size(setup: VerifySetup, request: Any) -> Allocation | None:
    """The size of this request's container, by its definition and its overrides; None if the definition
    cannot be read (the permission for it is one of the doctor's)."""
    kwargs: dict[str, Any] = to_kwargs(request)
    if setup.service == "ecs":
        name = kwargs["taskDefinition"]
        answer: Result[Any, AwsError] = setup.clients.ecs(
            lambda ecs: ecs.describe_task_definition(taskDefinition=name)
        )
        return answer.map(lambda found: of_task_definition(found, kwargs, setup.container)).value_or(None)
    name = kwargs["jobDefinition"].rpartition("/")[2]
    asked = {"jobDefinitions": [name]} if ":" in name else {"jobDefinitionName": name, "status": "ACTIVE"}
    answer = setup.clients.batch(lambda batch: batch.describe_job_definitions(**asked))
    return answer.map(lambda found: of_job_definition(found, kwargs, setup.container)).value_or(None)
