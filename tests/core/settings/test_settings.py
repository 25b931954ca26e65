"""Laws of a section read as settings; the message for each bad value of the options that services share."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from pydantic import ValidationError
from returns.result import Result

from aws_executors import batch, ecs
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import Place, SettingsError, SettingsFaults, shown
from aws_executors.core.settings.options import example_of
from support.tape import Recipe, either, few, mapped, of, read, together

BATCH = {"region": "eu-west-1", "job_name": "airflow", "job_queue": "queue", "job_definition": "job:3"}
ECS = {
    "region": "eu-west-1",
    "cluster": "etl",
    "container_name": "airflow",
    "task_definition": "airflow:7",
    "subnets": "subnet-1",
}


def faults(values: Mapping[str, object]) -> list[str]:
    read = BatchSettings.from_section(BATCH | dict(values))
    return [str(fault) for fault in read.failure().faults]


def test_defaults() -> None:
    assert BatchSettings.from_section(BATCH).unwrap().model_dump() == {
        **BATCH,
        "conn_id": "",
        "endpoint_url": "",
        "request_builder": "",
        "executor_config_allowed": ("all",),
        "adopt_task_instances": False,
        "deployment": "airflow",
        "max_attempts": 3,
        "workers": 32,
        "poll_interval": 1.0,
        "poll_interval_max": 30.0,
        "database_interval": 0.5,
        "call_timeout": 20.0,
        "submit_rate": None,
        "read_share": 0.5,
        "fleet_interval": 10.0,
        "events_queue": "",
        "workload_transport": "inline",
        "workload_store": "",
        "workload_store_owner": "",
        "workload_kms_key": "",
        "token_lifetime": None,
        "launcher": "auto",
        "usage": False,
        "prices_file": "",
        "warm_idle": 0.0,
        "warm_tasks": 100,
        "warm_age": 14_400.0,
        "warm_scope": "dag",
        "submit_job_kwargs": "aws_executors.conf.BATCH_SUBMIT_JOB_KWARGS",
        "container_name": "",
    }


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("region", " us-gov-west-1\n", "us-gov-west-1"),
        ("conn_id", "aws_default", "aws_default"),
        ("endpoint_url", "https://ecs.eu-west-1.amazonaws.com", "https://ecs.eu-west-1.amazonaws.com"),
        ("endpoint_url", "http://[::1]:4566/", "http://[::1]:4566/"),
        ("request_builder", "plugins.shapes:Nightly.build", "plugins.shapes:Nightly.build"),
        ("adopt_task_instances", "True", True),
        ("adopt_task_instances", "t", True),
        ("adopt_task_instances", "1", True),
        ("adopt_task_instances", "yes", True),
        ("adopt_task_instances", "FALSE", False),
        ("adopt_task_instances", "0", False),
        ("adopt_task_instances", "", False),
        ("deployment", "team/air-flow_2", "team/air-flow_2"),
        ("max_attempts", "10", 10),
        ("workers", "64", 64),
        ("poll_interval", ".5", 0.5),
        ("poll_interval_max", "300", 300.0),
        ("database_interval", "60", 60.0),
        ("call_timeout", "1", 1.0),
    ],
)
def test_reads(option: str, text: str, value: object) -> None:
    settings = BatchSettings.from_section({**BATCH, option: text}).unwrap()
    assert settings.model_dump()[option] == value


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        ("region", "", "region is missing; set [batch] region = us-east-1, or AIRFLOW__BATCH__REGION"),
        ("region", "us-east-1a", "region = 'us-east-1a' is not the name of a Region"),
        ("conn_id", "my aws", "conn_id = 'my aws' is not a connection id"),
        ("conn_id", '"aws_default"', "which has no spaces and no quotes; set [batch] conn_id = aws_default"),
        ("endpoint_url", "127.0.0.1:80", "is not a URL of the form http://host:port or https://host; set"),
        (
            "endpoint_url",
            "http://host:port",
            "endpoint_url = 'http://host:port' is not a URL: Port could not",
        ),
        ("endpoint_url", "http://me:pa55@host", "endpoint_url = 'http://***@host' contains a user name or"),
        (
            "request_builder",
            "build",
            "request_builder = 'build' is not a dotted path such as my_module.build",
        ),
        ("adopt_task_instances", "maybe", "adopt_task_instances = 'maybe' is not True or False"),
        ("deployment", "air flow", "deployment = 'air flow' is not a name of letters, digits, - and _ and /"),
        ("deployment", "a" * 64, "63 characters at most"),
        ("max_attempts", "0", "max_attempts = '0' is below 1; set [batch] max_attempts = 5, or"),
        ("max_attempts", "11", "max_attempts = '11' is above 10"),
        ("workers", "many", "workers = 'many' is not a whole number; set [batch] workers = 48, or"),
        ("workers", "1.5", "workers = '1.5' is not a whole number"),
        ("workers", "65", "workers = '65' is above 64"),
        ("poll_interval", "soon", "poll_interval = 'soon' is not a number"),
        ("poll_interval", "0", "poll_interval = '0' is below 0.1"),
        (
            "poll_interval",
            "nan",
            "poll_interval = 'nan' is not a finite number; set [batch]",
        ),
        ("poll_interval_max", "301", "poll_interval_max = '301' is above 300"),
        ("poll_interval_max", "0.5", "poll_interval_max = 0.5 is below poll_interval = 1; set"),
        ("poll_interval", "40", "poll_interval_max = 30 is below poll_interval = 40; set [batch]"),
        ("poll_interval", "400", "poll_interval = '400' is above 60"),
        ("poll_interval", "inf", "poll_interval = 'inf' is not a finite number"),
        ("database_interval", "inf", "database_interval = 'inf' is not a finite number"),
        ("call_timeout", "0.5", "call_timeout = '0.5' is below 1"),
        ("submit_rate", "0", "submit_rate = '0' is below 0.1"),
        ("submit_rate", "5000", "submit_rate = '5000' is above 1000"),
        ("read_share", "0", "read_share = '0' is below 0.01"),
        ("read_share", "1.5", "read_share = '1.5' is above 1"),
        (
            "job_queue",
            "arn:aws:batch:eu-west-1:123456789012:job-definition/q:1",
            "is the ARN of a job-definition, not of a job-queue; give job_queue a job queue, by",
        ),
        (
            "job_definition",
            "arn:aws-cn:batch:cn-north-1:123456789012:job-definition/d",
            "is in cn-north-1, but region = eu-west-1; name one of that Region, or set [batch]",
        ),
        (
            "submit_job_kwargs",
            """'{"tags": {}}'""",
            "(14 characters) is JSON in quotes, or behind a byte",
        ),
        (
            "submit_job_kwargs",
            '\ufeff{"tags": {}}',
            "(13 characters) is JSON in quotes, or behind a byte",
        ),
        (
            "submit_job_kwargs",
            'dict(environment={"DB_PASSWORD": "hunter2"})',
            """= 'dict(environment={"DB_PASSWORD": "***"})' is not a dotted path""",
        ),
    ],
)
def test_refuses(option: str, text: str, told: str) -> None:
    (fault,) = faults({option: text})
    assert told in fault


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "jobqueue",
            "jobqueue = 'x' is not an option of [batch]; did you mean job_queue? rename jobqueue in",
        ),
        ("Region", "Region = 'x' is not an option of [batch]; did you mean region? rename Region in"),
        ("colour", "colour = 'x' is not an option of [batch]; remove colour from [batch], or"),
    ],
)
def test_unknown_option(name: str, told: str) -> None:
    (fault,) = faults({name: "x"})
    assert fault.startswith(told)


def test_all_faults_at_once() -> None:
    read = BatchSettings.from_section(
        {
            "job_name": "-airflow",
            "workers": "0",
            "poll_interval": "9",
            "poll_interval_max": "8",
            "quque": "q",
        },
        {"jobDefinition": "airflow:3"},
    )
    assert (
        str(read.failure())
        == """\
