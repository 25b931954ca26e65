"""How the demo ends that somebody interrupts: on the Airflow that others have used, and it is its end.

Law: comes last of all that share the Airflow on PostgreSQL. The signal is real, and meets this very process.
"""

import os
import shutil
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from aws_executors.demo.__main__ import DAG, DAGS, INTERRUPTED, parser, run_on
from aws_executors.demo.processes import left_behind
from aws_executors.demo.stage import DemoStage
from e2e.examples import Show
from e2e.shared import last


# A call of Airflow's API that is interrupted while it connects leaves its socket to the end of the process.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_interrupted_it_takes_everything_down(
    shown: Show, ending: ExitStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    up, over = shown.up, threading.Event()
    for source in DAGS.glob("*.py"):
        shutil.copy(source, up.place.dags)
    shown.turn.write_text("")
    other = threading.Thread(target=interrupt, args=(up, over))
    other.start()
    try:
        code = run_on(last(up, ending), parser().parse_args(["--logs", str(tmp_path)]))
    finally:
        over.set()
        other.join()
    said = capsys.readouterr().out
    assert code == INTERRUPTED == 130, said
    assert "RUNNING" in said
    assert "interrupted; everything is down" in said
    assert left_behind(str(up.place.dags)) == []


def interrupt(up: DemoStage, over: threading.Event) -> None:
    """Ctrl-C as soon as a container of the demo has run for a while: there is most to take down."""
    while not over.is_set():
        if any(one.task.dag_id == DAG and one.status == "RUNNING" for one in up.containers()):
            time.sleep(3.0)  # in which it is shown, too, on a busy machine
            os.kill(os.getpid(), signal.SIGINT)
            return
        time.sleep(0.1)
