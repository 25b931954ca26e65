"""More memory after a kill for memory: on both services, along the sizes that Fargate has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors import batch, compose, ecs, queue_is, unless, when
from aws_executors.core.aws.fargate_sizes import FARGATE_MEMORY
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.core.requests.more_memory import asks_for_kills, growth, mebibytes

PAIRS = [(cpu, memory) for cpu, sizes in FARGATE_MEMORY.items() for memory in sizes]
ECS = ecs.EcsSettings(
    region="us-east-1", cluster="etl", container_name="main", task_definition="airflow", subnets=("subnet-1",)
)
INSTANCES = ecs.EcsSettings(
    region="us-east-1",
    cluster="etl",
    container_name="main",
    task_definition="airflow",
    launch_type="EC2",
)
BATCH = batch.BatchSettings(region="us-east-1", job_name="airflow", job_queue="q", job_definition="d")
TASK = Task(dag_id="etl", task_id="load", try_number=2)


def on_ecs(kills: int, settings: ecs.EcsSettings = ECS, config: object = None) -> Launch[ecs.EcsSettings]:
    return Launch(
        task=TASK,
        command=("run",),
        settings=settings,
        token="0b6e",
        memory_kills=kills,
        executor_config=config or {},
    )


def on_batch(kills: int, config: object = None) -> Launch[batch.BatchSettings]:
    return Launch(
        task=TASK,
        command=("run",),
        settings=BATCH,
        token="0b6e",
        memory_kills=kills,
        executor_config=config or {},
    )


@given(st.sampled_from(PAIRS), st.floats(1.01, 16), st.integers(1, 122_880), st.integers(0, 9))
def test_on_fargate_every_size_exists_and_none_is_smaller(
    pair: tuple[int, int], factor: float, most: int, kills: int
) -> None:
    build = compose(
        ecs.build,
        ecs.with_cpu_memory(cpu=pair[0], memory=pair[1]),
        ecs.with_more_memory(factor=factor, most=most),
    )
    overrides = build(on_ecs(kills)).overrides
    grown = (int(overrides.cpu or 0), int(overrides.memory or 0))
    assert grown in PAIRS
    assert grown[0] >= pair[0]
    assert grown[1] >= pair[1]
    assert grown[1] <= max(most, pair[1])
    if not kills:
        assert grown == pair
    (container,) = overrides.container_overrides
    assert (container.cpu, container.memory) == grown


@pytest.mark.parametrize(
    ("kills", "size"),
    [(0, (256, 1024)), (1, (256, 2048)), (2, (512, 4096)), (3, (1024, 8192)), (4, (1024, 8192))],
)
def test_doubles_with_each_kill(kills: int, size: tuple[int, int]) -> None:
    step = ecs.with_more_memory(factor=2, most="8 GiB")
    build = compose(ecs.build, ecs.with_cpu_memory(cpu=256, memory=1024), step)
    overrides = build(on_ecs(kills)).overrides
    assert (overrides.cpu, overrides.memory) == (str(size[0]), str(size[1]))
    same = compose(
        batch.build, batch.with_resources(vcpus=0.25, memory=1024), batch.with_more_memory(most=8192)
    )
    sizes = same(on_batch(kills)).container_overrides.resource_requirements
    assert {one.type: float(one.value) for one in sizes} == {"VCPU": size[0] / 1024, "MEMORY": size[1]}


def test_by_executor_config_and_on_instances() -> None:
    build = compose(ecs.build, ecs.with_more_memory(most="3 GiB"))
    (container,) = build(on_ecs(1, INSTANCES, {"memory": 1000})).overrides.container_overrides
    assert (container.cpu, container.memory) == (None, 2000)
    (container,) = build(on_ecs(2, INSTANCES, {"memory": 1000})).overrides.container_overrides
    assert container.memory == 3072
    job = compose(batch.build, batch.with_more_memory(most="3 GiB"))(on_batch(1, {"memory": 700}))
    assert {one.type: one.value for one in job.container_overrides.resource_requirements} == {
        "MEMORY": "1400"
    }


def test_without_a_size_it_says_what_to_write() -> None:
    step = ecs.with_more_memory(most="8 GiB")
    with pytest.raises(ValueError, match=r"has no memory that could be raised; put with_cpu_memory"):
        compose(ecs.build, step)(on_ecs(0))
    with pytest.raises(ValueError, match="has no cpu"):
        compose(ecs.build, step)(on_ecs(0, ECS, {"memory": 1024}))
    with pytest.raises(ValueError, match="put with_resources"):
        compose(batch.build, batch.with_more_memory(most=8192))(on_batch(1))


def test_a_size_in_words_is_named_with_what_to_write() -> None:
    build = compose(ecs.build, ecs.with_more_memory(most="8 GiB"))
    with pytest.raises(ValueError, match=r"memory '1GB' in overrides cannot .* write a number of MiB"):
        build(on_ecs(0, ECS, {"overrides": {"memory": "1GB", "cpu": "256"}}))
    with pytest.raises(ValueError, match=r"cpu '1 vCPU' in overrides cannot .* write a number of CPU units"):
        build(on_ecs(0, ECS, {"overrides": {"memory": "1024", "cpu": "1 vCPU"}}))


@pytest.mark.parametrize(
    ("factor", "most"), [(1, 8192), (0.5, 8192), (2, "much"), (2, 0), (2, "-3 GiB"), (99, 1)]
)
def test_refuses_what_makes_no_sense(factor: float, most: int | str) -> None:
    for step in (ecs.with_more_memory, batch.with_more_memory):
        with pytest.raises(ValueError, match=r"factor|no amount of memory"):
            step(factor=factor, most=most)


@given(st.integers(1, 10**6), st.floats(1.01, 16), st.integers(1, 10**6), st.integers(0, 10**6))
def test_memory_grows_and_never_beyond_the_most(before: int, factor: float, most: int, kills: int) -> None:
    grown = growth(factor, most).memory(before, kills)
    assert before <= grown <= max(before, most)


def test_amounts() -> None:
    assert [mebibytes(one) for one in (512, "512", "1.5 GiB", "2gib", " 8 MiB ")] == [512, 512, 1536, 2048, 8]


def test_finds_the_step_wherever_it_stands() -> None:
    step = ecs.with_more_memory(most="8 GiB")
    assert asks_for_kills(compose(compose(ecs.build, step), ecs.with_tags(a="b")))
    assert asks_for_kills(compose(ecs.build, unless(queue_is("a"), when(queue_is("b"), step))))
    assert asks_for_kills(compose(batch.build, batch.with_more_memory(most=8192)))
    assert not asks_for_kills(compose(ecs.build, when(queue_is("a"), ecs.with_gpu(1))))
