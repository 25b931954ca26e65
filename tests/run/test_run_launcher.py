"""The launcher as a container has it: a process with arguments, an exit code, one line when it cannot begin.

Law: Airflow's API server is a real HTTP server here that answers what it is told to; the rest is real. The
first run starts an interpreter; the others are forks of one that has imported all (`e2e/warm.py`), for the
imports cost a second and a half.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from aws_executors.core.cost.measured import last_measured, read_measured
from aws_executors.core.lifecycle.launcher_exit_codes import Exit
from aws_executors.core.requests.stored_workload import enclosed
from aws_executors.core.warm.cell import Word
from aws_executors.core.warm.log_marks import Mark, lines_of, mark_in
from aws_executors.local import LocalAws
from aws_executors.run import compat, stop_cause
from aws_executors.run.__main__ import decoded, run_text, supervise
from aws_executors.run.first_process import StoppedError
from aws_executors.run.sources import NoWorkloadError, from_s3
from run.warm_world import BUCKET, URL, CellAt
from support.airflow_features import CALLBACKS, CALLBACKS_ASK, SUPERVISES, has, needs

SOURCE = Path(__file__).parents[2] / "src"
DAG = """
import os, signal, sys, time
from pathlib import Path
from airflow.sdk import BaseOperator, DAG

class Waits(BaseOperator):
    def execute(self, context):
        Path(os.environ["PROOF"]).write_text(context["ti"].hostname)
        time.sleep(float(os.environ.get("SLEEP", "0")))
        if "LINGER" in os.environ:
            os.closerange(0, 256)  # what Airflow's supervisor hears it by
            time.sleep(float(os.environ["LINGER"]))
            os._exit(1)

    def on_kill(self):
        Path(os.environ["PROOF"]).write_text("killed")
        os._exit(0)

with DAG("dag"):
    Waits(task_id="task")

def call_back():
    Path(os.environ["PROOF"]).write_text("called")
    time.sleep(float(os.environ["SLEEP"]))
"""
CONTEXT: dict[str, Any] = {
    "dag_run": {
        "dag_id": "dag",
        "run_id": "run",
        "logical_date": None,
        "data_interval_start": None,
        "data_interval_end": None,
        "run_after": "2026-01-01T00:00:00Z",
        "start_date": "2026-01-01T00:00:00Z",
        "end_date": None,
        "clear_number": 0,
        "run_type": "manual",
        "state": "running",
        "conf": {},
        "consumed_asset_events": [],
        "partition_key": None,
    },
    "task_reschedule_count": 0,
    "max_tries": 0,
    "should_retry": False,
    "variables": [],
    "connections": [],
    "xcom_keys_to_clear": [],
}


@cache
def context() -> dict[str, Any]:
    """What an API server answers in the version that this Airflow asks for: nothing that it does not know."""
    from airflow.sdk.api.datamodels._generated import DagRun, TIRunContext

    run = {name: value for name, value in CONTEXT["dag_run"].items() if name in DagRun.model_fields}
    return {name: value for name, value in CONTEXT.items() if name in TIRunContext.model_fields} | {
        "dag_run": run
    }


@dataclass
class Api:
    """An execution API that lets a task begin, or does not."""

    status: int = 200
    detail: object = "no"
    said: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""
    patience: threading.Event | None = None
    slow: str = "/run"
    understands: bool = True
    is_understood: bool = True

    def answer(self, path: str, body: object) -> tuple[int, object]:
        self.said.append((path, body))
        if path.endswith(self.slow) and self.patience is not None:
            self.patience.wait(60)
        if path.endswith("/run") and self.status != 200:
            return self.status, {"detail": self.detail}
        if path.endswith("/run"):
            return 200, context() if self.is_understood else {}
        if path.endswith("/state") and not self.understands:
            return 422, {
                "detail": [{"type": "enum", "loc": ["body", "state"], "msg": "Input should be another"}]
            }
        return (204, None) if path.endswith(("/state", "/heartbeat")) else (200, {})


@contextmanager
def served(api: Api) -> Iterator[Api]:
    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, said = api.answer(self.path.partition("?")[0], json.loads(body) if body else None)
            text = b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Nobody reads it."""

    context()  # first: what it imports takes longer than a task waits for an answer
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_address[1]}/execution/"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield api
        server.shutdown()


@pytest.fixture
def api() -> Iterator[Api]:
    with served(Api()) as up:
        yield up


