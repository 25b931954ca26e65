"""SQS: the laws of any SQS by boto3, and in virtual time what takes time; long polls against the server."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError, HTTPClientError
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.local import LocalAws
from aws_executors.local.world import Answer, World
from support.queue_laws import LAWS, Sqs, refused, taken
from support.samples import examples

if TYPE_CHECKING:
    from local.conftest import Virtual

SESSION = boto3.Session(region_name="us-east-1")
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/q"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def sqs(aws: LocalAws) -> Sqs:
    return aws.client("sqs")


@pytest.fixture
def url(sqs: Sqs, request: pytest.FixtureRequest) -> str:
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    return str(sqs.create_queue(QueueName=name[:70])["QueueUrl"])


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_any_sqs(sqs: Sqs, url: str, law: Callable[[Sqs, str], None]) -> None:
    law(sqs, url)


def test_a_long_poll_is_answered_when_a_message_comes(aws: LocalAws, sqs: Sqs, url: str) -> None:
    with ThreadPoolExecutor(1) as other:
        began = time.monotonic()
        polling = other.submit(taken, aws.client("sqs"), url, WaitTimeSeconds=20)
        time.sleep(0.1)
        assert not polling.done()
        sqs.send_message(QueueUrl=url, MessageBody="1")
        assert [one["Body"] for one in polling.result(60)] == ["1"]
        assert time.monotonic() - began < 20 / 2


def test_a_long_poll_is_answered_when_a_message_comes_back(aws: LocalAws, sqs: Sqs, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="1")
    (held,) = taken(sqs, url)
    with ThreadPoolExecutor(1) as other:
        polling = other.submit(taken, aws.client("sqs"), url, WaitTimeSeconds=20)
        time.sleep(0.05)
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=held["ReceiptHandle"], VisibilityTimeout=1)
        assert [one["Body"] for one in polling.result(60)] == ["1"]


def test_a_long_poll_ends_empty(sqs: Sqs, url: str) -> None:
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"ReceiveMessageWaitTimeSeconds": "1"})
    began = time.monotonic()
    assert sqs.receive_message(QueueUrl=url).get("Messages") is None
    assert 0.9 < time.monotonic() - began < 20


def test_a_long_poll_keeps_nobody_waiting_and_counts_once(aws: LocalAws, sqs: Sqs, url: str) -> None:
    before = aws.calls().get("sqs.ReceiveMessage", {"calls": 0})["calls"]
    with ThreadPoolExecutor(3) as others:
        client = aws.client("sqs")
        polling = [others.submit(taken, client, url, WaitTimeSeconds=20) for _ in range(3)]
        time.sleep(0.1)
        began = time.monotonic()
        assert aws.client("ecs").describe_clusters()["clusters"] == []
        assert time.monotonic() - began < 20 / 2
        for number in range(3):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
            time.sleep(0.05)
        bodies = [message["Body"] for one in polling for message in one.result(60)]
    assert sorted(bodies) == ["0", "1", "2"]
    assert aws.calls()["sqs.ReceiveMessage"]["calls"] == before + 3


def test_a_long_poll_of_a_queue_that_is_deleted(aws: LocalAws, sqs: Sqs, url: str) -> None:
    with ThreadPoolExecutor(1) as other:
        polling = other.submit(refused, aws.client("sqs").receive_message, QueueUrl=url, WaitTimeSeconds=20)
        time.sleep(0.05)
        sqs.delete_queue(QueueUrl=url)
        assert polling.result(60) == "AWS.SimpleQueueService.NonExistentQueue"


def test_a_long_poll_does_not_keep_the_server() -> None:
    with LocalAws() as cloud:
        client = cloud.client("sqs")
        own = client.create_queue(QueueName="q")["QueueUrl"]
        ended: list[type[BaseException]] = []

        def poll() -> None:
            with pytest.raises(HTTPClientError) as error:
                client.receive_message(QueueUrl=own, WaitTimeSeconds=20)
            ended.append(error.type)

        other = threading.Thread(target=poll)
        other.start()
        time.sleep(0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 20 / 2
    other.join(60)
    assert len(ended) == 1


def test_a_client_that_has_gone_takes_nothing(aws: LocalAws, sqs: Sqs, url: str) -> None:
    before = aws.calls().get("sqs.ReceiveMessage", {"calls": 0})["calls"]
    address = urlsplit(aws.url)
    gone = http.client.HTTPConnection(str(address.hostname), address.port)
    headers = {"Authorization": f"Bearer {aws.key}", "X-Amz-Target": "AmazonSQS.ReceiveMessage"}
    gone.request("POST", "/", json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}), headers)
    while aws.calls().get("sqs.ReceiveMessage", {"calls": 0})["calls"] == before:
        time.sleep(0.01)
    gone.close()
    sqs.send_message(QueueUrl=url, MessageBody="1")
    time.sleep(0.05)
    assert [one["Body"] for one in taken(sqs, url, WaitTimeSeconds=20)] == ["1"]


def test_faults_and_a_foreign_key_are_told_in_sqs_s_words(aws: LocalAws, sqs: Sqs, url: str) -> None:
    aws.faults.throttle("ReceiveMessage")
    assert refused(sqs.receive_message, QueueUrl=url) == "RequestThrottled"
    aws.faults.expire_credentials(60)
    assert refused(sqs.receive_message, QueueUrl=url) == "ExpiredToken"
    aws.faults.clear()
    stranger = SESSION.client(
        "sqs", endpoint_url=aws.url, aws_access_key_id="somebody", aws_secret_access_key="else"
    )
    with pytest.raises(ClientError) as error:
        stranger.receive_message(QueueUrl=url)
    found = error.value.response
    assert found["Error"]["Code"] == "InvalidClientTokenId"
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.fixture
def v(virtual: Callable[..., Virtual]) -> Virtual:
    """A world with a queue `q`."""
    made = virtual()
    made.call("sqs.CreateQueue", QueueName="q")
    return made


def send(v: Virtual, body: str = "1", **params: Any) -> str:
    return str(v.call("sqs.SendMessage", QueueUrl=URL, MessageBody=body, **params).body["MessageId"])


def receive(v: Virtual, **params: Any) -> list[Any]:
    names = ["All"]
    answer = v.call("sqs.ReceiveMessage", QueueUrl=URL, MessageSystemAttributeNames=names, **params)
    return list(answer.body.get("Messages", []))


def change(v: Virtual, handle: str, seconds: int) -> Answer:
    return v.call(
        "sqs.ChangeMessageVisibility", QueueUrl=URL, ReceiptHandle=handle, VisibilityTimeout=seconds
    )


def attributes(v: Virtual) -> dict[str, str]:
    found: dict[str, str] = v.call("sqs.GetQueueAttributes", QueueUrl=URL, AttributeNames=["All"]).body[
        "Attributes"
    ]
    return found


def test_a_message_comes_back_after_its_visibility_timeout(v: Virtual) -> None:
    send(v)
    (first,) = receive(v)
    v.wait(29.9)
    assert receive(v) == []
    v.wait(0.1)
    (second,) = receive(v, VisibilityTimeout=5)
    assert (first["MessageId"], first["Body"]) == (second["MessageId"], second["Body"])
    assert second["Attributes"] == {
        **first["Attributes"],
        "ApproximateReceiveCount": "2",
        "ApproximateFirstReceiveTimestamp": "1000000",
    }
    v.wait(5)
    assert len(receive(v)) == 1


def test_only_the_newest_handle_deletes(v: Virtual) -> None:
    send(v)
    (first,) = receive(v, VisibilityTimeout=1)
    v.wait(1)
    (second,) = receive(v)
    assert v.call("sqs.DeleteMessage", QueueUrl=URL, ReceiptHandle=first["ReceiptHandle"]).status == 200
    assert attributes(v)["ApproximateNumberOfMessagesNotVisible"] == "1"
    assert v.call("sqs.DeleteMessage", QueueUrl=URL, ReceiptHandle=second["ReceiptHandle"]).status == 200
    assert attributes(v)["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_what_is_held_can_be_held_longer_up_to_twelve_hours(v: Virtual) -> None:
    send(v)
    (held,) = receive(v)
    assert change(v, held["ReceiptHandle"], 60).status == 200
    v.wait(59)
    assert receive(v) == []
    refusal = change(v, held["ReceiptHandle"], 43200)
    assert refusal.error == "InvalidParameterValueException"
    assert "beyond the limit" in refusal.body["message"]
    v.wait(1)
    refusal = change(v, held["ReceiptHandle"], 60)
    assert "not available for visibility timeout change" in refusal.body["message"]
    assert len(receive(v)) == 1


def test_a_message_is_received_once_by_one_call(v: Virtual) -> None:
    send(v)
    (held,) = receive(v)
    change(v, held["ReceiptHandle"], 30)  # until the moment until which it was held anyway
    v.wait(30)
    assert len(receive(v, MaxNumberOfMessages=10)) == 1


def test_a_message_is_kept_as_long_as_the_queue_says(v: Virtual) -> None:
    v.call("sqs.SetQueueAttributes", QueueUrl=URL, Attributes={"MessageRetentionPeriod": "60"})
    send(v, "old")
    v.wait(30)
    send(v, "new")
    v.wait(30)
    assert attributes(v)["ApproximateNumberOfMessages"] == "1"
    assert [one["Body"] for one in receive(v, MaxNumberOfMessages=10)] == ["new"]
    v.wait(30)
    assert receive(v) == []
    assert v.world.sqs.queues["q"].messages == {}


def test_a_delayed_message_is_seen_later(v: Virtual) -> None:
    send(v, DelaySeconds=9)
    assert attributes(v)["ApproximateNumberOfMessagesDelayed"] == "1"
    v.wait(9)
    assert attributes(v)["ApproximateNumberOfMessagesDelayed"] == "0"
    assert len(receive(v)) == 1


def test_dead_letters_say_where_they_come_from(v: Virtual) -> None:
    v.call("sqs.CreateQueue", QueueName="dead")
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": "1"}
    answer = v.call("sqs.SetQueueAttributes", QueueUrl=URL, Attributes={"RedrivePolicy": json.dumps(redrive)})
    assert answer.status == 200
    send(v)
    assert len(receive(v, VisibilityTimeout=0)) == 1
    assert receive(v) == []
    dead = v.call("sqs.ReceiveMessage", QueueUrl=f"{URL[:-1]}dead", AttributeNames=["All"]).body["Messages"]
    assert dead[0]["Attributes"]["DeadLetterQueueSourceArn"] == "arn:aws:sqs:us-east-1:123456789012:q"


def test_a_queue_is_not_its_own_dead_letter_queue(v: Virtual) -> None:
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:q", "maxReceiveCount": 1}
    given = {"RedrivePolicy": json.dumps(redrive)}
    refusal = v.call("sqs.SetQueueAttributes", QueueUrl=URL, Attributes=given)
    assert refusal.error == "InvalidParameterValueException"
    v.call("sqs.DeleteQueue", QueueUrl=URL)
    v.wait(60)
    assert (
        v.call("sqs.CreateQueue", QueueName="q", Attributes=given).error == "InvalidParameterValueException"
    )


def test_without_its_dead_letter_queue_a_message_stays(v: Virtual) -> None:
    v.call("sqs.CreateQueue", QueueName="dead")
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 1}
    v.call("sqs.SetQueueAttributes", QueueUrl=URL, Attributes={"RedrivePolicy": json.dumps(redrive)})
    v.call("sqs.DeleteQueue", QueueUrl=f"{URL[:-1]}dead")
    other = {"VisibilityTimeout": "9"}
    assert v.call("sqs.SetQueueAttributes", QueueUrl=URL, Attributes=other).error is None
    send(v)
    assert [len(receive(v, VisibilityTimeout=0)) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"VisibilityTimeout": "43201"}, "InvalidAttributeValue"),
        ({"VisibilityTimeout": "-1"}, "InvalidAttributeValue"),
        ({"ReceiveMessageWaitTimeSeconds": "21"}, "InvalidAttributeValue"),
        ({"MessageRetentionPeriod": "59"}, "InvalidAttributeValue"),
        ({"MaximumMessageSize": "1 MiB"}, "InvalidAttributeValue"),
        ({"Policy": "{"}, "InvalidAttributeValue"),
        ({"Policy": "7"}, "InvalidAttributeValue"),
        ({"RedrivePolicy": "{}"}, "InvalidAttributeValue"),
        ({"RedrivePolicy": '{"deadLetterTargetArn": "a", "maxReceiveCount": 0}'}, "InvalidAttributeValue"),
        (
            {
                "RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:x", '
                '"maxReceiveCount": 3}'
            },
            "InvalidParameterValueException",
        ),
        ({"QueueArn": "a"}, "InvalidAttributeName"),
        ({"Colour": "red"}, "InvalidAttributeName"),
        ({"FifoQueue": "true"}, "InvalidAttributeName"),
    ],
)
def test_an_attribute_that_cannot_be(v: Virtual, attributes: dict[str, str], error: str) -> None:
    set_ = v.call("sqs.SetQueueAttributes", QueueUrl=URL, Attributes=attributes)
    assert (set_.error, set_.status) == (error, 400)


def test_an_attribute_set_to_nothing_is_as_never_set(v: Virtual) -> None:
    v.call("sqs.SetQueueAttributes", QueueUrl=URL, Attributes={"Policy": "{}", "VisibilityTimeout": "9"})
    v.call("sqs.SetQueueAttributes", QueueUrl=URL, Attributes={"Policy": "", "VisibilityTimeout": ""})
    found = attributes(v)
    assert "Policy" not in found
    assert found["VisibilityTimeout"] == "30"


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"MessageBody": ""}, "MissingParameterException"),
        ({"MessageBody": "\x00"}, "InvalidMessageContents"),
        ({"MessageBody": "x" * 1_048_577}, "InvalidParameterValueException"),
        ({"MessageBody": "x", "DelaySeconds": 901}, "InvalidParameterValueException"),
        ({"MessageBody": "x", "MessageGroupId": "g"}, "UnsupportedOperation"),
    ],
)
def test_a_message_that_cannot_be(v: Virtual, params: dict[str, Any], error: str) -> None:
    assert v.call("sqs.SendMessage", QueueUrl=URL, **params).error == error
    assert receive(v) == []


def test_what_takes_a_minute_on_aws(v: Virtual) -> None:
    assert v.call("sqs.PurgeQueue", QueueUrl=URL).status == 200
    assert v.call("sqs.PurgeQueue", QueueUrl=URL).error == "PurgeQueueInProgress"
    v.wait(60)
    assert v.call("sqs.PurgeQueue", QueueUrl=URL).status == 200
    v.call("sqs.DeleteQueue", QueueUrl=URL)
    assert v.call("sqs.CreateQueue", QueueName="q").error == "QueueDeletedRecently"
    v.wait(60)
    assert v.call("sqs.CreateQueue", QueueName="q").status == 200


def test_only_the_path_of_a_url_counts_and_only_this_account_s(v: Virtual) -> None:
    send(v)
    for url in ("q", "http://127.0.0.1:9/123456789012/q", URL):
        assert v.call("sqs.GetQueueAttributes", QueueUrl=url).status == 200
    other = v.call("sqs.GetQueueAttributes", QueueUrl=URL.replace("123456789012", "210987654321"))
    assert other.error == "QueueDoesNotExist"
    assert v.call("sqs.CreateQueue", QueueName="q.fifo").error == "UnsupportedOperation"


@pytest.mark.parametrize(
    ("ids", "error"),
    [(["a b"], "InvalidBatchEntryId"), ([*map(str, range(11))], "TooManyEntriesInBatchRequest")],
)
def test_a_batch_that_cannot_be(v: Virtual, ids: list[str], error: str) -> None:
    entries = [{"Id": one, "ReceiptHandle": "x"} for one in ids]
    assert v.call("sqs.DeleteMessageBatch", QueueUrl=URL, Entries=entries).error == error


def test_queues_are_listed_by_page(v: Virtual) -> None:
    v.call("sqs.CreateQueue", QueueName="p")
    first = v.call("sqs.ListQueues", MaxResults=1).body
    assert [one.rpartition("/")[2] for one in first["QueueUrls"]] == ["p"]
    second = v.call("sqs.ListQueues", MaxResults=1, NextToken=first["NextToken"]).body
    assert [one.rpartition("/")[2] for one in second["QueueUrls"]] == ["q"]
    assert "NextToken" not in second
    assert v.call("sqs.ListQueues", QueueNamePrefix="z").body == {}


STEPS = st.lists(
    st.tuples(st.sampled_from(["send", "receive", "delete", "change", "wait"]), st.integers(0, 5)),
    max_size=40,
)


@examples(150)
@given(steps=STEPS)
def test_a_message_is_held_by_one_and_seen_again_unless_deleted(steps: list[tuple[str, int]]) -> None:
    from local.conftest import Virtual as Begin

    v = Begin(World(seed=5))
    v.call("sqs.CreateQueue", QueueName="q")
    alive: set[str] = set()
    until: dict[str, float] = {}  # when the holder of a message loses it
    handles: dict[str, str] = {}
    for verb, number in steps:
        known = sorted(handles)
        one = known[number % len(known)] if known else ""
        if verb == "send":
            alive.add(send(v))
        elif verb == "wait":
            v.wait(number)
        elif verb == "receive":
            for message in receive(v, MaxNumberOfMessages=1 + number % 10, VisibilityTimeout=number):
                found = message["MessageId"]
                assert found in alive
                assert until.get(found, 0.0) <= v.clock, "two hold it at once"
                until[found], handles[found] = v.clock + number, message["ReceiptHandle"]
        elif known and verb == "delete":
            v.call("sqs.DeleteMessage", QueueUrl=URL, ReceiptHandle=handles.pop(one))
            alive.discard(one)
        elif known and verb == "change" and change(v, handles[one], number).status == 200:
            until[one] = v.clock + number
    v.wait(50)
    left: set[str] = set()
    while found_now := receive(v, MaxNumberOfMessages=10):
        left |= {message["MessageId"] for message in found_now}
    assert left == alive
