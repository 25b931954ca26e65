"""The state of S3: buckets and objects.

Law: plain data; only `store.py` changes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aws_executors.local.world.values import Json


@dataclass(frozen=True, slots=True)
class Object:
    """One object: its ETag with quotes, when it was written (epoch seconds), and its encryption, as members
    of the responses of PutObject and GetObject."""

    body: bytes
    etag: str
    encryption: Json
    kind: str
    modified: float


@dataclass(slots=True)
class S3State:
    """The buckets, and the buckets and KMS keys to which access is denied."""

    buckets: dict[str, dict[str, Object]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    denied_keys: set[str] = field(default_factory=set)
