"""The cells in S3 as the executor reads and writes them, on the embedded AWS."""

from collections.abc import Iterator

import pytest

from aws_executors import batch
from aws_executors.core.warm.cell import Cell
from aws_executors.local import LocalAws
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.shell.transport.cells import CellStore, cells_at

PLACE = "w/cells/airflow/batch"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as cloud:
        cloud.client("s3").create_bucket(Bucket="airflow")
        yield cloud


@pytest.fixture
def cells(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> CellStore:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    settings = batch.BatchSettings(region="us-east-1", job_name="a", job_queue="q", job_definition="d")
    return cells_at(f"s3://airflow/{PLACE}", settings, Clients(settings))


def test_a_cell_that_is_not_there_may_be_denied_and_is_none_all_the_same(
    aws: LocalAws, cells: CellStore
) -> None:
    """S3 answers so to whom may list the cells of the bucket only."""
    aws.faults.refuse("s3.GetObject", "AccessDenied", "Access Denied", status=403)
    assert cells.read("f00d/gone-1").unwrap() is None


def test_a_cell_that_may_not_be_read_is_an_error(aws: LocalAws, cells: CellStore) -> None:
    name = "f00d/0b6e-1"
    aws.client("s3").put_object(Bucket="airflow", Key=f"{PLACE}/{name}", Body=Cell(container="4c75").body())
    aws.faults.refuse("s3.GetObject", "AccessDenied", "Access Denied", status=403)
    error = cells.read(name).failure()
    assert (error.code, "s3:GetObject" in error.remedy) == ("AccessDenied", True)
    held = cells.read(name).unwrap()
    assert held is not None
    assert held.cell == Cell(container="4c75")


def test_who_may_not_list_the_cells_is_told_of_the_bucket_and_the_prefix(
    aws: LocalAws, cells: CellStore
) -> None:
    """A permission to list belongs to a bucket: on objects it allows nothing."""
    aws.faults.refuse("s3.ListObjectsV2", "AccessDenied", "Access Denied", status=403)
    assert cells.listed().failure().remedy == (
        "Allow s3:ListBucket on arn:aws:s3:::airflow, for the prefix w/cells/airflow/batch/*, for the role "
        "that the scheduler runs as."
    )
