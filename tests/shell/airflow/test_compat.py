"""What an older Airflow lacks, made up: on the newest one, by the parts that have no need of it."""

import json
import re
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from airflow.executors.executor_loader import ExecutorLoader
from airflow.executors.executor_utils import ExecutorName
from sqlalchemy import Column, MetaData, String, Table

from aws_executors.core.batch.settings import BatchSettings
from aws_executors.executors import AwsEcsFargateExecutor
from aws_executors.shell.airflow import compat, features
from aws_executors.shell.aws.usage_reader import measures
from aws_executors.shell.transport import INLINE, inline_of
from support.airflow_rows import task_instance

ROOT = Path(__file__).parents[3]


class Timed:
    """Airflow's generator of tokens before 3.2.2: it has one lifetime for all."""

    valid_for = 600.0

    def generate(self, extras: dict[str, Any]) -> str:
        return f"{extras['sub']} for {self.valid_for:g} s"


def test_a_token_of_another_lifetime_leaves_the_generator_as_it_is() -> None:
    generator: Any = Timed()
    assert compat.workload_token(generator, "4c75", 90.0) == "4c75 for 90 s"
    assert generator.valid_for == 600.0


def test_a_token_says_for_what_and_for_how_long() -> None:
    token = compat.workload_token(AwsEcsFargateExecutor().jwt_generator, "4c75", 90.0)
    body = token.split(".")[1]
    claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("4c75", 90)


def test_a_team_is_refused_where_it_would_get_everybodys_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "TEAMS", False)
    with pytest.raises(features.UnsupportedError, match=r"the team 'data'.*has no teams; use Airflow 3\.2"):
        AwsEcsFargateExecutor(team_name="data").start()


@pytest.mark.parametrize(("printed", "launcher"), [(True, "aws_executors"), (False, "airflow")])
def test_the_launcher_is_ours_where_airflows_writes_the_token_into_the_log(
    monkeypatch: pytest.MonkeyPatch, printed: bool, launcher: str
) -> None:
    monkeypatch.setattr(features, "PRINTS_TOKENS", printed)
    usual = BatchSettings(region="us-east-1", job_name="a", job_queue="q", job_definition="d")
    assert inline_of(usual) is INLINE[launcher]
    assert inline_of(usual.model_copy(update={"launcher": "airflow"})) is INLINE["airflow"]
    assert measures(usual.model_copy(update={"usage": True})) is printed


OURS = "aws_executors.executors"
EXECUTORS = (
    ExecutorName("airflow.executors.local_executor.LocalExecutor", "LocalExecutor"),
    ExecutorName(f"{OURS}.AwsBatchExecutor", "big"),
    ExecutorName(f"{OURS}.AwsEcsFargateExecutor", team_name="red"),
    ExecutorName(f"{OURS}.AwsBatchExecutor", "big", team_name="red"),
    ExecutorName(f"{OURS}.AwsBatchExecutor", team_name="blue"),
)


@pytest.mark.parametrize(
    ("name", "team", "chosen"),
    [
        ("", None, 0),
        ("", "red", 2),
        ("", "blue", 4),
        ("", "green", 0),  # a team without executors
        ("LocalExecutor", "red", 0),
        ("big", "red", 1),  # as Airflow's scheduler: everybody's comes first
        ("AwsEcsFargateExecutor", "red", 2),
        (f"{OURS}.AwsEcsFargateExecutor", "red", 2),
        ("AwsBatchExecutor", "blue", 1),
    ],
)
def test_the_executor_of_a_task_is_the_one_that_the_scheduler_chooses(
    monkeypatch: pytest.MonkeyPatch, name: str, team: str | None, chosen: int
) -> None:
    monkeypatch.setattr(ExecutorLoader, "get_executor_names", lambda: list(EXECUTORS))
    assert compat.chosen_executor(name, team) is EXECUTORS[chosen]


def test_no_team_has_the_executor_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExecutorLoader, "get_executor_names", lambda: list(EXECUTORS))
    with pytest.raises(features.UnsupportedError, match="no executor AwsEcsFargateExecutor of the team blue"):
        compat.chosen_executor("AwsEcsFargateExecutor", "blue")


def test_a_row_without_teams_has_no_owner() -> None:
    with_team = Table("a", MetaData(), Column("team_name", String))
    assert compat.owner(with_team, "data") == {"team_name": "data"}
    assert compat.owner(Table("b", MetaData()), "data") == {}


@pytest.mark.usefixtures("airflow_db")
def test_an_id_is_what_the_row_has() -> None:
    given = task_instance()
    assert compat.row_id(given.id) == given.row().id


def test_the_newest_airflow_has_all_of_it() -> None:
    """So no test is left out with it: they ask `airflow_features.py`."""
    pinned = re.search(r"^apache-airflow-core==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    assert features.airflow_version() != pinned.group(1) or all(one.present for one in features.FEATURES)


def test_what_is_weaker_is_what_is_not_there() -> None:
    lacking = [one.without for one in features.FEATURES if not one.present and not one.silent]
    assert list(features.weaker()) == lacking
