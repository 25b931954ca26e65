"""What is written to Airflow's database, on real rows.

Law: each row of the tables is one state that a row may be found in, and what has become of it.
"""

import pytest

from airflow_rows import task_instance
from aws_executors.shell.database import AirflowDatabase

pytestmark = pytest.mark.usefixtures("airflow_db")

DATABASE = AirflowDatabase()


@pytest.mark.parametrize(
    ("state", "after"),
    [
        ("running", "restarting"),
        ("restarting", "restarting"),
        ("queued", "queued"),
        ("success", "success"),
        ("up_for_retry", "up_for_retry"),
    ],
)
def test_c27_only_what_runs_is_cut_off(state: str, after: str) -> None:
    given = task_instance(state=state)
    DATABASE.cut_off(given.key, given.token)
    row = given.row()
    assert (row.state, row.try_number, row.external_executor_id) == (after, 1, given.token)
    # Airflow's API knows a container by this id: what it says under the old one is refused.
    assert (row.id != given.id) is (state == "running")


def test_c27_cut_off_twice_is_cut_off_once() -> None:
    given = task_instance(state="running")
    DATABASE.cut_off(given.key, given.token)
    once = given.row().id
    DATABASE.cut_off(given.key, given.token)
    assert given.row().id == once


@pytest.mark.parametrize(
    ("state", "after"),
    [
        ("queued", "scheduled"),
        ("running", None),
        ("restarting", None),
        ("success", "success"),
        ("up_for_reschedule", "up_for_reschedule"),
    ],
)
def test_c27_given_back_is_what_still_waits_or_runs(state: str, after: str | None) -> None:
    given = task_instance(state=state)
    DATABASE.give_back(given.key, given.token)
    row = given.row()
    assert row.state == after
    assert (row.external_executor_id is None) is (after != state)


@pytest.mark.parametrize("state", ["queued", "running", "restarting"])
def test_what_belongs_to_somebody_else_by_now_is_left_alone(state: str) -> None:
    given = task_instance(state=state)
    for key, token in (
        (given.key, "of another queueing"),
        (given.key.with_try_number(2), given.token),
        (given.key._replace(run_id="of another run"), given.token),
        ("no task instance", given.token),
    ):
        DATABASE.cut_off(key, token)
        DATABASE.give_back(key, token)
    row = given.row()
    assert (row.state, row.external_executor_id, row.id) == (state, given.token, given.id)
