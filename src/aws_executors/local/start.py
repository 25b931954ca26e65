"""`LocalAws`: the embedded AWS as one object.

Law: only starts and stops the parts.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from botocore.config import Config

from aws_executors.local import snapshots
from aws_executors.local.cloud import Cloud, MakeRunner
from aws_executors.local.http.control import Control
from aws_executors.local.http.key import new_key
from aws_executors.local.http.models import session
from aws_executors.local.http.server import Server, check_loopback
from aws_executors.local.http.wire import Request
from aws_executors.local.processes import Containers
from aws_executors.local.verbs import Faults
from aws_executors.local.world import Delays, Json, World, delays_named

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
NEAR = "127.0.0.1,localhost,::1"


class LocalAws:
    """ECS, Batch, Logs, SQS, EventBridge and a little of S3 on loopback, from `start` (or `with`) to `stop`.

    `port` 0 means a free port. At most `max_processes` containers run at once, others wait. `latency` is in
    seconds. `delays` is `none`, `fast`, `fargate` or a `Delays`; each step takes `time_factor` times as long.
    `container_env` are the image's variables. `path` is the containers' PATH (default: this interpreter's
    directory, then the system's). `runner` runs the containers (default: as processes). `keep_requests` keeps
    every request, for `requests`. A port in use raises OSError at `start`; other mistakes raise ValueError at
    once.

    Only requests with the `key`, which is new in each instance, are answered; `environment` and `client`
    contain it.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        max_processes: int = 4,
        seed: int = 0,
        latency: float = 0.0,
        delays: str | Delays = "none",
        container_env: Mapping[str, str] | None = None,
        path: str | None = None,
        time_factor: float = 1.0,
        real_limits: bool = False,
        region: str = "us-east-1",
        account: str = "123456789012",
        runner: MakeRunner = Containers,
        keep_requests: bool = False,
    ) -> None:
        check_loopback(host)
        if not 0 <= port < 65536:
            raise ValueError(f"port: expected 0 to 65535, got {port}")
        if max_processes < 1:
            raise ValueError(f"max_processes: expected at least 1, got {max_processes}")
        if not time_factor > 0:
            raise ValueError(f"time_factor: expected more than 0, got {time_factor}")
        self._address = host, port
        self._region = region
        self._world = World(
            seed, region, account, delays_named(delays), max_processes, time_factor=time_factor
        )
        self._base = {"PATH": path or f"{os.path.dirname(sys.executable)}:{SYSTEM_PATH}", "LANG": "C.UTF-8"}
        self._baked = dict(container_env or {})
        self._cloud = Cloud(self._world, runner)
        self._requests: list[Request] | None = [] if keep_requests else None
        self._server: Server | None = None
        self.key = new_key()
        self._begun = False
        self.faults = Faults(self._cloud)
        self.faults.latency(latency)
        self.faults.limits(real_limits)

    def __repr__(self) -> str:
        where = self._server.url if self._server else "not started"
        return f"<LocalAws {where} {self._cloud!r}>"

    def start(self) -> Self:
        """Listen and run tasks, once; OSError if the port is in use."""
        if self._begun:
            raise RuntimeError("LocalAws runs once: make another one")
        control = Control(self._cloud, self.faults)
        self._server = Server(*self._address, self._cloud, control, self.key, self._requests)
        self._begun = True
        atexit.register(self.stop)  # no container may outlive a program that does not call stop
        try:
            self._world.sqs.endpoint = self._server.url
            self._cloud.start({**self._base, **self.environment, **self._baked})
            self._server.start()
        except BaseException:  # if `start` fails, `with` does not call `stop`
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop listening and end every container; calling it again does nothing."""
        if self._server:
            self._server.stop()
            self._cloud.stop()
            self._server = None
            atexit.unregister(self.stop)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address; RuntimeError before `start` and after `stop`."""
        if self._server is None:
            raise RuntimeError("LocalAws is not started: use `with LocalAws() as aws` or call start()")
        return self._server.url

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which boto3 uses this AWS and no other, and no proxy."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.key,
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": NEAR,
            "no_proxy": NEAR,  # the lower-case variable would take precedence if the machine has set it
        }

    def client(self, service: str, *, connections: int = 10) -> Any:
        """A botocore client of a service, without retries; up to `connections` may be open at once."""
        config = Config(retries={"total_max_attempts": 1}, max_pool_connections=connections, proxies={})
        return session().create_client(
            service,
            region_name=self._region,
            endpoint_url=self.url,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.key,
            config=config,
        )

    def tasks(self) -> list[Json]:
        """Every ECS task that is still known, as DescribeTasks shows it (times in epoch seconds)."""
        return self._cloud.do(snapshots.tasks)

    def jobs(self) -> list[Json]:
        """Every job that is still known, as DescribeJobs shows it (times in epoch milliseconds)."""
        return self._cloud.do(snapshots.jobs)

    def billed(self) -> dict[str, int]:
        """The seconds on Fargate's bill of each ECS task, by its id, jobs' tasks too.

        Whole seconds from the start of the image pull until the containers' end, or until now, 60 at least,
        as AWS would count them, whatever `time_factor` is.
        """
        return self._cloud.do(snapshots.billed)

    def calls(self) -> dict[str, Json]:
        """The number of calls of each action (like `ecs.RunTask`), and how they ended."""
        return self._cloud.do(snapshots.calls)

    def changes(self) -> list[Json]:
        """The last 20,000 state changes of tasks and jobs, in order, in EventBridge's format."""
        return self._cloud.do(snapshots.changes)

    def objects(self, bucket: str) -> dict[str, bytes]:
        """The body of each object in a bucket, by key; KeyError if there is no such bucket."""
        return self._cloud.do(snapshots.objects)[bucket]

    def requests(self) -> list[Request]:
        """Every request received, with headers and body, in order; ValueError without `keep_requests`."""
        if self._requests is None:
            raise ValueError("requests are kept only if asked for: LocalAws(keep_requests=True)")
        return list(self._requests)

    def processes(self) -> dict[str, int]:
        """The process ids of the running containers, by `<task id>/<container name>`."""
        return self._cloud.containers.running()

    def wait_idle(self, seconds: float) -> bool:
        """Wait until every task is STOPPED and every job has ended; False if that takes longer."""
        until = time.monotonic() + seconds
        while not self._cloud.do(snapshots.idle):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True
