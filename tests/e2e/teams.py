"""Two teams in one Airflow: each with its DAGs, its sections, its clusters and its connection.

Law: where a container was started, and by whose keys, is read from the AWS side. What a team sees is what
Airflow's API server answers to somebody of it. Nothing that everybody's section says is valid for a team: its
cluster does not exist, and its keys are wrong.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from airflow.api_fastapi.auth.tokens import JWTGenerator
from airflow.models.team import Team
from sqlalchemy import create_engine, insert

from aws_executors.demo import cloud
from aws_executors.demo.api import Api, DagRun, path_quoted
from aws_executors.demo.environment import AirflowHome, container_environment
from aws_executors.demo.stage import DemoStage, stage
from e2e import warm

SOURCE = Path(__file__).with_name("dags") / "teams" / "team_dag.py"
NAMES = cloud.Names()
ECS, BATCH = "AwsEcsFargateExecutor", "AwsBatchExecutor"
TEAMS: Mapping[str, Mapping[str, str | None]] = {
    "red": {"by_default": None},
    "blue": {"by_default": None, "by_name": BATCH},
}
"""The tasks of each team's DAG, and the executor that each names."""
COMPONENTS = ("api-server", "dag-processor", "scheduler")  # no task defers
PATH = "aws_executors.executors."
EXECUTORS = f"{PATH}{ECS};red={PATH}{ECS};blue={PATH}{ECS},{PATH}{BATCH}"


def own(team: str, section: str, **options: str) -> dict[str, str]:
    """Options of a team."""
    return {f"AIRFLOW__{team.upper()}___{section}__{name.upper()}": value for name, value in options.items()}


def options(dags: Path) -> dict[str, str]:
    """What Airflow's components and containers are told of the teams."""
    bundles = [
        {
            "name": team,
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(dags / team)},
            "team_name": team,
        }
        for team in TEAMS
    ]
    return {
        "AIRFLOW__CORE__MULTI_TEAM": "True",
        "AIRFLOW__CORE__EXECUTOR": EXECUTORS,
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
    }


def sections(aws: Mapping[str, str]) -> dict[str, str]:
    """The sections of everybody and of each team, and each team's connection. `aws` is the way to AWS."""
    ecs = {
        "region": NAMES.region,
        "container_name": NAMES.container,
        "task_definition": NAMES.task_definition,
        "subnets": NAMES.subnet,
        "fleet_interval": "0.5",
        "conn_id": "aws",
    }
    keys = {"login": aws["AWS_ACCESS_KEY_ID"], "password": aws["AWS_SECRET_ACCESS_KEY"]}
    connection = json.dumps({"conn_type": "aws", **keys})
    found = {
        "AIRFLOW__ECS_FARGATE__CLUSTER": "nobodys",
        "AIRFLOW__ECS_FARGATE__DEPLOYMENT": "everybody",
        "AIRFLOW_CONN_AWS": json.dumps({"conn_type": "aws", "login": "nobody", "password": "nothing"}),
    }
    for team in TEAMS:
        found |= own(team, "ECS_FARGATE", cluster=team, **ecs)
        found[f"AIRFLOW_CONN__{team.upper()}___AWS"] = connection
    found |= own(
        "blue",
        "BATCH",
        region=NAMES.region,
        job_name=NAMES.job_name,
        job_queue="blue",
        job_definition=NAMES.job_definition,
        conn_id="aws",
    )
    return found


@contextmanager
def prepared(environment: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Airflow's components are told of the teams, which are in the database before any of them starts."""
    told = {**environment, **sections(environment)}
    with warm.components(told) as warmed:
        with (Path(environment["AIRFLOW_HOME"]) / "migration.log").open("wb") as log:
            subprocess.run(["airflow", "db", "migrate"], env=warmed, check=True, stdout=log, stderr=log)
        # As `airflow teams create` does; it takes as long as a whole component to start.
        engine = create_engine(f"sqlite:///{environment['AIRFLOW_HOME']}/airflow.db")
        with engine.begin() as database:
            database.execute(insert(Team), [{"name": team} for team in TEAMS])
        engine.dispose()
        yield warmed


@contextmanager
def up(logs: Path) -> Iterator[DemoStage]:
    """An Airflow of two teams, with a cluster for each in AWS."""
    with ExitStack() as stack:
        dags = Path(stack.enter_context(TemporaryDirectory(prefix="aws-executors-dags-")))
        for team, tasks in TEAMS.items():
            (dags / team).mkdir()
            shutil.copy(SOURCE, dags / team)
            (dags / team / "team.json").write_text(json.dumps(tasks))
        told = options(dags)
        place = AirflowHome(home=dags, dags=dags)
        image = stack.enter_context(warm.image({**container_environment(place), **told}))
        made = stack.enter_context(
            stage(dags, logs, told, image={**image, **told}, prepared=prepared, components=COMPONENTS)
        )
        for team in TEAMS:
            made.aws.client("ecs").create_cluster(clusterName=team)
        made.aws.client("batch").create_job_queue(
            jobQueueName="blue",
            priority=1,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": NAMES.compute_environment}],
        )
        yield made


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a team, or of none, before Airflow's API."""

    api: Api

    def get(self, path: str) -> Any:
        """The answer's JSON; urllib's errors if there is none."""
        return json.loads(self.api.call("GET", path))

    def task(self, run: DagRun, task_id: str, what: str) -> Any:
        """Something about a task instance."""
        run_id = path_quoted(run.dag_run_id)
        return self.get(f"/api/v2/dags/{run.dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/{what}")


def person(stage: DemoStage, *teams: str) -> Person:
    """Somebody who may view what is of these teams. Source: `serialize_user` of `SimpleAuthManager`."""
    generator = JWTGenerator(secret_key=stage.place.secret, valid_for=3600.0, audience="apache-airflow")
    token = generator.generate({"sub": "somebody", "role": "viewer", "teams": list(teams)})
    return Person(replace(stage.api, token=token))
