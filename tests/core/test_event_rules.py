"""What the rules of both services let through, and how a queue is shared by both."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from aws_executors.core.aws.iam import NOTHING_ELSE, Where
from aws_executors.core.batch.answers.describe import STATUSES as BATCH_STATUSES
from aws_executors.core.batch.builder import from_options as batch_options
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs.answers.describe import STATUSES as ECS_STATUSES
from aws_executors.core.ecs.builder import from_options as ecs_options
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.lifecycle.observation import Phase
from aws_executors.core.services import SERVICES

BATCH = BatchSettings(region="us-east-1", job_name="nightly", job_queue="q", job_definition="d")
ECS = EcsSettings(
    region="us-east-1", cluster="etl", container_name="m", task_definition="t", subnets=("subnet-1",)
)
HERE = Where(region="us-east-1", account="123456789012")
SECTIONS: Mapping[str, tuple[Any, object, Mapping[str, Phase]]] = {
    "batch": (BATCH, batch_options(BATCH), BATCH_STATUSES),
    "ecs_fargate": (ECS, ecs_options(ECS), ECS_STATUSES),
}


@pytest.mark.parametrize("section", SECTIONS)
def test_statuses_that_are_needed_begin_with_an_early_one_and_end_with_the_outcome(section: str) -> None:
    _, _, phases = SECTIONS[section]
    needed = SERVICES[section].event_rule.statuses
    assert all(phases[status] is Phase.PENDING for status in needed[0])
    assert phases[needed[1][0]] is Phase.RUNNING
    assert {phases[status] for group in needed[2:] for status in group} <= {Phase.SUCCEEDED, Phase.FAILED}
    assert len(needed) > 2


@pytest.mark.parametrize("section", SECTIONS)
def test_samples_are_events_that_the_executor_reads(section: str) -> None:
    settings, request, _ = SECTIONS[section]
    service = SERVICES[section]
    for status in (status for group in service.event_rule.statuses for status in group):
        sample = service.event_rule.sample(settings, request, HERE, status)
        assert service.observe_event(settings, json.loads(json.dumps(sample))).unwrap().status == status


@pytest.mark.parametrize(("section", "other"), [("batch", "ecs_fargate"), ("ecs_fargate", "batch")])
def test_an_event_of_the_other_service_is_read_so_that_it_can_be_given_back(section: str, other: str) -> None:
    """Both sections may have one queue: what one cannot read, it would delete."""
    settings, request, _ = SECTIONS[other]
    sample = SERVICES[other].event_rule.sample(settings, request, HERE, "RUNNING")
    mine, theirs = SERVICES[section], SERVICES[other]
    read = mine.observe_event(SECTIONS[section][0], sample)
    assert read.unwrap().id == theirs.observe_event(settings, sample).unwrap().id


@pytest.mark.parametrize("section", SECTIONS)
def test_what_neither_can_read_is_told_in_words_of_its_own_service(section: str) -> None:
    problem = SERVICES[section].observe_event(SECTIONS[section][0], {"detail-type": "Tea", "detail": {}})
    own = "Batch" if section == "batch" else "ECS"
    assert f"detail-type 'Tea' is none of {own}" in problem.failure().problem


@pytest.mark.parametrize("section", SECTIONS)
def test_a_pattern_is_as_long_as_a_rule_may_have(section: str) -> None:
    settings, request, _ = SECTIONS[section]
    pattern = SERVICES[section].event_rule.pattern(settings, request, HERE, NOTHING_ELSE)
    assert len(json.dumps(pattern)) <= 2048
