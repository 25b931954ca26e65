"""Check, mainly on the AWS side, whether everything happened as promised.

Law: pure. A green DAG alone proves nothing, because a task reports its own state. So most claims are about
the containers, and a claim that is not true names what is wrong.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aws_executors.core.cost.estimate import cost_text
from aws_executors.core.cost.record import UsageRecord, memory_text, read_entry, seconds_text
from aws_executors.core.cost.summary import usage_row
from aws_executors.demo.api import EventLogRow, TaskInstance
from aws_executors.demo.containers import Container, Turn

SLOTS = re.compile(r"\b(running|queued) \((\d+)\): ")
KINDS_OF_SLOT = 2
OPENING = "eyJ"  # how a token begins: the base64 of {"


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement that must be true; it holds if there are no faults."""

    text: str
    faults: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        return "\n".join(
            [f"{'ok  ' if self.holds else 'NOT '} {self.text}", *(f"       {f}" for f in self.faults)]
        )


def succeeded(instances: Iterable[TaskInstance]) -> Claim:
    """Claim that in Airflow's own view every task instance has succeeded."""
    instances = tuple(instances)
    return Claim(
        f"{len(instances)} task instances succeeded",
        tuple(f"{ti.label} is {ti.state}" for ti in instances if ti.state != "success")
        or (() if instances else ("there is none",)),
    )


def ended_well(containers: Iterable[Container]) -> Claim:
    """Claim that every container is STOPPED or SUCCEEDED, and exited with 0, as did its sidecars.

    This includes the first try of a task with retries: the task fails and reports that to Airflow, and its
    container exits with 0.
    """
    containers = tuple(containers)
    return Claim(
        f"{len(containers)} containers stopped, and everything in them exited with code 0",
        tuple(f"{c} is {c.status}, exit {c.exit_codes}: {c.reason}" for c in containers if not c.well)
        or (() if containers else ("there is none",)),
    )


def expected(instances: Iterable[TaskInstance], segments: Mapping[str, int]) -> Counter[str]:
    """The number of containers that each try must have had: one, or one per segment if the task defers.

    >>> ti = TaskInstance(task_id="a", map_index=-1, try_number=2, state="success", executor=None)
    >>> expected([ti], {"a": 2})
    Counter({'a try 1': 2, 'a try 2': 2})
    """
    return Counter(
        {
            f"{ti.label} try {number}": segments.get(ti.task_id, 1)
            for ti in instances
            for number in range(1, ti.try_number + 1)
        }
    )


def once_per_try(
    instances: Iterable[TaskInstance], containers: Iterable[Container], segments: Mapping[str, int]
) -> Claim:
    """Claim that no try ran twice, and none was left out."""
    wanted = expected(instances, segments)
    found = Counter(f"{container.task.label} try {container.task.try_number}" for container in containers)
    return Claim(
        f"{wanted.total()} containers were expected for {len(wanted)} tries, and exactly that many started",
        tuple(
            f"{name}: {found[name]} containers, not {wanted[name]}"
            for name in sorted(wanted | found)
            if found[name] != wanted[name]
        ),
    )


def served_once(instances: Iterable[TaskInstance], turns: Iterable[Turn]) -> Claim:
    """Claim that each try ran once, in any container, and exited with 0."""
    turns = tuple(turns)
    wanted, found = (
        expected(instances, {}),
        Counter(f"{one.task.label} try {one.task.try_number}" for one in turns),
    )
    containers = {one.container for one in turns}
    return Claim(
        f"{wanted.total()} workloads ran once each; containers that ran any: {len(containers)}",
        (
            *(
                f"{name}: {found[name]} times"
                for name in sorted(wanted | found)
                if found[name] != wanted[name]
            ),
            *(f"{one.task.label}: exit code {one.exit_code}" for one in turns if one.exit_code),
            *(() if turns else ("there is none",)),
        ),
    )


def fewer(warm: int, cold: int) -> Claim:
    """Claim that the tasks needed fewer containers warm than cold."""
    faults = () if warm < cold else (f"{warm} are not fewer than {cold}",)
    return Claim(f"warm containers started: {warm}, for the work of {cold} cold ones", faults)


def all_recorded(entries: Iterable[EventLogRow], containers: int) -> Claim:
    """Claim that each container has left a record of what it used and cost; adds up the records."""
    entries = tuple(entries)
    records = [(entry.task_id, read_entry(entry.extra or "") or UsageRecord()) for entry in entries]
    whole = usage_row(("all",), (record for _, record in records))
    used = "" if whole.cpu is None else f"{seconds_text(whole.cpu)} of CPU, "
    used += "" if whole.memory is None else f"at most {memory_text(whole.memory)} each, "
    unknown = [task for task, one in records if None in (one.peak, one.cpu, one.dollars)]
    return Claim(
        f"{len(records)} containers used {used}{cost_text(whole.dollars)} by AWS's list prices",
        (
            *([] if len(records) == containers else [f"{containers} containers had ended"]),
            *(f"a container of {task} was not measured, or has no price" for task in unknown),
        ),
    )


def slots(dump: str) -> list[int]:
    """The counts in a scheduler's debug dump: running and queued, for each executor.

    >>> slots("queued (0): none\\n... running (2): a, b\\n... events (1): c")
    [0, 2]
    """
    return [int(number) for _, number in SLOTS.findall(dump)]


def slots_free(dump: str, executors: int) -> Claim:
    """Claim that no executor has anything queued or running."""
    counted = slots(dump)
    wanted = [0] * (KINDS_OF_SLOT * executors)
    faults = () if counted == wanted else (f"the scheduler's dump counts {counted}, not {wanted}",)
    return Claim(f"the slots of all {executors} executors are free", faults)


def tokenless(messages: Iterable[tuple[str, str]]) -> Claim:
    """Claim that no text that others may read contains a token; tokens begin with ``eyJ``, base64 of ``{"``.

    >>> print(tokenless([("a request", "run eyJhbGciOi.eyJzdWIi.c2ln"), ("an event", "RUNNING")]))
    NOT  2 requests, events and descriptions carried no token
           a request has one
    """
    messages = tuple(messages)
    return Claim(
        f"{len(messages)} requests, events and descriptions carried no token",
        tuple(f"{what} has one" for what, text in messages if OPENING in text)
        or (() if messages else ("there is none",)),
    )


def none_left(running: Iterable[str], what: str) -> Claim:
    """Claim that nothing is left running."""
    return Claim(f"no {what} is left", tuple(running))
