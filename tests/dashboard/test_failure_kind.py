"""Each failure that an executor of ours can report has a kind of a few words, and no detail is in it."""

import pytest

from aws_executors.core.explain.diagnosis import SENTENCES, explain
from aws_executors.core.explain.reasons import REASONS
from aws_executors.core.lifecycle.observation import Cause, Observation, Phase
from aws_executors.core.lifecycle.policy import WORKLOAD_LOST
from aws_executors.dashboard.page.failure_kind import _OF_CAUSES, failure_kind

ARN = "arn:aws:ecs:us-east-1:123456789012:task/etl/0f1e2d3c4b5a69788796a5b4c3d2e1f0"
JOB = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
BAD = "Bad executor_config"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("executor_config: 'enviroment' is not known; did you mean 'environment'? Allowed: cpu", BAD),
        ("executor_config must be a mapping such as {'memory': 2048}, not str 'x'", BAD),
        ("team.builders.build: executor_config: cpu must be a whole number, not str 'x'", BAD),
        ("compose(ecs.build, with_spot()): executor_config: cpu must be a whole number (task etl)", BAD),
        ("overrides are 9080 characters long, ECS allows 8192 (largest: command 9000)", "Request too large"),
        ("the request is 90130 bytes long, Batch allows 30720 (largest: command 9)", "Request too large"),
        ("team.build: the request is 90130 bytes long, Batch allows 30720", "Request too large"),
        ("team.builders.build: ValueError: no such queue", "Request builder failed"),
        ("compose(ecs.build, team.mine): returned nothing, not a RunTask", "Request builder failed"),
        ("AccessDeniedException: User: x is not authorized. Allow ecs:RunTask.", "AccessDeniedException"),
        ("RESOURCE:CPU: no instance. Add container instances.", "RESOURCE:CPU"),
        (
            f"The container ran out of memory and was killed ({JOB}, exit code 137).",
            "Out of memory",
        ),
        (f"The container was killed (SIGKILL) ({JOB}, exit code 137).", "Exit code 137"),
        (f"The container exited with an error ({JOB}, exit code 3).", "Task exited with an error"),
        (WORKLOAD_LOST, "Workload lost"),
        ("something that nobody has ever said in so many words", "something that nobody has ever said..."),
        ("", "No reason given"),
    ],
)
def test_a_failure_s_kind(message: str, kind: str) -> None:
    assert failure_kind(message) == kind


def test_every_known_reason_has_a_kind_of_a_few_words() -> None:
    for row in REASONS:
        kind = failure_kind(f"{row.what} ({ARN}, exit code 1). AWS says: something. {row.remedy}")
        assert len(kind) <= 40, row.name
        assert kind == kind.strip(), row.name
        assert kind not in ("", row.what), row.name


@pytest.mark.parametrize("cause", SENTENCES)
def test_every_cause_has_a_kind(cause: Cause | None) -> None:
    seen = Observation(id=ARN, phase=Phase.FAILED if cause else Phase.SUCCEEDED, cause=cause)
    assert failure_kind(explain(seen)) in _OF_CAUSES.values()
