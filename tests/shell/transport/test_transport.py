"""The ways for a workload into its container, S3 against the embedded AWS: no write is lost or undone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from returns.pipeline import is_successful
from returns.result import Success

from aws_executors.core.aws.errors import Kind
from aws_executors.core.ecs.settings import EcsSettings
from aws_executors.local import LocalAws
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.aws.s3 import S3Calls
from aws_executors.shell.transport import INLINE, transport_of
from aws_executors.shell.transport.s3 import S3, command

STORE = "s3://airflow/workloads/"
NAME = "0b6e-1"
KEY = f"workloads/{NAME}"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with LocalAws(keep_requests=True) as cloud:
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        cloud.client("s3").create_bucket(Bucket="airflow")
        yield cloud


def settings(**more: object) -> EcsSettings:
    options = {
        "region": "us-east-1",
        "cluster": "c",
        "container_name": "m",
        "task_definition": "d",
        "subnets": "subnet-1",
        "call_timeout": 5,
    }
    return EcsSettings.from_section(options | more).unwrap()


def writer(key: str = "") -> S3:
    """A scheduler's way to the store; another one has another."""
    return S3(S3Calls(Clients(settings()), key), STORE, "us-east-1")


@pytest.fixture
def store(aws: LocalAws) -> S3:
    return writer()


def workload(token: str) -> str:
    return json.dumps({"token": token})


def stored(aws: LocalAws) -> list[tuple[int, str]]:
    """Number and token of every object that is there."""
    bodies = [json.loads(body) for body in aws.objects("airflow").values()]
    return [(body["sequence"], body["workload"]["token"]) for body in bodies]


# --- Which way ---------------------------------------------------------------------------------------------


def test_inline_is_the_launcher_and_the_workload() -> None:
    command = ("python", "-m", "airflow.sdk.execution_time.execute_workload", "--json-string", "{}")
    assert INLINE["airflow"].put(NAME, "{}").unwrap() == command
    assert INLINE["aws_executors"].put(NAME, "{}").unwrap() == (
        "python",
        "-m",
        "aws_executors.run",
        "--json-string",
        "{}",
    )
    assert not INLINE["airflow"].stores


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (False, None)),
        ({"launcher": "aws_executors"}, (False, None)),
        ({"workload_transport": "s3", "workload_store": "s3://bucket"}, (True, None)),
        ({"workload_transport": "auto"}, (False, None)),
        ({"workload_transport": "auto", "workload_store": "s3://bucket/p"}, (False, True)),
    ],
)
def test_the_settings_say_which(options: dict[str, str], expected: tuple[bool, bool | None]) -> None:
    chosen = settings(**options)
    usual, large = transport_of(chosen, Clients(chosen))
    assert (usual.stores, None if large is None else large.stores) == expected


OWNER, STRANGER = "123456789012", "210987654321"


@pytest.mark.parametrize(("owner", "well"), [("", True), (OWNER, True), (STRANGER, False)])
def test_a_bucket_of_another_account_is_refused(owner: str, well: bool, aws: LocalAws) -> None:
    chosen = settings(workload_transport="s3", workload_store=STORE, workload_store_owner=owner)
    usual, _ = transport_of(chosen, Clients(chosen))
    for made in (
        usual.put(NAME, workload("a")),
        usual.take_over("0b6e-2", lambda found: found),
        usual.remove(NAME),
    ):
        assert is_successful(made) is well
    told = "" if well else usual.put(NAME, workload("a")).failure().code
    assert told == ("" if well else "AccessDenied")
    of_objects = [one for one in aws.requests() if one.path.startswith("/airflow/")]
    assert {one.headers.get("x-amz-expected-bucket-owner", "") for one in of_objects} == {owner}


def test_the_container_is_told_who_must_own_the_bucket() -> None:
    told = command("s3://airflow/workloads", "us-east-1", "0b6e-1", OWNER)
    assert told[3:] == ("--region", "us-east-1", "--owner", OWNER, "--s3", "s3://airflow/workloads/0b6e-1")


# --- Writing, refreshing, removing -------------------------------------------------------------------------


def test_the_command_names_the_object_and_carries_no_secret(store: S3, aws: LocalAws) -> None:
    command = store.put(NAME, workload("eyJ.secret")).unwrap()
    assert command == (
        *("python", "-m", "aws_executors.run", "--region", "us-east-1"),
        *("--s3", "s3://airflow/workloads/0b6e-1"),
    )
    assert aws.objects("airflow") == {KEY: b'{"sequence":1,"workload":{"token": "eyJ.secret"}}'}
    (put,) = [request for request in aws.requests() if request.path.startswith("/airflow/")]
    assert put.headers["x-amz-server-side-encryption"] == "AES256"
    assert put.headers["if-none-match"] == "*"


