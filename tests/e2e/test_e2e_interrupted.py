"""How the demo ends that somebody interrupts: on the Airflow that others have used, and it is its end.

Law: comes last of all that share the Airflow on PostgreSQL. The signal is real, and meets this very process.
"""

import io
import os
import shutil
import signal
import threading
import time
from contextlib import ExitStack, redirect_stdout
from pathlib import Path

import pytest

from aws_executors.demo.__main__ import DAGS, INTERRUPTED, parser, run_on
from aws_executors.demo.processes import left_behind
from e2e.examples import Show
from e2e.shared import last


# A call of Airflow's API that is interrupted while it connects leaves its socket to the end of the process.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_interrupted_it_takes_everything_down(shown: Show, ending: ExitStack, tmp_path: Path) -> None:
    up, output = shown.up, Output("RUNNING")
    for source in DAGS.glob("*.py"):
        shutil.copy(source, up.place.dags)
    shown.turn.write_text("")
    other = threading.Thread(target=interrupt, args=(output,))
    other.start()
    try:
        with redirect_stdout(output):
            code = run_on(last(up, ending), parser().parse_args(["--logs", str(tmp_path)]))
    finally:
        output.over = True
        other.join()
    said = output.getvalue()
    assert output.said, said
    assert code == INTERRUPTED == 130, said
    assert "interrupted; everything is down" in said
    assert left_behind(str(up.place.dags)) == []


class Output(io.StringIO):
    """What is printed; `said` once this word has been, and `over` when nobody prints any longer.

    No lock tells it: the interrupt may meet this very thread while it has one, which then stays locked.
    """

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word, self.said, self.over = word, False, False

    def write(self, text: str) -> int:
        written = super().write(text)
        self.said = self.said or self.word in self.getvalue()
        return written


def interrupt(output: Output) -> None:
    """Ctrl-C as soon as the demo says that a container runs: there is most to take down."""
    while not (output.said or output.over):
        time.sleep(0.02)
    if output.said:
        os.kill(os.getpid(), signal.SIGINT)
