"""`capacity_provider_strategy` as people write it: ``FARGATE_SPOT:4,FARGATE:1:2`` or AWS's JSON.

Law: text in, members in AWS's spelling out; what they may hold is checked where a `CapacityProvider` is made.
"""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from aws_executors.core.ecs.structures import CapacityProvider
from aws_executors.core.settings.types import json_of

FARGATE_PROVIDERS = frozenset({"FARGATE", "FARGATE_SPOT"})
_ITEM = re.compile(r"(?P<name>[\w-]+)(?::(?P<weight>\d{1,9}))?(?::(?P<base>\d{1,9}))?", re.ASCII)
_FORM = "is neither name:weight:base,... (as in FARGATE_SPOT:4,FARGATE:1:2) nor a JSON list of objects"


def read_strategy(value: object) -> object:
    """The items of a strategy, from its short form, from JSON, or as they are.

    >>> read_strategy("FARGATE_SPOT:4, FARGATE:1:2") == (
    ...     {"capacityProvider": "FARGATE_SPOT", "weight": 4},
    ...     {"capacityProvider": "FARGATE", "weight": 1, "base": 2},
    ... )
    True
    >>> read_strategy('[{"capacityProvider": "FARGATE", "weight": 1}]')
    [{'capacityProvider': 'FARGATE', 'weight': 1}]
    """
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        return json_of(value)
    if value.startswith("{"):
        raise ValueError(_FORM)  # JSON that was meant for another option may hold secrets
    return tuple(_item(text.strip()) for text in value.split(",") if text.strip())


def _item(text: str) -> Mapping[str, object]:
    match = _ITEM.fullmatch(text)
    if match is None:
        raise ValueError(f"{_FORM}: see {text[:60]!r}")
    parts: dict[str, str | None] = match.groupdict()
    numbers = {name: int(parts[name] or 0) for name in ("weight", "base") if parts[name] is not None}
    return {"capacityProvider": parts["name"], **numbers}


def sound(items: tuple[CapacityProvider, ...]) -> tuple[CapacityProvider, ...]:
    """The items, if AWS accepts their mix; else ValueError. Source: API_RunTask, capacityProviderStrategy."""
    providers = {item.capacity_provider for item in items}
    if providers & FARGATE_PROVIDERS and providers - FARGATE_PROVIDERS:
        raise ValueError("mixes Fargate and other capacity providers, which AWS rejects")
    if len(providers) < len(items):
        raise ValueError("lists a capacity provider twice")
    if len(items) > 1 and not any(item.weight for item in items):
        raise ValueError("gives no provider a weight above 0, so nothing could start")
    if sum(bool(item.base) for item in items) > 1:
        raise ValueError("gives several providers a base; AWS accepts one")
    return items


def _some(items: tuple[CapacityProvider, ...]) -> tuple[CapacityProvider, ...]:
    if not items:
        raise ValueError("names no capacity provider")
    return items


Strategy = Annotated[
    tuple[CapacityProvider, ...], BeforeValidator(read_strategy), AfterValidator(_some), AfterValidator(sound)
]


def names_fargate(strategy: object) -> bool:
    """Whether a strategy, in whichever form, names a Fargate provider; an unreadable one does not.

    >>> names_fargate("FARGATE_SPOT:1"), names_fargate("my-asg:1"), names_fargate("[")
    (True, False, False)
    """
    return re.search(r"(?<![\w-])FARGATE(_SPOT)?(?![\w-])", str(strategy)) is not None
