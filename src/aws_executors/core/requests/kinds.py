"""The check that a request or a launch is of the service whose builder or step gets it.

Law: a request or launch of another service is refused in words, before anything is read from it.
"""

from typing import TypeVar

from aws_executors.core.errors import BuilderError
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.settings.base import Settings
from aws_executors.core.validation import type_and_value

R = TypeVar("R")
S = TypeVar("S", bound=Settings)

TOGETHER = "build and steps of aws_executors.batch go together, and so do those of aws_executors.ecs"


def of_kind(kind: type[R], request: object) -> R:
    """The request, if it is of this kind; else `BuilderError`.

    >>> from aws_executors.ecs import RunTask
    >>> of_kind(RunTask, {"taskDefinition": "airflow"})
    Traceback (most recent call last):
      ...
    aws_executors.core.errors.BuilderError: a RunTask is needed here, not a dict; \
make one of a dict with from_kwargs(...)
    """
    if isinstance(request, kind):
        return request
    given, remedy = f"a {type(request).__name__}", TOGETHER
    if request is None:
        given, remedy = "None", "end the step or builder before it with `return request`"
    elif isinstance(request, dict):
        remedy = "make one of a dict with from_kwargs(...)"
    elif callable(request):
        remedy = "call the builder with a launch: build(launch)"
    raise BuilderError(f"a {kind.__name__} is needed here, not {given}; {remedy}")


def settings_of(kind: type[S], launch: Launch[S]) -> S:
    """The settings of a launch of this service; `BuilderError` for any other, and for what is no launch."""
    given: object = launch
    if not isinstance(given, Launch):
        raise BuilderError(f"a builder takes a Launch, not a {type(given).__name__}; write build(launch)")
    command: object = launch.command
    if isinstance(command, str):
        raise BuilderError("the launch's command is one text; write its words, as in ('airflow', 'version')")
    task: object = launch.task
    if not isinstance(task, Task):
        remedy = "write Task(dag_id='...', task_id='...')"
        raise BuilderError(f"the launch's task must be a Task, not {type_and_value(task)}; {remedy}")
    settings: object = launch.settings
    if isinstance(settings, kind):
        return settings
    remedy = TOGETHER if isinstance(settings, Settings) else f"write {kind.__name__}(region='...', ...)"
    raise BuilderError(f"the launch has {type(settings).__name__}, not {kind.__name__}; {remedy}")
