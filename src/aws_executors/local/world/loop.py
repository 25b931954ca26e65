"""The interface of the world: answer a call, take an event, advance time, and say when the next step is due.

Law: the only module that knows every part. `apply` answers a call, `feed` takes what a process did, and
`carry_out_due` returns the effects of what is due; nothing here waits or reads a clock. The caller runs
`carry_out_due` after each `apply` and `feed`, and at `next_due`. A long poll's answer has a `wait`: the
caller calls `again` after that many seconds, or when the world `has_stirred`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from contextlib import suppress

from aws_executors.local.world import room
from aws_executors.local.world.batch import job_life
from aws_executors.local.world.batch import jobs as batch_jobs
from aws_executors.local.world.batch import setup as batch_setup
from aws_executors.local.world.batch import submit as batch_submit
from aws_executors.local.world.ecs import clusters as ecs_clusters
from aws_executors.local.world.ecs import definitions as ecs_definitions
from aws_executors.local.world.ecs import run as ecs_run
from aws_executors.local.world.ecs import task_life
from aws_executors.local.world.ecs import tasks as ecs_tasks
from aws_executors.local.world.events import bus as event_bus
from aws_executors.local.world.events import rules as event_rules
from aws_executors.local.world.faults import Planned, Tally, take_planned
from aws_executors.local.world.limits import admits
from aws_executors.local.world.logs import store as log_store
from aws_executors.local.world.s3 import store as s3_store
from aws_executors.local.world.sqs import handles as sqs_handles
from aws_executors.local.world.sqs import messages as sqs_messages
from aws_executors.local.world.sqs import queues as sqs_queues
from aws_executors.local.world.state import World, count, draw, schedule
from aws_executors.local.world.values import (
    Answer,
    Call,
    Exited,
    Json,
    Printed,
    ProcessEffect,
    ProcessEvent,
    ServiceError,
    Started,
    StartFailed,
)

_Action = Callable[[World, Json, float], Json]


def caller_identity(world: World, params: Json, now: float) -> Json:
    """STS GetCallerIdentity."""
    return {
        "Account": world.account,
        "UserId": "AIDALOCAL",
        "Arn": f"arn:aws:iam::{world.account}:user/local",
    }


ACTIONS: dict[str, _Action] = {
    "ecs.CreateCluster": ecs_clusters.create_cluster,
    "ecs.DescribeClusters": ecs_clusters.describe_clusters,
    "ecs.PutClusterCapacityProviders": ecs_clusters.put_cluster_capacity_providers,
    "ecs.RegisterTaskDefinition": ecs_definitions.register_task_definition,
    "ecs.DeregisterTaskDefinition": ecs_definitions.deregister_task_definition,
    "ecs.DescribeTaskDefinition": ecs_definitions.describe_task_definition,
    "ecs.ListTaskDefinitions": ecs_definitions.list_task_definitions,
    "ecs.RunTask": ecs_run.run_task,
    "ecs.DescribeTasks": ecs_tasks.describe_tasks,
    "ecs.ListTasks": ecs_tasks.list_tasks,
    "ecs.StopTask": ecs_tasks.stop_task,
    "ecs.TagResource": ecs_tasks.tag_resource,
    "batch.CreateComputeEnvironment": batch_setup.create_compute_environment,
    "batch.CreateJobQueue": batch_setup.create_job_queue,
    "batch.RegisterJobDefinition": batch_setup.register_job_definition,
    "batch.DeregisterJobDefinition": batch_setup.deregister_job_definition,
    "batch.DescribeComputeEnvironments": batch_setup.describe_compute_environments,
    "batch.DescribeJobQueues": batch_setup.describe_job_queues,
    "batch.DescribeJobDefinitions": batch_setup.describe_job_definitions,
    "batch.SubmitJob": batch_submit.submit_job,
    "batch.DescribeJobs": batch_jobs.describe_jobs,
    "batch.ListJobs": batch_jobs.list_jobs,
    "batch.TerminateJob": batch_jobs.terminate_job,
    "batch.TerminateJobs": batch_jobs.terminate_jobs,
    "batch.CancelJob": batch_jobs.cancel_job,
    "batch.CancelJobs": batch_jobs.cancel_jobs,
    "batch.TagResource": batch_jobs.tag_resource,
    "events.PutRule": event_rules.put_rule,
    "events.DescribeRule": event_rules.describe_rule,
    "events.ListRules": event_rules.list_rules,
    "events.EnableRule": event_rules.enable_rule,
    "events.DisableRule": event_rules.disable_rule,
    "events.DeleteRule": event_rules.delete_rule,
    "events.PutTargets": event_rules.put_targets,
    "events.RemoveTargets": event_rules.remove_targets,
    "events.ListTargetsByRule": event_rules.list_targets_by_rule,
    "events.ListRuleNamesByTarget": event_rules.list_rule_names_by_target,
    "events.TestEventPattern": event_rules.try_event_pattern,
    "logs.CreateLogGroup": log_store.create_group,
    "logs.DescribeLogGroups": log_store.describe_groups,
    "logs.DescribeLogStreams": log_store.describe_streams,
    "logs.GetLogEvents": log_store.get_events,
    "s3.CreateBucket": s3_store.create_bucket,
    "s3.PutObject": s3_store.put_object,
    "s3.GetObject": s3_store.get_object,
    "s3.DeleteObject": s3_store.delete_object,
    "s3.ListObjectsV2": s3_store.list_objects,
    "sqs.CreateQueue": sqs_queues.create_queue,
    "sqs.GetQueueUrl": sqs_queues.get_queue_url,
    "sqs.ListQueues": sqs_queues.list_queues,
    "sqs.GetQueueAttributes": sqs_queues.get_queue_attributes,
    "sqs.SetQueueAttributes": sqs_queues.set_queue_attributes,
    "sqs.PurgeQueue": sqs_queues.purge_queue,
    "sqs.DeleteQueue": sqs_queues.delete_queue,
    "sqs.SendMessage": sqs_messages.send_message,
    "sqs.SendMessageBatch": sqs_messages.send_message_batch,
    "sqs.ReceiveMessage": sqs_messages.receive_message,
    "sqs.DeleteMessage": sqs_handles.delete_message,
    "sqs.DeleteMessageBatch": sqs_handles.delete_message_batch,
    "sqs.ChangeMessageVisibility": sqs_handles.change_message_visibility,
    "sqs.ChangeMessageVisibilityBatch": sqs_handles.change_message_visibility_batch,
    "sts.GetCallerIdentity": caller_identity,
}
THROTTLED = {
    "batch": ("TooManyRequestsException", "Too Many Requests", 429),
    "ecs": ("ThrottlingException", "Rate exceeded", 400),
    "events": ("ThrottlingException", "Rate exceeded", 400),
    "logs": ("ThrottlingException", "Rate exceeded", 400),
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
    "sqs": ("RequestThrottled", "The request was denied due to request throttling.", 403),
    "sts": ("Throttling", "Rate exceeded", 400),
}
THROTTLING_CODES = {code for code, _, _ in THROTTLED.values()} | {"RequestLimitExceeded"}
EXPIRED = ("ExpiredTokenException", "The security token included in the request is expired")
LANDS = "call.lands"
BROKEN = ("ServerException", "Service Unavailable. Please try again later.", 500)


def apply(world: World, call: Call, now: float) -> Answer:
    """The service's answer to a call; an error of the service is an answer, too."""
    tally = world.faults.tallies.setdefault(call.name, Tally())
    tally.calls += 1
    fault = None
    delay = world.faults.latency
    if world.faults.jitter:
        delay += draw(world, f"{call.name}:{tally.calls}", "latency", (0.0, world.faults.jitter))
    try:
        _authenticate(world, call, now)
        if call.name not in ACTIONS:
            raise ServiceError("UnknownOperationException", f"aws_executors.local does not have {call.name}")
        fault = take_planned(world.faults, call.service, call.action)
        if fault and fault.late:
            return _put_off(world, call, fault, tally, now)
        if fault and not fault.carried_out:
            raise ServiceError(fault.code or BROKEN[0], fault.message, fault.status)
        if not admits(world.limits, call, now):
            raise ServiceError(*THROTTLED[call.service])
        answer = _carried_out(world, call, now, now, delay)
    except ServiceError as refusal:
        answer = _refused(tally, refusal, delay)
    return answer if fault is None else _spoiled(tally, fault, answer)


