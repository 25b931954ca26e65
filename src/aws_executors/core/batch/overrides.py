"""What SubmitJob may change in a job definition's containers, for each of the four kinds of definition.

Law: one frozen value per structure of Batch's API, under its own name, with the limits AWS documents. The
old form of sizes (`vcpus`, `memory`) is read and never written: Fargate refuses it, `resourceRequirements`
works everywhere. A command carries a secret (the workload's token), so no repr shows it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from aws_executors.core.requests.merge import KEY, MergedBy, merge
from aws_executors.core.requests.wire import Environment, KeyValuePair, Text, number_as_text, structure

ResourceType = Literal["GPU", "MEMORY", "VCPU"]

OLD_SIZES: Mapping[str, ResourceType] = {"vcpus": "VCPU", "memory": "MEMORY"}
"""The members of the old form, each with the resource that replaces it."""
LEAST: Mapping[ResourceType, tuple[int, bool]] = {"GPU": (1, True), "MEMORY": (4, True), "VCPU": (0, False)}
"""The least of each resource, and whether it must be a whole number. Source: API_ResourceRequirement."""
UNITS: Mapping[ResourceType, str] = {"GPU": "GPU", "MEMORY": "MEMORY (MiB)", "VCPU": "VCPU"}


def as_amount(value: object) -> object:
    """A number as the text that AWS wants; any other value unchanged.

    >>> as_amount(0.25), as_amount(2.0), as_amount(122880), as_amount("1")
    ('0.25', '2', '122880', '1')
    """
    plain = number_as_text(value)
    if not isinstance(plain, float):
        return plain
    return f"{Decimal(repr(float(plain))):f}".removesuffix(".0")  # numpy's floats have another repr


def in_capitals(value: object) -> object:
    """Text in capital letters, as AWS spells its enumerations; anything else as it is.

    >>> in_capitals("retry"), in_capitals(3)
    ('RETRY', 3)
    """
    return value.upper() if isinstance(value, str) else value


Amount = Annotated[Text, BeforeValidator(as_amount)]
"""A quantity, which AWS wants as text (``"0.25"``); a number is read too."""


def _no_empty_words(command: tuple[str, ...]) -> tuple[str, ...]:
    if "" in command:
        raise ValueError("must not contain an empty string (Batch rejects it)")
    return command


def free_name(name: str) -> str:
    """The name of an environment variable that a person may set; Batch keeps ``AWS_BATCH*`` for itself.

    >>> free_name("AWS_BATCH_JOB_ID")
    Traceback (most recent call last):
      ...
    ValueError: 'AWS_BATCH_JOB_ID' begins with 'AWS_BATCH', which Batch reserves; choose another name
    """
    if name.startswith("AWS_BATCH"):
        raise ValueError(f"{name!r} begins with 'AWS_BATCH', which Batch reserves; choose another name")
    return name


def only_once(what: str, names: Iterable[str]) -> None:
    """ValueError if a name that must be unique is given twice.

    >>> only_once("variable", ["A", "B", "A"])
    Traceback (most recent call last):
      ...
    ValueError: variable 'A' is given twice; keep one
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name[:140]!r} is given twice; keep one")
        seen.add(name)


def _free_names(environment: tuple[KeyValuePair, ...]) -> tuple[KeyValuePair, ...]:
    only_once("variable", (free_name(variable.name) for variable in environment))
    return environment


CommandWords = Annotated[tuple[str, ...], AfterValidator(_no_empty_words)]
Variables = Annotated[Environment, AfterValidator(_free_names)]


def resource_amount(kind: ResourceType, value: str) -> str:
    """The amount of a resource, or ValueError with what is allowed.

    >>> resource_amount("VCPU", "0.25")
    '0.25'
    """
    least, whole = LEAST[kind]
    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal("NaN")
    if amount.is_finite() and amount > 0 and amount >= least and (value.isdecimal() or not whole):
        return value
    allowed = f"a whole number, {least} or more" if whole else "a number above 0, such as 1 or 0.25"
    raise ValueError(f"{UNITS[kind]} must be {allowed}, not {value[:60]!r}")


