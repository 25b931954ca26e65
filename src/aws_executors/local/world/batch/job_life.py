"""The life of one Batch job: SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING, SUCCEEDED or FAILED.

Law: every step of a job is a function `(world, job, now)` listed in `STEPS`. Each attempt is an ECS task in
the compute environment's hidden cluster, and `follow_task` updates the job from it. Source: "Job states",
"Automated job retries", "Job timeouts" of the Batch user guide.
"""

from __future__ import annotations

from collections.abc import Callable

from aws_executors.local.world import room
from aws_executors.local.world.batch.job_view import attempt_of, change_job, with_attempt
from aws_executors.local.world.batch.retries import wants_retry
from aws_executors.local.world.batch.state import BatchJob
from aws_executors.local.world.ecs.state import EcsTask
from aws_executors.local.world.ecs.task_change import EXITED, FAILED
from aws_executors.local.world.ecs.task_end import begin_stop
from aws_executors.local.world.ecs.task_life import enter
from aws_executors.local.world.ecs.task_make import make_task, runs_of
from aws_executors.local.world.state import World, schedule, schedule_after
from aws_executors.local.world.values import Json

TIMED_OUT = "Job attempt duration exceeded timeout"
DEPENDENCY_FAILED = "Dependent Job failed"


def _submitted(world: World, job: BatchJob, now: float) -> None:
    if job.status == "SUBMITTED":
        change_job(world, job, now, status="PENDING")
        schedule_after(world, now, world.delays.queueing, "job.pending", job.id)


def _pending(world: World, job: BatchJob, now: float) -> None:
    """Make the job RUNNABLE once all its dependencies have succeeded; fail it if one has failed."""
    if job.status != "PENDING":
        return
    needed = (world.batch.jobs.get(item["jobId"]) for item in job.view["dependsOn"])
    ends = [one.status for one in needed if one is not None]  # an unknown job counts as succeeded
    if "FAILED" in ends:
        end(world, job, now, "FAILED", DEPENDENCY_FAILED)
    elif all(status == "SUCCEEDED" for status in ends):
        change_job(world, job, now, status="RUNNABLE")
        _queue(world, job, now)


def _queue(world: World, job: BatchJob, now: float) -> None:
    world.ecs.waiting.append(("job", job.id))
    room.admit(world, now)


def _place(world: World, job: BatchJob, now: float) -> None:
    """Start an attempt, for which `room.admit` has reserved capacity."""
    if job.status != "RUNNABLE":
        world.ecs.room_used -= len(job.plan)
        schedule(world, now, "room.admit", "")
        return
    attempt = len(job.view["attempts"]) + 1
    definition = _task_definition(job)
    runs = runs_of(definition, {})
    for run in runs:
        run.environment |= {**job.environment, "AWS_BATCH_JOB_ATTEMPT": str(attempt)}
    home = _cluster(world, job)
    launch = {"launchType": "FARGATE" if "FARGATE" in job.view["platformCapabilities"] else "EC2"}
    task = make_task(world, home, definition, launch, runs, {}, now)
    task.job, job.task = job.id, task.id
    change_job(world, job, now, status="STARTING", **with_attempt(job, task))
    enter(world, task, now)


def _task_definition(job: BatchJob) -> Json:
    name, _, revision = job.view["jobDefinition"].rpartition("/")[2].partition(":")
    prefix = job.view["jobDefinition"].partition(":batch:")[2].partition(":job-definition/")[0]
    return {
        "family": name,
        "taskDefinitionArn": f"arn:aws:ecs:{prefix}:task-definition/{name}:{revision}",
        "containerDefinitions": job.plan,
    }


def _cluster(world: World, job: BatchJob) -> str:
    first = world.batch.queues[job.queue]["computeEnvironmentOrder"][0]["computeEnvironment"].rpartition("/")[
        2
    ]
    return str(world.batch.environments[first]["ecsClusterArn"].rpartition("/")[2])


def follow_task(world: World, task: EcsTask, now: float) -> None:
    """Update the job from the task of its attempt."""
    job = world.batch.jobs.get(task.job or "")
    if job is None or job.task != task.id or job.ended:
        return
    if job.status == "STARTING" and "startedAt" in task.view:
        started = int(task.view["startedAt"] * 1000)
        change_job(world, job, now, status="RUNNING", startedAt=started, **with_attempt(job, task))
        if job.timeout is not None:
            schedule(world, now + job.timeout, "job.timeout", f"{job.id}/{task.id}")
    if task.view["lastStatus"] == "STOPPED":
        _attempt_ended(world, job, task, now)


def _attempt_ended(world: World, job: BatchJob, task: EcsTask, now: float) -> None:
    codes = [run.exit_code for run in task.runs.values() if run.essential and not run.signalled]
    succeeded = task.view["stopCode"] == EXITED[0] and all(code == 0 for code in codes)
    reason = "Task failed to start" if task.view["stopCode"] == FAILED else str(task.view["stoppedReason"])
    if job.end_reason is not None and not succeeded:
        reason = job.end_reason
    job.task = None
    fields = with_attempt(job, task)
    attempt = attempt_of(job, task, reason)
    change_job(world, job, now, attempts=[*job.view["attempts"], attempt], statusReason=reason, **fields)
    if succeeded:
        end(world, job, now, "SUCCEEDED", reason)
    elif job.end_reason is None and wants_retry(job, task, reason):
        change_job(world, job, now, status="RUNNABLE")
        _queue(world, job, now)
    else:
        end(world, job, now, "FAILED", reason)


def end(world: World, job: BatchJob, now: float, status: str, reason: str) -> None:
    """End the job, and check the jobs that depend on it again."""
    change_job(world, job, now, status=status, statusReason=reason, stoppedAt=int(now * 1000))
    for one in world.batch.waited_for.pop(job.id, []):
        schedule(world, now, "job.pending", one)
    schedule_after(world, now, world.delays.job_memory, "job.forget", job.id)


def stop_job(world: World, job: BatchJob, now: float, reason: str) -> None:
    """End a job early: at once if it is not running, otherwise by stopping its task."""
    job.end_reason = reason
    task = world.ecs.tasks.get(job.task or "")
    if task is None:
        end(world, job, now, "FAILED", reason)
    else:
        begin_stop(world, task, now, "UserInitiated", reason)


def timeout(world: World, job: BatchJob, task_id: str, now: float) -> None:
    """Stop an attempt that took too long, without another attempt."""
    if job.task == task_id and not job.ended and job.end_reason is None:
        stop_job(world, job, now, TIMED_OUT)


def _forget(world: World, job: BatchJob, now: float) -> None:
    batch = world.batch
    del batch.jobs[job.id], batch.by_queue[job.queue][job.id]
    named = batch.by_name[job.queue, job.name.lower()]
    del named[job.id]
    if not named:
        del batch.by_name[job.queue, job.name.lower()]


STEPS: dict[str, Callable[[World, BatchJob, float], None]] = {
    "job.submitted": _submitted,
    "job.pending": _pending,
    "job.place": _place,
    "job.forget": _forget,
}


def step_job(world: World, name: str, subject: str, now: float) -> None:
    """Carry out one due step of a job, or of a job's task."""
    if name == "job.follow":
        task = world.ecs.tasks.get(subject)
        if task is not None:
            follow_task(world, task, now)
        return
    job_id, _, task_id = subject.partition("/")
    job = world.batch.jobs.get(job_id)
    if job is None:
        return
    if name == "job.timeout":
        timeout(world, job, task_id, now)
    else:
        STEPS[name](world, job, now)
