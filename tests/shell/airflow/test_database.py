"""What is written to, and read from, Airflow's database, on real rows.

Law: each row of the tables is one state that a row may be found in, and what has become of it.
"""

import queue
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from airflow import settings
from airflow.models.base import Base
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.session import create_session
from returns.result import Result, Success
from sqlalchemy import Table, create_engine, event, make_url, select
from sqlalchemy.orm import lazyload, load_only
from sqlalchemy.schema import CreateTable

from aws_executors.core.lifecycle.job import Job
from aws_executors.core.lifecycle.verdict import Row
from aws_executors.shell.airflow import database
from aws_executors.shell.airflow.compat import row_id
from aws_executors.shell.airflow.database import AirflowDatabase, _in_state, complete, read_rows, sort_queries
from aws_executors.shell.engine.calls.operations import Operations
from aws_executors.shell.engine.messages import RowQuery, WorkItem
from e2e.postgres import postgres
from support.airflow_features import ROW_PER_TRY
from support.airflow_rows import Given, task_instance
from support.worlds import Cloud, Order

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
def test_c27_only_what_runs_is_fence(state: str, after: str) -> None:
    given = task_instance(state=state)
    DATABASE.fence(given.key, given.token)
    row = given.row()
    assert (row.state, row.try_number, row.external_executor_id) == (after, 1, given.token)
    # Airflow's API knows a container by this id: what it says under the old one is refused. Where each try is
    # a row of its own, it goes by the state.
    assert (row.id != given.id) is (state == "running" and not ROW_PER_TRY)


def test_c27_cut_off_twice_is_cut_off_once() -> None:
    given = task_instance(state="running")
    DATABASE.fence(given.key, given.token)
    once = given.row().id
    DATABASE.fence(given.key, given.token)
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
    DATABASE.requeue(given.key, given.token)
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
        DATABASE.fence(key, token)
        DATABASE.requeue(key, token)
    row = given.row()
    assert (row.state, row.external_executor_id, row.id) == (state, given.token, given.id)


# --- Reading -----------------------------------------------------------------------------------------------


def said(
    given: Given, state: str = "running", *, token: str = "", number: int = 1, by: uuid.UUID | None = None
) -> Row:
    """What the row says; unless something else is named, as a task has it that runs for the first time."""
    return Row(state=state, token=token or given.token, try_number=number, id=by or given.id)


