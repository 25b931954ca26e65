"""A step that gives a job more memory after a try that was killed for it.

Law: the size that the request has grows; a size that Fargate has grows to another that Fargate has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_executors.core.aws.fargate_sizes import FARGATE_MEMORY, GIB
from aws_executors.core.aws.response import number
from aws_executors.core.batch.container import task_containers
from aws_executors.core.batch.options import BatchOptions, requirements, with_options
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.batch.steps.members import Step
from aws_executors.core.requests.compose import call_text
from aws_executors.core.requests.kinds import of_kind
from aws_executors.core.requests.launch import Launch
from aws_executors.core.requests.maker import maker
from aws_executors.core.requests.more_memory import MoreMemory, growth

VERB = "with_more_memory"


@dataclass(frozen=True, slots=True, repr=False)
class _MoreMemory(MoreMemory):
    def __call__(self, launch: Launch[BatchSettings], request: SubmitJob) -> SubmitJob:
        name = launch.settings.container_name
        sizes = _sizes(of_kind(SubmitJob, request), name)
        memory, vcpus = sizes.get("MEMORY"), sizes.get("VCPU")
        if not memory:
            raise ValueError(
                f"{self.text}: the request has no memory that could be raised; put with_resources(...) "
                "before it, or set vcpus and memory in executor_config"
            )
        if not launch.memory_kills:
            return request
        units, before = round((vcpus or 0) * GIB), int(memory)
        if before in FARGATE_MEMORY.get(units, ()):
            units, more = self.growth.pair(units, before, launch.memory_kills)
            wish = requirements(vcpus=units / GIB, memory=more)
        else:
            wish = requirements(memory=self.growth.memory(before, launch.memory_kills))
        return with_options(request, BatchOptions(resource_requirements=wish), name, VERB)


@maker
def with_more_memory(*, factor: float = 2, most: int | str) -> Step:
    """After a try that was killed for memory: `factor` times the memory for each such try, up to `most`.

    `most` is in MiB or a text (``"16 GiB"``). A size that Fargate has grows to one that Fargate has, with
    more vCPUs where the memory needs it. Tries that failed otherwise change nothing. The request must have a
    size, so this step comes after `with_resources`. Raises ValueError for a size that cannot be read, or a
    factor that is not above 1 and at most 16.

    >>> with_more_memory(factor=2, most="16 GiB")
    with_more_memory(factor=2, most='16 GiB')
    """
    return _MoreMemory(call_text(VERB, factor=factor, most=most), growth(factor, most))


def _sizes(request: SubmitJob, name: str) -> Mapping[str, float | None]:
    """The sizes of the Airflow container that the request sets, by Batch's name for them."""
    own = [one for one in task_containers(request.ecs_properties_override) if one.name == name]
    asked = (request.container_overrides.resource_requirements, *(one.resource_requirements for one in own))
    return {one.type: number(one.value) for several in asked for one in several}