[batch] has 6 faults:
  region is missing; set [batch] region = us-east-1, or AIRFLOW__BATCH__REGION
  workers = '0' is below 1; set [batch] workers = 48, or AIRFLOW__BATCH__WORKERS
  job_name = '-airflow' is not a name of letters, digits, - and _, 63 characters at most, not starting with \
- or _; set [batch] job_name = airflow-job-name, or AIRFLOW__BATCH__JOB_NAME
  job_queue is missing, and submit_job_kwargs does not set jobQueue; set [batch] job_queue = \
airflow-job-queue, or AIRFLOW__BATCH__JOB_QUEUE
  quque = 'q' is not an option of [batch]; remove quque from [batch], or AIRFLOW__BATCH__QUQUE
  poll_interval_max = 8 is below poll_interval = 9; set [batch] poll_interval_max = 9, \
or AIRFLOW__BATCH__POLL_INTERVAL_MAX"""
    )


@pytest.mark.parametrize("option", ["region", "workers", "poll_interval", "adopt_task_instances", "colour"])
def test_a_number_of_more_digits_than_python_prints_is_refused_like_any_other(option: str) -> None:
    with pytest.raises(SettingsError, match=f"{option} = of type int is"):
        BatchSettings(**{**BATCH, option: 10**5000})  # type: ignore[arg-type]  # as a notebook may


def test_team_is_told_its_own_place() -> None:
    read = BatchSettings.from_section(BATCH | {"workers": "0"}, team="red")
    assert str(read.failure()) == (
        "[red=batch] has 1 fault:\n"
        "  workers = '0' is below 1; set [red=batch] workers = 48, or AIRFLOW__RED___BATCH__WORKERS"
    )


def test_error_says_what_the_faults_say() -> None:
    told = BatchSettings.from_section({}).failure()
    error = SettingsError(told)
    assert (str(error), error.faults) == (str(told), told)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x" * 61, repr("x" * 60 + "...")),
        ('{"environment": [{"name": "PASSWORD", "value": "hunter2"}]}', "{... (59 characters)"),
        ("https://user:secret@host/", "'https://***@host/'"),
        (3, "3"),
    ],
)
def test_shown_values_are_short_and_without_secrets(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(("model", "needed"), [(BatchSettings, BATCH), (EcsSettings, ECS)])
def test_the_value_that_a_fault_says_to_write_in_python_is_taken_as_it_is(
    model: type[Settings], needed: Mapping[str, str]
) -> None:
    own = {**needed, "region": "us-east-1", "workload_transport": "s3", "workload_store": "s3://bucket"}
    examples = {name: example_of(field) for name, field in model.model_fields.items()}
    taken = {
        name: getattr(model.from_section({**own, name: example}).unwrap(), name)
        for name, example in examples.items()
    }
    # These two have a short form beside AWS's own.
    short = {"assign_public_ip", "capacity_provider_strategy"} & {*examples}
    assert {name for name, value in taken.items() if value != examples[name]} == short


def test_a_fault_of_an_argument_says_what_to_write_in_python() -> None:
    made: Callable[..., EcsSettings] = EcsSettings
    with pytest.raises(SettingsError) as raised:
        made(**{**ECS, "subnets": ("sub-1",), "max_attempts": 99, "usage": "maybe"})
    assert [fault.remedy for fault in raised.value.faults.faults] == [
        "write max_attempts=5",
        "write usage=True",
        "write subnets=('subnet-XXXXXXXX', 'subnet-YYYYYYYY')",
    ]


@pytest.mark.parametrize(
    "settings",
    [
        BatchSettings.from_section(
            BATCH | {"usage": "True", "warm_idle": "60", "workload_store": "s3://bucket"}
        ),
        EcsSettings.from_section(ECS | {"launch_type": "EC2", "executor_config_allowed": "none"}),
        EcsSettings.from_section(ECS | {"capacity_provider_strategy": "FARGATE_SPOT:4,FARGATE:1:2"}),
    ],
)
def test_settings_print_as_the_call_that_makes_them(settings: Result[Settings, SettingsFaults]) -> None:
    made = settings.unwrap()
    assert eval(repr(made), {**vars(batch), **vars(ecs)}) == made
    assert "call_timeout" not in repr(made)  # as by default


def test_settings_are_frozen() -> None:
    settings = BatchSettings.from_section(BATCH).unwrap()
    with pytest.raises(ValidationError, match="frozen"):
        settings.region = "us-east-1"  # type: ignore[misc]


@pytest.mark.parametrize(
    "options",
    [{}, {"launch_type": "EC2"}, {"capacity_provider_strategy": "FARGATE_SPOT:1"}, {"subnets": "subnet-1"}],
)
def test_settings_can_be_made_anew_of_what_they_hold(options: dict[str, str]) -> None:
    good = {**ECS, "subnets": "subnet-1", **options}
    settings = EcsSettings.from_section(good).unwrap()
    assert EcsSettings(**settings.model_dump()) == settings


TEXTS = either(
    mapped("".join, few(of(*'aZ09-_/:.,;%$ \n\t{}[]"\u00e9'), most=8)),
    of("EC2", "external", "FARGATE:1", "my-asg", "[{}]", "{}", "subnet-1", "sg-1", "LATEST", "30"),
)
NAMES = of(*BatchSettings.model_fields, *EcsSettings.model_fields, "other")
CHANGES: Recipe[dict[str, str]] = mapped(dict, few(together(NAMES, TEXTS), most=6))


@pytest.mark.parametrize(("model", "good"), [(BatchSettings, BATCH), (EcsSettings, ECS)])
@given(changes=read(CHANGES, 64))
def test_a_section_makes_settings_or_tells_why_not(
    model: type[Settings], good: Mapping[str, str], changes: Mapping[str, str]
) -> None:
    """Never raises, never fails without a fault, and never takes what the constructor would refuse."""
    read = model.from_section({**good, **changes})
    failure = read.swap().value_or(SettingsFaults(Place(model.section), ()))
    settings = read.value_or(None)
    if settings is None:
        assert failure.faults
        assert all(fault.option and fault.problem and fault.remedy for fault in failure.faults)
    else:
        written = {name: getattr(settings, name) for name in settings.model_fields_set}
        assert model(**written) == settings


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"workload_transport": "s3"}, "workload_store is missing; workload_transport = s3"),
        ({"workload_store": "s3://b-b/p"}, "has no effect with workload_transport = inline"),
        ({"workload_kms_key": "alias/k"}, "has no effect with workload_transport = inline"),
        (
            {"workload_transport": "auto", "workload_kms_key": "alias/k"},
            "workload_kms_key = 'alias/k' has no effect without workload_store",
        ),
        (
            {"workload_transport": "s3", "workload_store": "s3://b-b", "workload_kms_key": "my key"},
            "is not a key's id, its ARN or alias/name",
        ),
        ({"workload_transport": "ftp"}, "workload_transport = 'ftp' is not"),
        ({"workload_transport": "s3", "workload_store": "b/p"}, "is not s3://bucket or s3://bucket/prefix"),
        ({"token_lifetime": "0"}, "token_lifetime = '0' is below 1"),
        ({"launcher": "mine"}, "launcher = 'mine' is not"),
    ],
)
def test_what_is_wrong_with_a_transport_is_told_with_the_remedy(options: dict[str, str], words: str) -> None:
    written = {"region": "us-east-1", "job_name": "a", "job_queue": "q", "job_definition": "d"} | options
    told = str(BatchSettings.from_section(written).failure())
    assert words in told
    assert "[batch]" in told


def test_the_defaults_that_airflow_writes_into_a_new_airflow_cfg_stand_in_nobody_s_way() -> None:
    written = {"region": "us-east-1", "job_name": "a", "job_queue": "q", "job_definition": "d"}
    by_airflow = {"launcher": "airflow", "token_lifetime": "", "workload_transport": "inline"}
    own = {"workload_transport": "s3", "workload_store": "s3://bucket/prefix"}
    settings = BatchSettings.from_section(written | by_airflow | own).unwrap()
    assert (settings.workload_transport, settings.token_lifetime) == ("s3", None)


QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/airflow"


@pytest.mark.parametrize(
    "url",
    [
        QUEUE,
        QUEUE + "-{hostname}",
        "https://eu-west-1.queue.amazonaws.com/123456789012/airflow",
        "https://vpce-0a1b.sqs.eu-west-1.vpce.amazonaws.com/123456789012/airflow",
        "https://sqs-fips.eu-west-1.amazonaws.com/123456789012/airflow",
        "http://127.0.0.1:4566/123456789012/airflow",
        "",
    ],
)
def test_queues_of_events(url: str) -> None:
    assert BatchSettings.from_section(BATCH | {"events_queue": url}).unwrap().events_queue == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("airflow-events", "is not the URL of a standard queue, such as https://sqs."),
        ("arn:aws:sqs:eu-west-1:123456789012:airflow", "is not the URL of a standard queue"),
        ("https://sqs.eu-west-1.amazonaws.com/airflow", "is not the URL of a standard queue"),
        (QUEUE + ".fifo", "is not the URL of a standard queue"),
        (QUEUE + "-{host}", "is not the URL of a standard queue"),
        ("https://user:secret@sqs.eu-west-1.amazonaws.com/123456789012/airflow", "user name or password"),
        ("https://us-east-1.queue.amazonaws.com/123456789012/airflow", "is a queue in us-east-1"),
        (
            "https://vpce-0a1b.sqs.us-east-1.vpce.amazonaws.com/123456789012/airflow",
            "is a queue in us-east-1",
        ),
        (QUEUE.replace("airflow", "{hostname}"), "is not the URL of a standard queue"),
        (
            QUEUE.replace("eu-west-1", "us-east-1"),
            "is a queue in us-east-1, but region = eu-west-1; name a queue",
        ),
        (QUEUE.replace("eu-west-1", "us-east-1") + "-{hostname}", "is a queue in us-east-1"),
    ],
)
def test_what_is_no_queue_of_events_here(url: str, words: str) -> None:
    (fault,) = faults({"events_queue": url})
    assert fault.startswith("events_queue = ")
    assert words in fault
    assert "secret" not in fault


def test_the_queue_that_is_proposed_keeps_its_name() -> None:
    (fault,) = faults({"events_queue": "https://sqs.us-east-1.amazonaws.com/123456789012/us-east-1-events"})
    assert "events_queue = https://sqs.eu-west-1.amazonaws.com/123456789012/us-east-1-events" in fault


HOSTILE: list[object] = [
    *("[[]]", "{}", "[{}]", "[null]", "null", "[1]", '"x"', '[["a","b"]]', "NaN", "[NaN]", '{"a":1,"a":2}'),
    *(
        "[" * 3000 + "]" * 3000,
        "9" * 5000,
        "[" + "9" * 5000 + "]",
        "x" * 9000,
        "A:" + "9" * 5000,
        "\0",
        "\ud800",
    ),
    *([], [[]], {}, [{}], [None], [[["a"]]], {"a": {}}, {1: 2}, None, True, 3, 10**50, float("nan"), b"x"),
]


@pytest.mark.parametrize(("model", "good"), [(BatchSettings, BATCH), (EcsSettings, ECS)])
def test_whatever_an_option_holds_is_read_or_told(model: type[Settings], good: dict[str, str]) -> None:
    for name in model.model_fields:
        for value in HOSTILE:
            read = model.from_section({**good, name: value})
            told = str(read.swap().value_or(f"  {name} is read"))
            assert f"  {name} " in told
            assert not any(words in told for words in ("nput", "pydantic", "Exceeds", "unhashable"))
            assert len(told) < 1500


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("subnets", [[]], "subnets = [... (4 characters) at [0] is not text; set [ecs_fargate] subnets = "),
        ("executor_config_allowed", [{}], "= [... (4 characters) at [0] is not text"),
        (
            "capacity_provider_strategy",
            '[{"weight": 1, "weight": 2}]',
            "twice; keep one",
        ),
        (
            "run_task_kwargs",
            '{"a": ' + "9" * 5000 + "}",
            "contains a number of 5000 digits; set [ecs_",
        ),
        ("max_attempts", "9" * 5000, "is too large a number; set [ecs_fargate] max_attempts = 5"),
        ("warm_idle", True, "warm_idle needs workload_store"),
    ],
)
def test_odd_json_is_told_with_the_option_and_the_remedy(option: str, value: object, words: str) -> None:
    told = str(EcsSettings.from_section({**ECS, option: value}).failure())
    assert words in told
    assert "has 1 fault:" in told
