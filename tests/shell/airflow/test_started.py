"""What starting an executor does to the process around it, and how long its end may take."""

import gc
import uuid

import pytest

from aws_executors.core.aws.request_quotas import ON_FARGATE, Action
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.shell.airflow.started import END_WITHIN, budget_of, spare_what_is_loaded
from aws_executors.shell.engine.shutdown import SILENCE


def test_what_is_loaded_is_spared_by_the_collections_that_follow() -> None:
    gc.unfreeze()
    spare_what_is_loaded.cache_clear()  # another test of this process has started an executor
    loaded = len(gc.get_objects())
    spare_what_is_loaded()
    assert gc.get_freeze_count() > loaded / 2
    assert len(gc.get_objects()) < loaded / 2


def test_it_is_done_once_for_all_executors_of_a_process() -> None:
    spare_what_is_loaded()
    later = [[object()] for _ in range(10_000)]
    frozen = gc.get_freeze_count()
    spare_what_is_loaded()
    assert gc.get_freeze_count() <= frozen  # what was spared may be freed meanwhile
    assert len(later) == 10_000


def test_c26_an_end_takes_less_than_two_seconds_and_does_not_spend_them_on_a_silent_database() -> None:
    assert END_WITHIN < 2
    assert SILENCE < END_WITHIN / 2


@pytest.mark.parametrize(
    ("named", "team", "held_back"),
    [
        pytest.param(True, "blue", True, id="its own"),
        pytest.param(True, "red", False, id="another team's connection of the same name"),
        pytest.param(True, "", False, id="everybody's connection of the same name"),
        pytest.param(False, "blue", False, id="another way to AWS"),
    ],
)
def test_a_throttle_of_one_team_s_account_holds_no_other_team_back(
    named: bool, team: str, held_back: bool
) -> None:
    conn_id = f"aws-{uuid.uuid4()}"  # an account is known for as long as the process lives
    settings = BatchSettings(
        region="us-east-1", job_name="airflow", job_queue="q", job_definition="d", conn_id=conn_id
    )
    limiter = budget_of(settings, "blue").share(ON_FARGATE)
    assert limiter.take(Action.SUBMIT, 1, 0.0) == 1
    limiter.throttled(Action.SUBMIT, 0.0, 1.0)
    others = settings if named else settings.model_copy(update={"conn_id": f"{conn_id}-other"})
    other = budget_of(others, team).share(ON_FARGATE)
    assert other.take(Action.SUBMIT, 1, 1.0) == (0 if held_back else 1)


def test_without_a_connection_all_teams_use_one_account() -> None:
    settings = BatchSettings(region="eu-north-1", job_name="airflow", job_queue="q", job_definition="d")
    assert budget_of(settings, "blue") is budget_of(settings, "red") is budget_of(settings, "")