def _put_off(world: World, call: Call, fault: Planned, tally: Tally, now: float) -> Answer:
    tally.lost += 1
    number = str(count(world))
    world.late[number] = call
    schedule(world, now + fault.late, LANDS, number)
    return Answer(delivered=False)


def _land(world: World, number: str, now: float) -> None:
    call = world.late.pop(number)
    with suppress(ServiceError):  # no client waits for the answer
        ACTIONS[call.name](world, call.params, now)


def again(world: World, call: Call, answer: Answer, since: float, now: float) -> Answer:
    """Answer a call again that has waited since `since`; it still counts as one call."""
    try:
        return _carried_out(world, call, since, now, answer.delay)
    except ServiceError as refusal:
        return _refused(world.faults.tallies[call.name], refusal, answer.delay)


def _carried_out(world: World, call: Call, since: float, now: float, delay: float) -> Answer:
    body = ACTIONS[call.name](world, call.params, now)
    waits = call.name == "sqs.ReceiveMessage" and not body
    return Answer(
        body=body,
        delay=delay,
        wait=sqs_messages.wait_for(world, call.params, since, now) if waits else 0.0,
    )


def has_stirred(world: World) -> bool:
    """Whether waiting calls must be tried `again`, because of what happened since the last call of this."""
    stirred, world.sqs.stirred = world.sqs.stirred, False
    return stirred


