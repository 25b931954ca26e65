"""The warm container of verify: the executor's part, on the embedded S3; its container is played."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from aws_executors.core.batch.settings import BatchSettings
from aws_executors.core.lifecycle.allocation import Allocation
from aws_executors.core.lifecycle.effects import Report
from aws_executors.core.warm.cell import Cell, read
from aws_executors.local import LocalAws
from aws_executors.local.world.s3 import store
from aws_executors.shell.aws.client.clients import Clients
from aws_executors.verify.proof.checks import CHECKS
from aws_executors.verify.proof.model import (
    CaseTrace,
    CheckOutcome,
    CheckVerdict,
    RunEvidence,
    SubmissionSeen,
)
from aws_executors.verify.proof.programs import MARK, WARM
from aws_executors.verify.proof.record import AwsRecord
from aws_executors.verify.warm_cell import WarmCell, warm_cell

KEY = "w/cells/airflow/batch/verify/0b6e-1"
RUNS = AwsRecord(id="4c75", status="RUNNING", over=False, allocation=Allocation(started=1.0))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    with LocalAws() as cloud:
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        cloud.client("s3").create_bucket(Bucket="airflow")
        yield cloud


@pytest.fixture
def cell(aws: LocalAws) -> WarmCell:
    settings = BatchSettings(
        region="us-east-1",
        job_name="airflow",
        job_queue="q",
        job_definition="d",
        endpoint_url=aws.url,
        workload_store="s3://airflow/w",
        warm_idle=60,
    )
    trace = CaseTrace(case=WARM, token="0b6e", handed_over=1.0, record=RUNS)
    trace.submissions.append(SubmissionSeen(sent=1.0, answered=1.5, id="4c75"))
    tokens = iter(("first", "second", "third"))
    return warm_cell(settings, None, Clients(settings), trace, lambda: next(tokens))


def now(aws: LocalAws) -> Cell:
    return read(aws.objects("airflow")[KEY])


def written(aws: LocalAws, body: Cell) -> None:
    """The container has written this."""
    aws.client("s3").put_object(Bucket="airflow", Key=KEY, Body=body.body())


def lived(aws: LocalAws, cell: WarmCell) -> None:
    """The container has run both workloads, and closed."""
    written(aws, Cell(container="4c75"))
    cell.run_due()
    written(aws, now(aws).take())
    cell.run_due()
    written(aws, now(aws).end(0))
    cell.run_due()
    written(aws, now(aws).take().end(0, close=True))
    cell.run_due()


def judged(trace: CaseTrace) -> CheckVerdict:
    check = next(one for one in CHECKS if one.name == "warm")
    trace.record = replace(RUNS, over=True)
    trace.said.append((9.0, Report(True, "The container exited normally")))
    trace.lines = (f"{MARK} workload first 31.0", f"{MARK} workload second 33.0")
    return check.judge(RunEvidence(service="batch", traces={"warm": trace}))


def test_each_workload_is_made_when_its_cell_is_idle(aws: LocalAws, cell: WarmCell) -> None:
    cell.run_due()
    assert cell.trace.turns == []  # its launcher has not come so far
    written(aws, Cell(container="4c75"))
    cell.run_due()
    assert json.loads(now(aws).workload) == {"verify": "first"}
    cell.run_due()
    assert len(cell.trace.turns) == 1
    written(aws, now(aws).take().end(0))
    cell.run_due()
    assert json.loads(now(aws).workload) == {"verify": "second"}


def test_two_workloads_in_one_container(aws: LocalAws, cell: WarmCell) -> None:
    lived(aws, cell)
    assert cell.over
    assert cell.trace.old_condition_holds is False
    cell.trace.turns[1].offered = 32.75
    assert judged(cell.trace) == CheckVerdict(
        CheckOutcome.OK,
        "The second workload began 0.2 s after it was offered, the first 30.0 s after it was queued; "
        "a write under an old condition was refused",
    )
    assert cell.remove() is None
    assert (cell.removed, aws.objects("airflow")) == (True, {})


def test_a_store_without_conditions(aws: LocalAws, cell: WarmCell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_hold", lambda *_: None)
    lived(aws, cell)
    verdict = judged(cell.trace)
    assert verdict.outcome is CheckOutcome.FAILED
    assert "a write whose condition did not hold" in verdict.words


def test_an_offer_whose_answer_was_lost_counts_if_it_has_landed(aws: LocalAws, cell: WarmCell) -> None:
    written(aws, Cell(container="4c75"))
    aws.faults.lose_answer("PutObject")
    cell.run_due()
    assert cell.trace.turns == []  # repeated by the client, it has found its own first attempt
    cell.run_due()
    assert [turn.token for turn in cell.trace.turns] == ["first"]
    assert now(aws).token == "first"


def test_a_container_that_closes_after_one(aws: LocalAws, cell: WarmCell) -> None:
    written(aws, Cell(container="4c75"))
    cell.run_due()
    written(aws, now(aws).take().end(1, close=True))
    cell.run_due()
    verdict = judged(cell.trace)
    assert (verdict.outcome, verdict.words) == (
        CheckOutcome.FAILED,
        "It ran 0 of 2 workloads. The end of its log says why",
    )


def test_a_cell_that_may_not_be_read(aws: LocalAws, cell: WarmCell) -> None:
    aws.faults.deny_bucket("airflow")
    cell.run_due()
    verdict = judged(cell.trace)
    assert verdict.outcome is CheckOutcome.FAILED
    assert "It ran 0 of 2 workloads: AccessDenied" in verdict.words
    assert "s3:GetObject" in verdict.words
    assert cell.remove() is not None
