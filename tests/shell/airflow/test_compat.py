"""What an older Airflow lacks, made up: on the newest one, by the parts that have no need of it."""

import json
import re
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, String, Table

from airflow_rows import task_instance
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.executors import AwsEcsFargateExecutor
from aws_executors.shell.airflow import compat
from aws_executors.shell.aws.usage_reader import measures
from aws_executors.shell.transport import INLINE, inline_of

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
    monkeypatch.setattr(compat, "TEAMS", False)
    with pytest.raises(compat.UnsupportedError, match=r"the team 'data'.*has no teams; use Airflow 3\.2"):
        AwsEcsFargateExecutor(team_name="data").start()


@pytest.mark.parametrize(("printed", "launcher"), [(True, "aws_executors"), (False, "airflow")])
def test_the_launcher_is_ours_where_airflows_writes_the_token_into_the_log(
    monkeypatch: pytest.MonkeyPatch, printed: bool, launcher: str
) -> None:
    monkeypatch.setattr(compat, "PRINTS_TOKENS", printed)
    usual = BatchSettings(region="us-east-1", job_name="a", job_queue="q", job_definition="d")
    assert inline_of(usual) is INLINE[launcher]
    assert inline_of(usual.model_copy(update={"launcher": "airflow"})) is INLINE["airflow"]
    assert measures(usual.model_copy(update={"usage": True})) is printed


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
    assert compat.airflow_version() != pinned.group(1) or all(one.present for one in compat.FEATURES)


def test_what_is_weaker_is_what_is_not_there() -> None:
    lacking = [one.without for one in compat.FEATURES if not one.present and not one.silent]
    assert list(compat.weaker()) == lacking
