"""Containers as processes: what they see, what they print, how they end, what is left of them."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from aws_executors import local
from aws_executors.local.processes import CODE_LOST, EVENT, ContainerProcess, Containers
from aws_executors.local.world import Exited, Ref, Started, StartFailed, StartProcess
from support.each_line import not_heard

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_executors.local.world import ProcessEvent
    from local.conftest import Account


HERE = {**os.environ, "PYTHONPATH": str(Path(local.__file__).parents[2])}  # where another Python finds us


def eventually(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until it is true, or fail."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_task_runs_prints_and_exits(account: Account) -> None:
    arn = account.run(account.script("import sys; print('out'); print('err', file=sys.stderr); sys.exit(5)"))
    assert account.aws.wait_idle(60)
    task = account.task(arn)
    assert task["containers"][0]["exitCode"] == 5
    assert task["lastStatus"] == "STOPPED"
    assert sorted(account.lines(f"t/app/{arn.rpartition('/')[2]}")) == ["err", "out"]


SEEN = [
    "PATH",
    "LANG",
    "HOME",
    "TMPDIR",
    "NO_PROXY",
    "no_proxy",
    "AWS_EXECUTION_ENV",
    "ECS_CONTAINER_METADATA_URI_V4",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
]


def test_a_container_sees_its_own_environment_only(
    start: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgres://secret")
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "secret")
    account = start(container_env={"BAKED": "in", "LANG": "C"})
    own = [{"name": "OWN", "value": "1"}, {"name": "BAKED", "value": "over"}]
    code = (
        "import os; e = os.environ; print('\\n'.join(sorted(e))); print(e['BAKED'], os.getcwd(), e['HOME'])"
    )
    arn = account.run(account.script(code, environment=own))
    assert account.aws.wait_idle(60)
    *names, last = account.lines(f"t/app/{arn.rpartition('/')[2]}")
    assert set(names) - {"LC_CTYPE"} == {*SEEN, "BAKED", "OWN"}
    baked, directory, home = last.split()
    assert baked == "over"
    assert directory == home
    assert not os.path.exists(directory)


GROWS = """
import json, os, sys, time, urllib.request
def asked(path):
    return json.load(urllib.request.urlopen(os.environ["ECS_CONTAINER_METADATA_URI_V4"] + path))
said = [asked("/stats")]
held = bytearray(os.urandom(1) * (100 * 2**20))
until = time.process_time() + 0.3
while time.process_time() < until:
    pass
