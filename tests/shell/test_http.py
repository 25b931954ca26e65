"""Kept connections, against servers that do what servers do.

Law: real sockets on loopback. Each server says by itself what it will do with which connection.
"""

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import trustme
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)

from aws_executors.shell import http
from aws_executors.shell.http import Connections

LONG = 10.0
"""Seconds that only a test which fails waits for."""

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amzn-RequestId: 7\r\n\r\n{}"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"
NO_HTTP = b"SSH-2.0-OpenSSH_9.2\r\n"

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
            threading.Thread(target=self._one, args=(one,), daemon=True).start()

    def _one(self, one: socket.socket) -> None:
        try:
            self._talk(one if self._trust is None else self._trust.wrap_socket(one, server_side=True))
        except OSError:
            one.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            one.close()
        self._thread.join(LONG)


def request(one: socket.socket) -> bytes:
    """The next request on this connection, all of it; nothing at its end."""
    got = b""
    while b"\r\n\r\n" not in got:
        some = one.recv(65536)
        if not some:
            return b""
        got += some
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().rpartition(b"content-length: ")[2])
    while len(body) < length:
        body += one.recv(65536)
    return head + b"\r\n\r\n" + body


def says(*answers: bytes, then_close: bool = True) -> Talk:
    """A server that answers one request on each connection with each of these."""

    def talk(one: socket.socket) -> None:
        for answer in answers:
            if request(one):
                one.sendall(answer)
        if then_close:
            one.close()

    return talk


def ever(one: socket.socket) -> None:
    """A server that answers well for as long as it is asked."""
    while request(one):
        one.sendall(GOOD)
    one.close()


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


def connections(
    netloc: str,
    *,
    scheme: str = "http",
    silence: float = LONG,
    kept: int = 4,
    trust: ssl.SSLContext | None = None,
) -> Connections:
    url = f"{scheme}://{netloc}"
    return Connections(url, connect_timeout=0.5, read_timeout=silence, kept=kept, trust=trust)


def ask(way: Connections, body: bytes = b"{}") -> bytes:
    answer = way.send("POST", "/v1/submitjob", {"Host": "batch"}, body)
    assert answer.status_code == 200
    return answer.content


def test_a_request_arrives_whole_and_its_answer_comes_back(serve: Serve) -> None:
    seen: list[bytes] = []

    def talk(one: socket.socket) -> None:
        seen.append(request(one))
        one.sendall(GOOD)

    way = connections(serve(talk).netloc)
    answer = way.send("POST", "/v1/submitjob", {"Host": "batch", "X-Amz-Date": "today"}, b'{"jobName": "a"}')
    head = b"POST /v1/submitjob HTTP/1.1\r\nHost: batch\r\nX-Amz-Date: today\r\nContent-Length: 16\r\n\r\n"
    assert seen == [head + b'{"jobName": "a"}']
    assert (answer.status_code, answer.content, answer.headers["x-amzn-requestid"]) == (200, b"{}", "7")


def test_a_connection_is_used_again(serve: Serve) -> None:
    server = serve(ever)
    way = connections(server.netloc)
    assert [ask(way) for _ in range(5)] == [b"{}"] * 5
    assert server.connections == 1


def test_a_large_request_and_a_chunked_answer(serve: Serve) -> None:
    server = serve(says(CHUNKED, GOOD, then_close=False))
    way = connections(server.netloc)
    assert (ask(way, b"x" * 3_000_000), ask(way)) == (b"{}", b"{}")
    assert server.connections == 1


def test_no_more_connections_are_kept_than_said(serve: Serve) -> None:
    server = serve(ever)
    way = connections(server.netloc, kept=2)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: ask(way), range(200))) == [b"{}"] * 200
    assert repr(way) == f"<Connections to {server.netloc}: {min(2, server.connections)} idle>"


def test_a_connection_that_the_server_takes_leave_of_is_not_kept(serve: Serve) -> None:
    server = serve(says(LAST))
    way = connections(server.netloc)
    assert [ask(way), ask(way)] == [b"{}", b"{}"]
    assert server.connections == 2


