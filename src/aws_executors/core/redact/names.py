"""Which names stand for secrets: of environment variables, members, options, headers.

Law: tables of words, and the one function that looks names up in them. A name too many hides one value of a
preview, a name too few shows a password: so the tables are wide.
"""

import re
from functools import lru_cache
from typing import cast

ANYWHERE = (
    "accesskey",
    "airflowconn",
    "apikey",
    "authorization",
    "brokerurl",
    "connectionstring",
    "connstr",
    "credential",
    "encryptionkey",
    "fernet",
    "jaas",
    "keyfile",
    "keytab",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "pgpass",
    "privatekey",
    "pwd",
    "resultbackend",
    "sasl",
    "secret",
    "serviceaccount",
    "signature",
    "signingkey",
    "sqlalchemyconn",
    "token",
    "webhook",
)
"""Texts that make a name secret wherever they are in it. Source: DEFAULT_SENSITIVE_FIELDS in
``airflow/_shared/secrets_masker``; Airflow's variables for addresses with passwords; what people use."""

WORDS = frozenset(
    {"bearer", "cookie", "cookies", "cred", "creds", "dsn", "jwt", "kubeconfig", "netrc", "pem"}
)
"""Words that make a name secret as one of its whole words."""

LAST = frozenset({"auth", "conn", "otp", "pass", "passes", "pin", "pw", "salt", "sas", "sig"})
"""Words that make a name secret as its last word: ``DB_PASS``, ``REDISCLI_AUTH``."""

OPEN_KEYS = frozenset(
    {
        "cache",
        "column",
        "dag",
        "dict",
        "event",
        "foreign",
        "group",
        "hash",
        "host",
        "idempotency",
        "index",
        "join",
        "kms",
        "lookup",
        "map",
        "message",
        "natural",
        "object",
        "partition",
        "primary",
        "public",
        "range",
        "registry",
        "routing",
        "row",
        "s3",
        "sort",
        "surrogate",
        "tag",
        "task",
        "translation",
        "unique",
        "variable",
        "xcom",
    }
)
"""Words before ``key`` that make a name harmless (``partition_key``); any other key is secret."""

ADDRESSES = frozenset({"url", "uri", "connection", "address"})
STORES = frozenset(
    {
        "amqp",
        "backend",
        "broker",
        "celery",
        "clickhouse",
        "database",
        "db",
        "hook",
        "jdbc",
        "mariadb",
        "mongo",
        "mongodb",
        "mssql",
        "mysql",
        "odbc",
        "oracle",
        "pg",
        "postgres",
        "postgresql",
        "rabbitmq",
        "redis",
        "snowflake",
        "sql",
        "sqlalchemy",
    }
)
"""What usually has its password in its address: ``DATABASE_URL``, ``MONGODB_URI``."""

HARMLESS = frozenset(
    {
        "algorithm",
        "audience",
        "count",
        "enabled",
        "expires",
        "expiry",
        "interval",
        "issuer",
        "length",
        "lifetime",
        "limit",
        "mechanism",
        "mechanisms",
        "required",
        "seconds",
        "size",
        "timeout",
        "ttl",
        "type",
    }
)
"""Last words of names whose values only describe a secret: ``token_lifetime``."""

PUBLIC = frozenset({"clientToken", "client_token", "nextToken", "next_token", "PWD", "OLDPWD"})
"""Names with a secret word whose values are no secrets: AWS's own, and the shell's working directory."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_LONGEST = 256


def sensitive(name: str) -> bool:
    """Whether the value of this name is probably a secret, by the name's last 256 characters.

    >>> sensitive("DB_PASSWORD"), sensitive("AIRFLOW_CONN_PG"), sensitive("FERNET_KEY"), sensitive("STAGE")
    (True, True, True, False)
    >>> sensitive("partition_key"), sensitive("token_lifetime"), sensitive("clientToken")
    (False, False, False)
    """
    return _holds_secret_cached(name[-_LONGEST:])


def _holds_secret(name: str) -> bool:
    words = [word.lower() for word in cast("list[str]", _WORD.findall(name))]
    if not words or name in PUBLIC or words[-1] in HARMLESS:
        return False
    last, plain = words[-1], "".join(words)
    if any(part in plain for part in ANYWHERE) or last in LAST or not WORDS.isdisjoint(words):
        return True
    if last in ("key", "keys"):
        return len(words) > 1 and words[-2] not in OPEN_KEYS
    return last in ADDRESSES and not STORES.isdisjoint(words)


_holds_secret_cached = lru_cache(2048)(_holds_secret)
