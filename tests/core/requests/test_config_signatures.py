"""The parameters of `EcsConfig` and `BatchConfig`, written for completion, are the options' own fields."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from types import NoneType
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest

from aws_executors import BatchConfig, EcsConfig, RequestError, batch, ecs
from aws_executors.core.batch.options import BatchOptions
from aws_executors.core.ecs.options import EcsOptions

BOTH = pytest.mark.parametrize(("config", "options"), [(EcsConfig, EcsOptions), (BatchConfig, BatchOptions)])
Config = Callable[..., dict[str, object]]


def plain(hint: Any) -> Any:
    """A type without what is said beside it, and without the None that it may be."""
    if get_origin(hint) is Annotated:
        return plain(get_args(hint)[0])
    inside = [one for one in get_args(hint) if one is not NoneType]
    return plain(inside[0]) if len(inside) == 1 and NoneType in get_args(hint) else hint


@BOTH
def test_each_parameter_is_a_field(config: Config, options: type) -> None:
    missing = {"container_overrides"} if options is BatchOptions else set()
    assert {*inspect.signature(config).parameters, *missing} == set(get_type_hints(options))


@BOTH
def test_each_parameter_says_nothing_unless_it_is_given(config: Config, options: type) -> None:
    assert {one.default for one in inspect.signature(config).parameters.values()} == {None, ()}
    assert config() == {}


@BOTH
def test_each_parameter_has_the_type_of_its_field(config: Config, options: type) -> None:
    fields = get_type_hints(options, include_extras=True)
    for name, hint in get_type_hints(config).items():
        if name == "return":
            continue
        wanted, given = plain(fields[name]), plain(hint)
        if get_origin(wanted) is tuple and get_origin(given) is Sequence:
            assert get_args(given)[0] is plain(get_args(wanted)[0]), name
        elif get_origin(wanted) is tuple:
            assert given == Mapping[str, str], name
        elif wanted is str:
            assert {given, *get_args(given)} & {str, int}, name
        else:
            assert given == wanted, name
            assert is_dataclass(given) or given in (int, bool) or get_args(given), name


@pytest.mark.parametrize(
    ("config", "limited"),
    [
        (EcsConfig, {"placement_constraints": [ecs.PlacementConstraint(type="distinctInstance")] * 11}),
        (EcsConfig, {"placement_strategy": [ecs.PlacementStrategy(type="random")] * 6}),
        (EcsConfig, {"capacity_provider_strategy": [ecs.CapacityProvider(capacity_provider="a")] * 21}),
        (BatchConfig, {"depends_on": [batch.JobDependency(job_id="a")] * 21}),
    ],
)
def test_more_than_aws_takes_is_refused_where_it_is_written(config: Config, limited: dict[str, Any]) -> None:
    ((name, listed),) = limited.items()
    with pytest.raises(RequestError, match=f"Config: {name} must have at most {len(listed) - 1} items"):
        config(**limited)
