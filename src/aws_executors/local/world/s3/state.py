"""What S3 remembers: buckets and objects.

Law: plain data; `store.py` is the only place that changes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aws_executors.local.world.values import Json


@dataclass(frozen=True, slots=True)
class Object:
    """One object: its ETag with quotes, when it was written (epoch seconds), and how it is encrypted, in the
    members that PutObject and GetObject answer with."""

    body: bytes
    etag: str
    encryption: Json
    kind: str
    modified: float


@dataclass(slots=True)
class S3State:
    """The buckets, and those (and the keys of KMS) to which every access is denied."""

    buckets: dict[str, dict[str, Object]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    denied_keys: set[str] = field(default_factory=set)
