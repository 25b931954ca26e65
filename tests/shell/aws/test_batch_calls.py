"""Batch through boto3, against the embedded AWS: every way a call can end, as a value.

Law: no mock. What can go wrong is asked of `LocalAws` by its faults; expectations are written by hand.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest
from botocore.stub import Stubber
from returns.result import Result

from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.service import Service
from aws_executors.core.batch.overrides import ContainerOverrides
from aws_executors.core.batch.request import SubmitJob
from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.lifecycle.observation import Observation, Phase
from aws_executors.local import LocalAws
from aws_executors.shell.aws.batch import BatchCalls
from aws_executors.shell.aws.client.clients import Clients
from support.sites import batch_site

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

SLEEP = ("sleep", "60")


@pytest.fixture(scope="module")
def world() -> Iterator[LocalAws]:
    with LocalAws(max_processes=16) as aws:
        batch_site(aws, "q", "other")
        yield aws


@pytest.fixture
def aws(world: LocalAws) -> LocalAws:
    world.faults.clear()
    return world


@pytest.fixture(scope="module")
def settings(world: LocalAws) -> BatchSettings:
    return BatchSettings(
        region="us-east-1",
        job_name="airflow",
        job_queue="q",
        job_definition="d",
        endpoint_url=world.url,
        call_timeout=30.0,
    )


@pytest.fixture(scope="module")
def clients(settings: BatchSettings) -> Clients:
    return Clients(settings)


@pytest.fixture
def impatient(settings: BatchSettings) -> BatchCalls:
    """The same, but no answer is waited for longer than a second."""
    own = settings.model_copy(update={"call_timeout": 1.0})
    return BatchCalls(Clients(own), own)


@pytest.fixture
def batch(clients: Clients, settings: BatchSettings) -> BatchCalls:
    return BatchCalls(clients, settings)


def request(
    token: str, *command: str, attempt: int = 1, queue: str = "q", definition: str = "d"
) -> SubmitJob:
    return SubmitJob(
        job_name=f"airflow-{token}-{attempt}",
        job_queue=queue,
        job_definition=definition,
        container_overrides=ContainerOverrides(command=command),
    )


def seen(batch: BatchCalls, id_: str, phase: Phase, seconds: float = 30.0) -> Observation:
    """The container, as soon as it is in this phase."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for observation in batch.describe([id_]).unwrap().observations:
            if observation.phase is phase:
                return observation
        time.sleep(0.02)
    raise AssertionError(f"{id_} was not {phase} within {seconds} s: {batch.describe([id_])}")


def found_id(found: Result[Observation | None, AwsError]) -> str:
    observation = found.unwrap()
    assert observation is not None
    return observation.id


def started_for(aws: LocalAws, token: str) -> int:
    return sum(job["jobName"].startswith(f"airflow-{token}-") for job in aws.jobs())


def test_is_a_service(batch: BatchCalls) -> None:
    service: Service[SubmitJob] = batch
    assert not service.idempotent


def test_a_job_from_submit_to_its_end(batch: BatchCalls) -> None:
    id_ = batch.submit(request("whole", "true")).unwrap()
    ended = seen(batch, id_, Phase.SUCCEEDED)
    assert (ended.id, ended.name, ended.exit_code) == (id_, "airflow-whole-1", 0)


@dataclass(frozen=True)
class Refusal:
    """A fault, the kind it must come out as, and how many jobs must then be there."""

    name: str
    plan: Callable[[LocalAws], object]
    kind: Kind
    jobs: int


