"""Check the delivery of events: rule, queue, policies, and whether a scheduler receives the messages.

Law: pure. Without events everything works, by polls; so these findings are warnings. Sources:
"Troubleshooting Amazon EventBridge", EventBridge User Guide; "Key management", SQS Developer Guide.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import Field

from aws_executors.core.aws.event_rules import RECEIVED
from aws_executors.core.aws.response import AnswerRecord
from aws_executors.doctor.checks.findings import Finding, Unasked, could_not_ask, warning
from aws_executors.doctor.checks.resource_policy import EVENTS, SNS, arn_part, lets_a_topic_in, lets_in

FEW, MANY = 10, 1000
"""How many waiting messages are a problem: `FEW` if none is being handled (no receiver), else `MANY`."""
OWN_KEY = "alias/aws/sqs"
SEND = "sqs:SendMessage"
STRANGER = "arn:aws:events:us-east-1:000000000000:rule/somebody"
POLLED = "No event comes; containers are polled as without events_queue."
MAKE = "Create what `aws-executors events --section {section}` prints."


class QueueSeen(AnswerRecord):
    """A queue's attributes."""

    arn: str = Field(validation_alias="QueueArn")
    waiting: int = Field(default=0, validation_alias="ApproximateNumberOfMessages")
    handled: int = Field(default=0, validation_alias="ApproximateNumberOfMessagesNotVisible")
    policy: str = Field(default="", validation_alias="Policy")
    redrive: str = Field(default="", validation_alias="RedrivePolicy")
    key: str = Field(default="", validation_alias="KmsMasterKeyId")

    @property
    def dead_letters(self) -> tuple[str, int]:
        """The dead-letter queue's ARN, and the receipts before a message goes there; empty without one."""
        try:
            said = cast("object", json.loads(self.redrive or "{}"))
        except ValueError:
            said = {}
        told = cast("Mapping[str, object]", said) if isinstance(said, Mapping) else {}
        times = str(told.get("maxReceiveCount", 0))
        arn = str(told.get("deadLetterTargetArn", ""))
        return arn if arn_part(arn, 5) else "", int(times) if times.isdecimal() else 0


class RuleSeen(AnswerRecord):
    """A rule that sends to the queue."""

    name: str = Field(validation_alias="Name")
    arn: str = Field(validation_alias="Arn")
    state: str = Field(default="", validation_alias="State")
    pattern: str = Field(default="", validation_alias="EventPattern")

    @property
    def enabled(self) -> bool:
        """Whether the rule is enabled, for ordinary events or for more."""
        return self.state.startswith("ENABLED")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsEvidence:
    """What is known of the delivery of events of one section.

    `queue` and `dead` are empty if there is no such queue. `passed` are, for each rule, the statuses whose
    events it matches; `statuses` are groups of statuses: of each group, the executor needs at least one.
    """

    section: str
    url: str
    region: str
    statuses: tuple[tuple[str, ...], ...]
    queue: tuple[QueueSeen, ...] | Unasked | None
    dead: tuple[QueueSeen, ...] | Unasked | None = None
    rules: tuple[RuleSeen, ...] | Unasked | None = None
    passed: Mapping[str, frozenset[str] | Unasked]
    key_policy: str | Unasked | None = None

    @property
    def found(self) -> QueueSeen | None:
        """The queue, if it exists."""
        return self.queue[0] if isinstance(self.queue, tuple) and self.queue else None

    @property
    def leading(self) -> tuple[RuleSeen, ...]:
        """The rules that are known to send to the queue."""
        return self.rules if isinstance(self.rules, tuple) else ()

    @property
    def by_topic(self) -> bool:
        """Whether events seem to come by way of an SNS topic; what sends to the topic is not examined."""
        return self.rules == () and bool(self.found and lets_a_topic_in(self.found.policy, SEND))

    @property
    def make(self) -> str:
        """How to get what is missing."""
        return MAKE.format(section=self.section)


def _queue(seen: EventsEvidence) -> Iterator[Finding]:
    yield from could_not_ask(f"the queue {seen.url} (sqs:GetQueueAttributes)", seen.queue)
    if seen.queue == ():
        yield warning(
            "events-queue-missing",
            f"There is no queue {seen.url}",
            POLLED,
            f"{seen.make} Or [{seen.section}] events_queue = one that exists: aws sqs list-queues",
        )
    region = arn_part(seen.found.arn, 3) if seen.found else ""
    if region and region != seen.region:
        yield warning(
            "events-region",
            f"The queue {seen.url} is in {region}, and the containers are in {seen.region}",
            "EventBridge tells of containers in their own Region. " + POLLED,
            f"[{seen.section}] events_queue = one in {seen.region}",
        )


def _received(seen: EventsEvidence) -> Iterator[Finding]:
    queue = seen.found
    if queue and queue.waiting >= (MANY if queue.handled else FEW):
        handled = f"{queue.handled} are" if queue.handled else "none is"
        yield warning(
            "events-pile-up",
            f"{queue.waiting} messages wait in {seen.url}, and {handled} being handled",
            "No scheduler receives them, or they are not allowed to delete them.",
            "Start a scheduler with this events_queue; if one runs, look for 'Receiving events' in its log.",
        )


