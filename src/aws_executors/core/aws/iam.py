"""IAM policies as values.

Law: pure. What each service's calls need is in `ecs/permissions.py` and `batch/permissions.py`; policies,
ARNs and what both services have in common are here. Where IAM knows no narrower form, a resource is ``*``,
narrowed by a condition if there is one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

NO_ACCOUNT = "ACCOUNT_ID"
"""The placeholder for an account number that was not given; AWS refuses it, so it is not overlooked."""

PLACEHOLDER_ROLES = ("EXECUTION_ROLE", "TASK_ROLE")
PLACEHOLDER_GROUP = "LOG_GROUP"
"""The placeholder for a log group that was not named: with it, the policy allows reading no group."""

Condition: TypeAlias = Mapping[str, Mapping[str, str | list[str]]]

PARTITIONS: tuple[tuple[str, str], ...] = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"),
    ("eu-isoe-", "aws-iso-e"),
    ("eusc-", "aws-eusc"),
)
"""Regions by what their names begin with; all others are in ``aws``. Source: botocore, partitions.json."""


def partition(region: str) -> str:
    """The partition of a Region: what its ARNs begin with.

    >>> partition("eu-west-1"), partition("cn-north-1"), partition("us-gov-west-1")
    ('aws', 'aws-cn', 'aws-us-gov')
    """
    return next((found for head, found in PARTITIONS if region.startswith(head)), "aws")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The Region and the account in an ARN."""

    region: str
    account: str = NO_ACCOUNT

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in this Region and account.

        >>> Where(region="cn-north-1", account="123456789012").arn("ecs", "cluster/etl")
        'arn:aws-cn:ecs:cn-north-1:123456789012:cluster/etl'
        """
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account}:{resource}"

    def named(self, service: str, kind: str, name_or_arn: str) -> str:
        """The ARN of a resource that is written as a name or as an ARN.

        >>> here = Where(region="eu-west-1", account="1")
        >>> here.named("batch", "job-queue", "q")
        'arn:aws:batch:eu-west-1:1:job-queue/q'
        >>> here.named("batch", "job-queue", "arn:aws:batch:x:2:job-queue/q")
        'arn:aws:batch:x:2:job-queue/q'
        """
        return name_or_arn if name_or_arn.startswith("arn:") else self.arn(service, f"{kind}/{name_or_arn}")

    def role(self, name: str) -> str:
        """The ARN of a role by its name; roles have no Region."""
        return f"arn:{partition(self.region)}:iam::{self.account}:role/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is allowed, on what, and when.

    >>> Statement(sid="Look", actions=("batch:ListJobs",), resources=("*",)).document()
    {'Sid': 'Look', 'Effect': 'Allow', 'Action': 'batch:ListJobs', 'Resource': '*'}
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """The statement in IAM's spelling; a list of one is written without brackets, as people do."""
        said: dict[str, object] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": _one(self.actions),
            "Resource": _one(self.resources),
        }
        return said | ({"Condition": self.condition} if self.condition else {})


def _one(texts: tuple[str, ...]) -> object:
    return texts[0] if len(texts) == 1 else list(texts)


def policy(statements: Iterable[Statement]) -> dict[str, object]:
    """A policy document of these statements, each once. Source: IAM User Guide, "IAM JSON policy elements".

    Statements of two sections may have the same name, which AWS refuses: the second one's gets a number.

    >>> look = Statement(sid="Look", actions=("batch:ListJobs",), resources=("*",))
    >>> [one["Sid"] for one in policy([look, look, replace(look, resources=("a",))])["Statement"]]
    ['Look', 'Look2']
    """
    made: list[Statement] = []
    for statement in statements:
        if statement not in made:
            made.append(statement)
    times: Counter[str] = Counter()
    for place, statement in enumerate(made):
        times[statement.sid] += 1
        if times[statement.sid] > 1:
            made[place] = replace(statement, sid=f"{statement.sid}{times[statement.sid]}")
    return {"Version": "2012-10-17", "Statement": [statement.document() for statement in made]}


def in_region(region: str) -> Condition:
    """The condition that a call is made in this Region, for actions that know no narrower condition."""
    return {"StringEquals": {"aws:RequestedRegion": region}}


def versions(definition: str) -> tuple[str, ...]:
    """What a policy must name so that it allows a definition.

    Without a revision AWS takes the newest one, so every revision must be allowed.

    >>> versions("airflow"), versions("airflow:7"), versions("arn:aws:ecs:x:1:task-definition/d:3")
    (('airflow', 'airflow:*'), ('airflow:7',), ('arn:aws:ecs:x:1:task-definition/d:3',))
    """
    tail = definition.rpartition("/")[2]
    return (definition,) if ":" in tail else (definition, f"{definition}:*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Also:
    """What tasks and builders may ask for in addition to what the settings say.

    `roles` are those of the task definition, by ARN or name; `tags` says that requests carry tags though the
    settings have none. `log_groups` are those that containers write to; without any, no log can be read.
    `own_tags` are the tags that every request carries: permissions are narrowed to them where IAM can.
    """

    queues: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    log_groups: tuple[str, ...] = ()
    tags: bool = False
    own_tags: tuple[tuple[str, str], ...] = ()


NOTHING_ELSE = Also()


def logs(where: Where, groups: tuple[str, ...]) -> Statement:
    """Reading the logs of containers: the last lines of a failed container, and all lines in the UI.

    >>> here = Where(region="eu-west-1", account="1")
    >>> logs(here, ("/tasks", "arn:aws:logs:eu-west-1:1:log-group:/tasks:*")).resources
    ('arn:aws:logs:eu-west-1:1:log-group:/tasks:log-stream:*',)
    """
    named = (
        group.removesuffix(":*") if group.startswith("arn:") else where.arn("logs", f"log-group:{group}")
        for group in groups or (PLACEHOLDER_GROUP,)
    )
    resources = tuple(dict.fromkeys((f"{one}:log-stream:*" for one in named), ""))
    return Statement(sid="ReadLogs", actions=("logs:GetLogEvents",), resources=resources)


def tagged(tags: tuple[tuple[str, str], ...]) -> Condition:
    """The condition that a resource has these tags; an empty one without tags.

    >>> tagged((("team", "etl"),)), tagged(())
    ({'StringEquals': {'aws:ResourceTag/team': 'etl'}}, {})
    """
    return {"StringEquals": {f"aws:ResourceTag/{name}": value for name, value in tags}} if tags else {}


def doctors(region: str, reads: tuple[str, ...]) -> tuple[Statement, ...]:
    """What the command ``doctor`` needs in addition: it only reads, and no task needs this to run."""
    return (
        Statement(sid="DoctorReads", actions=reads, resources=("*",), condition=in_region(region)),
        Statement(sid="DoctorSimulates", actions=("iam:SimulatePrincipalPolicy",), resources=("*",)),
    )
