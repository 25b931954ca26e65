"""The options of `[ecs_fargate]`, the rules between them, and the words for each fault (C32, C36)."""

from collections.abc import Mapping

import pytest

from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.ecs.structures import CapacityProvider
from aws_executors.core.settings.errors import SettingsError

GOOD = {
    "region": "us-east-1",
    "cluster": "etl",
    "container_name": "airflow",
    "task_definition": "airflow:7",
    "subnets": "subnet-1",
}
INSTANCES = GOOD | {"launch_type": "EC2"}
SPOT = CapacityProvider(capacity_provider="FARGATE_SPOT", weight=4)
ON_DEMAND = CapacityProvider(capacity_provider="FARGATE", weight=1, base=2)


def told(values: Mapping[str, object], kwargs: Mapping[str, object]) -> list[str]:
    return [str(fault) for fault in EcsSettings.from_section(values, kwargs).failure().faults]


def test_defaults() -> None:
    settings = EcsSettings.from_section(GOOD).unwrap()
    assert settings.model_dump(include=EcsSettings.model_fields.keys() - GOOD.keys() - {"conn_id"}) | {} == {
        "executor_config_allowed": ("all",),
        "adopt_task_instances": False,
        "assign_public_ip": None,
        "call_timeout": 20.0,
        "submit_rate": None,
        "workload_transport": "inline",
        "workload_store": "",
        "workload_store_owner": "",
        "workload_kms_key": "",
        "fleet_interval": 10.0,
        "events_queue": "",
        "token_lifetime": None,
        "launcher": "auto",
        "usage": False,
        "prices_file": "",
        "warm_idle": 0.0,
        "warm_tasks": 100,
        "warm_age": 14_400.0,
        "warm_scope": "dag",
        "read_share": 0.5,
        "capacity_provider_strategy": (),
        "database_interval": 0.5,
        "deployment": "airflow",
        "endpoint_url": "",
        "launch_type": "FARGATE",
        "max_attempts": 3,
        "platform_version": "LATEST",
        "poll_interval": 1.0,
        "poll_interval_max": 30.0,
        "request_builder": "",
        "run_task_kwargs": "aws_executors.conf.ECS_FARGATE_RUN_TASK_KWARGS",
        "security_groups": (),
        "workers": 32,
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[
            (text, "ENABLED")
            for text in ("True", "true", "ENABLED", "enabled", "1", "yes", "on", "t", "y", " On ")
        ],
        *[
            (text, "DISABLED")
            for text in ("False", "false", "DISABLED", "Disabled", "0", "no", "off", "f", "n")
        ],
        ("", None),
    ],
)
def test_assign_public_ip_in_any_spelling(text: str, value: str | None) -> None:
    assert EcsSettings.from_section(GOOD | {"assign_public_ip": text}).unwrap().assign_public_ip == value


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        (
            "cluster",
            "arn:aws:ecs:us-east-1:123456789012:cluster/etl",
            "arn:aws:ecs:us-east-1:123456789012:cluster/etl",
        ),
        ("task_definition", "airflow", "airflow"),
        ("launch_type", "fargate", "FARGATE"),
        ("platform_version", "latest", "LATEST"),
        ("platform_version", "1.4.0", "1.4.0"),
        ("subnets", "subnet-XXXXXXXX,subnet-YYYYYYYY", ("subnet-XXXXXXXX", "subnet-YYYYYYYY")),
        ("subnets", "\n  subnet-1,\n  subnet-2,\n", ("subnet-1", "subnet-2")),
        ("subnets", "subnet-1 subnet-2 subnet-1", ("subnet-1", "subnet-2")),
        ("security_groups", "sg-AAA , sg-BBB", ("sg-AAA", "sg-BBB")),
        ("capacity_provider_strategy", "FARGATE_SPOT:4,FARGATE:1:2", (SPOT, ON_DEMAND)),
        ("capacity_provider_strategy", " FARGATE_SPOT:4 , FARGATE:1:2 ,", (SPOT, ON_DEMAND)),
        ("capacity_provider_strategy", "my-asg", (CapacityProvider(capacity_provider="my-asg"),)),
        ("capacity_provider_strategy", '[{"capacityProvider": "FARGATE_SPOT", "weight": 4}]', (SPOT,)),
    ],
)
def test_reads(option: str, text: str, value: object) -> None:
    assert getattr(EcsSettings.from_section({**GOOD, option: text}).unwrap(), option) == value


