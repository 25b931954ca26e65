"""A good dozen of Airflow's own example DAGs, by both executors as by LocalExecutor.

Law: DAGs that we have not written, unchanged, judged by what stands in Airflow's database.
`make e2e-examples` runs all of them that need nothing outside; the table says which are left out, and why.
"""

import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from aws_executors.demo.api import TaskTry
from aws_executors.demo.containers import Container
from aws_executors.demo.environment import free_port
from e2e.examples import Outcome, Show, Turn, claims, installed, tell
from e2e.examples_table import FEW, LEFT_OUT, MORE
from e2e.warm import image


def test_a_dozen_of_airflows_examples_end_as_under_local_executor(shown: Show) -> None:
    made = claims(tell(shown))
    print(*made, sep="\n")
    assert len(FEW) > 12
    assert all(claim.holds for claim in made)


def test_every_installed_example_stands_in_the_table_once() -> None:
    assert sorted((*FEW, *MORE, *LEFT_OUT)) == sorted(installed())


def test_a_warm_container_is_a_process_like_any_other(tmp_path: Path) -> None:
    port = free_port()
    with image({}) as baked:
        environment = {**baked, "WORD": "its own"}
        said = subprocess.run(
            ["python", "-m", "sysconfig"], env=environment, cwd=tmp_path, capture_output=True, check=True
        )
        assert b"Platform: " in said.stdout
        wrong = subprocess.run(["python", "-m", "nothing"], env=environment, capture_output=True, check=False)
        assert (wrong.returncode, b"No module named nothing" in wrong.stderr) == (1, True)
        serve = ["python", "-m", "http.server", "--bind", "127.0.0.1", str(port)]
        for end, code in ((signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)):
            with ExitStack() as at_end:
                server = at_end.enter_context(
                    subprocess.Popen(serve, env=environment, stderr=subprocess.DEVNULL)
                )
                at_end.callback(server.kill)  # else its end is waited for for ever
                until(lambda: answers(port))
                server.send_signal(end)
                assert server.wait(10) == code
            until(lambda: not answers(port))


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- The claims themselves ---------------------------------------------------------------------------------


def turn(executor: str, service: str, **changed: tuple[str, ...]) -> Turn:
    """A turn in which one task has had two tries."""
    outcome = Outcome(
        runs=("success",),
        tasks=("load success, try 2",),
        xcoms=("load return_value = 1",),
        events=("s3://a by load, {}, None",),
    )
    tries = [TaskTry(dag_id="etl", task_id="load", try_number=number) for number in (1, 2)]
    containers = tuple(
        Container(
            service=service, id="0b6e", task=one, status="STOPPED", exit_codes=(0,), created=1.0, stopped=2.0
        )
        for one in tries
    )
    return Turn(executor, {"etl": replace(outcome, **changed)}, containers if service else (), 1.0)


LOCAL = turn("LocalExecutor", "")
ECS = turn("AwsEcsFargateExecutor", "ECS")


def faults(local: Turn, other: Turn) -> list[str]:
    return [fault for claim in claims((local, other)) for fault in claim.faults]


def test_where_all_is_the_same_every_claim_holds() -> None:
    assert faults(LOCAL, ECS) == []


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("runs", ("failed",)),
        ("tasks", ("load failed, try 2",)),
        ("xcoms", ("load return_value = 2",)),
        ("xcoms", ()),
        ("events", ("s3://a by load, {}, None",) * 2),
    ],
)
def test_each_difference_is_told(part: str, value: tuple[str, ...]) -> None:
    (fault,) = faults(LOCAL, turn("AwsEcsFargateExecutor", "ECS", **{part: value}))
    assert fault.startswith(f"etl, {part}: ")


def test_what_fails_everywhere_is_told() -> None:
    failed = {"runs": ("failed",)}
    assert faults(turn("LocalExecutor", "", **failed), turn("AwsEcsFargateExecutor", "ECS", **failed)) == [
        "etl: ('failed',)"
    ]


def test_a_try_without_a_container_is_told() -> None:
    lost = replace(ECS, containers=ECS.containers[:1])
    assert faults(LOCAL, lost) == ["etl, load try 2 had no container"]


def test_a_container_of_another_service_is_told() -> None:
    (first, second) = ECS.containers
    assert faults(LOCAL, replace(ECS, containers=(first, replace(second, service="Batch")))) == ["Batch"]
