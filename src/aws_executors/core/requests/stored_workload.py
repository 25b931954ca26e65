"""A workload in a store: what the object is called, and what is in it.

Law: text in, text out; both sides use it, the executor that writes (`shell/transport/s3.py`) and the
container that reads (`run/sources.py`). Every body has a sequence number, so that no two bodies of one object
are alike: S3's ETag is a hash of the content, so a condition on a body's ETag never holds for an older one.
"""

import json
from typing import cast

SCHEME = "s3://"


def address(store: str, submission: str) -> str:
    """Where the workload of one submission lies, in a store such as ``s3://bucket/prefix``.

    >>> address("s3://airflow/workloads/", "0b6e-1"), address("s3://airflow", "0b6e-1")
    ('s3://airflow/workloads/0b6e-1', 's3://airflow/0b6e-1')
    """
    return f"{store.rstrip('/')}/{submission}"


def bucket_and_key(url: str) -> tuple[str, str]:
    """The bucket and the key in an object's address. Raises ValueError for what is no address of an object.

    >>> bucket_and_key("s3://airflow/workloads/0b6e-1")
    ('airflow', 'workloads/0b6e-1')
    """
    bucket, _, key = url.removeprefix(SCHEME).partition("/")
    if not url.startswith(SCHEME) or not bucket or not key:
        raise ValueError(f"{url!r} is not the address of an object; write s3://bucket/key")
    return bucket, key


def enclosed(workload: str, sequence: int) -> bytes:
    """The body for a workload's JSON, the `sequence`-th of its object.

    >>> enclosed('{"token": "t"}', 2)
    b'{"sequence":2,"workload":{"token": "t"}}'
    """
    return f'{{"sequence":{sequence},"workload":{workload}}}'.encode()


def opened(body: bytes) -> str:
    """The workload's JSON out of a body. Raises ValueError for what `enclosed` did not make.

    >>> opened(enclosed('{"token": "t"}', 2))
    '{"token": "t"}'
    """
    return numbered(body)[1]


def numbered(body: bytes) -> tuple[int, str]:
    """A body's number and its workload's JSON. Raises ValueError as `opened` does.

    >>> numbered(enclosed('{"token": "t"}', 2))
    (2, '{"token": "t"}')
    """
    try:
        found = cast("object", json.loads(body))
    except (ValueError, RecursionError):
        found = None
    match found:
        case {"sequence": int(sequence), "workload": dict() as workload}:
            return sequence, json.dumps(cast("dict[str, object]", workload))
        case _:
            raise ValueError("the object does not hold a workload; is it one of this executor's?")
