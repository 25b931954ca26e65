"""The embedded AWS in virtual time, and the processes that its containers run.

Law: the world is `aws_executors.local.world`, unchanged; this module drives it, and makes its answers late,
stale or lost if a fault says so. A container is identified by the token in its name, which says for what it
was started.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.requests.stored_workload import bucket_and_key, opened
from aws_executors.local.world import (
    Answer,
    Call,
    Change,
    Exited,
    Json,
    Ref,
    SignalProcess,
    Started,
    StartProcess,
    World,
    apply,
    carry_out_due,
    feed,
    next_due,
)
from aws_executors.local.world.ecs.state import EcsTask
from simulation.events_model import EventQueue
from simulation.plan import BUSY, Schedule
from simulation.timeline import Timeline, between, draw

CLUSTER, CONTAINER, QUEUE, DEFINITION, BUCKET = "etl", "main", "q", "airflow", "workloads"
STOP_TIMEOUT = 4
POOLED = "00000000-"
"""The prefix of the tokens of warm containers."""
REFUSES, SILENT, DENIES_READING, SILENT_TO_WRITERS = WAYS = (
    "refuses",
    "carries out, and does not answer",
    "refuses to be read",
    "carries writes out, and does not answer them",
)
"""The ways in which S3 can be out of order."""
LISTS_LATE = 3.0
"""The most seconds for which a list may not show a new job, unless a fault makes it longer."""


def token_with(issued: float, expires: float) -> str:
    """A token in the form of a JWT, with the claims that a container and a scheduler read.

    >>> claims_of(token_with(10.0, 30.0))
    {'iat': 10.0, 'exp': 30.0}
    """
    claims = base64.urlsafe_b64encode(json.dumps({"iat": issued, "exp": expires}).encode())
    return f"e30.{claims.decode().rstrip('=')}.c2ln"


def claims_of(token: str) -> dict[str, float]:
    """The claims in such a token."""
    claims = token.split(".")[1]
    found: dict[str, float] = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return found


@dataclass(slots=True, kw_only=True)
class Workload:
    """The workload of a container: the id of the task instance or callback, its try, until when its token is
    valid, and by which launcher it runs; `key` is its object's key, if it is stored."""

    ti: str
    task: str
    try_number: int
    expires: float
    launcher: str
    callback: bool = False
    key: str = ""

    @classmethod
    def from_command(cls, command: tuple[str, ...]) -> Workload:
        """Read the JSON that Airflow's own entry point would read."""
        return cls.from_json(command[-1], "aws_executors" if "aws_executors.run" in command else "airflow")

    @classmethod
    def from_json(cls, text: str, launcher: str) -> Workload:
        """Read the workload's JSON, from the command or from the store."""
        told = json.loads(text)
        expires = claims_of(told["token"])["exp"]
        if "callback" in told:
            name = str(told["callback"]["id"])
            return cls(ti=name, task=name, try_number=0, expires=expires, launcher=launcher, callback=True)
        ti = told["ti"]
        return cls(
            ti=str(ti["id"]),
            task=ti["task_id"],
            try_number=ti["try_number"],
            expires=expires,
            launcher=launcher,
        )


@dataclass(slots=True)
class Container:
    """One container's process, from start to exit; `user_code` while the task's own code runs."""

    ref: Ref
    token: str
    workload: Workload
    alive: bool = True
    user_code: bool = False
    dying: bool = False
    told_to_end: bool = False
    ran: bool = False
    let_in: float = 0.0
    asked_to_end: float = 0.0
    refused: int = 0
    unheard: int = 0
    frozen_until: float = 0.0
    heard: str = ""  # its report of the result, if the API server has accepted it
    last_breath: bool = False  # that report was a failure, because the process was asked to end
    code: int | None = None
    ended: float = 0.0
    host: Host | None = None  # the warm container that runs it, if any

    @property
    def name(self) -> str:
        """Its name in the story."""
        return f"container {self.ref.task[:4]}"