@pytest.fixture(scope="module")
def dags(for_all: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `warm_python` finds DAGs; whichever worker puts ours there, it is there as a whole."""
    folder, own = for_all / "dags", tmp_path_factory.mktemp("dag") / "dag.py"
    folder.mkdir(exist_ok=True)
    own.write_text(DAG)
    return own.replace(folder / own.name).parent


@dataclass
class Container:
    """Where one runs, and what it left."""

    place: Path
    environment: dict[str, str]
    python: str | Path

    @property
    def work(self) -> Path:
        """The working directory, which has the temporary folder in it."""
        (self.place / "work" / "tmp").mkdir(parents=True, exist_ok=True)
        return self.place / "work"

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.python, "-m", "aws_executors.run", *arguments],
            env={**self.environment, "TMPDIR": str(self.work / "tmp"), **environment},
            cwd=self.work,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Exit code and what it said in its own name."""
        process = self.start(*arguments, **environment)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
        return process.returncode, ours(said)

    @property
    def proof(self) -> str:
        path = self.place / "proof"
        return path.read_text() if path.exists() else ""


def ours(said: str) -> str:
    """The lines that the launcher says in its own name."""
    return "".join(line for line in said.splitlines(keepends=True) if line.startswith("aws_executors.run: "))


@pytest.fixture
def container(tmp_path: Path, api: Api, dags: Path, warm_python: Path) -> Container:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path),
        "PYTHONPATH": str(SOURCE),
        "PROOF": str(tmp_path / "proof"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": api.url,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }
    return Container(tmp_path, environment, warm_python)


def workload(token: str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0aSJ9.c2ln") -> str:
    ti = {
        "id": str(uuid.uuid4()),
        "dag_version_id": str(uuid.uuid4()),
        "task_id": "task",
        "dag_id": "dag",
        "run_id": "run",
        "try_number": 1,
        "map_index": -1,
        "pool_slots": 1,
        "queue": "default",
        "priority_weight": 1,
    }
    return json.dumps(
        {
            "token": token,
            "ti": ti,
            "dag_rel_path": "dag.py",
            "bundle_info": {"name": "dags-folder"},
            "log_path": "log",
            "type": "ExecuteTask",
        }
    )


TASK = (
    '{"token":"t",%s"dag_rel_path":"dag.py","bundle_info":{"name":"tests","version":null},'
    '"log_path":"dag/run/task","ti":{"id":"00000000-0000-0000-0000-000000000001",'
    '"dag_version_id":"00000000-0000-0000-0000-000000000002","task_id":"task","dag_id":"dag","run_id":"run",'
    '"try_number":1,"map_index":-1,"pool_slots":1,"queue":"default","priority_weight":1,%s'
    '"context_carrier":null},"type":"ExecuteTask"}'
)
CALLBACK = (
    '{"token":"t","dag_rel_path":"dag.py","bundle_info":{"name":"tests","version":null},'
    '"log_path":"executor_callbacks/dag/run/1","callback":{"id":"00000000-0000-0000-0000-000000000003",'
    '"fetch_method":"import_path","data":{"path":"m.f"}},"type":"ExecuteCallback"}'
)
BUNDLE_3_4 = ('"version":null', '"version":null,"version_data":null')
REGION = '"region_id":"00000000-0000-0000-0000-000000000004","region_index":1,'
TASK_3_4 = (TASK % ('"sentry_integration":"",', f'"hostname":null,{REGION}')).replace(*BUNDLE_3_4)
IN_THE_DAG = CALLBACK.replace('"name":"tests"', '"name":"dags-folder"').replace("m.f", "dag.call_back")
"""A callback that can be called."""


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(TASK % ("", '"parent_context_carrier":null,'), id="3.1"),
        pytest.param(TASK % ('"sentry_integration":"",', '"parent_context_carrier":null,'), id="3.2"),
        pytest.param(TASK % ('"sentry_integration":"",', '"hostname":null,'), id="3.3"),
        pytest.param(TASK_3_4, id="3.4"),
        pytest.param(CALLBACK, id="callback", marks=needs(CALLBACKS)),
        pytest.param(CALLBACK.replace(*BUNDLE_3_4), id="callback-3.4", marks=needs(CALLBACKS)),
    ],
)
def test_a_workload_is_read_as_the_scheduler_of_any_version_writes_it(written: str) -> None:
    assert json.loads(decoded(written).model_dump_json()).items() >= {"token": "t"}.items()