HANG = 60.0  # seconds: nobody waits for that long
BOUNDED = 30.0  # seconds, on however busy a machine: half of one hanging call
REFUSALS = (
    Refusal("lost", lambda aws: aws.faults.lose_answer("SubmitJob"), Kind.AMBIGUOUS, 1),
    Refusal("fail-after", lambda aws: aws.faults.fail_after("SubmitJob"), Kind.AMBIGUOUS, 1),
    Refusal("fail-before", lambda aws: aws.faults.fail_before("SubmitJob"), Kind.AMBIGUOUS, 0),
    Refusal("hang", lambda aws: aws.faults.hang("SubmitJob", HANG), Kind.AMBIGUOUS, 1),
    Refusal("throttle", lambda aws: aws.faults.throttle("SubmitJob"), Kind.THROTTLED, 0),
    Refusal("expired", lambda aws: aws.faults.expire_credentials(30), Kind.CREDENTIALS, 0),
    Refusal(
        "denied",
        lambda aws: aws.faults.refuse("SubmitJob", "AccessDeniedException", "not authorized", status=403),
        Kind.PERMANENT,
        0,
    ),
)


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_c10_what_a_look_up_finds_after_a_refused_submission(
    case: Refusal, aws: LocalAws, batch: BatchCalls, impatient: BatchCalls
) -> None:
    case.plan(aws)
    asked = impatient if case.name == "hang" else batch
    assert asked.submit(request(case.name, *SLEEP)).failure().kind is case.kind
    aws.faults.clear()
    found = batch.find(case.name, ()).unwrap()
    assert started_for(aws, case.name) == case.jobs
    assert ([] if found is None else [found.name]) == [f"airflow-{case.name}-1"] * case.jobs


def test_c24_an_unknown_job_definition_is_permanent(batch: BatchCalls) -> None:
    error = batch.submit(request("undefined", definition="nothing")).failure()
    assert (error.kind, error.code) == (Kind.PERMANENT, "ClientException")


def test_c22_a_forgotten_job_is_absent(aws: LocalAws, batch: BatchCalls) -> None:
    id_ = batch.submit(request("forgotten", *SLEEP)).unwrap()
    aws.faults.forget(id_)
    (only,) = batch.describe([id_]).unwrap().observations
    assert (only.id, only.phase) == (id_, Phase.ABSENT)


def test_describes_more_than_a_hundred_and_c30_one_failing_batch_hides_no_other(
    aws: LocalAws, batch: BatchCalls
) -> None:
    ids = [f"00000000-0000-0000-0000-{number:012}" for number in range(101)]
    assert [one.id for one in batch.describe(ids).unwrap().observations] == ids
    aws.faults.throttle("DescribeJobs")
    answer = batch.describe(ids).unwrap()
    assert [one.id for one in answer.observations] == ids[100:]
    assert [odd.id for odd in answer.unreadable] == ids[:100]


def test_finds_the_live_one_before_the_newer_ended_one(batch: BatchCalls) -> None:
    live = batch.submit(request("live", *SLEEP)).unwrap()
    ended = batch.submit(request("live", "false", attempt=2)).unwrap()
    seen(batch, ended, Phase.FAILED)
    assert found_id(batch.find("live", ())) == live
    assert found_id(batch.find("live", [live])) == ended
    assert batch.find("live", [live, ended]).unwrap() is None
    assert batch.find("liv", ()).unwrap() is None


def test_finds_in_another_queue_that_was_submitted_to(
    clients: Clients, settings: BatchSettings, batch: BatchCalls
) -> None:
    id_ = batch.submit(request("elsewhere", *SLEEP, queue="other")).unwrap()
    assert found_id(batch.find("elsewhere", ())) == id_
    assert BatchCalls(clients, settings).find("elsewhere", ()).unwrap() is None
    assert found_id(BatchCalls(clients, settings, also=("other",)).find("elsewhere", ())) == id_


def test_c9_a_lost_answer_in_another_queue_is_found(aws: LocalAws, batch: BatchCalls) -> None:
    aws.faults.lose_answer("SubmitJob")
    assert batch.submit(request("lost-there", *SLEEP, queue="other")).failure().kind is Kind.AMBIGUOUS
    assert batch.find("lost-there", ()).unwrap() is not None


