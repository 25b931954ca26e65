"""The faults of a RunTask request as a whole, for which AWS would refuse it.

Law: checked after the last step, because one step may leave open what the next one settles. Source:
API_RunTask of the Amazon ECS API Reference.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from aws_executors.core.ecs.request import RunTask, launch_platform
from aws_executors.core.ecs.steps.task_size import fargate_pair_fault
from aws_executors.core.ecs.structures import ContainerOverride, VolumeConfiguration
from aws_executors.core.errors import RequestError

RATES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "gp3": frozenset({"iops", "throughput"}),
        **dict.fromkeys(("gp2", "io1", "io2"), frozenset({"iops"})),
        **dict.fromkeys(("st1", "sc1", "standard"), frozenset()),
    }
)
"""Which rates a type of EBS volume takes. Source: API_TaskManagedEBSVolumeConfiguration."""

_AMOUNT = re.compile(
    r"(?P<whole>\d{1,9})|(?P<large>\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})\s{0,9}(?:vcpu|gb)",
    re.ASCII | re.IGNORECASE,
)


def check_sendable(request: RunTask) -> None:
    """Raise `RequestError` for the faults of the request as a whole.

    >>> check_sendable(RunTask(task_definition="a", launch_type="FARGATE"))
    Traceback (most recent call last):
    ...
    aws_executors.core.errors.RequestError: a task on Fargate needs a network: set the option subnets, ...
    """
    place = launch_platform(request.launch_type, request.capacity_provider_strategy)
    sizes = (request.overrides.cpu, request.overrides.memory)
    cpu, memory = [_amount(size) if size else None for size in sizes]
    faults = [*_in_containers(request.overrides.container_overrides, cpu, memory)]
    if request.volume_configurations:
        faults += _in_volumes(request.volume_configurations)
    if place == "FARGATE":
        faults += _not_on_fargate(request)
        if cpu is not None and memory is not None and (fault := fargate_pair_fault(cpu, memory)):
            faults.append(fault)
    elif place and request.overrides.ephemeral_storage is not None:
        faults.append(
            "ephemeral_storage is for Fargate alone; leave it out, instances have disks of their own"
        )
    if faults:
        raise RequestError("; ".join(faults))


def _not_on_fargate(request: RunTask) -> Iterator[str]:
    overrides = request.overrides
    if request.network_configuration is None:
        yield "a task on Fargate needs a network: set the option subnets, or use with_subnets"
    for name, given in (
        ("placement_constraints", request.placement_constraints),
        ("placement_strategy", request.placement_strategy),
        ("inference_accelerator_overrides", overrides.inference_accelerator_overrides),
    ):
        if given:
            yield f"{name}: Fargate has no instances to choose from; leave it out, or run on EC2"
    for container in overrides.container_overrides:
        for requirement in container.resource_requirements:
            yield (
                f"container {container.name!r} needs a {requirement.type}, which Fargate does not have; run "
                "it on EC2, by launch_type or a capacity provider"
            )


def _in_volumes(volumes: tuple[VolumeConfiguration, ...]) -> Iterator[str]:
    for volume in volumes:
        made = volume.managed_ebs_volume
        if made is None or made.volume_type is None:
            continue
        said = {"iops": made.iops, "throughput": made.throughput}
        given = {name for name, rate in said.items() if rate is not None}
        for name in sorted(given - RATES[made.volume_type]):
            yield f"volume {volume.name!r}: the volume type {made.volume_type} takes no {name}; leave it out"
        if made.volume_type in ("io1", "io2") and made.iops is None:
            yield f"volume {volume.name!r}: the volume type {made.volume_type} needs iops"
    if len(volumes) > 1:
        names = ", ".join(volume.name for volume in volumes)
        yield f"volume_configurations: AWS accepts one EBS volume per task, not {names}; keep one"


def _in_containers(
    containers: tuple[ContainerOverride, ...], cpu: int | None, memory: int | None
) -> Iterator[str]:
    for container in containers:
        for file in container.environment_files:
            if not file.value.startswith("arn:"):
                yield (
                    f"environment_files of container {container.name!r}: {file.value!r} must be the object's "
                    "ARN, such as arn:aws:s3:::bucket/name.env"
                )
        soft, hard = container.memory_reservation, container.memory
        if soft is not None and hard is not None and soft > hard:
            yield (
                f"container {container.name!r} has memory_reservation={soft}, more than its memory={hard}, "
                "which AWS refuses; lower it, or raise memory"
            )
        for name, wanted, whole in (("cpu", container.cpu, cpu), ("memory", container.memory, memory)):
            if whole is not None and wanted is not None and wanted > whole:
                yield (
                    f"container {container.name!r} has {name}={wanted}, more than its task's {name}={whole}, "
                    "which AWS refuses; raise it in overrides, or lower the container's"
                )


def _amount(text: str) -> int | None:
    """CPU units or MiB, from a number or AWS's own notation ("1 vCPU", "0.5 GB"); None for any other text."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        return None
    return int(found["whole"]) if found["whole"] else round(float(found["large"]) * 1024)
