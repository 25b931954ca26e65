"""What a container without a readable cgroup uses according to ECS, and its network's mode.

Law: never raises; asks at most once a second, and waits at most half a second for the answer. Without an
answer, the last one counts. The larger of ECS's figure and another counter's is taken, as each may miss
something: ECS is a second late, and reports nothing in a container's first second. Source: "Amazon ECS task
metadata endpoint version 4"; ``ContainerStats``, Docker Engine API.
"""

import http.client
import os
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

from aws_executors.run.usage.cgroup import Counters

ADDRESS = "ECS_CONTAINER_METADATA_URI_V4"
ANSWER_WITHIN = 0.5  # timeout of a request, in seconds
EVERY = 1.0  # seconds between two requests
LONGEST = 2**18  # how many bytes of an answer are read

M = TypeVar("M", bound=BaseModel)


class _Usage(BaseModel):
    total: int = Field(0, ge=0, validation_alias="total_usage")  # nanoseconds


class _Cpu(BaseModel):
    usage: _Usage = Field(_Usage(), validation_alias="cpu_usage")


class _Memory(BaseModel):
    usage: int = Field(0, ge=0)
    parts: Mapping[str, int] = Field({}, validation_alias="stats")

    def kept(self) -> int:
        """Bytes without what the kernel can reclaim, as cgroups of either version count it."""
        old = "total_cache" in self.parts
        names = ("total_cache",) if old else ("file", "slab_reclaimable")
        shared = self.parts.get("total_shmem" if old else "shmem", 0)
        cache = sum(self.parts.get(name, 0) for name in names) - shared
        return max(self.usage - max(cache, 0), 0)


class _Stats(BaseModel):
    cpu: _Cpu = Field(_Cpu(), validation_alias="cpu_stats")
    memory: _Memory = Field(_Memory(), validation_alias="memory_stats")


class _Network(BaseModel):
    mode: str = Field("", validation_alias="NetworkMode")


class _Container(BaseModel):
    networks: tuple[_Network, ...] = Field((), validation_alias="Networks")


class TaskStats:
    """ECS's figures at this address, together with other counters of the same container."""

    def __init__(self, address: str, others: Counters, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._others = others
        self._clock = clock
        self._asked = float("-inf")
        self._heard = _Stats()

    def memory(self) -> int | None:
        """Bytes in use, without the page cache."""
        return max(self._others.memory() or 0, self._stats().memory.kept()) or None

    def cpu(self) -> float | None:
        """CPU seconds so far."""
        return max(self._others.cpu() or 0.0, self._stats().cpu.usage.total / 1e9)

    def kills(self) -> int | None:
        """The other counters' figure; ECS has none."""
        return self._others.kills()

    def _stats(self) -> _Stats:
        if self._clock() >= self._asked + EVERY:
            self._heard = _asked(f"{self._address}/stats", _Stats) or self._heard
            self._asked = self._clock()
        return self._heard


def ecs_address() -> str:
    """The address at which ECS describes this container; empty outside ECS and Batch on ECS."""
    address = os.environ.get(ADDRESS, "")
    return address if address.startswith("http://") else ""


def on_the_hosts_network() -> bool:
    """Whether this container shares its host's network with all others there, according to ECS."""
    address = ecs_address()
    found = _asked(address, _Container) if address else None
    return found is not None and any(one.mode == "host" for one in found.networks)


def _asked(address: str, kind: type[M]) -> M | None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=ANSWER_WITHIN) as answer:
            return kind.model_validate_json(answer.read(LONGEST))
    except (OSError, http.client.HTTPException, ValueError, ValidationError):
        return None