@pytest.mark.parametrize(
    ("changes", "launch_type", "platform_version"),
    [
        ({}, "FARGATE", "LATEST"),
        ({"launch_type": "ec2"}, "EC2", None),
        ({"launch_type": "EXTERNAL", "subnets": ""}, "EXTERNAL", None),
        ({"capacity_provider_strategy": "FARGATE_SPOT"}, None, "LATEST"),
        ({"capacity_provider_strategy": "FARGATE_SPOT", "platform_version": "1.4.0"}, None, "1.4.0"),
        ({"capacity_provider_strategy": "my-asg:1"}, None, None),
    ],
)
def test_defaults_give_way(
    changes: Mapping[str, str], launch_type: str | None, platform_version: str | None
) -> None:
    settings = EcsSettings.from_section({**GOOD, **changes}).unwrap()
    assert (settings.launch_type, settings.platform_version) == (launch_type, platform_version)


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        (
            "cluster",
            "",
            "cluster is missing; set [ecs_fargate] cluster = airflow, or AIRFLOW__ECS_FARGATE__CLUSTER",
        ),
        ("cluster", "my cluster", "cluster = 'my cluster' is not a name (letters, digits, - and _, 255"),
        ("container_name", "", "container_name is missing; set [ecs_fargate] container_name ="),
        ("container_name", "a b", "container_name = 'a b' is not a name of letters"),
        (
            "task_definition",
            "",
            "task_definition is missing, and run_task_kwargs does not set taskDefinition; set",
        ),
        (
            "task_definition",
            "a:b",
            "task_definition = 'a:b' is not a name (letters, digits, - and _), name:rev",
        ),
        ("launch_type", "FARGTE", "launch_type = 'FARGTE' is not 'FARGATE', 'EC2' or 'EXTERNAL'; set"),
        (
            "platform_version",
            "newest",
            "platform_version = 'newest' is not LATEST or a version such as 1.4.0",
        ),
        (
            "assign_public_ip",
            "maybe",
            "assign_public_ip = 'maybe' is neither ENABLED nor DISABLED (nor True,",
        ),
        ("security_groups", "subnet-1", "contains 'subnet-1', which is not an id that begins with sg-; set"),
        ("security_groups", "sg-1,sg-2,sg-3,sg-4,sg-5,sg-6", "contains 6 ids; AWS accepts at most 5"),
        (
            "subnets",
            "",
            "subnets is missing: a task on Fargate needs at least one subnet; set [ecs_fargate] subnets",
        ),
        (
            "subnets",
            "sbunet-1",
            "subnets = 'sbunet-1' contains 'sbunet-1', which is not an id that begins",
        ),
        (
            "capacity_provider_strategy",
            "A:x",
            "is neither name:weight:base,... (as in FARGATE_SPOT:4,FARGATE:1:2)",
        ),
        (
            "capacity_provider_strategy",
            "[]",
            "capacity_provider_strategy = [... (2 characters) names no capacity provider",
        ),
        ("capacity_provider_strategy", "A:1,A:2", "lists a capacity provider twice"),
        ("capacity_provider_strategy", "A:0,B:0", "gives no provider a weight above 0, so nothing could"),
        ("capacity_provider_strategy", "A:1:1,B:1:1", "gives several providers a base; AWS accepts one"),
        ("capacity_provider_strategy", "FARGATE:1,my-asg:1", "mixes Fargate and other capacity providers"),
        ("capacity_provider_strategy", "A:1001", "at [0].weight is above 1000"),
        ("capacity_provider_strategy", "[{", "is not JSON: Expecting property name"),
        ("capacity_provider_strategy", '[{"name": "A"}]', "at [0].name is not a member"),
        ("run_task_kwargs", "{", "run_task_kwargs = {... (1 characters) is not JSON"),
    ],
)
def test_refuses(option: str, text: str, words: str) -> None:
    faults = told({**GOOD, "subnets": "subnet-1", option: text}, {})
    assert any(words in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            GOOD | {"launch_type": "FARGATE", "capacity_provider_strategy": "FARGATE_SPOT:1"},
            "launch_type = 'FARGATE' excludes capacity_provider_strategy: AWS accepts one of them; remove",
        ),
        (
            INSTANCES | {"platform_version": "LATEST"},
            "platform_version = 'LATEST' is for Fargate alone, not for EC2; remove platform_version from",
        ),
        (
            GOOD | {"capacity_provider_strategy": "my-asg", "platform_version": "1.4.0"},
            "platform_version = '1.4.0' is for Fargate alone, not for EC2; remove",
        ),
        (
            INSTANCES | {"assign_public_ip": "yes"},
            "assign_public_ip = 'yes' is for Fargate alone, not for EC2; remove",
        ),
        (
            GOOD | {"launch_type": "EXTERNAL"},
            "subnets = 'subnet-1' do not apply to EXTERNAL, which has no awsvpc network; remove",
        ),
        (
            INSTANCES | {"subnets": "", "security_groups": "sg-1"},
            "security_groups = 'sg-1' have no effect without subnets; remove",
        ),
        (
            GOOD | {"subnets": " , "},
            "subnets is missing: a task on Fargate needs at least one subnet; set",
        ),
    ],
)
def test_contradictions(values: Mapping[str, str], words: str) -> None:
    (fault,) = told(values, {})
    assert fault.startswith(words)


