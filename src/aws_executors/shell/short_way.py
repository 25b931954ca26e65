"""A call's shorter way, from botocore's finished request to its read answer.

Law: botocore makes the request (endpoint, protocol, idempotency token), signs it with its own signer and
credentials, and takes the answer. In between this goes around its layers for streams, redirects, retries and
proxies, of which a JSON call needs nothing and which are half of its CPU. Where one is needed (a proxy, a
debug log), the call goes botocore's own way. The door is botocore's event ``before-call``, by which a handler
may answer in its stead. Source: ``botocore/client.py``, `_make_api_call`; ``endpoint.py``.
"""

import logging
import os
import ssl
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.client import BaseClient
from botocore.hooks import first_non_none_response
from botocore.httpsession import get_cert_path
from botocore.model import OperationModel, Shape
from botocore.parsers import ResponseParser
from botocore.signers import RequestSigner
from botocore.utils import get_environ_proxies
from urllib3.util.ssl_ import create_urllib3_context

from aws_executors.shell.answers import refuse_empty
from aws_executors.shell.http import Answer, Connections
from aws_executors.shell.parsing import JSON_PROTOCOLS, QuickParsers

botocores = logging.getLogger("botocore")


def shorten(
    client: BaseClient, *, ca_bundle: str | None, connect_timeout: float, read_timeout: float, kept: int
) -> bool:
    """Let the calls of this client go the short way from now on; False where they can not.

    `ca_bundle` is the option of AWS's configuration, the others are those of `Connections`. Handlers that are
    registered on the client, now or later, for ``before-call``, ``before-sign`` and ``before-send`` are asked
    as ever, and may answer (botocore's Stubber does, and moto).
    """
    url, model = client.meta.endpoint_url, client.meta.service_model
    if model.resolved_protocol not in JSON_PROTOCOLS or get_environ_proxies(url):
        return False
    try:
        trust = _trust(ca_bundle) if urlsplit(url).scheme == "https" else None
    except OSError:
        return False  # there is no such bundle: botocore says so at the first call
    way = _ShortWay(
        client,
        Connections(url, connect_timeout=connect_timeout, read_timeout=read_timeout, kept=kept, trust=trust),
    )
    # The stubs know handlers that only listen.
    handler = cast("Callable[..., None]", way)
    client.meta.events.register_last(f"before-call.{model.service_id.hyphenize()}", handler)
    return True


class _ShortWay:
    def __init__(self, client: BaseClient, connections: Connections) -> None:
        meta = client.meta
        self._events = meta.events
        self._netloc = urlsplit(meta.endpoint_url).netloc
        self._service = meta.service_model.service_id.hyphenize()
        self._connections = connections
        self._parser = QuickParsers().create_parser(meta.service_model.resolved_protocol)

    def __call__(
        self,
        model: OperationModel,
        params: Mapping[str, Any],
        request_signer: RequestSigner,
        context: dict[str, Any],
        **_: object,
    ) -> tuple[Answer, dict[str, Any]] | None:
        """botocore's handler of ``before-call``: the answer and what it says, or None: call yourself."""
        parts = urlsplit(params["url"])
        if (
            parts.netloc != self._netloc
            or not isinstance(params["body"], bytes)
            or botocores.isEnabledFor(logging.DEBUG)
        ):
            return None
        # With the host among the headers, the signer need not find it out twice.
        headers = {"Host": parts.netloc, **params["headers"]}
        request = _Ready(params["method"], params["url"], headers, params["body"])
        request.context = context
        request_signer.sign(model.name, request)
        answer = self._answered(model.name, request) or self._connections.send(
            params["method"],
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            dict(request.headers.items()),
            params["body"],
        )
        return answer, _read(self._parser, answer, model)

    def _answered(self, operation: str, request: "_Ready") -> Answer | None:
        """The answer of somebody who answers in AWS's stead, if there is anybody."""
        given = self._events.emit(f"before-send.{self._service}.{operation}", request=request.prepare())
        response = first_non_none_response(given)
        if response is None:
            return None
        return Answer(response.status_code, response.headers, response.content)


class _Ready(AWSRequest):
    """A request whose body is what it is: botocore's own would prepare itself anew for each look at it."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(method, url, headers)
        self._prepared = AWSPreparedRequest(method, url, self.headers, body, stream_output=False)

    def prepare(self) -> AWSPreparedRequest:
        """This request, ready to be sent."""
        return self._prepared


def _read(parser: ResponseParser, answer: Answer, model: OperationModel) -> dict[str, Any]:
    response = {"status_code": answer.status_code, "headers": answer.headers, "body": answer.content}
    parsed = cast("dict[str, Any]", parser.parse(response, cast("Shape", model.output_shape)))
    if answer.status_code < 300:
        refuse_empty(model, parsed)
        return parsed
    # What an error's own shape has beside code and message: the resources of a conflict.
    shape = cast(
        "Shape | None", model.service_model.shape_for_error_code(parsed.get("Error", {}).get("Code"))
    )
    return parsed if shape is None else parsed | cast("dict[str, Any]", parser.parse(response, shape))


def _trust(ca_bundle: str | None) -> ssl.SSLContext:
    """What botocore trusts, as it speaks. Source: ``botocore/endpoint.py``, `_get_verify_value`;
    ``httpsession.py``; ``urllib3/util/ssl_.py``, `ssl_wrap_socket`."""
    named = ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE", os.environ.get("CURL_CA_BUNDLE"))
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.load_verify_locations(named or get_cert_path(verify=True))
    context.set_alpn_protocols(["http/1.1"])
    return context