def test_a_connection_that_was_closed_while_idle_is_not_used(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "CHECKED_AFTER", 0.0)
    closed = threading.Event()

    def talk(one: socket.socket) -> None:
        says(GOOD)(one)
        closed.set()

    server = serve(talk)
    way = connections(server.netloc)
    assert ask(way) == b"{}"
    assert closed.wait(LONG)
    assert ask(way) == b"{}"
    assert server.connections == 2


def test_a_connection_that_was_idle_for_long_is_not_trusted(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(ever)
    way = connections(server.netloc)
    monkeypatch.setattr(http, "CHECKED_AFTER", 0.0)
    assert [ask(way), ask(way), server.connections] == [b"{}", b"{}", 1]
    monkeypatch.setattr(http, "OLD", 0.0)
    assert [ask(way), server.connections] == [b"{}", 2]


@pytest.mark.parametrize("answer", [b"", CUT, NO_HTTP], ids=["none", "cut short", "not HTTP"])
def test_an_answer_that_breaks_off_says_so_and_its_connection_is_not_kept(
    serve: Serve, answer: bytes
) -> None:
    server = serve(says(answer))
    way = connections(server.netloc)
    for _ in range(2):
        with pytest.raises(ConnectionClosedError, match=server.netloc):
            ask(way)
    assert server.connections == 2


def test_a_silent_server_is_not_waited_for_longer_than_said(serve: Serve) -> None:
    server = serve(says(b"HTTP/1.1 200 OK\r\n", then_close=False))
    way = connections(server.netloc, silence=0.2)
    with pytest.raises(ReadTimeoutError, match=server.netloc):
        ask(way)
    assert "0 idle" in repr(way)


def test_nobody_listens() -> None:
    with closing(socket.socket()) as held:  # bound, so that nobody else gets it, and not listening
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(EndpointConnectionError, match=str(port)):
            ask(connections(f"127.0.0.1:{port}"))


def test_a_name_that_nobody_has() -> None:
    with pytest.raises(EndpointConnectionError, match="nobody"):
        ask(connections("nobody.invalid"))


def test_a_host_that_does_not_answer_a_connection_is_not_waited_for() -> None:
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:  # what nobody accepts fills the queue of the listening socket
            one.setblocking(False)
            one.connect_ex(address)
        with pytest.raises(ConnectTimeoutError):
            ask(connections(f"127.0.0.1:{address[1]}"))
        for one in waiting:
            one.close()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def certified(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_tls_is_spoken_with_a_server_whose_certificate_is_trusted(serve: Serve) -> None:
    authority = trustme.CA()
    server = serve(ever, certified(authority))
    way = connections(server.netloc, scheme="https", trust=trusting(authority))
    assert [ask(way), ask(way)] == [b"{}", b"{}"]
    assert server.connections == 1


def test_a_certificate_of_somebody_else_or_for_another_host_is_refused(serve: Serve) -> None:
    authority = trustme.CA()
    for mine in (certified(trustme.CA()), certified(authority, "ecs.example.com")):
        server = serve(ever, mine)
        with pytest.raises(SSLError, match="certificate verify failed"):
            ask(connections(server.netloc, scheme="https", trust=trusting(authority)))


def test_all_sockets_are_closed_with_their_owner(serve: Serve) -> None:
    gone = threading.Event()

    def talk(one: socket.socket) -> None:
        ever(one)
        gone.set()

    way = connections(serve(talk).netloc)
    ask(way)
    del way
    assert gone.wait(LONG)


def open_files() -> int:
    return len(list(Path(f"/proc/{os.getpid()}/fd").iterdir()))


def test_what_goes_wrong_leaves_no_socket_open(serve: Serve) -> None:
    authority = trustme.CA()
    bad = connections(serve(ever, certified(trustme.CA())).netloc, scheme="https", trust=trusting(authority))
    cut = connections(serve(says(CUT)).netloc)
    before = open_files()
    for way in (bad, cut) * 20:
        with pytest.raises((SSLError, ConnectionClosedError)):
            ask(way)
    # The servers' own ends close a little later.
    assert open_files() < before + 20
