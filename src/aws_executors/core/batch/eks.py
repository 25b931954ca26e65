"""What SubmitJob may change in the pod of an `eksProperties` definition (Batch on Kubernetes).

Law: as in `overrides.py`: one frozen value per structure of Batch's API, under the API's name for it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, WrapValidator

from aws_executors.core.batch.overrides import free_name, only_once
from aws_executors.core.redact.values import MASK, sensitive
from aws_executors.core.requests.merge import KEY, KEY_OF_A_WHOLE, MergedBy, by_key, merge
from aws_executors.core.requests.wire import Text, Texts, masked_repr, structure


def _sized(quantities: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    for name, value in quantities:
        if not 1 <= len(value) <= 256:
            raise ValueError(f"the quantity of {name!r} must have 1 to 256 characters, not {len(value)}")
    return quantities


Quantities = Annotated[Texts, AfterValidator(_sized)]
"""Kubernetes quantities by resource: ``cpu`` ("0.25"), ``memory`` ("512Mi"), ``nvidia.com/gpu`` ("1")."""


@structure
class EksContainerEnvironmentVariable:
    """One environment variable; names that start with ``AWS_BATCH`` are Batch's. Its repr hides secrets."""

    name: Annotated[Text, AfterValidator(free_name), KEY_OF_A_WHOLE]
    value: str | None = None

    def __repr__(self) -> str:
        value = self.value if self.value is None or not sensitive(self.name) else MASK
        return f"EksContainerEnvironmentVariable(name={self.name!r}, value={value!r})"


@structure
class EksContainerResourceRequirements:
    """What a container may use at most, and what is reserved for it; memory must be the same in both."""

    limits: Quantities = ()
    requests: Quantities = ()


@structure
class EksContainerOverride:
    """Changes to one container of the pod; Docker's command is `args` here, its entrypoint `command`."""

    name: Annotated[Text | None, KEY] = None
    image: Text | None = None
    command: tuple[str, ...] = field(default=(), repr=False)
    args: tuple[str, ...] = field(default=(), repr=False)
    env: tuple[EksContainerEnvironmentVariable, ...] = ()
    resources: EksContainerResourceRequirements = EksContainerResourceRequirements()

    def __post_init__(self) -> None:
        only_once("variable", (variable.name for variable in self.env))


def _container_name(container: EksContainerOverride) -> str | None:
    return container.name


def only_named(containers: tuple[EksContainerOverride, ...]) -> tuple[EksContainerOverride, ...]:
    """The containers without those that say nothing, not even a name; but a lone container stays.

    >>> only_named((EksContainerOverride(), EksContainerOverride(name="main")))
    (EksContainerOverride(name='main', ...),)
    """
    bare = len(containers) > 1 and EksContainerOverride() in containers
    return tuple(one for one in containers if one != EksContainerOverride()) if bare else containers


def _by_name(
    base: tuple[EksContainerOverride, ...], over: tuple[EksContainerOverride, ...]
) -> tuple[EksContainerOverride, ...]:
    """Merged by name; those without a name are one container."""
    return only_named(by_key(base, over, _container_name, merge))


@structure
class EksMetadata:
    """The pod's labels, annotations and namespace."""

    labels: Texts = ()
    annotations: Texts = ()
    namespace: Text | None = None

    def __repr__(self) -> str:
        return masked_repr(self)


@structure
class EksPodPropertiesOverride:
    """Changes to the pod."""

    containers: Annotated[tuple[EksContainerOverride, ...], MergedBy(_by_name)] = ()
    init_containers: tuple[EksContainerOverride, ...] = ()
    metadata: EksMetadata = EksMetadata()

    def __post_init__(self) -> None:
        for what, listed in (("container", self.containers), ("init container", self.init_containers)):
            only_once(what, (container.name for container in listed if container.name))
            if sum(not container.name for container in listed) > 1:
                raise ValueError(f"more than one {what} has no name; name each")


@structure
class EksPropertiesOverride:
    """Changes to an `eksProperties` definition."""

    pod_properties: EksPodPropertiesOverride = EksPodPropertiesOverride()


_QUANTITY = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,9})?)(?P<unit>m|[kMGT]|[KMGT]i|)", re.ASCII)
_UNITS: Mapping[str, Fraction] = MappingProxyType(
    {"m": Fraction("1e-3"), "": Fraction(1)}
    | {unit: Fraction(f"1e{3 * power}") for power, unit in enumerate("kMGT", 1)}
    | {f"{unit}i": Fraction(1 << 10 * power) for power, unit in enumerate("KMGT", 1)}
)
_SPARE = frozenset({"cpu", "ephemeral-storage"})
"""The resources of which a container may use more than is reserved for it."""


def pod_faults(override: EksPropertiesOverride) -> Iterator[str]:
    """What Batch refuses of the containers' sizes: a limit below its request or, but for `_SPARE`, above it.

    Source: API_EksContainerResourceRequirements, AWS Batch API Reference.

    >>> sizes = EksContainerResourceRequirements(limits=(("cpu", "1"),), requests=(("cpu", "1500m"),))
    >>> pod = EksPodPropertiesOverride(containers=(EksContainerOverride(name="main", resources=sizes),))
    >>> list(pod_faults(EksPropertiesOverride(pod_properties=pod)))
    ["container 'main': limits cpu=1 is less than requests cpu=1500m; make them equal"]
    """
    pod = override.pod_properties
    for container in (*pod.containers, *pod.init_containers):
        limits, requests = dict(container.resources.limits), dict(container.resources.requests)
        for name in sorted(limits.keys() & requests.keys()):
            most, kept = _amount(limits[name]), _amount(requests[name])
            if most is None or kept is None or most == kept or (name in _SPARE and most > kept):
                continue
            odd = "less than" if most < kept else "not"
            yield (
                f"container {container.name or ''!r}: limits {name}={limits[name]} is {odd} requests "
                f"{name}={requests[name]}; make them equal"
            )


def _amount(quantity: str) -> Fraction | None:
    found = _QUANTITY.fullmatch(quantity.strip())
    return None if found is None else Fraction(found["number"]) * _UNITS[found["unit"]]


def in_a_pod(written: object, read: Callable[[object], EksPropertiesOverride]) -> EksPropertiesOverride:
    """The override as it was written; an override that says nothing gets a container without a name.

    Even an empty override says that the job runs in a pod, and that must not be lost.

    >>> in_a_pod({"podProperties": {}}, lambda written: EksPropertiesOverride()).pod_properties.containers
    (EksContainerOverride(name=None, ...),)
    """
    override = read(written)
    if isinstance(written, Mapping) and override == EksPropertiesOverride():
        return EksPropertiesOverride(
            pod_properties=EksPodPropertiesOverride(containers=(EksContainerOverride(),))
        )
    return override


PodOverride = Annotated[EksPropertiesOverride, WrapValidator(in_a_pod)]
