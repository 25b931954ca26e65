"""The server as plain boto3 sees it: wire forms, errors, control URL, limits of the loopback."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.validate import ParamValidator

from aws_executors.local import Delays, LocalAws
from aws_executors.local.http.wire import MAX_BODY
from aws_executors.local.world import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.conftest import Account

SIGNED = {"authorization": "Bearer testing"}  # the key of all embedded AWSes in tests, see conftest.py
WIRE = {
    "ecs": ("application/x-amz-json-1.1", "AmazonEC2ContainerServiceV20141113.{}"),
    "logs": ("application/x-amz-json-1.1", "Logs_20140328.{}"),
}


def post(url: str, path: str, body: object, **headers: str) -> tuple[int, Any, dict[str, str]]:
    """One raw request: status, body, headers in lower case."""
    where = urlsplit(url)
    assert where.hostname
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
    sent = body if isinstance(body, str) else json.dumps(body)
    connection.request("POST", path, sent, {**SIGNED, **headers})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text), {key.lower(): value for key, value in answer.getheaders()}


def control(account: Account, what: str, **arguments: object) -> Any:
    """What the control URL answers; with arguments, to a fault verb."""
    sent = json.dumps(arguments).encode() if what.startswith("faults/") else None
    asked = urllib.request.Request(f"{account.aws.url}/_control/{what}", sent, SIGNED)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


def test_an_error_has_the_services_wire_form(account: Account) -> None:
    target = "AmazonEC2ContainerServiceV20141113.StopTask"
    status, body, head = post(
        account.aws.url, "/", {"cluster": "c", "task": "0" * 32}, **{"x-amz-target": target}
    )
    assert status == 400
    assert body == {"__type": "InvalidParameterException", "message": "The referenced task was not found."}
    assert head["content-type"] == "application/x-amz-json-1.1"
    assert "x-amzn-requestid" in head
    status, body, head = post(account.aws.url, "/v1/listjobs", {"jobQueue": "none"})
    assert (status, head["x-amzn-errortype"]) == (400, "ClientException")
    with pytest.raises(account.ecs.exceptions.ClusterNotFoundException, match="Cluster not found"):
        account.ecs.describe_tasks(cluster="x", tasks=["0" * 32])
    asked = {"QueueUrl": "http://elsewhere/123456789012/none"}
    status, body, head = post(account.aws.url, "/", asked, **{"x-amz-target": "AmazonSQS.ReceiveMessage"})
    assert (status, body["__type"]) == (400, "QueueDoesNotExist")
    assert head["content-type"] == "application/x-amz-json-1.0"
    assert head["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"taskDefinition": "f", "misspelled": 1}, "SerializationException"),
        ({"taskDefinition": 7}, "SerializationException"),
        (
            {"taskDefinition": "f", "overrides": {"containerOverrides": [{"cmd": []}]}},
            "SerializationException",
        ),
        ({}, "ValidationException"),
        ({"taskDefinition": "f", "launchType": "LAPTOP"}, "ValidationException"),
        ("not json", "SerializationException"),
        ([1], "SerializationException"),
    ],
)
def test_botocores_model_judges_every_input(account: Account, params: object, code: str) -> None:
    kind, target = WIRE["ecs"]
    headers = {"content-type": kind, "x-amz-target": target.format("RunTask")}
    status, body, _ = post(account.aws.url, "/", params, **headers)
    assert (status, body["__type"]) == (400, code)
    assert account.aws.tasks() == []


def test_what_is_not_there_says_so(account: Account) -> None:
    url = account.aws.url
    assert post(url, "/", {}, **{"x-amz-target": "Other.Action"})[1]["__type"] == "UnknownOperationException"
    assert post(url, "/v1/nonsense", {})[1]["__type"] == "UnknownOperationException"
    with pytest.raises(ClientError, match=r"does not have ecs\.ListServices"):
        account.ecs.list_services(cluster="c")


def test_an_unsigned_request_is_refused(account: Account) -> None:
    status, body, _ = post(account.aws.url, "/v1/describejobs", {"jobs": ["x"]})
    assert status == 200
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(f"{account.aws.url}/v1/describejobs", b'{"jobs": ["x"]}', timeout=60)
    assert json.load(refused.value)["__type"] == "MissingAuthenticationTokenException"
    assert body == {"jobs": []}


def test_every_answer_fits_botocores_model(account: Account) -> None:
    """All our actions, their answers judged by the output shapes (a required member may be absent)."""
    clients = {
        name: account.aws.client(name) for name in ("ecs", "batch", "events", "logs", "s3", "sqs", "sts")
    }
    arn = account.run(account.script("print(1)"), tags=[{"key": "k", "value": "v"}], startedBy="me")
    account.queue()
    account.job_definition("print(1)")
    job = account.batch.submit_job(jobName="j", jobQueue="q", jobDefinition="jd")
    assert account.aws.wait_idle(60)
    definition = account.task(arn)["taskDefinitionArn"]
    stream = f"t/app/{arn.rpartition('/')[2]}"
    sqs = clients["sqs"]
    sqs.create_queue(QueueName="s")
    for _ in range(2):
        sqs.send_message(QueueUrl="s", MessageBody="{}")
    messages = sqs.receive_message(QueueUrl="s", MaxNumberOfMessages=2)["Messages"]
    handle, held = (message["ReceiptHandle"] for message in messages)
    asked: dict[str, dict[str, Any]] = {
        "ecs.CreateCluster": {"clusterName": "d"},
        "ecs.DescribeClusters": {"clusters": ["c", "x"], "include": ["TAGS"]},
        "ecs.PutClusterCapacityProviders": {
            "cluster": "d",
            "capacityProviders": ["FARGATE"],
            "defaultCapacityProviderStrategy": [],
        },
        "ecs.RegisterTaskDefinition": {
            "family": "z",
            "containerDefinitions": [{"name": "a", "image": "i", "memoryReservation": 64}],
        },
        "ecs.DescribeTaskDefinition": {"taskDefinition": "z", "include": ["TAGS"]},
        "ecs.DeregisterTaskDefinition": {"taskDefinition": "z:1"},
        "ecs.ListTaskDefinitions": {},
        "ecs.RunTask": {
            "cluster": "c",
            "taskDefinition": definition,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"]}},
        },
        "ecs.DescribeTasks": {"cluster": "c", "tasks": [arn, "0" * 32], "include": ["TAGS"]},
        "ecs.ListTasks": {"cluster": "c", "desiredStatus": "STOPPED"},
        "ecs.StopTask": {"cluster": "c", "task": arn},
        "ecs.TagResource": {"resourceArn": arn, "tags": [{"key": "a", "value": "b"}]},
        "batch.CreateComputeEnvironment": {"computeEnvironmentName": "e", "type": "UNMANAGED"},
        "batch.CreateJobQueue": {
            "jobQueueName": "r",
            "priority": 1,
            "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "e"}],
        },
        "batch.RegisterJobDefinition": {
            "jobDefinitionName": "z",
            "type": "container",
            "containerProperties": {"image": "i"},
        },
        "batch.DeregisterJobDefinition": {"jobDefinition": "z:1"},
        "batch.DescribeComputeEnvironments": {},
        "batch.DescribeJobQueues": {},
        "batch.DescribeJobDefinitions": {},
        "batch.SubmitJob": {"jobName": "k", "jobQueue": "q", "jobDefinition": "jd"},
        "batch.DescribeJobs": {"jobs": [job["jobId"]]},
        "batch.ListJobs": {"jobQueue": "q", "jobStatus": "SUCCEEDED"},
        "batch.TerminateJob": {"jobId": job["jobId"], "reason": "r"},
        "batch.TerminateJobs": {"jobs": [job["jobId"]], "reason": "r"},
        "batch.CancelJob": {"jobId": job["jobId"], "reason": "r"},
        "batch.CancelJobs": {"jobs": [job["jobId"]], "reason": "r"},
        "batch.TagResource": {"resourceArn": job["jobArn"], "tags": {"a": "b"}},
        "events.PutRule": {"Name": "r", "EventPattern": '{"source": ["aws.ecs"]}'},
        "events.DescribeRule": {"Name": "r"},
        "events.ListRules": {},
        "events.EnableRule": {"Name": "r"},
        "events.DisableRule": {"Name": "r"},
        "events.PutTargets": {"Rule": "r", "Targets": [{"Id": "t", "Arn": "arn:aws:sqs:x:1:s"}]},
        "events.ListTargetsByRule": {"Rule": "r"},
        "events.ListRuleNamesByTarget": {"TargetArn": "arn:aws:sqs:x:1:s"},
        "events.RemoveTargets": {"Rule": "r", "Ids": ["t"]},
        "events.DeleteRule": {"Name": "r"},
        "events.TestEventPattern": {"EventPattern": '{"source": ["aws.ecs"]}', "Event": "{}"},
        "logs.CreateLogGroup": {"logGroupName": "h"},
        "logs.DescribeLogGroups": {},
        "logs.DescribeLogStreams": {"logGroupName": "/tests"},
        "logs.GetLogEvents": {"logGroupName": "/tests", "logStreamName": stream},
        "s3.CreateBucket": {"Bucket": "workloads"},
        "s3.PutObject": {"Bucket": "workloads", "Key": "a", "Body": b"{}", "IfNoneMatch": "*"},
        "s3.GetObject": {"Bucket": "workloads", "Key": "a"},
        "s3.ListObjectsV2": {"Bucket": "workloads", "Prefix": "a", "EncodingType": "url", "MaxKeys": 7},
        "s3.DeleteObject": {"Bucket": "workloads", "Key": "a"},
        "sqs.CreateQueue": {"QueueName": "r", "Attributes": {"VisibilityTimeout": "9"}},
        "sqs.GetQueueUrl": {"QueueName": "r"},
        "sqs.ListQueues": {},
        "sqs.GetQueueAttributes": {"QueueUrl": "r", "AttributeNames": ["All"]},
        "sqs.SetQueueAttributes": {"QueueUrl": "r", "Attributes": {"DelaySeconds": "0"}},
        "sqs.SendMessage": {"QueueUrl": "r", "MessageBody": "{}"},
        "sqs.SendMessageBatch": {"QueueUrl": "r", "Entries": [{"Id": "a", "MessageBody": "{}"}]},
        "sqs.ReceiveMessage": {"QueueUrl": "r", "MessageSystemAttributeNames": ["All"]},
        "sqs.DeleteMessage": {"QueueUrl": "s", "ReceiptHandle": handle},
        "sqs.DeleteMessageBatch": {"QueueUrl": "s", "Entries": [{"Id": "a", "ReceiptHandle": handle}]},
        "sqs.ChangeMessageVisibility": {
            "QueueUrl": "s",
            "ReceiptHandle": held,
            "VisibilityTimeout": 9,
        },
        "sqs.ChangeMessageVisibilityBatch": {
            "QueueUrl": "s",
            "Entries": [{"Id": "a", "ReceiptHandle": held, "VisibilityTimeout": 9}],
        },
        "sqs.PurgeQueue": {"QueueUrl": "r"},
        "sqs.DeleteQueue": {"QueueUrl": "r"},
        "sts.GetCallerIdentity": {},
    }
    assert asked.keys() == ACTIONS.keys()
    for name, params in asked.items():
        service, _, action = name.partition(".")
        model = clients[service].meta.service_model.operation_model(action)
        answer = getattr(clients[service], snake(action))(**params)
        answer.pop("ResponseMetadata")
        if model.output_shape is None:
            assert answer == {}, name
            continue
        assert set(answer) <= set(model.output_shape.members), name
        shape: Any = model.output_shape
        report = ParamValidator().validate(answer, shape).generate_report()
        problems = [line for line in report.splitlines() if not line.startswith("Missing required")]
        assert problems == [], name


def snake(action: str) -> str:
    """The client's method for an action."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in action).lstrip("_")


