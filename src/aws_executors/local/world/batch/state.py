"""The state of Batch: compute environments, queues, job definitions, jobs.

Law: records and their indexes, no behaviour. A job's `view` has the shape of DescribeJobs; each step replaces
it and never changes it in place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aws_executors.local.world.values import Json


@dataclass(slots=True)
class BatchJob:
    """One job; `plan` are the containers of each attempt, `task` is the current attempt's ECS task."""

    id: str
    ordinal: int
    queue: str
    name: str
    view: Json
    plan: list[Json]
    attempts_allowed: int
    evaluate_on_exit: list[Json]
    timeout: float | None
    environment: dict[str, str]
    task: str | None = None
    forgotten: bool = False
    end_reason: str | None = None
    timed_out: bool = False

    @property
    def status(self) -> str:
        """The status of the job."""
        return str(self.view["status"])

    @property
    def ended(self) -> bool:
        """Whether the job has ended, and will not change again."""
        return self.status in ("SUCCEEDED", "FAILED")


@dataclass(slots=True)
class BatchState:
    """Batch's whole state; definitions are keyed by `name:revision`, `by_queue` by the queue's name."""

    environments: dict[str, Json] = field(default_factory=dict)
    queues: dict[str, Json] = field(default_factory=dict)
    definitions: dict[str, Json] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, BatchJob] = field(default_factory=dict)
    by_queue: dict[str, dict[str, BatchJob]] = field(default_factory=dict)
    by_name: dict[tuple[str, str], dict[str, BatchJob]] = field(default_factory=dict)
    waited_for: dict[str, list[str]] = field(default_factory=dict)
