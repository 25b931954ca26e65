"""Check whether the log group that a container writes to exists, on both services.

Law: pure. Source: "Using the awslogs log driver", Amazon ECS Developer Guide and AWS Batch User Guide.
"""

from collections.abc import Iterator, Mapping

from aws_executors.doctor.checks.findings import Finding, Unasked, could_not_ask, error

TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
"""What the agent accepts as true for ``awslogs-create-group``. Source: Go's strconv.ParseBool."""


def of_log_group(
    options: Mapping[str, str], place: str, region: str, groups: tuple[str, ...] | Unasked | None
) -> Iterator[Finding]:
    """What is wrong with the group in these options of ``awslogs``; `groups` are those in its Region.

    >>> options = {"awslogs-group": "/lost", "awslogs-region": "eu-west-1"}
    >>> [one.change for one in of_log_group(options, "job definition d:1", "us-east-1", ())]
    ['aws logs create-log-group --log-group-name /lost --region eu-west-1']
    """
    group, there = options.get("awslogs-group", ""), options.get("awslogs-region", region)
    if not group:
        return
    yield from could_not_ask("the log group (logs:DescribeLogGroups)", groups)
    if isinstance(groups, tuple) and group not in groups and options.get("awslogs-create-group") not in TRUE:
        yield error(
            "log-group",
            f"The log group {group!r} of the {place} does not exist"
            + (f" in {there}" if there != region else ""),
            "The container never starts: ResourceInitializationError, failed to validate logger args.",
            f"aws logs create-log-group --log-group-name {group}"
            + (f" --region {there}" if there != region else ""),
        )
