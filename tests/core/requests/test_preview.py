"""Preview: what is sent, as text, without the secret."""

import json

from hypothesis import assume, given

from aws_executors import Launch, Task, preview, to_kwargs
from aws_executors.ecs import RunTask, build
from strategies import ECS_SETTINGS, run_tasks

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
    shown = preview(task)
    assume("***" not in shown)  # what reads as a secret's name has what follows it masked
    assert json.loads(shown) == to_kwargs(task)
