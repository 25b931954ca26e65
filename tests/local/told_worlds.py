"""A world in virtual time whose events go to a queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.event_queues import EVERYTHING, queue_policy

if TYPE_CHECKING:
    from local.conftest import Virtual

QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
RULE = "arn:aws:events:us-east-1:123456789012:rule/r"
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/q"


class Told:
    """A world with a queue `q`, and a rule `r` that sends the events of a pattern there."""

    def __init__(self, v: Virtual, pattern: Any = EVERYTHING, **target: Any) -> None:
        self.v = v
        v.call("sqs.CreateQueue", QueueName="q", Attributes={"Policy": queue_policy(QUEUE)})
        assert v.call("events.PutRule", Name="r", EventPattern=json.dumps(pattern)).error is None
        self.put = v.call("events.PutTargets", Rule="r", Targets=[{"Id": "t", "Arn": QUEUE, **target}])

    def bodies(self) -> list[str]:
        """The messages that are there now; they are gone then."""
        found: list[str] = []
        while messages := self.v.call("sqs.ReceiveMessage", QueueUrl=URL, MaxNumberOfMessages=10).body:
            for message in messages["Messages"]:
                found.append(message["Body"])
                handle = message["ReceiptHandle"]
                assert self.v.call("sqs.DeleteMessage", QueueUrl=URL, ReceiptHandle=handle).error is None
        return found

    def events(self) -> list[dict[str, Any]]:
        """The messages that are there now, as events."""
        return [json.loads(body) for body in self.bodies()]
