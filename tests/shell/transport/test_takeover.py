"""What a dead scheduler has stored: renewed for the task that we were given, and for no other; taken away."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, nan

import pytest
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.shell.transport.takeover import Takeover, lifetime_in

DENIED = AwsError(kind=Kind.PERMANENT, code="AccessDenied", message="no")
BUSY = AwsError(kind=Kind.THROTTLED, code="SlowDown", message="later")
OURS, OTHERS = "4c75", "9d01"


def token(lifetime: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"iat": 1000, "exp": 1000 + lifetime}).encode()).decode()
    return f"e30.{claims.rstrip('=')}.c2ln"


def workload(lifetime: float = 600, subject: str = OURS) -> str:
    return json.dumps({"token": token(lifetime), "ti": {"id": subject}, "log_path": "kept"})


@dataclass
class Shelf:
    """A store: what lies in it, by submission; what it answers for an object that is not there."""

    lies: dict[str, str] = field(default_factory=dict)
    missing: Result[bool, AwsError] = field(default_factory=lambda: Success(False))
    errors: dict[str, AwsError] = field(default_factory=dict)
    stores = True

    def put(self, submission: str, workload: str) -> Result[tuple[str, ...], AwsError]:
        raise AssertionError("what another has put is not put")

    def refresh(self, submission: str, workload: str) -> Result[None, AwsError]:
        raise AssertionError("what another has put is not refreshed")

    def take_over(self, submission: str, fresh: Callable[[str], str]) -> Result[bool, AwsError]:
        if submission in self.errors:
            return Failure(self.errors[submission])
        if submission not in self.lies:
            return self.missing
        try:
            self.lies[submission] = fresh(self.lies[submission])
        except ValueError as error:
            return Failure(AwsError(kind=Kind.PERMANENT, code="NotOurs", message=str(error)))
        return Success(True)

    def remove(self, submission: str) -> Result[None, AwsError]:
        self.lies.pop(submission, None)
        return Success(None)


@dataclass
class Mint:
    """Makes tokens that tell whom they are for."""

    made: list[tuple[str, float]] = field(default_factory=list)

    def __call__(self, subject: str, lifetime: float) -> str:
        self.made.append((subject, lifetime))
        return f"token {len(self.made)}"


def remains(shelf: Shelf, mint: Mint, *, subject: str = OURS, certain: bool = True) -> Takeover:
    return Takeover(store=shelf, token="0b6e", attempts=3, subject=subject, mint=mint, certain=certain)


def test_a_fresh_token_is_as_long_lived_as_the_one_before_and_nothing_else_changes() -> None:
    shelf, mint = Shelf(lies={"0b6e-1": workload(600)}), Mint()
    left = remains(shelf, mint)
    assert left.renew(1) == Success(None)
    assert (mint.made, left.renew_every) == ([(OURS, 600.0)], 300.0)
    assert json.loads(shelf.lies["0b6e-1"]) == {"token": "token 1", "ti": {"id": OURS}, "log_path": "kept"}


def test_every_attempt_s_is_renewed_for_nobody_knows_which_one_waits() -> None:
    shelf, mint = Shelf(lies={"0b6e-1": workload(600), "0b6e-3": workload(90), "1111-1": workload()}), Mint()
    left = remains(shelf, mint)
    assert left.renew(1) == Success(None)
    assert (len(mint.made), left.renew_every) == (2, 45.0)
    assert shelf.lies["1111-1"] == workload()


def test_a_token_is_never_made_for_another_task() -> None:
    shelf, mint = Shelf(lies={"0b6e-1": workload(subject=OTHERS)}), Mint()
    error = remains(shelf, mint).renew(1).failure()
    assert error.message == "the object holds the workload of another task"
    assert (mint.made, shelf.lies) == ([], {"0b6e-1": workload(subject=OTHERS)})


@pytest.mark.parametrize(
    "odd",
    [
        "t",
        "a.b.c",
        "e30.e30.c2ln",
        "e30.W10.c2ln",
        f"e30.{'W1tb' * 30_000}.c2ln",  # lists in each other
        token(nan),
        token(inf),
        token(10**400),
    ],
)
def test_what_is_no_token_of_ours_says_so(odd: str) -> None:
    with pytest.raises(ValueError, match="does not say how long"):
        lifetime_in(odd)


def test_a_lifetime_is_within_what_the_option_allows() -> None:
    assert (lifetime_in(token(-5)), lifetime_in(token(10**9))) == (1.0, 604_800.0)


@pytest.mark.parametrize(
    ("lies", "missing", "certain", "expected"),
    [
        (False, Success(False), True, Success(None)),  # removed: nobody waits for it
        (False, Success(False), False, Success(None)),  # it went inline
        (False, Failure(DENIED), True, Failure(DENIED)),
        (False, Failure(DENIED), False, Success(None)),  # went inline, or so it looks
        (True, Failure(DENIED), True, Success(None)),  # what may not be listed looks denied
        (True, Failure(BUSY), True, Failure(BUSY)),
        (False, Failure(BUSY), False, Failure(BUSY)),
    ],
)
def test_what_is_not_there(
    lies: bool, missing: Result[bool, AwsError], certain: bool, expected: Result[None, AwsError]
) -> None:
    shelf = Shelf(lies={"0b6e-1": workload()} if lies else {}, missing=missing)
    left = remains(shelf, Mint(), certain=certain)
    assert left.renew(1) == expected
    assert (left.renew_every is None) is not lies


def test_all_are_taken_away_and_none_is_renewed_afterwards() -> None:
    shelf, mint = Shelf(lies={"0b6e-1": workload(), "0b6e-3": workload(), "1111-1": ""}), Mint()
    left = remains(shelf, mint)
    assert left.discard() == Success(None)
    shelf.lies["0b6e-1"] = workload()
    assert left.renew(1) == Success(None)
    assert (set(shelf.lies), mint.made) == ({"0b6e-1", "1111-1"}, [])


def test_of_a_job_that_is_only_stopped_nothing_is_renewed() -> None:
    shelf, mint = Shelf(lies={"0b6e-1": workload()}), Mint()
    assert remains(shelf, mint, subject="").renew(1) == Success(None)
    assert mint.made == []
