"""botocore's own model of RunTask is the oracle: of every name, and of every request that can be built."""

import dataclasses
import inspect
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import Shape, StructureShape
from botocore.validate import ParamValidator
from hypothesis import given

from aws_executors.core.ecs import request, structures
from aws_executors.core.ecs.options import KEPT, EcsOptions, read_options
from aws_executors.core.ecs.request import RunTask, from_kwargs
from aws_executors.core.requests.spelling import spell
from aws_executors.core.requests.wire import KeyValuePair, to_kwargs
from support.strategies import ecs_options, run_tasks

MODEL = botocore.session.get_session().get_service_model("ecs")
INPUT: StructureShape = MODEL.operation_model("RunTask").input_shape  # type: ignore[assignment]

OURS: dict[str, type] = {
    "RunTaskRequest": request.RunTask,
    "TaskOverride": structures.Overrides,
    "ContainerOverride": structures.ContainerOverride,
    "KeyValuePair": KeyValuePair,
    "EnvironmentFile": structures.EnvironmentFile,
    "ResourceRequirement": structures.ResourceRequirement,
    "SharingStrategy": structures.SharingStrategy,
    "NvidiaMpsAllocation": structures.NvidiaMps,
    "InferenceAcceleratorOverride": structures.InferenceAcceleratorOverride,
    "EphemeralStorage": structures.EphemeralStorage,
    "NetworkConfiguration": structures.NetworkConfiguration,
    "AwsVpcConfiguration": structures.AwsvpcConfiguration,
    "CapacityProviderStrategyItem": structures.CapacityProvider,
    "PlacementConstraint": structures.PlacementConstraint,
    "PlacementStrategy": structures.PlacementStrategy,
    "Tag": structures.Tag,
    "TaskVolumeConfiguration": structures.VolumeConfiguration,
    "TaskManagedEBSVolumeConfiguration": structures.ManagedEbsVolume,
    "TaskManagedEBSVolumeTerminationPolicy": structures.TerminationPolicy,
    "EBSTagSpecification": structures.TagSpecification,
}


def _structures(shape: Shape) -> dict[str, StructureShape]:
    found: dict[str, StructureShape] = {}
    waiting = [shape]
    while waiting:
        match waiting.pop():
            case StructureShape() as structure if structure.name not in found:
                found[structure.name] = structure
                waiting.extend(structure.members.values())
            case Shape(type_name="list") as items:
                waiting.append(items.member)  # type: ignore[attr-defined]
            case _:
                pass
    return found


STRUCTURES = _structures(INPUT)


def test_every_structure_of_the_model_is_ours_and_the_other_way_round() -> None:
    assert set(STRUCTURES) == set(OURS)


@pytest.mark.parametrize("name", sorted(STRUCTURES))
def test_every_member_is_a_field_and_every_field_is_spelled_as_the_member(name: str) -> None:
    members = set(STRUCTURES[name].members)
    assert {field.name for field in dataclasses.fields(OURS[name])} == {xform_name(m) for m in members}
    assert {spell(xform_name(member)) for member in members} == members


@pytest.mark.parametrize("name", sorted(STRUCTURES))
def test_what_the_model_requires_has_no_default_unless_it_has_one_value_only(name: str) -> None:
    only = {
        "EnvironmentFile": {"type"},
        "EBSTagSpecification": {"resource_type"},
        "AwsVpcConfiguration": {"subnets"},  # which a task may leave to the request, and that has them
    }.get(name, set())
    parameters = inspect.signature(OURS[name]).parameters.values()
    optional = {parameter.name for parameter in parameters if parameter.default is not parameter.empty}
    assert {xform_name(member) for member in STRUCTURES[name].required_members} & optional == only


def _report(kwargs: dict[str, Any]) -> str:
    return str(ParamValidator().validate(kwargs, INPUT).generate_report())


@given(run_tasks)
def test_botocore_accepts_every_request_that_can_be_built(task: RunTask) -> None:
    assert _report(to_kwargs(task)) == ""


def test_the_oracle_refuses_what_is_wrong() -> None:
    assert "Unknown parameter" in _report({"taskDefinition": "a", "enableEcsManagedTags": True})


@given(run_tasks)
def test_a_request_is_read_back_from_what_is_sent(task: RunTask) -> None:
    assert from_kwargs(to_kwargs(task)) == task


@given(run_tasks)
def test_pythons_names_are_read_too(task: RunTask) -> None:
    assert from_kwargs(dataclasses.asdict(task)) == task


@given(ecs_options)
def test_options_are_read_back_from_what_is_written(options: EcsOptions) -> None:
    assert read_options(to_kwargs(options)) == options


UNSENT = {"warm"}
"""Options that no request has: they say how the executor uses it."""


def test_the_options_are_all_of_the_two_structures_but_those_that_the_executor_keeps() -> None:
    allowed = {spell(field.name) for field in dataclasses.fields(EcsOptions)}
    theirs = set(STRUCTURES["RunTaskRequest"].members) | set(STRUCTURES["ContainerOverride"].members)
    assert allowed - UNSENT | set(KEPT) == theirs
    assert not allowed & (set(KEPT) | theirs & UNSENT)
