"""What scheduler and containers must be allowed to do with stored workloads and with cells.

Law: pure; the actions are those of `shell/aws/s3.py`, `run/sources.py` and `run/warm/cell_store.py`. Source:
"Conditional writes" and "Using server-side encryption with AWS KMS keys", S3 User Guide; Service
Authorization Reference, KMS.
"""

from collections.abc import Iterator

from aws_executors.core.aws.iam import Condition, Statement, Where, partition
from aws_executors.core.cost.measured import usage_address
from aws_executors.core.requests.stored_workload import address, bucket_and_key
from aws_executors.core.settings.base import Settings
from aws_executors.core.warm.shape import CELLS

OF_CONTAINERS = ("s3:PutObject", "s3:GetObject")
OBJECTS = (*OF_CONTAINERS, "s3:DeleteObject")
BY_KEY = ("kms:GenerateDataKey", "kms:Decrypt")


def scheduler_workloads(settings: Settings, where: Where) -> Iterator[Statement]:
    """What the scheduler needs to keep workloads, to read another scheduler's, and for conditional writes.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d",
    ...                          workload_transport="s3", workload_store="s3://my-bucket/workloads")
    >>> for statement in scheduler_workloads(settings, Where(region="us-east-1")):
    ...     print(*statement.actions, *statement.resources)
    s3:PutObject s3:GetObject s3:DeleteObject arn:aws:s3:::my-bucket/workloads/*
    """
    if _stores(settings):
        yield from _objects("KeepWorkloads", OBJECTS, BY_KEY, settings, where)


def container_workloads(settings: Settings, where: Where) -> Iterator[Statement]:
    """What containers need for stored workloads, in the role of the task or job.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d",
    ...                          workload_transport="s3", workload_store="s3://my-bucket/w",
    ...                          workload_kms_key="alias/k")
    >>> for statement in container_workloads(settings, Where(region="us-east-1", account="1")):
    ...     print(*statement.actions, *statement.resources, statement.condition)
    s3:GetObject arn:aws:s3:::my-bucket/w/* {}
    kms:Decrypt arn:aws:kms:us-east-1:1:key/* {'ForAnyValue:StringEquals': {'kms:ResourceAliases': 'alias/k'}}
    """
    if not _stores(settings):
        return
    yield from _objects("ReadWorkloads", ("s3:GetObject",), ("kms:Decrypt",), settings, where)
    if settings.usage:
        keys = ("kms:GenerateDataKey",)
        yield from _objects("MeasureWorkloads", ("s3:PutObject",), keys, settings, where, usage_address("*"))


def scheduler_cells(settings: Settings, where: Where) -> Iterator[Statement]:
    """What the scheduler needs for the cells of warm containers, which take one workload after another.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d",
    ...                          warm_idle=120, workload_store="s3://my-bucket/w")
    >>> for statement in scheduler_cells(settings, Where(region="us-east-1")):
    ...     print(*statement.actions, *statement.resources, statement.condition)
    s3:ListBucket arn:aws:s3:::my-bucket {'StringLike': {'s3:prefix': 'w/cells/airflow/*'}}
    s3:PutObject s3:GetObject s3:DeleteObject arn:aws:s3:::my-bucket/w/cells/airflow/* {}
    """
    bucket, prefix = bucket_and_key(address(settings.workload_store, _cells(settings)))
    yield Statement(
        sid="ListCells",
        actions=("s3:ListBucket",),
        resources=(f"arn:{partition(where.region)}:s3:::{bucket}",),
        condition={"StringLike": {"s3:prefix": prefix}, **_owned(settings)},
    )
    yield from _objects("KeepCells", OBJECTS, BY_KEY, settings, where, _cells(settings))


def container_cells(settings: Settings, where: Where) -> Iterator[Statement]:
    """What warm containers need for their cells, in the role of the task or job.

    >>> from aws_executors.core.batch.settings import BatchSettings
    >>> settings = BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d",
    ...                          warm_idle=120, workload_store="s3://my-bucket/w")
    >>> for statement in container_cells(settings, Where(region="us-east-1")):
    ...     print(*statement.actions, *statement.resources)
    s3:PutObject s3:GetObject arn:aws:s3:::my-bucket/w/cells/airflow/*
    """
    yield from _objects("ServeCells", OF_CONTAINERS, BY_KEY, settings, where, _cells(settings))


def _cells(settings: Settings) -> str:
    return f"{CELLS}/{settings.deployment}/*"


def _stores(settings: Settings) -> bool:
    return bool(settings.workload_store) and settings.workload_transport != "inline"


def _owned(settings: Settings) -> Condition:
    owner = settings.workload_store_owner
    return {"StringEquals": {"aws:ResourceAccount": owner}} if owner else {}


def _objects(
    sid: str,
    objects: tuple[str, ...],
    keys: tuple[str, ...],
    settings: Settings,
    where: Where,
    names: str = "*",
) -> Iterator[Statement]:
    place = settings.workload_store.removeprefix("s3://").rstrip("/")
    arn = f"arn:{partition(where.region)}:s3:::{place}/{names}"
    yield Statement(sid=sid, actions=objects, resources=(arn,), condition=_owned(settings))
    if key := settings.workload_kms_key:
        resource, condition = _key(key, where)
        yield Statement(sid=f"{sid}ByKey", actions=keys, resources=(resource,), condition=condition)


def _key(key: str, where: Where) -> tuple[str, Condition]:
    """The resource and the condition for a key: its own ARN, or any key that has the alias."""
    head, alias, name = key.partition("alias/")
    if not alias:
        return where.named("kms", "key", key), {}
    account = f"{head}key/*" if head else where.arn("kms", "key/*")
    return account, {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{name}"}}
