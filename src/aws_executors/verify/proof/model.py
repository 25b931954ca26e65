"""The values of `verify`: what is seen of its containers, and the results; nothing is judged here.

Law: pure. Every time is in epoch seconds, by this machine's clock unless it stands in an `AwsRecord`. The
driver fills the traces; checks and facts only read them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aws_executors.core.aws.errors import AwsError
from aws_executors.core.lifecycle.effects import LogEvent, ReleaseSlot, Report
from aws_executors.core.lifecycle.observation import Observation
from aws_executors.verify.proof.programs import MARK, Case
from aws_executors.verify.proof.record import AwsRecord


class CheckOutcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class CheckVerdict:
    """The outcome of a check, and why, in a sentence."""

    outcome: CheckOutcome
    words: str


def ok(words: str) -> CheckVerdict:
    """The verdict that all is as promised."""
    return CheckVerdict(CheckOutcome.OK, words)


def failed(words: str) -> CheckVerdict:
    """The verdict that something is not as promised."""
    return CheckVerdict(CheckOutcome.FAILED, words)


def not_checked(words: str) -> CheckVerdict:
    """The verdict that something could not be checked, for this reason."""
    return CheckVerdict(CheckOutcome.NOT_CHECKED, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSeen:
    """One submitting call: AWS's answer, and whether the engine received that answer."""

    sent: float
    answered: float
    id: str = ""
    error: AwsError | None = None
    told: bool = True


@dataclass(frozen=True, slots=True)
class LookUpSeen:
    """One look-up by token: the container that was found, if any, or why the look-up failed."""

    at: float
    id: str = ""
    error: AwsError | None = None


@dataclass(slots=True, kw_only=True)
class WarmTurn:
    """One workload of the warm container: when it was offered, first seen as taken, and how it ended."""

    token: str
    offered: float
    taken: float | None = None
    exit_code: int | None = None


@dataclass(slots=True, kw_only=True)
class CaseTrace:
    """Everything that was seen of one case, by its token."""

    case: Case
    token: str
    handed_over: float | None = None
    submissions: list[SubmissionSeen] = field(default_factory=list)
    lookups: list[LookUpSeen] = field(default_factory=list)  # by an engine
    listed: list[LookUpSeen] = field(default_factory=list)  # by the driver, to measure
    seen: list[tuple[float, Observation]] = field(default_factory=list)
    said: list[tuple[float, Report | ReleaseSlot | LogEvent]] = field(default_factory=list)
    taken_back: bool = False  # Airflow took the task back, and gets no report
    rows: list[tuple[float, str]] = field(default_factory=list)
    stopped: list[tuple[float, str, AwsError | None]] = field(default_factory=list)
    events: list[tuple[float, Observation]] = field(default_factory=list)
    shown_at: float | None = None  # when AWS first described the container
    record: AwsRecord | None = None  # AWS's last description
    lines: Sequence[str] = ()  # of the container's log
    lines_at: float | None = None
    log_problem: str = ""
    strange_line: str = ""  # a line of the log, if the log has none of the program's own
    links: tuple[str, str] | None = None  # pages in the console: container, log
    turns: list[WarmTurn] = field(default_factory=list)  # of a warm container
    cell_problem: AwsError | None = None  # the last error about the cell
    old_condition_holds: bool | None = None  # a write under an outdated condition was carried out
    note: CheckVerdict | None = None  # a verdict that only the driver can give

    @property
    def ids(self) -> tuple[str, ...]:
        """The containers that AWS has started for this case, oldest first."""
        return tuple(dict.fromkeys((one.id for one in self.submissions if one.id), ""))

    @property
    def report(self) -> Report | None:
        """The last report that Airflow would have received."""
        return next((said for _, said in reversed(self.said) if isinstance(said, Report)), None)

    @property
    def last(self) -> Observation | None:
        """The engine's last observation of the container."""
        return self.seen[-1][1] if self.seen else None

    @property
    def end(self) -> Observation | None:
        """The engine's last observation of the container as ended."""
        return next((one for _, one in reversed(self.seen) if one.ended), None)

    @property
    def done(self) -> bool:
        """Whether the engine has reported the result to Airflow, and AWS is done with the container."""
        told = any(not isinstance(said, LogEvent) for _, said in self.said) or self.given_back
        told = told or (self.taken_back and self.end is not None)
        over = self.record is not None and self.record.over
        return told and (over or not self.ids)

    @property
    def given_back(self) -> bool:
        """Whether the task instance was given back to the scheduler."""
        return any(state == "given back" for _, state in self.rows)

    def printed(self, word: str) -> float | None:
        """When the container printed this word, by its own clock."""
        for line in self.lines:
            if line.startswith(f"{MARK} {word} "):
                return float(line.split()[-1])
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvidence:
    """All that was seen in one run."""

    service: str  # ecs or batch
    traces: Mapping[str, CaseTrace]  # by the case's name
    logs: bool = True  # whether logs could be read at all
    events_queue: str = ""
    events_problem: str = ""
    unknown_id: CheckVerdict | None = None
    conflict: CheckVerdict | None = None
    too_large: CheckVerdict | None = None
    left: tuple[str, ...] = ()  # what could not be stopped or removed, each with the reason
    removed: tuple[str, ...] = ()  # stored objects and cells that were removed
    interrupted: bool = False
    out_of_time: bool = False

    def trace(self, name: str) -> CaseTrace | None:
        """What was seen of a case, if it was tried."""
        return self.traces.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of the report."""

    name: str
    title: str
    verdict: CheckVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class FactResult:
    """One fact about AWS: what the page says, and what was measured."""

    name: str
    says: str
    measured: str  # empty: not measured
    words: str  # how it was measured, or why it was not
    agrees: bool | None = None  # None if there is nothing to compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """One container on the bill."""

    case: str
    id: str
    seconds: float | None
    size: str
    dollars: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What verify has found."""

    section: str
    region: str
    endpoint: str  # where the service's API is, if not at its public address
    builder: str
    began: float
    seconds: float
    interrupted: bool
    checks: tuple[CheckResult, ...]
    facts: tuple[FactResult, ...]
    used: tuple[Used, ...]

    @property
    def good(self) -> bool:
        """Whether nothing has failed."""
        return not self.interrupted and all(
            one.verdict.outcome is not CheckOutcome.FAILED for one in self.checks
        )
