"""No pattern that meets the text of somebody else goes back over it: each takes as long as its text is."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aws_executors.core.aws.console import container_in
from aws_executors.core.aws.errors import classify
from aws_executors.core.ecs.capacity_providers import names_fargate
from aws_executors.core.explain.diagnosis import explain
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.requests.preview import Difference, preview
from aws_executors.core.requests.wire import KeyValuePair
from aws_executors.core.settings.errors import shown
from aws_executors.dashboard.page.failure_kind import failure_kind
from aws_executors.doctor.checks.image import reference
from aws_executors.ecs import EcsSettings

SOURCES = Path(__file__).parents[2] / "src"
SHAPES = (
    *(
        ': "',
        '"',
        ": 1",
        ": true",
        "\n",
        "\t",
        "a",
        "1",
        "-",
        "_",
        "a.",
        "a:1:",
        "a_",
        "Aa",
        "A",
        "/",
        "//",
        "//a",
    ),
    *(" (", ":", ",", "sha256:", "s3://", "x/", "_1"),
    "    ",
    "arn:aws:ecs:us-east-1:123456789012:task/",
    "(12345678-1234-1234-1234-123456789012",
    "authorized to perform: a",
    "CannotPullContainerError: ",
    "-a",
)


def told(text: str) -> object:
    reason = Observation(id=text, phase=Phase.FAILED, cause=Cause.NEVER_STARTED, reason=text, stop_code=text)
    return explain(reason)


def section(text: str) -> object:
    return EcsSettings.from_section(dict.fromkeys(EcsSettings.model_fields, f"{text}!"))


READERS: tuple[Callable[[str], object], ...] = (
    container_in,
    failure_kind,
    reference,
    shown,
    told,
    section,
    names_fargate,
    lambda text: reference(f"1.dkr.ecr.x.amazonaws.com/{text}!"),
    lambda text: classify("AccessDenied", text),
    lambda text: preview(KeyValuePair(name=text, value=text))._repr_html_(),
    lambda text: Difference(text)._repr_html_(),
)


@pytest.mark.parametrize("reader", READERS)
def test_whoever_reads_it(reader: Callable[[str], object]) -> None:
    """Some seconds of the processor's time for all; a quadratic pattern takes as long for one of them."""
    began = time.process_time()
    for shape in SHAPES:
        reader(shape * (50_000 // len(shape)))
    assert time.process_time() - began < 20


def test_no_group_is_repeated_possessively() -> None:
    """Before Python 3.11.5 what its last turn, which failed, had looked at is taken for matched (CPython's
    issue 106052): of `(?:a|b(?!c))++` the `b` of `abc`, and so of a secret in quotes the closing one."""
    of_groups = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+|\(\?>")
    found = [
        f"{path.name}: {line.strip()}"
        for path in SOURCES.rglob("*.py")
        for line in path.read_text().splitlines()
        if of_groups.search(line)
    ]
    assert found == []
