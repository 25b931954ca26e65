"""What `make test` draws is the same on every run, whatever a worker has run before.

Law: the draws of a process are compared with those of another one, in which one more module of ours is there.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.samples import SOAK, STEADY

ROOT = Path(__file__).parents[1]
DRAWS = """
import os, sys
from hypothesis import given, settings, strategies as st
from support import samples

sys.path.insert(0, sys.argv[1])
for run in sys.argv[2:]:
    profile, _, module = run.partition(":")
    if child := os.fork():
        os.waitpid(child, 0)
        continue
    settings.load_profile(profile)
    if module:
        __import__(module)
    drawn = []

    @given(st.integers(), st.text())
    def draw(number, text):
        drawn.append((number, text))

    draw()
    print(ascii(drawn), flush=True)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def draws(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a property test draws in processes of their own, in a folder that is no library: by the profile,
    and by the module with constants that is imported, if any."""
    folder = tmp_path_factory.mktemp("samples")
    module = f"NUMBERS = {[*range(123_000, 123_200)]}\nTEXTS = {[f'text {n}' for n in range(200)]}\n"
    (folder / "ours.py").write_text(module, encoding="utf-8")
    runs = (STEADY, f"{STEADY}:ours", f"{SOAK}:ours")
    done = subprocess.run(
        [sys.executable, "-c", DRAWS, str(folder), *runs],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "tests"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"),  # where it keeps what Unicode says
        },
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return dict(zip(runs, done.stdout.splitlines(), strict=True))


def test_what_is_imported_does_not_change_what_make_test_draws(draws: dict[str, str]) -> None:
    assert draws[STEADY] == draws[f"{STEADY}:ours"]


def test_chance_draws_our_constants_too(draws: dict[str, str]) -> None:
    assert "'text " in draws[f"{SOAK}:ours"]