def test_the_longest_command_is_below_300_characters() -> None:
    store = f"s3://{'b' * 63}/{'p' * 100}"
    chosen = settings(workload_transport="s3", workload_store=store)
    assert len(" ".join(command(chosen.workload_store, "ap-southeast-1", "t" * 64))) < 300


def test_a_refresh_is_a_write_over_what_was_written_last(store: S3, aws: LocalAws) -> None:
    store.put(NAME, workload("a"))
    assert is_successful(store.refresh(NAME, workload("b")))
    assert is_successful(store.refresh(NAME, workload("c")))
    assert stored(aws) == [(3, "c")]


def test_the_same_token_twice_is_not_the_same_body(store: S3, aws: LocalAws) -> None:
    store.put(NAME, workload("a"))
    first = aws.objects("airflow")[KEY]
    store.refresh(NAME, workload("a"))
    assert aws.objects("airflow")[KEY] != first


def test_removed_is_removed_also_twice_and_of_another_scheduler(store: S3, aws: LocalAws) -> None:
    store.put(NAME, workload("a"))
    other = writer()
    assert is_successful(other.remove(NAME))
    assert is_successful(store.remove(NAME))
    assert aws.objects("airflow") == {}


# --- Lost answers: settled by the next write, whatever became of the last one ------------------------------

LOST = ["lose_answer", "fail_after", "fail_before"]  # carried out, carried out, not carried out


@pytest.mark.parametrize("fault", LOST)
def test_a_put_whose_answer_was_lost_is_made_good_by_the_next(store: S3, aws: LocalAws, fault: str) -> None:
    getattr(aws.faults, fault)("PutObject")
    assert store.put(NAME, workload("a")).failure().kind is Kind.AMBIGUOUS
    assert is_successful(store.put(NAME, workload("b")))
    assert stored(aws) == [(2, "b")]
    assert is_successful(store.refresh(NAME, workload("c")))
    assert stored(aws) == [(3, "c")]
    assert "s3.GetObject" not in aws.calls()


@pytest.mark.parametrize("second", LOST)
@pytest.mark.parametrize("first", LOST)
def test_so_are_two_refreshes_in_a_row(store: S3, aws: LocalAws, first: str, second: str) -> None:
    store.put(NAME, workload("a"))
    getattr(aws.faults, first)("PutObject")
    assert store.refresh(NAME, workload("b")).failure().kind is Kind.AMBIGUOUS
    getattr(aws.faults, second)("PutObject")
    store.refresh(NAME, workload("c"))  # its answer may be lost, or that it does not hold
    assert is_successful(store.refresh(NAME, workload("d")))
    assert stored(aws) == [(4, "d")]


def test_a_repeat_that_comes_late_changes_nothing(store: S3, aws: LocalAws) -> None:
    """The network delivers an old write once more, to the byte, after newer ones."""
    store.put(NAME, workload("a"))
    store.refresh(NAME, workload("b"))
    store.refresh(NAME, workload("c"))
    writes = [request for request in aws.requests() if request.path.startswith("/airflow/workloads")]
    calls = S3Calls(Clients(settings()))
    for late in writes:
        there = late.headers.get("if-match", "*")
        assert calls.put("airflow", KEY, late.body, there).failure().code == "PreconditionFailed"
    assert stored(aws) == [(3, "c")]


def test_of_two_schedulers_one_is_refused(store: S3, aws: LocalAws) -> None:
    other = writer()
    store.put(NAME, workload("a"))
    refused = other.put(NAME, workload("b")).failure()
    assert (refused.kind, refused.code) == (Kind.PERMANENT, "OtherWriter")
    assert "workload_store" in refused.remedy
    assert stored(aws) == [(1, "a")]


def test_what_was_removed_is_not_written_again(store: S3, aws: LocalAws) -> None:
    store.put(NAME, workload("a"))
    writer().remove(NAME)
    assert store.refresh(NAME, workload("b")).failure().code == "OtherWriter"
    assert aws.objects("airflow") == {}


# --- Refusals ----------------------------------------------------------------------------------------------


def test_a_denied_bucket_says_what_to_allow(store: S3, aws: LocalAws) -> None:
    aws.faults.deny_bucket("airflow")
    error = store.put(NAME, workload("a")).failure()
    assert error.kind is Kind.PERMANENT
    assert "workload_store = s3://airflow/workloads/" in error.message
    assert error.remedy == (
        "Allow s3:PutObject (and s3:GetObject) on arn:aws:s3:::airflow/workloads/* for the role that the "
        "scheduler runs as."
    )
    assert "s3:DeleteObject" in store.remove(NAME).failure().remedy


