"""ECS through boto3, against the embedded AWS: every way a call can end, as a value.

Law: no mock. What can go wrong is asked of `LocalAws` by its faults; expectations are written by hand.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import pytest
from botocore.stub import Stubber
from returns.result import Result

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.service import Service
from aws_executors.core.ecs.request import RunTask
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.core.ecs.structures import (
    AwsvpcConfiguration,
    ContainerOverride,
    NetworkConfiguration,
    Overrides,
)
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.local import LocalAws
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.ecs import EcsCalls
from support.sites import ecs_site

SLEEP = ("sleep", "60")
NETWORK = NetworkConfiguration(awsvpc_configuration=AwsvpcConfiguration(subnets=("subnet-1",)))


@pytest.fixture(scope="module")
def world() -> Iterator[LocalAws]:
    with LocalAws(max_processes=16) as aws:
        ecs_site(aws, "etl", "other", family="job")
        yield aws


@pytest.fixture
def aws(world: LocalAws) -> LocalAws:
    world.faults.clear()
    return world


@pytest.fixture
def settings(aws: LocalAws) -> EcsSettings:
    return settings_at(aws.url)


@pytest.fixture(scope="module")
def clients(world: LocalAws) -> Clients:
    return Clients(settings_at(world.url))


@pytest.fixture
def ecs(clients: Clients, settings: EcsSettings) -> EcsCalls:
    return EcsCalls(clients, settings)


@pytest.fixture
def impatient(aws: LocalAws) -> EcsCalls:
    """The same, but no answer is waited for longer than a second."""
    settings = settings_at(aws.url, timeout=1.0)
    return EcsCalls(Clients(settings), settings)


def settings_at(url: str, timeout: float = 30.0) -> EcsSettings:
    return EcsSettings(
        region="us-east-1",
        cluster="etl",
        container_name="main",
        task_definition="job",
        subnets=("subnet-1",),
        endpoint_url=url,
        call_timeout=timeout,
    )


def request(
    token: str, *command: str, attempt: int = 1, cluster: str = "etl", definition: str = "job"
) -> RunTask:
    return RunTask(
        task_definition=definition,
        cluster=cluster,
        launch_type="FARGATE",
        network_configuration=NETWORK,
        overrides=Overrides(container_overrides=(ContainerOverride(name="main", command=command),)),
        started_by=f"airflow/{token}",
        client_token=f"{token}-{attempt}",
    )


def seen(ecs: EcsCalls, arn: str, phase: Phase, seconds: float = 30.0) -> Observation:
    """The container, as soon as it is in this phase."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for observation in ecs.describe([arn]).unwrap().observations:
            if observation.phase is phase:
                return observation
        time.sleep(0.02)
    raise AssertionError(f"{arn} was not {phase} within {seconds} s: {ecs.describe([arn])}")


def started_for(aws: LocalAws, token: str) -> int:
    return sum(task.get("startedBy") == f"airflow/{token}" for task in aws.tasks())


def test_is_a_service(ecs: EcsCalls) -> None:
    service: Service[RunTask] = ecs
    assert service.idempotent


def test_a_task_from_submit_to_its_end(ecs: EcsCalls) -> None:
    arn = ecs.submit(request("whole", "true")).unwrap()
    ended = seen(ecs, arn, Phase.SUCCEEDED)
    assert (ended.id, ended.name, ended.exit_code) == (arn, "airflow/whole", 0)


@dataclass(frozen=True)
class Refusal:
    """A fault, the kind it must come out as, and how many tasks must then be there."""

    name: str
    plan: Callable[[LocalAws], object]
    kind: Kind
    tasks: int