def test_a_workload_of_a_kind_that_this_airflow_does_not_know_is_told_of_in_one_line() -> None:
    with pytest.raises(NoWorkloadError, match=r"cannot read the workload .*use the scheduler's version"):
        decoded(CALLBACK.replace("ExecuteCallback", "ExecuteWish"))


def test_what_one_of_several_workloads_can_not_be_read_for_is_told_of_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(name: str) -> object:
        raise RuntimeError(f"{name} is broken")

    monkeypatch.setattr("aws_executors.run.preload.import_module", broken)
    assert run_text(workload()) == (Exit.CANNOT_START, True)
    said = capsys.readouterr().err
    assert (said.count("\n"), "is broken" in said) == (1, True)


# --- It runs -----------------------------------------------------------------------------------------------


def test_a_task_runs_and_airflow_hears_which_container_has_it(container: Container, api: Api) -> None:
    container.python = sys.executable
    assert container.run("--json-string", workload(), AWS_BATCH_JOB_ID="4c75") == (Exit.RAN, "")
    assert container.proof == "4c75"
    (began,) = [body for path, body in api.said if path.endswith("/run")]
    assert began["hostname"] == "4c75"
    assert [body["state"] for path, body in api.said if path.endswith("/state")] == ["success"]


def test_that_a_task_s_process_has_ended_is_noticed_at_once(container: Container, api: Api) -> None:
    """Also where its sockets are closed before; Airflow would look again after its heartbeat interval."""
    container.python = sys.executable
    interval = {"AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "600"}
    assert container.run("--json-string", workload(), LINGER="0.5", **interval) == (Exit.RAN, "")
    assert [body["state"] for path, body in api.said if path.endswith("/state")] == ["failed"]


def test_a_supervisor_that_waits_in_another_way_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.sdk.execution_time.supervisor import WatchedSubprocess

    monkeypatch.delattr(WatchedSubprocess, "_service_subprocess")
    compat._hear_the_end()
    assert not hasattr(WatchedSubprocess, "_service_subprocess")


def test_an_api_server_that_is_older_than_the_image_is_told_of_in_one_line(
    container: Container, api: Api
) -> None:
    """The task has run, and Airflow does not know it: so its try is failed, and its log says why."""
    api.understands = False
    code, said = container.run("--json-string", workload())
    assert container.proof
    assert code == 1
    assert said == (
        "aws_executors.run: Airflow's API server did not understand a report of the task's state as Airflow "
        f"{version('apache-airflow-core')} writes it; use the scheduler's version in the image\n"
    )


def test_an_answer_that_the_image_does_not_understand_fails_the_task_at_once(
    container: Container, api: Api
) -> None:
    """Airflow has let it begin, and would believe for minutes that it runs if the code said otherwise."""
    api.is_understood = False
    code, said = container.run("--json-string", workload())
    assert code == 1
    assert said.startswith("aws_executors.run: the launcher failed: ValidationError: ")
    assert container.proof == ""


def test_says_at_its_end_what_the_workload_used(container: Container) -> None:
    code, said = container.run("--usage", "--json-string", workload(), SLEEP="0.3")
    assert code == Exit.RAN
    measured = last_measured(said.splitlines())
    assert measured is not None
    assert measured.memory is not None
    assert 50 < measured.memory < 2_000
    assert measured.cpu is not None
    assert 0.05 < measured.cpu < 60
    assert container.proof


def test_a_workload_that_cannot_begin_has_used_nothing(container: Container) -> None:
    code, said = container.run("--usage", "--json-string", "{}")
    assert code == Exit.CANNOT_START
    assert last_measured(said.splitlines()) is None


def test_from_a_file(container: Container) -> None:
    (container.place / "workload.json").write_text(workload())
    assert container.run("--json-path", str(container.place / "workload.json")) == (Exit.RAN, "")
    assert container.proof


def test_from_s3_on_ecs(container: Container, api: Api) -> None:
    with LocalAws() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="airflow")
        s3.put_object(Bucket="airflow", Key="w/0b6e-1", Body=enclosed(workload(), 3))
        where = {**aws.environment, "ECS_CONTAINER_METADATA_URI_V4": f"{aws.url}/v4/0f1e"}
        said = container.run("--region", "us-east-1", "--s3", "s3://airflow/w/0b6e-1", **where)
    assert said == (Exit.RAN, "")
    assert container.proof == "0f1e"


