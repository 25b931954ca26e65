"""Clients, sessions and connections: where credentials come from, and what happens when they do not.

Law: no mock. Credentials are real ones for the embedded AWS, connections are Airflow's own where that is the
point, and STS is a small HTTP server of its own, for the embedded AWS has none.
"""

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs

import pytest
from botocore.client import BaseClient
from returns.result import Result

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.doctor.checks.findings import Unasked
from aws_executors.doctor.probe import Probe
from aws_executors.local import LocalAws
from aws_executors.shell.airflow.configuration.connection import Connection, from_airflow
from aws_executors.shell.aws.call import call_aws
from aws_executors.shell.aws.client.clients import REFRESH_EVERY, Clients
from aws_executors.shell.aws.s3 import ABSENT, S3Calls

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_batch import BatchClient

pytestmark = pytest.mark.waits

ROLE = "arn:aws:iam::123456789012:role/airflow"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(keep_requests=True) as world:
        yield world


def settings(
    url: str = "http://127.0.0.1:1", conn_id: str = "", workers: int = 16, timeout: float = 30.0
) -> BatchSettings:
    return BatchSettings(
        region="us-east-1",
        job_name="airflow",
        job_queue="q",
        job_definition="d",
        endpoint_url=url,
        conn_id=conn_id,
        call_timeout=timeout,
        workers=workers,
    )


