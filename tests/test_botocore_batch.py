"""botocore's own model of SubmitJob is the oracle: of every name, and of every request that can be built."""

import dataclasses
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import ListShape, Shape, StructureShape
from botocore.validate import ParamValidator
from hypothesis import given

from aws_executors.core.batch import eks, overrides, request
from aws_executors.core.batch.request import SubmitJob, from_kwargs
from aws_executors.core.requests.spelling import spell
from aws_executors.core.requests.wire import KeyValuePair, to_kwargs
from support.strategies_batch import submit_jobs

MODEL = botocore.session.get_session().get_service_model("batch")
INPUT = MODEL.shape_for("SubmitJobRequest")

LEFT_OUT = {
    "SubmitJobRequest": {"arrayProperties"},  # one launch is one task instance
    "ContainerOverrides": {"vcpus", "memory"},  # the old form, refused by Fargate: resourceRequirements
    "JobDependency": {"type"},  # of array jobs only
}
OURS: dict[str, type] = {"SubmitJobRequest": SubmitJob, "KeyValuePair": KeyValuePair} | {
    name: value
    for module in (overrides, eks, request)
    for name, value in vars(module).items()
    if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.__name__
}


def _structures(shape: Shape) -> dict[str, StructureShape]:
    found: dict[str, StructureShape] = {}
    waiting = [shape]
    while waiting:
        match waiting.pop():
            case StructureShape() as structure if structure.name not in found:
                found[structure.name] = structure
                waiting.extend(structure.members.values())
            case ListShape() as items:
                waiting.append(items.member)
            case _:
                pass
    return found


STRUCTURES = {name: shape for name, shape in _structures(INPUT).items() if name != "ArrayProperties"}


@pytest.mark.parametrize("name", sorted(STRUCTURES))
def test_every_structure_has_all_members_of_the_model_but_those_left_out_for_a_reason(name: str) -> None:
    members = set(STRUCTURES[name].members) - LEFT_OUT.get(name, set())
    assert {field.name for field in dataclasses.fields(OURS[name])} == {xform_name(m) for m in members}
    assert {spell(xform_name(member)) for member in members} == members


@pytest.mark.parametrize("name", sorted(STRUCTURES))
def test_what_the_model_requires_has_no_default(name: str) -> None:
    required = {xform_name(member) for member in STRUCTURES[name].required_members}
    free = {f.name for f in dataclasses.fields(OURS[name]) if f.default is not dataclasses.MISSING}
    assert required.isdisjoint(free)


def _faults(kwargs: dict[str, Any]) -> str:
    return str(ParamValidator().validate(kwargs, INPUT).generate_report())


@given(submit_jobs)
def test_every_request_that_can_be_built_passes_botocores_validator(job: SubmitJob) -> None:
    assert _faults(to_kwargs(job)) == ""


@given(submit_jobs)
def test_reading_back_what_is_sent_gives_the_same_request(job: SubmitJob) -> None:
    assert from_kwargs(to_kwargs(job)) == job


def test_the_validator_would_have_noticed() -> None:
    assert "Unknown parameter" in _faults({"jobName": "a", "jobQueue": "q", "jobDefinition": "d", "x": 1})
