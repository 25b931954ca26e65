"""The demo's DAG with its workloads in S3: the same DAG, the same result, and no token for anybody to read.

Law: what is claimed is read from the AWS side: every request that came, every event and description.
"""

import io
import time
from pathlib import Path

from rich.console import Console

from aws_executors.cli.demo.__main__ import DAG, Clock, follow, judge
from aws_executors.cli.demo.stage import Stage, is_store

TOKEN = "eyJ"


def test_the_same_dag_by_way_of_s3_and_no_token_anywhere(up: Stage, logs: Path) -> None:
    clock = Clock(Console(file=io.StringIO()), time.time())
    claims = judge(up, follow(up, up.trigger(DAG), clock, timeout=180.0))
    requests, changes = up.aws.requests(), up.aws.changes()
    commands = [c["command"] for task in up.aws.tasks() for c in task["overrides"]["containerOverrides"]]
    commands += [job["container"]["command"] for job in up.aws.jobs()]
    printed = "".join(path.read_text() for path in logs.glob("*.log"))
    assert [str(claim) for claim in claims if not claim.holds] == []
    assert [claim.text.partition(" ")[2] for claim in claims][:2] == [
        "requests, events and descriptions carried no token",
        "stored workload is left",
    ]
    # The store got the tokens, so this search does find what there is to find; and nobody else did.
    puts = [request for request in requests if is_store(request, up.names) and request.method == "PUT"]
    assert len(puts) >= 9
    assert all(TOKEN in put.body.decode() for put in puts)
    assert all("if-none-match" in put.headers or "if-match" in put.headers for put in puts)
    assert all(put.headers["x-amz-server-side-encryption"] == "AES256" for put in puts)
    others = [request for request in requests if request not in puts]
    assert {"RunTask", "SubmitJob"} <= {words(request.path, request.headers) for request in others}
    assert [one.path for one in others if TOKEN in f"{one.path} {one.headers} {one.body!r}"] == []
    assert [change for change in changes if TOKEN in repr(change)] == []
    assert TOKEN not in printed
    assert commands
    assert max(len(" ".join(command)) for command in commands) < 300


def words(path: str, headers: dict[str, str]) -> str:
    """The action of a request to ECS or Batch."""
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    return {"/v1/submitjob": "SubmitJob"}.get(path, target)
