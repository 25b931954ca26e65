"""What checks say of what no fault of the embedded AWS brings about, given what would have been seen."""

from dataclasses import replace

import pytest

from aws_executors.core.cost.estimate import dollars
from aws_executors.core.cost.prices import bundled_prices
from aws_executors.core.lifecycle.allocation import Allocation
from aws_executors.core.lifecycle.effects import Report
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.verify.bill import used
from aws_executors.verify.proof.checks import CHECKS
from aws_executors.verify.proof.model import (
    CaseTrace,
    CheckOutcome,
    CheckVerdict,
    LookUpSeen,
    RunEvidence,
    SubmissionSeen,
    failed,
)
from aws_executors.verify.proof.programs import LOST_ANSWER, MARK, RELEASE, RUN, Case
from aws_executors.verify.proof.record import AwsRecord

ID = "arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e"


def judged(name: str, evidence: RunEvidence) -> CheckVerdict:
    return next(one for one in CHECKS if one.name == name).judge(evidence)


def ended(case: Case, **more: object) -> CaseTrace:
    """A container that has ended well."""
    trace = CaseTrace(case=case, token="0b6e", handed_over=1.0)
    trace.submissions.append(SubmissionSeen(sent=1.0, answered=2.0, id=ID))
    trace.said.append((50.0, Report(True, "The container exited normally")))
    trace.lines = (f"{MARK} began 30.5",)
    trace.record = AwsRecord(id=ID, status="STOPPED", over=True)
    for name, value in more.items():
        setattr(trace, name, value)
    return trace


def evidence(*traces: CaseTrace) -> RunEvidence:
    return RunEvidence(service="ecs", traces={one.case.name: one for one in traces})


@pytest.mark.parametrize(
    ("links", "words"),
    [
        (("", ""), f"There is no link to the container {ID}: none"),
        (("https://console/tasks/9", "https://console/log"), "There is no link to the container"),
        (("https://console/tasks/0f1e", ""), "There is no link to the container's log"),
    ],
)
def test_links_that_lead_nowhere(links: tuple[str, str], words: str) -> None:
    verdict = judged("links", evidence(ended(RUN, links=links)))
    assert (verdict.outcome, words in verdict.words) == (CheckOutcome.FAILED, True)


def test_an_unknown_id_that_is_an_error() -> None:
    wrong = failed("Describing an id that does not exist is an error: ClientException: no.")
    assert judged("unknown id", replace(evidence(), unknown_id=wrong)) == wrong


def test_a_changed_request_that_is_taken() -> None:
    lost = ended(LOST_ANSWER)
    lost.submissions.append(SubmissionSeen(sent=3.0, answered=4.0, id=ID))
    wrong = failed("A changed request with the same client token is refused: ClientException: no.")
    assert judged("lost answer", replace(evidence(lost), conflict=wrong)) == wrong


def test_a_lost_answer_that_is_not_asked_for_again() -> None:
    assert judged("lost answer", evidence(ended(LOST_ANSWER))).words == "The call was not repeated"


def test_a_task_that_is_given_back_too_early() -> None:
    release = ended(RELEASE, said=[], listed=[LookUpSeen(3.0, ID)], rows=[(9.0, "given back")])
    words = "aws_executors: orphaned, and adopt_task_instances is off"
    end = Observation(id=ID, phase=Phase.FAILED, reason=words)
    release.seen.append((10.0, end))
    assert "AWS does not show our reason" in judged("release", evidence(release)).words
    release.seen[0] = (10.0, replace(end, cause=Cause.WITHDRAWN))
    assert (
        judged("release", evidence(release)).words == "Its task was given back before the container had ended"
    )


def test_what_was_not_tried_is_not_called_good() -> None:
    outcomes = {one.name: one.judge(evidence()).outcome for one in CHECKS}
    assert outcomes.pop("nothing left") is CheckOutcome.OK
    assert set(outcomes.values()) == {CheckOutcome.NOT_CHECKED}


def test_each_attempt_of_batch_is_on_the_bill() -> None:
    given = Allocation(vcpu=1, memory=2048, fargate=True, before=(10.0, 61.2), started=100.0, stopped=120.0)
    record = AwsRecord(id=ID, status="FAILED", over=True, allocation=given)
    (one,) = used([ended(RUN, record=record)], bundled_prices(), "us-east-1")
    assert one.seconds == pytest.approx(91.2)
    assert one.dollars == dollars(bundled_prices(), "us-east-1", 60 + 62 + 60, vcpu=1, memory=2048)
