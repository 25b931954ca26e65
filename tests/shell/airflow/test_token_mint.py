"""Which token a container gets: Airflow's own while it is young, then others."""

import json
import time
import uuid

import jwt
import pytest
from airflow.api_fastapi.auth.tokens import JWTGenerator
from airflow.models.taskinstancekey import TaskInstanceKey

from aws_executors.shell.airflow.compat import workload_token
from aws_executors.shell.airflow.workloads import TokenMint
from support.airflow_features import SCOPE
from support.airflow_rows import Given

GENERATOR = JWTGenerator(secret_key="a" * 64, valid_for=600.0, audience="tests")
GIVEN = Given(key=TaskInstanceKey("dag", "task", "run", 1, -1), id=uuid.uuid4(), token="0b6e")


def mint_of(token: str) -> TokenMint:
    return TokenMint(GIVEN.workload().model_copy(update={"token": token}), GENERATOR)


def token_in(workload: str) -> str:
    return str(json.loads(workload)["token"])


def claims_of(token: str) -> dict[str, object]:
    return dict(jwt.decode(token, "a" * 64, algorithms=["HS512"], audience="tests"))


def airflows(valid_for: float) -> str:
    return workload_token(GENERATOR, str(GIVEN.id), valid_for)


def test_the_first_container_gets_airflows_token_and_each_later_one_another() -> None:
    given = airflows(600.0)
    mint = mint_of(given)
    tokens = [token_in(mint(600.0)) for _ in range(3)]
    assert tokens[0] == given
    assert len({*tokens}) == 3
    assert {claims_of(token)["sub"] for token in tokens} == {str(GIVEN.id)}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (airflows(500.0), 600.0),  # it has waited for its turn
        (airflows(600.0), 7200.0),  # a step wants a longer one
        (airflows(600.0), 90.0),  # no longer than was asked for: who steals it has it for that long
        ("", 600.0),
        ("no.jwt", 600.0),
        ("a.bm90IGpzb24.c", 600.0),
        ("a.W10.c", 600.0),
        ("a.eyJleHAiOiBudWxsfQ.c", 600.0),
    ],
)
def test_a_token_that_is_not_valid_for_as_long_as_wanted_is_replaced(given: str, wanted: float) -> None:
    token = token_in(mint_of(given)(wanted))
    assert token != given
    claims = claims_of(token)
    assert float(str(claims["exp"])) - float(str(claims["iat"])) == wanted
    assert abs(float(str(claims["iat"])) - time.time()) < 60
    assert claims.get("scope") == SCOPE
