"""What a container measured of itself, found in a page of its log."""

import json
import time
from collections.abc import Callable

import pytest
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.cost.measured import Measured
from aws_executors.core.logs.lines import LINES, Tail, folded
from aws_executors.shell.aws.log_pages import no_log
from aws_executors.shell.aws.usage_reader import _measured

SAID = 'aws_executors.run: used {"memory":412}'
ROUTED = json.dumps({"container_id": "0f", "container_name": "/main", "log": SAID, "source": "stderr"})


def page(*messages: str) -> Result[object, AwsError]:
    return Success({"events": [{"timestamp": 0, "message": message} for message in messages]})


@pytest.mark.parametrize("said", [SAID, f"{SAID}\r\n", ROUTED, json.dumps({"event": SAID, "level": "info"})])
def test_it_is_found_however_the_line_was_delivered(said: str) -> None:
    first = 'aws_executors.run: used {"memory":1}'
    assert _measured(page("before", first, said, "after")) == Measured(memory=412)


@pytest.mark.parametrize(
    "found",
    [page(), page("before", f"not {SAID}"), Success({"events": 7}), Success([]), Failure(no_log("none"))],
)
def test_where_it_is_not_nothing_was_measured(found: Result[object, AwsError]) -> None:
    assert _measured(found) is None


def cpu(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began


def test_the_other_lines_cost_next_to_nothing() -> None:
    """One container after the other is looked at, in the scheduler's process."""
    every = page(*["path=/data/file.parquet status=ok password=hunter2 " * 10] * LINES, SAID)
    assert _measured(every) == Measured(memory=412)
    assert cpu(lambda: _measured(every)) < cpu(lambda: folded(Tail(), every.unwrap())) / 5
