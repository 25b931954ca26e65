"""The short way beside botocore's own: the same request goes out, the same answer comes back.

Law: every comparison makes the same call with two clients, one of which has not been shortened.
"""

import json
import logging
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import trustme
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, SSLError
from botocore.stub import Stubber

from aws_executors.local import LocalAws
from aws_executors.local.wire import Request
from aws_executors.shell.answers import EmptyAnswerError
from aws_executors.shell.short_way import shorten
from sites import ecs_site

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient
    from mypy_boto3_ecs import ECSClient

MARK = "amz-sdk-invocation-id"
"""A header that only botocore's own way has: it numbers repeated requests."""

RUN = {
    "cluster": "etl",
    "taskDefinition": "airflow",
    "launchType": "FARGATE",
    "clientToken": "0b6e",
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}},
    "overrides": {"containerOverrides": [{"name": "main", "command": ["python", "-c", "'ä ß'"]}]},
    "tags": [{"key": "dag_id", "value": "etl ü"}],
}


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(max_processes=1, keep_requests=True) as cloud:
        cloud.faults.delays("none", provision=[60, 60])
        yield cloud


def made(service: str, url: str, *, short: bool, ca_bundle: str | None = None) -> Any:
    client = boto3.session.Session("testing", "testing", "a+b/c==").client(
        service,  # type: ignore[call-overload]  # the stubs want a literal
        region_name="us-east-1",
        endpoint_url=url,
        config=Config(
            retries={"total_max_attempts": 1}, parameter_validation=False, connect_timeout=5, read_timeout=5
        ),
    )
    if short:
        assert shortened(client, ca_bundle)
    return client


def shortened(client: BaseClient, ca_bundle: str | None = None) -> bool:
    return shorten(client, ca_bundle=ca_bundle, connect_timeout=5, read_timeout=5, kept=2)


def both(service: str, url: str) -> tuple[Any, Any]:
    """A client that goes botocore's own way, and one that goes the short one."""
    return made(service, url, short=False), made(service, url, short=True)


def sent(aws: LocalAws) -> list[Request]:
    """The calls that tests made, without those that set the stage."""
    return [
        one
        for one in aws.requests()
        if "create" not in target(one).lower() and "register" not in target(one).lower()
    ]


def target(request: Request) -> str:
    return request.headers.get("x-amz-target", request.path)


ODD = {"authorization", "x-amz-date", MARK, "amz-sdk-request", "accept-encoding"}
"""What differs between any two calls, or is botocore's own."""


def the_same(one: Request, other: Request) -> bool:
    plain = [
        {name: value for name, value in each.headers.items() if name not in ODD} for each in (one, other)
    ]
    return (one.method, one.path, one.body, plain[0]) == (other.method, other.path, other.body, plain[1])


def signed_again(request: Request, url: str, service: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The signature that this request should have, by botocore's own account of requests."""
    at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    names = request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    again = AWSRequest(
        request.method, url + request.path, {name: request.headers[name] for name in names}, request.body
    )
    with monkeypatch.context() as frozen:
        frozen.setattr("botocore.auth.get_current_datetime", lambda: at)
        SigV4Auth(Credentials("testing", "testing", "a+b/c=="), service, "us-east-1").add_auth(again)
    return str(again.headers["Authorization"])


def test_the_same_request_goes_out_signed_and_the_same_answer_comes_back(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    ecs_site(aws)
    own, short = both("ecs", aws.url)
    answers = [client.run_task(**RUN) for client in (own, short)]
    # The same `clientToken`: the same task.
    assert [one["tasks"][0]["taskArn"] for one in answers] == [answers[0]["tasks"][0]["taskArn"]] * 2
    assert [one["ResponseMetadata"]["HTTPStatusCode"] for one in answers] == [200, 200]
    assert all(one["ResponseMetadata"]["RequestId"] for one in answers)
    first, second = sent(aws)
    assert the_same(first, second)
    assert (MARK in first.headers, MARK in second.headers) == (True, False)
    assert second.headers["x-amz-security-token"] == "a+b/c=="
    for request in (first, second):
        assert request.headers["authorization"] == signed_again(request, aws.url, "ecs", monkeypatch)


def test_a_rest_call_goes_out_the_same_and_is_signed(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for client in both("batch", aws.url):
        assert client.describe_jobs(jobs=["0b6e"])["jobs"] == []
    first, second = sent(aws)
    assert the_same(first, second)
    assert (second.method, second.path, json.loads(second.body)) == (
        "POST",
        "/v1/describejobs",
        {"jobs": ["0b6e"]},
    )
    assert second.headers["authorization"] == signed_again(second, aws.url, "batch", monkeypatch)


def refused(client: "ECSClient | BatchClient", operation: str, **kwargs: object) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**kwargs)
    response: dict[str, Any] = dict(caught.value.response)
    metadata = response.pop("ResponseMetadata")
    return {"class": type(caught.value).__name__, "status": metadata["HTTPStatusCode"], **response}


def test_a_refusal_is_the_same_error_with_all_that_its_shape_has(aws: LocalAws) -> None:
    ecs_site(aws)
    own, short = both("ecs", aws.url)
    own.run_task(**RUN)
    other = {**RUN, "tags": []}
    conflicts = [refused(client, "run_task", **other) for client in (own, short)]
    assert conflicts[0] == conflicts[1]
    assert (conflicts[0]["class"], len(conflicts[0]["resourceIds"])) == ("ConflictException", 1)
    nowhere = [refused(client, "describe_tasks", cluster="nowhere", tasks=["1"]) for client in (own, short)]
    assert nowhere[0] == nowhere[1]
    assert nowhere[0]["Error"]["Code"] == "ClusterNotFoundException"


def test_a_refusal_without_words_is_the_same_error(aws: LocalAws) -> None:
    aws.faults.refuse("DescribeJobs", "", "", 503, 2)
    own, short = (refused(client, "describe_jobs", jobs=["1"]) for client in both("batch", aws.url))
    assert own == short
    assert own["status"] == 503


class Canned(BaseHTTPRequestHandler):
    """Answers every request with what its server holds; remembers their paths."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)  # type: ignore[attr-defined]
        body = b'{"jobs": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Nothing."""


class Listening:
    """A small HTTP server on loopback; with `authority` it speaks TLS."""

    def __init__(self, authority: trustme.CA | None = None) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Canned)
        self.paths: list[str] = []
        self.server.paths = self.paths  # type: ignore[attr-defined]
        if authority is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'http' if authority is None else 'https'}://127.0.0.1:{self.server.server_port}"
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


