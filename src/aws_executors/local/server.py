"""HTTP on loopback in front of a cloud.

Law: sockets and threads, nothing of what is said on them. One daemon thread per connection, a bounded number
of connections; a delay is waited for outside every lock; stopping closes every connection at once.
"""

from __future__ import annotations

import itertools
import json
import socket
import socketserver
import threading
from typing import Any

from aws_executors.local.cloud import Cloud
from aws_executors.local.control import ROOT, Control
from aws_executors.local.key import check_key, has_key, is_for_us, is_loopback
from aws_executors.local.metadata import is_metadata, metadata
from aws_executors.local.wire import Request, http, parse_call, read_request, render, service_of
from aws_executors.local.world import Answer
from aws_executors.local.world.values import ServiceError

MAX_CONNECTIONS = 2048
NO_KEY = "the key of this start is missing: Authorization: Bearer, and the AWS_ACCESS_KEY_ID that it printed"


def forbidden(why: str) -> bytes:
    """The answer to somebody who is no caller of ours."""
    return http(403, json.dumps({"error": why}).encode(), "application/json", {})


def check_loopback(host: str) -> None:
    """Refuse an address that other machines could reach: commands run here."""
    if not is_loopback(host):
        raise ValueError(
            f"host {host!r}: the embedded AWS runs whatever it is sent, so it listens on loopback only"
        )


class ConnectionHandler(socketserver.StreamRequestHandler):
    """One connection: request after request until an end."""

    disable_nagle_algorithm = True

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        try:
            while (request := read_request(self.rfile, self.wfile)) is not None:
                reply = server.reply(request)
                if reply is None:
                    return
                self.wfile.write(reply)
                if request.closes:
                    return
        except OSError:
            return  # the client, or our own end, closed the connection: there is nobody to tell


class Server(socketserver.ThreadingTCPServer):
    """The listening socket; `url` says where. Who does not have the `key` is refused."""

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
        """Begin to accept."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more and close what is open."""
        self._ending.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._open):
            self.shutdown_request(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give a connection its thread; one too many is closed."""
        if len(self._open) >= MAX_CONNECTIONS:
            self.shutdown_request(request)
            return
        self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection and let go of it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(request)

    def reply(self, request: Request) -> bytes | None:
        """The bytes that answer a request, after their delay, or None for a connection that just closes."""
        if not is_for_us(request.headers):
            return forbidden(f"Host {request.headers.get('host', '')!r} is no address of this machine")
        if request.path.startswith(ROOT.rstrip("/")):
            known = has_key(request.headers, self._key)
            return self._control.reply(request) if known else forbidden(NO_KEY)
        if is_metadata(request.path):
            return metadata(request.path)
        if self._kept is not None:
            self._kept.append(request)
        service, action = service_of(request), ""
        try:
            check_key(service, request.headers, self._key)
            call = parse_call(request)
            action = call.action
            answer = self._cloud.call(call)
        except ServiceError as refusal:
            answer = Answer(refusal.status, {"message": refusal.message, **refusal.extra}, refusal.code)
        if answer.delay:
            self._ending.wait(answer.delay)
        return render(service, action, answer, next(self._numbers)) if answer.delivered else None