HANG = 60.0  # seconds: nobody waits for that long
BOUNDED = 30.0  # seconds, on however busy a machine: half of one hanging call
REFUSALS = (
    Refusal("lost", lambda aws: aws.faults.lose_answer("RunTask"), Kind.AMBIGUOUS, 1),
    Refusal("fail-after", lambda aws: aws.faults.fail_after("RunTask"), Kind.AMBIGUOUS, 1),
    Refusal("fail-before", lambda aws: aws.faults.fail_before("RunTask"), Kind.AMBIGUOUS, 0),
    Refusal("hang", lambda aws: aws.faults.hang("RunTask", HANG), Kind.AMBIGUOUS, 1),
    Refusal("throttle", lambda aws: aws.faults.throttle("RunTask"), Kind.THROTTLED, 0),
    Refusal("expired", lambda aws: aws.faults.expire_credentials(HANG), Kind.CREDENTIALS, 0),
    Refusal("no-room", lambda aws: aws.faults.no_capacity(times=1), Kind.CAPACITY, 0),
    Refusal(
        "denied",
        lambda aws: aws.faults.refuse("RunTask", "AccessDeniedException", "not authorized to perform: x:Y"),
        Kind.PERMANENT,
        0,
    ),
    Refusal(
        "disguised",
        lambda aws: aws.faults.refuse(
            "RunTask",
            "InvalidParameterException",
            "Error retrieving subnet information for [subnet-1]: Rate exceeded",
        ),
        Kind.THROTTLED,
        0,
    ),
)


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_c10_a_refused_submission_is_classed_and_repeating_it_starts_one(
    case: Refusal, aws: LocalAws, ecs: EcsCalls, impatient: EcsCalls
) -> None:
    case.plan(aws)
    asked = impatient if case.name == "hang" else ecs
    error = asked.submit(request(case.name, *SLEEP)).failure()
    assert (error.kind, started_for(aws, case.name)) == (case.kind, case.tasks)
    aws.faults.clear()
    arn = ecs.submit(request(case.name, *SLEEP)).unwrap()
    assert started_for(aws, case.name) == 1
    assert ecs.stop([arn], "the test is over") == {arn: None}


def test_a_conflict_names_the_task_that_was_started(aws: LocalAws, ecs: EcsCalls) -> None:
    arn = ecs.submit(request("conflict", *SLEEP)).unwrap()
    error = ecs.submit(request("conflict", "sleep", "61")).failure()
    assert (error.kind, error.resource_ids) == (Kind.CONFLICT, (arn,))
    assert started_for(aws, "conflict") == 1


def test_c24_an_unknown_task_definition_is_permanent(ecs: EcsCalls) -> None:
    error = ecs.submit(request("undefined", definition="nothing")).failure()
    assert (error.kind, error.code) == (Kind.PERMANENT, "ClientException")
    assert "TaskDefinition not found" in error.message


def test_a_wrong_cluster_is_permanent_with_a_remedy(ecs: EcsCalls) -> None:
    error = ecs.submit(request("clusterless", cluster="nowhere")).failure()
    assert (error.kind, error.code) == (Kind.PERMANENT, "ClusterNotFoundException")
    assert "region" in error.remedy


def test_an_unreachable_endpoint(aws: LocalAws) -> None:
    away = settings_at("http://127.0.0.1:9")  # nobody listens there
    ecs = EcsCalls(Clients(away), away)
    assert ecs.submit(request("away")).failure().kind is Kind.UNREACHABLE
    assert ecs.describe(["arn:aws:ecs:us-east-1:1:task/etl/1"]).failure().kind is Kind.UNREACHABLE
    assert ecs.find("away", ()).failure().kind is Kind.UNREACHABLE


def test_c7_a_call_that_hangs_is_bounded(aws: LocalAws, impatient: EcsCalls) -> None:
    aws.faults.hang("DescribeTasks", HANG)
    before = time.monotonic()
    error = impatient.describe(["arn:aws:ecs:us-east-1:123456789012:task/etl/1"]).failure()
    assert error.kind is Kind.AMBIGUOUS
    assert time.monotonic() - before < BOUNDED


def test_c22_a_missing_task_is_absent(ecs: EcsCalls) -> None:
    arn = "arn:aws:ecs:us-east-1:123456789012:task/etl/00000000000000000000000000000000"
    (only,) = ecs.describe([arn]).unwrap().observations
    assert (only.id, only.phase) == (arn, Phase.ABSENT)


def test_describes_nothing_without_a_call(aws: LocalAws, ecs: EcsCalls) -> None:
    before = dict(aws.calls())
    assert ecs.describe([]).unwrap().observations == ()
    assert aws.calls() == before


