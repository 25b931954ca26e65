"""How long each step in the life of a container takes.

Law: ranges of seconds as values, and the presets. `state.draw` draws a duration from a range by the seed, the
subject and the step, so that runs are repeatable. The numbers of `fargate` are from published "ECS Task State
Change" payloads, 2018-2025.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TypeAlias

Range: TypeAlias = tuple[float, float]
INSTANT: Range = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Delays:
    """The shortest and longest duration of each step, in seconds.

    `visible`: from RunTask until DescribeTasks shows the task; `notice`: from a container's exit until ECS
    notices it; `deprovision`: from there to STOPPED; `queueing`: each of Batch's SUBMITTED and PENDING;
    `memory`: from STOPPED until the task is forgotten (a Batch job is known for `job_memory`).
    """

    visible: Range = INSTANT
    queueing: Range = INSTANT
    provision: Range = INSTANT
    pull: Range = INSTANT
    start: Range = INSTANT
    notice: Range = INSTANT
    deactivate: Range = INSTANT
    deprovision: Range = INSTANT
    memory: Range = (3600.0, 3600.0)
    job_memory: Range = (604800.0, 604800.0)

    def __post_init__(self) -> None:
        for one in fields(self):
            low, high = getattr(self, one.name)
            if not 0 <= low <= high:
                raise ValueError(f"delay {one.name}: expected 0 <= low <= high in seconds, got {(low, high)}")

    def scaled(self, factor: float) -> Delays:
        """The delays with each step's time multiplied by this factor, except how long ended tasks stay known.

        >>> FARGATE.scaled(0.5).provision
        (8.5, 8.5)
        """
        steps = [one.name for one in fields(self) if one.name not in ("memory", "job_memory")]
        ranges = {name: getattr(self, name) for name in steps}
        return replace(self, **{name: (low * factor, high * factor) for name, (low, high) in ranges.items()})


NONE = Delays()
FAST = Delays(
    queueing=(0.05, 0.1),
    provision=(0.1, 0.3),
    pull=(0.1, 0.3),
    start=(0.1, 0.3),
    notice=(0.1, 0.3),
    deprovision=(0.1, 0.3),
)
FARGATE = Delays(
    visible=(0.0, 2.0),
    queueing=(0.5, 2.0),
    provision=(17.0, 17.0),
    pull=(2.0, 80.0),
    start=(2.0, 6.0),
    notice=(10.0, 10.0),
    deprovision=(12.7, 22.9),
)
PRESETS = {"none": NONE, "fast": FAST, "fargate": FARGATE}


def delays_named(preset: str | Delays) -> Delays:
    """The preset with that name, or the value itself; ValueError lists the presets."""
    if isinstance(preset, Delays):
        return preset
    if preset not in PRESETS:
        raise ValueError(f"delays {preset!r}: expected one of {', '.join(PRESETS)} or a Delays value")
    return PRESETS[preset]