print(json.dumps([asked(""), asked("/task"), *said, asked("/stats")]))
"""


def test_a_container_can_ask_what_it_uses(account: Account) -> None:
    arn = account.run(account.script(GROWS))
    assert account.aws.wait_idle(60)
    own, task, before, after = json.loads(account.lines(f"t/app/{arn.rpartition('/')[2]}")[-1])
    assert (own["Name"], own["Networks"]) == ("app", [{"NetworkMode": "host"}])
    assert task["TaskARN"].rpartition("/")[2] == arn.rpartition("/")[2]
    grown = after["memory_stats"]["usage"] - before["memory_stats"]["usage"]
    assert 95 <= grown / 2**20 <= 130
    spent = after["cpu_stats"]["cpu_usage"]["total_usage"] - before["cpu_stats"]["cpu_usage"]["total_usage"]
    assert spent >= 0.25e9
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{account.aws.url}/v4/{arn.rpartition('/')[2]}/app/stats", timeout=60) as answer:
        assert json.load(answer) is None  # it has ended


def test_python_is_the_callers_unless_path_says_otherwise(
    start: Callable[..., Account], tmp_path: Path
) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho mine\n")
    tool.chmod(0o755)
    account = start(path=f"{tmp_path}:/usr/bin:/bin")
    arn = account.run(account.define({"name": "app", "command": ["tool"]}))
    missing = account.run(account.define({"name": "app", "command": ["no-such-tool"]}))
    silent = account.run(account.define({"name": "app"}))
    assert account.aws.wait_idle(60)
    assert account.lines(f"t/app/{arn.rpartition('/')[2]}") == ["mine"]
    assert "no-such-tool" in account.task(missing)["stoppedReason"]
    assert account.task(missing)["stopCode"] == "TaskFailedToStart"
    assert account.task(silent)["stoppedReason"] == "CannotStartContainerError: no command specified"


def test_the_default_python_is_this_one(account: Account) -> None:
    arn = account.run(account.script("import sys; print(sys.prefix)"))
    assert account.aws.wait_idle(60)
    assert account.lines(f"t/app/{arn.rpartition('/')[2]}") == [sys.prefix]


ON_TERM = """
import signal, sys, time
signal.signal(signal.SIGTERM, {})
print('up', flush=True)
time.sleep(600)
"""
POLITE = ON_TERM.format("lambda *_: sys.exit(9)")
STUBBORN = ON_TERM.format("signal.SIG_IGN")


def test_stop_task_is_term_and_after_stop_timeout_kill(account: Account) -> None:
    arns = [account.run(account.script(code, stopTimeout=1)) for code in (POLITE, STUBBORN)]
    streams = [f"t/app/{arn.rpartition('/')[2]}" for arn in arns]
    eventually(lambda: all(account.lines(stream) == ["up"] for stream in streams))
    began = time.monotonic()
    for arn in arns:
        account.ecs.stop_task(cluster="c", task=arn, reason="test")
    assert account.aws.wait_idle(60)
    assert time.monotonic() - began >= 1
    assert [account.task(arn)["containers"][0]["exitCode"] for arn in arns] == [9, 137]


def test_sidecars_end_with_the_essential_container(account: Account) -> None:
    definition = account.define(
        {"name": "app", "command": ["python", "-c", "import time; time.sleep(0.2)"]},
        {"name": "side", "essential": False, "command": ["sleep", "600"]},
    )
    arn = account.run(definition)
    assert account.aws.wait_idle(60)
    codes = {one["name"]: one["exitCode"] for one in account.task(arn)["containers"]}
    assert codes == {"app": 0, "side": 143}


FAMILY = """
import os, subprocess, sys, time
same = subprocess.Popen(['sleep', '600'])
other_group = subprocess.Popen(['sleep', '600'], process_group=0)
print(same.pid, other_group.pid, flush=True)
if sys.argv[1:] == ['stay']: time.sleep(600)
"""


def test_nothing_of_a_container_outlives_it(account: Account) -> None:
    arn = account.run(account.script(FAMILY))
    assert account.aws.wait_idle(60)
    assert account.task(arn)["containers"][0]["exitCode"] == 0
    (line,) = account.lines(f"t/app/{arn.rpartition('/')[2]}")
    eventually(lambda: not any(alive(int(pid)) for pid in line.split()))


def test_stopping_ends_and_reaps_every_process_soon(account: Account) -> None:
    arn = account.run(account.define({"name": "app", "command": ["python", "-c", FAMILY, "stay"]}))
    stream = f"t/app/{arn.rpartition('/')[2]}"
    eventually(lambda: account.lines(stream))
    pids = [int(pid) for pid in account.lines(stream)[0].split()] + list(account.aws.processes().values())
    assert [alive(pid) for pid in pids] == [True] * 3
    began = time.monotonic()
    account.aws.stop()
    assert time.monotonic() - began < 30  # and not as long as they sleep
    eventually(lambda: not any(alive(pid) for pid in pids))
    with pytest.raises(ChildProcessError):
        os.waitpid(pids[-1], os.WNOHANG)


def test_a_signal_to_an_ended_process_leaves_it_to_its_waiter() -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        ContainerProcess(Ref("t", "app"), process, "").send("TERM")
        assert process.returncode is None
        assert os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
    assert process.returncode == 3


def test_a_container_that_somebody_else_reaped_has_ended_and_is_no_success() -> None:
    said: list[ProcessEvent] = []
    containers, ref = Containers(said.append), Ref("t", "app")
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # from now on the system itself reaps
    try:
        containers.act(StartProcess(ref, "i", (sys.executable, "-c", ""), {}, None))
        eventually(lambda: not containers.running())
    finally:
        signal.signal(signal.SIGCHLD, before)
    eventually(lambda: said == [Started(ref), Exited(ref, CODE_LOST)])


def test_a_program_that_forgets_to_stop_leaves_no_container(tmp_path: Path) -> None:
    program = """
from aws_executors.local import LocalAws
aws = LocalAws().start()
ecs = aws.client("ecs")
ecs.create_cluster(clusterName="c")
ecs.register_task_definition(
    family="f",
    containerDefinitions=[{"name": "app", "image": "i", "command": ["sleep", "600"], "memory": 64}],
)
ecs.run_task(cluster="c", taskDefinition="f")
while not aws.processes():
    pass
print(*aws.processes().values())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=HERE, cwd=tmp_path, check=True
    )
    assert not alive(int(done.stdout))