def _vcpus(value: str) -> str:
    return resource_amount("VCPU", value)


def _mebibytes(value: str) -> str:
    return resource_amount("MEMORY", value)


Vcpus = Annotated[Amount, AfterValidator(_vcpus)]
Mebibytes = Annotated[Amount, AfterValidator(_mebibytes)]


@structure
class ResourceRequirement:
    """How much of one resource: VCPU in CPUs (0.25 is a quarter), MEMORY in MiB (4 at least), GPU in GPUs."""

    type: Annotated[ResourceType, BeforeValidator(in_capitals), KEY]
    value: Amount

    def __post_init__(self) -> None:
        resource_amount(self.type, self.value)


def _resources_once(listed: tuple[ResourceRequirement, ...]) -> tuple[ResourceRequirement, ...]:
    only_once("resource", (requirement.type for requirement in listed))
    return listed


Resources = Annotated[tuple[ResourceRequirement, ...], AfterValidator(_resources_once)]


@structure
class ContainerOverrides:
    """Changes to the one container of a `containerProperties` definition."""

    command: CommandWords = field(default=(), repr=False)
    environment: Variables = ()
    instance_type: Text | None = None
    resource_requirements: Resources = ()


def sizes_of_old(written: object) -> object:
    """Container overrides with `vcpus` and `memory` written as `resourceRequirements`.

    What is no mapping is returned unchanged. Raises ValueError if one size is given twice.

    >>> sizes_of_old({"vcpus": 0.25, "environment": []})
    {'environment': [], 'resourceRequirements': [{'type': 'VCPU', 'value': 0.25}]}
    """
    if not isinstance(written, Mapping):
        return written
    members = dict(cast("Mapping[object, object]", written))
    sizes = [{"type": kind, "value": members.pop(old)} for old, kind in OLD_SIZES.items() if old in members]
    key = "resource_requirements" if "resource_requirements" in members else "resourceRequirements"
    listed = members.get(key, ())
    if not sizes or not isinstance(listed, list | tuple):
        return members
    items = tuple(cast("list[object]", listed))
    for size in sizes:
        if size["type"] in map(_type_of, items):
            raise ValueError(f"{size['type']} is given twice, as a member of its own and in {key}: keep one")
    return {**members, key: [*items, *sizes]}


def _type_of(item: object) -> object:
    match item:
        case {"type": str(kind)} | ResourceRequirement(type=kind):
            return kind.upper()
        case _:
            return None


AnyOverrides = Annotated[ContainerOverrides, BeforeValidator(sizes_of_old)]


@structure
class TaskContainerOverrides:
    """Changes to one named container of an `ecsProperties` definition (several containers in one job)."""

    name: Annotated[Text, KEY]
    command: CommandWords = field(default=(), repr=False)
    environment: Variables = ()
    resource_requirements: Resources = ()


@structure
class TaskPropertiesOverride:
    """Changes to the containers of one ECS task."""

    containers: tuple[TaskContainerOverrides, ...] = ()

    def __post_init__(self) -> None:
        only_once("container", (container.name for container in self.containers))


def _one_task(
    base: tuple[TaskPropertiesOverride, ...], over: tuple[TaskPropertiesOverride, ...]
) -> tuple[TaskPropertiesOverride, ...]:
    """The one task that Batch allows; if `over` has no container, it says nothing."""
    if not any(task.containers for task in over):
        return base
    return tuple(merge(below, above) for below, above in zip(base, over, strict=True)) if base else over


@structure
class EcsPropertiesOverride:
    """Changes to an `ecsProperties` definition; Batch allows one task."""

    task_properties: Annotated[
        tuple[TaskPropertiesOverride, ...], Field(max_length=1), MergedBy(_one_task)
    ] = ()