def test_certificates_are_checked_against_the_bundle_that_aws_configuration_names(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    bundle, wrong = tmp_path / "bundle.pem", tmp_path / "wrong.pem"
    authority.cert_pem.write_to_path(str(bundle))
    other.cert_pem.write_to_path(str(wrong))
    with Listening(authority) as server:
        assert (
            made("batch", server.url, short=True, ca_bundle=str(bundle)).describe_jobs(jobs=["1"])["jobs"]
            == []
        )
        for untrusted in (str(wrong), None):  # without a bundle: the authorities that botocore brings along
            with pytest.raises(SSLError, match="certificate verify failed"):
                made("batch", server.url, short=True, ca_bundle=untrusted).describe_jobs(jobs=["1"])


def test_requests_own_bundle_counts_as_it_does_for_botocore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with Listening(authority) as server:
        for client in both("batch", server.url):
            assert client.describe_jobs(jobs=["1"])["jobs"] == []


def test_a_bundle_that_is_not_there_is_left_to_botocore_to_tell(tmp_path: Path) -> None:
    client = made("batch", "https://127.0.0.1:1", short=False)
    assert not shortened(client, str(tmp_path / "none.pem"))


def test_a_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Listening() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        client = made("batch", "http://batch.example.com", short=False)
        assert not shortened(client)
        assert client.describe_jobs(jobs=["1"])["jobs"] == []
    assert proxy.paths == ["http://batch.example.com/v1/describejobs"]


def test_whoever_reads_botocores_debug_log_sees_botocores_own_way(
    aws: LocalAws, caplog: pytest.LogCaptureFixture
) -> None:
    short = made("batch", aws.url, short=True)
    short.describe_jobs(jobs=["1"])
    with caplog.at_level(logging.DEBUG, "botocore"):
        short.describe_jobs(jobs=["1"])
    assert [MARK in one.headers for one in sent(aws)] == [False, True]
    assert "Response body" in caplog.text


def test_a_stub_answers_in_awss_stead() -> None:
    client = made("batch", "http://127.0.0.1:1", short=True)
    with Stubber(client) as stub:
        stub.add_response("submit_job", {"jobId": "0b6e", "jobName": "a"})
        stub.add_client_error("submit_job", "ClientException", "no")
        assert client.submit_job(jobName="a", jobQueue="q", jobDefinition="d")["jobId"] == "0b6e"
        assert refused(client, "submit_job", jobName="a")["Error"]["Message"] == "no"


def test_who_answers_before_a_request_is_sent_is_heard() -> None:
    """As moto does."""
    client = made("batch", "http://127.0.0.1:1", short=True)
    asked: list[str] = []

    class Body:
        def stream(self) -> Iterator[bytes]:
            yield b'{"jobs": [{"jobId": "0b6e"}]}'

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        asked.append(f"{request.method} {request.url} {request.body!r}")
        headers = HTTPHeaders()
        headers["x-amzn-RequestId"] = "7"
        return AWSResponse(request.url, 200, headers, Body())

    client.meta.events.register("before-send.batch", answer)
    said = client.describe_jobs(jobs=["0b6e"])
    assert (said["jobs"], said["ResponseMetadata"]["RequestId"]) == ([{"jobId": "0b6e"}], "7")
    assert asked == ["""POST http://127.0.0.1:1/v1/describejobs b'{"jobs": ["0b6e"]}'"""]


def test_what_is_no_json_service_goes_its_own_way(aws: LocalAws) -> None:
    assert not shortened(made("s3", aws.url, short=False))


def test_a_good_answer_with_nothing_in_it_is_refused_here_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            one, _ = server.accept()
            with one:
                one.recv(65536)
                one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = Thread(target=answer, daemon=True)
        thread.start()
        client = made("batch", f"http://127.0.0.1:{server.getsockname()[1]}", short=True)
        with pytest.raises(EmptyAnswerError):
            client.describe_jobs(jobs=["1"])
        thread.join(10)