def test_a_bucket_that_may_be_anothers_says_so(aws: LocalAws) -> None:
    calls = S3Calls(Clients(settings()), owner="210987654321")
    error = S3(calls, "s3://airflow/w", "cn-north-1").put(NAME, workload("a")).failure()
    assert error.remedy == (
        "Allow s3:PutObject (and s3:GetObject) on arn:aws-cn:s3:::airflow/w/* for the role that the "
        "scheduler runs as. If it is allowed, the bucket is not account 210987654321's: fix "
        "workload_store_owner."
    )


@pytest.mark.parametrize(
    ("why", "remedy"),
    [
        ("because no VPC endpoint policy allows the s3:PutObject action", "the policy of the VPC endpoint"),
        ("with an explicit deny in a resource-based policy", "change the one that is named"),
    ],
)
def test_where_another_policy_denies_the_role_is_not_blamed(why: str, remedy: str, aws: LocalAws) -> None:
    calls = S3Calls(Clients(settings()), owner="123456789012")
    aws.faults.refuse("s3.PutObject", "AccessDenied", f"not authorized to perform: s3:PutObject {why}", 403)
    error = S3(calls, "s3://airflow/w", "us-east-1").put(NAME, workload("a")).failure()
    assert remedy in error.remedy
    assert "workload_store_owner" not in error.remedy
    assert "role that the scheduler runs as" not in error.remedy


def test_a_bucket_that_is_not_there(aws: LocalAws) -> None:
    error = S3(S3Calls(Clients(settings())), "s3://other", "us-east-1").put(NAME, workload("a")).failure()
    assert (error.kind, error.remedy) == (Kind.PERMANENT, "Create the bucket, or fix workload_store.")


@pytest.mark.parametrize(("code", "kind"), [("SlowDown", "throttled"), ("ExpiredToken", "credentials")])
def test_what_passes_is_not_permanent(store: S3, aws: LocalAws, code: str, kind: str) -> None:
    aws.faults.refuse("PutObject", code, "later")
    assert store.put(NAME, workload("a")).failure().kind == kind
    assert is_successful(store.put(NAME, workload("b")))
    assert stored(aws) == [(2, "b")]


def test_a_removal_that_failed_can_be_made_again(store: S3, aws: LocalAws) -> None:
    store.put(NAME, workload("a"))
    aws.faults.fail_before("DeleteObject")
    assert store.remove(NAME).failure().kind is Kind.AMBIGUOUS
    assert is_successful(store.refresh(NAME, workload("b")))  # it is still ours
    assert is_successful(store.remove(NAME))
    assert aws.objects("airflow") == {}


# --- Taken over by another scheduler -----------------------------------------------------------------------


def fresh(token: str) -> Callable[[str], str]:
    """What a scheduler makes of a workload that it finds."""
    return lambda found: json.dumps(json.loads(found) | {"token": token})


def test_what_another_has_stored_is_written_over_with_all_that_is_in_it(store: S3, aws: LocalAws) -> None:
    store.put(NAME, json.dumps({"token": "a", "more": {"of": "it"}}))
    assert writer().take_over(NAME, fresh("b")) == Success(True)
    assert json.loads(aws.objects("airflow")[KEY]) == {
        "sequence": 2,
        "workload": {"token": "b", "more": {"of": "it"}},
    }


def test_nothing_is_made_of_nothing(store: S3, aws: LocalAws) -> None:
    assert store.take_over(NAME, fresh("b")) == Success(False)
    assert aws.objects("airflow") == {}


def test_the_first_writer_can_not_undo_it_when_it_comes_to_life_again(store: S3, aws: LocalAws) -> None:
    store.put(NAME, workload("a"))
    other = writer()
    other.take_over(NAME, fresh("b"))
    assert store.refresh(NAME, workload("old")).failure().code == "OtherWriter"
    other.take_over(NAME, fresh("c"))
    assert store.refresh(NAME, workload("old")).failure().code == "OtherWriter"
    assert stored(aws) == [(3, "c")]


def test_its_last_write_that_comes_between_reading_and_writing_is_read_again(
    store: S3, aws: LocalAws
) -> None:
    store.put(NAME, workload("a"))
    late = ["b"]

    def making(found: str) -> str:
        if late:
            store.refresh(NAME, workload(late.pop()))
        return json.dumps({"token": f"after {json.loads(found)['token']}"})

    assert writer().take_over(NAME, making) == Success(True)
    assert stored(aws) == [(3, "after b")]


def test_who_is_overtaken_again_and_again_says_so_and_writes_nothing(store: S3, aws: LocalAws) -> None:
    store.put(NAME, workload("a"))

    def overtaken(found: str) -> str:
        store.refresh(NAME, workload("newest"))
        return found

    assert writer().take_over(NAME, overtaken).failure().code == "Overtaken"
    assert stored(aws) == [(4, "newest")]


