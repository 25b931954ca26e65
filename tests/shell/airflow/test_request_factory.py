"""How a parcel becomes requests: a token for each, as long-lived as somebody said, by the way that fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from returns.result import Failure, Result, Success

from aws_executors import Launch, Task, compose, ecs, queue_is, when, with_token_lifetime
from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.ecs.builder import sealed
from aws_executors.shell.airflow.configuration.configured import Configured
from aws_executors.shell.airflow.workloads import Parcel, RequestFactory, Transports
from aws_executors.shell.transport.inline import Inline

if TYPE_CHECKING:
    from aws_executors.shell.airflow.workloads import Workload

SETTINGS = ecs.EcsSettings(
    region="us-east-1", cluster="c", container_name="main", task_definition="d", subnets=("subnet-1",)
)
DENIED = AwsError(kind=Kind.PERMANENT, code="AccessDenied", message="no")
Build = Callable[[Launch[ecs.EcsSettings]], ecs.RunTask]


@dataclass
class Shelf:
    """A store: what lies in it, by submission."""

    lies: dict[str, str] = field(default_factory=dict)
    error: AwsError | None = None
    stores = True

    def put(self, submission: str, workload: str) -> Result[tuple[str, ...], AwsError]:
        self.lies[submission] = workload
        return Success(("run", "--s3", submission)) if self.error is None else Failure(self.error)

    def refresh(self, submission: str, workload: str) -> Result[None, AwsError]:
        self.lies[submission] = workload
        return Success(None)

    def take_over(self, submission: str, fresh: Callable[[str], str]) -> Result[bool, AwsError]:
        raise AssertionError("what we have put ourselves is not taken over")

    def remove(self, submission: str) -> Result[None, AwsError]:
        self.lies.pop(submission, None)
        return Success(None)


@dataclass
class Mint:
    """Workloads of a size, with a number that counts up; keeps the lifetimes that were asked for."""

    size: int = 0
    lifetimes: list[float] = field(default_factory=list)

    def __call__(self, lifetime: float) -> str:
        self.lifetimes.append(lifetime)
        return f"workload {len(self.lifetimes)}" + "x" * self.size


def recipe(
    mint: Mint,
    ways: Transports,
    build: Build = ecs.build,
    settings: ecs.EcsSettings = SETTINGS,
    queue: str = "q",
) -> RequestFactory[ecs.EcsSettings, ecs.RunTask]:
    workload: Workload = SimpleNamespace()  # type: ignore[assignment]  # nobody looks into it here
    parcel = Parcel(
        workload=workload,
        key=None,  # type: ignore[arg-type]
        task=Task(dag_id="d", task_id="t"),
        has_row=True,
        priority=1,
        queue=queue,
    )
    return RequestFactory(
        configured=Configured(settings, build),
        request_type=ecs.RunTask,
        seal=sealed,
        parcel=parcel,
        token="0b6e",
        mint=mint,
        queueing=600.0,
        ways=ways,
    )


def built(made: Result[object, str | AwsError]) -> ecs.RunTask:
    request = made.unwrap()
    assert isinstance(request, ecs.RunTask)
    return request


def command(made: Result[object, str | AwsError]) -> tuple[str, ...]:
    overrides = built(made).overrides
    assert overrides is not None
    return overrides.container_overrides[0].command or ()


INLINE = Inline(("run",))


def test_each_attempt_has_a_token_of_its_own() -> None:
    made = recipe(Mint(), Transports(INLINE))
    assert [command(made(attempt)) for attempt in (1, 2)] == [("run", "workload 1"), ("run", "workload 2")]
    assert made.renew_every is None


@pytest.mark.parametrize(
    ("written", "build", "queue", "expected"),
    [
        (None, ecs.build, "q", 600.0),  # Airflow's task_queued_timeout
        (90.0, ecs.build, "q", 90.0),
        (90.0, compose(ecs.build, with_token_lifetime(hours=2)), "q", 7200.0),
        (90.0, compose(ecs.build, when(queue_is("slow"), with_token_lifetime(hours=2))), "q", 90.0),
        (None, compose(ecs.build, when(queue_is("slow"), with_token_lifetime(minutes=90))), "slow", 5400.0),
        (None, compose(compose(ecs.build, with_token_lifetime(seconds=5))), "q", 5.0),
    ],
)
def test_how_long_a_token_is_valid(written: float | None, build: Build, queue: str, expected: float) -> None:
    mint = Mint()
    settings = SETTINGS.model_copy(update={"token_lifetime": written})
    shelf = Shelf()
    made = recipe(mint, Transports(shelf), build, settings, queue)
    assert built(made(1)).client_token == "0b6e-1"
    assert (mint.lifetimes, made.renew_every) == ([expected], expected / 2)
    made.renew(1)
    assert mint.lifetimes == [expected, expected]


def test_a_lifetime_that_is_none_is_refused_where_it_is_written() -> None:
    with pytest.raises(ValueError, match=r"with_token_lifetime: 0 s is not between 1 s and 604800 s"):
        with_token_lifetime()


def test_what_is_stored_is_renewed_and_taken_away() -> None:
    shelf = Shelf()
    made = recipe(Mint(), Transports(shelf))
    assert command(made(1)) == ("run", "--s3", "0b6e-1")
    assert command(made(2)) == ("run", "--s3", "0b6e-2")
    made.renew(2)
    assert shelf.lies == {"0b6e-1": "workload 1", "0b6e-2": "workload 3"}
    assert made.discard() == Success(None)
    assert shelf.lies == {}


def test_nothing_is_stored_for_a_job_that_is_closed() -> None:
    shelf = Shelf()
    made = recipe(Mint(), Transports(shelf))
    made(1)
    made.discard()
    assert "closed" in str(made(2).failure())
    made.renew(1)
    assert shelf.lies == {}


def test_an_error_of_the_store_is_told_as_it_is() -> None:
    assert recipe(Mint(), Transports(Shelf(error=DENIED)))(1).failure() is DENIED


# --- Sizes -------------------------------------------------------------------------------------------------

KB_20 = 20 * 1024


def test_inline_fails_what_is_too_large_with_the_ways_out_and_no_secret() -> None:
    words = str(recipe(Mint(KB_20), Transports(INLINE))(1).failure())
    assert "ECS allows 8192 (largest: main command 20" in words
    assert "set workload_transport = s3 (or auto) and workload_store = s3://bucket/prefix, or move" in words
    assert "xxx" not in words


@pytest.mark.parametrize(("size", "way"), [(0, "workload"), (KB_20, "--s3")])
def test_auto_takes_the_store_for_what_is_too_large(size: int, way: str) -> None:
    shelf = Shelf()
    made = recipe(Mint(size), Transports(INLINE, shelf))
    assert command(made(1))[1].startswith(way)
    assert bool(shelf.lies) is (size > 0)
    assert made.renew_every == (300.0 if size else None)


def test_what_is_too_large_for_another_reason_too_is_not_stored() -> None:
    shelf = Shelf()
    build = compose(ecs.build, ecs.with_environment(A="a" * 9000))
    words = str(recipe(Mint(), Transports(INLINE, shelf), build)(1).failure())
    assert "largest: main environment A 90" in words
