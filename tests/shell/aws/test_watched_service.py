"""What a rate limiter hears of AWS's answers: what passed, what was throttled, when that had been sent."""

import time
from collections.abc import Sequence

import pytest
from returns.result import Failure, Result, Success

from aws_executors.core.aws.backoff import Backoff
from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.request_quotas import ON_FARGATE, Action, Allotments
from aws_executors.core.aws.token_bucket import Bucket
from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.observation import DescribeResult, Observation
from aws_executors.core.lifecycle.policy import Policy
from aws_executors.core.lifecycle.poll_interval import PollInterval
from aws_executors.shell.aws.watched_service import WatchedService
from aws_executors.shell.engine.calls.rate_limiter import Account, RateLimiter
from aws_executors.shell.engine.dispatcher import EngineConfig
from aws_executors.shell.engine.messages import WorkItem
from support.worlds import Cloud, Order, Rows, engine_in


class Slow:
    """A service that answers every call in the same way, after a while; and its clock."""

    idempotent = True
    allotments: Allotments = ON_FARGATE

    def __init__(self, error: AwsError | None) -> None:
        self.error = error
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def _asked(self) -> Failure[AwsError] | None:
        self.now += 0.2
        return None if self.error is None else Failure(self.error)

    def submit(self, request: str) -> Result[str, AwsError]:
        return self._asked() or Success("c1")

    def describe(self, ids: Sequence[str]) -> Result[DescribeResult, AwsError]:
        return self._asked() or Success(DescribeResult())

    def find(self, token: str, exclude: Sequence[str]) -> Result[Observation | None, AwsError]:
        return self._asked() or Success(None)

    def stop(self, ids: Sequence[str], reason: str) -> dict[str, AwsError | None]:
        self._asked()
        return dict.fromkeys(ids, self.error)


def ask(service: WatchedService[str], action: Action) -> object:
    match action:
        case Action.SUBMIT:
            return service.submit("request")
        case Action.DESCRIBE:
            return service.describe(("c1",))
        case Action.LOOK_UP:
            return service.find("t", ())
        case Action.STOP:
            return service.stop(("c1",), "")


def heard(share: RateLimiter, action: Action, now: float) -> Bucket:
    bucket = share.bucket(action, now)
    assert bucket is not None
    return bucket


def an_error(kind: Kind) -> AwsError:
    return AwsError(kind=kind, code="Code", message="words")


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("kind", [None, *Kind])
def test_every_answer_of_every_call_is_heard(action: Action, kind: Kind | None) -> None:
    slow = Slow(None if kind is None else an_error(kind))
    share = Account().share(ON_FARGATE)
    share.take(action, 10**6, 0.0)
    answer = ask(WatchedService(slow, share, clock=slow), action)
    after = heard(share, action, 0.2)
    assert after.cut_at == (0.2 if kind is Kind.THROTTLED else float("-inf"))
    says_something = kind in {None, Kind.CAPACITY, Kind.CONFLICT, Kind.PERMANENT}
    assert after.passed == (1 if says_something else 0)
    slow.now = 0.0
    assert answer == ask(WatchedService(slow, Account().share(ON_FARGATE), clock=slow), action)


def test_a_throttled_call_is_dated_by_when_it_was_sent() -> None:
    slow = Slow(an_error(Kind.THROTTLED))
    share = Account().share(ON_FARGATE)
    share.take(Action.SUBMIT, 10**6, 0.0)
    share.throttled(Action.SUBMIT, 0.0, 0.1)
    before = heard(share, Action.SUBMIT, 0.1).rate
    slow.now = 0.05
    WatchedService(slow, share, clock=slow).submit("sent before the rate fell, answered at 0.25")
    assert heard(share, Action.SUBMIT, 0.25).rate == before
    WatchedService(slow, share, clock=slow).submit("sent at 0.25")
    assert heard(share, Action.SUBMIT, 0.45).rate < before


def test_an_engine_s_allowance_hears_what_its_service_says() -> None:
    share, cloud, rows = Account().share(ON_FARGATE), Cloud(), Rows()
    cloud.refuse("submit", Kind.THROTTLED)
    config = EngineConfig(
        policy=Policy(backoff=Backoff(base=0.01)), pace=PollInterval(quickest=0.02), rows_every=0.02
    )
    engine = engine_in(cloud, rows, config, share=share)
    engine.start()
    try:
        rows.put("t", "queued")
        build = lambda attempt: Success(Order("t", attempt))  # noqa: E731
        engine.hand_over(iter([WorkItem(job=Job(token="t"), key="t", build=build)]))
        deadline = time.monotonic() + 10
        while not heard(share, Action.DESCRIBE, time.monotonic()).passed:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        engine.end(stop=False, timeout=2.0)
    assert heard(share, Action.SUBMIT, time.monotonic()).cut_at > 0