def test_a_warm_container_runs_one_task_after_another(container: Container, api: Api) -> None:
    with LocalAws() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        where = {**aws.environment, "AWS_BATCH_JOB_ID": "4c75"}
        limits = ("--idle", "60", "--tasks", "2", "--age", "600")
        arguments = ("--usage", "--region", "us-east-1", *limits, "--warm", URL)
        process = container.start(*arguments, **where)
        cell = CellAt(s3)
        for token in ("a", "b"):
            said_so_far = cell.until(lambda now: now.word in (Word.IDLE, Word.CLOSED))
            if said_so_far.word is Word.CLOSED:
                pytest.fail(process.communicate(timeout=60)[1])
            cell.write(lambda now, token=token: now.offer(token, workload()))  # type: ignore[misc]
            cell.until(lambda now, token=token: now.exit_code_of(token) == Exit.RAN)  # type: ignore[misc]
            assert container.proof == "4c75"
        out, said = process.communicate(timeout=60)
        served = cell.now.served
    assert process.returncode == 0
    assert [body["hostname"] for path, body in api.said if path.endswith("/run")] == ["4c75", "4c75"]
    assert [body["state"] for path, body in api.said if path.endswith("/state")] == ["success", "success"]
    assert "ends: it has taken 2 workloads" in said
    used = [last_measured([line]) for line in said.splitlines()]
    assert [one.cpu is not None and 0.01 < one.cpu < 60 for one in used if one is not None] == [True, True]
    told = [read_measured(one.used) for one in served]
    assert [one.cpu for one in told if one] == [one.cpu for one in used if one]
    assert all(one is not None and one.seconds is not None and 0.05 < one.seconds < 60 for one in told)
    marks = [mark for line in out.splitlines() if (mark := mark_in(line)) is not None]
    ran = [path.split("/")[3] for path, _ in api.said if path.endswith("/run")]
    assert marks == [
        Mark(*one) for one in zip("aabb", (ran[0], ran[0], ran[1], ran[1]), (None, 0) * 2, strict=True)
    ]
    for token in "ab":
        own = "".join(lines_of(token, out.splitlines()))
        assert own.count('"final_state":"success"') == 1
    assert "eyJ" not in out + said


def test_from_a_bucket_of_another_account_nothing_is_read() -> None:
    with LocalAws() as aws, pytest.MonkeyPatch.context() as around:
        for name, value in aws.environment.items():
            around.setenv(name, value)
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="airflow")
        s3.put_object(Bucket="airflow", Key="w/0b6e-1", Body=enclosed(workload(), 3))
        url = "s3://airflow/w/0b6e-1"
        assert from_s3(url, "us-east-1", "123456789012") == from_s3(url, "us-east-1")
        with pytest.raises(NoWorkloadError, match="AccessDenied") as refused:
            from_s3(url, "us-east-1", "210987654321")
        assert refused.value.exit == Exit.CANNOT_START
        assert "the bucket is not account 210987654321's: fix workload_store_owner" in str(refused.value)
        denied = "not authorized to perform: s3:GetObject because no session policy allows the action"
        aws.faults.refuse("s3.GetObject", "AccessDenied", denied, 403)
        with pytest.raises(NoWorkloadError) as by_another:
            from_s3(url, "us-east-1", "123456789012")
        assert str(by_another.value).endswith(denied)


def test_the_task_is_told_of_a_stop_and_the_run_ends_with_it(container: Container) -> None:
    process = container.start("--json-string", workload(), SLEEP="60")
    deadline = time.monotonic() + 40
    while not container.proof and time.monotonic() < deadline:
        time.sleep(0.1)
    assert container.proof not in ("", "killed")
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert container.proof == "killed"
    assert process.returncode == Exit.RAN
    assert "aws_executors.run: SIGTERM: the platform stops this container" in said


NOTICE = json.dumps({"action": "terminate", "time": "2026-11-22T16:30:00Z"})


