"""The laws of any SQS hold for moto's, too: they are about SQS, not about ours."""

from collections.abc import Callable
from typing import Any

import pytest
from returns.pipeline import is_successful

from aws_executors.core.batch.settings import BatchSettings
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.event_queue import EventQueue
from foreign.moto_world import Moto
from support.queue_laws import LAWS


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_moto_s_sqs(moto: Moto, law: Callable[[Any, str], None]) -> None:
    sqs = moto.client("sqs")
    law(sqs, sqs.create_queue(QueueName="q")["QueueUrl"])


def test_the_listener_s_queue(moto: Moto) -> None:
    sqs = moto.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    settings = BatchSettings(region="us-east-1", job_name="a", job_queue="q", job_definition="d")
    queue = EventQueue(Clients(settings), url)
    for body in ("first", "second", "third"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    received = {one.body: one for one in queue.receive().unwrap()}
    assert {body: one.receive_count for body, one in received.items()} == {
        "first": 1,
        "second": 1,
        "third": 1,
    }
    assert is_successful(queue.delete([received["first"]]))
    assert is_successful(queue.give_back({received["second"]: 0}))
    (again,) = queue.receive().unwrap()  # the third is hidden still
    assert (again.body, again.receive_count) == ("second", 2)
    sqs.delete_queue(QueueUrl=url)
    assert queue.receive().failure().code == "AWS.SimpleQueueService.NonExistentQueue"
