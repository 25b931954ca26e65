"""Laws of the world: no input breaks it, no order of events makes it forget, double or reorder anything."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.local.http.models import operation
from aws_executors.local.world import ACTIONS, FARGATE, NONE, World
from local.stories import act, finish
from support.samples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.conftest import Virtual

TASK = [
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
]
SENSE = [
    "c",
    "f",
    "f:1",
    "q",
    "jd",
    "jd:1",
    "app",
    "default",
    "ce",
    "img",
    "g",
    "FARGATE",
    "FARGATE_SPOT",
    "256",
    "512",
    "1",
    "awsvpc",
    "VCPU",
    "JOB_NAME",
    "Ref::f",
    "*",
    "arn:",
    "arn:aws:ecs:us-east-1:123456789012:task/c/x",
    "arn:aws:sqs:us-east-1:123456789012:q",
    "$.detail",
    "<f>",
    "{}",
]
PATTERN = '{"source": [{"prefix": "aws."}]}'
WORDS = st.sampled_from([*SENSE, "", "x" * 200])

STATUSES = {"s3": (200, 204, 400, 404, 412), "sqs": (200, 400, 403)}
"""S3 speaks HTTP's own words; the other services answer 200 or 400 here."""


def values(shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Whatever fits a shape of botocore, mostly small and with words that mean something here."""
    match shape.type_name:
        case "structure" | "map" | "list" if depth > 6:
            return st.nothing()
        case "structure":
            members = {name: values(member, depth + 1) for name, member in shape.members.items()}
            members = {name: strategy for name, strategy in members.items() if not strategy.is_empty}
            needed = {name: members.pop(name) for name in shape.required_members if name in members}
            return st.fixed_dictionaries(needed, optional=members)
        case "list":
            member = values(shape.member, depth + 1)
            return st.nothing() if member.is_empty else st.lists(member, max_size=2)
        case "map":
            return st.dictionaries(WORDS, values(shape.value, depth + 1), max_size=2)
        case "string":
            return st.sampled_from(shape.enum) if shape.enum else WORDS
        case "boolean":
            return st.booleans()
        case "integer" | "long" | "timestamp":
            return st.integers(-1, 2000)
        case "blob":
            return st.binary(max_size=10)
        case kind:
            assert kind in ("double", "float"), kind
            return st.floats(0, 10)


@pytest.mark.hypothesis  # its own `given` is further in
@pytest.mark.parametrize("name", [name for name in ACTIONS if name != "sts.GetCallerIdentity"])
def test_whatever_fits_the_model_gets_an_answer(virtual: Callable[..., Virtual], name: str) -> None:
    service, _, action = name.partition(".")
    shape: Any = operation(service, action).input_shape
    likely = {"cluster": "c", "taskDefinition": "f", "jobQueue": "q", "jobDefinition": "jd", "jobName": "j"}
    likely |= {"QueueUrl": "q", "QueueName": "q", "Name": "r", "Rule": "r", "EventPattern": PATTERN}
    known = {key: value for key, value in likely.items() if key in shape.members}

    @examples(40)
    @given(params=values(shape), keep=st.booleans())
    def answers(params: dict[str, Any], keep: bool) -> None:
        v = virtual(room=3)
        v.ecs()
        v.batch()
        v.call("sqs.CreateQueue", QueueName="q")
        v.call("events.PutRule", Name="r", EventPattern=PATTERN)
        given_params = {**params, **known} if keep else params
        if ParamValidator().validate(given_params, shape).has_errors():
            return  # too short a string: the server would not let it in
        v.run(), v.submit()
        answer = v.call(name, **given_params)
        assert answer.status in STATUSES.get(service, (200, 400))
        assert (answer.error is None) == (answer.status < 300)
        assert service == "s3" or json.loads(json.dumps(answer.body)) == answer.body

    answers()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["run", "submit", "wait", "exit", "stop", "terminate", "lose", "reclaim", "fail"]),
        st.integers(0, 50),
    ),
    max_size=40,
)


@examples(200)
@given(steps=STEPS, slow=st.booleans())
def test_every_story_ends_well(steps: list[tuple[str, int]], slow: bool) -> None:
    from local.conftest import Virtual as Begin

    v = Begin(World(seed=3, room=3, delays=FARGATE if slow else NONE))
    v.ecs([{"name": "app"}, {"name": "side", "essential": False}])
    v.batch(retryStrategy={"attempts": 2})
    for verb, number in steps:
        act(v, verb, number)
        assert v.world.ecs.room_used <= 3
    finish(v)
    assert v.world.ecs.room_used == 0
    assert not v.world.ecs.waiting
    started = [effect.ref for effect in v.started]
    assert len(set(started)) == len(started), "a container was started twice"
    for task_id in v.world.ecs.tasks:
        seen = v.statuses(task_id)
        order = [TASK.index(status) for status, _ in itertools.groupby(seen)]
        assert order == sorted(order)
        assert seen[-1] == "STOPPED"
    versions: dict[str, int] = {}
    for change in v.world.changes:
        if change.source == "aws.ecs":
            arn = change.detail["taskArn"]
            assert change.detail["version"] == versions.get(arn, 0) + 1
            versions[arn] = change.detail["version"]
    assert all(job.ended and len(job.view["attempts"]) <= 2 for job in v.world.batch.jobs.values())


def test_a_token_lives_as_long_as_its_tasks_are_remembered(virtual: Callable[..., Virtual]) -> None:
    v = virtual()
    v.ecs()
    first = v.run(clientToken="t")
    v.exit(0)
    v.wait(3500)
    assert v.run(clientToken="t") == first
    v.wait(200)
    assert v.run(clientToken="t") != first
    assert len(v.world.ecs.tokens) == 1