def test_faults_by_control_url(account: Account) -> None:
    definition = account.script("print(1)")
    assert control(account, "faults/throttle", action="RunTask", times=2) == {}
    for _ in range(2):
        with pytest.raises(ClientError, match="ThrottlingException"):
            account.run(definition)
    control(account, "faults/lose_answer", action="ecs.RunTask")
    with pytest.raises(ConnectionClosedError):
        account.run(definition, clientToken="t", startedBy="me")
    again = account.run(definition, clientToken="t", startedBy="me")
    assert [task["taskArn"] for task in account.aws.tasks()] == [again]
    assert account.aws.calls()["ecs.RunTask"] == {
        "calls": 4,
        "throttled": 2,
        "refused": 0,
        "failed": 0,
        "lost": 1,
    }
    assert account.aws.wait_idle(60)
    state = control(account, "state")
    assert [task["taskArn"] for task in state["tasks"]] == [again]
    assert state["calls"]["ecs.RunTask"]["lost"] == 1
    assert state["changes"][-1]["detail"]["lastStatus"] == "STOPPED"
    assert (state["jobs"], state["processes"]) == ([], {})


@pytest.mark.parametrize(
    ("what", "arguments", "status", "word"),
    [
        ("faults/unknown", {}, 404, "reclaim_spot"),
        ("faults/throttle", {}, 400, "action"),
        ("faults/lose_host", {"target": "nothing"}, 400, "nothing"),
        ("faults/delays", {"preset": "slow"}, 400, "fargate"),
        ("faults/delays", {"pulls": [1, 2]}, 400, "pulls"),
        ("faults/delays", {"pull": [2, 1]}, 400, "pull"),
        ("faults/latency", {"seconds": -1}, 400, "negative"),
        ("faults/lose_events", {"share": 1.5}, 400, "from 0 to 1"),
        ("faults/double_events", {"share": -1}, 400, "from 0 to 1"),
        ("faults/reorder_events", {"seconds": -1}, 400, "negative"),
        ("faults/land_late", {"action": "PutObject", "seconds": -1}, 400, "negative"),
        ("faults/disable_rule", {"rule": "none"}, 400, "no rule is called none"),
        ("faults/hang", {"action": "*", "seconds": "5"}, 400, "hang"),
        ("faults/hang", {"action": "*", "seconds": -1}, 400, "negative"),
        ("faults/refuse", {"action": "*", "code": "X", "status": "400"}, 400, "refuse"),
        ("faults/refuse", {"action": "*", "code": "X", "status": 200}, 400, "from 400 to 599"),
        ("faults/reclaim_spot", {"target": 5}, 400, "reclaim_spot"),
    ],
)
def test_a_mistake_in_a_verb_is_explained(
    account: Account, what: str, arguments: dict[str, object], status: int, word: str
) -> None:
    answer, body, _ = post(account.aws.url, f"/_control/{what}", arguments)
    assert answer == status
    assert word in json.dumps(body)


