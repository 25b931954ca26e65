"""A step for ECS that lays options over the request: what most steps are.

Law: a step says nothing that ``executor_config`` could not say too, and changes the request by the same rules
(`requests/merge.py`); it is a value that prints as the call that made it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aws_executors.core.ecs.options import EcsOptions, with_options
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.requests.launch import Launch

Step = Callable[[Launch[EcsSettings], RunTask], RunTask]
"""What `compose` and `when` take for ECS: a function of a launch and a request that gives the request."""


@dataclass(frozen=True, slots=True, repr=False)
class Over:
    """Lays `options` over the request of any launch; `text` is the call that a person wrote."""

    text: str
    options: EcsOptions

    def __call__(self, launch: Launch[EcsSettings], request: RunTask) -> RunTask:
        return with_options(request, self.options, launch.settings.container_name)

    def __repr__(self) -> str:
        return self.text
