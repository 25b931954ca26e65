"""Workloads in S3 through a whole Airflow: the same DAG with the same result, and no token for anybody to
read; containers that wait for longer than their tokens live; requests that are too large; a denied bucket.

Law: what is claimed is read from the AWS side: every request that came, every event and description. One
Airflow for all tests, in the order in which they stand: the first two have all in S3, and in between another
scheduler takes over, which stores what is too large and nothing else.
"""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from aws_executors.core.cost.measured import usage_address
from aws_executors.core.requests.stored_workload import numbered
from aws_executors.demo.__main__ import DAG, Stopwatch, final_checks, follow
from aws_executors.demo.api import DagRun
from aws_executors.demo.proof import tokenless
from aws_executors.demo.stage import ASK, DemoStage, is_store
from aws_executors.local.http.wire import Request
from e2e.killed import adoption
from e2e.queues import LIFETIME
from e2e.shared import NAMES, of_both

TOKEN = "eyJ"
PATIENCE = 120.0  # seconds


def test_the_same_dag_by_way_of_s3_and_no_token_anywhere(up: DemoStage) -> None:
    clock = Stopwatch(Console(file=io.StringIO()), time.time())
    run = up.trigger(DAG)
    claims = final_checks(up, run, follow(up, run, clock, timeout=180.0))
    assert [str(claim) for claim in claims if not claim.holds] == []
    assert [claim.text.partition(" ")[2] for claim in claims][:2] == [
        "requests, events and descriptions carried no token",
        "stored workload is left",
    ]
    # The store got the tokens, so this search does find what there is to find; and nobody else did.
    puts, others = to_and_past_the_store(up)
    assert len(puts) >= 9
    assert all(TOKEN in put.body.decode() for put in puts)
    assert all("if-none-match" in put.headers or "if-match" in put.headers for put in puts)
    assert {put.headers["x-amz-server-side-encryption"] for put in puts} == {"AES256", "aws:kms"}
    assert {"RunTask", "SubmitJob"} <= {words(request.path, request.headers) for request in others}
    assert not tokens_in(up)
    assert commands(up)
    assert max(len(" ".join(command)) for command in commands(up).values()) < 300


def test_who_takes_over_goes_on_renewing_and_no_token_shows_either(up: DemoStage) -> None:
    """A job waits in its queue for two lifetimes and more of its token, and its scheduler dies meanwhile."""
    before = len(up.containers())
    with without_capacity(up):
        waits = up.trigger("waiting")
        eventually(up, "a job that waits", lambda: len(up.containers()) > before)
        up.scheduler.kill()
        up.start("scheduler", **of_both("WORKLOAD_TRANSPORT", "auto"), **adoption(True))
        eventually(up, "a scheduler that takes over", lambda: "GET" in of_the_last_object(up))
        time.sleep(1.5 * LIFETIME)
    assert states(up, waits) == {"waits": "success"}
    assert len(up.containers()) == before + 1
    assert up.emptied() == ()
    # The first scheduler has written, the second has read and written over what it has read, again and again;
    # the container has read, and the object was removed.
    methods = of_the_last_object(up)
    assert (methods[0], methods[-1]) == ("PUT", "DELETE")
    assert methods[methods.index("GET") :].count("PUT") >= 3
    assert methods.count("GET") >= 4
    puts, _ = to_and_past_the_store(up)
    mine = [numbered(put.body) for put in puts if put.path == puts[-1].path]
    assert [number for number, _ in mine] == list(range(1, len(mine) + 1))
    assert len({workload for _, workload in mine}) == len(mine)
    assert not tokens_in(up)


def test_a_token_that_is_on_the_command_line_does_not_last_that_long(up: DemoStage) -> None:
    """The same wait, by the new scheduler, which sends what is small inline."""
    before = len(up.containers())
    with without_capacity(up):
        late = up.trigger("waiting")
        eventually(up, "a job that waits", lambda: len(up.containers()) > before)
        time.sleep(LIFETIME + 1.0)
    assert states(up, late) == {"waits": "failed"}
    assert "exit code 1" in " ".join(told(up, late, "waits", "container failed"))