@contextmanager
def instance(notice: str | None) -> Iterator[str]:
    """An EC2 instance's metadata service, version 2, with or without a notice; its address."""

    class Handler(BaseHTTPRequestHandler):
        def _told(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_PUT(self) -> None:
            self._told(200 if self.headers["X-aws-ec2-metadata-token-ttl-seconds"] else 400, "a-token")

        def do_GET(self) -> None:
            if self.headers["X-aws-ec2-metadata-token"] != "a-token":
                self._told(401, "")
            elif notice is None or self.path != "/latest/meta-data/spot/instance-action":
                self._told(404, "")
            else:
                self._told(200, notice)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.mark.parametrize(
    ("platform", "notice", "words"),
    [
        ("AWS_ECS_EC2", NOTICE, "Spot interruption: EC2 takes this instance back (terminate at 2026-11-22T1"),
        ("AWS_ECS_EC2", None, "(StopTask, TerminateJob); EC2 has announced no Spot interruption"),
        (
            "AWS_ECS_EC2",
            "[]",
            "(StopTask, TerminateJob, Spot); the instance metadata, which would say, can",
        ),
        ("AWS_ECS_FARGATE", NOTICE, "StopTask, TerminateJob or Spot; its stoppedReason will say which"),
        ("", NOTICE, "the platform stops this container (StopTask, TerminateJob, Spot)"),
    ],
)
def test_why_the_platform_stops_a_container_as_far_as_it_can_know(
    platform: str, notice: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EXECUTION_ENV", platform)
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with instance(notice) as address:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        assert words in stop_cause.why()


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")],
)
def test_metadata_that_can_not_be_asked_are_no_reason_to_guess(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_ECS_EC2")
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv(name, value)
    assert "cannot be reached" in stop_cause.why()


def test_a_spot_interruption_is_one_line_and_the_task_is_told_first(container: Container) -> None:
    with instance(NOTICE) as address:
        process = container.start(
            "--json-string",
            workload(),
            SLEEP="60",
            AWS_EXECUTION_ENV="AWS_ECS_EC2",
            AWS_EC2_METADATA_DISABLED="false",
            AWS_EC2_METADATA_SERVICE_ENDPOINT=address,
        )
        deadline = time.monotonic() + 40
        while not container.proof and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert (container.proof, process.returncode) == ("killed", Exit.RAN)
    (line,) = [line for line in said.splitlines() if line.startswith("aws_executors.run: ")]
    notice = "Spot interruption: EC2 takes this instance back (terminate at 2026-11-22T16:30:00Z)"
    assert line == f"aws_executors.run: SIGTERM: {notice}; passed on to the task"


# --- It does not begin -------------------------------------------------------------------------------------

RUNNING = {"reason": "invalid_state", "message": "...", "previous_state": "running"}
FAILED = {"reason": "invalid_state", "message": "...", "previous_state": "failed"}
CLEARED = {"reason": "invalid_state", "message": "...", "previous_state": "restarting"}
ELSEWHERE = {"reason": "running_elsewhere", "previous_state": "restarting"}


@pytest.mark.parametrize(
    ("status", "detail", "expected"),
    [
        (409, RUNNING, Exit.HELD),
        (409, ELSEWHERE, Exit.HELD),
        (409, FAILED, Exit.GONE),
        (409, CLEARED, Exit.GONE),
        (401, "Invalid auth token", Exit.REFUSED),
        (403, "Invalid auth token", Exit.REFUSED),
        (404, {"reason": "not_found", "message": "..."}, Exit.GONE),
        (410, "cleared", Exit.GONE),
    ],
)
def test_turned_away_it_says_why(
    container: Container, api: Api, status: int, detail: object, expected: Exit
) -> None:
    api.status, api.detail = status, detail
    code, said = container.run("--json-string", workload())
    assert code == expected
    assert said.count("\n") == 1
    assert f"(exit code {expected})" in said
    assert container.proof == ""


@needs(CALLBACKS)
@pytest.mark.parametrize(
    ("status", "detail", "expected"),
    [(409, RUNNING, Exit.HELD), (409, FAILED, Exit.GONE), (403, "Invalid auth token", Exit.REFUSED)],
)
def test_a_callback_that_is_turned_away_says_why_and_is_not_called(
    container: Container, api: Api, status: int, detail: object, expected: Exit
) -> None:
    """Where it asks: else it is called."""
    api.status, api.detail = status, detail
    code, said = container.run("--json-string", IN_THE_DAG, SLEEP="0")
    assert code == (expected if CALLBACKS_ASK else Exit.RAN)
    assert (f"(exit code {expected})" in said) is CALLBACKS_ASK
    assert container.proof == ("" if CALLBACKS_ASK else "called")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "is required"),
        (("--json-string", "{"), "cannot read the workload"),
        (("--json-string", '{"type": "ExecuteTask", "token": "eyJa.eyJb.c"}'), "is missing"),
        (("--json-path", "/there/is/none"), "No such file"),
        (("--s3", "http://bucket/key"), "write s3://bucket/key"),
        (("--s3", "s3://bucket/key", "--region", "us-east-1"), "give the container a role"),
        (("--warm", "s3://bucket/key", "--idle", "60"), "needs --idle, --tasks and --age"),
        (("--warm", "there", "--idle", "60", "--tasks", "1", "--age", "60"), "write s3://bucket/key"),
    ],
)
def test_what_can_not_begin_says_so_in_one_line(
    container: Container, arguments: tuple[str, ...], words: str
) -> None:
    code, said = container.run(*arguments)
    assert code == Exit.CANNOT_START
    assert words in said
    assert said.count("\n") == 1
    assert "eyJ" not in said


