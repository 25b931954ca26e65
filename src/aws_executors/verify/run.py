"""One run of verify: drive, ask the last questions, clean up, and judge.

Law: whatever happens after the first request, everything is cleaned up. The first Ctrl-C (or SIGTERM) ends
the run early and in order; a second one ends the wait for the clean-up.
"""

import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from aws_executors.verify.bill import used
from aws_executors.verify.clean_up import clean_up
from aws_executors.verify.drive import Drive, Interruption
from aws_executors.verify.extra_calls import of_conflict, of_too_large, of_unknown_id
from aws_executors.verify.plan import MOST_CONTAINERS, VerifySetup
from aws_executors.verify.proof.checks import CHECKS
from aws_executors.verify.proof.facts import FACTS
from aws_executors.verify.proof.model import CaseTrace, CheckVerdict, Findings, RunEvidence
from aws_executors.verify.proof.programs import LOST_ANSWER, RUN, Case

TOO_LARGE = Case("size limit", "a request that is too large is refused", RUN.program)


@contextmanager
def interruptions() -> Iterator[Interruption]:
    """Record the first SIGINT or SIGTERM in the `Interruption`; each later one raises KeyboardInterrupt."""
    interruption = Interruption()

    def handle(number: int, frame: FrameType | None) -> None:
        if interruption.heard:
            raise KeyboardInterrupt
        interruption.heard = True

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class _Answers:
    """The answers to the last questions."""

    unknown_id: CheckVerdict | None = None
    conflict: CheckVerdict | None = None
    too_large: CheckVerdict | None = None
    extra: list[CaseTrace] = field(default_factory=list)


def verified(
    setup: VerifySetup, say: Callable[[str], None], interruption: Interruption, seconds: float
) -> Findings:
    """Run everything on this section's AWS; returns what was found, and leaves nothing behind."""
    began, clock = time.time(), time.monotonic()
    drive = Drive(setup=setup, traces=setup.traces(), interruption=interruption, say=say, seconds=seconds)
    answers = _Answers()
    left: tuple[str, ...] = ()
    try:
        drive.run()
        if not interruption.heard:
            _ask(setup, drive, answers)
    except KeyboardInterrupt:
        pass  # a second interruption came before the first took effect
    finally:
        say("stopping what still runs, and removing what is stored")
        try:
            left = clean_up(drive, answers.extra)
        except KeyboardInterrupt:  # one more: the user does not want to wait
            left = tuple(_not_over([*drive.traces.values(), *answers.extra]))
    evidence = RunEvidence(
        service=setup.service,
        traces=drive.traces,
        events_queue=drive.events.queue,
        events_problem=drive.events.problem,
        unknown_id=answers.unknown_id,
        conflict=answers.conflict,
        too_large=answers.too_large,
        left=left,
        removed=tuple(_removed(drive)),
        interrupted=interruption.heard,
        out_of_time=drive.out_of_time,
    )
    settings = setup.settings
    return Findings(
        section=settings.section,
        region=settings.region,
        endpoint=setup.endpoint(),
        builder=setup.configured.builder,
        began=began,
        seconds=time.monotonic() - clock,
        interrupted=evidence.interrupted,
        checks=tuple(one.result(evidence) for one in CHECKS),
        facts=tuple(one.result(evidence) for one in FACTS if setup.service in one.services),
        used=tuple(used([*drive.traces.values(), *answers.extra], setup.configured.prices, settings.region)),
    )


def _ask(setup: VerifySetup, drive: Drive, answers: _Answers) -> None:
    """Ask the questions that start no container if AWS answers as it should."""
    known = next((id_ for trace in drive.traces.values() for id_ in trace.ids), None)
    if known is None:
        return
    answers.unknown_id = of_unknown_id(setup, known)
    lost = drive.traces[LOST_ANSWER.name]
    if setup.service == "ecs" and len(lost.ids) == 1 and _one_more(drive):
        answers.conflict = of_conflict(setup, lost)
    if not _one_more(drive):
        return  # AWS has started a container that it should have refused: spend no more
    extra = CaseTrace(case=TOO_LARGE, token=setup.new_token())
    answers.extra.append(extra)
    answers.too_large = of_too_large(setup, extra)


def _one_more(drive: Drive) -> bool:
    """Whether the limits allow another container, in case AWS does not refuse the request."""
    return sum(len(trace.ids) for trace in drive.traces.values()) < MOST_CONTAINERS


def _removed(drive: Drive) -> Iterator[str]:
    """The stored objects that were removed."""
    if drive.stored is not None and drive.stored.discarded:
        yield drive.stored.submission
    if drive.cell is not None and drive.cell.removed:
        yield drive.cell.name


def _not_over(traces: Iterable[CaseTrace]) -> Iterator[str]:
    """The containers that may still run, to be stopped by hand."""
    for trace in traces:
        for id_ in trace.ids:
            if trace.record is None or trace.record.id != id_ or not trace.record.over:
                yield f"{id_} ({trace.case.name}) may still run: nobody waited for its end"
