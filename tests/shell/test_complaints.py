"""A lasting trouble is said once, and once more when it is over."""

import logging

import pytest

from aws_executors.shell.complaints import QUIET, Complaints


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def complaints(clock: Clock, caplog: pytest.LogCaptureFixture) -> Complaints:
    caplog.set_level(logging.INFO)
    return Complaints(clock)


def test_once_per_kind_whatever_the_words(complaints: Complaints, caplog: pytest.LogCaptureFixture) -> None:
    for words in ("request 1", "request 2", "request 3"):
        complaints.say("Submitting", "throttled", words)
    complaints.say("Submitting", "credentials", "expired")
    complaints.say("Looking", "credentials", "expired")
    assert caplog.messages == ["Submitting: request 1", "Submitting: expired", "Looking: expired"]


def test_over_when_it_has_been_quiet_and_said_again_when_it_comes_back(
    complaints: Complaints, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    complaints.works("Submitting")  # there was none
    complaints.say("Submitting", "throttled", "first")
    clock.now = QUIET
    complaints.works("Submitting")
    complaints.works("Submitting")
    complaints.say("Submitting", "throttled", "second")
    assert caplog.messages == ["Submitting: first", "Submitting: works again", "Submitting: second"]


def test_c29_half_of_the_calls_refused_for_an_hour_is_one_line(
    complaints: Complaints, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(36_000):
        clock.now += 0.1
        complaints.say("Submitting", "throttled", "Rate exceeded")
        complaints.works("Submitting")
    assert caplog.messages == ["Submitting: Rate exceeded"]


def test_what_is_forgotten_is_said_anew(complaints: Complaints, caplog: pytest.LogCaptureFixture) -> None:
    complaints.say("Container c1", "unreadable", "x")
    complaints.forget("Container c1")
    complaints.forget("Container c2")
    complaints.say("Container c1", "unreadable", "x")
    assert caplog.messages == ["Container c1: x"] * 2
