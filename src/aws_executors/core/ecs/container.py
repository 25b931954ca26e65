"""A container's override in a RunTask request: finding it by name, and merging another one over it.

Law: pure; one override per container, whichever way it was written.
"""

from dataclasses import replace

from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.structures import ContainerOverride, Overrides
from aws_executors.core.requests.merge import merge


def command_of(overrides: Overrides, name: str) -> tuple[str, ...]:
    """The command that the overrides give this container; empty if they give it none."""
    for one in overrides.container_overrides:
        if one.name == name:
            return one.command
    return ()


def with_over(overrides: Overrides, name: str, over: object) -> Overrides:
    """The overrides with `over` merged over the override of container `name`, which is added if need be.

    `over` is a `ContainerOverride`, or has some of its fields. If it says nothing, nothing is added.

    >>> with_over(Overrides(), "proxy", ContainerOverride(name="proxy", cpu=64)).container_overrides
    (ContainerOverride(name='proxy', cpu=64),)
    """
    listed, bare = overrides.container_overrides, ContainerOverride(name=name)
    names = [one.name for one in listed]
    place = names.index(name) if name in names else len(names)
    before = listed[place] if name in names else bare
    after = merge(merge(bare, before), over)  # inner merge: of a variable listed twice, the last counts
    if after == before:
        return overrides
    return replace(overrides, container_overrides=(*listed[:place], after, *listed[place + 1 :]))


def on_container(request: RunTask, override: ContainerOverride) -> RunTask:
    """The request with this override merged into its container's, which is added if need be.

    >>> request = RunTask(task_definition="a")
    >>> on_container(request, ContainerOverride(name="proxy", cpu=64)).overrides.container_overrides[0].cpu
    64
    """
    overrides = merge(request.overrides, Overrides(container_overrides=(override,)))
    return replace(request, overrides=overrides)