@pytest.mark.parametrize("action", ["ListJobs", "DescribeJobs"])
def test_what_could_not_be_looked_up_is_not_nothing(action: str, aws: LocalAws, batch: BatchCalls) -> None:
    id_ = batch.submit(request(f"unseen-{action}", *SLEEP)).unwrap()
    aws.faults.throttle(action)
    assert batch.find(f"unseen-{action}", ()).failure().kind is Kind.THROTTLED
    assert found_id(batch.find(f"unseen-{action}", ())) == id_


def test_a_deleted_queue_of_the_past_hides_nothing(
    aws: LocalAws, clients: Clients, settings: BatchSettings
) -> None:
    batch = BatchCalls(clients, settings, also=("deleted",))
    refused = "JobQueue deleted not found"
    aws.faults.throttle("ListJobs")
    assert batch.find("nobody", ()).failure().kind is Kind.THROTTLED
    with Stubber(stubbed := the_client(clients)) as stub:
        stub.add_response("list_jobs", {"jobSummaryList": []})
        stub.add_client_error("list_jobs", "ClientException", refused, http_status_code=400)
        assert batch.find("nobody", ()).unwrap() is None
        stub.add_client_error("list_jobs", "ClientException", refused, http_status_code=400)
        assert BatchCalls(clients, settings).find("nobody", ()).failure().message == refused
    assert stubbed is the_client(clients)


def the_client(clients: Clients) -> "BatchClient":
    return clients.batch(lambda client: client).unwrap()


def test_reads_every_page_of_a_list(clients: Clients, batch: BatchCalls) -> None:
    job = {"jobId": "2", "jobName": "airflow-paged-1", "status": "RUNNING", "createdAt": 1, "jobQueue": "q"}
    described = {**job, "startedAt": 1, "jobDefinition": "d"}
    asked = {"jobQueue": "q", "filters": [{"name": "JOB_NAME", "values": ["airflow-paged-*"]}]}
    summary = {"jobId": "2", "jobName": "airflow-paged-1"}
    with Stubber(the_client(clients)) as stub:
        stub.add_response("list_jobs", {"jobSummaryList": [], "nextToken": "more"}, asked)
        stub.add_response("list_jobs", {"jobSummaryList": [summary]}, {**asked, "nextToken": "more"})
        stub.add_response("describe_jobs", {"jobs": [described]}, {"jobs": ["2"]})
        assert found_id(batch.find("paged", ())) == "2"


def test_stops_in_bulk_and_the_unknown_counts_as_stopped(aws: LocalAws, batch: BatchCalls) -> None:
    running = [batch.submit(request(f"stop-{number}", *SLEEP)).unwrap() for number in range(3)]
    unknown = [f"00000000-0000-0000-0000-{number:012}" for number in range(50)]
    before = aws.calls().get("batch.TerminateJobs", {"calls": 0})["calls"]
    assert batch.stop([*running, *unknown], "marked failed " * 100) == dict.fromkeys([*running, *unknown])
    assert aws.calls()["batch.TerminateJobs"]["calls"] == before + 2
    ended = [seen(batch, id_, Phase.FAILED) for id_ in running]
    assert all("marked failed" in one.reason for one in ended)


def test_a_bulk_stop_tells_each_job_of_its_own_refusal(clients: Clients, batch: BatchCalls) -> None:
    odd = [
        {"job": "2", "code": "AccessDeniedException", "message": "not authorized"},
        {"job": "3", "code": "ClientException", "message": "Job 3 does not exist"},
    ]
    with Stubber(the_client(clients)) as stub:
        stub.add_response("terminate_jobs", {"successful": ["1"], "errors": odd})
        answer = batch.stop(["1", "2", "3"], "bye")
    assert (answer["1"], answer["3"]) == (None, None)
    assert cast("AwsError", answer["2"]).kind is Kind.PERMANENT


