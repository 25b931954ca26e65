"""The quick parser against botocore's own: what the core reads of an answer is the same."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from aws_executors.core.batch.answers.describe import observe_answer as observe_jobs
from aws_executors.core.ecs.answers.describe import observe_answer as observe_tasks
from aws_executors.local import LocalAws
from aws_executors.shell.aws.client.parser import EmptyAnswerError, QuickParsers
from support.sites import batch_site

GOOD, HEADERS = 200, {"x-amzn-RequestId": "r-1", "Content-Type": "application/x-amz-json-1.1"}


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(max_processes=2) as cloud:
        ecs = cloud.client("ecs")
        ecs.create_cluster(clusterName="etl")
        container = {"name": "main", "image": "x", "essential": True, "memoryReservation": 64}
        ecs.register_task_definition(family="airflow", containerDefinitions=[container])
        batch_site(cloud, "q")
        yield cloud


def sessions() -> tuple[boto3.Session, boto3.Session]:
    plain, quick = Session(), Session()
    quick.register_component("response_parser_factory", QuickParsers())
    for session in (plain, quick):
        session.set_credentials("testing", "testing")
    return boto3.Session(botocore_session=plain), boto3.Session(botocore_session=quick)


def test_tasks_are_read_the_same(aws: LocalAws) -> None:
    ran = aws.client("ecs").run_task(
        cluster="etl",
        taskDefinition="airflow",
        startedBy="airflow/0b6e",
        launchType="EC2",
        overrides={"containerOverrides": [{"name": "main", "command": ["python", "-c", "exit(3)"]}]},
    )
    arn = ran["tasks"][0]["taskArn"]
    assert aws.wait_idle(60)
    seen = [
        observe_tasks(
            session.client("ecs", region_name="us-east-1", endpoint_url=aws.url).describe_tasks(
                cluster="etl", tasks=[arn, "0" * 32]
            ),
            asked=[arn, "0" * 32],
            container="main",
        )
        for session in sessions()
    ]
    assert seen[0] == seen[1]
    assert seen[0].observations[0].exit_code == 3
    assert seen[0].observations[0].created is not None


def test_jobs_are_read_the_same(aws: LocalAws) -> None:
    job = aws.client("batch").submit_job(
        jobName="airflow-0b6e-1",
        jobQueue="q",
        jobDefinition="d",
        containerOverrides={"command": ["python", "-c", "exit(4)"]},
    )["jobId"]
    assert aws.wait_idle(60)
    seen = [
        observe_jobs(
            session.client("batch", region_name="us-east-1", endpoint_url=aws.url).describe_jobs(jobs=[job]),
            asked=[job],
        )
        for session in sessions()
    ]
    assert seen[0] == seen[1]
    assert seen[0].observations[0].exit_code == 4


def test_a_refusal_is_botocores(aws: LocalAws) -> None:
    _, quick = sessions()
    client = quick.client("ecs", region_name="us-east-1", endpoint_url=aws.url)
    with pytest.raises(ClientError, match="TaskDefinition not found"):
        client.run_task(cluster="etl", taskDefinition="unknown")


@pytest.mark.parametrize("body", [b'{"tasks": [', b"<html>", b'{"tasks": "'])
def test_a_good_answer_that_is_no_json_is_refused(body: bytes) -> None:
    parser = QuickParsers().create_parser("json")
    shape = Session().get_service_model("ecs").operation_model("DescribeTasks").output_shape
    assert shape is not None
    with pytest.raises(EmptyAnswerError):
        parser.parse({"status_code": GOOD, "headers": HEADERS, "body": body}, shape)


def test_what_is_not_json_is_left_to_botocore() -> None:
    assert type(QuickParsers().create_parser("ec2")).__module__ == "botocore.parsers"


def test_xml_of_somebody_else_is_a_page() -> None:
    parser = QuickParsers().create_parser("query")
    shape = Session().get_service_model("sts").operation_model("GetCallerIdentity").output_shape
    assert shape is not None
    answer = {"status_code": GOOD, "headers": HEADERS}
    for body in (b"<html><body><form/></body></html>", b"<ListBucketResult/>"):
        with pytest.raises(EmptyAnswerError, match="a page in place of an answer"):
            parser.parse({**answer, "body": body}, shape)
    own = (
        b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account>"
        b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
    assert parser.parse({**answer, "body": own}, shape)["Account"] == "1"
