"""Laws that hold for every SQS, ours and others: each law gets a client, and the URL of an empty queue.

Law: nothing here waits longer than an answer takes. A refusal is identified by its code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from hashlib import md5
from typing import Any, TypeAlias

import pytest
from botocore.exceptions import ClientError

Sqs: TypeAlias = Any
SIMPLE_QUEUE = "AWS.SimpleQueueService"
LAWS: list[Callable[[Sqs, str], None]] = []
"""Every law of this file, in order."""


def law(check: Callable[[Sqs, str], None]) -> Callable[[Sqs, str], None]:
    """Add a function to the laws."""
    LAWS.append(check)
    return check


def refused(call: Callable[..., Any], **params: Any) -> str:
    """The code with which a call is refused."""
    with pytest.raises(ClientError) as error:
        call(**params)
    return str(error.value.response["Error"]["Code"])


def taken(sqs: Sqs, url: str, **params: Any) -> list[Any]:
    """The messages that are received now, up to ten of them."""
    found = sqs.receive_message(QueueUrl=url, **{"MaxNumberOfMessages": 10, "WaitTimeSeconds": 0, **params})
    return list(found.get("Messages", []))


def numbers(sqs: Sqs, url: str) -> tuple[int, int]:
    """How many messages are visible, and how many are in flight."""
    found = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


def arn_of(sqs: Sqs, url: str) -> str:
    """The ARN of a queue."""
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


@law
def what_is_sent_is_received_by_one(sqs: Sqs, url: str) -> None:
    sent = sqs.send_message(QueueUrl=url, MessageBody="grüße")
    digest = md5("grüße".encode(), usedforsecurity=False).hexdigest()
    (message,) = taken(sqs, url, MessageSystemAttributeNames=["All"])
    assert (message["Body"], message["MessageId"]) == ("grüße", sent["MessageId"])
    assert sent["MD5OfMessageBody"] == message["MD5OfBody"] == digest
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert int(message["Attributes"]["SentTimestamp"]) > 1_700_000_000_000
    assert taken(sqs, url) == []
    assert numbers(sqs, url) == (0, 1)


@law
def a_message_given_back_is_received_again(sqs: Sqs, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="1")
    handles = []
    for times in ("1", "2", "3"):
        (message,) = taken(sqs, url, AttributeNames=["ApproximateReceiveCount"])
        assert message["Attributes"] == {"ApproximateReceiveCount": times}
        handles.append(message["ReceiptHandle"])
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    assert len(set(handles)) == 3


@law
def what_is_deleted_is_gone(sqs: Sqs, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="1")
    (message,) = taken(sqs, url, VisibilityTimeout=0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert taken(sqs, url) == []
    assert numbers(sqs, url) == (0, 0)


@law
def a_batch_tells_what_became_of_each(sqs: Sqs, url: str) -> None:
    sent = sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": f"m{number}", "MessageBody": str(number)} for number in range(3)]
    )
    assert [one["Id"] for one in sent["Successful"]] == ["m0", "m1", "m2"]
    handles = [message["ReceiptHandle"] for message in taken(sqs, url)]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url,
        Entries=[
            {"Id": str(at), "ReceiptHandle": one, "VisibilityTimeout": 60} for at, one in enumerate(handles)
        ],
    )
    assert [one["Id"] for one in changed["Successful"]] == ["0", "1", "2"]
    deleted = sqs.delete_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "good", "ReceiptHandle": handles[0]},
            {"Id": "bad", "ReceiptHandle": "no such handle"},
        ],
    )
    assert [one["Id"] for one in deleted["Successful"]] == ["good"]
    (failed,) = deleted["Failed"]
    assert (failed["Id"], failed["SenderFault"], failed["Code"]) == ("bad", True, "ReceiptHandleIsInvalid")
    assert numbers(sqs, url) == (0, 2)


@law
def a_batch_must_be_one(sqs: Sqs, url: str) -> None:
    def codes(*batches: Iterable[str]) -> list[str]:
        return [
            refused(
                sqs.delete_message_batch,
                QueueUrl=url,
                Entries=[{"Id": one, "ReceiptHandle": "x"} for one in ids],
            )
            for ids in batches
        ]

    assert codes([], ["a", "a"]) == [
        f"{SIMPLE_QUEUE}.EmptyBatchRequest",
        f"{SIMPLE_QUEUE}.BatchEntryIdsNotDistinct",
    ]


@law
def what_cannot_be(sqs: Sqs, url: str) -> None:
    none = f"{url}-none"
    gone = f"{SIMPLE_QUEUE}.NonExistentQueue"
    assert refused(sqs.receive_message, QueueUrl=none) == gone
    assert refused(sqs.send_message, QueueUrl=none, MessageBody="1") == gone
    assert refused(sqs.get_queue_attributes, QueueUrl=none) == gone
    assert refused(sqs.get_queue_url, QueueName="none") == gone
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.purge_queue(QueueUrl=none)
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=url, ReceiptHandle="no such handle")
    unknown = {"QueueUrl": url, "AttributeNames": ["Colour"]}
    assert refused(sqs.get_queue_attributes, **unknown) == "InvalidAttributeName"
    assert refused(sqs.create_queue, QueueName="a b") == "InvalidParameterValue"
    for bad in (0, 11):
        assert refused(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=bad) == "InvalidParameterValue"
    assert refused(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=21) == "InvalidParameterValue"


@law
def a_queue_is_created_once(sqs: Sqs, url: str) -> None:
    name = url.rpartition("/")[2]
    other = {"VisibilityTimeout": "99"}
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    assert refused(sqs.create_queue, QueueName=name, Attributes=other) == "QueueAlreadyExists"
    with pytest.raises(sqs.exceptions.QueueNameExists):
        sqs.create_queue(QueueName=name, Attributes=other)
    sqs.set_queue_attributes(QueueUrl=url, Attributes=other)
    assert sqs.create_queue(QueueName=name, Attributes=other)["QueueUrl"] == url
    assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == [url]


@law
def attributes_are_as_set_or_as_by_default(sqs: Sqs, url: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn_of(sqs, url),
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": policy, "ReceiveMessageWaitTimeSeconds": "7"}
    )
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found["QueueArn"].endswith(f":{url.rpartition('/')[2]}")
    assert json.loads(found["Policy"]) == json.loads(policy)
    assert (found["VisibilityTimeout"], found["ReceiveMessageWaitTimeSeconds"]) == ("30", "7")
    assert (found["MessageRetentionPeriod"], found["DelaySeconds"]) == ("345600", "0")
    one = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert one["Attributes"] == {"VisibilityTimeout": "30"}


@law
def what_nobody_manages_goes_to_the_dead_letters(sqs: Sqs, url: str) -> None:
    dead = sqs.create_queue(QueueName=f"{url.rpartition('/')[2]}-dead")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 2})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
    sent = sqs.send_message(QueueUrl=url, MessageBody="poison")["MessageId"]
    for _ in range(2):
        assert [one["MessageId"] for one in taken(sqs, url, VisibilityTimeout=0)] == [sent]
        assert taken(sqs, dead) == []
    assert taken(sqs, url) == []
    assert [(one["MessageId"], one["Body"]) for one in taken(sqs, dead)] == [(sent, "poison")]
    assert numbers(sqs, url) == (0, 0)


@law
def a_purge_takes_everything(sqs: Sqs, url: str) -> None:
    for number in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    taken(sqs, url, MaxNumberOfMessages=1)
    sqs.purge_queue(QueueUrl=url)
    assert taken(sqs, url) == []
    assert numbers(sqs, url) == (0, 0)


@law
def a_delayed_message_is_not_there_yet(sqs: Sqs, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=900)
    assert taken(sqs, url) == []
    assert numbers(sqs, url) == (0, 0)


@law
def a_deleted_queue_is_gone(sqs: Sqs, url: str) -> None:
    sqs.delete_queue(QueueUrl=url)
    assert refused(sqs.receive_message, QueueUrl=url) == f"{SIMPLE_QUEUE}.NonExistentQueue"
    assert refused(sqs.get_queue_url, QueueName=url.rpartition("/")[2]) == f"{SIMPLE_QUEUE}.NonExistentQueue"
