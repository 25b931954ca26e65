"""What is written to Airflow's database, on real rows.

Law: each row of the tables is one state that a row may be found in, and what has become of it.
"""

import pytest
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import event, select
from sqlalchemy.orm import lazyload, load_only

from airflow_rows import task_instance
from aws_executors.shell.database import AirflowDatabase, complete

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


def test_what_adoption_reads_of_all_rows_is_one_query() -> None:
    """Loaded as ``adopt_or_reset_orphaned_tasks`` loads them; each attribute would be a query of its own."""
    givens = [task_instance(queue=f"queue-{number}") for number in range(5)]
    loaded = load_only(
        TaskInstance.id,
        TaskInstance.dag_id,
        TaskInstance.task_id,
        TaskInstance.run_id,
        TaskInstance.map_index,
        TaskInstance.state,
        TaskInstance.external_executor_id,
    )
    with create_session(scoped=False) as session:
        rows = select(TaskInstance).where(TaskInstance.id.in_([given.id for given in givens]))
        tis = session.scalars(rows.options(loaded, lazyload(TaskInstance.dag_run))).all()
        queries: list[str] = []
        engine = session.get_bind()
        listen = lambda conn, cursor, statement, *more: queries.append(statement)  # noqa: E731
        event.listen(engine, "before_cursor_execute", listen)
        complete(tis)
        seen = {(ti.key, ti.queue) for ti in tis}
        event.remove(engine, "before_cursor_execute", listen)
    assert seen == {(given.key, given.queue) for given in givens}
    assert len(queries) == 1


def test_rows_that_are_in_no_session_have_all_there_is() -> None:
    given = task_instance()
    complete([])
    complete([given.row()])
