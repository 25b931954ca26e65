"""The fleet page in Airflow's own API server: who is let in, what they read, and what does no harm."""

import re
import threading
import time
from collections.abc import Iterator
from html import escape
from types import SimpleNamespace

import pytest
from airflow import settings
from airflow.api_fastapi import app as airflow_app
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models import Log
from airflow.utils.session import create_session
from fastapi.testclient import TestClient
from sqlalchemy import delete, event

from aws_executors.core.cost.record import USED, UsageRecord, entry_of
from aws_executors.core.lifecycle.display_state import DisplayState
from aws_executors.dashboard import app, store
from aws_executors.dashboard.recent_usage import EVERY, RecentUsage
from aws_executors.dashboard.snapshot import (
    HEARTBEAT,
    KEPT,
    MISSED,
    CallRate,
    JobRecord,
    QueueCount,
    Snapshot,
    TaskKey,
)
from aws_executors.dashboard.store import SnapshotRow
from aws_executors.shell.engine.calls.error_log import ErrorLog
from dashboard.picky_auth import ANN, LEO, NEMO, TARA, VERA, PickyAuthManager
from support.airflow_rows import task_instance

pytestmark = pytest.mark.usefixtures("airflow_db")

ARN = "arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e2d3c4b5a69788796a5b4c3d2e1f0"
SILENT = MISSED * HEARTBEAT
MARKUP = "<script>alert(1)</script>"
PAGE, NEWS = "/aws-executors/fleet", "/aws-executors/fleet.json"