def test_describes_more_than_a_hundred(aws: LocalAws, ecs: EcsCalls) -> None:
    arns = [f"arn:aws:ecs:us-east-1:123456789012:task/etl/{number:032}" for number in range(101)]
    ecs.describe(arns[:1]).unwrap()  # so that it has been called, whichever tests have run before
    before = aws.calls()["ecs.DescribeTasks"]["calls"]
    assert [one.id for one in ecs.describe(arns).unwrap().observations] == arns
    assert aws.calls()["ecs.DescribeTasks"]["calls"] == before + 2


def test_c30_one_failing_cluster_hides_no_other(aws: LocalAws, ecs: EcsCalls) -> None:
    here = ecs.submit(request("here", *SLEEP)).unwrap()
    there = ecs.submit(request("there", *SLEEP, cluster="other")).unwrap()
    assert {one.id for one in ecs.describe([here, there]).unwrap().observations} == {here, there}
    aws.faults.throttle("DescribeTasks")
    answer = ecs.describe([here, there]).unwrap()
    assert [one.id for one in answer.observations] == [there]
    assert [(odd.id, odd.problem.split(":")[0]) for odd in answer.unreadable] == [
        (here, "ThrottlingException")
    ]


def test_finds_nothing(ecs: EcsCalls) -> None:
    assert ecs.find("never-used", ()).unwrap() is None


def test_c9_finds_the_task_of_a_lost_answer(aws: LocalAws, ecs: EcsCalls) -> None:
    aws.faults.lose_answer("RunTask")
    assert ecs.submit(request("lost-then-found", *SLEEP)).failure().kind is Kind.AMBIGUOUS
    found = ecs.find("lost-then-found", ()).unwrap()
    assert found is not None
    assert (found.name, found.ended) == ("airflow/lost-then-found", False)


def test_finds_the_live_one_before_the_newer_stopped_one(ecs: EcsCalls) -> None:
    live = ecs.submit(request("live", *SLEEP)).unwrap()
    stopped = ecs.submit(request("live", "false", attempt=2)).unwrap()
    seen(ecs, stopped, Phase.FAILED)
    assert found_id(ecs.find("live", ())) == live
    assert found_id(ecs.find("live", [live])) == stopped
    assert ecs.find("live", [live, stopped]).unwrap() is None


def test_finds_the_newest_stopped_one(ecs: EcsCalls) -> None:
    arns = []
    for attempt in (1, 2):
        arns.append(ecs.submit(request("dead", "false", attempt=attempt)).unwrap())
        seen(ecs, arns[-1], Phase.FAILED)
        time.sleep(0.01)
    assert found_id(ecs.find("dead", ())) == arns[1]
    assert found_id(ecs.find("dead", arns[1:])) == arns[0]


def found_id(found: Result[Observation | None, AwsError]) -> str:
    observation = found.unwrap()
    assert observation is not None
    return observation.id


def test_finds_in_another_cluster_that_was_submitted_to(
    clients: Clients, settings: EcsSettings, ecs: EcsCalls
) -> None:
    arn = ecs.submit(request("elsewhere", *SLEEP, cluster="other")).unwrap()
    assert found_id(ecs.find("elsewhere", ())) == arn
    after_a_crash = EcsCalls(clients, settings)
    assert after_a_crash.find("elsewhere", ()).unwrap() is None
    told = EcsCalls(clients, settings, also=("other",))
    assert found_id(told.find("elsewhere", ())) == arn


@pytest.mark.parametrize("action", ["ListTasks", "DescribeTasks"])
def test_what_could_not_be_looked_up_is_not_nothing(action: str, aws: LocalAws, ecs: EcsCalls) -> None:
    arn = ecs.submit(request(f"unseen-{action}", *SLEEP)).unwrap()
    aws.faults.throttle(action)
    assert ecs.find(f"unseen-{action}", ()).failure().kind is Kind.THROTTLED
    assert found_id(ecs.find(f"unseen-{action}", ())) == arn


