"""What must be so at the end of every story.

Law: pure; each claim is a table read against the records. Nothing is excused here: what a story may cost is
the plan's to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aws_executors.core.lifecycle.effects import SURPLUS
from aws_executors.demo.containers import CALLBACK, SEVERAL, Container, Turn
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
    turns: tuple[Turn, ...] = ()  # in containers that take one workload after another


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


def wanted_by(records: Records) -> Counter[str]:
    """How often each try must have been handed to a container."""
    return Counter(
        {
            f"{one.task} try {n}": DUE[one.task].segments
            for one in records.last
            for n in range(1, one.number + 1)
        }
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
    wanted = wanted_by(records)
    found = Counter(f"{container.task.label} try {container.task.try_number}" for container in tasks)
    return Claim(
        f"{wanted.total()} containers for {len(wanted)} tries, and everything in them exited with code 0",
        (
            *(
                f"{name}: {found[name]}, not {wanted[name]}"
                for name in sorted(wanted | found)
                if found[name] != wanted[name]
            ),
            *(f"{c} is {c.status}, exit {c.exit_codes}: {c.reason}" for c in tasks if not c.well),
        ),
    )


def one_turn_each(records: Records, plan: Plan) -> Claim:
    """No try had a turn too many, in a warm container or in one of its own, and none too few.

    A turn is what a container's cell says: a workload that was taken, and has ended. Where the store does not
    answer, a container may end without having said so; where containers are stopped, it may have no time to.
    """
    own = [one for one in records.containers if one.task not in (CALLBACK, SEVERAL) and not never_ran(one)]
    tries = [one.task for one in own]
    tries += [turn.task for turn in records.turns if turn.task != CALLBACK]
    wanted, found = wanted_by(records), Counter(f"{one.label} try {one.try_number}" for one in tries)
    fewer = bool(plan.burns) or plan.down
    wrong = [
        f"{name}: {found[name]}, not {wanted[name]}"
        for name in sorted(wanted | found)
        if found[name] > wanted[name] or (found[name] < wanted[name] and not fewer)
    ]
    return Claim(f"{found.total()} turns in containers for {len(wanted)} tries", tuple(wrong))


def warm_ended(records: Records, plan: Plan) -> Claim:
    """All containers have ended, and well, but for those that were stopped, or that reached nobody; and
    containers have run several, if they could."""
    served = {one.container for one in records.turns}
    return Claim(
        f"{len(records.containers)} containers have ended, {len(served)} for {len(records.turns)} turns",
        (
            *(f"{one} is {one.status}" for one in records.containers if not one.ended),
            *(
                f"{one} is {one.status}, exit {one.exit_codes}: {one.reason}"
                for one in records.containers
                if not (plan.burns or plan.down or one.well or never_ran(one) or stopped_idle(one))
            ),
            *(() if plan.down or len(served) < len(records.turns) else ("none has run several",)),
        ),
    )


def stopped_idle(container: Container) -> bool:
    """Whether it was one too many and is told so, as it came up while its scheduler did not look; Batch calls
    a job failed that is stopped."""
    return container.ended and set(container.exit_codes) == {0} and container.reason == SURPLUS


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
        *(
            (one_turn_each(records, plan), warm_ended(records, plan))
            if plan.warm
            else (one_container_each(records, plan),)
        ),
    )
