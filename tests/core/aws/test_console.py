"""Addresses in the AWS console, for every partition."""

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.aws.console import batch_job, ecs_task, log_stream, partition_of


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (
            "arn:aws:ecs:eu-central-1:123456789012:task/etl/0f1e",
            "https://eu-central-1.console.aws.amazon.com/ecs/v2/clusters/etl/tasks/0f1e?region=eu-central-1",
        ),
        (
            "arn:aws-cn:ecs:cn-northwest-1:123456789012:task/etl/0f1e",
            "https://cn-northwest-1.console.amazonaws.cn/ecs/v2/clusters/etl/tasks/0f1e?region=cn-northwest-1",
        ),
        (
            "arn:aws-us-gov:ecs:us-gov-east-1:123456789012:task/etl/0f1e",
            "https://console.amazonaws-us-gov.com/ecs/v2/clusters/etl/tasks/0f1e?region=us-gov-east-1",
        ),
        ("arn:aws:ecs:eu-central-1:123456789012:task/0f1e", ""),
        ("arn:aws-iso:ecs:us-iso-east-1:123456789012:task/etl/0f1e", ""),
        ("arn:aws:batch:eu-central-1:123456789012:job/4c75", ""),
        ("0b6e4f00-0000-4000-8000-000000000001", ""),
        ("", ""),
    ],
)
def test_ecs_tasks(arn: str, expected: str) -> None:
    assert ecs_task(arn) == expected


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (
            "us-east-1",
            "https://us-east-1.console.aws.amazon.com/batch/home?region=us-east-1#jobs/detail/4c75",
        ),
        (
            "cn-north-1",
            "https://cn-north-1.console.amazonaws.cn/batch/home?region=cn-north-1#jobs/detail/4c75",
        ),
        (
            "us-gov-west-1",
            "https://console.amazonaws-us-gov.com/batch/home?region=us-gov-west-1#jobs/detail/4c75",
        ),
        ("", ""),
    ],
)
def test_batch_jobs(region: str, expected: str) -> None:
    assert batch_job(region, "4c75") == expected


@pytest.mark.parametrize(
    ("region", "group", "stream", "expected"),
    [
        (
            "us-east-1",
            "/aws/batch/job",
            "airflow/default/0f1e",
            (
                "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
                "#logsV2:log-groups/log-group/$252Faws$252Fbatch$252Fjob/log-events/airflow$252Fdefault$252F0f1e"
            ),
        ),
        (
            "cn-north-1",
            "tasks",
            "a [b]",
            (
                "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1"
                "#logsV2:log-groups/log-group/tasks/log-events/a$2520$255Bb$255D"
            ),
        ),
        ("", "tasks", "a", ""),
        ("us-east-1", "", "a", ""),
        ("us-east-1", "tasks", "", ""),
    ],
)
def test_log_streams(region: str, group: str, stream: str, expected: str) -> None:
    assert log_stream(region, group, stream) == expected


def test_partitions() -> None:
    """Of all Regions that botocore knows, and of none besides."""
    for partition in botocore.session.get_session().get_data("endpoints")["partitions"]:
        for region in partition["regions"]:
            assert partition_of(region) == partition["partition"]
            link = batch_job(region, "4c75")
            assert (partition["partition"].startswith("aws-iso")) is (link == "")
    assert [partition_of(region) for region in ("", "moon", "us-new-east-1", "aws-global")] == [""] * 4


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_an_address(region: str, group: str, stream: str) -> None:
    found = (ecs_task(stream), batch_job(region, stream), log_stream(region, group, stream))
    assert all(url == "" or url.startswith("https://") for url in found)
    assert all(part.isascii() and " " not in part for part in found)
