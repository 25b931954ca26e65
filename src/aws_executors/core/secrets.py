"""What must not be read by a person: the workload's token, and values whose names say that they are secret.

Law: texts and plain values in, the same without secrets out. Whatever shows a command, a request or a message
that may quote one goes through here first; nobody else knows what a secret looks like.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

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


# Source: ``airflow/_shared/secrets_masker``, DEFAULT_SENSITIVE_FIELDS; and the variables in which Airflow
# itself takes addresses that hold passwords.
WORDS = (
    "access_key",
    "access_token",
    "airflow_conn_",
    "api_key",
    "apikey",
    "authorization",
    "broker_url",
    "credential",
    "keyfile",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "result_backend",
    "secret",
    "service_account",
    "sql_alchemy_conn",
    "token",
)


def sensitive(name: str) -> bool:
    """Whether a variable of this name holds a secret, as far as a name can tell.

    >>> sensitive("DB_PASSWORD"), sensitive("AIRFLOW_CONN_PG"), sensitive("STAGE")
    (True, True, False)
    """
    plain = name.lower().replace("-", "_")
    return any(word in plain for word in WORDS)


def hidden(value: object) -> object:
    """The same plain value, with ``***`` for what stands below or beside a name that is sensitive.

    >>> hidden({"environment": [{"name": "API_KEY", "value": "abc"}, {"name": "STAGE", "value": "test"}]})
    {'environment': [{'name': 'API_KEY', 'value': '***'}, {'name': 'STAGE', 'value': 'test'}]}
    >>> hidden({"environment": {"API_KEY": "abc"}})
    {'environment': {'API_KEY': '***'}}
    """
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        return {
            name: MASK if _secret(name, part, members) else hidden(part) for name, part in members.items()
        }
    if isinstance(value, list | tuple):
        return [hidden(part) for part in cast("Iterable[object]", value)]
    return value


def secrets_in(value: object) -> Iterator[str]:
    """The texts that `hidden` would hide.

    >>> list(secrets_in({"environment": {"API_KEY": "abc", "STAGE": "test"}}))
    ['abc']
    """
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        for name, part in members.items():
            if _secret(name, part, members):
                yield str(part)
            else:
                yield from secrets_in(part)
    elif isinstance(value, list | tuple):
        for part in cast("Iterable[object]", value):
            yield from secrets_in(part)


def _secret(name: object, part: object, beside: Mapping[object, object]) -> bool:
    """Only texts are: what is a structure is looked into; and ``value`` is named by its neighbour."""
    named = beside.get("name") if name == "value" else name
    own = named not in PUBLIC and isinstance(named, str) and sensitive(named)
    return own and isinstance(part, str)


PUBLIC = frozenset({"clientToken"})
"""Names with a word of `WORDS` whose values are no secrets: an ECS request's own name."""
