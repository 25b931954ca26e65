"""The policies that we print, judged by moto's IAM; stored workloads and logs on its S3 and CloudWatch Logs.

Law: moto judges every signature and, for S3, action and object. For the other services it knows the action
alone, Batch's in lower case: a statement that names a resource, or has a condition, allows nothing there,
which is asserted. So it judges there what may be called; on what, `tests/core/test_permissions.py` says.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from returns.methods import unwrap_or_failure
from returns.pipeline import is_successful

from aws_executors import Launch, Task, batch, ecs
from aws_executors.cli.__main__ import main
from aws_executors.core.aws.errors import AwsError, Kind
from aws_executors.core.aws.iam import Where, policy
from aws_executors.core.aws.s3_permissions import (
    container_cells,
    container_workloads,
    scheduler_cells,
    scheduler_workloads,
)
from aws_executors.core.logs.lines import Tail, excerpt, folded
from aws_executors.core.logs.streams import Stream
from aws_executors.core.warm.cell import Cell
from aws_executors.core.warm.shape import cells_of
from aws_executors.doctor.checks.warm import WarmEvidence, of_cells
from aws_executors.doctor.probe import Probe
from aws_executors.doctor.warm_probe import cells_seen
from aws_executors.run.warm.cell_store import ABSENT, OwnCell, Seen, Won
from aws_executors.shell.aws.batch import BatchCalls
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.ecs import EcsCalls
from aws_executors.shell.transport import transport_of
from aws_executors.shell.transport.cells import cells_at
from foreign.moto_world import ACCOUNT, REGION, Moto
from foreign.sites_of_moto import site

Document = Mapping[str, Any]
TASK = Task(dag_id="etl", task_id="load")
ACTION = re.compile(r"perform: (\w+:\w+)")
NEEDS_NO_CALL = "PassRoles"
"""A permission that AWS checks within RunTask, and moto does not."""


def user(moto: Moto, document: Document) -> Moto:
    """Somebody who may do what a policy says, and nothing else; from now on every call is judged."""
    iam = moto.client("iam")
    iam.create_user(UserName="scheduler")
    iam.put_user_policy(UserName="scheduler", PolicyName="own", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName="scheduler")["AccessKey"]
    moto.judges()
    return replace(moto, key=key["AccessKeyId"], secret=key["SecretAccessKey"])


def be(who: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on our own clients are this user's."""
    for name, value in who.environment.items():
        monkeypatch.setenv(name, value)


def printed(capsys: pytest.CaptureFixture[str], section: str) -> Document:
    """The policy that our command prints for the scheduler."""
    capsys.readouterr()
    roles = ["--role", "execution", "--role", "task"] if section == "ecs_fargate" else []
    assert main(["iam-policy", "--section", section, "--account", ACCOUNT, *roles]) == 0
    found: Document = json.loads(capsys.readouterr().out)
    return found


def for_moto(document: Document, without: str = "") -> Document:
    """The same actions on anything, under no condition; and without one statement, if one is named."""
    kept = [one for one in document["Statement"] if one["Sid"] != without]
    allowed = [
        {"Effect": "Allow", "Action": sorted(map(as_moto_names, actions([one]))), "Resource": "*"}
        for one in kept
    ]
    return {**document, "Statement": allowed}


def as_moto_names(action: str) -> str:
    return action.lower() if action.startswith("batch:") else action


def actions(statements: Iterable[Mapping[str, Any]]) -> set[str]:
    named = (one["Action"] for one in statements)
    return {name for one in named for name in ([one] if isinstance(one, str) else one)}


def of_batch(moto: Moto) -> tuple[BatchCalls, Callable[[], Any]]:
    settings = batch.BatchSettings(
        region=REGION, job_name="airflow", job_queue="night", job_definition="airflow", endpoint_url=moto.url
    )
    request = batch.build(Launch(task=TASK, command=("sleep", "9"), settings=settings, token="0b6e"))
    service = BatchCalls(Clients(settings), settings)
    return service, lambda: service.submit(request)


def of_ecs(moto: Moto, subnets: tuple[str, ...], group: str) -> tuple[EcsCalls, Callable[[], Any]]:
    settings = ecs.EcsSettings(
        region=REGION,
        cluster="etl",
        container_name="main",
        task_definition="airflow",
        subnets=subnets,
        security_groups=(group,),
        endpoint_url=moto.url,
    )
    request = ecs.build(Launch(task=TASK, command=("sleep", "9"), settings=settings, token="0b6e"))
    service = EcsCalls(Clients(settings), settings)
    return service, lambda: service.submit(request)


