"""The description of a Batch job, as DescribeJobs shows it.

Law: the only place where a job's view is replaced and its event is made, and where the description of its
attempt's task is put into the view: as `container` for a job with one container, as `ecsProperties` for a job
with several. Source of the event: "Job state change events" of the Batch user guide; SubmitJob sends none.
"""

from __future__ import annotations

from typing import Any

from aws_executors.local.world.batch.state import BatchJob
from aws_executors.local.world.ecs.state import EcsTask
from aws_executors.local.world.events.bus import send_event
from aws_executors.local.world.state import World, changed
from aws_executors.local.world.values import Json

KIND = ("aws.batch", "Batch Job State Change")


def change_job(world: World, job: BatchJob, now: float, **fields: Any) -> None:
    """Carry out one step of a job: replace its view, record it, and send an event if its status is new."""
    before, job.view = job.status, {**job.view, **fields}
    changed(world, now, *KIND, job.view)
    if job.status != before:
        send_event(world, now, *KIND, job.view["jobArn"], lambda: _detail(job.view))


def _detail(view: Json) -> Json:
    """The job as DescribeJobs shows it; the tags contain the ARN, as in the guide's example."""
    return {**view, "tags": {"resourceArn": view["jobArn"], **view["tags"]}}


def with_attempt(job: BatchJob, task: EcsTask) -> Json:
    """The view's `container` or `ecsProperties`, with what is known of the attempt."""
    known = {one["name"]: _known(task, one["name"]) for one in job.plan}
    if "container" in job.view:
        stale = {
            key: value for key, value in job.view["container"].items() if key not in ("exitCode", "reason")
        }
        return {"container": {**stale, "taskArn": task.arn, **known["default"]}}
    properties = job.view["ecsProperties"]["taskProperties"][0]
    containers = [{**one, **known[one.get("name", "default")]} for one in properties["containers"]]
    return {
        "ecsProperties": {"taskProperties": [{**properties, "taskArn": task.arn, "containers": containers}]}
    }


def _known(task: EcsTask, name: str) -> Json:
    run = task.runs[name]
    view = next(one for one in task.view["containers"] if one["name"] == name)
    known: Json = {key: view[key] for key in ("exitCode", "reason") if key in view}
    if run.log and "startedAt" in task.view:
        known["logStreamName"] = run.log.stream
    return known


def attempt_of(job: BatchJob, task: EcsTask, reason: str) -> Json:
    times: Json = {key: int(task.view[key] * 1000) for key in ("startedAt", "stoppedAt") if key in task.view}
    if "container" in job.view:
        known = {"taskArn": task.arn, "networkInterfaces": [], **_known(task, "default")}
        return {"container": known, "statusReason": reason, **times}
    containers = [{"name": one["name"], **_known(task, one["name"])} for one in job.plan]
    return {
        "taskProperties": [{"taskArn": task.arn, "containers": containers}],
        "statusReason": reason,
        **times,
    }
