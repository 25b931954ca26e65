"""Gather evidence for `doctor` about the delivery of events: queue, rules and their policies; reads only.

Law: judges nothing; that is the job of `doctor/checks/events.py`. EventBridge itself tests a pattern; only if
we have no permission for that is the pattern evaluated here.
"""

import json
import socket
from collections.abc import Mapping
from typing import TypeVar, cast

from returns.methods import unwrap_or_failure

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.aws.event_rules import Document, EventSelection, host_queue
from aws_executors.core.aws.iam import Where
from aws_executors.core.aws.response import read_record
from aws_executors.core.settings.base import Settings
from aws_executors.doctor.checks.event_pattern import passes
from aws_executors.doctor.checks.events import OWN_KEY, EventsEvidence, QueueSeen, RuleSeen
from aws_executors.doctor.checks.findings import Unasked
from aws_executors.doctor.probe import Probe

S = TypeVar("S", bound=Settings)
R = TypeVar("R")


def event_way(
    rule: EventSelection[S, R], settings: S, request: R, where: Where, probe: Probe
) -> EventsEvidence:
    """What can be found out about the delivery of events of a section whose `events_queue` is set."""
    url = host_queue(settings.events_queue, socket.gethostname())
    queue = _queue(probe, url)
    found = queue[0] if isinstance(queue, tuple) and queue else None
    rules = _rules(probe, found.arn) if found else None
    dead, _ = found.dead_letters if found else ("", 0)
    samples = {
        status: rule.sample(settings, request, where, status) for group in rule.statuses for status in group
    }
    return EventsEvidence(
        section=settings.section,
        url=url,
        region=settings.region,
        statuses=rule.statuses,
        queue=queue,
        dead=_queue(probe, _neighbour(url, dead)) if dead else None,
        rules=rules,
        passed={
            one.name: _passed(probe, one.pattern, samples)
            for one in (rules if isinstance(rules, tuple) else ())
        },
        key_policy=_key_policy(probe, found.key) if found and found.key else None,
    )


def _queue(probe: Probe, url: str) -> tuple[QueueSeen, ...] | Unasked | None:
    return probe.some(
        QueueSeen, "Attributes", "sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"]
    )


def _neighbour(url: str, arn: str) -> str:
    """The URL of another queue at the same address."""
    account, name = arn.split(":")[-2:]
    return f"{url.rsplit('/', 2)[0]}/{account}/{name}"


def _rules(probe: Probe, arn: str) -> tuple[RuleSeen, ...] | Unasked | None:
    """The rules on the default bus (to which AWS itself sends events) that have a queue as their target."""
    asked = unwrap_or_failure(probe.ask("events", "list_rule_names_by_target", TargetArn=arn))
    if isinstance(asked, AwsError):
        return Unasked(str(asked))
    found: tuple[RuleSeen, ...] = ()
    for name in asked.get("RuleNames", ()):
        told = unwrap_or_failure(probe.ask("events", "describe_rule", Name=name))
        if isinstance(told, AwsError):
            return Unasked(str(told))
        rule = unwrap_or_failure(read_record(RuleSeen, told))
        if isinstance(rule, str):
            return Unasked(f"the response cannot be read: {rule}")
        found += (rule,)
    return found


def _passed(probe: Probe, pattern: str, samples: Mapping[str, Document]) -> frozenset[str] | Unasked:
    passed: set[str] = set()
    for status, sample in samples.items():
        answer = _passes(probe, pattern, sample)
        if isinstance(answer, Unasked):
            return answer
        if answer:
            passed.add(status)
    return frozenset(passed)


def _passes(probe: Probe, pattern: str, sample: Document) -> bool | Unasked:
    asked = probe.ask("events", "test_event_pattern", EventPattern=pattern, Event=json.dumps(sample))
    told = unwrap_or_failure(asked)
    if not isinstance(told, AwsError) and isinstance(told.get("Result"), bool):
        return bool(told["Result"])
    try:
        read = cast("object", json.loads(pattern or "{}"))
    except ValueError:
        read = None
    own = passes(cast("Mapping[str, object]", read), sample) if isinstance(read, Mapping) else None
    why = str(told) if isinstance(told, AwsError) else "the answer has no result"
    return Unasked(why) if own is None else own


def _key_policy(probe: Probe, key: str) -> str | Unasked | None:
    if key.endswith(OWN_KEY):
        return None
    if "alias/" in key:
        return Unasked("the queue names its key by an alias")
    match unwrap_or_failure(probe.ask("kms", "get_key_policy", KeyId=key, PolicyName="default")):
        case AwsError() as error:
            return Unasked(str(error))
        case answer:
            return str(answer.get("Policy", ""))
