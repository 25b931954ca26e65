"""From a launch to a SubmitJob: options, the person's dict, executor_config, command and name."""

import re
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.batch import BatchSettings, SubmitJob, build, build_from, lookup_prefix, over_options
from aws_executors.core.batch.builder import from_options, job_name, sealed
from aws_executors.core.errors import RequestError
from aws_executors.core.requests.compose import built
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.wire import to_kwargs
from support.tape import joined, of, read, words

SETTINGS = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d:3")
SEVERAL = SETTINGS.model_copy(update={"container_name": "main"})
COMMAND = ("airflow", "tasks", "run")
UUID = "0198c5d1-8f00-7a52-9d52-2d0c6b3f7e11"


def launch(
    settings: BatchSettings = SETTINGS, config: object = None, token: str = UUID
) -> Launch[BatchSettings]:
    return Launch(
        task=Task(dag_id="etl", task_id="load"),
        command=COMMAND,
        settings=settings,
        token=token,
        executor_config=config,
    )


def test_the_options_alone() -> None:
    assert to_kwargs(build(launch())) == {
        "jobName": f"airflow-{UUID}-1",
        "jobQueue": "q",
        "jobDefinition": "d:3",
        "containerOverrides": {"command": ["airflow", "tasks", "run"]},
    }


def test_several_containers_the_command_goes_to_the_one_that_the_option_names() -> None:
    assert to_kwargs(build(launch(SEVERAL, {"memory": 512}))) == {
        "jobName": f"airflow-{UUID}-1",
        "jobQueue": "q",
        "jobDefinition": "d:3",
        "ecsPropertiesOverride": {
            "taskProperties": [
                {
                    "containers": [
                        {
                            "name": "main",
                            "command": ["airflow", "tasks", "run"],
                            "resourceRequirements": [{"value": "512", "type": "MEMORY"}],
                        }
                    ]
                }
            ]
        },
    }


TEMPLATES: list[tuple[BatchSettings, dict[str, object], dict[str, object]]] = [
    (
        SETTINGS,
        {"containerOverrides": {"command": ["ls"], "environment": [{"name": "A", "value": "1"}]}},
        {
            "containerOverrides": {
                "command": ["airflow", "tasks", "run"],
                "environment": [{"name": "A", "value": "1"}],
            }
        },
    ),
    (
        SETTINGS,
        {"containerOverrides": {}, "retryStrategy": {"attempts": 3}, "jobQueue": "night", "timeout": None},
        {
            "jobQueue": "night",
            "containerOverrides": {"command": ["airflow", "tasks", "run"]},
            "retryStrategy": {"attempts": 3},
        },
    ),
    (
        SEVERAL,
        {
            "ecsPropertiesOverride": {
                "taskProperties": [
                    {
                        "containers": [
                            {"name": "proxy", "command": ["serve"]},
                            {"name": "main", "command": ["ls"]},
                        ]
                    }
                ]
            }
        },
        {
            "ecsPropertiesOverride": {
                "taskProperties": [
                    {
                        "containers": [
                            {"name": "proxy", "command": ["serve"]},
                            {"name": "main", "command": ["airflow", "tasks", "run"]},
                        ]
                    }
                ]
            }
        },
    ),
    (
        SEVERAL,
        {
            "eksPropertiesOverride": {
                "podProperties": {"containers": [{"name": "main", "image": "airflow:3"}]}
            }
        },
        {
            "eksPropertiesOverride": {
                "podProperties": {
                    "containers": [
                        {"name": "main", "image": "airflow:3", "args": ["airflow", "tasks", "run"]},
                    ]
                }
            }
        },
    ),
    (
        SETTINGS,
        {
            "nodeOverrides": {
                "numNodes": 3,
                "nodePropertyOverrides": [
                    {"targetNodes": "0"},
                    {"targetNodes": "1:", "containerOverrides": {"command": ["serve"]}},
                ],
            }
        },
        {
            "nodeOverrides": {
                "numNodes": 3,
                "nodePropertyOverrides": [
                    {"targetNodes": "0", "containerOverrides": {"command": ["airflow", "tasks", "run"]}},
                    {"targetNodes": "1:", "containerOverrides": {"command": ["serve"]}},
                ],
            }
        },
    ),
]


