"""How the demo ends that does not get ready in time: on the Airflow that others have used, and it is its end.

Law: comes last of all that share the Airflow; what is left of them, containers that run too, is taken down.
"""

from contextlib import ExitStack
from pathlib import Path

import pytest

from aws_executors.demo.__main__ import parser, run_on
from aws_executors.demo.processes import left_behind
from aws_executors.demo.stage import DemoStage
from e2e.shared import last


def test_what_does_not_end_in_time_is_said_and_taken_down(
    up: DemoStage, ending: ExitStack, logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    up.aws.faults.delays("none")
    code = run_on(last(up, ending), parser().parse_args(["--logs", str(logs), "--timeout", "1"]))
    said = capsys.readouterr().out
    assert code == 1, said
    assert "the DAG has not finished within 1 s" in said
    assert f"The logs are in {logs}" in said
    assert left_behind(str(up.place.dags)) == []  # its components know it, and what containers are a fork of
    assert {log.name for log in logs.glob("*.log")} >= {
        "api-server.log",
        "scheduler.log",
        "triggerer.log",
    }
