"""Derive the delivery of events from AWS to the scheduler from the settings: queues, rules and who may send.

Law: pure; one rule per section, which sends to the section's queue, or to one queue for each host. An event
that was not received within an hour is of no use any more, because containers are polled as well. Sources:
"Amazon SQS dead-letter queues", Amazon SQS Developer Guide; "EventBridge quotas", EventBridge User Guide.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aws_executors.core.aws.event_rules import (
    HOSTNAME,
    RECEIVED,
    Document,
    EventSelection,
    host_queue,
    receiving_from,
)
from aws_executors.core.aws.iam import Also, Where, policy
from aws_executors.core.errors import AwsExecutorsError
from aws_executors.core.settings.base import Settings
from aws_executors.core.settings.errors import Place
from aws_executors.deploy.model import ACCOUNT

S = TypeVar("S", bound=Settings)
R = TypeVar("R")

KEPT, DEAD_KEPT = 3600, 86_400
"""Seconds for which a message is kept in the queue, and in the dead-letter queue: not long, because messages
contain commands that are sent inline."""
RECEIVINGS = 2 * RECEIVED
"""How often a message is received before it goes to the dead-letter queue, as it could not be deleted."""
LONGEST = 64
"""The most characters of a rule's name."""
TARGETS = 5
"""The most queues to which a rule can send."""


class EventsSetupError(AwsExecutorsError):
    """No set-up is possible for these settings; the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsQueue:
    """One queue; its `number` is unique in the set-up."""

    number: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRule:
    """One section's rule, and the queues to which it sends; `told` says whether airflow.cfg names the queue.

    `header` is the section as airflow.cfg has it, with its team.
    """

    section: str
    header: str
    name: str
    about: str
    pattern: Document
    queues: tuple[EventsQueue, ...]
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsSetup:
    """What `events_queue` needs in one Region."""

    about: str
    region: str
    rules: tuple[SectionRule, ...]

    @property
    def queues(self) -> tuple[EventsQueue, ...]:
        """All queues of the rules, each once."""
        return tuple(dict.fromkeys((queue for rule in self.rules for queue in rule.queues), True))

    @property
    def dead_letters(self) -> str:
        """The name of the dead-letter queue, for messages that were received too often."""
        return f"{self.queues[0].name[:75]}-dead"

    def sending(self, queue: EventsQueue) -> tuple[SectionRule, ...]:
        """The rules that send to a queue."""
        return tuple(rule for rule in self.rules if queue in rule.queues)

    def policy(self) -> Document:
        """The scheduler's policy, with a placeholder for the account."""
        where = Where(region=self.region, account=ACCOUNT)
        return policy([receiving_from(*(where.arn("sqs", queue.name) for queue in self.queues))])


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionPart:
    """One section's part: its settings, and its rule's pattern and owner."""

    settings: Settings
    pattern: Document
    owner: str = "airflow"
    team: str = ""


def source(
    rule: EventSelection[S, R], settings: S, request: R, also: Also, team: str | None = None
) -> SectionPart:
    """A section's part of the set-up; the request is the one for an ordinary task."""
    where = Where(region=settings.region, account=ACCOUNT)
    pattern = rule.pattern(settings, request, where, also)
    return SectionPart(settings=settings, pattern=pattern, owner=rule.owner(settings), team=team or "")


def of_events(sources: Sequence[SectionPart], hosts: Sequence[str] = ()) -> EventsSetup:
    """Queues and rules for these sections, with a queue for each of these hosts where `events_queue` says so.

    Raises `EventsSetupError`.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d",
    ...     events_queue="https://sqs.us-east-1.amazonaws.com/123456789012/airflow-{hostname}")
    >>> setup = of_events([SectionPart(settings=settings, pattern={})], ["a", "b.example.com"])
    >>> [queue.name for queue in setup.queues]
    ['airflow-a', 'airflow-b-example-com']
    """
    regions = sorted({one.settings.region for one in sources})
    if len(regions) > 1:
        raise EventsSetupError(
            f"Events stay in their Region, and sections have {' and '.join(regions)}: use --section"
        )
    names: list[str] = []
    rules = [_rule(one, names, hosts) for one in sources]
    sections = " and ".join(f"[{rule.header}]" for rule in rules)
    return EventsSetup(
        about=f"Events of containers for {sections} in {regions[0]}", region=regions[0], rules=tuple(rules)
    )


def _rule(one: SectionPart, names: list[str], hosts: Sequence[str]) -> SectionRule:
    settings, section = one.settings, one.settings.section
    header = Place(section, one.team).header
    queues = tuple(_numbered(_names(one, hosts), names))
    if len(queues) > TARGETS:
        raise EventsSetupError(
            f"A rule leads to {TARGETS} queues at most, not to {len(queues)}: use one queue for all hosts, "
            f"[{header}] events_queue without {HOSTNAME}"
        )
    return SectionRule(
        section=section,
        header=header,
        name=_own(one),
        about=f"Containers of {one.owner}, for [{header}] events_queue",
        pattern=one.pattern,
        queues=queues,
        told=HOSTNAME not in settings.events_queue,
    )


def _own(one: SectionPart) -> str:
    """A name unique to the section of a deployment and team; at most 64 characters, as a team's has 50."""
    whose = f"-{one.team}" if one.team else ""
    owner = one.owner[: min(50, LONGEST - len(f"-{one.settings.section}{whose}"))]
    return re.sub(r"[^\w-]", "-", f"{owner}-{one.settings.section}").replace("_", "-") + whose


def _names(one: SectionPart, hosts: Sequence[str]) -> Iterator[str]:
    settings = one.settings
    name = settings.events_queue.rpartition("/")[2] or f"{_own(one)}-events"
    if HOSTNAME not in name:
        yield name
        return
    if not hosts:
        raise EventsSetupError(
            f"[{Place(settings.section, one.team).header}] events_queue has a queue for each host: name them "
            "with --host, one by one"
        )
    for host in hosts:
        yield host_queue(name, host)


def _numbered(wanted: Iterable[str], names: list[str]) -> Iterator[EventsQueue]:
    for name in wanted:
        if name not in names:
            names.append(name)
        yield EventsQueue(number=names.index(name) + 1, name=name)