class HandClock:
    """A clock that somebody moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Readings:
    """A reader of connections that counts, and answers with what it holds."""

    def __init__(self, found: Connection) -> None:
        self.found = found
        self.count = 0

    def __call__(self, conn_id: str) -> Connection:
        self.count += 1
        return self.found


KEYS = Connection(conn_id="aws_etl", login="AKIAETL", password="secret")


def the_client(clients: Clients) -> "BatchClient":
    return clients.batch(lambda client: client).unwrap()


def access_key(clients: Clients) -> str:
    """The access key that a call is signed with, as AWS sees it."""
    seen: list[str] = []

    def note(request: "AWSPreparedRequest", **_: object) -> None:
        seen.append(str(request.headers["Authorization"]))

    the_client(clients).meta.events.register("before-send.batch", note)
    clients.batch(lambda client: client.describe_jobs(jobs=["1"]))  # the embedded AWS knows but one key
    return seen[0].split("Credential=")[1].split("/")[0]


def test_making_it_does_nothing() -> None:
    read = Readings(KEYS)
    clients = Clients(settings(conn_id="aws_etl"), read=read)
    assert (read.count, repr(clients)) == (0, "<Clients of us-east-1: none>")


def test_threads_share_one_client() -> None:
    read = Readings(KEYS)
    clients = Clients(settings(conn_id="aws_etl"), read=read)
    together = threading.Barrier(16)

    def made(_: int) -> int:
        together.wait()
        return id(the_client(clients))

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(made, range(16)))) == 1
    assert read.count == 1


def test_calls_are_made_once_within_bounds_with_a_connection_for_each_worker() -> None:
    made = vars(the_client(Clients(settings(workers=40, timeout=1.0))).meta.config)
    assert made["retries"] == {"total_max_attempts": 1, "mode": "standard"}
    assert (made["connect_timeout"], made["read_timeout"], made["max_pool_connections"]) == (1.0, 1.0, 44)
    assert "aws-executors/" in made["user_agent"]


def test_settings_win_over_the_connection(aws: LocalAws) -> None:
    extra = {"region_name": "eu-west-1", "endpoint_url": "http://127.0.0.1:2"}
    read = Readings(Connection(conn_id="aws_etl", login="A", password="b", extra=extra))
    meta = the_client(Clients(settings(aws.url, "aws_etl"), read=read)).meta
    assert (meta.region_name, meta.endpoint_url) == ("us-east-1", aws.url)
    meta = the_client(Clients(settings("", "aws_etl"), read=read)).meta
    assert (meta.region_name, meta.endpoint_url) == ("us-east-1", "http://127.0.0.1:2")


def test_c1_no_credentials_and_then_some(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    clients = Clients(settings(aws.url))
    error = clients.batch(lambda client: client.describe_jobs(jobs=["1"])).failure()
    assert (error.kind, error.code) == (Kind.CREDENTIALS, "NoCredentialsError")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIABACK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert access_key(clients) == "AKIABACK"


def test_credentials_are_looked_for_again_but_not_all_the_time(aws: LocalAws) -> None:
    clock, read = HandClock(), Readings(KEYS)
    clients = Clients(settings(aws.url, "aws_etl"), read=read, clock=clock)
    aws.faults.expire_credentials(60)
    kinds = {clients.batch(lambda client: client.describe_jobs(jobs=["1"])).failure().kind for _ in range(9)}
    assert (kinds, read.count) == ({Kind.CREDENTIALS}, 2)
    aws.faults.clear()
    read.found = Connection(conn_id="aws_etl", login="AKIANEW", password="secret")
    assert access_key(clients) == "AKIAETL"
    clock.now = REFRESH_EVERY - 0.1
    assert not clients.refresh()
    clock.now = REFRESH_EVERY
    assert clients.refresh()
    assert access_key(clients) == "AKIANEW"


def test_a_connection_that_can_not_be_read_is_not_asked_for_all_the_time() -> None:
    clock, asked = HandClock(), []

    def read(conn_id: str) -> Connection:
        asked.append(conn_id)
        if len(asked) <= 2:
            raise PermissionError("the secrets backend is closed")
        return KEYS

    clients = Clients(settings(conn_id="aws_etl"), read=read, clock=clock)
    errors = [clients.batch(lambda client: client.meta.region_name).failure() for _ in range(9)]
    assert {error.kind for error in errors} == {Kind.CREDENTIALS}
    assert len(asked) == 2
    assert errors[0].message == "connection 'aws_etl' could not be read: the secrets backend is closed"
    clock.now = REFRESH_EVERY
    assert clients.batch(lambda client: client.meta.region_name).failure() == errors[0]
    assert clients.batch(lambda client: client.meta.region_name).unwrap() == "us-east-1"


def test_an_unknown_profile_is_an_error_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    error = Clients(settings()).ecs(lambda client: client.list_tasks()).failure()
    assert (error.kind, error.code) == (Kind.CREDENTIALS, "ProfileNotFound")


def test_a_profile_by_connection(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(
        "[etl]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    read = Readings(Connection(conn_id="aws_etl", extra={"profile_name": "etl"}))
    assert access_key(Clients(settings(aws.url, "aws_etl"), read=read)) == "AKIAPROFILE"


WRONG: tuple[tuple[Connection, tuple[str, ...]], ...] = (
    (
        Connection(conn_id="c", conn_type="http", host="aws.example"),
        ("its type is 'http' and must be 'aws'", "host has no effect here; put the address into extra"),
    ),
    (Connection(conn_id="c", login="AKIA"), ("login and password belong together",)),
    (
        Connection(conn_id="c", extra={"rolearn": "x", "verify": False}),
        ("'rolearn' is not known; did you mean 'role_arn'?", "'verify' is not known"),
    ),
    (
        Connection(conn_id="c", extra={"assume_role_method": "assume_role_with_saml"}),
        ("assume_role_method must be 'assume_role'",),
    ),
    (
        Connection(conn_id="c", extra={"role_arn": ROLE, "assume_role_kwargs": {"SerialNumber": "mfa"}}),
        ("extra, assume_role_kwargs: 'SerialNumber' is not known",),
    ),
    (
        Connection(conn_id="c", extra={"external_id": "x"}),
        ("external_id and assume_role_kwargs need a role_arn",),
    ),
    (Connection(conn_id="c", extra={"aws_session_token": "x"}), ("aws_session_token needs keys",)),
    (Connection(conn_id="c", extra={"aws_access_key_id": "x"}), ("needs aws_secret_access_key",)),
    (
        Connection(conn_id="c", login="A", password="b", extra={"profile_name": "x"}),
        ("profile_name and keys exclude each other",),
    ),
    (
        Connection(conn_id="c", extra={"endpoint_url": "vpce-1"}),
        ("extra: endpoint_url is not a URL of the form http://host:port",),
    ),
    (
        Connection(conn_id="c", extra={"endpoint_url": "https://me:hush@ecs.example.com"}),
        ("extra: endpoint_url contains a user name or password, which AWS never reads from a URL",),
    ),
)


@pytest.mark.parametrize(("written", "words"), WRONG, ids=lambda case: None)
def test_a_wrong_connection_tells_all_that_is_wrong(written: Connection, words: tuple[str, ...]) -> None:
    error = Clients(settings(conn_id="c"), read=Readings(written)).batch(lambda client: client).failure()
    assert error.kind is Kind.CREDENTIALS
    assert error.message.startswith("connection 'c': ")
    assert [word for word in words if word not in error.message] == []


def test_no_message_holds_a_secret() -> None:
    extra = {"aws_secret_access_key": ["hush"], "aws_session_token": 77665544, "password": "hush"}
    written = Connection(conn_id="c", login="A", password="hush", extra=extra)
    error = Clients(settings(conn_id="c"), read=Readings(written)).batch(lambda client: client).failure()
    assert "'password' is not known" in error.message
    assert "hush" not in f"{error}{written}"
    assert "77665544" not in f"{error}{written}"


def test_reads_an_airflow_connection(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    written = {
        "conn_type": "aws",
        "login": "AKIAAIRFLOW",
        "password": "s",
        "extra": {"region_name": "us-west-2"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_AWS_ETL", json.dumps(written))
    assert access_key(Clients(settings(aws.url, "aws_etl"), read=from_airflow)) == "AKIAAIRFLOW"


def test_d4_an_airflow_connection_that_is_not_there_is_told_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = Clients(settings(conn_id="aws_missing")).batch(lambda client: client).failure()
    assert (error.kind, error.code) == (Kind.CREDENTIALS, "AirflowNotFoundException")
    assert error.message == "Airflow has no connection 'aws_missing'"
    assert error.remedy == ("add a connection 'aws_missing' of type 'aws' to Airflow, or leave conn_id empty")
    assert [record.getMessage() for record in caplog.records if record.name.startswith("aws_executors")] == []


class Sts(ThreadingHTTPServer):
    """An STS that grants one role, for `seconds` each time, unless it is told to refuse."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), StsAnswers)
        self.asked: list[dict[str, list[str]]] = []
        self.refuses = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class StsAnswers(BaseHTTPRequestHandler):
    granted = b""

    def do_POST(self) -> None:
        sts = cast("Sts", self.server)
        length = int(self.headers["Content-Length"])
        sts.asked.append(parse_qs(self.rfile.read(length).decode()))
        body = DENIED if sts.refuses else self.granted or GRANTED
        self.send_response(403 if sts.refuses else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


GRANTED = b"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>testing</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""
DENIED = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole on x</Message></Error>
</ErrorResponse>"""


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sts]:
    with Sts() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_assumes_a_role_once_and_at_the_first_call(
    aws: LocalAws, sts: Sts, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"role_arn": ROLE, "external_id": "ours", "assume_role_kwargs": {"DurationSeconds": 900}}
    read = Readings(Connection(conn_id="aws_etl", login="AKIABASE", password="s", extra=extra))
    clients = Clients(settings(aws.url, "aws_etl"), read=read)
    the_client(clients)
    assert sts.asked == []
    assert access_key(clients) == "testing"
    clients.batch(lambda client: client.describe_jobs(jobs=["1"])).unwrap()
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", aws.url)
    clients.ecs(lambda client: client.describe_clusters()).unwrap()
    (asked,) = sts.asked
    told_of = {name: asked[name] for name in ("RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds")}
    assert told_of == {
        "RoleArn": [ROLE],
        "RoleSessionName": ["aws-executors"],
        "ExternalId": ["ours"],
        "DurationSeconds": ["900"],
    }


def granted_for(seconds: float) -> bytes:
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    return GRANTED.replace(b"2099-01-01T00:00:00Z", end.strftime("%Y-%m-%dT%H:%M:%SZ").encode())


@pytest.mark.parametrize(
    ("valid", "left", "asked"),
    [
        pytest.param(900, 900, 1, id="the shortest that STS grants"),
        pytest.param(900, 310, 1, id="the last third has not begun"),
        pytest.param(900, 290, 4, id="the last third"),
        pytest.param(3600, 910, 1, id="an hour, before the last 15 minutes"),
        pytest.param(3600, 890, 4, id="an hour, in the last 15 minutes"),
    ],
)
def test_credentials_of_a_role_are_renewed_before_their_end_and_not_for_every_call(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, sts: Sts, valid: int, left: int, asked: int
) -> None:
    """botocore renews 15 minutes before the end: those that are valid for 15 minutes, for every call."""
    monkeypatch.setattr(StsAnswers, "granted", granted_for(left))
    extra = {"role_arn": ROLE, "assume_role_kwargs": {"DurationSeconds": valid}}
    read = Readings(Connection(conn_id="aws_etl", login="AKIABASE", password="s", extra=extra))
    clients = Clients(settings(aws.url, "aws_etl"), read=read)
    for _ in range(4):
        clients.batch(lambda client: client.describe_jobs(jobs=["1"])).unwrap()
    assert len(sts.asked) == asked


def test_c1_a_role_that_is_denied_is_about_credentials_not_about_the_task(aws: LocalAws, sts: Sts) -> None:
    sts.refuses = True
    read = Readings(Connection(conn_id="aws_etl", login="A", password="s", extra={"role_arn": ROLE}))
    clients = Clients(settings(aws.url, "aws_etl"), read=read)
    error = clients.batch(lambda client: client.describe_jobs(jobs=["1"])).failure()
    assert (error.kind, error.code) == (Kind.CREDENTIALS, "AccessDenied")
    assert (
        error.message
        == "no credentials to sign with: AssumeRole: not authorized to perform: sts:AssumeRole on x"
    )
    sts.refuses = False
    assert access_key(clients) == "testing"


def asked_of_batch(clients: Clients) -> AwsError:
    return clients.batch(lambda client: client.describe_jobs(jobs=["1"])).failure()


@pytest.fixture
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No credentials anywhere; a folder for files of them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


@pytest.mark.parametrize("file", ["gone", "unreadable", "a directory"])
def test_d1_a_token_file_that_can_not_be_read_while_a_call_is_signed(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, nothing_configured: Path, file: str
) -> None:
    token = nothing_configured / "token"
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    match file:
        case "a directory":
            token.mkdir()
        case "unreadable":
            token.write_bytes(bytes(range(128, 256)))
        case _:
            assert not token.exists()
    seen = len(aws.requests())
    clock = HandClock()
    clients = Clients(settings(aws.url), clock=clock)
    error = asked_of_batch(clients)
    assert (error.kind, len(aws.requests()), repr(clients)) == (
        Kind.CREDENTIALS,
        seen,
        "<Clients of us-east-1: none>",
    )
    assert error.message.startswith("no credentials to sign with: ")
    assert error.remedy
    # The chain is asked anew.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIABACK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert access_key(clients) == "AKIABACK"


@pytest.mark.parametrize("broken", ["does not exist", "fails", "says nonsense", "says expired ones"])
def test_d1_a_credential_process_that_fails(aws: LocalAws, nothing_configured: Path, broken: str) -> None:
    script = nothing_configured / "process"
    old = '{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s", "Expiration": "2020-01-01T00:00:00Z"}'
    said = {"fails": "exit 3", "says nonsense": "echo nonsense", "says expired ones": f"echo '{old}'"}
    if broken in said:
        script.write_text(f"#!/bin/sh\n{said[broken]}\n")
        script.chmod(0o700)
    (nothing_configured / "config").write_text(f"[default]\ncredential_process = {script}\n")
    error = asked_of_batch(Clients(settings(aws.url)))
    assert error.kind is Kind.CREDENTIALS
    assert error.remedy


def test_d1_credentials_that_are_refreshed_and_still_expired(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, sts: "Sts"
) -> None:
    monkeypatch.setattr(StsAnswers, "granted", GRANTED.replace(b"2099", b"2020"))
    read = Readings(Connection(conn_id="aws_etl", login="A", password="s", extra={"role_arn": ROLE}))
    error = asked_of_batch(Clients(settings(aws.url, "aws_etl"), read=read))
    assert (error.kind, "still expired" in error.message) == (Kind.CREDENTIALS, True)


def test_d1_a_token_with_a_line_break_is_refused_before_anything_is_sent(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, nothing_configured: Path
) -> None:
    """On Fargate and EKS the token for credentials is a header."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "one\nanother")
    assert asked_of_batch(Clients(settings(aws.url))).kind is Kind.CREDENTIALS


def test_d1_what_breaks_after_signing_is_not_about_credentials(aws: LocalAws) -> None:
    clients = Clients(settings(aws.url))
    aws.faults.lose_answer("DescribeJobs")
    assert asked_of_batch(clients).kind is Kind.AMBIGUOUS


def address(clients: Clients, service: str) -> str:
    ask: Callable[[Callable[[BaseClient], str]], Result[str, AwsError]] = getattr(clients, service)
    return ask(lambda client: client.meta.endpoint_url).unwrap()


def test_d2_each_service_has_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = Clients(settings("https://vpce-1.batch.us-east-1.vpce.amazonaws.com"))
    assert address(clients, "batch") == "https://vpce-1.batch.us-east-1.vpce.amazonaws.com"
    assert address(clients, "logs") == "https://logs.us-east-1.amazonaws.com"
    assert address(clients, "ecs") == "https://ecs.us-east-1.amazonaws.com"


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "AWS_ENDPOINT_URL_LOGS"])
def test_d2_botocores_own_variables_and_configuration_are_heard(
    monkeypatch: pytest.MonkeyPatch, nothing_configured: Path, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://127.0.0.1:2")
    (nothing_configured / "config").write_text(
        "[default]\nservices = ours\n[services ours]\ns3 =\n  endpoint_url = http://127.0.0.1:3\n"
    )
    own = Clients(settings("http://127.0.0.1:4"))
    assert [address(own, name)[-1] for name in ("batch", "logs", "s3")] == ["4", "2", "3"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert [address(Clients(settings("")), name)[-1] for name in ("batch", "ecs", "logs")] == ["1", "1", "2"]
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    public = Clients(settings(""))
    assert [address(public, name).partition(".")[2] for name in ("batch", "logs")] == [
        "us-east-1.amazonaws.com"
    ] * 2


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BATCH"])
def test_a_password_in_any_address_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "https://me:hush@batch.example.com")
    error = asked_of_batch(Clients(settings("")))
    assert error.kind is Kind.CREDENTIALS
    assert "contains a user name or password, which AWS never reads from a URL" in error.message
    assert "hush" not in f"{error}"


def answering(body: bytes) -> Callable[[socket.socket], None]:
    """Serves one connection with these bytes, then closes it."""

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(body)

    return serve


ODD_ANSWERS: tuple[tuple[str, bytes, Kind], ...] = (
    ("not-http", b"SSH-2.0-OpenSSH_9.6\r\n", Kind.AMBIGUOUS),
    ("cut", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", Kind.AMBIGUOUS),
    ("not-json", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", Kind.AMBIGUOUS),
    ("not-aws", b"HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\n<html>", Kind.PERMANENT),
    ("bad-gateway", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", Kind.AMBIGUOUS),
    ("empty", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Kind.AMBIGUOUS),
    ("endless", b'HTTP/1.1 200 OK\r\n\r\n{"jobs": [{"jobId": "1"}', Kind.AMBIGUOUS),
    ("without-members", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Kind.AMBIGUOUS),
    ("nothing", b"", Kind.AMBIGUOUS),
)


@pytest.mark.parametrize(("name", "body", "kind"), ODD_ANSWERS, ids=[name for name, _, _ in ODD_ANSWERS])
def test_an_endpoint_that_is_not_aws(name: str, body: bytes, kind: Kind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=answering(body), args=(listening,), daemon=True)
        server.start()
        clients = Clients(settings(f"http://127.0.0.1:{listening.getsockname()[1]}"))
        error = clients.batch(lambda client: client.describe_jobs(jobs=["1"])).failure()
        server.join(60)
    assert (error.kind, bool(error.code)) == (kind, True)


PAGES = (
    b"<!DOCTYPE html><html><head><title>Log in</title></head><body><form/></body></html>",
    b"<!DOCTYPE html><html><meta charset=utf-8><p>Log in<br></html>",
    b"",
    b"  \n",
    b"OK",
    b"null",
    b"[]",
    b'{"message": "Log in"}',
    b'<?xml version="1.0"?><ListBucketResult><Name>b</Name></ListBucketResult>',
)
CALLS: Mapping[str, Callable[[Clients], Result[object, AwsError]]] = {
    "batch": lambda clients: clients.batch(lambda batch: batch.describe_jobs(jobs=["1"])),
    "ecs": lambda clients: clients.ecs(lambda ecs: ecs.run_task(taskDefinition="t")),
    "logs": lambda clients: clients.logs(
        lambda logs: logs.get_log_events(logGroupName="g", logStreamName="s")
    ),
    "s3 put": lambda clients: S3Calls(clients).put("b", "k", b"x", ABSENT),
    "s3 get": lambda clients: S3Calls(clients).get("b", "k"),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_the_place_of_any_answer(
    page: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with web_page(page) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        clients, probe = Clients(settings(url)), Probe(settings(url))
        told = {name: call(clients).failure() for name, call in CALLS.items()}
        identity, groups = probe.identity(), probe.log_groups("/aws")
    assert isinstance(identity, AwsError)
    assert isinstance(groups, Unasked)
    for name, error in {**told, "sts": identity}.items():
        assert (name, error.kind) == (name, Kind.AMBIGUOUS)
        assert "KeyError" not in error.code
        assert error.remedy.startswith("Check what is between here and AWS")
    assert "Unexpected exception" not in caplog.text


@contextmanager
def web_page(page: bytes) -> Iterator[str]:
    """A server that answers everything with this page, and with status 200."""

    class Pages(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_GET = do_POST = do_PUT = answer

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:  # else its thread keeps this process from ending, whatever has failed
            server.shutdown()


def test_an_answer_without_members_may_be_empty() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        body = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        server = threading.Thread(target=answering(body), args=(listening,), daemon=True)
        server.start()
        clients = Clients(settings(f"http://127.0.0.1:{listening.getsockname()[1]}"))
        clients.batch(lambda client: client.terminate_job(jobId="1", reason="bye")).unwrap()
        server.join(60)


def test_what_nobody_foresaw_is_ambiguous_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    class NobodyForesawError(Exception):
        pass

    def call() -> None:
        raise NobodyForesawError('odd: {"token": "hush"}')

    with caplog.at_level(logging.ERROR):
        errors = [call_aws(call).failure() for _ in range(3)]
    assert {(error.kind, error.code, error.message) for error in errors} == {
        (Kind.AMBIGUOUS, "NobodyForesawError", 'odd: {"token": "***"}')
    }
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "***" in caplog.text
    assert "hush" not in caplog.text.replace('raise NobodyForesawError(\'odd: {"token": "hush"}\')', "")
