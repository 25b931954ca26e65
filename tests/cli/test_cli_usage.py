"""``usage`` and ``rightsize``: what they print of the records in Airflow's event log."""

import csv
import json
import weakref
from collections.abc import Iterator
from io import StringIO

import pytest
from airflow.models import Log
from airflow.utils.session import create_session
from sqlalchemy import create_engine, delete, insert, select, text

from aws_executors.cli.__main__ import main
from aws_executors.core.cost.record import USED, UsageRecord, entry_of, read_entry
from support.airflow_rows import task_instance

pytestmark = pytest.mark.usefixtures("airflow_db")

RECORD = UsageRecord(
    section="ecs_fargate",
    region="us-east-1",
    queue="etl",
    sold_as="linux_x86",
    vcpu=1,
    memory=2048,
    limit=2048,
    running=41.0,
    billed=64.0,
    dollars=0.0011,
    peak=412,
    cpu=4.1,
)


@pytest.fixture(autouse=True)
def log() -> Iterator[None]:
    """An event log in which nothing of ours stands."""
    with create_session(scoped=False) as session:
        session.execute(delete(Log))
    yield
    with create_session(scoped=False) as session:
        session.execute(delete(Log).where(Log.event == USED))


def recorded(record: UsageRecord = RECORD, dag: str = "", extra: str | None = None) -> str:
    """Such a container has ended; the DAG's id."""
    key = task_instance().key
    with create_session(scoped=False) as session:
        row = Log(event=USED, task_instance=key, extra=entry_of(record) if extra is None else extra)
        row.dag_id = dag or key.dag_id
        session.add(row)
    return dag or key.dag_id


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_nothing_was_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = printed(capsys, "usage")
    assert (code, out) == (1, "")
    assert "Set usage = True in the section of the executor" in err
    assert printed(capsys, "rightsize") == (1, "", err)  # told once, and not as if a run had been recorded
    assert printed(capsys, "rightsize", "-o", "json")[:2] == (1, "[]\n")


def test_a_database_without_tables_is_told_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def counted(*arguments: object, **names: object) -> int:
        empty = create_engine("sqlite://")
        try:
            with empty.connect() as connection:
                return len(connection.execute(text("SELECT * FROM log")).all())
        finally:
            empty.dispose()  # Python 3.13 warns of a connection that nobody has closed

    monkeypatch.setattr("aws_executors.shell.airflow.usage.records.usage_count", counted)
    code, out, err = printed(capsys, "usage")
    assert (code, out) == (2, "")
    assert err.count("no such table: log") == 1
    assert err.endswith("A new one gets its tables from: airflow db migrate\n")
    assert "[database] sql_alchemy_conn" in err


def test_the_dearest_first_and_what_has_no_price_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    recorded(dag="cheap")
    for _ in range(3):
        recorded(dag="dear")
    recorded(UsageRecord(section="batch", sold_as="ec2", running=7200, killed=True), dag="own")
    recorded(extra="no record at all", dag="odd")
    code, out, _ = printed(capsys, "usage")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert [line[0] for line in lines if line][:5] == ["dag", "dear", "cheap", "own", "all"]
    assert out.splitlines()[1].split(None, 1)[1].startswith("3           about $0.0033  2 min 3 s")
    assert "412 MiB      20%" in out
    assert "not priced" in out
    assert "Costs are estimates" in out
    assert "1 containers have no price" in out


def test_by_task_queue_and_instance_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    recorded(dag="etl")
    recorded(RECORD.model_copy(update={"queue": ""}), dag="etl")
    _, out, _ = printed(capsys, "usage", "--by", "queue", "-o", "json")
    assert {row["queue"]: row["dollars"] for row in json.loads(out)} == {"etl": 0.0011, "default": 0.0011}
    _, out, _ = printed(capsys, "usage", "--by", "task", "-o", "csv")
    (row,) = csv.DictReader(StringIO(out))
    assert (row["dag"], row["containers"], row["memory_mib"]) == ("etl", "2", "412")
    _, out, _ = printed(capsys, "usage", "--by", "instance", "-o", "yaml")
    assert out.count("try 1") == 2


def test_only_one_dag_and_only_lately(capsys: pytest.CaptureFixture[str]) -> None:
    recorded(dag="etl")
    recorded(dag="other")
    _, out, _ = printed(capsys, "usage", "--dag", "etl", "-o", "json")
    assert [row["dag"] for row in json.loads(out)] == ["etl"]
    assert printed(capsys, "usage", "--days", "0", "-o", "json")[0] == 1


@pytest.mark.parametrize("days", ["999999", "1e300", "inf"])
def test_however_far_back(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(dag="etl")
    code, out, _ = printed(capsys, "usage", "--days", days, "-o", "json")
    assert [row["dag"] for row in json.loads(out)] == ["etl"]
    assert code == 0


@pytest.mark.parametrize("days", ["nan", "-1", "week"])
def test_what_is_no_number_of_days_is_refused(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["usage", "--days", days])
    assert ended.value.code == 2
    assert f"expected a number of days, got {days!r}" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["usage", "rightsize"])
def test_of_many_records_none_is_kept(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made, most = [0], [0]
    read = read_entry

    def gone() -> None:
        made[0] -= 1

    def watched(text: str) -> UsageRecord | None:
        record = read(text)
        weakref.finalize(record, gone)
        made[0] += 1
        most[0] = max(most[0], made[0])
        return record

    recorded(dag="etl")
    with create_session(scoped=False) as session:
        row = session.scalars(select(Log).where(Log.event == USED)).one()
        same = {column.name: getattr(row, column.name) for column in Log.__table__.columns}
        del same["id"]
        session.execute(insert(Log), [same] * 2_000)
    monkeypatch.setattr("aws_executors.shell.airflow.usage.records.read_entry", watched)
    assert main([command]) == 0
    assert 0 < most[0] < 10


def test_proposes_a_size_and_says_how_to_write_it(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        recorded(dag="etl")
    code, out, _ = printed(capsys, "rightsize")
    assert code == 0
    assert "0.1 vCPU, 412 MiB  1 vCPU, 2 GiB  0.25 vCPU, 1 GiB" in out
    assert (
        "executor_config={'cpu': 256, 'memory': 1024, 'overrides': {'cpu': '256', 'memory': '1024'}}" in out
    )
    assert "ecs.with_cpu_memory(cpu=256, memory=1024))," in out
    assert "only" not in out
    _, out, _ = printed(capsys, "rightsize", "-o", "csv")
    (row,) = csv.DictReader(StringIO(out))
    assert (row["proposed_cpu"], row["proposed_memory_mib"], row["runs"]) == ("256", "1024", "3")


def test_a_single_run_is_told_of_and_without_a_measurement_there_is_no_proposal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorded(RECORD.model_copy(update={"peak": None, "cpu": None}), dag="bare")
    code, out, _ = printed(capsys, "rightsize")
    assert code == 1
    assert "No run was measured" in out
    recorded(RECORD.model_copy(update={"vcpu": None}), dag="sizeless")  # on an instance
    assert "or AWS tells no size of those that were" in printed(capsys, "rightsize")[1]
    recorded(dag="etl")
    assert "only 1 run" in printed(capsys, "rightsize")[1]
