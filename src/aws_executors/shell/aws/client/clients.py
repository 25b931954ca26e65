"""One boto3 client per service, made when it is first needed, and every call that goes through it.

Law: makes, keeps and drops clients; knows no operation. All threads share a client; making one is not
thread-safe and happens under a lock. botocore's own retries are off: the core decides whether and when to
repeat a call, and must see a throttled answer. Every call has a connect and a read timeout (C7).
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from botocore import __version__ as BOTOCORE
from botocore.client import BaseClient
from botocore.config import Config
from returns.pipeline import is_successful
from returns.result import Failure, Result, Success

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.settings.base import Settings
from aws_executors.shell.airflow.configuration.connection import from_airflow
from aws_executors.shell.aws.call import call_aws, watch_signing
from aws_executors.shell.aws.client.credentials import Access, ConnectionReader, access, governed
from aws_executors.shell.aws.client.parser import refuse_empty_answers

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

T = TypeVar("T")
ServiceName = Literal["batch", "ecs", "logs", "s3", "sqs"]
Clock = Callable[[], float]

CONNECT_TIMEOUT = 5.0
"""Seconds within which a connection must be made; `call_timeout` if that is shorter."""

READS = 4
"""How many connections are kept besides one per worker: logs and look-ups are read by other threads."""

LISTENERS = 8
"""How many threads may receive events at once."""

LONG_POLL = 20
"""Seconds for which SQS delays its answer while there is no message. Source: ReceiveMessage."""

REFRESH_EVERY = 10.0
"""The least number of seconds between two look-ups of credentials, which may go over the network."""


class Clients:
    """The boto3 clients of one executor.

    `ecs`, `batch`, `logs`, `s3` and `sqs` take a function of the client and call it; they wait for AWS and
    never raise. After a CREDENTIALS error the clients are dropped, so that the next call looks for
    credentials anew (a renewed file, a corrected connection), but at most once in `REFRESH_EVERY` seconds.
    A new `Clients` has no session, connection or thread yet.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
    >>> Clients(settings).batch(lambda client: client.meta.region_name)
    <Success: us-east-1>
    """

    def __init__(
        self, settings: Settings, *, read: ConnectionReader = from_airflow, clock: Clock = time.monotonic
    ) -> None:
        self._settings = settings
        self._read = read
        self._clock = clock
        self._lock = Lock()
        self._access: Access | None = None
        self._made: dict[ServiceName, Result[object, AwsError]] = {}
        self._refreshed: float | None = None

    def __repr__(self) -> str:
        made = ", ".join(sorted(self._made)) or "none"
        return f"<Clients of {self._settings.region}: {made}>"

    def ecs(self, call: "Callable[[ECSClient], T]") -> Result[T, AwsError]:
        """Call ECS; returns what `call` returned, or an error."""
        return self._ask("ecs", cast("Callable[[object], T]", call))

    def batch(self, call: "Callable[[BatchClient], T]") -> Result[T, AwsError]:
        """Call Batch; returns what `call` returned, or an error."""
        return self._ask("batch", cast("Callable[[object], T]", call))

    def logs(self, call: "Callable[[CloudWatchLogsClient], T]") -> Result[T, AwsError]:
        """Call CloudWatch Logs; returns what `call` returned, or an error."""
        return self._ask("logs", cast("Callable[[object], T]", call))

    def s3(self, call: "Callable[[S3Client], T]") -> Result[T, AwsError]:
        """Call S3; returns what `call` returned, or an error."""
        return self._ask("s3", cast("Callable[[object], T]", call))

    def sqs(self, call: "Callable[[SQSClient], T]") -> Result[T, AwsError]:
        """Call SQS; returns what `call` returned, or an error."""
        return self._ask("sqs", cast("Callable[[object], T]", call))

    def refresh(self) -> bool:
        """Drop all clients and the session; False if that was done less than `REFRESH_EVERY` seconds ago.

        A call that is under way keeps its client.
        """
        with self._lock:
            now = self._clock()
            if self._refreshed is not None and now - self._refreshed < REFRESH_EVERY:
                return False
            self._refreshed = now
            self._access = None
            self._made = {}
            return True

    def _ask(self, service: ServiceName, call: Callable[[object], T]) -> Result[T, AwsError]:
        made = self._made.get(service) or self._client(service)
        answer = call_aws(call, made.unwrap()) if is_successful(made) else Failure(made.failure())
        if not is_successful(answer) and answer.failure().kind is Kind.CREDENTIALS:
            self.refresh()
        return answer

    def _client(self, service: ServiceName) -> Result[object, AwsError]:
        """Make the client, or return an error; either result is kept until `refresh`."""
        with self._lock:
            made = self._made.get(service)
            if made is None:
                # Every error becomes CREDENTIALS: nothing was sent, and the cause can be corrected meanwhile.
                made = self._opened().bind(partial(self._make, service)).alt(_no_way)
                self._made[service] = made
        return made

    def _opened(self) -> Result[Access, AwsError]:
        if self._access is not None:
            return Success(self._access)
        settings = self._settings
        opened = access(settings.conn_id, settings.region, config(settings), self._read)
        if is_successful(opened):
            self._access = opened.unwrap()
        return opened

    def _make(self, service: ServiceName, way: Access) -> Result[object, AwsError]:
        return call_aws(lambda: client_of(way, service, self._settings))


def client_of(way: Access, service: str, settings: Settings, region: str = "") -> BaseClient:
    """A client of a service, by its name in boto3, in the section's Region unless another Region is given.

    The section's own service is called at its `endpoint_url`; the others where botocore finds them: at
    ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``, at an address in the ``services`` of AWS's configuration,
    or at their public addresses. Raises what botocore raises.
    """
    make: Callable[..., BaseClient] = way.session.client  # by a name known only at run time
    client = governed(
        make(
            service,
            region_name=region or settings.region or way.region,
            endpoint_url=_address(service, settings, way),
            config=config(settings, longest_wait=LONG_POLL if service == "sqs" else 0),
        )
    )
    watch_signing(client)
    if service != "sqs":  # SQS's answer is empty if there is no message
        refuse_empty_answers(client)
    return client


LOGS_TOO = "AWS_ENDPOINT_URL_LOGS"
"""The variable that people set in place of botocore's AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: boto3 says "logs"."""