def test_a_call_that_is_not_there_does_not_land_late(account: Account) -> None:
    account.aws.faults.land_late("*", 0.05)
    with pytest.raises(ClientError, match=r"does not have ecs\.ListClusters"):
        account.ecs.list_clusters()
    with pytest.raises(ConnectionClosedError):  # the fault is still there, for the next call that is
        account.run("none")
    time.sleep(0.2)
    account.run(account.script("print(1)"))
    assert account.aws.wait_idle(60)  # the world goes on


def test_a_body_that_is_too_large_is_refused(account: Account) -> None:
    s3 = account.aws.client("s3")
    s3.create_bucket(Bucket="large")
    with pytest.raises(ClientError, match="Too Large"):
        s3.put_object(Bucket="large", Key="k", Body=bytes(MAX_BODY + 1))
    s3.put_object(Bucket="large", Key="k", Body=bytes(MAX_BODY))


def test_every_verb_is_there_in_both_forms(account: Account) -> None:
    _, body, _ = post(account.aws.url, "/_control/faults/unknown", {})
    methods = {name for name in vars(type(account.aws.faults)) if not name.startswith("_")}
    assert set(body["faults"]) == methods


def test_a_hang_is_a_read_timeout_and_the_rest_goes_on(account: Account) -> None:
    definition = account.script("print(1)")
    config = Config(retries={"total_max_attempts": 1}, read_timeout=0.2)
    impatient = boto3.Session(region_name="us-east-1").client(
        "ecs", endpoint_url=account.aws.url, config=config
    )
    account.aws.faults.hang("RunTask", 60)
    began = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        impatient.run_task(
            taskDefinition=definition,
            cluster="c",
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["s"]}},
        )
    while not account.aws.tasks():  # the call is carried out, however long that takes
        time.sleep(0.01)
    assert len(account.aws.tasks()) == 1
    account.aws.stop()
    assert time.monotonic() - began < 60 / 2


