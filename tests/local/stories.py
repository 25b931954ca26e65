"""The steps of random stories of a world: tasks and jobs that are started, end, are stopped or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_executors.local.world import verbs

if TYPE_CHECKING:
    from local.conftest import Virtual


def act(v: Virtual, verb: str, number: int) -> None:
    """One step of a story, upon the task, job or process that the number picks."""
    tasks, jobs = list(v.world.ecs.tasks), list(v.world.batch.jobs)
    if verb == "run":
        v.run()
    elif verb == "submit":
        v.submit(dependsOn=[{"jobId": jobs[number % len(jobs)]}] if jobs and number % 3 == 0 else [])
    elif verb == "wait":
        v.wait(number)
    elif verb == "exit" and v.started:
        at = number % len(v.started)
        v.exit(number % 2, v.started[at].ref.container, at)
    elif verb == "stop" and tasks:
        v.call("ecs.StopTask", cluster="c", task=tasks[number % len(tasks)])
    elif verb == "terminate" and jobs:
        v.call("batch.TerminateJob", jobId=jobs[number % len(jobs)], reason="story")
    elif verb in ("lose", "reclaim") and tasks:
        fault = verbs.lose_host if verb == "lose" else verbs.reclaim_spot
        fault(v.world, v.clock, tasks[number % len(tasks)])
        v.settle()
    elif verb == "fail":
        v.world.faults.missing_images.symmetric_difference_update({"img"})


def finish(v: Virtual) -> None:
    """Let every process end, and what waited for it, until nothing is left to happen."""
    v.world.faults.missing_images.clear()
    done = 0
    for _ in range(200):
        while done < len(v.started):
            v.exit(0, v.started[done].ref.container, done)
            done += 1
        v.wait(300 if done < len(v.started) or v.world.ecs.waiting else 10)
    v.wait(300)
