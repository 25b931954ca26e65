"""Serve a cloud over HTTP on loopback.

Law: only sockets and threads; the protocols are in `wire.py`. One daemon thread per connection, and a limited
number of connections. A delay is slept outside every lock. Stopping closes every connection at once.
"""

from __future__ import annotations

import itertools
import json
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from aws_executors.local import snapshots
from aws_executors.local.cloud import Cloud
from aws_executors.local.http.control import ROOT, Control
from aws_executors.local.http.key import check_key, has_key, is_for_us, is_loopback
from aws_executors.local.http.metadata import is_metadata, metadata
from aws_executors.local.http.wire import Request, http, parse_call, read_request, render, service_of
from aws_executors.local.world import Answer
from aws_executors.local.world.values import ServiceError

MAX_CONNECTIONS = 2048
NO_KEY = "the key of this start is missing: Authorization: Bearer, and the AWS_ACCESS_KEY_ID that it printed"


def forbidden(why: str) -> bytes:
    """The response to a request that is not accepted."""
    return http(403, json.dumps({"error": why}).encode(), "application/json", {})


def check_loopback(host: str) -> None:
    """Reject an address that other machines could reach, because commands run here."""
    if not is_loopback(host):
        raise ValueError(
            f"host {host!r}: the embedded AWS runs whatever it is sent, so it listens on loopback only"
        )


def is_open(connection: socket.socket) -> bool:
    """Whether the client has not closed its side of a connection; does not wait."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


class ConnectionHandler(socketserver.StreamRequestHandler):
    """One connection: reads and answers requests until it ends."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        while (request := read_request(self.rfile, self.wfile)) is not None:
            reply = server.reply(request, partial(is_open, self.connection))
            if reply is None:
                return
            self.wfile.write(reply)
            if request.closes:
                return


class Server(socketserver.ThreadingTCPServer):
    """The listening socket; `url` is its address. Requests without the `key` are refused."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(
        self,
        host: str,
        port: int,
        cloud: Cloud,
        control: Control,
        key: str,
        kept: list[Request] | None = None,
    ) -> None:
        check_loopback(host)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), ConnectionHandler)
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self.server_address[1]}"
        self._cloud, self._control, self._key, self._kept = cloud, control, key, kept
        self._numbers = itertools.count(1)
        self._ending = threading.Event()
        self._open: set[Any] = set()
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.1,), daemon=True, name="local-aws-http"
        )

    def start(self) -> None:
        """Start accepting connections."""
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting connections, and close the open ones."""
        self._ending.set()
        if self._thread.is_alive():  # without this thread, `shutdown` would wait for ever
            self.shutdown()
        self.server_close()
        for connection in list(self._open):
            self.shutdown_request(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection; close it if there are too many."""
        if len(self._open) >= MAX_CONNECTIONS:
            self.shutdown_request(request)
            return
        self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, then forget it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, unless the client or `stop` has closed the connection, perhaps before its
        thread had begun."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def reply(self, request: Request, is_wanted: Callable[[], bool]) -> bytes | None:
        """The response to a request, after its delay; None if the connection is to be closed without one.

        `is_wanted` says whether the client still waits for it.
        """
        if not is_for_us(request.headers):
            return forbidden(f"Host {request.headers.get('host', '')!r} is no address of this machine")
        if request.path.startswith(ROOT.rstrip("/")):
            known = has_key(request.headers, self._key)
            return self._control.reply(request) if known else forbidden(NO_KEY)
        if is_metadata(request.path):
            arns = self._cloud.do(snapshots.arns)
            return metadata(request.path, arns, self._cloud.containers.running())
        if self._kept is not None:
            self._kept.append(request)
        service, action = service_of(request), ""
        try:
            check_key(service, request.headers, self._key)
            call = parse_call(request)
            action = call.action
            answer = self._cloud.call(call, is_wanted)
        except ServiceError as refusal:
            answer = Answer(refusal.status, {"message": refusal.message, **refusal.extra}, refusal.code)
        if answer.delay:
            self._ending.wait(answer.delay)
        return render(service, action, answer, next(self._numbers)) if answer.delivered else None