def test_a_deleted_cluster_hides_nothing(clients: Clients, settings: EcsSettings) -> None:
    ecs = EcsCalls(clients, settings, also=("deleted",))
    assert ecs.find("nobody", ()).unwrap() is None
    lost = settings.model_copy(update={"cluster": "deleted"})
    assert EcsCalls(clients, lost).find("nobody", ()).failure().code == "ClusterNotFoundException"


def test_stops_in_bulk_and_the_unknown_counts_as_stopped(aws: LocalAws, ecs: EcsCalls) -> None:
    running = [ecs.submit(request(f"stop-{number}", *SLEEP)).unwrap() for number in range(3)]
    away = ecs.submit(request("stop-away", *SLEEP, cluster="other")).unwrap()
    unknown = "arn:aws:ecs:us-east-1:123456789012:task/etl/00000000000000000000000000000001"
    arns = [*running, away, unknown]
    assert ecs.stop(arns, "marked failed " * 100) == dict.fromkeys(arns)
    ended = [seen(ecs, arn, Phase.FAILED) for arn in (*running, away)]
    assert {one.stop_code for one in ended} == {"UserInitiated"}


def test_one_task_that_can_not_be_stopped_hinders_no_other(aws: LocalAws, ecs: EcsCalls) -> None:
    first, second = (ecs.submit(request(f"denied-{number}", *SLEEP)).unwrap() for number in range(2))
    aws.faults.refuse("StopTask", "AccessDeniedException", "not authorized to perform: ecs:StopTask on x")
    answer = ecs.stop([first, second], "bye")
    assert answer[second] is None
    error = cast("AwsError", answer[first])
    assert (error.kind, error.remedy) == (
        Kind.PERMANENT,
        "Allow ecs:StopTask for the role that the scheduler runs as.",
    )


def test_c26_stopping_over_a_dead_connection_is_bounded(aws: LocalAws, impatient: EcsCalls) -> None:
    """Bounded for all together: fifty that were each given up after a second would take longer."""
    arns = [f"arn:aws:ecs:us-east-1:123456789012:task/etl/{number:032}" for number in range(50)]
    aws.faults.hang("StopTask", HANG, times=50)
    before = time.monotonic()
    answer = impatient.stop(arns, "bye")
    assert time.monotonic() - before < BOUNDED
    assert {error.kind for error in answer.values() if error is not None} == {Kind.AMBIGUOUS}
    assert list(answer) == arns


ODD_ANSWERS: tuple[tuple[dict[str, object], Kind], ...] = (
    ({"tasks": [], "failures": []}, Kind.AMBIGUOUS),
    ({"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]}, Kind.CAPACITY),
    ({}, Kind.AMBIGUOUS),
)


@pytest.mark.parametrize(("answer", "kind"), ODD_ANSWERS, ids=str)
def test_an_answer_without_a_task(answer: dict[str, object], kind: Kind, settings: EcsSettings) -> None:
    clients = Clients(settings)
    with Stubber(clients.ecs(lambda client: client).unwrap()) as stub:
        stub.add_response("run_task", answer)
        assert EcsCalls(clients, settings).submit(request("odd")).failure().kind is kind


def test_a_list_without_an_end_is_not_nothing(settings: EcsSettings) -> None:
    clients = Clients(settings)
    with Stubber(clients.ecs(lambda client: client).unwrap()) as stub:
        for _ in range(10):
            stub.add_response("list_tasks", {"taskArns": [], "nextToken": "more"})
        assert EcsCalls(clients, settings).find("endless", ()).failure().code == "TooManyPages"
        stub.assert_no_pending_responses()


def test_what_is_listed_but_not_shown_yet_is_there(settings: EcsSettings) -> None:
    clients = Clients(settings)
    arn = "arn:aws:ecs:us-east-1:1:task/etl/1"
    with Stubber(clients.ecs(lambda client: client).unwrap()) as stub:
        stub.add_response("list_tasks", {"taskArns": [arn]})
        stub.add_response("list_tasks", {"taskArns": []})
        stub.add_response("describe_tasks", {"tasks": [], "failures": [{"arn": arn, "reason": "MISSING"}]})
        found = EcsCalls(clients, settings).find("fresh", ()).unwrap()
    assert found is not None
    assert (found.id, found.phase) == (arn, Phase.ABSENT)
