"""What we make of containers as AWS shows them, and of its bare words.

Law: the readers of the code, each asked as the engine asks it, and what is done about what they say.
"""

from collections.abc import Callable, Mapping
from typing import Any

from returns.methods import unwrap_or_failure
from returns.result import Result

from aws_executors.core.aws.response import CONTAINER_REASONS, joined, named_cause
from aws_executors.core.batch.answers import describe as batch
from aws_executors.core.ecs.answers import describe as ecs
from aws_executors.core.explain.diagnosis import explain, explain_wait
from aws_executors.core.explain.reasons import reason_for
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase, Unreadable
from aws_executors.core.lifecycle.verdict import RowState, verdict


def shown(seen: Observation) -> dict[str, object]:
    """An observation, what a person reads of it, and what is done about it before and after a task began."""
    row = reason_for(seen)
    return {
        "phase": seen.phase.value,
        "status": seen.status,
        "cause": None if seen.cause is None else seen.cause.value,
        "exit_code": seen.exit_code,
        "stop_code": seen.stop_code,
        "started": seen.started,
        "final": seen.final,
        "reason": seen.reason,
        "log_stream": seen.log_stream,
        "row": "" if row is None else row.name,
        "sentence": explain(seen) if seen.ended else explain_wait(seen),
        "before": verdict(seen, RowState.QUEUED).value,
        "after": verdict(seen, RowState.RUNNING).value,
    }


def _outcome(result: Result[Observation, Unreadable]) -> dict[str, object]:
    match unwrap_or_failure(result):
        case Observation() as seen:
            return shown(seen)
        case Unreadable(problem=problem):
            return {"problem": problem}


def _named(given: Mapping[str, Any], default: str) -> tuple[Any, str]:
    """The payload, and the Airflow container's name: said beside it where it is not the usual one."""
    return (given["payload"], given["container"]) if "payload" in given else (given, default)


def ecs_task(given: Mapping[str, Any]) -> Mapping[str, object]:
    """A task as DescribeTasks shows it, or an event about one; the Airflow container is `airflow`."""
    payload, name = _named(given, "airflow")
    return _outcome((ecs.observe_event if "detail" in payload else ecs.observe)(payload, container=name))


def batch_job(given: Mapping[str, Any]) -> Mapping[str, object]:
    """A job as DescribeJobs shows it, or an event about one; no container is named."""
    payload, name = _named(given, "")
    return _outcome((batch.observe_event if "detail" in payload else batch.observe)(payload, container=name))


def reason(given: str) -> Mapping[str, object]:
    """A bare wording, as the reason of a container that failed; its cause, where such a wording says one.

    It comes without secrets, as every reason does.
    """
    seen = Observation(id="1", phase=Phase.FAILED, cause=Cause.NEVER_STARTED, reason=joined(given))
    row = reason_for(seen)
    if row is None:
        return {"row": "", "what": "", "remedy": ""}
    cause = named_cause(CONTAINER_REASONS, given)
    return {
        "cause": None if cause is None else cause.value,
        "row": row.name,
        "what": row.what,
        "remedy": row.remedy,
        "sentence": explain(seen),
    }


READERS: dict[str, Callable[[Any], Mapping[str, object]]] = {
    "ecs-tasks": ecs_task,
    "batch-jobs": batch_job,
    "reasons": reason,
}