def knowing(given: Given, row: Row | None = None) -> RowQuery[object]:
    """The query of a job that knows this of its row."""
    return RowQuery(given.key, given.id, row or said(given))


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that goes to the database meanwhile."""
    told: list[str] = []
    with create_session(scoped=False) as session:
        engine = session.get_bind()
    listen = lambda conn, cursor, statement, *more: told.append(statement)  # noqa: E731
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield told
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def test_what_is_known_is_looked_up_by_its_state_in_one_statement_and_not_told_again() -> None:
    givens = [task_instance(state="running") for _ in range(5)]
    with statements() as told:
        assert DATABASE.read({given.token: knowing(given) for given in givens}) == {}
    (statement,) = told
    assert "dag_id" not in statement
    assert "task_instance.id" not in statement


def test_one_statement_for_each_known_state() -> None:
    states = ["running", "queued", "running", "queued", "running"]
    givens = [task_instance(state=state) for state in states]
    givens[-1].becomes("running", try_number=2)
    asked = {
        given.token: knowing(given, said(given, state, number=1 + (given is givens[-1])))
        for given, state in zip(givens, states, strict=True)
    }
    with statements() as told:
        assert DATABASE.read(asked) == {}
    assert len(told) == 2
    givens[1].becomes("running")  # what others of these say, but not what it said
    assert DATABASE.read(asked) == {givens[1].token: said(givens[1])}


def test_among_very_many_of_other_executors_what_was_not_found_is_read_by_id() -> None:
    others = [task_instance(state="restarting") for _ in range(111)]
    given = task_instance(state="restarting")
    asked = {one.token: knowing(one, said(one, "restarting")) for one in (given, *others)}
    assert DATABASE.read({given.token: asked[given.token]}) == {given.token: said(given, "restarting")}
    assert DATABASE.read(asked) == {}
    for one in (given, *others):
        one.deleted()


def test_many_that_have_changed_are_read_by_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "ROWS", 2)
    givens = [task_instance(state="running") for _ in range(5)]
    for given in givens:
        given.becomes("success")
    with statements() as told:
        answer = DATABASE.read({given.token: knowing(given) for given in givens})
    assert answer == {given.token: said(given, "success") for given in givens}
    assert [statement.count("?") for statement in told[1:]] == [2, 2, 1]


def test_only_what_has_changed_is_told() -> None:
    same, ended, requeued, retried, adopted = (task_instance(state="running") for _ in range(5))
    ended.becomes("success")
    requeued.becomes("running", external_executor_id="of its next segment")
    retried.becomes("running", try_number=2)
    adopted.becomes("running", queued_by_job_id=7)
    asked = {given.token: knowing(given) for given in (same, ended, requeued, retried, adopted)}
    assert DATABASE.read(asked) == {
        ended.token: said(ended, "success"),
        requeued.token: said(requeued, token="of its next segment"),
        retried.token: said(retried, number=2),
        adopted.token: replace(said(adopted), queued_by=7),
    }
    asked[adopted.token] = knowing(adopted, replace(said(adopted), queued_by=7))
    assert adopted.token not in DATABASE.read(asked)


def test_what_is_not_known_is_told_whatever_it_says() -> None:
    given, without_id, stateless = (task_instance(state="running") for _ in range(3))
    stateless.becomes(None, external_executor_id=None)
    asked: dict[str, RowQuery[object]] = {
        given.token: RowQuery(given.key, given.id),
        without_id.token: RowQuery(without_id.key),
        stateless.token: RowQuery(stateless.key, stateless.id),
    }
    assert DATABASE.read(asked) == {
        given.token: said(given),
        without_id.token: said(without_id),
        stateless.token: Row(state=None, token=None, try_number=1, id=stateless.id),
    }


@pytest.mark.parametrize("known", [True, False])
def test_a_row_that_goes_by_another_id_is_found_by_its_key(known: bool) -> None:
    """Given back after it ran, or cleared meanwhile: it begins again, and is by no means gone."""
    given = task_instance(state="running")
    DATABASE.requeue(given.key, given.token)
    given.becomes("restarting", external_executor_id=given.token)
    now = given.row()
    assert now.id != given.id
    asked = replace(knowing(given), known=said(given) if known else None)
    found = replace(said(given, "restarting", by=now.id), try_number=now.try_number)
    assert DATABASE.read({given.token: asked}) == {given.token: found}
    assert DATABASE.read({given.token: knowing(given, found)}) == {}


@pytest.mark.parametrize("known", [True, False])
def test_a_row_that_was_deleted_is_gone(known: bool) -> None:
    given, other = task_instance(state="running"), task_instance(state="running")
    asked = replace(knowing(given), known=said(given) if known else None)
    given.deleted()
    assert DATABASE.read({given.token: asked, other.token: knowing(other)}) == {given.token: None}


def test_two_jobs_of_one_task_instance_are_told_apart() -> None:
    """The one before a deferral and the one after it have the same row."""
    given = task_instance(state="running")
    given.becomes("running", external_executor_id="second")
    asked = {given.token: knowing(given), "second": knowing(given, said(given, token="second"))}
    assert DATABASE.read(asked) == {given.token: said(given, token="second")}
    asked["second"] = knowing(given, said(given, "queued", token="second"))
    assert DATABASE.read(asked) == dict.fromkeys(asked, said(given, token="second"))


def test_a_key_that_is_no_task_instances_has_no_row() -> None:
    assert DATABASE.read({}) == {}
    assert DATABASE.read({"t": RowQuery("no task instance")}) == {"t": None}


@pytest.mark.parametrize("name", ["postgresql", "mysql", "sqlite"])
def test_the_look_up_by_state_is_written_for_every_database_of_airflow(name: str) -> None:
    sql = str(_in_state().compile(dialect=make_url(f"{name}://").get_dialect()()))
    assert sql.startswith("SELECT task_instance.external_executor_id, task_instance.try_number")
    assert sql.index("task_instance.state =") < sql.index("coalesce(task_instance.queued_by_job_id, -1) =")
    assert "LIMIT" in sql


def test_a_state_is_looked_up_in_its_index() -> None:
    with create_session(scoped=False) as session:
        connection = session.connection()
        sql = str(_in_state().compile(connection, compile_kwargs={"render_postcompile": True}))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("running", 7, 100, 0)).all()
    (step,) = [str(row[3]) for row in plan]
    assert step == "SEARCH task_instance USING INDEX ti_state (state=?)"


def test_postgresql_tells_the_same(tmp_path: Path) -> None:
    """A server of our own, whose driver has UUIDs of its own, and one table without those it refers to."""
    moved, *ids = [row_id(uuid.uuid4()) for _ in range(6)]
    with postgres(tmp_path) as url:
        engine = create_engine(url)
        table = TaskInstance.__table__
        assert isinstance(table, Table)
        with engine.begin() as connection:
            for one in (table, *([Base.metadata.tables["dynamic_region"]] if ROW_PER_TRY else [])):
                connection.execute(CreateTable(one, include_foreign_key_constraints=[]))
            rows = [
                {
                    "id": ids[number],
                    "dag_id": "dag",
                    "task_id": f"task-{number}",
                    "run_id": "run",
                    "try_number": 1,
                    "pool": "default_pool",
                    "pool_slots": 1,
                    "state": "running",
                    "external_executor_id": f"token-{number}",
                }
                for number in range(5)
            ]
            connection.execute(table.insert(), rows)
            connection.execute(table.update().where(table.c.task_id == "task-1").values(state="success"))
            connection.execute(
                table.update().where(table.c.task_id == "task-2").values(id=moved, try_number=2)
            )
            connection.execute(table.delete().where(table.c.task_id == "task-3"))
        asked: dict[str, RowQuery[object]] = {
            f"token-{number}": RowQuery(
                TaskInstanceKey("dag", f"task-{number}", "run", 1, -1),
                ids[number],
                Row(state="running", token=f"token-{number}", try_number=1, id=ids[number]),
            )
            for number in range(5)
        }
        with engine.connect() as connection:
            told = read_rows(connection, sort_queries(asked))
        engine.dispose()
    assert told == {
        "token-1": Row(state="success", token="token-1", try_number=1, id=ids[1]),
        "token-2": Row(state="running", token="token-2", try_number=2, id=moved),
        "token-3": None,
    }


def test_a_row_that_somebody_holds_locked_keeps_no_other_from_being_read() -> None:
    """As the API server does while a person clears a large DAG run; SQLite locks all rows at once."""
    given, other = task_instance(), task_instance(state="running")
    operations: Operations[object, Order] = Operations(
        Cloud(), DATABASE, lambda item: item(), time.monotonic, 4
    )
    operations.start()
    requeued: queue.SimpleQueue[Result[None, str]] = queue.SimpleQueue()
    rows: queue.SimpleQueue[Result[Mapping[str, Row | None], str]] = queue.SimpleQueue()
    assert settings.engine is not None
    locked = sqlite3.connect(str(settings.engine.url.database), isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")
    operations.requeue(WorkItem(job=Job(token=given.token), key=given.key), requeued.put)
    operations.read_rows({other.token: RowQuery(other.key, other.id)}, rows.put)
    assert rows.get(timeout=3) == Success({other.token: said(other)})
    assert requeued.empty()
    locked.execute("ROLLBACK")
    assert requeued.get(timeout=30) == Success(None)
    operations.stop()
    assert given.row().state == "scheduled"


# --- What is unfinished -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "left"),
    [
        ([None], True),
        (["scheduled"], True),
        (["queued"], True),
        (["deferred"], True),
        (["up_for_reschedule"], True),
        (["up_for_retry"], True),
        (["restarting"], True),
        (["running"], True),
        (["success", "failed", "skipped", "upstream_failed", "removed"], False),
    ],
)
def test_which_groups_have_an_unfinished_task(states: list[str | None], left: bool) -> None:
    queue = f"queue-{uuid.uuid4()}"
    for state in states:
        task_instance(queue=queue).becomes(state)
    group = f"queue {queue}"
    assert DATABASE.unfinished([group, "dag of nobody", "queue of-nobody"]) == ({group} if left else set())
    if left:
        assert DATABASE.unfinished([group, "dag dag", "team"]) == {group, "dag dag", "team"}


# --- Adopting ----------------------------------------------------------------------------------------------


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
