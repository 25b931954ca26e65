"""What stored workloads must be allowed, to the scheduler and to the containers.

Law: pure; the actions are those of `shell/aws/s3.py` and of `run/sources.py`. Source: "Conditional writes"
and "Using server-side encryption with AWS KMS keys", S3 User Guide; Service Authorization Reference, KMS.
"""

from collections.abc import Iterator

from aws_executors.core.aws.iam import Condition, Statement, Where, partition
from aws_executors.core.cost.measured import usage_address
from aws_executors.core.settings.base import Settings


def keeping(settings: Settings, where: Where) -> Iterator[Statement]:
    """What the scheduler needs: to read what another scheduler has written, and for its conditions.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d",
    ...                          workload_transport="s3", workload_store="s3://my-bucket/workloads")
    >>> for statement in keeping(settings, Where(region="us-east-1")):
    ...     print(*statement.actions, *statement.resources)
    s3:PutObject s3:GetObject s3:DeleteObject arn:aws:s3:::my-bucket/workloads/*
    """
    objects = ("s3:PutObject", "s3:GetObject", "s3:DeleteObject")
    yield from _both("Keep", objects, ("kms:GenerateDataKey", "kms:Decrypt"), settings, where)


def reading(settings: Settings, where: Where) -> Iterator[Statement]:
    """What the containers need, in the role of the task or job.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d",
    ...                          workload_transport="s3", workload_store="s3://my-bucket/w",
    ...                          workload_kms_key="alias/k")
    >>> for statement in reading(settings, Where(region="us-east-1", account="1")):
    ...     print(*statement.actions, *statement.resources, statement.condition)
    s3:GetObject arn:aws:s3:::my-bucket/w/* {}
    kms:Decrypt arn:aws:kms:us-east-1:1:key/* {'ForAnyValue:StringEquals': {'kms:ResourceAliases': 'alias/k'}}
    """
    yield from _both("Read", ("s3:GetObject",), ("kms:Decrypt",), settings, where)
    if settings.usage:
        yield from _both(
            "Measure", ("s3:PutObject",), ("kms:GenerateDataKey",), settings, where, usage_address("*")
        )


def _both(
    verb: str,
    objects: tuple[str, ...],
    keys: tuple[str, ...],
    settings: Settings,
    where: Where,
    names: str = "*",
) -> Iterator[Statement]:
    if not settings.workload_store or settings.workload_transport == "inline":
        return
    place = settings.workload_store.removeprefix("s3://").rstrip("/")
    arn = f"arn:{partition(where.region)}:s3:::{place}/{names}"
    owned: Condition = (
        {"StringEquals": {"aws:ResourceAccount": settings.workload_store_owner}}
        if settings.workload_store_owner
        else {}
    )
    yield Statement(sid=f"{verb}Workloads", actions=objects, resources=(arn,), condition=owned)
    if key := settings.workload_kms_key:
        resource, condition = _key(key, where)
        yield Statement(sid=f"{verb}WorkloadsByKey", actions=keys, resources=(resource,), condition=condition)


def _key(key: str, where: Where) -> tuple[str, Condition]:
    """A key as a policy names it: by its own ARN, or any key that has the alias."""
    head, alias, name = key.partition("alias/")
    if not alias:
        return where.named("kms", "key", key), {}
    account = f"{head}key/*" if head else where.arn("kms", "key/*")
    return account, {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{name}"}}
