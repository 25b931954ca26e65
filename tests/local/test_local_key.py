"""Who is answered: nobody without the key of this start, and nobody who was led here by another name."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from aws_executors.local import LocalAws, start
from aws_executors.local.http import key

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    monkeypatch.setattr(start, "new_key", key.new_key)  # which the tests' environment replaces
    with LocalAws() as cloud:
        yield cloud


def get(aws: LocalAws, path: str, method: str = "GET", body: str = "", **headers: str) -> tuple[int, str]:
    """One raw request: status and text; `host` and `authorization` as they are given, or not at all."""
    where = urlsplit(aws.url)
    assert where.hostname
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    connection.putrequest(method, path, skip_host="host" in headers)
    for name, value in {**headers, "content-length": str(len(body))}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body.encode())
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_each_start_has_a_key_of_its_own(aws: LocalAws) -> None:
    other = LocalAws()
    assert other.key != aws.key
    assert len(aws.key) == 32
    assert aws.environment["AWS_ACCESS_KEY_ID"] == aws.environment["AWS_SECRET_ACCESS_KEY"] == aws.key
    assert aws.key not in repr(aws)


@pytest.mark.parametrize(
    ("service", "action", "params", "code"),
    [
        ("ecs", "list_clusters", {}, "UnrecognizedClientException"),
        ("ecs", "create_cluster", {"clusterName": "c"}, "UnrecognizedClientException"),
        ("batch", "describe_jobs", {"jobs": ["1"]}, "UnrecognizedClientException"),
        ("logs", "create_log_group", {"logGroupName": "/g"}, "UnrecognizedClientException"),
        ("s3", "create_bucket", {"Bucket": "bucket"}, "InvalidAccessKeyId"),
        ("sts", "get_caller_identity", {}, "InvalidClientTokenId"),
    ],
)
def test_other_keys_are_refused_and_nothing_is_done(
    service: str, action: str, params: dict[str, Any], code: str, aws: LocalAws
) -> None:
    session = boto3.Session("local", aws.key, region_name="us-east-1")
    once = Config(retries={"total_max_attempts": 1})
    client: Any = session.client(service, endpoint_url=aws.url, config=once)  # type: ignore[call-overload]
    with pytest.raises(ClientError) as refused:
        getattr(client, action)(**params)
    assert refused.value.response["Error"]["Code"] == code
    assert aws.calls() == {}


def test_the_environment_is_all_that_a_client_needs(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session()
    assert session.client("ecs").create_cluster(clusterName="c")["cluster"]["status"] == "ACTIVE"
    assert session.client("batch").describe_jobs(jobs=["1"])["jobs"] == []
    session.client("s3").create_bucket(Bucket="bucket")
    assert session.client("sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize(
    "authorization", ["", "x", "Bearer local", "Bearer \xe9", "AWS4-HMAC-SHA256 Credential=local/1/2/3/4"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_control/state"),
        ("GET", "/_control"),
        ("POST", "/_control/faults/throttle"),
        ("POST", "/_control/faults/clear"),
    ],
)
def test_control_is_for_who_has_the_key(method: str, path: str, authorization: str, aws: LocalAws) -> None:
    headers = {"authorization": authorization} if authorization else {}
    status, text = get(aws, path, method, '{"action": "RunTask"}', **headers)
    assert status == 403
    assert "AWS_ACCESS_KEY_ID" in json.loads(text)["error"]


def test_control_answers_who_has_the_key(aws: LocalAws) -> None:
    assert get(aws, "/_control/calls", authorization=f"Bearer {aws.key}") == (200, "{}")


@pytest.mark.parametrize(
    "host",
    ["rebound.example.com", "rebound.example.com:80", "127.0.0.1.example.com", "10.0.0.1", "", "[::1", "a@b"],
)
@pytest.mark.parametrize("path", ["/", "/_control/state", "/v1/describejobs", "/v4/1/task"])
def test_a_name_that_was_bent_to_loopback_is_refused(host: str, path: str, aws: LocalAws) -> None:
    status, text = get(aws, path, host=host, authorization=f"Bearer {aws.key}")
    assert (status, "no address of this machine" in text) == (403, True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost:1", "[::1]:1", "127.8.8.8"])
def test_this_machine_s_own_addresses_are_answered(host: str, aws: LocalAws) -> None:
    assert get(aws, "/_control/calls", host=host, authorization=f"Bearer {aws.key}")[0] == 200
