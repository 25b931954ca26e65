"""moto's server: an AWS that others wrote, and that knows nothing of us.

Law: a process of its own, so that nothing of it (it patches botocore) reaches ours; it listens on loopback
and ends when its standard input does, however we end. It refuses in XML whatever a service speaks, which no
client of a JSON service can read as an error of AWS: there its refusal is said in JSON, as AWS says it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT = "123456789012"
SERVER = """
import sys
from moto.core.config import default_user_config
from moto.core.exceptions import AccessDeniedError
from moto.iam import access_control
from moto.server import ThreadedMotoServer

def refusal(user_arn, action):
    error = AccessDeniedError(user_arn, action)
    if action.partition(":")[0] not in ("batch", "ecs", "logs"):
        return error
    error.error_type = "AccessDeniedException"
    return error.to_json()

access_control.AccessDeniedError = refusal
default_user_config["batch"] = {"use_docker": False}
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Moto:
    """What a test does with it."""

    url: str
    key: str = "anybody"
    secret: str = "anything"

    @property
    def environment(self) -> dict[str, str]:
        """What makes boto3 talk to it, and to nobody else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def client(self, service: str) -> Any:
        """A client of a service, without retries."""
        return client_of(service, self)

    def tell(self, path: str, said: str) -> None:
        """A call of moto's own API."""
        request = urllib.request.Request(
            f"{self.url}/moto-api/{path}", data=said.encode(), headers={"Content-Type": "text/plain"}
        )
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30):
            return

    def moves(self, model: str, **transition: object) -> None:
        """How the states of a model move: moto's own words for it."""
        self.tell("state-manager/set-transition", json.dumps({"model_name": model, "transition": transition}))

    def judges(self, after: float = 0) -> None:
        """From now on every call is judged by the caller's IAM policies; `after` that many more, if given."""
        self.tell("reset-auth", str(after))


@cache  # making one costs more than its calls do
def client_of(service: str, moto: Moto) -> Any:
    """The one client of a service at this moto, for this caller."""
    return boto3.Session(moto.key, moto.secret, region_name=REGION).client(
        service,  # type: ignore[call-overload]
        endpoint_url=moto.url,
        config=Config(retries={"total_max_attempts": 1}),
    )


@contextmanager
def moto_server() -> Iterator[Moto]:
    """One, for as long as a block lasts."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        try:
            yield Moto(process.stdout.readline().decode().strip())
        finally:
            process.kill()
