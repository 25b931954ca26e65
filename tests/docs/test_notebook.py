"""The notebook runs from the top, in a kernel of its own, and shows what its words promise.

Law: it is kept without outputs, so that they are never out of date.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
NOTEBOOK = HERE.parents[1] / "examples" / "preview_requests.ipynb"
BUILDER = (
    "compose(build, with_tags(team='etl'), when(queue_is('large'), with_cpu_memory(cpu=4096, memory=8192)))"
)


def code(text: str) -> list[dict[str, Any]]:
    """The cells of code in a notebook's text."""
    return [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    home = str(tmp_path_factory.mktemp("jupyter"))
    own = dict.fromkeys(
        ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"), home
    )
    done = subprocess.run(
        [sys.executable, str(HERE / "run_notebook.py"), str(NOTEBOOK)],
        env={**os.environ, **own, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return code(done.stdout)


def shown(cell: dict[str, Any]) -> str:
    """What a cell shows, HTML where there is some."""
    parts = [output.get("data", {"text/plain": output.get("text", "")}) for output in cell["outputs"]]
    return "".join("".join(part.get("text/html") or part["text/plain"]) for part in parts)


def test_it_is_kept_without_outputs() -> None:
    assert {(len(cell["outputs"]), cell["execution_count"]) for cell in code(NOTEBOOK.read_text())} == {
        (0, None)
    }


def test_every_cell_shows_what_its_words_say(cells: list[dict[str, Any]]) -> None:
    first, builder, change, mistake, job, observation = map(shown, cells)
    assert "<pre" in first
    assert "hunter2" not in first
    assert "***" in first
    assert builder == BUILDER
    assert "+++ this request" in change
    assert "4096" in change
    assert "did you mean 'memory'?" in mistake
    assert "attemptDurationSeconds" in job
    assert "failed | never started | the task's own code has run: False" in observation
    assert "CannotPullContainerError" in observation