def test_latency_is_not_waited_for_under_a_lock(account: Account) -> None:
    account.aws.faults.latency(0.2)
    client = account.aws.client("ecs", connections=30)
    threads = [threading.Thread(target=client.describe_clusters) for _ in range(30)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0.2 <= time.monotonic() - began < 30 * 0.2
    assert account.aws.calls()["ecs.DescribeClusters"]["calls"] == 30


def test_expired_credentials_reach_the_client(account: Account) -> None:
    account.aws.faults.expire_credentials(60)
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        account.ecs.list_tasks(cluster="c")
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        account.batch.describe_jobs(jobs=["x"])
    with pytest.raises(ClientError, match="ExpiredToken"):
        account.aws.client("sts").get_caller_identity()
    account.aws.faults.clear()
    assert account.aws.client("sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "example.com", ""])
def test_only_loopback(host: str) -> None:
    with pytest.raises(ValueError, match="listens on loopback only"):
        LocalAws(host=host)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_processes": 0}, "at least 1"),
        ({"port": 70_000}, "0 to 65535"),
        ({"port": -1}, "0 to 65535"),
        ({"delays": "slow"}, "none, fast, fargate"),
        ({"latency": -1.0}, "negative"),
        ({"time_factor": 0.0}, "more than 0"),
    ],
)
def test_wrong_arguments_are_explained(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LocalAws(**fields)


def test_arguments_reach_the_world(start: Callable[..., Account], monkeypatch: pytest.MonkeyPatch) -> None:
    account = start(
        latency=0.05, real_limits=True, region="eu-west-1", seed=5, delays=Delays(provision=(60, 60))
    )
    began = time.monotonic()
    arn = account.run(account.script("print(1)"))
    assert time.monotonic() - began >= 0.1
    assert arn.startswith("arn:aws:ecs:eu-west-1:123456789012:task/c/")
    assert account.task(arn)["lastStatus"] == "PROVISIONING"
    at_once = account.aws._cloud.now()  # on a busy machine the bucket fills as quickly as calls come
    monkeypatch.setattr(account.aws._cloud, "now", lambda: at_once)
    answers = [throttled(account) for _ in range(25)]
    assert 0 < sum(answers) < 25


def test_no_proxy_of_the_machine_is_asked(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one's own program, which knows the machine's proxies, and in one with the environment alone."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "example.com")
    monkeypatch.delenv("NO_PROXY")
    assert account.aws.client("sts").get_caller_identity()["Account"] == "123456789012"
    for name, value in account.aws.environment.items():
        monkeypatch.setenv(name, value)
    assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"


def throttled(account: Account) -> bool:
    """Whether a RunTask for Fargate was throttled."""
    account.aws.faults.latency(0)
    try:
        account.run("none")
    except ClientError as error:
        return error.response["Error"]["Code"] == "ThrottlingException"
    raise AssertionError("there is no such task definition")


def test_not_started_is_an_error_and_stopping_twice_is_not() -> None:
    aws = LocalAws()
    with pytest.raises(RuntimeError, match="not started"):
        _ = aws.url
    aws.stop()
    with aws:
        assert aws.url.startswith("http://127.0.0.1:")
        with pytest.raises(OSError, match="in use"):
            LocalAws(port=int(aws.url.rpartition(":")[2])).start()
    aws.stop()
    assert repr(aws).startswith("<LocalAws not started")
    with pytest.raises(RuntimeError, match="runs once"):
        aws.start()


@pytest.fixture
def raw(account: Account) -> Iterator[http.client.HTTPConnection]:
    """One connection that stays open."""
    where = urlsplit(account.aws.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    yield connection
    connection.close()


def test_a_connection_that_is_closed_before_its_thread_begins_is_no_error(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    server = account.aws._server
    assert server is not None
    closed = socket.socket()
    closed.close()
    server.process_request_thread(closed, ("127.0.0.1", 1))
    assert capsys.readouterr().err == ""


def test_a_connection_is_kept_for_many_requests(raw: http.client.HTTPConnection) -> None:
    for _ in range(3):
        raw.request("POST", "/v1/describejobs", '{"jobs": ["x"]}', {**SIGNED, "expect": "100-continue"})
        assert json.loads(raw.getresponse().read()) == {"jobs": []}


def test_a_body_without_a_length_ends_the_connection(raw: http.client.HTTPConnection) -> None:
    raw.putrequest("POST", "/v1/describejobs")
    raw.putheader("content-length", "many")
    raw.endheaders()
    with pytest.raises(http.client.RemoteDisconnected):
        raw.getresponse()


def test_botocores_own_retry_after_a_lost_answer_starts_one_task(account: Account) -> None:
    definition = account.script("print(1)")
    config = Config(retries={"total_max_attempts": 3, "mode": "standard"})
    retrying = boto3.Session(region_name="us-east-1").client(
        "ecs", endpoint_url=account.aws.url, config=config
    )
    account.aws.faults.fail_after("RunTask")
    account.aws.faults.lose_answer("RunTask")
    answer = retrying.run_task(
        taskDefinition=definition,
        cluster="c",
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["s"]}},
    )
    assert [task["taskArn"] for task in account.aws.tasks()] == [answer["tasks"][0]["taskArn"]]
    assert account.aws.calls()["ecs.RunTask"]["calls"] == 3
