"""The parts of a RunTask request: containers, network, placement, volumes, tags.

Law: one frozen class per structure of the API, with only the rules that AWS states for that structure alone,
each with a message for the user. Source: API_RunTask of the Amazon ECS API Reference.
"""

from collections import Counter
from typing import Annotated, Literal, cast

from pydantic import Field

from aws_executors.core.redact.literals import mask_literals
from aws_executors.core.requests.merge import KEY, KEY_OF_A_WHOLE
from aws_executors.core.requests.wire import (
    Digits,
    Flag,
    KeyValuePair,
    TagKey,
    TagValue,
    Text,
    Whole,
    fields_of,
    masked_repr,
    structure,
)


@structure
class Tag:
    """One tag of the task: key 1 to 128 characters, value up to 256."""

    key: Annotated[TagKey, KEY]
    value: TagValue = ""

    def __repr__(self) -> str:
        return masked_repr(self)


@structure
class CapacityProvider:
    """One provider of a strategy, e.g. FARGATE_SPOT: `weight` 0 to 1000, `base` 0 to 100000 (AWS: 0 each)."""

    capacity_provider: Text
    weight: Annotated[Whole, Field(ge=0, le=1000)] | None = None
    base: Annotated[Whole, Field(ge=0, le=100_000)] | None = None


@structure
class AwsvpcConfiguration:
    """Where the task's network interface is: 1 to 16 subnets, up to 5 security groups, all of one VPC.

    A task may leave the subnets to the request, which must have them.
    """

    subnets: Annotated[tuple[Text, ...], Field(max_length=16)] = ()
    security_groups: Annotated[tuple[Text, ...], Field(max_length=5)] = ()
    assign_public_ip: Literal["ENABLED", "DISABLED"] | None = None


@structure
class NetworkConfiguration:
    """The network of a task definition with network mode awsvpc, which Fargate always has."""

    awsvpc_configuration: AwsvpcConfiguration


@structure
class EnvironmentFile:
    """An S3 object, by ARN, with environment variables."""

    value: Annotated[Text, KEY]
    type: Literal["s3"] = "s3"


@structure
class NvidiaMps:
    """A share of one GPU: its memory in MiB, and the most of its compute, in per cent."""

    memory: Annotated[Whole, Field(ge=1)]
    max_compute_percent: Annotated[Whole, Field(ge=1, le=100)] | None = None


@structure
class SharingStrategy:
    """How containers share a GPU."""

    nvidia_mps: NvidiaMps


@structure
class ResourceRequirement:
    """GPUs (a number or ALL, or a share), Neuron devices (ALL), or an accelerator by its device name."""

    type: Annotated[Literal["GPU", "InferenceAccelerator", "NeuronDevice"], KEY_OF_A_WHOLE]
    value: Digits | None = None
    sharing_strategy: SharingStrategy | None = None

    def __post_init__(self) -> None:
        if self.sharing_strategy is not None and (self.type != "GPU" or self.value is not None):
            raise ValueError("sharing_strategy is for type GPU only, and replaces value")
        if self.sharing_strategy is None and self.value is None:
            raise ValueError("value is missing: the number of GPUs, ALL, or the name of the accelerator")
        if self.type == "NeuronDevice" and self.value != "ALL":
            raise ValueError(f"value must be ALL for NeuronDevice, not {self.value!r}")


@structure
class ContainerOverride:
    """What one container, named as in the task definition, gets in place of its definition.

    `cpu` in CPU units (1024 make one vCPU), `memory` (hard limit) and `memory_reservation` (soft) in MiB. The
    command of the Airflow container holds the workload's token, so a token is ``***`` in the repr.
    """

    name: Annotated[Text, KEY]
    command: tuple[str, ...] = ()
    environment: tuple[KeyValuePair, ...] = ()
    environment_files: tuple[EnvironmentFile, ...] = ()
    cpu: Annotated[Whole, Field(ge=0)] | None = None
    memory: Annotated[Whole, Field(ge=1)] | None = None
    memory_reservation: Annotated[Whole, Field(ge=1)] | None = None
    resource_requirements: tuple[ResourceRequirement, ...] = ()

    def __repr__(self) -> str:
        parts = ((name, cast("object", getattr(self, name))) for name in fields_of(self))
        said = (f"{name}={part!r}" for name, part in parts if part not in (None, ()))
        return mask_literals(f"ContainerOverride({', '.join(said)})")


