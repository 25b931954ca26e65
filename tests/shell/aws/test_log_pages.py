"""Where a Batch job logs to, asked of a server that answers for jobs that the embedded AWS does not have."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.logs.streams import Stream
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.log_pages import batch_log


class Described(BaseHTTPRequestHandler):
    """Answers DescribeJobs with those of its server's jobs that are asked for."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["jobs"]
        jobs: list[dict[str, Any]] = self.server.jobs  # type: ignore[attr-defined]
        body = json.dumps({"jobs": [job for job in jobs if job["jobId"] in asked]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Nothing."""


@contextmanager
def answering(*jobs: dict[str, Any]) -> Iterator[Clients]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Described)
    server.jobs = list(jobs)  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Clients(
            BatchSettings(
                region="us-east-1",
                job_name="airflow",
                job_queue="q",
                job_definition="d",
                endpoint_url=f"http://127.0.0.1:{server.server_port}",
            )
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def job(id_: str, **fields: Any) -> dict[str, Any]:
    return {
        "jobId": id_,
        "jobName": "airflow-0b6e-1",
        "jobQueue": "q",
        "status": "RUNNING",
        "startedAt": 1,
        **fields,
    }


def test_a_multi_node_job_s_log_is_that_of_its_main_node() -> None:
    nodes = {"numNodes": 2, "mainNode": 1, "nodeRangeProperties": [{"targetNodes": "0:"}]}
    with answering(
        job("4c75", nodeProperties=nodes),
        job("4c75#0", nodeProperties=nodes, container={"logStreamName": "airflow/default/zero"}),
        job("4c75#1", nodeProperties=nodes, container={"logStreamName": "airflow/default/one"}),
    ) as clients:
        assert batch_log(clients, "4c75", "").unwrap() == Stream(
            group="/aws/batch/job", name="airflow/default/one"
        )


def test_a_pod_never_has_a_log_stream_and_says_so() -> None:
    pod = {"podProperties": {"podName": "aws-batch.1", "containers": [{"name": "airflow"}]}}
    with answering(job("4c75", eksProperties=pod)) as clients:
        error = batch_log(clients, "4c75", "airflow").failure()
    assert isinstance(error, AwsError)
    assert error.code == "NoLog"
    assert "kubectl logs aws-batch.1" in error.message
