"""The little of S3 that is there: conditions, encryption, errors, a bucket that is denied, what is kept."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from aws_executors.local import LocalAws

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EMPTY = '"d41d8cd98f00b204e9800998ecf8427e"'  # the MD5 of nothing, as RFC 1321 has it


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(keep_requests=True) as cloud:
        yield cloud


@pytest.fixture
def s3(aws: LocalAws) -> S3Client:
    once = Config(retries={"total_max_attempts": 1})
    client: S3Client = boto3.Session(region_name="us-east-1").client("s3", endpoint_url=aws.url, config=once)
    client.create_bucket(Bucket="b")
    return client


def refusal(error: ClientError) -> tuple[str, int]:
    return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


def test_what_is_put_can_be_got_and_deleted(s3: S3Client, aws: LocalAws) -> None:
    put = s3.put_object(Bucket="b", Key="w/a b-1", Body=b"one", ServerSideEncryption="AES256")
    got = s3.get_object(Bucket="b", Key="w/a b-1")
    assert got["Body"].read() == b"one"
    assert put["ETag"] == got["ETag"] == '"f97c5d29941bfb1b2fdab0874906ab82"'
    assert put["ServerSideEncryption"] == got["ServerSideEncryption"] == "AES256"
    assert aws.objects("b") == {"w/a b-1": b"one"}
    assert s3.delete_object(Bucket="b", Key="w/a b-1")["ResponseMetadata"]["HTTPStatusCode"] == 204
    s3.delete_object(Bucket="b", Key="w/a b-1")
    assert aws.objects("b") == {}


def test_an_etag_is_the_md5_only_under_s3_s_own_keys(s3: S3Client) -> None:
    assert s3.put_object(Bucket="b", Key="a", Body=b"")["ETag"] == EMPTY
    assert s3.put_object(Bucket="b", Key="a", Body=b"", ServerSideEncryption="aws:kms")["ETag"] != EMPTY


def test_a_key_of_kms_is_answered_as_s3_does(s3: S3Client, aws: LocalAws) -> None:
    s3.put_object(
        Bucket="b",
        Key="a",
        Body=b"1",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId="alias/k",
        BucketKeyEnabled=True,
    )
    got = s3.get_object(Bucket="b", Key="a")
    assert got["Body"].read() == b"1"
    assert (got["ServerSideEncryption"], got["SSEKMSKeyId"], got["BucketKeyEnabled"]) == (
        "aws:kms",
        "arn:aws:kms:us-east-1:123456789012:alias/k",
        True,
    )
    aws.faults.deny_key("alias/k")
    with pytest.raises(ClientError, match=r"not authorized to perform: kms:Decrypt on resource") as read:
        s3.get_object(Bucket="b", Key="a")
    with pytest.raises(ClientError, match=r"kms:GenerateDataKey on resource: alias/k") as write:
        s3.put_object(Bucket="b", Key="a", Body=b"2", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/k")
    assert refusal(read.value) == refusal(write.value) == ("AccessDenied", 403)
    aws.faults.clear()
    assert s3.get_object(Bucket="b", Key="a")["Body"].read() == b"1"


def test_a_key_of_kms_without_kms_is_a_mistake(s3: S3Client) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="b", Key="a", Body=b"", ServerSideEncryption="AES256", SSEKMSKeyId="alias/k")
    assert refusal(error.value) == ("InvalidArgument", 400)


@pytest.mark.parametrize(
    ("there", "condition", "expected"),
    [
        (False, {"IfNoneMatch": "*"}, None),
        (True, {"IfNoneMatch": "*"}, ("PreconditionFailed", 412)),
        (False, {"IfMatch": EMPTY}, ("NoSuchKey", 404)),
        (True, {"IfMatch": EMPTY}, None),
        (True, {"IfMatch": '"0f1e"'}, ("PreconditionFailed", 412)),
        (True, {"IfNoneMatch": EMPTY}, ("NotImplemented", 501)),
        (True, {}, None),
    ],
)
def test_a_write_under_a_condition(
    s3: S3Client, aws: LocalAws, there: bool, condition: dict[str, Any], expected: tuple[str, int] | None
) -> None:
    if there:
        s3.put_object(Bucket="b", Key="a", Body=b"")
    if expected is None:
        s3.put_object(Bucket="b", Key="a", Body=b"new", **condition)
        assert aws.objects("b") == {"a": b"new"}
        return
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="b", Key="a", Body=b"new", **condition)
    assert refusal(error.value) == expected
    assert aws.objects("b") == ({"a": b""} if there else {})


def test_what_is_not_there(s3: S3Client) -> None:
    with pytest.raises(ClientError) as no_key:
        s3.get_object(Bucket="b", Key="a")
    with pytest.raises(ClientError) as no_bucket:
        s3.get_object(Bucket="c-c", Key="a")
    assert [refusal(one.value) for one in (no_key, no_bucket)] == [("NoSuchKey", 404), ("NoSuchBucket", 404)]


def test_a_bucket_that_is_denied(s3: S3Client, aws: LocalAws) -> None:
    s3.put_object(Bucket="b", Key="a", Body=b"old")
    aws.faults.deny_bucket("b")
    with pytest.raises(ClientError, match=r"not authorized to perform: s3:PutObject on resource") as error:
        s3.put_object(Bucket="b", Key="a", Body=b"new")
    assert refusal(error.value) == ("AccessDenied", 403)
    aws.faults.clear()
    assert s3.get_object(Bucket="b", Key="a")["Body"].read() == b"old"


def test_faults_have_s3_s_words(s3: S3Client, aws: LocalAws) -> None:
    aws.faults.throttle("PutObject")
    aws.faults.lose_answer("PutObject")
    with pytest.raises(ClientError) as slow:
        s3.put_object(Bucket="b", Key="a", Body=b"1")
    assert refusal(slow.value) == ("SlowDown", 503)
    with pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket="b", Key="a", Body=b"2")
    assert aws.objects("b") == {"a": b"2"}
    aws.faults.expire_credentials(60)
    with pytest.raises(ClientError) as expired:
        s3.get_object(Bucket="b", Key="a")
    assert refusal(expired.value) == ("ExpiredToken", 400)


def test_requests_are_kept_only_if_asked_for(s3: S3Client, aws: LocalAws) -> None:
    s3.put_object(Bucket="b", Key="a", Body=b"the body")
    *_, last = aws.requests()
    assert (last.method, last.path, last.body) == ("PUT", "/b/a", b"the body")
    with LocalAws() as other, pytest.raises(ValueError, match="keep_requests=True"):
        other.requests()


def test_a_container_can_ask_which_task_it_is(aws: LocalAws) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{aws.url}/v4/0f1e/task", timeout=10) as answer:
        assert json.load(answer)["TaskARN"].rpartition("/")[2] == "0f1e"
