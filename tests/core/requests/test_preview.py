"""Preview: what is sent, as text, without the secret."""

import json
from dataclasses import replace

import pytest
from hypothesis import given

from aws_executors import Launch, Task, preview, to_kwargs
from aws_executors.core.errors import BuilderError
from aws_executors.ecs import ContainerOverride, Overrides, RunTask, build
from support.strategies import ECS_SETTINGS, run_tasks

JWT = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJ0aSJ9.c2lnbmF0dXJl"
WORKLOAD = json.dumps({"token": JWT, "ti": {"task_id": "load"}})
LAUNCH = Launch(
    task=Task(dag_id="etl", task_id="load"),
    command=("python", "--json-string", WORKLOAD),
    settings=ECS_SETTINGS,
    token="0b6e",
    executor_config={"cpu": 256},
)


def test_a_request_as_a_person_reads_it() -> None:
    assert (
        preview(build(LAUNCH))
        == r"""{
  "taskDefinition": "airflow:7",
  "cluster": "etl",
  "launchType": "FARGATE",
  "platformVersion": "LATEST",
  "networkConfiguration": {
    "awsvpcConfiguration": {
      "subnets": [
        "subnet-1"
      ],
      "securityGroups": [
        "sg-1"
      ]
    }
  },
  "overrides": {
    "containerOverrides": [
      {
        "name": "main",
        "command": [
          "python",
          "--json-string",
          "{\"token\": \"***\", \"ti\": {\"task_id\": \"load\"}}"
        ],
        "cpu": 256
      }
    ]
  },
  "startedBy": "airflow/0b6e",
  "clientToken": "0b6e-1",
  "count": 1
}"""
    )


def test_the_token_is_sent_but_not_shown() -> None:
    assert JWT in json.dumps(to_kwargs(build(LAUNCH)))
    assert JWT not in preview(build(LAUNCH))


@given(run_tasks)
def test_it_is_the_same_value_that_is_sent(task: RunTask) -> None:
    assert differing(json.loads(preview(task)), to_kwargs(task)) == []


def differing(shown: object, sent: object) -> list[tuple[object, object]]:
    """Where two values differ; but what reads as a secret's name has what follows it masked."""
    match shown, sent:
        case dict(), dict() if shown.keys() == sent.keys():
            return [found for name in sent for found in differing(shown[name], sent[name])]
        case list(), list() | tuple() if len(shown) == len(sent):
            return [found for pair in zip(shown, sent, strict=True) for found in differing(*pair)]
        case str(), _ if "***" in shown:
            return []
        case _:
            return [] if shown == sent else [(shown, sent)]


def test_what_reads_as_the_name_of_a_secret_leaves_json_json() -> None:
    """Whatever is masked: quotes, commas and brackets are none of it."""
    for command in (("--password ", "b"), ('say "--token ', "x"), ("password=[", "b", "]"), ("pin=", "1")):
        shown = preview(replace(build(LAUNCH), overrides=of(command)))
        assert len(json.loads(shown)["overrides"]["containerOverrides"][0]["command"]) == len(command)


@pytest.mark.parametrize(
    "command",
    [
        ("load", "--password", "hunter2"),
        ("docker", "run", "-e", "DB_PASSWORD=hunter2", "image"),
        ("sh", "-c", "load --db-password hunter2; true"),
        ("sh", "-c", 'DB_PWD=hun"hunter2 load'),
        ("load", json.dumps({"password": "hunter2", "passwords": [{"of": "hunter2"}]})),
        ("load", json.dumps({"inner": json.dumps({"db": {"password": "hunter2"}})})),
        ("-----BEGIN RSA PRIVATE KEY-----", "hunter2", "-----END RSA PRIVATE KEY-----"),
        ("<password>", "hunter2", "</password>"),
        ("mysql", "-u", "etl", "-phunter2"),
        ("mysqldump", "-phun hunter2", "etl"),
    ],
)
def test_a_secret_of_a_command_is_not_shown(command: tuple[str, ...]) -> None:
    request = replace(build(LAUNCH), overrides=of(command))
    for shown in (preview(request), preview(request)._repr_html_(), repr(request)):
        assert "hunter2" not in shown
    assert len(json.loads(preview(request))["overrides"]["containerOverrides"][0]["command"]) == len(command)


def of(command: tuple[str, ...]) -> Overrides:
    return Overrides(container_overrides=(ContainerOverride(name="main", command=command),))


@pytest.mark.parametrize("made", [None, 3, "taskDefinition", (RunTask(task_definition="airflow"),)])
def test_what_a_builder_without_its_return_makes_is_no_empty_request(made: object) -> None:
    with pytest.raises(BuilderError, match=f"not {type(made).__name__}; end the builder with `return req"):
        preview(made)
