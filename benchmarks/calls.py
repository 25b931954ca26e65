"""Measure a whole call over a socket: by boto3's own client, and by ours.

Law: CPU of the calling thread, so that neither the network nor the server counts. The server has one answer.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore import xform_name
from botocore.session import Session

from aws_executors.core.settings.base import Settings
from aws_executors.shell.aws.client.clients import Clients
from benchmarks import subjects as names


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """A server on loopback that answers every request with this; its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # buffered, so that the whole answer is sent at once

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def whole_calls(
    service: str,
    operation: str,
    kwargs: Mapping[str, Any],
    settings: Settings,
    answer: bytes,
    best: Callable[..., float],
) -> dict[str, float]:
    """CPU seconds of one call, by boto3's client and by ours; `best` measures a function by a clock."""
    method = xform_name(operation)
    with answering(answer) as url:
        plain: Any = Session().create_client(service, region_name=names.REGION, endpoint_url=url)
        clients = Clients(settings.model_copy(update={"endpoint_url": url}))
        ask: Any = getattr(clients, service)

        def ours() -> None:
            ask(lambda client: getattr(client, method)(**kwargs)).unwrap()

        return {
            "botocore: a whole call, sent": best(
                partial(getattr(plain, method), **kwargs), clock=time.thread_time
            ),
            "ours: a whole call, sent": best(ours, clock=time.thread_time),
        }
