"""Make a boto3 session with the credentials of boto3's own chain or of an Airflow connection.

Law: keeps credentials in botocore's session only, and makes no call to AWS before the session's first call:
then a role is assumed, and assumed again before its credentials expire.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

import boto3
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.loaders import Loader, create_loader
from botocore.session import Session as BotocoreSession
from pydantic import SecretStr
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.errors import AwsExecutorsError
from aws_executors.core.redact.values import mask
from aws_executors.core.settings.types import http_url
from aws_executors.shell.airflow.configuration.connection import (
    CONN_TYPE,
    Connection,
    Extra,
    from_airflow,
    honoured,
)
from aws_executors.shell.aws.call import call_aws
from aws_executors.shell.aws.client.parser import QuickParsers
from aws_executors.shell.aws.client.response_limits import bounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A session to make clients of; `region` and `endpoint_url` are the connection's, None if it has none."""

    session: boto3.Session
    region: str | None = None
    endpoint_url: str | None = None


NOT_FOUND = "AirflowNotFoundException"

USUALLY_VALID = 3600
"""Seconds for which a role's credentials are valid by default. Source: STS API, AssumeRole."""

LONG_VALID = 45 * 60
"""Seconds of validity, a third of which are the 15 minutes by which botocore renews credentials early."""

ConnectionReader = Callable[[str], Connection]
"""Looks up a connection by its id; may raise anything."""


def access(
    conn_id: str, region: str, config: Config, read: ConnectionReader = from_airflow
) -> Result[Access, AwsError]:
    """The access to AWS: by boto3's own chain if `conn_id` is empty, by the Airflow connection otherwise.

    `region` is where a role is assumed, and `config` has the timeouts of the AssumeRole call. Any fault of a
    connection is a `Kind.CREDENTIALS` error, because it can be corrected while the scheduler runs.

    >>> access("", "us-east-1", Config()).unwrap().endpoint_url is None
    True
    >>> written = Connection(conn_id="aws_prod", login="AKIA", password="...")
    >>> opened = access("aws_prod", "us-east-1", Config(), lambda conn_id: written).unwrap()
    >>> opened.session.get_credentials().method
    'explicit'
    """
    if not conn_id:
        return call_aws(lambda: _by(_core(None)))
    return _found(conn_id, read).bind(partial(_opened, region, config))


def _found(conn_id: str, read: ConnectionReader) -> Result[Connection, AwsError]:
    try:
        return Success(read(conn_id))
    except Exception as error:  # noqa: BLE001 - a secrets backend may raise anything, and can be repaired
        name, problem = type(error).__name__, mask(str(error))
    missing = name == NOT_FOUND
    return Failure(
        AwsError(
            kind=Kind.CREDENTIALS,
            code=name,
            message=f"Airflow has no connection {conn_id!r}"
            if missing
            else f"connection {conn_id!r} could not be read: {problem}",
            remedy=f"add a connection {conn_id!r} of type {CONN_TYPE!r} to Airflow, or leave conn_id empty"
            if missing
            else "check that Airflow's secrets backends and database answer where the scheduler runs",
        )
    )


def _opened(region: str, config: Config, found: Connection) -> Result[Access, AwsError]:
    return honoured(found).bind(
        lambda extra: call_aws(
            lambda: replace(
                _by(_session(found, extra, region, config)),
                region=extra.region_name,
                endpoint_url=extra.endpoint_url,
            )
        )
    )


def _by(core: BotocoreSession) -> Access:
    return Access(session=boto3.Session(botocore_session=core))


def _session(found: Connection, extra: Extra, region: str, config: Config) -> BotocoreSession:
    base = _core(extra.profile_name)
    key = found.login or extra.aws_access_key_id
    secret = found.password or _text(extra.aws_secret_access_key)
    if key and secret:
        base.set_credentials(key, secret, _text(extra.aws_session_token))
    return base if extra.role_arn is None else _assumed(base, extra, extra.role_arn, region, config)


def _core(profile: str | None) -> BotocoreSession:
    core = BotocoreSession()
    core.register_component("response_parser_factory", QuickParsers())
    if profile is not None:
        core.set_config_variable("profile", profile)
    core.register_component("data_loader", _models(core.get_config_variable("data_path")))
    return core


@cache
def _models(data_path: str | None) -> Loader:
    """botocore's models of AWS's services, read from disk once for all sessions of this process.

    Otherwise each session would read them, which takes longer than anything else it does: 0.4 s for EC2.
    """
    return create_loader(data_path)


def _text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _assumed(
    base: BotocoreSession, extra: Extra, role_arn: str, region: str, config: Config
) -> BotocoreSession:
    """A session with the role's credentials, fetched at the first call and renewed before they expire.

    The AssumeRole call goes to STS itself, as in the Amazon provider, never to the connection's
    `endpoint_url`, which is an address of ECS or Batch.
    """
    source = base.get_credentials()
    if source is None:
        raise NoCredentialsError
    also = extra.assume_role_kwargs.model_dump(exclude_none=True)
    if extra.external_id is not None:
        also.setdefault("ExternalId", extra.external_id)
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=lambda service, **keys: governed(
            base.create_client(service, region_name=region, config=config, **keys)
        ),
        source_credentials=source,
        role_arn=role_arn,
        extra_args=also,
    )
    core = _core(extra.profile_name)
    seconds = extra.assume_role_kwargs.DurationSeconds or USUALLY_VALID
    core.get_component("credential_provider").providers.insert(0, _Role(fetcher, seconds))
    return core


class AddressError(AwsExecutorsError, BotoCoreError):
    """A service's address, from any source that botocore reads, to which no call may go."""

    fmt = "the address of {service} {problem}; see endpoint_url, AWS_ENDPOINT_URL and AWS's configuration"


def governed(client: BaseClient) -> BaseClient:
    """Limit the answers to this client's calls; raises `AddressError` if its address is not a `http_url`."""
    try:
        http_url(client.meta.endpoint_url)
    except ValueError as error:
        raise AddressError(service=client.meta.service_model.service_name, problem=error) from None
    bounded(client)
    return client


class _Role(CredentialProvider):
    """botocore's credential provider for one role."""

    METHOD: str | None = "airflow-connection"
    CANONICAL_NAME: str | None = "AirflowConnection"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher, seconds: int) -> None:
        super().__init__()
        self._fetcher = fetcher
        self._seconds = seconds

    def load(self) -> DeferredRefreshableCredentials:
        return _RoleCredentials(self._fetcher, self._seconds)


class _RoleCredentials(DeferredRefreshableCredentials):
    """Credentials valid for `seconds`, renewed when a third of that time, 15 minutes at most, is left.

    botocore itself renews all credentials 15 minutes before their end, and so renews those that are valid for
    15 minutes or less before every single call.
    """

    def __init__(self, fetcher: AssumeRoleCredentialFetcher, seconds: int) -> None:
        super().__init__(fetcher.fetch_credentials, "airflow-connection")
        self._part = min(1.0, seconds / LONG_VALID)

    def refresh_needed(self, refresh_in: int | None = None) -> bool:
        return super().refresh_needed(None if refresh_in is None else round(refresh_in * self._part))