@pytest.mark.parametrize(("settings", "written", "expected"), TEMPLATES)
def test_the_command_goes_where_the_job_definition_wants_it(
    settings: BatchSettings, written: dict[str, object], expected: dict[str, object]
) -> None:
    built = to_kwargs(build_from(over_options(settings, written))(launch(settings)))
    names = {"jobName": f"airflow-{UUID}-1", "jobQueue": "q", "jobDefinition": "d:3"}
    assert built == names | expected


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            {"ecsPropertiesOverride": {"taskProperties": [{"containers": [{"name": "main"}]}]}},
            "nothing says which is Airflow's; set the option container_name",
        ),
        (
            {"eksPropertiesOverride": {"podProperties": {"containers": [{"name": "main"}, {"name": "log"}]}}},
            "nothing says which is Airflow's; set the option container_name",
        ),
        ({"nodeOverrides": {"numNodes": 2}}, "add nodePropertyOverrides"),
    ],
)
def test_a_dict_that_does_not_say_where_the_command_goes_is_refused(
    written: dict[str, object], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        build_from(over_options(SETTINGS, written))(launch())


def test_a_dict_for_one_container_and_a_container_name_contradict_each_other() -> None:
    with pytest.raises(
        RequestError, match=r"containerOverrides and ecsPropertiesOverride are given together"
    ):
        over_options(SEVERAL, {"containerOverrides": {"memory": 512}})


@pytest.mark.parametrize("settings", [SETTINGS, SEVERAL])
def test_a_dict_that_only_repeats_the_options_changes_nothing(settings: BatchSettings) -> None:
    shape = from_options(settings)
    assert over_options(settings, to_kwargs(shape)) == shape
    assert build_from(shape)(launch(settings)) == build(launch(settings))


def test_a_task_whose_executor_config_is_for_another_kind_of_job_fails_with_the_reason() -> None:
    secret = "eyJhbGciOi.eyJzdWIi.c2ln" * 3
    config = {
        "ecsPropertiesOverride": {"taskProperties": [{"containers": [{"name": "proxy", "command": ["x"]}]}]}
    }
    asked = replace(launch(config=config | {"memory": 512}, settings=SETTINGS), command=(secret,))
    fault = built(build, asked, SubmitJob).failure()
    assert fault.builder == "aws_executors.core.batch.builder.build"
    assert "set the option container_name" in fault.error
    assert secret not in fault.error


def test_the_same_launch_gives_the_same_request() -> None:
    assert build(launch(config={"memory": 512})) == build(launch(config={"memory": 512}))


def test_each_submission_of_a_token_has_a_name_of_its_own() -> None:
    assert build(replace(launch(), attempt=12)).job_name == f"airflow-{UUID}-12"


def test_no_input_is_changed() -> None:
    config = {"containerOverrides": {"memory": 512}, "tags": {"a": "b"}}
    build(launch(config=config))
    assert config == {"containerOverrides": {"memory": 512}, "tags": {"a": "b"}}


@pytest.mark.parametrize(
    ("name", "submission", "expected"),
    [
        ("airflow", "0b6e-1", "airflow-0b6e-1"),
        ("a" * 80, f"{UUID}-1", f"{'a' * 63}-{UUID}-1"),
        ("etl jobs", "0b6e:1", "etl-jobs-0b6e-1"),
    ],
)
def test_names_of_jobs(name: str, submission: str, expected: str) -> None:
    assert job_name(name, submission) == expected


ALNUM = string.ascii_letters + string.digits
NAMES = read(joined(of(*ALNUM), words(ALNUM + "_-", 0, 62)), 8)
TOKENS = read(words("0123456789abcdef-", 1, 61), 8)


@given(NAMES, TOKENS, st.integers(1, 99))
def test_every_job_of_a_token_is_found_by_its_prefix(name: str, token: str, attempt: int) -> None:
    settings = SETTINGS.model_copy(update={"job_name": name})
    made = build(replace(launch(settings, token=token), attempt=attempt)).job_name
    prefix = lookup_prefix(settings, token)
    assert prefix == lookup_prefix(name, token)
    assert made.startswith(prefix.removesuffix("*"))
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", made)


def test_a_token_that_continues_another_is_not_found_by_it() -> None:
    other = build(launch(token=f"{UUID}0")).job_name
    assert not other.startswith(lookup_prefix(SETTINGS, UUID).removesuffix("*"))


def test_a_builder_prints_as_the_call_that_made_it() -> None:
    shape = from_options(SETTINGS)
    assert isinstance(shape, SubmitJob)
    assert repr(build_from(shape)) == f"build_from({shape!r})"


@pytest.mark.parametrize(
    ("name", "limit", "request_", "refused"),
    [
        ("cpu", "0.7", "700m", False),
        ("cpu", "2.3", "2300m", False),
        ("cpu", "700m", "0.7", False),
        ("cpu", "0.7", "701m", True),
        ("cpu", "2", "0.5", False),
        ("memory", "1Gi", "1024Mi", False),
        ("memory", "1G", "1Gi", True),
        ("memory", "2Gi", "1Gi", True),
        ("ephemeral-storage", "2Gi", "1Gi", False),
        ("ephemeral-storage", "1Gi", "2Gi", True),
        ("nvidia.com/gpu", "2", "1", True),
        ("memory", "1e9", "1Gi", False),
    ],
)
def test_sizes_of_a_pod_are_compared_as_amounts(name: str, limit: str, request_: str, refused: bool) -> None:
    resources = {"limits": {name: limit}, "requests": {name: request_}}
    config = {"eksPropertiesOverride": {"podProperties": {"containers": [{"resources": resources}]}}}
    made = build(launch(config=config))
    if not refused:
        assert sealed(launch(), made).eks_properties_override == made.eks_properties_override
        return
    with pytest.raises(RequestError, match=f"limits {name}={limit} is .* requests {name}={request_}"):
        sealed(launch(), made)
