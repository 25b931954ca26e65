"""Kept HTTP connections to one address.

Law: HTTP/1.1, and nothing of AWS. One request goes out on a connection that nobody else uses meanwhile, one
whole answer comes back; nothing is repeated. What goes wrong is one of botocore's exceptions, the one that
its own HTTP session would raise: it tells whether anything was sent.

A request leaves in one piece: each time that a thread waits for the network it lets go of the interpreter's
lock, and among thirty others has to wait for that, too.
"""

import socket
import ssl
import time
import weakref
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import wait_for_read

PORTS = {"http": 80, "https": 443}

CHECKED_AFTER = 1.0
"""Seconds without a request, after which the server may have closed a connection: it is looked at."""

OLD = 120.0
"""Seconds without a request, after which a connection is not used again: a NAT gateway forgets it after 350,
and says so only to the next request, of which nobody then knows whether it was carried out. Source:
https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; its headers are found by their names in any case."""

    status_code: int
    headers: Mapping[str, str] | Message
    content: bytes


class Connections:
    """Connections to the host of a URL, made when all others are in use, kept for the next request.

    `kept` is how many stay open while nobody uses them. Timeouts are in seconds; `read_timeout` bounds a
    silence, not the whole answer. `trust` is what a server's certificate is checked against.

    >>> Connections("https://ecs.us-east-1.amazonaws.com", connect_timeout=5, read_timeout=20, kept=4)
    <Connections to ecs.us-east-1.amazonaws.com: 0 idle>
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout: float,
        read_timeout: float,
        kept: int,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        self._parts = urlsplit(url)
        self._timeouts = connect_timeout, read_timeout
        self._kept = kept
        self._trust = trust
        # With the time of its last answer. The one used last goes first: the others may close of age.
        self._idle: deque[tuple[socket.socket, float]] = deque()
        weakref.finalize(self, _close_all, self._idle)

    def __repr__(self) -> str:
        return f"<Connections to {self._parts.netloc}: {len(self._idle)} idle>"

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request and wait for its answer.

        Raises ConnectTimeoutError and EndpointConnectionError where nothing was sent; ReadTimeoutError,
        ConnectionClosedError and SSLError where something may have been; ValueError for a header with a line
        break in it. Any thread may call it.
        """
        whole = _written(method, target, headers, body)
        connection = self._idle_one() or self._made()
        try:
            connection.sendall(whole)
            with HTTPResponse(connection, method=method) as response:
                response.begin()
                content = response.read()
        except BaseException as error:
            connection.close()
            raise self._broken(error) from error
        if response.will_close or len(self._idle) >= self._kept:
            connection.close()
        else:
            self._idle.append((connection, time.monotonic()))
        return Answer(response.status, response.headers, content)

    def _idle_one(self) -> socket.socket | None:
        while True:
            try:
                connection, used = self._idle.pop()
            except IndexError:
                return None
            idle = time.monotonic() - used
            # One on which nothing was asked has nothing to read, unless the server has closed it.
            if idle < CHECKED_AFTER or (idle < OLD and not wait_for_read(connection, timeout=0.0)):
                return connection
            connection.close()

    def _made(self) -> socket.socket:
        connect_timeout, read_timeout = self._timeouts
        host = self._parts.hostname or ""
        try:
            made = socket.create_connection(
                (host, self._parts.port or PORTS[self._parts.scheme]), connect_timeout
            )
            try:
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                if self._trust is not None:
                    made = self._trust.wrap_socket(made, server_hostname=host)
                made.settimeout(read_timeout)
            except BaseException:
                made.close()
                raise
        except OSError as error:
            raise self._unmade(error) from error
        return made

    def _unmade(self, error: OSError) -> Exception:
        match error:
            case ssl.SSLError():
                return SSLError(endpoint_url=self._url, error=error)
            case TimeoutError():
                return ConnectTimeoutError(endpoint_url=self._url, error=error)
            case _:
                return EndpointConnectionError(endpoint_url=self._url, error=error)

    def _broken(self, error: BaseException) -> BaseException:
        match error:
            case ssl.SSLError():
                return SSLError(endpoint_url=self._url, error=error)
            case TimeoutError():
                return ReadTimeoutError(endpoint_url=self._url, error=error)
            case HTTPException() | OSError():
                return ConnectionClosedError(endpoint_url=self._url, error=error, request=None)
            case _:
                return error


def _written(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The request as it goes over the wire.

    >>> _written("POST", "/v1/submitjob", {"Host": "batch"}, b"{}")
    b'POST /v1/submitjob HTTP/1.1\\r\\nHost: batch\\r\\nContent-Length: 2\\r\\n\\r\\n{}'
    >>> _written("POST", "/", {"Authorization": "two\\nlines"}, b"")
    Traceback (most recent call last):
    ValueError: a header has a line break in it: Authorization
    """
    for name, value in headers.items():
        if "\n" in value or "\r" in value:
            raise ValueError(f"a header has a line break in it: {name}")
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    return (
        f"{method} {target} HTTP/1.1\r\n{''.join(lines)}Content-Length: {len(body)}\r\n\r\n".encode("latin-1")
        + body
    )


def _close_all(idle: deque[tuple[socket.socket, float]]) -> None:
    while idle:
        idle.pop()[0].close()
