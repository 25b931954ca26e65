"""What must not be read by a person: the workload's token, wherever a text quotes it.

Law: text in, text out. Whatever shows a command, a request or a message that may quote one goes through
`mask` first; nobody else knows what a secret looks like.
"""

import re

MASK = "***"

# Header, payload and, unless the text was cut short, signature: base64url, and the header opens with `{"`.
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")

# "token": "...", in JSON, in JSON inside JSON (each quote escaped) and in a Python repr; to the closing
# quote of the same kind, or to the end of the line where the text was cut short.
_TOKEN = re.compile(
    r"""(?P<head>(?P<quote>\\*["'])token(?P=quote)\s*:\s*(?P=quote))(?:(?!(?P=quote))(?:\\.|.))*"""
)


def mask(text: str) -> str:
    r"""The same text without its secrets: every JWT and every value of a ``token`` key becomes ``***``.

    Never raises; masking twice changes nothing more. Source: RFC 7519 section 3; the workload's JSON as
    written by ``airflow/executors/workloads/base.py`` (``"token": "<JWT>"``).

    >>> mask('run --json-string {"token":"eyJhbGciOi.eyJzdWIi.c2ln","ti":{"task_id":"load"}}')
    'run --json-string {"token":"***","ti":{"task_id":"load"}}'
    >>> mask("Authorization: Bearer eyJhbGciOi.eyJzdWIi.c2ln refused")
    'Authorization: Bearer *** refused'
    >>> mask('"{\\"token\\": \\"abc\\", \\"a\\": 1}"')
    '"{\\"token\\": \\"***\\", \\"a\\": 1}"'
    """
    return _TOKEN.sub(rf"\g<head>{MASK}", _JWT.sub(MASK, text))
