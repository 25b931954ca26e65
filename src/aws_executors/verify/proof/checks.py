"""The checks: what must be true of AWS so that the executors can keep their promises.

Law: pure; a table, and one function for each row, from everything that was seen to a verdict. Each check can
fail, and then says what is wrong.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from aws_executors.core.lifecycle.effects import ORPHANED, TAKEN_BACK, LogEvent
from aws_executors.core.lifecycle.observation import Cause
from aws_executors.verify.proof.model import (
    CaseTrace,
    CheckOutcome,
    CheckResult,
    CheckVerdict,
    RunEvidence,
    failed,
    not_checked,
    ok,
)
from aws_executors.verify.proof.programs import (
    ADOPTION,
    EXIT,
    EXIT_CODE,
    LOST_ANSWER,
    MEMORY,
    ORPHANS,
    RELEASE,
    RUN,
    STOP,
    STORED,
    SURVIVED,
    WARM,
    WARM_WORKLOADS,
    Case,
)

KILLED = 137
NOT_SET = {STORED: "workload_store is not set", WARM: "Neither warm_idle nor the step warm is set"}
"""Why a case was not tried, by the case, for cases that depend on settings."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, what it shows, and how it is judged."""

    name: str
    title: str
    judge: Callable[[RunEvidence], CheckVerdict]

    def result(self, evidence: RunEvidence) -> CheckResult:
        """The line of the report."""
        return CheckResult(name=self.name, title=self.title, verdict=self.judge(evidence))


def of_case(case: Case, judge: Callable[[RunEvidence, CaseTrace], CheckVerdict]) -> Check:
    """A check of one case, whose container must have come to its end."""

    def judged(evidence: RunEvidence) -> CheckVerdict:
        trace = evidence.trace(case.name)
        if trace is None:
            return not_checked(NOT_SET.get(case, "It was not tried"))
        return trace.note or _unfinished(evidence, trace) or judge(evidence, trace)

    return Check(case.name, case.about, judged)


def _unfinished(evidence: RunEvidence, trace: CaseTrace) -> CheckVerdict | None:
    """Why a container did not come to its end, if it did not."""
    if trace.done and (trace.ids or trace.report):
        return None if trace.ids else failed(_refusal(trace))
    if evidence.interrupted:
        return not_checked("Interrupted")
    refused = _refusal(trace)
    if trace.case in ORPHANS and trace.ids and (wrong := _one_container(trace)) is not None:
        return wrong
    if refused and not trace.ids:
        return failed(f"No container was started: {refused}")
    if trace.record is not None and trace.record.started is None:
        why = trace.last.reason if trace.last and trace.last.reason else "AWS gives no reason"
        return failed(f"It did not start in time: {trace.record.status}, {why}")
    status = "unknown" if trace.record is None else trace.record.status
    return failed(f"It did not end in time: its status is {status}")


def _refusal(trace: CaseTrace) -> str:
    """Why the last failed submission failed, according to AWS or the executor."""
    said = [one.text for _, one in trace.said if isinstance(one, LogEvent)]
    errors = [one.error for one in trace.submissions if one.error is not None]
    report = trace.report
    if report is not None and not report.success:
        return report.info
    return said[-1] if said else errors[-1].with_remedy if errors else ""


def _after(trace: CaseTrace) -> str:
    """How long after queueing user code began."""
    began = trace.printed("began")
    if began is None or trace.handed_over is None:
        return ""
    return f"user code began {began - trace.handed_over:.1f} s after the task was queued"


def _succeeded(trace: CaseTrace) -> CheckVerdict | None:
    """Why the task has not succeeded, if it has not."""
    if trace.report is None or not trace.report.success:
        return failed(trace.report.info if trace.report else "Nothing was reported to Airflow")
    if trace.strange_line:
        return failed(
            "The container exited with code 0 without running our program: the entry point of the image, or "
            f"of the definition, ignores the command. Its log ends with: {trace.strange_line}"
        )
    return None


def _run(evidence: RunEvidence, trace: CaseTrace) -> CheckVerdict:
    image = next((line.partition("image ")[2] for line in trace.lines if "image " in line), "")
    airflow, _, python = image.partition(" ")
    has = f"; the image has Airflow {airflow}, Python {python}" if image else ""
    started = _after(trace) or "its exit code was reported, and its log could not be read"
    return _succeeded(trace) or ok(f"{started[0].upper()}{started[1:]}{has}")


def _exit(evidence: RunEvidence, trace: CaseTrace) -> CheckVerdict:
    if trace.report is None or trace.report.success:
        return failed(f"A container that exits with {EXIT_CODE} was not reported as failed")
    code = trace.end.exit_code if trace.end else None
    if code != EXIT_CODE:
        return failed(f"The exit code is {code}, not {EXIT_CODE}: {trace.report.info}")
    return ok(trace.report.info)


