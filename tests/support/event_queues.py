"""Let EventBridge send events to a test: by a queue that admits EventBridge, and a rule with that target."""

from __future__ import annotations

import json
from typing import Any

EVERYTHING = {"source": ["aws.ecs", "aws.batch"]}


def queue_policy(arn: str) -> str:
    """The policy that lets EventBridge's rules send to a queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def events_queue(aws: Any, name: str = "events", pattern: Any = EVERYTHING, **target: Any) -> str:
    """The URL of a new queue for the events that fit the pattern; `aws` has `client(service)`."""
    sqs, events = aws.client("sqs"), aws.client("events")
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = found["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": queue_policy(arn)})
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn, **target}])
    return url
