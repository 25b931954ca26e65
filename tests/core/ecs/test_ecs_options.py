"""`EcsConfig`: plain data, checked where it is written, read as the same options."""

import json

import pytest

from aws_executors import EcsConfig, RequestError
from aws_executors.ecs import (
    CapacityProvider,
    ContainerOverride,
    EphemeralStorage,
    KeyValuePair,
    Overrides,
    Tag,
    read_options,
)

EVERYTHING = EcsConfig(
    cpu=1024,
    memory=2048,
    environment={"A": "1"},
    tags={"team": "etl"},
    capacity_provider_strategy=[CapacityProvider(capacity_provider="FARGATE_SPOT", weight=1)],
    overrides=Overrides(
        cpu="2048",
        memory="4096",
        ephemeral_storage=EphemeralStorage(size_in_gi_b=50),
        container_overrides=(ContainerOverride(name="proxy", cpu=64),),
    ),
    enable_execute_command=False,
)


def test_it_is_what_an_author_could_have_written() -> None:
    assert EVERYTHING == {
        "cpu": 1024,
        "memory": 2048,
        "environment": [{"name": "A", "value": "1"}],
        "overrides": {
            "containerOverrides": [{"name": "proxy", "cpu": 64}],
            "cpu": "2048",
            "memory": "4096",
            "ephemeralStorage": {"sizeInGiB": 50},
        },
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        "tags": [{"key": "team", "value": "etl"}],
        "enableExecuteCommand": False,
    }


def test_airflow_can_store_it() -> None:
    assert json.loads(json.dumps(EVERYTHING)) == EVERYTHING


def test_it_is_read_as_it_was_meant() -> None:
    options = read_options(EVERYTHING)
    assert (options.cpu, options.memory, options.overrides.cpu) == (1024, 2048, "2048")
    assert options.environment == (KeyValuePair(name="A", value="1"),)
    assert options.tags == (Tag(key="team", value="etl"),)


def test_nothing_said_is_nothing_written() -> None:
    assert EcsConfig() == {}


def test_a_mistake_is_told_while_the_dag_is_parsed() -> None:
    with pytest.raises(RequestError) as refusal:
        EcsConfig(cpu="256", environment={"A": 1}, launch_type="ec2")  # type: ignore[arg-type, dict-item]
    told = str(refusal.value)
    assert "EcsConfig: cpu must be a whole number, not str '256'" in told
    assert "EcsConfig: environment: the value of 'A' must be text, not int; put it in quotes" in told
    assert "EcsConfig: launch_type must be 'FARGATE', 'EC2' or 'EXTERNAL', not str 'ec2'" in told