def _memory(evidence: RunEvidence, trace: CaseTrace) -> CheckVerdict:
    code = trace.end.exit_code if trace.end else None
    if trace.report is None or trace.report.success or code == SURVIVED:
        return failed("It used 1.5 times its memory limit, and was not killed")
    if code != KILLED or "OutOfMemory" not in trace.report.info:
        return failed(f"Nothing says that its memory was the reason: {trace.report.info}")
    return ok(trace.report.info)


def _stop(evidence: RunEvidence, trace: CaseTrace) -> CheckVerdict:
    refused = next((error for _, _, error in trace.stopped if error is not None), None)
    if refused is not None:
        return failed(f"AWS did not stop it: {refused.with_remedy}")
    wrong = _withdrawn(trace, TAKEN_BACK)
    if wrong is not None:
        return wrong
    if trace.report is not None:
        return failed(f"A task that was taken back was reported: {trace.report.info}")
    if trace.lines and trace.printed("SIGTERM") is None and trace.printed("listens") is not None:
        return failed(
            "It was killed without SIGTERM, so a task has no time to end. Does the image have an entry point "
            "that does not pass signals on (a shell without exec)?"
        )
    return ok(
        "SIGTERM reached user code, and AWS shows our reason" if trace.lines else "AWS shows our reason"
    )


def _withdrawn(trace: CaseTrace, reason: str) -> CheckVerdict | None:
    """Why a container does not count as stopped by us, if it does not."""
    end = trace.end
    if end is None:
        return failed("Its end was not seen")
    if end.cause is not Cause.WITHDRAWN or reason not in end.reason:
        return failed(f"AWS does not show our reason for the stop, but: {end.reason or 'nothing'}")
    return None


def _lost_answer(evidence: RunEvidence, trace: CaseTrace) -> CheckVerdict:
    if len(trace.ids) > 1:
        return failed(f"Two containers were started: {' and '.join(trace.ids)}")
    wrong = _succeeded(trace)
    if wrong is not None:
        return wrong
    if evidence.service == "batch":
        found = next((one for one in trace.lookups if one.id), None)
        if found is None:
            return failed("ListJobs did not show the job by its name")
        late = found.at - trace.submissions[0].answered
        return ok(f"One container: ListJobs showed the job by its name {late:.1f} s later")
    if len(trace.submissions) < 2:
        return failed("The call was not repeated")
    if evidence.conflict is not None and evidence.conflict.outcome is not CheckOutcome.OK:
        return evidence.conflict
    more = f". {evidence.conflict.words}" if evidence.conflict else ""
    return ok(f"One container: the repeated call with the same client token returned it{more}")


def _adoption(evidence: RunEvidence, trace: CaseTrace) -> CheckVerdict:
    return (
        _one_container(trace)
        or _succeeded(trace)
        or ok(f"AWS listed it by its token {_listed(trace)} after its start, and it was followed to its end")
    )


def _one_container(trace: CaseTrace) -> CheckVerdict | None:
    found = [one for one in trace.listed if one.id]
    if not found:
        last = trace.listed[-1].error if trace.listed else None
        return failed(
            f"AWS did not list it by its token{': ' + last.with_remedy if last else ' within a minute'}"
        )
    if found[-1].id not in trace.ids:
        return failed(f"AWS listed another container by its token: {found[-1].id}")
    if len(trace.ids) > 1:
        return failed(f"Two containers were started: {' and '.join(trace.ids)}")
    return None


def _listed(trace: CaseTrace) -> str:
    found = next(one for one in trace.listed if one.id)
    return f"{found.at - trace.submissions[0].answered:.1f} s"


def _release(evidence: RunEvidence, trace: CaseTrace) -> CheckVerdict:
    wrong = _one_container(trace) or _withdrawn(trace, ORPHANED)
    if wrong is not None:
        return wrong
    back = next((at for at, state in trace.rows if state == "given back"), None)
    end = next((at for at, one in trace.seen if one.ended), None)
    if back is None:
        return failed("Its task was not given back to the scheduler")
    if end is None or back < end:
        return failed("Its task was given back before the container had ended")
    return ok("It was found by its token, stopped, and its task given back after its end")


def _stored(evidence: RunEvidence, trace: CaseTrace) -> CheckVerdict:
    workload: dict[str, object] = {"verify": trace.token}
    digest = hashlib.sha256(json.dumps(workload).encode()).hexdigest()
    if trace.report is None or not trace.report.success:
        info = trace.report.info if trace.report else "nothing was reported"
        return failed(
            f"The container could not read the object: {info} It needs this package in the image, and a role "
            "that allows s3:GetObject (aws-executors iam-policy --containers prints the policy)"
        )
    if trace.strange_line or (trace.lines and not any(digest in line for line in trace.lines)):
        return failed("What the container read is not what was stored")
    if f"{trace.token}-1" not in evidence.removed:
        return failed("The object was not removed afterwards")
    return ok("Stored, read with the container's role, and removed")