def test_stops_one_by_one_where_boto3_is_too_old_for_more(settings: BatchSettings, aws: LocalAws) -> None:
    clients = Clients(settings)
    batch = BatchCalls(clients, settings)
    id_ = batch.submit(request("one-by-one", *SLEEP)).unwrap()
    the_client(clients).meta.method_to_api_mapping.pop("terminate_jobs")
    before = aws.calls().get("batch.TerminateJob", {"calls": 0})["calls"]
    assert batch.stop([id_, "nobody"], "bye") == {id_: None, "nobody": None}
    assert aws.calls()["batch.TerminateJob"]["calls"] == before + 2
    seen(batch, id_, Phase.FAILED)


@pytest.mark.parametrize(
    ("code", "message", "status"),
    [
        ("UnknownOperationException", "", 404),
        ("404", "Not Found", 404),
        ("405", "Method Not Allowed", 405),
        ("InternalFailure", "API action 'TerminateJobs' for service 'batch' not yet implemented", 501),
        ("AccessDeniedException", "User: x is not authorized to perform: batch:TerminateJobs on y", 403),
        ("SerializationException", "Could not find operation TerminateJobs for version 2016-08-10", 400),
    ],
)
def test_d3_where_terminate_jobs_is_not_known_jobs_are_stopped_one_by_one_from_then_on(
    settings: BatchSettings, aws: LocalAws, code: str, message: str, status: int
) -> None:
    batch = BatchCalls(Clients(settings), settings)
    first, second = (batch.submit(request(f"old-{status}-{n}-{code}", *SLEEP)).unwrap() for n in (1, 2))
    aws.faults.refuse("TerminateJobs", code, message, status)

    def asked() -> tuple[int, int]:
        calls = aws.calls()
        one, many = (
            calls.get(f"batch.{name}", {"calls": 0})["calls"] for name in ("TerminateJob", "TerminateJobs")
        )
        return one, many

    one, many = asked()
    assert batch.stop([first, "nobody"], "bye") == {first: None, "nobody": None}
    assert batch.stop([second], "bye") == {second: None}
    assert asked() == (one + 3, many + 1)
    assert [seen(batch, id_, Phase.FAILED).id for id_ in (first, second)] == [first, second]


def test_d3_a_bulk_stop_that_is_refused_for_another_reason_is_asked_again(
    settings: BatchSettings, aws: LocalAws
) -> None:
    batch = BatchCalls(Clients(settings), settings)
    id_ = batch.submit(request("refused-stop", *SLEEP)).unwrap()
    aws.faults.refuse("TerminateJobs", "ThrottlingException", "Rate exceeded", 429)
    assert cast("AwsError", batch.stop([id_], "bye")[id_]).kind is Kind.THROTTLED
    before = aws.calls()["batch.TerminateJobs"]["calls"]
    assert batch.stop([id_], "bye") == {id_: None}
    assert aws.calls()["batch.TerminateJobs"]["calls"] == before + 1


def test_c26_stopping_over_a_dead_connection_is_bounded(aws: LocalAws, impatient: BatchCalls) -> None:
    """Bounded for all together: forty calls that were each given up after a second would take longer."""
    ids = [f"00000000-0000-0000-0000-{number:012}" for number in range(4000)]
    aws.faults.hang("TerminateJobs", HANG, times=40)
    before = time.monotonic()
    answer = impatient.stop(ids, "bye")
    assert time.monotonic() - before < BOUNDED
    assert list(answer) == ids
    assert {error.kind for error in answer.values() if error is not None} == {Kind.AMBIGUOUS}


def test_nothing_can_be_stopped_without_a_way_to_aws(settings: BatchSettings) -> None:
    named = settings.model_copy(update={"conn_id": "nothing"})

    def nobody(conn_id: str) -> None:
        raise LookupError(conn_id)

    answer = BatchCalls(Clients(named, read=nobody), named).stop(["1", "2"], "bye")  # type: ignore[arg-type]
    assert {error.kind for error in answer.values() if error is not None} == {Kind.CREDENTIALS}
    assert list(answer) == ["1", "2"]
