"""Composition: order, choice, what it prints as, and what a person reads when a part breaks the bargain."""

import gc
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NoReturn

import pytest
from returns.pipeline import is_successful

from aws_executors import any_of, compose, not_, queue_is, unless, when
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.errors import BuilderError
from aws_executors.core.requests.compose import BuildFault, built, function_name
from aws_executors.core.requests.launch import Launch, Task
from aws_executors.ecs import RunTask, build, with_environment, with_group, with_tags
from support.strategies import ECS_SETTINGS

JWT = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJ0aSJ9.c2lnbmF0dXJl"
WORKLOAD = f'{{"token": "{JWT}", "ti": {{"task_id": "load"}}, "log_path": "a/long/path"}}'
LAUNCH = Launch(
    task=Task(dag_id="etl", task_id="load"),
    command=("python", "-m", "airflow.sdk.execution_time.execute_workload", "--json-string", WORKLOAD),
    settings=ECS_SETTINGS,
    token="0b6e",
    queue="large",
)
Builder = Callable[[Launch[EcsSettings]], RunTask]


def grouped(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    return replace(request, group=f"{request.group or ''}+{launch.queue}")


def nothing(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    return None  # type: ignore[return-value]


def words(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    return "a text"  # type: ignore[return-value]


def broken(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    raise KeyError("retries")


def quoting(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    raise RuntimeError(f"no {launch.command!r}, no {launch.command[-1]} and no {JWT}")


def misspelled(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    return replace(request, grup="x")  # type: ignore[call-arg]


def assigning(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    request.group = "x"  # type: ignore[misc]
    return request


def noting(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    launch.seen = True  # type: ignore[attr-defined]
    return request


def forgetting(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    del request.group
    return request


def setting(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    launch.settings.cluster = "other"  # type: ignore[misc]
    return request


class Later:
    """What an async function gives, but for the warning that nobody awaited it."""

    def __await__(self) -> Iterator[None]:
        yield


def asked_later(launch: Launch[EcsSettings]) -> Later:
    return Later()


async def asked_async(launch: Launch[EcsSettings]) -> bool:
    return False


def asked_by_function(launch: Launch[EcsSettings]) -> Callable[..., object]:
    return asked_later


def asked_by_yield(launch: Launch[EcsSettings]) -> Iterator[bool]:
    yield False


async def asked_async_by_yield(launch: Launch[EcsSettings]) -> AsyncIterator[bool]:
    yield False


def wrong(launch: Launch[EcsSettings], request: RunTask) -> RunTask:
    return replace(request, started_by="not allowed!", client_token="")


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def unprintable(launch: Launch[EcsSettings]) -> NoReturn:
    raise Unprintable


def test_steps_run_from_left_to_right_each_on_what_the_one_before_made() -> None:
    assert compose(build, with_group("a"), grouped, grouped)(LAUNCH).group == "a+large+large"
    assert compose(build, grouped, with_group("a"))(LAUNCH).group == "a"


def test_a_launch_can_be_made_with_its_type_written_down() -> None:
    again = Launch[EcsSettings](
        task=LAUNCH.task, command=LAUNCH.command, settings=LAUNCH.settings, token=LAUNCH.token
    )
    assert build(again) == build(LAUNCH)


def test_no_step_is_the_builder_itself() -> None:
    assert compose(build)(LAUNCH) == build(LAUNCH)


@pytest.mark.parametrize(
    ("step", "group"),
    [
        (when(queue_is("large"), with_group("a"), grouped), "a+large"),
        (when(queue_is("small"), with_group("a"), grouped), None),
        (unless(queue_is("large"), with_group("a")), None),
        (unless(queue_is("small"), with_group("a")), "a"),
        (when(queue_is("large"), unless(queue_is("small"), with_group("b"))), "b"),
        (when(queue_is("large")), None),
    ],
)
def test_choice(step: Callable[[Launch[EcsSettings], RunTask], RunTask], group: str | None) -> None:
    assert compose(build, step)(LAUNCH).group == group


def test_builders_are_builders_again() -> None:
    inner = compose(build, with_tags(team="etl"))
    assert compose(inner, with_group("a"))(LAUNCH) == compose(build, with_tags(team="etl"), with_group("a"))(
        LAUNCH
    )


def test_what_prints_can_be_pasted_back() -> None:
    builder = compose(
        build, grouped, when(queue_is("large"), with_group("a")), unless(queue_is("b"), grouped)
    )
    text = "compose(build, grouped, when(queue_is('large'), with_group('a')), unless(queue_is('b'), grouped))"
    assert repr(builder) == text
    assert eval(text) == builder


def test_builders_of_equal_parts_are_equal() -> None:
    assert compose(build, with_group("a")) == compose(build, with_group("a"))
    assert compose(build, with_group("a")) != compose(build, with_group("b"))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            nothing,
            r"step .*test_compose\.nothing returned nothing, not a RunTask; end it with `return request`",
        ),
        (words, r"step .*test_compose\.words returned a str, not a RunTask"),
    ],
)
def test_a_step_that_gives_no_request_is_named(
    step: Callable[[Launch[EcsSettings], RunTask], RunTask], message: str
) -> None:
    for builder in (compose(build, step), compose(build, when(queue_is("large"), step))):
        with pytest.raises(BuilderError, match=message):
            builder(LAUNCH)


def fault_of(builder: Builder) -> BuildFault:
    result = built(builder, LAUNCH, RunTask)
    assert not is_successful(result)
    return result.failure()


def test_c4_a_good_builder_gives_its_request() -> None:
    assert built(build, LAUNCH, RunTask).unwrap() == build(LAUNCH)


def test_the_last_steps_come_after_anybodys_builder() -> None:
    assert built(build, LAUNCH, RunTask, with_group("a"), grouped).unwrap().group == "a+large"


def test_the_last_steps_are_not_taken_with_what_is_no_request() -> None:
    result = built(lambda launch: None, LAUNCH, RunTask, grouped)  # type: ignore[arg-type, return-value]
    assert result.failure().error == "returned nothing, not a RunTask; end it with `return request`"


@pytest.mark.parametrize(
    ("builder", "told"),
    [
        (
            compose(build, broken),
            "compose(aws_executors.core.ecs.builder.build, ...): KeyError: 'retries' (in step ",
        ),
        (compose(build, when(queue_is("large"), broken)), "KeyError: 'retries' (in step "),
        (compose(build, nothing), "nothing returned nothing, not a RunTask; end it with `return request`"),
        (compose(build, wrong), "started_by: 'not allowed!' must be 1 to 128 of"),
        (compose(build, misspelled), "'grup' is not known"),
        (
            compose(build, assigning),
            "'group'; return a changed copy instead, made by dataclasses.replace (in",
        ),
        (compose(build, noting), "cannot assign to field 'seen'; return a changed copy instead"),
        (compose(build, forgetting), "cannot delete field 'group'; return a changed copy instead"),
        (
            compose(build, setting),
            "cluster cannot be set: the settings are those of all tasks; change the request instead (in step",
        ),
        (
            compose(build, when(asked_by_function, broken)),  # type: ignore[arg-type]
            "asked_by_function returned a function; call it where it is named, as in queue_is(",
        ),
        (
            compose(build, unless(any_of(asked_by_function), broken)),  # type: ignore[arg-type]
            "call it where it is named, as in queue_is(",
        ),
        (
            compose(build, when(not_(asked_later), broken)),  # type: ignore[arg-type]
            "asked_later returned a coroutine; write it as def",
        ),
        (
            compose(build, when(asked_by_yield, broken)),  # type: ignore[arg-type]
            "asked_by_yield returned a generator; end it with return",
        ),
        (
            compose(build, when(asked_async_by_yield, broken)),  # type: ignore[arg-type]
            "asked_async_by_yield returned a generator; end it with return",
        ),
        (lambda launch: None, "<lambda>: returned nothing, not a RunTask"),
        (
            lambda launch: {"taskDefinition": "a"},
            "<lambda>: returned a dict, not a RunTask; make one of a dict with from_kwargs(...)",
        ),
        (unprintable, "Unprintable: (its text cannot be made)"),
        (lambda: None, "TypeError: "),
    ],
)
def test_c4_a_builder_that_raises_or_gives_something_else_is_a_fault(builder: Builder, told: str) -> None:
    assert told in str(fault_of(builder))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("request['tags'] = []", "does not support item assignment; a request is no dict: change to_kwargs("),
        ("request['tags']", "is not subscriptable; a request is no dict: "),
        ("request.update(tags=[])", "has no attribute 'update'; a request is no dict: "),
        ("dict(request)", "is not iterable; a request is no dict: "),
        ("{**request}", "is not a mapping; a request is no dict: "),
        ("request.taskDefinition", "'taskDefinition'; did you mean task_definition?"),
        ("request.overrides.cpuu", "'cpuu'; did you mean cpu?"),
        (
            "request.taskDefinition = 'a'",
            "'taskDefinition'; return a changed copy instead, made by dataclasses",
        ),
        ("request.overrides.cpus = '256'", "'cpus'; return a changed copy instead, made by dataclasses"),
        ("launch.stage = 'test'", "'stage'; return a changed copy instead, made by dataclasses.replace"),
        ("launch.task.stage = 'test'", "'stage'; return a changed copy instead, made by dataclasses.replace"),
        ("launch.task['tags']", "TypeError: 'Task' object is not subscriptable"),
    ],
)
def test_a_request_that_is_handled_as_a_dict_is_told_how_to_change_it(line: str, told: str) -> None:
    def by_line(launch: Launch[EcsSettings]) -> RunTask:
        request = build(launch)
        exec(line, {"request": request, "launch": launch})
        return request

    words = str(fault_of(by_line))
    assert told in words
    assert ("no dict" in words) == ("no dict" in told)


def test_a_launch_may_be_made_by_its_type_with_settings() -> None:
    launch = Launch[EcsSettings](task=LAUNCH.task, command=("a",), settings=LAUNCH.settings, token="0b6e")
    assert build(launch).task_definition == build(LAUNCH).task_definition


def test_a_coroutine_that_a_predicate_returned_is_closed() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fault = fault_of(compose(build, when(asked_async, broken)))  # type: ignore[arg-type]
        gc.collect()
    assert "asked_async returned a coroutine; write it as def" in str(fault)
    assert told == []


def test_c4_the_step_that_raised_is_named() -> None:
    assert "broken)" in str(fault_of(compose(build, when(queue_is("large"), broken))))


def test_no_fault_quotes_the_workload_or_its_token() -> None:
    told = str(fault_of(compose(build, quoting)))
    assert "RuntimeError: no (" in told
    assert JWT not in told
    assert WORKLOAD not in told


def test_no_name_quotes_arguments() -> None:
    step = with_environment(PASSWORD="hunter2")
    assert function_name(step) == "with_environment(...)"
    assert "hunter2" not in str(fault_of(compose(build, step, broken)))


class Mine:
    def __call__(self, launch: Launch[EcsSettings]) -> RunTask:
        raise KeyError("x")


class MineUnprintable(Mine):
    def __repr__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("builder", "name"),
    [(Mine(), "Mine"), (MineUnprintable(), "MineUnprintable"), (partial(build), "functools.partial(...)")],
)
def test_a_callable_object_is_named_too(builder: Builder, name: str) -> None:
    assert function_name(builder) == name


def test_a_builder_that_can_not_even_be_printed_is_a_fault() -> None:
    assert str(fault_of(MineUnprintable())) == "MineUnprintable: KeyError: 'x'"


def test_what_must_end_the_program_does() -> None:
    def interrupted(launch: Launch[EcsSettings]) -> RunTask:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built(interrupted, LAUNCH, RunTask)


def test_queues_in_a_list_are_told_at_once() -> None:
    """It would never be true: the list is no queue's name."""
    with pytest.raises(BuilderError, match=r"write queue_is\('a', 'b'\)"):
        queue_is(["large", "small"])  # type: ignore[arg-type]
