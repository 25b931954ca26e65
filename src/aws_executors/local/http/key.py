"""Authenticate requests: they must be addressed to this machine and signed with the key of this start.

Law: pure, except for the creation of a key. The embedded AWS runs the commands that it receives, so it must
keep out web pages in a browser (whose host name may resolve to loopback: DNS rebinding) and other users of
the machine. The access key id is the secret; signatures are not verified. Source: "Common error types" of the
services' API references; "Error responses", S3 API Reference.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from aws_executors.local.world.values import ServiceError

AUTHORIZATION = re.compile(r"(?:AWS4-HMAC-SHA256 Credential=([\w-]+)/.*|Bearer ([\w-]+))", re.ASCII)
UNSIGNED = ("MissingAuthenticationTokenException", "Missing Authentication Token")
UNKNOWN: Mapping[str, tuple[str, str]] = {
    "s3": ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
    "sts": ("InvalidClientTokenId", "The security token included in the request is invalid."),
}
UNKNOWN_ELSEWHERE = ("UnrecognizedClientException", "The security token included in the request is invalid.")


def new_key() -> str:
    """A random key in the form of an access key id."""
    return secrets.token_hex(16)


def is_loopback(name: str) -> bool:
    """Whether a host (an address or `localhost`) can only mean this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("example.com")
    (True, True, True, False)
    """
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_for_us(headers: Mapping[str, str]) -> bool:
    """Whether a request's Host header names an address of this machine.

    >>> is_for_us({"host": "127.0.0.1:4599"}), is_for_us({"host": "[::1]:4599"})
    (True, True)
    >>> is_for_us({"host": "rebound.example.com:4599"}), is_for_us({})
    (False, False)
    """
    try:
        return is_loopback(urlsplit(f"//{headers.get('host', '')}").hostname or "")
    except ValueError:
        return False


def has_key(headers: Mapping[str, str], key: str) -> bool:
    """Whether a request has the key, in a signature (version 4) or as a bearer token.

    >>> has_key({"authorization": "Bearer abc"}, "abc"), has_key({"authorization": "Bearer abd"}, "abc")
    (True, False)
    """
    found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    return found is not None and hmac.compare_digest(found[1] or found[2], key)


def check_key(service: str, headers: Mapping[str, str], key: str) -> None:
    """Reject a call without the key, with the error that the service gives for unknown credentials."""
    status = 403 if service in ("batch", "s3", "sqs", "sts") else 400
    if "authorization" not in headers:
        raise ServiceError(*UNSIGNED, status)
    if not has_key(headers, key):
        raise ServiceError(*UNKNOWN.get(service, UNKNOWN_ELSEWHERE), status)