UNTIL_TOLD = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
open({!r}, 'a').write('x')
signal.sigwait([signal.SIGUSR1])
"""


def test_at_most_so_many_processes_run(start: Callable[..., Account], tmp_path: Path) -> None:
    account, begun, told = start(max_processes=2), tmp_path / "begun", set[int]()
    definition = account.script(UNTIL_TOLD.format(str(begun)))
    for _ in range(6):
        account.run(definition)

    def waiting() -> set[int]:
        return set(account.aws.processes().values()) - told

    def so_many(ended: int) -> bool:
        here = min(2, 6 - ended)
        return begun.exists() and len(begun.read_text()) == ended + here and len(waiting()) == here

    for ended in range(6):
        eventually(partial(so_many, ended))
        told.add(one := waiting().pop())
        os.kill(one, signal.SIGUSR1)
    assert account.aws.wait_idle(60)
    assert [task["containers"][0]["exitCode"] for task in account.aws.tasks()] == [0] * 6
    assert len({task["taskArn"] for task in account.aws.tasks()}) == 6


def test_a_batch_job_runs_and_is_tried_again(account: Account) -> None:
    account.queue()
    code = "import os, sys; n = os.environ['AWS_BATCH_JOB_ATTEMPT']; print('attempt', n); sys.exit(n == '1')"
    account.job_definition(code, retryStrategy={"attempts": 3})
    job = account.batch.submit_job(jobName="j", jobQueue="q", jobDefinition="jd")["jobId"]
    assert account.aws.wait_idle(60)
    shown = account.batch.describe_jobs(jobs=[job])["jobs"][0]
    assert shown["status"] == "SUCCEEDED"
    streams = [one["container"]["logStreamName"] for one in shown["attempts"]]
    assert [account.lines(stream, "/aws/batch/job") for stream in streams] == [["attempt 1"], ["attempt 2"]]
    assert shown["container"]["logStreamName"] == streams[-1]


def test_output_of_any_kind_reaches_the_log(account: Account) -> None:
    code = (
        "import sys; sys.stdout.buffer.write(b'a\\r\\n\\xff\\n' + b'x' * 200_000 + b'\\nlast'); sys.exit(0)"
    )
    arn = account.run(account.script(code))
    assert account.aws.wait_idle(60)
    lines = account.lines(f"t/app/{arn.rpartition('/')[2]}")
    assert (lines[:2], len(lines[2]), lines[3]) == (["a", "�"], 200_000, "last")


def test_a_long_line_is_several_events_and_an_empty_one_none(account: Account) -> None:
    """As Docker's log driver does it. To put 48 MiB together again with each read took half a minute."""
    code = "import sys; sys.stdout.buffer.write(b'\\n\\n' + b'x' * (48 << 20) + b'\\n\\nlast')"
    began = time.monotonic()
    arn = account.run(account.script(code))
    assert account.aws.wait_idle(60)
    assert time.monotonic() - began < 10
    lines = account.lines(f"t/app/{arn.rpartition('/')[2]}")
    assert ("".join(lines[:-1]), lines[-1]) == ("x" * (48 << 20), "last")
    assert {len(line) for line in lines[:-2]} == {EVENT}


