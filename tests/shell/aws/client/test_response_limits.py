"""What botocore's connections are made to refuse, against servers that do what servers do.

Law: real sockets on loopback. Each server says by itself what it will do with which connection.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from returns.result import Result

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.shell.aws.client import response_limits
from aws_executors.shell.aws.client.clients import Clients

LONG = 20.0
"""Seconds that only a test which fails waits for."""


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    head = "".join(f"{line}\r\n" for line in headers or (f"Content-Length: {len(body)}",))
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


GOOD = answer(b'{"jobs": []}')
STALE = answer(b'{"jobs": [{"jobId": "stale", "status": "FAILED"}]}')

Talk = Callable[[socket.socket], None]


class Server:
    """Talks on each connection as it was told to; counts the connections."""

    def __init__(self, talk: Talk, trust: ssl.SSLContext | None = None) -> None:
        self._talk = talk
        self._trust = trust
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(one)
            threading.Thread(target=self._talked, args=(one,), daemon=True).start()

    def _talked(self, one: socket.socket) -> None:
        try:
            if self._trust is not None:
                one = self._trust.wrap_socket(one, server_side=True)
                self._open.append(one)
            self._talk(one)
        except OSError:
            return  # the client has had enough of it

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits for the next one
        self._listener.close()
        for one in self._open:
            one.close()
        self._thread.join(LONG)


def request(one: socket.socket) -> bytes:
    """The next request that comes over a connection; nothing at its end."""
    got = b""
    while b"\r\n\r\n" not in got:
        some = one.recv(65536)
        if not some:
            return b""
        got += some
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
    while len(body) < length:
        body += one.recv(65536)
    return head + b"\r\n\r\n" + body


def says(*answers: bytes) -> Talk:
    """A server that answers the requests of each connection with these, the last one forever."""

    def talk(one: socket.socket) -> None:
        left = list(answers)
        while request(one):
            one.sendall(left.pop(0) if len(left) > 1 else left[0])
        one.close()

    return talk


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def made(talk: Talk, trust: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(talk, trust))
        return servers[-1]

    yield made
    for server in servers:
        server.close()


def clients(server: Server, scheme: str = "http", timeout: float = LONG) -> Clients:
    return Clients(
        BatchSettings(
            region="us-east-1",
            job_name="airflow",
            job_queue="q",
            job_definition="d",
            endpoint_url=f"{scheme}://{server.netloc}",
            call_timeout=timeout,
        )
    )


def ask(way: Clients) -> Result[list[object], AwsError]:
    return way.batch(lambda batch: list(batch.describe_jobs(jobs=["1"])["jobs"]))


def test_a_connection_is_used_again(serve: Serve) -> None:
    server = serve(says(GOOD))
    way = clients(server)
    assert [ask(way).unwrap() for _ in range(5)] == [[]] * 5
    assert server.connections == 1


def test_a_chunked_answer_is_read_and_its_connection_used_again(serve: Serve) -> None:
    chunks = b'8\r\n{"jobs":\r\n4\r\n []}\r\n0\r\n\r\n'
    server = serve(says(answer(chunks, "Transfer-Encoding: chunked")))
    way = clients(server)
    assert [ask(way).unwrap(), ask(way).unwrap(), server.connections] == [[], [], 1]


NOT_THIS_CALLS: dict[str, bytes] = {
    "interim, then final": answer(b"", "X: y", status="103 Early Hints") + STALE,
    "processing, then final": answer(b"", "X: y", status="102 Processing") + STALE,
    "switching": answer(b"", "Upgrade: h2c", status="101 Switching Protocols") + STALE,
    "not modified, with another behind it": answer(b"", "X: y", status="304 Not Modified") + STALE,
    "two lengths": answer(b'{"jobs": []}', "Content-Length: 12", "Content-Length: 5"),
    "two lengths in one": answer(b'{"jobs": []}', "Content-Length: 12, 5"),
    "a length that is none": answer(b'{"jobs": []}', "Content-Length: +12"),
    "a length and chunks": answer(
        b'c\r\n{"jobs": []}\r\n0\r\n\r\n', "Content-Length: 12", "Transfer-Encoding: chunked"
    ),
    "a coding that nobody asked for": answer(b'{"jobs": []}', "Transfer-Encoding: gzip, chunked"),
    "two codings": answer(b'{"jobs": []}', "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
}


@pytest.mark.parametrize("name", NOT_THIS_CALLS)
def test_what_is_not_surely_this_calls_answer_is_none_and_its_connection_is_left(
    serve: Serve, name: str
) -> None:
    server = serve(says(NOT_THIS_CALLS[name], GOOD))
    way = clients(server)
    for connection in (1, 2):
        error = ask(way).failure()
        assert (error.kind, server.connections) == (Kind.AMBIGUOUS, connection)


def certified(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "extra", [b"x", STALE, STALE * 200], ids=["a byte", "an answer", "more than a buffer"]
)
def test_what_follows_an_answer_is_not_taken_for_the_next_one(
    serve: Serve, scheme: str, extra: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    server = serve(says(GOOD + extra), certified(authority) if scheme == "https" else None)
    way = clients(server, scheme)
    assert [ask(way).unwrap() for _ in range(3)] == [[], [], []]
    assert server.connections == 3


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_are_checked_by_what_aws_configuration_names_and_not_by_curls(
    serve: Serve, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
    told = ask(clients(serve(says(GOOD), certified(authority)), "https"))
    if variable == "AWS_CA_BUNDLE":
        assert told.unwrap() == []
    else:
        assert told.failure().kind is Kind.UNREACHABLE
        assert "certificate verify failed" in told.failure().message


def drip(first: bytes, again: bytes) -> Talk:
    """A server that sends `first` and then `again` forever, slowly: no silence is long, the whole is."""

    def talk(one: socket.socket) -> None:
        request(one)
        one.sendall(first)
        while True:
            one.sendall(again)
            time.sleep(0.1)

    return talk


DRIPS: dict[str, Talk] = {
    "a status line": drip(b"HTTP/1.1 2", b"0"),
    "headers": drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "interim answers": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body of a length": drip(answer(b"{", "Content-Length: 100000"), b" "),
    "a body without one": drip(answer(b"{", "X: y"), b" "),
    "chunks": drip(answer(b"", "Transfer-Encoding: chunked"), b"1\r\n \r\n"),
}


@pytest.mark.parametrize("name", DRIPS)
def test_c7_an_answer_that_comes_in_drops_is_bounded_in_time(serve: Serve, name: str) -> None:
    began = time.monotonic()
    error = ask(clients(serve(DRIPS[name]), timeout=1.0)).failure()
    assert (error.kind, error.code) == (Kind.AMBIGUOUS, "ReadTimeoutError")
    assert time.monotonic() - began < LONG / 2


def endless(head: bytes, again: bytes) -> Talk:
    def talk(one: socket.socket) -> None:
        request(one)
        one.sendall(head)
        while True:
            one.sendall(again)

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        endless(answer(b"{", "X: y"), b" " * 65536),
        endless(answer(b"{", "Content-Length: 1000000000000"), b" " * 65536),
        endless(answer(b"", "Transfer-Encoding: chunked"), b"10000\r\n" + b" " * 65536 + b"\r\n"),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    ],
    ids=["until the end", "by length", "in chunks", "interim answers"],
)
def test_c7_an_answer_without_end_is_bounded_in_size(
    serve: Serve, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_limits, "MOST", 1_000_000)
    error = ask(clients(serve(talk))).failure()
    assert error.kind is Kind.AMBIGUOUS
    assert "longer than 1000000 bytes" in error.message


def test_a_stored_workload_is_bounded_too(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(drip(answer(b"{", 'ETag: "1"', "Content-Length: 100000"), b" "))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{server.netloc}")
    error = clients(server, timeout=1.0).s3(lambda s3: s3.get_object(Bucket="bucket", Key="k")["Body"].read())
    assert error.failure().kind is Kind.AMBIGUOUS


def test_a_connection_that_was_idle_for_long_is_not_trusted(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(says(GOOD))
    way = clients(server)
    assert [ask(way).unwrap(), ask(way).unwrap(), server.connections] == [[], [], 1]
    monkeypatch.setattr(response_limits, "OLD", 0.0)
    assert [ask(way).unwrap(), server.connections] == [[], 2]


def test_an_answer_that_is_cut_short_is_none(serve: Serve) -> None:
    def talk(one: socket.socket) -> None:
        request(one)
        one.sendall(answer(b'{"jobs": [', "Content-Length: 100"))
        one.close()

    assert ask(clients(serve(talk))).failure().kind is Kind.AMBIGUOUS


def test_a_proxy_is_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(says(GOOD + STALE))
    monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.netloc}")
    settings = BatchSettings(
        region="us-east-1",
        job_name="airflow",
        job_queue="q",
        job_definition="d",
        endpoint_url="http://batch.example.com",
    )
    way = Clients(settings)
    assert [ask(way).unwrap(), ask(way).unwrap(), proxy.connections] == [[], [], 2]