def denied(service: BatchCalls | EcsCalls, submit: Callable[[], Any], id_: str, stream: Stream) -> set[str]:
    """Which of all calls that an executor makes are refused, by the actions that the refusals name."""
    stopped = service.stop([id_], "test")[id_]
    results = [
        submit(),
        service.describe([id_]),
        service.find("0b6e", []),
        service.log_stream("0b6e"),
        service.log_page(stream, ""),
    ]
    errors = [error for one in results if isinstance(error := unwrap_or_failure(one), AwsError)]
    errors += [stopped] if isinstance(stopped, AwsError) else []
    refused = [error for error in errors if "not authorized" in error.message]
    assert all(error.kind is Kind.PERMANENT for error in refused)
    return {found.group(1) for error in refused if (found := ACTION.search(error.message))}


@pytest.mark.parametrize("section", ["ecs_fargate", "batch"])
def test_without_any_statement_what_it_allows_is_denied_and_nothing_else(
    section: str, moto: Moto, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = site(moto, section, monkeypatch, capsys)
    subnets = tuple(one["SubnetId"] for one in moto.client("ec2").describe_subnets()["Subnets"][:1])
    logs = moto.client("logs")
    logs.create_log_stream(logGroupName=made["LogGroup"], logStreamName="s")
    stream = Stream(group=made["LogGroup"], name="s", region=REGION)
    document = printed(capsys, section)
    iam = moto.client("iam")

    def calls() -> tuple[BatchCalls | EcsCalls, Callable[[], Any]]:
        if section == "batch":
            return of_batch(moto)
        return of_ecs(moto, subnets, made["SecurityGroup"])

    _, submit = calls()
    id_: str = submit().unwrap()
    be(user(moto, document), monkeypatch)
    assert denied(*calls(), id_, stream), "moto judges resources now: then judge the policy as it is printed"
    moto.judges(after=float("inf"))

    for sid in ("", *(one["Sid"] for one in document["Statement"])):
        allowed = for_moto(document, without=sid)
        iam.put_user_policy(UserName="scheduler", PolicyName="own", PolicyDocument=json.dumps(allowed))
        moto.judges()
        found = denied(*calls(), id_, stream)
        moto.judges(after=float("inf"))
        missing = actions(one for one in document["Statement"] if one["Sid"] == sid != NEEDS_NO_CALL)
        assert found == set(map(as_moto_names, missing)), sid or "with all statements"


# --- Stored workloads --------------------------------------------------------------------------------------

STORED = {
    "region": REGION,
    "job_name": "airflow",
    "job_queue": "night",
    "job_definition": "airflow",
    "workload_transport": "s3",
    "workload_store": "s3://my-bucket/workloads",
}
WORKLOAD = '{"token": "eyJ.first"}'


@pytest.fixture
def bucket(moto: Moto) -> Any:
    client = moto.client("s3")
    client.create_bucket(Bucket="my-bucket")
    return client


WARM = {**STORED, "workload_transport": "inline", "warm_idle": "120"}


def stores() -> tuple[Any, Any]:
    """Two schedulers' ways to the store."""
    settings = batch.BatchSettings.from_section(STORED).unwrap()
    (usual, _), (other, _) = (transport_of(settings, Clients(settings)) for _ in range(2))
    return usual, other


def test_conditions_of_writes_hold_on_a_foreign_s3(bucket: Any) -> None:
    mine, other = stores()
    assert is_successful(mine.put("0b6e-1", WORKLOAD))
    assert other.put("0b6e-1", WORKLOAD).failure().code == "OtherWriter"
    assert is_successful(mine.refresh("0b6e-1", WORKLOAD))
    assert other.take_over("0b6e-1", lambda found: found.replace("first", "second")).unwrap()
    assert mine.refresh("0b6e-1", WORKLOAD).failure().code == "OtherWriter"
    body = bucket.get_object(Bucket="my-bucket", Key="workloads/0b6e-1")
    assert json.loads(body["Body"].read())["workload"] == {"token": "eyJ.second"}
    assert body["ServerSideEncryption"] == "AES256"
    assert is_successful(mine.remove("0b6e-1"))
    assert not other.take_over("0b6e-1", lambda found: found).unwrap()


def test_the_store_s_policy_is_enough_for_the_store_and_for_nothing_beside_it(
    moto: Moto, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = batch.BatchSettings.from_section(STORED).unwrap()
    who = user(moto, policy(scheduler_workloads(settings, Where(region=REGION, account=ACCOUNT))))
    be(who, monkeypatch)
    mine, other = stores()
    mine.put("0b6e-1", WORKLOAD).unwrap()
    mine.refresh("0b6e-1", WORKLOAD).unwrap()
    assert other.take_over("0b6e-1", lambda found: found).unwrap()
    other.remove("0b6e-1").unwrap()
    elsewhere = settings.model_copy(update={"workload_store": "s3://my-bucket/others"})
    stranger, _ = transport_of(elsewhere, Clients(elsewhere))
    assert stranger.put("0b6e-1", WORKLOAD).failure().kind is Kind.PERMANENT


def test_a_container_may_read_its_workload_and_not_change_it(
    moto: Moto, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = batch.BatchSettings.from_section(STORED).unwrap()
    mine, _ = stores()
    mine.put("0b6e-1", WORKLOAD).unwrap()
    who = user(moto, policy(container_workloads(settings, Where(region=REGION, account=ACCOUNT))))
    be(who, monkeypatch)
    found = who.client("s3").get_object(Bucket="my-bucket", Key="workloads/0b6e-1")
    assert b"eyJ.first" in found["Body"].read()
    theirs, _ = stores()
    for refused in (theirs.put("0b6e-2", WORKLOAD), theirs.remove("0b6e-1")):
        assert refused.failure().kind is Kind.PERMANENT


def test_a_wrong_secret_is_waited_out(moto: Moto, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = batch.BatchSettings.from_section(STORED).unwrap()
    who = user(moto, policy(scheduler_workloads(settings, Where(region=REGION, account=ACCOUNT))))
    be(replace(who, secret="another one"), monkeypatch)
    mine, _ = stores()
    assert mine.put("0b6e-1", WORKLOAD).failure().kind is Kind.CREDENTIALS


# --- Logs --------------------------------------------------------------------------------------------------


def test_logs_are_read_to_their_end(moto: Moto) -> None:
    logs = moto.client("logs")
    logs.create_log_group(logGroupName="/airflow/tasks")
    logs.create_log_stream(logGroupName="/airflow/tasks", logStreamName="s")
    now = 1_795_000_000_000
    lines = [{"timestamp": now + n, "message": f"line {n}"} for n in range(3)]
    logs.put_log_events(logGroupName="/airflow/tasks", logStreamName="s", logEvents=lines)
    service, _ = of_batch(moto)
    stream = Stream(group="/airflow/tasks", name="s", region=REGION)
    tail = folded(Tail(), service.log_page(stream, "").unwrap()).unwrap()
    assert excerpt(tail.lines) == "line 0\nline 1\nline 2"
    # The end of a stream is reached when its token repeats.
    assert folded(tail, service.log_page(stream, tail.forward).unwrap()).unwrap() == tail


# --- Cells -------------------------------------------------------------------------------------------------


def test_a_warm_container_may_serve_its_cell_and_touch_nothing_beside_it(
    moto: Moto, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = batch.BatchSettings.from_section(WARM).unwrap()
    who = user(moto, policy(container_cells(settings, Where(region=REGION, account=ACCOUNT))))
    be(who, monkeypatch)
    own = OwnCell(f"{cells_of(settings)}/f00d/0b6e-1", REGION)
    cell = Cell(container="4c75")
    assert isinstance(own.put(cell, ABSENT), Won)
    assert isinstance(own.get(), Seen)
    s3, there = who.client("s3"), "workloads/cells/airflow/batch/f/t-1"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="my-bucket", Key="workloads/0b6e-1", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket="my-bucket", Prefix="workloads/cells/")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="my-bucket", Key=there)


def test_the_scheduler_may_do_with_cells_what_it_does(
    moto: Moto, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = batch.BatchSettings.from_section(WARM).unwrap()
    body = Cell(container="4c75").body()
    bucket.put_object(Bucket="my-bucket", Key="workloads/cells/airflow/batch/f00d/0b6e-1", Body=body)
    where = Where(region=REGION, account=ACCOUNT)
    # moto lets nobody do what is allowed under a condition; `test_permissions.py` has the condition.
    allowed = [replace(one, condition={}) for one in scheduler_cells(settings, where)]
    be(user(moto, policy(allowed)), monkeypatch)
    cells = cells_at(cells_of(settings), settings, Clients(settings))
    assert [*cells.listed().unwrap()] == ["f00d/0b6e-1"]
    held = cells.read("f00d/0b6e-1").unwrap()
    assert held is not None
    assert cells.write("f00d/0b6e-1", held, held.cell.offer("t", "{}")).unwrap() is not None
    assert cells.write("f00d/0b6e-1", held, held.cell.close()).unwrap() is None
    assert is_successful(cells.remove("f00d/0b6e-1"))
    assert cells.read("f00d/0b6e-1").unwrap() is None


def test_the_doctor_sees_the_cells_and_writes_none(moto: Moto, bucket: Any) -> None:
    settings = batch.BatchSettings.from_section(WARM).unwrap()

    def seen() -> WarmEvidence:
        return cells_seen(settings, None, Clients(settings), Probe(settings))

    assert (seen().listed, seen().conditions, seen().rules) == (0, True, ())
    assert [one.check for one in of_cells(seen())] == ["warm-lifecycle"]
    key = "workloads/cells/airflow/batch/f00d/0b6e-1"
    bucket.put_object(Bucket="my-bucket", Key=key, Body=b"{}")
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "workloads/"}, "Expiration": {"Days": 30}}
    bucket.put_bucket_lifecycle_configuration(Bucket="my-bucket", LifecycleConfiguration={"Rules": [rule]})
    assert (seen().listed, seen().conditions) == (1, True)
    assert [*of_cells(seen())] == []
    assert bucket.get_object(Bucket="my-bucket", Key=key)["Body"].read() == b"{}"