class Host(Protocol):
    """A container that takes one workload after another."""

    alive: bool
    token: str
    turn: Container | None

    @property
    def idle_for(self) -> float:
        """Virtual seconds since it last ran a workload or, before the first, since it was up."""
        ...

    @property
    def idle_limit(self) -> float:
        """Virtual seconds of idleness after which it ends."""
        ...

    @property
    def has(self) -> str:
        """The token of the job whose workload it has."""
        ...

    def tells_of(self, token: str) -> int | None:
        """The exit code of this job's workload, if that can be known."""
        ...

    def begin(self) -> None:
        """Begin its process."""
        ...

    def signal(self, signal: str) -> None:
        """Send its process TERM or KILL."""
        ...

    def turn_ended(self, code: int) -> None:
        """Its current workload has ended."""
        ...


class Inside(Protocol):
    """The model of what happens inside containers."""

    def begin(self, one: Container) -> None:
        """Begin the container's process."""
        ...

    def signal(self, one: Container, signal: str) -> None:
        """Send the process TERM or KILL."""
        ...


@dataclass
class Cloud:
    """One account: it answers calls, and its containers start and end."""

    schedule: Schedule
    line: Timeline
    inside: Inside = field(init=False)
    putting: Callable[[str], None] = field(init=False)
    world: World = field(init=False)
    containers: dict[Ref, Container] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)  # by the task's id
    host_of: Callable[[Ref, str, tuple[str, ...]], Host] = field(init=False)
    living: dict[Ref, Container] = field(default_factory=dict)  # those whose process lives, oldest first
    calls: dict[str, int] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    stored: dict[str, Workload] = field(default_factory=dict)  # by the object's key: what was put there last
    kept: dict[str, float] = field(default_factory=dict)  # job id or task id: when AWS last refused its stop
    stale_until: float = 0.0
    stale_by: float = 0.0
    _views: dict[str, list[tuple[float, Json]]] = field(default_factory=dict)
    _read: int = 0
    _woken: float | None = None
    events: EventQueue = field(init=False)
    _told: int = 0

    def __post_init__(self) -> None:
        self.world = World(seed=self.schedule.seed, delays=self.schedule.delays)
        self.events = EventQueue(self.schedule.seed, self.line)
        for service, action, params in SET_UP:
            answer = apply(self.world, Call(service, action, params), 0.0)
            assert answer.error is None, answer
        self.settle()

    def call(self, service: str, action: str, params: Json) -> Answer:
        """The answer to one call, made now."""
        name = f"{service}.{action}"
        self.calls[name] = self.calls.get(name, 0) + 1
        away = self._away() if service == "s3" else ""
        if away == REFUSES or (away == DENIES_READING and action == "GetObject"):
            return Answer(status=503, error="SlowDown", body={"message": "Please reduce your request rate."})
        answer = apply(self.world, Call(service, action, params), self.line.now)
        if away == SILENT or (away == SILENT_TO_WRITERS and action == "PutObject"):
            answer = replace(answer, delivered=False)
        if action == "PutObject" and "cells/" not in params["Key"]:
            key = str(params["Key"])
            self.putting(key.rpartition("-")[0])
            self.stored[key] = replace(Workload.from_json(opened(params["Body"]), "aws_executors"), key=key)
        if action in ("StopTask", "TerminateJobs") and answer.error is not None:
            asked = [str(params["task"]).rpartition("/")[2]] if "task" in params else params["jobs"]
            self.kept |= dict.fromkeys(asked, self.line.now)
        self.settle()
        return self._as_seen(action, answer)

    def _away(self) -> str:
        """In which way S3 is out of order now; empty if it works."""
        seed = self.schedule.seed
        for number in range(2):
            begins = between(0.0, BUSY, seed, "store", number, "away")
            longest = self.schedule.store_away
            lasts = between(longest / 2, longest, seed, "store", number, "lasts")
            if begins <= self.line.now < begins + lasts:
                return WAYS[int(draw(seed, "store", number, "way") * len(WAYS))]
        return ""

    def settle(self) -> None:
        """Carry out what is due in the world, and plan to do so again when something is due next."""
        now = self.line.now
        while True:
            for effect in carry_out_due(self.world, now):
                self._effect(effect)
            due = next_due(self.world)
            if due is None or due > now:
                break
        self._tell_changes()
        if due is not None and due != self._woken:
            self._woken = due
            self.line.at(due, self.settle)

    def _tell_changes(self) -> None:
        """Send events as EventBridge does, without the exit codes that AWS never shows."""
        if not self.schedule.events:
            return
        for change in self._changes(self._told):
            of_ecs = change.source == "aws.ecs"
            silent = of_ecs and self._keeps(change.detail["taskArn"])
            self.events.send(_silent(change.detail) if silent else change.detail, change.detail_type)
        self._told = len(self.world.changes)

    def _changes(self, known: int) -> list[Change]:
        """The changes after the first `known` ones; read from the end, because the list is long."""
        changes = self.world.changes
        return [*islice(reversed(changes), len(changes) - known)][::-1]

    def _effect(self, effect: StartProcess | SignalProcess) -> None:
        match effect:
            case StartProcess(ref=ref):
                token = self.token_of(ref.task)
                if "--warm" in effect.command:
                    host = self.hosts[ref.task] = self.host_of(ref, token, effect.command)
                    feed(self.world, Started(ref), self.line.now)
                    host.begin()
                    return
                container = Container(ref, token, self._workload(effect.command))
                self.containers[ref] = self.living[ref] = container
                feed(self.world, Started(ref), self.line.now)
                self.inside.begin(container)
            case SignalProcess(ref=ref, signal=signal) if ref.task in self.hosts:
                self.hosts[ref.task].signal(signal)
            case SignalProcess(ref=ref, signal=signal):
                self.inside.signal(self.containers[ref], signal)

    def _workload(self, command: tuple[str, ...]) -> Workload:
        if "--s3" not in command:
            return Workload.from_command(command)
        return self.stored[bucket_and_key(command[-1])[1]]

    def fetch(self, one: Container) -> int | None:
        """Let the container read its workload from the store; returns its exit code if it cannot."""
        params = {"Bucket": BUCKET, "Key": one.workload.key}
        answer = self.call("s3", "GetObject", params)
        if answer.error is None and answer.delivered:
            one.workload = replace(
                Workload.from_json(opened(answer.body["Body"]), "aws_executors"), key=one.workload.key
            )
            return None
        return Exit.GONE if answer.error == "NoSuchKey" else Exit.INFRASTRUCTURE

    def objects(self) -> list[str]:
        """The keys of the workloads that are stored now."""
        return [key for key in self.world.s3.buckets[BUCKET] if "cells/" not in key]

    def exit(self, container: Container, code: int) -> None:
        """End a container's process."""
        if container.alive:
            container.alive, container.user_code, container.code = False, False, code
            del self.living[container.ref]
            container.ended = self.line.now
            self.line.tell(container.name, f"exits with {code}")
            if container.host is not None:
                container.host.turn_ended(code)
            else:
                self.exited(container.ref, code)

    def exited(self, ref: Ref, code: int) -> None:
        """Report that the process of an ECS task, or of a job's task, has ended."""
        feed(self.world, Exited(ref, code), self.line.now)
        self.settle()

    def id_of(self, ref: Ref) -> str:
        """The container's id at AWS: a task's ARN, or a job's id."""
        task = self.world.ecs.tasks[ref.task]
        return str(task.job or task.view["taskArn"])

    # --- What is there, for those who judge ----------------------------------------------------------------

    def token_of(self, task_id: str) -> str:
        """The token for which a task, or its job, was started; for a warm container, that of what it runs."""
        host = self.hosts.get(task_id)
        if host is not None:
            return host.has or host.token
        task = self.world.ecs.tasks[task_id]
        name = str(task.view.get("startedBy", "")).rpartition("/")[2]
        if task.job:
            name = self.world.batch.jobs[task.job].name.removeprefix(f"{DEFINITION}-").rpartition("-")[0]
        return name

    def token_in(self, words: str) -> str:
        """The token of the container that a text names; empty if it names none."""
        tasks = self.world.ecs.tasks.values()
        named = (task.id for task in tasks if task.id in words or (task.job and task.job in words))
        return next(map(self.token_of, named), "")

    def stopped_for(self, container: Container) -> str:
        """The reason with which this container was asked to stop; empty if it was not."""
        task = self.world.ecs.tasks[container.ref.task]
        if task.job is None:
            return str(task.view.get("stoppedReason", ""))
        return self.world.batch.jobs[task.job].end_reason or ""

    def live_tasks(self) -> Iterator[EcsTask]:
        """The ECS tasks, including those of jobs, whose end has not begun and whose process has not ended."""
        for task in self.world.ecs.tasks.values():
            if not task.stopping and not any(run.life in ("exited", "lost") for run in task.runs.values()):
                yield task

    def live_names(self) -> Iterator[tuple[str, str]]:
        """Token and id of all that may still run for a task: ECS tasks, and jobs from SubmitJob on."""
        return ((token, name) for token, name in self._live_names() if not token.startswith(POOLED))

    def _live_names(self) -> Iterator[tuple[str, str]]:
        for task in self.live_tasks():
            if task.job is None or task.id in self.hosts:
                yield self.token_of(task.id), task.job or task.id
        for job in self.world.batch.jobs.values():
            task_of = self.world.ecs.tasks.get(job.task or "")
            ended = job.ended or job.end_reason is not None or job.task in self.hosts
            if not ended and (task_of is None or task_of in self.live_tasks()):
                yield job.name.removeprefix(f"{DEFINITION}-").rpartition("-")[0], job.id

    def idle_hosts(self) -> list[Host]:
        """The warm containers that live and run nothing."""
        return [one for one in self.hosts.values() if one.alive and one.turn is None]

    def running(self) -> list[Container]:
        """The processes that live, oldest first."""
        return list(self.living.values())

    # --- Answers that are not quite true -------------------------------------------------------------------

    def _as_seen(self, action: str, answer: Answer) -> Answer:
        if answer.error is not None:
            return answer
        stale = self.line.now < self.stale_until
        if action == "ListJobs":
            hidden = self.stale_by if stale else LISTS_LATE
            jobs = [one for one in answer.body["jobSummaryList"] if self._shown(one, hidden)]
            return Answer(body={**answer.body, "jobSummaryList": jobs}, delay=answer.delay)
        if action == "DescribeTasks" and stale:
            self._remember()
            tasks = [self._earlier(one["taskArn"], one) for one in answer.body["tasks"]]
            return self._without_codes(Answer(body={**answer.body, "tasks": tasks}, delay=answer.delay))
        return self._without_codes(answer) if action == "DescribeTasks" else answer

    def _without_codes(self, answer: Answer) -> Answer:
        """The answer without the exit codes that AWS never shows, as if an agent did not know them."""
        tasks = [_silent(one) if self._keeps(one["taskArn"]) else one for one in answer.body["tasks"]]
        return Answer(body={**answer.body, "tasks": tasks}, delay=answer.delay)

    def _keeps(self, arn: str) -> bool:
        return draw(self.schedule.seed, arn, "silent") < self.schedule.silent

    def _shown(self, job: Json, hidden: float) -> bool:
        created: float = job["createdAt"] / 1000
        return self.line.now >= created + between(0.0, hidden, self.schedule.seed, job["jobId"], "listed")

    def _remember(self) -> None:
        for change in self._changes(self._read):
            if change.source == "aws.ecs":
                self._views.setdefault(change.detail["taskArn"], []).append((change.at, change.detail))
        self._read = len(self.world.changes)

    def _earlier(self, arn: str, now: Json) -> Json:
        then = self.line.now - self.stale_by * draw(self.schedule.seed, arn, self.line.now)
        return next((view for at, view in reversed(self._views.get(arn, [])) if at <= then), now)