def _warm(evidence: RunEvidence, trace: CaseTrace) -> CheckVerdict:
    if trace.report is None or not trace.report.success:
        info = trace.report.info if trace.report else "nothing was reported"
        return failed(
            f"The container did not end well: {info} It needs this package in the image, and a role that "
            "allows s3:GetObject and s3:PutObject on its cell "
            "(aws-executors iam-policy --containers prints the policy)"
        )
    if trace.strange_line:
        return _succeeded(trace) or failed(trace.strange_line)
    if trace.old_condition_holds:
        return failed(
            "S3 carried out a write whose condition did not hold, so a workload could run twice. "
            "Leave warm_idle off, or use a store that knows conditional writes (If-Match), as Amazon S3 does"
        )
    good = [one for one in trace.turns if one.exit_code == 0]
    if len(good) < WARM_WORKLOADS or trace.old_condition_holds is None:
        why = f": {trace.cell_problem.with_remedy}" if trace.cell_problem else ". The end of its log says why"
        return failed(f"It ran {len(good)} of {WARM_WORKLOADS} workloads{why}")
    cold, warm_ = _begun(trace, 0), _begun(trace, 1)
    since = trace.handed_over or cold
    return ok(
        f"The second workload began {warm_ - trace.turns[1].offered:.1f} s after it was offered, the first "
        f"{cold - since:.1f} s after it was queued; a write under an old condition was refused"
    )


def _begun(trace: CaseTrace, number: int) -> float:
    """When a workload of the warm container began, by its log; else when it was seen as taken, or offered."""
    turn = trace.turns[number]
    return trace.printed(f"workload {turn.token}") or turn.taken or turn.offered


def _logs(evidence: RunEvidence) -> CheckVerdict:
    started = [one for one in evidence.traces.values() if one.record and one.record.started]
    read = [one for one in started if one.lines]
    if not started:
        return not_checked("No container has started")
    if not read and not any(one.strange_line for one in started):
        return failed(f"No log could be read: {started[0].log_problem or 'it is empty'}")
    silent = [one for one in started if not one.lines and one.case is not MEMORY]
    if silent and not evidence.interrupted:
        names = ", ".join(one.case.name for one in silent)
        strange = silent[0].strange_line
        why = f"It ends with: {strange}" if strange else silent[0].log_problem
        return failed(f"The log does not show our program of: {names}. {why}")
    return ok(f"The logs of {len(read)} containers were read as Airflow's UI reads them")


def _links(evidence: RunEvidence) -> CheckVerdict:
    trace = evidence.trace(RUN.name)
    if trace is None or trace.links is None or not trace.ids:
        return not_checked("No container with a log was seen")
    container, log = trace.links
    id_ = trace.ids[0].rpartition("/")[2]
    if id_ not in container:
        return failed(f"There is no link to the container {trace.ids[0]}: {container or 'none'}")
    return ok(f"{container} and {log}") if log else failed("There is no link to the container's log")


def _events(evidence: RunEvidence) -> CheckVerdict:
    if not evidence.events_queue:
        return not_checked("events_queue is not set")
    if evidence.events_problem:
        return failed(f"{evidence.events_queue} could not be read: {evidence.events_problem}")
    over = [one for one in evidence.traces.values() if one.record and one.record.over]
    told = [one for one in over if any(seen.ended for _, seen in one.events)]
    if not over:
        return not_checked("No container has ended")
    if not told:
        return failed(
            f"No event told of the end of {len(over)} containers. Is the rule enabled, does its pattern fit, "
            "and does the queue's policy let EventBridge in? aws-executors doctor checks their delivery"
        )
    if len(told) < len(over):
        missed = ", ".join(one.case.name for one in over if one not in told)
        return failed(
            f"No event told of the end of: {missed}. Events do get lost; polls find their containers"
        )
    return ok(f"Events told of the end of all {len(told)} containers")


def _unknown_id(evidence: RunEvidence) -> CheckVerdict:
    return evidence.unknown_id or not_checked("No container was started")


def _too_large(evidence: RunEvidence) -> CheckVerdict:
    return evidence.too_large or not_checked("It was not tried")


def _nothing_left(evidence: RunEvidence) -> CheckVerdict:
    if evidence.left:
        return failed("; ".join(evidence.left))
    count = sum(len(one.ids) for one in evidence.traces.values())
    return ok(f"{count} containers have ended; no definition was registered")


CHECKS: tuple[Check, ...] = (
    of_case(RUN, _run),
    of_case(EXIT, _exit),
    of_case(MEMORY, _memory),
    of_case(STOP, _stop),
    of_case(LOST_ANSWER, _lost_answer),
    of_case(ADOPTION, _adoption),
    of_case(RELEASE, _release),
    of_case(STORED, _stored),
    of_case(WARM, _warm),
    Check("logs", "logs are read as Airflow's UI reads them", _logs),
    Check("links", "links lead to the container and its log", _links),
    Check("events", "events tell of the ends of containers", _events),
    Check("unknown id", "a container that does not exist is no error", _unknown_id),
    Check("size limit", "a request that is too large is refused", _too_large),
    Check("nothing left", "everything that verify started is gone", _nothing_left),
)
