"""What our loggers say is one line of ours, whatever it quotes; of an exception, where it came from, too."""

import logging

import pytest

from aws_executors.core.redact.outgoing import MOST
from aws_executors.shell.airflow.loggers import FRAMES, logger, words

JWT = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiIwMTkifQ.q1_-Zk"
NAME = "aws_executors.tests.speech"


class UnprintableError(Exception):
    """Like one that somebody wrote in a hurry."""

    def __str__(self) -> str:
        raise SystemExit(JWT)

    __repr__ = __str__


def deep(levels: int) -> None:
    if levels:
        deep(levels - 1)
    raise SystemExit(f"password=hunter2 {JWT}\n[2026] ERROR forged\x00")


def test_a_message_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, NAME):
        logger(NAME).warning("Container %s: %s", "x\n[2026] ERROR forged\x1b[2K", f"{JWT} 100% {'x' * 9_000}")
        logger(NAME).warning("100% sure")
        logger(NAME).warning("%s", UnprintableError())
    first, second, third = caplog.messages
    assert first.startswith("Container x [2026] ERROR forged: *** 100% xxx")
    assert len(first.encode()) <= MOST
    assert second == "100% sure"
    assert JWT not in third


def test_a_logger_is_cleaned_once() -> None:
    assert logger(NAME) is logger(NAME)
    assert len(logger(NAME).filters) == 1


def test_an_exception_says_what_and_where(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, NAME):
        try:
            deep(100)
        except SystemExit:
            logger(NAME).exception("A call has raised")
    (record,) = caplog.records
    said = record.getMessage().splitlines()
    assert said[:2] == ["A call has raised", "  SystemExit: password=*** *** [2026] ERROR forged"]
    assert all(line.startswith("  at ") and line.endswith(", in deep") for line in said[2:])
    assert len(said) == 2 + FRAMES
    assert JWT not in caplog.text
    assert "hunter2" not in caplog.text


def test_an_error_that_can_not_be_printed() -> None:
    assert words(UnprintableError()) == "UnprintableError: (its text cannot be made)"
