"""Decide whether Batch retries a job.

Law: a pure function of the job's retry strategy and of how its attempt ended. Source: "EvaluateOnExit" of the
Batch API: the first rule whose conditions all match decides; without a match the job is retried; a pattern
may end in `*`.
"""

from __future__ import annotations

from aws_executors.local.world.batch.state import BatchJob
from aws_executors.local.world.ecs.state import EcsTask


def wants_retry(job: BatchJob, task: EcsTask, status_reason: str) -> bool:
    """Whether attempts are left and no rule says EXIT."""
    if len(job.view["attempts"]) >= job.attempts_allowed:
        return False
    run = next(iter(task.runs.values()))
    seen = {
        "onStatusReason": status_reason,
        "onReason": run.reason or "",
        "onExitCode": "" if run.exit_code is None else str(run.exit_code),
    }
    for rule in job.evaluate_on_exit:
        if all(_matches(rule[condition], seen[condition]) for condition in seen.keys() & rule.keys()):
            return str(rule["action"]).upper() == "RETRY"
    return True


def _matches(pattern: str, text: str) -> bool:
    if pattern.endswith("*"):
        return text.lower().startswith(pattern[:-1].lower())
    return text.lower() == pattern.lower()
