"""How large a task is: CPU units (1024 make one vCPU) and MiB of memory, for container and task.

Law: a pair that Fargate does not have is refused before AWS is asked; if it has more CPU than the table
(`core/aws/fargate_sizes.py`) knows, AWS decides.
"""

from dataclasses import dataclass

from aws_executors.core.aws.fargate_sizes import FARGATE_MEMORY
from aws_executors.core.ecs.options import EcsOptions, with_options
from aws_executors.core.ecs.request import RunTask, launch_platform
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.ecs.steps.option_step import Step
from aws_executors.core.ecs.structures import Overrides
from aws_executors.core.requests.compose import call_text
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.maker import maker


def fargate_pair_fault(cpu: int, memory: int) -> str:
    """What is wrong with a task of this size on Fargate; empty if nothing is.

    >>> fargate_pair_fault(1024, 2048)
    ''
    >>> fargate_pair_fault(256, 4096)
    'Fargate has no task with cpu=256 and memory=4096; with that cpu, memory is 512, 1024, 2048 MiB'
    """
    if cpu > max(FARGATE_MEMORY):
        return ""
    pair = f"Fargate has no task with cpu={cpu}"
    if cpu not in FARGATE_MEMORY:
        return f"{pair}; cpu is one of {', '.join(map(str, FARGATE_MEMORY))}"
    sizes = FARGATE_MEMORY[cpu]
    if memory in sizes:
        return ""
    steps = f" in steps of {sizes.step}" if isinstance(sizes, range) else ""
    words = f"{sizes[0]} to {sizes[-1]} MiB{steps}" if steps else f"{', '.join(map(str, sizes))} MiB"
    return f"{pair} and memory={memory}; with that cpu, memory is {words}"


def surely_on_fargate(request: RunTask) -> bool:
    """Whether the request certainly runs on Fargate; False also if only the cluster decides.

    >>> surely_on_fargate(RunTask(task_definition="a", launch_type="FARGATE"))
    True
    """
    return launch_platform(request.launch_type, request.capacity_provider_strategy) == "FARGATE"


@dataclass(frozen=True, slots=True, repr=False)
class _Size:
    text: str
    cpu: int
    memory: int
    options: EcsOptions

    def __call__(self, launch: Launch[EcsSettings], request: RunTask) -> RunTask:
        sized = with_options(request, self.options, launch.settings.container_name)
        fault = fargate_pair_fault(self.cpu, self.memory) if surely_on_fargate(sized) else ""
        if fault:
            raise ValueError(fault)
        return sized

    def __repr__(self) -> str:
        return self.text


@maker
def with_cpu_memory(*, cpu: int, memory: int) -> Step:
    """A task of this size, all of it for the Airflow container: CPU units and MiB.

    Sets the container's override and the task's, since AWS refuses a container larger than its task. With
    other containers beside it, follow it by `with_task_size`. Raises ValueError, when called, for a pair that
    Fargate does not have.

    >>> with_cpu_memory(cpu=1024, memory=4096)
    with_cpu_memory(cpu=1024, memory=4096)
    """
    options = EcsOptions(cpu=cpu, memory=memory, overrides=Overrides(cpu=str(cpu), memory=str(memory)))
    return _Size(call_text("with_cpu_memory", cpu=cpu, memory=memory), cpu, memory, options)


@maker
def with_task_size(*, cpu: int, memory: int) -> Step:
    """A task of this size, its containers as they are: CPU units and MiB; ValueError as `with_cpu_memory`.

    >>> with_task_size(cpu=2048, memory=4096)
    with_task_size(cpu=2048, memory=4096)
    """
    options = EcsOptions(overrides=Overrides(cpu=str(cpu), memory=str(memory)))
    return _Size(call_text("with_task_size", cpu=cpu, memory=memory), cpu, memory, options)