@pytest.mark.parametrize("fault", LOST)
def test_a_take_over_whose_answer_was_lost_is_made_good_by_the_next(
    store: S3, aws: LocalAws, fault: str
) -> None:
    store.put(NAME, workload("a"))
    other = writer()
    getattr(aws.faults, fault)("PutObject")
    assert other.take_over(NAME, fresh("b")).failure().kind is Kind.AMBIGUOUS
    assert other.take_over(NAME, fresh("c")) == Success(True)
    assert [token for _, token in stored(aws)] == ["c"]


def test_what_is_not_to_be_touched_is_left_alone(store: S3, aws: LocalAws) -> None:
    store.put(NAME, workload("a"))

    def refusing(found: str) -> str:
        raise ValueError("the object holds the workload of another task")

    error = writer().take_over(NAME, refusing).failure()
    assert (error.kind, error.code) == (Kind.PERMANENT, "NotOurs")
    for strange in (b"[" * 100_000, b"[]"):
        aws.client("s3").put_object(Bucket="airflow", Key=KEY, Body=strange)
        assert "does not hold a workload" in writer().take_over(NAME, fresh("b")).failure().message
    assert aws.objects("airflow")[KEY] == b"[]"


def test_who_may_not_read_is_told_what_to_allow(store: S3, aws: LocalAws) -> None:
    store.put(NAME, workload("a"))
    aws.faults.deny_bucket("airflow")
    error = writer().take_over(NAME, fresh("b")).failure()
    assert error.remedy.startswith("Allow s3:GetObject on arn:aws:s3:::airflow/workloads/* for the role")


# --- A key of KMS: an ETag says nothing of the body --------------------------------------------------------

KEY_OF_KMS = "alias/airflow"


def test_a_key_of_kms_is_asked_for_with_every_write(aws: LocalAws) -> None:
    store = writer(KEY_OF_KMS)
    store.put(NAME, workload("a"))
    store.refresh(NAME, workload("b"))
    writes = [one for one in aws.requests() if one.path.startswith("/airflow/workloads")]
    assert [one.headers["x-amz-server-side-encryption"] for one in writes] == ["aws:kms"] * 2
    key = "x-amz-server-side-encryption-aws-kms-key-id"
    assert [one.headers[key] for one in writes] == [KEY_OF_KMS] * 2
    assert stored(aws) == [(2, "b")]


@pytest.mark.parametrize("second", LOST)
@pytest.mark.parametrize("first", LOST)
def test_with_it_lost_answers_are_made_good_too(aws: LocalAws, first: str, second: str) -> None:
    store = writer(KEY_OF_KMS)
    getattr(aws.faults, first)("PutObject")
    assert store.put(NAME, workload("a")).failure().kind is Kind.AMBIGUOUS
    getattr(aws.faults, second)("PutObject")
    store.put(NAME, workload("b"))
    assert is_successful(store.put(NAME, workload("c")))
    assert is_successful(store.refresh(NAME, workload("d")))
    assert [token for _, token in stored(aws)] == ["d"]


def test_with_it_only_a_body_of_our_own_is_written_over(aws: LocalAws) -> None:
    store = writer(KEY_OF_KMS)
    store.put(NAME, workload("a"))
    aws.faults.fail_before("PutObject")
    store.refresh(NAME, workload("lost"))
    assert writer(KEY_OF_KMS).take_over(NAME, fresh("b")) == Success(True)
    assert store.refresh(NAME, workload("old")).failure().code == "OtherWriter"
    assert stored(aws) == [(2, "b")]


def test_a_key_that_is_denied_says_what_to_allow(aws: LocalAws) -> None:
    aws.faults.deny_key(KEY_OF_KMS)
    error = writer(KEY_OF_KMS).put(NAME, workload("a")).failure()
    assert error.kind is Kind.PERMANENT
    assert "Allow kms:GenerateDataKey and kms:Decrypt on workload_kms_key" in error.remedy
    aws.faults.clear()
    aws.faults.refuse("PutObject", "KMS.NotFoundException", "Invalid keyId alias/airflow")
    assert "Fix workload_kms_key" in writer(KEY_OF_KMS).put(NAME, workload("a")).failure().remedy


def test_a_key_that_is_asked_too_often_is_no_wrong_key(aws: LocalAws) -> None:
    aws.faults.refuse("PutObject", "KMS.ThrottlingException", "Rate exceeded")
    error = writer(KEY_OF_KMS).put(NAME, workload("a")).failure()
    assert error.kind is Kind.THROTTLED
    assert "workload_kms_key" not in error.remedy
