"""Accept an answer only if it belongs to this call, is whole by a deadline, and is not too long.

Law: HTTP, and nothing of AWS. botocore limits each pause within an answer, not the whole answer, and accepts
anything that comes over a connection that it has kept. So its connections get a stricter class of answers;
nothing else of it is changed. A rejected answer is an `OddAnswerError`: the call may have been carried out.
Source: RFC 9112, sections 6.3 and 9.2; ``http/client.py``, `HTTPResponse`; ``botocore/httpsession.py``.
"""

import io
import re
import socket
import time
from contextlib import suppress
from http.client import HTTPResponse
from typing import Any

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPSConnection
from botocore.client import BaseClient
from botocore.exceptions import HTTPClientError
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from aws_executors.core.errors import AwsExecutorsError

MOST = 64 * 2**20
"""The most bytes of one answer. AWS's longest answer, a hundred Batch jobs, is below a tenth of this."""

OLD = 120.0
"""Seconds since its last answer after which a connection is not used again. A NAT gateway drops it after 350
idle seconds, which shows only at the next request; whether AWS got that request is then unknown. Source:
https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
"""

NOT_MODIFIED = 304
_DIGITS = re.compile("[0-9]+")


class OddAnswerError(AwsExecutorsError, HTTPClientError):
    """What came over the connection cannot be exactly one whole answer to this call."""

    fmt = "{error}"


def bounded(client: BaseClient) -> None:
    """Accept an answer to this client's calls only if it is whole within the read timeout, in `MOST` bytes.

    The timeout counts from when the request has been sent. Interim answers, and answers that give their
    length in two ways, are rejected; a connection over which more than an answer has come is not used again.
    """
    # botocore offers no access to its connections other than the session that it has made for them.
    http: Any = client._endpoint.http_session  # type: ignore[attr-defined]
    http._pool_classes_by_scheme.update({"http": _Pool, "https": _SecurePool})


class _Bounded(io.RawIOBase):
    """Reads a socket until a deadline, and `MOST` bytes at most."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket) -> None:
        super().__init__()
        self._raw = raw
        self._connection = connection
        self.timeout = connection.gettimeout()
        self._until = None if self.timeout is None else time.monotonic() + self.timeout
        self._left = MOST
        self.over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if self.over:
            return 0
        if self._until is not None:
            seconds = self._until - time.monotonic()
            if seconds <= 0:
                raise TimeoutError("the answer was not whole in time")
            self._connection.settimeout(seconds)
        got: int | None = self._raw.readinto(buffer)
        self._left -= got or 0
        if self._left < 0:
            raise OddAnswerError(error=f"the answer is longer than {MOST} bytes")
        return got

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._connection = sock
        self._bounded = _Bounded(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._bounded)

    def begin(self) -> None:
        super().begin()
        lengths = {length.strip() for length in self.headers.get_all("content-length", ())}
        codings = self.headers.get_all("transfer-encoding", ())
        if self.status < 200 or self.status == NOT_MODIFIED:
            raise OddAnswerError(error=f"HTTP {self.status} {self.reason} is no answer to a call")
        if len(lengths) + len(codings) > 1 or [one for one in lengths if not _DIGITS.fullmatch(one)]:
            raise OddAnswerError(error="the answer says its length in more than one way")
        if codings and not self.chunked:  # otherwise it is read until the server closes, or time is up
            raise OddAnswerError(error=f"nobody asked for the transfer coding {codings[0]}")

    def _close_conn(self) -> None:
        self._bounded.over = True
        pending = getattr(self._connection, "pending", None)
        if self.fp.peek() or (pending is not None and pending()):
            # More came than this answer, and must not be taken for the next answer.
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self._connection.settimeout(self._bounded.timeout)  # the next request has the whole time again
        super()._close_conn()  # type: ignore[misc]  # the stubs do not have it


class _Kept:
    """A connection of botocore's that is used again only for `OLD` seconds after its last answer."""

    response_class = _Answer
    _answered = float("inf")

    def getresponse(self) -> Any:
        answer = super().getresponse()  # type: ignore[misc]  # of the class beside this one
        self._answered = time.monotonic()
        return answer

    @property
    def is_connected(self) -> bool:
        connected: bool = super().is_connected  # type: ignore[misc]
        return connected and time.monotonic() - self._answered < OLD


# What the stubs of botocore and urllib3 say of these classes does not fit together by itself.
class _Connection(_Kept, AWSHTTPConnection):  # type: ignore[misc]
    """To http://."""


class _SecureConnection(_Kept, AWSHTTPSConnection):  # type: ignore[misc]
    """To https://."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection  # type: ignore[assignment]


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection  # type: ignore[assignment]
