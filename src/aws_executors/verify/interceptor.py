"""Stand between an engine and AWS: every call passes through here, is noted, and may be cut off.

Law: a call that is passed on is the executor's own, and its answer is returned unchanged, except for the
answers that the plan loses. After `cut` nothing is passed on, as when a scheduler has died.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Condition, Event
from typing import Generic, TypeVar

from returns.methods import unwrap_or_failure
from returns.pipeline import is_successful
from returns.result import Failure, Result

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.service import Service
from aws_executors.core.lifecycle.observation import DescribeResult, Observation, Phase, Source
from aws_executors.verify.proof.model import CaseTrace, LookUpSeen, SubmissionSeen
from aws_executors.verify.rows import PlayedRows

R = TypeVar("R")

DEAD = AwsError(kind=Kind.UNREACHABLE, code="SchedulerLost", message="this scheduler is played dead")
LOST = AwsError(kind=Kind.AMBIGUOUS, code="AnswerLost", message="verify has lost this answer on purpose")


class Ledger:
    """The containers that exist, whether or not an engine has the answer; every interceptor writes into it.

    Submitting calls under way are counted, because each may start a container that is not in the ledger yet.
    """

    def __init__(self, traces: Mapping[str, CaseTrace], rows: PlayedRows) -> None:
        self.traces = traces
        self._rows = rows
        self._quiet = Condition()
        self._under_way = 0

    def begin(self) -> None:
        """Note that a submitting call begins."""
        with self._quiet:
            self._under_way += 1

    def end(self) -> None:
        """Note that a submitting call has its answer."""
        with self._quiet:
            self._under_way -= 1
            self._quiet.notify_all()

    def settled(self, seconds: float) -> bool:
        """Wait until no submitting call is under way; False if that takes longer."""
        with self._quiet:
            return self._quiet.wait_for(lambda: not self._under_way, seconds)

    def trace_of(self, name: str) -> CaseTrace | None:
        """The trace of the case whose container has this ``startedBy``, ``jobName`` or client token."""
        return next((trace for trace in self.traces.values() if trace.token in name), None)

    def seen(self, observations: Iterable[Observation]) -> None:
        """Note what an engine is about to learn about containers."""
        owners = {id_: trace for trace in self.traces.values() for id_ in trace.ids}
        for one in observations:
            trace = owners.get(one.id) or self.trace_of(one.name or "-")
            if trace is None or one.phase is Phase.ABSENT:
                continue
            if one.source is Source.DESCRIBE:
                trace.shown_at = trace.shown_at or time.time()
            if one.started:
                self._rows.begun(trace.case.name)
            if not trace.seen or _differs(trace.seen[-1][1], one):
                trace.seen.append((time.time(), one))


def _differs(before: Observation, now: Observation) -> bool:
    return (before.phase, before.status, before.exit_code, before.source) != (
        now.phase,
        now.status,
        now.exit_code,
        now.source,
    )


class Interceptor(Generic[R]):
    """One engine's `Service`; `loses` are the tokens whose first answer is lost.

    With `dying`, a submission that succeeds gets no answer until `cut`.
    """

    def __init__(
        self,
        service: Service[R],
        ledger: Ledger,
        name_of: Callable[[R], str],
        loses: Iterable[str] = (),
        *,
        dying: bool = False,
    ) -> None:
        self._service = service
        self._ledger = ledger
        self._name_of = name_of
        self._loses = set(loses)
        self._dying = dying
        self._dead = Event()
        self.idempotent = service.idempotent
        self.allotments = service.allotments

    def __repr__(self) -> str:
        return f"<Interceptor to {self._service!r}>"

    def cut(self) -> None:
        """From now on, pass nothing on: every call fails."""
        self._dead.set()

    def submit(self, request: R) -> Result[str, AwsError]:
        """Start one container."""
        if self._dead.is_set():
            return Failure(DEAD)
        trace = self._ledger.trace_of(self._name_of(request))
        if trace is None:
            raise LookupError(f"a request of no case: {request!r}")
        self._ledger.begin()
        try:
            sent = time.time()
            answer = self._service.submit(request)
            lost = is_successful(answer) and (self._dying or trace.token in self._loses)
            trace.submissions.append(submission(sent, answer, told=not lost))
        finally:
            self._ledger.end()
        self._loses.discard(trace.token)
        if lost and self._dying:
            self._dead.wait()
            return Failure(DEAD)
        return Failure(LOST) if lost else answer

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        """Describe containers."""
        if self._dead.is_set():
            return Failure(DEAD)
        answer = self._service.describe(ids)
        if is_successful(answer):
            self._ledger.seen(answer.unwrap().observations)
        return answer

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        """Look up a container."""
        if self._dead.is_set():
            return Failure(DEAD)
        answer = self._service.find(token, exclude)
        trace = self._ledger.trace_of(token)
        if trace is not None:
            trace.lookups.append(look_up_seen(answer))
        if is_successful(answer) and (found := answer.unwrap()) is not None:
            self._ledger.seen((found,))
        return answer

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        """Ask containers to stop."""
        if self._dead.is_set():
            return dict.fromkeys(ids, DEAD)
        at = time.time()
        answers = self._service.stop(ids, reason)
        for trace in self._ledger.traces.values():
            for id_ in set(trace.ids) & answers.keys():
                trace.stopped.append((at, reason, answers[id_]))
        return answers


def submission(sent: float, answer: Result[str, AwsError], *, told: bool = True) -> SubmissionSeen:
    """A submitting call, as a value."""
    match unwrap_or_failure(answer):
        case AwsError() as error:
            return SubmissionSeen(sent=sent, answered=time.time(), error=error, told=told)
        case id_:
            return SubmissionSeen(sent=sent, answered=time.time(), id=id_, told=told)


def look_up_seen(answer: Result[Observation | None, AwsError]) -> LookUpSeen:
    """A look-up, as a value."""
    match unwrap_or_failure(answer):
        case AwsError() as error:
            return LookUpSeen(time.time(), error=error)
        case None:
            return LookUpSeen(time.time())
        case found:
            return LookUpSeen(time.time(), found.id)
