"""The little of S3 that is there: conditions, encryption, errors, a bucket that is denied, what is kept."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

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


@pytest.mark.parametrize("encoding", ["url", None])
def test_a_list_has_the_etags_of_a_prefix(s3: S3Client, encoding: Any) -> None:
    keys = ["w/a b-1", "w/a&b-2", "w/x/c", "other"]
    etags = {key: s3.put_object(Bucket="b", Key=key, Body=key.encode())["ETag"] for key in keys}
    answer = s3.list_objects_v2(Bucket="b", Prefix="w/", **({"EncodingType": encoding} if encoding else {}))
    # botocore decodes the keys, unless it was asked for an encoding.
    decoded = unquote if encoding else str
    found = {decoded(one["Key"]): one["ETag"] for one in answer["Contents"]}
    assert list(found) == sorted(keys[:3])
    assert found == {key: etags[key] for key in keys[:3]}
    (first, *_) = answer["Contents"]
    assert (first["Size"], first["LastModified"].tzinfo is not None) == (len(keys[0]), True)
    assert (answer["KeyCount"], answer["IsTruncated"], answer["Prefix"]) == (3, False, "w/")


def test_a_long_list_comes_in_pages(s3: S3Client) -> None:
    keys = [f"w/{number:04}" for number in range(5)]
    for key in keys:
        s3.put_object(Bucket="b", Key=key)
    pages = list(
        s3.get_paginator("list_objects_v2").paginate(
            Bucket="b", Prefix="w/", PaginationConfig={"PageSize": 2}
        )
    )
    assert [page["KeyCount"] for page in pages] == [2, 2, 1]
    assert [one["Key"] for page in pages for one in page["Contents"]] == keys
    assert s3.list_objects_v2(Bucket="b", Prefix="none")["KeyCount"] == 0


def test_a_list_that_is_denied_and_one_that_is_not_there(s3: S3Client, aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.list_objects(Bucket="b")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.list_objects_v2(Bucket="none")
    aws.faults.deny_bucket("b")
    with pytest.raises(ClientError, match="s3:ListBucket") as denied:
        s3.list_objects_v2(Bucket="b")
    assert refusal(denied.value) == ("AccessDenied", 403)


def test_a_write_that_lands_late_is_overtaken_or_not(s3: S3Client, aws: LocalAws) -> None:
    first = s3.put_object(Bucket="b", Key="a", Body=b"1")["ETag"]
    aws.faults.land_late("s3.PutObject", 0.3)
    with pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket="b", Key="a", Body=b"late", IfMatch=first)
    assert aws.objects("b")["a"] == b"1"
    until(lambda: aws.objects("b")["a"] == b"late")
    second = s3.get_object(Bucket="b", Key="a")["ETag"]
    aws.faults.land_late("s3.PutObject", 0.3)
    with pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket="b", Key="a", Body=b"too late", IfMatch=second)
    s3.put_object(Bucket="b", Key="a", Body=b"2", IfMatch=second)
    aws.faults.land_late("s3.PutObject", 0.4)
    with pytest.raises(ConnectionClosedError):
        s3.put_object(Bucket="b", Key="end", Body=b"")
    until(lambda: "end" in aws.objects("b"))
    assert aws.objects("b")["a"] == b"2"
    assert aws.calls()["s3.PutObject"]["lost"] == 3


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


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
    with opener.open(f"{aws.url}/v4/0f1e/task", timeout=60) as answer:
        assert json.load(answer)["TaskARN"].rpartition("/")[2] == "0f1e"