def _address(service: str, settings: Settings, way: Access) -> str | None:
    if service == settings.service:
        return settings.endpoint_url or way.endpoint_url
    told = ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
    if service == "logs" and not any(os.environ.get(name) for name in told):
        return os.environ.get(LOGS_TOO) or None
    return None


def config(settings: Settings, longest_wait: int = 0) -> Config:
    """botocore's configuration: no retries, timeouts, and a connection for every worker. The service may
    delay an answer for `longest_wait` seconds.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> made = config(BatchSettings(region="us-east-1", job_name="a", job_queue="q", job_definition="d"))
    >>> made.retries, made.connect_timeout, made.read_timeout, made.max_pool_connections
    ({'total_max_attempts': 1, 'mode': 'standard'}, 5.0, 20.0, 36)
    """
    return Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=_connect_timeout(settings),
        read_timeout=settings.call_timeout + longest_wait,
        max_pool_connections=max(settings.workers + READS, LISTENERS),
        tcp_keepalive=True,
        parameter_validation=False,  # our own types have validated every request
        # Not `user_agent_extra`: botocore would build the rest of the text anew for every call.
        user_agent=f"aws-executors/{_version()} Botocore/{BOTOCORE}",
    )


def _connect_timeout(settings: Settings) -> float:
    return min(CONNECT_TIMEOUT, settings.call_timeout)


def _version() -> str:
    try:
        return version("aws-executors")
    except PackageNotFoundError:  # run from a checkout
        return "0"


def _no_way(error: AwsError) -> AwsError:
    remedy = error.remedy or "check region, endpoint_url and conn_id, and the AWS configuration beside them"
    return replace(error, kind=Kind.CREDENTIALS, remedy=remedy)
