"""What must be so at the end of every story.

Law: pure; each claim is a table read against the records. Nothing is excused here: what a story may cost is
the plan's to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aws_executors.demo.containers import CALLBACK, Container
from aws_executors.demo.proof import Claim
from aws_executors.shell.airflow.features import CALLBACKS
from e2e.plans import CRASHES, Fault, Plan
from e2e.records import Line, Told, Try


@dataclass(frozen=True, slots=True)
class Due:
    """What is due of one task: how it ends, after how many tries, each with how many runs of user code."""

    state: str = "success"
    tries: int = 1
    segments: int = 1


DUE: Mapping[str, Due] = {
    "plain_ecs": Due(),
    "plain_batch": Due(),
    "mapped[0]": Due(),
    "mapped[1]": Due(),
    "retrying": Due(tries=2),
    "failing": Due(state="failed"),
    "deferring": Due(segments=2),
    "rescheduled": Due(segments=2),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All that is on record of one story."""

    last: tuple[Try, ...]
    before: tuple[Try, ...]
    lines: tuple[Line, ...]
    told: tuple[Told, ...]
    containers: tuple[Container, ...]


def verdicts(records: Records) -> Claim:
    """Every task has the result that it must have."""
    found = {one.task: one.state for one in records.last}
    wrong = [
        f"{task} is {found.get(task)}, not {due.state}"
        for task, due in DUE.items()
        if found.get(task) != due.state
    ]
    return Claim(f"{len(DUE)} task instances have the right result", tuple(wrong))


def tries_spent(records: Records, plan: Plan) -> Claim:
    """No task was given more tries than it asked for, but for those that the plan says are lost."""
    wrong = [
        f"{one.task} has had {one.number} tries, not {DUE[one.task].tries} (and up to {plan.burns} more)"
        for one in records.last
        # A retrying task whose first try is lost does not fail at its second.
        if not DUE[one.task].tries <= one.number <= DUE[one.task].tries + plan.burns
    ]
    return Claim(f"no try was lost, or at most {plan.burns} of a task", tuple(wrong))


def ran_once(records: Records, plan: Plan) -> Claim:
    """User code of each try began as often as it has segments; less often only where its try was lost."""
    begun = Counter((line.task, line.number) for line in records.lines if line.word == "begins")
    last = {one.task: one.number for one in records.last}
    wrong = [
        f"{task} try {number} began {begun[task, number]} times, not {segments}"
        for task, number, segments in (
            (task, number, DUE[task].segments) for task, most in last.items() for number in range(1, most + 1)
        )
        if begun[task, number] > segments
        or (begun[task, number] < segments and (number == last[task] or not plan.burns))
    ]
    return Claim(f"user code of {sum(last.values())} tries ran once", tuple(wrong))


def never_met(records: Records) -> Claim:
    """Nobody began a task while somebody else was still at it."""
    met = [f"{line.task} try {line.number} in {line.pid}" for line in records.lines if line.word == "meets"]
    return Claim("no task was run by two containers at once", tuple(met))


def called(records: Records, plan: Plan) -> Claim:
    """The deadline's callback ran once, if Airflow has any; one whose scheduler died may have died, too."""
    calls, due = sum(line.word == "calls" for line in records.lines), int(CALLBACKS)
    fine = calls <= due if plan.fault in CRASHES else calls == due
    return Claim(
        "the callback ran once" if due else "no callback ran", () if fine else (f"it ran {calls} times",)
    )


def one_container_each(records: Records, plan: Plan) -> Claim:
    """No try had a container too many, and each ended well; where containers are stopped, that all ended.

    A scheduler that was stalled between queueing and submitting still submits when it wakes up, reads the row
    a moment later, and takes the container back: it counts only if anything in it has run.
    """
    tasks = [
        container
        for container in records.containers
        if container.task != CALLBACK and not (plan.fault is Fault.STALLED and never_ran(container))
    ]
    if plan.burns:
        wrong = [f"{container} is {container.status}" for container in tasks if not container.ended]
        return Claim(f"{len(tasks)} containers have ended", tuple(wrong))
    wanted = Counter(
        {
            f"{one.task} try {n}": DUE[one.task].segments
            for one in records.last
            for n in range(1, one.number + 1)
        }
    )
    found = Counter(f"{container.task.label} try {container.task.try_number}" for container in tasks)
    return Claim(
        f"{wanted.total()} containers for {len(wanted)} tries, everything in them with exit code 0",
        (
            *(
                f"{name}: {found[name]}, not {wanted[name]}"
                for name in sorted(wanted | found)
                if found[name] != wanted[name]
            ),
            *(f"{c} is {c.status}, exit {c.exit_codes}: {c.reason}" for c in tasks if not c.well),
        ),
    )


def never_ran(container: Container) -> bool:
    """Whether it was stopped before anything in it had started."""
    return container.ended and set(container.exit_codes) == {None}


def people_know(records: Records, words: str) -> Claim:
    """The event log of a task says why it waits."""
    said = [told for told in records.told if told.event == "submission delayed" and words in told.text]
    faults = (
        ()
        if said
        else (f"no row of the event log says {words!r}: {sorted({t.event for t in records.told})}",)
    )
    return Claim("the reason stands in a task's event log", faults)


def claims(records: Records, plan: Plan) -> Iterable[Claim]:
    """Everything that the records must say."""
    return (
        verdicts(records),
        tries_spent(records, plan),
        ran_once(records, plan),
        never_met(records),
        called(records, plan),
        one_container_each(records, plan),
    )
