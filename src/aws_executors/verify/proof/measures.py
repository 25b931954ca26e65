"""Measure the facts: one function for each kind, from everything that was seen to words or seconds.

Law: pure; a measurement is None if the run has not shown the fact.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

from aws_executors.core.lifecycle.observation import Observation
from aws_executors.verify.proof.checks import CHECKS
from aws_executors.verify.proof.model import CaseTrace, CheckOutcome, RunEvidence
from aws_executors.verify.proof.programs import ADOPTION, RELEASE, STOP
from aws_executors.verify.proof.record import AwsRecord


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured, in words, and the numbers, if they are seconds that can be compared."""

    words: str
    seconds: tuple[float, ...] = ()
    holds: bool | None = None


def _span(seconds: list[float]) -> Measurement | None:
    """The range of seconds over several containers, as a measurement."""
    if not seconds:
        return None
    low, high = min(seconds), max(seconds)
    words = f"{low:.1f} s" if len(seconds) == 1 else f"{low:.1f} to {high:.1f} s, {len(seconds)} containers"
    return Measurement(words, tuple(round(one, 1) for one in seconds))


def _records(evidence: RunEvidence) -> Iterator[tuple[CaseTrace, AwsRecord]]:
    for trace in evidence.traces.values():
        if trace.record is not None:
            yield trace, trace.record


def between(first: str, then: str) -> Callable[[RunEvidence], Measurement | None]:
    """Seconds between two of AWS's own times."""

    def measure(evidence: RunEvidence) -> Measurement | None:
        pairs = [(_time(one, first), _time(one, then)) for _, one in _records(evidence)]
        return _span([b - a for a, b in pairs if a is not None and b is not None])

    return measure


def after_exit(then: str) -> Callable[[RunEvidence], Measurement | None]:
    """Seconds from the last line of a program (by the container's clock) to one of AWS's times."""

    def measure(evidence: RunEvidence) -> Measurement | None:
        pairs = [(trace.printed("ends"), _time(one, then)) for trace, one in _records(evidence)]
        return _span([b - a for a, b in pairs if a is not None and b is not None])

    return measure


def _time(record: AwsRecord, name: str) -> float | None:
    return cast("float | None", getattr(record, name))


def shown_after(evidence: RunEvidence) -> Measurement | None:
    """Seconds from the answer to a submission until AWS shows the container."""
    pairs = [
        (trace.submissions[0].answered, trace.shown_at)
        for trace, _ in _records(evidence)
        if trace.submissions
    ]
    return _span([max(0.0, b - a) for a, b in pairs if b is not None])


def listed(evidence: RunEvidence) -> Measurement | None:
    """Seconds from the answer to a submission until AWS lists the container by its token."""
    traces = [one for case in (ADOPTION, RELEASE) if (one := evidence.trace(case.name)) is not None]
    found = [(trace, at.at) for trace in traces for at in trace.listed if at.id]
    first = {trace.token: at - trace.submissions[0].answered for trace, at in reversed(found)}
    return _span([max(0.0, one) for one in first.values()])


def code_before_stopped(evidence: RunEvidence) -> Measurement | None:
    """The status in which the exit code was first seen."""
    for trace, one in _records(evidence):
        at, seen = next(((at, seen) for at, seen in trace.seen if seen.exit_code is not None), (0.0, None))
        if seen is not None and not seen.final and one.stopped is not None:
            words = f"seen in {seen.status}, {one.stopped - at:.1f} s before STOPPED"
            return Measurement(words, holds=True)
    return None  # the polls were too rare to see the code in an earlier status


def signal(evidence: RunEvidence) -> Measurement | None:
    """When SIGTERM and SIGKILL came."""
    trace = evidence.trace(STOP.name)
    term = trace.printed("SIGTERM") if trace else None
    if trace is None or term is None or not trace.stopped or trace.record is None:
        return None
    end = trace.record.execution_stopped or trace.record.stopped
    killed = f", killed {end - term:.1f} s later" if end is not None else ""
    return Measurement(f"SIGTERM {term - trace.stopped[0][0]:.1f} s after the call{killed}", holds=True)


def event_late(evidence: RunEvidence) -> Measurement | None:
    """Seconds from the container's end, by AWS's clock, until the event of the end was received."""
    ends = [
        (next((at for at, seen in trace.events if seen.final), None), one.stopped)
        for trace, one in _records(evidence)
    ]
    return _span([max(0.0, a - b) for a, b in ends if a is not None and b is not None])


def event_order(evidence: RunEvidence) -> Measurement | None:
    """How many events came, and how many of them after a later one.

    An event that was given back comes again, so a repetition does not count.
    """
    numbers = [_numbers([seen for _, seen in one.events]) for one in evidence.traces.values()]
    count = sum(map(len, numbers))
    if not count:
        return None
    late = sum(one < max(before) for each in numbers for at, one in enumerate(each) if (before := each[:at]))
    return Measurement(
        f"{count} events of {sum(map(bool, numbers))} containers, {late} after a later one", holds=True
    )


def _numbers(seen: list[Observation]) -> list[int]:
    """The version numbers of the events that have one, without repetitions, in order of arrival."""
    numbers = (one.version if one.version is not None else one.order for one in seen)
    return list(dict.fromkeys((one for one in numbers if one is not None), ""))


def by_check(name: str) -> Callable[[RunEvidence], Measurement | None]:
    """What the check of this name has found; None if it failed because its container has not begun."""

    def measure(evidence: RunEvidence) -> Measurement | None:
        verdict = next(one for one in CHECKS if one.name == name).judge(evidence)
        trace = evidence.trace(name)
        unseen = trace is not None and (trace.record is None or trace.record.started is None)
        if verdict.outcome is CheckOutcome.NOT_CHECKED or (verdict.outcome is CheckOutcome.FAILED and unseen):
            return None
        return Measurement(verdict.words, holds=verdict.outcome is CheckOutcome.OK)

    return measure
