"""What S3 remembers: buckets and objects.

Law: plain data; `s3_store.py` is the only place that changes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Object:
    """One object: its ETag with quotes, how it is encrypted, when it was written (epoch seconds)."""

    body: bytes
    etag: str
    encryption: str
    kind: str
    modified: float


@dataclass(slots=True)
class S3State:
    """The buckets, and those to which every access is denied."""

    buckets: dict[str, dict[str, Object]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