def _silent(task: Json) -> Json:
    containers = [{k: v for k, v in one.items() if k != "exitCode"} for one in task["containers"]]
    return {**task, "containers": containers}


NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
SET_UP: tuple[tuple[str, str, Json], ...] = (
    ("s3", "CreateBucket", {"Bucket": BUCKET}),
    ("ecs", "CreateCluster", {"clusterName": CLUSTER}),
    (
        "ecs",
        "RegisterTaskDefinition",
        {
            "family": DEFINITION,
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{"name": CONTAINER, "image": "img", "stopTimeout": STOP_TIMEOUT}],
        },
    ),
    (
        "batch",
        "CreateComputeEnvironment",
        {
            "computeEnvironmentName": "ce",
            "type": "MANAGED",
            "computeResources": {"type": "EC2", "maxvCpus": 64, "subnets": ["s"]},
        },
    ),
    (
        "batch",
        "CreateJobQueue",
        {
            "jobQueueName": QUEUE,
            "priority": 1,
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "ce"}],
        },
    ),
    (
        "batch",
        "RegisterJobDefinition",
        {
            "jobDefinitionName": DEFINITION,
            "type": "container",
            "containerProperties": {
                "image": "img",
                "vcpus": 1,
                "memory": 128,
                "command": ["run"],
                "stopTimeout": STOP_TIMEOUT,
            },
        },
    ),
)