def _policy(seen: EventsEvidence) -> Iterator[Finding]:
    queue = seen.found
    if not queue or seen.by_topic:
        return
    senders = [one.arn for one in seen.leading]
    refused = [arn for arn in senders if not lets_in(queue.policy, SEND, arn)]
    if refused or not lets_in(queue.policy, SEND):
        whose = f" for {', '.join(refused)}" if refused else ""
        yield warning(
            "events-policy",
            f"The policy of {seen.url} does not let {EVENTS} send{whose}",
            POLLED,
            f"The queue's policy: allow {EVENTS} {SEND} if aws:SourceArn is the rule. {seen.make}",
        )
    elif lets_in(queue.policy, SEND, STRANGER):
        yield warning(
            "events-policy-open",
            f"The policy of {seen.url} lets anybody's rules send",
            "Whoever sends an event can make the executor take a running container for one that has ended.",
            "The queue's policy: Condition ArnEquals aws:SourceArn = the rule",
        )


def _rules(seen: EventsEvidence) -> Iterator[Finding]:
    yield from could_not_ask("the rules that lead to the queue (events:ListRuleNamesByTarget)", seen.rules)
    if not isinstance(seen.rules, tuple):
        return
    if seen.by_topic:
        topic = Unasked("the doctor does not follow topics")
        what = f"the rules behind the SNS topic that may send to {seen.url}"
        yield from could_not_ask(what, topic, "Check them, and that the queue is subscribed to the topic.")
        return
    if not seen.rules:
        yield warning("events-rule-missing", f"No rule of EventBridge leads to {seen.url}", POLLED, seen.make)
        return
    enabled = [one for one in seen.rules if one.enabled]
    # The other section's rule may send to the same queue.
    if any(seen.passed.get(one.name) for one in enabled):
        yield from _patterns(seen, enabled)
        return
    disabled = [one for one in seen.rules if not one.enabled]
    disabled = [one for one in disabled if seen.passed.get(one.name)] or disabled
    if disabled:
        yield warning(
            "events-rule-disabled",
            f"The rule that leads to {seen.url} is disabled: {', '.join(one.name for one in disabled)}",
            POLLED,
            f"aws events enable-rule --name {disabled[0].name}",
        )
    else:
        yield from _patterns(seen, enabled)


def _patterns(seen: EventsEvidence, enabled: list[RuleSeen]) -> Iterator[Finding]:
    told = [seen.passed.get(one.name, frozenset[str]()) for one in enabled]
    passed = frozenset[str]().union(*(one for one in told if not isinstance(one, Unasked)))
    missing = [group for group in seen.statuses if passed.isdisjoint(group)]
    unknown = [one for one in told if isinstance(one, Unasked)]
    names = ", ".join(one.name for one in enabled)
    if missing and unknown:
        yield from could_not_ask(f"the pattern of {names} (events:TestEventPattern)", unknown[0])
    elif len(missing) == len(seen.statuses):
        yield warning(
            "events-rule-pattern",
            f"The pattern of {names} lets no event of this section's containers through",
            POLLED,
            f"The rule's pattern: other clusters, queues or names. {seen.make}",
        )
    elif missing:
        words = ", ".join(" or ".join(group) for group in missing)
        yield warning(
            "events-rule-statuses",
            f"The pattern of {names} lets no event with status {words} through",
            "Without the first one the executor takes events for lost; without the last one it learns of an "
            "end by a poll.",
            f"The rule's pattern: without lastStatus or status, or with {words}",
        )


def _key(seen: EventsEvidence) -> Iterator[Finding]:
    queue = seen.found
    if not queue or not queue.key:
        return
    yield from could_not_ask(f"the policy of the key {queue.key} (kms:GetKeyPolicy)", seen.key_policy)
    sender = SNS if seen.by_topic else EVENTS
    refused = isinstance(seen.key_policy, str) and not all(
        lets_in(seen.key_policy, action, rule, service=sender)
        for action in ("kms:GenerateDataKey", "kms:Decrypt")
        for rule in [one.arn for one in seen.leading] or [""]
    )
    if queue.key.endswith(OWN_KEY) or refused:
        yield warning(
            "events-key",
            f"The key {queue.key} of {seen.url} does not let {sender} encrypt",
            POLLED,
            f"SSE-SQS instead of this key, or in its policy: {sender} kms:GenerateDataKey and kms:Decrypt",
        )


def _dead(seen: EventsEvidence) -> Iterator[Finding]:
    arn, times = seen.found.dead_letters if seen.found else ("", 0)
    if not arn:
        return
    name = arn.rpartition(":")[2]
    if times < RECEIVED:
        yield warning(
            "events-redrive",
            f"{seen.url} gives a message up after it was received {times} times",
            f"What is for another scheduler is given back, up to {RECEIVED - 1} times; so events get lost.",
            f"The queue's redrive policy: maxReceiveCount = {RECEIVED}, or more",
        )
    yield from could_not_ask(f"the queue of dead letters {name} (sqs:GetQueueAttributes)", seen.dead)
    waiting = sum(one.waiting for one in seen.dead) if isinstance(seen.dead, tuple) else 0
    if waiting:
        yield warning(
            "events-dead-letters",
            f"{waiting} messages are in the queue of dead letters {name}",
            "They were received again and again, and nobody deleted them.",
            "Allow schedulers sqs:DeleteMessage (`aws-executors iam-policy`), then aws sqs purge-queue",
        )


CHECKS: tuple[Callable[[EventsEvidence], Iterator[Finding]], ...] = (
    _queue,
    _received,
    _rules,
    _policy,
    _key,
    _dead,
)


def of_event_way(seen: EventsEvidence) -> Iterator[Finding]:
    """Everything that is wrong with the delivery of events."""
    for check in CHECKS:
        yield from check(seen)