def test_no_container_starts_once_they_are_closed(tmp_path: Path) -> None:
    reported: list[ProcessEvent] = []
    containers = Containers(reported.append)
    containers.close(1)
    command = (sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')")
    containers.act(StartProcess(Ref("0f1e", "app"), "img", command, {}, None))
    assert containers.running() == {}
    assert reported == [StartFailed(Ref("0f1e", "app"), f"{sys.executable}: the embedded AWS has stopped")]


def test_output_without_awslogs_goes_nowhere(account: Account) -> None:
    definition = account.script("print('x' * 1_000_000)", logConfiguration={"logDriver": "json-file"})
    arn = account.run(definition)
    assert account.aws.wait_idle(60)
    assert account.task(arn)["containers"][0]["exitCode"] == 0
    assert account.logs.describe_log_streams(logGroupName="/tests")["logStreams"] == []


@pytest.mark.parametrize("taken_by", ["the main thread", "another thread"])
def test_the_command_line_serves_and_ends_with_all_its_containers(tmp_path: Path, taken_by: str) -> None:
    command = [
        sys.executable,
        "-m",
        "aws_executors.local",
        "--exports",
        "--container-env",
        "A=B",
        "--delays",
        "none",
    ]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=HERE, cwd=tmp_path)
    with ExitStack() as at_end:
        process = at_end.enter_context(started)
        at_end.callback(process.kill)  # else whatever fails here waits for its end for ever
        assert process.stdout
        first = process.stdout.readline().split()
        exports = dict(
            process.stdout.readline().removeprefix("export ").strip().split("=", 1) for _ in range(10)
        )
        assert first[0] == "aws_executors.local:"
        assert exports["AWS_ENDPOINT_URL"] == first[1]
        key, secret = exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"]
        ecs = boto3.Session(key, secret).client("ecs", endpoint_url=first[1], region_name="us-east-1")
        ecs.create_cluster(clusterName="c")
        containers: Any = [
            {"name": "app", "image": "i", "command": ["sleep", "600"], "memoryReservation": 64}
        ]
        ecs.register_task_definition(family="f", containerDefinitions=containers)
        ecs.run_task(cluster="c", taskDefinition="f")

        def running() -> list[int]:
            head = {"Authorization": f"Bearer {key}"}
            asked = urllib.request.Request(f"{first[1]}/_control/processes", headers=head)
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return list(json.load(answer).values())

        eventually(running)
        (pid,) = running()
        if taken_by == "the main thread":
            process.send_signal(signal.SIGTERM)
        else:  # which does not interrupt the main one
            other = max(int(one.name) for one in Path(f"/proc/{process.pid}/task").iterdir())
            assert ctypes.CDLL(None).tgkill(process.pid, other, signal.SIGTERM) == 0
        assert process.wait(30) == 0  # and not as long as the container sleeps
        assert not alive(pid)


SIGNALLED = """
import os, signal, sys, time
from aws_executors.local.__main__ import main
from support.each_line import unheard

class Output:
    def __init__(self, begin):
        self.begin = begin
    def write(self, text):
        pass
    def flush(self):
        os.write(ready, b"x")
        self.begin(sys._getframe(1))

def run(begin):
    sys.stdout = Output(begin)
    return main([])

def end(forks):
    for fork in forks:
        os.read(told, 1)
    time.sleep(0.5)
    for fork in forks:
        os.kill(fork, signal.SIGTERM)  # for whichever has come to wait

told, ready = os.pipe()
print(*unheard(signal.SIGTERM, run, end))
"""


def test_it_ends_before_whichever_line_of_its_waiting_a_signal_comes(tmp_path: Path) -> None:
    """Also within a lock that is taken for it."""
    assert not_heard(SIGNALLED, tmp_path) == "\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--host", "0.0.0.0"], "loopback only"),
        (["--container-env", "A"], "NAME=VALUE"),
        (["--delays", "slow"], "fargate"),
        (["--max-processes", "0"], "at least 1"),
    ],
)
def test_the_command_line_explains_mistakes(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from aws_executors.local.__main__ import main

    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert word in capsys.readouterr().err


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    from aws_executors.local.__main__ import main

    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("examples:", "--real-limits", "_control/faults/throttle"))


HOLD = "b'x' * (48 << 20)"


def test_a_container_that_uses_more_memory_than_it_may_is_killed(account: Account) -> None:
    arn = account.run(account.script(f"import time; held = {HOLD}; time.sleep(600)", memory=32))
    assert account.aws.wait_idle(60)
    container = account.task(arn)["containers"][0]
    assert (container["exitCode"], container["reason"]) == (
        137,
        "OutOfMemoryError: Container killed due to memory usage",
    )


def test_a_container_may_use_what_an_override_gives_it_and_forks_share_it(account: Account) -> None:
    fork = f"import os, time; held = {HOLD}; os.fork(); time.sleep(0.6)"
    overrides: Any = {"containerOverrides": [{"name": "app", "memory": 72}]}
    arn = account.run(
        account.define({"name": "app", "command": ["python", "-c", fork], "memory": 32}), overrides=overrides
    )
    assert account.aws.wait_idle(60)
    assert account.task(arn)["containers"][0]["exitCode"] == 0


def test_a_job_is_killed_for_its_memory_too(account: Account) -> None:
    account.queue()
    container = {
        "image": "img",
        "command": ["python", "-c", f"import time; held = {HOLD}; time.sleep(600)"],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "32"}],
    }
    account.job_definition("", platformCapabilities=["EC2"], containerProperties=container)
    account.batch.submit_job(jobName="j", jobQueue="q", jobDefinition="jd")
    assert account.aws.wait_idle(60)
    (job,) = account.aws.jobs()
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 137)
    assert job["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage"
