"""`make demo`'s path, end to end: real Airflow, real executors, the embedded AWS.

Law: the demo is run as a person runs it, as a process; what it promises is read from what it prints, from its
exit code, and from the processes that are left. Its other ways out, each on an Airflow that others have used,
are in `test_e2e_ending.py` and `test_e2e_interrupted.py`.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

from aws_executors.demo.api import Api
from aws_executors.demo.processes import left_behind

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
MEASURED = re.compile(
    r"9 containers used .+ of CPU, at most \d+ MiB each, about \$0\.00\d+ by AWS's list prices"
)
ENDING = 60  # seconds that taking everything down may last, on a busy machine


@contextmanager
def demo(logs: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The demo as a process in a session of its own, ended with the block whatever happens in it."""
    environment = {**os.environ, "AWS_PROFILE": "there-is-none", "HTTP_PROXY": "http://127.0.0.1:9"}
    command = [sys.executable, "-m", "aws_executors.demo", "--logs", str(logs), *arguments]
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process, ExitStack() as at_end:
        at_end.callback(process.kill)  # else its end is waited for for ever
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=ENDING)


def until(process: subprocess.Popen[str], words: str) -> str:
    """What it prints, up to the line with these words; all of it, if they never come."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            break
    return said


def address(said: str) -> str:
    """Where the UI is, by what was printed."""
    found = ADDRESS.search(said)
    assert found is not None, said
    return found.group()


def log_of_a_finished_task(url: str) -> str:
    """What the UI shows as the log of the demo's task `plain`."""
    api = Api(url).logged_in()
    (run,) = json.loads(api.call("GET", "/api/v2/dags/demo/dagRuns"))["dag_runs"]
    there = f"/api/v2/dags/demo/dagRuns/{quote(run['dag_run_id'])}/taskInstances/plain/logs/1"
    return str(json.loads(api.call("GET", there))["content"])


def test_the_demo_is_green_and_stays_up_when_asked(tmp_path: Path) -> None:
    with demo(tmp_path, "--keep", "--timeout", "600") as process:  # on a busy machine
        said = until(process, "stays up until Ctrl-C")
        assert "stays up until Ctrl-C" in said, said
        url = address(said)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=60) as page:
            assert b"Airflow" in page.read()
        assert "Returned value was: a container on ECS/Fargate" in log_of_a_finished_task(url)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=ENDING)
    assert process.returncode == 0, said + rest
    claims = [line[5:] for line in said.splitlines() if line.startswith("ok ")]
    assert [claim for claim in claims if not MEASURED.fullmatch(claim)] == [
        "7 task instances succeeded",
        "9 containers stopped, and everything in them exited with code 0",
        "9 containers were expected for 8 tries, and exactly that many started",
        "the slots of all 2 executors are free",
        "no container is left",
    ]
    assert len(claims) == 6
    assert "NOT " not in said
    assert "nothing is left running" in rest
    assert left_behind(url) == []