@structure
class EphemeralStorage:
    """A Fargate task's own disk: 21 to 200 GiB."""

    size_in_gi_b: Annotated[Whole, Field(ge=21, le=200)]


@structure
class InferenceAcceleratorOverride:
    """Another accelerator type for a device of the task definition."""

    device_name: Annotated[Text, KEY]
    device_type: Text


@structure
class Overrides:
    """What the task gets in place of its definition: `cpu` in CPU units, `memory` in MiB, both as text."""

    container_overrides: tuple[ContainerOverride, ...] = ()
    cpu: Digits | None = None
    memory: Digits | None = None
    ephemeral_storage: EphemeralStorage | None = None
    task_role_arn: Text | None = None
    execution_role_arn: Text | None = None
    inference_accelerator_overrides: tuple[InferenceAcceleratorOverride, ...] = ()

    def __post_init__(self) -> None:
        names = [container.name for container in self.container_overrides]
        if len(names) > len(set(names)):
            name = min(name for name, count in Counter(names).items() if count > 1)[:140]
            raise ValueError(f"container {name!r} has several container_overrides; put them into one")


@structure
class PlacementConstraint:
    """Where on EC2 the task may run: instances that an expression selects, or without a task of the group."""

    type: Literal["distinctInstance", "memberOf"]
    expression: Annotated[str, Field(min_length=1, max_length=2000)] | None = None

    def __post_init__(self) -> None:
        if (self.type == "memberOf") == (self.expression is None):
            raise ValueError("memberOf, and no other type, has an expression")


@structure
class PlacementStrategy:
    """How the task is placed among instances: spread over a field, binpack on cpu or memory, or random."""

    type: Literal["random", "spread", "binpack"]
    field: Text | None = None

    def __post_init__(self) -> None:
        if self.type == "binpack" and (self.field or "").lower() not in ("cpu", "memory"):
            raise ValueError("binpack needs a field: cpu or memory")


@structure
class TagSpecification:
    """Tags for the EBS volume."""

    resource_type: Literal["volume"] = "volume"
    tags: Annotated[tuple[Tag, ...], Field(max_length=50)] = ()
    propagate_tags: Literal["TASK_DEFINITION", "SERVICE", "NONE"] | None = None


@structure
class TerminationPolicy:
    """Whether the volume is deleted when the task stops (AWS's default: it is)."""

    delete_on_termination: Flag


@structure
class ManagedEbsVolume:
    """An EBS volume that ECS makes for this task: a size in GiB, a snapshot, or both; rates in MiB/s."""

    role_arn: Text
    size_in_gi_b: Annotated[Whole, Field(ge=1, le=16_384)] | None = None
    snapshot_id: Text | None = None
    volume_type: Literal["gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"] | None = None
    iops: Annotated[Whole, Field(ge=1)] | None = None
    throughput: Annotated[Whole, Field(ge=1, le=1000)] | None = None
    volume_initialization_rate: Annotated[Whole, Field(ge=1)] | None = None
    encrypted: Flag | None = None
    kms_key_id: Text | None = None
    filesystem_type: Literal["ext3", "ext4", "xfs", "ntfs"] | None = None
    termination_policy: TerminationPolicy | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()

    def __post_init__(self) -> None:
        if self.size_in_gi_b is None and self.snapshot_id is None:
            raise ValueError(
                "size_in_gi_b or snapshot_id is missing: give the size in GiB, a snapshot, or both"
            )
        if self.volume_initialization_rate is not None and self.snapshot_id is None:
            raise ValueError("volume_initialization_rate needs snapshot_id")


@structure
class VolumeConfiguration:
    """The settings of a volume that the task definition marks as configured at launch, by its name."""

    name: Annotated[Text, KEY_OF_A_WHOLE]
    managed_ebs_volume: ManagedEbsVolume | None = None
