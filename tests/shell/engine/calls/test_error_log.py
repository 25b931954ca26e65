"""A lasting trouble is said once, and once more when it is over."""

import logging

import pytest

from aws_executors.shell.engine.calls.error_log import QUIET, ErrorLog


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
def error_log(clock: Clock, caplog: pytest.LogCaptureFixture) -> ErrorLog:
    caplog.set_level(logging.INFO)
    return ErrorLog(clock)


def test_once_per_kind_whatever_the_words(error_log: ErrorLog, caplog: pytest.LogCaptureFixture) -> None:
    for words in ("request 1", "request 2", "request 3"):
        error_log.say("Submitting", "throttled", words)
    error_log.say("Submitting", "credentials", "expired")
    error_log.say("Looking", "credentials", "expired")
    assert caplog.messages == [
        "Submitting failed: request 1",
        "Submitting failed: expired",
        "Looking failed: expired",
    ]


def test_over_when_it_has_been_quiet_and_said_again_when_it_comes_back(
    error_log: ErrorLog, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    error_log.works("Submitting")  # there was none
    error_log.say("Submitting", "throttled", "first")
    clock.now = QUIET
    error_log.works("Submitting")
    error_log.works("Submitting")
    error_log.say("Submitting", "throttled", "second")
    assert caplog.messages == [
        "Submitting failed: first",
        "Submitting works again",
        "Submitting failed: second",
    ]


def test_c29_half_of_the_calls_refused_for_an_hour_is_one_line(
    error_log: ErrorLog, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(36_000):
        clock.now += 0.1
        error_log.say("Submitting", "throttled", "Rate exceeded")
        error_log.works("Submitting")
    assert caplog.messages == ["Submitting failed: Rate exceeded"]


def test_what_is_forgotten_is_said_anew(error_log: ErrorLog, caplog: pytest.LogCaptureFixture) -> None:
    error_log.say("Container c1", "unreadable", "x")
    error_log.forget("Container c1")
    error_log.forget("Container c2")
    error_log.say("Container c1", "unreadable", "x")
    assert caplog.messages == ["Container c1 failed: x"] * 2