@pytest.mark.parametrize(
    ("key", "denied", "expected", "words"),
    [
        ("gone", False, Exit.GONE, "does not exist"),
        ("odd", False, Exit.CANNOT_START, "does not hold a workload"),
        ("odd", True, Exit.CANNOT_START, "allow s3:GetObject on arn:aws:s3:::airflow/w/*"),
    ],
)
def test_what_s3_does_not_give(
    container: Container, key: str, denied: bool, expected: Exit, words: str
) -> None:
    with LocalAws() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="airflow")
        s3.put_object(Bucket="airflow", Key="w/odd", Body=b"[]")
        if denied:
            aws.faults.deny_bucket("airflow")
        code, said = container.run("--s3", f"s3://airflow/w/{key}", **aws.environment)
    assert code == expected
    assert words in said


def test_a_key_that_the_container_may_not_use(container: Container) -> None:
    with LocalAws() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="airflow")
        s3.put_object(
            Bucket="airflow", Key="w/1", Body=b"[]", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/k"
        )
        aws.faults.deny_key("alias/k")
        code, said = container.run("--s3", "s3://airflow/w/1", **aws.environment)
    assert code == Exit.CANNOT_START
    assert "allow kms:Decrypt on the key for the container's role" in said
    assert said.count("\n") == 1


def test_a_store_that_can_not_be_reached(container: Container) -> None:
    where = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    code, said = container.run("--s3", "s3://b/k", "--region", "us-east-1", **where)
    assert code == Exit.INFRASTRUCTURE
    assert said.count("\n") == 1


def stopped_when(
    process: subprocess.Popen[str], reached: Callable[[], bool], then: Callable[[], object] = bool
) -> str:
    """Stop it as soon as it is so far, and then do this; what it said."""
    until = time.monotonic() + 60
    while not reached() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    then()
    _, said = process.communicate(timeout=30)
    return said


BEFORE_IT_BEGAN = "stopped by the platform (SIGTERM) before the task started"


def test_a_stop_while_it_gets_its_workload_is_no_failure_of_the_task(container: Container) -> None:
    with LocalAws() as aws:
        aws.client("s3").create_bucket(Bucket="airflow")
        aws.faults.hang("s3.GetObject", 60)
        process = container.start("--s3", "s3://airflow/w/k", **aws.environment)
        said = stopped_when(process, lambda: "s3.GetObject" in aws.calls())
    assert process.returncode == Exit.INFRASTRUCTURE
    assert BEFORE_IT_BEGAN in said


def test_a_stop_before_airflow_has_let_it_begin_is_no_failure_of_the_task(
    container: Container, api: Api
) -> None:
    api.patience = threading.Event()  # never set while it is asked
    process = container.start("--json-string", workload())
    said = stopped_when(process, lambda: any(path.endswith("/run") for path, _ in api.said))
    api.patience.set()
    assert process.returncode == Exit.INFRASTRUCTURE
    assert BEFORE_IT_BEGAN in said
    assert container.proof == ""


