"""Containers see nothing of the scheduler's, and Airflow's components nothing of the machine's."""

from pathlib import Path

import pytest

from aws_executors.demo.environment import (
    AirflowHome,
    airflow_environment,
    container_environment,
    free_port,
    isolate,
)

PLACE = AirflowHome(home=Path("/home/demo"), dags=Path("/dags"), port=8080, secret="a secret")


def test_a_container_knows_where_the_api_is_and_no_secret() -> None:
    seen = container_environment(PLACE)
    assert seen["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8080/execution/"
    assert seen["AIRFLOW__CORE__DAGS_FOLDER"] == "/dags"
    assert not [value for value in seen.values() if PLACE.secret in value or str(PLACE.home) in value]
    assert not [name for name in seen if "DATABASE" in name or "AUTH" in name]


def test_airflow_sees_nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "1")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy")
    seen = airflow_environment(PLACE, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, {})
    assert {"AIRFLOW__CORE__PARALLELISM", "AWS_PROFILE", "HTTP_PROXY"}.isdisjoint(seen)
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert seen["AIRFLOW_HOME"] == "/home/demo"


def test_options_win() -> None:
    assert airflow_environment(PLACE, {}, {"AIRFLOW__API__PORT": "9"})["AIRFLOW__API__PORT"] == "9"


def test_two_places_share_neither_port_nor_secret() -> None:
    one, other = (AirflowHome(home=Path("/"), dags=Path("/"), port=free_port()) for _ in range(2))
    assert one.secret != other.secret
    assert one.secret not in repr(one)


def test_isolated_from_the_machines_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setattr(os, "environ", {"AWS_PROFILE": "production", "HOME": "/root"})
    isolate()
    assert "AWS_PROFILE" not in os.environ
    assert os.environ["HOME"] == "/root"
    assert os.environ["NO_PROXY"] == "127.0.0.1"