def test_public_ip_off_is_no_contradiction() -> None:
    assert EcsSettings.from_section(INSTANCES | {"assign_public_ip": "False"}).unwrap().launch_type == "EC2"


@pytest.mark.parametrize(
    "kwargs",
    [
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-9"]}}},
        {"launchType": "EC2"},
        {"launchType": None},
        {"capacityProviderStrategy": [{"capacityProvider": "my-asg"}]},
    ],
)
def test_kwargs_may_make_subnets_unnecessary(kwargs: Mapping[str, object]) -> None:
    assert EcsSettings.from_section(GOOD | {"subnets": ""}, kwargs).unwrap().subnets == ()


@pytest.mark.parametrize(
    "kwargs",
    [{"launchType": "FARGATE"}, {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]}],
)
def test_kwargs_may_make_subnets_necessary(kwargs: Mapping[str, object]) -> None:
    (fault,) = told(INSTANCES | {"subnets": ""}, kwargs)
    assert fault.startswith("subnets is missing")


@pytest.mark.parametrize(
    ("cluster", "same"),
    [("etl", True), ("arn:aws:ecs:us-east-1:123456789012:cluster/etl", True), ("other", False)],
)
def test_cluster_of_the_kwargs_is_the_option_s(cluster: str, same: bool) -> None:
    read = EcsSettings.from_section(GOOD, {"cluster": cluster})
    words = [str(fault) for fault in read.swap().map(lambda told: told.faults).value_or(())]
    assert [word.partition(";")[0] for word in words] == (
        [] if same else ["cluster = 'etl' is not 'other', the cluster in run_task_kwargs"]
    )


def test_c32_field_faults_and_contradictions_together() -> None:
    faults = told(
        {
            "cluster": "etl",
            "container_name": "airflow",
            "launch_type": "ec2",
            "capacity_provider_strategy": "FARGATE:many",
            "platform_version": "LATEST",
            "assign_public_ip": "perhaps",
            "subnets": "",
            "workers": "0",
        },
        {},
    )
    assert [fault.split(" ")[0] for fault in faults] == [
        "region",
        "workers",
        "task_definition",
        "capacity_provider_strategy",
        "assign_public_ip",
        "launch_type",
        "subnets",
    ]


def test_constructor_refuses_contradictions_too() -> None:
    with pytest.raises(SettingsError, match="excludes capacity_provider_strategy"):
        EcsSettings(
            region="us-east-1",
            cluster="etl",
            container_name="airflow",
            task_definition="airflow",
            launch_type="FARGATE",
            capacity_provider_strategy=(SPOT,),
        )