def test_a_stop_while_the_end_of_a_task_is_reported_does_not_say_that_it_has_not_begun(
    container: Container, api: Api
) -> None:
    api.patience, api.slow = threading.Event(), "/state"
    process = container.start("--json-string", workload(), PROOF=str(container.place / "missing" / "proof"))
    # To report, for the stop is still passed on to the task.
    goes_on = not has(SUPERVISES)
    said = stopped_when(
        process,
        lambda: any(path.endswith("/state") for path, _ in api.said),
        api.patience.set if goes_on else bool,
    )
    api.patience.set()
    assert process.returncode == (0 if goes_on else 1)  # 0: Airflow has heard how the task ended
    assert BEFORE_IT_BEGAN not in said
    told = "aws_executors.run: stopped by the platform (SIGTERM), and the task had begun"
    assert (told in said) is not goes_on


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(TASK % ("", ""), id="task"),
        pytest.param(CALLBACK, id="callback", marks=needs(CALLBACKS)),
    ],
)
def test_a_stop_in_the_fork_before_airflow_runs_anything_says_that_nothing_has_begun(
    written: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a callback, too, which may then be called once more."""

    def stopped(*, do_log: bool) -> None:
        raise StoppedError("SIGTERM")

    monkeypatch.setattr("airflow.settings.dispose_orm", stopped)
    assert supervise(decoded(written)) == Exit.INFRASTRUCTURE
    assert BEFORE_IT_BEGAN in capsys.readouterr().err


@needs(CALLBACKS)
def test_a_stop_before_airflow_has_let_a_callback_begin_lets_it_be_called_later(
    container: Container, api: Api
) -> None:
    """Where it asks: else it is called, and is not called again."""
    api.patience = threading.Event()
    process = container.start("--json-string", IN_THE_DAG, SLEEP="20")
    said = stopped_when(
        process, lambda: any(path.endswith("/run") for path, _ in api.said) or container.proof == "called"
    )
    api.patience.set()
    assert process.returncode == (Exit.INFRASTRUCTURE if CALLBACKS_ASK else 1)
    assert (BEFORE_IT_BEGAN in said) is CALLBACKS_ASK
    assert container.proof == ("" if CALLBACKS_ASK else "called")


@needs(CALLBACKS)
def test_a_stop_while_a_callback_runs_does_not_say_that_it_has_not_begun(container: Container) -> None:
    """Nobody else can say so: there is no row, and Airflow's API server may not have been asked."""
    process = container.start("--json-string", IN_THE_DAG, SLEEP="20")
    said = stopped_when(process, lambda: container.proof == "called")
    assert process.returncode == 1
    assert BEFORE_IT_BEGAN not in said
    assert "aws_executors.run: stopped by the platform (SIGTERM), and the callback may have begun" in said


@needs(CALLBACKS)
def test_a_second_stop_while_the_reason_of_the_first_is_asked_for_has_no_callback_called_again(
    container: Container,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = container.start("--json-string", IN_THE_DAG, SLEEP="20", **on_instance(silent))
        # It asks twice: the container's first process, and its fork.
        said = stopped_twice(process, lambda: container.proof == "called", silent, 2)
    assert process.returncode == 1
    assert BEFORE_IT_BEGAN not in said


def test_a_second_stop_while_the_reason_of_the_first_is_asked_for_is_no_failure_of_the_task(
    container: Container,
) -> None:
    with LocalAws() as aws, socket.create_server(("127.0.0.1", 0)) as silent:
        aws.client("s3").create_bucket(Bucket="airflow")
        aws.faults.hang("s3.GetObject", 60)
        around = {**aws.environment, **on_instance(silent)}
        process = container.start("--s3", "s3://airflow/w/k", **around)
        said = stopped_twice(process, lambda: "s3.GetObject" in aws.calls(), silent, 1)
    assert process.returncode == Exit.INFRASTRUCTURE
    assert BEFORE_IT_BEGAN in said


def on_instance(metadata: socket.socket) -> dict[str, str]:
    """What tells a container that it runs on an instance whose metadata are there."""
    return {
        "AWS_EXECUTION_ENV": stop_cause.ON_EC2,
        "AWS_EC2_METADATA_DISABLED": "false",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{metadata.getsockname()[1]}",
    }


def stopped_twice(
    process: subprocess.Popen[str], reached: Callable[[], bool], metadata: socket.socket, askers: int
) -> str:
    """Stop it as soon as it is so far, and again once it asks for the reason; what it said."""
    until = time.monotonic() + 60
    while not reached() and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    metadata.settimeout(30)
    with ExitStack() as asked:
        for _ in range(askers):
            asked.enter_context(metadata.accept()[0])
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    return said