def _authenticate(world: World, call: Call, now: float) -> None:
    status = 403 if call.service in ("batch", "sqs", "sts") else 400
    if now < world.faults.expired_until:
        code, message = EXPIRED
        raise ServiceError("ExpiredToken" if call.service == "s3" else code, message, status)


def _refused(tally: Tally, refusal: ServiceError, delay: float) -> Answer:
    if refusal.code in THROTTLING_CODES:
        tally.throttled += 1
    elif refusal.status >= 500:
        tally.failed += 1
    else:
        tally.refused += 1
    body = {"message": refusal.message, **refusal.extra}
    return Answer(refusal.status, body, refusal.code, delay)


def _spoiled(tally: Tally, fault: Planned, answer: Answer) -> Answer:
    """The answer to a call that was carried out, changed by the fault."""
    if not fault.carried_out:
        return answer
    if not fault.delivered:
        tally.lost += 1
        return Answer(answer.status, answer.body, answer.error, answer.delay + fault.hang, delivered=False)
    if fault.code:
        tally.failed += 1
        return Answer(fault.status, {"message": fault.message}, fault.code, answer.delay)
    return Answer(answer.status, answer.body, answer.error, answer.delay + fault.hang)


def feed(world: World, event: ProcessEvent, now: float) -> None:
    """Take what a container's process did; ignored if the task is no longer known."""
    task = world.ecs.tasks.get(event.ref.task)
    if task is None:
        return
    run = task.runs[event.ref.container]
    match event:
        case Started():
            task_life.on_started(world, task, run, now)
        case StartFailed(reason=reason):
            task_life.on_start_failed(world, task, run, reason, now)
        case Exited(code=code, out_of_memory=out_of_memory):
            task_life.on_exited(world, task, run, code, now, out_of_memory=out_of_memory)
        case Printed(lines=lines):
            if run.log:
                log_store.write(world, run.log, lines, now)


def carry_out_due(world: World, now: float) -> list[ProcessEffect]:
    """Carry out everything due by `now`, in order, and return the effects for the caller to carry out."""
    while world.agenda and world.agenda[0].at <= now:
        at, _, name, subject = heapq.heappop(world.agenda)
        if name == "room.admit":
            room.admit(world, at)
        elif name == LANDS:
            _land(world, subject, at)
        elif name == event_bus.ARRIVES:
            event_bus.arrive(world, subject, at)
        elif name.startswith("job."):
            job_life.step_job(world, name, subject, at)
        else:
            task_life.step_task(world, name, subject, at)
    effects, world.effects = world.effects, []
    return effects


def next_due(world: World) -> float | None:
    """When the next step is due (epoch seconds), or None."""
    return world.agenda[0].at if world.agenda else None