def test_what_is_too_large_for_the_command_line_goes_by_s3(up: DemoStage) -> None:
    before = commands(up)
    run = up.trigger("large")
    assert states(up, run) == dict.fromkeys(("small", "on_ecs", "on_batch"), "success")
    received = up.place.dags / "received"
    eventually(up, "the callback", received.exists)
    assert received.read_text() == str(20 * 1024)
    ways = sorted("--s3" in command for one, command in commands(up).items() if one not in before)
    assert ways == [False, True, True, True]  # small; on_ecs, on_batch and the callback
    assert up.emptied() == ()


def test_a_denied_bucket_is_told_harms_nobody_else_and_the_next_try_goes_its_way(up: DemoStage) -> None:
    up.aws.faults.deny_bucket(NAMES.bucket)
    run = up.trigger("denied")
    eventually(up, "the refusal", lambda: told(up, run, "stored", "submission failed"))
    why = told(up, run, "stored", "submission failed")[0]
    assert "workload_store = s3://airflow-workloads/demo" in why
    assert "Allow s3:PutObject (and s3:GetObject) on arn:aws:s3:::airflow-workloads/demo/*" in why
    eventually(up, "the other task", lambda: now(up, run)["inline"] == "success")
    up.aws.faults.clear()
    assert states(up, run) == {"inline": "success", "stored": "success"}
    assert up.slots().holds
    assert up.emptied() == ()


# --- What is done ------------------------------------------------------------------------------------------


@contextmanager
def without_capacity(up: DemoStage) -> Iterator[None]:
    """Batch accepts jobs, and starts none in this block: they wait in their queue."""
    up.aws.faults.no_capacity()
    try:
        yield
    finally:
        up.aws.faults.capacity_back()


def eventually(up: DemoStage, what: str, so: Callable[[], object]) -> None:
    """Wait until something is so."""

    up.deployment.wait_for(what, lambda: so() or None, timeout=PATIENCE, every=ASK)


# --- What is seen ------------------------------------------------------------------------------------------


def states(up: DemoStage, run: DagRun) -> dict[str, str | None]:
    """How every task of a run has ended."""
    eventually(up, f"the end of {run.dag_id}", lambda: up.api.dag_run(run).ended)
    return now(up, run)


def now(up: DemoStage, run: DagRun) -> dict[str, str | None]:
    """How every task of a run stands."""
    return {one.task_id: one.state for one in up.api.task_instances(run)}


def told(up: DemoStage, run: DagRun, task_id: str, event: str) -> list[str]:
    """What the Event log says of this kind about a task."""
    return [one.extra or "" for one in up.api.event_logs(run, event) if one.task_id == task_id]


def to_and_past_the_store(up: DemoStage) -> tuple[list[Request], list[Request]]:
    """The writes of workloads, and all other requests."""
    requests = up.aws.requests()
    writes = [request for request in requests if is_store(request, NAMES) and request.method == "PUT"]
    puts = [write for write in writes if not write.path.endswith(usage_address(""))]
    return puts, [request for request in requests if request not in puts]


def tokens_in(up: DemoStage) -> list[str]:
    """Where there is a token that should not be there: requests, events, descriptions, logs."""
    _, others = to_and_past_the_store(up)
    quoting = [one.path for one in others if TOKEN in f"{one.path} {one.headers} {one.body!r}"]
    logs = [path.name for path in up.deployment.logs.glob("*.log") if TOKEN in path.read_text()]
    return [*quoting, *tokenless(up.messages()).faults, *logs]


def of_the_last_object(up: DemoStage) -> list[str]:
    """What was done to the object that was written last, in order."""
    puts, _ = to_and_past_the_store(up)
    return [one.method for one in up.aws.requests() if one.path.partition("?")[0] == puts[-1].path]


def commands(up: DemoStage) -> dict[str, list[str]]:
    """What every container was told to run, by the id of its task or job."""
    said = {
        f"{task['taskArn']} {container['name']}": container["command"]
        for task in up.aws.tasks()
        for container in task["overrides"]["containerOverrides"]
    }
    return said | {job["jobId"]: job["container"]["command"] for job in up.aws.jobs()}


def words(path: str, headers: dict[str, str]) -> str:
    """The action of a request to ECS or Batch."""
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    return {"/v1/submitjob": "SubmitJob"}.get(path, target)
