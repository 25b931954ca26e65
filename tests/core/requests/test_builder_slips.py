"""Slips in builders and in calls of this package: each is one sentence with the mistake and the remedy."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial, wraps
from types import MappingProxyType
from typing import cast

import pytest
from pydantic import TypeAdapter, ValidationError

import aws_executors
from aws_executors import (
    BuilderError,
    Launch,
    RequestError,
    SettingsError,
    Task,
    batch,
    compose,
    ecs,
)
from aws_executors.core.requests.compose import built
from aws_executors.core.requests.maker import maker
from support.strategies import ECS_SETTINGS

BATCH = Launch(
    task=Task(dag_id="etl", task_id="load"),
    command=("airflow", "version"),
    settings=batch.BatchSettings(region="us-east-1", job_name="a", job_queue="q", job_definition="d"),
    token="0b6e",
)
ECS = Launch(task=BATCH.task, command=BATCH.command, settings=ECS_SETTINGS, token="0b6e")


def tagged(team: str) -> ecs.Step:
    return ecs.with_tags(team=team)


class Part:
    """A step as a class, which has to be called."""

    def __call__(self, launch: Launch[batch.BatchSettings], request: batch.SubmitJob) -> batch.SubmitJob:
        return request


async def later(launch: Launch[batch.BatchSettings], request: batch.SubmitJob) -> batch.SubmitJob:
    return request


def by_yield(launch: Launch[batch.BatchSettings], request: batch.SubmitJob) -> Iterator[batch.SubmitJob]:
    yield request


NAMES: dict[str, object] = {name: getattr(aws_executors, name) for name in aws_executors.__all__}
NAMES |= {"BATCH": BATCH, "ECS": ECS, "replace": replace, "tagged": tagged, "partial": partial}
NAMES |= {"Part": Part, "later": later, "by_yield": by_yield}


# As a notebook runs them: mypy would find most of these.
COMPOSED = [
    ("compose(batch.build, batch.with_tags)", "compose: with_tags was not called; write with_tags(name="),
    ("compose(batch.build, batch.with_job_queue)", "write with_job_queue(job_queue)"),
    ("compose(batch.build, batch.with_depends_on)", "write with_depends_on('...', '...')"),
    ("compose(ecs.build, ecs.with_container)", "write with_container(ContainerOverride(...))"),
    ("compose(ecs.build, tagged)", "a function that makes a step is called where it is named"),
    ("compose(ecs.build, warm)", "warm was not called; write warm(idle=..., tasks=..."),
    ("compose(ecs.build, when)", "when was not called"),
    ('compose(batch.with_tags(a="b"))', "with_tags(...) is a step; put a builder first, as in compose(batch"),
    ("compose(batch.with_tags)", "with_tags was not called; write with_tags(name='...'), behind a builder"),
    ("compose(batch.build_from)", "build_from was not called; write build_from(SubmitJob(...))"),
    ("compose(batch)", "compose takes a builder first, not module; name the function"),
    ("compose(batch.build(BATCH))", "compose takes a builder first, not SubmitJob"),
    ("compose(batch.build, [batch.with_retry(3)])", "one by one, not in a list; leave the brackets"),
    ("compose(batch.build, None)", "compose takes steps, not None"),
    ('compose(batch.build, queue_is("a"))', "queue_is(...) is no step, a function of (launch, request)"),
    (
        "compose(batch.build, batch.build)",
        "build is no step, a function of (launch, request); a builder comes first",
    ),
    (
        'when("big", batch.with_retry(3))',
        "not a text; for a queue write queue_is('big')",
    ),
    ('unless("big", batch.with_retry(3))', "unless takes a predicate, not a text"),
    ("when(True, batch.with_retry(3))", "when takes a predicate, not bool True"),
    ("when(queue_is, batch.with_retry(3))", "queue_is was not called; call it where it is named"),
    ("when(batch.with_retry(3))", "with_retry(...) is a step; a predicate comes first"),
    ('when(queue_is("a"), batch.with_retry)', "when: with_retry was not called"),
    ('any_of("big")', "any_of takes a predicate, not a text"),
    ("any_of(queue_is)", "call it where it is named, as in queue_is("),
    ('not_([queue_is("a")])', "not_ takes a predicate, not list"),
    ("queue_is(3)", "queue_is takes names of queues, not 3"),
    ('compose(batch.build, ecs.with_tags(a="b"))(BATCH)', "a RunTask is needed here, not a SubmitJob"),
    ("compose(batch.build, ecs.with_public_ip())(BATCH)", "a RunTask is needed here, not a SubmitJob"),
    ("compose(batch.build, ecs.with_more_memory(most=9))(BATCH)", "a RunTask is needed here"),
    ("compose(ecs.build, batch.with_retry(3))(ECS)", "a SubmitJob is needed here, not a RunTask"),
    ("compose(ecs.build, batch.with_more_memory(most=9))(ECS)", "a SubmitJob is needed here"),
    ("ecs.build(BATCH)", "the launch has BatchSettings, not EcsSettings"),
    ("batch.build(ECS)", "the launch has EcsSettings, not BatchSettings"),
    ("batch.build(batch.build)", "a builder takes a Launch, not a function"),
    ('batch.build(replace(BATCH, command="airflow version"))', "write its words, as in"),
    ('batch.build_from({"jobName": "a"})', "make one of a dict with from_kwargs(...)"),
    (
        'batch.build(replace(BATCH, task="etl.load"))',
        "task must be a Task, not str 'etl.load'; write Task(",
    ),
    ("batch.build(replace(BATCH, settings=None))", "not BatchSettings; write BatchSettings(region="),
    (
        "compose(batch.build, Part)",
        "compose takes steps, not the class Part; call it: ",
    ),
    ('compose(batch.build, partial(batch.with_tags, team="etl"))', "write with_tags(name='...')"),
    ("compose(batch.build, later)(BATCH)", "later returned a coroutine; write it as def"),
    ("compose(batch.build, by_yield)(BATCH)", "by_yield returned a generator; end it with return"),
    ("compose(batch.build, lambda launch, request: batch.with_retry)(BATCH)", "returned a function; call it"),
    ("compose()", "compose: missing a required argument: 'build'; write compose(build, ..., ...)"),
    ("when()", "when: missing a required argument: 'predicate'; write when(predicate, ..., ...)"),
    ('when(queue_is("a"), otherwise=3)', "when: 'otherwise' is not known"),
    ('not_(queue_is("a"), queue_is("b"))', "not_: too many positional arguments; write not_(predicate)"),
    (
        "ecs.build_from(None)",
        "a RunTask is needed here, not None; end the step or builder before it with `retu",
    ),
    ("ecs.build_from(ecs.build)", "not a function; call the builder with a launch: build(launch)"),
    ("preview(BATCH)", "preview shows a request, not Launch; make one: preview(build(launch))"),
    ("preview(BATCH.settings)", "preview shows a request, not BatchSettings"),
    ("preview(batch.build)", "expected a request, not a function; call the builder with a launch"),
]


@pytest.mark.parametrize(("slip", "words"), COMPOSED)
def test_a_builder_that_can_not_work_is_told(slip: str, words: str) -> None:
    with pytest.raises(BuilderError) as told:
        eval(slip, NAMES)
    assert words in str(told.value)


CALLS = [
    ("batch.with_retry(30)", "with_retry: attempts must be at most 10, not 30"),
    ('batch.with_retry("3")', "attempts must be a whole number, not str '3'; leave the quotes out"),
    ('batch.with_retry(3, on_exit="RETRY")', "on_exit must be a list, not str 'RETRY'"),
    (
        "batch.with_timeout(hours=0.5)",
        "hours must be a whole number, not float 0.5; write with_timeout(hours",
    ),
    ('batch.with_timeout(hours="24")', "hours must be a whole number, not str '24'"),
    ('batch.with_resources(memory="2Gi")', "with_resources: MEMORY (MiB) must be a whole number, 4 or more"),
    ('batch.with_container("proxy", command="serve --fast")', "command must be a list, not str;"),
    ('batch.with_container("proxy", environment="a=b")', "environment must be a mapping, not str;"),
    ("batch.with_job_queue(None)", "job_queue must be text, not None"),
    ('batch.with_depends_on(["0b6e"])', "[0] must be text, not list; write with_depends_on('...', '...')"),
    ("batch.with_tags(n=1)", "with_tags: tags.n must be text, not int 1; put it in quotes"),
    ("ecs.with_tags(n=1)", "with_tags: tags.n must be text, not int 1; put it in quotes"),
    ('ecs.with_tags("team")', "tags must be a mapping, not str 'team'; write with_tags(name='...')"),
    ('ecs.with_environment({"A": None})', "variables.A must be text, not None"),
    ('ecs.with_subnets(["subnet-1"])', "subnets[0] must be text, not list; write with_subnets("),
    ("ecs.with_security_groups(3)", "groups[0] must be text, not int 3"),
    ('ecs.with_public_ip("DISABLED")', "public must be True or False, not str 'DISABLED'"),
    ('ecs.with_gpu("1")', "count must be a whole number, not str '1'"),
    ("ecs.with_gpu(1.5)", "count must be a whole number, not float 1.5"),
    ('ecs.with_container("proxy")', "not str 'proxy'; write with_container(ContainerOverride(...))"),
    ('ecs.with_cpu_memory(cpu=1024, memory="2Gi")', "not str '2Gi'; write MiB, as in 2048"),
    ('ecs.with_task_size(cpu="a", memory=3)', "cpu must be a whole number, not str 'a'; write CPU units"),
    ('ecs.with_more_memory(factor="2", most=1)', "factor must be a number, not str '2'"),
    ('queue_matches(["a"])', "pattern must be text, not list"),
    ('try_number_over("1")', "number must be a whole number, not str '1'; leave the quotes out"),
    ('with_token_lifetime(hours="2")', "hours must be a number, not str '2'"),
    ('ecs.read_options({"memory": "2Gi"})', "not str '2Gi'; write MiB, as in 2048"),
    ('ecs.read_options({"cpu": 0.25})', "not float 0.25; write CPU units, of which 1024 make one vCPU"),
    ("ecs.RunTask()", "RunTask: task_definition is missing; write RunTask(task_definition=..., ...)"),
    ('ecs.RunTask("a")', "its members are given by name; write RunTask(task_definition=..., ...)"),
    ('ecs.Tag("a", "b")', "Tag: its members are given by name; write Tag(key=..., ...)"),
    ('ecs.Tag(key="")', "Tag: key must have at least 1 character, not str ''"),
    ('batch.SubmitJob(job_name="a b", job_queue="q", job_definition="d")', "starting with a letter or digit"),
    ('ecs.Tag(ky="a")', "Tag: 'ky' is not known; did you mean 'key'? Allowed: key, value"),
    (
        'ecs.ContainerOverride(name="a", cpu="x")',
        "ContainerOverride: cpu must be a whole number, not str",
    ),
    ("ecs.RunTask(taskDefinition=3)", "taskDefinition must be text, not int 3; put it in quotes"),
    (
        'ecs.RunTask(task_definition="a", overrides={"cp": "1"})',
        "'cp' in overrides is not known; did you",
    ),
    ('ecs.RunTask(task_definition="a", taskDefinition="b")', "is also set as 'taskDefinition'; keep one"),
    ("replace(ecs.build(ECS), grup=3)", "RunTask: 'grup' is not known; did you mean 'group'?"),
    ("ecs.EphemeralStorage(size_in_gi_b=3)", "size_in_gi_b must be at least 21, not 3"),
    (
        'batch.SubmitJob(job_name="a", job_queue="b")',
        "SubmitJob: job_definition is missing; write Submit",
    ),
    (
        'batch.RetryStrategy(evaluate_on_exit=({"action": "RETRY"},))',
        "RetryStrategy: evaluateOnExit also needs",
    ),
    (
        "batch.with_retry(3, on_exit=(one for one in []))",
        "on_exit must be a list, not generator; write",
    ),
    (
        "batch.with_retry(3, on_exit={}.values())",
        "not dict_values; write with_retry(attempts, on_exit=[",
    ),
    ("batch.with_retry(3, on_exit={3})", "on_exit must be a list, not set"),
    ('batch.with_container("a", command={}.keys())', "command must be a list, not dict_keys; write with_con"),
    (
        'batch.with_container("a", environment=["b"])',
        "be a mapping, not list; write with_container(name",
    ),
    (
        "ecs.with_volume(ecs.VolumeConfiguration)",
        "a mapping, not the class VolumeConfiguration; write",
    ),
    ('BatchConfig(tags="team")', "BatchConfig: tags must be a mapping, not str 'team'"),
    ('BatchConfig(parameters=["a"])', "BatchConfig: parameters must be a mapping, not list"),
    ('EcsConfig(environment="a=b")', "EcsConfig: environment must be a mapping, not str"),
    ("ecs.over_options(ECS.settings, '{}')", "run_task_kwargs must be a mapping, not str"),
    ("batch.over_options(BATCH.settings, [])", "submit_job_kwargs must be a mapping, not list"),
    ("ecs.over_options(ECS.settings, {3: 4})", "run_task_kwargs: '3' is not known"),
    ('ecs.with_tags({1: "a"})', "with_tags: a name in tags must be text, not int 1; put it in quotes"),
    ("EcsConfig(memry=3)", "EcsConfig: 'memry' is not known; did you mean 'memory'?"),
    ('BatchConfig({"memory": 3})', "BatchConfig: its keys are given by name, as in memory=2048"),
]


@pytest.mark.parametrize(("slip", "words"), CALLS)
def test_a_value_that_will_not_do_is_told(slip: str, words: str) -> None:
    with pytest.raises(RequestError) as told:
        eval(slip, NAMES)
    assert words in str(told.value)
    assert "pydantic" not in str(told.value)


SHAPES = [
    ("batch.with_retry()", "missing a required argument: 'attempts'; write with_retry(attempts, on_exit"),
    ("batch.with_timeout(24)", "too many positional arguments; write with_timeout(hours=..., minutes"),
    ("batch.with_timeout(hours=10**5000)", "with_timeout: hours has more digits than AWS takes; write"),
    ("batch.with_resources(memory=10**5000)", "with_resources: memory has more digits than AWS takes"),
    ("ecs.with_gpu(-(10**5000))", "with_gpu: count has more digits than AWS takes; write with_gpu(count)"),
    ("batch.with_timeout(days=1)", "'days' is not known. Allowed: hours, minutes, seconds"),
    ("batch.with_resources(cpu=1)", "'cpu' is not known; did you mean 'vcpus'?"),
    ('ecs.with_tags("team", "etl")', "write with_tags(name='...')"),
    ('ecs.with_tags("team", "etl", a="b")', "too many positional arguments; write with_tags(name='...')"),
    ("ecs.with_cpu_memory(1024, 4096)", "write with_cpu_memory(cpu=..., memory=...)"),
    ('ecs.with_container(name="proxy")', "write with_container(ContainerOverride(...))"),
    ('task_matches("d")', "write task_matches(dag='...', task='...')"),
    ('warm("2h")', "write warm(idle=..., tasks=..."),
    ("Launch(BATCH.task)", "Launch: too many positional arguments; write Launch(task=Task(...), command=..."),
    ("Launch(task=BATCH.task, comand=())", "'comand' is not known; did you mean 'command'? Allowed: task, "),
    ('Task("etl", "load")', "Task: too many positional arguments; write Task(dag_id='...', task_id='...'"),
    ('Task(dag_id="etl")', "Task: missing a required argument: 'task_id'; write Task(dag_id='...'"),
]


@pytest.mark.parametrize(("slip", "words"), SHAPES)
def test_a_call_that_does_not_fit_is_told(slip: str, words: str) -> None:
    with pytest.raises(BuilderError) as told:
        eval(slip, NAMES)
    assert words in str(told.value)


def test_ids_as_the_option_has_them_are_told_before_aws_is_asked() -> None:
    with pytest.raises(ValueError, match=r"write with_subnets\('subnet-1', 'subnet-2'\)"):
        ecs.with_subnets("subnet-1, subnet-2")
    with pytest.raises(ValueError, match=r"write with_security_groups\('sg-1', 'sg-2'\)"):
        ecs.with_security_groups("sg-1,sg-2")


def test_no_value_of_a_variable_is_quoted() -> None:
    with pytest.raises(RequestError) as told:
        ecs.with_environment(DB_PASSWORD=715, STAGE=716)  # type: ignore[arg-type]
    assert "715" not in str(told.value)
    assert "716" not in str(told.value)
    with pytest.raises(RequestError, match="value must be text, not int; put it in quotes"):
        ecs.KeyValuePair(name="DB_PASSWORD", value=715)  # type: ignore[arg-type]
    for parameters in ([("key", 715)], "key=715"):
        with pytest.raises(RequestError) as told:
            replace(batch.build(BATCH), parameters=parameters)  # type: ignore[arg-type]
        assert "715" not in str(told.value)


def test_a_refusal_tells_of_its_own_call_and_not_of_what_the_caller_was_at() -> None:
    @maker
    def with_words() -> None:
        raise RequestError("the words of the step")

    try:
        TypeAdapter(int).validate_python("many")
    except ValidationError:
        with pytest.raises(RequestError, match="the words of the step"):
            with_words()


class Whole:
    """A whole number as another library has it (numpy's, say)."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


WHOLE = [
    ("batch.with_retry(N(3))", "with_retry(3)"),
    ("batch.with_timeout(hours=N(24))", "with_timeout(hours=24)"),
    ("batch.with_resources(vcpus=N(1), memory=N(512))", "with_resources(vcpus=1, memory=512)"),
    ("ecs.with_cpu_memory(cpu=N(256), memory=N(512))", "with_cpu_memory(cpu=256, memory=512)"),
    ("ecs.with_more_memory(most=N(4096))", "with_more_memory(factor=2, most=4096)"),
    ("try_number_over(N(1))", "try_number_over(1)"),
    ("with_token_lifetime(hours=N(2))", "with_token_lifetime(hours=2)"),
    ("EcsConfig(cpu=N(256), memory=N(512))", "{'cpu': 256, 'memory': 512}"),
    ("BatchConfig(vcpus=N(1), memory=N(512))", "{'vcpus': '1', 'memory': '512'}"),
    ("ecs.Overrides(cpu=N(256)).cpu", "'256'"),
    ("ecs.EphemeralStorage(size_in_gi_b=N(21))", "EphemeralStorage(size_in_gi_b=21)"),
    ("ecs.build(replace(ECS, executor_config={'cpu': N(256)})).overrides.container_overrides[0].cpu", "256"),
]


@pytest.mark.parametrize(("written", "printed"), WHOLE)
def test_a_whole_number_of_another_library_is_one(written: str, printed: str) -> None:
    assert repr(eval(written, {**NAMES, "N": Whole})) == printed


def test_what_worked_works() -> None:
    assert repr(ecs.with_environment(MappingProxyType({"A": "b"}), C="d"))
    assert repr(ecs.with_environment(os.environ))
    assert repr(ecs.with_tags({"tags": "x"}, tags="y", self="z"))
    assert repr(ecs.with_container({"name": "proxy", "cpu": 64}))  # type: ignore[arg-type]
    rule = batch.EvaluateOnExit(action="RETRY", on_exit_code="1")
    assert repr(batch.with_retry(3, on_exit=[rule])) == repr(batch.with_retry(3, on_exit=(rule,))).replace(
        "on_exit=(", "on_exit=["
    ).replace(",))", "])")
    assert repr(batch.with_resources(vcpus="1", memory="2048", gpu="1"))


@pytest.mark.parametrize("step", [batch.with_environment, batch.with_parameters, ecs.with_tags])
@pytest.mark.parametrize(
    "name", ["args", "error", "kwargs", "make", "named", "parameters", "self", "tags", "variables"]
)
def test_any_name_is_a_name(step: Callable[..., object], name: str) -> None:
    assert repr(step(**{name: "x"})) == f"{step.__name__}({name}='x')"


def test_a_function_that_hides_its_arguments_may_be_a_step() -> None:
    """A decorator that gives the step more than the launch: what it wraps is not what is called."""

    def with_database(step: Callable[..., ecs.RunTask]) -> Callable[..., ecs.RunTask]:
        @wraps(step)
        def wrapped(*args: object) -> ecs.RunTask:
            return step(*args, "database")

        return wrapped

    @with_database
    def grouped(launch: Launch[ecs.EcsSettings], request: ecs.RunTask, database: str) -> ecs.RunTask:
        return replace(request, group=database)

    assert compose(ecs.build, grouped)(ECS).group == "database"

    @wraps(ecs.with_group)
    def dressed(launch: Launch[ecs.EcsSettings], request: ecs.RunTask) -> ecs.RunTask:
        return replace(request, group="dressed")

    assert compose(ecs.build, dressed)(ECS).group == "dressed"


class Unsigned:
    """A step whose annotations name what is not there: Python 3.14 reads them for the signature."""

    @property
    def __signature__(self) -> object:
        raise NameError("name 'Launch' is not defined")

    def __call__(self, launch: Launch[ecs.EcsSettings], request: ecs.RunTask) -> ecs.RunTask:
        return replace(request, group="unsigned")


def test_a_step_that_annotates_with_names_for_type_checkers_alone_is_a_step() -> None:
    assert compose(ecs.build, Unsigned())(ECS).group == "unsigned"


def test_settings_made_in_python_are_told_with_the_arguments_to_write() -> None:
    with pytest.raises(SettingsError) as told:
        ecs.EcsSettings(regoin="us-east-1", cluster="etl", container_name="main")  # type: ignore[call-arg]
    assert str(told.value).splitlines() == [
        "EcsSettings has 3 faults:",
        "  region is missing; write region='us-east-1'",
        "  task_definition is missing; write task_definition='airflow-task:3'",
        "  regoin = 'us-east-1' is not an option of EcsSettings; did you mean region? rename regoin",
    ]
    with pytest.raises(SettingsError, match="dict is not given by name; write region='us-east-1', or Ecs"):
        cast("Callable[[object], object]", ecs.EcsSettings)({"region": "us-east-1"})


WRONG_PAIR = {"overrides": {"cpu": "300", "memory": "512"}}


@pytest.mark.parametrize("build", [ecs.build, compose(ecs.build, ecs.with_tags(a="b"))])
def test_what_executor_config_brings_is_not_the_builders_fault(
    build: Callable[[Launch[ecs.EcsSettings]], ecs.RunTask],
) -> None:
    fault = built(build, replace(ECS, executor_config=WRONG_PAIR), ecs.RunTask, ecs.sealed).failure()
    assert str(fault).startswith("executor_config: Fargate has no task with cpu=300; cpu is one of 256, ")
    assert "sealed" not in str(fault)


@pytest.mark.parametrize(
    ("build", "error"),
    [
        (later, "returned a coroutine; write it as def"),
        (by_yield, "returned a generator; end it with return, without yield"),
        (
            lambda launch, request: batch.build,
            "returned a function; call it where it is named, as in build(l",
        ),
    ],
)
def test_a_builder_that_has_not_run_is_told(build: Callable[..., object], error: str) -> None:
    asked = cast("Callable[..., batch.SubmitJob]", build)
    fault = built(lambda launch: asked(launch, None), BATCH, batch.SubmitJob).failure()
    assert fault.error.startswith(error)


def test_a_misspelt_member_in_a_step_is_told_with_the_one_that_was_meant() -> None:
    build = compose(ecs.build, lambda launch, request: replace(request, tag=()))  # type: ignore[call-arg]
    error = built(build, ECS, ecs.RunTask).failure().error
    assert error.startswith("RunTask: 'tag' is not known; did you mean 'tags'? Allowed: task_definition, ")


@pytest.mark.parametrize(
    ("read", "key", "words"),
    [
        (ecs.read_options, "jobQueue", "it is Batch's; ECS has cluster, launchType and capacityProviderStr"),
        (ecs.read_options, "retry_strategy", "it is Batch's; write retries= at the task"),
        (ecs.read_options, "timeout", "it is Batch's; write execution_timeout= at the task"),
        (ecs.read_options, "queue", "write queue= at the task"),
        (
            batch.read_options,
            "launch_type",
            "it is ECS's; on Batch the queue's compute environment says where",
        ),
        (batch.read_options, "cluster", "it is ECS's; on Batch the queue's"),
        (batch.read_options, "queue", "write queue= at the task, or jobQueue for Batch's"),
    ],
)
def test_a_key_of_the_other_service_is_told_as_that(
    read: Callable[[object], object], key: str, words: str
) -> None:
    with pytest.raises(RequestError) as told:
        read({key: "x"})
    assert f"executor_config: {key!r} cannot be set: " in str(told.value)
    assert words in str(told.value)


def test_what_the_builder_brings_is_its_own() -> None:
    build = compose(ecs.build, lambda launch, request: replace(request, network_configuration=None))
    fault = built(build, replace(ECS, executor_config={"cpu": 256}), ecs.RunTask, ecs.sealed).failure()
    assert str(fault).startswith(
        "compose(aws_executors.core.ecs.builder.build, ...): a task on Fargate needs"
    )
