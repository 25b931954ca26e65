"""Read and check an Airflow connection of type ``aws``.

Law: never prints or logs what it reads. Airflow is imported only when a connection is read; the Amazon
provider is never imported, as only its table of keys would be used. A key without effect is rejected by name.
`shell/aws/client/credentials.py` applies the keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.settings.types import Url
from aws_executors.core.validation import Violation, unknown_name, violations

CONN_TYPE = "aws"
ROLE_SESSION = "aws-executors"
READ = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class AssumeRole(BaseModel):
    """Further parameters of the AssumeRole call, in AWS's spelling. Source: STS API, AssumeRole."""

    model_config = READ

    DurationSeconds: Annotated[int, Field(ge=900, le=43200)] | None = None
    ExternalId: str | None = None
    RoleSessionName: str = ROLE_SESSION
    SourceIdentity: str | None = None


class Extra(BaseModel):
    """The keys in the extra of an ``aws`` connection that have an effect here.

    Source: ``airflow/providers/amazon/aws/utils/connection_wrapper.py``; same names, same meanings.
    """

    model_config = READ

    aws_access_key_id: str | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_session_token: SecretStr | None = None
    region_name: str | None = None
    profile_name: str | None = None
    role_arn: str | None = None
    assume_role_method: Literal["assume_role"] = "assume_role"
    assume_role_kwargs: AssumeRole = AssumeRole()
    external_id: str | None = None
    endpoint_url: Url | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The fields of an Airflow connection that are used here."""

    conn_id: str
    conn_type: str = CONN_TYPE
    host: str = ""
    login: str = ""
    password: str = field(default="", repr=False)
    extra: Mapping[str, object] = field(default_factory=dict, repr=False)


def from_airflow(conn_id: str, team: str | None = None) -> Connection:
    """Look up a connection in Airflow's secrets backends, environment and database.

    Blocks until a backend answers. Raises ``AirflowNotFoundException``, and whatever a backend raises.
    Source: ``airflow/models/connection.py``, `get_connection_from_secrets`, which the scheduler uses.
    """
    from aws_executors.shell.airflow import compat

    found = compat.connection(conn_id, team)
    return Connection(
        conn_id=conn_id,
        conn_type=found.conn_type or "",
        host=found.host or "",
        login=found.login or "",
        password=found.password or "",
        extra=found.extra_dejson,
    )


def honoured(found: Connection) -> Result[Extra, AwsError]:
    """Validate the extra of a connection, without the empty values that a form leaves behind.

    The failure lists all errors and has `Kind.CREDENTIALS`, because a connection can be fixed while the
    scheduler runs.

    >>> honoured(Connection(conn_id="aws_prod", extra={"region_name": "eu-west-1"})).unwrap().region_name
    'eu-west-1'
    >>> print(honoured(Connection(conn_id="aws_prod", extra={"regionname": "x"})).failure().message)
    connection 'aws_prod': extra: 'regionname' is not known; did you mean 'region_name'? Allowed: ...
    """
    written = {key: value for key, value in found.extra.items() if value not in ("", None, {})}
    faults = _faults_of_login(found)
    try:
        extra = Extra.model_validate(written)
    except ValidationError as error:
        faults += map(_fault_of_extra, violations(error))
    else:
        faults += _faults_of_keys(found, extra)
        if not faults:
            return Success(extra)
    return Failure(
        AwsError(
            kind=Kind.CREDENTIALS,
            code="AirflowConnection",
            message=f"connection {found.conn_id!r}: {'; '.join(faults)}",
            remedy="change the connection in Airflow; it is re-read automatically",
        )
    )


def _faults_of_login(found: Connection) -> list[str]:
    checks = (
        (found.conn_type != CONN_TYPE, f"its type is {found.conn_type!r} and must be {CONN_TYPE!r}"),
        (bool(found.host), "host has no effect here; put the address into extra as 'endpoint_url'"),
        (bool(found.login) != bool(found.password), "login and password belong together: key id and secret"),
    )
    return [fault for wrong, fault in checks if wrong]


def _faults_of_keys(found: Connection, extra: Extra) -> list[str]:
    in_extra = (extra.aws_access_key_id, extra.aws_secret_access_key)
    keyed = bool(found.login) or all(in_extra)
    roled = extra.external_id is not None or extra.assume_role_kwargs != AssumeRole()
    checks = (
        (
            any(in_extra) and not all(in_extra),
            "extra: aws_access_key_id needs aws_secret_access_key, and vice versa",
        ),
        (bool(found.login) and any(in_extra), "keys stand in login and in extra; leave out one of them"),
        (
            extra.aws_session_token is not None and not keyed,
            "extra: aws_session_token needs keys beside it",
        ),
        (keyed and extra.profile_name is not None, "extra: profile_name and keys exclude each other"),
        (roled and extra.role_arn is None, "extra: external_id and assume_role_kwargs need a role_arn"),
    )
    return [fault for wrong, fault in checks if wrong]


def _fault_of_extra(found: Violation) -> str:
    model = AssumeRole if len(found.path) > 1 else Extra
    where = "extra" if model is Extra else f"extra, {found.path[0]}"
    if found.unknown:
        return f"{where}: {unknown_name(str(found.path[-1]), list(model.model_fields))}"
    return f"{where}: {found.path[-1]} {found.demand}"
