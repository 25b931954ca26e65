"""A step that gives a task more memory after a try that was killed for it.

Law: the size that the request has grows; on Fargate, it grows to a size that Fargate has.
"""

from dataclasses import dataclass

from aws_executors.core.ecs.options import EcsOptions, with_options
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.ecs.steps.option_step import Step
from aws_executors.core.ecs.steps.task_size import surely_on_fargate
from aws_executors.core.ecs.structures import Overrides
from aws_executors.core.requests.compose import call_text
from aws_executors.core.requests.kinds import of_kind
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.maker import maker
from aws_executors.core.requests.more_memory import MoreMemory, growth
from aws_executors.core.validation import quoted


@dataclass(frozen=True, slots=True, repr=False)
class _MoreMemory(MoreMemory):
    def __call__(self, launch: Launch[EcsSettings], request: RunTask) -> RunTask:
        name = launch.settings.container_name
        overrides = of_kind(RunTask, request).overrides
        own = next((one for one in overrides.container_overrides if one.name == name), None)
        memory = self._number("memory", overrides.memory) or (own.memory if own else None)
        cpu = self._number("cpu", overrides.cpu) or (own.cpu if own else None)
        fargate = surely_on_fargate(request)
        if not memory or (fargate and not cpu):
            raise ValueError(
                f"{self.text}: the request has no {'memory' if not memory else 'cpu'} that could be raised; "
                "put with_cpu_memory(...) before it, or set cpu and memory in executor_config"
            )
        if not launch.memory_kills:
            return request
        if not fargate:
            more = self.growth.memory(memory, launch.memory_kills)
            task = Overrides(memory=str(more)) if overrides.memory else Overrides()
            return with_options(request, EcsOptions(memory=more, overrides=task), name)
        cpu, more = self.growth.pair(cpu or 0, memory, launch.memory_kills)
        size = EcsOptions(cpu=cpu, memory=more, overrides=Overrides(cpu=str(cpu), memory=str(more)))
        return with_options(request, size, name)

    def _number(self, name: str, written: str | None) -> int:
        if written and not written.isdecimal():
            unit = "MiB" if name == "memory" else "CPU units (1024 make a vCPU)"
            raise ValueError(
                f"{self.text}: {name} {quoted(written)} in overrides cannot be raised; "
                f"write a number of {unit}"
            )
        return int(written or 0)


@maker
def with_more_memory(*, factor: float = 2, most: int | str) -> Step:
    """After a try that was killed for memory: `factor` times the memory for each such try, up to `most`.

    `most` is in MiB or a text (``"16 GiB"``). On Fargate the size is one that Fargate has, with more CPU
    where the memory needs it. Tries that failed otherwise change nothing. The request must have a size, so
    this step comes after `with_cpu_memory`. Raises ValueError for a size that cannot be read, or a factor
    that is not above 1 and at most 16.

    >>> with_more_memory(factor=2, most="16 GiB")
    with_more_memory(factor=2, most='16 GiB')
    """
    return _MoreMemory(call_text("with_more_memory", factor=factor, most=most), growth(factor, most))