@pytest.fixture(scope="module")
def server() -> Iterator[TestClient]:
    """Airflow's API server with all its plugins, ours by its entry point; about 5 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__AUTH_MANAGER", f"{PickyAuthManager.__module__}.PickyAuthManager")
        airflow_app.purge_cached_app()
        yield TestClient(airflow_app.create_app(apps="core"), follow_redirects=False)
        airflow_app.purge_cached_app()


@pytest.fixture(autouse=True)
def nothing_told() -> Iterator[None]:
    yield
    with create_session(scoped=False) as session:
        session.execute(delete(Log))
    store._delete([key for key, _ in store.stored_rows()])


def cookie(user: SimpleAuthManagerUser) -> dict[str, str]:
    """What a browser sends for somebody who is logged in."""
    token = airflow_app.get_auth_manager().generate_jwt(user)
    return {"Cookie": f"{COOKIE_NAME_JWT_TOKEN}={token}"}


def told(at: float, dag: str = "dag", words: str = "", **more: object) -> Snapshot:
    """One running job of one executor."""
    group = QueueCount(queue="default", state=DisplayState.RUNNING, count=1, oldest=at - 75)
    key = TaskKey(dag=dag, task="load", run="manual__2026-01-01T00:00:00+00:00", try_number=1)
    job = JobRecord(
        key=key, queue="default", state=DisplayState.RUNNING, since=at - 75, container=ARN, reason=words
    )
    flow = CallRate(action="submit", calls=3, throttled=1, granted=14, documented=20)
    snapshot = Snapshot(
        executor="AwsEcsFargateExecutor",
        scheduler="host:1",
        region="us-east-1",
        at=at,
        queues=(group,),
        jobs=(job,),
        calls=(flow,),
    )
    return Snapshot.model_validate(snapshot.model_dump() | more)


def failed(words: str, dag: str = "dag") -> None:
    """Our executor has failed a task, and Airflow has logged it."""
    given = task_instance()
    with create_session(scoped=False) as session:
        session.add(Log(event="container failed", task_instance=given.key, extra=words, dag_id=dag))


def test_nobody_is_let_in_without_a_login(server: TestClient) -> None:
    assert server.get(NEWS).status_code == 401
    page = server.get(PAGE)
    assert (page.status_code, page.text) == (303, "")
    assert page.headers["location"] == f"../api/v2/auth/login?next={PAGE}"
    # Where the browser goes then: Airflow's own login, which takes the page as the way back.
    login = server.get(f"/api/v2/auth/login?next={PAGE}")
    assert (login.status_code, login.headers["location"]) == (
        307,
        "/auth/login?next=%2Faws-executors%2Ffleet",
    )


@pytest.mark.parametrize("path", [PAGE, NEWS])
def test_a_forged_token_is_refused(server: TestClient, path: str) -> None:
    assert server.get(path, headers={"Cookie": f"{COOKIE_NAME_JWT_TOKEN}=forged"}).status_code in (
        401,
        403,
        303,
    )
    assert server.get(path, headers={"Authorization": "Bearer forged"}).status_code == 403


@pytest.mark.parametrize("path", [PAGE, NEWS])
def test_who_may_not_see_the_cluster_s_activity_does_not_see_this(server: TestClient, path: str) -> None:
    assert server.get(path, headers=cookie(NEMO)).status_code == 403


def test_who_may_sees_every_row_with_its_links(server: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(app, "time", SimpleNamespace(time=lambda: now))
    SnapshotRow("one").write(told(now))
    task_instance()  # makes the DAG known
    page = server.get(PAGE, headers=cookie(ANN))
    assert page.status_code == 200
    here = "../dags/dag/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/tasks/load?try_number=1"
    console = f"https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/etl/tasks/{ARN[-32:]}"
    assert f'href="{here}"' in page.text
    assert f'href="{console}?region=us-east-1"' in page.text
    news = server.get(NEWS, headers=cookie(ANN)).json()
    assert news["fleet"]["totals"] == [0, 0, 0, 1, 0]
    assert [(job["task"], job["state"]) for job in news["fleet"]["jobs"]] == [("dag.load", "running")]
    assert news["fleet"]["jobs"][0]["since"] == "1 min 15 s"
    assert news["fleet"]["calls"][0]["granted"] == "14 of 20 per second"
    assert news["html"] in page.text or escape(here) in news["html"]


def test_counts_are_for_all_names_for_those_who_may_read_the_dag(server: TestClient) -> None:
    SnapshotRow("one").write(told(time.time(), words="hush"))
    failed("The container never started (c1).")
    ann, vera = (server.get(NEWS, headers=cookie(user)).json()["fleet"] for user in (ANN, VERA))
    assert ann["totals"] == vera["totals"] == [0, 0, 0, 1, 0]
    assert (len(ann["jobs"]), len(ann["failures"]), ann["unreadable"]) == (1, 1, 0)
    assert (vera["jobs"], vera["failures"], vera["kinds"], vera["unreadable"]) == ([], [], [], 1)
    page = server.get(PAGE, headers=cookie(VERA)).text
    assert "1 more belong to DAGs that you have no permission to read" in page
    assert "hush" not in page


def test_who_may_read_the_dag_may_not_yet_read_its_tasks_and_failures(server: TestClient) -> None:
    SnapshotRow("one").write(told(time.time(), words="hush"))
    failed("The password of the database is wrong (c1).")
    tara, leo = (server.get(NEWS, headers=cookie(user)).json() for user in (TARA, LEO))
    assert (tara["fleet"]["jobs"], tara["fleet"]["failures"], tara["fleet"]["unreadable"]) == ([], [], 1)
    assert (len(leo["fleet"]["jobs"]), leo["fleet"]["failures"], leo["fleet"]["kinds"]) == (1, [], [])
    for one in (tara, leo):
        assert one["fleet"]["totals"] == [0, 0, 0, 1, 0]
        assert "The password of" not in one["html"]
    assert "load" not in tara["html"]


def used(record: UsageRecord, dag: str = "dag") -> None:
    """A container of ours has ended, and its record is in the log."""
    given = task_instance()
    with create_session(scoped=False) as session:
        session.add(Log(event=USED, task_instance=given.key, extra=entry_of(record), dag_id=dag))


def test_what_tasks_used_is_for_those_who_may_read_the_log(
    server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "recent_usage", RecentUsage())
    SnapshotRow("one").write(told(time.time()))
    used(
        UsageRecord(vcpu=1, memory=2048, limit=2048, peak=512, cpu=1.0, running=60.0, billed=60, dollars=1.5)
    )
    used(UsageRecord(vcpu=1, memory=2048, limit=2048, running=60.0, dollars=0.5, killed=True))
    ann, vera, leo = (server.get(NEWS, headers=cookie(user)).json() for user in (ANN, VERA, LEO))
    card = ann["fleet"]["usage"]
    assert card["total"] == "2 containers, about $2.00"
    assert [title for title, _ in card["rankings"]] == ["most expensive", "killed for memory"]
    (line,) = card["rankings"][0][1]
    assert (line["containers"], line["cost"], line["memory"], line["share"], line["killed"]) == (
        2,
        "$2.00",
        "512 MiB",
        0.25,
        1,
    )
    assert "Used and paid" in ann["html"]
    for other in (vera, leo):
        assert other["fleet"]["usage"] is None
        assert "Used and paid" not in other["html"]


def test_records_are_read_now_and_then_for_all_viewers() -> None:
    moment = [0.0]
    read = RecentUsage(clock=lambda: moment[0])
    assert read(time.time()) == ()
    used(UsageRecord(dollars=1.0))
    assert read(time.time()) == ()
    moment[0] = EVERY
    assert len(read(time.time())) == 1


def test_while_the_database_is_slow_for_one_viewer_the_others_see_what_was_read_before() -> None:
    moment, asked, answers = [0.0], threading.Event(), threading.Event()
    read = RecentUsage(clock=lambda: moment[0])
    used(UsageRecord(dollars=1.0))
    before = read(time.time())
    used(UsageRecord(dollars=2.0))
    moment[0] = EVERY

    def slow(*_: object) -> None:
        asked.set()
        assert answers.wait(60)

    found: list[int] = []
    viewer = threading.Thread(target=lambda: found.append(len(read(time.time()))))
    event.listen(settings.engine, "before_cursor_execute", slow)
    try:
        viewer.start()
        assert asked.wait(60)
        assert read(time.time()) == before
    finally:
        answers.set()
        viewer.join(60)
        event.remove(settings.engine, "before_cursor_execute", slow)
    assert (found, len(read(time.time()))) == ([len(before) + 1], len(before) + 1)


def test_failures_of_any_length_make_a_page_of_bounded_length(server: TestClient) -> None:
    for number in range(5):
        failed(f"{number}{'x' * 20_000_000}\x1b[31m\n")
    answer = server.get(NEWS, headers=cookie(ANN))
    assert len(answer.json()["fleet"]["failures"]) == 5
    assert len(answer.content) < 100_000


def test_an_overwritten_row_is_ignored_and_told_once(
    server: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another test may have made it complain already.
    monkeypatch.setattr(store, "_complaints", ErrorLog(time.monotonic))
    SnapshotRow("live").write(told(time.time()))
    SnapshotRow("victim").write(told(time.time(), scheduler="victim:2"))
    forged = told(time.time(), scheduler="forged:3").model_dump_json()
    (taken,) = [text for key, text in store.stored_rows() if key.endswith("live")]
    with create_session(scoped=False) as session:
        table = store._table()
        session.connection().execute(
            table.update().where(table.c.key == f"{store.PREFIX}victim").values(val=forged)
        )
        # A true row, put into a row of another name: as if there were two such schedulers.
        session.connection().execute(
            table.insert().values(key=f"{store.PREFIX}copy", val=taken, is_encrypted=False)
        )
    for _ in range(3):
        news = server.get(NEWS, headers=cookie(ANN)).json()
        assert [one["scheduler"] for one in news["fleet"]["schedulers"]] == ["host:1"]
    said = [one for one in caplog.messages if "are ignored" in one]
    assert len(said) == 1
    assert said[0].startswith("Reading the fleet page failed: 2 variables")
    SnapshotRow("victim").write(told(time.time(), scheduler="victim:2"))
    assert len(server.get(NEWS, headers=cookie(ANN)).json()["fleet"]["schedulers"]) == 2


def test_nothing_that_comes_from_somewhere_is_markup(server: TestClient) -> None:
    snapshot = told(
        time.time(), words=MARKUP, executor=MARKUP, scheduler=MARKUP, region="<b>", team='"><img src=x>'
    )
    SnapshotRow("one").write(snapshot)
    failed(f"{MARKUP} (c1). {MARKUP}")
    task_instance()
    page = server.get(PAGE, headers=cookie(ANN)).text
    assert page.count("<script") == page.count("</script>") == 1  # the page's own
    assert "<img" not in page
    assert page.count(escape(MARKUP)) >= 4


def test_the_page_has_a_policy_that_lets_nothing_else_run(server: TestClient) -> None:
    one, other = (server.get(PAGE, headers=cookie(ANN)) for _ in range(2))
    policy = one.headers["content-security-policy"]
    nonce = policy.partition("script-src 'nonce-")[2].partition("'")[0]
    assert f'<script nonce="{nonce}">' in one.text
    assert "default-src 'none'" in policy
    assert policy != other.headers["content-security-policy"]
    assert "http" not in one.text.replace("http://www.w3.org", "")  # nothing is from elsewhere


def test_an_empty_page_says_what_that_means(server: TestClient) -> None:
    page = server.get(PAGE, headers=cookie(ANN)).text
    assert "No scheduler has reported yet" in page
    assert "fleet_interval" in page


def test_a_scheduler_that_is_gone_is_called_so_and_then_forgotten(server: TestClient) -> None:
    SnapshotRow("live").write(told(time.time()))
    SnapshotRow("dead").write(told(time.time() - SILENT - 5, scheduler="gone:2"))
    SnapshotRow("old").write(told(time.time() - SILENT - KEPT - 5, scheduler="forgotten:3"))
    seen = server.get(NEWS, headers=cookie(ANN)).json()
    assert [(one["scheduler"], one["stale"]) for one in seen["fleet"]["schedulers"]] == [
        ("gone:2", True),
        ("host:1", False),
    ]
    assert seen["fleet"]["totals"] == [0, 0, 0, 1, 0]
    assert "gone:2 has not reported for 1 min" in seen["html"]


def test_rows_that_are_no_snapshots_do_no_harm(server: TestClient) -> None:
    SnapshotRow("live").write(told(time.time()))
    with create_session(scoped=False) as session:
        for number, text in enumerate(["", "not JSON", "[]", '{"executor": 1}', '{"at": NaN}']):
            session.connection().execute(
                store._table().insert().values(key=f"{store.PREFIX}x{number}", val=text, is_encrypted=False)
            )
    assert server.get(NEWS, headers=cookie(ANN)).json()["fleet"]["totals"] == [0, 0, 0, 1, 0]


def test_behind_a_prefix_every_address_is_right(server: TestClient) -> None:
    """Airflow at https://example.com/airflow/, as `[api] base_url` says: an address is relative or has it."""
    SnapshotRow("one").write(told(time.time()))
    task_instance()
    behind = TestClient(server.app, root_path="/airflow", follow_redirects=False)
    refused = behind.get(f"/airflow{PAGE}")
    assert (refused.status_code, refused.headers["location"]) == (
        303,
        f"../api/v2/auth/login?next=/airflow{PAGE}",
    )
    page = behind.get(f"/airflow{PAGE}", headers=cookie(ANN))
    assert page.status_code == 200
    addresses = re.findall(r'(?:href|src)="([^"]*)"', page.text)
    assert addresses
    assert all(address.startswith(("../", "https://")) for address in addresses)
    assert 'fetch("fleet.json"' in page.text
    assert behind.get(f"/airflow{NEWS}", headers=cookie(ANN)).json()["fleet"]["totals"] == [0, 0, 0, 1, 0]
